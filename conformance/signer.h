/*
 * signer: the suite's own signer, so that client and server cannot be wrong
 * together. It shares no line with the server's.
 */
#ifndef SIGNER_H
#define SIGNER_H

#include <stddef.h>

struct credentials {
    const char *appid;
    const char *bucket; /* NULL: an account without buckets */
    const char *secret_id;
    const char *secret_key;
};

/* HMAC-SHA1 of `text` under `key`, in `digest` (20 bytes). */
enum { SHA1_LEN = 20 };
void sign_digest(const char *key, const char *text,
                 unsigned char digest[SHA1_LEN]);

/* Base64 of that digest followed by the text: an Authorization value
 * (docs/contract.md section 4). The caller frees it. */
char *sign_text(const char *key, const char *text);

#endif
