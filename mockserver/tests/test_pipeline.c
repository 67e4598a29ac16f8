#include "pipeline.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <criterion/criterion.h>
#include "endpoints.h"
#include "support.h"

static struct world world;

static void begin(void)
{
    world_init(&world);
}

static void end(void)
{
    world_release(&world);
}

TestSuite(pipeline, .init = begin, .fini = end, .timeout = 10);

static void expect_four(const struct change *changes, int code)
{
    struct exchange *x;
    struct call c;
    char what[64];

    call_four(&c, &world, changes);
    snprintf(what, sizeof(what), "%s=%.32s", changes ? changes->name : "right",
             changes && changes->value ? changes->value : "(left out)");
    x = call_run(&world, &c, WHOLE);
    if (code != 0)
        expect_bare_code(x, code, what);
    else
        cr_expect_eq(reply_number(x, "live_status"), 0, "%s answered %s", what,
                     x->reply.body.buf);
    exchange_free(x);
    call_release(&c);
}

/* Runs the call and expects these numbers of livedetectfour's reply. */
static void expect_statuses(const struct change *changes, int live, int compare)
{
    struct exchange *x;
    struct call c;

    call_four(&c, &world, changes);
    x = call_run(&world, &c, WHOLE);
    cr_expect_eq(reply_number(x, "code"), 0);
    cr_expect_eq(reply_number(x, "live_status"), live, "%s", x->reply.body.buf);
    cr_expect_eq(reply_number(x, "compare_status"), compare, "%s",
                 x->reply.body.buf);
    cr_expect_eq(reply_number(x, "sim"), compare == 0 ? 90 : NO_NUMBER);
    exchange_free(x);
    call_release(&c);
}

/* the order of checks (docs/contract.md section 2) */

enum defect {
    DEFECT_FRAMING,
    DEFECT_PATH,
    DEFECT_METHOD,
    DEFECT_DECLARED_SIZE,
    DEFECT_NO_SIGNATURE,
    DEFECT_BUCKET,
    DEFECT_ARREARS,
    DEFECT_RATE,
    DEFECT_CONTENT_TYPE,
    DEFECT_SIZE, /* seen only while reading */
    DEFECT_SYNTAX,
    DEFECT_PARAMETER,
    DEFECT_MISMATCH,
    DEFECT_MEDIA,
    DEFECT__COUNT
};

static const struct {
    const char *name;
    int code;
    int http;
    bool on_headers;
    const char *why;
} defects[DEFECT__COUNT] = {
    [DEFECT_FRAMING] = {"framing", 3, 400, true, "framing"},
    [DEFECT_PATH] = {"path", 3, 404, true, "no endpoint has this path"},
    [DEFECT_METHOD] = {"method", 3, 405, true, "the method is not POST"},
    [DEFECT_DECLARED_SIZE] = {"declared size", 23, 200, true,
                              "Content-Length is over the limit"},
    [DEFECT_NO_SIGNATURE] = {"no signature", 4, 200, true,
                             "Authorization is missing"},
    [DEFECT_BUCKET] = {"bucket", 16, 200, true,
                       "b is \"none\", which is not a bucket of the account"},
    [DEFECT_ARREARS] = {"arrears", 3, 200, true,
                        "account abnormal,errorno is:2"},
    [DEFECT_RATE] = {"rate", 15, 200, true,
                     "over the account's rate_per_second"},
    [DEFECT_CONTENT_TYPE] = {"content type", 3, 200, true,
                             "Content-Type is \"text/plain\", which the "
                             "endpoint does not take"},
    [DEFECT_SIZE] = {"size", 23, 200, false, "the body is over the limit"},
    [DEFECT_SYNTAX] = {"syntax", 3, 200, false,
                       "the multipart body ends without its closing "
                       "delimiter"},
    [DEFECT_PARAMETER] = {"parameter", 21, 200, false,
                          "validate_data is missing"},
    [DEFECT_MISMATCH] =
        {"mismatch", 6, 200, false,
         "appid is \"wrong\" but the signature's a is \"1000001\""},
    [DEFECT_MEDIA] = {"media", 0, 200, false, "video has zero bytes"},
};

/* Three accounts, so that each of the account's defects comes alone. */
#define KEY(id) "\"keys\":[{\"secret_id\":\"" id "\",\"secret_key\":\"k\"}]"
static const char three_accounts[] =
    "{\"accounts\":["
    "{\"appid\":\"1000001\",\"buckets\":[\"test\"]," KEY(
        "id1") "},"
               "{\"appid\":\"1000002\",\"buckets\":[\"test\"],\"status\":\"arrears\"," KEY(
                   "id2") "},"
                          "{\"appid\":\"1000003\",\"buckets\":[\"test\"],\"rate_per_second\":1," KEY(
                              "id3") "},"
                                     "{\"appid\":\"1000004\",\"buckets\":[\"test\"],\"status\":\"arrears\","
                                     "\"rate_per_second\":1," KEY("id4") "}]}";

static void make_defective_body(struct call *c, const char *appid,
                                const bool *has)
{
    static const char filler[4096] = "";
    struct strbuf *body = &c->body;

    form_field(body, "appid", has[DEFECT_MISMATCH] ? "wrong" : appid);
    form_field(body, "bucket", "test");
    if (!has[DEFECT_PARAMETER])
        form_field(body, "validate_data", "9532");
    form_field(body, "compare_flag", "false");
    form_file(body, "video", A_VIDEO, has[DEFECT_MEDIA] ? 0 : strlen(A_VIDEO));
    if (has[DEFECT_SIZE])
        form_file(body, "more", filler, sizeof(filler));
    if (!has[DEFECT_SYNTAX])
        form_end(body);
}

static void empty_rate_bucket(const char *appid)
{
    const struct account *account =
        accounts_find(world.accounts, appid, strlen(appid));

    account_take(account, clock_now_us(&world.clock));
    account_put(account);
}

static struct exchange *run_defective(const bool *has)
{
    static const char *const appids[] = {"1000001", "1000002", "1000003",
                                         "1000004"};
    const char *appid = appids[has[DEFECT_ARREARS] + 2 * has[DEFECT_RATE]];
    struct exchange *x;
    struct call c;

    call_form(&c, &world, FOUR, (struct change[]){{NULL, NULL}});
    strbuf_reset(&c.body);
    world.settings.max_body = 4096;
    call_sign(&c, &world, appid, has[DEFECT_BUCKET] ? "none" : "test");
    make_defective_body(&c, appid, has);
    if (has[DEFECT_FRAMING])
        c.request.malformed = "framing";
    if (has[DEFECT_PATH])
        c.request.path = "/face/other";
    if (has[DEFECT_METHOD])
        c.request.method = "GET";
    if (has[DEFECT_DECLARED_SIZE])
        c.request.content_length = 4097;
    if (has[DEFECT_NO_SIGNATURE])
        c.request.authorization = NULL;
    if (has[DEFECT_CONTENT_TYPE])
        c.request.content_type = "text/plain";
    world_rewind(&world);
    if (has[DEFECT_RATE])
        empty_rate_bucket(appid);
    x = call_run(&world, &c, WHOLE);
    x->request = (struct request){0}; /* it borrows from the call */
    call_release(&c);
    return x;
}

static void expect_defect(const struct exchange *x, int first, const char *with)
{
    cr_expect_eq(reply_number(x, "code"), defects[first].code,
                 "%s with %s answered %s", defects[first].name, with,
                 x->reply.body.buf);
    cr_expect_eq(x->reply.http_status, defects[first].http, "%s with %s",
                 defects[first].name, with);
    cr_expect_eq(x->refused_on_headers, defects[first].on_headers, "%s with %s",
                 defects[first].name, with);
    cr_assert(x->why != NULL, "%s with %s", defects[first].name, with);
    cr_expect_str_eq(x->why, defects[first].why, "%s with %s: %s",
                     defects[first].name, with, x->why);
}

Test(pipeline, each_defect_alone_has_its_outcome, .timeout = 10)
{
    world_use_accounts(&world, three_accounts);
    for (int i = 0; i < DEFECT__COUNT; i++) {
        bool has[DEFECT__COUNT] = {false};
        struct exchange *x;

        has[i] = true;
        x = run_defective(has);
        expect_defect(x, i, "nothing");
        exchange_free(x);
    }
}

