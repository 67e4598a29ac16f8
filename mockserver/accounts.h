/*
 * accounts: who may call: appid, buckets, keys, status and rate.
 *
 * The accounts of a JSON file (format: docs/accounts.md), or the built-in demo
 * accounts, are there from the start and stay; others are added and removed
 * while the server runs, so that parallel tests have one each. An account that
 * is there never changes but for its rate bucket. Look-ups are by hash, so
 * that ten thousand accounts cost what one does; every function but
 * accounts_free() may be called from any thread.
 *
 * An account is counted by reference, for one may be removed while an exchange
 * holds it. A function that says it "gives a reference" wants account_put()
 * (or account_key_put()) in return; a key keeps its owner alive, and lives as
 * long as it.
 *
 * Secret keys never leave this module, but for the environment of a command
 * that is to sign by itself: others can have a digest made, or one compared.
 * They are wiped when their account ends.
 */
#ifndef ACCOUNTS_H
#define ACCOUNTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "strbuf.h"

enum {
    ACCOUNTS_MAC_LEN = 20, /* HMAC-SHA1 */
    ACCOUNTS_MAX = 100000, /* accounts in all; each takes some kilobytes */
};

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

/* The secret key of a demo account, whatever accounts are served: it is public
 * and there to be shown. The caller frees it; NULL when no demo account has
 * this SecretId, or when memory ran out. */
char *accounts_demo_secret_key(const char *secret_id);

/* Frees the store, and wipes and frees every account that nobody holds a
 * reference to; the others go with their last one. NULL is fine. */
void accounts_free(struct accounts *accounts);

/* changes at run time */

/*
 * Adds one account, written as an element of the file's list is and checked as
 * strictly. Returns 0; or -1 and sets *why as accounts_load() does, without a
 * file's name and with places such as `account.keys[0].secret_id`. An appid or
 * SecretId that any account has is a mistake, and so is one account more than
 * ACCOUNTS_MAX. The caller wipes `json`, which holds a secret.
 */
int accounts_add(struct accounts *accounts, const char *json, size_t len,
                 char **why);

/* Removes an account that was added. Exchanges that hold it go on with it.
 * Returns 0; 1 when there is none of this appid, or it is the file's. */
int accounts_remove(struct accounts *accounts, const char *appid);

/* Removes every account that was added, and fills the rate buckets of those of
 * the file again. */
void accounts_reset(struct accounts *accounts);

/*
 * Adds {"accounts":[{"appid","buckets":[…],"secret_ids":[…],
 * "status":"active|arrears","rate_per_second":N,"from":"file|admin"},…]}: first
 * those of the file in its order, then the others, oldest first. A rate of 0 is
 * none. No secrets. Returns 0, or -1 when the buffer refused or memory ran out.
 */
int accounts_render(struct accounts *accounts, struct strbuf *out);

/* look-ups */

/* The accounts of the file, in its order, i < accounts_count(). They are never
 * removed, so that these are borrowed and live as long as the store. */
size_t accounts_count(const struct accounts *accounts);
const struct account *accounts_at(const struct accounts *accounts, size_t i);

/* Each gives a reference, or NULL when unknown. The text need not be
 * NUL-terminated. */
const struct account *accounts_find(const struct accounts *accounts,
                                    const char *appid, size_t appid_len);
const struct account_key *accounts_find_key(const struct accounts *accounts,
                                            const char *secret_id,
                                            size_t secret_id_len);

/* Both at once, so that an account which is removed or added meanwhile is seen
 * whole or not at all. Gives a reference with each that is found. */
void accounts_find_signer(const struct accounts *accounts, const char *appid,
                          size_t appid_len, const char *secret_id,
                          size_t secret_id_len, const struct account **account,
                          const struct account_key **key);

/* Puts up to `cap` keys into `keys`, in the order of accounts_render(), and
 * gives a reference with each. Returns how many. */
size_t accounts_list_keys(const struct accounts *accounts,
                          const struct account_key **keys, size_t cap);

/* Give a reference back; the second that of the key's owner. NULL is fine. */
void account_put(const struct account *account);
void account_key_put(const struct account_key *key);

/* one account */

bool account_has_bucket(const struct account *account, const char *bucket,
                        size_t bucket_len);

/*
 * Takes one request from the account's bucket of rate_per_second (burst: one
 * second's worth, at least one). `now_us` is the server's clock. Returns
 * false when the bucket is empty; always true for an unlimited account.
 */
bool account_take(const struct account *account, int64_t now_us);

/* one key */

const char *account_key_id(const struct account_key *key); /* the SecretId */
const struct account *account_key_owner(const struct account_key *key);

/* The secret key, borrowed: for the environment of the command that
 * `mockserver exec` runs, and for nothing else. */
const char *account_key_secret(const struct account_key *key);

/* HMAC-SHA1 of `text` under the key. Returns 0, or -1 when OpenSSL failed. */
int account_key_mac(const struct account_key *key, const void *text, size_t len,
                    unsigned char mac[ACCOUNTS_MAC_LEN]);

/* Digests that clients make by mistake, besides the right one. */
enum account_mac_variant {
    MAC_SHA1, /* the right one */
    MAC_SHA256,
    MAC_SWAPPED,          /* the text for a key, the secret key for a text */
    MAC_SECRET_ID_AS_KEY, /* nothing secret in it */
    MAC_KEY_LF,           /* the secret key with a newline after it */
    MAC_KEY_CRLF,
    MAC_KEY_BASE64,    /* the secret key in Base64 */
    MAC_HASH_KEY_TEXT, /* SHA1, no HMAC, of the secret key and the text */
    MAC_HASH_TEXT_KEY,
    MAC__COUNT
};

/*
 * Is `mac` the digest of `text` under the key, made in this way? The digest
 * itself stays here, so that who only explains a signature cannot give a right
 * one away. Takes the same time whatever byte differs. A mac of another length
 * (20 bytes, 32 for MAC_SHA256) is none; false also when OpenSSL failed.
 */
bool account_key_made(const struct account_key *key,
                      enum account_mac_variant variant, const void *text,
                      size_t len, const void *mac, size_t mac_len);

#endif
