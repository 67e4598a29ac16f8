#include "secrets.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "bytes.h"
#include "value.h"

static const char field_name[] = "Authorization";

static const char *const secret_members[] = {
    "secret_key",
    "admin_token",
    field_name,
};

static bool is_field(const char *name)
{
    return name && strcasecmp(name, field_name) == 0;
}

static bool is_secret_member(const char *name)
{
    size_t n = sizeof(secret_members) / sizeof(secret_members[0]);

    for (size_t i = 0; i < n; i++) {
        if (strcasecmp(name, secret_members[i]) == 0)
            return true;
    }
    return false;
}

static bool is_open(const char *value)
{
    size_t len = sizeof(SECRETS_MASK) - 2; /* what follows may tell more */

    return *value && strncmp(value, SECRETS_MASK, len) != 0;
}

/* Where the value of the line begins that is an Authorization field, blanks
 * before the colon included since a broken request may have them; else 0. */
static size_t find_value(const char *line)
{
    size_t n = sizeof(field_name) - 1;

    if (strncasecmp(line, field_name, n) != 0)
        return 0;
    n += strspn(line + n, " \t");
    if (line[n] != ':')
        return 0;
    return n + 1 + strspn(line + n + 1, " \t");
}

/* The length of a field's value, folded lines included. */
static size_t value_len(const char *value)
{
    size_t n = strcspn(value, "\r\n");

    for (;;) {
        size_t end = n + strspn(value + n, "\r");

        if (value[end] != '\n' ||
            (value[end + 1] != ' ' && value[end + 1] != '\t'))
            return n;
        n = end + 1 + strcspn(value + end + 1, "\r\n");
    }
}

/* What reads it later expects no NUL in a text. */
static char *without_nuls(const json_t *string)
{
    const char *text = json_string_value(string);
    size_t len = json_string_length(string);
    struct bytes shown = {0};

    bytes_text(&shown, "");
    for (size_t i = 0; i < len; i++) {
        if (text[i] == '\0')
            bytes_text(&shown, "\\x00");
        else
            bytes_add(&shown, text + i, 1);
    }
    return shown.data;
}

/* Text that may be a message head. */
static json_t *mask_lines(const json_t *string)
{
    char *whole = without_nuls(string);
    const char *text = whole;
    struct bytes masked = {0};
    json_t *value;

    bytes_text(&masked, "");
    while (*text) {
        size_t n = find_value(text);

        bytes_add(&masked, text, n);
        text += n;
        if (n > 0) {
            size_t len = value_len(text);

            if (len > 0 && is_open(text))
                bytes_text(&masked, SECRETS_MASK);
            else
                bytes_add(&masked, text, len);
            text += len;
        }
        n = strcspn(text, "\n");
        n += text[n] == '\n';
        bytes_add(&masked, text, n);
        text += n;
    }
    value = json_stringn(masked.data, masked.len);
    bytes_release(&masked);
    free(whole);
    return value;
}

static json_t *mask_array(const json_t *array)
{
    json_t *copy = json_array();
    const json_t *value;
    size_t i;

    json_array_foreach(array, i, value)
    {
        json_array_append_new(copy, secrets_masked(value));
    }
    if (json_array_size(copy) == 2 &&
        is_field(json_string_value(json_array_get(copy, 0)))) {
        const char *text = json_string_value(json_array_get(copy, 1));

        if (text && is_open(text))
            json_array_set_new(copy, 1, json_string(SECRETS_MASK));
    }
    return copy;
}

static json_t *mask_object(const json_t *object)
{
    bool names_field = is_field(value_find_text(object, "name"));
    json_t *copy = json_object();
    const char *name;
    json_t *value;

    json_object_foreach((json_t *)object, name, value)
    {
        const char *text = json_string_value(value);
        bool secret = is_secret_member(name) ||
                      (names_field && strcmp(name, "value") == 0);

        json_object_set_new(copy, name,
                            secret && text && is_open(text)
                                ? json_string(SECRETS_MASK)
                                : secrets_masked(value));
    }
    return copy;
}

json_t *secrets_masked(const json_t *value)
{
    if (json_is_object(value))
        return mask_object(value);
    if (json_is_array(value))
        return mask_array(value);
    if (json_is_string(value))
        return mask_lines(value);
    return json_deep_copy(value);
}

char *secrets_masked_text(const char *text, const char *secret)
{
    struct bytes out = {0};
    const char *at;

    bytes_text(&out, "");
    while (secret && *secret && (at = strstr(text, secret))) {
        bytes_add(&out, text, (size_t)(at - text));
        bytes_text(&out, SECRETS_MASK);
        text = at + strlen(secret);
    }
    bytes_text(&out, text);
    return out.data;
}

/* Frees `text`. */
static char *mask_next(char *text, const char *secret)
{
    char *masked = secrets_masked_text(text, secret);

    free(text);
    return masked;
}

char *secrets_hidden_text(const struct config *config, const char *text)
{
    char *shown = secrets_masked_text(text, config->admin_token);
    const json_t *account, *key;
    size_t i, j;

    json_array_foreach(config->accounts, i, account)
    {
        json_array_foreach(json_object_get(account, "keys"), j, key)
        {
            shown = mask_next(shown, value_find_text(key, "secret_key"));
        }
    }
    if (config->nonce) {
        /* What follows is the appid, and nothing to hide. */
        char *made = format(SECRETS_KEY "%s-", config->nonce);

        shown = mask_next(shown, made);
        free(made);
    }
    return shown;
}

static json_t *hide_object(const struct config *config, const json_t *object)
{
    json_t *copy = json_object();
    const char *name;
    json_t *value;

    json_object_foreach((json_t *)object, name, value)
    {
        char *shown = secrets_hidden_text(config, name);

        json_object_set_new(copy, shown, secrets_hidden(config, value));
        free(shown);
    }
    return copy;
}

static json_t *hide_array(const struct config *config, const json_t *array)
{
    json_t *copy = json_array();
    const json_t *value;
    size_t i;

    json_array_foreach(array, i, value)
    {
        json_array_append_new(copy, secrets_hidden(config, value));
    }
    return copy;
}

json_t *secrets_hidden(const struct config *config, const json_t *value)
{
    char *whole, *shown;
    json_t *copy;

    if (json_is_object(value))
        return hide_object(config, value);
    if (json_is_array(value))
        return hide_array(config, value);
    if (!json_is_string(value))
        return json_deep_copy(value);
    whole = without_nuls(value);
    shown = secrets_hidden_text(config, whole);
    copy = json_string(shown);
    free(whole);
    free(shown);
    return copy;
}

char *secrets_masked_url(const char *url)
{
    const char *host = strstr(url, "://");
    size_t len;

    if (!host)
        return format("%s", url);
    host += 3;
    len = strcspn(host, "/?#");
    for (size_t i = len; i > 0; i--) {
        if (host[i - 1] == '@')
            return format("%.*s" SECRETS_MASK "%s", (int)(host - url), url,
                          host + i - 1);
    }
    return format("%s", url);
}
