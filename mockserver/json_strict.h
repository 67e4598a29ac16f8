/*
 * json_strict: JSON that an operator writes: every member is known, there
 * once and of its type, or the document is refused with one line that names
 * the place in it, the value seen and what was expected.
 *
 * Whoever reads such a document keeps one struct json_strict for messages and
 * says with json_strict_enter() where it is. cJSON parses; what cJSON lets
 * pass and RFC 8259 does not is refused here. It knows of no particular
 * document.
 */
#ifndef JSON_STRICT_H
#define JSON_STRICT_H

#include <stddef.h>
#include <stdint.h>

enum {
    JSON_STRICT_MAX_BYTES = 16 * 1024 * 1024, /* of a document */
};

struct cJSON;

struct json_strict {
    const char *name; /* what messages begin with; NULL: nothing, for a
                         document that is no file */
    char **why;       /* set by what fails; NULL in it: memory ran out */
    char place[128];  /* "accounts[1].keys[0]"; "": the document itself */
};

/* `*why` is set to NULL; what a failure puts there the caller frees. */
void json_strict_init(struct json_strict *js, const char *name, char **why);

/*
 * Goes into a member or element, named by a printf. Returns what
 * json_strict_leave() takes to come back.
 */
size_t json_strict_enter(struct json_strict *js, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));
void json_strict_leave(struct json_strict *js, size_t mark);

/*
 * Sets *why to `NAME: PLACE.MEMBER: MESSAGE`, without the parts that are not
 * there; `member` is NULL for the place itself. Returns -1.
 */
int json_strict_fail(struct json_strict *js, const char *member,
                     const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

/* The same with `found VALUE, expected EXPECTED`; for a NULL `item` with `is
 * missing, expected EXPECTED`. A long value is cut. */
int json_strict_fail_type(struct json_strict *js, const char *member,
                          const struct cJSON *item, const char *expected);

int json_strict_fail_memory(struct json_strict *js);

/*
 * Parses `len` bytes. Returns the document, which the caller deletes, or NULL
 * with *why, which says line and column. Bytes that are not UTF-8, control
 * bytes, NULs (escaped ones too), numbers that JSON does not write so, and
 * bytes after the document are refused.
 */
struct cJSON *json_strict_parse(struct json_strict *js, const char *json,
                                size_t len);

/*
 * The functions below return 0, or -1 with *why set.
 *
 * Refuses a value that is no object, and members that are not among `names`
 * (NULL-terminated, few) or there twice. `expected` describes the object.
 */
int json_strict_object(struct json_strict *js, const struct cJSON *object,
                       const char *const *names, const char *expected);

/* Reads a whole number from min to max. A NULL `item`, a member that was left
 * out, is no mistake and leaves *value alone. */
int json_strict_integer(struct json_strict *js, const char *member,
                        const struct cJSON *item, uint64_t min, uint64_t max,
                        uint64_t *value);

/* The same with a fraction allowed. */
int json_strict_number(struct json_strict *js, const char *member,
                       const struct cJSON *item, double min, double max,
                       double *value);

#endif
