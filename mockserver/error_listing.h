/*
 * error_listing: the catalogue of error_codes printed for a reader: a table
 * for the terminal, JSON for a program, or docs/error-codes.md as a whole.
 *
 * `mockserver errors` and the admin API print it. It knows the catalogue and
 * nothing of the server.
 */
#ifndef ERROR_LISTING_H
#define ERROR_LISTING_H

#include "listing.h"

/*
 * Adds the whole listing (see listing_render).
 *
 * JSON is one object, {"errors":[...]} in the order of the catalogue, each
 * with code, symbol, zh, en, endpoints (a list of names), place, http,
 * provenance and trigger.
 */
int error_listing_render(struct strbuf *out, enum listing_format format);

#endif
