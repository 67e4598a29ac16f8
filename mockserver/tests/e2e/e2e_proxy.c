/*
 * e2e_proxy: clients that take the server for their HTTP proxy, by targets in
 * absolute form and by CONNECT (docs/contract.md section 1).
 */
#include "admin.h"
#include "expect.h"

#include <string.h>
#include <sys/socket.h>
#include <openssl/ssl.h>

#define SERVICE "service.image.myqcloud.com"
#define RECOGNITION "recognition.image.myqcloud.com"

static struct reply send_to(const struct server *s, const char *target)
{
    struct request q = request_good(GETFOUR);

    q.target = target;
    return send_request(s, &q);
}

/* A CONNECT on a connection of its own. */
static struct reply try_connect(const struct server *s, const char *target)
{
    struct client c;
    struct reply r;

    client_open(&c, s);
    r = client_connect(&c, target);
    client_close(&c);
    return r;
}

static const char *ca_of(const struct server *s)
{
    return admin_call(s, "GET", "ca.pem", NULL).body;
}

static void expect_refused(const struct reply *r, const char *text)
{
    expect_answer(r, 403, 3);
    expect_message(r, text);
}

static long requests_of_verdict(const struct server *s)
{
    cJSON *verdict = admin_get(s, "verdict");
    long n = json_int(verdict, "requests");

    cr_expect(cJSON_IsTrue(json_at(verdict, "conformant")) != 0);
    cJSON_Delete(verdict);
    return n;
}

/* targets in absolute form */

Test(e2e_proxy, service_hosts_and_own_names_are_served, .timeout = 10)
{
    static const char *const targets[] = {
        "http://" SERVICE GETFOUR,
        "http://" RECOGNITION ":8080" GETFOUR,
        "http://SERVICE.image.myqcloud.COM" GETFOUR,
        "http://localhost" GETFOUR,
        "http://127.0.0.1:1" GETFOUR,
        "http://[::1]" GETFOUR,
        "http://mock.test" GETFOUR,
        "https://" SERVICE GETFOUR,
    };
    struct server s;

    server_start(&s, "--tls-name", "mock.test", NULL);
    for (size_t i = 0; i < sizeof(targets) / sizeof(targets[0]); i++) {
        struct reply r = send_to(&s, targets[i]);

        expect_success(&r);
    }
    server_stop(&s);
}

Test(e2e_proxy, another_host_is_403_and_named, .timeout = 10)
{
    static const struct {
        const char *target, *named;
    } cases[] = {
        {"http://example.com" GETFOUR, "\"example.com\""},
        {"http://example.com:80/", "\"example.com:80\""},
        {"http://" SERVICE ".evil.example/", SERVICE ".evil.example"},
        {"http://evil." SERVICE "/", "evil." SERVICE},
        {"http://user@" SERVICE GETFOUR, "names a user"},
        {"http://" SERVICE ":x" GETFOUR, SERVICE ":x"},
        {"http://192.0.2.1/", "\"192.0.2.1\""},
        {"http:///" GETFOUR, "\"\""},
        {"https://mock.test/", "\"mock.test\""},
        {"http://example.com/__admin/health", "\"example.com\""},
    };
    struct server s;

    server_start(&s, NULL);
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct reply r = send_to(&s, cases[i].target);

        expect_refused(&r, cases[i].named);
        expect_message(&r, "nothing is forwarded");
    }
    server_stop(&s);
}

