#include "front.h"

#include <assert.h>
#include <errno.h>
#include <limits.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>
#include "clock.h"

enum {
    EVENTS = 64,
    MAX_LISTENERS = 2,
    ACCEPTS_AT_ONCE = 64, /* then others have their turn */
    TLS_HANDSHAKE = 0x16, /* the record type of a ClientHello (RFC 8446 5.1) */
};

static const char connect_word[] = "CONNECT ";
enum { CONNECT_LEN = sizeof(connect_word) - 1 };

/* What is expected of a peer. */
enum state {
    STATE_FIRST,   /* its first bytes */
    STATE_TLS,     /* TLS: after a CONNECT, or on a port of TLS alone */
    STATE_LEAVING, /* its end: it was refused */
};

/* What looking at a peer came to. */
enum look {
    LOOK_AGAIN, /* at once: what it has sent may hold more */
    LOOK_LATER, /* when it has sent more */
    LOOK_GONE,  /* it is no longer ours */
};

/* Events carry a pointer to one of these. */
struct source {
    bool is_peer;
    int fd;
};

struct listener {
    struct source source;
    enum front_kind kind;
};

struct peer {
    struct source source; /* first: events point to it */
    struct peer *next, *previous;
    int64_t due_us;
    enum state state;
    bool tunnelled;
    bool is_watched; /* by epoll */
    bool has_ended;  /* it sends no more than what is there */
    size_t dropped;
    union front_address address;
    socklen_t address_len;
};

/* All peers have the same patience, so the list that is longest waiting first
 * is also that of who is due. */
struct front {
    struct front_calls calls;
    struct listener listeners[MAX_LISTENERS];
    size_t n_listeners;
    size_t max_waiting;
    int64_t patience_us;
    pthread_t thread;
    atomic_bool stopping;
    int epoll;
    int wake;
    struct peer *first, *last;
    size_t n_waiting;
    int64_t paused_until_us; /* 0: accepting */
    char head[FRONT_MAX_HEAD];
};

/* the list of those that wait */

static void append(struct front *f, struct peer *p)
{
    p->due_us = clock_monotonic_us() + f->patience_us;
    p->next = NULL;
    p->previous = f->last;
    if (f->last)
        f->last->next = p;
    else
        f->first = p;
    f->last = p;
    f->n_waiting++;
}

static void take_out(struct front *f, struct peer *p)
{
    if (p->next)
        p->next->previous = p->previous;
    else
        f->last = p->previous;
    if (p->previous)
        p->previous->next = p->next;
    else
        f->first = p->next;
    f->n_waiting--;
}

static void drop(struct front *f, struct peer *p)
{
    take_out(f, p);
    close(p->source.fd);
    free(p);
}

static void drop_first(struct front *f)
{
    assert(f->first && !f->first->previous);
    drop(f, f->first);
}

/* what a peer says */

static enum look drop_now(struct front *f, struct peer *p)
{
    drop(f, p);
    return LOOK_GONE;
}

/* A new patience for a new thing to say. */
static enum look expect(struct front *f, struct peer *p, enum state state)
{
    take_out(f, p);
    p->state = state;
    append(f, p);
    return LOOK_AGAIN;
}

/* The replies are short and the socket's buffer is empty: it takes them whole,
 * or the peer deserves no better. */
static bool send_all(const struct peer *p, const char *data, size_t len)
{
    return send(p->source.fd, data, len, MSG_DONTWAIT | MSG_NOSIGNAL) ==
           (ssize_t)len;
}

/* Closing at once, with bytes of the peer unread, would reset the connection
 * and take the answer back; so its end is awaited. */
static enum look refuse(struct front *f, struct peer *p,
                        const struct strbuf *reply)
{
    if (!send_all(p, reply->buf, reply->len) ||
        shutdown(p->source.fd, SHUT_WR) < 0)
        return drop_now(f, p);
    return expect(f, p, STATE_LEAVING);
}

