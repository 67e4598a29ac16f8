#include "journal_pages.h"

#include <stdalign.h>
#include <stdlib.h>

struct journal_page {
    size_t n_held; /* entries, each as often as it is held, and being open */
    size_t used;
    size_t wasted; /* once it is closed */
    alignas(struct journal_entry) char data[JOURNAL_ENTRY_MAX];
};

void journal_pages_init(struct journal_pages *pages)
{
    *pages = (struct journal_pages){0};
}

void journal_pages_put(struct journal_pages *pages, struct journal_page *page)
{
    if (--page->n_held > 0)
        return;
    pages->wasted -= page->wasted;
    if (pages->spare)
        free(page);
    else
        pages->spare = page;
}

static void close_page(struct journal_pages *pages)
{
    struct journal_page *page = pages->open;

    if (!page)
        return;
    pages->open = NULL;
    page->wasted = sizeof(page->data) - page->used;
    pages->wasted += page->wasted;
    journal_pages_put(pages, page);
}

static struct journal_page *open_page(struct journal_pages *pages)
{
    struct journal_page *page = pages->spare;

    if (!page)
        page = malloc(sizeof(*page));
    if (!page)
        return NULL;
    pages->spare = NULL;
    page->n_held = 1;
    page->used = 0;
    page->wasted = 0;
    pages->open = page;
    return page;
}

void journal_pages_release(struct journal_pages *pages)
{
    close_page(pages);
    free(pages->spare);
    journal_pages_init(pages);
}

struct journal_entry *journal_pages_take(struct journal_pages *pages,
                                         size_t size)
{
    struct journal_page *page = pages->open;
    struct journal_entry *e;

    if (page && size > sizeof(page->data) - page->used) {
        close_page(pages);
        page = NULL;
    }
    if (!page)
        page = open_page(pages);
    if (!page)
        return NULL;
    e = (struct journal_entry *)(void *)(page->data + page->used);
    e->page = page;
    page->used += size;
    page->n_held++;
    return e;
}

struct journal_entry *journal_pages_hold(struct journal_entry *e)
{
    e->page->n_held++;
    return e;
}
