#include "fault_rules.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cjson/cJSON.h>
#include <criterion/criterion.h>
#include "endpoints.h"

#define TEN "0123456789"
#define HUNDRED TEN TEN TEN TEN TEN TEN TEN TEN TEN TEN
#define THOUSAND                                                               \
    HUNDRED HUNDRED HUNDRED HUNDRED HUNDRED HUNDRED HUNDRED HUNDRED HUNDRED    \
        HUNDRED

static struct fault_rules *rules_new(void)
{
    struct fault_rules *rules = fault_rules_new(1);

    cr_assert(rules != NULL);
    return rules;
}

static uint64_t add(struct fault_rules *rules, const char *json)
{
    char *why = NULL;
    uint64_t id = fault_rules_add(rules, json, strlen(json), &why);

    cr_assert(id != 0, "%s: refused: %s", json, why);
    cr_assert(why == NULL);
    return id;
}

static void expect_refused_bytes(const char *json, size_t len,
                                 const char *expected)
{
    struct fault_rules *rules = rules_new();
    struct strbuf all;
    char *why = NULL;

    cr_expect_eq(fault_rules_add(rules, json, len, &why), 0, "%s: accepted",
                 json);
    cr_assert(why != NULL, "%s: no reason", json);
    cr_expect_str_eq(why, expected, "%s: said: %s", json, why);
    strbuf_init(&all, 1000);
    fault_rules_render(rules, &all);
    cr_expect_str_eq(all.buf, "{\"faults\":[]}");
    strbuf_release(&all);
    free(why);
    fault_rules_free(rules);
}

static void expect_refused(const char *json, const char *expected)
{
    expect_refused_bytes(json, strlen(json), expected);
}

/* An exchange of these values, NULL: not there. The caller frees it. */
static struct exchange *exchange_of(const struct endpoint *endpoint,
                                    const char *appid, const char *secret_id,
                                    const char *seq)
{
    struct exchange *x = exchange_new();

    cr_assert(x != NULL);
    x->endpoint = endpoint;
    if (appid)
        x->signature.a = (struct signature_field){appid, strlen(appid)};
    if (secret_id)
        x->signature.k = (struct signature_field){secret_id, strlen(secret_id)};
    if (seq)
        x->body.values[PARAM_SEQ] = (struct param_value){
            .form = PARAM_TEXT, .text = seq, .text_len = strlen(seq)};
    return x;
}

static struct exchange *any_exchange(void)
{
    return exchange_of(&endpoint_livedetectfour, "1000001", "AKIDone", "s");
}

static uint64_t ask(struct fault_rules *rules, const struct exchange *x)
{
    struct fault fault;

    return fault_rules_ask(rules, x, false, &fault);
}

/* Asks for each letter once: 'F' it fires, '-' it does not. */
static void expect_firings(struct fault_rules *rules, const char *pattern)
{
    struct exchange *x = any_exchange();

    for (size_t i = 0; pattern[i]; i++)
        cr_expect_eq(ask(rules, x) != 0, pattern[i] == 'F', "%s: exchange %zu",
                     pattern, i + 1);
    exchange_free(x);
}

static void expect_rendered(struct fault_rules *rules, uint64_t id,
                            const char *expected)
{
    struct strbuf out;

    strbuf_init(&out, 100000);
    cr_expect_eq(fault_rules_render_one(rules, id, &out), 0);
    cr_expect_str_eq(out.buf, expected);
    strbuf_release(&out);
}

/* Matches one exchange against one rule. */
static bool fires_for(const char *rule, const struct exchange *x, bool early)
{
    struct fault_rules *rules = rules_new();
    struct fault fault;
    bool fired;

    add(rules, rule);
    fired = fault_rules_ask(rules, x, early, &fault) != 0;
    fault_rules_free(rules);
    return fired;
}

/* what a rule must be */

Test(fault_rules, a_fault_alone_is_a_rule, .timeout = 10)
{
    struct fault_rules *rules = rules_new();

    cr_expect_eq(add(rules, "{\"fault\":\"-5007\"}"), 1);
    cr_expect_eq(add(rules, " {\"match\":{},\"fault\":\"delay=5\"}\n"), 2);
    fault_rules_free(rules);
}

Test(fault_rules, bounds_of_numbers_are_taken, .timeout = 10)
{
    struct fault_rules *rules = rules_new();

    add(rules, "{\"fault\":\"15\",\"times\":1,\"after\":0,\"every\":1,"
               "\"probability\":0}");
    add(rules, "{\"fault\":\"15\",\"times\":1000000000,\"after\":1e9,"
               "\"every\":1000000000,\"probability\":1}");
    fault_rules_free(rules);
}

Test(fault_rules, numbers_out_of_bounds_are_refused, .timeout = 10)
{
#define UP_TO(min) "expected a whole number from " min " to 1000000000"
    expect_refused("{\"fault\":\"15\",\"times\":0}",
                   "times: found the number 0, " UP_TO("1"));
    expect_refused("{\"fault\":\"15\",\"times\":1000000001}",
                   "times: found the number 1000000001, " UP_TO("1"));
    expect_refused("{\"fault\":\"15\",\"after\":-1}",
                   "after: found the number -1, " UP_TO("0"));
    expect_refused("{\"fault\":\"15\",\"after\":1000000001}",
                   "after: found the number 1000000001, " UP_TO("0"));
    expect_refused("{\"fault\":\"15\",\"every\":0}",
                   "every: found the number 0, " UP_TO("1"));
    expect_refused("{\"fault\":\"15\",\"every\":1.5}",
                   "every: found the number 1.5, " UP_TO("1"));
    expect_refused("{\"fault\":\"15\",\"times\":\"1\"}",
                   "times: found the string \"1\", " UP_TO("1"));
    expect_refused("{\"fault\":\"15\",\"probability\":-0.1}",
                   "probability: found the number -0.1, expected a number "
                   "from 0 to 1");
    expect_refused("{\"fault\":\"15\",\"probability\":1.01}",
                   "probability: found the number 1.01, expected a number "
                   "from 0 to 1");
    expect_refused("{\"fault\":\"15\",\"probability\":true}",
                   "probability: found true, expected a number from 0 to 1");
#undef UP_TO
}