static enum look refuse_text(struct front *f, struct peer *p,
                             const char *status, const char *message)
{
    static const char frame[] = "{\"code\":3,\"message\":\"\"}";
    struct strbuf reply;
    enum look result;

    strbuf_init(&reply, FRONT_MAX_REPLY);
    strbuf_addf(&reply,
                "HTTP/1.1 %s\r\nContent-Type: application/json\r\n"
                "Content-Length: %zu\r\nConnection: close\r\n\r\n"
                "{\"code\":3,\"message\":\"%s\"}",
                status, strlen(frame) + strlen(message), message);
    result = refuse(f, p, &reply);
    strbuf_release(&reply);
    return result;
}

/* It is handed on, or told that there is no room. */
static enum look deliver(struct front *f, struct peer *p, bool tls)
{
    const struct front_arrival arrival = {
        .fd = p->source.fd,
        .address = p->address,
        .address_len = p->address_len,
        .tls = tls,
        .tunnelled = p->tunnelled,
    };

    /* Once it is delivered, it may be closed at any moment. */
    if (p->is_watched)
        epoll_ctl(f->epoll, EPOLL_CTL_DEL, p->source.fd, NULL);
    p->is_watched = false;
    if (!f->calls.deliver(f->calls.cls, &arrival))
        return tls ? drop_now(f, p)
                   : refuse_text(f, p, "503 Service Unavailable",
                                 "all connections are taken; see "
                                 "--max-connections");
    take_out(f, p);
    free(p);
    return LOOK_GONE;
}

static enum look establish(struct front *f, struct peer *p)
{
    static const char reply[] = "HTTP/1.1 200 Connection established\r\n\r\n";

    if (!send_all(p, reply, sizeof(reply) - 1))
        return drop_now(f, p);
    p->tunnelled = true;
    return expect(f, p, STATE_TLS);
}

/* Its head, and not a byte more, is read. */
static enum look answer_connect(struct front *f, struct peer *p, size_t len)
{
    struct strbuf reply;
    enum look result;

    if (recv(p->source.fd, f->head, len, MSG_DONTWAIT) != (ssize_t)len)
        return drop_now(f, p);
    strbuf_init(&reply, FRONT_MAX_REPLY);
    result =
        f->calls.may_tunnel(f->calls.cls, f->head, len, &p->address, &reply)
            ? establish(f, p)
            : refuse(f, p, &reply);
    strbuf_release(&reply);
    return result;
}

size_t front_head_length(const char *s, size_t len)
{
    const char *line = s, *end = s + len, *lf;

    while ((lf = memchr(line, '\n', (size_t)(end - line)))) {
        if (lf == line || (lf == line + 1 && *line == '\r'))
            return (size_t)(lf + 1 - s);
        line = lf + 1;
    }
    return 0;
}

static ssize_t peek(struct front *f, const struct peer *p, size_t len)
{
    return recv(p->source.fd, f->head, len, MSG_PEEK | MSG_DONTWAIT);
}

static enum look look_at_connect(struct front *f, struct peer *p)
{
    ssize_t n = peek(f, p, sizeof(f->head));
    size_t len = n > 0 ? front_head_length(f->head, (size_t)n) : 0;

    if (len > 0)
        return answer_connect(f, p, len);
    if (n == (ssize_t)sizeof(f->head))
        return refuse_text(f, p, "431 Request Header Fields Too Large",
                           "the head of CONNECT is over 8 KiB");
    return n <= 0 || p->has_ended ? drop_now(f, p) : LOOK_LATER;
}

/* `len` bytes of it were seen. */
static enum look look_at_first(struct front *f, struct peer *p, size_t len)
{
    if ((unsigned char)f->head[0] == TLS_HANDSHAKE)
        return deliver(f, p, true);
    if (memcmp(f->head, connect_word, len) != 0)
        return deliver(f, p, false);
    if (len == CONNECT_LEN)
        return look_at_connect(f, p);
    /* Who ends within that word wants nothing. */
    return p->has_ended ? drop_now(f, p) : LOOK_LATER;
}

static enum look look_at_tls(struct front *f, struct peer *p)
{
    if ((unsigned char)f->head[0] == TLS_HANDSHAKE)
        return deliver(f, p, true);
    return refuse_text(f, p, "400 Bad Request",
                       "TLS is expected here, and this is none");
}

