#include "clock.h"

#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>
#include <time.h>
#include <criterion/criterion.h>

static int64_t system_us(void)
{
    struct timespec ts;

    clock_gettime(CLOCK_REALTIME, &ts);
    return (int64_t)ts.tv_sec * 1000000 + ts.tv_nsec / 1000;
}

static void expect_offset(const struct clock *c, int64_t seconds)
{
    int64_t before = system_us();
    int64_t now = clock_now_us(c);
    int64_t after = system_us();

    cr_expect(now >= before + seconds * 1000000, "%lld too early",
              (long long)now);
    cr_expect(now <= after + seconds * 1000000, "%lld too late",
              (long long)now);
}

Test(clock, runs_with_the_system_at_first, .timeout = 10)
{
    struct clock c;

    clock_init(&c);
    expect_offset(&c, 0);
}

Test(clock, freezes_at_a_second, .timeout = 10)
{
    struct clock c;

    clock_init(&c);
    clock_freeze(&c, 1466393489);
    cr_expect_eq(clock_now_us(&c), 1466393489000000);
    clock_freeze(&c, 0);
    cr_expect_eq(clock_now_us(&c), 0);
}

Test(clock, shifts_forwards_and_backwards, .timeout = 10)
{
    struct clock c;

    clock_init(&c);
    clock_shift(&c, 86400);
    expect_offset(&c, 86400);
    clock_shift(&c, -86400);
    expect_offset(&c, -86400);
}

Test(clock, a_shift_lets_a_frozen_clock_run, .timeout = 10)
{
    struct clock c;

    clock_init(&c);
    clock_freeze(&c, 1);
    clock_shift(&c, 5);
    expect_offset(&c, 5);
}

Test(clock, restore_undoes_both, .timeout = 10)
{
    struct clock c;

    clock_init(&c);
    clock_shift(&c, 86400);
    clock_restore(&c);
    expect_offset(&c, 0);
    clock_freeze(&c, 1);
    clock_restore(&c);
    expect_offset(&c, 0);
}

Test(clock, its_mode_is_told, .timeout = 10)
{
    int64_t offset_s = 1;
    struct clock c;

    clock_init(&c);
    cr_expect(clock_mode(&c, &offset_s) == CLOCK_RUNNING && offset_s == 0);
    clock_shift(&c, -5);
    cr_expect(clock_mode(&c, &offset_s) == CLOCK_SHIFTED && offset_s == -5);
    clock_freeze(&c, 0);
    cr_expect(clock_mode(&c, &offset_s) == CLOCK_FROZEN && offset_s == 0);
    clock_restore(&c);
    cr_expect(clock_mode(&c, &offset_s) == CLOCK_RUNNING && offset_s == 0);
}

Test(clock, monotonic_time_does_not_go_back, .timeout = 10)
{
    int64_t last = clock_monotonic_us();

    for (int i = 0; i < 1000; i++) {
        int64_t now = clock_monotonic_us();

        cr_assert(now >= last);
        last = now;
    }
}

/* ids */

Test(ids, count_from_one, .timeout = 10)
{
    struct ids ids;

    ids_init(&ids, 7);
    cr_expect_eq(ids_next(&ids), 1);
    cr_expect_eq(ids_next(&ids), 2);
    cr_expect_eq(ids_next(&ids), 3);
}

enum { THREADS = 4, EACH = 5000 };

static struct ids shared;

static void *draw_ids(void *seen)
{
    atomic_bool *flags = seen;

    for (int i = 0; i < EACH; i++)
        atomic_store(&flags[ids_next(&shared)], true);
    return NULL;
}

Test(ids, threads_never_get_the_same_one, .timeout = 10)
{
    atomic_bool *seen = calloc(THREADS * EACH + 1, sizeof(*seen));
    pthread_t threads[THREADS];

    cr_assert(seen != NULL);
    ids_init(&shared, 1);
    for (int i = 0; i < THREADS; i++)
        cr_assert_eq(pthread_create(&threads[i], NULL, draw_ids, seen), 0);
    for (int i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
    for (int i = 1; i <= THREADS * EACH; i++)
        cr_assert(atomic_load(&seen[i]), "%d was given to nobody", i);
    free(seen);
}

Test(ids, same_seed_id_and_draw_give_the_same_number, .timeout = 10)
{
    struct ids a, b;

    ids_init(&a, 42);
    ids_init(&b, 42);
    ids_next(&b); /* how many were drawn does not matter */
    for (uint64_t id = 1; id < 50; id++)
        cr_expect_eq(ids_random(&a, id, 3), ids_random(&b, id, 3));
}

Test(ids, the_stream_is_the_same_in_every_release, .timeout = 10)
{
    struct ids ids;

    ids_init(&ids, 1);
    cr_expect_eq(ids_random(&ids, 1, 0), UINT64_C(0x9edbe9bd18ad781d));
    cr_expect_eq(ids_random(&ids, 2, 0), UINT64_C(0x3e12204644234bb0));
    cr_expect_eq(ids_random(&ids, 1, 1), UINT64_C(0x7d8e67d8f2af75d5));
}

Test(ids, seed_id_and_draw_each_change_the_number, .timeout = 10)
{
    enum { N = 8 };
    uint64_t seen[N * N * N];
    size_t n = 0;

    for (uint64_t seed = 0; seed < N; seed++) {
        struct ids ids;

        ids_init(&ids, seed);
        for (uint64_t id = 0; id < N; id++) {
            for (uint64_t draw = 0; draw < N; draw++) {
                uint64_t number = ids_random(&ids, id, draw);

                for (size_t i = 0; i < n; i++)
                    cr_assert_neq(seen[i], number,
                                  "seed %d id %d draw %d repeats", (int)seed,
                                  (int)id, (int)draw);
                seen[n++] = number;
            }
        }
    }
}

Test(ids, numbers_are_spread_evenly, .timeout = 10)
{
    int count[16] = {0};
    struct ids ids;

    ids_init(&ids, 1);
    for (uint64_t id = 1; id <= 16000; id++)
        count[ids_random(&ids, id, 0) % 16]++;
    /* 1000 each are expected, with a standard deviation of 31. */
    for (int i = 0; i < 16; i++)
        cr_expect(count[i] > 800 && count[i] < 1200, "%d: %d", i, count[i]);
}
