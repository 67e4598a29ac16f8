#include "accounts.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <criterion/criterion.h>
#include <openssl/hmac.h>
#include "strbuf.h"

#define KEYS "\"keys\":[{\"secret_id\":\"id\",\"secret_key\":\"hush\"}]"
#define KEYS2 "\"keys\":[{\"secret_id\":\"id2\",\"secret_key\":\"hush\"}]"
#define ONE(members) "{\"accounts\":[{" members "}]}"
#define TWO(first, second) "{\"accounts\":[{" first "},{" second "}]}"

#define SECOND_US 1000000

static struct accounts *parse(const char *json)
{
    char *why = NULL;
    struct accounts *accounts = accounts_parse(json, strlen(json), "f", &why);

    cr_assert(accounts != NULL, "%s: refused: %s", json, why);
    cr_assert(why == NULL);
    return accounts;
}

static void expect_mistake_in(const char *json, size_t len,
                              const char *expected)
{
    char *why = NULL;
    struct accounts *accounts = accounts_parse(json, len, "f", &why);

    cr_expect(accounts == NULL, "%s: accepted", json);
    cr_assert(why != NULL, "%s: no reason", json);
    cr_expect_str_eq(why, expected, "%s\n  said: %s\n  expected: %s", json, why,
                     expected);
    accounts_free(accounts);
    free(why);
}

static void expect_mistake(const char *json, const char *expected)
{
    expect_mistake_in(json, strlen(json), expected);
}

static const struct account *find(const struct accounts *accounts,
                                  const char *appid)
{
    return accounts_find(accounts, appid, strlen(appid));
}

static const struct account_key *find_key(const struct accounts *accounts,
                                          const char *secret_id)
{
    return accounts_find_key(accounts, secret_id, strlen(secret_id));
}

static bool has_bucket(const struct account *account, const char *bucket)
{
    return account_has_bucket(account, bucket, strlen(bucket));
}

/* what a good file gives */

Test(accounts, demo_accounts_are_those_of_the_documentation, .timeout = 10)
{
    struct accounts *accounts = accounts_demo();
    const struct account *account;

    cr_assert_eq(accounts_count(accounts), 4);
    account = accounts_at(accounts, 0);
    cr_expect_str_eq(account->appid, "1000001");
    cr_assert_eq(account->n_buckets, 2);
    cr_expect_str_eq(account->buckets[1], "other");
    cr_assert_eq(account->n_keys, 2);
    cr_expect_str_eq(account_key_id(account->keys[1]), "AKIDdemo1000001b");
    cr_expect_eq(account->status, ACCOUNT_ACTIVE);
    cr_expect_eq(account->rate_per_second, 0);
    cr_expect_eq(accounts_at(accounts, 1)->n_buckets, 0);
    cr_expect_eq(accounts_at(accounts, 2)->status, ACCOUNT_ARREARS);
    cr_expect_eq(accounts_at(accounts, 3)->rate_per_second, 1);
    accounts_free(accounts);
}

Test(accounts, appid_is_found_by_its_bytes_alone, .timeout = 10)
{
    struct accounts *accounts = accounts_demo();

    cr_expect(accounts_find(accounts, "1000002&k=", 7) ==
              accounts_at(accounts, 1));
    cr_expect(find(accounts, "100000") == NULL);
    cr_expect(find(accounts, "10000022") == NULL);
    cr_expect(accounts_find(accounts, "1000002\0", 8) == NULL);
    cr_expect(find(accounts, "") == NULL);
    cr_expect(accounts_find(accounts, NULL, 0) == NULL);
    accounts_free(accounts);
}

Test(accounts, secret_id_leads_to_its_key_and_owner, .timeout = 10)
{
    struct accounts *accounts = accounts_demo();
    const struct account_key *key = find_key(accounts, "AKIDdemo1000001b");

    cr_assert(key != NULL);
    cr_expect_str_eq(account_key_id(key), "AKIDdemo1000001b");
    cr_expect(account_key_owner(key) == accounts_at(accounts, 0));
    cr_expect(find_key(accounts, "AKIDdemo1000001c") == NULL);
    cr_expect(find_key(accounts, "1000001") == NULL);
    accounts_free(accounts);
}