/* Reads what one that was refused has still to say. */
static enum look drop_bytes(struct front *f, struct peer *p)
{
    ssize_t n = recv(p->source.fd, f->head, sizeof(f->head), MSG_DONTWAIT);

    if (n < 0 && errno == EAGAIN)
        return LOOK_LATER;
    if (n > 0)
        p->dropped += (size_t)n;
    return n <= 0 || p->dropped > FRONT_MAX_DROPPED ? drop_now(f, p)
                                                    : LOOK_AGAIN;
}

static enum look look(struct front *f, struct peer *p)
{
    ssize_t n;

    if (p->state == STATE_LEAVING)
        return drop_bytes(f, p);
    n = peek(f, p, CONNECT_LEN);
    if (n < 0 && errno == EAGAIN)
        return LOOK_LATER;
    if (n <= 0)
        return drop_now(f, p);
    return p->state == STATE_FIRST ? look_at_first(f, p, (size_t)n)
                                   : look_at_tls(f, p);
}

static enum look look_on(struct front *f, struct peer *p)
{
    enum look result;

    do
        result = look(f, p);
    while (result == LOOK_AGAIN);
    return result;
}

/* accepting */

static void set_accepting(struct front *f, bool accepting)
{
    for (size_t i = 0; i < f->n_listeners; i++) {
        struct epoll_event event = {
            .events = accepting ? EPOLLIN : 0,
            .data.ptr = &f->listeners[i].source,
        };

        epoll_ctl(f->epoll, EPOLL_CTL_MOD, f->listeners[i].source.fd, &event);
    }
    f->paused_until_us =
        accepting ? 0 : clock_monotonic_us() + FRONT_PAUSE_MS * 1000;
}

/* Edge-triggered, as bytes stay in the socket while they do not suffice. */
static void watch(struct front *f, struct peer *p)
{
    struct epoll_event event = {.events = EPOLLIN | EPOLLRDHUP | EPOLLET,
                                .data.ptr = &p->source};

    if (epoll_ctl(f->epoll, EPOLL_CTL_ADD, p->source.fd, &event) < 0)
        drop(f, p);
    else
        p->is_watched = true;
}

static void look_and_watch(struct front *f, struct peer *p)
{
    if (look_on(f, p) == LOOK_LATER && !p->is_watched)
        watch(f, p);
}

static void welcome(struct front *f, const struct listener *l, int fd,
                    const union front_address *address, socklen_t len)
{
    struct peer *p = calloc(1, sizeof(*p));

    if (!p) {
        close(fd);
        return;
    }
    if (f->n_waiting >= f->max_waiting)
        drop_first(f);
    p->source = (struct source){.is_peer = true, .fd = fd};
    p->state = l->kind == FRONT_TLS ? STATE_TLS : STATE_FIRST;
    p->address = *address;
    p->address_len = len;
    append(f, p);
    look_and_watch(f, p);
}

static bool is_out_of_room(int error)
{
    return error == EMFILE || error == ENFILE || error == ENOBUFS ||
           error == ENOMEM;
}

/* Without a descriptor for one more, who waits longest makes room; when none
 * waits, those who are served hold them all: later, then. */
static void make_room(struct front *f)
{
    if (f->first)
        drop_first(f);
    else
        set_accepting(f, false);
}

static void accept_some(struct front *f, const struct listener *l)
{
    for (int i = 0; i < ACCEPTS_AT_ONCE; i++) {
        union front_address address = {0};
        socklen_t len = sizeof(address);
        int fd = accept4(l->source.fd, &address.any, &len,
                         SOCK_NONBLOCK | SOCK_CLOEXEC);

        if (fd >= 0) {
            welcome(f, l, fd, &address, len);
            continue;
        }
        if (is_out_of_room(errno)) {
            make_room(f);
            return;
        }
        if (errno == EAGAIN)
            return;
        /* Else that connection broke before it was ours; the next. */
    }
}

/* the thread */

