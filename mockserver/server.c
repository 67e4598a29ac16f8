#include "server.h"

#include <errno.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>
#include <gnutls/gnutls.h>
#include <microhttpd.h>
#include "admin_guard.h"
#include "front.h"
#include "listen.h"
#include "mutants.h"
#include "proxy.h"
#include "request.h"
#include "timers.h"
#include "tunnel.h"
#include "watch.h"

enum {
    PORTS = 2,        /* --port and --https-port */
    LEAVING_MAX = 16, /* connections that make way, not yet closed */
};

/* A socket on its way to the library. */
struct arrival {
    int fd;
    bool tunnelled; /* it came by CONNECT */
};

struct arrivals {
    struct arrival *list;
    size_t n, cap;
};

/* Of GnuTLS, with which Debian builds the library. */
#define TLS_PRIORITIES "NORMAL:-VERS-ALL:+VERS-TLS1.3:+VERS-TLS1.2"

struct server {
    const struct pipeline *pipeline;
    const struct admin *admin; /* NULL: no admin API */
    struct tls *tls;
    unsigned threads;
    struct bounds bounds; /* with the connections that are really taken */
    struct front *front;
    struct MHD_Daemon *plain;
    struct MHD_Daemon *encrypted; /* NULL until the first TLS connection */
    bool has_told_no_tls;         /* of the front's thread */
    bool hides_bytes;             /* the library does; see comes_next() */
    struct timers *timers;
    struct watch *watch;
    uint16_t ports[PORTS];
    size_t n_ports;
    atomic_uint n_connections; /* that have arrived at the library */
    pthread_mutex_t lock;
    struct arrivals arrivals;
    pthread_cond_t idle; /* signalled, while stopping, when a request ended */
    atomic_bool stopping;
};

enum phase {
    PHASE_NONE, /* no request line was read since the last reply */
    PHASE_HEAD, /* the handler was not called yet */
    PHASE_BODY, /* receiving */
    PHASE_WAIT, /* decided; the delay runs, or the hanging */
    PHASE_SENT, /* answered */
};

/* A call of the admin API; it is no exchange of the journal. */
struct admin_call {
    struct strbuf body;
    struct admin_reply reply;
    struct journal_waiter waiter;
    bool is_waiting; /* the waiter is registered */
    bool has_waited;
    struct transaction *t;
};

/* An exchange on its way through libmicrohttpd. */
struct transaction {
    struct server *server;
    struct exchange *x;
    struct admin_call *admin; /* NULL: a call of the service */
    struct MHD_Connection *connection;
    struct link *link; /* it is in */
    uint64_t drained;  /* bytes since it was refused */
    struct timer timer;
    bool gone;            /* the peer hung up while we waited */
    bool hurry;           /* the server stops: no more dribbling */
    bool may_send;        /* dribble: the next byte is due */
    bool is_closed_by_us; /* out of bounds */
    bool is_broken;       /* memory ran out while the head was read */
    const char *target;   /* where the library has it, and its end */
    const char *target_end;
    const char *seen_to; /* of the head: where the last text ended */
};

/* A connection: what outlives its requests, and the one that is on its way. */
struct link {
    int fd;
    enum phase phase;
    bool tunnelled; /* it came by CONNECT */
    struct watched watched;
    atomic_bool is_late;          /* it was ended for that */
    char client[LISTEN_PEER_CAP]; /* its other end */
    struct transaction current;   /* unless PHASE_NONE */
};

/* the request's head */

/*
 * Version 0.9.75 of the library cuts a text at a NUL, adds a folded line to
 * the name of the field before it, ends the head at a line that begins with a
 * colon, and a line at a single LF. Each of these lets two parsers read one
 * request differently, and none is shown. (Later versions refuse them.) But the
 * texts of a head are left where they arrived, each followed by its end: one
 * byte within a line, CR and LF after it, all of them NULs by now. So what was
 * cut, moved or ended early shows as a gap: does `text` come right after that
 * end of what came before it?
 */
static bool comes_next(const struct transaction *t, const char *text,
                       uintptr_t end_len)
{
    return !t->server->hides_bytes ||
           (uintptr_t)text - (uintptr_t)t->seen_to == end_len;
}

/* Is the blank line, CR and LF, what follows the last field? */
static bool is_last(const struct transaction *t)
{
    static const char ends[] = {'\0', '\0', '\0', '\0'};

    return !t->server->hides_bytes || !t->x->request.fields ||
           !memcmp(t->seen_to, ends, sizeof(ends));
}

static const char bad_line[] =
    "a header line is folded, holds a NUL, has no name or does not end with "
    "CR LF";

static void refuse_gap(struct transaction *t, const char *why)
{
    if (!t->x->request.malformed)
        t->x->request.malformed = why;
}

static enum MHD_Result on_field(void *cls, enum MHD_ValueKind kind,
                                const char *name, size_t name_len,
                                const char *value, size_t value_len)
{
    struct transaction *t = cls;

    (void)kind;
    if (!value) {
        value = name + name_len; /* also a NUL */
        value_len = 0;
    }
    if (!comes_next(t, name, 2))
        refuse_gap(t, bad_line);
    t->seen_to = value + value_len;
    if (request_take_field(t->x, name, name_len, value, value_len) < 0) {
        t->is_broken = true;
        return MHD_NO;
    }
    return MHD_YES;
}

