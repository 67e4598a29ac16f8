/* mockserver errors: prints the catalogue. */
#include "commands.h"
#include "error_listing.h"

struct errors_options {
    enum error_listing_format format;
};

static bool set_format(void *target, const char *value, char *why)
{
    struct errors_options *options = target;

    (void)why;
    return error_listing_format_parse(value, &options->format) == 0;
}

static const struct option_row rows[] = {
    {
        .name = "format",
        .argument = "FORMAT",
        .help = "text (default), json or markdown",
        .expected = "text, json or markdown",
        .set = set_format,
    },
};

static const struct option_table table = {.rows = rows, .n_rows = 1};

static int run(int argc, char **argv)
{
    struct errors_options options = {.format = LISTING_TEXT};
    int status = command_parse(&command_errors, &options, argc, argv);

    if (status >= 0)
        return status;
    if (error_listing_print(stdout, options.format) < 0)
        return usage_error("cannot write the listing");
    return 0;
}

const struct command command_errors = {
    .name = "errors",
    .usage = "[--format text|json|markdown]",
    .summary = "print every error code, and how to bring it about",
    .options = &table,
    .run = run,
};
