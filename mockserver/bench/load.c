/*
 * A small HTTP load generator: keep-alive connections to 127.0.0.1 that send
 * requests over and over, on one thread with epoll. Replies have a
 * Content-Length or come in chunks.
 *
 *     bench_load -p PORT [-c CONNECTIONS] [-n REQUESTS] [-t SECONDS] [-e CODE]
 *                [-P PID] [-a] [-r] FILE...
 *
 * A FILE holds a request as it travels; several are sent in turn. With -e every
 * reply must have "code":CODE in its body. With -P the CPU time of that process
 * and its children is told too. -a prints the line "begun" once every
 * connection has begun to send, and SIGTERM then ends the load, with 0.
 *
 * A connection that the server ends before it answers is an error; with -r it
 * is opened anew, and the request sent again.
 *
 * Prints one line of name=value pairs; again counts those, and code_X counts
 * the replies whose body has "code":X. Exit: 1 when a reply is not as expected,
 * or does not come.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>
#include "bench_support.h"

enum {
    MAX_CONNECTIONS = 1024,
    MAX_REQUESTS = 10000000,
    MAX_FILES = 16,
    MAX_AGAIN = 1000, /* connections opened anew */
    MAX_CODES = 8,    /* different ones that are told apart */
    NO_CODE = INT32_MIN,
    REPLY_CAP = 64 * 1024,
    STUCK_MS = 60000, /* no reply for so long: something is broken */
};

struct options {
    uint16_t port;
    size_t n_connections;
    size_t n_requests;
    int64_t seconds;
    int expected; /* code of every reply; NO_CODE: any */
    pid_t server; /* whose CPU time to tell; 0: nobody's */
    bool announce;
    bool reconnects;
};

struct message {
    char *bytes;
    size_t len;
};

struct connection {
    int fd;
    const struct message *request;
    size_t sent;     /* bytes of the request */
    size_t got;      /* bytes of the reply */
    size_t head_len; /* of the reply, once it is whole; else 0 */
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
    struct message requests[MAX_FILES];
    size_t n_requests;
    int epoll;
    struct connection *connections;
    size_t n_begun;
    size_t n_done;
    size_t n_busy;
    size_t n_again;
    uint64_t sent; /* bytes of the requests that are done */
    int64_t deadline_ns;
    uint32_t *latency_us; /* of each reply */
    struct code_count codes[MAX_CODES];
    size_t n_codes;
};

_Noreturn static void die_usage(void)
{
    bench_usage("-p PORT [-c CONNECTIONS] [-n REQUESTS] [-t SECONDS] "
                "[-e CODE] [-P PID] [-a] [-r] FILE...");
}

_Noreturn static void die_of_reply(const struct connection *c, const char *what)
{
    fprintf(stderr, "bench_load: %s: %.*s\n", what,
            (int)(c->got < 600 ? c->got : 600), c->reply);
    exit(1);
}

/* replies */

static int code_in(const char *body, size_t len)
{
    static const char key[] = "\"code\":";
    const char *at = memmem(body, len, key, sizeof(key) - 1);

    return at ? (int)strtol(at + sizeof(key) - 1, NULL, 10) : NO_CODE;
}

static void count_code(struct load *l, int code)
{
    for (size_t i = 0; i < l->n_codes; i++) {
        if (l->codes[i].code == code) {
            l->codes[i].n++;
            return;
        }
    }
    if (l->n_codes < MAX_CODES)
        l->codes[l->n_codes++] = (struct code_count){code, 1};
}

/*
 * The length of the reply's head once the whole reply is there, else 0. Nothing
 * follows it, since the next request is not sent before. The reply ends in a
 * NUL, of calloc() or begin_request().
 */
static size_t whole_head_len(const struct connection *c)
{
    static const char length_field[] = "\r\nContent-Length:";
    static const char chunked_field[] = "\r\nTransfer-Encoding: chunked";
    static const char last_chunk[] = "0\r\n\r\n";
    const size_t last_len = sizeof(last_chunk) - 1;
    const char *end = memmem(c->reply, c->got, "\r\n\r\n", 4);
    const char *length = strcasestr(c->reply, length_field);
    const char *chunked = strcasestr(c->reply, chunked_field);
    size_t head_len, body_len;
    bool is_whole;

    if (!end)
        return 0;
    head_len = (size_t)(end + 4 - c->reply);
    body_len = c->got - head_len;
    if (length && length < end)
        is_whole =
            body_len >= strtoul(length + sizeof(length_field) - 1, NULL, 10);
    else if (chunked && chunked < end)
        is_whole = body_len >= last_len && memcmp(c->reply + c->got - last_len,
                                                  last_chunk, last_len) == 0;
    else
        die_of_reply(c, "a reply that does not say where it ends");
    return is_whole ? head_len : 0;
}

/* connections */

