/*
 * admin_calls: the calls of the admin API as a table of method, path and
 * handler. A handler reads the call and fills its reply, which was made ready
 * as 200 and JSON; admin.c has let the caller in and read the query.
 */
#ifndef ADMIN_CALLS_H
#define ADMIN_CALLS_H

#include <stddef.h>
#include <stdint.h>
#include "admin.h"
#include "admin_input.h"

/* A request on its way to its answer. */
struct admin_call {
    const struct admin *admin;
    const struct admin_request *request;
    struct admin_reply *reply;
    const char *rest; /* of the path, in the place of {id} or {appid} */
    uint64_t id;      /* {id} */
    const char *values[PARAMETER__COUNT]; /* of the query */
};

struct admin_route {
    const char *path; /* after ADMIN_PREFIX; may end in {id} or {appid} */
    const char *method;
    unsigned parameters; /* bit 1 << N: parameter N is taken */
    void (*answer)(struct admin_call *c);
};

/* Rows of one path stand together. */
extern const struct admin_route admin_routes[];
extern const size_t admin_n_routes;

/* The call `sign`, in a file of its own. */
void admin_sign(struct admin_call *c);

/* Reads the members of the body, or refuses it and returns -1. */
int admin_read_body(struct admin_call *c, struct admin_member *members,
                    size_t n);

/* Answers {"error":why}; a `why` of NULL stands for memory that ran out, and
 * makes it 500. */
void admin_refuse(struct admin_call *c, int status, const char *why);
void admin_refusef(struct admin_call *c, int status, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

#endif
