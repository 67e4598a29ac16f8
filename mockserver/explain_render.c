/* An explanation as JSON, and as text for a person. */
#include "explain.h"

#include <string.h>
#include <time.h>
#include "text.h"

enum {
    SHOWN_BEFORE = 50, /* bytes of a line before its caret, and after it */
    SHOWN_AFTER = 22,
};

static const char keys[] = "abketruf";

static struct signature_field field_of(const struct signature *sig, char key)
{
    switch (key) {
    case 'a':
        return sig->a;
    case 'b':
        return sig->b;
    case 'k':
        return sig->k;
    case 'e':
        return sig->e;
    case 't':
        return sig->t;
    case 'r':
        return sig->r;
    case 'u':
        return sig->u;
    default:
        return sig->f;
    }
}

/* JSON */

static void add_json(struct strbuf *out, const char *name, const char *value)
{
    strbuf_addf(out, ",\"%s\":", name);
    strbuf_add_json(out, value, strlen(value));
}

static void add_json_fields(struct strbuf *out, const struct signature *sig)
{
    const char *comma = "";

    strbuf_addstr(out, ",\"fields\":{");
    for (const char *key = keys; *key; key++) {
        struct signature_field field = field_of(sig, *key);

        if (!field.ptr)
            continue;
        strbuf_addf(out, "%s\"%c\":", comma, *key);
        strbuf_add_json(out, field.ptr, field.len);
        comma = ",";
    }
    strbuf_addstr(out, "},\"original\":");
    if (sig->original)
        strbuf_add_json(out, sig->original, sig->original_len);
    else
        strbuf_addstr(out, "null");
}

int explain_render_json(const struct explanation *e, struct strbuf *out)
{
    strbuf_addf(out, "{\"code\":%d", (int)e->code);
    add_json(out, "message", error_message(e->code, LANGUAGE_EN));
    strbuf_addf(out, ",\"good\":%s", e->code == ERR_OK ? "true" : "false");
    add_json(out, "why", e->why);
    add_json(out, "mistake", explain_mistake_name(e->mistake));
    add_json(out, "hint", e->hint);
    add_json_fields(out, &e->signature);
    if (e->text && e->caret >= 0) {
        strbuf_addstr(out, ",\"caret\":{\"text\":");
        strbuf_add_json(out, e->text, strlen(e->text));
        strbuf_addf(out, ",\"offset\":%ld}}", e->caret);
    } else {
        strbuf_addstr(out, ",\"caret\":null}");
    }
    return out->failed ? -1 : 0;
}

/* text */

/* Ends of lines are written as in C, other control bytes and what is not UTF-8
 * become '?', so that whatever a client signed stays on its line and leaves the
 * terminal alone. */
static const char *shown_as(char c)
{
    return c == '\n' ? "\\n" : c == '\r' ? "\\r" : "?";
}

static void add_printable(struct strbuf *out, const char *s, size_t len)
{
    size_t i = 0;

    while (i < len) {
        size_t n = text_utf8_sequence(s + i, len - i);

        if (n == 0 || (unsigned char)s[i] < 0x20 || s[i] == 0x7f) {
            strbuf_addstr(out, shown_as(s[i]));
            n = 1;
        } else {
            strbuf_add(out, s + i, n);
        }
        i += n;
    }
}

/* ASCII alone, so that columns can be counted. Returns how many. */
static size_t add_columns(struct strbuf *out, const char *s, size_t len)
{
    size_t before = out->len;

    for (size_t i = 0; i < len; i++) {
        if (s[i] < 0x20 || s[i] > 0x7e)
            strbuf_addstr(out, shown_as(s[i]));
        else
            strbuf_addch(out, s[i]);
    }
    return out->len - before;
}

static void add_caret(struct strbuf *out, const char *text, size_t caret)
{
    size_t first = caret > SHOWN_BEFORE ? caret - SHOWN_BEFORE : 0;
    size_t len = strlen(text);
    size_t end = len > caret + SHOWN_AFTER ? caret + SHOWN_AFTER : len;
    const char *before = first > 0 ? "..." : "";
    size_t column;

    strbuf_addf(out, "\n  %s", before);
    column = strlen(before) + add_columns(out, text + first, caret - first);
    add_columns(out, text + caret, end - caret);
    strbuf_addf(out, "%s\n  %*s^ byte %zu\n", end < len ? "..." : "",
                (int)column, "", caret);
}

static void add_time(struct strbuf *out, const struct signature_field *field)
{
    char shown[32];
    uint64_t value;
    struct tm tm;
    time_t time;

    /* Beyond the year 9999 a date says nothing. */
    if (text_parse_u64(field->ptr, field->len, 253402300799, &value) < 0 ||
        value == 0)
        return;
    time = (time_t)value;
    if (gmtime_r(&time, &tm) &&
        strftime(shown, sizeof(shown), "%Y-%m-%d %H:%M:%S", &tm) > 0)
        strbuf_addf(out, " (%s UTC)", shown);
}

static void add_fields(struct strbuf *out, const struct signature *sig)
{
    strbuf_addstr(out, "\nsigned text: ");
    add_printable(out, sig->original, sig->original_len);
    strbuf_addch(out, '\n');
    for (const char *key = keys; *key; key++) {
        struct signature_field field = field_of(sig, *key);

        if (!field.ptr)
            continue;
        strbuf_addf(out, "  %c  ", *key);
        add_printable(out, field.ptr, field.len);
        if (*key == 'e' || *key == 't')
            add_time(out, &field);
        strbuf_addch(out, '\n');
    }
}

int explain_render_text(const struct explanation *e, struct strbuf *out)
{
    strbuf_addf(out, "code %d: %s\n", (int)e->code,
                error_message(e->code, LANGUAGE_EN));
    if (*e->why)
        strbuf_addf(out, "check: %s\n", e->why);
    strbuf_addf(out, "mistake: %s\n", explain_mistake_name(e->mistake));
    if (*e->hint)
        strbuf_addf(out, "hint: %s\n", e->hint);
    if (e->text && e->caret >= 0)
        add_caret(out, e->text, (size_t)e->caret);
    if (e->signature.original)
        add_fields(out, &e->signature);
    return out->failed ? -1 : 0;
}
