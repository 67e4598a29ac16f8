/*
 * render: the decision as an HTTP reply: status, fields and JSON bytes. The
 * replies have a known shape, so they are written directly, not by way of a
 * JSON tree.
 */
#ifndef RENDER_H
#define RENDER_H

#include "exchange.h"
#include "settings.h"

/* Fills x->reply. Returns 0, or -1 when memory ran out. */
int render(struct exchange *x, const struct settings *settings);

#endif
