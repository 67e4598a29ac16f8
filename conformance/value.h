/*
 * value: looks for what a JSON value may have, a member or an item, and may
 * not.
 *
 * Any value may be NULL, and none need be of the type that is hoped for: it
 * then has nothing. What is returned is borrowed from the value.
 */
#ifndef VALUE_H
#define VALUE_H

#include <stdbool.h>
#include <jansson.h>

/* The string member of that name; NULL when there is none. */
const char *value_find_text(const json_t *object, const char *name);

/* The same; "" when there is none. */
const char *value_text(const json_t *object, const char *name);

/* "data.sim": a member of a member, as deep as it goes; NULL when it is not
 * there. */
const json_t *value_find_path(const json_t *object, const char *path);

/* Is `word` one of the strings of a list? */
bool value_has_word(const json_t *list, const char *word);

/* Is `text`, which may be NULL, this word? */
bool text_is(const char *text, const char *word);

#endif