/* Neither in the answer, nor in the journal, nor in the log. */
Test(e2e_proxy, the_user_of_a_target_is_shown_nowhere, .timeout = 10)
{
    static const char *const requests[] = {
        "POST http://user:hunter2@example.com/a HTTP/1.1\r\nHost: a\r\n\r\n",
        "POST http://user:hunter2@" SERVICE GETFOUR
        " HTTP/1.1\r\nHost: a\r\n\r\n",
        "POST http://user:hunter2@example.com/a HTTP/1.1\r\nbad\r\n\r\n",
        "POST user:hunter2@example.com:80 HTTP/1.1\r\nHost: a\r\n\r\n",
        "POST / HTTP/1.1\r\nHost: user:hunter2@example.com\r\n\r\n",
        "CONNECT user:hunter2@example.com:443 HTTP/1.1\r\n\r\n",
        "CONNECT user:hunter2@" SERVICE ":443 HTTP/1.1\r\n\r\n",
        "CONNECT user:hunter2@example.com:x HTTP/1.1\r\nHost : a\r\n\r\n",
    };
    struct server s;

    server_start(&s, "--log-level", "debug", NULL);
    for (size_t i = 0; i < sizeof(requests) / sizeof(requests[0]); i++) {
        struct reply r = send_bytes(&s, requests[i], strlen(requests[i]));
        struct reply journal = admin_call(&s, "GET", "requests?limit=1", NULL);

        cr_expect(r.status >= 400, "%s\n%s", requests[i], r.head);
        cr_expect(strstr(r.body, "hunter2") == NULL, "%s", r.body);
        expect_http(&journal, 200);
        cr_expect(strstr(journal.body, "hunter2") == NULL, "%s", journal.body);
        cr_expect(strstr(journal.body, "\"target\":") != NULL, "%s",
                  journal.body);
    }
    cr_expect(strstr(server_stderr(), "hunter2") == NULL, "%s",
              server_stderr());
    cr_expect(strstr(server_stderr(), "example.com") != NULL);
    server_stop(&s);
}

Test(e2e_proxy, in_origin_form_any_host_is_served, .timeout = 10)
{
    struct request q = request_good(GETFOUR);
    struct server s;
    struct reply r;

    q.host = "example.com";
    server_start(&s, NULL);
    r = send_request(&s, &q);
    expect_success(&r);
    server_stop(&s);
}

Test(e2e_proxy, of_a_request_elsewhere_the_journal_keeps_no_secret,
     .timeout = 10)
{
    struct request q = request_good(GETFOUR);
    struct server s;
    struct reply r;
    cJSON *entry;

    q.target = "http://example.com/path?token=hush";
    q.headers = "X-Api-Key: hush\r\n";
    server_start(&s, NULL);
    r = send_request(&s, &q);
    expect_refused(&r, "example.com");
    entry = admin_last_entry(&s);
    cr_expect_str_eq(json_text(entry, "target"), "http://example.com/path");
    cr_expect(eq(int, cJSON_GetArraySize(json_at(entry, "headers")), 0));
    cr_expect(entry_has_finding(entry, "proxy.elsewhere"));
    cr_expect(eq(ptr, strstr(cJSON_PrintUnformatted(entry), "hush"), NULL));
    cr_expect(eq(long, requests_of_verdict(&s), 0));
    server_stop(&s);
}

/* CONNECT */

static struct reply send_through_tunnel(const struct server *s,
                                        const char *target, const char *name)
{
    struct request q = request_good(GETFOUR);
    struct client c;
    struct reply r;
    const char *why;

    client_open(&c, s);
    r = client_connect(&c, target);
    expect_http(&r, 200);
    why = client_start_tls(&c, name, ca_of(s));
    cr_assert(why == NULL, "%s: %s", target, why);
    r = client_exchange(&c, &q);
    client_close(&c);
    return r;
}

Test(e2e_proxy, connect_opens_a_tunnel_to_the_server_itself, .timeout = 10)
{
    struct server s;
    struct reply r;

    server_start(&s, "--tls-name", "mock.test", NULL);
    r = send_through_tunnel(&s, SERVICE ":443", SERVICE);
    expect_success(&r);
    r = send_through_tunnel(&s, RECOGNITION ":443", RECOGNITION);
    expect_success(&r);
    r = send_through_tunnel(&s, "localhost:443", "localhost");
    expect_success(&r);
    r = send_through_tunnel(&s, "mock.test:443", "mock.test");
    expect_success(&r);
    r = send_through_tunnel(&s, format("127.0.0.1:%d", s.port), "127.0.0.1");
    expect_success(&r);
    /* The tunnels themselves are no requests. */
    cr_expect(eq(long, requests_of_verdict(&s), 5));
    server_stop(&s);
}