Test(fault_rules, what_is_no_rule_is_refused, .timeout = 10)
{
#define EXPECTED                                                               \
    "expected an object of match, fault, times, after, every and probability"
    expect_refused("[]", "found an array, " EXPECTED);
    expect_refused("{\"fault\":\"15\",\"time\":1}",
                   "unknown name \"time\", " EXPECTED);
    expect_refused("{\"fault\":\"15\",\"id\":1}",
                   "unknown name \"id\", " EXPECTED);
    expect_refused("{\"fault\":\"15\",\"fault\":\"15\"}",
                   "fault: appears twice in one object");
#undef EXPECTED
}

Test(fault_rules, a_fault_must_be_there_and_parse, .timeout = 10)
{
    expect_refused("{}", "fault: is missing, expected a string, for example "
                         "\"-5007\" or \"reset\"");
    expect_refused("{\"fault\":-5007}",
                   "fault: found the number -5007, expected a string, for "
                   "example \"-5007\" or \"reset\"");
    expect_refused("{\"fault\":\"-1\"}",
                   "fault spec \"-1\": code -1 is in no table; write "
                   "unlisted=-1");
    expect_refused("{\"fault\":\"\"}",
                   "fault spec \"\" is empty, expected a code, "
                   "unlisted=, delay=, http= or a transport fault");
}

Test(fault_rules, a_match_must_name_known_things, .timeout = 10)
{
#define TEXT_EXPECTED "expected a string of 1 to 1024 bytes"
    expect_refused("{\"fault\":\"15\",\"match\":{\"endpoint\":\"livedetect\"}}",
                   "match.endpoint: found the string \"livedetect\", expected "
                   "one of livedetectfour, livedetectpicture, livegetfour");
    expect_refused("{\"fault\":\"15\",\"match\":{\"code\":1}}",
                   "match: unknown name \"code\", expected an object of "
                   "endpoint, appid, secret_id and seq");
    expect_refused("{\"fault\":\"15\",\"match\":{\"seq\":\"1\",\"seq\":\"1\"}}",
                   "match.seq: appears twice in one object");
    expect_refused("{\"fault\":\"15\",\"match\":null}",
                   "match: found null, expected an object of endpoint, appid, "
                   "secret_id and seq");
    expect_refused("{\"fault\":\"15\",\"match\":{\"appid\":1000001}}",
                   "match.appid: found the number 1000001, " TEXT_EXPECTED);
    expect_refused("{\"fault\":\"15\",\"match\":{\"secret_id\":\"\"}}",
                   "match.secret_id: found the string \"\", " TEXT_EXPECTED);
    expect_refused("{\"fault\":\"15\",\"match\":{\"seq\":\"" THOUSAND
                   "0123456789012345678901234\"}}",
                   "match.seq: found the string \"" TEN TEN TEN TEN
                   "...\", " TEXT_EXPECTED);
#undef TEXT_EXPECTED
}

Test(fault_rules, a_mistake_behind_a_match_is_not_said_to_be_in_it,
     .timeout = 10)
{
    expect_refused("{\"match\":{},\"fault\":\"15\",\"probability\":2}",
                   "probability: found the number 2, expected a number from 0 "
                   "to 1");
}

Test(fault_rules, what_is_not_json_is_refused, .timeout = 10)
{
    static const char with_nul[] = "{\"fault\":\"15\"}\0";

    expect_refused("{\"fault\":}", "line 1, column 10: a JSON syntax error");
    expect_refused("{\"fault\":\"15\"}x",
                   "line 1, column 15: text after the JSON document");
    expect_refused("{\"fault\":\"\xff\"}", "line 1, column 11: not UTF-8");
    expect_refused("{\"fault\":\"1\\u00005\"}",
                   "line 1, column 12: an escaped NUL");
    expect_refused_bytes(with_nul, sizeof(with_nul) - 1,
                         "line 1, column 15: a control byte");
    expect_refused("", "line 1, column 1: a JSON syntax error");
}

Test(fault_rules, ten_thousand_rules_are_the_most, .timeout = 10)
{
    struct fault_rules *rules = rules_new();
    const char *json = "{\"fault\":\"15\"}";
    char *why = NULL;

    for (int i = 1; i <= FAULT_RULES_MAX; i++)
        add(rules, json);
    cr_expect_eq(fault_rules_add(rules, json, strlen(json), &why), 0);
    cr_assert(why != NULL);
    cr_expect_str_eq(why, "1 more than the 10000 rules there are, expected at "
                          "most 10000 in all");
    free(why);
    cr_expect(fault_rules_remove(rules, 77));
    cr_expect_eq(add(rules, json), FAULT_RULES_MAX + 1);
    fault_rules_free(rules);
}

/* which exchanges match */

Test(fault_rules, no_rules_never_fire, .timeout = 10)
{
    struct fault_rules *rules = rules_new();

    expect_firings(rules, "--");
    fault_rules_free(rules);
}

