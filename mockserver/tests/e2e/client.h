/*
 * client: HTTP connections that send any bytes and read replies in every
 * framing, also broken ones. It judges nothing; that is expect's part.
 */
#ifndef CLIENT_H
#define CLIENT_H

#include <stdbool.h>
#include <stddef.h>

#include <cjson/cJSON.h>

#include "harness.h"
#include "request.h"

enum reply_end {
    REPLY_COMPLETE,
    REPLY_NOTHING,   /* closed in order before the first byte */
    REPLY_RESET,     /* the connection was reset */
    REPLY_TRUNCATED, /* closed in order before the body was complete */
    REPLY_MALFORMED, /* not HTTP, or not the framing that it declares */
    REPLY_TIMEOUT
};

struct reply {
    enum reply_end end;
    int status;
    bool continued;   /* a 100 came first */
    char *head;       /* status line and fields, NUL-terminated */
    char *body;       /* NUL-terminated besides */
    size_t body_len;  /* bytes received of the body */
    size_t n_reads;   /* pieces in which it arrived */
    cJSON *json;      /* the body, or NULL when it is no JSON */
    const char *sent; /* what went out before, shortened */
};

struct ssl_st;

struct client {
    int fd;
    struct ssl_st *tls; /* NULL: plain */
    struct bytes in;    /* received and not yet consumed */
    char sent[600];     /* the start of what went out since the last reply */
    size_t n_sent;
};

void client_open(struct client *c, const struct server *s);
void client_close(struct client *c);
/* Begins TLS on an open connection: asks for `name` (NULL: for none) and trusts
 * this CA alone (NULL: anybody). Returns NULL, or what was wrong. */
const char *client_start_tls(struct client *c, const char *name,
                             const char *ca_pem);
/* Takes the server for a proxy: what it answers to CONNECT. */
struct reply client_connect(struct client *c, const char *target);
/* That answer: of a 200 the head alone, for bytes of the tunnel follow. */
struct reply client_read_tunnel(struct client *c);
/* False when the server took no more. */
bool client_send(struct client *c, const void *data, size_t len);
bool client_send_text(struct client *c, const char *text);
bool client_send_request(struct client *c, const struct request *r);
struct reply client_read(struct client *c);
struct reply client_exchange(struct client *c, const struct request *r);
/* Nothing arrived and the connection is open, as of now. */
bool client_is_waiting(struct client *c);
/* The server closed the connection: nothing but the end arrives. */
bool client_is_closed_by_server(struct client *c);

void reply_release(struct reply *r);

/* One exchange on a connection of its own. */
struct reply send_request(const struct server *s, const struct request *r);
struct reply send_bytes(const struct server *s, const void *data, size_t len);
struct reply send_form(const struct server *s, const char *path,
                       const struct form *f);
struct reply send_json(const struct server *s, const char *path,
                       const char *json);
/* The good request with this X-Mock-Fault. */
struct reply send_fault(const struct server *s, const char *path,
                        const char *spec);

/* A field's value, or NULL. */
const char *reply_header(const struct reply *r, const char *name);
/* A member of `data`, or NULL. */
const cJSON *reply_data(const struct reply *r, const char *name);

#endif
