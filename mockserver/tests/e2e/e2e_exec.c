/*
 * e2e_exec: `mockserver exec`, which serves while a command runs.
 */
#include "expect.h"

#include <errno.h>
#include <pty.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

/* Runs the shell on a script, with what follows as $1, $2, …; options of exec
 * come first and may be none. */
#define EXEC(script, ...)                                                      \
    run_program("exec", "--", "sh", "-c", script, "sh", __VA_ARGS__)

/* POSTs JSON: $1 is the signature. */
#define CALL                                                                   \
    "curl -s -o /dev/null -H \"Authorization: $1\" "                           \
    "-H 'Content-Type: application/json' "                                     \
    "-d '{\"appid\":\"1000001\"}' \"$LIVEDETECT_URL/face/livegetfour\""

#define expect_status(run, wanted)                                             \
    cr_expect(eq(int, (run).status, wanted), "stdout:\n%s\nstderr:\n%s",       \
              (run).out, (run).err)
#define expect_err(run, text)                                                  \
    cr_expect(strstr((run).err, text) != NULL,                                 \
              "expected \"%s\" in stderr:\n%s", text, (run).err)
#define expect_not_err(run, text)                                              \
    cr_expect(eq(ptr, strstr((run).err, text), NULL),                          \
              "unexpected \"%s\" in stderr:\n%s", text, (run).err)
#define expect_out(run, text)                                                  \
    cr_expect(eq(str, (run).out, (char *)(text)), "stderr:\n%s", (run).err)

static void expect_refused(const struct run *run, const char *text)
{
    const char *eol = strchr(run->err, '\n');

    cr_expect(eq(int, run->status, 2), "stderr:\n%s", run->err);
    cr_expect(eol != NULL && eol[1] == '\0', "not one line:\n%s", run->err);
    cr_expect(strstr(run->err, text) != NULL, "expected \"%s\" in: %s", text,
              run->err);
    cr_expect(eq(sz, run->out_len, 0), "stdout:\n%s", run->out);
}

Test(e2e_exec, a_conformant_command_is_0, .timeout = 10)
{
    struct run run = EXEC(CALL, sign(&demo), NULL);

    expect_status(run, 0);
    expect_out(run, "");
    expect_err(run, "conformant: 1 requests");
    expect_not_err(run, "not conformant");
}

Test(e2e_exec, the_command_finds_the_first_account, .timeout = 10)
{
    struct run run = EXEC("printf '%s\\n' \"$LIVEDETECT_APPID\" "
                          "\"$LIVEDETECT_BUCKET\" \"$LIVEDETECT_SECRET_ID\" "
                          "\"$LIVEDETECT_SECRET_KEY\"",
                          NULL);

    expect_out(run, format("%s\n%s\n%s\n%s\n", demo.appid, demo.bucket,
                           demo.secret_id, demo.secret_key));
}

Test(e2e_exec, an_account_without_buckets_has_an_empty_one, .timeout = 10)
{
    static const char json[] =
        "{\"accounts\":[{\"appid\":\"77\",\"keys\":"
        "[{\"secret_id\":\"id77\",\"secret_key\":\"key77\"}]}]}";
    struct run run = run_program(
        "exec", "--accounts",
        scratch_file("accounts.json", json, sizeof(json) - 1), "sh", "-c",
        "echo \"$LIVEDETECT_APPID ${LIVEDETECT_BUCKET-unset} "
        "$LIVEDETECT_SECRET_ID $LIVEDETECT_SECRET_KEY\"",
        NULL);

    expect_out(run, "77  id77 key77\n");
}

Test(e2e_exec, the_rest_of_the_environment_is_inherited, .timeout = 10)
{
    struct run run;

    setenv("SOMETHING", "else", 1);
    setenv("LIVEDETECT_APPID", "stale", 1);
    setenv("LIVEDETECT_APPID_2", "other", 1);
    run = EXEC("echo \"$SOMETHING $LIVEDETECT_APPID_2\"; "
               "env | grep ^LIVEDETECT_APPID=",
               NULL);
    expect_out(run, "else other\nLIVEDETECT_APPID=1000001\n");
}

Test(e2e_exec, the_url_leads_to_a_server_that_listens_everywhere, .timeout = 10)
{
    struct run run =
        run_program("exec", "--bind", "0.0.0.0", "--admin-token", "0123456789",
                    "--", "sh", "-c", "echo \"$LIVEDETECT_URL\"", NULL);

    cr_expect(strncmp(run.out, "http://127.0.0.1:", 17) == 0, "%s", run.out);
}

