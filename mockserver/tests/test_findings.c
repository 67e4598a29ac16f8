#include "findings.h"

#include <stdlib.h>
#include <string.h>
#include <criterion/criterion.h>
#include <criterion/parameterized.h>
#include "support.h"
#include "verdict.h"

#define BIT(symbol) ((uint64_t)1 << FINDING_##symbol)

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

TestSuite(findings, .init = begin, .fini = end, .timeout = 10);

/* A request that breaks one rule. */
struct trip {
    struct call call;
    uint64_t with;     /* findings that cannot but come along */
    unsigned n_before; /* the same call this often before */
    bool cut_short;    /* the client leaves in the middle of the body */
    bool has_no_length;
};

static struct exchange *run_short(const struct call *c)
{
    struct exchange *x = pipeline_open(&world.pipeline);

    cr_assert(x != NULL);
    x->request = c->request;
    pipeline_head(&world.pipeline, x);
    pipeline_body(&world.pipeline, x, c->body.buf, c->body.len / 2);
    pipeline_abandon(&world.pipeline, x);
    return x;
}

static struct exchange *run_once(struct trip *t, unsigned cut)
{
    static uint64_t last_id;
    struct request *r = &t->call.request;
    struct exchange *x;

    if (r->content_length < 0 && !r->chunked && !t->has_no_length)
        r->content_length = (int64_t)t->call.body.len;
    x = t->cut_short ? run_short(&t->call) : call_run(&world, &t->call, cut);
    x->id = ++last_id;
    verdict_recall(verdict, x);
    verdict_count(verdict, x);
    return x;
}

static struct exchange *run(struct trip *t, unsigned cut)
{
    for (unsigned i = 0; i < t->n_before; i++)
        exchange_free(run_once(t, cut));
    return run_once(t, cut);
}

static const char *names_of(uint64_t set, char *buf, size_t cap)
{
    size_t len = 0;

    buf[0] = '\0';
    for (int i = 0; i < FINDING__COUNT; i++) {
        if (set >> i & 1 && len < cap)
            len += (size_t)snprintf(buf + len, cap - len, " %s",
                                    finding_info((enum finding)i)->id);
    }
    return buf;
}

static void expect_set(const struct exchange *x, uint64_t expected)
{
    char want[4096], got[4096];

    cr_expect_eq(x->finding_set, expected, "expected%s, got%s; answered %s",
                 names_of(expected, want, sizeof(want)),
                 names_of(x->finding_set, got, sizeof(got)), x->reply.body.buf);
}

static const char *seen(const struct exchange *x, enum finding finding)
{
    for (const struct finding_note *n = x->findings; n; n = n->next) {
        if (n->finding == finding)
            return n->seen;
    }
    return "(not found)";
}

/* Runs a call to its end, expects these findings and no other, cleans up. */
static void expect_findings(struct trip *t, uint64_t expected)
{
    struct exchange *x = run(t, WHOLE);

    expect_set(x, expected);
    exchange_free(x);
    call_release(&t->call);
}

/* pieces of requests */

static const struct change picture_fields[] = {
    {"appid", "1000001"},
    {"image", A_JPEG},
    {NULL, NULL},
};

static const char right_json[] =
    "{\"appid\":\"1000001\",\"url\":\"http://example.com/face.jpg\"}";

static void four(struct trip *t, const char *name, const char *value)
{
    struct change changes[] = {{name, value}, {NULL, NULL}};

    call_four(&t->call, &world, changes);
}

static void json(struct trip *t, const char *text)
{
    call_json(&t->call, &world, PICTURE, text);
}

static void picture(struct trip *t, const void *image, size_t len)
{
    static const struct change appid[] = {{"appid", "1000001"}, {NULL, NULL}};
    struct strbuf *body = &t->call.body;

    call_form(&t->call, &world, PICTURE, appid);
    strbuf_truncate(body, body->len - strlen("--B--\r\n"));
    form_file(body, "image", image, len);
    form_end(body);
}

/* A form of livedetectpicture with one more part, whose header this is. */
static void picture_part(struct trip *t, const char *header,
                         const char *content)
{
    static const struct change appid[] = {{"appid", "1000001"}, {NULL, NULL}};
    struct strbuf *body = &t->call.body;

    call_form(&t->call, &world, PICTURE, appid);
    strbuf_truncate(body, body->len - strlen("--B--\r\n"));
    strbuf_addf(body, "--B\r\n%s\r\n\r\n%s\r\n", header, content);
    form_end(body);
}

/* Replaces the first occurrence of `from` in the body. */
static void replace(struct trip *t, const char *from, const char *to)
{
    struct strbuf *body = &t->call.body;
    char *at = memmem(body->buf, body->len, from, strlen(from));
    struct strbuf old;

    cr_assert(at != NULL, "the body has no %s", from);
    strbuf_init(&old, body->max);
    strbuf_add(&old, body->buf, body->len);
    strbuf_truncate(body, (size_t)(at - body->buf));
    at = old.buf + body->len;
    strbuf_addstr(body, to);
    strbuf_addstr(body, at + strlen(from));
    strbuf_release(&old);
}

static void set_type(struct trip *t, const char *content_type)
{
    t->call.request.content_type = content_type;
}

static void authorize(struct trip *t, char *value)
{
    cr_assert(value != NULL);
    free(t->call.signature);
    t->call.signature = value;
    t->call.request.authorization = value;
}

