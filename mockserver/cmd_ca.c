/* mockserver ca: prints the CA that a directory keeps. */
#include <stdio.h>
#include <stdlib.h>
#include "commands.h"

/* By the options of serving, so that both make the same of the directory. */
static int run(int argc, char **argv)
{
    struct serve_options options;
    char *why = NULL;
    char *ca;
    int status;

    serve_options_init(&options);
    status = command_parse(&command_ca, &options, argc, argv);
    if (status >= 0)
        return status;
    if (!options.mock.tls_dir)
        return usage_error(
            "--tls-dir is missing; the CA of a running server is "
            "at /__admin/ca.pem");
    ca = mockserver_read_ca(&options.mock, &why);
    if (!ca)
        status = usage_error("%s", why ? why : "out of memory");
    else if (fputs(ca, stdout) < 0 || fflush(stdout) != 0)
        status = usage_error("cannot write the CA");
    else
        status = 0;
    free(ca);
    free(why);
    return status;
}

const struct command command_ca = {
    .name = "ca",
    .usage = "--tls-dir DIR [OPTIONS]",
    .summary = "print the CA that clients must trust; made if it is not there",
    .options = &tls_option_table,
    .run = run,
};
