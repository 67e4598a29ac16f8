#include "match.h"

#include <stdlib.h>
#include <string.h>
#include <criterion/criterion.h>

#include "json_of.h"

TestSuite(match, .timeout = 10);

/* `actual` is JSON, or NULL for nothing. */
static bool matches(const char *expected, const char *actual)
{
    json_t *want = json_of(expected);
    json_t *got = actual ? json_of(actual) : NULL;
    bool good = match_value(want, got, "x", NULL);

    json_decref(want);
    json_decref(got);
    return good;
}

#define EXPECT_MATCH(expected, actual)                                         \
    cr_expect(matches(expected, actual), "%s, %s", expected, actual)
#define EXPECT_NO_MATCH(expected, actual)                                      \
    cr_expect(!matches(expected, actual), "%s, %s", expected, actual)

/* The lines that a comparison of members adds. */
static void expect_lines(const char *expected, const char *actual,
                         const char *path, const char *lines)
{
    json_t *want = json_of(expected), *got = json_of(actual);
    struct bytes problems = {0};
    bool good = match_members(want, got, path, &problems);

    cr_expect_eq(good, *lines == '\0');
    cr_expect_str_eq(problems.data ? problems.data : "", lines);
    json_decref(want);
    json_decref(got);
    bytes_release(&problems);
}

static void expect_wrong(const char *expected, const char *why)
{
    json_t *value = json_of(expected);
    char *wrong = match_check(value);

    if (why)
        cr_expect(wrong && strstr(wrong, why), "%s: %s", expected, wrong);
    else
        cr_expect(wrong == NULL, "%s: %s", expected, wrong);
    free(wrong);
    json_decref(value);
}

Test(match, a_value_stands_for_itself)
{
    EXPECT_MATCH("0", "0");
    EXPECT_NO_MATCH("0", "1");
    EXPECT_MATCH("\"a\"", "\"a\"");
    EXPECT_NO_MATCH("\"a\"", "\"b\"");
    EXPECT_MATCH("null", "null");
    EXPECT_NO_MATCH("null", "0");
    EXPECT_NO_MATCH("true", "false");
}

Test(match, types_are_told_apart)
{
    EXPECT_NO_MATCH("0", "\"0\"");
    EXPECT_NO_MATCH("0", "0.0");
    EXPECT_NO_MATCH("0", "false");
    EXPECT_NO_MATCH("\"true\"", "true");
    EXPECT_NO_MATCH("{}", "[]");
}

Test(match, nothing_matches_nothing)
{
    EXPECT_NO_MATCH("null", NULL);
    EXPECT_NO_MATCH("\"$any\"", NULL);
    EXPECT_NO_MATCH("\"$string\"", NULL);
    EXPECT_NO_MATCH("\"$$a\"", NULL);
    EXPECT_NO_MATCH("{}", NULL);
    EXPECT_NO_MATCH("[]", NULL);
}

Test(match, any_is_a_value_of_any_type)
{
    EXPECT_MATCH("\"$any\"", "null");
    EXPECT_MATCH("\"$any\"", "{\"a\":1}");
    EXPECT_MATCH("\"$any\"", "\"\"");
}

Test(match, sets_of_a_type_have_that_type_alone)
{
    EXPECT_MATCH("\"$string\"", "\"\"");
    EXPECT_NO_MATCH("\"$string\"", "1");
    EXPECT_MATCH("\"$int\"", "-5001");
    EXPECT_NO_MATCH("\"$int\"", "1.0");
    EXPECT_NO_MATCH("\"$int\"", "\"1\"");
    EXPECT_MATCH("\"$bool\"", "false");
    EXPECT_NO_MATCH("\"$bool\"", "0");
    EXPECT_MATCH("\"$object\"", "{}");
    EXPECT_NO_MATCH("\"$object\"", "[]");
}

Test(match, non_empty_is_a_string_with_something_in_it)
{
    EXPECT_MATCH("\"$non-empty\"", "\"x\"");
    EXPECT_NO_MATCH("\"$non-empty\"", "\"\"");
    EXPECT_NO_MATCH("\"$non-empty\"", "1");
}

