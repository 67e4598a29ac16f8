/*
 * soak_storm -p PORT -P PID [-n REQUESTS] [-s SEED] [-z] NAME
 *
 * Sends requests of mixed kinds over many connections, 1 % of them with each of
 * the transport faults, and expects of every one what its kind deserves. Then
 * everything is counted: what the server recorded must be what was sent. Which
 * kinds come, and how often, follows from the seed alone.
 *
 * After a fifth of them the connections are closed and the server's memory is
 * looked at; at the end again, and at its descriptors and its idle processor
 * time too.
 */
#include "soak.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>
#include "bench_support.h"

enum {
    WINDOW = 128,      /* exchanges at a time, without those below */
    SLOW_MAX = 1000,   /* that dribble or hang */
    HANGS_FOR = 50,    /* so many of those later, we leave */
    CLOSE_EVERY = 100, /* so many answers later, a connection is closed */
    CONNECTIONS = WINDOW + SLOW_MAX,
    SOURCES = 16, /* client addresses, for their port numbers */
    REPLY_CAP = 4096,
    STUCK_MS = 30000,
    UPLOAD_BYTES = 6 * 1024 * 1024 - 1024,
    FORM_BYTES = 3000,
    MEMORY_SLACK_KIB = 4096,
    MEMORY_FROM = 50000, /* requests; with fewer, buffers are still filling */
};

#define PICTURE "livedetectpicture"
#define FOUR "livedetectfour"
#define GETFOUR "livegetfour"

/* How an exchange ends, for us. */
enum ending {
    END_REPLY,       /* complete; the connection goes on */
    END_REPLY_CLOSE, /* complete, then closed */
    END_NO_BRACE,    /* complete; its JSON is not */
    END_NOTHING,     /* closed before a byte came */
    END_RESET,       /* reset before a byte came */
    END_NOISE,       /* something that is no HTTP, then closed */
    END_BAD_CHUNK,   /* a chunked reply that breaks off */
    END_SHORT,       /* closed before the reply was complete */
    END_SILENCE,     /* nothing at all; we leave */
};

enum shape { SHAPE_JSON, SHAPE_GETFOUR, SHAPE_FORM, SHAPE_UPLOAD, SHAPE_ADMIN };

struct kind {
    const char *name;
    unsigned per_10000;
    enum shape shape;
    enum soak_signature signature;
    bool chunked;
    bool expects; /* a 100, before its body goes out */
    const char *fault;
    enum ending ending;
    int status;
    const char *code; /* label of the metric; NULL: not recorded */
};

#define FAULT(fault_, shape_, ending_, status_)                                \
    {                                                                          \
        .name = fault_, .per_10000 = 100, .shape = shape_, .fault = fault_,    \
        .ending = ending_, .status = status_, .code = "0"                      \
    }

static const struct kind kinds[] = {
    FAULT("reset", SHAPE_JSON, END_RESET, 0),
    FAULT("reset_during_upload", SHAPE_FORM, END_RESET, 0),
    FAULT("empty_response", SHAPE_FORM, END_NOTHING, 0),
    FAULT("random_then_close", SHAPE_JSON, END_NOISE, 0),
    FAULT("malformed_chunk", SHAPE_JSON, END_BAD_CHUNK, 200),
    FAULT("truncated_body", SHAPE_FORM, END_SHORT, 200),
    FAULT("malformed_json", SHAPE_JSON, END_NO_BRACE, 200),
    FAULT("empty_body", SHAPE_FORM, END_REPLY, 200),
    FAULT("html_502", SHAPE_JSON, END_REPLY, 502),
    FAULT("dribble", SHAPE_JSON, END_REPLY, 200),
    FAULT("hang", SHAPE_GETFOUR, END_SILENCE, 0),
    {"upload", 5, SHAPE_UPLOAD, .status = 200, .code = "0"},
    {"form", 1000, SHAPE_FORM, .status = 200, .code = "0"},
    {"chunked", 500, SHAPE_FORM, .chunked = true, .status = 200, .code = "0"},
    {"expect", 300, SHAPE_FORM, .expects = true, .status = 200, .code = "0"},
    {"expect refused", 100, SHAPE_FORM, SOAK_FORGED, .expects = true,
     .ending = END_REPLY_CLOSE, .status = 200, .code = "14"},
    {"forged", 500, SHAPE_JSON, SOAK_FORGED, .status = 200, .code = "14"},
    {"unsigned", 300, SHAPE_FORM, SOAK_UNSIGNED, .status = 200, .code = "4"},
    {"admin", 200, SHAPE_ADMIN, .status = 200},
    {"getfour", 1000, SHAPE_GETFOUR, .status = 200, .code = "0"},
    {"json", 0 /* the rest */, SHAPE_JSON, .status = 200, .code = "0"},
};
enum { N_KINDS = sizeof(kinds) / sizeof(kinds[0]) };

