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

static void expect_match(const char *expected, const char *actual)
{
    cr_expect(matches(expected, actual), "%s, %s", expected, actual);
}

static void expect_no_match(const char *expected, const char *actual)
{
    cr_expect(!matches(expected, actual), "%s, %s", expected,
              actual ? actual : "nothing");
}

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
    expect_match("0", "0");
    expect_no_match("0", "1");
    expect_match("\"a\"", "\"a\"");
    expect_no_match("\"a\"", "\"b\"");
    expect_match("null", "null");
    expect_no_match("null", "0");
    expect_no_match("true", "false");
}

Test(match, types_are_told_apart)
{
    expect_no_match("0", "\"0\"");
    expect_no_match("0", "0.0");
    expect_no_match("0", "false");
    expect_no_match("\"true\"", "true");
    expect_no_match("{}", "[]");
}

Test(match, nothing_matches_nothing)
{
    expect_no_match("null", NULL);
    expect_no_match("\"$any\"", NULL);
    expect_no_match("\"$string\"", NULL);
    expect_no_match("\"$$a\"", NULL);
    expect_no_match("{}", NULL);
    expect_no_match("[]", NULL);
}

Test(match, any_is_a_value_of_any_type)
{
    expect_match("\"$any\"", "null");
    expect_match("\"$any\"", "{\"a\":1}");
    expect_match("\"$any\"", "\"\"");
}

Test(match, sets_of_a_type_have_that_type_alone)
{
    expect_match("\"$string\"", "\"\"");
    expect_no_match("\"$string\"", "1");
    expect_match("\"$int\"", "-5001");
    expect_no_match("\"$int\"", "1.0");
    expect_no_match("\"$int\"", "\"1\"");
    expect_match("\"$bool\"", "false");
    expect_no_match("\"$bool\"", "0");
    expect_match("\"$object\"", "{}");
    expect_no_match("\"$object\"", "[]");
}

Test(match, non_empty_is_a_string_with_something_in_it)
{
    expect_match("\"$non-empty\"", "\"x\"");
    expect_no_match("\"$non-empty\"", "\"\"");
    expect_no_match("\"$non-empty\"", "1");
}

Test(match, a_range_includes_its_bounds)
{
    expect_match("\"$int:-1..100\"", "-1");
    expect_match("\"$int:-1..100\"", "100");
    expect_no_match("\"$int:-1..100\"", "-2");
    expect_no_match("\"$int:-1..100\"", "101");
    expect_no_match("\"$int:-1..100\"", "50.0");
    expect_no_match("\"$int:-1..100\"", "\"50\"");
}

Test(match, digits_are_so_many_decimal_digits)
{
    expect_match("\"$digits:4\"", "\"0123\"");
    expect_no_match("\"$digits:4\"", "\"123\"");
    expect_no_match("\"$digits:4\"", "\"12345\"");
    expect_no_match("\"$digits:4\"", "\"12a4\"");
    expect_no_match("\"$digits:4\"", "1234");
    expect_match("\"$digits:0\"", "\"\"");
}

Test(match, a_message_is_the_phrase_of_the_catalogue)
{
    expect_match("\"$message:0\"", "\"OK\"");
    expect_no_match("\"$message:9\"", "\"OK\"");
    expect_no_match("\"$message:9\"", "9");
}

Test(match, contains_looks_for_a_text_colons_and_all)
{
    expect_match("\"$contains:no is:2\"", "\"errorno is:2.\"");
    expect_no_match("\"$contains:no is:2\"", "\"errorno is:3\"");
    expect_no_match("\"$contains:1\"", "1");
}

Test(match, a_photo_is_strict_base64_of_a_jpeg)
{
    /* ff d8 ff 00 ff d9; then with a byte more, and without its end */
    expect_match("\"$base64-jpeg\"", "\"/9j/AP/Z\"");
    expect_match("\"$base64-jpeg\"", "\"/9j/AAD/2Q==\"");
    expect_no_match("\"$base64-jpeg\"", "\"/9j/AP8A\"");
    expect_no_match("\"$base64-jpeg\"", "\"AAj/AP/Z\"");
    expect_no_match("\"$base64-jpeg\"", "\"/9j/AAD/2Q\"");
    expect_no_match("\"$base64-jpeg\"", "\"/9j/\\nAP/Z\"");
    expect_no_match("\"$base64-jpeg\"", "\" /9j/AP/Z\"");
    expect_no_match("\"$base64-jpeg\"", "\"_9j_AP_Z\"");
    expect_no_match("\"$base64-jpeg\"", "\"/9==/9j/AP/Z\"");
    expect_no_match("\"$base64-jpeg\"", "\"\"");
    expect_no_match("\"$base64-jpeg\"", "1");
}

Test(match, two_dollars_are_one_of_the_text_itself)
{
    expect_match("\"$$any\"", "\"$any\"");
    expect_no_match("\"$$any\"", "\"$$any\"");
    expect_no_match("\"$$any\"", "1");
}

Test(match, sets_are_looked_at_within_objects_and_lists)
{
    expect_match("{\"a\":{\"b\":\"$int\"}}", "{\"a\":{\"b\":7}}");
    expect_no_match("{\"a\":{\"b\":\"$int\"}}", "{\"a\":{\"b\":\"7\"}}");
    expect_match("[\"$int\",\"x\"]", "[7,\"x\"]");
    expect_no_match("[\"$int\",\"x\"]", "[7,\"y\"]");
}

Test(match, an_object_within_has_no_other_members)
{
    expect_no_match("{\"a\":1}", "{\"a\":1,\"b\":2}");
    expect_no_match("{\"a\":1,\"b\":2}", "{\"a\":1}");
    expect_no_match("{\"a\":1}", "{\"b\":1}");
}

Test(match, a_list_is_of_equal_length_and_order)
{
    expect_no_match("[1]", "[1,2]");
    expect_no_match("[1,2]", "[2,1]");
    expect_match("[]", "[]");
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
