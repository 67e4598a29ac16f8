/*
 * fault: the fault SPEC (docs/contract.md section 8): its grammar, and finding
 * it in what a client sends.
 *
 *     spec      = item *("," item)
 *     item      = code ["@" place] / "unlisted=" code / transport
 *               / "delay=" milliseconds / "http=" status
 *
 * with at most one of code, unlisted and transport, each key at most once,
 * blanks around items allowed. A code is one of the catalogue, or 0 for
 * success; unlisted takes only the others. http does not go with a transport
 * fault that sends no status line. A SPEC only describes; server.c performs.
 */
#ifndef FAULT_H
#define FAULT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "error_codes.h"

enum {
    FAULT_MAX_DELAY_MS = 600000,
    FAULT_MAX_SPEC_LEN = 128,
    FAULT_DRIBBLE_MS = 5000,  /* that a whole body takes to dribble */
    FAULT_FILE_WINDOW = 4096, /* a marker lies in a file's first bytes */
    FAULT_WHY_CAP = 512,      /* room for any refusal of fault_parse() */
};

enum fault_transport {
    TRANSPORT_NONE,
    TRANSPORT_RESET,
    TRANSPORT_RESET_DURING_UPLOAD,
    TRANSPORT_EMPTY_RESPONSE,
    TRANSPORT_RANDOM_THEN_CLOSE,
    TRANSPORT_MALFORMED_CHUNK,
    TRANSPORT_TRUNCATED_BODY,
    TRANSPORT_MALFORMED_JSON,
    TRANSPORT_EMPTY_BODY,
    TRANSPORT_HTML_502,
    TRANSPORT_DRIBBLE,
    TRANSPORT_HANG,
    TRANSPORT__COUNT
};

/* Where a fault came from, strongest first. */
enum fault_source {
    FAULT_FROM_NOWHERE,
    FAULT_FROM_HEADER, /* X-Mock-Fault */
    FAULT_FROM_SEQ,    /* seq = mock-fault:SPEC */
    FAULT_FROM_FILE,   /* mock-fault:SPEC; in an uploaded file */
    FAULT_FROM_URL,    /* mock-fault:SPEC; in the url parameter */
    FAULT_FROM_RULE,   /* the admin API */
    FAULT_FROM_OPTION, /* --fault */
    FAULT_SOURCE__COUNT
};

struct fault {
    bool has_code; /* replaces the code; `code` may be one no page lists */
    int code;
    bool has_place; /* `place` was written; else the catalogue's place */
    enum error_place place;
    enum fault_transport transport;
    int http_status;   /* 0: not set; else 200 to 599 */
    uint32_t delay_ms; /* 0: none */
};

/*
 * Parses `len` bytes. Returns 0 and fills *fault, or -1; then *fault is
 * untouched and `why` (a buffer of `why_cap` bytes, may be NULL with 0) holds
 * one phrase: the item, the value seen, what was expected. Control bytes of
 * the input are shown as '?', and a long SPEC is cut in the message.
 */
int fault_parse(struct fault *fault, const char *spec, size_t len, char *why,
                size_t why_cap);

/*
 * Writes the SPEC in its canonical form: code with its place, unlisted or
 * transport first, then http, then delay; a fault that does nothing is
 * "delay=0". fault_parse() makes the same fault of it. Returns the length, as
 * snprintf does.
 */
size_t fault_render(const struct fault *fault, char *buf, size_t cap);

const char *fault_transport_name(enum fault_transport transport);
const char *fault_source_name(enum fault_source source);

/*
 * If `value` is `mock-fault:SPEC`, returns the SPEC's start and sets
 * *spec_len; else NULL. The whole rest of the value is the SPEC.
 */
const char *fault_in_seq(const char *value, size_t len, size_t *spec_len);

/*
 * Finds the first `mock-fault:SPEC;` in `data`. Returns the SPEC's start and
 * sets *spec_len (without the ';'), or NULL when there is no `mock-fault:`.
 * When no ';' follows within the data, all that follows counts as the SPEC
 * (at most FAULT_MAX_SPEC_LEN bytes) and *terminated is false. The caller cuts
 * a file to FAULT_FILE_WINDOW bytes first.
 */
const char *fault_in_data(const void *data, size_t len, size_t *spec_len,
                          bool *terminated);

#endif
