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

/* Accounts of a file live as long as their store, so that these two need not
 * keep their reference. */
static const struct account *find_bytes(const struct accounts *accounts,
                                        const char *appid, size_t len)
{
    const struct account *account = accounts_find(accounts, appid, len);

    account_put(account);
    return account;
}

static const struct account *find(const struct accounts *accounts,
                                  const char *appid)
{
    return find_bytes(accounts, appid, strlen(appid));
}

static const struct account_key *find_key(const struct accounts *accounts,
                                          const char *secret_id)
{
    const struct account_key *key =
        accounts_find_key(accounts, secret_id, strlen(secret_id));

    account_key_put(key);
    return key;
}

/* Is there such an account? Added ones are only asked for in this way. */
static bool is_there(const struct accounts *accounts, const char *appid)
{
    return find(accounts, appid) != NULL;
}

static void add(struct accounts *accounts, const char *json)
{
    char *why = NULL;
    int result = accounts_add(accounts, json, strlen(json), &why);

    cr_assert_eq(result, 0, "%s: refused: %s", json, why);
    cr_assert(why == NULL);
}

/* One of the appid `n`, with the SecretId idN and the key keyN. */
static void add_numbered(struct accounts *accounts, int n)
{
    char json[160];

    snprintf(json, sizeof(json),
             "{\"appid\":\"%d\",\"keys\":[{\"secret_id\":\"id%d\","
             "\"secret_key\":\"key%d\"}]}",
             n, n, n);
    add(accounts, json);
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

    cr_expect(find_bytes(accounts, "1000002&k=", 7) ==
              accounts_at(accounts, 1));
    cr_expect(find(accounts, "100000") == NULL);
    cr_expect(find(accounts, "10000022") == NULL);
    cr_expect(find_bytes(accounts, "1000002\0", 8) == NULL);
    cr_expect(find(accounts, "") == NULL);
    cr_expect(find_bytes(accounts, NULL, 0) == NULL);
    accounts_free(accounts);
}

