#include "render.h"

#include <string.h>
#include "endpoints.h"
#include "mutants.h"

static int http_status(const struct decision *d,
                       const struct settings *settings)
{
    const struct error_info *info = error_find(d->code);

    if (d->http_status)
        return d->http_status;
    if (mutant(MUTANT_ERRORS_HTTP_400) && d->code > 0)
        return 400;
    return settings->mapped_status && info ? info->http_status : 200;
}

static void render_json(struct exchange *x, const struct settings *settings)
{
    const struct decision *d = &x->decision;
    struct strbuf *out = &x->reply.body;
    const char *message = decision_message(d, settings->language);
    int code = mutant(MUTANT_NOT_FOUND_CODE_0) && !x->endpoint ? 0 : d->code;

    strbuf_addch(out, '{');
    if (x->endpoint) {
        size_t start = out->len;

        strbuf_addstr(out, "\"data\":");
        if (x->endpoint->data(x, settings, out)) {
            strbuf_addch(out, ',');
            code = mutant(MUTANT_CODE_ON_TOP_TOO) ? d->code : 0;
            message = error_message(0, settings->language);
        } else if (mutant(MUTANT_DATA_ON_ERROR)) {
            strbuf_addstr(out, "{},");
        } else {
            strbuf_truncate(out, start);
        }
    }
    strbuf_addstr(out,
                  mutant(MUTANT_CODE_IS_STRING) ? "\"code\":\"" : "\"code\":");
    strbuf_addint(out, code);
    strbuf_addstr(out, mutant(MUTANT_CODE_IS_STRING)    ? "\",\"message\":"
                       : mutant(MUTANT_MESSAGE_RENAMED) ? ",\"msg\":"
                                                        : ",\"message\":");
    strbuf_add_json(out, message, strlen(message));
    if (mutant(MUTANT_JSON_COMMA))
        strbuf_addch(out, ',');
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

    reply->content_type =
        mutant(MUTANT_REPLY_TYPE) ? "text/html" : "application/json";
    reply->http_status = http_status(&x->decision, settings);
    if (x->failed_http_status == 405 && !mutant(MUTANT_ALLOW_MISSING))
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
