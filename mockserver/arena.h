/*
 * arena: memory that is born with one exchange and dies with it.
 *
 * A bump allocator: pieces are never freed one by one, arena_release() frees
 * them all. Whoever feeds it from the network keeps its own cap; the arena
 * only remembers how much it gave out. It knows nothing of HTTP.
 */
#ifndef ARENA_H
#define ARENA_H

#include <stddef.h>

struct arena_block;

struct arena {
    struct arena_block *blocks; /* newest first; NULL while empty */
    char *next;                 /* first free byte of the newest block */
    size_t left;                /* free bytes from `next` on */
    size_t total;               /* bytes taken from the heap */
};

/* Makes an empty arena; takes no memory yet. */
void arena_init(struct arena *a);

/*
 * Makes an arena whose first `len` bytes come from `slab`, which the caller
 * owns and keeps alive as long as the arena. `slab` is aligned for any type.
 * It is never freed here; an arena used again after arena_release() takes its
 * memory from the heap.
 */
void arena_init_slab(struct arena *a, void *slab, size_t len);

/* Frees every piece. The arena is empty afterwards and may be used again. */
void arena_release(struct arena *a);

/*
 * Returns `len` bytes, aligned for any type and not cleared, valid until
 * arena_release(). Returns NULL when the heap has no more; a caller on the
 * request path turns that into code 213, never into a crash.
 */
void *arena_alloc(struct arena *a, size_t len);

/* The same, cleared. */
void *arena_calloc(struct arena *a, size_t len);

/* Copies `len` bytes and adds a NUL. NULL when the heap has no more. */
char *arena_memdup0(struct arena *a, const void *data, size_t len);

/* A printf into the arena. NULL when the heap has no more. */
char *arena_printf(struct arena *a, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));

#endif
