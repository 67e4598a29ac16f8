#include "json_members.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include "mutants.h"
#include "text.h"

enum { BITS = 64 };

struct reader {
    char *json;
    size_t len;
    size_t at;
    size_t n_values;
    struct json_mistake *mistake;
    /* The lists and objects that are open below the outermost object, one bit
     * each: set for an object. Each is a value, so there is room. */
    uint64_t is_object[JSON_MEMBERS_MAX_VALUES / BITS];
    size_t depth;
};

struct string {
    const char *ptr;
    size_t len;
};

static int fail(struct reader *r, size_t at, const char *what)
{
    *r->mistake = (struct json_mistake){
        .offset = at,
        .what = at < r->len ? what : "it ends too early",
    };
    return -1;
}

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

/* The next byte that is not blank; NUL at the end, which is no JSON either. */
static char peek(struct reader *r)
{
    while (r->at < r->len && is_blank(r->json[r->at]))
        r->at++;
    return r->at < r->len ? r->json[r->at] : '\0';
}

static int expect(struct reader *r, char c, const char *what)
{
    if (peek(r) != c)
        return fail(r, r->at, what);
    r->at++;
    return 0;
}

/* strings */

static size_t put_utf8(char *out, unsigned c)
{
    if (c < 0x80) {
        out[0] = (char)c;
        return 1;
    }
    if (c < 0x800) {
        out[0] = (char)(0xC0 | c >> 6);
        out[1] = (char)(0x80 | (c & 0x3F));
        return 2;
    }
    if (c < 0x10000) {
        out[0] = (char)(0xE0 | c >> 12);
        out[1] = (char)(0x80 | (c >> 6 & 0x3F));
        out[2] = (char)(0x80 | (c & 0x3F));
        return 3;
    }
    out[0] = (char)(0xF0 | c >> 18);
    out[1] = (char)(0x80 | (c >> 12 & 0x3F));
    out[2] = (char)(0x80 | (c >> 6 & 0x3F));
    out[3] = (char)(0x80 | (c & 0x3F));
    return 4;
}

/* Decodes the \u escape, or the pair of them, at r->at. Returns how many
 * bytes were written, fewer than were read; 0 with the mistake set. */
static size_t decode_unicode(struct reader *r, char *out)
{
    const char *s = r->json + r->at;
    size_t left = r->len - r->at;
    int high = json_text_unit(s, left);
    int low;

    if (high < 0) {
        fail(r, r->at, "not four hexadecimal digits after \\u");
        return 0;
    }
    if (high == 0) {
        fail(r, r->at, "an escaped NUL");
        return 0;
    }
    r->at += 6;
    if (high < 0xD800 || high > 0xDFFF)
        return put_utf8(out, (unsigned)high);
    low = json_text_unit(s + 6, left - 6);
    if (high > 0xDBFF || low < 0xDC00 || low > 0xDFFF) {
        fail(r, r->at - 6, "half of a surrogate pair");
        return 0;
    }
    r->at += 6;
    return put_utf8(out, 0x10000U + (((unsigned)high & 0x3FF) << 10) +
                             ((unsigned)low & 0x3FF));
}

static size_t decode_escape(struct reader *r, char *out)
{
    static const char letters[] = "\"\\/bfnrt";
    static const char bytes[] = "\"\\/\b\f\n\r\t";
    char c = r->at + 1 < r->len ? r->json[r->at + 1] : '\0';
    const char *found;

    if (c == 'u')
        return decode_unicode(r, out);
    found = c ? strchr(letters, c) : NULL;
    if (!found) {
        fail(r, r->at + 1, "an escape that JSON does not know");
        return 0;
    }
    r->at += 2;
    *out = bytes[found - letters];
    return 1;
}

/* Steps over a character that does not stand for itself: writes it to `out`
 * and returns its length there, or 0 with the mistake set. */
static size_t decode(struct reader *r, char *out)
{
    const char *s = r->json + r->at;
    size_t n;

    if (*s == '\\')
        return decode_escape(r, out);
    if ((unsigned char)*s < 0x20) {
        fail(r, r->at, "a control byte");
        return 0;
    }
    n = text_utf8_sequence(s, r->len - r->at);
    if (n == 0) {
        fail(r, r->at, "not UTF-8");
        return 0;
    }
    memmove(out, s, n);
    r->at += n;
    return n;
}

/* At its opening quote. */
static int read_string(struct reader *r, struct string *string)
{
    char *out = r->json + r->at + 1;

    string->ptr = out;
    r->at++;
    while (r->at < r->len) {
        size_t run = r->json[r->at] == '\\'
                         ? 0
                         : text_json_run(r->json + r->at, r->len - r->at);

        if (out != r->json + r->at)
            memmove(out, r->json + r->at, run);
        out += run;
        r->at += run;
        if (r->at == r->len)
            break;
        if (r->json[r->at] == '"') {
            r->at++;
            *out = '\0';
            string->len = (size_t)(out - string->ptr);
            return 0;
        }
        run = decode(r, out);
        if (run == 0)
            return -1;
        out += run;
    }
    return fail(r, r->len, NULL);
}

