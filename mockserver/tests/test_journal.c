#include "journal.h"

#include <errno.h>
#include <inttypes.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cjson/cJSON.h>
#include <criterion/criterion.h>
#include "endpoints.h"
#include "findings.h"

enum {
    NOW = 1500000000,
    ROOMY = 64 * 1024 * 1024, /* bytes no test reaches */
    OUT_MAX = 256 * 1024 * 1024,
};

/* building blocks */

static struct journal *new_journal(size_t max_entries, size_t max_bytes)
{
    struct journal *j = journal_new(max_entries, max_bytes);

    cr_assert(j != NULL);
    return j;
}

static struct signature_field signed_as(const char *text)
{
    return (struct signature_field){text, strlen(text)};
}

/* An answered call of livedetectpicture that nothing was wrong with. */
static struct exchange *new_exchange(void)
{
    struct exchange *x = exchange_new();

    cr_assert(x != NULL);
    x->request.method = "POST";
    x->request.version = "HTTP/1.1";
    x->request.target = "/face/livedetectpicture";
    x->request.client = "127.0.0.1:50000";
    x->endpoint = &endpoint_livedetectpicture;
    x->time_us = (int64_t)NOW * 1000000;
    x->signature.original = "the signed text";
    x->signature.k = signed_as("AKIDone");
    x->reply.http_status = 200;
    return x;
}

static void add_field(struct exchange *x, const char *name, const char *value,
                      size_t value_len)
{
    struct field *field = arena_calloc(&x->arena, sizeof(*field));
    struct field **link = &x->request.fields;

    cr_assert(field != NULL);
    field->name = name;
    field->name_len = strlen(name);
    field->value = value;
    field->value_len = value_len;
    while (*link)
        link = &(*link)->next;
    *link = field;
}

static struct part *add_part(struct exchange *x, const char *name)
{
    struct part *part = arena_calloc(&x->arena, sizeof(*part));

    cr_assert(part != NULL);
    part->header.name = name;
    part->header.name_len = strlen(name);
    part->is_complete = true;
    if (x->body.last)
        x->body.last->next = part;
    else
        x->body.first = part;
    x->body.last = part;
    return part;
}

static void add_finding(struct exchange *x, enum finding finding,
                        const char *seen)
{
    struct finding_note *note = arena_calloc(&x->arena, sizeof(*note));

    cr_assert(note != NULL);
    note->finding = finding;
    note->seen = seen;
    note->next = x->findings;
    x->findings = note;
}

/* Records the exchange, frees it, and returns the id it got. */
static uint64_t append(struct journal *j, struct exchange *x)
{
    uint64_t id;

    journal_append(j, x);
    id = x->id;
    exchange_free(x);
    return id;
}

/* Records one that was served `code`. */
static uint64_t append_code(struct journal *j, int code)
{
    struct exchange *x = new_exchange();

    x->natural.code = x->decision.code = code;
    return append(j, x);
}

static uint64_t append_signed(struct journal *j, const char *secret_id)
{
    struct exchange *x = new_exchange();

    x->signature.k = signed_as(secret_id);
    return append(j, x);
}

static void append_many(struct journal *j, size_t n)
{
    for (size_t i = 0; i < n; i++)
        append_code(j, 0);
}

/* An answer of journal_render(), read back. */
struct page {
    cJSON *json;
    size_t n;
    uint64_t next;
    uint64_t evicted;
};

static cJSON *parse(const char *text, size_t len)
{
    const char *end = NULL;
    cJSON *json;

    cr_assert_eq(strlen(text), len, "there is a NUL in the JSON");
    json = cJSON_ParseWithLengthOpts(text, len, &end, false);
    cr_assert(json != NULL, "not JSON: %.2000s", text);
    cr_assert_eq(end, text + len, "more than one JSON value");
    return json;
}

static cJSON *member(const cJSON *object, const char *name)
{
    cJSON *item = cJSON_GetObjectItemCaseSensitive(object, name);

    cr_assert(item != NULL, "there is no %s", name);
    return item;
}

static struct page get(struct journal *j, struct journal_filter filter)
{
    struct strbuf out;
    struct page page;

    strbuf_init(&out, OUT_MAX);
    cr_assert_eq(journal_render(j, &filter, &out, &page.n), 0);
    page.json = parse(out.buf, out.len);
    page.next = (uint64_t)member(page.json, "next")->valuedouble;
    page.evicted = (uint64_t)member(page.json, "evicted")->valuedouble;
    cr_assert_eq((size_t)cJSON_GetArraySize(member(page.json, "requests")),
                 page.n);
    strbuf_release(&out);
    return page;
}

static uint64_t id_of(const struct page *page, size_t i)
{
    cJSON *requests = member(page->json, "requests");

    return (uint64_t)member(cJSON_GetArrayItem(requests, (int)i), "id")
        ->valuedouble;
}

/* Expects the ids from `first` to `last` and nothing else; none when `first`
 * is greater. */
static void expect_ids(const struct page *page, uint64_t first, uint64_t last)
{
    cr_assert_eq(page->n, (size_t)(last + 1 - first),
                 "%zu entries, expected %" PRIu64 " to %" PRIu64, page->n,
                 first, last);
    for (size_t i = 0; i < page->n; i++)
        cr_assert_eq(id_of(page, i), first + i);
}

static void expect_get(struct journal *j, struct journal_filter filter,
                       uint64_t first, uint64_t last)
{
    struct page page = get(j, filter);

    expect_ids(&page, first, last);
    cJSON_Delete(page.json);
}

static size_t count(struct journal *j, struct journal_filter filter)
{
    struct page page = get(j, filter);

    cJSON_Delete(page.json);
    return page.n;
}

/* The JSON of this one exchange, which is freed. The caller deletes. */
static cJSON *entry_of(struct exchange *x)
{
    struct journal *j = new_journal(1, ROOMY);
    uint64_t id = append(j, x);
    struct strbuf out;
    cJSON *json;

    strbuf_init(&out, OUT_MAX);
    cr_assert_eq(journal_render_one(j, id, &out), 0);
    json = parse(out.buf, out.len);
    strbuf_release(&out);
    journal_free(j);
    return json;
}

static void expect_json(const cJSON *object, const char *name,
                        const char *expected)
{
    char *text = cJSON_PrintUnformatted(member(object, name));

    cr_expect_str_eq(text, expected, "%s is %s, expected %s", name, text,
                     expected);
    cJSON_free(text);
}

static void expect_entry(struct exchange *x, const char *name,
                         const char *expected)
{
    cJSON *json = entry_of(x);

    expect_json(json, name, expected);
    cJSON_Delete(json);
}

/* bounds */

Test(journal, ids_count_from_one_and_are_set_in_the_exchange, .timeout = 10)
{
    struct journal *j = new_journal(10, ROOMY);

    cr_expect_eq(append_code(j, 0), 1);
    cr_expect_eq(append_code(j, 0), 2);
    cr_expect_eq(append_code(j, 0), 3);
    journal_free(j);
}

Test(journal, an_empty_journal_renders_no_requests, .timeout = 10)
{
    struct journal *j = new_journal(10, ROOMY);
    struct page page = get(j, (struct journal_filter){0});

    cr_expect_eq(page.n, 0);
    cr_expect_eq(page.next, 0);
    cr_expect_eq(page.evicted, 0);
    cJSON_Delete(page.json);
    journal_free(j);
}

Test(journal, over_max_entries_the_oldest_go_and_are_counted, .timeout = 10)
{
    struct journal *j = new_journal(3, ROOMY);
    struct journal_stats stats;
    struct page page;

    append_many(j, 5);
    page = get(j, (struct journal_filter){0});
    expect_ids(&page, 3, 5);
    cr_expect_eq(page.evicted, 2);
    cJSON_Delete(page.json);
    stats = journal_stats(j);
    cr_expect_eq(stats.recorded, 5);
    cr_expect_eq(stats.evicted, 2);
    cr_expect_eq(stats.entries, 3);
    journal_free(j);
}

