/*
 * verdict: what every client did so far, by SecretId and in all: how many
 * requests, which findings with an example each, which codes it was served.
 * It also evaluates the findings that need a client's past.
 *
 * Bounded: VERDICT_MAX_CLIENTS SecretIds are told apart, later ones are
 * counted together as "(others)", which is then the verdict on each of them;
 * requests that name no known SecretId are counted as "(unknown)". Behind these
 * two are many clients, so no past is held against them. Safe from any thread.
 */
#ifndef VERDICT_H
#define VERDICT_H

#include "exchange.h"
#include "strbuf.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    VERDICT_MAX_CLIENTS = 4096,
    /* After a 15 this many further requests within a second, by the server's
     * clock, are taken for a client that does not pause. */
    VERDICT_AFTER_15 = 3,
};

struct verdict;

struct verdict *verdict_new(void);    /* NULL when memory ran out */
void verdict_free(struct verdict *v); /* NULL is fine */
void verdict_reset(struct verdict *v);

/* Evaluates the findings that need the client's past and adds them to the
 * exchange. Called once an exchange, after findings_evaluate(), when it is
 * decided. */
void verdict_recall(struct verdict *v, struct exchange *x);

/* Counts the exchange, which has its id and its findings now, and remembers
 * it as the client's past. */
void verdict_count(struct verdict *v, const struct exchange *x);

/* Begins a SecretId anew, whose account was added again: what an earlier one
 * of this name did is nothing of its. Nothing happens when it was never seen.
 */
void verdict_forget(struct verdict *v, const char *secret_id);

struct verdict_summary {
    uint64_t n_requests;
    uint64_t n_must, n_should, n_info; /* findings, each time counted */
    bool conformant;                   /* n_must is 0 */
};

/* Of one SecretId, or of all when `secret_id` is NULL. A SecretId that was
 * never seen has zeros and is conformant. */
struct verdict_summary verdict_summary(struct verdict *v,
                                       const char *secret_id);

enum verdict_format { VERDICT_JSON, VERDICT_TEXT, VERDICT_JUNIT };

/*
 * Adds {"conformant":…,"requests":N,"findings":[{"id","level","count",
 * "example":{"exchange":ID,"seen":TEXT},"reference","text"}…]}, worst level
 * first, then by count, or the same for a person, or a JUnit XML document
 * with one test case a rule (failed: a must was found). The example is the
 * first exchange that had the finding; null when there was no memory for it.
 * Without a secret_id the JSON also has
 * "clients":[{"secret_id","conformant","requests"}…] in the order they came.
 * Returns 0, or -1 when the buffer refused.
 */
int verdict_render(struct verdict *v, const char *secret_id,
                   enum verdict_format format, struct strbuf *out);

/* A test case beside those of the rules. */
struct verdict_case {
    const char *name;
    const char *failure; /* what is amiss; NULL: passed */
};

/* The JUnit document of all clients with further test cases behind those of
 * the rules. */
int verdict_render_junit(struct verdict *v, const struct verdict_case *cases,
                         size_t n, struct strbuf *out);

/*
 * Adds {"codes":{"exercised":[…],"missing":[…],"unlisted":N},
 * "rules":{"tripped":[…],"untripped":[…]}}: which codes of the catalogue were
 * served on which endpoint, each as {"code","endpoint"}, which not yet though
 * they may occur there, how many replies had a code that no page lists, and
 * the ids of the findings. A code counts when its reply went out whole.
 * Returns 0, or -1 when the buffer refused.
 */
int verdict_render_coverage(struct verdict *v, const char *secret_id,
                            struct strbuf *out);

#endif
