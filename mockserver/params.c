#include "params.h"

#include <string.h>

static const struct {
    const char *name;
    bool is_file;
} table[PARAM__COUNT] = {
    [PARAM_APPID] = {"appid", false},
    [PARAM_BUCKET] = {"bucket", false},
    [PARAM_VALIDATE_DATA] = {"validate_data", false},
    [PARAM_VIDEO] = {"video", true},
    [PARAM_COMPARE_FLAG] = {"compare_flag", false},
    [PARAM_CARD] = {"card", true},
    [PARAM_SEQ] = {"seq", false},
    [PARAM_IMAGE] = {"image", true},
    [PARAM_URL] = {"url", false},
};

const char *param_name(enum param_id id)
{
    return table[id].name;
}

bool param_is_file(enum param_id id)
{
    return table[id].is_file;
}

enum param_id param_find(const char *name, size_t len)
{
    int id = 0;

    while (id < PARAM__COUNT && (strlen(table[id].name) != len ||
                                 memcmp(table[id].name, name, len) != 0))
        id++;
    return (enum param_id)id;
}

bool param_given(const struct param_value *value)
{
    switch (value->form) {
    case PARAM_ABSENT:
        return false;
    case PARAM_TEXT:
    case PARAM_INTEGER:
        return value->text_len > 0;
    case PARAM_FILE:
        return value->file.size > 0;
    case PARAM_OTHER:
        break;
    }
    return true;
}

bool param_equals(const struct param_value *value, const char *text, size_t len)
{
    return (value->form == PARAM_TEXT || value->form == PARAM_INTEGER) &&
           value->text_len == len && memcmp(value->text, text, len) == 0;
}

enum media_type upload_type(const struct upload *file)
{
    return media_sniff(file->head, file->head_len);
}
