#include "tunnel.h"

#include <stdio.h>
#include "http_request.h"
#include "proxy.h"

static void add_reply(struct strbuf *out, const struct reply *reply)
{
    strbuf_addf(out,
                "HTTP/1.1 %d %s\r\nContent-Type: %s\r\nContent-Length: %zu\r\n"
                "Connection: close\r\n\r\n",
                reply->http_status,
                reply->http_status == 403 ? "Forbidden" : "Bad Request",
                reply->content_type, reply->body.len);
    strbuf_add(out, reply->body.buf, reply->body.len);
    if (out->failed)
        strbuf_reset(out);
}

bool tunnel_may_open(const struct pipeline *p, const char *head, size_t len,
                     const char *client, const uint16_t *ports, size_t n_ports,
                     struct strbuf *reply)
{
    struct exchange *x = pipeline_open(p);
    const char *content, *why;
    size_t content_len;
    bool opens;

    if (!x)
        return false;
    x->request.client = client;
    if (http_request_read(x, head, len, &content, &content_len, &why) < 0)
        x->request.malformed = why;
    else
        x->elsewhere = proxy_connect_refusal(p->settings, x, ports, n_ports);
    opens = !x->request.malformed && !x->elsewhere;
    if (!opens) {
        pipeline_head(p, x);
        x->body_skipped = true;
        if (pipeline_finish(p, x) == 0)
            add_reply(reply, &x->reply);
    }
    exchange_free(x);
    return opens;
}
