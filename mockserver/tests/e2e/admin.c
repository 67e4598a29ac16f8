#include "admin.h"

#include <stdlib.h>
#include <string.h>
#include <criterion/criterion.h>

struct reply admin_call(const struct server *s, const char *method,
                        const char *path, const char *body)
{
    struct request q = {
        .method = method,
        .target = format("/__admin/%s", path),
        .host = format("127.0.0.1:%d", s->port),
        .framing = body ? FRAME_LENGTH : FRAME_NONE,
        .content_type = body ? "application/json" : NULL,
    };

    if (body)
        bytes_text(&q.body, body);
    return send_request(s, &q);
}

cJSON *admin_get(const struct server *s, const char *path)
{
    struct reply r = admin_call(s, "GET", path, NULL);
    cJSON *json = r.json;

    if (r.status != 200 || !json)
        cr_assert_fail("GET %s: HTTP %d, %s", path, r.status,
                       r.body ? r.body : "no body");
    r.json = NULL;
    reply_release(&r);
    return json;
}

cJSON *admin_last_entry(const struct server *s)
{
    cJSON *all = admin_get(s, "requests?limit=1");
    cJSON *entry = cJSON_DetachItemFromArray(
        cJSON_GetObjectItemCaseSensitive(all, "requests"), 0);

    cJSON_Delete(all);
    if (!entry)
        cr_assert_fail("the journal is empty");
    return entry;
}

const cJSON *json_at(const cJSON *json, const char *path)
{
    while (json && *path) {
        size_t len = strcspn(path, ".");
        char name[64];

        snprintf(name, sizeof(name), "%.*s", (int)len, path);
        json = cJSON_IsArray(json)
                   ? cJSON_GetArrayItem(json, (int)strtol(name, NULL, 10))
                   : cJSON_GetObjectItemCaseSensitive(json, name);
        path += len + (path[len] == '.');
    }
    return json;
}

int json_int(const cJSON *json, const char *path)
{
    const cJSON *item = json_at(json, path);

    return cJSON_IsNumber(item) ? item->valueint : -999999;
}

const char *json_text(const cJSON *json, const char *path)
{
    const cJSON *item = json_at(json, path);

    return cJSON_IsString(item) ? item->valuestring : "";
}

bool entry_has_finding(const cJSON *entry, const char *id)
{
    const cJSON *finding;

    cJSON_ArrayForEach(finding, json_at(entry, "findings"))
    {
        if (!strcmp(json_text(finding, "id"), id))
            return true;
    }
    return false;
}
