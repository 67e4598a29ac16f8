/*
 * finding_listing: the contract rules of findings printed for a reader: a
 * table for the terminal, JSON for a program, or docs/findings.md as a whole.
 *
 * `mockserver findings` prints it. It knows the rows and evaluates none.
 */
#ifndef FINDING_LISTING_H
#define FINDING_LISTING_H

#include "listing.h"

/*
 * Adds the whole listing (see listing_render).
 *
 * JSON is one object, {"findings":[...]} in the order of the rows, each with
 * id, level, provenance, reference, text and seen: what the `seen` of such a
 * finding tells.
 */
int finding_listing_render(struct strbuf *out, enum listing_format format);

#endif
