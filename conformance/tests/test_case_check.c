#include "case_check.h"

#include <stdlib.h>
#include <string.h>
#include <criterion/criterion.h>

#include "bytes.h"
#include "json_of.h"

TestSuite(case_check, .timeout = 10);

#define COMMON                                                                 \
    "\"id\":\"a\",\"title\":\"t\",\"requirement\":\"4 digest\","               \
    "\"level\":\"must\",\"provenance\":\"vendor\""
#define SERVICE COMMON ",\"applies_to\":[\"mock\"]"
#define CLIENT COMMON ",\"applies_to\":[\"client\"]"
#define GETFOUR "{\"endpoint\":\"livegetfour\"}"

/* `why` NULL: nothing is wrong with the case. */
static void expect_check(const char *text, const char *why)
{
    json_t *test_case = json_of(text);
    char *wrong = case_check(test_case);

    if (why)
        cr_expect(wrong && strstr(wrong, why), "%s: %s", text, wrong);
    else
        cr_expect(wrong == NULL, "%s: %s", text, wrong);
    free(wrong);
    json_decref(test_case);
}

static void expect_wrapped(const char *before, const char *text,
                           const char *after, const char *why)
{
    char *whole = format("%s%s%s", before, text, after);

    expect_check(whole, why);
    free(whole);
}

/* Members of a request, besides the endpoint. */
static void expect_request(const char *members, const char *why)
{
    expect_wrapped("{" SERVICE ",\"steps\":[{\"expect\":{\"code\":0},"
                   "\"request\":{\"endpoint\":\"livedetectfour\",",
                   members, "}}]}", why);
}

static void expect_reply(const char *members, const char *why)
{
    expect_wrapped("{" SERVICE ",\"steps\":[{\"request\":" GETFOUR
                   ",\"expect\":{",
                   members, "}}]}", why);
}

/* Members of a case of a service that is otherwise well made. */
static void expect_service(const char *members, const char *why)
{
    expect_wrapped(
        "{", members,
        ",\"steps\":[{\"request\":" GETFOUR ",\"expect\":{\"code\":0}}]}", why);
}

static void expect_call(const char *members, const char *why)
{
    expect_wrapped("{" CLIENT ",\"calls\":[{\"endpoint\":\"livegetfour\"",
                   members, "}]}", why);
}

Test(case_check, a_case_with_all_it_needs_is_well_made)
{
    expect_service(SERVICE, NULL);
    expect_call(",\"expect\":{\"outcome\":{\"kind\":\"rejected\"}}", NULL);
}

Test(case_check, a_missing_member_is_named)
{
    expect_service("\"title\":\"t\"", "is missing");
    expect_check("{" SERVICE "}", "steps is missing");
    expect_check("{" SERVICE ",\"steps\":[{\"request\":" GETFOUR "}]}",
                 "steps[0].expect is missing");
    expect_check("{" SERVICE ",\"steps\":[{\"expect\":{\"code\":0}}]}",
                 "steps[0].request is missing");
    expect_check("{" SERVICE ",\"steps\":[{\"request\":{},"
                 "\"expect\":{\"code\":0}}]}",
                 "steps[0].request.endpoint is missing");
    expect_call("", "calls[0].expect is missing");
    expect_call(",\"expect\":{\"requests\":1}",
                "calls[0].expect.outcome is missing");
}

Test(case_check, an_unknown_member_is_refused_with_the_known_ones)
{
    expect_service(SERVICE ",\"colour\":1",
                   "unknown member colour, expected one of: id, title");
}

Test(case_check, an_unknown_member_is_refused_wherever_it_stands)
{
    expect_request("\"x\":1", "unknown member steps[0].request.x");
    expect_request("\"form\":{\"x\":1}", "steps[0].request.form.x");
    expect_request("\"body\":{\"x\":1}", "steps[0].request.body.x");
    expect_request("\"signature\":{\"x\":1}", "request.signature.x");
    expect_request("\"files\":{\"video\":{\"x\":1}}", "request.files.video.x");
    expect_request("\"files\":{\"video\":[\"video\",{\"x\":1}]}",
                   "request.files.video[1].x");
    expect_request("\"params\":{\"seq\":{\"x\":1}}",
                   "steps[0].request.params.seq.x");
    expect_request("\"params\":{\"seq\":[\"1\",{\"x\":1}]}",
                   "steps[0].request.params.seq[1].x");
    expect_reply("\"x\":1", "unknown member steps[0].expect.x");
    expect_service(SERVICE ",\"mock\":{\"x\":1}", "unknown member mock.x");
    expect_service(SERVICE ",\"account\":{\"x\":1}",
                   "unknown member account.x");
    expect_check("{" SERVICE ",\"steps\":[{\"request\":" GETFOUR
                 ",\"expect\":{\"code\":0},\"allow\":[{\"x\":1}]}]}",
                 "unknown member steps[0].allow[0].x");
    expect_call(",\"expect\":{\"outcome\":{\"kind\":\"api\",\"x\":1}}",
                "calls[0].expect.outcome.x");
    expect_call(",\"expect\":{\"outcome\":[{\"kind\":\"api\",\"x\":1}]}",
                "calls[0].expect.outcome[0].x");
    expect_call(",\"expect\":{\"requests\":{\"x\":1},"
                "\"outcome\":{\"kind\":\"api\"}}",
                "calls[0].expect.requests.x");
}

