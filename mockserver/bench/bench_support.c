#include "bench_support.h"

#include <arpa/inet.h>
#include <dirent.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { MAX_PROCESSES = 256 }; /* of one tree */

static int64_t to_ns(struct timespec ts)
{
    return (int64_t)ts.tv_sec * 1000000000 + ts.tv_nsec;
}

int64_t bench_now_ns(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return to_ns(now);
}

/* CPU time */

/* The parent of a process; 0 when it is gone. */
static pid_t parent_of(const char *pid)
{
    char path[64], stat[512];
    const char *end;
    size_t len;
    FILE *f;

    snprintf(path, sizeof(path), "/proc/%.20s/stat", pid);
    f = fopen(path, "r");
    if (!f)
        return 0;
    len = fread(stat, 1, sizeof(stat) - 1, f);
    fclose(f);
    stat[len] = '\0';
    /* "PID (name) S PARENT …", and the name may hold anything. */
    end = strrchr(stat, ')');
    return end && strlen(end) > 4 ? (pid_t)strtol(end + 4, NULL, 10) : 0;
}

static bool holds(const pid_t *pids, size_t n, pid_t pid)
{
    for (size_t i = 0; i < n; i++) {
        if (pids[i] == pid)
            return true;
    }
    return false;
}

/* Adds the processes whose parent is in the list; whether there was one. */
static bool add_children(pid_t *pids, size_t *n)
{
    DIR *proc = opendir("/proc");
    size_t before = *n;
    struct dirent *entry;

    if (!proc)
        return false;
    while (*n < MAX_PROCESSES && (entry = readdir(proc)) != NULL) {
        pid_t pid = (pid_t)strtol(entry->d_name, NULL, 10);

        if (pid > 0 && !holds(pids, *n, pid) &&
            holds(pids, *n, parent_of(entry->d_name)))
            pids[(*n)++] = pid;
    }
    closedir(proc);
    return *n > before;
}

static int64_t cpu_of_one(pid_t pid)
{
    struct timespec used;
    clockid_t clock;

    errno = clock_getcpuclockid(pid, &clock);
    if (errno != 0 || clock_gettime(clock, &used) != 0)
        return -1;
    return to_ns(used);
}

int64_t bench_cpu_ns(pid_t pid)
{
    pid_t pids[MAX_PROCESSES] = {pid};
    int64_t sum;
    size_t n = 1;

    if (pid == 0)
        return 0;
    sum = cpu_of_one(pid);
    if (sum < 0)
        bench_die("the CPU time of the server");
    while (add_children(pids, &n))
        ;
    for (size_t i = 1; i < n; i++) {
        int64_t used = cpu_of_one(pids[i]);

        sum += used > 0 ? used : 0;
    }
    return sum;
}

/* connections */

int bench_socket(void)
{
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    const int on = 1;

    if (fd < 0 || setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on)) < 0)
        bench_die("a socket");
    return fd;
}

int bench_reach(int fd, uint16_t port)
{
    const struct sockaddr_in address = {
        .sin_family = AF_INET,
        .sin_port = htons(port),
        .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
    };

    return connect(fd, (const struct sockaddr *)&address, sizeof(address));
}

int bench_connect(uint16_t port)
{
    int fd = bench_socket();
    int error;

    if (bench_reach(fd, port) == 0)
        return fd;
    error = errno;
    close(fd);
    errno = error;
    return -1;
}

int bench_listen(uint16_t *port)
{
    struct sockaddr_in address = {
        .sin_family = AF_INET,
        .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
    };
    socklen_t len = sizeof(address);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    if (fd < 0 || bind(fd, (struct sockaddr *)&address, len) < 0 ||
        listen(fd, SOMAXCONN) < 0 ||
        getsockname(fd, (struct sockaddr *)&address, &len) < 0)
        bench_die("listening");
    *port = ntohs(address.sin_port);
    return fd;
}

/* arguments, and the end */

void bench_die(const char *what)
{
    fprintf(stderr, "%s: %s: %s\n", program_invocation_short_name, what,
            strerror(errno));
    exit(1);
}

void bench_usage(const char *usage)
{
    fprintf(stderr, "usage: %s %s\n", program_invocation_short_name, usage);
    exit(2);
}

long bench_number(const char *text, long min, long max)
{
    char *end;
    long n;

    errno = 0;
    n = strtol(text, &end, 10);
    if (*text && !*end && errno == 0 && n >= min && n <= max)
        return n;
    fprintf(stderr, "%s: \"%s\" is not a number from %ld to %ld\n",
            program_invocation_short_name, text, min, max);
    exit(2);
}
