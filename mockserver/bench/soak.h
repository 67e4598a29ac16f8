/*
 * soak: what the programs of the soak test share: connections to the server
 * under test, signed requests, replies, its metrics, and what the kernel knows
 * of its process. They link bench_support and the conformance suite's signer,
 * and nothing of the server's.
 *
 * A program proves one thing a run. It ends by soak_ok() or soak_fail(), which
 * print the one line that there is to say; whatever cannot be done, memory
 * included, is a failure.
 */
#ifndef SOAK_H
#define SOAK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>
#include "bytes.h"

/* Whom it is about; set by soak_begin(). */
struct soak {
    const char *name; /* of the trial */
    uint16_t port;
    pid_t pid;
    size_t n;          /* how many of whatever the trial counts */
    uint64_t seed;     /* of what is random */
    bool is_sanitized; /* its memory says nothing about ours */
};

extern struct soak soak;

/* Takes `-p PORT -P PID [-n N] [-s SEED] [-z] NAME` and raises the limit of
 * open files. Ends with 2 on another command line. */
void soak_begin(int argc, char **argv);

_Noreturn void soak_fail(const char *fmt, ...)
    __attribute__((format(printf, 1, 2)));
_Noreturn void soak_ok(const char *fmt, ...)
    __attribute__((format(printf, 1, 2)));

#define soak_expect(condition, ...)                                            \
    do {                                                                       \
        if (!(condition))                                                      \
            soak_fail(__VA_ARGS__);                                            \
    } while (0)

/* Connections. */

/* A new one, blocking, whose every wait ends after some seconds. */
int soak_connect(void);
/* False when the server takes no more. */
bool soak_send(int fd, const void *data, size_t len);
/* Reads one reply with a Content-Length. Returns its status; 0 when the
 * connection ended before its first byte; -1 when it broke or said something
 * else. *code, unless NULL, becomes its API code, or INT32_MIN. */
int soak_read(int fd, int *code);
/* Closes with a reset. */
void soak_reset(int fd);

/* Requests: the caller releases them. */

enum soak_signature { SOAK_SIGNED, SOAK_FORGED, SOAK_UNSIGNED };

/* A POST with that body. `fields` are further field lines, each with its
 * CRLF. Chunked: in two chunks. */
struct bytes soak_request(const char *path, const char *type,
                          enum soak_signature signature, const char *fields,
                          const struct bytes *body, bool chunked);
/* Signed ones that succeed: livedetectpicture with JSON, and livedetectfour
 * with a video of that size. */
struct bytes soak_json(const char *fields);
struct bytes soak_form(size_t video_len, const char *fields, bool chunked);
struct bytes soak_form_body(size_t video_len);
extern const char soak_form_type[];
extern const char soak_json_body[];

/* Sends soak_json() on a new connection and expects success. */
void soak_expect_alive(void);

/* The admin API: body of the answer, which must be `status`. */
struct bytes soak_admin(const char *method, const char *path, const char *body,
                        int status);
/* The value of a series in the text of GET metrics, 0 when it is not there;
 * and of that series now. */
uint64_t soak_metric_in(const struct bytes *metrics, const char *series);
uint64_t soak_metric(const char *series);
/* The sum over all series of a name in that text. */
uint64_t soak_metric_sum(const struct bytes *metrics, const char *name);
/* Waits until a series has a value, for some seconds; fails otherwise. */
void soak_await_metric(const char *series, uint64_t value);

/* The server's process. */

size_t soak_descriptors(void);
/* Waits until it has no more than so many, for some seconds; fails otherwise.
 */
void soak_await_descriptors(size_t n);
long soak_rss_kib(void);
long soak_peak_rss_kib(void);
/* Expects that it takes next to no processor time for a second; one with a
 * sanitizer may. `when` begins the failure's text. Returns the milliseconds. */
double soak_expect_idle(const char *when);

/* Looks again soon, at most some seconds after `begun_ns`, of bench_now_ns():
 * returns false when that is over. */
bool soak_again(int64_t begun_ns);

#endif
