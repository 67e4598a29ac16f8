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
#include "config.h"

#define SECRETS_MASK "(masked)"

/*
 * A deep copy, the caller's, in which these read "(masked)": members named
 * secret_key, admin_token and Authorization; the value of a header field
 * Authorization, whether a pair, an object of name and value, or a line of a
 * message head. Case does not count. A value that is empty, or begins with
 * "(masked", stays. A NUL in a string becomes \x00.
 */
json_t *secrets_masked(const json_t *value);

/* The text with "(masked)" wherever it has this secret, which is not looked
 * for when it is NULL or empty. The caller frees it. */
char *secrets_masked_text(const char *text, const char *secret);

/* What the secret key of an account that the suite makes begins with, before
 * the run's nonce. */
#define SECRETS_KEY "key-"

/*
 * The text, or a deep copy of the value, in which "(masked)" stands for each
 * secret that this run knows: the keys of its accounts, the token of the admin
 * API and, so far as they are secret, the keys that its cases were given. For
 * what targets and clients say, which may repeat anything anywhere. The caller
 * frees it.
 */
char *secrets_hidden_text(const struct config *config, const char *text);
json_t *secrets_hidden(const struct config *config, const json_t *value);

/* The URL with "(masked)" for a user and password. The caller frees it. */
char *secrets_masked_url(const char *url);

#endif
