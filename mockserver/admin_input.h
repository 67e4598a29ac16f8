/*
 * admin_input: reads what a caller of the admin API sends, strictly: the
 * parameters of a query, and the members of a JSON object. A mistake is never
 * passed over: it is one phrase that names the parameter or member, the value
 * and what was expected.
 */
#ifndef ADMIN_INPUT_H
#define ADMIN_INPUT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "arena.h"

enum admin_parameter {
    PARAMETER_SINCE,
    PARAMETER_LIMIT,
    PARAMETER_SECRET_ID,
    PARAMETER_ENDPOINT,
    PARAMETER_CODE,
    PARAMETER_WAIT_MS,
    PARAMETER_FORMAT,
    PARAMETER__COUNT
};

/*
 * Reads `query` (NULL: none), undoing %XX and '+', into `values`, NULL for a
 * parameter that is not there. `allowed` has bit 1 << N for parameter N.
 * Returns 0, or -1 with *why, NULL when memory ran out. Strings live in
 * `arena`.
 */
int admin_read_query(struct arena *arena, const char *query, unsigned allowed,
                     const char *values[PARAMETER__COUNT], const char **why);

/*
 * Reads the whole of a parameter's value as a decimal from `min` to `max`.
 * Returns 0, or -1 with *why; a value of NULL leaves *number untouched.
 */
int admin_read_number(struct arena *arena, const char *name, const char *value,
                      int64_t min, int64_t max, int64_t *number,
                      const char **why);

/* The words for messages. */
const char *admin_parameter_name(enum admin_parameter parameter);

enum admin_type { ADMIN_STRING, ADMIN_INTEGER, ADMIN_BOOLEAN };

enum { ADMIN_MAX_MEMBERS = 16 }; /* of one body */

struct admin_member {
    const char *name;
    enum admin_type type;
    bool required;
    int64_t min, max; /* of an integer; within 2^53, so that JSON holds it */

    bool given;
    const char *string; /* without a NUL in it */
    int64_t integer;
    bool boolean;
};

/* Reads a JSON object that has no other members than these, none of them
 * twice. Returns 0, or -1 with *why, as above. */
int admin_read_json(struct arena *arena, const char *body, size_t len,
                    struct admin_member *members, size_t n, const char **why);

/* The string of that name in a JSON object that somebody else has checked, or
 * NULL; the arena owns it. Nothing else of the object stays in memory: it may
 * hold a secret. */
const char *admin_find_string(struct arena *arena, const char *body, size_t len,
                              const char *name);

#endif
