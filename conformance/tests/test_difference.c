#include "difference.h"

#include <stdlib.h>
#include <criterion/criterion.h>

static json_t *parsed(const char *json)
{
    json_error_t error;
    json_t *value = json_loads(json, 0, &error);

    cr_assert(value != NULL, "%s: %s", json, error.text);
    return value;
}

static struct differences compared(const char *recorded, const char *now)
{
    struct differences d = {0};
    json_t *before = parsed(recorded), *after = parsed(now);

    differences_of_replies(&d, "a step 1", before, after);
    json_decref(before);
    json_decref(after);
    return d;
}

static void expect_lines(const char *recorded, const char *now,
                         const char *lines)
{
    struct differences d = compared(recorded, now);

    cr_expect_str_eq(d.lines.data ? d.lines.data : "", lines);
    differences_release(&d);
}

#define REPLY(json) "{\"transport\":\"complete\",\"http\":200," json "}"

Test(difference, equal_replies_have_none, .timeout = 10)
{
    expect_lines(REPLY("\"json\":{\"a\":1,\"b\":[true]}"),
                 REPLY("\"json\":{\"b\":[true],\"a\":1}"), "");
}

Test(difference, another_type_is_one_of_shape, .timeout = 10)
{
    expect_lines(REPLY("\"json\":{\"data\":{\"sim\":90}}"),
                 REPLY("\"json\":{\"data\":{\"sim\":\"90\"}}"),
                 "a step 1: data.sim: recorded 90, now \"90\" "
                 "(shape: integer, now string)\n");
    expect_lines(REPLY("\"json\":{\"sim\":90}"),
                 REPLY("\"json\":{\"sim\":90.0}"),
                 "a step 1: sim: recorded 90, now 90.0 "
                 "(shape: integer, now real)\n");
}

Test(difference, missing_and_extra_members_are_of_shape, .timeout = 10)
{
    expect_lines(REPLY("\"json\":{\"a\":1}"), REPLY("\"json\":{\"b\":2}"),
                 "a step 1: a: recorded 1, now none (shape: missing)\n"
                 "a step 1: b: recorded none, now 2 (shape: extra)\n");
}

Test(difference, values_are_told_apart_from_codes, .timeout = 10)
{
    expect_lines(REPLY("\"json\":{\"code\":0,\"message\":\"OK\"}"),
                 REPLY("\"json\":{\"code\":3,\"message\":\"bad\"}"),
                 "a step 1: code: recorded 0, now 3 (code)\n"
                 "a step 1: message: recorded \"OK\", now \"bad\" (value)\n");
}

Test(difference, true_and_false_are_of_one_type, .timeout = 10)
{
    expect_lines(REPLY("\"json\":{\"a\":true}"),
                 REPLY("\"json\":{\"a\":false}"),
                 "a step 1: a: recorded true, now false (value)\n");
}

Test(difference, elements_of_a_list_are_compared_in_order, .timeout = 10)
{
    expect_lines(REPLY("\"json\":{\"a\":[1,2]}"), REPLY("\"json\":{\"a\":[1]}"),
                 "a step 1: a[1]: recorded 2, now none (shape: missing)\n");
}

Test(difference, the_status_is_compared, .timeout = 10)
{
    expect_lines("{\"transport\":\"complete\",\"http\":200}",
                 "{\"transport\":\"complete\",\"http\":404}",
                 "a step 1: http: recorded 200, now 404 (status)\n");
}

Test(difference, headers_that_matter_are_compared, .timeout = 10)
{
    expect_lines(
        REPLY("\"headers\":[[\"content-type\",\"a\"],[\"Date\",\"1\"],"
              "[\"Allow\",\"POST\"]]"),
        REPLY("\"headers\":[[\"Content-Type\",\"b\"],[\"Date\",\"2\"]]"),
        "a step 1: Content-Type: recorded \"a\", now \"b\" (header)\n"
        "a step 1: Allow: recorded \"POST\", now none (header)\n");
}

Test(difference, another_transport_is_the_only_one_told, .timeout = 10)
{
    expect_lines(REPLY("\"json\":{\"a\":1}"), "{\"transport\":\"reset\"}",
                 "a step 1: transport: recorded \"complete\", now \"reset\" "
                 "(transport)\n");
}

Test(difference, a_body_that_is_no_json_is_compared_as_text, .timeout = 10)
{
    expect_lines(REPLY("\"body\":\"x\""), REPLY("\"body\":\"y\""),
                 "a step 1: body: recorded \"x\", now \"y\" (value)\n");
    expect_lines(REPLY("\"json\":{}"), REPLY("\"body\":\"y\""),
                 "a step 1: body: recorded {}, now none (shape: missing)\n");
}

Test(difference, a_member_with_a_line_feed_stays_on_its_line, .timeout = 10)
{
    expect_lines(REPLY("\"json\":{\"a\\nb\":1}"), REPLY("\"json\":{}"),
                 "a step 1: a\\x0ab: recorded 1, now none (shape: missing)\n");
}

Test(difference, answers_of_a_client_are_compared_without_their_id,
     .timeout = 10)
{
    struct differences d = {0};
    json_t *before = parsed("{\"answer\":{\"id\":\"1\",\"outcome\":{\"code\":0}"
                            "},\"requests\":[{}]}");
    json_t *after = parsed("{\"answer\":{\"id\":\"2\",\"outcome\":{\"code\":9}"
                           "},\"requests\":[{},{}]}");

    differences_of_calls(&d, "a step 1", before, after);
    cr_expect_str_eq(d.lines.data,
                     "a step 1: answer.outcome.code: recorded 0, now 9 (code)\n"
                     "a step 1: requests: recorded 1, now 2 (value)\n");
    json_decref(before);
    json_decref(after);
    differences_release(&d);
}

Test(difference, the_summary_counts_by_kind, .timeout = 10)
{
    struct differences d = compared(REPLY("\"json\":{\"a\":1,\"b\":1,\"c\":1}"),
                                    REPLY("\"json\":{\"a\":2,\"b\":2}"));
    char *summary;

    d.cases = 1;
    d.only_now = 4;
    summary = differences_summary(&d);
    cr_expect_str_eq(summary, "1 shape, 2 value; 1 cases compared, 4 only in "
                              "this run");
    cr_expect_eq(d.n[DIFFERENCE_SHAPE] + d.n[DIFFERENCE_VALUE], 3);
    free(summary);
    differences_release(&d);
}
