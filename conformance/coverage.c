#include "coverage.h"

#include <string.h>

#include "error_codes.h"
#include "value.h"

struct endpoint {
    const char *name;
    enum error_endpoints bit;
};

static const struct endpoint endpoints[COVERAGE_ENDPOINTS] = {
    {"livedetectfour", EP_FOUR},
    {"livedetectpicture", EP_PICTURE},
    {"livegetfour", EP_GETFOUR},
};

static const enum coverage_mark marks[RESULT__COUNT] = {
    [RESULT_PASSED] = COVERAGE_PASSED,
    [RESULT_FAILED] = COVERAGE_FAILED,
    [RESULT_SKIPPED] = COVERAGE_SKIPPED,
    [RESULT_INFORMATIONAL] = COVERAGE_EXCUSED,
    [RESULT_KNOWN_FAILING] = COVERAGE_EXCUSED,
};

const char *coverage_endpoint(size_t endpoint)
{
    return endpoints[endpoint].name;
}

static bool covers(const json_t *result, int code, const char *endpoint)
{
    const json_t *pair;
    size_t i;

    json_array_foreach(json_object_get(result, "covers"), i, pair)
    {
        const json_t *value = json_object_get(pair, "code");

        if (json_is_integer(value) && json_integer_value(value) == code &&
            strcmp(value_text(pair, "endpoint"), endpoint) == 0)
            return true;
    }
    return false;
}

enum coverage_mark coverage_of(const struct run *run, const char *kind,
                               int code, size_t endpoint)
{
    enum coverage_mark best = COVERAGE_NONE;
    const json_t *result;
    size_t i;

    json_array_foreach(run->results, i, result)
    {
        enum coverage_mark mark = marks[run_status(result)];

        if (mark > best && strcmp(run_kind(result), kind) == 0 &&
            covers(result, code, endpoints[endpoint].name))
            best = mark;
    }
    return best;
}

struct coverage_count coverage_count(const struct run *run, const char *kind)
{
    struct coverage_count count = {0};

    for (size_t i = 0; i < error_table_len; i++) {
        for (size_t e = 0; e < COVERAGE_ENDPOINTS; e++) {
            if (!(error_table[i].endpoints & endpoints[e].bit))
                continue;
            count.all++;
            if (coverage_of(run, kind, error_table[i].code, e) >=
                COVERAGE_PASSED)
                count.tested++;
        }
    }
    return count;
}
