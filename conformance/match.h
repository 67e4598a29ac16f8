/*
 * match: holds a JSON value against what a case expects of it.
 *
 * An expected value is the value itself, or a string that begins with `$` and
 * names a set of values (docs/cases.md, "Expected values"). It knows
 * nothing of HTTP or of cases.
 */
#ifndef MATCH_H
#define MATCH_H

#include <stdbool.h>
#include <jansson.h>
#include "bytes.h"

/* NULL when `expected` is a value that match_value() understands, else what
 * is wrong with it; the caller frees it. For the loader of cases. */
char *match_check(const json_t *expected);

/* Does `actual` (NULL: there is none) match? If not, and `problems` is not
 * NULL, a line is added to it: "PATH: expected …, got …". */
bool match_value(const json_t *expected, const json_t *actual, const char *path,
                 struct bytes *problems);

/* Every member of `expected` must be in `actual` and match; other members of
 * `actual` do not matter, unless it is an object within an object. A line a
 * mismatch. */
bool match_members(const json_t *expected, const json_t *actual,
                   const char *path, struct bytes *problems);

/* A value on one line, shortened when long. The caller frees it. */
char *match_show(const json_t *value);

#endif