/* More than one blank may follow the method, as in a published sample. */
static bool line_has_gap(struct transaction *t, const char *method,
                         const char *version)
{
    bool fits;

    t->seen_to = method + strlen(method);
    while (t->server->hides_bytes && t->seen_to[1] == ' ')
        t->seen_to++;
    fits = comes_next(t, t->target, 1);
    t->seen_to = t->target_end;
    fits = fits && comes_next(t, version, 1);
    t->seen_to = version + strlen(version);
    return !fits;
}

/* Returns -1 when memory ran out. */
static int read_head(struct transaction *t, const char *method,
                     const char *version)
{
    if (request_take_line(t->x, method, version) < 0)
        return -1;
    if (line_has_gap(t, method, version))
        refuse_gap(t, "the request line holds a NUL");
    MHD_get_connection_values_n(t->connection, MHD_HEADER_KIND, on_field, t);
    if (!is_last(t))
        refuse_gap(t, bad_line);
    request_finish_head(t->x);
    return t->is_broken ? -1 : 0;
}

/* waiting */

static void on_timer(struct timer *timer, enum timer_event event)
{
    struct transaction *t =
        (void *)((char *)timer - offsetof(struct transaction, timer));

    if (t->admin && t->admin->is_waiting)
        journal_unwait(t->server->admin->journal, &t->admin->waiter);
    t->gone = event == TIMER_PEER_GONE;
    t->hurry = event == TIMER_STOPPED;
    t->may_send = true;
    MHD_resume_connection(t->connection);
}

/* Resumes the suspended connection after a while. */
static void arm(struct transaction *t, int64_t us, bool until_peer_gone)
{
    t->timer.due_us = clock_monotonic_us() + us;
    t->timer.fire = on_timer;
    if (timers_add(t->server->timers, &t->timer,
                   until_peer_gone ? t->link->fd : -1) < 0)
        on_timer(&t->timer, TIMER_STOPPED);
}

/* Suspends the connection for a while; the library calls again after it. */
static void wait_for(struct transaction *t, int64_t us, bool until_peer_gone)
{
    MHD_suspend_connection(t->connection);
    arm(t, us, until_peer_gone);
}

/* transport faults */

/* Resets the connection at once. SO_LINGER would not do: the library shuts
 * the socket down before it closes it, and the peer would see an orderly end.
 * Dissolving the association makes the kernel send the RST. */
static enum MHD_Result reset(struct transaction *t)
{
    struct sockaddr nowhere = {.sa_family = AF_UNSPEC};

    watch_remove(t->server->watch, &t->link->watched);
    /* The family alone: all that the sandbox lets pass. */
    if (connect(t->link->fd, &nowhere, sizeof(nowhere.sa_family)) < 0)
        log_write(t->server->pipeline->log, LOG_WARN,
                  "#%" PRIu64 " cannot reset the connection: %s", t->x->id,
                  strerror(errno));
    return MHD_NO;
}

/* Past the library, but not past its TLS: a client must see the fault in what
 * it decrypts. */
static ssize_t send_now(struct transaction *t, const char *data, size_t len)
{
    const union MHD_ConnectionInfo *info = MHD_get_connection_info(
        t->connection, MHD_CONNECTION_INFO_GNUTLS_SESSION);

    if (info && info->tls_session)
        return gnutls_record_send(info->tls_session, data, len);
    return send(t->link->fd, data, len, MSG_DONTWAIT | MSG_NOSIGNAL);
}

/* Sends bytes that are no HTTP the library would send, then closes. They fit
 * the socket's buffer; a peer that lets none in gets none. */
static enum MHD_Result send_raw(struct transaction *t, const char *data,
                                size_t len)
{
    ssize_t n = send_now(t, data, len);

    if (n < 0 || (size_t)n < len)
        log_write(t->server->pipeline->log, LOG_WARN,
                  "#%" PRIu64 " the peer does not take the faulty reply",
                  t->x->id);
    return MHD_NO;
}

static enum MHD_Result send_random(struct transaction *t)
{
    enum { WORDS = 64 };
    uint64_t noise[WORDS];
    unsigned char *first = (unsigned char *)noise;

    for (size_t i = 0; i < WORDS; i++)
        noise[i] = ids_random(t->server->pipeline->ids, t->x->id, i + 1);
    *first |= 0x80; /* never the H of a status line */
    return send_raw(t, (const char *)noise, sizeof(noise));
}

/* A chunk that is right, then one whose size is no number. */
static enum MHD_Result send_malformed_chunk(struct transaction *t)
{
    const struct reply *reply = &t->x->reply;
    size_t half = reply->body.len / 2;
    enum MHD_Result result;
    struct strbuf out;

    strbuf_init(&out, reply->body.len + 512);
    strbuf_addf(&out,
                "HTTP/1.1 %d %s\r\nContent-Type: %s\r\n"
                "Transfer-Encoding: chunked\r\n\r\n%zx\r\n",
                reply->http_status,
                MHD_get_reason_phrase_for((unsigned)reply->http_status),
                reply->content_type, half);
    strbuf_add(&out, reply->body.buf, half);
    strbuf_addstr(&out, "\r\nthis is no chunk size\r\n");
    result = send_raw(t, out.buf, out.len);
    strbuf_release(&out);
    return result;
}

