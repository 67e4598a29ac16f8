#include "mockserver.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "admin.h"
#include "clock.h"
#include "hosts.h"
#include "listen.h"
#include "pipeline.h"
#include "server.h"
#include "signature.h"
#include "tls.h"

struct mockserver {
    struct settings settings;
    struct log log;
    struct clock clock;
    struct ids ids;
    struct accounts *accounts;
    struct signature_uses *uses;
    struct journal *journal;
    struct verdict *verdict;
    struct fault_rules *rules;
    struct metrics *metrics;
    struct pipeline pipeline;
    struct admin admin;
    struct tls *tls;
    struct server *server;
};

void mockserver_options_init(struct mockserver_options *options)
{
    memset(options, 0, sizeof(*options));
    options->bind = "127.0.0.1";
    options->port = 8080;
    options->seed = 1;
    options->log_level = LOG_WARN;
    options->journal_entries = JOURNAL_DEFAULT_ENTRIES;
    options->journal_bytes = JOURNAL_DEFAULT_BYTES;
    bounds_init(&options->bounds);
    settings_init(&options->settings);
}

static int check_token(const struct mockserver_options *options, char **why)
{
    /* What is no address at all is told when it is to be listened on. */
    if (options->admin_token || !listen_is_address(options->bind) ||
        hosts_is_loopback(options->bind))
        return 0;
    if (asprintf(why,
                 "--bind %s is not loopback: others could use the admin API; "
                 "--admin-token is needed",
                 options->bind) < 0)
        *why = NULL;
    return -1;
}

/* The options and the files they name. Returns -1 with *why. */
static int read_options(const struct mockserver_options *options,
                        struct accounts **accounts, struct fault_rules **rules,
                        char **why)
{
    if (check_token(options, why) < 0)
        return -1;
    *accounts = options->accounts ? accounts_load(options->accounts, why)
                                  : accounts_demo();
    if (!*accounts)
        return -1;
    *rules = fault_rules_new(options->seed);
    if (!*rules)
        abort();
    return options->rules ? fault_rules_load(*rules, options->rules, why) : 0;
}

static struct tls_options tls_options(const struct mockserver_options *options)
{
    struct tls_options tls = {
        .hosts = options->settings.hosts,
        .dir = options->tls_dir,
        .cert = options->tls_cert,
        .key = options->tls_key,
    };

    tls.hosts.bind = options->bind;
    return tls;
}

int mockserver_check(const struct mockserver_options *options,
                     struct mockserver_contents *contents, char **why)
{
    const struct tls_options tls = tls_options(options);
    struct accounts *accounts = NULL;
    struct fault_rules *rules = NULL;
    int result;

    *why = NULL;
    memset(contents, 0, sizeof(*contents));
    result = read_options(options, &accounts, &rules, why);
    if (result == 0)
        result = tls_check(&tls, why);
    if (result == 0) {
        contents->n_rules = fault_rules_count(rules);
        contents->n_accounts = accounts_count(accounts);
        for (size_t i = 0; i < contents->n_accounts; i++)
            contents->n_keys += accounts_at(accounts, i)->n_keys;
    }
    fault_rules_free(rules);
    accounts_free(accounts);
    return result;
}

char *mockserver_read_ca(const struct mockserver_options *options, char **why)
{
    const struct tls_options wanted = tls_options(options);
    struct tls *tls = tls_new(&wanted, why);
    struct tls_pem pem;
    char *ca = NULL;

    if (tls && tls_get(tls, &pem, why) == 0 && pem.ca)
        ca = strdup(pem.ca);
    tls_free(tls);
    return ca;
}

/* What an exchange is recorded in. Returns -1 with *why. */
static int make_records(struct mockserver *mock,
                        const struct mockserver_options *options, char **why)
{
    mock->journal =
        journal_new(options->journal_entries, options->journal_bytes);
    mock->verdict = verdict_new();
    mock->metrics = metrics_new();
    if (!mock->journal || !mock->verdict || !mock->metrics)
        abort();
    if (!options->journal_file ||
        journal_open_file(mock->journal, options->journal_file) == 0)
        return 0;
    if (asprintf(why, "--journal-file: cannot open %s: %s",
                 options->journal_file, strerror(errno)) < 0)
        *why = NULL;
    return -1;
}

