/*
 * base64: the standard alphabet of RFC 4648 section 4, padded, and nothing
 * else. Strict, because a signature in another alphabet or with white space
 * is an error that a client must hear about (code 5).
 */
#ifndef BASE64_H
#define BASE64_H

#include <stddef.h>

/* Why a text is not strict Base64; the first reason found. */
enum base64_error {
    BASE64_OK,
    BASE64_LENGTH,   /* not a multiple of four (zero is fine) */
    BASE64_ALPHABET, /* a byte outside A-Z a-z 0-9 + / */
    BASE64_PADDING   /* '=' in the wrong place, or unused bits set */
};

/* Checks `len` bytes. On an alphabet or padding error *at is the offset of
 * the first wrong byte; `at` may be NULL. */
enum base64_error base64_check(const char *text, size_t len, size_t *at);

/* Bytes that `len` valid characters decode to. `text` passed the check. */
size_t base64_decoded_len(const char *text, size_t len);

/*
 * Decodes text that base64_check() accepts into `out`, which has room for
 * len / 4 * 3 bytes. Returns the number of bytes.
 */
size_t base64_decode(const char *text, size_t len, unsigned char *out);

/* Characters that base64_encode() writes for `len` bytes, without the NUL. */
#define BASE64_ENCODED_LEN(len) (((len) + 2) / 3 * 4)

/* Encodes into `out`, which has room for BASE64_ENCODED_LEN(len) + 1 bytes;
 * adds a NUL and returns the length without it. */
size_t base64_encode(const void *data, size_t len, char *out);

#endif