Test(fault_rules, the_fault_is_handed_over, .timeout = 10)
{
    struct fault_rules *rules = rules_new();
    struct exchange *x = any_exchange();
    struct fault fault;

    memset(&fault, 0xAA, sizeof(fault));
    add(rules, "{\"fault\":\"delay=7,-5007@code,http=503\"}");
    cr_expect_eq(fault_rules_ask(rules, x, false, &fault), 1);
    cr_expect(fault.has_code);
    cr_expect_eq(fault.code, -5007);
    cr_expect(fault.has_place);
    cr_expect_eq(fault.http_status, 503);
    cr_expect_eq(fault.delay_ms, 7);
    cr_expect_eq(fault.transport, TRANSPORT_NONE);
    exchange_free(x);
    fault_rules_free(rules);
}

Test(fault_rules, the_fault_is_left_alone_when_nothing_fires, .timeout = 10)
{
    struct fault_rules *rules = rules_new();
    struct exchange *x = any_exchange();
    struct fault fault = {.code = 99};

    add(rules, "{\"fault\":\"15\",\"after\":1}");
    cr_expect_eq(fault_rules_ask(rules, x, false, &fault), 0);
    cr_expect_eq(fault.code, 99);
    exchange_free(x);
    fault_rules_free(rules);
}

Test(fault_rules, endpoint_is_matched_by_name, .timeout = 10)
{
    const char *rule =
        "{\"fault\":\"15\",\"match\":{\"endpoint\":\"livegetfour\"}}";
    struct exchange *x = exchange_of(&endpoint_livegetfour, "1", "k", NULL);

    cr_expect(fires_for(rule, x, false));
    x->endpoint = &endpoint_livedetectfour;
    cr_expect_not(fires_for(rule, x, false));
    x->endpoint = NULL;
    cr_expect_not(fires_for(rule, x, false));
    exchange_free(x);
}

Test(fault_rules, appid_is_that_of_the_signature, .timeout = 10)
{
    const char *rule = "{\"fault\":\"15\",\"match\":{\"appid\":\"1000001\"}}";
    struct exchange *x =
        exchange_of(&endpoint_livegetfour, "1000001&k=2", "k", NULL);
    struct param_value *appid = &x->body.values[PARAM_APPID];

    cr_expect_not(fires_for(rule, x, false));
    x->signature.a.len = 7; /* a borrowed piece of the signed text */
    cr_expect(fires_for(rule, x, false));
    x->signature.a.ptr = "1000002";
    *appid = (struct param_value){
        .form = PARAM_TEXT, .text = "1000001", .text_len = 7};
    cr_expect_not(fires_for(rule, x, false), "the body's came first");
    exchange_free(x);
}

Test(fault_rules, appid_is_that_of_the_body_without_a_signature, .timeout = 10)
{
    const char *rule = "{\"fault\":\"15\",\"match\":{\"appid\":\"1000001\"}}";
    struct exchange *x = exchange_of(&endpoint_livegetfour, NULL, NULL, NULL);
    struct param_value *appid = &x->body.values[PARAM_APPID];

    cr_expect_not(fires_for(rule, x, false));
    *appid = (struct param_value){
        .form = PARAM_INTEGER, .text = "1000001", .text_len = 7};
    cr_expect(fires_for(rule, x, false));
    exchange_free(x);
}

Test(fault_rules, secret_id_is_that_of_the_signature, .timeout = 10)
{
    const char *rule = "{\"fault\":\"15\",\"match\":{\"secret_id\":\"AKIDa\"}}";
    struct exchange *x = exchange_of(&endpoint_livegetfour, "1", "AKIDa", NULL);

    cr_expect(fires_for(rule, x, false));
    x->signature.k.len = 4;
    cr_expect_not(fires_for(rule, x, false));
    x->signature.k = (struct signature_field){NULL, 0};
    cr_expect_not(fires_for(rule, x, false));
    exchange_free(x);
}

Test(fault_rules, seq_is_matched_as_text_or_integer, .timeout = 10)
{
    const char *rule = "{\"fault\":\"15\",\"match\":{\"seq\":\"17\"}}";
    struct exchange *x = exchange_of(&endpoint_livegetfour, "1", "k", "17");
    struct param_value *seq = &x->body.values[PARAM_SEQ];

    cr_expect(fires_for(rule, x, false));
    seq->form = PARAM_INTEGER;
    cr_expect(fires_for(rule, x, false));
    seq->form = PARAM_OTHER;
    cr_expect_not(fires_for(rule, x, false));
    seq->form = PARAM_TEXT;
    seq->text = "17\0";
    seq->text_len = 3;
    cr_expect_not(fires_for(rule, x, false));
    exchange_free(x);
}

Test(fault_rules, a_seq_as_long_as_a_rule_may_name_is_matched, .timeout = 10)
{
    static const char seq[] = THOUSAND "012345678901234567890123";
    struct exchange *x = exchange_of(&endpoint_livegetfour, "1", "k", seq);
    const char *rule = "{\"fault\":\"15\",\"match\":{\"seq\":\"" THOUSAND
                       "012345678901234567890123\"}}";

    cr_expect_eq(strlen(seq), 1024);
    cr_expect(fires_for(rule, x, false));
    exchange_free(x);
}

