/*
 * An exchange must not pay for rules that are not about it, however many
 * there are. Which members a rule's match names is its shape, one of 16 for
 * each phase; rules lie in one hash table under their shape and the values
 * they ask for. An exchange looks once for each shape in use, and finds hardly
 * a rule but those that match. They are looked at one by one, since each
 * counts.
 *
 * The shapes in use are one atomic word, so without rules an exchange pays
 * one load; all the rest is under one lock, held for look-ups and counting.
 */
#include "fault_rules.h"

#include <errno.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <cjson/cJSON.h>
#include "clock.h"
#include "endpoints.h"
#include "fault_rule.h"
#include "files.h"
#include "json_strict.h"

enum { N_BUCKETS = 4096 }; /* a power of two */

/* Of a set of shapes, those that are asked early, or late. */
#define EARLY_SHAPES UINT32_C(0xffff0000)
#define LATE_SHAPES UINT32_C(0x0000ffff)

_Static_assert(N_SHAPES == 32, "a set of shapes is 32 bits");

struct bucket {
    struct rule *first;
    struct rule *last;
};

struct fault_rules {
    struct ids draws;
    atomic_uint_fast32_t shapes; /* bit N: there is a rule of shape N */
    pthread_mutex_t lock;        /* of all that follows */
    uint64_t last_id;
    struct rule **rules; /* ids rise */
    size_t n_rules;
    size_t cap;
    size_t n_of_shape[N_SHAPES];
    struct bucket buckets[N_BUCKETS];
};

/* the table; all of it under the lock */

static struct bucket *bucket_of(struct fault_rules *rules, uint64_t hash)
{
    return &rules->buckets[hash & (N_BUCKETS - 1)];
}

static void note_shape(struct fault_rules *rules, unsigned shape, int change)
{
    uint32_t bit = UINT32_C(1) << shape;

    rules->n_of_shape[shape] += (size_t)change;
    if (rules->n_of_shape[shape] > 0)
        atomic_fetch_or(&rules->shapes, bit);
    else
        atomic_fetch_and(&rules->shapes, ~bit);
}

static void link_rule(struct fault_rules *rules, struct rule *r)
{
    struct bucket *bucket = bucket_of(rules, r->hash);

    r->id = ++rules->last_id;
    rules->rules[rules->n_rules++] = r;
    if (bucket->last)
        bucket->last->next = r;
    else
        bucket->first = r;
    bucket->last = r;
    note_shape(rules, r->shape, 1);
}

static void unlink_rule(struct fault_rules *rules, size_t place)
{
    struct rule *r = rules->rules[place];
    struct bucket *bucket = bucket_of(rules, r->hash);
    struct rule *before = NULL;

    if (bucket->first != r) {
        for (before = bucket->first; before->next != r;)
            before = before->next;
        before->next = r->next;
    } else {
        bucket->first = r->next;
    }
    if (bucket->last == r)
        bucket->last = before;
    rules->n_rules--;
    memmove(&rules->rules[place], &rules->rules[place + 1],
            (rules->n_rules - place) * sizeof(struct rule *));
    note_shape(rules, r->shape, -1);
}

/* The place of the rule of that id; n_rules when there is none. */
static size_t find_rule(const struct fault_rules *rules, uint64_t id)
{
    size_t low = 0;
    size_t high = rules->n_rules;

    while (low < high) {
        size_t middle = low + (high - low) / 2;

        if (rules->rules[middle]->id < id)
            low = middle + 1;
        else
            high = middle;
    }
    if (low < rules->n_rules && rules->rules[low]->id == id)
        return low;
    return rules->n_rules;
}

/* Makes room for `n` more. */
static int reserve(struct json_strict *js, struct fault_rules *rules, size_t n)
{
    size_t cap = rules->cap ? rules->cap : 16;
    struct rule **bigger;

    if (n > FAULT_RULES_MAX - rules->n_rules)
        return json_strict_fail(js, NULL,
                                "%zu more than the %zu rules there are, "
                                "expected at most %d in all",
                                n, rules->n_rules, FAULT_RULES_MAX);
    if (rules->n_rules + n <= rules->cap)
        return 0;
    while (cap < rules->n_rules + n)
        cap *= 2;
    bigger = realloc(rules->rules, cap * sizeof(struct rule *));
    if (!bigger)
        return json_strict_fail_memory(js);
    rules->rules = bigger;
    rules->cap = cap;
    return 0;
}

/* Adds all of them, which then belong to the rules, or none. */
static int add_all(struct json_strict *js, struct fault_rules *rules,
                   struct rule **list, size_t n)
{
    int result;

    pthread_mutex_lock(&rules->lock);
    result = reserve(js, rules, n);
    for (size_t i = 0; result == 0 && i < n; i++)
        link_rule(rules, list[i]);
    pthread_mutex_unlock(&rules->lock);
    return result;
}

/* life cycle */

struct fault_rules *fault_rules_new(uint64_t seed)
{
    struct fault_rules *rules = calloc(1, sizeof(*rules));

