/*
 * case_check: is a case made as docs/cases.md says? One table tells what may
 * stand where.
 */
#ifndef CASE_CHECK_H
#define CASE_CHECK_H

#include <jansson.h>

/* NULL when the expanded case is well made, else what is wrong with it: the
 * place, the value seen and what was expected. The caller frees it. */
char *case_check(const json_t *test_case);

#endif
