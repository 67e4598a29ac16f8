/*
 * e2e_success: what the three endpoints answer when nothing is wrong, and
 * the options that change it. expect_success() checks the exact members,
 * their types and that `photo` is a JPEG in Base64.
 */
#include "expect.h"

Test(e2e_success, livedetectfour_with_comparison, .timeout = 10)
{
    struct server s;
    struct form f = form_four("true");
    struct reply r;

    server_start(&s, NULL);
    r = send_form(&s, FOUR, &f);
    expect_success(&r);
    cr_expect(ne(ptr, (void *)reply_data(&r, "photo"), NULL));
    server_stop(&s);
}

Test(e2e_success, livedetectfour_without_comparison_has_no_compare_members,
     .timeout = 10)
{
    struct server s;
    struct form f = form_four("false");
    struct reply r;

    server_start(&s, NULL);
    r = send_form(&s, FOUR, &f);
    expect_success(&r);
    cr_expect(ne(ptr, (void *)reply_data(&r, "live_status"), NULL));
    cr_expect(eq(ptr, (void *)reply_data(&r, "compare_status"), NULL));
    server_stop(&s);
}

Test(e2e_success, livedetectfour_without_comparison_ignores_a_card,
     .timeout = 10)
{
    struct server s;
    struct form f = form_four("false");
    struct reply r;

    form_set_bytes(&f, "card", jpeg, jpeg_len);
    server_start(&s, NULL);
    r = send_form(&s, FOUR, &f);
    expect_success(&r);
    cr_expect(eq(ptr, (void *)reply_data(&r, "compare_status"), NULL));
    server_stop(&s);
}

Test(e2e_success, livedetectpicture_by_url, .timeout = 10)
{
    struct server s;
    struct request q = request_good(PICTURE);
    struct reply r;

    server_start(&s, NULL);
    r = send_request(&s, &q);
    expect_success(&r);
    cr_expect(ne(ptr, (void *)reply_data(&r, "score"), NULL));
    server_stop(&s);
}

Test(e2e_success, livedetectpicture_by_image, .timeout = 10)
{
    struct server s;
    struct form f = form_picture();
    struct reply r;

    server_start(&s, NULL);
    r = send_form(&s, PICTURE, &f);
    expect_success(&r);
    cr_expect(ne(ptr, (void *)reply_data(&r, "score"), NULL));
    server_stop(&s);
}

Test(e2e_success, livegetfour_gives_four_digits, .timeout = 10)
{
    struct server s;
    struct request q = request_good(GETFOUR);
    struct reply r;

    server_start(&s, NULL);
    r = send_request(&s, &q);
    expect_success(&r);
    cr_expect(ne(ptr, (void *)reply_data(&r, "validate_data"), NULL));
    server_stop(&s);
}

Test(e2e_success, the_digits_of_livegetfour_are_accepted_by_livedetectfour,
     .timeout = 10)
{
    struct server s;
    struct request q = request_good(GETFOUR);
    struct form f = form_four("true");
    struct reply r;

    server_start(&s, NULL);
    r = send_request(&s, &q);
    expect_success(&r);
    form_set(&f, "validate_data", reply_data(&r, "validate_data")->valuestring);
    r = send_form(&s, FOUR, &f);
    expect_success(&r);
    server_stop(&s);
}

static void expect_scores(const struct server *s, int sim, int score)
{
    struct request four = request_good(FOUR);
    struct request picture = request_good(PICTURE);
    struct reply r = send_request(s, &four);

    expect_success(&r);
    cr_expect(eq(int, reply_data(&r, "sim")->valueint, sim));
    r = send_request(s, &picture);
    expect_success(&r);
    cr_expect(eq(int, reply_data(&r, "score")->valueint, score));
}

Test(e2e_success, sim_is_90_and_score_95_by_default, .timeout = 10)
{
    struct server s;

    server_start(&s, NULL);
    expect_scores(&s, 90, 95);
    server_stop(&s);
}

Test(e2e_success, sim_and_score_can_be_chosen, .timeout = 10)
{
    struct server s;

    server_start(&s, "--sim", "0", "--score", "100", NULL);
    expect_scores(&s, 0, 100);
    server_stop(&s);
}

Test(e2e_success, an_integer_appid_in_json_is_accepted, .timeout = 10)
{
    struct server s;
    struct reply r;

    server_start(&s, NULL);
    r = send_json(&s, GETFOUR, "{\"appid\":1000001}");
    expect_success(&r);
    r = send_json(&s, PICTURE, "{\"appid\":1000001,\"url\":\"http://a.b/c\"}");
    expect_success(&r);
    server_stop(&s);
}

Test(e2e_success, the_connection_is_kept_for_further_requests, .timeout = 10)
{
    static const char *const paths[] = {FOUR, PICTURE, GETFOUR};
    struct server s;
    struct client c;

    server_start(&s, NULL);
    client_open(&c, &s);
    for (size_t i = 0; i < 9; i++) {
        struct request q = request_good(paths[i % 3]);
        struct reply r = client_exchange(&c, &q);

        expect_success(&r);
    }
    client_close(&c);
    server_stop(&s);
}

Test(e2e_success, any_host_is_served, .timeout = 10)
{
    static const char *const hosts[] = {"service.image.myqcloud.com",
                                        "recognition.image.myqcloud.com",
                                        "127.0.0.1:8080", "example.org"};
    struct server s;

    server_start(&s, NULL);
    for (size_t i = 0; i < sizeof(hosts) / sizeof(hosts[0]); i++) {
        struct request q = request_good(GETFOUR);
        struct reply r;

        q.host = hosts[i];
        r = send_request(&s, &q);
        expect_success(&r);
    }
    server_stop(&s);
}

Test(e2e_success, messages_can_be_the_published_ones, .timeout = 10)
{
    struct server s;
    struct form f = form_four("true");
    struct reply r;

    server_start(&s, "--messages=zh", NULL);
    r = send_fault(&s, GETFOUR, "5");
    expect_code(&r, 5);
    expect_message(&r, "签名串错误");
    form_set(&f, "video", "");
    r = send_form(&s, FOUR, &f);
    expect_live(&r, -5001, true);
    cr_expect_str_eq(reply_data(&r, "live_msg")->valuestring, "视频无效");
    server_stop(&s);
}
