#include "casefile.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <criterion/criterion.h>

#include "bytes.h"
#include "json_of.h"
#include "scratch.h"

static void make_directory(void)
{
    scratch_make();
    cr_assert_eq(mkdir("cases", 0700), 0);
    scratch_write("codes.tsv",
                  "# a comment\twith\ttabs\tin it\n"
                  "code\tzh\tplace\tendpoints\thttp\tprovenance\n"
                  "9\tx\tcode\tall\t401\tD\n"
                  "-4009\tx\tcompare_status\tlivedetectfour\t200\tD\n"
                  "-4012\tx\tcompare_status\tlivedetectfour,livedetectpicture\t"
                  "200\tV\n"
                  "-5001\tx\tlive_status\tlivedetectfour\t200\tD\n");
}

TestSuite(casefile, .init = make_directory, .fini = scratch_remove,
          .timeout = 10);

/* What every case here has. */
#define DEFAULTS                                                               \
    "\"defaults\":{\"title\":\"t\",\"requirement\":\"4 digest\","              \
    "\"level\":\"must\",\"provenance\":\"documented\","                        \
    "\"applies_to\":[\"mock\",\"real\"]}"

static json_t *load(const char *cases)
{
    char *file = format("{" DEFAULTS ",\"cases\":[%s]}", cases);
    char *why = NULL;
    json_t *list;

    scratch_write("cases/a.json", file);
    list = cases_load("cases", "codes.tsv", &why);
    cr_assert(list != NULL, "%s", why);
    free(file);
    return list;
}

/* The first case of the list has at `path`, a pointer of names with slashes
 * between, this value; `expected` NULL: none. */
static void expect_at(const json_t *list, const char *path,
                      const char *expected)
{
    const json_t *value = json_array_get(list, 0);
    char *copy = format("%s", path), *rest = copy, *name;
    json_t *want = expected ? json_of(expected) : NULL;
    char *got;

    while ((name = strsep(&rest, "/"))) {
        if (json_is_array(value))
            value = json_array_get(value, strtoul(name, NULL, 10));
        else
            value = json_object_get(value, name);
    }
    got = value ? json_dumps(value, JSON_ENCODE_ANY) : NULL;
    cr_expect(want ? json_equal(value, want) : !value, "%s: %s, not %s", path,
              got, expected);
    free(got);
    json_decref(want);
    free(copy);
}

static void expect_ids(const char *cases, const char *expected)
{
    json_t *list = load(cases);
    struct bytes ids = {0};
    const json_t *test_case;
    size_t i;

    bytes_text(&ids, "");
    json_array_foreach(list, i, test_case)
        bytes_format(&ids, "%s%s", i ? " " : "", case_id(test_case));
    cr_expect_str_eq(ids.data, expected);
    bytes_release(&ids);
    json_decref(list);
}

/* The whole file, and what is in the line about it. */
static void expect_file_refused(const char *file, const char *part)
{
    char *why = NULL;
    json_t *list;

    scratch_write("cases/a.json", file);
    list = cases_load("cases", "codes.tsv", &why);
    cr_expect(list == NULL, "%s", file);
    cr_expect(why && strstr(why, part), "%s: %s", file, why);
    cr_expect(why && !strchr(why, '\n'), "%s", why);
    free(why);
    json_decref(list);
}

static void expect_refused(const char *cases, const char *part)
{
    char *file = format("{" DEFAULTS ",\"cases\":[%s]}", cases);

    expect_file_refused(file, part);
    free(file);
}

#define GETFOUR "\"request\":{\"endpoint\":\"livegetfour\"}"
#define OK "\"expect\":{\"code\":0}"

Test(casefile, defaults_are_merged_and_a_case_is_stronger)
{
    json_t *list =
        load("{\"id\":\"a\",\"level\":\"should\"," GETFOUR "," OK "}");

    expect_at(list, "title", "\"t\"");
    expect_at(list, "level", "\"should\"");
    json_decref(list);
}

