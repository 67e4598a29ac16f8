#include "files.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <criterion/criterion.h>

static char dir[] = "/tmp/mockserver-files-XXXXXX";

static void make_dir(void)
{
    cr_assert(mkdtemp(dir) != NULL && chdir(dir) == 0);
}

static void remove_dir(void)
{
    unlink("f");
    rmdir("d");
    cr_expect(rmdir(dir) == 0, "a file is left behind");
}

TestSuite(files, .init = make_dir, .fini = remove_dir, .timeout = 10);

static void put(const void *data, size_t len)
{
    cr_assert_eq(files_replace("f", data, len), 0, "%s", strerror(errno));
}

static void expect_content(size_t max, const char *data, size_t len)
{
    char *got = NULL;
    size_t got_len = 0;

    cr_assert_eq(files_read("f", max, &got, &got_len), 0);
    cr_expect_eq(got_len, len);
    cr_expect(got && !memcmp(got, data, got_len < len ? got_len : len));
    free(got);
}

Test(files, what_was_written_is_read)
{
    put("a\0b", 3);
    expect_content(100, "a\0b", 3);
}

Test(files, an_empty_file_is_read)
{
    put("", 0);
    expect_content(100, "", 0);
}

Test(files, a_large_file_is_read_whole)
{
    size_t len = 300001;
    char *data = malloc(len);

    for (size_t i = 0; i < len; i++)
        data[i] = (char)(i * 7);
    put(data, len);
    expect_content(1 << 20, data, len);
    expect_content(len, data, len);
    free(data);
}

Test(files, one_byte_over_the_cap_tells_that_there_is_more)
{
    size_t len = 200000;
    char *data = calloc(1, len);

    put(data, len);
    expect_content(len - 1, data, len);
    expect_content(len - 2, data, len - 1);
    expect_content(3, data, 4);
    free(data);
}

Test(files, standard_input_is_read)
{
    char *got = NULL;
    size_t len = 0;
    int fds[2];

    cr_assert_eq(pipe(fds), 0);
    dup2(fds[0], STDIN_FILENO);
    cr_assert_eq(write(fds[1], "one ", 4), 4);
    cr_assert_eq(write(fds[1], "two", 3), 3);
    close(fds[1]);
    cr_expect_eq(files_read("-", 100, &got, &len), 0);
    cr_expect(len == 7 && !memcmp(got, "one two", 7));
    cr_expect(fcntl(STDIN_FILENO, F_GETFD) >= 0, "it was closed");
    free(got);
}

Test(files, a_missing_file_and_a_directory_are_errors)
{
    char *got = NULL;
    size_t len = 0;

    errno = 0;
    cr_expect_eq(files_read("missing", 100, &got, &len), -1);
    cr_expect_eq(errno, ENOENT);
    cr_expect_eq(files_read(".", 100, &got, &len), -1);
    cr_expect_eq(errno, EISDIR);
    cr_expect(got == NULL);
}

Test(files, a_file_is_replaced_not_overwritten)
{
    char text[8] = "";
    int fd;

    put("old", 3);
    fd = open("f", O_RDONLY);
    put("newer", 5);
    cr_expect_eq(read(fd, text, sizeof(text)), 3);
    cr_expect_str_eq(text, "old");
    expect_content(100, "newer", 5);
    close(fd);
}

Test(files, a_trial_leaves_all_as_it_was)
{
    cr_expect_eq(files_can_replace("f"), 0);
    cr_expect(access("f", F_OK) != 0);
    put("old", 3);
    cr_expect_eq(files_can_replace("f"), 0);
    expect_content(100, "old", 3);
}

Test(files, a_trial_tells_what_will_fail)
{
    cr_assert_eq(mkdir("d", 0700), 0);
    errno = 0;
    cr_expect_eq(files_can_replace("d"), -1);
    cr_expect_eq(errno, EISDIR);
    errno = 0;
    cr_expect_eq(files_can_replace("missing/f"), -1);
    cr_expect_eq(errno, ENOENT);
}

Test(files, a_replacement_that_fails_leaves_nothing_behind)
{
    cr_assert_eq(mkdir("d", 0700), 0);
    errno = 0;
    cr_expect_eq(files_replace("d", "x", 1), -1);
    cr_expect_eq(errno, EISDIR);
    errno = 0;
    cr_expect_eq(files_replace("missing/f", "x", 1), -1);
    cr_expect_eq(errno, ENOENT);
}
