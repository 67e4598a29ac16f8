/*
 * The whole pipeline: the input is a request as it travels: request line,
 * header lines, a blank line, body. Two header values mean something here:
 *
 *     Authorization: @N         a valid signature of the N-th demo account
 *     X-Fuzz-Settings: NUMBER   settings of the server, bits of set_up()
 *
 * With the body whole and in pieces the reply and what is recorded must be the
 * same. The reply must be JSON unless a fault broke it; what is recorded must
 * be, and hold no secret.
 */
#include <stdlib.h>
#include <string.h>
#include <cjson/cJSON.h>
#include "fuzz_server.h"
#include "text.h"

enum { TINY_MAX_BODY = 200 /* bytes */ };

enum setting_bits {
    SET_MAPPED_STATUS = 1 << 0,
    SET_CHINESE = 1 << 1,
    SET_NO_TRIGGERS = 1 << 2,
    SET_FAULT = 1 << 3,
    SET_TINY_MAX_BODY = 1 << 4,
    SET_URL_ROOT = 1 << 5,
    SET_CUT_SHORT = 1 << 6,
    SET_RULES = 1 << 7,
};

/* For SET_RULES: one of each phase, and some that must pass. */
static const char rules[] =
    "{\"faults\":["
    "{\"match\":{\"seq\":\"early\"},\"fault\":\"reset_during_upload\"},"
    "{\"match\":{\"appid\":\"1000002\"},\"fault\":\"reset_during_upload\"},"
    "{\"match\":{\"endpoint\":\"livedetectpicture\",\"seq\":\"7\"},"
    "\"fault\":\"-5805,http=500\",\"probability\":0.5},"
    "{\"match\":{\"secret_id\":\"AKIDdemo1000001\"},\"fault\":\"html_502\","
    "\"after\":1},"
    "{\"match\":{\"endpoint\":\"livegetfour\"},\"fault\":\"15\"}]}";

struct message {
    struct fuzz_head head;
    struct fuzz_input body;
    struct fuzz_input all;
};

/* What became of a message. */
struct outcome {
    struct exchange *x;
    cJSON *entry; /* of the journal */
};

/* The same for each run, so that an input replays alike. */
static void set_up(struct fuzz_server *s, uint64_t bits)
{
    char *why = NULL;

    fuzz_server_init(s);
    s->settings.mapped_status = bits & SET_MAPPED_STATUS;
    s->settings.language = bits & SET_CHINESE ? LANGUAGE_ZH : LANGUAGE_EN;
    s->settings.request_triggers = !(bits & SET_NO_TRIGGERS);
    if (bits & SET_FAULT) {
        s->settings.has_fault = true;
        s->settings.fault = (struct fault){.has_code = true, .code = -5007};
    }
    if (bits & SET_TINY_MAX_BODY)
        s->settings.max_body = TINY_MAX_BODY;
    if (bits & SET_URL_ROOT)
        s->settings.url_root = "fixtures";
    if (bits & SET_RULES)
        FUZZ_CHECK(fault_rules_parse(s->pipeline.rules, rules, strlen(rules),
                                     "rules", &why) == 0);
}

static void feed_pieces(const struct pipeline *p, struct exchange *x,
                        struct fuzz_input body)
{
    struct fuzz_splits splits;
    char *piece;
    size_t len;

    fuzz_splits_init(&splits, body);
    while ((piece = fuzz_splits_next(&splits, &len))) {
        pipeline_body(p, x, piece, len);
        free(piece);
    }
}

/* what is recorded */

static cJSON *parse_json(const struct strbuf *text)
{
    const char *end = NULL;
    cJSON *json;

    FUZZ_CHECK(!text->failed && text_is_utf8(text->buf, text->len));
    json = cJSON_ParseWithLengthOpts(text->buf, text->len, &end, false);
    FUZZ_CHECK(json && end == text->buf + text->len);
    return json;
}

static bool is_secret(const struct field *f)
{
    const char *name = f->name;
    size_t len = f->name_len;

    text_trim(&name, &len);
    return text_equal_nocase(name, len, "Cookie") ||
           text_equal_nocase(name, len, "Proxy-Authorization") ||
           (text_equal_nocase(name, len, "Authorization") &&
            f->value_len >= 7 && text_equal_nocase(f->value, 7, "Bearer "));
}

/* The entry may lack the last fields, and those sent to somebody else. */
static void check_masked(const struct exchange *x, const cJSON *entry)
{
    const cJSON *headers = cJSON_GetObjectItem(entry, "headers");
    const struct field *f = x->request.fields;
    const cJSON *header;

    FUZZ_CHECK(cJSON_IsArray(headers));
    cJSON_ArrayForEach(header, headers)
    {
        const char *value =
            cJSON_GetStringValue(cJSON_GetObjectItem(header, "value"));

        FUZZ_CHECK(f && value && !x->elsewhere);
        FUZZ_CHECK(!is_secret(f) || !strcmp(value, "(masked)"));
        f = f->next;
    }
}