static void sign(struct trip *t, const char *bucket, int64_t e, int64_t now,
                 const char *fileid)
{
    struct signature_request request = {
        .key = accounts_find(world.accounts, "1000001", 7)->keys[0],
        .bucket = bucket,
        .expires = e,
        .now = now,
        .fileid = fileid,
    };

    authorize(t, signature_make(&request));
}

static void missign(struct trip *t, const char *text)
{
    four(t, NULL, NULL);
    authorize(t, support_missigned(text));
}

#define TIMES "&e=1500003600&t=1500000000"

/* One request for each rule, in the order of the rows. A row without its
 * function does not compile. */

static void trip_HTTP_MALFORMED(struct trip *t)
{
    four(t, NULL, NULL);
    t->call.request.malformed = "Content-Length is given twice";
}

static void trip_PATH_UNKNOWN(struct trip *t)
{
    four(t, NULL, NULL);
    t->call.request.path = t->call.request.target = "/face/other";
}

static void trip_METHOD_WRONG(struct trip *t)
{
    four(t, NULL, NULL);
    strbuf_reset(&t->call.body);
    set_type(t, NULL);
    t->call.request.method = "GET";
}

static void trip_HOST_UNKNOWN(struct trip *t)
{
    four(t, NULL, NULL);
    t->call.request.host = "127.0.0.1:8080";
}

static void trip_PROXY_ELSEWHERE(struct trip *t)
{
    struct request *r = &t->call.request;

    /* Nothing else that is wrong with it counts. */
    r->method = "GET";
    r->target = "http://example.com/a?token=hush";
    r->authority = r->target + strlen("http://");
    r->authority_len = strlen("example.com");
    r->path = "/a";
    r->version = "HTTP/1.1";
    r->host = "example.com";
    r->authorization = "nonsense";
    t->has_no_length = true;
    r->content_length = -1;
}

static void trip_CUT_SHORT(struct trip *t)
{
    four(t, NULL, NULL);
    t->cut_short = true;
}

static void trip_CONTENT_LENGTH_MISSING(struct trip *t)
{
    four(t, NULL, NULL);
    t->has_no_length = true;
}

static void trip_UPLOAD_CHUNKED(struct trip *t)
{
    json(t, right_json);
    t->call.request.chunked = true;
}

static void trip_BODY_NEAR_LIMIT(struct trip *t)
{
    four(t, NULL, NULL);
    world.settings.max_body = t->call.body.len;
}

static void trip_BODY_OVER_LIMIT(struct trip *t)
{
    four(t, NULL, NULL);
    world.settings.max_body = t->call.body.len - 1;
}

static void trip_RATE_EXCEEDED(struct trip *t)
{
    four(t, "appid", "1000004");
    call_sign(&t->call, &world, "1000004", "test");
    t->n_before = 1;
}

static void trip_CONTENT_TYPE_UNSUPPORTED(struct trip *t)
{
    four(t, NULL, NULL);
    set_type(t, "application/json");
}

static void trip_BODY_UNREADABLE(struct trip *t)
{
    json(t, "[1]");
}

static void trip_BOUNDARY_MISSING(struct trip *t)
{
    four(t, NULL, NULL);
    set_type(t, "multipart/form-data");
}

static void trip_BOUNDARY_TOO_LONG(struct trip *t)
{
    four(t, NULL, NULL);
    set_type(t, "multipart/form-data; boundary="
                "12345678901234567890123456789012345678901234567890"
                "123456789012345678901");
}

static void trip_BOUNDARY_QUOTED(struct trip *t)
{
    four(t, NULL, NULL);
    set_type(t, "multipart/form-data; boundary=\"B\"");
}

static void trip_CLOSE_DELIMITER_MISSING(struct trip *t)
{
    four(t, NULL, NULL);
    strbuf_truncate(&t->call.body, t->call.body.len - strlen("--B--\r\n"));
}

static void trip_BARE_LF(struct trip *t)
{
    four(t, NULL, NULL);
    replace(t, "--B\r\n", "--B\n");
}

static void trip_PART_WITHOUT_NAME(struct trip *t)
{
    four(t, NULL, NULL);
    replace(t, "; name=\"bucket\"", "");
}

static void trip_NOT_FORM_DATA(struct trip *t)
{
    four(t, NULL, NULL);
    replace(t, "form-data; name=\"bucket\"", "attachment; name=\"bucket\"");
}

static void trip_TEXT_WITH_FILENAME(struct trip *t)
{
    four(t, NULL, NULL);
    replace(t, "name=\"bucket\"", "name=\"bucket\"; filename=\"bucket\"");
}

static void trip_FILE_WITHOUT_FILENAME(struct trip *t)
{
    four(t, NULL, NULL);
    replace(t, "; filename=\"f\"", "");
}

static void trip_FIELD_MISSING(struct trip *t)
{
    four(t, "validate_data", NULL);
}

static void trip_FIELD_EMPTY(struct trip *t)
{
    four(t, "validate_data", "");
}

static void trip_FIELD_REPEATED(struct trip *t)
{
    json(t, "{\"appid\":\"1000001\",\"appid\":\"1000001\","
            "\"url\":\"http://example.com/\"}");
}

static void trip_FIELD_UNKNOWN(struct trip *t)
{
    four(t, "session_id", "1");
}

static void trip_FIELD_TOO_LONG(struct trip *t)
{
    static char text[BODY_MAX_FIELD + 2];

    memset(text, 'x', sizeof(text) - 1);
    four(t, "validate_data", text);
}

