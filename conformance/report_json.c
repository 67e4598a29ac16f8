#include "report.h"

#include <stdlib.h>
#include <string.h>

#include "utf8.h"

static json_t *counts(const struct tally *tally)
{
    json_t *object = json_object();

    for (int i = 0; i < RESULT__COUNT; i++)
        json_object_set_new(object, result_status_name((enum result_status)i),
                            json_integer((json_int_t)tally->of[i]));
    return object;
}

/* An object of counts under each name. */
static json_t *counts_by(const struct run *run, run_namer *name)
{
    struct tallies tallies = run_tallies(run, name);
    json_t *object = json_object();

    for (size_t i = 0; i < tallies.n; i++)
        json_object_set_new(object, tallies.rows[i].name,
                            counts(&tallies.rows[i].tally));
    tallies_release(&tallies);
    return object;
}

static json_t *differences(const struct differences *d)
{
    json_t *object = json_object(), *kinds = json_object();
    char *lines = utf8_repaired(d->lines.data ? d->lines.data : "");
    json_t *list = json_array();
    char *rest = lines, *line;

    for (line = strsep(&rest, "\n"); line && rest; line = strsep(&rest, "\n"))
        json_array_append_new(list, json_string(line));
    for (int i = 0; i < DIFFERENCE__COUNT; i++)
        json_object_set_new(kinds, difference_name((enum difference_kind)i),
                            json_integer((json_int_t)d->n[i]));
    json_object_set_new(object, "counts", kinds);
    json_object_set_new(object, "cases", json_integer((json_int_t)d->cases));
    json_object_set_new(object, "only_recorded",
                        json_integer((json_int_t)d->only_recorded));
    json_object_set_new(object, "only_now",
                        json_integer((json_int_t)d->only_now));
    json_object_set_new(object, "lines", list);
    free(lines);
    return object;
}

void report_json(const struct run *run, struct bytes *out)
{
    json_t *report = run_facts(run);
    struct tally all = run_tally(run);
    char *text;

    json_object_set_new(report, "counts", counts(&all));
    json_object_set_new(report, "kinds", counts_by(run, run_kind));
    json_object_set_new(report, "sections", counts_by(run, run_section));
    json_object_set_new(report, "requirements",
                        counts_by(run, run_requirement));
    if (run->differences)
        json_object_set_new(report, "differences",
                            differences(run->differences));
    json_object_set(report, "results", run->results);
    text = json_dumps(report, JSON_INDENT(1));
    bytes_text(out, text ? text : "{}");
    bytes_text(out, "\n");
    free(text);
    json_decref(report);
}
