#include "fuzz_support.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Memory gone is no finding, but going on would make one up. */
static void *must_have(void *ptr)
{
    if (!ptr)
        abort();
    return ptr;
}

_Noreturn void fuzz_fail(const char *file, int line, const char *condition)
{
    fprintf(stderr, "%s:%d: does not hold: %s\n", file, line, condition);
    abort();
}

struct fuzz_input fuzz_take_line(struct fuzz_input *in)
{
    const char *lf = in->len ? memchr(in->ptr, '\n', in->len) : NULL;
    struct fuzz_input line = *in;

    if (!lf) {
        in->len = 0;
        return line;
    }
    line.len = (size_t)(lf - in->ptr);
    in->ptr = lf + 1;
    in->len -= line.len + 1;
    if (line.len > 0 && line.ptr[line.len - 1] == '\r')
        line.len--;
    return line;
}

char *fuzz_string(struct fuzz_input in)
{
    size_t len = in.len ? strnlen(in.ptr, in.len) : 0;
    char *s = must_have(malloc(len + 1));

    if (len > 0)
        memcpy(s, in.ptr, len);
    s[len] = '\0';
    return s;
}

uint64_t fuzz_take_number(struct fuzz_input *in, size_t n_bytes)
{
    uint64_t number = 0;

    for (; n_bytes > 0 && in->len > 0; n_bytes--, in->len--)
        number = number << 8 | (unsigned char)*in->ptr++;
    return number;
}

/* FNV-1a, 64 bits. */
static uint64_t hash(struct fuzz_input in)
{
    uint64_t h = 0xcbf29ce484222325;

    for (size_t i = 0; i < in.len; i++)
        h = (h ^ (unsigned char)in.ptr[i]) * 0x100000001b3;
    return h;
}

void fuzz_splits_init(struct fuzz_splits *splits, struct fuzz_input in)
{
    splits->left = in;
    splits->state = hash(in) | 1;
}

/* Marsaglia's xorshift64. */
static uint64_t draw(struct fuzz_splits *splits)
{
    uint64_t x = splits->state;

    x ^= x << 13;
    x ^= x >> 7;
    x ^= x << 17;
    return splits->state = x;
}

/* Mostly short pieces, since it is at their ends that parsers err. */
static size_t draw_len(struct fuzz_splits *splits)
{
    uint64_t x = draw(splits);
    size_t longest = (size_t)1 << (x % 11);

    return 1 + (size_t)(x >> 32) % longest;
}

char *fuzz_splits_next(struct fuzz_splits *splits, size_t *len)
{
    struct fuzz_input *left = &splits->left;
    char *piece;

    if (left->len == 0)
        return NULL;
    *len = draw_len(splits);
    if (*len > left->len)
        *len = left->len;
    piece = must_have(malloc(*len));
    memcpy(piece, left->ptr, *len);
    left->ptr += *len;
    left->len -= *len;
    return piece;
}

struct accounts *fuzz_accounts(void)
{
    static struct accounts *accounts;

    if (!accounts)
        accounts = must_have(accounts_demo());
    return accounts;
}
