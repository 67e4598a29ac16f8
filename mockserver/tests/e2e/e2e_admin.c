/*
 * e2e_admin: the admin API over sockets: what the journal holds of an
 * exchange, rules, clock and accounts that change what is served, long polls,
 * and who may call.
 */
#include "admin.h"
#include "expect.h"

#include <fcntl.h>
#include <openssl/sha.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

static void expect_admin(const struct server *s, const char *method,
                         const char *path, const char *body, int status)
{
    struct reply r = admin_call(s, method, path, body);

    EXPECT(check_http(&r, status));
    reply_release(&r);
}

static const char *sha256_of(const void *data, size_t len)
{
    unsigned char digest[SHA256_DIGEST_LENGTH];
    struct bytes hex = {0};

    SHA256(data, len, digest);
    for (size_t i = 0; i < sizeof(digest); i++)
        bytes_text(&hex, format("%02x", digest[i]));
    return hex.data;
}

Test(e2e_admin, an_answered_exchange_is_in_the_journal, .timeout = 10)
{
    struct server s;
    struct form f = form_four("true");
    struct part *card = form_part(&f, "card");
    cJSON *entry;
    struct reply r;

    server_start(&s, NULL);
    r = send_form(&s, FOUR, &f);
    expect_success(&r);
    entry = admin_last_entry(&s);
    cr_expect_str_eq(json_text(entry, "endpoint"), "livedetectfour");
    cr_expect_eq(json_int(entry, "served.code"), 0);
    cr_expect_str_eq(json_text(entry, "signature.k"), demo.secret_id);
    cr_expect_eq(cJSON_GetArraySize(json_at(entry, "parts")), (int)f.n);
    for (size_t i = 0; i < f.n; i++) {
        const cJSON *part = json_at(entry, format("parts.%zu", i));

        if (strcmp(json_text(part, "name"), "card") != 0)
            continue;
        cr_expect_eq(json_int(part, "size"), (int)card->len);
        cr_expect_str_eq(json_text(part, "sha256"),
                         sha256_of(card->data, card->len));
    }
    cJSON_Delete(entry);
    server_stop(&s);
}

Test(e2e_admin, a_fault_hides_neither_the_natural_outcome_nor_the_findings,
     .timeout = 10)
{
    struct server s;
    struct request q = request_json(PICTURE, "{\"appid\":\"1000001\"}");
    cJSON *entry;
    struct reply r;

    q.headers = "X-Mock-Fault: 107\r\n";
    server_start(&s, NULL);
    r = send_request(&s, &q);
    expect_code(&r, 107);
    entry = admin_last_entry(&s);
    cr_expect_eq(json_int(entry, "served.code"), 107);
    cr_expect_eq(json_int(entry, "natural.code"), -5805);
    cr_expect_str_eq(json_text(entry, "fault.source"), "header");
    cr_expect_str_eq(json_text(entry, "fault.spec"), "107");
    cr_expect(entry_has_finding(entry, "field.missing"));
    cJSON_Delete(entry);
    server_stop(&s);
}

Test(e2e_admin, a_refused_body_is_looked_at_all_the_same, .timeout = 10)
{
    struct server s;
    struct form f = form_four("maybe");
    struct request q = request_form(FOUR, &f);
    cJSON *entry;
    struct reply r;

    q.authorization = NULL;
    server_start(&s, NULL);
    r = send_request(&s, &q);
    expect_code(&r, 4);
    entry = admin_last_entry(&s);
    cr_expect(entry_has_finding(entry, "signature.missing"));
    cr_expect(entry_has_finding(entry, "compare_flag.value"));
    cJSON_Delete(entry);
    server_stop(&s);
}

Test(e2e_admin, a_cut_short_upload_is_recorded, .timeout = 10)
{
    struct server s;
    struct request q = request_good(FOUR);
    struct bytes all = request_bytes(&q);
    struct client c;
    cJSON *found, *entry;

    server_start(&s, NULL);
    client_open(&c, &s);
    client_send(&c, all.data, all.len / 2);
    client_close(&c);
    found = admin_get(&s, "requests?since=0&wait_ms=8000");
    entry = cJSON_DetachItemFromArray(
        cJSON_GetObjectItemCaseSensitive(found, "requests"), 0);
    cr_expect(cJSON_IsTrue(json_at(entry, "cut_short")));
    cr_expect(cJSON_IsNull(json_at(entry, "served")));
    cJSON_Delete(entry);
    cJSON_Delete(found);
    server_stop(&s);
}