Test(pipeline, without_a_defect_the_call_succeeds, .timeout = 10)
{
    bool has[DEFECT__COUNT] = {false};
    struct exchange *x;

    world_use_accounts(&world, three_accounts);
    x = run_defective(has);
    cr_expect_str_eq(x->reply.body.buf,
                     "{\"data\":{\"live_status\":0,\"live_msg\":\"OK\"},"
                     "\"code\":0,\"message\":\"OK\"}");
    cr_expect_eq(x->why, NULL);
    exchange_free(x);
}

Test(pipeline, of_any_two_defects_the_earlier_decides, .timeout = 10)
{
    world_use_accounts(&world, three_accounts);
    for (int first = 0; first < DEFECT__COUNT; first++) {
        for (int second = first + 1; second < DEFECT__COUNT; second++) {
            bool has[DEFECT__COUNT] = {false};
            struct exchange *x;

            has[first] = true;
            has[second] = true;
            x = run_defective(has);
            expect_defect(x, first, defects[second].name);
            exchange_free(x);
        }
    }
}

Test(pipeline, of_all_later_defects_none_decides, .timeout = 10)
{
    world_use_accounts(&world, three_accounts);
    for (int first = 0; first < DEFECT__COUNT; first++) {
        bool has[DEFECT__COUNT] = {false};
        struct exchange *x;

        for (int i = first; i < DEFECT__COUNT; i++)
            has[i] = true;
        x = run_defective(has);
        expect_defect(x, first, "all later ones");
        exchange_free(x);
    }
}

Test(pipeline, only_405_says_what_is_allowed, .timeout = 10)
{
    world_use_accounts(&world, three_accounts);
    for (int i = 0; i < DEFECT__COUNT; i++) {
        bool has[DEFECT__COUNT] = {false};
        struct exchange *x;

        has[i] = true;
        x = run_defective(has);
        if (i == DEFECT_METHOD)
            cr_expect_str_eq(x->reply.allow, "POST");
        else
            cr_expect_eq(x->reply.allow, NULL, "%s", defects[i].name);
        exchange_free(x);
    }
}

Test(pipeline, a_refusal_on_headers_needs_no_body, .timeout = 10)
{
    struct exchange *with_body, *without;
    struct call c;

    call_four(&c, &world, NULL);
    c.request.authorization = NULL;
    with_body = call_run(&world, &c, WHOLE);
    strbuf_reset(&c.body);
    without = call_run(&world, &c, WHOLE);
    cr_expect_str_eq(without->reply.body.buf, with_body->reply.body.buf);
    expect_bare_code(without, 4, "no body");
    exchange_free(with_body);
    exchange_free(without);
    call_release(&c);
}

Test(pipeline, right_headers_are_not_refused_before_the_body, .timeout = 10)
{
    struct exchange *x = pipeline_open(&world.pipeline);
    struct call c;

    call_four(&c, &world, NULL);
    x->request = c.request;
    pipeline_head(&world.pipeline, x);
    cr_expect_not(x->refused_on_headers);
    cr_expect_eq(x->failed, ERR_OK);
    exchange_free(x);
    call_release(&c);
}

/* routing */

Test(pipeline, paths_are_matched_whole_and_with_case, .timeout = 10)
{
    static const char *const paths[] = {
        "/",
        "/face",
        "/face/",
        "/face/livedetectfour/",
        "/face/livedetectfourx",
        "/face//livedetectfour",
        "/FACE/livedetectfour",
        "//face/livedetectfour",
        "face/livedetectfour",
        "/face/livedetectfou",
        "",
    };

    for (size_t i = 0; i < LENGTH(paths); i++) {
        struct exchange *x;
        struct call c;

        call_four(&c, &world, NULL);
        c.request.path = paths[i];
        x = call_run(&world, &c, WHOLE);
        cr_expect_eq(x->reply.http_status, 404, "%s", paths[i]);
        expect_bare_code(x, 3, paths[i]);
        exchange_free(x);
        call_release(&c);
    }
}

Test(pipeline, a_path_that_cannot_be_decoded_is_unknown, .timeout = 10)
{
    struct exchange *x;
    struct call c;

    call_four(&c, &world, NULL);
    c.request.path = NULL;
    x = call_run(&world, &c, WHOLE);
    cr_expect_eq(x->reply.http_status, 404);
    exchange_free(x);
    call_release(&c);
}

Test(pipeline, any_other_method_is_405, .timeout = 10)
{
    static const char *const methods[] = {"GET",    "HEAD", "PUT",  "OPTIONS",
                                          "DELETE", "post", "POSTS"};

    for (size_t i = 0; i < LENGTH(methods); i++) {
        struct exchange *x;
        struct call c;

        call_json(&c, &world, GETFOUR, "{}");
        c.request.method = methods[i];
        x = call_run(&world, &c, WHOLE);
        cr_expect_eq(x->reply.http_status, 405, "%s", methods[i]);
        exchange_free(x);
        call_release(&c);
    }
}

/* the body limit (docs/contract.md section 3) */

static void expect_sized(size_t size, int64_t declared, int code)
{
    struct exchange *x;
    struct call c;
    char *json = malloc(size + 1);
    const char text[] = "{\"appid\":\"1000001\"}";

    cr_assert(json != NULL);
    memset(json, ' ', size);
    memcpy(json, text, sizeof(text) - 1);
    json[size] = '\0';
    call_json(&c, &world, GETFOUR, json);
    c.request.content_length = declared;
    c.request.chunked = declared < 0;
    x = call_run(&world, &c, WHOLE);
    cr_expect_eq(reply_number(x, "code"), code, "%zu bytes, declared %lld",
                 size, (long long)declared);
    exchange_free(x);
    call_release(&c);
    free(json);
}

Test(pipeline, six_mebibytes_pass_and_one_byte_more_does_not, .timeout = 10)
{
    const size_t limit = 6291456;

    expect_sized(limit, (int64_t)limit, 0);
    expect_sized(limit + 1, (int64_t)limit + 1, 23);
    expect_sized(limit, -1, 0);
    expect_sized(limit + 1, -1, 23);
}

Test(pipeline, max_body_moves_the_limit, .timeout = 10)
{
    world.settings.max_body = 100;
    expect_sized(100, 100, 0);
    expect_sized(101, 101, 23);
    expect_sized(100, -1, 0);
    expect_sized(101, -1, 23);
}

Test(pipeline, a_body_over_the_limit_is_known_while_it_is_read, .timeout = 10)
{
    struct exchange *x = pipeline_open(&world.pipeline);
    struct call c;

    world.settings.max_body = 20;
    call_json(&c, &world, GETFOUR, "");
    x->request = c.request;
    pipeline_head(&world.pipeline, x);
    pipeline_body(&world.pipeline, x, "{\"appid\":\"1000001\"}", 19);
    cr_expect_eq(x->failed, ERR_OK);
    pipeline_body(&world.pipeline, x, "  ", 2);
    cr_expect_eq(x->failed, ERR_BODY_TOO_LARGE);
    cr_expect_eq(x->body.text.len, 0, "what was kept is dropped");
    pipeline_body(&world.pipeline, x, "  ", 2);
    cr_expect_eq(x->body.received, 23);
    cr_assert_eq(pipeline_finish(&world.pipeline, x), 0);
    expect_bare_code(x, 23, "over the limit");
    exchange_free(x);
    call_release(&c);
}

/* any split of the body gives the same bytes */

static void expect_same_in_pieces(const struct call *c, const char *what)
{
    struct exchange *whole, *x;

    world_rewind(&world);
    whole = call_run(&world, c, WHOLE);
    for (unsigned cut = BYTES; cut < 12; cut++) {
        world_rewind(&world);
        x = call_run(&world, c, cut);
        cr_expect_str_eq(x->reply.body.buf, whole->reply.body.buf,
                         "%s cut by %u:\n  %s\n  whole: %s", what, cut,
                         x->reply.body.buf, whole->reply.body.buf);
        cr_expect_eq(x->reply.http_status, whole->reply.http_status);
        cr_expect_eq(x->decision.transport, whole->decision.transport);
        cr_expect_eq(x->fault_source, whole->fault_source, "%s cut by %u", what,
                     cut);
        exchange_free(x);
    }
    exchange_free(whole);
}

static void expect_same_form(const struct change *changes, const char *what)
{
    struct call c;

    call_four(&c, &world, changes);
    expect_same_in_pieces(&c, what);
    call_release(&c);
}