Test(e2e_proxy, connect_elsewhere_is_403_named_and_recorded, .timeout = 10)
{
    static const char *const targets[] = {
        "example.com:443",
        "example.com",
        (SERVICE ":80"),
        (SERVICE ":8443"),
        SERVICE,
        "192.0.2.1:443",
        "[2001:db8::1]:443",
        (SERVICE ".x:443"),
        "/",
        ("http://" SERVICE),
        "localhost:22",
        ":443",
    };
    struct server s;

    server_start(&s, NULL);
    for (size_t i = 0; i < sizeof(targets) / sizeof(targets[0]); i++) {
        struct reply r = try_connect(&s, targets[i]);
        cJSON *entry = admin_last_entry(&s);

        expect_answer(&r, 403, 3);
        cr_expect_str_eq(json_text(entry, "method"), "CONNECT");
        cr_expect_str_eq(json_text(entry, "target"), targets[i]);
        cr_expect(eq(int, json_int(entry, "served.http_status"), 403));
        cr_expect(entry_has_finding(entry, "proxy.elsewhere"));
        cJSON_Delete(entry);
    }
    cr_expect(eq(long, requests_of_verdict(&s), 0));
    server_stop(&s);
}

Test(e2e_proxy, the_refusal_of_connect_names_host_or_port, .timeout = 10)
{
    struct server s;
    struct reply r;

    server_start(&s, NULL);
    r = try_connect(&s, "example.com:443");
    expect_refused(&r, "host \"example.com:443\" is not served");
    r = try_connect(&s, SERVICE ":8443");
    expect_refused(&r, SERVICE ":8443\" is refused: port 443 is served");
    server_stop(&s);
}

Test(e2e_proxy, the_own_port_is_open_under_own_names_only, .timeout = 10)
{
    struct server s;
    struct reply r;

    server_start(&s, NULL);
    r = try_connect(&s, format("localhost:%d", s.port));
    expect_http(&r, 200);
    r = try_connect(&s, format(SERVICE ":%d", s.port));
    expect_answer(&r, 403, 3);
    server_stop(&s);
}

Test(e2e_proxy, off_refuses_connect, .timeout = 10)
{
    struct server s;
    struct reply r;

    server_start(&s, "--proxy=off", NULL);
    r = try_connect(&s, SERVICE ":443");
    expect_refused(&r, "--proxy=off");
    r = send_to(&s, "http://" SERVICE GETFOUR);
    expect_success(&r);
    r = send_to(&s, "http://example.com" GETFOUR);
    expect_answer(&r, 403, 3);
    server_stop(&s);
}

Test(e2e_proxy, heads_of_connect_that_are_odd, .timeout = 10)
{
    static const struct {
        const char *head;
        int status;
    } cases[] = {
        {"CONNECT " SERVICE ":443 HTTP/1.0\r\n\r\n", 200},
        {"CONNECT " SERVICE ":443 HTTP/1.1\r\n\r\n", 200},
        {"CONNECT " SERVICE ":443 HTTP/1.1\nHost: x\n\n", 200},
        {"CONNECT " SERVICE ":443 HTTP/1.1\r\nHost: x\r\nHost: x\r\n\r\n", 400},
        {"CONNECT \r\n\r\n", 400},
        {"CONNECT " SERVICE ":443\r\n\r\n", 400},
        {"CONNECT " SERVICE ":443 HTTP/2.0\r\n\r\n", 400},
        {"CONNECT " SERVICE ":443 HTTP/1.1\r\nno colon\r\n\r\n", 400},
        {"connect " SERVICE ":443 HTTP/1.1\r\nHost: x\r\n\r\n", 404},
        {"\r\nCONNECT " SERVICE ":443 HTTP/1.1\r\nHost: x\r\n\r\n", 403},
    };
    struct server s;

    server_start(&s, NULL);
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct client c;
        struct reply r;

        client_open(&c, &s);
        client_send_text(&c, cases[i].head);
        shutdown(c.fd, SHUT_WR);
        r = client_read(&c);
        cr_expect(eq(int, r.status, cases[i].status), "%s: %d", cases[i].head,
                  r.status);
        client_close(&c);
    }
    server_stop(&s);
}

