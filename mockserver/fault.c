#include "fault.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include "text.h"

#define MARKER "mock-fault:"

enum {
    MARKER_LEN = sizeof(MARKER) - 1,
    SHOWN_MAX = 64, /* bytes of the client's text that a message repeats */
};

static const char *const transport_names[TRANSPORT__COUNT] = {
    [TRANSPORT_NONE] = "none",
    [TRANSPORT_RESET] = "reset",
    [TRANSPORT_RESET_DURING_UPLOAD] = "reset_during_upload",
    [TRANSPORT_EMPTY_RESPONSE] = "empty_response",
    [TRANSPORT_RANDOM_THEN_CLOSE] = "random_then_close",
    [TRANSPORT_MALFORMED_CHUNK] = "malformed_chunk",
    [TRANSPORT_TRUNCATED_BODY] = "truncated_body",
    [TRANSPORT_MALFORMED_JSON] = "malformed_json",
    [TRANSPORT_EMPTY_BODY] = "empty_body",
    [TRANSPORT_HTML_502] = "html_502",
    [TRANSPORT_DRIBBLE] = "dribble",
    [TRANSPORT_HANG] = "hang",
};

static const char *const source_names[FAULT_SOURCE__COUNT] = {
    [FAULT_FROM_NOWHERE] = "none",  [FAULT_FROM_HEADER] = "header",
    [FAULT_FROM_SEQ] = "seq",       [FAULT_FROM_FILE] = "file",
    [FAULT_FROM_URL] = "url",       [FAULT_FROM_RULE] = "rule",
    [FAULT_FROM_OPTION] = "option",
};

/* Borrowed bytes of the SPEC. */
struct span {
    const char *s;
    size_t len;
};

struct parser {
    struct fault fault;
    struct span spec;
    struct span outcome; /* the code, unlisted or transport; s NULL: none */
    bool has_delay;
    bool has_http;
    char *why;
    size_t why_cap;
};

/* Client text made fit for a message. */
struct shown {
    char text[SHOWN_MAX + sizeof("...")];
};

static bool span_is(struct span span, const char *word)
{
    return span.len == strlen(word) && memcmp(span.s, word, span.len) == 0;
}

/* Is the sequence of `step` bytes at `c` (0: not UTF-8) fit for a terminal?
 * U+0080 to U+009F are control characters too. */
static bool is_printable(const char *c, size_t step)
{
    if (step == 1)
        return *c >= 0x20 && *c != 0x7f;
    if (step == 2)
        return memcmp(c, "\xC2\xA0", 2) >= 0;
    return step > 2;
}

/*
 * Control characters, and bytes that are not UTF-8, become '?': the message
 * ends in a JSON reply or on a terminal. Long text is cut, but never inside a
 * character.
 */
static struct shown show(struct span span)
{
    struct shown shown;
    size_t n = 0;

    for (size_t i = 0; i < span.len;) {
        const char *c = span.s + i;
        size_t step = text_utf8_sequence(c, span.len - i);
        bool fit = is_printable(c, step);
        size_t out = fit ? step : 1;

        if (n + out > SHOWN_MAX) {
            memcpy(shown.text + n, "...", 3);
            n += 3;
            break;
        }
        memcpy(shown.text + n, fit ? c : "?", out);
        n += out;
        i += step > 0 ? step : 1;
    }
    shown.text[n] = '\0';
    return shown;
}

/* Writes `fault spec "SPEC"` and the phrase. Always -1. */
__attribute__((format(printf, 2, 3))) static int refuse(struct parser *p,
                                                        const char *fmt, ...)
{
    struct shown spec = show(p->spec);
    va_list args;
    int len;

    len = snprintf(p->why, p->why_cap, "fault spec \"%s\"", spec.text);
    if (len < 0 || (size_t)len >= p->why_cap)
        return -1;
    va_start(args, fmt);
    vsnprintf(p->why + len, p->why_cap - (size_t)len, fmt, args);
    va_end(args);
    return -1;
}

static bool is_listed(int code)
{
    return code == ERR_OK || error_find(code);
}

static int parse_int32(struct span text, int *value)
{
    bool negative = text.len > 0 && text.s[0] == '-';
    uint64_t max = negative ? (uint64_t)INT32_MAX + 1 : INT32_MAX;
    uint64_t magnitude;

    if (text_parse_u64(text.s + negative, text.len - negative, max, &magnitude))
        return -1;
    *value = (int)(negative ? -(int64_t)magnitude : (int64_t)magnitude);
    return 0;
}

/* Code, unlisted and transport exclude one another. */
static int claim_outcome(struct parser *p, struct span item)
{
    struct shown first, second;

    if (!p->outcome.s) {
        p->outcome = item;
        return 0;
    }
    first = show(p->outcome);
    second = show(item);
    return refuse(p,
                  ": \"%s\" comes after \"%s\", but only one code, unlisted "
                  "code or transport fault is allowed",
                  second.text, first.text);
}

