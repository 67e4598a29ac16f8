#include "report.h"

#include <stdlib.h>
#include <string.h>

#include "coverage.h"
#include "error_codes.h"
#include "section.h"
#include "transcript.h"
#include "utf8.h"
#include "value.h"

static const char *const mark_texts[] = {
    [COVERAGE_NONE] = " ",   [COVERAGE_SKIPPED] = "–",
    [COVERAGE_PASSED] = "✓", [COVERAGE_EXCUSED] = "(✗)",
    [COVERAGE_FAILED] = "✗",
};

/* Text that Markdown takes as nothing but text, on one line, also in a cell
 * of a table. `$` would begin a formula. */
static void add_text(struct bytes *out, const char *text)
{
    struct bytes shown = {0};

    utf8_show(text, strlen(text), &shown);
    for (size_t i = 0; i < shown.len; i++) {
        if (shown.data[i] == '\t')
            bytes_text(out, " ");
        else if (strchr("\\`*_{}[]<>()#+!|~$&@", shown.data[i]))
            bytes_format(out, "\\%c", shown.data[i]);
        else
            bytes_add(out, shown.data + i, 1);
    }
    bytes_release(&shown);
}

/* The longest run of backquotes in a text. */
static size_t longest_fence(const char *text)
{
    size_t longest = 0;

    while (*text) {
        size_t n = strspn(text, "`");

        if (n > longest)
            longest = n;
        text += n;
        text += strcspn(text, "`");
    }
    return longest;
}

/* Lines as they are. */
static void add_block(struct bytes *out, const char *text)
{
    size_t fence = longest_fence(text) + 1;
    size_t len = strlen(text);

    if (fence < 3)
        fence = 3;
    bytes_fill(out, '`', fence);
    bytes_text(out, "text\n");
    bytes_text(out, text);
    if (len > 0 && text[len - 1] != '\n')
        bytes_text(out, "\n");
    bytes_fill(out, '`', fence);
    bytes_text(out, "\n\n");
}

static void add_fact(struct bytes *out, const json_t *facts, const char *name,
                     const char *label)
{
    const char *text = value_text(facts, name);

    if (!*text)
        return;
    bytes_format(out, "- %s: ", label);
    add_text(out, text);
    bytes_text(out, "\n");
}

static void add_facts(struct bytes *out, const struct run *run)
{
    json_t *facts = run_facts(run);

    add_fact(out, facts, "target", "target");
    add_fact(out, facts, "base_url", "address");
    add_fact(out, facts, "client_name", "client");
    add_fact(out, facts, "client", "command of the client");
    add_fact(out, facts, "started", "started");
    bytes_format(out, "- took: %lld.%03lld s\n", run->duration_ms / 1000,
                 run->duration_ms % 1000);
    add_fact(out, facts, "suite", "version of the suite");
    json_decref(facts);
}

static void add_row(struct bytes *out, const char *name,
                    const struct tally *tally, const char *emphasis)
{
    bytes_format(out, "| %s", emphasis);
    add_text(out, name);
    bytes_format(out, "%s |", emphasis);
    for (size_t i = 0; i < RESULT__COUNT; i++)
        bytes_format(out, " %zu |", tally->of[i]);
    bytes_text(out, "\n");
}

static void add_table_head(struct bytes *out, const char *first)
{
    bytes_format(out, "| %s |", first);
    for (int i = 0; i < RESULT__COUNT; i++)
        bytes_format(out, " %s |", result_status_name((enum result_status)i));
    bytes_text(out, "\n|---|");
    for (size_t i = 0; i < RESULT__COUNT; i++)
        bytes_text(out, "--:|");
    bytes_text(out, "\n");
}

/* A row a section, with those of its requirements below it. */
static void add_requirements(struct bytes *out, const struct run *run)
{
    struct tallies sections = run_tallies(run, run_section);
    struct tallies requirements = run_tallies(run, run_requirement);

    bytes_text(out, "\n## By requirement\n\n");
    add_table_head(out, "requirement");
    for (size_t i = 0; i < sections.n; i++) {
        const char *section = sections.rows[i].name;

        add_row(out, section, &sections.rows[i].tally, "**");
        for (size_t j = 0; j < requirements.n; j++) {
            const struct tally_row *row = &requirements.rows[j];

            if (strcmp(section_name(section_of(row->name)), section) == 0)
                add_row(out, row->name, &row->tally, "");
        }
    }
    tallies_release(&sections);
    tallies_release(&requirements);
}

static void add_kinds(struct bytes *out, const struct run *run)
{
    struct tallies kinds = run_tallies(run, run_kind);
    struct tally all = run_tally(run);

    bytes_text(out, "\n");
    add_table_head(out, "cases");
    for (size_t i = 0; i < kinds.n; i++)
        add_row(out, kinds.rows[i].name, &kinds.rows[i].tally, "");
    add_row(out, "all", &all, "**");
    tallies_release(&kinds);
}

static void add_failure(struct bytes *out, const json_t *result)
{
    struct bytes trace = {0};
    const json_t *line;
    size_t i;

    bytes_format(out, "### `%s`\n\n", value_text(result, "id"));
    add_text(out, value_text(result, "title"));
    bytes_text(out, " — requirement ");
    add_text(out, run_requirement(result));
    bytes_format(out, ", %s, %s\n\n", value_text(result, "level"),
                 value_text(result, "provenance"));
    json_array_foreach(json_object_get(result, "failures"), i, line)
    {
        bytes_text(out, "- ");
        add_text(out, json_is_string(line) ? json_string_value(line) : "");
        bytes_text(out, "\n");
    }
    bytes_text(out, "\n");
    transcript_result(result, &trace);
    if (trace.len > 0)
        add_block(out, trace.data);
    bytes_release(&trace);
}

