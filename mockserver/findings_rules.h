/*
 * findings_rules: the rules of findings.def that an exchange alone can answer,
 * in one file for each thing they look at. findings.c calls them in turn; an
 * exchange that conforms costs no allocation.
 */
#ifndef FINDINGS_RULES_H
#define FINDINGS_RULES_H

#include "exchange.h"
#include "settings.h"
#include <stdint.h>

/* Route, host, framing, size, rate. */
void findings_of_message(struct exchange *x, const struct settings *settings);

/* Content type, parts, parameters, media. The head was read. */
void findings_of_body(struct exchange *x);

/* The Authorization value, by itself and against the body. */
void findings_of_signature(struct exchange *x, int64_t now_s);

#endif
