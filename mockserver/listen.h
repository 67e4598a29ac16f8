/* listen: opens the listening socket, so that a failure can be told with the
 * address and the reason, and port 0 be resolved, before anything starts. */
#ifndef LISTEN_H
#define LISTEN_H

#include <stdint.h>

/*
 * Listens on a numeric IPv4 or IPv6 address. *port 0 picks a free one and
 * *port tells it. Returns the socket, or -1 with *why set to a line that the
 * caller frees.
 */
int listen_on(const char *address, uint16_t *port, char **why);

#endif
