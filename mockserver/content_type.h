/*
 * content_type: reads a Content-Type field value as leniently as the service
 * must, and can say what was unusual about it.
 *
 * Matching ignores case, parameters and quotes around the whole type
 * (docs/contract.md section 6: the published sample sends "application/json"
 * with its quotes). It reads the boundary parameter quoted or bare, blanks
 * around anything, and a `charset` before or after it.
 */
#ifndef CONTENT_TYPE_H
#define CONTENT_TYPE_H

#include <stdbool.h>
#include <stddef.h>

enum content_kind {
    CONTENT_MISSING,
    CONTENT_JSON,
    CONTENT_MULTIPART,
    CONTENT_OTHER
};

enum boundary_state {
    BOUNDARY_OK,
    BOUNDARY_MISSING,  /* no parameter, or an empty one */
    BOUNDARY_TOO_LONG, /* over 70 bytes */
    BOUNDARY_BAD       /* an unclosed quote, or a byte RFC 2046 forbids that
                          cannot be meant: a control byte */
};

struct content_type {
    enum content_kind kind;
    enum boundary_state boundary_state; /* of CONTENT_MULTIPART only */
    char boundary[71];                  /* NUL-terminated; "" unless OK */
    size_t boundary_len;
    bool boundary_quoted;
    bool type_quoted; /* quotes around the type, as in the published sample */
};

/* Reads `value` (NULL means the field is missing). Always fills *ct. */
void content_type_parse(struct content_type *ct, const char *value);

#endif
