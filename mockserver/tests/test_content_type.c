#include "content_type.h"

#include <stdio.h>
#include <string.h>
#include <criterion/criterion.h>

#define MULTIPART "multipart/form-data"
#define TEN "0123456789"
#define SEVENTY TEN TEN TEN TEN TEN TEN TEN

static void expect_kind(const char *value, enum content_kind kind)
{
    struct content_type ct;

    content_type_parse(&ct, value);
    cr_expect_eq(ct.kind, kind, "%s is of kind %d", value ? value : "NULL",
                 (int)ct.kind);
}

static void expect_boundary(const char *value, const char *boundary)
{
    struct content_type ct;

    content_type_parse(&ct, value);
    cr_expect_eq(ct.kind, CONTENT_MULTIPART, "%s", value);
    cr_expect_eq(ct.boundary_state, BOUNDARY_OK, "%s", value);
    cr_expect_str_eq(ct.boundary, boundary, "%s", value);
    cr_expect_eq(ct.boundary_len, strlen(boundary), "%s", value);
}

static void expect_no_boundary(const char *value, enum boundary_state state)
{
    struct content_type ct;

    content_type_parse(&ct, value);
    cr_expect_eq(ct.kind, CONTENT_MULTIPART, "%s", value);
    cr_expect_eq(ct.boundary_state, state, "%s has state %d", value,
                 (int)ct.boundary_state);
    cr_expect_str_eq(ct.boundary, "", "%s", value);
    cr_expect_eq(ct.boundary_len, 0, "%s", value);
}

static bool type_quoted(const char *value)
{
    struct content_type ct;

    content_type_parse(&ct, value);
    return ct.type_quoted;
}

static bool boundary_quoted(const char *value)
{
    struct content_type ct;

    content_type_parse(&ct, value);
    return ct.boundary_quoted;
}

Test(content_type, absent_or_blank_field_is_missing, .timeout = 10)
{
    expect_kind(NULL, CONTENT_MISSING);
    expect_kind("", CONTENT_MISSING);
    expect_kind(" \t ", CONTENT_MISSING);
}

Test(content_type, json_is_recognised_in_any_case, .timeout = 10)
{
    expect_kind("application/json", CONTENT_JSON);
    expect_kind("Application/JSON", CONTENT_JSON);
}

Test(content_type, parameters_and_blanks_around_json_are_ignored, .timeout = 10)
{
    expect_kind("application/json;charset=UTF-8", CONTENT_JSON);
    expect_kind(" \tapplication/json ; charset=\"utf-8\" ", CONTENT_JSON);
    expect_kind("application/json;", CONTENT_JSON);
}

Test(content_type, quotes_around_the_type_are_ignored, .timeout = 10)
{
    expect_kind("\"application/json\"", CONTENT_JSON);
    expect_kind("\" application/json \"", CONTENT_JSON);
    expect_kind("\"application/json\"; charset=utf-8", CONTENT_JSON);
    expect_kind("\"application/json\" ; charset=\"utf-8\"", CONTENT_JSON);
    expect_boundary("\"" MULTIPART "\"; boundary=X", "X");
    expect_boundary("\"" MULTIPART "\"; boundary=\"X\"", "X");
}

Test(content_type, quotes_around_the_whole_value_are_ignored, .timeout = 10)
{
    expect_kind("\"application/json; charset=utf-8\"", CONTENT_JSON);
    expect_boundary("\"" MULTIPART "; boundary=X\"", "X");
    expect_boundary("\"" MULTIPART "; boundary=\"X\"\"", "X");
}

Test(content_type, quotes_around_the_type_are_told, .timeout = 10)
{
    cr_expect(type_quoted("\"application/json\""));
    cr_expect(type_quoted("\"application/json\"; charset=\"utf-8\""));
    cr_expect(type_quoted("\"application/json; charset=utf-8\""));
    cr_expect_not(type_quoted("application/json; charset=\"utf-8\""));
}

Test(content_type, other_types_are_other, .timeout = 10)
{
    expect_kind("application/jsonx", CONTENT_OTHER);
    expect_kind("xapplication/json", CONTENT_OTHER);
    expect_kind("text/json", CONTENT_OTHER);
    expect_kind("application/jso", CONTENT_OTHER);
    expect_kind("application/json, text/plain", CONTENT_OTHER);
    expect_kind("multipart/mixed; boundary=X", CONTENT_OTHER);
    expect_kind("application/x-www-form-urlencoded", CONTENT_OTHER);
    expect_kind("text/plain; application/json", CONTENT_OTHER);
    expect_kind("; charset=utf-8", CONTENT_OTHER);
}

Test(content_type, quotes_that_do_not_surround_make_another_type, .timeout = 10)
{
    expect_kind("\"", CONTENT_OTHER);
    expect_kind("\"\"", CONTENT_OTHER);
    expect_kind("\"application/json", CONTENT_OTHER);
    expect_kind("application/json\"", CONTENT_OTHER);
    expect_kind("\"application/json\"x", CONTENT_OTHER);
    expect_kind("\"application/json; charset=utf-8", CONTENT_OTHER);
}

Test(content_type, boundary_is_read_bare, .timeout = 10)
{
    expect_boundary(MULTIPART ";boundary=--------------acebdf13572468",
                    "--------------acebdf13572468");
    expect_boundary(MULTIPART "; boundary=a=b", "a=b");
    expect_boundary(MULTIPART "; boundary=a,b'(c)+_./:?", "a,b'(c)+_./:?");
}

