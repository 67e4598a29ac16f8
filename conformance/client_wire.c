#include "client_check.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "value.h"

static json_int_t int_of(const json_t *object, const char *name)
{
    return json_integer_value(json_object_get(object, name));
}

/* The request that is looked at: "request 1 of 3". */
struct looked_at {
    const struct client_check *check;
    const json_t *entry;
    char *name;
};

/* Was `name` among those whose bytes are compared? */
static bool is_compared(const struct client_check *check, const char *name)
{
    const json_t *parts = json_object_get(check->expect, "parts");

    return !parts || value_has_word(parts, name);
}

/* Was the body read to its end? What did not come cannot be missing. */
static bool is_whole(const json_t *entry)
{
    const json_t *natural = json_object_get(entry, "natural");
    const char *transport =
        value_text(json_object_get(entry, "served"), "transport");

    return json_is_object(natural) && int_of(natural, "code") != 23 &&
           !json_is_true(json_object_get(entry, "cut_short")) &&
           !json_is_true(json_object_get(entry, "truncated")) &&
           strcmp(transport, "reset_during_upload") != 0;
}

static const json_t *find_part(const json_t *entry, const char *name)
{
    const json_t *part;
    size_t i;

    json_array_foreach(json_object_get(entry, "parts"), i, part)
    {
        if (strcmp(value_text(part, "name"), name) == 0)
            return part;
    }
    return NULL;
}

/* The journal has the size of a text in JSON and no digest; of a number, as
 * an appid or seq may be, it has neither. */
static bool has_bytes(const json_t *part, const char *data, size_t len,
                      const char *sha256)
{
    json_int_t size = int_of(part, "size");
    const char *digest = value_text(part, "sha256");
    bool is_number = size == 0 && strspn(data, "0123456789") == len;

    if (*digest)
        return size == (json_int_t)len && strcmp(digest, sha256) == 0;
    return size == (json_int_t)len || is_number;
}

static void compare_part(const struct looked_at *at, const char *name,
                         const char *data, size_t len, bool required)
{
    const json_t *part = find_part(at->entry, name);
    char *sha256 = sha256_hex(data, len);
    const char *digest;

    if (!part && required)
        client_fail(at->check, "wire",
                    "%s: expected %s with %zu bytes, got "
                    "none",
                    at->name, name, len);
    if (part && !has_bytes(part, data, len, sha256)) {
        digest = value_text(part, "sha256");
        client_fail(
            at->check, "wire",
            "%s: %s: expected %zu bytes of SHA-256 %.12s…, got %lld%s"
            "%.12s%s",
            at->name, name, len, sha256, (long long)int_of(part, "size"),
            *digest ? " of SHA-256 " : " bytes", digest, *digest ? "…" : "");
    }
    free(sha256);
}

static void compare_text(const struct looked_at *at, const char *name,
                         const char *text, bool required)
{
    if (text && is_compared(at->check, name))
        compare_part(at, name, text, strlen(text), required);
}

/* What the client was given as arguments. */
static void compare_params(const struct looked_at *at)
{
    const char *name;
    const json_t *value;

    json_object_foreach(at->check->call->params, name, value)
    {
        if (json_is_boolean(value))
            compare_text(at, name, json_is_true(value) ? "true" : "false",
                         true);
        else
            compare_text(at, name, json_string_value(value), true);
    }
}

static void compare_parts(const struct looked_at *at)
{
    const struct client_check *c = at->check;
    bool is_four = strcmp(c->call->endpoint, "livedetectfour") == 0;

    if (!is_whole(at->entry))
        return;
    compare_text(at, "appid", c->credentials.appid, true);
    /* Only livedetectfour asks for it in the body. */
    compare_text(at, "bucket", c->credentials.bucket, is_four);
    compare_params(at);
    for (size_t i = 0; i < c->call->n_files; i++) {
        const struct client_file *file = &c->call->files[i];

        if (is_compared(c, file->name))
            compare_part(at, file->name, file->media.data.data,
                         file->media.data.len, true);
    }
}

/* Does the case expect that a rule of this kind is broken? */
static bool expects_finding(const json_t *expect, const char *prefix)
{
    const json_t *id;
    size_t i;

    json_array_foreach(json_object_get(expect, "findings"), i, id)
    {
        if (strncmp(json_string_value(id), prefix, strlen(prefix)) == 0)
            return true;
    }
    return false;
}

/* 3 and 15 tell of the account, and the signature was good. */
static void check_signature(const struct looked_at *at)
{
    const json_t *signature = json_object_get(at->entry, "signature");
    json_int_t code = int_of(signature, "code");

    if (!json_is_object(signature) || code == 0 || code == 3 || code == 15 ||
        expects_finding(at->check->expect, "signature."))
        return;
    client_fail(at->check, "wire",
                "%s: the signature: expected a good one, got code %lld: %s",
                at->name, (long long)code, value_text(signature, "why"));
}

void client_check_wire(const struct client_check *check)
{
    const json_t *entry;
    size_t i;

    json_array_foreach(check->entries, i, entry)
    {
        struct looked_at at = {
            .check = check,
            .entry = entry,
            .name = format("request %zu of %zu", i + 1,
                           json_array_size(check->entries)),
        };

        if (strcmp(value_text(entry, "endpoint"), check->call->endpoint) != 0)
            client_fail(check, "wire", "%s: expected /face/%s, got %s", at.name,
                        check->call->endpoint, value_text(entry, "target"));
        else
            compare_parts(&at);
        check_signature(&at);
        free(at.name);
    }
}

/* Takes the id out of the list; false when it is not in it. */
static bool take_id(json_t *ids, const char *id)
{
    const json_t *item;
    size_t i;

    json_array_foreach(ids, i, item)
    {
        if (strcmp(json_string_value(item), id) == 0) {
            json_array_remove(ids, i);
            return true;
        }
    }
    return false;
}

void client_check_verdict(struct result *result, const json_t *verdict,
                          const json_t *expected)
{
    json_t *missing = json_copy((json_t *)expected);
    const json_t *finding, *id;
    size_t i;

    json_array_foreach(json_object_get(verdict, "findings"), i, finding)
    {
        bool is_must = strcmp(value_text(finding, "level"), "must") == 0;

        if (take_id(missing, value_text(finding, "id")) || !is_must)
            continue;
        result_fail(result, "wire: %s: %s; seen: %s", value_text(finding, "id"),
                    value_text(finding, "text"),
                    value_text(json_object_get(finding, "example"), "seen"));
    }
    json_array_foreach(missing, i, id)
    {
        if (int_of(verdict, "requests") > 0)
            result_fail(result, "wire: expected the finding %s, got none",
                        json_string_value(id));
    }
    json_decref(missing);
}
