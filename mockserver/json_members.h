/*
 * json_members: reads the members of one JSON object (RFC 8259), as the body
 * of a request holds them. Values that are lists or objects are checked and
 * not kept; so a body costs little more than its bytes, whatever is in it.
 */
#ifndef JSON_MEMBERS_H
#define JSON_MEMBERS_H

#include <stddef.h>
#include "arena.h"
#include "json_text.h"

enum { JSON_MEMBERS_MAX_VALUES = 1024 }; /* at any depth, in the object */

enum json_kind { JSON_STRING, JSON_NUMBER, JSON_OTHER };

struct json_member {
    struct json_member *next;
    const char *name;
    size_t name_len;
    enum json_kind kind;
    const char *text; /* of a string; NULL otherwise */
    size_t text_len;
    double number; /* of a number, rounded as strtod() does in the C locale */
};

/*
 * Reads `json`, after which a NUL must lie. Strings are decoded in place,
 * which spoils the text, and end with a NUL; they hold no other. *members is
 * the list in order, repeated names included; its nodes lie in the arena.
 * Returns 0, or -1 with *mistake set; its `what` is NULL when memory ran out.
 */
int json_members_read(char *json, size_t len, struct arena *arena,
                      struct json_member **members,
                      struct json_mistake *mistake);

#endif
