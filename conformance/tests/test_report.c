#include "report.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <criterion/criterion.h>

#include "error_codes.h"
#include "scratch.h"
#include "value.h"

TestSuite(report, .init = scratch_make, .fini = scratch_remove, .timeout = 10);

static json_t *parsed(const char *json)
{
    json_error_t error;
    json_t *value = json_loads(json, 0, &error);

    cr_assert(value != NULL, "%s: %s", json, error.text);
    return value;
}

/* A case of each status. */
static const char one_of_each[] =
    "[{\"id\":\"a\",\"kind\":\"service\",\"requirement\":\"4 digest\","
    "\"title\":\"a title\",\"level\":\"must\",\"provenance\":\"vendor\","
    "\"status\":\"passed\",\"failures\":[],\"exchanges\":[],"
    "\"duration_ms\":5,\"covers\":[{\"endpoint\":\"livegetfour\","
    "\"code\":14}]},"
    "{\"id\":\"b\",\"kind\":\"service\",\"requirement\":\"10 exit\","
    "\"title\":\"b | title\",\"level\":\"must\",\"provenance\":\"assumed\","
    "\"status\":\"failed\",\"failures\":[\"code: expected 3, got 4\",\"two\"],"
    "\"exchanges\":[{\"step\":1,\"request\":{\"head\":\"POST /x\"},"
    "\"reply\":{\"transport\":\"complete\",\"http\":200,\"body\":\"]]>&\"}}],"
    "\"duration_ms\":1500,\"covers\":[{\"endpoint\":\"livegetfour\","
    "\"code\":14},{\"endpoint\":\"livedetectfour\",\"code\":-5007}]},"
    "{\"id\":\"c\",\"kind\":\"client\",\"requirement\":\"8 reset\","
    "\"status\":\"skipped\",\"reason\":\"no admin API\",\"failures\":[],"
    "\"covers\":[{\"endpoint\":\"livegetfour\",\"code\":9}]},"
    "{\"id\":\"d\",\"kind\":\"client\",\"requirement\":\"8 hang\","
    "\"status\":\"informational\",\"reason\":\"assumed\","
    "\"failures\":[\"http: expected 200, got 201\"]},"
    "{\"id\":\"e\",\"kind\":\"client\",\"requirement\":\"8 hang\","
    "\"status\":\"known-failing\",\"reason\":\"known.txt:3\","
    "\"failures\":[\"no\"]},"
    "{\"id\":\"f\",\"kind\":\"client\",\"requirement\":\"8 hang\","
    "\"status\":\"skipped\",\"reason\":\"no admin API\"}]";

static struct run run_of(const char *results)
{
    return (struct run){.version = "0.1.0",
                        .target = "mock",
                        .base_url = "http://127.0.0.1:1",
                        .client = "./client --fast",
                        .started = 1500000000,
                        .duration_ms = 2345,
                        .results = parsed(results)};
}

static char *rendered(void (*report)(const struct run *, struct bytes *),
                      struct run run)
{
    struct bytes out = {0};

    report(&run, &out);
    run_release(&run);
    return out.data;
}

static void expect_has(const char *report, const char *text)
{
    cr_expect(strstr(report, text) != NULL, "no \"%s\" in:\n%s", text, report);
}

static void expect_not(const char *report, const char *text)
{
    cr_expect(strstr(report, text) == NULL, "\"%s\" in:\n%s", text, report);
}

/* --report */

static void expect_error(const char *list, const char *why_not)
{
    struct reports reports = {0};
    char *why = NULL;

    cr_expect_eq(reports_parse(&reports, list, &why), -1, "\"%s\"", list);
    cr_expect_str_eq(why ? why : "nothing", why_not);
    free(why);
    reports_release(&reports);
}

Test(report, formats_are_given_in_any_order)
{
    struct reports reports = {0};
    char *why = NULL;

    cr_assert_eq(reports_parse(&reports, "markdown=a=b,json=-", &why), 0);
    cr_expect_str_eq(reports.path[REPORT_MARKDOWN], "a=b");
    cr_expect_str_eq(reports.path[REPORT_JSON], "-");
    cr_expect(reports.path[REPORT_JUNIT] == NULL);
    cr_expect(reports_use_stdout(&reports));
    reports_release(&reports);
}

