/*
 * json_text: whether bytes are JSON as RFC 8259 writes it, as far as cJSON
 * does not look: it checks no UTF-8, takes any control byte for white space,
 * cuts a string at an escaped NUL, for which it takes any \u without digits
 * too, and reads 01 and 1. as numbers. Asked before cJSON parses what operators
 * write.
 */
#ifndef JSON_TEXT_H
#define JSON_TEXT_H

#include <stddef.h>

struct json_mistake {
    size_t offset;    /* of the first wrong byte */
    const char *what; /* one static phrase, for example "not UTF-8" */
};

/* Returns 0, or -1 with *mistake set. */
int json_text_check(const char *json, size_t len, struct json_mistake *mistake);

/* The length of the number (RFC 8259 section 6) at the start of `s`, which has
 * at least one byte; 0: there is none. */
size_t json_text_number(const char *s, size_t len);

/* The code unit that the \uXXXX at the start of `s` stands for; -1: there is
 * none. */
int json_text_unit(const char *s, size_t len);

#endif