static void expect_same_json(const char *path, const char *json)
{
    struct call c;

    call_json(&c, &world, path, json);
    expect_same_in_pieces(&c, json);
    call_release(&c);
}

Test(pipeline, any_split_of_a_form_gives_the_same_reply, .timeout = 10)
{
    expect_same_form(NULL, "right");
    expect_same_form((struct change[]){{"compare_flag", "false"}, {0}},
                     "not compared");
    expect_same_form((struct change[]){{"video", ""}, {0}}, "empty video");
    expect_same_form((struct change[]){{"card", A_GIF}, {0}}, "GIF");
    expect_same_form((struct change[]){{"appid", NULL}, {0}}, "no appid");
    expect_same_form((struct change[]){{"seq", "mock-fault:-5007"}, {0}},
                     "fault in seq");
    expect_same_form((struct change[]){{"video", "..mock-fault:hang;.."}, {0}},
                     "fault in file");
    expect_same_form((struct change[]){{"video", "mock-fault:x y;"}, {0}},
                     "bad fault in file");
    expect_same_form((struct change[]){{"video", "mock-fault:9;"},
                                       {"seq", "mock-fault:10"},
                                       {0}},
                     "fault in file and seq");
}

Test(pipeline, any_split_of_json_gives_the_same_reply, .timeout = 10)
{
    expect_same_json(PICTURE,
                     "{\"appid\":\"1000001\",\"url\":\"http://a/b.jpg\"}");
    expect_same_json(PICTURE, "{\"appid\":\"1000001\",\"image\":\"R0lGODlh\"}");
    expect_same_json(PICTURE, "{\"appid\":\"1000001\",\"image\":\"%%\"}");
    expect_same_json(GETFOUR, "{\"appid\":\"1000001\"}");
    expect_same_json(GETFOUR, "{\"appid\":\"1000001\"} x");
    expect_same_json(GETFOUR, "");
}

Test(pipeline, any_split_of_a_broken_form_gives_the_same_reply, .timeout = 10)
{
    struct call c;

    call_four(&c, &world, NULL);
    strbuf_truncate(&c.body, c.body.len - 3);
    expect_same_in_pieces(&c, "no closing delimiter");
    strbuf_truncate(&c.body, c.body.len / 2);
    expect_same_in_pieces(&c, "half");
    strbuf_truncate(&c.body, 2);
    expect_same_in_pieces(&c, "two bytes");
    call_release(&c);
}

Test(pipeline, any_split_of_a_body_over_the_limit_gives_the_same_reply,
     .timeout = 10)
{
    struct call c;

    call_four(&c, &world,
              (struct change[]){
                  {"video", "mock-fault:9;"}, {"seq", "mock-fault:10"}, {0}});
    for (uint64_t max = 1; max <= c.body.len; max += 37) {
        world.settings.max_body = max;
        expect_same_in_pieces(&c, "fault in a body over the limit");
    }
    call_release(&c);
}

Test(pipeline, any_split_of_a_field_over_the_limit_gives_the_same_reply,
     .timeout = 10)
{
    static const char *const names[] = {"seq", "url", "appid", "extra"};
    static char value[BODY_MAX_FIELD + 100];

    memset(value, 'x', sizeof(value) - 1);
    memcpy(value, "mock-fault:-5007;", 17);
    for (size_t i = 0; i < LENGTH(names); i++)
        expect_same_form((struct change[]){{names[i], value}, {0}}, names[i]);
}

Test(pipeline, a_refused_body_is_still_looked_at, .timeout = 10)
{
    struct exchange *x;
    struct call c;

    call_four(&c, &world, NULL);
    c.request.authorization = NULL;
    x = call_run(&world, &c, WHOLE);
    cr_assert(x->body.first != NULL, "its parts are for the journal");
    cr_expect_str_eq(x->body.first->header.name, "appid");
    exchange_free(x);
    call_release(&c);
}

/* livedetectfour (docs/contract.md section 5) */

Test(pipeline, a_compared_video_answers_all_fields, .timeout = 10)
{
    struct exchange *x;
    struct call c;
    cJSON *json;
    const cJSON *data, *photo;

    call_four(&c, &world, NULL);
    x = call_run(&world, &c, WHOLE);
    json = reply_json(x);
    data = cJSON_GetObjectItem(json, "data");
    photo = cJSON_GetObjectItem(data, "photo");
    cr_expect_eq(cJSON_GetArraySize(json), 3);
    cr_expect_eq(cJSON_GetArraySize(data), 6);
    cr_expect_str_eq(cJSON_GetObjectItem(json, "message")->valuestring, "OK");
    cr_expect_str_eq(cJSON_GetObjectItem(data, "live_msg")->valuestring, "OK");
    cr_expect_str_eq(cJSON_GetObjectItem(data, "compare_msg")->valuestring,
                     "OK");
    cr_expect_eq(reply_number(x, "code"), 0);
    cr_expect_eq(reply_number(x, "live_status"), 0);
    cr_expect_eq(reply_number(x, "compare_status"), 0);
    cr_expect_eq(reply_number(x, "sim"), 90);
    cr_assert(cJSON_IsString(photo));
    cr_expect_eq(memcmp(photo->valuestring, "/9j/", 4), 0, "no JPEG");
    cJSON_Delete(json);
    exchange_free(x);
    call_release(&c);
}

Test(pipeline, sim_is_what_was_set, .timeout = 10)
{
    struct exchange *x;
    struct call c;

    world.settings.sim = 0;
    call_four(&c, &world, NULL);
    x = call_run(&world, &c, WHOLE);
    cr_expect_eq(reply_number(x, "sim"), 0);
    exchange_free(x);
    call_release(&c);
}

Test(pipeline, required_parameters_of_livedetectfour, .timeout = 10)
{
    static const char *const names[] = {"appid", "bucket", "validate_data",
                                        "compare_flag"};

    for (size_t i = 0; i < LENGTH(names); i++) {
        expect_four((struct change[]){{names[i], NULL}, {0}}, 21);
        expect_four((struct change[]){{names[i], ""}, {0}}, 21);
    }
    expect_four((struct change[]){{"video", NULL}, {0}}, 21);
    expect_four((struct change[]){{"card", NULL}, {0}}, 21);
}

Test(pipeline, compare_flag_is_true_or_false_and_nothing_else, .timeout = 10)
{
    static const char *const values[] = {"True",  "TRUE", "1",     "0",
                                         "yes",   "t",    " true", "true ",
                                         "truex", "False"};

    for (size_t i = 0; i < LENGTH(values); i++)
        expect_four((struct change[]){{"compare_flag", values[i]}, {0}}, 21);
    expect_four((struct change[]){{"compare_flag", "true"}, {0}}, 0);
    expect_four((struct change[]){{"compare_flag", "false"}, {0}}, 0);
}

Test(pipeline, without_comparison_the_card_does_not_matter, .timeout = 10)
{
    static const char *const cards[] = {NULL, "", A_GIF, A_JPEG};

    for (size_t i = 0; i < LENGTH(cards); i++)
        expect_statuses((struct change[]){{"compare_flag", "false"},
                                          {"card", cards[i]},
                                          {0}},
                        0, NO_NUMBER);
}

Test(pipeline, an_empty_or_gif_card_fails_the_comparison, .timeout = 10)
{
    expect_statuses((struct change[]){{"card", ""}, {0}}, 0, -4018);
    expect_statuses((struct change[]){{"card", A_GIF}, {0}}, 0, -4018);
    expect_statuses((struct change[]){{"card", "any other bytes"}, {0}}, 0, 0);
}

Test(pipeline, an_empty_video_fails_liveness_and_comparison, .timeout = 10)
{
    expect_statuses((struct change[]){{"video", ""}, {0}}, -5001, -5001);
    expect_statuses(
        (struct change[]){{"video", ""}, {"compare_flag", "false"}, {0}}, -5001,
        NO_NUMBER);
    expect_statuses((struct change[]){{"video", ""}, {"card", ""}, {0}}, -5001,
                    -5001);
}

Test(pipeline, extra_fields_and_seq_change_nothing, .timeout = 10)
{
    expect_four((struct change[]){{"seq", "s-1"}, {0}}, 0);
    expect_four((struct change[]){{"seq", ""}, {0}}, 0);
    expect_four((struct change[]){{"level", "3"}, {"Appid", "x"}, {0}}, 0);
    expect_four((struct change[]){{"image", ""}, {"url", "::"}, {0}}, 0);
}

