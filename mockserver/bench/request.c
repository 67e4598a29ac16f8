/*
 * The requests that the bench sends: ordinary ones, and the worst bodies that
 * we could think of.
 *
 *     bench_request [-s BYTES] KIND [AUTHORIZATION]
 *     bench_request -l
 *
 * Prints a request as it travels. The body has BYTES, by default the 6 MiB that
 * one may have; some kinds have a size of their own. Nothing in it changes from
 * one call to the next. -l prints a line a kind: its name, the kind to compare
 * it with or "-", the code of the answer, what it is.
 */
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "bench_support.h"

enum { MAX_BODY = 6 * 1024 * 1024, N_PARTS = 64 /* as many as are read */ };

struct body {
    char *ptr;
    size_t len;
    size_t cap;
};

/* How a body is made. `fill` decides which of the others it uses. */
struct kind {
    const char *name;
    const char *like; /* the kind that it must not cost much more than */
    int code;
    const char *what;
    void (*fill)(struct body *body, const struct kind *kind);
    const char *boundary; /* NULL: JSON */
    const char *data;     /* what is repeated; NULL: random bytes */
    bool in_chunks;       /* of one byte each */
};

static void put(struct body *body, const char *text)
{
    size_t len = strlen(text);
    size_t space = body->cap - body->len;

    if (len > space)
        len = space;
    memcpy(body->ptr + body->len, text, len);
    body->len += len;
}

/* Bytes of one sequence, the same every time: xorshift64. */
static void put_random(struct body *body, size_t len)
{
    uint64_t x = UINT64_C(0x9e3779b97f4a7c15);

    for (; len > 0 && body->len < body->cap; len--) {
        x ^= x << 13;
        x ^= x >> 7;
        x ^= x << 17;
        body->ptr[body->len++] = (char)(x >> 56);
    }
}

/* Repeats a text until only `left` bytes are free. */
static void put_over_and_over(struct body *body, const char *text, size_t left)
{
    size_t len = strlen(text);

    while (body->len + left < body->cap) {
        size_t space = body->cap - left - body->len;
        size_t n = len < space ? len : space;

        memcpy(body->ptr + body->len, text, n);
        body->len += n;
    }
}

/* multipart */

static void put_part(struct body *body, const struct kind *kind,
                     const char *name, const char *value)
{
    put(body, "--");
    put(body, kind->boundary);
    put(body, "\r\nContent-Disposition: form-data; name=\"");
    put(body, name);
    put(body, "\"\r\n\r\n");
    put(body, value);
    put(body, "\r\n");
}

static void put_fields(struct body *body, const struct kind *kind)
{
    put_part(body, kind, "appid", "1000001");
    put_part(body, kind, "bucket", "test");
    put_part(body, kind, "validate_data", "1234");
    put_part(body, kind, "compare_flag", "false");
}

static void put_end(struct body *body, const struct kind *kind)
{
    put(body, "--");
    put(body, kind->boundary);
    put(body, "--\r\n");
}

/* A video as large as there is room for. */
static void fill_upload(struct body *body, const struct kind *kind)
{
    size_t end_len = strlen("\r\n----\r\n") + strlen(kind->boundary);

    put_fields(body, kind);
    put(body, "--");
    put(body, kind->boundary);
    put(body, "\r\nContent-Disposition: form-data; name=\"video\"; "
              "filename=\"video.mp4\"\r\nContent-Type: video/mp4\r\n\r\n");
    if (kind->data)
        put_over_and_over(body, kind->data, end_len);
    else if (body->len + end_len < body->cap)
        put_random(body, body->cap - end_len - body->len);
    put(body, "\r\n");
    put_end(body, kind);
}

/* As many parts of one byte as are read. */
static void fill_parts(struct body *body, const struct kind *kind)
{
    char name[16];

    put_fields(body, kind);
    put_part(body, kind, "video", "v");
    for (int i = 5; i < N_PARTS; i++) {
        snprintf(name, sizeof(name), "x%d", i);
        put_part(body, kind, name, "x");
    }
    put_end(body, kind);
}

