#include "verdict.h"

#include <inttypes.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <cjson/cJSON.h>
#include <criterion/criterion.h>
#include "findings.h"
#include "support.h"

static struct world world;
static struct verdict *verdict;

static void begin(void)
{
    world_init(&world);
    verdict = verdict_new();
    cr_assert(verdict != NULL);
}

static void end(void)
{
    verdict_free(verdict);
    world_release(&world);
}

TestSuite(verdict, .init = begin, .fini = end, .timeout = 10);

/* An exchange as the server hands it over; times in microseconds. */
struct step {
    const char *fault; /* served; NULL: none */
    const char *secret_id;
    const struct change *changes;
    const char *authorization; /* NULL: signed with secret_id */
    int64_t at_us;             /* by both clocks */
    int64_t took_us;
    bool cut_short;
};

static uint64_t last_id;

static char *sign_as(const char *secret_id)
{
    struct signature_request request = {
        .key = accounts_find_key(world.accounts, secret_id, strlen(secret_id)),
        .bucket = "test",
        .expires = SUPPORT_NOW + 3600,
        .now = SUPPORT_NOW,
        .rand = last_id, /* no two alike */
    };

    cr_assert(request.key != NULL, "no key %s", secret_id);
    return signature_make(&request);
}

/* Runs one exchange and returns the findings that its past added. */
static uint64_t observe(const struct step *s)
{
    struct exchange *x;
    struct call c;
    uint64_t before, after;

    call_four(&c, &world, s->changes);
    free(c.signature);
    c.signature = sign_as(s->secret_id ? s->secret_id : "AKIDdemo1000001");
    c.request.authorization = s->authorization ? s->authorization : c.signature;
    c.request.content_length = (int64_t)c.body.len;
    c.request.fault = s->fault;
    x = call_run(&world, &c, WHOLE);
    x->id = ++last_id;
    x->time_us = SUPPORT_NOW * INT64_C(1000000) + s->at_us;
    x->started_us = 1000000 + s->at_us;
    x->duration_us = s->took_us;
    x->cut_short = s->cut_short;
    findings_evaluate(x, &world.settings, SUPPORT_NOW);
    before = x->finding_set;
    verdict_recall(verdict, x);
    verdict_count(verdict, x);
    after = x->finding_set;
    exchange_free(x);
    call_release(&c);
    return after & ~before;
}

static bool is_new(const struct step *s, enum finding finding)
{
    return observe(s) >> finding & 1;
}

/* Observes an exchange of `secret_id` (NULL: none is known) that was given
 * this finding (FINDING__COUNT: none) and this code. */
static void observe_made(const char *secret_id, enum finding finding,
                         const char *seen, int code)
{
    struct exchange *x = exchange_new();

    cr_assert(x != NULL);
    x->id = ++last_id;
    x->decision.code = code;
    x->endpoint = NULL;
    if (secret_id)
        x->signature.key =
            accounts_find_key(world.accounts, secret_id, strlen(secret_id));
    if (finding < FINDING__COUNT)
        findings_add(x, finding, "%s", seen);
    verdict_recall(verdict, x);
    verdict_count(verdict, x);
    exchange_free(x);
}

static char *rendered(const char *secret_id, enum verdict_format format)
{
    struct strbuf out;

    strbuf_init(&out, 1024 * 1024);
    cr_assert_eq(verdict_render(verdict, secret_id, format, &out), 0);
    return strbuf_take(&out);
}

static cJSON *parsed(char *text)
{
    cJSON *json = cJSON_ParseWithOpts(text, NULL, true);

    cr_assert(json != NULL, "not JSON: %s", text);
    free(text);
    return json;
}

static const cJSON *get(const cJSON *json, const char *name)
{
    const cJSON *item = cJSON_GetObjectItemCaseSensitive(json, name);

    cr_assert(item != NULL, "there is no %s", name);
    return item;
}

static void expect_contains(const char *text, const char *part)
{
    cr_expect(strstr(text, part) != NULL, "expected %s in:\n%s", part, text);
}

/* signature.reused-after-refusal */

static char *wrong_signature(void)
{
    return support_missigned("a=1000001&b=test&k=AKIDdemo1000001"
                             "&e=1500003600&t=1500000000");
}

Test(verdict, signature_sent_again_after_14_is_reused)
{
    char *wrong = wrong_signature();
    struct step s = {.authorization = wrong};

    cr_expect_not(is_new(&s, FINDING_SIGNATURE_REUSED));
    cr_expect(is_new(&s, FINDING_SIGNATURE_REUSED));
    free(wrong);
}