struct mockserver *mockserver_start(const struct mockserver_options *options,
                                    char **why)
{
    const struct tls_options tls = tls_options(options);
    struct mockserver *mock = calloc(1, sizeof(*mock));

    *why = NULL;
    if (!mock)
        abort();
    if (read_options(options, &mock->accounts, &mock->rules, why) < 0)
        goto fail;
    mock->tls = tls_new(&tls, why);
    if (!mock->tls)
        goto fail;
    mock->settings = options->settings;
    mock->settings.hosts = tls.hosts;
    mock->log.level = options->log_level;
    clock_init(&mock->clock);
    ids_init(&mock->ids, options->seed);
    mock->uses = signature_uses_new(SIGNATURE_USES_DEFAULT_CAP);
    if (!mock->uses)
        abort();
    if (make_records(mock, options, why) < 0)
        goto fail;
    mock->pipeline = (struct pipeline){
        .settings = &mock->settings,
        .accounts = mock->accounts,
        .uses = mock->uses,
        .clock = &mock->clock,
        .ids = &mock->ids,
        .log = &mock->log,
        .rules = mock->rules,
        .journal = mock->journal,
        .verdict = mock->verdict,
        .metrics = mock->metrics,
    };
    mock->admin = (struct admin){
        .settings = &mock->settings,
        .accounts = mock->accounts,
        .uses = mock->uses,
        .clock = &mock->clock,
        .journal = mock->journal,
        .verdict = mock->verdict,
        .rules = mock->rules,
        .metrics = mock->metrics,
        .tls = mock->tls,
        .version = MOCKSERVER_VERSION,
        .bind = options->bind,
        .token = options->admin_token,
        .started_us = clock_monotonic_us(),
    };
    mock->server = server_start(
        &(struct server_options){
            .pipeline = &mock->pipeline,
            .admin = &mock->admin,
            .tls = mock->tls,
            .bind = options->bind,
            .port = options->port,
            .has_https_port = options->has_https_port,
            .https_port = options->https_port,
            .threads = options->threads,
            .bounds = options->bounds,
            .before_threads = options->before_threads,
            .before_threads_cls = options->before_threads_cls,
        },
        why);
    if (mock->server)
        return mock;
fail:
    mockserver_stop(mock);
    return NULL;
}

uint16_t mockserver_port(const struct mockserver *mock)
{
    return server_port(mock->server);
}

uint16_t mockserver_https_port(const struct mockserver *mock)
{
    return server_https_port(mock->server);
}

int mockserver_ca(struct mockserver *mock, const char **ca, char **why)
{
    struct tls_pem pem;
    int result = tls_get(mock->tls, &pem, why);

    *ca = pem.ca;
    return result;
}

const struct accounts *mockserver_accounts(const struct mockserver *mock)
{
    return mock->accounts;
}

void mockserver_set_clock(struct mockserver *mock, int64_t unix_s)
{
    if (unix_s < 0)
        clock_restore(&mock->clock);
    else
        clock_freeze(&mock->clock, unix_s);
}

uint64_t mockserver_add_fault(struct mockserver *mock, const char *rule,
                              char **why)
{
    return fault_rules_add(mock->rules, rule, strlen(rule), why);
}

struct journal *mockserver_journal(struct mockserver *mock)
{
    return mock->journal;
}

struct verdict *mockserver_verdict(struct mockserver *mock)
{
    return mock->verdict;
}

void mockserver_reset(struct mockserver *mock)
{
    admin_reset(&mock->admin);
}

int mockserver_reopen(struct mockserver *mock)
{
    return journal_reopen_file(mock->journal);
}

void mockserver_finish(struct mockserver *mock)
{
    server_stop(mock->server);
    mock->server = NULL;
}

void mockserver_stop(struct mockserver *mock)
{
    if (!mock)
        return;
    mockserver_finish(mock);
    tls_free(mock->tls);
    metrics_free(mock->metrics);
    fault_rules_free(mock->rules);
    verdict_free(mock->verdict);
    journal_free(mock->journal);
    signature_uses_free(mock->uses);
    accounts_free(mock->accounts);
    free(mock);
}
