#include "result.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <criterion/criterion.h>

#include "json_of.h"
#include "scratch.h"

TestSuite(result, .init = scratch_make, .fini = scratch_remove, .timeout = 10);

#define NAMES "\"id\":\"a-1\",\"title\":\"t\",\"requirement\":\"4 digest\""
#define SERVICE "\"steps\":[]"
#define CLIENT "\"calls\":[]"

static json_t *make_case(const char *level, const char *provenance,
                         const char *kind)
{
    char *text = format("{" NAMES ",\"level\":\"%s\",\"provenance\":\"%s\",%s}",
                        level, provenance, kind);
    json_t *test_case = json_of(text);

    free(text);
    return test_case;
}

/* What a deviation from such a case is. */
static enum result_status status_of(const char *level, const char *provenance,
                                    const char *kind,
                                    const struct config *config)
{
    json_t *test_case = make_case(level, provenance, kind);
    enum result_status status;
    struct result r;

    result_init(&r, test_case);
    result_fail(&r, "no");
    result_conclude(&r, config);
    status = r.status;
    result_release(&r);
    json_decref(test_case);
    return status;
}

static void expect_status(enum result_status got, enum result_status expected)
{
    cr_expect_str_eq(result_status_name(got), result_status_name(expected));
}

/* A result of a case that binds every target. */
static struct result started(void)
{
    struct result r;

    result_init(&r, make_case("must", "documented", SERVICE));
    return r;
}

static void finished(struct result *r)
{
    json_decref((json_t *)r->test_case);
    result_release(r);
}

static struct config knowing(const char *known_failing)
{
    struct config config = {.target = TARGET_MOCK, .known_file = "known.txt"};

    config.known_failing = json_of(known_failing);
    return config;
}

Test(result, nothing_said_is_a_pass)
{
    struct config config = {.target = TARGET_PLAIN};
    struct result r = started();

    result_conclude(&r, &config);
    expect_status(r.status, RESULT_PASSED);
    finished(&r);
}

Test(result, a_skip_keeps_its_first_reason)
{
    struct config config = {.target = TARGET_MOCK};
    struct result r = started();

    result_skip(&r, "the %s", "first");
    result_skip(&r, "the second");
    result_conclude(&r, &config);
    expect_status(r.status, RESULT_SKIPPED);
    cr_expect_str_eq(r.reason, "the first");
    finished(&r);
}

Test(result, a_failure_counts_more_than_a_skip)
{
    struct config config = {.target = TARGET_MOCK};
    struct result r = started();

    result_skip(&r, "no");
    result_fail(&r, "bad");
    result_conclude(&r, &config);
    expect_status(r.status, RESULT_FAILED);
    finished(&r);
}

Test(result, what_is_documented_or_of_the_vendor_binds_every_target)
{
    struct config config = {.target = TARGET_PLAIN};

    expect_status(status_of("must", "documented", SERVICE, &config),
                  RESULT_FAILED);
    expect_status(status_of("must", "vendor", SERVICE, &config), RESULT_FAILED);
}

Test(result, what_is_assumed_binds_mocks_of_ours_alone)
{
    struct config plain = {.target = TARGET_PLAIN};
    struct config mock = {.target = TARGET_MOCK};
    struct config admin = {.target = TARGET_ADMIN};

    expect_status(status_of("must", "assumed", SERVICE, &plain),
                  RESULT_INFORMATIONAL);
    expect_status(status_of("must", "assumed", SERVICE, &mock), RESULT_FAILED);
    expect_status(status_of("must", "assumed", SERVICE, &admin), RESULT_FAILED);
}

Test(result, what_is_assumed_binds_clients)
{
    struct config config = {.target = TARGET_PLAIN};

    expect_status(status_of("must", "assumed", CLIENT, &config), RESULT_FAILED);
}

Test(result, what_should_be_is_information_everywhere)
{
    struct config config = {.target = TARGET_MOCK};

    expect_status(status_of("should", "documented", SERVICE, &config),
                  RESULT_INFORMATIONAL);
    expect_status(status_of("should", "vendor", CLIENT, &config),
                  RESULT_INFORMATIONAL);
}

Test(result, strict_asks_for_all_of_it)
{
    struct config config = {.target = TARGET_PLAIN, .strict = true};

    expect_status(status_of("should", "assumed", SERVICE, &config),
                  RESULT_FAILED);
    expect_status(status_of("must", "assumed", SERVICE, &config),
                  RESULT_FAILED);
    expect_status(status_of("should", "vendor", CLIENT, &config),
                  RESULT_FAILED);
}

Test(result, a_known_failing_case_says_where_it_is_listed)
{
    struct config config = knowing("[{\"glob\":\"b-*\",\"line\":1},"
                                   "{\"glob\":\"a-?\",\"line\":7}]");
    struct result r = started();

    result_fail(&r, "no");
    result_conclude(&r, &config);
    expect_status(r.status, RESULT_KNOWN_FAILING);
    cr_expect_str_eq(r.reason, "line 7 of known.txt");
    finished(&r);
    json_decref(config.known_failing);
}

Test(result, a_glob_is_for_the_whole_id)
{
    struct config config = knowing("[{\"glob\":\"a\",\"line\":1},"
                                   "{\"glob\":\"*-\",\"line\":2}]");
    struct result r = started();

    result_fail(&r, "no");
    result_conclude(&r, &config);
    expect_status(r.status, RESULT_FAILED);
    finished(&r);
    json_decref(config.known_failing);
}

