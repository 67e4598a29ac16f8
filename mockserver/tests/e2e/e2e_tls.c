/*
 * e2e_tls: TLS and certificates: what a client that trusts the server's CA
 * sees, how CA and certificate are kept, and a certificate of one's own.
 */
#include "admin.h"
#include "expect.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <openssl/ssl.h>

#define SERVICE "service.image.myqcloud.com"

static const char *ca_of(const struct server *s)
{
    struct reply r = admin_call(s, "GET", "ca.pem", NULL);

    expect_http(&r, 200);
    cr_expect_str_eq(reply_header(&r, "Content-Type"),
                     "application/x-pem-file");
    return r.body;
}

/* Opens a connection for a name, trusting a CA. NULL: it came about. */
static const char *try_tls(const struct server *s, const char *name,
                           const char *ca)
{
    struct client c;
    const char *why;

    client_open(&c, s);
    why = client_start_tls(&c, name, ca);
    client_close(&c);
    return why;
}

static void open_tls(struct client *c, const struct server *s)
{
    const char *why;

    client_open(c, s);
    why = client_start_tls(c, NULL, NULL);
    cr_assert(why == NULL, "%s", why);
}

static struct reply send_by_tls(const struct server *s, const struct request *q)
{
    struct client c;
    struct reply r;

    open_tls(&c, s);
    r = client_exchange(&c, q);
    client_close(&c);
    return r;
}

static void expect_works(const char *why, const char *name)
{
    cr_expect(eq(ptr, (void *)why, NULL), "%s: %s", name, why);
}

/* what a client sees */

Test(e2e_tls, the_certificate_is_for_the_service_and_ourselves, .timeout = 10)
{
    static const char *const names[] = {
        SERVICE,     "recognition.image.myqcloud.com",
        "localhost", "127.0.0.1",
        "::1",       "mock.test",
        "192.0.2.7"};
    struct server s;
    const char *ca;

    server_start(&s, "--tls-name", "mock.test", "--tls-name", "192.0.2.7",
                 NULL);
    ca = ca_of(&s);
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
        expect_works(try_tls(&s, names[i], ca), names[i]);
    cr_expect(ne(ptr, (void *)try_tls(&s, "example.com", ca), NULL));
    cr_expect(ne(ptr, (void *)try_tls(&s, "192.0.2.8", ca), NULL));
    server_stop(&s);
}

Test(e2e_tls, the_ca_of_another_server_is_none_of_ours, .timeout = 10)
{
    struct server a, b;

    server_start(&a, NULL);
    server_start(&b, NULL);
    cr_expect(ne(ptr, (void *)try_tls(&a, SERVICE, ca_of(&b)), NULL));
    server_stop(&a);
    server_stop(&b);
}

static bool takes_version(const struct server *s, int version)
{
    SSL_CTX *context = SSL_CTX_new(TLS_client_method());
    struct client c;
    bool taken;

    /* The library's own default would refuse the old ones by itself. */
    SSL_CTX_set_security_level(context, 0);
    SSL_CTX_set_min_proto_version(context, version);
    SSL_CTX_set_max_proto_version(context, version);
    client_open(&c, s);
    c.tls = SSL_new(context);
    SSL_set_fd(c.tls, c.fd);
    taken = SSL_connect(c.tls) == 1;
    client_close(&c);
    SSL_CTX_free(context);
    return taken;
}

Test(e2e_tls, versions_1_2_and_1_3_and_no_other, .timeout = 10)
{
    struct server s;

    server_start(&s, NULL);
    cr_expect(takes_version(&s, TLS1_3_VERSION) != 0);
    cr_expect(takes_version(&s, TLS1_2_VERSION) != 0);
    cr_expect(takes_version(&s, TLS1_1_VERSION) == 0);
    cr_expect(takes_version(&s, TLS1_VERSION) == 0);
    server_stop(&s);
}

/* exchanges */

Test(e2e_tls, every_endpoint_answers, .timeout = 10)
{
    static const char *const paths[] = {FOUR, PICTURE, GETFOUR};
    struct server s;

    server_start(&s, NULL);
    for (size_t i = 0; i < 3; i++) {
        struct request q = request_good(paths[i]);
        struct reply r = send_by_tls(&s, &q);
        cJSON *entry = admin_last_entry(&s);

        expect_success(&r);
        cr_expect(
            eq(int, strncmp(json_text(entry, "client"), "127.0.0.1:", 10), 0));
        cJSON_Delete(entry);
    }
    server_stop(&s);
}

