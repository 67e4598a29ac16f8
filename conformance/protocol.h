/*
 * protocol: the lines that the suite and a client say to each other
 * (docs/client-protocol.md).
 *
 * It builds ours and judges theirs, for the cases and for
 * --validate-protocol alike, so that both call the same things wrong. It
 * knows nothing of processes, of cases, or of what a right answer would be.
 */
#ifndef PROTOCOL_H
#define PROTOCOL_H

#include <stdbool.h>
#include <stddef.h>
#include <jansson.h>
#include "bytes.h"
#include "signer.h"

enum {
    PROTOCOL_VERSION = 1,
    PROTOCOL_MAX_LINE = 16 << 20, /* bytes, without the line feed */
};

/* What one `call` line asks for; all of it is borrowed. */
struct protocol_call {
    const char *id;
    const char *endpoint;
    const char *base_url;
    const char *ca_file; /* NULL: the system's certificates */
    struct credentials credentials;
    const json_t *params; /* object */
    const json_t *files;  /* object of {"path","sha256","filename","type"} */
    int timeout_ms;
};

/* Each is one line with its line feed; the caller frees it. */
char *protocol_start(void);
char *protocol_stop(void);
char *protocol_call(const struct protocol_call *call);

/* Is `feature` one that the protocol has? */
bool protocol_knows_feature(const char *feature);
/* Is it in the list of a `started` line? */
bool protocol_has_feature(const json_t *features, const char *feature);

/*
 * A line as JSON, which the caller owns. NULL when it is not one object in
 * strict JSON; what is wrong is then added to `problems`.
 */
json_t *protocol_parse(const char *line, size_t len, struct bytes *problems);

/*
 * Judge a parsed line: what is wrong is added to `problems`, a line each,
 * "MEMBER: expected …, got …". Return whether nothing was. An `answer` must
 * be that to the call `id`.
 */
bool protocol_judge_started(const json_t *line, struct bytes *problems);
bool protocol_judge_answer(const json_t *line, const char *id,
                           struct bytes *problems);

#endif