Test(casefile, objects_of_defaults_are_merged_member_by_member)
{
    json_t *list;
    char *why = NULL;

    scratch_write(
        "cases/a.json",
        "{\"defaults\":{\"title\":\"t\",\"requirement\":\"4 x\","
        "\"level\":\"must\",\"provenance\":\"vendor\",\"applies_to\":[\"mock\","
        "\"real\"],\"request\":{\"endpoint\":\"livedetectfour\",\"params\":"
        "{\"a\":\"1\",\"b\":\"1\"},\"omit\":[\"video\"]}},"
        "\"cases\":[{\"id\":\"a\",\"applies_to\":[\"mock\"],\"request\":"
        "{\"params\":{\"b\":\"2\"}}," OK "},"
        "{\"id\":\"b\"," OK "}]}");
    list = cases_load("cases", "codes.tsv", &why);
    cr_assert(list != NULL, "%s", why);
    expect_at(list, "steps/0/request/params", "{\"a\":\"1\",\"b\":\"2\"}");
    expect_at(list, "steps/0/request/omit", "[\"video\"]");
    expect_at(list, "applies_to", "[\"mock\"]");
    /* The second case has nothing of the first. */
    json_array_remove(list, 0);
    expect_at(list, "steps/0/request/params", "{\"a\":\"1\",\"b\":\"1\"}");
    json_decref(list);
}

Test(casefile, one_request_becomes_a_list_of_one_step)
{
    json_t *list = load("{\"id\":\"a\"," GETFOUR "," OK
                        ",\"allow\":[{\"code\":9}],\"fault\":\"reset\"}");

    expect_at(list, "steps",
              "[{" GETFOUR "," OK
              ",\"allow\":[{\"code\":9}],\"fault\":\"reset\"}]");
    expect_at(list, "request", NULL);
    expect_at(list, "expect", NULL);
    expect_at(list, "allow", NULL);
    expect_at(list, "fault", NULL);
    json_decref(list);
}

Test(casefile, steps_share_the_request_of_the_case)
{
    json_t *list = load("{\"id\":\"a\"," GETFOUR ",\"steps\":[{" OK "},"
                        "{\"request\":{\"params\":{\"seq\":\"1\"}}," OK "}]}");

    expect_at(list, "steps/0/request", "{\"endpoint\":\"livegetfour\"}");
    expect_at(list, "steps/1/request",
              "{\"endpoint\":\"livegetfour\",\"params\":{\"seq\":\"1\"}}");
    expect_at(list, "request", NULL);
    json_decref(list);
}

Test(casefile, steps_share_the_fault_unless_they_have_their_own)
{
    json_t *list = load("{\"id\":\"a\",\"fault\":\"reset\"," GETFOUR
                        ",\"steps\":[{" OK "},{\"fault\":\"hang\"," OK "},"
                        "{\"fault\":null," OK "}]}");

    expect_at(list, "steps/0/fault", "\"reset\"");
    expect_at(list, "steps/1/fault", "\"hang\"");
    expect_at(list, "steps/2/fault", NULL);
    json_decref(list);
}

Test(casefile, a_fault_of_null_is_none)
{
    json_t *list = load("{\"id\":\"a\",\"fault\":null," GETFOUR "," OK "}");

    expect_at(list, "steps/0/fault", NULL);
    json_decref(list);
}

Test(casefile, a_fault_may_be_a_bare_code)
{
    json_t *list = load("{\"id\":\"a-{code}\",\"each\":{\"code\":[9]},"
                        "\"fault\":\"{code}\"," GETFOUR "," OK "}");

    expect_at(list, "steps/0/fault", "\"9\"");
    json_decref(list);
}

Test(casefile, one_call_becomes_a_list_of_one)
{
    json_t *list = load("{\"id\":\"a\",\"applies_to\":[\"client\"],"
                        "\"fault\":\"reset\","
                        "\"call\":{\"endpoint\":\"livegetfour\"},"
                        "\"expect\":{\"outcome\":{\"kind\":\"rejected\"}}}");

    expect_at(list, "calls",
              "[{\"endpoint\":\"livegetfour\",\"fault\":\"reset\","
              "\"expect\":{\"outcome\":{\"kind\":\"rejected\"}}}]");
    expect_at(list, "call", NULL);
    cr_expect(case_is_client(json_array_get(list, 0)));
    cr_expect_str_eq(case_kind(json_array_get(list, 0)), "client");
    json_decref(list);
}

