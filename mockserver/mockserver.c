#include "mockserver.h"

#include <stdlib.h>
#include <string.h>
#include "clock.h"
#include "pipeline.h"
#include "server.h"
#include "signature.h"

struct mockserver {
    struct settings settings;
    struct log log;
    struct clock clock;
    struct ids ids;
    struct accounts *accounts;
    struct signature_uses *uses;
    struct pipeline pipeline;
    struct server *server;
};

void mockserver_options_init(struct mockserver_options *options)
{
    memset(options, 0, sizeof(*options));
    options->bind = "127.0.0.1";
    options->port = 8080;
    options->seed = 1;
    options->log_level = LOG_WARN;
    settings_init(&options->settings);
}

struct mockserver *mockserver_start(const struct mockserver_options *options,
                                    char **why)
{
    struct mockserver *mock = calloc(1, sizeof(*mock));

    if (!mock)
        abort();
    mock->settings = options->settings;
    mock->log.level = options->log_level;
    clock_init(&mock->clock);
    ids_init(&mock->ids, options->seed);
    mock->accounts = options->accounts ? accounts_load(options->accounts, why)
                                       : accounts_demo();
    if (!mock->accounts)
        goto fail;
    mock->uses = signature_uses_new(SIGNATURE_USES_DEFAULT_CAP);
    if (!mock->uses)
        abort();
    mock->pipeline = (struct pipeline){
        .settings = &mock->settings,
        .accounts = mock->accounts,
        .uses = mock->uses,
        .clock = &mock->clock,
        .ids = &mock->ids,
        .log = &mock->log,
    };
    mock->server = server_start(&mock->pipeline, options->bind, options->port,
                                options->threads, why);
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

void mockserver_stop(struct mockserver *mock)
{
    if (!mock)
        return;
    server_stop(mock->server);
    signature_uses_free(mock->uses);
    accounts_free(mock->accounts);
    free(mock);
}
