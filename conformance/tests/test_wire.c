#include "wire.h"

#include <stdlib.h>
#include <string.h>
#include <criterion/criterion.h>

#include "peer.h"

TestSuite(wire, .timeout = 20);

enum {
    PATIENCE_MS = 10000, /* which no test uses up */
    IMPATIENCE_MS = 20   /* for what never comes */
};

#define N_OF(array) (sizeof(array) / sizeof((array)[0]))

static struct connection *opened(const struct peer *peer)
{
    struct config config = {.base_url = peer->url, .timeout_ms = PATIENCE_MS};
    char *why = NULL;
    struct connection *c = connection_open(&config, &why);

    cr_assert(c != NULL, "%s", why);
    return c;
}

static struct outgoing request_of(const char *head, const char *body)
{
    struct outgoing out = {0};

    bytes_text(&out.head, head);
    bytes_text(&out.body, body);
    return out;
}

static void outgoing_release(struct outgoing *out)
{
    bytes_release(&out->head);
    bytes_release(&out->body);
}

#define HEAD "POST / HTTP/1.1\r\n\r\n"

/* One exchange on a connection of its own with a peer that does this. */
static void exchange(const struct peer_step *steps, size_t n, int timeout_ms,
                     bool to_end, struct reply *reply)
{
    struct outgoing out = request_of(HEAD, "");
    struct connection *c;
    struct peer peer;

    peer_start(&peer, steps, n);
    c = opened(&peer);
    connection_exchange(c, &out, timeout_ms, to_end, reply);
    connection_close(c);
    peer_stop(&peer);
    cr_expect_str_eq(peer.received.data, HEAD);
    peer_release(&peer);
    outgoing_release(&out);
}

/* The reply that these bytes are, `len` 0: a text, after which the peer goes
 * on with `end`. */
static struct reply reply_of(const char *data, enum peer_verb end)
{
    const struct peer_step steps[] = {
        {.verb = PEER_READ_HEAD}, {PEER_SEND, data, 0}, {.verb = end}};
    struct reply reply;

    exchange(steps, N_OF(steps), PATIENCE_MS, true, &reply);
    return reply;
}

static void expect_transport(const struct reply *reply, enum transport expected)
{
    cr_expect_str_eq(transport_name(reply->transport), transport_name(expected),
                     "%s: %s", reply->raw.data, reply->problem);
}

static void expect_complete(const char *data, const char *body)
{
    struct reply reply = reply_of(data, PEER_CLOSE);

    expect_transport(&reply, TRANSPORT_COMPLETE);
    cr_expect_eq(reply.http, 200);
    cr_expect_str_eq(reply.body.data, body);
    cr_expect_str_eq(reply.raw.data, data);
    cr_expect_str_eq(reply.problem, "");
    reply_release(&reply);
}

static void expect_malformed(const char *data, const char *problem)
{
    struct reply reply = reply_of(data, PEER_CLOSE);

    expect_transport(&reply, TRANSPORT_MALFORMED);
    cr_expect(strstr(reply.problem, problem), "%s: %s", data, reply.problem);
    reply_release(&reply);
}

static void expect_end(const char *data, enum peer_verb end,
                       enum transport expected)
{
    struct reply reply = reply_of(data, end);

    expect_transport(&reply, expected);
    reply_release(&reply);
}

#define OK "HTTP/1.1 200 OK\r\n"
#define CHUNKED OK "Transfer-Encoding: chunked\r\n\r\n"

Test(wire, a_reply_is_as_long_as_it_says)
{
    expect_complete(OK "Content-Length: 5\r\n\r\nab\r\nc", "ab\r\nc");
    expect_complete(OK "content-length:  0 \r\n\r\n", "");
}

Test(wire, a_reply_in_chunks_is_put_together)
{
    expect_complete(CHUNKED "3\r\nabc\r\nA;x=y\r\n0123456789\r\n0\r\n\r\n",
                    "abc0123456789");
    expect_complete(CHUNKED "0\r\n\r\n", "");
    expect_complete(CHUNKED "1\r\na\r\n000\r\nX: y\r\nZ: a\r\n\r\n", "a");
}

Test(wire, a_reply_without_a_length_goes_on_to_the_end)
{
    expect_complete(OK "\r\nabc", "abc");
    expect_complete("HTTP/1.0 200\r\n\r\n", "");
}

