/* mockserver: serves until SIGTERM or SIGINT. */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>
#include "commands.h"
#include "files.h"
#include "listen.h"
#include "serve_sandbox.h"
#include "signals.h"
#include "signing.h"

int command_write_port_file(const struct serve_options *options,
                            const struct mockserver *mock)
{
    const char *path = options->port_file;
    char text[32];
    int len =
        snprintf(text, sizeof(text), "%u\n", (unsigned)mockserver_port(mock));

    if (options->mock.has_https_port)
        len += snprintf(text + len, sizeof(text) - (size_t)len, "%u\n",
                        (unsigned)mockserver_https_port(mock));

    if (!path || files_replace(path, text, (size_t)len) == 0)
        return 0;
    return usage_error("--port-file: cannot write %s: %s", path,
                       strerror(errno));
}

static void print_curl(const struct mockserver_options *options, uint16_t port,
                       const char *authorization, const char *path,
                       const char *arguments)
{
    char url[LISTEN_URL_CAP];

    fprintf(stderr, "  curl -H 'Authorization: %s' \\\n    %s \\\n    %s%s\n\n",
            authorization, arguments,
            listen_url(url, sizeof(url), "http", options->bind, port), path);
}

static void print_calls(const struct mockserver_options *options, uint16_t port,
                        const char *authorization,
                        const struct account *account)
{
    char arguments[512];

    snprintf(arguments, sizeof(arguments),
             "-H 'Content-Type: application/json' \\\n    -d "
             "'{\"appid\":\"%s\",\"url\":\"http://example.com/face.jpg\"}'",
             account->appid);
    print_curl(options, port, authorization, "/face/livedetectpicture",
               arguments);
    snprintf(arguments, sizeof(arguments),
             "-F appid=%s -F bucket=%s -F validate_data=9532 \\\n"
             "    -F compare_flag=true -F 'video=any bytes;filename=a.mp4' "
             "\\\n    -F 'card=any bytes;filename=a.jpg'",
             account->appid, account->buckets[0]);
    print_curl(options, port, authorization, "/face/livedetectfour", arguments);
}

/* The demo keys are public; printing them is how a user learns them. */
static void print_demo(const struct mockserver *mock,
                       const struct mockserver_options *options)
{
    const struct account *first = accounts_at(mockserver_accounts(mock), 0);
    const char *secret_id = account_key_id(first->keys[0]);
    struct signing signing = {.key = first->keys[0], .now = time(NULL)};
    char *secret_key = accounts_demo_secret_key(secret_id);
    char *authorization = signing_make(&signing);

    if (authorization && secret_key) {
        fprintf(stderr,
                "No --accounts given: the public demo accounts serve, for "
                "example\n  appid %s, bucket %s, SecretId %s, SecretKey %s\n"
                "Try (the signature is good for 30 days; more by `mockserver "
                "sign`):\n\n",
                first->appid, first->buckets[0], secret_id, secret_key);
        print_calls(options, mockserver_port(mock), authorization, first);
    }
    free(authorization);
    free(secret_key);
}

/* One line, whatever there is to tell. */
static void print_where(const struct mockserver *mock,
                        const struct mockserver_options *options)
{
    char url[LISTEN_URL_CAP];

    printf("mockserver listening on %s",
           listen_url(url, sizeof(url), "http", options->bind,
                      mockserver_port(mock)));
    if (options->has_https_port)
        printf(" and %s", listen_url(url, sizeof(url), "https", options->bind,
                                     mockserver_https_port(mock)));
    putchar('\n');
    fflush(stdout);
}

static int serve(struct mockserver *mock, const struct serve_options *options,
                 const struct signals *signals)
{
    int signal_number;
    int status = command_write_port_file(options, mock);

    if (status != 0)
        return status;
    print_where(mock, &options->mock);
    if (!options->mock.accounts && options->mock.log_level != LOG_ERROR)
        print_demo(mock, &options->mock);
    while (sigwait(&signals->set, &signal_number) == 0 &&
           signal_number == SIGHUP) {
        if (mockserver_reopen(mock) < 0)
            usage_error("--journal-file: cannot open %s anew: %s",
                        options->mock.journal_file, strerror(errno));
    }
    if (options->port_file)
        unlink(options->port_file);
    return 0;
}

/* A busy test suite opens more connections than the usual soft limit. */
static void raise_descriptor_limit(void)
{
    struct rlimit limit;

    if (getrlimit(RLIMIT_NOFILE, &limit) < 0)
        return;
    limit.rlim_cur = limit.rlim_max;
    /* When it may not be raised, fewer connections are served. */
    setrlimit(RLIMIT_NOFILE, &limit);
}

static int run(int argc, char **argv)
{
    struct serve_options options;
    struct mockserver *mock;
    char *why = NULL;
    struct signals signals;
    int status;

    serve_options_init(&options);
    status = command_parse(&command_serve, &options, argc, argv);
    if (status >= 0)
        return status;
    signals_block(&signals);
    signals_block_also(&signals, SIGHUP);
    raise_descriptor_limit();
    mock = serve_sandbox_start(&options, &why);
    if (!mock) {
        status = usage_error("%s", why ? why : "out of memory");
        free(why);
        return status;
    }
    status = serve(mock, &options, &signals);
    mockserver_stop(mock);
    return status;
}

const struct command command_serve = {
    .name = "",
    .usage = "[OPTIONS]",
    .summary = "serve until SIGTERM or SIGINT",
    .options = &serve_option_table,
    .run = run,
};
