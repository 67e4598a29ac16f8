#include "handshake.h"

#include <stdlib.h>

#include "now.h"
#include "protocol.h"

/* Lines as one, without the last line feed. */
static char *one_line(const char *lines)
{
    struct bytes text = {0};

    bytes_text(&text, "");
    for (; *lines; lines++) {
        if (*lines != '\n')
            bytes_add(&text, lines, 1);
        else if (lines[1])
            bytes_text(&text, "; ");
    }
    return text.data;
}

/* What became of waiting for `started`, in words; NULL when it came. */
static char *event_words(enum dialogue_event event, const struct bytes *line)
{
    switch (event) {
    case DIALOGUE_LINE:
        return NULL;
    case DIALOGUE_LATE:
        return format("did not answer start within %d s", HANDSHAKE_MS / 1000);
    case DIALOGUE_ENDED:
        return format("closed its stdout before it answered start");
    case DIALOGUE_FLOOD:
    default:
        return format("answered start with %s", line->data);
    }
}

static json_t *judge(const struct bytes *line, char **why)
{
    struct bytes problems = {0};
    json_t *started = protocol_parse(line->data, line->len, &problems);

    if (started && protocol_judge_started(started, &problems)) {
        bytes_release(&problems);
        return started;
    }
    json_decref(started);
    *why = one_line(problems.data);
    bytes_release(&problems);
    return NULL;
}

json_t *handshake(struct dialogue *d, struct bytes *said, bool *ended,
                  char **why)
{
    long long deadline = now_ms() + HANDSHAKE_MS;
    char *start = protocol_start();
    struct bytes line = {0};
    json_t *started = NULL;
    enum dialogue_event event;
    char *wrong;

    *ended = false;
    /* A client that is not there any more is told by its output's end. */
    if (dialogue_send(d, start, deadline, why) < 0)
        free(*why);
    if (said)
        bytes_format(said, "→ %s", start);
    event = dialogue_read(d, deadline, &line);
    if (said && event == DIALOGUE_LINE) {
        char *shown = dialogue_shown(&line);

        bytes_format(said, "← %s\n", shown);
        free(shown);
    }
    *ended = event == DIALOGUE_ENDED;
    *why = event_words(event, &line);
    if (!*why)
        started = judge(&line, &wrong);
    if (!*why && !started) {
        *why = format("answered start wrongly: %s", wrong);
        free(wrong);
    }
    free(start);
    bytes_release(&line);
    return started;
}
