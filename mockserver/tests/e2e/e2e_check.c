/*
 * e2e_check: `mockserver check`, the dry run of a saved request.
 */
#include "expect.h"

#include <stdlib.h>
#include <string.h>

static const char *save(const struct request *q)
{
    struct bytes b = request_bytes(q);

    return scratch_file("request.http", b.data, b.len);
}

static const char *save_text(const char *text)
{
    return scratch_file("request.http", text, strlen(text));
}

/* What is wrong shows at the line of the test, with all that was printed. */
#define expect_status(run, wanted)                                             \
    cr_expect(eq(int, (run).status, wanted), "stdout:\n%s\nstderr:\n%s",       \
              (run).out, (run).err)
#define expect_out(run, text)                                                  \
    cr_expect(strstr((run).out, text) != NULL,                                 \
              "expected \"%s\" in stdout:\n%s\nstderr:\n%s", text, (run).out,  \
              (run).err)
#define expect_not_out(run, text)                                              \
    cr_expect(eq(ptr, strstr((run).out, text), NULL),                          \
              "unexpected \"%s\" in stdout:\n%s", text, (run).out)

/* Nothing on stdout, one line on stderr that holds the text, status 2. */
static void expect_refused(const struct run *run, const char *text)
{
    const char *eol = strchr(run->err, '\n');

    cr_expect(eq(int, run->status, 2), "stderr:\n%s", run->err);
    cr_expect(eol != NULL && eol[1] == '\0', "not one line:\n%s", run->err);
    cr_expect(strstr(run->err, text) != NULL, "expected \"%s\" in: %s", text,
              run->err);
    cr_expect(eq(sz, run->out_len, 0), "stdout:\n%s", run->out);
}

Test(e2e_check, a_good_request_is_0, .timeout = 10)
{
    static const char *const paths[] = {FOUR, PICTURE, GETFOUR};

    for (size_t i = 0; i < 3; i++) {
        struct request q = request_good(paths[i]);
        struct run run = run_program("check", save(&q), NULL);

        expect_status(run, 0);
        expect_out(
            run, format("request: POST %s, %zu bytes\n", paths[i], q.body.len));
        expect_out(run, "natural: 0 OK\n");
        expect_out(run, "reply: HTTP 200, application/json\n{\"data\":{");
        expect_not_out(run, "must:");
        expect_not_out(run, "warning:");
        expect_not_out(run, "fault:");
    }
}

Test(e2e_check, a_request_without_fault_has_no_findings, .timeout = 10)
{
    struct request q = request_good(GETFOUR);
    struct run run = run_program("check", save(&q), NULL);

    expect_out(run, "}\nno findings\n");
    q.host = "elsewhere";
    run = run_program("check", save(&q), NULL);
    expect_not_out(run, "no findings");
}

Test(e2e_check, the_reply_is_the_one_that_is_served, .timeout = 10)
{
    struct request q = request_good(FOUR);
    struct run run = run_program("check", save(&q), NULL);
    struct server s;
    struct reply r;

    server_start(&s, NULL);
    r = send_request(&s, &q);
    expect_out(run, format("\n%s\n", r.body));
    server_stop(&s);
}

Test(e2e_check, what_the_contract_forbids_is_1, .timeout = 10)
{
    struct request q = request_good(PICTURE);
    struct run run;

    q.authorization = "nonsense";
    run = run_program("check", save(&q), NULL);
    expect_status(run, 1);
    expect_out(run, "natural: 5 signature string is malformed: ");
    expect_out(run, "{\"code\":5,");
    expect_out(run, "must: signature.malformed: ");
    expect_out(run, "(docs/contract.md section 4)\n");
}

Test(e2e_check, an_error_that_breaks_no_rule_is_0, .timeout = 10)
{
    struct request q = request_good(GETFOUR);
    struct run run =
        run_program("check", "--now", "4000000000", save(&q), NULL);

    expect_status(run, 0);
    expect_out(run, "natural: 9 signature expired");
    expect_out(run, "should: signature.expired: ");
}

Test(e2e_check, findings_are_printed_worst_first, .timeout = 10)
{
    struct request q = request_good(GETFOUR);
    const char *must, *info;
    struct run run;

    q.authorization = NULL;
    q.host = "elsewhere";
    run = run_program("check", save(&q), NULL);
    must = strstr(run.out, "must: ");
    info = strstr(run.out, "info: ");
    cr_expect(must && info && must < info, "%s", run.out);
}

