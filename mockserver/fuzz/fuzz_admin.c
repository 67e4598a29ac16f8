/*
 * admin: the input is a run of calls of the admin API, each a request as for
 * `pipeline`, with a line `===` between them; X-Fuzz-Settings: 1 asks for the
 * token of `token` below. Three exchanges are recorded before. Each reply must
 * be what its type says, and hold no secret that the caller did not send
 * elsewhere too; afterwards a reset must leave nothing.
 */
#include <stdlib.h>
#include <string.h>
#include <cjson/cJSON.h>
#include "fuzz_server.h"
#include "request.h"
#include "text.h"

enum { MAX_CALLS = 8, LEAST_SECRET = 8 /* bytes worth looking for */ };

static const char token[] = "the-token-of-this-server";

/* a past to ask for */

static void record_some(struct fuzz_server *s)
{
    fuzz_server_record(
        s, "POST /face/livegetfour\nHost: localhost\nAuthorization: @0\n"
           "Content-Type: application/json\n\n{\"appid\":\"1000001\"}");
    fuzz_server_record(s, "POST /face/livedetectpicture\nHost: localhost\n\n?");
    fuzz_server_record(s, "GET /\nHost: localhost\nCookie: a=b\n\n");
}

/* replies */

static size_t count_of(struct fuzz_input in, const char *text)
{
    size_t n = 0, len = strlen(text);
    const char *found;

    while (in.len > 0 && (found = memmem(in.ptr, in.len, text, len))) {
        n++;
        in.len -= (size_t)(found + len - in.ptr);
        in.ptr = found + len;
    }
    return n;
}

/* Of an account that a call adds: a key that is not also its name. */
static void check_added_secrets(const struct admin_request *request,
                                const struct admin_reply *reply,
                                struct fuzz_input all)
{
    cJSON *json = cJSON_ParseWithLength(request->body, request->body_len);
    const cJSON *key;

    cJSON_ArrayForEach(key, cJSON_GetObjectItem(json, "keys"))
    {
        const char *secret =
            cJSON_GetStringValue(cJSON_GetObjectItem(key, "secret_key"));

        if (secret && strlen(secret) >= LEAST_SECRET &&
            count_of(all, secret) == 1)
            FUZZ_CHECK(!strstr(reply->body.buf, secret));
    }
    cJSON_Delete(json);
}

static void check_json(const struct admin_reply *reply)
{
    const struct strbuf *body = &reply->body;
    const char *end = NULL;
    cJSON *json = cJSON_ParseWithLengthOpts(body->buf, body->len, &end, false);
    const char *error;

    FUZZ_CHECK(cJSON_IsObject(json));
    end += strspn(end, "\n");
    FUZZ_CHECK(end == body->buf + body->len);
    error = cJSON_GetStringValue(cJSON_GetObjectItem(json, "error"));
    FUZZ_CHECK((reply->status >= 400) == (error != NULL));
    FUZZ_CHECK(!error || (*error && !strchr(error, '\n')));
    cJSON_Delete(json);
}

static void check_reply(const struct admin_request *request,
                        const struct admin_reply *reply, struct fuzz_input all)
{
    const struct strbuf *body = &reply->body;

    switch (reply->status) {
    case 200:
    case 201:
    case 400:
    case 403:
    case 404:
        FUZZ_CHECK(!reply->allow && !reply->challenge);
        break;
    case 401:
        FUZZ_CHECK(reply->challenge);
        break;
    case 405:
        FUZZ_CHECK(reply->allow && *reply->allow);
        break;
    default:
        FUZZ_CHECK(!"a status that the API does not have");
    }
    FUZZ_CHECK(strlen(body->buf) == body->len);
    FUZZ_CHECK(text_is_utf8(body->buf, body->len));
    if (!strcmp(reply->content_type, "application/json"))
        check_json(reply);
    else
        FUZZ_CHECK(reply->status == 200);
    fuzz_check_secrets(body, all);
    FUZZ_CHECK(!strstr(body->buf, token) || count_of(all, token) > 0);
    check_added_secrets(request, reply, all);
}

/* calls */

/* As server.c has it. */
static struct admin_request request_of(const struct exchange *x,
                                       struct fuzz_input body)
{
    const struct request *r = &x->request;

    return (struct admin_request){
        .method = r->method,
        .path = r->path,
        .query = request_query(r),
        .is_http_1_0 = !strcmp(r->version, "HTTP/1.0"),
        .by_proxy = r->authority != NULL,
        .host = r->host,
        .origin = r->origin,
        .authorization = r->authorization,
        .body = body.ptr,
        .body_len = body.len,
        .may_wait = true,
    };
}

static void answer(struct fuzz_server *s, struct admin_request *request,
                   struct fuzz_input all)
{
    struct admin_reply reply;

    admin_reply_init(&reply);
    admin_handle(&s->admin, request, &reply);
    if (reply.must_wait) {
        FUZZ_CHECK(reply.wait_ms > 0 && reply.filter.has_since);
        request->may_wait = false;
        admin_handle(&s->admin, request, &reply);
        FUZZ_CHECK(!reply.must_wait && reply.status == 200);
    }
    check_reply(request, &reply, all);
    admin_reply_release(&reply);
}

/* Returns whether it may have changed anything. */
static bool call(struct fuzz_server *s, struct fuzz_input in,
                 struct fuzz_input all)
{
    struct exchange *x = exchange_new();
    struct admin_request request;
    struct fuzz_head head;
    bool is_get;

    FUZZ_CHECK(x);
    /* Which may come without a Host, so that the guard lets most in. */
    fuzz_head_take(&head, &in, "HTTP/1.0");
    fuzz_head_apply(&head, x);
    s->admin.token = head.settings & 1 ? token : NULL;
    request = request_of(x, in);
    if (!x->request.malformed && request.path &&
        !strncmp(request.path, ADMIN_PREFIX, strlen(ADMIN_PREFIX)))
        answer(s, &request, all);
    is_get = !strcmp(head.method, "GET");
    fuzz_head_release(&head);
    exchange_free(x);
    return !is_get;
}

/* Takes what precedes the next line `===`. */
static struct fuzz_input take_call(struct fuzz_input *in)
{
    struct fuzz_input taken = *in;
    const char *mark = in->len ? memmem(in->ptr, in->len, "\n===\n", 5) : NULL;

    if (!mark) {
        in->len = 0;
        return taken;
    }
    taken.len = (size_t)(mark - in->ptr);
    in->len -= taken.len + 5;
    in->ptr = mark + 5;
    return taken;
}

static void check_reset(struct fuzz_server *s)
{
    int64_t offset_s;

    admin_reset(&s->admin);
    FUZZ_CHECK(fault_rules_count(s->admin.rules) == 0);
    FUZZ_CHECK(journal_stats(s->admin.journal).entries == 0);
    FUZZ_CHECK(verdict_summary(s->admin.verdict, NULL).n_requests == 0);
    FUZZ_CHECK(clock_mode(&s->clock, &offset_s) == CLOCK_RUNNING);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    static struct fuzz_server s;
    static bool is_fresh;
    struct fuzz_input all = {data ? (const char *)data : "", len};
    struct fuzz_input left = all;

    if (!is_fresh) {
        fuzz_server_init(&s);
        record_some(&s);
    }
    is_fresh = true;
    for (int i = 0; i < MAX_CALLS && left.len > 0; i++)
        is_fresh &= !call(&s, take_call(&left), all);
    if (!is_fresh) {
        check_reset(&s);
        fuzz_server_release(&s);
    }
    return 0;
}
