/*
 * validate: `--validate-protocol`, for the author of an adapter: one client,
 * a few calls, every line shown with what is wrong with it.
 */
#ifndef VALIDATE_H
#define VALIDATE_H

#include "config.h"

/*
 * Runs config->client against the private mock of the run and prints to
 * stdout. 0: every line was right; EXIT_CHECK: one was wrong; EXIT_SETUP: the
 * client did not start. SIGPIPE must be ignored.
 */
int validate_protocol(const struct config *config);

#endif
