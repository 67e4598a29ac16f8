#include "http_request.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include "request.h"
#include "text.h"

/* What is being read; `why` gathers the warnings. */
struct reader {
    struct exchange *x;
    const char *next;
    const char *end;
    const char *why;
    bool has_bare_lf;
    bool is_broken; /* memory ran out */
};

struct line {
    const char *ptr;
    size_t len; /* without the line end */
};

static void __attribute__((format(printf, 2, 3)))
warn(struct reader *r, const char *fmt, ...)
{
    char text[160];
    va_list ap;

    va_start(ap, fmt);
    vsnprintf(text, sizeof(text), fmt, ap);
    va_end(ap);
    r->why = arena_printf(&r->x->arena, "%s%s%s", r->why ? r->why : "",
                          r->why ? "; " : "", text);
    if (!r->why)
        r->is_broken = true;
}

static void refuse(struct reader *r, const char *why)
{
    if (!r->x->request.malformed)
        r->x->request.malformed = why;
}

/* Takes the next line; false when no line ends before the input does. */
static bool take_line(struct reader *r, struct line *line)
{
    size_t left = (size_t)(r->end - r->next);
    const char *lf = left > 0 ? memchr(r->next, '\n', left) : NULL;

    if (!lf)
        return false;
    line->ptr = r->next;
    line->len = (size_t)(lf - r->next);
    r->next = lf + 1;
    if (line->len > 0 && line->ptr[line->len - 1] == '\r')
        line->len--;
    else
        r->has_bare_lf = true;
    return true;
}

static const char *copy(struct reader *r, struct line text)
{
    char *s = arena_memdup0(&r->x->arena, text.ptr, text.len);

    if (!s)
        r->is_broken = true;
    return s;
}

/* the request line */

/* RFC 9112 section 2.3, of the one major version that this server speaks. */
static bool is_version(struct line word)
{
    return word.len == 8 && !memcmp(word.ptr, "HTTP/1.", 7) &&
           word.ptr[7] >= '0' && word.ptr[7] <= '9';
}

static void hand_over_line(struct reader *r, struct line method,
                           struct line target, struct line version)
{
    const char *m = copy(r, method);
    const char *t = copy(r, target);
    const char *v = copy(r, version);

    if (!r->is_broken &&
        (request_take_target(r->x, t) < 0 || request_take_line(r->x, m, v) < 0))
        r->is_broken = true;
}

/*
 * What lies between the first word and the last is the target, so that a
 * blank in it, a common slip, is refused as what it is. Returns false when
 * this is no request line.
 */
static bool take_request_line(struct reader *r, struct line line)
{
    struct line method = {line.ptr, 0}, target, version;
    const char *end = line.ptr + line.len;

    while (method.len < line.len && line.ptr[method.len] != ' ')
        method.len++;
    version = (struct line){end, 0};
    while (version.len < line.len - method.len && version.ptr[-1] != ' ') {
        version.ptr--;
        version.len++;
    }
    target.ptr = method.ptr + method.len;
    while (target.ptr < version.ptr && *target.ptr == ' ')
        target.ptr++;
    /* Without the blank before the version. */
    target.len = (size_t)(version.ptr - target.ptr);
    if (!text_is_token(method.ptr, method.len) || !is_version(version) ||
        target.len <= 1)
        return false;
    target.len--;
    if (memchr(target.ptr, '\0', target.len))
        refuse(r, "the request target holds bytes that it must not");
    else if (target.ptr - method.ptr - (ptrdiff_t)method.len > 1)
        warn(r, "the request line has more blanks than two");
    hand_over_line(r, method, target, version);
    return true;
}

/* the fields */

static void take_field(struct reader *r, struct line line)
{
    const char *colon = memchr(line.ptr, ':', line.len);
    struct line name = line, value;

    if (line.ptr[0] == ' ' || line.ptr[0] == '\t') {
        refuse(r, "a header line begins with a blank: folding is obsolete");
        return;
    }
    if (!colon) {
        refuse(r, "a header line has no colon");
        return;
    }
    name.len = (size_t)(colon - line.ptr);
    value.ptr = colon + 1;
    value.len = line.len - name.len - 1;
    text_trim(&value.ptr, &value.len);
    name.ptr = copy(r, name);
    value.ptr = copy(r, value);
    if (!r->is_broken &&
        request_take_field(r->x, name.ptr, name.len, value.ptr, value.len) < 0)
        r->is_broken = true;
}

/* Reads up to the blank line that ends the head. Returns NULL, or why it is
 * none. */
static const char *read_head(struct reader *r)
{
    const char *start;
    struct line line;

    /* RFC 9112 section 2.2: a server ignores empty lines before a request. */
    do {
        start = r->next;
        if (!take_line(r, &line))
            return "the input ends within the request line";
    } while (line.len == 0);
    if (!take_request_line(r, line))
        return "the first line is not METHOD TARGET HTTP/1.1";
    for (;;) {
        if (!take_line(r, &line))
            return "the input ends within the head";
        if (r->next - start > HTTP_REQUEST_MAX_HEAD)
            return "the head is over 64 KiB, more than the server takes";
        if (line.len == 0)
            break;
        take_field(r, line);
    }
    if (r->has_bare_lf)
        warn(r, "lines of the head end with LF, not with CR LF");
    request_finish_head(r->x);
    return NULL;
}