/* What a kind sends. */
struct message {
    struct bytes bytes;
    size_t first_len; /* what goes out before a 100 comes; else all */
};

enum doing { DOING_NOTHING, DOING_SEND, DOING_AWAIT_100, DOING_READ };

struct connection {
    struct connection *next; /* in a queue */
    int fd;                  /* -1: none */
    const struct kind *kind;
    enum doing doing;
    size_t sent, got;
    unsigned n_answers;
    bool wants_write;
    char reply[REPLY_CAP + 1];
};

struct queue {
    struct connection *first, **end;
    size_t n;
};

static struct {
    struct message messages[N_KINDS];
    uint64_t n_begun_of[N_KINDS];
    struct connection connections[CONNECTIONS];
    struct queue idle, hanging;
    int epoll;
    size_t n_begun, n_done;
    size_t n_quick, n_slow; /* now */
    uint64_t n_connects;
    uint64_t n_bytes;
} storm;

/* queues */

static void put(struct queue *q, struct connection *c)
{
    c->next = NULL;
    *q->end = c;
    q->end = &c->next;
    q->n++;
}

static struct connection *take(struct queue *q)
{
    struct connection *c = q->first;

    if (!c)
        return NULL;
    q->first = c->next;
    if (!q->first)
        q->end = &q->first;
    q->n--;
    return c;
}

/* kinds */

static uint64_t mix(uint64_t z)
{
    /* splitmix64, Steele et al. 2014 */
    z += UINT64_C(0x9e3779b97f4a7c15);
    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return z ^ (z >> 31);
}

static size_t kind_of(uint64_t number)
{
    uint64_t at = mix(soak.seed * 1000003 + number) % 10000;
    size_t i = 0;

    while (i < N_KINDS - 1 && at >= kinds[i].per_10000)
        at -= kinds[i++].per_10000;
    return i;
}

static bool is_slow(const struct kind *k)
{
    return k->fault &&
           (!strcmp(k->fault, "dribble") || !strcmp(k->fault, "hang"));
}

static const char *endpoint_of(const struct kind *k)
{
    if (k->shape == SHAPE_JSON)
        return PICTURE;
    return k->shape == SHAPE_GETFOUR ? GETFOUR : FOUR;
}

static struct bytes body_of(const struct kind *k)
{
    struct bytes body = {0};

    if (k->shape == SHAPE_FORM)
        return soak_form_body(FORM_BYTES);
    if (k->shape == SHAPE_UPLOAD)
        return soak_form_body(UPLOAD_BYTES);
    bytes_text(&body, k->shape == SHAPE_GETFOUR ? "{\"appid\":\"1000001\"}"
                                                : soak_json_body);
    return body;
}