Test(wire, bytes_may_come_one_by_one)
{
    const struct peer_step steps[] = {
        {.verb = PEER_READ_HEAD},
        {PEER_DRIBBLE, CHUNKED "3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n", 0}};
    struct reply reply;

    exchange(steps, N_OF(steps), PATIENCE_MS, false, &reply);
    expect_transport(&reply, TRANSPORT_COMPLETE);
    cr_expect_str_eq(reply.body.data, "abcde");
    reply_release(&reply);
}

Test(wire, a_body_may_hold_any_bytes)
{
    const struct peer_step steps[] = {
        {.verb = PEER_READ_HEAD},
        {PEER_SEND, OK "Content-Length: 4\r\n\r\n", 0},
        {PEER_SEND, "\0\xff\r\n", 4}};
    struct reply reply;

    exchange(steps, N_OF(steps), PATIENCE_MS, false, &reply);
    cr_assert_eq(reply.body.len, 4);
    cr_expect_arr_eq(reply.body.data, "\0\xff\r\n", 4);
    reply_release(&reply);
}

Test(wire, header_fields_are_found_whatever_their_case)
{
    struct reply reply = reply_of(OK "X-A: 1\r\nx-a:\t 2 3 \r\nEmpty:\r\n"
                                     "Content-Length: 0\r\n\r\n",
                                  PEER_CLOSE);

    cr_expect_str_eq(reply_header(&reply, "x-A"), "1");
    cr_expect_str_eq(reply_header(&reply, "EMPTY"), "");
    cr_expect(reply_header(&reply, "X-B") == NULL);
    cr_assert_eq(json_array_size(reply.headers), 4);
    cr_expect_str_eq(
        json_string_value(json_array_get(json_array_get(reply.headers, 1), 1)),
        "2 3");
    reply_release(&reply);
}

Test(wire, a_status_is_a_number_of_three_digits)
{
    expect_malformed("HTTP/1.1 2000 OK\r\n\r\n", "three digits");
    expect_malformed("HTTP/1.1 2x0 OK\r\n\r\n", "three digits");
    expect_malformed("HTTP/1.1 099 OK\r\n\r\n", "three digits");
    expect_malformed("HTTP/1.1 200OK\r\n\r\n", "three digits");
    expect_malformed("HTTP/1.1 20\r\n\r\n", "status line");
}

Test(wire, what_is_no_http_is_malformed)
{
    expect_malformed("hello", "status line");
    expect_malformed("\r\n\r\n", "status line");
    expect_malformed("HTTP/2 200 OK\r\n\r\n", "status line");
    expect_malformed("<html>HTTP/1.1 200 OK\r\n\r\n", "status line");
    expect_malformed(OK "no field\r\n\r\n", "header line");
    expect_malformed(OK ": x\r\n\r\n", "header line");
    expect_malformed(OK "a b: x\r\n\r\n", "header line");
    expect_malformed(OK " folded: x\r\n\r\n", "header line");
    expect_malformed(OK "a: x\nb: y\r\n\r\n", "header line");
}

Test(wire, a_length_is_a_number)
{
    expect_malformed(OK "Content-Length: x\r\n\r\n", "Content-Length");
    expect_malformed(OK "Content-Length: -1\r\n\r\n", "Content-Length");
    expect_malformed(OK "Content-Length: +1\r\n\r\na", "Content-Length");
    expect_malformed(OK "Content-Length:\r\n\r\n", "Content-Length");
    expect_malformed(OK "Content-Length: 1, 1\r\n\r\na", "Content-Length");
}

Test(wire, a_coding_is_chunked_and_goes_without_a_length)
{
    expect_malformed(OK "Transfer-Encoding: gzip\r\n\r\n", "not chunked");
    expect_malformed(OK "Transfer-Encoding: chunked\r\nContent-Length: 1\r\n"
                        "\r\n0\r\n\r\n",
                     "both");
}

Test(wire, a_chunk_has_a_size_and_an_end)
{
    expect_malformed(CHUNKED "x\r\n", "size");
    expect_malformed(CHUNKED "\r\n", "size");
    expect_malformed(CHUNKED "-1\r\na\r\n", "size");
    expect_malformed(CHUNKED " 1\r\na\r\n", "size");
    expect_malformed(CHUNKED "0x1\r\na\r\n", "size");
    expect_malformed(CHUNKED "1 \r\na\r\n", "size");
    expect_malformed(CHUNKED "FFFFFFFFFFFFFFFFFF\r\na\r\n", "size");
    expect_malformed(CHUNKED "1\r\nabc", "does not end where it should");
}

