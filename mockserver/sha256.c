#include "sha256.h"

#include <pthread.h>
#include <stdlib.h>
#include <openssl/evp.h>

struct sha256 {
    EVP_MD_CTX *ctx;
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
    return algorithm && EVP_DigestInit_ex2(hash->ctx, algorithm, NULL) == 1
               ? 0
               : -1;
}

int sha256_add(struct sha256 *hash, const void *data, size_t len)
{
    return EVP_DigestUpdate(hash->ctx, data, len) == 1 ? 0 : -1;
}

int sha256_final(struct sha256 *hash, unsigned char digest[SHA256_LEN])
{
    return EVP_DigestFinal_ex(hash->ctx, digest, NULL) == 1 ? 0 : -1;
}
