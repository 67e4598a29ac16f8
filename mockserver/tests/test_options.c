#include "options.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include <criterion/criterion.h>
#include "commands.h"
#include "support.h"

static struct serve_options options;

/* Runs `parse` with stderr or stdout caught in `text`. */
static char text[8192];
static int rest;

static void catch_fd(int fd, int fds[2], int *saved)
{
    fflush(stdout);
    fflush(stderr);
    *saved = dup(fd);
    cr_assert_eq(pipe(fds), 0);
    dup2(fds[1], fd);
    close(fds[1]);
}

static void release_fd(int fd, const int fds[2], int saved)
{
    ssize_t n;

    fflush(stdout);
    fflush(stderr);
    dup2(saved, fd);
    close(saved);
    n = read(fds[0], text, sizeof(text) - 1);
    close(fds[0]);
    cr_assert(n >= 0);
    text[n] = '\0';
}

/* Parses up to three words after the program's name. */
static enum options_result parse(const char *a, const char *b, const char *c)
{
    char words[4][2200] = {"mockserver"};
    const char *given[] = {a, b, c};
    char *argv[5] = {words[0]};
    enum options_result result;
    int argc = 1;
    int fds[2], saved;

    for (int i = 0; i < 3 && given[i]; i++) {
        snprintf(words[argc], sizeof(words[0]), "%s", given[i]);
        argv[argc] = words[argc];
        argc++;
    }
    serve_options_init(&options);
    rest = -1;
    catch_fd(STDERR_FILENO, fds, &saved);
    result = options_parse(&serve_option_table, &options, argc, argv, &rest);
    release_fd(STDERR_FILENO, fds, saved);
    return result;
}

static void expect_ok(const char *a, const char *b)
{
    cr_assert_eq(parse(a, b, NULL), OPTIONS_OK, "%s %s: %s", a, b ? b : "",
                 text);
    cr_expect_str_eq(text, "");
}

static void expect_bad(const char *a, const char *b, const char *message)
{
    cr_expect_eq(parse(a, b, NULL), OPTIONS_BAD, "%s %s was accepted", a,
                 b ? b : "");
    cr_expect_str_eq(text, message, "%s", text);
}

Test(options, defaults_are_those_of_the_documentation, .timeout = 10)
{
    cr_assert_eq(parse(NULL, NULL, NULL), OPTIONS_OK);
    cr_expect_eq(options.mock.port, 8080);
    cr_expect_str_eq(options.mock.bind, "127.0.0.1");
    cr_expect_eq(options.port_file, NULL);
    cr_expect_eq(options.mock.accounts, NULL);
    cr_expect_eq(options.mock.threads, 0);
    cr_expect_eq(options.mock.seed, 1);
    cr_expect_eq(options.mock.log_level, LOG_WARN);
    cr_expect_eq(options.mock.settings.max_body, 6291456);
    cr_expect_eq(options.mock.settings.sim, 90);
    cr_expect_eq(options.mock.settings.score, 95);
    cr_expect(options.mock.settings.request_triggers);
    cr_expect_not(options.mock.settings.mapped_status);
    cr_expect_not(options.mock.settings.has_fault);
    cr_expect_eq(options.mock.settings.language, LANGUAGE_EN);
    cr_expect_eq(options.mock.settings.url_root, NULL);
}

Test(options, numbers_are_set, .timeout = 10)
{
    expect_ok("--port", "0");
    cr_expect_eq(options.mock.port, 0);
    expect_ok("--port=65535", NULL);
    cr_expect_eq(options.mock.port, 65535);
    expect_ok("--threads", "64");
    cr_expect_eq(options.mock.threads, 64);
    expect_ok("--seed", "18446744073709551615");
    cr_expect_eq(options.mock.seed, UINT64_MAX);
    expect_ok("--max-body", "1");
    cr_expect_eq(options.mock.settings.max_body, 1);
    expect_ok("--sim", "100");
    cr_expect_eq(options.mock.settings.sim, 100);
    expect_ok("--score", "0");
    cr_expect_eq(options.mock.settings.score, 0);
}

