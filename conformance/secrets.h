/*
 * secrets: takes secrets out of what is kept or shown after a run.
 *
 * The exchanges of a case go through here before they are shown or saved, so
 * that reports and recordings have no secrets to think of. Secret keys and
 * tokens are known by the names of their members, signatures by the name of the
 * header field.
 */
#ifndef SECRETS_H
#define SECRETS_H

#include <jansson.h>

#define SECRETS_MASK "(masked)"

/*
 * A deep copy in which these read "(masked)": members named secret_key,
 * admin_token and Authorization; the value of a header field Authorization,
 * whether a pair, an object of name and value, or a line of a message head.
 * Case does not count. A value that is empty, or begins with "(masked", stays.
 * A NUL in a string becomes \x00.
 */
json_t *secrets_masked(const json_t *value);

/* The URL with "(masked)" for a user and password. The caller frees it. */
char *secrets_masked_url(const char *url);

#endif
