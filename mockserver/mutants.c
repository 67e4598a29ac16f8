#include "mutants.h"

#ifdef MOCKSERVER_MUTANTS

#include <string.h>

static const struct {
    const char *name;
    const char *what;
} rows[] = {
    [MUTANT_NONE] = {"", ""},
#define X(symbol, name, what) [MUTANT_##symbol] = {name, what},
#include "mutants.def"
#undef X
};

enum { N_ROWS = sizeof(rows) / sizeof(rows[0]) };

/* Written before there are threads. A deliberate bug belongs to no struct that
 * the server passes around. */
static enum mutant selected = MUTANT_NONE;

bool mutant(enum mutant mutant)
{
    return mutant == selected;
}

int mutants_select(const char *name)
{
    for (int i = MUTANT_NONE + 1; i < N_ROWS; i++) {
        if (!strcmp(rows[i].name, name)) {
            selected = (enum mutant)i;
            return 0;
        }
    }
    return -1;
}

int mutants_print(FILE *out)
{
    for (int i = MUTANT_NONE + 1; i < N_ROWS; i++)
        fprintf(out, "%s\t%s\n", rows[i].name, rows[i].what);
    return fflush(out) == 0 && !ferror(out) ? 0 : -1;
}

#endif
