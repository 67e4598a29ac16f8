/*
 * commands: the subcommands of the `mockserver` program, one file each
 * (cmd_*.c), each exporting one constant that describes itself.
 */
#ifndef COMMANDS_H
#define COMMANDS_H

#include "listing.h"
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
extern const struct command command_explain;
extern const struct command command_errors;
extern const struct command command_findings;
extern const struct command command_check_config;
extern const struct command command_exec;
extern const struct command command_check;
extern const struct command command_ca;

/*
 * Runs the subcommand that argv[1] names, else serves. Returns the exit
 * status: 0, 1 when a check failed, 2 for a mistake in usage or set-up.
 */
int commands_run(int argc, char **argv);

/* Prints the command's --help on stdout. Returns 0. */
int command_help(const struct command *command);

/* The option --format, and a command that takes no other: prints the listing
 * on stdout. Returns the exit status. */
extern const struct option_table listing_option_table;
int command_list(const struct command *command, int argc, char **argv,
                 listing_render *render);

/* The options that choose how to serve; shared by the commands that take
 * them. The target is a struct serve_options. */
extern const struct option_table serve_option_table;
/* Those of them that decide what is answered, without place and threads. */
extern const struct option_table answer_option_table;
/* Those of them that decide what CA and certificate are made. */
extern const struct option_table tls_option_table;

struct serve_options {
    struct mockserver_options mock;
    const char *port_file; /* NULL: none */
    bool sandbox;
};

void serve_options_init(struct serve_options *options);

/* Writes the port file if one was asked for. Returns 0, or EXIT_USAGE after
 * one line on stderr. */
int command_write_port_file(const struct serve_options *options,
                            const struct mockserver *mock);

/*
 * Parses the options of a command line; *rest is the index of the first
 * argument after them. Returns -1 to go on, else the exit status: after
 * --help or a bad option.
 */
int command_parse_options(const struct command *command, void *target, int argc,
                          char **argv, int *rest);

/* The same for a command that takes options only: a left-over argument is a
 * mistake too. */
int command_parse(const struct command *command, void *target, int argc,
                  char **argv);

#endif
