/*
 * server: the only module that knows libmicrohttpd. It takes the connections
 * that the front has accepted, plain or for TLS, checks the framing that the
 * library lets through, feeds the pipeline, sends what it rendered and performs
 * transport faults.
 *
 * The library takes a reply only right after the headers or after the whole
 * body. A request refused in between is therefore drained, within bounds, and
 * answered at its end, so that the client reads the answer and not a reset.
 */
#ifndef SERVER_H
#define SERVER_H

#include <stdbool.h>
#include <stdint.h>
#include "admin.h"
#include "bounds.h"
#include "pipeline.h"
#include "tls.h"

enum {
    SERVER_MAX_THREADS = 64,
    SERVER_HANG_MAX_S = 600,  /* the fault `hang` */
    SERVER_STOP_GRACE_S = 10, /* for exchanges in flight at a stop */
    SERVER_YIELD_MS = 1000,   /* so long idle, a connection makes way for one */
};

struct server;

struct server_options {
    const struct pipeline *pipeline; /* borrowed until server_stop(), as */
    const struct admin *admin;       /* these are; NULL: no admin API */
    struct tls *tls;
    const char *bind; /* a numeric IPv4 or IPv6 address */
    uint16_t port;    /* 0: any free one; for plain HTTP, TLS and proxies */
    bool has_https_port;
    uint16_t https_port; /* for TLS alone; 0: any free one */
    unsigned threads;    /* workers; 0: one a processor */
    struct bounds bounds;
    /* Called when the ports are had and no thread runs yet; may be NULL. -1
     * with *why: the server does not start. */
    int (*before_threads)(void *cls, char **why);
    void *before_threads_cls;
};

/* Serves. Returns NULL with *why set to a line that the caller frees. */
struct server *server_start(const struct server_options *options, char **why);

uint16_t server_port(const struct server *server);

/* That for TLS alone; without one, server_port(), which takes TLS too. */
uint16_t server_https_port(const struct server *server);

/*
 * Accepts no more, cuts delays short, lets the exchanges in flight finish for
 * at most SERVER_STOP_GRACE_S, closes and frees. NULL is fine.
 */
void server_stop(struct server *server);

#endif
