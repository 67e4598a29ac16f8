#include "alloc_client.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>
#include <openssl/ssl.h>

static void must(bool condition, const char *what)
{
    if (condition)
        return;
    perror(what);
    abort();
}

void client_open(struct client *c, uint16_t port)
{
    const struct timeval patience = {.tv_sec = CLIENT_PATIENCE_S};
    const int on = 1;
    const struct sockaddr_in address = {
        .sin_family = AF_INET,
        .sin_port = htons(port),
        .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
    };

    *c = (struct client){.fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)};
    must(c->fd >= 0, "socket");
    setsockopt(c->fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
    setsockopt(c->fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof(patience));
    /* A body must not wait until the head before it is acknowledged. */
    setsockopt(c->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
    must(connect(c->fd, (const struct sockaddr *)&address, sizeof(address)) ==
             0,
         "connect");
    c->reply = malloc(CLIENT_MAX_REPLY + 1);
    must(c->reply, "malloc");
    c->reply[0] = '\0';
}

void client_close(struct client *c)
{
    SSL_free(c->tls);
    /* It keeps what the last errors were about, for this thread. */
    OPENSSL_thread_stop();
    close(c->fd);
    free(c->reply);
}

bool client_end(struct client *c)
{
    char rest[4096];
    ssize_t n;

    shutdown(c->fd, SHUT_WR);
    do {
        errno = 0;
        n = recv(c->fd, rest, sizeof(rest), 0);
    } while (n > 0);
    return n == 0 || errno != EAGAIN;
}

bool client_begin_tls(struct client *c)
{
    static SSL_CTX *context;

    if (!context)
        context = SSL_CTX_new(TLS_client_method());
    must(context, "SSL_CTX_new");
    c->tls = SSL_new(context);
    must(c->tls && SSL_set_fd(c->tls, c->fd) == 1, "SSL_new");
    return SSL_connect(c->tls) == 1;
}

void client_send(struct client *c, const char *data, size_t len)
{
    while (len > 0) {
        ssize_t n = c->tls ? SSL_write(c->tls, data, (int)len)
                           : send(c->fd, data, len, MSG_NOSIGNAL);

        if (n <= 0)
            return;
        data += n;
        len -= (size_t)n;
    }
}

/* Returns 1 when something came, 0 at the end, -1 when patience is over. */
static int receive_some(struct client *c)
{
    size_t room = CLIENT_MAX_REPLY - c->len;
    ssize_t n;

    must(room > 0, "a reply over the client's limit");
    errno = 0;
    n = c->tls ? SSL_read(c->tls, c->reply + c->len, (int)room)
               : recv(c->fd, c->reply + c->len, room, 0);
    if (n <= 0)
        return errno == EAGAIN ? -1 : 0;
    c->len += (size_t)n;
    c->reply[c->len] = '\0';
    return 1;
}

bool client_peek(struct client *c, int ms)
{
    struct pollfd readable = {.fd = c->fd, .events = POLLIN};

    return poll(&readable, 1, ms) <= 0 || receive_some(c) > 0;
}

/* Is a whole answer there? One without a length ends with the connection. */
static bool is_whole(const struct client *c)
{
    const char *end = strstr(c->reply, "\r\n\r\n");
    const char *length = strcasestr(c->reply, "\r\nContent-Length:");

    if (!end)
        return false;
    if (client_status(c) == 100)
        return true;
    if (!length || length > end)
        return false;
    return c->len - (size_t)(end + 4 - c->reply) >=
           strtoul(length + strlen("\r\nContent-Length:"), NULL, 10);
}

enum outcome client_receive(struct client *c)
{
    c->len = 0;
    c->reply[0] = '\0';
    return client_finish(c);
}

enum outcome client_finish(struct client *c)
{
    while (!is_whole(c)) {
        int got = receive_some(c);

        if (got <= 0)
            return got < 0 ? OUTCOME_SILENT : OUTCOME_CLOSED;
    }
    return OUTCOME_ANSWER;
}

int client_status(const struct client *c)
{
    return !strncmp(c->reply, "HTTP/1.", 7) && c->len > 12
               ? (int)strtol(c->reply + 9, NULL, 10)
               : 0;
}
