/*
 * watch: looks after the connections of a server from outside the library that
 * serves them. It ends those whose request does not come in time, however many
 * bytes of it trickle in, and nudges the library about a peer that has hung up
 * when the news came with its last bytes and was missed. It knows sockets only.
 *
 * One thread walks over all connections now and then. What a request costs is
 * two words written into the connection's own memory.
 */
#ifndef WATCH_H
#define WATCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What is awaited of a connection; each has its own patience. */
enum watch_state {
    WATCH_FIRST,   /* a request line */
    WATCH_REQUEST, /* the rest of a request */
    WATCH_NEXT,    /* another request, if it ever comes */
    WATCH__COUNT,
    WATCH_NOTHING = WATCH__COUNT, /* it is the server's turn */
};

/* A connection; owned by the caller, all of it private. */
struct watched {
    struct watched *next, *previous;
    int fd;
    _Atomic enum watch_state state; /* written by whoever serves it, */
    _Atomic int64_t since_us;       /* as is this */
    int64_t looked_us;              /* when the thread asked for its end */
    bool is_ended;                  /* by us */
    bool is_leaving;                /* by watch_drop_idle() */
};

struct watch_options {
    unsigned patience_ms[WATCH__COUNT]; /* kept to 0.1 s */
    /* Told of each that is ended for want of a request, on the thread of the
     * watch, which must not be called from within. */
    void (*on_late)(void *cls, struct watched *w);
    void *cls;
};

struct watch;

/* Starts the thread. NULL with errno on failure. */
struct watch *watch_new(const struct watch_options *options);

/* Ends the thread; nothing is watched any longer. NULL is fine. */
void watch_free(struct watch *watch);

/* Watches a connection, in WATCH_FIRST. */
void watch_add(struct watch *watch, struct watched *w, int fd);

/* Awaits something else of it, since `now_us` (clock_monotonic_us(); of no
 * account for WATCH_NOTHING). By the thread that serves the connection. */
void watch_expect(struct watched *w, enum watch_state state, int64_t now_us);

/* Before its descriptor is closed; once more does no harm. */
void watch_remove(struct watch *watch, struct watched *w);

/* Ends the connection that has awaited its next request for longest, if that
 * is `idle_ms` at least. Returns false when there is none. */
bool watch_drop_idle(struct watch *watch, unsigned idle_ms);

/* How many that were ended so are still to be removed. */
unsigned watch_n_leaving(struct watch *watch);

/* How many are in the middle of a request or of its answer, but for those that
 * wait for a peer which has hung up. */
size_t watch_n_busy(struct watch *watch);

#endif
