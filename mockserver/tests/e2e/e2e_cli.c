/*
 * e2e_cli: the command line (docs/contract.md section 10).
 */
#include "expect.h"

#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <sys/stat.h>
#include <unistd.h>

/* One line on stderr, nothing on stdout, status 2. */
static void expect_usage_error(const struct run *run, const char *what)
{
    const char *eol = strchr(run->err, '\n');

    cr_expect(eq(int, run->status, 2), "%s: status %d, stderr:\n%s", what,
              run->status, run->err);
    cr_expect(eol != NULL && eol[1] == '\0' && eol > run->err,
              "%s: not one line on stderr:\n%s", what, run->err);
    cr_expect(eq(sz, run->out_len, 0), "%s: stdout:\n%s", what, run->out);
}

Test(e2e_cli, a_bad_option_is_one_line_and_exit_2, .timeout = 10)
{
    static const char *const options[] = {
        "--nonsense",
        "-x",
        "nonsense",
        "--port=abc",
        "--port=65536",
        "--port=-1",
        "--port=",
        "--bind=nonsense",
        "--bind=300.1.1.1",
        "--fault=nonsense",
        "--fault=",
        "--http-status=maybe",
        "--http-status=404",
        "--messages=fr",
        "--max-body=-1",
        "--max-body=lots",
        "--threads=x",
        "--threads=-2",
        "--seed=x",
        "--log-level=loud",
        "--sim=101",
        "--sim=-1",
        "--score=x",
        "--score=101",
        "--url-root=/nonexistent/dir",
        "--port",
        "--accounts=/nonexistent/file",
        "--no-request-triggers=yes",
    };

    for (size_t i = 0; i < sizeof(options) / sizeof(options[0]); i++) {
        struct run run = run_program(options[i], NULL);

        expect_usage_error(&run, options[i]);
    }
}

Test(e2e_cli, the_line_names_the_value, .timeout = 10)
{
    struct run run = run_program("--fault=nonsense", NULL);

    cr_expect(strstr(run.err, "nonsense") != NULL, "%s", run.err);
    run = run_program("--accounts=/nonexistent/file", NULL);
    cr_expect(strstr(run.err, "/nonexistent/file") != NULL, "%s", run.err);
}

Test(e2e_cli, a_bad_accounts_file_is_one_line_and_exit_2, .timeout = 10)
{
    static const char *const texts[] = {
        "",
        "nonsense",
        "[]",
        "{}",
        "{\"accounts\":[]}",
        "{\"accounts\":{}}",
        "{\"accounts\":[{}]}",
        "{\"accounts\":[{\"appid\":\"1\"}]}",
        "{\"accounts\":[{\"appid\":\"1\",\"keys\":[{\"secret_id\":\"a\"}]}]}",
        "{\"accounts\":[{\"appid\":5,\"keys\":[{\"secret_id\":\"a\","
        "\"secret_key\":\"hush-hush\"}]}]}",
        "{\"accounts\":[{\"appid\":\"1\",\"status\":\"gone\",\"keys\":"
        "[{\"secret_id\":\"a\",\"secret_key\":\"hush-hush\"}]}]}",
        "{\"accounts\":[{\"appid\":\"1\",\"rate_per_second\":-1,\"keys\":"
        "[{\"secret_id\":\"a\",\"secret_key\":\"hush-hush\"}]}]}",
        "{\"accounts\":[{\"appid\":\"1\",\"buckets\":\"test\",\"keys\":"
        "[{\"secret_id\":\"a\",\"secret_key\":\"hush-hush\"}]}]}",
        "{\"accounts\":[{\"appid\":\"1\",\"keys\":[{\"secret_id\":\"a\","
        "\"secret_key\":\"hush-hush\"}]},{\"appid\":\"2\",\"keys\":"
        "[{\"secret_id\":\"a\",\"secret_key\":\"hush-hush\"}]}]}",
        "{\"accounts\":[{\"appid\":\"1\",\"keys\":[{\"secret_id\":\"a\","
        "\"secret_key\":\"hush-hush\"}]}]} x",
    };

    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        const char *path = scratch_file("bad.json", texts[i], strlen(texts[i]));
        struct run run = run_program("--accounts", path, NULL);

        expect_usage_error(&run, texts[i]);
        cr_expect(strstr(run.err, path) != NULL, "no path in: %s", run.err);
        cr_expect(eq(ptr, strstr(run.err, "hush"), NULL), "a secret in: %s",
                  run.err);
        run = run_program("check-config", "--accounts", path, NULL);
        expect_usage_error(&run, texts[i]);
    }
}

