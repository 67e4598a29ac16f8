/*
 * What OpenSSL's SHA-256 alone costs: hashes a file over and over, in pieces
 * as long as those in which a body arrives.
 *
 *     bench_sha256 [-n TIMES] FILE
 *
 * Prints one line of name=value pairs; the CPU time is this process's own.
 */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
#include <openssl/evp.h>
#include "bench_support.h"

enum { PIECE_BYTES = 32 * 1024 };

static unsigned char *read_file(const char *path, size_t *len)
{
    FILE *f = fopen(path, "rb");
    unsigned char *bytes;
    long size;

    if (!f || fseek(f, 0, SEEK_END) < 0)
        bench_die(path);
    size = ftell(f);
    rewind(f);
    *len = size > 0 ? (size_t)size : 0;
    bytes = malloc(*len + 1);
    if (!bytes || *len == 0 || fread(bytes, 1, *len, f) != *len)
        bench_die(path);
    fclose(f);
    return bytes;
}

static int hash(EVP_MD_CTX *ctx, const unsigned char *bytes, size_t len)
{
    unsigned char digest[EVP_MAX_MD_SIZE];

    if (EVP_DigestInit_ex(ctx, EVP_sha256(), NULL) != 1)
        return -1;
    while (len > 0) {
        size_t n = len < PIECE_BYTES ? len : PIECE_BYTES;

        if (EVP_DigestUpdate(ctx, bytes, n) != 1)
            return -1;
        bytes += n;
        len -= n;
    }
    return EVP_DigestFinal_ex(ctx, digest, NULL) == 1 ? 0 : -1;
}

int main(int argc, char **argv)
{
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    long times = 1;
    unsigned char *bytes;
    int64_t begun_ns;
    size_t len;
    int c;

    while ((c = getopt(argc, argv, "n:")) != -1)
        times = c == 'n' ? bench_number(optarg, 1, 1000000) : 0;
    if (times == 0 || optind != argc - 1)
        bench_usage("[-n TIMES] FILE");
    bytes = read_file(argv[optind], &len);
    /* The first fetches the digest. */
    if (!ctx || hash(ctx, bytes, 1) < 0)
        bench_die("SHA-256");
    begun_ns = bench_cpu_ns(getpid());
    for (long i = 0; i < times; i++) {
        if (hash(ctx, bytes, len) < 0)
            bench_die("SHA-256");
    }
    printf("requests=%ld cpu_ms_per_mib=%.5f\n", times,
           (double)(bench_cpu_ns(getpid()) - begun_ns) / 1e6 /
               ((double)len * (double)times / (1 << 20)));
    free(bytes);
    EVP_MD_CTX_free(ctx);
    return 0;
}
