#include "render.h"

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
    x->endpoint = &endpoint_livedetectpicture;
}

static void end(void)
{
    exchange_free(x);
}

TestSuite(render, .init = begin, .fini = end, .timeout = 10);

static void set_flag(const char *flag)
{
    x->endpoint = &endpoint_livedetectfour;
    x->body.values[PARAM_COMPARE_FLAG] = (struct param_value){
        .form = PARAM_TEXT, .text = flag, .text_len = strlen(flag)};
}

static void expect_body(const char *expected)
{
    strbuf_reset(&x->reply.body);
    cr_assert_eq(render(x, &settings), 0);
    cr_expect_str_eq(x->reply.body.buf, expected, "%s\n  expected %s",
                     x->reply.body.buf, expected);
}

static void expect_status(int status)
{
    strbuf_reset(&x->reply.body);
    cr_assert_eq(render(x, &settings), 0);
    cr_expect_eq(x->reply.http_status, status, "%d", x->reply.http_status);
}

Test(render, success_has_data_code_and_message, .timeout = 10)
{
    expect_body("{\"data\":{\"score\":95},\"code\":0,\"message\":\"OK\"}");
    cr_expect_eq(x->reply.http_status, 200);
    cr_expect_str_eq(x->reply.content_type, "application/json");
    cr_expect_eq(x->reply.allow, NULL);
}

Test(render, an_error_on_top_has_no_data, .timeout = 10)
{
    x->decision.code = 9;
    expect_body("{\"code\":9,\"message\":\"signature expired\"}");
    set_flag("true");
    expect_body("{\"code\":9,\"message\":\"signature expired\"}");
    x->endpoint = &endpoint_livegetfour;
    expect_body("{\"code\":9,\"message\":\"signature expired\"}");
}

Test(render, without_an_endpoint_there_is_no_data, .timeout = 10)
{
    x->endpoint = NULL;
    x->decision.code = 3;
    expect_body("{\"code\":3,\"message\":\"bad request\"}");
}

Test(render, a_video_alone_has_two_fields, .timeout = 10)
{
    set_flag("false");
    expect_body("{\"data\":{\"live_status\":0,\"live_msg\":\"OK\"},"
                "\"code\":0,\"message\":\"OK\"}");
}

Test(render, a_failed_comparison_has_four_fields, .timeout = 10)
{
    set_flag("true");
    x->decision.code = -4018;
    x->decision.place = PLACE_COMPARE_STATUS;
    expect_body("{\"data\":{\"live_status\":0,\"live_msg\":\"OK\","
                "\"compare_status\":-4018,"
                "\"compare_msg\":\"card photo decoding failed\"},"
                "\"code\":0,\"message\":\"OK\"}");
}

Test(render, failed_liveness_fails_the_comparison_too, .timeout = 10)
{
    set_flag("true");
    x->decision.code = -5001;
    x->decision.place = PLACE_LIVE_STATUS;
    expect_body("{\"data\":{\"live_status\":-5001,"
                "\"live_msg\":\"invalid video\",\"compare_status\":-5001,"
                "\"compare_msg\":\"invalid video\"},"
                "\"code\":0,\"message\":\"OK\"}");
    set_flag("false");
    expect_body("{\"data\":{\"live_status\":-5001,"
                "\"live_msg\":\"invalid video\"},"
                "\"code\":0,\"message\":\"OK\"}");
}

Test(render, a_comparison_that_was_not_asked_for_cannot_carry_a_code,
     .timeout = 10)
{
    set_flag("false");
    x->decision.code = -4018;
    x->decision.place = PLACE_COMPARE_STATUS;
    expect_body("{\"code\":-4018,\"message\":\"card photo decoding failed\"}");
}

