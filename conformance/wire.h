/*
 * wire: connections that send any bytes, right or wrong, and read what comes
 * back, right or wrong.
 *
 * libcurl opens them (TCP, TLS, another address than the URL's); nothing of
 * its HTTP is used, so a request goes out byte for byte, and a reply's framing
 * is judged here. It knows nothing of cases.
 */
#ifndef WIRE_H
#define WIRE_H

#include <stdbool.h>
#include <jansson.h>
#include "bytes.h"
#include "config.h"

/* What became of a connection after the request. */
enum transport {
    TRANSPORT_COMPLETE,  /* a whole reply came */
    TRANSPORT_RESET,     /* the connection was reset */
    TRANSPORT_CLOSED,    /* closed in order, nothing came */
    TRANSPORT_TRUNCATED, /* closed in order before the reply was whole */
    TRANSPORT_MALFORMED, /* no HTTP, or not the framing it declares */
    TRANSPORT_TIMEOUT,
    TRANSPORT__COUNT
};

struct reply {
    enum transport transport;
    const char *problem; /* what is wrong with what came; "" */
    int http;            /* status; 0: none came */
    bool continued;      /* a 100 came before */
    bool closed;         /* the server closed the connection after it */
    json_t *headers;     /* array of [NAME, VALUE], in order */
    struct bytes body;   /* without its framing */
    struct bytes raw;    /* every byte that came */
};

struct connection;

/* What goes out. After `head` the body waits for a 100 if so asked. */
struct outgoing {
    struct bytes head, body;
    bool waits_for_100;
    bool is_head; /* a HEAD request: the reply has no body */
};

/* Opens a connection to the target. NULL with *why when there is none; the
 * caller frees that. */
struct connection *connection_open(const struct config *config, char **why);
void connection_close(struct connection *c);

/* Sends, and reads one reply, for which it waits `timeout_ms` after the last
 * byte moved, and four times that from its first byte to its last. With
 * `to_end` it also waits for the end of the connection. */
void connection_exchange(struct connection *c, const struct outgoing *out,
                         int timeout_ms, bool to_end, struct reply *reply);

void reply_release(struct reply *reply);

/* A field's value (of the first of that name, whatever its case), or NULL. */
const char *reply_header(const struct reply *reply, const char *name);

/* "complete", "reset", … as in docs/cases.md */
const char *transport_name(enum transport transport);

#endif
