/*
 * e2e_transport: what a client sees of every transport fault (docs/contract.md
 * section 8). After each, another connection is served as ever.
 */
#include "expect.h"

#include <string.h>

/* The reply, or what there is of it, on each endpoint in turn. */
static struct reply send_transport(const struct server *s, size_t i,
                                   const char *spec)
{
    static const char *const paths[] = {FOUR, PICTURE, GETFOUR};

    return send_fault(s, paths[i % 3], spec);
}

static void expect_end_everywhere(const char *spec, enum reply_end end)
{
    struct server s;

    server_start(&s, NULL);
    for (size_t i = 0; i < 3; i++) {
        struct reply r = send_transport(&s, i, spec);

        expect_end(&r, end);
        expect_alive(&s);
    }
    server_stop(&s);
}

Test(e2e_transport, reset_resets_without_an_answer, .timeout = 10)
{
    struct server s;
    struct reply r;

    server_start(&s, NULL);
    r = send_fault(&s, GETFOUR, "reset");
    expect_end(&r, REPLY_RESET);
    cr_expect(eq(ptr, r.head, NULL));
    expect_alive(&s);
    server_stop(&s);
}

Test(e2e_transport, reset_on_every_endpoint, .timeout = 10)
{
    expect_end_everywhere("reset", REPLY_RESET);
}

Test(e2e_transport, reset_during_upload_breaks_the_upload, .timeout = 10)
{
    struct server s;
    struct client c;
    struct form f = form_four("true");
    struct bytes video = {0};
    struct request q;
    struct reply r;

    bytes_fill(&video, 'v', 6000000);
    form_set_bytes(&f, "video", video.data, video.len);
    q = request_form(FOUR, &f);
    q.headers = "X-Mock-Fault: reset_during_upload\r\n";
    server_start(&s, NULL);
    client_open(&c, &s);
    cr_expect(not(client_send_request(&c, &q)), "the whole upload was taken");
    r = client_read(&c);
    cr_expect(eq(ptr, r.head, NULL), "an answer came: %s", r.head);
    client_close(&c);
    expect_alive(&s);
    server_stop(&s);
}

Test(e2e_transport, empty_response_closes_without_a_byte, .timeout = 10)
{
    expect_end_everywhere("empty_response", REPLY_NOTHING);
}

Test(e2e_transport, random_then_close_is_no_http, .timeout = 10)
{
    expect_end_everywhere("random_then_close", REPLY_MALFORMED);
}

Test(e2e_transport, malformed_chunk_has_a_good_head, .timeout = 10)
{
    struct server s;
    struct reply r;

    server_start(&s, NULL);
    for (size_t i = 0; i < 3; i++) {
        r = send_transport(&s, i, "malformed_chunk");
        expect_end(&r, REPLY_MALFORMED);
        cr_expect(eq(int, r.status, 200));
        cr_expect_str_eq(reply_header(&r, "Transfer-Encoding"), "chunked");
    }
    expect_alive(&s);
    server_stop(&s);
}

Test(e2e_transport, truncated_body_is_shorter_than_declared, .timeout = 10)
{
    struct server s;
    struct reply r;

    server_start(&s, NULL);
    for (size_t i = 0; i < 3; i++) {
        r = send_transport(&s, i, "truncated_body");
        expect_end(&r, REPLY_TRUNCATED);
        cr_expect(eq(int, r.status, 200));
        cr_expect(gt(sz, r.body_len, 0));
    }
    expect_alive(&s);
    server_stop(&s);
}

Test(e2e_transport, malformed_json_is_complete_but_does_not_parse,
     .timeout = 10)
{
    struct server s;
    struct reply r;

    server_start(&s, NULL);
    for (size_t i = 0; i < 3; i++) {
        r = send_transport(&s, i, "malformed_json");
        expect_http(&r, 200);
        cr_expect(gt(sz, r.body_len, 0));
        cr_expect(eq(ptr, (void *)r.json, NULL), "it parses: %s", r.body);
        cr_expect_str_eq(reply_header(&r, "Content-Type"), "application/json");
    }
    server_stop(&s);
}

Test(e2e_transport, empty_body_has_no_byte, .timeout = 10)
{
    struct server s;
    struct reply r;

    server_start(&s, NULL);
    for (size_t i = 0; i < 3; i++) {
        r = send_transport(&s, i, "empty_body");
        expect_http(&r, 200);
        cr_expect(eq(sz, r.body_len, 0));
    }
    server_stop(&s);
}

