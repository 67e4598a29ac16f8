#include "case_account.h"

#include <stdlib.h>
#include <string.h>
#include <criterion/criterion.h>

#include "json_of.h"
#include "peer.h"

TestSuite(case_account, .timeout = 20);

/* An account of a file. */
#define ACCOUNT(appid, more)                                                   \
    "{\"appid\":\"" appid "\",\"keys\":[{\"secret_id\":\"i" appid              \
    "\",\"secret_key\":\"k\"}]" more "}"
#define BUCKETS ",\"buckets\":[\"b\"]"

/* One of each kind, and before each what could be taken for it. */
static const char file[] =
    "[" ACCOUNT("1", BUCKETS) "," ACCOUNT("1", BUCKETS) "," ACCOUNT("2", BUCKETS ",\"status\":\"arrears\",\"rate_per_second\":1") "," ACCOUNT("3", ",\"status\":\"arrears\"") "," ACCOUNT(
        "4",
        ",\"buckets\":[],\"rate_per_second\":1") "," ACCOUNT("5",
                                                             ",\"buckets\":[]") "," ACCOUNT("6",
                                                                                            BUCKETS
                                                                                            ",\"rate_per_second\":0.5") "," ACCOUNT("7",
                                                                                                                                    BUCKETS
                                                                                                                                    ",\"status\":\"active\"") "]";

/* Gets the account for `wanted`, JSON or NULL, of a target that knows those
 * of `accounts`. */
static int get(const char *accounts, const char *wanted,
               struct case_account *account, struct result *result)
{
    struct config config = {.target = TARGET_PLAIN,
                            .accounts = accounts ? json_of(accounts) : NULL};
    json_t *role = wanted ? json_of(wanted) : NULL;
    int failed;

    result_init(result, NULL);
    failed = case_account_get(&config, "a", role, account, result);
    json_decref(role);
    json_decref(config.accounts);
    return failed;
}

static void expect_appid(const char *accounts, const char *wanted,
                         const char *appid)
{
    struct case_account account;
    struct result result;
    const char *got;

    cr_assert_eq(get(accounts, wanted, &account, &result), 0, "%s: %s", wanted,
                 result.reason);
    got = json_string_value(json_object_get(account.json, "appid"));
    cr_expect_str_eq(got, appid, "%s: %s", wanted, got);
    cr_expect(!account.added);
    case_account_release(&(struct config){.target = TARGET_PLAIN}, &account);
    cr_expect(account.json == NULL);
    result_release(&result);
}

static void expect_skip(const char *accounts, const char *wanted,
                        const char *reason)
{
    struct case_account account;
    struct result result;

    cr_expect_eq(get(accounts, wanted, &account, &result), -1);
    cr_assert(result.reason != NULL);
    cr_expect_str_eq(result.reason, reason);
    cr_expect_eq(json_array_size(result.failures), 0);
    cr_expect(account.json == NULL);
    result_release(&result);
}

Test(case_account, the_default_one_is_the_first)
{
    expect_appid(file, NULL, "1");
    expect_appid(file, "\"default\"", "1");
    expect_appid("[" ACCOUNT("9", "") "]", NULL, "9");
}

Test(case_account, another_has_another_appid_and_buckets)
{
    expect_appid(file, "\"other\"", "7");
}

Test(case_account, one_without_buckets_has_none_and_no_limit)
{
    expect_appid(file, "\"bucketless\"", "5");
    expect_appid("[" ACCOUNT("8", BUCKETS) "," ACCOUNT("9", "") "]",
                 "\"bucketless\"", "9");
}

Test(case_account, one_in_arrears_has_buckets)
{
    expect_appid(file, "\"arrears\"", "2");
    expect_appid("[" ACCOUNT("3", ",\"status\":\"arrears\"") "," ACCOUNT(
                     "9", BUCKETS ",\"status\":\"arrears\"") "]",
                 "\"arrears\"", "9");
}

Test(case_account, a_limited_one_is_active_and_has_buckets)
{
    expect_appid(file, "\"limited\"", "6");
}

Test(case_account, a_role_that_nobody_can_play_is_skipped)
{
    static const char *const roles[] = {"other", "bucketless", "arrears",
                                        "limited"};

    for (size_t i = 0; i < sizeof(roles) / sizeof(roles[0]); i++) {
        char *role = format("\"%s\"", roles[i]);
        char *reason =
            format("no account given that could be %s (--accounts)", roles[i]);

        expect_skip("[" ACCOUNT("1", BUCKETS) "]", role, reason);
        free(role);
        free(reason);
    }
    expect_skip(NULL, NULL,
                "no account given that could be default "
                "(--accounts)");
}