Test(journal, over_max_bytes_the_oldest_go_and_are_counted, .timeout = 10)
{
    enum { MAX = 20 * 1024, N = 200 };
    struct journal *j = new_journal(10000, MAX);
    struct journal_stats stats;

    for (int i = 0; i < N; i++) {
        append_many(j, 1);
        cr_assert(journal_stats(j).bytes <= MAX);
    }
    stats = journal_stats(j);
    cr_expect_gt(stats.entries, 5, "only %zu entries", stats.entries);
    cr_expect_lt(stats.entries, N);
    cr_expect_eq(stats.evicted, N - stats.entries);
    expect_get(j, (struct journal_filter){0}, N + 1 - stats.entries, N);
    journal_free(j);
}

Test(journal, a_large_entry_sends_as_many_small_ones_away_as_it_needs,
     .timeout = 10)
{
    static char value[8000];
    struct journal *j = new_journal(10000, 16 * 1024);
    struct exchange *x = new_exchange();
    size_t before;

    memset(value, 'v', sizeof(value));
    append_many(j, 100);
    before = journal_stats(j).entries;
    add_field(x, "X-Large", value, sizeof(value));
    append(j, x);
    cr_expect_lt(journal_stats(j).entries, before - 2);
    cr_expect_leq(journal_stats(j).bytes, 16 * 1024);
    journal_free(j);
}

Test(journal, with_no_entries_allowed_all_count_as_evicted, .timeout = 10)
{
    struct journal *j = new_journal(0, ROOMY);
    struct journal_stats stats;

    append_many(j, 3);
    stats = journal_stats(j);
    cr_expect_eq(stats.recorded, 3);
    cr_expect_eq(stats.evicted, 3);
    cr_expect_eq(stats.entries, 0);
    cr_expect_eq(count(j, (struct journal_filter){0}), 0);
    journal_free(j);
}

Test(journal, with_too_few_bytes_for_any_all_count_as_evicted, .timeout = 10)
{
    struct journal *j = new_journal(10, 100);

    append_many(j, 3);
    cr_expect_eq(journal_stats(j).evicted, 3);
    cr_expect_eq(journal_stats(j).entries, 0);
    cr_expect_eq(journal_stats(j).bytes, 0);
    journal_free(j);
}

Test(journal, order_survives_growing_and_wrapping, .timeout = 10)
{
    struct journal *j = new_journal(300, ROOMY);
    uint64_t last = 0;

    for (int i = 0; i < 1000; i++) {
        last = append_code(j, 0);
        if (i % 50 == 0)
            expect_get(j, (struct journal_filter){0},
                       last > 300 ? last - 299 : 1, last);
    }
    expect_get(j, (struct journal_filter){0}, 701, 1000);
    journal_free(j);
}

Test(journal, order_survives_growing_after_evictions, .timeout = 10)
{
    static char value[8192];
    struct journal *j = new_journal(1000, 100 * 1024);
    struct exchange *x;

    /* Few large ones wrap the first, small ring; small ones then grow it. */
    memset(value, 'v', sizeof(value));
    for (int i = 0; i < 100; i++) {
        x = new_exchange();
        add_field(x, "X-Large", value, sizeof(value));
        append(j, x);
    }
    append_many(j, 90);
    cr_assert_gt(journal_stats(j).entries, 64);
    expect_get(j, (struct journal_filter){0}, 191 - journal_stats(j).entries,
               190);
    journal_free(j);
}

Test(journal, reset_drops_all_but_ids_and_the_total_go_on, .timeout = 10)
{
    struct journal *j = new_journal(3, ROOMY);
    struct journal_stats stats;

    append_many(j, 5);
    journal_reset(j);
    stats = journal_stats(j);
    cr_expect_eq(stats.recorded, 5);
    cr_expect_eq(stats.evicted, 0);
    cr_expect_eq(stats.entries, 0);
    cr_expect_eq(stats.bytes, 0);
    cr_expect_eq(append_code(j, 0), 6);
    expect_get(j, (struct journal_filter){0}, 6, 6);
    journal_free(j);
}

/* since and limit */

Test(journal, without_since_the_newest_are_kept, .timeout = 10)
{
    struct journal *j = new_journal(100, ROOMY);
    struct page page;

    append_many(j, 10);
    page = get(j, (struct journal_filter){.limit = 3});
    expect_ids(&page, 8, 10);
    cr_expect_eq(page.next, 10);
    cJSON_Delete(page.json);
    journal_free(j);
}

Test(journal, with_since_the_first_after_it_are_kept, .timeout = 10)
{
    struct journal *j = new_journal(100, ROOMY);
    struct page page;

    append_many(j, 10);
    page = get(
        j, (struct journal_filter){.has_since = true, .since = 4, .limit = 3});
    expect_ids(&page, 5, 7);
    cr_expect_eq(page.next, 7);
    cJSON_Delete(page.json);
    page = get(j, (struct journal_filter){.has_since = true, .limit = 3});
    expect_ids(&page, 1, 3);
    cJSON_Delete(page.json);
    journal_free(j);
}

Test(journal, next_goes_past_what_did_not_match, .timeout = 10)
{
    struct journal *j = new_journal(100, ROOMY);
    struct journal_filter filter = {.has_since = true, .has_code = true};
    struct page page;

    append_code(j, 9);
    append_code(j, 5);
    append_code(j, 5);
    filter.code = 9;
    page = get(j, filter);
    expect_ids(&page, 1, 1);
    cr_expect_eq(page.next, 3);
    cJSON_Delete(page.json);
    journal_free(j);
}

Test(journal, next_never_goes_back_behind_since, .timeout = 10)
{
    struct journal *j = new_journal(100, ROOMY);
    struct page page;

    append_many(j, 3);
    page = get(j, (struct journal_filter){.has_since = true, .since = 7});
    cr_expect_eq(page.n, 0);
    cr_expect_eq(page.next, 7);
    cJSON_Delete(page.json);
    journal_free(j);
}

Test(journal, since_before_the_oldest_gives_what_is_left, .timeout = 10)
{
    struct journal *j = new_journal(4, ROOMY);

    append_many(j, 10);
    expect_get(j, (struct journal_filter){.has_since = true, .since = 2}, 7,
               10);
    journal_free(j);
}

Test(journal, no_limit_and_too_large_a_limit_mean_the_largest, .timeout = 10)
{
    const size_t n = JOURNAL_MAX_LIMIT + 5;
    struct journal *j = new_journal(n, ROOMY);

    append_many(j, n);
    expect_get(j, (struct journal_filter){0}, 6, n);
    expect_get(j, (struct journal_filter){.limit = n}, 6, n);
    expect_get(j, (struct journal_filter){.has_since = true}, 1,
               JOURNAL_MAX_LIMIT);
    journal_free(j);
}

/* Appends from another thread for as long as the test pages. */
struct appender {
    struct journal *journal;
    size_t n;
    uint64_t *ids; /* what it got, or NULL */
};

static void *run_appender(void *arg)
{
    struct appender *a = arg;

    for (size_t i = 0; i < a->n; i++) {
        uint64_t id = append_code(a->journal, 0);

        if (a->ids)
            a->ids[i] = id;
    }
    return NULL;
}

Test(journal, paging_meets_each_entry_once_while_new_ones_come, .timeout = 30)
{
    enum { N = 20000 };
    struct journal *j = new_journal(N, (size_t)ROOMY);
    struct journal_filter filter = {.has_since = true, .limit = 100};
    struct appender appender = {j, N, NULL};
    uint64_t met = 0;
    pthread_t thread;

    cr_assert_eq(pthread_create(&thread, NULL, run_appender, &appender), 0);
    while (met < N) {
        struct page page = get(j, filter);

        for (size_t i = 0; i < page.n; i++)
            cr_assert_eq(id_of(&page, i), ++met);
        cr_assert_eq(page.next, met);
        filter.since = page.next;
        cJSON_Delete(page.json);
    }
    pthread_join(thread, NULL);
    cr_expect_eq(count(j, filter), 0);
    journal_free(j);
}

