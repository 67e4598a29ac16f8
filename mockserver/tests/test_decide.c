#include "decide.h"

#include <string.h>
#include <criterion/criterion.h>
#include "endpoints.h"
#include "support.h"

static struct settings settings;
static struct exchange *x;

static void begin(void)
{
    settings_init(&settings);
    x = exchange_new();
    cr_assert(x != NULL);
    x->endpoint = &endpoint_livedetectfour;
}

static void end(void)
{
    exchange_free(x);
}

TestSuite(decide, .init = begin, .fini = end, .timeout = 10);

static void set_text(enum param_id id, const char *text)
{
    x->body.values[id] = (struct param_value){
        .form = PARAM_TEXT, .text = text, .text_len = strlen(text)};
}

/* A file part whose end was seen, after those there are. */
static void add_file(struct part *part, const char *head)
{
    *part = (struct part){
        .param = PARAM_VIDEO,
        .is_file = true,
        .is_complete = true,
        .file = {.size = strlen(head),
                 .head = (const unsigned char *)head,
                 .head_len = strlen(head)},
    };
    if (x->body.last)
        x->body.last->next = part;
    else
        x->body.first = part;
    x->body.last = part;
    x->body.kind = BODY_MULTIPART;
}

static void expect_fault(enum fault_source source, int code)
{
    decide_fault(x, &settings, NULL, DECIDE_AT_END);
    cr_expect_eq(x->fault_source, source, "from %s, expected %s",
                 fault_source_name(x->fault_source), fault_source_name(source));
    cr_expect_eq(x->fault.code, code);
    cr_expect_eq(x->fault_problem, NULL, "%s", x->fault_problem);
}

/* decide_fault() */

Test(decide, without_any_source_there_is_no_fault, .timeout = 10)
{
    expect_fault(FAULT_FROM_NOWHERE, 0);
    cr_expect_not(x->fault.has_code);
}

Test(decide, sources_are_asked_strongest_first, .timeout = 10)
{
    struct part part;

    settings.has_fault = true;
    settings.fault = (struct fault){.has_code = true, .code = 16};
    expect_fault(FAULT_FROM_OPTION, 16);
    set_text(PARAM_URL, "http://a/?mock-fault:14;");
    expect_fault(FAULT_FROM_URL, 14);
    add_file(&part, "mock-fault:13;");
    expect_fault(FAULT_FROM_FILE, 13);
    set_text(PARAM_SEQ, "mock-fault:12");
    expect_fault(FAULT_FROM_SEQ, 12);
    x->request.fault = "11";
    expect_fault(FAULT_FROM_HEADER, 11);
}

Test(decide, a_stronger_source_replaces_all_of_a_weaker_fault, .timeout = 10)
{
    settings.has_fault = true;
    settings.fault = (struct fault){.delay_ms = 7, .http_status = 500};
    x->request.fault = "9";
    expect_fault(FAULT_FROM_HEADER, 9);
    cr_expect_eq(x->fault.delay_ms, 0);
    cr_expect_eq(x->fault.http_status, 0);
}

Test(decide, request_triggers_can_be_switched_off, .timeout = 10)
{
    x->request.fault = "11";
    set_text(PARAM_SEQ, "mock-fault:12");
    settings.request_triggers = false;
    expect_fault(FAULT_FROM_NOWHERE, 0);
    settings.has_fault = true;
    settings.fault = (struct fault){.has_code = true, .code = 16};
    expect_fault(FAULT_FROM_OPTION, 16);
}

Test(decide, of_several_files_the_first_marker_counts, .timeout = 10)
{
    struct part parts[3];

    add_file(&parts[0], "no marker");
    add_file(&parts[1], "mock-fault:13;");
    add_file(&parts[2], "mock-fault:14;");
    expect_fault(FAULT_FROM_FILE, 13);
}

Test(decide, a_marker_in_text_parts_is_no_fault, .timeout = 10)
{
    struct part part;

    add_file(&part, "mock-fault:13;");
    part.is_file = false;
    expect_fault(FAULT_FROM_NOWHERE, 0);
}

Test(decide, a_file_is_looked_at_when_its_head_is_whole, .timeout = 10)
{
    static char head[FAULT_FILE_WINDOW + 1];
    struct part part;

    add_file(&part, "mock-fault:13;");
    part.is_complete = false;
    expect_fault(FAULT_FROM_NOWHERE, 0);
    memset(head, '.', FAULT_FILE_WINDOW);
    memcpy(head, "mock-fault:13;", 14);
    part.file.head = (const unsigned char *)head;
    part.file.head_len = FAULT_FILE_WINDOW;
    expect_fault(FAULT_FROM_FILE, 13);
}

Test(decide, an_image_in_json_counts_as_a_file, .timeout = 10)
{
    x->body.kind = BODY_JSON;
    x->body.values[PARAM_IMAGE].form = PARAM_FILE;
    x->body.values[PARAM_IMAGE].file = (struct upload){
        .size = 14,
        .head = (const unsigned char *)"mock-fault:13;",
        .head_len = 14,
    };
    expect_fault(FAULT_FROM_FILE, 13);
}

Test(decide, after_a_refusal_on_headers_the_body_is_not_asked, .timeout = 10)
{
    struct part part;

    add_file(&part, "mock-fault:13;");
    set_text(PARAM_SEQ, "mock-fault:12");
    set_text(PARAM_URL, "mock-fault:14;");
    x->refused_on_headers = true;
    expect_fault(FAULT_FROM_NOWHERE, 0);
    x->request.fault = "11";
    expect_fault(FAULT_FROM_HEADER, 11);
}

