#include "body.h"

#include <stdlib.h>
#include <string.h>
#include <criterion/criterion.h>
#include "fault.h"
#include "json_members.h"
#include "support.h"

static struct arena arena;
static struct body body;

static void begin(void)
{
    arena_init(&arena);
    body_init(&body, &arena);
}

static void end(void)
{
    body_release(&body);
    arena_release(&arena);
}

TestSuite(body, .init = begin, .fini = end, .timeout = 10);

static enum error_code begin_type(const char *type, unsigned kinds)
{
    struct content_type ct;

    content_type_parse(&ct, type);
    return body_begin(&body, &ct, kinds, 1 << 20);
}

static void feed_text(const char *text)
{
    body_feed(&body, text, strlen(text));
}

static enum error_code read_json(const char *json)
{
    end();
    begin();
    cr_assert_eq(begin_type(JSON_TYPE, BODY_JSON), ERR_OK);
    feed_text(json);
    return body_finish(&body);
}

static enum error_code read_form(const char *form)
{
    end();
    begin();
    cr_assert_eq(begin_type(FORM_TYPE, BODY_MULTIPART), ERR_OK);
    feed_text(form);
    return body_finish(&body);
}

#define PART(name, rest)                                                       \
    "--B\r\nContent-Disposition: form-data; name=\"" name "\"" rest "\r\n"
#define FIELD(name, value) PART(name, "\r\n\r\n" value)
#define FILE_PART(name, value) PART(name, "; filename=\"f\"\r\n\r\n" value)
#define CLOSE "--B--\r\n"

static void expect_text(enum param_id id, const char *text)
{
    const struct param_value *value = &body.values[id];

    cr_assert_eq(value->form, PARAM_TEXT, "%s", param_name(id));
    cr_expect_str_eq(value->text, text, "%s is \"%s\"", param_name(id),
                     value->text);
    cr_expect_eq(value->text_len, strlen(text));
}

/* the kind */

Test(body, kind_follows_type_and_endpoint, .timeout = 10)
{
    static const struct {
        const char *type;
        unsigned kinds;
        enum error_code code;
        const char *why;
    } rows[] = {
        {JSON_TYPE, BODY_JSON | BODY_MULTIPART, ERR_OK, NULL},
        {FORM_TYPE, BODY_JSON | BODY_MULTIPART, ERR_OK, NULL},
        {JSON_TYPE, BODY_MULTIPART, ERR_BAD_REQUEST,
         "the endpoint does not take this Content-Type"},
        {FORM_TYPE, BODY_JSON, ERR_BAD_REQUEST,
         "the endpoint does not take this Content-Type"},
        {"text/plain", BODY_JSON | BODY_MULTIPART, ERR_BAD_REQUEST,
         "the endpoint does not take this Content-Type"},
        {NULL, BODY_JSON | BODY_MULTIPART, ERR_BAD_REQUEST,
         "there is no Content-Type"},
        {"multipart/form-data", BODY_MULTIPART, ERR_BAD_REQUEST,
         "Content-Type has no boundary parameter"},
        {"multipart/form-data; boundary=\"B", BODY_MULTIPART, ERR_BAD_REQUEST,
         "the boundary parameter cannot be read"},
    };

    for (size_t i = 0; i < LENGTH(rows); i++) {
        end();
        begin();
        cr_expect_eq(begin_type(rows[i].type, rows[i].kinds), rows[i].code,
                     "row %zu", i);
        if (rows[i].why)
            cr_expect_str_eq(body.why, rows[i].why, "row %zu", i);
        else
            cr_expect_eq(body.why, NULL);
    }
}

Test(body, a_boundary_over_70_characters_is_refused, .timeout = 10)
{
    char type[120] = "multipart/form-data; boundary=";
    size_t n = strlen(type);

    memset(type + n, 'b', 70);
    cr_expect_eq(begin_type(type, BODY_MULTIPART), ERR_OK);
    end();
    begin();
    memset(type + n, 'b', 71);
    cr_expect_eq(begin_type(type, BODY_MULTIPART), ERR_BAD_REQUEST);
    cr_expect_str_eq(body.why, "the boundary is longer than 70 characters");
}

