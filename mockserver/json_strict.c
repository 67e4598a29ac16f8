#include "json_strict.h"

#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <cjson/cJSON.h>
#include "log.h"
#include "json_text.h"

enum {
    QUOTE_CAP = 44,             /* 40 bytes of a value, "..." and the NUL */
    FOUND_CAP = QUOTE_CAP + 16, /* the same, and what it is */
};

void json_strict_init(struct json_strict *js, const char *name, char **why)
{
    js->name = name;
    js->why = why;
    js->place[0] = '\0';
    *why = NULL;
}

size_t json_strict_enter(struct json_strict *js, const char *fmt, ...)
{
    size_t mark = strlen(js->place);
    size_t len = mark;
    va_list args;

    if (len > 0 && len < sizeof(js->place) - 1)
        js->place[len++] = '.';
    va_start(args, fmt);
    vsnprintf(js->place + len, sizeof(js->place) - len, fmt, args);
    va_end(args);
    return mark;
}

void json_strict_leave(struct json_strict *js, size_t mark)
{
    js->place[mark] = '\0';
}

/* mistakes */

int json_strict_fail(struct json_strict *js, const char *member,
                     const char *fmt, ...)
{
    char message[1024];
    va_list args;

    va_start(args, fmt);
    vsnprintf(message, sizeof(message), fmt, args);
    va_end(args);
    if (asprintf(js->why, "%s%s%s%s%s%s%s", js->name ? js->name : "",
                 js->name ? ": " : "", js->place,
                 *js->place && member ? "." : "", member ? member : "",
                 *js->place || member ? ": " : "", message) < 0)
        *js->why = NULL;
    return -1;
}

int json_strict_fail_memory(struct json_strict *js)
{
    return json_strict_fail(js, NULL, "out of memory");
}

static const char *type_name(const cJSON *item)
{
    if (cJSON_IsArray(item))
        return "an array";
    if (cJSON_IsObject(item))
        return "an object";
    if (cJSON_IsNull(item))
        return "null";
    return cJSON_IsTrue(item) ? "true" : "false";
}

/* What stands there instead of what was expected; never a long value. */
static const char *found(char buf[FOUND_CAP], const cJSON *item)
{
    char quoted[QUOTE_CAP];

    if (cJSON_IsString(item))
        snprintf(buf, FOUND_CAP, "the string \"%s\"",
                 log_quote(quoted, sizeof(quoted), item->valuestring,
                           strlen(item->valuestring)));
    else if (cJSON_IsNumber(item))
        snprintf(buf, FOUND_CAP, "the number %.15g", item->valuedouble);
    else
        snprintf(buf, FOUND_CAP, "%s", type_name(item));
    return buf;
}

int json_strict_fail_type(struct json_strict *js, const char *member,
                          const cJSON *item, const char *expected)
{
    char buf[FOUND_CAP];

    if (!item)
        return json_strict_fail(js, member, "is missing, expected %s",
                                expected);
    return json_strict_fail(js, member, "found %s, expected %s",
                            found(buf, item), expected);
}

/* the text of a document */

/* Points a human at an offset: lines and characters count from one. */
static int fail_at(struct json_strict *js, const char *json, size_t offset,
                   const char *message)
{
    size_t line = 1;
    size_t column = 1;

    for (size_t i = 0; i < offset; i++) {
        if (json[i] == '\n') {
            line++;
            column = 1;
        } else if (((unsigned char)json[i] & 0xc0) != 0x80) {
            column++;
        }
    }
    return json_strict_fail(js, NULL, "line %zu, column %zu: %s", line, column,
                            message);
}

cJSON *json_strict_parse(struct json_strict *js, const char *json, size_t len)
{
    struct json_mistake mistake;
    const char *end = json;
    cJSON *document;

    if (len > JSON_STRICT_MAX_BYTES) {
        json_strict_fail(js, NULL, "is over %d MiB long",
                         JSON_STRICT_MAX_BYTES >> 20);
        return NULL;
    }
    if (json_text_check(json, len, &mistake) < 0) {
        fail_at(js, json, mistake.offset, mistake.what);
        return NULL;
    }
    document = cJSON_ParseWithLengthOpts(json, len, &end, false);
    if (!document) {
        fail_at(js, json, (size_t)(end - json), "a JSON syntax error");
        return NULL;
    }
    while (end < json + len && memchr(" \t\r\n", *end, 4))
        end++;
    if (end < json + len) {
        cJSON_Delete(document);
        fail_at(js, json, (size_t)(end - json), "text after the JSON document");
        return NULL;
    }
    return document;
}

/* members */

static bool is_one_of(const char *name, const char *const *names)
{
    while (*names && strcmp(*names, name) != 0)
        names++;
    return *names != NULL;
}

int json_strict_object(struct json_strict *js, const cJSON *object,
                       const char *const *names, const char *expected)
{
    char quoted[QUOTE_CAP];

    if (!cJSON_IsObject(object))
        return json_strict_fail_type(js, NULL, object, expected);
    for (const cJSON *m = object->child; m; m = m->next) {
        if (!is_one_of(m->string, names))
            return json_strict_fail(
                js, NULL, "unknown name \"%s\", expected %s",
                log_quote(quoted, sizeof(quoted), m->string, strlen(m->string)),
                expected);
        /* As no name before this one was there twice, this loop is short. */
        for (const cJSON *other = object->child; other != m;
             other = other->next) {
            if (!strcmp(other->string, m->string))
                return json_strict_fail(js, m->string,
                                        "appears twice in one object");
        }
    }
    return 0;
}

int json_strict_integer(struct json_strict *js, const char *member,
                        const cJSON *item, uint64_t min, uint64_t max,
                        uint64_t *value)
{
    char expected[80];

    if (!item)
        return 0;
    if (cJSON_IsNumber(item) && item->valuedouble >= (double)min &&
        item->valuedouble <= (double)max &&
        item->valuedouble == (double)(uint64_t)item->valuedouble) {
        *value = (uint64_t)item->valuedouble;
        return 0;
    }
    snprintf(expected, sizeof(expected), "a whole number from %llu to %llu",
             (unsigned long long)min, (unsigned long long)max);
    return json_strict_fail_type(js, member, item, expected);
}

int json_strict_number(struct json_strict *js, const char *member,
                       const cJSON *item, double min, double max, double *value)
{
    char expected[80];

    if (!item)
        return 0;
    if (cJSON_IsNumber(item) && item->valuedouble >= min &&
        item->valuedouble <= max) {
        *value = item->valuedouble;
        return 0;
    }
    snprintf(expected, sizeof(expected), "a number from %.15g to %.15g", min,
             max);
    return json_strict_fail_type(js, member, item, expected);
}
