/*
 * server: the only module that knows libmicrohttpd. It accepts connections,
 * checks the framing that the library lets through, feeds the pipeline, sends
 * what it rendered and performs transport faults.
 *
 * The library takes a reply only right after the headers or after the whole
 * body. A request refused in between is therefore drained, within bounds, and
 * answered at its end, so that the client reads the answer and not a reset.
 */
#ifndef SERVER_H
#define SERVER_H

#include <stdint.h>
#include "admin.h"
#include "pipeline.h"

enum {
    SERVER_MAX_THREADS = 64,
    SERVER_IDLE_TIMEOUT_S = 60,     /* a connection on which nothing moves */
    SERVER_RECEIVE_MAX_S = 300,     /* for a whole request body */
    SERVER_DRAIN_MAX_MIB = 256,     /* of a refused body, read and dropped */
    SERVER_HANG_MAX_S = 600,        /* the fault `hang` */
    SERVER_STOP_GRACE_S = 10,       /* for exchanges in flight at a stop */
    SERVER_CONNECTION_BYTES = 65536 /* headers and read buffer of one */
};

struct server;

/*
 * Serves on `bind` (a numeric IPv4 or IPv6 address) and `port` (0: any free
 * one) with `threads` workers (0: one a processor). `pipeline` and `admin`
 * (NULL: no admin API) are borrowed until server_stop(). Returns NULL with *why
 * set to a line that the caller frees.
 */
struct server *server_start(const struct pipeline *pipeline,
                            const struct admin *admin, const char *bind,
                            uint16_t port, unsigned threads, char **why);

uint16_t server_port(const struct server *server);

/*
 * Accepts no more, cuts delays short, lets the exchanges in flight finish for
 * at most SERVER_STOP_GRACE_S, closes and frees. NULL is fine.
 */
void server_stop(struct server *server);

#endif
