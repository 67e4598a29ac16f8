#include "files.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { FIRST_CAP = 64 * 1024 };

/* Reads until the end or until the buffer is full; -1 with errno. */
static int fill(int fd, char *data, size_t cap, size_t *len)
{
    while (*len < cap) {
        ssize_t n = read(fd, data + *len, cap - *len);

        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return (int)n;
        *len += (size_t)n;
    }
    return 0;
}

static int read_all(int fd, size_t max, char **data, size_t *len)
{
    size_t cap = max < FIRST_CAP ? max + 1 : FIRST_CAP;
    char *larger = malloc(cap);

    *data = NULL;
    *len = 0;
    for (;;) {
        if (!larger)
            return -1;
        *data = larger;
        if (fill(fd, *data, cap, len) < 0)
            return -1;
        if (*len < cap || cap == max + 1)
            return 0;
        cap = cap <= max / 2 ? cap * 2 : max + 1;
        larger = realloc(*data, cap);
    }
}

int files_read(const char *path, size_t max, char **data, size_t *len)
{
    bool is_stdin = !strcmp(path, "-");
    int fd = is_stdin ? STDIN_FILENO : open(path, O_RDONLY | O_CLOEXEC);
    int result, error;

    if (fd < 0)
        return -1;
    result = read_all(fd, max, data, len);
    error = errno;
    if (!is_stdin)
        close(fd);
    if (result < 0) {
        free(*data);
        *data = NULL;
    }
    errno = error;
    return result;
}

static char *temporary_name(const char *path)
{
    char *name = NULL;

    return asprintf(&name, "%s.%ld.tmp", path, (long)getpid()) < 0 ? NULL
                                                                   : name;
}

int files_can_replace(const char *path)
{
    char *temporary;
    struct stat st;
    int fd, error;

    if (stat(path, &st) == 0 && S_ISDIR(st.st_mode)) {
        errno = EISDIR;
        return -1;
    }
    temporary = temporary_name(path);
    if (!temporary)
        return -1;
    fd = open(temporary, O_WRONLY | O_CREAT | O_CLOEXEC, 0666);
    error = errno;
    if (fd >= 0) {
        close(fd);
        unlink(temporary);
    }
    free(temporary);
    errno = error;
    return fd < 0 ? -1 : 0;
}

/* An old temporary file, whoever made it, is not written into. */
static int create(const char *path, mode_t mode)
{
    unlink(path);
    return open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode);
}

static int write_all(int fd, const char *data, size_t len)
{
    while (len > 0) {
        ssize_t n = write(fd, data, len);

        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return -1;
        data += n;
        len -= (size_t)n;
    }
    return 0;
}

static int replace(const char *path, const void *data, size_t len, mode_t mode)
{
    char *temporary = temporary_name(path);
    int fd, result = -1, error;

    if (!temporary)
        return -1;
    fd = create(temporary, mode);
    if (fd >= 0) {
        result = write_all(fd, data, len);
        if (close(fd) < 0)
            result = -1;
        if (result == 0)
            result = rename(temporary, path);
        error = errno;
        if (result < 0)
            unlink(temporary);
        errno = error;
    }
    error = errno;
    free(temporary);
    errno = error;
    return result;
}

int files_replace(const char *path, const void *data, size_t len)
{
    return replace(path, data, len, 0666);
}

int files_replace_private(const char *path, const void *data, size_t len)
{
    return replace(path, data, len, 0600);
}