Test(accounts, buckets_belong_to_one_account, .timeout = 10)
{
    struct accounts *accounts = accounts_demo();

    cr_expect(has_bucket(find(accounts, "1000001"), "other"));
    cr_expect(account_has_bucket(find(accounts, "1000001"), "tests", 4));
    cr_expect_not(has_bucket(find(accounts, "1000001"), "tes"));
    cr_expect_not(has_bucket(find(accounts, "1000001"), ""));
    cr_expect_not(has_bucket(find(accounts, "1000003"), "other"));
    cr_expect_not(has_bucket(find(accounts, "1000002"), "test"));
    accounts_free(accounts);
}

Test(accounts, two_accounts_may_have_a_bucket_of_one_name, .timeout = 10)
{
    struct accounts *accounts =
        parse(TWO("\"appid\":\"1\",\"buckets\":[\"b\"]," KEYS,
                  "\"appid\":\"2\",\"buckets\":[\"b\"]," KEYS2));

    cr_expect(has_bucket(find(accounts, "1"), "b"));
    cr_expect(has_bucket(find(accounts, "2"), "b"));
    accounts_free(accounts);
}

Test(accounts, status_active_may_be_written, .timeout = 10)
{
    struct accounts *accounts =
        parse(ONE("\"appid\":\"1\",\"status\":\"active\"," KEYS));

    cr_expect_eq(accounts_at(accounts, 0)->status, ACCOUNT_ACTIVE);
    accounts_free(accounts);
}

Test(accounts, names_may_be_of_any_script, .timeout = 10)
{
    struct accounts *accounts =
        parse(ONE("\"appid\":\"1\",\"buckets\":[\"测试\"]," KEYS));

    cr_expect(has_bucket(accounts_at(accounts, 0), "测试"));
    accounts_free(accounts);
}

Test(accounts, white_space_after_the_document_is_fine, .timeout = 10)
{
    accounts_free(parse(ONE("\"appid\":\"1\"," KEYS) " \t\r\n"));
}

Test(accounts, an_escaped_backslash_before_u0000_is_no_nul, .timeout = 10)
{
    struct accounts *accounts = parse(ONE("\"appid\":\"a\\\\u0000\"," KEYS));

    cr_expect_str_eq(accounts_at(accounts, 0)->appid, "a\\u0000");
    accounts_free(accounts);
}

Test(accounts, ten_thousand_accounts_load_and_are_found, .timeout = 10)
{
    enum { N = 10000 };
    struct strbuf json;
    struct accounts *accounts;
    char name[32];

    strbuf_init(&json, 16 << 20);
    for (int i = 0; i < N; i++)
        strbuf_addf(&json,
                    "%s{\"appid\":\"%d\",\"keys\":[{\"secret_id\":\"id%d\","
                    "\"secret_key\":\"key%d\"}]}",
                    i ? "," : "{\"accounts\":[", i + 1, i, i);
    strbuf_addstr(&json, "]}");
    cr_assert_not(json.failed);

    accounts = parse(json.buf);
    cr_assert_eq(accounts_count(accounts), N);
    for (int i = 0; i < N; i++) {
        snprintf(name, sizeof(name), "%d", i + 1);
        cr_assert(find(accounts, name) == accounts_at(accounts, (size_t)i));
        snprintf(name, sizeof(name), "id%d", i);
        cr_assert(account_key_owner(find_key(accounts, name)) ==
                  accounts_at(accounts, (size_t)i));
    }
    accounts_free(accounts);
    strbuf_release(&json);
}

Test(accounts, freeing_nothing_is_fine, .timeout = 10)
{
    accounts_free(NULL);
}

/* mistakes in the text */

Test(accounts, syntax_errors_name_line_and_column, .timeout = 10)
{
    expect_mistake("{\n  \"accounts\": [}\n",
                   "f: line 2, column 16: a JSON syntax error");
    expect_mistake("", "f: line 1, column 1: a JSON syntax error");
}

