#include "front.h"

#include <arpa/inet.h>
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>
#include <criterion/criterion.h>
#include "listen.h"

#define HEAD "CONNECT a.example:443 HTTP/1.1\r\nHost: a.example\r\n\r\n"
#define HELLO "\x16\x03\x01"

enum { PATIENT_MS = 600000, MANY = 1000 };

/* A front, and a pipe through which it tells what it delivers. */
static struct front *front;
static uint16_t port;
static int pipe_fds[2];
static char head_seen[FRONT_MAX_HEAD + 1];

static bool is_full;

static bool deliver(void *cls, const struct front_arrival *arrival)
{
    (void)cls;
    if (is_full)
        return false;
    cr_assert(write(pipe_fds[1], arrival, sizeof(*arrival)) ==
              sizeof(*arrival));
    return true;
}

/* Refuses hosts that begin with an x. */
static bool may_tunnel(void *cls, const char *head, size_t len,
                       const union front_address *address, struct strbuf *reply)
{
    (void)cls;
    cr_assert(address->any.sa_family == AF_INET);
    memcpy(head_seen, head, len);
    head_seen[len] = '\0';
    if (head[strlen("CONNECT ")] != 'x')
        return true;
    strbuf_addstr(reply, "HTTP/1.1 403 Forbidden\r\n\r\nno");
    return false;
}

static void start(enum front_kind kind, size_t max_waiting,
                  unsigned patience_ms)
{
    const struct front_calls calls = {.deliver = deliver,
                                      .may_tunnel = may_tunnel};
    struct front_listener listener = {.kind = kind};
    char *why = NULL;

    cr_assert(pipe(pipe_fds) == 0);
    listener.fd = listen_on("127.0.0.1", &port, "--port", &why);
    cr_assert(listener.fd >= 0, "%s", why);
    front = front_new(&listener, 1, max_waiting, patience_ms, &calls);
    cr_assert(front != NULL);
}

static void stop(void)
{
    front_stop(front);
    close(pipe_fds[0]);
    close(pipe_fds[1]);
}

static int connect_to_front(void)
{
    const struct sockaddr_in to = {
        .sin_family = AF_INET,
        .sin_port = htons(port),
        .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
    };
    int fd = socket(AF_INET, SOCK_STREAM, 0);

    cr_assert(connect(fd, (const struct sockaddr *)&to, sizeof(to)) == 0, "%s",
              strerror(errno));
    return fd;
}

static void say(int fd, const char *data, size_t len)
{
    cr_assert(send(fd, data, len, MSG_NOSIGNAL) == (ssize_t)len);
}

static struct front_arrival next_arrival(void)
{
    struct front_arrival arrival;

    cr_assert(read(pipe_fds[0], &arrival, sizeof(arrival)) == sizeof(arrival));
    return arrival;
}

/* All that can be read before the end or `n` bytes. */
static const char *hear(int fd, size_t n)
{
    static char text[2 * FRONT_MAX_HEAD];
    ssize_t len = recv(fd, text, n, MSG_WAITALL);

    text[len > 0 ? len : 0] = '\0';
    return text;
}

/* The front has looked at everything that was sent before this. */
static void pass_by(void)
{
    int fd = connect_to_front();
    struct front_arrival arrival;

    say(fd, "GET", 3);
    arrival = next_arrival();
    close(arrival.fd);
    close(fd);
}

static bool is_quiet(int fd)
{
    struct pollfd p = {.fd = fd, .events = POLLIN};

    return poll(&p, 1, 0) == 0;
}

static void expect_arrival(const char *data, size_t len, bool tls)
{
    int fd = connect_to_front();
    struct front_arrival arrival;
    struct sockaddr_in us = {0};
    socklen_t us_len = sizeof(us);

    say(fd, data, len);
    arrival = next_arrival();
    cr_expect_eq(arrival.tls, tls, "%s", data);
    cr_expect(!arrival.tunnelled);
    getsockname(fd, (struct sockaddr *)&us, &us_len);
    cr_expect_eq(arrival.address.in.sin_port, us.sin_port);
    /* Nothing of it was taken. */
    cr_expect_eq(memcmp(hear(arrival.fd, len), data, len), 0, "%s", data);
    close(arrival.fd);
    close(fd);
}

Test(front, the_first_bytes_tell_tls_from_the_rest, .timeout = 10)
{
    start(FRONT_ANY, MANY, PATIENT_MS);
    expect_arrival("\x16", 1, true);
    expect_arrival(HELLO, 3, true);
    expect_arrival("P", 1, false);
    expect_arrival("POST / HTTP/1.1\r\n", 17, false);
    expect_arrival("\0", 1, false);
    expect_arrival("\x15", 1, false);
    expect_arrival("CONNECTION", 10, false);
    expect_arrival("connect a:443", 13, false);
    stop();
}

