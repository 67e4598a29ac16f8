/*
 * error_listing: the catalogue of error_codes printed for a reader: a table
 * for the terminal, JSON for a program, or docs/error-codes.md as a whole.
 *
 * `mockserver errors` and the admin API print it. It knows the catalogue and
 * nothing of the server.
 */
#ifndef ERROR_LISTING_H
#define ERROR_LISTING_H

#include <stdio.h>
#include "strbuf.h"

enum error_listing_format { LISTING_TEXT, LISTING_JSON, LISTING_MARKDOWN };

/* Enough for the `max` of a buffer that takes any format. */
enum { ERROR_LISTING_MAX = 256 * 1024 };

/* Reads "text", "json" or "markdown". Returns 0, or -1 for any other name;
 * then *format is untouched. */
int error_listing_format_parse(const char *name,
                               enum error_listing_format *format);

/*
 * Adds the whole listing, which ends in a newline. Returns 0, or -1 when the
 * buffer refused a part of it (full, or out of memory); what it holds is then
 * of no use.
 *
 * JSON is one object, {"errors":[...]} in the order of the catalogue, each
 * with code, symbol, zh, en, endpoints (a list of names), place, http,
 * provenance and trigger.
 */
int error_listing_render(struct strbuf *out, enum error_listing_format format);

/* Writes the listing to `out` and flushes. Returns 0, or -1 when writing
 * failed or memory ran out. */
int error_listing_print(FILE *out, enum error_listing_format format);

#endif
