#include "json_members.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <criterion/criterion.h>

static struct arena arena;
static struct json_member *members;
static struct json_mistake mistake;
static char *text;

/* Reads a copy, which the members borrow from until release(). */
static int read_bytes(const char *json, size_t len)
{
    text = malloc(len + 1);
    cr_assert(text != NULL);
    memcpy(text, json, len);
    text[len] = '\0';
    arena_init(&arena);
    mistake = (struct json_mistake){.what = ""};
    return json_members_read(text, len, &arena, &members, &mistake);
}

static int read_text(const char *json)
{
    return read_bytes(json, strlen(json));
}

static void release(void)
{
    arena_release(&arena);
    free(text);
}

/* One member: name, kind, and the text or the number. */
static void expect_member(const struct json_member *m, const char *name,
                          const char *value)
{
    char number[32];

    cr_assert(m != NULL, "%s is missing", name);
    cr_expect_str_eq(m->name, name);
    cr_expect_eq(m->name_len, strlen(name));
    switch (m->kind) {
    case JSON_STRING:
        cr_expect_str_eq(m->text, value);
        cr_expect_eq(m->text_len, strlen(value));
        break;
    case JSON_NUMBER:
        snprintf(number, sizeof(number), "%g", m->number);
        cr_expect_str_eq(number, value);
        break;
    case JSON_OTHER:
        cr_expect_eq(value, NULL, "%s is neither string nor number", name);
        break;
    }
}

Test(json_members, members_come_in_order_with_their_kinds, .timeout = 10)
{
    cr_assert_eq(read_text(" {\"a\" : \"x\" ,\t\"b\":-1.5e1,\r\n\"c\":true,"
                           "\"d\":false,\"e\":null,\"f\":[1,[],{\"a\":2}],"
                           "\"g\":{\"h\":{}},\"a\":\"\"} "),
                 0, "%s at %zu", mistake.what, mistake.offset);
    const struct json_member *m = members;

    expect_member(m, "a", "x");
    expect_member(m = m->next, "b", "-15");
    expect_member(m = m->next, "c", NULL);
    expect_member(m = m->next, "d", NULL);
    expect_member(m = m->next, "e", NULL);
    expect_member(m = m->next, "f", NULL);
    expect_member(m = m->next, "g", NULL);
    expect_member(m = m->next, "a", "");
    cr_expect_eq(m->next, NULL);
    release();
}

Test(json_members, an_empty_object_has_none, .timeout = 10)
{
    static const char *const empty[] = {"{}", " { } ", "{\n}"};

    for (size_t i = 0; i < sizeof(empty) / sizeof(empty[0]); i++) {
        cr_expect_eq(read_text(empty[i]), 0);
        cr_expect_eq(members, NULL);
        release();
    }
}

Test(json_members, escapes_are_decoded, .timeout = 10)
{
    cr_assert_eq(read_text("{\"\\u0061\\n\":\"\\\"\\\\\\/\\b\\f\\n\\r\\t\","
                           "\"b\":\"\\u00e9\\u20AC\\ud83d\\ude00\","
                           "\"c\":\"x\xc3\xa9\\tlonger than eight bytes\"}"),
                 0, "%s at %zu", mistake.what, mistake.offset);
    expect_member(members, "a\n", "\"\\/\b\f\n\r\t");
    expect_member(members->next, "b", "\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80");
    expect_member(members->next->next, "c",
                  "x\xc3\xa9\tlonger than eight bytes");
    release();
}

