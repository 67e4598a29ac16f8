/*
 * conformance-client: the reference client behind the lines of
 * docs/client-protocol.md.
 *
 * It reads a call from stdin, makes it with livedetect, and says on stdout
 * what came of it, until it is told to stop. `--bug NAME` makes it a mutant.
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <curl/curl.h>
#include <jansson.h>
#include <openssl/evp.h>

#include "bugs.h"
#include "livedetect.h"

enum {
    PROTOCOL = 1,
    LINE_MAX_BYTES = 16 * 1024 * 1024,
    DEFAULT_TIMEOUT_MS = 30000,
    EXIT_USAGE = 2
};

static const char *const features[] = {
    "livedetectfour",
    "livedetectpicture.json",
    "livedetectpicture.multipart",
    "livegetfour",
    "bucket",
    "seq",
    "https",
    "timeout",
    "size-check",
    "photo",
    "attempts",
};

/* A call as its line has it; the strings are borrowed from the line. */
struct order {
    const char *id;
    struct livedetect client;
    struct livedetect_call call;
};

/* writing */

static void say(json_t *line)
{
    bool is_answer = json_object_get(line, "id") != NULL;

    json_dumpf(line, stdout,
               is_answer && bug(BUG_ANSWER_INDENTED) ? JSON_INDENT(2)
                                                     : JSON_COMPACT);
    putchar('\n');
    fflush(stdout);
    json_decref(line);
}

static void say_started(void)
{
    json_t *names = json_array();

    for (size_t i = 0; i < sizeof(features) / sizeof(features[0]); i++)
        json_array_append_new(names, json_string(features[i]));
    say(json_pack("{s:s, s:i, s:{s:s, s:s, s:s}, s:o}", "type", "started",
                  "protocol", PROTOCOL, "client", "name", "reference",
                  "version", "1", "language", "C", "features", names));
}

static json_t *sha256_hex(const unsigned char *data, size_t len)
{
    unsigned char digest[EVP_MAX_MD_SIZE];
    char hex[2 * EVP_MAX_MD_SIZE + 1] = "";
    unsigned n = 0;

    EVP_Digest(data, len, digest, &n, EVP_sha256(), NULL);
    for (unsigned i = 0; i < n; i++)
        snprintf(hex + 2 * (size_t)i, 3, "%02x", digest[i]);
    return json_string(hex);
}

static json_t *api_outcome(const struct livedetect_outcome *outcome)
{
    json_t *api = json_pack("{s:s, s:I, s:I, s:s}", "kind", "api", "http",
                            (json_int_t)outcome->http, "code", outcome->code,
                            "message", outcome->message);

    if (outcome->data)
        json_object_set(api, "data", outcome->data);
    if (outcome->photo)
        json_object_set_new(api, "photo_sha256",
                            sha256_hex(outcome->photo, outcome->photo_len));
    if (bug(BUG_CODE_AS_TEXT))
        json_object_set_new(api, "code",
                            json_sprintf("%d", (int)outcome->code));
    return api;
}

/* Text for a person, which may quote a reply: what JSON would not take as it
 * is becomes a question mark. */
static json_t *plain_text(const char *text)
{
    char plain[256];
    size_t len = 0;

    for (; *text && len < sizeof(plain) - 1; text++)
        plain[len++] = *text >= ' ' && *text <= '~' ? *text : '?';
    return json_stringn(plain, len);
}

static json_t *outcome_json(const struct livedetect_outcome *outcome)
{
    static const char *const failures[] = {
        [LIVEDETECT_TIMEOUT] = "timeout",
        [LIVEDETECT_REFUSED] = "refused",
        [LIVEDETECT_TLS] = "tls",
        [LIVEDETECT_RESET] = "reset",
        [LIVEDETECT_TRUNCATED] = "truncated",
        [LIVEDETECT_BAD_RESPONSE] = "bad_response",
    };
    int attempts = bug(BUG_ATTEMPTS_ALWAYS_1) ? 1 : outcome->attempts;
    json_t *json;

    if (outcome->kind == LIVEDETECT_REJECTED)
        return json_pack("{s:s, s:o}", "kind", "rejected", "message",
                         plain_text(outcome->why));
    if (outcome->kind == LIVEDETECT_API)
        json = api_outcome(outcome);
    else
        json = json_pack("{s:s, s:s, s:o}", "kind", "transport", "class",
                         failures[outcome->failure], "message",
                         plain_text(outcome->why));
    json_object_set_new(json, "attempts", json_integer(attempts));
    return json;
}

