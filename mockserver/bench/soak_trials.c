/*
 * soak_trials -p PORT -P PID [-n N] [-s SEED] [-z] NAME
 *
 * Puts the server through one hardship, which NAME names (the table at the
 * end), and proves that it gets over it: it still answers, it has counted what
 * there was to count, and its descriptors are as before.
 */
#include "soak.h"

#include <errno.h>
#include <inttypes.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include "bench_support.h"

#define CUT_SHORT "mockserver_requests_total{endpoint=\"%s\",code=\"none\"}"

/* Whatever was broken, this is as ever. */
static void expect_recovered(size_t n_descriptors)
{
    soak_expect_alive();
    soak_await_descriptors(n_descriptors);
    soak_expect_idle("idle");
}

/* cut: connections that end at every byte of a request */

/* Returns how many of the cuts come after the request line, when there is an
 * exchange to record. How many of those that end in a reset arrive, nobody
 * knows. */
static size_t cut_everywhere(const struct bytes *request, bool with_reset)
{
    size_t line_len = (size_t)(strchr(request->data, '\n') + 1 - request->data);

    for (size_t i = 0; i < request->len; i++) {
        int fd = soak_connect();

        soak_send(fd, request->data, i);
        if (with_reset)
            soak_reset(fd);
        else
            close(fd);
    }
    return request->len - line_len;
}

static uint64_t n_cut_short(void)
{
    struct bytes metrics = soak_admin("GET", "metrics", "", 200);
    static const char *const endpoints[] = {"livedetectfour",
                                            "livedetectpicture", "none"};
    uint64_t n = 0;

    for (size_t i = 0; i < 3; i++) {
        char *series = format(CUT_SHORT, endpoints[i]);

        n += soak_metric_in(&metrics, series);
        free(series);
    }
    bytes_release(&metrics);
    return n;
}

static void cut(void)
{
    struct bytes requests[] = {
        soak_json(""),
        soak_form(100, "", false),
        soak_form(100, "", true),
    };
    size_t fds = soak_descriptors();
    size_t n_cuts = 0, n_exchanges = 0;
    int64_t begun_ns;

    for (size_t i = 0; i < 3; i++) {
        n_exchanges += cut_everywhere(&requests[i], false);
        n_cuts += requests[i].len;
    }
    begun_ns = bench_now_ns();
    while (n_cut_short() != n_exchanges)
        soak_expect(soak_again(begun_ns),
                    "%" PRIu64 " were recorded as cut short, of %zu",
                    n_cut_short(), n_exchanges);
    for (size_t i = 0; i < 3; i++) {
        cut_everywhere(&requests[i], true);
        n_cuts += requests[i].len;
        bytes_release(&requests[i]);
    }
    expect_recovered(fds);
    soak_ok("%zu connections cut, half of them by a reset; of the others %zu "
            "exchanges recorded as cut short, as there were",
            n_cuts, n_exchanges);
}

/* slow clients */

/* What the readers ask for is more than the sockets hold. */
enum { SLOW = 64, READERS = 16, CALLS = 500 };

static void slow_writers(void)
{
    struct bytes request = soak_form(300, "", false);
    size_t fds = soak_descriptors();
    int peers[SLOW];

    for (size_t i = 0; i < SLOW; i++)
        peers[i] = soak_connect();
    for (size_t at = 0; at < request.len; at++) {
        for (size_t i = 0; i < SLOW; i++)
            soak_expect(soak_send(peers[i], request.data + at, 1),
                        "byte %zu is not taken", at);
        if (at % 100 == 0)
            soak_expect_alive();
    }
    for (size_t i = 0; i < SLOW; i++) {
        int code, status = soak_read(peers[i], &code);

        soak_expect(status == 200 && code == 0, "status %d, code %d", status,
                    code);
        close(peers[i]);
    }
    expect_recovered(fds);
    soak_ok("%d requests of %zu bytes, a byte at a time in turn", SLOW,
            request.len);
}

/* Sends as many requests for something long as the server takes, and reads
 * nothing. Returns how many. */
static size_t stuff(int fd)
{
    static const char call[] = "GET /__admin/errors HTTP/1.1\r\n"
                               "Host: 127.0.0.1\r\n\r\n";
    const size_t len = sizeof(call) - 1;
    size_t n = 0;
    ssize_t sent;

    do {
        sent = send(fd, call, len, MSG_NOSIGNAL | MSG_DONTWAIT);
        n += sent == (ssize_t)len;
    } while (sent == (ssize_t)len && n < CALLS);
    /* One that went out in part is finished when there is room again. */
    if (sent > 0 && sent < (ssize_t)len)
        n += soak_send(fd, call + sent, len - (size_t)sent);
    return n;
}

