/*
 * utf8: reads text that may not be UTF-8 although it should be.
 *
 * What clients and servers say ends in reports, whose formats allow nothing
 * but UTF-8. It knows no format.
 */
#ifndef UTF8_H
#define UTF8_H

#include <stddef.h>
#include <stdint.h>
#include "bytes.h"

/* Stands for a byte that belongs to no character; and as it is written. */
enum { UTF8_BAD = 0xfffd };
#define UTF8_BAD_TEXT "\xef\xbf\xbd"

/* The length of the character that `text`, which is not empty, begins with,
 * and in *point its code point. A bad byte is UTF8_BAD and of length 1. */
size_t utf8_step(const char *text, uint32_t *point);

/* A copy with U+FFFD in the place of each bad byte. The caller frees it. */
char *utf8_repaired(const char *text);

/* Adds the text as a terminal or a page can take it: control characters but
 * tab as \xNN, line feeds too, bad bytes as U+FFFD. */
void utf8_show(const char *text, size_t len, struct bytes *out);

/* How many of the first `max` bytes of `text` are whole characters. */
size_t utf8_prefix(const char *text, size_t max);

#endif
