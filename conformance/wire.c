#include "wire.h"

#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include <curl/curl.h>

#include "now.h"
#include "reach.h"

enum {
    MAX_REPLY = 64 << 20, /* bytes of one reply, framing and all */
    MAX_INTERIM = 100,    /* replies of 1xx before the one that counts */
    WHOLE_TIMES = 4,      /* the patience, for a reply that began to end */
    PIECE = 65536
};

struct connection {
    CURL *curl;
    curl_socket_t fd;
    struct curl_slist *connect_to;
    struct bytes in; /* received and not yet part of a reply */
    bool ended;      /* nothing more will come */
    bool was_reset;
    bool was_refused; /* bytes could not be sent */
};

static const char *const transport_names[TRANSPORT__COUNT] = {
    [TRANSPORT_COMPLETE] = "complete",   [TRANSPORT_RESET] = "reset",
    [TRANSPORT_CLOSED] = "closed",       [TRANSPORT_TRUNCATED] = "truncated",
    [TRANSPORT_MALFORMED] = "malformed", [TRANSPORT_TIMEOUT] = "timeout",
};

const char *transport_name(enum transport transport)
{
    return transport_names[transport];
}

static void set_options(struct connection *c, const struct config *config)
{
    CURL *curl = c->curl;

    c->connect_to = reach_target(curl, config);
    curl_easy_setopt(curl, CURLOPT_URL, config->base_url);
    curl_easy_setopt(curl, CURLOPT_CONNECT_ONLY, 1L);
    curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT_MS, (long)config->timeout_ms);
    /* The bytes that are sent are those of HTTP/1.1. */
    curl_easy_setopt(curl, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
}

struct connection *connection_open(const struct config *config, char **why)
{
    struct connection *c = calloc(1, sizeof(*c));
    char detail[CURL_ERROR_SIZE] = "";
    CURLcode failed;

    if (!c || !(c->curl = curl_easy_init())) {
        free(c);
        *why = format("out of memory");
        return NULL;
    }
    set_options(c, config);
    curl_easy_setopt(c->curl, CURLOPT_ERRORBUFFER, detail);
    failed = curl_easy_perform(c->curl);
    curl_easy_setopt(c->curl, CURLOPT_ERRORBUFFER, NULL);
    if (!failed)
        failed = curl_easy_getinfo(c->curl, CURLINFO_ACTIVESOCKET, &c->fd);
    if (!failed)
        return c;
    *why = format("cannot connect to %s%s%s: %s", config->base_url,
                  config->connect_to ? " at " : "",
                  config->connect_to ? config->connect_to : "",
                  *detail ? detail : curl_easy_strerror(failed));
    connection_close(c);
    return NULL;
}

void connection_close(struct connection *c)
{
    if (!c)
        return;
    curl_easy_cleanup(c->curl);
    curl_slist_free_all(c->connect_to);
    bytes_release(&c->in);
    free(c);
}

/* Takes in what has arrived, without waiting. True when something did. */
static bool receive(struct connection *c, struct reply *reply)
{
    bool received = false;

    while (!c->ended && reply->raw.len < MAX_REPLY) {
        size_t n = 0;
        CURLcode failed;

        bytes_reserve(&c->in, PIECE);
        failed = curl_easy_recv(c->curl, c->in.data + c->in.len, PIECE, &n);
        if (failed == CURLE_AGAIN)
            break;
        if (failed || n == 0) {
            c->ended = true;
            c->was_reset = failed != CURLE_OK;
            break;
        }
        bytes_add(&reply->raw, c->in.data + c->in.len, n);
        c->in.len += n;
        c->in.data[c->in.len] = '\0';
        received = true;
    }
    return received;
}

/* Sends what the socket takes. True when something went. A peer that takes no
 * more may still have answered, so a failure only ends the sending. */
static bool send_some(struct connection *c, const struct bytes *out,
                      size_t *sent)
{
    size_t n = 0;
    CURLcode failed =
        curl_easy_send(c->curl, out->data + *sent, out->len - *sent, &n);

    if (failed && failed != CURLE_AGAIN) {
        c->was_refused = true;
        *sent = out->len;
    } else {
        *sent += n;
    }
    return n > 0;
}

static void malformed(struct reply *reply, const char *problem)
{
    reply->transport = TRANSPORT_MALFORMED;
    reply->problem = problem;
}

/* The parsing functions say whether they got on; when not, more bytes are
 * needed or reply->transport says what is wrong. */

static bool parse_status(const char *line, size_t len, struct reply *reply)
{
    if (len < 12 || (strncmp(line, "HTTP/1.1 ", 9) != 0 &&
                     strncmp(line, "HTTP/1.0 ", 9) != 0)) {
        malformed(reply, "it does not begin with an HTTP/1.x status line");
        return false;
    }
    if (strspn(line + 9, "0123456789") != 3 || line[9] == '0' ||
        (line[12] != ' ' && line[12] != '\r')) {
        malformed(reply, "its status is no number of three digits");
        return false;
    }
    reply->http = (int)strtol(line + 9, NULL, 10);
    return true;
}

