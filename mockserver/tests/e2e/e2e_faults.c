/*
 * e2e_faults: the SPEC of docs/contract.md section 8, its sources and their
 * order. Transport faults are in e2e_transport.
 */
#include "expect.h"

#include <string.h>

/* The reply to form_four(compare_flag) with this X-Mock-Fault. */
static struct reply send_four(const struct server *s, const char *compare_flag,
                              const char *spec)
{
    struct form f = form_four(compare_flag);
    struct request q = request_form(FOUR, &f);

    q.headers = format("X-Mock-Fault: %s\r\n", spec);
    return send_request(s, &q);
}

Test(e2e_faults, a_place_may_be_chosen, .timeout = 10)
{
    struct server s;
    struct reply r;

    server_start(&s, NULL);
    r = send_four(&s, "true", "-5007@code");
    expect_code(&r, -5007);
    r = send_four(&s, "true", "-4006@code");
    expect_code(&r, -4006);
    r = send_four(&s, "true", "21@live_status");
    expect_live(&r, 21, true);
    r = send_four(&s, "false", "-4006@live_status");
    expect_live(&r, -4006, false);
    r = send_four(&s, "true", "-5007@compare_status");
    expect_compare(&r, -5007);
    r = send_four(&s, "true", "-4006@compare_status");
    expect_compare(&r, -4006);
    server_stop(&s);
}

Test(e2e_faults, a_place_that_the_reply_has_not_is_top_level, .timeout = 10)
{
    struct server s;
    struct reply r;

    server_start(&s, NULL);
    r = send_four(&s, "false", "-4006@compare_status");
    expect_code(&r, -4006);
    r = send_fault(&s, PICTURE, "-5007@live_status");
    expect_code(&r, -5007);
    r = send_fault(&s, GETFOUR, "-4006@compare_status");
    expect_code(&r, -4006);
    server_stop(&s);
}

Test(e2e_faults, a_code_that_no_page_lists, .timeout = 10)
{
    static const char *const paths[] = {FOUR, PICTURE, GETFOUR};
    struct server s;

    server_start(&s, NULL);
    for (size_t i = 0; i < 3; i++) {
        struct reply r = send_fault(&s, paths[i], "unlisted=4242");

        expect_code(&r, 4242);
        r = send_fault(&s, paths[i], "unlisted=-9999");
        expect_code(&r, -9999);
    }
    server_stop(&s);
}

Test(e2e_faults, the_http_status_may_be_chosen, .timeout = 10)
{
    struct server s;
    struct reply r;

    server_start(&s, NULL);
    r = send_fault(&s, GETFOUR, "http=503");
    expect_answer(&r, 503, 0);
    r = send_fault(&s, GETFOUR, "http=500,213");
    expect_answer(&r, 500, 213);
    r = send_fault(&s, GETFOUR, "9,http=401");
    expect_answer(&r, 401, 9);
    server_stop(&s);
}

Test(e2e_faults, the_chosen_http_status_beats_the_mapped_one, .timeout = 10)
{
    struct server s;
    struct reply r;

    server_start(&s, "--http-status=mapped", NULL);
    r = send_fault(&s, GETFOUR, "http=500,4");
    expect_answer(&r, 500, 4);
    server_stop(&s);
}

Test(e2e_faults, a_delay_alone_keeps_the_natural_answer, .timeout = 10)
{
    struct server s;
    struct request q = request_good(GETFOUR);
    struct reply r;

    server_start(&s, NULL);
    r = send_fault(&s, GETFOUR, "delay=10");
    expect_success(&r);
    q.headers = "X-Mock-Fault: delay=10\r\n";
    q.authorization = NULL;
    r = send_request(&s, &q);
    expect_code(&r, 4);
    server_stop(&s);
}

Test(e2e_faults, a_delay_lets_a_later_request_pass, .timeout = 10)
{
    struct server s;
    struct client slow;
    struct request q = request_good(GETFOUR);
    struct reply r;

    q.headers = "X-Mock-Fault: delay=2000,-5805\r\n";
    server_start(&s, NULL);
    client_open(&slow, &s);
    client_send_request(&slow, &q);
    expect_alive(&s);
    cr_expect(client_is_waiting(&slow), "the delayed answer came first");
    r = client_read(&slow);
    expect_code(&r, -5805);
    q.headers = NULL;
    r = client_exchange(&slow, &q);
    expect_success(&r);
    client_close(&slow);
    server_stop(&s);
}