Test(e2e_check, the_request_may_come_by_stdin, .timeout = 10)
{
    struct request q = request_good(PICTURE);
    struct bytes b = request_bytes(&q);
    struct run run = run_program_with(b.data, b.len, "check", NULL);

    expect_status(run, 0);
    expect_out(run, "natural: 0 OK\n");
    run = run_program_with(b.data, b.len, "check", "-", NULL);
    expect_status(run, 0);
    expect_out(run, "natural: 0 OK\n");
}

Test(e2e_check, a_chunked_body_is_decoded, .timeout = 10)
{
    struct request q = request_good(FOUR);
    struct run run;

    q.framing = FRAME_CHUNKED;
    run = run_program("check", save(&q), NULL);
    expect_out(run, format(", %zu bytes\n", q.body.len));
    expect_out(run, "natural: 0 OK\n");
}

Test(e2e_check, what_is_odd_about_the_bytes_is_a_warning, .timeout = 10)
{
    struct run run = run_program(
        "check",
        save_text("POST /face/livegetfour HTTP/1.1\nHost: h\n"
                  "Content-Type: application/json\nContent-Length: 9\n\n{}"),
        NULL);

    expect_out(run, "\nwarning: lines of the head end with LF");
    expect_out(run, "Content-Length is 9, but 2 bytes");
}

Test(e2e_check, a_malformed_head_is_the_servers_400, .timeout = 10)
{
    struct run run = run_program(
        "check",
        save_text("POST /face/livegetfour HTTP/1.1\r\nHost: h\r\n"
                  "Content-Length: 2\r\nContent-Length: 2\r\n\r\n{}"),
        NULL);

    expect_status(run, 1);
    expect_out(run, "Content-Length is given twice");
    expect_out(run, "reply: HTTP 400, ");
    expect_out(run, "must: http.malformed: ");
}

Test(e2e_check, the_published_samples_are_judged, .timeout = 10)
{
    static const char *const names[] = {
        "livedetectfour", "livedetectpicture-url", "livedetectpicture-image"};

    for (size_t i = 0; i < 3; i++) {
        struct run run = run_program(
            "check", format("fixtures/samples/%s.request.http", names[i]),
            NULL);

        expect_status(run, 1);
        expect_out(run, "natural: 5 ");
    }
}

Test(e2e_check, a_fault_that_is_asked_for_is_told_apart, .timeout = 10)
{
    struct request q = request_good(PICTURE);
    const char *path;
    struct run run;

    q.headers = "X-Mock-Fault: 16\r\n";
    path = save(&q);
    run = run_program("check", path, NULL);
    expect_status(run, 0);
    expect_out(run, "natural: 0 OK\n");
    expect_out(run, "fault: from header: 16\n");
    expect_out(run, "{\"code\":16,");
    run = run_program("check", "--no-request-triggers", path, NULL);
    expect_not_out(run, "fault:");
    expect_out(run, "\"code\":0,");
}

Test(e2e_check, a_fault_that_does_not_parse_is_told, .timeout = 10)
{
    struct request q = request_good(PICTURE);
    struct run run;

    q.headers = "X-Mock-Fault: nonsense\r\n";
    run = run_program("check", save(&q), NULL);
    expect_out(run, "fault: from header: fault spec \"nonsense\": ");
    expect_out(run, "{\"code\":21,");
}

Test(e2e_check, options_of_the_answer_count, .timeout = 10)
{
    struct request q = request_good(PICTURE);
    const char *path = save(&q);
    struct run run = run_program("check", "--max-body", "5", path, NULL);

    expect_out(run, "natural: 23 ");
    run = run_program("check", "--score", "12", path, NULL);
    expect_out(run, "\"score\":12");
    run = run_program("check", "--max-body=5", "--http-status=mapped", path,
                      NULL);
    expect_out(run, "reply: HTTP 413, ");
    run = run_program("check", "--max-body=5", "--messages=zh", path, NULL);
    cr_expect(strstr(run.out, "natural: 23 ") != NULL &&
                  run.out[strcspn(run.out, "\x80\xe5\xe6\xe7\xe8\xe9")] != '\0',
              "%s", run.out);
}

