#include "lease.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "handshake.h"

struct lease {
    int socket;
    int fds[LEASE_FDS]; /* the client's stdin, stdout and stderr */
    struct dialogue dialogue;
};

int lease_address(const char *run_dir, struct sockaddr_un *address)
{
    int dir = open(run_dir, O_PATH | O_DIRECTORY | O_CLOEXEC);

    *address = (struct sockaddr_un){.sun_family = AF_UNIX};
    snprintf(address->sun_path, sizeof(address->sun_path),
             "/proc/self/fd/%d/clients.sock", dir);
    return dir;
}

static int connect_keeper(const char *run_dir)
{
    struct sockaddr_un address;
    int dir = lease_address(run_dir, &address);
    int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);

    if (dir < 0 || fd < 0 ||
        connect(fd, (struct sockaddr *)&address, sizeof(address)) < 0) {
        int failed = errno;

        if (fd >= 0)
            close(fd);
        fd = -1;
        errno = failed;
    }
    if (dir >= 0)
        close(dir);
    return fd;
}

/* A message and the descriptors that may come with it. Its length, or -1. */
static ssize_t receive(int socket, char text[LEASE_MAX_MESSAGE],
                       int fds[LEASE_FDS])
{
    union {
        struct cmsghdr header;
        char room[CMSG_SPACE(LEASE_FDS * sizeof(int))];
    } control = {0};
    struct iovec part = {.iov_base = text, .iov_len = LEASE_MAX_MESSAGE - 1};
    struct msghdr message = {.msg_iov = &part,
                             .msg_iovlen = 1,
                             .msg_control = &control,
                             .msg_controllen = sizeof(control)};
    const struct cmsghdr *rights;
    ssize_t n;

    do {
        n = recvmsg(socket, &message, MSG_CMSG_CLOEXEC);
    } while (n < 0 && errno == EINTR);
    text[n > 0 ? n : 0] = '\0';
    rights = n > 0 ? CMSG_FIRSTHDR(&message) : NULL;
    if (rights && rights->cmsg_type == SCM_RIGHTS &&
        rights->cmsg_len == CMSG_LEN(LEASE_FDS * sizeof(int)))
        memcpy(fds, CMSG_DATA(rights), LEASE_FDS * sizeof(int));
    return n;
}

static void lease_free(struct lease *lease)
{
    dialogue_release(&lease->dialogue);
    for (size_t i = 0; i < LEASE_FDS; i++) {
        if (lease->fds[i] >= 0)
            close(lease->fds[i]);
    }
    close(lease->socket);
    free(lease);
}

/* Sends a message and returns the answer; NULL when the keeper is gone. */
static char *ask(struct lease *lease, const char *text)
{
    char answer[LEASE_MAX_MESSAGE];

    if (send(lease->socket, text, strlen(text), MSG_NOSIGNAL) < 0)
        return NULL;
    if (receive(lease->socket, answer, lease->fds) <= 0)
        return NULL;
    return format("%s", answer);
}

/* Greets a new client. 0, or -1 with *why and the lease ended. */
static int greet(struct lease *lease, struct bytes *said, char **why)
{
    bool ended;
    char *wrong, *words, *last;
    json_t *started = handshake(&lease->dialogue, said, &ended, &wrong);

    if (started) {
        json_decref(started);
        return 0;
    }
    last = dialogue_stderr(&lease->dialogue);
    words = lease_end(lease, ended ? 1000 : 0);
    *why = format("a new client %s%s%s%s%s", wrong, words ? " (" : "",
                  words ? words : "", words ? ")" : "", last);
    free(wrong);
    free(words);
    free(last);
    return -1;
}

struct lease *lease_open(const struct config *config, const char *who,
                         struct bytes *said, char **why)
{
    struct lease *lease = calloc(1, sizeof(*lease));
    char *request = format(LEASE_OPEN "%s", who);
    char *answer;

    if (!lease)
        abort();
    *lease = (struct lease){.fds = {-1, -1, -1}};
    lease->socket = connect_keeper(config->run_dir);
    answer = lease->socket < 0 ? NULL : ask(lease, request);
    free(request);
    if (!answer || answer[0] == '!' || lease->fds[0] < 0) {
        *why = answer ? format("%s", answer + 1)
                      : format("no answer of the keeper of clients: %s",
                               strerror(errno));
        free(answer);
        lease_free(lease);
        return NULL;
    }
    dialogue_init(&lease->dialogue, lease->fds[0], lease->fds[1],
                  lease->fds[2]);
    if (strcmp(answer, LEASE_FRESH) == 0 && greet(lease, said, why) < 0)
        lease = NULL;
    free(answer);
    return lease;
}

struct dialogue *lease_dialogue(struct lease *lease)
{
    return &lease->dialogue;
}

static char *give_back(struct lease *lease, const char *text)
{
    char *answer = ask(lease, text);

    lease_free(lease);
    if (answer && strcmp(answer, LEASE_RUNNING) == 0) {
        free(answer);
        answer = NULL;
    }
    return answer;
}

char *lease_keep(struct lease *lease)
{
    return give_back(lease, LEASE_KEEP);
}

char *lease_end(struct lease *lease, int wait_ms)
{
    char *text = format(LEASE_END "%d", wait_ms);
    char *answer = give_back(lease, text);

    free(text);
    return answer;
}
