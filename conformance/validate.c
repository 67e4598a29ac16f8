#include "validate.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "client_call.h"
#include "client_process.h"
#include "dialogue.h"
#include "handshake.h"
#include "match.h"
#include "mock.h"
#include "now.h"
#include "protocol.h"
#include "secrets.h"
#include "value.h"

enum {
    ANSWER_MS = 2000, /* for an answer after the time limit of the call */
    STOP_MS = 5000,
    END_MS = 1000,
    MAX_STRAY = 20, /* lines that are no answer to a call */
};

/* The calls, each for who has the feature. `expect` are members of the
 * outcome; what is no member of a call in a case is `fault` or goes into the
 * line as it is. */
static const struct exercise {
    const char *title;
    const char *feature;
    const char *call;
    const char *expect;
    const char *extra; /* members added to the line; NULL: none */
} exercises[] = {
    {"a liveness check", "livedetectfour", "{\"endpoint\":\"livedetectfour\"}",
     "{\"kind\":\"api\",\"http\":200,\"code\":0,\"message\":\"OK\"}", NULL},
    {"a photo by its URL", "livedetectpicture.json",
     "{\"endpoint\":\"livedetectpicture\","
     "\"params\":{\"url\":\"http://example.com/face.jpg\"}}",
     "{\"kind\":\"api\",\"code\":0,\"data\":{\"score\":\"$int:0..100\"}}",
     NULL},
    {"a photo as a file", "livedetectpicture.multipart",
     "{\"endpoint\":\"livedetectpicture\"}",
     "{\"kind\":\"api\",\"code\":0,\"data\":{\"score\":\"$int:0..100\"}}",
     NULL},
    {"the digits to read", "livegetfour", "{\"endpoint\":\"livegetfour\"}",
     "{\"kind\":\"api\",\"code\":0,\"data\":{\"validate_data\":\"$digits:4\"}}",
     NULL},
    {"a seq", "seq", "{\"endpoint\":\"*\",\"params\":{\"seq\":\"validate-1\"}}",
     "{\"kind\":\"api\",\"code\":0}", NULL},
    {"a photo in the reply", "photo", "{\"endpoint\":\"livedetectfour\"}",
     "{\"kind\":\"api\",\"code\":0,\"photo_sha256\":\"$non-empty\"}", NULL},
    {"the number of attempts", "attempts", "{\"endpoint\":\"*\"}",
     "{\"kind\":\"api\",\"code\":0,\"attempts\":1}", NULL},
    {"a server that does not answer", "timeout",
     "{\"endpoint\":\"*\",\"timeout_ms\":300,\"fault\":\"hang\"}",
     "{\"kind\":\"transport\",\"class\":\"timeout\"}", NULL},
    {"a body over the limit", "size-check",
     "{\"endpoint\":\"*\",\"files\":"
     "{\"*\":{\"media\":\"*\",\"size\":\"max_body+1\"}}}",
     "{\"kind\":\"rejected\"}", NULL},
    {"an error", "", "{\"endpoint\":\"*\",\"fault\":\"-5801\"}",
     "{\"kind\":\"api\",\"code\":-5801}", NULL},
    {"members that the protocol does not have", "", "{\"endpoint\":\"*\"}",
     "{\"kind\":\"api\",\"code\":0}",
     "{\"x-color\":\"green\",\"x-list\":[1,{\"a\":null}]}"},
};

struct validation {
    const struct config *config;
    const json_t *features;
    struct client_process process;
    struct dialogue dialogue;
    json_t *account;
    struct credentials credentials;
    bool gone; /* the client, or its will to talk */
    size_t right, wrong;
};

/* what is shown */

/* The secret key is nothing to show. */
static void show_line(const struct validation *v, const char *mark,
                      const char *line)
{
    char *shown = secrets_masked_text(line, v->credentials.secret_key);

    printf("%s %s%s", mark, shown, strchr(shown, '\n') ? "" : "\n");
    fflush(stdout);
    free(shown);
}

/* The verdict on a line: what is wrong with it, a line each. */
static void show_verdict(struct validation *v, char *problems)
{
    char *line;

    if (!problems || !*problems) {
        v->right++;
        printf("  ok\n");
        return;
    }
    v->wrong++;
    while ((line = strsep(&problems, "\n")) && *line)
        printf("  wrong: %s\n", line);
}

static void show_wrong(struct validation *v, const char *what)
{
    v->wrong++;
    printf("  wrong: %s\n", what);
}

/* How the client ended, in words. */
static char *end_words(struct validation *v, int wait_ms)
{
    char *last = dialogue_stderr(&v->dialogue);
    char *words, *text;
    int status;

    if (client_process_wait(&v->process, wait_ms, &status))
        words = client_process_words(status);
    else
        words = format("still running");
    text = format("%s%s", words, last);
    free(words);
    free(last);
    return text;
}

