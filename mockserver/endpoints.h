/*
 * endpoints: the service's endpoints as a table: path, bodies taken,
 * parameter rules, and the two functions that make an endpoint what it is.
 * Behaviour that differs between endpoints is in a row, never in an `if`.
 */
#ifndef ENDPOINTS_H
#define ENDPOINTS_H

#include <stdbool.h>
#include <stddef.h>
#include "error_codes.h"
#include "exchange.h"
#include "params.h"
#include "settings.h"
#include "strbuf.h"

/* When a parameter must be there, not empty but for files. */
enum param_need {
    NEED_NEVER,
    NEED_ALWAYS,
    NEED_WITH_BUCKETS,  /* when the account has buckets */
    NEED_WHEN_COMPARED, /* when compare_flag is `true` */
};

struct param_rule {
    enum param_id param;
    enum param_need need;
    bool unless_url; /* not looked at when `url` is given, which counts */
    const char *const *values; /* the only values allowed, NULL-terminated;
                                  NULL: any */
};

struct endpoint {
    const char *name; /* for example "livedetectfour" */
    enum error_endpoints id;
    const char *path;
    unsigned bodies; /* enum body_kinds, or-ed */
    const struct param_rule *rules;
    size_t n_rules;

    /* Inspects the media and sets the natural outcome: x->natural_code and
     * the fields of the result. Called only when every check passed. */
    void (*answer)(struct exchange *x, const struct settings *settings);

    /*
     * Adds the `data` object of the reply for x->decision and returns 1; the
     * top-level code is then 0. Returns 0 with nothing added when the reply
     * for that decision has no data.
     */
    int (*data)(const struct exchange *x, const struct settings *settings,
                struct strbuf *out);
};

/* Must the exchange have the rule's parameter? */
bool param_rule_is_needed(const struct param_rule *rule,
                          const struct exchange *x);

/* Is the value one of those that the rule allows? */
bool param_rule_allows(const struct param_rule *rule,
                       const struct param_value *value);

/* May the parameter be a JSON integer? It is a sensible spelling of an id,
 * and of nothing else. */
bool param_rule_allows_integer(const struct param_rule *rule);

/* The endpoint of `path`, or NULL. */
const struct endpoint *endpoints_match(const char *path);

/* i from 0 on; NULL after the last. */
const struct endpoint *endpoints_at(size_t i);

extern const struct endpoint endpoint_livedetectfour;
extern const struct endpoint endpoint_livedetectpicture;
extern const struct endpoint endpoint_livegetfour;

#endif