static void add_failures(struct bytes *out, const struct run *run)
{
    struct tally all = run_tally(run);
    const json_t *result;
    size_t i;

    if (all.of[RESULT_FAILED] == 0)
        return;
    bytes_text(out, "\n## Failures\n\n");
    json_array_foreach(run->results, i, result)
    {
        if (run_status(result) == RESULT_FAILED)
            add_failure(out, result);
    }
}

static void add_code(struct bytes *out, const struct run *run, const char *kind,
                     int code)
{
    bytes_format(out, "| %d | ", code);
    add_text(out, error_message(code, LANGUAGE_EN));
    bytes_text(out, " |");
    for (size_t e = 0; e < COVERAGE_ENDPOINTS; e++)
        bytes_format(out, " %s |", mark_texts[coverage_of(run, kind, code, e)]);
    bytes_text(out, "\n");
}

static void add_codes(struct bytes *out, const struct run *run,
                      const char *kind)
{
    struct coverage_count count = coverage_count(run, kind);

    bytes_format(out, "\n## Codes × endpoints, %s cases\n\n", kind);
    bytes_text(out, "✓ passed, ✗ failed, (✗) informational or known-failing, "
                    "– skipped, blank: not covered. ");
    bytes_format(out,
                 "Of the %zu pairs that may occur by the catalogue, %zu were "
                 "tested.\n\n| code | meaning |",
                 count.all, count.tested);
    for (size_t e = 0; e < COVERAGE_ENDPOINTS; e++)
        bytes_format(out, " %s |", coverage_endpoint(e));
    bytes_text(out, "\n|--:|---|");
    for (size_t e = 0; e < COVERAGE_ENDPOINTS; e++)
        bytes_text(out, ":-:|");
    bytes_text(out, "\n");
    add_code(out, run, kind, ERR_OK);
    for (size_t i = 0; i < error_table_len; i++)
        add_code(out, run, kind, error_table[i].code);
}

static void add_code_tables(struct bytes *out, const struct run *run)
{
    struct tallies kinds = run_tallies(run, run_kind);

    for (size_t i = kinds.n; i > 0; i--)
        add_codes(out, run, kinds.rows[i - 1].name);
    tallies_release(&kinds);
}

/* The cases that `reason` gives this text for, in one line. */
static void add_ids(struct bytes *out, const struct run *run, run_namer *reason,
                    const char *text)
{
    const json_t *result;
    size_t i;
    const char *between = "";

    json_array_foreach(run->results, i, result)
    {
        const char *own = reason(result);

        if (!own || strcmp(own, text) != 0)
            continue;
        bytes_format(out, "%s`%s`", between, value_text(result, "id"));
        between = ", ";
    }
}

static void add_reasons(struct bytes *out, const struct run *run,
                        run_namer *reason, const char *title)
{
    struct tallies reasons = run_tallies(run, reason);

    if (reasons.n > 0)
        bytes_format(out, "\n## %s\n\n", title);
    tallies_sort_by_total(&reasons);
    for (size_t i = 0; i < reasons.n; i++) {
        const struct tally_row *row = &reasons.rows[i];

        bytes_format(out, "- %zu: ", tally_total(&row->tally));
        add_text(out, row->name);
        bytes_text(out, ": ");
        add_ids(out, run, reason, row->name);
        bytes_text(out, "\n");
    }
    tallies_release(&reasons);
}

static void add_informational(struct bytes *out, const struct run *run)
{
    struct tally all = run_tally(run);
    const json_t *result;
    size_t i;

    if (all.of[RESULT_INFORMATIONAL] == 0)
        return;
    bytes_text(out, "\n## Informational\n\n");
    json_array_foreach(run->results, i, result)
    {
        if (run_status(result) != RESULT_INFORMATIONAL)
            continue;
        bytes_format(out, "- `%s`: ", value_text(result, "id"));
        add_text(out, run_first_line(result));
        bytes_text(out, "\n");
    }
}

static void add_differences(struct bytes *out, const struct differences *d)
{
    char *summary, *lines;

    if (!d)
        return;
    summary = differences_summary(d);
    bytes_format(out, "\n## Differences from the recording\n\n%s\n\n", summary);
    lines = utf8_repaired(d->lines.data ? d->lines.data : "");
    if (*lines)
        add_block(out, lines);
    free(summary);
    free(lines);
}

void report_markdown(const struct run *run, struct bytes *out)
{
    struct tally all = run_tally(run);

    bytes_text(out, "# Conformance report\n\n");
    bytes_format(out, "**%zu passed, %zu failed**\n\n", all.of[RESULT_PASSED],
                 all.of[RESULT_FAILED]);
    add_facts(out, run);
    add_kinds(out, run);
    add_requirements(out, run);
    add_failures(out, run);
    add_code_tables(out, run);
    add_reasons(out, run, run_skip_reason, "Skipped");
    add_informational(out, run);
    add_reasons(out, run, run_known_reason, "Known failing");
    add_differences(out, run->differences);
}
