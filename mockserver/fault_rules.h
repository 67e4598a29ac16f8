/*
 * fault_rules: the faults set through the admin API or --rules: which
 * exchanges they match, how often they fire, and how often they did.
 *
 * Rules are asked in the order they were added; the first that matches and
 * fires decides, and those behind it are not asked. Each counts the exchanges
 * that it was asked about and that matched: the first `after` pass, then every
 * `every`-th fires, at most `times` times, each with `probability`; one that
 * the draw spared is not a firing. A rule that does not fire, also one that is
 * used up, passes on to the next.
 *
 * Every member that a match names must agree, byte by byte: `endpoint` with
 * the endpoint's name, `appid` with the signature's `a` (without a signature
 * with the body's appid), `secret_id` with the signature's `k`, `seq` with the
 * seq parameter, a text or an integer. What an exchange costs depends on the
 * rules that match it, not on how many there are. Safe from any thread.
 */
#ifndef FAULT_RULES_H
#define FAULT_RULES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "exchange.h"
#include "fault.h"
#include "strbuf.h"

enum { FAULT_RULES_MAX = 10000 };

struct fault_rules;

/* `seed` feeds the draws of `probability`. NULL when memory ran out. */
struct fault_rules *fault_rules_new(uint64_t seed);
void fault_rules_free(struct fault_rules *rules);  /* NULL is fine */
void fault_rules_reset(struct fault_rules *rules); /* drops all; ids go on */

/*
 * Adds one rule from JSON: {"match":{"endpoint","appid","secret_id","seq"},
 * "fault":SPEC,"times":N,"after":N,"every":N,"probability":P}; all but
 * "fault" may be left out. Returns its id, or 0 with *why set to one line
 * that names the member, the value and what was expected, which the caller
 * frees.
 */
uint64_t fault_rules_add(struct fault_rules *rules, const char *json,
                         size_t len, char **why);

/*
 * Adds all rules of a file, {"faults":[…]}, or none. A rule may have the
 * members that fault_rules_render() adds: they do not count, so that a saved
 * listing is such a file. Returns 0, or -1 with *why, which names file and
 * place.
 */
int fault_rules_load(struct fault_rules *rules, const char *path, char **why);

/* The same from `len` bytes in memory; `name` stands for the path. */
int fault_rules_parse(struct fault_rules *rules, const char *json, size_t len,
                      const char *name, char **why);

size_t fault_rules_count(struct fault_rules *rules);

/* Returns whether there was such a rule. */
bool fault_rules_remove(struct fault_rules *rules, uint64_t id);

/* Adds {"faults":[{"id",…as given…,"matched":N,"fired":N}…]}, or one. The
 * second returns 1 when there is none of that id. */
int fault_rules_render(struct fault_rules *rules, struct strbuf *out);
int fault_rules_render_one(struct fault_rules *rules, uint64_t id,
                           struct strbuf *out);

/*
 * Asks the rules about an exchange. An exchange is asked for twice: `early`
 * when its head is in, for rules whose fault is reset_during_upload and whose
 * match needs no seq, and later for all the others. Returns the id of the
 * rule that fires and fills *fault, or 0.
 */
uint64_t fault_rules_ask(struct fault_rules *rules, const struct exchange *x,
                         bool early, struct fault *fault);

#endif
