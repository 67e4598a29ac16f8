#include "alloc_kinds.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FOUR "POST /face/livedetectfour"
#define PICTURE "POST /face/livedetectpicture"
#define GETFOUR "POST /face/livegetfour"
#define ADMIN "/__admin/"
#define APPID "{\"appid\":\"1000001\",\"bucket\":\"test\""

static const struct kind added_account = {
    .line = "POST " ADMIN "accounts",
    .body = "{\"appid\":\"42\",\"buckets\":[\"b\"],\"keys\":[{\"secret_id\":"
            "\"added\",\"secret_key\":\"hush-hush\"}],\"rate_per_second\":9}",
};

static const struct kind added_rule = {
    .line = "POST " ADMIN "faults",
    .body = "{\"match\":{\"endpoint\":\"livegetfour\",\"seq\":\"s\"},"
            "\"fault\":\"15,http=500\",\"times\":1}",
};

static const struct kind some_exchange = {
    .line = FOUR,
    .body_kind = BODY_FORM,
};

#define FAULT(spec)                                                            \
    {                                                                          \
        .name = "fault " spec, .line = GETFOUR,                                \
        .fields = "X-Mock-Fault: " spec "\r\n", .body = APPID "}"              \
    }
#define FAULT_ENDS(spec)                                                       \
    {                                                                          \
        .name = "fault " spec, .status = KIND_ENDS, .line = GETFOUR,           \
        .fields = "X-Mock-Fault: " spec "\r\n", .body = APPID "}"              \
    }
#define FAULT_LEAVES(spec)                                                     \
    {                                                                          \
        .name = "fault " spec, .line = GETFOUR,                                \
        .fields = "X-Mock-Fault: " spec "\r\n", .body = APPID "}",             \
        .flags = KIND_LEAVES                                                   \
    }
#define GET(call, code)                                                        \
    {                                                                          \
        .name = "GET " call, .status = code, .line = "GET " ADMIN call,        \
        .before = &some_exchange                                               \
    }

