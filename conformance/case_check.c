#include "case_check.h"

#include <ctype.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "bytes.h"
#include "match.h"
#include "protocol.h"
#include "section.h"
#include "value.h"

/* What a value may be. */
enum shape {
    ANY = 0,
    STRING = 1 << 0,
    INTEGER = 1 << 1,
    REAL = 1 << 2,
    BOOLEAN = 1 << 3,
    OBJECT = 1 << 4,
    LIST = 1 << 5,
    NOTHING = 1 << 6, /* null */
};

/* A value that may stand somewhere; in a table, that of a member. */
struct member {
    const char *name;
    unsigned shape;
    const char *words;            /* of a string, blank-separated; NULL: any */
    const struct member *members; /* of an object; NULL: of any names */
    const struct member *each;    /* of a list's items, and of the values of an
                                     object of any names; NULL: anything */
    size_t length;                /* of a list; 0: any */
    bool required;
    bool filled;  /* an object or list must not be empty */
    bool expects; /* names sets of values, which must exist */
};

/* clang-format off */
#define ENDPOINTS "livedetectfour livedetectpicture livegetfour"

static const struct member a_string = {.shape = STRING};

static const struct member pair = {.shape = LIST, .each = &a_string, .length = 2};

static const struct member form_members[] = {
    {.name = "quoted_boundary", .shape = BOOLEAN},
    {.name = "unquoted_names", .shape = BOOLEAN},
    {.name = "text_filenames", .shape = BOOLEAN},
    {.name = "name_semicolon", .shape = BOOLEAN},
    {.name = "line_end", .shape = STRING, .words = "lf"},
    {.name = "unclosed", .shape = BOOLEAN},
    {.name = "preamble", .shape = STRING},
    {.name = "epilogue", .shape = STRING},
    {.name = "header_case", .shape = STRING, .words = "lower upper"},
    {0}};

static const struct member field = {.shape = STRING | INTEGER | NOTHING};

static const struct member signature_members[] = {
    {.name = "fields", .shape = OBJECT, .each = &field},
    {.name = "order", .shape = STRING},
    {.name = "repeat", .shape = LIST, .each = &a_string},
    {.name = "text", .shape = STRING},
    {.name = "append", .shape = STRING},
    {.name = "key", .shape = STRING, .words = "wrong secret_id other"},
    {.name = "digest", .shape = STRING,
     .words = "hex sha256 short flipped last only none of-encoded"},
    {.name = "encoding", .shape = STRING,
     .words = "url-safe unpadded twice lines percent plus-as-blank none"},
    {.name = "prefix", .shape = STRING},
    {.name = "suffix", .shape = STRING},
    {.name = "cut", .shape = INTEGER},
    {.name = "reuse", .shape = BOOLEAN},
    {0}};

static const struct member body_members[] = {
    {.name = "base64", .shape = STRING},
    {.name = "replace", .shape = LIST, .each = &a_string, .length = 2},
    {0}};

static const struct member file_members[] = {
    {.name = "media", .shape = STRING, .words = "video card image"},
    {.name = "text", .shape = STRING},
    {.name = "base64", .shape = STRING},
    {.name = "fixture", .shape = STRING},
    {.name = "filename", .shape = STRING | NOTHING},
    {.name = "type", .shape = STRING | NOTHING},
    {.name = "size", .shape = STRING | INTEGER},
    {0}};

static const struct member one_file = {
    .shape = STRING | OBJECT, .words = "video card image", .members = file_members};

static const struct member files = {
    .shape = STRING | OBJECT | LIST, .words = "video card image",
    .members = file_members, .each = &one_file};

static const struct member part_members[] = {
    {.name = "value"},
    {.name = "base64", .shape = STRING},
    {.name = "filename", .shape = STRING},
    {.name = "type", .shape = STRING},
    {.name = "disposition", .shape = STRING | NOTHING},
    {.name = "headers", .shape = LIST, .each = &a_string},
    {0}};

/* In a form; in JSON a parameter is anything. */
static const struct member one_part = {.members = part_members};
static const struct member form_param = {.members = part_members, .each = &one_part};
static const struct member form_params = {.shape = OBJECT, .each = &form_param};

