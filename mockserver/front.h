/*
 * front: accepts connections and looks at their first bytes, to tell plain
 * HTTP, TLS and a proxy's CONNECT apart; then it hands the socket on. One
 * thread serves all: a peer that says nothing costs a descriptor and a place
 * in a list until its time is over. It knows sockets only: what HTTP there is
 * to judge, and who takes the sockets, is the owner's.
 */
#ifndef FRONT_H
#define FRONT_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>
#include "strbuf.h"

enum {
    FRONT_MAX_HEAD = 8192,       /* bytes of a CONNECT with its fields */
    FRONT_MAX_REPLY = 8192,      /* of the answer to one that is refused */
    FRONT_MAX_DROPPED = 1 << 20, /* bytes read and dropped before a close */
    FRONT_PAUSE_MS = 100,        /* without a descriptor for one more peer */
};

/* What is spoken on a listening socket. */
enum front_kind {
    FRONT_ANY, /* whatever the first bytes say */
    FRONT_TLS, /* TLS alone */
};

struct front_listener {
    int fd; /* of the front, which closes it */
    enum front_kind kind;
};

union front_address {
    struct sockaddr any;
    struct sockaddr_in in;
    struct sockaddr_in6 in6;
};

/* A connection whose first bytes, still unread, tell what it is. */
struct front_arrival {
    int fd; /* non-blocking; the receiver's, when it is taken */
    union front_address address;
    socklen_t address_len;
    bool tls;
    bool tunnelled; /* it came by CONNECT */
};

/* What becomes of connections; called on the front's thread, which serves
 * nobody else meanwhile. */
struct front_calls {
    /* Returns false when it is not taken: it remains the front's, and is told
     * so by an HTTP 503 if it speaks plain HTTP. */
    bool (*deliver)(void *cls, const struct front_arrival *arrival);
    /* May this CONNECT, `len` bytes up to its blank line, have its tunnel? If
     * not, `reply` becomes the whole answer, after which it is closed. */
    bool (*may_tunnel)(void *cls, const char *head, size_t len,
                       const union front_address *address,
                       struct strbuf *reply);
    void *cls;
};

/* Length of the head at the start of `s`, its blank line included; 0 while
 * that is not there. Lines may end with LF alone. */
size_t front_head_length(const char *s, size_t len);

struct front;

/*
 * Serves the listening sockets, at most two, until front_stop(). At most
 * `max_waiting` peers are waited for, each at most `patience_ms` for what it
 * has to say next; when there are more, the one that waits longest goes.
 * Returns NULL with errno; the sockets are then still the caller's.
 */
struct front *front_new(const struct front_listener *listeners,
                        size_t n_listeners, size_t max_waiting,
                        unsigned patience_ms, const struct front_calls *calls);

/* Accepts no more, closes the listening sockets and the peers that wait, and
 * frees. No call is running or comes afterwards. NULL is fine. */
void front_stop(struct front *front);

#endif
