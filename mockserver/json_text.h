/*
 * json_text: whether bytes are JSON as RFC 8259 writes it, as far as cJSON
 * does not look: it checks no UTF-8, takes any control byte for white space,
 * cuts a string at an escaped NUL, and reads 01 and 1. as numbers. Asked
 * before cJSON parses, for what clients send and operators write alike.
 */
#ifndef JSON_TEXT_H
#define JSON_TEXT_H

#include <stddef.h>

struct json_mistake {
    size_t offset;    /* of the first wrong byte */
    const char *what; /* one static phrase, for example "not UTF-8" */
};

/*
 * Returns 0, or -1 with *mistake set. More than `max_values` values (members,
 * elements, lists and objects) are a mistake too, since each costs a parser
 * much more memory than its bytes; 0: any number.
 */
int json_text_check(const char *json, size_t len, size_t max_values,
                    struct json_mistake *mistake);

#endif
