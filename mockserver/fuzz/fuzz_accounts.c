/*
 * accounts: the input is an accounts file. One that is taken holds only what
 * can be found again; one that is refused has a reason of one line. The input
 * is also read as one account that is added.
 */
#include <stdlib.h>
#include <string.h>
#include "fuzz_support.h"

static void check_account(const struct accounts *accounts,
                          const struct account *account)
{
    const char *appid = account->appid;

    FUZZ_CHECK(appid[0] != '\0' && account->n_keys > 0);
    FUZZ_CHECK(accounts_find(accounts, appid, strlen(appid)) == account);
    account_put(account);
    for (size_t i = 0; i < account->n_buckets; i++) {
        const char *bucket = account->buckets[i];

        FUZZ_CHECK(account_has_bucket(account, bucket, strlen(bucket)));
    }
    for (size_t i = 0; i < account->n_keys; i++) {
        const struct account_key *key = account->keys[i];
        const char *id = account_key_id(key);
        unsigned char mac[ACCOUNTS_MAC_LEN];

        FUZZ_CHECK(accounts_find_key(accounts, id, strlen(id)) == key);
        account_key_put(key);
        FUZZ_CHECK(account_key_owner(key) == account);
        FUZZ_CHECK(account_key_mac(key, id, strlen(id), mac) == 0);
    }
    FUZZ_CHECK(account_take(account, (int64_t)FUZZ_NOW * 1000000));
}

/* Once more, as the account that it is added by itself. */
static void fuzz_added(const char *json, size_t len)
{
    struct accounts *accounts = fuzz_accounts();
    char *why = NULL;

    if (accounts_add(accounts, json, len, &why) < 0)
        FUZZ_CHECK(why && !strncmp(why, "account", 7) && !strchr(why, '\n'));
    free(why);
    accounts_reset(accounts);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    const char *json = data ? (const char *)data : "";
    char *why = NULL;
    struct accounts *accounts = accounts_parse(json, len, "input", &why);

    fuzz_added(json, len);
    if (!accounts) {
        FUZZ_CHECK(why && !strncmp(why, "input", 5) && !strchr(why, '\n'));
        free(why);
        return 0;
    }
    FUZZ_CHECK(accounts_count(accounts) > 0);
    for (size_t i = 0; i < accounts_count(accounts); i++)
        check_account(accounts, accounts_at(accounts, i));
    accounts_free(accounts);
    return 0;
}