Test(result, a_known_failing_case_that_passes_fails)
{
    struct config config = knowing("[{\"glob\":\"a-*\",\"line\":7}]");
    struct result r = started();

    result_conclude(&r, &config);
    expect_status(r.status, RESULT_FAILED);
    cr_expect_str_eq(json_string_value(json_array_get(r.failures, 0)),
                     "passes, but line 7 of known.txt lists it as failing");
    finished(&r);
    json_decref(config.known_failing);
}

Test(result, a_known_failing_case_may_be_skipped)
{
    struct config config = knowing("[{\"glob\":\"a-*\",\"line\":7}]");
    struct result r = started();

    result_skip(&r, "no media");
    result_conclude(&r, &config);
    expect_status(r.status, RESULT_SKIPPED);
    cr_expect_str_eq(r.reason, "no media");
    finished(&r);
    json_decref(config.known_failing);
}

Test(result, a_set_up_that_failed_is_never_excused)
{
    struct config config = knowing("[{\"glob\":\"a-*\",\"line\":7}]");
    json_t *test_case = make_case("should", "assumed", SERVICE);
    struct result r;

    config.target = TARGET_PLAIN;
    result_init(&r, test_case);
    result_skip(&r, "no");
    result_fail_setup(&r, "the target went away");
    result_conclude(&r, &config);
    expect_status(r.status, RESULT_FAILED);
    result_release(&r);
    json_decref(test_case);
    json_decref(config.known_failing);
}

Test(result, what_is_said_becomes_utf_8)
{
    struct result r = started();

    result_fail(&r, "got \xff");
    result_skip(&r, "no \xff");
    cr_expect_str_eq(json_string_value(json_array_get(r.failures, 0)),
                     "got \xef\xbf\xbd");
    cr_expect_str_eq(r.reason, "no \xef\xbf\xbd");
    finished(&r);
}

Test(result, its_text_has_the_requirement_the_failures_and_the_exchange)
{
    struct result r = started();
    char *text;

    result_fail(&r, "code: expected %d, got %d", 0, 9);
    result_fail(&r, "two");
    json_array_append_new(
        r.exchanges,
        json_of("{\"request\":{\"head\":\"POST / HTTP/1.1\\r\\n"
                "Authorization: secret\\r\\n\\r\\n\"},\"reply\":{"
                "\"transport\":\"complete\",\"http\":200,\"headers\":[],"
                "\"body\":\"the body\"}}"));
    bytes_text(&r.trace, "a trace\n");
    text = result_text(&r);
    cr_expect_str_eq(text,
                     "a-1: t (contract section 4 digest; must, documented)\n"
                     "  code: expected 0, got 9\n"
                     "  two\n"
                     "> POST / HTTP/1.1\n"
                     "> Authorization: (masked)\n"
                     "> \n"
                     "< HTTP/1.1 200\n"
                     "< \n"
                     "< the body\n"
                     "a trace\n");
    free(text);
    finished(&r);
}

static json_t *saved(struct result *r)
{
    struct config config = {.run_dir = "."};
    char *text;
    json_t *json;

    mkdir("result", 0700);
    cr_assert_eq(result_save(r, &config), 0);
    text = scratch_read("result/a-1.json");
    json = json_of(text);
    free(text);
    return json;
}

Test(result, what_became_of_a_case_is_saved)
{
    struct result r = started();
    json_t *json, *expected;

    result_fail(&r, "no");
    r.status = RESULT_INFORMATIONAL;
    json = saved(&r);
    cr_expect(json_is_integer(json_object_get(json, "duration_ms")));
    json_object_del(json, "duration_ms");
    expected = json_of("{" NAMES ",\"level\":\"must\",\"provenance\":"
                       "\"documented\",\"kind\":\"service\",\"status\":"
                       "\"informational\",\"covers\":[],\"failures\":[\"no\"],"
                       "\"exchanges\":[]}");
    cr_expect(json_equal(json, expected));
    json_decref(json);
    json_decref(expected);
    finished(&r);
}

Test(result, a_reason_is_saved_when_there_is_one)
{
    struct result r = started();
    json_t *json;

    result_skip(&r, "no media");
    json = saved(&r);
    cr_expect_str_eq(json_string_value(json_object_get(json, "reason")),
                     "no media");
    json_decref(json);
    finished(&r);
}

Test(result, no_secret_is_saved)
{
    struct result r = started();
    char *text;

    json_array_append_new(r.exchanges,
                          json_of("{\"call\":{\"secret_key\":\"hidden\"}}"));
    json_decref(saved(&r));
    text = scratch_read("result/a-1.json");
    cr_expect(strstr(text, "hidden") == NULL);
    cr_expect(strstr(text, "(masked)") != NULL);
    free(text);
    finished(&r);
}

Test(result, a_field_that_is_no_utf_8_does_not_prevent_saving)
{
    struct result r = started();

    json_array_append_new(r.exchanges,
                          json_pack("{s:{s:[[s, o]]}}", "reply", "headers", "X",
                                    json_stringn_nocheck("\xff", 1)));
    json_decref(saved(&r));
    finished(&r);
}

Test(result, a_directory_that_is_not_there_is_told)
{
    struct config config = {.run_dir = "nowhere"};
    struct result r = started();

    cr_expect_eq(result_save(&r, &config), -1);
    cr_expect_eq(errno, ENOENT);
    finished(&r);
}

Test(result, names_of_statuses_go_both_ways)
{
    for (int s = 0; s < RESULT__COUNT; s++)
        cr_expect_eq(
            result_status_find(result_status_name((enum result_status)s)),
            (enum result_status)s);
    cr_expect_eq(result_status_find("fine"), RESULT__COUNT);
    cr_expect_str_eq(result_status_name(RESULT_KNOWN_FAILING), "known-failing");
}