Test(decide, no_endpoint_or_no_call_means_no_fault, .timeout = 10)
{
    x->request.fault = "11";
    settings.has_fault = true;
    x->failed_http_status = 405;
    expect_fault(FAULT_FROM_NOWHERE, 0);
    x->failed_http_status = 0;
    x->endpoint = NULL;
    expect_fault(FAULT_FROM_NOWHERE, 0);
}

static void expect_problem(const char *problem)
{
    decide_fault(x, &settings, NULL, DECIDE_AT_END);
    cr_assert(x->fault_problem != NULL, "no problem, expected %s", problem);
    cr_expect(strstr(x->fault_problem, problem) != NULL, "%s\n  expected %s",
              x->fault_problem, problem);
    decide(x);
    cr_expect_eq(x->decision.code, 21);
    cr_expect_eq(x->decision.place, PLACE_CODE);
    cr_expect(x->decision.message == x->fault_problem);
}

Test(decide, a_spec_that_does_not_parse_becomes_21, .timeout = 10)
{
    x->request.fault = "";
    expect_problem("fault spec \"\" is empty");
    x->request.fault = "9,10";
    expect_problem("fault spec \"9,10\"");
    x->request.fault = NULL;
    set_text(PARAM_SEQ, "mock-fault:oops");
    expect_problem("fault spec \"oops\"");
}

Test(decide, a_marker_without_its_end_becomes_21, .timeout = 10)
{
    struct part part;

    add_file(&part, "mock-fault:9");
    expect_problem("fault spec \"9\" in file is not followed by \";\"");
    x->body.first = x->body.last = NULL;
    set_text(PARAM_URL, "mock-fault:10\n");
    expect_problem("fault spec \"10\\n\" in url is not followed by \";\"");
}

Test(decide, a_problem_is_forgotten_when_a_stronger_source_is_right,
     .timeout = 10)
{
    set_text(PARAM_SEQ, "mock-fault:oops");
    expect_problem("\"oops\"");
    x->request.fault = "9";
    expect_fault(FAULT_FROM_HEADER, 9);
    decide(x);
    cr_expect_eq(x->decision.code, 9);
}

/* decide() */

Test(decide, the_natural_outcome_is_that_of_the_handler, .timeout = 10)
{
    x->natural_code = -4018;
    decide(x);
    cr_expect_eq(x->decision.code, -4018);
    cr_expect_eq(x->decision.place, PLACE_COMPARE_STATUS);
    cr_expect_eq(x->decision.message, NULL);
    cr_expect_eq(x->decision.http_status, 0);
    cr_expect_eq(x->decision.transport, TRANSPORT_NONE);
}

Test(decide, a_failed_check_comes_before_the_handler, .timeout = 10)
{
    x->natural_code = -4018;
    x->failed = ERR_BAD_REQUEST;
    x->failed_message = "own";
    x->failed_http_status = 404;
    decide(x);
    cr_expect_eq(x->decision.code, 3);
    cr_expect_eq(x->decision.place, PLACE_CODE);
    cr_expect_str_eq(x->decision.message, "own");
    cr_expect_eq(x->decision.http_status, 404);
}

Test(decide, a_code_replaces_the_natural_outcome_and_its_message, .timeout = 10)
{
    x->failed = ERR_BAD_REQUEST;
    x->failed_message = "own";
    x->fault = (struct fault){.has_code = true, .code = -5007};
    decide(x);
    cr_expect_eq(x->decision.code, -5007);
    cr_expect_eq(x->decision.place, PLACE_LIVE_STATUS);
    cr_expect_eq(x->decision.message, NULL);
}

Test(decide, code_0_makes_a_success_of_a_failure, .timeout = 10)
{
    x->failed = ERR_BAD_REQUEST;
    x->fault = (struct fault){.has_code = true, .code = 0};
    decide(x);
    cr_expect_eq(x->decision.code, 0);
}

Test(decide, a_place_that_was_written_counts, .timeout = 10)
{
    x->fault = (struct fault){.has_code = true,
                              .code = -5007,
                              .has_place = true,
                              .place = PLACE_CODE};
    decide(x);
    cr_expect_eq(x->decision.place, PLACE_CODE);
}

Test(decide, an_unlisted_code_is_on_top, .timeout = 10)
{
    x->fault = (struct fault){.has_code = true, .code = -9999};
    decide(x);
    cr_expect_eq(x->decision.code, -9999);
    cr_expect_eq(x->decision.place, PLACE_CODE);
}

Test(decide, delay_status_and_transport_leave_the_outcome_alone, .timeout = 10)
{
    x->failed = ERR_BAD_REQUEST;
    x->failed_message = "own";
    x->fault = (struct fault){
        .delay_ms = 5, .http_status = 502, .transport = TRANSPORT_DRIBBLE};
    decide(x);
    cr_expect_eq(x->decision.code, 3);
    cr_expect_str_eq(x->decision.message, "own");
    cr_expect_eq(x->decision.delay_ms, 5);
    cr_expect_eq(x->decision.http_status, 502);
    cr_expect_eq(x->decision.transport, TRANSPORT_DRIBBLE);
}
