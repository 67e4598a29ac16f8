/*
 * authorization: makes the Authorization value that a case asks for, a good
 * one or one that is wrong in the way the case says (docs/cases.md,
 * "signature").
 */
#ifndef AUTHORIZATION_H
#define AUTHORIZATION_H

#include <jansson.h>
#include "signer.h"

struct signing_case {
    const struct credentials *own;
    const struct credentials *other; /* of another account; NULL: none */
    const char *previous;            /* value of the step before; or NULL */
};

/* The value, which the caller frees; NULL when there is to be none.
 * `signature` is the member of a request, NULL when it has none. */
char *authorization_make(const json_t *signature,
                         const struct signing_case *with);

/* `text` with ${appid}, ${bucket}, ${secret_id} and, after `other.`, those of
 * the other account replaced. The caller frees it. */
char *fill_in_names(const char *text, const struct signing_case *with);

#endif
