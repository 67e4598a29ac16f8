#include "json_of.h"

#include <criterion/criterion.h>

json_t *json_of(const char *text)
{
    json_error_t error;
    json_t *value = json_loads(text, JSON_DECODE_ANY, &error);

    cr_assert(value != NULL, "%s: %s", text, error.text);
    return value;
}