static const struct member request_members[] = {
    {.name = "endpoint", .shape = STRING, .words = ENDPOINTS, .required = true},
    {.name = "encoding", .shape = STRING, .words = "multipart json"},
    {.name = "params", .shape = OBJECT},
    {.name = "files", .shape = OBJECT, .each = &files},
    {.name = "omit", .shape = LIST, .each = &a_string},
    {.name = "order", .shape = LIST, .each = &a_string},
    {.name = "boundary", .shape = STRING},
    {.name = "form", .shape = OBJECT, .members = form_members},
    {.name = "content_type", .shape = STRING | NOTHING},
    {.name = "body", .shape = STRING | OBJECT, .members = body_members, .filled = true},
    {.name = "append", .shape = STRING},
    {.name = "body_size", .shape = STRING | INTEGER,
     .words = "max_body max_body+1 max_body-1"},
    {.name = "transfer", .shape = STRING, .words = "length chunked expect"},
    {.name = "chunk", .shape = INTEGER},
    {.name = "method", .shape = STRING},
    {.name = "target", .shape = STRING},
    {.name = "version", .shape = STRING},
    {.name = "host", .shape = STRING | NOTHING},
    {.name = "headers", .shape = LIST, .each = &pair},
    {.name = "drop", .shape = LIST, .each = &a_string},
    {.name = "raw", .shape = STRING},
    {.name = "signature", .shape = OBJECT | STRING | NOTHING,
     .members = signature_members},
    {.name = "connection", .shape = STRING, .words = "same"},
    {0}};

static const struct member field_value = {.shape = STRING | NOTHING};

static const struct member reply_members[] = {
    {.name = "http", .shape = INTEGER},
    {.name = "code", .shape = INTEGER | STRING, .expects = true},
    {.name = "message", .shape = STRING, .expects = true},
    {.name = "data", .shape = OBJECT, .expects = true},
    {.name = "absent", .shape = LIST, .each = &a_string},
    {.name = "header", .shape = OBJECT, .each = &field_value, .expects = true},
    {.name = "json", .shape = BOOLEAN},
    {.name = "transport", .shape = STRING,
     .words = "complete reset closed truncated malformed timeout"},
    {.name = "patience_ms", .shape = INTEGER},
    {.name = "continued", .shape = BOOLEAN},
    {.name = "closes", .shape = BOOLEAN},
    {.name = "findings", .shape = LIST, .each = &a_string},
    {0}};

static const struct member reply = {.shape = OBJECT, .members = reply_members, .filled = true};

static const struct member step_members[] = {
    {.name = "request", .shape = OBJECT, .members = request_members, .required = true},
    {.name = "expect", .shape = OBJECT, .members = reply_members, .required = true,
     .filled = true},
    {.name = "allow", .shape = LIST, .each = &reply},
    {.name = "fault", .shape = STRING | OBJECT},
    {0}};

static const struct member step = {.shape = OBJECT, .members = step_members};

static const struct member mock_members[] = {
    {.name = "options", .shape = LIST, .each = &a_string},
    {.name = "clock", .shape = INTEGER},
    {0}};

static const struct member key_members[] = {
    {.name = "secret_id", .shape = STRING | LIST, .each = &a_string, .required = true},
    {.name = "secret_key", .shape = STRING | LIST, .each = &a_string, .required = true},
    {0}};

static const struct member key = {.shape = OBJECT, .members = key_members};

static const struct member account_members[] = {
    {.name = "appid", .shape = STRING, .required = true},
    {.name = "buckets", .shape = LIST, .each = &a_string},
    {.name = "keys", .shape = LIST, .each = &key, .required = true, .filled = true},
    {.name = "status", .shape = STRING, .words = "active arrears"},
    {.name = "rate_per_second", .shape = INTEGER | REAL},
    {0}};

#define COMMON \
    {.name = "id", .shape = STRING, .required = true}, \
    {.name = "title", .shape = STRING, .required = true}, \
    {.name = "requirement", .shape = STRING, .required = true}, \
    {.name = "level", .shape = STRING, .words = "must should", .required = true}, \
    {.name = "provenance", .shape = STRING, \
     .words = "documented vendor assumed", .required = true}, \
    {.name = "needs", .shape = LIST, .each = &a_string}, \
    {.name = "account", .shape = STRING | OBJECT, \
     .words = "default other bucketless arrears limited", .members = account_members}

static const struct member a_server = {.shape = STRING, .words = "mock real"};

static const struct member service_members[] = {
    COMMON,
    {.name = "applies_to", .shape = LIST, .each = &a_server, .required = true,
     .filled = true},
    {.name = "mock", .shape = OBJECT, .members = mock_members},
    {.name = "steps", .shape = LIST, .each = &step, .required = true, .filled = true},
    {0}};

static const struct member a_class = {
    .shape = STRING, .words = "timeout reset refused tls truncated bad_response"};

