/*
 * The whole pipeline: the input is a request as it travels: request line,
 * header lines, a blank line, body. Two header values mean something here:
 *
 *     Authorization: @N         a valid signature of the N-th demo account
 *     X-Fuzz-Settings: NUMBER   settings of the server, bits of set_up()
 *
 * With the body whole and in pieces the reply must be the same, and must be
 * JSON unless a fault broke it.
 */
#include <stdlib.h>
#include <string.h>
#include <cjson/cJSON.h>
#include "fuzz_support.h"
#include "pipeline.h"
#include "text.h"

enum { MAX_FIELDS = 16, TINY_MAX_BODY = 200 /* bytes */ };

enum setting_bits {
    SET_MAPPED_STATUS = 1 << 0,
    SET_CHINESE = 1 << 1,
    SET_NO_TRIGGERS = 1 << 2,
    SET_FAULT = 1 << 3,
    SET_TINY_MAX_BODY = 1 << 4,
    SET_URL_ROOT = 1 << 5,
};

/* A request taken apart; every string is a heap block of its own. */
struct message {
    char *method;
    char *target;
    char *fields[MAX_FIELDS]; /* values, in the order of their lines */
    size_t n_fields;
    struct request head; /* borrows from the above */
    uint64_t settings;
    struct fuzz_input body;
};

struct server_double {
    struct settings settings;
    struct clock clock;
    struct ids ids;
    struct log log;
    struct pipeline pipeline;
};

/* The same for each run, so that an input replays alike. */
static void set_up(struct server_double *s, uint64_t bits)
{
    static struct signature_uses *uses;

    if (!uses)
        uses = signature_uses_new(16);
    FUZZ_CHECK(uses);
    signature_uses_reset(uses);
    accounts_reset(fuzz_accounts());
    memset(s, 0, sizeof(*s));
    settings_init(&s->settings);
    clock_init(&s->clock);
    clock_freeze(&s->clock, FUZZ_NOW);
    ids_init(&s->ids, 1);
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
    s->log.level = LOG_ERROR;
    s->pipeline = (struct pipeline){
        .settings = &s->settings,
        .accounts = fuzz_accounts(),
        .uses = uses,
        .clock = &s->clock,
        .ids = &s->ids,
        .log = &s->log,
    };
}

/* The signature that "@N" stands for. The caller frees it. */
static char *sign(const char *number)
{
    const struct accounts *accounts = fuzz_accounts();
    size_t n = (unsigned char)number[0] % accounts_count(accounts);
    const struct account *account = accounts_at(accounts, n);
    struct signature_request request = {
        .key = account->keys[0],
        .bucket = account->n_buckets ? account->buckets[0] : NULL,
        .expires = FUZZ_NOW + 60,
        .now = FUZZ_NOW,
        .rand = 1,
    };
    char *value = signature_make(&request);

    FUZZ_CHECK(value);
    return value;
}

static char *expand(char *value)
{
    char *signature;

    if (value[0] != '@')
        return value;
    signature = sign(value + 1);
    free(value);
    return signature;
}

static void note_field(struct message *m, struct fuzz_input name, char *value)
{
    struct request *r = &m->head;
    uint64_t n;

    if (text_equal_nocase(name.ptr, name.len, "authorization"))
        r->authorization = value;
    else if (text_equal_nocase(name.ptr, name.len, "content-type"))
        r->content_type = value;
    else if (text_equal_nocase(name.ptr, name.len, "x-mock-fault"))
        r->fault = value;
    else if (text_equal_nocase(name.ptr, name.len, "host"))
        r->host = value;
    else if (text_equal_nocase(name.ptr, name.len, "expect"))
        r->expects_continue = !strcmp(value, "100-continue");
    else if (text_equal_nocase(name.ptr, name.len, "content-length") &&
             text_parse_u64(value, strlen(value), INT64_MAX, &n) == 0)
        r->content_length = (int64_t)n;
    else if (text_equal_nocase(name.ptr, name.len, "x-fuzz-settings"))
        text_parse_u64(value, strlen(value), UINT64_MAX, &m->settings);
}