Test(verdict, signature_sent_again_after_9_is_reused)
{
    char *value = sign_as("AKIDdemo1000001");
    struct step s = {.authorization = value, .fault = "9"};

    observe(&s);
    s.fault = NULL;
    cr_expect(is_new(&s, FINDING_SIGNATURE_REUSED));
    free(value);
}

Test(verdict, signature_sent_again_after_another_code_is_not_reused)
{
    char *value = sign_as("AKIDdemo1000001");
    struct step s = {.authorization = value, .fault = "213"};

    observe(&s);
    cr_expect_not(is_new(&s, FINDING_SIGNATURE_REUSED));
    free(value);
}

Test(verdict, new_signature_after_14_is_not_reused)
{
    char *wrong = wrong_signature();
    struct step s = {.authorization = wrong};

    observe(&s);
    s.authorization = NULL;
    cr_expect_not(is_new(&s, FINDING_SIGNATURE_REUSED));
    free(wrong);
}

Test(verdict, refusal_is_remembered_past_a_request_with_another_signature)
{
    char *wrong = wrong_signature();
    struct step bad = {.authorization = wrong};
    struct step good = {0};

    observe(&bad);
    observe(&good);
    cr_expect(is_new(&bad, FINDING_SIGNATURE_REUSED));
    free(wrong);
}

Test(verdict, signature_sent_again_before_the_answer_is_not_reused)
{
    char *wrong = wrong_signature();
    struct step s = {.authorization = wrong, .took_us = 5000};

    observe(&s);
    s.at_us = 4999;
    cr_expect_not(is_new(&s, FINDING_SIGNATURE_REUSED));
    s.at_us = 10000;
    cr_expect(is_new(&s, FINDING_SIGNATURE_REUSED));
    free(wrong);
}

Test(verdict, refusal_that_never_arrived_is_not_remembered)
{
    char *wrong = wrong_signature();
    struct step s = {.authorization = wrong, .fault = "reset"};

    observe(&s);
    s.fault = NULL;
    cr_expect_not(is_new(&s, FINDING_SIGNATURE_REUSED));
    free(wrong);
}

/* retry.useless */

Test(verdict, same_content_after_a_final_answer_is_a_useless_retry)
{
    static const char *const codes[] = {
        "3",     "6",     "16",    "21",    "23",    "-4006", "-4018",
        "-5001", "-5016", "-5801", "-5803", "-5804", "-5805", "-5806"};

    for (size_t i = 0; i < LENGTH(codes); i++) {
        struct step s = {.fault = codes[i]};

        verdict_reset(verdict);
        cr_expect_not(is_new(&s, FINDING_RETRY_USELESS), "%s", codes[i]);
        s.fault = NULL;
        cr_expect(is_new(&s, FINDING_RETRY_USELESS), "%s", codes[i]);
    }
}

Test(verdict, same_content_after_an_answer_that_may_change_is_a_fair_retry)
{
    static const char *const codes[] = {
        "0",   "4",   "5",   "9",     "10",    "11",
        "12",  "13",  "14",  "15",    "24",    "25",
        "107", "108", "213", "-5802", "-5807", "unlisted=-4100"};

    for (size_t i = 0; i < LENGTH(codes); i++) {
        struct step s = {.fault = codes[i]};

        verdict_reset(verdict);
        observe(&s);
        s.fault = NULL;
        cr_expect_not(is_new(&s, FINDING_RETRY_USELESS), "%s", codes[i]);
    }
}

Test(verdict, other_content_is_no_retry)
{
    static const struct change other_text[] = {{"validate_data", "1234"},
                                               {NULL, NULL}};
    static const struct change other_file[] = {{"video", A_VIDEO "!"},
                                               {NULL, NULL}};
    static const struct change one_more[] = {{"seq", "1"}, {NULL, NULL}};
    const struct change *const changes[] = {other_text, other_file, one_more};

    for (size_t i = 0; i < LENGTH(changes); i++) {
        struct step s = {.fault = "-5007"};

        verdict_reset(verdict);
        observe(&s);
        s.changes = changes[i];
        cr_expect_not(is_new(&s, FINDING_RETRY_USELESS), "change %zu", i);
    }
}

Test(verdict, retry_after_arrears_is_fair)
{
    static const struct change appid[] = {{"appid", "1000003"}, {NULL, NULL}};
    struct step s = {.secret_id = "AKIDdemo1000003", .changes = appid};

    observe(&s);
    cr_expect_not(is_new(&s, FINDING_RETRY_USELESS));
}

