#include "value.h"

#include <string.h>

const char *value_find_text(const json_t *object, const char *name)
{
    return json_string_value(json_object_get(object, name));
}

const char *value_text(const json_t *object, const char *name)
{
    const char *text = value_find_text(object, name);

    return text ? text : "";
}

const json_t *value_find_path(const json_t *object, const char *path)
{
    size_t len = strcspn(path, ".");
    const json_t *value = json_object_getn(object, path, len);

    return path[len] == '.' ? value_find_path(value, path + len + 1) : value;
}

bool value_has_word(const json_t *list, const char *word)
{
    const json_t *item;
    size_t i;

    json_array_foreach(list, i, item)
    {
        if (text_is(json_string_value(item), word))
            return true;
    }
    return false;
}

bool text_is(const char *text, const char *word)
{
    return text && strcmp(text, word) == 0;
}
