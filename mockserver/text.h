/*
 * text: small questions about bytes that several modules ask alike: ASCII
 * case, blanks, UTF-8, percent-encoding, numbers. Pure functions, no state.
 */
#ifndef TEXT_H
#define TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* ASCII only, whatever the locale. */
char text_lower(char c);
bool text_equal_nocase(const char *a, size_t a_len, const char *b);

/* Moves *s and *len inwards past blanks: space and horizontal tab, the
 * optional white space of RFC 9110 section 5.6.3. */
void text_trim(const char **s, size_t *len);

/* The first control byte (RFC 9110 section 5.5: a tab is none) of `s`, or
 * `len`. */
size_t text_find_control(const char *s, size_t len);

/* How many bytes at `s` are ASCII that stands for itself in a JSON string. */
size_t text_json_run(const char *s, size_t len);

/* The value of a hexadecimal digit, or -1. */
int text_hex_digit(char c);

/* Is c one of the tchar of RFC 9110 section 5.6.2? */
bool text_is_tchar(char c);

/* Is all of it, and is there any: a token? */
bool text_is_token(const char *s, size_t len);

/* Length in bytes of the valid UTF-8 sequence at s, 0 when there is none:
 * overlong forms, surrogates and values past U+10FFFF are not valid. */
size_t text_utf8_sequence(const char *s, size_t len);
bool text_is_utf8(const char *s, size_t len);

/*
 * Parses the whole of s as an unsigned decimal without sign or blanks.
 * Returns 0 and sets *value, or -1 on anything else, also on a value over
 * `max`; then *value is untouched.
 */
int text_parse_u64(const char *s, size_t len, uint64_t max, uint64_t *value);

/*
 * Percent-decodes into `out`, which has room for `len` bytes. Returns the
 * decoded length, or (size_t)-1 on a bad escape (RFC 3986 section 2.1) or on
 * %00, which no path of ours can hold.
 */
size_t text_percent_decode(const char *s, size_t len, char *out);

#endif