static void make_message(const struct kind *k, struct message *m)
{
    struct bytes body = body_of(k);
    bool is_form = k->shape == SHAPE_FORM || k->shape == SHAPE_UPLOAD;
    char *path = format("/face/%s", endpoint_of(k));
    char *fields = k->fault     ? format("X-Mock-Fault: %s\r\n", k->fault)
                   : k->expects ? format("Expect: 100-continue\r\n")
                                : format("%s", "");

    if (k->shape == SHAPE_ADMIN)
        bytes_text(&m->bytes, "GET /__admin/health HTTP/1.1\r\n"
                              "Host: 127.0.0.1\r\n\r\n");
    else
        m->bytes =
            soak_request(path, is_form ? soak_form_type : "application/json",
                         k->signature, fields, &body, k->chunked);
    m->first_len = m->bytes.len - (k->expects ? body.len : 0);
    bytes_release(&body);
    free(fields);
    free(path);
}

/* connections */

static void watch(struct connection *c, int operation)
{
    struct epoll_event event = {
        .events = EPOLLIN | (c->wants_write ? EPOLLOUT : 0),
        .data.ptr = c,
    };

    soak_expect(epoll_ctl(storm.epoll, operation, c->fd, &event) == 0,
                "epoll_ctl: %s", strerror(errno));
}

static void open_it(struct connection *c)
{
    struct sockaddr_in from = {
        .sin_family = AF_INET,
        .sin_addr.s_addr =
            htonl(INADDR_LOOPBACK + (uint32_t)(storm.n_connects % SOURCES)),
    };
    const int on = 1;

    c->fd = bench_socket();
    setsockopt(c->fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &on, sizeof(on));
    soak_expect(bind(c->fd, (struct sockaddr *)&from, sizeof(from)) == 0,
                "bind: %s", strerror(errno));
    soak_expect(bench_reach(c->fd, soak.port) == 0, "connect: %s",
                strerror(errno));
    soak_expect(fcntl(c->fd, F_SETFL, O_NONBLOCK) == 0, "fcntl: %s",
                strerror(errno));
    c->n_answers = 0;
    c->wants_write = false;
    watch(c, EPOLL_CTL_ADD);
    storm.n_connects++;
}

static void close_it(struct connection *c)
{
    if (c->fd >= 0)
        close(c->fd);
    c->fd = -1;
}

_Noreturn static void fail(const struct connection *c, const char *what)
{
    char *shown = printable(c->reply, c->got < 400 ? c->got : 400);

    soak_fail("request %zu, a \"%s\": %s; %zu bytes came: %s", storm.n_begun,
              c->kind->name, what, c->got, shown);
}

static void done(struct connection *c, bool goes_on)
{
    if (!goes_on || ++c->n_answers % CLOSE_EVERY == 0)
        close_it(c);
    if (is_slow(c->kind))
        storm.n_slow--;
    else
        storm.n_quick--;
    storm.n_done++;
    c->doing = DOING_NOTHING;
    put(&storm.idle, c);
}

/* replies */

/* Length of the whole reply if it is known, else 0. */
static size_t reply_len(const struct connection *c, size_t *head_len)
{
    static const char field[] = "\r\nContent-Length: ";
    const char *end = memmem(c->reply, c->got, "\r\n\r\n", 4);
    const char *length;

    if (!end)
        return 0;
    *head_len = (size_t)(end + 4 - c->reply);
    length = memmem(c->reply, *head_len, field, sizeof(field) - 1);
    return length ? *head_len + strtoul(length + sizeof(field) - 1, NULL, 10)
                  : 0;
}

static int status_of(const struct connection *c)
{
    return c->got > 12 && !strncmp(c->reply, "HTTP/1.1 ", 9)
               ? (int)strtol(c->reply + 9, NULL, 10)
               : 0;
}

/* Is the code in its body that of its kind? Faults have bodies of their own. */
static bool has_code(const struct connection *c, const char *body)
{
    static const char key[] = "\"code\":";
    const char *at = strstr(body, key);

    if (!c->kind->code ||
        (c->kind->fault && strcmp(c->kind->fault, "dribble") != 0))
        return true;
    return at && strtol(at + strlen(key), NULL, 10) ==
                     strtol(c->kind->code, NULL, 10);
}

