/*
 * journal: the bounded record of every exchange, also of refused, malformed
 * and cut-short ones (docs/admin.md tells what an entry holds).
 *
 * An entry is one block of memory, copied from the exchange and never changed
 * afterwards; it is turned into JSON only when somebody asks. The oldest go
 * first when either bound is reached, and are counted. Readers hold a
 * reference while they render, never the lock. Safe from any thread.
 */
#ifndef JOURNAL_H
#define JOURNAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "exchange.h"
#include "strbuf.h"

enum {
    JOURNAL_DEFAULT_ENTRIES = 10000,
    JOURNAL_DEFAULT_BYTES = 4 * 1024 * 1024,
    JOURNAL_MAX_LIMIT = 1000, /* entries in one answer */
};

struct journal;

/* `max_entries` may be 0: nothing is kept, all is counted as evicted. */
struct journal *journal_new(size_t max_entries, size_t max_bytes);
void journal_free(struct journal *j); /* NULL is fine */

/* Drops every entry and the count of evicted ones; ids go on. */
void journal_reset(struct journal *j);

/*
 * Records an exchange that is decided or cut short, sets x->id (1, 2, 3, …
 * in the order of recording) and wakes the waiters that it matches. Without
 * memory for the entry it counts as evicted; the id is set all the same.
 */
void journal_append(struct journal *j, struct exchange *x);

/* Which entries; strings are borrowed. */
struct journal_filter {
    bool has_since;
    uint64_t since;        /* only ids greater than it */
    size_t limit;          /* 0: JOURNAL_MAX_LIMIT */
    const char *secret_id; /* NULL: any */
    const char *endpoint;  /* name; NULL: any; "-": those of no endpoint */
    bool has_code;
    int code; /* the served one, whatever field carried it */
};

/*
 * Adds {"requests":[oldest first],"next":ID,"evicted":N}. With `since` the
 * first `limit` matches after it, else the newest `limit`. `next` is the
 * value of `since` that goes on from here; it is never less than `since`.
 * Sets *n to the number of entries.
 * Returns 0, or -1 when the buffer refused.
 */
int journal_render(struct journal *j, const struct journal_filter *filter,
                   struct strbuf *out, size_t *n);

/* Adds one entry. Returns 0, 1 when there is none of that id (any more), or
 * -1 when the buffer refused. */
int journal_render_one(struct journal *j, uint64_t id, struct strbuf *out);

struct journal_stats {
    uint64_t file_failures; /* lines that could not be written */
    uint64_t recorded;      /* all there ever were; reset does not change it */
    uint64_t evicted;       /* since the last reset */
    size_t entries;         /* now */
    size_t bytes;           /* now */
};
struct journal_stats journal_stats(struct journal *j);

/*
 * Somebody who waits for an entry. `filter` (its strings alive until removed)
 * has `since` set. wake() is called once, under the journal's lock, from the
 * thread that appended the first match; it must not call the journal.
 */
struct journal_waiter {
    struct journal_filter filter;
    void (*wake)(struct journal_waiter *waiter);
    struct journal_waiter *next; /* private, like `woken` */
    bool woken;
};

/* Registers a waiter. When a match is there already it is woken at once. */
void journal_wait(struct journal *j, struct journal_waiter *waiter);
/* Takes it out; afterwards wake() is not and will not be running. */
void journal_unwait(struct journal *j, struct journal_waiter *waiter);

/*
 * Also appends every entry as one JSON line to a file, in one write each.
 * Returns 0, or -1 with errno. A later failed write (a full disk) is counted,
 * and does not hold the exchange up; `failed` tells how many.
 */
int journal_open_file(struct journal *j, const char *path);
/* Opens the same path again, after a log rotation; without a file there is
 * nothing to do. Returns 0, or -1 with errno: the old file stays in use. */
int journal_reopen_file(struct journal *j);
uint64_t journal_file_failures(struct journal *j);

#endif