static const struct member outcome_members[] = {
    {.name = "kind", .shape = STRING, .words = "api transport rejected", .required = true},
    {.name = "http", .shape = INTEGER},
    {.name = "code", .shape = INTEGER | STRING, .expects = true},
    {.name = "message", .shape = STRING, .expects = true},
    {.name = "data", .shape = OBJECT, .expects = true},
    {.name = "absent", .shape = LIST, .each = &a_string},
    {.name = "class", .shape = LIST, .each = &a_class},
    {0}};

static const struct member one_outcome = {.shape = OBJECT, .members = outcome_members};

static const struct member bounds_members[] = {
    {.name = "min", .shape = INTEGER},
    {.name = "max", .shape = INTEGER},
    {0}};

static const struct member client_expect_members[] = {
    {.name = "outcome", .shape = OBJECT | LIST, .members = outcome_members,
     .each = &one_outcome, .required = true, .filled = true},
    {.name = "requests", .shape = INTEGER | OBJECT, .members = bounds_members},
    {.name = "findings", .shape = LIST, .each = &a_string},
    {.name = "parts", .shape = LIST, .each = &a_string},
    {0}};

static const struct member call_members[] = {
    {.name = "endpoint", .shape = STRING, .words = ENDPOINTS, .required = true},
    {.name = "params", .shape = OBJECT},
    {.name = "files", .shape = OBJECT, .each = &one_file},
    {.name = "omit", .shape = LIST, .each = &a_string},
    {.name = "timeout_ms", .shape = INTEGER},
    {.name = "fault", .shape = STRING | OBJECT},
    {.name = "expect", .shape = OBJECT, .members = client_expect_members, .required = true},
    {0}};

static const struct member call = {.shape = OBJECT, .members = call_members};

static const struct member a_client = {.shape = STRING, .words = "client"};

static const struct member client_members[] = {
    COMMON,
    {.name = "applies_to", .shape = LIST, .each = &a_client, .required = true,
     .filled = true},
    {.name = "calls", .shape = LIST, .each = &call, .required = true, .filled = true},
    {0}};
/* clang-format on */

static unsigned shape_of(const json_t *value)
{
    switch (json_typeof(value)) {
    case JSON_STRING:
        return STRING;
    case JSON_INTEGER:
        return INTEGER;
    case JSON_REAL:
        return REAL;
    case JSON_TRUE:
    case JSON_FALSE:
        return BOOLEAN;
    case JSON_OBJECT:
        return OBJECT;
    case JSON_ARRAY:
        return LIST;
    default:
        return NOTHING;
    }
}

static char *shape_names(unsigned shape)
{
    static const char *const names[] = {
        "a string",  "an integer", "a fraction", "true or false",
        "an object", "a list",     "null",
    };
    struct bytes text = {0};

    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        if (shape & (1U << i))
            bytes_format(&text, "%s%s", text.len ? " or " : "", names[i]);
    }
    return text.data;
}

static bool is_word(const char *word, const char *words)
{
    size_t len = strlen(word);

    for (;;) {
        size_t n = strcspn(words, " ");

        if (n == len && strncmp(words, word, len) == 0)
            return true;
        if (words[n] == '\0')
            return false;
        words += n + 1;
    }
}

/* What a value had to be; NULL when it is. The caller frees it. */
static char *wanted_instead(const json_t *value, const struct member *m)
{
    const char *text = json_string_value(value);
    bool is_empty = (json_is_object(value) && json_object_size(value) == 0) ||
                    (json_is_array(value) && json_array_size(value) == 0);

    if (m->shape != ANY && !(shape_of(value) & m->shape))
        return shape_names(m->shape);
    if (m->words && text && !is_word(text, m->words))
        return format("one of: %s", m->words);
    if (m->filled && is_empty)
        return format("something in it");
    if (m->length && json_array_size(value) != m->length)
        return format("%zu items", m->length);
    return NULL;
}

static char *check_shape(const json_t *value, const struct member *m,
                         const char *place)
{
    char *want = wanted_instead(value, m), *shown, *why;

    if (!want)
        return NULL;
    shown = match_show(value);
    why = format("%s is %s, expected %s", place, shown, want);
    free(shown);
    free(want);
    return why;
}

static char *check_sets(const json_t *value, const char *place)
{
    char *wrong = match_check(value);
    char *why = wrong ? format("%s: %s", place, wrong) : NULL;

    free(wrong);
    return why;
}

static char *known_names(const struct member *members)
{
    struct bytes names = {0};

    for (; members->name; members++)
        bytes_format(&names, "%s%s", names.len ? ", " : "", members->name);
    return names.data;
}

static char *check_value(const json_t *value, const struct member *m,
                         const char *place);

