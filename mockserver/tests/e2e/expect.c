#include "expect.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include <openssl/evp.h>

static const char *end_name(enum reply_end end)
{
    static const char *const names[] = {
        [REPLY_COMPLETE] = "complete",
        [REPLY_NOTHING] = "closed without a byte",
        [REPLY_RESET] = "reset",
        [REPLY_TRUNCATED] = "truncated",
        [REPLY_MALFORMED] = "malformed",
        [REPLY_TIMEOUT] = "no more bytes in time",
    };

    return names[end];
}

static const char *explain(const struct reply *r, const char *why)
{
    size_t body_len = r->body_len < 2000 ? r->body_len : 2000;

    return format("%s\n--- sent (start):\n%s\n--- received (%s):\n%s%s\n"
                  "--- stderr of the server:\n%s",
                  why, r->sent ? r->sent : "", end_name(r->end),
                  r->head ? r->head : "",
                  r->body ? printable(r->body, body_len) : "", server_stderr());
}

const char *check_end(const struct reply *r, enum reply_end end)
{
    if (r->end == end)
        return NULL;
    return explain(r, format("expected an exchange that is %s, it is %s",
                             end_name(end), end_name(r->end)));
}

const char *check_http(const struct reply *r, int http)
{
    const char *why = check_end(r, REPLY_COMPLETE);

    if (why)
        return why;
    if (r->status != http)
        return explain(r, format("expected HTTP %d", http));
    return NULL;
}

/* Are the object's members exactly these, in any order? `names` is a list
 * with single blanks. */
static bool has_exactly(const cJSON *object, const char *names)
{
    int n = 0;

    if (!cJSON_IsObject(object))
        return false;
    while (*names) {
        size_t len = strcspn(names, " ");
        const char *name = format("%.*s", (int)len, names);
        bool there = cJSON_GetObjectItemCaseSensitive(object, name) != NULL;

        free((char *)name);
        if (!there)
            return false;
        n++;
        names += len + (names[len] == ' ');
    }
    return cJSON_GetArraySize(object) == n;
}

static bool is_int(const cJSON *object, const char *name, int value)
{
    const cJSON *item = cJSON_GetObjectItemCaseSensitive(object, name);

    return cJSON_IsNumber(item) && item->valuedouble == value;
}

static bool is_int_0_to_100(const cJSON *object, const char *name)
{
    const cJSON *item = cJSON_GetObjectItemCaseSensitive(object, name);

    return cJSON_IsNumber(item) && item->valuedouble == item->valueint &&
           item->valueint >= 0 && item->valueint <= 100;
}

/* "OK" goes with success and with nothing else. */
static bool is_message(const cJSON *object, const char *name, int code)
{
    const cJSON *item = cJSON_GetObjectItemCaseSensitive(object, name);

    if (!cJSON_IsString(item) || item->valuestring[0] == '\0')
        return false;
    if (code != 0)
        return strcmp(item->valuestring, "OK") != 0;
    return strcmp(item->valuestring, "OK") == 0;
}

const char *check_answer(const struct reply *r, int http, int code)
{
    const char *why = check_http(r, http);
    const char *type = reply_header(r, "Content-Type");

    if (why)
        return why;
    if (!type || strncasecmp(type, "application/json", 16) != 0)
        return explain(r, "expected Content-Type: application/json");
    if (!is_int(r->json, "code", code))
        return explain(r, format("expected code %d", code));
    if (!is_message(r->json, "message", code))
        return explain(r, "the message does not go with the code");
    if (!has_exactly(r->json, code ? "code message" : "data code message"))
        return explain(r, "unexpected members in the reply");
    return NULL;
}

static const char *check_members(const struct reply *r, const char *names)
{
    const cJSON *data = cJSON_GetObjectItemCaseSensitive(r->json, "data");
    const char *why = check_answer(r, 200, 0);

    if (why)
        return why;
    if (!has_exactly(data, names))
        return explain(r, format("expected in data: %s", names));
    return NULL;
}