Test(e2e_tls, a_connection_is_kept_and_a_large_body_is_taken, .timeout = 30)
{
    struct form f = form_four("false");
    struct bytes video = {0};
    struct request q;
    struct server s;
    struct client c;

    bytes_fill(&video, 'v', 6000000);
    form_set_bytes(&f, "video", video.data, video.len);
    q = request_form(FOUR, &f);
    server_start(&s, NULL);
    open_tls(&c, &s);
    for (int i = 0; i < 3; i++) {
        struct reply r = client_exchange(&c, &q);

        expect_success(&r);
    }
    client_close(&c);
    server_stop(&s);
}

/* What a client decrypts has the fault, not the encryption. */
Test(e2e_tls, faults_are_those_of_plain_http, .timeout = 30)
{
    static const struct {
        const char *spec;
        enum reply_end end;
    } faults[] = {
        {"reset", REPLY_RESET},
        {"empty_response", REPLY_NOTHING},
        {"random_then_close", REPLY_MALFORMED},
        {"malformed_chunk", REPLY_MALFORMED},
        {"truncated_body", REPLY_TRUNCATED},
        {"dribble", REPLY_COMPLETE},
        {"delay=10", REPLY_COMPLETE},
        {"html_502", REPLY_COMPLETE},
    };
    struct server s;

    server_start(&s, NULL);
    for (size_t i = 0; i < sizeof(faults) / sizeof(faults[0]); i++) {
        struct request q = request_good(GETFOUR);
        struct reply r;

        q.headers = format("X-Mock-Fault: %s\r\n", faults[i].spec);
        r = send_by_tls(&s, &q);
        expect_end(&r, faults[i].end);
        if (i == 3)
            cr_expect_str_eq(reply_header(&r, "Transfer-Encoding"), "chunked");
        expect_alive(&s);
    }
    server_stop(&s);
}

Test(e2e_tls, an_exchange_in_flight_at_a_stop_is_finished, .timeout = 30)
{
    struct request q = request_good(GETFOUR);
    struct bytes head;
    struct server s;
    struct client c;
    struct reply r;
    char byte;

    q.headers = "Expect: 100-continue\r\n";
    head = request_head(&q);
    server_start(&s, NULL);
    open_tls(&c, &s);
    client_send(&c, head.data, head.len);
    /* The 100 is there: the exchange has begun. */
    cr_assert(SSL_peek(c.tls, &byte, 1) == 1);
    server_terminate(&s);
    server_await_stopping(&s);
    client_send(&c, q.body.data, q.body.len);
    r = client_read(&c);
    expect_success(&r);
    client_close(&c);
    server_wait(&s);
}

Test(e2e_tls, no_log_level_shows_a_key, .timeout = 10)
{
    struct request q = request_good(GETFOUR);
    struct server s;
    struct reply r;

    server_start(&s, "--log-level", "debug", NULL);
    r = send_by_tls(&s, &q);
    expect_success(&r);
    cr_expect(eq(ptr, strstr(server_stderr(), "PRIVATE"), NULL));
    cr_expect(eq(ptr, strstr(ca_of(&s), "PRIVATE"), NULL));
    server_stop(&s);
}

static const char *slurp(const char *path)
{
    char *text = calloc(1, 65536);
    FILE *f = fopen(path, "r");

    cr_assert(f != NULL, "%s is not there", path);
    cr_assert(fread(text, 1, 65535, f) > 0);
    fclose(f);
    return text;
}

/* a port for TLS alone */

static struct server at_https_port(const char *port_file)
{
    const char *second = strchr(slurp(port_file), '\n');

    cr_assert(second != NULL);
    return (struct server){.port = (int)strtol(second + 1, NULL, 10)};
}

Test(e2e_tls, the_https_port_takes_tls_and_nothing_else, .timeout = 10)
{
    const char *file = format("%s/ports", scratch_dir());
    struct request q = request_good(GETFOUR);
    struct server s, https;
    struct reply r;

    server_start(&s, "--https-port", "0", "--port-file", file, NULL);
    https = at_https_port(file);
    cr_expect(ne(int, https.port, s.port));
    r = send_by_tls(&https, &q);
    expect_success(&r);
    r = send_request(&https, &q);
    expect_answer(&r, 400, 3);
    expect_message(&r, "TLS is expected");
    /* The other one takes both as ever. */
    r = send_by_tls(&s, &q);
    expect_success(&r);
    r = send_request(&s, &q);
    expect_success(&r);
    server_stop(&s);
}

/* the directory */

