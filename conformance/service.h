/*
 * service: runs one service case: sends what it says, holds the replies
 * against what it expects.
 */
#ifndef SERVICE_H
#define SERVICE_H

#include <jansson.h>
#include "config.h"
#include "result.h"

/* `test_case` is expanded. *result gets the exchanges, and what is wrong with
 * them as failures, or why the case does not apply. */
void service_run(const struct config *config, const json_t *test_case,
                 struct result *result);

#endif
