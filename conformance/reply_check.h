/*
 * reply_check: holds a reply against what a case expects of it
 * (docs/cases.md, "An expectation of a reply").
 */
#ifndef REPLY_CHECK_H
#define REPLY_CHECK_H

#include <jansson.h>
#include "bytes.h"
#include "wire.h"

/* The body as strict JSON, or NULL; the caller's. */
json_t *reply_json(const struct reply *reply);

/* Adds a line for each thing that is not as expected. `json` is what
 * reply_json() gave. */
void reply_check(const json_t *expect, const struct reply *reply,
                 const json_t *json, struct bytes *problems);

#endif
