#include "timers.h"

#include <errno.h>
#include <limits.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>
#include "clock.h"

enum { EVENTS = 64 };

/* A binary heap, the soonest first. Only the thread takes timers out, so an
 * epoll event always belongs to a timer that is still armed. */
struct timers {
    pthread_mutex_t lock;
    pthread_cond_t drained; /* signalled when the heap is empty and stopped */
    pthread_t thread;
    int epoll;
    int wake;
    bool firing; /* a timer taken out may not have returned yet */
    bool stopped;
    bool ending;
    struct timer **heap;
    size_t len;
    size_t cap;
};

static void place(struct timers *t, size_t i, struct timer *timer)
{
    t->heap[i] = timer;
    timer->index = i;
}

static void sift_up(struct timers *t, size_t i, struct timer *timer)
{
    while (i > 0 && t->heap[(i - 1) / 2]->due_us > timer->due_us) {
        place(t, i, t->heap[(i - 1) / 2]);
        i = (i - 1) / 2;
    }
    place(t, i, timer);
}

static void sift_down(struct timers *t, size_t i, struct timer *timer)
{
    for (;;) {
        size_t child = 2 * i + 1;

        if (child + 1 < t->len &&
            t->heap[child + 1]->due_us < t->heap[child]->due_us)
            child++;
        if (child >= t->len || t->heap[child]->due_us >= timer->due_us)
            break;
        place(t, i, t->heap[child]);
        i = child;
    }
    place(t, i, timer);
}

static void take_out(struct timers *t, struct timer *timer)
{
    struct timer *last = t->heap[--t->len];
    size_t i = timer->index;

    timer->armed = false;
    if (timer->fd >= 0)
        epoll_ctl(t->epoll, EPOLL_CTL_DEL, timer->fd, NULL);
    if (last == timer)
        return;
    if (i > 0 && t->heap[(i - 1) / 2]->due_us > last->due_us)
        sift_up(t, i, last);
    else
        sift_down(t, i, last);
}

/* The next timer that must fire now, taken out, or NULL. */
static struct timer *take_due(struct timers *t, int64_t now,
                              enum timer_event *event)
{
    struct timer *timer = NULL;

    pthread_mutex_lock(&t->lock);
    *event = t->stopped ? TIMER_STOPPED : TIMER_DUE;
    if (t->len > 0 && (t->stopped || t->heap[0]->due_us <= now)) {
        timer = t->heap[0];
        take_out(t, timer);
        t->firing = true;
    }
    pthread_mutex_unlock(&t->lock);
    return timer;
}

static int wait_ms(struct timers *t)
{
    int64_t us = -1;

    pthread_mutex_lock(&t->lock);
    if (t->len > 0) {
        us = t->heap[0]->due_us - clock_monotonic_us();
        us = us < 0 ? 0 : us;
    }
    pthread_mutex_unlock(&t->lock);
    if (us < 0)
        return -1; /* nothing armed: until woken */
    return us / 1000 >= INT_MAX ? INT_MAX : (int)((us + 999) / 1000);
}

static void handle(struct timers *t, const struct epoll_event *event)
{
    struct timer *timer = event->data.ptr;
    uint64_t ignored;

    if (!timer) {
        /* Only the waking matters, not how often. */
        if (read(t->wake, &ignored, sizeof(ignored)) < 0)
            return;
        return;
    }
    pthread_mutex_lock(&t->lock);
    take_out(t, timer);
    t->firing = true;
    pthread_mutex_unlock(&t->lock);
    timer->fire(timer, TIMER_PEER_GONE);
}

static bool is_ending(struct timers *t)
{
    bool ending;

    pthread_mutex_lock(&t->lock);
    t->firing = false;
    if (t->stopped && t->len == 0)
        pthread_cond_broadcast(&t->drained);
    ending = t->ending;
    pthread_mutex_unlock(&t->lock);
    return ending;
}

