/*
 * From the start of a server to its first answer: starts each of some commands
 * in turn, TIMES times, sends it a request as soon as it can take one, and ends
 * it when the answer is there.
 *
 *     bench_start [-n TIMES] FILE COMMAND [ARG...] [-- COMMAND [ARG...]]...
 *
 *     bench_start -f
 *
 * FILE holds the request as it travels; the answer must have the status 200. A
 * command says its port at the end of the first line that it prints. Of one
 * that has @PORT@ in an argument, that is replaced by a free port, which is
 * tried every millisecond. -f only prints such a port.
 *
 * Prints a line a start: the command's place, from 0, and the milliseconds from
 * fork() on. Exit: 1 when a server does not answer within a minute, or does not
 * end well.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include "bench_support.h"

enum { MAX_COMMANDS = 16, MAX_ARGS = 64, ARG_CAP = 4096, PATIENCE_S = 60 };

static const char placeholder[] = "@PORT@";

struct start {
    char *args[MAX_ARGS + 1]; /* as given */
    uint16_t port;            /* for the placeholder; 0: it says its own */
    pid_t pid;
    int out; /* the end of its stdout that we read */
};

static char request[64 * 1024];
static size_t request_len;

static void read_request(const char *path)
{
    FILE *f = fopen(path, "rb");

    if (!f)
        bench_die(path);
    request_len = fread(request, 1, sizeof(request), f);
    if (request_len == 0 || !feof(f))
        bench_die(path);
    fclose(f);
}

static uint16_t free_port(void)
{
    uint16_t port;

    close(bench_listen(&port));
    return port;
}

/* the server */

static bool takes_port(const struct start *s)
{
    for (size_t i = 0; s->args[i]; i++) {
        if (strstr(s->args[i], placeholder))
            return true;
    }
    return false;
}

/* The arguments as the server gets them. In the child: nothing is freed. */
static void fill_in(struct start *s)
{
    for (size_t i = 0; s->args[i]; i++) {
        const char *at = strstr(s->args[i], placeholder);
        char *filled;

        if (!at)
            continue;
        filled = malloc(ARG_CAP);
        if (!filled)
            _exit(127);
        snprintf(filled, ARG_CAP, "%.*s%u%s", (int)(at - s->args[i]),
                 s->args[i], (unsigned)s->port, at + sizeof(placeholder) - 1);
        s->args[i] = filled;
    }
}

_Noreturn static void become(struct start *s, int out)
{
    int null = open("/dev/null", O_RDWR | O_CLOEXEC);

    prctl(PR_SET_PDEATHSIG, SIGTERM);
    fill_in(s);
    dup2(null, STDIN_FILENO);
    dup2(s->port != 0 ? null : out, STDOUT_FILENO);
    dup2(null, STDERR_FILENO);
    execvp(s->args[0], s->args);
    _exit(127);
}

static void begin(struct start *s)
{
    int ends[2];

    if (pipe2(ends, O_CLOEXEC) < 0)
        bench_die("pipe");
    s->pid = fork();
    if (s->pid < 0)
        bench_die("fork");
    if (s->pid == 0)
        become(s, ends[1]);
    close(ends[1]);
    s->out = ends[0];
}

/* The number at the end of the first line; 0 when there is none. */
static uint16_t said_port(const struct start *s)
{
    unsigned long port = 0;
    char c;

    while (read(s->out, &c, 1) == 1 && c != '\n') {
        if (c < '0' || c > '9')
            port = 0;
        else if (port <= UINT16_MAX)
            port = port * 10 + (unsigned long)(c - '0');
    }
    return port <= UINT16_MAX ? (uint16_t)port : 0;
}

static void end(struct start *s)
{
    int status;

    kill(s->pid, SIGTERM);
    waitpid(s->pid, &status, 0);
    close(s->out);
    /* What takes a port is not ours: how it ends is its own business. */
    if (s->port != 0 || (WIFEXITED(status) && WEXITSTATUS(status) == 0))
        return;
    fprintf(stderr, "bench_start: %s ended with the wait status %#x\n",
            s->args[0], (unsigned)status);
    exit(1);
}

/* the answer */

static bool is_answered(uint16_t port)
{
    static const char expected[] = "HTTP/1.1 200";
    char reply[4096];
    size_t got = 0;
    int fd = bench_connect(port);

    if (fd < 0)
        return false;
    if (send(fd, request, request_len, MSG_NOSIGNAL) == (ssize_t)request_len) {
        ssize_t n = 1;

        while (n > 0 && got < sizeof(expected) - 1) {
            n = recv(fd, reply + got, sizeof(reply) - got, 0);
            got += n > 0 ? (size_t)n : 0;
        }
    }
    close(fd);
    return got >= sizeof(expected) - 1 &&
           memcmp(reply, expected, sizeof(expected) - 1) == 0;
}

static bool is_answered_in_time(uint16_t port)
{
    const struct timespec pause = {.tv_nsec = 1000000};
    int64_t end_ns = bench_now_ns() + PATIENCE_S * INT64_C(1000000000);

    while (!is_answered(port)) {
        if (bench_now_ns() > end_ns)
            return false;
        nanosleep(&pause, NULL);
    }
    return true;
}

static double start_once(struct start *s)
{
    int64_t begun_ns;
    double ms;
    bool answered;

    s->port = takes_port(s) ? free_port() : 0;
    begun_ns = bench_now_ns();
    begin(s);
    answered =
        s->port != 0 ? is_answered_in_time(s->port) : is_answered(said_port(s));
    ms = (double)(bench_now_ns() - begun_ns) / 1e6;
    end(s);
    if (answered)
        return ms;
    fprintf(stderr, "bench_start: %s: no answer with the status 200\n",
            s->args[0]);
    exit(1);
}

static size_t read_commands(struct start *commands, char **argv)
{
    size_t n = 0, n_args = 0;

    for (; *argv; argv++) {
        bool is_end = strcmp(*argv, "--") == 0;

        if (n == MAX_COMMANDS || n_args == MAX_ARGS || (is_end && n_args == 0))
            return 0;
        if (!is_end) {
            commands[n].args[n_args++] = *argv;
            continue;
        }
        n++;
        n_args = 0;
    }
    return n_args > 0 ? n + 1 : 0;
}

int main(int argc, char **argv)
{
    static struct start commands[MAX_COMMANDS];
    size_t n_commands = 0;
    long times = 1;
    int c;

    /* "+": the commands have options of their own. */
    while ((c = getopt(argc, argv, "+fn:")) != -1) {
        if (c == 'f') {
            printf("%u\n", (unsigned)free_port());
            return 0;
        }
        times = c == 'n' ? bench_number(optarg, 1, 100000) : 0;
    }
    if (times > 0 && argc - optind >= 2)
        n_commands = read_commands(commands, argv + optind + 1);
    if (n_commands == 0)
        bench_usage("[-n TIMES] FILE COMMAND [ARG...] "
                    "[-- COMMAND [ARG...]]...\n       bench_start -f");
    read_request(argv[optind]);
    for (long i = 0; i < times; i++) {
        for (size_t k = 0; k < n_commands; k++)
            printf("%zu %.3f\n", k, start_once(&commands[k]));
    }
    return 0;
}