/* clang-format off */
const struct kind kinds[] = {
    /* First, since they have most by far. */
    {.name = "TLS, new certificates", .line = GETFOUR, .body = APPID "}",
     .flags = KIND_TLS | KIND_NEW_CA},
    {.name = "GET ca.pem", .line = "GET " ADMIN "ca.pem",
     .flags = KIND_NEW_CA},

    {.name = "livegetfour", .line = GETFOUR, .body = APPID "}"},
    {.name = "livedetectpicture by url", .line = PICTURE,
     .body = APPID ",\"url\":\"http://a.example/b.jpg?c\",\"seq\":7}"},
    {.name = "livedetectpicture, Base64", .line = PICTURE,
     .body_kind = BODY_BASE64},
    {.name = "livedetectfour, 100 KiB", .line = FOUR, .body_kind = BODY_FORM},
    {.name = "livedetectfour, GIF", .line = FOUR, .body_kind = BODY_GIF},
    {.name = "livedetectfour, chunked", .line = FOUR, .body_kind = BODY_FORM,
     .flags = KIND_CHUNKED},
    {.name = "livedetectfour, 100-continue", .line = FOUR,
     .body_kind = BODY_FORM, .flags = KIND_EXPECT},
    {.name = "body too large", .line = FOUR, .body_kind = BODY_LARGE},
    {.name = "body too large, chunked", .line = FOUR, .body_kind = BODY_LARGE,
     .flags = KIND_CHUNKED},
    {.name = "body too large, 100-continue", .line = FOUR,
     .body_kind = BODY_LARGE, .flags = KIND_EXPECT},
    {.name = "no signature", .line = FOUR, .body_kind = BODY_FORM,
     .flags = KIND_UNSIGNED},
    {.name = "bad signature", .line = GETFOUR, .body = APPID "}",
     .fields = "Authorization: bm8gc2lnbmF0dXJlIGJ1dCBsb25nZXIgdGhhbiB0d2Vu\r\n",
     .flags = KIND_UNSIGNED},
    {.name = "another appid", .line = GETFOUR, .body = "{\"appid\":\"1000002\"}"},
    {.name = "parameter missing", .line = GETFOUR, .body = "{}"},
    {.name = "malformed JSON", .line = GETFOUR, .body = "{\"appid\":"},
    {.name = "other Content-Type", .line = GETFOUR, .body = "appid=1000001",
     .fields = "Content-Type: text/plain\r\n"},
    {.name = "unknown path", .status = 404, .line = "POST /nothing", .body = "{}"},
    {.name = "wrong method", .status = 405, .line = "GET /face/livegetfour"},
    {.name = "malformed head", .status = 400, .line = GETFOUR, .body = "{}",
     .fields = "Host: another\r\nContent-Length: 2\r\n"},
    {.name = "no HTTP", .status = KIND_ENDS, .line = "nonsense\r\n\r\n", .flags = KIND_RAW},
    {.name = "malformed chunk", .status = 400, .flags = KIND_RAW,
     .line = GETFOUR " HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n"
             "zz\r\n"},

    FAULT("15"),
    FAULT("delay=1"),
    FAULT("no such fault"),
    FAULT_ENDS("reset"),
    FAULT_ENDS("reset_during_upload"),
    FAULT_ENDS("empty_response"),
    FAULT_ENDS("random_then_close"),
    FAULT_ENDS("malformed_chunk"),
    FAULT_ENDS("truncated_body"),
    FAULT("malformed_json"),
    FAULT("empty_body"),
    {.name = "fault html_502", .status = 502, .line = GETFOUR, .body = APPID "}",
     .fields = "X-Mock-Fault: html_502\r\n"},
    FAULT_LEAVES("dribble"),
    FAULT_LEAVES("hang"),
    {.name = "fault by seq", .line = GETFOUR,
     .body = APPID ",\"seq\":\"mock-fault:15\"}"},
    {.name = "fault by url", .line = PICTURE,
     .body = APPID ",\"url\":\"http://h/mock-fault:15;\"}"},
    {.name = "fault by rule", .status = 500, .line = GETFOUR,
     .body = APPID ",\"seq\":\"s\"}",
     .before = &added_rule},

    {.name = "proxy, absolute form", .body = APPID "}",
     .line = "POST http://service.image.myqcloud.com/face/livegetfour"},
    {.name = "proxy, another host", .status = 403, .body = APPID "}",
     .line = "POST http://a.example/face/livegetfour?secret=x"},
    {.name = "CONNECT, refused", .status = 403, .flags = KIND_RAW,
     .line = "CONNECT a.example:443 HTTP/1.1\r\nHost: a.example\r\n\r\n"},
    {.name = "CONNECT, malformed", .status = 400, .flags = KIND_RAW,
     .line = "CONNECT localhost:443 HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n"},
    {.name = "CONNECT, TLS", .line = GETFOUR, .body = APPID "}",
     .flags = KIND_TUNNEL | KIND_TLS},
    {.name = "TLS", .line = FOUR, .body_kind = BODY_FORM, .flags = KIND_TLS},
    {.name = "TLS, malformed_chunk", .status = KIND_ENDS, .line = GETFOUR, .body = APPID "}",
     .fields = "X-Mock-Fault: malformed_chunk\r\n", .flags = KIND_TLS},

    GET("health", 200),
    GET("errors", 200),
    GET("findings", 200),
    GET("requests", 200),
    GET("requests?since=0&limit=1&secret_id=AKIDdemo1000001&endpoint=livedetectfour&code=0", 200),
    GET("requests?limit=0", 400),
    GET("requests?endpoint=other", 400),
    GET("requests?nonsense=1", 400),
    GET("requests?wait_ms=1&since=9", 200),
    GET("requests/1", 200),
    GET("requests/9", 404),
    GET("verdict", 200),
    GET("verdict?format=text", 200),
    GET("verdict?format=junit", 200),
    GET("coverage", 200),
    GET("clock", 200),
    GET("accounts", 200),
    GET("metrics", 200),
    GET("nonsense", 404),
    {.name = "long poll", .line = "GET " ADMIN "requests?wait_ms=60000",
     .flags = KIND_WAITS},
    {.name = "GET faults", .line = "GET " ADMIN "faults",
     .before = &added_rule},
    {.name = "GET faults/1", .line = "GET " ADMIN "faults/1",
     .before = &added_rule},
    {.name = "POST faults", .status = 201, .line = "POST " ADMIN "faults",
     .body = "{\"match\":{\"endpoint\":\"livegetfour\",\"seq\":\"s\"},"
             "\"fault\":\"15,http=500\",\"probability\":0.5}"},
    {.name = "POST faults, refused", .status = 400, .line = "POST " ADMIN "faults",
     .body = "{\"fault\":\"nonsense\"}"},
    {.name = "POST faults, no JSON", .status = 400, .line = "POST " ADMIN "faults",
     .body = "{\"fault\""},
    {.name = "DELETE faults", .line = "DELETE " ADMIN "faults",
     .before = &added_rule},
    {.name = "DELETE faults/1", .line = "DELETE " ADMIN "faults/1",
     .before = &added_rule},
    {.name = "DELETE requests", .line = "DELETE " ADMIN "requests",
     .before = &some_exchange},
    {.name = "PUT clock", .line = "PUT " ADMIN "clock",
     .body = "{\"offset\":1}"},
    {.name = "PUT clock, refused", .status = 400, .line = "PUT " ADMIN "clock",
     .body = "{\"now\":1,\"offset\":1}"},
    {.name = "DELETE clock", .line = "DELETE " ADMIN "clock"},
    {.name = "POST accounts", .status = 201, .line = "POST " ADMIN "accounts",
     .body = "{\"appid\":\"42\",\"buckets\":[\"b\"],\"keys\":[{\"secret_id\":"
             "\"added\",\"secret_key\":\"hush-hush\"}]}"},
    {.name = "POST accounts, refused", .status = 400, .line = "POST " ADMIN "accounts",
     .body = "{\"appid\":\"42\",\"keys\":[{\"secret_id\":\"AKIDdemo1000001\","
             "\"secret_key\":\"hush-hush\"}]}"},
    {.name = "DELETE accounts/42", .line = "DELETE " ADMIN "accounts/42",
     .before = &added_account},
    {.name = "POST sign", .line = "POST " ADMIN "sign",
     .body = "{\"secret_id\":\"AKIDdemo1000001\",\"userid\":\"0\"}"},
    {.name = "POST explain", .line = "POST " ADMIN "explain",
     .body = "{\"signature\":\"xBx0lpW/tdIr1vfksAt3GpfXo9phPTEwMDAwMDEmaz1BS0lE"
             "ZGVtbzEwMDAwMDEmdD0xNTAwMDAwMDAwJmU9MTUwMDAwMDA2MA==\"}"},
    {.name = "POST reset", .line = "POST " ADMIN "reset",
     .before = &some_exchange},
    {.name = "admin, wrong method", .status = 405, .line = "PATCH " ADMIN "clock",
     .body = "{}"},
    {.name = "admin, another Origin", .status = 403, .line = "POST " ADMIN "reset",
     .fields = "Origin: http://a.example\r\n", .body = "{}"},
    {.name = "admin, body too large", .status = 413, .line = "POST " ADMIN "faults",
     .fields = "Expect: 100-continue\r\nContent-Length: 2000000\r\n"},
};
/* clang-format on */