Test(e2e_tls, a_directory_keeps_ca_and_certificate, .timeout = 20)
{
    static const char *const names[] = {"ca.pem", "ca.key", "cert.pem",
                                        "key.pem"};
    const char *dir = format("%s/tls", scratch_dir());
    const char *before[4];
    struct server s;
    struct stat st;
    const char *ca;

    server_start(&s, "--tls-dir", dir, NULL);
    ca = ca_of(&s);
    server_stop(&s);
    cr_assert(stat(dir, &st) == 0);
    cr_expect(eq(int, (int)(st.st_mode & 0777), 0700));
    for (size_t i = 0; i < 4; i++) {
        const char *path = format("%s/%s", dir, names[i]);

        before[i] = slurp(path);
        cr_assert(stat(path, &st) == 0);
        cr_expect(eq(int, (int)(st.st_mode & 0777), 0600), "%s", path);
    }
    cr_expect_str_eq(ca, before[0]);
    server_start(&s, "--tls-dir", dir, NULL);
    expect_works(try_tls(&s, SERVICE, ca), "the old CA");
    server_stop(&s);
    for (size_t i = 0; i < 4; i++)
        cr_expect_str_eq(slurp(format("%s/%s", dir, names[i])), before[i]);
}

Test(e2e_tls, ca_prints_the_ca_that_is_served, .timeout = 20)
{
    const char *dir = format("%s/tls", scratch_dir());
    struct run run = run_program("ca", "--tls-dir", dir, NULL);
    struct server s;

    cr_expect(eq(int, run.status, 0), "%s", run.err);
    server_start(&s, "--tls-dir", dir, NULL);
    cr_expect_str_eq(ca_of(&s), run.out);
    expect_works(try_tls(&s, SERVICE, run.out), "the printed CA");
    server_stop(&s);
    cr_expect_str_eq(run_program("ca", "--tls-dir", dir, NULL).out, run.out);
}

static void expect_line(struct run run, const char *text)
{
    const char *eol = strchr(run.err, '\n');

    cr_expect(eq(int, run.status, 2), "%s", run.err);
    cr_expect(eol != NULL && eol[1] == '\0', "not one line:\n%s", run.err);
    cr_expect(strstr(run.err, text) != NULL, "expected \"%s\" in: %s", text,
              run.err);
    cr_expect(eq(sz, run.out_len, 0), "%s", run.out);
}

Test(e2e_tls, mistakes_are_one_line_and_status_2, .timeout = 20)
{
    const char *garbage = scratch_file("garbage", "no PEM", 6);
    const char *dir = format("%s/d", scratch_dir());

    expect_line(run_program("ca", NULL), "--tls-dir is missing");
    expect_line(run_program("--tls-dir", garbage, NULL), "--tls-dir: cannot");
    scratch_file("d/ca.pem", "no PEM", 6);
    expect_line(run_program("--tls-dir", dir, NULL),
                "ca.pem holds no certificate in PEM");
    expect_line(run_program("check-config", "--tls-dir", dir, NULL),
                "ca.pem holds no certificate in PEM");
    expect_line(run_program("--tls-cert", garbage, NULL), "--tls-key");
    expect_line(run_program("--tls-key", garbage, NULL), "--tls-cert");
    expect_line(
        run_program("--tls-cert", "/nonexistent", "--tls-key", garbage, NULL),
        "--tls-cert: cannot read /nonexistent");
    expect_line(run_program("--tls-cert", garbage, "--tls-key", garbage, NULL),
                "holds no certificate in PEM");
    expect_line(run_program("--tls-name", "*.example.com", NULL), "--tls-name");
    expect_line(run_program("--tls-name", "a b", NULL), "--tls-name");
    expect_line(run_program("--proxy", "maybe", NULL), "--proxy");
    expect_line(run_program("--https-port", "x", NULL), "--https-port");
}

Test(e2e_tls, check_config_makes_nothing, .timeout = 10)
{
    const char *dir = format("%s/not-made", scratch_dir());
    struct run run = run_program("check-config", "--tls-dir", dir, NULL);

    cr_expect(eq(int, run.status, 0), "%s", run.err);
    cr_expect(access(dir, F_OK) != 0);
}

/* a certificate of one's own */

Test(e2e_tls, a_certificate_of_ones_own_is_shown, .timeout = 20)
{
    const char *a = format("%s/a", scratch_dir());
    const char *b = format("%s/b", scratch_dir());
    const char *cert = format("%s/cert.pem", a);
    const char *key = format("%s/key.pem", a);
    const char *other = format("%s/key.pem", b);
    struct server s;
    struct reply r;
    const char *ca;

    ca = run_program("ca", "--tls-dir", a, NULL).out;
    run_program("ca", "--tls-dir", b, NULL);
    server_start(&s, "--tls-cert", cert, "--tls-key", key, NULL);
    expect_works(try_tls(&s, SERVICE, ca), "the CA it is from");
    r = admin_call(&s, "GET", "ca.pem", NULL);
    expect_http(&r, 404);
    server_stop(&s);
    expect_line(run_program("--tls-cert", cert, "--tls-key", other, NULL),
                "is not the key of");
    expect_line(run_program("check-config", "--tls-cert", cert, "--tls-key",
                            other, NULL),
                "is not the key of");
    expect_line(
        run_program("--tls-cert", cert, "--tls-key", key, "--tls-dir", a, NULL),
        "exclude each other");
}