Test(casefile, a_case_knows_its_file_and_kind)
{
    json_t *list = load("{\"id\":\"a\"," GETFOUR "," OK "}");
    const json_t *test_case = json_array_get(list, 0);

    expect_at(list, "file", "\"a.json\"");
    cr_expect(!case_is_client(test_case));
    cr_expect_str_eq(case_kind(test_case), "service");
    cr_expect(case_applies_to(test_case, "mock"));
    cr_expect(!case_applies_to(test_case, "client"));
    json_decref(list);
}

Test(casefile, each_makes_a_case_of_every_combination)
{
    expect_ids("{\"id\":\"{x}-{y}\",\"each\":{\"x\":[\"a\",\"b\"],"
               "\"y\":[1,2]}," GETFOUR "," OK "}",
               "a-1 a-2 b-1 b-2");
}

Test(casefile, a_string_that_is_a_variable_becomes_its_value)
{
    json_t *list = load(
        "{\"id\":\"a\",\"each\":{\"x\":[{\"n\":7,\"o\":{\"k\":[null]},"
        "\"deep\":{\"er\":true}}]},\"request\":{\"endpoint\":"
        "\"livegetfour\",\"params\":{\"n\":\"{x.n}\",\"o\":\"{x.o}\","
        "\"t\":\"n={x.n}.\",\"d\":\"{x.deep.er}\",\"l\":[\"{x.n}\"]}}," OK "}");

    expect_at(list, "steps/0/request/params/n", "7");
    expect_at(list, "steps/0/request/params/o", "{\"k\":[null]}");
    expect_at(list, "steps/0/request/params/t", "\"n=7.\"");
    expect_at(list, "steps/0/request/params/d", "true");
    expect_at(list, "steps/0/request/params/l", "[7]");
    json_decref(list);
}

Test(casefile, names_of_members_are_filled_in_too)
{
    json_t *list = load(
        "{\"id\":\"a\",\"each\":{\"x\":[\"seq\"]},\"request\":{"
        "\"endpoint\":\"livegetfour\",\"params\":{\"{x}\":\"1\"}}," OK "}");

    expect_at(list, "steps/0/request/params", "{\"seq\":\"1\"}");
    json_decref(list);
}

Test(casefile, braces_that_name_no_variable_stay)
{
    json_t *list =
        load("{\"id\":\"a\",\"each\":{\"x\":[\"{y}\"],\"y\":[1]},\"request\":{"
             "\"endpoint\":\"livegetfour\",\"body\":"
             "\"{z}{x}{\\\"x\\\":{y}}{x.y}{\"}," OK "}");

    /* Nor is what was filled in looked at again. */
    expect_at(list, "steps/0/request/body", "\"{z}{y}{\\\"x\\\":1}{x.y}{\"");
    json_decref(list);
}

Test(casefile, codes_are_those_of_an_endpoint_and_place)
{
    expect_ids("{\"id\":\"c{c}\",\"each\":{\"c\":{\"codes\":\"livedetectfour\","
               "\"place\":\"compare_status\"}}," GETFOUR "," OK "}",
               "c-4009 c-4012");
    expect_ids("{\"id\":\"c{c}\",\"each\":{\"c\":{\"codes\":"
               "\"livedetectpicture\"}}," GETFOUR "," OK "}",
               "c9 c-4012");
    expect_ids("{\"id\":\"c{c}\",\"each\":{\"c\":{\"codes\":\"any\"}}," GETFOUR
               "," OK "}",
               "c9 c-4009 c-4012 c-5001");
}