Test(e2e_cli, a_port_in_use_is_one_line_and_exit_2, .timeout = 10)
{
    struct server s;
    struct run run;

    server_start(&s, NULL);
    run = run_program("--port", format("%d", s.port), NULL);
    expect_usage_error(&run, "port in use");
    cr_expect(strstr(run.err, format("%d", s.port)) != NULL, "%s", run.err);
    expect_alive(&s);
    server_stop(&s);
}

Test(e2e_cli, an_accounts_file_serves, .timeout = 10)
{
    static const char json[] =
        "{\"accounts\":[{\"appid\":\"77\",\"buckets\":[\"b\"],\"keys\":"
        "[{\"secret_id\":\"id77\",\"secret_key\":\"key77\"}],"
        "\"status\":\"active\",\"rate_per_second\":1000}]}";
    static const struct credentials c = {"77", "b", "id77", "key77"};
    struct server s;
    struct request q = request_json(GETFOUR, "{\"appid\":\"77\"}");
    struct reply r;

    server_start(&s, "--accounts",
                 scratch_file("accounts.json", json, sizeof(json) - 1), NULL);
    q.authorization = sign(&c);
    r = send_request(&s, &q);
    expect_success(&r);
    q.authorization = sign(&demo);
    r = send_request(&s, &q);
    expect_code(&r, 10);
    server_stop(&s);
}

/* The file may appear a moment after the line on stdout. */
Test(e2e_cli, the_port_file_holds_the_port, .timeout = 10)
{
    const char *path = format("%s/port", scratch_dir());
    struct server s;
    char text[32] = "";
    FILE *f = NULL;

    server_start(&s, "--port-file", path, NULL);
    while (!f) {
        f = fopen(path, "r");
        sched_yield();
    }
    cr_assert(fgets(text, sizeof(text), f) != NULL);
    fclose(f);
    cr_expect(eq(long, strtol(text, NULL, 10), s.port), "it holds: %s", text);
    server_stop(&s);
}

Test(e2e_cli, a_port_file_that_cannot_be_written_is_exit_2, .timeout = 10)
{
    struct run run =
        run_program("--port=0", "--port-file", "/nonexistent/dir/port", NULL);

    cr_expect(eq(int, run.status, 2), "%s", run.err);
    cr_expect(strstr(run.err, "/nonexistent/dir/port") != NULL, "%s", run.err);
}

Test(e2e_cli, sigint_stops_as_sigterm_does, .timeout = 10)
{
    struct server s;

    server_start(&s, NULL);
    cr_assert(eq(int, kill(s.pid, SIGINT), 0));
    server_wait(&s);
}

Test(e2e_cli, help_is_on_stdout, .timeout = 10)
{
    static const char *const commands[] = {NULL, "sign", "errors",
                                           "check-config"};

    for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++) {
        struct run run = i ? run_program(commands[i], "--help", NULL)
                           : run_program("--help", NULL);

        cr_expect(eq(int, run.status, 0));
        cr_expect(eq(sz, run.err_len, 0), "%s", run.err);
        cr_expect(strstr(run.out, "usage: mockserver") != NULL, "%s", run.out);
    }
}

/* What `sign` printed, without its line end. */
static const char *signed_by(const struct run *run)
{
    size_t len = strcspn(run->out, "\n");

    cr_expect(eq(int, run->status, 0), "%s", run->err);
    cr_expect_str_eq(run->out + len, "\n");
    return format("%.*s", (int)len, run->out);
}