Test(case_account, an_account_of_the_case_needs_the_admin_api)
{
    expect_skip(file, ACCOUNT("9", BUCKETS),
                "the target has no admin API to add an account by");
}

/* The steps of an admin API that takes one call with a body so long. */
#define ADMIN(len, status, body)                                               \
    {                                                                          \
        {.verb = PEER_READ_HEAD}, {PEER_READ, NULL, len},                      \
        {                                                                      \
            PEER_SEND,                                                         \
                "HTTP/1.1 " status "\r\nContent-Length: 2\r\n\r\n" body, 0     \
        }                                                                      \
    }

/* Asks that API for an account; its answer is in *peer. */
static int ask(const struct peer_step steps[3], const char *wanted,
               struct peer *peer, struct case_account *account,
               struct result *result)
{
    struct config config = {.target = TARGET_ADMIN, .nonce = "n"};
    json_t *role = wanted ? json_of(wanted) : NULL;
    int failed;

    peer_start(peer, steps, 3);
    config.base_url = peer->url;
    result_init(result, NULL);
    failed = case_account_get(&config, "a", role, account, result);
    peer_stop(peer);
    json_decref(role);
    return failed;
}

Test(case_account, ids_and_keys_of_the_case_are_joined)
{
    static const char sent[] =
        "{\"appid\":\"9\",\"keys\":[{\"secret_id\":\"one\",\"secret_key\":"
        "\"onetwo\"}]}";
    const struct peer_step steps[] = ADMIN(sizeof(sent) - 1, "201 x", "{}");
    struct case_account account;
    struct result result;
    struct peer peer;

    cr_assert_eq(ask(steps,
                     "{\"appid\":\"9\",\"keys\":[{\"secret_id\":\"one\","
                     "\"secret_key\":[\"one\",\"two\"]}]}",
                     &peer, &account, &result),
                 0);
    cr_expect(strncmp(peer.received.data, "POST /__admin/accounts HTTP", 27) ==
              0);
    cr_expect_str_eq(strstr(peer.received.data, "\r\n\r\n") + 4, sent);
    cr_expect(account.added);
    cr_expect_str_eq(
        json_string_value(json_object_get(
            json_array_get(json_object_get(account.json, "keys"), 0),
            "secret_key")),
        "onetwo");
    json_decref(account.json);
    peer_release(&peer);
    result_release(&result);
}

Test(case_account, a_role_is_made_for_the_case_alone)
{
    const struct peer_step steps[] = ADMIN(1, "201 x", "{}");
    struct case_account one, two;
    struct result result;
    struct peer peer;

    cr_assert_eq(ask(steps, NULL, &peer, &one, &result), 0);
    peer_release(&peer);
    result_release(&result);
    cr_assert_eq(ask(steps, "\"other\"", &peer, &two, &result), 0);
    peer_release(&peer);
    result_release(&result);
    cr_expect(one.added && two.added);
    cr_expect(!json_equal(json_object_get(one.json, "appid"),
                          json_object_get(two.json, "appid")));
    json_decref(one.json);
    json_decref(two.json);
}

Test(case_account, an_account_that_is_refused_fails_the_set_up)
{
    const struct peer_step steps[] = ADMIN(1, "409 x", "{}");
    struct case_account account;
    struct result result;
    struct peer peer;

    cr_expect_eq(ask(steps, ACCOUNT("9", ""), &peer, &account, &result), -1);
    cr_expect(result.setup_failed);
    cr_expect_str_eq(
        json_string_value(json_array_get(result.failures, 0)),
        "account: POST /__admin/accounts: expected status 200, got 409 and {}");
    cr_expect(account.json == NULL && !account.added);
    peer_release(&peer);
    result_release(&result);
}

Test(case_account, what_was_added_is_removed)
{
    const struct peer_step steps[] = {{.verb = PEER_READ_HEAD},
                                      {PEER_SEND, "HTTP/1.1 204 x\r\n\r\n", 0}};
    struct case_account account = {.json = json_of(ACCOUNT("9", "")),
                                   .added = true};
    struct config config = {.target = TARGET_ADMIN};
    struct peer peer;

    peer_start(&peer, steps, 2);
    config.base_url = peer.url;
    case_account_release(&config, &account);
    peer_stop(&peer);
    cr_expect(strncmp(peer.received.data, "DELETE /__admin/accounts/9 ", 27) ==
              0);
    cr_expect(account.json == NULL && !account.added);
    peer_release(&peer);
}
