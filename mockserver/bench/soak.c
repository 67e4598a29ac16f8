#include "soak.h"

#include <dirent.h>
#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>
#include "bench_support.h"
#include "signer.h"

enum {
    IO_TIMEOUT_S = 30,
    AWAIT_S = 30,
    AGAIN_MS = 5,
    REPLY_CAP = 64 * 1024,
    SIGNED_FOR_S = 3600,
    IDLE_MS = 10, /* of processor time in a second without work */
};

struct soak soak;

#define BOUNDARY "----------acebdf13572468"
const char soak_form_type[] = "multipart/form-data; boundary=" BOUNDARY;
const char soak_json_body[] =
    "{\"appid\":\"1000001\",\"url\":\"http://h.example/p.jpg\"}";

/* the program */

static const char usage[] = "-p PORT -P PID [-n N] [-s SEED] [-z] NAME";

void soak_begin(int argc, char **argv)
{
    struct rlimit files;
    int c;

    soak = (struct soak){.n = 1000, .seed = 1};
    while ((c = getopt(argc, argv, "p:P:n:s:z")) != -1) {
        if (c == 'p')
            soak.port = (uint16_t)bench_number(optarg, 1, UINT16_MAX);
        else if (c == 'P')
            soak.pid = (pid_t)bench_number(optarg, 1, INT_MAX);
        else if (c == 'n')
            soak.n = (size_t)bench_number(optarg, 1, LONG_MAX);
        else if (c == 's')
            soak.seed = (uint64_t)bench_number(optarg, 0, LONG_MAX);
        else if (c == 'z')
            soak.is_sanitized = true;
        else
            bench_usage(usage);
    }
    if (optind != argc - 1 || soak.port == 0 || soak.pid == 0)
        bench_usage(usage);
    soak.name = argv[optind];
    getrlimit(RLIMIT_NOFILE, &files);
    files.rlim_cur = files.rlim_max;
    setrlimit(RLIMIT_NOFILE, &files);
}

_Noreturn static void say_and_exit(const char *result, int status,
                                   const char *fmt, va_list ap)
    __attribute__((format(printf, 3, 0)));

_Noreturn static void say_and_exit(const char *result, int status,
                                   const char *fmt, va_list ap)
{
    printf("%s %s: ", result, soak.name);
    vprintf(fmt, ap);
    printf("\n");
    exit(status);
}

void soak_fail(const char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    say_and_exit("not ok", 1, fmt, ap);
}

void soak_ok(const char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    say_and_exit("ok", 0, fmt, ap);
}

bool soak_again(int64_t begun_ns)
{
    const struct timespec soon = {.tv_nsec = AGAIN_MS * 1000000L};

    if (bench_now_ns() - begun_ns > AWAIT_S * INT64_C(1000000000))
        return false;
    nanosleep(&soon, NULL);
    return true;
}

/* connections */

int soak_connect(void)
{
    const struct timeval limit = {.tv_sec = IO_TIMEOUT_S};
    int fd = bench_socket();

    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
    setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof(limit));
    soak_expect(bench_reach(fd, soak.port) == 0, "connect: %s",
                strerror(errno));
    return fd;
}

bool soak_send(int fd, const void *data, size_t len)
{
    const char *p = data;

    while (len > 0) {
        ssize_t n = send(fd, p, len, MSG_NOSIGNAL);

        if (n <= 0)
            return false;
        p += n;
        len -= (size_t)n;
    }
    return true;
}

/* Reads until `reply` holds a whole reply, no byte of the next. */
static int read_reply(int fd, struct bytes *reply, size_t *head_len)
{
    static const char field[] = "Content-Length: ";
    const char *end = NULL, *length;
    size_t whole = 0;

    for (;;) {
        size_t want = end ? whole - reply->len : 1;
        ssize_t n;

        if (end && want == 0)
            return (int)strtol(reply->data + strlen("HTTP/1.1 "), NULL, 10);
        bytes_reserve(reply, want);
        n = recv(fd, reply->data + reply->len, want, 0);
        if (n == 0 && reply->len == 0)
            return 0;
        if (n <= 0 || reply->len > REPLY_CAP)
            return -1;
        reply->len += (size_t)n;
        reply->data[reply->len] = '\0';
        if (end || reply->len < 4 ||
            memcmp(reply->data + reply->len - 4, "\r\n\r\n", 4) != 0)
            continue;
        end = reply->data + reply->len;
        length = strstr(reply->data, field);
        if (!length || strncmp(reply->data, "HTTP/1.1 ", 9) != 0)
            return -1;
        *head_len = reply->len;
        whole = reply->len + strtoul(length + strlen(field), NULL, 10);
    }
}

