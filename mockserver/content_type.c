#include "content_type.h"

#include <string.h>
#include "mutants.h"
#include "text.h"

/* A stretch of the field value. */
struct span {
    const char *s;
    const char *end;
};

static size_t span_len(struct span span)
{
    return (size_t)(span.end - span.s);
}

static struct span trim(struct span span)
{
    size_t len = span_len(span);

    text_trim(&span.s, &len);
    span.end = span.s + len;
    return span;
}

static const char *find_or_end(struct span span, char c)
{
    const char *found = memchr(span.s, c, span_len(span));

    return found ? found : span.end;
}

static bool is_in_quotes(struct span span)
{
    return span_len(span) >= 2 && *span.s == '"' && span.end[-1] == '"';
}

static struct span without_quotes(struct span span)
{
    return trim((struct span){span.s + 1, span.end - 1});
}

/* Is it "type; parameters" in one pair of quotes? A quote that comes before
 * the first ';' closes the type alone. */
static bool is_quoted_whole(struct span value)
{
    struct span inner = {value.s + 1, value.end - 1};

    return is_in_quotes(value) &&
           find_or_end(inner, ';') <= find_or_end(inner, '"');
}

/* Cuts the type off the front of *value, which is left empty or at the ';' of
 * the first parameter. */
static struct span take_type(struct content_type *ct, struct span *value)
{
    struct span type;

    if (is_quoted_whole(*value)) {
        ct->type_quoted = true;
        *value = without_quotes(*value);
    }
    type.s = value->s;
    type.end = find_or_end(*value, ';');
    value->s = type.end;
    type = trim(type);
    if (is_in_quotes(type)) {
        ct->type_quoted = true;
        type = without_quotes(type);
    }
    return type;
}

/* Returns the first quote that is not part of a quoted-pair (RFC 9110 section
 * 5.6.4), or the end. */
static const char *closing_quote(struct span span)
{
    const char *p = span.s;

    while (p < span.end && *p != '"')
        p += *p == '\\' && span.end - p > 1 ? 2 : 1;
    return p;
}

/* Unescapes the value and judges it. */
static void set_boundary(struct content_type *ct, struct span value)
{
    size_t n = 0;

    ct->boundary_state = BOUNDARY_OK;
    for (const char *p = value.s; p < value.end; p++) {
        if (ct->boundary_quoted && *p == '\\' && p + 1 < value.end)
            p++;
        if ((unsigned char)*p < 0x20 || *p == 0x7f)
            ct->boundary_state = BOUNDARY_BAD;
        if (n < sizeof(ct->boundary) - 1)
            ct->boundary[n] = *p;
        n++;
    }
    if (ct->boundary_state == BOUNDARY_OK && n >= sizeof(ct->boundary))
        ct->boundary_state = BOUNDARY_TOO_LONG;
    if (n == 0)
        ct->boundary_state = BOUNDARY_MISSING;
    ct->boundary_len = ct->boundary_state == BOUNDARY_OK ? n : 0;
    ct->boundary[ct->boundary_len] = '\0';
}

/* Cuts a parameter's value off the front of *rest, still escaped, and leaves
 * that at the next ';' or empty. */
static struct span take_value(struct span *rest, bool *quoted, bool *closed)
{
    struct span value;

    *rest = trim(*rest);
    *quoted = rest->s < rest->end && *rest->s == '"' &&
              !mutant(MUTANT_BOUNDARY_QUOTES);
    *closed = true;
    if (*quoted) {
        rest->s++;
        value = (struct span){rest->s, closing_quote(*rest)};
        *closed = value.end < rest->end;
    } else {
        value = trim((struct span){rest->s, find_or_end(*rest, ';')});
    }
    rest->s = value.end;
    rest->s = find_or_end(*rest, ';');
    return value;
}

/* Reads one parameter from the ';' before it and leaves *rest at the next one
 * or empty. Returns whether it was the boundary. */
static bool take_parameter(struct content_type *ct, struct span *rest)
{
    struct span key = {rest->s + 1, rest->s + 1};
    struct span value;
    bool quoted, closed;

    while (key.end < rest->end && *key.end != '=' && *key.end != ';')
        key.end++;
    rest->s = key.end;
    if (rest->s == rest->end || *rest->s == ';')
        return false;
    rest->s++;
    value = take_value(rest, &quoted, &closed);
    key = trim(key);
    if (!text_equal_nocase(key.s, span_len(key), "boundary"))
        return false;

    ct->boundary_quoted = quoted;
    if (closed)
        set_boundary(ct, value);
    else
        ct->boundary_state = BOUNDARY_BAD;
    return true;
}

static bool is_type(struct span type, const char *name)
{
    return text_equal_nocase(type.s, span_len(type), name) &&
           !(mutant(MUTANT_TYPE_CASE) &&
             memcmp(type.s, name, span_len(type)) != 0);
}

void content_type_parse(struct content_type *ct, const char *value)
{
    struct span rest;
    struct span type;

    *ct = (struct content_type){.boundary_state = BOUNDARY_MISSING};
    rest.s = value ? value : "";
    rest.end = rest.s + strlen(rest.s);
    rest = trim(rest);
    if (rest.s == rest.end)
        return;

    type = take_type(ct, &rest);
    if (is_type(type, "application/json") &&
        !(mutant(MUTANT_TYPE_PARAMETER_REFUSED) && rest.s < rest.end)) {
        ct->kind = CONTENT_JSON;
        return;
    }
    if (!is_type(type, "multipart/form-data")) {
        ct->kind = CONTENT_OTHER;
        return;
    }
    ct->kind = CONTENT_MULTIPART;
    while (rest.s < rest.end && !take_parameter(ct, &rest))
        continue;
}
