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

static void start(unsigned first_ms, unsigned request_ms, unsigned next_ms)
{
    const struct watch_options options = {
        .patience_ms[WATCH_FIRST] = first_ms,
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

    start(SOON_MS, SOON_MS, NEVER_MS);
    add(&c);
    cr_expect_eq(next_late(), &c.watched);
    cr_expect(is_ended(&c));
    drop(&c);
    watch_free(watch);
}

Test(watch, what_trickles_in_does_not_count, .timeout = 10)
{
    struct connection c;

    start(SOON_MS, SOON_MS, NEVER_MS);
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

    start(NEVER_MS, NEVER_MS, SOON_MS);
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

/* Returns when a connection of its own has been late. */
static void be_late(void)
{
    struct connection late;

    add(&late);
    watch_expect(&late.watched, WATCH_REQUEST, clock_monotonic_us());
    cr_expect_eq(next_late(), &late.watched);
    cr_expect(is_ended(&late));
    drop(&late);
}

Test(watch, the_servers_turn_has_no_end, .timeout = 10)
{
    struct connection served;

    start(NEVER_MS, SOON_MS, SOON_MS);
    add(&served);
    watch_expect(&served.watched, WATCH_NOTHING, 0);
    /* The second is late in a later walk, when the first has come to its end:
     * that one looked at all connections. */
    be_late();
    be_late();
    cr_expect(is_open(&served));
    drop(&served);
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

    start(NEVER_MS, NEVER_MS, NEVER_MS);
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

    start(NEVER_MS, NEVER_MS, NEVER_MS);
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

    start(NEVER_MS, NEVER_MS, NEVER_MS);
    make_idle(&c);
    cr_expect_not(watch_drop_idle(watch, NEVER_MS));
    cr_assert(write(c.fds[1], "x", 1) == 1);
    cr_expect_not(watch_drop_idle(watch, 0));
    cr_expect(is_open(&c));
    drop(&c);
    watch_free(watch);
}

Test(watch, busy_is_who_is_in_a_request_or_its_answer, .timeout = 10)
{
    struct connection c, other;

    start(NEVER_MS, NEVER_MS, NEVER_MS);
    cr_expect_eq(watch_n_busy(watch), 0);
    add(&c);
    cr_expect_eq(watch_n_busy(watch), 0, "before a request");
    watch_expect(&c.watched, WATCH_REQUEST, clock_monotonic_us());
    cr_expect_eq(watch_n_busy(watch), 1, "within a request");
    add(&other);
    watch_expect(&other.watched, WATCH_NOTHING, 0);
    cr_expect_eq(watch_n_busy(watch), 2, "and within an answer");
    watch_expect(&c.watched, WATCH_NEXT, clock_monotonic_us());
    cr_expect_eq(watch_n_busy(watch), 1, "between two requests");
    drop(&other);
    cr_expect_eq(watch_n_busy(watch), 0, "removed");
    drop(&c);
    watch_free(watch);
}

Test(watch, a_request_is_busy_until_its_peer_has_hung_up, .timeout = 10)
{
    struct connection c;
    char byte;

    start(NEVER_MS, NEVER_MS, NEVER_MS);
    add(&c);
    watch_expect(&c.watched, WATCH_REQUEST, clock_monotonic_us());
    cr_assert(write(c.fds[1], "x", 1) == 1);
    cr_expect_eq(watch_n_busy(watch), 1);
    shutdown(c.fds[1], SHUT_WR);
    cr_expect_eq(watch_n_busy(watch), 1, "with a byte to read still");
    cr_assert(read(c.fds[0], &byte, 1) == 1);
    cr_expect_eq(watch_n_busy(watch), 0, "nothing can come");
    watch_expect(&c.watched, WATCH_NOTHING, 0);
    cr_expect_eq(watch_n_busy(watch), 1, "it still waits for its answer");
    drop(&c);
    watch_free(watch);
}

/* Descriptors and memory come again at once; whoever is not removed would be
 * found, and is in the middle of a request. */
static void *come_and_go(void *arg)
{
    struct connection *c = arg;

    for (int i = 0; i < MANY; i++) {
        add(c);
        if (i % 2)
            watch_expect(&c->watched, WATCH_NOTHING, 0);
        else
            watch_expect(&c->watched, WATCH_NEXT, clock_monotonic_us());
        shutdown(c->fds[1], SHUT_WR);
        watch_expect(&c->watched, WATCH_REQUEST, clock_monotonic_us());
        drop(c);
    }
    return NULL;
}

Test(watch, many_come_and_go_on_four_threads, .timeout = 30)
{
    struct connection connections[4];
    pthread_t threads[4];

    start(NEVER_MS, NEVER_MS, SOON_MS);
    for (size_t i = 0; i < 4; i++)
        cr_assert_eq(
            pthread_create(&threads[i], NULL, come_and_go, &connections[i]), 0);
    for (size_t i = 0; i < 4; i++)
        pthread_join(threads[i], NULL);
    cr_expect_eq(watch_n_busy(watch), 0);
    watch_free(watch);
}
