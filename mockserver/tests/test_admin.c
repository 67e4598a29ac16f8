#include "admin.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cjson/cJSON.h>
#include <criterion/criterion.h>
#include "endpoints.h"
#include "findings.h"
#include "hosts.h"

enum { NOW = 1500000000 };

#define ACCOUNT                                                                \
    "{\"appid\":\"42\",\"keys\":[{\"secret_id\":\"added\","                    \
    "\"secret_key\":\"hush-hush\"}]}"

/* Everything that the API reads, with the demo accounts and a stopped clock,
 * and the reply of the last call. */
static struct settings settings;
static struct clock clock_;
static struct admin admin;
static struct admin_reply reply;

static void set_up(void)
{
    settings_init(&settings);
    clock_init(&clock_);
    clock_freeze(&clock_, NOW);
    admin = (struct admin){
        .settings = &settings,
        .accounts = accounts_demo(),
        .uses = signature_uses_new(16),
        .clock = &clock_,
        .journal = journal_new(100, 1024 * 1024),
        .verdict = verdict_new(),
        .rules = fault_rules_new(1),
        .metrics = metrics_new(),
        .version = "1.2.3",
        .bind = "127.0.0.1",
        .started_us = clock_monotonic_us(),
    };
    admin_reply_init(&reply);
}

static void tear_down(void)
{
    admin_reply_release(&reply);
    metrics_free(admin.metrics);
    fault_rules_free(admin.rules);
    verdict_free(admin.verdict);
    journal_free(admin.journal);
    signature_uses_free(admin.uses);
    accounts_free(admin.accounts);
}

TestSuite(admin, .init = set_up, .fini = tear_down, .timeout = 10);

/* A request as curl would send it; `target` may have a query. */
static struct admin_request request_of(const char *method, char *target,
                                       const char *body)
{
    struct admin_request request = {
        .method = method,
        .path = target,
        .host = "127.0.0.1:8080",
        .body = body,
        .body_len = body ? strlen(body) : 0,
        .may_wait = true,
    };
    char *query = strchr(target, '?');

    if (query) {
        *query = '\0';
        request.query = query + 1;
    }
    return request;
}

static void call(const char *method, const char *path, const char *body)
{
    char target[512];
    struct admin_request request;

    snprintf(target, sizeof(target), ADMIN_PREFIX "%s", path);
    request = request_of(method, target, body);
    admin_handle(&admin, &request, &reply);
}

static void expect(int status, const char *body)
{
    cr_expect(reply.status == status, "status %d, expected %d: %s",
              reply.status, status, reply.body.buf);
    cr_expect_str_eq(reply.body.buf, body, "got %s\n  expected %s",
                     reply.body.buf, body);
}

/* Is `part` in the reply, which has `status`? */
static void expect_part(int status, const char *part)
{
    cr_expect(reply.status == status, "status %d, expected %d: %s",
              reply.status, status, reply.body.buf);
    cr_expect(strstr(reply.body.buf, part) != NULL, "no %s in %s", part,
              reply.body.buf);
}

static void expect_no_part(const char *part)
{
    cr_expect(strstr(reply.body.buf, part) == NULL, "%s in %s", part,
              reply.body.buf);
}

/* The reply is {"error":TEXT}, and TEXT is `error`. */
static void expect_error(int status, const char *error)
{
    cJSON *json = cJSON_Parse(reply.body.buf);
    const cJSON *text = cJSON_GetObjectItem(json, "error");

    cr_assert(cJSON_IsString(text), "no error in %s", reply.body.buf);
    cr_expect_str_eq(reply.content_type, "application/json");
    cr_expect(reply.status == status, "status %d, expected %d: %s",
              reply.status, status, text->valuestring);
    cr_expect_str_eq(text->valuestring, error, "said: %s\n  expected: %s",
                     text->valuestring, error);
    cJSON_Delete(json);
}

/* Records an exchange of livegetfour, as a refusal with `code`. */
static void record(const char *secret_id, int code)
{
    struct exchange *x = exchange_new();

    cr_assert(x != NULL);
    x->request.method = "POST";
    x->request.version = "HTTP/1.1";
    x->request.path = "/face/livegetfour";
    x->request.target = "/face/livegetfour";
    x->endpoint = &endpoint_livegetfour;
    x->signature.k.ptr = secret_id;
    x->signature.k.len = strlen(secret_id);
    x->signature.key =
        accounts_find_key(admin.accounts, secret_id, strlen(secret_id));
    x->natural_code = code;
    x->natural.code = code;
    x->decision.code = code;
    verdict_recall(admin.verdict, x);
    journal_append(admin.journal, x);
    verdict_count(admin.verdict, x);
    exchange_free(x);
}

/* The Authorization value in the reply; the caller frees it. */
static char *take_authorization(void)
{
    cJSON *json = cJSON_Parse(reply.body.buf);
    const cJSON *value = cJSON_GetObjectItem(json, "authorization");
    char *copy;

    cr_assert(reply.status == 200 && cJSON_IsString(value), "got %d %s",
              reply.status, reply.body.buf);
    copy = strdup(value->valuestring);
    cr_assert(copy != NULL);
    cJSON_Delete(json);
    return copy;
}

/* The signed text of the reply is `expected`. */
static void expect_signed(const char *expected)
{
    char *value = take_authorization();
    struct signature signature;
    struct arena arena;

    arena_init(&arena);
    cr_assert(signature_parse(&signature, &arena, value) == ERR_OK);
    cr_expect_str_eq(signature.original, expected, "got %s\n  expected %s",
                     signature.original, expected);
    arena_release(&arena);
    free(value);
}