Test(fault_rules, every_member_of_a_match_must_agree, .timeout = 10)
{
    const char *rule =
        "{\"fault\":\"15\",\"match\":{\"endpoint\":\"livedetectfour\","
        "\"appid\":\"1\",\"secret_id\":\"k\",\"seq\":\"s\"}}";

    for (unsigned wrong = 0; wrong < 16; wrong++) {
        struct exchange *x = exchange_of(
            wrong & 1 ? &endpoint_livegetfour : &endpoint_livedetectfour,
            wrong & 2 ? "2" : "1", wrong & 4 ? "l" : "k",
            wrong & 8 ? "t" : "s");

        cr_expect_eq(fires_for(rule, x, false), wrong == 0, "%u", wrong);
        exchange_free(x);
    }
}

Test(fault_rules, values_of_different_members_are_told_apart, .timeout = 10)
{
    const char *rule = "{\"fault\":\"15\",\"match\":{\"appid\":\"a\","
                       "\"secret_id\":\"b\"}}";
    struct exchange *x = exchange_of(&endpoint_livegetfour, "b", "a", NULL);

    cr_expect_not(fires_for(rule, x, false));
    exchange_free(x);
}

/* With every set of members in use, an exchange is found by each rule that
 * is about it and by no other. */
Test(fault_rules, all_shapes_of_matches_work_side_by_side, .timeout = 10)
{
    static const char *const members[] = {
        "\"endpoint\":\"livedetectfour\"", "\"appid\":\"1000001\"",
        "\"secret_id\":\"AKIDone\"", "\"seq\":\"s\""};
    struct fault_rules *rules = rules_new();
    struct exchange *x =
        exchange_of(&endpoint_livedetectfour, "1000001", NULL, "s");

    for (unsigned shape = 0; shape < 16; shape++) {
        char json[256] = "{\"fault\":\"15\",\"after\":9,\"match\":{";
        const char *comma = "";

        for (unsigned i = 0; i < 4; i++) {
            size_t len = strlen(json);

            if (!(shape & 1u << i))
                continue;
            snprintf(json + len, sizeof(json) - len, "%s%s", comma, members[i]);
            comma = ",";
        }
        snprintf(json + strlen(json), sizeof(json) - strlen(json), "}}");
        add(rules, json);
    }
    cr_expect_eq(ask(rules, x), 0);
    for (unsigned shape = 0; shape < 16; shape++) {
        struct strbuf out;

        strbuf_init(&out, 1000);
        fault_rules_render_one(rules, shape + 1, &out);
        cr_expect_eq(strstr(out.buf, "\"matched\":1,") != NULL, !(shape & 4),
                     "%s", out.buf);
        strbuf_release(&out);
    }
    exchange_free(x);
    fault_rules_free(rules);
}

/* So many that they have to share buckets, whatever their match names. */
Test(fault_rules, ten_thousand_rules_are_each_found, .timeout = 30)
{
    static const char *const names[] = {"secret_id", "appid", "seq"};
    struct fault_rules *rules = rules_new();

    for (int i = 1; i <= FAULT_RULES_MAX; i++) {
        char json[80];

        snprintf(json, sizeof(json),
                 "{\"fault\":\"15\",\"match\":{\"%s\":\"v%d\"}}", names[i % 3],
                 i);
        add(rules, json);
    }
    for (int i = FAULT_RULES_MAX; i >= 1; i -= 5)
        cr_assert(fault_rules_remove(rules, (uint64_t)i));
    for (int i = 1; i <= FAULT_RULES_MAX; i++) {
        struct exchange *x;
        char value[16];

        snprintf(value, sizeof(value), "v%d", i);
        x = exchange_of(&endpoint_livegetfour, value, value, value);
        cr_assert_eq(ask(rules, x), i % 5 == 0 ? 0 : (uint64_t)i);
        exchange_free(x);
    }
    fault_rules_free(rules);
}

/* early and late */

Test(fault_rules, reset_during_upload_is_asked_early_alone, .timeout = 10)
{
    const char *rule = "{\"fault\":\"reset_during_upload\",\"match\":{"
                       "\"secret_id\":\"AKIDone\"}}";
    struct exchange *x = any_exchange();

    cr_expect(fires_for(rule, x, true));
    cr_expect_not(fires_for(rule, x, false));
    exchange_free(x);
}

Test(fault_rules, other_faults_are_asked_late_alone, .timeout = 10)
{
    struct exchange *x = any_exchange();

    cr_expect_not(fires_for("{\"fault\":\"reset\"}", x, true));
    cr_expect(fires_for("{\"fault\":\"reset\"}", x, false));
    exchange_free(x);
}

Test(fault_rules, reset_during_upload_of_a_seq_is_asked_late, .timeout = 10)
{
    const char *rule =
        "{\"fault\":\"reset_during_upload\",\"match\":{\"seq\":\"s\"}}";
    struct exchange *x = any_exchange();

    cr_expect_not(fires_for(rule, x, true));
    cr_expect(fires_for(rule, x, false));
    exchange_free(x);
}

Test(fault_rules, an_exchange_counts_once_in_both_askings, .timeout = 10)
{
    struct fault_rules *rules = rules_new();
    struct exchange *x = any_exchange();
    struct fault fault;
    uint64_t early =
        add(rules, "{\"fault\":\"reset_during_upload\",\"after\":5}");
    uint64_t late = add(rules, "{\"fault\":\"15\",\"after\":5}");

    fault_rules_ask(rules, x, true, &fault);
    fault_rules_ask(rules, x, false, &fault);
    expect_rendered(rules, early,
                    "{\"id\":1,\"fault\":\"reset_during_upload\",\"after\":5,"
                    "\"matched\":1,\"fired\":0}");
    expect_rendered(rules, late,
                    "{\"id\":2,\"fault\":\"15\",\"after\":5,\"matched\":1,"
                    "\"fired\":0}");
    exchange_free(x);
    fault_rules_free(rules);
}