Test(body, after_a_refusal_bytes_are_only_counted, .timeout = 10)
{
    begin_type("text/plain", BODY_JSON);
    feed_text("{\"appid\":\"1\"}");
    cr_expect_eq(body.received, 13);
    cr_expect_eq(body.text.len, 0);
    cr_expect_eq(body_finish(&body), ERR_BAD_REQUEST);
    cr_expect_eq(body.values[PARAM_APPID].form, PARAM_ABSENT);
}

Test(body, discard_forgets_and_goes_on_counting, .timeout = 10)
{
    begin_type(JSON_TYPE, BODY_JSON);
    feed_text("{\"appid\"");
    body_discard(&body);
    cr_expect_eq(body.text.len, 0);
    feed_text(":\"1\"}");
    cr_expect_eq(body.received, 13);
    cr_expect_eq(body.text.len, 0);
    cr_expect_eq(body_finish(&body), ERR_BODY_TOO_LARGE);
}

Test(body, discard_keeps_what_was_wrong_before, .timeout = 10)
{
    begin_type("text/plain", BODY_JSON);
    body_discard(&body);
    cr_expect_eq(body_finish(&body), ERR_BAD_REQUEST);
}

/* forms */

Test(body, fields_and_files_are_told_apart_by_name_alone, .timeout = 10)
{
    cr_assert_eq(read_form(FILE_PART("appid", "1000001") FIELD("video", "mp4")
                               FIELD("seq", "") CLOSE),
                 ERR_OK);
    expect_text(PARAM_APPID, "1000001");
    expect_text(PARAM_SEQ, "");
    cr_expect_eq(body.values[PARAM_VIDEO].form, PARAM_FILE);
    cr_expect_eq(body.values[PARAM_VIDEO].file.size, 3);
    cr_expect_eq(memcmp(body.values[PARAM_VIDEO].file.head, "mp4", 3), 0);
    cr_expect_eq(body.values[PARAM_CARD].form, PARAM_ABSENT);
}

Test(body, an_unknown_name_is_a_file_when_it_has_a_filename, .timeout = 10)
{
    cr_assert_eq(read_form(FIELD("a", "1") FILE_PART("b", "2") CLOSE), ERR_OK);
    cr_assert(body.first != NULL && body.first->next != NULL);
    cr_expect_eq(body.first->param, PARAM__COUNT);
    cr_expect_not(body.first->is_file);
    cr_expect(body.first->next->is_file);
    cr_expect_eq(body.first->next->file.head_len, 1);
}

Test(body, parts_are_kept_in_order, .timeout = 10)
{
    const struct part *part;

    cr_assert_eq(read_form(FIELD("appid", "1") FILE_PART("card", "jpeg")
                               FIELD("appid", "22") CLOSE),
                 ERR_OK);
    part = body.first;
    cr_expect_str_eq(part->header.name, "appid");
    cr_expect_not(part->repeated);
    part = part->next;
    cr_expect_str_eq(part->header.name, "card");
    cr_expect_str_eq(part->header.filename, "f");
    cr_expect_eq(part->file.size, 4);
    part = part->next;
    cr_expect(part->repeated);
    cr_expect(part->is_complete);
    cr_expect_eq(part->file.size, 2);
    cr_expect(part == body.last);
    cr_expect_eq(part->next, NULL);
}

Test(body, of_a_repeated_part_the_first_counts, .timeout = 10)
{
    cr_assert_eq(read_form(FIELD("appid", "1") FIELD("appid", "2") FILE_PART(
                     "video", "") FILE_PART("video", "x") CLOSE),
                 ERR_OK);
    expect_text(PARAM_APPID, "1");
    cr_expect_eq(body.values[PARAM_VIDEO].file.size, 0);
}

Test(body, of_a_file_only_the_window_is_kept, .timeout = 10)
{
    static char content[FAULT_FILE_WINDOW + 1000];
    const struct upload *file = &body.values[PARAM_VIDEO].file;

    memset(content, 'v', sizeof(content));
    content[FAULT_FILE_WINDOW - 1] = 'l';
    cr_assert_eq(begin_type(FORM_TYPE, BODY_MULTIPART), ERR_OK);
    feed_text(PART("video", "\r\n"));
    for (size_t at = 0; at < sizeof(content); at += 100)
        body_feed(&body, content + at,
                  sizeof(content) - at < 100 ? sizeof(content) - at : 100);
    feed_text("\r\n" CLOSE);
    cr_assert_eq(body_finish(&body), ERR_OK);
    cr_expect_eq(file->size, sizeof(content));
    cr_assert_eq(file->head_len, (size_t)FAULT_FILE_WINDOW);
    cr_expect_eq(memcmp(file->head, content, FAULT_FILE_WINDOW), 0);
}

