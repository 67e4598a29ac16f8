/*
 * signing: makes an Authorization value from what somebody asks for, filling
 * in what was left open, for `mockserver sign` and the admin API's `sign`.
 */
#ifndef SIGNING_H
#define SIGNING_H

#include <stdbool.h>
#include <stdint.h>
#include "accounts.h"

enum {
    SIGNING_VALIDITY_S = 30 * 24 * 3600, /* of `e`, unless told otherwise */
    SIGNING_MAX_VALIDITY_S = 1000000000, /* longer than the service allows: it
                                            is a case to test */
};

/* What to sign; strings are borrowed. Zeros leave everything open but for the
 * key and the time. */
struct signing {
    const struct account_key *key;
    int64_t now;      /* t */
    bool single_use;  /* e = 0 */
    bool has_expires; /* e is `expires` */
    int64_t expires;
    int64_t valid_s;    /* e - t; 0: SIGNING_VALIDITY_S */
    const char *bucket; /* b; NULL: the account's first, if it has any; "":
                           left out */
    bool has_rand;      /* r is `rand`, else random */
    uint64_t rand;
    const char *userid; /* u; NULL: left out */
    const char *fileid; /* f; NULL: empty */
};

/* Returns the value, which the caller frees. NULL when memory or OpenSSL
 * failed, or when it would exceed SIGNATURE_MAX_LEN. */
char *signing_make(const struct signing *signing);

#endif
