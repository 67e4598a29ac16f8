/*
 * e2e_json: JSON bodies that are none, and those that only look odd
 * (docs/contract.md section 6).
 */
#include "expect.h"

static const char good[] = "{\"appid\":\"1000001\"}";

static struct reply send_body(const struct server *s, const void *body,
                              size_t len)
{
    struct request q = request_json_bytes(GETFOUR, body, len);

    return send_request(s, &q);
}

Test(e2e_json, what_is_no_object_is_3, .timeout = 10)
{
    static const char *const bodies[] = {
        "",        " ",    "[]",  "[{\"appid\":\"1000001\"}]", "\"1000001\"",
        "1000001", "null", "true"};
    struct server s;

    server_start(&s, NULL);
    for (size_t i = 0; i < sizeof(bodies) / sizeof(bodies[0]); i++) {
        struct reply r = send_json(&s, GETFOUR, bodies[i]);

        expect_code(&r, 3);
        r = send_json(&s, PICTURE, bodies[i]);
        expect_code(&r, 3);
    }
    server_stop(&s);
}

Test(e2e_json, what_does_not_parse_is_3, .timeout = 10)
{
    static const char *const bodies[] = {"{",
                                         "{\"appid\":\"1000001\"",
                                         "{\"appid\":\"1000001\",}",
                                         "{appid:\"1000001\"}",
                                         "{'appid':'1000001'}",
                                         "{\"appid\":}",
                                         "{\"appid\" \"1000001\"}",
                                         "{\"appid\":\"1000001}",
                                         "appid=1000001",
                                         "{\"appid\":\"1000001\",\"seq\":nul}"};
    struct server s;

    server_start(&s, NULL);
    for (size_t i = 0; i < sizeof(bodies) / sizeof(bodies[0]); i++) {
        struct reply r = send_json(&s, GETFOUR, bodies[i]);

        expect_code(&r, 3);
    }
    server_stop(&s);
}

Test(e2e_json, trailing_bytes_are_3, .timeout = 10)
{
    static const char *const tails[] = {"x", "}", ",", "{}", " 1", "\n[]"};
    struct server s;

    server_start(&s, NULL);
    for (size_t i = 0; i < sizeof(tails) / sizeof(tails[0]); i++) {
        struct reply r = send_json(&s, GETFOUR, format("%s%s", good, tails[i]));

        expect_code(&r, 3);
    }
    server_stop(&s);
}

Test(e2e_json, white_space_around_the_object_is_fine, .timeout = 10)
{
    struct server s;
    struct reply r;

    server_start(&s, NULL);
    r = send_json(&s, GETFOUR, format(" \r\n\t%s \r\n\t ", good));
    expect_success(&r);
    server_stop(&s);
}

Test(e2e_json, a_nul_is_3_wherever_it_is, .timeout = 10)
{
    static const char inside[] = "{\"appid\":\"1000001\",\"seq\":\"a\0b\"}";
    struct server s;
    struct reply r;

    server_start(&s, NULL);
    r = send_body(&s, inside, sizeof(inside) - 1);
    expect_code(&r, 3);
    r = send_body(&s, good, sizeof(good)); /* with its NUL at the end */
    expect_code(&r, 3);
    r = send_body(&s, "\0", 1);
    expect_code(&r, 3);
    server_stop(&s);
}

Test(e2e_json, invalid_utf8_is_3, .timeout = 10)
{
    static const char *const values[] = {"\xff",         "\xc3",
                                         "\xc0\x80",     "\xe8\x84",
                                         "\xed\xa0\x80", "\xf4\x90\x80\x80",
                                         "\x80"};
    struct server s;

    server_start(&s, NULL);
    for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++) {
        struct reply r = send_json(
            &s, GETFOUR,
            format("{\"appid\":\"1000001\",\"seq\":\"%s\"}", values[i]));

        expect_code(&r, 3);
    }
    server_stop(&s);
}