Test(verdict, retry_with_a_request_between_is_none)
{
    static const struct change other[] = {{"seq", "1"}, {NULL, NULL}};
    struct step s = {.fault = "-5007"};

    observe(&s);
    s.changes = other;
    s.fault = NULL;
    observe(&s);
    s.changes = NULL;
    cr_expect_not(is_new(&s, FINDING_RETRY_USELESS));
}

Test(verdict, request_sent_before_the_answer_is_no_retry)
{
    struct step s = {.fault = "-5007", .took_us = 5000};

    observe(&s);
    s.at_us = 4999;
    cr_expect_not(is_new(&s, FINDING_RETRY_USELESS));
}

Test(verdict, answer_that_never_arrived_may_be_asked_for_again)
{
    static const struct change wrong[] = {{"compare_flag", "True"},
                                          {NULL, NULL}};
    static const char *const faults[] = {"reset", "truncated_body", "html_502",
                                         "malformed_json"};

    for (size_t i = 0; i < LENGTH(faults); i++) {
        struct step s = {.changes = wrong, .fault = faults[i]};

        verdict_reset(verdict);
        observe(&s);
        s.fault = NULL;
        cr_expect_not(is_new(&s, FINDING_RETRY_USELESS), "%s", faults[i]);
    }
}

Test(verdict, request_cut_short_may_be_sent_again)
{
    struct step s = {.fault = "-5007", .cut_short = true};

    observe(&s);
    s.cut_short = false;
    cr_expect_not(is_new(&s, FINDING_RETRY_USELESS));
}

/* A request with a JSON body, signed anew. */
static bool is_useless_json(const char *path, const char *json,
                            const char *fault)
{
    struct exchange *x;
    struct call c;
    bool result;

    call_json(&c, &world, path, json);
    c.request.fault = fault;
    x = call_run(&world, &c, WHOLE);
    x->id = ++last_id;
    verdict_recall(verdict, x);
    verdict_count(verdict, x);
    result = x->finding_set >> FINDING_RETRY_USELESS & 1;
    exchange_free(x);
    call_release(&c);
    return result;
}

/* Is the second of two requests to livedetectpicture? */
static bool is_useless(const char *first, const char *second, const char *fault)
{
    is_useless_json(PICTURE, first, fault);
    return is_useless_json(PICTURE, second, fault);
}

Test(verdict, failed_download_may_be_tried_again_but_no_image_may_not)
{
    static const char url[] =
        "{\"appid\":\"1000001\",\"url\":\"http://a.invalid/\"}";
    static const char none[] = "{\"appid\":\"1000001\"}";

    cr_expect_not(is_useless(url, url, NULL));
    cr_expect(is_useless(none, none, NULL));
}

Test(verdict, values_of_json_tell_contents_apart)
{
    static const char one[] =
        "{\"appid\":\"1000001\",\"url\":\"http://a.example/1\"}";
    static const char other[] =
        "{\"appid\":\"1000001\",\"url\":\"http://a.example/2\"}";

    cr_expect_not(is_useless(one, other, "-4012"));
    cr_expect(is_useless(one, one, "-4012"));
}

Test(verdict, bodies_that_cannot_be_read_are_told_apart)
{
    cr_expect_not(is_useless("[1]", "[2]", NULL));
    cr_expect(is_useless("[2]", "[2]", NULL));
}

Test(verdict, another_endpoint_is_no_retry)
{
    static const char appid[] = "{\"appid\":\"1000001\"}";

    is_useless_json(PICTURE, appid, NULL);
    cr_expect_not(is_useless_json(GETFOUR, appid, NULL));
}

Test(verdict, same_content_signed_for_its_bucket_after_6_is_a_fair_retry)
{
    static const struct change other[] = {{"bucket", "other"}, {NULL, NULL}};
    struct signature_request request = {
        .key = accounts_find_key(world.accounts, "AKIDdemo1000001", 15),
        .bucket = "other",
        .expires = SUPPORT_NOW + 3600,
        .now = SUPPORT_NOW,
    };
    char *value = signature_make(&request);
    struct step s = {.changes = other};

    observe(&s);
    cr_expect(is_new(&s, FINDING_RETRY_USELESS));
    s.authorization = value;
    cr_expect_not(is_new(&s, FINDING_RETRY_USELESS));
    free(value);
}

/* retry.no-pause */

