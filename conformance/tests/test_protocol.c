#include "protocol.h"

#include <stdlib.h>
#include <string.h>
#include <criterion/criterion.h>

#define STARTED                                                                \
    "{\"type\":\"started\",\"protocol\":1,\"client\":{\"name\":\"n\","         \
    "\"version\":\"1\",\"language\":\"C\"},\"features\":[\"seq\"]}"
#define OUTCOME(json) "{\"id\":\"a\",\"outcome\":" json "}"

/* What is wrong with a line, by one of the judges; "" when nothing is. */
static char *judged(const char *text, bool is_answer)
{
    struct bytes problems = {0};
    json_t *line = protocol_parse(text, strlen(text), &problems);
    bool good = false;

    bytes_text(&problems, "");
    if (line)
        good = is_answer ? protocol_judge_answer(line, "a", &problems)
                         : protocol_judge_started(line, &problems);
    cr_expect(good == (problems.len == 0), "%s: %s", text, problems.data);
    json_decref(line);
    return problems.data;
}

static void expect_problem(const char *text, bool is_answer, const char *want)
{
    char *problems = judged(text, is_answer);

    cr_expect(strstr(problems, want) != NULL, "%s: expected \"%s\", got \"%s\"",
              text, want, problems);
    free(problems);
}

static void expect_good(const char *text, bool is_answer)
{
    char *problems = judged(text, is_answer);

    cr_expect_str_eq(problems, "", "%s: %s", text, problems);
    free(problems);
}

Test(protocol, start_and_stop_are_one_line_each, .timeout = 10)
{
    char *start = protocol_start(), *stop = protocol_stop();

    cr_expect_str_eq(start, "{\"type\":\"start\",\"protocol\":1}\n");
    cr_expect_str_eq(stop, "{\"type\":\"stop\"}\n");
    free(start);
    free(stop);
}

static json_t *made_call(const char *bucket)
{
    json_t *params = json_pack("{s:s, s:b}", "seq", "é\n", "compare_flag", 0);
    json_t *files = json_object();
    struct protocol_call call = {
        .id = "a",
        .endpoint = "livedetectfour",
        .base_url = "http://127.0.0.1:1",
        .credentials = {"1", bucket, "id", "key"},
        .params = params,
        .files = files,
        .timeout_ms = 7,
    };
    char *line = protocol_call(&call);
    json_t *json = json_loads(line, 0, NULL);

    cr_expect(strchr(line, '\n') == line + strlen(line) - 1);
    json_decref(params);
    json_decref(files);
    free(line);
    return json;
}

Test(protocol, a_call_is_one_line_of_what_it_was_made_of, .timeout = 10)
{
    json_t *call = made_call("b");
    json_t *want = json_loads(
        "{\"type\":\"call\",\"id\":\"a\",\"endpoint\":\"livedetectfour\","
        "\"base_url\":\"http://127.0.0.1:1\",\"ca_file\":null,\"credentials\":"
        "{\"appid\":\"1\",\"bucket\":\"b\",\"secret_id\":\"id\","
        "\"secret_key\":\"key\"},\"params\":{\"seq\":\"é\\n\","
        "\"compare_flag\":false},\"files\":{},\"timeout_ms\":7}",
        0, NULL);

    cr_expect(json_equal(call, want));
    json_decref(call);
    json_decref(want);
}

Test(protocol, without_buckets_the_bucket_is_null, .timeout = 10)
{
    json_t *call = made_call(NULL);
    const json_t *credentials = json_object_get(call, "credentials");

    cr_expect(json_is_null(json_object_get(credentials, "bucket")));
    json_decref(call);
}

Test(protocol, what_is_no_object_is_shown, .timeout = 10)
{
    expect_problem("hello", true, "got \"hello\"");
    expect_problem("[1]", true, "expected a JSON object, got [1]");
    expect_problem("{\"a\":1} x", true, "expected one JSON object");
    expect_problem("{\"a\":1,\"a\":2}", true, "expected one JSON object");
    expect_problem("{\"a\":\"\xff\"}", true, "\\xff");
    expect_problem("", true, "expected one JSON object");
}

Test(protocol, a_started_line_is_good_with_members_nobody_knows, .timeout = 10)
{
    expect_good(STARTED, false);
    expect_good("{\"x\":0,\"type\":\"started\",\"protocol\":1,\"client\":"
                "{\"name\":\"n\",\"version\":\"1\",\"language\":\"C\",\"x\":1},"
                "\"features\":[]}",
                false);
}

