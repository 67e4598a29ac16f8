#include "journal_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
    MAX_LINE = 1024 * 1024, /* an entry whose every byte is escaped fits */
};

void journal_file_init(struct journal_file *file)
{
    pthread_mutex_init(&file->lock, NULL);
    atomic_init(&file->is_open, false);
    file->fd = -1;
    file->path = NULL;
    file->torn = false;
    file->n_failures = 0;
}

void journal_file_release(struct journal_file *file)
{
    if (file->fd >= 0)
        close(file->fd);
    free(file->path);
    pthread_mutex_destroy(&file->lock);
}

/* With the lock held. */
static int open_path(struct journal_file *file, const char *path)
{
    const int flags = O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NONBLOCK;
    int fd = open(path, flags, 0600);

    struct stat st;

    if (fd < 0)
        return -1;
    /* A pipe that nobody reads would hold every exchange up. */
    if (fstat(fd, &st) == 0 && S_ISFIFO(st.st_mode)) {
        close(fd);
        errno = EINVAL;
        return -1;
    }
    if (file->fd >= 0)
        close(file->fd);
    file->fd = fd;
    atomic_store(&file->is_open, true);
    return 0;
}

static int reopen(struct journal_file *file)
{
    int result;

    pthread_mutex_lock(&file->lock);
    result = file->path ? open_path(file, file->path) : 0;
    pthread_mutex_unlock(&file->lock);
    return result;
}

int journal_file_open(struct journal_file *file, const char *path)
{
    char *unused;
    int error = 0;

    if (!path)
        return reopen(file);
    unused = strdup(path);
    if (!unused)
        return -1;
    pthread_mutex_lock(&file->lock);
    if (open_path(file, path) < 0) {
        error = errno;
    } else {
        char *old = file->path;

        file->path = unused;
        unused = old;
    }
    pthread_mutex_unlock(&file->lock);
    free(unused);
    errno = error;
    return error ? -1 : 0;
}

/* Returns how many of the bytes were written. */
static size_t write_all(int fd, const char *data, size_t len)
{
    size_t done = 0;

    while (done < len) {
        ssize_t n = write(fd, data + done, len - done);

        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            break;
        done += (size_t)n;
    }
    return done;
}

/* `line` begins with a line end, which is written only after a torn line, so
 * that the torn one spoils no other. */
static void write_line(struct journal_file *file, const struct strbuf *line)
{
    size_t skip, len, done;

    pthread_mutex_lock(&file->lock);
    skip = file->torn ? 0 : 1;
    len = line->failed ? 0 : line->len - skip;
    done = write_all(file->fd, line->buf + skip, len);
    if (line->failed || done < len)
        file->n_failures++;
    if (done > 0)
        file->torn = done < len;
    pthread_mutex_unlock(&file->lock);
}

void journal_file_append(struct journal_file *file,
                         const struct journal_entry *e)
{
    struct strbuf line;

    if (!atomic_load(&file->is_open))
        return;
    strbuf_init(&line, MAX_LINE);
    strbuf_addch(&line, '\n');
    journal_entry_render(e, &line);
    strbuf_addch(&line, '\n');
    write_line(file, &line);
    strbuf_release(&line);
}

uint64_t journal_file_n_failures(struct journal_file *file)
{
    uint64_t n;

    pthread_mutex_lock(&file->lock);
    n = file->n_failures;
    pthread_mutex_unlock(&file->lock);
    return n;
}