static void watch(struct load *l, struct connection *c, int operation)
{
    struct epoll_event event = {
        .events = EPOLLIN | (c->wants_write ? EPOLLOUT : 0),
        .data.ptr = c,
    };

    if (epoll_ctl(l->epoll, operation, c->fd, &event) < 0)
        bench_die("epoll_ctl");
}

static void connect_one(struct load *l, struct connection *c)
{
    c->fd = bench_connect(l->options.port);
    if (c->fd < 0)
        bench_die("connect");
    if (fcntl(c->fd, F_SETFL, O_NONBLOCK) < 0)
        bench_die("fcntl");
    c->wants_write = false;
    watch(l, c, EPOLL_CTL_ADD);
}

/*
 * The server has ended a connection. Nothing of a reply was read: EPOLLOUT
 * makes the request begin again on a new one.
 */
static bool connect_again(struct load *l, struct connection *c)
{
    if (!l->options.reconnects || c->got > 0 || ++l->n_again > MAX_AGAIN)
        return false;
    close(c->fd);
    connect_one(l, c);
    c->sent = 0;
    c->wants_write = true;
    watch(l, c, EPOLL_CTL_MOD);
    return true;
}

static void send_more(struct load *l, struct connection *c)
{
    bool wanted = c->wants_write;

    while (c->sent < c->request->len) {
        ssize_t n = send(c->fd, c->request->bytes + c->sent,
                         c->request->len - c->sent, MSG_NOSIGNAL);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0 && errno != EAGAIN) {
            if (connect_again(l, c))
                return;
            bench_die("send");
        }
        if (n < 0)
            break;
        c->sent += (size_t)n;
    }
    c->wants_write = c->sent < c->request->len;
    if (c->wants_write != wanted)
        watch(l, c, EPOLL_CTL_MOD);
}

static void begin_request(struct load *l, struct connection *c)
{
    int64_t now = bench_now_ns();

    c->busy = l->n_begun < l->options.n_requests && now < l->deadline_ns;
    if (!c->busy)
        return;
    c->started_ns = now;
    c->request = &l->requests[l->n_begun % l->n_requests];
    c->sent = 0;
    memset(c->reply, 0, c->got);
    c->got = 0;
    c->head_len = 0;
    l->n_begun++;
    l->n_busy++;
    send_more(l, c);
}

/* The reply is whole. */
static void end_request(struct load *l, struct connection *c)
{
    int64_t us = (bench_now_ns() - c->started_ns) / 1000;
    int code = code_in(c->reply + c->head_len, c->got - c->head_len);

    if (l->options.expected != NO_CODE && code != l->options.expected)
        die_of_reply(c, "not the expected code");
    count_code(l, code);
    l->latency_us[l->n_done++] = (uint32_t)us;
    l->sent += c->request->len;
    l->n_busy--;
    begin_request(l, c);
}

/* A server may close a connection that has nothing more to do. */
static void forget(struct load *l, struct connection *c)
{
    if (epoll_ctl(l->epoll, EPOLL_CTL_DEL, c->fd, NULL) < 0)
        bench_die("epoll_ctl");
}

static void read_more(struct load *l, struct connection *c)
{
    ssize_t n;

    n = recv(c->fd, c->reply + c->got, REPLY_CAP - 1 - c->got, 0);
    if (n < 0 && (errno == EAGAIN || errno == EINTR))
        return;
    if (n <= 0 && !c->busy) {
        forget(l, c);
        return;
    }
    if (n <= 0 && connect_again(l, c))
        return;
    if (n < 0)
        bench_die("recv");
    if (n == 0 || !c->busy || c->head_len > 0)
        die_of_reply(c, "the server closed, or sent what was not asked for");
    c->got += (size_t)n;
    c->head_len = whole_head_len(c);
    if (c->head_len == 0 && c->got == REPLY_CAP - 1)
        die_of_reply(c, "a reply without an end");
}

/* Some servers answer before they have read a body; it is sent all the same. */
static void go_on(struct load *l, struct connection *c, uint32_t events)
{
    if (events & EPOLLOUT)
        send_more(l, c);
    if (events & (EPOLLIN | EPOLLHUP | EPOLLERR))
        read_more(l, c);
    if (c->busy && c->head_len > 0 && c->sent == c->request->len)
        end_request(l, c);
}

/* the whole run */

static void read_request(struct message *m, const char *path)
{
    FILE *f = fopen(path, "rb");
    long size;

    if (!f || fseek(f, 0, SEEK_END) < 0)
        bench_die(path);
    size = ftell(f);
    rewind(f);
    m->len = size > 0 ? (size_t)size : 0;
    m->bytes = malloc(m->len + 1);
    if (!m->bytes || m->len == 0 || fread(m->bytes, 1, m->len, f) != m->len)
        bench_die(path);
    fclose(f);
}

