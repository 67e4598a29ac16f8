/*
 * hosts: whom this server stands for: the hosts of the service, and itself
 * under its own names. Asked by the admin API (who may call), by the proxy
 * rules (what may be reached) and by the certificates (what they are for).
 * Compares names and addresses; never looks a name up.
 */
#ifndef HOSTS_H
#define HOSTS_H

#include <stdbool.h>
#include <stddef.h>

enum { HOSTS_OF_SERVICE = 2, HOSTS_MAX_NAMES = 16 };

extern const char *const hosts_of_service[HOSTS_OF_SERVICE];

/* The server's own; borrowed. Besides, it is localhost and loopback. */
struct hosts {
    const char *bind; /* the numeric address served on */
    const char *names[HOSTS_MAX_NAMES];
    size_t n_names;
};

/* A host, with its port or without, as Host and request targets have it
 * (RFC 3986 section 3.2); points into what was read. */
struct authority {
    const char *host; /* without the brackets of an IPv6 address */
    size_t len;
    bool bracketed;
    int port; /* -1: none */
};

/* Returns 0, or -1 when brackets or port are wrong. */
int authority_parse(struct authority *a, const char *s, size_t len);

/* Is it a host with or without a port, as Host must be (RFC 9110 section 7.2)?
 * It may be empty; a user before the host is none of it. */
bool authority_is_host(const char *s, size_t len);

bool hosts_is_service(const struct authority *a);

/* Is it one of the server's own names? Bound to all addresses, it has of the
 * numeric ones only loopback. */
bool hosts_is_own(const struct hosts *hosts, const struct authority *a);

/*
 * May the admin API be called under this name? localhost, 127.0.0.1, [::1] and
 * `bind`; any numeric address when that is all of them, since no page can be
 * served under a number and then have the number rebound.
 */
bool hosts_may_administer(const char *bind, const struct authority *a);

/* Is the numeric address, as listen_on() takes it, loopback? Every one? */
bool hosts_is_loopback(const char *address);
bool hosts_is_wildcard(const char *address);

/* May a certificate be made out to it: a numeric address, or a host name
 * (RFC 1123, and the underscore that container networks use)? */
bool hosts_is_address(const char *name);
bool hosts_is_name(const char *name);

#endif
