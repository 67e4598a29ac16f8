#include "signals.h"

#include <pthread.h>

void signals_block(struct signals *signals)
{
    signals->pipe_was_ignored = signal(SIGPIPE, SIG_IGN) == SIG_IGN;
    signals->size_was_ignored = signal(SIGXFSZ, SIG_IGN) == SIG_IGN;
    sigemptyset(&signals->set);
    sigaddset(&signals->set, SIGTERM);
    sigaddset(&signals->set, SIGINT);
    pthread_sigmask(SIG_BLOCK, &signals->set, &signals->old_mask);
}

void signals_block_also(struct signals *signals, int number)
{
    /* An ignored SIGCHLD would never come. */
    signal(number, SIG_DFL);
    sigaddset(&signals->set, number);
    pthread_sigmask(SIG_BLOCK, &signals->set, NULL);
}