Test(e2e_check, accounts_come_from_a_file, .timeout = 10)
{
    static const char json[] =
        "{\"accounts\":[{\"appid\":\"77\",\"keys\":"
        "[{\"secret_id\":\"id77\",\"secret_key\":\"key77\"}]}]}";
    static const struct credentials c = {"77", NULL, "id77", "key77"};
    const char *accounts =
        scratch_file("accounts.json", json, sizeof(json) - 1);
    struct request q = request_json(GETFOUR, "{\"appid\":\"77\"}");
    struct run run;

    q.authorization = sign(&c);
    run = run_program("check", "--accounts", accounts, save(&q), NULL);
    expect_out(run, "natural: 0 OK\n");
    run = run_program("check", save(&q), NULL);
    expect_out(run, "natural: 10 ");
    run = run_program("check", "--accounts", "/nonexistent", save(&q), NULL);
    expect_refused(&run, "/nonexistent");
}

static cJSON *json_of(const struct run *run)
{
    const char *end = NULL;
    cJSON *json =
        cJSON_ParseWithLengthOpts(run->out, run->out_len, &end, false);

    cr_assert(json != NULL && !strcmp(end, "\n"),
              "not JSON and a line end:\n%s", run->out);
    return json;
}

static const cJSON *at(const cJSON *json, const char *a, const char *b)
{
    return cJSON_GetObjectItem(cJSON_GetObjectItem(json, a), b);
}

Test(e2e_check, json_has_the_journal_entry_and_the_reply, .timeout = 10)
{
    struct request q = request_good(PICTURE);
    struct run run;
    cJSON *json, *body;

    q.authorization = "nonsense";
    run = run_program("check", "--format", "json", save(&q), NULL);
    expect_status(run, 1);
    json = json_of(&run);
    cr_expect(eq(
        int,
        cJSON_GetObjectItem(at(json, "request", "natural"), "code")->valueint,
        5));
    cr_expect(
        eq(int, cJSON_GetArraySize(at(json, "request", "findings")) > 0, 1));
    cr_expect(eq(int, at(json, "reply", "http_status")->valueint, 200));
    cr_expect(eq(str, at(json, "reply", "content_type")->valuestring,
                 (char *)"application/json"));
    body = cJSON_Parse(at(json, "reply", "body")->valuestring);
    cr_expect(eq(int, cJSON_GetObjectItem(body, "code")->valueint, 5));
    cr_expect(cJSON_IsNull(cJSON_GetObjectItem(json, "warning")));
}

Test(e2e_check, json_has_the_warning, .timeout = 10)
{
    struct run run = run_program(
        "check", "--format=json",
        save_text("POST /face/livegetfour HTTP/1.1\nHost: h\n\n"), NULL);
    cJSON *json = json_of(&run);

    cr_expect(strstr(cJSON_GetObjectItem(json, "warning")->valuestring, "LF") !=
              NULL);
}

Test(e2e_check, control_bytes_are_not_printed, .timeout = 10)
{
    struct run run = run_program(
        "check", save_text("POST /\x1b[31m HTTP/1.1\r\nHost: \x1b[2J\r\n\r\n"),
        NULL);

    expect_status(run, 1);
    cr_expect(eq(ptr, memchr(run.out, '\x1b', run.out_len), NULL));
}

Test(e2e_check, what_cannot_be_read_is_one_line_and_2, .timeout = 10)
{
    struct run run = run_program("check", "/nonexistent/file", NULL);

    expect_refused(&run, "/nonexistent/file");
    run = run_program("check", "/", NULL);
    expect_refused(&run, "directory");
    run = run_program("check", save_text("HTTP/1.1 200 OK\r\n\r\n"), NULL);
    expect_refused(&run, "request.http: the first line");
    run = run_program("check", save_text("POST / HTTP/1.1\r\nHost: h"), NULL);
    expect_refused(&run, "within the head");
    run = run_program("check", NULL);
    expect_refused(&run, "standard input");
}

Test(e2e_check, a_mistake_in_usage_is_one_line_and_2, .timeout = 10)
{
    struct run run = run_program("check", "a", "b", NULL);

    expect_refused(&run, "\"b\"");
    run = run_program("check", "--format=xml", NULL);
    expect_refused(&run, "text or json");
    run = run_program("check", "--now=soon", NULL);
    expect_refused(&run, "soon");
    run = run_program("check", "--port=1", NULL);
    expect_refused(&run, "--port=1");
}
