#include "keeper.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "client_process.h"
#include "dialogue.h"
#include "handshake.h"
#include "lease.h"
#include "now.h"
#include "protocol.h"
#include "secrets.h"

enum {
    MAX_LENT = 256, /* clients at once; one a case that runs */
    STOP_MS = 5000, /* for a client to end after `stop` */
    MAX_WAIT_MS = 2000,
};

/* One client, and the case that has it or had it last. */
struct client {
    struct client_process process; /* pid 0: none yet */
    char *who;
};

static const struct client no_client = {{.in = -1, .out = -1, .err = -1}, NULL};

/* A case that is connected, and the client it was lent. */
struct slot {
    int socket;
    struct client client;
};

struct keeper {
    const struct config *config; /* borrowed, as these two */
    const char *command, *dir;
    int listener;
    struct client idle[MAX_LENT];
    size_t n_idle;
    struct slot slots[MAX_LENT];
    size_t n_slots;
    struct bytes problems;
};

static void client_release(struct client *client)
{
    client_process_end(&client->process);
    free(client->who);
    client->who = NULL;
}

/* Notes a problem once, whichever clients have it. */
static void note(struct keeper *k, const char *who, const char *what)
{
    /* It may tell of a key, even of one that it has from another case. */
    char *shown = secrets_hidden_text(k->config, what);
    char *line = who ? format("the client, after the case %s: %s\n", who, shown)
                     : format("the client: %s\n", shown);

    if (!k->problems.data || !strstr(k->problems.data, line))
        bytes_text(&k->problems, line);
    free(line);
    free(shown);
}

/* idle clients */

/* What a client that was asked nothing said, in words; NULL when it kept
 * silent. *closed: it said that nothing more will come. */
static char *unasked(const struct client_process *p, bool *closed)
{
    struct dialogue d;
    struct bytes line = {0};
    enum dialogue_event event;
    char *shown, *text = NULL;

    dialogue_init(&d, p->in, p->out, p->err);
    event = dialogue_read(&d, now_ms(), &line);
    *closed = event == DIALOGUE_ENDED;
    if (event == DIALOGUE_FLOOD) {
        text = format("said %s", line.data);
    } else if (line.len > 0) {
        shown = dialogue_shown(&line);
        text = format("said what nobody asked for: %s", shown);
        free(shown);
    }
    bytes_release(&line);
    dialogue_release(&d);
    return text;
}

/* Is this idle client as a case should find it? If not, that is noted. */
static bool is_good(struct keeper *k, struct client *client)
{
    bool closed;
    char *what = unasked(&client->process, &closed);
    int status;

    if (!what &&
        client_process_wait(&client->process, closed ? 1000 : 0, &status)) {
        char *words = client_process_words(status);

        what = format("ended without a stop: %s", words);
        free(words);
    } else if (!what && closed) {
        what = format("closed its stdout");
    }
    if (!what)
        return true;
    note(k, client->who, what);
    free(what);
    return false;
}

/* Takes a client for a case: 0, or -1 with *why. *fresh: it has not said
 * `started` yet. */
static int take_client(struct keeper *k, struct client *out, bool *fresh,
                       char **why)
{
    *fresh = false;
    while (k->n_idle > 0) {
        *out = k->idle[--k->n_idle];
        if (is_good(k, out))
            return 0;
        client_release(out);
    }
    *fresh = true;
    *out = no_client;
    return client_process_start(&out->process, k->command, k->dir, why);
}

/* what cases ask for */

static void answer(const struct slot *slot, const char *text)
{
    send(slot->socket, text, strlen(text), MSG_NOSIGNAL);
}

static void answer_client(const struct slot *slot, const char *text)
{
    const struct client_process *p = &slot->client.process;
    const int fds[LEASE_FDS] = {p->in, p->out, p->err};
    union {
        struct cmsghdr header;
        char room[CMSG_SPACE(sizeof(fds))];
    } control = {0};
    struct iovec part = {.iov_base = (char *)text, .iov_len = strlen(text)};
    struct msghdr message = {.msg_iov = &part,
                             .msg_iovlen = 1,
                             .msg_control = &control,
                             .msg_controllen = sizeof(control)};
    struct cmsghdr *rights = CMSG_FIRSTHDR(&message);

    rights->cmsg_level = SOL_SOCKET;
    rights->cmsg_type = SCM_RIGHTS;
    rights->cmsg_len = CMSG_LEN(sizeof(fds));
    memcpy(CMSG_DATA(rights), fds, sizeof(fds));
    sendmsg(slot->socket, &message, MSG_NOSIGNAL);
}