static enum error_code verify(const char *value)
{
    struct arena arena;
    struct signature signature;
    enum error_code code;

    arena_init(&arena);
    code = signature_verify(&signature, &arena, admin.accounts, admin.uses,
                            value, clock_now_us(&clock_) / 1000000);
    signature_release(&signature);
    arena_release(&arena);
    return code;
}

static void expect_verified(void)
{
    char *value = take_authorization();

    cr_expect(verify(value) == ERR_OK);
    free(value);
}

/* who may come in */

static int status_of(const char *bind, const char *host, const char *origin)
{
    char target[] = ADMIN_PREFIX "health";
    struct admin_request request = request_of("GET", target, NULL);

    admin.bind = bind;
    request.host = host;
    request.origin = origin;
    admin_handle(&admin, &request, &reply);
    return reply.status;
}

static void expect_hosts(const char *bind, const char *const *hosts, int status)
{
    for (size_t i = 0; hosts[i]; i++)
        cr_expect(status_of(bind, hosts[i], NULL) == status,
                  "bind %s, Host %s: got %d, expected %d", bind, hosts[i],
                  reply.status, status);
}

Test(admin, a_host_of_the_loopback_may_come_in)
{
    static const char *const hosts[] = {"localhost",   "localhost:8080",
                                        "LocalHost:1", "127.0.0.1",
                                        "[::1]",       "127.0.0.1:65535",
                                        "[::1]:8080",  "[0:0:0:0:0:0:0:1]",
                                        "localhost:",  NULL};

    expect_hosts("127.0.0.1", hosts, 200);
    expect_hosts("192.0.2.1", hosts, 200);
}

Test(admin, any_other_host_is_refused)
{
    static const char *const hosts[] = {"evil.example",
                                        "localhost.evil.example",
                                        "127.0.0.1.evil.example",
                                        "192.0.2.1",
                                        "127.0.0.2",
                                        "",
                                        "::1",
                                        "[::1",
                                        "[127.0.0.1]",
                                        "localhost:x",
                                        "localhost:65536",
                                        "localhost:80:80",
                                        "[::1]8080",
                                        "me@localhost",
                                        "localhost/",
                                        "localhost ",
                                        "0.0.0.0",
                                        "localhos",
                                        ":8080",
                                        "[]",
                                        "[2001:db8::1]",
                                        NULL};

    expect_hosts("127.0.0.1", hosts, 403);
}

Test(admin, the_host_may_be_the_address_served_on)
{
    static const char *const ipv4[] = {"192.0.2.1:8080", NULL};
    static const char *const ipv6[] = {"[2001:db8::1]:8080", "[2001:DB8:0::1]",
                                       NULL};
    static const char *const link_local[] = {"[fe80::1]", NULL};

    expect_hosts("192.0.2.1", ipv4, 200);
    expect_hosts("2001:db8::1", ipv6, 200);
    expect_hosts("fe80::1%eth0", link_local, 200);
    expect_hosts("192.0.2.2", ipv4, 403);
}

Test(admin, a_wildcard_lets_any_numeric_host_come_in)
{
    static const char *const numeric[] = {"192.0.2.1", "[2001:db8::1]:1", NULL};
    static const char *const names[] = {"evil.example", "1.2.3.4.example",
                                        NULL};

    expect_hosts("0.0.0.0", numeric, 200);
    expect_hosts("::", numeric, 200);
    expect_hosts("0", numeric, 200);
    expect_hosts("0.0.0.0", names, 403);
    expect_hosts("::", names, 403);
}

Test(admin, a_refused_host_is_named)
{
    status_of("127.0.0.1", "evil.example\"", NULL);
    expect_error(403, "Host is \"evil.example\"\", expected one of localhost, "
                      "127.0.0.1, [::1] or the address served on");
}

Test(admin, a_missing_host_is_refused_but_in_http_1_0)
{
    char target[] = ADMIN_PREFIX "health";
    struct admin_request request = request_of("GET", target, NULL);

    request.host = NULL;
    admin_handle(&admin, &request, &reply);
    expect_error(403, "Host is missing, expected localhost, 127.0.0.1, [::1] "
                      "or the address served on");
    request.is_http_1_0 = true;
    admin_handle(&admin, &request, &reply);
    cr_expect(reply.status == 200);
}

Test(admin, a_foreign_host_is_refused_in_http_1_0_too)
{
    char target[] = ADMIN_PREFIX "health";
    struct admin_request request = request_of("GET", target, NULL);

    request.host = "evil.example";
    request.is_http_1_0 = true;
    admin_handle(&admin, &request, &reply);
    cr_expect(reply.status == 403);
}

Test(admin, an_origin_of_ours_may_come_in)
{
    cr_expect(status_of("127.0.0.1", "localhost", "http://localhost:3000") ==
              200);
    cr_expect(status_of("127.0.0.1", "localhost", "https://127.0.0.1") == 200);
    cr_expect(status_of("127.0.0.1", "localhost", "http://[::1]:80") == 200);
    cr_expect(status_of("0.0.0.0", "localhost", "http://192.0.2.7") == 200);
}

Test(admin, any_other_origin_is_refused)
{
    static const char *const origins[] = {
        "null",      "http://evil.example",  "https://localhost.evil.example",
        "localhost", "ftp://localhost",      "http://",
        "",          "http://192.0.2.1",     "http://localhost/x",
        "file://",   "http://a@localhost:1", "http://localhost http://x",
        NULL};

    for (size_t i = 0; origins[i]; i++)
        cr_expect(status_of("127.0.0.1", "localhost", origins[i]) == 403,
                  "Origin %s: got %d", origins[i], reply.status);
    status_of("127.0.0.1", "localhost", "null");
    expect_error(403, "Origin is \"null\", expected http:// or https:// and "
                      "one of localhost, 127.0.0.1, [::1] or the address "
                      "served on");
}

