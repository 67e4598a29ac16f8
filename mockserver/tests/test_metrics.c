#include "metrics.h"

#include <ctype.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <criterion/criterion.h>
#include "endpoints.h"
#include "findings.h"

static struct metrics *counters(void)
{
    struct metrics *m = metrics_new();

    cr_assert(m != NULL);
    return m;
}

/* The text; the caller frees it. */
static char *text_of(struct metrics *m)
{
    struct journal_stats journal = {
        .recorded = 9, .evicted = 7, .entries = 2, .bytes = 512};
    struct strbuf out;

    strbuf_init(&out, 1 << 20);
    cr_assert_eq(metrics_render(m, &journal, &out), 0);
    return strbuf_take(&out);
}

/* Is this line in the text? */
static bool has_line(const char *text, const char *line)
{
    size_t len = strlen(line);

    for (const char *at = text; (at = strstr(at, line)); at++) {
        if ((at == text || at[-1] == '\n') && at[len] == '\n')
            return true;
    }
    return false;
}

static void expect_line(struct metrics *m, const char *line)
{
    char *text = text_of(m);

    cr_expect(has_line(text, line), "no line %s in\n%s", line, text);
    free(text);
}

static void expect_nothing_with(struct metrics *m, const char *piece)
{
    char *text = text_of(m);

    cr_expect(strstr(text, piece) == NULL, "%s in\n%s", piece, text);
    free(text);
}

static struct exchange *exchange_of(const struct endpoint *endpoint, int code)
{
    struct exchange *x = exchange_new();

    cr_assert(x != NULL);
    x->endpoint = endpoint;
    x->decision.code = code;
    return x;
}

/* Counts an exchange once. */
static void count(struct metrics *m, struct exchange *x)
{
    metrics_count(m, x);
    exchange_free(x);
}

/* the format: a strict reader of the lines we may write */

/* One family of metrics while its lines are read. */
struct family {
    char name[80];
    char type[16];
    bool has_help;
    double last_bucket; /* cumulative count of the last bucket */
    double last_bound;
    double count;
};

static size_t name_length(const char *s)
{
    size_t n = 0;

    while (isalnum((unsigned char)s[n]) || s[n] == '_')
        n++;
    return isdigit((unsigned char)s[0]) ? 0 : n;
}

/* Reads `{name="value",…}`; returns its length. */
static size_t labels_length(const char *s)
{
    size_t i = 0;

    if (s[0] != '{')
        return 0;
    do {
        size_t n = name_length(s + ++i);

        cr_assert(n > 0, "no label name: %s", s);
        i += n;
        cr_assert(s[i] == '=' && s[i + 1] == '"', "no label value: %s", s);
        i += 2;
        i += strcspn(s + i, "\"\\\n");
        cr_assert(s[i] == '"', "an unfinished label value: %s", s);
        i++;
    } while (s[i] == ',');
    cr_assert(s[i] == '}', "labels are not closed: %s", s);
    return i + 1;
}

static void check_bucket(struct family *f, const char *labels, double value)
{
    double bound;

    cr_assert(strncmp(labels, "{le=\"", 5) == 0, "%s", labels);
    bound = strncmp(labels + 5, "+Inf\"", 5) == 0 ? 1e300
                                                  : strtod(labels + 5, NULL);
    cr_expect(bound > f->last_bound, "bounds must rise: %s", labels);
    cr_expect(value >= f->last_bucket, "buckets are cumulative: %s", labels);
    f->last_bound = bound;
    f->last_bucket = value;
}

static void check_sample(struct family *f, const char *line)
{
    size_t len = name_length(line);
    size_t labels = labels_length(line + len);
    const char *suffix = line + strlen(f->name);
    bool histogram = !strcmp(f->type, "histogram");
    char *end;
    double value;

    cr_assert(strncmp(line, f->name, strlen(f->name)) == 0,
              "of another family than %s: %s", f->name, line);
    cr_assert(line[len + labels] == ' ', "no blank: %s", line);
    value = strtod(line + len + labels + 1, &end);
    cr_assert(end != line + len + labels + 1 && *end == '\n', "no number: %s",
              line);
    cr_expect(value >= 0 || !strcmp(f->type, "gauge"), "negative: %s", line);
    if (!histogram)
        cr_assert_eq(len, strlen(f->name), "%s", line);
    else if (!strncmp(suffix, "_bucket{", 8))
        check_bucket(f, line + len, value);
    else if (!strncmp(suffix, "_count ", 7))
        f->count = value;
    else
        cr_assert(strncmp(suffix, "_sum ", 5) == 0, "%s", line);
}

