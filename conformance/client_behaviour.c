#include "client_check.h"

#include <stdarg.h>
#include <stdbool.h>
#include <stdlib.h>

#include "value.h"

/* Requests that a call may cause where trying again makes sense. */
enum { MAX_REQUESTS = 4 };

void client_fail(const struct client_check *check, const char *name,
                 const char *fmt, ...)
{
    va_list ap;
    char *text;

    va_start(ap, fmt);
    text = vformat(fmt, ap);
    va_end(ap);
    result_fail(check->result, "%s: %s%s", name, check->label, text);
    free(text);
}

/* Could the same request be answered otherwise a moment later? These tell of
 * the service or of the connection, any other code of the request. */
static bool may_change(const json_t *entry)
{
    static const json_int_t codes[] = {15, 107, 108, 213, -5802};
    const json_t *served = json_object_get(entry, "served");
    const json_t *code = json_object_get(served, "code");

    /* Nothing was served, or no reply that can be read. */
    if (!json_is_integer(code) ||
        json_is_string(json_object_get(served, "transport")))
        return true;
    for (size_t i = 0; i < sizeof(codes) / sizeof(codes[0]); i++) {
        if (json_integer_value(code) == codes[i])
            return true;
    }
    return false;
}

struct client_bounds client_bounds(const json_t *expected)
{
    struct client_bounds b = {1, MAX_REQUESTS};

    if (json_is_integer(expected)) {
        b.min = b.max = (size_t)json_integer_value(expected);
    } else if (expected) {
        const json_t *max = json_object_get(expected, "max");

        b.min = (size_t)json_integer_value(json_object_get(expected, "min"));
        b.max = max ? (size_t)json_integer_value(max) : MAX_REQUESTS;
    }
    return b;
}

static void show_served(const json_t *entry, struct bytes *out)
{
    const json_t *served = json_object_get(entry, "served");
    const json_t *code = json_object_get(served, "code");
    const char *transport = value_find_text(served, "transport");

    if (transport)
        bytes_text(out, transport);
    else if (json_is_integer(code))
        bytes_format(out, "%lld", (long long)json_integer_value(code));
    else
        bytes_text(out, "nothing");
}

static char *list_served(const json_t *entries)
{
    const json_t *entry;
    struct bytes list = {0};
    size_t i;

    bytes_text(&list, "");
    json_array_foreach(entries, i, entry)
    {
        bytes_text(&list, i ? ", " : "; served: ");
        show_served(entry, &list);
    }
    return list.data;
}

void client_check_behaviour(const struct client_check *check)
{
    const json_t *expected = json_object_get(check->expect, "requests");
    struct client_bounds bounds = client_bounds(expected);
    size_t n = json_array_size(check->entries);
    const json_t *entry;
    size_t i;
    char *served = list_served(check->entries);

    if (n < bounds.min || n > bounds.max) {
        if (bounds.min == bounds.max)
            client_fail(check, "behaviour", "expected %zu requests, got %zu%s",
                        bounds.min, n, served);
        else
            client_fail(check, "behaviour",
                        "expected %zu to %zu requests, got %zu%s", bounds.min,
                        bounds.max, n, served);
        free(served);
        return;
    }
    json_array_foreach(check->entries, i, entry)
    {
        if (i + 1 == n || may_change(entry) || expected)
            continue;
        client_fail(check, "behaviour",
                    "request %zu was answered for good, and was sent again%s",
                    i + 1, served);
        break;
    }
    free(served);
}
