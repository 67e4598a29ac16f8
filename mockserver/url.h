/*
 * url: takes an http or https URL apart (RFC 3986), as far as the mock needs
 * to judge it and to find the file that stands for the download. Nothing is
 * ever fetched.
 */
#ifndef URL_H
#define URL_H

#include <stdbool.h>
#include <stddef.h>
#include "arena.h"

struct url {
    const char *host; /* lower case, without port */
    const char *path; /* percent-decoded, begins with '/' */
};

/* Returns 0 with strings in `arena`, or -1 with *why set to a phrase. */
int url_parse(struct url *url, struct arena *arena, const char *text,
              size_t len, const char **why);

/* Is the host the top-level domain `invalid` or below it (RFC 2606)? */
bool url_host_is_invalid(const struct url *url);

/* Does the path end in `suffix`, whatever its case? */
bool url_path_ends(const struct url *url, const char *suffix);

/*
 * Reads the first bytes of ROOT/HOST/PATH. Returns the number of bytes put
 * into `buf`, or -1 when there is no such regular file: also for a path with
 * a `.` or `..` segment, which never leaves ROOT.
 */
long url_read_file(const struct url *url, const char *root, void *buf,
                   size_t cap);

#endif