/* A comment line begins or goes on with a family. */
static void check_comment(struct family *f, const char *line)
{
    size_t len;

    cr_assert(line[0] == '#' && line[1] == ' ');
    len = name_length(line + 7);
    if (!strncmp(line, "# HELP ", 7)) {
        cr_assert(len > 0 && len < sizeof(f->name), "%s", line);
        memset(f, 0, sizeof(*f));
        memcpy(f->name, line + 7, len);
        f->has_help = true;
        f->last_bound = -1;
        return;
    }
    cr_assert(strncmp(line, "# TYPE ", 7) == 0, "%s", line);
    cr_assert(f->has_help && f->type[0] == '\0');
    cr_assert(strlen(f->name) == len && !memcmp(f->name, line + 7, len), "%s",
              line);
    line += 7 + len + 1;
    len = strcspn(line, "\n");
    cr_assert(len < sizeof(f->type));
    memcpy(f->type, line, len);
    cr_assert(!strcmp(f->type, "counter") || !strcmp(f->type, "gauge") ||
                  !strcmp(f->type, "histogram"),
              "%s", f->type);
    if (!strcmp(f->type, "counter"))
        cr_expect_str_eq(f->name + strlen(f->name) - 6, "_total");
}

static void check_family_end(const struct family *f)
{
    if (!strcmp(f->type, "histogram")) {
        cr_expect_eq(f->last_bound, 1e300, "no +Inf bucket");
        cr_expect_eq(f->last_bucket, f->count);
    }
}

/* No name with labels may be there twice, nor may a family. */
static void check_line_is_the_first(const char *text, const char *line)
{
    bool comment = line[0] == '#';
    size_t len = comment ? strcspn(line + 7, " ") + 7 : strcspn(line, " ");
    size_t n = 0;

    for (const char *at = text; *at; at = strchr(at, '\n') + 1)
        n += strncmp(at, line, len) == 0 && at[len] == ' ';
    cr_expect_eq(n, 1, "%zu times: %.*s", n, (int)len, line);
}

static void check_text(const char *text)
{
    struct family family = {.has_help = false};

    cr_assert(*text && text[strlen(text) - 1] == '\n');
    for (const char *line = text; *line; line = strchr(line, '\n') + 1) {
        check_line_is_the_first(text, line);
        if (!strncmp(line, "# HELP ", 7))
            check_family_end(&family);
        if (line[0] == '#') {
            check_comment(&family, line);
            continue;
        }
        cr_assert(family.type[0], "a sample without a type: %s", line);
        check_sample(&family, line);
    }
    check_family_end(&family);
}

Test(metrics, text_is_valid_from_the_beginning, .timeout = 10)
{
    struct metrics *m = counters();
    char *text = text_of(m);

    check_text(text);
    free(text);
    metrics_free(m);
}

Test(metrics, text_is_valid_with_every_label, .timeout = 10)
{
    struct metrics *m = counters();
    char *text;

    for (size_t i = 0; i < 4; i++) {
        for (size_t row = 0; row < error_table_len; row++)
            count(m, exchange_of(endpoints_at(i), error_table[row].code));
        count(m, exchange_of(endpoints_at(i), 0));
        count(m, exchange_of(endpoints_at(i), 12345));
    }
    for (int t = 0; t < TRANSPORT__COUNT; t++) {
        for (int source = 1; source < FAULT_SOURCE__COUNT; source++) {
            struct exchange *x = exchange_of(NULL, 0);

            x->fault.transport = (enum fault_transport)t;
            x->fault_source = (enum fault_source)source;
            x->duration_us = 1 << t;
            count(m, x);
        }
    }
    text = text_of(m);
    check_text(text);
    free(text);
    metrics_free(m);
}

Test(metrics, each_family_is_there_with_its_type, .timeout = 10)
{
    struct metrics *m = counters();

    expect_line(m, "# TYPE mockserver_requests_total counter");
    expect_line(m, "# TYPE mockserver_request_bytes_total counter");
    expect_line(m, "# TYPE mockserver_response_bytes_total counter");
    expect_line(m, "# TYPE mockserver_request_duration_seconds histogram");
    expect_line(m, "# TYPE mockserver_faults_total counter");
    expect_line(m, "# TYPE mockserver_findings_total counter");
    expect_line(m, "# TYPE mockserver_journal_entries gauge");
    expect_line(m, "# TYPE mockserver_journal_bytes gauge");
    expect_line(m, "# TYPE mockserver_journal_evicted_total counter");
    expect_line(m, "# TYPE mockserver_open_connections gauge");
    metrics_free(m);
}

