/*
 * New TLS connections to 127.0.0.1, one after the other on each of some
 * threads, without resumption: connect, handshake, one request with
 * Connection: close, its reply to the end.
 *
 *     bench_handshakes -p PORT [-c THREADS] [-n CONNECTIONS] [-t SECONDS]
 *
 * Prints one line of name=value pairs; `failed` counts connections without a
 * whole reply of status 200.
 */
#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>
#include <openssl/ssl.h>

enum { MAX_THREADS = 64 };

struct bench {
    uint16_t port;
    long n_threads;
    long n_connections;
    long seconds;
    SSL_CTX *context;
    double end_s;
    atomic_long begun;
    atomic_long done;
    atomic_long failed;
};

static double now_s(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static int connect_to(uint16_t port)
{
    const struct sockaddr_in address = {
        .sin_family = AF_INET,
        .sin_port = htons(port),
        .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
    };
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    int on = 1;

    if (fd < 0)
        return -1;
    if (setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on)) == 0 &&
        connect(fd, (const struct sockaddr *)&address, sizeof(address)) == 0)
        return fd;
    close(fd);
    return -1;
}

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
    int fd = connect_to(b->port);
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
           now_s() < b->end_s) {
        if (run_one(b) < 0)
            atomic_fetch_add(&b->failed, 1);
        atomic_fetch_add(&b->done, 1);
    }
    return NULL;
}

static long number(const char *text, long max)
{
    char *end;
    long n = strtol(text, &end, 10);

    if (*end || n < 1 || n > max) {
        fprintf(stderr, "bench_handshakes: %s is not from 1 to %ld\n", text,
                max);
        exit(2);
    }
    return n;
}

static void read_options(struct bench *b, int argc, char **argv)
{
    int c;

    while ((c = getopt(argc, argv, "p:c:n:t:")) != -1) {
        if (c == 'p')
            b->port = (uint16_t)number(optarg, UINT16_MAX);
        else if (c == 'c')
            b->n_threads = number(optarg, MAX_THREADS);
        else if (c == 'n')
            b->n_connections = number(optarg, 10000000);
        else if (c == 't')
            b->seconds = number(optarg, 3600);
        else
            exit(2);
    }
    if (b->port == 0) {
        fputs("bench_handshakes: -p PORT is missing\n", stderr);
        exit(2);
    }
}

int main(int argc, char **argv)
{
    struct bench b = {.n_threads = 4, .n_connections = 4000, .seconds = 10};
    pthread_t threads[MAX_THREADS];
    double start_s;

    read_options(&b, argc, argv);
    b.context = SSL_CTX_new(TLS_client_method());
    if (!b.context)
        return 1;
    /* The server's part is measured, not this one's checking. */
    SSL_CTX_set_verify(b.context, SSL_VERIFY_NONE, NULL);
    start_s = now_s();
    b.end_s = start_s + (double)b.seconds;
    for (long i = 0; i < b.n_threads; i++) {
        if (pthread_create(&threads[i], NULL, work, &b) != 0)
            return 1;
    }
    for (long i = 0; i < b.n_threads; i++)
        pthread_join(threads[i], NULL);
    printf("connections=%ld failed=%ld per_second=%.1f\n", atomic_load(&b.done),
           atomic_load(&b.failed),
           (double)atomic_load(&b.done) / (now_s() - start_s));
    SSL_CTX_free(b.context);
    return atomic_load(&b.failed) != 0;
}