Test(report, a_second_option_adds_to_the_first)
{
    struct reports reports = {0};
    char *why = NULL;

    cr_assert_eq(reports_parse(&reports, "json=a", &why), 0);
    cr_assert_eq(reports_parse(&reports, "junit=b", &why), 0);
    cr_expect_str_eq(reports.path[REPORT_JUNIT], "b");
    cr_expect(!reports_use_stdout(&reports));
    cr_expect_eq(reports_parse(&reports, "json=c", &why), -1);
    free(why);
    reports_release(&reports);
}

Test(report, an_unknown_format_is_an_error)
{
    expect_error("json=a,xml=b",
                 "--report: unknown format \"xml\", expected json=FILE, "
                 "junit=FILE, markdown=FILE");
    expect_error("", "--report: unknown format \"\", expected json=FILE, "
                     "junit=FILE, markdown=FILE");
    expect_error("json=a,", "--report: unknown format \"\", expected "
                            "json=FILE, junit=FILE, markdown=FILE");
}

Test(report, a_format_without_a_file_is_an_error)
{
    expect_error("json", "--report: no file for json in \"json\", expected "
                         "json=FILE, junit=FILE, markdown=FILE");
    expect_error("json=,junit=a",
                 "--report: no file for json in \"json=\", expected json=FILE, "
                 "junit=FILE, markdown=FILE");
}

Test(report, a_repeated_format_or_file_is_an_error)
{
    expect_error("json=a,json=b",
                 "--report: json is given twice, expected one file for it");
    expect_error("json=a,junit=a", "--report: two formats go to \"a\", "
                                   "expected a file for each");
}

/* files */

static int write_json(const char *path, char **why)
{
    struct reports reports = {0};
    struct run run = run_of("[]");
    char *list = format("json=%s", path);
    int written;

    cr_assert_eq(reports_parse(&reports, list, why), 0);
    written = reports_write(&reports, &run, why);
    free(list);
    reports_release(&reports);
    run_release(&run);
    return written;
}

Test(report, an_old_file_is_replaced)
{
    char *why = NULL, *text;

    scratch_write("r.json", "old");
    cr_assert_eq(write_json("r.json", &why), 0, "%s", why);
    text = scratch_read("r.json");
    expect_has(text, "\"target\": \"mock\"");
    expect_not(text, "old");
    free(text);
}

Test(report, a_file_that_cannot_be_written_is_named)
{
    char *why = NULL;

    cr_expect_eq(write_json("no/r.json", &why), -1);
    cr_expect_str_eq(why ? why : "nothing",
                     "--report: no/r.json: No such file or directory");
    free(why);
}

Test(report, a_symbolic_link_is_written_through)
{
    char *why = NULL, *text;
    struct stat st;

    scratch_write("there", "old");
    cr_assert_eq(symlink("there", "link"), 0);
    cr_assert_eq(write_json("link", &why), 0, "%s", why);
    text = scratch_read("there");
    expect_has(text, "\"target\"");
    cr_expect(lstat("link", &st) == 0 && S_ISLNK(st.st_mode));
    free(text);
}

/* text */

Test(report, text_ends_with_the_counts)
{
    char *text = rendered(report_text, run_of(one_of_each));

    cr_expect_str_eq(strstr(text, "1 passed"),
                     "1 passed, 1 failed, 4 skipped\n");
    free(text);
}

Test(report, text_names_nothing_skipped_when_nothing_was)
{
    char *text = rendered(report_text, run_of("[{\"status\":\"passed\"}]"));

    cr_expect_str_eq(strstr(text, "1 passed"), "1 passed, 0 failed\n");
    free(text);
}

Test(report, text_has_a_row_a_section)
{
    char *text = rendered(report_text, run_of(one_of_each));

    expect_has(text, "\n4 Signature                  1       0        0");
    expect_has(text, "\n8 Faults                     0       0        2");
    expect_has(text, "\n10 Command line              0       1        0");
    cr_expect(strstr(text, "8 Faults") < strstr(text, "10 Command line"));
    free(text);
}

