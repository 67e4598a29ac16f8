#include "match.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "error_codes.h"
#include "utf8.h"
#include "value.h"

enum { SHOWN = 120 }; /* bytes of a value in a message */

struct set {
    const char *name;     /* what follows the `$`, up to a colon */
    const char *argument; /* what must follow a colon; NULL: nothing may */
    bool (*argument_is_good)(const char *argument);
    bool (*has)(const json_t *value, const char *argument);
};

/* Both bounds of "MIN..MAX". */
static bool read_range(const char *text, long long *min, long long *max)
{
    char *end;

    *min = strtoll(text, &end, 10);
    if (end == text || strncmp(end, "..", 2) != 0)
        return false;
    text = end + 2;
    *max = strtoll(text, &end, 10);
    return end != text && *end == '\0' && *min <= *max;
}

static bool is_range(const char *argument)
{
    long long min, max;

    return read_range(argument, &min, &max);
}

static bool is_count(const char *argument)
{
    return *argument != '\0' &&
           strspn(argument, "0123456789") == strlen(argument);
}

static bool is_number(const char *argument)
{
    char *end;

    (void)strtol(argument, &end, 10);
    return *argument != '\0' && *end == '\0';
}

static bool is_text(const char *argument)
{
    return *argument != '\0';
}

static bool has_any(const json_t *value, const char *argument)
{
    (void)argument;
    return value != NULL;
}

static bool has_string(const json_t *value, const char *argument)
{
    (void)argument;
    return json_is_string(value);
}

static bool has_non_empty(const json_t *value, const char *argument)
{
    (void)argument;
    return json_is_string(value) && json_string_length(value) > 0;
}

static bool has_bool(const json_t *value, const char *argument)
{
    (void)argument;
    return json_is_boolean(value);
}

static bool has_object(const json_t *value, const char *argument)
{
    (void)argument;
    return json_is_object(value);
}

static bool has_int(const json_t *value, const char *argument)
{
    long long min = LLONG_MIN, max = LLONG_MAX;

    if (argument)
        read_range(argument, &min, &max);
    return json_is_integer(value) && json_integer_value(value) >= min &&
           json_integer_value(value) <= max;
}

static bool has_digits(const json_t *value, const char *argument)
{
    const char *text = json_string_value(value);

    return text && strlen(text) == strtoul(argument, NULL, 10) &&
           strspn(text, "0123456789") == strlen(text);
}

static bool has_text(const json_t *value, const char *argument)
{
    const char *text = json_string_value(value);

    return text && strstr(text, argument);
}

static bool has_message(const json_t *value, const char *argument)
{
    const char *text = json_string_value(value);
    int code = (int)strtol(argument, NULL, 10);

    return text_is(text, error_message(code, LANGUAGE_EN));
}

/* Strict Base64 of bytes that begin and end as a JPEG does. */
static bool has_base64_jpeg(const json_t *value, const char *argument)
{
    const char *text = json_string_value(value);
    struct bytes photo = {0};
    bool good;

    (void)argument;
    good = text && bytes_add_base64(&photo, text) == 0 && photo.len > 4 &&
           memcmp(photo.data, "\xff\xd8\xff", 3) == 0 &&
           memcmp(photo.data + photo.len - 2, "\xff\xd9", 2) == 0;
    bytes_release(&photo);
    return good;
}

static const struct set sets[] = {
    {"any", NULL, NULL, has_any},
    {"string", NULL, NULL, has_string},
    {"non-empty", NULL, NULL, has_non_empty},
    {"bool", NULL, NULL, has_bool},
    {"object", NULL, NULL, has_object},
    {"base64-jpeg", NULL, NULL, has_base64_jpeg},
    {"int", NULL, NULL, has_int},
    {"int", "MIN..MAX", is_range, has_int},
    {"digits", "N", is_count, has_digits},
    {"message", "CODE", is_number, has_message},
    {"contains", "TEXT", is_text, has_text},
};

