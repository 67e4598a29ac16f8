#include "fault_rule.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cjson/cJSON.h>
#include "endpoints.h"

/* values and their hashes */

static uint64_t hash_text(struct rule_text text)
{
    uint64_t hash = 0xcbf29ce484222325; /* FNV-1a, 64 bits */

    for (size_t i = 0; i < text.len; i++)
        hash = (hash ^ (unsigned char)text.ptr[i]) * 0x100000001b3;
    return hash ^ hash >> 32;
}

void subject_set(struct subject *s, enum member member, const char *ptr,
                 size_t len)
{
    s->texts[member] = (struct rule_text){ptr, len};
    s->hashes[member] = hash_text(s->texts[member]);
    s->members |= 1u << member;
}

uint64_t subject_hash(const struct subject *s, unsigned shape)
{
    uint64_t hash = shape;

    for (int member = 0; member < MEMBER__COUNT; member++) {
        if (shape & 1u << member)
            hash = (hash ^ s->hashes[member]) * 0x9e3779b97f4a7c15;
    }
    return hash ^ hash >> 32;
}

static bool same_text(struct rule_text a, struct rule_text b)
{
    return a.len == b.len && memcmp(a.ptr, b.ptr, a.len) == 0;
}

bool rule_matches(const struct rule *r, const struct subject *s)
{
    for (int member = 0; member < MEMBER__COUNT; member++) {
        if (r->shape & 1u << member &&
            !same_text(r->match.texts[member], s->texts[member]))
            return false;
    }
    return true;
}

/* a rule's document */

void rule_free(struct rule *r)
{
    if (!r)
        return;
    cJSON_Delete(r->document);
    cJSON_free(r->given);
    free(r);
}

static const cJSON *member_of(const cJSON *object, const char *name)
{
    return cJSON_GetObjectItemCaseSensitive(object, name);
}

static int check_endpoint(struct json_strict *js, const cJSON *item)
{
    char expected[256] = "";
    const struct endpoint *endpoint;
    size_t len = 0;

    for (size_t i = 0; (endpoint = endpoints_at(i)); i++) {
        if (!strcmp(endpoint->name, item->valuestring))
            return 0;
        if (len < sizeof(expected))
            len +=
                (size_t)snprintf(expected + len, sizeof(expected) - len, "%s%s",
                                 i > 0 ? ", " : "one of ", endpoint->name);
    }
    return json_strict_fail_type(js, "endpoint", item, expected);
}

static int read_match(struct json_strict *js, struct subject *match,
                      const cJSON *object)
{
    static const char *const names[] = {
        [MEMBER_ENDPOINT] = "endpoint",   [MEMBER_APPID] = "appid",
        [MEMBER_SECRET_ID] = "secret_id", [MEMBER_SEQ] = "seq",
        [MEMBER__COUNT] = NULL,
    };

    if (json_strict_object(js, object, names,
                           "an object of endpoint, appid, secret_id and seq") <
        0)
        return -1;
    for (int i = 0; i < MEMBER__COUNT; i++) {
        const cJSON *item = member_of(object, names[i]);
        size_t len;

        if (!item)
            continue;
        len = cJSON_IsString(item) ? strlen(item->valuestring) : 0;
        if (len == 0 || len > RULE_MAX_TEXT)
            return json_strict_fail_type(js, names[i], item,
                                         "a string of 1 to 1024 bytes");
        if (i == MEMBER_ENDPOINT && check_endpoint(js, item) < 0)
            return -1;
        subject_set(match, (enum member)i, item->valuestring, len);
    }
    return 0;
}

static int read_fault(struct json_strict *js, struct fault *fault,
                      const cJSON *item)
{
    char why[FAULT_WHY_CAP];

    if (!cJSON_IsString(item))
        return json_strict_fail_type(
            js, "fault", item, "a string, for example \"-5007\" or \"reset\"");
    if (fault_parse(fault, item->valuestring, strlen(item->valuestring), why,
                    sizeof(why)) < 0)
        return json_strict_fail(js, NULL, "%s", why);
    return 0;
}

static int read_members(struct json_strict *js, struct rule *r)
{
    static const char *const names[] = {
        "match", "fault", "times", "after", "every", "probability", NULL};
    const cJSON *doc = r->document;
    const cJSON *match;

    if (json_strict_object(js, doc, names,
                           "an object of match, fault, times, after, every "
                           "and probability") < 0)
        return -1;
    match = member_of(doc, "match");
    if (match) {
        size_t mark = json_strict_enter(js, "match");

        if (read_match(js, &r->match, match) < 0)
            return -1;
        json_strict_leave(js, mark);
    }
    if (read_fault(js, &r->fault, member_of(doc, "fault")) < 0 ||
        json_strict_integer(js, "times", member_of(doc, "times"), 1,
                            RULE_MAX_COUNT, &r->times) < 0 ||
        json_strict_integer(js, "after", member_of(doc, "after"), 0,
                            RULE_MAX_COUNT, &r->after) < 0 ||
        json_strict_integer(js, "every", member_of(doc, "every"), 1,
                            RULE_MAX_COUNT, &r->every) < 0 ||
        json_strict_number(js, "probability", member_of(doc, "probability"), 0,
                           1, &r->probability) < 0)
        return -1;
    return 0;
}

/* Does the rule have to act before the body is read? With a seq to wait for
 * it cannot. */
static bool is_early(const struct rule *r)
{
    return r->fault.transport == TRANSPORT_RESET_DURING_UPLOAD &&
           !(r->match.members & 1u << MEMBER_SEQ);
}

/* What a listing adds is no part of the rule. A name that is there twice stays
 * once, and is refused. */
static void drop_listed(cJSON *document)
{
    static const char *const names[] = {"id", "matched", "fired"};

    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
        cJSON_DeleteItemFromObjectCaseSensitive(document, names[i]);
}

struct rule *rule_parse(struct json_strict *js, cJSON *document, bool listed)
{
    struct rule *r = calloc(1, sizeof(*r));

    if (!r) {
        cJSON_Delete(document);
        json_strict_fail_memory(js);
        return NULL;
    }
    r->document = document;
    r->times = UINT64_MAX;
    r->every = 1;
    r->probability = 1;
    if (listed)
        drop_listed(document);
    if (read_members(js, r) < 0)
        goto fail;
    r->given = cJSON_PrintUnformatted(document);
    if (!r->given) {
        json_strict_fail_memory(js);
        goto fail;
    }
    r->shape = r->match.members | (is_early(r) ? SHAPE_EARLY : 0);
    r->hash = subject_hash(&r->match, r->shape);
    return r;

fail:
    rule_free(r);
    return NULL;
}
