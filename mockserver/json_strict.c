#include "json_strict.h"

#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <cjson/cJSON.h>
#include "log.h"
#include "text.h"

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

static size_t digits(const char *s, size_t len)
{
    size_t n = 0;

    while (n < len && s[n] >= '0' && s[n] <= '9')
        n++;
    return n;
}

/* The length of the number (RFC 8259 section 6) at s; 0: it is none. */
static size_t number_length(const char *s, size_t len)
{
    size_t i = *s == '-';
    size_t n = digits(s + i, len - i);

    if (n == 0 || (n > 1 && s[i] == '0'))
        return 0;
    i += n;
    if (i < len && s[i] == '.') {
        n = digits(s + i + 1, len - i - 1);
        if (n == 0)
            return 0;
        i += 1 + n;
    }
    if (i < len && (s[i] == 'e' || s[i] == 'E')) {
        i++;
        i += i < len && (s[i] == '+' || s[i] == '-');
        n = digits(s + i, len - i);
        if (n == 0)
            return 0;
        i += n;
    }
    return i;
}

/* Steps over the next piece of a string, its closing quote or a character.
 * Returns 0 with *mistake set when there is something wrong. */
static size_t string_step(const char *s, size_t len, const char **mistake)
{
    if ((unsigned char)*s < 0x20) {
        *mistake = "a control byte";
        return 0;
    }
    if (*s != '\\')
        return text_utf8_sequence(s, len);
    if (len >= 6 && !memcmp(s, "\\u0000", 6)) {
        *mistake = "an escaped NUL";
        return 0;
    }
    /* The next byte may begin a sequence; then the escape is none, which the
     * parser says. */
    return len >= 2 && (s[1] == '\\' || s[1] == '"') ? 2 : 1;
}

static size_t plain_step(const char *s, size_t len, const char **mistake)
{
    if ((unsigned char)*s < 0x20 && !memchr("\t\n\r", *s, 3)) {
        *mistake = "a control byte";
        return 0;
    }
    if (*s == '-' || (*s >= '0' && *s <= '9')) {
        *mistake = "not a number as JSON writes them";
        return number_length(s, len);
    }
    return text_utf8_sequence(s, len);
}

/*
 * Refuses what cJSON lets pass: it checks no UTF-8, takes any control byte for
 * white space, cuts a string at an escaped NUL, and reads 01 and 1. as
 * numbers.
 */
static int check_bytes(struct json_strict *js, const char *json, size_t len)
{
    bool in_string = false;
    size_t i = 0;

    while (i < len) {
        const char *mistake = "not UTF-8";
        size_t n = in_string ? string_step(json + i, len - i, &mistake)
                             : plain_step(json + i, len - i, &mistake);

        if (n == 0)
            return fail_at(js, json, i, mistake);
        if (json[i] == '"')
            in_string = !in_string;
        i += n;
    }
    return 0;
}

cJSON *json_strict_parse(struct json_strict *js, const char *json, size_t len)
{
    const char *end = json;
    cJSON *document;

    if (len > JSON_STRICT_MAX_BYTES) {
        json_strict_fail(js, NULL, "is over %d MiB long",
                         JSON_STRICT_MAX_BYTES >> 20);
        return NULL;
    }
    if (check_bytes(js, json, len) < 0)
        return NULL;
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