/* how often they fire */

Test(fault_rules, times_bounds_the_firings, .timeout = 10)
{
    struct fault_rules *rules = rules_new();

    add(rules, "{\"fault\":\"15\",\"times\":2}");
    expect_firings(rules, "FF---");
    expect_rendered(rules, 1,
                    "{\"id\":1,\"fault\":\"15\",\"times\":2,\"matched\":5,"
                    "\"fired\":2}");
    fault_rules_free(rules);
}

Test(fault_rules, the_first_after_pass, .timeout = 10)
{
    struct fault_rules *rules = rules_new();

    add(rules, "{\"fault\":\"15\",\"after\":3}");
    expect_firings(rules, "---FFF");
    fault_rules_free(rules);
}

Test(fault_rules, every_counts_from_the_first_that_may_fire, .timeout = 10)
{
    struct fault_rules *rules = rules_new();

    add(rules, "{\"fault\":\"15\",\"every\":3}");
    expect_firings(rules, "F--F--F");
    fault_rules_free(rules);
}

Test(fault_rules, after_every_and_times_go_together, .timeout = 10)
{
    struct fault_rules *rules = rules_new();

    add(rules, "{\"fault\":\"15\",\"after\":1,\"every\":3,\"times\":3}");
    expect_firings(rules, "-F--F--F----");
    fault_rules_free(rules);
}

Test(fault_rules, exchanges_that_do_not_match_are_not_counted, .timeout = 10)
{
    struct fault_rules *rules = rules_new();
    struct exchange *other = exchange_of(&endpoint_livegetfour, "1", "k", NULL);

    add(rules, "{\"match\":{\"secret_id\":\"AKIDone\"},\"fault\":\"15\","
               "\"after\":1}");
    for (int i = 0; i < 5; i++)
        cr_expect_eq(ask(rules, other), 0);
    expect_firings(rules, "-F");
    exchange_free(other);
    fault_rules_free(rules);
}

Test(fault_rules, the_rule_added_first_decides, .timeout = 10)
{
    struct fault_rules *rules = rules_new();
    struct exchange *x = any_exchange();

    add(rules, "{\"fault\":\"15\",\"match\":{\"seq\":\"other\"}}");
    add(rules, "{\"fault\":\"15\",\"match\":{\"appid\":\"1000001\"}}");
    add(rules, "{\"fault\":\"15\",\"match\":{\"seq\":\"s\"}}");
    add(rules, "{\"fault\":\"15\"}");
    for (uint64_t first = 2; first <= 4; first++) {
        cr_expect_eq(ask(rules, x), first);
        cr_expect(fault_rules_remove(rules, first));
    }
    cr_expect_eq(ask(rules, x), 0);
    exchange_free(x);
    fault_rules_free(rules);
}

Test(fault_rules, a_rule_that_is_used_up_passes_on_to_the_next, .timeout = 10)
{
    struct fault_rules *rules = rules_new();
    struct exchange *x = any_exchange();
    static const uint64_t expected[] = {1, 2, 2, 3, 3};

    add(rules, "{\"fault\":\"15\",\"times\":1}");
    add(rules, "{\"fault\":\"15\",\"times\":2,"
               "\"match\":{\"appid\":\"1000001\"}}");
    add(rules, "{\"fault\":\"15\"}");
    for (size_t i = 0; i < sizeof(expected) / sizeof(expected[0]); i++)
        cr_expect_eq(ask(rules, x), expected[i], "exchange %zu", i + 1);
    exchange_free(x);
    fault_rules_free(rules);
}

Test(fault_rules, a_rule_behind_one_that_fires_is_not_asked, .timeout = 10)
{
    struct fault_rules *rules = rules_new();

    add(rules, "{\"fault\":\"15\",\"every\":2}");
    add(rules, "{\"fault\":\"9\",\"after\":1}");
    expect_firings(rules, "F-FF");
    expect_rendered(rules, 2,
                    "{\"id\":2,\"fault\":\"9\",\"after\":1,\"matched\":2,"
                    "\"fired\":1}");
    fault_rules_free(rules);
}

/* probability */

static void draw(uint64_t seed, const char *json, char *pattern, size_t n)
{
    struct fault_rules *rules = fault_rules_new(seed);
    struct exchange *x = any_exchange();

    cr_assert(rules != NULL);
    add(rules, json);
    for (size_t i = 0; i < n; i++)
        pattern[i] = ask(rules, x) ? 'F' : '-';
    pattern[n] = '\0';
    exchange_free(x);
    fault_rules_free(rules);
}

Test(fault_rules, a_seed_gives_the_same_draws_again, .timeout = 10)
{
    const char *json = "{\"fault\":\"15\",\"probability\":0.5}";
    char first[201], again[201], other[201];

    draw(7, json, first, 200);
    draw(7, json, again, 200);
    draw(8, json, other, 200);
    cr_expect_str_eq(first, again);
    cr_expect_str_neq(first, other);
}

Test(fault_rules, draws_are_the_same_in_every_release, .timeout = 10)
{
    char pattern[33];

    draw(1, "{\"fault\":\"15\",\"probability\":0.3}", pattern, 32);
    cr_expect_str_eq(pattern, "----FF---F-F--------F--FF------F", "drew: %s",
                     pattern);
}