/* requests */

Test(metrics, requests_are_counted_by_endpoint_and_code, .timeout = 10)
{
    struct metrics *m = counters();

    count(m, exchange_of(&endpoint_livedetectfour, 0));
    count(m, exchange_of(&endpoint_livedetectfour, 0));
    count(m, exchange_of(&endpoint_livedetectfour, -5007));
    count(m, exchange_of(&endpoint_livegetfour, 213));
    expect_line(m, "mockserver_requests_total{endpoint=\"livedetectfour\","
                   "code=\"0\"} 2");
    expect_line(m, "mockserver_requests_total{endpoint=\"livedetectfour\","
                   "code=\"-5007\"} 1");
    expect_line(m, "mockserver_requests_total{endpoint=\"livegetfour\","
                   "code=\"213\"} 1");
    metrics_free(m);
}

Test(metrics, pairs_that_were_never_seen_are_left_out, .timeout = 10)
{
    struct metrics *m = counters();

    expect_nothing_with(m, "mockserver_requests_total{");
    expect_nothing_with(m, "mockserver_faults_total{");
    count(m, exchange_of(&endpoint_livedetectfour, 0));
    expect_nothing_with(m, "livedetectpicture");
    expect_nothing_with(m, "code=\"3\"");
    metrics_free(m);
}

Test(metrics, the_served_code_is_the_label_not_the_natural_one, .timeout = 10)
{
    struct metrics *m = counters();
    struct exchange *x = exchange_of(&endpoint_livegetfour, 15);

    x->natural_code = 9;
    x->natural.code = 9;
    x->failed = ERR_SIGNATURE_EXPIRED;
    count(m, x);
    expect_line(m, "mockserver_requests_total{endpoint=\"livegetfour\","
                   "code=\"15\"} 1");
    expect_nothing_with(m, "code=\"9\"");
    metrics_free(m);
}

Test(metrics, codes_that_no_page_lists_share_a_label, .timeout = 10)
{
    struct metrics *m = counters();

    count(m, exchange_of(&endpoint_livegetfour, 12345));
    count(m, exchange_of(&endpoint_livegetfour, -1));
    expect_line(m, "mockserver_requests_total{endpoint=\"livegetfour\","
                   "code=\"unlisted\"} 2");
    metrics_free(m);
}

Test(metrics, an_exchange_of_no_endpoint_says_none, .timeout = 10)
{
    struct metrics *m = counters();

    count(m, exchange_of(NULL, 3));
    expect_line(m, "mockserver_requests_total{endpoint=\"none\",code=\"3\"} 1");
    metrics_free(m);
}

Test(metrics, an_exchange_cut_short_has_no_code, .timeout = 10)
{
    struct metrics *m = counters();
    struct exchange *x = exchange_of(&endpoint_livedetectfour, 0);

    x->cut_short = true;
    count(m, x);
    expect_line(m, "mockserver_requests_total{endpoint=\"livedetectfour\","
                   "code=\"none\"} 1");
    metrics_free(m);
}

Test(metrics, bytes_of_both_directions_add_up, .timeout = 10)
{
    struct metrics *m = counters();

    for (int i = 0; i < 2; i++) {
        struct exchange *x = exchange_of(&endpoint_livegetfour, 0);

        x->body.received = UINT64_C(5000000000);
        strbuf_addstr(&x->reply.body, "seventeen");
        count(m, x);
    }
    expect_line(m, "mockserver_request_bytes_total 10000000000");
    expect_line(m, "mockserver_response_bytes_total 18");
    metrics_free(m);
}

/* durations */

static void count_lasting(struct metrics *m, int64_t us)
{
    struct exchange *x = exchange_of(&endpoint_livegetfour, 0);

    x->duration_us = us;
    count(m, x);
}

#define BUCKET(le, n)                                                          \
    "mockserver_request_duration_seconds_bucket{le=\"" le "\"} " n

