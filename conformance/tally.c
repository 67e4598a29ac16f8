#include "tally.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

size_t tally_undecided(const struct tally *tally)
{
    return tally_total(tally) - tally->of[RESULT_PASSED] -
           tally->of[RESULT_FAILED];
}

size_t tally_total(const struct tally *tally)
{
    size_t total = 0;

    for (size_t i = 0; i < RESULT__COUNT; i++)
        total += tally->of[i];
    return total;
}

static struct tally_row *add_row(struct tallies *t, const char *name)
{
    struct tally_row *rows = realloc(t->rows, (t->n + 1) * sizeof(*rows));

    if (!rows) {
        fputs("out of memory\n", stderr);
        exit(EXIT_SETUP);
    }
    t->rows = rows;
    rows[t->n] = (struct tally_row){.name = name};
    return &rows[t->n++];
}

static struct tally_row *find_row(struct tallies *t, const char *name)
{
    for (size_t i = 0; i < t->n; i++) {
        if (strcmp(t->rows[i].name, name) == 0)
            return &t->rows[i];
    }
    return add_row(t, name);
}

void tallies_add(struct tallies *t, const char *name, enum result_status status)
{
    find_row(t, name)->tally.of[status]++;
}

void tallies_release(struct tallies *t)
{
    free(t->rows);
    *t = (struct tallies){0};
}

static long number_of(const char *name)
{
    char *end;
    long number = strtol(name, &end, 10);

    return end == name ? LONG_MAX : number;
}

static int by_name(const void *left, const void *right)
{
    const struct tally_row *a = left, *b = right;
    long m = number_of(a->name), n = number_of(b->name);

    if (m != n)
        return m < n ? -1 : 1;
    return strcmp(a->name, b->name);
}

static int by_total(const void *left, const void *right)
{
    const struct tally_row *a = left, *b = right;
    size_t m = tally_total(&a->tally), n = tally_total(&b->tally);

    if (m != n)
        return m > n ? -1 : 1;
    return by_name(left, right);
}

static void sort(struct tallies *t,
                 int (*order)(const void *left, const void *right))
{
    if (t->n > 0)
        qsort(t->rows, t->n, sizeof(*t->rows), order);
}

void tallies_sort_by_name(struct tallies *t)
{
    sort(t, by_name);
}

void tallies_sort_by_total(struct tallies *t)
{
    sort(t, by_total);
}
