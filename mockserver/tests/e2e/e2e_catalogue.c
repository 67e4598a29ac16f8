/*
 * e2e_catalogue: every code of the catalogue, on every endpoint, brought
 * about by every source a client has, lands where docs/contract.md section 7
 * places it. Many assertions share one connection.
 */
#include "expect.h"

#include <string.h>

#include "error_codes.h"

static const char *const paths[] = {FOUR, PICTURE, GETFOUR};

/* The message beside the code: its row's English phrase. */
static void expect_phrase(const struct reply *r, int code)
{
    const cJSON *item = cJSON_GetObjectItem(r->json, "message");
    const cJSON *live = reply_data(r, "live_status");
    const cJSON *compare = reply_data(r, "compare_status");

    if (live && live->valueint == code)
        item = reply_data(r, "live_msg");
    else if (compare && compare->valueint == code)
        item = reply_data(r, "compare_msg");
    cr_expect_str_eq(cJSON_GetStringValue(item),
                     error_message(code, LANGUAGE_EN));
}

static void exchange_code(struct client *c, struct request *q, const char *path,
                          bool compare, int code)
{
    struct reply r = client_exchange(c, q);

    expect_placed(&r, path, compare, code);
    expect_phrase(&r, code);
    reply_release(&r);
    bytes_release(&q->body);
}

static struct request request_for(const char *path, bool compare)
{
    struct form f = form_four(compare ? "true" : "false");

    return strcmp(path, FOUR) == 0 ? request_form(path, &f)
                                   : request_good(path);
}

Test(e2e_catalogue, has_the_published_codes_and_five_more, .timeout = 10)
{
    cr_expect(eq(sz, error_table_len, 44 + 5));
}

Test(e2e_catalogue, by_header, .timeout = 30)
{
    struct server s;
    struct client c;

    server_start(&s, NULL);
    client_open(&c, &s);
    for (size_t i = 0; i < 4 * error_table_len; i++) {
        const char *path = paths[i % 4 % 3]; /* livedetectfour twice */
        bool compare = i % 4 == 0;
        int code = error_table[i / 4].code;
        struct request q = request_for(path, compare);

        q.headers = format("X-Mock-Fault: %d\r\n", code);
        exchange_code(&c, &q, path, compare, code);
    }
    client_close(&c);
    server_stop(&s);
}

Test(e2e_catalogue, by_seq_of_livedetectfour, .timeout = 30)
{
    struct server s;
    struct client c;

    server_start(&s, NULL);
    client_open(&c, &s);
    for (size_t i = 0; i < 2 * error_table_len; i++) {
        bool compare = i % 2 == 0;
        int code = error_table[i / 2].code;
        struct form f = form_four(compare ? "true" : "false");
        struct request q;

        form_set(&f, "seq", format("mock-fault:%d", code));
        q = request_form(FOUR, &f);
        exchange_code(&c, &q, FOUR, compare, code);
    }
    client_close(&c);
    server_stop(&s);
}

Test(e2e_catalogue, by_seq_of_livegetfour, .timeout = 30)
{
    struct server s;
    struct client c;

    server_start(&s, NULL);
    client_open(&c, &s);
    for (size_t i = 0; i < error_table_len; i++) {
        int code = error_table[i].code;
        struct request q = request_json(
            GETFOUR,
            format("{\"appid\":\"1000001\",\"seq\":\"mock-fault:%d\"}", code));

        exchange_code(&c, &q, GETFOUR, false, code);
    }
    client_close(&c);
    server_stop(&s);
}

Test(e2e_catalogue, by_marker_in_the_video, .timeout = 30)
{
    struct server s;
    struct client c;

    server_start(&s, NULL);
    client_open(&c, &s);
    for (size_t i = 0; i < 2 * error_table_len; i++) {
        bool compare = i % 2 == 0;
        int code = error_table[i / 2].code;
        struct form f = form_four(compare ? "true" : "false");
        struct request q;

        form_set(&f, "video", format("....mock-fault:%d;....", code));
        q = request_form(FOUR, &f);
        exchange_code(&c, &q, FOUR, compare, code);
    }
    client_close(&c);
    server_stop(&s);
}

Test(e2e_catalogue, by_marker_in_the_card, .timeout = 30)
{
    struct server s;
    struct client c;

    server_start(&s, NULL);
    client_open(&c, &s);
    for (size_t i = 0; i < error_table_len; i++) {
        int code = error_table[i].code;
        struct form f = form_four("true");
        struct request q;

        form_set(&f, "card", format("\xff\xd8\xff mock-fault:%d;", code));
        q = request_form(FOUR, &f);
        exchange_code(&c, &q, FOUR, true, code);
    }
    client_close(&c);
    server_stop(&s);
}

Test(e2e_catalogue, by_marker_in_the_image, .timeout = 30)
{
    struct server s;
    struct client c;

    server_start(&s, NULL);
    client_open(&c, &s);
    for (size_t i = 0; i < 2 * error_table_len; i++) {
        int code = error_table[i / 2].code;
        const char *data = format("\xff\xd8\xff mock-fault:%d;", code);
        struct form f = form_picture();
        struct request q;

        form_set(&f, "image", data);
        q = request_form(PICTURE, &f);
        if (i % 2)
            q = request_json(PICTURE,
                             format("{\"appid\":\"1000001\",\"image\":\"%s\"}",
                                    base64(data, strlen(data))));
        exchange_code(&c, &q, PICTURE, false, code);
    }
    client_close(&c);
    server_stop(&s);
}

Test(e2e_catalogue, by_marker_in_the_url, .timeout = 30)
{
    struct server s;
    struct client c;

    server_start(&s, NULL);
    client_open(&c, &s);
    for (size_t i = 0; i < error_table_len; i++) {
        int code = error_table[i].code;
        struct request q =
            request_json(PICTURE, format("{\"appid\":\"1000001\",\"url\":"
                                         "\"http://a.b/mock-fault:%d;.jpg\"}",
                                         code));

        exchange_code(&c, &q, PICTURE, false, code);
    }
    client_close(&c);
    server_stop(&s);
}

Test(e2e_catalogue, by_option, .timeout = 60)
{
    for (size_t i = 0; i < error_table_len; i++) {
        int code = error_table[i].code;
        struct server s;
        struct client c;

        server_start(&s, format("--fault=%d", code), NULL);
        client_open(&c, &s);
        for (size_t j = 0; j < 4; j++) {
            bool compare = j == 0;
            struct request q = request_for(paths[j % 3], compare);

            exchange_code(&c, &q, paths[j % 3], compare, code);
        }
        client_close(&c);
        server_stop(&s);
    }
}