static int status_with(const char *token, const char *authorization)
{
    char target[] = ADMIN_PREFIX "health";
    struct admin_request request = request_of("GET", target, NULL);

    admin.token = token;
    request.authorization = authorization;
    admin_handle(&admin, &request, &reply);
    return reply.status;
}

Test(admin, without_a_token_none_is_asked_for)
{
    cr_expect(status_with(NULL, NULL) == 200);
    cr_expect(status_with(NULL, "Bearer whatever") == 200);
}

Test(admin, the_token_lets_come_in)
{
    cr_expect(status_with("s3cret", NULL) == 401);
    cr_expect(status_with("s3cret", "Bearer s3cret") == 200);
    cr_expect(status_with("s3cret", "bearer   s3cret ") == 200);
    cr_expect(!reply.challenge);
}

Test(admin, a_wrong_token_is_challenged)
{
    static const char *const wrong[] = {"Bearer s3cre",
                                        "Bearer s3crets",
                                        "Bearer s3creT",
                                        "Bearer ",
                                        "Bearer",
                                        "s3cret",
                                        "Basic s3cret",
                                        "Bearers3cret",
                                        "",
                                        "Bearer s3crets3cret",
                                        NULL};

    for (size_t i = 0; wrong[i]; i++) {
        cr_expect(status_with("s3cret", wrong[i]) == 401, "%s: got %d",
                  wrong[i], reply.status);
        cr_expect(reply.challenge);
    }
    expect_error(401, "Authorization is not \"Bearer TOKEN\" with the token "
                      "the server was started with");
    cr_expect(status_with("s3cret", NULL) == 401);
    expect_error(401, "Authorization is missing, expected \"Bearer TOKEN\" "
                      "with the token the server was started with");
}

Test(admin, an_empty_token_lets_nobody_in)
{
    cr_expect(status_with("", "Bearer ") == 401);
    cr_expect(status_with("", "Bearer x") == 401);
}

Test(admin, host_and_origin_are_asked_before_the_token)
{
    admin.token = "s3cret";
    cr_expect(status_of("127.0.0.1", "evil.example", NULL) == 403);
    cr_expect(status_of("127.0.0.1", "localhost", "null") == 403);
    cr_expect(status_of("127.0.0.1", "localhost", NULL) == 401);
}

Test(admin, nothing_is_done_for_who_may_not_come_in)
{
    char target[] = ADMIN_PREFIX "clock";
    struct admin_request request = request_of("PUT", target, "{\"now\":1}");

    request.host = "evil.example";
    admin_handle(&admin, &request, &reply);
    cr_expect(clock_now_us(&clock_) == NOW * INT64_C(1000000));
}

Test(admin, loopback_addresses_are_told_from_others)
{
    cr_expect(hosts_is_loopback("127.0.0.1"));
    cr_expect(hosts_is_loopback("127.8.9.1"));
    cr_expect(hosts_is_loopback("127.1"));
    cr_expect(hosts_is_loopback("::1"));
    cr_expect(hosts_is_loopback("::ffff:127.0.0.1"));
    cr_expect(!hosts_is_loopback("0.0.0.0"));
    cr_expect(!hosts_is_loopback("0"));
    cr_expect(!hosts_is_loopback("::"));
    cr_expect(!hosts_is_loopback("192.0.2.1"));
    cr_expect(!hosts_is_loopback("::ffff:192.0.2.1"));
    cr_expect(!hosts_is_loopback("fe80::1%lo"));
    cr_expect(!hosts_is_loopback("evil.example"));
}

/* routes */

Test(admin, an_unknown_call_is_named_with_the_known_ones)
{
    call("GET", "fault", NULL);
    expect_error(
        404, "unknown call \"fault\", expected health, errors, findings, "
             "faults, faults/{id}, requests, requests/{id}, verdict, coverage, "
             "clock, accounts, accounts/{appid}, sign, explain, reset, "
             "metrics or ca.pem");
}

Test(admin, ids_that_are_no_decimals_are_unknown_calls)
{
    static const char *const paths[] = {
        "faults/x",     "faults/",
        "faults/1/2",   "faults/-1",
        "requests/0x1", "faults/18446744073709551616",
        "health/",      "",
        "accounts/",    NULL};

    for (size_t i = 0; paths[i]; i++) {
        call("GET", paths[i], NULL);
        cr_expect(reply.status == 404, "%s: got %d", paths[i], reply.status);
    }
}

Test(admin, a_wrong_method_is_told_the_methods_of_the_path)
{
    call("PATCH", "faults", NULL);
    expect_error(405, "the method of /__admin/faults is \"PATCH\", expected "
                      "GET, POST, DELETE");
    cr_expect_str_eq(reply.allow, "GET, POST, DELETE");
    call("HEAD", "health", NULL);
    cr_expect(reply.status == 405);
    cr_expect_str_eq(reply.allow, "GET");
    call("POST", "faults/7", NULL);
    cr_expect_str_eq(reply.allow, "GET, DELETE");
    call("get", "health", NULL);
    cr_expect(reply.status == 405);
}

Test(admin, a_reply_used_again_forgets_the_405)
{
    call("PATCH", "faults", NULL);
    call("GET", "health", NULL);
    cr_expect(reply.status == 200 && reply.allow == NULL);
}

