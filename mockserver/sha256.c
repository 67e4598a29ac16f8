#include "sha256.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <openssl/evp.h>

enum { SMALL = 256 };

/* The library takes as long for a byte as for fifty: small pieces wait until
 * there is something to it. */
struct sha256 {
    EVP_MD_CTX *ctx;
    size_t n_waiting;
    unsigned char waiting[SMALL];
};

/* Fetching costs more than hashing a small part, so it happens once; the
 * library frees it at exit. */
static EVP_MD *algorithm;
static pthread_once_t once = PTHREAD_ONCE_INIT;

static void release(void)
{
    EVP_MD_free(algorithm);
}

static void fetch(void)
{
    algorithm = EVP_MD_fetch(NULL, "SHA256", NULL);
    if (algorithm)
        atexit(release);
}

struct sha256 *sha256_new(void)
{
    struct sha256 *hash;

    pthread_once(&once, fetch);
    hash = calloc(1, sizeof(*hash));
    if (!hash)
        return NULL;
    hash->ctx = EVP_MD_CTX_new();
    if (!hash->ctx || sha256_reset(hash) < 0) {
        sha256_free(hash);
        return NULL;
    }
    return hash;
}

void sha256_free(struct sha256 *hash)
{
    if (!hash)
        return;
    EVP_MD_CTX_free(hash->ctx);
    free(hash);
}

int sha256_reset(struct sha256 *hash)
{
    hash->n_waiting = 0;
    return algorithm && EVP_DigestInit_ex2(hash->ctx, algorithm, NULL) == 1
               ? 0
               : -1;
}

static int flush(struct sha256 *hash)
{
    size_t n = hash->n_waiting;

    hash->n_waiting = 0;
    return n == 0 || EVP_DigestUpdate(hash->ctx, hash->waiting, n) == 1 ? 0
                                                                        : -1;
}

int sha256_add(struct sha256 *hash, const void *data, size_t len)
{
    if (len > SMALL - hash->n_waiting && flush(hash) < 0)
        return -1;
    if (len >= SMALL)
        return EVP_DigestUpdate(hash->ctx, data, len) == 1 ? 0 : -1;
    memcpy(hash->waiting + hash->n_waiting, data, len);
    hash->n_waiting += len;
    return 0;
}

int sha256_final(struct sha256 *hash, unsigned char digest[SHA256_LEN])
{
    return flush(hash) == 0 && EVP_DigestFinal_ex(hash->ctx, digest, NULL) == 1
               ? 0
               : -1;
}
