/*
 * tally: counts of cases by what became of them, under names.
 */
#ifndef TALLY_H
#define TALLY_H

#include <stddef.h>
#include "result.h"

struct tally {
    size_t of[RESULT__COUNT];
};

/* Neither passed nor failed: what the last line of a run calls skipped. */
size_t tally_undecided(const struct tally *tally);
size_t tally_total(const struct tally *tally);

struct tally_row {
    const char *name; /* borrowed */
    struct tally tally;
};

struct tallies {
    struct tally_row *rows;
    size_t n;
};

/* Counts one more under `name`, which must outlive the tallies. */
void tallies_add(struct tallies *t, const char *name,
                 enum result_status status);
void tallies_release(struct tallies *t);

/* By the number that names begin with, those without one last, then by the
 * text: "4 digest", "4 field a", "10 exit". */
void tallies_sort_by_name(struct tallies *t);
/* The most cases first. */
void tallies_sort_by_total(struct tallies *t);

#endif
