#include "base64.h"

#include <stdbool.h>
#include <stdint.h>
#include "mutants.h"

static const char alphabet[] =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

#define XX 0x80 /* not in the alphabet; no value of six bits has this bit */

/* clang-format off */
static const uint8_t values[256] = {
    XX, XX, XX, XX, XX, XX, XX, XX, XX, XX, XX, XX, XX, XX, XX, XX,
    XX, XX, XX, XX, XX, XX, XX, XX, XX, XX, XX, XX, XX, XX, XX, XX,
    XX, XX, XX, XX, XX, XX, XX, XX, XX, XX, XX, 62, XX, XX, XX, 63,
    52, 53, 54, 55, 56, 57, 58, 59, 60, 61, XX, XX, XX, XX, XX, XX,
    XX,  0,  1,  2,  3,  4,  5,  6,  7,  8,  9, 10, 11, 12, 13, 14,
    15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, XX, XX, XX, XX, XX,
    XX, 26, 27, 28, 29, 30, 31, 32, 33, 34, 35, 36, 37, 38, 39, 40,
    41, 42, 43, 44, 45, 46, 47, 48, 49, 50, 51, XX, XX, XX, XX, XX,
    XX, XX, XX, XX, XX, XX, XX, XX, XX, XX, XX, XX, XX, XX, XX, XX,
    XX, XX, XX, XX, XX, XX, XX, XX, XX, XX, XX, XX, XX, XX, XX, XX,
    XX, XX, XX, XX, XX, XX, XX, XX, XX, XX, XX, XX, XX, XX, XX, XX,
    XX, XX, XX, XX, XX, XX, XX, XX, XX, XX, XX, XX, XX, XX, XX, XX,
    XX, XX, XX, XX, XX, XX, XX, XX, XX, XX, XX, XX, XX, XX, XX, XX,
    XX, XX, XX, XX, XX, XX, XX, XX, XX, XX, XX, XX, XX, XX, XX, XX,
    XX, XX, XX, XX, XX, XX, XX, XX, XX, XX, XX, XX, XX, XX, XX, XX,
    XX, XX, XX, XX, XX, XX, XX, XX, XX, XX, XX, XX, XX, XX, XX, XX,
};
/* clang-format on */

/* How many bytes at the start are in the alphabet. An image of some megabytes
 * passes here, so four look-ups share one test. */
static size_t alphabet_run(const uint8_t *s, size_t len)
{
    size_t i = 0;

    while (len - i >= 4 && !((values[s[i]] | values[s[i + 1]] |
                              values[s[i + 2]] | values[s[i + 3]]) &
                             XX))
        i += 4;
    while (i < len && !(values[s[i]] & XX))
        i++;
    return i;
}

/* RFC 4648 section 3.5: the bits that the padding leaves over are zero. */
static bool has_unused_bits(const uint8_t *last, size_t n_padding)
{
    if (n_padding == 0)
        return 0;
    return (values[*last] & (n_padding == 1 ? 0x03 : 0x0f)) != 0;
}

static enum base64_error wrong_at(enum base64_error error, size_t offset,
                                  size_t *at)
{
    if (at)
        *at = offset;
    return error;
}

/*
 * A foreign byte is reported before a bad length: for a prefix, a line break
 * or the URL-safe alphabet it is what the client did wrong, and the length is
 * only a consequence.
 */
enum base64_error base64_check(const char *text, size_t len, size_t *at)
{
    const uint8_t *s = (const uint8_t *)text;
    size_t data = alphabet_run(s, len);
    size_t end = data;

    while (end < len && s[end] == '=')
        end++;
    if (end < len)
        return values[s[end]] & XX ? wrong_at(BASE64_ALPHABET, end, at)
                                   : wrong_at(BASE64_PADDING, data, at);
    if (len % 4 != 0)
        return BASE64_LENGTH;
    if (len - data > 2)
        return wrong_at(BASE64_PADDING, data, at);
    if (data > 0 && has_unused_bits(s + data - 1, len - data) &&
        !mutant(MUTANT_UNUSED_BITS_ACCEPTED))
        return wrong_at(BASE64_PADDING, data - 1, at);
    return BASE64_OK;
}

size_t base64_decoded_len(const char *text, size_t len)
{
    if (len == 0)
        return 0;
    return len / 4 * 3 - (text[len - 1] == '=') - (text[len - 2] == '=');
}

static uint32_t decode_group(const uint8_t *s)
{
    return (uint32_t)values[s[0]] << 18 | (uint32_t)values[s[1]] << 12 |
           (uint32_t)values[s[2]] << 6 | (uint32_t)values[s[3]];
}

size_t base64_decode(const char *text, size_t len, unsigned char *out)
{
    const uint8_t *s = (const uint8_t *)text;
    size_t n = base64_decoded_len(text, len);
    size_t left = n;

    for (; left >= 3; s += 4, out += 3, left -= 3) {
        uint32_t group = decode_group(s);

        out[0] = (unsigned char)(group >> 16);
        out[1] = (unsigned char)(group >> 8);
        out[2] = (unsigned char)group;
    }
    if (left > 0)
        out[0] = (unsigned char)(values[s[0]] << 2 | values[s[1]] >> 4);
    if (left > 1)
        out[1] = (unsigned char)(values[s[1]] << 4 | values[s[2]] >> 2);
    return n;
}

size_t base64_encode(const void *data, size_t len, char *out)
{
    const uint8_t *s = data;
    char *start = out;

    for (; len >= 3; s += 3, len -= 3) {
        *out++ = alphabet[s[0] >> 2];
        *out++ = alphabet[(s[0] & 0x03) << 4 | s[1] >> 4];
        *out++ = alphabet[(s[1] & 0x0f) << 2 | s[2] >> 6];
        *out++ = alphabet[s[2] & 0x3f];
    }
    if (len > 0) {
        uint8_t second = len > 1 ? s[1] : 0;

        *out++ = alphabet[s[0] >> 2];
        *out++ = alphabet[(s[0] & 0x03) << 4 | second >> 4];
        *out++ = len > 1 ? alphabet[(second & 0x0f) << 2] : '=';
        *out++ = '=';
    }
    *out = '\0';
    return (size_t)(out - start);
}
