/*
 * e2e_picture_params: the parameters of livedetectpicture and livegetfour
 * (docs/contract.md sections 1 and 6).
 */
#include "expect.h"

static const char *const not_text[] = {"null", "true", "1.5",
                                       "[]",   "{}",   "[\"1000001\"]"};
enum { N_NOT_TEXT = sizeof(not_text) / sizeof(not_text[0]) };

Test(e2e_picture_params, appid_is_required, .timeout = 10)
{
    struct server s;
    struct form f = form_picture();
    struct reply r;

    server_start(&s, NULL);
    r = send_json(&s, PICTURE, "{\"url\":\"http://a.b/c.jpg\"}");
    expect_code(&r, 21);
    r = send_json(&s, PICTURE, "{\"appid\":\"\",\"url\":\"http://a.b/c.jpg\"}");
    expect_code(&r, 21);
    form_set(&f, "appid", "");
    r = send_form(&s, PICTURE, &f);
    expect_code(&r, 21);
    form_drop(&f, "appid");
    r = send_form(&s, PICTURE, &f);
    expect_code(&r, 21);
    server_stop(&s);
}

Test(e2e_picture_params, appid_of_another_type_is_21, .timeout = 10)
{
    struct server s;

    server_start(&s, NULL);
    for (size_t i = 0; i < N_NOT_TEXT; i++) {
        struct reply r = send_json(
            &s, PICTURE,
            format("{\"appid\":%s,\"url\":\"http://a.b/c\"}", not_text[i]));

        expect_code(&r, 21);
        r = send_json(&s, GETFOUR, format("{\"appid\":%s}", not_text[i]));
        expect_code(&r, 21);
    }
    server_stop(&s);
}

Test(e2e_picture_params, another_appid_than_the_signed_one_is_6, .timeout = 10)
{
    struct server s;
    struct form f = form_picture();
    struct reply r;

    server_start(&s, NULL);
    r = send_json(&s, PICTURE,
                  "{\"appid\":\"1000002\",\"url\":\"http://a/c\"}");
    expect_code(&r, 6);
    r = send_json(&s, PICTURE, "{\"appid\":1000002,\"url\":\"http://a/c\"}");
    expect_code(&r, 6);
    r = send_json(&s, GETFOUR, "{\"appid\":\"1000002\"}");
    expect_code(&r, 6);
    form_set(&f, "appid", "1000002");
    r = send_form(&s, PICTURE, &f);
    expect_code(&r, 6);
    server_stop(&s);
}

Test(e2e_picture_params, url_of_another_type_is_21, .timeout = 10)
{
    struct server s;
    struct reply r;

    server_start(&s, NULL);
    for (size_t i = 0; i < N_NOT_TEXT; i++) {
        r = send_json(
            &s, PICTURE,
            format("{\"appid\":\"1000001\",\"url\":%s}", not_text[i]));

        expect_code(&r, 21);
    }
    r = send_json(&s, PICTURE, "{\"appid\":\"1000001\",\"url\":5}");
    expect_code(&r, 21);
    server_stop(&s);
}

Test(e2e_picture_params, neither_url_nor_image_is_5805, .timeout = 10)
{
    struct server s;
    struct form f = form_picture();
    struct reply r;

    server_start(&s, NULL);
    r = send_json(&s, PICTURE, "{\"appid\":\"1000001\"}");
    expect_code(&r, -5805);
    form_drop(&f, "image");
    r = send_form(&s, PICTURE, &f);
    expect_code(&r, -5805);
    server_stop(&s);
}

Test(e2e_picture_params, an_empty_url_or_image_is_5805, .timeout = 10)
{
    struct server s;
    struct form f = form_picture();
    struct reply r;

    server_start(&s, NULL);
    r = send_json(&s, PICTURE, "{\"appid\":\"1000001\",\"url\":\"\"}");
    expect_code(&r, -5805);
    r = send_json(&s, PICTURE, "{\"appid\":\"1000001\",\"image\":\"\"}");
    expect_code(&r, -5805);
    form_set(&f, "image", "");
    r = send_form(&s, PICTURE, &f);
    expect_code(&r, -5805);
    server_stop(&s);
}