Test(e2e_proxy, a_head_that_is_too_long_is_431, .timeout = 10)
{
    struct bytes head = {0};
    struct server s;
    struct reply r;

    bytes_text(&head, "CONNECT " SERVICE ":443 HTTP/1.1\r\nX: ");
    bytes_fill(&head, 'x', 8192);
    server_start(&s, NULL);
    r = send_bytes(&s, head.data, head.len);
    expect_answer(&r, 431, 3);
    expect_alive(&s);
    server_stop(&s);
}

Test(e2e_proxy, connect_behind_another_request_is_403, .timeout = 10)
{
    struct request q = request_good(GETFOUR);
    struct server s;
    struct client c;
    struct reply r;

    server_start(&s, NULL);
    client_open(&c, &s);
    r = client_exchange(&c, &q);
    expect_success(&r);
    client_send_text(&c, "CONNECT " SERVICE ":443 HTTP/1.1\r\nHost: x\r\n\r\n");
    r = client_read(&c);
    expect_refused(&r, "CONNECT must be the first request");
    client_close(&c);
    server_stop(&s);
}

/* One byte a segment, with another connection served in between, so that the
 * front has looked at every one. */
Test(e2e_proxy, the_head_of_connect_may_come_in_any_pieces, .timeout = 60)
{
    static const char head[] = "CONNECT " SERVICE ":443 HTTP/1.1\r\n"
                               "Host: " SERVICE "\r\n\r\n";
    struct server s;

    server_start(&s, NULL);
    for (size_t cut = 1; cut < sizeof(head) - 1; cut++) {
        struct client c;
        struct reply r;

        client_open(&c, &s);
        client_send(&c, head, cut);
        expect_alive(&s);
        cr_expect(client_is_waiting(&c), "answered after %zu bytes", cut);
        client_send(&c, head + cut, sizeof(head) - 1 - cut);
        r = client_read_tunnel(&c);
        expect_http(&r, 200);
        client_close(&c);
    }
    server_stop(&s);
}

/* behind CONNECT */

static void begin_tunnel(struct client *c, const struct server *s)
{
    struct reply r;

    client_open(c, s);
    r = client_connect(c, SERVICE ":443");
    expect_http(&r, 200);
}

Test(e2e_proxy, what_is_no_tls_behind_connect_is_400_and_closed, .timeout = 10)
{
    static const char *const after[] = {
        "POST " GETFOUR " HTTP/1.1\r\nHost: x\r\n\r\n", "\x15", "x",
        "CONNECT " SERVICE ":443 HTTP/1.1\r\nHost: x\r\n\r\n"};
    struct server s;

    server_start(&s, NULL);
    for (size_t i = 0; i < sizeof(after) / sizeof(after[0]); i++) {
        struct client c;
        struct reply r;

        begin_tunnel(&c, &s);
        client_send_text(&c, after[i]);
        r = client_read(&c);
        expect_answer(&r, 400, 3);
        cr_expect(client_is_closed_by_server(&c));
        client_close(&c);
    }
    expect_alive(&s);
    server_stop(&s);
}

/* In the same segment as the head, and far more than a head. */
Test(e2e_proxy, garbage_right_behind_connect_is_400_and_closed, .timeout = 10)
{
    struct bytes all = {0};
    struct server s;
    struct client c;
    struct reply r;

    bytes_text(&all, "CONNECT " SERVICE ":443 HTTP/1.1\r\nHost: x\r\n\r\n");
    bytes_fill(&all, 'g', 100000);
    server_start(&s, NULL);
    client_open(&c, &s);
    client_send(&c, all.data, all.len);
    r = client_read_tunnel(&c);
    expect_http(&r, 200);
    r = client_read(&c);
    expect_answer(&r, 400, 3);
    client_close(&c);
    expect_alive(&s);
    server_stop(&s);
}