static void trip_FIELD_TYPE(struct trip *t)
{
    json(t, "{\"appid\":\"1000001\",\"url\":true}");
}

static void trip_FIELD_NOT_UTF8(struct trip *t)
{
    four(t, "validate_data",
         "95\xff"
         "32");
}

static void trip_APPID_INTEGER(struct trip *t)
{
    json(t, "{\"appid\":1000001,\"url\":\"http://example.com/\"}");
}

static void trip_COMPARE_FLAG_VALUE(struct trip *t)
{
    four(t, "compare_flag", "True");
}

static void trip_CARD_NOT_COMPARED(struct trip *t)
{
    four(t, "compare_flag", "false");
}

static void trip_URL_AND_IMAGE(struct trip *t)
{
    static const struct change both[] = {
        {"appid", "1000001"},
        {"url", "http://example.com/face.jpg"},
        {"image", A_JPEG},
        {NULL, NULL},
    };

    call_form(&t->call, &world, PICTURE, both);
}

static void trip_URL_INVALID(struct trip *t)
{
    json(t, "{\"appid\":\"1000001\",\"url\":\"ftp://example.com/face.jpg\"}");
}

static void trip_IMAGE_IN_JSON(struct trip *t)
{
    json(t, "{\"appid\":\"1000001\",\"image\":\"AAAA\"}");
}

static void trip_IMAGE_NOT_BASE64(struct trip *t)
{
    json(t, "{\"appid\":\"1000001\",\"image\":\"data:image/jpeg;base64,\"}");
    t->with = BIT(IMAGE_IN_JSON);
}

static void trip_FILE_EMPTY(struct trip *t)
{
    four(t, "video", "");
}

static void trip_FILE_GIF(struct trip *t)
{
    four(t, "card", A_GIF);
}

static void trip_FILE_TYPE_DIFFERS(struct trip *t)
{
    picture_part(t,
                 "Content-Disposition: form-data; name=\"image\"; "
                 "filename=\"a.png\"\r\nContent-Type: image/png",
                 A_JPEG);
}

static const char png_head[] = "\x89PNG\r\n\x1a\n\0\0\0\rIHDR";

static void png(struct trip *t, unsigned width, unsigned height)
{
    unsigned char data[24];

    memcpy(data, png_head, 16);
    for (int i = 0; i < 4; i++) {
        data[16 + i] = (unsigned char)(width >> (24 - 8 * i));
        data[20 + i] = (unsigned char)(height >> (24 - 8 * i));
    }
    picture(t, data, sizeof(data));
}

static void trip_IMAGE_LARGE(struct trip *t)
{
    png(t, 1281, 720);
}

static void trip_SIGNATURE_MISSING(struct trip *t)
{
    four(t, NULL, NULL);
    t->call.request.authorization = NULL;
}

static void trip_SIGNATURE_MALFORMED(struct trip *t)
{
    four(t, NULL, NULL);
    t->call.request.authorization = "Bearer abc";
}

static void trip_SIGNATURE_VALIDITY(struct trip *t)
{
    four(t, NULL, NULL);
    sign(t, "test", SUPPORT_NOW + SIGNATURE_MAX_VALIDITY_S + 1, SUPPORT_NOW,
         NULL);
}

static void trip_SIGNATURE_APPID(struct trip *t)
{
    missign(t, "a=9999999&b=test&k=AKIDdemo1000001" TIMES);
    t->with = BIT(SIGNATURE_MISMATCH);
}

static void trip_SIGNATURE_SECRET_ID(struct trip *t)
{
    missign(t, "a=1000001&b=test&k=AKIDnobody" TIMES);
}

static void trip_SIGNATURE_OWNER(struct trip *t)
{
    missign(t, "a=1000001&b=test&k=AKIDdemo1000002" TIMES);
}

static void trip_SIGNATURE_DIGEST(struct trip *t)
{
    missign(t, "a=1000001&b=test&k=AKIDdemo1000001" TIMES);
}

static void trip_SIGNATURE_EXPIRED(struct trip *t)
{
    four(t, NULL, NULL);
    sign(t, "test", SUPPORT_NOW - 1, SUPPORT_NOW - 300, NULL);
}

static void trip_SIGNATURE_REPLAYED(struct trip *t)
{
    four(t, NULL, NULL);
    sign(t, "test", 0, SUPPORT_NOW, NULL);
    t->n_before = 1;
}

static void trip_SIGNATURE_BUCKET(struct trip *t)
{
    four(t, "bucket", "nosuch");
    sign(t, "nosuch", SUPPORT_NOW + 60, SUPPORT_NOW, NULL);
}

static void trip_SIGNATURE_MISMATCH(struct trip *t)
{
    four(t, "bucket", "other");
}

static void trip_SIGNATURE_SINGLE_USE(struct trip *t)
{
    json(t, right_json);
    sign(t, "test", 0, SUPPORT_NOW, NULL);
}

static void trip_SIGNATURE_FILEID(struct trip *t)
{
    four(t, NULL, NULL);
    sign(t, "test", SUPPORT_NOW + 60, SUPPORT_NOW, "a-file");
}

static void trip_CLOCK_SKEW(struct trip *t)
{
    four(t, NULL, NULL);
    sign(t, "test", SUPPORT_NOW + 3600, SUPPORT_NOW + 301, NULL);
}

static void trip_SIGNATURE_REUSED(struct trip *t)
{
    trip_SIGNATURE_DIGEST(t);
    t->with = BIT(SIGNATURE_DIGEST);
    t->n_before = 1;
}

