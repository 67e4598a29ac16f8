/*
 * peer: the other end of one connection, which does as a test says.
 */
#ifndef PEER_H
#define PEER_H

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include "bytes.h"

enum peer_verb {
    PEER_READ_HEAD, /* up to an empty line */
    PEER_READ,      /* `len` bytes */
    PEER_SEND,      /* `data` */
    PEER_DRIBBLE,   /* the same, each byte by itself */
    PEER_FLOOD,     /* `data` again and again, until nobody takes it */
    PEER_CLOSE,     /* in order */
    PEER_RESET,
};

struct peer_step {
    enum peer_verb verb;
    const char *data;
    size_t len; /* 0: that of the text `data` */
};

struct peer {
    const struct peer_step *steps;
    size_t n;
    int listener;
    char address[32]; /* HOST:PORT */
    char url[40];
    struct bytes received; /* to be looked at after peer_stop() */
    pthread_t thread;
};

/* Listens on a free port of the loopback interface, takes one connection, and
 * goes through the steps; what is left open then stays so until the test has
 * closed its end. */
void peer_start(struct peer *peer, const struct peer_step *steps, size_t n);

/* Waits for that. */
void peer_stop(struct peer *peer);
void peer_release(struct peer *peer);

/* HOST:PORT where nobody listens. The caller frees it. */
char *peer_nowhere(void);

#endif
