#include "message.h"

#include <stdlib.h>
#include <string.h>
#include <criterion/criterion.h>

#include "json_of.h"
#include "scratch.h"

static void write_media(void)
{
    scratch_make();
    scratch_write("video.mp4", "....ftyp film");
    scratch_write("card.jpg", "\xff\xd8\xff card");
}

TestSuite(message, .init = write_media, .fini = scratch_remove, .timeout = 10);

static const struct config config = {
    .base_url = "http://127.0.0.1:8080",
    .media = {[MEDIA_VIDEO] = "video.mp4", [MEDIA_CARD] = "card.jpg"},
    .max_body = 5000,
};

static const struct credentials own = {
    .appid = "1000001",
    .bucket = "photos",
    .secret_id = "own-id",
    .secret_key = "own key",
};

static const struct credentials bucketless = {
    .appid = "1000002",
    .secret_id = "other-id",
    .secret_key = "other key",
};

static const struct signing_case with = {.own = &own, .other = &bucketless};

static enum media_outcome outcome_of(const char *request,
                                     struct message *message, char **why)
{
    json_t *json = json_of(request);
    enum media_outcome outcome =
        message_make(&config, json, &with, message, why);

    json_decref(json);
    return outcome;
}

static struct message made(const char *request)
{
    struct message message;
    char *why = NULL;

    cr_assert_eq(outcome_of(request, &message, &why), MEDIA_OK, "%s: %s",
                 request, why);
    return message;
}

static void expect_outcome(const char *request, enum media_outcome expected,
                           const char *part)
{
    struct message message;
    char *why = NULL;

    cr_expect_eq(outcome_of(request, &message, &why), expected, "%s", request);
    cr_expect(why && strstr(why, part), "%s: %s", request, why);
    message_release(&message);
    free(why);
}

static void expect_body(const char *request, const char *expected)
{
    struct message message = made(request);

    cr_expect_str_eq(message.body.data, expected, "%s: %s", request,
                     message.body.data);
    cr_expect_eq(message.body.len, strlen(expected));
    message_release(&message);
}

static void expect_head(const char *request, const char *expected)
{
    struct message message = made(request);

    cr_expect_str_eq(message.out.head.data, expected, "%s: %s", request,
                     message.out.head.data);
    message_release(&message);
}

/* Is this part of the body there? */
static bool has_in_body(const char *request, const char *part)
{
    struct message message = made(request);
    bool has =
        memmem(message.body.data, message.body.len, part, strlen(part)) != NULL;

    message_release(&message);
    return has;
}

#define JSON_FOUR "\"endpoint\":\"livedetectfour\",\"encoding\":\"json\""
#define GETFOUR "\"endpoint\":\"livegetfour\",\"signature\":\"S\""
/* The part of a form with a short boundary. */
#define FORM                                                                   \
    "\"endpoint\":\"livegetfour\",\"encoding\":\"multipart\","                 \
    "\"boundary\":\"B\""
#define NAME(name) "--B\r\nContent-Disposition: form-data; name=\"" name "\""
#define PART(name, value) NAME(name) "\r\n\r\n" value "\r\n"

Test(message, a_good_one_in_json_has_what_the_endpoint_needs)
{
    expect_body("{\"endpoint\":\"livegetfour\"}", "{\"appid\":\"1000001\"}");
    expect_body("{\"endpoint\":\"livedetectpicture\",\"encoding\":\"json\"}",
                "{\"appid\":\"1000001\","
                "\"url\":\"http://example.com/face.jpg\"}");
    expect_body("{" JSON_FOUR "}",
                "{\"appid\":\"1000001\",\"bucket\":\"photos\","
                "\"validate_data\":\"9532\",\"compare_flag\":\"true\","
                "\"video\":\"Li4uLmZ0eXAgZmlsbQ==\","
                "\"card\":\"/9j/IGNhcmQ=\"}");
}

Test(message, a_good_form_has_what_the_endpoint_needs)
{
    expect_body(
        "{\"endpoint\":\"livedetectfour\",\"boundary\":\"B\"}",
        PART("appid", "1000001") PART("bucket", "photos")
            PART("validate_data", "9532") PART("compare_flag", "true") NAME(
                "video") "; filename=\"video.mp4\"\r\n"
                         "Content-Type: video/mp4\r\n\r\n....ftyp film\r\n" NAME(
                             "card") "; filename=\"card.jpg\"\r\n"
                                     "Content-Type: image/jpeg\r\n\r\n\xff\xd8\xff card\r\n"
                                     "--B--\r\n");
    expect_body("{" FORM "}", PART("appid", "1000001") "--B--\r\n");
}

