#include "client_ask.h"

#include <stdlib.h>
#include <string.h>

#include "client_call.h"
#include "dialogue.h"
#include "now.h"
#include "protocol.h"
#include "value.h"

enum {
    GRACE_MS = 1000, /* for an answer after the time limit of the call */
    END_MS = 1000,   /* for a client that closed its output to end */
};

/* What is said about one call. */
struct asking {
    const struct client_check *check;
    struct lease **lease;
    bool *broken;
    long long begin, deadline;
    size_t n_stray; /* lines that were no answer */
};

#define FAIL(a, ...) client_fail((a)->check, "behaviour", __VA_ARGS__)

static void note_stray(struct result *result, const struct bytes *line)
{
    char *shown = dialogue_shown(line);

    bytes_format(&result->trace, "stray < %s\n", shown);
    free(shown);
}

/* Ends the client and tells how: "the client ended", `when`, " (exit status
 * 3); its stderr ends: …". */
static char *end_client(struct lease *lease, const char *when)
{
    char *last = dialogue_stderr(lease_dialogue(lease));
    char *words = lease_end(lease, END_MS);
    char *text;

    if (words)
        text = format("the client ended%s (%s)%s", when, words, last);
    else
        text = format("the client closed its stdout%s%s", when, last);
    free(last);
    free(words);
    return text;
}

/* A line that is not the answer, since it is of another or, as `problems`
 * tells, none of the protocol. Only the first one is told. */
static void refuse_line(struct asking *a, const struct bytes *line,
                        const struct bytes *problems)
{
    char *shown;

    *a->broken = true;
    if (a->n_stray++ > 0)
        return;
    note_stray(a->check->result, line);
    shown = dialogue_shown(line);
    FAIL(a, "expected the answer to \"%s\", got the line: %s",
         a->check->call->id, shown);
    /* What looks like an answer and is none is hard to tell by eye. */
    if (problems->len > 0 && line->data[0] == '{')
        FAIL(a, "that line: %.*s", (int)strcspn(problems->data, "\n"),
             problems->data);
    free(shown);
}

/* Its output is at its end. */
static void tell_end(struct asking *a, const struct bytes *line)
{
    char *when, *text;

    if (line->len > 0)
        refuse_line(a, line, &(struct bytes){0});
    when = format(" %lld ms after the call without an answer",
                  now_ms() - a->begin);
    text = end_client(*a->lease, when);
    FAIL(a, "%s", text);
    free(when);
    free(text);
}

/* It says too much, or nothing that is an answer. */
static void tell_no_answer(struct asking *a, enum dialogue_event event,
                           const struct bytes *line)
{
    const struct client_call *call = a->check->call;
    char *last = dialogue_stderr(lease_dialogue(*a->lease));

    free(lease_end(*a->lease, 0));
    if (event == DIALOGUE_FLOOD)
        FAIL(a, "expected the answer to \"%s\", got %s%s", call->id, line->data,
             last);
    else if (a->n_stray == DIALOGUE_MAX_STRAY)
        FAIL(a, "expected the answer to \"%s\", got %zu other lines%s",
             call->id, a->n_stray, last);
    else
        FAIL(a,
             "no answer within %lld ms, the time limit of the call being "
             "%d ms%s",
             now_ms() - a->begin, call->timeout_ms, last);
    free(last);
}

/* Tells why no answer comes any more, and ends the client. */
static void give_up(struct asking *a, enum dialogue_event event,
                    const struct bytes *line)
{
    if (event == DIALOGUE_ENDED)
        tell_end(a, line);
    else
        tell_no_answer(a, event, line);
    *a->lease = NULL;
}

static bool is_answer(const struct asking *a, const json_t *line)
{
    const char *id = value_find_text(line, "id");

    return text_is(id, a->check->call->id);
}

static void judge_answer(const struct asking *a, const json_t *answer)
{
    struct bytes problems = {0};
    char *rest, *line;

    if (protocol_judge_answer(answer, a->check->call->id, &problems))
        return;
    *a->broken = true;
    rest = problems.data;
    while ((line = strsep(&rest, "\n")) && *line)
        FAIL(a, "the answer is not as the protocol wants it: %s", line);
    bytes_release(&problems);
}

/* Reads lines until the answer comes; without one the client is ended. */
static json_t *read_answer(struct asking *a)
{
    struct dialogue *d = lease_dialogue(*a->lease);
    struct bytes line = {0}, problems = {0};
    enum dialogue_event event;
    json_t *json = NULL;

    while ((event = dialogue_read(d, a->deadline, &line)) == DIALOGUE_LINE) {
        json = protocol_parse(line.data, line.len, &problems);
        if (is_answer(a, json))
            break;
        json_decref(json);
        json = NULL;
        refuse_line(a, &line, &problems);
        problems.len = 0;
        if (a->n_stray == DIALOGUE_MAX_STRAY || now_ms() >= a->deadline) {
            event = DIALOGUE_LATE;
            break;
        }
    }
    if (json)
        judge_answer(a, json);
    else
        give_up(a, event, &line);
    bytes_release(&line);
    bytes_release(&problems);
    return json;
}

/* It takes no call. */
static void tell_deaf(struct asking *a, const char *why)
{
    char *last = dialogue_stderr(lease_dialogue(*a->lease));
    char *words = lease_end(*a->lease, END_MS);

    *a->lease = NULL;
    if (words)
        FAIL(a, "%s (%s)%s", why, words, last);
    else
        FAIL(a, "%s%s", why, last);
    free(words);
    free(last);
}

json_t *client_ask(const struct client_check *check, struct lease **lease,
                   bool *broken)
{
    struct asking a = {
        .check = check,
        .lease = lease,
        .broken = broken,
        .begin = now_ms(),
    };
    char *line =
        client_call_line(check->config, check->call, &check->credentials);
    json_t *answer = NULL;
    char *why = NULL;

    a.deadline = a.begin + check->call->timeout_ms + GRACE_MS;
    if (dialogue_send(lease_dialogue(*lease), line, a.deadline, &why) == 0)
        answer = read_answer(&a);
    else
        tell_deaf(&a, why);
    free(why);
    free(line);
    return answer;
}

/* False when the client is not there any more; the lease is then over. */
static bool check_silence(struct result *result, struct lease *lease,
                          bool *broken)
{
    struct bytes line = {0};
    enum dialogue_event event =
        dialogue_read(lease_dialogue(lease), now_ms(), &line);
    char *text;

    if (event == DIALOGUE_ENDED) {
        text = end_client(lease, " after its answer");
        result_fail(result, "behaviour: %s", text);
        free(text);
    } else if (event != DIALOGUE_LATE) {
        *broken = true;
        note_stray(result, &line);
        text = dialogue_shown(&line);
        result_fail(result, "behaviour: expected one answer, got after it: %s",
                    text);
        free(text);
    }
    bytes_release(&line);
    return event != DIALOGUE_ENDED;
}

void client_part(struct result *result, struct lease *lease, bool broken)
{
    char *words;

    if (!check_silence(result, lease, &broken))
        return;
    words = broken ? lease_end(lease, 0) : lease_keep(lease);
    if (words)
        result_fail(result, "behaviour: the client ended after its answer (%s)",
                    words);
    free(words);
}