static ssize_t read_truncated(void *cls, uint64_t pos, char *buf, size_t max)
{
    const struct transaction *t = cls;
    const struct strbuf *body = &t->x->reply.body;
    size_t left =
        body->len / (mutant(MUTANT_TRUNCATED_IS_WHOLE) ? 1 : 2) - (size_t)pos;

    if (left == 0)
        return MHD_CONTENT_READER_END_WITH_ERROR;
    if (left > max)
        left = max;
    memcpy(buf, body->buf + pos, left);
    return (ssize_t)left;
}

/* One byte at a time, over FAULT_DRIBBLE_MS in all. */
static ssize_t read_dribble(void *cls, uint64_t pos, char *buf, size_t max)
{
    struct transaction *t = cls;
    const struct strbuf *body = &t->x->reply.body;
    size_t n = body->len - (size_t)pos;

    if (!t->may_send && pos > 0) {
        wait_for(t, (int64_t)FAULT_DRIBBLE_MS * 1000 / (int64_t)body->len,
                 false);
        return 0;
    }
    t->may_send = false;
    if (!t->hurry || n > max)
        n = t->hurry ? max : 1;
    memcpy(buf, body->buf + pos, n);
    return (ssize_t)n;
}

/* replies */

static enum MHD_Result queue(struct transaction *t,
                             struct MHD_Response *response, unsigned status,
                             const char *content_type, const char *allow)
{
    enum MHD_Result result = MHD_NO;

    if (!response)
        return MHD_NO;
    MHD_add_response_header(response, "Content-Type", content_type);
    if (allow)
        MHD_add_response_header(response, "Allow", allow);
    if (atomic_load(&t->server->stopping) || t->x->request.malformed ||
        mutant(MUTANT_CONNECTION_CLOSED))
        MHD_add_response_header(response, "Connection", "close");
    else
        MHD_set_response_options(response, MHD_RF_SEND_KEEP_ALIVE_HEADER,
                                 MHD_RO_END);
    result = MHD_queue_response(t->connection, status, response);
    MHD_destroy_response(response);
    return result;
}

static enum MHD_Result queue_reply(struct transaction *t,
                                   struct MHD_Response *response)
{
    const struct reply *reply = &t->x->reply;

    return queue(t, response, (unsigned)reply->http_status, reply->content_type,
                 reply->allow);
}

static enum MHD_Result queue_reader(struct transaction *t, size_t block,
                                    MHD_ContentReaderCallback reader)
{
    return queue_reply(t, MHD_create_response_from_callback(
                              t->x->reply.body.len, block, reader, t, NULL));
}

static enum MHD_Result send_reply(struct transaction *t)
{
    struct strbuf *body = &t->x->reply.body;

    switch (t->x->decision.transport) {
    case TRANSPORT_RESET:
    case TRANSPORT_RESET_DURING_UPLOAD:
        return mutant(MUTANT_RESET_IS_CLOSE) ? MHD_NO : reset(t);
    case TRANSPORT_EMPTY_RESPONSE:
    case TRANSPORT_HANG:
        return MHD_NO;
    case TRANSPORT_RANDOM_THEN_CLOSE:
        return send_random(t);
    case TRANSPORT_MALFORMED_CHUNK:
        return send_malformed_chunk(t);
    case TRANSPORT_TRUNCATED_BODY:
        return queue_reader(t, body->len, read_truncated);
    case TRANSPORT_DRIBBLE:
        return queue_reader(t, body->len, read_dribble);
    default:
        /* The exchange owns the bytes and outlives the response. */
        return queue_reply(
            t, MHD_create_response_from_buffer(body->len, body->buf,
                                               MHD_RESPMEM_PERSISTENT));
    }
}

/* The request is over: decide, then answer now or after the delay. */
static enum MHD_Result finish(struct transaction *t)
{
    const struct decision *d = &t->x->decision;

    watch_expect(&t->link->watched, WATCH_NOTHING, 0);
    if (pipeline_finish(t->server->pipeline, t->x) < 0)
        return MHD_NO;
    t->link->phase = PHASE_SENT;
    if (d->delay_ms == 0 && d->transport != TRANSPORT_HANG)
        return send_reply(t);
    t->link->phase = PHASE_WAIT;
    if (d->transport == TRANSPORT_HANG)
        wait_for(t, (int64_t)SERVER_HANG_MAX_S * 1000000, true);
    else
        wait_for(t, (int64_t)d->delay_ms * 1000, true);
    return MHD_YES;
}

/* the admin API */

/* Under the journal's lock, from whichever thread recorded a match. */
static void on_match(struct journal_waiter *waiter)
{
    struct admin_call *call =
        (void *)((char *)waiter - offsetof(struct admin_call, waiter));

    timers_hurry(call->t->server->timers, &call->t->timer);
}

/* Suspends the call until an entry matches or its time is over. Registered
 * before the timer is armed: a match in between hurries the timer. */
static void wait_for_match(struct transaction *t)
{
    struct admin_call *call = t->admin;

    t->link->phase = PHASE_WAIT;
    call->has_waited = true;
    call->is_waiting = true;
    call->waiter.filter = call->reply.filter;
    call->waiter.wake = on_match;
    MHD_suspend_connection(t->connection);
    journal_wait(t->server->admin->journal, &call->waiter);
    arm(t, (int64_t)call->reply.wait_ms * 1000, true);
}

static enum MHD_Result queue_admin(struct transaction *t)
{
    struct admin_reply *reply = &t->admin->reply;
    struct MHD_Response *response = MHD_create_response_from_buffer(
        reply->body.len, reply->body.buf, MHD_RESPMEM_PERSISTENT);