Test(message, an_account_without_buckets_sends_none)
{
    const struct signing_case without = {.own = &bucketless};
    json_t *request = json_of("{" JSON_FOUR ",\"omit\":[\"video\",\"card\"]}");
    struct message message;
    char *why = NULL;

    cr_assert_eq(message_make(&config, request, &without, &message, &why),
                 MEDIA_OK);
    cr_expect_str_eq(message.body.data,
                     "{\"appid\":\"1000002\",\"validate_data\":\"9532\","
                     "\"compare_flag\":\"true\"}");
    message_release(&message);
    json_decref(request);
}

Test(message, parameters_are_replaced_added_and_left_out)
{
    expect_body("{" JSON_FOUR ",\"omit\":[\"video\",\"card\",\"bucket\"],"
                "\"params\":{\"seq\":[1,{}],\"compare_flag\":false}}",
                "{\"appid\":\"1000001\",\"validate_data\":\"9532\","
                "\"compare_flag\":false,\"seq\":[1,{}]}");
}

Test(message, an_order_puts_names_first)
{
    expect_body("{" FORM ",\"params\":{\"a\":\"1\",\"b\":\"2\"},"
                "\"order\":[\"b\",\"nothing\",\"a\"]}",
                PART("b", "2") PART("a", "1")
                    PART("appid", "1000001") "--B--\r\n");
    expect_body("{\"endpoint\":\"livegetfour\",\"params\":{\"a\":\"1\"},"
                "\"order\":[\"a\"]}",
                "{\"a\":\"1\",\"appid\":\"1000001\"}");
}

Test(message, names_in_values_are_filled_in)
{
    expect_body("{\"endpoint\":\"livegetfour\",\"params\":{\"appid\":"
                "\"${other.appid}\",\"x\":\"<${bucket}>\"}}",
                "{\"appid\":\"1000002\",\"x\":\"<photos>\"}");
    expect_body("{" FORM ",\"params\":{\"appid\":\"${secret_id}\"}}",
                PART("appid", "own-id") "--B--\r\n");
}

Test(message, an_appid_can_be_a_number_in_json)
{
    expect_body("{\"endpoint\":\"livegetfour\",\"params\":{\"appid\":"
                "\"${appid:number}\"}}",
                "{\"appid\":1000001}");
}

Test(message, parameters_of_a_form_may_be_parts_and_lists)
{
    expect_body(
        "{" FORM ",\"params\":{\"appid\":[\"1\",{\"value\":2,"
        "\"filename\":\"f\",\"type\":\"t\"},{\"base64\":\"QUI=\","
        "\"headers\":[\"X: y\"]}],\"x\":{\"disposition\":\"d\"},"
        "\"y\":{\"disposition\":null,\"value\":\"v\"},\"z\":true}}",
        PART("appid", "1")
            NAME("appid") "; filename=\"f\"\r\nContent-Type: t\r\n\r\n2\r\n" NAME(
                "appid") "\r\nX: y\r\n\r\nAB\r\n"
                         "--B\r\nContent-Disposition: d\r\n\r\n\r\n"
                         "--B\r\n\r\nv\r\n" PART("z", "true") "--B--\r\n");
}

Test(message, files_may_be_anything_and_come_repeatedly)
{
    expect_body("{" FORM ",\"omit\":[\"appid\"],\"files\":{\"x\":["
                "{\"text\":\"a\",\"filename\":null,\"type\":null},"
                "{\"base64\":\"QUI=\",\"filename\":\"f\",\"type\":\"t\"}]}}",
                PART("x", "a") NAME(
                    "x") "; filename=\"f\"\r\nContent-Type: t\r\n\r\nAB\r\n"
                         "--B--\r\n");
}

Test(message, media_that_were_not_given_are_a_reason_to_skip)
{
    expect_outcome("{\"endpoint\":\"livedetectpicture\"}", MEDIA_NOT_GIVEN,
                   "no image was given");
    expect_outcome("{" JSON_FOUR ",\"files\":{\"card\":\"image\"}}",
                   MEDIA_NOT_GIVEN, "no image was given");
}

