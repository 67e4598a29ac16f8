/*
 * verdict_tally: what was counted, of one client or of all, and its rendering.
 * Only verdict.c includes it, which owns the tallies and holds the lock.
 */
#ifndef VERDICT_TALLY_H
#define VERDICT_TALLY_H

#include "findings.h"
#include "strbuf.h"
#include "verdict.h"
#include <stdint.h>

/* The first exchange that had a finding. */
struct verdict_example {
    uint64_t exchange;
    char seen[FINDING_MAX_SEEN + 1];
};

enum {
    VERDICT_ENDPOINTS = 3, /* by endpoints_at() */
    VERDICT_CODE_OK = 63,  /* the bit of code 0; others: by row */
};

struct verdict_tally {
    uint64_t n_requests;
    uint64_t counts[FINDING__COUNT];
    const struct verdict_example *examples[FINDING__COUNT]; /* NULL: none */
    uint64_t codes[VERDICT_ENDPOINTS]; /* bits of codes served */
    uint64_t n_unlisted;
};

/* The bit of a code of the catalogue or 0; -1 for a code that no page lists. */
int verdict_code_bit(int code);

struct verdict_summary tally_summary(const struct verdict_tally *tally);

/* Leaves the object open after "findings":[…]: members may follow. */
void tally_render_json(const struct verdict_tally *tally, struct strbuf *out);
void tally_render_text(const struct verdict_tally *tally, struct strbuf *out);
void tally_render_junit(const struct verdict_tally *tally, const char *name,
                        const struct verdict_case *cases, size_t n_cases,
                        struct strbuf *out);
void tally_render_coverage(const struct verdict_tally *tally,
                           struct strbuf *out);

#endif
