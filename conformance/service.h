/*
 * service: runs one service case: sends what it says, holds the replies
 * against what it expects.
 */
#ifndef SERVICE_H
#define SERVICE_H

#include <jansson.h>
#include "config.h"
#include "result.h"

void service_run(const struct config *config, const json_t *test_case,
                 struct result *result);

#endif
