/*
 * decide: which outcome is served: a fault asked for, or the natural one. The
 * order of precedence between the sources of faults is written here, once
 * (docs/contract.md section 8).
 */
#ifndef DECIDE_H
#define DECIDE_H

#include "exchange.h"
#include "fault_rules.h"
#include "settings.h"

/* How much of the request has come. */
enum decide_moment { DECIDE_AT_HEAD, DECIDE_IN_BODY, DECIDE_AT_END };

/*
 * Looks for the strongest fault that is known so far and sets x->fault,
 * x->fault_source, x->fault_rule and x->fault_problem. A later call may find
 * a stronger one. `rules` are asked once for an exchange, at its end, but for
 * those that must act on an upload, which are asked at its head; NULL: none.
 * Exchanges that are no call of an endpoint (HTTP 400, 404, 405) have none.
 */
void decide_fault(struct exchange *x, const struct settings *settings,
                  struct fault_rules *rules, enum decide_moment moment);

/* Sets x->decision from the fault and the natural outcome. */
void decide(struct exchange *x);

#endif