Test(report, text_tells_why)
{
    char *text = rendered(report_text, run_of(one_of_each));

    expect_has(text, "\nfailed: b: code: expected 3, got 4\n");
    expect_has(text, "\n2 skipped: no admin API\n");
    expect_has(text, "\ninformational: d: http: expected 200, got 201\n");
    expect_has(text, "\n1 known-failing: known.txt:3\n");
    free(text);
}

Test(report, text_has_the_differences)
{
    struct differences d = {.cases = 3};
    struct run run = run_of("[]");
    char *text;

    bytes_text(&d.lines, "a step 1: code: recorded 0, now 3 (code)\n");
    d.n[DIFFERENCE_CODE] = 1;
    run.differences = &d;
    text = rendered(report_text, run);
    expect_has(text, "now 3 (code)\ndifferences from the recording: 1 code; 3 "
                     "cases compared\n0 passed, 0 failed\n");
    differences_release(&d);
    free(text);
}

/* JSON */

Test(report, json_has_facts_counts_and_results)
{
    char *text = rendered(report_json, run_of(one_of_each));
    json_t *report = parsed(text);
    json_t *counts = json_object_get(report, "counts");

    cr_expect_str_eq(value_text(report, "started"), "2017-07-14T02:40:00Z");
    cr_expect_str_eq(value_text(report, "client"), "./client --fast");
    cr_expect(json_is_null(json_object_get(report, "client_name")));
    cr_expect_eq(json_integer_value(json_object_get(counts, "skipped")), 2);
    cr_expect_eq(json_array_size(json_object_get(report, "results")), 6);
    json_decref(report);
    free(text);
}

Test(report, json_has_the_differences_line_by_line)
{
    struct differences d = {0};
    struct run run = run_of("[]");
    json_t *report, *lines;
    char *text;

    bytes_text(&d.lines, "one\xff\ntwo\n");
    run.differences = &d;
    text = rendered(report_json, run);
    report = parsed(text);
    lines = json_object_get(json_object_get(report, "differences"), "lines");
    cr_expect_eq(json_array_size(lines), 2);
    cr_expect_str_eq(json_string_value(json_array_get(lines, 1)), "two");
    differences_release(&d);
    json_decref(report);
    free(text);
}

/* JUnit */

/* Of a tag that begins after `<`: its name's length. */
static size_t tag_len(const char *tag)
{
    return strcspn(tag, " />\n");
}

/* Entities are those that we write, and no byte is a bare `<` or `&` or a
 * control character. */
static void expect_clean_text(const char *text, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        if (text[i] == '&')
            cr_expect(!strncmp(text + i, "&amp;", 5) ||
                          !strncmp(text + i, "&lt;", 4) ||
                          !strncmp(text + i, "&gt;", 4) ||
                          !strncmp(text + i, "&quot;", 6),
                      "bare & at: %.40s", text + i);
        cr_expect((unsigned char)text[i] >= 0x20 || strchr("\t\n", text[i]),
                  "control character at: %.40s", text + i);
    }
}

/* Every tag is closed, in order. Attributes have no `<` or `>` in them. */
static void expect_well_formed(const char *xml)
{
    const char *open[16];
    size_t depth = 0;

    cr_assert(strncmp(xml, "<?xml ", 6) == 0);
    for (xml = strchr(xml + 1, '<'); xml; xml = strchr(xml, '<')) {
        size_t len = strcspn(xml, ">");

        if (xml[1] == '/') {
            cr_assert(depth > 0, "closed too often: %.40s", xml);
            depth--;
            cr_assert_eq(strncmp(open[depth], xml + 2, tag_len(open[depth])), 0,
                         "%.40s closes %.40s", xml, open[depth]);
        } else if (xml[len - 1] != '/') {
            cr_assert_lt(depth, 16);
            open[depth++] = xml + 1;
        }
        expect_clean_text(xml, len + strcspn(xml + len, "<"));
        xml += len;
    }
    cr_assert_eq(depth, 0);
}

Test(report, junit_has_a_suite_a_kind)
{
    char *text = rendered(report_junit, run_of(one_of_each));

    expect_well_formed(text);
    expect_has(text, "<testsuites name=\"conformance\" tests=\"6\" "
                     "failures=\"1\" errors=\"0\" skipped=\"4\" "
                     "time=\"2.345\">");
    expect_has(text, "<testsuite name=\"service\" tests=\"2\" failures=\"1\" "
                     "errors=\"0\" skipped=\"0\" time=\"1.505\" "
                     "timestamp=\"2017-07-14T02:40:00\">");
    free(text);
}