Test(e2e_cli, what_sign_prints_is_accepted, .timeout = 10)
{
    struct run run = run_program("sign", NULL);
    struct request q = request_good(FOUR);
    struct server s;
    struct reply r;

    server_start(&s, NULL);
    q.authorization = signed_by(&run);
    for (int i = 0; i < 2; i++) {
        r = send_request(&s, &q);
        expect_success(&r);
    }
    server_stop(&s);
}

Test(e2e_cli, sign_takes_key_bucket_and_single_use, .timeout = 10)
{
    struct run run = run_program("sign", "--secret-id", "AKIDdemo1000001b",
                                 "--bucket", "other", "--single-use", NULL);
    struct form f = form_four("true");
    struct request q;
    struct server s;
    struct reply r;

    form_set(&f, "bucket", "other");
    q = request_form(FOUR, &f);
    q.authorization = signed_by(&run);
    server_start(&s, NULL);
    r = send_request(&s, &q);
    expect_success(&r);
    r = send_request(&s, &q);
    expect_code(&r, 13);
    server_stop(&s);
}

Test(e2e_cli, sign_agrees_with_our_own_signer, .timeout = 10)
{
    struct run run =
        run_program("sign", "--now", "1436077115", "--valid", "2592000",
                    "--rand", "11162", "--userid", "0", NULL);

    cr_expect_str_eq(signed_by(&run),
                     sign_text(demo.secret_key,
                               "a=1000001&b=test&k=AKIDdemo1000001"
                               "&e=1438669115&t=1436077115&r=11162&u=0&f="));
}

Test(e2e_cli, sign_refuses_what_it_does_not_know, .timeout = 10)
{
    struct run run = run_program("sign", "--secret-id", "nobody", NULL);

    expect_usage_error(&run, "unknown SecretId");
    run = run_program("sign", "--nonsense", NULL);
    expect_usage_error(&run, "unknown option");
    run = run_program("sign", "extra", NULL);
    expect_usage_error(&run, "extra word");
}

Test(e2e_cli, errors_prints_the_catalogue_as_json, .timeout = 10)
{
    struct run run = run_program("errors", "--format", "json", NULL);
    cJSON *json = cJSON_ParseWithLengthOpts(run.out, run.out_len + 1, NULL, 1);
    const cJSON *errors = cJSON_GetObjectItem(json, "errors");
    const cJSON *row;

    cr_expect(eq(int, run.status, 0), "%s", run.err);
    cr_assert(errors != NULL, "no JSON:\n%s", run.out);
    cr_expect(eq(int, cJSON_GetArraySize(errors), 49));
    cJSON_ArrayForEach(row, errors)
    {
        const char *const texts[] = {"zh", "en", "place", "provenance",
                                     "trigger"};

        cr_expect(cJSON_IsNumber(cJSON_GetObjectItem(row, "code")));
        cr_expect(cJSON_IsArray(cJSON_GetObjectItem(row, "endpoints")));
        for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
            cr_expect(cJSON_IsString(cJSON_GetObjectItem(row, texts[i])),
                      "no %s", texts[i]);
    }
    cJSON_Delete(json);
}

Test(e2e_cli, errors_prints_text_and_markdown_too, .timeout = 10)
{
    struct run text = run_program("errors", NULL);
    struct run markdown = run_program("errors", "--format=markdown", NULL);
    struct run bad = run_program("errors", "--format=xml", NULL);

    cr_expect(eq(int, text.status, 0));
    cr_expect(strstr(text.out, "-5007") != NULL, "%s", text.out);
    cr_expect(eq(int, markdown.status, 0));
    cr_expect(strstr(markdown.out, "-5007") != NULL, "%s", markdown.out);
    expect_usage_error(&bad, "--format=xml");
}

Test(e2e_cli, check_config_accepts_what_the_server_accepts, .timeout = 10)
{
    struct run run = run_program("check-config", "--fault", "delay=5,-5007",
                                 "--http-status=mapped", NULL);

    cr_expect(eq(int, run.status, 0), "%s", run.err);
    run = run_program("check-config", "--fault=nonsense", NULL);
    expect_usage_error(&run, "--fault=nonsense");
    run = run_program("check-config", "--nonsense", NULL);
    expect_usage_error(&run, "--nonsense");
}

