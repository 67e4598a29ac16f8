#include "timers.h"

#include <pthread.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>
#include <criterion/criterion.h>
#include "clock.h"

/* Far enough for a test never to see it. */
#define NEVER_US (INT64_C(3600) * 1000000)

enum { MANY = 10000 };

/* What fired, in order. Timers and tests meet only here. */
static struct {
    pthread_mutex_t lock;
    pthread_cond_t changed;
    size_t n;
    const struct timer *timers[MANY];
    enum timer_event events[MANY];
} fired = {.lock = PTHREAD_MUTEX_INITIALIZER,
           .changed = PTHREAD_COND_INITIALIZER};

static void note(struct timer *timer, enum timer_event event)
{
    pthread_mutex_lock(&fired.lock);
    if (fired.n < MANY) {
        fired.timers[fired.n] = timer;
        fired.events[fired.n] = event;
    }
    fired.n++;
    pthread_cond_broadcast(&fired.changed);
    pthread_mutex_unlock(&fired.lock);
}

static void wait_fired(size_t n)
{
    pthread_mutex_lock(&fired.lock);
    while (fired.n < n)
        pthread_cond_wait(&fired.changed, &fired.lock);
    pthread_mutex_unlock(&fired.lock);
}

static struct timers *start(void)
{
    struct timers *timers = timers_new();

    cr_assert(timers != NULL);
    return timers;
}

static void arm(struct timers *timers, struct timer *timer, int64_t in_us,
                int fd)
{
    *timer = (struct timer){
        .due_us = clock_monotonic_us() + in_us,
        .fire = note,
    };
    cr_assert_eq(timers_add(timers, timer, fd), 0);
}

Test(timers, a_timer_fires_once_it_is_due, .timeout = 10)
{
    struct timers *timers = start();
    struct timer timer;

    arm(timers, &timer, 20000, -1);
    wait_fired(1);
    cr_expect(clock_monotonic_us() >= timer.due_us, "too early");
    cr_expect(fired.timers[0] == &timer);
    cr_expect_eq(fired.events[0], TIMER_DUE);
    timers_free(timers);
    cr_expect_eq(fired.n, 1, "it fires once");
}

Test(timers, a_timer_of_the_past_fires_at_once, .timeout = 10)
{
    struct timers *timers = start();
    struct timer timer;

    arm(timers, &timer, -1000, -1);
    wait_fired(1);
    cr_expect_eq(fired.events[0], TIMER_DUE);
    timers_free(timers);
}

Test(timers, they_fire_in_the_order_of_their_time, .timeout = 10)
{
    static const int order[] = {5, 2, 7, 0, 3, 6, 1, 4};
    enum { N = sizeof(order) / sizeof(order[0]) };
    int64_t start_us = clock_monotonic_us() + 50000;
    struct timers *timers = start();
    struct timer list[N];

    for (int i = 0; i < N; i++) {
        struct timer *timer = &list[order[i]];

        *timer = (struct timer){.due_us = start_us + order[i], .fire = note};
        cr_assert_eq(timers_add(timers, timer, -1), 0);
    }
    wait_fired(N);
    for (int i = 0; i < N; i++)
        cr_expect(fired.timers[i] == &list[i], "place %d", i);
    timers_free(timers);
}

Test(timers, a_sooner_timer_is_not_held_up_by_a_later_one, .timeout = 10)
{
    struct timers *timers = start();
    struct timer later, sooner;

    arm(timers, &later, NEVER_US, -1);
    arm(timers, &sooner, 1000, -1);
    wait_fired(1);
    cr_expect(fired.timers[0] == &sooner);
    timers_free(timers);
}