Test(admin, a_body_that_is_too_long_is_413)
{
    char target[] = ADMIN_PREFIX "faults";
    struct admin_request request = request_of("POST", target, NULL);

    request.body_too_long = true;
    admin_handle(&admin, &request, &reply);
    expect_error(413, "the body is too long, expected at most 1048576 bytes");
}

Test(admin, a_body_where_none_is_due_is_ignored)
{
    call("GET", "health", "not JSON");
    cr_expect(reply.status == 200);
    call("POST", "reset", "not JSON");
    cr_expect(reply.status == 200);
}

/* queries */

Test(admin, an_unknown_parameter_is_refused_with_the_known_ones)
{
    call("GET", "verdict?secretid=x", NULL);
    expect_error(400, "query: unknown parameter \"secretid\", expected "
                      "secret_id or format");
    call("GET", "requests?format=x", NULL);
    expect_error(400, "query: unknown parameter \"format\", expected since, "
                      "limit, secret_id, endpoint, code or wait_ms");
    call("GET", "health?x", NULL);
    expect_error(400, "query: unknown parameter \"x\", expected none");
    call("POST", "reset?since=1", NULL);
    cr_expect(reply.status == 400);
}

Test(admin, a_repeated_parameter_is_refused)
{
    call("GET", "requests?limit=1&since=0&limit=1", NULL);
    expect_error(400, "query: limit is repeated, expected one value");
}

Test(admin, an_empty_parameter_is_refused)
{
    call("GET", "verdict?secret_id=", NULL);
    expect_error(400, "query: secret_id is empty, expected one value");
    call("GET", "verdict?secret_id", NULL);
    cr_expect(reply.status == 400);
}

Test(admin, empty_pairs_of_a_query_do_not_count)
{
    call("GET", "requests?", NULL);
    cr_expect(reply.status == 200);
    call("GET", "requests?&limit=1&&since=0&", NULL);
    cr_expect(reply.status == 200);
}

Test(admin, a_query_is_decoded)
{
    record("a b+c", 5);
    call("GET", "requests?secret%5fid=a+b%2Bc", NULL);
    expect_part(200, "\"next\":1");
    expect_part(200, "a b+c");
    call("GET", "requests?secret_id=a%20b%2bc", NULL);
    expect_part(200, "a b+c");
    call("GET", "requests?secret_id=a+b+c", NULL);
    expect_part(200, "\"requests\":[]");
}

Test(admin, a_bad_escape_is_refused)
{
    static const char *const bad[] = {"%", "%4", "%zz", "%00", "x%0", NULL};

    for (size_t i = 0; bad[i]; i++) {
        char path[64];

        snprintf(path, sizeof(path), "verdict?secret_id=%s", bad[i]);
        call("GET", path, NULL);
        cr_expect(reply.status == 400, "%s: got %d", bad[i], reply.status);
    }
    call("GET", "verdict?secret_id=%zz", NULL);
    expect_error(400, "query: \"secret_id=%zz\" holds a bad escape, expected "
                      "%01 to %FF");
}

Test(admin, a_bad_number_is_named)
{
    call("GET", "requests?limit=0", NULL);
    expect_error(400,
                 "query: limit is \"0\", expected a decimal from 1 to 1000");
    call("GET", "requests?limit=1001", NULL);
    cr_expect(reply.status == 400);
    call("GET", "requests?wait_ms=60001", NULL);
    expect_error(
        400, "query: wait_ms is \"60001\", expected a decimal from 0 to 60000");
    call("GET", "requests?code=x1", NULL);
    expect_error(400, "query: code is \"x1\", expected a decimal from "
                      "-2147483648 to 2147483647");
}

Test(admin, numbers_of_odd_shapes_are_refused)
{
    static const char *const bad[] = {
        "-1",  "+1", "1.0", "1e3",  "0x1", "%201", "99999999999999999999",
        "--1", "-",  "1-",  "1%20", NULL};

    for (size_t i = 0; bad[i]; i++) {
        char path[64];

        snprintf(path, sizeof(path), "requests?since=%s", bad[i]);
        call("GET", path, NULL);
        cr_expect(reply.status == 400, "%s: got %d", bad[i], reply.status);
    }
}

/* the server and its catalogues */

Test(admin, health_tells_version_and_uptime)
{
    call("GET", "health", NULL);
    expect(200, "{\"status\":\"ok\",\"version\":\"1.2.3\",\"uptime_s\":0}");
    cr_expect_str_eq(reply.content_type, "application/json");
    admin.started_us -= 61 * INT64_C(1000000);
    call("GET", "health", NULL);
    expect_part(200, "\"uptime_s\":61}");
}

static int count_of(const char *list)
{
    cJSON *json = cJSON_Parse(reply.body.buf);
    const cJSON *array = cJSON_GetObjectItem(json, list);
    int n = cJSON_IsArray(array) ? cJSON_GetArraySize(array) : -1;

    cJSON_Delete(json);
    return n;
}

Test(admin, errors_lists_the_whole_catalogue)
{
    call("GET", "errors", NULL);
    cr_expect(reply.status == 200);
    cr_expect(count_of("errors") == (int)error_table_len);
}

Test(admin, findings_lists_every_rule)
{
    call("GET", "findings", NULL);
    cr_expect(count_of("findings") == FINDING__COUNT);
    expect_part(200,
                "{\"id\":\"path.unknown\",\"level\":\"must\",\"provenance\":"
                "\"D\",\"reference\":");
    expect_part(200, "\"text\":\"the path must be one of the service's "
                     "endpoints\"");
}

