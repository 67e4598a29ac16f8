#include "http_request.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <criterion/criterion.h>
#include "support.h"

/* What a reading gave. */
struct reading {
    struct exchange *x;
    int result;
    const char *body;
    size_t body_len;
    const char *why;
};

static struct reading read_bytes(const char *data, size_t len)
{
    struct reading r = {.x = exchange_new()};

    cr_assert(r.x != NULL);
    r.result = http_request_read(r.x, data, len, &r.body, &r.body_len, &r.why);
    return r;
}

static struct reading read_text(const char *text)
{
    return read_bytes(text, strlen(text));
}

static void done(struct reading *r)
{
    exchange_free(r->x);
}

static void expect_body(const struct reading *r, const char *body)
{
    cr_expect(r->result == 0, "not read: %s", r->why ? r->why : "(null)");
    cr_expect(r->x->request.malformed == NULL, "malformed: %s",
              r->x->request.malformed);
    cr_expect(r->body_len == strlen(body) &&
                  !memcmp(r->body, body, r->body_len),
              "expected the body \"%s\", got \"%.*s\"", body, (int)r->body_len,
              r->body);
}

/* Read, and nothing odd about it. */
static void expect_clean(const struct reading *r, const char *body)
{
    expect_body(r, body);
    cr_expect(r->why == NULL, "unexpected warning: %s", r->why);
}

/* Read, with a warning that holds this text. */
static void expect_warning(const struct reading *r, const char *text)
{
    cr_expect(r->result == 0);
    cr_expect(r->why && strstr(r->why, text),
              "expected a warning with \"%s\", got \"%s\"", text,
              r->why ? r->why : "(null)");
}

static void expect_malformed(const char *input, const char *text)
{
    struct reading r = read_text(input);
    const char *malformed = r.x->request.malformed;

    cr_expect(r.result == 0, "%s: not read: %s", input, r.why);
    cr_expect(malformed && strstr(malformed, text),
              "%s: expected malformed \"%s\", got \"%s\"", input, text,
              malformed ? malformed : "(null)");
    cr_expect(r.body_len == 0, "%s: a body was taken", input);
    done(&r);
}

static void expect_unreadable(const char *data, size_t len, const char *text)
{
    struct reading r = read_bytes(data, len);

    cr_expect(r.result == -1, "%.*s: was read", (int)len, data);
    cr_expect(r.why && strstr(r.why, text), "expected \"%s\", got \"%s\"", text,
              r.why ? r.why : "(null)");
    done(&r);
}

#define UNREADABLE(input, text) expect_unreadable(input, strlen(input), text)

static const char *field_value(const struct reading *r, const char *name)
{
    for (const struct field *f = r->x->request.fields; f; f = f->next) {
        if (!strcmp(f->name, name))
            return f->value;
    }
    return NULL;
}

#define HEAD "POST /p HTTP/1.1\r\nHost: h\r\n"
#define CHUNKED HEAD "Transfer-Encoding: chunked\r\n\r\n"

Test(http_request, a_request_is_taken_apart, .timeout = 10)
{
    struct reading r = read_text("POST /face/x%41?y=1 HTTP/1.1\r\nHost: h\r\n"
                                 "content-length: 5\r\nX-Other: one two\r\n"
                                 "Authorization: sig\r\n\r\nhello");
    const struct request *q = &r.x->request;

    expect_clean(&r, "hello");
    cr_expect_str_eq(q->method, "POST");
    cr_expect_str_eq(q->target, "/face/x%41?y=1");
    cr_expect_str_eq(q->path, "/face/xA");
    cr_expect_str_eq(q->version, "HTTP/1.1");
    cr_expect_str_eq(q->host, "h");
    cr_expect_str_eq(q->authorization, "sig");
    cr_expect_eq(q->content_length, 5);
    cr_expect_str_eq(field_value(&r, "X-Other"), "one two");
    done(&r);
}

