/*
 * signature: parse, verify and make the Authorization value
 * (docs/contract.md section 4): Base64(HMAC-SHA1(SecretKey, original) followed
 * by original).
 *
 * Verification returns a code of the catalogue and keeps what it saw, so that
 * the journal can tell a client why. It never copies a secret.
 */
#ifndef SIGNATURE_H
#define SIGNATURE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "accounts.h"
#include "arena.h"
#include "error_codes.h"

enum {
    SIGNATURE_MAX_VALIDITY_S = 92 * 24 * 3600, /* e - t over this → 5 */
    SIGNATURE_MAX_LEN = 16384, /* characters of an Authorization value we
                                  decode; longer → 5 */
};

/* A piece of the decoded original; ptr is NULL when the key was not there. */
struct signature_field {
    const char *ptr;
    size_t len;
};

struct signature {
    enum error_code code; /* ERR_OK, or why it was refused */
    const char *why;      /* one phrase in the arena or static; NULL when OK */
    const unsigned char *mac; /* 20 bytes as sent; NULL before decoding */
    const char *original;     /* the signed text, NUL-terminated copy */
    size_t original_len;
    struct signature_field a, b, k, e, t, r, u, f;
    int64_t expires; /* e; 0 means single use */
    int64_t now;     /* t */
    bool single_use;
    /* References, which signature_release() gives back; NULL until `a`, and
     * `k`, are known. */
    const struct account *account;
    const struct account_key *key;
};

/* Gives back what the signature holds of the accounts; its other fields stay
 * as they are. One that is zeroed, parsed only, or released before is fine. */
void signature_release(struct signature *sig);

/* The single-use signatures already seen: bounded, oldest forgotten first. */
struct signature_uses;
enum { SIGNATURE_USES_DEFAULT_CAP = 65536 };
/* `cap` is at least 1. NULL when memory ran out. */
struct signature_uses *signature_uses_new(size_t cap);
/* NULL is fine. */
void signature_uses_free(struct signature_uses *uses);
void signature_uses_reset(struct signature_uses *uses);

/*
 * Parses `header` (the field value; NULL when the field is missing) without
 * judging who signed. Fills *sig, whatever it held; sig->code is ERR_OK,
 * ERR_SIGNATURE_EMPTY or ERR_SIGNATURE_MALFORMED, which is also returned, or
 * ERR_INTERNAL when memory ran out. Strings live in `arena`.
 */
enum error_code signature_parse(struct signature *sig, struct arena *arena,
                                const char *header);

/*
 * Parses and verifies, in the order of docs/contract.md section 4, up to and
 * with the account's status (arrears → ERR_BAD_REQUEST; sig->why then says the
 * documented message). `now` is the server's clock in Unix seconds. The caller
 * ends *sig with signature_release(), whatever the code; until then the account
 * and the key live, even if they are removed meanwhile. A
 * single-use signature that gets as far is remembered in `uses`, which may be
 * NULL: then every use is a first one.
 */
enum error_code signature_verify(struct signature *sig, struct arena *arena,
                                 const struct accounts *accounts,
                                 struct signature_uses *uses,
                                 const char *header, int64_t now);

/* The documented message of an account in arrears: the `why` of its code 3,
 * and what the reply says in place of the code's own phrase. */
#define SIGNATURE_ARREARS_MESSAGE "account abnormal,errorno is:2"

/* What to sign. Absent strings are NULL and leave their key out, but for
 * `fileid`, whose absence is written as an empty `f=`. */
struct signature_request {
    const struct account_key *key; /* borrowed */
    const char *bucket;
    int64_t expires; /* 0: single use */
    int64_t now;
    uint64_t rand;
    const char *userid;
    const char *fileid;
};

/* Returns the Authorization value, which the caller frees; NULL when memory
 * or OpenSSL failed, or when it would exceed SIGNATURE_MAX_LEN. */
char *signature_make(const struct signature_request *request);

#endif
