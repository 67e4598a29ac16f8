#include "value.h"

#include <criterion/criterion.h>

#include "json_of.h"

TestSuite(value, .timeout = 10);

Test(value, a_string_member_is_found)
{
    json_t *object = json_of("{\"a\":\"x\",\"n\":1}");

    cr_expect_str_eq(value_find_text(object, "a"), "x");
    cr_expect_str_eq(value_text(object, "a"), "x");
    json_decref(object);
}

Test(value, what_is_no_string_or_not_there_is_no_text)
{
    json_t *object = json_of("{\"a\":\"x\",\"n\":1}");
    json_t *list = json_of("[\"a\"]");

    cr_expect_null(value_find_text(object, "n"));
    cr_expect_null(value_find_text(object, "b"));
    cr_expect_null(value_find_text(list, "a"));
    cr_expect_null(value_find_text(NULL, "a"));
    cr_expect_str_eq(value_text(object, "n"), "");
    cr_expect_str_eq(value_text(NULL, "a"), "");
    json_decref(object);
    json_decref(list);
}

Test(value, a_path_leads_to_members_of_members)
{
    json_t *object = json_of("{\"a\":{\"b\":{\"c\":7}},\"ab\":8}");

    cr_expect_eq(json_integer_value(value_find_path(object, "a.b.c")), 7);
    cr_expect_eq(json_integer_value(value_find_path(object, "ab")), 8);
    cr_expect(json_is_object(value_find_path(object, "a.b")));
    json_decref(object);
}

Test(value, a_path_that_leads_nowhere_finds_nothing)
{
    static const char *const paths[] = {"",     "b",   "a.x",    "a.b.c.d",
                                        "ab.c", "a..", "x.y.z.", ".a"};
    json_t *object = json_of("{\"a\":{\"b\":{\"c\":7}},\"ab\":8}");

    for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++)
        cr_expect_null(value_find_path(object, paths[i]), "%s", paths[i]);
    cr_expect_null(value_find_path(NULL, "a.b"));
    json_decref(object);
}

Test(value, a_word_is_looked_for_among_strings)
{
    json_t *list = json_of("[1,\"seq\",null,\"https\"]");
    json_t *object = json_of("{\"seq\":\"seq\"}");

    cr_expect(value_has_word(list, "https"));
    cr_expect_not(value_has_word(list, "http"));
    cr_expect_not(value_has_word(object, "seq"));
    cr_expect_not(value_has_word(NULL, "seq"));
    json_decref(list);
    json_decref(object);
}

Test(value, no_text_is_no_word)
{
    cr_expect(text_is("same", "same"));
    cr_expect_not(text_is("same ", "same"));
    cr_expect_not(text_is(NULL, ""));
}
