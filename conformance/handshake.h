/*
 * handshake: the first two lines with a client.
 */
#ifndef HANDSHAKE_H
#define HANDSHAKE_H

#include <jansson.h>
#include "bytes.h"
#include "dialogue.h"

enum { HANDSHAKE_MS = 30000 };

/*
 * Sends `start` and judges what comes. Returns the `started` line, which the
 * caller owns; or NULL with *why, one line, which the caller frees. `said`,
 * unless NULL, gets the lines, "→ …" and "← …". *ended tells that the client
 * closed its output.
 */
json_t *handshake(struct dialogue *d, struct bytes *said, bool *ended,
                  char **why);

#endif
