/*
 * e2e_load: many requests, 64 at a time: none is lost, memory does not grow
 * with their number, and of each client every one is counted.
 */
#include "admin.h"
#include "expect.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

enum { N_WORKERS = 64, MEMORY_SLACK_KIB = 4096 };

struct load {
    const struct server *server;
    struct bytes requests[3]; /* one of each endpoint */
    atomic_int left;
    atomic_int answered;
};

/* Assertions are for the test's own thread: a worker only counts. */
static void *work(void *arg)
{
    static const char *const expected[] = {
        "\"compare_status\":0", "\"score\":95", "\"validate_data\":"};
    struct load *load = arg;
    struct client c;
    int n;

    client_open(&c, load->server);
    while ((n = atomic_fetch_sub(&load->left, 1)) > 0) {
        const struct bytes *request = &load->requests[n % 3];
        struct reply r;

        client_send(&c, request->data, request->len);
        r = client_read(&c);
        if (r.end == REPLY_COMPLETE && r.status == 200 &&
            strstr(r.body, expected[n % 3]) && strstr(r.body, "\"code\":0"))
            atomic_fetch_add(&load->answered, 1);
        reply_release(&r);
    }
    client_close(&c);
    return NULL;
}

static int answered_of(const struct server *s, int n)
{
    static const char *const paths[] = {FOUR, PICTURE, GETFOUR};
    struct load load = {.server = s, .left = n};
    pthread_t threads[N_WORKERS];

    for (size_t i = 0; i < 3; i++) {
        struct request q = request_good(paths[i]);

        load.requests[i] = request_bytes(&q);
    }
    for (size_t i = 0; i < N_WORKERS; i++)
        cr_assert(eq(int, pthread_create(&threads[i], NULL, work, &load), 0));
    for (size_t i = 0; i < N_WORKERS; i++)
        pthread_join(threads[i], NULL);
    return atomic_load(&load.answered);
}

Test(e2e_load, ten_thousand_requests_lose_none_and_memory_stays, .timeout = 60)
{
    struct server s;
    long before, after;

    server_start(&s, NULL);
    /* The journal is full by then. */
    cr_expect(eq(int, answered_of(&s, 6000), 6000));
    before = server_rss_kib(&s);
    cr_expect(eq(int, answered_of(&s, 4000), 4000));
    after = server_rss_kib(&s);
    if (!server_is_sanitized())
        cr_expect(le(long, after, before + MEMORY_SLACK_KIB));
    server_stop(&s);
}

/* Mixed clients: each has an account of its own, and every second one sends
 * requests that lack a field. */
enum { N_ACCOUNTS = 16 };

struct mix {
    const struct server *server;
    struct bytes requests[N_ACCOUNTS];
    int n_each;
    atomic_int next; /* worker number, then the account it plays */
    atomic_int wrong;
};

static struct bytes request_of(const struct server *s, int i)
{
    const char *appid = format("90%02d", i);
    const struct credentials who = {
        .appid = appid,
        .secret_id = format("AKIDload%s", appid),
        .secret_key = format("key-of-%s", appid),
    };
    struct request q = request_json(
        PICTURE, i % 2 ? format("{\"appid\":\"%s\"}", appid)
                       : format("{\"appid\":\"%s\",\"url\":\"http://a.example/"
                                "b.jpg\"}",
                                appid));
    struct reply r =
        admin_call(s, "POST", "accounts",
                   format("{\"appid\":\"%s\",\"keys\":[{\"secret_id\":\"%s\","
                          "\"secret_key\":\"%s\"}]}",
                          appid, who.secret_id, who.secret_key));

    EXPECT(check_http(&r, 201));
    reply_release(&r);
    q.authorization = sign(&who);
    q.host = "recognition.image.myqcloud.com";
    return request_bytes(&q);
}

static void *play(void *arg)
{
    struct mix *mix = arg;
    int me = atomic_fetch_add(&mix->next, 1) % N_ACCOUNTS;
    const char *expected = me % 2 ? "\"code\":-5805" : "\"score\":95";
    struct client c;

    client_open(&c, mix->server);
    for (int i = 0; i < mix->n_each; i++) {
        struct reply r;

        client_send(&c, mix->requests[me].data, mix->requests[me].len);
        r = client_read(&c);
        if (r.end != REPLY_COMPLETE || !strstr(r.body, expected))
            atomic_fetch_add(&mix->wrong, 1);
        reply_release(&r);
    }
    client_close(&c);
    return NULL;
}

static void expect_verdict(const struct server *s, int i, int n)
{
    cJSON *verdict =
        admin_get(s, format("verdict?secret_id=AKIDload90%02d", i));

    cr_expect_eq(json_int(verdict, "requests"), n);
    cr_expect_eq(cJSON_IsTrue(json_at(verdict, "conformant")), i % 2 == 0);
    if (i % 2) {
        cr_expect_str_eq(json_text(verdict, "findings.0.id"), "field.missing");
        cr_expect_eq(json_int(verdict, "findings.0.count"), n);
    }
    cJSON_Delete(verdict);
}

static long metric(const struct server *s, const char *name)
{
    struct reply r = admin_call(s, "GET", "metrics", NULL);
    const char *line = strstr(r.body, format("\n%s ", name));
    long value = line ? strtol(line + strlen(name) + 2, NULL, 10) : -1;

    reply_release(&r);
    return value;
}

Test(e2e_load, of_every_client_every_request_is_counted, .timeout = 120)
{
    struct server s;
    struct mix mix = {.server = &s};
    pthread_t threads[N_WORKERS];
    /* A hundred thousand; instrumented builds are slower by far. */
    int total = server_is_sanitized() ? 12800 : 102400;
    long full;

    server_start(&s, NULL);
    mix.n_each = total / N_WORKERS;
    for (int i = 0; i < N_ACCOUNTS; i++)
        mix.requests[i] = request_of(&s, i);
    for (size_t i = 0; i < N_WORKERS; i++)
        cr_assert(eq(int, pthread_create(&threads[i], NULL, play, &mix), 0));
    for (size_t i = 0; i < N_WORKERS; i++)
        pthread_join(threads[i], NULL);
    cr_expect(eq(int, atomic_load(&mix.wrong), 0));
    for (int i = 0; i < N_ACCOUNTS; i++)
        expect_verdict(&s, i, total / N_ACCOUNTS);
    cr_expect(eq(long,
                 metric(&s, "mockserver_journal_entries") +
                     metric(&s, "mockserver_journal_evicted_total"),
                 (long)total));
    full = metric(&s, "mockserver_journal_bytes");
    cr_expect(le(long, full, 4 * 1024 * 1024));
    server_stop(&s);
}
