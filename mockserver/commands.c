#include "commands.h"

#include <stdio.h>
#include <string.h>

static const struct command *const commands[] = {
    &command_serve,  &command_sign,     &command_explain,
    &command_errors, &command_findings, &command_check_config,
    &command_exec,   &command_check,    &command_ca,
};

static const char *space_before(const struct command *command)
{
    return command->name[0] ? " " : "";
}

int command_help(const struct command *command)
{
    printf("usage: mockserver%s%s %s\n\n%c%s\n\noptions:\n",
           space_before(command), command->name, command->usage,
           command->summary[0] - 'a' + 'A', command->summary + 1);
    options_print(command->options);
    if (command->details)
        printf("\n%s\n", command->details);
    return 0;
}

static int help(void)
{
    printf("mockserver " MOCKSERVER_VERSION
           ", an offline test double of the face-liveness endpoints\n"
           "  POST /face/livedetectfour, /face/livedetectpicture, "
           "/face/livegetfour\n\n");
    command_help(&command_serve);
    printf("\ncommands:\n");
    for (size_t i = 1; i < sizeof(commands) / sizeof(commands[0]); i++)
        printf("  %-13s %s\n", commands[i]->name, commands[i]->summary);
    printf("  `mockserver COMMAND --help` tells more.\n\n"
           "Exit status: 0; 1 when a check failed; 2 for a bad option, file "
           "or account.\n");
    return 0;
}

int command_parse_options(const struct command *command, void *target, int argc,
                          char **argv, int *rest)
{
    switch (options_parse(command->options, target, argc, argv, rest)) {
    case OPTIONS_HELP:
        return command == &command_serve ? help() : command_help(command);
    case OPTIONS_BAD:
        return EXIT_USAGE;
    case OPTIONS_OK:
        break;
    }
    return -1;
}

int command_parse(const struct command *command, void *target, int argc,
                  char **argv)
{
    int rest = 0;
    int status = command_parse_options(command, target, argc, argv, &rest);

    if (status >= 0)
        return status;
    if (rest < argc)
        return usage_error("unexpected argument \"%s\"; see mockserver --help",
                           argv[rest]);
    return -1;
}

static bool set_format(void *target, const char *value, char *why)
{
    (void)why;
    return listing_format_parse(value, target) == 0;
}

static const struct option_row listing_rows[] = {
    {
        .name = "format",
        .argument = "FORMAT",
        .help = "text (default), json or markdown",
        .expected = "text, json or markdown",
        .set = set_format,
    },
};

const struct option_table listing_option_table = {.rows = listing_rows,
                                                  .n_rows = 1};

int command_list(const struct command *command, int argc, char **argv,
                 listing_render *render)
{
    enum listing_format format = LISTING_TEXT;
    int status = command_parse(command, &format, argc, argv);

    if (status >= 0)
        return status;
    if (listing_print(stdout, format, render) < 0)
        return usage_error("cannot write the listing");
    return 0;
}

static int unknown_command(const char *name)
{
    char known[256] = "";
    size_t len = 0;

    for (size_t i = 1; i < sizeof(commands) / sizeof(commands[0]); i++)
        len += (size_t)snprintf(known + len, sizeof(known) - len, "%s%s",
                                i > 1 ? ", " : "", commands[i]->name);
    return usage_error("unknown command \"%s\", expected one of %s; serving "
                       "needs none",
                       name, known);
}

int commands_run(int argc, char **argv)
{
    if (argc > 1 && !strcmp(argv[1], "--version")) {
        printf("mockserver " MOCKSERVER_VERSION "\n");
        return 0;
    }
    for (size_t i = 1; argc > 1 && i < sizeof(commands) / sizeof(commands[0]);
         i++) {
        if (!strcmp(argv[1], commands[i]->name))
            return commands[i]->run(argc - 1, argv + 1);
    }
    if (argc > 1 && argv[1][0] != '-')
        return unknown_command(argv[1]);
    return command_serve.run(argc, argv);
}
