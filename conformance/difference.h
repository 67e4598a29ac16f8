/*
 * difference: how replies differ from those that were recorded.
 *
 * It knows replies as the suite saves them, and no files.
 */
#ifndef DIFFERENCE_H
#define DIFFERENCE_H

#include <stddef.h>
#include <jansson.h>
#include "bytes.h"

enum difference_kind {
    DIFFERENCE_TRANSPORT, /* what became of the connection */
    DIFFERENCE_STATUS,    /* of HTTP */
    DIFFERENCE_HEADER,    /* one of those that matter */
    DIFFERENCE_SHAPE,     /* a JSON member missing, extra, of another type */
    DIFFERENCE_CODE,      /* code, live_status, compare_status */
    DIFFERENCE_VALUE,     /* any other value */
    DIFFERENCE_STEP,      /* only one side has it */
    DIFFERENCE__COUNT
};

struct differences {
    struct bytes lines; /* one a difference, ended by a line feed */
    size_t n[DIFFERENCE__COUNT];
    size_t cases; /* that both sides have */
    size_t only_recorded, only_now;
};

void differences_release(struct differences *d);

/* "transport", "status", … */
const char *difference_name(enum difference_kind kind);

/* "2 shape, 3 value; 10 cases compared, 1 only recorded", on one line. The
 * caller frees it. */
char *differences_summary(const struct differences *d);

/* Adds a line "WHERE: WHAT: recorded …, now … (KIND)"; NULL: none. */
void differences_add(struct differences *d, enum difference_kind kind,
                     const char *where, const char *what,
                     const json_t *recorded, const json_t *now);

/* Compares two replies: how the connection ended, status, headers, body. */
void differences_of_replies(struct differences *d, const char *where,
                            const json_t *recorded, const json_t *now);

/* Compares two calls of a client: its answers, and how many requests came. */
void differences_of_calls(struct differences *d, const char *where,
                          const json_t *recorded, const json_t *now);

#endif
