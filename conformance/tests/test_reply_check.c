#include "reply_check.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <criterion/criterion.h>

#include "json_of.h"

TestSuite(reply_check, .timeout = 10);

/* A whole reply of status 200 with this body, as JSON. */
static struct reply a_reply(const char *body)
{
    struct reply reply = {
        .transport = TRANSPORT_COMPLETE,
        .problem = "",
        .http = 200,
        .headers = json_of("[[\"content-type\",\"application/json\"],"
                           "[\"Allow\",\"POST\"]]"),
    };

    bytes_text(&reply.body, body);
    return reply;
}

static void expect_lines(const char *expect, const struct reply *reply,
                         const char *lines)
{
    json_t *expectation = json_of(expect), *json = reply_json(reply);
    struct bytes problems = {0};

    bytes_text(&problems, "");
    reply_check(expectation, reply, json, &problems);
    cr_expect_str_eq(problems.data, lines, "%s: %s", expect, problems.data);
    bytes_release(&problems);
    json_decref(expectation);
    json_decref(json);
}

static void expect_of_body(const char *expect, const char *body,
                           const char *lines)
{
    struct reply reply = a_reply(body);

    expect_lines(expect, &reply, lines);
    reply_release(&reply);
}

#define GOOD "{\"code\":0,\"message\":\"OK\",\"data\":{\"sim\":90}}"

Test(reply_check, a_reply_as_expected_has_no_problem)
{
    expect_of_body("{\"code\":0}", GOOD, "");
    expect_of_body("{\"http\":200,\"code\":0,\"message\":\"OK\","
                   "\"data\":{\"sim\":\"$int:0..100\"},"
                   "\"absent\":[\"data.photo\",\"x.y.z\"],"
                   "\"header\":{\"ALLOW\":\"POST\",\"Retry-After\":null},"
                   "\"continued\":false,\"closes\":false}",
                   GOOD, "");
}

Test(reply_check, each_deviation_has_its_line)
{
    expect_of_body("{\"http\":404,\"code\":9,\"message\":\"no\","
                   "\"data\":{\"sim\":91},\"absent\":[\"data.sim\",\"data\"],"
                   "\"header\":{\"Allow\":null,\"Retry-After\":\"1\"}}",
                   GOOD,
                   "status: expected 404, got 200\n"
                   "header Allow: expected none, got \"POST\"\n"
                   "Retry-After: expected \"1\", got nothing\n"
                   "code: expected 9, got 0\n"
                   "message: expected \"no\", got \"OK\"\n"
                   "data.sim: expected 91, got 90\n"
                   "data.sim: expected no such member, got 90\n"
                   "data: expected no such member, got {\"sim\":90}\n");
}

Test(reply_check, status_200_is_the_default)
{
    struct reply reply = a_reply(GOOD);

    reply.http = 201;
    expect_lines("{\"code\":0}", &reply, "status: expected 200, got 201\n");
    reply_release(&reply);
}

Test(reply_check, a_code_comes_with_a_message)
{
    expect_of_body("{\"code\":0}", "{\"code\":0}",
                   "message: expected \"$non-empty\", got nothing\n");
    expect_of_body("{\"code\":0}", "{\"code\":0,\"message\":\"\"}",
                   "message: expected \"$non-empty\", got \"\"\n");
    expect_of_body("{\"http\":200}", "{}", "");
}

Test(reply_check, absent_members_may_lie_deep)
{
    expect_of_body("{\"absent\":[\"a.b.c\",\"a.b.d\"]}",
                   "{\"a\":{\"b\":{\"c\":1}}}",
                   "a.b.c: expected no such member, got 1\n");
}

Test(reply_check, a_member_of_null_is_there)
{
    expect_of_body("{\"absent\":[\"data\"]}", "{\"data\":null}",
                   "data: expected no such member, got null\n");
}

Test(reply_check, a_body_is_an_object)
{
    expect_of_body("{\"code\":0}", "[]",
                   "body: expected a JSON object, got another value\n");
    expect_of_body("{\"code\":0}", "<html>",
                   "body: expected a JSON object, got no JSON\n");
    expect_of_body("{\"code\":0}", "",
                   "body: expected a JSON object, got no JSON\n");
}

