/* mockserver errors: prints the catalogue. */
#include "commands.h"
#include "error_listing.h"

static int run(int argc, char **argv)
{
    return command_list(&command_errors, argc, argv, error_listing_render);
}

const struct command command_errors = {
    .name = "errors",
    .usage = "[--format text|json|markdown]",
    .summary = "print every error code, and how to bring it about",
    .options = &listing_option_table,
    .run = run,
};