static void slow_readers(void)
{
    size_t fds = soak_descriptors();
    size_t n[READERS], n_replies = 0;
    int peers[READERS];

    for (size_t i = 0; i < READERS; i++) {
        peers[i] = soak_connect();
        n[i] = stuff(peers[i]);
    }
    for (int i = 0; i < 200; i++)
        soak_expect_alive();
    for (size_t i = 0; i < READERS; i++) {
        for (size_t k = 0; k < n[i]; k++) {
            int status = soak_read(peers[i], NULL);

            soak_expect(status == 200, "reply %zu of %zu: status %d", k, n[i],
                        status);
        }
        n_replies += n[i];
        close(peers[i]);
    }
    expect_recovered(fds);
    soak_ok("%d peers that read nothing while 200 others were served, then "
            "their %zu replies",
            READERS, n_replies);
}

/* many that do nothing */

static void idle(void)
{
    struct bytes request = soak_json("");
    size_t fds = soak_descriptors();
    int *peers = calloc(soak.n, sizeof(*peers));
    double idle_ms;
    long kib;

    soak_expect(peers, "out of memory");
    for (size_t i = 0; i < soak.n; i++) {
        peers[i] = soak_connect();
        if (i % 2 == 0)
            continue;
        soak_send(peers[i], request.data, request.len);
        soak_expect(soak_read(peers[i], NULL) == 200, "the %zu-th: no 200", i);
    }
    for (int i = 0; i < 1000; i++)
        soak_expect_alive();
    kib = soak_rss_kib();
    idle_ms = soak_expect_idle("with idle connections");
    for (size_t i = 0; i < soak.n; i++)
        close(peers[i]);
    expect_recovered(fds);
    soak_ok(
        "%zu connections, half silent and half kept after an answer, while "
        "1000 others were served; resident %ld KiB, %.2f ms CPU of a second",
        soak.n, kib, idle_ms);
    free(peers);
}

/* out of descriptors: the server was started with few */

static void exhausted(void)
{
    enum { MANY = 200 };
    struct bytes request = soak_json("");
    size_t fds = soak_descriptors();
    size_t n_answered = 0, n_refused = 0, n_closed = 0;
    int peers[MANY];
    double idle_ms;

    for (size_t i = 0; i < MANY; i++) {
        peers[i] = soak_connect();
        soak_send(peers[i], request.data, request.len);
    }
    idle_ms = soak_expect_idle("out of descriptors");
    for (size_t i = 0; i < MANY; i++) {
        int status = soak_read(peers[i], NULL);

        n_answered += status == 200;
        n_refused += status == 503;
        n_closed += status <= 0;
        close(peers[i]);
    }
    soak_expect(n_answered > 0, "nobody was answered");
    soak_expect(n_answered + n_refused + n_closed == MANY, "another status");
    expect_recovered(fds);
    soak_ok("%d at a time: %zu answered, %zu told 503, %zu closed; %.2f ms CPU "
            "of a second meanwhile",
            MANY, n_answered, n_refused, n_closed, idle_ms);
}

/* the journal's file cannot be written */

static void disk_full(void)
{
    struct bytes request = soak_json("");
    int fd = soak_connect();
    uint64_t n_failures;

    for (size_t i = 0; i < soak.n; i++) {
        int code, status;

        soak_send(fd, request.data, request.len);
        status = soak_read(fd, &code);
        soak_expect(status == 200 && code == 0,
                    "request %zu: status %d, code %d", i, status, code);
    }
    close(fd);
    n_failures = soak_metric("mockserver_journal_file_failures_total");
    soak_expect(n_failures > 0, "nothing was counted as not written");
    soak_expect(n_failures <= soak.n, "%" PRIu64 " were counted", n_failures);
    soak_ok("%zu requests served, %" PRIu64 " counted as not written", soak.n,
            n_failures);
}

/* peers that are gone before their answer */

static void gone(void)
{
    struct bytes requests[] = {
        soak_json(""),
        soak_json("X-Mock-Fault: delay=20\r\n"),
        soak_json("X-Mock-Fault: malformed_chunk\r\n"),
        soak_json("X-Mock-Fault: dribble\r\n"),
    };
    size_t fds = soak_descriptors();

    for (size_t i = 0; i < soak.n; i++) {
        const struct bytes *request = &requests[i % 4];
        int fd = soak_connect();

        soak_send(fd, request->data, request->len);
        stuff(fd);
        soak_reset(fd);
    }
    expect_recovered(fds);
    soak_ok("%zu connections reset before their answers were read", soak.n);
}

/* signals that do not end it */

struct disturbance {
    atomic_bool is_over;
    size_t n;
};

static void *disturb(void *arg)
{
    struct disturbance *d = arg;
    static const int signals[] = {SIGHUP,  SIGCONT, SIGWINCH, SIGURG,
                                  SIGSTOP, SIGCONT, SIGCHLD,  SIGPIPE};
    const struct timespec moment = {.tv_nsec = 200000};
    while (!d->is_over) {
        kill(soak.pid, signals[d->n++ % 8]);
        nanosleep(&moment, NULL);
    }
    kill(soak.pid, SIGCONT);
    return NULL;
}