Test(e2e_picture_params, a_form_may_carry_the_url, .timeout = 10)
{
    struct server s;
    struct form f = form_picture();
    struct reply r;

    form_drop(&f, "image");
    form_set(&f, "url", "http://example.com/a.jpg");
    server_start(&s, NULL);
    r = send_form(&s, PICTURE, &f);
    expect_success(&r);
    server_stop(&s);
}

Test(e2e_picture_params, of_both_only_the_url_counts, .timeout = 10)
{
    struct server s;
    struct form f = form_picture();
    struct reply r;

    server_start(&s, NULL);
    form_set_bytes(&f, "image", gif89a, gif_len);
    form_set(&f, "url", "http://example.com/a.jpg");
    r = send_form(&s, PICTURE, &f);
    expect_success(&r);
    form_set_bytes(&f, "image", jpeg, jpeg_len);
    form_set(&f, "url", "no url");
    r = send_form(&s, PICTURE, &f);
    expect_code(&r, -5805);
    r = send_json(&s, PICTURE,
                  "{\"appid\":\"1000001\",\"image\":\"!\","
                  "\"url\":\"http://example.com/a.jpg\"}");
    expect_success(&r);
    server_stop(&s);
}

Test(e2e_picture_params, an_image_in_json_is_base64, .timeout = 10)
{
    struct server s;
    struct reply r;

    server_start(&s, NULL);
    r = send_json(&s, PICTURE,
                  format("{\"appid\":\"1000001\",\"image\":\"%s\"}",
                         base64(jpeg, jpeg_len)));
    expect_success(&r);
    server_stop(&s);
}

Test(e2e_picture_params, an_image_in_json_that_is_not_base64_is_4016,
     .timeout = 10)
{
    static const char *const values[] = {"!!!!", "/9j/4AA", "/9j/=4AA", "a",
                                         "===="};
    struct server s;

    server_start(&s, NULL);
    for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++) {
        struct reply r = send_json(
            &s, PICTURE,
            format("{\"appid\":\"1000001\",\"image\":\"%s\"}", values[i]));

        expect_code(&r, -4016);
    }
    server_stop(&s);
}

Test(e2e_picture_params, another_bucket_than_the_signed_one_is_6, .timeout = 10)
{
    struct server s;
    struct reply r;

    server_start(&s, NULL);
    r = send_json(&s, GETFOUR, "{\"appid\":\"1000001\",\"bucket\":\"other\"}");
    expect_code(&r, 6);
    r = send_json(&s, GETFOUR, "{\"appid\":\"1000001\",\"bucket\":\"test\"}");
    expect_success(&r);
    server_stop(&s);
}

Test(e2e_picture_params, livegetfour_needs_appid_alone, .timeout = 10)
{
    struct server s;
    struct reply r;

    server_start(&s, NULL);
    r = send_json(&s, GETFOUR, "{\"appid\":\"1000001\"}");
    expect_success(&r);
    r = send_json(&s, GETFOUR, "{\"appid\":\"1000001\",\"seq\":\"7\"}");
    expect_success(&r);
    r = send_json(&s, GETFOUR, "{}");
    expect_code(&r, 21);
    r = send_json(&s, GETFOUR, "{\"appid\":\"\"}");
    expect_code(&r, 21);
    server_stop(&s);
}

Test(e2e_picture_params, beside_a_url_no_image_is_looked_at, .timeout = 10)
{
    struct server s;
    struct request q = request_json(
        PICTURE, "{\"appid\":\"1000001\",\"url\":\"http://a.example/b.jpg\","
                 "\"image\":null}");
    struct reply r;

    server_start(&s, NULL);
    r = send_request(&s, &q);
    expect_success(&r);
    server_stop(&s);
}

Test(e2e_picture_params, a_bucket_that_is_no_string_is_21, .timeout = 10)
{
    struct server s;
    struct request q = request_json(
        PICTURE, "{\"appid\":\"1000001\",\"url\":\"http://a.example/b.jpg\","
                 "\"bucket\":7}");
    struct reply r;

    server_start(&s, NULL);
    r = send_request(&s, &q);
    expect_code(&r, 21);
    server_stop(&s);
}
