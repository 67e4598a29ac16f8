/*
 * admin: the API under /__admin/ (docs/admin.md): it changes only the inputs
 * of a decision (rules, clock, accounts) and reads what was recorded. It
 * knows nothing of sockets: server.c hands it a whole request and sends what
 * it answers.
 */
#ifndef ADMIN_H
#define ADMIN_H

#include <stdbool.h>
#include <stdint.h>
#include "accounts.h"
#include "clock.h"
#include "fault_rules.h"
#include "journal.h"
#include "metrics.h"
#include "settings.h"
#include "signature.h"
#include "strbuf.h"
#include "tls.h"
#include "verdict.h"

enum {
    ADMIN_MAX_BODY = 1024 * 1024,
    ADMIN_MAX_WAIT_MS = 60000,
    ADMIN_MAX_REPLY = 64 * 1024 * 1024,
};

#define ADMIN_PREFIX "/__admin/"

/* What the API reads and changes; borrowed. */
struct admin {
    const struct settings *settings;
    struct accounts *accounts;
    struct signature_uses *uses;
    struct clock *clock;
    struct journal *journal;
    struct verdict *verdict;
    struct fault_rules *rules;
    struct metrics *metrics;
    struct tls *tls;
    const char *version;
    const char *bind;   /* the address served on */
    const char *token;  /* --admin-token; NULL: none is asked for */
    int64_t started_us; /* clock_monotonic_us() */
};

struct admin_request {
    const char *method;
    const char *path;  /* decoded, begins with ADMIN_PREFIX */
    const char *query; /* undecoded, without '?'; NULL: none */
    bool is_http_1_0;  /* which may come without a Host */
    bool by_proxy;     /* in the form, or by the tunnel, of a proxy's client */
    const char *host;  /* header fields; NULL: not sent */
    const char *origin;
    const char *authorization; /* `Bearer TOKEN` */
    const char *body;
    size_t body_len;
    bool body_too_long; /* over ADMIN_MAX_BODY: `body` is not set */
    bool may_wait;      /* false: answer now, the wait is over */
};

struct admin_reply {
    int status;
    const char *content_type;
    const char *allow; /* of a 405 */
    bool challenge;    /* of a 401: WWW-Authenticate: Bearer */
    struct strbuf body;
    /* Not to be answered yet: wait for an entry that matches `filter`, at
     * most wait_ms, then ask again with may_wait false. Its strings live in
     * `arena`. */
    bool must_wait;
    uint32_t wait_ms;
    struct journal_filter filter;
    struct arena arena;
};

void admin_reply_init(struct admin_reply *reply);
void admin_reply_release(struct admin_reply *reply);

/* Answers a request. Always fills the reply; one that was used for the same
 * request before it waited may be used again. */
void admin_handle(const struct admin *admin,
                  const struct admin_request *request,
                  struct admin_reply *reply);

/* Forgets what happened and what was set: faults, journal, verdict, clock,
 * used signatures, rate buckets, and accounts that were added. */
void admin_reset(const struct admin *admin);

#endif
