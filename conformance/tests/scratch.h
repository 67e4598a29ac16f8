/*
 * scratch: a directory for one test, in which it stands while it runs.
 */
#ifndef SCRATCH_H
#define SCRATCH_H

/* For .init and .fini of a suite. */
void scratch_make(void);
void scratch_remove(void);

void scratch_write(const char *path, const char *text);
/* The file's text; the test fails when there is none. The caller frees it. */
char *scratch_read(const char *path);

#endif