Test(timers, a_peer_that_closes_fires, .timeout = 10)
{
    struct timers *timers = start();
    struct timer timer, other;
    int fds[2], others[2];

    cr_assert_eq(socketpair(AF_UNIX, SOCK_STREAM, 0, fds), 0);
    cr_assert_eq(socketpair(AF_UNIX, SOCK_STREAM, 0, others), 0);
    arm(timers, &other, NEVER_US, others[0]);
    arm(timers, &timer, NEVER_US, fds[0]);
    close(fds[1]);
    wait_fired(1);
    cr_expect(fired.timers[0] == &timer);
    cr_expect_eq(fired.events[0], TIMER_PEER_GONE);
    timers_free(timers);
    cr_expect_eq(fired.n, 2, "it fires once, and the other when stopped");
    close(fds[0]);
    close(others[0]);
    close(others[1]);
}

Test(timers, a_peer_that_shuts_its_side_down_fires, .timeout = 10)
{
    struct timers *timers = start();
    struct timer timer;
    int fds[2];

    cr_assert_eq(socketpair(AF_UNIX, SOCK_STREAM, 0, fds), 0);
    arm(timers, &timer, NEVER_US, fds[0]);
    shutdown(fds[1], SHUT_WR);
    wait_fired(1);
    cr_expect_eq(fired.events[0], TIMER_PEER_GONE);
    timers_free(timers);
    close(fds[0]);
    close(fds[1]);
}

Test(timers, a_peer_that_was_gone_already_fires, .timeout = 10)
{
    struct timers *timers = start();
    struct timer timer;
    int fds[2];

    cr_assert_eq(socketpair(AF_UNIX, SOCK_STREAM, 0, fds), 0);
    close(fds[1]);
    arm(timers, &timer, NEVER_US, fds[0]);
    wait_fired(1);
    cr_expect_eq(fired.events[0], TIMER_PEER_GONE);
    timers_free(timers);
    close(fds[0]);
}

Test(timers, a_peer_that_only_sends_does_not_fire, .timeout = 10)
{
    struct timers *timers = start();
    struct timer timer;
    int fds[2];

    cr_assert_eq(socketpair(AF_UNIX, SOCK_STREAM, 0, fds), 0);
    cr_assert_eq(write(fds[1], "x", 1), 1);
    arm(timers, &timer, 20000, fds[0]);
    wait_fired(1);
    cr_expect_eq(fired.events[0], TIMER_DUE);
    timers_free(timers);
    close(fds[0]);
    close(fds[1]);
}

Test(timers, a_socket_can_be_watched_again_after_its_timer_fired, .timeout = 10)
{
    struct timers *timers = start();
    struct timer first, second;
    int fds[2];

    cr_assert_eq(socketpair(AF_UNIX, SOCK_STREAM, 0, fds), 0);
    arm(timers, &first, 0, fds[0]);
    wait_fired(1);
    arm(timers, &second, NEVER_US, fds[0]);
    close(fds[1]);
    wait_fired(2);
    cr_expect(fired.timers[1] == &second);
    cr_expect_eq(fired.events[1], TIMER_PEER_GONE);
    timers_free(timers);
    close(fds[0]);
}

Test(timers, what_cannot_be_watched_still_fires_when_due, .timeout = 10)
{
    struct timers *timers = start();
    struct timer timer;
    int fd = dup(STDERR_FILENO);

    cr_assert(fd >= 0);
    close(fd);
    arm(timers, &timer, 1000, fd);
    wait_fired(1);
    cr_expect_eq(fired.events[0], TIMER_DUE);
    timers_free(timers);
}

Test(timers, stop_fires_every_armed_timer, .timeout = 10)
{
    struct timers *timers = start();
    struct timer list[3];

    for (int i = 0; i < 3; i++)
        arm(timers, &list[i], NEVER_US, -1);
    timers_stop(timers);
    wait_fired(3);
    for (int i = 0; i < 3; i++)
        cr_expect_eq(fired.events[i], TIMER_STOPPED);
    timers_free(timers);
    cr_expect_eq(fired.n, 3);
}