Test(body, two_files_keep_a_head_each, .timeout = 10)
{
    cr_assert_eq(
        read_form(FILE_PART("video", "one") FILE_PART("card", "two") CLOSE),
        ERR_OK);
    cr_expect_eq(memcmp(body.values[PARAM_VIDEO].file.head, "one", 3), 0);
    cr_expect_eq(memcmp(body.values[PARAM_CARD].file.head, "two", 3), 0);
}

static enum error_code read_long_field(const char *name, size_t len)
{
    char *value = calloc(1, len + 1);
    struct strbuf form;
    enum error_code code;

    cr_assert(value != NULL);
    memset(value, 'x', len);
    strbuf_init(&form, 1 << 20);
    form_field(&form, name, value);
    form_end(&form);
    code = read_form(form.buf);
    strbuf_release(&form);
    free(value);
    return code;
}

Test(body, a_field_over_64_kib_is_noted, .timeout = 10)
{
    static const char *const names[] = {"seq", "unknown"};

    for (size_t i = 0; i < LENGTH(names); i++) {
        cr_expect_eq(read_long_field(names[i], BODY_MAX_FIELD), ERR_OK);
        cr_expect_eq(body.long_field, NULL);
        cr_expect_eq(read_long_field(names[i], BODY_MAX_FIELD + 1), ERR_OK);
        cr_assert(body.long_field != NULL);
        cr_expect_str_eq(body.long_field, names[i]);
    }
}

Test(body, a_field_of_64_kib_is_kept_whole, .timeout = 10)
{
    read_long_field("seq", BODY_MAX_FIELD);
    cr_expect_eq(body.values[PARAM_SEQ].text_len, (size_t)BODY_MAX_FIELD);
}

Test(body, of_a_field_that_is_too_long_nothing_is_kept, .timeout = 10)
{
    begin_type(FORM_TYPE, BODY_MULTIPART);
    feed_text(PART("seq", "\r\n"));
    for (int i = 0; i < BODY_MAX_FIELD; i += 64)
        body_feed(&body,
                  "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"
                  "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx",
                  64);
    feed_text("x\r\n" CLOSE);
    cr_expect_eq(body_finish(&body), ERR_OK);
    cr_expect_str_eq(body.long_field, "seq");
    expect_text(PARAM_SEQ, "");
}

Test(body, a_broken_form_is_a_bad_request_with_a_reason, .timeout = 10)
{
    static const struct {
        const char *form;
        const char *why;
    } rows[] = {
        {"", "the boundary never appears in the multipart body"},
        {"appid=1", "the boundary never appears in the multipart body"},
        {FIELD("appid", "1"),
         "the multipart body ends without its closing delimiter"},
        {"--B\r\nContent-Disposition: form-data\r\n\r\n1\r\n" CLOSE,
         "a part has no name"},
    };

    for (size_t i = 0; i < LENGTH(rows); i++) {
        cr_expect_eq(read_form(rows[i].form), ERR_BAD_REQUEST, "row %zu", i);
        cr_assert(body.why != NULL);
        cr_expect_str_eq(body.why, rows[i].why, "row %zu: %s", i, body.why);
    }
}

Test(body, values_before_a_mistake_stay, .timeout = 10)
{
    cr_expect_eq(read_form(FIELD("seq", "mock-fault:9") FIELD("appid", "1")),
                 ERR_BAD_REQUEST);
    expect_text(PARAM_SEQ, "mock-fault:9");
}

Test(body, a_part_without_an_end_has_no_value, .timeout = 10)
{
    cr_expect_eq(read_form(FIELD("appid", "1") PART("seq", "\r\n") "half"),
                 ERR_BAD_REQUEST);
    cr_expect_eq(body.values[PARAM_SEQ].form, PARAM_ABSENT);
    cr_expect_not(body.last->is_complete);
}

Test(body, a_value_that_arrives_is_counted_at_once, .timeout = 10)
{
    unsigned before;

    begin_type(FORM_TYPE, BODY_MULTIPART);
    feed_text(PART("seq", "\r\n") "s");
    before = body.n_changes;
    feed_text("\r\n--B\r\n");
    cr_expect(body.n_changes > before);
    expect_text(PARAM_SEQ, "s");
}

