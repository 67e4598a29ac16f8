#include "suite_options.h"

#include <stdlib.h>
#include <string.h>
#include <criterion/criterion.h>
#include <criterion/redirect.h>

#include "bytes.h"

static const char *const variables[] = {
    "LIVEDETECT_TARGET",    "LIVEDETECT_APPID",      "LIVEDETECT_BUCKET",
    "LIVEDETECT_SECRET_ID", "LIVEDETECT_SECRET_KEY", "LIVEDETECT_ADMIN_TOKEN",
};

static void clear_environment(void)
{
    for (size_t i = 0; i < sizeof(variables) / sizeof(variables[0]); i++)
        unsetenv(variables[i]);
}

TestSuite(suite_options, .init = clear_environment, .timeout = 10);

/* A command line of up to so many words. */
struct line {
    char *text; /* which the words are in */
    char *argv[16];
    int argc;
};

/* The words between blanks, after the name of the program; `~` stands for an
 * empty one. */
static struct line split(const char *words)
{
    struct line line = {.text = format("conformance %s", words)};
    char *rest = line.text, *word;

    while ((word = strsep(&rest, " "))) {
        cr_assert(line.argc < 15);
        if (*word)
            line.argv[line.argc++] = strcmp(word, "~") == 0 ? word + 1 : word;
    }
    return line;
}

struct parsed {
    struct line line;
    struct suite_options o;
};

static struct parsed parsed(const char *words)
{
    struct parsed p = {.line = split(words)};
    char *why = NULL;

    cr_assert_eq(suite_options_parse(&p.o, p.line.argc, p.line.argv, &why),
                 SUITE_OPTIONS_OK, "%s: %s", words, why);
    return p;
}

static void release(struct parsed *p)
{
    suite_options_release(&p->o);
    free(p->line.text);
}

static void expect_bad(const char *words, const char *expected)
{
    struct line line = split(words);
    struct suite_options o;
    char *why = NULL;

    cr_expect_eq(suite_options_parse(&o, line.argc, line.argv, &why),
                 SUITE_OPTIONS_BAD, "%s", words);
    cr_assert(why != NULL, "%s", words);
    cr_expect_str_eq(why, expected);
    free(why);
    suite_options_release(&o);
    free(line.text);
}

static void expect_text(const char *got, const char *expected)
{
    cr_assert(got != NULL, "nothing, not %s", expected);
    cr_expect_str_eq(got, expected);
}

/* What Criterion is to see, with blanks between. */
static void expect_theirs(const char *words, const char *expected)
{
    struct parsed p = parsed(words);
    struct bytes text = {0};

    for (int i = 0; i < p.o.argc; i++)
        bytes_format(&text, "%s%s", i ? " " : "", p.o.argv[i]);
    cr_expect_str_eq(text.data, expected);
    cr_expect(p.o.argv[p.o.argc] == NULL);
    bytes_release(&text);
    release(&p);
}

Test(suite_options, without_any_a_private_mock_is_tested)
{
    struct parsed p = parsed("");

    expect_text(p.o.target, "mock");
    expect_text(p.o.cases_dir, "conformance/cases");
    expect_text(p.o.suite, "service");
    cr_expect_eq(p.o.config.max_body, 6291456);
    cr_expect_eq(p.o.config.timeout_ms, 10000);
    cr_expect(!p.o.list && !p.o.help && !p.o.no_admin && !p.o.secret_id);
    cr_expect(!p.o.config.strict && !p.o.config.client);
    cr_expect_eq(json_array_size(p.o.config.mock_options), 0);
    release(&p);
}

Test(suite_options, each_option_goes_where_it_belongs)
{
    struct parsed p =
        parsed("--target http://h:1 --connect-to c:2 --ca-file ca --insecure "
               "--admin-token t --no-admin --mock m");

    expect_text(p.o.target, "http://h:1");
    expect_text(p.o.config.connect_to, "c:2");
    expect_text(p.o.config.ca_file, "ca");
    expect_text(p.o.config.admin_token, "t");
    expect_text(p.o.config.mock_program, "m");
    cr_expect(p.o.config.insecure && p.o.no_admin);
    release(&p);
    p = parsed("--appid 1 --bucket b --secret-id i --secret-key k "
               "--accounts a --cases c --known-failing f");
    expect_text(p.o.appid, "1");
    expect_text(p.o.bucket, "b");
    expect_text(p.o.secret_id, "i");
    expect_text(p.o.secret_key, "k");
    expect_text(p.o.accounts, "a");
    expect_text(p.o.cases_dir, "c");
    expect_text(p.o.known_failing, "f");
    release(&p);
    p = parsed("--video v --card c --image i --max-body 4096 --patience 60000 "
               "--record r --diff d");
    expect_text(p.o.config.media[MEDIA_VIDEO], "v");
    expect_text(p.o.config.media[MEDIA_CARD], "c");
    expect_text(p.o.config.media[MEDIA_IMAGE], "i");
    cr_expect_eq(p.o.config.max_body, 4096);
    cr_expect_eq(p.o.config.timeout_ms, 60000);
    expect_text(p.o.record, "r");
    expect_text(p.o.diff, "d");
    release(&p);
    p = parsed("--strict --strict-skips --trace --list");
    cr_expect(p.o.config.strict && p.o.config.strict_skips);
    cr_expect(p.o.config.trace && p.o.list);
    release(&p);
}