Test(message, a_case_that_is_wrong_is_told)
{
    expect_outcome("{" FORM ",\"files\":{\"x\":\"film\"}}", MEDIA_WRONG,
                   "expected video, card or image");
    expect_outcome("{" FORM ",\"params\":{\"x\":{\"base64\":\"QUI\"}}}",
                   MEDIA_WRONG, "base64: ");
    expect_outcome("{" FORM ",\"body\":{\"base64\":\"QUI\"}}", MEDIA_WRONG,
                   "base64: ");
    expect_outcome("{" FORM ",\"body\":{\"replace\":[\"colour\",\"x\"]}}",
                   MEDIA_WRONG, "nothing in the body reads \"colour\"");
}

Test(message, a_body_is_given_whole_changed_or_longer)
{
    expect_body("{" GETFOUR ",\"body\":\"<${appid}>\"}", "<1000001>");
    expect_body("{" GETFOUR ",\"body\":\"\"}", "");
    expect_body("{" GETFOUR ",\"body\":{\"base64\":\"QUI=\"}}", "AB");
    expect_body("{" GETFOUR ",\"body\":{\"replace\":[\"\\\"appid\",\"{\"]}}",
                "{{\":\"1000001\"}");
    expect_body("{" GETFOUR ",\"append\":\"x\"}", "{\"appid\":\"1000001\"}x");
    expect_body("{" GETFOUR ",\"body\":{\"base64\":\"QUI=\"},"
                "\"append\":\"x\"}",
                "ABx");
}

static void expect_size(const char *members, size_t expected)
{
    char *request = format("{%s}", members);
    struct message message = made(request);

    cr_expect_eq(message.body.len, expected, "%s: %zu", members,
                 message.body.len);
    message_release(&message);
    free(request);
}

Test(message, a_body_is_filled_up_to_its_size)
{
    expect_size("\"endpoint\":\"livedetectfour\",\"body_size\":3000", 3000);
    expect_size("\"endpoint\":\"livedetectfour\",\"body_size\":\"max_body\"",
                5000);
    expect_size("\"endpoint\":\"livedetectfour\",\"body_size\":\"max_body+1\"",
                5001);
    expect_size("\"endpoint\":\"livedetectfour\",\"body_size\":\"max_body-1\"",
                4999);
    expect_size("\"endpoint\":\"livegetfour\",\"body_size\":3000", 3000);
    cr_expect(has_in_body("{\"endpoint\":\"livegetfour\",\"body_size\":25}",
                          "\"}    "));
}

Test(message, a_size_that_cannot_be_made_is_told)
{
    expect_outcome("{\"endpoint\":\"livedetectfour\",\"body_size\":100}",
                   MEDIA_NOT_GIVEN, "the media are too long");
    expect_outcome("{" FORM ",\"body_size\":1000}", MEDIA_WRONG, "no file");
}

Test(message, a_head_has_the_fields_of_a_good_request)
{
    expect_head("{" GETFOUR "}", "POST /face/livegetfour HTTP/1.1\r\n"
                                 "Host: 127.0.0.1:8080\r\n"
                                 "Authorization: S\r\n"
                                 "Content-Type: application/json\r\n"
                                 "Content-Length: 19\r\n\r\n");
    expect_head("{" FORM ",\"signature\":null}",
                "POST /face/livegetfour HTTP/1.1\r\n"
                "Host: 127.0.0.1:8080\r\n"
                "Content-Type: multipart/form-data; boundary=B\r\n"
                "Content-Length: 69\r\n\r\n");
}

Test(message, a_head_is_as_the_case_says)
{
    expect_head("{" GETFOUR ",\"method\":\"PUT\",\"target\":\"/x?y\","
                "\"version\":\"HTTP/1.0\",\"host\":\"h\",\"content_type\":"
                "\"text/plain\",\"headers\":[[\"X-A\",\"${appid}\"],[\"X-A\","
                "\"\"]],\"drop\":[\"content-length\"]}",
                "PUT /x?y HTTP/1.0\r\n"
                "Host: h\r\n"
                "Authorization: S\r\n"
                "Content-Type: text/plain\r\n"
                "X-A: 1000001\r\n"
                "X-A: \r\n\r\n");
    expect_head("{" GETFOUR ",\"host\":null,\"content_type\":null,"
                "\"drop\":[\"AUTHORIZATION\"]}",
                "POST /face/livegetfour HTTP/1.1\r\n"
                "Content-Length: 19\r\n\r\n");
}