Test(e2e_admin, a_smuggling_attempt_is_recorded, .timeout = 10)
{
    const char raw[] = "POST /face/livegetfour HTTP/1.1\r\nHost: x\r\n"
                       "Content-Length: 2\r\nContent-Length: 3\r\n\r\n{}";
    struct server s;
    cJSON *entry;
    struct reply r;

    server_start(&s, NULL);
    r = send_bytes(&s, raw, sizeof(raw) - 1);
    reply_release(&r);
    entry = admin_last_entry(&s);
    cr_expect(entry_has_finding(entry, "http.malformed"));
    cr_expect_eq(json_int(entry, "served.http_status"), 400);
    cJSON_Delete(entry);
    server_stop(&s);
}

Test(e2e_admin, a_reset_upload_is_recorded_with_its_fault, .timeout = 10)
{
    struct server s;
    cJSON *entry;
    struct reply r;

    server_start(&s, NULL);
    r = send_fault(&s, FOUR, "reset_during_upload");
    EXPECT(check_end(&r, REPLY_RESET));
    entry = admin_last_entry(&s);
    cr_expect_str_eq(json_text(entry, "served.transport"),
                     "reset_during_upload");
    cJSON_Delete(entry);
    server_stop(&s);
}

Test(e2e_admin, a_rule_fails_twice_then_lets_succeed, .timeout = 10)
{
    struct server s;
    struct request q = request_good(PICTURE);

    server_start(&s, NULL);
    expect_admin(&s, "POST", "faults",
                 "{\"match\":{\"endpoint\":\"livedetectpicture\"},"
                 "\"fault\":\"213\",\"times\":2}",
                 201);
    for (int i = 0; i < 3; i++) {
        struct reply r = send_request(&s, &q);

        expect_code(&r, i < 2 ? 213 : 0);
        reply_release(&r);
    }
    server_stop(&s);
}

Test(e2e_admin, a_rule_for_one_seq_leaves_others_alone, .timeout = 10)
{
    struct server s;
    struct form f = form_four("false");
    struct reply r;

    server_start(&s, NULL);
    expect_admin(&s, "POST", "faults",
                 "{\"match\":{\"seq\":\"case-7\"},\"fault\":\"-5012\"}", 201);
    form_set(&f, "seq", "case-8");
    r = send_form(&s, FOUR, &f);
    expect_success(&r);
    form_set(&f, "seq", "case-7");
    r = send_form(&s, FOUR, &f);
    EXPECT(check_live(&r, -5012, false));
    server_stop(&s);
}

Test(e2e_admin, a_rule_can_reset_an_upload, .timeout = 10)
{
    struct server s;
    struct request q = request_good(FOUR);
    struct reply r;

    server_start(&s, NULL);
    expect_admin(&s, "POST", "faults",
                 "{\"fault\":\"reset_during_upload\",\"times\":1}", 201);
    r = send_request(&s, &q);
    EXPECT(check_end(&r, REPLY_RESET));
    r = send_request(&s, &q);
    expect_success(&r);
    server_stop(&s);
}

Test(e2e_admin, rules_come_from_a_file, .timeout = 10)
{
    const char rules[] = "{\"faults\":[{\"fault\":\"108\"}]}";
    struct server s;
    struct request q = request_good(GETFOUR);
    struct reply r;

    server_start(&s, "--rules",
                 scratch_file("rules.json", rules, sizeof(rules) - 1), NULL);
    r = send_request(&s, &q);
    expect_code(&r, 108);
    server_stop(&s);
}

Test(e2e_admin, a_wrong_rules_file_stops_the_start, .timeout = 10)
{
    const char rules[] = "{\"faults\":[{\"fault\":\"nonsense\"}]}";
    const char *path = scratch_file("rules.json", rules, sizeof(rules) - 1);
    struct run run = run_program("--port", "0", "--rules", path, NULL);

    cr_expect_eq(run.status, 2);
    cr_expect(strstr(run.err, path) != NULL, "%s", run.err);
}

