/*
 * mutants: deliberate bugs of the server, one row of mutants.def each. The
 * conformance suite has to notice every one of them; a mutant that it lets
 * pass is a rule that it does not check.
 *
 * They are in builds with MOCKSERVER_MUTANTS alone (`make MUTANTS=1`), where
 * `--mutant NAME` selects one before the server starts. In any other build
 * mutant() is a constant, and the compiler drops what hangs on it.
 */
#ifndef MUTANTS_H
#define MUTANTS_H

#include <stdbool.h>
#include <stdio.h>

#ifdef MOCKSERVER_MUTANTS

enum mutant {
    MUTANT_NONE,
#define X(symbol, name, what) MUTANT_##symbol,
#include "mutants.def"
#undef X
};

/* Is this the selected one? */
bool mutant(enum mutant mutant);

/* Selects the mutant of that name, for the whole program. Returns 0, or -1
 * when there is none. Not while serving. */
int mutants_select(const char *name);

/* Prints `name<TAB>what` a line. Returns 0, or -1 when writing failed. */
int mutants_print(FILE *out);

#else

/* The argument is not even named: nothing of a mutant reaches the program. */
#define mutant(symbol) false

#endif

#endif
