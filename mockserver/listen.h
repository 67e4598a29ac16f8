/* listen: opens the listening socket, so that a failure can be told with the
 * address and the reason, and port 0 be resolved, before anything starts. */
#ifndef LISTEN_H
#define LISTEN_H

#include <stddef.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>

enum { LISTEN_URL_CAP = 128 }; /* an address with its scope fits */

/* Is it a numeric IPv4 or IPv6 address? */
bool listen_is_address(const char *address);

/*
 * Listens on a numeric IPv4 or IPv6 address. `option` names what chose the
 * port, for the message. *port 0 picks a free one and
 * *port tells it. Returns the socket, non-blocking, or -1 with *why set to a
 * line that the caller frees.
 */
int listen_on(const char *address, uint16_t *port, const char *option,
              char **why);

enum { LISTEN_PEER_CAP = 64 };

/* Writes address and port of a peer as "1.2.3.4:5" or "[::1]:5"; "?" stands
 * for an address of neither family. Returns buf. */
const char *listen_peer(char buf[LISTEN_PEER_CAP], const struct sockaddr *peer);

/* Writes the URL, without a path, of a scheme, an address and a port: an IPv6
 * address in brackets. Returns buf. */
const char *listen_url(char *buf, size_t cap, const char *scheme,
                       const char *address, uint16_t port);

#endif
