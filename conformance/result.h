/*
 * result: what became of one case.
 *
 * The process of a case fills one and saves it in the run's directory; when
 * all have run, the reports read them back. What is said in one line a
 * failure is said here; Criterion gets the same text.
 */
#ifndef RESULT_H
#define RESULT_H

#include <stdbool.h>
#include <jansson.h>
#include "bytes.h"
#include "config.h"

enum result_status {
    RESULT_PASSED,
    RESULT_FAILED,
    RESULT_SKIPPED,       /* not applicable; `reason` says why */
    RESULT_INFORMATIONAL, /* deviates where nothing binds the target */
    RESULT_KNOWN_FAILING, /* deviates as the known-failing file says */
    RESULT__COUNT
};

struct result {
    const json_t *test_case; /* borrowed */
    enum result_status status;
    char *reason;       /* of a skip, or of what is excused; owned */
    json_t *failures;   /* array of strings, one line each */
    json_t *exchanges;  /* array of {"request","reply"} objects */
    struct bytes trace; /* the exchanges for a reader, secrets masked */
    bool setup_failed;  /* a failure that no known-failing file excuses */
    long long started_us;
};

void result_init(struct result *r, const json_t *test_case);
void result_release(struct result *r);

/* Adds a failure: one line, what was expected and what came. */
void result_fail(struct result *r, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));
/* A failure of the surroundings: the target went away, an account could not
 * be made, the client did not start. */
void result_fail_setup(struct result *r, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));
/* The case does not apply; the first reason counts. */
void result_skip(struct result *r, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));

/* Decides the status: informational and known-failing cases are told from
 * failures here. */
void result_conclude(struct result *r, const struct config *config);

/* The lines that a person reads about a case that did not pass. The caller
 * frees it. */
char *result_text(const struct result *r);

/* RUN_DIR/result/ID.json:
 * {"id","title","requirement","level","provenance","kind","status","reason",
 *  "failures":[…],"exchanges":[…],"duration_ms"}. 0, or -1 with errno. */
int result_save(const struct result *r, const struct config *config);

/* "passed", "failed", "skipped", "informational", "known-failing" */
const char *result_status_name(enum result_status status);
/* Its reverse; RESULT__COUNT when there is none of that name. */
enum result_status result_status_find(const char *name);

#endif