Test(e2e_faults, blanks_around_items_are_fine, .timeout = 10)
{
    struct server s;
    struct reply r;

    server_start(&s, NULL);
    r = send_fault(&s, GETFOUR, " delay=1 , -5805 , http=200 ");
    expect_code(&r, -5805);
    server_stop(&s);
}

static const char *const bad_specs[] = {
    "nonsense",   "99999",    "-5007@nowhere", "-5007@", "delay=",
    "delay=abc",  "delay=-1", "http=999",      "http=",  "unlisted=",
    "unlisted=x", "5,9",      "reset,hang",    "5,",     "-5007 9",
    "delay=5=6",  "RESETT",   "5;9",           "=5",     "5@code@code",
};
enum { N_BAD_SPECS = sizeof(bad_specs) / sizeof(bad_specs[0]) };

Test(e2e_faults, a_spec_in_the_header_that_does_not_parse_is_21, .timeout = 10)
{
    struct server s;

    server_start(&s, NULL);
    for (size_t i = 0; i < N_BAD_SPECS; i++) {
        struct reply r = send_fault(&s, GETFOUR, bad_specs[i]);

        expect_code(&r, 21);
        expect_message(&r, bad_specs[i]);
    }
    server_stop(&s);
}

Test(e2e_faults, a_spec_in_seq_that_does_not_parse_is_21, .timeout = 10)
{
    struct server s;
    struct form f = form_four("true");

    server_start(&s, NULL);
    for (size_t i = 0; i < N_BAD_SPECS; i++) {
        struct reply r;

        form_set(&f, "seq", format("mock-fault:%s", bad_specs[i]));
        r = send_form(&s, FOUR, &f);
        expect_code(&r, 21);
        expect_message(&r, bad_specs[i]);
    }
    server_stop(&s);
}

Test(e2e_faults, a_spec_in_a_file_or_url_that_does_not_parse_is_21,
     .timeout = 10)
{
    struct server s;
    struct form f = form_four("true");
    struct form p = form_picture();
    struct reply r;

    server_start(&s, NULL);
    form_set(&f, "video", "..mock-fault:nonsense;..");
    r = send_form(&s, FOUR, &f);
    expect_code(&r, 21);
    expect_message(&r, "nonsense");
    form_set(&p, "image", "mock-fault:delay=x;");
    r = send_form(&s, PICTURE, &p);
    expect_code(&r, 21);
    expect_message(&r, "delay=x");
    r = send_json(&s, PICTURE,
                  "{\"appid\":\"1000001\","
                  "\"url\":\"http://a.b/mock-fault:nonsense;\"}");
    expect_code(&r, 21);
    expect_message(&r, "nonsense");
    server_stop(&s);
}

Test(e2e_faults, seq_must_begin_with_the_marker, .timeout = 10)
{
    struct server s;
    struct form f = form_four("true");
    struct reply r;

    server_start(&s, NULL);
    form_set(&f, "seq", "x mock-fault:9");
    r = send_form(&s, FOUR, &f);
    expect_success(&r);
    form_set(&f, "seq", "mock-fault");
    r = send_form(&s, FOUR, &f);
    expect_success(&r);
    server_stop(&s);
}

Test(e2e_faults, a_marker_counts_in_the_first_4_kib_of_a_file_only,
     .timeout = 10)
{
    static const char marker[] = "mock-fault:-5010;";
    struct server s;
    struct form f = form_four("true");
    struct bytes video = {0};
    struct reply r;

    bytes_fill(&video, 'v', 4096 - strlen(marker));
    bytes_text(&video, marker);
    bytes_fill(&video, 'v', 100000);
    form_set_bytes(&f, "video", video.data, video.len);
    server_start(&s, NULL);
    r = send_form(&s, FOUR, &f);
    expect_live(&r, -5010, true);
    video.len = 0;
    bytes_fill(&video, 'v', 4096);
    bytes_text(&video, marker);
    form_set_bytes(&f, "video", video.data, video.len);
    r = send_form(&s, FOUR, &f);
    expect_success(&r);
    server_stop(&s);
}

Test(e2e_faults, a_marker_in_another_text_field_does_nothing, .timeout = 10)
{
    struct server s;
    struct form f = form_four("true");
    struct reply r;

    form_set(&f, "validate_data", "mock-fault:9;");
    server_start(&s, NULL);
    r = send_form(&s, FOUR, &f);
    expect_success(&r);
    server_stop(&s);
}