Test(wire, an_end_before_the_reply_is_whole_truncates_it)
{
    static const char *const beginnings[] = {
        "H",
        "HTTP/1.1 200 OK\r\nContent-",
        OK "Content-Length: 5\r\n\r\n",
        OK "Content-Length: 5\r\n\r\nabcd",
        CHUNKED,
        CHUNKED "3\r\nab",
        CHUNKED "3\r\nabc",
        CHUNKED "3\r\nabc\r",
        CHUNKED "3\r\nabc\r\n",
        CHUNKED "3\r\nabc\r\n0\r\n",
    };

    for (size_t i = 0; i < N_OF(beginnings); i++)
        expect_end(beginnings[i], PEER_CLOSE, TRANSPORT_TRUNCATED);
}

Test(wire, what_came_of_a_truncated_reply_is_kept)
{
    struct reply reply =
        reply_of(OK "Content-Length: 5\r\n\r\nabcd", PEER_CLOSE);

    cr_expect_eq(reply.http, 200);
    cr_expect_str_eq(reply_header(&reply, "Content-Length"), "5");
    cr_expect_str_eq(reply.body.data, "abcd");
    reply_release(&reply);
}

Test(wire, an_end_in_order_without_a_byte_is_closed)
{
    const struct peer_step steps[] = {{.verb = PEER_READ_HEAD},
                                      {.verb = PEER_CLOSE}};
    struct reply reply;

    exchange(steps, N_OF(steps), PATIENCE_MS, false, &reply);
    expect_transport(&reply, TRANSPORT_CLOSED);
    cr_expect_eq(reply.http, 0);
    reply_release(&reply);
}

Test(wire, a_reset_is_one_whatever_came_before)
{
    const struct peer_step steps[] = {{.verb = PEER_READ_HEAD},
                                      {.verb = PEER_RESET}};
    struct reply reply;

    exchange(steps, N_OF(steps), PATIENCE_MS, false, &reply);
    expect_transport(&reply, TRANSPORT_RESET);
    reply_release(&reply);
    expect_end(OK "Content-Length: 5\r\n\r\nab", PEER_RESET, TRANSPORT_RESET);
    expect_end(OK "\r\nab", PEER_RESET, TRANSPORT_RESET);
}

Test(wire, silence_is_a_timeout)
{
    const struct peer_step silent[] = {{.verb = PEER_READ_HEAD}};
    const struct peer_step halting[] = {
        {.verb = PEER_READ_HEAD},
        {PEER_SEND, OK "Content-Length: 5\r\n\r\nab", 0}};
    struct reply reply;

    exchange(silent, N_OF(silent), IMPATIENCE_MS, false, &reply);
    expect_transport(&reply, TRANSPORT_TIMEOUT);
    cr_expect_eq(reply.raw.len, 0);
    reply_release(&reply);
    exchange(halting, N_OF(halting), IMPATIENCE_MS, false, &reply);
    expect_transport(&reply, TRANSPORT_TIMEOUT);
    reply_release(&reply);
}

Test(wire, a_reply_without_end_is_malformed)
{
    static char much[1 << 20];
    const struct peer_step steps[] = {{.verb = PEER_READ_HEAD},
                                      {PEER_SEND, OK "\r\n", 0},
                                      {PEER_FLOOD, much, sizeof(much)}};
    struct reply reply;

    exchange(steps, N_OF(steps), PATIENCE_MS, false, &reply);
    expect_transport(&reply, TRANSPORT_MALFORMED);
    cr_expect_str_eq(reply.problem, "it does not end");
    reply_release(&reply);
}

Test(wire, interim_replies_without_end_are_malformed)
{
    static const char interim[] = "HTTP/1.1 100 Continue\r\n\r\n";
    const struct peer_step steps[] = {{.verb = PEER_READ_HEAD},
                                      {PEER_FLOOD, interim, 0}};
    struct reply reply;

    exchange(steps, N_OF(steps), PATIENCE_MS, false, &reply);
    expect_transport(&reply, TRANSPORT_MALFORMED);
    cr_expect_str_eq(reply.problem, "there is no end of its 1xx replies");
    reply_release(&reply);
}

