/*
 * e2e_bounds: what one client may take of the server, and what becomes of those
 * who take more (docs/cli.md, "How it runs").
 */
#include "admin.h"
#include "expect.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>

/* Times that end, for a test; without the bounds they are minutes. */
#define SOON "1"
#define HEAD "POST /face/livegetfour HTTP/1.1\r\nHost: a\r\n"

static void shake(struct client *c, const struct server *s, const char *start)
{
    client_open(c, s);
    client_send_text(c, start);
}

/* A byte now and then, until the server has enough. Such a client is never
 * idle. Returns false when it got an answer. */
static bool trickle_to_the_end(struct client *c)
{
    enum { PAUSE_MS = 100 };
    struct pollfd p = {.fd = c->fd, .events = POLLIN};

    while (poll(&p, 1, PAUSE_MS) == 0)
        client_send_text(c, "x");
    return client_is_closed_by_server(c);
}

static void expect_logged(const char *text)
{
    const char *log = server_stderr();

    cr_expect(ne(ptr, strstr(log, text), NULL), "not logged: %s\n%s", text,
              log);
}

static void expect_cut(const char *start)
{
    struct server s;
    struct client c;

    server_start(&s, "--receive-timeout", SOON, NULL);
    shake(&c, &s, start);
    cr_expect(trickle_to_the_end(&c), "after: %s", start);
    client_close(&c);
    expect_alive(&s);
    expect_logged("its request is not there after 1 s");
    server_stop(&s);
}

Test(e2e_bounds, a_request_line_that_trickles_is_cut, .timeout = 20)
{
    expect_cut("P");
}

Test(e2e_bounds, a_head_that_trickles_is_cut, .timeout = 20)
{
    expect_cut(HEAD "X-Long: ");
}

Test(e2e_bounds, a_body_that_trickles_is_cut, .timeout = 20)
{
    expect_cut(HEAD "Content-Length: 100000\r\n\r\n");
}

Test(e2e_bounds, a_chunk_that_trickles_is_cut, .timeout = 20)
{
    expect_cut(HEAD "Transfer-Encoding: chunked\r\n\r\nffff\r\n");
}

Test(e2e_bounds, a_trailer_that_trickles_is_cut, .timeout = 20)
{
    expect_cut(HEAD "Transfer-Encoding: chunked\r\n\r\n0\r\nX-Long: ");
}

Test(e2e_bounds, a_second_request_that_trickles_is_cut, .timeout = 20)
{
    struct server s;
    struct client c;
    struct request q = request_good(GETFOUR);
    struct reply r;

    server_start(&s, "--receive-timeout", SOON, NULL);
    client_open(&c, &s);
    r = client_exchange(&c, &q);
    expect_success(&r);
    client_send_text(&c, HEAD "X-Long: ");
    cr_expect(trickle_to_the_end(&c));
    client_close(&c);
    server_stop(&s);
}

/* What is cut in its body is an exchange, and a cut one; a chunked body that
 * is cut is not malformed. */
Test(e2e_bounds, who_is_cut_is_in_the_journal, .timeout = 20)
{
    struct server s;
    struct client c;
    cJSON *list, *entry;

    server_start(&s, "--receive-timeout", SOON, NULL);
    shake(&c, &s, HEAD "Transfer-Encoding: chunked\r\n\r\nffff\r\n");
    cr_expect(trickle_to_the_end(&c));
    client_close(&c);
    /* The end comes before its record. */
    list = admin_get(&s, "requests?since=0&wait_ms=10000");
    entry = cJSON_GetArrayItem(json_at(list, "requests"), 0);
    cr_assert(ne(ptr, entry, NULL));
    cr_expect(cJSON_IsTrue(json_at(entry, "cut_short")));
    cr_expect(not(entry_has_finding(entry, "http.malformed")));
    cJSON_Delete(list);
    server_stop(&s);
}

Test(e2e_bounds, who_waits_for_an_answer_is_not_cut, .timeout = 20)
{
    struct server s;
    struct reply r;

    server_start(&s, "--receive-timeout", SOON, NULL);
    r = send_fault(&s, GETFOUR, "delay=2500");
    expect_success(&r);
    server_stop(&s);
}