Test(e2e_admin, the_clock_expires_a_signature_and_goes_back, .timeout = 10)
{
    struct server s;
    struct request q = request_good(PICTURE);
    struct reply r;

    server_start(&s, NULL);
    expect_admin(&s, "PUT", "clock", "{\"offset\":7200}", 200);
    r = send_request(&s, &q);
    expect_code(&r, 9);
    expect_admin(&s, "DELETE", "clock", NULL, 200);
    r = send_request(&s, &q);
    expect_success(&r);
    server_stop(&s);
}

Test(e2e_admin, a_frozen_clock_refills_no_rate_bucket, .timeout = 10)
{
    struct server s;
    struct request q =
        request_json(GETFOUR, "{\"appid\":\"1000004\",\"bucket\":\"test\"}");
    struct reply r;

    q.authorization = sign(&demo_limited);
    server_start(&s, NULL);
    expect_admin(&s, "PUT", "clock", format("{\"now\":%ld}", (long)time(NULL)),
                 200);
    r = send_request(&s, &q);
    expect_success(&r);
    for (int i = 0; i < 3; i++) {
        r = send_request(&s, &q);
        expect_code(&r, 15);
    }
    expect_admin(&s, "PUT", "clock",
                 format("{\"now\":%ld}", (long)time(NULL) + 1), 200);
    r = send_request(&s, &q);
    expect_success(&r);
    server_stop(&s);
}

Test(e2e_admin, accounts_come_and_go, .timeout = 10)
{
    struct server s;
    const struct credentials mine = {
        .appid = "77", .secret_id = "AKIDmine77", .secret_key = "key-of-77"};
    struct request q = request_json(GETFOUR, "{\"appid\":\"77\"}");
    struct reply r;

    q.authorization = sign(&mine);
    server_start(&s, NULL);
    r = send_request(&s, &q);
    expect_code(&r, 10);
    expect_admin(&s, "POST", "accounts",
                 "{\"appid\":\"77\",\"keys\":[{\"secret_id\":\"AKIDmine77\","
                 "\"secret_key\":\"key-of-77\"}]}",
                 201);
    r = send_request(&s, &q);
    expect_success(&r);
    expect_admin(&s, "DELETE", "accounts/77", NULL, 200);
    r = send_request(&s, &q);
    expect_code(&r, 10);
    server_stop(&s);
}

Test(e2e_admin, verdicts_tell_clients_apart, .timeout = 10)
{
    struct server s;
    struct request good = request_good(PICTURE);
    struct request bad = request_json(PICTURE, "{\"appid\":\"1000002\"}");
    cJSON *verdict;
    struct reply r;

    good.host = "recognition.image.myqcloud.com";
    bad.authorization = sign(&demo_bucketless);
    server_start(&s, NULL);
    r = send_request(&s, &good);
    expect_success(&r);
    r = send_request(&s, &bad);
    expect_code(&r, -5805);
    verdict = admin_get(&s, format("verdict?secret_id=%s", demo.secret_id));
    cr_expect(cJSON_IsTrue(json_at(verdict, "conformant")));
    cr_expect_eq(json_int(verdict, "requests"), 1);
    cJSON_Delete(verdict);
    verdict = admin_get(
        &s, format("verdict?secret_id=%s", demo_bucketless.secret_id));
    cr_expect(cJSON_IsFalse(json_at(verdict, "conformant")));
    cr_expect_str_eq(json_text(verdict, "findings.0.id"), "field.missing");
    cJSON_Delete(verdict);
    server_stop(&s);
}

Test(e2e_admin, an_account_added_again_begins_with_a_clean_verdict,
     .timeout = 10)
{
    const char account[] = "{\"appid\":\"78\",\"keys\":[{\"secret_id\":"
                           "\"AKIDmine78\",\"secret_key\":\"key-of-78\"}]}";
    const struct credentials mine = {
        .appid = "78", .secret_id = "AKIDmine78", .secret_key = "key-of-78"};
    struct request bad = request_json(PICTURE, "{\"appid\":\"78\"}");
    struct server s;
    struct reply r;
    cJSON *verdict;

    bad.authorization = sign(&mine);
    server_start(&s, NULL);
    expect_admin(&s, "POST", "accounts", account, 201);
    r = send_request(&s, &bad);
    expect_code(&r, -5805);
    expect_admin(&s, "DELETE", "accounts/78", NULL, 200);
    verdict = admin_get(&s, "verdict?secret_id=AKIDmine78");
    cr_expect_eq(json_int(verdict, "requests"), 1);
    cJSON_Delete(verdict);
    expect_admin(&s, "POST", "accounts", account, 201);
    verdict = admin_get(&s, "verdict?secret_id=AKIDmine78");
    cr_expect_eq(json_int(verdict, "requests"), 0);
    cr_expect(cJSON_IsTrue(json_at(verdict, "conformant")));
    cJSON_Delete(verdict);
    server_stop(&s);
}

