/*
 * alloc_client: a client that takes whatever comes: an answer, an end, or
 * nothing, which after a while it calls so.
 */
#ifndef ALLOC_CLIENT_H
#define ALLOC_CLIENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { CLIENT_PATIENCE_S = 10, CLIENT_MAX_REPLY = 512 * 1024 };

struct client {
    int fd;
    struct ssl_st *tls; /* NULL: none */
    char *reply;        /* what has come, NUL-terminated */
    size_t len;
};

enum outcome {
    OUTCOME_ANSWER, /* a whole HTTP answer */
    OUTCOME_CLOSED, /* an end or a reset, whatever came before */
    OUTCOME_SILENT, /* nothing more, and no end either */
};

/* Aborts when there is no connection to be had, which is none's fault but the
 * test's. Uses OpenSSL; aborts without memory. */
void client_open(struct client *c, uint16_t port);
void client_close(struct client *c);

/* Sends no more and waits until the server has closed too. False: it does
 * not. */
bool client_end(struct client *c);

/* False when the server does not go on with it. */
bool client_begin_tls(struct client *c);

/* What the server does not take is not sent. */
void client_send(struct client *c, const char *data, size_t len);

/* Forgets what has come and reads an answer; one of status 100 is an answer
 * too. */
enum outcome client_receive(struct client *c);

/* The same with what has come already. */
enum outcome client_finish(struct client *c);

/* Reads a little of what comes; waits at most `ms`. False: the end. */
bool client_peek(struct client *c, int ms);

/* The last answer's status; 0: none. */
int client_status(const struct client *c);

#endif
