#include "watch.h"

#include <pthread.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>
#include <criterion/criterion.h>
#include "clock.h"

/* Far enough for a test never to see it, and soon. */
enum { NEVER_MS = 3600000, SOON_MS = 1, MANY = 1000 };

/* Both ends of a connection, of which ours[0] is watched. */
struct connection {
    struct watched watched;
    int fds[2];
};

static struct watch *watch;
static int pipe_fds[2];

/* Tells the test's thread which it was. */
static void on_late(void *cls, struct watched *w)
{
    cr_assert(write(*(int *)cls, &w, sizeof(w)) == sizeof(w));
}

static const struct watched *next_late(void)
{
    struct watched *w;

    cr_assert(read(pipe_fds[0], &w, sizeof(w)) == sizeof(w));
    return w;
}

static void start(unsigned request_ms, unsigned next_ms)
{
    const struct watch_options options = {
        .patience_ms[WATCH_FIRST] = request_ms,
        .patience_ms[WATCH_REQUEST] = request_ms,
        .patience_ms[WATCH_NEXT] = next_ms,
        .on_late = on_late,
        .cls = &pipe_fds[1],
    };

    cr_assert(pipe(pipe_fds) == 0);
    watch = watch_new(&options);
    cr_assert(watch != NULL);
}

static void add(struct connection *c)
{
    cr_assert(socketpair(AF_UNIX, SOCK_STREAM, 0, c->fds) == 0);
    watch_add(watch, &c->watched, c->fds[0]);
}

static void drop(struct connection *c)
{
    watch_remove(watch, &c->watched);
    close(c->fds[0]);
    close(c->fds[1]);
}

/* Does the peer see the end? Waits for it. */
static bool is_ended(const struct connection *c)
{
    char byte;

    return recv(c->fds[1], &byte, 1, 0) == 0;
}

static bool is_open(const struct connection *c)
{
    char byte;

    return recv(c->fds[1], &byte, 1, MSG_DONTWAIT) < 0;
}

Test(watch, a_request_that_does_not_come_ends_the_connection, .timeout = 10)
{
    struct connection c;

    start(SOON_MS, NEVER_MS);
    add(&c);
    cr_expect_eq(next_late(), &c.watched);
    cr_expect(is_ended(&c));
    drop(&c);
    watch_free(watch);
}

Test(watch, what_trickles_in_does_not_count, .timeout = 10)
{
    struct connection c;

    start(SOON_MS, NEVER_MS);
    add(&c);
    while (send(c.fds[1], "x", 1, MSG_NOSIGNAL) == 1)
        ;
    cr_expect_eq(next_late(), &c.watched);
    drop(&c);
    watch_free(watch);
}

/* The one with the shorter patience comes later. */
Test(watch, each_state_has_its_own_patience, .timeout = 10)
{
    struct connection long_one, short_one;

    start(NEVER_MS, SOON_MS);
    add(&long_one);
    add(&short_one);
    watch_expect(&short_one.watched, WATCH_NEXT, clock_monotonic_us());
    cr_expect_eq(next_late(), &short_one.watched);
    cr_expect(is_open(&long_one));
    watch_expect(&long_one.watched, WATCH_NEXT, clock_monotonic_us());
    cr_expect_eq(next_late(), &long_one.watched);
    drop(&long_one);
    drop(&short_one);
    watch_free(watch);
}

Test(watch, the_servers_turn_has_no_end, .timeout = 10)
{
    struct connection served, late;

    start(SOON_MS, SOON_MS);
    cr_assert(socketpair(AF_UNIX, SOCK_STREAM, 0, served.fds) == 0);
    do {
        /* It may have been late before we said so. */
        watch_add(watch, &served.watched, served.fds[0]);
        watch_expect(&served.watched, WATCH_NOTHING, clock_monotonic_us());
        if (is_open(&served))
            break;
        drop(&served);
        next_late();
        cr_assert(socketpair(AF_UNIX, SOCK_STREAM, 0, served.fds) == 0);
    } while (true);
    add(&late);
    cr_expect_eq(next_late(), &late.watched);
    cr_expect(is_open(&served));
    drop(&served);
    drop(&late);
    watch_free(watch);
}

