#include "service.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "case_account.h"
#include "casefile.h"
#include "match.h"
#include "message.h"
#include "mock.h"
#include "reply_check.h"
#include "value.h"
#include "wire.h"

/* bytes that are kept */
enum {
    KEPT_BODY = 4096,      /* of a request's body */
    KEPT_BROKEN = 1 << 16, /* of a reply that did not come to its end */
};

/* What one case goes through its steps with. */
struct run_of_case {
    struct config config; /* the run's, but for a mock of its own */
    const json_t *test_case;
    struct result *result;
    struct mock mock; /* pid 0: none of its own */
    struct case_account own, other;
    struct connection *connection;
    char *authorization; /* of the step before */
};

/* Is the case one for this target? If not, the result says why. */

static bool needs_admin(const json_t *test_case)
{
    const json_t *step;
    size_t i;

    json_array_foreach(json_object_get(test_case, "steps"), i, step)
    {
        if (json_object_get(step, "fault"))
            return true;
    }
    return false;
}

static bool has_need(const json_t *test_case, const char *need)
{
    return value_has_word(json_object_get(test_case, "needs"), need);
}

static bool is_applicable(const struct run_of_case *run)
{
    const json_t *c = run->test_case;
    bool is_mock = run->config.target != TARGET_PLAIN;

    if (!is_mock && needs_admin(c))
        result_skip(run->result,
                    "the target has no admin API: a fault cannot be injected");
    else if (!is_mock && has_need(c, "admin"))
        result_skip(run->result, "the target has no admin API");
    else if (!case_applies_to(c, is_mock ? "mock" : "real"))
        result_skip(run->result, "is about %s only",
                    is_mock ? "a real service" : "a mock of ours");
    else if (run->config.target != TARGET_MOCK &&
             (json_object_get(c, "mock") || has_need(c, "private")))
        result_skip(run->result,
                    "needs a private mock with options of its own");
    else
        return true;
    return false;
}

/* A mock of the case's own, with the options and the time it asks for. */
static int start_own_mock(struct run_of_case *run)
{
    const json_t *wanted = json_object_get(run->test_case, "mock");
    const json_t *clock = json_object_get(wanted, "clock");
    json_t *options, *body, *reply = NULL;
    char *why = NULL;
    int failed;

    if (!wanted)
        return 0;
    options = json_copy(run->config.mock_options);
    if (!options)
        options = json_array();
    json_array_extend(options, json_object_get(wanted, "options"));
    failed = mock_start(&run->mock, run->config.mock_program, options,
                        config_is_https(&run->config), &why);
    json_decref(options);
    if (!failed) {
        run->config.base_url = run->mock.base_url;
        run->config.connect_to = NULL;
    }
    if (!failed && clock) {
        body = json_pack("{s:O}", "now", clock);
        reply = mock_ask(&run->config, "PUT", "clock", body, &why);
        failed = reply ? 0 : -1;
        json_decref(body);
        json_decref(reply);
    }
    if (failed)
        result_fail_setup(run->result, "%s", why);
    free(why);
    return failed;
}

/* Exchanges as they are kept. */

static json_t *bytes_json(const char *data, size_t len)
{
    json_t *value = json_stringn(data ? data : "", len);
    char *text;

    if (value)
        return value;
    text = printable(data, len);
    value = json_string(text);
    free(text);
    return value;
}

static bool is_text(const struct bytes *b)
{
    json_t *value = json_stringn(b->data ? b->data : "", b->len);
    bool good = value && !memchr(b->data ? b->data : "", '\0', b->len);

    json_decref(value);
    return good;
}

static json_t *request_json(const struct message *message)
{
    const struct bytes *head = &message->out.head;
    const struct bytes *body = &message->body;
    char *sha256 = sha256_hex(body->data ? body->data : "", body->len);
    json_t *request =
        json_pack("{s:o, s:I, s:s}", "head", bytes_json(head->data, head->len),
                  "body_size", (json_int_t)body->len, "body_sha256", sha256);

    if (body->len <= KEPT_BODY && is_text(body))
        json_object_set_new(request, "body", bytes_json(body->data, body->len));
    free(sha256);
    return request;
}

/* What came, decoded if it can be. A reply that broke may be of any size, and
 * its beginning tells as much. */