Test(e2e_exec, arguments_are_not_read_by_a_shell, .timeout = 10)
{
    struct run run = run_program("exec", "--", "printf", "<%s>", "$HOME *", "",
                                 "--port", NULL);

    expect_out(run, "<$HOME *><><--port>");
}

/* exit statuses */

Test(e2e_exec, the_status_of_the_command_is_ours, .timeout = 10)
{
    struct run run = EXEC("exit 7", NULL);

    expect_status(run, 7);
    run = EXEC("kill -KILL $$", NULL);
    expect_status(run, 128 + SIGKILL);
}

Test(e2e_exec, a_broken_contract_makes_0_a_1, .timeout = 10)
{
    struct run run = EXEC(CALL, "nonsense", NULL);

    expect_status(run, 1);
    expect_err(run, "signature.malformed");
    expect_err(run, "mockserver: not conformant: 1 must findings\n");
    run = EXEC(CALL "; exit 7", "nonsense", NULL);
    expect_status(run, 7);
    expect_err(run, "not conformant");
}

Test(e2e_exec, too_few_requests_make_0_a_1, .timeout = 10)
{
    const char *signature = sign(&demo);
    struct run run = run_program("exec", "--min-requests", "2", "--", "sh",
                                 "-c", CALL, "sh", signature, NULL);

    expect_status(run, 1);
    expect_err(run, "mockserver: too few requests: 1, expected at least 2\n");
    run = run_program("exec", "--min-requests", "1", "--", "sh", "-c", CALL,
                      "sh", signature, NULL);
    expect_status(run, 0);
    run = run_program("exec", "true", NULL);
    expect_status(run, 0);
}

/* The harness takes 127 for its own failure, so that a shell tells it. */
static struct run exec_in_shell(const char *command)
{
    return EXEC("\"$1\" exec -- \"$2\"; echo $?", program(), command, NULL);
}

Test(e2e_exec, a_command_that_is_not_there_is_127, .timeout = 10)
{
    struct run run = exec_in_shell("/nonexistent/command");

    expect_out(run, "127\n");
    expect_err(run, "mockserver: cannot run /nonexistent/command: ");
    run = exec_in_shell("no-such-command-in-path");
    expect_out(run, "127\n");
    cr_expect(eq(ptr, strstr(run.err, "without a shell"), NULL), "%s", run.err);
    /* The shell's own is the only verdict. */
    cr_expect(
        eq(ptr, strstr(strstr(run.err, "conformant") + 1, "conformant"), NULL),
        "%s", run.err);
}

Test(e2e_exec, a_command_line_in_one_word_is_told_of, .timeout = 10)
{
    struct run run = exec_in_shell("echo hello");

    expect_out(run, "127\n");
    expect_err(run, "; the command is run without a shell; use sh -c '...'\n");
}

Test(e2e_exec, a_command_that_cannot_be_run_is_126, .timeout = 10)
{
    struct run run = exec_in_shell(scratch_file("data", "data", 4));

    expect_out(run, "126\n");
    run = exec_in_shell("/");
    expect_out(run, "126\n");
}

Test(e2e_exec, a_mistake_in_usage_runs_nothing, .timeout = 10)
{
    struct run run = run_program("exec", NULL);

    expect_refused(&run, "no COMMAND");
    run = run_program("exec", "--", NULL);
    expect_refused(&run, "no COMMAND");
    run = run_program("exec", "--nonsense", "--", "echo", "ran", NULL);
    expect_refused(&run, "--nonsense");
    run = run_program("exec", "--report", "r.txt", "--", "echo", "ran", NULL);
    expect_refused(&run, "r.txt");
    run = run_program("exec", "--report", ".json", "--", "echo", "ran", NULL);
    expect_refused(&run, ".json");
    run = run_program("exec", "--min-requests=-1", "--", "echo", "ran", NULL);
    expect_refused(&run, "-1");
    run = run_program("exec", "--accounts=/nonexistent", "echo", "ran", NULL);
    expect_refused(&run, "/nonexistent");
}

/* reports */

