/*
 * dialogue: lines to and from a client, with a time limit and a bound.
 *
 * It works on the descriptors of a client_process, whoever started it, and
 * trusts nothing that comes: a client may say nothing, stop reading, or
 * never stop talking. It does not know what the lines mean.
 */
#ifndef DIALOGUE_H
#define DIALOGUE_H

#include <stdbool.h>
#include <stddef.h>
#include "bytes.h"

enum {
    DIALOGUE_MAX_STRAY = 1000,      /* lines that nobody asked for */
    DIALOGUE_MAX_STDERR = 64 << 20, /* bytes */
};

struct dialogue {
    int in, out, err;   /* borrowed */
    struct bytes input; /* read, and not yet handed out */
    size_t searched;    /* bytes of it that hold no line feed */
};

enum dialogue_event {
    DIALOGUE_LINE,
    DIALOGUE_LATE,  /* no line in time */
    DIALOGUE_ENDED, /* the end of its output */
    DIALOGUE_FLOOD, /* a line, or its stderr, beyond every measure */
};

void dialogue_init(struct dialogue *d, int in, int out, int err);
void dialogue_release(struct dialogue *d);

/* Sends a line, which has its line feed. Deadlines are times of now_ms(). 0, or
 * -1 with *why, which the caller frees: the client ended, or did not read it in
 * time. */
int dialogue_send(struct dialogue *d, const char *line, long long deadline,
                  char **why);

/*
 * The next line, without its end. `line` is emptied first; at DIALOGUE_ENDED
 * it has what came after the last line feed, at DIALOGUE_FLOOD a text that
 * says what was too much. A deadline in the past takes only what is there.
 */
enum dialogue_event dialogue_read(struct dialogue *d, long long deadline,
                                  struct bytes *line);

/* A line as it is shown to a person: what is no UTF-8 replaced, shortened
 * when long. The caller frees it. */
char *dialogue_shown(const struct bytes *line);

/* The end of what it wrote to stderr, to be put after a message: `; its stderr
 * ends: "…"`, or nothing. Its line feeds are shown as `|`. The caller frees
 * it. */
char *dialogue_stderr(const struct dialogue *d);

#endif
