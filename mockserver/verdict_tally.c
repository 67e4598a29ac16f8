#include "verdict_tally.h"

#include "endpoints.h"
#include "text.h"
#include <inttypes.h>
#include <string.h>

int verdict_code_bit(int code)
{
    const struct error_info *info = error_find(code);

    if (code == ERR_OK)
        return VERDICT_CODE_OK;
    return info ? (int)(info - error_table) : -1;
}

struct verdict_summary tally_summary(const struct verdict_tally *tally)
{
    struct verdict_summary sum = {.n_requests = tally->n_requests};
    uint64_t *by_level[LEVEL__COUNT] = {
        [LEVEL_MUST] = &sum.n_must,
        [LEVEL_SHOULD] = &sum.n_should,
        [LEVEL_INFO] = &sum.n_info,
    };

    for (int i = 0; i < FINDING__COUNT; i++)
        *by_level[finding_info((enum finding)i)->level] += tally->counts[i];
    sum.conformant = sum.n_must == 0;
    return sum;
}

/* Does a come before b: a worse level, or the same and more often? */
static bool is_worse(const struct verdict_tally *tally, enum finding a,
                     enum finding b)
{
    enum finding_level of_a = finding_info(a)->level;
    enum finding_level of_b = finding_info(b)->level;

    if (of_a != of_b)
        return of_a < of_b;
    return tally->counts[a] > tally->counts[b];
}

/* The findings that were counted, worst first. Returns how many. */
static size_t sort_found(const struct verdict_tally *tally,
                         enum finding found[FINDING__COUNT])
{
    size_t n = 0;

    for (int i = 0; i < FINDING__COUNT; i++) {
        enum finding finding = (enum finding)i;
        size_t at = n;

        if (tally->counts[i] == 0)
            continue;
        for (; at > 0 && is_worse(tally, finding, found[at - 1]); at--)
            found[at] = found[at - 1];
        found[at] = finding;
        n++;
    }
    return n;
}

/* JSON */

static void add_json_member(struct strbuf *out, const char *name,
                            const char *value)
{
    strbuf_addf(out, "\"%s\":", name);
    strbuf_add_json(out, value, strlen(value));
}

static void add_json_finding(const struct verdict_tally *tally,
                             enum finding finding, struct strbuf *out)
{
    const struct finding_info *info = finding_info(finding);
    const struct verdict_example *example = tally->examples[finding];

    strbuf_addf(out, "{\"id\":\"%s\",\"level\":\"%s\",\"count\":%" PRIu64,
                info->id, finding_level_name(info->level),
                tally->counts[finding]);
    strbuf_addstr(out, ",\"example\":");
    if (example) {
        strbuf_addf(out, "{\"exchange\":%" PRIu64 ",", example->exchange);
        add_json_member(out, "seen", example->seen);
        strbuf_addch(out, '}');
    } else {
        strbuf_addstr(out, "null");
    }
    strbuf_addch(out, ',');
    add_json_member(out, "reference", info->reference);
    strbuf_addch(out, ',');
    add_json_member(out, "text", info->text);
    strbuf_addch(out, '}');
}

void tally_render_json(const struct verdict_tally *tally, struct strbuf *out)
{
    enum finding found[FINDING__COUNT];
    size_t n = sort_found(tally, found);

    strbuf_addf(
        out, "{\"conformant\":%s,\"requests\":%" PRIu64 ",\"findings\":[",
        tally_summary(tally).conformant ? "true" : "false", tally->n_requests);
    for (size_t i = 0; i < n; i++) {
        if (i > 0)
            strbuf_addch(out, ',');
        add_json_finding(tally, found[i], out);
    }
    strbuf_addch(out, ']');
}

/* text */

static void add_text_finding(const struct verdict_tally *tally,
                             enum finding finding, struct strbuf *out)
{
    const struct finding_info *info = finding_info(finding);
    const struct verdict_example *example = tally->examples[finding];

    strbuf_addf(out, "\n%s %s, %" PRIu64 " %s\n    %s (%s)\n",
                finding_level_name(info->level), info->id,
                tally->counts[finding],
                tally->counts[finding] == 1 ? "time" : "times", info->text,
                info->reference);
    if (example)
        strbuf_addf(out, "    exchange %" PRIu64 ": %s\n", example->exchange,
                    example->seen);
}

void tally_render_text(const struct verdict_tally *tally, struct strbuf *out)
{
    struct verdict_summary sum = tally_summary(tally);
    enum finding found[FINDING__COUNT];
    size_t n = sort_found(tally, found);

    strbuf_addf(out,
                "%s: %" PRIu64 " requests; findings: %" PRIu64 " must, %" PRIu64
                " should, %" PRIu64 " info\n",
                sum.conformant ? "conformant" : "not conformant",
                sum.n_requests, sum.n_must, sum.n_should, sum.n_info);
    for (size_t i = 0; i < n; i++)
        add_text_finding(tally, found[i], out);
}

/* JUnit's XML */

/* What XML 1.0 section 2.2 has no place for becomes '?'. */
static void add_xml(struct strbuf *out, const char *s)
{
    size_t len = strlen(s);
    size_t n;

    for (size_t i = 0; i < len; i += n) {
        n = text_utf8_sequence(s + i, len - i);
        if (n == 0 || (unsigned char)s[i] < 0x20 ||
            (n == 3 && (!memcmp(s + i, "\xef\xbf\xbe", 3) ||
                        !memcmp(s + i, "\xef\xbf\xbf", 3)))) {
            strbuf_addch(out, '?');
            n = n ? n : 1;
        } else if (s[i] == '&') {
            strbuf_addstr(out, "&amp;");
        } else if (s[i] == '<') {
            strbuf_addstr(out, "&lt;");
        } else if (s[i] == '>') {
            strbuf_addstr(out, "&gt;");
        } else if (s[i] == '"') {
            strbuf_addstr(out, "&quot;");
        } else {
            strbuf_add(out, s + i, n);
        }
    }
}

