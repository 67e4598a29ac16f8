#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include <criterion/criterion.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include "commands.h"

#define ORIGINAL "a=1000001&k=AKIDdemo1000001&e=1500000100&t=1500000000"

enum { MAX_WORDS = 8 };

/* What the command printed on stdout and stderr. */
static char printed[16384];

static const char *good_signature(void)
{
    static unsigned char value[512];
    static unsigned char bytes[256];
    const char *key = "demo-key-of-1000001";
    unsigned n = 0;

    HMAC(EVP_sha1(), key, (int)strlen(key), (const unsigned char *)ORIGINAL,
         strlen(ORIGINAL), bytes, &n);
    memcpy(bytes + n, ORIGINAL, strlen(ORIGINAL));
    EVP_EncodeBlock(value, bytes, (int)(n + strlen(ORIGINAL)));
    return (const char *)value;
}

/* Puts a file of these bytes, already unlinked, in the place of a stream. */
static FILE *replace_stream(int fd, const char *bytes, size_t len)
{
    FILE *file = tmpfile();

    cr_assert(file != NULL);
    cr_assert_eq(fwrite(bytes, 1, len, file), len);
    rewind(file);
    cr_assert(dup2(fileno(file), fd) >= 0);
    return file;
}

/* Runs `explain` with these words; the list ends with NULL. */
static int explain_with(const char *input, size_t len, const char *const *given)
{
    char words[MAX_WORDS][1024] = {"explain"};
    char *argv[MAX_WORDS + 1] = {words[0]};
    int out = dup(STDOUT_FILENO), err = dup(STDERR_FILENO);
    FILE *stdin_file, *output;
    int argc = 1;
    int status;
    size_t n;

    for (; given[argc - 1]; argc++) {
        cr_assert(argc < MAX_WORDS);
        snprintf(words[argc], sizeof(words[0]), "%s", given[argc - 1]);
        argv[argc] = words[argc];
    }
    fflush(NULL);
    stdin_file = replace_stream(STDIN_FILENO, input, len);
    output = replace_stream(STDOUT_FILENO, "", 0);
    dup2(STDOUT_FILENO, STDERR_FILENO);
    status = command_explain.run(argc, argv);
    fflush(NULL);
    dup2(out, STDOUT_FILENO);
    dup2(err, STDERR_FILENO);
    rewind(output);
    n = fread(printed, 1, sizeof(printed) - 1, output);
    printed[n] = '\0';
    fclose(output);
    fclose(stdin_file);
    return status;
}

#define EXPLAIN(...) explain_with("", 0, (const char *[]){__VA_ARGS__, NULL})
#define EXPLAIN_INPUT(input, len)                                              \
    explain_with(input, len, (const char *[]){"--now", "1500000050", "-", NULL})

static void expect_printed(const char *part)
{
    cr_expect(strstr(printed, part) != NULL, "\"%s\" is not in: %s", part,
              printed);
}

Test(cmd_explain, a_good_signature_exits_0, .timeout = 10)
{
    cr_expect_eq(EXPLAIN("--now", "1500000050", good_signature()), 0);
    expect_printed("code 0: OK\nmistake: none\n");
}

Test(cmd_explain, a_refused_one_exits_1, .timeout = 10)
{
    cr_expect_eq(EXPLAIN("--now", "1500000101", good_signature()), 1);
    expect_printed("code 9: ");
    cr_expect_eq(EXPLAIN("nonsense"), 1);
    cr_expect_eq(EXPLAIN(""), 1);
    expect_printed("code 4: ");
}

Test(cmd_explain, the_systems_time_is_the_default, .timeout = 10)
{
    cr_expect_eq(EXPLAIN(good_signature()), 1);
    expect_printed("code 9: ");
}

Test(cmd_explain, json_is_one_line, .timeout = 10)
{
    cr_expect_eq(
        EXPLAIN("--format", "json", "--now", "1500000050", good_signature()),
        0);
    cr_expect_eq(strncmp(printed, "{\"code\":0,", 10), 0, "%s", printed);
    cr_expect_eq(strchr(printed, '\n'), printed + strlen(printed) - 1);
}