Test(e2e_transport, html_502_is_a_page_of_a_gateway, .timeout = 10)
{
    struct server s;
    struct reply r;

    server_start(&s, NULL);
    for (size_t i = 0; i < 3; i++) {
        const char *type;

        r = send_transport(&s, i, "html_502");
        expect_http(&r, 502);
        type = reply_header(&r, "Content-Type");
        cr_assert(type != NULL);
        cr_expect(eq(int, strncmp(type, "text/html", 9), 0));
        cr_expect(ne(ptr, strstr(r.body, "<html"), NULL), "%s", r.body);
    }
    server_stop(&s);
}

Test(e2e_transport, dribble_gives_the_natural_answer_in_many_pieces,
     .timeout = 60)
{
    struct server s;
    struct reply r;

    server_start(&s, NULL);
    r = send_fault(&s, GETFOUR, "dribble");
    expect_success(&r);
    cr_expect(ge(sz, r.n_reads, 4), "it came in %zu pieces", r.n_reads);
    server_stop(&s);
}

Test(e2e_transport, hang_says_nothing_and_keeps_the_connection, .timeout = 10)
{
    struct server s;
    struct client c;
    struct request q = request_good(GETFOUR);

    q.headers = "X-Mock-Fault: hang\r\n";
    server_start(&s, NULL);
    client_open(&c, &s);
    client_send_request(&c, &q);
    for (int i = 0; i < 20; i++)
        expect_alive(&s);
    cr_expect(client_is_waiting(&c), "the hanging exchange went on");
    server_stop(&s);
    client_close(&c);
}

Test(e2e_transport, a_client_may_leave_a_hanging_exchange, .timeout = 10)
{
    struct server s;
    struct request q = request_good(GETFOUR);

    q.headers = "X-Mock-Fault: hang\r\n";
    server_start(&s, NULL);
    for (int i = 0; i < 20; i++) {
        struct client c;

        client_open(&c, &s);
        client_send_request(&c, &q);
        client_close(&c);
    }
    expect_alive(&s);
    server_stop(&s);
}

Test(e2e_transport, a_delay_comes_before_the_fault, .timeout = 10)
{
    struct server s;
    struct client c;
    struct request q = request_good(GETFOUR);
    struct reply r;

    q.headers = "X-Mock-Fault: delay=1000,empty_response\r\n";
    server_start(&s, NULL);
    client_open(&c, &s);
    client_send_request(&c, &q);
    expect_alive(&s);
    cr_expect(client_is_waiting(&c), "the fault did not wait");
    r = client_read(&c);
    expect_end(&r, REPLY_NOTHING);
    client_close(&c);
    server_stop(&s);
}

Test(e2e_transport, faults_come_from_seq_file_url_and_option_too, .timeout = 10)
{
    struct server s;
    struct form f = form_four("true");
    struct reply r;

    server_start(&s, "--fault", "html_502", NULL);
    r = send_form(&s, FOUR, &f);
    expect_http(&r, 502);
    form_set(&f, "video", "mock-fault:empty_response;");
    r = send_form(&s, FOUR, &f);
    expect_end(&r, REPLY_NOTHING);
    form_set(&f, "seq", "mock-fault:reset");
    r = send_form(&s, FOUR, &f);
    expect_end(&r, REPLY_RESET);
    r = send_json(&s, PICTURE,
                  "{\"appid\":\"1000001\","
                  "\"url\":\"http://a.b/mock-fault:empty_body;\"}");
    expect_http(&r, 200);
    cr_expect(eq(sz, r.body_len, 0));
    server_stop(&s);
}

/* The marker is in the file's head; the rest of the upload never goes out. */
Test(e2e_transport, a_file_resets_its_own_upload_on_the_way, .timeout = 10)
{
    struct server s;
    struct form f = form_four("false");
    struct bytes video = {0};
    struct request q;
    struct bytes all;
    struct client c;
    struct reply r;

    bytes_text(&video, "mock-fault:reset_during_upload;");
    bytes_fill(&video, 'v', 1024 * 1024);
    form_set_bytes(&f, "video", video.data, video.len);
    q = request_form(FOUR, &f);
    all = request_bytes(&q);
    server_start(&s, NULL);
    client_open(&c, &s);
    client_send(&c, all.data, all.len - 512 * 1024);
    r = client_read(&c);
    EXPECT(check_end(&r, REPLY_RESET));
    client_close(&c);
    server_stop(&s);
}
