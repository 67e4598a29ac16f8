/*
 * A small HTTP load generator: keep-alive connections to 127.0.0.1 that send
 * one request over and over, on one thread with epoll. It reads replies that
 * carry Content-Length, which is all that the servers measured here send.
 *
 *     bench_load -p PORT [-c CONNECTIONS] [-n REQUESTS] [-t SECONDS] FILE
 *
 * FILE holds the request as it travels. Prints one line of name=value pairs;
 * code_X counts the replies whose body has "code":X.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <netinet/tcp.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum {
    MAX_CONNECTIONS = 1024,
    MAX_REQUESTS = 10000000,
    MAX_CODES = 8, /* different ones that are told apart */
    REPLY_CAP = 64 * 1024,
    STUCK_MS = 10000, /* no reply for so long: something is broken */
};

struct options {
    uint16_t port;
    size_t n_connections;
    size_t n_requests;
    int64_t seconds;
    const char *path;
};

struct connection {
    int fd;
    size_t sent; /* bytes of the request */
    size_t got;  /* bytes of the reply */
    int64_t started_ns;
    bool busy;
    bool wants_write; /* registered for EPOLLOUT */
    char reply[REPLY_CAP];
};

struct code_count {
    int code;
    size_t n;
};

struct load {
    struct options options;
    char *request;
    size_t request_len;
    int epoll;
    struct connection *connections;
    size_t n_begun;
    size_t n_done;
    size_t n_busy;
    int64_t deadline_ns;
    uint32_t *latency_us; /* of each reply */
    struct code_count codes[MAX_CODES];
    size_t n_codes;
};

_Noreturn static void die(const char *what)
{
    fprintf(stderr, "bench_load: %s: %s\n", what, strerror(errno));
    exit(1);
}

_Noreturn static void die_usage(void)
{
    fprintf(stderr, "usage: bench_load -p PORT [-c CONNECTIONS] "
                    "[-n REQUESTS] [-t SECONDS] FILE\n");
    exit(2);
}

static int64_t now_ns(void)
{
    struct timespec ts;

    clock_gettime(CLOCK_MONOTONIC, &ts);
    return (int64_t)ts.tv_sec * 1000000000 + ts.tv_nsec;
}

/* replies */

static void count_code(struct load *l, const char *body, size_t len)
{
    static const char key[] = "\"code\":";
    const char *at = memmem(body, len, key, sizeof(key) - 1);
    int code = at ? (int)strtol(at + sizeof(key) - 1, NULL, 10) : INT32_MIN;

    for (size_t i = 0; i < l->n_codes; i++) {
        if (l->codes[i].code == code) {
            l->codes[i].n++;
            return;
        }
    }
    if (l->n_codes < MAX_CODES)
        l->codes[l->n_codes++] = (struct code_count){code, 1};
}

/* Length of the whole reply once its header is there, else 0. */
static size_t reply_len(const struct connection *c, size_t *head_len)
{
    static const char field[] = "Content-Length:";
    const char *end = memmem(c->reply, c->got, "\r\n\r\n", 4);
    const char *length;

    if (!end)
        return 0;
    *head_len = (size_t)(end + 4 - c->reply);
    length = memmem(c->reply, *head_len, field, sizeof(field) - 1);
    if (!length) {
        errno = EBADMSG;
        die("a reply without Content-Length");
    }
    return *head_len + strtoul(length + sizeof(field) - 1, NULL, 10);
}

/* connections */

static void watch(struct load *l, struct connection *c, int operation)
{
    struct epoll_event event = {
        .events = EPOLLIN | (c->wants_write ? EPOLLOUT : 0),
        .data.ptr = c,
    };

    if (epoll_ctl(l->epoll, operation, c->fd, &event) < 0)
        die("epoll_ctl");
}

static void send_more(struct load *l, struct connection *c)
{
    bool wanted = c->wants_write;

    while (c->sent < l->request_len) {
        ssize_t n = send(c->fd, l->request + c->sent, l->request_len - c->sent,
                         MSG_NOSIGNAL);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0 && errno != EAGAIN)
            die("send");
        if (n < 0)
            break;
        c->sent += (size_t)n;
    }
    c->wants_write = c->sent < l->request_len;
    if (c->wants_write != wanted)
        watch(l, c, EPOLL_CTL_MOD);
}

static void begin_request(struct load *l, struct connection *c)
{
    int64_t now = now_ns();

    c->busy = l->n_begun < l->options.n_requests && now < l->deadline_ns;
    if (!c->busy)
        return;
    c->started_ns = now;
    c->sent = 0;
    c->got = 0;
    l->n_begun++;
    l->n_busy++;
    send_more(l, c);
}

static void end_request(struct load *l, struct connection *c, size_t head_len)
{
    int64_t us = (now_ns() - c->started_ns) / 1000;

    count_code(l, c->reply + head_len, c->got - head_len);
    l->latency_us[l->n_done++] = (uint32_t)us;
    l->n_busy--;
    begin_request(l, c);
}