int soak_read(int fd, int *code)
{
    static const char key[] = "\"code\":";
    struct bytes reply = {0};
    size_t head_len = 0;
    int status = read_reply(fd, &reply, &head_len);
    const char *at = status > 0 ? strstr(reply.data + head_len, key) : NULL;

    if (code)
        *code = at ? (int)strtol(at + strlen(key), NULL, 10) : INT32_MIN;
    bytes_release(&reply);
    return status;
}

void soak_reset(int fd)
{
    const struct linger now = {.l_onoff = 1};

    setsockopt(fd, SOL_SOCKET, SO_LINGER, &now, sizeof(now));
    close(fd);
}

/* requests */

static char *signature_of(enum soak_signature kind)
{
    const long long now = (long long)time(NULL);
    char *text = format("a=1000001&b=test&k=AKIDdemo1000001&e=%lld&t=%lld&"
                        "r=%" PRIu64 "&u=0&f=",
                        now + SIGNED_FOR_S, now, soak.seed);
    char *value = sign_text(
        kind == SOAK_FORGED ? "another key" : "demo-key-of-1000001", text);

    free(text);
    return value;
}

static void add_body(struct bytes *b, const struct bytes *body, bool chunked)
{
    size_t half = body->len / 2;

    if (!chunked) {
        bytes_format(b, "Content-Length: %zu\r\n\r\n", body->len);
        bytes_add(b, body->data, body->len);
        return;
    }
    bytes_format(b, "Transfer-Encoding: chunked\r\n\r\n%zx\r\n", half);
    bytes_add(b, body->data, half);
    bytes_format(b, "\r\n%zx\r\n", body->len - half);
    bytes_add(b, body->data + half, body->len - half);
    bytes_text(b, "\r\n0\r\n\r\n");
}

struct bytes soak_request(const char *path, const char *type,
                          enum soak_signature signature, const char *fields,
                          const struct bytes *body, bool chunked)
{
    struct bytes b = {0};

    bytes_format(&b, "POST %s HTTP/1.1\r\nHost: 127.0.0.1\r\n", path);
    if (signature != SOAK_UNSIGNED) {
        char *value = signature_of(signature);

        bytes_format(&b, "Authorization: %s\r\n", value);
        free(value);
    }
    bytes_format(&b, "Content-Type: %s\r\n%s", type, fields);
    add_body(&b, body, chunked);
    return b;
}

struct bytes soak_json(const char *fields)
{
    struct bytes body = {0}, b;

    bytes_text(&body, soak_json_body);
    b = soak_request("/face/livedetectpicture", "application/json", SOAK_SIGNED,
                     fields, &body, false);
    bytes_release(&body);
    return b;
}

struct bytes soak_form_body(size_t video_len)
{
    static const char *const fields[][2] = {
        {"appid", "1000001"},
        {"bucket", "test"},
        {"validate_data", "1234"},
        {"compare_flag", "false"},
    };
    struct bytes b = {0};

    for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++)
        bytes_format(&b,
                     "--" BOUNDARY "\r\nContent-Disposition: form-data; "
                     "name=\"%s\"\r\n\r\n%s\r\n",
                     fields[i][0], fields[i][1]);
    bytes_text(&b, "--" BOUNDARY "\r\nContent-Disposition: form-data; "
                   "name=\"video\"; filename=\"v.mp4\"\r\n\r\n");
    bytes_fill(&b, 'v', video_len);
    bytes_text(&b, "\r\n--" BOUNDARY "--\r\n");
    return b;
}

struct bytes soak_form(size_t video_len, const char *fields, bool chunked)
{
    struct bytes body = soak_form_body(video_len);
    struct bytes b = soak_request("/face/livedetectfour", soak_form_type,
                                  SOAK_SIGNED, fields, &body, chunked);

    bytes_release(&body);
    return b;
}