/* The library is told of each event once, and reads what it can. */
static int wait_like_the_library(int fd)
{
    struct epoll_event event = {.events = EPOLLIN | EPOLLRDHUP | EPOLLET};
    int epoll = epoll_create1(EPOLL_CLOEXEC);

    cr_assert(epoll >= 0);
    cr_assert(epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event) == 0);
    return epoll;
}

Test(watch, an_end_that_came_with_the_last_bytes_is_told_again, .timeout = 10)
{
    struct epoll_event event;
    struct connection c;
    char buf[16];
    int epoll;

    start(NEVER_MS, NEVER_MS);
    add(&c);
    cr_assert(write(c.fds[1], "x", 1) == 1);
    shutdown(c.fds[1], SHUT_WR);
    epoll = wait_like_the_library(c.fds[0]);
    cr_assert_eq(epoll_wait(epoll, &event, 1, -1), 1);
    cr_assert_eq(read(c.fds[0], buf, sizeof(buf)), 1);
    cr_expect_eq(epoll_wait(epoll, &event, 1, -1), 1);
    cr_expect_eq(read(c.fds[0], buf, sizeof(buf)), 0);
    /* An answer still goes out. */
    cr_expect_eq(send(c.fds[0], "y", 1, MSG_NOSIGNAL), 1);
    cr_expect_eq(read(c.fds[1], buf, sizeof(buf)), 1);
    close(epoll);
    drop(&c);
    watch_free(watch);
}

static void make_idle(struct connection *c)
{
    add(c);
    watch_expect(&c->watched, WATCH_NEXT, clock_monotonic_us());
}

Test(watch, the_longest_idle_makes_way_once, .timeout = 10)
{
    struct connection busy, first, second;

    start(NEVER_MS, NEVER_MS);
    add(&busy);
    make_idle(&first);
    make_idle(&second);
    cr_expect(watch_drop_idle(watch, 0));
    cr_expect(is_ended(&first));
    cr_expect(is_open(&second));
    cr_expect_eq(watch_n_leaving(watch), 1);
    drop(&first);
    cr_expect_eq(watch_n_leaving(watch), 0);
    cr_expect(watch_drop_idle(watch, 0));
    cr_expect(is_ended(&second));
    cr_expect_not(watch_drop_idle(watch, 0));
    cr_expect(is_open(&busy));
    drop(&busy);
    drop(&second);
    watch_free(watch);
}

Test(watch, who_is_idle_for_a_moment_or_has_spoken_stays, .timeout = 10)
{
    struct connection c;

    start(NEVER_MS, NEVER_MS);
    make_idle(&c);
    cr_expect_not(watch_drop_idle(watch, NEVER_MS));
    cr_assert(write(c.fds[1], "x", 1) == 1);
    cr_expect_not(watch_drop_idle(watch, 0));
    cr_expect(is_open(&c));
    drop(&c);
    watch_free(watch);
}

/* Descriptors come again at once; whoever is not removed would be found. */
static void *come_and_go(void *arg)
{
    (void)arg;
    for (int i = 0; i < MANY; i++) {
        struct connection c;

        add(&c);
        watch_expect(&c.watched, i % 2 ? WATCH_NOTHING : WATCH_NEXT,
                     clock_monotonic_us());
        shutdown(c.fds[1], SHUT_WR);
        watch_expect(&c.watched, WATCH_REQUEST, clock_monotonic_us());
        drop(&c);
    }
    return NULL;
}

Test(watch, many_come_and_go_on_four_threads, .timeout = 30)
{
    pthread_t threads[4];

    start(NEVER_MS, SOON_MS);
    for (size_t i = 0; i < 4; i++)
        cr_assert_eq(pthread_create(&threads[i], NULL, come_and_go, NULL), 0);
    for (size_t i = 0; i < 4; i++)
        pthread_join(threads[i], NULL);
    cr_expect_not(watch_drop_idle(watch, 0));
    watch_free(watch);
}
