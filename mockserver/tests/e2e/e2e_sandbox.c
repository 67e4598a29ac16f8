/*
 * e2e_sandbox: --sandbox, which gives up what serving does not need. What can
 * still be served is the matter of all other tests, by `make sandbox-test`;
 * what is taken away, of test_sandbox.c.
 */
#include "expect.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* The program may be built without it, or for a kernel that refuses. */
static bool is_missing(void)
{
    struct run run = run_program("exec", "--sandbox", "--", "true", NULL);

    if (run.status == 0)
        return false;
    cr_expect(eq(int, run.status, 2), "stderr:\n%s", run.err);
    cr_expect(strncmp(run.err, "mockserver: --sandbox: ", 23) == 0,
              "stderr:\n%s", run.err);
    cr_expect(strchr(run.err, '\n') == run.err + run.err_len - 1,
              "not one line:\n%s", run.err);
    return true;
}

#define NEED_SANDBOX()                                                         \
    do {                                                                       \
        if (is_missing())                                                      \
            cr_skip_test("no --sandbox here");                                 \
    } while (0)

Test(e2e_sandbox, a_build_with_a_sanitizer_refuses, .timeout = 10)
{
    struct run run;

    if (!server_is_sanitized())
        cr_skip_test("this build has none");
    run = run_program("--sandbox", "--port", "0", NULL);
    cr_expect(eq(int, run.status, 2));
    cr_expect(strstr(run.err, "--sandbox: ") && strstr(run.err, "sanitizer"),
              "%s", run.err);
}

/* A number that /proc/…/status has, or -1. */
static int status_number(const char *path, const char *field)
{
    struct bytes text = {0};
    const char *at;

    if (bytes_read_file(&text, path) < 0)
        return -1;
    at = strstr(text.data, format("\n%s:", field));
    return at ? (int)strtol(at + strlen(field) + 2, NULL, 10) : -1;
}

/* The test itself may run under a filter, of a container. */
static int own_filters(void)
{
    return status_number("/proc/self/status", "Seccomp_filters");
}

/* Of all its threads; returns how many there are. */
static size_t expect_confined(const struct server *s)
{
    DIR *tasks = opendir(format("/proc/%d/task", (int)s->pid));
    struct dirent *task;
    size_t n = 0;

    cr_assert(tasks != NULL);
    while ((task = readdir(tasks))) {
        const char *status =
            format("/proc/%d/task/%s/status", (int)s->pid, task->d_name);

        if (task->d_name[0] == '.')
            continue;
        cr_expect(eq(int, status_number(status, "NoNewPrivs"), 1));
        cr_expect(eq(int, status_number(status, "Seccomp_filters"),
                     own_filters() + 1));
        n++;
    }
    closedir(tasks);
    return n;
}

Test(e2e_sandbox, every_thread_is_confined, .timeout = 10)
{
    struct server s;
    struct client c;
    size_t before;

    NEED_SANDBOX();
    server_start(&s, "--sandbox", "--threads", "3", NULL);
    before = expect_confined(&s);
    /* The threads for TLS, and its certificates, are made now. */
    client_open(&c, &s);
    cr_assert(client_start_tls(&c, NULL, NULL) == NULL);
    client_close(&c);
    cr_expect(gt(sz, expect_confined(&s), before));
    expect_alive(&s);
    server_stop(&s);
}

Test(e2e_sandbox, the_command_of_exec_is_not_confined, .timeout = 10)
{
    struct run run;
    char text[64];

    NEED_SANDBOX();
    snprintf(text, sizeof(text), "NoNewPrivs:\t%d\nSeccomp_filters:\t%d\n",
             status_number("/proc/self/status", "NoNewPrivs"), own_filters());
    run = run_program("exec", "--sandbox", "--", "grep", "-E",
                      "^(NoNewPrivs|Seccomp_filters):", "/proc/self/status",
                      NULL);
    cr_expect(eq(int, run.status, 0), "stderr:\n%s", run.err);
    cr_expect(eq(str, run.out, text));
}

/* The parent of the command is the server. Its main thread is confined once the
 * command was started. */
Test(e2e_sandbox, exec_itself_is_confined, .timeout = 10)
{
    struct run run;

    NEED_SANDBOX();
    run = run_program("exec", "--sandbox", "--", "sh", "-c",
                      "until [ \"$(cat /proc/$PPID/task/*/status |"
                      " grep '^Seccomp_filters:' | sort -u)\" = \"$1\" ];"
                      " do [ -d /proc/$PPID ] || exit 1; done",
                      "sh", format("Seccomp_filters:\t%d", own_filters() + 1),
                      NULL);
    cr_expect(eq(int, run.status, 0), "stderr:\n%s", run.err);
}

static void expect_url(const struct server *s, const char *url, int code)
{
    struct reply r = send_json(
        s, PICTURE, format("{\"appid\":\"1000001\",\"url\":\"%s\"}", url));

    expect_code(&r, code);
}

/* A link in --url-root that leads out of it is followed, but for this. */
Test(e2e_sandbox, a_link_does_not_lead_out_of_the_url_root, .timeout = 10)
{
    const char *root = format("%s/root", scratch_dir());
    struct server s;

    NEED_SANDBOX();
    scratch_file("outside.gif", gif89a, gif_len);
    scratch_file("root/a.example/in", gif89a, gif_len);
    cr_assert(symlink("../../outside.gif", format("%s/a.example/out", root)) ==
              0);

    server_start(&s, "--url-root", root, NULL);
    if (!getenv("MOCKSERVER_ARGS"))
        expect_url(&s, "http://a.example/out", -4016);
    server_stop(&s);

    server_start(&s, "--sandbox", "--url-root", root, NULL);
    expect_url(&s, "http://a.example/in", -4016);
    if (!strstr(server_stderr(), "no Landlock"))
        expect_url(&s, "http://a.example/out", -5805);
    server_stop(&s);
}

Test(e2e_sandbox, the_log_tells_what_is_confined, .timeout = 10)
{
    struct server s;

    NEED_SANDBOX();
    server_start(&s, "--sandbox", "--log-level", "info", NULL);
    cr_expect(strstr(server_stderr(), ": sandbox: system calls") != NULL, "%s",
              server_stderr());
    server_stop(&s);
}

/* The connection is reset, not closed in order: without that call the fault
 * would be another. */
Test(e2e_sandbox, a_reset_is_still_a_reset, .timeout = 10)
{
    struct server s;
    struct reply r;

    NEED_SANDBOX();
    server_start(&s, "--sandbox", NULL);
    r = send_fault(&s, GETFOUR, "reset");
    expect_end(&r, REPLY_RESET);
    server_stop(&s);
}
