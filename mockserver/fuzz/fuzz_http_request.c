/*
 * A raw request: the input is one. What was read is written down again in the
 * plainest form, with a Content-Length, and must read as the same, with
 * nothing to remark.
 */
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include "fuzz_support.h"
#include "http_request.h"

struct reading {
    struct exchange *x;
    int result;
    const char *body;
    size_t body_len;
    const char *why;
};

static struct reading read_request(const char *data, size_t len)
{
    struct reading r = {.x = exchange_new()};

    FUZZ_CHECK(r.x);
    r.result = http_request_read(r.x, data, len, &r.body, &r.body_len, &r.why);
    return r;
}

static void check_fields(const struct request *q)
{
    for (const struct field *f = q->fields; f; f = f->next) {
        FUZZ_CHECK(f->name[f->name_len] == '\0');
        FUZZ_CHECK(f->value[f->value_len] == '\0');
    }
}

/* The framing is undone, so its fields go. */
static int is_framing(const struct field *f)
{
    return !strcasecmp(f->name, "Content-Length") ||
           !strcasecmp(f->name, "Transfer-Encoding");
}

static void render(const struct reading *r, struct strbuf *out)
{
    const struct request *q = &r->x->request;

    strbuf_addf(out, "%s %s %s\r\n", q->method, q->target, q->version);
    for (const struct field *f = q->fields; f; f = f->next) {
        if (!is_framing(f))
            strbuf_addf(out, "%s: %s\r\n", f->name, f->value);
    }
    strbuf_addf(out, "Content-Length: %zu\r\n\r\n", r->body_len);
    strbuf_add(out, r->body, r->body_len);
    FUZZ_CHECK(!out->failed);
}

static void compare(const struct reading *a, const struct reading *b)
{
    const struct request *p = &a->x->request, *q = &b->x->request;
    const struct field *g = q->fields;

    FUZZ_CHECK(b->result == 0 && !q->malformed && !b->why);
    FUZZ_CHECK(!strcmp(p->method, q->method));
    FUZZ_CHECK(!strcmp(p->target, q->target));
    FUZZ_CHECK(!strcmp(p->version, q->version));
    FUZZ_CHECK(!p->path == !q->path && (!p->path || !strcmp(p->path, q->path)));
    for (const struct field *f = p->fields; f; f = f->next) {
        if (is_framing(f))
            continue;
        FUZZ_CHECK(g && !strcmp(f->name, g->name) &&
                   !strcmp(f->value, g->value));
        g = g->next;
    }
    FUZZ_CHECK(a->body_len == b->body_len);
    FUZZ_CHECK(!memcmp(a->body, b->body, a->body_len));
}

static void check_again(const struct reading *first, size_t len)
{
    struct reading second;
    struct strbuf out;

    strbuf_init(&out, 2 * len + 1000);
    render(first, &out);
    second = read_request(out.buf, out.len);
    compare(first, &second);
    exchange_free(second.x);
    strbuf_release(&out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    struct reading r = read_request(data ? (const char *)data : "", len);

    FUZZ_CHECK(r.body_len <= len);
    if (r.result < 0) {
        FUZZ_CHECK(r.result == -1 && r.why && !strchr(r.why, '\n'));
    } else {
        check_fields(&r.x->request);
        if (r.x->request.malformed)
            FUZZ_CHECK(r.body_len == 0);
        else
            check_again(&r, len);
    }
    exchange_free(r.x);
    return 0;
}