static void read_more(struct load *l, struct connection *c)
{
    size_t head_len = 0;
    size_t len;
    ssize_t n;

    /* One byte stays free: strtoul() stops at the NUL of calloc(). */
    n = recv(c->fd, c->reply + c->got, REPLY_CAP - 1 - c->got, 0);
    if (n < 0 && (errno == EAGAIN || errno == EINTR))
        return;
    if (n < 0)
        die("recv");
    if (n == 0 || !c->busy) {
        errno = ECONNRESET;
        die("the server closed, or sent what was not asked for");
    }
    c->got += (size_t)n;
    len = reply_len(c, &head_len);
    if (len > 0 && c->got >= len)
        end_request(l, c, head_len);
}

static void connect_one(struct load *l, struct connection *c)
{
    struct sockaddr_in address = {
        .sin_family = AF_INET,
        .sin_port = htons(l->options.port),
        .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
    };
    int on = 1;

    c->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (c->fd < 0)
        die("socket");
    if (connect(c->fd, (struct sockaddr *)&address, sizeof(address)) < 0)
        die("connect");
    setsockopt(c->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
    if (fcntl(c->fd, F_SETFL, O_NONBLOCK) < 0)
        die("fcntl");
    watch(l, c, EPOLL_CTL_ADD);
}

/* the whole run */

static void read_request(struct load *l)
{
    FILE *f = fopen(l->options.path, "rb");
    long size;

    if (!f || fseek(f, 0, SEEK_END) < 0)
        die(l->options.path);
    size = ftell(f);
    rewind(f);
    l->request_len = size > 0 ? (size_t)size : 0;
    l->request = malloc(l->request_len + 1);
    if (!l->request ||
        fread(l->request, 1, l->request_len, f) != l->request_len)
        die(l->options.path);
    fclose(f);
}

static void run(struct load *l)
{
    struct epoll_event events[64];

    for (size_t i = 0; i < l->options.n_connections; i++)
        begin_request(l, &l->connections[i]);
    while (l->n_busy > 0) {
        int n = epoll_wait(l->epoll, events, 64, STUCK_MS);

        if (n < 0 && errno != EINTR)
            die("epoll_wait");
        if (n == 0) {
            errno = ETIMEDOUT;
            die("no reply");
        }
        for (int i = 0; i < n; i++) {
            struct connection *c = events[i].data.ptr;

            if (events[i].events & EPOLLOUT)
                send_more(l, c);
            if (events[i].events & (EPOLLIN | EPOLLHUP | EPOLLERR))
                read_more(l, c);
        }
    }
}

static int compare_u32(const void *a, const void *b)
{
    uint32_t x, y;

    memcpy(&x, a, sizeof(x));
    memcpy(&y, b, sizeof(y));
    return (x > y) - (x < y);
}

static void report(struct load *l, double seconds)
{
    size_t n = l->n_done;

    qsort(l->latency_us, n, sizeof(*l->latency_us), compare_u32);
    printf("requests=%zu seconds=%.3f per_second=%.1f p50_us=%" PRIu32
           " p99_us=%" PRIu32,
           n, seconds, (double)n / seconds, l->latency_us[n / 2],
           l->latency_us[n - 1 - n / 100]);
    for (size_t i = 0; i < l->n_codes; i++)
        printf(" code_%d=%zu", l->codes[i].code, l->codes[i].n);
    printf("\n");
}

static long number(const char *text, long min, long max)
{
    char *end;
    long value = strtol(text, &end, 10);

    if (*text == '\0' || *end != '\0' || value < min || value > max)
        die_usage();
    return value;
}

static void parse_options(struct options *o, int argc, char **argv)
{
    int c;

    *o = (struct options){
        .n_connections = 64,
        .n_requests = 10000,
        .seconds = 10,
    };
    while ((c = getopt(argc, argv, "p:c:n:t:")) != -1) {
        if (c == 'p')
            o->port = (uint16_t)number(optarg, 1, 65535);
        else if (c == 'c')
            o->n_connections = (size_t)number(optarg, 1, MAX_CONNECTIONS);
        else if (c == 'n')
            o->n_requests = (size_t)number(optarg, 1, MAX_REQUESTS);
        else if (c == 't')
            o->seconds = number(optarg, 1, 3600);
        else
            die_usage();
    }
    if (o->port == 0 || optind != argc - 1)
        die_usage();
    o->path = argv[optind];
}

int main(int argc, char **argv)
{
    struct load l = {0};
    int64_t begun;

    parse_options(&l.options, argc, argv);
    read_request(&l);
    l.connections = calloc(l.options.n_connections, sizeof(*l.connections));
    l.latency_us = calloc(l.options.n_requests, sizeof(*l.latency_us));
    l.epoll = epoll_create1(EPOLL_CLOEXEC);
    if (!l.connections || !l.latency_us || l.epoll < 0)
        die("set-up");
    for (size_t i = 0; i < l.options.n_connections; i++)
        connect_one(&l, &l.connections[i]);
    begun = now_ns();
    l.deadline_ns = begun + l.options.seconds * 1000000000;
    run(&l);
    report(&l, (double)(now_ns() - begun) / 1e9);
    for (size_t i = 0; i < l.options.n_connections; i++)
        close(l.connections[i].fd);
    close(l.epoll);
    free(l.latency_us);
    free(l.connections);
    free(l.request);
    return 0;
}
