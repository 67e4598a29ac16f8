/* mockserver check-config: reads what `mockserver` would, and does no more. */
#include <stdio.h>
#include <stdlib.h>
#include "commands.h"

static const char *plural(size_t n)
{
    return n == 1 ? "" : "s";
}

static int run(int argc, char **argv)
{
    struct serve_options options;
    struct mockserver_contents found;
    char *why = NULL;
    int status;

    serve_options_init(&options);
    status = command_parse(&command_check_config, &options, argc, argv);
    if (status >= 0)
        return status;
    if (mockserver_check(&options.mock, &found, &why) < 0) {
        status = usage_error("%s", why ? why : "out of memory");
        free(why);
        return status;
    }
    printf("ok: %zu account%s, %zu key%s in %s", found.n_accounts,
           plural(found.n_accounts), found.n_keys, plural(found.n_keys),
           options.mock.accounts ? options.mock.accounts
                                 : "the built-in demo accounts");
    if (options.mock.rules)
        printf("; %zu rule%s in %s", found.n_rules, plural(found.n_rules),
               options.mock.rules);
    putchar('\n');
    return 0;
}

const struct command command_check_config = {
    .name = "check-config",
    .usage = "[OPTIONS]",
    .summary = "check the options and the files they name; serve nothing",
    .options = &serve_option_table,
    .run = run,
};
