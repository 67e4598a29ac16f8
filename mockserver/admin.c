#include "admin.h"

#include <string.h>
#include "admin_calls.h"
#include "admin_guard.h"
#include "log.h"
#include "text.h"

enum { QUOTE_CAP = 84 }; /* 80 bytes of a value, "..." and the NUL */

void admin_reply_init(struct admin_reply *reply)
{
    memset(reply, 0, sizeof(*reply));
    strbuf_init(&reply->body, ADMIN_MAX_REPLY);
    arena_init(&reply->arena);
}

void admin_reply_release(struct admin_reply *reply)
{
    strbuf_release(&reply->body);
    arena_release(&reply->arena);
}

static const char *quote(char buf[QUOTE_CAP], const char *s)
{
    return log_quote(buf, QUOTE_CAP, s, strlen(s));
}

/* Does the path match the row's? Then c->rest and c->id are set. */
static bool matches(struct admin_call *c, const struct admin_route *route,
                    const char *path)
{
    const char *brace = strchr(route->path, '{');
    size_t n = brace ? (size_t)(brace - route->path) : 0;

    if (!brace)
        return !strcmp(route->path, path);
    c->rest = path + n;
    if (strncmp(route->path, path, n) != 0 || !path[n])
        return false;
    return strcmp(brace, "{id}") != 0 ||
           text_parse_u64(c->rest, strlen(c->rest), UINT64_MAX, &c->id) == 0;
}

static void refuse_path(struct admin_call *c, const char *path)
{
    struct arena *arena = &c->reply->arena;
    char quoted[QUOTE_CAP];
    const char *list = "";

    for (size_t i = 0; i < admin_n_routes && list; i++) {
        if (i == 0 ||
            strcmp(admin_routes[i].path, admin_routes[i - 1].path) != 0)
            list = arena_printf(arena, "%s%s%s", list,
                                i == 0                   ? ""
                                : i < admin_n_routes - 1 ? ", "
                                                         : " or ",
                                admin_routes[i].path);
    }
    admin_refuse(c, 404,
                 list ? arena_printf(arena, "unknown call \"%s\", expected %s",
                                     quote(quoted, path), list)
                      : NULL);
}

static void refuse_method(struct admin_call *c, const char *allow)
{
    char method[QUOTE_CAP], path[QUOTE_CAP];

    c->reply->allow = allow;
    admin_refusef(c, 405, "the method of %s is \"%s\", expected %s",
                  quote(path, c->request->path),
                  quote(method, c->request->method), allow);
}

/* The row of path and method, or NULL after refusing. */
static const struct admin_route *find_route(struct admin_call *c)
{
    const char *path = c->request->path + strlen(ADMIN_PREFIX);
    const char *allow = "";

    for (size_t i = 0; i < admin_n_routes && allow; i++) {
        if (!matches(c, &admin_routes[i], path))
            continue;
        if (!strcmp(admin_routes[i].method, c->request->method))
            return &admin_routes[i];
        allow = arena_printf(&c->reply->arena, "%s%s%s", allow,
                             *allow ? ", " : "", admin_routes[i].method);
    }
    if (!allow)
        admin_refuse(c, 500, NULL);
    else if (*allow)
        refuse_method(c, allow);
    else
        refuse_path(c, path);
    return NULL;
}

static void answer(struct admin_call *c)
{
    struct arena *arena = &c->reply->arena;
    const struct admin_route *route;
    const char *why = NULL;
    int status = admin_guard(c->admin, c->request, arena, &why);

    if (status != 0) {
        c->reply->challenge = status == 401;
        admin_refuse(c, status, why);
        return;
    }
    route = find_route(c);
    if (!route)
        return;
    if (c->request->body_too_long) {
        admin_refusef(c, 413, "the body is too long, expected at most %d bytes",
                      ADMIN_MAX_BODY);
        return;
    }
    if (admin_read_query(arena, c->request->query, route->parameters, c->values,
                         &why) < 0) {
        admin_refuse(c, 400, why);
        return;
    }
    route->answer(c);
}

void admin_handle(const struct admin *admin,
                  const struct admin_request *request,
                  struct admin_reply *reply)
{
    struct admin_call c = {.admin = admin, .request = request, .reply = reply};

    strbuf_reset(&reply->body);
    reply->status = 200;
    reply->content_type = "application/json";
    reply->allow = NULL;
    reply->challenge = false;
    reply->must_wait = false;
    answer(&c);
    if (reply->body.failed)
        admin_refuse(&c, 500, NULL);
}
