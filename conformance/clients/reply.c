#include "reply.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/evp.h>

static void __attribute__((format(printf, 2, 3)))
bad(struct livedetect_outcome *outcome, const char *fmt, ...)
{
    va_list ap;

    outcome->kind = LIVEDETECT_TRANSPORT;
    outcome->failure = LIVEDETECT_BAD_RESPONSE;
    va_start(ap, fmt);
    vsnprintf(outcome->why, sizeof(outcome->why), fmt, ap);
    va_end(ap);
}

static bool has_text(struct livedetect_outcome *outcome, const char *name)
{
    if (json_is_string(json_object_get(outcome->data, name)))
        return true;
    bad(outcome, "data.%s is no string", name);
    return false;
}

static bool has_integer(struct livedetect_outcome *outcome, const char *name)
{
    if (json_is_integer(json_object_get(outcome->data, name)))
        return true;
    bad(outcome, "data.%s is no integer", name);
    return false;
}

/* sim and score are whole numbers from 0 to 100. */
static bool has_percentage(struct livedetect_outcome *outcome, const char *name)
{
    json_int_t value = json_integer_value(json_object_get(outcome->data, name));

    if (!has_integer(outcome, name))
        return false;
    if (value >= 0 && value <= 100)
        return true;
    bad(outcome, "data.%s is %" JSON_INTEGER_FORMAT ", not within 0 to 100",
        name, value);
    return false;
}

/*
 * Decodes strict, padded Base64 (RFC 4648 section 4) into new memory.
 * EVP_DecodeBlock() forgives blanks, and padding in the wrong place; that the
 * bytes encode to the very same text rules all of it out. NULL: it is none.
 */
static unsigned char *base64_decode(const char *text, size_t *len)
{
    size_t text_len = strlen(text);
    unsigned char *bytes = malloc(text_len / 4 * 3 + 1);
    char *again = malloc(text_len + 1);
    int n = -1;

    if (bytes && again && text_len > 0 && text_len % 4 == 0)
        n = EVP_DecodeBlock(bytes, (const unsigned char *)text, (int)text_len);
    /* It counts the padding as bytes. */
    if (n > 0 && text[text_len - 1] == '=')
        n -= text[text_len - 2] == '=' ? 2 : 1;
    if (n > 0) {
        EVP_EncodeBlock((unsigned char *)again, bytes, n);
        if (!strcmp(again, text)) {
            free(again);
            *len = (size_t)n;
            return bytes;
        }
    }
    free(again);
    free(bytes);
    return NULL;
}

static void take_photo(struct livedetect_outcome *outcome)
{
    const json_t *photo = json_object_get(outcome->data, "photo");

    if (!has_text(outcome, "photo"))
        return;
    outcome->photo =
        base64_decode(json_string_value(photo), &outcome->photo_len);
    if (!outcome->photo)
        bad(outcome, "data.photo is no Base64");
}

/* A comparison has a status of its own, and only if that is 0 a similarity
 * and a photo. */
static void judge_comparison(struct livedetect_outcome *outcome)
{
    const json_t *status = json_object_get(outcome->data, "compare_status");

    if (!has_integer(outcome, "compare_status") ||
        !has_text(outcome, "compare_msg"))
        return;
    if (json_integer_value(status) == 0 && has_percentage(outcome, "sim"))
        take_photo(outcome);
}

static void judge_data(struct livedetect_outcome *outcome,
                       const struct livedetect_call *call)
{
    if (!json_is_object(outcome->data)) {
        bad(outcome, "code is 0, and data is no object");
        return;
    }
    switch (call->endpoint) {
    case LIVEDETECT_FOUR:
        if (has_integer(outcome, "live_status") &&
            has_text(outcome, "live_msg") && call->compare)
            judge_comparison(outcome);
        break;
    case LIVEDETECT_PICTURE:
        has_percentage(outcome, "score");
        break;
    case LIVEDETECT_GET_FOUR:
        has_text(outcome, "validate_data");
        break;
    }
}

void reply_judge(struct livedetect_outcome *outcome,
                 const struct livedetect_call *call, const char *text,
                 size_t len)
{
    json_error_t error;
    const json_t *code, *message;

    /* Strict: UTF-8, one value, nothing after it but white space. */
    outcome->body = json_loadb(text, len, 0, &error);
    if (!outcome->body) {
        bad(outcome, "HTTP %ld with %zu bytes that are no JSON object: %s",
            outcome->http, len, error.text);
        return;
    }
    code = json_object_get(outcome->body, "code");
    message = json_object_get(outcome->body, "message");
    if (!json_is_integer(code) || !json_is_string(message)) {
        bad(outcome, "HTTP %ld with JSON that has no code and message",
            outcome->http);
        return;
    }
    outcome->kind = LIVEDETECT_API;
    outcome->code = json_integer_value(code);
    outcome->message = json_string_value(message);
    outcome->data = json_object_get(outcome->body, "data");
    if (json_is_null(outcome->data))
        outcome->data = NULL;
    if (outcome->code == 0)
        judge_data(outcome, call);
}
