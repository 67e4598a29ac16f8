/*
 * Blocks come from malloc() and double from 4 to 64 KiB. A request too big to
 * share a block gets one of its own, which is linked behind the newest so that
 * the free space of the newest stays in use.
 */
#include "arena.h"

#include <stdalign.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    BLOCK_MIN = 4096,
    BLOCK_MAX = 65536,
    ALIGNMENT = alignof(max_align_t),
};

struct arena_block {
    struct arena_block *older;
    size_t shared; /* bytes to share among requests; 0: has one owner */
    alignas(max_align_t) char data[];
};

static struct arena_block *block_new(struct arena *a, size_t len)
{
    struct arena_block *block;

    /* No object exceeds PTRDIFF_MAX, so neither sum below can wrap. */
    if (len > PTRDIFF_MAX - sizeof(*block))
        return NULL;
    block = malloc(sizeof(*block) + len);
    if (!block)
        return NULL;
    block->older = NULL;
    block->shared = 0;
    a->total += sizeof(*block) + len;
    return block;
}

static void *alloc_alone(struct arena *a, size_t len)
{
    struct arena_block *block = block_new(a, len);

    if (!block)
        return NULL;
    if (a->blocks) {
        block->older = a->blocks->older;
        a->blocks->older = block;
    } else {
        a->blocks = block;
    }
    return block->data;
}

static size_t next_block_size(const struct arena *a)
{
    size_t last = a->blocks ? a->blocks->shared : 0;

    if (last == 0)
        return BLOCK_MIN;
    return last < BLOCK_MAX ? last * 2 : BLOCK_MAX;
}

/* Takes the piece from the free space, which holds at least `len` bytes. The
 * rounding keeps the next piece aligned; the last one may go without. */
static void *take(struct arena *a, size_t len)
{
    char *piece = a->next;
    size_t step = (len + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;

    if (step > a->left)
        step = a->left;
    a->next += step;
    a->left -= step;
    return piece;
}

void arena_init(struct arena *a)
{
    *a = (struct arena){0};
}

void arena_init_slab(struct arena *a, void *slab, size_t len)
{
    *a = (struct arena){.next = slab, .left = len};
}

void arena_release(struct arena *a)
{
    struct arena_block *block = a->blocks;

    while (block) {
        struct arena_block *older = block->older;
        free(block);
        block = older;
    }
    arena_init(a);
}

void *arena_alloc(struct arena *a, size_t len)
{
    struct arena_block *block;
    size_t size;

    if (len == 0)
        len = 1; /* so that NULL means one thing only */
    if (len <= a->left)
        return take(a, len);

    /* Opening a block gives up what is left of the newest, so only a request
     * that is small beside a block may do so: at most a quarter is lost. */
    size = next_block_size(a);
    if (len > size / 4)
        return alloc_alone(a, len);

    block = block_new(a, size);
    if (!block)
        return NULL;
    block->older = a->blocks;
    block->shared = size;
    a->blocks = block;
    a->next = block->data;
    a->left = size;
    return take(a, len);
}

void *arena_calloc(struct arena *a, size_t len)
{
    void *piece = arena_alloc(a, len);

    if (piece)
        memset(piece, 0, len);
    return piece;
}

char *arena_memdup0(struct arena *a, const void *data, size_t len)
{
    char *copy;

    if (len == SIZE_MAX)
        return NULL;
    copy = arena_alloc(a, len + 1);
    if (!copy)
        return NULL;
    if (len > 0)
        memcpy(copy, data, len);
    copy[len] = '\0';
    return copy;
}

char *arena_printf(struct arena *a, const char *fmt, ...)
{
    va_list args;
    char *text;
    int len;

    /* Most texts fit into the free space, which nobody reads yet. */
    va_start(args, fmt);
    len = vsnprintf(a->next, a->left, fmt, args);
    va_end(args);
    if (len < 0)
        return NULL;
    if ((size_t)len < a->left)
        return take(a, (size_t)len + 1);

    text = arena_alloc(a, (size_t)len + 1);
    if (!text)
        return NULL;
    va_start(args, fmt);
    vsnprintf(text, (size_t)len + 1, fmt, args);
    va_end(args);
    return text;
}
