/*
 * e2e_front: one port for everything: peers that are silent, slow, cut off or
 * talk nonsense cost a descriptor at most, and give it back.
 */
#include "admin.h"
#include "expect.h"

#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <openssl/ssl.h>

/* Waits, by making other requests, until the descriptors of those who left are
 * free again. */
static void expect_descriptors_back(const struct server *s, size_t before)
{
    while (server_descriptors(s) > before + 1)
        expect_alive(s);
}

/* Also TLS has been seen: its workers are there. */
static size_t settled_descriptors(const struct server *s)
{
    struct client c;

    client_open(&c, s);
    cr_assert(client_start_tls(&c, NULL, NULL) == NULL);
    client_close(&c);
    expect_alive(s);
    return server_descriptors(s);
}

Test(e2e_front, plain_tls_and_proxy_share_a_port, .timeout = 20)
{
    struct request q = request_good(GETFOUR);
    struct server s;

    server_start(&s, NULL);
    for (int i = 0; i < 30; i++) {
        struct client c;
        struct reply r;

        client_open(&c, &s);
        if (i % 3 == 2) {
            r = client_connect(&c, "service.image.myqcloud.com:443");
            expect_http(&r, 200);
        }
        if (i % 3 > 0)
            cr_assert(client_start_tls(&c, NULL, NULL) == NULL);
        r = client_exchange(&c, &q);
        expect_success(&r);
        client_close(&c);
    }
    server_stop(&s);
}

Test(e2e_front, three_hundred_silent_peers_do_not_matter, .timeout = 30)
{
    enum { N = 300 };
    struct client silent[N];
    struct server s;
    size_t before, threads;

    server_start(&s, NULL);
    before = settled_descriptors(&s);
    threads = server_threads(&s);
    for (size_t i = 0; i < N; i++) {
        client_open(&silent[i], &s);
        if (i % 3 > 0)
            client_send(&silent[i], "CONNECT ", i % 9);
    }
    for (int i = 0; i < 100; i++)
        expect_alive(&s);
    cr_expect(ge(sz, server_descriptors(&s), (size_t)N));
    cr_expect(eq(sz, server_threads(&s), threads));
    for (size_t i = 0; i < N; i++)
        cr_expect(client_is_waiting(&silent[i]), "%zu was closed", i);
    for (size_t i = 0; i < N; i++)
        client_close(&silent[i]);
    expect_descriptors_back(&s, before);
    server_stop(&s);
}

Test(e2e_front, a_stop_does_not_wait_for_the_silent, .timeout = 8)
{
    struct client silent;
    struct server s;

    server_start(&s, NULL);
    client_open(&silent, &s);
    expect_alive(&s);
    server_stop(&s);
    cr_expect(client_is_closed_by_server(&silent));
    client_close(&silent);
}

Test(e2e_front, words_that_begin_like_connect_are_plain_http, .timeout = 10)
{
    static const char *const heads[] = {
        "COPY / HTTP/1.1\r\nHost: x\r\n\r\n",
        "C / HTTP/1.1\r\nHost: x\r\n\r\n",
        "CONNECTS / HTTP/1.1\r\nHost: x\r\n\r\n",
        "CONNEC / HTTP/1.1\r\nHost: x\r\n\r\n",
    };
    struct server s;

    server_start(&s, NULL);
    for (size_t i = 0; i < sizeof(heads) / sizeof(heads[0]); i++) {
        struct reply r = send_bytes(&s, heads[i], strlen(heads[i]));

        expect_answer(&r, 404, 3);
    }
    server_stop(&s);
}

Test(e2e_front, a_request_may_begin_byte_by_byte, .timeout = 20)
{
    static const char start[] = "COPY / HTTP/1.1\r\n";
    struct server s;
    struct client c;
    struct reply r;

    server_start(&s, NULL);
    client_open(&c, &s);
    for (size_t i = 0; i < sizeof(start) - 1; i++) {
        client_send(&c, start + i, 1);
        expect_alive(&s);
    }
    client_send_text(&c, "Host: x\r\n\r\n");
    r = client_read(&c);
    expect_answer(&r, 404, 3);
    client_close(&c);
    server_stop(&s);
}

Test(e2e_front, who_leaves_before_it_is_told_apart_is_forgotten, .timeout = 20)
{
    static const char head[] = "CONNECT service.image.myqcloud.com:443 "
                               "HTTP/1.1\r\nHost: x\r\n\r\n";
    struct server s;
    size_t before;

    server_start(&s, NULL);
    before = settled_descriptors(&s);
    for (size_t n = 0; n < sizeof(head); n++) {
        struct client c;

        client_open(&c, &s);
        client_send(&c, head, n);
        if (n % 2) { /* an end in order, and one by a reset */
            struct linger now = {.l_onoff = 1};

            setsockopt(c.fd, SOL_SOCKET, SO_LINGER, &now, sizeof(now));
        }
        client_close(&c);
    }
    expect_descriptors_back(&s, before);
    server_stop(&s);
}