/* filters */

Test(journal, a_secret_id_is_matched_whole, .timeout = 10)
{
    struct journal *j = new_journal(100, ROOMY);
    struct exchange *x = new_exchange();

    append_signed(j, "AKIDone");
    append_signed(j, "AKIDtwo");
    append_signed(j, "AKIDon");
    append_signed(j, "AKIDones");
    x->signature.k = (struct signature_field){0};
    append(j, x);
    expect_get(j, (struct journal_filter){.secret_id = "AKIDtwo"}, 2, 2);
    expect_get(j, (struct journal_filter){.secret_id = "AKIDone"}, 1, 1);
    cr_expect_eq(count(j, (struct journal_filter){.secret_id = "AKID"}), 0);
    journal_free(j);
}

Test(journal, an_endpoint_is_matched_by_name_and_none_by_a_dash, .timeout = 10)
{
    struct journal *j = new_journal(100, ROOMY);
    struct exchange *x = new_exchange();

    append_code(j, 0);
    x->endpoint = NULL;
    append(j, x);
    x = new_exchange();
    x->endpoint = &endpoint_livedetectfour;
    append(j, x);
    expect_get(j, (struct journal_filter){.endpoint = "livedetectpicture"}, 1,
               1);
    expect_get(j, (struct journal_filter){.endpoint = "-"}, 2, 2);
    expect_get(j, (struct journal_filter){.endpoint = "livedetectfour"}, 3, 3);
    cr_expect_eq(count(j, (struct journal_filter){.endpoint = "livedetect"}),
                 0);
    journal_free(j);
}

Test(journal, a_code_is_matched_whatever_field_carried_it, .timeout = 10)
{
    struct journal *j = new_journal(100, ROOMY);
    struct exchange *x = new_exchange();

    append_code(j, 9);
    x->endpoint = &endpoint_livedetectfour;
    x->decision.code = -5007;
    x->decision.place = PLACE_LIVE_STATUS;
    append(j, x);
    append_code(j, 0);
    expect_get(j, (struct journal_filter){.has_code = true, .code = 9}, 1, 1);
    expect_get(j, (struct journal_filter){.has_code = true, .code = -5007}, 2,
               2);
    expect_get(j, (struct journal_filter){.has_code = true, .code = 0}, 3, 3);
    journal_free(j);
}

Test(journal, what_carried_no_code_matches_no_code, .timeout = 10)
{
    static const enum fault_transport without[] = {
        TRANSPORT_RESET,
        TRANSPORT_EMPTY_RESPONSE,
        TRANSPORT_HTML_502,
        TRANSPORT_RANDOM_THEN_CLOSE,
        TRANSPORT_EMPTY_BODY,
        TRANSPORT_HANG,
        TRANSPORT_RESET_DURING_UPLOAD,
    };
    struct journal *j = new_journal(100, ROOMY);
    struct exchange *x;

    for (size_t i = 0; i < sizeof(without) / sizeof(without[0]); i++) {
        x = new_exchange();
        x->decision.transport = without[i];
        append(j, x);
    }
    x = new_exchange();
    x->cut_short = true;
    append(j, x);
    cr_expect_eq(count(j, (struct journal_filter){.has_code = true}), 0);
    x = new_exchange();
    x->decision.transport = TRANSPORT_DRIBBLE;
    append(j, x);
    cr_expect_eq(count(j, (struct journal_filter){.has_code = true}), 1);
    journal_free(j);
}

Test(journal, filters_must_all_match, .timeout = 10)
{
    struct journal *j = new_journal(100, ROOMY);
    struct journal_filter filter = {
        .secret_id = "AKIDone",
        .endpoint = "livedetectpicture",
        .has_code = true,
        .code = 9,
    };

    append_code(j, 9);
    cr_expect_eq(count(j, filter), 1);
    filter.code = 5;
    cr_expect_eq(count(j, filter), 0);
    filter.code = 9;
    filter.endpoint = "-";
    cr_expect_eq(count(j, filter), 0);
    filter.endpoint = NULL;
    filter.secret_id = "AKIDtwo";
    cr_expect_eq(count(j, filter), 0);
    journal_free(j);
}

/* Long enough that a search lets others in on its way. */
Test(journal, few_matches_among_many_are_all_found, .timeout = 10)
{
    struct journal *j = new_journal(5000, ROOMY);
    struct journal_filter filter = {.has_code = true, .code = 9};
    struct page page;

    for (int i = 1; i <= 4000; i++)
        append_code(j, i % 1000 == 1 ? 9 : 0);
    for (int has_since = 0; has_since <= 1; has_since++) {
        filter.has_since = has_since;
        page = get(j, filter);
        cr_assert_eq(page.n, 4);
        for (size_t i = 0; i < 4; i++)
            cr_expect_eq(id_of(&page, i), i * 1000 + 1);
        cr_expect_eq(page.next, 4000);
        cJSON_Delete(page.json);
    }
    filter.has_since = false;
    filter.limit = 2;
    page = get(j, filter);
    cr_assert_eq(page.n, 2);
    cr_expect_eq(id_of(&page, 0), 2001);
    cr_expect_eq(id_of(&page, 1), 3001);
    cJSON_Delete(page.json);
    journal_free(j);
}

/* waiters */

struct watcher {
    struct journal_waiter waiter;
    int n_woken;
};

static void on_wake(struct journal_waiter *waiter)
{
    ((struct watcher *)waiter)->n_woken++;
}

/* Waits for code 9. */
static void watch(struct watcher *w, struct journal *j, uint64_t since)
{
    *w = (struct watcher){
        .waiter.filter = {.has_since = true,
                          .since = since,
                          .has_code = true,
                          .code = 9},
        .waiter.wake = on_wake,
    };
    journal_wait(j, &w->waiter);
}

Test(journal, a_waiter_is_woken_at_once_when_a_match_is_there, .timeout = 10)
{
    struct journal *j = new_journal(2000, ROOMY);
    struct watcher w;

    append_code(j, 9);
    append_many(j, 1500);
    watch(&w, j, 0);
    cr_expect_eq(w.n_woken, 1);
    journal_unwait(j, &w.waiter);
    journal_free(j);
}

Test(journal, a_waiter_is_not_woken_by_a_match_before_since, .timeout = 10)
{
    struct journal *j = new_journal(100, ROOMY);
    struct watcher w;

    append_code(j, 9);
    watch(&w, j, 1);
    cr_expect_eq(w.n_woken, 0);
    append_code(j, 9);
    cr_expect_eq(w.n_woken, 1);
    journal_unwait(j, &w.waiter);
    journal_free(j);
}

Test(journal, a_waiter_is_woken_by_the_first_match_only, .timeout = 10)
{
    struct journal *j = new_journal(100, ROOMY);
    struct watcher w;

    watch(&w, j, 0);
    cr_expect_eq(w.n_woken, 0);
    append_code(j, 5);
    cr_expect_eq(w.n_woken, 0, "woken by what does not match");
    append_code(j, 9);
    cr_expect_eq(w.n_woken, 1);
    append_code(j, 9);
    cr_expect_eq(w.n_woken, 1, "woken twice");
    journal_unwait(j, &w.waiter);
    journal_free(j);
}

Test(journal, one_entry_wakes_every_waiter_that_it_matches, .timeout = 10)
{
    struct journal *j = new_journal(100, ROOMY);
    struct watcher w[3];

    watch(&w[0], j, 0);
    watch(&w[1], j, 0);
    watch(&w[2], j, 7);
    append_code(j, 9);
    cr_expect_eq(w[0].n_woken, 1);
    cr_expect_eq(w[1].n_woken, 1);
    cr_expect_eq(w[2].n_woken, 0);
    for (int i = 0; i < 3; i++)
        journal_unwait(j, &w[i].waiter);
    journal_free(j);
}