/* the content */

static int hex_value(char c)
{
    char low = text_lower(c);

    if (low >= '0' && low <= '9')
        return low - '0';
    return low >= 'a' && low <= 'f' ? low - 'a' + 10 : -1;
}

/* A chunk's size and, unread, its extensions (RFC 9112 section 7.1). */
static bool parse_chunk_size(struct line line, uint64_t *size)
{
    size_t n = 0;

    *size = 0;
    while (n < line.len && hex_value(line.ptr[n]) >= 0) {
        if (n == 16)
            return false;
        *size = *size << 4 | (uint64_t)hex_value(line.ptr[n++]);
    }
    line.ptr += n;
    line.len -= n;
    text_trim(&line.ptr, &line.len);
    if (n == 0 || (line.len > 0 && line.ptr[0] != ';'))
        return false;
    for (size_t i = 0; i < line.len; i++) {
        unsigned char c = (unsigned char)line.ptr[i];

        if ((c < ' ' && c != '\t') || c == 0x7f)
            return false;
    }
    return true;
}

/* Lines that follow the last chunk, up to an empty one. They are not used:
 * none of the service's fields may come so late. */
static bool skip_trailers(struct reader *r)
{
    struct line line;

    do {
        if (!take_line(r, &line))
            return false;
    } while (line.len > 0);
    return true;
}

enum chunk { CHUNK_DATA, CHUNK_LAST, CHUNK_CUT, CHUNK_BAD };

/* Takes one chunk; of one that is cut short what there is. */
static enum chunk take_chunk(struct reader *r, struct line *data)
{
    struct line line;
    uint64_t size;

    *data = (struct line){r->next, 0};
    if (!take_line(r, &line))
        return CHUNK_CUT;
    if (!parse_chunk_size(line, &size))
        return CHUNK_BAD;
    if (size == 0)
        return skip_trailers(r) ? CHUNK_LAST : CHUNK_CUT;
    data->ptr = r->next;
    data->len = (size_t)(r->end - r->next);
    if (size < data->len)
        data->len = (size_t)size;
    r->next += data->len;
    if (!take_line(r, &line))
        return CHUNK_CUT;
    return line.len == 0 ? CHUNK_DATA : CHUNK_BAD;
}

static void read_chunked(struct reader *r, const char **body, size_t *body_len)
{
    /* The decoded bytes are fewer than those that carry them. */
    char *out = arena_alloc(&r->x->arena, (size_t)(r->end - r->next) + 1);
    enum chunk chunk = CHUNK_DATA;
    struct line data;

    if (!out) {
        r->is_broken = true;
        return;
    }
    *body = out;
    r->has_bare_lf = false;
    while (chunk == CHUNK_DATA) {
        chunk = take_chunk(r, &data);
        memcpy(out + *body_len, data.ptr, data.len);
        *body_len += data.len;
    }
    if (chunk == CHUNK_BAD) {
        refuse(r, "the chunked coding is malformed");
        return;
    }
    if (r->has_bare_lf)
        warn(r, "lines of the chunked coding end with LF, not with CR LF");
    if (chunk == CHUNK_CUT)
        warn(r, "the input ends before the last chunk does");
}

static void read_content(struct reader *r, const char **body, size_t *body_len)
{
    int64_t length = r->x->request.content_length;
    uint64_t declared = length > 0 ? (uint64_t)length : 0; /* RFC 9112 6.3 */
    size_t left = (size_t)(r->end - r->next);

    *body = r->next;
    if (declared > left)
        warn(r, "Content-Length is %llu, but %zu bytes follow the head",
             (unsigned long long)declared, left);
    else
        left = (size_t)declared;
    *body_len = left;
    r->next += left;
}

int http_request_read(struct exchange *x, const char *data, size_t len,
                      const char **body, size_t *body_len, const char **why)
{
    struct reader r = {.x = x, .next = data, .end = data + len};
    const char *problem;

    *body = "";
    *body_len = 0;
    *why = NULL;
    problem =
        len > HTTP_REQUEST_MAX ? "the input is over 64 MiB" : read_head(&r);
    if (!problem && !x->request.malformed) {
        if (x->request.chunked)
            read_chunked(&r, body, body_len);
        else
            read_content(&r, body, body_len);
    }
    if (x->request.malformed) {
        *body = "";
        *body_len = 0;
    } else if (!problem && r.next < r.end) {
        warn(&r, "%zu bytes follow the request", (size_t)(r.end - r.next));
    }
    if (r.is_broken)
        problem = "out of memory";
    *why = problem ? problem : r.why;
    return problem ? -1 : 0;
}