Test(json_members, what_is_wrong_is_named_with_its_offset, .timeout = 10)
{
    static const struct {
        const char *json;
        size_t offset;
        const char *what;
    } rows[] = {
        {"", 0, "it ends too early"},
        {" ", 1, "it ends too early"},
        {"[]", 0, "not an object"},
        {"\xef\xbb\xbf{}", 0, "not an object"},
        {"{", 1, "it ends too early"},
        {"{,}", 1, "not a name in quotes"},
        {"{a:1}", 1, "not a name in quotes"},
        {"{\"a\"", 4, "it ends too early"},
        {"{\"a\",", 4, "no colon after a name"},
        {"{\"a\":", 5, "it ends too early"},
        {"{\"a\":}", 5, "not a value"},
        {"{\"a\":True}", 5, "not a value"},
        {"{\"a\":nul}", 5, "not a value"},
        {"{\"a\":1 \"b\":2}", 7, "no comma between two members"},
        {"{\"a\":1,}", 7, "not a name in quotes"},
        {"{\"a\":01}", 5, "not a number as JSON writes them"},
        {"{\"a\":1.}", 5, "not a number as JSON writes them"},
        {"{\"a\":-}", 5, "not a number as JSON writes them"},
        {"{\"a\":.5}", 5, "not a value"},
        {"{\"a\":\"b", 7, "it ends too early"},
        {"{\"a\":\"b\\", 8, "it ends too early"},
        {"{\"a\":\"\n\"}", 6, "a control byte"},
        {"{\"a\":\"\xff\"}", 6, "not UTF-8"},
        {"{\"a\":\"12345678\xed\xa0\x80\"}", 14, "not UTF-8"},
        {"{\"a\":\"\\x\"}", 7, "an escape that JSON does not know"},
        {"{\"a\":\"\\u12g4\"}", 6, "not four hexadecimal digits after \\u"},
        {"{\"a\":\"\\u0000\"}", 6, "an escaped NUL"},
        {"{\"a\":\"\\ud800\"}", 6, "half of a surrogate pair"},
        {"{\"a\":\"\\ud800\\u0041\"}", 6, "half of a surrogate pair"},
        {"{\"a\":\"\\udc00\"}", 6, "half of a surrogate pair"},
        {"{\"a\":[1 2]}", 8, "no comma between two values"},
        {"{\"a\":[1,]}", 8, "not a value"},
        {"{\"a\":[,1]}", 6, "not a value"},
        {"{\"a\":[1}}", 7, "no comma between two values"},
        {"{\"a\":{\"b\":1]}", 11, "no comma between two values"},
        {"{\"a\":{1:2}}", 6, "not a name in quotes"},
        {"{\"a\":[[]", 8, "it ends too early"},
        {"{}{}", 2, "more than the one object"},
        {"{} x", 3, "more than the one object"},
    };

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        cr_expect_eq(read_text(rows[i].json), -1, "%s", rows[i].json);
        cr_expect_str_eq(mistake.what, rows[i].what, "%s: %s", rows[i].json,
                         mistake.what);
        cr_expect_eq(mistake.offset, rows[i].offset, "%s: %zu", rows[i].json,
                     mistake.offset);
        cr_expect_eq(members, NULL, "%s", rows[i].json);
        release();
    }
}

Test(json_members, a_nul_byte_is_no_end, .timeout = 10)
{
    cr_expect_eq(read_bytes("{}\0", 3), -1);
    cr_expect_eq(mistake.offset, 2);
    release();
    cr_expect_eq(read_bytes("{\"a\":\"\0\"}", 9), -1);
    cr_expect_eq(mistake.offset, 6);
    release();
    cr_expect_eq(read_bytes("{\"a\0\":1}", 8), -1);
    cr_expect_eq(mistake.offset, 3);
    release();
    cr_expect_eq(read_bytes("{\0}", 3), -1);
    cr_expect_eq(mistake.offset, 1);
    release();
}

/* An object whose member is `depth` lists, one in the other. */
static char *nested(size_t depth)
{
    char *json = malloc(2 * depth + 16);

    cr_assert(json != NULL);
    memcpy(json, "{\"a\":", 5);
    memset(json + 5, '[', depth);
    memset(json + 5 + depth, ']', depth);
    memcpy(json + 5 + 2 * depth, "}", 2);
    return json;
}

Test(json_members, values_are_counted_at_any_depth, .timeout = 10)
{
    for (int more = 0; more < 2; more++) {
        char *json = nested(JSON_MEMBERS_MAX_VALUES + (size_t)more);

        cr_expect_eq(read_text(json), more ? -1 : 0, "%s", mistake.what);
        if (more)
            cr_expect_str_eq(mistake.what, "too many values");
        release();
        free(json);
    }
}
