#include "recording.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <criterion/criterion.h>

#include "scratch.h"
#include "transcript.h"

TestSuite(recording, .init = scratch_make, .fini = scratch_remove,
          .timeout = 10);

static json_t *parsed(const char *json)
{
    json_error_t error;
    json_t *value = json_loads(json, 0, &error);

    cr_assert(value != NULL, "%s: %s", json, error.text);
    return value;
}

/* An exchange whose reply has this JSON. */
#define EXCHANGE(step, json)                                                   \
    "{\"step\":" step                                                          \
    ",\"request\":{\"head\":\"POST / HTTP/1.1\\r\\n\\r\\n\","                  \
    "\"body_size\":3,\"body_sha256\":\"ab\"},\"reply\":{\"transport\":"        \
    "\"complete\",\"http\":200,\"headers\":[[\"Content-Type\",\"t\"]],"        \
    "\"json\":" json ",\"body\":\"the body\"}}"

static void keep(const char *id, const char *exchanges)
{
    json_t *list = parsed(exchanges);
    char *why = NULL;

    cr_assert_eq(recording_keep("dir", id, list, &why), 0, "%s", why);
    json_decref(list);
}

static void expect_refused(const char *id)
{
    json_t *list = parsed("[" EXCHANGE("1", "{}") "]");
    char *why = NULL;

    cr_expect_eq(recording_keep("dir", id, list, &why), -1);
    cr_expect(why && strstr(why, "no file name"), "%s", why);
    free(why);
    json_decref(list);
}

static void expect_file(const char *path, const char *content)
{
    char *text = scratch_read(path);

    cr_expect_str_eq(text, content);
    free(text);
}

/* The differences of a case "a" that now has these exchanges. */
static struct differences compared(const char *exchanges)
{
    struct differences d = {0};
    json_t *results =
        json_pack("[{s:s, s:o}]", "id", "a", "exchanges", parsed(exchanges));
    char *why = NULL;

    cr_assert_eq(recording_compare("dir", results, &d, &why), 0, "%s", why);
    json_decref(results);
    return d;
}

static void expect_lines(const char *exchanges, const char *lines)
{
    struct differences d = compared(exchanges);

    cr_expect_str_eq(d.lines.data ? d.lines.data : "", lines);
    differences_release(&d);
}

Test(recording, messages_are_kept_as_they_went)
{
    keep("a", "[" EXCHANGE("1", "{\"code\":0}") "]");
    expect_file("dir/a/1.request.http",
                "POST / HTTP/1.1\r\n\r\n[body of 3 bytes, SHA-256 ab]\n");
    expect_file("dir/a/1.reply.http",
                "HTTP/1.1 200\r\nContent-Type: t\r\n\r\nthe body");
}

Test(recording, a_body_that_was_saved_is_kept)
{
    keep("a", "[{\"request\":{\"head\":\"H\\r\\n\\r\\n\",\"body\":\"{}\","
              "\"body_size\":2}}]");
    expect_file("dir/a/1.request.http", "H\r\n\r\n{}");
}

Test(recording, what_became_of_a_connection_is_kept)
{
    keep("a", "[{\"reply\":{\"transport\":\"reset\"}}]");
    expect_file("dir/a/1.reply.http", "[reset]\n");
}

Test(recording, a_client_case_keeps_call_and_answer)
{
    char *text;

    keep("a", "[{\"call\":{},\"answer\":{\"id\":\"1\"},\"requests\":[]}]");
    text = scratch_read("dir/a/1.json");
    cr_expect(strstr(text, "\"answer\"") && strstr(text, "\"call\""));
    cr_expect(access("dir/a/1.reply.http", F_OK) < 0);
    free(text);
}

Test(recording, the_directory_is_for_its_owner_alone)
{
    struct stat st;

    keep("a", "[" EXCHANGE("1", "{}") "]");
    cr_assert_eq(stat("dir", &st), 0);
    cr_expect_eq(st.st_mode & 0777, 0700);
}

Test(recording, an_old_case_is_replaced_and_nothing_else_touched)
{
    keep("b", "[" EXCHANGE("1", "{}") "]");
    keep("a", "[" EXCHANGE("1", "{}") "," EXCHANGE("2", "{}") "]");
    scratch_write("dir/a/note.txt", "mine");
    scratch_write("dir/mine.json", "mine");
    keep("a", "[" EXCHANGE("1", "{\"code\":3}") "]");
    cr_expect(access("dir/a/2.json", F_OK) < 0);
    cr_expect(access("dir/a/2.request.http", F_OK) < 0);
    expect_file("dir/a/note.txt", "mine");
    expect_file("dir/mine.json", "mine");
    cr_expect(access("dir/b/1.json", F_OK) == 0);
    expect_lines("[" EXCHANGE("1", "{\"code\":3}") "]", "");
}

Test(recording, a_case_without_exchanges_leaves_the_old_ones)
{
    keep("a", "[" EXCHANGE("1", "{}") "]");
    keep("a", "[]");
    cr_expect(access("dir/a/1.json", F_OK) == 0);
}

Test(recording, an_id_that_leads_elsewhere_is_refused)
{
    expect_refused("../a");
    expect_refused("..");
    expect_refused(".");
    expect_refused("");
    expect_refused("a/b");
}

Test(recording, a_file_in_the_place_of_the_directory_is_told)
{
    char *why = NULL;

    scratch_write("dir", "");
    cr_expect_eq(recording_prepare("dir", &why), -1);
    cr_assert(why != NULL);
    cr_expect_str_eq(why, "dir: Not a directory");
    free(why);
}