Test(reply_check, json_is_strict)
{
    static const char *const bodies[] = {
        "{\"code\":0,\"message\":\"OK\",}",
        "{\"code\":0,\"code\":0,\"message\":\"OK\"}",
        "{\"code\":0,\"message\":\"\xff\"}",
        "{\"code\":00,\"message\":\"OK\"}",
        "{'code':0,'message':'OK'}",
        "{\"code\":0,\"message\":\"OK\"} x",
    };

    for (size_t i = 0; i < sizeof(bodies) / sizeof(bodies[0]); i++)
        expect_of_body("{\"code\":0}", bodies[i],
                       "body: expected a JSON object, got no JSON\n");
}

Test(reply_check, a_body_that_is_no_json_can_be_expected)
{
    expect_of_body("{\"json\":false}", "<html>", "");
    expect_of_body("{\"json\":false}", "", "");
    expect_of_body("{\"json\":false}", GOOD,
                   "body: expected no JSON, got JSON\n");
}

static void expect_type(const char *type, const char *lines)
{
    struct reply reply = a_reply(GOOD);

    json_decref(reply.headers);
    reply.headers =
        type ? json_pack("[[s, s]]", "Content-Type", type) : json_array();
    expect_lines("{\"code\":0}", &reply, lines);
    expect_lines("{\"json\":false}", &reply,
                 "body: expected no JSON, got JSON\n");
    reply_release(&reply);
}

Test(reply_check, json_is_declared_as_such)
{
    expect_type("application/json", "");
    expect_type("Application/JSON;charset=utf-8", "");
    expect_type("application/json ; charset=utf-8", "");
    expect_type("application/jsonp",
                "Content-Type: expected application/json, got "
                "application/jsonp\n");
    expect_type("text/html",
                "Content-Type: expected application/json, got text/html\n");
    expect_type(NULL, "Content-Type: expected application/json, got none\n");
}

Test(reply_check, what_becomes_of_the_connection_can_be_expected)
{
    struct reply reply = {.transport = TRANSPORT_RESET, .problem = ""};

    expect_lines("{\"transport\":\"reset\"}", &reply, "");
    expect_lines("{\"transport\":\"closed\"}", &reply,
                 "connection: expected closed, got reset\n");
    expect_lines("{\"code\":0}", &reply,
                 "connection: expected complete, got reset\n");
    reply_release(&reply);
}

Test(reply_check, what_is_malformed_is_told)
{
    struct reply reply = {.transport = TRANSPORT_MALFORMED,
                          .problem = "a chunk's size is none"};

    expect_lines("{\"code\":0}", &reply,
                 "connection: expected complete, got malformed: a chunk's "
                 "size is none\n");
    reply_release(&reply);
}

Test(reply_check, of_a_truncated_reply_the_head_can_be_expected)
{
    struct reply reply = a_reply("{\"co");

    reply.transport = TRANSPORT_TRUNCATED;
    expect_lines("{\"transport\":\"truncated\",\"http\":200}", &reply, "");
    expect_lines("{\"transport\":\"truncated\",\"http\":500,"
                 "\"header\":{\"Allow\":\"GET\"}}",
                 &reply,
                 "status: expected 500, got 200\n"
                 "Allow: expected \"GET\", got \"POST\"\n");
    reply_release(&reply);
}

Test(reply_check, a_whole_reply_in_the_place_of_none_is_told)
{
    struct reply reply = a_reply(GOOD);

    expect_lines("{\"transport\":\"timeout\",\"json\":false}", &reply,
                 "connection: expected timeout, got complete\n"
                 "body: expected no JSON, got JSON\n");
    reply_release(&reply);
}

Test(reply_check, a_100_and_an_end_can_be_expected)
{
    struct reply reply = a_reply(GOOD);

    expect_lines("{\"continued\":true,\"closes\":true}", &reply,
                 "100 Continue: expected one, got none\n"
                 "end of the connection after the reply: expected one, got "
                 "none\n");
    reply.continued = reply.closed = true;
    expect_lines("{\"continued\":true,\"closes\":true}", &reply, "");
    expect_lines("{\"continued\":false,\"closes\":false}", &reply,
                 "100 Continue: expected none, got one\n"
                 "end of the connection after the reply: expected none, got "
                 "one\n");
    reply_release(&reply);
}