static char *slurp(const char *path)
{
    char *text = calloc(1, 1 << 20);
    FILE *f = fopen(path, "rb");

    cr_assert(f != NULL && text != NULL, "%s: %s", path, strerror(errno));
    cr_assert(fread(text, 1, (1 << 20) - 1, f) > 0);
    fclose(f);
    return text;
}

Test(e2e_exec, a_json_report_has_verdict_and_coverage, .timeout = 10)
{
    const char *path = format("%s/report.json", scratch_dir());
    struct run run = run_program("exec", "--report", path, "--", "sh", "-c",
                                 CALL, "sh", "nonsense", NULL);
    cJSON *json;

    expect_status(run, 1);
    json = cJSON_Parse(slurp(path));
    cr_assert(json != NULL, "%s", slurp(path));
    cr_expect(cJSON_IsFalse(cJSON_GetObjectItem(json, "conformant")));
    cr_expect(eq(int, cJSON_GetObjectItem(json, "requests")->valueint, 1));
    cr_expect(cJSON_IsArray(cJSON_GetObjectItem(json, "findings")));
    json = cJSON_GetObjectItem(json, "coverage");
    cr_expect(cJSON_IsObject(cJSON_GetObjectItem(json, "codes")));
    cr_expect(cJSON_IsObject(cJSON_GetObjectItem(json, "rules")));
}

static const char *report_of(const char *name, const char *min_requests,
                             const char *script, const char *signature)
{
    const char *path = format("%s/%s", scratch_dir(), name);

    run_program("exec", "--report", path, "--min-requests", min_requests, "--",
                "sh", "-c", script, "sh", signature, NULL);
    return slurp(path);
}

#define expect_report(report, part)                                            \
    cr_expect(strstr(report, part) != NULL, "\"%s\" is not in: %s", part,      \
              report)

Test(e2e_exec, a_json_report_tells_what_exec_itself_found, .timeout = 10)
{
    const char *good = sign(&demo);
    const char *report = report_of("r.json", "1", CALL, good);

    expect_report(report, ",\"exec\":{\"status\":0,\"min_requests\":1,"
                          "\"requests\":1,\"ok\":true}}\n");
    report = report_of("r.json", "2", CALL, good);
    expect_report(report, "\"exec\":{\"status\":0,\"min_requests\":2,"
                          "\"requests\":1,\"ok\":false}");
    report = report_of("r.json", "0", "exit 7", good);
    expect_report(report, "\"exec\":{\"status\":7,\"min_requests\":0,"
                          "\"requests\":0,\"ok\":false}");
    report = report_of("r.json", "1", CALL, "nonsense");
    expect_report(report, "\"exec\":{\"status\":0,\"min_requests\":1,"
                          "\"requests\":1,\"ok\":false}");
}

Test(e2e_exec, an_xml_report_fails_with_exec_itself, .timeout = 10)
{
    const char *good = sign(&demo);
    const char *report = report_of("r.xml", "1", CALL, good);

    expect_report(report, "failures=\"0\"");
    expect_report(report, "name=\"exec.command\" classname=\"mockserver."
                          "verdict.all\"/>");
    expect_report(report, "name=\"exec.min-requests\" classname=\"mockserver."
                          "verdict.all\"/>");
    report = report_of("r.xml", "2", CALL, good);
    expect_report(report, "failures=\"1\"");
    expect_report(report, "<failure message=\"1 requests, expected at least "
                          "2\"/>");
    report = report_of("r.xml", "0", "exit 7", good);
    expect_report(report, "failures=\"1\"");
    expect_report(report, "<failure message=\"the command's status was "
                          "7\"/>");
}

Test(e2e_exec, an_xml_report_is_junit, .timeout = 10)
{
    const char *path = format("%s/report.xml", scratch_dir());
    struct run run = run_program("exec", "--report", path, "--", "sh", "-c",
                                 CALL, "sh", "nonsense", NULL);
    const char *text = slurp(path);

    expect_status(run, 1);
    cr_expect(strncmp(text, "<?xml", 5) == 0, "%s", text);
    cr_expect(strstr(text, "<testcase") && strstr(text, "<failure"), "%s",
              text);
}

Test(e2e_exec, a_report_that_cannot_be_written_runs_nothing, .timeout = 10)
{
    struct run run = run_program("exec", "--report", "/nonexistent/r.json",
                                 "echo", "ran", NULL);

    expect_refused(&run, "--report: cannot write /nonexistent/r.json: ");
}