Test(wire, a_reply_that_trickles_is_not_waited_for_without_end)
{
    const struct peer_step steps[] = {{.verb = PEER_READ_HEAD},
                                      {PEER_SEND, OK "\r\n", 0},
                                      {PEER_FLOOD, "x", 1}};
    struct reply reply;

    exchange(steps, N_OF(steps), IMPATIENCE_MS, false, &reply);
    expect_transport(&reply, TRANSPORT_TIMEOUT);
    cr_expect_str_eq(reply.problem, "it began, and does not end");
    reply_release(&reply);
}

Test(wire, some_replies_have_no_body)
{
    struct reply reply =
        reply_of("HTTP/1.1 204 No Content\r\n\r\n", PEER_CLOSE);

    expect_transport(&reply, TRANSPORT_COMPLETE);
    cr_expect_eq(reply.http, 204);
    reply_release(&reply);
    reply = reply_of("HTTP/1.1 304 x\r\nContent-Length: 9\r\n\r\n", PEER_CLOSE);
    expect_transport(&reply, TRANSPORT_COMPLETE);
    reply_release(&reply);
}

Test(wire, a_reply_to_head_has_no_body)
{
    const struct peer_step steps[] = {
        {.verb = PEER_READ_HEAD},
        {PEER_SEND, OK "Content-Length: 5\r\n\r\n", 0}};
    struct outgoing out = request_of("HEAD / HTTP/1.1\r\n\r\n", "");
    struct connection *c;
    struct reply reply;
    struct peer peer;

    out.is_head = true;
    peer_start(&peer, steps, N_OF(steps));
    c = opened(&peer);
    connection_exchange(c, &out, PATIENCE_MS, false, &reply);
    connection_close(c);
    peer_stop(&peer);
    expect_transport(&reply, TRANSPORT_COMPLETE);
    cr_expect_eq(reply.body.len, 0);
    cr_expect_str_eq(reply_header(&reply, "Content-Length"), "5");
    reply_release(&reply);
    peer_release(&peer);
    outgoing_release(&out);
}

Test(wire, an_end_after_the_reply_is_seen_when_waited_for)
{
    struct reply reply = reply_of(OK "Content-Length: 1\r\n\r\na", PEER_CLOSE);

    cr_expect(reply.closed);
    reply_release(&reply);
}

Test(wire, a_connection_that_stays_open_is_not_closed)
{
    const struct peer_step steps[] = {
        {.verb = PEER_READ_HEAD},
        {PEER_SEND, OK "Content-Length: 1\r\n\r\na", 0}};
    struct reply reply;

    exchange(steps, N_OF(steps), IMPATIENCE_MS, true, &reply);
    expect_transport(&reply, TRANSPORT_COMPLETE);
    cr_expect(!reply.closed);
    reply_release(&reply);
}

/* Sends `out` to a peer that does this. */
static void send_to(const struct peer_step *steps, size_t n,
                    const struct outgoing *out, int timeout_ms,
                    struct peer *peer, struct reply *reply)
{
    struct connection *c;

    peer_start(peer, steps, n);
    c = opened(peer);
    connection_exchange(c, out, timeout_ms, false, reply);
    connection_close(c);
    peer_stop(peer);
}

Test(wire, a_request_goes_out_as_it_is)
{
    const struct peer_step steps[] = {
        {PEER_READ, NULL, 1004},
        {PEER_SEND, OK "Content-Length: 0\r\n\r\n", 0}};
    struct outgoing out = {0};
    struct reply reply;
    struct peer peer;

    bytes_add(&out.head, "\0\n\xff.", 4);
    bytes_fill(&out.body, 'x', 1000);
    send_to(steps, N_OF(steps), &out, PATIENCE_MS, &peer, &reply);
    expect_transport(&reply, TRANSPORT_COMPLETE);
    cr_assert_eq(peer.received.len, 1004);
    cr_expect_arr_eq(peer.received.data, "\0\n\xff.xxxx", 8);
    reply_release(&reply);
    peer_release(&peer);
    outgoing_release(&out);
}