static void lend(struct keeper *k, struct slot *slot, const char *who)
{
    bool fresh;
    char *why, *text;

    if (take_client(k, &slot->client, &fresh, &why) < 0) {
        text = format("!%s", why);
        answer(slot, text);
        free(text);
        free(why);
        return;
    }
    free(slot->client.who);
    slot->client.who = format("%s", who);
    answer_client(slot, fresh ? LEASE_FRESH : LEASE_IDLE);
}

/* Tells the case how its client ended, if it has. */
static bool answer_end(struct slot *slot, int wait_ms)
{
    int status;
    bool ended = client_process_wait(&slot->client.process, wait_ms, &status);
    char *words = ended ? client_process_words(status) : NULL;

    answer(slot, words ? words : LEASE_RUNNING);
    free(words);
    return ended;
}

static void take_back(struct keeper *k, struct slot *slot, bool keep,
                      int wait_ms)
{
    if (slot->client.process.pid == 0)
        return;
    if (answer_end(slot, wait_ms) || !keep || k->n_idle == MAX_LENT) {
        client_release(&slot->client);
        return;
    }
    /* What it wrote so far belongs to the case that is over. */
    if (ftruncate(slot->client.process.err, 0) < 0)
        note(k, NULL, strerror(errno));
    k->idle[k->n_idle++] = slot->client;
    slot->client = no_client;
}

static int wait_of(const char *digits)
{
    long ms = strtol(digits, NULL, 10);

    return ms < 0 || ms > MAX_WAIT_MS ? MAX_WAIT_MS : (int)ms;
}

/* Does what a case asks for; false when it is gone. */
static bool serve(struct keeper *k, struct slot *slot)
{
    char text[LEASE_MAX_MESSAGE];
    ssize_t n = recv(slot->socket, text, sizeof(text) - 1, 0);

    if (n < 0 && (errno == EINTR || errno == EAGAIN))
        return true;
    if (n <= 0)
        return false;
    text[n] = '\0';
    if (strncmp(text, LEASE_OPEN, strlen(LEASE_OPEN)) == 0)
        lend(k, slot, text + strlen(LEASE_OPEN));
    else if (strcmp(text, LEASE_KEEP) == 0)
        take_back(k, slot, true, 0);
    else if (strncmp(text, LEASE_END, strlen(LEASE_END)) == 0)
        take_back(k, slot, false, wait_of(text + strlen(LEASE_END)));
    return true;
}

static void drop_slot(struct keeper *k, size_t i)
{
    client_release(&k->slots[i].client);
    close(k->slots[i].socket);
    k->slots[i] = k->slots[--k->n_slots];
}

static void accept_case(struct keeper *k)
{
    int fd = accept4(k->listener, NULL, NULL, SOCK_CLOEXEC);

    if (fd < 0)
        return;
    if (k->n_slots == MAX_LENT) {
        close(fd);
        return;
    }
    k->slots[k->n_slots++] = (struct slot){.socket = fd, .client = no_client};
}

/* life cycle */

static int listen_in(struct keeper *k, char **why)
{
    struct sockaddr_un address;
    int dir = lease_address(k->dir, &address);
    int failed;

    k->listener = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
    failed =
        dir < 0 || k->listener < 0 ||
        bind(k->listener, (struct sockaddr *)&address, sizeof(address)) < 0 ||
        listen(k->listener, MAX_LENT) < 0;
    if (failed)
        *why = format("a socket in %s: %s", k->dir, strerror(errno));
    if (dir >= 0)
        close(dir);
    return failed ? -1 : 0;
}

/* The handshake with the first client: its features, or NULL with *why. */
static json_t *greet(struct client_process *p, bool *ended, char **why)
{
    struct dialogue d;
    json_t *started, *features = NULL;

    dialogue_init(&d, p->in, p->out, p->err);
    started = handshake(&d, NULL, ended, why);
    if (started && d.input.len > 0) {
        char *shown = dialogue_shown(&d.input);

        *why = format("said more than started: %.*s", (int)strcspn(shown, "\n"),
                      shown);
        free(shown);
    } else if (started) {
        features = json_incref(json_object_get(started, "features"));
    }
    json_decref(started);
    dialogue_release(&d);
    return features;
}

static void stop_listening(struct keeper *k)
{
    struct sockaddr_un address;
    int dir = lease_address(k->dir, &address);

    if (k->listener >= 0)
        close(k->listener);
    if (dir >= 0) {
        unlink(address.sun_path);
        close(dir);
    }
}

/* Starts the first client, which becomes an idle one. 0, or -1. */
static int start_first(struct keeper *k, json_t **features, char **why)
{
    struct client first = no_client;
    struct client_process *p = &first.process;
    struct dialogue d;
    char *wrong, *words, *last;
    bool ended;
    int status;

    if (client_process_start(p, k->command, k->dir, why) < 0)
        return -1;
    *features = greet(p, &ended, &wrong);
    if (*features) {
        k->idle[k->n_idle++] = first;
        return 0;
    }
    ended = client_process_wait(p, ended ? 1000 : 0, &status);
    words = ended ? client_process_words(status) : format("it was killed");
    dialogue_init(&d, p->in, p->out, p->err);
    last = dialogue_stderr(&d);
    *why =
        format("the client \"%s\" %s (%s)%s", k->command, wrong, words, last);
    dialogue_release(&d);
    free(words);
    free(wrong);
    free(last);
    client_release(&first);
    return -1;
}

