#include "params.h"

#include <string.h>
#include <criterion/criterion.h>
#include "support.h"

static const struct {
    enum param_id id;
    const char *name;
    bool is_file;
} names[] = {
    {PARAM_APPID, "appid", false},
    {PARAM_BUCKET, "bucket", false},
    {PARAM_VALIDATE_DATA, "validate_data", false},
    {PARAM_VIDEO, "video", true},
    {PARAM_COMPARE_FLAG, "compare_flag", false},
    {PARAM_CARD, "card", true},
    {PARAM_SEQ, "seq", false},
    {PARAM_IMAGE, "image", true},
    {PARAM_URL, "url", false},
};

Test(params, each_has_its_name_on_the_wire, .timeout = 10)
{
    cr_assert_eq(LENGTH(names), (size_t)PARAM__COUNT);
    for (size_t i = 0; i < LENGTH(names); i++) {
        cr_expect_str_eq(param_name(names[i].id), names[i].name);
        cr_expect_eq(param_is_file(names[i].id), names[i].is_file, "%s",
                     names[i].name);
        cr_expect_eq(param_find(names[i].name, strlen(names[i].name)),
                     names[i].id, "%s", names[i].name);
    }
}

Test(params, other_names_are_none, .timeout = 10)
{
    cr_expect_eq(param_find("", 0), PARAM__COUNT);
    cr_expect_eq(param_find("appi", 4), PARAM__COUNT);
    cr_expect_eq(param_find("appid", 4), PARAM__COUNT);
    cr_expect_eq(param_find("appid\0", 6), PARAM__COUNT);
    cr_expect_eq(param_find("Appid", 5), PARAM__COUNT);
    cr_expect_eq(param_find("appidx", 6), PARAM__COUNT);
    cr_expect_eq(param_find("appidx", 5), PARAM_APPID);
}

Test(params, a_value_is_given_when_it_is_not_empty, .timeout = 10)
{
    struct param_value value = {0};

    cr_expect_not(param_given(&value));
    value = (struct param_value){.form = PARAM_TEXT, .text = ""};
    cr_expect_not(param_given(&value));
    value = (struct param_value){PARAM_TEXT, "x", 1, {0}};
    cr_expect(param_given(&value));
    value = (struct param_value){PARAM_INTEGER, "0", 1, {0}};
    cr_expect(param_given(&value));
    value = (struct param_value){.form = PARAM_FILE};
    cr_expect_not(param_given(&value));
    value = (struct param_value){.form = PARAM_FILE, .file = {.size = 1}};
    cr_expect(param_given(&value));
    value = (struct param_value){.form = PARAM_OTHER};
    cr_expect(param_given(&value));
}

Test(params, equality_is_of_all_bytes, .timeout = 10)
{
    struct param_value value = {PARAM_TEXT, "true", 4, {0}};

    cr_expect(param_equals(&value, "true", 4));
    cr_expect_not(param_equals(&value, "true", 3));
    cr_expect_not(param_equals(&value, "True", 4));
    cr_expect_not(param_equals(&value, "true ", 5));
    value = (struct param_value){PARAM_TEXT, "a\0b", 3, {0}};
    cr_expect_not(param_equals(&value, "a", 1));
    cr_expect(param_equals(&value, "a\0b", 3));
    value = (struct param_value){PARAM_INTEGER, "17", 2, {0}};
    cr_expect(param_equals(&value, "17", 2));
}

Test(params, only_text_equals_text, .timeout = 10)
{
    struct param_value value = {0};

    cr_expect_not(param_equals(&value, "", 0));
    value.form = PARAM_OTHER;
    cr_expect_not(param_equals(&value, "", 0));
    value.form = PARAM_FILE;
    cr_expect_not(param_equals(&value, "", 0));
}

Test(params, type_of_an_upload_is_told_by_its_head, .timeout = 10)
{
    struct upload file = {
        .size = 100,
        .head = (const unsigned char *)"GIF89a",
        .head_len = 6,
    };

    cr_expect_eq(upload_type(&file), MEDIA_GIF);
    file.head_len = 5;
    cr_expect_eq(upload_type(&file), MEDIA_UNKNOWN);
}
