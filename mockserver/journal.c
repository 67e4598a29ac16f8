#include "journal.h"

#include <inttypes.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include "journal_entry.h"
#include "journal_file.h"
#include "journal_pages.h"

enum {
    RING_FIRST_CAP = 64,
    SEARCH_STEP = 512, /* entries looked at before others get in */
};

/* What the ring must know of an entry without touching it: one that is old
 * is in no cache any more. */
struct slot {
    struct journal_entry *entry;
    struct journal_page *page;
    size_t size;
};

struct journal {
    size_t max_entries;
    size_t max_bytes;

    pthread_mutex_t lock; /* guards what follows, up to `file` */
    struct slot *ring;    /* by id, ascending, from `first` on */
    size_t cap;
    size_t first;
    size_t n;
    size_t bytes; /* of the entries */
    struct journal_pages pages;
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
    journal_pages_init(&j->pages);
    journal_file_init(&j->file);
    return j;
}

/* the ring; all of this with the lock held */

static struct slot *slot_at(const struct journal *j, size_t i)
{
    size_t at = j->first + i;

    return &j->ring[at < j->cap ? at : at - j->cap];
}

static struct journal_entry *entry_at(const struct journal *j, size_t i)
{
    return slot_at(j, i)->entry;
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
    struct slot *ring;

    if (cap > j->max_entries)
        cap = j->max_entries;
    ring = calloc(cap, sizeof(*ring));
    if (!ring)
        return -1;
    for (size_t i = 0; i < j->n; i++)
        ring[i] = *slot_at(j, i);
    free(j->ring);
    j->ring = ring;
    j->cap = cap;
    j->first = 0;
    return 0;
}

static void drop_oldest(struct journal *j)
{
    const struct slot *oldest = slot_at(j, 0);

    j->first = j->first + 1 < j->cap ? j->first + 1 : 0;
    j->n--;
    j->bytes -= oldest->size;
    journal_pages_put(&j->pages, oldest->page);
}

/* Would one more of that size go over the bounds? */
static bool is_full(const struct journal *j, size_t size)
{
    return j->n >= j->max_entries ||
           j->bytes + j->pages.wasted + size > j->max_bytes;
}

/* Takes the entry over. Returns false when it was dropped at once: no bound
 * lets even it alone stay, or memory ran out. (What readers hold of pages that
 * are out of the ring is over the bound for as long.) */
static bool push(struct journal *j, struct journal_entry *e)
{
    for (; j->n > 0 && is_full(j, e->size); j->evicted++)
        drop_oldest(j);
    if (j->max_entries == 0 || e->size > j->max_bytes ||
        (j->n == j->cap && grow(j) < 0)) {
        journal_pages_put(&j->pages, e->page);
        j->evicted++;
        return false;
    }
    *slot_at(j, j->n) = (struct slot){e, e->page, e->size};
    j->n++;
    j->bytes += e->size;
    return true;
}

void journal_reset(struct journal *j)
{
    pthread_mutex_lock(&j->lock);
    while (j->n > 0)
        drop_oldest(j);
    j->evicted = 0;
    pthread_mutex_unlock(&j->lock);
}

void journal_free(struct journal *j)
{
    if (!j)
        return;
    journal_reset(j);
    journal_pages_release(&j->pages);
    free(j->ring);
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
        .bytes = j->bytes + j->pages.wasted,
    };
    pthread_mutex_unlock(&j->lock);
    stats.file_failures = journal_file_failures(j);
    return stats;
}

/* filters */

static bool matches(const struct journal_filter *filter,
                    const struct journal_entry *e)
{
    const struct entry_text k = e->signature.fields[SIGNED_K];
    const char *id = filter->secret_id;
    const char *endpoint = e->endpoint ? e->endpoint : "-";

    if (filter->has_since && e->id <= filter->since)
        return false;
    if (filter->has_code &&
        (!e->served.has_code || e->served.code != filter->code))
        return false;
    if (filter->endpoint && strcmp(filter->endpoint, endpoint) != 0)
        return false;
    return !id || (k.at && k.len == strlen(id) &&
                   !memcmp(journal_entry_text(e, k), id, k.len));
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
                picked[n++] = journal_pages_hold(e);
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
                picked[n++] = journal_pages_hold(e);
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
    if (e)
        journal_pages_put(&j->pages, e->page);
    pthread_mutex_unlock(&j->lock);
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

/* Copies the packed entry to where the journal keeps it; NULL when memory ran
 * out. The lock is not held while it is copied. */
static struct journal_entry *keep(struct journal *j, struct journal_entry *e)
{
    struct journal_entry *kept;

    pthread_mutex_lock(&j->lock);
    kept = journal_pages_take(&j->pages, e->size);
    pthread_mutex_unlock(&j->lock);
    if (!kept)
        return NULL;
    e->page = kept->page;
    memcpy(kept, e, e->size);
    return kept;
}

void journal_append(struct journal *j, struct exchange *x)
{
    /* Too large for a stack whose every page is touched when it grows. */
    static _Thread_local union journal_block block;
    struct journal_entry *e = &block.entry;
    struct journal_entry *kept;

    journal_entry_pack(&block, x, j->max_bytes);
    kept = keep(j, e);

    pthread_mutex_lock(&j->lock);
    e->id = x->id = ++j->last_id;
    if (!kept) {
        j->evicted++;
    } else {
        kept->id = e->id;
        if (push(j, kept))
            wake_waiters(j, e);
    }
    pthread_mutex_unlock(&j->lock);

    journal_file_append(&j->file, e);
}

/* rendering */

static void put_back(struct journal *j, struct journal_entry **picked, size_t n)
{
    pthread_mutex_lock(&j->lock);
    for (size_t i = 0; i < n; i++)
        journal_pages_put(&j->pages, picked[i]->page);
    pthread_mutex_unlock(&j->lock);
}

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
    }
    put_back(j, picked, *n);
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
        e = journal_pages_hold(entry_at(j, i - 1));
    pthread_mutex_unlock(&j->lock);
    if (!e)
        return 1;
    result = journal_entry_render(e, out);
    put_back(j, &e, 1);
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