    if (response && reply->challenge)
        MHD_add_response_header(response, "WWW-Authenticate", "Bearer");
    return queue(t, response, (unsigned)reply->status, reply->content_type,
                 reply->allow);
}

static struct admin_request request_of(const struct transaction *t)
{
    const struct request *r = &t->x->request;
    const struct admin_call *call = t->admin;

    return (struct admin_request){
        .method = r->method,
        .path = !r->path                                 ? r->target
                : strlen(r->path) < strlen(ADMIN_PREFIX) ? ADMIN_PREFIX
                                                         : r->path,
        .query = request_query(r),
        .host = r->host,
        .origin = r->origin,
        .authorization = r->authorization,
        .body = call->body.buf,
        .body_len = call->body.len,
        .body_too_long = call->body.failed,
        .may_wait = !call->has_waited,
        .is_http_1_0 = !strcmp(r->version, "HTTP/1.0"),
        .by_proxy = r->authority || t->link->tunnelled,
    };
}

static bool is_refused(struct transaction *t)
{
    struct admin_request request = request_of(t);
    const char *why;

    return admin_guard(t->server->admin, &request, &t->x->arena, &why) != 0;
}

static enum MHD_Result answer_admin(struct transaction *t)
{
    struct admin_request request = request_of(t);
    struct admin_call *call = t->admin;

    watch_expect(&t->link->watched, WATCH_NOTHING, 0);
    t->link->phase = PHASE_SENT;
    admin_reply_release(&call->reply);
    admin_reply_init(&call->reply);
    admin_handle(t->server->admin, &request, &call->reply);
    if (!call->reply.must_wait)
        return queue_admin(t);
    wait_for_match(t);
    return MHD_YES;
}

static bool is_admin(const struct server *s, const struct request *r)
{
    const size_t len = strlen(ADMIN_PREFIX);
    /* One that cannot be decoded is there by how it begins. */
    const char *path = r->path ? r->path : r->target;

    if (!s->admin || r->malformed)
        return false;
    /* Also without the slash at its end, which is no call of the service. */
    return !strncmp(path, ADMIN_PREFIX, len) ||
           (strlen(path) == len - 1 && !strncmp(path, ADMIN_PREFIX, len - 1));
}

static bool is_too_long_to_drain(const struct server *s,
                                 const struct request *r)
{
    return r->content_length > 0 &&
           (uint64_t)r->content_length > s->bounds.drain_bytes;
}

/* Of a caller who will be refused not a byte is kept. */
static enum MHD_Result begin_admin(struct transaction *t)
{
    const struct request *r = &t->x->request;
    bool refused;

    t->admin = calloc(1, sizeof(*t->admin));
    if (!t->admin)
        return MHD_NO;
    t->admin->t = t;
    admin_reply_init(&t->admin->reply);
    refused = is_refused(t) || r->content_length > ADMIN_MAX_BODY;
    strbuf_init(&t->admin->body, refused ? 0 : ADMIN_MAX_BODY);
    if (!refused || !request_has_body(r))
        return MHD_YES;
    t->admin->body.failed = true;
    if (r->expects_continue || is_too_long_to_drain(t->server, r))
        return answer_admin(t);
    return MHD_YES;
}

static void free_admin(struct admin_call *call)
{
    if (!call)
        return;
    /* It may hold the secret key of an account that was added. */
    if (call->body.cap > 0)
        explicit_bzero(call->body.buf, call->body.cap);
    strbuf_release(&call->body);
    admin_reply_release(&call->reply);
    free(call);
}

/* receiving */

/* Has a client, refused, spent its share? */
static bool is_over_bounds(struct transaction *t, size_t len)
{
    if (t->x->failed != ERR_OK || (t->admin && t->admin->body.failed))
        t->drained += len;
    return t->drained > t->server->bounds.drain_bytes;
}

/*
 * Has the client hung up in the middle of its body? The library may not notice
 * an end that came with the last bytes. Asked when the piece is short, for then
 * it was all there was; a full one has more behind it, or the watch will tell.
 */
static bool is_deserted(const struct transaction *t, size_t len)
{
    const struct exchange *x = t->x;
    char byte;

    return x->request.content_length >= 0 &&
           x->body.received < (uint64_t)x->request.content_length &&
           len < t->server->bounds.connection_bytes / 4 &&
           recv(t->link->fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT) == 0;
}

static enum MHD_Result receive(struct transaction *t, const char *data,
                               size_t len)
{
    const struct fault *fault = &t->x->fault;

    if (t->admin) {
        t->x->body.received += len;
        strbuf_add(&t->admin->body, data, len);
    } else {
        pipeline_body(t->server->pipeline, t->x, data, len);
    }
    if (fault->transport == TRANSPORT_RESET_DURING_UPLOAD) {
        t->link->phase = PHASE_SENT;
        pipeline_abandon(t->server->pipeline, t->x);
        return reset(t);
    }
    if (is_deserted(t, len))
        return MHD_NO;
    if (is_over_bounds(t, len)) {
        log_write(t->server->pipeline->log, LOG_WARN,
                  "%s closed: over %" PRIu64 " bytes after the refusal",
                  t->x->request.client, t->server->bounds.drain_bytes);
        t->is_closed_by_us = true;
        return MHD_NO;
    }
    return MHD_YES;
}

/* heads that the library cannot deal with */

