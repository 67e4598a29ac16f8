#include "admin_input.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cjson/cJSON.h>
#include "json_strict.h"
#include "log.h"
#include "text.h"

enum { QUOTE_CAP = 84 }; /* 80 bytes of a value, "..." and the NUL */

static const char *const parameter_names[PARAMETER__COUNT] = {
    [PARAMETER_SINCE] = "since",         [PARAMETER_LIMIT] = "limit",
    [PARAMETER_SECRET_ID] = "secret_id", [PARAMETER_ENDPOINT] = "endpoint",
    [PARAMETER_CODE] = "code",           [PARAMETER_WAIT_MS] = "wait_ms",
    [PARAMETER_FORMAT] = "format",
};

const char *admin_parameter_name(enum admin_parameter parameter)
{
    return parameter_names[parameter];
}

static const char *quote(char buf[QUOTE_CAP], const char *s)
{
    return log_quote(buf, QUOTE_CAP, s, strlen(s));
}

/* the query */

/* Decodes one name or value; an empty string on a bad escape, with *bad. */
static char *decode(struct arena *arena, const char *s, size_t len, bool *bad)
{
    char *spaced = arena_memdup0(arena, s, len);
    char *text = arena_alloc(arena, len + 1);
    size_t n;

    if (!spaced || !text)
        return NULL;
    for (size_t i = 0; i < len; i++) {
        if (spaced[i] == '+')
            spaced[i] = ' ';
    }
    n = text_percent_decode(spaced, len, text);
    *bad = n == (size_t)-1;
    text[*bad ? 0 : n] = '\0';
    return text;
}

/* "a, b or c" of the allowed parameters. */
static const char *list_parameters(struct arena *arena, unsigned allowed)
{
    const char *list = "";

    for (int i = 0; i < PARAMETER__COUNT && list; i++) {
        unsigned rest = allowed >> i >> 1;

        if (!(allowed >> i & 1))
            continue;
        list = arena_printf(arena, "%s%s%s", list, parameter_names[i],
                            rest == 0                  ? ""
                            : (rest & (rest - 1)) == 0 ? " or "
                                                       : ", ");
    }
    return list;
}

static int refuse_name(struct arena *arena, const char *name, unsigned allowed,
                       const char **why)
{
    char quoted[QUOTE_CAP];
    const char *list = allowed ? list_parameters(arena, allowed) : "none";

    *why = list ? arena_printf(arena,
                               "query: unknown parameter \"%s\", expected %s",
                               quote(quoted, name), list)
                : NULL;
    return -1;
}

static int read_pair(struct arena *arena, const char *pair, size_t len,
                     unsigned allowed, const char *values[PARAMETER__COUNT],
                     const char **why)
{
    char quoted[QUOTE_CAP];
    const char *equals = memchr(pair, '=', len);
    size_t name_len = equals ? (size_t)(equals - pair) : len;
    const char *value = equals ? equals + 1 : "";
    size_t value_len = equals ? len - name_len - 1 : 0;
    bool bad_name = false, bad_value = false;
    char *name = decode(arena, pair, name_len, &bad_name);
    char *decoded = decode(arena, value, value_len, &bad_value);
    int i = 0;

    *why = NULL;
    if (!name || !decoded)
        return -1;
    if (bad_name || bad_value) {
        *why = arena_printf(
            arena, "query: \"%s\" holds a bad escape, expected %%01 to %%FF",
            log_quote(quoted, sizeof(quoted), pair, len));
        return -1;
    }
    while (i < PARAMETER__COUNT &&
           (!(allowed >> i & 1) || strcmp(name, parameter_names[i]) != 0))
        i++;
    if (i == PARAMETER__COUNT)
        return refuse_name(arena, name, allowed, why);
    if (values[i] || !*decoded) {
        *why = arena_printf(arena, "query: %s %s, expected one value", name,
                            values[i] ? "is repeated" : "is empty");
        return -1;
    }
    values[i] = decoded;
    return 0;
}

int admin_read_query(struct arena *arena, const char *query, unsigned allowed,
                     const char *values[PARAMETER__COUNT], const char **why)
{
    for (int i = 0; i < PARAMETER__COUNT; i++)
        values[i] = NULL;
    while (query && *query) {
        size_t len = strcspn(query, "&");

        if (len > 0 && read_pair(arena, query, len, allowed, values, why) < 0)
            return -1;
        query += len + (query[len] == '&');
    }
    return 0;
}

