#include "request.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <criterion/criterion.h>
#include <criterion/new/assert.h>

enum { CHUNK = 64 * 1024 + 17 };

const struct credentials demo = {"1000001", "test", "AKIDdemo1000001",
                                 "demo-key-of-1000001"};
const struct credentials demo_bucketless = {"1000002", NULL, "AKIDdemo1000002",
                                            "demo-key-of-1000002"};
const struct credentials demo_arrears = {"1000003", "test", "AKIDdemo1000003",
                                         "demo-key-of-1000003"};
const struct credentials demo_limited = {"1000004", "test", "AKIDdemo1000004",
                                         "demo-key-of-1000004"};

const char jpeg[] = "\xff\xd8\xff\xe0\0\x10JFIF\0\1\1\0\0\1\0\1\0\0";
const size_t jpeg_len = sizeof(jpeg) - 1;
const char gif87a[] = "GIF87a\1\0\1\0\x80\0\0\0\0\0\xff\xff\xff,\0\0\0;";
const char gif89a[] = "GIF89a\1\0\1\0\x80\0\0\0\0\0\xff\xff\xff,\0\0\0;";
const size_t gif_len = sizeof(gif87a) - 1;

static const char *sign_until(const struct credentials *c, long long expires)
{
    static unsigned serial;
    const char *bucket = c->bucket ? format("&b=%s", c->bucket) : "";

    return sign_text(c->secret_key,
                     format("a=%s%s&k=%s&e=%lld&t=%lld&r=%u&u=0&f=", c->appid,
                            bucket, c->secret_id, expires,
                            (long long)time(NULL), ++serial));
}

const char *sign(const struct credentials *c)
{
    return sign_until(c, (long long)time(NULL) + 3600);
}

const char *sign_once(const struct credentials *c)
{
    return sign_until(c, 0);
}

struct form form_four(const char *compare_flag)
{
    struct form f = {.boundary = "----------acebdf13572468"};

    form_set(&f, "appid", demo.appid);
    form_set(&f, "bucket", demo.bucket);
    form_set(&f, "validate_data", "9532");
    form_set(&f, "compare_flag", compare_flag);
    form_set(&f, "video", "yyyyyyyyyyyyyyyyyyyyy")->filename = "video.flv";
    if (strcmp(compare_flag, "true") == 0) {
        struct part *card = form_set_bytes(&f, "card", jpeg, jpeg_len);

        card->filename = "face.jpg";
        card->type = "image/jpeg";
    }
    return f;
}

struct form form_picture(void)
{
    struct form f = {.boundary = "----------acebdf13572468"};
    struct part *image;

    form_set(&f, "appid", demo.appid);
    image = form_set_bytes(&f, "image", jpeg, jpeg_len);
    image->filename = "face.jpg";
    image->type = "image/jpeg";
    return f;
}

static struct part *form_find(struct form *f, const char *name)
{
    for (size_t i = 0; i < f->n; i++) {
        if (f->parts[i].name && strcmp(f->parts[i].name, name) == 0)
            return &f->parts[i];
    }
    return NULL;
}

struct part *form_part(struct form *f, const char *name)
{
    struct part *p = form_find(f, name);

    cr_assert(p != NULL, "the form has no part called %s", name);
    return p;
}

struct part *form_set_bytes(struct form *f, const char *name, const void *data,
                            size_t len)
{
    struct part *p = form_find(f, name);

    if (!p) {
        cr_assert(f->n < FORM_MAX_PARTS, "too many parts");
        p = &f->parts[f->n++];
        p->name = name;
    }
    p->data = data;
    p->len = len;
    return p;
}

struct part *form_set(struct form *f, const char *name, const char *text)
{
    return form_set_bytes(f, name, text, strlen(text));
}

void form_drop(struct form *f, const char *name)
{
    struct part *p = form_part(f, name);

    f->n--;
    memmove(p, p + 1, (size_t)(&f->parts[f->n] - p) * sizeof(*p));
}

