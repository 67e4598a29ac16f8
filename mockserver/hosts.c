#include "hosts.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <string.h>
#include "text.h"

const char *const hosts_of_service[HOSTS_OF_SERVICE] = {
    "service.image.myqcloud.com",
    "recognition.image.myqcloud.com",
};

/* addresses */

/* They are compared as IPv6, with IPv4 mapped into it (RFC 4291 section
 * 2.5.5.2). */
static struct in6_addr map_ipv4(struct in_addr ipv4)
{
    struct in6_addr address = {0};

    memset(address.s6_addr + 10, 0xff, 2);
    memcpy(address.s6_addr + 12, &ipv4, sizeof(ipv4));
    return address;
}

static bool parse_ip(const char *s, size_t len, bool is_ipv6,
                     struct in6_addr *address)
{
    char text[INET6_ADDRSTRLEN];
    struct in_addr ipv4;

    if (len >= sizeof(text))
        return false;
    memcpy(text, s, len);
    text[len] = '\0';
    if (is_ipv6)
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

bool hosts_is_loopback(const char *address)
{
    struct in6_addr parsed;

    return parse_bind(address, &parsed) && is_loopback(&parsed);
}

bool hosts_is_wildcard(const char *address)
{
    struct in6_addr parsed;

    return parse_bind(address, &parsed) && is_wildcard(&parsed);
}

/* authorities */

/* Reads what follows the host: nothing, or ":" and a port that may be empty. */
static int parse_port(const char *s, size_t len, int *port)
{
    uint64_t number;

    *port = -1;
    if (len == 0 || (len == 1 && s[0] == ':'))
        return 0;
    if (s[0] != ':' || text_parse_u64(s + 1, len - 1, UINT16_MAX, &number) < 0)
        return -1;
    *port = (int)number;
    return 0;
}

int authority_parse(struct authority *a, const char *s, size_t len)
{
    const char *end;

    a->bracketed = len > 0 && s[0] == '[';
    end = memchr(s, a->bracketed ? ']' : ':', len);
    if (a->bracketed && !end)
        return -1;
    a->host = s + a->bracketed;
    a->len = (size_t)((end ? end : s + len) - a->host);
    if (!end)
        end = s + len;
    end += a->bracketed;
    return parse_port(end, (size_t)(s + len - end), &a->port);
}

/* unreserved and sub-delims of RFC 3986 section 2. */
static bool is_host_char(char c)
{
    char low = text_lower(c);

    return (low >= 'a' && low <= 'z') || (c >= '0' && c <= '9') ||
           (c && strchr("-._~!$&'()*+,;=", c));
}

/* A reg-name, or what may stand between brackets (RFC 3986 section 3.2.2). */
static bool is_host(const struct authority *a)
{
    for (size_t i = 0; i < a->len; i++) {
        const char *s = a->host + i;

        if (is_host_char(*s) || (a->bracketed && *s == ':'))
            continue;
        if (a->bracketed || *s != '%' || a->len - i < 3 ||
            text_hex_digit(s[1]) < 0 || text_hex_digit(s[2]) < 0)
            return false;
        i += 2;
    }
    return a->len > 0 || !a->bracketed;
}

bool authority_is_host(const char *s, size_t len)
{
    struct authority a;

    return authority_parse(&a, s, len) == 0 && is_host(&a);
}

static bool ip_of(const struct authority *a, struct in6_addr *address)
{
    return parse_ip(a->host, a->len, a->bracketed, address);
}

static bool is_named(const struct authority *a, const char *name)
{
    return !a->bracketed && text_equal_nocase(a->host, a->len, name);
}

bool hosts_is_service(const struct authority *a)
{
    for (size_t i = 0; i < HOSTS_OF_SERVICE; i++) {
        if (is_named(a, hosts_of_service[i]))
            return true;
    }
    return false;
}

/* Does a name given by the user, a host or a numeric address, mean it? */
static bool is_given(const struct authority *a, const char *name)
{
    struct in6_addr address, given;

    return is_named(a, name) ||
           (ip_of(a, &address) && parse_bind(name, &given) &&
            IN6_ARE_ADDR_EQUAL(&address, &given));
}

bool hosts_is_own(const struct hosts *hosts, const struct authority *a)
{
    struct in6_addr address;

    if (is_named(a, "localhost") || is_given(a, hosts->bind) ||
        (ip_of(a, &address) && is_loopback(&address)))
        return true;
    for (size_t i = 0; i < hosts->n_names; i++) {
        if (is_given(a, hosts->names[i]))
            return true;
    }
    return false;
}

bool hosts_may_administer(const char *bind, const struct authority *a)
{
    struct in6_addr address;

    if (is_named(a, "localhost") || is_given(a, bind) ||
        is_given(a, "127.0.0.1") || is_given(a, "::1"))
        return true;
    return hosts_is_wildcard(bind) && ip_of(a, &address);
}

/* names */

bool hosts_is_address(const char *name)
{
    struct in6_addr address;

    return parse_ip(name, strlen(name), strchr(name, ':') != NULL, &address);
}

static bool is_name_char(char c)
{
    char low = text_lower(c);

    return (low >= 'a' && low <= 'z') || (c >= '0' && c <= '9') || c == '-' ||
           c == '_';
}

bool hosts_is_name(const char *name)
{
    enum { MAX_NAME = 253, MAX_LABEL = 63 };
    size_t label = 0;

    if (strlen(name) > MAX_NAME)
        return false;
    for (; *name; name++) {
        if (*name == '.' ? label == 0 : !is_name_char(*name))
            return false;
        label = *name == '.' ? 0 : label + 1;
        if (label > MAX_LABEL)
            return false;
    }
    return label > 0;
}
