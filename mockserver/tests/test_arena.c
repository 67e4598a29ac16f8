#include "arena.h"

#include <malloc.h>
#include <stdalign.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <criterion/criterion.h>

enum { ALIGNMENT = alignof(max_align_t) };

/* Under AddressSanitizer malloc() returns NULL for a huge length only when told
 * to. Each test is a process of its own that inherits the environment. */
__attribute__((constructor)) static void let_malloc_fail(void)
{
    setenv("ASAN_OPTIONS", "allocator_may_return_null=1", 0);
}

static bool is_inside(const void *piece, const void *slab, size_t len)
{
    uintptr_t p = (uintptr_t)piece;

    return p >= (uintptr_t)slab && p < (uintptr_t)slab + len;
}

Test(arena, new_arena_takes_no_memory, .timeout = 10)
{
    struct arena a;

    arena_init(&a);
    cr_expect_eq(a.total, 0);
    arena_release(&a);
}

Test(arena, pieces_are_aligned_for_any_type, .timeout = 10)
{
    struct arena a;

    arena_init(&a);
    for (size_t len = 0; len < 3000; len += 7) {
        void *piece = arena_alloc(&a, len);
        cr_assert_not_null(piece);
        cr_assert_eq((uintptr_t)piece % ALIGNMENT, 0, "length %zu", len);
    }
    arena_release(&a);
}

Test(arena, pieces_do_not_overlap, .timeout = 10)
{
    enum { PIECES = 600 };
    struct arena a;
    char *pieces[PIECES];

    arena_init(&a);
    for (size_t i = 0; i < PIECES; i++) {
        pieces[i] = arena_alloc(&a, i * 5);
        cr_assert_not_null(pieces[i]);
        memset(pieces[i], (int)(i % 251), i * 5);
    }
    for (size_t i = 0; i < PIECES; i++) {
        for (size_t j = 0; j < i * 5; j++)
            cr_assert_eq((unsigned char)pieces[i][j], i % 251,
                         "piece %zu byte %zu", i, j);
    }
    arena_release(&a);
}

Test(arena, length_zero_gives_a_piece_of_its_own, .timeout = 10)
{
    struct arena a;

    arena_init(&a);
    void *first = arena_alloc(&a, 0);
    void *second = arena_alloc(&a, 0);
    cr_expect_not_null(first);
    cr_expect_neq(first, second);
    arena_release(&a);
}

Test(arena, small_pieces_share_a_block_of_4_kib, .timeout = 10)
{
    struct arena a;

    arena_init(&a);
    cr_assert_not_null(arena_alloc(&a, 1));
    size_t total = a.total;
    cr_expect_geq(total, 4096);
    for (int i = 1; i < 4096 / ALIGNMENT; i++)
        cr_assert_not_null(arena_alloc(&a, 1));
    cr_expect_eq(a.total, total);
    arena_release(&a);
}

Test(arena, blocks_double_up_to_64_kib, .timeout = 10)
{
    static const size_t expected[] = {8192, 16384, 32768, 65536, 65536};
    size_t block, n = 0;
    struct arena a;

    arena_init(&a);
    cr_assert_not_null(arena_alloc(&a, 64));
    size_t overhead = a.total - 4096;
    size_t total = a.total;
    while (n < sizeof(expected) / sizeof(expected[0])) {
        cr_assert_not_null(arena_alloc(&a, 64));
        if (a.total == total)
            continue;
        block = a.total - total - overhead;
        cr_expect_eq(block, expected[n], "block %zu has %zu bytes", n, block);
        total = a.total;
        n++;
    }
    arena_release(&a);
}

Test(arena, big_piece_leaves_the_newest_block_in_use, .timeout = 10)
{
    struct arena a;

    arena_init(&a);
    char *before = arena_alloc(&a, ALIGNMENT);
    char *big = arena_alloc(&a, 100000);
    cr_assert_not_null(big);
    memset(big, 'x', 100000);
    size_t total = a.total;
    char *after = arena_alloc(&a, ALIGNMENT);
    cr_expect(after == before + ALIGNMENT);
    cr_expect_eq(a.total, total);
    arena_release(&a);
}