Test(report, junit_tells_what_failed_and_why_others_were_skipped)
{
    char *text = rendered(report_junit, run_of(one_of_each));

    expect_has(text,
               "<testcase classname=\"4 digest\" name=\"a\" time=\"0.005\"/>");
    expect_has(text, "message=\"code: expected 3, got 4\">code: expected 3, "
                     "got 4\ntwo\n</failure>");
    expect_has(text, "<system-out>&gt; POST /x");
    expect_has(text, "<skipped message=\"no admin API\"/>");
    expect_has(text, "<skipped message=\"informational: assumed\"/>");
    expect_has(text, "<skipped message=\"known-failing: known.txt:3\"/>");
    free(text);
}

Test(report, junit_is_well_formed_for_any_bytes)
{
    struct run run =
        run_of("[{\"id\":\"a\",\"kind\":\"service\","
               "\"requirement\":\"<&\\\">\","
               "\"status\":\"failed\",\"failures\":"
               "[\"\\u0001\\u001b[0m ]]> \\uffff 视频 \\ud834\\udd1e"
               "\\r\\n<b>\"]}]");
    char *text;

    run.client = "\xff<\x02'\"&";
    text = rendered(report_junit, run);
    expect_well_formed(text);
    expect_has(text, "value=\"\xef\xbf\xbd&lt;'&quot;&amp;\"");
    expect_has(text, ">[0m ]]&gt;  视频 𝄞\n&lt;b&gt;\n</failure>");
    free(text);
}

/* Markdown */

Test(report, markdown_counts_by_requirement)
{
    char *text = rendered(report_markdown, run_of(one_of_each));

    expect_has(text, "| **4 Signature** | 1 | 0 | 0 | 0 | 0 |\n"
                     "| 4 digest | 1 | 0 | 0 | 0 | 0 |\n");
    expect_has(text, "| 8 hang | 0 | 0 | 1 | 1 | 1 |\n");
    free(text);
}

Test(report, markdown_shows_failures_with_their_exchanges)
{
    char *text = rendered(report_markdown, run_of(one_of_each));

    expect_has(text, "### `b`\n\nb \\| title — requirement 10 exit, must, "
                     "assumed\n\n- code: expected 3, got 4\n- two\n\n```text\n"
                     "> POST /x\n");
    free(text);
}

Test(report, markdown_has_every_code_on_every_endpoint)
{
    char *text = rendered(report_markdown, run_of(one_of_each));

    expect_has(text, "## Codes × endpoints, service cases");
    expect_has(text, "## Codes × endpoints, client cases");
    expect_has(text, "\n| 14 | signature check failed |   |   | ✗ |\n");
    expect_has(text, "\n| 9 | signature expired |   |   | – |\n");
    for (size_t i = 0; i < error_table_len; i++) {
        char *row = format("\n| %d | ", error_table[i].code);

        expect_has(text, row);
        free(row);
    }
    free(text);
}

Test(report, markdown_lists_what_was_skipped_under_its_reason)
{
    char *text = rendered(report_markdown, run_of(one_of_each));

    expect_has(text, "## Skipped\n\n- 2: no admin API: `c`, `f`\n");
    expect_has(text, "## Informational\n\n- `d`: http: expected 200, got 201");
    expect_has(text, "## Known failing\n\n- 1: known.txt:3: `e`\n");
    free(text);
}

Test(report, markdown_takes_text_for_text)
{
    char *text = rendered(
        report_markdown,
        run_of("[{\"id\":\"a\",\"status\":\"failed\",\"failures\":[\"a|b `c` "
               "<d> $e$ \\n*f*\"],\"exchanges\":[{\"reply\":{\"body\":"
               "\"```` x\"}}]}]"));

    expect_has(text, "- a\\|b \\`c\\` \\<d\\> \\$e\\$ \\\\x0a\\*f\\*\n");
    expect_has(text, "\n`````text\n< ```` x\n`````\n");
    free(text);
}
