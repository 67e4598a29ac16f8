#include "dialogue.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "now.h"
#include "protocol.h"
#include "utf8.h"

enum {
    PIECE = 65536,     /* bytes read at once */
    LOOK_MS = 200,     /* how often the size of stderr is looked at */
    LINE_SHOWN = 2000, /* bytes */
    STDERR_SHOWN = 400,
};

static off_t size_of(int fd)
{
    struct stat st;

    return fstat(fd, &st) < 0 ? 0 : st.st_size;
}

void dialogue_init(struct dialogue *d, int in, int out, int err)
{
    *d = (struct dialogue){.in = in, .out = out, .err = err};
}

void dialogue_release(struct dialogue *d)
{
    bytes_release(&d->input);
}

static int ms_until(long long deadline)
{
    long long left = deadline - now_ms();

    if (left <= 0)
        return 0;
    return left < LOOK_MS ? (int)left : LOOK_MS;
}

int dialogue_send(struct dialogue *d, const char *line, long long deadline,
                  char **why)
{
    size_t len = strlen(line), sent = 0;

    while (sent < len) {
        struct pollfd writable = {.fd = d->in, .events = POLLOUT};
        ssize_t n = write(d->in, line + sent, len - sent);

        if (n > 0) {
            sent += (size_t)n;
        } else if (n < 0 && errno == EPIPE) {
            *why = format("the client reads its stdin no more");
            return -1;
        } else if (n < 0 && errno != EAGAIN && errno != EINTR) {
            *why = format("writing to the client: %s", strerror(errno));
            return -1;
        } else if (now_ms() >= deadline) {
            *why = format("the client did not read its stdin in time");
            return -1;
        } else {
            poll(&writable, 1, ms_until(deadline));
        }
    }
    return 0;
}

/* Takes a line out of what was read. */
static bool take_line(struct dialogue *d, struct bytes *line)
{
    const char *from = d->input.data;
    const char *end;

    if (d->searched == d->input.len)
        return false;
    end = memchr(from + d->searched, '\n', d->input.len - d->searched);
    if (!end) {
        d->searched = d->input.len;
        return false;
    }
    bytes_add(line, from, (size_t)(end - from));
    bytes_drop_front(&d->input, (size_t)(end - from) + 1);
    d->searched = 0;
    return true;
}

/* Reads a piece. 1, 0 at the end, -1 when there is nothing now. */
static int read_piece(struct dialogue *d)
{
    ssize_t n;

    bytes_reserve(&d->input, PIECE);
    n = read(d->out, d->input.data + d->input.len, PIECE);
    if (n > 0) {
        d->input.len += (size_t)n;
        d->input.data[d->input.len] = '\0';
        return 1;
    }
    return n < 0 && (errno == EAGAIN || errno == EINTR) ? -1 : 0;
}

enum dialogue_event dialogue_read(struct dialogue *d, long long deadline,
                                  struct bytes *line)
{
    line->len = 0;
    bytes_text(line, "");
    for (;;) {
        struct pollfd readable = {.fd = d->out, .events = POLLIN};
        int got;

        if (take_line(d, line))
            return DIALOGUE_LINE;
        if (d->input.len > PROTOCOL_MAX_LINE) {
            bytes_format(line, "a line of more than %d MiB",
                         PROTOCOL_MAX_LINE >> 20);
            return DIALOGUE_FLOOD;
        }
        if (size_of(d->err) > DIALOGUE_MAX_STDERR) {
            bytes_format(line, "more than %d MiB on stderr",
                         DIALOGUE_MAX_STDERR >> 20);
            return DIALOGUE_FLOOD;
        }
        got = read_piece(d);
        if (got == 0) {
            bytes_add(line, d->input.data, d->input.len);
            return DIALOGUE_ENDED;
        }
        if (got < 0 && now_ms() >= deadline)
            return DIALOGUE_LATE;
        /* A signal that is handled asks for an end of waiting. */
        if (got < 0 && poll(&readable, 1, ms_until(deadline)) < 0 &&
            errno == EINTR)
            return DIALOGUE_LATE;
    }
}

char *dialogue_shown(const struct bytes *line)
{
    char *whole = utf8_repaired(line->data ? line->data : "");
    size_t len = strlen(whole);
    char *shown;

    if (len <= LINE_SHOWN)
        return whole;
    shown = format("%.*s… (%zu bytes)", (int)utf8_prefix(whole, LINE_SHOWN),
                   whole, line->len);
    free(whole);
    return shown;
}

char *dialogue_stderr(const struct dialogue *d)
{
    char tail[STDERR_SHOWN];
    off_t size = size_of(d->err);
    off_t from = size - (off_t)sizeof(tail);
    ssize_t n;
    char *shown, *text;

    if (from < 0)
        from = 0;
    n = pread(d->err, tail, sizeof(tail), from);
    while (n > 0 && tail[n - 1] == '\n')
        n--;
    if (n <= 0)
        return format("%s", "");
    shown = printable(tail, (size_t)n);
    for (char *p = shown; *p; p++) {
        if (*p == '\n')
            *p = '|';
    }
    text = format("; its stderr ends: \"%s%s\"", from > 0 ? "…" : "", shown);
    free(shown);
    return text;
}