Test(e2e_admin, explain_names_the_failing_check, .timeout = 10)
{
    struct server s;
    struct reply r;

    server_start(&s, NULL);
    r = admin_call(&s, "POST", "explain",
                   format("{\"signature\":\"%s\"}",
                          sign_text("not the key",
                                    "a=1000001&b=test&k=AKIDdemo1000001&e=0&"
                                    "t=1&r=1&f=")));
    EXPECT(check_http(&r, 200));
    cr_expect_eq(json_int(r.json, "code"), 14);
    cr_expect(strstr(r.body, demo.secret_key) == NULL);
    server_stop(&s);
}

Test(e2e_admin, metrics_count_requests, .timeout = 10)
{
    struct server s;
    struct request q = request_good(PICTURE);
    struct reply r;

    server_start(&s, NULL);
    r = send_request(&s, &q);
    expect_success(&r);
    r = admin_call(&s, "GET", "metrics", NULL);
    EXPECT(check_http(&r, 200));
    cr_expect(strstr(r.body, "mockserver_requests_total{endpoint="
                             "\"livedetectpicture\",code=\"0\"} 1\n") != NULL,
              "%s", r.body);
    server_stop(&s);
}

Test(e2e_admin, reset_forgets_what_happened, .timeout = 10)
{
    struct server s;
    struct request q = request_good(PICTURE);
    cJSON *json;
    struct reply r;

    server_start(&s, NULL);
    q.authorization = sign_once(&demo);
    r = send_request(&s, &q);
    expect_success(&r);
    r = send_request(&s, &q);
    expect_code(&r, 13);
    expect_admin(&s, "POST", "faults", "{\"fault\":\"hang\"}", 201);
    expect_admin(&s, "POST", "reset", NULL, 200);
    json = admin_get(&s, "requests");
    cr_expect_eq(cJSON_GetArraySize(json_at(json, "requests")), 0);
    cJSON_Delete(json);
    r = send_request(&s, &q);
    expect_success(&r);
    server_stop(&s);
}

/* long polls */

static void open_poll(struct client *c, const struct server *s,
                      const char *query)
{
    struct request q = {
        .method = "GET",
        .target = format("/__admin/requests?%s", query),
        .host = "localhost",
        .framing = FRAME_NONE,
    };

    client_open(c, s);
    client_send_request(c, &q);
}

Test(e2e_admin, a_long_poll_answers_when_a_match_comes, .timeout = 10)
{
    struct server s;
    struct request q = request_good(GETFOUR);
    struct client poll;
    struct reply r;

    server_start(&s, "--threads", "1", NULL);
    open_poll(&poll, &s, "endpoint=livegetfour&wait_ms=60000");
    expect_alive(&s); /* a livedetectpicture, say: no match */
    r = send_request(&s, &q);
    expect_success(&r);
    r = client_read(&poll);
    EXPECT(check_http(&r, 200));
    cr_expect_str_eq(json_text(r.json, "requests.0.endpoint"), "livegetfour");
    client_close(&poll);
    server_stop(&s);
}

Test(e2e_admin, a_long_poll_without_a_match_ends_empty, .timeout = 10)
{
    struct server s;
    struct client poll;
    struct reply r;

    server_start(&s, NULL);
    open_poll(&poll, &s, "code=213&wait_ms=50");
    r = client_read(&poll);
    EXPECT(check_http(&r, 200));
    cr_expect_eq(cJSON_GetArraySize(json_at(r.json, "requests")), 0);
    client_close(&poll);
    server_stop(&s);
}

