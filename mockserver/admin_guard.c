#include "admin_guard.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <string.h>
#include "log.h"
#include "text.h"

enum { QUOTE_CAP = 84 }; /* 80 bytes of a value, "..." and the NUL */

/* Addresses are compared as IPv6, with IPv4 mapped into it (RFC 4291 section
 * 2.5.5.2). */
static struct in6_addr map_ipv4(struct in_addr ipv4)
{
    struct in6_addr address = {0};

    memset(address.s6_addr + 10, 0xff, 2);
    memcpy(address.s6_addr + 12, &ipv4, sizeof(ipv4));
    return address;
}

static bool parse_ip(const char *s, size_t len, bool bracketed,
                     struct in6_addr *address)
{
    char text[INET6_ADDRSTRLEN];
    struct in_addr ipv4;

    if (len >= sizeof(text))
        return false;
    memcpy(text, s, len);
    text[len] = '\0';
    if (bracketed)
        return inet_pton(AF_INET6, text, address) == 1;
    if (inet_pton(AF_INET, text, &ipv4) != 1)
        return false;
    *address = map_ipv4(ipv4);
    return true;
}

/* Reads what listen_on() takes: also "0" and "127.1", and a zone. */
static bool parse_bind(const char *bind, struct in6_addr *address)
{
    struct in_addr ipv4;

    if (strchr(bind, ':'))
        return parse_ip(bind, strcspn(bind, "%"), true, address);
    if (inet_aton(bind, &ipv4) == 0)
        return false;
    *address = map_ipv4(ipv4);
    return true;
}

static bool is_wildcard(const struct in6_addr *address)
{
    static const struct in_addr any = {.s_addr = INADDR_ANY};
    struct in6_addr any_ipv4 = map_ipv4(any);

    return IN6_IS_ADDR_UNSPECIFIED(address) ||
           IN6_ARE_ADDR_EQUAL(address, &any_ipv4);
}

static bool is_loopback(const struct in6_addr *address)
{
    return IN6_IS_ADDR_LOOPBACK(address) ||
           (IN6_IS_ADDR_V4MAPPED(address) && address->s6_addr[12] == 127);
}

bool admin_is_loopback(const char *bind)
{
    struct in6_addr address;

    return parse_bind(bind, &address) && is_loopback(&address);
}

/* Is it empty, or ":" and a port? */
static bool is_port(const char *s, size_t len)
{
    uint64_t port;

    if (len == 0)
        return true;
    return s[0] == ':' &&
           (len == 1 || text_parse_u64(s + 1, len - 1, UINT16_MAX, &port) == 0);
}

static bool is_our_ip(const char *bind, const struct in6_addr *address)
{
    struct in_addr localhost = {.s_addr = htonl(INADDR_LOOPBACK)};
    struct in6_addr localhost4 = map_ipv4(localhost);
    struct in6_addr bound;

    if (IN6_IS_ADDR_LOOPBACK(address) ||
        IN6_ARE_ADDR_EQUAL(address, &localhost4))
        return true;
    /* No page can be served under a numeric address and then have that
     * address rebound, so any of them is one of ours. */
    return parse_bind(bind, &bound) &&
           (is_wildcard(&bound) || IN6_ARE_ADDR_EQUAL(address, &bound));
}

/* Does `host`, a host with or without a port, name this server? */
static bool is_our_host(const char *bind, const char *host, size_t len)
{
    const char *close = NULL;
    struct in6_addr address;
    size_t name_len;

    if (len > 0 && host[0] == '[') {
        close = memchr(host, ']', len);
        if (!close || !is_port(close + 1, (size_t)(host + len - close - 1)))
            return false;
        return parse_ip(host + 1, (size_t)(close - host - 1), true, &address) &&
               is_our_ip(bind, &address);
    }
    close = memchr(host, ':', len);
    name_len = close ? (size_t)(close - host) : len;
    if (!is_port(host + name_len, len - name_len))
        return false;
    return text_equal_nocase(host, name_len, "localhost") ||
           text_equal_nocase(host, name_len, bind) ||
           (parse_ip(host, name_len, false, &address) &&
            is_our_ip(bind, &address));
}

static bool is_our_origin(const char *bind, const char *origin)
{
    static const char *const schemes[] = {"http://", "https://"};
    size_t len = strlen(origin);

    for (size_t i = 0; i < sizeof(schemes) / sizeof(schemes[0]); i++) {
        size_t n = strlen(schemes[i]);

        if (len > n && text_equal_nocase(origin, n, schemes[i]))
            return is_our_host(bind, origin + n, len - n);
    }
    return false;
}

/* Takes as long whichever byte differs; how long the token is may show. */
static bool is_token(const char *sent, size_t len, const char *token)
{
    size_t token_len = strlen(token);
    unsigned char difference = len != token_len;

    if (token_len == 0)
        return false;
    for (size_t i = 0; i < len; i++)
        difference |= (unsigned char)(sent[i] ^ token[i % token_len]);
    return difference == 0;
}

static bool has_token(const char *authorization, const char *token)
{
    static const char scheme[] = "Bearer ";
    size_t n = sizeof(scheme) - 1;
    const char *sent = authorization;
    size_t len = strlen(sent);

    text_trim(&sent, &len);
    if (len < n || !text_equal_nocase(sent, n, scheme))
        return false;
    sent += n;
    len -= n;
    text_trim(&sent, &len);
    return is_token(sent, len, token);
}

static const char *foreign(struct arena *arena, const char *field,
                           const char *value, const char *expected)
{
    char quoted[QUOTE_CAP];

    return arena_printf(
        arena,
        "%s is \"%s\", expected %s localhost, 127.0.0.1, [::1] or the address "
        "served on",
        field, log_quote(quoted, sizeof(quoted), value, strlen(value)),
        expected);
}

int admin_guard(const struct admin *admin, const struct admin_request *request,
                struct arena *arena, const char **why)
{
    if (!request->host && !request->is_http_1_0) {
        *why = "Host is missing, expected localhost, 127.0.0.1, [::1] or the "
               "address served on";
        return 403;
    }
    if (request->host &&
        !is_our_host(admin->bind, request->host, strlen(request->host))) {
        *why = foreign(arena, "Host", request->host, "one of");
        return 403;
    }
    if (request->origin && !is_our_origin(admin->bind, request->origin)) {
        *why = foreign(arena, "Origin", request->origin,
                       "http:// or https:// and one of");
        return 403;
    }
    if (admin->token && !request->authorization) {
        *why = "Authorization is missing, expected \"Bearer TOKEN\" with the "
               "token the server was started with";
        return 401;
    }
    if (admin->token && !has_token(request->authorization, admin->token)) {
        *why = "Authorization is not \"Bearer TOKEN\" with the token the "
               "server was started with";
        return 401;
    }
    return 0;
}
