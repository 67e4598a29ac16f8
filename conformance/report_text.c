#include "report.h"

#include <stdlib.h>
#include <string.h>

#include "utf8.h"
#include "value.h"

enum { NAME_WIDTH = 22 };

static void add_header(struct bytes *out)
{
    bytes_format(out, "%-*s", NAME_WIDTH, "");
    for (int i = 0; i < RESULT__COUNT; i++)
        bytes_format(out, "  %s", result_status_name((enum result_status)i));
    bytes_text(out, "\n");
}

static void add_row(struct bytes *out, const char *name,
                    const struct tally *tally)
{
    bytes_format(out, "%-*s", NAME_WIDTH, name);
    for (int i = 0; i < RESULT__COUNT; i++)
        bytes_format(out, "  %*zu",
                     (int)strlen(result_status_name((enum result_status)i)),
                     tally->of[i]);
    bytes_text(out, "\n");
}

static void add_sections(struct bytes *out, const struct run *run)
{
    struct tallies sections = run_tallies(run, run_section);

    for (size_t i = 0; i < sections.n; i++)
        add_row(out, sections.rows[i].name, &sections.rows[i].tally);
    tallies_release(&sections);
}

static void add_kinds(struct bytes *out, const struct run *run)
{
    struct tallies kinds = run_tallies(run, run_kind);

    for (size_t i = 0; i < kinds.n; i++) {
        char *name = format("%s cases", kinds.rows[i].name);

        add_row(out, name, &kinds.rows[i].tally);
        free(name);
    }
    tallies_release(&kinds);
}

/* A line for each case of a status: what came of it. */
static void add_cases(struct bytes *out, const struct run *run,
                      enum result_status status)
{
    const json_t *result;
    size_t i;

    json_array_foreach(run->results, i, result)
    {
        const char *line = run_first_line(result);

        if (run_status(result) != status)
            continue;
        bytes_format(out, "%s: %s: ", result_status_name(status),
                     value_text(result, "id"));
        utf8_show(line, strlen(line), out);
        bytes_text(out, "\n");
    }
}

/* "12 skipped: the target has no admin API" */
static void add_reasons(struct bytes *out, const struct run *run,
                        run_namer *reason, enum result_status status)
{
    struct tallies reasons = run_tallies(run, reason);

    tallies_sort_by_total(&reasons);
    for (size_t i = 0; i < reasons.n; i++) {
        const struct tally_row *row = &reasons.rows[i];

        bytes_format(out, "%zu %s: ", row->tally.of[status],
                     result_status_name(status));
        utf8_show(row->name, strlen(row->name), out);
        bytes_text(out, "\n");
    }
    tallies_release(&reasons);
}

static void add_differences(struct bytes *out, const struct differences *d)
{
    char *summary;

    if (!d)
        return;
    summary = differences_summary(d);
    bytes_text(out, d->lines.data ? d->lines.data : "");
    bytes_format(out, "differences from the recording: %s\n", summary);
    free(summary);
}

static void add_last_line(struct bytes *out, const struct tally *all)
{
    size_t undecided = tally_undecided(all);

    bytes_format(out, "%zu passed, %zu failed", all->of[RESULT_PASSED],
                 all->of[RESULT_FAILED]);
    if (undecided > 0)
        bytes_format(out, ", %zu skipped", undecided);
    bytes_text(out, "\n");
}

void report_text(const struct run *run, struct bytes *out)
{
    struct tally all = run_tally(run);

    add_header(out);
    add_sections(out, run);
    add_kinds(out, run);
    add_row(out, "all", &all);
    bytes_text(out, "\n");
    add_cases(out, run, RESULT_FAILED);
    add_cases(out, run, RESULT_INFORMATIONAL);
    add_reasons(out, run, run_known_reason, RESULT_KNOWN_FAILING);
    add_reasons(out, run, run_skip_reason, RESULT_SKIPPED);
    add_differences(out, run->differences);
    add_last_line(out, &all);
}
