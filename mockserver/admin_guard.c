#include "admin_guard.h"

#include <string.h>
#include "hosts.h"
#include "log.h"
#include "text.h"

enum { QUOTE_CAP = 84 }; /* 80 bytes of a value, "..." and the NUL */

/* Does `host`, a host with or without a port, name this server? */
static bool is_our_host(const char *bind, const char *host, size_t len)
{
    struct authority authority;

    return authority_parse(&authority, host, len) == 0 &&
           hosts_may_administer(bind, &authority);
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
    if (request->by_proxy) {
        *why = "the admin API is not to be had by way of the proxy: call it "
               "without one";
        return 403;
    }
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