    if (!rules)
        return NULL;
    ids_init(&rules->draws, seed);
    atomic_init(&rules->shapes, 0);
    pthread_mutex_init(&rules->lock, NULL);
    return rules;
}

void fault_rules_free(struct fault_rules *rules)
{
    if (!rules)
        return;
    fault_rules_reset(rules);
    pthread_mutex_destroy(&rules->lock);
    free(rules);
}

void fault_rules_reset(struct fault_rules *rules)
{
    struct rule **dropped;
    size_t n;

    pthread_mutex_lock(&rules->lock);
    dropped = rules->rules;
    n = rules->n_rules;
    rules->rules = NULL;
    rules->n_rules = 0;
    rules->cap = 0;
    memset(rules->n_of_shape, 0, sizeof(rules->n_of_shape));
    memset(rules->buckets, 0, sizeof(rules->buckets));
    atomic_store(&rules->shapes, 0);
    pthread_mutex_unlock(&rules->lock);

    for (size_t i = 0; i < n; i++)
        rule_free(dropped[i]);
    free(dropped);
}

/* adding */

uint64_t fault_rules_add(struct fault_rules *rules, const char *json,
                         size_t len, char **why)
{
    struct json_strict js;
    struct rule *r = NULL;
    cJSON *document;
    uint64_t id;

    json_strict_init(&js, NULL, why);
    document = json_strict_parse(&js, json, len);
    if (document)
        r = rule_parse(&js, document, false);
    if (!r)
        return 0;
    pthread_mutex_lock(&rules->lock);
    id = 0;
    if (reserve(&js, rules, 1) == 0) {
        link_rule(rules, r);
        id = r->id;
    }
    pthread_mutex_unlock(&rules->lock);
    if (id == 0)
        rule_free(r);
    return id;
}

static int read_list(struct json_strict *js, cJSON *list, struct rule **parsed,
                     size_t *n)
{
    *n = 0;
    while (list->child) {
        size_t mark = json_strict_enter(js, "faults[%zu]", *n);
        struct rule *r =
            rule_parse(js, cJSON_DetachItemViaPointer(list, list->child), true);

        if (!r)
            return -1;
        parsed[(*n)++] = r;
        json_strict_leave(js, mark);
    }
    return 0;
}

static int load_document(struct json_strict *js, struct fault_rules *rules,
                         cJSON *document)
{
    static const char *const names[] = {"faults", NULL};
    struct rule **parsed;
    cJSON *list;
    size_t n = 0;
    int result;

    if (json_strict_object(js, document, names,
                           "an object with the list faults") < 0)
        return -1;
    list = cJSON_GetObjectItemCaseSensitive(document, "faults");
    if (!cJSON_IsArray(list))
        return json_strict_fail_type(js, "faults", list, "a list of rules");
    parsed = calloc((size_t)cJSON_GetArraySize(list) + 1, sizeof(*parsed));
    if (!parsed)
        return json_strict_fail_memory(js);
    result = read_list(js, list, parsed, &n);
    if (result == 0)
        result = add_all(js, rules, parsed, n);
    for (size_t i = 0; result < 0 && i < n; i++)
        rule_free(parsed[i]);
    free(parsed);
    return result;
}

int fault_rules_parse(struct fault_rules *rules, const char *json, size_t len,
                      const char *name, char **why)
{
    struct json_strict js;
    cJSON *document;
    int result = -1;

    json_strict_init(&js, name, why);
    document = json_strict_parse(&js, json, len);
    if (document)
        result = load_document(&js, rules, document);
    cJSON_Delete(document);
    return result;
}

int fault_rules_load(struct fault_rules *rules, const char *path, char **why)
{
    struct json_strict js;
    size_t len;
    char *text;
    int result;

    if (files_read(path, JSON_STRICT_MAX_BYTES, &text, &len) < 0) {
        json_strict_init(&js, path, why);
        return json_strict_fail(&js, NULL, "cannot be read: %s",
                                strerror(errno));
    }
    result = fault_rules_parse(rules, text, len, path, why);
    free(text);
    return result;
}

size_t fault_rules_count(struct fault_rules *rules)
{
    size_t n;

    pthread_mutex_lock(&rules->lock);
    n = rules->n_rules;
    pthread_mutex_unlock(&rules->lock);
    return n;
}

bool fault_rules_remove(struct fault_rules *rules, uint64_t id)
{
    struct rule *r = NULL;
    size_t place;

    pthread_mutex_lock(&rules->lock);
    place = find_rule(rules, id);
    if (place < rules->n_rules) {
        r = rules->rules[place];
        unlink_rule(rules, place);
    }
    pthread_mutex_unlock(&rules->lock);
    rule_free(r);
    return r != NULL;
}

/* rendering */

/* A rule always has a fault, so there is a member between the braces. */
static void render_rule(const struct rule *r, struct strbuf *out)
{
    strbuf_addf(out, "{\"id\":%" PRIu64 ",", r->id);
    strbuf_add(out, r->given + 1, strlen(r->given) - 2);
    strbuf_addf(out, ",\"matched\":%" PRIu64 ",\"fired\":%" PRIu64 "}",
                r->matched, r->fired);
}

