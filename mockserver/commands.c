#include "commands.h"

#include <stdio.h>
#include <string.h>

static const struct command *const commands[] = {
    &command_serve,
    &command_sign,
    &command_errors,
    &command_check_config,
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

int command_parse(const struct command *command, void *target, int argc,
                  char **argv)
{
    int rest = 0;

    switch (options_parse(command->options, target, argc, argv, &rest)) {
    case OPTIONS_HELP:
        return command == &command_serve ? help() : command_help(command);
    case OPTIONS_BAD:
        return EXIT_USAGE;
    case OPTIONS_OK:
        break;
    }
    if (rest < argc)
        return usage_error("unexpected argument \"%s\"; see mockserver --help",
                           argv[rest]);
    return -1;
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
    return command_serve.run(argc, argv);
}
