#include "watch.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <time.h>
#include "clock.h"

/* Between two walks over the connections. */
enum { WALK_MIN_MS = 10, WALK_MAX_MS = 100 };

struct watch {
    struct watch_options options;
    unsigned walk_ms;
    pthread_t thread;
    pthread_mutex_t lock; /* guards what follows */
    pthread_cond_t wake;
    bool stopping;
    struct watched *first;
    unsigned n_leaving;
};

static bool has_hung_up(const struct watched *w)
{
    char byte;

    return recv(w->fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT) == 0;
}

/* What it has sent already shall be answered. */
static bool has_spoken(const struct watched *w)
{
    char byte;

    return recv(w->fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT) > 0;
}

/* Both directions: the library sees an end, and the peer too. */
static void end(struct watched *w)
{
    w->is_ended = true;
    shutdown(w->fd, SHUT_RDWR);
}

/* the walk */

/*
 * The library is woken by each event once. An end that comes with bytes is one
 * event with them, and forgotten when they have been read. Once they have, a
 * shutdown of what is over anyway makes another event of it, and harms no
 * answer. Looked for again after as long as it has been awaited already, so
 * that a thousand idle connections are asked seldom.
 */
static void look_for_end(struct watched *w, int64_t since_us, int64_t now_us)
{
    if (w->looked_us > since_us &&
        now_us - w->looked_us < w->looked_us - since_us)
        return;
    w->looked_us = now_us;
    if (has_hung_up(w))
        shutdown(w->fd, SHUT_RD);
}

static void look_at(struct watch *watch, struct watched *w, int64_t now_us)
{
    enum watch_state state =
        atomic_load_explicit(&w->state, memory_order_acquire);
    int64_t since_us = atomic_load_explicit(&w->since_us, memory_order_relaxed);

    if (state == WATCH_NOTHING || w->is_ended)
        return;
    if (now_us - since_us > (int64_t)watch->options.patience_ms[state] * 1000) {
        watch->options.on_late(watch->options.cls, w);
        end(w);
        return;
    }
    look_for_end(w, since_us, now_us);
}

static struct timespec after_ms(unsigned ms)
{
    struct timespec at;

    clock_gettime(CLOCK_MONOTONIC, &at);
    at.tv_sec += ms / 1000;
    at.tv_nsec += (long)(ms % 1000) * 1000000;
    at.tv_sec += at.tv_nsec / 1000000000;
    at.tv_nsec %= 1000000000;
    return at;
}

static void *run(void *arg)
{
    struct watch *watch = arg;

    pthread_mutex_lock(&watch->lock);
    while (!watch->stopping) {
        struct timespec at = after_ms(watch->walk_ms);
        int64_t now_us = clock_monotonic_us();

        for (struct watched *w = watch->first; w; w = w->next)
            look_at(watch, w, now_us);
        if (watch->first)
            pthread_cond_timedwait(&watch->wake, &watch->lock, &at);
        else
            pthread_cond_wait(&watch->wake, &watch->lock);
    }
    pthread_mutex_unlock(&watch->lock);
    return NULL;
}

/* connections */

void watch_add(struct watch *watch, struct watched *w, int fd)
{
    *w = (struct watched){.fd = fd};
    watch_expect(w, WATCH_FIRST, clock_monotonic_us());
    pthread_mutex_lock(&watch->lock);
    w->next = watch->first;
    if (w->next)
        w->next->previous = w;
    else
        pthread_cond_signal(&watch->wake);
    watch->first = w;
    pthread_mutex_unlock(&watch->lock);
}

void watch_expect(struct watched *w, enum watch_state state, int64_t now_us)
{
    /* The walk may come in between: what awaits nothing has no beginning. */
    if (state != WATCH_NOTHING)
        atomic_store_explicit(&w->since_us, now_us, memory_order_relaxed);
    atomic_store_explicit(&w->state, state, memory_order_release);
}

