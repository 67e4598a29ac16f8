#include "strbuf.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "text.h"

enum { FIRST_CAP = 64 };

/* What an empty buffer points to; `cap` 0 tells that it is not owned. It is
 * shared by all threads and therefore never written. */
static char empty[1];

/* Makes room for `more` bytes and the NUL. The room never exceeds max + 1, so
 * strbuf_addf() may print into all of it. */
static int reserve(struct strbuf *sb, size_t more)
{
    size_t limit = sb->max + 1;
    size_t need, cap;
    char *buf;

    if (more > sb->max - sb->len)
        goto fail;
    need = sb->len + more + 1;
    if (need <= sb->cap)
        return 0;

    cap = sb->cap > limit / 2 ? limit : sb->cap * 2;
    if (cap < FIRST_CAP)
        cap = FIRST_CAP;
    if (cap < need)
        cap = need;
    if (cap > limit)
        cap = limit;
    buf = realloc(sb->cap ? sb->buf : NULL, cap);
    if (!buf)
        goto fail;
    buf[sb->len] = '\0';
    sb->buf = buf;
    sb->cap = cap;
    return 0;

fail:
    sb->failed = true;
    return -1;
}

/* Forgets what was added since the buffer held `len` bytes. */
static void cut(struct strbuf *sb, size_t len)
{
    sb->len = len;
    if (sb->cap > 0)
        sb->buf[len] = '\0';
}

void strbuf_init(struct strbuf *sb, size_t max)
{
    /* The NUL needs a byte too, so max + 1 must not wrap. */
    *sb = (struct strbuf){
        .buf = empty,
        .max = max < SIZE_MAX ? max : SIZE_MAX - 1,
    };
}

void strbuf_release(struct strbuf *sb)
{
    if (sb->cap > 0)
        free(sb->buf);
    strbuf_init(sb, sb->max);
}

void strbuf_reset(struct strbuf *sb)
{
    cut(sb, 0);
    sb->failed = false;
}

int strbuf_add(struct strbuf *sb, const void *data, size_t len)
{
    if (len == 0)
        return 0;
    if (reserve(sb, len) < 0)
        return -1;
    memcpy(sb->buf + sb->len, data, len);
    cut(sb, sb->len + len);
    return 0;
}

int strbuf_addstr(struct strbuf *sb, const char *s)
{
    return strbuf_add(sb, s, strlen(s));
}

int strbuf_addch(struct strbuf *sb, char c)
{
    return strbuf_add(sb, &c, 1);
}

int strbuf_addint(struct strbuf *sb, int64_t value)
{
    char text[20]; /* those of INT64_MIN */
    char *first = text + sizeof(text);
    uint64_t size = value < 0 ? -(uint64_t)value : (uint64_t)value;

    do {
        *--first = (char)('0' + size % 10);
        size /= 10;
    } while (size > 0);
    if (value < 0)
        *--first = '-';
    return strbuf_add(sb, first, (size_t)(text + sizeof(text) - first));
}

int strbuf_addf(struct strbuf *sb, const char *fmt, ...)
{
    size_t room = sb->cap - sb->len; /* with the NUL; 0 while not owned */
    va_list args;
    int len;

    va_start(args, fmt);
    len = vsnprintf(room ? sb->buf + sb->len : NULL, room, fmt, args);
    va_end(args);
    if (len < 0) {
        cut(sb, sb->len);
        sb->failed = true;
        return -1;
    }
    if ((size_t)len < room) {
        sb->len += (size_t)len;
        return 0;
    }

    cut(sb, sb->len); /* undoes the part that did fit */
    if (reserve(sb, (size_t)len) < 0)
        return -1;
    va_start(args, fmt);
    vsnprintf(sb->buf + sb->len, (size_t)len + 1, fmt, args);
    va_end(args);
    sb->len += (size_t)len;
    return 0;
}

/* How many bytes at `s` stand for themselves inside a JSON string. */
static size_t plain_run(const char *s, size_t len)
{
    size_t i = text_json_run(s, len);

    while (i < len && (unsigned char)s[i] >= 0x80) {
        size_t step = text_utf8_sequence(s + i, len - i);

        if (step == 0)
            break;
        i += step;
        i += text_json_run(s + i, len - i);
    }
    return i;
}

/* Adds a byte that cannot stand for itself. */
static int add_escaped(struct strbuf *sb, char c)
{
    switch (c) {
    case '"':
        return strbuf_addstr(sb, "\\\"");
    case '\\':
        return strbuf_addstr(sb, "\\\\");
    case '\b':
        return strbuf_addstr(sb, "\\b");
    case '\f':
        return strbuf_addstr(sb, "\\f");
    case '\n':
        return strbuf_addstr(sb, "\\n");
    case '\r':
        return strbuf_addstr(sb, "\\r");
    case '\t':
        return strbuf_addstr(sb, "\\t");
    default:
        break;
    }
    if ((unsigned char)c < 0x20)
        return strbuf_addf(sb, "\\u%04x", (unsigned)c);
    return strbuf_addstr(sb, "\xEF\xBF\xBD"); /* U+FFFD */
}

int strbuf_add_json(struct strbuf *sb, const char *s, size_t len)
{
    size_t before = sb->len;
    size_t done = 0;

    if (strbuf_addch(sb, '"') < 0)
        return -1;
    while (done < len) {
        size_t run = plain_run(s + done, len - done);
        if (strbuf_add(sb, s + done, run) < 0)
            goto fail;
        done += run;
        if (done < len && add_escaped(sb, s[done++]) < 0)
            goto fail;
    }
    if (strbuf_addch(sb, '"') < 0)
        goto fail;
    return 0;

fail:
    cut(sb, before);
    return -1;
}

void strbuf_truncate(struct strbuf *sb, size_t len)
{
    if (len < sb->len)
        cut(sb, len);
}

char *strbuf_take(struct strbuf *sb)
{
    char *bytes = sb->cap > 0 ? sb->buf : calloc(1, 1);

    strbuf_init(sb, sb->max);
    return bytes;
}