Test(match, a_range_includes_its_bounds)
{
    EXPECT_MATCH("\"$int:-1..100\"", "-1");
    EXPECT_MATCH("\"$int:-1..100\"", "100");
    EXPECT_NO_MATCH("\"$int:-1..100\"", "-2");
    EXPECT_NO_MATCH("\"$int:-1..100\"", "101");
    EXPECT_NO_MATCH("\"$int:-1..100\"", "50.0");
    EXPECT_NO_MATCH("\"$int:-1..100\"", "\"50\"");
}

Test(match, digits_are_so_many_decimal_digits)
{
    EXPECT_MATCH("\"$digits:4\"", "\"0123\"");
    EXPECT_NO_MATCH("\"$digits:4\"", "\"123\"");
    EXPECT_NO_MATCH("\"$digits:4\"", "\"12345\"");
    EXPECT_NO_MATCH("\"$digits:4\"", "\"12a4\"");
    EXPECT_NO_MATCH("\"$digits:4\"", "1234");
    EXPECT_MATCH("\"$digits:0\"", "\"\"");
}

Test(match, a_message_is_the_phrase_of_the_catalogue)
{
    EXPECT_MATCH("\"$message:0\"", "\"OK\"");
    EXPECT_NO_MATCH("\"$message:9\"", "\"OK\"");
    EXPECT_NO_MATCH("\"$message:9\"", "9");
}

Test(match, contains_looks_for_a_text_colons_and_all)
{
    EXPECT_MATCH("\"$contains:no is:2\"", "\"errorno is:2.\"");
    EXPECT_NO_MATCH("\"$contains:no is:2\"", "\"errorno is:3\"");
    EXPECT_NO_MATCH("\"$contains:1\"", "1");
}

Test(match, a_photo_is_strict_base64_of_a_jpeg)
{
    /* ff d8 ff 00 ff d9; then with a byte more, and without its end */
    EXPECT_MATCH("\"$base64-jpeg\"", "\"/9j/AP/Z\"");
    EXPECT_MATCH("\"$base64-jpeg\"", "\"/9j/AAD/2Q==\"");
    EXPECT_NO_MATCH("\"$base64-jpeg\"", "\"/9j/AP8A\"");
    EXPECT_NO_MATCH("\"$base64-jpeg\"", "\"AAj/AP/Z\"");
    EXPECT_NO_MATCH("\"$base64-jpeg\"", "\"/9j/AAD/2Q\"");
    EXPECT_NO_MATCH("\"$base64-jpeg\"", "\"/9j/\\nAP/Z\"");
    EXPECT_NO_MATCH("\"$base64-jpeg\"", "\" /9j/AP/Z\"");
    EXPECT_NO_MATCH("\"$base64-jpeg\"", "\"_9j_AP_Z\"");
    EXPECT_NO_MATCH("\"$base64-jpeg\"", "\"/9==/9j/AP/Z\"");
    EXPECT_NO_MATCH("\"$base64-jpeg\"", "\"\"");
    EXPECT_NO_MATCH("\"$base64-jpeg\"", "1");
}

Test(match, two_dollars_are_one_of_the_text_itself)
{
    EXPECT_MATCH("\"$$any\"", "\"$any\"");
    EXPECT_NO_MATCH("\"$$any\"", "\"$$any\"");
    EXPECT_NO_MATCH("\"$$any\"", "1");
}

Test(match, sets_are_looked_at_within_objects_and_lists)
{
    EXPECT_MATCH("{\"a\":{\"b\":\"$int\"}}", "{\"a\":{\"b\":7}}");
    EXPECT_NO_MATCH("{\"a\":{\"b\":\"$int\"}}", "{\"a\":{\"b\":\"7\"}}");
    EXPECT_MATCH("[\"$int\",\"x\"]", "[7,\"x\"]");
    EXPECT_NO_MATCH("[\"$int\",\"x\"]", "[7,\"y\"]");
}

