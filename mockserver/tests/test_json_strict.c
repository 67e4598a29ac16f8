#include "json_strict.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cjson/cJSON.h>
#include <criterion/criterion.h>

/* Text with NULs in it. */
#define BYTES(literal) (literal), sizeof(literal) - 1

static void expect_accepted(const char *json)
{
    struct json_strict js;
    cJSON *document;
    char *why;

    json_strict_init(&js, "f", &why);
    document = json_strict_parse(&js, json, strlen(json));
    cr_expect(document != NULL, "%s: refused: %s", json, why);
    cJSON_Delete(document);
    free(why);
}

static void expect_refused(const char *json, size_t len, const char *expected)
{
    struct json_strict js;
    cJSON *document;
    char *why;

    json_strict_init(&js, NULL, &why);
    document = json_strict_parse(&js, json, len);
    cr_expect(document == NULL, "%s: accepted", json);
    cr_assert(why != NULL, "%s: no reason", json);
    cr_expect_str_eq(why, expected, "%s: said: %s", json, why);
    cJSON_Delete(document);
    free(why);
}

static void expect_why(char *why, const char *expected)
{
    cr_assert(why != NULL);
    cr_expect_str_eq(why, expected, "said: %s", why);
    free(why);
}

Test(json_strict, numbers_of_the_grammar_are_taken, .timeout = 10)
{
    expect_accepted("[0,-0,10,1.5,-1.5e10,1E+2,1e-2,0.0]");
    expect_accepted("7");
    expect_accepted(" {\"01\":\"01 1. +\"}\r\n\t");
}

Test(json_strict, numbers_that_cjson_alone_would_take_are_refused,
     .timeout = 10)
{
    static const char *const bad[] = {"01",   "-01", "1.",    "1.e5", "-",
                                      "1e",   "1e+", "-.5",   "1-1",  "--1",
                                      "1.5.", "00",  "1e5e5", "0x10"};

    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        struct json_strict js;
        cJSON *document;
        char *why;

        json_strict_init(&js, NULL, &why);
        document = json_strict_parse(&js, bad[i], strlen(bad[i]));
        cr_expect(document == NULL, "%s was taken", bad[i]);
        cr_expect(why != NULL, "%s: no reason", bad[i]);
        cJSON_Delete(document);
        free(why);
    }
    expect_refused(BYTES("[1,\n 01]"),
                   "line 2, column 2: not a number as JSON writes them");
}

Test(json_strict, a_number_at_the_very_end_is_read_within_bounds, .timeout = 10)
{
    static const char *const ends[] = {"1", "-", "1.", "1e", "1e+", "\"\\u"};

    for (size_t i = 0; i < sizeof(ends) / sizeof(ends[0]); i++) {
        struct json_strict js;
        size_t len = strlen(ends[i]);
        char *copy = malloc(len); /* with no byte after it */
        char *why;

        cr_assert(copy != NULL);
        memcpy(copy, ends[i], len);
        json_strict_init(&js, NULL, &why);
        cJSON_Delete(json_strict_parse(&js, copy, len));
        cr_expect_eq(why == NULL, i == 0, "%s", ends[i]);
        free(why);
        free(copy);
    }
}

Test(json_strict, bytes_that_are_not_utf8_are_refused, .timeout = 10)
{
    expect_refused(BYTES("{\"a\":\"\xff\"}"), "line 1, column 7: not UTF-8");
    expect_refused(BYTES("\"\xc3"), "line 1, column 2: not UTF-8");
    expect_refused(BYTES("\xed\xa0\x80"), "line 1, column 1: not UTF-8");
}

Test(json_strict, columns_count_characters, .timeout = 10)
{
    expect_refused(BYTES("[\"\xe4\xb8\xad\",\x01]"),
                   "line 1, column 6: a control byte");
}

Test(json_strict, control_bytes_and_nuls_are_refused, .timeout = 10)
{
    expect_refused(BYTES("{}\0"), "line 1, column 3: a control byte");
    expect_refused(BYTES("[\v1]"), "line 1, column 2: a control byte");
    expect_refused(BYTES("\"a\0b\""), "line 1, column 3: a control byte");
    expect_refused(BYTES("\"a\nb\""), "line 1, column 3: a control byte");
    expect_refused(BYTES("\"a\\u0000\""), "line 1, column 3: an escaped NUL");
}

Test(json_strict, escapes_do_not_confuse_where_a_string_ends, .timeout = 10)
{
    expect_accepted("[\"\\\\\",1,\"\\\"01\",\"\\\\u0000\",\"\\u0001\"]");
    expect_refused(BYTES("[\"\\\\\",01]"),
                   "line 1, column 7: not a number as JSON writes them");
    expect_refused(BYTES("[\"\\\\\\u0000\"]"),
                   "line 1, column 5: an escaped NUL");
}

Test(json_strict, syntax_errors_are_located, .timeout = 10)
{
    expect_refused(BYTES("{\n  \"a\": nope}"),
                   "line 2, column 8: a JSON syntax error");
    expect_refused(BYTES(""), "line 1, column 1: a JSON syntax error");
}

Test(json_strict, text_after_the_document_is_refused, .timeout = 10)
{
    expect_refused(BYTES("{} {}"),
                   "line 1, column 4: text after the JSON document");
}

Test(json_strict, document_over_the_cap_is_refused_unread, .timeout = 10)
{
    expect_refused("", JSON_STRICT_MAX_BYTES + 1, "is over 16 MiB long");
}