Test(accounts, columns_count_characters, .timeout = 10)
{
    expect_mistake("[\"测试\" x]", "f: line 1, column 7: a JSON syntax error");
}

Test(accounts, text_after_the_document_is_a_mistake, .timeout = 10)
{
    expect_mistake("{}\n{}", "f: line 2, column 1: text after the JSON "
                             "document");
}

Test(accounts, bytes_that_are_not_utf8_are_a_mistake, .timeout = 10)
{
    expect_mistake("{\n\"\xc3(", "f: line 2, column 2: not UTF-8");
}

Test(accounts, control_bytes_are_a_mistake, .timeout = 10)
{
    expect_mistake("{\v}", "f: line 1, column 2: a control byte");
    expect_mistake_in("{}\0", 3, "f: line 1, column 3: a control byte");
}

Test(accounts, an_escaped_nul_is_a_mistake, .timeout = 10)
{
    expect_mistake(ONE("\"appid\":\"1\\u0000\"," KEYS),
                   "f: line 1, column 25: an escaped NUL");
}

Test(accounts, a_file_over_16_mib_is_refused, .timeout = 10)
{
    size_t len = (16 << 20) + 1;
    char *json = malloc(len);

    cr_assert(json != NULL);
    memset(json, ' ', len);
    expect_mistake_in(json, len, "f: is over 16 MiB long");
    /* One byte less is read, and found to hold nothing. */
    json[0] = '[';
    json[1] = ']';
    expect_mistake_in(json, len - 1,
                      "f: found an array, expected an object with the list "
                      "accounts");
    free(json);
}

/* mistakes in the content */

Test(accounts, the_document_is_an_object_with_accounts, .timeout = 10)
{
    expect_mistake("[]", "f: found an array, expected an object with the list "
                         "accounts");
    expect_mistake("{}",
                   "f: accounts: is missing, expected a list of accounts");
    expect_mistake("{\"accounts\":[]}",
                   "f: accounts: is empty, expected a list of accounts");
    expect_mistake("{\"accounts\":{}}",
                   "f: accounts: found an object, expected a list of accounts");
    expect_mistake("{\"accounts\":[1]}",
                   "f: accounts[0]: found the number 1, expected an object of "
                   "appid, buckets, keys, status and rate_per_second");
}

Test(accounts, unknown_names_are_mistakes, .timeout = 10)
{
    expect_mistake("{\"acounts\":[]}", "f: unknown name \"acounts\", expected "
                                       "an object with the list accounts");
    expect_mistake(ONE("\"appid\":\"1\",\"Status\":\"active\"," KEYS),
                   "f: accounts[0]: unknown name \"Status\", expected an "
                   "object of appid, buckets, keys, status and "
                   "rate_per_second");
    expect_mistake(ONE("\"appid\":\"1\",\"keys\":[{\"secret_id\":\"i\","
                       "\"secret\":\"hush\"}]"),
                   "f: accounts[0].keys[0]: unknown name \"secret\", expected "
                   "an object of secret_id and secret_key");
}

Test(accounts, repeated_names_are_mistakes, .timeout = 10)
{
    expect_mistake("{\"accounts\":[],\"accounts\":[]}",
                   "f: accounts: appears twice in one object");
    expect_mistake(ONE("\"appid\":\"1\"," KEYS ",\"appid\":\"1\""),
                   "f: accounts[0].appid: appears twice in one object");
    expect_mistake(ONE("\"appid\":\"1\",\"keys\":[{\"secret_key\":\"hush\","
                       "\"secret_key\":\"hush\"}]"),
                   "f: accounts[0].keys[0].secret_key: appears twice in one "
                   "object");
}

Test(accounts, appid_is_a_string_that_is_not_empty, .timeout = 10)
{
    expect_mistake(ONE(KEYS), "f: accounts[0].appid: is missing, expected a "
                              "string that is not empty");
    expect_mistake(ONE("\"appid\":1000001," KEYS),
                   "f: accounts[0].appid: found the number 1000001, expected a "
                   "string that is not empty");
    expect_mistake(ONE("\"appid\":\"\"," KEYS),
                   "f: accounts[0].appid: found the string \"\", expected a "
                   "string that is not empty");
    expect_mistake(ONE("\"appid\":null," KEYS),
                   "f: accounts[0].appid: found null, expected a string that "
                   "is not empty");
}

