#include "listen.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static int open_on(const struct addrinfo *info)
{
    int on = 1;
    int error;
    int fd =
        socket(info->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

    if (fd < 0)
        return -1;
    if (setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) == 0 &&
        bind(fd, info->ai_addr, info->ai_addrlen) == 0 &&
        listen(fd, SOMAXCONN) == 0)
        return fd;
    error = errno;
    close(fd);
    errno = error;
    return -1;
}

static uint16_t port_of(int fd)
{
    union {
        struct sockaddr any;
        struct sockaddr_in in;
        struct sockaddr_in6 in6;
    } address = {0};
    socklen_t len = sizeof(address);

    if (getsockname(fd, &address.any, &len) < 0)
        return 0;
    return ntohs(address.any.sa_family == AF_INET6 ? address.in6.sin6_port
                                                   : address.in.sin_port);
}

/* NULL when the address is not numeric; else the caller frees it. */
static struct addrinfo *resolve(const char *address, unsigned port)
{
    struct addrinfo hints = {
        .ai_flags = AI_NUMERICHOST | AI_PASSIVE | AI_NUMERICSERV,
        .ai_socktype = SOCK_STREAM,
    };
    struct addrinfo *info = NULL;
    char service[8];

    snprintf(service, sizeof(service), "%u", port);
    return getaddrinfo(address, service, &hints, &info) == 0 ? info : NULL;
}

bool listen_is_address(const char *address)
{
    struct addrinfo *info = resolve(address, 0);

    if (info)
        freeaddrinfo(info);
    return info != NULL;
}

int listen_on(const char *address, uint16_t *port, const char *option,
              char **why)
{
    struct addrinfo *info = resolve(address, *port);
    int fd;

    if (!info) {
        if (asprintf(why,
                     "--bind: \"%s\" is not a numeric IPv4 or IPv6 address",
                     address) < 0)
            *why = NULL;
        return -1;
    }
    fd = open_on(info);
    if (fd < 0 && asprintf(why, "cannot listen on %s port %u: %s%s%s%s",
                           address, (unsigned)*port, strerror(errno),
                           errno == EADDRINUSE ? "; " : "",
                           errno == EADDRINUSE ? option : "",
                           errno == EADDRINUSE ? " chooses another" : "") < 0)
        *why = NULL;
    freeaddrinfo(info);
    if (fd >= 0)
        *port = port_of(fd);
    return fd;
}

const char *listen_peer(char buf[LISTEN_PEER_CAP], const struct sockaddr *peer)
{
    char address[INET6_ADDRSTRLEN] = "?";
    unsigned port = 0;

    if (peer && peer->sa_family == AF_INET) {
        const struct sockaddr_in *in = (const void *)peer;

        inet_ntop(AF_INET, &in->sin_addr, address, sizeof(address));
        port = ntohs(in->sin_port);
    } else if (peer && peer->sa_family == AF_INET6) {
        const struct sockaddr_in6 *in6 = (const void *)peer;

        inet_ntop(AF_INET6, &in6->sin6_addr, address, sizeof(address));
        port = ntohs(in6->sin6_port);
    }
    snprintf(buf, LISTEN_PEER_CAP, strchr(address, ':') ? "[%s]:%u" : "%s:%u",
             address, port);
    return buf;
}

const char *listen_url(char *buf, size_t cap, const char *scheme,
                       const char *address, uint16_t port)
{
    snprintf(buf, cap, strchr(address, ':') ? "%s://[%s]:%u" : "%s://%s:%u",
             scheme, address, (unsigned)port);
    return buf;
}