static bool parse_field(const char *line, size_t len, struct reply *reply)
{
    const char *colon = memchr(line, ':', len);
    const char *end = line + len;
    const char *value;

    if (!colon || colon == line || memchr(line, ' ', (size_t)(colon - line)) ||
        memchr(line, '\n', len)) {
        malformed(reply, "a header line is none");
        return false;
    }
    value = colon + 1;
    while (value < end && (*value == ' ' || *value == '\t'))
        value++;
    while (end > value && (end[-1] == ' ' || end[-1] == '\t'))
        end--;
    json_array_append_new(
        reply->headers,
        json_pack("[o, o]", json_stringn_nocheck(line, (size_t)(colon - line)),
                  json_stringn_nocheck(value, (size_t)(end - value))));
    return true;
}

/* Takes a whole head off c->in. */
static bool parse_head(struct connection *c, struct reply *reply)
{
    const char *p, *head_end, *line_end;

    if (c->in.len == 0)
        return false;
    head_end = memmem(c->in.data, c->in.len, "\r\n\r\n", 4);
    if (!head_end) {
        size_t n = c->in.len < 7 ? c->in.len : 7;

        if (strncmp(c->in.data, "HTTP/1.", n) != 0)
            malformed(reply, "it does not begin with an HTTP/1.x status line");
        return false;
    }
    p = c->in.data;
    line_end = memmem(p, c->in.len, "\r\n", 2);
    if (!parse_status(p, (size_t)(line_end - p), reply))
        return false;
    json_array_clear(reply->headers);
    while (line_end < head_end) {
        p = line_end + 2;
        line_end = memmem(p, (size_t)(head_end + 2 - p), "\r\n", 2);
        if (!parse_field(p, (size_t)(line_end - p), reply))
            return false;
    }
    bytes_drop_front(&c->in, (size_t)(head_end + 4 - c->in.data));
    return true;
}

const char *reply_header(const struct reply *reply, const char *name)
{
    const json_t *field;
    size_t i;

    json_array_foreach(reply->headers, i, field)
    {
        if (strcasecmp(json_string_value(json_array_get(field, 0)), name) == 0)
            return json_string_value(json_array_get(field, 1));
    }
    return NULL;
}

/* What follows the last chunk, whose line ends at `eol`: an empty line, after
 * fields that nobody asked for (RFC 9112 section 7.1.2). */
static bool parse_trailer(struct connection *c, const char *eol)
{
    size_t left = c->in.len - (size_t)(eol - c->in.data);
    const char *end = memmem(eol, left, "\r\n\r\n", 4);

    if (end)
        bytes_drop_front(&c->in, (size_t)(end + 4 - c->in.data));
    return end != NULL;
}

/* One chunk off c->in. *last: it was the last one. */
static bool parse_chunk(struct connection *c, struct reply *reply, bool *last)
{
    const char *eol =
        c->in.len ? memmem(c->in.data, c->in.len, "\r\n", 2) : NULL;
    unsigned long size;
    size_t digits, line, need;
    char next;

    if (!eol)
        return false;
    digits = strspn(c->in.data, "0123456789abcdefABCDEF");
    size = strtoul(c->in.data, NULL, 16);
    next = c->in.data[digits];
    if (digits == 0 || (next != '\r' && next != ';') || size > MAX_REPLY) {
        malformed(reply, "a chunk's size is none");
        return false;
    }
    *last = size == 0;
    if (*last)
        return parse_trailer(c, eol);
    line = (size_t)(eol + 2 - c->in.data);
    need = line + size + 2;
    if (c->in.len < need)
        return false;
    if (memcmp(c->in.data + need - 2, "\r\n", 2) != 0) {
        malformed(reply, "a chunk does not end where it should");
        return false;
    }
    bytes_add(&reply->body, c->in.data + line, size);
    bytes_drop_front(&c->in, need);
    return true;
}

/* Where one reply is. */
struct reading {
    bool has_head;
    bool chunked;
    int n_interim;
    long long length; /* of the body; -1: until the connection ends */
};

static bool read_framing(struct reply *reply, const struct outgoing *out,
                         struct reading *r)
{
    const char *coding = reply_header(reply, "Transfer-Encoding");
    const char *length = reply_header(reply, "Content-Length");

    r->has_head = true;
    r->chunked = coding && strcasecmp(coding, "chunked") == 0;
    r->length = -1;
    if (out->is_head || reply->http == 204 || reply->http == 304) {
        r->length = 0;
        r->chunked = false;
    } else if (coding && (!r->chunked || length)) {
        malformed(reply, length ? "it has both Content-Length and "
                                  "Transfer-Encoding"
                                : "its Transfer-Encoding is not chunked");
        return false;
    } else if (length) {
        r->length = strtoll(length, NULL, 10);
        if (*length == '\0' || strspn(length, "0123456789") != strlen(length)) {
            malformed(reply, "its Content-Length is no number");
            return false;
        }
    }
    return true;
}