Test(fault_rules, rules_draw_independently, .timeout = 10)
{
    struct fault_rules *rules = rules_new();
    struct exchange *x[2];
    int different = 0;

    for (int i = 0; i < 2; i++)
        x[i] = exchange_of(&endpoint_livegetfour, "1", i ? "b" : "a", NULL);
    add(rules, "{\"fault\":\"15\",\"probability\":0.5,"
               "\"match\":{\"secret_id\":\"a\"}}");
    add(rules, "{\"fault\":\"15\",\"probability\":0.5,"
               "\"match\":{\"secret_id\":\"b\"}}");
    for (int i = 0; i < 1000; i++)
        different += (ask(rules, x[0]) != 0) != (ask(rules, x[1]) != 0);
    /* 500 are expected, with a standard deviation of 16. */
    cr_expect(different > 400 && different < 600, "%d", different);
    exchange_free(x[0]);
    exchange_free(x[1]);
    fault_rules_free(rules);
}

Test(fault_rules, probability_is_the_share_that_fires, .timeout = 10)
{
    static char pattern[10001];
    int fired = 0;

    draw(1, "{\"fault\":\"15\",\"probability\":0.2}", pattern, 10000);
    for (int i = 0; i < 10000; i++)
        fired += pattern[i] == 'F';
    /* 2000 are expected, with a standard deviation of 40. */
    cr_expect(fired > 1800 && fired < 2200, "%d", fired);
}

Test(fault_rules, certain_and_impossible_probabilities_are_just_that,
     .timeout = 10)
{
    char pattern[9];

    draw(1, "{\"fault\":\"15\",\"probability\":1}", pattern, 8);
    cr_expect_str_eq(pattern, "FFFFFFFF");
    draw(1, "{\"fault\":\"15\",\"probability\":0}", pattern, 8);
    cr_expect_str_eq(pattern, "--------");
}

Test(fault_rules, a_draw_that_fails_uses_nothing_up, .timeout = 10)
{
    char pattern[201];
    int fired = 0;

    draw(1, "{\"fault\":\"15\",\"probability\":0.2,\"times\":5}", pattern, 200);
    for (int i = 0; i < 200; i++)
        fired += pattern[i] == 'F';
    cr_expect_eq(fired, 5);
}

/* looking at them, and taking them away */

Test(fault_rules, a_rule_is_rendered_as_given, .timeout = 10)
{
    struct fault_rules *rules = rules_new();

    add(rules, "{ \"times\": 3, \"fault\": \" 5 , delay=3\", \"match\":{} }");
    add(rules, "{\"match\":{\"seq\":\"a\\\"\xe4\xb8\xad\\n\","
               "\"endpoint\":\"livegetfour\"},\"fault\":\"reset\","
               "\"probability\":0.1,\"after\":1e9}");
    expect_rendered(rules, 1,
                    "{\"id\":1,\"times\":3,\"fault\":\" 5 , delay=3\","
                    "\"match\":{},\"matched\":0,\"fired\":0}");
    expect_rendered(rules, 2,
                    "{\"id\":2,\"match\":{\"seq\":\"a\\\"\xe4\xb8\xad\\n\","
                    "\"endpoint\":\"livegetfour\"},\"fault\":\"reset\","
                    "\"probability\":0.1,\"after\":1000000000,\"matched\":0,"
                    "\"fired\":0}");
    fault_rules_free(rules);
}

Test(fault_rules, all_are_rendered_in_order, .timeout = 10)
{
    struct fault_rules *rules = rules_new();
    struct strbuf out;

    strbuf_init(&out, 1000);
    cr_expect_eq(fault_rules_render(rules, &out), 0);
    cr_expect_str_eq(out.buf, "{\"faults\":[]}");
    add(rules, "{\"fault\":\"15\"}");
    add(rules, "{\"fault\":\"9\"}");
    strbuf_reset(&out);
    cr_expect_eq(fault_rules_render(rules, &out), 0);
    cr_expect_str_eq(
        out.buf,
        "{\"faults\":[{\"id\":1,\"fault\":\"15\",\"matched\":0,\"fired\":0},"
        "{\"id\":2,\"fault\":\"9\",\"matched\":0,\"fired\":0}]}");
    strbuf_release(&out);
    fault_rules_free(rules);
}

Test(fault_rules, a_full_buffer_is_reported, .timeout = 10)
{
    struct fault_rules *rules = rules_new();
    struct strbuf out;

    add(rules, "{\"fault\":\"15\"}");
    strbuf_init(&out, 20);
    cr_expect_eq(fault_rules_render(rules, &out), -1);
    strbuf_reset(&out);
    cr_expect_eq(fault_rules_render_one(rules, 1, &out), -1);
    strbuf_release(&out);
    fault_rules_free(rules);
}

Test(fault_rules, an_unknown_id_renders_nothing, .timeout = 10)
{
    struct fault_rules *rules = rules_new();
    struct strbuf out;

    strbuf_init(&out, 1000);
    cr_expect_eq(fault_rules_render_one(rules, 1, &out), 1);
    add(rules, "{\"fault\":\"15\"}");
    cr_expect_eq(fault_rules_render_one(rules, 0, &out), 1);
    cr_expect_eq(fault_rules_render_one(rules, 2, &out), 1);
    cr_expect_eq(out.len, 0);
    strbuf_release(&out);
    fault_rules_free(rules);
}

