#include "harness.h"

#include <arpa/inet.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <criterion/criterion.h>
#include <criterion/new/assert.h>

enum { MAX_ARGS = 32, READY_TIMEOUT_MS = 10000 };

static int last_err = -1; /* stderr of the server last started */

const char *program(void)
{
    const char *path = getenv("MOCKSERVER");

    return path && *path ? path : "build/mockserver";
}

/* Adds the words of MOCKSERVER_ARGS; returns how many arguments there are. */
static int add_common_args(char *argv[MAX_ARGS], int n)
{
    static char words[1024]; /* argv points into it */
    const char *args = getenv("MOCKSERVER_ARGS");
    char *rest = words;
    char *word;

    cr_assert(strlen(args ? args : "") < sizeof(words));
    snprintf(words, sizeof(words), "%s", args ? args : "");
    while ((word = strsep(&rest, " "))) {
        cr_assert(n < MAX_ARGS - 1, "too many arguments");
        if (*word)
            argv[n++] = word;
    }
    return n;
}

static void collect_args(char *argv[MAX_ARGS], int n, va_list ap)
{
    char *arg = va_arg(ap, char *);

    while (arg) {
        cr_assert(n < MAX_ARGS - 1, "too many arguments");
        argv[n++] = arg;
        arg = va_arg(ap, char *);
    }
    argv[n] = NULL;
}

/* Starts the program with these for stdin (-1: empty), stdout and stderr. The
 * child keeps no other descriptor: it must not hold the runner's sockets
 * open. */
static pid_t spawn(char *argv[], int in, int out, int err)
{
    pid_t parent = getpid();
    pid_t pid = fork();

    if (pid != 0)
        return pid;
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != parent)
        _exit(126);
    if (in < 0)
        in = open("/dev/null", O_RDONLY);
    dup2(in, STDIN_FILENO);
    dup2(out, STDOUT_FILENO);
    dup2(err, STDERR_FILENO);
    close_range(3, ~0U, 0);
    signal(SIGPIPE, SIG_DFL);
    execv(argv[0], argv);
    dprintf(STDERR_FILENO, "%s: %s\n", argv[0], strerror(errno));
    _exit(127);
}

static int memory_file(const char *name)
{
    int fd = memfd_create(name, MFD_CLOEXEC);

    cr_assert(fd >= 0, "memfd_create: %s", strerror(errno));
    return fd;
}

/* All of a file in memory, NUL-terminated. pread() leaves the offset alone,
 * which the child shares. */
static char *read_all(int fd, size_t *len)
{
    struct stat st;
    char *text;
    ssize_t n;

    cr_assert(fstat(fd, &st) == 0);
    text = malloc((size_t)st.st_size + 1);
    cr_assert(text != NULL);
    n = pread(fd, text, (size_t)st.st_size, 0);
    *len = n > 0 ? (size_t)n : 0;
    text[*len] = '\0';
    return text;
}

const char *server_stderr(void)
{
    size_t len;

    return last_err < 0 ? "" : read_all(last_err, &len);
}

/* Reads one line within the time limit; false at the end of the output. */
static bool read_line(int fd, char *line, size_t cap)
{
    struct pollfd p = {.fd = fd, .events = POLLIN};
    size_t len = 0;

    while (len + 1 < cap && poll(&p, 1, READY_TIMEOUT_MS) == 1) {
        if (read(fd, line + len, 1) != 1)
            return false;
        if (line[len] == '\n') {
            line[len] = '\0';
            return true;
        }
        len++;
    }
    return false;
}

void server_start(struct server *s, ...)
{
    static const char expected[] = "mockserver listening on http://127.0.0.1:";
    static char port_option[] = "--port", any_port[] = "0";
    char *argv[MAX_ARGS] = {(char *)program(), port_option, any_port};
    char line[256] = "";
    int pipe_fds[2];
    bool got_line;
    va_list ap;

    va_start(ap, s);
    collect_args(argv, add_common_args(argv, 3), ap);
    va_end(ap);
    cr_assert(pipe2(pipe_fds, O_CLOEXEC) == 0);
    s->err = last_err = memory_file("mockserver-stderr");
    s->out = pipe_fds[0];
    s->pid = spawn(argv, -1, pipe_fds[1], s->err);
    cr_assert(s->pid > 0, "fork: %s", strerror(errno));
    close(pipe_fds[1]);
    got_line = read_line(s->out, line, sizeof(line));
    cr_assert(got_line, "%s did not say that it listens; stderr:\n%s",
              program(), server_stderr());
    cr_assert(strncmp(line, expected, strlen(expected)) == 0,
              "unexpected first line: %s", line);
    s->port = (int)strtol(line + strlen(expected), NULL, 10);
    cr_assert(s->port > 0, "no port in: %s", line);
}

void server_terminate(const struct server *s)
{
    cr_assert(kill(s->pid, SIGTERM) == 0);
}

void server_await_stopping(const struct server *s)
{
    const struct sockaddr_in to = {
        .sin_family = AF_INET,
        .sin_port = htons((uint16_t)s->port),
        .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
    };
    int failed = 0;

    while (!failed) {
        int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

        cr_assert(fd >= 0, "socket: %s", strerror(errno));
        failed = connect(fd, (const struct sockaddr *)&to, sizeof(to));
        close(fd);
    }
}

