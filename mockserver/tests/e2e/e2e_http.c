/*
 * e2e_http: HTTP that is malformed, hostile or cut short. Nothing of it is
 * taken for a good request, and the server goes on answering others.
 */
#include "admin.h"
#include "expect.h"

#include <string.h>
#include <sys/socket.h>

/* Anything but a success. */
static void expect_no_success(const struct reply *r)
{
    if (!check_answer(r, 200, 0))
        expect_http(r, 400); /* fails, and shows the exchange */
}

/* Refused in whatever words, without keeping the client waiting. */
static void expect_refused(const struct server *s, const void *data, size_t len)
{
    struct reply r = send_bytes(s, data, len);

    if (r.end == REPLY_TIMEOUT)
        expect_end(&r, REPLY_COMPLETE);
    expect_no_success(&r);
    expect_alive(s);
}

static void expect_text_refused(const struct server *s, const char *text)
{
    expect_refused(s, text, strlen(text));
}

/* A message without its end: the server may wait for the rest, and others
 * are served meanwhile. */
static void expect_unanswered(const struct server *s, const void *data,
                              size_t len)
{
    struct client c;

    client_open(&c, s);
    client_send(&c, data, len);
    expect_alive(s);
    if (!client_is_waiting(&c)) {
        struct reply r = client_read(&c);

        expect_no_success(&r);
    }
    client_close(&c);
    expect_alive(s);
}

/* A request to livegetfour, good but for its framing. */
static struct bytes framed(const char *fields, const char *body)
{
    struct request q = request_good(GETFOUR);

    q.framing = FRAME_NONE;
    q.headers = fields;
    q.body = (struct bytes){0};
    bytes_text(&q.body, body);
    return request_bytes(&q);
}

/* Refused, and nothing that follows on the connection is taken for a request:
 * it would be one that only one of two parties sees. */
static void expect_framing_refused(const struct server *s, const char *fields,
                                   const char *body)
{
    struct bytes all = framed(fields, body);
    struct request next = request_good(GETFOUR);
    struct client c;
    struct reply r;

    client_open(&c, s);
    client_send(&c, all.data, all.len);
    client_send_request(&c, &next);
    r = client_read(&c);
    expect_no_success(&r);
    if (r.end == REPLY_COMPLETE) {
        r = client_read(&c);
        cr_expect(r.end != REPLY_TIMEOUT, "still open after framing:\n%s",
                  fields);
        expect_no_success(&r);
    }
    client_close(&c);
    expect_alive(s);
}

static const char body_19[] = "{\"appid\":\"1000001\"}";
static const char chunked_body[] = "13\r\n{\"appid\":\"1000001\"}\r\n0\r\n\r\n";

Test(e2e_http, differing_content_lengths_are_refused, .timeout = 10)
{
    struct server s;

    server_start(&s, NULL);
    expect_framing_refused(&s, "Content-Length: 19\r\nContent-Length: 20\r\n",
                           body_19);
    expect_framing_refused(&s, "Content-Length: 20\r\nContent-Length: 19\r\n",
                           body_19);
    expect_framing_refused(&s, "Content-Length: 19, 20\r\n", body_19);
    server_stop(&s);
}

Test(e2e_http, content_length_beside_chunked_is_refused, .timeout = 10)
{
    struct server s;

    server_start(&s, NULL);
    expect_framing_refused(
        &s, "Content-Length: 19\r\nTransfer-Encoding: chunked\r\n",
        chunked_body);
    expect_framing_refused(
        &s, "Transfer-Encoding: chunked\r\nContent-Length: 29\r\n",
        chunked_body);
    server_stop(&s);
}

Test(e2e_http, other_transfer_codings_are_refused, .timeout = 10)
{
    static const char *const codings[] = {
        "gzip, chunked",
        "xchunked",
        "chunked, identity",
        "identity",
        "chunked, chunked",
        "gzip",
        "chunked\r\nTransfer-Encoding: chunked",
        "chunked "};
    struct server s;

    server_start(&s, NULL);
    for (size_t i = 0; i < sizeof(codings) / sizeof(codings[0]); i++)
        expect_framing_refused(
            &s, format("Transfer-Encoding: %s\r\n", codings[i]), chunked_body);
    expect_framing_refused(
        &s, "Transfer-Encoding: chunked\r\nTransfer-Encoding: gzip\r\n",
        chunked_body);
    server_stop(&s);
}

