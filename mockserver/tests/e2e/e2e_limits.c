/*
 * e2e_limits: the sizes of docs/contract.md section 3, and that a refusal
 * reaches a client that is still sending (section 2).
 */
#include "expect.h"

#include <string.h>
#include <sys/socket.h>

/* A good livedetectfour request whose body has exactly `size` bytes. */
static struct request request_of_size(size_t size)
{
    struct form f = form_four("true");
    struct request q = request_form(FOUR, &f);
    struct bytes video = {0};
    size_t other = q.body.len - form_part(&f, "video")->len;

    cr_assert(size >= other);
    bytes_fill(&video, 'v', size - other);
    form_set_bytes(&f, "video", video.data, video.len);
    bytes_release(&q.body);
    q = request_form(FOUR, &f);
    bytes_release(&video);
    cr_assert(eq(sz, q.body.len, size));
    return q;
}

/* Sends the head, then the body only after a 100. Returns the final reply;
 * *asked_for_body tells whether the 100 came. */
static struct reply exchange_expecting(const struct server *s,
                                       struct request *q, bool *asked_for_body)
{
    struct client c;
    struct bytes all, head;
    struct reply r;
    char start[13] = "";

    q->headers = "Expect: 100-continue\r\n";
    head = request_head(q);
    all = request_bytes(q);
    client_open(&c, s);
    client_send(&c, head.data, head.len);
    recv(c.fd, start, sizeof(start) - 1, MSG_PEEK | MSG_WAITALL);
    *asked_for_body = strcmp(start, "HTTP/1.1 100") == 0;
    if (*asked_for_body)
        client_send(&c, all.data + head.len, all.len - head.len);
    r = client_read(&c);
    client_close(&c);
    return r;
}

/* Sends everything before it reads anything, as simple clients do; these take
 * a failed send for the end, so the server must take it all. */
static struct reply push(const struct server *s, const struct request *q)
{
    struct client c;
    struct reply r;

    client_open(&c, s);
    cr_expect(client_send_request(&c, q), "the server took no more");
    r = client_read(&c);
    client_close(&c);
    return r;
}

Test(e2e_limits, six_mebibytes_pass_and_one_byte_more_is_23, .timeout = 20)
{
    static const enum framing framings[] = {FRAME_LENGTH, FRAME_CHUNKED};
    struct server s;

    server_start(&s, NULL);
    for (size_t i = 0; i < 2; i++) {
        struct request q = request_of_size(MAX_BODY);
        struct reply r;

        q.framing = framings[i];
        r = send_request(&s, &q);
        expect_success(&r);
        q = request_of_size(MAX_BODY + 1);
        q.framing = framings[i];
        r = send_request(&s, &q);
        expect_code(&r, 23);
    }
    server_stop(&s);
}

Test(e2e_limits, a_body_that_fits_is_asked_for_with_100, .timeout = 20)
{
    struct server s;
    struct request q = request_of_size(MAX_BODY);
    struct reply r;
    bool asked;

    server_start(&s, NULL);
    r = exchange_expecting(&s, &q, &asked);
    expect_success(&r);
    cr_expect(asked, "no 100 came");
    q.framing = FRAME_CHUNKED;
    r = exchange_expecting(&s, &q, &asked);
    expect_success(&r);
    cr_expect(asked, "no 100 came");
    server_stop(&s);
}

Test(e2e_limits, a_body_too_large_is_refused_without_100, .timeout = 20)
{
    struct server s;
    struct request q = request_of_size(MAX_BODY + 1);
    struct reply r;
    bool asked;

    server_start(&s, NULL);
    r = exchange_expecting(&s, &q, &asked);
    expect_code(&r, 23);
    cr_expect(not(asked), "a 100 came");
    cr_expect(not(r.continued), "a 100 came");
    server_stop(&s);
}

Test(e2e_limits, a_bad_signature_is_refused_without_100, .timeout = 20)
{
    struct server s;
    struct request q = request_of_size(MAX_BODY);
    struct reply r;
    bool asked;

    server_start(&s, NULL);
    q.authorization = "nonsense";
    r = exchange_expecting(&s, &q, &asked);
    expect_code(&r, 5);
    cr_expect(not(asked), "a 100 came");
    q.authorization = NULL;
    r = exchange_expecting(&s, &q, &asked);
    expect_code(&r, 4);
    cr_expect(not(asked), "a 100 came");
    server_stop(&s);
}

