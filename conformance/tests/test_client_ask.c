#include "client_ask.h"

#include <stdlib.h>
#include <string.h>
#include <criterion/criterion.h>

#include "lender.h"
#include "scratch.h"

TestSuite(client_ask, .init = scratch_make, .fini = scratch_remove);

/* One call to one client. */
struct asking {
    struct lender lender;
    struct result result;
    struct client_call call;
    json_t *test_case, *answer;
    char *failures; /* a line each */
    char *problems; /* of the keeper */
};

static char *join(const json_t *lines)
{
    struct bytes text = {0};
    const json_t *line;
    size_t i;

    bytes_text(&text, "");
    json_array_foreach(lines, i, line)
    {
        bytes_format(&text, "%s\n", json_string_value(line));
    }
    return text.data;
}

static void ask(struct asking *a, const char *client, int timeout_ms)
{
    struct client_check check = {
        .config = &a->lender.config,
        .result = &a->result,
        .label = "",
        .call = &a->call,
        .credentials = {"1", NULL, "id", "key"},
    };
    struct lease *lease;
    bool broken = false;
    char *why = lender_start(&a->lender, client);

    cr_assert(why == NULL, "%s", why);
    a->test_case = json_object();
    result_init(&a->result, a->test_case);
    a->call = (struct client_call){
        .id = format("a-case"),
        .endpoint = "livegetfour",
        .params = json_object(),
        .timeout_ms = timeout_ms,
    };
    lease = lease_open(&a->lender.config, "a-case", NULL, &why);
    cr_assert(lease != NULL, "%s", why);
    a->answer = client_ask(&check, &lease, &broken);
    if (lease)
        client_part(&a->result, lease, broken);
    a->failures = join(a->result.failures);
    a->problems = lender_stop(&a->lender);
}

static void release(struct asking *a)
{
    json_decref(a->answer);
    json_decref(a->test_case);
    result_release(&a->result);
    client_call_release(&a->call);
    free(a->failures);
    free(a->problems);
}

/* The client fails the case with exactly these words somewhere. */
static void expect_failure(const char *client, int timeout_ms,
                           const char *words)
{
    struct asking a;

    ask(&a, client, timeout_ms);
    cr_expect(strstr(a.failures, words) != NULL, "expected \"%s\", got \"%s\"",
              words, a.failures);
    release(&a);
}

Test(client_ask, an_answer_is_taken, .timeout = 30)
{
    struct asking a;

    ask(&a, GOOD_CLIENT, 5000);
    cr_expect(a.answer != NULL);
    cr_expect_str_eq(a.failures, "");
    cr_expect_str_eq(a.problems, "");
    release(&a);
}

Test(client_ask, a_client_that_dies_tells_how, .timeout = 30)
{
    expect_failure(CLIENT("echo no memory >&2; exit 3", "exit 0"), 5000,
                   "ms after the call without an answer (exit status 3); its "
                   "stderr ends: \"no memory\"\n");
    expect_failure(CLIENT("kill -SEGV $$", "exit 0"), 5000,
                   "without an answer (signal 11 (SIGSEGV))\n");
}

Test(client_ask, half_an_answer_is_none, .timeout = 30)
{
    expect_failure(CLIENT("printf %s '{\"id\":\"a-case\"'; exit 0", "exit 0"),
                   5000,
                   "behaviour: expected the answer to \"a-case\", got the "
                   "line: {\"id\":\"a-case\"\n");
}

Test(client_ask, silence_ends_soon_after_the_time_limit, .timeout = 30)
{
    expect_failure(CLIENT(":", "exit 0"), 50,
                   "the time limit of the call being 50 ms\n");
}

Test(client_ask, a_line_that_is_no_answer_is_told_once, .timeout = 30)
{
    struct asking a;

    ask(&a, CLIENT("echo hello; echo hello; " SAY(ANSWER), "exit 0"), 5000);
    cr_expect(a.answer != NULL);
    cr_expect_str_eq(a.failures,
                     "behaviour: expected the answer to \"a-case\", got the "
                     "line: hello\n");
    cr_expect_str_eq(a.result.trace.data, "stray < hello\n");
    release(&a);
}

Test(client_ask, an_answer_that_cannot_be_read_tells_why, .timeout = 30)
{
    expect_failure(CLIENT("echo '{\"id\":\"a-case\",}'", "exit 0"), 50,
                   "behaviour: that line: expected one JSON object in UTF-8, "
                   "got \"{\"id\":\"a-case\",}\" (");
}

Test(client_ask, the_answer_to_another_call_is_none, .timeout = 30)
{
    expect_failure(CLIENT("echo '{\"id\":\"b\",\"skipped\":true}'", "exit 0"),
                   50,
                   "expected the answer to \"a-case\", got the line: "
                   "{\"id\":\"b\",\"skipped\":true}\n");
}

Test(client_ask, an_answer_that_is_none_of_the_protocol_tells_why,
     .timeout = 30)
{
    expect_failure(CLIENT("echo '{\"id\":\"a-case\",\"outcome\":"
                          "{\"kind\":\"api\",\"http\":200,\"code\":\"0\","
                          "\"message\":\"\"}}'",
                          "exit 0"),
                   5000,
                   "behaviour: the answer is not as the protocol wants it: "
                   "outcome.code: expected an integer, got \"0\"\n");
}

Test(client_ask, a_second_answer_is_one_too_many, .timeout = 30)
{
    expect_failure(CLIENT("printf '%s\\n' '" ANSWER "' '" ANSWER "'", "exit 0"),
                   5000, "behaviour: expected one answer, got after it: {");
}

Test(client_ask, a_client_that_ends_after_its_answer_tells_how, .timeout = 30)
{
    struct asking a;

    ask(&a, CLIENT(SAY(ANSWER) "; exit 7", "exit 0"), 5000);
    /* The case sees it, or the keeper, when it took a little longer. */
    cr_expect(strstr(a.failures, "exit status 7") ||
                  strstr(a.problems, "exit status 7"),
              "got \"%s\" and \"%s\"", a.failures, a.problems);
    release(&a);
}

Test(client_ask, lines_without_end_are_cut_off, .timeout = 30)
{
    expect_failure(CLIENT("exec yes", "exit 0"), 5000,
                   "got 1000 other lines\n");
}

Test(client_ask, a_line_without_end_is_cut_off, .timeout = 30)
{
    expect_failure(CLIENT("exec tr '\\0' x </dev/zero", "exit 0"), 5000,
                   "got a line of more than 16 MiB\n");
}
