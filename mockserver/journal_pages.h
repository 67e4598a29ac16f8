/*
 * journal_pages: the memory of the journal's entries, for journal.c alone.
 * They lie one after the other in pages of one size, so that a journal that
 * is full and goes on for days needs no more than its bound and three pages:
 * the oldest, of which some entries are gone, the open one, and a spare.
 *
 * A page lives as long as one of its entries is held: by the ring, or by a
 * reader. Nothing here locks; all of it is called with the journal's lock.
 */
#ifndef JOURNAL_PAGES_H
#define JOURNAL_PAGES_H

#include <stddef.h>
#include "journal_entry.h"

struct journal_pages {
    struct journal_page *open;  /* takes the next entry; NULL: none */
    struct journal_page *spare; /* empty, kept for the next; NULL: none */
    size_t wasted;              /* bytes at the ends of pages that are full */
};

void journal_pages_init(struct journal_pages *pages);
/* Every entry must have been put back. */
void journal_pages_release(struct journal_pages *pages);

/* Room for an entry of `size` bytes, at most JOURNAL_ENTRY_MAX, held once; its
 * page is set and nothing else. NULL when memory ran out. */
struct journal_entry *journal_pages_take(struct journal_pages *pages,
                                         size_t size);

/* Holds the entry once more. */
struct journal_entry *journal_pages_hold(struct journal_entry *e);
/* Holds an entry of that page once less. */
void journal_pages_put(struct journal_pages *pages, struct journal_page *page);

#endif
