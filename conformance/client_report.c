#include "client_check.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "error_codes.h"
#include "match.h"
#include "protocol.h"
#include "value.h"

/* What the mock serves as `photo`. */
static const char photo_path[] = "fixtures/media/photo.jpg";

/* expected outcomes */

static void match_api(const json_t *want, const json_t *outcome,
                      struct bytes *problems)
{
    static const char *const names[] = {"http", "code", "message"};
    const json_t *absent;
    size_t i;

    for (i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        const json_t *value = json_object_get(want, names[i]);
        char *path = format("outcome.%s", names[i]);

        if (value)
            match_value(value, json_object_get(outcome, names[i]), path,
                        problems);
        free(path);
    }
    match_members(json_object_get(want, "data"),
                  json_object_get(outcome, "data"), "outcome.data", problems);
    json_array_foreach(json_object_get(want, "absent"), i, absent)
    {
        if (value_find_path(outcome, json_string_value(absent)))
            bytes_format(problems, "outcome.%s: expected none, got one\n",
                         json_string_value(absent));
    }
}

static void match_class(const json_t *want, const json_t *outcome,
                        struct bytes *problems)
{
    const json_t *classes = json_object_get(want, "class");
    const char *class = value_text(outcome, "class");
    char *shown;

    if (!classes || value_has_word(classes, class))
        return;
    shown = match_show(classes);
    bytes_format(problems, "outcome.class: expected one of %s, got \"%s\"\n",
                 shown, class);
    free(shown);
}

/* Adds what is wrong with the outcome by one expectation. */
static void match_outcome(const json_t *want, const json_t *outcome,
                          struct bytes *problems)
{
    const char *kind = value_text(want, "kind");

    if (!match_value(json_object_get(want, "kind"),
                     json_object_get(outcome, "kind"), "outcome.kind",
                     problems))
        return;
    if (strcmp(kind, "api") == 0)
        match_api(want, outcome, problems);
    else if (strcmp(kind, "transport") == 0)
        match_class(want, outcome, problems);
}

/* The expectation that says most about an outcome of this kind; NULL when
 * none or several are of it. */
static const json_t *nearest(const json_t *wants, const json_t *outcome)
{
    const json_t *want, *found = NULL;
    size_t i;

    json_array_foreach(wants, i, want)
    {
        if (strcmp(value_text(want, "kind"), value_text(outcome, "kind")) != 0)
            continue;
        if (found)
            return NULL;
        found = want;
    }
    return found;
}

static void fail_lines(const struct client_check *c, char *lines)
{
    char *line;

    while ((line = strsep(&lines, "\n")) && *line)
        client_fail(c, "report", "%s", line);
}

static bool is_expected(const struct client_check *c, const json_t *wants)
{
    const json_t *want;
    struct bytes problems = {0};
    size_t i;
    bool found = false;

    json_array_foreach(wants, i, want)
    {
        problems.len = 0;
        match_outcome(want, c->outcome, &problems);
        found |= problems.len == 0;
    }
    bytes_release(&problems);
    return found;
}

static void check_expected(const struct client_check *c)
{
    const json_t *given = json_object_get(c->expect, "outcome");
    json_t *wants =
        json_is_array(given) ? json_deep_copy(given) : json_pack("[O]", given);
    const json_t *one = nearest(wants, c->outcome);
    struct bytes problems = {0};

    if (json_array_size(wants) == 1)
        one = json_array_get(wants, 0);
    if (is_expected(c, wants)) {
        json_decref(wants);
        return;
    }
    if (one) {
        match_outcome(one, c->outcome, &problems);
        fail_lines(c, problems.data);
    } else {
        char *want = match_show(wants), *got = match_show(c->outcome);

        client_fail(c, "report", "outcome: expected one of %s, got %s", want,
                    got);
        free(want);
        free(got);
    }
    bytes_release(&problems);
    json_decref(wants);
}

/* what was served */

/* What the reply that was served last said. */
struct served {
    json_int_t http, code;
    const char *place;   /* of the code */
    json_int_t top;      /* top-level code */
    const char *message; /* NULL: one of the catalogue's */
};

/* False when the last request got no reply that could be reported. */
static bool find_served(const json_t *entries, struct served *s)
{
    const json_t *entry = json_array_get(entries, json_array_size(entries) - 1);
    const json_t *natural = json_object_get(entry, "natural");
    const json_t *served = json_object_get(entry, "served");
    const json_t *http = json_object_get(served, "http_status");
    const char *transport = value_text(served, "transport");

    if (!json_is_integer(json_object_get(served, "code")) ||
        !json_is_object(natural))
        return false;
    /* Of the transport faults only this one delivers all of its reply. */
    if (*transport && strcmp(transport, "dribble") != 0)
        return false;
    s->http = json_is_integer(http) ? json_integer_value(http) : 200;
    s->code = json_integer_value(json_object_get(served, "code"));
    s->place = value_text(served, "place");
    s->top = strcmp(s->place, "code") == 0 ? s->code : 0;
    s->message = s->code == json_integer_value(json_object_get(natural, "code"))
                     ? value_text(natural, "message")
                     : NULL;
    return true;
}