Test(options, strings_and_words_are_set, .timeout = 10)
{
    expect_ok("--bind", "::1");
    cr_expect_str_eq(options.mock.bind, "::1");
    expect_ok("--no-request-triggers", NULL);
    cr_expect_not(options.mock.settings.request_triggers);
    expect_ok("--http-status", "mapped");
    cr_expect(options.mock.settings.mapped_status);
    expect_ok("--http-status", "200");
    cr_expect_not(options.mock.settings.mapped_status);
    expect_ok("--messages", "zh");
    cr_expect_eq(options.mock.settings.language, LANGUAGE_ZH);
    expect_ok("--messages", "en");
    cr_expect_eq(options.mock.settings.language, LANGUAGE_EN);
    expect_ok("--log-level", "debug");
    cr_expect_eq(options.mock.log_level, LOG_DEBUG);
    expect_ok("--url-root", "/tmp");
    cr_expect(options.mock.settings.url_root != NULL);
}

Test(options, a_fault_is_parsed, .timeout = 10)
{
    expect_ok("--fault", "-5007,delay=3");
    cr_expect(options.mock.settings.has_fault);
    cr_expect_eq(options.mock.settings.fault.code, -5007);
    cr_expect_eq(options.mock.settings.fault.delay_ms, 3);
}

Test(options, several_options_are_all_taken, .timeout = 10)
{
    cr_assert_eq(parse("--port=1", "--sim=2", "--score=3"), OPTIONS_OK);
    cr_expect_eq(options.mock.port, 1);
    cr_expect_eq(options.mock.settings.sim, 2);
    cr_expect_eq(options.mock.settings.score, 3);
    cr_expect_eq(rest, 4);
}

Test(options, numbers_out_of_range_are_refused, .timeout = 10)
{
    expect_bad("--port", "65536",
               "mockserver: --port: \"65536\" is not a port from 0 to "
               "65535\n");
    expect_bad("--port", "-1",
               "mockserver: --port: \"-1\" is not a port from 0 to 65535\n");
    expect_bad("--port", "80x",
               "mockserver: --port: \"80x\" is not a port from 0 to 65535\n");
    expect_bad("--port", "",
               "mockserver: --port: \"\" is not a port from 0 to 65535\n");
    expect_bad("--threads", "0",
               "mockserver: --threads: \"0\" is not a number from 1 to 64\n");
    expect_bad("--threads", "65",
               "mockserver: --threads: \"65\" is not a number from 1 to 64\n");
    expect_bad("--sim", "101",
               "mockserver: --sim: \"101\" is not a number from 0 to 100\n");
    expect_bad("--score", "101",
               "mockserver: --score: \"101\" is not a number from 0 to 100\n");
    expect_bad("--max-body", "0",
               "mockserver: --max-body: \"0\" is not a number of bytes from 1 "
               "to 1073741824\n");
    expect_bad("--max-connections", "0",
               "mockserver: --max-connections: \"0\" is not a number from 1 to "
               "16384\n");
    expect_bad(
        "--max-connections", "16385",
        "mockserver: --max-connections: \"16385\" is not a number from 1 "
        "to 16384\n");
    expect_bad("--connection-timeout", "3601",
               "mockserver: --connection-timeout: \"3601\" is not a number of "
               "seconds from 1 to 3600\n");
    expect_bad(
        "--receive-timeout", "0",
        "mockserver: --receive-timeout: \"0\" is not a number of seconds "
        "from 1 to 86400\n");
    expect_bad("--connection-memory", "8191",
               "mockserver: --connection-memory: \"8191\" is not a number of "
               "bytes from 8192 to 16777216\n");
    expect_bad("--max-drain", "17179869185",
               "mockserver: --max-drain: \"17179869185\" is not a number of "
               "bytes from 0 to 17179869184\n");
    expect_bad("--seed", "18446744073709551616",
               "mockserver: --seed: \"18446744073709551616\" is not a number "
               "from 0 to 18446744073709551615\n");
}

Test(options, words_that_mean_nothing_are_refused, .timeout = 10)
{
    expect_bad("--http-status", "Mapped",
               "mockserver: --http-status: \"Mapped\" is not 200 or mapped\n");
    expect_bad("--messages", "fr",
               "mockserver: --messages: \"fr\" is not en or zh\n");
    expect_bad("--log-level", "loud",
               "mockserver: --log-level: \"loud\" is not error, warn, info or "
               "debug\n");
    expect_bad("--accounts", "",
               "mockserver: --accounts: \"\" is not a path\n");
    expect_bad("--port-file", "",
               "mockserver: --port-file: \"\" is not a path\n");
    expect_bad("--url-root", "/dev/null",
               "mockserver: --url-root: \"/dev/null\" is not a directory\n");
}

Test(options, a_bad_fault_says_why, .timeout = 10)
{
    expect_bad("--fault", "9999",
               "mockserver: --fault: fault spec \"9999\": code 9999 is in no "
               "table; write unlisted=9999\n");
}