Test(http_request, strings_outlive_the_input, .timeout = 10)
{
    char *input = strdup("POST /p HTTP/1.1\r\nHost: somewhere\r\n\r\n");
    struct reading r = read_text(input);

    free(input);
    cr_expect_str_eq(r.x->request.method, "POST");
    cr_expect_str_eq(r.x->request.host, "somewhere");
    done(&r);
}

/* samples */

struct sample {
    const char *file;
    const char *path;
    const char *host;
    const char *content_type;
    size_t body_len;
    const char *warning; /* NULL: none */
};

static const struct sample samples[] = {
    {"livedetectfour", FOUR, "service.image.myqcloud.com",
     "multipart/form-data;boundary=--------------acebdf13572468", 722, NULL},
    {"livedetectpicture-image", PICTURE, "recognition.image.myqcloud.com",
     "multipart/form-data;boundary=--------------acebdf13572468", 296, NULL},
    {"livedetectpicture-url", PICTURE, "recognition.image.myqcloud.com",
     "\"application/json\"", 74, "more blanks than two"},
};

static char *load(const char *name, size_t *len)
{
    char path[128];
    char *data = malloc(1 << 16);
    FILE *f;

    snprintf(path, sizeof(path), "fixtures/samples/%s.request.http", name);
    f = fopen(path, "rb");
    cr_assert(f != NULL && data != NULL, "%s", path);
    *len = fread(data, 1, 1 << 16, f);
    fclose(f);
    return data;
}

Test(http_request, the_published_samples_are_read_whole, .timeout = 10)
{
    for (size_t i = 0; i < LENGTH(samples); i++) {
        const struct sample *s = &samples[i];
        size_t len;
        char *data = load(s->file, &len);
        struct reading r = read_bytes(data, len);

        cr_expect(r.result == 0 && !r.x->request.malformed, "%s", s->file);
        cr_expect_str_eq(r.x->request.path, s->path);
        cr_expect_str_eq(r.x->request.host, s->host);
        cr_expect_str_eq(r.x->request.content_type, s->content_type);
        cr_expect_eq(r.body_len, s->body_len, "%s: %zu", s->file, r.body_len);
        cr_expect(r.body + r.body_len == data + len, "%s: not its end",
                  s->file);
        if (s->warning)
            expect_warning(&r, s->warning);
        else
            cr_expect(r.why == NULL, "%s: %s", s->file, r.why);
        done(&r);
        free(data);
    }
}

Test(http_request, a_sample_cut_anywhere_is_never_taken_for_whole,
     .timeout = 10)
{
    size_t len;
    char *data = load("livedetectfour", &len);

    for (size_t cut = 0; cut < len; cut++) {
        /* A block of its own, so that ASan sees every byte past it. */
        char *start = malloc(cut + 1);

        memcpy(start, data, cut);
        start[cut] = '!';
        struct reading r = read_bytes(start, cut);
        cr_expect(r.why != NULL, "cut at %zu", cut);
        done(&r);
        free(start);
    }
    free(data);
}

/* the head */

Test(http_request, bare_lf_in_the_head_is_read_with_a_warning, .timeout = 10)
{
    struct reading r =
        read_text("POST /p HTTP/1.1\nHost: h\nContent-Length: 2\n\nab");

    expect_body(&r, "ab");
    cr_expect_str_eq(r.x->request.host, "h");
    expect_warning(&r, "LF");
    done(&r);
}

Test(http_request, bare_lf_in_the_content_is_its_own_affair, .timeout = 10)
{
    struct reading r = read_text(HEAD "Content-Length: 3\r\n\r\na\nb");

    expect_clean(&r, "a\nb");
    done(&r);
}

Test(http_request, blank_lines_before_the_request_are_skipped, .timeout = 10)
{
    struct reading r = read_text("\r\n\r\n" HEAD "\r\n");

    expect_clean(&r, "");
    cr_expect_str_eq(r.x->request.method, "POST");
    done(&r);
}