Test(admin, metrics_are_prometheus_text)
{
    call("GET", "metrics", NULL);
    expect_part(200, "mockserver_open_connections 0\n");
    cr_expect_str_eq(reply.content_type, "text/plain; version=0.0.4");
}

Test(admin, metrics_count_the_journal)
{
    record("x", 5);
    call("GET", "metrics", NULL);
    expect_part(200, "mockserver_journal_entries 1\n");
}

/* faults */

Test(admin, a_fault_is_added_with_its_id)
{
    call("POST", "faults", "{\"fault\":\"-5007\",\"times\":2}");
    expect(201, "{\"id\":1}");
    call("POST", "faults", "{\"fault\":\"15\"}");
    expect(201, "{\"id\":2}");
    call("GET", "faults", NULL);
    cr_expect(count_of("faults") == 2);
    call("GET", "faults/2", NULL);
    expect_part(200, "\"id\":2");
    expect_part(200, "\"fault\":\"15\"");
}

Test(admin, a_bad_fault_is_refused_with_the_reason)
{
    call("POST", "faults", "{\"fault\":\"9999\"}");
    expect_error(400, "body: fault spec \"9999\": code 9999 is in no table; "
                      "write unlisted=9999");
    call("POST", "faults", "{\"fault\":\"15\",\"match\":{\"seq\":7}}");
    expect_error(400, "body: match.seq: found the number 7, expected a string "
                      "of 1 to 1024 bytes");
    call("POST", "faults", NULL);
    cr_expect(reply.status == 400);
    call("GET", "faults", NULL);
    cr_expect(count_of("faults") == 0);
}

Test(admin, a_fault_is_removed_once)
{
    call("POST", "faults", "{\"fault\":\"15\"}");
    call("DELETE", "faults/1", NULL);
    expect(200, "{}");
    call("DELETE", "faults/1", NULL);
    expect_error(404, "there is no fault 1");
    call("GET", "faults/1", NULL);
    expect_error(404, "there is no fault 1");
}

Test(admin, all_faults_are_removed)
{
    call("POST", "faults", "{\"fault\":\"15\"}");
    call("DELETE", "faults", NULL);
    expect(200, "{}");
    call("GET", "faults", NULL);
    cr_expect(count_of("faults") == 0);
}

/* the journal */

Test(admin, requests_are_told_oldest_first)
{
    record("x", 5);
    record("x", 14);
    call("GET", "requests", NULL);
    cr_expect(count_of("requests") == 2);
    expect_part(200, "\"next\":2");
    expect_part(200, "\"evicted\":0");
}

Test(admin, requests_are_filtered)
{
    record("x", 5);
    record("y", -5007);
    record("x", 14);
    call("GET", "requests?secret_id=x", NULL);
    cr_expect(count_of("requests") == 2);
    call("GET", "requests?code=-5007", NULL);
    cr_expect(count_of("requests") == 1);
    call("GET", "requests?since=1", NULL);
    cr_expect(count_of("requests") == 2);
    call("GET", "requests?since=0&limit=1", NULL);
    cr_expect(count_of("requests") == 1);
    expect_part(200, "\"next\":1");
    call("GET", "requests?limit=1", NULL);
    expect_part(200, "\"id\":3");
    call("GET", "requests?endpoint=livegetfour", NULL);
    cr_expect(count_of("requests") == 3);
    call("GET", "requests?endpoint=livedetectfour", NULL);
    cr_expect(count_of("requests") == 0);
    call("GET", "requests?endpoint=-", NULL);
    cr_expect(count_of("requests") == 0);
}

Test(admin, code_0_is_a_filter)
{
    record("x", 0);
    record("x", 5);
    call("GET", "requests?code=0", NULL);
    cr_expect(count_of("requests") == 1);
}

Test(admin, an_unknown_endpoint_is_refused)
{
    call("GET", "requests?endpoint=livedetect", NULL);
    expect_error(400, "query: endpoint is \"livedetect\", expected "
                      "livedetectfour, livedetectpicture, livegetfour, or - "
                      "for none");
}

Test(admin, one_request_is_told)
{
    record("x", 5);
    call("GET", "requests/1", NULL);
    expect_part(200, "\"id\":1");
    call("GET", "requests/2", NULL);
    expect_error(404, "there is no request 2");
}

Test(admin, removing_requests_leaves_the_rest)
{
    record("x", 5);
    call("POST", "faults", "{\"fault\":\"15\"}");
    call("DELETE", "requests", NULL);
    expect(200, "{}");
    call("GET", "requests", NULL);
    cr_expect(count_of("requests") == 0);
    call("GET", "faults", NULL);
    cr_expect(count_of("faults") == 1);
    cr_expect(verdict_summary(admin.verdict, NULL).n_requests == 1);
    cr_expect(clock_now_us(&clock_) == NOW * INT64_C(1000000));
}

Test(admin, a_wait_for_nothing_yet_is_handed_back)
{
    record("y", 0);
    call("GET", "requests?wait_ms=500&secret_id=x&endpoint=livegetfour", NULL);
    cr_expect(reply.must_wait);
    cr_expect(reply.wait_ms == 500);
    cr_expect(reply.body.len == 0);
    cr_expect_str_eq(reply.filter.secret_id, "x");
    cr_expect_str_eq(reply.filter.endpoint, "livegetfour");
    cr_expect(!reply.filter.has_code);
}

Test(admin, a_wait_begins_at_the_journals_end)
{
    record("y", 0);
    record("y", 0);
    call("GET", "requests?wait_ms=500&secret_id=x", NULL);
    cr_expect(reply.filter.has_since && reply.filter.since == 2);
}