static int parse_number(struct parser *p, const char *key, struct span value,
                        int *number)
{
    struct shown shown;

    if (parse_int32(value, number) == 0)
        return 0;
    shown = show(value);
    return refuse(p, ": %s \"%s\" is not a whole number from %d to %d", key,
                  shown.text, INT32_MIN, INT32_MAX);
}

static int parse_place(struct parser *p, struct span value)
{
    struct shown shown;

    for (int place = 0; place < PLACE__COUNT; place++) {
        if (span_is(value, error_place_name((enum error_place)place))) {
            p->fault.has_place = true;
            p->fault.place = (enum error_place)place;
            return 0;
        }
    }
    shown = show(value);
    return refuse(p, ": place \"%s\" is none of %s, %s, %s", shown.text,
                  error_place_name(PLACE_CODE),
                  error_place_name(PLACE_LIVE_STATUS),
                  error_place_name(PLACE_COMPARE_STATUS));
}

static int parse_code(struct parser *p, struct span item)
{
    const char *at = memchr(item.s, '@', item.len);
    struct span number = item;
    int code;

    if (claim_outcome(p, item) < 0)
        return -1;
    if (at)
        number.len = (size_t)(at - item.s);
    if (parse_number(p, "code", number, &code) < 0)
        return -1;
    if (!is_listed(code))
        return refuse(p, ": code %d is in no table; write unlisted=%d", code,
                      code);
    p->fault.has_code = true;
    p->fault.code = code;
    if (!at)
        return 0;
    return parse_place(p, (struct span){at + 1, item.len - number.len - 1});
}

static int parse_unlisted(struct parser *p, struct span item, struct span value)
{
    int code;

    if (claim_outcome(p, item) < 0)
        return -1;
    if (parse_number(p, "unlisted", value, &code) < 0)
        return -1;
    if (is_listed(code))
        return refuse(p, ": unlisted %d is a listed code; write %d", code,
                      code);
    p->fault.has_code = true;
    p->fault.code = code;
    return 0;
}

static int parse_delay(struct parser *p, struct span value)
{
    struct shown shown = show(value);
    uint64_t ms;

    if (p->has_delay)
        return refuse(p, ": delay \"%s\" is a second delay, expected one",
                      shown.text);
    if (text_parse_u64(value.s, value.len, FAULT_MAX_DELAY_MS, &ms) < 0)
        return refuse(p,
                      ": delay \"%s\" is not a number of milliseconds "
                      "from 0 to %d",
                      shown.text, FAULT_MAX_DELAY_MS);
    p->has_delay = true;
    p->fault.delay_ms = (uint32_t)ms;
    return 0;
}

static int parse_http(struct parser *p, struct span value)
{
    struct shown shown = show(value);
    uint64_t status;

    if (p->has_http)
        return refuse(p, ": http \"%s\" is a second http, expected one",
                      shown.text);
    if (text_parse_u64(value.s, value.len, 599, &status) < 0 || status < 200)
        return refuse(p, ": http \"%s\" is not a status from 200 to 599",
                      shown.text);
    p->has_http = true;
    p->fault.http_status = (int)status;
    return 0;
}

static int parse_transport(struct parser *p, struct span item)
{
    char names[256];
    struct shown shown;
    size_t n = 0;

    for (int i = TRANSPORT_NONE + 1; i < TRANSPORT__COUNT; i++) {
        if (span_is(item, transport_names[i])) {
            p->fault.transport = (enum fault_transport)i;
            return claim_outcome(p, item);
        }
    }
    for (int i = TRANSPORT_NONE + 1; i < TRANSPORT__COUNT; i++)
        n += (size_t)snprintf(names + n, sizeof(names) - n, "%s%s",
                              n > 0 ? ", " : "", transport_names[i]);
    shown = show(item);
    return refuse(p,
                  ": \"%s\" is no code, unlisted=, delay=, http= or transport "
                  "fault; the transport faults are %s",
                  shown.text, names);
}

/* "key=value", with `eq` at the '='. */
static int parse_pair(struct parser *p, struct span item, const char *eq)
{
    struct span key = {item.s, (size_t)(eq - item.s)};
    struct span value = {eq + 1, item.len - key.len - 1};
    struct shown shown;

    if (span_is(key, "unlisted"))
        return parse_unlisted(p, item, value);
    if (span_is(key, "delay"))
        return parse_delay(p, value);
    if (span_is(key, "http"))
        return parse_http(p, value);
    shown = show(key);
    return refuse(p, ": key \"%s\" is none of unlisted, delay, http",
                  shown.text);
}

static int parse_item(struct parser *p, struct span item)
{
    const char *at = memchr(item.s, '@', item.len);
    const char *eq = memchr(item.s, '=', item.len);

    /* A plus sign is not allowed, but a code is what its writer meant. */
    if (memchr("+-0123456789", item.s[0], 12))
        return parse_code(p, item);
    if (at) {
        size_t before = (size_t)(at - item.s);
        struct shown left = show((struct span){item.s, before});
        struct shown place = show((struct span){at + 1, item.len - before - 1});
        return refuse(p,
                      ": place \"%s\" may only follow a listed code, "
                      "not \"%s\"",
                      place.text, left.text);
    }
    if (eq)
        return parse_pair(p, item, eq);
    return parse_transport(p, item);
}

