#include "protocol.h"

#include <stdlib.h>
#include <string.h>

#include "match.h"
#include "value.h"

static const char *const features_known[] = {
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
    NULL,
};

static const char *const transport_classes[] = {
    "timeout", "reset", "refused", "tls", "truncated", "bad_response", NULL,
};

static bool is_among(const char *word, const char *const words[])
{
    for (size_t i = 0; words[i]; i++) {
        if (strcmp(words[i], word) == 0)
            return true;
    }
    return false;
}

static char *list_words(const char *const words[])
{
    struct bytes list = {0};

    for (size_t i = 0; words[i]; i++)
        bytes_format(&list, "%s%s", i ? ", " : "", words[i]);
    return list.data;
}

/* our lines */

static char *take_line(json_t *message)
{
    char *text = json_dumps(message, JSON_COMPACT);
    char *line = format("%s\n", text ? text : "{}");

    free(text);
    json_decref(message);
    return line;
}

char *protocol_start(void)
{
    return take_line(
        json_pack("{s:s, s:i}", "type", "start", "protocol", PROTOCOL_VERSION));
}

char *protocol_stop(void)
{
    return take_line(json_pack("{s:s}", "type", "stop"));
}

char *protocol_call(const struct protocol_call *call)
{
    const struct credentials *c = &call->credentials;
    json_t *line = json_pack(
        "{s:s, s:s, s:s, s:s, s:s?, s:{s:s, s:s?, s:s, s:s}}", "type", "call",
        "id", call->id, "endpoint", call->endpoint, "base_url", call->base_url,
        "ca_file", call->ca_file, "credentials", "appid", c->appid, "bucket",
        c->bucket, "secret_id", c->secret_id, "secret_key", c->secret_key);

    json_object_set_new(line, "params", json_deep_copy(call->params));
    json_object_set_new(line, "files", json_deep_copy(call->files));
    json_object_set_new(line, "timeout_ms", json_integer(call->timeout_ms));
    return take_line(line);
}

/* features */

bool protocol_knows_feature(const char *feature)
{
    return is_among(feature, features_known);
}

bool protocol_has_feature(const json_t *features, const char *feature)
{
    return value_has_word(features, feature);
}

/* their lines */

json_t *protocol_parse(const char *line, size_t len, struct bytes *problems)
{
    json_error_t error;
    json_t *json = json_loadb(line, len, JSON_REJECT_DUPLICATES, &error);
    char *shown;

    if (json_is_object(json))
        return json;
    if (len > 60)
        shown = printable(line, 60);
    else
        shown = printable(line, len);
    if (json)
        bytes_format(problems, "expected a JSON object, got %s\n", shown);
    else
        bytes_format(problems,
                     "expected one JSON object in UTF-8, got \"%s%s\" (%s, "
                     "near byte %d)\n",
                     shown, len > 60 ? "…" : "", error.text, error.position);
    free(shown);
    json_decref(json);
    return NULL;
}

/* Adds "PLACE: expected WORDS, got VALUE" unless `good`. */
static bool check(bool good, const char *place, const json_t *value,
                  const char *words, struct bytes *problems)
{
    char *shown;

    if (good)
        return true;
    shown = match_show(value);
    bytes_format(problems, "%s: expected %s, got %s\n", place, words, shown);
    free(shown);
    return false;
}

static bool check_text(const json_t *object, const char *name,
                       const char *place, struct bytes *problems)
{
    const json_t *value = json_object_get(object, name);

    return check(json_string_length(value) > 0, place, value,
                 "a string that is not empty", problems);
}

static bool check_word(const json_t *value, const char *const words[],
                       const char *place, struct bytes *problems)
{
    const char *text = json_string_value(value);
    char *list, *want;
    bool good = text && is_among(text, words);

    if (good)
        return true;
    list = list_words(words);
    want = format("one of %s", list);
    check(false, place, value, want, problems);
    free(list);
    free(want);
    return false;
}

static bool check_features(const json_t *features, struct bytes *problems)
{
    const json_t *feature;
    size_t i;
    bool good = true;

    if (!json_is_array(features))
        return check(false, "features", features, "a list of strings",
                     problems);
    json_array_foreach(features, i, feature)
    {
        char *place = format("features[%zu]", i);

        good &= check_word(feature, features_known, place, problems);
        free(place);
    }
    return good;
}

