/*
 * client_case: runs one client case (docs/cases.md, "Client cases"): has a
 * client make the calls, and judges what arrived, what it reported and how it
 * behaved.
 *
 * A client that breaks the protocol, dies or keeps silent fails this case
 * alone: the next one gets a new one.
 */
#ifndef CLIENT_CASE_H
#define CLIENT_CASE_H

#include <jansson.h>
#include "config.h"
#include "result.h"

/* `test_case` is expanded. *result gets the exchanges, and what is wrong with
 * them as failures, or why the case does not apply. SIGPIPE must be ignored. */
void client_run(const struct config *config, const json_t *test_case,
                struct result *result);

#endif