Test(e2e_exec, a_report_that_is_prevented_makes_0_a_2, .timeout = 10)
{
    const char *path = format("%s/r.json", scratch_dir());
    struct run run =
        run_program("exec", "--report", path, "--", "mkdir", path, NULL);

    expect_status(run, 2);
    expect_err(run, "--report: cannot write ");
    rmdir(path);
    run = run_program("exec", "--report", path, "--", "sh", "-c",
                      "mkdir \"$1\"; exit 7", "sh", path, NULL);
    expect_status(run, 7);
}

Test(e2e_exec, the_port_file_is_there_while_the_command_runs, .timeout = 10)
{
    const char *path = format("%s/port", scratch_dir());
    struct run run = run_program(
        "exec", "--port-file", path, "--", "sh", "-c",
        "[ \"$LIVEDETECT_URL\" = \"http://127.0.0.1:$(cat \"$1\")\" ] "
        "&& echo same",
        "sh", path, NULL);

    expect_out(run, "same\n");
    cr_expect(access(path, F_OK) != 0, "it is still there");
}

/* the proxy and the CA */

/* The vendor's URL, as a client has it built in: $1 is the signature. */
#define UNMODIFIED                                                             \
    "curl -sS -H \"Authorization: $1\" -H 'Content-Type: application/json' "   \
    "-d '{\"appid\":\"1000001\"}' "                                            \
    "https://service.image.myqcloud.com/face/livegetfour "                     \
    "http://recognition.image.myqcloud.com/face/livegetfour"

Test(e2e_exec, an_unmodified_program_reaches_the_server, .timeout = 20)
{
    struct run run = run_program("exec", "--min-requests", "2", "--", "sh",
                                 "-c", UNMODIFIED, "sh", sign(&demo), NULL);

    expect_status(run, 0);
    cr_expect(strstr(run.out, "}{") != NULL, "%s", run.out);
    expect_err(run, "conformant: 2 requests; findings: 0 must, 0 should, 0 "
                    "info");
}

Test(e2e_exec, the_variables_of_many_clients_are_set, .timeout = 10)
{
    struct run run = EXEC(
        "for name in http_proxy https_proxy HTTP_PROXY HTTPS_PROXY; do "
        "    eval \"[ \\\"\\$$name\\\" = '$LIVEDETECT_URL' ]\" || echo $name; done; "
        "for name in SSL_CERT_FILE CURL_CA_BUNDLE REQUESTS_CA_BUNDLE "
        "    NODE_EXTRA_CA_CERTS; do "
        "    eval \"[ \\\"\\$$name\\\" = '$LIVEDETECT_CA_FILE' ]\" || echo $name; "
        "done; "
        "grep -c BEGIN \"$LIVEDETECT_CA_FILE\"; echo \"$no_proxy $NO_PROXY\"; "
        "echo \"$LIVEDETECT_HTTPS_URL\" | grep -c '^https://127.0.0.1:'",
        NULL);

    expect_out(run, "1\nlocalhost,127.0.0.1,::1 localhost,127.0.0.1,::1\n1\n");
}

Test(e2e_exec, no_proxy_env_leaves_them, .timeout = 10)
{
    struct run run;

    setenv("https_proxy", "http://mine", 1);
    setenv("SSL_CERT_FILE", "/mine", 1);
    unsetenv("NODE_EXTRA_CA_CERTS");
    run = run_program("exec", "--no-proxy-env", "--", "sh", "-c",
                      "echo $https_proxy $SSL_CERT_FILE "
                      "${NODE_EXTRA_CA_CERTS-unset}; "
                      "[ -s \"$LIVEDETECT_CA_FILE\" ] && echo there",
                      NULL);
    expect_out(run, "http://mine /mine unset\nthere\n");
    run = run_program("exec", "--proxy=off", "--", "sh", "-c",
                      "echo $https_proxy; [ -s \"$SSL_CERT_FILE\" ] && echo ca",
                      NULL);
    expect_out(run, "http://mine\nca\n");
}

Test(e2e_exec, tls_and_the_admin_api_are_there_without_a_proxy, .timeout = 10)
{
    struct run run = EXEC("curl -sS \"$LIVEDETECT_HTTPS_URL/__admin/health\" "
                          "\"$LIVEDETECT_URL/__admin/health\" "
                          "| grep -o '\"status\":\"ok\"'",
                          NULL);

    expect_out(run, "\"status\":\"ok\"\n\"status\":\"ok\"\n");
}

