#include "run.h"

#include <string.h>
#include <sys/stat.h>
#include <criterion/criterion.h>

#include "scratch.h"
#include "section.h"
#include "value.h"

static void make_dirs(void)
{
    scratch_make();
    cr_assert(mkdir("result", 0700) == 0);
}

TestSuite(run, .init = make_dirs, .fini = scratch_remove, .timeout = 10);

static struct run collected(const char *id)
{
    struct run run = {0};
    json_t *ids = json_pack("[s]", id);

    run_collect(&run, ids, ".");
    json_decref(ids);
    return run;
}

static const char *member(const struct run *run, const char *name)
{
    return value_text(json_array_get(run->results, 0), name);
}

Test(run, a_saved_result_is_read)
{
    struct run run;

    scratch_write("result/a.json", "{\"id\":\"a\",\"status\":\"skipped\"}");
    run = collected("a");
    cr_expect_str_eq(member(&run, "id"), "a");
    cr_expect_eq(run_tally(&run).of[RESULT_SKIPPED], 1);
    run_release(&run);
}

Test(run, a_case_without_a_result_has_failed)
{
    struct run run;

    scratch_write("cases",
                  "{\"id\":\"a\",\"title\":\"t\",\"requirement\":\"4 x\","
                  "\"calls\":[]}\n");
    run = collected("a");
    cr_expect_eq(run_tally(&run).of[RESULT_FAILED], 1);
    cr_expect_str_eq(run_first_line(json_array_get(run.results, 0)),
                     "did not end: crashed or took too long");
    cr_expect_str_eq(member(&run, "kind"), "client");
    cr_expect_str_eq(member(&run, "requirement"), "4 x");
    run_release(&run);
}

Test(run, a_case_of_which_nothing_is_left_has_failed)
{
    struct run run = collected("a");

    cr_expect_eq(run_tally(&run).of[RESULT_FAILED], 1);
    cr_expect_str_eq(member(&run, "id"), "a");
    run_release(&run);
}

Test(run, half_a_result_is_a_failure)
{
    struct run run;

    scratch_write("result/a.json", "{\"id\":\"a\xff");
    run = collected("a");
    cr_expect_eq(run_tally(&run).of[RESULT_FAILED], 1);
    cr_expect(strstr(run_first_line(json_array_get(run.results, 0)),
                     "cannot be read"));
    run_release(&run);
}

Test(run, an_unknown_status_is_a_failure)
{
    struct run run;

    scratch_write("result/a.json", "{\"id\":\"a\",\"status\":\"fine\"}");
    run = collected("a");
    cr_expect_eq(run_tally(&run).of[RESULT_FAILED], 1);
    run_release(&run);
}

Test(run, requirements_are_in_the_order_of_their_sections)
{
    struct run run = {.results = json_pack(
                          "[{s:s}, {s:s}, {s:s}, {s:s}, {}]", "requirement",
                          "10 exit", "requirement", "4 field a", "requirement",
                          "4 digest", "requirement", "4 digest")};
    struct tallies tallies = run_tallies(&run, run_requirement);

    cr_assert_eq(tallies.n, 4);
    cr_expect_str_eq(tallies.rows[0].name, "4 digest");
    cr_expect_eq(tally_total(&tallies.rows[0].tally), 2);
    cr_expect_str_eq(tallies.rows[1].name, "4 field a");
    cr_expect_str_eq(tallies.rows[2].name, "10 exit");
    cr_expect_str_eq(tallies.rows[3].name, "none");
    tallies_release(&tallies);
    run_release(&run);
}

Test(run, the_time_is_told_in_utc)
{
    struct run run = {.started = 1500000000};
    json_t *facts = run_facts(&run);

    cr_expect_str_eq(value_text(facts, "started"), "2017-07-14T02:40:00Z");
    json_decref(facts);
}

Test(section, a_requirement_begins_with_its_number, .timeout = 10)
{
    cr_expect_str_eq(section_name(section_of("4 digest")), "4 Signature");
    cr_expect_str_eq(section_name(section_of("10 exit")), "10 Command line");
    cr_expect_eq(section_of("4"), 4);
}

Test(section, anything_else_is_other, .timeout = 10)
{
    cr_expect_eq(section_of("11 x"), 0);
    cr_expect_eq(section_of("0 x"), 0);
    cr_expect_eq(section_of("4x"), 0);
    cr_expect_eq(section_of("digest"), 0);
    cr_expect_str_eq(section_name(section_of("")), "other");
}