/* Not a byte of the handshake is lost when it comes along with the head. */
Test(e2e_proxy, tls_may_come_along_with_connect, .timeout = 10)
{
    static const char head[] =
        "CONNECT " SERVICE ":443 HTTP/1.1\r\nHost: x\r\n\r\n";
    SSL_CTX *context = SSL_CTX_new(TLS_client_method());
    SSL *ssl = SSL_new(context);
    BIO *in = BIO_new(BIO_s_mem()), *out = BIO_new(BIO_s_mem());
    struct bytes all = {0};
    struct server s;
    struct client c;
    struct reply r;
    char *hello;
    unsigned char byte = 0;
    long len;

    SSL_set_bio(ssl, in, out);
    cr_expect(ne(int, SSL_connect(ssl), 1));
    len = BIO_get_mem_data(out, &hello);
    bytes_text(&all, head);
    bytes_add(&all, hello, (size_t)len);
    server_start(&s, NULL);
    client_open(&c, &s);
    client_send(&c, all.data, all.len);
    r = client_read_tunnel(&c);
    expect_http(&r, 200);
    cr_expect(eq(int, (int)recv(c.fd, &byte, 1, 0), 1));
    cr_expect(eq(int, byte, 0x16), "the answer is no handshake");
    client_close(&c);
    SSL_free(ssl);
    SSL_CTX_free(context);
    server_stop(&s);
}

Test(e2e_proxy, tunnels_that_never_start_cost_nothing_when_closed,
     .timeout = 20)
{
    enum { N = 100 };
    struct client clients[N];
    struct server s;
    size_t before;

    server_start(&s, NULL);
    expect_alive(&s);
    before = server_descriptors(&s);
    for (size_t i = 0; i < N; i++)
        begin_tunnel(&clients[i], &s);
    expect_alive(&s);
    cr_expect(ge(sz, server_descriptors(&s), (size_t)N));
    for (size_t i = 0; i < N; i++)
        client_close(&clients[i]);
    while (server_descriptors(&s) > before + 1)
        expect_alive(&s);
    server_stop(&s);
}

/* the admin API */

static void expect_no_admin(const struct reply *r)
{
    expect_http(r, 403);
    cr_expect(strstr(json_text(r->json, "error"), "by way of the proxy") !=
                  NULL,
              "%s", r->body);
}

Test(e2e_proxy, the_admin_api_is_not_reached_in_absolute_form, .timeout = 10)
{
    static const char *const hosts[] = {SERVICE, "localhost", "127.0.0.1"};
    struct server s;

    server_start(&s, NULL);
    for (size_t i = 0; i < sizeof(hosts) / sizeof(hosts[0]); i++) {
        struct request q = {
            .method = "DELETE",
            .target = format("http://%s/__admin/requests", hosts[i]),
            .host = hosts[i],
            .framing = FRAME_NONE,
        };
        struct reply r = send_request(&s, &q);

        expect_no_admin(&r);
    }
    server_stop(&s);
}

Test(e2e_proxy, nor_through_a_tunnel, .timeout = 10)
{
    static const char *const targets[] = {SERVICE ":443", "localhost:443"};
    struct request q = {
        .method = "GET",
        .target = "/__admin/health",
        .host = "localhost",
        .framing = FRAME_NONE,
    };
    struct server s;

    server_start(&s, NULL);
    for (size_t i = 0; i < 2; i++) {
        struct client c;
        struct reply r;

        client_open(&c, &s);
        r = client_connect(&c, targets[i]);
        expect_http(&r, 200);
        cr_assert(client_start_tls(&c, NULL, NULL) == NULL);
        /* On every request of the connection. */
        r = client_exchange(&c, &q);
        expect_no_admin(&r);
        r = client_exchange(&c, &q);
        expect_no_admin(&r);
        client_close(&c);
    }
    server_stop(&s);
}

/* A descriptor that a tunnel had is used again for a direct connection. */
Test(e2e_proxy, a_direct_connection_after_a_tunnel_is_none, .timeout = 10)
{
    struct server s;

    server_start(&s, "--threads", "1", NULL);
    for (int i = 0; i < 20; i++) {
        struct client c;
        struct reply r;

        begin_tunnel(&c, &s);
        if (i % 2)
            cr_assert(client_start_tls(&c, NULL, NULL) == NULL);
        client_close(&c);
        r = admin_call(&s, "GET", "health", NULL);
        expect_http(&r, 200);
    }
    server_stop(&s);
}