Test(accounts, what_cannot_be_signed_is_a_mistake, .timeout = 10)
{
    expect_mistake(ONE("\"appid\":\"1&2\"," KEYS),
                   "f: accounts[0].appid: \"1&2\" could not be signed, "
                   "expected no control character, '&' or '='");
    expect_mistake(ONE("\"appid\":\"1\",\"buckets\":[\"a\",\"b=\"]," KEYS),
                   "f: accounts[0].buckets[1]: \"b=\" could not be signed, "
                   "expected no control character, '&' or '='");
    expect_mistake(ONE("\"appid\":\"1\",\"keys\":[{\"secret_id\":\"i\\n\","
                       "\"secret_key\":\"hush\"}]"),
                   "f: accounts[0].keys[0].secret_id: \"i?\" could not be "
                   "signed, expected no control character, '&' or '='");
    expect_mistake(ONE("\"appid\":\"1\\u007f\"," KEYS),
                   "f: accounts[0].appid: \"1?\" could not be signed, "
                   "expected no control character, '&' or '='");
}

Test(accounts, repeated_appid_is_a_mistake, .timeout = 10)
{
    expect_mistake(TWO("\"appid\":\"1\"," KEYS, "\"appid\":\"1\"," KEYS2),
                   "f: accounts[1].appid: \"1\" is already used by "
                   "accounts[0]");
}

Test(accounts, repeated_secret_id_is_a_mistake_anywhere, .timeout = 10)
{
    expect_mistake(TWO("\"appid\":\"1\"," KEYS, "\"appid\":\"2\"," KEYS),
                   "f: accounts[1].keys[0].secret_id: \"id\" is already used "
                   "by accounts[0].keys[0]");
    expect_mistake(ONE("\"appid\":\"1\",\"keys\":["
                       "{\"secret_id\":\"x\",\"secret_key\":\"hush\"},"
                       "{\"secret_id\":\"i\",\"secret_key\":\"hush\"},"
                       "{\"secret_id\":\"i\",\"secret_key\":\"psst\"}]"),
                   "f: accounts[0].keys[2].secret_id: \"i\" is already used "
                   "by accounts[0].keys[1]");
}

Test(accounts, buckets_are_a_list_of_different_names, .timeout = 10)
{
    expect_mistake(ONE("\"appid\":\"1\",\"buckets\":[\"a\",\"a\"]," KEYS),
                   "f: accounts[0].buckets[1]: \"a\" appears twice in this "
                   "account");
    expect_mistake(ONE("\"appid\":\"1\",\"buckets\":[]," KEYS),
                   "f: accounts[0].buckets: is empty, expected a list of "
                   "names; leave it out for an account without buckets");
    expect_mistake(ONE("\"appid\":\"1\",\"buckets\":\"a\"," KEYS),
                   "f: accounts[0].buckets: found the string \"a\", expected a "
                   "list of names; leave it out for an account without "
                   "buckets");
    expect_mistake(ONE("\"appid\":\"1\",\"buckets\":[true]," KEYS),
                   "f: accounts[0].buckets[0]: found true, expected a string "
                   "that is not empty");
}

Test(accounts, at_least_one_key_is_needed, .timeout = 10)
{
    expect_mistake(ONE("\"appid\":\"1\""),
                   "f: accounts[0].keys: is missing, expected a list of "
                   "objects of secret_id and secret_key");
    expect_mistake(ONE("\"appid\":\"1\",\"keys\":[]"),
                   "f: accounts[0].keys: is empty, expected a list of objects "
                   "of secret_id and secret_key");
    expect_mistake(ONE("\"appid\":\"1\",\"keys\":[\"k\"]"),
                   "f: accounts[0].keys[0]: found the string \"k\", expected "
                   "an object of secret_id and secret_key");
    expect_mistake(ONE("\"appid\":\"1\",\"keys\":[{\"secret_key\":\"hush\"}]"),
                   "f: accounts[0].keys[0].secret_id: is missing, expected a "
                   "string that is not empty");
}

