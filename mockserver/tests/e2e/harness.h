/*
 * harness: runs the server under test as a process of its own.
 *
 * The program comes from the environment variable MOCKSERVER, by default
 * build/mockserver. What serves, `mockserver exec` included, gets the options
 * in MOCKSERVER_ARGS besides, separated by blanks. Every server listens on a
 * port the kernel picked, is ready when server_start() returns, dies with the
 * test that started it, and is expected to end with status 0 and without a word
 * of a sanitizer. It knows nothing of HTTP.
 */
#ifndef HARNESS_H
#define HARNESS_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

struct server {
    pid_t pid;
    int port;
    int out; /* read end of its stdout */
    int err; /* its stderr: a file in memory */
};

/*
 * Starts `mockserver --port 0 OPTIONS…` and waits for the line that says
 * where it listens. The options are strings and end with NULL. Aborts the
 * test when the server does not come up.
 */
void server_start(struct server *s, ...) __attribute__((sentinel));

/* Sends SIGTERM and waits for the end; fails the test unless the server
 * exits with 0 and no sanitizer spoke. */
void server_stop(struct server *s);

/* The two halves of server_stop(), for tests that do something in between. */
void server_terminate(const struct server *s);
void server_wait(struct server *s);

/* Returns once the server accepts no more connections: the signal arrived. */
void server_await_stopping(const struct server *s);

/* What the server last started by this test has written to stderr so far;
 * "" when none was. For messages. */
const char *server_stderr(void);

/* Resident memory in KiB, from /proc. */
long server_rss_kib(const struct server *s);

/* Its open descriptors and its threads, from /proc. */
size_t server_descriptors(const struct server *s);
size_t server_threads(const struct server *s);

/* Is the program built with AddressSanitizer or ThreadSanitizer? Their own
 * memory says nothing about ours. */
bool server_is_sanitized(void);

/* One run of the program to its end. */
struct run {
    int status; /* exit status, or 128 + signal */
    char *out;
    size_t out_len;
    char *err;
    size_t err_len;
};

/* Runs `mockserver ARGUMENTS…` (strings, NULL at the end) with an empty
 * stdin. Both texts are NUL-terminated. */
struct run run_program(const char *first, ...) __attribute__((sentinel));

/* The same with these bytes on stdin. */
struct run run_program_with(const void *data, size_t len, const char *first,
                            ...) __attribute__((sentinel));

/* The path of the program under test. */
const char *program(void);

/* A fresh directory that is removed when the process ends, and a file in
 * it; path names are absolute. Missing directories of `name` are made. */
const char *scratch_dir(void);
const char *scratch_file(const char *name, const void *data, size_t len);

#endif
