#include "exchange.h"

#include <stdlib.h>
#include <string.h>

enum { REPLY_MAX = 64 * 1024 };

struct exchange *exchange_new(void)
{
    struct exchange *x = malloc(sizeof(*x));

    if (!x)
        return NULL;
    memset(x, 0, offsetof(struct exchange, slab));
    x->request.content_length = -1;
    arena_init_slab(&x->arena, x->slab, sizeof(x->slab));
    body_init(&x->body, &x->arena);
    strbuf_init(&x->reply.body, REPLY_MAX);
    return x;
}

void exchange_free(struct exchange *x)
{
    if (!x)
        return;
    signature_release(&x->signature);
    body_release(&x->body);
    strbuf_release(&x->reply.body);
    arena_release(&x->arena);
    free(x);
}

const char *decision_message(const struct decision *decision,
                             enum language language)
{
    return decision->message ? decision->message
                             : error_message(decision->code, language);
}

enum error_code exchange_fail(struct exchange *x, enum error_code code,
                              const char *why)
{
    if (x->failed == ERR_OK) {
        x->failed = code;
        x->why = why;
    }
    return x->failed;
}
