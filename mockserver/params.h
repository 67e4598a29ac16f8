/*
 * params: the request parameters of all endpoints, and one view of their
 * values whether they came as form parts or as JSON members. A parameter is
 * told by its name only (docs/contract.md section 5).
 */
#ifndef PARAMS_H
#define PARAMS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "media.h"
#include "sha256.h"

enum param_id {
    PARAM_APPID,
    PARAM_BUCKET,
    PARAM_VALIDATE_DATA,
    PARAM_VIDEO,
    PARAM_COMPARE_FLAG,
    PARAM_CARD,
    PARAM_SEQ,
    PARAM_IMAGE,
    PARAM_URL,
    PARAM__COUNT
};

enum param_form {
    PARAM_ABSENT,
    PARAM_TEXT,    /* `text`; a JSON integer arrives here as its digits */
    PARAM_INTEGER, /* the same, but it was a JSON integer */
    PARAM_FILE,    /* `file` */
    PARAM_OTHER    /* a JSON value of another type; nothing else is set */
};

/* What is kept of uploaded bytes: never the whole of them. */
struct upload {
    uint64_t size;             /* bytes of the whole file */
    const unsigned char *head; /* its first bytes, up to FAULT_FILE_WINDOW */
    size_t head_len;
    bool has_sha256;
    unsigned char sha256[SHA256_LEN]; /* of the whole file */
    bool bad_base64;                  /* came as JSON text that is not Base64 */
};

struct param_value {
    enum param_form form;
    const char *text; /* NUL-terminated, may hold further NULs */
    size_t text_len;
    struct upload file;
};

/* The parameter's name on the wire. */
const char *param_name(enum param_id id);

/* Are its content bytes media rather than text? */
bool param_is_file(enum param_id id);

/* The parameter called so, or PARAM__COUNT. Names are case-sensitive. */
enum param_id param_find(const char *name, size_t len);

/* Was a value given that is not empty? */
bool param_given(const struct param_value *value);

/* Is the value exactly this text? */
bool param_equals(const struct param_value *value, const char *text,
                  size_t len);

enum media_type upload_type(const struct upload *file);

#endif
