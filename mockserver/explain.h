/*
 * explain: tells a developer why an Authorization value is refused: its
 * decoded fields, the text that was signed, the check that fails, a caret
 * under the first wrong byte where one can be shown, and the mistake behind
 * it, by trying the likely ones (docs/contract.md section 9).
 *
 * It never reveals a secret or the right digest of a text: that would make it
 * a signing oracle.
 */
#ifndef EXPLAIN_H
#define EXPLAIN_H

#include <stdbool.h>
#include <stdint.h>
#include "accounts.h"
#include "arena.h"
#include "signature.h"
#include "strbuf.h"

enum explain_mistake {
    MISTAKE_NONE, /* the signature is good */
    MISTAKE_HEX_DIGEST,
    MISTAKE_DIGEST_ALONE,
    MISTAKE_DIGEST_LAST,
    MISTAKE_URL_SAFE,
    MISTAKE_TRAILING_NEWLINE,
    MISTAKE_SHA256,
    MISTAKE_OTHER_KEY,
    MISTAKE_SWAPPED,
    MISTAKE_SECRET_ID_AS_KEY,
    MISTAKE_PLUS_AS_SPACE,
    MISTAKE_PERCENT_ENCODED,
    MISTAKE_BASE64_TWICE,
    MISTAKE_MILLISECONDS,
    MISTAKE_NOT_ENCODED,
    MISTAKE_NO_PADDING,
    MISTAKE_INNER_BLANKS,
    MISTAKE_LEADING_WORD,
    MISTAKE_QUOTED,
    MISTAKE_SEPARATOR,
    MISTAKE_KEY_BASE64,
    MISTAKE_PLAIN_HASH,
    MISTAKE_SEE_REASON, /* the check that fails says it all */
    MISTAKE_UNKNOWN,    /* the digest is wrong, and nothing tried explains it */
    MISTAKE__COUNT
};

struct explanation {
    enum error_code code; /* what the server answers */
    const char *why;      /* the failing check, one phrase; "" when good */
    enum explain_mistake mistake;
    const char *hint; /* how to mend it, or a warning about a good one; ""
                         when there is nothing to say */
    const char *text; /* what `caret` points into; NULL: none */
    long caret;       /* byte offset of the first wrong byte; -1: none */
    /* The decoded fields, as far as they go, after a mistake of form was
     * mended; `mac` is NULL then. It holds no account and no key, and need not
     * be released. */
    struct signature signature;
};

/*
 * Explains `header` (the field value; NULL when the field is missing). The
 * single-use table is not touched: a signature that was used up is good here.
 * Strings live in `arena`. `now` is in Unix seconds. A mistake is named only
 * when the digest is right without it; of a digest that came alone nothing can
 * be proved, so that its form decides. Other accounts' keys are tried too, the
 * first EXPLAIN_MAX_KEYS of them.
 */
enum { EXPLAIN_MAX_KEYS = 10000 };
void explain(struct explanation *e, struct arena *arena,
             const struct accounts *accounts, const char *header, int64_t now);

/* A stable word for a mistake, for example "hex-digest". */
const char *explain_mistake_name(enum explain_mistake mistake);

/*
 * Adds it as JSON: {"code","message","good","why","mistake","hint",
 * "fields":{"a":…},"original","caret":{"text","offset"}}, where `fields` has
 * those that are there, `original` (the text that was signed) and `caret` may
 * be null, and the offset counts bytes. Or as text for a person, with the
 * caret drawn. Returns 0, or -1 when the buffer refused.
 */
int explain_render_json(const struct explanation *e, struct strbuf *out);
int explain_render_text(const struct explanation *e, struct strbuf *out);

#endif
