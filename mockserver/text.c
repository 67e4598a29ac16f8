#include "text.h"

#include <string.h>

char text_lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c + ('a' - 'A')) : c;
}

bool text_equal_nocase(const char *a, size_t a_len, const char *b)
{
    size_t i = 0;

    /* Most that differ do so in their first byte; `b` ends nothing early. */
    while (i < a_len && b[i] && text_lower(a[i]) == text_lower(b[i]))
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
        size_t step = text_utf8_sequence(s + i, len - i);
        if (step == 0)
            return false;
        i += step;
    }
    return true;
}

int text_parse_u64(const char *s, size_t len, uint64_t max, uint64_t *value)
{
    uint64_t sum = 0;

    if (len == 0)
        return -1;
    for (size_t i = 0; i < len; i++) {
        if (!is_digit(s[i]))
            return -1;
        uint64_t digit = (uint64_t)(s[i] - '0');
        if (sum > max / 10 || digit > max - sum * 10)
            return -1;
        sum = sum * 10 + digit;
    }
    *value = sum;
    return 0;
}

/* The value of a hexadecimal digit, or -1. */
static int hex_value(char c)
{
    char low = text_lower(c);

    if (is_digit(c))
        return c - '0';
    if (low >= 'a' && low <= 'f')
        return low - 'a' + 10;
    return -1;
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
        int high = hex_value(s[i + 1]);
        int low = hex_value(s[i + 2]);
        if (high < 0 || low < 0 || (high == 0 && low == 0))
            return (size_t)-1;
        out[n++] = (char)(high * 16 + low);
        i += 2;
    }
    return n;
}
