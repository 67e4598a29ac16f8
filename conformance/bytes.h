/*
 * bytes: growing byte buffers, and text made of them.
 *
 * For programs that check others: the suite and the end-to-end tests. They
 * have no plan for memory that runs out but to say so and end with
 * EXIT_SETUP. It knows nothing of HTTP.
 *
 * Strings that are returned are on the heap and the caller's; a process that
 * runs one case may leave them to its end.
 */
#ifndef BYTES_H
#define BYTES_H

#include <stdarg.h>
#include <stddef.h>

/* Exit statuses of the suite's programs. */
enum { EXIT_CHECK = 1, EXIT_SETUP = 2 };

/* Bytes that may hold NULs; data[len] is NUL once something was added. */
struct bytes {
    char *data;
    size_t len;
    size_t cap;
};

void bytes_add(struct bytes *b, const void *data, size_t len);
void bytes_text(struct bytes *b, const char *text);
void bytes_format(struct bytes *b, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));
void bytes_fill(struct bytes *b, char byte, size_t n);
void bytes_drop_front(struct bytes *b, size_t n);
/* Makes room for `more` bytes after the content. */
void bytes_reserve(struct bytes *b, size_t more);
void bytes_release(struct bytes *b);

/* printf into a new string. */
char *format(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
char *vformat(const char *fmt, va_list ap)
    __attribute__((format(printf, 1, 0)));

/* The bytes as text: line feeds as they are, carriage returns left out,
 * others that cannot be shown as \xNN. */
char *printable(const char *data, size_t len);

/* Base64 of the standard alphabet, padded. */
char *base64(const void *data, size_t len);

/* Adds the bytes that strict Base64 of that kind stands for. 0, or -1 with
 * nothing added when `text` is anything else. */
int bytes_add_base64(struct bytes *b, const char *text);

/* SHA-256 in lower-case hex digits. */
char *sha256_hex(const void *data, size_t len);

/* A whole file's bytes, added to `b`. 0, or -1 with errno. */
int bytes_read_file(struct bytes *b, const char *path);

#endif
