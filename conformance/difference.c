#include "difference.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "match.h"
#include "utf8.h"

static const char *const kind_names[DIFFERENCE__COUNT] = {
    [DIFFERENCE_TRANSPORT] = "transport", [DIFFERENCE_STATUS] = "status",
    [DIFFERENCE_HEADER] = "header",       [DIFFERENCE_SHAPE] = "shape",
    [DIFFERENCE_CODE] = "code",           [DIFFERENCE_VALUE] = "value",
    [DIFFERENCE_STEP] = "step",
};

/* Others differ from one moment to the next, or tell nothing. */
static const char *const header_names[] = {
    "Content-Type",
    "Connection",
    "Allow",
};

static const char *const code_names[] = {
    "code",
    "live_status",
    "compare_status",
};

void differences_release(struct differences *d)
{
    bytes_release(&d->lines);
    *d = (struct differences){0};
}

const char *difference_name(enum difference_kind kind)
{
    return kind_names[kind];
}

char *differences_summary(const struct differences *d)
{
    struct bytes text = {0};

    for (size_t i = 0; i < DIFFERENCE__COUNT; i++) {
        if (d->n[i] > 0)
            bytes_format(&text, "%s%zu %s", text.len > 0 ? ", " : "", d->n[i],
                         kind_names[i]);
    }
    if (text.len == 0)
        bytes_text(&text, "none");
    bytes_format(&text, "; %zu cases compared", d->cases);
    if (d->only_recorded > 0)
        bytes_format(&text, ", %zu only recorded", d->only_recorded);
    if (d->only_now > 0)
        bytes_format(&text, ", %zu only in this run", d->only_now);
    return text.data;
}

static const char *type_name(const json_t *value)
{
    switch (json_typeof(value)) {
    case JSON_OBJECT:
        return "object";
    case JSON_ARRAY:
        return "array";
    case JSON_STRING:
        return "string";
    case JSON_INTEGER:
        return "integer";
    case JSON_REAL:
        return "real";
    case JSON_NULL:
        return "null";
    case JSON_TRUE:
    case JSON_FALSE:
        break;
    }
    return "boolean";
}

static char *show(const json_t *value)
{
    return value ? match_show(value) : format("none");
}

static void add_kind(struct bytes *line, enum difference_kind kind,
                     const json_t *recorded, const json_t *now)
{
    bytes_format(line, " (%s", kind_names[kind]);
    if (kind == DIFFERENCE_SHAPE && !recorded)
        bytes_text(line, ": extra");
    else if (kind == DIFFERENCE_SHAPE && !now)
        bytes_text(line, ": missing");
    else if (kind == DIFFERENCE_SHAPE)
        bytes_format(line, ": %s, now %s", type_name(recorded), type_name(now));
    bytes_text(line, ")\n");
}

void differences_add(struct differences *d, enum difference_kind kind,
                     const char *where, const char *what,
                     const json_t *recorded, const json_t *now)
{
    char *before = show(recorded), *after = show(now);

    bytes_format(&d->lines, "%s: ", where);
    utf8_show(what, strlen(what), &d->lines);
    bytes_format(&d->lines, ": recorded %s, now %s", before, after);
    add_kind(&d->lines, kind, recorded, now);
    d->n[kind]++;
    free(before);
    free(after);
}

static bool is_listed(const char *name, const char *const *names, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (strcmp(name, names[i]) == 0)
            return true;
    }
    return false;
}

/* By the last part of the path. */
static enum difference_kind kind_of_value(const char *path)
{
    const char *dot = strrchr(path, '.');

    return is_listed(dot ? dot + 1 : path, code_names,
                     sizeof(code_names) / sizeof(*code_names))
               ? DIFFERENCE_CODE
               : DIFFERENCE_VALUE;
}

static void compare_json(struct differences *d, const char *where,
                         const char *path, const json_t *recorded,
                         const json_t *now);

static void compare_member(struct differences *d, const char *where,
                           const char *path, const char *name,
                           const json_t *recorded, const json_t *now)
{
    char *member = *path ? format("%s.%s", path, name) : format("%s", name);

    compare_json(d, where, member, recorded, now);
    free(member);
}

static void compare_objects(struct differences *d, const char *where,
                            const char *path, const json_t *recorded,
                            const json_t *now)
{
    const char *name;
    json_t *value;

    json_object_foreach((json_t *)recorded, name, value)
    {
        compare_member(d, where, path, name, value, json_object_get(now, name));
    }
    json_object_foreach((json_t *)now, name, value)
    {
        if (!json_object_get(recorded, name))
            compare_member(d, where, path, name, NULL, value);
    }
}