Test(e2e_exec, another_host_is_not_reached_and_is_told_of, .timeout = 10)
{
    struct run run = run_program(
        "exec", "--min-requests", "1", "--", "sh", "-c",
        "curl -s -o /dev/null -w '%{http_code}\\n' http://example.com/", NULL);

    expect_out(run, "403\n");
    expect_status(run, 1);
    expect_err(run, "GET http://example.com/");
    expect_err(run, "too few requests: 0");
}

Test(e2e_exec, the_file_of_the_ca_is_gone_at_the_end, .timeout = 10)
{
    struct run run = EXEC("dirname \"$LIVEDETECT_CA_FILE\"; exit 7", NULL);

    expect_status(run, 7);
    run.out[strcspn(run.out, "\n")] = '\0';
    cr_expect(strstr(run.out, "/mockserver-") != NULL, "%s", run.out);
    cr_expect(access(run.out, F_OK) != 0, "%s is there", run.out);
    run = exec_in_shell("/nonexistent/command");
    expect_out(run, "127\n");
}

/* A keytool that copies the certificate that it is given. */
static void fake_keytool(const char *script)
{
    const char *path = scratch_file("bin/keytool", script, strlen(script));

    cr_assert(chmod(path, 0755) == 0);
    setenv("PATH", format("%s/bin:%s", scratch_dir(), getenv("PATH")), 1);
}

Test(e2e_exec, a_truststore_is_written_by_keytool, .timeout = 20)
{
    const char *path = format("%s/trust", scratch_dir());
    struct run run;

    fake_keytool("#!/bin/sh\n"
                 "while [ $# -gt 1 ]; do case $1 in -file) from=$2 ;; "
                 "-keystore) to=$2 ;; esac; shift; done\n"
                 "cp \"$from\" \"$to\"\n");
    run = run_program("exec", "--java-truststore", path, "--", "sh", "-c",
                      "cmp \"$1\" \"$LIVEDETECT_CA_FILE\" && echo same", "sh",
                      path, NULL);
    expect_out(run, "same\n");
    expect_status(run, 0);
}

Test(e2e_exec, without_a_truststore_nothing_runs, .timeout = 20)
{
    const char *path = format("%s/trust", scratch_dir());
    struct run run;

    fake_keytool("#!/bin/sh\necho 'keytool error: it is broken'\nexit 1\n");
    run = run_program("exec", "--java-truststore", path, "echo", "ran", NULL);
    expect_refused(&run, "--java-truststore: keytool failed: keytool error: it "
                         "is broken");
    setenv("PATH", scratch_dir(), 1);
    run = run_program("exec", "--java-truststore", path, "/bin/echo", "ran",
                      NULL);
    expect_refused(&run, "cannot run keytool, which comes with Java");
}

/* what the command begins with */

Test(e2e_exec, the_command_inherits_no_descriptor_of_ours, .timeout = 10)
{
    struct run run = run_program("exec", "ls", "/proc/self/fd", NULL);

    /* The last is that of the directory itself. */
    expect_out(run, "0\n1\n2\n3\n");
}

Test(e2e_exec, the_command_begins_with_no_signal_blocked_or_ignored,
     .timeout = 10)
{
    struct run run =
        run_program("exec", "grep", "^Sig[BI]", "/proc/self/status", NULL);
    const char *blocked = strstr(run.out, "SigBlk:");
    const char *ignored = strstr(run.out, "SigIgn:");

    cr_assert(blocked && ignored, "%s", run.out);
    cr_expect(eq(ulong, strtoul(blocked + 7, NULL, 16), 0), "%s", run.out);
    /* glibc's own two, 32 and 33, do not count. */
    cr_expect(eq(ulong, strtoul(ignored + 7, NULL, 16) & 0x7fffffff, 0), "%s",
              run.out);
}

/* signals */

/* Ends after a while in any case, should the signal never come. */
#define SPIN "i=0; while [ $i -lt 3000000 ]; do i=$((i+1)); done; echo never"

Test(e2e_exec, sigterm_and_sigint_are_handed_to_the_command, .timeout = 30)
{
    struct run run = EXEC("trap 'exit 7' TERM; kill -TERM $PPID; " SPIN, NULL);

    expect_status(run, 7);
    run = EXEC("trap 'exit 8' INT; kill -INT $PPID; " SPIN, NULL);
    expect_status(run, 8);
}

