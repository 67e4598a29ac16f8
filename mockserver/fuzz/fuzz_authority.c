/*
 * authority: whom a request is for. The input is the head of a CONNECT, whole
 * and as it grows; its first line is also read as an authority, as a URL, and
 * as the target of a proxy's request.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cjson/cJSON.h>
#include "front.h"
#include "fuzz_server.h"
#include "hosts.h"
#include "proxy.h"
#include "request.h"
#include "text.h"
#include "tunnel.h"
#include "url.h"

static const uint16_t ports[] = {8080, 8443};
enum { N_PORTS = sizeof(ports) / sizeof(ports[0]) };

/* an authority */

static void check_same(const struct authority *a, const struct authority *b)
{
    FUZZ_CHECK(a->len == b->len && !memcmp(a->host, b->host, a->len));
    FUZZ_CHECK(a->bracketed == b->bracketed && a->port == b->port);
}

/* Written down again in its plainest form it reads as the same. */
static void check_authority(const struct authority *a, struct fuzz_input in)
{
    struct authority again;
    struct strbuf text;

    FUZZ_CHECK(a->host >= in.ptr && a->host + a->len <= in.ptr + in.len);
    FUZZ_CHECK(a->port >= -1 && a->port <= UINT16_MAX);
    strbuf_init(&text, in.len + 16);
    strbuf_addstr(&text, a->bracketed ? "[" : "");
    strbuf_add(&text, a->host, a->len);
    strbuf_addstr(&text, a->bracketed ? "]" : "");
    if (a->port >= 0)
        strbuf_addf(&text, ":%d", a->port);
    FUZZ_CHECK(!text.failed);
    FUZZ_CHECK(authority_parse(&again, text.buf, text.len) == 0);
    check_same(a, &again);
    strbuf_release(&text);
}

static void check_hosts(const struct authority *a, const struct hosts *hosts)
{
    bool is_own = hosts_is_own(hosts, a);

    FUZZ_CHECK(!hosts_is_service(a) || !is_own);
    /* Bound to loopback, only its own names steer it. */
    FUZZ_CHECK(!hosts_may_administer(hosts->bind, a) || is_own);
    hosts_may_administer("0.0.0.0", a);
    hosts_may_administer("::", a);
}

static void fuzz_names(const char *name)
{
    FUZZ_CHECK(!hosts_is_loopback(name) || !hosts_is_wildcard(name));
    hosts_is_address(name);
    FUZZ_CHECK(!hosts_is_name(name) || strlen(name) <= 253);
}

/* a target */

/* Only the service's hosts and the server's own names may be reached. */
static void fuzz_target(const struct fuzz_server *s, const char *scheme,
                        const char *rest)
{
    struct exchange *x = exchange_new();
    struct authority a;
    struct strbuf target;

    FUZZ_CHECK(x);
    strbuf_init(&target, 1024 * 1024);
    strbuf_addf(&target, "%s%s", scheme, rest);
    FUZZ_CHECK(request_take_target(x, target.buf) == 0);
    FUZZ_CHECK(request_take_line(x, "GET", "HTTP/1.1") == 0);
    if (!proxy_refusal(&s->settings, x) && x->request.authority) {
        FUZZ_CHECK(authority_parse(&a, x->request.authority,
                                   x->request.authority_len) == 0);
        FUZZ_CHECK(hosts_is_service(&a) ||
                   hosts_is_own(&s->settings.hosts, &a));
    }
    strbuf_release(&target);
    exchange_free(x);
}

/* a URL */

static void check_file(const struct url *url)
{
    char buf[16];
    long n = url_read_file(url, "fixtures/media", buf, sizeof(buf));

    FUZZ_CHECK(n >= -1 && n <= (long)sizeof(buf));
    FUZZ_CHECK(n < 0 || !strstr(url->path, "/../"));
}

static void fuzz_url(struct fuzz_input in)
{
    struct arena arena;
    const char *why = NULL;
    struct url url;

    arena_init(&arena);
    if (url_parse(&url, &arena, in.ptr, in.len, &why) == 0) {
        FUZZ_CHECK(url.path[0] == '/' && url.host[0]);
        for (const char *p = url.host; *p; p++)
            FUZZ_CHECK(*p == text_lower(*p) && *p != '/' && *p != '@');
        url_host_is_invalid(&url);
        url_path_ends(&url, ".gif");
        check_file(&url);
    } else {
        FUZZ_CHECK(why && *why);
    }
    arena_release(&arena);
}

/* a CONNECT */

static void check_refusal(struct fuzz_server *s, const struct strbuf *reply)
{
    const char *content = strstr(reply->buf, "\r\n\r\n");
    const char *length = strstr(reply->buf, "\r\nContent-Length: ");
    const char *end = NULL;
    cJSON *json;

    FUZZ_CHECK(!strncmp(reply->buf, "HTTP/1.1 40", 11) && content && length);
    content += 4;
    FUZZ_CHECK(strtoul(length + 18, NULL, 10) == strlen(content));
    FUZZ_CHECK(text_is_utf8(reply->buf, reply->len));
    json = cJSON_ParseWithOpts(content, &end, true);
    FUZZ_CHECK(cJSON_IsNumber(cJSON_GetObjectItem(json, "code")));
    FUZZ_CHECK(cJSON_IsString(cJSON_GetObjectItem(json, "message")));
    cJSON_Delete(json);
    FUZZ_CHECK(journal_stats(s->pipeline.journal).recorded == 1);
}

/* One that opens leaves no trace; one that does not is an exchange. */
static void fuzz_connect(struct fuzz_server *s, struct fuzz_input head)
{
    struct strbuf reply;

    strbuf_init(&reply, FRONT_MAX_REPLY);
    if (tunnel_may_open(&s->pipeline, head.ptr, head.len, "127.0.0.1:1", ports,
                        N_PORTS, &reply)) {
        FUZZ_CHECK(s->settings.proxy && reply.len == 0);
        FUZZ_CHECK(journal_stats(s->pipeline.journal).recorded == 0);
    } else {
        check_refusal(s, &reply);
    }
    strbuf_release(&reply);
}

/* The end of a head is found once it is there, however much follows. */
static size_t head_length(struct fuzz_input in)
{
    size_t len = front_head_length(in.ptr, in.len);

    FUZZ_CHECK(len <= in.len);
    if (len > 0) {
        FUZZ_CHECK(front_head_length(in.ptr, len - 1) == 0);
        FUZZ_CHECK(front_head_length(in.ptr, len) == len);
    }
    return len;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    struct fuzz_input in = {data ? (const char *)data : "", len};
    struct fuzz_input rest = in;
    struct fuzz_input line = fuzz_take_line(&rest);
    char *text = fuzz_string(line);
    struct fuzz_server s;
    struct authority a;

    fuzz_server_init(&s);
    s.settings.proxy = true;
    line = (struct fuzz_input){text, strlen(text)};
    if (authority_parse(&a, line.ptr, line.len) == 0) {
        check_authority(&a, line);
        check_hosts(&a, &s.settings.hosts);
    }
    fuzz_names(text);
    fuzz_target(&s, "", text);
    fuzz_target(&s, "http://", text);
    fuzz_url(line);
    in.len = head_length(in);
    if (in.len > 0 && in.len <= FRONT_MAX_HEAD)
        fuzz_connect(&s, in);
    fuzz_server_release(&s);
    free(text);
    return 0;
}
