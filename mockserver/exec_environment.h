/*
 * exec_environment: what the command that `mockserver exec` runs finds in its
 * environment, besides what was there.
 */
#ifndef EXEC_ENVIRONMENT_H
#define EXEC_ENVIRONMENT_H

#include <stdbool.h>
#include <stddef.h>
#include "mockserver.h"

struct exec_environment {
    char **list; /* NULL-terminated: ours first, then what we inherited */
    size_t n_ours;
};

struct exec_environment_options {
    const char *bind; /* the address served on */
    const char *ca;   /* file of the CA; "": none */
    bool proxy;       /* set the variables that clients find a proxy by */
    bool trust;       /* and those that they find a CA by */
};

/* `mock` runs. */
void exec_environment_init(struct exec_environment *e,
                           const struct mockserver *mock,
                           const struct exec_environment_options *options);

/* Wipes: there is a secret key in it. */
void exec_environment_release(struct exec_environment *e);

#endif
