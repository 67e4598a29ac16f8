#include "run.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bytes.h"
#include "casefile.h"
#include "plan.h"
#include "secrets.h"
#include "section.h"
#include "utf8.h"
#include "value.h"

/* What a result has of its case. */
static const char *const case_members[] = {
    "title",
    "requirement",
    "level",
    "provenance",
};

/* A result for a case that left no good one. */
static json_t *failed_result(const char *id, const char *run_dir,
                             const char *failure)
{
    char *repaired = utf8_repaired(failure);
    json_t *test_case = plan_find(run_dir, id);
    json_t *result = json_pack("{s:s, s:s, s:s, s:[s], s:[], s:i}", "id", id,
                               "kind", case_kind(test_case), "status",
                               result_status_name(RESULT_FAILED), "failures",
                               repaired, "exchanges", "duration_ms", 0);

    for (size_t i = 0; i < sizeof(case_members) / sizeof(*case_members); i++) {
        json_t *value = json_object_get(test_case, case_members[i]);

        if (value)
            json_object_set(result, case_members[i], value);
    }
    json_object_set_new(result, "covers", case_covers(test_case));
    json_decref(test_case);
    free(repaired);
    return result;
}

static json_t *read_result(const char *id, const char *run_dir)
{
    char *path = format("%s/result/%s.json", run_dir, id);
    json_error_t error;
    json_t *result;
    char *failure;

    if (access(path, F_OK) < 0) {
        free(path);
        return failed_result(id, run_dir,
                             "did not end: crashed or took too long");
    }
    result = json_load_file(path, 0, &error);
    if (!result) {
        failure = format("left a result that cannot be read: line %d: %s",
                         error.line, error.text);
        result = failed_result(id, run_dir, failure);
        free(failure);
    }
    free(path);
    return result;
}

void run_collect(struct run *run, const json_t *ids, const char *run_dir)
{
    const json_t *id;
    size_t i;

    json_decref(run->results);
    run->results = json_array();
    json_array_foreach(ids, i, id)
    {
        json_array_append_new(run->results,
                              read_result(json_string_value(id), run_dir));
    }
}

void run_release(struct run *run)
{
    json_decref(run->results);
    *run = (struct run){0};
}

enum result_status run_status(const json_t *result)
{
    enum result_status status =
        result_status_find(value_text(result, "status"));

    return status == RESULT__COUNT ? RESULT_FAILED : status;
}

const char *run_first_line(const json_t *result)
{
    const json_t *failures = json_object_get(result, "failures");
    const char *text = json_string_value(json_array_get(failures, 0));

    return text ? text : value_text(result, "reason");
}

struct tally run_tally(const struct run *run)
{
    struct tally tally = {0};
    const json_t *result;
    size_t i;

    json_array_foreach(run->results, i, result)
    {
        tally.of[run_status(result)]++;
    }
    return tally;
}

struct tallies run_tallies(const struct run *run, run_namer *name)
{
    struct tallies tallies = {0};
    const json_t *result;
    size_t i;

    json_array_foreach(run->results, i, result)
    {
        const char *text = name(result);

        if (text)
            tallies_add(&tallies, text, run_status(result));
    }
    tallies_sort_by_name(&tallies);
    return tallies;
}

const char *run_requirement(const json_t *result)
{
    const char *text = value_text(result, "requirement");

    return *text ? text : "none";
}

const char *run_section(const json_t *result)
{
    return section_name(section_of(value_text(result, "requirement")));
}

const char *run_kind(const json_t *result)
{
    return value_text(result, "kind");
}

static const char *reason_if(const json_t *result, enum result_status status)
{
    const char *reason = value_text(result, "reason");

    if (run_status(result) != status)
        return NULL;
    return *reason ? reason : "no reason was given";
}

const char *run_skip_reason(const json_t *result)
{
    return reason_if(result, RESULT_SKIPPED);
}

const char *run_known_reason(const json_t *result)
{
    return reason_if(result, RESULT_KNOWN_FAILING);
}

/* "2017-07-14T02:40:00Z" */
static char *show_started(const struct run *run)
{
    struct tm tm = {0};
    char text[sizeof("2017-07-14T02:40:00Z")] = "";

    gmtime_r(&run->started, &tm);
    strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%SZ", &tm);
    return format("%s", text);
}

/* NULL becomes null; what was given on a command line may be no UTF-8. */
static json_t *text_or_null(const char *text)
{
    char *repaired;
    json_t *value;

    if (!text)
        return json_null();
    repaired = utf8_repaired(text);
    value = json_string(repaired);
    free(repaired);
    return value;
}

json_t *run_facts(const struct run *run)
{
    char *started = show_started(run);
    char *url = run->base_url ? secrets_masked_url(run->base_url) : NULL;
    json_t *facts = json_pack(
        "{s:o, s:o, s:o, s:o, s:o, s:s, s:I}", "suite",
        text_or_null(run->version), "target", text_or_null(run->target),
        "base_url", text_or_null(url), "client", text_or_null(run->client),
        "client_name", text_or_null(run->client_name), "started", started,
        "duration_ms", (json_int_t)run->duration_ms);

    free(started);
    free(url);
    return facts;
}
