/*
 * sha256: a running SHA-256 of uploaded bytes, for the journal. OpenSSL is
 * asked for the algorithm once for the whole process.
 */
#ifndef SHA256_H
#define SHA256_H

#include <stddef.h>

enum { SHA256_LEN = 32 };

struct sha256;

/* A hash of no bytes yet; NULL when memory or OpenSSL failed. */
struct sha256 *sha256_new(void);
void sha256_free(struct sha256 *hash); /* NULL is fine */

/* Begins anew, adds bytes, writes the digest. Each returns 0, or -1 when
 * OpenSSL failed. After sha256_final() comes sha256_reset(). */
int sha256_reset(struct sha256 *hash);
int sha256_add(struct sha256 *hash, const void *data, size_t len);
int sha256_final(struct sha256 *hash, unsigned char digest[SHA256_LEN]);

#endif
