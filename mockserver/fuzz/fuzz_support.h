/*
 * fuzz_support: what the fuzz entries (fuzz_*.c) share: the entry's own
 * declaration, a check that reports and aborts, input taken apart, and splits
 * that follow from the input alone, so that an input always replays alike.
 */
#ifndef FUZZ_SUPPORT_H
#define FUZZ_SUPPORT_H

#include <stddef.h>
#include <stdint.h>
#include "accounts.h"

/* The instant at which every entry's clock stands, in Unix seconds. */
enum { FUZZ_NOW = 1500000000 };

/* Called by libFuzzer or by fuzz_replay.c. Always 0. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

/* Aborts with a line on stderr unless `condition` holds. */
#define FUZZ_CHECK(condition)                                                  \
    ((condition) ? (void)0 : fuzz_fail(__FILE__, __LINE__, #condition))

_Noreturn void fuzz_fail(const char *file, int line, const char *condition);

/* Input that is not used up yet. */
struct fuzz_input {
    const char *ptr;
    size_t len;
};

/* Takes a line, without its LF or CR LF; all that is left when none ends. */
struct fuzz_input fuzz_take_line(struct fuzz_input *in);

/* Copies as a C string into a heap block of exactly that size, so that ASan
 * sees every byte read past it; a NUL ends it early. The caller frees it. */
char *fuzz_string(struct fuzz_input in);

/* Takes bytes as a number; 0 once nothing is left. */
uint64_t fuzz_take_number(struct fuzz_input *in, size_t n_bytes);

/* A stream of pieces that cover `in` one after the other. */
struct fuzz_splits {
    struct fuzz_input left;
    uint64_t state;
};

/* Lengths follow from the content: mostly some bytes, up to a thousand. */
void fuzz_splits_init(struct fuzz_splits *splits, struct fuzz_input in);

/* The next piece, copied to a heap block of its own size, which the caller
 * frees; NULL at the end. */
char *fuzz_splits_next(struct fuzz_splits *splits, size_t *len);

/* The demo accounts, made once. */
struct accounts *fuzz_accounts(void);

#endif
