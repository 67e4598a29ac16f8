/*
 * main: one run of the suite: options, cases, set-up, the cases by way of
 * Criterion in a process of its own, and what came of it.
 */
#include <errno.h>
#include <fnmatch.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <curl/curl.h>

#include "bytes.h"
#include "casefile.h"
#include "keeper.h"
#include "now.h"
#include "plan.h"
#include "recording.h"
#include "report.h"
#include "run.h"
#include "runner.h"
#include "setup.h"
#include "suite_options.h"
#include "validate.h"
#include "value.h"

#define SUITE_VERSION "0.1.0"
#define CODES_FILE "fixtures/error_codes.tsv"

/* The process that runs Criterion; what interrupts us is passed on to it, so
 * that the set-up is undone. */
static volatile sig_atomic_t runner_pid;
static volatile sig_atomic_t interrupted_by; /* a signal; 0: none yet */

static void pass_on(int number)
{
    interrupted_by = number;
    if (runner_pid > 0)
        kill((pid_t)runner_pid, number);
}

static int complain(const char *why)
{
    fprintf(stderr, "conformance: %s\n", why);
    return EXIT_SETUP;
}

static int complain_of_signal(void)
{
    char *why = format("interrupted by SIG%s", sigabbrev_np(interrupted_by));
    int status = complain(why);

    free(why);
    return status;
}

static bool is_of_suite(const json_t *test_case, const char *suite)
{
    return strcmp(suite, "both") == 0 ||
           strcmp(suite, case_kind(test_case)) == 0;
}

/* The cases of the suites that are asked for. */
static json_t *select_cases(const struct suite_options *options,
                            const json_t *all)
{
    json_t *selected = json_array();
    json_t *test_case;
    size_t i;

    json_array_foreach((json_t *)all, i, test_case)
    {
        if (is_of_suite(test_case, options->suite))
            json_array_append(selected, test_case);
    }
    return selected;
}

static void list_cases(const struct suite_options *options, const json_t *cases)
{
    const json_t *c;
    size_t i;

    json_array_foreach(cases, i, c)
    {
        char *name = format("%s/%s", case_kind(c), case_id(c));

        if (!options->filter || fnmatch(options->filter, name, 0) == 0)
            printf("%s\t%s\t%s\n", name, value_find_text(c, "requirement"),
                   value_find_text(c, "title"));
        free(name);
    }
}

/* What the processes of the cases read. */
static int write_plan(const struct setup *setup, const json_t *cases,
                      char **why)
{
    if (config_save(&setup->config) == 0 &&
        plan_write(setup->run_dir, cases) == 0)
        return 0;
    *why = format("%s: %s", setup->run_dir, strerror(errno));
    return -1;
}

/* Runs the cases; the status of the process that did, as of wait(). */
static int run_cases(const struct setup *setup,
                     const struct suite_options *options, struct keeper *keeper)
{
    pid_t pid;
    int status;

    setenv(CONFIG_ENV, setup->run_dir, 1);
    fflush(NULL);
    pid = fork();
    if (pid == 0) {
        prctl(PR_SET_PDEATHSIG, SIGTERM);
        signal(SIGINT, SIG_DFL);
        signal(SIGTERM, SIG_DFL);
        if (signal(SIGHUP, SIG_IGN) != SIG_IGN)
            signal(SIGHUP, SIG_DFL);
        status = runner_main(setup->run_dir, options->argc, options->argv);
        /* What this process was forked with is its parent's to undo. */
        fflush(NULL);
        _exit(status);
    }
    if (pid < 0)
        return -1;
    runner_pid = pid;
    status = keeper_serve_until_exit(keeper, pid);
    runner_pid = 0;
    return status;
}

static bool left_result(const struct setup *setup, const char *id)
{
    char *path = format("%s/result/%s.json", setup->run_dir, id);
    bool is_there = access(path, F_OK) == 0;

    free(path);
    return is_there;
}

/* The cases that began, as Criterion's filter has it. */
static json_t *read_started(const struct setup *setup)
{
    char *path = format("%s/started", setup->run_dir);
    struct bytes text = {0};
    json_t *ids = json_array();
    char *rest, *line;

    if (bytes_read_file(&text, path) == 0) {
        rest = text.data;
        while ((line = strsep(&rest, "\n"))) {
            if (*line)
                json_array_append_new(ids, json_string(line));
        }
    }
    bytes_release(&text);
    free(path);
    return ids;
}

/* With --fail-fast the first failure ends what runs beside it, and so does a
 * signal: those cases neither passed nor failed. Without a signal the last one
 * stays, since then something failed. */
static void drop_aborted(const struct setup *setup, json_t *ids)
{
    size_t at_least = interrupted_by ? 0 : 1;

    for (size_t i = json_array_size(ids); i-- > 0;) {
        const char *id = json_string_value(json_array_get(ids, i));

        if (!left_result(setup, id) && json_array_size(ids) > at_least)
            json_array_remove(ids, i);
    }
}