Test(pipeline, body_and_signature_must_name_the_same, .timeout = 10)
{
    expect_four((struct change[]){{"appid", "1000002"}, {0}}, 6);
    expect_four((struct change[]){{"appid", "10000011"}, {0}}, 6);
    expect_four((struct change[]){{"bucket", "other"}, {0}}, 6);
    expect_four((struct change[]){{"bucket", "none"}, {0}}, 6);
}

static void expect_signed(const char *appid, const char *signed_bucket,
                          const char *bucket, int code)
{
    struct exchange *x;
    struct call c;
    char what[64];

    call_four(&c, &world,
              (struct change[]){{"appid", appid}, {"bucket", bucket}, {0}});
    call_sign(&c, &world, appid, signed_bucket);
    x = call_run(&world, &c, WHOLE);
    snprintf(what, sizeof(what), "%s b=%s bucket=%s", appid,
             signed_bucket ? signed_bucket : "-", bucket ? bucket : "-");
    cr_expect_eq(reply_number(x, "code"), code, "%s answered %s", what,
                 x->reply.body.buf);
    exchange_free(x);
    call_release(&c);
}

Test(pipeline, bucket_rules_of_an_account_with_buckets, .timeout = 10)
{
    expect_signed("1000001", "test", "test", 0);
    expect_signed("1000001", "other", "other", 0);
    expect_signed("1000001", "test", "other", 6);
    expect_signed("1000001", NULL, "test", 6);
    expect_signed("1000001", "", "test", 6);
    expect_signed("1000001", "none", "none", 16);
    expect_signed("1000001", "test", NULL, 21);
    expect_signed("1000001", NULL, NULL, 21);
}

Test(pipeline, an_account_without_buckets_needs_none, .timeout = 10)
{
    expect_signed("1000002", NULL, NULL, 0);
    expect_signed("1000002", "", NULL, 0);
    expect_signed("1000002", "", "", 0);
    expect_signed("1000002", NULL, "test", 6);
    expect_signed("1000002", "test", "test", 16);
}

Test(pipeline, livedetectfour_takes_forms_only, .timeout = 10)
{
    static const char *const types[] = {
        NULL,
        "",
        "application/json",
        "application/x-www-form-urlencoded",
        "multipart/mixed; boundary=B",
        "multipart/form-data",
        "multipart/form-data; boundary=",
    };

    for (size_t i = 0; i < LENGTH(types); i++) {
        struct exchange *x;
        struct call c;

        call_four(&c, &world, NULL);
        c.request.content_type = types[i];
        x = call_run(&world, &c, WHOLE);
        expect_bare_code(x, 3, types[i] ? types[i] : "(none)");
        exchange_free(x);
        call_release(&c);
    }
}

Test(pipeline, a_field_over_64_kib_is_an_invalid_parameter, .timeout = 10)
{
    static char value[BODY_MAX_FIELD + 2];

    memset(value, 'x', sizeof(value) - 1);
    expect_four((struct change[]){{"extra", value}, {0}}, 21);
    expect_four((struct change[]){{"seq", value}, {0}}, 21);
    value[BODY_MAX_FIELD] = '\0';
    expect_four((struct change[]){{"extra", value}, {0}}, 0);
    expect_four((struct change[]){{"seq", value}, {0}}, 0);
}

Test(pipeline, a_file_over_64_kib_is_fine, .timeout = 10)
{
    static char value[BODY_MAX_FIELD + 2];

    memset(value, 'x', sizeof(value) - 1);
    expect_four((struct change[]){{"video", value}, {0}}, 0);
}

Test(pipeline, of_a_repeated_field_the_first_counts, .timeout = 10)
{
    struct exchange *x;
    struct call c;

    call_four(&c, &world, NULL);
    strbuf_truncate(&c.body, c.body.len - strlen("--B--\r\n"));
    form_field(&c.body, "appid", "wrong");
    form_field(&c.body, "compare_flag", "false");
    form_file(&c.body, "video", "", 0);
    form_end(&c.body);
    x = call_run(&world, &c, WHOLE);
    cr_expect_eq(reply_number(x, "code"), 0);
    cr_expect_eq(reply_number(x, "compare_status"), 0);
    exchange_free(x);
    call_release(&c);
}

Test(pipeline, over_64_parts_are_a_bad_request, .timeout = 10)
{
    for (int extra = 58; extra <= 59; extra++) {
        struct exchange *x;
        struct call c;

        call_four(&c, &world, NULL);
        strbuf_truncate(&c.body, c.body.len - strlen("--B--\r\n"));
        for (int i = 0; i < extra; i++)
            form_field(&c.body, "extra", "x");
        form_end(&c.body);
        x = call_run(&world, &c, WHOLE);
        cr_expect_eq(reply_number(x, "code"), extra == 58 ? 0 : 3);
        exchange_free(x);
        call_release(&c);
    }
}

/* livedetectpicture (docs/contract.md section 6) */

static void expect_picture(const char *members, int code)
{
    struct strbuf json;

    strbuf_init(&json, 1 << 20);
    strbuf_addf(&json, "{\"appid\":\"1000001\"%s%s}", *members ? "," : "",
                members);
    expect_json(&world, PICTURE, json.buf, code);
    strbuf_release(&json);
}

Test(pipeline, a_picture_answers_its_score, .timeout = 10)
{
    struct exchange *x;
    struct call c;

    call_json(&c, &world, PICTURE,
              "{\"appid\":\"1000001\",\"url\":\"http://a/b.jpg\"}");
    x = call_run(&world, &c, WHOLE);
    cr_expect_str_eq(x->reply.body.buf,
                     "{\"data\":{\"score\":95},\"code\":0,\"message\":\"OK\"}");
    exchange_free(x);
    world.settings.score = 7;
    x = call_run(&world, &c, WHOLE);
    cr_expect_eq(reply_number(x, "score"), 7);
    exchange_free(x);
    call_release(&c);
}

Test(pipeline, url_rules_of_livedetectpicture, .timeout = 10)
{
    expect_picture("\"url\":\"http://example.com/a.jpg\"", 0);
    expect_picture("\"url\":\"https://example.com\"", 0);
    expect_picture("\"url\":\"\"", -5805);
    expect_picture("\"url\":\"example.com/a.jpg\"", -5805);
    expect_picture("\"url\":\"ftp://example.com/a.jpg\"", -5805);
    expect_picture("\"url\":\"http://x.invalid/a.jpg\"", -5805);
    expect_picture("\"url\":\"http://x.invalid/a.gif\"", -5805);
    expect_picture("\"url\":\"http://example.com/a.gif\"", -4016);
    expect_picture("\"url\":\"http://example.com/a.GIF?x\"", -4016);
    expect_picture("\"url\":5", 21);
    expect_picture("\"url\":null", 21);
    expect_picture("\"url\":[\"http://example.com\"]", 21);
}

Test(pipeline, image_rules_of_livedetectpicture_in_json, .timeout = 10)
{
    expect_picture("\"image\":\"/9j/4AAQ\"", 0);
    expect_picture("\"image\":\"\"", -5805);
    expect_picture("\"image\":\"R0lGODlh\"", -4016);
    expect_picture("\"image\":\"R0lGODlh\\n\"", -4016);
    expect_picture("\"image\":\"_9j-4AAQ\"", -4016);
    expect_picture("\"image\":\"abc\"", -4016);
    expect_picture("\"image\":17", 21);
    expect_picture("", -5805);
}

Test(pipeline, of_url_and_image_only_the_url_counts, .timeout = 10)
{
    expect_picture("\"image\":\"%%\",\"url\":\"http://example.com/a\"", 0);
    expect_picture("\"image\":\"/9j/4AAQ\",\"url\":\"http://a.invalid\"",
                   -5805);
    expect_picture("\"image\":\"/9j/4AAQ\",\"url\":\"\"", 0);
}

static void expect_picture_form(const char *name, const char *value, int code)
{
    struct exchange *x;
    struct call c;

    call_form(&c, &world, PICTURE,
              (struct change[]){{"appid", "1000001"}, {name, value}, {0}});
    x = call_run(&world, &c, WHOLE);
    if (code)
        expect_bare_code(x, code, value);
    else
        cr_expect_eq(reply_number(x, "score"), 95, "%s", x->reply.body.buf);
    exchange_free(x);
    call_release(&c);
}