Test(fault_rules, a_removed_rule_no_longer_fires, .timeout = 10)
{
    struct fault_rules *rules = rules_new();

    add(rules, "{\"fault\":\"15\"}");
    add(rules, "{\"fault\":\"9\"}");
    cr_expect_not(fault_rules_remove(rules, 3));
    cr_expect(fault_rules_remove(rules, 1));
    cr_expect_not(fault_rules_remove(rules, 1));
    expect_firings(rules, "F");
    cr_expect(fault_rules_remove(rules, 2));
    expect_firings(rules, "-");
    fault_rules_free(rules);
}

/* All three are about the same, so they lie in one chain. */
Test(fault_rules, rules_are_removed_from_front_middle_and_end, .timeout = 10)
{
    for (uint64_t gone = 1; gone <= 3; gone++) {
        struct fault_rules *rules = rules_new();
        struct exchange *x = any_exchange();

        for (int i = 0; i < 3; i++)
            add(rules, "{\"fault\":\"15\",\"times\":1}");
        cr_expect(fault_rules_remove(rules, gone));
        add(rules, "{\"fault\":\"15\",\"times\":1}");
        for (uint64_t id = 1; id <= 4; id++) {
            if (id != gone)
                cr_expect_eq(ask(rules, x), id, "without %d", (int)gone);
        }
        cr_expect_eq(ask(rules, x), 0);
        exchange_free(x);
        fault_rules_free(rules);
    }
}

Test(fault_rules, reset_drops_all_and_ids_go_on, .timeout = 10)
{
    struct fault_rules *rules = rules_new();

    add(rules, "{\"fault\":\"15\"}");
    add(rules, "{\"fault\":\"15\",\"match\":{\"seq\":\"s\"}}");
    fault_rules_reset(rules);
    expect_firings(rules, "-");
    cr_expect_not(fault_rules_remove(rules, 1));
    cr_expect_eq(add(rules, "{\"fault\":\"15\"}"), 3);
    expect_firings(rules, "F");
    fault_rules_free(rules);
}

Test(fault_rules, free_takes_null, .timeout = 10)
{
    fault_rules_free(NULL);
}

/* files */

/* Writes a file, whose name the caller unlinks and frees. */
static char *file_of(const char *text)
{
    char *path = strdup("/tmp/fault_rules.XXXXXX");
    int fd;

    cr_assert(path != NULL);
    fd = mkstemp(path);
    cr_assert(fd >= 0);
    cr_assert_eq(write(fd, text, strlen(text)), (ssize_t)strlen(text));
    close(fd);
    return path;
}

static void expect_file_refused(const char *text, const char *expected)
{
    struct fault_rules *rules = rules_new();
    char *path = file_of(text);
    char *why = NULL;

    cr_expect_eq(fault_rules_load(rules, path, &why), -1, "%s: loaded", text);
    cr_assert(why != NULL);
    cr_assert(strncmp(why, path, strlen(path)) == 0, "%s", why);
    cr_expect_str_eq(why + strlen(path), expected, "%s: said: %s", text, why);
    expect_firings(rules, "-");
    cr_expect_eq(add(rules, "{\"fault\":\"15\"}"), 1, "some were added");
    unlink(path);
    free(path);
    free(why);
    fault_rules_free(rules);
}

Test(fault_rules, a_file_is_loaded_in_its_order, .timeout = 10)
{
    struct fault_rules *rules = rules_new();
    char *path = file_of("{\"faults\":[{\"fault\":\"15\",\"times\":1},\n"
                         "{\"fault\":\"9\"}]}\n");
    struct exchange *x = any_exchange();
    char *why = NULL;

    add(rules, "{\"fault\":\"3\",\"times\":1}");
    cr_expect_eq(fault_rules_load(rules, path, &why), 0, "%s", why);
    cr_expect(why == NULL);
    for (uint64_t id = 1; id <= 3; id++)
        cr_expect_eq(ask(rules, x), id);
    exchange_free(x);
    unlink(path);
    free(path);
    fault_rules_free(rules);
}

Test(fault_rules, a_file_is_read_from_memory_under_its_name, .timeout = 10)
{
    static const char text[] = "{\"faults\":[{\"fault\":\"15\"}]} and more";
    struct fault_rules *rules = rules_new();
    size_t len = strlen(text) - strlen(" and more");
    char *why = NULL;

    cr_expect_eq(fault_rules_parse(rules, text, len, "a name", &why), 0, "%s",
                 why);
    cr_expect_eq(fault_rules_parse(rules, text, sizeof(text), "a name", &why),
                 -1);
    cr_expect(why && !strncmp(why, "a name: ", 8), "%s", why);
    cr_expect_eq(fault_rules_count(rules), 1);
    free(why);
    fault_rules_free(rules);
}

Test(fault_rules, a_file_without_rules_is_fine, .timeout = 10)
{
    struct fault_rules *rules = rules_new();
    char *path = file_of("{\"faults\":[]}");
    char *why = NULL;

    cr_expect_eq(fault_rules_load(rules, path, &why), 0, "%s", why);
    expect_firings(rules, "-");
    unlink(path);
    free(path);
    fault_rules_free(rules);
}