const size_t n_kinds = sizeof(kinds) / sizeof(kinds[0]);

static void add_part(struct strbuf *out, const char *name, const char *value)
{
    strbuf_addf(out,
                "--B\r\nContent-Disposition: form-data; name=\"%s\"\r\n\r\n"
                "%s\r\n",
                name, value);
}

static void add_file(struct strbuf *out, const char *name, const char *magic,
                     size_t len)
{
    strbuf_addf(out,
                "--B\r\nContent-Disposition: form-data; name=\"%s\"; "
                "filename=\"f\"\r\nContent-Type: image/jpeg\r\n\r\n%s",
                name, magic);
    for (size_t i = 0; i < len; i++)
        strbuf_addch(out, (char)(i * 31));
    strbuf_addstr(out, "\r\n");
}

static void add_form(struct strbuf *out, const char *card)
{
    add_part(out, "appid", "1000001");
    add_part(out, "bucket", "test");
    add_part(out, "validate_data", "1234");
    add_part(out, "compare_flag", "true");
    add_file(out, "video", "ftyp", 100 * 1024);
    add_file(out, "card", card, 1000);
    strbuf_addstr(out, "--B--\r\n");
}

static void add_base64(struct strbuf *out)
{
    strbuf_addstr(out, "{\"appid\":\"1000001\",\"image\":\"/9j/");
    for (int i = 0; i < 10000; i++)
        strbuf_addstr(out, "AbCd");
    strbuf_addstr(out, "\"}");
}

static void render_body(const struct kind *kind, struct strbuf *out)
{
    switch (kind->body_kind) {
    case BODY_TEXT:
        strbuf_addstr(out, kind->body ? kind->body : "");
        break;
    case BODY_FORM:
        add_form(out, "\xff\xd8\xff\xe0");
        break;
    case BODY_GIF:
        add_form(out, "GIF89a");
        break;
    case BODY_BASE64:
        add_base64(out);
        break;
    case BODY_LARGE:
        for (int i = 0; i < KINDS_MAX_BODY / 4 + 1000; i++)
            strbuf_addstr(out, "xxxx");
        break;
    }
}

/* The whole body in one chunk. */
static void wrap_in_chunk(struct strbuf *body)
{
    size_t len = body->len;
    char *content = strbuf_take(body);

    strbuf_addf(body, "%zx\r\n", len);
    strbuf_add(body, content, len);
    strbuf_addstr(body, "\r\n0\r\n\r\n");
    free(content);
}

static bool has_field(const struct kind *kind, const char *name)
{
    return kind->fields && strstr(kind->fields, name);
}

void kind_render(const struct kind *kind, const char *authorization,
                 struct strbuf *head, struct strbuf *body)
{
    bool is_form =
        kind->body_kind != BODY_TEXT && kind->body_kind != BODY_BASE64;

    strbuf_addstr(head, kind->line);
    if (kind->flags & KIND_RAW)
        return;
    render_body(kind, body);
    strbuf_addf(head, " HTTP/1.1\r\nHost: localhost\r\n%s",
                kind->fields ? kind->fields : "");
    if (!(kind->flags & KIND_UNSIGNED))
        strbuf_addf(head, "Authorization: %s\r\n", authorization);
    if (!has_field(kind, "Content-Type"))
        strbuf_addf(head, "Content-Type: %s\r\n",
                    is_form ? "multipart/form-data; boundary=B"
                            : "application/json");
    if (kind->flags & KIND_EXPECT)
        strbuf_addstr(head, "Expect: 100-continue\r\n");
    if (kind->flags & KIND_CHUNKED) {
        strbuf_addstr(head, "Transfer-Encoding: chunked\r\n");
        wrap_in_chunk(body);
    } else if (!has_field(kind, "Content-Length")) {
        strbuf_addf(head, "Content-Length: %zu\r\n", body->len);
    }
    strbuf_addstr(head, "\r\n");
    if (head->failed || body->failed)
        abort();
}