Test(pipeline, rules_of_livedetectpicture_in_a_form, .timeout = 10)
{
    expect_picture_form("image", A_JPEG, 0);
    expect_picture_form("image", "any bytes", 0);
    expect_picture_form("image", "", -5805);
    expect_picture_form("image", A_GIF, -4016);
    expect_picture_form("url", "http://example.com/a.jpg", 0);
    expect_picture_form("url", "http://x.invalid/", -5805);
    expect_picture_form("url", "", -5805);
    expect_picture_form("seq", "1", -5805);
}

Test(pipeline, appid_rules_of_json, .timeout = 10)
{
    expect_json(&world, GETFOUR, "{\"appid\":\"1000001\"}", 0);
    expect_json(&world, GETFOUR, "{\"appid\":1000001}", 0);
    expect_json(&world, GETFOUR, "{\"appid\":1000002}", 6);
    expect_json(&world, GETFOUR, "{\"appid\":\"1000002\"}", 6);
    expect_json(&world, GETFOUR, "{\"appid\":1000001.5}", 21);
    expect_json(&world, GETFOUR, "{\"appid\":-1000001}", 21);
    expect_json(&world, GETFOUR, "{\"appid\":true}", 21);
    expect_json(&world, GETFOUR, "{\"appid\":null}", 21);
    expect_json(&world, GETFOUR, "{\"appid\":{}}", 21);
    expect_json(&world, GETFOUR, "{\"appid\":\"\"}", 21);
    expect_json(&world, GETFOUR, "{\"Appid\":\"1000001\"}", 21);
    expect_json(&world, GETFOUR, "{}", 21);
    expect_json(&world, GETFOUR, "{\"appid\":\"1000001\",\"appid\":\"2\"}", 0);
}

Test(pipeline, bucket_in_json_must_be_the_signed_one, .timeout = 10)
{
    expect_json(&world, GETFOUR, "{\"appid\":\"1000001\",\"bucket\":\"test\"}",
                0);
    expect_json(&world, GETFOUR, "{\"appid\":\"1000001\",\"bucket\":\"other\"}",
                6);
    expect_json(&world, GETFOUR, "{\"appid\":\"1000001\",\"bucket\":\"\"}", 0);
    expect_picture("\"url\":\"http://a/\",\"bucket\":\"other\"", 6);
    expect_picture("\"url\":\"http://a/\",\"bucket\":\"test\"", 0);
}

Test(pipeline, json_that_is_no_object_is_a_bad_request, .timeout = 10)
{
    static const char *const bodies[] = {
        "",
        " ",
        "[]",
        "\"x\"",
        "17",
        "null",
        "{",
        "{\"appid\":\"1000001\"}x",
        "{\"appid\":\"1000001\"}{}",
        "{\"appid\":\"1000001\",}",
        "{'appid':'1000001'}",
        "appid=1000001",
        "{\"appid\":\"1000001\\u0000\"}",
        "{\"appid\":\"1000001\xff\"}",
    };

    for (size_t i = 0; i < LENGTH(bodies); i++)
        expect_json(&world, GETFOUR, bodies[i], 3);
    expect_json(&world, GETFOUR, " {\"appid\" : \"1000001\"} \r\n", 0);
}

Test(pipeline, content_types_of_json_are_matched_leniently, .timeout = 10)
{
    static const struct {
        const char *type;
        int code;
    } rows[] = {
        {"application/json", 0},
        {"Application/JSON", 0},
        {"application/json; charset=utf-8", 0},
        {"\"application/json\"", 0},
        {"text/json", 3},
        {"application/jsonp", 3},
        {NULL, 3},
    };

    for (size_t i = 0; i < LENGTH(rows); i++) {
        struct exchange *x;
        struct call c;

        call_json(&c, &world, GETFOUR, "{\"appid\":\"1000001\"}");
        c.request.content_type = rows[i].type;
        x = call_run(&world, &c, WHOLE);
        cr_expect_eq(reply_number(x, "code"), rows[i].code, "%s",
                     rows[i].type ? rows[i].type : "(none)");
        exchange_free(x);
        call_release(&c);
    }
}

/* livegetfour */

static void read_digits(char digits[5])
{
    struct exchange *x;
    struct call c;
    cJSON *json;
    const cJSON *item;

    call_json(&c, &world, GETFOUR, "{\"appid\":\"1000001\"}");
    x = call_run(&world, &c, WHOLE);
    json = reply_json(x);
    item =
        cJSON_GetObjectItem(cJSON_GetObjectItem(json, "data"), "validate_data");
    cr_assert(cJSON_IsString(item));
    cr_assert_eq(strlen(item->valuestring), 4, "%s", item->valuestring);
    cr_assert_eq(strspn(item->valuestring, "0123456789"), 4);
    memcpy(digits, item->valuestring, 5);
    cJSON_Delete(json);
    exchange_free(x);
    call_release(&c);
}

Test(pipeline, livegetfour_hands_out_four_digits_each_time, .timeout = 10)
{
    bool leading_zero = false;
    char digits[5];

    for (int i = 0; i < 200; i++) {
        read_digits(digits);
        leading_zero = leading_zero || digits[0] == '0';
    }
    cr_expect(leading_zero, "of 200 numbers none is below 1000");
}

Test(pipeline, the_seed_decides_the_digits, .timeout = 10)
{
    char first[5], second[5], again[5], other[5];

    read_digits(first);
    read_digits(second);
    ids_init(&world.ids, 1);
    read_digits(again);
    ids_init(&world.ids, 2);
    read_digits(other);
    cr_expect_str_eq(again, first);
    cr_expect_str_neq(second, first);
    cr_expect_str_neq(other, first);
}

Test(pipeline, livegetfour_takes_json_only, .timeout = 10)
{
    struct exchange *x;
    struct call c;

    call_form(&c, &world, GETFOUR,
              (struct change[]){{"appid", "1000001"}, {0}});
    x = call_run(&world, &c, WHOLE);
    expect_bare_code(x, 3, "form");
    exchange_free(x);
    call_release(&c);
}

/* signatures and accounts (docs/contract.md section 4) */

static void expect_authorization(const char *value, int code)
{
    struct exchange *x;
    struct call c;

    call_json(&c, &world, GETFOUR, "{\"appid\":\"1000001\"}");
    c.request.authorization = value;
    x = call_run(&world, &c, WHOLE);
    expect_bare_code(x, code, value ? value : "(none)");
    cr_expect(x->refused_on_headers);
    exchange_free(x);
    call_release(&c);
}

Test(pipeline, what_a_signature_lacks_decides_the_code, .timeout = 10)
{
    static const struct {
        const char *text;
        int code;
    } rows[] = {
        {"a=1000001&b=test&e=1500003600&t=1500000000", 5},
        {"a=9&k=AKIDdemo1000001&e=1500003600&t=1500000000", 10},
        {"a=1000001&k=none&e=1500003600&t=1500000000", 11},
        {"a=1000001&k=AKIDdemo1000002&e=1500003600&t=1500000000", 12},
        {"a=1000001&k=AKIDdemo1000001&e=1500003600&t=1500000000", 14},
    };

    expect_authorization(NULL, 4);
    expect_authorization(" ", 4);
    expect_authorization("Bearer x", 5);
    for (size_t i = 0; i < LENGTH(rows); i++) {
        char *value = support_missigned(rows[i].text);

        expect_authorization(value, rows[i].code);
        free(value);
    }
}

Test(pipeline, a_signature_ends_with_the_clock, .timeout = 10)
{
    char *value = world_sign(&world, "1000001", "test");

    clock_freeze(&world.clock, SUPPORT_NOW + 3601);
    expect_authorization(value, 9);
    clock_freeze(&world.clock, SUPPORT_NOW + 3600);
    expect_json(&world, GETFOUR, "{\"appid\":\"1000001\"}", 0);
    free(value);
}

