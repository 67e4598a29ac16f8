#include "text.h"

#include <string.h>

char text_lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c + ('a' - 'A')) : c;
}

bool text_equal_nocase(const char *a, size_t a_len, const char *b)
{
    size_t i = 0;

    /* Mostly they differ at once, or not even in case. */
    while (i < a_len && b[i] &&
           (a[i] == b[i] || text_lower(a[i]) == text_lower(b[i])))
        i++;
    return i == a_len && b[i] == '\0';
}

static bool is_blank(char c)
{
    return c == ' ' || c == '\t';
}

void text_trim(const char **s, size_t *len)
{
    while (*len > 0 && is_blank(**s)) {
        (*s)++;
        (*len)--;
    }
    while (*len > 0 && is_blank((*s)[*len - 1]))
        (*len)--;
}

static bool is_control(char c)
{
    return ((unsigned char)c < 0x20 && c != '\t') || c == 0x7f;
}

/*
 * Eight bytes looked at together: bit 7 of each byte of the result tells, 0
 * that none of them is one. (Above the lowest that is one, others may be
 * taken for one.)
 */
static const uint64_t ones = UINT64_C(0x0101010101010101);

static uint64_t below_0x20(uint64_t bytes)
{
    return (bytes - 0x20 * ones) & ~bytes & 0x80 * ones;
}

static uint64_t equal_to(uint64_t bytes, unsigned char c)
{
    uint64_t differing = bytes ^ c * ones;

    return (differing - ones) & ~differing & 0x80 * ones;
}

size_t text_find_control(const char *s, size_t len)
{
    size_t i = 0;

    while (i < len) {
        uint64_t bytes;

        if (len - i >= sizeof(bytes)) {
            memcpy(&bytes, s + i, sizeof(bytes));
            if (!below_0x20(bytes) && !equal_to(bytes, 0x7f)) {
                i += sizeof(bytes);
                continue;
            }
        }
        if (is_control(s[i]))
            break;
        i++;
    }
    return i;
}

static bool is_json_plain(char c)
{
    return (unsigned char)c >= 0x20 && (unsigned char)c < 0x80 && c != '"' &&
           c != '\\';
}

size_t text_json_run(const char *s, size_t len)
{
    uint64_t bytes;
    size_t i = 0;

    for (; len - i >= sizeof(bytes); i += sizeof(bytes)) {
        memcpy(&bytes, s + i, sizeof(bytes));
        if ((bytes & 0x80 * ones) || below_0x20(bytes) ||
            equal_to(bytes, '"') || equal_to(bytes, '\\'))
            break;
    }
    while (i < len && is_json_plain(s[i]))
        i++;
    return i;
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

bool text_is_tchar(char c)
{
    char low = text_lower(c);

    /* Field names are mostly letters and hyphens. */
    if ((low >= 'a' && low <= 'z') || c == '-' || is_digit(c))
        return true;
    /* strchr() would find the NUL that ends its list. */
    return c != '\0' && strchr("!#$%&'*+.^_`|~", c);
}

bool text_is_token(const char *s, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        if (!text_is_tchar(s[i]))
            return false;
    }
    return len > 0;
}

/* What RFC 3629 section 4 allows for the second byte after each lead byte: it
 * alone keeps out overlong forms, surrogates and values past U+10FFFF. */
static bool is_second_byte(unsigned char lead, unsigned char c)
{
    switch (lead) {
    case 0xE0:
        return c >= 0xA0 && c <= 0xBF;
    case 0xED:
        return c >= 0x80 && c <= 0x9F;
    case 0xF0:
        return c >= 0x90 && c <= 0xBF;
    case 0xF4:
        return c >= 0x80 && c <= 0x8F;
    default:
        return c >= 0x80 && c <= 0xBF;
    }
}

size_t text_utf8_sequence(const char *s, size_t len)
{
    const unsigned char *u = (const unsigned char *)s;
    size_t need;

    if (len == 0)
        return 0;
    if (u[0] < 0x80)
        return 1;
    if (u[0] < 0xC2 || u[0] > 0xF4)
        return 0;
    need = u[0] < 0xE0 ? 2 : u[0] < 0xF0 ? 3 : 4;
    if (len < need || !is_second_byte(u[0], u[1]))
        return 0;
    for (size_t i = 2; i < need; i++) {
        if ((u[i] & 0xC0) != 0x80)
            return 0;
    }
    return need;
}

bool text_is_utf8(const char *s, size_t len)
{
    size_t i = 0;

    while (i < len) {
        size_t step =
            (unsigned char)s[i] < 0x80 ? 1 : text_utf8_sequence(s + i, len - i);
        if (step == 0)
            return false;
        i += step;
    }
    return true;
}

int text_parse_u64(const char *s, size_t len, uint64_t max, uint64_t *value)
{
    const uint64_t most = max / 10;
    uint64_t sum = 0;

    if (len == 0)
        return -1;
    for (size_t i = 0; i < len; i++) {
        if (!is_digit(s[i]))
            return -1;
        uint64_t digit = (uint64_t)(s[i] - '0');
        if (sum > most || digit > max - sum * 10)
            return -1;
        sum = sum * 10 + digit;
    }
    *value = sum;
    return 0;
}

int text_hex_digit(char c)
{
    unsigned digit = (unsigned char)c - '0';
    unsigned letter = ((unsigned char)c | 0x20u) - 'a';

    if (digit < 10)
        return (int)digit;
    return letter < 6 ? (int)letter + 10 : -1;
}

size_t text_percent_decode(const char *s, size_t len, char *out)
{
    size_t n = 0;

    for (size_t i = 0; i < len; i++) {
        if (s[i] != '%') {
            out[n++] = s[i];
            continue;
        }
        if (len - i < 3)
            return (size_t)-1;
        int high = text_hex_digit(s[i + 1]);
        int low = text_hex_digit(s[i + 2]);
        if (high < 0 || low < 0 || (high == 0 && low == 0))
            return (size_t)-1;
        out[n++] = (char)(high * 16 + low);
        i += 2;
    }
    return n;
}
