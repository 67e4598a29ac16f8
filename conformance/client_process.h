/*
 * client_process: a client's program as a process.
 *
 * It is started by the shell in a process group of its own, so that all of
 * what it starts can be ended with it. Its stderr goes to a file without a
 * name: nobody has to read it, and its end can be shown. It knows nothing of
 * what is said.
 */
#ifndef CLIENT_PROCESS_H
#define CLIENT_PROCESS_H

#include <stdbool.h>
#include <sys/types.h>

struct client_process {
    pid_t pid; /* 0: there is none */
    int in;    /* write end of its stdin; does not block */
    int out;   /* read end of its stdout; does not block */
    int err;   /* what it wrote to stderr */
};

/*
 * Runs `sh -c COMMAND`; the file for its stderr is made in `dir`. It dies
 * with the process that calls this. 0, or -1 with *why, which the caller
 * frees. A command that does not exist is only seen by its end.
 */
int client_process_start(struct client_process *p, const char *command,
                         const char *dir, char **why);

/* Has it ended? Waits at most so long; then *status is that of wait(). */
bool client_process_wait(struct client_process *p, int timeout_ms, int *status);

/* Kills it with all of its group, unless it has ended already, and closes
 * the descriptors. Returns its status. */
int client_process_end(struct client_process *p);

/* "exit status 3", "signal 11 (SIGSEGV)". The caller frees it. */
char *client_process_words(int status);

#endif