Test(e2e_limits, a_client_that_pushes_64_megabytes_first_reads_its_23,
     .timeout = 30)
{
    static const enum framing framings[] = {FRAME_LENGTH, FRAME_CHUNKED};
    struct server s;

    server_start(&s, NULL);
    for (size_t i = 0; i < 2; i++) {
        struct request q = request_of_size(64u << 20);
        struct reply r;

        q.framing = framings[i];
        r = push(&s, &q);
        expect_code(&r, 23);
        bytes_release(&q.body);
    }
    expect_alive(&s);
    server_stop(&s);
}

Test(e2e_limits, a_client_that_pushes_six_megabytes_first_reads_its_5,
     .timeout = 20)
{
    static const enum framing framings[] = {FRAME_LENGTH, FRAME_CHUNKED};
    struct server s;

    server_start(&s, NULL);
    for (size_t i = 0; i < 2; i++) {
        struct request q = request_of_size(MAX_BODY);
        struct reply r;

        q.framing = framings[i];
        q.authorization = "nonsense";
        r = push(&s, &q);
        expect_code(&r, 5);
    }
    server_stop(&s);
}

Test(e2e_limits, the_size_is_judged_before_the_signature, .timeout = 20)
{
    struct server s;
    struct request q = request_of_size(MAX_BODY + 1);
    struct reply r;

    q.authorization = NULL;
    server_start(&s, NULL);
    r = send_request(&s, &q);
    expect_code(&r, 23);
    server_stop(&s);
}

Test(e2e_limits, the_limit_holds_on_every_endpoint, .timeout = 20)
{
    static const char *const paths[] = {PICTURE, GETFOUR};
    struct server s;

    server_start(&s, NULL);
    for (size_t i = 0; i < 2; i++) {
        struct request q = request_good(paths[i]);
        struct reply r;

        bytes_fill(&q.body, ' ', MAX_BODY - q.body.len);
        r = send_request(&s, &q);
        expect_success(&r);
        bytes_fill(&q.body, ' ', 1);
        r = send_request(&s, &q);
        expect_code(&r, 23);
    }
    server_stop(&s);
}

Test(e2e_limits, max_body_changes_the_limit, .timeout = 10)
{
    static const enum framing framings[] = {FRAME_LENGTH, FRAME_CHUNKED};
    struct server s;

    server_start(&s, "--max-body", "2000", NULL);
    for (size_t i = 0; i < 2; i++) {
        struct request q = request_of_size(2000);
        struct reply r;

        q.framing = framings[i];
        r = send_request(&s, &q);
        expect_success(&r);
        q = request_of_size(2001);
        q.framing = framings[i];
        r = send_request(&s, &q);
        expect_code(&r, 23);
    }
    server_stop(&s);
}

Test(e2e_limits, max_body_may_allow_more, .timeout = 20)
{
    struct server s;
    struct request q = request_of_size(MAX_BODY + 1);
    struct reply r;

    server_start(&s, "--max-body", "6291457", NULL);
    r = send_request(&s, &q);
    expect_success(&r);
    server_stop(&s);
}

Test(e2e_limits, a_text_field_of_64_kib_passes_and_a_longer_one_is_21,
     .timeout = 10)
{
    struct server s;
    struct form f = form_four("true");
    struct bytes value = {0};
    struct reply r;

    bytes_fill(&value, '1', 65536);
    form_set_bytes(&f, "seq", value.data, value.len);
    server_start(&s, NULL);
    r = send_form(&s, FOUR, &f);
    expect_success(&r);
    bytes_fill(&value, '1', 1);
    form_set_bytes(&f, "seq", value.data, value.len);
    r = send_form(&s, FOUR, &f);
    expect_code(&r, 21);
    server_stop(&s);
}

Test(e2e_limits, sixty_four_parts_pass_and_one_more_is_3, .timeout = 10)
{
    struct server s;
    struct form f = form_four("true");
    struct reply r;

    while (f.n < 64)
        form_set(&f, format("extra%zu", f.n), "x");
    server_start(&s, NULL);
    r = send_form(&s, FOUR, &f);
    expect_success(&r);
    form_set(&f, "extra64", "x");
    r = send_form(&s, FOUR, &f);
    expect_code(&r, 3);
    server_stop(&s);
}

Test(e2e_limits, part_headers_over_8_kib_are_3, .timeout = 10)
{
    struct server s;
    struct form f = form_four("true");
    struct bytes filler = {0};
    struct reply r;

    bytes_fill(&filler, 'x', 8000);
    form_part(&f, "video")->headers = format("X-Filler: %s\r\n", filler.data);
    server_start(&s, NULL);
    r = send_form(&s, FOUR, &f);
    expect_success(&r);
    bytes_fill(&filler, 'x', 1000);
    form_part(&f, "video")->headers = format("X-Filler: %s\r\n", filler.data);
    r = send_form(&s, FOUR, &f);
    expect_code(&r, 3);
    server_stop(&s);
}
