#include "render.h"

#include <string.h>
#include "endpoints.h"

static int http_status(const struct decision *d,
                       const struct settings *settings)
{
    const struct error_info *info = error_find(d->code);

    if (d->http_status)
        return d->http_status;
    return settings->mapped_status && info ? info->http_status : 200;
}

static void render_json(struct exchange *x, const struct settings *settings)
{
    const struct decision *d = &x->decision;
    struct strbuf *out = &x->reply.body;
    const char *message = decision_message(d, settings->language);
    int code = d->code;

    strbuf_addch(out, '{');
    if (x->endpoint) {
        size_t start = out->len;

        strbuf_addstr(out, "\"data\":");
        if (x->endpoint->data(x, settings, out)) {
            strbuf_addch(out, ',');
            code = 0;
            message = error_message(0, settings->language);
        } else {
            strbuf_truncate(out, start);
        }
    }
    strbuf_addf(out, "\"code\":%d,\"message\":", code);
    strbuf_add_json(out, message, strlen(message));
    strbuf_addch(out, '}');
}

static void render_html(struct exchange *x)
{
    x->reply.content_type = "text/html";
    strbuf_addstr(&x->reply.body,
                  "<html>\r\n<head><title>502 Bad Gateway</title></head>\r\n"
                  "<body>\r\n<center><h1>502 Bad Gateway</h1></center>\r\n"
                  "</body>\r\n</html>\r\n");
    if (!x->decision.http_status)
        x->reply.http_status = 502;
}

int render(struct exchange *x, const struct settings *settings)
{
    struct reply *reply = &x->reply;

    reply->content_type = "application/json";
    reply->http_status = http_status(&x->decision, settings);
    if (x->failed_http_status == 405)
        reply->allow = "POST";
    switch (x->decision.transport) {
    case TRANSPORT_HTML_502:
        render_html(x);
        break;
    case TRANSPORT_EMPTY_BODY:
        break;
    case TRANSPORT_MALFORMED_JSON:
        render_json(x, settings);
        /* Without its last brace, as a cut-off proxy buffer leaves it. */
        strbuf_truncate(&reply->body, reply->body.len - 1);
        break;
    default:
        render_json(x, settings);
    }
    return reply->body.failed ? -1 : 0;
}