/* Sends a status and closes, past the library. */
static void refuse_head(struct transaction *t, const char *status)
{
    static const char body[] = "{\"code\":3,\"message\":\"bad request\"}";
    char reply[256];
    int len = snprintf(reply, sizeof(reply),
                       "HTTP/1.1 %s\r\nContent-Type: application/json\r\n"
                       "Connection: close\r\nContent-Length: %zu\r\n\r\n%s",
                       status, sizeof(body) - 1, body);

    t->x->request.malformed = "the head is too long";
    send_raw(t, reply, (size_t)len);
    shutdown(t->link->fd, SHUT_RDWR);
}

/* The library gives up on a query of about a thousand arguments, without an
 * answer and without closing. */
static bool has_too_many_arguments(const char *target)
{
    enum { MOST = 500 };
    size_t n = 0;

    while ((target = strchr(target, '&'))) {
        target++;
        n++;
    }
    return n > MOST;
}

/* Does a head of so many bytes and fields leave the library the memory for the
 * head of an answer? It needs less than that; a field costs it a node. */
static bool leaves_room(const struct server *s, size_t len, size_t n_fields)
{
    enum { ANSWER = 1024, NODE = 72 };

    return len + n_fields * NODE + ANSWER <= s->bounds.connection_bytes;
}

static bool is_head_too_long(const struct transaction *t)
{
    const struct request *r = &t->x->request;
    size_t len = strlen(r->target);
    size_t n = 0;

    for (const struct field *field = r->fields; field; field = field->next) {
        len += field->name_len + field->value_len + strlen(": \r\n");
        n++;
    }
    return !leaves_room(t->server, len, n);
}

static enum MHD_Result begin(struct transaction *t, const char *method,
                             const char *version)
{
    struct request *r = &t->x->request;

    if (read_head(t, method, version) < 0)
        return MHD_NO;
    if (is_head_too_long(t)) {
        refuse_head(t, "431 Request Header Fields Too Large");
        return MHD_NO;
    }
    t->link->phase = PHASE_BODY;
    t->x->elsewhere = proxy_refusal(t->server->pipeline->settings, t->x);
    if (!t->x->elsewhere && is_admin(t->server, r))
        return begin_admin(t);
    pipeline_head(t->server->pipeline, t->x);
    /* A client that waits for leave to send its body is told at once, and one
     * whose body would never be read to its end; any other has begun to send
     * and would lose an answer given now. Where a body ends is not known when
     * the framing is malformed. */
    t->x->body_skipped =
        r->malformed ||
        (t->x->refused_on_headers && request_has_body(r) &&
         ((r->expects_continue && !mutant(MUTANT_CONTINUE_FIRST)) ||
          mutant(MUTANT_REFUSAL_UNDRAINED) ||
          is_too_long_to_drain(t->server, r)));
    return t->x->body_skipped ? finish(t) : MHD_YES;
}

static enum MHD_Result on_request(void *cls, struct MHD_Connection *connection,
                                  const char *url, const char *method,
                                  const char *version, const char *data,
                                  size_t *len, void **con_cls)
{
    struct transaction *t = *con_cls;
    size_t n = *len;

    (void)cls;
    (void)url;
    if (!t)
        return MHD_NO;
    switch (t->link->phase) {
    case PHASE_HEAD:
        return begin(t, method, version);
    case PHASE_BODY:
        if (n == 0)
            return t->admin ? answer_admin(t) : finish(t);
        *len = 0;
        return receive(t, data, n);
    case PHASE_WAIT:
        t->link->phase = PHASE_SENT;
        if (t->gone)
            return MHD_NO;
        return t->admin ? answer_admin(t) : send_reply(t);
    case PHASE_SENT:
    case PHASE_NONE:
        break;
    }
    (void)connection;
    return MHD_YES;
}

/* The request line was read: the exchange begins. */
static void *on_target(void *cls, const char *target,
                       struct MHD_Connection *connection)
{
    struct server *s = cls;
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(connection, MHD_CONNECTION_INFO_SOCKET_CONTEXT);
    struct link *link = info ? info->socket_context : NULL;
    struct exchange *x = link ? pipeline_open(s->pipeline) : NULL;
    struct transaction *t;

    if (!x || request_take_target(x, target) < 0) {
        exchange_free(x);
        return NULL;
    }
    x->request.client = link->client;
    t = &link->current;
    *t = (struct transaction){
        .server = s,
        .x = x,
        .connection = connection,
        .link = link,
        .target = target,
        .target_end = target + strlen(target),
    };
    link->phase = PHASE_HEAD;
    watch_expect(&link->watched, WATCH_REQUEST, x->started_us);
    if (has_too_many_arguments(target) || !leaves_room(s, strlen(target), 0))
        refuse_head(t, "414 URI Too Long");
    return t;
}

/* The thread that stops the server waits for no request to be left. */
static void tell_idle(struct server *s)
{
    if (!atomic_load(&s->stopping))
        return;
    pthread_mutex_lock(&s->lock);
    pthread_cond_broadcast(&s->idle);
    pthread_mutex_unlock(&s->lock);
}

static void release(struct server *s, struct transaction *t)
{
    watch_expect(&t->link->watched, WATCH_NEXT, clock_monotonic_us());
    free_admin(t->admin);
    exchange_free(t->x);
    t->link->phase = PHASE_NONE;
    tell_idle(s);
}

/* Why a request that ends like this is malformed; NULL: it is not. */
static const char *what_is_wrong(const struct transaction *t,
                                 enum MHD_RequestTerminationCode why)
{
    const struct request *r = &t->x->request;

