/*
 * e2e_concurrency: many clients at a time, pipelining, delayed exchanges that
 * hold no thread, and a stop while exchanges are in flight.
 */
#include "expect.h"

#include <string.h>
#include <sys/socket.h>

enum { N_CLIENTS = 64, N_DELAYED = 50 };

Test(e2e_concurrency, sixty_four_clients_halfway_through_are_all_served,
     .timeout = 20)
{
    struct server s;
    struct client clients[N_CLIENTS];
    struct request q = request_good(FOUR);
    struct bytes all = request_bytes(&q);
    size_t half = all.len / 2;

    server_start(&s, NULL);
    for (size_t i = 0; i < N_CLIENTS; i++) {
        client_open(&clients[i], &s);
        client_send(&clients[i], all.data, half);
    }
    for (size_t i = 0; i < N_CLIENTS; i++)
        client_send(&clients[i], all.data + half, all.len - half);
    for (size_t i = 0; i < N_CLIENTS; i++) {
        struct reply r = client_read(&clients[i]);

        expect_success(&r);
        client_close(&clients[i]);
    }
    server_stop(&s);
}

Test(e2e_concurrency, each_client_gets_its_own_answer, .timeout = 20)
{
    struct server s;
    struct client clients[N_CLIENTS];

    server_start(&s, NULL);
    for (size_t i = 0; i < N_CLIENTS; i++) {
        struct request q = request_good(GETFOUR);

        q.headers = format("X-Mock-Fault: unlisted=%zu\r\n", 5000 + i);
        client_open(&clients[i], &s);
        client_send_request(&clients[i], &q);
    }
    for (size_t i = N_CLIENTS; i-- > 0;) {
        struct reply r = client_read(&clients[i]);

        expect_code(&r, 5000 + (int)i);
        client_close(&clients[i]);
    }
    server_stop(&s);
}

Test(e2e_concurrency, two_requests_in_one_write_are_answered_in_order,
     .timeout = 10)
{
    struct server s;
    struct client c;
    struct request first = request_good(FOUR), second = request_good(GETFOUR);
    struct bytes all, more;
    struct reply r;

    second.headers = "X-Mock-Fault: -5805\r\n";
    all = request_bytes(&first);
    more = request_bytes(&second);
    bytes_add(&all, more.data, more.len);
    server_start(&s, NULL);
    client_open(&c, &s);
    client_send(&c, all.data, all.len);
    r = client_read(&c);
    expect_success(&r);
    r = client_read(&c);
    expect_code(&r, -5805);
    client_close(&c);
    server_stop(&s);
}

Test(e2e_concurrency, a_delayed_request_holds_back_the_pipelined_one,
     .timeout = 10)
{
    struct server s;
    struct client c;
    struct request first = request_good(GETFOUR), second = first;
    struct bytes all, more;
    struct reply r;

    first.headers = "X-Mock-Fault: delay=200,9\r\n";
    all = request_bytes(&first);
    more = request_bytes(&second);
    bytes_add(&all, more.data, more.len);
    server_start(&s, NULL);
    client_open(&c, &s);
    client_send(&c, all.data, all.len);
    r = client_read(&c);
    expect_code(&r, 9);
    r = client_read(&c);
    expect_success(&r);
    client_close(&c);
    server_stop(&s);
}

static void open_delayed(struct client clients[N_DELAYED],
                         const struct server *s)
{
    struct request q = request_good(GETFOUR);

    q.headers = "X-Mock-Fault: delay=600000\r\n";
    for (size_t i = 0; i < N_DELAYED; i++) {
        client_open(&clients[i], s);
        client_send_request(&clients[i], &q);
    }
}

Test(e2e_concurrency, delayed_exchanges_hold_no_thread, .timeout = 10)
{
    struct server s;
    struct client clients[N_DELAYED];

    server_start(&s, "--threads", "1", NULL);
    open_delayed(clients, &s);
    for (int i = 0; i < 20; i++)
        expect_alive(&s);
    for (size_t i = 0; i < N_DELAYED; i++)
        cr_expect(client_is_waiting(&clients[i]));
    server_stop(&s);
}

Test(e2e_concurrency, clients_may_leave_delayed_exchanges, .timeout = 10)
{
    struct server s;
    struct client clients[N_DELAYED];

    server_start(&s, "--threads", "1", NULL);
    open_delayed(clients, &s);
    expect_alive(&s);
    for (size_t i = 0; i < N_DELAYED; i++)
        client_close(&clients[i]);
    expect_alive(&s);
    server_stop(&s);
}

