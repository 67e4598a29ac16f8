/* mockserver: serves until SIGTERM or SIGINT. */
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include "commands.h"
#include "signature.h"

enum { DEMO_VALIDITY_S = 30 * 24 * 3600 };

/* Written beside and renamed, so that a reader never sees half a number. */
static int write_port_file(const char *path, uint16_t port)
{
    char *temporary = NULL;
    FILE *file = NULL;
    int result = -1;

    if (asprintf(&temporary, "%s.%ld.tmp", path, (long)getpid()) < 0)
        return -1;
    file = fopen(temporary, "we");
    if (file) {
        int written = fprintf(file, "%u\n", (unsigned)port);

        if (fclose(file) == 0 && written > 0 && rename(temporary, path) == 0)
            result = 0;
        else
            unlink(temporary);
    }
    free(temporary);
    return result;
}

/* An address as a URL writes it. */
static void print_url(FILE *out, const char *bind, uint16_t port)
{
    fprintf(out, strchr(bind, ':') ? "http://[%s]:%u" : "http://%s:%u", bind,
            (unsigned)port);
}

static void print_curl(const struct mockserver_options *options, uint16_t port,
                       const char *authorization, const char *path,
                       const char *arguments)
{
    fprintf(stderr, "  curl -H 'Authorization: %s' \\\n    %s \\\n    ",
            authorization, arguments);
    print_url(stderr, options->bind, port);
    fprintf(stderr, "%s\n\n", path);
}

/* The demo keys are public; printing them is how a user learns them. */
static void print_demo(const struct mockserver *mock,
                       const struct mockserver_options *options)
{
    const struct accounts *accounts = mockserver_accounts(mock);
    const struct account *first = accounts_at(accounts, 0);
    uint16_t port = mockserver_port(mock);
    struct signature_request request = {
        .key = first->keys[0],
        .bucket = first->buckets[0],
        .now = (int64_t)time(NULL),
        .rand = 1,
    };
    char *authorization;

    request.expires = request.now + DEMO_VALIDITY_S;
    authorization = signature_make(&request);
    if (!authorization)
        return;
    fprintf(stderr,
            "No --accounts given: the public demo accounts serve, for "
            "example\n  appid %s, bucket %s, SecretId %s, SecretKey %s\n"
            "Try (the signature is good for 30 days; more by `mockserver "
            "sign`):\n\n",
            first->appid, first->buckets[0], account_key_id(first->keys[0]),
            "demo-key-of-1000001");
    print_curl(options, port, authorization, "/face/livedetectpicture",
               "-H 'Content-Type: application/json' \\\n    -d "
               "'{\"appid\":\"1000001\",\"url\":\"http://example.com/"
               "face.jpg\"}'");
    print_curl(options, port, authorization, "/face/livedetectfour",
               "-F appid=1000001 -F bucket=test -F validate_data=9532 \\\n"
               "    -F compare_flag=true -F 'video=any bytes;filename=a.mp4' "
               "\\\n    -F 'card=any bytes;filename=a.jpg'");
    free(authorization);
}

static void block_signals(sigset_t *set)
{
    signal(SIGPIPE, SIG_IGN);
    sigemptyset(set);
    sigaddset(set, SIGTERM);
    sigaddset(set, SIGINT);
    /* Before any thread starts, so that they all leave them to us. */
    pthread_sigmask(SIG_BLOCK, set, NULL);
}

static int serve(struct mockserver *mock, const struct serve_options *options,
                 const sigset_t *set)
{
    int signal_number;

    if (options->port_file &&
        write_port_file(options->port_file, mockserver_port(mock)) < 0)
        return usage_error("--port-file: cannot write %s: %s",
                           options->port_file, strerror(errno));
    printf("mockserver listening on ");
    print_url(stdout, options->mock.bind, mockserver_port(mock));
    printf("\n");
    fflush(stdout);
    if (!options->mock.accounts)
        print_demo(mock, &options->mock);
    sigwait(set, &signal_number);
    if (options->port_file)
        unlink(options->port_file);
    return 0;
}

static int run(int argc, char **argv)
{
    struct serve_options options;
    struct mockserver *mock;
    char *why = NULL;
    sigset_t set;
    int status;

    serve_options_init(&options);
    status = command_parse(&command_serve, &options, argc, argv);
    if (status >= 0)
        return status;
    block_signals(&set);
    mock = mockserver_start(&options.mock, &why);
    if (!mock) {
        status = usage_error("%s", why ? why : "out of memory");
        free(why);
        return status;
    }
    status = serve(mock, &options, &set);
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
