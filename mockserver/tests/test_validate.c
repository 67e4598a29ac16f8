#include "validate.h"

#include <string.h>
#include <criterion/criterion.h>
#include "endpoints.h"
#include "support.h"

static struct accounts *accounts;
static struct exchange *x;

/* A right livedetectfour exchange of appid 1000001, as the stages before
 * left it. */
static void begin(void)
{
    accounts = accounts_demo();
    x = exchange_new();
    cr_assert(x != NULL);
}

static void end(void)
{
    exchange_free(x);
    accounts_free(accounts);
}

TestSuite(validate, .init = begin, .fini = end, .timeout = 10);

static void set_text(enum param_id id, const char *text)
{
    x->body.values[id] = (struct param_value){
        .form = PARAM_TEXT, .text = text, .text_len = strlen(text)};
}

static void set_form(enum param_id id, enum param_form form)
{
    x->body.values[id] = (struct param_value){.form = form};
}

/* The exchange gives the reference back when it ends. */
static void use_account(const char *appid)
{
    signature_release(&x->signature);
    x->signature.account = accounts_find(accounts, appid, strlen(appid));
}

static void make_right(void)
{
    signature_release(&x->signature);
    memset(&x->signature, 0, sizeof(x->signature));
    memset(x->body.values, 0, sizeof(x->body.values));
    x->body.long_field = NULL;
    x->endpoint = &endpoint_livedetectfour;
    use_account("1000001");
    x->signature.a = (struct signature_field){"1000001&", 7};
    x->signature.b = (struct signature_field){"test&", 4};
    set_text(PARAM_APPID, "1000001");
    set_text(PARAM_BUCKET, "test");
    set_text(PARAM_VALIDATE_DATA, "9532");
    set_text(PARAM_COMPARE_FLAG, "true");
    set_form(PARAM_VIDEO, PARAM_FILE);
    set_form(PARAM_CARD, PARAM_FILE);
}

static void expect_params(const char *expected)
{
    const char *why = NULL;
    enum error_code code = validate_params(x, &why);

    if (!expected) {
        cr_expect_eq(code, ERR_OK, "refused: %s", why);
        return;
    }
    cr_expect_eq(code, ERR_BAD_PARAMETER, "not refused: %s", expected);
    cr_assert(why != NULL);
    cr_expect_str_eq(why, expected, "%s\n  expected: %s", why, expected);
}

static void expect_match(const char *expected)
{
    const char *why = NULL;
    enum error_code code = validate_against_signature(x, &why);

    if (!expected) {
        cr_expect_eq(code, ERR_OK, "refused: %s", why);
        return;
    }
    cr_expect_eq(code, ERR_SIGNATURE_MISMATCH, "not refused: %s", expected);
    cr_assert(why != NULL);
    cr_expect_str_eq(why, expected, "%s\n  expected: %s", why, expected);
}

Test(validate, a_right_exchange_passes, .timeout = 10)
{
    make_right();
    expect_params(NULL);
    expect_match(NULL);
}

Test(validate, a_missing_parameter_is_named, .timeout = 10)
{
    static const struct {
        enum param_id id;
        const char *why;
    } rows[] = {
        {PARAM_APPID, "appid is missing"},
        {PARAM_BUCKET, "bucket is missing"},
        {PARAM_VALIDATE_DATA, "validate_data is missing"},
        {PARAM_VIDEO, "video is missing"},
        {PARAM_COMPARE_FLAG, "compare_flag is missing"},
        {PARAM_CARD, "card is missing"},
        {PARAM_SEQ, NULL},
    };

    for (size_t i = 0; i < LENGTH(rows); i++) {
        make_right();
        set_form(rows[i].id, PARAM_ABSENT);
        expect_params(rows[i].why);
    }
}

Test(validate, an_empty_parameter_is_named, .timeout = 10)
{
    static const struct {
        enum param_id id;
        const char *why;
    } rows[] = {
        {PARAM_APPID, "appid is empty"},
        {PARAM_BUCKET, "bucket is empty"},
        {PARAM_VALIDATE_DATA, "validate_data is empty"},
        {PARAM_COMPARE_FLAG, "compare_flag is empty"},
        {PARAM_SEQ, NULL},
    };

    for (size_t i = 0; i < LENGTH(rows); i++) {
        make_right();
        set_text(rows[i].id, "");
        expect_params(rows[i].why);
    }
}

Test(validate, an_empty_file_is_left_to_the_handler, .timeout = 10)
{
    make_right();
    x->body.values[PARAM_VIDEO].file.size = 0;
    x->body.values[PARAM_CARD].file.size = 0;
    expect_params(NULL);
}

Test(validate, the_first_rule_that_fails_is_told, .timeout = 10)
{
    make_right();
    set_form(PARAM_VALIDATE_DATA, PARAM_ABSENT);
    set_form(PARAM_APPID, PARAM_ABSENT);
    expect_params("appid is missing");
}

Test(validate, card_is_needed_only_when_compared, .timeout = 10)
{
    make_right();
    set_form(PARAM_CARD, PARAM_ABSENT);
    set_text(PARAM_COMPARE_FLAG, "false");
    expect_params(NULL);
}

