/*
 * clock: the server's time, ids and randomness, all injectable.
 *
 * Everything that depends on the time of day, counts exchanges or draws a
 * random number asks here, so that a run with a given seed yields the same
 * bytes, and so that a test can set the time. Safe from any thread.
 */
#ifndef CLOCK_H
#define CLOCK_H

#include <stdatomic.h>
#include <stdint.h>

struct clock {
    atomic_int_fast64_t offset_us; /* added to the system's time */
    atomic_int_fast64_t frozen_us; /* the time itself; -1: running */
};

void clock_init(struct clock *c);

/* Microseconds since the Unix epoch, as the service sees them. */
int64_t clock_now_us(const struct clock *c);

/* Microseconds of a clock that never jumps; for durations and deadlines. */
int64_t clock_monotonic_us(void);

/* Stops the time at `unix_s` seconds; shifts it; lets it run again. */
void clock_freeze(struct clock *c, int64_t unix_s);
void clock_shift(struct clock *c, int64_t seconds);
void clock_restore(struct clock *c);

enum clock_mode { CLOCK_RUNNING, CLOCK_FROZEN, CLOCK_SHIFTED };

/* Tells which of these holds; *offset_s is the shift, 0 in the other modes. */
enum clock_mode clock_mode(const struct clock *c, int64_t *offset_s);

struct ids {
    uint64_t seed;
    atomic_uint_fast64_t last;
};

void ids_init(struct ids *ids, uint64_t seed);

/* 1, 2, 3, … */
uint64_t ids_next(struct ids *ids);

/* The n-th draw of the random stream that belongs to an exchange: the same
 * seed, id and n give the same number. */
uint64_t ids_random(const struct ids *ids, uint64_t id, uint64_t n);

#endif
