/*
 * request: takes a message head, line by line, into an exchange: the fields
 * that the pipeline reads, the list of all, and the framing rules of
 * docs/contract.md section 10 that the HTTP library lets through. Shared by
 * the server and by the reader of raw requests.
 */
#ifndef REQUEST_H
#define REQUEST_H

#include <stddef.h>
#include "exchange.h"

/*
 * Copies the target, without the user and password of its authority (RFC 3986
 * section 3.2.1), so that nothing later can show them. Returns 0, or -1 when
 * memory ran out.
 */
int request_take_target(struct exchange *x, const char *target);

/*
 * The target is there: sets method, version and the decoded path. The strings
 * are borrowed for the life of the exchange. A method or target of bytes that
 * they must not hold sets x->request.malformed. Returns 0, or -1 when memory
 * ran out.
 */
int request_take_line(struct exchange *x, const char *method,
                      const char *version);

/*
 * Takes one header field; the strings are borrowed, NUL-terminated, and live
 * as long as the exchange. What must be refused (lengths, codings or hosts
 * given twice, a Host that is none, bytes that a field must not hold) sets
 * x->request.malformed.
 * Returns 0, or -1 when memory ran out.
 */
int request_take_field(struct exchange *x, const char *name, size_t name_len,
                       const char *value, size_t value_len);

/* All fields are in: applies the rules that need several of them. */
void request_finish_head(struct exchange *x);

/* Is a body announced? */
bool request_has_body(const struct request *r);

/* Where the query begins in the target, behind its '?'; NULL: none. */
const char *request_query(const struct request *r);

#endif