Test(fault_rules, a_mistake_in_a_file_is_located_and_nothing_loaded,
     .timeout = 10)
{
    expect_file_refused("{\"faults\":[{\"fault\":\"15\"},"
                        "{\"fault\":\"15\",\"times\":0}]}",
                        ": faults[1].times: found the number 0, expected a "
                        "whole number from 1 to 1000000000");
    expect_file_refused("{\"faults\":[{\"fault\":\"15\"},{\"fault\":\"15\","
                        "\"match\":{\"seq\":1}}]}",
                        ": faults[1].match.seq: found the number 1, expected "
                        "a string of 1 to 1024 bytes");
    expect_file_refused("{\"faults\":[{\"fault\":\"15\"},7]}",
                        ": faults[1]: found the number 7, expected an object "
                        "of match, fault, times, after, every and "
                        "probability");
    expect_file_refused("{\"faults\":{}}",
                        ": faults: found an object, expected a list of rules");
    expect_file_refused("{}", ": faults: is missing, expected a list of rules");
    expect_file_refused("{\"rules\":[]}", ": unknown name \"rules\", expected "
                                          "an object with the list faults");
    expect_file_refused("{\n\"faults\":[x]}",
                        ": line 2, column 11: a JSON syntax error");
}

Test(fault_rules, a_saved_listing_is_loaded_as_new_rules, .timeout = 10)
{
    struct fault_rules *rules = rules_new();
    char *path = file_of("{\"faults\":[{\"id\":7,\"fault\":\"15\",\"times\":1,"
                         "\"matched\":4,\"fired\":1}]}");
    struct strbuf all;
    char *why = NULL;

    cr_expect_eq(fault_rules_load(rules, path, &why), 0, "%s", why);
    cr_expect_eq(fault_rules_count(rules), 1);
    strbuf_init(&all, 1000);
    fault_rules_render(rules, &all);
    cr_expect_str_eq(all.buf,
                     "{\"faults\":[{\"id\":1,\"fault\":\"15\",\"times\":1,"
                     "\"matched\":0,\"fired\":0}]}");
    strbuf_release(&all);
    unlink(path);
    free(path);
    fault_rules_free(rules);
}

Test(fault_rules, what_a_listing_adds_is_refused_of_a_single_rule,
     .timeout = 10)
{
    expect_refused("{\"id\":7,\"fault\":\"15\"}",
                   "unknown name \"id\", expected an object of match, fault, "
                   "times, after, every and probability");
}

Test(fault_rules, a_file_of_too_many_rules_is_refused, .timeout = 10)
{
    struct strbuf text;

    strbuf_init(&text, 1000000);
    strbuf_addstr(&text, "{\"faults\":[{\"fault\":\"15\"}");
    for (int i = 0; i < FAULT_RULES_MAX; i++)
        strbuf_addstr(&text, ",{\"fault\":\"15\"}");
    strbuf_addstr(&text, "]}");
    expect_file_refused(text.buf, ": 10001 more than the 0 rules there are, "
                                  "expected at most 10000 in all");
    strbuf_release(&text);
}

Test(fault_rules, a_file_that_cannot_be_read_is_named, .timeout = 10)
{
    struct fault_rules *rules = rules_new();
    char *why = NULL;

    cr_expect_eq(fault_rules_load(rules, "/nonexistent/rules", &why), -1);
    cr_assert(why != NULL);
    cr_expect_str_eq(
        why, "/nonexistent/rules: cannot be read: No such file or directory");
    free(why);
    cr_expect_eq(fault_rules_load(rules, "/", &why), -1);
    cr_assert(why != NULL);
    cr_expect_str_eq(why, "/: cannot be read: Is a directory");
    free(why);
    fault_rules_free(rules);
}

/* threads */

enum { THREADS = 8, EACH = 200000 };

static struct fault_rules *shared;
static atomic_int n_fired;
static pthread_barrier_t start; /* so that they really ask at once */

static void *ask_often(void *unused)
{
    struct exchange *x = any_exchange();

    pthread_barrier_wait(&start);
    for (int i = 0; i < EACH; i++) {
        if (ask(shared, x))
            atomic_fetch_add(&n_fired, 1);
    }
    exchange_free(x);
    return unused;
}

static void *add_and_remove(void *unused)
{
    pthread_barrier_wait(&start);
    for (int i = 0; i < 1000; i++) {
        uint64_t id = add(shared, "{\"fault\":\"9\",\"after\":1000000,"
                                  "\"match\":{\"seq\":\"s\"}}");

        cr_assert(fault_rules_remove(shared, id));
    }
    return unused;
}

/* Runs the function in that many threads, and the asking ones beside. */
static void run_beside(void *(*run)(void *), int n)
{
    pthread_t threads[THREADS];
    pthread_t others[2];

    pthread_barrier_init(&start, NULL, (unsigned)(THREADS + n));
    for (int i = 0; i < n; i++)
        cr_assert_eq(pthread_create(&others[i], NULL, run, NULL), 0);
    for (int i = 0; i < THREADS; i++)
        cr_assert_eq(pthread_create(&threads[i], NULL, ask_often, NULL), 0);
    for (int i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
    for (int i = 0; i < n; i++)
        pthread_join(others[i], NULL);
    pthread_barrier_destroy(&start);
}

Test(fault_rules, eight_threads_fire_a_rule_as_often_as_it_says, .timeout = 30)
{
    shared = rules_new();
    add(shared, "{\"fault\":\"15\",\"times\":100}");
    run_beside(NULL, 0);
    cr_expect_eq(atomic_load(&n_fired), 100);
    expect_rendered(shared, 1,
                    "{\"id\":1,\"fault\":\"15\",\"times\":100,"
                    "\"matched\":1600000,\"fired\":100}");
    fault_rules_free(shared);
}

Test(fault_rules, rules_may_come_and_go_while_threads_ask, .timeout = 30)
{
    shared = rules_new();
    add(shared, "{\"fault\":\"15\",\"every\":2}");
    run_beside(add_and_remove, 2);
    cr_expect_eq(atomic_load(&n_fired), THREADS * EACH / 2);
    fault_rules_free(shared);
}