/* A video that makes the body as long as that of fill_parts(). */
static void fill_like_parts(struct body *body, const struct kind *kind)
{
    fill_parts(body, kind);
    body->cap = body->len;
    body->len = 0;
    fill_upload(body, kind);
}

/* More parts of one byte than are read. */
static void fill_many_parts(struct body *body, const struct kind *kind)
{
    size_t before;
    size_t part_len = 0;

    put_fields(body, kind);
    do {
        before = body->len;
        put_part(body, kind, "x", "x");
        part_len = part_len == 0 ? body->len - before : part_len;
    } while (body->cap - body->len > 2 * part_len);
    put_end(body, kind);
}

/* JSON */

static void fill_url(struct body *body, const struct kind *kind)
{
    (void)kind;
    put(body, "{\"appid\":\"1000001\",\"bucket\":\"test\","
              "\"url\":\"http://h.example/p.jpg\"}");
}

/* A member `data` of what the kind repeats, closed or not. */
static void fill_open(struct body *body, const struct kind *kind)
{
    put(body, "{\"appid\":\"1000001\",\"data\":[");
    put_over_and_over(body, kind->data, 0);
}

static void fill_numbers(struct body *body, const struct kind *kind)
{
    put(body, "{\"appid\":\"1000001\",\"data\":[");
    put_over_and_over(body, kind->data, 3);
    put(body, "1]}");
}

/* A string member; an image is Base64 of whole groups of four. */
static void fill_string(struct body *body, const struct kind *kind)
{
    static const char begin[] = "{\"appid\":\"1000001\",\"bucket\":\"test\","
                                "\"image\":\"";
    size_t room = body->cap - sizeof(begin) - 2;

    put(body, begin);
    put_over_and_over(body, kind->data, body->cap - body->len - room / 12 * 12);
    put(body, "\"}");
}

#define BOUNDARY "------------------------d74496d66958873e" /* as curl's */
#define A23 "aaaaaaaaaaaaaaaaaaaaaaa"
#define A69 A23 A23 A23

static const struct kind kinds[] = {
    {"small", "-", 0, "livedetectpicture, JSON with a url", fill_url, NULL,
     NULL, false},
    {"upload", "-", 0, "livedetectfour, a video of random bytes", fill_upload,
     BOUNDARY, NULL, false},
    {"upload_small", "-", 0, "livedetectfour, as long as one_byte_parts",
     fill_like_parts, BOUNDARY, NULL, false},

    {"cr", "upload", 0, "a video of CR", fill_upload, BOUNDARY, "\r", false},
    {"lf", "upload", 0, "a video of LF", fill_upload, BOUNDARY, "\n", false},
    {"crlf", "upload", 0, "a video of CR LF", fill_upload, BOUNDARY, "\r\n",
     false},
    {"dashes", "upload", 0, "a video of CR LF - -", fill_upload, BOUNDARY,
     "\r\n--", false},
    {"partial_1", "upload", 0, "a boundary of 1, all but the last byte of it",
     fill_upload, "b", "\r\n--", false},
    {"partial_8", "upload", 0, "a boundary of 8, all but the last byte of it",
     fill_upload, "aaaaaaab", "\r\n--aaaaaaa", false},
    {"partial_70", "upload", 0, "a boundary of 70, all but the last byte of it",
     fill_upload, A69 "b", "\r\n--" A69, false},
    {"starts", "upload", 0, "a video of LF -", fill_upload, BOUNDARY, "\n-",
     false},
    {"false_1", "upload", 0, "a boundary of 1, and one byte too many",
     fill_upload, "b", "\r\n--bb", false},
    {"false_cr", "upload", 0, "a boundary of 1, and a CR without its LF",
     fill_upload, "b", "\r\n--b\r", false},
    {"ends_70", "upload", 0, "a boundary of 70 a, a video of a", fill_upload,
     A69 "a", "a", false},
    {"ends_8", "upload", 0, "a boundary of 8 a, a video of a", fill_upload,
     "aaaaaaaa", "a", false},
    {"one_byte_parts", "upload_small", 0, "64 parts of one byte", fill_parts,
     BOUNDARY, NULL, false},
    {"many_parts", "upload", 3, "one-byte parts, refused", fill_many_parts,
     BOUNDARY, NULL, false},
    {"json_numbers", "upload", 3, "JSON 1,1,1,..., refused", fill_numbers, NULL,
     "1,", false},
    {"json_nested", "upload", 3, "JSON [[[[..., refused", fill_open, NULL, "[",
     false},
    {"json_objects", "upload", 3, "JSON {\"a\":{\"a\":..., refused", fill_open,
     NULL, "{\"a\":", false},
    {"json_image", "upload", 0, "JSON, Base64 image", fill_string, NULL,
     "/9j/4AAQSkZJ", false},
    {"json_escapes", "upload", 0, "JSON, image of escapes \\u0041", fill_string,
     NULL, "\\u0041\\u0042", false},
    {"one_byte_chunks", "upload", 0, "chunks of one byte", fill_upload,
     BOUNDARY, NULL, true},
};