Test(e2e_bounds, nothing_moves_and_the_connection_ends, .timeout = 20)
{
    static const char *const starts[] = {"", "POST", HEAD};

    for (size_t i = 0; i < 3; i++) {
        struct server s;
        struct client c;

        server_start(&s, "--connection-timeout", SOON, NULL);
        shake(&c, &s, starts[i]);
        cr_expect(client_is_closed_by_server(&c), "after: %s", starts[i]);
        client_close(&c);
        server_stop(&s);
    }
}

/* The news of the end comes with the last bytes. Nobody waits for the idle
 * time, which is minutes. */
Test(e2e_bounds, who_hangs_up_within_a_request_is_let_go, .timeout = 20)
{
    static const char *const starts[] = {
        "POST /fa",
        HEAD "X-Half: ",
        HEAD "Content-Length: 100\r\n\r\nhalf",
        HEAD "Transfer-Encoding: chunked\r\n\r\n64\r\nhalf",
        HEAD "Transfer-Encoding: chunked\r\n\r\n0\r\nX-Half: ",
    };
    struct server s;

    server_start(&s, "--connection-timeout", "3600", NULL);
    for (size_t i = 0; i < sizeof(starts) / sizeof(starts[0]); i++) {
        struct client c;

        shake(&c, &s, starts[i]);
        shutdown(c.fd, SHUT_WR);
        cr_expect(client_is_closed_by_server(&c), "after: %s", starts[i]);
        client_close(&c);
    }
    server_stop(&s);
}

/* It wants no more answers than that one. */
Test(e2e_bounds, who_sends_no_more_is_answered_and_let_go, .timeout = 20)
{
    struct server s;
    struct request q = request_good(GETFOUR);

    server_start(&s, "--connection-timeout", "3600", NULL);
    for (int i = 0; i < 50; i++) {
        struct client c;
        struct reply r;

        client_open(&c, &s);
        client_send_request(&c, &q);
        shutdown(c.fd, SHUT_WR);
        r = client_read(&c);
        expect_success(&r);
        cr_expect(client_is_closed_by_server(&c));
        reply_release(&r);
        client_close(&c);
    }
    server_stop(&s);
}

/* An exchange on a new connection, which stays. */
static struct reply occupy(struct client *c, const struct server *s)
{
    struct request q = request_good(GETFOUR);

    client_open(c, s);
    return client_exchange(c, &q);
}

Test(e2e_bounds, one_connection_too_many_is_told_so, .timeout = 20)
{
    enum { N = 3 };
    struct server s;
    struct client c[N], late;
    struct request q = request_good(GETFOUR);
    struct reply r;

    q.headers = "X-Mock-Fault: hang\r\n";
    server_start(&s, "--max-connections", "3", NULL);
    for (size_t i = 0; i < N; i++) {
        r = occupy(&c[i], &s);
        expect_success(&r);
        client_send_request(&c[i], &q);
    }
    r = occupy(&late, &s);
    expect_answer(&r, 503, 3);
    expect_message(&r, "--max-connections");
    client_close(&late);
    /* One goes, and there is room. */
    client_close(&c[0]);
    do {
        r = occupy(&late, &s);
        client_close(&late);
    } while (r.status == 503);
    expect_success(&r);
    for (size_t i = 1; i < N; i++)
        client_close(&c[i]);
    server_stop(&s);
}

/* Handed over all at once, more than a worker's share stops that worker. */
Test(e2e_bounds, a_burst_stops_no_worker, .timeout = 20)
{
    enum { N = 200 };
    struct server s;
    struct client c[N];
    struct request q = request_good(GETFOUR);

    server_start(&s, "--max-connections", "4", "--threads", "2", NULL);
    for (size_t i = 0; i < N; i++) {
        client_open(&c[i], &s);
        client_send_request(&c[i], &q);
    }
    for (size_t i = 0; i < N; i++) {
        struct reply r = client_read(&c[i]);

        cr_expect(ne(int, r.end, REPLY_TIMEOUT), "the %zu-th hears nothing", i);
        reply_release(&r);
        client_close(&c[i]);
    }
    server_stop(&s);
}

