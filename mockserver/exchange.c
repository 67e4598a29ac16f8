#include "exchange.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

enum { REPLY_MAX = 64 * 1024 };

/*
 * A thread keeps the exchange that it freed last for the one that it begins
 * next. The allocator finds blocks of that size slowly. Not under a sanitizer,
 * which could not tell a stale pointer then.
 */
static pthread_key_t spare;
static pthread_once_t once = PTHREAD_ONCE_INIT;
static bool has_spare;

static void make_spare(void)
{
#if !defined(SANITIZED) && !defined(__SANITIZE_ADDRESS__) &&                   \
    !defined(__SANITIZE_THREAD__)
    has_spare = pthread_key_create(&spare, free) == 0;
#endif
}

static struct exchange *take_spare(void)
{
    struct exchange *x;

    pthread_once(&once, make_spare);
    x = has_spare ? pthread_getspecific(spare) : NULL;
    if (x)
        pthread_setspecific(spare, NULL);
    return x;
}

static void put_spare(struct exchange *x)
{
    if (!has_spare || pthread_getspecific(spare) ||
        pthread_setspecific(spare, x) != 0)
        free(x);
}

struct exchange *exchange_new(void)
{
    struct exchange *x = take_spare();

    if (!x)
        x = malloc(sizeof(*x));
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
    put_spare(x);
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