Test(render, messages_can_be_chinese, .timeout = 10)
{
    settings.language = LANGUAGE_ZH;
    x->decision.code = 9;
    expect_body("{\"code\":9,\"message\":\"签名过期\"}");
    set_flag("false");
    x->decision.code = -5001;
    x->decision.place = PLACE_LIVE_STATUS;
    expect_body("{\"data\":{\"live_status\":-5001,\"live_msg\":\"视频无效\"},"
                "\"code\":0,\"message\":\"OK\"}");
}

Test(render, a_message_of_the_decision_is_escaped, .timeout = 10)
{
    x->decision.code = 21;
    x->decision.message = "a \"b\" \\ \n \xff";
    expect_body("{\"code\":21,\"message\":\"a \\\"b\\\" \\\\ \\n \xef\xbf\xbd"
                "\"}");
}

Test(render, an_unlisted_code_has_a_fixed_message, .timeout = 10)
{
    x->decision.code = -9999;
    expect_body("{\"code\":-9999,\"message\":\"unlisted code\"}");
}

Test(render, four_digits_keep_their_zeros, .timeout = 10)
{
    x->endpoint = &endpoint_livegetfour;
    x->random = 20007;
    expect_body("{\"data\":{\"validate_data\":\"0007\"},\"code\":0,"
                "\"message\":\"OK\"}");
    x->random = UINT64_MAX;
    expect_body("{\"data\":{\"validate_data\":\"1615\"},\"code\":0,"
                "\"message\":\"OK\"}");
}

/* the HTTP status */

Test(render, the_status_is_200_unless_mapped, .timeout = 10)
{
    x->decision.code = 23;
    expect_status(200);
    settings.mapped_status = true;
    expect_status(413);
    x->decision.code = 0;
    expect_status(200);
    x->decision.code = -9999;
    expect_status(200);
}

Test(render, a_status_of_the_decision_comes_first, .timeout = 10)
{
    settings.mapped_status = true;
    x->decision.code = 23;
    x->decision.http_status = 404;
    expect_status(404);
}

Test(render, what_405_allows_is_told, .timeout = 10)
{
    x->failed_http_status = 405;
    expect_status(200);
    cr_expect_str_eq(x->reply.allow, "POST");
}

/* transport faults that are seen in the bytes */

Test(render, html_502_is_no_json, .timeout = 10)
{
    x->decision.transport = TRANSPORT_HTML_502;
    expect_status(502);
    cr_expect_str_eq(x->reply.content_type, "text/html");
    cr_expect(strstr(x->reply.body.buf, "<h1>502 Bad Gateway</h1>") != NULL);
    x->decision.http_status = 503;
    expect_status(503);
}

Test(render, empty_body_has_no_bytes, .timeout = 10)
{
    x->decision.transport = TRANSPORT_EMPTY_BODY;
    expect_body("");
    cr_expect_eq(x->reply.http_status, 200);
}

Test(render, malformed_json_lacks_its_last_brace, .timeout = 10)
{
    x->decision.transport = TRANSPORT_MALFORMED_JSON;
    expect_body("{\"data\":{\"score\":95},\"code\":0,\"message\":\"OK\"");
}

Test(render, other_transport_faults_keep_the_reply, .timeout = 10)
{
    static const enum fault_transport kinds[] = {
        TRANSPORT_DRIBBLE, TRANSPORT_TRUNCATED_BODY, TRANSPORT_MALFORMED_CHUNK};

    for (size_t i = 0; i < LENGTH(kinds); i++) {
        x->decision.transport = kinds[i];
        expect_body("{\"data\":{\"score\":95},\"code\":0,\"message\":\"OK\"}");
    }
}

Test(render, a_reply_without_room_is_a_failure, .timeout = 10)
{
    strbuf_init(&x->reply.body, 20);
    cr_expect_eq(render(x, &settings), -1);
    x->decision.transport = TRANSPORT_MALFORMED_JSON;
    strbuf_release(&x->reply.body);
    strbuf_init(&x->reply.body, 0);
    cr_expect_eq(render(x, &settings), -1);
}