Test(content_type, boundary_is_read_quoted, .timeout = 10)
{
    expect_boundary("Multipart/Form-Data; charset=utf-8; Boundary=\"x y\"",
                    "x y");
    expect_boundary(MULTIPART "; boundary=\"a;b=c\"", "a;b=c");
}

Test(content_type, quotes_around_the_boundary_are_told, .timeout = 10)
{
    cr_expect(boundary_quoted(MULTIPART "; boundary=\"X\""));
    cr_expect_not(boundary_quoted(MULTIPART "; charset=\"x\"; boundary=X"));
}

Test(content_type, quoted_pair_in_a_boundary_is_unescaped, .timeout = 10)
{
    expect_boundary(MULTIPART "; boundary=\"a\\\"b\\\\c\\d\"", "a\"b\\cd");
    expect_boundary(MULTIPART "; boundary=a\\b", "a\\b");
}

Test(content_type, blanks_around_the_boundary_are_skipped, .timeout = 10)
{
    expect_boundary(MULTIPART " ;\t boundary \t= X \t", "X");
    expect_boundary(MULTIPART ";boundary = \"X\" ; charset=utf-8", "X");
    expect_boundary(" " MULTIPART ";boundary=X ;", "X");
}

Test(content_type, blanks_inside_quotes_belong_to_the_boundary, .timeout = 10)
{
    expect_boundary(MULTIPART "; boundary=\" X\"", " X");
}

Test(content_type, charset_may_stand_before_or_after_the_boundary,
     .timeout = 10)
{
    expect_boundary(MULTIPART "; charset=utf-8; boundary=X", "X");
    expect_boundary(MULTIPART "; boundary=X; charset=utf-8", "X");
    expect_boundary(MULTIPART ";; boundary=X;;", "X");
}

Test(content_type, first_of_repeated_boundaries_counts, .timeout = 10)
{
    expect_boundary(MULTIPART "; boundary=X; boundary=Y", "X");
    expect_boundary(MULTIPART "; boundary=\"X\"; boundary=\"Y", "X");
    expect_no_boundary(MULTIPART "; boundary=; boundary=Y", BOUNDARY_MISSING);
}

Test(content_type, boundary_in_quotes_of_another_parameter_is_none,
     .timeout = 10)
{
    expect_boundary(MULTIPART "; a=\"; boundary=Y\"; boundary=X", "X");
    expect_boundary(MULTIPART "; a=\"\\\"; boundary=Y\"; boundary=X", "X");
    expect_no_boundary(MULTIPART "; a=\"; boundary=Y", BOUNDARY_MISSING);
}

Test(content_type, text_after_a_quoted_value_is_skipped, .timeout = 10)
{
    expect_boundary(MULTIPART "; boundary=\"X\"y; boundary=Z", "X");
    expect_boundary(MULTIPART "; a=\"1\"boundary=Y; boundary=X", "X");
}

Test(content_type, absent_or_empty_boundary_is_missing, .timeout = 10)
{
    expect_no_boundary(MULTIPART, BOUNDARY_MISSING);
    expect_no_boundary(MULTIPART ";", BOUNDARY_MISSING);
    expect_no_boundary(MULTIPART "; boundary", BOUNDARY_MISSING);
    expect_no_boundary(MULTIPART "; boundary=", BOUNDARY_MISSING);
    expect_no_boundary(MULTIPART "; boundary= ;", BOUNDARY_MISSING);
    expect_no_boundary(MULTIPART "; boundary=\"\"", BOUNDARY_MISSING);
    expect_no_boundary(MULTIPART "; boundaryx=X; xboundary=Y",
                       BOUNDARY_MISSING);
}

Test(content_type, boundary_of_70_bytes_is_the_longest, .timeout = 10)
{
    expect_boundary(MULTIPART "; boundary=" SEVENTY, SEVENTY);
    expect_boundary(MULTIPART "; boundary=\"" SEVENTY "\"", SEVENTY);
    expect_no_boundary(MULTIPART "; boundary=" SEVENTY "x", BOUNDARY_TOO_LONG);
    expect_no_boundary(MULTIPART "; boundary=\"" SEVENTY SEVENTY "\"",
                       BOUNDARY_TOO_LONG);
}

Test(content_type, unclosed_quote_makes_a_bad_boundary, .timeout = 10)
{
    expect_no_boundary(MULTIPART "; boundary=\"X", BOUNDARY_BAD);
    expect_no_boundary(MULTIPART "; boundary=\"", BOUNDARY_BAD);
    expect_no_boundary(MULTIPART "; boundary=\"X\\\"", BOUNDARY_BAD);
}

Test(content_type, control_byte_makes_a_bad_boundary, .timeout = 10)
{
    for (int c = 1; c < 256; c++) {
        bool bad = c < 0x20 || c == 0x7f;
        char value[64];
        struct content_type ct;

        if (c == '"' || c == '\\')
            continue; /* ends or escapes */
        snprintf(value, sizeof(value), MULTIPART "; boundary=\"a%cb\"", c);
        content_type_parse(&ct, value);
        cr_expect_eq(ct.boundary_state, bad ? BOUNDARY_BAD : BOUNDARY_OK,
                     "byte %d", c);
    }
}

Test(content_type, nothing_of_an_earlier_value_stays, .timeout = 10)
{
    struct content_type ct;

    content_type_parse(&ct, "\"" MULTIPART "\"; boundary=\"X\"");
    content_type_parse(&ct, "application/json");
    cr_expect_eq(ct.kind, CONTENT_JSON);
    cr_expect_str_eq(ct.boundary, "");
    cr_expect_eq(ct.boundary_len, 0);
    cr_expect_not(ct.boundary_quoted);
    cr_expect_not(ct.type_quoted);
}