Test(arena, big_piece_takes_little_more_than_its_length, .timeout = 10)
{
    struct arena a;

    arena_init(&a);
    cr_assert_not_null(arena_alloc(&a, 100000));
    cr_expect_geq(a.total, 100000);
    cr_expect_lt(a.total, 100000 + 128);
    arena_release(&a);
}

Test(arena, big_piece_comes_first_and_small_ones_follow, .timeout = 10)
{
    struct arena a;

    arena_init(&a);
    cr_assert_not_null(arena_alloc(&a, 100000));
    cr_assert_not_null(arena_alloc(&a, 200000));
    size_t total = a.total;
    char *small = arena_alloc(&a, 8);
    cr_assert_not_null(small);
    memset(small, 'x', 8);
    cr_expect_geq(a.total - total, 4096);
    cr_expect_lt(a.total - total, 4096 + 128);
    arena_release(&a);
}

Test(arena, slab_serves_the_first_bytes_without_the_heap, .timeout = 10)
{
    alignas(max_align_t) char slab[256];
    struct arena a;

    arena_init_slab(&a, slab, sizeof(slab));
    cr_expect(arena_alloc(&a, 100) == slab);
    void *second = arena_alloc(&a, 100);
    cr_expect(is_inside(second, slab, sizeof(slab)));
    cr_expect_eq(a.total, 0);
    arena_release(&a);
}

Test(arena, slab_is_used_to_its_last_byte, .timeout = 10)
{
    alignas(max_align_t) char slab[100];
    struct arena a;

    arena_init_slab(&a, slab, sizeof(slab));
    char *piece = arena_alloc(&a, sizeof(slab));
    cr_expect(piece == slab);
    cr_expect_eq(a.left, 0);
    memset(piece, 'x', sizeof(slab));
    cr_expect_not(is_inside(arena_alloc(&a, 1), slab, sizeof(slab)));
    arena_release(&a);
}

Test(arena, heap_serves_what_the_slab_cannot, .timeout = 10)
{
    alignas(max_align_t) char slab[64];
    struct arena a;

    arena_init_slab(&a, slab, sizeof(slab));
    char *piece = arena_alloc(&a, sizeof(slab) + 1);
    cr_assert_not_null(piece);
    cr_expect_not(is_inside(piece, slab, sizeof(slab)));
    memset(piece, 'x', sizeof(slab) + 1);
    arena_release(&a);
}

Test(arena, big_piece_leaves_the_slab_in_use, .timeout = 10)
{
    alignas(max_align_t) char slab[64];
    struct arena a;

    arena_init_slab(&a, slab, sizeof(slab));
    cr_assert_not_null(arena_alloc(&a, 5000));
    cr_expect(arena_alloc(&a, 64) == slab);
    arena_release(&a);
}

Test(arena, release_forgets_everything, .timeout = 10)
{
    struct arena a;

    arena_init(&a);
    cr_assert_not_null(arena_alloc(&a, 10));
    cr_assert_not_null(arena_alloc(&a, 10000));
    arena_release(&a);
    cr_expect_eq(a.total, 0);
    cr_expect_eq(a.left, 0);
    cr_expect_null(a.blocks);
    arena_release(&a);
}

/* Bytes in use on the heap; AddressSanitizer's own heap is not counted. */
static size_t heap_in_use(void)
{
    struct mallinfo2 info = mallinfo2();

    return info.uordblks + info.hblkhd;
}

Test(arena, release_gives_every_block_back, .timeout = 10)
{
    struct arena a;
    size_t before = heap_in_use();

    arena_init(&a);
    for (int i = 0; i < 100; i++) {
        cr_assert_not_null(arena_alloc(&a, 1000));
        cr_assert_not_null(arena_alloc(&a, 20000));
    }
    arena_release(&a);
    cr_expect_eq(heap_in_use(), before);
}

Test(arena, released_arena_is_used_again, .timeout = 10)
{
    struct arena a;

    arena_init(&a);
    cr_assert_not_null(arena_alloc(&a, 10));
    arena_release(&a);
    cr_expect_str_eq(arena_printf(&a, "again"), "again");
    cr_expect_geq(a.total, 4096);
    arena_release(&a);
}

