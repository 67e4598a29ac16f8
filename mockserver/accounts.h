/*
 * accounts: who may call: appid, buckets, keys, status and rate.
 *
 * Loaded once from a JSON file (format: docs/accounts.md) or from the
 * built-in demo accounts, checked strictly, and read-only afterwards but for
 * the rate buckets and the keyed MAC contexts, each under its own lock; every
 * function may be called from any thread. Look-ups are by hash, so that ten
 * thousand accounts cost what one does. Secret keys never leave this module
 * except through account_key_mac(); their text is wiped once it was read, and
 * the keyed contexts are wiped on release.
 */
#ifndef ACCOUNTS_H
#define ACCOUNTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { ACCOUNTS_MAC_LEN = 20 }; /* HMAC-SHA1 */

enum account_status { ACCOUNT_ACTIVE, ACCOUNT_ARREARS };

struct account_key; /* a SecretId with its SecretKey */

struct account {
    const char *appid;
    const char *const *buckets;
    size_t n_buckets; /* 0: an account without buckets */
    const struct account_key *const *keys;
    size_t n_keys;
    enum account_status status;
    double rate_per_second; /* 0: unlimited */
};

struct accounts;

/*
 * Reads and checks FILE. Returns NULL on any mistake and sets *why to one
 * line that names the file, the place in it (for example
 * `accounts[1].keys[0].secret_id`), the value seen unless it is a secret, and
 * what was expected; the caller frees *why, which is NULL only when memory ran
 * out. Unknown keys, wrong types, empty strings, repeated appids or SecretIds,
 * and an empty list are mistakes.
 */
struct accounts *accounts_load(const char *path, char **why);

/* The same from `len` bytes in memory; `name` stands for the path. */
struct accounts *accounts_parse(const char *json, size_t len, const char *name,
                                char **why);

/* The built-in demo accounts (also fixtures/accounts/demo.json). Their keys
 * are public. Aborts only when memory or OpenSSL is gone at start. */
struct accounts *accounts_demo(void);

/* Wipes and frees. NULL is fine. */
void accounts_free(struct accounts *accounts);

size_t accounts_count(const struct accounts *accounts);
/* Accounts in the order of the file; i < accounts_count(). */
const struct account *accounts_at(const struct accounts *accounts, size_t i);

/* Borrowed, or NULL when unknown. The text need not be NUL-terminated. */
const struct account *accounts_find(const struct accounts *accounts,
                                    const char *appid, size_t appid_len);
const struct account_key *accounts_find_key(const struct accounts *accounts,
                                            const char *secret_id,
                                            size_t secret_id_len);

bool account_has_bucket(const struct account *account, const char *bucket,
                        size_t bucket_len);

const char *account_key_id(const struct account_key *key); /* the SecretId */
const struct account *account_key_owner(const struct account_key *key);

/* HMAC-SHA1 of `text` under the key. Returns 0, or -1 when OpenSSL failed. */
int account_key_mac(const struct account_key *key, const void *text, size_t len,
                    unsigned char mac[ACCOUNTS_MAC_LEN]);

/*
 * Takes one request from the account's bucket of rate_per_second (burst: one
 * second's worth, at least one). `now_us` is the server's clock. Returns
 * false when the bucket is empty; always true for an unlimited account.
 */
bool account_take(const struct account *account, int64_t now_us);

/* Fills every account's bucket again (`POST /__admin/reset`). */
void accounts_refill(struct accounts *accounts);

#endif
