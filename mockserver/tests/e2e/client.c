#include "client.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include <criterion/criterion.h>
#include <criterion/new/assert.h>

enum { IO_TIMEOUT_S = 10 };

void client_open(struct client *c, const struct server *s)
{
    struct sockaddr_in to = {
        .sin_family = AF_INET,
        .sin_port = htons((uint16_t)s->port),
        .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
    };
    struct timeval limit = {.tv_sec = IO_TIMEOUT_S};
    int one = 1;

    *c = (struct client){.fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)};
    cr_assert(c->fd >= 0, "socket: %s", strerror(errno));
    setsockopt(c->fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
    setsockopt(c->fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof(limit));
    setsockopt(c->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
    cr_assert(connect(c->fd, (struct sockaddr *)&to, sizeof(to)) == 0,
              "connect to port %d: %s; stderr of the server:\n%s", s->port,
              strerror(errno), server_stderr());
}

/* A context of its own for each connection: the tests make few. */
static SSL_CTX *new_context(const char *ca_pem)
{
    SSL_CTX *context = SSL_CTX_new(TLS_client_method());
    BIO *bio;
    X509 *ca;

    cr_assert(context != NULL);
    if (!ca_pem)
        return context;
    bio = BIO_new_mem_buf(ca_pem, -1);
    ca = PEM_read_bio_X509(bio, NULL, NULL, NULL);
    BIO_free(bio);
    cr_assert(ca != NULL, "no CA in: %s", ca_pem);
    X509_STORE_add_cert(SSL_CTX_get_cert_store(context), ca);
    X509_free(ca);
    SSL_CTX_set_verify(context, SSL_VERIFY_PEER, NULL);
    return context;
}

const char *client_start_tls(struct client *c, const char *name,
                             const char *ca_pem)
{
    SSL_CTX *context = new_context(ca_pem);
    const char *why = NULL;
    X509_VERIFY_PARAM *param;

    c->tls = SSL_new(context);
    SSL_CTX_free(context);
    cr_assert(c->tls != NULL);
    param = SSL_get0_param(c->tls);
    /* One of both: an address is no name. */
    if (name && !X509_VERIFY_PARAM_set1_ip_asc(param, name)) {
        X509_VERIFY_PARAM_set1_host(param, name, 0);
        SSL_set_tlsext_host_name(c->tls, name);
    }
    SSL_set_fd(c->tls, c->fd);
    if (SSL_connect(c->tls) != 1) {
        long verified = SSL_get_verify_result(c->tls);

        why = verified != X509_V_OK ? X509_verify_cert_error_string(verified)
                                    : ERR_reason_error_string(ERR_get_error());
        if (!why)
            why = "the connection broke";
    }
    return why;
}

void client_close(struct client *c)
{
    SSL_free(c->tls);
    c->tls = NULL;
    if (c->fd >= 0)
        close(c->fd);
    c->fd = -1;
    bytes_release(&c->in);
}

static void remember_sent(struct client *c, const void *data, size_t len)
{
    size_t room = sizeof(c->sent) - 1 - c->n_sent;
    size_t n = len < room ? len : room;

    memcpy(c->sent + c->n_sent, data, n);
    c->n_sent += n;
}

bool client_send(struct client *c, const void *data, size_t len)
{
    const char *p = data;

    remember_sent(c, data, len);
    while (len > 0) {
        ssize_t n = c->tls ? SSL_write(c->tls, p, (int)len)
                           : send(c->fd, p, len, MSG_NOSIGNAL);

        if (n < 0 || (n == 0 && c->tls))
            return false;
        p += n;
        len -= (size_t)n;
    }
    return true;
}

bool client_send_text(struct client *c, const char *text)
{
    return client_send(c, text, strlen(text));
}

bool client_send_request(struct client *c, const struct request *r)
{
    struct bytes b = request_bytes(r);
    bool sent = client_send(c, b.data, b.len);

    bytes_release(&b);
    return sent;
}

bool client_is_waiting(struct client *c)
{
    struct pollfd p = {.fd = c->fd, .events = POLLIN};

    return c->in.len == 0 && poll(&p, 1, 0) == 0;
}

bool client_is_closed_by_server(struct client *c)
{
    char byte;
    ssize_t n = recv(c->fd, &byte, 1, 0);

    return c->in.len == 0 &&
           (n == 0 || (n < 0 && (errno == ECONNRESET || errno == EPIPE)));
}

/* Receives one more piece into c->in. False at the end; *r then says why. */
static bool receive(struct client *c, struct reply *r)
{
    ssize_t n;

    bytes_reserve(&c->in, 65536);
    n = c->tls ? SSL_read(c->tls, c->in.data + c->in.len, 65536)
               : recv(c->fd, c->in.data + c->in.len, 65536, 0);
    if (n > 0) {
        c->in.len += (size_t)n;
        c->in.data[c->in.len] = '\0';
        r->n_reads++;
        return true;
    }
    if (n == 0)
        r->end = REPLY_TRUNCATED;
    else if (errno == EAGAIN || errno == EWOULDBLOCK)
        r->end = REPLY_TIMEOUT;
    else
        r->end = REPLY_RESET;
    return false;
}

static char *take_front(struct client *c, size_t n)
{
    char *copy = malloc(n + 1);

    cr_assert(copy != NULL, "out of memory");
    memcpy(copy, c->in.data, n);
    copy[n] = '\0';
    bytes_drop_front(&c->in, n);
    return copy;
}

/* Reads a head into r->head and r->status. */
static bool read_head(struct client *c, struct reply *r)
{
    const char *end = NULL;

    while (!end) {
        if (c->in.len > 0)
            end = memmem(c->in.data, c->in.len, "\r\n\r\n", 4);
        if (!end && !receive(c, r)) {
            if (c->in.len == 0 && r->end == REPLY_TRUNCATED)
                r->end = REPLY_NOTHING;
            else if (c->in.len > 0 && r->end == REPLY_TRUNCATED &&
                     strncmp(c->in.data, "HTTP/1.", 7) != 0)
                r->end = REPLY_MALFORMED;
            return false;
        }
    }
    free(r->head);
    r->head = take_front(c, (size_t)(end - c->in.data) + 4);
    if (strncmp(r->head, "HTTP/1.1 ", 9) != 0 &&
        strncmp(r->head, "HTTP/1.0 ", 9) != 0) {
        r->end = REPLY_MALFORMED;
        return false;
    }
    r->status = (int)strtol(r->head + 9, NULL, 10);
    return true;
}

static bool read_exactly(struct client *c, struct reply *r, size_t n)
{
    while (c->in.len < n) {
        if (!receive(c, r)) {
            r->body_len = c->in.len;
            r->body = take_front(c, c->in.len);
            return false;
        }
    }
    r->body = take_front(c, n);
    r->body_len = n;
    return true;
}

static bool read_until_close(struct client *c, struct reply *r)
{
    while (receive(c, r))
        ;
    r->body_len = c->in.len;
    r->body = take_front(c, c->in.len);
    return r->end == REPLY_TRUNCATED; /* which is how such a body ends */
}

/* The size line of the next chunk; -1 when it is none. */
static long read_chunk_size(struct client *c, struct reply *r)
{
    const char *eol = NULL;
    char *rest;
    long n;

    while (!eol) {
        if (c->in.len > 0)
            eol = memmem(c->in.data, c->in.len, "\r\n", 2);
        if (!eol && !receive(c, r))
            return -1;
    }
    n = strtol(c->in.data, &rest, 16);
    if (rest == c->in.data || (*rest != '\r' && *rest != ';') || n < 0) {
        r->end = REPLY_MALFORMED;
        return -1;
    }
    bytes_drop_front(&c->in, (size_t)(eol - c->in.data) + 2);
    return n;
}

/* A chunk's data and its line end, or the empty trailer after the last. */
static bool read_chunk_data(struct client *c, struct reply *r, size_t n,
                            struct bytes *body)
{
    while (c->in.len < n + 2) {
        if (!receive(c, r))
            return false;
    }
    if (memcmp(c->in.data + n, "\r\n", 2) != 0) {
        r->end = REPLY_MALFORMED;
        return false;
    }
    bytes_add(body, c->in.data, n);
    bytes_drop_front(&c->in, n + 2);
    return true;
}

static bool read_chunked(struct client *c, struct reply *r)
{
    struct bytes body = {0};
    bool good = true;
    long n = 1;

    bytes_text(&body, "");
    while (good && n > 0) {
        n = read_chunk_size(c, r);
        good = n >= 0 && read_chunk_data(c, r, (size_t)n, &body);
    }
    r->body = body.data;
    r->body_len = body.len;
    return good;
}

static bool read_body(struct client *c, struct reply *r)
{
    const char *coding = reply_header(r, "Transfer-Encoding");
    const char *length = reply_header(r, "Content-Length");

    if (coding && strcasecmp(coding, "chunked") == 0)
        return read_chunked(c, r);
    if (length)
        return read_exactly(c, r, strtoul(length, NULL, 10));
    return read_until_close(c, r);
}

struct reply client_read_tunnel(struct client *c)
{
    struct reply r = {.sent = format("%.*s", (int)c->n_sent, c->sent)};

    if (read_head(c, &r))
        r.end = REPLY_COMPLETE;
    if (r.status != 200 && read_body(c, &r))
        r.json = cJSON_ParseWithLengthOpts(r.body, r.body_len, NULL, 0);
    return r;
}

struct reply client_connect(struct client *c, const char *target)
{
    /* Some targets are wrong on purpose; a wrong Host is another matter. */
    client_send_text(c, format("CONNECT %s HTTP/1.1\r\nHost: %.*s\r\n\r\n",
                               target, (int)strcspn(target, "/"), target));
    return client_read_tunnel(c);
}

struct reply client_read(struct client *c)
{
    struct reply r = {.sent = format("%.*s", (int)c->n_sent, c->sent)};

    if (memchr(c->sent, '\0', c->n_sent))
        r.sent = printable(c->sent, c->n_sent);
    c->n_sent = 0;
    do {
        if (!read_head(c, &r))
            return r;
        r.continued = r.continued || r.status == 100;
    } while (r.status == 100);
    if (read_body(c, &r))
        r.end = REPLY_COMPLETE;
    if (r.body)
        r.json = cJSON_ParseWithLengthOpts(r.body, r.body_len, NULL, 0);
    return r;
}

void reply_release(struct reply *r)
{
    free(r->head);
    free(r->body);
    free((char *)r->sent);
    cJSON_Delete(r->json);
    *r = (struct reply){0};
}

/* A failed send is no failure yet: the answer may be there already. */
struct reply client_exchange(struct client *c, const struct request *r)
{
    client_send_request(c, r);
    return client_read(c);
}

struct reply send_bytes(const struct server *s, const void *data, size_t len)
{
    struct client c;
    struct reply reply;

    client_open(&c, s);
    client_send(&c, data, len);
    reply = client_read(&c);
    client_close(&c);
    return reply;
}

struct reply send_request(const struct server *s, const struct request *r)
{
    struct bytes b = request_bytes(r);
    struct reply reply = send_bytes(s, b.data, b.len);

    bytes_release(&b);
    return reply;
}

struct reply send_form(const struct server *s, const char *path,
                       const struct form *f)
{
    struct request r = request_form(path, f);

    return send_request(s, &r);
}

struct reply send_json(const struct server *s, const char *path,
                       const char *json)
{
    struct request r = request_json(path, json);

    return send_request(s, &r);
}

struct reply send_fault(const struct server *s, const char *path,
                        const char *spec)
{
    struct request r = request_good(path);

    r.headers = format("X-Mock-Fault: %s\r\n", spec);
    return send_request(s, &r);
}

/* The value starts after the colon and its blanks; it is copied. */
const char *reply_header(const struct reply *r, const char *name)
{
    size_t len = strlen(name);
    const char *line = r->head ? strstr(r->head, "\r\n") : NULL;

    while (line && line[2] != '\r') {
        line += 2;
        if (strncasecmp(line, name, len) == 0 && line[len] == ':') {
            const char *value = line + len + 1;

            value += strspn(value, " \t");
            return format("%.*s", (int)strcspn(value, "\r"), value);
        }
        line = strstr(line, "\r\n");
    }
    return NULL;
}

const cJSON *reply_data(const struct reply *r, const char *name)
{
    const cJSON *data = cJSON_GetObjectItemCaseSensitive(r->json, "data");

    return cJSON_GetObjectItemCaseSensitive(data, name);
}