/* values */

static int read_word(struct reader *r)
{
    static const char *const words[] = {"true", "false", "null"};

    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
        size_t n = strlen(words[i]);

        if (r->len - r->at >= n && !memcmp(r->json + r->at, words[i], n)) {
            r->at += n;
            return 0;
        }
    }
    return fail(r, r->at, "not a value");
}

static int read_number(struct reader *r, double *number)
{
    size_t n = json_text_number(r->json + r->at, r->len - r->at);

    if (n == 0)
        return fail(r, r->at, "not a number as JSON writes them");
    *number = strtod(r->json + r->at, NULL);
    r->at += n;
    return 0;
}

static void open_nested(struct reader *r, bool is_object)
{
    uint64_t bit = (uint64_t)1 << r->depth % BITS;

    if (is_object)
        r->is_object[r->depth / BITS] |= bit;
    else
        r->is_object[r->depth / BITS] &= ~bit;
    r->depth++;
    r->at++;
}

static bool is_in_object(const struct reader *r)
{
    size_t i = r->depth - 1;

    return r->is_object[i / BITS] >> i % BITS & 1;
}

/* A name and its colon. */
static int read_name(struct reader *r, struct string *name)
{
    if (peek(r) != '"')
        return fail(r, r->at, "not a name in quotes");
    if (read_string(r, name) < 0)
        return -1;
    return expect(r, ':', "no colon after a name");
}

/* The start of a value: all of it, unless it is a list or an object. */
static int begin_value(struct reader *r, struct json_member *member)
{
    char c = peek(r);
    struct string string;

    if (++r->n_values > JSON_MEMBERS_MAX_VALUES)
        return fail(r, r->at, "too many values");
    member->kind = JSON_OTHER;
    if (c == '{' || c == '[') {
        open_nested(r, c == '{');
        return 0;
    }
    if (c == '"') {
        if (read_string(r, &string) < 0)
            return -1;
        member->kind = JSON_STRING;
        member->text = string.ptr;
        member->text_len = string.len;
        return 0;
    }
    if (c != '-' && (c < '0' || c > '9'))
        return read_word(r);
    member->kind = JSON_NUMBER;
    return read_number(r, &member->number);
}

/* What may follow in the list or object that is open: its end, or one more
 * value, after a comma unless it is the first. */
static int step_nested(struct reader *r, bool *is_first)
{
    const bool in_object = is_in_object(r);
    struct json_member unused = {0};
    struct string name;
    size_t depth = r->depth;

    if (peek(r) == (in_object ? '}' : ']')) {
        r->at++;
        r->depth--;
        *is_first = false;
        return 0;
    }
    if (!*is_first && expect(r, ',', "no comma between two values") < 0)
        return -1;
    if (in_object && read_name(r, &name) < 0)
        return -1;
    if (begin_value(r, &unused) < 0)
        return -1;
    *is_first = r->depth > depth;
    return 0;
}

static int read_value(struct reader *r, struct json_member *member)
{
    bool is_first = true;

    if (begin_value(r, member) < 0)
        return -1;
    while (r->depth > 0) {
        if (step_nested(r, &is_first) < 0)
            return -1;
    }
    return 0;
}

static int read_member(struct reader *r, struct json_member *member)
{
    struct string name = {0};

    if (read_name(r, &name) < 0)
        return -1;
    member->name = name.ptr;
    member->name_len = name.len;
    return read_value(r, member);
}

/* After the outermost brace. */
static int read_members(struct reader *r, struct arena *arena,
                        struct json_member **link)
{
    if (peek(r) == '}') {
        r->at++;
        return 0;
    }
    for (;;) {
        struct json_member *member = arena_calloc(arena, sizeof(*member));

        if (!member) {
            r->mistake->what = NULL;
            return -1;
        }
        if (read_member(r, member) < 0)
            return -1;
        *link = member;
        link = &member->next;
        if (peek(r) == '}') {
            r->at++;
            return 0;
        }
        if (expect(r, ',', "no comma between two members") < 0)
            return -1;
    }
}

int json_members_read(char *json, size_t len, struct arena *arena,
                      struct json_member **members,
                      struct json_mistake *mistake)
{
    struct reader r = {.json = json, .len = len, .mistake = mistake};
    struct json_member *first = NULL;
    int result;

    *members = NULL;
    result = expect(&r, '{', "not an object");
    if (result == 0)
        result = read_members(&r, arena, &first);
    peek(&r);
    if (result == 0 && r.at < len && !mutant(MUTANT_JSON_TAIL_ACCEPTED))
        result = fail(&r, r.at, "more than the one object");
    if (result == 0)
        *members = first;
    return result;
}