/* The first flight of a handshake. */
static struct bytes client_hello(void)
{
    SSL_CTX *context = SSL_CTX_new(TLS_client_method());
    SSL *ssl = SSL_new(context);
    BIO *out = BIO_new(BIO_s_mem());
    struct bytes hello = {0};
    char *data;
    long len;

    SSL_set_bio(ssl, BIO_new(BIO_s_mem()), out);
    SSL_connect(ssl);
    len = BIO_get_mem_data(out, &data);
    bytes_add(&hello, data, (size_t)len);
    SSL_free(ssl);
    SSL_CTX_free(context);
    return hello;
}

Test(e2e_front, a_handshake_may_be_cut_off_at_every_byte, .timeout = 60)
{
    struct bytes hello = client_hello();
    struct server s;
    size_t before;

    server_start(&s, NULL);
    before = settled_descriptors(&s);
    for (size_t n = 1; n <= hello.len; n++) {
        struct client c;

        client_open(&c, &s);
        client_send(&c, hello.data, n);
        client_close(&c);
    }
    expect_descriptors_back(&s, before);
    server_stop(&s);
}

/* The client's second flight, up to and with its Finished, for which the
 * server's answer is needed; sent up to a byte. */
static void cut_second_flight(const struct server *s, size_t n)
{
    SSL_CTX *context = SSL_CTX_new(TLS_client_method());
    SSL *ssl = SSL_new(context);
    BIO *in = BIO_new(BIO_s_mem()), *out = BIO_new(BIO_s_mem());
    struct client c;
    char buf[8192], *data;
    long len;

    SSL_set_bio(ssl, in, out);
    client_open(&c, s);
    SSL_connect(ssl);
    len = BIO_get_mem_data(out, &data);
    client_send(&c, data, (size_t)len);
    (void)BIO_reset(out);
    while (SSL_connect(ssl) != 1) {
        ssize_t got = recv(c.fd, buf, sizeof(buf), 0);

        cr_assert(got > 0);
        BIO_write(in, buf, (int)got);
    }
    len = BIO_get_mem_data(out, &data);
    cr_assert(len > 0);
    client_send(&c, data, n < (size_t)len ? n : (size_t)len);
    client_close(&c);
    SSL_free(ssl);
    SSL_CTX_free(context);
}

Test(e2e_front, and_so_may_its_second_flight, .timeout = 60)
{
    struct server s;
    size_t before;

    server_start(&s, NULL);
    before = settled_descriptors(&s);
    for (size_t n = 0; n <= 90; n++)
        cut_second_flight(&s, n);
    expect_descriptors_back(&s, before);
    server_stop(&s);
}

Test(e2e_front, garbage_breaks_nothing, .timeout = 20)
{
    struct server s;
    size_t before;
    unsigned seed = 1;

    server_start(&s, NULL);
    before = settled_descriptors(&s);
    for (int i = 0; i < 256; i++) {
        unsigned char garbage[600];
        struct client c;

        garbage[0] = (unsigned char)i; /* 0x16 too */
        for (size_t j = 1; j < sizeof(garbage); j++)
            garbage[j] = (unsigned char)(rand_r(&seed) >> 8);
        /* The library waits for the end of a line, long after its peer went. */
        memcpy(garbage + sizeof(garbage) - 4, "\r\n\r\n", 4);
        client_open(&c, &s);
        client_send(&c, garbage, sizeof(garbage));
        client_close(&c);
    }
    expect_descriptors_back(&s, before);
    server_stop(&s);
}

/* Of the running server, which thought that it had more. */
static void limit_descriptors(const struct server *s, rlim_t n)
{
    const struct rlimit limit = {n, n};

    cr_assert(prlimit(s->pid, RLIMIT_NOFILE, &limit, NULL) == 0);
}

/* With fewer descriptors than peers, who has been silent longest goes. */
Test(e2e_front, silent_peers_make_room_when_descriptors_run_out, .timeout = 30)
{
    enum { N = 300, DESCRIPTORS = 128 };
    struct client silent[N];
    struct server s;

    server_start(&s, NULL);
    limit_descriptors(&s, DESCRIPTORS);
    for (size_t i = 0; i < N; i++) {
        client_open(&silent[i], &s);
        if (i % 20 == 0)
            expect_alive(&s);
    }
    expect_alive(&s);
    cr_expect(client_is_closed_by_server(&silent[0]));
    cr_expect(client_is_waiting(&silent[N - 1]));
    for (size_t i = 0; i < N; i++)
        client_close(&silent[i]);
    expect_alive(&s);
    server_stop(&s);
}