Test(json_strict, messages_name_file_place_and_member, .timeout = 10)
{
    struct json_strict js;
    char *why;
    size_t first, second;

    json_strict_init(&js, "f.json", &why);
    cr_expect(why == NULL);
    cr_expect_eq(json_strict_fail(&js, NULL, "%s", "bad"), -1);
    expect_why(why, "f.json: bad");
    json_strict_fail(&js, "a", "bad");
    expect_why(why, "f.json: a: bad");
    first = json_strict_enter(&js, "list[%d]", 3);
    json_strict_fail(&js, NULL, "bad");
    expect_why(why, "f.json: list[3]: bad");
    second = json_strict_enter(&js, "inner");
    json_strict_fail(&js, "a", "bad");
    expect_why(why, "f.json: list[3].inner.a: bad");
    json_strict_leave(&js, second);
    json_strict_fail(&js, "b", "bad");
    expect_why(why, "f.json: list[3].b: bad");
    json_strict_leave(&js, first);
    json_strict_fail(&js, "c", "bad");
    expect_why(why, "f.json: c: bad");
}

Test(json_strict, a_deep_place_is_cut_not_overrun, .timeout = 10)
{
    struct json_strict js;
    char *why;

    json_strict_init(&js, NULL, &why);
    for (int i = 0; i < 100; i++)
        json_strict_enter(&js, "member");
    cr_expect_eq(strlen(js.place), sizeof(js.place) - 1);
    json_strict_leave(&js, 6);
    cr_expect_str_eq(js.place, "member");
}

/* Reads `json` and checks its member v as a whole number from 1 to 9. */
static int read_integer(const char *json, uint64_t *value, char **why)
{
    cJSON *document = cJSON_Parse(json);
    struct json_strict js;
    int result;

    json_strict_init(&js, NULL, why);
    result = json_strict_integer(
        &js, "v", cJSON_GetObjectItemCaseSensitive(document, "v"), 1, 9, value);
    cJSON_Delete(document);
    return result;
}

Test(json_strict, integers_within_bounds_are_taken, .timeout = 10)
{
    uint64_t value = 5;
    char *why;

    cr_expect_eq(read_integer("{}", &value, &why), 0);
    cr_expect_eq(value, 5, "left out, yet changed");
    cr_expect_eq(read_integer("{\"v\":1}", &value, &why), 0);
    cr_expect_eq(value, 1);
    cr_expect_eq(read_integer("{\"v\":9.0}", &value, &why), 0);
    cr_expect_eq(value, 9);
}

Test(json_strict, integers_that_are_none_or_out_of_bounds_are_refused,
     .timeout = 10)
{
    static const char *const bad[] = {"0",    "10",   "1.5",   "-1", "1e999",
                                      "true", "null", "\"1\"", "[]", "{}"};
    static const char *const seen[] = {
        "the number 0",   "the number 10", "the number 1.5", "the number -1",
        "the number inf", "true",          "null",           "the string \"1\"",
        "an array",       "an object"};

    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        char json[32], expected[96];
        uint64_t value = 5;
        char *why;

        snprintf(json, sizeof(json), "{\"v\":%s}", bad[i]);
        snprintf(expected, sizeof(expected),
                 "v: found %s, expected a whole number from 1 to 9", seen[i]);
        cr_expect_eq(read_integer(json, &value, &why), -1, "%s taken", json);
        expect_why(why, expected);
        cr_expect_eq(value, 5);
    }
}

Test(json_strict, numbers_are_held_within_bounds, .timeout = 10)
{
    cJSON *good = cJSON_CreateNumber(0.25);
    cJSON *bad = cJSON_CreateNumber(1.5);
    struct json_strict js;
    double value = 0;
    char *why;

    json_strict_init(&js, NULL, &why);
    cr_expect_eq(json_strict_number(&js, "p", good, 0, 1, &value), 0);
    cr_expect_eq(value, 0.25);
    cr_expect_eq(json_strict_number(&js, "p", NULL, 0, 1, &value), 0);
    cr_expect_eq(json_strict_number(&js, "p", bad, 0, 1, &value), -1);
    cr_expect_eq(value, 0.25);
    expect_why(why, "p: found the number 1.5, expected a number from 0 to 1");
    cJSON_Delete(good);
    cJSON_Delete(bad);
}

static char *object_mistake(const char *json)
{
    static const char *const names[] = {"a", "b", NULL};
    cJSON *document = cJSON_Parse(json);
    struct json_strict js;
    char *why;
    int result;

    json_strict_init(&js, NULL, &why);
    result = json_strict_object(&js, document, names, "an object of a and b");
    cr_expect_eq(result, why ? -1 : 0);
    cJSON_Delete(document);
    return why;
}

Test(json_strict, objects_of_known_members_are_taken, .timeout = 10)
{
    cr_expect(object_mistake("{}") == NULL);
    cr_expect(object_mistake("{\"b\":1,\"a\":{\"x\":1}}") == NULL);
}

Test(json_strict, unknown_and_repeated_members_are_refused, .timeout = 10)
{
    expect_why(object_mistake("{\"a\":1,\"A\":1}"),
               "unknown name \"A\", expected an object of a and b");
    expect_why(object_mistake("{\"a\":1,\"b\":1,\"\\u0061\":1}"),
               "a: appears twice in one object");
    expect_why(object_mistake("[1]"),
               "found an array, expected an object of a and b");
}