void soak_expect_alive(void)
{
    struct bytes request = soak_json("");
    int fd = soak_connect();
    int status, code;

    soak_expect(soak_send(fd, request.data, request.len),
                "a good request is not taken: %s", strerror(errno));
    status = soak_read(fd, &code);
    soak_expect(status == 200 && code == 0,
                "a good request is answered with status %d, code %d", status,
                code);
    close(fd);
    bytes_release(&request);
}

/* the admin API */

struct bytes soak_admin(const char *method, const char *path, const char *body,
                        int status)
{
    struct bytes b = {0};
    size_t head_len = 0;
    int fd = soak_connect();
    int got;

    bytes_format(&b,
                 "%s /__admin/%s HTTP/1.1\r\nHost: 127.0.0.1\r\n"
                 "Content-Length: %zu\r\n\r\n%s",
                 method, path, strlen(body), body);
    soak_expect(soak_send(fd, b.data, b.len), "%s %s: %s", method, path,
                strerror(errno));
    bytes_drop_front(&b, b.len);
    got = read_reply(fd, &b, &head_len);
    soak_expect(got == status, "%s %s: status %d, expected %d", method, path,
                got, status);
    bytes_drop_front(&b, head_len);
    close(fd);
    return b;
}

uint64_t soak_metric_in(const struct bytes *metrics, const char *series)
{
    size_t len = strlen(series);
    const char *line = metrics->data;

    while (line) {
        if (strncmp(line, series, len) == 0 && line[len] == ' ')
            return strtoull(line + len, NULL, 10);
        line = strchr(line, '\n');
        line = line ? line + 1 : NULL;
    }
    return 0;
}

uint64_t soak_metric_sum(const struct bytes *metrics, const char *name)
{
    size_t len = strlen(name);
    const char *line = metrics->data;
    uint64_t sum = 0;

    while (line) {
        const char *end = strchr(line, '\n');

        if (strncmp(line, name, len) == 0 && line[len] == '{' && end) {
            const char *value = memrchr(line, ' ', (size_t)(end - line));

            sum += strtoull(value, NULL, 10);
        }
        line = end ? end + 1 : NULL;
    }
    return sum;
}

uint64_t soak_metric(const char *series)
{
    struct bytes metrics = soak_admin("GET", "metrics", "", 200);
    uint64_t value = soak_metric_in(&metrics, series);

    bytes_release(&metrics);
    return value;
}

void soak_await_metric(const char *series, uint64_t value)
{
    int64_t begun_ns = bench_now_ns();
    uint64_t now;

    while ((now = soak_metric(series)) != value)
        soak_expect(soak_again(begun_ns),
                    "%s is %" PRIu64 ", expected %" PRIu64, series, now, value);
}

/* the server's process */

size_t soak_descriptors(void)
{
    char *path = format("/proc/%ld/fd", (long)soak.pid);
    DIR *dir = opendir(path);
    size_t n = 0;

    soak_expect(dir, "%s: %s", path, strerror(errno));
    for (const struct dirent *e; (e = readdir(dir));)
        n += e->d_name[0] != '.';
    closedir(dir);
    free(path);
    return n;
}

void soak_await_descriptors(size_t n)
{
    int64_t begun_ns = bench_now_ns();
    size_t now;

    while ((now = soak_descriptors()) > n)
        soak_expect(soak_again(begun_ns),
                    "%zu descriptors, of which there should be %zu", now, n);
}

static long status_kib(const char *key)
{
    char *path = format("/proc/%ld/status", (long)soak.pid);
    FILE *f = fopen(path, "r");
    char line[256];
    long kib = -1;

    soak_expect(f, "%s: %s", path, strerror(errno));
    while (kib < 0 && fgets(line, sizeof(line), f)) {
        if (strncmp(line, key, strlen(key)) == 0)
            kib = strtol(line + strlen(key), NULL, 10);
    }
    fclose(f);
    free(path);
    return kib;
}

long soak_rss_kib(void)
{
    return status_kib("VmRSS:");
}

long soak_peak_rss_kib(void)
{
    return status_kib("VmHWM:");
}

double soak_expect_idle(const char *when)
{
    const struct timespec second = {.tv_sec = 1};
    int64_t before_ns = bench_cpu_ns(soak.pid);
    double ms;

    nanosleep(&second, NULL);
    ms = (double)(bench_cpu_ns(soak.pid) - before_ns) / 1e6;
    soak_expect(soak.is_sanitized || ms < IDLE_MS,
                "%s, it takes %.1f ms of a second", when, ms);
    return ms;
}
