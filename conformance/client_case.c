#include "client_case.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "case_account.h"
#include "casefile.h"
#include "client_ask.h"
#include "client_call.h"
#include "client_check.h"
#include "lease.h"
#include "mock.h"
#include "protocol.h"
#include "secrets.h"
#include "value.h"

/* For requests that were cut short to be recorded. */
enum { ARRIVE_MS = 1000 };

struct client_run {
    const struct config *config;
    const json_t *test_case;
    struct result *result;
    struct case_account account;
    struct credentials credentials;
    struct lease *lease; /* NULL: it is gone */
    bool broken;         /* the client is not to be used again */
    size_t arrived;      /* requests of the calls before */
    json_t *findings;    /* ids that the calls expect */
};

/* One call on its way. */
struct asked {
    struct client_run *run;
    const json_t *given; /* by the case */
    struct client_call call;
    const char *label;
    uint64_t rule; /* of its fault; 0: none */
    json_t *answer;
};

static struct client_check check_of(const struct asked *asked,
                                    const json_t *entries)
{
    return (struct client_check){
        .config = asked->run->config,
        .result = asked->run->result,
        .label = asked->label,
        .call = &asked->call,
        .credentials = asked->run->credentials,
        .expect = json_object_get(asked->given, "expect"),
        .entries = entries,
        .outcome = json_object_get(asked->answer, "outcome"),
    };
}

/* Is the case one for this target and client? */

static bool skip_unless(struct client_run *run, bool good, const char *reason)
{
    if (!good)
        result_skip(run->result, "%s", reason);
    return good;
}

/* A need is a feature, or "no-" and a feature that the client must lack. */
static bool meets_need(struct client_run *run, const char *need)
{
    const json_t *features = run->config->features;
    bool has = protocol_has_feature(features, need);

    if (strcmp(need, "admin") == 0)
        return true;
    if (strcmp(need, "private") == 0)
        return skip_unless(run, run->config->target == TARGET_MOCK,
                           "needs a private mock");
    if (strncmp(need, "no-", 3) == 0) {
        has = protocol_has_feature(features, need + 3);
        if (has)
            result_skip(run->result, "is for clients without the feature %s",
                        need + 3);
        return !has;
    }
    if (!has)
        result_skip(run->result, "the client does not have the feature %s",
                    need);
    return has;
}

static bool is_applicable(struct client_run *run)
{
    const struct config *c = run->config;
    const json_t *need;
    size_t i;

    if (!skip_unless(run, c->client != NULL, "no client was given (--client)"))
        return false;
    if (!skip_unless(run, config_has_admin(c),
                     "the target has no admin API: what arrived cannot be "
                     "told"))
        return false;
    if (config_is_https(c)) {
        if (!skip_unless(run, !c->insecure && !c->connect_to,
                         "a client cannot be told to take any certificate or "
                         "to connect elsewhere") ||
            !meets_need(run, "https"))
            return false;
    }
    json_array_foreach(json_object_get(run->test_case, "needs"), i, need)
    {
        if (!meets_need(run, json_string_value(need)))
            return false;
    }
    return true;
}

/* A client that cannot sign a bucket gets an account that has none. */
static int get_account(struct client_run *run)
{
    const json_t *wanted = json_object_get(run->test_case, "account");
    bool can = protocol_has_feature(run->config->features, "bucket");
    const char *role = json_string_value(wanted);
    bool is_default = !wanted || text_is(role, "default");
    json_t *bucketless = json_string("bucketless");
    int failed = case_account_get(run->config, case_id(run->test_case),
                                  can || !is_default ? wanted : bucketless,
                                  &run->account, run->result);

    json_decref(bucketless);
    if (failed)
        return -1;
    run->credentials = account_credentials(run->account.json);
    if (run->credentials.bucket && !can) {
        result_skip(run->result, "the client does not have the feature bucket");
        return -1;
    }
    return 0;
}

/* what arrived */

/* An entry without what nobody looks at: header fields, mostly. */
static json_t *shorten(const json_t *entry)
{
    static const char *const names[] = {
        "id",        "endpoint", "target", "body_size", "parts",
        "signature", "natural",  "served", "findings",  "cut_short",
    };
    json_t *kept = json_object();

    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        json_t *value = json_object_get(entry, names[i]);

        if (value)
            json_object_set(kept, names[i], value);
    }
    return kept;
}

static void keep_exchange(const struct asked *asked, const json_t *entries)
{
    const struct client_run *run = asked->run;
    char *line = client_call_line(run->config, &asked->call, &run->credentials);
    json_t *call = json_loads(line, 0, NULL);
    json_t *requests = json_array();
    json_t *exchange, *entry;
    size_t i;

    json_array_foreach(entries, i, entry)
    {
        json_array_append_new(requests, shorten(entry));
    }
    exchange =
        json_pack("{s:I, s:o, s:o}", "step",
                  (json_int_t)json_array_size(run->result->exchanges) + 1,
                  "call", call, "requests", requests);
    if (asked->answer)
        json_object_set(exchange, "answer", asked->answer);
    json_array_append_new(run->result->exchanges, exchange);
    free(line);
}

/* The requests that this call caused; NULL when that cannot be told. */
static json_t *take_entries(struct asked *asked)
{
    struct client_run *run = asked->run;
    const json_t *expect = json_object_get(asked->given, "expect");
    struct client_bounds bounds =
        client_bounds(json_object_get(expect, "requests"));
    json_t *all, *own, *entry;
    size_t i;
    char *why = NULL;

    all = mock_requests(run->config, run->credentials.secret_id,
                        run->arrived + bounds.min, ARRIVE_MS, &why);
    if (!all) {
        result_fail_setup(run->result, "journal: %s", why);
        free(why);
        return NULL;
    }
    own = json_array();
    json_array_foreach(all, i, entry)
    {
        if (i >= run->arrived)
            json_array_append(own, entry);
    }
    run->arrived = json_array_size(all);
    json_decref(all);
    return own;
}

