/*
 * run: what all cases of one run came to, for reports and recordings.
 *
 * The process that started the cases fills one when all have ended. A result
 * in here is the JSON that result_save() wrote, which has no secrets.
 */
#ifndef RUN_H
#define RUN_H

#include <stddef.h>
#include <time.h>
#include <jansson.h>
#include "difference.h"
#include "result.h"
#include "tally.h"

struct run {
    const char *version; /* of the suite */
    const char *target;  /* config_target_name() */
    const char *base_url;
    const char *client;      /* command; NULL: none */
    const char *client_name; /* as it calls itself; NULL: it did not say */
    time_t started;
    long long duration_ms;

    json_t *results; /* array, one a selected case, in order; owned */
    const struct differences *differences; /* from a recording; NULL: none was
                                              compared */
};

/*
 * Reads the results of the cases with these ids (array of strings) from
 * RUN_DIR/result/ID.json. A case that left none has failed; what it was is
 * then read from the plan.
 */
void run_collect(struct run *run, const json_t *ids, const char *run_dir);
void run_release(struct run *run);

enum result_status run_status(const json_t *result);
/* The first failure, or the reason, or "". */
const char *run_first_line(const json_t *result);

struct tally run_tally(const struct run *run);

/* Counts by what `name` makes of a result; NULL: does not count. Sorted by
 * name; the caller releases them. */
typedef const char *run_namer(const json_t *result);
struct tallies run_tallies(const struct run *run, run_namer *name);
/* Namers: "4 digest"; "4 Signature"; "service" or "client"; the reason of a
 * case that was skipped; that of a known-failing one. */
run_namer run_requirement, run_section, run_kind, run_skip_reason,
    run_known_reason;

/* {"suite","target","base_url","client","client_name",
 * "started":"2017-07-14T02:40:00Z","duration_ms"}; the caller's. */
json_t *run_facts(const struct run *run);

#endif
