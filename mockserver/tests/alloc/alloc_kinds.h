/*
 * alloc_kinds: one request of each kind that takes another way through the
 * server, as a table.
 */
#ifndef ALLOC_KINDS_H
#define ALLOC_KINDS_H

#include <stddef.h>
#include "strbuf.h"

/* What the body is; each has its own Content-Type. */
enum body_kind {
    BODY_TEXT,   /* kind->body, JSON */
    BODY_FORM,   /* a right livedetectfour, its video 100 KiB long */
    BODY_GIF,    /* the same with a GIF for a card */
    BODY_BASE64, /* JSON with an image of 30 KiB */
    BODY_LARGE,  /* over the limit */
};

enum kind_flags {
    KIND_UNSIGNED = 1 << 0,
    KIND_EXPECT = 1 << 1, /* the body waits for a 100 */
    KIND_CHUNKED = 1 << 2,
    KIND_RAW = 1 << 3, /* `line` is all that is sent */
    KIND_TLS = 1 << 4,
    KIND_NEW_CA = 1 << 5, /* the certificates are made in the request */
    KIND_TUNNEL = 1 << 6, /* by a CONNECT, which `line` may be all of */
    KIND_LEAVES = 1 << 7, /* the client goes once something came, or the
                             exchange was recorded */
    KIND_WAITS = 1 << 8,  /* a long poll: another request ends the wait */
};

struct kind {
    const char *name;
    const char *line;   /* method and target */
    const char *fields; /* further ones, with their line ends; NULL: none */
    const char *body;
    enum body_kind body_kind;
    unsigned flags;
    int status; /* of its answer when nothing fails; 0: 200, or KIND_ENDS */
    const struct kind *before; /* a request that must have been; NULL: none */
};

enum { KIND_ENDS = -1 }; /* a status: no answer, or not a whole one */

extern const struct kind kinds[];
extern const size_t n_kinds;

enum { KINDS_MAX_BODY = 200 * 1024 /* of the server, in bytes */ };

/* Makes the head, with Authorization unless the flags say otherwise, and the
 * body. */
void kind_render(const struct kind *kind, const char *authorization,
                 struct strbuf *head, struct strbuf *body);

#endif