Test(http_request, blanks_around_a_value_are_trimmed, .timeout = 10)
{
    struct reading r = read_text("POST /p HTTP/1.1\r\nHost:\t h \t\r\n"
                                 "X-Empty:  \r\n\r\n");

    expect_clean(&r, "");
    cr_expect_str_eq(r.x->request.host, "h");
    cr_expect_str_eq(field_value(&r, "X-Empty"), "");
    done(&r);
}

/* A published sample has them there. */
Test(http_request, more_blanks_behind_the_method_are_a_warning, .timeout = 10)
{
    struct reading r = read_text("POST   /p HTTP/1.1\r\nHost: h\r\n\r\n");

    expect_body(&r, "");
    expect_warning(&r, "more blanks");
    cr_expect_str_eq(r.x->request.method, "POST");
    cr_expect_str_eq(r.x->request.target, "/p");
    cr_expect_str_eq(r.x->request.version, "HTTP/1.1");
    done(&r);
}

Test(http_request, blanks_elsewhere_in_the_request_line_are_refused,
     .timeout = 10)
{
    expect_malformed("POST /p  HTTP/1.1\r\nHost: h\r\n\r\n", "target");
    expect_malformed("POST \t/p HTTP/1.1\r\nHost: h\r\n\r\n", "target");
    UNREADABLE("POST /p HTTP/1.1 \r\nHost: h\r\n\r\n", "first line");
    UNREADABLE(" POST /p HTTP/1.1\r\nHost: h\r\n\r\n", "first line");
    UNREADABLE("POST  HTTP/1.1\r\nHost: h\r\n\r\n", "first line");
}

Test(http_request, a_host_that_is_none_is_malformed, .timeout = 10)
{
    static const char *const hosts[] = {"a b",  "a/b", "u:p@a", "a:b",
                                        "[::1", "a%2", "a\xe9"};

    for (size_t i = 0; i < LENGTH(hosts); i++) {
        char input[64];

        snprintf(input, sizeof(input), "POST /p HTTP/1.1\r\nHost: %s\r\n\r\n",
                 hosts[i]);
        expect_malformed(input, "Host is not a host");
    }
}

Test(http_request, chunked_in_version_1_0_is_malformed, .timeout = 10)
{
    expect_malformed("POST /p HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n"
                     "0\r\n\r\n",
                     "Transfer-Encoding in HTTP/1.0");
}

Test(http_request, the_user_of_a_target_is_left_out, .timeout = 10)
{
    static const struct {
        const char *sent, *kept;
        bool names_user;
    } cases[] = {
        {"http://u:pw@h/p?a@b", "http://h/p?a@b", true},
        {"https://u@h", "https://h", true},
        {"http://u:p@w@h/p", "http://h/p", true},
        {"ftp://u:pw@h/p", "ftp://h/p", true},
        {"u:pw@h:443", "h:443", true},
        {"http://h/p@q", "http://h/p@q", false},
        {"p?next=http://u@h/", "p?next=http://u@h/", false},
        {"/p@q", "/p@q", false},
        {"//u:pw@h/p", "//u:pw@h/p", false},
    };

    for (size_t i = 0; i < LENGTH(cases); i++) {
        char input[96];

        snprintf(input, sizeof(input), "POST %s HTTP/1.1\r\nHost: h\r\n\r\n",
                 cases[i].sent);
        struct reading r = read_text(input);

        cr_expect_str_eq(r.x->request.target, cases[i].kept);
        cr_expect_eq(r.x->request.names_user, cases[i].names_user, "%s",
                     cases[i].sent);
        done(&r);
    }
}

Test(http_request, a_user_and_nothing_else_is_no_target, .timeout = 10)
{
    expect_malformed("POST @ HTTP/1.1\r\nHost: h\r\n\r\n", "but a user");
    expect_malformed("POST u:pw@ HTTP/1.1\r\nHost: h\r\n\r\n", "but a user");
}

Test(http_request, a_folded_line_is_malformed, .timeout = 10)
{
    expect_malformed(HEAD "X-A: 1\r\n 2\r\n\r\n", "folding");
    expect_malformed(HEAD "X-A: 1\r\n\tX-B: 2\r\n\r\n", "folding");
    expect_malformed("POST /p HTTP/1.1\r\n Host: h\r\n\r\n", "folding");
}