    if (r->malformed || why != MHD_REQUEST_TERMINATED_WITH_ERROR)
        return r->malformed;
    if (t->link->phase == PHASE_HEAD)
        return "refused by the HTTP library";
    if (t->link->phase == PHASE_BODY && r->chunked && !t->is_closed_by_us &&
        !atomic_load(&t->link->is_late))
        return "the chunked coding is malformed";
    return NULL;
}

static void end(struct server *s, struct transaction *t,
                enum MHD_RequestTerminationCode why)
{
    if (why != MHD_REQUEST_TERMINATED_COMPLETED_OK &&
        t->link->phase < PHASE_WAIT && !t->admin) {
        t->x->request.malformed = what_is_wrong(t, why);
        pipeline_abandon(s->pipeline, t->x);
    }
    release(s, t);
}

/* The library forgets to complete a request that it refuses for the number of
 * its query arguments, and one that it has no memory left to refuse (seen in
 * 0.9.75). The head went with the connection's memory, so only one whose head
 * was never read can be recorded. */
static void end_forgotten(struct server *s, struct transaction *t)
{
    if (t->link->phase == PHASE_HEAD)
        end(s, t, MHD_REQUEST_TERMINATED_WITH_ERROR);
    else
        release(s, t);
}

static void on_completed(void *cls, struct MHD_Connection *connection,
                         void **con_cls, enum MHD_RequestTerminationCode why)
{
    (void)connection;
    if (*con_cls)
        end(cls, *con_cls, why);
    *con_cls = NULL;
}

/* connections */

static size_t find_arrival(const struct arrivals *arrivals, int fd)
{
    size_t i = 0;

    while (i < arrivals->n && arrivals->list[i].fd != fd)
        i++;
    return i;
}

/* It has arrived, or was lost. Had it come by CONNECT? */
static bool take_arrival(struct server *s, int fd)
{
    struct arrivals *arrivals = &s->arrivals;
    bool tunnelled = false;
    size_t i;

    pthread_mutex_lock(&s->lock);
    i = find_arrival(arrivals, fd);
    if (i < arrivals->n) {
        tunnelled = arrivals->list[i].tunnelled;
        arrivals->list[i] = arrivals->list[--arrivals->n];
    }
    pthread_mutex_unlock(&s->lock);
    return tunnelled;
}

static bool has_place(struct arrivals *arrivals, size_t i)
{
    size_t cap = 2 * arrivals->cap + 8;
    struct arrival *larger;

    if (i < arrivals->cap)
        return true;
    larger = realloc(arrivals->list, cap * sizeof(*larger));
    if (!larger)
        return false;
    arrivals->list = larger;
    arrivals->cap = cap;
    return true;
}

/* The library forgets one that it has no memory for; when its number comes
 * again, that is known. Returns -1 when memory ran out. */
static int note_arrival(struct server *s, int fd, bool tunnelled)
{
    struct arrivals *arrivals = &s->arrivals;
    int result = -1;
    size_t i;

    pthread_mutex_lock(&s->lock);
    i = find_arrival(arrivals, fd);
    if (has_place(arrivals, i)) {
        arrivals->list[i] = (struct arrival){fd, tunnelled};
        arrivals->n += i == arrivals->n;
        result = 0;
    }
    pthread_mutex_unlock(&s->lock);
    return result;
}

static size_t count_connections(struct server *s)
{
    size_t n;

    pthread_mutex_lock(&s->lock);
    n = s->arrivals.n;
    pthread_mutex_unlock(&s->lock);
    return n + atomic_load(&s->n_connections);
}

/* On the thread of the watch; the connection is still there. */
static void on_late(void *cls, struct watched *w)
{
    struct server *s = cls;
    struct link *link = (void *)((char *)w - offsetof(struct link, watched));

    atomic_store(&link->is_late, true);
    log_write(s->pipeline->log, LOG_WARN,
              "%s closed: its request is not there after %u s", link->client,
              s->bounds.receive_s);
}

static struct link *link_new(struct server *s,
                             struct MHD_Connection *connection)
{
    const union MHD_ConnectionInfo *fd =
        MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD);
    const union MHD_ConnectionInfo *peer =
        MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CLIENT_ADDRESS);
    bool tunnelled = fd && take_arrival(s, fd->connect_fd);
    struct link *link = fd ? calloc(1, sizeof(*link)) : NULL;

    if (!link)
        return NULL;
    link->fd = fd->connect_fd;
    link->tunnelled = tunnelled;
    listen_peer(link->client, peer ? peer->client_addr : NULL);
    watch_add(s->watch, &link->watched, link->fd);
    return link;
}

static void link_free(struct server *s, struct link *link)
{
    if (!link)
        return;
    if (link->phase != PHASE_NONE)
        end_forgotten(s, &link->current);
    watch_remove(s->watch, &link->watched);
    free(link);
}

static void on_connection(void *cls, struct MHD_Connection *connection,
                          void **context,
                          enum MHD_ConnectionNotificationCode why)
{
    struct server *s = cls;
    bool starts = why == MHD_CONNECTION_NOTIFY_STARTED;

    /* Never counted twice, nor longer than it is known to make way: an arrival
     * would be refused for it. */
    if (starts) {
        *context = link_new(s, connection);
        atomic_fetch_add(&s->n_connections, 1);
    } else {
        atomic_fetch_sub(&s->n_connections, 1);
        link_free(s, *context);
        *context = NULL;
    }
    if (s->pipeline->metrics)
        metrics_connection(s->pipeline->metrics, starts ? 1 : -1);
}

