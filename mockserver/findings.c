#include "findings.h"

#include "findings_rules.h"
#include "log.h"
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

_Static_assert(FINDING__COUNT <= 64, "findings are kept as bits");

static const struct finding_info table[FINDING__COUNT] = {
#define X(symbol, id, level, provenance, reference, text, shows)               \
    [FINDING_##symbol] = {id, level, provenance, reference, text, shows},
#include "findings.def"
#undef X
};

static const char *const level_names[LEVEL__COUNT] = {
    [LEVEL_MUST] = "must",
    [LEVEL_SHOULD] = "should",
    [LEVEL_INFO] = "info",
};

const struct finding_info *finding_info(enum finding finding)
{
    return &table[finding];
}

const char *finding_level_name(enum finding_level level)
{
    return level_names[level];
}

enum finding finding_find(const char *id)
{
    int i = 0;

    while (i < FINDING__COUNT && strcmp(table[i].id, id) != 0)
        i++;
    return (enum finding)i;
}

void findings_add_text(struct exchange *x, enum finding finding, const char *s,
                       size_t len)
{
    uint64_t bit = (uint64_t)1 << finding;
    char seen[FINDING_MAX_SEEN + 1];
    struct finding_note *note;

    if (x->finding_set & bit)
        return;
    x->finding_set |= bit;
    log_quote(seen, sizeof(seen), s, len);

    note = arena_alloc(&x->arena, sizeof(*note));
    if (!note)
        return;
    note->finding = finding;
    note->seen = arena_memdup0(&x->arena, seen, strlen(seen));
    if (!note->seen)
        note->seen = "";
    note->next = x->findings;
    x->findings = note;
}

void findings_add(struct exchange *x, enum finding finding, const char *fmt,
                  ...)
{
    char text[2 * FINDING_MAX_SEEN];
    va_list args;

    va_start(args, fmt);
    vsnprintf(text, sizeof(text), fmt, args);
    va_end(args);
    findings_add_text(x, finding, text, strlen(text));
}

void findings_evaluate(struct exchange *x, const struct settings *settings,
                       int64_t now_s)
{
    findings_of_message(x, settings);
    /* A head that never came whole cannot be judged by what it lacks. */
    if (!x->request.method || x->elsewhere)
        return;
    findings_of_body(x);
    findings_of_signature(x, now_s);
}