Test(pipeline, a_single_use_signature_passes_once, .timeout = 10)
{
    struct signature_request request = {
        .key = accounts_at(world.accounts, 0)->keys[0],
        .bucket = "test",
        .now = SUPPORT_NOW,
    };
    char *value = signature_make(&request);
    struct exchange *x;
    struct call c;

    call_json(&c, &world, GETFOUR, "{\"appid\":\"1000001\"}");
    c.request.authorization = value;
    x = call_run(&world, &c, WHOLE);
    cr_expect_eq(reply_number(x, "code"), 0);
    exchange_free(x);
    expect_authorization(value, 13);
    call_release(&c);
    free(value);
}

Test(pipeline, arrears_have_a_message_of_their_own, .timeout = 10)
{
    static const enum language languages[] = {LANGUAGE_EN, LANGUAGE_ZH};

    for (size_t i = 0; i < LENGTH(languages); i++) {
        struct exchange *x;
        struct call c;

        world.settings.language = languages[i];
        call_json(&c, &world, GETFOUR, "{\"appid\":\"1000003\"}");
        call_sign(&c, &world, "1000003", "test");
        x = call_run(&world, &c, WHOLE);
        cr_expect_str_eq(
            x->reply.body.buf,
            "{\"code\":3,\"message\":\"account abnormal,errorno is:2\"}");
        exchange_free(x);
        call_release(&c);
    }
}

Test(pipeline, an_account_over_its_rate_has_to_wait, .timeout = 10)
{
    static const struct {
        int64_t at;
        int code;
    } rows[] = {{0, 0}, {0, 15}, {0, 15}, {1, 0}, {1, 15}};

    for (size_t i = 0; i < LENGTH(rows); i++) {
        struct exchange *x;
        struct call c;

        clock_freeze(&world.clock, SUPPORT_NOW + rows[i].at);
        call_json(&c, &world, GETFOUR, "{\"appid\":\"1000004\"}");
        call_sign(&c, &world, "1000004", "test");
        x = call_run(&world, &c, WHOLE);
        cr_expect_eq(reply_number(x, "code"), rows[i].code, "request %zu", i);
        exchange_free(x);
        call_release(&c);
    }
}

/* where each code appears (docs/contract.md section 7) */

static struct exchange *run_fault(struct call *c, const char *path,
                                  const char *flag, const char *spec)
{
    if (flag)
        call_four(c, &world, (struct change[]){{"compare_flag", flag}, {0}});
    else
        call_json(c, &world, path,
                  "{\"appid\":\"1000001\",\"url\":\"http://a/b\"}");
    c->request.fault = spec;
    return call_run(&world, c, WHOLE);
}

static void expect_status(const cJSON *data, const char *status,
                          const char *message, int code, enum language language)
{
    const cJSON *number = cJSON_GetObjectItem(data, status);
    const cJSON *text = cJSON_GetObjectItem(data, message);

    cr_assert(cJSON_IsNumber(number) && cJSON_IsString(text), "%d: %s", code,
              status);
    cr_expect_eq(number->valueint, code, "%s is %d, expected %d", status,
                 number->valueint, code);
    cr_expect_str_eq(text->valuestring, error_message(code, language),
                     "%d: %s is %s", code, message, text->valuestring);
}

/* -40xx in the comparison, -50xx in both, all others on top. */
static void expect_placed_four(const struct exchange *x, int code,
                               bool compared, enum language language)
{
    bool is_live = code <= -5001 && code >= -5099;
    bool is_compare = code <= -4001 && code >= -4099;
    cJSON *json = reply_json(x);
    const cJSON *data = cJSON_GetObjectItem(json, "data");

    if (!is_live && !(is_compare && compared)) {
        expect_status(json, "code", "message", code, language);
        cr_expect_eq(cJSON_GetArraySize(json), 2, "%d: %s", code,
                     x->reply.body.buf);
    } else {
        expect_status(json, "code", "message", 0, language);
        cr_expect_eq(cJSON_GetArraySize(json), 3);
        cr_expect_eq(cJSON_GetArraySize(data), compared ? 4 : 2, "%d: %s", code,
                     x->reply.body.buf);
        expect_status(data, "live_status", "live_msg", is_live ? code : 0,
                      language);
        if (compared)
            expect_status(data, "compare_status", "compare_msg", code,
                          language);
    }
    cJSON_Delete(json);
}

static void expect_places_of_four(const char *flag, enum language language)
{
    world.settings.language = language;
    for (size_t i = 0; i < error_table_len; i++) {
        int code = (int)error_table[i].code;
        struct exchange *x;
        struct call c;
        char spec[16];

        snprintf(spec, sizeof(spec), "%d", code);
        x = run_fault(&c, FOUR, flag, spec);
        expect_placed_four(x, code, flag[0] == 't', language);
        cr_expect_eq(x->reply.http_status, 200);
        exchange_free(x);
        call_release(&c);
    }
}

Test(pipeline, every_code_of_a_compared_video_has_its_place, .timeout = 10)
{
    expect_places_of_four("true", LANGUAGE_EN);
    expect_places_of_four("true", LANGUAGE_ZH);
}

Test(pipeline, every_code_of_a_video_alone_has_its_place, .timeout = 10)
{
    expect_places_of_four("false", LANGUAGE_EN);
    expect_places_of_four("false", LANGUAGE_ZH);
}

Test(pipeline, every_code_of_the_other_endpoints_is_on_top, .timeout = 10)
{
    static const char *const paths[] = {PICTURE, GETFOUR};

    for (size_t i = 0; i < error_table_len * LENGTH(paths); i++) {
        int code = (int)error_table[i / LENGTH(paths)].code;
        struct exchange *x;
        struct call c;
        char spec[16];

        snprintf(spec, sizeof(spec), "%d", code);
        x = run_fault(&c, paths[i % LENGTH(paths)], NULL, spec);
        expect_bare_code(x, code, paths[i % LENGTH(paths)]);
        exchange_free(x);
        call_release(&c);
    }
}

Test(pipeline, a_place_that_is_written_replaces_the_usual_one, .timeout = 10)
{
    static const struct {
        const char *flag;
        const char *spec;
        int code, live, compare;
    } rows[] = {
        {"true", "-5007@code", -5007, NO_NUMBER, NO_NUMBER},
        {"true", "-5007@compare_status", 0, 0, -5007},
        {"true", "-4018@live_status", 0, -4018, -4018},
        {"true", "9@live_status", 0, 9, 9},
        {"true", "9@compare_status", 0, 0, 9},
        {"false", "9@live_status", 0, 9, NO_NUMBER},
        {"false", "9@compare_status", 9, NO_NUMBER, NO_NUMBER},
        {"true", "unlisted=-9999", -9999, NO_NUMBER, NO_NUMBER},
        {"true", "0", 0, 0, 0},
    };

    for (size_t i = 0; i < LENGTH(rows); i++) {
        struct call c;
        struct exchange *x = run_fault(&c, FOUR, rows[i].flag, rows[i].spec);

        cr_expect_eq(reply_number(x, "code"), rows[i].code, "%s: %s",
                     rows[i].spec, x->reply.body.buf);
        cr_expect_eq(reply_number(x, "live_status"), rows[i].live, "%s: %s",
                     rows[i].spec, x->reply.body.buf);
        cr_expect_eq(reply_number(x, "compare_status"), rows[i].compare,
                     "%s: %s", rows[i].spec, x->reply.body.buf);
        exchange_free(x);
        call_release(&c);
    }
}

Test(pipeline, a_place_on_the_other_endpoints_is_always_the_top, .timeout = 10)
{
    struct call c;
    struct exchange *x = run_fault(&c, PICTURE, NULL, "-5007@live_status");

    expect_bare_code(x, -5007, "picture");
    exchange_free(x);
    call_release(&c);
}

Test(pipeline, mapped_statuses_suit_the_codes, .timeout = 10)
{
    static const struct {
        int code;
        int status;
    } rows[] = {
        {3, 400},   {4, 401},   {5, 400},     {6, 401},     {9, 401},
        {10, 401},  {11, 401},  {12, 401},    {13, 401},    {14, 401},
        {15, 429},  {16, 404},  {21, 400},    {23, 413},    {107, 503},
        {108, 503}, {213, 500}, {-4006, 200}, {-5007, 200}, {-5805, 200},
        {0, 200},
    };

    world.settings.mapped_status = true;
    for (size_t i = 0; i < LENGTH(rows); i++) {
        struct exchange *x;
        struct call c;
        char spec[16];

        snprintf(spec, sizeof(spec), "%d", rows[i].code);
        x = run_fault(&c, GETFOUR, NULL, spec);
        cr_expect_eq(x->reply.http_status, rows[i].status, "%d answered %d",
                     rows[i].code, x->reply.http_status);
        exchange_free(x);
        call_release(&c);
    }
}