Test(http_request, a_line_without_colon_is_malformed, .timeout = 10)
{
    expect_malformed(HEAD "nonsense\r\n\r\n", "colon");
}

Test(http_request, a_blank_before_the_colon_is_malformed, .timeout = 10)
{
    expect_malformed(HEAD "Content-Length : 1\r\n\r\nx", "bytes");
}

Test(http_request, a_field_without_name_is_malformed, .timeout = 10)
{
    expect_malformed(HEAD ": 1\r\n\r\n", "bytes");
}

Test(http_request, a_lone_cr_is_malformed, .timeout = 10)
{
    expect_malformed(HEAD "X-A: 1\rX-B: 2\r\n\r\n", "bytes");
}

Test(http_request, a_blank_in_the_target_is_malformed, .timeout = 10)
{
    expect_malformed("POST /a b HTTP/1.1\r\nHost: h\r\n\r\n", "target");
}

Test(http_request, a_nul_in_the_head_is_malformed, .timeout = 10)
{
    static const char value[] = HEAD "X-A: 1\0002\r\n\r\n";
    static const char name[] = HEAD "X\0A: 1\r\n\r\n";
    static const char target[] = "POST /a\0b HTTP/1.1\r\nHost: h\r\n\r\n";
    static const struct {
        const char *data;
        size_t len;
    } inputs[] = {
        {value, sizeof(value) - 1},
        {name, sizeof(name) - 1},
        {target, sizeof(target) - 1},
    };

    for (size_t i = 0; i < LENGTH(inputs); i++) {
        struct reading r = read_bytes(inputs[i].data, inputs[i].len);

        cr_expect(r.result == 0 && r.x->request.malformed, "input %zu", i);
        done(&r);
    }
}

Test(http_request, framing_that_must_be_refused_is_malformed, .timeout = 10)
{
    expect_malformed(HEAD "Content-Length: 1\r\nContent-Length: 1\r\n\r\nx",
                     "twice");
    expect_malformed(HEAD "Content-Length: 1\r\nTransfer-Encoding: chunked\r\n"
                          "\r\n0\r\n\r\n",
                     "both");
    expect_malformed(HEAD "Content-Length: -1\r\n\r\n", "length");
    expect_malformed(HEAD "Transfer-Encoding: gzip\r\n\r\n", "chunked");
    expect_malformed("POST /p HTTP/1.1\r\n\r\n", "Host");
}

Test(http_request, the_first_reason_is_kept, .timeout = 10)
{
    expect_malformed("POST /p HTTP/1.1\r\nnonsense\r\n folded\r\n\r\n",
                     "colon");
}

Test(http_request, a_malformed_head_is_still_read_to_its_end, .timeout = 10)
{
    struct reading r = read_text(HEAD "nonsense\r\nAuthorization: s\r\n\r\n");

    cr_expect_str_eq(r.x->request.authorization, "s");
    done(&r);
}

Test(http_request, what_is_no_request_line_is_unreadable, .timeout = 10)
{
    UNREADABLE("HTTP/1.1 200 OK\r\n\r\n", "first line");
    UNREADABLE("POST /p\r\n\r\n", "first line");
    UNREADABLE("POST  HTTP/1.1\r\n\r\n", "first line");
    UNREADABLE("POST\r\n\r\n", "first line");
    UNREADABLE("   \r\n\r\n", "first line");
    UNREADABLE("POST /p HTTP/2.0\r\n\r\n", "first line");
    UNREADABLE("POST /p HTTP/1.x\r\n\r\n", "first line");
    UNREADABLE("POST /p HTTP/1.11\r\n\r\n", "first line");
    UNREADABLE("PO,ST /p HTTP/1.1\r\n\r\n", "first line");
    UNREADABLE("{\"appid\":\"1000001\"}\n\n", "first line");
}