int fault_rules_render(struct fault_rules *rules, struct strbuf *out)
{
    strbuf_addstr(out, "{\"faults\":[");
    pthread_mutex_lock(&rules->lock);
    for (size_t i = 0; i < rules->n_rules; i++) {
        if (i > 0)
            strbuf_addch(out, ',');
        render_rule(rules->rules[i], out);
    }
    pthread_mutex_unlock(&rules->lock);
    strbuf_addstr(out, "]}");
    return out->failed ? -1 : 0;
}

int fault_rules_render_one(struct fault_rules *rules, uint64_t id,
                           struct strbuf *out)
{
    bool there;
    size_t place;

    pthread_mutex_lock(&rules->lock);
    place = find_rule(rules, id);
    there = place < rules->n_rules;
    if (there)
        render_rule(rules->rules[place], out);
    pthread_mutex_unlock(&rules->lock);
    if (!there)
        return 1;
    return out->failed ? -1 : 0;
}

/* asking */

/* A value longer than any rule's is as good as none. */
static void subject_add(struct subject *s, enum member member, const char *ptr,
                        size_t len)
{
    if (ptr && len > 0 && len <= RULE_MAX_TEXT)
        subject_set(s, member, ptr, len);
}

static void subject_add_param(struct subject *s, enum member member,
                              const struct param_value *value)
{
    if (value->form == PARAM_TEXT || value->form == PARAM_INTEGER)
        subject_add(s, member, value->text, value->text_len);
}

static void subject_read(struct subject *s, const struct exchange *x)
{
    const struct signature *sig = &x->signature;

    s->members = 0;
    if (x->endpoint)
        subject_add(s, MEMBER_ENDPOINT, x->endpoint->name,
                    strlen(x->endpoint->name));
    if (sig->a.ptr)
        subject_add(s, MEMBER_APPID, sig->a.ptr, sig->a.len);
    else
        subject_add_param(s, MEMBER_APPID, &x->body.values[PARAM_APPID]);
    subject_add(s, MEMBER_SECRET_ID, sig->k.ptr, sig->k.len);
    subject_add_param(s, MEMBER_SEQ, &x->body.values[PARAM_SEQ]);
}

/* The first rule from `r` on that is of this shape and matches. */
static struct rule *next_match(struct rule *r, const struct subject *s,
                               unsigned shape)
{
    while (r && (r->shape != shape || !rule_matches(r, s)))
        r = r->next;
    return r;
}

/* Sets the first match of each shape; returns how many there are. */
static size_t find_matches(struct fault_rules *rules, const struct subject *s,
                           uint32_t shapes, struct rule *first[N_SHAPES])
{
    size_t n = 0;

    for (unsigned shape = 0; shapes; shape++, shapes >>= 1) {
        unsigned members = shape & (SHAPE_EARLY - 1);
        struct rule *r;

        if (!(shapes & 1) || (s->members & members) != members)
            continue;
        r = next_match(bucket_of(rules, subject_hash(s, shape))->first, s,
                       shape);
        if (r)
            first[n++] = r;
    }
    return n;
}

/* Takes the match that was added first; the next of its shape follows. */
static struct rule *take_first(const struct subject *s, struct rule **first,
                               size_t *n)
{
    struct rule *taken;
    size_t best = 0;

    for (size_t i = 1; i < *n; i++) {
        if (first[i]->id < first[best]->id)
            best = i;
    }
    taken = first[best];
    first[best] = next_match(taken->next, s, taken->shape);
    if (!first[best])
        first[best] = first[--*n];
    return taken;
}

static double draw(const struct fault_rules *rules, const struct rule *r)
{
    /* The 53 bits that a double holds: 0 to just below 1. */
    return (double)(ids_random(&rules->draws, r->id, r->matched) >> 11) *
           0x1p-53;
}

static bool fires(const struct fault_rules *rules, struct rule *r)
{
    r->matched++;
    if (r->fired >= r->times || r->matched <= r->after ||
        (r->matched - r->after - 1) % r->every != 0)
        return false;
    if (r->probability < 1 && draw(rules, r) >= r->probability)
        return false;
    r->fired++;
    return true;
}

static uint64_t ask(struct fault_rules *rules, const struct subject *s,
                    uint32_t shapes, struct fault *fault)
{
    struct rule *first[N_SHAPES];
    size_t n = find_matches(rules, s, shapes, first);

    while (n > 0) {
        struct rule *r = take_first(s, first, &n);

        if (fires(rules, r)) {
            *fault = r->fault;
            return r->id;
        }
    }
    return 0;
}

uint64_t fault_rules_ask(struct fault_rules *rules, const struct exchange *x,
                         bool early, struct fault *fault)
{
    uint32_t shapes = (uint32_t)atomic_load(&rules->shapes) &
                      (early ? EARLY_SHAPES : LATE_SHAPES);
    struct subject subject;
    uint64_t id;

    if (!shapes)
        return 0;
    subject_read(&subject, x);
    pthread_mutex_lock(&rules->lock);
    id = ask(rules, &subject, shapes, fault);
    pthread_mutex_unlock(&rules->lock);
    return id;
}
