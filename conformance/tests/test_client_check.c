#include "client_check.h"

#include <stdlib.h>
#include <string.h>
#include <criterion/criterion.h>

/* A call of livegetfour with a seq, and what is held against it. */
struct checking {
    struct config config;
    struct result result;
    struct client_call call;
    struct client_check check;
    json_t *test_case, *expect, *entries, *outcome;
};

static json_t *parse(const char *text)
{
    json_error_t error;
    json_t *json = json_loads(text, JSON_DECODE_ANY, &error);

    cr_assert(json != NULL, "%s: %s", text, error.text);
    return json;
}

#define GOOD_EXPECT "{\"outcome\":{\"kind\":\"api\",\"code\":0}}"
#define GOOD_OUTCOME                                                           \
    "{\"kind\":\"api\",\"http\":200,\"code\":0,\"message\":\"OK\","            \
    "\"data\":{\"validate_data\":\"1234\"}}"
#define PARTS                                                                  \
    "\"parts\":[{\"name\":\"appid\",\"size\":4,\"sha256\":null},"              \
    "{\"name\":\"seq\",\"size\":3,\"sha256\":null}]"
#define SIGNED "\"signature\":{\"code\":0,\"why\":null}"
#define NATURAL "\"natural\":{\"code\":0,\"place\":\"code\",\"message\":\"OK\"}"
#define SERVED(code)                                                           \
    "\"served\":{\"code\":" code ",\"place\":\"code\",\"http_status\":200,"    \
    "\"transport\":null}"
#define ENTRY_OF(parts, signature, served)                                     \
    "{\"endpoint\":\"livegetfour\",\"target\":\"/face/livegetfour\"," parts    \
    "," signature "," NATURAL "," served ",\"cut_short\":false,"               \
    "\"truncated\":false}"
#define GOOD_ENTRY ENTRY_OF(PARTS, SIGNED, SERVED("0"))

static void begin(struct checking *c, const char *expect, const char *entries,
                  const char *outcome)
{
    *c = (struct checking){0};
    c->config.features = parse("[\"livegetfour\",\"attempts\"]");
    c->test_case = json_object();
    result_init(&c->result, c->test_case);
    c->call = (struct client_call){
        .id = format("a-case"),
        .endpoint = "livegetfour",
        .params = parse("{\"seq\":\"abc\"}"),
    };
    c->expect = parse(expect);
    c->entries = parse(entries);
    c->outcome = parse(outcome);
    c->check = (struct client_check){
        .config = &c->config,
        .result = &c->result,
        .label = "call 2: ",
        .call = &c->call,
        .credentials = {"1000", NULL, "id", "key"},
        .expect = c->expect,
        .entries = c->entries,
        .outcome = c->outcome,
    };
}

/* The failures so far, a line each. */
static char *end(struct checking *c)
{
    struct bytes text = {0};
    const json_t *line;
    size_t i;

    bytes_text(&text, "");
    json_array_foreach(c->result.failures, i, line)
    {
        bytes_format(&text, "%s\n", json_string_value(line));
    }
    json_decref(c->config.features);
    json_decref(c->test_case);
    json_decref(c->expect);
    json_decref(c->entries);
    json_decref(c->outcome);
    client_call_release(&c->call);
    result_release(&c->result);
    return text.data;
}

typedef void checker(const struct client_check *check);

static void expect(checker *check, const char *expected, const char *entries,
                   const char *outcome, const char *failures)
{
    struct checking c;
    char *got;

    begin(&c, expected, entries, outcome);
    check(&c.check);
    got = end(&c);
    cr_expect_str_eq(got, failures, "expected \"%s\", got \"%s\"", failures,
                     got);
    free(got);
}

#define EXPECT_WIRE(entry, failures)                                           \
    expect(client_check_wire, GOOD_EXPECT, "[" entry "]", GOOD_OUTCOME,        \
           failures)

Test(client_check, what_was_given_arrived, .timeout = 10)
{
    EXPECT_WIRE(GOOD_ENTRY, "");
}

Test(client_check, a_part_that_is_missing_or_other_is_told, .timeout = 10)
{
    EXPECT_WIRE(ENTRY_OF("\"parts\":[{\"name\":\"appid\",\"size\":4,"
                         "\"sha256\":null}]",
                         SIGNED, SERVED("0")),
                "wire: call 2: request 1 of 1: expected seq with 3 bytes, got "
                "none\n");
    EXPECT_WIRE(
        ENTRY_OF("\"parts\":[{\"name\":\"appid\",\"size\":4,\"sha256\":null},"
                 "{\"name\":\"seq\",\"size\":2,\"sha256\":null}]",
                 SIGNED, SERVED("0")),
        "wire: call 2: request 1 of 1: seq: expected 3 bytes of SHA-256 "
        "ba7816bf8f01…, got 2 bytes\n");
    EXPECT_WIRE(
        ENTRY_OF("\"parts\":[{\"name\":\"appid\",\"size\":4,\"sha256\":null},"
                 "{\"name\":\"seq\",\"size\":3,\"sha256\":\"0123456789abcdef\""
                 "}]",
                 SIGNED, SERVED("0")),
        "wire: call 2: request 1 of 1: seq: expected 3 bytes of SHA-256 "
        "ba7816bf8f01…, got 3 of SHA-256 0123456789ab…\n");
}

