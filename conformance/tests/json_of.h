/*
 * json_of: a JSON value as a test writes it.
 */
#ifndef JSON_OF_H
#define JSON_OF_H

#include <jansson.h>

/* The value of any type that `text` is; the test fails when it is none. The
 * caller's. */
json_t *json_of(const char *text);

#endif