Test(admin, a_wait_keeps_its_since)
{
    record("y", 0);
    record("y", 0);
    call("GET", "requests?wait_ms=500&secret_id=x&since=1&code=-7", NULL);
    cr_expect(reply.must_wait);
    cr_expect(reply.filter.has_since && reply.filter.since == 1);
    cr_expect(reply.filter.has_code && reply.filter.code == -7);
}

Test(admin, a_wait_that_is_met_is_answered_at_once)
{
    record("x", 0);
    call("GET", "requests?wait_ms=500&secret_id=x", NULL);
    cr_expect(!reply.must_wait);
    cr_expect(count_of("requests") == 1);
}

Test(admin, a_wait_of_0_is_none)
{
    call("GET", "requests?wait_ms=0", NULL);
    cr_expect(!reply.must_wait);
    cr_expect(count_of("requests") == 0);
}

Test(admin, a_wait_that_is_over_is_answered)
{
    char target[] = ADMIN_PREFIX "requests?wait_ms=500&since=0";
    struct admin_request request = request_of("GET", target, NULL);

    admin_handle(&admin, &request, &reply);
    cr_assert(reply.must_wait);
    record("x", 0);
    request.may_wait = false;
    admin_handle(&admin, &request, &reply);
    cr_expect(!reply.must_wait);
    cr_expect(count_of("requests") == 1);
}

Test(admin, a_wait_that_was_in_vain_is_answered)
{
    char target[] = ADMIN_PREFIX "requests?wait_ms=500";
    struct admin_request request = request_of("GET", target, NULL);

    request.may_wait = false;
    admin_handle(&admin, &request, &reply);
    cr_expect(!reply.must_wait);
    expect(200, "{\"requests\":[],\"next\":0,\"evicted\":0}");
}

/* the verdict */

Test(admin, the_verdict_is_of_all_or_of_one)
{
    record("AKIDdemo1000001", 0);
    record("AKIDdemo1000002", 0);
    call("GET", "verdict", NULL);
    expect_part(200, "\"conformant\":true");
    expect_part(200, "\"requests\":2");
    cr_expect_str_eq(reply.content_type, "application/json");
    call("GET", "verdict?secret_id=AKIDdemo1000002", NULL);
    expect_part(200, "\"requests\":1");
}

Test(admin, the_verdict_has_three_formats)
{
    call("GET", "verdict?format=json", NULL);
    expect_part(200, "{\"conformant\":true");
    call("GET", "verdict?format=text", NULL);
    cr_expect(reply.status == 200);
    cr_expect(reply.body.buf[0] != '{' && reply.body.buf[0] != '<');
    cr_expect_str_eq(reply.content_type, "text/plain; charset=utf-8");
    call("GET", "verdict?format=junit&secret_id=x", NULL);
    expect_part(200, "<testsuite");
    cr_expect_str_eq(reply.content_type, "application/xml");
}

Test(admin, another_format_is_refused)
{
    call("GET", "verdict?format=xml", NULL);
    expect_error(400, "query: format is \"xml\", expected json, text or junit");
    call("GET", "verdict?format=JSON", NULL);
    cr_expect(reply.status == 400);
}

Test(admin, coverage_tells_codes_and_rules)
{
    call("GET", "coverage", NULL);
    expect_part(200, "\"untripped\":[");
    call("GET", "coverage?secret_id=x", NULL);
    expect_part(200, "\"exercised\":[]");
}

/* the clock */

Test(admin, the_clock_is_told)
{
    call("GET", "clock", NULL);
    expect(200, "{\"now\":1500000000,\"mode\":\"frozen\",\"offset\":0}");
}

Test(admin, the_clock_is_frozen)
{
    call("PUT", "clock", "{\"now\":1466393489}");
    expect(200, "{\"now\":1466393489,\"mode\":\"frozen\",\"offset\":0}");
    cr_expect(clock_now_us(&clock_) == INT64_C(1466393489000000));
}

Test(admin, the_clock_is_shifted)
{
    call("PUT", "clock", "{\"offset\":-86400}");
    expect_part(200, "\"mode\":\"shifted\",\"offset\":-86400}");
}

Test(admin, the_clock_is_restored)
{
    call("DELETE", "clock", NULL);
    expect(200, "{}");
    call("GET", "clock", NULL);
    expect_part(200, "\"mode\":\"running\",\"offset\":0}");
}

Test(admin, the_clock_wants_one_of_two)
{
    call("PUT", "clock", "{}");
    expect_error(400, "body: now is missing, expected one of now and offset");
    call("PUT", "clock", "{\"now\":1,\"offset\":1}");
    expect_error(400,
                 "body: now and offset are both there, expected one of now and "
                 "offset");
    call("GET", "clock", NULL);
    expect_part(200, "1500000000");
}

Test(admin, the_clock_has_bounds)
{
    call("PUT", "clock", "{\"now\":253402300799}");
    cr_expect(reply.status == 200);
    call("PUT", "clock", "{\"now\":253402300800}");
    expect_error(
        400,
        "body: now: found the number 253402300800, expected an integer from 0 to 253402300799");
    call("PUT", "clock", "{\"now\":-1}");
    cr_expect(reply.status == 400);
    call("PUT", "clock", "{\"offset\":1000000001}");
    cr_expect(reply.status == 400);
    call("PUT", "clock", "{\"now\":1e300}");
    cr_expect(reply.status == 400);
}

/* JSON bodies */

static void expect_body_error(const char *body, const char *error)
{
    call("PUT", "clock", body);
    expect_error(400, error);
}

