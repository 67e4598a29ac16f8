/*
 * alloc_hooks: an allocator that can be told to fail once. In an ordinary
 * build it stands in for the whole process's, libraries included, and counts
 * the blocks that are in use. Under a sanitizer (ALLOC_WRAPPED), whose own
 * allocator must stay, it stands in for our objects' calls and for cJSON's.
 */
#ifndef ALLOC_HOOKS_H
#define ALLOC_HOOKS_H

#include <stdbool.h>
#include <stddef.h>

enum { ALLOC_MAX_FRAMES = 24 };

/* What is known of the failure, in memory that outlives a crash. */
struct alloc_failure {
    unsigned long n; /* which allocation is to fail, from 1; 0: none */
    bool is_reached; /* it did */
    int n_frames;    /* who asked for it */
    void *frames[ALLOC_MAX_FRAMES];
};

/* Failures are noted in *failure. Called once, before any other. */
void alloc_init(struct alloc_failure *failure);

/* The calling thread's allocations neither count nor fail. */
void alloc_exempt_thread(void);

/* The `n`-th allocation from now on fails, and no other; 0: none does. */
void alloc_fail_at(unsigned long n);
/* One that has not failed yet will not. */
void alloc_disarm(void);

/* What the library of that name ("libgmp") asks for itself neither counts nor
 * fails. */
void alloc_spare_library(const char *name);

/* Blocks in use; always 0 under a sanitizer, which looks for leaks itself. */
long alloc_n_blocks(void);

#endif
