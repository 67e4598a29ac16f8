/*
 * coverage: which codes of the catalogue the cases of a run tested, on which
 * endpoint.
 */
#ifndef COVERAGE_H
#define COVERAGE_H

#include <stddef.h>
#include "run.h"

/* What a pair of code and endpoint came to; where several cases tested it,
 * the last of these that any of them came to. */
enum coverage_mark {
    COVERAGE_NONE,
    COVERAGE_SKIPPED,
    COVERAGE_PASSED,
    COVERAGE_EXCUSED, /* informational or known-failing */
    COVERAGE_FAILED
};

enum { COVERAGE_ENDPOINTS = 3 };

/* "livedetectfour", … */
const char *coverage_endpoint(size_t endpoint);

/* Of the cases of one kind. */
enum coverage_mark coverage_of(const struct run *run, const char *kind,
                               int code, size_t endpoint);

/* How many pairs may occur by the catalogue, and how many of these have been
 * tested, passed or not. */
struct coverage_count {
    size_t tested, all;
};
struct coverage_count coverage_count(const struct run *run, const char *kind);

#endif
