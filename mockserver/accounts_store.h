/*
 * accounts_store: what the strict reader (accounts_file.c) asks of the store
 * (accounts.c), and nobody else includes. The reader judges one account by
 * itself; only the store knows what other accounts have taken.
 */
#ifndef ACCOUNTS_STORE_H
#define ACCOUNTS_STORE_H

#include <stdbool.h>
#include <stddef.h>
#include "accounts.h"

/* An account as read; the strings are borrowed from the document. */
struct account_draft {
    const char *appid;
    const char **buckets;
    size_t n_buckets;
    struct account_draft_key {
        const char *id;
        const char *secret;
    } * keys;
    size_t n_keys;
    enum account_status status;
    double rate_per_second;
};

enum accounts_result {
    ACCOUNTS_OK,
    ACCOUNTS_NO_MEMORY,
    ACCOUNTS_NO_HMAC, /* OpenSSL offers no HMAC-SHA1 */
    ACCOUNTS_FULL,
    ACCOUNTS_BUCKET_TWICE,
    ACCOUNTS_APPID_USED,
    ACCOUNTS_SECRET_ID_USED,
};

/* Who was there first, of the last three results. */
struct accounts_clash {
    size_t index;       /* of the draft's bucket or key that clashes */
    const char *bucket; /* the draft's, when that is what clashes */
    bool own;           /* a SecretId: with another key of the draft */
    size_t account;     /* place in the file of the account that has it */
    size_t key;         /* place of the SecretId in that account */
    char appid[44]; /* of that account; 40 bytes of it, and made printable */
};

/* An empty store; NULL when memory ran out. */
struct accounts *accounts_new(void);

/* Adds a copy of the draft, all of it or nothing. `from_file` makes it an
 * account that stays. */
enum accounts_result accounts_insert(struct accounts *accounts,
                                     const struct account_draft *draft,
                                     bool from_file,
                                     struct accounts_clash *clash);

#endif