int admin_read_number(struct arena *arena, const char *name, const char *value,
                      int64_t min, int64_t max, int64_t *number,
                      const char **why)
{
    char quoted[QUOTE_CAP];
    bool negative = value && value[0] == '-';
    uint64_t digits = 0;
    int64_t parsed;

    if (!value)
        return 0;
    if (text_parse_u64(value + negative, strlen(value + negative), INT64_MAX,
                       &digits) == 0) {
        parsed = negative ? -(int64_t)digits : (int64_t)digits;
        if (parsed >= min && parsed <= max) {
            *number = parsed;
            return 0;
        }
    }
    *why = arena_printf(arena,
                        "query: %s is \"%s\", expected a decimal from %" PRId64
                        " to %" PRId64,
                        name, quote(quoted, value), min, max);
    return -1;
}

/* JSON */

/* "a, b or c" of the members. */
static const char *list_members(char *list, size_t cap,
                                const struct admin_member *members, size_t n)
{
    size_t len = 0;

    for (size_t i = 0; i < n && len < cap; i++)
        len += (size_t)snprintf(list + len, cap - len, "%s%s",
                                i == 0      ? ""
                                : i + 1 < n ? ", "
                                            : " or ",
                                members[i].name);
    return list;
}

/* What its value must be, for the message. */
static const char *expected_of(char *buf, size_t cap,
                               const struct admin_member *member)
{
    switch (member->type) {
    case ADMIN_STRING:
        return "a string";
    case ADMIN_INTEGER:
        snprintf(buf, cap, "an integer from %" PRId64 " to %" PRId64,
                 member->min, member->max);
        return buf;
    case ADMIN_BOOLEAN:
        return "true or false";
    }
    return "";
}

static bool take_integer(struct admin_member *member, const cJSON *item)
{
    double number = item->valuedouble;

    if (!cJSON_IsNumber(item) ||
        !(number >= (double)member->min && number <= (double)member->max))
        return false;
    member->integer = (int64_t)number;
    return (double)member->integer == number;
}

/* Takes a value if it is of the member's type; a string is borrowed. */
static bool take_value(struct admin_member *member, const cJSON *item)
{
    switch (member->type) {
    case ADMIN_STRING:
        member->string = cJSON_GetStringValue(item);
        return member->string != NULL;
    case ADMIN_INTEGER:
        return take_integer(member, item);
    case ADMIN_BOOLEAN:
        member->boolean = cJSON_IsTrue(item);
        return cJSON_IsBool(item);
    }
    return false;
}

static int take_member(struct json_strict *js, struct arena *arena,
                       struct admin_member *member, const cJSON *item)
{
    char buf[96];

    member->given = item != NULL;
    if (!item && !member->required)
        return 0;
    if (!item || !take_value(member, item))
        return json_strict_fail_type(js, member->name, item,
                                     expected_of(buf, sizeof(buf), member));
    if (member->type == ADMIN_STRING) {
        member->string =
            arena_memdup0(arena, member->string, strlen(member->string));
        if (!member->string)
            return json_strict_fail_memory(js);
    }
    return 0;
}

static int take_members(struct json_strict *js, struct arena *arena,
                        const cJSON *document, struct admin_member *members,
                        size_t n)
{
    const char *names[ADMIN_MAX_MEMBERS + 1] = {NULL};
    char expected[256] = "an object of ";
    size_t len = strlen(expected);

    for (size_t i = 0; i < n; i++)
        names[i] = members[i].name;
    list_members(expected + len, sizeof(expected) - len, members, n);
    if (json_strict_object(js, document, names, expected) < 0)
        return -1;
    for (size_t i = 0; i < n; i++) {
        const cJSON *item =
            cJSON_GetObjectItemCaseSensitive(document, members[i].name);

        if (take_member(js, arena, &members[i], item) < 0)
            return -1;
    }
    return 0;
}

int admin_read_json(struct arena *arena, const char *body, size_t len,
                    struct admin_member *members, size_t n, const char **why)
{
    struct json_strict js;
    char *mistake;
    cJSON *document;
    int result = -1;

    assert(n <= ADMIN_MAX_MEMBERS);
    json_strict_init(&js, NULL, &mistake);
    document = json_strict_parse(&js, body, len);
    if (document)
        result = take_members(&js, arena, document, members, n);
    cJSON_Delete(document);
    if (result < 0)
        *why = mistake ? arena_printf(arena, "body: %s", mistake) : NULL;
    free(mistake);
    return result;
}

static void wipe(cJSON *item)
{
    for (; item; item = item->next) {
        if (item->valuestring)
            explicit_bzero(item->valuestring, strlen(item->valuestring));
        wipe(item->child);
    }
}

const char *admin_find_string(struct arena *arena, const char *body, size_t len,
                              const char *name)
{
    cJSON *document = cJSON_ParseWithLength(body, len);
    const cJSON *item = cJSON_GetObjectItemCaseSensitive(document, name);
    const char *found = NULL;

    if (cJSON_IsString(item))
        found =
            arena_memdup0(arena, item->valuestring, strlen(item->valuestring));
    wipe(document);
    cJSON_Delete(document);
    return found;
}