/* JSON */

Test(body, members_become_values, .timeout = 10)
{
    cr_assert_eq(read_json("{\"appid\":\"1000001\",\"seq\":\"\","
                           "\"url\":\"http:\\/\\/a\\u002fb\",\"other\":{}}"),
                 ERR_OK);
    expect_text(PARAM_APPID, "1000001");
    expect_text(PARAM_SEQ, "");
    expect_text(PARAM_URL, "http://a/b");
    cr_expect_eq(body.values[PARAM_BUCKET].form, PARAM_ABSENT);
}

Test(body, integers_become_their_digits, .timeout = 10)
{
    static const struct {
        const char *json;
        const char *digits; /* NULL: no integer */
    } rows[] = {
        {"{\"appid\":1000001}", "1000001"},
        {"{\"appid\":0}", "0"},
        {"{\"appid\":1e3}", "1000"},
        {"{\"appid\":9007199254740992}", "9007199254740992"},
        {"{\"appid\":9007199254740994}", NULL},
        {"{\"appid\":1e300}", NULL},
        {"{\"appid\":-1}", NULL},
        {"{\"appid\":0.5}", NULL},
    };

    for (size_t i = 0; i < LENGTH(rows); i++) {
        const struct param_value *value = &body.values[PARAM_APPID];

        cr_assert_eq(read_json(rows[i].json), ERR_OK, "%s", rows[i].json);
        cr_assert_eq(value->form, rows[i].digits ? PARAM_INTEGER : PARAM_OTHER,
                     "%s", rows[i].json);
        if (rows[i].digits)
            cr_expect_str_eq(value->text, rows[i].digits, "%s: %s",
                             rows[i].json, value->text);
    }
}

Test(body, values_of_other_types_are_other, .timeout = 10)
{
    static const char *const values[] = {"null", "true", "false", "[]", "{}"};

    for (size_t i = 0; i < LENGTH(values); i++) {
        char json[64];

        snprintf(json, sizeof(json), "{\"appid\":%s,\"image\":%s}", values[i],
                 values[i]);
        cr_assert_eq(read_json(json), ERR_OK);
        cr_expect_eq(body.values[PARAM_APPID].form, PARAM_OTHER, "%s", json);
        cr_expect_eq(body.values[PARAM_IMAGE].form, PARAM_OTHER, "%s", json);
    }
    cr_assert_eq(read_json("{\"image\":17}"), ERR_OK);
    cr_expect_eq(body.values[PARAM_IMAGE].form, PARAM_OTHER);
}

Test(body, of_a_repeated_member_the_first_counts, .timeout = 10)
{
    cr_assert_eq(read_json("{\"seq\":\"a\",\"seq\":\"b\",\"Seq\":\"c\"}"),
                 ERR_OK);
    expect_text(PARAM_SEQ, "a");
}

Test(body, an_image_in_json_is_base64, .timeout = 10)
{
    const struct upload *file = &body.values[PARAM_IMAGE].file;

    cr_assert_eq(read_json("{\"image\":\"R0lGODlhMQ==\"}"), ERR_OK);
    cr_expect_eq(body.values[PARAM_IMAGE].form, PARAM_FILE);
    cr_expect_not(file->bad_base64);
    cr_expect_eq(file->size, 7);
    cr_assert_eq(file->head_len, 7);
    cr_expect_eq(memcmp(file->head, "GIF89a1", 7), 0);

    cr_assert_eq(read_json("{\"image\":\"\"}"), ERR_OK);
    cr_expect_not(file->bad_base64);
    cr_expect_eq(file->size, 0);

    cr_assert_eq(read_json("{\"image\":\"R0lG!\"}"), ERR_OK);
    cr_expect(file->bad_base64);
}

Test(body, of_a_long_image_in_json_the_window_is_kept, .timeout = 10)
{
    const struct upload *file = &body.values[PARAM_IMAGE].file;
    size_t len = 8000; /* 6000 bytes */
    char *json = malloc(len + 16);

    cr_assert(json != NULL);
    memcpy(json, "{\"image\":\"", 10);
    memset(json + 10, 'A', len);
    memcpy(json + 10 + len, "\"}", 3);
    cr_assert_eq(read_json(json), ERR_OK);
    cr_expect_eq(file->size, 6000);
    cr_expect_eq(file->head_len, (size_t)FAULT_FILE_WINDOW);
    for (size_t i = 0; i < file->head_len; i++)
        cr_assert_eq(file->head[i], 0);
    free(json);
}

