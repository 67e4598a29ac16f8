/*
 * log: one line a message on stderr, written whole, so that lines of several
 * threads never mix. Values that come from a client are passed through
 * log_quote() first; secrets are never passed at all.
 */
#ifndef LOG_H
#define LOG_H

#include <stdbool.h>
#include <stddef.h>

enum log_level { LOG_ERROR, LOG_WARN, LOG_INFO, LOG_DEBUG, LOG__COUNT };

struct log {
    enum log_level level; /* messages above it are dropped */
};

/* Returns 0 and sets *level, or -1 when there is no level of that name. */
int log_level_parse(const char *name, enum log_level *level);

bool log_wants(const struct log *log, enum log_level level);

/* Writes "mockserver: LEVEL: message\n"; a message over 1000 bytes is cut. */
void log_write(const struct log *log, enum log_level level, const char *fmt,
               ...) __attribute__((format(printf, 3, 4)));

/*
 * Copies `s` into `buf` for showing: ends of lines are written as in C (\n,
 * \r), other control bytes and bytes that are not UTF-8 become '?', what does
 * not fit is cut and marked "...". Returns buf.
 */
const char *log_quote(char *buf, size_t cap, const char *s, size_t len);

#endif
