/*
 * keeper: keeps client programs running between cases.
 *
 * A client may be slow to start, and one process answers many calls. The
 * keeper, in the process that supervises the run, starts clients and lends
 * them to the processes of the cases (lease.h), each to one at a time, over a
 * socket in the run's directory. A client that comes back whole is lent
 * again. It does not know what is said to them but for the two lines that
 * begin and the one that ends.
 */
#ifndef KEEPER_H
#define KEEPER_H

#include <sys/types.h>
#include <jansson.h>
#include "bytes.h"
#include "config.h"

struct keeper;

/*
 * Listens in config->run_dir and starts config->client once, to see that it
 * can: *features gets the list of its `started` line, which the caller owns.
 * NULL with *why, one line, which the caller frees. SIGPIPE must be ignored.
 */
struct keeper *keeper_new(const struct config *config, json_t **features,
                          char **why);

/* Lends clients until the child process `runner` ends, and returns its status
 * as of wait(), or -1 with errno. `keeper` may be NULL: it only waits. */
int keeper_serve_until_exit(struct keeper *keeper, pid_t runner);

/*
 * Sends `stop` to the clients that are left and ends them. A line a problem
 * is added to `problems`: one that did not end in time, or with another
 * status than 0, or said something that nobody asked for.
 */
void keeper_free(struct keeper *keeper, struct bytes *problems);

#endif