static char *check_member(const char *name, const json_t *value,
                          const struct member *members, const char *place)
{
    const struct member *m = members;
    char *names, *why;

    while (m->name && strcmp(m->name, name) != 0)
        m++;
    if (m->name)
        return check_value(value, m, place);
    names = known_names(members);
    why = format("unknown member %s, expected one of: %s", place, names);
    free(names);
    return why;
}

static char *check_object(const json_t *object, const struct member *kind,
                          const char *place)
{
    const char *dot = *place ? "." : "";
    const char *name;
    const json_t *value;
    char *why = NULL;

    json_object_foreach((json_t *)object, name, value)
    {
        char *at = format("%s%s%s", place, dot, name);

        if (kind->members)
            why = check_member(name, value, kind->members, at);
        else if (kind->each)
            why = check_value(value, kind->each, at);
        free(at);
        if (why)
            return why;
    }
    for (const struct member *m = kind->members; m && m->name; m++) {
        if (m->required && !json_object_get(object, m->name))
            return format("%s%s%s is missing", place, dot, m->name);
    }
    return NULL;
}

static char *check_list(const json_t *list, const struct member *each,
                        const char *place)
{
    const json_t *item;
    size_t i;
    char *why = NULL;

    json_array_foreach(list, i, item)
    {
        char *at = format("%s[%zu]", place, i);

        why = check_value(item, each, at);
        free(at);
        if (why)
            break;
    }
    return why;
}

/* The value, and all below it. */
static char *check_value(const json_t *value, const struct member *m,
                         const char *place)
{
    char *why = check_shape(value, m, place);

    if (!why && m->expects)
        why = check_sets(value, place);
    if (!why && json_is_object(value))
        why = check_object(value, m, place);
    if (!why && json_is_array(value) && m->each)
        why = check_list(value, m->each, place);
    return why;
}

static bool is_id(const char *text)
{
    for (const char *p = text; *p; p++) {
        if (!isalnum((unsigned char)*p) && !strchr("._-", *p))
            return false;
    }
    return *text != '\0' && *text != '.';
}

/* "4 digest": a section and a topic. */
static bool is_requirement(const char *text)
{
    const char *topic = strchr(text, ' ');

    return section_of(text) && topic && topic[1] != '\0';
}

static char *check_names(const json_t *c)
{
    const char *id = value_find_text(c, "id");
    const char *requirement = value_find_text(c, "requirement");

    if (!is_id(id))
        return format(
            "id is \"%s\", expected letters, digits, \".\", \"_\" and "
            "\"-\"",
            id);
    if (!is_requirement(requirement))
        return format("requirement is \"%s\", expected a section and a topic",
                      requirement);
    return NULL;
}

/* A word of the suite's, or, of a client, a feature or its lack. */
static bool is_need(const char *word, bool is_client)
{
    if (text_is(word, "admin") || text_is(word, "private"))
        return true;
    if (strncmp(word, "no-", 3) == 0)
        word += 3;
    return is_client && protocol_knows_feature(word);
}

static char *check_needs(const json_t *needs, bool is_client)
{
    const json_t *need;
    size_t i;

    json_array_foreach(needs, i, need)
    {
        const char *word = json_string_value(need);

        if (!is_need(word, is_client))
            return format("needs[%zu] is \"%s\", expected admin%s", i, word,
                          is_client ? ", private, a feature of the protocol, "
                                      "or \"no-\" and a feature"
                                    : " or private");
    }
    return NULL;
}

static bool is_form(const json_t *request)
{
    const char *encoding = value_find_text(request, "encoding");
    const char *endpoint = value_find_text(request, "endpoint");

    return encoding ? strcmp(encoding, "multipart") == 0
                    : strcmp(endpoint, "livegetfour") != 0;
}

/* The parameters of forms, which are parts. */
static char *check_parts(const json_t *steps)
{
    const json_t *item;
    size_t i;
    char *why = NULL;

    json_array_foreach(steps, i, item)
    {
        const json_t *request = json_object_get(item, "request");
        const json_t *params = json_object_get(request, "params");
        char *place = format("steps[%zu].request.params", i);

        if (params && is_form(request))
            why = check_value(params, &form_params, place);
        free(place);
        if (why)
            break;
    }
    return why;
}

char *case_check(const json_t *c)
{
    bool is_client = json_object_get(c, "calls") != NULL;
    const struct member kind = {
        .shape = OBJECT,
        .members = is_client ? client_members : service_members,
    };
    char *why = check_value(c, &kind, "");

    if (!why)
        why = check_names(c);
    if (!why)
        why = check_needs(json_object_get(c, "needs"), is_client);
    if (!why)
        why = check_parts(json_object_get(c, "steps"));
    return why;
}
