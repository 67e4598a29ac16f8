/* mockserver findings: prints the contract rules. */
#include "commands.h"
#include "finding_listing.h"

static int run(int argc, char **argv)
{
    return command_list(&command_findings, argc, argv, finding_listing_render);
}

const struct command command_findings = {
    .name = "findings",
    .usage = "[--format text|json|markdown]",
    .summary = "print every rule that requests are held against",
    .options = &listing_option_table,
    .run = run,
};