/* The only entry there is, but for what a clock told. */
static cJSON *take_entry(struct fuzz_server *s, const struct exchange *x,
                         const struct message *m)
{
    struct strbuf text;
    cJSON *entry;

    strbuf_init(&text, 1024 * 1024);
    FUZZ_CHECK(x->id == 1);
    FUZZ_CHECK(journal_render_one(s->pipeline.journal, 1, &text) == 0);
    fuzz_check_secrets(&text, m->all);
    entry = parse_json(&text);
    check_masked(x, entry);
    cJSON_DeleteItemFromObject(entry, "duration_ms");
    strbuf_release(&text);
    return entry;
}

/* In one of its formats, since each costs as much as all the rest. */
static void check_verdict(struct fuzz_server *s, const struct message *m)
{
    static const enum verdict_format formats[] = {VERDICT_JSON, VERDICT_TEXT,
                                                  VERDICT_JUNIT};
    enum verdict_format format = formats[m->all.len % 3];
    struct strbuf text;

    strbuf_init(&text, 1024 * 1024);
    FUZZ_CHECK(verdict_render(s->pipeline.verdict, NULL, format, &text) == 0);
    if (format == VERDICT_JSON)
        cJSON_Delete(parse_json(&text));
    else
        FUZZ_CHECK(text_is_utf8(text.buf, text.len));
    strbuf_release(&text);
}

/* running */

static struct outcome run(const struct message *m, bool in_pieces)
{
    struct fuzz_server s;
    struct outcome o;

    set_up(&s, m->head.settings);
    o.x = pipeline_open(&s.pipeline);
    FUZZ_CHECK(o.x);
    fuzz_head_apply(&m->head, o.x);
    pipeline_head(&s.pipeline, o.x);
    if (in_pieces)
        feed_pieces(&s.pipeline, o.x, m->body);
    else if (m->body.len > 0)
        pipeline_body(&s.pipeline, o.x, m->body.ptr, m->body.len);
    if (m->head.settings & SET_CUT_SHORT)
        pipeline_abandon(&s.pipeline, o.x);
    else
        FUZZ_CHECK(pipeline_finish(&s.pipeline, o.x) == 0);
    o.entry = take_entry(&s, o.x, m);
    if (!in_pieces)
        check_verdict(&s, m);
    fuzz_server_release(&s);
    return o;
}

static void outcome_release(struct outcome *o)
{
    exchange_free(o->x);
    cJSON_Delete(o->entry);
}

static void check_reply(const struct exchange *x)
{
    cJSON *json;

    FUZZ_CHECK(x->reply.http_status >= 200 && x->reply.http_status <= 599);
    FUZZ_CHECK(x->reply.content_type);
    if (x->decision.transport != TRANSPORT_NONE)
        return;
    json = parse_json(&x->reply.body);
    FUZZ_CHECK(cJSON_IsNumber(cJSON_GetObjectItem(json, "code")));
    FUZZ_CHECK(cJSON_IsString(cJSON_GetObjectItem(json, "message")));
    cJSON_Delete(json);
}

static void compare(const struct exchange *a, const struct exchange *b)
{
    FUZZ_CHECK(a->failed == b->failed);
    FUZZ_CHECK(a->fault_source == b->fault_source);
    FUZZ_CHECK(a->decision.transport == b->decision.transport);
    FUZZ_CHECK(a->decision.delay_ms == b->decision.delay_ms);
    FUZZ_CHECK(a->reply.http_status == b->reply.http_status);
    FUZZ_CHECK(a->reply.body.len == b->reply.body.len);
    FUZZ_CHECK(
        !memcmp(a->reply.body.buf, b->reply.body.buf, a->reply.body.len));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    struct message m = {.all = {data ? (const char *)data : "", len}};
    struct outcome whole, pieces;

    m.body = m.all;
    fuzz_head_take(&m.head, &m.body, "HTTP/1.1");
    whole = run(&m, false);
    pieces = run(&m, true);
    if (!(m.head.settings & SET_CUT_SHORT)) {
        check_reply(whole.x);
        check_reply(pieces.x);
    }
    compare(whole.x, pieces.x);
    FUZZ_CHECK(cJSON_Compare(whole.entry, pieces.entry, true));
    outcome_release(&whole);
    outcome_release(&pieces);
    fuzz_head_release(&m.head);
    return 0;
}
