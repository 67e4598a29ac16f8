/*
 * journal_file: the file that the journal also writes to, for journal.c
 * alone: one JSON line an entry, appended in one write. It has a lock of its
 * own, so that a slow disk holds up no one who only reads the journal.
 */
#ifndef JOURNAL_FILE_H
#define JOURNAL_FILE_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include "journal_entry.h"

struct journal_file {
    pthread_mutex_t lock;
    atomic_bool is_open; /* asked without the lock */
    int fd;              /* -1: none */
    char *path;          /* owned; NULL: none */
    bool torn;           /* the last write stopped inside a line */
    uint64_t n_failures;
};

void journal_file_init(struct journal_file *file);
void journal_file_release(struct journal_file *file);

/* Opens `path`, or makes it, in the place of what was open; NULL: the same
 * path again. Returns 0, or -1 with errno and what was open stays. */
int journal_file_open(struct journal_file *file, const char *path);

/* Writes a line when a file is open; counts the failures. */
void journal_file_append(struct journal_file *file,
                         const struct journal_entry *e);

uint64_t journal_file_n_failures(struct journal_file *file);

#endif
