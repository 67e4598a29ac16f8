/*
 * client_call: one call that a client is asked to make: the arguments that a
 * caller would give, and the line that says so.
 *
 * It is made of a call of a case (docs/cases.md, "Client cases"), which says
 * only what differs from a good one.
 */
#ifndef CLIENT_CALL_H
#define CLIENT_CALL_H

#include <stddef.h>
#include <jansson.h>
#include "config.h"
#include "media.h"
#include "signer.h"

enum { CLIENT_CALL_FILES = 3, CLIENT_CALL_MS = 5000 };

struct client_file {
    const char *name; /* "video", "card", "image" */
    struct media_file media;
};

struct client_call {
    char *id;
    const char *endpoint; /* borrowed from the case */
    json_t *params;       /* object; owned */
    struct client_file files[CLIENT_CALL_FILES];
    size_t n_files;
    int timeout_ms;
};

/* MEDIA_OK, or why it cannot be made (media.h) with *why, which the caller
 * frees; there is then nothing to release. */
enum media_outcome client_call_make(const struct config *config,
                                    const json_t *given, const char *id,
                                    struct client_call *call, char **why);
void client_call_release(struct client_call *call);

/* The line `call` with its line feed; the caller frees it. */
char *client_call_line(const struct config *config,
                       const struct client_call *call,
                       const struct credentials *credentials);

/* The feature that a client needs for it and `features` lacks; NULL: none. */
const char *client_call_lacks(const json_t *features,
                              const struct client_call *call);

#endif