Test(suite_options, a_value_may_follow_an_equals_sign)
{
    struct parsed p = parsed("--cases=a=b --mock-option=--x=1");

    expect_text(p.o.cases_dir, "a=b");
    expect_text(json_string_value(json_array_get(p.o.config.mock_options, 0)),
                "--x=1");
    release(&p);
}

Test(suite_options, of_an_option_given_twice_the_last_counts)
{
    struct parsed p = parsed("--cases a --cases b");

    expect_text(p.o.cases_dir, "b");
    release(&p);
}

Test(suite_options, options_of_the_mock_add_up)
{
    struct parsed p = parsed("--mock-option --a --mock-option 1");

    cr_assert_eq(json_array_size(p.o.config.mock_options), 2);
    expect_text(json_string_value(json_array_get(p.o.config.mock_options, 1)),
                "1");
    release(&p);
}

Test(suite_options, reports_add_up)
{
    struct parsed p = parsed("--report json=a --report junit=b");

    expect_text(p.o.reports.path[REPORT_JSON], "a");
    expect_text(p.o.reports.path[REPORT_JUNIT], "b");
    release(&p);
}

Test(suite_options, a_report_of_no_known_format_is_told)
{
    struct line line = split("--report yaml=a");
    struct suite_options o;
    char *why = NULL;

    cr_expect_eq(suite_options_parse(&o, line.argc, line.argv, &why),
                 SUITE_OPTIONS_BAD);
    cr_expect(why && strstr(why, "yaml"), "%s", why);
    free(why);
    suite_options_release(&o);
    free(line.text);
}

Test(suite_options, what_is_not_given_comes_from_the_environment)
{
    struct parsed p;

    setenv("LIVEDETECT_TARGET", "https://h", 1);
    setenv("LIVEDETECT_APPID", "1", 1);
    setenv("LIVEDETECT_BUCKET", "", 1);
    setenv("LIVEDETECT_SECRET_ID", "i", 1);
    setenv("LIVEDETECT_SECRET_KEY", "k", 1);
    setenv("LIVEDETECT_ADMIN_TOKEN", "t", 1);
    p = parsed("--secret-id other");
    expect_text(p.o.target, "https://h");
    expect_text(p.o.appid, "1");
    cr_expect(p.o.bucket == NULL);
    expect_text(p.o.secret_id, "other");
    expect_text(p.o.secret_key, "k");
    expect_text(p.o.config.admin_token, "t");
    release(&p);
}

Test(suite_options, a_bad_variable_is_told_unless_its_option_is_given)
{
    struct parsed p;

    setenv("LIVEDETECT_TARGET", "h", 1);
    expect_bad("", "LIVEDETECT_TARGET is \"h\", expected mock, or a URL "
                   "http(s)://HOST[:PORT]");
    p = parsed("--target mock");
    expect_text(p.o.target, "mock");
    release(&p);
    p = parsed("--help");
    cr_expect(p.o.help);
    release(&p);
}

Test(suite_options, a_target_is_the_mock_or_the_url_of_a_host)
{
    static const char *const bad[] = {
        "~",         "h",          "ftp://h",    "http://",
        "http://:1", "http://h/",  "http://h/a", "http://u@h",
        "http://h?", "https://h#", "Http://h",
    };
    struct parsed p = parsed("--target http://[::1]:80");

    release(&p);
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        char *words = format("--target %s", bad[i]);
        char *why = format("--target is \"%s\", expected mock, or a URL "
                           "http(s)://HOST[:PORT]",
                           strcmp(bad[i], "~") == 0 ? "" : bad[i]);

        expect_bad(words, why);
        free(words);
        free(why);
    }
}