static void take_field(struct message *m, struct fuzz_input line)
{
    const char *colon = memchr(line.ptr, ':', line.len);
    struct fuzz_input name = line;
    char *value;

    if (!colon) {
        m->head.malformed = "a header line without a colon";
        return;
    }
    name.len = (size_t)(colon - line.ptr);
    line.len -= name.len + 1;
    line.ptr = colon + 1;
    text_trim(&line.ptr, &line.len);
    value = expand(fuzz_string(line));
    m->fields[m->n_fields++] = value;
    note_field(m, name, value);
}

/* "METHOD TARGET", and whatever follows on the line. */
static void take_request_line(struct message *m, struct fuzz_input line)
{
    const char *blank = line.len ? memchr(line.ptr, ' ', line.len) : NULL;
    struct fuzz_input word = line;

    word.len = blank ? (size_t)(blank - line.ptr) : line.len;
    m->method = fuzz_string(word);
    word.ptr += word.len;
    word.len = line.len - word.len;
    text_trim(&word.ptr, &word.len);
    blank = word.len ? memchr(word.ptr, ' ', word.len) : NULL;
    if (blank)
        word.len = (size_t)(blank - word.ptr);
    m->target = fuzz_string(word);
}

static void message_init(struct message *m, struct fuzz_input in)
{
    struct fuzz_input line;

    memset(m, 0, sizeof(*m));
    m->head.content_length = -1;
    take_request_line(m, fuzz_take_line(&in));
    while (in.len > 0 && m->n_fields < MAX_FIELDS) {
        line = fuzz_take_line(&in);
        if (line.len == 0)
            break;
        take_field(m, line);
    }
    m->head.method = m->method;
    m->head.target = m->target;
    m->body = in;
}

static void message_release(struct message *m)
{
    free(m->method);
    free(m->target);
    for (size_t i = 0; i < m->n_fields; i++)
        free(m->fields[i]);
}

/* As server.c has it, for a target in origin form. */
static void decode_path(struct exchange *x)
{
    size_t len = strcspn(x->request.target, "?#");
    char *path = arena_alloc(&x->arena, len + 1);
    size_t n;

    FUZZ_CHECK(path);
    n = text_percent_decode(x->request.target, len, path);
    if (n == (size_t)-1)
        return;
    path[n] = '\0';
    x->request.path = path;
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

static struct exchange *run(const struct message *m, bool in_pieces)
{
    struct server_double s;
    struct exchange *x;

    set_up(&s, m->settings);
    x = pipeline_open(&s.pipeline);
    FUZZ_CHECK(x);
    x->request = m->head;
    decode_path(x);
    pipeline_head(&s.pipeline, x);
    if (in_pieces)
        feed_pieces(&s.pipeline, x, m->body);
    else if (m->body.len > 0)
        pipeline_body(&s.pipeline, x, m->body.ptr, m->body.len);
    FUZZ_CHECK(pipeline_finish(&s.pipeline, x) == 0);
    return x;
}

static void check_reply(const struct exchange *x)
{
    const struct strbuf *body = &x->reply.body;
    const char *end = NULL;
    cJSON *json;

    FUZZ_CHECK(x->reply.http_status >= 200 && x->reply.http_status <= 599);
    FUZZ_CHECK(x->reply.content_type);
    if (x->decision.transport != TRANSPORT_NONE)
        return;
    FUZZ_CHECK(text_is_utf8(body->buf, body->len));
    json = cJSON_ParseWithLengthOpts(body->buf, body->len, &end, false);
    FUZZ_CHECK(json && end == body->buf + body->len);
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
    struct exchange *whole, *pieces;
    struct message m;

    message_init(&m, (struct fuzz_input){data ? (const char *)data : "", len});
    whole = run(&m, false);
    pieces = run(&m, true);
    check_reply(whole);
    check_reply(pieces);
    compare(whole, pieces);
    exchange_free(whole);
    exchange_free(pieces);
    message_release(&m);
    return 0;
}
