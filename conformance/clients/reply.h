/*
 * reply: judges the bytes of a reply (docs/contract.md sections 1, 5, 6, 7).
 *
 * For livedetect.c. It knows nothing of HTTP.
 */
#ifndef REPLY_H
#define REPLY_H

#include <stddef.h>
#include "livedetect.h"

/*
 * Fills `outcome` with what the reply to `call` says. What is no JSON object
 * with an integer code and a message, or says success without all that the
 * endpoint promises, is LIVEDETECT_BAD_RESPONSE: a client that reads 0 where
 * nothing stands lets the wrong person in. Members that it does not know, and
 * codes that no page lists, are fine.
 */
void reply_judge(struct livedetect_outcome *outcome,
                 const struct livedetect_call *call, const char *text,
                 size_t len);

#endif
