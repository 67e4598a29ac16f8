/*
 * e2e_load: ten thousand requests, 64 at a time: none is lost, and memory
 * does not grow with the number of requests served.
 */
#include "expect.h"

#include <pthread.h>
#include <stdatomic.h>
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
    cr_expect(eq(int, answered_of(&s, 1000), 1000));
    before = server_rss_kib(&s);
    cr_expect(eq(int, answered_of(&s, 9000), 9000));
    after = server_rss_kib(&s);
    if (!server_is_sanitized())
        cr_expect(le(long, after, before + MEMORY_SLACK_KIB));
    server_stop(&s);
}