static void __attribute__((format(printf, 2, 0)))
on_library_log(void *cls, const char *fmt, va_list ap)
{
    const struct server *s = cls;
    char text[512];
    int n;

    if (!log_wants(s->pipeline->log, LOG_DEBUG))
        return;
    n = vsnprintf(text, sizeof(text), fmt, ap);
    if (n < 0)
        return;
    text[strcspn(text, "\r\n")] = '\0';
    log_write(s->pipeline->log, LOG_DEBUG, "libmicrohttpd: %s", text);
}

static unsigned thread_count(unsigned threads)
{
    long n = threads ? (long)threads : sysconf(_SC_NPROCESSORS_ONLN);

    if (n < 1)
        return 1;
    return n > SERVER_MAX_THREADS ? SERVER_MAX_THREADS : (unsigned)n;
}

/* The library does not listen: the front hands it sockets. `more` are options
 * that one daemon alone has. Each worker gets its share of the limit, and one
 * that is handed more waits for itself for ever (seen in 0.9.75); so the share
 * is all that make_room() lets in. */
static struct MHD_Daemon *start_daemon(struct server *s, unsigned flags,
                                       struct MHD_OptionItem *more)
{
    /* The library refuses a pool of one. */
    struct MHD_OptionItem pool[] = {
        {s->threads > 1 ? MHD_OPTION_THREAD_POOL_SIZE : MHD_OPTION_END,
         (intptr_t)s->threads, NULL},
        {MHD_OPTION_END, 0, NULL},
    };

    return MHD_start_daemon(
        MHD_USE_EPOLL_INTERNAL_THREAD | MHD_USE_NO_LISTEN_SOCKET |
            MHD_ALLOW_SUSPEND_RESUME | MHD_USE_ERROR_LOG | flags,
        0, NULL, NULL, on_request, s, MHD_OPTION_EXTERNAL_LOGGER,
        on_library_log, s, MHD_OPTION_CONNECTION_LIMIT,
        (s->bounds.max_connections + LEAVING_MAX) * s->threads,
        MHD_OPTION_CONNECTION_MEMORY_LIMIT, s->bounds.connection_bytes,
        MHD_OPTION_CONNECTION_TIMEOUT, s->bounds.idle_s,
        MHD_OPTION_URI_LOG_CALLBACK, on_target, s, MHD_OPTION_NOTIFY_COMPLETED,
        on_completed, s, MHD_OPTION_NOTIFY_CONNECTION, on_connection, s,
        MHD_OPTION_ARRAY, pool, MHD_OPTION_ARRAY, more, MHD_OPTION_END);
}

static struct MHD_Daemon *start_encrypted(struct server *s, char **why)
{
    struct tls_pem pem;

    if (MHD_is_feature_supported(MHD_FEATURE_TLS) != MHD_YES) {
        *why = strdup("libmicrohttpd was built without TLS");
        return NULL;
    }
    if (tls_get(s->tls, &pem, why) < 0)
        return NULL;
    struct MHD_OptionItem options[] = {
        {MHD_OPTION_HTTPS_MEM_CERT, 0, (void *)pem.cert},
        {MHD_OPTION_HTTPS_MEM_KEY, 0, (void *)pem.key},
        {MHD_OPTION_HTTPS_PRIORITIES, 0, (void *)TLS_PRIORITIES},
        {MHD_OPTION_END, 0, NULL},
    };

    return start_daemon(s, MHD_USE_TLS, options);
}

/* Most servers never see TLS: its workers and certificates wait for the first
 * connection that wants them. What failed for want of memory may do for the
 * next. On the front's thread. */
static struct MHD_Daemon *encrypted_daemon(struct server *s)
{
    char *why = NULL;

    if (s->encrypted)
        return s->encrypted;
    s->encrypted = start_encrypted(s, &why);
    if (!s->encrypted && !s->has_told_no_tls) {
        s->has_told_no_tls = true;
        log_write(s->pipeline->log, LOG_ERROR,
                  "TLS cannot be served, its connections are closed: %s",
                  why ? why
                      : "descriptors lack, or the certificate is no good");
    }
    free(why);
    return s->encrypted;
}

/* Is there room for one more, if need be that of one which is idle? */
static bool make_room(struct server *s)
{
    unsigned n_leaving = watch_n_leaving(s->watch);

    return count_connections(s) < s->bounds.max_connections + n_leaving ||
           (n_leaving < LEAVING_MAX &&
            watch_drop_idle(s->watch, SERVER_YIELD_MS));
}