enum { N_KINDS = sizeof(kinds) / sizeof(kinds[0]) };

static const struct kind *find_kind(const char *name)
{
    for (size_t i = 0; i < N_KINDS; i++) {
        if (strcmp(kinds[i].name, name) == 0)
            return &kinds[i];
    }
    fprintf(stderr, "bench_request: unknown kind \"%s\", -l prints all\n",
            name);
    exit(2);
}

static void list_kinds(void)
{
    for (size_t i = 0; i < N_KINDS; i++)
        printf("%s\t%s\t%d\t%s\n", kinds[i].name, kinds[i].like, kinds[i].code,
               kinds[i].what);
}

static void print_head(const struct kind *kind, const char *authorization)
{
    printf("POST /face/%s HTTP/1.1\r\nHost: 127.0.0.1\r\n",
           kind->boundary ? "livedetectfour" : "livedetectpicture");
    if (authorization)
        printf("Authorization: %s\r\n", authorization);
    if (kind->boundary)
        printf("Content-Type: multipart/form-data; boundary=%s\r\n",
               kind->boundary);
    else
        printf("Content-Type: application/json\r\n");
}

static void print_request(const struct kind *kind, const char *authorization,
                          const struct body *body)
{
    print_head(kind, authorization);
    if (!kind->in_chunks) {
        printf("Content-Length: %zu\r\n\r\n", body->len);
        fwrite(body->ptr, 1, body->len, stdout);
        return;
    }
    printf("Transfer-Encoding: chunked\r\n\r\n");
    for (size_t i = 0; i < body->len; i++)
        printf("1\r\n%c\r\n", body->ptr[i]);
    printf("0\r\n\r\n");
}

int main(int argc, char **argv)
{
    struct body body = {.cap = MAX_BODY};
    const struct kind *kind;
    bool wants_list = false;
    int c;

    while ((c = getopt(argc, argv, "ls:")) != -1) {
        if (c == 'l')
            wants_list = true;
        else if (c == 's')
            body.cap = (size_t)bench_number(optarg, 1024, MAX_BODY);
        else
            optind = argc + 1;
    }
    if (wants_list && optind == argc) {
        list_kinds();
        return 0;
    }
    if (optind != argc - 1 && optind != argc - 2)
        bench_usage("[-s BYTES] KIND [AUTHORIZATION]\n       bench_request -l");
    kind = find_kind(argv[optind]);
    if (kind->in_chunks)
        body.cap = (body.cap - strlen("0\r\n\r\n")) / strlen("1\r\nx\r\n");
    body.ptr = malloc(body.cap);
    if (!body.ptr)
        bench_die("memory");
    kind->fill(&body, kind);
    print_request(kind, argv[optind + 1], &body);
    free(body.ptr);
    if (fflush(stdout) != 0 || ferror(stdout))
        bench_die("stdout");
    return 0;
}
