/*
 * message: makes the bytes of a request as a case wants it (docs/cases.md, "A
 * request"): good ones in which the case changes what it names.
 */
#ifndef MESSAGE_H
#define MESSAGE_H

#include <stdbool.h>
#include <jansson.h>
#include "authorization.h"
#include "config.h"
#include "media.h"
#include "wire.h"

struct message {
    struct outgoing out;
    char *authorization; /* NULL: none */
    struct bytes body;   /* before its framing, for those who show it */
};

/* Does the request name another account than the case's own? */
bool message_names_other(const json_t *request);

/* MEDIA_OK, or what media_file() says, with *why, which the caller frees.
 * Either way *message is to be released. */
enum media_outcome message_make(const struct config *config,
                                const json_t *request,
                                const struct signing_case *with,
                                struct message *message, char **why);
void message_release(struct message *message);

#endif
