/*
 * One atomic counter for each combination of labels there can be; which ones
 * were seen shows when the text is made. Counters are read one after the
 * other while others count on, so two families may be an exchange apart, but
 * a histogram's count is always the sum of its own buckets.
 */
#include "metrics.h"

#include <inttypes.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include "endpoints.h"
#include "findings.h"

/* What the label `code` may say. */
enum code_slot {
    SLOT_OK,
#define X(symbol, code, http, place, provenance, zh, en, endpoints, trigger)   \
    SLOT_##symbol,
#include "error_codes.def"
#undef X
    SLOT_UNLISTED,
    SLOT_NONE, /* cut short: nothing was served */
    SLOT__COUNT
};

/* What the label `fault` may say: the transport faults under their own
 * numbers, and the other kinds after them. */
enum fault_kind {
    KIND_CODE = TRANSPORT__COUNT,
    KIND_HTTP,
    KIND_DELAY,
    KIND_PROBLEM, /* a SPEC that did not parse */
    KIND__COUNT
};

enum {
    N_ENDPOINTS = 3,
    NO_ENDPOINT = N_ENDPOINTS,
    N_LEVELS = LEVEL_INFO + 1,
};

_Static_assert(EP_ALL == (1 << N_ENDPOINTS) - 1, "a slot for each endpoint");

/* Upper bounds of the histogram's buckets; one bucket more has none. */
static const struct {
    const char *seconds;
    int64_t us;
} bounds[] = {
    {"0.0005", 500},  {"0.001", 1000},  {"0.0025", 2500}, {"0.005", 5000},
    {"0.01", 10000},  {"0.025", 25000}, {"0.05", 50000},  {"0.1", 100000},
    {"0.25", 250000}, {"0.5", 500000},  {"1", 1000000},   {"2.5", 2500000},
    {"5", 5000000},   {"10", 10000000},
};

enum { N_BOUNDS = sizeof(bounds) / sizeof(bounds[0]) };

struct metrics {
    atomic_uint_fast64_t requests[N_ENDPOINTS + 1][SLOT__COUNT];
    atomic_uint_fast64_t request_bytes;
    atomic_uint_fast64_t response_bytes;
    atomic_uint_fast64_t durations[N_BOUNDS + 1]; /* not cumulative */
    atomic_uint_fast64_t duration_sum_us;
    atomic_uint_fast64_t faults[KIND__COUNT][FAULT_SOURCE__COUNT];
    atomic_uint_fast64_t findings[N_LEVELS];
    atomic_int_fast64_t connections;
};

struct metrics *metrics_new(void)
{
    return calloc(1, sizeof(struct metrics));
}

void metrics_free(struct metrics *m)
{
    free(m);
}

/* counting */

/* Nothing is concluded from one counter about another, so no order is kept. */
static void add(atomic_uint_fast64_t *counter, uint64_t n)
{
    atomic_fetch_add_explicit(counter, n, memory_order_relaxed);
}

static uint64_t get(const atomic_uint_fast64_t *counter)
{
    return atomic_load_explicit(counter, memory_order_relaxed);
}

static size_t endpoint_slot(const struct endpoint *endpoint)
{
    size_t i = 0;

    while (i < N_ENDPOINTS && endpoints_at(i) != endpoint)
        i++;
    return i; /* NO_ENDPOINT, if it is none */
}

static enum code_slot code_slot(const struct exchange *x)
{
    if (x->cut_short)
        return SLOT_NONE;
    switch (x->decision.code) {
    case ERR_OK:
        return SLOT_OK;
#define X(symbol, code, http, place, provenance, zh, en, endpoints, trigger)   \
    case (code):                                                               \
        return SLOT_##symbol;
#include "error_codes.def"
#undef X
    default:
        return SLOT_UNLISTED;
    }
}

static void count_duration(struct metrics *m, int64_t us)
{
    size_t i = 0;

    if (us < 0)
        us = 0;
    while (i < N_BOUNDS && us > bounds[i].us)
        i++;
    add(&m->durations[i], 1);
    add(&m->duration_sum_us, (uint64_t)us);
}

static int fault_kind(const struct exchange *x)
{
    const struct fault *fault = &x->fault;

    if (x->fault_problem)
        return KIND_PROBLEM;
    if (fault->transport != TRANSPORT_NONE)
        return fault->transport;
    if (fault->has_code)
        return KIND_CODE;
    return fault->http_status ? KIND_HTTP : KIND_DELAY;
}

/* Of an exchange cut short the fault was not served, unless it is what cut
 * it. */
static void count_fault(struct metrics *m, const struct exchange *x)
{
    int kind = fault_kind(x);

    if (x->fault_source == FAULT_FROM_NOWHERE)
        return;
    if (x->cut_short && kind != TRANSPORT_RESET_DURING_UPLOAD)
        return;
    add(&m->faults[kind][x->fault_source], 1);
}

void metrics_count(struct metrics *m, const struct exchange *x)
{
    add(&m->requests[endpoint_slot(x->endpoint)][code_slot(x)], 1);
    add(&m->request_bytes, x->body.received);
    add(&m->response_bytes, x->reply.body.len);
    count_duration(m, x->duration_us);
    count_fault(m, x);
    for (const struct finding_note *note = x->findings; note; note = note->next)
        add(&m->findings[finding_info(note->finding)->level], 1);
}

void metrics_connection(struct metrics *m, int change)
{
    atomic_fetch_add_explicit(&m->connections, change, memory_order_relaxed);
}

/* the text */

