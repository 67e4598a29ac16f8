/*
 * fake_target: servers that a run of the suite may meet and no mock is.
 *
 *     fake_target hang                    accepts, reads, never answers
 *     fake_target garbage                 answers what is no HTTP
 *     fake_target close                   closes each connection at once
 *     fake_target pipe PORT N             passes N connections on to PORT of
 *                                         this machine, then is gone
 *     fake_target tls PORT CERT KEY       the same for TLS, without end
 *
 * It prints its own port on stdout once it listens, and ends with the process
 * that started it.
 */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <openssl/ssl.h>

enum { PIECE = 16384 };

static void die(const char *what)
{
    perror(what);
    exit(2);
}

static int listen_anywhere(void)
{
    struct sockaddr_in at = {.sin_family = AF_INET,
                             .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof(at);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    if (fd < 0 || bind(fd, (struct sockaddr *)&at, sizeof(at)) < 0 ||
        listen(fd, 128) < 0 ||
        getsockname(fd, (struct sockaddr *)&at, &len) < 0)
        die("listen");
    printf("%u\n", ntohs(at.sin_port));
    fflush(stdout);
    return fd;
}

static int connect_to(int port)
{
    struct sockaddr_in to = {.sin_family = AF_INET,
                             .sin_port = htons((unsigned short)port),
                             .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    if (fd < 0 || connect(fd, (struct sockaddr *)&to, sizeof(to)) < 0)
        die("connect");
    return fd;
}

/* One end of a pipe: a socket, with TLS over it or not. */
struct end {
    int fd;
    SSL *tls;
};

static ssize_t end_read(const struct end *e, char *data, size_t cap)
{
    return e->tls ? SSL_read(e->tls, data, (int)cap) : read(e->fd, data, cap);
}

static int end_write(const struct end *e, const char *data, size_t len)
{
    while (len > 0) {
        ssize_t n = e->tls ? SSL_write(e->tls, data, (int)len)
                           : write(e->fd, data, len);

        if (n <= 0)
            return -1;
        data += n;
        len -= (size_t)n;
    }
    return 0;
}

/* Moves bytes until one side ends. Blocking writes will do: what the suite
 * and the mock say to each other is little, but for uploads in one way. */
static void pass(const struct end *a, const struct end *b)
{
    struct pollfd p[2] = {{.fd = a->fd, .events = POLLIN},
                          {.fd = b->fd, .events = POLLIN}};
    char piece[PIECE];

    for (;;) {
        bool waiting = a->tls && SSL_pending(a->tls) > 0;

        if (!waiting && poll(p, 2, -1) < 0)
            return;
        for (int i = 0; i < 2; i++) {
            ssize_t n;

            if (!(p[i].revents || (i == 0 && waiting)))
                continue;
            n = end_read(i == 0 ? a : b, piece, sizeof(piece));
            if (n <= 0 || end_write(i == 0 ? b : a, piece, (size_t)n) < 0)
                return;
        }
    }
}

static void serve_tls(int fd, SSL_CTX *context, int port)
{
    struct end client = {.fd = fd, .tls = SSL_new(context)};
    struct end server = {.fd = -1};

    SSL_set_fd(client.tls, fd);
    if (SSL_accept(client.tls) == 1) {
        server.fd = connect_to(port);
        pass(&client, &server);
        SSL_shutdown(client.tls);
    }
    SSL_free(client.tls);
}

static void serve_garbage(int fd)
{
    static const char garbage[] =
        "SSH-2.0-OpenSSH_9.2p1\r\n\x01\x02\x03\r\n\r\n";
    struct end client = {.fd = fd};
    char piece[PIECE];

    if (read(fd, piece, sizeof(piece)) > 0)
        end_write(&client, garbage, sizeof(garbage) - 1);
}

static void serve_hang(int fd)
{
    char piece[PIECE];

    while (read(fd, piece, sizeof(piece)) > 0)
        ;
}

static void serve_pipe(int fd, int port)
{
    struct end client = {.fd = fd}, server = {.fd = connect_to(port)};

    pass(&client, &server);
}

static SSL_CTX *make_context(const char *certificate, const char *key)
{
    SSL_CTX *context = SSL_CTX_new(TLS_server_method());

    if (!context ||
        SSL_CTX_use_certificate_chain_file(context, certificate) != 1 ||
        SSL_CTX_use_PrivateKey_file(context, key, SSL_FILETYPE_PEM) != 1) {
        fprintf(stderr, "fake_target: bad certificate or key\n");
        exit(2);
    }
    return context;
}

int main(int argc, char **argv)
{
    const char *mode = argc > 1 ? argv[1] : "";
    int port = argc > 2 ? (int)strtol(argv[2], NULL, 10) : 0;
    long left =
        strcmp(mode, "pipe") == 0 && argc > 3 ? strtol(argv[3], NULL, 10) : -1;
    SSL_CTX *context = strcmp(mode, "tls") == 0 && argc > 4
                           ? make_context(argv[3], argv[4])
                           : NULL;
    int listening;

    prctl(PR_SET_PDEATHSIG, SIGKILL);
    signal(SIGCHLD, SIG_IGN);
    signal(SIGPIPE, SIG_IGN);
    listening = listen_anywhere();
    while (left-- != 0) {
        int fd = accept(listening, NULL, NULL);

        if (fd < 0)
            continue;
        if (fork() == 0) {
            close(listening);
            if (strcmp(mode, "hang") == 0)
                serve_hang(fd);
            else if (strcmp(mode, "garbage") == 0)
                serve_garbage(fd);
            else if (strcmp(mode, "pipe") == 0)
                serve_pipe(fd, port);
            else if (context)
                serve_tls(fd, context, port);
            _exit(0);
        }
        close(fd);
    }
    return 0;
}