Test(front, a_word_is_told_at_the_byte_that_differs, .timeout = 20)
{
    static const char word[] = "CONNECT ";

    start(FRONT_ANY, MANY, PATIENT_MS);
    for (size_t n = 1; n < sizeof(word) - 1; n++) {
        int fd = connect_to_front();
        struct front_arrival arrival;

        for (size_t i = 0; i < n; i++) {
            say(fd, word + i, 1);
            pass_by();
        }
        say(fd, "x", 1);
        arrival = next_arrival();
        cr_expect(!arrival.tls);
        cr_expect_eq(memcmp(hear(arrival.fd, n + 1), word, n), 0);
        close(arrival.fd);
        close(fd);
    }
    stop();
}

/* The head in two pieces, with TLS right behind: it alone is taken. */
static void expect_tunnel(size_t cut)
{
    int fd = connect_to_front();
    struct front_arrival arrival;
    const char all[] = HEAD HELLO;

    say(fd, all, cut);
    pass_by();
    say(fd, all + cut, sizeof(all) - 1 - cut);
    arrival = next_arrival();
    cr_expect(arrival.tls && arrival.tunnelled, "cut at %zu", cut);
    cr_expect_str_eq(head_seen, HEAD);
    cr_expect_str_eq(hear(arrival.fd, 3), HELLO, "cut at %zu", cut);
    cr_expect_str_eq(hear(fd, 39),
                     "HTTP/1.1 200 Connection established\r\n\r\n");
    close(arrival.fd);
    close(fd);
}

Test(front, a_head_ends_with_its_first_blank_line, .timeout = 10)
{
    static const char follows[] = HEAD "x: y\r\n\r\n";
    const size_t len = strlen(HEAD);

    for (size_t n = 0; n < len; n++)
        cr_expect_eq(front_head_length(follows, n), 0, "after %zu bytes", n);
    cr_expect_eq(front_head_length(follows, len), len);
    cr_expect_eq(front_head_length(follows, strlen(follows)), len);
    cr_expect_eq(front_head_length("a\n\nb", 4), 3);
    cr_expect_eq(front_head_length("\r\n", 2), 2);
    cr_expect_eq(front_head_length("a\r\r\n", 4), 0);
}

Test(front, connect_may_be_cut_anywhere, .timeout = 30)
{
    start(FRONT_ANY, MANY, PATIENT_MS);
    for (size_t cut = 1; cut < sizeof(HEAD); cut++)
        expect_tunnel(cut);
    stop();
}

Test(front, a_refused_connect_is_answered_and_closed, .timeout = 10)
{
    static const char head[] = "CONNECT x:1 HTTP/1.1\r\n\r\nand more";
    int fd;

    start(FRONT_ANY, MANY, PATIENT_MS);
    fd = connect_to_front();
    say(fd, head, sizeof(head) - 1);
    /* To the end, which is no reset although there was more. */
    cr_expect_str_eq(hear(fd, 1000), "HTTP/1.1 403 Forbidden\r\n\r\nno");
    say(fd, head, sizeof(head) - 1);
    pass_by();
    cr_expect(recv(fd, head_seen, 1, 0) == 0);
    close(fd);
    stop();
}

Test(front, what_is_no_tls_where_tls_is_due_is_told_so, .timeout = 10)
{
    int fd;

    start(FRONT_TLS, MANY, PATIENT_MS);
    expect_arrival(HELLO, 3, true);
    fd = connect_to_front();
    say(fd, "GET / HTTP/1.1\r\n\r\n", 18);
    cr_expect(strncmp(hear(fd, 1000), "HTTP/1.1 400 ", 13) == 0);
    close(fd);
    fd = connect_to_front();
    say(fd, HEAD, strlen(HEAD));
    cr_expect(strncmp(hear(fd, 1000), "HTTP/1.1 400 ", 13) == 0);
    close(fd);
    front_stop(front);
}

Test(front, a_head_without_an_end_is_bounded, .timeout = 10)
{
    char line[FRONT_MAX_HEAD];
    int fd;

    memset(line, 'a', sizeof(line));
    memcpy(line, "CONNECT ", 8);
    start(FRONT_ANY, MANY, PATIENT_MS);
    fd = connect_to_front();
    say(fd, line, sizeof(line) - 1);
    pass_by();
    cr_expect(is_quiet(fd));
    say(fd, line, 1);
    cr_expect(strncmp(hear(fd, 1000), "HTTP/1.1 431 ", 13) == 0);
    close(fd);
    stop();
}