Test(casefile, codes_are_numbers)
{
    json_t *list =
        load("{\"id\":\"c{c}\",\"each\":{\"c\":{\"codes\":\"any\"}}," GETFOUR
             ",\"expect\":{\"code\":\"{c}\"}}");

    expect_at(list, "steps/0/expect/code", "9");
    json_decref(list);
}

Test(casefile, a_text_can_be_repeated)
{
    json_t *list = load(
        "{\"id\":\"a\",\"each\":{\"x\":{\"repeat\":\"ab\",\"times\":3}},"
        "\"request\":{\"endpoint\":\"livegetfour\",\"body\":\"{x}\"}," OK "}");

    expect_at(list, "steps/0/request/body", "\"ababab\"");
    json_decref(list);
}

Test(casefile, a_variable_without_values_is_refused)
{
    static const char *const values[] = {
        "[]",
        "5",
        "{}",
        "{\"codes\":\"livedetectfuor\"}",
        "{\"codes\":\"any\",\"place\":\"nowhere\"}",
        "{\"codes\":\"any\",\"plaec\":\"code\"}",
        "{\"codes\":5}",
        "{\"repeat\":\"x\"}",
        "{\"repeat\":\"\",\"times\":9}",
        "{\"repeat\":\"x\",\"times\":-1}",
        "{\"repeat\":\"xy\",\"times\":8388609}",
        "{\"repeat\":\"x\",\"times\":1,\"more\":1}",
    };

    for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++) {
        char *text =
            format("{\"id\":\"a{x}\",\"each\":{\"x\":%s}," GETFOUR "," OK "}",
                   values[i]);

        expect_refused(text, "a.json: case a{x}: each.x is ");
        free(text);
    }
}

Test(casefile, each_that_is_no_object_is_refused)
{
    expect_refused("{\"id\":\"a\",\"each\":[1]," GETFOUR "," OK "}",
                   "case a: each is no object");
}

Test(casefile, files_are_read_in_the_order_of_their_names)
{
    static const char *const names = "fbhdagec";
    json_t *list;
    char *why = NULL;

    for (const char *n = names; *n; n++) {
        char *path = format("cases/%c.json", *n);
        char *text = format("{" DEFAULTS ",\"cases\":[{\"id\":\"%c\"," GETFOUR
                            "," OK "}]}",
                            *n);

        scratch_write(path, text);
        free(path);
        free(text);
    }
    scratch_write("cases/.hidden.json", "{");
    scratch_write("cases/c.json.bak", "{");
    list = cases_load("cases", "codes.tsv", &why);
    cr_assert(list != NULL, "%s", why);
    cr_assert_eq(json_array_size(list), 8);
    for (size_t i = 0; i < 8; i++)
        cr_expect_eq(case_id(json_array_get(list, i))[0], "abcdefgh"[i]);
    json_decref(list);
}

Test(casefile, an_id_that_comes_twice_is_refused)
{
    expect_refused("{\"id\":\"a\"," GETFOUR "," OK "},{\"id\":\"a\"," GETFOUR
                   "," OK "}",
                   "a.json: case a: the id is also in a.json");
    expect_refused("{\"id\":\"a\",\"each\":{\"x\":[1,2]}," GETFOUR "," OK "}",
                   "case a: the id is also in a.json");
}

Test(casefile, a_case_that_is_not_well_made_is_told_with_its_id)
{
    expect_refused("{\"id\":\"a\",\"colour\":1," GETFOUR "," OK "}",
                   "a.json: case a: unknown member colour");
    expect_refused("{\"id\":\"a\"," GETFOUR "}", "a.json: case a: ");
    expect_refused("{" GETFOUR "," OK "}", "a.json: case without id: ");
    expect_refused("5", "a.json: a case is no object");
}

Test(casefile, what_the_loader_adds_cannot_be_given)
{
    expect_refused("{\"id\":\"a\",\"file\":\"x\"," GETFOUR "," OK "}",
                   "unknown member file");
}