Test(cmd_explain, a_dash_reads_stdin_without_the_end_of_its_line, .timeout = 10)
{
    char line[1024];

    snprintf(line, sizeof(line), "%s\n", good_signature());
    cr_expect_eq(EXPLAIN_INPUT(line, strlen(line)), 0, "%s", printed);
}

Test(cmd_explain, a_dash_takes_crlf_too, .timeout = 10)
{
    char line[1024];

    snprintf(line, sizeof(line), "%s\r\n", good_signature());
    cr_expect_eq(EXPLAIN_INPUT(line, strlen(line)), 0, "%s", printed);
}

Test(cmd_explain, a_line_may_lack_its_end, .timeout = 10)
{
    cr_expect_eq(EXPLAIN_INPUT(good_signature(), strlen(good_signature())), 0,
                 "%s", printed);
}

Test(cmd_explain, a_second_newline_is_the_signatures_own, .timeout = 10)
{
    char line[1024];

    snprintf(line, sizeof(line), "%s\n\n", good_signature());
    cr_expect_eq(EXPLAIN_INPUT(line, strlen(line)), 1);
    expect_printed("mistake: trailing-newline\n");
}

Test(cmd_explain, a_nul_on_stdin_exits_2, .timeout = 10)
{
    cr_expect_eq(EXPLAIN_INPUT("ab\0c", 4), 2);
    cr_expect_str_eq(printed, "mockserver: stdin: has a NUL byte\n");
}

Test(cmd_explain, too_much_on_stdin_exits_2, .timeout = 10)
{
    static char much[300 * 1024];

    memset(much, 'A', sizeof(much));
    cr_expect_eq(EXPLAIN_INPUT(much, sizeof(much)), 2);
    cr_expect_str_eq(printed, "mockserver: stdin: is too long\n");
}

Test(cmd_explain, one_argument_is_needed, .timeout = 10)
{
    cr_expect_eq(EXPLAIN("--now", "5"), 2);
    cr_expect_str_eq(printed, "mockserver: SIGNATURE is missing; see "
                              "mockserver explain --help\n");
    cr_expect_eq(EXPLAIN("one", "two"), 2);
    cr_expect_str_eq(printed, "mockserver: unexpected argument \"two\"; see "
                              "mockserver explain --help\n");
}

Test(cmd_explain, after_two_dashes_a_value_may_begin_with_one, .timeout = 10)
{
    cr_expect_eq(EXPLAIN("--", "-abc"), 1);
    expect_printed("code 5: ");
}

Test(cmd_explain, one_dash_without_them_is_told_where_to_go, .timeout = 10)
{
    static const char said[] =
        "mockserver: a SIGNATURE that begins with - comes after --, or on "
        "stdin with -\n";

    cr_expect_eq(EXPLAIN("-abc"), 2);
    cr_expect_str_eq(printed, said);
    cr_expect_eq(EXPLAIN("-habc"), 2);
    cr_expect_str_eq(printed, said);
    cr_expect_eq(EXPLAIN("--abc"), 2);
    expect_printed("unknown option \"--abc\"");
}

Test(cmd_explain, bad_options_exit_2, .timeout = 10)
{
    cr_expect_eq(EXPLAIN("--format", "xml", "x"), 2);
    cr_expect_str_eq(printed,
                     "mockserver: --format: \"xml\" is not text or json\n");
    cr_expect_eq(EXPLAIN("--now", "soon", "x"), 2);
    cr_expect_eq(EXPLAIN("--accounts", "/nowhere", "x"), 2);
    expect_printed("/nowhere");
}

Test(cmd_explain, an_accounts_file_has_the_keys, .timeout = 10)
{
    static const char json[] =
        "{\"accounts\":[{\"appid\":\"1000001\",\"keys\":[{\"secret_id\":"
        "\"AKIDdemo1000001\",\"secret_key\":\"hush-hush\"}]}]}";
    char path[] = "/tmp/test_cmd_explain.XXXXXX";
    int fd = mkstemp(path);
    int status;

    cr_assert(fd >= 0);
    cr_assert_eq(write(fd, json, strlen(json)), (ssize_t)strlen(json));
    close(fd);
    status =
        EXPLAIN("--accounts", path, "--now", "1500000050", good_signature());
    unlink(path);
    cr_expect_eq(status, 1);
    expect_printed("code 14: ");
    cr_expect(strstr(printed, "hush") == NULL, "%s", printed);
}