Test(pipeline, mapped_statuses_leave_404_and_405_alone, .timeout = 10)
{
    bool has[DEFECT__COUNT] = {false};
    struct exchange *x;

    world_use_accounts(&world, three_accounts);
    world.settings.mapped_status = true;
    has[DEFECT_METHOD] = true;
    x = run_defective(has);
    cr_expect_eq(x->reply.http_status, 405);
    exchange_free(x);
    has[DEFECT_PATH] = true;
    x = run_defective(has);
    cr_expect_eq(x->reply.http_status, 404);
    exchange_free(x);
}

/* faults (docs/contract.md section 8) */

enum source {
    SOURCE_HEADER,
    SOURCE_SEQ,
    SOURCE_FILE,
    SOURCE_URL,
    SOURCE_OPTION,
    SOURCE__COUNT
};

static const enum fault_source expected_source[SOURCE__COUNT] = {
    FAULT_FROM_HEADER, FAULT_FROM_SEQ,    FAULT_FROM_FILE,
    FAULT_FROM_URL,    FAULT_FROM_OPTION,
};

/* livedetectpicture by form, which has them all. Code 10 + the source. */
static struct exchange *run_sources(struct call *c, const bool *from)
{
    struct change fields[6] = {{"appid", "1000001"}};
    size_t n = 1;

    /* The weakest first, so that only precedence can decide. */
    fields[n++] = (struct change){
        "url", from[SOURCE_URL] ? "http://a/mock-fault:13;" : "http://a/"};
    fields[n++] = (struct change){
        "image", from[SOURCE_FILE] ? "...mock-fault:12;..." : A_JPEG};
    fields[n++] =
        (struct change){"seq", from[SOURCE_SEQ] ? "mock-fault:11" : "s"};
    call_form(c, &world, PICTURE, fields);
    if (from[SOURCE_HEADER])
        c->request.fault = "10";
    world.settings.has_fault = from[SOURCE_OPTION];
    world.settings.fault = (struct fault){.has_code = true, .code = 14};
    return call_run(&world, c, WHOLE);
}

Test(pipeline, of_any_two_sources_of_faults_the_stronger_wins, .timeout = 10)
{
    for (int strong = 0; strong < SOURCE__COUNT; strong++) {
        for (int weak = strong; weak < SOURCE__COUNT; weak++) {
            bool from[SOURCE__COUNT] = {false};
            struct exchange *x;
            struct call c;

            from[strong] = true;
            from[weak] = true;
            x = run_sources(&c, from);
            cr_expect_eq(reply_number(x, "code"), 10 + strong,
                         "%d with %d answered %s", strong, weak,
                         x->reply.body.buf);
            cr_expect_eq(x->fault_source, expected_source[strong]);
            exchange_free(x);
            call_release(&c);
        }
    }
}

Test(pipeline, no_request_triggers_leaves_only_the_option, .timeout = 10)
{
    bool from[SOURCE__COUNT] = {true, true, true, true, false};
    struct exchange *x;
    struct call c;

    world.settings.request_triggers = false;
    x = run_sources(&c, from);
    cr_expect_eq(reply_number(x, "score"), 95);
    cr_expect_eq(x->fault_source, FAULT_FROM_NOWHERE);
    exchange_free(x);
    call_release(&c);

    from[SOURCE_OPTION] = true;
    x = run_sources(&c, from);
    cr_expect_eq(reply_number(x, "code"), 14);
    exchange_free(x);
    call_release(&c);
}

Test(pipeline, a_marker_in_any_file_counts, .timeout = 10)
{
    static const char *const names[] = {"video", "card", "image"};

    for (size_t i = 0; i < LENGTH(names); i++)
        expect_four((struct change[]){{names[i], "x mock-fault:15;"}, {0}}, 15);
}

Test(pipeline, a_marker_in_a_file_of_unknown_name_counts, .timeout = 10)
{
    struct exchange *x;
    struct call c;

    call_four(&c, &world, NULL);
    strbuf_truncate(&c.body, c.body.len - strlen("--B--\r\n"));
    form_file(&c.body, "selfie", "mock-fault:15;", 14);
    form_end(&c.body);
    x = call_run(&world, &c, WHOLE);
    expect_bare_code(x, 15, "selfie");
    exchange_free(x);
    call_release(&c);
}

Test(pipeline, a_marker_lies_in_the_first_4_kib, .timeout = 10)
{
    static char file[FAULT_FILE_WINDOW + 64];
    const char marker[] = "mock-fault:15;";
    size_t len = sizeof(marker) - 1;

    memset(file, '.', sizeof(file) - 1);
    memcpy(file + FAULT_FILE_WINDOW - len, marker, len);
    expect_four((struct change[]){{"video", file}, {0}}, 15);
    memset(file, '.', FAULT_FILE_WINDOW);
    memcpy(file + FAULT_FILE_WINDOW, marker, len);
    expect_four((struct change[]){{"video", file}, {0}}, 0);
}

Test(pipeline, a_marker_in_a_base64_image_counts, .timeout = 10)
{
    /* "mock-fault:15;" */
    expect_picture("\"image\":\"bW9jay1mYXVsdDoxNTs=\"", 15);
}

Test(pipeline, a_marker_in_the_seq_of_json_counts, .timeout = 10)
{
    expect_picture("\"url\":\"http://a/\",\"seq\":\"mock-fault:15\"", 15);
    expect_picture("\"url\":\"http://a/\",\"seq\":\"xmock-fault:15\"", 0);
    expect_picture("\"url\":\"http://a/\",\"seq\":15", 0);
}

static void expect_problem(struct exchange *x, const char *message)
{
    cJSON *json = reply_json(x);
    const cJSON *text = cJSON_GetObjectItem(json, "message");

    cr_expect_eq(reply_number(x, "code"), 21, "%s", x->reply.body.buf);
    cr_expect_eq(x->reply.http_status, 200);
    cr_assert(cJSON_IsString(text));
    cr_expect(strstr(text->valuestring, message) != NULL,
              "\"%s\" does not say \"%s\"", text->valuestring, message);
    cJSON_Delete(json);
}

Test(pipeline, a_bad_spec_in_the_header_answers_21_and_names_it, .timeout = 10)
{
    static const struct {
        const char *spec;
        const char *message;
    } rows[] = {
        {"nonsense", "fault spec \"nonsense\""},
        {"", "fault spec \"\""},
        {"9999", "9999"},
        {"-5007,9", "fault spec \"-5007,9\""},
        {"\"q\\\x01\xff", "fault spec \"\"q\\??\""},
    };

    for (size_t i = 0; i < LENGTH(rows); i++) {
        struct call c;
        struct exchange *x = run_fault(&c, GETFOUR, NULL, rows[i].spec);

        expect_problem(x, rows[i].message);
        exchange_free(x);
        call_release(&c);
    }
}

Test(pipeline, a_bad_spec_in_the_body_answers_21_and_names_it, .timeout = 10)
{
    static const struct {
        struct change change[2];
        const char *message;
    } rows[] = {
        {{{"seq", "mock-fault:bad seq"}, {0}}, "\"bad seq\""},
        {{{"seq", "mock-fault:"}, {0}}, "fault spec \"\""},
        {{{"video", "mock-fault:bad file;"}, {0}}, "\"bad file\""},
        {{{"video", "mock-fault:9 and no end"}, {0}},
         "is not followed by \";\""},
        {{{"url", "mock-fault:bad url;"}, {0}}, "\"bad url\""},
    };

    for (size_t i = 0; i < LENGTH(rows); i++) {
        struct exchange *x;
        struct call c;

        call_four(&c, &world, rows[i].change);
        x = call_run(&world, &c, WHOLE);
        expect_problem(x, rows[i].message);
        exchange_free(x);
        call_release(&c);
    }
}

Test(pipeline, a_bad_spec_is_not_passed_over_for_a_weaker_good_one,
     .timeout = 10)
{
    struct exchange *x;
    struct call c;

    call_four(&c, &world, (struct change[]){{"seq", "mock-fault:9"}, {0}});
    c.request.fault = "bad";
    x = call_run(&world, &c, WHOLE);
    expect_problem(x, "\"bad\"");
    exchange_free(x);
    call_release(&c);
}