static void add_part(struct bytes *b, const struct form *f,
                     const struct part *p)
{
    bytes_text(b, format("--%s\r\n", f->boundary));
    if (p->disposition) {
        bytes_text(b, format("%s\r\n", p->disposition));
    } else {
        bytes_text(b, "Content-Disposition: form-data");
        if (p->name)
            bytes_text(b, format("; name=\"%s\"", p->name));
        if (p->filename)
            bytes_text(b, format("; filename=\"%s\"", p->filename));
        bytes_text(b, "\r\n");
    }
    if (p->type)
        bytes_text(b, format("Content-Type: %s\r\n", p->type));
    if (p->headers)
        bytes_text(b, p->headers);
    bytes_text(b, "\r\n");
    bytes_add(b, p->data, p->len);
    bytes_text(b, "\r\n");
}

static struct request request_to(const char *path)
{
    return (struct request){
        .method = "POST",
        .target = path,
        .host = "recognition.image.myqcloud.com",
        .authorization = sign(&demo),
    };
}

struct request request_form(const char *path, const struct form *f)
{
    struct request r = request_to(path);

    if (f->preamble)
        bytes_text(&r.body, f->preamble);
    for (size_t i = 0; i < f->n; i++)
        add_part(&r.body, f, &f->parts[i]);
    if (!f->unclosed)
        bytes_text(&r.body, format("--%s--\r\n", f->boundary));
    if (f->epilogue)
        bytes_text(&r.body, f->epilogue);
    r.content_type = f->content_type;
    if (!r.content_type)
        r.content_type =
            format("multipart/form-data; boundary=%s", f->boundary);
    return r;
}

struct request request_json_bytes(const char *path, const void *json,
                                  size_t len)
{
    struct request r = request_to(path);

    r.content_type = "application/json";
    bytes_add(&r.body, json, len);
    return r;
}

struct request request_json(const char *path, const char *json)
{
    return request_json_bytes(path, json, strlen(json));
}

struct request request_good(const char *path)
{
    struct form f;

    if (strcmp(path, PICTURE) == 0)
        return request_json(path, "{\"appid\":\"1000001\","
                                  "\"url\":\"http://example.com/test.jpg\"}");
    if (strcmp(path, GETFOUR) == 0)
        return request_json(path,
                            "{\"appid\":\"1000001\",\"bucket\":\"test\"}");
    f = form_four("true");
    return request_form(path, &f);
}

static void add_field(struct bytes *b, const char *name, const char *value)
{
    if (value)
        bytes_text(b, format("%s: %s\r\n", name, value));
}

struct bytes request_head(const struct request *r)
{
    struct bytes b = {0};

    bytes_text(&b, format("%s %s HTTP/1.1\r\n", r->method, r->target));
    add_field(&b, "Host", r->host);
    add_field(&b, "Authorization", r->authorization);
    add_field(&b, "Content-Type", r->content_type);
    if (r->framing == FRAME_LENGTH)
        add_field(&b, "Content-Length", format("%zu", r->body.len));
    else if (r->framing == FRAME_CHUNKED)
        add_field(&b, "Transfer-Encoding", "chunked");
    if (r->headers)
        bytes_text(&b, r->headers);
    bytes_text(&b, "\r\n");
    return b;
}

static void add_chunked(struct bytes *b, const struct bytes *body)
{
    for (size_t at = 0; at < body->len; at += CHUNK) {
        size_t n = body->len - at < CHUNK ? body->len - at : CHUNK;

        bytes_text(b, format("%zx\r\n", n));
        bytes_add(b, body->data + at, n);
        bytes_text(b, "\r\n");
    }
    bytes_text(b, "0\r\n\r\n");
}

struct bytes request_bytes(const struct request *r)
{
    struct bytes b = request_head(r);

    if (r->framing == FRAME_CHUNKED)
        add_chunked(&b, &r->body);
    else
        bytes_add(&b, r->body.data, r->body.len);
    return b;
}