Test(journal, a_waiter_taken_out_is_not_woken, .timeout = 10)
{
    struct journal *j = new_journal(100, ROOMY);
    struct watcher w[3];

    for (int i = 0; i < 3; i++)
        watch(&w[i], j, 0);
    journal_unwait(j, &w[1].waiter);
    append_code(j, 9);
    cr_expect_eq(w[0].n_woken, 1);
    cr_expect_eq(w[1].n_woken, 0);
    cr_expect_eq(w[2].n_woken, 1);
    journal_unwait(j, &w[0].waiter);
    journal_unwait(j, &w[2].waiter);
    journal_free(j);
}

Test(journal, a_reset_does_not_wake_and_keeps_waiters, .timeout = 10)
{
    struct journal *j = new_journal(100, ROOMY);
    struct watcher w;

    watch(&w, j, 0);
    journal_reset(j);
    cr_expect_eq(w.n_woken, 0);
    append_code(j, 9);
    cr_expect_eq(w.n_woken, 1);
    journal_unwait(j, &w.waiter);
    journal_free(j);
}

/* threads */

enum { N_THREADS = 8, N_EACH = 2000 };

static void append_from_threads(struct journal *j, uint64_t *ids)
{
    struct appender appenders[N_THREADS];
    pthread_t threads[N_THREADS];

    for (size_t i = 0; i < N_THREADS; i++) {
        appenders[i] =
            (struct appender){j, N_EACH, ids ? ids + i * N_EACH : NULL};
        cr_assert_eq(
            pthread_create(&threads[i], NULL, run_appender, &appenders[i]), 0);
    }
    for (size_t i = 0; i < N_THREADS; i++)
        pthread_join(threads[i], NULL);
}

Test(journal, appends_from_many_threads_count_exactly, .timeout = 30)
{
    static uint64_t ids[N_THREADS * N_EACH];
    static bool seen[N_THREADS * N_EACH + 1];
    struct journal *j = new_journal(1000, ROOMY);
    struct journal_stats stats;

    append_from_threads(j, ids);
    for (size_t i = 0; i < N_THREADS * N_EACH; i++) {
        cr_assert(ids[i] >= 1 && ids[i] <= N_THREADS * N_EACH);
        cr_assert(!seen[ids[i]], "%" PRIu64 " twice", ids[i]);
        seen[ids[i]] = true;
    }
    stats = journal_stats(j);
    cr_expect_eq(stats.recorded, N_THREADS * N_EACH);
    cr_expect_eq(stats.entries, 1000);
    cr_expect_eq(stats.evicted, N_THREADS * N_EACH - 1000);
    expect_get(j, (struct journal_filter){0}, N_THREADS * N_EACH - 999,
               N_THREADS * N_EACH);
    journal_free(j);
}

/* Under a sanitizer this finds an entry freed while it is read. */
Test(journal, what_is_being_rendered_is_not_freed, .timeout = 30)
{
    struct journal *j = new_journal(20, ROOMY);
    struct appender appender = {j, 20000, NULL};
    uint64_t last = 0;
    pthread_t thread;

    cr_assert_eq(pthread_create(&thread, NULL, run_appender, &appender), 0);
    while (last < appender.n) {
        struct page page = get(j, (struct journal_filter){0});

        for (size_t i = 1; i < page.n; i++)
            cr_assert_eq(id_of(&page, i), id_of(&page, i - 1) + 1);
        cr_assert(page.next >= last);
        last = page.next;
        cJSON_Delete(page.json);
        if (last % 3 == 0 && last < appender.n)
            journal_reset(j);
    }
    pthread_join(thread, NULL);
    journal_free(j);
}

/* one entry */

Test(journal, one_entry_is_found_by_its_id, .timeout = 10)
{
    struct journal *j = new_journal(3, ROOMY);
    struct strbuf out;

    append_many(j, 5);
    strbuf_init(&out, OUT_MAX);
    cr_expect_eq(journal_render_one(j, 4, &out), 0);
    cr_expect_eq(strncmp(out.buf, "{\"id\":4,", 8), 0);
    strbuf_release(&out);
    journal_free(j);
}

Test(journal, an_entry_that_is_not_there_is_told, .timeout = 10)
{
    static const uint64_t ids[] = {0, 2, 6, UINT64_MAX};
    struct journal *j = new_journal(3, ROOMY);
    struct strbuf out;

    append_many(j, 5);
    strbuf_init(&out, OUT_MAX);
    for (size_t i = 0; i < sizeof(ids) / sizeof(ids[0]); i++)
        cr_expect_eq(journal_render_one(j, ids[i], &out), 1, "%" PRIu64,
                     ids[i]);
    cr_expect_eq(out.len, 0);
    strbuf_release(&out);
    journal_free(j);
}

Test(journal, a_buffer_that_refuses_is_told, .timeout = 10)
{
    struct journal *j = new_journal(3, ROOMY);
    struct journal_filter filter = {0};
    struct strbuf out;
    size_t n;

    append_many(j, 3);
    strbuf_init(&out, 100);
    cr_expect_eq(journal_render_one(j, 1, &out), -1);
    strbuf_reset(&out);
    cr_expect_eq(journal_render(j, &filter, &out, &n), -1);
    strbuf_release(&out);
    journal_free(j);
}

/* what an entry tells */

static struct exchange *full_exchange(void)
{
    struct exchange *x = new_exchange();
    struct signature *sig = &x->signature;
    struct part *part;

    x->endpoint = &endpoint_livedetectfour;
    x->request.target = "/face/livedetectfour?x=1";
    x->time_us = (int64_t)NOW * 1000000 + 123987;
    x->duration_us = 4567;
    add_field(x, "Host", "localhost", 9);
    add_field(x, "Authorization", "c2ln", 4);
    x->body.received = 4711;
    x->body.values[PARAM_APPID].form = PARAM_TEXT;
    x->body.values[PARAM_APPID].text = "1000001";
    x->body.values[PARAM_APPID].text_len = 7;

    part = add_part(x, "appid");
    part->file.size = 7;
    part = add_part(x, "video");
    part->header.filename = "a.gif";
    part->header.filename_len = 5;
    part->header.type = "image/gif";
    part->header.type_len = 9;
    part->file.size = 10;
    part->file.head = (const unsigned char *)"GIF89a....";
    part->file.head_len = 10;
    part->file.has_sha256 = true;
    for (int i = 0; i < SHA256_LEN; i++)
        part->file.sha256[i] = (unsigned char)(i * 8 + 7);
    part->is_complete = false;
    part->repeated = true;

    sig->code = ERR_SIGNATURE_EXPIRED;
    sig->why = "e is long ago";
    sig->a = signed_as("1000002");
    sig->b = signed_as("");
    sig->e = signed_as("1");
    sig->t = signed_as("0");
    sig->r = signed_as("2");
    sig->u = signed_as("3");
    sig->f = signed_as("4");
    x->failed = ERR_SIGNATURE_EXPIRED;
    x->why = sig->why;
    x->natural.code = ERR_SIGNATURE_EXPIRED;
    x->fault_source = FAULT_FROM_RULE;
    x->fault_rule = 3;
    x->fault = (struct fault){.has_code = true, .code = -5007, .delay_ms = 20};
    x->decision = (struct decision){
        .code = -5007, .place = PLACE_LIVE_STATUS, .delay_ms = 20};
    add_finding(x, FINDING_SIGNATURE_EXPIRED, "e is long ago");
    add_finding(x, FINDING_HOST_UNKNOWN, "localhost");
    return x;
}

