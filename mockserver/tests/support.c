#include "support.h"

#include <stdlib.h>
#include <string.h>
#include <criterion/criterion.h>
#include "base64.h"

void world_init(struct world *w)
{
    memset(w, 0, sizeof(*w));
    settings_init(&w->settings);
    w->log.level = LOG_ERROR;
    clock_init(&w->clock);
    clock_freeze(&w->clock, SUPPORT_NOW);
    ids_init(&w->ids, 1);
    w->accounts = accounts_demo();
    w->uses = signature_uses_new(64);
    cr_assert(w->uses != NULL);
    w->pipeline = (struct pipeline){
        .settings = &w->settings,
        .accounts = w->accounts,
        .uses = w->uses,
        .clock = &w->clock,
        .ids = &w->ids,
        .log = &w->log,
    };
}

void world_release(struct world *w)
{
    signature_uses_free(w->uses);
    accounts_free(w->accounts);
}

void world_use_accounts(struct world *w, const char *json)
{
    char *why = NULL;

    accounts_free(w->accounts);
    w->accounts = accounts_parse(json, strlen(json), "support", &why);
    cr_assert(w->accounts != NULL, "accounts were refused: %s", why);
    w->pipeline.accounts = w->accounts;
}

void world_rewind(struct world *w)
{
    ids_init(&w->ids, w->ids.seed);
    signature_uses_reset(w->uses);
    accounts_reset(w->accounts);
}

char *world_sign(const struct world *w, const char *appid, const char *bucket)
{
    const struct account *account =
        accounts_find(w->accounts, appid, strlen(appid));
    struct signature_request request = {
        .bucket = bucket,
        .expires = SUPPORT_NOW + 3600,
        .now = SUPPORT_NOW,
        .rand = 1,
    };
    char *value;

    cr_assert(account != NULL, "no account %s", appid);
    request.key = account->keys[0];
    value = signature_make(&request);
    account_put(account);
    cr_assert(value != NULL);
    return value;
}

char *support_missigned(const char *text)
{
    size_t len = ACCOUNTS_MAC_LEN + strlen(text);
    char *bytes = calloc(1, len + 1);
    char *value = malloc(BASE64_ENCODED_LEN(len) + 1);

    cr_assert(bytes != NULL && value != NULL);
    memcpy(bytes + ACCOUNTS_MAC_LEN, text, strlen(text));
    base64_encode(bytes, len, value);
    free(bytes);
    return value;
}

static void call_init(struct call *c, const char *path, const char *type)
{
    memset(c, 0, sizeof(*c));
    strbuf_init(&c->body, 64 * 1024 * 1024);
    c->request.method = "POST";
    c->request.target = path;
    c->request.path = path;
    c->request.host = "service.image.myqcloud.com";
    c->request.content_type = type;
    c->request.content_length = -1;
    c->request.client = "127.0.0.1:1";
}

void call_release(struct call *c)
{
    strbuf_release(&c->body);
    free(c->signature);
}

void call_sign(struct call *c, const struct world *w, const char *appid,
               const char *bucket)
{
    free(c->signature);
    c->signature = world_sign(w, appid, bucket);
    c->request.authorization = c->signature;
}

void form_field(struct strbuf *body, const char *name, const char *value)
{
    strbuf_addf(body,
                "--B\r\nContent-Disposition: form-data; name=\"%s\"\r\n"
                "\r\n%s\r\n",
                name, value);
}

void form_file(struct strbuf *body, const char *name, const void *data,
               size_t len)
{
    strbuf_addf(body,
                "--B\r\nContent-Disposition: form-data; name=\"%s\"; "
                "filename=\"f\"\r\nContent-Type: application/octet-stream"
                "\r\n\r\n",
                name);
    strbuf_add(body, data, len);
    strbuf_addstr(body, "\r\n");
}

void form_end(struct strbuf *body)
{
    strbuf_addstr(body, "--B--\r\n");
    cr_assert_not(body->failed);
}

static const struct change *find_change(const struct change *changes,
                                        const char *name)
{
    for (; changes && changes->name; changes++) {
        if (!strcmp(changes->name, name))
            return changes;
    }
    return NULL;
}

static void add_field(struct strbuf *body, const struct change *field)
{
    enum param_id id = param_find(field->name, strlen(field->name));

    if (!field->value)
        return;
    if (id < PARAM__COUNT && param_is_file(id))
        form_file(body, field->name, field->value, strlen(field->value));
    else
        form_field(body, field->name, field->value);
}

