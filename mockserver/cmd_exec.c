/* mockserver exec: serves for as long as a command runs, and judges what the
 * command sent. */
#include <errno.h>
#include <inttypes.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>
#include "commands.h"
#include "exec_environment.h"
#include "exec_trust.h"
#include "files.h"
#include "serve_sandbox.h"
#include "signals.h"
#include "verdict.h"

enum {
    REPORT_MAX = 64 * 1024 * 1024,
    /* as shells have them */
    STATUS_NOT_EXECUTABLE = 126,
    STATUS_NOT_FOUND = 127,
    STATUS_SIGNAL = 128
};

struct exec_options {
    struct serve_options serve; /* first, for the options of serving */
    const char *report;         /* NULL: none */
    enum verdict_format report_format;
    uint64_t min_requests;
    bool no_proxy_env;
    const char *java_truststore; /* NULL: none */
};

static bool ends_with(const char *s, const char *end)
{
    size_t len = strlen(s), end_len = strlen(end);

    return len > end_len && !strcmp(s + len - end_len, end);
}

static bool set_report(void *target, const char *value, char *why)
{
    struct exec_options *options = target;

    (void)why;
    options->report = value;
    options->report_format =
        ends_with(value, ".xml") ? VERDICT_JUNIT : VERDICT_JSON;
    return ends_with(value, ".xml") || ends_with(value, ".json");
}

static bool set_min_requests(void *target, const char *value, char *why)
{
    struct exec_options *options = target;

    (void)why;
    return options_number(value, 0, UINT64_MAX, &options->min_requests);
}

static bool set_no_proxy_env(void *target, const char *value, char *why)
{
    (void)value;
    (void)why;
    ((struct exec_options *)target)->no_proxy_env = true;
    return true;
}

static bool set_java_truststore(void *target, const char *value, char *why)
{
    (void)why;
    ((struct exec_options *)target)->java_truststore = value;
    return value[0] != '\0';
}

static const struct option_row rows[] = {
    {
        .name = "report",
        .argument = "FILE",
        .help = "write the verdict here: as JSON with the coverage when\n"
                "FILE ends in .json, as JUnit XML when in .xml",
        .expected = "a path that ends in .json or .xml",
        .set = set_report,
    },
    {
        .name = "min-requests",
        .argument = "N",
        .help = "fail when COMMAND sent fewer (default 0)",
        .expected = "a number",
        .set = set_min_requests,
    },
    {
        .name = "no-proxy-env",
        .help = "leave COMMAND's http_proxy, SSL_CERT_FILE and their like\n"
                "as they are",
        .set = set_no_proxy_env,
    },
    {
        .name = "java-truststore",
        .argument = "FILE",
        .help = "write the CA here for Java, by keytool; its password is\n"
                "changeit",
        .expected = "a path",
        .set = set_java_truststore,
    },
};

static const struct option_table table = {
    .rows = rows,
    .n_rows = sizeof(rows) / sizeof(rows[0]),
    .more = &serve_option_table,
};

/* the command */

/*
 * Starts the command with the signals as we found them. Threads run already,
 * so that it is posix_spawnp(), which runs nothing of ours in the child.
 * Returns 0 or an error number.
 */
static int start_command(char **argv, const struct exec_environment *e,
                         const struct signals *signals, pid_t *pid)
{
    short flags = POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF;
    posix_spawnattr_t attributes;
    sigset_t defaults;
    int error;

    sigemptyset(&defaults);
    if (!signals->pipe_was_ignored)
        sigaddset(&defaults, SIGPIPE);
    if (!signals->size_was_ignored)
        sigaddset(&defaults, SIGXFSZ);
    posix_spawnattr_init(&attributes);
    posix_spawnattr_setflags(&attributes, flags);
    posix_spawnattr_setsigmask(&attributes, &signals->old_mask);
    posix_spawnattr_setsigdefault(&attributes, &defaults);
    error = posix_spawnp(pid, argv[0], NULL, &attributes, argv, e->list);
    posix_spawnattr_destroy(&attributes);
    return error;
}

/* One that the terminal sends went to the whole foreground group, the command
 * included; twice would be once too many. */
static void on_signal(struct mockserver *mock, pid_t pid, const siginfo_t *info)
{
    switch (info->si_signo) {
    case SIGCHLD:
        break;
    case SIGHUP:
        if (mockserver_reopen(mock) < 0)
            usage_error("--journal-file: cannot open it anew: %s",
                        strerror(errno));
        break;
    default:
        if (info->si_code != SI_KERNEL)
            kill(pid, info->si_signo);
    }
}

/* Waits for the command's end and hands signals on to it meanwhile. Returns
 * its exit status as shells tell it. */