Test(pipeline, a_fault_replaces_a_failed_check, .timeout = 10)
{
    struct exchange *x;
    struct call c;

    call_four(
        &c, &world,
        (struct change[]){{"appid", NULL}, {"seq", "mock-fault:-5805"}, {0}});
    x = call_run(&world, &c, WHOLE);
    expect_bare_code(x, -5805, "instead of 21");
    cr_expect_eq(x->failed, ERR_BAD_PARAMETER, "the natural outcome stays");
    exchange_free(x);
    call_release(&c);
}

Test(pipeline, a_trigger_in_the_body_needs_headers_that_pass, .timeout = 10)
{
    struct exchange *x;
    struct call c;

    call_four(&c, &world,
              (struct change[]){
                  {"seq", "mock-fault:9"}, {"video", "mock-fault:9;"}, {0}});
    c.request.authorization = NULL;
    x = call_run(&world, &c, WHOLE);
    expect_bare_code(x, 4, "body");
    exchange_free(x);

    c.request.fault = "-5805";
    x = call_run(&world, &c, WHOLE);
    expect_bare_code(x, -5805, "header");
    exchange_free(x);

    c.request.fault = NULL;
    world.settings.has_fault = true;
    world.settings.fault = (struct fault){.has_code = true, .code = 25};
    x = call_run(&world, &c, WHOLE);
    expect_bare_code(x, 25, "option");
    exchange_free(x);
    call_release(&c);
}

Test(pipeline, what_is_no_call_of_an_endpoint_has_no_fault, .timeout = 10)
{
    static const enum defect kinds[] = {DEFECT_FRAMING, DEFECT_PATH,
                                        DEFECT_METHOD};

    world_use_accounts(&world, three_accounts);
    world.settings.has_fault = true;
    world.settings.fault = (struct fault){.has_code = true, .code = 25};
    for (size_t i = 0; i < LENGTH(kinds); i++) {
        bool has[DEFECT__COUNT] = {false};
        struct exchange *x;

        has[kinds[i]] = true;
        x = run_defective(has);
        expect_bare_code(x, 3, defects[kinds[i]].name);
        cr_expect_eq(x->fault_source, FAULT_FROM_NOWHERE);
        exchange_free(x);
    }
}

Test(pipeline, a_fault_of_the_header_is_known_before_the_body, .timeout = 10)
{
    struct exchange *x = pipeline_open(&world.pipeline);
    struct call c;

    call_four(&c, &world, NULL);
    x->request = c.request;
    x->request.fault = "reset_during_upload";
    pipeline_head(&world.pipeline, x);
    cr_expect_eq(x->fault.transport, TRANSPORT_RESET_DURING_UPLOAD);
    exchange_free(x);
    call_release(&c);
}

Test(pipeline, a_fault_of_the_body_is_known_while_it_is_read, .timeout = 10)
{
    struct exchange *x = pipeline_open(&world.pipeline);
    struct call c;

    call_four(&c, &world, NULL);
    strbuf_reset(&c.body);
    form_field(&c.body, "seq", "mock-fault:reset_during_upload");
    x->request = c.request;
    pipeline_head(&world.pipeline, x);
    pipeline_body(&world.pipeline, x, c.body.buf, c.body.len);
    cr_expect_eq(x->fault.transport, TRANSPORT_NONE, "it may go on");
    pipeline_body(&world.pipeline, x, "--B\r\n", 5);
    cr_expect_eq(x->fault.transport, TRANSPORT_RESET_DURING_UPLOAD);
    exchange_free(x);
    call_release(&c);
}

Test(pipeline, delay_http_and_transport_reach_the_decision, .timeout = 10)
{
    struct call c;
    struct exchange *x = run_fault(&c, FOUR, "true", "delay=70,http=503,hang");

    cr_expect_eq(reply_number(x, "code"), 21, "http does not go with hang");
    exchange_free(x);
    call_release(&c);
    x = run_fault(&c, FOUR, "true", "delay=70,http=503,dribble");
    cr_expect_eq(x->decision.delay_ms, 70);
    cr_expect_eq(x->decision.transport, TRANSPORT_DRIBBLE);
    cr_expect_eq(x->reply.http_status, 503);
    cr_expect_eq(reply_number(x, "live_status"), 0, "the outcome is natural");
    exchange_free(x);
    call_release(&c);
}

/* the same every time */

Test(pipeline, same_seed_and_id_give_the_same_bytes, .timeout = 10)
{
    for (int i = 0; i < 3; i++) {
        struct exchange *a, *b;
        struct call c;

        if (i == 0)
            call_four(&c, &world, NULL);
        else
            call_json(&c, &world, i == 1 ? PICTURE : GETFOUR,
                      "{\"appid\":\"1000001\",\"url\":\"http://a/b\"}");
        world_rewind(&world);
        a = call_run(&world, &c, WHOLE);
        world_rewind(&world);
        b = call_run(&world, &c, WHOLE);
        cr_expect_str_eq(a->reply.body.buf, b->reply.body.buf);
        exchange_free(a);
        exchange_free(b);
        call_release(&c);
    }
}

Test(pipeline, each_exchange_draws_a_number_of_its_own, .timeout = 10)
{
    struct exchange *a = pipeline_open(&world.pipeline);
    struct exchange *b = pipeline_open(&world.pipeline);

    cr_expect_neq(a->random, b->random);
    exchange_free(a);
    exchange_free(b);
}

Test(pipeline, an_exchange_without_any_body_is_answered, .timeout = 10)
{
    static const char *const types[] = {JSON_TYPE, FORM_TYPE, NULL};

    for (size_t i = 0; i < LENGTH(types); i++) {
        struct exchange *x;
        struct call c;

        call_json(&c, &world, PICTURE, "");
        c.request.content_type = types[i];
        c.request.content_length = 0;
        x = call_run(&world, &c, WHOLE);
        expect_bare_code(x, 3, types[i] ? types[i] : "(none)");
        exchange_free(x);
        call_release(&c);
    }
}

/* the log */

static void catch_log(char *buf, size_t cap, struct call *c)
{
    int saved = dup(STDERR_FILENO);
    int fds[2];
    ssize_t n;

    cr_assert_eq(pipe(fds), 0);
    dup2(fds[1], STDERR_FILENO);
    close(fds[1]);
    exchange_free(call_run(&world, c, WHOLE));
    dup2(saved, STDERR_FILENO);
    close(saved);
    n = read(fds[0], buf, cap - 1);
    close(fds[0]);
    cr_assert(n >= 0);
    buf[n] = '\0';
}

Test(pipeline, an_exchange_is_one_line_in_the_log, .timeout = 10)
{
    struct call c;
    char line[1200];

    world.log.level = LOG_INFO;
    call_json(&c, &world, GETFOUR, "{\"appid\":\"x\"}");
    catch_log(line, sizeof(line), &c);
    cr_expect_str_eq(line,
                     "mockserver: info: #1 127.0.0.1:1 POST /face/livegetfour, "
                     "13 bytes: 6 appid or bucket of the signature does not "
                     "match the request: appid is \"x\" but the signature's a "
                     "is \"1000001\"\n");
    c.request.fault = "-5007,delay=5";
    c.request.target = "/face/livegetfour?\r\nx";
    catch_log(line, sizeof(line), &c);
    cr_expect(strstr(line, "livegetfour?\\r\\nx,") != NULL, "%s", line);
    cr_expect(strstr(line, ", fault from header: -5007,delay=5\n") != NULL,
              "%s", line);
    c.request.fault = "bad";
    catch_log(line, sizeof(line), &c);
    cr_expect(strstr(line, ", fault from header: not understood\n") != NULL,
              "%s", line);
    call_release(&c);
}

Test(pipeline, secrets_and_signatures_stay_out_of_the_log, .timeout = 10)
{
    struct call c;
    char line[1200];

    world.log.level = LOG_DEBUG;
    call_json(&c, &world, GETFOUR, "{\"appid\":\"1000001\"}");
    catch_log(line, sizeof(line), &c);
    cr_expect(strstr(line, ": 0 OK\n") != NULL, "%s", line);
    cr_expect(strstr(line, "demo-key") == NULL, "%s", line);
    cr_expect(strstr(line, c.signature) == NULL, "%s", line);
    call_release(&c);
}