Test(timers, add_after_stop_is_refused_and_never_fires, .timeout = 10)
{
    struct timer timer = {.fire = note};
    struct timers *timers = start();

    timers_stop(timers);
    cr_expect_eq(timers_add(timers, &timer, -1), -1);
    timers_free(timers);
    cr_expect_eq(fired.n, 0);
}

Test(timers, stop_may_be_repeated, .timeout = 10)
{
    struct timers *timers = start();
    struct timer timer;

    timers_stop(timers);
    timers_stop(timers);
    timers_free(timers);
    timers = start();
    arm(timers, &timer, NEVER_US, -1);
    timers_stop(timers);
    timers_stop(timers);
    timers_free(timers);
    cr_expect_eq(fired.n, 1);
}

Test(timers, free_stops_what_is_armed, .timeout = 10)
{
    struct timers *timers = start();
    struct timer timer;

    arm(timers, &timer, NEVER_US, -1);
    timers_free(timers);
    cr_expect_eq(fired.n, 1);
    cr_expect_eq(fired.events[0], TIMER_STOPPED);
}

Test(timers, free_takes_null, .timeout = 10)
{
    timers_free(NULL);
    cr_expect_eq(fired.n, 0);
}

static void free_and_note(struct timer *timer, enum timer_event event)
{
    free(timer);
    note(NULL, event);
}

Test(timers, a_timer_may_be_freed_when_it_fires, .timeout = 10)
{
    struct timers *timers = start();

    for (int i = 0; i < 100; i++) {
        struct timer *timer = calloc(1, sizeof(*timer));

        cr_assert(timer != NULL);
        timer->due_us = clock_monotonic_us() + (i % 2 ? 0 : NEVER_US);
        timer->fire = free_and_note;
        cr_assert_eq(timers_add(timers, timer, -1), 0);
    }
    wait_fired(50);
    timers_free(timers);
    cr_expect_eq(fired.n, 100);
}

static struct timers *chain_timers;
static struct timer chain_next;

static void arm_next(struct timer *timer, enum timer_event event)
{
    arm(chain_timers, &chain_next, 0, -1);
    note(timer, event);
}

Test(timers, a_timer_may_arm_another_when_it_fires, .timeout = 10)
{
    struct timer timer = {.fire = arm_next};

    chain_timers = start();
    cr_assert_eq(timers_add(chain_timers, &timer, -1), 0);
    wait_fired(2);
    cr_expect(fired.timers[0] == &timer);
    cr_expect(fired.timers[1] == &chain_next);
    timers_free(chain_timers);
}

static int compare_addresses(const void *a, const void *b)
{
    const struct timer *const *x = a;
    const struct timer *const *y = b;

    return (*x > *y) - (*x < *y);
}

Test(timers, ten_thousand_fire_once_each, .timeout = 10)
{
    static struct timer list[MANY];
    struct timers *timers = start();

    for (size_t i = 0; i < MANY; i++)
        arm(timers, &list[i], (int64_t)(i * 7919 % MANY), -1);
    wait_fired(MANY);
    timers_free(timers);
    cr_expect_eq(fired.n, MANY);
    qsort(fired.timers, MANY, sizeof(fired.timers[0]), compare_addresses);
    for (size_t i = 0; i < MANY; i++) {
        cr_assert(fired.timers[i] == &list[i], "timer %zu", i);
        cr_assert_eq(fired.events[i], TIMER_DUE);
    }
}

Test(timers, ten_thousand_are_stopped_soonest_first, .timeout = 10)
{
    static struct timer list[MANY];
    int64_t start_us = clock_monotonic_us() + NEVER_US;
    struct timers *timers = start();

    /* 7919 has no factor in common with MANY, so each place comes once. */
    for (size_t i = 0; i < MANY; i++) {
        size_t place = i * 7919 % MANY;

        list[place] = (struct timer){
            .due_us = start_us + (int64_t)place,
            .fire = note,
        };
        cr_assert_eq(timers_add(timers, &list[place], -1), 0);
    }
    timers_stop(timers);
    wait_fired(MANY);
    for (size_t i = 0; i < MANY; i++)
        cr_assert(fired.timers[i] == &list[i], "place %zu", i);
    timers_free(timers);
}

