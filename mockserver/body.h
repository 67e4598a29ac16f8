/*
 * body: the intake of a request body: JSON or multipart, in any pieces, under
 * the caps of docs/contract.md section 3, into one array of parameter values.
 *
 * Uploaded files are streamed past: only their size and first bytes stay. A
 * JSON body is held whole, since the parser needs it, up to the body limit.
 * What is wrong with a body is remembered, not thrown: body_finish() tells.
 */
#ifndef BODY_H
#define BODY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "arena.h"
#include "content_type.h"
#include "error_codes.h"
#include "multipart.h"
#include "params.h"
#include "sha256.h"
#include "strbuf.h"

enum {
    BODY_MAX_FIELD = 64 * 1024, /* of a non-file field; over → 21 */
};

/* The kinds an endpoint takes, as a bit set. */
enum body_kinds { BODY_JSON = 1 << 0, BODY_MULTIPART = 1 << 1 };

/*
 * One part of a multipart body, or one member of a JSON body (then with a
 * name only), as it came. Strings live in the arena.
 */
struct part {
    struct part *next;
    struct multipart_header header;
    enum param_id param;  /* PARAM__COUNT: a name the service does not know */
    enum param_form form; /* PARAM_TEXT or PARAM_FILE; of a JSON member any */
    bool is_file;         /* content is media, not text */
    bool is_complete;     /* its end was seen */
    bool repeated;        /* a known name that an earlier part had already */
    struct upload file;   /* size, head and digest; of text the head is NULL.
                             Of an image in JSON they tell of the decoded
                             bytes, of other members only the size is set */
};

struct body {
    struct arena *arena;
    uint64_t received;    /* bytes so far */
    enum body_kinds kind; /* 0: none that the endpoint takes */
    struct multipart *multipart;
    struct sha256 *hash; /* of the part being read */
    struct strbuf text;  /* the JSON body, from which values borrow, or the
                            text part being read */
    bool has_members;    /* the JSON body was read to its end */
    bool not_utf8;       /* so it was not */
    unsigned char *head; /* of the file part being read, FAULT_FILE_WINDOW
                            bytes */
    struct part *first;  /* parts in order */
    struct part *last;
    enum error_code code;   /* ERR_OK, or why the body cannot be read */
    const char *why;        /* one phrase; NULL when ERR_OK */
    const char *long_field; /* name of a field over BODY_MAX_FIELD, or NULL */
    unsigned n_changes;     /* grows when a fault may have become known */
    struct param_value values[PARAM__COUNT];
};

/* Makes an empty body whose pieces live in `arena`. */
void body_init(struct body *b, struct arena *arena);

/* Frees what is not in the arena. */
void body_release(struct body *b);

/*
 * Says what is coming: the Content-Type and the kinds the endpoint takes.
 * Returns ERR_OK, or ERR_BAD_REQUEST with b->why set when the type is not one
 * of them or the boundary is unusable; then body_feed() only counts bytes.
 * `max_len` caps a JSON body.
 */
enum error_code body_begin(struct body *b, const struct content_type *type,
                           unsigned kinds, uint64_t max_len);

/* Takes the next bytes. */
void body_feed(struct body *b, const char *data, size_t len);

/* Says that the body is complete. Returns b->code; b->values are then as
 * complete as they will get, also after an error. */
enum error_code body_finish(struct body *b);

/* Drops what was kept of the body, since it will not be looked at: it is too
 * long. Later bytes are only counted. */
void body_discard(struct body *b);

#endif