Test(accounts, whatever_is_wrong_with_a_secret_key_it_is_not_shown,
     .timeout = 10)
{
    expect_mistake(ONE("\"appid\":\"1\",\"keys\":[{\"secret_id\":\"i\"}]"),
                   "f: accounts[0].keys[0].secret_key: is missing, expected a "
                   "string that is not empty");
    expect_mistake(ONE("\"appid\":\"1\",\"keys\":[{\"secret_id\":\"i\","
                       "\"secret_key\":12345}]"),
                   "f: accounts[0].keys[0].secret_key: expected a string that "
                   "is not empty");
    expect_mistake(ONE("\"appid\":\"1\",\"keys\":[{\"secret_id\":\"i\","
                       "\"secret_key\":\"\"}]"),
                   "f: accounts[0].keys[0].secret_key: expected a string that "
                   "is not empty");
    expect_mistake(ONE("\"appid\":\"1\",\"keys\":[{\"secret_id\":\"i\","
                       "\"secret_key\":\"hush\\t\"}]"),
                   "f: accounts[0].keys[0].secret_key: expected a string "
                   "without control characters");
}

Test(accounts, status_is_active_or_arrears, .timeout = 10)
{
    expect_mistake(ONE("\"appid\":\"1\",\"status\":\"Active\"," KEYS),
                   "f: accounts[0].status: found the string \"Active\", "
                   "expected \"active\" or \"arrears\"");
    expect_mistake(ONE("\"appid\":\"1\",\"status\":1," KEYS),
                   "f: accounts[0].status: found the number 1, expected "
                   "\"active\" or \"arrears\"");
}

Test(accounts, rate_is_a_number_over_zero_and_at_most_a_million, .timeout = 10)
{
    static const struct {
        const char *rate, *found;
    } wrong[] = {
        {"0", "the number 0"},
        {"-1", "the number -1"},
        {"1000001", "the number 1000001"},
        {"1e999", "the number inf"},
        {"\"5\"", "the string \"5\""},
        {"null", "null"},
    };
    char json[256], expected[256];

    for (size_t i = 0; i < sizeof(wrong) / sizeof(*wrong); i++) {
        snprintf(json, sizeof(json),
                 ONE("\"appid\":\"1\",\"rate_per_second\":%s," KEYS),
                 wrong[i].rate);
        snprintf(expected, sizeof(expected),
                 "f: accounts[0].rate_per_second: found %s, expected a number "
                 "over 0, at most 1000000; leave it out for no limit",
                 wrong[i].found);
        expect_mistake(json, expected);
    }
    accounts_free(
        parse(ONE("\"appid\":\"1\",\"rate_per_second\":1000000," KEYS)));
}

Test(accounts, a_long_value_is_cut, .timeout = 10)
{
    expect_mistake(
        ONE("\"appid\":\"1&345678901234567890123456789012345678901\"," KEYS),
        "f: accounts[0].appid: \"1&34567890123456789012345678901234567890...\" "
        "could not be signed, expected no control character, '&' or '='");
}

/* files */

Test(accounts, file_is_read_from_disk, .timeout = 10)
{
    static const char json[] = ONE("\"appid\":\"77\"," KEYS);
    char path[] = "/tmp/test_accounts.XXXXXX";
    char *why = NULL;
    int fd = mkstemp(path);
    struct accounts *accounts;

    cr_assert(fd >= 0);
    cr_assert_eq(write(fd, json, strlen(json)), (ssize_t)strlen(json));
    close(fd);
    accounts = accounts_load(path, &why);
    unlink(path);
    cr_assert(accounts != NULL, "%s", why);
    cr_expect(find(accounts, "77") != NULL);
    accounts_free(accounts);
}

