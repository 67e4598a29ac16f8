/*
 * e2e_routing: paths, methods, targets, content types, and the order of the
 * first checks (docs/contract.md sections 1, 2 and 6).
 */
#include "expect.h"

#include <strings.h>

static struct reply send_to(const struct server *s, const char *method,
                            const char *target)
{
    struct request q = request_good(GETFOUR);

    q.method = method;
    q.target = target;
    return send_request(s, &q);
}

Test(e2e_routing, an_unknown_path_is_404_with_3, .timeout = 10)
{
    static const char *const targets[] = {"/",
                                          "/face",
                                          "/face/",
                                          "/face/livegetfour/",
                                          "/face/livegetfourx",
                                          "/face/LIVEGETFOUR",
                                          "//face/livegetfour",
                                          "/face/livegetfour%00",
                                          "/x?/face/livegetfour"};
    struct server s;

    server_start(&s, NULL);
    for (size_t i = 0; i < sizeof(targets) / sizeof(targets[0]); i++) {
        struct reply r = send_to(&s, "POST", targets[i]);

        expect_answer(&r, 404, 3);
        r = send_to(&s, "GET", targets[i]);
        expect_answer(&r, 404, 3);
    }
    server_stop(&s);
}

Test(e2e_routing, another_method_is_405_and_says_which_is_allowed,
     .timeout = 10)
{
    static const char *const methods[] = {"GET",   "PUT",     "DELETE",
                                          "PATCH", "OPTIONS", "BREW"};
    static const char *const paths[] = {FOUR, PICTURE, GETFOUR};
    struct server s;

    server_start(&s, NULL);
    for (size_t i = 0; i < sizeof(methods) / sizeof(methods[0]); i++) {
        struct reply r = send_to(&s, methods[i], paths[i % 3]);

        expect_answer(&r, 405, 3);
        cr_expect_str_eq(reply_header(&r, "Allow"), "POST");
    }
    server_stop(&s);
}

Test(e2e_routing, a_get_without_a_body_is_405_too, .timeout = 10)
{
    struct server s;
    struct request q = {
        .method = "GET", .target = FOUR, .host = "x", .framing = FRAME_NONE};
    struct reply r;

    server_start(&s, NULL);
    r = send_request(&s, &q);
    expect_answer(&r, 405, 3);
    server_stop(&s);
}

Test(e2e_routing, route_and_method_come_before_the_body_size, .timeout = 20)
{
    struct server s;
    struct request q = request_good(GETFOUR);
    struct reply r;

    bytes_fill(&q.body, ' ', MAX_BODY + 1);
    q.authorization = NULL;
    q.target = "/nowhere";
    server_start(&s, NULL);
    r = send_request(&s, &q);
    expect_answer(&r, 404, 3);
    q.target = GETFOUR;
    q.method = "PUT";
    r = send_request(&s, &q);
    expect_answer(&r, 405, 3);
    server_stop(&s);
}

Test(e2e_routing, a_query_string_is_ignored, .timeout = 10)
{
    struct server s;
    struct reply r;

    server_start(&s, NULL);
    r = send_to(&s, "POST", GETFOUR "?a=b&c=/x");
    expect_success(&r);
    r = send_to(&s, "POST", GETFOUR "?");
    expect_success(&r);
    server_stop(&s);
}

Test(e2e_routing, a_target_in_absolute_form_is_understood, .timeout = 10)
{
    struct server s;
    struct reply r;

    server_start(&s, NULL);
    r = send_to(&s, "POST", "http://recognition.image.myqcloud.com" GETFOUR);
    expect_success(&r);
    r = send_to(&s, "POST",
                "http://service.image.myqcloud.com:80" GETFOUR "?x=1");
    expect_success(&r);
    r = send_to(&s, "POST", "http://service.image.myqcloud.com/nowhere");
    expect_answer(&r, 404, 3);
    server_stop(&s);
}

Test(e2e_routing, content_types_are_matched_leniently, .timeout = 10)
{
    static const char *const types[] = {
        "application/json",
        "Application/JSON",
        "\"application/json\"",
        "application/json;charset=utf-8",
        "application/json ; charset=\"UTF-8\"",
        "\"application/json\"; charset=utf-8",
    };
    struct server s;

    server_start(&s, NULL);
    for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
        struct request q = request_good(i % 2 ? GETFOUR : PICTURE);
        struct reply r;

        q.content_type = types[i];
        r = send_request(&s, &q);
        expect_success(&r);
    }
    server_stop(&s);
}