static void on_complete(struct connection *c, size_t head_len)
{
    const struct kind *k = c->kind;
    bool has_brace = c->reply[c->got - 1] == '}';
    bool closes = memmem(c->reply, head_len, "\r\nConnection: close", 19);

    if (status_of(c) != k->status || !has_code(c, c->reply + head_len))
        fail(c, "another answer was due");
    if (k->ending != END_REPLY && k->ending != END_REPLY_CLOSE &&
        k->ending != END_NO_BRACE)
        fail(c, "no complete answer was due");
    if ((k->ending == END_NO_BRACE) == has_brace && k->shape == SHAPE_JSON &&
        k->status == 200)
        fail(c, "the JSON was to be otherwise");
    if ((k->ending == END_REPLY_CLOSE) != closes)
        fail(c, closes ? "it closes" : "it does not close");
    done(c, !closes);
}

/* The server has ended the connection, orderly or not. */
static void on_end(struct connection *c, bool is_reset)
{
    size_t head_len = 0;
    size_t len = reply_len(c, &head_len);

    switch (c->kind->ending) {
    case END_NOTHING:
        if (is_reset || c->got > 0)
            fail(c, "an orderly end was due");
        break;
    case END_RESET:
        if (!is_reset || c->got > 0)
            fail(c, "a reset was due");
        break;
    case END_NOISE:
        if (is_reset || c->got < 100 || status_of(c) != 0)
            fail(c, "noise was due");
        break;
    case END_BAD_CHUNK:
        if (is_reset || status_of(c) != c->kind->status || len > 0 ||
            !strstr(c->reply, "this is no chunk size"))
            fail(c, "a bad chunk was due");
        break;
    case END_SHORT:
        if (is_reset || status_of(c) != c->kind->status || c->got >= len)
            fail(c, "half of an answer was due");
        break;
    default:
        fail(c, is_reset ? "it was reset" : "it was closed");
    }
    done(c, false);
}

/* sending and reading */

static void send_more(struct connection *c)
{
    const struct message *m = &storm.messages[c->kind - kinds];
    size_t len = c->doing == DOING_SEND && c->kind->expects && c->got == 0 &&
                         c->sent < m->first_len
                     ? m->first_len
                     : m->bytes.len;
    bool wanted = c->wants_write;
    ssize_t n = 0;

    while (c->sent < len && n >= 0) {
        n = send(c->fd, m->bytes.data + c->sent, len - c->sent, MSG_NOSIGNAL);
        if (n > 0) {
            c->sent += (size_t)n;
            storm.n_bytes += (uint64_t)n;
        }
    }
    /* What is wrong with the connection, reading tells. */
    c->wants_write = c->sent < len && errno == EAGAIN;
    if (c->sent == len && c->doing == DOING_SEND)
        c->doing = len < m->bytes.len ? DOING_AWAIT_100 : DOING_READ;
    if (c->wants_write != wanted)
        watch(c, EPOLL_CTL_MOD);
}

/* An answer instead is one too. */
static bool took_100(struct connection *c)
{
    static const char go[] = "HTTP/1.1 100 Continue\r\n\r\n";

    if (c->doing != DOING_AWAIT_100)
        return false;
    if (c->got < sizeof(go) - 1)
        return true;
    c->doing = DOING_READ;
    if (memcmp(c->reply, go, sizeof(go) - 1) != 0)
        return false;
    if (c->kind->ending == END_REPLY_CLOSE)
        fail(c, "its body was asked for");
    c->got -= sizeof(go) - 1;
    memmove(c->reply, c->reply + sizeof(go) - 1, c->got);
    send_more(c);
    return c->got == 0;
}

