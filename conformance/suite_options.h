/*
 * suite_options: the suite's own command line, taken out of what Criterion
 * then sees.
 */
#ifndef SUITE_OPTIONS_H
#define SUITE_OPTIONS_H

#include <stdbool.h>
#include <jansson.h>
#include "config.h"
#include "report.h"

struct suite_options {
    const char *target; /* "mock", or a URL */
    bool https;         /* call the private mock by TLS */
    bool no_admin;      /* take a URL for a server without our admin API */
    const char *cases_dir;
    const char *suite; /* "service", "client", "both"; NULL: by --client */
    bool list, validate_protocol, help;
    const char *appid, *bucket, *secret_id, *secret_key;
    const char *accounts;
    const char *known_failing;
    const char *record, *diff;
    const char *filter; /* Criterion's, which --list goes by too */
    bool fail_fast;     /* Criterion's */
    struct reports reports;
    /* What the config takes over as it is. */
    struct config config;
    /* What Criterion is to see; argv[0] first, NULL at the end. Owned. */
    int argc;
    char **argv;
};

enum suite_options_result { SUITE_OPTIONS_OK, SUITE_OPTIONS_BAD };

/* Fills all fields, those that are not given from the environment or by
 * default. SUITE_OPTIONS_BAD: *why says in one line what is wrong; the caller
 * frees it. Strings are borrowed from argv and the environment. */
enum suite_options_result suite_options_parse(struct suite_options *options,
                                              int argc, char **argv,
                                              char **why);
void suite_options_release(struct suite_options *options);

/* On stdout. */
void suite_options_help(void);

#endif