Test(verdict, third_request_within_a_second_of_a_15_makes_no_pause)
{
    struct step limited = {.fault = "15"};
    struct step s = {0};

    observe(&limited);
    for (int i = 1; i < VERDICT_AFTER_15; i++) {
        s.at_us = i * 1000;
        cr_expect_not(is_new(&s, FINDING_NO_PAUSE_AFTER_15), "request %d", i);
    }
    s.at_us = 1000000;
    cr_expect(is_new(&s, FINDING_NO_PAUSE_AFTER_15));
}

Test(verdict, request_a_second_after_a_15_made_a_pause)
{
    struct step limited = {.fault = "15"};
    struct step s = {.at_us = 1000001};

    observe(&limited);
    for (int i = 0; i < 2 * VERDICT_AFTER_15; i++)
        cr_expect_not(is_new(&s, FINDING_NO_PAUSE_AFTER_15));
}

Test(verdict, client_that_keeps_getting_15_does_not_begin_anew)
{
    struct step s = {.fault = "15"};
    bool found = false;

    for (int i = 0; i <= VERDICT_AFTER_15; i++) {
        s.at_us = i * 1000;
        cr_expect_not(found, "already at request %d", i);
        found = is_new(&s, FINDING_NO_PAUSE_AFTER_15);
    }
    cr_expect(found);
}

Test(verdict, second_15_after_a_pause_begins_anew)
{
    struct step s = {.fault = "15"};

    for (int i = 0; i < 2 * VERDICT_AFTER_15; i++) {
        cr_expect_not(is_new(&s, FINDING_NO_PAUSE_AFTER_15), "request %d", i);
        s.at_us += 1000001;
    }
    for (int i = 0; i < VERDICT_AFTER_15; i++) {
        s.at_us += 1000;
        observe(&s);
    }
    cr_expect(is_new(&s, FINDING_NO_PAUSE_AFTER_15));
}

Test(verdict, requests_in_flight_at_a_15_do_not_count)
{
    struct step limited = {.fault = "15", .took_us = 5000};
    struct step s = {.at_us = 4999};

    observe(&limited);
    for (int i = 0; i < 2 * VERDICT_AFTER_15; i++)
        cr_expect_not(is_new(&s, FINDING_NO_PAUSE_AFTER_15));
}

/* clients */

Test(verdict, past_of_one_client_is_not_held_against_another)
{
    struct step s = {.fault = "-5007"};

    observe(&s);
    s.secret_id = "AKIDdemo1000001b";
    cr_expect_not(is_new(&s, FINDING_RETRY_USELESS));
}

Test(verdict, no_past_is_held_against_the_unknown)
{
    char *nobody = support_missigned("a=1000001&b=test&k=AKIDnobody"
                                     "&e=1500003600&t=1500000000");
    struct step s = {.authorization = nobody, .fault = "14"};

    for (int i = 0; i < 2 * VERDICT_AFTER_15; i++) {
        cr_expect_eq(observe(&s), 0);
        s.fault = i % 2 ? "15" : "-5007";
    }
    free(nobody);
}

Test(verdict, requests_are_counted_by_secret_id_and_in_all)
{
    observe_made("AKIDdemo1000001", FINDING_FILE_GIF, "x", 0);
    observe_made("AKIDdemo1000001", FINDING_HOST_UNKNOWN, "x", 0);
    observe_made("AKIDdemo1000002", FINDING_CLOCK_SKEW, "x", 0);
    observe_made(NULL, FINDING__COUNT, NULL, 4);

    struct verdict_summary one = verdict_summary(verdict, "AKIDdemo1000001");
    cr_expect_eq(one.n_requests, 2);
    cr_expect_eq(one.n_must, 1);
    cr_expect_eq(one.n_should, 0);
    cr_expect_eq(one.n_info, 1);
    cr_expect_not(one.conformant);

    struct verdict_summary two = verdict_summary(verdict, "AKIDdemo1000002");
    cr_expect_eq(two.n_requests, 1);
    cr_expect_eq(two.n_should, 1);
    cr_expect(two.conformant);

    cr_expect_eq(verdict_summary(verdict, "(unknown)").n_requests, 1);

    struct verdict_summary all = verdict_summary(verdict, NULL);
    cr_expect_eq(all.n_requests, 4);
    cr_expect_eq(all.n_must + all.n_should + all.n_info, 3);
    cr_expect_not(all.conformant);
}