Test(options, what_a_user_typed_is_shown_without_control_bytes, .timeout = 10)
{
    expect_bad("--port", "8\n\x1b[0m",
               "mockserver: --port: \"8\\n?[0m\" is not a port from 0 to "
               "65535\n");
}

Test(options, an_unknown_option_is_named, .timeout = 10)
{
    expect_bad("--prot", "80",
               "mockserver: unknown option \"--prot\"; see mockserver "
               "--help\n");
    expect_bad("--prot=80", NULL,
               "mockserver: unknown option \"--prot=80\"; see mockserver "
               "--help\n");
    expect_bad("-p", "80",
               "mockserver: unknown option \"-p\"; see mockserver --help\n");
    expect_bad("-p80", NULL,
               "mockserver: unknown option \"-p80\"; see mockserver --help\n");
}

Test(options, an_unknown_option_after_a_good_one_is_named, .timeout = 10)
{
    cr_expect_eq(parse("--port=1", "-xyz", NULL), OPTIONS_BAD);
    cr_expect_str_eq(
        text, "mockserver: unknown option \"-xyz\"; see mockserver --help\n",
        "%s", text);
}

Test(options, a_missing_value_is_told, .timeout = 10)
{
    expect_bad("--port", NULL,
               "mockserver: --port needs a value; see mockserver --help\n");
}

Test(options, help_is_asked_for_in_two_ways, .timeout = 10)
{
    cr_expect_eq(parse("--help", NULL, NULL), OPTIONS_HELP);
    cr_expect_eq(parse("-h", NULL, NULL), OPTIONS_HELP);
    cr_expect_eq(parse("--port=1", "--help", "--nonsense"), OPTIONS_HELP);
}

Test(options, parsing_stops_at_the_first_argument, .timeout = 10)
{
    cr_expect_eq(parse("--port=1", "word", "--nonsense"), OPTIONS_OK);
    cr_expect_eq(rest, 2);
    cr_expect_eq(parse("--", "--nonsense", NULL), OPTIONS_OK);
    cr_expect_eq(rest, 2);
}

Test(options, number_takes_a_whole_decimal_within_bounds, .timeout = 10)
{
    uint64_t n = 7;

    cr_expect(options_number("5", 5, 9, &n) && n == 5);
    cr_expect(options_number("9", 5, 9, &n) && n == 9);
    cr_expect(options_number("005", 5, 9, &n) && n == 5);
    n = 7;
    cr_expect_not(options_number("4", 5, 9, &n));
    cr_expect_not(options_number("10", 5, 9, &n));
    cr_expect_not(options_number("", 0, 9, &n));
    cr_expect_not(options_number("+5", 0, 9, &n));
    cr_expect_not(options_number(" 5", 0, 9, &n));
    cr_expect_not(options_number("5 ", 0, 9, &n));
    cr_expect_not(options_number("0x5", 0, 9, &n));
    cr_expect_eq(n, 7);
}

static void print(void)
{
    int fds[2], saved;

    catch_fd(STDOUT_FILENO, fds, &saved);
    options_print(&serve_option_table);
    release_fd(STDOUT_FILENO, fds, saved);
}

static void expect_in_help(const struct option_row *row)
{
    char start[64];

    snprintf(start, sizeof(start), "  --%s%s%s", row->name,
             row->argument ? " " : "", row->argument ? row->argument : "");
    cr_expect(strstr(text, start) != NULL, "%s is not there", start);
    cr_expect(row->help[0] != '\0', "%s", start);
    cr_expect(!row->argument || row->expected, "%s expects nothing", start);
}

Test(options, every_option_is_in_the_help, .timeout = 10)
{
    const struct option_table *table = &serve_option_table;

    print();
    for (; table; table = table->more) {
        for (size_t i = 0; i < table->n_rows; i++)
            expect_in_help(&table->rows[i]);
    }
    cr_expect(strstr(text, "  --help ") != NULL);
    cr_expect(strstr(text, "  --score N ") != NULL, "of the second table");
}

Test(options, help_is_aligned_and_fits_the_terminal, .timeout = 10)
{
    print();
    for (char *line = text; *line;) {
        size_t len = strcspn(line, "\n");

        cr_expect(len < 80, "%.*s", (int)len, line);
        cr_expect(len <= 28 || (line[27] == ' ' && line[28] != ' ') ||
                      !strncmp(line, "  --", 4),
                  "%.*s", (int)len, line);
        line += len + (line[len] == '\n');
    }
}