static int wait_for_command(struct mockserver *mock, pid_t pid,
                            const struct signals *signals)
{
    siginfo_t info;
    int status = 0;

    while (waitpid(pid, &status, WNOHANG) == 0) {
        if (sigwaitinfo(&signals->set, &info) > 0)
            on_signal(mock, pid, &info);
    }
    return WIFSIGNALED(status) ? STATUS_SIGNAL + WTERMSIG(status)
                               : WEXITSTATUS(status);
}

/* With --sandbox: the command runs, as free as ever, and we need no more than
 * to wait for it and to clear away. Returns 0, or EXIT_USAGE after a line on
 * stderr; the command is then ended. */
static int confine(const struct exec_options *options,
                   const struct exec_trust *trust, pid_t pid)
{
    const bool has_ca = trust->dir[0] != '\0';
    struct sandbox sandbox = {.child = pid};
    int status;

    sandbox_allow(&sandbox, options->report, SANDBOX_REPLACE);
    sandbox_allow(&sandbox, has_ca ? trust->ca : NULL, SANDBOX_REPLACE);
    sandbox_allow(&sandbox, has_ca ? trust->dir : NULL, SANDBOX_REMOVE_DIR);
    status = serve_sandbox_enter(&options->serve, &sandbox);
    if (status != 0) {
        kill(pid, SIGTERM);
        waitpid(pid, NULL, 0);
    }
    return status;
}

/* Runs the command to its end. Returns its exit status, or as shells do 127
 * or 126 with *started false when there is none. */
static int run_command(struct mockserver *mock,
                       const struct exec_options *options,
                       const struct exec_trust *trust, char **argv,
                       const struct signals *signals, bool *started)
{
    const struct exec_environment_options environment = {
        .bind = options->serve.mock.bind,
        .ca = trust->ca,
        .proxy = !options->no_proxy_env && options->serve.mock.settings.proxy,
        .trust = !options->no_proxy_env,
    };
    struct exec_environment e;
    pid_t pid;
    int error;

    exec_environment_init(&e, mock, &environment);
    error = start_command(argv, &e, signals, &pid);
    exec_environment_release(&e);
    *started = error == 0 && confine(options, trust, pid) == 0;
    if (*started)
        return wait_for_command(mock, pid, signals);
    if (error == 0)
        return EXIT_USAGE;
    usage_error("cannot run %s: %s%s", argv[0], strerror(error),
                strpbrk(argv[0], " \t\n")
                    ? "; the command is run without a shell; use sh -c '...'"
                    : "");
    return error == ENOENT ? STATUS_NOT_FOUND : STATUS_NOT_EXECUTABLE;
}

/* the verdict */

static void print_verdict(struct verdict *verdict)
{
    struct strbuf out;

    strbuf_init(&out, REPORT_MAX);
    if (verdict_render(verdict, NULL, VERDICT_TEXT, &out) < 0)
        usage_error("out of memory for the verdict");
    else
        fwrite(out.buf, 1, out.len, stderr);
    strbuf_release(&out);
}

/* What came of it all. */
struct outcome {
    int status; /* the command's */
    uint64_t min_requests;
    struct verdict_summary sum;
};

static bool is_enough(const struct outcome *o)
{
    return o->sum.n_requests >= o->min_requests;
}

static int render_junit(struct verdict *verdict, const struct outcome *o,
                        struct strbuf *out)
{
    char command[64], few[96];
    const struct verdict_case cases[] = {
        {"exec.command", o->status == 0 ? NULL : command},
        {"exec.min-requests", is_enough(o) ? NULL : few},
    };

    snprintf(command, sizeof(command), "the command's status was %d",
             o->status);
    snprintf(few, sizeof(few),
             "%" PRIu64 " requests, expected at least %" PRIu64,
             o->sum.n_requests, o->min_requests);
    return verdict_render_junit(verdict, cases,
                                sizeof(cases) / sizeof(cases[0]), out);
}

/* The JSON object of the verdict, with two further members. */
static int render_json(struct verdict *verdict, const struct outcome *o,
                       struct strbuf *out)
{
    bool ok = o->status == 0 && is_enough(o) && o->sum.conformant;

    if (verdict_render(verdict, NULL, VERDICT_JSON, out) < 0)
        return -1;
    strbuf_truncate(out, out->len - 1);
    strbuf_addstr(out, ",\"coverage\":");
    verdict_render_coverage(verdict, NULL, out);
    strbuf_addf(out,
                ",\"exec\":{\"status\":%d,\"min_requests\":%" PRIu64
                ",\"requests\":%" PRIu64 ",\"ok\":%s}}\n",
                o->status, o->min_requests, o->sum.n_requests,
                ok ? "true" : "false");
    return out->failed ? -1 : 0;
}