static bool is_base64_jpeg(const char *text)
{
    unsigned char *data = malloc(strlen(text) + 3);
    int n =
        EVP_DecodeBlock(data, (const unsigned char *)text, (int)strlen(text));
    bool good = n > 100 && memcmp(data, "\xff\xd8\xff", 3) == 0;

    free(data);
    return good;
}

static bool is_four_digits(const char *text)
{
    return strlen(text) == 4 && strspn(text, "0123456789") == 4;
}

/* Which endpoint it was is told by the members. */
const char *check_success(const struct reply *r)
{
    const cJSON *data = cJSON_GetObjectItemCaseSensitive(r->json, "data");
    const char *why = check_answer(r, 200, 0);
    const cJSON *digits, *photo;

    if (why)
        return why;
    if (has_exactly(data, "score"))
        return is_int_0_to_100(data, "score") ? NULL : explain(r, "bad score");
    if (has_exactly(data, "validate_data")) {
        digits = reply_data(r, "validate_data");
        return cJSON_IsString(digits) && is_four_digits(digits->valuestring)
                   ? NULL
                   : explain(r, "bad validate_data");
    }
    if (!is_int(data, "live_status", 0) || !is_message(data, "live_msg", 0))
        return explain(r, "expected live_status 0");
    if (has_exactly(data, "live_status live_msg"))
        return NULL;
    if (!has_exactly(data, "live_status live_msg compare_status compare_msg "
                           "sim photo"))
        return explain(r, "unexpected members in data");
    if (!is_int(data, "compare_status", 0) ||
        !is_message(data, "compare_msg", 0) || !is_int_0_to_100(data, "sim"))
        return explain(r, "expected compare_status 0");
    photo = reply_data(r, "photo");
    if (!cJSON_IsString(photo) || !is_base64_jpeg(photo->valuestring))
        return explain(r, "photo is no JPEG in Base64");
    return NULL;
}

const char *check_live(const struct reply *r, int code, bool compare)
{
    const cJSON *data = cJSON_GetObjectItemCaseSensitive(r->json, "data");
    const char *why =
        check_members(r, compare ? "live_status live_msg compare_status "
                                   "compare_msg"
                                 : "live_status live_msg");

    if (why)
        return why;
    if (!is_int(data, "live_status", code) ||
        !is_message(data, "live_msg", code))
        return explain(r, format("expected live_status %d", code));
    if (compare && (!is_int(data, "compare_status", code) ||
                    !is_message(data, "compare_msg", code)))
        return explain(r, format("expected compare_status %d too", code));
    return NULL;
}

const char *check_compare(const struct reply *r, int code)
{
    const cJSON *data = cJSON_GetObjectItemCaseSensitive(r->json, "data");
    const char *why =
        check_members(r, "live_status live_msg compare_status compare_msg");

    if (why)
        return why;
    if (!is_int(data, "live_status", 0) || !is_message(data, "live_msg", 0))
        return explain(r, "expected live_status 0");
    if (!is_int(data, "compare_status", code) ||
        !is_message(data, "compare_msg", code))
        return explain(r, format("expected compare_status %d", code));
    return NULL;
}

const char *check_placed(const struct reply *r, const char *path, bool compare,
                         int code)
{
    if (strcmp(path, FOUR) != 0)
        return check_answer(r, 200, code);
    if (code <= -5000 && code > -5100)
        return check_live(r, code, compare);
    if (code <= -4000 && code > -4100 && compare)
        return check_compare(r, code);
    return check_answer(r, 200, code);
}

const char *check_message(const struct reply *r, const char *text)
{
    const cJSON *item = cJSON_GetObjectItemCaseSensitive(r->json, "message");

    if (!cJSON_IsString(item) || !strstr(item->valuestring, text))
        return explain(r, format("expected a message with: %s", text));
    return NULL;
}

const char *check_alive(const struct server *s)
{
    struct request r = request_good(FOUR);
    struct reply reply = send_request(s, &r);

    return check_success(&reply);
}