/* The next line; false, and told, when none comes. */
static bool next_line(struct validation *v, int timeout_ms, struct bytes *line)
{
    enum dialogue_event event =
        dialogue_read(&v->dialogue, now_ms() + timeout_ms, line);
    char *words, *text;

    if (event == DIALOGUE_LINE) {
        char *shown = dialogue_shown(line);

        show_line(v, "←", shown);
        free(shown);
        return true;
    }
    v->gone = true;
    words = end_words(v, event == DIALOGUE_ENDED ? END_MS : 0);
    if (event == DIALOGUE_ENDED)
        text = format("expected a line, got the end of stdout (%s)", words);
    else if (event == DIALOGUE_FLOOD)
        text = format("expected a line, got %s", line->data);
    else
        text = format("expected a line within %d ms, got none (%s)", timeout_ms,
                      words);
    show_wrong(v, text);
    free(words);
    free(text);
    return false;
}

/* calls */

/* An endpoint that the client has, and for a body that is too long the file
 * that goes with it. NULL: it has none that will do. */
static const char *any_endpoint(const json_t *features, bool with_file)
{
    if (protocol_has_feature(features, "livedetectpicture.multipart"))
        return "livedetectpicture";
    if (protocol_has_feature(features, "livedetectfour"))
        return "livedetectfour";
    if (with_file)
        return NULL;
    if (protocol_has_feature(features, "livegetfour"))
        return "livegetfour";
    return protocol_has_feature(features, "livedetectpicture.json")
               ? "livedetectpicture"
               : NULL;
}

/* Replaces `*`: as an endpoint by one that the client has, as a file by what
 * that endpoint takes. NULL when there is none. */
static json_t *fill_in(const struct validation *v, const char *text)
{
    json_t *call = json_loads(text, 0, NULL);
    const char *endpoint = value_find_text(call, "endpoint");
    json_t *files = json_object_get(call, "files");
    json_t *file;
    const char *name;

    if (strcmp(endpoint, "*") != 0)
        return call;
    endpoint = any_endpoint(v->features, files != NULL);
    if (!endpoint) {
        json_decref(call);
        return NULL;
    }
    json_object_set_new(call, "endpoint", json_string(endpoint));
    name = strcmp(endpoint, "livedetectfour") == 0 ? "video" : "image";
    file = json_incref(json_object_get(files, "*"));
    if (file) {
        json_object_set_new(file, "media", json_string(name));
        json_object_set_new(files, name, file);
        json_object_del(files, "*");
    } else if (strcmp(name, "image") == 0 &&
               strcmp(endpoint, "livedetectpicture") == 0 &&
               !protocol_has_feature(v->features,
                                     "livedetectpicture.multipart")) {
        json_object_set_new(
            call, "params",
            json_pack("{s:s}", "url", "http://example.com/face.jpg"));
    }
    return call;
}

static char *add_members(char *line, const char *extra)
{
    json_t *call, *more;
    char *text, *longer;

    if (!extra)
        return line;
    call = json_loads(line, 0, NULL);
    more = json_loads(extra, 0, NULL);
    json_object_update(call, more);
    text = json_dumps(call, JSON_COMPACT);
    longer = format("%s\n", text);
    free(text);
    free(line);
    json_decref(call);
    json_decref(more);
    return longer;
}

/* Judges the answer to a call. */
static void judge(struct validation *v, const json_t *answer, const char *id,
                  const char *expect)
{
    struct bytes problems = {0};
    json_t *want = json_loads(expect, 0, NULL);
    const json_t *outcome = json_object_get(answer, "outcome");
    const json_t *message = json_object_get(answer, "message");

    if (protocol_judge_answer(answer, id, &problems)) {
        if (outcome)
            match_members(want, outcome, "outcome", &problems);
        else
            bytes_format(&problems, "expected an outcome, got \"%s\"\n",
                         json_string_value(message));
    }
    show_verdict(v, problems.data);
    bytes_release(&problems);
    json_decref(want);
}

/* Is the line the answer to the call, right or wrong? If not, that is told,
 * and it may still come. */
static bool take_answer(struct validation *v, const struct bytes *line,
                        const char *id, const char *expect)
{
    struct bytes problems = {0};
    json_t *answer = protocol_parse(line->data, line->len, &problems);
    const json_t *got = json_object_get(answer, "id");
    bool is_other = answer && json_is_string(got) &&
                    strcmp(json_string_value(got), id) != 0;
    bool is_answer;

    if (is_other)
        bytes_format(&problems, "id: expected \"%s\", got \"%s\"\n", id,
                     json_string_value(got));
    if (problems.len > 0)
        show_verdict(v, problems.data);
    else
        judge(v, answer, id, expect);
    is_answer = answer && !is_other;
    json_decref(answer);
    bytes_release(&problems);
    return is_answer;
}

static void await_answer(struct validation *v, const struct client_call *call,
                         const char *expect)
{
    int patience = call->timeout_ms + ANSWER_MS;
    struct bytes line = {0};
    int n = 0;

    while (next_line(v, patience, &line)) {
        if (take_answer(v, &line, call->id, expect))
            break;
        if (++n == MAX_STRAY) {
            show_wrong(v, "there is no end of other lines");
            v->gone = true;
            break;
        }
    }
    bytes_release(&line);
}