static void trip_RETRY_USELESS(struct trip *t)
{
    four(t, NULL, NULL);
    t->call.request.fault = "-5007";
    t->n_before = 1;
}

static void trip_NO_PAUSE_AFTER_15(struct trip *t)
{
    four(t, NULL, NULL);
    t->call.request.fault = "15";
    t->n_before = VERDICT_AFTER_15;
}

static void (*const trips[FINDING__COUNT])(struct trip *) = {
#define X(symbol, id, level, provenance, reference, text, shows)               \
    [FINDING_##symbol] = trip_##symbol,
#include "findings.def"
#undef X
};

ParameterizedTestParameters(findings, each_rule_is_tripped_by_its_request)
{
    static int rows[FINDING__COUNT];

    for (int i = 0; i < FINDING__COUNT; i++)
        rows[i] = i;
    return cr_make_param_array(int, rows, FINDING__COUNT);
}

ParameterizedTest(int *row, findings, each_rule_is_tripped_by_its_request,
                  .timeout = 10)
{
    enum finding finding = (enum finding) * row;
    uint64_t expected = (uint64_t)1 << finding;
    struct trip t = {0};
    struct exchange *x;

    trips[finding](&t);
    x = run(&t, WHOLE);
    expect_set(x, expected | t.with);
    cr_expect(seen(x, finding)[0] != '\0' && seen(x, finding)[0] != '(',
              "%s: nothing was seen", finding_info(finding)->id);
    exchange_free(x);
    call_release(&t.call);
}

/* requests that conform */

Test(findings, right_livedetectfour_has_none)
{
    struct trip t = {0};

    call_four(&t.call, &world, NULL);
    expect_findings(&t, 0);
}

Test(findings, right_livedetectfour_without_comparison_has_none)
{
    static const struct change changes[] = {
        {"compare_flag", "false"}, {"card", NULL}, {NULL, NULL}};
    struct trip t = {0};

    call_four(&t.call, &world, changes);
    expect_findings(&t, 0);
}

Test(findings, right_livedetectpicture_with_url_has_none)
{
    struct trip t = {0};

    json(&t, right_json);
    expect_findings(&t, 0);
}

Test(findings, right_livedetectpicture_with_image_has_none)
{
    struct trip t = {0};

    call_form(&t.call, &world, PICTURE, picture_fields);
    expect_findings(&t, 0);
}

Test(findings, right_livegetfour_has_none)
{
    struct trip t = {0};

    call_json(&t.call, &world, GETFOUR,
              "{\"appid\":\"1000001\",\"seq\":\"\",\"bucket\":\"test\"}");
    expect_findings(&t, 0);
}

Test(findings, account_without_buckets_need_not_send_one)
{
    static const struct change changes[] = {
        {"appid", "1000002"}, {"bucket", NULL}, {NULL, NULL}};
    struct trip t = {0};

    call_four(&t.call, &world, changes);
    call_sign(&t.call, &world, "1000002", NULL);
    expect_findings(&t, 0);
}

Test(findings, right_request_takes_no_memory_for_them)
{
    struct trip t = {0};
    struct exchange *x;
    size_t left;

    call_four(&t.call, &world, NULL);
    t.call.request.content_length = (int64_t)t.call.body.len;
    x = call_run(&world, &t.call, WHOLE);
    left = x->arena.left;
    findings_evaluate(x, &world.settings, SUPPORT_NOW);
    cr_expect_eq(x->arena.left, left);
    exchange_free(x);
    call_release(&t.call);
}

/* when they are looked at */

Test(findings, they_are_the_same_however_the_body_is_cut)
{
    for (int i = 0; i < FINDING__COUNT; i++) {
        struct trip t = {0};
        struct exchange *x;

        settings_init(&world.settings);
        world_rewind(&world);
        verdict_reset(verdict);
        trips[i](&t);
        x = run(&t, BYTES);
        expect_set(x, (uint64_t)1 << i | t.with);
        exchange_free(x);
        call_release(&t.call);
    }
}

Test(findings, fault_hides_none)
{
    struct trip t = {0};

    trip_COMPARE_FLAG_VALUE(&t);
    t.call.request.fault = "-5007";
    expect_findings(&t, BIT(COMPARE_FLAG_VALUE));
}

Test(findings, several_are_told_of_one_request)
{
    struct trip t = {0};

    four(&t, "compare_flag", "TRUE");
    sign(&t, "test", SUPPORT_NOW - 1, SUPPORT_NOW - 1000, NULL);
    t.call.request.host = "localhost";
    expect_findings(&t, BIT(HOST_UNKNOWN) | BIT(SIGNATURE_EXPIRED) |
                            BIT(COMPARE_FLAG_VALUE));
}

Test(findings, body_is_looked_at_behind_a_bad_signature)
{
    struct trip t = {0};

    four(&t, "video", "");
    t.call.request.authorization = NULL;
    expect_findings(&t, BIT(SIGNATURE_MISSING) | BIT(FILE_EMPTY));
}

Test(findings, fields_of_json_are_looked_at_behind_a_bad_signature)
{
    struct trip t = {0};

    json(&t, "{\"appid\":1000001}");
    t.call.request.authorization = NULL;
    expect_findings(&t, BIT(SIGNATURE_MISSING) | BIT(APPID_INTEGER) |
                            BIT(FIELD_MISSING));
}

Test(findings, signature_is_looked_at_behind_a_body_too_long)
{
    struct trip t = {0};

    trip_BODY_OVER_LIMIT(&t);
    t.call.request.authorization = NULL;
    expect_findings(&t, BIT(BODY_OVER_LIMIT) | BIT(SIGNATURE_MISSING));
}

Test(findings, head_that_never_came_is_only_cut_short)
{
    struct exchange *x = exchange_new();

    x->cut_short = true;
    x->signature.code = ERR_SIGNATURE_EMPTY;
    findings_evaluate(x, &world.settings, SUPPORT_NOW);
    expect_set(x, BIT(CUT_SHORT));
    exchange_free(x);
}

Test(findings, upload_that_a_fault_resets_is_not_cut_short_by_the_client)
{
    struct trip t = {0};

    trip_CUT_SHORT(&t);
    t.call.request.fault = "reset_during_upload";
    expect_findings(&t, 0);
}

Test(findings, cut_short_tells_how_much_came)
{
    struct trip t = {0};
    struct exchange *x;
    char expected[80];

    trip_CUT_SHORT(&t);
    x = run(&t, WHOLE);
    snprintf(expected, sizeof(expected), "%zu of %zu bytes of the body came",
             t.call.body.len / 2, t.call.body.len);
    cr_expect_str_eq(seen(x, FINDING_CUT_SHORT), expected);
    exchange_free(x);
    call_release(&t.call);
}

Test(findings, body_refused_before_it_is_sent_lacks_no_fields)
{
    struct trip t = {0};

    four(&t, NULL, NULL);
    t.call.request.authorization = NULL;
    t.call.request.expects_continue = true;
    t.call.request.content_length = (int64_t)t.call.body.len;
    strbuf_reset(&t.call.body);
    expect_findings(&t, BIT(SIGNATURE_MISSING));
}

Test(findings, chunked_body_refused_before_it_is_sent_lacks_no_fields)
{
    struct trip t = {0};

    json(&t, "");
    t.call.request.authorization = NULL;
    t.call.request.expects_continue = true;
    t.call.request.chunked = true;
    expect_findings(&t, BIT(SIGNATURE_MISSING) | BIT(UPLOAD_CHUNKED));
}

Test(findings, chunked_body_cut_short_lacks_no_fields)
{
    struct trip t = {0};

    call_form(&t.call, &world, PICTURE, picture_fields);
    t.call.request.chunked = true;
    t.cut_short = true;
    expect_findings(&t, BIT(CUT_SHORT) | BIT(UPLOAD_CHUNKED));
}

Test(findings, json_that_was_not_read_lacks_no_fields)
{
    struct exchange *x = pipeline_open(&world.pipeline);
    struct call c;

    call_json(&c, &world, PICTURE, right_json);
    x->request = c.request;
    pipeline_head(&world.pipeline, x);
    pipeline_body(&world.pipeline, x, c.body.buf, c.body.len);
    findings_evaluate(x, &world.settings, SUPPORT_NOW);
    expect_set(x, 0);
    exchange_free(x);
    call_release(&c);
}

/* the message */

Test(findings, service_hosts_are_known_in_any_case_and_with_a_port)
{
    static const char *const hosts[] = {
        "service.image.myqcloud.com", "recognition.image.myqcloud.com",
        "Service.Image.MyQCloud.com", "recognition.image.myqcloud.com:443"};

    for (size_t i = 0; i < LENGTH(hosts); i++) {
        struct trip t = {0};

        four(&t, NULL, NULL);
        t.call.request.host = hosts[i];
        expect_findings(&t, 0);
    }
}

Test(findings, hosts_that_only_resemble_the_service_are_unknown)
{
    static const char *const hosts[] = {"image.myqcloud.com",
                                        "service.image.myqcloud.com.test",
                                        "service.image.myqcloud.co", ""};

    for (size_t i = 0; i < LENGTH(hosts); i++) {
        struct trip t = {0};

        four(&t, NULL, NULL);
        t.call.request.host = hosts[i];
        expect_findings(&t, BIT(HOST_UNKNOWN));
    }
}

Test(findings, malformed_head_with_a_known_path_is_no_unknown_path)
{
    struct trip t = {0};
    struct exchange *x;

    trip_HTTP_MALFORMED(&t);
    t.call.request.path = t.call.request.target = "/";
    x = run(&t, WHOLE);
    expect_set(x, BIT(HTTP_MALFORMED) | BIT(PATH_UNKNOWN));
    exchange_free(x);
    call_release(&t.call);
}

Test(findings, livedetectpicture_does_not_ask_for_a_content_length)
{
    struct trip t = {0};

    json(&t, right_json);
    t.has_no_length = true;
    expect_findings(&t, 0);
}

Test(findings, chunked_upload_to_livedetectfour_has_no_content_length)
{
    struct trip t = {0};

    four(&t, NULL, NULL);
    t.call.request.chunked = true;
    expect_findings(&t, BIT(CONTENT_LENGTH_MISSING) | BIT(UPLOAD_CHUNKED));
}

Test(findings, body_of_nine_tenths_is_not_near_the_limit)
{
    struct trip t = {0};

    four(&t, NULL, NULL);
    while (t.call.body.len % 9 != 0)
        strbuf_addch(&t.call.body, ' ');
    world.settings.max_body = t.call.body.len / 9 * 10;
    expect_findings(&t, 0);
}

Test(findings, body_of_a_byte_more_is_near_the_limit)
{
    struct trip t = {0};

    four(&t, NULL, NULL);
    while (t.call.body.len % 9 != 1)
        strbuf_addch(&t.call.body, ' ');
    world.settings.max_body = t.call.body.len / 9 * 10;
    expect_findings(&t, BIT(BODY_NEAR_LIMIT));
}

Test(findings, chunked_body_over_the_limit_is_found_by_its_bytes)
{
    struct trip t = {0};

    trip_BODY_OVER_LIMIT(&t);
    t.call.request.chunked = true;
    expect_findings(&t, BIT(BODY_OVER_LIMIT) | BIT(UPLOAD_CHUNKED) |
                            BIT(CONTENT_LENGTH_MISSING));
}

Test(findings, body_over_the_limit_is_found_by_its_length_alone)
{
    struct trip t = {0};

    trip_BODY_OVER_LIMIT(&t);
    t.call.request.expects_continue = true;
    t.call.request.content_length = (int64_t)t.call.body.len;
    strbuf_reset(&t.call.body);
    expect_findings(&t, BIT(BODY_OVER_LIMIT));
}

/* the body */

Test(findings, post_without_content_type_is_unsupported)
{
    struct trip t = {0};

    json(&t, right_json);
    set_type(&t, NULL);
    expect_findings(&t, BIT(CONTENT_TYPE_UNSUPPORTED));
}

Test(findings, quotes_around_the_type_are_as_in_the_sample)
{
    struct trip t = {0};

    json(&t, right_json);
    set_type(&t, "\"application/json\"");
    expect_findings(&t, 0);
}

Test(findings, boundary_that_cannot_be_read_is_missing)
{
    struct trip t = {0};

    four(&t, NULL, NULL);
    set_type(&t, "multipart/form-data; boundary=\"B");
    expect_findings(&t, BIT(BOUNDARY_MISSING));
}

Test(findings, content_type_of_a_body_too_long_is_looked_at)
{
    struct trip t = {0};

    trip_BODY_OVER_LIMIT(&t);
    set_type(&t, "text/plain");
    expect_findings(&t, BIT(BODY_OVER_LIMIT) | BIT(CONTENT_TYPE_UNSUPPORTED));
}

Test(findings, body_in_which_the_boundary_never_comes_is_unreadable)
{
    struct trip t = {0};

    four(&t, NULL, NULL);
    set_type(&t, "multipart/form-data; boundary=C");
    expect_findings(&t, BIT(BODY_UNREADABLE));
}

Test(findings, json_that_is_not_utf8_is_both_unreadable_and_not_utf8)
{
    struct trip t = {0};

    json(&t, "{\"appid\":\"\xff\"}");
    expect_findings(&t, BIT(BODY_UNREADABLE) | BIT(FIELD_NOT_UTF8));
}

/* Escapes that were resolved before the error was met leave its bytes behind,
 * which the client never sent. */
Test(findings, json_that_is_utf8_is_no_less_so_for_a_later_error)
{
    struct trip t = {0};

    json(&t, "{\"appid\":\"1000001\",\"bucket\":\"\\t\\t日\",\"url\":}");
    expect_findings(&t, BIT(BODY_UNREADABLE));
}

/* the parameters */

Test(findings, fields_of_another_endpoint_are_unknown)
{
    struct trip t = {0};

    json(&t, "{\"appid\":\"1000001\",\"url\":\"http://example.com/\","
             "\"validate_data\":\"9532\"}");
    expect_findings(&t, BIT(FIELD_UNKNOWN));
}

Test(findings, neither_url_nor_image_is_a_missing_field)
{
    struct trip t = {0};

    json(&t, "{\"appid\":\"1000001\"}");
    expect_findings(&t, BIT(FIELD_MISSING));
}

Test(findings, empty_url_alone_is_an_empty_field)
{
    struct trip t = {0};

    json(&t, "{\"appid\":\"1000001\",\"url\":\"\"}");
    expect_findings(&t, BIT(FIELD_EMPTY));
}

Test(findings, empty_url_beside_an_image_is_none)
{
    static const struct change fields[] = {
        {"appid", "1000001"}, {"url", ""}, {"image", A_JPEG}, {NULL, NULL}};
    struct trip t = {0};

    call_form(&t.call, &world, PICTURE, fields);
    expect_findings(&t, 0);
}

Test(findings, empty_image_in_json_is_an_empty_file)
{
    struct trip t = {0};

    json(&t, "{\"appid\":\"1000001\",\"image\":\"\"}");
    expect_findings(&t, BIT(FILE_EMPTY));
}

Test(findings, empty_image_beside_a_url_is_none)
{
    struct trip t = {0};

    json(&t, "{\"appid\":\"1000001\",\"image\":\"\","
             "\"url\":\"http://example.com/\"}");
    expect_findings(&t, 0);
}

Test(findings, empty_optional_fields_are_none)
{
    struct trip t = {0};

    four(&t, "seq", "");
    expect_findings(&t, 0);
}

Test(findings, empty_compare_flag_is_empty_and_not_a_wrong_value)
{
    struct trip t = {0};

    four(&t, "compare_flag", "");
    expect_findings(&t, BIT(FIELD_EMPTY));
}

Test(findings, card_missing_though_compared_is_a_missing_field)
{
    struct trip t = {0};

    four(&t, "card", NULL);
    expect_findings(&t, BIT(FIELD_MISSING));
}

Test(findings, bucket_missing_though_the_account_has_some_is_a_missing_field)
{
    struct trip t = {0};

    four(&t, "bucket", NULL);
    expect_findings(&t, BIT(FIELD_MISSING));
}

Test(findings, seq_may_be_an_integer_but_url_may_not)
{
    struct trip t = {0};

    json(&t, "{\"appid\":\"1000001\",\"url\":\"http://example.com/\","
             "\"seq\":7}");
    expect_findings(&t, 0);
    memset(&t, 0, sizeof(t));
    json(&t, "{\"appid\":\"1000001\",\"url\":7}");
    expect_findings(&t, BIT(FIELD_TYPE));
}

Test(findings, unknown_field_may_be_too_long_as_well)
{
    static char text[BODY_MAX_FIELD + 2];
    struct trip t = {0};

    memset(text, 'x', sizeof(text) - 1);
    four(&t, "comment", text);
    expect_findings(&t, BIT(FIELD_UNKNOWN) | BIT(FIELD_TOO_LONG));
}

Test(findings, field_as_long_as_allowed_is_none)
{
    static char text[BODY_MAX_FIELD + 1];
    struct trip t = {0};

    memset(text, 'x', sizeof(text) - 1);
    four(&t, "seq", text);
    expect_findings(&t, 0);
}

Test(findings, url_behind_an_earlier_failure_is_looked_at)
{
    struct trip t = {0};

    trip_URL_INVALID(&t);
    t.call.request.authorization = NULL;
    expect_findings(&t, BIT(SIGNATURE_MISSING) | BIT(URL_INVALID));
}

Test(findings, url_whose_download_would_fail_is_none)
{
    struct trip t = {0};

    json(&t, "{\"appid\":\"1000001\",\"url\":\"http://a.invalid/face.jpg\"}");
    expect_findings(&t, 0);
}

Test(findings, url_of_a_gif_is_a_gif)
{
    struct trip t = {0};

    json(&t, "{\"appid\":\"1000001\",\"url\":\"http://a.example/face.GIF\"}");
    expect_findings(&t, BIT(FILE_GIF));
}

Test(findings, url_of_a_gif_behind_an_earlier_failure_is_a_gif)
{
    struct trip t = {0};

    json(&t, "{\"appid\":\"1000001\",\"url\":\"http://a.example/face.gif\"}");
    t.call.request.authorization = NULL;
    expect_findings(&t, BIT(SIGNATURE_MISSING) | BIT(FILE_GIF));
}

Test(findings, url_whose_download_is_a_gif_is_a_gif)
{
    const char *dir = getenv("FIXTURES_DIR");
    struct trip t = {0};

    json(&t, "{\"appid\":\"1000001\",\"url\":\"http://media/gif-named.jpg\"}");
    world.settings.url_root = dir ? dir : "fixtures";
    expect_findings(&t, BIT(FILE_GIF));
}

/* the media */

Test(findings, image_that_is_a_gif_is_found_in_form_and_json)
{
    struct trip t = {0};

    picture(&t, "GIF89a\x01\0\x01\0", 10);
    expect_findings(&t, BIT(FILE_GIF));
    memset(&t, 0, sizeof(t));
    json(&t, "{\"appid\":\"1000001\",\"image\":\"R0lGODlhAAA=\"}");
    expect_findings(&t, BIT(FILE_GIF) | BIT(IMAGE_IN_JSON));
}

Test(findings, declared_type_may_have_another_name_or_a_parameter)
{
    static const char *const types[] = {"image/jpeg", "image/jpg", "IMAGE/JPEG",
                                        "image/jpeg; q=1",
                                        "application/octet-stream"};

    for (size_t i = 0; i < LENGTH(types); i++) {
        struct trip t = {0};
        char header[160];

        snprintf(header, sizeof(header),
                 "Content-Disposition: form-data; name=\"image\"; "
                 "filename=\"a\"\r\nContent-Type: %s",
                 types[i]);
        picture_part(&t, header, A_JPEG);
        expect_findings(&t, 0);
    }
}

Test(findings, declared_type_that_is_no_media_type_differs)
{
    struct trip t = {0};

    picture_part(&t,
                 "Content-Disposition: form-data; name=\"image\"; "
                 "filename=\"a\"\r\nContent-Type: text/plain",
                 A_JPEG);
    expect_findings(&t, BIT(FILE_TYPE_DIFFERS));
}

Test(findings, bytes_of_no_known_type_differ_from_a_type_that_we_know)
{
    struct trip t = {0};

    picture_part(&t,
                 "Content-Disposition: form-data; name=\"image\"; "
                 "filename=\"a\"\r\nContent-Type: image/jpeg",
                 "not a photo");
    expect_findings(&t, BIT(FILE_TYPE_DIFFERS));
    memset(&t, 0, sizeof(t));
    picture_part(&t,
                 "Content-Disposition: form-data; name=\"image\"; "
                 "filename=\"a\"\r\nContent-Type: image/heic",
                 "not a photo");
    expect_findings(&t, 0);
}

Test(findings, image_within_the_limit_may_be_turned)
{
    struct trip t = {0};

    png(&t, 1280, 720);
    expect_findings(&t, 0);
    memset(&t, 0, sizeof(t));
    png(&t, 720, 1280);
    expect_findings(&t, 0);
    memset(&t, 0, sizeof(t));
    png(&t, 721, 721);
    expect_findings(&t, BIT(IMAGE_LARGE));
    memset(&t, 0, sizeof(t));
    png(&t, 720, 1281);
    expect_findings(&t, BIT(IMAGE_LARGE));
}

/* the signature */

Test(findings, signature_for_just_three_months_is_none)
{
    struct trip t = {0};

    four(&t, NULL, NULL);
    sign(&t, "test", SUPPORT_NOW + SIGNATURE_MAX_VALIDITY_S, SUPPORT_NOW, NULL);
    expect_findings(&t, 0);
}

Test(findings, signature_may_be_both_malformed_and_valid_for_too_long)
{
    struct trip t = {0};

    missign(&t, "a=1000001&b=test&k=AKIDdemo1000001"
                "&e=1600000000&t=1500000000&a=1000001");
    expect_findings(&t, BIT(SIGNATURE_MALFORMED) | BIT(SIGNATURE_VALIDITY));
}

Test(findings, time_that_is_no_number_makes_no_validity)
{
    struct trip t = {0};

    missign(&t, "a=1000001&b=test&k=AKIDdemo1000001&e=1500003600&t=now");
    expect_findings(&t, BIT(SIGNATURE_MALFORMED));
}

Test(findings, skew_of_five_minutes_either_way_is_none)
{
    struct trip t = {0};

    four(&t, NULL, NULL);
    sign(&t, "test", SUPPORT_NOW + 3600, SUPPORT_NOW + 300, NULL);
    expect_findings(&t, 0);
    memset(&t, 0, sizeof(t));
    four(&t, NULL, NULL);
    sign(&t, "test", 0, SUPPORT_NOW - 300, NULL);
    expect_findings(&t, 0);
}

Test(findings, single_use_signature_made_long_ago_is_a_skew)
{
    struct trip t = {0};

    four(&t, NULL, NULL);
    sign(&t, "test", 0, SUPPORT_NOW - 301, NULL);
    expect_findings(&t, BIT(CLOCK_SKEW));
}

Test(findings, signature_for_many_uses_may_be_old)
{
    struct trip t = {0};

    four(&t, NULL, NULL);
    sign(&t, "test", SUPPORT_NOW + 3600, SUPPORT_NOW - 86400, NULL);
    expect_findings(&t, 0);
}

Test(findings, appid_that_was_not_signed_is_a_mismatch)
{
    struct trip t = {0};

    four(&t, "appid", "1000002");
    expect_findings(&t, BIT(SIGNATURE_MISMATCH));
}

Test(findings, account_with_buckets_must_sign_one)
{
    struct trip t = {0};

    json(&t, right_json);
    call_sign(&t.call, &world, "1000001", NULL);
    expect_findings(&t, BIT(SIGNATURE_MISMATCH));
}

Test(findings, single_use_is_right_on_livedetectfour)
{
    struct trip t = {0};

    four(&t, NULL, NULL);
    sign(&t, "test", 0, SUPPORT_NOW, NULL);
    expect_findings(&t, 0);
}

Test(findings, arrears_are_none)
{
    struct trip t = {0};

    four(&t, "appid", "1000003");
    call_sign(&t.call, &world, "1000003", "test");
    expect_findings(&t, 0);
}

/* rows and notes */

Test(findings, ids_are_found_and_no_two_are_alike)
{
    for (int i = 0; i < FINDING__COUNT; i++)
        cr_expect_eq((int)finding_find(finding_info((enum finding)i)->id), i);
    cr_expect_eq(finding_find("no.such"), FINDING__COUNT);
}

Test(findings, references_name_a_document_and_a_section)
{
    for (int i = 0; i < FINDING__COUNT; i++) {
        const char *reference = finding_info((enum finding)i)->reference;

        cr_expect((!strncmp(reference, "docs/contract.md section", 24) ||
                   !strncmp(reference, "RFC ", 4)) &&
                      strstr(reference, "section"),
                  "%s", reference);
    }
}

Test(findings, levels_have_names)
{
    cr_expect_str_eq(finding_level_name(LEVEL_MUST), "must");
    cr_expect_str_eq(finding_level_name(LEVEL_SHOULD), "should");
    cr_expect_str_eq(finding_level_name(LEVEL_INFO), "info");
}

Test(findings, second_of_a_kind_is_dropped)
{
    struct exchange *x = exchange_new();

    findings_add(x, FINDING_FILE_GIF, "%s", "first");
    findings_add(x, FINDING_FILE_GIF, "%s", "second");
    expect_set(x, BIT(FILE_GIF));
    cr_expect_str_eq(seen(x, FINDING_FILE_GIF), "first");
    cr_expect(x->findings->next == NULL);
    exchange_free(x);
}

Test(findings, newest_comes_first)
{
    struct exchange *x = exchange_new();

    findings_add(x, FINDING_FILE_GIF, "a");
    findings_add(x, FINDING_FIELD_TYPE, "b");
    cr_expect_eq(x->findings->finding, FINDING_FIELD_TYPE);
    cr_expect_eq(x->findings->next->finding, FINDING_FILE_GIF);
    exchange_free(x);
}

Test(findings, seen_is_cut_and_holds_no_control_bytes)
{
    struct exchange *x = exchange_new();
    char text[1000];

    memset(text, 'x', sizeof(text) - 1);
    text[sizeof(text) - 1] = '\0';
    findings_add(x, FINDING_FILE_GIF, "a\nb\x01\xff%s", text);
    cr_expect_eq(strncmp(seen(x, FINDING_FILE_GIF), "a\\nb??xxx", 9), 0);
    cr_expect_eq(strlen(seen(x, FINDING_FILE_GIF)), (size_t)FINDING_MAX_SEEN);
    cr_expect_str_eq(seen(x, FINDING_FILE_GIF) + FINDING_MAX_SEEN - 3, "...");
    exchange_free(x);
}