Test(message, fields_that_are_added_are_not_dropped)
{
    expect_head("{" GETFOUR ",\"drop\":[\"Host\"],\"headers\":[[\"Host\","
                "\"h\"]],\"content_type\":null}",
                "POST /face/livegetfour HTTP/1.1\r\n"
                "Authorization: S\r\n"
                "Content-Length: 19\r\n"
                "Host: h\r\n\r\n");
}

Test(message, a_good_signature_is_made_when_none_is_given)
{
    struct message message = made("{\"endpoint\":\"livegetfour\"}");
    char *line = format("\r\nAuthorization: %s\r\n", message.authorization);

    cr_expect(strlen(message.authorization) > 60);
    cr_expect(strstr(message.out.head.data, line) != NULL);
    free(line);
    message_release(&message);
}

Test(message, a_body_goes_in_chunks)
{
    struct message message =
        made("{" GETFOUR ",\"transfer\":\"chunked\",\"chunk\":17}");

    cr_expect(strstr(message.out.head.data,
                     "\r\nTransfer-Encoding: chunked\r\n") != NULL);
    cr_expect(strstr(message.out.head.data, "Content-Length") == NULL);
    cr_expect_str_eq(message.out.body.data, "11\r\n{\"appid\":\"1000001\r\n"
                                            "2\r\n\"}\r\n0\r\n\r\n");
    message_release(&message);
}

Test(message, chunks_are_of_8192_bytes_unless_told)
{
    struct message message =
        made("{" GETFOUR ",\"transfer\":\"chunked\",\"body_size\":8193}");

    cr_expect(strncmp(message.out.body.data, "2000\r\n", 6) == 0);
    cr_expect_str_eq(message.out.body.data + 6 + 8192,
                     "\r\n1\r\n \r\n0\r\n\r\n");
    message_release(&message);
}

Test(message, a_body_can_wait_for_a_100)
{
    struct message message = made("{" GETFOUR ",\"transfer\":\"expect\"}");

    cr_expect(strstr(message.out.head.data, "\r\nExpect: 100-continue\r\n") !=
              NULL);
    cr_expect(message.out.waits_for_100);
    cr_expect_str_eq(message.out.body.data, message.body.data);
    message_release(&message);
    message = made("{" GETFOUR "}");
    cr_expect(!message.out.waits_for_100);
    message_release(&message);
}

Test(message, a_raw_one_is_as_the_case_writes_it)
{
    struct message message = made(
        "{" GETFOUR ",\"raw\":\"X ${host} ${authorization} ${length} ${body}"
        " ${appid} ${bod\"}");

    cr_expect_str_eq(message.out.head.data,
                     "X 127.0.0.1:8080 S 19 {\"appid\":\"1000001\"} ${appid} "
                     "${bod");
    cr_expect_eq(message.out.body.len, 0);
    message_release(&message);
}

Test(message, a_raw_one_without_authorization_has_an_empty_text_for_it)
{
    expect_head("{\"endpoint\":\"livegetfour\",\"signature\":null,"
                "\"raw\":\"<${authorization}>\"}",
                "<>");
    expect_head("{" GETFOUR ",\"raw\":\"\"}", "");
}

Test(message, a_reply_to_head_has_no_body)
{
    struct message message = made("{" GETFOUR ",\"method\":\"HEAD\"}");

    cr_expect(message.out.is_head);
    message_release(&message);
    message = made("{" GETFOUR ",\"raw\":\"HEAD / HTTP/1.1\\r\\n\\r\\n\"}");
    cr_expect(message.out.is_head);
    message_release(&message);
    message = made("{" GETFOUR ",\"method\":\"HEADER\"}");
    cr_expect(!message.out.is_head);
    message_release(&message);
}

static void expect_other(const char *request, bool expected)
{
    json_t *json = json_of(request);

    cr_expect_eq(message_names_other(json), expected, "%s", request);
    json_decref(json);
}

Test(message, another_account_is_named_by_its_key_or_its_names)
{
    expect_other("{" GETFOUR "}", false);
    expect_other("{\"signature\":{\"key\":\"other\"}}", true);
    expect_other("{\"signature\":{\"key\":\"wrong\"}}", false);
    expect_other("{\"params\":{\"appid\":[\"${other.appid}\"]}}", true);
}
