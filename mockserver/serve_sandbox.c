#include "serve_sandbox.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "log.h"

/* What is opened, or removed, after everything was read. */
static void allow_files(struct sandbox *sandbox,
                        const struct serve_options *options)
{
    sandbox_allow(sandbox, options->mock.settings.url_root, SANDBOX_READ);
    sandbox_allow(sandbox, options->mock.journal_file, SANDBOX_APPEND_TO);
    sandbox_allow(sandbox, options->port_file, SANDBOX_REPLACE);
}

static int enter(const struct sandbox *sandbox, char **why)
{
    char *reason;
    enum sandbox_extent extent = sandbox_enter(sandbox, &reason);

    if (extent == SANDBOX_NONE) {
        if (asprintf(why, "--sandbox: %s", reason ? reason : "out of memory") <
            0)
            *why = NULL;
        free(reason);
        return -1;
    }
    return (int)extent;
}

static void tell(const struct serve_options *options, int extent)
{
    const struct log log = {.level = options->mock.log_level};

    if (extent == SANDBOX_ALL)
        log_write(&log, LOG_INFO,
                  "sandbox: system calls and files are confined");
    else
        log_write(&log, LOG_WARN,
                  "sandbox: system calls are confined, files are not: this "
                  "kernel has no Landlock");
}

static int before_threads(void *cls, char **why)
{
    const struct serve_options *options = cls;
    struct sandbox sandbox = {0};
    int extent;

    allow_files(&sandbox, options);
    extent = enter(&sandbox, why);
    if (extent < 0)
        return -1;
    tell(options, extent);
    return 0;
}

struct mockserver *serve_sandbox_start(struct serve_options *options,
                                       char **why)
{
    if (options->sandbox) {
        options->mock.before_threads = before_threads;
        options->mock.before_threads_cls = options;
    }
    return mockserver_start(&options->mock, why);
}

struct starting {
    struct serve_options *options;
    struct mockserver *mock;
    char *why;
};

static void *start(void *arg)
{
    struct starting *s = arg;

    s->mock = serve_sandbox_start(s->options, &s->why);
    return NULL;
}

/* The threads that a thread starts are confined as it is; that one is gone
 * when its work is done. */
struct mockserver *serve_sandbox_start_apart(struct serve_options *options,
                                             char **why)
{
    struct starting starting = {.options = options};
    pthread_t thread;
    int error;

    if (!options->sandbox)
        return serve_sandbox_start(options, why);
    error = pthread_create(&thread, NULL, start, &starting);
    if (error == 0) {
        pthread_join(thread, NULL);
        *why = starting.why;
        return starting.mock;
    }
    if (asprintf(why, "--sandbox: cannot start a thread: %s", strerror(error)) <
        0)
        *why = NULL;
    return NULL;
}

int serve_sandbox_enter(const struct serve_options *options,
                        struct sandbox *sandbox)
{
    char *why = NULL;
    int status = 0;

    if (!options->sandbox)
        return 0;
    allow_files(sandbox, options);
    if (enter(sandbox, &why) < 0)
        status = usage_error("%s", why ? why : "--sandbox: out of memory");
    free(why);
    return status;
}