static json_t *content_json(const struct reply *reply)
{
    const struct bytes *content = reply->http ? &reply->body : &reply->raw;
    struct bytes begun = {0};
    json_t *value;

    if (reply->transport == TRANSPORT_COMPLETE || content->len <= KEPT_BROKEN)
        return bytes_json(content->data, content->len);
    bytes_add(&begun, content->data, KEPT_BROKEN);
    bytes_format(&begun, "… (%zu bytes)", content->len);
    value = bytes_json(begun.data, begun.len);
    bytes_release(&begun);
    return value;
}

static json_t *reply_to_json(const struct reply *reply, const json_t *json)
{
    json_t *kept =
        json_pack("{s:s, s:i, s:O, s:o}", "transport",
                  transport_name(reply->transport), "http", reply->http,
                  "headers", reply->headers, "body", content_json(reply));

    if (json)
        json_object_set(kept, "json", (json_t *)json);
    return kept;
}

static void keep_exchange(struct run_of_case *run, size_t step,
                          const struct message *message,
                          const struct reply *reply, const json_t *json)
{
    json_array_append_new(
        run->result->exchanges,
        json_pack("{s:I, s:o, s:o}", "step", (json_int_t)step + 1, "request",
                  request_json(message), "reply", reply_to_json(reply, json)));
}

/* The phrases of the catalogue are ours: any will do elsewhere. */
static json_t *relax(const struct config *config, const json_t *expect)
{
    json_t *copy = json_deep_copy(expect);
    const char *message = value_find_text(copy, "message");

    if (config->target == TARGET_PLAIN && message &&
        strncmp(message, "$message:", 9) == 0)
        json_object_set_new(copy, "message", json_string("$non-empty"));
    return copy;
}

static void check_one(struct run_of_case *run, const json_t *expect,
                      const struct reply *reply, const json_t *json,
                      struct bytes *problems)
{
    json_t *wanted = relax(&run->config, expect);

    reply_check(wanted, reply, json, problems);
    json_decref(wanted);
}

/* The expectation, or one that is as good. */
static void check_step(struct run_of_case *run, const json_t *step,
                       size_t number, const struct reply *reply)
{
    json_t *json = reply_json(reply);
    struct bytes problems = {0}, others = {0};
    const json_t *other;
    size_t i;
    char *rest, *line;

    check_one(run, json_object_get(step, "expect"), reply, json, &problems);
    json_array_foreach(json_object_get(step, "allow"), i, other)
    {
        if (problems.len == 0)
            break;
        others.len = 0;
        check_one(run, other, reply, json, &others);
        if (others.len == 0)
            problems.len = 0;
    }
    if (problems.len > 0) {
        bool single =
            json_array_size(json_object_get(run->test_case, "steps")) == 1;

        rest = problems.data;
        while ((line = strsep(&rest, "\n")) && *line) {
            if (single)
                result_fail(run->result, "%s", line);
            else
                result_fail(run->result, "step %zu: %s", number + 1, line);
        }
    }
    bytes_release(&problems);
    bytes_release(&others);
    json_decref(json);
}

/* The rules that the verdict on the case's account must have. */
static void check_findings(struct run_of_case *run, const json_t *expect)
{
    const json_t *wanted = json_object_get(expect, "findings");
    struct credentials own = account_credentials(run->own.json);
    json_t *verdict;
    const json_t *id, *finding;
    size_t i, j;
    char *why = NULL;

    if (json_array_size(wanted) == 0 || !config_has_admin(&run->config))
        return;
    verdict = mock_verdict(&run->config, own.secret_id, &why);
    if (!verdict) {
        result_fail_setup(run->result, "verdict: %s", why);
        free(why);
        return;
    }
    json_array_foreach(wanted, i, id)
    {
        bool found = false;

        json_array_foreach(json_object_get(verdict, "findings"), j, finding)
        {
            found |= strcmp(value_find_text(finding, "id"),
                            json_string_value(id)) == 0;
        }
        if (!found)
            result_fail(run->result, "verdict: expected a finding %s, got none",
                        json_string_value(id));
    }
    json_decref(verdict);
}