Test(arena, released_slab_is_not_used_again, .timeout = 10)
{
    alignas(max_align_t) char slab[64];
    struct arena a;

    arena_init_slab(&a, slab, sizeof(slab));
    cr_assert(arena_alloc(&a, 8) == slab);
    arena_release(&a);
    void *piece = arena_alloc(&a, 8);
    cr_expect_not_null(piece);
    cr_expect_not(is_inside(piece, slab, sizeof(slab)));
    arena_release(&a);
}

Test(arena, lengths_that_would_wrap_are_refused, .timeout = 10)
{
    static const size_t lengths[] = {SIZE_MAX, SIZE_MAX - 1, SIZE_MAX - 16,
                                     SIZE_MAX / 2 + 1, PTRDIFF_MAX};
    struct arena a;

    arena_init(&a);
    for (size_t i = 0; i < sizeof(lengths) / sizeof(lengths[0]); i++) {
        cr_expect_null(arena_alloc(&a, lengths[i]), "length %zu", lengths[i]);
        cr_expect_null(arena_calloc(&a, lengths[i]), "length %zu", lengths[i]);
        cr_expect_null(arena_memdup0(&a, "", lengths[i]), "length %zu",
                       lengths[i]);
    }
    cr_expect_eq(a.total, 0);
    arena_release(&a);
}

Test(arena, exhausted_heap_is_reported_and_survived, .timeout = 10)
{
    struct arena a;

    arena_init(&a);
    char *before = arena_alloc(&a, ALIGNMENT);
    size_t total = a.total;
    cr_expect_null(arena_alloc(&a, PTRDIFF_MAX / 2));
    cr_expect_eq(a.total, total);
    cr_expect(arena_alloc(&a, 1) == before + ALIGNMENT);
    arena_release(&a);
}

Test(arena, calloc_clears_the_piece, .timeout = 10)
{
    alignas(max_align_t) char slab[64];
    static const char zeros[48];
    struct arena a;

    memset(slab, 0xAA, sizeof(slab));
    arena_init_slab(&a, slab, sizeof(slab));
    void *piece = arena_calloc(&a, sizeof(zeros));
    cr_assert(piece == slab);
    cr_expect_arr_eq(piece, zeros, sizeof(zeros));
    arena_release(&a);
}

Test(arena, memdup0_copies_bytes_and_adds_a_nul, .timeout = 10)
{
    alignas(max_align_t) char slab[64];
    struct arena a;

    memset(slab, 0xAA, sizeof(slab));
    arena_init_slab(&a, slab, sizeof(slab));
    char *copy = arena_memdup0(&a, "a\0bc", 4);
    cr_assert_not_null(copy);
    cr_expect_arr_eq(copy, "a\0bc", 5);
    arena_release(&a);
}

Test(arena, memdup0_of_nothing_is_the_empty_string, .timeout = 10)
{
    struct arena a;

    arena_init(&a);
    cr_expect_str_eq(arena_memdup0(&a, NULL, 0), "");
    arena_release(&a);
}

Test(arena, printf_uses_the_free_space_to_its_last_byte, .timeout = 10)
{
    alignas(max_align_t) char slab[16];
    struct arena a;

    arena_init_slab(&a, slab, sizeof(slab));
    char *text = arena_printf(&a, "%015d", 7);
    cr_expect(text == slab);
    cr_expect_str_eq(text, "000000000000007");
    cr_expect_eq(a.total, 0);
    arena_release(&a);
}

Test(arena, printf_longer_than_the_free_space_is_whole, .timeout = 10)
{
    alignas(max_align_t) char slab[16];
    struct arena a;

    arena_init_slab(&a, slab, sizeof(slab));
    cr_expect_str_eq(arena_printf(&a, "%016d", 7), "0000000000000007");
    char *text = arena_printf(&a, "%09999d", 7);
    cr_assert_not_null(text);
    cr_expect_eq(strlen(text), 9999);
    arena_release(&a);
}

Test(arena, printf_keeps_what_was_printed_before, .timeout = 10)
{
    struct arena a;

    arena_init(&a);
    char *first = arena_printf(&a, "%s-%d", "one", 1);
    char *second = arena_printf(&a, "%s-%d", "two", 2);
    char *third = arena_printf(&a, "%s-%d", "three", 3);
    cr_expect_str_eq(first, "one-1");
    cr_expect_str_eq(second, "two-2");
    cr_expect_str_eq(third, "three-3");
    arena_release(&a);
}
