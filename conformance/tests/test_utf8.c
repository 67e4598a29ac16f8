#include "utf8.h"

#include <stdlib.h>
#include <string.h>
#include <criterion/criterion.h>

static void expect_repaired(const char *text, const char *repaired)
{
    char *got = utf8_repaired(text);

    cr_expect_str_eq(got, repaired);
    free(got);
}

Test(utf8, whole_characters_stay, .timeout = 10)
{
    expect_repaired("", "");
    expect_repaired("a é 视频 𝄞", "a é 视频 𝄞");
}

Test(utf8, a_bad_byte_is_replaced, .timeout = 10)
{
    expect_repaired("a\xff"
                    "b",
                    "a\xef\xbf\xbd"
                    "b");
    expect_repaired("\x80", "\xef\xbf\xbd");
}

Test(utf8, a_character_cut_short_is_bad, .timeout = 10)
{
    expect_repaired("\xe8\xa7", "\xef\xbf\xbd\xef\xbf\xbd");
}

Test(utf8, overlong_forms_and_surrogates_are_bad, .timeout = 10)
{
    expect_repaired("\xc0\xaf", "\xef\xbf\xbd\xef\xbf\xbd");
    expect_repaired("\xed\xa0\x80", "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd");
    expect_repaired("\xf4\x90\x80\x80",
                    "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd");
}

Test(utf8, a_prefix_ends_between_characters, .timeout = 10)
{
    cr_expect_eq(utf8_prefix("视频", 5), 3);
    cr_expect_eq(utf8_prefix("视频", 6), 6);
    cr_expect_eq(utf8_prefix("ab", 100), 2);
}

Test(utf8, control_characters_are_shown, .timeout = 10)
{
    struct bytes out = {0};
    const char *text = "a\x1b[31m\n\t视\xc2\x9b";

    utf8_show(text, strlen(text), &out);
    cr_expect_str_eq(out.data, "a\\x1b[31m\\x0a\t视\\x9b");
    bytes_release(&out);
}
