/* mockserver sign: makes an Authorization value. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include "commands.h"
#include "signing.h"

struct sign_options {
    const char *accounts;
    const char *secret_id;
    struct signing signing; /* `now` 0: the system's time */
};

#define STRING_SETTER(name, field)                                             \
    static bool name(void *target, const char *value, char *why)               \
    {                                                                          \
        (void)why;                                                             \
        ((struct sign_options *)target)->field = value;                        \
        return true;                                                           \
    }

STRING_SETTER(set_accounts, accounts)
STRING_SETTER(set_secret_id, secret_id)
STRING_SETTER(set_bucket, signing.bucket)
STRING_SETTER(set_userid, signing.userid)
STRING_SETTER(set_fileid, signing.fileid)

static bool set_valid(void *target, const char *value, char *why)
{
    struct sign_options *options = target;
    uint64_t number = 0;

    (void)why;
    if (!options_number(value, 1, SIGNING_MAX_VALIDITY_S, &number))
        return false;
    options->signing.valid_s = (int64_t)number;
    return true;
}

static bool set_single_use(void *target, const char *value, char *why)
{
    (void)value;
    (void)why;
    ((struct sign_options *)target)->signing.single_use = true;
    return true;
}

static bool set_now(void *target, const char *value, char *why)
{
    struct sign_options *options = target;
    uint64_t number = 0;

    (void)why;
    if (!options_number(value, 1, INT64_MAX / 2, &number))
        return false;
    options->signing.now = (int64_t)number;
    return true;
}

static bool set_rand(void *target, const char *value, char *why)
{
    struct sign_options *options = target;

    (void)why;
    options->signing.has_rand = true;
    return options_number(value, 0, UINT64_MAX, &options->signing.rand);
}

static const struct option_row rows[] = {
    {
        .name = "accounts",
        .argument = "FILE",
        .help = "where the key is (default: built-in demo accounts)",
        .set = set_accounts,
    },
    {
        .name = "secret-id",
        .argument = "ID",
        .help = "key to sign with (default: the first of the file)",
        .set = set_secret_id,
    },
    {
        .name = "bucket",
        .argument = "NAME",
        .help = "b (default: the account's first bucket, if any);\n"
                "an empty NAME leaves it out",
        .set = set_bucket,
    },
    {
        .name = "valid",
        .argument = "SECONDS",
        .help = "e - t (default 2592000, 30 days)",
        .expected = "a number of seconds from 1 to 1000000000",
        .set = set_valid,
    },
    {
        .name = "single-use",
        .help = "e=0: good for one request",
        .set = set_single_use,
    },
    {
        .name = "now",
        .argument = "UNIX",
        .help = "t (default: the system's time)",
        .expected = "a time in Unix seconds",
        .set = set_now,
    },
    {
        .name = "rand",
        .argument = "N",
        .help = "r (default: random)",
        .expected = "a decimal number",
        .set = set_rand,
    },
    {.name = "userid",
     .argument = "TEXT",
     .help = "u (default: left out)",
     .set = set_userid},
    {.name = "fileid",
     .argument = "TEXT",
     .help = "f (default: empty)",
     .set = set_fileid},
};

static const struct option_table table = {
    .rows = rows,
    .n_rows = sizeof(rows) / sizeof(rows[0]),
};

/* The key asked for, with a reference, or NULL after one line on stderr. */
static const struct account_key *find_key(const struct accounts *accounts,
                                          const char *secret_id)
{
    const struct account_key *key;

    if (!secret_id)
        secret_id = account_key_id(accounts_at(accounts, 0)->keys[0]);
    key = accounts_find_key(accounts, secret_id, strlen(secret_id));
    if (!key)
        usage_error("--secret-id: no account has \"%s\"", secret_id);
    return key;
}

static int sign(struct signing *signing, const struct account_key *key)
{
    char *value;
    int status = 0;

    signing->key = key;
    if (signing->now == 0)
        signing->now = (int64_t)time(NULL);
    value = signing_make(signing);
    if (!value)
        return usage_error("the signature could not be made");
    if (printf("%s\n", value) < 0 || fflush(stdout) != 0)
        status = usage_error("cannot write the signature: %s", strerror(errno));
    free(value);
    return status;
}

static int run(int argc, char **argv)
{
    struct sign_options options = {0};
    const struct account_key *key;
    struct accounts *accounts;
    char *why = NULL;
    int status = command_parse(&command_sign, &options, argc, argv);

    if (status >= 0)
        return status;
    accounts = options.accounts ? accounts_load(options.accounts, &why)
                                : accounts_demo();
    if (!accounts) {
        status = usage_error("%s", why ? why : "out of memory");
        free(why);
        return status;
    }
    key = find_key(accounts, options.secret_id);
    status = key ? sign(&options.signing, key) : EXIT_USAGE;
    account_key_put(key);
    accounts_free(accounts);
    return status;
}

const struct command command_sign = {
    .name = "sign",
    .usage = "[OPTIONS]",
    .summary = "print an Authorization value",
    .details = "The key itself is read from the accounts file, never from the "
               "command line,\nwhere every process could see it.",
    .options = &table,
    .run = run,
};