Test(verdict, secret_id_never_seen_is_conformant_with_zeros)
{
    struct verdict_summary sum = verdict_summary(verdict, "AKIDnobody");

    cr_expect_eq(sum.n_requests, 0);
    cr_expect_eq(sum.n_must, 0);
    cr_expect(sum.conformant);
}

Test(verdict, reset_forgets_counts_and_pasts)
{
    struct step s = {.fault = "-5007"};

    observe(&s);
    observe_made(NULL, FINDING_FILE_GIF, "x", 0);
    verdict_reset(verdict);
    cr_expect_eq(verdict_summary(verdict, NULL).n_requests, 0);
    cr_expect(verdict_summary(verdict, NULL).conformant);
    cr_expect_eq(verdict_summary(verdict, "(unknown)").n_requests, 0);
    cr_expect_not(is_new(&s, FINDING_RETRY_USELESS));
}

/* As many accounts as may be told apart, and one more. */
static void use_many_accounts(void)
{
    struct strbuf json;

    strbuf_init(&json, 8 * 1024 * 1024);
    strbuf_addstr(&json, "{\"accounts\":[{\"appid\":\"1\",\"keys\":[");
    for (int i = 0; i <= VERDICT_MAX_CLIENTS; i++)
        strbuf_addf(&json, "%s{\"secret_id\":\"id%d\",\"secret_key\":\"key\"}",
                    i > 0 ? "," : "", i);
    strbuf_addstr(&json, "]}]}");
    cr_assert_not(json.failed);
    world_use_accounts(&world, json.buf);
    strbuf_release(&json);
}

Test(verdict, clients_over_the_bound_are_counted_together, .timeout = 60)
{
    char id[16];

    use_many_accounts();
    for (int i = 0; i <= VERDICT_MAX_CLIENTS; i++) {
        snprintf(id, sizeof(id), "id%d", i);
        observe_made(id, FINDING__COUNT, NULL, 0);
        observe_made(id, FINDING_FILE_GIF, "x", 0);
    }
    snprintf(id, sizeof(id), "id%d", VERDICT_MAX_CLIENTS - 1);
    cr_expect_eq(verdict_summary(verdict, "id0").n_requests, 2);
    cr_expect_eq(verdict_summary(verdict, id).n_requests, 2);
    cr_expect_eq(verdict_summary(verdict, "(others)").n_requests, 2);
    cr_expect_eq(verdict_summary(verdict, "(others)").n_must, 1);
    cr_expect_eq(verdict_summary(verdict, NULL).n_requests,
                 2 * (VERDICT_MAX_CLIENTS + 1));
}

enum { N_THREADS = 4, N_EACH = 2000 };

static void *observe_many(void *arg)
{
    const char *const ids[] = {"AKIDdemo1000001", "AKIDdemo1000002"};
    struct exchange *x = exchange_new();

    (void)arg;
    x->finding_set = (uint64_t)1 << FINDING_FILE_GIF;
    for (int i = 0; i < N_EACH; i++) {
        const char *id = ids[i % 2];

        x->id = 1;
        x->signature.key = accounts_find_key(world.accounts, id, strlen(id));
        verdict_recall(verdict, x);
        verdict_count(verdict, x);
    }
    exchange_free(x);
    return NULL;
}

Test(verdict, threads_lose_no_counts)
{
    pthread_t threads[N_THREADS];

    for (int i = 0; i < N_THREADS; i++)
        cr_assert_eq(pthread_create(&threads[i], NULL, observe_many, NULL), 0);
    for (int i = 0; i < N_THREADS; i++)
        pthread_join(threads[i], NULL);
    cr_expect_eq(verdict_summary(verdict, NULL).n_must, N_THREADS * N_EACH);
    cr_expect_eq(verdict_summary(verdict, "AKIDdemo1000001").n_requests,
                 N_THREADS * N_EACH / 2);
}

/* JSON */

Test(verdict, json_has_the_worst_level_first_then_the_most_frequent)
{
    static const char *const expected[] = {"file.gif", "field.missing",
                                           "image.large", "host.unknown"};
    cJSON *json;
    const cJSON *findings;

    observe_made(NULL, FINDING_HOST_UNKNOWN, "x", 0);
    observe_made(NULL, FINDING_HOST_UNKNOWN, "x", 0);
    observe_made(NULL, FINDING_HOST_UNKNOWN, "x", 0);
    observe_made(NULL, FINDING_FIELD_MISSING, "x", 0);
    observe_made(NULL, FINDING_IMAGE_LARGE, "x", 0);
    observe_made(NULL, FINDING_FILE_GIF, "x", 0);
    observe_made(NULL, FINDING_FILE_GIF, "x", 0);
    json = parsed(rendered(NULL, VERDICT_JSON));
    findings = get(json, "findings");
    cr_assert_eq(cJSON_GetArraySize(findings), (int)LENGTH(expected));
    for (int i = 0; i < (int)LENGTH(expected); i++)
        cr_expect_str_eq(
            get(cJSON_GetArrayItem(findings, i), "id")->valuestring,
            expected[i]);
    cJSON_Delete(json);
}

