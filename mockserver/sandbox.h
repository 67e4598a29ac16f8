/*
 * sandbox: takes from a thread, and from every thread that it starts later,
 * what serving does not need: system calls by seccomp, files by Landlock, and
 * for good. Programs decide when; what a path is for is theirs to know. It
 * needs no privilege.
 *
 * Files: only the paths that are allowed can be opened, made or removed.
 * Descriptors that are open stay as they are.
 * System calls: those of a server that listens already. It may accept
 * connections and dissolve them, not make any: there is no socket(), no bind(),
 * and connect() only without an address. No memory becomes executable. A
 * thread can be started, a program cannot: execve(), ptrace() and what else
 * only an intruder would ask for kills the process with SIGSYS. All other
 * calls fail with ENOSYS, which a newer libc takes for an older kernel.
 */
#ifndef SANDBOX_H
#define SANDBOX_H

#include <stddef.h>
#include <sys/types.h>

enum { SANDBOX_MAX_PATHS = 8 };

/* What may be done with a path, and with all beneath one that is a directory.
 */
enum sandbox_use {
    SANDBOX_READ,
    SANDBOX_APPEND_TO,  /* write to a file, and make one in its directory */
    SANDBOX_REPLACE,    /* that, rename and remove: files_replace(), unlink() */
    SANDBOX_REMOVE_DIR, /* remove the directory, when it is empty */
};

struct sandbox {
    struct {
        const char *path;
        enum sandbox_use use;
    } paths[SANDBOX_MAX_PATHS];
    size_t n_paths;
    pid_t child; /* a process that may be waited for and signalled; 0: none */
};

/* How much of it there is on this system. */
enum sandbox_extent {
    SANDBOX_NONE,  /* not at all: a failure */
    SANDBOX_CALLS, /* the kernel has no Landlock: files stay as they are */
    SANDBOX_ALL,
};

/* Allows a path; NULL is none. It is borrowed until sandbox_enter(). */
void sandbox_allow(struct sandbox *sandbox, const char *path,
                   enum sandbox_use use);

/* Confines the calling thread. SANDBOX_NONE comes with *why, which the caller
 * frees; the thread may then be confined in part. */
enum sandbox_extent sandbox_enter(const struct sandbox *sandbox, char **why);

#endif
