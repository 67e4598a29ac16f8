/*
 * validate: an endpoint's parameter rules, and the request body against the
 * signature (docs/contract.md sections 4 to 6). Reads x->body.values and
 * x->signature; changes nothing.
 */
#ifndef VALIDATE_H
#define VALIDATE_H

#include "error_codes.h"
#include "exchange.h"

/* ERR_OK or ERR_BAD_PARAMETER; then *why (in the exchange's arena) names the
 * parameter, the value seen and what was expected. */
enum error_code validate_params(struct exchange *x, const char **why);

/* ERR_OK or ERR_SIGNATURE_MISMATCH, with *why in the same way. */
enum error_code validate_against_signature(struct exchange *x,
                                           const char **why);

#endif