Test(e2e_bounds, who_is_idle_makes_way, .timeout = 20)
{
    enum { N = 3 };
    struct server s;
    struct client idle[N], late;
    struct reply r;

    server_start(&s, "--max-connections", "3", NULL);
    for (size_t i = 0; i < N; i++) {
        r = occupy(&idle[i], &s);
        expect_success(&r);
    }
    /* At once they do not: they might be about to go on. */
    do {
        r = occupy(&late, &s);
        client_close(&late);
    } while (r.status == 503);
    expect_success(&r);
    cr_expect(client_is_closed_by_server(&idle[0]), "not the first went");
    cr_expect(client_is_waiting(&idle[2]), "one too many went");
    for (size_t i = 0; i < N; i++)
        client_close(&idle[i]);
    server_stop(&s);
}

Test(e2e_bounds, more_connections_than_files_are_refused, .timeout = 10)
{
    struct rlimit files = {64, 64};
    struct run run;

    cr_assert(eq(int, setrlimit(RLIMIT_NOFILE, &files), 0));
    run = run_program("--port", "0", "--threads", "2", "--max-connections",
                      "33", NULL);
    cr_expect(eq(int, run.status, 2));
    cr_expect_str_eq(run.err,
                     "mockserver: --max-connections 33: the limit of open "
                     "files, 64, allows 32 connections\n");
}

Test(e2e_bounds, the_smallest_memory_serves_and_bounds_the_head, .timeout = 20)
{
    struct server s;
    struct request q = request_good(FOUR);
    struct bytes filler = {0};
    struct reply r;

    server_start(&s, "--connection-memory", "8192", NULL);
    r = send_request(&s, &q);
    expect_success(&r);
    bytes_fill(&filler, 'x', 9000);
    q.headers = format("X-Filler: %s\r\n", filler.data);
    r = send_request(&s, &q);
    expect_http(&r, 431);
    server_stop(&s);
    server_start(&s, NULL);
    r = send_request(&s, &q);
    expect_success(&r);
    server_stop(&s);
}

/* The signal that comes with it would end a process. */
Test(e2e_bounds, a_journal_file_that_may_not_grow_harms_nobody, .timeout = 20)
{
    const struct rlimit size = {4096, 4096};
    const char *path = scratch_file("journal", "", 0);
    struct server s;
    struct reply r;

    server_start(&s, "--journal-file", path, NULL);
    cr_assert(eq(int, prlimit(s.pid, RLIMIT_FSIZE, &size, NULL), 0));
    for (int i = 0; i < 20; i++)
        expect_alive(&s);
    r = admin_call(&s, "GET", "metrics", NULL);
    cr_expect(eq(ptr,
                 strstr(r.body, "\nmockserver_journal_file_failures_total 0"),
                 NULL));
    server_stop(&s);
}

/* Refused on its head, and longer than may be drained. */
static struct request refused_request(size_t len)
{
    struct request q = request_good(GETFOUR);

    q.authorization = NULL;
    bytes_release(&q.body);
    bytes_fill(&q.body, ' ', len);
    return q;
}

Test(e2e_bounds, more_than_is_drained_is_answered_at_once, .timeout = 20)
{
    struct request q = refused_request(1001);
    struct server s;
    struct client c;
    struct bytes head = request_head(&q);
    struct reply r;

    server_start(&s, "--max-drain", "1000", NULL);
    client_open(&c, &s);
    client_send(&c, head.data, head.len);
    r = client_read(&c);
    expect_code(&r, 4);
    client_close(&c);
    server_stop(&s);
}

/* How long it is does not stand in its head. */
Test(e2e_bounds, more_chunks_than_are_drained_are_cut_off, .timeout = 20)
{
    struct request q = refused_request(300000);
    struct server s;
    struct reply r;

    q.framing = FRAME_CHUNKED;
    server_start(&s, "--max-drain", "299999", NULL);
    r = send_request(&s, &q);
    cr_expect(ne(int, r.end, REPLY_COMPLETE), "it was answered: %s", r.head);
    expect_logged("over 299999 bytes after the refusal");
    server_stop(&s);
    server_start(&s, "--max-drain", "300000", NULL);
    r = send_request(&s, &q);
    expect_code(&r, 4);
    server_stop(&s);
}
