/*
 * casefile: reads case files (docs/cases.md) into a list of cases.
 *
 * It merges defaults, makes a case of each value of `each`, and refuses what
 * it does not understand: every member is looked up in a table of what may
 * stand where. It knows neither targets nor clients.
 */
#ifndef CASEFILE_H
#define CASEFILE_H

#include <stdbool.h>
#include <jansson.h>

/* All cases of DIR/NAME.json, files in the order of their names: an array of
 * objects, each with its file's name as "file", which the caller owns. NULL
 * with *why, one line that names file and case, which the caller frees.
 * `codes_file` is the table that `{"codes": …}` of `each` stands for. */
json_t *cases_load(const char *dir, const char *codes_file, char **why);

bool case_is_client(const json_t *test_case);
const char *case_id(const json_t *test_case);
/* "service" or "client" */
const char *case_kind(const json_t *test_case);

/* Does `applies_to` of the case have this word? */
bool case_applies_to(const json_t *test_case, const char *word);

/* The codes it is about, [{"endpoint","code"}, …], from what it expects; the
 * caller's. */
json_t *case_covers(const json_t *test_case);

#endif
