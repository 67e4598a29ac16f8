#include "clock.h"

#include <time.h>

static int64_t read_us(clockid_t which)
{
    struct timespec ts;

    clock_gettime(which, &ts);
    return (int64_t)ts.tv_sec * 1000000 + ts.tv_nsec / 1000;
}

void clock_init(struct clock *c)
{
    atomic_init(&c->offset_us, 0);
    atomic_init(&c->frozen_us, -1);
}

int64_t clock_now_us(const struct clock *c)
{
    int64_t frozen = atomic_load_explicit(&c->frozen_us, memory_order_relaxed);

    if (frozen >= 0)
        return frozen;
    return read_us(CLOCK_REALTIME) +
           atomic_load_explicit(&c->offset_us, memory_order_relaxed);
}

int64_t clock_monotonic_us(void)
{
    return read_us(CLOCK_MONOTONIC);
}

void clock_freeze(struct clock *c, int64_t unix_s)
{
    atomic_store(&c->frozen_us, unix_s * 1000000);
}

void clock_shift(struct clock *c, int64_t seconds)
{
    atomic_store(&c->offset_us, seconds * 1000000);
    atomic_store(&c->frozen_us, -1);
}

void clock_restore(struct clock *c)
{
    clock_shift(c, 0);
}

enum clock_mode clock_mode(const struct clock *c, int64_t *offset_s)
{
    int64_t offset_us = atomic_load(&c->offset_us);

    *offset_s = 0;
    if (atomic_load(&c->frozen_us) >= 0)
        return CLOCK_FROZEN;
    *offset_s = offset_us / 1000000;
    return offset_us == 0 ? CLOCK_RUNNING : CLOCK_SHIFTED;
}

void ids_init(struct ids *ids, uint64_t seed)
{
    ids->seed = seed;
    atomic_init(&ids->last, 0);
}

uint64_t ids_next(struct ids *ids)
{
    return atomic_fetch_add(&ids->last, 1) + 1;
}

/* The finaliser of SplitMix64: every input bit reaches every output bit. */
static uint64_t mix(uint64_t z)
{
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9U;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebU;
    return z ^ (z >> 31);
}

uint64_t ids_random(const struct ids *ids, uint64_t id, uint64_t n)
{
    const uint64_t golden = 0x9e3779b97f4a7c15U;

    /* One after the other: a sum of mixed numbers would let seed and n
     * change places. */
    return mix(mix(mix(ids->seed + golden) + (id + 1) * golden) +
               (n + 1) * golden);
}