Test(e2e_admin, polls_and_delays_hold_no_thread, .timeout = 30)
{
    enum { N_POLLS = 64, N_DELAYS = 200 };
    struct server s;
    static struct client polls[N_POLLS], delays[N_DELAYS];
    struct request slow = request_good(GETFOUR);
    struct request match = request_good(GETFOUR);

    slow.headers = "X-Mock-Fault: delay=600000\r\n";
    match.headers = "X-Mock-Fault: -5807\r\n";
    server_start(&s, "--threads", "2", NULL);
    for (size_t i = 0; i < N_DELAYS; i++) {
        client_open(&delays[i], &s);
        client_send_request(&delays[i], &slow);
    }
    for (size_t i = 0; i < N_POLLS; i++)
        open_poll(&polls[i], &s, "code=-5807&wait_ms=60000");
    for (int i = 0; i < 20; i++)
        expect_alive(&s);
    for (size_t i = 0; i < N_DELAYS; i++)
        cr_expect(client_is_waiting(&delays[i]));
    struct reply r = send_request(&s, &match);
    expect_code(&r, -5807);
    for (size_t i = 0; i < N_POLLS; i++) {
        r = client_read(&polls[i]);
        cr_expect_eq(json_int(r.json, "requests.0.served.code"), -5807);
        client_close(&polls[i]);
    }
    for (size_t i = 0; i < N_DELAYS; i++)
        client_close(&delays[i]);
    server_stop(&s);
}

Test(e2e_admin, a_stop_answers_the_polls, .timeout = 10)
{
    struct server s;
    struct client poll;
    struct reply r;

    server_start(&s, NULL);
    open_poll(&poll, &s, "wait_ms=60000");
    expect_alive(&s);
    server_terminate(&s);
    r = client_read(&poll);
    cr_expect(r.end == REPLY_COMPLETE || r.end == REPLY_NOTHING);
    server_wait(&s);
}

/* who may call */

static int status_with(const struct server *s, const char *host,
                       const char *headers)
{
    struct request q = {
        .method = "GET",
        .target = "/__admin/health",
        .host = host,
        .headers = headers,
        .framing = FRAME_NONE,
    };
    struct reply r = send_request(s, &q);

    return r.status;
}

Test(e2e_admin, foreign_hosts_and_origins_are_refused, .timeout = 10)
{
    struct server s;

    server_start(&s, NULL);
    cr_expect_eq(status_with(&s, "localhost:8080", NULL), 200);
    cr_expect_eq(status_with(&s, "[::1]", NULL), 200);
    cr_expect_eq(status_with(&s, "evil.example", NULL), 403);
    cr_expect_eq(status_with(&s, "127.0.0.1.evil.example", NULL), 403);
    cr_expect_eq(status_with(&s, "service.image.myqcloud.com", NULL), 403);
    cr_expect_eq(status_with(&s, "localhost", "Origin: http://localhost\r\n"),
                 200);
    cr_expect_eq(
        status_with(&s, "localhost", "Origin: http://evil.example\r\n"), 403);
    cr_expect_eq(status_with(&s, "localhost", "Origin: null\r\n"), 403);
    server_stop(&s);
}

Test(e2e_admin, a_token_is_asked_for_when_set, .timeout = 10)
{
    struct server s;

    server_start(&s, "--admin-token", "letmein-12345", NULL);
    cr_expect_eq(status_with(&s, "localhost", NULL), 401);
    cr_expect_eq(
        status_with(&s, "localhost", "Authorization: Bearer letmein-12346\r\n"),
        401);
    cr_expect_eq(
        status_with(&s, "localhost", "Authorization: Bearer letmein-12345\r\n"),
        200);
    server_stop(&s);
}

Test(e2e_admin, other_addresses_need_a_token, .timeout = 10)
{
    struct run run = run_program("--bind", "0.0.0.0", "--port", "0", NULL);

    cr_expect_eq(run.status, 2);
    cr_expect(strstr(run.err, "--admin-token") != NULL, "%s", run.err);
}

Test(e2e_admin, a_body_over_one_megabyte_is_refused, .timeout = 10)
{
    struct server s;
    struct bytes big = {0};

    bytes_fill(&big, ' ', 1024 * 1024 + 1);
    server_start(&s, NULL);
    expect_admin(&s, "POST", "faults", big.data, 413);
    expect_alive(&s);
    server_stop(&s);
}

/* the journal's file */