Test(casefile, a_case_is_of_a_service_or_of_a_client)
{
    expect_refused("{\"id\":\"a\",\"applies_to\":[\"client\"]," GETFOUR
                   ",\"call\":{\"endpoint\":\"livegetfour\"}," OK "}",
                   "unknown member request");
    expect_refused("{\"id\":\"a\"," GETFOUR ",\"steps\":[{" OK "}]," OK "}",
                   "unknown member expect");
}

Test(casefile, a_file_of_another_kind_is_refused)
{
    expect_file_refused("{", "cases/a.json:1: ");
    expect_file_refused("{\"cases\":[],\"cases\":[]}", "cases/a.json:1: ");
    expect_file_refused("[]", "cases/a.json: expected an object of");
    expect_file_refused("{}", "cases/a.json: expected an object of");
    expect_file_refused("{\"cases\":{}}", "expected cases to be a list");
    expect_file_refused("{\"cases\":[],\"defaults\":5}", "defaults an object");
    expect_file_refused("{\"cases\":[],\"colour\":5,\"sound\":6}", "colour");
}

Test(casefile, a_directory_without_cases_is_told)
{
    char *why = NULL;

    cr_expect(cases_load("cases", "codes.tsv", &why) == NULL);
    cr_assert(why != NULL);
    cr_expect_str_eq(why, "cases: no case files (NAME.json) here");
    free(why);
    why = NULL;
    cr_expect(cases_load("nowhere", "codes.tsv", &why) == NULL);
    cr_assert(why != NULL);
    cr_expect_str_eq(why, "nowhere: No such file or directory");
    free(why);
}

Test(casefile, a_table_of_codes_that_is_not_there_is_told)
{
    char *why = NULL;

    cr_expect(cases_load("cases", "nowhere.tsv", &why) == NULL);
    cr_assert(why != NULL);
    cr_expect_str_eq(why, "nowhere.tsv: No such file or directory");
    free(why);
}

static void expect_covers(const char *cases, const char *expected)
{
    json_t *list = load(cases);
    json_t *covers = case_covers(json_array_get(list, 0));
    json_t *want = json_of(expected);
    char *got = json_dumps(covers, JSON_COMPACT);

    cr_expect(json_equal(covers, want), "%s", got);
    free(got);
    json_decref(want);
    json_decref(covers);
    json_decref(list);
}

Test(casefile, a_case_covers_the_codes_that_it_expects)
{
    expect_covers("{\"id\":\"a\"," GETFOUR ",\"steps\":[{" OK "},"
                  "{\"expect\":{\"code\":9}},{\"expect\":{\"http\":404}}]}",
                  "[{\"endpoint\":\"livegetfour\",\"code\":0},"
                  "{\"endpoint\":\"livegetfour\",\"code\":9}]");
}

Test(casefile, a_code_is_covered_whichever_member_has_it)
{
    expect_covers("{\"id\":\"a\"," GETFOUR ",\"expect\":{\"code\":0,"
                  "\"data\":{\"live_status\":-5001}}}",
                  "[{\"endpoint\":\"livegetfour\",\"code\":-5001}]");
    expect_covers("{\"id\":\"a\"," GETFOUR ",\"expect\":{\"code\":0,\"data\":"
                  "{\"live_status\":0,\"compare_status\":-4009}}}",
                  "[{\"endpoint\":\"livegetfour\",\"code\":-4009}]");
    expect_covers("{\"id\":\"a\"," GETFOUR ",\"expect\":{\"code\":9,\"data\":"
                  "{\"live_status\":0}}}",
                  "[{\"endpoint\":\"livegetfour\",\"code\":9}]");
    expect_covers("{\"id\":\"a\"," GETFOUR ",\"expect\":{\"code\":\"$int\"}}",
                  "[]");
}

Test(casefile, a_client_case_covers_the_codes_of_outcomes)
{
    expect_covers("{\"id\":\"a\",\"applies_to\":[\"client\"],"
                  "\"call\":{\"endpoint\":\"livegetfour\"},\"expect\":"
                  "{\"outcome\":{\"kind\":\"api\",\"code\":9}}}",
                  "[{\"endpoint\":\"livegetfour\",\"code\":9}]");
}
