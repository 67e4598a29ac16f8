#include "utf8.h"

#include <stdbool.h>

struct shape {
    unsigned char mask, lead; /* a first byte of this length: byte & mask */
    uint32_t min;             /* a lower code point has a shorter form */
};

static const struct shape shapes[] = {
    {0x80, 0x00, 0},
    {0xe0, 0xc0, 0x80},
    {0xf0, 0xe0, 0x800},
    {0xf8, 0xf0, 0x10000},
};

enum { MAX_LEN = sizeof(shapes) / sizeof(shapes[0]) };

/* The length that a first byte asks for; 0: it is none. */
static size_t length_of(unsigned char first)
{
    for (size_t len = 1; len <= MAX_LEN; len++) {
        if ((first & shapes[len - 1].mask) == shapes[len - 1].lead)
            return len;
    }
    return 0;
}

size_t utf8_step(const char *text, uint32_t *point)
{
    const unsigned char *bytes = (const unsigned char *)text;
    size_t len = length_of(bytes[0]);
    uint32_t value;

    *point = UTF8_BAD;
    if (len == 0)
        return 1;
    value = bytes[0] & (unsigned char)~shapes[len - 1].mask;
    for (size_t i = 1; i < len; i++) {
        /* A NUL ends this loop too. */
        if ((bytes[i] & 0xc0) != 0x80)
            return 1;
        value = value << 6 | (bytes[i] & 0x3f);
    }
    if (value < shapes[len - 1].min || value > 0x10ffff ||
        (value >= 0xd800 && value <= 0xdfff))
        return 1;
    *point = value;
    return len;
}

char *utf8_repaired(const char *text)
{
    struct bytes repaired = {0};
    uint32_t point;
    size_t len;

    bytes_text(&repaired, "");
    for (; *text; text += len) {
        len = utf8_step(text, &point);
        if (point == UTF8_BAD)
            bytes_text(&repaired, UTF8_BAD_TEXT);
        else
            bytes_add(&repaired, text, len);
    }
    return repaired.data;
}

/* Of ASCII, and those of Latin-1, which some terminals obey. */
static bool is_control(uint32_t point)
{
    return (point < 0x20 && point != '\t') || (point >= 0x7f && point < 0xa0);
}

void utf8_show(const char *text, size_t len, struct bytes *out)
{
    uint32_t point;
    size_t n;

    for (size_t i = 0; i < len; i += n) {
        n = utf8_step(text + i, &point);
        if (point == UTF8_BAD)
            bytes_text(out, UTF8_BAD_TEXT);
        else if (is_control(point))
            bytes_format(out, "\\x%02x", (unsigned)point);
        else
            bytes_add(out, text + i, n);
    }
}

size_t utf8_prefix(const char *text, size_t max)
{
    size_t n = 0;
    uint32_t point;

    while (text[n]) {
        size_t len = utf8_step(text + n, &point);

        if (n + len > max)
            break;
        n += len;
    }
    return n;
}