Test(body, a_member_over_64_kib_is_noted_but_for_images, .timeout = 10)
{
    static const char *const names[] = {"seq", "unknown", "image"};

    for (size_t i = 0; i < LENGTH(names); i++) {
        struct strbuf json;

        strbuf_init(&json, 1 << 20);
        strbuf_addf(&json, "{\"%s\":\"", names[i]);
        for (int n = 0; n < BODY_MAX_FIELD + 4; n += 4)
            strbuf_addstr(&json, "AAAA");
        strbuf_addstr(&json, "\"}");
        cr_expect_eq(read_json(json.buf), ERR_OK);
        if (i < 2)
            cr_expect_str_eq(body.long_field, names[i]);
        else
            cr_expect_eq(body.long_field, NULL);
        strbuf_release(&json);
    }
}

Test(body, what_is_no_json_object_is_a_bad_request_with_a_reason, .timeout = 10)
{
    static const struct {
        const char *json;
        const char *why;
    } rows[] = {
        {"", "the body is empty"},
        {"x", "the JSON body is wrong at offset 0: not an object"},
        {"{} {}",
         "the JSON body is wrong at offset 3: more than the one object"},
        {"{\"a\":\"\xc3\"}", "the JSON body is wrong at offset 6: not UTF-8"},
        {"{\"a\":\"\\u0000\"}",
         "the JSON body is wrong at offset 6: an escaped NUL"},
        {"{\"a\":\"\\\\\\u0000\"}",
         "the JSON body is wrong at offset 8: an escaped NUL"},
        {"{\"a\":01}",
         "the JSON body is wrong at offset 5: not a number as JSON writes them"},
    };

    for (size_t i = 0; i < LENGTH(rows); i++) {
        cr_expect_eq(read_json(rows[i].json), ERR_BAD_REQUEST, "%s",
                     rows[i].json);
        cr_assert(body.why != NULL);
        cr_expect_str_eq(body.why, rows[i].why, "%s: %s", rows[i].json,
                         body.why);
    }
}

Test(body, a_nul_byte_in_json_is_a_bad_request, .timeout = 10)
{
    begin_type(JSON_TYPE, BODY_JSON);
    body_feed(&body, "{\"appid\":\"1\"}\0", 14);
    cr_expect_eq(body_finish(&body), ERR_BAD_REQUEST);
    cr_expect_str_eq(body.why,
                     "the JSON body is wrong at offset 13: more than the one "
                     "object");
}

Test(body, json_of_too_many_values_is_a_bad_request, .timeout = 10)
{
    for (int more = 0; more < 2; more++) {
        struct strbuf json;

        strbuf_init(&json, 1 << 20);
        strbuf_addstr(&json, "{\"a\":[1");
        /* The list counts too. */
        for (int n = 2; n < JSON_MEMBERS_MAX_VALUES + more; n++)
            strbuf_addstr(&json, ",1");
        strbuf_addstr(&json, "]}");
        cr_expect_eq(read_json(json.buf), more ? ERR_BAD_REQUEST : ERR_OK);
        strbuf_release(&json);
    }
}

Test(body, an_escaped_backslash_before_u0000_is_no_nul, .timeout = 10)
{
    cr_assert_eq(read_json("{\"seq\":\"\\\\u0000\"}"), ERR_OK);
    expect_text(PARAM_SEQ, "\\u0000");
}

Test(body, blanks_around_the_object_are_fine, .timeout = 10)
{
    cr_expect_eq(read_json(" \t\r\n{} \t\r\n"), ERR_OK);
}

Test(body, json_nested_without_end_is_refused, .timeout = 10)
{
    enum { DEPTH = 100000 };
    char *json = malloc(DEPTH + 6);

    cr_assert(json != NULL);
    memcpy(json, "{\"a\":", 5);
    memset(json + 5, '[', DEPTH);
    json[DEPTH + 5] = '\0';
    cr_expect_eq(read_json(json), ERR_BAD_REQUEST);
    free(json);
}