Test(suite_options, a_value_out_of_bounds_is_told)
{
    expect_bad("--max-body 4095", "--max-body is \"4095\", expected a number "
                                  "of bytes, at least 4096");
    expect_bad("--max-body 5000x", "--max-body is \"5000x\", expected a number "
                                   "of bytes, at least 4096");
    expect_bad("--patience 0", "--patience is \"0\", expected milliseconds "
                               "from 1 to 60000");
    expect_bad("--patience 60001", "--patience is \"60001\", expected "
                                   "milliseconds from 1 to 60000");
    expect_bad("--suite servers", "--suite is \"servers\", expected service, "
                                  "client or both");
    expect_bad("--target http://h --connect-to h",
               "--connect-to is \"h\", expected HOST:PORT");
    expect_bad("--target http://h --connect-to :80",
               "--connect-to is \":80\", expected HOST:PORT");
    expect_bad("--target http://h --connect-to h:x",
               "--connect-to is \"h:x\", expected HOST:PORT");
    expect_bad("--cases ~", "--cases is \"\", expected a directory");
}

Test(suite_options, no_secret_is_told)
{
    expect_bad("--secret-key ~", "--secret-key is \"(masked)\", expected a "
                                 "key");
    expect_bad("--admin-token ~", "--admin-token is \"(masked)\", expected a "
                                  "token");
}

Test(suite_options, an_unknown_one_is_told)
{
    expect_bad("--nonsense", "unknown option --nonsense; --help lists them");
    expect_bad("--filters a", "unknown option --filters; --help lists them");
    expect_bad("-x", "unknown option -x; --help lists them");
    expect_bad("word", "unknown option word; --help lists them");
}

Test(suite_options, a_value_too_few_or_too_many_is_told)
{
    expect_bad("--cases", "--cases needs a value, a directory");
    expect_bad("--strict=yes", "--strict takes no value");
    expect_bad("--filter", "--filter needs a value");
    expect_bad("-j", "-j needs a value");
}

Test(suite_options, the_suite_follows_from_the_client)
{
    struct parsed p = parsed("--client ./c");

    expect_text(p.o.suite, "client");
    expect_text(p.o.config.client, "./c");
    release(&p);
    p = parsed("--client ./c --suite both");
    expect_text(p.o.suite, "both");
    release(&p);
}

Test(suite_options, options_that_need_others_are_told)
{
    expect_bad("--suite client", "--suite client needs --client COMMAND");
    expect_bad("--validate-protocol",
               "--validate-protocol needs --client COMMAND");
    expect_bad("--connect-to h:1", "--connect-to needs --target URL");
    expect_bad("--no-admin", "--no-admin needs --target URL");
    expect_bad("--record d --diff d",
               "--record and --diff name the same directory");
}

Test(suite_options, an_account_is_given_whole)
{
    static const char *const parts[] = {"--appid 1", "--secret-id i",
                                        "--secret-key k", "--bucket b",
                                        "--appid 1 --secret-id i"};

    for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++)
        expect_bad(parts[i], "an account needs --appid, --secret-id and "
                             "--secret-key, or the variables of the "
                             "environment for them");
}

Test(suite_options, client_cases_are_listed_without_a_client)
{
    struct parsed p = parsed("--list --suite client");

    expect_text(p.o.suite, "client");
    release(&p);
}

Test(suite_options, short_ones_list_and_help)
{
    struct parsed p = parsed("-l");

    cr_expect(p.o.list && !p.o.help);
    release(&p);
    p = parsed("-h");
    cr_expect(p.o.help && !p.o.list);
    release(&p);
}

Test(suite_options, criterion_s_go_to_it_and_ours_do_not)
{
    expect_theirs("--cases c -j4 --filter a/* --strict --tap=x -j 2 --verbose",
                  "conformance -j4 --filter a/* --tap=x -j 2 --verbose");
    expect_theirs("", "conformance");
    expect_theirs("--timeout=3 --timeout 4 -f -q",
                  "conformance --timeout=3 --timeout 4 -f -q");
}

Test(suite_options, a_filter_is_ours_too)
{
    struct parsed p = parsed("--filter a=b");

    expect_text(p.o.filter, "a=b");
    release(&p);
    p = parsed("--filter=a=b --filter=c");
    expect_text(p.o.filter, "c");
    release(&p);
}

Test(suite_options, help_names_every_option_and_variable,
     .init = cr_redirect_stdout)
{
    char text[16384] = "";
    FILE *out = cr_get_redirected_stdout();
    size_t n;

    suite_options_help();
    fflush(stdout);
    fclose(stdout);
    n = fread(text, 1, sizeof(text) - 1, out);
    text[n] = '\0';
    cr_expect(strstr(text, "--target mock|URL"));
    cr_expect(strstr(text, "--known-failing FILE"));
    cr_expect(strstr(text, "--strict-skips "));
    cr_expect(strstr(text, "LIVEDETECT_SECRET_KEY    --secret-key"));
    cr_expect(strstr(text, "Exit status: 0; 1 "));
}