Test(recording, a_directory_without_a_recording_is_told)
{
    char *why = NULL;

    cr_expect_eq(recording_check("dir", &why), -1);
    cr_expect(why && strstr(why, "dir: no recording"), "%s", why);
    free(why);
}

Test(recording, a_run_is_kept_with_its_facts)
{
    struct run run = {
        .version = "1",
        .target = "plain",
        .base_url = "http://u:p@h",
        .results = parsed("[{\"id\":\"a\",\"exchanges\":[" EXCHANGE(
            "1", "{}") "]}, {\"id\":\"b\",\"exchanges\":[]}]")};
    char *why = NULL, *text;

    cr_assert_eq(recording_keep_run("dir", &run, &why), 0, "%s", why);
    cr_expect_eq(recording_check("dir", &why), 0);
    text = scratch_read("dir/run.json");
    cr_expect(strstr(text, "\"base_url\": \"http://(masked)@h\""), "%s", text);
    cr_expect(access("dir/a/1.json", F_OK) == 0);
    cr_expect(access("dir/b", F_OK) < 0);
    free(text);
    run_release(&run);
}

Test(recording, the_same_replies_have_no_difference)
{
    struct differences d;

    keep("a", "[" EXCHANGE("1", "{\"code\":0}") "]");
    d = compared("[" EXCHANGE("1", "{\"code\":0}") "]");
    cr_expect_eq(d.lines.len, 0, "%s", d.lines.data);
    cr_expect_eq(d.cases, 1);
    cr_expect_eq(d.only_recorded + d.only_now, 0);
    differences_release(&d);
}

Test(recording, a_difference_names_case_and_step)
{
    keep("a", "[" EXCHANGE("1", "{}") "," EXCHANGE(
                  "2", "{\"data\":{\"sim\":90}}") "]");
    expect_lines("[" EXCHANGE("1", "{}") "," EXCHANGE(
                     "2", "{\"data\":{\"sim\":\"90\"}}") "]",
                 "a step 2: data.sim: recorded 90, now \"90\" "
                 "(shape: integer, now string)\n");
}

Test(recording, a_step_of_one_side_alone_is_told)
{
    keep("a", "[" EXCHANGE("1", "{}") "," EXCHANGE("2", "{}") "]");
    expect_lines("[" EXCHANGE("1", "{}") "," EXCHANGE("3", "{}") "]",
                 "a step 2: exchange: recorded true, now none (step)\n"
                 "a step 3: exchange: recorded none, now true (step)\n");
}

Test(recording, cases_of_one_side_alone_are_counted)
{
    struct differences d;

    keep("b", "[" EXCHANGE("1", "{}") "]");
    keep("c", "[" EXCHANGE("1", "{}") "]");
    cr_assert_eq(mkdir("dir/not-a-case", 0700), 0);
    d = compared("[" EXCHANGE("1", "{}") "]");
    cr_expect_eq(d.only_now, 1);
    cr_expect_eq(d.only_recorded, 2);
    cr_expect_eq(d.cases, 0);
    differences_release(&d);
}

Test(recording, a_case_that_was_skipped_now_is_only_recorded)
{
    struct differences d;

    keep("a", "[" EXCHANGE("1", "{}") "]");
    d = compared("[]");
    cr_expect_eq(d.only_recorded, 1);
    differences_release(&d);
}

Test(recording, a_file_that_is_no_json_is_told)
{
    struct differences d = {0};
    json_t *results =
        parsed("[{\"id\":\"a\",\"exchanges\":[" EXCHANGE("1", "{}") "]}]");
    char *why = NULL;

    keep("a", "[" EXCHANGE("1", "{}") "]");
    scratch_write("dir/a/1.json", "{");
    cr_expect_eq(recording_compare("dir", results, &d, &why), -1);
    cr_expect(why && strstr(why, "dir/a/1.json: line 1"), "%s", why);
    free(why);
    json_decref(results);
    differences_release(&d);
}

Test(transcript, a_body_over_the_limit_is_left_out, .timeout = 10)
{
    struct bytes body = {0}, out = {0};
    json_t *request;

    bytes_fill(&body, 'x', TRANSCRIPT_MAX_BODY + 1);
    request =
        json_pack("{s:s, s:s, s:i, s:s}", "head", "H\n", "body", body.data,
                  "body_size", TRANSCRIPT_MAX_BODY + 1, "body_sha256", "ab");
    transcript_request(request, &out);
    cr_expect_str_eq(out.data, "H\n[body of 65537 bytes, SHA-256 ab]\n");
    json_decref(request);
    bytes_release(&body);
    bytes_release(&out);
}

Test(transcript, an_empty_body_is_no_news, .timeout = 10)
{
    json_t *request = parsed("{\"head\":\"H\\n\",\"body_size\":0}");
    struct bytes out = {0};

    transcript_request(request, &out);
    cr_expect_str_eq(out.data, "H\n");
    json_decref(request);
    bytes_release(&out);
}

Test(transcript, each_line_has_its_direction, .timeout = 10)
{
    json_t *exchange = parsed(EXCHANGE("1", "{}"));
    struct bytes out = {0};

    transcript_exchange(exchange, &out);
    cr_expect_str_eq(out.data, "> POST / HTTP/1.1\n"
                               "> \n"
                               "> [body of 3 bytes, SHA-256 ab]\n"
                               "< HTTP/1.1 200\n"
                               "< Content-Type: t\n"
                               "< \n"
                               "< the body\n");
    json_decref(exchange);
    bytes_release(&out);
}
