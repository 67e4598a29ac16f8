#include "proxy.h"

#include <string.h>
#include "hosts.h"
#include "log.h"

enum { HTTPS_PORT = 443, QUOTE_CAP = 260 /* a host name, "..." and NUL */ };

/* Never NULL: a refusal stays one when memory runs out. */
static const char *or_short(const char *why)
{
    return why ? why : "this host is not served";
}

static const char *refuse_host(struct exchange *x, const char *host, size_t len)
{
    char quoted[QUOTE_CAP];

    return or_short(arena_printf(
        &x->arena,
        "host \"%s\" is not served, only %s, %s and the server's own names; "
        "nothing is forwarded",
        log_quote(quoted, sizeof(quoted), host, len), hosts_of_service[0],
        hosts_of_service[1]));
}

static bool is_served(const struct settings *settings, const char *text,
                      size_t len, struct authority *a)
{
    return authority_parse(a, text, len) == 0 &&
           (hosts_is_service(a) || hosts_is_own(&settings->hosts, a));
}

/* RFC 9110 section 4.2.4: its presence is an error, for it hides from a reader
 * whom the request is for. */
static const char names_user[] =
    "the target names a user before its host, and none is served by a user; "
    "nothing is forwarded";

const char *proxy_refusal(const struct settings *settings, struct exchange *x)
{
    const struct request *r = &x->request;
    struct authority a;

    if (!strcmp(r->method, "CONNECT"))
        return "CONNECT must be the first request of its connection, and "
               "outside of TLS";
    if (r->names_user)
        return names_user;
    if (!r->authority ||
        is_served(settings, r->authority, r->authority_len, &a))
        return NULL;
    return refuse_host(x, r->authority, r->authority_len);
}

static bool is_open(const struct authority *a, const uint16_t *ports,
                    size_t n_ports)
{
    if (a->port == HTTPS_PORT)
        return true;
    for (size_t i = 0; i < n_ports; i++) {
        if (!hosts_is_service(a) && a->port == ports[i])
            return true;
    }
    return false;
}

const char *proxy_connect_refusal(const struct settings *settings,
                                  struct exchange *x, const uint16_t *ports,
                                  size_t n_ports)
{
    const char *target = x->request.target;
    char quoted[QUOTE_CAP];
    struct authority a;

    log_quote(quoted, sizeof(quoted), target, strlen(target));
    if (!settings->proxy)
        return or_short(arena_printf(&x->arena,
                                     "CONNECT to \"%s\" is refused: the server "
                                     "was started with --proxy=off",
                                     quoted));
    if (x->request.names_user)
        return names_user;
    if (!is_served(settings, target, strlen(target), &a))
        return refuse_host(x, target, strcspn(target, "/"));
    if (!is_open(&a, ports, n_ports))
        return or_short(arena_printf(
            &x->arena, "CONNECT to \"%s\" is refused: port 443 is served",
            quoted));
    return NULL;
}