/* The client's own word that it did not do the call. */
static void take_refusal(const struct asked *asked)
{
    struct client_run *run = asked->run;
    struct client_check check = check_of(asked, NULL);
    const char *message = value_find_text(asked->answer, "message");

    if (json_object_get(asked->answer, "errored"))
        client_fail(&check, "behaviour",
                    "the client could not make the call: %s",
                    message ? message : "");
    else if (run->config->strict_skips)
        client_fail(&check, "behaviour",
                    "the client skipped a call that its features "
                    "cover: %s",
                    message ? message : "");
    else
        result_skip(run->result, "the client: %s", message ? message : "");
}

static void judge_call(struct asked *asked)
{
    json_t *entries = take_entries(asked);
    struct client_check check = check_of(asked, entries);

    if (!entries)
        return;
    keep_exchange(asked, entries);
    if (asked->answer && !check.outcome) {
        take_refusal(asked);
    } else {
        client_check_wire(&check);
        client_check_report(&check);
        if (asked->answer)
            client_check_behaviour(&check);
    }
    json_decref(entries);
}

/* one call */

/* Makes the call ready; false when the case cannot go on. */
static bool prepare(struct asked *asked, const char *id)
{
    struct client_run *run = asked->run;
    const json_t *fault = json_object_get(asked->given, "fault");
    const char *lacks;
    char *why = NULL;
    enum media_outcome made =
        client_call_make(run->config, asked->given, id, &asked->call, &why);

    if (made == MEDIA_NOT_GIVEN)
        result_skip(run->result, "%s", why);
    else if (made == MEDIA_WRONG)
        result_fail_setup(run->result, "%s", why);
    free(why);
    if (made != MEDIA_OK)
        return false;
    lacks = client_call_lacks(run->config->features, &asked->call);
    if (lacks) {
        result_skip(run->result, "the client does not have the feature %s",
                    lacks);
        return false;
    }
    if (!fault)
        return true;
    why = NULL;
    asked->rule =
        mock_add_fault(run->config, run->credentials.secret_id, fault, &why);
    if (!asked->rule)
        result_fail_setup(run->result, "fault: %s", why);
    free(why);
    return asked->rule != 0;
}

/* False when no further call can be made. */
static bool run_call(struct client_run *run, const json_t *given, size_t i,
                     bool single)
{
    const char *case_name = case_id(run->test_case);
    char *id =
        single ? format("%s", case_name) : format("%s.%zu", case_name, i + 1);
    char *label = single ? format("%s", "") : format("call %zu: ", i + 1);
    struct asked asked = {.run = run, .given = given, .label = label};
    const json_t *expect = json_object_get(given, "expect");
    bool ready = prepare(&asked, id);

    if (ready) {
        json_array_extend(run->findings, json_object_get(expect, "findings"));
        struct client_check check = check_of(&asked, NULL);

        asked.answer = client_ask(&check, &run->lease, &run->broken);
        judge_call(&asked);
    }
    if (asked.rule)
        mock_remove_fault(run->config, asked.rule);
    client_call_release(&asked.call);
    json_decref(asked.answer);
    free(id);
    free(label);
    return ready && run->lease && !run->result->reason;
}

/* the end of a case */

static void check_verdict(struct client_run *run)
{
    char *why = NULL;
    json_t *verdict =
        mock_verdict(run->config, run->credentials.secret_id, &why);

    if (verdict)
        client_check_verdict(run->result, verdict, run->findings);
    else
        result_fail_setup(run->result, "verdict: %s", why);
    json_decref(verdict);
    free(why);
}

static void run_calls(struct client_run *run)
{
    const json_t *calls = json_object_get(run->test_case, "calls");
    bool single = json_array_size(calls) == 1;
    const json_t *call;
    size_t i;

    json_array_foreach(calls, i, call)
    {
        if (!run_call(run, call, i, single))
            break;
    }
    if (run->arrived > 0)
        check_verdict(run);
    if (run->lease)
        client_part(run->result, run->lease, run->broken);
}

/* secrets */

/* A client may say its key anywhere. */
static void mask_result(struct result *result, const char *secret)
{
    json_t *failure;
    size_t i;
    char *text;

    json_array_foreach(result->failures, i, failure)
    {
        text = secrets_masked_text(json_string_value(failure), secret);
        json_array_set_new(result->failures, i, json_string(text));
        free(text);
    }
    if (result->trace.len == 0)
        return;
    text = secrets_masked_text(result->trace.data, secret);
    result->trace.len = 0;
    bytes_text(&result->trace, text);
    free(text);
}

void client_run(const struct config *config, const json_t *test_case,
                struct result *result)
{
    struct client_run run = {
        .config = config,
        .test_case = test_case,
        .result = result,
        .findings = json_array(),
    };
    char *why = NULL;

    if (is_applicable(&run) && get_account(&run) == 0) {
        run.lease =
            lease_open(config, case_id(test_case), &result->trace, &why);
        if (run.lease)
            run_calls(&run);
        else
            result_fail_setup(result, "%s", why);
        mask_result(result, run.credentials.secret_key);
    }
    free(why);
    case_account_release(config, &run.account);
    json_decref(run.findings);
}