Test(journal, an_entry_tells_all_of_an_exchange, .timeout = 10)
{
    static const char expected[] =
        "{\"id\":1,\"time\":1500000000.123,"
        "\"time_iso\":\"2017-07-14T02:40:00.123Z\",\"duration_ms\":4.567,"
        "\"endpoint\":\"livedetectfour\",\"client\":\"127.0.0.1:50000\","
        "\"method\":\"POST\",\"target\":\"/face/livedetectfour?x=1\","
        "\"http_version\":\"HTTP/1.1\","
        "\"headers\":[{\"name\":\"Host\",\"value\":\"localhost\"},"
        "{\"name\":\"Authorization\",\"value\":\"c2ln\"}],"
        "\"body_size\":4711,"
        "\"parts\":[{\"name\":\"appid\",\"type\":null,\"size\":7,"
        "\"sha256\":null,\"sniffed\":null,\"complete\":true,"
        "\"repeated\":false},"
        "{\"name\":\"video\",\"filename\":\"a.gif\",\"type\":\"image/gif\","
        "\"size\":10,\"sha256\":\"070f171f272f373f474f575f676f777f"
        "878f979fa7afb7bfc7cfd7dfe7eff7ff\",\"sniffed\":\"image/gif\","
        "\"complete\":false,\"repeated\":true}],"
        "\"signature\":{\"code\":9,\"why\":\"e is long ago\","
        "\"a\":\"1000002\",\"b\":\"\",\"k\":\"AKIDone\",\"e\":\"1\","
        "\"t\":\"0\",\"r\":\"2\",\"u\":\"3\",\"f\":\"4\","
        "\"single_use\":false},"
        "\"secret_id\":\"AKIDone\",\"appid\":\"1000001\","
        "\"natural\":{\"code\":9,\"place\":\"code\","
        "\"message\":\"signature expired\",\"why\":\"e is long ago\"},"
        "\"served\":{\"code\":-5007,\"place\":\"live_status\","
        "\"http_status\":200,\"transport\":null,\"delay_ms\":20},"
        "\"fault\":{\"source\":\"rule\",\"spec\":\"-5007,delay=20\","
        "\"rule\":3,\"problem\":null},"
        "\"findings\":[{\"id\":\"signature.expired\",\"level\":\"should\","
        "\"seen\":\"e is long ago\"},{\"id\":\"host.unknown\","
        "\"level\":\"info\",\"seen\":\"localhost\"}],"
        "\"cut_short\":false,\"truncated\":false}";
    struct journal *j = new_journal(1, ROOMY);
    struct strbuf out;

    append(j, full_exchange());
    strbuf_init(&out, OUT_MAX);
    cr_assert_eq(journal_render_one(j, 1, &out), 0);
    cr_expect_str_eq(out.buf, expected);
    strbuf_release(&out);
    journal_free(j);
}

Test(journal, an_entry_does_not_need_the_exchange_any_more, .timeout = 10)
{
    struct journal *j = new_journal(1, ROOMY);
    struct exchange *x = new_exchange();
    char text[] = "borrowed";
    struct part *part = add_part(x, text);
    struct strbuf out;
    size_t n = 0;

    x->request.method = x->request.target = x->request.version = text;
    x->why = x->natural.message = x->fault_problem = text;
    x->fault_source = FAULT_FROM_SEQ;
    x->signature.why = text;
    x->signature.a = x->signature.k = x->signature.f = signed_as(text);
    part->header.filename = part->header.type = text;
    part->header.filename_len = part->header.type_len = strlen(text);
    add_field(x, text, text, strlen(text));
    add_finding(x, FINDING_HOST_UNKNOWN, text);
    append(j, x);
    memset(text, '#', sizeof(text) - 1);

    strbuf_init(&out, OUT_MAX);
    journal_render_one(j, 1, &out);
    cr_expect(!strchr(out.buf, '#'), "%s", out.buf);
    for (const char *s = out.buf; (s = strstr(s, "borrowed")); s++)
        n++;
    cr_expect_eq(n, 18, "%zu: %s", n, out.buf);
    strbuf_release(&out);
    journal_free(j);
}

Test(journal, an_exchange_of_which_nothing_is_known_can_be_told, .timeout = 10)
{
    struct exchange *x = exchange_new();
    cJSON *json;

    cr_assert(x != NULL);
    x->cut_short = true;
    json = entry_of(x);
    expect_json(json, "endpoint", "null");
    expect_json(json, "method", "null");
    expect_json(json, "target", "null");
    expect_json(json, "http_version", "null");
    expect_json(json, "headers", "[]");
    expect_json(json, "parts", "[]");
    expect_json(json, "signature", "null");
    expect_json(json, "secret_id", "null");
    expect_json(json, "appid", "null");
    expect_json(json, "natural", "null");
    expect_json(json, "served", "null");
    expect_json(json, "fault", "null");
    expect_json(json, "findings", "[]");
    expect_json(json, "cut_short", "true");
    cJSON_Delete(json);
}

Test(journal, the_signed_appid_stands_for_one_that_no_body_names, .timeout = 10)
{
    struct exchange *x = new_exchange();

    x->signature.a = signed_as("1000002");
    expect_entry(x, "appid", "\"1000002\"");
}

Test(journal, an_appid_sent_as_a_json_integer_counts, .timeout = 10)
{
    struct exchange *x = new_exchange();

    x->body.values[PARAM_APPID].form = PARAM_INTEGER;
    x->body.values[PARAM_APPID].text = "77";
    x->body.values[PARAM_APPID].text_len = 2;
    x->signature.a = signed_as("1000002");
    expect_entry(x, "appid", "\"77\"");
}

Test(journal, a_signature_that_was_missing_has_a_code_and_no_fields,
     .timeout = 10)
{
    struct exchange *x = new_exchange();

    x->signature = (struct signature){.code = ERR_SIGNATURE_EMPTY,
                                      .why = "Authorization is missing"};
    expect_entry(x, "signature",
                 "{\"code\":4,\"why\":\"Authorization is missing\","
                 "\"a\":null,\"b\":null,\"k\":null,\"e\":null,\"t\":null,"
                 "\"r\":null,\"u\":null,\"f\":null,\"single_use\":false}");
}

Test(journal, a_signature_that_was_right_is_told_too, .timeout = 10)
{
    struct exchange *x = new_exchange();

    x->signature.e = signed_as("0");
    x->signature.single_use = true;
    expect_entry(x, "signature",
                 "{\"code\":0,\"why\":null,\"a\":null,\"b\":null,"
                 "\"k\":\"AKIDone\",\"e\":\"0\",\"t\":null,"
                 "\"r\":null,\"u\":null,\"f\":null,"
                 "\"single_use\":true}");
}

Test(journal, a_time_is_shown_in_utc_with_milliseconds, .timeout = 10)
{
    static const struct {
        int64_t time_us;
        const char *iso;
        const char *seconds;
    } rows[] = {
        {0, "1970-01-01T00:00:00.000Z", "\"time\":0.000,"},
        {999999, "1970-01-01T00:00:00.999Z", "\"time\":0.999,"},
        {1466393489000000, "2016-06-20T03:31:29.000Z",
         "\"time\":1466393489.000,"},
        {-1, "1969-12-31T23:59:59.999Z", "\"time\":-0.001,"},
        {-1500000, "1969-12-31T23:59:58.500Z", "\"time\":-1.500,"},
        {951782400001000, "2000-02-29T00:00:00.001Z",
         "\"time\":951782400.001,"},
    };
    struct journal *j = new_journal(100, ROOMY);
    struct strbuf out;

    setenv("TZ", "Asia/Shanghai", 1);
    strbuf_init(&out, OUT_MAX);
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct exchange *x = new_exchange();

        x->time_us = rows[i].time_us;
        strbuf_reset(&out);
        cr_assert_eq(journal_render_one(j, append(j, x), &out), 0);
        cr_expect(strstr(out.buf, rows[i].iso), "%s", out.buf);
        cr_expect(strstr(out.buf, rows[i].seconds), "%s", out.buf);
    }
    strbuf_release(&out);
    journal_free(j);
}

Test(journal, no_clock_makes_the_json_invalid, .timeout = 10)
{
    static const int64_t times[] = {INT64_MAX, INT64_MIN, INT64_MIN + 1,
                                    INT64_C(253402300800000000)};

    for (size_t i = 0; i < sizeof(times) / sizeof(times[0]); i++) {
        struct exchange *x = new_exchange();

        x->time_us = times[i];
        x->duration_us = times[i];
        cJSON_Delete(entry_of(x));
    }
}