Test(e2e_exec, sighup_opens_the_journal_file_anew, .timeout = 30)
{
    const char *path = format("%s/journal", scratch_dir());
    struct run run = run_program(
        "exec", "--journal-file", path, "--", "sh", "-c",
        "rm \"$1\"; kill -HUP $PPID; i=0; "
        "while [ ! -e \"$1\" ] && [ $i -lt 300000 ]; do i=$((i+1)); done; "
        "[ -e \"$1\" ]",
        "sh", path, NULL);

    expect_status(run, 0);
}

Test(e2e_exec, the_verdict_comes_after_a_signal_too, .timeout = 30)
{
    struct run run =
        EXEC("trap 'exit 0' TERM; " CALL "; kill -TERM $PPID; " SPIN,
             sign(&demo), NULL);

    expect_status(run, 0);
    expect_err(run, "conformant: 1 requests");
}

/* Reads what the terminal shows until the text comes, or to the end. */
static const char *read_until(int fd, const char *text)
{
    static char shown[4096];
    size_t len = 0;

    while (len + 1 < sizeof(shown)) {
        ssize_t n = read(fd, shown + len, 1);

        if (n <= 0)
            break;
        shown[++len] = '\0';
        if (strstr(shown, text))
            break;
    }
    return shown;
}

/* The program on a terminal of its own; *fd is the terminal's other end. */
static pid_t start_on_terminal(const char *script, int *fd)
{
    char *argv[] = {
        (char *)program(), (char *)"exec", (char *)"--",   (char *)"setsid",
        (char *)"sh",      (char *)"-c",   (char *)script, NULL};
    pid_t pid = forkpty(fd, NULL, NULL, NULL);

    cr_assert(pid >= 0, "forkpty: %s", strerror(errno));
    if (pid == 0) {
        execv(argv[0], argv);
        _exit(99);
    }
    return pid;
}

static void expect_end_of(pid_t pid, int status, const char *shown)
{
    int got = 0;

    cr_assert(waitpid(pid, &got, 0) == pid);
    cr_expect(eq(int, got, W_EXITCODE(status, 0)), "%s", shown);
}

/* The command is in a session of its own, which the terminal does not reach,
 * so that a SIGINT could only be ours. */
Test(e2e_exec, control_c_is_not_handed_on, .timeout = 30)
{
    const char *shown;
    int fd;
    pid_t pid = start_on_terminal("trap 'exit 1' INT; trap 'exit 7' TERM; "
                                  "echo ready; " SPIN,
                                  &fd);

    read_until(fd, "ready");
    cr_assert(write(fd, "\x03", 1) == 1);
    /* The terminal shows it when the signal is out. */
    shown = read_until(fd, "^C");
    cr_assert(strstr(shown, "^C") != NULL, "%s", shown);
    cr_assert(kill(pid, SIGTERM) == 0);
    shown = read_until(fd, "to the end");
    expect_end_of(pid, 7, shown);
}

Test(e2e_exec, an_exchange_in_flight_at_the_end_counts, .timeout = 30)
{
    struct request q = request_good(GETFOUR);
    struct server s = {0};
    struct bytes head;
    struct client c;
    struct reply r;
    char start[13] = "";
    const char *shown, *url;
    int fd;
    pid_t pid =
        start_on_terminal("echo \"$LIVEDETECT_URL is it\"; read x", &fd);

    shown = read_until(fd, " is it");
    url = strstr(shown, "http://127.0.0.1:");
    cr_assert(url != NULL, "%s", shown);
    s.port = (int)strtol(url + strlen("http://127.0.0.1:"), NULL, 10);
    q.headers = "Expect: 100-continue\r\n";
    head = request_head(&q);
    client_open(&c, &s);
    client_send(&c, head.data, head.len);
    cr_assert(recv(c.fd, start, 12, MSG_PEEK | MSG_WAITALL) == 12);
    cr_assert(eq(str, start, (char *)"HTTP/1.1 100"));
    cr_assert(write(fd, "\n", 1) == 1);
    server_await_stopping(&s);
    client_send(&c, q.body.data, q.body.len);
    r = client_read(&c);
    expect_success(&r);
    client_close(&c);
    shown = read_until(fd, "to the end");
    cr_expect(strstr(shown, "conformant: 1 requests") != NULL, "%s", shown);
    expect_end_of(pid, 0, shown);
}
