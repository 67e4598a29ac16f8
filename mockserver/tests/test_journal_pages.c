#include "journal_pages.h"

#include <stdalign.h>
#include <stdint.h>
#include <string.h>
#include <criterion/criterion.h>

/* A page has room for four such entries, and for three and a bit of those. */
enum { QUARTER = JOURNAL_ENTRY_MAX / 4, MORE = QUARTER + 64 };

static struct journal_pages pages;

static void begin(void)
{
    journal_pages_init(&pages);
}

TestSuite(journal_pages, .init = begin, .timeout = 10);

/* An entry whose every byte behind the page's is `fill`. */
static struct journal_entry *take(size_t size, unsigned char fill)
{
    struct journal_entry *e = journal_pages_take(&pages, size);

    cr_assert(e != NULL);
    cr_assert_eq((uintptr_t)e % alignof(struct journal_entry), 0);
    memset((char *)e + sizeof(e->page), fill, size - sizeof(e->page));
    return e;
}

static void expect_kept(const struct journal_entry *e, size_t size,
                        unsigned char fill)
{
    const unsigned char *bytes = (const unsigned char *)e;

    for (size_t i = sizeof(e->page); i < size; i++)
        cr_assert_eq(bytes[i], fill, "byte %zu of %zu", i, size);
}

static void put(struct journal_entry *e)
{
    journal_pages_put(&pages, e->page);
}

/* one page */

Test(journal_pages, there_is_no_page_before_the_first_entry)
{
    cr_expect(pages.open == NULL);
    cr_expect(pages.spare == NULL);
    cr_expect_eq(pages.wasted, 0);
    journal_pages_release(&pages);
}

Test(journal_pages, entries_share_a_page_until_it_is_full)
{
    struct journal_entry *e[5];

    for (unsigned char i = 0; i < 5; i++)
        e[i] = take(QUARTER, i);
    for (unsigned char i = 0; i < 5; i++)
        expect_kept(e[i], QUARTER, i);
    for (size_t i = 1; i < 4; i++)
        cr_expect_eq(e[i]->page, e[0]->page, "entry %zu", i);
    cr_expect_neq(e[4]->page, e[0]->page);
    cr_expect_eq(e[4]->page, pages.open);
    /* The last byte of it was needed. */
    cr_expect_eq(pages.wasted, 0);
    for (size_t i = 0; i < 5; i++)
        put(e[i]);
    journal_pages_release(&pages);
}

Test(journal_pages, the_largest_entry_has_a_page_of_its_own)
{
    struct journal_entry *small = take(QUARTER, 1);
    struct journal_entry *large = take(JOURNAL_ENTRY_MAX, 2);
    struct journal_entry *next = take(QUARTER, 3);

    cr_expect_neq(large->page, small->page);
    cr_expect_neq(next->page, large->page);
    expect_kept(small, QUARTER, 1);
    expect_kept(large, JOURNAL_ENTRY_MAX, 2);
    expect_kept(next, QUARTER, 3);
    cr_expect_eq(pages.wasted, JOURNAL_ENTRY_MAX - QUARTER);
    put(small);
    put(large);
    put(next);
    journal_pages_release(&pages);
}

/* what is wasted */

Test(journal_pages, the_end_of_a_closed_page_is_wasted_while_it_lives)
{
    struct journal_entry *e[4];

    for (unsigned char i = 0; i < 3; i++)
        e[i] = take(MORE, i);
    cr_expect_eq(pages.wasted, 0, "an open page wastes nothing");
    e[3] = take(MORE, 3);
    cr_expect_neq(e[3]->page, e[0]->page);
    cr_expect_eq(pages.wasted, JOURNAL_ENTRY_MAX - 3 * MORE);
    put(e[0]);
    put(e[1]);
    cr_expect_eq(pages.wasted, JOURNAL_ENTRY_MAX - 3 * MORE);
    put(e[2]);
    cr_expect_eq(pages.wasted, 0);
    put(e[3]);
    journal_pages_release(&pages);
}