Test(admin, members_of_another_type_are_named)
{
    expect_body_error(
        "{\"now\":\"1\"}",
        "body: now: found the string \"1\", expected an integer from 0 to 253402300799");
    expect_body_error(
        "{\"now\":1.5}",
        "body: now: found the number 1.5, expected an integer from 0 to 253402300799");
    expect_body_error(
        "{\"now\":null}",
        "body: now: found null, expected an integer from 0 to 253402300799");
    expect_body_error(
        "{\"offset\":[]}",
        "body: offset: found an array, expected an integer from -1000000000 to 1000000000");
    call("POST", "sign", "{\"secret_id\":7}");
    expect_error(400, "body: secret_id: found the number 7, expected a string");
    call("POST", "sign", "{\"secret_id\":\"x\",\"single_use\":1}");
    expect_error(
        400, "body: single_use: found the number 1, expected true or false");
    call("POST", "explain", "{\"signature\":{}}");
    expect_error(400, "body: signature: found an object, expected a string");
}

Test(admin, an_unknown_member_is_named)
{
    expect_body_error(
        "{\"Now\":1}",
        "body: unknown name \"Now\", expected an object of now or offset");
    expect_body_error(
        "{\"now\":1,\"\":1}",
        "body: unknown name \"\", expected an object of now or offset");
}

Test(admin, a_repeated_member_is_named)
{
    expect_body_error("{\"now\":1,\"now\":2}",
                      "body: now: appears twice in one object");
}

Test(admin, a_missing_member_is_named)
{
    call("POST", "sign", "{}");
    expect_error(400, "body: secret_id: is missing, expected a string");
    call("POST", "explain", "{}");
    expect_error(400, "body: signature: is missing, expected a string");
}

Test(admin, a_body_that_is_no_object_is_refused)
{
    expect_body_error(NULL, "body: line 1, column 1: a JSON syntax error");
    expect_body_error(
        "[1]", "body: found an array, expected an object of now or offset");
    expect_body_error("{\"now\":1",
                      "body: line 1, column 8: a JSON syntax error");
    expect_body_error("{\"now\":1} x",
                      "body: line 1, column 11: text after the JSON document");
    expect_body_error("{\"now\":\"\xff\"}",
                      "body: line 1, column 9: not UTF-8");
    expect_body_error("{\"now\":\"\\\\\\u0000\"}",
                      "body: line 1, column 11: an escaped NUL");
}

Test(admin, a_nul_byte_is_refused)
{
    char target[] = ADMIN_PREFIX "clock";
    struct admin_request request = request_of("PUT", target, NULL);

    request.body = "{\"now\":1}\0";
    request.body_len = 10;
    admin_handle(&admin, &request, &reply);
    expect_error(400, "body: line 1, column 10: a control byte");
}

Test(admin, white_space_around_a_body_is_fine)
{
    call("PUT", "clock", " \r\n\t{ \"now\" : 5 }\n");
    expect_part(200, "\"now\":5,");
}

Test(admin, a_backslash_before_a_u_is_no_escape)
{
    call("POST", "explain", "{\"signature\":\"\\\\u0000\"}");
    cr_expect(reply.status == 200, "got %s", reply.body.buf);
}

Test(admin, a_body_is_read_no_further_than_its_length)
{
    char target[] = ADMIN_PREFIX "clock";
    struct admin_request request = request_of("PUT", target, NULL);

    request.body = "{\"now\":1}garbage";
    request.body_len = 9;
    admin_handle(&admin, &request, &reply);
    cr_expect(reply.status == 200);
}

/* signatures */

Test(admin, a_signature_is_made_that_verifies)
{
    call("POST", "sign", "{\"secret_id\":\"AKIDdemo1000001\"}");
    expect_verified();
    cr_expect_str_eq(reply.content_type, "application/json");
}

Test(admin, a_signature_is_of_the_mocks_time_and_30_days)
{
    call("POST", "sign", "{\"secret_id\":\"AKIDdemo1000001\",\"rand\":7}");
    expect_signed("a=1000001&b=test&k=AKIDdemo1000001&e=1502592000&"
                  "t=1500000000&r=7&f=");
}

Test(admin, a_signature_is_random_unless_told)
{
    struct strbuf first;

    call("POST", "sign", "{\"secret_id\":\"AKIDdemo1000001\"}");
    first = reply.body;
    strbuf_init(&reply.body, ADMIN_MAX_REPLY);
    call("POST", "sign", "{\"secret_id\":\"AKIDdemo1000001\"}");
    cr_expect_str_neq(reply.body.buf, first.buf);
    strbuf_release(&first);
}

Test(admin, every_field_of_a_signature_can_be_told)
{
    call("POST", "sign",
         "{\"secret_id\":\"AKIDdemo1000001b\",\"bucket\":\"other\","
         "\"expires\":5,\"now\":3,\"rand\":9007199254740991,\"userid\":\"u\","
         "\"fileid\":\"x\",\"single_use\":false}");
    expect_signed("a=1000001&b=other&k=AKIDdemo1000001b&e=5&t=3&"
                  "r=9007199254740991&u=u&f=x");
}

Test(admin, an_empty_bucket_is_left_out_of_a_signature)
{
    call("POST", "sign",
         "{\"secret_id\":\"AKIDdemo1000001\",\"bucket\":\"\",\"rand\":1,"
         "\"valid\":60}");
    expect_signed("a=1000001&k=AKIDdemo1000001&e=1500000060&t=1500000000&"
                  "r=1&f=");
}