static size_t lines_of(const char *path)
{
    char buf[65536];
    size_t n = 0;
    int fd = open(path, O_RDONLY);
    ssize_t got;

    if (fd < 0)
        return 0;
    while ((got = read(fd, buf, sizeof(buf))) > 0) {
        for (ssize_t i = 0; i < got; i++)
            n += buf[i] == '\n';
    }
    close(fd);
    return n;
}

Test(e2e_admin, the_journal_file_follows_a_rotation, .timeout = 10)
{
    const char *path = format("%s/journal.jsonl", scratch_dir());
    const char *old = format("%s.1", path);
    struct server s;
    struct stat st;

    server_start(&s, "--journal-file", path, NULL);
    expect_alive(&s);
    cr_expect_eq(lines_of(path), 1);
    rename(path, old);
    kill(s.pid, SIGHUP);
    while (stat(path, &st) < 0) /* until it was opened anew */
        sched_yield();
    expect_alive(&s);
    cr_expect_eq(lines_of(old), 1);
    cr_expect_eq(lines_of(path), 1);
    server_stop(&s);
}

Test(e2e_admin, the_prefix_without_its_slash_is_no_call_of_the_service,
     .timeout = 10)
{
    struct request q = {
        .method = "GET",
        .target = "/__admin",
        .host = "localhost",
        .framing = FRAME_NONE,
    };
    struct server s;
    struct reply r;
    cJSON *json;

    server_start(&s, NULL);
    r = send_request(&s, &q);
    EXPECT(check_http(&r, 404));
    cr_expect(strstr(r.body, "requests") != NULL, "%s", r.body);
    json = admin_get(&s, "requests");
    cr_expect_eq(cJSON_GetArraySize(json_at(json, "requests")), 0);
    cJSON_Delete(json);
    server_stop(&s);
}

/* The library refuses such a query without telling anybody. */
Test(e2e_admin, a_query_of_thousands_of_arguments_is_refused_and_recorded,
     .timeout = 10)
{
    struct bytes raw = {0};
    struct server s;
    struct reply r;
    cJSON *entry;

    bytes_text(&raw, "GET /x?");
    bytes_fill(&raw, '&', 4000);
    bytes_text(&raw, " HTTP/1.1\r\nHost: x\r\n\r\n");
    server_start(&s, NULL);
    for (int i = 0; i < 20; i++) {
        r = send_bytes(&s, raw.data, raw.len);
        EXPECT(check_http(&r, 414));
    }
    entry = admin_get(&s, "requests?since=19&wait_ms=8000");
    cr_expect_eq(json_int(entry, "requests.0.id"), 20);
    cr_expect(
        entry_has_finding(json_at(entry, "requests.0"), "http.malformed"));
    cJSON_Delete(entry);
    server_stop(&s);
}

/* Where a head just fits the connection's memory, the library has none left for
 * the head of an answer. */
Test(e2e_admin, a_head_that_just_fits_is_answered, .timeout = 30)
{
    static const struct {
        const char *before, *after;
    } heads[] = {
        {"GET /x HTTP/1.1\r\nHost: a\r\nX: ", "\r\n\r\n"},
        {"GET /?", " HTTP/1.1\r\nHost: a\r\n\r\n"},
    };
    struct server s;

    server_start(&s, "--connection-memory", "8192", NULL);
    for (size_t i = 0; i < 2; i++) {
        for (size_t n = 6800; n < 8400; n += 37) {
            struct bytes raw = {0};
            struct reply r;

            bytes_text(&raw, heads[i].before);
            bytes_fill(&raw, 'x', n);
            bytes_text(&raw, heads[i].after);
            r = send_bytes(&s, raw.data, raw.len);
            cr_expect(r.status == 404 || r.status == 414 || r.status == 431,
                      "%zu bytes: status %d", n, r.status);
            reply_release(&r);
            bytes_release(&raw);
        }
    }
    server_stop(&s);
}

Test(e2e_admin, what_cannot_be_decoded_is_no_call_of_the_service, .timeout = 10)
{
    const char raw[] = "GET /__admin/health%zz HTTP/1.1\r\nHost: localhost\r\n"
                       "\r\n";
    struct server s;
    struct reply r;
    cJSON *json;

    server_start(&s, NULL);
    r = send_bytes(&s, raw, strlen(raw));
    EXPECT(check_http(&r, 404));
    cr_expect(strstr(r.body, "\"error\"") != NULL, "%s", r.body);
    json = admin_get(&s, "requests");
    cr_expect_eq(cJSON_GetArraySize(json_at(json, "requests")), 0);
    cJSON_Delete(json);
    server_stop(&s);
}