/* "errored" or "skipped", and why */
static void say_failed(const char *id, const char *how, const char *why)
{
    say(json_pack("{s:s, s:b, s:s}", "id", id, how, 1, "message", why));
}

static void say_outcome(const char *id,
                        const struct livedetect_outcome *outcome)
{
    json_t *line =
        json_pack("{s:s, s:o}", "id", id, "outcome", outcome_json(outcome));
    bool is_error = outcome->kind != LIVEDETECT_API || outcome->code != 0;

    if (bug(BUG_LOG_ON_STDOUT))
        puts("DEBUG: the call was made");
    if (bug(BUG_ANSWERS_TWICE) && is_error)
        say(json_incref(line));
    say(line);
}

/* reading */

/* The string `name` of an object; NULL and null: none. What is no string is
 * one mistake for all of a line, told in *wrong. */
static const char *text_of(const json_t *object, const char *name,
                           const char **wrong)
{
    const json_t *value = json_object_get(object, name);

    if (value && !json_is_string(value) && !json_is_null(value))
        *wrong = name;
    return json_string_value(value);
}

static const char *path_of(const json_t *files, const char *name,
                           const char **wrong)
{
    return text_of(json_object_get(files, name), "path", wrong);
}

static bool read_client(struct livedetect *client, const json_t *line,
                        const char **wrong)
{
    const json_t *from = json_object_get(line, "credentials");
    const json_t *timeout = json_object_get(line, "timeout_ms");

    client->base_url = text_of(line, "base_url", wrong);
    client->ca_file = text_of(line, "ca_file", wrong);
    client->appid = text_of(from, "appid", wrong);
    client->bucket = text_of(from, "bucket", wrong);
    client->secret_id = text_of(from, "secret_id", wrong);
    client->secret_key = text_of(from, "secret_key", wrong);
    client->timeout_ms = DEFAULT_TIMEOUT_MS;
    if (json_integer_value(timeout) > 0)
        client->timeout_ms = (long)json_integer_value(timeout);
    return client->base_url && client->appid && client->secret_id &&
           client->secret_key;
}

static void read_arguments(struct livedetect_call *call, const json_t *line,
                           const char **wrong)
{
    const json_t *params = json_object_get(line, "params");
    const json_t *files = json_object_get(line, "files");
    const json_t *flag = json_object_get(params, "compare_flag");

    call->validate_data = text_of(params, "validate_data", wrong);
    call->seq = text_of(params, "seq", wrong);
    call->url = text_of(params, "url", wrong);
    call->compare = json_is_true(flag);
    if (flag && !json_is_boolean(flag))
        *wrong = "compare_flag";
    call->video = path_of(files, "video", wrong);
    call->card = path_of(files, "card", wrong);
    call->image = path_of(files, "image", wrong);
}

static bool find_endpoint(const char *name, enum livedetect_endpoint *endpoint)
{
    static const char *const names[] = {
        [LIVEDETECT_FOUR] = "livedetectfour",
        [LIVEDETECT_PICTURE] = "livedetectpicture",
        [LIVEDETECT_GET_FOUR] = "livegetfour",
    };

    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        if (!strcmp(names[i], name)) {
            *endpoint = (enum livedetect_endpoint)i;
            return true;
        }
    }
    return false;
}

/* Mutants that keep what belongs to one call. */
static void keep_of_first(struct order *order, json_t *line)
{
    static struct order first;
    static json_t *first_line; /* its strings live here */

    if (!first_line) {
        first_line = json_incref(line);
        first = *order;
    }
    if (bug(BUG_CREDENTIALS_KEPT)) {
        order->client.appid = first.client.appid;
        order->client.bucket = first.client.bucket;
        order->client.secret_id = first.client.secret_id;
        order->client.secret_key = first.client.secret_key;
    } else {
        order->id = first.id;
    }
}