static void read_more(struct connection *c)
{
    ssize_t n = recv(c->fd, c->reply + c->got, REPLY_CAP - c->got, 0);
    size_t head_len = 0;
    size_t len;

    if (n < 0 && (errno == EAGAIN || errno == EINTR))
        return;
    if (c->doing == DOING_NOTHING)
        soak_fail("an idle connection was %s", n > 0 ? "spoken on" : "closed");
    if (n <= 0) {
        on_end(c, n < 0);
        return;
    }
    if (c->kind->ending == END_SILENCE)
        fail(c, "silence was due");
    c->got += (size_t)n;
    c->reply[c->got] = '\0';
    if (took_100(c))
        return;
    len = reply_len(c, &head_len);
    if (len > 0 && c->got == len)
        on_complete(c, head_len);
    else if (c->got == REPLY_CAP || (len > 0 && c->got > len))
        fail(c, "too much came");
}

/* the load */

static void leave(void)
{
    struct connection *c = take(&storm.hanging);
    char byte;

    if (recv(c->fd, &byte, 1, MSG_PEEK) >= 0 || errno != EAGAIN)
        fail(c, "silence was due");
    done(c, false);
}

static void begin_one(size_t kind)
{
    struct connection *c = take(&storm.idle);

    soak_expect(c, "no connection is idle");
    c->kind = &kinds[kind];
    c->sent = 0;
    c->got = 0;
    c->doing = DOING_SEND;
    if (c->fd < 0)
        open_it(c);
    storm.n_begun++;
    storm.n_begun_of[kind]++;
    if (is_slow(c->kind))
        storm.n_slow++;
    else
        storm.n_quick++;
    if (c->kind->ending == END_SILENCE)
        put(&storm.hanging, c);
    send_more(c);
}

static void fill(size_t n)
{
    while (storm.n_begun < n && storm.n_quick < WINDOW) {
        size_t kind = kind_of(storm.n_begun);

        if (is_slow(&kinds[kind]) && storm.n_slow == SLOW_MAX)
            break;
        begin_one(kind);
        if (storm.hanging.n > HANGS_FOR)
            leave();
    }
}

static bool is_hanging_only(void)
{
    return storm.n_quick == 0 && storm.n_slow == storm.hanging.n;
}

/* Until `n` have begun in all, and all that begun are done. */
static void run_to(size_t n)
{
    struct epoll_event events[128];

    for (;;) {
        int n_events;

        fill(n);
        if (storm.n_begun == n && is_hanging_only())
            break;
        n_events = epoll_wait(storm.epoll, events, 128, STUCK_MS);
        soak_expect(n_events != 0, "stuck after %zu of %zu", storm.n_done, n);
        for (int i = 0; i < n_events; i++) {
            struct connection *c = events[i].data.ptr;

            if (events[i].events & EPOLLOUT)
                send_more(c);
            if (c->fd >= 0 &&
                (events[i].events & (EPOLLIN | EPOLLHUP | EPOLLERR)))
                read_more(c);
        }
    }
    while (storm.hanging.n > 0)
        leave();
    for (size_t i = 0; i < CONNECTIONS; i++)
        close_it(&storm.connections[i]);
}

/* counting */

/* Of one endpoint and code, as the metric's labels have them. */
static void expect_served(const struct bytes *metrics, const struct kind *like)
{
    char *series =
        format("mockserver_requests_total{endpoint=\"%s\",code=\"%s\"}",
               endpoint_of(like), like->code);
    uint64_t sent = 0, recorded = soak_metric_in(metrics, series);

    for (size_t i = 0; i < N_KINDS; i++) {
        if (kinds[i].code && like->code && !strcmp(kinds[i].code, like->code) &&
            !strcmp(endpoint_of(&kinds[i]), endpoint_of(like)))
            sent += storm.n_begun_of[i];
    }
    soak_expect(recorded == sent, "%s is %" PRIu64 ", of %" PRIu64 " sent",
                series, recorded, sent);
    free(series);
}

