/*
 * transcript: an exchange that was saved, as text that a person reads.
 *
 * The exchange is an object of a result: a request and its reply, or what a
 * client was asked, what it answered and what arrived of it.
 */
#ifndef TRANSCRIPT_H
#define TRANSCRIPT_H

#include <jansson.h>
#include "bytes.h"

/* Bytes of a body that are kept with an exchange; more are told by size and
 * SHA-256. */
enum { TRANSCRIPT_MAX_BODY = 64 * 1024 };

/* The message as it went over the wire; a line in brackets stands for a body
 * or reply that is not there. */
void transcript_request(const json_t *request, struct bytes *out);
void transcript_reply(const json_t *reply, struct bytes *out);

/* All of an exchange, every line marked with its direction; control characters
 * are shown as \xNN. */
void transcript_exchange(const json_t *exchange, struct bytes *out);

/* All exchanges of a result. */
void transcript_result(const json_t *result, struct bytes *out);

#endif