static int timeout_ms(const struct front *f)
{
    int64_t due_us = f->first ? f->first->due_us : INT64_MAX;
    int64_t us;

    if (f->paused_until_us > 0 && f->paused_until_us < due_us)
        due_us = f->paused_until_us;
    if (due_us == INT64_MAX)
        return -1;
    us = due_us - clock_monotonic_us();
    if (us <= 0)
        return 0;
    return us / 1000 >= INT_MAX ? INT_MAX : (int)((us + 999) / 1000);
}

static void end_patience(struct front *f)
{
    int64_t now_us = clock_monotonic_us();

    while (f->first && f->first->due_us <= now_us)
        drop_first(f);
    if (f->paused_until_us > 0 && f->paused_until_us <= now_us)
        set_accepting(f, true);
}

static void on_peer(struct front *f, const struct epoll_event *event)
{
    struct peer *p = event->data.ptr;

    p->has_ended = event->events & (EPOLLRDHUP | EPOLLHUP | EPOLLERR);
    look_and_watch(f, p);
}

static void on_listener(struct front *f, const struct epoll_event *event)
{
    accept_some(f, event->data.ptr);
}

/* Those who wait come first: accepting may drop one of them, and with it the
 * target of its event. NULL is the waking, which has nothing to say by itself,
 * or a peer that had its turn and may be gone. */
static void handle(struct front *f, struct epoll_event *events, int n)
{
    for (int i = 0; i < n; i++) {
        const struct source *source = events[i].data.ptr;

        if (source && source->is_peer) {
            on_peer(f, &events[i]);
            events[i].data.ptr = NULL;
        }
    }
    for (int i = 0; i < n; i++) {
        if (events[i].data.ptr)
            on_listener(f, &events[i]);
    }
}

static void *run(void *arg)
{
    struct front *f = arg;
    struct epoll_event events[EVENTS];

    while (!atomic_load(&f->stopping)) {
        int n = epoll_wait(f->epoll, events, EVENTS, timeout_ms(f));

        handle(f, events, n);
        end_patience(f);
    }
    return NULL;
}

/* life cycle */

static int begin(struct front *f)
{
    struct epoll_event event = {.events = EPOLLIN};

    f->epoll = epoll_create1(EPOLL_CLOEXEC);
    f->wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (f->epoll < 0 || f->wake < 0 ||
        epoll_ctl(f->epoll, EPOLL_CTL_ADD, f->wake, &event) < 0)
        return errno;
    for (size_t i = 0; i < f->n_listeners; i++) {
        event.data.ptr = &f->listeners[i];
        if (epoll_ctl(f->epoll, EPOLL_CTL_ADD, f->listeners[i].source.fd,
                      &event) < 0)
            return errno;
    }
    return pthread_create(&f->thread, NULL, run, f);
}

static void release(struct front *f)
{
    if (f->epoll >= 0)
        close(f->epoll);
    if (f->wake >= 0)
        close(f->wake);
    free(f);
}

struct front *front_new(const struct front_listener *listeners,
                        size_t n_listeners, size_t max_waiting,
                        unsigned patience_ms, const struct front_calls *calls)
{
    struct front *f = calloc(1, sizeof(*f));
    int error;

    if (!f)
        return NULL;
    f->calls = *calls;
    f->max_waiting = max_waiting;
    f->patience_us = (int64_t)patience_ms * 1000;
    f->n_listeners = n_listeners;
    for (size_t i = 0; i < n_listeners; i++)
        f->listeners[i] = (struct listener){.source.fd = listeners[i].fd,
                                            .kind = listeners[i].kind};
    error = begin(f);
    if (!error)
        return f;
    release(f);
    errno = error;
    return NULL;
}

void front_stop(struct front *f)
{
    uint64_t one = 1;

    if (!f)
        return;
    atomic_store(&f->stopping, true);
    /* It can only fail when the counter is full: then it is awake anyway. */
    (void)!write(f->wake, &one, sizeof(one));
    pthread_join(f->thread, NULL);
    for (size_t i = 0; i < f->n_listeners; i++)
        close(f->listeners[i].source.fd);
    while (f->first)
        drop_first(f);
    release(f);
}
