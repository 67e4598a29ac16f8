/*
 * client_check: holds what a client did with one call against what the case
 * expects and against what arrived.
 *
 * Three checks that know nothing of each other: the wire (what arrived is
 * what was given, and breaks no rule of the contract), the report (what the
 * client says is what was served), the behaviour (no request too many). Each
 * failure is one line that begins with the name of its check.
 */
#ifndef CLIENT_CHECK_H
#define CLIENT_CHECK_H

#include <jansson.h>
#include "client_call.h"
#include "config.h"
#include "result.h"
#include "signer.h"

struct client_check {
    const struct config *config;
    struct result *result;
    const char *label; /* "" or, where there are several, "call 2: " */
    const struct client_call *call;
    struct credentials credentials;
    const json_t *expect;  /* of the call */
    const json_t *entries; /* the journal's, of this call */
    const json_t *outcome; /* as the client reports it; NULL: none came */
};

/* Each adds what is wrong to check->result. */
void client_check_wire(const struct client_check *check);
void client_check_report(const struct client_check *check);
void client_check_behaviour(const struct client_check *check);

/* The verdict on all calls of a case: no rule that is a must is broken, but
 * those of `expected` (a list of ids), which are if anything arrived. */
void client_check_verdict(struct result *result, const json_t *verdict,
                          const json_t *expected);

/* How many requests a call may cause: a number or {"min","max"} of the case;
 * `expected` may be NULL. */
struct client_bounds {
    size_t min, max;
};
struct client_bounds client_bounds(const json_t *expected);

/* Adds "CHECK: LABEL…" as a failure. */
void client_fail(const struct client_check *check, const char *name,
                 const char *fmt, ...) __attribute__((format(printf, 3, 4)));

#endif