static bool parse_body(struct connection *c, struct reply *reply,
                       const struct reading *r)
{
    bool last = false;
    size_t want, n;

    if (r->chunked) {
        while (parse_chunk(c, reply, &last)) {
            if (last)
                return true;
        }
        return false;
    }
    want = r->length < 0 ? SIZE_MAX : (size_t)r->length - reply->body.len;
    n = c->in.len < want ? c->in.len : want;
    if (n > 0) {
        bytes_add(&reply->body, c->in.data, n);
        bytes_drop_front(&c->in, n);
    }
    return r->length < 0 ? c->ended && !c->was_reset
                         : reply->body.len == (size_t)r->length;
}

/* Makes the most of what is there. True when the reply is whole. */
static bool parse(struct connection *c, struct reply *reply,
                  const struct outgoing *out, struct reading *r)
{
    while (!r->has_head) {
        if (!parse_head(c, reply))
            return false;
        if (reply->http >= 200) {
            if (!read_framing(reply, out, r))
                return false;
        } else {
            reply->continued |= reply->http == 100;
            reply->http = 0;
            if (++r->n_interim > MAX_INTERIM) {
                malformed(reply, "there is no end of its 1xx replies");
                return false;
            }
        }
    }
    return parse_body(c, reply, r);
}

/* What an end before the reply was whole means. */
static enum transport judge_end(const struct connection *c,
                                const struct reply *reply)
{
    /* A reset that ended the sending is not told again to who reads. */
    if (c->was_reset || (c->was_refused && reply->raw.len == 0))
        return TRANSPORT_RESET;
    return reply->raw.len == 0 ? TRANSPORT_CLOSED : TRANSPORT_TRUNCATED;
}

/* Bytes that trickle could be waited for without end, each in time. */
static bool is_overdue(long long *deadline, const struct reply *reply,
                       int timeout_ms)
{
    if (*deadline == 0 && reply->raw.len > 0)
        *deadline = now_ms() + (long long)timeout_ms * WHOLE_TIMES;
    return *deadline > 0 && now_ms() >= *deadline;
}

/* Reads on until the server closes, or nothing comes. */
static void await_end(struct connection *c, struct reply *reply, bool wait,
                      int timeout_ms)
{
    long long deadline = 0;

    struct pollfd p = {.fd = c->fd, .events = POLLIN};

    receive(c, reply);
    while (wait && !c->ended && reply->raw.len < MAX_REPLY &&
           !is_overdue(&deadline, reply, timeout_ms) &&
           poll(&p, 1, timeout_ms) > 0)
        receive(c, reply);
    reply->closed = c->ended;
}

/* What may be sent by now. */
static const struct bytes *next_out(const struct outgoing *out,
                                    const size_t sent[2],
                                    const struct reply *reply)
{
    if (sent[0] < out->head.len)
        return &out->head;
    if (sent[1] < out->body.len && (!out->waits_for_100 || reply->continued))
        return &out->body;
    return NULL;
}

void connection_exchange(struct connection *c, const struct outgoing *out,
                         int timeout_ms, bool to_end, struct reply *reply)
{
    struct reading reading = {0};
    size_t sent[2] = {0, 0};
    long long deadline = 0;

    *reply = (struct reply){.transport = TRANSPORT_COMPLETE,
                            .problem = "",
                            .headers = json_array()};
    bytes_text(&reply->body, "");
    /* What came after the reply before, as that of a pipelined request. */
    if (c->in.len > 0)
        bytes_add(&reply->raw, c->in.data, c->in.len);
    for (;;) {
        const struct bytes *next = next_out(out, sent, reply);
        bool moved = next && send_some(c, next, &sent[next == &out->body]);
        struct pollfd p = {.fd = c->fd, .events = POLLIN};
        int ready;

        moved |= receive(c, reply);
        if (parse(c, reply, out, &reading))
            break;
        if (reply->raw.len >= MAX_REPLY &&
            reply->transport != TRANSPORT_MALFORMED)
            malformed(reply, "it does not end");
        if (reply->transport == TRANSPORT_MALFORMED)
            return;
        if (c->ended) {
            reply->transport = judge_end(c, reply);
            return;
        }
        if (is_overdue(&deadline, reply, timeout_ms)) {
            reply->transport = TRANSPORT_TIMEOUT;
            reply->problem = "it began, and does not end";
            return;
        }
        if (moved)
            continue;
        if (next_out(out, sent, reply))
            p.events |= POLLOUT;
        ready = poll(&p, 1, timeout_ms);
        if (ready == 0) {
            reply->transport = TRANSPORT_TIMEOUT;
            return;
        }
        if (ready < 0 && errno != EINTR) {
            reply->transport = TRANSPORT_RESET;
            return;
        }
    }
    await_end(c, reply, to_end, timeout_ms);
}

void reply_release(struct reply *reply)
{
    json_decref(reply->headers);
    bytes_release(&reply->body);
    bytes_release(&reply->raw);
    *reply = (struct reply){0};
}
