#include "alloc_hooks.h"

#include <errno.h>
#include <execinfo.h>
#include <link.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cjson/cJSON.h>

static struct alloc_failure *noted;
static atomic_ulong n_left; /* allocations until the one that fails; 0: none */
static atomic_long n_blocks;
static _Thread_local bool is_exempt;

/* Where the code of a library that is spared lies. */
struct range {
    uintptr_t start, end;
};

enum { MAX_RANGES = 16 };
static struct range spared[MAX_RANGES];
static size_t n_spared;

/* The frames show where the failure went in; to find them may allocate. */
static void note_failure(void)
{
    is_exempt = true;
    noted->n_frames = backtrace(noted->frames, ALLOC_MAX_FRAMES);
    noted->is_reached = true;
    is_exempt = false;
}

static bool is_spared(const void *caller)
{
    for (size_t i = 0; i < n_spared; i++) {
        if ((uintptr_t)caller >= spared[i].start &&
            (uintptr_t)caller < spared[i].end)
            return true;
    }
    return false;
}

/* Is it this allocation's turn to fail? */
static bool fails(const void *caller)
{
    unsigned long left;

    if (is_exempt || is_spared(caller))
        return false;
    left = atomic_load(&n_left);
    while (left > 0 && !atomic_compare_exchange_weak(&n_left, &left, left - 1))
        continue;
    if (left != 1)
        return false;
    note_failure();
    errno = ENOMEM;
    return true;
}

void alloc_exempt_thread(void)
{
    is_exempt = true;
}

void alloc_fail_at(unsigned long n)
{
    noted->n = n;
    noted->is_reached = false;
    noted->n_frames = 0;
    atomic_store(&n_left, n);
}

void alloc_disarm(void)
{
    atomic_store(&n_left, 0);
}

long alloc_n_blocks(void)
{
    return atomic_load(&n_blocks);
}

static void spare_segment(const struct dl_phdr_info *info, size_t i)
{
    uintptr_t start = info->dlpi_addr + info->dlpi_phdr[i].p_vaddr;

    if (info->dlpi_phdr[i].p_type != PT_LOAD ||
        !(info->dlpi_phdr[i].p_flags & PF_X))
        return;
    if (n_spared == MAX_RANGES)
        abort();
    spared[n_spared++] =
        (struct range){start, start + info->dlpi_phdr[i].p_memsz};
}

static int spare_if_named(struct dl_phdr_info *info, size_t size, void *name)
{
    const char *base = strrchr(info->dlpi_name, '/');
    size_t len = strlen(name);

    (void)size;
    if (!base || strncmp(base + 1, name, len) != 0 || base[1 + len] != '.')
        return 0;
    for (size_t i = 0; i < info->dlpi_phnum; i++)
        spare_segment(info, i);
    return 0;
}

void alloc_spare_library(const char *name)
{
    dl_iterate_phdr(spare_if_named, (void *)name);
}

#ifndef ALLOC_WRAPPED

/* glibc takes these for the whole process. What they do not replace, as
 * memalign(), is freed by the same free() and so would count: nothing here
 * uses it. */
/* NOLINTBEGIN(bugprone-reserved-identifier,cert-dcl37-c,cert-dcl51-cpp):
 * glibc's names */
void *__libc_malloc(size_t size);
void *__libc_calloc(size_t n, size_t size);
void *__libc_realloc(void *ptr, size_t size);
void __libc_free(void *ptr);
/* NOLINTEND(bugprone-reserved-identifier,cert-dcl37-c,cert-dcl51-cpp) */

static void *counted(void *ptr)
{
    if (ptr)
        atomic_fetch_add(&n_blocks, 1);
    return ptr;
}

void *malloc(size_t size)
{
    return fails(__builtin_return_address(0)) ? NULL
                                              : counted(__libc_malloc(size));
}

void *calloc(size_t n, size_t size)
{
    return fails(__builtin_return_address(0)) ? NULL
                                              : counted(__libc_calloc(n, size));
}

void free(void *ptr)
{
    if (ptr)
        atomic_fetch_sub(&n_blocks, 1);
    __libc_free(ptr);
}

void *realloc(void *ptr, size_t size)
{
    if (ptr && size == 0) {
        free(ptr);
        return NULL;
    }
    if (fails(__builtin_return_address(0)))
        return NULL;
    return ptr ? __libc_realloc(ptr, size) : counted(__libc_realloc(ptr, size));
}

void alloc_init(struct alloc_failure *failure)
{
    void *frames[1];

    noted = failure;
    /* The first time it loads a library. */
    backtrace(frames, 1);
}

#else

/* The linker's --wrap turns our objects' calls into these. */
void *__real_malloc(size_t size);
void *__real_calloc(size_t n, size_t size);
void *__real_realloc(void *ptr, size_t size);
char *__real_strdup(const char *s);
int __real_vasprintf(char **text, const char *fmt, va_list ap);

void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t n, size_t size);
void *__wrap_realloc(void *ptr, size_t size);
char *__wrap_strdup(const char *s);
int __wrap_vasprintf(char **text, const char *fmt, va_list ap);
int __wrap_asprintf(char **text, const char *fmt, ...);

void *__wrap_malloc(size_t size)
{
    return fails(__builtin_return_address(0)) ? NULL : __real_malloc(size);
}

void *__wrap_calloc(size_t n, size_t size)
{
    return fails(__builtin_return_address(0)) ? NULL : __real_calloc(n, size);
}

void *__wrap_realloc(void *ptr, size_t size)
{
    return fails(__builtin_return_address(0)) ? NULL
                                              : __real_realloc(ptr, size);
}

char *__wrap_strdup(const char *s)
{
    return fails(__builtin_return_address(0)) ? NULL : __real_strdup(s);
}

/* On failure *text is whatever it was, as the manual warns. */
int __wrap_vasprintf(char **text, const char *fmt, va_list ap)
{
    return fails(__builtin_return_address(0)) ? -1
                                              : __real_vasprintf(text, fmt, ap);
}

int __wrap_asprintf(char **text, const char *fmt, ...)
{
    va_list ap;
    int n;

    va_start(ap, fmt);
    n = __wrap_vasprintf(text, fmt, ap);
    va_end(ap);
    return n;
}

static void *cjson_malloc(size_t size)
{
    return __wrap_malloc(size);
}

void alloc_init(struct alloc_failure *failure)
{
    cJSON_Hooks hooks = {.malloc_fn = cjson_malloc, .free_fn = free};

    noted = failure;
    cJSON_InitHooks(&hooks);
}

#endif