Test(accounts, a_key_has_its_secret_for_the_command_of_exec, .timeout = 10)
{
    struct accounts *accounts = accounts_demo();
    const struct account *first = accounts_at(accounts, 0);

    cr_expect_str_eq(account_key_secret(first->keys[0]), "demo-key-of-1000001");
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
                   "f: accounts[0].keys[0].secret_id: \"i\\n\" could not be "
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

Test(accounts, a_reset_fills_every_bucket, .timeout = 10)
{
    struct accounts *accounts = with_rate("10");
    const struct account *account = accounts_at(accounts, 0);

    take_all(account, 100 * SECOND_US);
    accounts_reset(accounts);
    cr_expect_eq(take_all(account, 100 * SECOND_US), 10);
    accounts_free(accounts);
}

/* changes at run time */

static void expect_add_mistake(struct accounts *accounts, const char *json,
                               const char *expected)
{
    char *why = NULL;
    int result = accounts_add(accounts, json, strlen(json), &why);

    cr_expect_eq(result, -1, "%s: accepted", json);
    cr_assert(why != NULL, "%s: no reason", json);
    cr_expect_str_eq(why, expected, "%s\n  said: %s\n  expected: %s", json, why,
                     expected);
    free(why);
}

Test(accounts, an_added_account_is_found_with_all_it_has, .timeout = 10)
{
    struct accounts *accounts = accounts_demo();
    const struct account *account;
    unsigned char mac[ACCOUNTS_MAC_LEN], expected[ACCOUNTS_MAC_LEN];

    add(accounts, "{\"appid\":\"7\",\"buckets\":[\"b\",\"c\"],"
                  "\"status\":\"arrears\",\"rate_per_second\":5," KEYS "}");
    account = accounts_find(accounts, "7", 1);
    cr_assert(account != NULL);
    cr_expect_str_eq(account->appid, "7");
    cr_expect(has_bucket(account, "c"));
    cr_expect_eq(account->n_buckets, 2);
    cr_expect_eq(account->status, ACCOUNT_ARREARS);
    cr_expect_eq(account->rate_per_second, 5);
    cr_expect(account_key_owner(find_key(accounts, "id")) == account);
    expected_mac("hush", "text", 4, expected);
    cr_assert_eq(account_key_mac(account->keys[0], "text", 4, mac), 0);
    cr_expect_eq(memcmp(mac, expected, sizeof(mac)), 0);
    account_put(account);
    accounts_free(accounts);
}

Test(accounts, added_accounts_are_not_those_of_the_file, .timeout = 10)
{
    struct accounts *accounts = accounts_demo();

    add_numbered(accounts, 7);
    cr_expect_eq(accounts_count(accounts), 4);
    accounts_free(accounts);
}

Test(accounts, an_account_is_added_as_strictly_as_it_is_read, .timeout = 10)
{
    struct accounts *accounts = accounts_demo();

    expect_add_mistake(accounts, "{\"appid\":x}",
                       "account: line 1, column 10: a JSON syntax error");
    expect_add_mistake(accounts, "{} x",
                       "account: line 1, column 4: text after "
                       "the JSON document");
    expect_add_mistake(accounts, "[]",
                       "account: found an array, expected an object of appid, "
                       "buckets, keys, status and rate_per_second");
    expect_add_mistake(accounts, "{\"accounts\":[]}",
                       "account: unknown name \"accounts\", expected an object "
                       "of appid, buckets, keys, status and rate_per_second");
    expect_add_mistake(accounts, "{\"appid\":7," KEYS "}",
                       "account.appid: found the number 7, expected a string "
                       "that is not empty");
    expect_add_mistake(accounts,
                       "{\"appid\":\"7\",\"keys\":["
                       "{\"secret_key\":\"hush\"}]}",
                       "account.keys[0].secret_id: is missing, expected a "
                       "string that is not empty");
    expect_add_mistake(accounts,
                       "{\"appid\":\"7\",\"buckets\":[\"b\",1]," KEYS "}",
                       "account.buckets[1]: found the number 1, expected a "
                       "string that is not empty");
    expect_add_mistake(accounts,
                       "{\"appid\":\"7\",\"buckets\":[\"b\",\"b\"]," KEYS "}",
                       "account.buckets[1]: \"b\" appears twice in this "
                       "account");
    cr_expect_not(is_there(accounts, "7"));
    accounts_free(accounts);
}

Test(accounts, what_another_account_has_cannot_be_added, .timeout = 10)
{
    struct accounts *accounts = accounts_demo();

    expect_add_mistake(accounts, "{\"appid\":\"1000001\"," KEYS "}",
                       "account.appid: \"1000001\" is already used");
    expect_add_mistake(accounts,
                       "{\"appid\":\"7\",\"keys\":[{\"secret_id\":\"x\","
                       "\"secret_key\":\"hush\"},{\"secret_id\":"
                       "\"AKIDdemo1000002\",\"secret_key\":\"hush\"}]}",
                       "account.keys[1].secret_id: \"AKIDdemo1000002\" is "
                       "already used by appid \"1000002\"");
    expect_add_mistake(accounts,
                       "{\"appid\":\"7\",\"keys\":[{\"secret_id\":\"x\","
                       "\"secret_key\":\"hush\"},{\"secret_id\":\"x\","
                       "\"secret_key\":\"hush\"}]}",
                       "account.keys[1].secret_id: \"x\" is already used by "
                       "account.keys[0]");
    accounts_free(accounts);
}

Test(accounts, an_account_that_was_refused_leaves_nothing, .timeout = 10)
{
    struct accounts *accounts = accounts_demo();

    expect_add_mistake(accounts,
                       "{\"appid\":\"7\",\"keys\":[{\"secret_id\":\"id7\","
                       "\"secret_key\":\"hush\"},{\"secret_id\":"
                       "\"AKIDdemo1000002\",\"secret_key\":\"hush\"}]}",
                       "account.keys[1].secret_id: \"AKIDdemo1000002\" is "
                       "already used by appid \"1000002\"");
    cr_expect_not(is_there(accounts, "7"));
    cr_expect(find_key(accounts, "id7") == NULL);
    cr_expect(find_key(accounts, "AKIDdemo1000002") != NULL);
    add_numbered(accounts, 7);
    accounts_free(accounts);
}

Test(accounts, a_removed_account_is_unknown_with_its_keys, .timeout = 10)
{
    struct accounts *accounts = accounts_demo();

    add_numbered(accounts, 7);
    add_numbered(accounts, 8);
    cr_expect_eq(accounts_remove(accounts, "7"), 0);
    cr_expect_not(is_there(accounts, "7"));
    cr_expect(find_key(accounts, "id7") == NULL);
    cr_expect(is_there(accounts, "8"));
    cr_expect_eq(accounts_remove(accounts, "7"), 1);
    add_numbered(accounts, 7);
    cr_expect(is_there(accounts, "7"));
    accounts_free(accounts);
}

Test(accounts, accounts_of_the_file_cannot_be_removed, .timeout = 10)
{
    struct accounts *accounts = accounts_demo();

    cr_expect_eq(accounts_remove(accounts, "1000001"), 1);
    cr_expect(is_there(accounts, "1000001"));
    accounts_free(accounts);
}

Test(accounts, a_reset_removes_the_added_and_keeps_the_file, .timeout = 10)
{
    struct accounts *accounts = accounts_demo();

    add_numbered(accounts, 7);
    add_numbered(accounts, 8);
    accounts_reset(accounts);
    cr_expect_not(is_there(accounts, "7"));
    cr_expect(find_key(accounts, "id8") == NULL);
    cr_expect(is_there(accounts, "1000001"));
    cr_expect(find_key(accounts, "AKIDdemo1000004") != NULL);
    add_numbered(accounts, 7);
    accounts_reset(accounts);
    cr_expect_not(is_there(accounts, "7"));
    accounts_free(accounts);
}

Test(accounts, names_stay_found_while_others_come_and_go, .timeout = 10)
{
    enum { N = 600 };
    struct accounts *accounts = accounts_demo();
    char name[16];

    for (int i = 0; i < N; i++)
        add_numbered(accounts, i);
    for (int step = 2; step < 5; step++) {
        for (int i = 0; i < N; i += step) {
            snprintf(name, sizeof(name), "%d", i);
            cr_assert_eq(accounts_remove(accounts, name), 0, "%d", i);
        }
        for (int i = 0; i < N; i++) {
            snprintf(name, sizeof(name), "%d", i);
            cr_assert_eq(is_there(accounts, name), i % step != 0, "%d", i);
            snprintf(name, sizeof(name), "id%d", i);
            cr_assert_eq(find_key(accounts, name) != NULL, i % step != 0, "%d",
                         i);
        }
        for (int i = 0; i < N; i += step)
            add_numbered(accounts, i);
    }
    accounts_free(accounts);
}

Test(accounts, who_holds_an_account_keeps_it_alive, .timeout = 10)
{
    struct accounts *accounts = accounts_demo();
    const struct account *account;
    const struct account_key *key;
    unsigned char mac[ACCOUNTS_MAC_LEN], expected[ACCOUNTS_MAC_LEN];

    add_numbered(accounts, 7);
    account = accounts_find(accounts, "7", 1);
    key = accounts_find_key(accounts, "id7", 3);
    accounts_remove(accounts, "7");
    cr_expect_str_eq(account->appid, "7");
    account_put(account);
    expected_mac("key7", "text", 4, expected);
    cr_assert_eq(account_key_mac(key, "text", 4, mac), 0);
    cr_expect_eq(memcmp(mac, expected, sizeof(mac)), 0);
    accounts_free(accounts);
    cr_expect_str_eq(account_key_owner(key)->appid, "7");
    account_key_put(key);
}

Test(accounts, an_account_of_the_file_may_outlive_the_store, .timeout = 10)
{
    struct accounts *accounts = accounts_demo();
    const struct account *account = accounts_find(accounts, "1000001", 7);

    accounts_free(accounts);
    cr_expect_str_eq(account_key_id(account->keys[0]), "AKIDdemo1000001");
    account_put(account);
}

Test(accounts, giving_back_nothing_is_fine, .timeout = 10)
{
    account_put(NULL);
    account_key_put(NULL);
}

Test(accounts, a_signer_is_found_as_appid_and_key_are, .timeout = 10)
{
    struct accounts *accounts = accounts_demo();
    const struct account *account = NULL;
    const struct account_key *key = NULL;

    accounts_find_signer(accounts, "1000002&", 7, "AKIDdemo1000001b", 15,
                         &account, &key);
    cr_expect(account == accounts_at(accounts, 1));
    cr_assert(key != NULL);
    cr_expect_str_eq(account_key_id(key), "AKIDdemo1000001");
    account_put(account);
    account_key_put(key);
    accounts_find_signer(accounts, "1", 1, "1", 1, &account, &key);
    cr_expect(account == NULL);
    cr_expect(key == NULL);
    accounts_free(accounts);
}

Test(accounts, a_store_is_full_at_a_hundred_thousand, .timeout = 60)
{
    struct accounts *accounts = accounts_demo();

    for (int i = 4; i < ACCOUNTS_MAX; i++)
        add_numbered(accounts, i);
    expect_add_mistake(accounts, "{\"appid\":\"one\"," KEYS "}",
                       "account: is one too many, expected at most 100000 "
                       "accounts");
    accounts_remove(accounts, "99999");
    add(accounts, "{\"appid\":\"one\"," KEYS "}");
    accounts_reset(accounts);
    add_numbered(accounts, 4);
    accounts_free(accounts);
}

Test(accounts, keys_are_listed_up_to_a_number, .timeout = 10)
{
    static const char *const expected[] = {"AKIDdemo1000001",
                                           "AKIDdemo1000001b",
                                           "AKIDdemo1000002",
                                           "AKIDdemo1000003",
                                           "AKIDdemo1000004",
                                           "id8",
                                           "id7"};
    const struct account_key *keys[10];
    struct accounts *accounts = accounts_demo();

    add_numbered(accounts, 8);
    add_numbered(accounts, 7);
    for (size_t cap = 0; cap <= 10; cap++) {
        size_t n = accounts_list_keys(accounts, keys, cap);

        cr_assert_eq(n, cap < 7 ? cap : 7, "%zu of %zu", n, cap);
        for (size_t i = 0; i < n; i++) {
            cr_expect_str_eq(account_key_id(keys[i]), expected[i]);
            account_key_put(keys[i]);
        }
    }
    accounts_free(accounts);
}

Test(accounts, a_listed_key_lives_on_when_removed, .timeout = 10)
{
    const struct account_key *keys[10];
    struct accounts *accounts = accounts_demo();

    add_numbered(accounts, 7);
    cr_assert_eq(accounts_list_keys(accounts, keys, 10), 6);
    accounts_reset(accounts);
    cr_expect_str_eq(account_key_id(keys[5]), "id7");
    for (size_t i = 0; i < 6; i++)
        account_key_put(keys[i]);
    accounts_free(accounts);
}

Test(accounts, accounts_are_rendered_without_their_secrets, .timeout = 10)
{
    struct accounts *accounts =
        parse(ONE("\"appid\":\"1\",\"buckets\":[\"b\\\"\",\"c\"],"
                  "\"status\":\"arrears\",\"rate_per_second\":0.5,"
                  "\"keys\":[{\"secret_id\":\"i\",\"secret_key\":\"hush\"},"
                  "{\"secret_id\":\"j\",\"secret_key\":\"hush\"}]"));
    struct strbuf out;

    add_numbered(accounts, 9);
    add_numbered(accounts, 8);
    strbuf_init(&out, 4096);
    cr_assert_eq(accounts_render(accounts, &out), 0);
    cr_expect_str_eq(
        out.buf,
        "{\"accounts\":[{\"appid\":\"1\",\"buckets\":[\"b\\\"\",\"c\"],"
        "\"secret_ids\":[\"i\",\"j\"],\"status\":\"arrears\","
        "\"rate_per_second\":0.5,\"from\":\"file\"},"
        "{\"appid\":\"9\",\"buckets\":[],\"secret_ids\":[\"id9\"],"
        "\"status\":\"active\",\"rate_per_second\":0,\"from\":\"admin\"},"
        "{\"appid\":\"8\",\"buckets\":[],\"secret_ids\":[\"id8\"],"
        "\"status\":\"active\",\"rate_per_second\":0,\"from\":\"admin\"}]}",
        "%s", out.buf);
    strbuf_release(&out);
    accounts_free(accounts);
}

Test(accounts, rendering_into_a_buffer_too_small_fails, .timeout = 10)
{
    struct accounts *accounts = accounts_demo();
    struct strbuf out;

    strbuf_init(&out, 100);
    cr_expect_eq(accounts_render(accounts, &out), -1);
    strbuf_release(&out);
    accounts_free(accounts);
}

Test(accounts, secret_keys_of_the_demo_accounts_are_public, .timeout = 10)
{
    char *secret = accounts_demo_secret_key("AKIDdemo1000001b");

    cr_assert(secret != NULL);
    cr_expect_str_eq(secret, "second-demo-key-of-1000001");
    free(secret);
    cr_expect(accounts_demo_secret_key("AKIDnobody") == NULL);
}

/* digests made by mistake */

static unsigned hmac(const EVP_MD *md, const char *key, const char *text,
                     unsigned char *mac)
{
    unsigned n = EVP_MAX_MD_SIZE;

    HMAC(md, key, (int)strlen(key), (const unsigned char *)text, strlen(text),
         mac, &n);
    return n;
}

Test(accounts, a_digest_is_known_by_the_way_it_was_made, .timeout = 10)
{
    struct accounts *accounts = accounts_demo();
    const struct account_key *key = find_key(accounts, "AKIDdemo1000001");
    const char *secret = "demo-key-of-1000001";
    unsigned char mac[MAC__COUNT][EVP_MAX_MD_SIZE];
    unsigned n[MAC__COUNT];

    n[MAC_SHA1] = hmac(EVP_sha1(), secret, "text", mac[MAC_SHA1]);
    n[MAC_SHA256] = hmac(EVP_sha256(), secret, "text", mac[MAC_SHA256]);
    n[MAC_SWAPPED] = hmac(EVP_sha1(), "text", secret, mac[MAC_SWAPPED]);
    n[MAC_SECRET_ID_AS_KEY] =
        hmac(EVP_sha1(), "AKIDdemo1000001", "text", mac[MAC_SECRET_ID_AS_KEY]);
    n[MAC_KEY_LF] =
        hmac(EVP_sha1(), "demo-key-of-1000001\n", "text", mac[MAC_KEY_LF]);
    n[MAC_KEY_CRLF] =
        hmac(EVP_sha1(), "demo-key-of-1000001\r\n", "text", mac[MAC_KEY_CRLF]);
    n[MAC_KEY_BASE64] = hmac(EVP_sha1(), "ZGVtby1rZXktb2YtMTAwMDAwMQ==", "text",
                             mac[MAC_KEY_BASE64]);
    EVP_Digest("demo-key-of-1000001text", 23, mac[MAC_HASH_KEY_TEXT],
               &n[MAC_HASH_KEY_TEXT], EVP_sha1(), NULL);
    EVP_Digest("textdemo-key-of-1000001", 23, mac[MAC_HASH_TEXT_KEY],
               &n[MAC_HASH_TEXT_KEY], EVP_sha1(), NULL);
    for (int made = 0; made < MAC__COUNT; made++) {
        for (int asked = 0; asked < MAC__COUNT; asked++)
            cr_expect_eq(account_key_made(key, (enum account_mac_variant)asked,
                                          "text", 4, mac[made], n[made]),
                         made == asked, "made %d, asked %d", made, asked);
    }
    accounts_free(accounts);
}

Test(accounts, every_byte_of_a_digest_is_compared, .timeout = 10)
{
    struct accounts *accounts = accounts_demo();
    const struct account_key *key = find_key(accounts, "AKIDdemo1000001");
    unsigned char mac[EVP_MAX_MD_SIZE];
    unsigned n = hmac(EVP_sha256(), "demo-key-of-1000001", "text", mac);

    cr_expect(account_key_made(key, MAC_SHA256, "text", 4, mac, n));
    cr_expect_not(account_key_made(key, MAC_SHA256, "text", 4, mac, n - 1));
    cr_expect_not(account_key_made(key, MAC_SHA256, "text", 4, mac, 0));
    for (unsigned i = 0; i < n; i++) {
        mac[i] ^= 0x80;
        cr_expect_not(account_key_made(key, MAC_SHA256, "text", 4, mac, n));
        mac[i] ^= 0x80;
    }
    accounts_free(accounts);
}