Test(http_request, input_that_ends_within_the_head_is_unreadable, .timeout = 10)
{
    UNREADABLE("", "request line");
    UNREADABLE("\r\n", "request line");
    UNREADABLE("POST /p HTTP/1.1", "request line");
    UNREADABLE("POST /p HTTP/1.1\r\n", "the head");
    UNREADABLE(HEAD, "the head");
    UNREADABLE(HEAD "X-A: 1", "the head");
}

Test(http_request, a_head_over_64_kib_is_unreadable, .timeout = 10)
{
    static const char start[] = HEAD "X-A: ", end[] = "\r\n\r\n";
    size_t rest = strlen(start) + strlen(end);

    for (int over = 0; over <= 1; over++) {
        size_t n = HTTP_REQUEST_MAX_HEAD - rest + (size_t)over;
        char *input = malloc(rest + n + 1);

        memcpy(input, start, strlen(start));
        memset(input + strlen(start), 'x', n);
        memcpy(input + strlen(start) + n, end, strlen(end));
        struct reading r = read_bytes(input, rest + n);
        cr_expect_eq(r.result, -over, "%zu bytes: %s", rest + n,
                     r.why ? r.why : "read");
        done(&r);
        free(input);
    }
}

Test(http_request, input_over_64_mib_is_unreadable, .timeout = 30)
{
    static const char head[] = HEAD "Content-Length: 67108864\r\n\r\n";
    size_t len = HTTP_REQUEST_MAX + 1;
    char *input = calloc(1, len);

    cr_assert(input != NULL);
    memcpy(input, head, strlen(head));
    expect_unreadable(input, len, "64 MiB");
    struct reading r = read_bytes(input, len - 1);
    cr_expect_eq(r.result, 0);
    done(&r);
    free(input);
}

/* content by its length */

Test(http_request, a_content_shorter_than_declared_is_a_warning, .timeout = 10)
{
    struct reading r = read_text(HEAD "Content-Length: 9\r\n\r\nhello");

    expect_body(&r, "hello");
    expect_warning(&r, "Content-Length is 9, but 5 bytes");
    done(&r);
}

Test(http_request, bytes_after_the_content_are_left_and_warned_of,
     .timeout = 10)
{
    struct reading r = read_text(HEAD "Content-Length: 3\r\n\r\nhello");

    expect_body(&r, "hel");
    expect_warning(&r, "2 bytes follow");
    done(&r);
}

Test(http_request, without_a_length_there_is_no_content, .timeout = 10)
{
    struct reading r = read_text(HEAD "\r\nhello");

    expect_body(&r, "");
    expect_warning(&r, "5 bytes follow");
    done(&r);
}

Test(http_request, warnings_share_one_line, .timeout = 10)
{
    struct reading r =
        read_text("POST  /p HTTP/1.1\nHost: h\nContent-Length: 9\n\nab");

    expect_warning(&r, "more blanks");
    expect_warning(&r, "LF");
    expect_warning(&r, "Content-Length is 9");
    cr_expect(strchr(r.why, '\n') == NULL);
    done(&r);
}

/* chunked coding */

Test(http_request, chunks_are_joined, .timeout = 10)
{
    struct reading r =
        read_text(CHUNKED "5\r\nhello\r\nA\r\n wonderful\r\n000\r\n\r\n");

    expect_clean(&r, "hello wonderful");
    cr_expect(r.x->request.chunked);
    done(&r);
}

Test(http_request, chunk_sizes_may_be_in_either_case, .timeout = 10)
{
    struct reading r = read_text(CHUNKED "a\r\n0123456789\r\nB\r\n01234567890"
                                         "\r\n0\r\n\r\n");

    expect_clean(&r, "012345678901234567890");
    done(&r);
}

Test(http_request, chunk_extensions_are_ignored, .timeout = 10)
{
    struct reading r = read_text(CHUNKED "2;a=b;c=\"x y\"\r\nhi\r\n1 ;q\r\n!"
                                         "\r\n0;last\r\n\r\n");

    expect_clean(&r, "hi!");
    done(&r);
}

