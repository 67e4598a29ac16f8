/*
 * timers: wakes suspended exchanges: when their time has come, when their
 * peer hung up, or when the server stops. One thread serves them all, so that
 * a delay never holds a worker. It knows nothing of HTTP or libmicrohttpd.
 */
#ifndef TIMERS_H
#define TIMERS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum timer_event { TIMER_DUE, TIMER_PEER_GONE, TIMER_STOPPED };

/* Owned by the caller, who keeps it in place until it fired. */
struct timer {
    int64_t due_us; /* clock_monotonic_us() */
    size_t index;   /* private, like those that follow */
    int fd;
    bool armed;
    bool hurried;
    void (*fire)(struct timer *timer, enum timer_event event);
};

struct timers;

/* Starts the thread. NULL with errno on failure. */
struct timers *timers_new(void);

/*
 * Arms `timer`, zeroed by its owner but for `due_us` and `fire`. With `fd` >= 0
 * it also fires when that socket's peer closes. It fires exactly once, on the
 * timers' thread; the timer may be freed from within. Returns 0, or -1 when
 * memory ran out or the timers are stopped: then it never fires.
 */
int timers_add(struct timers *timers, struct timer *timer, int fd);

/*
 * Makes `timer` fire at once, as TIMER_DUE. It may be armed, or about to be
 * (zeroed by its owner, then fired as soon as it is added), or have fired;
 * then this does nothing. The timer must still exist.
 */
void timers_hurry(struct timers *timers, struct timer *timer);

/* Fires every armed timer with TIMER_STOPPED, returns when the last fire()
 * has, and refuses later ones. */
void timers_stop(struct timers *timers);

/* Stops, ends the thread and frees. NULL is fine. */
void timers_free(struct timers *timers);

#endif
