/*
 * New TLS connections to 127.0.0.1, one after the other on each of some
 * threads, without resumption: connect, handshake, one request with
 * Connection: close, its reply to the end.
 *
 *     bench_handshakes -p PORT [-c THREADS] [-n CONNECTIONS] [-t SECONDS]
 *                      [-P PID]
 *
 * With -P the CPU time of that process is told too. Prints one line of
 * name=value pairs; `failed` counts connections without a
 * whole reply of status 200.
 */
#include <pthread.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include <openssl/ssl.h>
#include "bench_support.h"

enum { MAX_THREADS = 64 };

struct bench {
    uint16_t port;
    long n_threads;
    long n_connections;
    long seconds;
    SSL_CTX *context;
    pid_t server; /* whose CPU time to tell; 0: nobody's */
    int64_t end_ns;
    atomic_long begun;
    atomic_long done;
    atomic_long failed;
};

/* One request, and whether its reply begins as it should. */
static int ask(SSL *ssl)
{
    static const char request[] = "GET /__admin/health HTTP/1.1\r\n"
                                  "Host: 127.0.0.1\r\n"
                                  "Connection: close\r\n\r\n";
    static const char expected[] = "HTTP/1.1 200";
    char reply[2048];
    int len = 0, n;

    if (SSL_connect(ssl) != 1 ||
        SSL_write(ssl, request, sizeof(request) - 1) <= 0)
        return -1;
    while (len < (int)sizeof(reply) &&
           (n = SSL_read(ssl, reply + len, (int)sizeof(reply) - len)) > 0)
        len += n;
    return len < (int)sizeof(expected) ||
                   memcmp(reply, expected, sizeof(expected) - 1) != 0
               ? -1
               : 0;
}

static int run_one(struct bench *b)
{
    int fd = bench_connect(b->port);
    SSL *ssl = fd < 0 ? NULL : SSL_new(b->context);
    int result = -1;

    if (ssl && SSL_set_fd(ssl, fd) == 1)
        result = ask(ssl);
    SSL_free(ssl);
    if (fd >= 0)
        close(fd);
    return result;
}

static void *work(void *arg)
{
    struct bench *b = arg;

    while (atomic_fetch_add(&b->begun, 1) < b->n_connections &&
           bench_now_ns() < b->end_ns) {
        if (run_one(b) < 0)
            atomic_fetch_add(&b->failed, 1);
        atomic_fetch_add(&b->done, 1);
    }
    return NULL;
}

static void read_options(struct bench *b, int argc, char **argv)
{
    int c;

    while ((c = getopt(argc, argv, "p:c:n:t:P:")) != -1) {
        if (c == 'p')
            b->port = (uint16_t)bench_number(optarg, 1, UINT16_MAX);
        else if (c == 'c')
            b->n_threads = bench_number(optarg, 1, MAX_THREADS);
        else if (c == 'n')
            b->n_connections = bench_number(optarg, 1, 10000000);
        else if (c == 't')
            b->seconds = bench_number(optarg, 1, 3600);
        else if (c == 'P')
            b->server = (pid_t)bench_number(optarg, 1, INT32_MAX);
        else
            b->port = 0;
    }
    if (b->port == 0 || optind != argc)
        bench_usage("-p PORT [-c THREADS] [-n CONNECTIONS] [-t SECONDS] "
                    "[-P PID]");
}

static void run(struct bench *b)
{
    pthread_t threads[MAX_THREADS];

    for (long i = 0; i < b->n_threads; i++) {
        if (pthread_create(&threads[i], NULL, work, b) != 0)
            bench_die("pthread_create");
    }
    for (long i = 0; i < b->n_threads; i++)
        pthread_join(threads[i], NULL);
}

int main(int argc, char **argv)
{
    struct bench b = {.n_threads = 4, .n_connections = 4000, .seconds = 10};
    int64_t start_ns, cpu_ns;
    long done;

    read_options(&b, argc, argv);
    b.context = SSL_CTX_new(TLS_client_method());
    if (!b.context)
        return 1;
    /* The server's part is measured, not this one's checking. */
    SSL_CTX_set_verify(b.context, SSL_VERIFY_NONE, NULL);
    cpu_ns = bench_cpu_ns(b.server);
    start_ns = bench_now_ns();
    b.end_ns = start_ns + b.seconds * 1000000000;
    run(&b);
    done = atomic_load(&b.done);
    printf("connections=%ld failed=%ld per_second=%.1f", done,
           atomic_load(&b.failed),
           (double)done * 1e9 / (double)(bench_now_ns() - start_ns));
    if (b.server != 0)
        printf(" cpu_us=%.3f",
               (double)(bench_cpu_ns(b.server) - cpu_ns) / 1e3 / (double)done);
    printf("\n");
    SSL_CTX_free(b.context);
    return atomic_load(&b.failed) != 0;
}