static bool deliver(void *cls, const struct front_arrival *arrival)
{
    struct server *s = cls;
    struct MHD_Daemon *daemon = arrival->tls ? encrypted_daemon(s) : s->plain;
    const int on = 1;

    if (!make_room(s))
        return false;
    if (!daemon || note_arrival(s, arrival->fd, arrival->tunnelled) < 0) {
        close(arrival->fd);
        return true;
    }
    /* A handshake goes out in pieces, and the second must not wait until the
     * client has acknowledged the first, which may take 40 ms. */
    if (arrival->tls)
        setsockopt(arrival->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
    /* Closes what it does not take. */
    if (MHD_add_connection(daemon, arrival->fd, &arrival->address.any,
                           arrival->address_len) == MHD_NO)
        take_arrival(s, arrival->fd);
    return true;
}

static bool may_tunnel(void *cls, const char *head, size_t len,
                       const union front_address *address, struct strbuf *reply)
{
    const struct server *s = cls;
    char client[LISTEN_PEER_CAP];

    return tunnel_may_open(s->pipeline, head, len,
                           listen_peer(client, &address->any), s->ports,
                           s->n_ports, reply);
}

/* life cycle */

/* Returns how many sockets listen, or 0 with *why and none open. */
static size_t listen_all(struct server *s, const struct server_options *o,
                         struct front_listener listeners[PORTS], char **why)
{
    s->ports[0] = o->port;
    listeners[0].kind = FRONT_ANY;
    listeners[0].fd = listen_on(o->bind, &s->ports[0], "--port", why);
    if (listeners[0].fd < 0)
        return 0;
    if (!o->has_https_port)
        return 1;
    s->ports[1] = o->https_port;
    listeners[1].kind = FRONT_TLS;
    listeners[1].fd = listen_on(o->bind, &s->ports[1], "--https-port", why);
    return listeners[1].fd < 0 ? 0 : 2;
}

static int start_threads(struct server *s,
                         const struct front_listener *listeners)
{
    struct MHD_OptionItem none[] = {{MHD_OPTION_END, 0, NULL}};
    const struct front_calls calls = {
        .deliver = deliver,
        .may_tunnel = may_tunnel,
        .cls = s,
    };

    const struct watch_options watch = {
        .patience_ms[WATCH_FIRST] = s->bounds.receive_s * 1000,
        .patience_ms[WATCH_REQUEST] = s->bounds.receive_s * 1000,
        /* Before it begins, the library's own patience ends it. */
        .patience_ms[WATCH_NEXT] =
            (s->bounds.idle_s + s->bounds.receive_s) * 1000,
        .on_late = on_late,
        .cls = s,
    };

    s->timers = timers_new();
    if (s->timers)
        s->watch = watch_new(&watch);
    if (s->watch)
        s->plain = start_daemon(s, 0, none);
    if (s->plain)
        s->front =
            front_new(listeners, s->n_ports, s->bounds.max_connections / 2 + 1,
                      s->bounds.idle_s * 1000, &calls);
    return s->front ? 0 : -1;
}

static int call_before_threads(const struct server_options *o, char **why)
{
    return o->before_threads ? o->before_threads(o->before_threads_cls, why)
                             : 0;
}

struct server *server_start(const struct server_options *options, char **why)
{
    struct front_listener listeners[PORTS] = {{.fd = -1}, {.fd = -1}};
    struct server *s = calloc(1, sizeof(*s));
    bool ready;

    if (!s)
        abort();
    pthread_mutex_init(&s->lock, NULL);
    pthread_cond_init(&s->idle, NULL);
    s->pipeline = options->pipeline;
    s->admin = options->admin;
    s->tls = options->tls;
    /* Of other versions it is not known where they leave their texts. */
    s->hides_bytes = !strcmp(MHD_get_version(), "0.9.75");
    s->threads = thread_count(options->threads);
    s->bounds = options->bounds;
    s->bounds.max_connections =
        bounds_connections(&options->bounds, s->threads, why);
    if (s->bounds.max_connections > 0)
        s->n_ports = listen_all(s, options, listeners, why);
    ready = s->n_ports > 0 && call_before_threads(options, why) == 0;
    if (ready && start_threads(s, listeners) == 0)
        return s;
    if (ready && asprintf(why, "cannot start the server's threads: %s",
                          strerror(errno)) < 0)
        *why = NULL;
    for (size_t i = 0; i < PORTS; i++) {
        if (listeners[i].fd >= 0)
            close(listeners[i].fd);
    }
    server_stop(s);
    return NULL;
}

uint16_t server_port(const struct server *server)
{
    return server->ports[0];
}

uint16_t server_https_port(const struct server *server)
{
    return server->ports[server->n_ports - 1];
}

/* Waits until no exchange is in flight whose client is still there, or the
 * time of grace is over. */
static void wait_until_idle(struct server *s)
{
    const int64_t end_us =
        clock_monotonic_us() + (int64_t)SERVER_STOP_GRACE_S * 1000000;
    size_t n;

    pthread_mutex_lock(&s->lock);
    while ((n = watch_n_busy(s->watch)) > 0 && clock_monotonic_us() < end_us) {
        struct timespec soon;

        /* A client that hangs up now does not signal; look again soon. */
        clock_gettime(CLOCK_REALTIME, &soon);
        soon.tv_nsec += 100000000;
        soon.tv_sec += soon.tv_nsec / 1000000000;
        soon.tv_nsec %= 1000000000;
        pthread_cond_timedwait(&s->idle, &s->lock, &soon);
    }
    pthread_mutex_unlock(&s->lock);
    if (n > 0)
        log_write(s->pipeline->log, LOG_WARN,
                  "%zu exchanges did not finish in %d s and are cut", n,
                  SERVER_STOP_GRACE_S);
}

void server_stop(struct server *s)
{
    if (!s)
        return;
    atomic_store(&s->stopping, true);
    front_stop(s->front);
    if (s->timers)
        timers_stop(s->timers);
    if (s->plain)
        wait_until_idle(s);
    MHD_stop_daemon(s->encrypted);
    MHD_stop_daemon(s->plain);
    timers_free(s->timers);
    watch_free(s->watch);
    pthread_mutex_destroy(&s->lock);
    pthread_cond_destroy(&s->idle);
    free(s->arrivals.list);
    free(s);
}