void watch_remove(struct watch *watch, struct watched *w)
{
    pthread_mutex_lock(&watch->lock);
    if (w->next)
        w->next->previous = w->previous;
    if (w->previous)
        w->previous->next = w->next;
    else if (watch->first == w)
        watch->first = w->next;
    if (w->is_leaving)
        watch->n_leaving--;
    w->next = w->previous = NULL;
    w->is_leaving = false;
    pthread_mutex_unlock(&watch->lock);
}

/* Of those idle since a time from `after` to `since_us`, the longest idle. */
static struct watched *longest_idle(const struct watch *watch, int64_t after_us,
                                    int64_t since_us)
{
    struct watched *found = NULL;

    for (struct watched *w = watch->first; w; w = w->next) {
        int64_t us = atomic_load_explicit(&w->since_us, memory_order_relaxed);

        if (w->is_ended || us <= after_us || us > since_us ||
            atomic_load(&w->state) != WATCH_NEXT)
            continue;
        since_us = us;
        found = w;
    }
    return found;
}

/* The longest idle since then that has not spoken again meanwhile. */
static struct watched *find_idle(const struct watch *watch, int64_t since_us)
{
    struct watched *w = longest_idle(watch, INT64_MIN, since_us);

    while (w && has_spoken(w))
        w = longest_idle(watch, atomic_load(&w->since_us), since_us);
    return w;
}

bool watch_drop_idle(struct watch *watch, unsigned idle_ms)
{
    struct watched *w;

    pthread_mutex_lock(&watch->lock);
    w = find_idle(watch, clock_monotonic_us() - (int64_t)idle_ms * 1000);
    if (w) {
        w->is_leaving = true;
        watch->n_leaving++;
        end(w);
    }
    pthread_mutex_unlock(&watch->lock);
    return w != NULL;
}

unsigned watch_n_leaving(struct watch *watch)
{
    unsigned n;

    pthread_mutex_lock(&watch->lock);
    n = watch->n_leaving;
    pthread_mutex_unlock(&watch->lock);
    return n;
}

static bool is_busy(const struct watched *w)
{
    enum watch_state state = atomic_load(&w->state);

    return state == WATCH_NOTHING ||
           (state == WATCH_REQUEST && !has_hung_up(w));
}

size_t watch_n_busy(struct watch *watch)
{
    size_t n = 0;

    pthread_mutex_lock(&watch->lock);
    for (const struct watched *w = watch->first; w; w = w->next)
        n += is_busy(w);
    pthread_mutex_unlock(&watch->lock);
    return n;
}

/* life cycle */

static unsigned walk_ms(const struct watch_options *options)
{
    unsigned ms = WALK_MAX_MS;

    for (size_t i = 0; i < WATCH__COUNT; i++) {
        if (options->patience_ms[i] / 10 < ms)
            ms = options->patience_ms[i] / 10;
    }
    return ms < WALK_MIN_MS ? WALK_MIN_MS : ms;
}

static void init_wake(pthread_cond_t *wake)
{
    pthread_condattr_t attributes;

    pthread_condattr_init(&attributes);
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    pthread_cond_init(wake, &attributes);
    pthread_condattr_destroy(&attributes);
}

static void release(struct watch *watch)
{
    pthread_mutex_destroy(&watch->lock);
    pthread_cond_destroy(&watch->wake);
    free(watch);
}

struct watch *watch_new(const struct watch_options *options)
{
    struct watch *watch = calloc(1, sizeof(*watch));
    int error;

    if (!watch)
        return NULL;
    watch->options = *options;
    watch->walk_ms = walk_ms(options);
    pthread_mutex_init(&watch->lock, NULL);
    init_wake(&watch->wake);
    error = pthread_create(&watch->thread, NULL, run, watch);
    if (!error)
        return watch;
    release(watch);
    errno = error;
    return NULL;
}

void watch_free(struct watch *watch)
{
    if (!watch)
        return;
    pthread_mutex_lock(&watch->lock);
    watch->stopping = true;
    pthread_cond_signal(&watch->wake);
    pthread_mutex_unlock(&watch->lock);
    pthread_join(watch->thread, NULL);
    release(watch);
}
