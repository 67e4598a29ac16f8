#include "outfile.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "bytes.h"

/* Opens, writes and closes. 0, or -1 with errno. */
static int write_file(const char *path, int flags, const char *data, size_t len)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC | flags, 0666);
    int failed = 0;

    if (fd < 0)
        return -1;
    while (len > 0 && !failed) {
        ssize_t n = write(fd, data, len);

        if (n > 0) {
            data += n;
            len -= (size_t)n;
        } else if (n == 0) {
            failed = EIO;
        } else if (errno != EINTR) {
            failed = errno;
        }
    }
    if (close(fd) < 0 && !failed)
        failed = errno;
    errno = failed;
    return failed ? -1 : 0;
}

/* Renaming would put a file in the place of /dev/null. */
static bool is_special(const char *path)
{
    struct stat st;

    return lstat(path, &st) == 0 && !S_ISREG(st.st_mode);
}

int outfile_write(const char *path, const void *data, size_t len)
{
    char *beside;
    int failed;

    if (is_special(path))
        return write_file(path, O_TRUNC, data, len);
    beside = format("%s.%ld.tmp", path, (long)getpid());
    if (write_file(beside, O_TRUNC, data, len) == 0 &&
        rename(beside, path) == 0) {
        free(beside);
        return 0;
    }
    failed = errno;
    unlink(beside);
    free(beside);
    errno = failed;
    return -1;
}