static bool sends_status_line(enum fault_transport transport)
{
    switch (transport) {
    case TRANSPORT_RESET:
    case TRANSPORT_RESET_DURING_UPLOAD:
    case TRANSPORT_EMPTY_RESPONSE:
    case TRANSPORT_RANDOM_THEN_CLOSE:
    case TRANSPORT_HANG:
        return false;
    default:
        return true;
    }
}

static int parse_items(struct parser *p)
{
    struct span rest = p->spec;

    for (int n = 1;; n++) {
        const char *comma = memchr(rest.s, ',', rest.len);
        struct span item = rest;

        if (comma)
            item.len = (size_t)(comma - rest.s);
        text_trim(&item.s, &item.len);
        if (item.len == 0)
            return refuse(p,
                          ": item %d is empty, expected a code, unlisted=, "
                          "delay=, http= or a transport fault",
                          n);
        if (parse_item(p, item) < 0)
            return -1;
        if (!comma)
            return 0;
        rest.len -= (size_t)(comma + 1 - rest.s);
        rest.s = comma + 1;
    }
}

int fault_parse(struct fault *fault, const char *spec, size_t len, char *why,
                size_t why_cap)
{
    struct parser p = {
        .spec = {spec, len},
        .why = why,
        .why_cap = why_cap,
    };
    struct span content = p.spec;

    if (len > FAULT_MAX_SPEC_LEN)
        return refuse(&p, " is %zu bytes long, at most %d are allowed", len,
                      FAULT_MAX_SPEC_LEN);
    text_trim(&content.s, &content.len);
    if (content.len == 0)
        return refuse(&p, " is empty, expected a code, unlisted=, delay=, "
                          "http= or a transport fault");
    if (parse_items(&p) < 0)
        return -1;
    if (p.has_http && !sends_status_line(p.fault.transport))
        return refuse(&p,
                      ": http \"%d\" cannot go with %s, which sends no "
                      "status line",
                      p.fault.http_status,
                      fault_transport_name(p.fault.transport));
    *fault = p.fault;
    return 0;
}

/* What snprintf() does, piece by piece. */
struct output {
    char *buf;
    size_t cap;
    size_t len; /* what it would take; may exceed `cap` */
};

/* Adds one item, after a comma if it is not the first. */
__attribute__((format(printf, 2, 3))) static void put(struct output *out,
                                                      const char *fmt, ...)
{
    char item[64];
    size_t room = out->len < out->cap ? out->cap - out->len : 0;
    va_list args;
    int n;

    va_start(args, fmt);
    vsnprintf(item, sizeof(item), fmt, args);
    va_end(args);
    n = snprintf(room ? out->buf + out->len : NULL, room, "%s%s",
                 out->len > 0 ? "," : "", item);
    out->len += (size_t)n;
}

size_t fault_render(const struct fault *fault, char *buf, size_t cap)
{
    struct output out = {buf, cap, 0};

    if (fault->has_code && !is_listed(fault->code))
        put(&out, "unlisted=%d", fault->code);
    else if (fault->has_code && fault->has_place)
        put(&out, "%d@%s", fault->code, error_place_name(fault->place));
    else if (fault->has_code)
        put(&out, "%d", fault->code);
    if (fault->transport != TRANSPORT_NONE)
        put(&out, "%s", fault_transport_name(fault->transport));
    if (fault->http_status != 0)
        put(&out, "http=%d", fault->http_status);
    /* A fault that does nothing has a SPEC too. */
    if (fault->delay_ms != 0 || out.len == 0)
        put(&out, "delay=%u", (unsigned)fault->delay_ms);
    return out.len;
}

const char *fault_transport_name(enum fault_transport transport)
{
    return transport_names[transport];
}

const char *fault_source_name(enum fault_source source)
{
    return source_names[source];
}

const char *fault_in_seq(const char *value, size_t len, size_t *spec_len)
{
    if (len < MARKER_LEN || memcmp(value, MARKER, MARKER_LEN) != 0)
        return NULL;
    *spec_len = len - MARKER_LEN;
    return value + MARKER_LEN;
}

const char *fault_in_data(const void *data, size_t len, size_t *spec_len,
                          bool *terminated)
{
    const char *marker, *spec, *semicolon;
    size_t rest;

    if (len < MARKER_LEN)
        return NULL;
    marker = memmem(data, len, MARKER, MARKER_LEN);
    if (!marker)
        return NULL;
    spec = marker + MARKER_LEN;
    rest = len - (size_t)(spec - (const char *)data);
    semicolon = memchr(spec, ';', rest);
    *terminated = semicolon != NULL;
    if (semicolon)
        *spec_len = (size_t)(semicolon - spec);
    else
        *spec_len = rest < FAULT_MAX_SPEC_LEN ? rest : FAULT_MAX_SPEC_LEN;
    return spec;
}