static void compare_arrays(struct differences *d, const char *where,
                           const char *path, const json_t *recorded,
                           const json_t *now)
{
    size_t n = json_array_size(recorded), m = json_array_size(now);

    for (size_t i = 0; i < n || i < m; i++) {
        char *element = format("%s[%zu]", path, i);

        compare_json(d, where, element, json_array_get(recorded, i),
                     json_array_get(now, i));
        free(element);
    }
}

static bool same_type(const json_t *a, const json_t *b)
{
    return json_typeof(a) == json_typeof(b) ||
           (json_is_boolean(a) && json_is_boolean(b));
}

/* At least one of the two is there. */
static void compare_json(struct differences *d, const char *where,
                         const char *path, const json_t *recorded,
                         const json_t *now)
{
    const char *what = *path ? path : "body";

    if (!recorded || !now || !same_type(recorded, now))
        differences_add(d, DIFFERENCE_SHAPE, where, what, recorded, now);
    else if (json_is_object(recorded))
        compare_objects(d, where, path, recorded, now);
    else if (json_is_array(recorded))
        compare_arrays(d, where, path, recorded, now);
    else if (!json_equal(recorded, now))
        differences_add(d, kind_of_value(what), where, what, recorded, now);
}

/* All values of a header field as one, or NULL; the caller's. */
static json_t *find_header(const json_t *reply, const char *name)
{
    struct bytes joined = {0};
    const json_t *pair;
    size_t i;
    json_t *value;

    json_array_foreach(json_object_get(reply, "headers"), i, pair)
    {
        const char *field = json_string_value(json_array_get(pair, 0));
        const char *text = json_string_value(json_array_get(pair, 1));

        if (field && text && strcasecmp(field, name) == 0)
            bytes_format(&joined, "%s%s", joined.data ? ", " : "", text);
    }
    value = joined.data ? json_string(joined.data) : NULL;
    bytes_release(&joined);
    return value;
}

static void compare_headers(struct differences *d, const char *where,
                            const json_t *recorded, const json_t *now)
{
    for (size_t i = 0; i < sizeof(header_names) / sizeof(*header_names); i++) {
        json_t *before = find_header(recorded, header_names[i]);
        json_t *after = find_header(now, header_names[i]);

        if ((before || after) && !json_equal(before, after))
            differences_add(d, DIFFERENCE_HEADER, where, header_names[i],
                            before, after);
        json_decref(before);
        json_decref(after);
    }
}

/* A member that is compared as it is. False when it differs. */
static bool compare_plain(struct differences *d, enum difference_kind kind,
                          const char *where, const char *member,
                          const json_t *recorded, const json_t *now)
{
    const json_t *before = json_object_get(recorded, member);
    const json_t *after = json_object_get(now, member);

    if ((!before && !after) || json_equal(before, after))
        return true;
    differences_add(d, kind, where, member, before, after);
    return false;
}

static void compare_bodies(struct differences *d, const char *where,
                           const json_t *recorded, const json_t *now)
{
    const json_t *before = json_object_get(recorded, "json");
    const json_t *after = json_object_get(now, "json");

    if (!before && !after) {
        compare_plain(d, DIFFERENCE_VALUE, where, "body", recorded, now);
        return;
    }
    compare_json(d, where, "", before, after);
}

void differences_of_replies(struct differences *d, const char *where,
                            const json_t *recorded, const json_t *now)
{
    /* What follows from another end of the connection is no news. */
    if (!compare_plain(d, DIFFERENCE_TRANSPORT, where, "transport", recorded,
                       now))
        return;
    compare_plain(d, DIFFERENCE_STATUS, where, "http", recorded, now);
    compare_headers(d, where, recorded, now);
    compare_bodies(d, where, recorded, now);
}

/* The answer without what names this one call; the caller's. */
static json_t *bare_answer(const json_t *call)
{
    json_t *answer = json_deep_copy(json_object_get(call, "answer"));

    json_object_del(answer, "id");
    return answer;
}

void differences_of_calls(struct differences *d, const char *where,
                          const json_t *recorded, const json_t *now)
{
    json_t *before = bare_answer(recorded), *after = bare_answer(now);
    json_t *n = json_integer(
        (json_int_t)json_array_size(json_object_get(recorded, "requests")));
    json_t *m = json_integer(
        (json_int_t)json_array_size(json_object_get(now, "requests")));

    if (before || after)
        compare_json(d, where, "answer", before, after);
    if (!json_equal(n, m))
        differences_add(d, DIFFERENCE_VALUE, where, "requests", n, m);
    json_decref(before);
    json_decref(after);
    json_decref(n);
    json_decref(m);
}
