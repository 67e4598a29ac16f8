/* mockserver check-config: reads what `mockserver` would, and does no more. */
#include <stdio.h>
#include <stdlib.h>
#include "commands.h"

static int run(int argc, char **argv)
{
    struct serve_options options;
    struct accounts *accounts;
    size_t n_keys = 0;
    char *why = NULL;
    int status;

    serve_options_init(&options);
    status = command_parse(&command_check_config, &options, argc, argv);
    if (status >= 0)
        return status;
    accounts = options.mock.accounts
                   ? accounts_load(options.mock.accounts, &why)
                   : accounts_demo();
    if (!accounts) {
        status = usage_error("%s", why ? why : "out of memory");
        free(why);
        return status;
    }
    for (size_t i = 0; i < accounts_count(accounts); i++)
        n_keys += accounts_at(accounts, i)->n_keys;
    printf("ok: %zu accounts, %zu keys in %s\n", accounts_count(accounts),
           n_keys,
           options.mock.accounts ? options.mock.accounts
                                 : "the built-in demo accounts");
    accounts_free(accounts);
    return 0;
}

const struct command command_check_config = {
    .name = "check-config",
    .usage = "[OPTIONS]",
    .summary = "check the options and the accounts file; serve nothing",
    .options = &serve_option_table,
    .run = run,
};
