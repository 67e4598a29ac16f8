/* listen: opens the listening socket, so that a failure can be told with the
 * address and the reason, and port 0 be resolved, before anything starts. */
#ifndef LISTEN_H
#define LISTEN_H

#include <stddef.h>
#include <stdbool.h>
#include <stdint.h>

enum { LISTEN_URL_CAP = 128 }; /* an address with its scope fits */

/* Is it a numeric IPv4 or IPv6 address? */
bool listen_is_address(const char *address);

/*
 * Listens on a numeric IPv4 or IPv6 address. *port 0 picks a free one and
 * *port tells it. Returns the socket, or -1 with *why set to a line that the
 * caller frees.
 */
int listen_on(const char *address, uint16_t *port, char **why);

/* Writes the URL, without a path, of an address and a port: an IPv6 address
 * in brackets. Returns buf. */
const char *listen_url(char *buf, size_t cap, const char *address,
                       uint16_t port);

#endif