Test(admin, an_account_without_buckets_signs_none)
{
    call("POST", "sign", "{\"secret_id\":\"AKIDdemo1000002\",\"rand\":1}");
    expect_signed(
        "a=1000002&k=AKIDdemo1000002&e=1502592000&t=1500000000&r=1&f=");
}

Test(admin, a_single_use_signature_is_good_once)
{
    char *value;

    call("POST", "sign",
         "{\"secret_id\":\"AKIDdemo1000001\",\"single_use\":true}");
    value = take_authorization();
    cr_expect(verify(value) == ERR_OK);
    cr_expect(verify(value) == ERR_REPLAY);
    free(value);
}

Test(admin, a_signature_ends_in_one_way)
{
    call("POST", "sign",
         "{\"secret_id\":\"AKIDdemo1000001\",\"single_use\":true,\"valid\":1}");
    expect_error(400,
                 "body: valid and single_use are both there, expected one of "
                 "expires, valid and single_use");
    call("POST", "sign",
         "{\"secret_id\":\"AKIDdemo1000001\",\"expires\":1,\"valid\":1}");
    cr_expect(reply.status == 400);
}

Test(admin, an_unknown_secret_id_cannot_sign)
{
    call("POST", "sign", "{\"secret_id\":\"nobody\"}");
    expect_error(
        400, "body: secret_id is \"nobody\", expected one that an account has");
}

Test(admin, a_signature_that_is_too_long_is_refused)
{
    char *body = NULL;

    cr_assert(asprintf(&body,
                       "{\"secret_id\":\"AKIDdemo1000001\",\"fileid\":\""
                       "%020000d\"}",
                       0) > 0);
    call("POST", "sign", body);
    expect_error(
        400, "the signature cannot be made, expected at most 16384 characters");
    free(body);
}

Test(admin, no_reply_about_signatures_holds_a_key)
{
    call("POST", "sign", "{\"secret_id\":\"AKIDdemo1000001\"}");
    expect_no_part("demo-key");
    call("POST", "explain", "{\"signature\":\"AAAA\"}");
    cr_expect(reply.status == 200);
    expect_no_part("demo-key");
}

Test(admin, a_signature_is_explained_by_the_mocks_clock)
{
    char body[512];
    char *value;

    call("POST", "sign", "{\"secret_id\":\"AKIDdemo1000001\",\"valid\":60}");
    value = take_authorization();
    snprintf(body, sizeof(body), "{\"signature\":\"%s\"}", value);
    free(value);
    call("POST", "explain", body);
    expect_part(200, "\"code\":0");
    clock_freeze(&clock_, NOW + 61);
    call("POST", "explain", body);
    expect_part(200, "\"code\":9");
}

/* accounts */

Test(admin, accounts_are_listed_without_keys)
{
    call("GET", "accounts", NULL);
    cr_expect(count_of("accounts") == 4);
    expect_part(200, "AKIDdemo1000001b");
    expect_no_part("secret_key");
    expect_no_part("demo-key");
}

Test(admin, an_account_is_added)
{
    call("POST", "accounts", ACCOUNT);
    expect(201, "{\"appid\":\"42\"}");
    call("POST", "sign", "{\"secret_id\":\"added\"}");
    expect_verified();
    call("GET", "accounts", NULL);
    cr_expect(count_of("accounts") == 5);
    expect_no_part("hush-hush");
}

Test(admin, an_account_that_is_wrong_is_refused)
{
    call("POST", "accounts", "{\"appid\":\"42\"}");
    expect_error(400, "body: account.keys: is missing, expected a list of "
                      "objects of secret_id and secret_key");
    call("POST", "accounts", ACCOUNT);
    call("POST", "accounts", ACCOUNT);
    expect_part(400, "42");
    expect_no_part("hush-hush");
    call("POST", "accounts", NULL);
    cr_expect(reply.status == 400);
}

Test(admin, an_added_account_is_removed)
{
    call("POST", "accounts", ACCOUNT);
    call("DELETE", "accounts/42", NULL);
    expect(200, "{}");
    call("POST", "sign", "{\"secret_id\":\"added\"}");
    cr_expect(reply.status == 400);
    call("DELETE", "accounts/42", NULL);
    cr_expect(reply.status == 404);
}

/* reset */

Test(admin, reset_empties_what_tests_left)
{
    record("x", 5);
    call("POST", "faults", "{\"fault\":\"15\"}");
    call("POST", "accounts", ACCOUNT);
    call("POST", "reset", NULL);
    expect(200, "{}");
    call("GET", "requests", NULL);
    cr_expect(count_of("requests") == 0);
    call("GET", "faults", NULL);
    cr_expect(count_of("faults") == 0);
    call("GET", "accounts", NULL);
    cr_expect(count_of("accounts") == 4);
    call("GET", "clock", NULL);
    expect_part(200, "running");
    cr_expect(verdict_summary(admin.verdict, NULL).n_requests == 0);
}

Test(admin, reset_forgets_single_use_signatures)
{
    char *value;

    call("POST", "sign",
         "{\"secret_id\":\"AKIDdemo1000001\",\"single_use\":true}");
    value = take_authorization();
    cr_assert(verify(value) == ERR_OK);
    call("POST", "reset", NULL);
    cr_expect(verify(value) == ERR_OK);
    free(value);
}

Test(admin, reset_fills_the_rates)
{
    const struct account *slow = accounts_find(admin.accounts, "1000004", 7);

    cr_assert(account_take(slow, 1));
    cr_assert(!account_take(slow, 1));
    call("POST", "reset", NULL);
    cr_expect(account_take(slow, 1));
    account_put(slow);
}