Test(client_check, what_did_not_come_whole_lacks_nothing, .timeout = 10)
{
    EXPECT_WIRE("{\"endpoint\":\"livegetfour\",\"parts\":[],\"natural\":null,"
                "\"served\":null,\"cut_short\":true}",
                "");
}

Test(client_check, only_the_parts_that_the_case_names_are_compared,
     .timeout = 10)
{
    expect(client_check_wire, "{\"parts\":[\"appid\"]}",
           "[" ENTRY_OF("\"parts\":[{\"name\":\"appid\",\"size\":4,"
                        "\"sha256\":null}]",
                        SIGNED, SERVED("0")) "]",
           GOOD_OUTCOME, "");
}

Test(client_check, another_endpoint_is_told, .timeout = 10)
{
    EXPECT_WIRE("{\"endpoint\":null,\"target\":\"/livegetfour\"}",
                "wire: call 2: request 1 of 1: expected /face/livegetfour, got "
                "/livegetfour\n");
}

Test(client_check, a_bad_signature_is_told, .timeout = 10)
{
    EXPECT_WIRE(ENTRY_OF(PARTS, "\"signature\":{\"code\":14,\"why\":\"no\"}",
                         SERVED("14")),
                "wire: call 2: request 1 of 1: the signature: expected a good "
                "one, got code 14: no\n");
    EXPECT_WIRE(ENTRY_OF(PARTS, "\"signature\":{\"code\":15,\"why\":\"no\"}",
                         SERVED("15")),
                "");
}

/* the verdict */

static void expect_verdict(const char *verdict, const char *expected,
                           const char *failures)
{
    struct checking c;
    json_t *given = parse(verdict), *ids = parse(expected);
    char *got;

    begin(&c, "{}", "[]", "null");
    client_check_verdict(&c.result, given, ids);
    got = end(&c);
    cr_expect_str_eq(got, failures, "expected \"%s\", got \"%s\"", failures,
                     got);
    json_decref(given);
    json_decref(ids);
    free(got);
}

#define VERDICT(level)                                                         \
    "{\"requests\":1,\"findings\":[{\"id\":\"a.b\",\"level\":\"" level "\","   \
    "\"text\":\"must not\",\"example\":{\"seen\":\"it\"}}]}"

Test(client_check, a_rule_that_is_a_must_is_told_with_what_was_seen,
     .timeout = 10)
{
    expect_verdict(VERDICT("must"), "[]", "wire: a.b: must not; seen: it\n");
    expect_verdict(VERDICT("should"), "[]", "");
    expect_verdict(VERDICT("must"), "[\"a.b\"]", "");
}

Test(client_check, a_finding_that_is_expected_must_be_there, .timeout = 10)
{
    expect_verdict(VERDICT("should"), "[\"c.d\"]",
                   "wire: expected the finding c.d, got none\n");
    expect_verdict("{\"requests\":0,\"findings\":[]}", "[\"c.d\"]", "");
}

/* the report */

#define EXPECT_REPORT(expected, entries, outcome, failures)                    \
    expect(client_check_report, expected, entries, outcome, failures)

#define API(members)                                                           \
    "{\"kind\":\"api\",\"http\":200,\"attempts\":1," members "}"

Test(client_check, an_outcome_as_expected_and_served_is_good, .timeout = 10)
{
    EXPECT_REPORT(GOOD_EXPECT, "[" GOOD_ENTRY "]",
                  API("\"code\":0,\"message\":\"OK\""), "");
    EXPECT_REPORT("{\"outcome\":[{\"kind\":\"rejected\"},"
                  "{\"kind\":\"api\",\"code\":0}]}",
                  "[" GOOD_ENTRY "]", API("\"code\":0,\"message\":\"OK\""), "");
}