bool protocol_judge_started(const json_t *line, struct bytes *problems)
{
    const json_t *type = json_object_get(line, "type");
    const json_t *protocol = json_object_get(line, "protocol");
    const json_t *client = json_object_get(line, "client");
    const char *text = json_string_value(type);
    bool good = true;

    good &=
        check(text_is(text, "started"), "type", type, "\"started\"", problems);
    good &= check(json_is_integer(protocol) &&
                      json_integer_value(protocol) == PROTOCOL_VERSION,
                  "protocol", protocol, "1", problems);
    if (check(json_is_object(client), "client", client,
              "an object of name, version and language", problems)) {
        good &= check_text(client, "name", "client.name", problems);
        good &= check_text(client, "version", "client.version", problems);
        good &= check_text(client, "language", "client.language", problems);
    } else {
        good = false;
    }
    good &= check_features(json_object_get(line, "features"), problems);
    return good;
}

static bool is_between(const json_t *value, json_int_t min, json_int_t max)
{
    return json_is_integer(value) && json_integer_value(value) >= min &&
           json_integer_value(value) <= max;
}

static bool is_sha256(const json_t *value)
{
    const char *text = json_string_value(value);

    return text && strlen(text) == 64 && strspn(text, "0123456789abcdef") == 64;
}

static bool check_api(const json_t *outcome, struct bytes *problems)
{
    const json_t *http = json_object_get(outcome, "http");
    const json_t *code = json_object_get(outcome, "code");
    const json_t *message = json_object_get(outcome, "message");
    const json_t *data = json_object_get(outcome, "data");
    const json_t *photo = json_object_get(outcome, "photo_sha256");
    bool good = true;

    good &= check(is_between(http, 100, 599), "outcome.http", http,
                  "an HTTP status, 100 to 599", problems);
    good &= check(json_is_integer(code), "outcome.code", code, "an integer",
                  problems);
    good &= check(json_is_string(message), "outcome.message", message,
                  "a string", problems);
    good &= check(!data || json_is_object(data), "outcome.data", data,
                  "an object, or no such member", problems);
    good &= check(!photo || is_sha256(photo), "outcome.photo_sha256", photo,
                  "64 hex digits in lower case, or no such member", problems);
    return good;
}

static bool check_outcome(const json_t *outcome, struct bytes *problems)
{
    static const char *const kinds[] = {"api", "transport", "rejected", NULL};
    const json_t *kind = json_object_get(outcome, "kind");
    const json_t *attempts = json_object_get(outcome, "attempts");
    const char *text = json_string_value(kind);
    bool good;

    if (!check(json_is_object(outcome), "outcome", outcome, "an object",
               problems) ||
        !check_word(kind, kinds, "outcome.kind", problems))
        return false;
    if (strcmp(text, "api") == 0)
        good = check_api(outcome, problems);
    else if (strcmp(text, "transport") == 0)
        good = check_word(json_object_get(outcome, "class"), transport_classes,
                          "outcome.class", problems);
    else
        good = check_text(outcome, "message", "outcome.message", problems);
    return good & check(!attempts || is_between(attempts, 0, 1000000),
                        "outcome.attempts", attempts,
                        "how many requests were sent, or no such member",
                        problems);
}

bool protocol_judge_answer(const json_t *line, const char *id,
                           struct bytes *problems)
{
    const json_t *got = json_object_get(line, "id");
    const json_t *outcome = json_object_get(line, "outcome");
    const json_t *skipped = json_object_get(line, "skipped");
    const json_t *errored = json_object_get(line, "errored");
    const char *text = json_string_value(got);
    char *want = format("\"%s\"", id);
    bool good;

    good = check(text_is(text, id), "id", got, want, problems);
    free(want);
    if (!!outcome + !!skipped + !!errored != 1) {
        bytes_format(problems,
                     "expected one of outcome, skipped and errored, got %s\n",
                     outcome || skipped || errored ? "several" : "none");
        return false;
    }
    if (outcome)
        return check_outcome(outcome, problems) && good;
    good &= check(json_is_true(skipped ? skipped : errored),
                  skipped ? "skipped" : "errored", skipped ? skipped : errored,
                  "true", problems);
    return check_text(line, "message", "message", problems) && good;
}
