/*
 * admin_guard: who may use the admin API. A browser on the developer's
 * machine reaches it too, on behalf of any page it shows, so the Host must be
 * ours (against DNS rebinding), an Origin as well (against requests of other
 * sites), and the token must be right where one is set. What comes by the
 * proxy is refused: nobody steers the server by mistake who only uses it.
 */
#ifndef ADMIN_GUARD_H
#define ADMIN_GUARD_H

#include "admin.h"

/* Returns 0 when the request may come in, else the HTTP status to refuse it
 * with, and *why a phrase in the arena (NULL when memory ran out). */
int admin_guard(const struct admin *admin, const struct admin_request *request,
                struct arena *arena, const char **why);

#endif