Test(metrics, a_duration_falls_into_every_bucket_from_its_own_on, .timeout = 10)
{
    static const char *const lines[] = {
        BUCKET("0.0005", "0"), BUCKET("0.001", "0"), BUCKET("0.0025", "0"),
        BUCKET("0.005", "0"),  BUCKET("0.01", "0"),  BUCKET("0.025", "0"),
        BUCKET("0.05", "0"),   BUCKET("0.1", "0"),   BUCKET("0.25", "1"),
        BUCKET("0.5", "1"),    BUCKET("1", "1"),     BUCKET("2.5", "1"),
        BUCKET("5", "1"),      BUCKET("10", "1"),    BUCKET("+Inf", "1")};
    struct metrics *m = counters();

    count_lasting(m, 123456);
    for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++)
        expect_line(m, lines[i]);
    metrics_free(m);
}

Test(metrics, every_bound_is_inclusive_and_as_long_as_it_says, .timeout = 10)
{
    static const struct {
        const char *le;
        int64_t us;
    } bounds[] = {{"0.0005", 500}, {"0.001", 1000}, {"0.0025", 2500},
                  {"0.005", 5000}, {"0.01", 10000}, {"0.025", 25000},
                  {"0.05", 50000}, {"0.1", 100000}, {"0.25", 250000},
                  {"0.5", 500000}, {"1", 1000000},  {"2.5", 2500000},
                  {"5", 5000000},  {"10", 10000000}};

    for (size_t i = 0; i < sizeof(bounds) / sizeof(bounds[0]); i++) {
        struct metrics *m = counters();
        char line[128];

        count_lasting(m, bounds[i].us);
        count_lasting(m, bounds[i].us + 1);
        snprintf(line, sizeof(line),
                 "mockserver_request_duration_seconds_bucket{le=\"%s\"} 1",
                 bounds[i].le);
        expect_line(m, line);
        metrics_free(m);
    }
}

Test(metrics, durations_over_every_bound_are_in_the_last_bucket, .timeout = 10)
{
    struct metrics *m = counters();

    count_lasting(m, 60000000);
    expect_line(m, BUCKET("10", "0"));
    expect_line(m, BUCKET("+Inf", "1"));
    metrics_free(m);
}

Test(metrics, durations_are_summed_in_seconds, .timeout = 10)
{
    struct metrics *m = counters();

    count_lasting(m, 1500000);
    count_lasting(m, 42);
    count_lasting(m, -7); /* a clock that cannot be is as good as zero */
    expect_line(m, "mockserver_request_duration_seconds_sum 1.500042");
    expect_line(m, "mockserver_request_duration_seconds_count 3");
    metrics_free(m);
}

/* faults */

static void count_fault(struct metrics *m, const char *spec,
                        enum fault_source source)
{
    struct exchange *x = exchange_of(&endpoint_livegetfour, 0);

    x->fault_source = source;
    cr_assert_eq(fault_parse(&x->fault, spec, strlen(spec), NULL, 0), 0);
    count(m, x);
}

#define FAULT(kind, source, n)                                                 \
    "mockserver_faults_total{fault=\"" kind "\",source=\"" source "\"} " n

Test(metrics, faults_are_counted_by_kind_and_source, .timeout = 10)
{
    struct metrics *m = counters();

    count_fault(m, "reset", FAULT_FROM_HEADER);
    count_fault(m, "reset", FAULT_FROM_RULE);
    count_fault(m, "delay=5,reset", FAULT_FROM_RULE);
    count_fault(m, "-5007", FAULT_FROM_SEQ);
    count_fault(m, "0,http=500,delay=1", FAULT_FROM_SEQ);
    count_fault(m, "http=503", FAULT_FROM_FILE);
    count_fault(m, "delay=1", FAULT_FROM_URL);
    count_fault(m, "delay=0", FAULT_FROM_OPTION);
    expect_line(m, FAULT("reset", "header", "1"));
    expect_line(m, FAULT("reset", "rule", "2"));
    expect_line(m, FAULT("code", "seq", "2"));
    expect_line(m, FAULT("http", "file", "1"));
    expect_line(m, FAULT("delay", "url", "1"));
    expect_line(m, FAULT("delay", "option", "1"));
    metrics_free(m);
}

Test(metrics, a_status_with_a_delay_counts_as_a_status, .timeout = 10)
{
    struct metrics *m = counters();

    count_fault(m, "delay=1,http=503", FAULT_FROM_RULE);
    expect_line(m, FAULT("http", "rule", "1"));
    metrics_free(m);
}

Test(metrics, a_spec_that_did_not_parse_is_a_problem, .timeout = 10)
{
    struct metrics *m = counters();
    struct exchange *x = exchange_of(&endpoint_livegetfour, 21);

    x->fault_source = FAULT_FROM_HEADER;
    x->fault_problem = "fault spec is nonsense";
    count(m, x);
    expect_line(m, FAULT("problem", "header", "1"));
    metrics_free(m);
}

