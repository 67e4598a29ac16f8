/*
 * The limit of loopback: reads each request to its end, by Content-Length or
 * the blank line, looks at nothing in it, and answers a constant. One thread a
 * processor, each with an epoll; the main thread hands it connections in turn.
 *
 *     bench_baseline_epoll     prints its port and serves until SIGTERM
 */
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>
#include "bench_support.h"

enum { HEAD_CAP = 4096, BUFFER_BYTES = 64 * 1024, MAX_THREADS = 64 };

struct connection {
    int fd;
    size_t head_len; /* bytes of an unfinished head */
    size_t body_left;
    char head[HEAD_CAP];
};

/* As long as what the mock answers to livedetectpicture. */
static const char answer[] =
    "HTTP/1.1 200 OK\r\n"
    "Date: Thu, 01 Jan 1970 00:00:00 GMT\r\n"
    "Connection: Keep-Alive\r\n"
    "Content-Length: 45\r\n"
    "Content-Type: application/json\r\n"
    "\r\n"
    "{\"data\":{\"score\":95},\"code\":0,\"message\":\"OK\"}";

static void send_answer(struct connection *c)
{
    if (send(c->fd, answer, sizeof(answer) - 1, MSG_NOSIGNAL) !=
        (ssize_t)sizeof(answer) - 1)
        bench_die("send");
}

/* Takes bytes of a head; returns how many, all or up to the blank line. */
static size_t take_head(struct connection *c, const char *data, size_t len)
{
    static const char field[] = "Content-Length:";
    size_t before = c->head_len;
    size_t space = HEAD_CAP - 1 - before;
    size_t n = len < space ? len : space;
    const char *end, *length;

    memcpy(c->head + before, data, n);
    c->head[before + n] = '\0';
    end = memmem(c->head, before + n, "\r\n\r\n", 4);
    if (!end) {
        c->head_len += n;
        return n;
    }
    length = strcasestr(c->head, field);
    if (length && length < end)
        c->body_left = strtoul(length + sizeof(field) - 1, NULL, 10);
    c->head_len = 0;
    if (c->body_left == 0)
        send_answer(c);
    return (size_t)(end + 4 - c->head) - before;
}

static size_t take_body(struct connection *c, size_t len)
{
    size_t n = len < c->body_left ? len : c->body_left;

    c->body_left -= n;
    if (c->body_left == 0)
        send_answer(c);
    return n;
}

/* 0 when the peer has hung up, or its head is too long. */
static int take(struct connection *c, const char *data, size_t len)
{
    while (len > 0) {
        size_t n =
            c->body_left > 0 ? take_body(c, len) : take_head(c, data, len);

        if (n == 0)
            return 0;
        data += n;
        len -= n;
    }
    return 1;
}

static void serve_one(struct connection *c, char *buffer)
{
    ssize_t n = recv(c->fd, buffer, BUFFER_BYTES, 0);

    if (n < 0 && (errno == EAGAIN || errno == EINTR))
        return;
    if (n > 0 && take(c, buffer, (size_t)n))
        return;
    close(c->fd);
    free(c);
}

static void *serve(void *arg)
{
    const int *epoll = arg;
    char *buffer = malloc(BUFFER_BYTES);
    struct epoll_event events[64];

    if (!buffer)
        bench_die("set-up");
    for (;;) {
        int n = epoll_wait(*epoll, events, 64, -1);

        for (int i = 0; i < n; i++)
            serve_one(events[i].data.ptr, buffer);
    }
    return NULL;
}

static void add_connection(int epoll, int fd)
{
    struct connection *c = calloc(1, sizeof(*c));
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = c};
    int on = 1;

    if (!c || fcntl(fd, F_SETFL, O_NONBLOCK) < 0)
        bench_die("a connection");
    c->fd = fd;
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
    if (epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event) < 0)
        bench_die("epoll_ctl");
}

static void quit(int sig)
{
    (void)sig;
    _exit(0);
}

int main(void)
{
    static int epolls[MAX_THREADS];
    long n = sysconf(_SC_NPROCESSORS_ONLN);
    pthread_t thread;
    uint16_t port;
    int listening;

    signal(SIGTERM, quit);
    if (n < 1 || n > MAX_THREADS)
        n = n < 1 ? 1 : MAX_THREADS;
    for (long i = 0; i < n; i++) {
        epolls[i] = epoll_create1(EPOLL_CLOEXEC);
        if (epolls[i] < 0 ||
            pthread_create(&thread, NULL, serve, &epolls[i]) != 0)
            bench_die("set-up");
    }
    listening = bench_listen(&port);
    printf("%u\n", (unsigned)port);
    fflush(stdout);
    for (long i = 0;; i++) {
        int fd = accept4(listening, NULL, NULL, SOCK_CLOEXEC);

        if (fd < 0)
            bench_die("accept");
        add_connection(epolls[i % n], fd);
    }
}
