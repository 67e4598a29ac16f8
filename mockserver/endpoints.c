#include "endpoints.h"

#include <string.h>

static const struct endpoint *const table[] = {
    &endpoint_livedetectfour,
    &endpoint_livedetectpicture,
    &endpoint_livegetfour,
};

const struct endpoint *endpoints_at(size_t i)
{
    return i < sizeof(table) / sizeof(table[0]) ? table[i] : NULL;
}

const struct endpoint *endpoints_match(const char *path)
{
    const struct endpoint *endpoint;

    for (size_t i = 0; (endpoint = endpoints_at(i)); i++) {
        if (!strcmp(endpoint->path, path))
            return endpoint;
    }
    return NULL;
}
