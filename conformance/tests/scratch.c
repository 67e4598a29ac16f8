#include "scratch.h"

#include <errno.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <criterion/criterion.h>

#include "bytes.h"

static char scratch_dir[] = "/tmp/conformance-test-XXXXXX";

void scratch_make(void)
{
    cr_assert(mkdtemp(scratch_dir) != NULL && chdir(scratch_dir) == 0);
}

static int remove_entry(const char *path, const struct stat *st, int kind,
                        struct FTW *at)
{
    (void)st;
    (void)kind;
    (void)at;
    return remove(path);
}

void scratch_remove(void)
{
    cr_expect(chdir("/") == 0);
    nftw(scratch_dir, remove_entry, 8, FTW_DEPTH | FTW_PHYS);
}

void scratch_write(const char *path, const char *text)
{
    FILE *file = fopen(path, "we");

    cr_assert(file != NULL, "%s: %s", path, strerror(errno));
    fputs(text, file);
    fclose(file);
}

char *scratch_read(const char *path)
{
    struct bytes b = {0};

    cr_assert(bytes_read_file(&b, path) == 0, "%s: %s", path, strerror(errno));
    return b.data;
}
