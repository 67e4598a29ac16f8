/* admin: calls of the admin API, for the tests that steer or read it. */
#ifndef ADMIN_CALLS_H
#define ADMIN_CALLS_H

#include "client.h"

/* One call on a connection of its own. `body` may be NULL. */
struct reply admin_call(const struct server *s, const char *method,
                        const char *path, const char *body);

/* GET as JSON; fails the test unless the answer is 200 with JSON. The caller
 * deletes it. */
cJSON *admin_get(const struct server *s, const char *path);

/* The newest entry of the journal; the caller deletes it. */
cJSON *admin_last_entry(const struct server *s);

/* A member by a dotted path, "served.code"; numbers index lists. NULL when
 * there is none. */
const cJSON *json_at(const cJSON *json, const char *path);
int json_int(const cJSON *json, const char *path); /* -999999: no number */
const char *json_text(const cJSON *json, const char *path); /* "" if none */

/* Was a finding of this id noted in the entry? */
bool entry_has_finding(const cJSON *entry, const char *id);

#endif
