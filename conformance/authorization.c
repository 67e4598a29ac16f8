#include "authorization.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>

#include <openssl/evp.h>
#include <openssl/hmac.h>

#include "bytes.h"
#include "value.h"

enum {
    VALID_S = 1000,     /* how long a good signature is valid */
    MAX_ATTEMPTS = 1000 /* at a random number that makes a mutation show */
};

#define DEFAULT_ORDER "abketruf"

/* The value of a placeholder's name, or NULL when it is none. */
static const char *find_name(const char *name, size_t len,
                             const struct signing_case *with)
{
    const struct credentials *c = with->own;
    const char *value;

    if (len > 6 && strncmp(name, "other.", 6) == 0) {
        c = with->other;
        name += 6;
        len -= 6;
    }
    if (!c)
        return NULL;
    if (len == 5 && strncmp(name, "appid", len) == 0)
        return c->appid;
    if (len == 9 && strncmp(name, "secret_id", len) == 0)
        return c->secret_id;
    if (len != 6 || strncmp(name, "bucket", len) != 0)
        return NULL;
    value = c->bucket;
    return value ? value : "";
}

char *fill_in_names(const char *text, const struct signing_case *with)
{
    struct bytes out = {0};

    bytes_text(&out, "");
    while (*text) {
        const char *end =
            strncmp(text, "${", 2) == 0 ? strchr(text, '}') : NULL;
        const char *value =
            end ? find_name(text + 2, (size_t)(end - text - 2), with) : NULL;

        if (value) {
            bytes_text(&out, value);
            text = end + 1;
        } else {
            bytes_add(&out, text++, 1);
        }
    }
    return out.data;
}

/* "now", "now-10", "now+60" as a number of seconds; else the text with its
 * names filled in. */
static char *field_value(const json_t *value, const struct signing_case *with)
{
    const char *text = json_string_value(value);
    char *end;
    long long offset = 0;

    if (json_is_integer(value))
        return format("%lld", (long long)json_integer_value(value));
    if (!text)
        return format("%s", "");
    if (strncmp(text, "now", 3) != 0)
        return fill_in_names(text, with);
    if (text[3] != '\0') {
        offset = strtoll(text + 3, &end, 10);
        if (*end != '\0')
            return fill_in_names(text, with);
    }
    return format("%lld", (long long)time(NULL) + offset);
}

/* The default value of a field, or NULL when a good signature has none. */
static char *default_value(char key, unsigned random,
                           const struct signing_case *with)
{
    switch (key) {
    case 'a':
        return format("%s", with->own->appid);
    case 'b':
        return with->own->bucket ? format("%s", with->own->bucket) : NULL;
    case 'k':
        return format("%s", with->own->secret_id);
    case 'e':
        return format("%lld", (long long)time(NULL) + VALID_S);
    case 't':
        return format("%lld", (long long)time(NULL));
    case 'r':
        return format("%u", random);
    case 'u':
        return format("0");
    case 'f':
        return format("%s", "");
    default:
        return NULL;
    }
}

static void add_field(struct bytes *text, const char *key, const char *value)
{
    bytes_format(text, "%s%s=%s", text->len ? "&" : "", key, value);
}

/* One field, as the case says or by default. */
static void add_key(struct bytes *text, const char *key, unsigned random,
                    const json_t *fields, const struct signing_case *with)
{
    const json_t *given = json_object_get(fields, key);
    char *value;

    if (json_is_null(given))
        return;
    value =
        given ? field_value(given, with) : default_value(key[0], random, with);
    if (value)
        add_field(text, key, value);
    free(value);
}

/* The fields that a good signature does not have. */
static void add_others(struct bytes *text, const json_t *fields,
                       const struct signing_case *with)
{
    const char *key;
    json_t *value;

    json_object_foreach((json_t *)fields, key, value)
    {
        if (strlen(key) != 1 || !strchr(DEFAULT_ORDER, key[0]))
            add_key(text, key, 0, fields, with);
    }
}

static void add_fields(struct bytes *text, const json_t *signature,
                       unsigned random, const struct signing_case *with)
{
    const json_t *fields = json_object_get(signature, "fields");
    const char *order = value_find_text(signature, "order");
    const json_t *key;
    size_t i;

    for (const char *p = order ? order : DEFAULT_ORDER; *p; p++) {
        const char name[2] = {*p, '\0'};

        add_key(text, name, random, fields, with);
    }
    if (!order)
        add_others(text, fields, with);
    json_array_foreach(json_object_get(signature, "repeat"), i, key)
        add_key(text, json_string_value(key), random, fields, with);
}

static char *make_text(const json_t *signature, unsigned random,
                       const struct signing_case *with)
{
    const char *given = value_find_text(signature, "text");
    const char *append = value_find_text(signature, "append");
    struct bytes text = {0};
    char *filled;

    bytes_text(&text, "");
    if (given) {
        filled = fill_in_names(given, with);
        bytes_text(&text, filled);
        free(filled);
    } else {
        add_fields(&text, signature, random, with);
    }
    if (append)
        bytes_text(&text, append);
    return text.data;
}