Test(case_check, parameters_in_json_are_of_any_make)
{
    expect_request("\"encoding\":\"json\",\"params\":{\"seq\":{\"x\":[1.5]}}",
                   NULL);
    expect_check("{" SERVICE ",\"steps\":[{\"request\":{\"endpoint\":"
                 "\"livegetfour\",\"params\":{\"seq\":{\"x\":1}}},"
                 "\"expect\":{\"code\":0}}]}",
                 NULL);
}

Test(case_check, parameters_in_a_form_may_be_parts)
{
    expect_request("\"params\":{\"a\":\"1\",\"b\":2,\"c\":[\"1\",{\"value\":"
                   "\"2\",\"filename\":\"f\",\"type\":\"t\",\"disposition\":"
                   "null,\"headers\":[\"X: y\"]}],\"d\":{\"base64\":\"AA==\"}}",
                   NULL);
}

Test(case_check, another_type_is_told_with_the_value)
{
    expect_service("\"id\":5", "id is 5, expected a string");
    expect_request("\"chunk\":\"1\"",
                   "steps[0].request.chunk is \"1\", expected an integer");
    expect_request("\"content_type\":true",
                   "content_type is true, expected a string or null");
    expect_reply("\"http\":200.0", "http is 200.0, expected an integer");
    expect_reply("\"json\":0", "json is 0, expected true or false");
    expect_reply("\"data\":[]", "data is [], expected an object");
    expect_reply("\"absent\":\"data\"", "is \"data\", expected a list");
}

Test(case_check, items_of_lists_have_a_type_too)
{
    expect_request("\"omit\":[\"card\",1]", "omit[1] is 1, expected a string");
    expect_request("\"order\":[null]", "order[0] is null");
    expect_request("\"drop\":[{}]", "drop[0] is {}");
    expect_request("\"headers\":[\"X: y\"]",
                   "headers[0] is \"X: y\", expected a list");
    expect_request("\"headers\":[[\"X\"]]",
                   "headers[0] is [\"X\"], expected 2 items");
    expect_request("\"headers\":[[\"X\",1]]", "headers[0][1] is 1");
    expect_request("\"body\":{\"replace\":[\"x\"]}", "expected 2 items");
    expect_request("\"signature\":{\"repeat\":[1]}", "repeat[0] is 1");
    expect_request("\"signature\":{\"fields\":{\"a\":true}}",
                   "fields.a is true, expected a string or an integer or null");
    expect_reply("\"absent\":[1]", "absent[0] is 1");
    expect_reply("\"findings\":[1]", "findings[0] is 1");
    expect_reply("\"header\":{\"Allow\":1}", "header.Allow is 1");
    expect_service(SERVICE ",\"needs\":[1]", "needs[0] is 1");
    expect_service(SERVICE ",\"mock\":{\"options\":[1]}", "options[0] is 1");
    expect_call(",\"omit\":[1],\"expect\":{\"outcome\":{\"kind\":\"api\"}}",
                "omit[0] is 1");
    expect_check("{" SERVICE ",\"steps\":[5]}",
                 "steps[0] is 5, expected an object");
}

Test(case_check, a_need_is_one_that_can_be_met)
{
    static const char steps[] =
        ",\"steps\":[{\"request\":" GETFOUR ",\"expect\":{\"code\":0}}]}";
    static const char calls[] =
        ",\"calls\":[{\"endpoint\":\"livegetfour\","
        "\"expect\":{\"outcome\":{\"kind\":\"api\"}}}]}";

    expect_wrapped("{" SERVICE, ",\"needs\":[\"admin\",\"private\"]", steps,
                   NULL);
    expect_wrapped("{" SERVICE, ",\"needs\":[\"admin\",\"seq\"]", steps,
                   "needs[1] is \"seq\", expected admin or private");
    expect_wrapped("{" CLIENT, ",\"needs\":[\"seq\",\"no-size-check\"]", calls,
                   NULL);
    expect_wrapped("{" CLIENT, ",\"needs\":[\"time-out\"]", calls,
                   "needs[0] is \"time-out\", expected admin, private, a "
                   "feature of the protocol");
    expect_wrapped("{" CLIENT, ",\"needs\":[\"no-admin\"]", calls,
                   "needs[0] is \"no-admin\"");
}