Test(metrics, an_exchange_without_a_fault_counts_none, .timeout = 10)
{
    struct metrics *m = counters();

    count(m, exchange_of(&endpoint_livegetfour, 0));
    expect_nothing_with(m, "mockserver_faults_total{");
    metrics_free(m);
}

Test(metrics, of_exchanges_cut_short_only_the_fault_that_cut_counts,
     .timeout = 10)
{
    static const char *const specs[] = {"reset_during_upload", "reset"};
    struct metrics *m = counters();

    for (int i = 0; i < 2; i++) {
        struct exchange *x = exchange_of(&endpoint_livegetfour, 0);

        x->cut_short = true;
        x->fault_source = FAULT_FROM_HEADER;
        fault_parse(&x->fault, specs[i], strlen(specs[i]), NULL, 0);
        count(m, x);
    }
    expect_line(m, FAULT("reset_during_upload", "header", "1"));
    expect_nothing_with(m, "fault=\"reset\"");
    metrics_free(m);
}

/* the rest */

/* The first finding of that level. */
static enum finding finding_of(enum finding_level level)
{
    int i = 0;

    while (i < FINDING__COUNT && finding_info((enum finding)i)->level != level)
        i++;
    cr_assert(i < FINDING__COUNT);
    return (enum finding)i;
}

Test(metrics, findings_are_counted_by_level, .timeout = 10)
{
    struct metrics *m = counters();
    struct finding_note notes[] = {
        {.next = &notes[1], .finding = finding_of(LEVEL_SHOULD), .seen = ""},
        {.next = &notes[2], .finding = finding_of(LEVEL_MUST), .seen = ""},
        {.next = NULL, .finding = finding_of(LEVEL_SHOULD), .seen = ""},
    };
    struct exchange *x = exchange_of(&endpoint_livegetfour, 0);

    x->findings = notes;
    count(m, x);
    expect_line(m, "mockserver_findings_total{level=\"must\"} 1");
    expect_line(m, "mockserver_findings_total{level=\"should\"} 2");
    expect_line(m, "mockserver_findings_total{level=\"info\"} 0");
    metrics_free(m);
}

Test(metrics, the_journal_is_as_it_says, .timeout = 10)
{
    struct metrics *m = counters();

    expect_line(m, "mockserver_journal_entries 2");
    expect_line(m, "mockserver_journal_bytes 512");
    expect_line(m, "mockserver_journal_evicted_total 7");
    metrics_free(m);
}

Test(metrics, connections_are_those_open_now, .timeout = 10)
{
    struct metrics *m = counters();

    metrics_connection(m, 1);
    metrics_connection(m, 1);
    metrics_connection(m, 1);
    metrics_connection(m, -1);
    expect_line(m, "mockserver_open_connections 2");
    metrics_free(m);
}

Test(metrics, a_full_buffer_is_reported, .timeout = 10)
{
    struct metrics *m = counters();
    struct journal_stats journal = {.entries = 0};
    struct strbuf out;

    strbuf_init(&out, 100);
    cr_expect_eq(metrics_render(m, &journal, &out), -1);
    strbuf_release(&out);
    metrics_free(m);
}

Test(metrics, free_takes_null, .timeout = 10)
{
    metrics_free(NULL);
}

enum { THREADS = 8, EACH = 5000 };

static void *count_often(void *metrics)
{
    struct exchange *x = exchange_of(&endpoint_livedetectfour, 15);

    x->body.received = 3;
    x->duration_us = 700;
    for (int i = 0; i < EACH; i++) {
        metrics_count(metrics, x);
        metrics_connection(metrics, i % 2 ? -1 : 1);
    }
    exchange_free(x);
    return NULL;
}

Test(metrics, nothing_is_lost_between_threads, .timeout = 30)
{
    struct metrics *m = counters();
    pthread_t threads[THREADS];

    for (int i = 0; i < THREADS; i++)
        cr_assert_eq(pthread_create(&threads[i], NULL, count_often, m), 0);
    for (int i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
    expect_line(m, "mockserver_requests_total{endpoint=\"livedetectfour\","
                   "code=\"15\"} 40000");
    expect_line(m, "mockserver_request_bytes_total 120000");
    expect_line(m, BUCKET("0.001", "40000"));
    expect_line(m, "mockserver_request_duration_seconds_sum 28.000000");
    expect_line(m, "mockserver_open_connections 0");
    metrics_free(m);
}