static void expect_no_sanitizer_report(const char *err)
{
    if (strstr(err, "Sanitizer") || strstr(err, "runtime error:"))
        cr_fail("a sanitizer reported:\n%s", err);
}

static int wait_for(pid_t pid)
{
    int status = 0;

    while (waitpid(pid, &status, 0) < 0)
        cr_assert(EINTR == errno, "waitpid: %s", strerror(errno));
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

void server_wait(struct server *s)
{
    int status = wait_for(s->pid);
    const char *err = server_stderr();

    if (status != 0)
        cr_fail("the server ended with status %d; stderr:\n%s", status, err);
    expect_no_sanitizer_report(err);
    close(s->out);
    close(s->err);
    last_err = -1;
    s->pid = -1;
}

void server_stop(struct server *s)
{
    server_terminate(s);
    server_wait(s);
}

long server_rss_kib(const struct server *s)
{
    char path[64], line[256];
    long kib = -1;
    FILE *f;

    snprintf(path, sizeof(path), "/proc/%d/status", (int)s->pid);
    f = fopen(path, "r");
    cr_assert(f != NULL, "%s: %s", path, strerror(errno));
    while (kib < 0 && fgets(line, sizeof(line), f)) {
        if (strncmp(line, "VmRSS:", 6) == 0)
            kib = strtol(line + 6, NULL, 10);
    }
    fclose(f);
    cr_assert(kib > 0, "no VmRSS in %s", path);
    return kib;
}

static size_t entries_of(const struct server *s, const char *what)
{
    char path[64];
    size_t n = 0;
    DIR *dir;

    snprintf(path, sizeof(path), "/proc/%ld/%s", (long)s->pid, what);
    dir = opendir(path);
    if (!dir)
        return 0;
    for (const struct dirent *e; (e = readdir(dir));)
        n += e->d_name[0] != '.';
    closedir(dir);
    return n;
}

size_t server_descriptors(const struct server *s)
{
    return entries_of(s, "fd");
}

size_t server_threads(const struct server *s)
{
    return entries_of(s, "task");
}

bool server_is_sanitized(void)
{
    int fd = open(program(), O_RDONLY | O_CLOEXEC);
    char *text;
    size_t len;
    bool found;

    cr_assert(fd >= 0, "%s: %s", program(), strerror(errno));
    text = read_all(fd, &len);
    close(fd);
    found = memmem(text, len, "__asan_init", 11) != NULL ||
            memmem(text, len, "__tsan_init", 11) != NULL;
    free(text);
    return found;
}

static struct run run_argv(char *argv[], int in)
{
    struct run run = {0};
    int out = memory_file("stdout"), err = memory_file("stderr");
    pid_t pid = spawn(argv, in, out, err);

    cr_assert(pid > 0, "fork: %s", strerror(errno));
    run.status = wait_for(pid);
    run.out = read_all(out, &run.out_len);
    run.err = read_all(err, &run.err_len);
    close(out);
    close(err);
    cr_assert(ne(int, run.status, 127), "%s", run.err);
    expect_no_sanitizer_report(run.err);
    return run;
}

struct run run_program(const char *first, ...)
{
    char *argv[MAX_ARGS] = {(char *)program(), (char *)first};
    int n = strcmp(first, "exec") == 0 ? add_common_args(argv, 2) : 2;
    va_list ap;

    va_start(ap, first);
    collect_args(argv, n, ap);
    va_end(ap);
    return run_argv(argv, -1);
}

struct run run_program_with(const void *data, size_t len, const char *first,
                            ...)
{
    char *argv[MAX_ARGS] = {(char *)program(), (char *)first};
    int in = memory_file("stdin");
    struct run run;
    va_list ap;

    cr_assert(pwrite(in, data, len, 0) == (ssize_t)len);
    va_start(ap, first);
    collect_args(argv, 2, ap);
    va_end(ap);
    run = run_argv(argv, in);
    close(in);
    return run;
}

static char scratch[] = "/tmp/mockserver-e2e-XXXXXX";
static bool scratch_made;

static int remove_entry(const char *path, const struct stat *st, int type,
                        struct FTW *ftw)
{
    (void)st, (void)type, (void)ftw;
    return remove(path);
}

static void remove_scratch(void)
{
    nftw(scratch, remove_entry, 8, FTW_DEPTH | FTW_PHYS);
}

const char *scratch_dir(void)
{
    if (!scratch_made) {
        cr_assert(mkdtemp(scratch) != NULL, "mkdtemp: %s", strerror(errno));
        scratch_made = true;
        atexit(remove_scratch);
    }
    return scratch;
}

static void make_parents(char *path)
{
    for (char *p = strchr(path + strlen(scratch) + 1, '/'); p;
         p = strchr(p + 1, '/')) {
        *p = '\0';
        mkdir(path, 0700);
        *p = '/';
    }
}

const char *scratch_file(const char *name, const void *data, size_t len)
{
    char *path;
    FILE *f;

    cr_assert(asprintf(&path, "%s/%s", scratch_dir(), name) > 0);
    make_parents(path);
    f = fopen(path, "wb");
    cr_assert(f != NULL, "%s: %s", path, strerror(errno));
    cr_assert(fwrite(data, 1, len, f) == len);
    cr_assert(fclose(f) == 0);
    return path;
}
