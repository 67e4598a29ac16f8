/*
 * case_account: the account that a case's requests are signed for.
 *
 * Where there is an admin API each case makes its own, so that cases run side
 * by side and the server can tell whose request it was. Elsewhere it is one
 * of those that the target was said to know.
 */
#ifndef CASE_ACCOUNT_H
#define CASE_ACCOUNT_H

#include <stdbool.h>
#include <jansson.h>
#include "config.h"
#include "result.h"

struct case_account {
    json_t *json; /* as in an accounts file; owned */
    bool added;   /* by the admin API, to be removed again */
};

/*
 * `wanted` is the member `account` of a case: the name of a role, an account,
 * or NULL for the default one. 0, or -1 when the case cannot go on: *result
 * says why, as a skip or as a failure of the set-up. Releasing one that was
 * not got does nothing.
 */
int case_account_get(const struct config *config, const char *case_id,
                     const json_t *wanted, struct case_account *account,
                     struct result *result);
void case_account_release(const struct config *config,
                          struct case_account *account);

#endif
