/*
 * decide: which outcome is served: a fault asked for, or the natural one. The
 * order of precedence between the sources of faults is written here, once
 * (docs/contract.md section 8).
 */
#ifndef DECIDE_H
#define DECIDE_H

#include "exchange.h"
#include "settings.h"

/*
 * Looks for the strongest fault that is known so far and sets x->fault,
 * x->fault_source and x->fault_problem. Called when the headers are in, when
 * body values arrive, and at the end: a later call may find a stronger one.
 * Exchanges that are no call of an endpoint (HTTP 400, 404, 405) have none.
 */
void decide_fault(struct exchange *x, const struct settings *settings);

/* Sets x->decision from the fault and the natural outcome. */
void decide(struct exchange *x);

#endif