Test(protocol, each_member_of_a_started_line_is_looked_at, .timeout = 10)
{
    expect_problem("{\"type\":\"start\"}", false,
                   "type: expected \"started\", got \"start\"");
    expect_problem("{\"type\":\"started\",\"protocol\":\"1\"}", false,
                   "protocol: expected 1, got \"1\"");
    expect_problem("{\"type\":\"started\",\"protocol\":2}", false,
                   "protocol: expected 1, got 2");
    expect_problem("{}", false, "client: expected an object");
    expect_problem("{\"client\":{\"name\":\"\"}}", false,
                   "client.name: expected a string that is not empty, got "
                   "\"\"");
    expect_problem("{\"client\":{}}", false, "client.version");
    expect_problem("{\"client\":{}}", false, "client.language");
    expect_problem("{}", false, "features: expected a list");
    expect_problem("{\"features\":[\"seq\",\"sek\"]}", false,
                   "features[1]: expected one of livedetectfour,");
}

Test(protocol, outcomes_of_each_kind_are_good, .timeout = 10)
{
    expect_good(OUTCOME("{\"kind\":\"api\",\"http\":200,\"code\":-5007,"
                        "\"message\":\"\"}"),
                true);
    expect_good(OUTCOME("{\"kind\":\"api\",\"http\":200,\"code\":0,"
                        "\"message\":\"OK\",\"data\":{},\"attempts\":2,"
                        "\"photo_sha256\":\"0123456789abcdef0123456789abcdef"
                        "0123456789abcdef0123456789abcdef\",\"x\":null}"),
                true);
    expect_good(OUTCOME("{\"kind\":\"transport\",\"class\":\"tls\","
                        "\"attempts\":1}"),
                true);
    expect_good(OUTCOME("{\"kind\":\"rejected\",\"message\":\"no video\"}"),
                true);
    expect_good("{\"id\":\"a\",\"skipped\":true,\"message\":\"why\"}", true);
    expect_good("{\"id\":\"a\",\"errored\":true,\"message\":\"why\"}", true);
}

Test(protocol, each_member_of_an_answer_is_looked_at, .timeout = 10)
{
    expect_problem("{\"id\":\"b\",\"skipped\":true,\"message\":\"w\"}", true,
                   "id: expected \"a\", got \"b\"");
    expect_problem("{\"id\":1,\"skipped\":true,\"message\":\"w\"}", true,
                   "id: expected \"a\", got 1");
    expect_problem("{\"id\":\"a\"}", true,
                   "outcome, skipped and errored, got "
                   "none");
    expect_problem("{\"id\":\"a\",\"skipped\":true,\"errored\":true}", true,
                   "got several");
    expect_problem("{\"id\":\"a\",\"skipped\":1,\"message\":\"w\"}", true,
                   "skipped: expected true, got 1");
    expect_problem("{\"id\":\"a\",\"errored\":true}", true,
                   "message: expected a string");
    expect_problem(OUTCOME("[]"), true, "outcome: expected an object");
    expect_problem(OUTCOME("{\"kind\":\"ok\"}"), true,
                   "outcome.kind: expected one of api, transport, rejected, "
                   "got \"ok\"");
    expect_problem(OUTCOME("{\"kind\":\"api\",\"code\":\"0\"}"), true,
                   "outcome.code: expected an integer, got \"0\"");
    expect_problem(OUTCOME("{\"kind\":\"api\",\"code\":0.0}"), true,
                   "outcome.code: expected an integer, got 0.0");
    expect_problem(OUTCOME("{\"kind\":\"api\",\"http\":\"200\"}"), true,
                   "outcome.http: expected an HTTP status, 100 to 599, got "
                   "\"200\"");
    expect_problem(OUTCOME("{\"kind\":\"api\",\"http\":0}"), true,
                   "outcome.http");
    expect_problem(OUTCOME("{\"kind\":\"api\"}"), true,
                   "outcome.message: expected a string, got nothing");
    expect_problem(OUTCOME("{\"kind\":\"api\",\"data\":[]}"), true,
                   "outcome.data: expected an object");
    expect_problem(OUTCOME("{\"kind\":\"api\",\"photo_sha256\":\"AB\"}"), true,
                   "outcome.photo_sha256: expected 64 hex digits");
    expect_problem(OUTCOME("{\"kind\":\"transport\",\"class\":\"broken\"}"),
                   true, "outcome.class: expected one of timeout, reset,");
    expect_problem(OUTCOME("{\"kind\":\"transport\",\"class\":\"reset\","
                           "\"attempts\":\"1\"}"),
                   true, "outcome.attempts: expected how many");
    expect_problem(OUTCOME("{\"kind\":\"rejected\"}"), true,
                   "outcome.message: expected a string that is not empty");
}