/* The set that `text`, which begins with `$`, names; NULL when there is none.
 * *argument is what follows the colon. */
static const struct set *find_set(const char *text, const char **argument)
{
    size_t len = strcspn(text + 1, ":");

    *argument = text[1 + len] == ':' ? text + 2 + len : NULL;
    for (size_t i = 0; i < sizeof(sets) / sizeof(sets[0]); i++) {
        const struct set *set = &sets[i];

        if (strncmp(set->name, text + 1, len) != 0 || set->name[len] != '\0' ||
            !set->argument != !*argument)
            continue;
        if (!*argument || set->argument_is_good(*argument))
            return set;
    }
    return NULL;
}

static bool is_set(const char *text)
{
    return text && text[0] == '$' && text[1] != '$';
}

char *match_check(const json_t *expected)
{
    const char *text = json_string_value(expected);
    const char *name, *argument;
    const json_t *value;
    size_t i;
    char *why = NULL;

    if (is_set(text) && !find_set(text, &argument))
        return format("\"%s\" names no set of values", text);
    json_object_foreach((json_t *)expected, name, value)
    {
        why = match_check(value);
        if (why)
            return why;
    }
    json_array_foreach(expected, i, value)
    {
        why = match_check(value);
        if (why)
            return why;
    }
    return NULL;
}

char *match_show(const json_t *value)
{
    char *text, *shown;

    if (!value)
        return format("nothing");
    text = json_dumps(value, JSON_ENCODE_ANY | JSON_COMPACT);
    if (!text)
        return format("a value that cannot be shown");
    if (strlen(text) <= SHOWN)
        return text;
    shown = format("%.*s… (%zu bytes)", (int)utf8_prefix(text, SHOWN), text,
                   strlen(text));
    free(text);
    return shown;
}

static void add_problem(struct bytes *problems, const char *path,
                        const json_t *expected, const json_t *actual)
{
    char *want, *got;

    if (!problems)
        return;
    want = match_show(expected);
    got = match_show(actual);
    bytes_format(problems, "%s: expected %s, got %s\n", path, want, got);
    free(want);
    free(got);
}

/* Each element of a list, of two that are equally long. */
static bool match_elements(const json_t *expected, const json_t *actual,
                           const char *path, struct bytes *problems)
{
    const json_t *value;
    size_t i;
    bool good = true;

    json_array_foreach(expected, i, value)
    {
        char *element = format("%s[%zu]", path, i);

        good &=
            match_value(value, json_array_get(actual, i), element, problems);
        free(element);
    }
    return good;
}

bool match_value(const json_t *expected, const json_t *actual, const char *path,
                 struct bytes *problems)
{
    const char *text = json_string_value(expected), *argument;
    bool good;

    if (json_is_object(expected) && json_is_object(actual) &&
        json_object_size(expected) == json_object_size(actual))
        return match_members(expected, actual, path, problems);
    if (json_is_array(expected) && json_is_array(actual) &&
        json_array_size(expected) == json_array_size(actual))
        return match_elements(expected, actual, path, problems);
    if (is_set(text)) {
        const struct set *set = find_set(text, &argument);

        good = set && actual && set->has(actual, argument);
    } else if (text && text[0] == '$') {
        good = json_is_string(actual) &&
               strcmp(text + 1, json_string_value(actual)) == 0;
    } else {
        good = json_equal(expected, actual);
    }
    if (!good)
        add_problem(problems, path, expected, actual);
    return good;
}

bool match_members(const json_t *expected, const json_t *actual,
                   const char *path, struct bytes *problems)
{
    const char *name;
    const json_t *value;
    bool good = true;

    json_object_foreach((json_t *)expected, name, value)
    {
        char *member = *path ? format("%s.%s", path, name) : format("%s", name);

        good &=
            match_value(value, json_object_get(actual, name), member, problems);
        free(member);
    }
    return good;
}
