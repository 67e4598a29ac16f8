/*
 * bench_support: what the programs of the bench and of the soak share. Time,
 * the kernel's account of a process, sockets of 127.0.0.1, and the end of a
 * program that cannot go on. Knows nothing of the server that is measured.
 */
#ifndef BENCH_SUPPORT_H
#define BENCH_SUPPORT_H

#include <stdint.h>
#include <sys/types.h>

/* Monotonic. */
int64_t bench_now_ns(void);

/*
 * CPU time, user and system, that a process has used, threads that have ended
 * included, and with it that of the living processes that descend from it. In
 * nanoseconds, from the scheduler's own account: /proc/PID/stat says the same
 * in steps of 10 ms. 0 for pid 0; that there is no such process ends the
 * program.
 */
int64_t bench_cpu_ns(pid_t pid);

/* A blocking socket with TCP_NODELAY; that there is none ends the program. */
int bench_socket(void);
/* Connects it. Returns 0, or -1 with errno when nobody listens. */
int bench_reach(int fd, uint16_t port);
/* Both at once; -1 with errno when nobody listens. */
int bench_connect(uint16_t port);
/* Listens on a free port. That there is none ends the program. */
int bench_listen(uint16_t *port);

/* A whole decimal number from min to max; anything else ends the program. */
long bench_number(const char *text, long min, long max);

/*
 * Says what failed, with errno, and exits with 1; so does an argument that is
 * wrong, with 2 and the usage.
 */
_Noreturn void bench_die(const char *what);
_Noreturn void bench_usage(const char *usage);

#endif
