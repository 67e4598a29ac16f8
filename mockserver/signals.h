/*
 * signals: those that a serving program waits for instead of being
 * interrupted by them. Main programs only; a library never touches signals.
 */
#ifndef SIGNALS_H
#define SIGNALS_H

#include <signal.h>
#include <stdbool.h>

/* What is waited for, and how it was before, for a child to begin with. */
struct signals {
    sigset_t set; /* for sigwait() and its kin */
    sigset_t old_mask;
    bool pipe_was_ignored, size_was_ignored;
};

/*
 * Blocks SIGTERM and SIGINT, ignores SIGPIPE and SIGXFSZ: a peer that is gone
 * and a file that may not grow are errors of a call, not the end. Called before
 * any thread starts, so that they all leave the signals to the caller.
 */
void signals_block(struct signals *signals);

/* Adds one more. */
void signals_block_also(struct signals *signals, int number);

#endif