Test(e2e_admin, a_malformed_chunk_is_told_as_such, .timeout = 10)
{
    const char raw[] = "POST /face/livegetfour HTTP/1.1\r\nHost: x\r\n"
                       "Transfer-Encoding: chunked\r\n\r\nZZ\r\nab\r\n";
    struct server s;
    struct reply r;
    cJSON *entry;

    server_start(&s, NULL);
    r = send_bytes(&s, raw, sizeof(raw) - 1);
    EXPECT(check_http(&r, 400));
    entry = admin_get(&s, "requests?since=0&wait_ms=8000");
    cr_expect(
        entry_has_finding(json_at(entry, "requests.0"), "http.malformed"));
    cJSON_Delete(entry);
    server_stop(&s);
}

Test(e2e_admin, of_a_head_that_was_not_read_nothing_else_is_said, .timeout = 10)
{
    const char raw[] = "POST /face/livegetfour HTTP/1.1\r\nHost: x\r\n"
                       "Content-Length: -1\r\n\r\n";
    struct server s;
    struct reply r;
    cJSON *entry;

    server_start(&s, NULL);
    r = send_bytes(&s, raw, sizeof(raw) - 1);
    EXPECT(check_http(&r, 400));
    entry = admin_get(&s, "requests?since=0&wait_ms=8000");
    cr_expect(
        entry_has_finding(json_at(entry, "requests.0"), "http.malformed"));
    cr_expect_not(
        entry_has_finding(json_at(entry, "requests.0"), "path.unknown"));
    cJSON_Delete(entry);
    server_stop(&s);
}

/* Who may not call is told before his body is asked for. */
Test(e2e_admin, a_foreign_caller_gets_no_100, .timeout = 10)
{
    struct request q = {
        .method = "POST",
        .target = "/__admin/faults",
        .host = "evil.example",
        .headers = "Expect: 100-continue\r\nContent-Length: 500000\r\n",
        .framing = FRAME_NONE,
    };
    struct server s;
    struct reply r;

    server_start(&s, NULL);
    r = send_request(&s, &q);
    EXPECT(check_http(&r, 403));
    cr_expect_not(r.continued);
    server_stop(&s);
}

Test(e2e_admin, a_token_that_went_astray_is_not_recorded, .timeout = 10)
{
    struct request q = request_good(GETFOUR);
    struct server s;
    struct reply r;

    q.authorization = "Bearer letmein-12345";
    server_start(&s, NULL);
    r = send_request(&s, &q);
    expect_code(&r, 5);
    r = admin_call(&s, "GET", "requests", NULL);
    cr_expect(strstr(r.body, "letmein") == NULL, "%s", r.body);
    server_stop(&s);
}

Test(e2e_admin, an_answer_not_yet_given_is_held_against_nobody, .timeout = 10)
{
    struct request slow = request_good(GETFOUR), next = slow;
    struct client c;
    struct server s;
    struct reply r;
    cJSON *entry;

    slow.headers = "X-Mock-Fault: delay=600000,14\r\n";
    server_start(&s, NULL);
    client_open(&c, &s);
    client_send_request(&c, &slow);
    entry = admin_get(&s, "requests?since=0&wait_ms=8000");
    cJSON_Delete(entry);
    r = send_request(&s, &next);
    expect_success(&r);
    entry = admin_last_entry(&s);
    cr_expect_not(entry_has_finding(entry, "signature.reused-after-refusal"));
    cJSON_Delete(entry);
    client_close(&c);
    server_stop(&s);
}

Test(e2e_admin, a_fifo_is_no_journal_file, .timeout = 10)
{
    const char *path = format("%s/fifo", scratch_dir());
    struct run run;

    mkfifo(path, 0600);
    run = run_program("--port", "0", "--journal-file", path, NULL);
    cr_expect_eq(run.status, 2);
    cr_expect(strstr(run.err, "--journal-file") != NULL, "%s", run.err);
}
