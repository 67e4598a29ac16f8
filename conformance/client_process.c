#include "client_process.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bytes.h"

/* Becomes the client. Does not return. */
static void exec_client(const char *command, int in, int out, int err,
                        pid_t parent)
{
    sigset_t none;

    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != parent)
        _exit(127);
    setpgid(0, 0);
    dup2(in, STDIN_FILENO);
    dup2(out, STDOUT_FILENO);
    dup2(err, STDERR_FILENO);
    /* Dispositions that are ignored and masks would be inherited. */
    signal(SIGPIPE, SIG_DFL);
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    execl("/bin/sh", "sh", "-c", command, (char *)NULL);
    dprintf(STDERR_FILENO, "/bin/sh: %s\n", strerror(errno));
    _exit(127);
}

/* A file that only its descriptor names. Everything is written at its end,
 * also after it was cut. */
static int open_nameless(const char *dir)
{
    char *path = format("%s/stderr-XXXXXX", dir);
    int fd = mkostemp(path, O_CLOEXEC | O_APPEND);

    if (fd >= 0)
        unlink(path);
    free(path);
    return fd;
}

static void close_all(const int *fds, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (fds[i] >= 0)
            close(fds[i]);
    }
}

int client_process_start(struct client_process *p, const char *command,
                         const char *dir, char **why)
{
    int fds[5] = {-1, -1, -1, -1, -1}; /* stdin, stdout, stderr */
    pid_t parent = getpid();

    *p = (struct client_process){.in = -1, .out = -1, .err = -1};
    fds[4] = open_nameless(dir);
    if (fds[4] < 0 || pipe2(fds, O_CLOEXEC) < 0 ||
        pipe2(fds + 2, O_CLOEXEC) < 0)
        goto fail;
    p->pid = fork();
    if (p->pid == 0)
        exec_client(command, fds[0], fds[3], fds[4], parent);
    if (p->pid < 0)
        goto fail;
    /* Also here, so that the group is there whoever runs first. */
    setpgid(p->pid, p->pid);
    close(fds[0]);
    close(fds[3]);
    p->in = fds[1];
    p->out = fds[2];
    p->err = fds[4];
    fcntl(p->in, F_SETFL, fcntl(p->in, F_GETFL) | O_NONBLOCK);
    fcntl(p->out, F_SETFL, fcntl(p->out, F_GETFL) | O_NONBLOCK);
    return 0;

fail:
    *why = format("starting the client: %s", strerror(errno));
    close_all(fds, 5);
    p->pid = 0;
    return -1;
}

bool client_process_wait(struct client_process *p, int timeout_ms, int *status)
{
    int fd = (int)syscall(SYS_pidfd_open, p->pid, 0);
    struct pollfd ended = {.fd = fd, .events = POLLIN};

    /* Its end is read without being taken: the group's number is only free
     * for others once it is. */
    siginfo_t info = {0};

    if (fd >= 0) {
        while (poll(&ended, 1, timeout_ms) < 0 && errno == EINTR)
            ;
        close(fd);
    }
    if (waitid(P_PID, (id_t)p->pid, &info, WEXITED | WNOHANG | WNOWAIT) < 0 ||
        info.si_pid == 0)
        return false;
    *status = info.si_code == CLD_EXITED ? (info.si_status & 0xff) << 8
                                         : info.si_status;
    return true;
}

int client_process_end(struct client_process *p)
{
    const int fds[] = {p->in, p->out, p->err};
    int status = 0;

    if (p->pid > 0) {
        kill(-p->pid, SIGKILL);
        while (waitpid(p->pid, &status, 0) < 0 && errno == EINTR)
            ;
    }
    close_all(fds, 3);
    *p = (struct client_process){.in = -1, .out = -1, .err = -1};
    return status;
}

char *client_process_words(int status)
{
    const char *name;

    if (!WIFSIGNALED(status))
        return format("exit status %d", WEXITSTATUS(status));
    name = sigabbrev_np(WTERMSIG(status));
    return format("signal %d (SIG%s)", WTERMSIG(status), name ? name : "?");
}
