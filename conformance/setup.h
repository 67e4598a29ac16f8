/*
 * setup: makes ready what a run needs, from what the options say: the
 * directory of the run, media, accounts, the list of what may fail, and the
 * target, a mock of its own or a server that answers.
 */
#ifndef SETUP_H
#define SETUP_H

#include <jansson.h>
#include "mock.h"
#include "suite_options.h"

struct setup {
    struct config config; /* for the processes of the cases */
    struct mock mock;     /* pid 0: the target is a URL */
    char *run_dir;
    char *mock_program;
    char *ca_file; /* of private mocks by TLS */
    char *media[MEDIA__COUNT];
    char nonce[17];
};

/* 0, or -1 with *why, one line, which the caller frees; setup_release() is due
 * all the same. The options outlive it. */
int setup_make(struct setup *setup, const struct suite_options *options,
               char **why);

/* Ends the mock and removes the directory. A mock that ended badly adds a
 * line to `problems`. */
void setup_release(struct setup *setup, struct bytes *problems);

#endif