/* The heap lies in the array as given here, since each is no sooner than its
 * parent; taking 200 out puts 3 in its place, below 100. */
Test(timers, the_order_survives_a_peer_that_closes, .timeout = 10)
{
    static const int dues[] = {0, 100, 2, 200, 201, 300, 3};
    static const int order[] = {3, 0, 2, 6, 1, 4, 5};
    enum { N = sizeof(dues) / sizeof(dues[0]) };
    int64_t start_us = clock_monotonic_us() + NEVER_US;
    struct timers *timers = start();
    struct timer list[N];
    int fds[2];

    cr_assert_eq(socketpair(AF_UNIX, SOCK_STREAM, 0, fds), 0);
    for (int i = 0; i < N; i++) {
        list[i] = (struct timer){.due_us = start_us + dues[i], .fire = note};
        cr_assert_eq(timers_add(timers, &list[i], i == 3 ? fds[0] : -1), 0);
    }
    close(fds[1]);
    wait_fired(1);
    timers_free(timers);
    for (int i = 0; i < N; i++)
        cr_expect(fired.timers[i] == &list[order[i]], "place %d", i);
    close(fds[0]);
}

Test(timers, a_timer_that_is_hurried_fires_at_once, .timeout = 10)
{
    struct timers *timers = start();
    struct timer timer, other;

    arm(timers, &other, NEVER_US, -1);
    arm(timers, &timer, 2 * NEVER_US, -1);
    timers_hurry(timers, &timer);
    wait_fired(1);
    cr_expect(fired.timers[0] == &timer);
    cr_expect_eq(fired.events[0], TIMER_DUE);
    timers_free(timers);
    cr_expect_eq(fired.n, 2);
}

Test(timers, a_timer_hurried_before_it_is_armed_fires_at_once, .timeout = 10)
{
    struct timers *timers = start();
    struct timer timer = {
        .due_us = clock_monotonic_us() + NEVER_US,
        .fire = note,
    };

    timers_hurry(timers, &timer);
    cr_assert_eq(timers_add(timers, &timer, -1), 0);
    wait_fired(1);
    cr_expect_eq(fired.events[0], TIMER_DUE);
    timers_free(timers);
}

Test(timers, a_timer_hurried_after_it_fired_stays_fired, .timeout = 10)
{
    struct timers *timers = start();
    struct timer timer;

    arm(timers, &timer, 0, -1);
    wait_fired(1);
    timers_hurry(timers, &timer);
    timers_free(timers);
    cr_expect_eq(fired.n, 1);
}

enum { HALF = MANY / 2 };

struct adder {
    struct timers *timers;
    struct timer *list; /* HALF of them */
};

static void *add_half(void *arg)
{
    struct adder *adder = arg;

    for (int i = 0; i < HALF; i++) {
        struct timer *timer = &adder->list[i];

        *timer = (struct timer){
            .due_us = clock_monotonic_us() + i % 100,
            .fire = note,
        };
        if (timers_add(adder->timers, timer, -1) < 0)
            return NULL;
    }
    return adder;
}

Test(timers, two_threads_may_add, .timeout = 10)
{
    static struct timer list[MANY];
    struct timers *timers = start();
    struct adder adders[2] = {{timers, list}, {timers, list + HALF}};
    pthread_t threads[2];

    for (int i = 0; i < 2; i++)
        cr_assert_eq(pthread_create(&threads[i], NULL, add_half, &adders[i]),
                     0);
    for (int i = 0; i < 2; i++) {
        void *added = NULL;

        pthread_join(threads[i], &added);
        cr_assert(added != NULL);
    }
    wait_fired(MANY);
    timers_free(timers);
    cr_expect_eq(fired.n, MANY);
}
