#include "runner.h"

#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <criterion/criterion.h>
#include <criterion/hooks.h>
#include <criterion/internal/test.h>

#include "bytes.h"
#include "casefile.h"
#include "client_case.h"
#include "config.h"
#include "plan.h"
#include "result.h"
#include "service.h"
#include "value.h"

/* For a case that hangs in spite of its own bounds. */
enum { CASE_TIMEOUT_S = 120 };

/* The case that this process is for. */
static json_t *load_own_case(const char *run_dir)
{
    struct criterion_test_extra_data data;
    json_t *test_case;

    /* It may lie at an odd address in a process of a test. */
    memcpy(&data, criterion_current_test->data, sizeof(data));
    test_case = plan_case_at(run_dir, (long)(intptr_t)data.data);
    cr_assert(test_case != NULL, "%s: the case cannot be read", run_dir);
    return test_case;
}

/* In one piece, since other cases write too. */
static void show(const char *text)
{
    ssize_t n = write(STDERR_FILENO, text, strlen(text));

    (void)n;
}

/* Tells Criterion. Does not return unless the case passed. */
static void tell(const struct result *result)
{
    const char *first = json_string_value(json_array_get(result->failures, 0));
    char *text;

    switch (result->status) {
    case RESULT_SKIPPED:
        cr_skip_test("%s", result->reason);
    case RESULT_INFORMATIONAL:
        cr_skip_test("informational: %s", first);
    case RESULT_KNOWN_FAILING:
        cr_skip_test("known failing (%s): %s", result->reason, first);
    case RESULT_FAILED:
        text = result_text(result);
        cr_assert_fail("%s", text);
    default:
        break;
    }
}

static void run_case(void)
{
    const char *run_dir = getenv(CONFIG_ENV);
    struct config config;
    struct result result;
    char *why = NULL, *text;
    json_t *test_case;

    cr_assert(run_dir != NULL, "%s is not set", CONFIG_ENV);
    cr_assert(config_load(&config, run_dir, &why) == 0, "%s", why);
    test_case = load_own_case(run_dir);
    result_init(&result, test_case);
    if (case_is_client(test_case))
        client_run(&config, test_case, &result);
    else
        service_run(&config, test_case, &result);
    result_conclude(&result, &config);
    cr_assert(result_save(&result, &config) == 0, "%s: cannot be written",
              run_dir);
    if (config.trace) {
        text = result_text(&result);
        show(text);
        free(text);
    }
    tell(&result);
    result_release(&result);
    json_decref(test_case);
    config_release(&config);
}

static void run_test(void)
{
    criterion_internal_test_setup();
    criterion_internal_test_main(run_case);
    criterion_internal_test_teardown();
}

ReportHook(PRE_INIT)(struct criterion_test *test)
{
    const char *run_dir = getenv(CONFIG_ENV);
    char *path = run_dir ? format("%s/started", run_dir) : NULL;
    int fd =
        path ? open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600) : -1;

    free(path);
    if (fd < 0)
        return;
    dprintf(fd, "%s\n", test->name);
    close(fd);
}

/* Borrowed by Criterion up to criterion_finalize(). */
static struct criterion_test *make_test(const json_t *test_case, long place)
{
    struct criterion_test *test = calloc(1, sizeof(*test));
    struct criterion_test_extra_data *data = calloc(1, sizeof(*data));
    const char *kind = case_kind(test_case), *id = case_id(test_case);

    if (!test || !data)
        abort();
    *data = (struct criterion_test_extra_data){
        .lang_ = CR_LANG_C,
        .kind_ = CR_TEST_NORMAL,
        /* What --filter is held against. */
        .identifier_ = format("%s/%s", kind, id),
        .file_ = format("%s", value_find_text(test_case, "file")),
        /* A number, no address. NOLINTNEXTLINE(performance-no-int-to-ptr) */
        .data = (void *)(intptr_t)place,
        .timeout = CASE_TIMEOUT_S,
    };
    *test = (struct criterion_test){
        .name = format("%s", id),
        .category = kind,
        .test = run_test,
        .data = data,
    };
    return test;
}

static void free_test(struct criterion_test *test)
{
    free((char *)test->data->identifier_);
    free((char *)test->data->file_);
    free((char *)test->name);
    free(test->data);
    free(test);
}

int runner_main(const char *run_dir, int argc, char **argv)
{
    struct criterion_test_set *tests = criterion_initialize();
    struct criterion_test *test;
    struct bytes made = {
        0}; /* pointers to the tests, which Criterion borrows */
    struct plan plan;
    json_t *test_case;
    long place;
    int failed = 0;

    if (plan_open(&plan, run_dir) < 0) {
        perror(run_dir);
        return EXIT_SETUP;
    }
    while ((test_case = plan_next(&plan, &place))) {
        test = make_test(test_case, place);
        criterion_register_test(tests, test);
        bytes_add(&made, &test, sizeof(test));
        json_decref(test_case);
    }
    plan_close(&plan);
    if (criterion_handle_args(argc, argv, true))
        failed = !criterion_run_all_tests(tests);
    criterion_finalize(tests);
    for (size_t i = 0; i < made.len; i += sizeof(test)) {
        memcpy(&test, made.data + i, sizeof(test));
        free_test(test);
    }
    bytes_release(&made);
    return failed;
}