Test(http_request, trailers_are_dropped, .timeout = 10)
{
    struct reading r = read_text(CHUNKED "2\r\nhi\r\n0\r\nAuthorization: late"
                                         "\r\nX-T: 1\r\n\r\n");

    expect_clean(&r, "hi");
    cr_expect(r.x->request.authorization == NULL);
    done(&r);
}

Test(http_request, a_chunked_content_may_hold_any_bytes, .timeout = 10)
{
    static const char input[] = CHUNKED "4\r\n\0\r\n0\r\n0\r\n\r\n";
    struct reading r = read_bytes(input, sizeof(input) - 1);

    cr_expect(r.why == NULL, "%s", r.why);
    cr_expect(r.body_len == 4 && !memcmp(r.body, "\0\r\n0", 4));
    done(&r);
}

Test(http_request, bare_lf_between_chunks_is_a_warning, .timeout = 10)
{
    struct reading r = read_text(CHUNKED "2\nhi\n0\n\n");

    expect_body(&r, "hi");
    expect_warning(&r, "chunked coding end with LF");
    done(&r);
}

Test(http_request, bare_lf_in_the_head_says_nothing_of_the_chunks,
     .timeout = 10)
{
    struct reading r = read_text("POST /p HTTP/1.1\nHost: h\n"
                                 "Transfer-Encoding: chunked\n\n"
                                 "2\r\nhi\r\n0\r\n\r\n");

    expect_body(&r, "hi");
    expect_warning(&r, "head end with LF");
    cr_expect(strstr(r.why, "chunked") == NULL, "%s", r.why);
    done(&r);
}

Test(http_request, bytes_after_the_last_chunk_are_warned_of, .timeout = 10)
{
    struct reading r = read_text(CHUNKED "2\r\nhi\r\n0\r\n\r\nmore");

    expect_body(&r, "hi");
    expect_warning(&r, "4 bytes follow");
    done(&r);
}

Test(http_request, a_bad_chunk_is_malformed, .timeout = 10)
{
    static const char *const chunks[] = {
        "x\r\nhi\r\n0\r\n\r\n",
        "\r\nhi\r\n0\r\n\r\n",
        "-2\r\nhi\r\n0\r\n\r\n",
        "0x2\r\nhi\r\n0\r\n\r\n",
        " 2\r\nhi\r\n0\r\n\r\n",
        "2 2\r\nhi\r\n0\r\n\r\n",
        "2;a\rb\r\nhi\r\n0\r\n\r\n",
        "2\r\nhi!\r\n0\r\n\r\n",
        "2\r\nhi0\r\n\r\n",
        "00000000000000002\r\nhi\r\n0\r\n\r\n",
        "10000000000000002\r\nhi\r\n0\r\n\r\n",
    };

    for (size_t i = 0; i < LENGTH(chunks); i++) {
        char input[200];
        snprintf(input, sizeof(input), CHUNKED "%s", chunks[i]);
        expect_malformed(input, "chunked coding");
    }
}

Test(http_request, a_size_beyond_the_input_takes_what_there_is, .timeout = 10)
{
    struct reading r = read_text(CHUNKED "ffffffffffffffff\r\nhi");

    expect_body(&r, "hi");
    expect_warning(&r, "before the last chunk");
    done(&r);
}

Test(http_request, chunks_cut_anywhere_give_a_start_and_a_warning,
     .timeout = 10)
{
    static const char input[] =
        CHUNKED "5;x\r\nhello\r\n3\r\nyou\r\n0\r\nT: 1\r\n\r\n";
    size_t head = strlen(CHUNKED), len = strlen(input);

    for (size_t cut = head; cut < len; cut++) {
        char *start = malloc(cut);

        memcpy(start, input, cut);
        struct reading r = read_bytes(start, cut);
        cr_expect(r.result == 0 && !r.x->request.malformed, "cut at %zu", cut);
        expect_warning(&r, "before the last chunk");
        cr_expect(r.body_len <= 8 && !memcmp(r.body, "helloyou", r.body_len),
                  "cut at %zu: %.*s", cut, (int)r.body_len, r.body);
        done(&r);
        free(start);
    }
}