Test(client_check, each_member_that_is_not_as_expected_is_told, .timeout = 10)
{
    EXPECT_REPORT("{\"outcome\":{\"kind\":\"api\",\"code\":0,\"data\":"
                  "{\"score\":\"$int:0..100\"},\"absent\":[\"data.sim\"]}}",
                  "[" GOOD_ENTRY "]",
                  API("\"code\":0,\"message\":\"OK\",\"data\":{\"sim\":1}"),
                  "report: call 2: outcome.data.score: expected "
                  "\"$int:0..100\", got nothing\n"
                  "report: call 2: outcome.data.sim: expected none, got one\n");
    EXPECT_REPORT("{\"outcome\":{\"kind\":\"transport\",\"class\":"
                  "[\"timeout\"]}}",
                  "[" GOOD_ENTRY "]",
                  "{\"kind\":\"transport\",\"class\":\"reset\",\"attempts\":1}",
                  "report: call 2: outcome.class: expected one of "
                  "[\"timeout\"], got \"reset\"\n");
    EXPECT_REPORT(GOOD_EXPECT, "[]", "{\"kind\":\"rejected\"}",
                  "report: call 2: outcome.kind: expected \"api\", got "
                  "\"rejected\"\n");
}

Test(client_check, what_was_not_served_is_told, .timeout = 10)
{
    EXPECT_REPORT("{\"outcome\":{\"kind\":\"api\"}}",
                  "[" ENTRY_OF(PARTS, SIGNED, SERVED("-5806")) "]",
                  API("\"code\":0,\"message\":\"OK\""),
                  "report: call 2: outcome.code: served was -5806, the client "
                  "says 0\n"
                  "report: call 2: outcome.message: served was \"identity card "
                  "number or name is badly formatted\", the client says "
                  "\"OK\"\n");
    EXPECT_REPORT("{\"outcome\":{\"kind\":\"api\"}}", "[" GOOD_ENTRY "]",
                  "{\"kind\":\"api\",\"http\":500,\"attempts\":1,\"code\":0,"
                  "\"message\":\"OK\"}",
                  "report: call 2: outcome.http: served was 200, the client "
                  "says 500\n");
    EXPECT_REPORT("{\"outcome\":{\"kind\":\"api\"}}", "[]",
                  "{\"kind\":\"api\",\"code\":0,\"attempts\":0}",
                  "report: call 2: the client reports an answer, and no "
                  "request arrived that is signed for its account\n");
}

Test(client_check, a_message_in_either_language_is_good, .timeout = 10)
{
    EXPECT_REPORT("{\"outcome\":{\"kind\":\"api\"}}",
                  "[" ENTRY_OF(PARTS, SIGNED, SERVED("14")) "]",
                  API("\"code\":14,\"message\":\"签名校验失败\""), "");
}

Test(client_check, attempts_are_counted, .timeout = 10)
{
    EXPECT_REPORT(GOOD_EXPECT, "[" GOOD_ENTRY "," GOOD_ENTRY "]",
                  API("\"code\":0,\"message\":\"OK\""),
                  "report: call 2: outcome.attempts: 2 arrived, the client "
                  "says 1\n");
    EXPECT_REPORT(GOOD_EXPECT, "[" GOOD_ENTRY "]", GOOD_OUTCOME,
                  "report: call 2: outcome.attempts: expected how many "
                  "requests were sent, got nothing\n");
}

/* the behaviour */

#define EXPECT_BEHAVIOUR(expected, entries, failures)                          \
    expect(client_check_behaviour, expected, entries, GOOD_OUTCOME, failures)
#define FINAL ENTRY_OF(PARTS, SIGNED, SERVED("14"))
#define PASSING ENTRY_OF(PARTS, SIGNED, SERVED("107"))

Test(client_check, what_may_change_may_be_asked_for_again, .timeout = 10)
{
    EXPECT_BEHAVIOUR("{}", "[" PASSING "," PASSING "," GOOD_ENTRY "]", "");
    EXPECT_BEHAVIOUR("{}", "[" PASSING "," FINAL "]", "");
}

Test(client_check, what_cannot_change_may_not, .timeout = 10)
{
    EXPECT_BEHAVIOUR("{}", "[" FINAL "," FINAL "]",
                     "behaviour: call 2: request 1 was answered for good, and "
                     "was sent again; served: 14, 14\n");
    EXPECT_BEHAVIOUR("{\"requests\":{\"min\":1,\"max\":2}}",
                     "[" FINAL "," FINAL "]", "");
}

Test(client_check, requests_are_bounded, .timeout = 10)
{
    EXPECT_BEHAVIOUR(
        "{}", "[" PASSING "," PASSING "," PASSING "," PASSING "," PASSING "]",
        "behaviour: call 2: expected 1 to 4 requests, got 5; "
        "served: 107, 107, 107, 107, 107\n");
    EXPECT_BEHAVIOUR("{}", "[]",
                     "behaviour: call 2: expected 1 to 4 requests, got 0\n");
    EXPECT_BEHAVIOUR("{\"requests\":0}", "[" GOOD_ENTRY "]",
                     "behaviour: call 2: expected 0 requests, got 1; served: "
                     "0\n");
}