Test(journal, a_place_is_the_field_that_did_carry_the_code, .timeout = 10)
{
    struct exchange *x = new_exchange();
    cJSON *json;

    /* livedetectpicture has the top level only. */
    x->decision =
        (struct decision){.code = -4016, .place = PLACE_COMPARE_STATUS};
    x->natural = x->decision;
    json = entry_of(x);
    expect_json(member(json, "served"), "place", "\"code\"");
    expect_json(member(json, "natural"), "place", "\"code\"");
    cJSON_Delete(json);

    x = new_exchange();
    x->decision = (struct decision){.code = -5007, .place = PLACE_LIVE_STATUS};
    json = entry_of(x);
    expect_json(member(json, "served"), "place", "\"code\"");
    cJSON_Delete(json);

    /* livedetectfour without a comparison has no compare_status. */
    x = new_exchange();
    x->endpoint = &endpoint_livedetectfour;
    x->decision =
        (struct decision){.code = -4016, .place = PLACE_COMPARE_STATUS};
    json = entry_of(x);
    expect_json(member(json, "served"), "place", "\"code\"");
    cJSON_Delete(json);

    x = new_exchange();
    x->endpoint = &endpoint_livedetectfour;
    x->decision =
        (struct decision){.code = -4016, .place = PLACE_COMPARE_STATUS};
    x->body.values[PARAM_COMPARE_FLAG].form = PARAM_TEXT;
    x->body.values[PARAM_COMPARE_FLAG].text = "true";
    x->body.values[PARAM_COMPARE_FLAG].text_len = 4;
    json = entry_of(x);
    expect_json(member(json, "served"), "place", "\"compare_status\"");
    cJSON_Delete(json);
}

Test(journal, a_message_other_than_the_codes_own_is_kept, .timeout = 10)
{
    struct exchange *x = new_exchange();

    x->natural = (struct decision){.code = ERR_BAD_REQUEST,
                                   .message = SIGNATURE_ARREARS_MESSAGE};
    expect_entry(x, "natural",
                 "{\"code\":3,\"place\":\"code\","
                 "\"message\":\"account abnormal,errorno is:2\",\"why\":null}");
}

Test(journal, a_transport_fault_tells_what_was_sent, .timeout = 10)
{
    static const struct {
        enum fault_transport transport;
        const char *served;
    } rows[] = {
        {TRANSPORT_RESET, "{\"code\":null,\"place\":null,\"http_status\":null,"
                          "\"transport\":\"reset\",\"delay_ms\":0}"},
        {TRANSPORT_HTML_502,
         "{\"code\":null,\"place\":null,\"http_status\":502,"
         "\"transport\":\"html_502\",\"delay_ms\":0}"},
        {TRANSPORT_DRIBBLE, "{\"code\":0,\"place\":\"code\","
                            "\"http_status\":502,\"transport\":\"dribble\","
                            "\"delay_ms\":0}"},
    };

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct exchange *x = new_exchange();

        x->decision.transport = rows[i].transport;
        x->reply.http_status = 502;
        expect_entry(x, "served", rows[i].served);
    }
}

Test(journal, nothing_was_served_to_one_that_went, .timeout = 10)
{
    struct exchange *x = new_exchange();
    cJSON *json;

    x->cut_short = true;
    x->reply.http_status = 0;
    x->fault_source = FAULT_FROM_HEADER;
    x->fault.transport = TRANSPORT_RESET;
    x->body.received = 10;
    json = entry_of(x);
    expect_json(json, "cut_short", "true");
    expect_json(json, "served", "null");
    expect_json(json, "natural", "null");
    cJSON_Delete(json);
}

Test(journal, what_failed_before_the_client_went_is_told, .timeout = 10)
{
    struct exchange *x = new_exchange();

    x->cut_short = true;
    x->failed = ERR_SIGNATURE_WRONG;
    x->why = "the digest is wrong";
    expect_entry(x, "natural",
                 "{\"code\":14,\"place\":\"code\","
                 "\"message\":\"signature check failed\","
                 "\"why\":\"the digest is wrong\"}");
}

Test(journal, a_reset_during_the_upload_was_served, .timeout = 10)
{
    struct exchange *x = new_exchange();

    x->cut_short = true;
    x->reply.http_status = 0;
    x->fault_source = FAULT_FROM_HEADER;
    x->fault.transport = TRANSPORT_RESET_DURING_UPLOAD;
    x->body.received = 10;
    expect_entry(x, "served",
                 "{\"code\":null,\"place\":null,\"http_status\":null,"
                 "\"transport\":\"reset_during_upload\",\"delay_ms\":0}");
}

Test(journal, a_spec_that_does_not_parse_is_told_by_its_problem, .timeout = 10)
{
    struct exchange *x = new_exchange();

    x->fault_source = FAULT_FROM_SEQ;
    x->fault_problem = "fault spec \"x\": is none";
    expect_entry(x, "fault",
                 "{\"source\":\"seq\",\"spec\":null,\"rule\":null,"
                 "\"problem\":\"fault spec \\\"x\\\": is none\"}");
}

/* hostile requests */

Test(journal, hostile_bytes_make_valid_json, .timeout = 10)
{
    static const char hostile[] =
        "\"},\\\0\x01\n\xff\xc0\x80\xed\xa0\x80\xf8\xe4\xb8";
    const size_t len = sizeof(hostile) - 1;
    struct exchange *x = new_exchange();
    struct part *part = add_part(x, "n");
    cJSON *json;

    add_field(x, "X-\"\xff", hostile, len);
    part->header =
        (struct multipart_header){hostile, len, hostile, len, hostile, len};
    x->request.target = "/\"\x01\\\xff";
    x->request.method = "PO\"ST";
    x->signature.k = (struct signature_field){hostile, len};
    x->signature.why = "\"\xff\n";
    x->why = "\"\\";
    x->natural.message = "\x1f\"";
    x->fault_source = FAULT_FROM_HEADER;
    x->fault_problem = "\"\xff";
    add_finding(x, FINDING_HOST_UNKNOWN, "\"\xff\x01");
    json = entry_of(x);
    cr_expect_eq(cJSON_GetArraySize(member(json, "headers")), 1);
    cr_expect_eq(cJSON_GetArraySize(member(json, "parts")), 1);
    expect_json(json, "method", "\"PO\\\"ST\"");
    expect_json(json, "truncated", "false");
    cJSON_Delete(json);
}

Test(journal, secrets_do_not_appear, .timeout = 10)
{
    static const char *const names[] = {
        "Cookie",
        "cookie",
        "COOKIE\t",
        "Proxy-Authorization",
        "proxy-authorization",
    };
    struct exchange *x = new_exchange();
    char *text;
    cJSON *json;

    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
        add_field(x, names[i], "hunter2", 7);
    /* A token of the admin API that came to the wrong place. */
    add_field(x, "Authorization", "bearer hunter2", 14);
    json = entry_of(x);
    text = cJSON_PrintUnformatted(json);
    cr_expect(!strstr(text, "hunter2"), "%s", text);
    /* That there was one is worth knowing. */
    cr_expect(strstr(text, "{\"name\":\"Cookie\",\"value\":\"(masked)\"}"));
    cr_expect_eq(cJSON_GetArraySize(member(json, "headers")), 6);
    cJSON_free(text);
    cJSON_Delete(json);
}

Test(journal, the_signature_is_kept_whole, .timeout = 10)
{
    static char value[8192];
    struct exchange *x = new_exchange();
    cJSON *json, *field;

    memset(value, 'c', sizeof(value));
    add_field(x, "Authorization", value, sizeof(value));
    json = entry_of(x);
    field = cJSON_GetArrayItem(member(json, "headers"), 0);
    cr_expect_eq(strlen(member(field, "value")->valuestring), sizeof(value));
    expect_json(json, "truncated", "false");
    cJSON_Delete(json);
}

