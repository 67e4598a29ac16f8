#include "reply_check.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "match.h"
#include "value.h"

json_t *reply_json(const struct reply *reply)
{
    /* Jansson reads strictly by RFC 8259 and refuses what is not UTF-8. */
    return json_loadb(reply->body.data, reply->body.len,
                      JSON_REJECT_DUPLICATES | JSON_DECODE_ANY, NULL);
}

static void check_transport(const char *expected, const struct reply *reply,
                            struct bytes *problems)
{
    const char *got = transport_name(reply->transport);

    if (strcmp(expected, got) != 0)
        bytes_format(problems, "connection: expected %s, got %s%s%s\n",
                     expected, got, *reply->problem ? ": " : "",
                     reply->problem);
}

static void check_status(const json_t *expect, const struct reply *reply,
                         struct bytes *problems)
{
    const json_t *http = json_object_get(expect, "http");
    int expected = http ? (int)json_integer_value(http) : 200;

    if (reply->http != expected)
        bytes_format(problems, "status: expected %d, got %d\n", expected,
                     reply->http);
}

static void check_headers(const json_t *expect, const struct reply *reply,
                          struct bytes *problems)
{
    const char *name;
    const json_t *value;

    json_object_foreach(json_object_get(expect, "header"), name, value)
    {
        const char *got = reply_header(reply, name);
        json_t *actual = got ? json_string(got) : NULL;

        if (json_is_null(value) && got)
            bytes_format(problems, "header %s: expected none, got \"%s\"\n",
                         name, got);
        else if (!json_is_null(value))
            match_value(value, actual, name, problems);
        json_decref(actual);
    }
}

/* application/json, with or without parameters. */
static void check_content_type(const struct reply *reply,
                               struct bytes *problems)
{
    const char *type = reply_header(reply, "Content-Type");
    size_t len = strlen("application/json");

    if (!type || strcspn(type, "; \t") != len ||
        strncasecmp(type, "application/json", len) != 0)
        bytes_format(problems,
                     "Content-Type: expected application/json, got %s\n",
                     type ? type : "none");
}

static void check_absent(const json_t *expect, const json_t *json,
                         struct bytes *problems)
{
    const json_t *path;
    size_t i;

    json_array_foreach(json_object_get(expect, "absent"), i, path)
    {
        const json_t *value = value_find_path(json, json_string_value(path));
        char *shown;

        if (!value)
            continue;
        shown = match_show(value);
        bytes_format(problems, "%s: expected no such member, got %s\n",
                     json_string_value(path), shown);
        free(shown);
    }
}

static void check_json(const json_t *expect, const struct reply *reply,
                       const json_t *json, struct bytes *problems)
{
    const json_t *code = json_object_get(expect, "code");
    const json_t *message = json_object_get(expect, "message");
    json_t *non_empty = json_string("$non-empty");

    if (!json_is_object(json)) {
        bytes_format(problems, "body: expected a JSON object, got %s\n",
                     json ? "another value" : "no JSON");
    } else {
        if (code) {
            match_value(code, json_object_get(json, "code"), "code", problems);
            if (!message)
                message = non_empty;
        }
        if (message)
            match_value(message, json_object_get(json, "message"), "message",
                        problems);
        match_members(json_object_get(expect, "data"),
                      json_object_get(json, "data"), "data", problems);
        check_absent(expect, json, problems);
    }
    check_content_type(reply, problems);
    json_decref(non_empty);
}

static void check_flag(const json_t *expect, const char *name, bool got,
                       const char *what, struct bytes *problems)
{
    const json_t *expected = json_object_get(expect, name);

    if (expected && json_is_true(expected) != got)
        bytes_format(problems, "%s: expected %s, got %s\n", what,
                     got ? "none" : "one", got ? "one" : "none");
}

void reply_check(const json_t *expect, const struct reply *reply,
                 const json_t *json, struct bytes *problems)
{
    const json_t *transport = json_object_get(expect, "transport");
    const json_t *wants_json = json_object_get(expect, "json");

    check_transport(transport ? json_string_value(transport) : "complete",
                    reply, problems);
    if (reply->transport == TRANSPORT_COMPLETE ||
        json_object_get(expect, "http"))
        check_status(expect, reply, problems);
    check_headers(expect, reply, problems);
    check_flag(expect, "continued", reply->continued, "100 Continue", problems);
    if (reply->transport != TRANSPORT_COMPLETE)
        return;
    check_flag(expect, "closes", reply->closed,
               "end of the connection after the reply", problems);
    if (!wants_json || json_is_true(wants_json))
        check_json(expect, reply, json, problems);
    else if (json)
        bytes_text(problems, "body: expected no JSON, got JSON\n");
}