struct keeper *keeper_new(const struct config *config, json_t **features,
                          char **why)
{
    struct keeper *k = calloc(1, sizeof(*k));

    if (!k)
        abort();
    k->config = config;
    k->command = config->client;
    k->dir = config->run_dir;
    k->listener = -1;
    if (listen_in(k, why) < 0 || start_first(k, features, why) < 0) {
        stop_listening(k);
        free(k);
        return NULL;
    }
    return k;
}

/* Waits for something and deals with it; false when `runner` ended. */
static bool serve_once(struct keeper *k, int runner)
{
    struct pollfd fds[2 + MAX_LENT];
    size_t n = k->n_slots;

    fds[0] = (struct pollfd){.fd = runner, .events = POLLIN};
    fds[1] = (struct pollfd){.fd = k->listener, .events = POLLIN};
    for (size_t i = 0; i < n; i++)
        fds[2 + i] =
            (struct pollfd){.fd = k->slots[i].socket, .events = POLLIN};
    if (poll(fds, 2 + n, -1) < 0)
        return errno == EINTR;
    /* Backwards: a slot that goes is replaced by the last one. */
    for (size_t i = n; i-- > 0;) {
        if (fds[2 + i].revents && !serve(k, &k->slots[i]))
            drop_slot(k, i);
    }
    if (fds[1].revents)
        accept_case(k);
    return fds[0].revents == 0;
}

int keeper_serve_until_exit(struct keeper *k, pid_t runner)
{
    int fd = k ? (int)syscall(SYS_pidfd_open, runner, 0) : -1;
    int status;

    /* Cases would wait for clients that nobody lends them. */
    if (k && fd < 0)
        kill(runner, SIGTERM);
    while (k && fd >= 0 && serve_once(k, fd))
        ;
    if (fd >= 0)
        close(fd);
    while (k && k->n_slots > 0)
        drop_slot(k, k->n_slots - 1);
    while (waitpid(runner, &status, 0) < 0) {
        if (errno != EINTR)
            return -1;
    }
    return status;
}

/* Tells a client that no more will come. */
static void say_stop(struct client_process *p)
{
    struct dialogue d;
    char *stop = protocol_stop(), *why;

    dialogue_init(&d, p->in, p->out, p->err);
    /* One that reads no more has ended, and is asked for its status. */
    if (dialogue_send(&d, stop, now_ms(), &why) < 0)
        free(why);
    dialogue_release(&d);
    free(stop);
    close(p->in);
    p->in = -1;
}

/* What is wrong with how a client ends that was told to stop; NULL:
 * nothing. */
static char *await_end(struct client_process *p, long long deadline)
{
    struct dialogue d;
    long long left = deadline - now_ms();
    bool closed;
    int status = 0;
    bool ended = client_process_wait(p, left > 0 ? (int)left : 0, &status);
    char *words, *last, *text = unasked(p, &closed);

    if (text || (ended && status == 0))
        return text;
    if (!ended)
        return format("did not end within %d s of stop", STOP_MS / 1000);
    dialogue_init(&d, p->in, p->out, p->err);
    words = client_process_words(status);
    last = dialogue_stderr(&d);
    text = format("ended with %s after stop, expected exit status 0%s", words,
                  last);
    free(words);
    free(last);
    dialogue_release(&d);
    return text;
}

/* All at once, so that it takes no longer than the slowest. */
static void stop_idle(struct keeper *k)
{
    long long deadline;

    for (size_t i = k->n_idle; i-- > 0;) {
        if (is_good(k, &k->idle[i])) {
            say_stop(&k->idle[i].process);
        } else {
            client_release(&k->idle[i]);
            k->idle[i] = k->idle[--k->n_idle];
        }
    }
    deadline = now_ms() + STOP_MS;
    while (k->n_idle > 0) {
        struct client *client = &k->idle[--k->n_idle];
        char *what = await_end(&client->process, deadline);

        if (what)
            note(k, NULL, what);
        free(what);
        client_release(client);
    }
}

void keeper_free(struct keeper *k, struct bytes *problems)
{
    if (!k)
        return;
    while (k->n_slots > 0)
        drop_slot(k, k->n_slots - 1);
    stop_idle(k);
    stop_listening(k);
    if (problems && k->problems.len > 0)
        bytes_add(problems, k->problems.data, k->problems.len);
    bytes_release(&k->problems);
    free(k);
}