Test(verdict, json_finding_has_the_row_the_count_and_the_first_example)
{
    const struct finding_info *info = finding_info(FINDING_FILE_GIF);
    cJSON *json;
    const cJSON *finding;

    last_id = 7;
    observe_made("AKIDdemo1000001", FINDING__COUNT, NULL, 0);
    observe_made("AKIDdemo1000001", FINDING_FILE_GIF, "the \"card\"", 0);
    observe_made("AKIDdemo1000001", FINDING_FILE_GIF, "image", 0);
    json = parsed(rendered("AKIDdemo1000001", VERDICT_JSON));
    cr_expect(cJSON_IsFalse(get(json, "conformant")));
    cr_expect_eq(get(json, "requests")->valueint, 3);
    finding = cJSON_GetArrayItem(get(json, "findings"), 0);
    cr_expect_str_eq(get(finding, "level")->valuestring, "must");
    cr_expect_eq(get(finding, "count")->valueint, 2);
    cr_expect_eq(get(get(finding, "example"), "exchange")->valueint, 9);
    cr_expect_str_eq(get(get(finding, "example"), "seen")->valuestring,
                     "the \"card\"");
    cr_expect_str_eq(get(finding, "reference")->valuestring, info->reference);
    cr_expect_str_eq(get(finding, "text")->valuestring, info->text);
    cr_expect(cJSON_GetObjectItem(json, "clients") == NULL);
    cJSON_Delete(json);
}

Test(verdict, example_of_all_is_the_earliest_of_any_client)
{
    cJSON *json;

    last_id = 30;
    observe_made("AKIDdemo1000001", FINDING_FILE_GIF, "later", 0);
    last_id = 10;
    observe_made("AKIDdemo1000002", FINDING_FILE_GIF, "earlier", 0);
    json = parsed(rendered(NULL, VERDICT_JSON));
    cr_expect_str_eq(
        get(get(cJSON_GetArrayItem(get(json, "findings"), 0), "example"),
            "seen")
            ->valuestring,
        "earlier");
    cJSON_Delete(json);
}

Test(verdict, json_of_all_lists_the_clients)
{
    cJSON *json;
    const cJSON *clients;

    observe_made("AKIDdemo1000002", FINDING_FILE_GIF, "x", 0);
    observe_made(NULL, FINDING__COUNT, NULL, 4);
    observe_made("AKIDdemo1000001", FINDING__COUNT, NULL, 0);
    observe_made("AKIDdemo1000001", FINDING__COUNT, NULL, 0);
    json = parsed(rendered(NULL, VERDICT_JSON));
    clients = get(json, "clients");
    cr_assert_eq(cJSON_GetArraySize(clients), 3);
    cr_expect_str_eq(
        get(cJSON_GetArrayItem(clients, 0), "secret_id")->valuestring,
        "AKIDdemo1000002");
    cr_expect(cJSON_IsFalse(get(cJSON_GetArrayItem(clients, 0), "conformant")));
    cr_expect_eq(get(cJSON_GetArrayItem(clients, 1), "requests")->valueint, 2);
    cr_expect(cJSON_IsTrue(get(cJSON_GetArrayItem(clients, 1), "conformant")));
    cr_expect_str_eq(
        get(cJSON_GetArrayItem(clients, 2), "secret_id")->valuestring,
        "(unknown)");
    cJSON_Delete(json);
}

Test(verdict, json_of_nothing_is_conformant_and_empty)
{
    char *text = rendered(NULL, VERDICT_JSON);

    cr_expect_str_eq(text, "{\"conformant\":true,\"requests\":0,"
                           "\"findings\":[],\"clients\":[]}");
    free(text);
}

/* text */

