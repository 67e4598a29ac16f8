#include "report.h"

#include <stdlib.h>
#include <string.h>

#include "transcript.h"
#include "utf8.h"
#include "value.h"

/* Characters that XML 1.0 has, section 2.2. */
static bool is_xml(uint32_t point)
{
    return point == '\t' || point == '\n' ||
           (point >= 0x20 && point != 0xfffe && point != 0xffff);
}

static void add_char(struct bytes *out, const char *text, size_t len,
                     uint32_t point)
{
    switch (point) {
    case '&':
        bytes_text(out, "&amp;");
        break;
    case '<':
        bytes_text(out, "&lt;");
        break;
    case '>':
        bytes_text(out, "&gt;");
        break;
    case '"':
        bytes_text(out, "&quot;");
        break;
    default:
        if (point == UTF8_BAD)
            bytes_text(out, UTF8_BAD_TEXT);
        else if (is_xml(point))
            bytes_add(out, text, len);
    }
}

/* Text as content of an element or value of an attribute. */
static void add_text(struct bytes *out, const char *text)
{
    uint32_t point;
    size_t len;

    for (; *text; text += len) {
        len = utf8_step(text, &point);
        add_char(out, text, len, point);
    }
}

static void add_attribute(struct bytes *out, const char *name,
                          const char *value)
{
    bytes_format(out, " %s=\"", name);
    add_text(out, value);
    bytes_text(out, "\"");
}

static void add_time(struct bytes *out, long long ms)
{
    bytes_format(out, " time=\"%lld.%03lld\"", ms / 1000, ms % 1000);
}

static void add_counts(struct bytes *out, const struct tally *tally)
{
    bytes_format(
        out, " tests=\"%zu\" failures=\"%zu\" errors=\"0\" skipped=\"%zu\"",
        tally_total(tally), tally->of[RESULT_FAILED], tally_undecided(tally));
}

static void add_failure(struct bytes *out, const json_t *result)
{
    struct bytes trace = {0};
    const json_t *line;
    size_t i;

    bytes_text(out, "<failure type=\"failure\"");
    add_attribute(out, "message", run_first_line(result));
    bytes_text(out, ">");
    json_array_foreach(json_object_get(result, "failures"), i, line)
    {
        add_text(out, json_is_string(line) ? json_string_value(line) : "");
        bytes_text(out, "\n");
    }
    bytes_text(out, "</failure>\n");
    transcript_result(result, &trace);
    if (trace.len > 0) {
        bytes_text(out, "<system-out>");
        add_text(out, trace.data);
        bytes_text(out, "</system-out>\n");
    }
    bytes_release(&trace);
}

/* The format has no word for what is excused but this. */
static void add_skip(struct bytes *out, const json_t *result,
                     enum result_status status)
{
    const char *reason = value_text(result, "reason");
    const char *first = *reason ? reason : run_first_line(result);
    char *message = status == RESULT_SKIPPED
                        ? format("%s", first)
                        : format("%s: %s", result_status_name(status), first);

    bytes_text(out, "<skipped");
    add_attribute(out, "message", message);
    bytes_text(out, "/>\n");
    free(message);
}

static void add_case(struct bytes *out, const json_t *result)
{
    enum result_status status = run_status(result);

    bytes_text(out, "<testcase");
    add_attribute(out, "classname", run_requirement(result));
    add_attribute(out, "name", value_text(result, "id"));
    add_time(out, json_integer_value(json_object_get(result, "duration_ms")));
    if (status == RESULT_PASSED) {
        bytes_text(out, "/>\n");
        return;
    }
    bytes_text(out, ">\n");
    if (status == RESULT_FAILED)
        add_failure(out, result);
    else
        add_skip(out, result, status);
    bytes_text(out, "</testcase>\n");
}

static void add_property(struct bytes *out, const char *name, const char *value)
{
    bytes_text(out, "<property");
    add_attribute(out, "name", name);
    add_attribute(out, "value", value);
    bytes_text(out, "/>\n");
}

static void add_properties(struct bytes *out, const json_t *facts)
{
    const char *name;
    json_t *value;

    bytes_text(out, "<properties>\n");
    json_object_foreach((json_t *)facts, name, value)
    {
        if (json_is_string(value))
            add_property(out, name, json_string_value(value));
    }
    bytes_text(out, "</properties>\n");
}

/* How long the cases of a kind took, one after the other. */
static long long kind_ms(const struct run *run, const char *kind)
{
    const json_t *result;
    size_t i;
    long long ms = 0;

    json_array_foreach(run->results, i, result)
    {
        if (strcmp(run_kind(result), kind) == 0)
            ms += json_integer_value(json_object_get(result, "duration_ms"));
    }
    return ms;
}

static void add_suite(struct bytes *out, const struct run *run,
                      const struct tally_row *kind, const json_t *facts)
{
    const char *started = value_text(facts, "started");
    const json_t *result;
    size_t i;

    bytes_text(out, "<testsuite");
    add_attribute(out, "name", kind->name);
    add_counts(out, &kind->tally);
    add_time(out, kind_ms(run, kind->name));
    /* The schema wants no zone. */
    bytes_format(out, " timestamp=\"%.19s\">\n", started);
    add_properties(out, facts);
    json_array_foreach(run->results, i, result)
    {
        if (strcmp(run_kind(result), kind->name) == 0)
            add_case(out, result);
    }
    bytes_text(out, "</testsuite>\n");
}

void report_junit(const struct run *run, struct bytes *out)
{
    struct tallies kinds = run_tallies(run, run_kind);
    struct tally all = run_tally(run);
    json_t *facts = run_facts(run);

    bytes_text(out, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
                    "<testsuites name=\"conformance\"");
    add_counts(out, &all);
    add_time(out, run->duration_ms);
    bytes_text(out, ">\n");
    for (size_t i = 0; i < kinds.n; i++)
        add_suite(out, run, &kinds.rows[i], facts);
    bytes_text(out, "</testsuites>\n");
    tallies_release(&kinds);
    json_decref(facts);
}