Test(e2e_http, a_content_length_that_is_no_number_is_refused, .timeout = 10)
{
    static const char *const values[] = {"-1",
                                         "-19",
                                         "+19",
                                         "abc",
                                         "0x13",
                                         "19x",
                                         "1 9",
                                         "",
                                         "99999999999999999999999999",
                                         "18446744073709551616"};
    struct server s;

    server_start(&s, NULL);
    for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++)
        expect_framing_refused(&s, format("Content-Length: %s\r\n", values[i]),
                               body_19);
    server_stop(&s);
}

Test(e2e_http, malformed_chunks_are_refused, .timeout = 10)
{
    static const char *const bodies[] = {
        "zz\r\n{\"appid\":\"1000001\"}\r\n0\r\n\r\n",
        "-13\r\n{\"appid\":\"1000001\"}\r\n0\r\n\r\n",
        "ffffffffffffffffffff\r\n{\"appid\":\"1000001\"}\r\n0\r\n\r\n",
        "13\r\n{\"appid\":\"1000001\"}xx0\r\n\r\n",
        "\r\n\r\n",
    };
    struct server s;

    server_start(&s, NULL);
    for (size_t i = 0; i < sizeof(bodies) / sizeof(bodies[0]); i++)
        expect_framing_refused(&s, "Transfer-Encoding: chunked\r\n", bodies[i]);
    server_stop(&s);
}

Test(e2e_http, small_chunks_extensions_and_trailers_are_fine, .timeout = 10)
{
    struct server s;
    struct request q = request_good(GETFOUR);
    struct reply r;

    q.framing = FRAME_NONE;
    q.headers = "Transfer-Encoding: chunked\r\n";
    q.body = (struct bytes){0};
    for (const char *p = body_19; *p; p++)
        bytes_text(&q.body, format("1;ext=x\r\n%c\r\n", *p));
    bytes_text(&q.body, "0\r\nX-Trailer: x\r\n\r\n");
    server_start(&s, NULL);
    r = send_request(&s, &q);
    expect_success(&r);
    server_stop(&s);
}

Test(e2e_http, an_absurd_content_length_is_no_success, .timeout = 10)
{
    struct server s;
    struct bytes all =
        framed("Content-Length: 9223372036854775807\r\n", body_19);

    server_start(&s, NULL);
    expect_unanswered(&s, all.data, all.len);
    server_stop(&s);
}

Test(e2e_http, garbage_is_refused, .timeout = 10)
{
    static const char *const texts[] = {
        "garbage\r\n\r\n",
        "GET\r\n\r\n",
        "POST /face/livegetfour\r\n\r\n",
        "POST /face/livegetfour HTTP/9.9\r\n\r\n",
        "POST  /face/livegetfour  HTTP/1.1\r\n\r\n",
        ": : :\r\n: : :\r\n\r\n",
        "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
        "\x01\x02\x03\x80\xff\r\n\r\n",
    };
    struct server s;

    server_start(&s, NULL);
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
        expect_text_refused(&s, texts[i]);
    server_stop(&s);
}

Test(e2e_http, garbage_without_an_end_harms_nobody, .timeout = 10)
{
    static const char nuls[100];
    static const char tls_hello[] = "\x16\x03\x01\x02\0\x01\0\x01\xfc\x03\x03"
                                    "abcdefghijklmnopqrstuvwxyz";
    static const char *const texts[] = {
        "", "g", "garbage", "\r\n\r\n\r\n\r\n", "\n", "POST", "\x80\x81\x82"};
    struct server s;

    server_start(&s, NULL);
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
        expect_unanswered(&s, texts[i], strlen(texts[i]));
    expect_unanswered(&s, nuls, sizeof(nuls));
    expect_unanswered(&s, tls_hello, sizeof(tls_hello) - 1);
    server_stop(&s);
}

/* The good request in which each '@' of these fields became a NUL. */
static struct bytes with_nuls(const char *target, const char *fields)
{
    struct request q = request_good(GETFOUR);
    struct bytes all;

    q.target = target;
    q.headers = fields;
    all = request_bytes(&q);
    for (size_t i = 0; i < all.len; i++) {
        if (all.data[i] == '@')
            all.data[i] = '\0';
    }
    return all;
}