static void signals(void)
{
    struct bytes requests[] = {soak_json(""), soak_form(100000, "", true)};
    size_t fds = soak_descriptors();
    struct disturbance disturbance = {0};
    int fd = soak_connect();
    pthread_t thread;

    soak_expect(pthread_create(&thread, NULL, disturb, &disturbance) == 0,
                "no thread");
    for (size_t i = 0; i < soak.n; i++) {
        const struct bytes *request = &requests[i % 2];
        int code, status;

        soak_send(fd, request->data, request->len);
        status = soak_read(fd, &code);
        soak_expect(status == 200 && code == 0,
                    "request %zu: status %d, code %d", i, status, code);
    }
    disturbance.is_over = true;
    pthread_join(thread, NULL);
    close(fd);
    soak_expect(soak_metric("mockserver_journal_file_failures_total") == 0,
                "not all was written to the journal's file");
    expect_recovered(fds);
    soak_ok("%zu requests among %zu signals", soak.n, disturbance.n);
}

/* a clock that jumps: signatures go by it, waiting does not */

static void clock_jumps(void)
{
    static const long long times[] = {0,          1,           2147483647,
                                      2147483648, 4294967296,  253402300799,
                                      1500000000, 32503680000, 999999999};
    struct bytes old = soak_json("");
    size_t n = 0;

    for (size_t i = 0; i < soak.n; i++) {
        long long now = times[i % (sizeof(times) / sizeof(times[0]))];
        char *put = format("{\"now\":%lld}", now);
        struct bytes unused = soak_admin("PUT", "clock", put, 200);
        struct bytes delayed = soak_json("X-Mock-Fault: 0,delay=2\r\n");
        int fd = soak_connect();
        int code, status;

        bytes_release(&unused);
        free(put);
        soak_send(fd, delayed.data, delayed.len);
        status = soak_read(fd, &code);
        soak_expect(status == 200 && code == 0,
                    "at %lld a delayed answer: status %d, code %d", now, status,
                    code);
        soak_send(fd, old.data, old.len);
        status = soak_read(fd, &code);
        soak_expect(status == 200 && (code == 9 || code == 0),
                    "at %lld: status %d, code %d", now, status, code);
        n += code == 9;
        close(fd);
        bytes_release(&delayed);
    }
    soak_expect(n > 0, "no signature expired");
    bytes_release(&old);
    old = soak_admin("DELETE", "clock", "", 200);
    bytes_release(&old);
    soak_expect_alive();
    soak_ok("%zu jumps between the years 1970 and 9999; the signature had "
            "expired after %zu, as it should",
            soak.n, n);
}

/* SIGTERM: what has begun is finished */

static void stop(void)
{
    struct bytes form = soak_form(100000, "", false);
    struct bytes delayed = soak_json("X-Mock-Fault: delay=600000\r\n");
    size_t half = form.len / 2;
    int writers[SLOW], waiters[SLOW];

    for (size_t i = 0; i < SLOW; i++) {
        writers[i] = soak_connect();
        soak_send(writers[i], form.data, half);
        waiters[i] = soak_connect();
        soak_send(waiters[i], delayed.data, delayed.len);
    }
    /* Those that wait are recorded; the others were there before them. */
    soak_await_metric("mockserver_faults_total{fault=\"delay\",source="
                      "\"header\"}",
                      SLOW);
    soak_await_metric("mockserver_open_connections", 2 * SLOW + 1);
    kill(soak.pid, SIGTERM);
    for (size_t i = 0; i < SLOW; i++) {
        int code, status = soak_read(waiters[i], &code);

        soak_expect(status == 200 && code == 0,
                    "a delayed exchange: status %d, code %d", status, code);
        close(waiters[i]);
    }
    for (size_t i = 0; i < SLOW; i++) {
        int code, status;

        soak_send(writers[i], form.data + half, form.len - half);
        status = soak_read(writers[i], &code);
        soak_expect(status == 200 && code == 0,
                    "an upload under way: status %d, code %d", status, code);
        close(writers[i]);
    }
    soak_ok("%d uploads under way and %d delayed answers were finished", SLOW,
            SLOW);
}

static const struct trial {
    const char *name;
    void (*run)(void);
} trials[] = {
    {"cut", cut},
    {"slow_writers", slow_writers},
    {"slow_readers", slow_readers},
    {"idle", idle},
    {"exhausted", exhausted},
    {"disk_full", disk_full},
    {"file_limit", disk_full},
    {"gone", gone},
    {"signals", signals},
    {"clock_jumps", clock_jumps},
    {"stop", stop},
};

int main(int argc, char **argv)
{
    soak_begin(argc, argv);
    for (size_t i = 0; i < sizeof(trials) / sizeof(trials[0]); i++) {
        if (!strcmp(trials[i].name, soak.name))
            trials[i].run();
    }
    fprintf(stderr, "soak_trials: there is no trial \"%s\"\n", soak.name);
    return 2;
}