Test(front, the_longest_head_is_taken, .timeout = 10)
{
    char head[FRONT_MAX_HEAD];
    int fd;

    memset(head, 'a', sizeof(head));
    memcpy(head, "CONNECT ", 8);
    memcpy(head + sizeof(head) - 4, "\r\n\r\n", 4);
    start(FRONT_ANY, MANY, PATIENT_MS);
    fd = connect_to_front();
    say(fd, head, sizeof(head));
    cr_expect(strncmp(hear(fd, 39), "HTTP/1.1 200 ", 13) == 0);
    close(fd);
    stop();
}

Test(front, patience_has_an_end, .timeout = 10)
{
    int silent, tunnel;

    start(FRONT_ANY, MANY, 1);
    silent = connect_to_front();
    cr_expect(recv(silent, head_seen, 1, 0) == 0);
    tunnel = connect_to_front();
    send(tunnel, HEAD, strlen(HEAD), MSG_NOSIGNAL);
    hear(tunnel, 1000); /* to the end */
    close(silent);
    close(tunnel);
    stop();
}

Test(front, of_too_many_who_wait_the_first_goes, .timeout = 10)
{
    int fds[4];

    start(FRONT_ANY, 3, PATIENT_MS);
    for (size_t i = 0; i < 3; i++) {
        fds[i] = connect_to_front();
        say(fds[i], "C", 1);
    }
    fds[3] = connect_to_front();
    cr_expect(recv(fds[0], head_seen, 1, 0) <= 0);
    cr_expect(is_quiet(fds[1]) && is_quiet(fds[2]) && is_quiet(fds[3]));
    for (size_t i = 0; i < 4; i++)
        close(fds[i]);
    stop();
}

/* Nobody waits who could make room: accepting pauses, and goes on. */
/* Its request is no reason to reset what it is told; TLS it cannot be told. */
Test(front, who_is_not_taken_is_told_so, .timeout = 10)
{
    int plain, slow, tls;

    start(FRONT_ANY, MANY, PATIENT_MS);
    is_full = true;
    plain = connect_to_front();
    say(plain, "POST / HTTP/1.1\r\n\r\n", 19);
    cr_expect_not_null(strstr(hear(plain, FRONT_MAX_REPLY),
                              "HTTP/1.1 503 Service Unavailable\r\n"));
    say(plain, "x", 1);
    close(plain);
    /* One that the front waited for. */
    slow = connect_to_front();
    say(slow, "C", 1);
    say(slow, "ANCEL", 5);
    cr_expect_not_null(strstr(hear(slow, FRONT_MAX_REPLY), "HTTP/1.1 503"));
    close(slow);
    tls = connect_to_front();
    say(tls, HELLO, strlen(HELLO));
    cr_expect_str_eq(hear(tls, 1), "");
    close(tls);
    is_full = false;
    pass_by();
    stop();
}

Test(front, without_descriptors_it_pauses, .timeout = 10)
{
    struct rlimit limit, none;
    int fd, last;

    start(FRONT_ANY, MANY, PATIENT_MS);
    fd = connect_to_front();
    say(fd, "GET", 3);
    close(next_arrival().fd);
    close(fd);
    last = socket(AF_INET, SOCK_STREAM, 0);
    getrlimit(RLIMIT_NOFILE, &limit);
    none = (struct rlimit){(rlim_t)last + 1, limit.rlim_max};
    cr_assert(setrlimit(RLIMIT_NOFILE, &none) == 0);
    const struct sockaddr_in to = {
        .sin_family = AF_INET,
        .sin_port = htons(port),
        .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
    };
    cr_assert(connect(last, (const struct sockaddr *)&to, sizeof(to)) == 0);
    say(last, "GET", 3);
    cr_expect(is_quiet(pipe_fds[0]));
    cr_assert(setrlimit(RLIMIT_NOFILE, &limit) == 0);
    close(next_arrival().fd);
    close(last);
    stop();
}

Test(front, a_stop_closes_those_who_wait, .timeout = 10)
{
    int silent, tunnel;

    start(FRONT_ANY, MANY, PATIENT_MS);
    silent = connect_to_front();
    tunnel = connect_to_front();
    say(tunnel, HEAD, strlen(HEAD));
    hear(tunnel, 39);
    pass_by();
    stop();
    cr_expect(recv(silent, head_seen, 1, 0) == 0);
    cr_expect(recv(tunnel, head_seen, 1, 0) == 0);
    close(silent);
    close(tunnel);
}