Test(e2e_http, a_nul_in_the_head_is_answered_in_some_way, .timeout = 10)
{
    static const char *const fields[] = {"X-Field: @\r\n", "X@Field: 1\r\n",
                                         "@\r\n", "X-Mock-Fault: 9@\r\n"};
    static const char *const targets[] = {GETFOUR, GETFOUR "?@", GETFOUR "@",
                                          "@/face/livegetfour"};
    struct server s;

    server_start(&s, NULL);
    for (size_t i = 0; i < 4; i++) {
        struct bytes all = with_nuls(targets[i], fields[i]);
        struct reply r = send_bytes(&s, all.data, all.len);

        cr_expect(r.end != REPLY_TIMEOUT, "no answer to %s", fields[i]);
        expect_alive(&s);
    }
    server_stop(&s);
}

/* Signed well and complete: only the odd field stands in the way. */
Test(e2e_http, fields_that_two_parsers_may_read_differently_are_refused,
     .timeout = 10)
{
    static const char *const fields[] = {
        "X-Field: a\x01z\r\n", "X Field: 1\r\n", "X(Field): 1\r\n",
        "X-Field : 1\r\n", "X-Field: 1\x7f\r\n"};
    struct server s;

    server_start(&s, NULL);
    for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++) {
        struct bytes all =
            framed(format("Content-Length: 19\r\n%s", fields[i]), body_19);

        expect_refused(&s, all.data, all.len);
    }
    server_stop(&s);
}

Test(e2e_http, a_blank_before_the_colon_is_refused, .timeout = 10)
{
    struct server s;
    struct request q = request_good(GETFOUR);
    struct bytes all;

    q.headers = format("Authorization : %s\r\n", q.authorization);
    q.authorization = NULL;
    all = request_bytes(&q);
    server_start(&s, NULL);
    expect_refused(&s, all.data, all.len);
    server_stop(&s);
}

Test(e2e_http, a_header_of_300_kilobytes_is_refused, .timeout = 10)
{
    struct server s;
    struct request q = request_good(GETFOUR);
    struct bytes field = {0}, all;

    bytes_text(&field, "X-Long: ");
    bytes_fill(&field, 'x', 300000);
    bytes_text(&field, "\r\n");
    q.headers = field.data;
    all = request_bytes(&q);
    server_start(&s, NULL);
    expect_refused(&s, all.data, all.len);
    server_stop(&s);
}

Test(e2e_http, a_target_of_300_kilobytes_is_refused, .timeout = 10)
{
    struct server s;
    struct request q = request_good(GETFOUR);
    struct bytes target = {0}, all;

    bytes_text(&target, GETFOUR "?");
    bytes_fill(&target, 'x', 300000);
    q.target = target.data;
    all = request_bytes(&q);
    server_start(&s, NULL);
    expect_refused(&s, all.data, all.len);
    server_stop(&s);
}

Test(e2e_http, ten_thousand_fields_are_refused, .timeout = 10)
{
    struct server s;
    struct request q = request_good(GETFOUR);
    struct bytes fields = {0}, all;

    for (int i = 0; i < 10000; i++)
        bytes_text(&fields, format("X-%d: %d\r\n", i, i));
    q.headers = fields.data;
    all = request_bytes(&q);
    server_start(&s, NULL);
    expect_refused(&s, all.data, all.len);
    server_stop(&s);
}

Test(e2e_http, an_authorization_of_20_kilobytes_is_5, .timeout = 10)
{
    struct server s;
    struct request q = request_good(GETFOUR);
    struct bytes value = {0};
    struct reply r;

    bytes_fill(&value, 'A', 20000);
    q.authorization = value.data;
    server_start(&s, NULL);
    r = send_request(&s, &q);
    expect_code(&r, 5);
    server_stop(&s);
}

/* Cut at every place of the head and here and there in the body; half of
 * the clients reset, half close in order. */
Test(e2e_http, clients_may_leave_at_any_point, .timeout = 30)
{
    const struct linger at_once = {.l_onoff = 1, .l_linger = 0};
    struct server s;
    struct request q = request_good(FOUR);
    struct bytes all = request_bytes(&q);

    server_start(&s, NULL);
    for (size_t n = 0; n < all.len; n += 3) {
        struct client c;

        client_open(&c, &s);
        client_send(&c, all.data, n);
        if (n % 2)
            setsockopt(c.fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof(at_once));
        client_close(&c);
    }
    expect_alive(&s);
    server_stop(&s);
}

