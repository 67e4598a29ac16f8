/*
 * bounds: what one client, and all of them together, may take of the server:
 * connections, time and memory. What a request may hold is the contract's
 * business and stands in settings.h.
 */
#ifndef BOUNDS_H
#define BOUNDS_H

#include <stddef.h>
#include <stdint.h>

enum {
    BOUNDS_CONNECTIONS_MAX = 16384,
    BOUNDS_IDLE_S = 60,
    BOUNDS_IDLE_MAX_S = 3600,
    BOUNDS_RECEIVE_S = 300,
    BOUNDS_RECEIVE_MAX_S = 86400,
    BOUNDS_CONNECTION_BYTES = 65536,
    BOUNDS_CONNECTION_MIN_BYTES = 8192,
    BOUNDS_CONNECTION_MAX_BYTES = 16777216,
    BOUNDS_DRAIN_BYTES = 256 << 20,
};

struct bounds {
    unsigned max_connections; /* 0: what the limit of open files allows */
    unsigned idle_s;          /* a connection on which nothing moves */
    unsigned receive_s;       /* for a whole request to come */
    size_t connection_bytes;  /* headers and read buffer of one connection */
    uint64_t drain_bytes;     /* of a refused body, read and dropped */
};

/* Fills in the defaults above. */
void bounds_init(struct bounds *bounds);

/*
 * How many connections a server with so many workers takes: those asked for,
 * or as many as the process may have descriptors, some kept for everything
 * else. Returns 0 with *why, which the caller frees, when fewer are allowed
 * than were asked for.
 */
unsigned bounds_connections(const struct bounds *bounds, unsigned threads,
                            char **why);

#endif