static const char *find_key(const json_t *signature,
                            const struct signing_case *with)
{
    const char *key = value_find_text(signature, "key");

    if (text_is(key, "wrong"))
        return "not the secret key of anybody";
    if (text_is(key, "secret_id"))
        return with->own->secret_id;
    if (text_is(key, "other") && with->other)
        return with->other->secret_key;
    return with->own->secret_key;
}

static char *percent_encode(const char *text)
{
    struct bytes out = {0};

    bytes_text(&out, "");
    for (; *text; text++) {
        if (strchr("+/=&", *text))
            bytes_format(&out, "%%%02X", (unsigned char)*text);
        else
            bytes_add(&out, text, 1);
    }
    return out.data;
}

static void add_hex(struct bytes *b, const unsigned char *data, size_t len)
{
    for (size_t i = 0; i < len; i++)
        bytes_format(b, "%02x", data[i]);
}

/* What is to be encoded: digest and text, put together as the case says. */
static void join(const char *how, const char *key, const char *text,
                 struct bytes *out)
{
    unsigned char digest[EVP_MAX_MD_SIZE];
    unsigned len = SHA1_LEN;
    bool text_first = text_is(how, "last");
    char *encoded;

    if (text_is(how, "sha256")) {
        HMAC(EVP_sha256(), key, (int)strlen(key), (const unsigned char *)text,
             strlen(text), digest, &len);
    } else if (text_is(how, "of-encoded")) {
        encoded = percent_encode(text);
        sign_digest(key, encoded, digest);
        free(encoded);
    } else {
        sign_digest(key, text, digest);
    }
    if (text_is(how, "short"))
        len--;
    if (text_is(how, "flipped"))
        digest[len - 1] ^= 1;
    if (text_first)
        bytes_text(out, text);
    if (text_is(how, "hex"))
        add_hex(out, digest, len);
    else if (!text_is(how, "none"))
        bytes_add(out, digest, len);
    if (!text_first && !text_is(how, "only"))
        bytes_text(out, text);
}

static void replace(char *text, const char *from, const char *to)
{
    for (; *text; text++) {
        const char *at = strchr(from, *text);

        if (at)
            *text = to[at - from];
    }
}

static char *break_lines(const char *text)
{
    struct bytes out = {0};
    size_t len = strlen(text);

    for (size_t i = 0; i < len; i += 64)
        bytes_format(&out, "%s%.64s", i ? " " : "", text + i);
    return out.data;
}

/* Base64 of `data`, encoded as the case says. */
static char *encode(const char *how, const struct bytes *data)
{
    char *text, *other = NULL;

    if (text_is(how, "none"))
        return printable(data->data, data->len);
    text = base64(data->data, data->len);
    if (text_is(how, "url-safe"))
        replace(text, "+/", "-_");
    else if (text_is(how, "plus-as-blank"))
        replace(text, "+", " ");
    else if (text_is(how, "unpadded"))
        text[strcspn(text, "=")] = '\0';
    else if (text_is(how, "twice"))
        other = base64(text, strlen(text));
    else if (text_is(how, "lines"))
        other = break_lines(text);
    else if (text_is(how, "percent"))
        other = percent_encode(text);
    if (!other)
        return text;
    free(text);
    return other;
}

static unsigned random_number(void)
{
    unsigned n = 0;

    if (getrandom(&n, sizeof(n), 0) != sizeof(n))
        n = (unsigned)time(NULL);
    return n % 1000000000;
}

/* Base64 of digest and text. With an encoding, other random numbers are tried
 * until it makes a difference; now and then one has fewer digits, which moves
 * the padding. */
static char *sign_as_told(const json_t *signature,
                          const struct signing_case *with)
{
    const char *encoding = value_find_text(signature, "encoding");
    char *plain = NULL, *value = NULL;

    for (unsigned i = 0; i < MAX_ATTEMPTS; i++) {
        char *text = make_text(signature, random_number(), with);
        struct bytes data = {0};

        join(value_find_text(signature, "digest"), find_key(signature, with),
             text, &data);
        free(text);
        free(plain);
        free(value);
        plain = base64(data.data, data.len);
        value = encode(encoding, &data);
        bytes_release(&data);
        if (!encoding || strcmp(plain, value) != 0)
            break;
    }
    free(plain);
    return value;
}

char *authorization_make(const json_t *signature,
                         const struct signing_case *with)
{
    const json_t *cut = json_object_get(signature, "cut");
    const char *prefix = value_find_text(signature, "prefix");
    const char *suffix = value_find_text(signature, "suffix");
    char *value, *whole;

    if (json_is_null(signature))
        return NULL;
    if (json_is_string(signature))
        return fill_in_names(json_string_value(signature), with);
    if (json_is_true(json_object_get(signature, "reuse")))
        return format("%s", with->previous ? with->previous : "");
    value = sign_as_told(signature, with);
    if (json_is_integer(cut) && (size_t)json_integer_value(cut) < strlen(value))
        value[json_integer_value(cut)] = '\0';
    whole = format("%s%s%s", prefix ? prefix : "", value, suffix ? suffix : "");
    free(value);
    return whole;
}