Test(e2e_http, a_body_cut_short_is_never_answered_as_complete, .timeout = 10)
{
    struct server s;
    struct request q = request_good(GETFOUR);
    struct bytes all = request_bytes(&q);

    server_start(&s, NULL);
    expect_unanswered(&s, all.data, all.len - 1);
    q.framing = FRAME_CHUNKED;
    all = request_bytes(&q);
    expect_unanswered(&s, all.data, all.len - 5);
    server_stop(&s);
}

Test(e2e_http, a_request_may_arrive_byte_by_byte, .timeout = 10)
{
    struct server s;
    struct client c;
    struct request q = request_good(FOUR);
    struct bytes all = request_bytes(&q);
    struct reply r;

    server_start(&s, NULL);
    client_open(&c, &s);
    for (size_t i = 0; i < all.len; i++)
        client_send(&c, all.data + i, 1);
    r = client_read(&c);
    expect_success(&r);
    client_close(&c);
    server_stop(&s);
}

Test(e2e_http, version_1_0_is_answered, .timeout = 10)
{
    struct server s;
    struct request q = request_good(GETFOUR);
    struct bytes all = request_bytes(&q);
    struct reply r;

    *strchr(all.data, '\r') = '\0';
    all.data[strlen(all.data) - 1] = '0';
    all.data[strlen(all.data)] = '\r';
    server_start(&s, NULL);
    r = send_bytes(&s, all.data, all.len);
    expect_success(&r);
    server_stop(&s);
}

Test(e2e_http, blanks_around_a_value_do_not_count, .timeout = 10)
{
    struct server s;
    struct request q = request_good(GETFOUR);
    struct reply r;

    q.headers = "X-Mock-Fault: \t107 \t\r\n";
    q.content_type = "application/json \t";
    server_start(&s, NULL);
    r = send_request(&s, &q);
    expect_code(&r, 107);
    q.headers = NULL;
    r = send_request(&s, &q);
    expect_success(&r);
    server_stop(&s);
}

/* secrets in the wrong place */

static void expect_silence(const char *secret, const char *text,
                           const char *sent)
{
    cr_expect(strstr(text, secret) == NULL, "sent:\n%s\nshown:\n%s", sent,
              text);
}

/* A client that is given a URL with a user may send him in Host. */
Test(e2e_http, the_user_of_a_host_is_shown_nowhere, .timeout = 10)
{
    static const char *const fields[] = {
        "Host: user:pw@a\r\n",
        "Host: user:pw@a:80\r\n",
        "Host: user:x@pw@a\r\n",
        "Host: user:pw@\r\n",
        "host:user:pw@a\r\n",
        "Host : user:pw@a\r\n",
        "Host: user:pw@a\r\nHost: a\r\n",
        "Host: a\r\nHost: user:pw@a\r\n",
        "Host: user:\r\n pw@a\r\n",
    };
    struct server s;
    struct reply verdict;

    server_start(&s, "--log-level", "debug", NULL);
    for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++) {
        const char *sent = format("POST " GETFOUR " HTTP/1.1\r\n%s"
                                  "Content-Type: application/json\r\n"
                                  "Content-Length: %zu\r\n\r\n%s",
                                  fields[i], sizeof(body_19) - 1, body_19);
        struct reply r = send_bytes(&s, sent, strlen(sent));
        struct reply journal = admin_call(&s, "GET", "requests?limit=1", NULL);

        expect_http(&r, 400);
        expect_silence("pw", r.head, sent);
        expect_silence("pw", r.body, sent);
        expect_http(&journal, 200);
        cr_expect(strstr(journal.body, "http.malformed") != NULL, "%s",
                  journal.body);
        expect_silence("pw", journal.body, sent);
        reply_release(&r);
        reply_release(&journal);
    }
    verdict = admin_call(&s, "GET", "verdict", NULL);
    expect_http(&verdict, 200);
    expect_silence("pw", verdict.body, "all of it");
    expect_silence("pw", server_stderr(), "all of it");
    cr_expect(strstr(server_stderr(), "Host") != NULL, "%s", server_stderr());
    server_stop(&s);
}
