#include "bounds.h"

#include <stdlib.h>
#include <sys/resource.h>
#include <criterion/criterion.h>

static unsigned connections(unsigned asked, rlim_t files, unsigned threads,
                            char **why)
{
    struct rlimit limit;
    struct bounds bounds;

    *why = NULL;
    bounds_init(&bounds);
    bounds.max_connections = asked;
    cr_assert_eq(getrlimit(RLIMIT_NOFILE, &limit), 0);
    limit.rlim_cur = files;
    cr_assert_eq(setrlimit(RLIMIT_NOFILE, &limit), 0);
    return bounds_connections(&bounds, threads, why);
}

Test(bounds, the_limit_of_files_allows_so_many, .timeout = 10)
{
    char *why;

    cr_expect_eq(connections(0, 1024, 2, &why), 1024 - 40);
    cr_expect_eq(connections(0, 200, 8, &why), 200 - 64);
    cr_expect_null(why);
}

Test(bounds, of_few_files_half_are_kept, .timeout = 10)
{
    char *why;

    cr_expect_eq(connections(0, 64, 2, &why), 32);
    cr_expect_eq(connections(0, 81, 2, &why), 41);
}

Test(bounds, what_is_asked_for_is_taken_if_it_is_allowed, .timeout = 10)
{
    char *why;

    cr_expect_eq(connections(984, 1024, 2, &why), 984);
    cr_expect_eq(connections(1, 1024, 2, &why), 1);
    cr_expect_null(why);
    cr_expect_eq(connections(985, 1024, 2, &why), 0);
    cr_expect_str_eq(why, "--max-connections 985: the limit of open files, "
                          "1024, allows 984 connections");
    free(why);
}