Test(wire, a_body_waits_for_a_100)
{
    const struct peer_step steps[] = {
        {.verb = PEER_READ_HEAD},
        {PEER_SEND, "HTTP/1.1 100 Continue\r\nX: y\r\n\r\n", 0},
        {PEER_READ, NULL, 4},
        {PEER_SEND, OK "Content-Length: 1\r\n\r\na", 0}};
    struct outgoing out = request_of(HEAD, "body");
    struct reply reply;
    struct peer peer;

    out.waits_for_100 = true;
    send_to(steps, N_OF(steps), &out, PATIENCE_MS, &peer, &reply);
    expect_transport(&reply, TRANSPORT_COMPLETE);
    cr_expect(reply.continued);
    cr_expect_eq(reply.http, 200);
    cr_expect_str_eq(reply.body.data, "a");
    cr_expect(reply_header(&reply, "X") == NULL);
    cr_expect_str_eq(peer.received.data, HEAD "body");
    reply_release(&reply);
    peer_release(&peer);
    outgoing_release(&out);
}

Test(wire, without_a_100_the_body_stays)
{
    const struct peer_step steps[] = {{.verb = PEER_READ_HEAD},
                                      {PEER_READ, NULL, 4}};
    struct outgoing out = request_of(HEAD, "body");
    struct reply reply;
    struct peer peer;

    out.waits_for_100 = true;
    send_to(steps, N_OF(steps), &out, IMPATIENCE_MS, &peer, &reply);
    expect_transport(&reply, TRANSPORT_TIMEOUT);
    cr_expect(!reply.continued);
    cr_expect_str_eq(peer.received.data, HEAD);
    reply_release(&reply);
    peer_release(&peer);
    outgoing_release(&out);
}

Test(wire, another_interim_reply_is_no_100)
{
    const struct peer_step steps[] = {
        {.verb = PEER_READ_HEAD},
        {PEER_SEND, "HTTP/1.1 103 Early Hints\r\n\r\n", 0},
        {PEER_SEND, OK "Content-Length: 0\r\n\r\n", 0}};
    struct reply reply;

    exchange(steps, N_OF(steps), PATIENCE_MS, false, &reply);
    expect_transport(&reply, TRANSPORT_COMPLETE);
    cr_expect(!reply.continued);
    cr_expect_eq(reply.http, 200);
    reply_release(&reply);
}

Test(wire, after_a_100_alone_no_status_has_come)
{
    struct reply reply = reply_of("HTTP/1.1 100 Continue\r\n\r\n", PEER_CLOSE);

    expect_transport(&reply, TRANSPORT_TRUNCATED);
    cr_expect(reply.continued);
    cr_expect_eq(reply.http, 0);
    reply_release(&reply);
}

/* Over 4 MB no socket takes without a reader. */
enum { MUCH = 32 << 20 };

Test(wire, a_reply_may_come_before_the_body_is_sent)
{
    const struct peer_step steps[] = {
        {.verb = PEER_READ_HEAD},
        {PEER_SEND, "HTTP/1.1 413 x\r\nContent-Length: 2\r\n\r\nno", 0}};
    struct outgoing out = request_of(HEAD, "");
    struct reply reply;
    struct peer peer;

    bytes_fill(&out.body, 'x', MUCH);
    send_to(steps, N_OF(steps), &out, PATIENCE_MS, &peer, &reply);
    expect_transport(&reply, TRANSPORT_COMPLETE);
    cr_expect_eq(reply.http, 413);
    cr_expect_str_eq(reply.body.data, "no");
    reply_release(&reply);
    peer_release(&peer);
    outgoing_release(&out);
}

Test(wire, a_body_that_is_larger_than_any_buffer_is_sent_whole)
{
    const struct peer_step steps[] = {
        {.verb = PEER_READ_HEAD},
        {PEER_READ, NULL, MUCH},
        {PEER_SEND, OK "Content-Length: 0\r\n\r\n", 0}};
    struct outgoing out = request_of(HEAD, "");
    struct reply reply;
    struct peer peer;

    bytes_fill(&out.body, 'x', MUCH);
    send_to(steps, N_OF(steps), &out, PATIENCE_MS, &peer, &reply);
    expect_transport(&reply, TRANSPORT_COMPLETE);
    cr_expect_eq(peer.received.len, strlen(HEAD) + MUCH);
    reply_release(&reply);
    peer_release(&peer);
    outgoing_release(&out);
}

Test(wire, a_reset_during_an_upload_is_one)
{
    const struct peer_step steps[] = {{.verb = PEER_READ_HEAD},
                                      {.verb = PEER_RESET}};
    struct outgoing out = request_of(HEAD, "");
    struct reply reply;
    struct peer peer;

    bytes_fill(&out.body, 'x', MUCH);
    send_to(steps, N_OF(steps), &out, PATIENCE_MS, &peer, &reply);
    expect_transport(&reply, TRANSPORT_RESET);
    reply_release(&reply);
    peer_release(&peer);
    outgoing_release(&out);
}

