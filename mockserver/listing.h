/*
 * listing: what the printed tables have in common: the formats and their
 * names, and writing one to a stream. It knows none of the tables.
 */
#ifndef LISTING_H
#define LISTING_H

#include "strbuf.h"
#include <stddef.h>
#include <stdio.h>

/* A table for the terminal, JSON for a program, or a page of docs/. */
enum listing_format { LISTING_TEXT, LISTING_JSON, LISTING_MARKDOWN };

/* Enough for the `max` of a buffer that takes any listing. */
enum { LISTING_MAX = 256 * 1024 };

/* Reads "text", "json" or "markdown". Returns 0, or -1 for any other name;
 * then *format is untouched. */
int listing_format_parse(const char *name, enum listing_format *format);

/*
 * Adds a whole listing, which ends in a newline. Returns 0, or -1 when the
 * buffer refused a part of it (full, or out of memory); what it holds is then
 * of no use.
 */
typedef int listing_render(struct strbuf *out, enum listing_format format);

/* Writes a listing to `out` and flushes. Returns 0, or -1 when writing failed
 * or memory ran out. */
int listing_print(FILE *out, enum listing_format format,
                  listing_render *render);

/* Adds `"name":"value",`, the value escaped. */
void listing_add_member(struct strbuf *out, const char *name,
                        const char *value);

#endif
