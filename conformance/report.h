/*
 * report: what a run came to, in each format there is.
 *
 * A format renders a whole run into bytes and knows nothing of files; this
 * module knows which were asked for and where they go.
 */
#ifndef REPORT_H
#define REPORT_H

#include <stdbool.h>
#include "bytes.h"
#include "run.h"

/* The formats that --report names. */
enum report_format {
    REPORT_JSON,
    REPORT_JUNIT,
    REPORT_MARKDOWN,
    REPORT__COUNT
};

struct reports {
    char *path[REPORT__COUNT]; /* owned; "-": stdout; NULL: not asked for */
};

/* Adds what "json=F,junit=F,markdown=F" asks for; a name with a comma in it
 * cannot be given. 0, or -1 with *why, one line that the caller frees. */
int reports_parse(struct reports *r, const char *list, char **why);
void reports_release(struct reports *r);

/* Does one go to stdout? The summary then has to go elsewhere. */
bool reports_use_stdout(const struct reports *r);

/* Writes all that were asked for. 0, or -1 with *why about the first that
 * could not be written; the others are written all the same. */
int reports_write(const struct reports *r, const struct run *run, char **why);

/* The end of a run for a person: a table by section of the contract, what
 * failed, why cases were skipped, and as the last line
 * "N passed, N failed[, N skipped]", in which informational and known-failing
 * cases count as skipped. */
void report_text(const struct run *run, struct bytes *out);

/* Facts about the run, counts, and every result whole. */
void report_json(const struct run *run, struct bytes *out);

/* A testsuite a kind, a testcase a case; exchanges only of what failed. */
void report_junit(const struct run *run, struct bytes *out);

/* GitHub-flavoured, with the table of codes and endpoints. */
void report_markdown(const struct run *run, struct bytes *out);

#endif