Test(verdict, text_tells_the_sum_and_each_finding)
{
    char *text;

    last_id = 4;
    observe_made("AKIDdemo1000001", FINDING_FILE_GIF, "card", 0);
    observe_made("AKIDdemo1000001", FINDING_HOST_UNKNOWN, "localhost", 0);
    text = rendered("AKIDdemo1000001", VERDICT_TEXT);
    expect_contains(text, "not conformant: 2 requests; findings: 1 must, "
                          "0 should, 1 info\n");
    expect_contains(text, "\nmust file.gif, 1 time\n    a photo must not be a "
                          "GIF (docs/contract.md sections 5 and 6)\n    "
                          "exchange 5: card\n");
    expect_contains(text, "\ninfo host.unknown, 1 time\n");
    cr_expect_eq(text[strlen(text) - 1], '\n');
    free(text);
}

/* JUnit */

static size_t count(const char *text, const char *part)
{
    size_t n = 0;

    for (const char *p = text; (p = strstr(p, part)); p++)
        n++;
    return n;
}

Test(verdict, junit_has_one_case_a_rule_and_fails_for_must_alone)
{
    char *text;
    char attributes[64];

    last_id = 0;
    observe_made("AKIDdemo1000001", FINDING_FILE_GIF, "card", 0);
    observe_made("AKIDdemo1000001", FINDING_IMAGE_LARGE, "big", 0);
    observe_made("AKIDdemo1000001", FINDING_HOST_UNKNOWN, "here", 0);
    text = rendered("AKIDdemo1000001", VERDICT_JUNIT);
    snprintf(attributes, sizeof(attributes), "tests=\"%d\" failures=\"1\"",
             FINDING__COUNT);
    expect_contains(text, attributes);
    cr_expect_eq(count(text, "<testcase "), (size_t)FINDING__COUNT);
    cr_expect_eq(count(text, "<failure "), 1);
    cr_expect_eq(count(text, "<system-out>"), 2);
    cr_expect_eq(
        count(text, "classname=\"mockserver.verdict.AKIDdemo1000001\""),
        (size_t)FINDING__COUNT);
    expect_contains(text, "<testcase name=\"file.gif\" "
                          "classname=\"mockserver.verdict.AKIDdemo1000001\">\n"
                          "    <failure type=\"must\" "
                          "message=\"1 time, first in exchange 1: card\">");
    expect_contains(text, "first in exchange 2: big</system-out>");
    free(text);
}

Test(verdict, junit_of_all_is_called_all)
{
    char *text = rendered(NULL, VERDICT_JUNIT);

    expect_contains(text, "<testsuite name=\"mockserver.verdict.all\"");
    expect_contains(text, "failures=\"0\"");
    cr_expect_eq(count(text, "/>\n"), (size_t)FINDING__COUNT);
    free(text);
}

Test(verdict, junit_takes_further_cases)
{
    const struct verdict_case cases[] = {{"further.good", NULL},
                                         {"further.bad", "one < two"}};
    struct strbuf out;
    char attributes[64];

    strbuf_init(&out, 1024 * 1024);
    cr_assert_eq(verdict_render_junit(verdict, cases, 2, &out), 0);
    snprintf(attributes, sizeof(attributes), "tests=\"%d\" failures=\"1\"",
             FINDING__COUNT + 2);
    expect_contains(out.buf, attributes);
    expect_contains(out.buf, "  <testcase name=\"further.good\" "
                             "classname=\"mockserver.verdict.all\"/>\n"
                             "  <testcase name=\"further.bad\" "
                             "classname=\"mockserver.verdict.all\">\n"
                             "    <failure message=\"one &lt; two\"/>\n"
                             "  </testcase>\n"
                             "</testsuite>\n");
    strbuf_release(&out);
}

Test(verdict, junit_escapes_what_xml_cannot_hold)
{
    char *text;

    observe_made("AKIDdemo1000001", FINDING_FILE_GIF,
                 "<a href=\"x\">&\xef\xbf\xbe\xef\xbf\xbf\xe6\x96\x87", 0);
    text = rendered("AKIDdemo1000001", VERDICT_JUNIT);
    expect_contains(text,
                    "&lt;a href=&quot;x&quot;&gt;&amp;\?\?\xe6\x96\x87\">");
    free(text);
    text = rendered("<&\"\x01\xff>", VERDICT_JUNIT);
    expect_contains(text, "\"mockserver.verdict.&lt;&amp;&quot;\?\?&gt;\"");
    free(text);
}

/* coverage */

static cJSON *coverage(const char *secret_id)
{
    struct strbuf out;

    strbuf_init(&out, 1024 * 1024);
    cr_assert_eq(verdict_render_coverage(verdict, secret_id, &out), 0);
    return parsed(strbuf_take(&out));
}