Test(journal_pages, what_several_pages_waste_adds_up)
{
    struct journal_entry *a = take(JOURNAL_ENTRY_MAX - 64, 1);
    struct journal_entry *b = take(JOURNAL_ENTRY_MAX - 128, 2);
    struct journal_entry *c = take(JOURNAL_ENTRY_MAX, 3);

    cr_expect_eq(pages.wasted, 64 + 128);
    put(a);
    cr_expect_eq(pages.wasted, 128);
    put(b);
    cr_expect_eq(pages.wasted, 0);
    put(c);
    journal_pages_release(&pages);
}

/* the spare page */

/* Closes the open page: nothing else fits beside it. */
static struct journal_entry *take_all(unsigned char fill)
{
    return take(JOURNAL_ENTRY_MAX, fill);
}

Test(journal_pages, an_open_page_is_kept_when_its_entries_have_gone)
{
    struct journal_entry *e = take(QUARTER, 1);
    struct journal_page *page = e->page;

    put(e);
    cr_expect_eq(pages.open, page);
    cr_expect(pages.spare == NULL);
    e = take(QUARTER, 2);
    cr_expect_eq(e->page, page);
    put(e);
    journal_pages_release(&pages);
}

Test(journal_pages, the_spare_page_is_used_again_and_empty)
{
    struct journal_entry *old = take_all(1);
    struct journal_page *page = old->page;
    struct journal_entry *other = take_all(2);
    struct journal_entry *again;

    put(old);
    cr_expect_eq(pages.spare, page);
    again = take_all(3);
    cr_expect_eq(again->page, page);
    cr_expect(pages.spare == NULL);
    cr_expect_eq(pages.wasted, 0);
    expect_kept(other, JOURNAL_ENTRY_MAX, 2);
    put(other);
    put(again);
    journal_pages_release(&pages);
}

/* What it wasted in its former life is not given back twice. */
Test(journal_pages, a_page_used_again_has_wasted_nothing_yet)
{
    struct journal_entry *first = take(MORE, 1);
    struct journal_page *page = first->page;
    struct journal_entry *second = take_all(2);
    struct journal_entry *third;

    cr_expect_eq(pages.wasted, JOURNAL_ENTRY_MAX - MORE);
    put(first);
    third = take(QUARTER, 3);
    cr_expect_eq(third->page, page);
    cr_expect_eq(pages.wasted, 0);
    put(second);
    put(third);
    cr_expect_eq(pages.wasted, 0);
    journal_pages_release(&pages);
    cr_expect_eq(pages.wasted, 0);
}

Test(journal_pages, one_spare_page_is_kept_at_most)
{
    struct journal_entry *e[3];
    struct journal_page *first;

    for (unsigned char i = 0; i < 3; i++)
        e[i] = take_all(i);
    first = e[0]->page;
    put(e[0]);
    put(e[1]); /* a leak, were it not freed */
    cr_expect_eq(pages.spare, first);
    put(e[2]);
    journal_pages_release(&pages);
    cr_expect(pages.spare == NULL);
    cr_expect(pages.open == NULL);
}

/* readers */

Test(journal_pages, an_entry_that_a_reader_holds_keeps_its_page)
{
    struct journal_entry *read = take(MORE, 1);
    struct journal_page *page = read->page;
    struct journal_entry *beside = take(MORE, 2);
    struct journal_entry *next;

    cr_expect_eq(journal_pages_hold(read), read);
    next = take_all(3);
    put(beside);
    put(read);
    cr_expect(pages.spare == NULL);
    cr_expect_eq(pages.wasted, JOURNAL_ENTRY_MAX - 2 * MORE);
    /* Its memory is nobody else's, however much comes and goes. */
    for (unsigned char i = 4; i < 8; i++) {
        put(next);
        next = take_all(i);
        cr_expect_neq(next->page, page);
    }
    expect_kept(read, MORE, 1);
    put(next);
    put(read);
    cr_expect_eq(pages.wasted, 0);
    journal_pages_release(&pages);
}

Test(journal_pages, two_readers_hold_it_twice)
{
    struct journal_entry *read = take_all(1);
    struct journal_page *page = read->page;
    struct journal_entry *next;

    journal_pages_hold(read);
    journal_pages_hold(read);
    next = take_all(2);
    put(read);
    put(read);
    cr_expect(pages.spare == NULL);
    expect_kept(read, JOURNAL_ENTRY_MAX, 1);
    put(read);
    cr_expect_eq(pages.spare, page);
    put(next);
    journal_pages_release(&pages);
}