Test(e2e_json, text_beyond_ascii_is_fine, .timeout = 10)
{
    struct server s;
    struct reply r;

    server_start(&s, NULL);
    r = send_json(&s, GETFOUR,
                  "{\"appid\":\"1000001\",\"seq\":\"脸\\u8138😀\"}");
    expect_success(&r);
    server_stop(&s);
}

Test(e2e_json, escapes_are_resolved, .timeout = 10)
{
    struct server s;
    struct reply r;

    server_start(&s, NULL);
    r = send_json(&s, GETFOUR, "{\"\\u0061ppid\":\"\\u0031000001\"}");
    expect_success(&r);
    server_stop(&s);
}

Test(e2e_json, ten_thousand_levels_are_3, .timeout = 10)
{
    struct server s;
    struct bytes body = {0};
    struct reply r;

    bytes_text(&body, "{\"appid\":\"1000001\",\"x\":");
    bytes_fill(&body, '[', 10000);
    bytes_fill(&body, ']', 10000);
    bytes_text(&body, "}");
    server_start(&s, NULL);
    r = send_body(&s, body.data, body.len);
    expect_code(&r, 3);
    body.len = 0;
    bytes_fill(&body, '[', 1000000);
    r = send_body(&s, body.data, body.len);
    expect_code(&r, 3);
    expect_alive(&s);
    server_stop(&s);
}

Test(e2e_json, of_a_repeated_member_the_first_counts, .timeout = 10)
{
    struct server s;
    struct reply r;

    server_start(&s, NULL);
    r = send_json(&s, GETFOUR, "{\"appid\":\"1000001\",\"appid\":\"9\"}");
    expect_success(&r);
    r = send_json(&s, GETFOUR, "{\"appid\":\"9\",\"appid\":\"1000001\"}");
    expect_code(&r, 6);
    r = send_json(&s, PICTURE,
                  "{\"appid\":\"1000001\",\"url\":\"http://a.b/c.jpg\","
                  "\"url\":5}");
    expect_success(&r);
    server_stop(&s);
}

Test(e2e_json, names_are_case_sensitive, .timeout = 10)
{
    struct server s;
    struct reply r;

    server_start(&s, NULL);
    r = send_json(&s, GETFOUR, "{\"AppId\":\"1000001\"}");
    expect_code(&r, 21);
    server_stop(&s);
}

Test(e2e_json, further_members_are_ignored, .timeout = 10)
{
    struct server s;
    struct reply r;

    server_start(&s, NULL);
    r = send_json(&s, GETFOUR,
                  "{\"x\":{\"appid\":1},\"appid\":\"1000001\",\"y\":[1,{}]}");
    expect_success(&r);
    server_stop(&s);
}

Test(e2e_json, a_request_without_a_body_is_3, .timeout = 10)
{
    struct server s;
    struct request q = request_json(GETFOUR, "");
    struct reply r;

    q.framing = FRAME_NONE;
    server_start(&s, NULL);
    r = send_request(&s, &q);
    expect_code(&r, 3);
    server_stop(&s);
}

Test(e2e_json, an_image_may_be_long_and_other_text_may_not, .timeout = 10)
{
    struct server s;
    struct bytes image = {0}, text = {0};
    struct reply r;

    bytes_add(&image, jpeg, jpeg_len);
    bytes_fill(&image, 'x', 1000000);
    bytes_fill(&text, '1', 65537);
    server_start(&s, NULL);
    r = send_json(&s, PICTURE,
                  format("{\"appid\":\"1000001\",\"image\":\"%s\"}",
                         base64(image.data, image.len)));
    expect_success(&r);
    r = send_json(&s, GETFOUR,
                  format("{\"appid\":\"1000001\",\"seq\":\"%s\"}", text.data));
    expect_code(&r, 21);
    r = send_json(
        &s, GETFOUR,
        format("{\"appid\":\"1000001\",\"seq\":\"%.*s\"}", 65536, text.data));
    expect_success(&r);
    server_stop(&s);
}
