#include "journal.h"

#include <inttypes.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include "journal_entry.h"
#include "journal_file.h"

enum {
    RING_FIRST_CAP = 64,
    SEARCH_STEP = 512, /* entries looked at before others get in */
};

struct journal {
    size_t max_entries;
    size_t max_bytes;

    pthread_mutex_t lock;        /* guards what follows, up to `file` */
    struct journal_entry **ring; /* by id, ascending, from `first` on */
    size_t cap;
    size_t first;
    size_t n;
    size_t bytes;
    uint64_t last_id;
    uint64_t evicted;
    struct journal_waiter *waiters;

    struct journal_file file;
};

struct journal *journal_new(size_t max_entries, size_t max_bytes)
{
    struct journal *j = calloc(1, sizeof(*j));

    if (!j)
        return NULL;
    j->max_entries = max_entries;
    j->max_bytes = max_bytes;
    pthread_mutex_init(&j->lock, NULL);
    journal_file_init(&j->file);
    return j;
}

/* the ring; all of this with the lock held */

static struct journal_entry *entry_at(const struct journal *j, size_t i)
{
    size_t at = j->first + i;

    return j->ring[at < j->cap ? at : at - j->cap];
}

/* How many entries have an id up to `id`: where the later ones begin. */
static size_t count_up_to(const struct journal *j, uint64_t id)
{
    size_t low = 0;
    size_t high = j->n;

    while (low < high) {
        size_t middle = low + (high - low) / 2;

        if (entry_at(j, middle)->id <= id)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static int grow(struct journal *j)
{
    size_t cap = j->cap > 0 ? j->cap * 2 : RING_FIRST_CAP;
    struct journal_entry **ring;

    if (cap > j->max_entries)
        cap = j->max_entries;
    ring = calloc(cap, sizeof(struct journal_entry *));
    if (!ring)
        return -1;
    for (size_t i = 0; i < j->n; i++)
        ring[i] = entry_at(j, i);
    free(j->ring);
    j->ring = ring;
    j->cap = cap;
    j->first = 0;
    return 0;
}

/* Moves the oldest to the list `evicted`, to be freed without the lock. */
static void evict(struct journal *j, struct journal_entry **evicted)
{
    struct journal_entry *e = entry_at(j, 0);

    j->first = j->first + 1 < j->cap ? j->first + 1 : 0;
    j->n--;
    j->bytes -= e->size;
    j->evicted++;
    e->next_evicted = *evicted;
    *evicted = e;
}

static void push(struct journal *j, struct journal_entry *e,
                 struct journal_entry **evicted)
{
    size_t at;

    while (j->n > 0 &&
           (j->n >= j->max_entries || j->bytes + e->size > j->max_bytes))
        evict(j, evicted);
    if (j->max_entries == 0 || e->size > j->max_bytes ||
        (j->n == j->cap && grow(j) < 0)) {
        j->evicted++;
        return;
    }
    at = j->first + j->n;
    j->ring[at < j->cap ? at : at - j->cap] = journal_entry_ref(e);
    j->n++;
    j->bytes += e->size;
}

static void free_evicted(struct journal_entry *e)
{
    while (e) {
        struct journal_entry *next = e->next_evicted;

        journal_entry_unref(e);
        e = next;
    }
}

/* Takes the whole ring away, so that the entries are freed without the lock. */
void journal_reset(struct journal *j)
{
    struct journal_entry **ring;
    size_t cap, first, n;

    pthread_mutex_lock(&j->lock);
    ring = j->ring;
    cap = j->cap;
    first = j->first;
    n = j->n;
    j->ring = NULL;
    j->cap = j->first = j->n = j->bytes = 0;
    j->evicted = 0;
    pthread_mutex_unlock(&j->lock);

    for (size_t i = 0; i < n; i++)
        journal_entry_unref(ring[(first + i) % cap]);
    free(ring);
}

void journal_free(struct journal *j)
{
    if (!j)
        return;
    journal_reset(j);
    journal_file_release(&j->file);
    pthread_mutex_destroy(&j->lock);
    free(j);
}

struct journal_stats journal_stats(struct journal *j)
{
    struct journal_stats stats;

    pthread_mutex_lock(&j->lock);
    stats = (struct journal_stats){

        .recorded = j->last_id,
        .evicted = j->evicted,
        .entries = j->n,
        .bytes = j->bytes,
    };
    pthread_mutex_unlock(&j->lock);
    stats.file_failures = journal_file_failures(j);
    return stats;
}

/* filters */

static bool matches(const struct journal_filter *filter,
                    const struct journal_entry *e)
{
    const struct entry_text *k = &e->signature.fields[SIGNED_K];
    const char *id = filter->secret_id;
    const char *endpoint = e->endpoint ? e->endpoint : "-";

    if (filter->has_since && e->id <= filter->since)
        return false;
    if (filter->has_code &&
        (!e->served.has_code || e->served.code != filter->code))
        return false;
    if (filter->endpoint && strcmp(filter->endpoint, endpoint) != 0)
        return false;
    return !id ||
           (k->ptr && k->len == strlen(id) && !memcmp(k->ptr, id, k->len));
}

/* Lets the others have the lock during a long search. What was found before
 * may have moved or gone afterwards. */
static void breathe(struct journal *j)
{
    pthread_mutex_unlock(&j->lock);
    pthread_mutex_lock(&j->lock);
}

/* Takes references to the first `limit` matches after `id`, oldest first;
 * with the lock held. Returns how many there were. */
static size_t pick_after(struct journal *j, const struct journal_filter *filter,
                         uint64_t id, struct journal_entry **picked,
                         size_t limit)
{
    size_t n = 0;

    for (;;) {
        size_t i = count_up_to(j, id);
        size_t end = j->n - i > SEARCH_STEP ? i + SEARCH_STEP : j->n;

        for (; i < end && n < limit; i++) {
            struct journal_entry *e = entry_at(j, i);

            if (matches(filter, e))
                picked[n++] = journal_entry_ref(e);
        }
        if (n == limit || end == j->n)
            return n;
        id = entry_at(j, end - 1)->id;
        breathe(j);
    }
}

/* The same with the last `limit` matches up to `id`. */
static size_t pick_up_to(struct journal *j, const struct journal_filter *filter,
                         uint64_t id, struct journal_entry **picked,
                         size_t limit)
{
    size_t n = 0;

    for (;;) {
        size_t i = count_up_to(j, id);
        size_t end = i > SEARCH_STEP ? i - SEARCH_STEP : 0;

        while (i > end && n < limit) {
            struct journal_entry *e = entry_at(j, --i);

            if (matches(filter, e))
                picked[n++] = journal_entry_ref(e);
        }
        if (n == limit || end == 0)
            break;
        id = entry_at(j, end)->id - 1;
        breathe(j);
    }
    for (size_t i = 0; i < n / 2; i++) {
        struct journal_entry *e = picked[i];

        picked[i] = picked[n - 1 - i];
        picked[n - 1 - i] = e;
    }
    return n;
}

/* waiters */

void journal_wait(struct journal *j, struct journal_waiter *waiter)
{
    const struct journal_filter *filter = &waiter->filter;
    uint64_t since = filter->has_since ? filter->since : 0;
    struct journal_entry *e = NULL;

    pthread_mutex_lock(&j->lock);
    waiter->woken = false;
    waiter->next = j->waiters;
    j->waiters = waiter;
    /* The search may let an append in, which then wakes it. */
    if (pick_after(j, filter, since, &e, 1) > 0 && !waiter->woken) {
        waiter->woken = true;
        waiter->wake(waiter);
    }
    pthread_mutex_unlock(&j->lock);
    journal_entry_unref(e);
}

void journal_unwait(struct journal *j, struct journal_waiter *waiter)
{
    struct journal_waiter **link = &j->waiters;

    pthread_mutex_lock(&j->lock);
    while (*link && *link != waiter)
        link = &(*link)->next;
    if (*link)
        *link = waiter->next;
    pthread_mutex_unlock(&j->lock);
}

static void wake_waiters(struct journal *j, const struct journal_entry *e)
{
    for (struct journal_waiter *w = j->waiters; w; w = w->next) {
        if (w->woken || !matches(&w->filter, e))
            continue;
        w->woken = true;
        w->wake(w);
    }
}

void journal_append(struct journal *j, struct exchange *x)
{
    struct journal_entry *e = journal_entry_new(x, j->max_bytes);
    struct journal_entry *evicted = NULL;

    pthread_mutex_lock(&j->lock);
    x->id = ++j->last_id;
    if (e) {
        e->id = x->id;
        push(j, e, &evicted);
        wake_waiters(j, e);
    } else {
        j->evicted++;
    }
    pthread_mutex_unlock(&j->lock);

    free_evicted(evicted);
    if (e)
        journal_file_append(&j->file, e);
    journal_entry_unref(e);
}

/* rendering */

int journal_render(struct journal *j, const struct journal_filter *filter,
                   struct strbuf *out, size_t *n)
{
    size_t limit = filter->limit;
    struct journal_entry **picked;
    uint64_t next, evicted;

    if (limit == 0 || limit > JOURNAL_MAX_LIMIT)
        limit = JOURNAL_MAX_LIMIT;
    *n = 0;
    picked = calloc(limit, sizeof(struct journal_entry *));
    if (!picked)
        return -1;

    pthread_mutex_lock(&j->lock);
    next = j->last_id;
    if (filter->has_since) {
        *n = pick_after(j, filter, filter->since, picked, limit);
        next = j->last_id > filter->since ? j->last_id : filter->since;
        if (*n == limit)
            next = picked[*n - 1]->id;
    } else {
        *n = pick_up_to(j, filter, next, picked, limit);
    }
    evicted = j->evicted;
    pthread_mutex_unlock(&j->lock);

    strbuf_addstr(out, "{\"requests\":[");
    for (size_t i = 0; i < *n; i++) {
        if (i > 0)
            strbuf_addch(out, ',');
        journal_entry_render(picked[i], out);
        journal_entry_unref(picked[i]);
    }
    free(picked);
    strbuf_addf(out, "],\"next\":%" PRIu64 ",\"evicted\":%" PRIu64 "}", next,
                evicted);
    return out->failed ? -1 : 0;
}

int journal_render_one(struct journal *j, uint64_t id, struct strbuf *out)
{
    struct journal_entry *e = NULL;
    size_t i;
    int result;

    pthread_mutex_lock(&j->lock);
    i = count_up_to(j, id);
    if (i > 0 && entry_at(j, i - 1)->id == id)
        e = journal_entry_ref(entry_at(j, i - 1));
    pthread_mutex_unlock(&j->lock);
    if (!e)
        return 1;
    result = journal_entry_render(e, out);
    journal_entry_unref(e);
    return result;
}

/* the file */

int journal_open_file(struct journal *j, const char *path)
{
    return journal_file_open(&j->file, path);
}

int journal_reopen_file(struct journal *j)
{
    return journal_file_open(&j->file, NULL);
}

uint64_t journal_file_failures(struct journal *j)
{
    return journal_file_n_failures(&j->file);
}
