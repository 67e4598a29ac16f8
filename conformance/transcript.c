#include "transcript.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "utf8.h"
#include "value.h"

enum { MAX_JSON = 4096 }; /* bytes of a JSON value that are shown */

/* The body, or a note where it is left out. */
static void add_body(const json_t *message, struct bytes *out)
{
    const char *body = value_find_text(message, "body");
    const json_t *size = json_object_get(message, "body_size");
    const char *sha256 = value_find_text(message, "body_sha256");
    size_t len = body ? strlen(body) : 0;

    if (body && len <= TRANSCRIPT_MAX_BODY) {
        bytes_text(out, body);
        return;
    }
    if (json_is_integer(size))
        len = (size_t)json_integer_value(size);
    if (len > 0)
        bytes_format(out, "[body of %zu bytes%s%s]\n", len,
                     sha256 ? ", SHA-256 " : "", sha256 ? sha256 : "");
}

void transcript_request(const json_t *request, struct bytes *out)
{
    const char *head = value_find_text(request, "head");

    bytes_text(out, head ? head : "[no head]\n");
    add_body(request, out);
}

/* Anything but a whole reply, in words. */
static const char *mishap_of(const json_t *reply)
{
    const char *transport = value_find_text(reply, "transport");

    if (!transport || strcmp(transport, "complete") == 0)
        return NULL;
    return transport;
}

void transcript_reply(const json_t *reply, struct bytes *out)
{
    const json_t *http = json_object_get(reply, "http");
    const char *mishap = mishap_of(reply);
    const json_t *pair;
    size_t i;

    if (json_is_integer(http) && json_integer_value(http) > 0) {
        bytes_format(out, "HTTP/1.1 %lld\r\n",
                     (long long)json_integer_value(http));
        json_array_foreach(json_object_get(reply, "headers"), i, pair)
        {
            const char *name = json_string_value(json_array_get(pair, 0));
            const char *value = json_string_value(json_array_get(pair, 1));

            bytes_format(out, "%s: %s\r\n", name ? name : "",
                         value ? value : "");
        }
        bytes_text(out, "\r\n");
    }
    add_body(reply, out);
    if (mishap)
        bytes_format(out, "%s[%s]\n",
                     out->len && out->data[out->len - 1] != '\n' ? "\n" : "",
                     mishap);
}

/* Each line with its mark before it; the carriage return that ends one is
 * left out. */
static void add_lines(const char *mark, const char *text, struct bytes *out)
{
    while (*text) {
        size_t len = strcspn(text, "\n");
        bool ended = text[len] == '\n';

        bytes_text(out, mark);
        utf8_show(text,
                  ended && len > 0 && text[len - 1] == '\r' ? len - 1 : len,
                  out);
        bytes_text(out, "\n");
        text += len + ended;
    }
}

static void add_json(const char *mark, const json_t *value, struct bytes *out)
{
    char *text = json_dumps(value, JSON_COMPACT | JSON_ENCODE_ANY);
    size_t len = text ? strlen(text) : 0;

    if (!text)
        return;
    if (len > MAX_JSON) {
        char *shown = format("%.*s… (%zu bytes)",
                             (int)utf8_prefix(text, MAX_JSON), text, len);

        free(text);
        text = shown;
    }
    add_lines(mark, text, out);
    free(text);
}

static void add_message(const char *mark,
                        void (*render)(const json_t *, struct bytes *),
                        const json_t *message, struct bytes *out)
{
    struct bytes text = {0};

    if (!message)
        return;
    bytes_text(&text, "");
    render(message, &text);
    add_lines(mark, text.data, out);
    bytes_release(&text);
}

void transcript_exchange(const json_t *exchange, struct bytes *out)
{
    const json_t *request;
    size_t i;

    add_message("> ", transcript_request, json_object_get(exchange, "request"),
                out);
    add_message("< ", transcript_reply, json_object_get(exchange, "reply"),
                out);
    add_json("call > ", json_object_get(exchange, "call"), out);
    json_array_foreach(json_object_get(exchange, "requests"), i, request)
    {
        add_json("arrived: ", request, out);
    }
    add_json("answer < ", json_object_get(exchange, "answer"), out);
}

void transcript_result(const json_t *result, struct bytes *out)
{
    const json_t *exchange;
    size_t i;

    json_array_foreach(json_object_get(result, "exchanges"), i, exchange)
    {
        if (i > 0)
            bytes_text(out, "\n");
        transcript_exchange(exchange, out);
    }
}