static void make_call(struct validation *v, const struct client_call *call,
                      const struct exercise *exercise)
{
    char *line = add_members(client_call_line(v->config, call, &v->credentials),
                             exercise->extra);
    char *why = NULL;

    show_line(v, "→", line);
    if (dialogue_send(&v->dialogue, line, now_ms() + ANSWER_MS, &why) == 0) {
        await_answer(v, call, exercise->expect);
    } else {
        show_wrong(v, why);
        v->gone = true;
    }
    free(why);
    free(line);
}

static void run_exercise(struct validation *v, const struct exercise *exercise,
                         size_t number)
{
    json_t *given = fill_in(v, exercise->call);
    const json_t *fault = json_object_get(given, "fault");
    char *id = format("validate-%zu", number), *why = NULL;
    struct client_call call;
    uint64_t rule = 0;

    if (given &&
        client_call_make(v->config, given, id, &call, &why) == MEDIA_OK) {
        printf("\n%s%s%s\n", exercise->title, *exercise->feature ? ": " : "",
               exercise->feature);
        if (fault)
            rule = mock_add_fault(v->config, v->credentials.secret_id, fault,
                                  &why);
        if (!why)
            make_call(v, &call, exercise);
        if (rule)
            mock_remove_fault(v->config, rule);
        client_call_release(&call);
    }
    if (why)
        printf("  left out: %s\n", why);
    free(why);
    free(id);
    json_decref(given);
}

/* beginning and end */

static json_t *greet(struct validation *v)
{
    struct bytes said = {0};
    char *why = NULL, *words;
    bool ended;
    json_t *started = handshake(&v->dialogue, &said, &ended, &why);

    printf("%s", said.data);
    bytes_release(&said);
    if (started) {
        show_verdict(v, NULL);
        return started;
    }
    words = end_words(v, ended ? END_MS : 0);
    printf("  wrong: the client %s (%s)\n", why, words);
    free(words);
    free(why);
    return NULL;
}

/* A client without any endpoint has nothing to be tested for. */
static void check_features(struct validation *v)
{
    if (!any_endpoint(v->features, false))
        show_wrong(v, "features: expected at least one of livedetectfour, "
                      "livedetectpicture.json, livedetectpicture.multipart, "
                      "livegetfour");
}

static void stop(struct validation *v)
{
    char *line = protocol_stop(), *why = NULL, *words, *text;
    struct bytes more = {0};
    enum dialogue_event event;
    int status;

    printf("\nthe end\n");
    show_line(v, "→", line);
    if (dialogue_send(&v->dialogue, line, now_ms() + STOP_MS, &why) < 0)
        free(why);
    free(line);
    event = dialogue_read(&v->dialogue, now_ms() + STOP_MS, &more);
    if (event == DIALOGUE_LINE || more.len > 0) {
        text = dialogue_shown(&more);
        show_line(v, "←", text);
        show_wrong(v, "expected nothing after stop, got a line");
        free(text);
    } else if (client_process_wait(&v->process, END_MS, &status) &&
               status == 0) {
        printf("(exit status 0)\n");
        show_verdict(v, NULL);
    } else {
        words = end_words(v, END_MS);
        printf("(%s)\n", words);
        show_wrong(v, "expected the client to end with exit status 0 after "
                      "stop");
        free(words);
    }
    bytes_release(&more);
}

static bool has(const struct validation *v, const char *feature)
{
    return !*feature || protocol_has_feature(v->features, feature);
}

static int converse(struct validation *v)
{
    json_t *started = greet(v);
    char *why = NULL;

    if (!started)
        return EXIT_SETUP;
    v->features = json_object_get(started, "features");
    check_features(v);
    v->account = mock_add_account(
        v->config, "validate-protocol",
        protocol_has_feature(v->features, "bucket") ? "default" : "bucketless",
        &why);
    if (!v->account) {
        fprintf(stderr, "conformance: %s\n", why);
        free(why);
        json_decref(started);
        return EXIT_SETUP;
    }
    v->credentials = account_credentials(v->account);
    for (size_t i = 0; i < sizeof(exercises) / sizeof(exercises[0]); i++) {
        if (!v->gone && has(v, exercises[i].feature))
            run_exercise(v, &exercises[i], i + 1);
    }
    if (!v->gone)
        stop(v);
    printf("\n%zu lines right, %zu wrong\n", v->right, v->wrong);
    json_decref(started);
    return v->wrong ? EXIT_CHECK : 0;
}

int validate_protocol(const struct config *config)
{
    struct validation v = {.config = config};
    char *why = NULL;
    int status;

    if (client_process_start(&v.process, config->client, config->run_dir,
                             &why) < 0) {
        fprintf(stderr, "conformance: %s\n", why);
        free(why);
        return EXIT_SETUP;
    }
    dialogue_init(&v.dialogue, v.process.in, v.process.out, v.process.err);
    status = converse(&v);
    client_process_end(&v.process);
    dialogue_release(&v.dialogue);
    json_decref(v.account);
    return status;
}
