/*
 * A JSON body: the input is the body. Whole and in pieces it must give the
 * same code and the same parameter values. What json_members.c reads in it is
 * what cJSON reads, which takes more for JSON than it is.
 */
#include <stdlib.h>
#include <string.h>
#include <cjson/cJSON.h>
#include "body.h"
#include "fault.h"
#include "fuzz_support.h"
#include "json_members.h"
#include "settings.h"

struct intake {
    struct arena arena;
    struct body body;
    enum error_code code;
};

static void intake_init(struct intake *in)
{
    struct content_type type;

    content_type_parse(&type, "application/json");
    arena_init(&in->arena);
    body_init(&in->body, &in->arena);
    FUZZ_CHECK(body_begin(&in->body, &type, BODY_JSON, SETTINGS_MAX_BODY) ==
               ERR_OK);
}

static void intake_release(struct intake *in)
{
    body_release(&in->body);
    arena_release(&in->arena);
}

static void feed_pieces(struct intake *in, struct fuzz_input text)
{
    struct fuzz_splits splits;
    char *piece;
    size_t len;

    fuzz_splits_init(&splits, text);
    while ((piece = fuzz_splits_next(&splits, &len))) {
        body_feed(&in->body, piece, len);
        free(piece);
    }
    in->code = body_finish(&in->body);
}

static void check_value(const struct param_value *value, enum param_id id)
{
    switch (value->form) {
    case PARAM_ABSENT:
    case PARAM_OTHER:
        break;
    case PARAM_TEXT:
    case PARAM_INTEGER:
        FUZZ_CHECK(!param_is_file(id));
        FUZZ_CHECK(strlen(value->text) == value->text_len);
        break;
    case PARAM_FILE:
        FUZZ_CHECK(param_is_file(id));
        FUZZ_CHECK(value->file.head_len <= FAULT_FILE_WINDOW);
        FUZZ_CHECK(value->file.head_len <= value->file.size);
        upload_type(&value->file);
        break;
    }
}

static void compare(const struct param_value *a, const struct param_value *b)
{
    FUZZ_CHECK(a->form == b->form && a->text_len == b->text_len);
    FUZZ_CHECK(!a->text_len || !memcmp(a->text, b->text, a->text_len));
    FUZZ_CHECK(a->file.size == b->file.size &&
               a->file.head_len == b->file.head_len &&
               a->file.bad_base64 == b->file.bad_base64);
    FUZZ_CHECK(!a->file.head_len ||
               !memcmp(a->file.head, b->file.head, a->file.head_len));
    FUZZ_CHECK(a->file.has_sha256 == b->file.has_sha256);
    FUZZ_CHECK(!memcmp(a->file.sha256, b->file.sha256, sizeof(a->file.sha256)));
}

/* cJSON cuts numbers of more characters in two. */
static bool has_long_number(struct fuzz_input text)
{
    enum { CJSON_MAX = 63 };
    size_t run = 0;

    for (size_t i = 0; i < text.len && run < CJSON_MAX; i++)
        run =
            text.ptr[i] && strchr("0123456789+-.eE", text.ptr[i]) ? run + 1 : 0;
    return run >= CJSON_MAX;
}

static void check_members(const struct json_member *m, const cJSON *json)
{
    const cJSON *item;

    FUZZ_CHECK(cJSON_IsObject(json));
    cJSON_ArrayForEach(item, json)
    {
        FUZZ_CHECK(m && !strcmp(m->name, item->string));
        FUZZ_CHECK(m->kind == JSON_STRING   ? cJSON_IsString(item)
                   : m->kind == JSON_NUMBER ? cJSON_IsNumber(item)
                                            : !cJSON_IsString(item));
        if (m->kind == JSON_STRING)
            FUZZ_CHECK(!strcmp(m->text, item->valuestring) &&
                       strlen(m->text) == m->text_len);
        if (m->kind == JSON_NUMBER)
            FUZZ_CHECK(m->number == item->valuedouble);
        m = m->next;
    }
    FUZZ_CHECK(!m);
}

/* `end` is NULL or where cJSON stopped; blanks may follow. */
static bool is_whole(struct fuzz_input text, const char *end)
{
    while (end && end < text.ptr + text.len && strchr(" \t\r\n", *end) && *end)
        end++;
    return end == text.ptr + text.len;
}

static void compare_with_cjson(struct fuzz_input text)
{
    struct fuzz_input copy = {malloc(text.len + 1), text.len};
    struct json_member *members;
    struct json_mistake mistake;
    const char *end = NULL;
    struct arena arena;
    cJSON *json;

    FUZZ_CHECK(copy.ptr);
    memcpy((char *)copy.ptr, text.ptr, text.len);
    ((char *)copy.ptr)[text.len] = '\0';
    arena_init(&arena);
    json = cJSON_ParseWithLengthOpts(text.ptr, text.len, &end, false);
    if (json_members_read((char *)copy.ptr, copy.len, &arena, &members,
                          &mistake) == 0) {
        FUZZ_CHECK(json ? is_whole(text, end) : has_long_number(text));
        if (json)
            check_members(members, json);
    } else {
        FUZZ_CHECK(mistake.what && mistake.offset <= text.len);
        FUZZ_CHECK(!cJSON_IsObject(json) || !is_whole(text, end) ||
                   !strcmp(mistake.what, "too many values") ||
                   json_text_check(text.ptr, text.len, &mistake) < 0);
    }
    cJSON_Delete(json);
    arena_release(&arena);
    free((char *)copy.ptr);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    struct fuzz_input text = {data ? (const char *)data : "", len};
    struct intake whole, pieces;

    intake_init(&whole);
    intake_init(&pieces);
    body_feed(&whole.body, text.ptr, text.len);
    whole.code = body_finish(&whole.body);
    feed_pieces(&pieces, text);
    FUZZ_CHECK(whole.code == ERR_OK || whole.code == ERR_BAD_REQUEST);
    FUZZ_CHECK((whole.code == ERR_OK) == !whole.body.why);
    FUZZ_CHECK(whole.code == pieces.code);
    FUZZ_CHECK(whole.body.received == len && pieces.body.received == len);
    for (int id = 0; id < PARAM__COUNT; id++) {
        check_value(&whole.body.values[id], (enum param_id)id);
        compare(&whole.body.values[id], &pieces.body.values[id]);
    }
    compare_with_cjson(text);
    intake_release(&whole);
    intake_release(&pieces);
    return 0;
}
