/*
 * commands: the subcommands of the `mockserver` program, one file each
 * (cmd_*.c), each exporting one constant that describes itself.
 */
#ifndef COMMANDS_H
#define COMMANDS_H

#include "mockserver.h"
#include "options.h"

struct command {
    const char *name;    /* "" for serving, which needs no word */
    const char *usage;   /* the arguments, for --help */
    const char *summary; /* one line */
    const char *details; /* after the options in --help; may be NULL */
    const struct option_table *options;
    /* Runs with argv[0] the command's name. Returns the exit status. */
    int (*run)(int argc, char **argv);
};

extern const struct command command_serve;
extern const struct command command_sign;
extern const struct command command_errors;
extern const struct command command_check_config;

/*
 * Runs the subcommand that argv[1] names, else serves. Returns the exit
 * status: 0, 1 when a check failed, 2 for a mistake in usage or set-up.
 */
int commands_run(int argc, char **argv);

/* Prints the command's --help on stdout. Returns 0. */
int command_help(const struct command *command);

/* The options that choose how to serve; shared by the commands that take
 * them. The target is a struct serve_options. */
extern const struct option_table serve_option_table;

struct serve_options {
    struct mockserver_options mock;
    const char *port_file; /* NULL: none */
};

void serve_options_init(struct serve_options *options);

/*
 * Parses a command line that takes options only. Returns -1 to go on, else
 * the exit status: after --help, a bad option or a left-over argument.
 */
int command_parse(const struct command *command, void *target, int argc,
                  char **argv);

#endif