static int open_connection(struct run_of_case *run, const json_t *request)
{
    char *why = NULL;
    const char *wanted = value_find_text(request, "connection");

    if (run->connection && text_is(wanted, "same"))
        return 0;
    connection_close(run->connection);
    run->connection = connection_open(&run->config, &why);
    if (run->connection)
        return 0;
    result_fail_setup(run->result, "%s", why);
    free(why);
    return -1;
}

static int patience(const struct run_of_case *run, const json_t *expect)
{
    const json_t *given = json_object_get(expect, "patience_ms");

    return given ? (int)json_integer_value(given) : run->config.timeout_ms;
}

/* Makes and sends one request, judges what comes. */
static int exchange_step(struct run_of_case *run, const json_t *step,
                         size_t number)
{
    const json_t *request = json_object_get(step, "request");
    const json_t *expect = json_object_get(step, "expect");
    struct credentials own = account_credentials(run->own.json);
    struct credentials other = account_credentials(run->other.json);
    struct signing_case with = {&own, run->other.json ? &other : NULL,
                                run->authorization};
    struct message message;
    struct reply reply;
    json_t *json;
    enum media_outcome made;
    char *why = NULL;

    if (open_connection(run, request) < 0)
        return -1;
    made = message_make(&run->config, request, &with, &message, &why);
    if (made) {
        if (made == MEDIA_NOT_GIVEN)
            result_skip(run->result, "%s", why);
        else
            result_fail_setup(run->result, "%s", why);
        message_release(&message);
        free(why);
        return -1;
    }
    connection_exchange(run->connection, &message.out, patience(run, expect),
                        json_is_true(json_object_get(expect, "closes")),
                        &reply);
    json = reply_json(&reply);
    keep_exchange(run, number, &message, &reply, json);
    json_decref(json);
    check_step(run, step, number, &reply);
    free(run->authorization);
    run->authorization = message.authorization;
    message.authorization = NULL;
    message_release(&message);
    reply_release(&reply);
    return 0;
}

static int run_step(struct run_of_case *run, const json_t *step, size_t number)
{
    const json_t *fault = json_object_get(step, "fault");
    struct credentials own = account_credentials(run->own.json);
    uint64_t rule = 0;
    char *why = NULL;
    int failed;

    if (fault) {
        rule = mock_add_fault(&run->config, own.secret_id, fault, &why);
        if (!rule) {
            result_fail_setup(run->result, "fault: %s", why);
            free(why);
            return -1;
        }
    }
    failed = exchange_step(run, step, number);
    if (rule)
        mock_remove_fault(&run->config, rule);
    if (!failed)
        check_findings(run, json_object_get(step, "expect"));
    return failed;
}

static bool names_other(const json_t *test_case)
{
    const json_t *step;
    size_t i;

    json_array_foreach(json_object_get(test_case, "steps"), i, step)
    {
        if (message_names_other(json_object_get(step, "request")))
            return true;
    }
    return false;
}

static int get_accounts(struct run_of_case *run)
{
    const json_t *wanted = json_object_get(run->test_case, "account");
    json_t *role = json_string("other");
    const char *id = case_id(run->test_case);
    int failed =
        case_account_get(&run->config, id, wanted, &run->own, run->result);

    if (!failed && names_other(run->test_case))
        failed =
            case_account_get(&run->config, id, role, &run->other, run->result);
    json_decref(role);
    return failed;
}

static void clean_up(struct run_of_case *run)
{
    char *why = NULL;

    connection_close(run->connection);
    free(run->authorization);
    if (run->mock.pid > 0) {
        run->own.added = run->other.added = false; /* they go with the mock */
        if (mock_stop(&run->mock, &why) < 0)
            result_fail(run->result, "%s", why);
        free(why);
    }
    case_account_release(&run->config, &run->own);
    case_account_release(&run->config, &run->other);
}

void service_run(const struct config *config, const json_t *test_case,
                 struct result *result)
{
    struct run_of_case run = {
        .config = *config, .test_case = test_case, .result = result};
    const json_t *step;
    size_t i;

    if (!is_applicable(&run))
        return;
    if (start_own_mock(&run) == 0 && get_accounts(&run) == 0) {
        json_array_foreach(json_object_get(test_case, "steps"), i, step)
        {
            if (run_step(&run, step, i) < 0)
                break;
        }
    }
    clean_up(&run);
}
