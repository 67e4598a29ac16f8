/*
 * journal_filter: the input is the query of `requests`. What it gives must be
 * what a plain search of the whole listing gives, in the same order.
 */
#include <stdlib.h>
#include <string.h>
#include <cjson/cJSON.h>
#include "admin_input.h"
#include "fuzz_server.h"

enum { N_ENTRIES = 14 };

/* the journal, made once: ids 5 to 14 are left of it */

static void record_all(struct fuzz_server *s)
{
    static const char *const messages[] = {
        "POST /face/livegetfour\nHost: h\nAuthorization: @0\n"
        "Content-Type: application/json\n\n{\"appid\":\"1000001\"}",
        "POST /face/livedetectpicture\nHost: h\nAuthorization: @1\n"
        "Content-Type: application/json\n\n{\"appid\":\"1000002\"}",
        "POST /face/livedetectfour\nHost: h\nAuthorization: @2\n\n",
        "GET /\nHost: h\n\n",
        "POST /face/livegetfour\nHost: h\nAuthorization: @0\n"
        "X-Mock-Fault: reset\n\n",
        "POST /face/livedetectfour\nHost: h\nX-Mock-Fault: -5007\n\n",
    };

    for (size_t i = 0; i < N_ENTRIES; i++)
        fuzz_server_record(
            s, messages[i % (sizeof(messages) / sizeof(messages[0]))]);
}

static struct fuzz_server *server(void)
{
    static struct fuzz_server s;
    static bool is_made;

    if (is_made)
        return &s;
    fuzz_server_init(&s);
    journal_free(s.admin.journal);
    s.admin.journal = s.pipeline.journal = journal_new(10, 1024 * 1024);
    FUZZ_CHECK(s.admin.journal);
    record_all(&s);
    is_made = true;
    return &s;
}

/* asking the API */

/* May not wait. */
static cJSON *ask(const char *query, int *status)
{
    struct admin_request request = {
        .method = "GET",
        .path = ADMIN_PREFIX "requests",
        .query = query,
        .is_http_1_0 = true,
    };
    struct admin_reply reply;
    const char *end = NULL;
    cJSON *json;

    admin_reply_init(&reply);
    admin_handle(&server()->admin, &request, &reply);
    FUZZ_CHECK(!reply.must_wait);
    *status = reply.status;
    json =
        cJSON_ParseWithLengthOpts(reply.body.buf, reply.body.len, &end, false);
    FUZZ_CHECK(json && end == reply.body.buf + reply.body.len);
    admin_reply_release(&reply);
    return json;
}

static const cJSON *whole_listing(void)
{
    static cJSON *listing;
    int status;

    if (!listing)
        listing = ask(NULL, &status);
    return cJSON_GetObjectItem(listing, "requests");
}

/* searching by hand */

static bool is_string(const cJSON *entry, const char *name, const char *value)
{
    const char *s = cJSON_GetStringValue(cJSON_GetObjectItem(entry, name));

    return s && !strcmp(s, value);
}

static bool matches(const cJSON *entry, const char *const *values)
{
    const char *since = values[PARAMETER_SINCE];
    const char *id = values[PARAMETER_SECRET_ID];
    const char *endpoint = values[PARAMETER_ENDPOINT];
    const char *code = values[PARAMETER_CODE];
    const cJSON *served =
        cJSON_GetObjectItem(cJSON_GetObjectItem(entry, "served"), "code");

    if (since && cJSON_GetNumberValue(cJSON_GetObjectItem(entry, "id")) <=
                     strtod(since, NULL))
        return false;
    if (code && (!cJSON_IsNumber(served) ||
                 cJSON_GetNumberValue(served) != strtod(code, NULL)))
        return false;
    if (endpoint && !strcmp(endpoint, "-"))
        endpoint = NULL;
    else if (endpoint && !is_string(entry, "endpoint", endpoint))
        return false;
    if (values[PARAMETER_ENDPOINT] && !endpoint &&
        !cJSON_IsNull(cJSON_GetObjectItem(entry, "endpoint")))
        return false;
    return !id || is_string(entry, "secret_id", id);
}

/* Puts the matches into `found`; returns how many. With `since` the first
 * `limit` of them count, else the last. */
static size_t search(const char *const *values, const cJSON **found)
{
    const char *limit = values[PARAMETER_LIMIT];
    size_t max = limit ? strtoul(limit, NULL, 10) : N_ENTRIES;
    size_t n = 0;
    const cJSON *entry;

    cJSON_ArrayForEach(entry, whole_listing())
    {
        if (matches(entry, values))
            found[n++] = entry;
    }
    if (n <= max)
        return n;
    if (!values[PARAMETER_SINCE])
        memmove(found, found + n - max, max * sizeof(cJSON *));
    return max;
}

static void compare(const cJSON *reply, const char *const *values)
{
    const cJSON *requests = cJSON_GetObjectItem(reply, "requests");
    const cJSON *next = cJSON_GetObjectItem(reply, "next");
    const cJSON *found[N_ENTRIES] = {NULL};
    size_t n = search(values, found);
    const cJSON *entry;
    size_t i = 0;

    FUZZ_CHECK((size_t)cJSON_GetArraySize(requests) == n);
    cJSON_ArrayForEach(entry, requests)
    {
        FUZZ_CHECK(cJSON_Compare(entry, found[i], true));
        FUZZ_CHECK(cJSON_GetNumberValue(next) >=
                   cJSON_GetNumberValue(cJSON_GetObjectItem(entry, "id")));
        i++;
    }
    FUZZ_CHECK(!values[PARAMETER_SINCE] ||
               cJSON_GetNumberValue(next) >=
                   strtod(values[PARAMETER_SINCE], NULL));
    FUZZ_CHECK(cJSON_GetNumberValue(cJSON_GetObjectItem(reply, "evicted")) ==
               4);
}

static void check_parameters(const cJSON *reply, const char *query)
{
    const char *values[PARAMETER__COUNT];
    const char *why = NULL;
    struct arena arena;

    arena_init(&arena);
    FUZZ_CHECK(admin_read_query(&arena, query, UINT32_MAX, values, &why) == 0);
    compare(reply, values);
    arena_release(&arena);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    struct fuzz_input in = {data ? (const char *)data : "", len};
    char *query = fuzz_string(fuzz_take_line(&in));
    cJSON *reply;
    int status;

    reply = ask(query, &status);
    FUZZ_CHECK(status == 200 || status == 400);
    if (status == 200)
        check_parameters(reply, query);
    else
        FUZZ_CHECK(cJSON_IsString(cJSON_GetObjectItem(reply, "error")));
    cJSON_Delete(reply);
    free(query);
    return 0;
}