Test(e2e_faults, no_request_triggers_turns_those_of_requests_off, .timeout = 10)
{
    struct server s;
    struct form f = form_four("true");
    struct request q;
    struct reply r;

    form_set(&f, "seq", "mock-fault:9");
    form_set(&f, "video", "mock-fault:-5010;");
    q = request_form(FOUR, &f);
    q.headers = "X-Mock-Fault: 5\r\n";
    server_start(&s, "--no-request-triggers", NULL);
    r = send_request(&s, &q);
    expect_success(&r);
    r = send_json(&s, PICTURE,
                  "{\"appid\":\"1000001\","
                  "\"url\":\"http://a.b/mock-fault:9;\"}");
    expect_success(&r);
    r = send_fault(&s, GETFOUR, "nonsense");
    expect_success(&r);
    server_stop(&s);
}

Test(e2e_faults, no_request_triggers_leaves_the_option_on, .timeout = 10)
{
    struct server s;
    struct reply r;

    server_start(&s, "--no-request-triggers", "--fault", "213", NULL);
    r = send_fault(&s, GETFOUR, "9");
    expect_code(&r, 213);
    server_stop(&s);
}

Test(e2e_faults, the_strongest_source_decides, .timeout = 10)
{
    struct server s;
    struct form f = form_four("true");
    struct request q;
    struct reply r;

    server_start(&s, "--fault", "213", NULL);
    r = send_form(&s, FOUR, &f);
    expect_code(&r, 213);
    form_set(&f, "video", "mock-fault:-5010;");
    r = send_form(&s, FOUR, &f);
    expect_live(&r, -5010, true);
    form_set(&f, "seq", "mock-fault:9");
    r = send_form(&s, FOUR, &f);
    expect_code(&r, 9);
    q = request_form(FOUR, &f);
    q.headers = "X-Mock-Fault: 107\r\n";
    r = send_request(&s, &q);
    expect_code(&r, 107);
    server_stop(&s);
}

Test(e2e_faults, the_url_is_stronger_than_the_option, .timeout = 10)
{
    struct server s;
    struct reply r;

    server_start(&s, "--fault", "213", NULL);
    r = send_json(&s, PICTURE,
                  "{\"appid\":\"1000001\","
                  "\"url\":\"http://a.b/mock-fault:9;\"}");
    expect_code(&r, 9);
    server_stop(&s);
}

Test(e2e_faults, a_fault_replaces_a_natural_error, .timeout = 10)
{
    struct server s;
    struct form f = form_four("true");
    struct reply r;

    form_drop(&f, "validate_data");
    form_set(&f, "seq", "mock-fault:-5010");
    server_start(&s, NULL);
    r = send_form(&s, FOUR, &f);
    expect_live(&r, -5010, true);
    server_stop(&s);
}

Test(e2e_faults, the_header_acts_on_an_exchange_refused_by_its_headers,
     .timeout = 10)
{
    struct server s;
    struct request q = request_good(GETFOUR);
    struct reply r;

    q.headers = "X-Mock-Fault: 107\r\n";
    q.authorization = NULL;
    server_start(&s, NULL);
    r = send_request(&s, &q);
    expect_code(&r, 107);
    q = request_good(GETFOUR);
    q.headers = "X-Mock-Fault: 107\r\n";
    bytes_fill(&q.body, ' ', MAX_BODY);
    r = send_request(&s, &q);
    expect_code(&r, 107);
    server_stop(&s);
}

Test(e2e_faults, the_option_acts_on_an_exchange_refused_by_its_headers,
     .timeout = 10)
{
    struct server s;
    struct request q = request_good(GETFOUR);
    struct reply r;

    q.authorization = NULL;
    server_start(&s, "--fault", "107", NULL);
    r = send_request(&s, &q);
    expect_code(&r, 107);
    server_stop(&s);
}

Test(e2e_faults, a_body_trigger_cannot_act_once_the_headers_are_refused,
     .timeout = 10)
{
    struct server s;
    struct form f = form_four("true");
    struct request q;
    struct reply r;

    form_set(&f, "seq", "mock-fault:107");
    q = request_form(FOUR, &f);
    q.authorization = NULL;
    server_start(&s, NULL);
    r = send_request(&s, &q);
    expect_code(&r, 4);
    server_stop(&s);
}