Test(validate, bucket_is_needed_only_by_accounts_with_buckets, .timeout = 10)
{
    make_right();
    use_account("1000002");
    set_form(PARAM_BUCKET, PARAM_ABSENT);
    expect_params(NULL);
}

Test(validate, a_value_that_is_not_allowed_is_shown, .timeout = 10)
{
    make_right();
    set_text(PARAM_COMPARE_FLAG, "yes\n");
    expect_params("compare_flag is \"yes\\n\", expected true or false");
    set_text(PARAM_COMPARE_FLAG, "True");
    expect_params("compare_flag is \"True\", expected true or false");
    set_text(PARAM_COMPARE_FLAG, "truefalse");
    expect_params("compare_flag is \"truefalse\", expected true or false");
}

Test(validate, a_value_with_a_nul_is_not_the_shorter_one, .timeout = 10)
{
    make_right();
    x->body.values[PARAM_COMPARE_FLAG] = (struct param_value){
        .form = PARAM_TEXT, .text = "true\0x", .text_len = 6};
    expect_params("compare_flag is \"true?x\", expected true or false");
}

Test(validate, a_long_field_comes_first, .timeout = 10)
{
    make_right();
    x->body.long_field = "extra";
    set_form(PARAM_APPID, PARAM_ABSENT);
    expect_params("field extra is over 65536 bytes");
}

Test(validate, json_types_other_than_strings_are_refused, .timeout = 10)
{
    make_right();
    x->endpoint = &endpoint_livedetectpicture;
    set_form(PARAM_URL, PARAM_OTHER);
    expect_params("url is not a JSON string");
    make_right();
    x->endpoint = &endpoint_livedetectpicture;
    set_form(PARAM_IMAGE, PARAM_OTHER);
    expect_params("image is not a JSON string");
}

Test(validate, an_integer_may_stand_for_appid_and_seq_only, .timeout = 10)
{
    static const struct {
        enum param_id id;
        const char *why;
    } rows[] = {
        {PARAM_APPID, NULL},
        {PARAM_SEQ, NULL},
        {PARAM_URL, "url is not a JSON string"},
    };

    for (size_t i = 0; i < LENGTH(rows); i++) {
        make_right();
        x->endpoint = &endpoint_livedetectpicture;
        x->body.values[rows[i].id] = (struct param_value){
            .form = PARAM_INTEGER, .text = "1000001", .text_len = 7};
        expect_params(rows[i].why);
    }
}

Test(validate, what_an_endpoint_does_not_know_is_ignored, .timeout = 10)
{
    make_right();
    x->endpoint = &endpoint_livegetfour;
    set_form(PARAM_URL, PARAM_OTHER);
    set_form(PARAM_VIDEO, PARAM_ABSENT);
    set_text(PARAM_COMPARE_FLAG, "perhaps");
    expect_params(NULL);
}

Test(validate, appid_must_be_the_signed_one, .timeout = 10)
{
    make_right();
    set_text(PARAM_APPID, "1000002");
    expect_match("appid is \"1000002\" but the signature's a is \"1000001\"");
    set_text(PARAM_APPID, "100000");
    expect_match("appid is \"100000\" but the signature's a is \"1000001\"");
    x->body.values[PARAM_APPID] = (struct param_value){
        .form = PARAM_INTEGER, .text = "1000001", .text_len = 7};
    expect_match(NULL);
}

Test(validate, bucket_must_be_the_signed_one_when_given, .timeout = 10)
{
    make_right();
    set_text(PARAM_BUCKET, "other");
    expect_match("bucket is \"other\" but the signature's b is \"test\"");
    set_text(PARAM_BUCKET, "");
    expect_match(NULL);
    set_form(PARAM_BUCKET, PARAM_ABSENT);
    expect_match(NULL);
}

Test(validate, a_bucket_given_but_not_signed_is_told, .timeout = 10)
{
    make_right();
    x->signature.b = (struct signature_field){0};
    expect_match("bucket is \"test\" but the signature's b is \"\"");
}

Test(validate, an_account_with_buckets_must_sign_one, .timeout = 10)
{
    make_right();
    set_form(PARAM_BUCKET, PARAM_ABSENT);
    x->signature.b = (struct signature_field){0};
    expect_match("the account has buckets, but the signature names none (b)");
    x->signature.b = (struct signature_field){"", 0};
    expect_match("the account has buckets, but the signature names none (b)");
    use_account("1000002");
    expect_match(NULL);
}

Test(validate, what_a_client_sent_is_cut_when_shown, .timeout = 10)
{
    char appid[201];
    const char *why = NULL;

    memset(appid, '7', 200);
    appid[200] = '\0';
    make_right();
    set_text(PARAM_APPID, appid);
    cr_expect_eq(validate_against_signature(x, &why), ERR_SIGNATURE_MISMATCH);
    cr_expect(strlen(why) < 150, "%s", why);
    cr_expect(strstr(why, "777...\"") != NULL, "%s", why);
}
