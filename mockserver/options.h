/*
 * options: long command-line options as a table. A row names the option,
 * tells a reader what it does, and sets a field; parsing, the messages for
 * mistakes and --help all come from the rows.
 */
#ifndef OPTIONS_H
#define OPTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { EXIT_USAGE = 2, OPTIONS_WHY_CAP = 512 };

struct option_row {
    const char *name;     /* without the dashes */
    const char *argument; /* placeholder in --help; NULL: takes none */
    const char *help;     /* '\n' begins a further line */
    const char *expected; /* what a value must be, for the message */
    /*
     * Sets what `target` points to. Returns false on a bad value (NULL for an
     * option without argument); the message is then `why`, a buffer of
     * OPTIONS_WHY_CAP bytes, or made from `expected` while that is "".
     */
    bool (*set)(void *target, const char *value, char *why);
};

struct option_table {
    const struct option_row *rows;
    size_t n_rows;
    const struct option_table *more; /* whose rows come next, for the same
                                        target; NULL: none */
    /* Said of a word that begins with one dash; NULL: it is called an unknown
     * option, as any other. */
    const char *dash_hint;
};

enum options_result { OPTIONS_OK, OPTIONS_HELP, OPTIONS_BAD };

/*
 * Parses argv[1..] into `target`. Stops at "--"; *rest is the index of the
 * first argument that is no option. OPTIONS_HELP: --help was given.
 * OPTIONS_BAD: one line was printed on stderr.
 */
enum options_result options_parse(const struct option_table *table,
                                  void *target, int argc, char **argv,
                                  int *rest);

/* Prints the rows on stdout, aligned. */
void options_print(const struct option_table *table);

/* Parses a whole decimal within [min, max] for a setter. */
bool options_number(const char *value, uint64_t min, uint64_t max,
                    uint64_t *number);

/* Prints "mockserver: " and the message on stderr; returns EXIT_USAGE. */
int usage_error(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

#endif