/* The 100 proves that the exchange is in flight before the signal. */
Test(e2e_concurrency, a_stop_lets_an_upload_finish, .timeout = 20)
{
    struct server s;
    struct client c;
    struct request q = request_good(FOUR);
    struct bytes head;
    struct reply r;
    char start[13] = "";

    q.headers = "Expect: 100-continue\r\n";
    head = request_head(&q);
    server_start(&s, NULL);
    client_open(&c, &s);
    client_send(&c, head.data, head.len);
    recv(c.fd, start, sizeof(start) - 1, MSG_PEEK | MSG_WAITALL);
    cr_expect_str_eq(start, "HTTP/1.1 100");
    client_send(&c, q.body.data, q.body.len / 2);
    server_terminate(&s);
    server_await_stopping(&s);
    client_send(&c, q.body.data + q.body.len / 2, q.body.len - q.body.len / 2);
    r = client_read(&c);
    expect_success(&r);
    client_close(&c);
    server_wait(&s);
}

Test(e2e_concurrency, a_stop_ends_idle_connections, .timeout = 10)
{
    struct server s;
    struct client clients[8];
    struct request q = request_good(GETFOUR);

    server_start(&s, NULL);
    for (size_t i = 0; i < 8; i++) {
        client_open(&clients[i], &s);
        if (i % 2) {
            struct reply r = client_exchange(&clients[i], &q);

            expect_success(&r);
        }
    }
    server_stop(&s);
    for (size_t i = 0; i < 8; i++)
        cr_expect(client_is_closed_by_server(&clients[i]));
}

Test(e2e_concurrency, a_stop_completes_a_dribbled_answer, .timeout = 10)
{
    struct server s;
    struct client c;
    struct request q = request_good(GETFOUR);
    struct reply r;
    char byte;

    q.headers = "X-Mock-Fault: dribble\r\n";
    server_start(&s, NULL);
    client_open(&c, &s);
    client_send_request(&c, &q);
    cr_assert(eq(int, (int)recv(c.fd, &byte, 1, MSG_PEEK), 1));
    server_terminate(&s);
    server_await_stopping(&s);
    r = client_read(&c);
    expect_success(&r);
    /* The rest came at once, not byte by byte. */
    cr_expect(lt(sz, r.n_reads, r.body_len / 2));
    server_wait(&s);
    client_close(&c);
}

static void leave_waiting(const char *fault)
{
    struct server s;
    struct client clients[N_DELAYED];
    struct request q = request_good(GETFOUR);
    size_t before;

    q.headers = format("X-Mock-Fault: %s\r\n", fault);
    server_start(&s, "--threads", "1", NULL);
    expect_alive(&s);
    before = server_descriptors(&s);
    for (size_t i = 0; i < N_DELAYED; i++) {
        client_open(&clients[i], &s);
        client_send_request(&clients[i], &q);
    }
    expect_alive(&s); /* after them, by the only worker */
    cr_expect(ge(sz, server_descriptors(&s), (size_t)N_DELAYED));
    for (size_t i = 0; i < N_DELAYED; i++)
        client_close(&clients[i]);
    while (server_descriptors(&s) > before + 1)
        expect_alive(&s);
    server_stop(&s);
}

Test(e2e_concurrency, who_leaves_a_hanging_exchange_costs_nothing,
     .timeout = 10)
{
    leave_waiting("hang");
}

Test(e2e_concurrency, who_leaves_a_delayed_exchange_costs_nothing,
     .timeout = 10)
{
    leave_waiting("delay=600000");
}

Test(e2e_concurrency, the_same_seed_gives_the_same_digits, .timeout = 10)
{
    const char *digits[2][5];

    for (int run = 0; run < 2; run++) {
        struct server s;
        struct request q = request_good(GETFOUR);

        server_start(&s, "--seed", "7", NULL);
        for (int i = 0; i < 5; i++) {
            struct reply r = send_request(&s, &q);

            expect_success(&r);
            digits[run][i] = reply_data(&r, "validate_data")->valuestring;
        }
        server_stop(&s);
    }
    for (int i = 0; i < 5; i++)
        cr_expect_str_eq(digits[0][i], digits[1][i]);
}