Test(accounts, file_that_cannot_be_read_is_named, .timeout = 10)
{
    char *why = NULL;

    cr_expect(accounts_load("/nowhere/accounts.json", &why) == NULL);
    cr_assert(why != NULL);
    cr_expect_str_eq(why, "/nowhere/accounts.json: cannot be read: No such "
                          "file or directory");
    free(why);
    cr_expect(accounts_load("/tmp", &why) == NULL);
    cr_assert(why != NULL);
    cr_expect_str_eq(why, "/tmp: cannot be read: Is a directory");
    free(why);
}

/* digests */

static void expected_mac(const char *secret, const void *text, size_t len,
                         unsigned char mac[ACCOUNTS_MAC_LEN])
{
    unsigned n = ACCOUNTS_MAC_LEN;

    HMAC(EVP_sha1(), secret, (int)strlen(secret), text, len, mac, &n);
}

Test(accounts, mac_is_hmac_sha1_under_the_secret_key, .timeout = 10)
{
    /* RFC 2202 section 3, test case 2. */
    static const unsigned char expected[ACCOUNTS_MAC_LEN] = {
        0xef, 0xfc, 0xdf, 0x6a, 0xe5, 0xeb, 0x2f, 0xa2, 0xd2, 0x74,
        0x16, 0xd5, 0xf1, 0x84, 0xdf, 0x9c, 0x25, 0x9a, 0x7c, 0x79};
    struct accounts *accounts =
        parse(ONE("\"appid\":\"1\",\"keys\":[{\"secret_id\":\"i\","
                  "\"secret_key\":\"Jefe\"}]"));
    const struct account_key *key = find_key(accounts, "i");
    const char *text = "what do ya want for nothing?";
    unsigned char mac[ACCOUNTS_MAC_LEN];

    for (int use = 0; use < 3; use++) {
        memset(mac, 0, sizeof(mac));
        cr_assert_eq(account_key_mac(key, text, strlen(text), mac), 0);
        cr_expect_eq(memcmp(mac, expected, sizeof(mac)), 0, "use %d", use);
    }
    accounts_free(accounts);
}

Test(accounts, a_key_longer_than_a_block_works, .timeout = 10)
{
    static const char secret[] =
        "0123456789012345678901234567890123456789012345678901234567890123456789";
    unsigned char mac[ACCOUNTS_MAC_LEN], expected[ACCOUNTS_MAC_LEN];
    char json[256];
    struct accounts *accounts;

    snprintf(json, sizeof(json),
             ONE("\"appid\":\"1\",\"keys\":[{\"secret_id\":\"i\","
                 "\"secret_key\":\"%s\"}]"),
             secret);
    accounts = parse(json);
    expected_mac(secret, "text", 4, expected);
    cr_assert_eq(account_key_mac(find_key(accounts, "i"), "text", 4, mac), 0);
    cr_expect_eq(memcmp(mac, expected, sizeof(mac)), 0);
    accounts_free(accounts);
}

struct worker {
    const struct account_key *key;
    int number;
    int wrong;
};

static void *make_macs(void *arg)
{
    struct worker *worker = arg;
    unsigned char mac[ACCOUNTS_MAC_LEN], expected[ACCOUNTS_MAC_LEN];
    char text[64];

    for (int i = 0; i < 2000; i++) {
        int n = snprintf(text, sizeof(text), "text %d of worker %d", i,
                         worker->number);

        expected_mac("demo-key-of-1000001", text, (size_t)n, expected);
        if (account_key_mac(worker->key, text, (size_t)n, mac) < 0 ||
            memcmp(mac, expected, sizeof(mac)) != 0)
            worker->wrong++;
    }
    return NULL;
}

Test(accounts, four_threads_share_a_key, .timeout = 10)
{
    struct accounts *accounts = accounts_demo();
    struct worker workers[4];
    pthread_t threads[4];

    for (int i = 0; i < 4; i++) {
        workers[i] =
            (struct worker){find_key(accounts, "AKIDdemo1000001"), i, 0};
        cr_assert_eq(pthread_create(&threads[i], NULL, make_macs, &workers[i]),
                     0);
    }
    for (int i = 0; i < 4; i++) {
        pthread_join(threads[i], NULL);
        cr_expect_eq(workers[i].wrong, 0, "worker %d: %d wrong", i,
                     workers[i].wrong);
    }
    accounts_free(accounts);
}