Test(case_check, a_word_is_one_of_those_that_may_be)
{
    static const char *const words[] = {
        "\"transfer\":\"chunk\"",
        "\"transfer\":\"\"",
        "\"transfer\":\"length chunked\"",
        "\"transfer\":\"pect\"",
    };

    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
        expect_request(words[i], "expected one of: length chunked expect");
    expect_request("\"transfer\":\"length\"", NULL);
    expect_request("\"transfer\":\"chunked\"", NULL);
    expect_request("\"transfer\":\"expect\"", NULL);
}

Test(case_check, words_are_looked_at_in_lists_and_maps)
{
    expect_service(COMMON ",\"applies_to\":[\"mock\",\"client\"]",
                   "applies_to[1] is \"client\", expected one of: mock real");
    expect_check("{" SERVICE ",\"calls\":[{\"endpoint\":\"livegetfour\","
                 "\"expect\":{\"outcome\":{\"kind\":\"api\"}}}]}",
                 "applies_to[0] is \"mock\", expected one of: client");
    expect_call(",\"expect\":{\"outcome\":{\"kind\":\"transport\","
                "\"class\":[\"slow\"]}}",
                "class[0] is \"slow\", expected one of: timeout");
    expect_request("\"files\":{\"video\":\"film\"}",
                   "files.video is \"film\", expected one of: video card");
}

Test(case_check, what_says_nothing_is_refused)
{
    expect_reply("", "steps[0].expect is {}, expected something in it");
    expect_check("{" SERVICE ",\"steps\":[]}", "steps is [], expected");
    expect_check("{" CLIENT ",\"calls\":[]}", "calls is [], expected");
    expect_service(COMMON ",\"applies_to\":[]", "applies_to is []");
    expect_request("\"body\":{}", "body is {}");
    expect_check("{" SERVICE ",\"steps\":[{\"request\":" GETFOUR
                 ",\"expect\":{\"code\":0},\"allow\":[{}]}]}",
                 "steps[0].allow[0] is {}");
    expect_call(",\"expect\":{\"outcome\":[]}", "outcome is []");
}

Test(case_check, sets_of_values_must_exist)
{
    expect_reply("\"code\":\"$no\"",
                 "steps[0].expect.code: \"$no\" names no set");
    expect_reply("\"message\":\"$no\"", "expect.message: ");
    expect_reply("\"data\":{\"sim\":\"$int:9..1\"}", "expect.data: ");
    expect_reply("\"header\":{\"Allow\":\"$no\"}", "expect.header: ");
    expect_check("{" SERVICE ",\"steps\":[{\"request\":" GETFOUR
                 ",\"expect\":{\"code\":0},\"allow\":[{\"code\":\"$no\"}]}]}",
                 "steps[0].allow[0].code: ");
    expect_call(",\"expect\":{\"outcome\":{\"kind\":\"api\",\"code\":\"$no\"}}",
                "outcome.code: ");
    expect_call(",\"expect\":{\"outcome\":[{\"kind\":\"api\",\"data\":"
                "{\"x\":\"$no\"}}]}",
                "outcome[0].data: ");
    expect_reply("\"data\":{\"sim\":\"$int:1..9\"}", NULL);
}

Test(case_check, an_id_is_a_name_of_a_file)
{
    static const char *const bad[] = {"", ".", ".a", "a/b", "a b", "\\u00e9"};

    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        char *members =
            format("\"id\":\"%s\",\"title\":\"t\",\"requirement\":\"4 x\","
                   "\"level\":\"must\",\"provenance\":\"vendor\","
                   "\"applies_to\":[\"real\"]",
                   bad[i]);

        expect_service(members, "expected letters, digits");
        free(members);
    }
}

Test(case_check, a_requirement_is_a_section_and_a_topic)
{
    static const char *const bad[] = {"",       "4",       "4 ",     "digest",
                                      "0 none", "11 none", "4digest"};

    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        char *members =
            format("\"id\":\"a\",\"title\":\"t\",\"requirement\":\"%s\","
                   "\"level\":\"must\",\"provenance\":\"vendor\","
                   "\"applies_to\":[\"real\"]",
                   bad[i]);

        expect_service(members, "expected a section and a topic");
        free(members);
    }
}

Test(case_check, an_account_is_a_role_or_made_as_in_an_accounts_file)
{
    expect_service(SERVICE ",\"account\":\"rich\"", "expected one of: default");
    expect_service(SERVICE ",\"account\":{\"appid\":\"1\",\"keys\":[{"
                           "\"secret_id\":[\"a\",\"b\"],\"secret_key\":\"k\"}],"
                           "\"buckets\":[\"b\"],\"status\":\"arrears\","
                           "\"rate_per_second\":0.5}",
                   NULL);
    expect_service(SERVICE ",\"account\":{\"appid\":\"1\",\"keys\":[{"
                           "\"secret_id\":[1],\"secret_key\":\"k\"}]}",
                   "account.keys[0].secret_id[0] is 1");
    expect_service(SERVICE ",\"account\":{\"appid\":\"1\",\"keys\":[]}",
                   "account.keys is []");
}