static const struct change right_four[] = {
    {"appid", "1000001"},
    {"bucket", "test"},
    {"validate_data", "9532"},
    {"compare_flag", "true"},
    {"card", A_JPEG},
    {"video", A_VIDEO},
    {NULL, NULL},
};

void call_four(struct call *c, const struct world *w,
               const struct change *changes)
{
    call_init(c, FOUR, FORM_TYPE);
    call_sign(c, w, "1000001", "test");
    for (const struct change *f = right_four; f->name; f++) {
        const struct change *change = find_change(changes, f->name);

        add_field(&c->body, change ? change : f);
    }
    for (const struct change *f = changes; f && f->name; f++) {
        if (!find_change(right_four, f->name))
            add_field(&c->body, f);
    }
    form_end(&c->body);
}

void call_form(struct call *c, const struct world *w, const char *path,
               const struct change *fields)
{
    call_init(c, path, FORM_TYPE);
    call_sign(c, w, "1000001", "test");
    for (; fields->name; fields++)
        add_field(&c->body, fields);
    form_end(&c->body);
}

void call_json(struct call *c, const struct world *w, const char *path,
               const char *json)
{
    call_init(c, path, JSON_TYPE);
    call_sign(c, w, "1000001", "test");
    strbuf_addstr(&c->body, json);
}

/* A small generator, so that a failure can be run again. */
static size_t random_len(uint64_t *state, size_t max)
{
    *state = *state * 6364136223846793005U + 1442695040888963407U;
    return 1 + (size_t)(*state >> 33) % max;
}

static void feed(const struct world *w, struct exchange *x,
                 const struct strbuf *body, unsigned cut)
{
    uint64_t state = cut;
    size_t at = 0;

    while (at < body->len) {
        size_t n = body->len - at;

        if (cut == BYTES)
            n = 1;
        else if (cut != WHOLE)
            n = random_len(&state, n < 200 ? n : 200);
        pipeline_body(&w->pipeline, x, body->buf + at, n);
        at += n;
    }
}

struct exchange *call_run(const struct world *w, const struct call *c,
                          unsigned cut)
{
    struct exchange *x = pipeline_open(&w->pipeline);

    cr_assert(x != NULL);
    x->request = c->request;
    pipeline_head(&w->pipeline, x);
    feed(w, x, &c->body, cut);
    cr_assert_eq(pipeline_finish(&w->pipeline, x), 0);
    return x;
}

cJSON *reply_json(const struct exchange *x)
{
    const struct strbuf *body = &x->reply.body;
    const char *end = NULL;
    cJSON *json = cJSON_ParseWithLengthOpts(body->buf, body->len, &end, false);

    cr_assert(
        json != NULL && end == body->buf + body->len && cJSON_IsObject(json),
        "#%d: the reply is not one JSON object: %s", (int)x->id, body->buf);
    return json;
}

int reply_number(const struct exchange *x, const char *name)
{
    cJSON *json = reply_json(x);
    const cJSON *item = cJSON_GetObjectItemCaseSensitive(json, name);
    int number = NO_NUMBER;

    if (!item)
        item = cJSON_GetObjectItemCaseSensitive(
            cJSON_GetObjectItemCaseSensitive(json, "data"), name);
    if (cJSON_IsNumber(item))
        number = item->valueint;
    cJSON_Delete(json);
    return number;
}

void expect_bare_code(const struct exchange *x, int code, const char *what)
{
    struct strbuf expected;
    const char *message = error_message(code, LANGUAGE_EN);

    strbuf_init(&expected, 1024);
    strbuf_addf(&expected, "{\"code\":%d,\"message\":\"%s\"}", code, message);
    cr_expect_str_eq(x->reply.body.buf, expected.buf,
                     "%s:\n  answered %s\n  expected %s\n  since %s", what,
                     x->reply.body.buf, expected.buf, x->why ? x->why : "-");
    strbuf_release(&expected);
}

void expect_json(const struct world *w, const char *path, const char *json,
                 int code)
{
    struct call c;
    struct exchange *x;

    call_json(&c, w, path, json);
    x = call_run(w, &c, WHOLE);
    if (code != 0)
        expect_bare_code(x, code, json);
    else
        cr_expect_eq(reply_number(x, "code"), 0, "%s answered %s since %s",
                     json, x->reply.body.buf, x->why ? x->why : "-");
    exchange_free(x);
    call_release(&c);
}