Test(match, an_object_within_has_no_other_members)
{
    EXPECT_NO_MATCH("{\"a\":1}", "{\"a\":1,\"b\":2}");
    EXPECT_NO_MATCH("{\"a\":1,\"b\":2}", "{\"a\":1}");
    EXPECT_NO_MATCH("{\"a\":1}", "{\"b\":1}");
}

Test(match, a_list_is_of_equal_length_and_order)
{
    EXPECT_NO_MATCH("[1]", "[1,2]");
    EXPECT_NO_MATCH("[1,2]", "[2,1]");
    EXPECT_MATCH("[]", "[]");
}

Test(match, other_members_do_not_matter_at_the_top)
{
    expect_lines("{\"sim\":90}", "{\"sim\":90,\"photo\":\"x\"}", "data", "");
}

Test(match, every_mismatch_has_its_line)
{
    expect_lines("{\"a\":1,\"b\":\"$int\",\"c\":2}", "{\"a\":2,\"c\":2}",
                 "data",
                 "data.a: expected 1, got 2\n"
                 "data.b: expected \"$int\", got nothing\n");
    expect_lines("{\"a\":1}", "{\"a\":\"1\"}", "",
                 "a: expected 1, got \"1\"\n");
    expect_lines("{\"a\":{\"b\":[0,1]}}", "{\"a\":{\"b\":[0,2]}}", "data",
                 "data.a.b[1]: expected 1, got 2\n");
}

Test(match, members_of_what_is_no_object_are_missing)
{
    expect_lines("{\"a\":1}", "[]", "data",
                 "data.a: expected 1, got nothing\n");
    expect_lines("{}", "[]", "data", "");
}

Test(match, sets_that_exist_are_taken)
{
    expect_wrong("\"$any\"", NULL);
    expect_wrong("\"$int:-5..5\"", NULL);
    expect_wrong("\"$message:-5001\"", NULL);
    expect_wrong("\"$contains::\"", NULL);
    expect_wrong("\"$$nonsense\"", NULL);
    expect_wrong("\"a $nonsense\"", NULL);
    expect_wrong("{\"a\":[\"$any\",1]}", NULL);
}

Test(match, a_set_that_does_not_exist_is_told)
{
    expect_wrong("\"$\"", "\"$\" names no set of values");
    expect_wrong("\"$integer\"", "\"$integer\" names no set");
    expect_wrong("\"$in\"", "\"$in\" names no set");
    expect_wrong("\"$any:1\"", "names no set");
    expect_wrong("{\"a\":[1,\"$no\"]}", "\"$no\" names no set");
}

Test(match, a_set_with_a_bad_argument_is_told)
{
    expect_wrong("\"$int:\"", "names no set");
    expect_wrong("\"$int:1\"", "names no set");
    expect_wrong("\"$int:5..1\"", "names no set");
    expect_wrong("\"$int:1..x\"", "names no set");
    expect_wrong("\"$digits\"", "names no set");
    expect_wrong("\"$digits:-4\"", "names no set");
    expect_wrong("\"$digits:4x\"", "names no set");
    expect_wrong("\"$message:\"", "names no set");
    expect_wrong("\"$message:x\"", "names no set");
    expect_wrong("\"$contains:\"", "names no set");
}

static void expect_shown(const json_t *value, const char *expected)
{
    char *shown = match_show(value);

    cr_expect_str_eq(shown, expected);
    free(shown);
}

Test(match, a_value_is_shown_on_one_line)
{
    json_t *value = json_of("{ \"a\": [1, null],\n \"b\": \"\\n\" }");

    expect_shown(value, "{\"a\":[1,null],\"b\":\"\\n\"}");
    expect_shown(NULL, "nothing");
    json_decref(value);
}

Test(match, a_long_value_is_shortened_between_characters)
{
    struct bytes text = {0};
    json_t *value;
    char *shown;

    bytes_fill(&text, 'x', 118);
    bytes_text(&text, "\xc3\xa9\xc3\xa9");
    value = json_string(text.data);
    shown = match_show(value);
    /* A quotation mark, 118 letters, and no half character. */
    cr_expect(strncmp(shown + 118, "x… (124 bytes)", 16) == 0, "%s", shown);
    json_decref(value);
    free(shown);
    bytes_release(&text);
}