/* The server may have been told to speak either language. */
static bool is_phrase(json_int_t code, const char *message)
{
    return strcmp(message, error_message((int)code, LANGUAGE_EN)) == 0 ||
           strcmp(message, error_message((int)code, LANGUAGE_ZH)) == 0;
}

static bool is_message(const struct served *s, const char *message)
{
    return is_phrase(s->top, message) || (s->message && s->top == s->code &&
                                          strcmp(message, s->message) == 0);
}

static void check_int(const struct client_check *c, const char *name,
                      json_int_t served, const json_t *value)
{
    if (json_integer_value(value) != served)
        client_fail(c, "report", "%s: served was %lld, the client says %lld",
                    name, (long long)served,
                    (long long)json_integer_value(value));
}

/* A code in another field than the top-level one, and its message. */
static void check_place(const struct client_check *c, const struct served *s,
                        const json_t *data)
{
    bool is_live = strcmp(s->place, "live_status") == 0;
    const char *message = is_live ? "live_msg" : "compare_msg";
    char *name = format("outcome.data.%s", s->place);

    check_int(c, name, s->code, json_object_get(data, s->place));
    free(name);
    if (!is_phrase(s->code, value_text(data, message)))
        client_fail(c, "report",
                    "outcome.data.%s: served was \"%s\", the client says "
                    "\"%s\"",
                    message, error_message((int)s->code, LANGUAGE_EN),
                    value_text(data, message));
}

static void check_served(const struct client_check *c)
{
    const json_t *data = json_object_get(c->outcome, "data");
    struct served s;

    if (json_array_size(c->entries) == 0) {
        client_fail(c, "report",
                    "the client reports an answer, and no request arrived "
                    "that is signed for its account");
        return;
    }
    if (!find_served(c->entries, &s))
        return;
    check_int(c, "outcome.http", s.http, json_object_get(c->outcome, "http"));
    check_int(c, "outcome.code", s.top, json_object_get(c->outcome, "code"));
    if (s.top == 0 && s.code != 0 && data)
        check_place(c, &s, data);
    if (!is_message(&s, value_text(c->outcome, "message")))
        client_fail(c, "report",
                    "outcome.message: served was \"%s\", the "
                    "client says \"%s\"",
                    s.top == 0  ? "OK"
                    : s.message ? s.message
                                : error_message((int)s.top, LANGUAGE_EN),
                    value_text(c->outcome, "message"));
}

/* what the client adds */

static void check_attempts(const struct client_check *c)
{
    const json_t *attempts = json_object_get(c->outcome, "attempts");
    size_t n = json_array_size(c->entries);

    if (!attempts && protocol_has_feature(c->config->features, "attempts") &&
        strcmp(value_text(c->outcome, "kind"), "rejected") != 0)
        client_fail(c, "report",
                    "outcome.attempts: expected how many requests "
                    "were sent, got nothing");
    if (attempts && json_integer_value(attempts) != (json_int_t)n)
        client_fail(c, "report",
                    "outcome.attempts: %zu arrived, the client "
                    "says %lld",
                    n, (long long)json_integer_value(attempts));
}

static void check_photo(const struct client_check *c)
{
    const json_t *data = json_object_get(c->outcome, "data");
    const json_t *photo = json_object_get(data, "photo");
    const char *digest = value_text(c->outcome, "photo_sha256");
    struct bytes jpeg = {0};
    char *want = NULL, *text = NULL;

    if (!photo && !*digest)
        return;
    if (bytes_read_file(&jpeg, photo_path) < 0) {
        result_fail_setup(c->result, "%s: cannot be read", photo_path);
        return;
    }
    want = sha256_hex(jpeg.data, jpeg.len);
    text = base64(jpeg.data, jpeg.len);
    if (photo &&
        (!json_is_string(photo) || strcmp(json_string_value(photo), text) != 0))
        client_fail(c, "report", "outcome.data.photo: is not what was served");
    if (protocol_has_feature(c->config->features, "photo") &&
        strcmp(digest, want) != 0)
        client_fail(c, "report",
                    "outcome.photo_sha256: expected %s, the "
                    "SHA-256 of the decoded photo, got \"%s\"",
                    want, digest);
    free(want);
    free(text);
    bytes_release(&jpeg);
}

void client_check_report(const struct client_check *check)
{
    if (!check->outcome)
        return;
    check_expected(check);
    if (strcmp(value_text(check->outcome, "kind"), "api") == 0) {
        check_served(check);
        check_photo(check);
    }
    check_attempts(check);
}