/* Reports, recordings and the summary. */
static int tell(const struct suite_options *options, struct run *run,
                const struct bytes *problems)
{
    struct differences differences = {0};
    struct bytes text = {0};
    char *why = NULL;
    int failed = 0;
    FILE *out = reports_use_stdout(&options->reports) ? stderr : stdout;

    if (options->diff) {
        failed |=
            recording_compare(options->diff, run->results, &differences, &why);
        run->differences = &differences;
    }
    if (options->record && !failed)
        failed |= recording_keep_run(options->record, run, &why);
    if (!failed)
        failed |= reports_write(&options->reports, run, &why);
    if (problems->len > 0)
        fprintf(stderr, "%s", problems->data);
    if (failed)
        complain(why);
    free(why);
    if (json_array_size(run->results) > 0) {
        report_text(run, &text);
        /* A reader that has seen enough is no failure; a full disk is. */
        if ((fputs(text.data, out) < 0 || fflush(out) != 0) && errno != EPIPE) {
            perror("conformance: the summary");
            failed = -1;
        }
    }
    bytes_release(&text);
    run->differences = NULL;
    differences_release(&differences);
    return failed ? EXIT_SETUP : 0;
}

static int judge(const struct run *run, int status,
                 const struct bytes *problems)
{
    struct tally tally = run_tally(run);
    bool ended_well = WIFEXITED(status) && WEXITSTATUS(status) == 0;

    if (interrupted_by)
        return complain_of_signal();
    /* Criterion itself came to grief, and may not have said why. */
    if (json_array_size(run->results) == 0 && !ended_well)
        return complain("the run did not come to its end");
    if (json_array_size(run->results) == 0)
        return complain("no case was selected; --list shows what there is");
    if (tally.of[RESULT_SKIPPED] == tally_total(&tally))
        return complain("nothing ran: every case was skipped");
    if (tally.of[RESULT_FAILED] > 0 || problems->len > 0)
        return EXIT_CHECK;
    if (!ended_well)
        return complain("the run did not come to its end");
    return 0;
}

static int run_suite(struct setup *setup, const struct suite_options *options,
                     const json_t *cases, struct bytes *problems)
{
    struct run run = {.version = SUITE_VERSION,
                      .target = config_target_name(setup->config.target),
                      .base_url = setup->config.base_url,
                      .client = setup->config.client,
                      .started = time(NULL)};
    struct keeper *keeper = NULL;
    long long began = now_ms();
    json_t *started;
    char *why = NULL;
    int status, failed;

    if (setup->config.client && strcmp(options->suite, "service") != 0) {
        keeper = keeper_new(&setup->config, &setup->config.features, &why);
        if (!keeper) {
            failed = interrupted_by ? complain_of_signal() : complain(why);
            free(why);
            return failed;
        }
    }
    if (write_plan(setup, cases, &why) < 0) {
        failed = complain(why);
        free(why);
        keeper_free(keeper, problems);
        return failed;
    }
    status = run_cases(setup, options, keeper);
    keeper_free(keeper, problems);
    run.duration_ms = now_ms() - began;
    started = read_started(setup);
    if (options->fail_fast || interrupted_by)
        drop_aborted(setup, started);
    run_collect(&run, started, setup->run_dir);
    json_decref(started);
    failed = tell(options, &run, problems);
    if (!failed)
        failed = judge(&run, status, problems);
    run_release(&run);
    return failed;
}

/* Directories that the run will need at its end. */
static int check_directories(const struct suite_options *options, char **why)
{
    if (options->record && recording_prepare(options->record, why) < 0)
        return -1;
    return options->diff ? recording_check(options->diff, why) : 0;
}

/* What was waited for when a signal came is not to blame. */
static int interrupted_status(int status)
{
    return interrupted_by ? complain_of_signal() : status;
}

static int set_up_and_run(const struct suite_options *options,
                          const json_t *cases)
{
    struct setup setup;
    struct bytes problems = {0};
    char *why = NULL;
    int status;

    if (setup_make(&setup, options, &why) < 0 ||
        check_directories(options, &why) < 0)
        status = interrupted_by ? complain_of_signal() : complain(why);
    else if (interrupted_by)
        status = complain_of_signal();
    else if (options->validate_protocol)
        status = interrupted_status(validate_protocol(&setup.config));
    else
        status = run_suite(&setup, options, cases, &problems);
    free(why);
    setup_release(&setup, &problems);
    bytes_release(&problems);
    return status;
}

static int run_with_cases(const struct suite_options *options)
{
    char *why = NULL;
    json_t *all = cases_load(options->cases_dir, CODES_FILE, &why);
    json_t *cases;
    int status = 0;

    if (!all && access(CODES_FILE, F_OK) < 0) {
        free(why);
        why = format(CODES_FILE ": %s; run this in the project's directory",
                     strerror(errno));
    }
    if (!all) {
        status = complain(why);
        free(why);
        return status;
    }
    cases = select_cases(options, all);
    if (options->list)
        list_cases(options, options->config.client ? cases : all);
    else
        status = set_up_and_run(options, cases);
    json_decref(cases);
    json_decref(all);
    return status;
}

int main(int argc, char **argv)
{
    struct suite_options options;
    struct sigaction action = {.sa_handler = pass_on};
    char *why = NULL;
    int status = 0;

    signal(SIGPIPE, SIG_IGN);
    sigaction(SIGINT, &action, NULL);
    sigaction(SIGTERM, &action, NULL);
    /* Under nohup it stays ignored. */
    if (signal(SIGHUP, SIG_IGN) != SIG_IGN)
        sigaction(SIGHUP, &action, NULL);
    curl_global_init(CURL_GLOBAL_DEFAULT);
    if (suite_options_parse(&options, argc, argv, &why) != SUITE_OPTIONS_OK)
        status = complain(why);
    else if (options.help)
        suite_options_help();
    else
        status = run_with_cases(&options);
    free(why);
    suite_options_release(&options);
    curl_global_cleanup();
    return status;
}
