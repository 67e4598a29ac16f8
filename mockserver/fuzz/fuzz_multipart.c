/*
 * multipart: the first line of the input is the boundary, the rest the body.
 * Fed whole and fed in pieces it must give the same events, oddities and end.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "fuzz_support.h"
#include "multipart.h"
#include "strbuf.h"

/* What a parser said: its events, content joined, as one text. */
struct record {
    struct arena arena;
    struct multipart *mp;
    struct strbuf events;
    size_t content_len; /* of the current part */
    size_t n_open;      /* parts begun and not ended */
    enum multipart_error error;
};

static void add_text(struct record *r, const char *s, size_t len)
{
    if (!s) {
        strbuf_addstr(&r->events, "-;");
        return;
    }
    FUZZ_CHECK(s[len] == '\0');
    strbuf_addf(&r->events, "%zu:", len);
    strbuf_add(&r->events, s, len);
    strbuf_addch(&r->events, ';');
}

static int on_begin(void *ctx, const struct multipart_header *header)
{
    struct record *r = ctx;

    FUZZ_CHECK(header->name && header->name_len > 0);
    FUZZ_CHECK(r->n_open++ == 0);
    strbuf_addstr(&r->events, "part ");
    add_text(r, header->name, header->name_len);
    add_text(r, header->filename, header->filename_len);
    add_text(r, header->type, header->type_len);
    r->content_len = 0;
    return header->name_len == 4 && !memcmp(header->name, "stop", 4);
}

static int on_data(void *ctx, const char *data, size_t len)
{
    struct record *r = ctx;

    FUZZ_CHECK(len > 0 && r->n_open == 1);
    r->content_len += len;
    strbuf_add(&r->events, data, len);
    return 0;
}

static int on_end(void *ctx)
{
    struct record *r = ctx;

    FUZZ_CHECK(r->n_open-- == 1);
    strbuf_addf(&r->events, "end %zu\n", r->content_len);
    return 0;
}

static void record_init(struct record *r, struct fuzz_input boundary)
{
    static const struct multipart_callbacks callbacks = {
        .part_begin = on_begin,
        .part_data = on_data,
        .part_end = on_end,
    };

    memset(r, 0, sizeof(*r));
    arena_init(&r->arena);
    strbuf_init(&r->events, (size_t)64 << 20);
    r->mp = multipart_new(&r->arena, boundary.ptr, boundary.len, &callbacks, r);
    FUZZ_CHECK(r->mp);
}

static void record_release(struct record *r)
{
    strbuf_release(&r->events);
    arena_release(&r->arena);
}

static void feed_whole(struct record *r, struct fuzz_input body)
{
    enum multipart_error fed = multipart_feed(r->mp, body.ptr, body.len);

    r->error = multipart_finish(r->mp);
    FUZZ_CHECK(fed == MULTIPART_OK || fed == r->error);
}

static void feed_pieces(struct record *r, struct fuzz_input body)
{
    struct fuzz_splits splits;
    char *piece;
    size_t len;

    fuzz_splits_init(&splits, body);
    while ((piece = fuzz_splits_next(&splits, &len))) {
        multipart_feed(r->mp, piece, len);
        free(piece);
    }
    r->error = multipart_finish(r->mp);
}

static void feed_bytes(struct record *r, struct fuzz_input body)
{
    for (size_t i = 0; i < body.len; i++)
        multipart_feed(r->mp, body.ptr + i, 1);
    r->error = multipart_finish(r->mp);
}

static void compare(const struct record *a, const struct record *b)
{
    FUZZ_CHECK(a->error == b->error);
    FUZZ_CHECK(multipart_oddities(a->mp) == multipart_oddities(b->mp));
    FUZZ_CHECK(multipart_n_parts(a->mp) == multipart_n_parts(b->mp));
    FUZZ_CHECK(a->events.len == b->events.len);
    FUZZ_CHECK(!memcmp(a->events.buf, b->events.buf, a->events.len));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    struct fuzz_input body = {(const char *)data, len};
    struct fuzz_input boundary = fuzz_take_line(&body);
    struct record whole, pieces, bytes;

    if (boundary.len == 0 || boundary.len > MULTIPART_MAX_BOUNDARY ||
        memchr(boundary.ptr, '\r', boundary.len))
        return 0;
    record_init(&whole, boundary);
    record_init(&pieces, boundary);
    record_init(&bytes, boundary);
    feed_whole(&whole, body);
    feed_pieces(&pieces, body);
    feed_bytes(&bytes, body);
    FUZZ_CHECK(multipart_n_parts(whole.mp) <= MULTIPART_MAX_PARTS);
    compare(&whole, &pieces);
    compare(&whole, &bytes);
    record_release(&whole);
    record_release(&pieces);
    record_release(&bytes);
    return 0;
}
