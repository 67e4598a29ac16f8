/*
 * form: multipart/form-data bodies, well made or as a case wants them
 * (docs/cases.md, "form").
 */
#ifndef FORM_H
#define FORM_H

#include <stdbool.h>
#include <stddef.h>
#include <jansson.h>
#include "bytes.h"

/* One part; NULL for what it does not have. */
struct part {
    const char *name;
    const char *filename;
    const char *type;
    const char *disposition; /* in place of the whole value */
    bool no_disposition;
    const json_t *headers; /* further lines; or NULL */
    struct bytes data;     /* owned */
    bool is_file;
};

struct form {
    struct part *parts;
    size_t n, cap;
    const json_t *style; /* the member `form` of a request, or NULL */
    const char *boundary;
};

/* An empty part at the end. Borrowed until the next. */
struct part *form_add(struct form *form);
void form_release(struct form *form);

/* Adds the body's bytes. With `size` it is that long, by filling up the first
 * file; 0: as it comes. */
void form_render(const struct form *form, size_t size, struct bytes *body);

/* The Content-Type that goes with it; the caller frees it. */
char *form_content_type(const struct form *form);

#endif
