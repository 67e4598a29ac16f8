#include "log.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include "text.h"

static const char *const level_names[LOG__COUNT] = {
    [LOG_ERROR] = "error",
    [LOG_WARN] = "warn",
    [LOG_INFO] = "info",
    [LOG_DEBUG] = "debug",
};

int log_level_parse(const char *name, enum log_level *level)
{
    for (int i = 0; i < LOG__COUNT; i++) {
        if (!strcmp(name, level_names[i])) {
            *level = (enum log_level)i;
            return 0;
        }
    }
    return -1;
}

bool log_wants(const struct log *log, enum log_level level)
{
    return level <= log->level;
}

void log_write(const struct log *log, enum log_level level, const char *fmt,
               ...)
{
    char line[1024];
    size_t len;
    va_list ap;
    int n;

    if (!log_wants(log, level))
        return;
    n = snprintf(line, sizeof(line), "mockserver: %s: ", level_names[level]);
    len = (size_t)n;
    va_start(ap, fmt);
    n = vsnprintf(line + len, sizeof(line) - len, fmt, ap);
    va_end(ap);
    if (n < 0)
        return;
    len += (size_t)n;
    if (len > sizeof(line) - 1)
        len = sizeof(line) - 1;
    line[len++] = '\n';
    /* A log that cannot be written has nowhere to complain. */
    if (write(STDERR_FILENO, line, len) < 0)
        return;
}

const char *log_quote(char *buf, size_t cap, const char *s, size_t len)
{
    const char mark[] = "...";
    size_t out = 0;
    size_t i = 0;

    while (i < len) {
        size_t n = text_utf8_sequence(s + i, len - i);
        bool plain = n > 0 && (unsigned char)s[i] >= 0x20 && s[i] != 0x7f;
        const char *shown = plain          ? s + i
                            : s[i] == '\n' ? "\\n"
                            : s[i] == '\r' ? "\\r"
                                           : "?";
        size_t need = plain ? n : strlen(shown);

        if (out + need + sizeof(mark) > cap) {
            memcpy(buf + out, mark, sizeof(mark));
            return buf;
        }
        memcpy(buf + out, shown, need);
        out += need;
        i += plain ? n : 1;
    }
    buf[out] = '\0';
    return buf;
}