static void quit(int sig)
{
    (void)sig;
    _exit(0);
}

static void announce(void)
{
    signal(SIGTERM, quit);
    puts("begun");
    fflush(stdout);
}

static void run(struct load *l)
{
    struct epoll_event events[64];

    for (size_t i = 0; i < l->options.n_connections; i++)
        begin_request(l, &l->connections[i]);
    if (l->options.announce)
        announce();
    while (l->n_busy > 0) {
        int n = epoll_wait(l->epoll, events, 64, STUCK_MS);

        if (n < 0 && errno != EINTR)
            bench_die("epoll_wait");
        if (n == 0) {
            errno = ETIMEDOUT;
            bench_die("no reply");
        }
        for (int i = 0; i < n; i++)
            go_on(l, events[i].data.ptr, events[i].events);
    }
}

static int compare_u32(const void *a, const void *b)
{
    uint32_t x, y;

    memcpy(&x, a, sizeof(x));
    memcpy(&y, b, sizeof(y));
    return (x > y) - (x < y);
}

static void report(struct load *l, int64_t wall_ns, int64_t cpu_ns)
{
    double seconds = (double)wall_ns / 1e9;
    double mib = (double)l->sent / (1 << 20);
    size_t n = l->n_done;

    qsort(l->latency_us, n, sizeof(*l->latency_us), compare_u32);
    printf("requests=%zu seconds=%.3f per_second=%.1f mib_per_second=%.2f "
           "p50_us=%" PRIu32 " p99_us=%" PRIu32,
           n, seconds, (double)n / seconds, mib / seconds, l->latency_us[n / 2],
           l->latency_us[n - 1 - n / 100]);
    if (l->options.reconnects)
        printf(" again=%zu", l->n_again);
    if (l->options.server != 0)
        printf(" cpu_us=%.3f cpu_ms_per_mib=%.5f",
               (double)cpu_ns / 1e3 / (double)n, (double)cpu_ns / 1e6 / mib);
    for (size_t i = 0; i < l->n_codes; i++)
        printf(" code_%d=%zu", l->codes[i].code, l->codes[i].n);
    printf("\n");
}

static void parse_option(struct options *o, int c)
{
    if (c == 'p')
        o->port = (uint16_t)bench_number(optarg, 1, UINT16_MAX);
    else if (c == 'c')
        o->n_connections = (size_t)bench_number(optarg, 1, MAX_CONNECTIONS);
    else if (c == 'n')
        o->n_requests = (size_t)bench_number(optarg, 1, MAX_REQUESTS);
    else if (c == 't')
        o->seconds = bench_number(optarg, 1, 3600);
    else if (c == 'e')
        o->expected = (int)bench_number(optarg, -99999, 99999);
    else if (c == 'P')
        o->server = (pid_t)bench_number(optarg, 1, INT32_MAX);
    else if (c == 'a')
        o->announce = true;
    else if (c == 'r')
        o->reconnects = true;
    else
        die_usage();
}

static void parse_options(struct options *o, int argc, char **argv)
{
    int c;

    *o = (struct options){
        .n_connections = 64,
        .n_requests = 10000,
        .seconds = 10,
        .expected = NO_CODE,
    };
    while ((c = getopt(argc, argv, "p:c:n:t:e:P:ar")) != -1)
        parse_option(o, c);
    if (o->port == 0 || optind == argc || argc - optind > MAX_FILES)
        die_usage();
}

static void open_load(struct load *l, char **paths)
{
    for (; *paths; paths++)
        read_request(&l->requests[l->n_requests++], *paths);
    l->connections = calloc(l->options.n_connections, sizeof(*l->connections));
    l->latency_us = calloc(l->options.n_requests, sizeof(*l->latency_us));
    l->epoll = epoll_create1(EPOLL_CLOEXEC);
    if (!l->connections || !l->latency_us || l->epoll < 0)
        bench_die("set-up");
    for (size_t i = 0; i < l->options.n_connections; i++)
        connect_one(l, &l->connections[i]);
}

static void close_load(struct load *l)
{
    for (size_t i = 0; i < l->options.n_connections; i++)
        close(l->connections[i].fd);
    close(l->epoll);
    free(l->latency_us);
    free(l->connections);
    for (size_t i = 0; i < l->n_requests; i++)
        free(l->requests[i].bytes);
}

int main(int argc, char **argv)
{
    struct load l = {0};
    int64_t begun_ns, cpu_ns;

    parse_options(&l.options, argc, argv);
    open_load(&l, argv + optind);
    cpu_ns = bench_cpu_ns(l.options.server);
    begun_ns = bench_now_ns();
    l.deadline_ns = begun_ns + l.options.seconds * 1000000000;
    run(&l);
    report(&l, bench_now_ns() - begun_ns,
           bench_cpu_ns(l.options.server) - cpu_ns);
    close_load(&l);
    return 0;
}
