/*
 * files: whole files, read under a cap or replaced so that nobody ever sees
 * half of one.
 */
#ifndef FILES_H
#define FILES_H

#include <stddef.h>

/*
 * Reads all of `path`, or of standard input when it is "-". More than `max`
 * bytes are not read: then *len is max + 1. Returns 0 with *data, which the
 * caller frees and which is never NULL, or -1 with errno.
 */
int files_read(const char *path, size_t max, char **data, size_t *len);

/* Writes a file beside `path` and renames it. Returns 0, or -1 with errno:
 * `path` is then as it was. */
int files_replace(const char *path, const void *data, size_t len);

/* The same with the file for its owner alone (mode 0600), from the start. */
int files_replace_private(const char *path, const void *data, size_t len);

/* Would files_replace() do, as far as can be told before? Returns 0, or -1
 * with errno. Leaves nothing behind. */
int files_can_replace(const char *path);

#endif
