#include "result.h"

#include <errno.h>
#include <fnmatch.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "casefile.h"
#include "now.h"
#include "secrets.h"
#include "transcript.h"
#include "utf8.h"
#include "value.h"

static const char *const status_names[RESULT__COUNT] = {
    [RESULT_PASSED] = "passed",
    [RESULT_FAILED] = "failed",
    [RESULT_SKIPPED] = "skipped",
    [RESULT_INFORMATIONAL] = "informational",
    [RESULT_KNOWN_FAILING] = "known-failing",
};

const char *result_status_name(enum result_status status)
{
    return status_names[status];
}

enum result_status result_status_find(const char *name)
{
    size_t i = 0;

    while (i < RESULT__COUNT && strcmp(status_names[i], name) != 0)
        i++;
    return (enum result_status)i;
}

void result_init(struct result *r, const json_t *test_case)
{
    *r = (struct result){
        .test_case = test_case,
        .failures = json_array(),
        .exchanges = json_array(),
        .started_us = now_us(),
    };
}

void result_release(struct result *r)
{
    free(r->reason);
    json_decref(r->failures);
    json_decref(r->exchanges);
    bytes_release(&r->trace);
    *r = (struct result){0};
}

__attribute__((format(printf, 2, 0))) static void add_failure(struct result *r,
                                                              const char *fmt,
                                                              va_list ap)
{
    char *line = vformat(fmt, ap);
    char *shown = utf8_repaired(line);

    json_array_append_new(r->failures, json_string(shown));
    free(line);
    free(shown);
}

void result_fail(struct result *r, const char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    add_failure(r, fmt, ap);
    va_end(ap);
}

void result_fail_setup(struct result *r, const char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    add_failure(r, fmt, ap);
    va_end(ap);
    r->setup_failed = true;
}

void result_skip(struct result *r, const char *fmt, ...)
{
    va_list ap;
    char *reason;

    if (r->reason)
        return;
    va_start(ap, fmt);
    reason = vformat(fmt, ap);
    va_end(ap);
    r->reason = utf8_repaired(reason);
    free(reason);
}

static const char *text_of(const struct result *r, const char *name)
{
    return value_find_text(r->test_case, name);
}

/* The line of the known-failing file that names the case; 0: none does. */
static int find_known(const struct result *r, const struct config *config)
{
    const json_t *known;
    size_t i;

    json_array_foreach(config->known_failing, i, known)
    {
        const char *glob = value_find_text(known, "glob");

        if (fnmatch(glob, text_of(r, "id"), 0) == 0)
            return (int)json_integer_value(json_object_get(known, "line"));
    }
    return 0;
}

/* Does nothing bind the target to what the case expects? */
static bool is_excused(const struct result *r, const struct config *config)
{
    bool is_assumed = strcmp(text_of(r, "provenance"), "assumed") == 0;
    bool is_should = strcmp(text_of(r, "level"), "should") == 0;

    if (config->strict || r->setup_failed)
        return false;
    return is_should || (is_assumed && config->target == TARGET_PLAIN &&
                         !case_is_client(r->test_case));
}

/* A target or a client may say a secret anywhere. */
static void hide_secrets(struct result *r, const struct config *config)
{
    json_t *failures = secrets_hidden(config, r->failures);
    json_t *exchanges = secrets_hidden(config, r->exchanges);
    char *trace =
        secrets_hidden_text(config, r->trace.data ? r->trace.data : "");
    char *reason = r->reason ? secrets_hidden_text(config, r->reason) : NULL;

    json_decref(r->failures);
    json_decref(r->exchanges);
    free(r->reason);
    r->failures = failures;
    r->exchanges = exchanges;
    r->reason = reason;
    r->trace.len = 0;
    bytes_text(&r->trace, trace);
    free(trace);
}

void result_conclude(struct result *r, const struct config *config)
{
    bool failed = json_array_size(r->failures) > 0;
    int line = find_known(r, config);

    if (!failed && r->reason) {
        r->status = RESULT_SKIPPED;
    } else if (!failed && line) {
        result_fail(r, "passes, but line %d of %s lists it as failing", line,
                    config->known_file);
        r->status = RESULT_FAILED;
    } else if (!failed) {
        r->status = RESULT_PASSED;
    } else if (line && !r->setup_failed) {
        free(r->reason);
        r->reason = format("line %d of %s", line, config->known_file);
        r->status = RESULT_KNOWN_FAILING;
    } else if (is_excused(r, config)) {
        r->status = RESULT_INFORMATIONAL;
    } else {
        r->status = RESULT_FAILED;
    }
    hide_secrets(r, config);
}

char *result_text(const struct result *r)
{
    struct bytes text = {0};
    json_t *exchanges = secrets_masked(r->exchanges);
    const json_t *item;
    size_t i;

    bytes_format(&text, "%s: %s (contract section %s; %s, %s)\n",
                 text_of(r, "id"), text_of(r, "title"),
                 text_of(r, "requirement"), text_of(r, "level"),
                 text_of(r, "provenance"));
    json_array_foreach(r->failures, i, item)
        bytes_format(&text, "  %s\n", json_string_value(item));
    json_array_foreach(exchanges, i, item) transcript_exchange(item, &text);
    if (r->trace.len > 0)
        bytes_add(&text, r->trace.data, r->trace.len);
    json_decref(exchanges);
    return text.data;
}

static json_t *to_json(const struct result *r)
{
    static const char *const names[] = {"id", "title", "requirement", "level",
                                        "provenance"};
    json_t *json = json_object();

    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
        json_object_set(json, names[i],
                        json_object_get(r->test_case, names[i]));
    json_object_set_new(json, "kind", json_string(case_kind(r->test_case)));
    json_object_set_new(json, "status", json_string(status_names[r->status]));
    if (r->reason)
        json_object_set_new(json, "reason", json_string(r->reason));
    json_object_set_new(json, "covers", case_covers(r->test_case));
    json_object_set(json, "failures", r->failures);
    json_object_set_new(json, "exchanges", secrets_masked(r->exchanges));
    json_object_set_new(json, "duration_ms",
                        json_integer((now_us() - r->started_us) / 1000));
    return json;
}

int result_save(const struct result *r, const struct config *config)
{
    char *path = format("%s/result/%s.json", config->run_dir, text_of(r, "id"));
    json_t *json = to_json(r);
    int failed;

    errno = 0;
    failed = json_dump_file(json, path, JSON_COMPACT);
    if (failed && !errno)
        errno = EIO;
    free(path);
    json_decref(json);
    return failed;
}