static void handle_call(json_t *line)
{
    struct order order = {0};
    struct livedetect_outcome outcome;
    const char *wrong = NULL;
    const char *endpoint = text_of(line, "endpoint", &wrong);
    bool is_complete = read_client(&order.client, line, &wrong);

    order.id = text_of(line, "id", &wrong);
    if (!order.id) {
        fputs("a call without an id\n", stderr);
        exit(EXIT_USAGE);
    }
    read_arguments(&order.call, line, &wrong);
    if (wrong) {
        char why[80];

        snprintf(why, sizeof(why), "%s is of the wrong type", wrong);
        say_failed(order.id, "errored", why);
        return;
    }
    if (!is_complete || !endpoint) {
        say_failed(order.id, "errored",
                   "base_url, credentials or endpoint is missing");
        return;
    }
    if (!find_endpoint(endpoint, &order.call.endpoint)) {
        say_failed(order.id, "skipped", "no such endpoint");
        return;
    }
    if (bug(BUG_CREDENTIALS_KEPT) || bug(BUG_ID_OF_FIRST))
        keep_of_first(&order, line);
    livedetect_perform(&order.client, &order.call, &outcome);
    say_outcome(order.id, &outcome);
    livedetect_outcome_release(&outcome);
}

/* False: stop. */
static bool handle(const char *text)
{
    json_error_t error;
    json_t *line = json_loads(text, 0, &error);
    const char *type = json_string_value(json_object_get(line, "type"));
    bool go_on = true;

    if (!type) {
        fprintf(stderr, "a line without a type: %s\n",
                line ? "expected an object" : error.text);
        exit(EXIT_USAGE);
    }
    if (!strcmp(type, "start"))
        say_started();
    else if (!strcmp(type, "call"))
        handle_call(line);
    else if (!strcmp(type, "stop"))
        go_on = false;
    json_decref(line);
    return go_on;
}

static int serve(void)
{
    /* Pages that are never written to cost nothing. */
    char *text = malloc(LINE_MAX_BYTES + 2);

    if (!text) {
        fputs("out of memory\n", stderr);
        return EXIT_USAGE;
    }
    while (fgets(text, LINE_MAX_BYTES + 2, stdin)) {
        if (!strchr(text, '\n') && !feof(stdin)) {
            fputs("a line that is too long, or holds a NUL\n", stderr);
            free(text);
            return EXIT_USAGE;
        }
        if (!handle(text))
            break;
    }
    free(text);
    if (bug(BUG_STOP_IGNORED))
        sleep(60);
    return bug(BUG_EXIT_STATUS) ? 3 : EXIT_SUCCESS;
}

static const char help[] =
    "usage: conformance-client [--bug NAME]\n"
    "\n"
    "The reference client of the conformance suite: makes the calls that lines\n"
    "on stdin ask for, and answers on stdout (docs/client-protocol.md).\n"
    "\n"
    "options:\n"
    "  --bug NAME  be wrong in one thing\n"
    "  --bugs      print what there is, NAME<TAB>what is wrong, and exit\n"
    "  --help      print this and exit\n";

int main(int argc, char **argv)
{
    int status;

    if (argc == 2 && !strcmp(argv[1], "--help")) {
        fputs(help, stdout);
        return EXIT_SUCCESS;
    }
    if (argc == 2 && !strcmp(argv[1], "--bugs")) {
        bugs_print(stdout);
        return EXIT_SUCCESS;
    }
    if (argc == 3 && !strcmp(argv[1], "--bug")) {
        if (bugs_select(argv[2]) != 0) {
            fprintf(stderr, "conformance-client: no bug \"%s\"; see --bugs\n",
                    argv[2]);
            return EXIT_USAGE;
        }
    } else if (argc != 1) {
        fputs("conformance-client: expected --bug NAME, --bugs or --help\n",
              stderr);
        return EXIT_USAGE;
    }
    /* The server may close while the client writes. */
    signal(SIGPIPE, SIG_IGN);
    curl_global_init(CURL_GLOBAL_DEFAULT);
    status = serve();
    curl_global_cleanup();
    return status;
}