Test(e2e_routing, other_content_types_are_3, .timeout = 10)
{
    static const char *const types[] = {NULL,
                                        "",
                                        "text/plain",
                                        "application/jsonx",
                                        "application/x-www-form-urlencoded",
                                        "multipart/mixed; boundary=x",
                                        "json"};
    static const char *const paths[] = {FOUR, PICTURE, GETFOUR};
    struct server s;

    server_start(&s, NULL);
    for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
        for (size_t j = 0; j < 3; j++) {
            struct request q = request_good(paths[j]);
            struct reply r;

            q.content_type = types[i];
            r = send_request(&s, &q);
            expect_code(&r, 3);
        }
    }
    server_stop(&s);
}

Test(e2e_routing, each_endpoint_takes_only_its_own_content_types, .timeout = 10)
{
    struct server s;
    struct form f = form_four("true");
    struct reply r;

    server_start(&s, NULL);
    r = send_json(&s, FOUR, "{\"appid\":\"1000001\"}");
    expect_code(&r, 3);
    r = send_form(&s, GETFOUR, &f);
    expect_code(&r, 3);
    server_stop(&s);
}

Test(e2e_routing, the_signature_comes_before_the_content_type, .timeout = 10)
{
    struct server s;
    struct request q = request_good(GETFOUR);
    struct reply r;

    q.content_type = "text/plain";
    q.authorization = NULL;
    server_start(&s, NULL);
    r = send_request(&s, &q);
    expect_code(&r, 4);
    server_stop(&s);
}

Test(e2e_routing, replies_are_json_with_a_length_on_a_kept_connection,
     .timeout = 10)
{
    struct server s;
    struct request q = request_good(GETFOUR);
    struct reply r;
    const char *connection;

    server_start(&s, NULL);
    r = send_request(&s, &q);
    expect_success(&r);
    cr_expect(ne(ptr, (void *)reply_header(&r, "Content-Length"), NULL));
    connection = reply_header(&r, "Connection");
    cr_expect(connection == NULL || strcasecmp(connection, "close") != 0);
    server_stop(&s);
}

Test(e2e_routing, connection_close_is_honoured, .timeout = 10)
{
    struct server s;
    struct client c;
    struct request q = request_good(GETFOUR);
    struct reply r;

    q.headers = "Connection: close\r\n";
    server_start(&s, NULL);
    client_open(&c, &s);
    r = client_exchange(&c, &q);
    expect_success(&r);
    cr_expect(client_is_closed_by_server(&c), "the connection stays open");
    client_close(&c);
    server_stop(&s);
}

/* Every code of docs/contract.md section 1's list, and codes below zero. */
Test(e2e_routing, http_status_can_be_mapped, .timeout = 10)
{
    static const struct {
        int code, http;
    } cases[] = {{3, 400},   {5, 400},   {21, 400},   {4, 401},  {6, 401},
                 {9, 401},   {10, 401},  {11, 401},   {12, 401}, {13, 401},
                 {14, 401},  {16, 404},  {15, 429},   {23, 413}, {107, 503},
                 {108, 503}, {213, 500}, {-5805, 200}};
    struct server s;
    struct request q = request_good(GETFOUR);
    struct reply r;

    server_start(&s, "--http-status=mapped", NULL);
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        r = send_fault(&s, GETFOUR, format("%d", cases[i].code));
        expect_answer(&r, cases[i].http, cases[i].code);
    }
    r = send_request(&s, &q);
    expect_success(&r);
    q.authorization = NULL;
    r = send_request(&s, &q);
    expect_answer(&r, 401, 4);
    server_stop(&s);
}

Test(e2e_routing, http_status_is_200_unless_mapped, .timeout = 10)
{
    struct server s;
    struct request q = request_good(GETFOUR);
    struct reply r;

    q.authorization = NULL;
    server_start(&s, "--http-status=200", NULL);
    r = send_request(&s, &q);
    expect_code(&r, 4);
    server_stop(&s);
}
