/*
 * client_ask: puts one call to a client and takes its answer.
 *
 * What a client does wrong on the way is a failure of its behaviour, in one
 * line: that it died, kept silent, said something else. Whether the answer is
 * right is not looked at here.
 */
#ifndef CLIENT_ASK_H
#define CLIENT_ASK_H

#include <stdbool.h>
#include <jansson.h>
#include "client_check.h"
#include "lease.h"
#include "result.h"

/*
 * The answer to check->call, which the caller owns, or NULL. A client that
 * gave none is ended and *lease is NULL; one that said what it should not is
 * *broken, and not to be used for another case.
 */
json_t *client_ask(const struct client_check *check, struct lease **lease,
                   bool *broken);

/* The end of a case: the client must be there and have said no more. It goes
 * back to be used again, unless it is broken. */
void client_part(struct result *result, struct lease *lease, bool broken);

#endif
