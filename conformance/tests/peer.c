#include "peer.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include <criterion/criterion.h>

static void read_head(struct peer *peer, int fd)
{
    char byte;

    while ((!peer->received.data || !strstr(peer->received.data, "\r\n\r\n")) &&
           recv(fd, &byte, 1, 0) == 1)
        bytes_add(&peer->received, &byte, 1);
}

static void read_bytes(struct peer *peer, int fd, size_t len)
{
    char piece[4096];

    while (len > 0) {
        ssize_t n =
            recv(fd, piece, len < sizeof(piece) ? len : sizeof(piece), 0);

        if (n <= 0)
            break;
        bytes_add(&peer->received, piece, (size_t)n);
        len -= (size_t)n;
    }
}

static bool send_bytes(int fd, const char *data, size_t len)
{
    while (len > 0) {
        ssize_t n = send(fd, data, len, MSG_NOSIGNAL);

        if (n < 0)
            return false;
        data += n;
        len -= (size_t)n;
    }
    return true;
}

static void dribble(int fd, const char *data, size_t len)
{
    int on = 1;

    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
    for (size_t i = 0; i < len && send_bytes(fd, data + i, 1); i++)
        ;
}

/* Closing discards what is not sent, and says so to the other end. */
static void reset(int fd)
{
    struct linger now = {.l_onoff = 1};

    setsockopt(fd, SOL_SOCKET, SO_LINGER, &now, sizeof(now));
    close(fd);
}

/* Is the connection still open? */
static bool go(struct peer *peer, int fd, const struct peer_step *step)
{
    size_t len = step->data && step->len == 0 ? strlen(step->data) : step->len;

    switch (step->verb) {
    case PEER_READ_HEAD:
        bytes_release(&peer->received);
        read_head(peer, fd);
        return true;
    case PEER_READ:
        read_bytes(peer, fd, len);
        return true;
    case PEER_SEND:
        send_bytes(fd, step->data, len);
        return true;
    case PEER_DRIBBLE:
        dribble(fd, step->data, len);
        return true;
    case PEER_FLOOD:
        while (send_bytes(fd, step->data, len))
            ;
        return true;
    case PEER_CLOSE:
        close(fd);
        return false;
    case PEER_RESET:
        break;
    }
    reset(fd);
    return false;
}

static void *run(void *user)
{
    struct peer *peer = user;
    int fd = accept(peer->listener, NULL, NULL);
    char piece[4096];

    if (fd < 0)
        return NULL;
    for (size_t i = 0; i < peer->n; i++) {
        if (!go(peer, fd, &peer->steps[i]))
            return NULL;
    }
    while (recv(fd, piece, sizeof(piece), 0) > 0)
        ;
    close(fd);
    return NULL;
}

/* A socket with a free port, which is not listening yet. */
static int bind_any(char *address, size_t cap)
{
    struct sockaddr_in in = {.sin_family = AF_INET,
                             .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof(in);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    cr_assert(fd >= 0 && bind(fd, (struct sockaddr *)&in, len) == 0 &&
              getsockname(fd, (struct sockaddr *)&in, &len) == 0);
    snprintf(address, cap, "127.0.0.1:%d", ntohs(in.sin_port));
    return fd;
}

void peer_start(struct peer *peer, const struct peer_step *steps, size_t n)
{
    *peer = (struct peer){.steps = steps, .n = n};
    peer->listener = bind_any(peer->address, sizeof(peer->address));
    snprintf(peer->url, sizeof(peer->url), "http://%s", peer->address);
    cr_assert_eq(listen(peer->listener, 1), 0);
    cr_assert_eq(pthread_create(&peer->thread, NULL, run, peer), 0);
}

void peer_stop(struct peer *peer)
{
    pthread_join(peer->thread, NULL);
    close(peer->listener);
}

void peer_release(struct peer *peer)
{
    bytes_release(&peer->received);
}

char *peer_nowhere(void)
{
    char address[32];
    int fd = bind_any(address, sizeof(address));

    close(fd);
    return format("%s", address);
}
