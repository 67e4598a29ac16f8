/*
 * e2e_four_params: every parameter of livedetectfour missing, empty, wrong
 * and repeated (docs/contract.md section 5).
 */
#include "expect.h"

/* The reply to form_four(compare_flag) with one part changed; content NULL
 * drops the part. */
static struct reply send_with(const struct server *s, const char *compare_flag,
                              const char *name, const char *content)
{
    struct form f = form_four(compare_flag);

    if (content)
        form_set(&f, name, content);
    else
        form_drop(&f, name);
    return send_form(s, FOUR, &f);
}

Test(e2e_four_params, a_missing_or_empty_text_field_is_21, .timeout = 10)
{
    static const char *const names[] = {"appid", "bucket", "validate_data",
                                        "compare_flag"};
    struct server s;

    server_start(&s, NULL);
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        struct reply r = send_with(&s, "true", names[i], NULL);

        expect_code(&r, 21);
        r = send_with(&s, "true", names[i], "");
        expect_code(&r, 21);
    }
    server_stop(&s);
}

Test(e2e_four_params, a_missing_video_is_21, .timeout = 10)
{
    struct server s;
    struct reply r;

    server_start(&s, NULL);
    r = send_with(&s, "true", "video", NULL);
    expect_code(&r, 21);
    r = send_with(&s, "false", "video", NULL);
    expect_code(&r, 21);
    server_stop(&s);
}

Test(e2e_four_params, an_empty_video_is_refused_as_video, .timeout = 10)
{
    struct server s;
    struct reply r;

    server_start(&s, NULL);
    r = send_with(&s, "true", "video", "");
    expect_live(&r, -5001, true);
    r = send_with(&s, "false", "video", "");
    expect_live(&r, -5001, false);
    server_stop(&s);
}

Test(e2e_four_params, a_card_is_required_for_a_comparison, .timeout = 10)
{
    struct server s;
    struct reply r;

    server_start(&s, NULL);
    r = send_with(&s, "true", "card", NULL);
    expect_code(&r, 21);
    server_stop(&s);
}

Test(e2e_four_params, an_empty_card_is_refused_as_card, .timeout = 10)
{
    struct server s;
    struct reply r;

    server_start(&s, NULL);
    r = send_with(&s, "true", "card", "");
    expect_compare(&r, -4018);
    server_stop(&s);
}

Test(e2e_four_params, compare_flag_is_true_or_false_and_nothing_else,
     .timeout = 10)
{
    static const char *const values[] = {"True",  "TRUE", "False",    "1",
                                         "0",     "yes",  "true ",    " true",
                                         "truee", "tru",  "\"true\"", "true\n"};
    struct server s;

    server_start(&s, NULL);
    for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++) {
        struct reply r = send_with(&s, "true", "compare_flag", values[i]);

        expect_code(&r, 21);
    }
    server_stop(&s);
}

Test(e2e_four_params, a_nul_does_not_shorten_a_value, .timeout = 10)
{
    struct server s;
    struct form f = form_four("true");
    struct reply r;

    form_set_bytes(&f, "compare_flag", "true\0", 5);
    server_start(&s, NULL);
    r = send_form(&s, FOUR, &f);
    expect_code(&r, 21);
    form_set(&f, "compare_flag", "true");
    form_set_bytes(&f, "appid", "1000001\0x", 9);
    r = send_form(&s, FOUR, &f);
    expect_code(&r, 6);
    server_stop(&s);
}

Test(e2e_four_params, seq_is_optional, .timeout = 10)
{
    struct server s;
    struct reply r;

    server_start(&s, NULL);
    r = send_with(&s, "true", "seq", "42");
    expect_success(&r);
    r = send_with(&s, "true", "seq", "");
    expect_success(&r);
    server_stop(&s);
}

Test(e2e_four_params, the_first_of_a_repeated_field_counts, .timeout = 10)
{
    struct server s;
    struct form f = form_four("true");
    struct part again = {.name = "compare_flag", .data = "nonsense", .len = 8};
    struct reply r;

    server_start(&s, NULL);
    f.parts[f.n++] = again;
    r = send_form(&s, FOUR, &f);
    expect_success(&r);
    form_set(&f, "compare_flag", "nonsense");
    f.parts[f.n - 1].data = "true";
    f.parts[f.n - 1].len = 4;
    r = send_form(&s, FOUR, &f);
    expect_code(&r, 21);
    server_stop(&s);
}

Test(e2e_four_params, the_first_of_a_repeated_file_counts, .timeout = 10)
{
    struct server s;
    struct form f = form_four("true");
    struct part again = {.name = "card", .data = gif89a, .len = gif_len};
    struct reply r;

    server_start(&s, NULL);
    f.parts[f.n++] = again;
    r = send_form(&s, FOUR, &f);
    expect_success(&r);
    server_stop(&s);
}

Test(e2e_four_params, names_are_case_sensitive, .timeout = 10)
{
    struct server s;
    struct form f = form_four("true");
    struct reply r;

    form_part(&f, "validate_data")->name = "Validate_Data";
    server_start(&s, NULL);
    r = send_form(&s, FOUR, &f);
    expect_code(&r, 21);
    server_stop(&s);
}

Test(e2e_four_params, an_account_without_buckets_needs_none, .timeout = 10)
{
    struct server s;
    struct form f = form_four("true");
    struct request q;
    struct reply r;

    form_set(&f, "appid", demo_bucketless.appid);
    form_drop(&f, "bucket");
    server_start(&s, NULL);
    q = request_form(FOUR, &f);
    q.authorization = sign(&demo_bucketless);
    r = send_request(&s, &q);
    expect_success(&r);
    server_stop(&s);
}

Test(e2e_four_params,
     missing_parameters_come_before_a_mismatch_with_the_signature,
     .timeout = 10)
{
    struct server s;
    struct form f = form_four("true");
    struct reply r;

    form_set(&f, "appid", "999");
    form_drop(&f, "validate_data");
    server_start(&s, NULL);
    r = send_form(&s, FOUR, &f);
    expect_code(&r, 21);
    server_stop(&s);
}

Test(e2e_four_params, a_mismatch_with_the_signature_comes_before_media,
     .timeout = 10)
{
    struct server s;
    struct form f = form_four("true");
    struct reply r;

    form_set(&f, "appid", "999");
    form_set(&f, "video", "");
    server_start(&s, NULL);
    r = send_form(&s, FOUR, &f);
    expect_code(&r, 6);
    server_stop(&s);
}
