#include "options.h"

#include <assert.h>
#include <getopt.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include "log.h"
#include "text.h"

enum { MAX_ROWS = 64, HELP_VALUE = 1000, FIRST_VALUE };

int usage_error(const char *fmt, ...)
{
    va_list ap;

    fputs("mockserver: ", stderr);
    va_start(ap, fmt);
    vfprintf(stderr, fmt, ap);
    va_end(ap);
    fputc('\n', stderr);
    return EXIT_USAGE;
}

bool options_number(const char *value, uint64_t min, uint64_t max,
                    uint64_t *number)
{
    uint64_t n;

    if (text_parse_u64(value, strlen(value), max, &n) < 0 || n < min)
        return false;
    *number = n;
    return true;
}

/* The i-th row of a table and those behind it; NULL past the last. */
static const struct option_row *row_at(const struct option_table *table,
                                       size_t i)
{
    for (; table; table = table->more) {
        if (i < table->n_rows)
            return &table->rows[i];
        i -= table->n_rows;
    }
    return NULL;
}

static void fill(struct option out[MAX_ROWS + 2],
                 const struct option_table *table)
{
    const struct option_row *row;
    size_t i;

    memset(out, 0, (MAX_ROWS + 2) * sizeof(*out));
    for (i = 0; (row = row_at(table, i)) != NULL; i++) {
        assert(i < MAX_ROWS);
        out[i].name = row->name;
        out[i].has_arg = row->argument ? required_argument : no_argument;
        out[i].val = FIRST_VALUE + (int)i;
    }
    out[i].name = "help";
    out[i].val = HELP_VALUE;
}

static bool apply(const struct option_row *row, void *target, const char *value)
{
    char why[OPTIONS_WHY_CAP] = "";
    char shown[128];

    if (row->set(target, value, why))
        return true;
    if (why[0])
        usage_error("--%s: %s", row->name, why);
    else
        usage_error("--%s: \"%s\" is not %s", row->name,
                    log_quote(shown, sizeof(shown), value, strlen(value)),
                    row->expected);
    return false;
}

static void complain(const struct option_table *table, const char *word,
                     bool missing_argument)
{
    char shown[128];

    log_quote(shown, sizeof(shown), word, strlen(word));
    if (table->dash_hint && word[1] != '-')
        usage_error("%s", table->dash_hint);
    else if (missing_argument)
        usage_error("%s needs a value; see mockserver --help", shown);
    else
        usage_error("unknown option \"%s\"; see mockserver --help", shown);
}

enum options_result options_parse(const struct option_table *table,
                                  void *target, int argc, char **argv,
                                  int *rest)
{
    struct option longs[MAX_ROWS + 2];
    int at = 1; /* the word being read; optind may be at it or past it */
    int c;

    fill(longs, table);
    opterr = 0;
    optind = 0; /* with glibc: forget any word left half read */
    while ((c = getopt_long(argc, argv, "+:h", longs, NULL)) != -1) {
        if (c == HELP_VALUE || (c == 'h' && !strcmp(argv[at], "-h")))
            return OPTIONS_HELP;
        if (c < FIRST_VALUE) {
            complain(table, argv[at], c == ':');
            return OPTIONS_BAD;
        }
        if (!apply(row_at(table, (size_t)(c - FIRST_VALUE)), target, optarg))
            return OPTIONS_BAD;
        at = optind;
    }
    *rest = optind;
    return OPTIONS_OK;
}

void options_print(const struct option_table *table)
{
    enum { COLUMN = 28 };
    const struct option_row *row;

    for (size_t i = 0; (row = row_at(table, i)) != NULL; i++) {
        const char *line = row->help;
        int n = printf("  --%s%s%s", row->name, row->argument ? " " : "",
                       row->argument ? row->argument : "");

        if (n >= COLUMN - 1)
            n = printf("\n") - 1;
        for (;;) {
            int len = (int)strcspn(line, "\n");

            printf("%*s%.*s\n", COLUMN - n, "", len, line);
            if (line[len] == '\0')
                break;
            line += len + 1;
            n = 0;
        }
    }
    printf("  --help                    print this and exit\n");
}