/* rates */

static struct accounts *with_rate(const char *rate)
{
    char json[256];

    snprintf(json, sizeof(json),
             ONE("\"appid\":\"1\",\"rate_per_second\":%s," KEYS), rate);
    return parse(json);
}

static int take_all(const struct account *account, int64_t now_us)
{
    int n = 0;

    while (n < 1000 && account_take(account, now_us))
        n++;
    return n;
}

Test(accounts, an_account_without_rate_is_unlimited, .timeout = 10)
{
    struct accounts *accounts = accounts_demo();

    cr_expect_eq(take_all(accounts_at(accounts, 0), 5 * SECOND_US), 1000);
    accounts_free(accounts);
}

Test(accounts, a_second_of_requests_may_come_at_once, .timeout = 10)
{
    struct accounts *accounts = with_rate("10");
    const struct account *account = accounts_at(accounts, 0);

    cr_expect_eq(take_all(account, 5 * SECOND_US), 10);
    cr_expect_eq(take_all(account, 5 * SECOND_US), 0);
    accounts_free(accounts);
}

Test(accounts, the_bucket_is_full_from_the_start_of_any_clock, .timeout = 10)
{
    struct accounts *accounts = with_rate("10");

    cr_expect_eq(take_all(accounts_at(accounts, 0), 0), 10);
    accounts_free(accounts);
}

Test(accounts, the_bucket_fills_at_the_rate_up_to_a_second, .timeout = 10)
{
    struct accounts *accounts = with_rate("10");
    const struct account *account = accounts_at(accounts, 0);

    take_all(account, 5 * SECOND_US);
    cr_expect_eq(take_all(account, 5 * SECOND_US + SECOND_US / 2), 5);
    cr_expect_eq(take_all(account, 5 * SECOND_US + SECOND_US / 2 + 50000), 0);
    cr_expect_eq(take_all(account, 5 * SECOND_US + SECOND_US / 2 + 101000), 1);
    cr_expect_eq(take_all(account, 100 * (int64_t)SECOND_US), 10);
    accounts_free(accounts);
}

Test(accounts, a_rate_below_one_lets_one_through, .timeout = 10)
{
    struct accounts *accounts = with_rate("0.25");
    const struct account *account = accounts_at(accounts, 0);

    cr_expect_eq(take_all(account, 10 * SECOND_US), 1);
    cr_expect_eq(take_all(account, 13 * SECOND_US), 0);
    cr_expect_eq(take_all(account, 14 * SECOND_US), 1);
    cr_expect_eq(take_all(account, 900 * (int64_t)SECOND_US), 1);
    accounts_free(accounts);
}

Test(accounts, a_clock_set_back_refills_nothing, .timeout = 10)
{
    struct accounts *accounts = with_rate("10");
    const struct account *account = accounts_at(accounts, 0);

    cr_expect(account_take(account, 100 * SECOND_US));
    cr_expect_eq(take_all(account, 50 * SECOND_US), 9);
    cr_expect_eq(take_all(account, INT64_MIN), 0);
    accounts_free(accounts);
}

Test(accounts, a_clock_set_back_counts_from_its_new_time_on, .timeout = 10)
{
    struct accounts *accounts = with_rate("10");
    const struct account *account = accounts_at(accounts, 0);

    take_all(account, 100 * SECOND_US);
    cr_expect_eq(take_all(account, 50 * SECOND_US), 0);
    cr_expect_eq(take_all(account, 51 * SECOND_US), 10);
    accounts_free(accounts);
}

Test(accounts, a_refill_fills_every_bucket, .timeout = 10)
{
    struct accounts *accounts = with_rate("10");
    const struct account *account = accounts_at(accounts, 0);

    take_all(account, 100 * SECOND_US);
    accounts_refill(accounts);
    cr_expect_eq(take_all(account, 100 * SECOND_US), 10);
    accounts_free(accounts);
}
