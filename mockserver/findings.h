/*
 * findings: what a request did that the contract does not allow, advises
 * against, or does not document. All rules are looked at for every exchange,
 * whatever it was answered and whether or not a fault was served.
 *
 * findings.def holds one row a rule; the enum, the listing and
 * docs/findings.md come from it. The rules that need what a client did before
 * (a reused signature, a senseless retry) are evaluated by verdict.c, which
 * remembers it, and added here by the same function.
 */
#ifndef FINDINGS_H
#define FINDINGS_H

#include "error_codes.h"
#include "exchange.h"
#include "settings.h"
#include <stdint.h>

enum finding_level {
    LEVEL_MUST,   /* breaks the contract: the verdict is not conformant */
    LEVEL_SHOULD, /* against its advice */
    LEVEL_INFO,   /* accepted, undocumented, worth knowing */
    LEVEL__COUNT
};

enum finding {
#define X(symbol, id, level, provenance, reference, text, shows)               \
    FINDING_##symbol,
#include "findings.def"
#undef X
    FINDING__COUNT /* at most 64: they are kept as bits */
};

struct finding_info {
    const char *id; /* stable, for example "host.unknown" */
    enum finding_level level;
    enum error_provenance provenance;
    const char *reference; /* "docs/contract.md section 4" or an RFC section */
    const char *text;      /* one sentence: what the rule asks for */
    const char *shows;     /* one phrase: what `seen` tells */
};

enum { FINDING_MAX_SEEN = 200 }; /* bytes of `seen` */

/* What one exchange did against a rule. */
struct finding_note {
    struct finding_note *next;
    enum finding finding;
    const char *seen; /* what was seen, in the exchange's arena; never NULL,
                         never a secret, control bytes replaced */
};

const struct finding_info *finding_info(enum finding finding);
const char *finding_level_name(enum finding_level level);
/* The finding of that id, or FINDING__COUNT. */
enum finding finding_find(const char *id);

/* Evaluates every rule that the exchange alone can answer. `now_s` is the
 * server's clock. Called once, when the exchange is decided or cut short. */
void findings_evaluate(struct exchange *x, const struct settings *settings,
                       int64_t now_s);

/* Notes one finding; a second of the same kind in one exchange is dropped.
 * Text over FINDING_MAX_SEEN bytes is cut. Without memory for the note the
 * bit in x->finding_set stands all the same. */
void findings_add(struct exchange *x, enum finding finding, const char *fmt,
                  ...) __attribute__((format(printf, 3, 4)));
/* The same with bytes of the request as they are. */
void findings_add_text(struct exchange *x, enum finding finding, const char *s,
                       size_t len);

#endif