static bool has_code(const cJSON *list, int code, const char *endpoint)
{
    const cJSON *item;

    cJSON_ArrayForEach(item, list)
    {
        if (get(item, "code")->valueint == code &&
            !strcmp(get(item, "endpoint")->valuestring, endpoint))
            return true;
    }
    return false;
}

static bool has_id(const cJSON *list, const char *id)
{
    const cJSON *item;

    cJSON_ArrayForEach(item, list)
    {
        if (!strcmp(item->valuestring, id))
            return true;
    }
    return false;
}

Test(verdict, coverage_tells_codes_by_endpoint)
{
    struct step s = {.fault = "-5007"};
    cJSON *json;
    const cJSON *exercised, *missing;

    observe(&s);
    s.fault = NULL;
    observe(&s);
    json = coverage(NULL);
    exercised = get(get(json, "codes"), "exercised");
    missing = get(get(json, "codes"), "missing");
    cr_expect_eq(cJSON_GetArraySize(exercised), 2);
    cr_expect(has_code(exercised, -5007, "livedetectfour"));
    cr_expect(has_code(exercised, 0, "livedetectfour"));
    cr_expect_not(has_code(missing, -5007, "livedetectfour"));
    cr_expect_not(has_code(missing, 0, "livedetectfour"));
    cr_expect(has_code(missing, 0, "livedetectpicture"));
    cr_expect(has_code(missing, 14, "livegetfour"));
    cr_expect_not(has_code(missing, -5007, "livegetfour"));
    cJSON_Delete(json);
}

Test(verdict, coverage_misses_all_of_the_catalogue_at_first)
{
    cJSON *json = coverage("AKIDdemo1000001");
    size_t expected = 3; /* code 0 */

    for (size_t i = 0; i < error_table_len; i++)
        expected +=
            (size_t)__builtin_popcount(error_table[i].endpoints & EP_ALL);
    cr_expect_eq(cJSON_GetArraySize(get(get(json, "codes"), "missing")),
                 (int)expected);
    cr_expect_eq(cJSON_GetArraySize(get(get(json, "codes"), "exercised")), 0);
    cr_expect_eq(cJSON_GetArraySize(get(get(json, "rules"), "untripped")),
                 FINDING__COUNT);
    cJSON_Delete(json);
}

Test(verdict, coverage_takes_no_code_that_was_not_delivered)
{
    struct step s = {.fault = "reset"};
    cJSON *json;

    observe(&s);
    s.fault = "unlisted=77";
    observe(&s);
    s.fault = "dribble";
    observe(&s);
    json = coverage(NULL);
    cr_expect_eq(cJSON_GetArraySize(get(get(json, "codes"), "exercised")), 1);
    cr_expect_eq(get(get(json, "codes"), "unlisted")->valueint, 1);
    cJSON_Delete(json);
}

Test(verdict, coverage_tells_rules_by_client)
{
    cJSON *json;

    observe_made("AKIDdemo1000001", FINDING_FILE_GIF, "x", 0);
    observe_made("AKIDdemo1000002", FINDING_HOST_UNKNOWN, "x", 0);
    json = coverage("AKIDdemo1000001");
    cr_expect(has_id(get(get(json, "rules"), "tripped"), "file.gif"));
    cr_expect(has_id(get(get(json, "rules"), "untripped"), "host.unknown"));
    cJSON_Delete(json);
    json = coverage(NULL);
    cr_expect_eq(cJSON_GetArraySize(get(get(json, "rules"), "tripped")), 2);
    cr_expect_eq(cJSON_GetArraySize(get(get(json, "rules"), "untripped")),
                 FINDING__COUNT - 2);
    cJSON_Delete(json);
}

Test(verdict, buffer_too_small_is_a_failure)
{
    struct strbuf out;

    strbuf_init(&out, 10);
    cr_expect_eq(verdict_render(verdict, NULL, VERDICT_JSON, &out), -1);
    strbuf_reset(&out);
    cr_expect_eq(verdict_render(verdict, NULL, VERDICT_TEXT, &out), -1);
    strbuf_reset(&out);
    cr_expect_eq(verdict_render(verdict, NULL, VERDICT_JUNIT, &out), -1);
    strbuf_reset(&out);
    cr_expect_eq(verdict_render_coverage(verdict, NULL, &out), -1);
    strbuf_release(&out);
}

Test(verdict, freeing_none_is_fine)
{
    verdict_free(NULL);
}