Test(journal, a_long_string_is_cut_and_marked, .timeout = 10)
{
    static char value[9000];
    struct exchange *x = new_exchange();
    cJSON *json, *field;

    memset(value, 'v', sizeof(value));
    add_field(x, "X-Long", value, sizeof(value));
    add_field(x, "X-After", "kept", 4);
    json = entry_of(x);
    field = cJSON_GetArrayItem(member(json, "headers"), 0);
    cr_expect_eq(strlen(member(field, "value")->valuestring), 8192);
    field = cJSON_GetArrayItem(member(json, "headers"), 1);
    expect_json(field, "value", "\"kept\"");
    expect_json(json, "truncated", "true");
    cJSON_Delete(json);
}

Test(journal, a_cut_never_splits_a_character, .timeout = 10)
{
    enum { CAP = 512 };
    static char why[3 * CAP + 1];

    for (size_t shift = 0; shift < 3; shift++) {
        struct exchange *x = new_exchange();
        const char *kept;
        cJSON *json;

        memset(why, 'x', shift);
        for (size_t i = 0; i < CAP; i++)
            memcpy(why + shift + 3 * i, "\xe4\xb8\xad",
                   i < CAP - 1 ? 3 : 3 - shift);
        x->why = why;
        json = entry_of(x);
        kept = member(member(json, "natural"), "why")->valuestring;
        cr_expect_eq(strlen(kept), shift + (CAP - shift) / 3 * 3);
        cr_expect_eq(strncmp(kept, why, strlen(kept)), 0);
        expect_json(json, "truncated", "true");
        cJSON_Delete(json);
    }
}

/* Everything as long and as often as it can be. */
static struct exchange *greedy_exchange(void)
{
    static char text[20000];
    struct exchange *x = new_exchange();

    memset(text, '"', sizeof(text) - 1);
    x->request.target = text;
    x->request.method = text;
    x->request.version = text;
    x->why = x->natural.message = x->signature.why = text;
    x->fault_source = FAULT_FROM_HEADER;
    x->fault_problem = text;
    x->signature.a = x->signature.k = x->signature.e = signed_as(text);
    for (int i = 0; i < FINDING__COUNT; i++)
        add_finding(x, (enum finding)i, text);
    for (int i = 0; i < MULTIPART_MAX_PARTS; i++) {
        struct part *part = add_part(x, text);

        part->header.filename = part->header.type = text;
        part->header.filename_len = part->header.type_len = sizeof(text) - 1;
    }
    for (int i = 0; i < 3000; i++)
        add_field(x, "X", text, sizeof(text) - 1);
    return x;
}

Test(journal, no_entry_is_larger_than_64_kib, .timeout = 10)
{
    struct journal *j = new_journal(10, ROOMY);
    struct page page;

    append(j, greedy_exchange());
    cr_expect_leq(journal_stats(j).bytes, 64 * 1024);
    cr_expect_gt(journal_stats(j).bytes, 60 * 1024);
    page = get(j, (struct journal_filter){0});
    cr_assert_eq(page.n, 1);
    expect_json(cJSON_GetArrayItem(member(page.json, "requests"), 0),
                "truncated", "true");
    cJSON_Delete(page.json);
    journal_free(j);
}

Test(journal, no_entry_is_larger_than_the_journal, .timeout = 10)
{
    for (size_t max = 2048; max < 40000; max += 1237) {
        struct journal *j = new_journal(10, max);

        append(j, greedy_exchange());
        cr_expect_eq(count(j, (struct journal_filter){0}), 1, "%zu", max);
        cr_expect_leq(journal_stats(j).bytes, max);
        journal_free(j);
    }
}

Test(journal, the_outcome_outlives_a_flood_of_fields, .timeout = 10)
{
    struct exchange *x = greedy_exchange();
    cJSON *json;

    x->decision.code = 9;
    x->request.target = "/t";
    json = entry_of(x);
    expect_json(json, "target", "\"/t\"");
    expect_json(member(json, "served"), "code", "9");
    cr_expect_eq(strlen(member(json, "secret_id")->valuestring), 256);
    cr_expect_eq(cJSON_GetArraySize(member(json, "findings")), FINDING__COUNT);
    cJSON_Delete(json);
}

/* the file */

struct scratch {
    char dir[32];
    char path[64];
    char old[64];
};

static void scratch_init(struct scratch *s)
{
    memcpy(s->dir, "/tmp/journal-XXXXXX", sizeof("/tmp/journal-XXXXXX"));
    cr_assert(mkdtemp(s->dir) != NULL);
    snprintf(s->path, sizeof(s->path), "%s/journal", s->dir);
    snprintf(s->old, sizeof(s->old), "%s/journal.1", s->dir);
}

static void scratch_release(struct scratch *s)
{
    unlink(s->path);
    unlink(s->old);
    rmdir(s->dir);
}

/* Reads lines and expects each to be JSON; `seen` (may be NULL) is indexed by
 * id. Returns how many there were. */
static size_t read_lines(const char *path, bool *seen, size_t n_seen)
{
    FILE *file = fopen(path, "re");
    size_t n = 0, cap = 0;
    char *line = NULL;
    ssize_t len;

    cr_assert(file != NULL, "cannot open %s", path);
    while ((len = getline(&line, &cap, file)) > 0) {
        cJSON *json;
        uint64_t id;

        cr_assert_eq(line[len - 1], '\n', "the last line is torn");
        line[--len] = '\0';
        json = parse(line, (size_t)len);
        id = (uint64_t)member(json, "id")->valuedouble;
        if (seen) {
            cr_assert(id < n_seen && !seen[id], "%" PRIu64 " again", id);
            seen[id] = true;
        }
        cJSON_Delete(json);
        n++;
    }
    free(line);
    fclose(file);
    return n;
}

Test(journal, each_entry_is_one_json_line_of_the_file, .timeout = 10)
{
    struct journal *j = new_journal(2, ROOMY);
    struct scratch s;
    bool seen[4] = {false};

    scratch_init(&s);
    cr_assert_eq(journal_open_file(j, s.path), 0);
    append_many(j, 1);
    append(j, greedy_exchange());
    append_many(j, 1);
    cr_expect_eq(read_lines(s.path, seen, 4), 3);
    cr_expect_eq(journal_file_failures(j), 0);
    journal_free(j);
    scratch_release(&s);
}

Test(journal, the_file_also_gets_what_the_journal_does_not_keep, .timeout = 10)
{
    struct journal *j = new_journal(0, 0);
    struct scratch s;

    scratch_init(&s);
    cr_assert_eq(journal_open_file(j, s.path), 0);
    append_many(j, 2);
    cr_expect_eq(read_lines(s.path, NULL, 0), 2);
    journal_free(j);
    scratch_release(&s);
}

Test(journal, the_file_is_added_to_and_private, .timeout = 10)
{
    struct journal *j = new_journal(2, ROOMY);
    struct scratch s;
    struct stat st;

    scratch_init(&s);
    umask(0);
    cr_assert_eq(journal_open_file(j, s.path), 0);
    append_many(j, 1);
    journal_free(j);
    cr_assert_eq(stat(s.path, &st), 0);
    cr_expect_eq(st.st_mode & 0777, 0600);

    j = new_journal(2, ROOMY);
    cr_assert_eq(journal_open_file(j, s.path), 0);
    append_many(j, 1);
    journal_free(j);
    cr_expect_eq(read_lines(s.path, NULL, 0), 2);
    scratch_release(&s);
}

Test(journal, a_file_that_cannot_be_opened_is_told, .timeout = 10)
{
    struct journal *j = new_journal(2, ROOMY);

    errno = 0;
    cr_expect_eq(journal_open_file(j, "/nonexistent/journal"), -1);
    cr_expect_eq(errno, ENOENT);
    append_many(j, 1);
    cr_expect_eq(journal_file_failures(j), 0);
    journal_free(j);
}

