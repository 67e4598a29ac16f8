/*
 * outfile: writes a whole file, so that a reader sees the old content or the
 * new one and never half of it. For reports and recordings.
 */
#ifndef OUTFILE_H
#define OUTFILE_H

#include <stddef.h>

/*
 * Puts these bytes in the place of what `path` has. A regular file, or a new
 * one, is replaced by renaming; what is no regular file, a device, a pipe or
 * a symbolic link, is written through. 0, or -1 with errno and nothing left
 * behind.
 */
int outfile_write(const char *path, const void *data, size_t len);

#endif
