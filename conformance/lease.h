/*
 * lease: one case's use of a client that the keeper lends.
 *
 * A lease that is not given back, since its process died, is over: the keeper
 * kills the client.
 */
#ifndef LEASE_H
#define LEASE_H

#include <sys/socket.h>
#include <sys/un.h>
#include "bytes.h"
#include "config.h"
#include "dialogue.h"

struct lease;

/*
 * A client that is ready for a call: one that was kept, or a new one after
 * its handshake, whose lines go to `said`. NULL with *why, one line, which
 * the caller frees. `who` names the case.
 */
struct lease *lease_open(const struct config *config, const char *who,
                         struct bytes *said, char **why);

/* What is said to the client; borrowed. */
struct dialogue *lease_dialogue(struct lease *lease);

/*
 * Give it back; the lease is freed. lease_keep() leaves it running for other
 * cases. lease_end() kills it; with `wait_ms` it has so long to end by
 * itself. Both return how it ended, "exit status 3", which the caller frees;
 * NULL when it was running.
 */
char *lease_keep(struct lease *lease);
char *lease_end(struct lease *lease, int wait_ms);

/*
 * Between keeper and lease: the socket's address, in a directory whose path
 * may be longer than an address can hold. It is good while the descriptor
 * that is returned is open; -1 with errno.
 */
int lease_address(const char *run_dir, struct sockaddr_un *address);

/* What they say, one message each; their answers are `idle` or `fresh` with
 * three descriptors, or `!` and what is wrong; then `running`, or how the
 * client had ended, in words. */
#define LEASE_OPEN "open " /* and the name of the case */
#define LEASE_KEEP "keep"
#define LEASE_END "end " /* and the milliseconds to wait */
#define LEASE_IDLE "idle"
#define LEASE_FRESH "fresh"
#define LEASE_RUNNING "running"
enum { LEASE_MAX_MESSAGE = 4096, LEASE_FDS = 3 };

#endif