static void *run(void *arg)
{
    struct timers *t = arg;
    struct epoll_event events[EVENTS];

    while (!is_ending(t)) {
        int n = epoll_wait(t->epoll, events, EVENTS, wait_ms(t));
        enum timer_event event;
        struct timer *timer;

        for (int i = 0; i < n; i++)
            handle(t, &events[i]);
        while ((timer = take_due(t, clock_monotonic_us(), &event)))
            timer->fire(timer, event);
    }
    return NULL;
}

static void wake(struct timers *t)
{
    uint64_t one = 1;

    /* It can only fail when the counter is full: then it is awake anyway. */
    if (write(t->wake, &one, sizeof(one)) < 0)
        return;
}

struct timers *timers_new(void)
{
    struct epoll_event event = {.events = EPOLLIN};
    struct timers *t = calloc(1, sizeof(*t));
    int error;

    if (!t)
        return NULL;
    pthread_mutex_init(&t->lock, NULL);
    pthread_cond_init(&t->drained, NULL);
    t->epoll = epoll_create1(EPOLL_CLOEXEC);
    t->wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    error = t->epoll < 0 || t->wake < 0 ||
                    epoll_ctl(t->epoll, EPOLL_CTL_ADD, t->wake, &event) < 0
                ? errno
                : pthread_create(&t->thread, NULL, run, t);
    if (!error)
        return t;
    if (t->epoll >= 0)
        close(t->epoll);
    if (t->wake >= 0)
        close(t->wake);
    free(t);
    errno = error;
    return NULL;
}

/* With the lock held. */
static int insert(struct timers *t, struct timer *timer)
{
    if (t->len == t->cap) {
        size_t cap = t->cap ? 2 * t->cap : 64;
        struct timer **heap = realloc(t->heap, cap * sizeof(struct timer *));

        if (!heap)
            return -1;
        t->heap = heap;
        t->cap = cap;
    }
    sift_up(t, t->len++, timer);
    return 0;
}

int timers_add(struct timers *t, struct timer *timer, int fd)
{
    /* One shot: the event is taken once, then the timer is taken out. */
    struct epoll_event event = {.events = EPOLLRDHUP | EPOLLONESHOT,
                                .data.ptr = timer};
    bool soonest = false;
    int result = -1;

    pthread_mutex_lock(&t->lock);
    if (timer->hurried)
        timer->due_us = 0;
    if (!t->stopped && insert(t, timer) == 0) {
        result = 0;
        timer->armed = true;
        soonest = timer->index == 0;
        timer->fd = fd;
        if (fd >= 0 && epoll_ctl(t->epoll, EPOLL_CTL_ADD, fd, &event) < 0)
            timer->fd = -1; /* unwatched, it still fires when due */
    }
    pthread_mutex_unlock(&t->lock);
    if (soonest)
        wake(t);
    return result;
}

void timers_hurry(struct timers *t, struct timer *timer)
{
    pthread_mutex_lock(&t->lock);
    timer->hurried = true;
    if (timer->armed) {
        timer->due_us = 0;
        sift_up(t, timer->index, timer);
        wake(t);
    }
    pthread_mutex_unlock(&t->lock);
}

void timers_stop(struct timers *t)
{
    pthread_mutex_lock(&t->lock);
    t->stopped = true;
    wake(t);
    while (t->len > 0 || t->firing)
        pthread_cond_wait(&t->drained, &t->lock);
    pthread_mutex_unlock(&t->lock);
}

void timers_free(struct timers *t)
{
    if (!t)
        return;
    timers_stop(t);
    pthread_mutex_lock(&t->lock);
    t->ending = true;
    pthread_mutex_unlock(&t->lock);
    wake(t);
    pthread_join(t->thread, NULL);
    pthread_mutex_destroy(&t->lock);
    pthread_cond_destroy(&t->drained);
    close(t->epoll);
    close(t->wake);
    free(t->heap);
    free(t);
}