Test(wire, a_connection_takes_one_request_after_the_other)
{
    const struct peer_step steps[] = {
        {.verb = PEER_READ_HEAD},
        {PEER_SEND, OK "Content-Length: 3\r\n\r\none", 0},
        {.verb = PEER_READ_HEAD},
        {PEER_SEND, CHUNKED "3\r\ntwo\r\n0\r\n\r\n", 0},
        {.verb = PEER_READ_HEAD},
        {.verb = PEER_CLOSE}};
    struct outgoing out = request_of(HEAD, "");
    struct connection *c;
    struct reply reply;
    struct peer peer;

    peer_start(&peer, steps, N_OF(steps));
    c = opened(&peer);
    connection_exchange(c, &out, PATIENCE_MS, false, &reply);
    cr_expect_str_eq(reply.body.data, "one");
    reply_release(&reply);
    connection_exchange(c, &out, PATIENCE_MS, false, &reply);
    cr_expect_str_eq(reply.body.data, "two");
    reply_release(&reply);
    connection_exchange(c, &out, PATIENCE_MS, false, &reply);
    expect_transport(&reply, TRANSPORT_CLOSED);
    reply_release(&reply);
    connection_close(c);
    peer_stop(&peer);
    peer_release(&peer);
    outgoing_release(&out);
}

Test(wire, a_reply_that_came_with_the_one_before_is_the_next)
{
    const struct peer_step steps[] = {
        {.verb = PEER_READ_HEAD},
        {PEER_SEND,
         OK "Content-Length: 3\r\n\r\none" OK "Content-Length: 4\r\n\r\ntw", 0},
        {.verb = PEER_READ_HEAD},
        {.verb = PEER_CLOSE}};
    struct outgoing out = request_of(HEAD, "");
    struct connection *c;
    struct reply reply;
    struct peer peer;

    peer_start(&peer, steps, N_OF(steps));
    c = opened(&peer);
    connection_exchange(c, &out, PATIENCE_MS, false, &reply);
    cr_expect_str_eq(reply.body.data, "one");
    reply_release(&reply);
    connection_exchange(c, &out, PATIENCE_MS, false, &reply);
    expect_transport(&reply, TRANSPORT_TRUNCATED);
    cr_expect_str_eq(reply.body.data, "tw");
    cr_expect_str_eq(reply.raw.data, OK "Content-Length: 4\r\n\r\ntw");
    reply_release(&reply);
    connection_close(c);
    peer_stop(&peer);
    peer_release(&peer);
    outgoing_release(&out);
}

Test(wire, a_connection_can_go_to_another_address_than_the_url_s)
{
    const struct peer_step steps[] = {
        {.verb = PEER_READ_HEAD},
        {PEER_SEND, OK "Content-Length: 0\r\n\r\n", 0}};
    struct outgoing out = request_of(HEAD, "");
    struct config config = {.base_url = "http://face.invalid",
                            .timeout_ms = PATIENCE_MS};
    struct connection *c;
    struct reply reply;
    struct peer peer;
    char *why = NULL;

    peer_start(&peer, steps, N_OF(steps));
    config.connect_to = peer.address;
    c = connection_open(&config, &why);
    cr_assert(c != NULL, "%s", why);
    connection_exchange(c, &out, PATIENCE_MS, false, &reply);
    expect_transport(&reply, TRANSPORT_COMPLETE);
    connection_close(c);
    peer_stop(&peer);
    reply_release(&reply);
    peer_release(&peer);
    outgoing_release(&out);
}

Test(wire, where_nobody_listens_there_is_no_connection)
{
    char *nowhere = peer_nowhere();
    struct config config = {.base_url = "http://face.invalid",
                            .connect_to = nowhere,
                            .timeout_ms = PATIENCE_MS};
    char *why = NULL, *begins = format("cannot connect to http://face.invalid "
                                       "at %s: ",
                                       nowhere);

    cr_expect(connection_open(&config, &why) == NULL);
    cr_expect(why && strncmp(why, begins, strlen(begins)) == 0, "%s", why);
    connection_close(NULL);
    free(begins);
    free(why);
    free(nowhere);
}
