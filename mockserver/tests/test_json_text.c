#include "json_text.h"

#include <string.h>
#include <criterion/criterion.h>

Test(json_text, what_json_allows_passes, .timeout = 10)
{
    static const char *const good[] = {
        "",
        "{}",
        " \t\r\n[ ]",
        "{\"a\":\"\xe4\xba\xba\"}",
        "\"\\\" \\\\ \\u0001 \\u0041\"",
        "[0,-1,1.5,1e3,-0.5E-7,10]",
        "[true,false,null]",
        "\"\x7f\"",
    };

    for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
        struct json_mistake mistake = {0};

        cr_expect_eq(json_text_check(good[i], strlen(good[i]), &mistake), 0,
                     "%s: %s at %zu", good[i], mistake.what, mistake.offset);
    }
}

Test(json_text, what_cjson_lets_pass_is_refused_at_its_offset, .timeout = 10)
{
    static const struct {
        const char *json;
        size_t offset;
        const char *what;
    } bad[] = {
        {"\xef\xbb\xbf{}", 0, "a byte outside of a string"},
        {"{\"a\":01}", 5, "not a number as JSON writes them"},
        {"[1.]", 1, "not a number as JSON writes them"},
        {"[-]", 1, "not a number as JSON writes them"},
        {"[1e]", 1, "not a number as JSON writes them"},
        {"[\"a\nb\"]", 3, "a control byte"},
        {"[\x01]", 1, "a control byte"},
        {"[\x0c]", 1, "a control byte"},
        {"[\x7f]", 1, "a control byte"},
        {"[\"ab\xff\"]", 4, "not UTF-8"},
        {"[\"\xc0\x80\"]", 2, "not UTF-8"},
        {"\xff", 0, "not UTF-8"},
        {"[\"\\u0000\"]", 2, "an escaped NUL"},
        {"[\"\\u00=0\"]", 2, "not four hexadecimal digits after \\u"},
        {"[\"\\u00", 2, "not four hexadecimal digits after \\u"},
    };

    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        struct json_mistake mistake = {.what = ""};
        const char *json = bad[i].json;

        cr_expect_eq(json_text_check(json, strlen(json), &mistake), -1,
                     "row %zu", i);
        cr_expect_str_eq(mistake.what, bad[i].what, "row %zu", i);
        cr_expect_eq(mistake.offset, bad[i].offset, "row %zu", i);
    }
}