static void add_head(struct strbuf *out, const char *name, const char *type,
                     const char *help)
{
    strbuf_addf(out, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, type);
}

static void add_single(struct strbuf *out, const char *name, const char *type,
                       const char *help, uint64_t value)
{
    add_head(out, name, type, help);
    strbuf_addf(out, "%s %" PRIu64 "\n", name, value);
}

static const char *code_label(char *buf, size_t cap, int slot)
{
    static const int codes[] = {
        [SLOT_OK] = ERR_OK,
#define X(symbol, code, http, place, provenance, zh, en, endpoints, trigger)   \
    [SLOT_##symbol] = (code),
#include "error_codes.def"
#undef X
    };

    if (slot == SLOT_UNLISTED)
        return "unlisted";
    if (slot == SLOT_NONE)
        return "none";
    snprintf(buf, cap, "%d", codes[slot]);
    return buf;
}

static void render_requests(const struct metrics *m, struct strbuf *out)
{
    add_head(out, "mockserver_requests_total", "counter",
             "Exchanges by endpoint and the API code served, none when cut "
             "short.");
    for (size_t i = 0; i <= NO_ENDPOINT; i++) {
        const char *endpoint =
            i == NO_ENDPOINT ? "none" : endpoints_at(i)->name;

        for (int slot = 0; slot < SLOT__COUNT; slot++) {
            uint64_t n = get(&m->requests[i][slot]);
            char code[16];

            if (n > 0)
                strbuf_addf(out,
                            "mockserver_requests_total{endpoint=\"%s\","
                            "code=\"%s\"} %" PRIu64 "\n",
                            endpoint, code_label(code, sizeof(code), slot), n);
        }
    }
}

static void render_durations(const struct metrics *m, struct strbuf *out)
{
    static const char name[] = "mockserver_request_duration_seconds";
    uint64_t sum_us = get(&m->duration_sum_us);
    uint64_t n = 0;

    add_head(out, name, "histogram",
             "Time until an exchange was decided or cut short, without "
             "injected delays.");
    for (size_t i = 0; i < N_BOUNDS; i++) {
        n += get(&m->durations[i]);
        strbuf_addf(out, "%s_bucket{le=\"%s\"} %" PRIu64 "\n", name,
                    bounds[i].seconds, n);
    }
    n += get(&m->durations[N_BOUNDS]);
    strbuf_addf(out, "%s_bucket{le=\"+Inf\"} %" PRIu64 "\n", name, n);
    strbuf_addf(out, "%s_sum %" PRIu64 ".%06" PRIu64 "\n", name,
                sum_us / 1000000, sum_us % 1000000);
    strbuf_addf(out, "%s_count %" PRIu64 "\n", name, n);
}

static const char *kind_name(int kind)
{
    switch (kind) {
    case KIND_CODE:
        return "code";
    case KIND_HTTP:
        return "http";
    case KIND_DELAY:
        return "delay";
    case KIND_PROBLEM:
        return "problem";
    default:
        return fault_transport_name((enum fault_transport)kind);
    }
}

static void render_faults(const struct metrics *m, struct strbuf *out)
{
    add_head(out, "mockserver_faults_total", "counter",
             "Faults served, by kind and source.");
    for (int kind = 0; kind < KIND__COUNT; kind++) {
        for (int source = 0; source < FAULT_SOURCE__COUNT; source++) {
            uint64_t n = get(&m->faults[kind][source]);

            if (n > 0)
                strbuf_addf(
                    out,
                    "mockserver_faults_total{fault=\"%s\",source=\"%s\"} "
                    "%" PRIu64 "\n",
                    kind_name(kind),
                    fault_source_name((enum fault_source)source), n);
        }
    }
}

static void render_findings(const struct metrics *m, struct strbuf *out)
{
    add_head(out, "mockserver_findings_total", "counter",
             "Findings against the contract, by level.");
    for (int level = 0; level < N_LEVELS; level++)
        strbuf_addf(out,
                    "mockserver_findings_total{level=\"%s\"} %" PRIu64 "\n",
                    finding_level_name((enum finding_level)level),
                    get(&m->findings[level]));
}

static void render_journal(const struct journal_stats *journal,
                           struct strbuf *out)
{
    add_single(out, "mockserver_journal_entries", "gauge",
               "Entries the journal holds.", journal->entries);
    add_single(out, "mockserver_journal_bytes", "gauge",
               "Bytes the journal holds.", journal->bytes);
    add_single(out, "mockserver_journal_evicted_total", "counter",
               "Entries the journal dropped to keep its bounds, since the last "
               "reset.",
               journal->evicted);
    add_single(out, "mockserver_journal_file_failures_total", "counter",
               "Entries that could not be written to the journal's file.",
               journal->file_failures);
}

int metrics_render(struct metrics *m, const struct journal_stats *journal,
                   struct strbuf *out)
{
    render_requests(m, out);
    add_single(out, "mockserver_request_bytes_total", "counter",
               "Bytes of request bodies received.", get(&m->request_bytes));
    add_single(out, "mockserver_response_bytes_total", "counter",
               "Bytes of response bodies made.", get(&m->response_bytes));
    render_durations(m, out);
    render_faults(m, out);
    render_findings(m, out);
    render_journal(journal, out);
    add_head(out, "mockserver_open_connections", "gauge",
             "Connections open now.");
    strbuf_addf(out, "mockserver_open_connections %" PRIdFAST64 "\n",
                atomic_load_explicit(&m->connections, memory_order_relaxed));
    return out->failed ? -1 : 0;
}