static void expect_fault(const struct bytes *metrics, size_t kind)
{
    char *series =
        format("mockserver_faults_total{fault=\"%s\",source=\"header\"}",
               kinds[kind].fault);
    uint64_t counted = soak_metric_in(metrics, series);

    soak_expect(counted == storm.n_begun_of[kind],
                "%s is %" PRIu64 ", of %" PRIu64 " sent", series, counted,
                storm.n_begun_of[kind]);
    free(series);
}

static uint64_t n_recorded_kinds(void)
{
    uint64_t n = 0;

    for (size_t i = 0; i < N_KINDS; i++)
        n += kinds[i].code ? storm.n_begun_of[i] : 0;
    return n;
}

/* The last to hang may be recorded a moment after we left. */
static struct bytes settled_metrics(uint64_t n)
{
    int64_t begun_ns = bench_now_ns();
    struct bytes metrics;

    do {
        metrics = soak_admin("GET", "metrics", "", 200);
        if (soak_metric_sum(&metrics, "mockserver_requests_total") >= n)
            break;
    } while (soak_again(begun_ns));
    return metrics;
}

static void expect_all_counted(void)
{
    uint64_t n = n_recorded_kinds();
    struct bytes metrics = settled_metrics(n);
    uint64_t kept = soak_metric_in(&metrics, "mockserver_journal_entries");
    uint64_t evicted =
        soak_metric_in(&metrics, "mockserver_journal_evicted_total");

    for (size_t i = 0; i < N_KINDS; i++) {
        if (kinds[i].code)
            expect_served(&metrics, &kinds[i]);
        if (kinds[i].fault)
            expect_fault(&metrics, i);
    }
    soak_expect(soak_metric_sum(&metrics, "mockserver_requests_total") == n,
                "%" PRIu64 " recorded, of %" PRIu64 " sent",
                soak_metric_sum(&metrics, "mockserver_requests_total"), n);
    soak_expect(kept + evicted == n,
                "the journal has %" PRIu64 " and dropped %" PRIu64
                ", of %" PRIu64,
                kept, evicted, n);
    bytes_release(&metrics);
}

static void set_up(void)
{
    storm.idle.end = &storm.idle.first;
    storm.hanging.end = &storm.hanging.first;
    storm.epoll = epoll_create1(EPOLL_CLOEXEC);
    soak_expect(storm.epoll >= 0, "epoll_create1: %s", strerror(errno));
    for (size_t i = 0; i < N_KINDS; i++)
        make_message(&kinds[i], &storm.messages[i]);
    for (size_t i = 0; i < CONNECTIONS; i++) {
        storm.connections[i].fd = -1;
        put(&storm.idle, &storm.connections[i]);
    }
}

int main(int argc, char **argv)
{
    size_t fds_before, fds_after;
    long rss_early, rss_late;
    int64_t begun_ns;
    double seconds, idle_ms;

    soak_begin(argc, argv);
    set_up();
    fds_before = soak_descriptors();
    begun_ns = bench_now_ns();
    run_to(soak.n / 5);
    soak_await_descriptors(fds_before);
    rss_early = soak_rss_kib();
    run_to(soak.n);
    seconds = (double)(bench_now_ns() - begun_ns) / 1e9;
    expect_all_counted();
    soak_await_descriptors(fds_before);
    fds_after = soak_descriptors();
    rss_late = soak_rss_kib();
    soak_expect(soak.is_sanitized || soak.n < MEMORY_FROM ||
                    rss_late <= rss_early + MEMORY_SLACK_KIB,
                "resident memory grew from %ld to %ld KiB", rss_early,
                rss_late);
    idle_ms = soak_expect_idle("idle");
    soak_ok("%zu requests, %" PRIu64 " connections, %.1f MB sent in %.1f s; "
            "resident %ld KiB after a fifth, %ld at the end, %ld at the most; "
            "descriptors %zu before, %zu after; idle, %.2f ms CPU of a second",
            storm.n_done, storm.n_connects, (double)storm.n_bytes / 1e6,
            seconds, rss_early, rss_late, soak_peak_rss_kib(), fds_before,
            fds_after, idle_ms);
}