Test(journal, reopening_follows_a_rotation, .timeout = 10)
{
    struct journal *j = new_journal(2, ROOMY);
    struct scratch s;

    scratch_init(&s);
    cr_assert_eq(journal_open_file(j, s.path), 0);
    append_many(j, 2);
    cr_assert_eq(rename(s.path, s.old), 0);
    append_many(j, 1);
    cr_expect_eq(journal_reopen_file(j), 0);
    append_many(j, 4);
    cr_expect_eq(read_lines(s.old, NULL, 0), 3);
    cr_expect_eq(read_lines(s.path, NULL, 0), 4);
    journal_free(j);
    scratch_release(&s);
}

Test(journal, a_failed_reopening_keeps_the_old_file, .timeout = 10)
{
    struct journal *j = new_journal(2, ROOMY);
    struct scratch s;

    scratch_init(&s);
    cr_assert_eq(journal_open_file(j, s.path), 0);
    cr_assert_eq(rename(s.path, s.old), 0);
    cr_assert_eq(mkdir(s.path, 0700), 0);
    errno = 0;
    cr_expect_eq(journal_reopen_file(j), -1);
    cr_expect_eq(errno, EISDIR);
    append_many(j, 1);
    cr_expect_eq(read_lines(s.old, NULL, 0), 1);
    cr_assert_eq(rmdir(s.path), 0);
    journal_free(j);
    scratch_release(&s);
}

Test(journal, reopening_without_a_file_is_nothing_to_do, .timeout = 10)
{
    struct journal *j = new_journal(2, ROOMY);

    cr_expect_eq(journal_reopen_file(j), 0);
    append_many(j, 1);
    journal_free(j);
}

Test(journal, reopening_while_others_append_loses_no_line, .timeout = 60)
{
    static bool seen[N_THREADS * N_EACH + 1];
    struct journal *j = new_journal(100, ROOMY);
    struct appender appenders[2];
    pthread_t threads[2];
    struct scratch s;
    size_t n;

    scratch_init(&s);
    cr_assert_eq(journal_open_file(j, s.path), 0);
    for (int i = 0; i < 2; i++) {
        appenders[i] = (struct appender){j, N_EACH, NULL};
        cr_assert_eq(
            pthread_create(&threads[i], NULL, run_appender, &appenders[i]), 0);
    }
    while (journal_stats(j).recorded < N_EACH)
        cr_assert_eq(journal_reopen_file(j), 0);
    cr_assert_eq(rename(s.path, s.old), 0);
    while (journal_stats(j).recorded < 2 * N_EACH)
        cr_assert_eq(journal_reopen_file(j), 0);
    for (int i = 0; i < 2; i++)
        pthread_join(threads[i], NULL);
    n = read_lines(s.old, seen, sizeof(seen));
    cr_assert_eq(journal_reopen_file(j), 0);
    n += read_lines(s.path, seen, sizeof(seen));
    cr_expect_eq(n, 2 * N_EACH);
    journal_free(j);
    scratch_release(&s);
}

Test(journal, lines_of_many_threads_stay_whole, .timeout = 60)
{
    static bool seen[N_THREADS * N_EACH + 1];
    struct journal *j = new_journal(100, ROOMY);
    struct scratch s;

    scratch_init(&s);
    cr_assert_eq(journal_open_file(j, s.path), 0);
    append_from_threads(j, NULL);
    cr_expect_eq(read_lines(s.path, seen, sizeof(seen)), N_THREADS * N_EACH);
    journal_free(j);
    scratch_release(&s);
}

Test(journal, writes_to_a_full_disk_are_counted, .timeout = 10)
{
    struct journal *j = new_journal(10, ROOMY);

    cr_assert_eq(journal_open_file(j, "/dev/full"), 0);
    append_many(j, 3);
    cr_expect_eq(journal_file_failures(j), 3);
    cr_expect_eq(journal_stats(j).entries, 3);
    journal_free(j);
}

Test(journal, a_torn_line_spoils_no_other, .timeout = 10)
{
    struct journal *j = new_journal(10, ROOMY);
    struct rlimit limit, old;
    struct scratch s;
    char line[4096] = "";
    FILE *file;

    scratch_init(&s);
    cr_assert_eq(journal_open_file(j, s.path), 0);
    signal(SIGXFSZ, SIG_IGN);
    cr_assert_eq(getrlimit(RLIMIT_FSIZE, &old), 0);
    limit = old;
    limit.rlim_cur = 100;
    cr_assert_eq(setrlimit(RLIMIT_FSIZE, &limit), 0);
    append_many(j, 2);
    cr_assert_eq(setrlimit(RLIMIT_FSIZE, &old), 0);
    append_many(j, 2);
    cr_expect_eq(journal_file_failures(j), 2);

    file = fopen(s.path, "re");
    cr_assert(file != NULL);
    cr_assert(fgets(line, sizeof(line), file) != NULL);
    cr_expect_eq(strlen(line), 101, "the torn line is ended");
    for (int i = 3; i <= 4; i++) {
        cJSON *json;

        cr_assert(fgets(line, sizeof(line), file) != NULL);
        line[strlen(line) - 1] = '\0';
        json = parse(line, strlen(line));
        cr_expect_eq(member(json, "id")->valueint, i);
        cJSON_Delete(json);
    }
    cr_expect(fgets(line, sizeof(line), file) == NULL);
    fclose(file);
    journal_free(j);
    scratch_release(&s);
}

Test(journal, credentials_in_whatever_disguise_are_masked, .timeout = 10)
{
    static const char *const fields[][2] = {
        {"Authorization", "Bearer hush"}, {"Authorization", "bearer\thush"},
        {"authorization", "Basic hush"},  {"Cookie", "a=hush"},
        {"Set-Cookie", "a=hush"},         {"Proxy-Authorization", "hush"},
        {"AuthorizationBearer hush", ""}, {"Authorization\v", "Bearer hush"},
        {"Host", "user:hush@a"},          {"X\n Cookie", "hush"},
    };

    for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++) {
        struct journal *j = new_journal(10, ROOMY);
        struct exchange *x = new_exchange();
        struct strbuf out;

        add_field(x, fields[i][0], fields[i][1], strlen(fields[i][1]));
        strbuf_init(&out, OUT_MAX);
        cr_assert_eq(journal_render_one(j, append(j, x), &out), 0);
        cr_expect_eq(strstr(out.buf, "hush"), NULL, "%s", out.buf);
        strbuf_release(&out);
        journal_free(j);
    }
}

static atomic_bool is_over;

/* Reads all there is, over and over. */
static void *read_on(void *arg)
{
    struct journal *j = arg;

    while (!atomic_load(&is_over)) {
        const struct journal_filter all = {.limit = 0};
        struct strbuf out;
        size_t n;

        strbuf_init(&out, OUT_MAX);
        journal_render(j, &all, &out, &n);
        strbuf_release(&out);
    }
    return NULL;
}

/* Of pages that left the ring while somebody reads them the journal has bytes
 * that it cannot free; the newest entry stays all the same. */
Test(journal, what_readers_hold_does_not_push_out_the_newest, .timeout = 20)
{
    struct journal *j = new_journal(100, 64 * 1024);
    char *large = calloc(8, 4000);
    pthread_t reader;

    cr_assert(large != NULL);
    cr_assert_eq(pthread_create(&reader, NULL, read_on, j), 0);
    for (int i = 0; i < 3000; i++) {
        struct exchange *x = new_exchange();
        struct strbuf out;

        for (int f = 0; f < 1 + i % 7; f++)
            add_field(x, "X", large, 7000);
        strbuf_init(&out, OUT_MAX);
        cr_expect_eq(journal_render_one(j, append(j, x), &out), 0, "entry %d",
                     i);
        strbuf_release(&out);
    }
    atomic_store(&is_over, true);
    pthread_join(reader, NULL);
    free(large);
    journal_free(j);
}