Test(e2e_cli, check_config_refuses_what_the_server_refuses, .timeout = 10)
{
    struct run run =
        run_program("check-config", "--rules", "/nonexistent", NULL);

    expect_usage_error(&run, "/nonexistent");
    run = run_program("check-config", "--bind", "0.0.0.0", NULL);
    expect_usage_error(&run, "--admin-token");
}

Test(e2e_cli, check_config_counts, .timeout = 10)
{
    static const char json[] =
        "{\"accounts\":[{\"appid\":\"77\",\"keys\":"
        "[{\"secret_id\":\"id77\",\"secret_key\":\"key77\"}]}]}";
    static const char rules[] = "{\"faults\":[]}";
    const char *path = scratch_file("one.json", json, sizeof(json) - 1);
    const char *rules_path = scratch_file("r.json", rules, sizeof(rules) - 1);
    struct run run = run_program("check-config", "--accounts", path, NULL);

    cr_expect(
        eq(str, run.out, (char *)format("ok: 1 account, 1 key in %s\n", path)));
    run = run_program("check-config", "--rules", rules_path, NULL);
    cr_expect(eq(
        str, run.out,
        (char *)format("ok: 4 accounts, 5 keys in the built-in demo accounts; "
                       "0 rules in %s\n",
                       rules_path)));
}

Test(e2e_cli, check_config_serves_nothing, .timeout = 10)
{
    const char *path = format("%s/port", scratch_dir());
    struct run run =
        run_program("check-config", "--port=0", "--port-file", path, NULL);

    cr_expect(eq(int, run.status, 0), "%s", run.err);
    cr_expect(ne(int, access(path, F_OK), 0), "it wrote the port file");
    cr_expect(eq(ptr, strstr(run.out, "listening"), NULL), "%s", run.out);
}

Test(e2e_cli, secrets_are_never_logged, .timeout = 10)
{
    struct server s;
    struct request q = request_good(FOUR);

    server_start(&s, "--log-level=debug", NULL);
    send_request(&s, &q);
    q.authorization = sign_text("not the key", "a=1&k=2&e=3&t=4");
    send_request(&s, &q);
    cr_expect(eq(ptr, strstr(server_stderr(), "second-demo-key"), NULL),
              "a secret is on stderr:\n%s", server_stderr());
    server_stop(&s);
}

Test(e2e_cli, the_port_file_goes_with_the_server, .timeout = 10)
{
    const char *path = format("%s/port", scratch_dir());
    struct server s;

    server_start(&s, "--port-file", path, NULL);
    cr_expect(eq(int, access(path, F_OK), 0));
    server_stop(&s);
    cr_expect(eq(int, access(path, F_OK), -1));
}

Test(e2e_cli, threads_are_as_many_as_asked_for, .timeout = 10)
{
    struct server one, five;

    server_start(&one, "--threads", "1", NULL);
    server_start(&five, "--threads", "5", NULL);
    cr_expect(eq(sz, server_threads(&five), server_threads(&one) + 4));
    server_stop(&one);
    server_stop(&five);
}

Test(e2e_cli, an_unknown_command_is_told_with_those_there_are, .timeout = 10)
{
    struct run run = run_program("signn", NULL);

    cr_expect(eq(int, run.status, 2));
    cr_expect(strstr(run.err, "unknown command \"signn\"") != NULL);
    cr_expect(strstr(run.err, "sign, ") != NULL);
}

/* What a script reads from a full disk must not look like success. */
Test(e2e_cli, output_that_cannot_be_written_is_exit_2, .timeout = 10)
{
    static const char *const commands[] = {"sign", "errors", "findings",
                                           "explain abc"};

    for (size_t i = 0; i < 4; i++) {
        const char *line =
            format("%s %s >/dev/full 2>/dev/null", program(), commands[i]);
        /* The shell opens the full disk. NOLINTNEXTLINE(cert-env33-c) */
        int status = system(line);

        cr_expect(eq(int, WEXITSTATUS(status), 2), "%s", commands[i]);
    }
}
