/*
 * bugs: deliberate bugs of the reference client, one row of bugs.def each.
 *
 * A suite that a mutant passes does not check what the mutant gets wrong;
 * `make mutants` runs it against them all. One is selected when the program
 * starts (`--bug NAME`), or none. Most are made here, so that the client asks
 * in a few places only and stays readable.
 */
#ifndef BUGS_H
#define BUGS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <curl/curl.h>
#include "livedetect.h"
#include "request.h"

enum bug {
    BUG_NONE,
#define X(symbol, where, name, what) BUG_##symbol,
#include "bugs.def"
#undef X
};

/* Is this the selected one? */
bool bug(enum bug bug);

/* Selects the bug of that name. 0, or -1 when there is none. */
int bugs_select(const char *name);

/* Prints `name<TAB>what` a line. */
void bugs_print(FILE *out);

/* Each does something only if the selected bug is of its kind. */

/* A wrong Authorization value; NULL: make a right one. */
char *bugs_sign(const struct livedetect *client);
/* Changes what is sent. */
void bugs_fields(struct field *fields, size_t n);
/* Sends these fields in a body of its own making. */
void bugs_body(struct request *request, CURL *curl, const struct field *fields,
               size_t n);
/* Sets another time limit than `timeout_ms`. */
void bugs_timeout(CURL *curl, long timeout_ms);
/* Changes what was judged of a reply's `len` bytes. */
void bugs_reply(struct livedetect_outcome *outcome, const char *text,
                size_t len);
/* Must the call be repeated at once, whatever came? */
bool bugs_repeat(const struct livedetect_outcome *outcome);

#endif