static void add_junit_words(const struct verdict_tally *tally,
                            enum finding finding, struct strbuf *out)
{
    const struct verdict_example *example = tally->examples[finding];

    strbuf_addf(out, "%" PRIu64 " %s", tally->counts[finding],
                tally->counts[finding] == 1 ? "time" : "times");
    if (example) {
        strbuf_addf(out, ", first in exchange %" PRIu64 ": ",
                    example->exchange);
        add_xml(out, example->seen);
    }
}

static void begin_junit_case(const char *id, const char *name,
                             struct strbuf *out)
{
    strbuf_addf(out, "  <testcase name=\"%s\" classname=\"mockserver.verdict.",
                id);
    add_xml(out, name);
}

static void add_junit_case(const struct verdict_tally *tally,
                           enum finding finding, const char *name,
                           struct strbuf *out)
{
    const struct finding_info *info = finding_info(finding);

    begin_junit_case(info->id, name, out);
    if (tally->counts[finding] == 0) {
        strbuf_addstr(out, "\"/>\n");
        return;
    }
    strbuf_addstr(out, "\">\n    ");
    if (info->level == LEVEL_MUST) {
        strbuf_addstr(out, "<failure type=\"must\" message=\"");
        add_junit_words(tally, finding, out);
        strbuf_addstr(out, "\">");
        add_xml(out, info->text);
        strbuf_addf(out, " (%s)</failure>", info->reference);
    } else {
        strbuf_addf(out, "<system-out>%s: ", finding_level_name(info->level));
        add_xml(out, info->text);
        strbuf_addf(out, " (%s); ", info->reference);
        add_junit_words(tally, finding, out);
        strbuf_addstr(out, "</system-out>");
    }
    strbuf_addstr(out, "\n  </testcase>\n");
}

static void add_further_case(const struct verdict_case *further,
                             const char *name, struct strbuf *out)
{
    begin_junit_case(further->name, name, out);
    if (!further->failure) {
        strbuf_addstr(out, "\"/>\n");
        return;
    }
    strbuf_addstr(out, "\">\n    <failure message=\"");
    add_xml(out, further->failure);
    strbuf_addstr(out, "\"/>\n  </testcase>\n");
}

void tally_render_junit(const struct verdict_tally *tally, const char *name,
                        const struct verdict_case *cases, size_t n_cases,
                        struct strbuf *out)
{
    int n_failures = 0;

    for (int i = 0; i < FINDING__COUNT; i++)
        n_failures += tally->counts[i] > 0 &&
                      finding_info((enum finding)i)->level == LEVEL_MUST;
    for (size_t i = 0; i < n_cases; i++)
        n_failures += cases[i].failure != NULL;
    strbuf_addstr(out, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
                       "<testsuite name=\"mockserver.verdict.");
    add_xml(out, name);
    strbuf_addf(out, "\" tests=\"%zu\" failures=\"%d\" errors=\"0\">\n",
                FINDING__COUNT + n_cases, n_failures);
    for (int i = 0; i < FINDING__COUNT; i++)
        add_junit_case(tally, (enum finding)i, name, out);
    for (size_t i = 0; i < n_cases; i++)
        add_further_case(&cases[i], name, out);
    strbuf_addstr(out, "</testsuite>\n");
}

/* coverage */

static const char *add_code(struct strbuf *out, const char *before, int code,
                            const char *endpoint)
{
    strbuf_addf(out, "%s{\"code\":%d,\"endpoint\":\"%s\"}", before, code,
                endpoint);
    return ",";
}

/* The codes that were served, or those that were not though they may occur. */
static void add_codes(const struct verdict_tally *tally, bool served,
                      struct strbuf *out)
{
    const struct endpoint *endpoint;
    const char *before = "";

    for (size_t e = 0; (endpoint = endpoints_at(e)); e++) {
        uint64_t set = tally->codes[e];

        if ((set >> VERDICT_CODE_OK & 1) == served)
            before = add_code(out, before, ERR_OK, endpoint->name);
        for (size_t i = 0; i < error_table_len; i++) {
            const struct error_info *info = &error_table[i];
            bool listed = served || (info->endpoints & endpoint->id);

            if ((set >> i & 1) == served && listed)
                before = add_code(out, before, info->code, endpoint->name);
        }
    }
}

static void add_rules(const struct verdict_tally *tally, bool tripped,
                      struct strbuf *out)
{
    const char *before = "";

    for (int i = 0; i < FINDING__COUNT; i++) {
        if ((tally->counts[i] > 0) != tripped)
            continue;
        strbuf_addf(out, "%s\"%s\"", before, finding_info((enum finding)i)->id);
        before = ",";
    }
}

void tally_render_coverage(const struct verdict_tally *tally,
                           struct strbuf *out)
{
    strbuf_addstr(out, "{\"codes\":{\"exercised\":[");
    add_codes(tally, true, out);
    strbuf_addstr(out, "],\"missing\":[");
    add_codes(tally, false, out);
    strbuf_addf(out, "],\"unlisted\":%" PRIu64 "},\"rules\":{\"tripped\":[",
                tally->n_unlisted);
    add_rules(tally, true, out);
    strbuf_addstr(out, "],\"untripped\":[");
    add_rules(tally, false, out);
    strbuf_addstr(out, "]}}");
}