/* Before the command runs, which may take long. Returns 0, or EXIT_USAGE after
 * a line on stderr. */
static int try_report(const struct exec_options *options)
{
    if (!options->report || files_can_replace(options->report) == 0)
        return 0;
    return usage_error("--report: cannot write %s: %s", options->report,
                       strerror(errno));
}

/* Returns 0, or EXIT_USAGE after a line on stderr. */
static int write_report(struct verdict *verdict,
                        const struct exec_options *options,
                        const struct outcome *o)
{
    struct strbuf out;
    int status = 0;
    int rendered;

    if (!options->report)
        return 0;
    strbuf_init(&out, REPORT_MAX);
    rendered = options->report_format == VERDICT_JUNIT
                   ? render_junit(verdict, o, &out)
                   : render_json(verdict, o, &out);
    if (rendered < 0)
        status = usage_error("--report: out of memory");
    else if (files_replace(options->report, out.buf, out.len) < 0)
        status = usage_error("--report: cannot write %s: %s", options->report,
                             strerror(errno));
    strbuf_release(&out);
    return status;
}

/* Returns 0, or 1 after a line on stderr for each thing that is amiss. */
static int judge(const struct outcome *o)
{
    if (!o->sum.conformant)
        usage_error("not conformant: %" PRIu64 " must findings", o->sum.n_must);
    if (!is_enough(o))
        usage_error("too few requests: %" PRIu64 ", expected at least %" PRIu64,
                    o->sum.n_requests, o->min_requests);
    return o->sum.conformant && is_enough(o) ? 0 : 1;
}

/* The command has ended, or was never there. Returns the exit status of all. */
static int conclude(struct mockserver *mock, const struct exec_options *options,
                    int status)
{
    struct verdict *verdict = mockserver_verdict(mock);
    struct outcome outcome = {
        .status = status,
        .min_requests = options->min_requests,
        .sum = verdict_summary(verdict, NULL),
    };
    int report, judgement;

    print_verdict(verdict);
    report = write_report(verdict, options, &outcome);
    judgement = judge(&outcome);
    if (status != 0)
        return status;
    return report != 0 ? report : judgement;
}

/* The server runs, and the command can trust it. */
static int exec_command(struct mockserver *mock,
                        const struct exec_options *options,
                        const struct exec_trust *trust, char **argv,
                        const struct signals *signals)
{
    bool started;
    int status = command_write_port_file(&options->serve, mock);

    if (status != 0)
        return status;
    status = run_command(mock, options, trust, argv, signals, &started);
    if (options->serve.port_file)
        unlink(options->serve.port_file);
    mockserver_finish(mock);
    return started ? conclude(mock, options, status) : status;
}

static int serve_and_exec(struct mockserver *mock,
                          const struct exec_options *options, char **argv,
                          const struct signals *signals)
{
    struct exec_trust trust;
    int status = exec_trust_init(&trust, mock);

    if (status == 0 && options->java_truststore)
        status =
            exec_trust_write_java(&trust, options->java_truststore, signals);
    if (status == 0)
        status = exec_command(mock, options, &trust, argv, signals);
    exec_trust_release(&trust);
    return status;
}

static int run(int argc, char **argv)
{
    struct exec_options options = {0};
    struct signals signals;
    struct mockserver *mock;
    char *why = NULL;
    int rest = 0;
    int status;

    serve_options_init(&options.serve);
    options.serve.mock.port = 0;
    status = command_parse_options(&command_exec, &options, argc, argv, &rest);
    if (status >= 0)
        return status;
    if (rest == argc)
        return usage_error("no COMMAND given; see mockserver exec --help");
    status = try_report(&options);
    if (status != 0)
        return status;
    signals_block(&signals);
    signals_block_also(&signals, SIGCHLD);
    signals_block_also(&signals, SIGHUP);
    mock = serve_sandbox_start_apart(&options.serve, &why);
    if (!mock) {
        status = usage_error("%s", why ? why : "out of memory");
        free(why);
        return status;
    }
    status = serve_and_exec(mock, &options, argv + rest, &signals);
    mockserver_stop(mock);
    return status;
}

const struct command command_exec = {
    .name = "exec",
    .usage = "[OPTIONS] -- COMMAND [ARGUMENT...]",
    .summary = "serve while COMMAND runs, and judge what it sent",
    .details =
        "The options of serving count too, but the port is a free one "
        "by default. COMMAND\nfinds LIVEDETECT_URL, _HTTPS_URL, _CA_FILE, "
        "_APPID, _BUCKET, _SECRET_ID and\n_SECRET_KEY in its "
        "environment, and the server for its proxy and its CA. The\n"
        "exit status is that of COMMAND; when it was 0, 1 if what it "
        "sent does not\nconform or was too little.",
    .options = &table,
    .run = run,
};
