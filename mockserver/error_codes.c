#include "error_codes.h"

/* Where each code's row is in error_table[]. */
enum row {
#define X(symbol, code, http, place, provenance, zh, en, endpoints, trigger)   \
    ROW_##symbol,
#include "error_codes.def"
#undef X
    ROW__COUNT
};

/* clang-format off */
const struct error_info error_table[] = {
#define X(symbol, code, http, place, provenance, zh, en, endpoints, trigger)   \
    {ERR_##symbol, #symbol, http, place, provenance, zh, en, endpoints, trigger},
#include "error_codes.def"
#undef X
};
/* clang-format on */

const size_t error_table_len = ROW__COUNT;

static const char *const place_names[PLACE__COUNT] = {
    [PLACE_CODE] = "code",
    [PLACE_LIVE_STATUS] = "live_status",
    [PLACE_COMPARE_STATUS] = "compare_status",
};

static const char *const provenance_marks[PROVENANCE__COUNT] = {
    [DOCUMENTED] = "D",
    [VENDOR] = "V",
    [ASSUMED] = "A",
};

/* Each text stands for a request that is right but for what it says. */
static const char *const trigger_texts[TRIGGER__COUNT] = {
    [TRIGGER_FAULT_ONLY] = "only by a fault",
    [TRIGGER_MALFORMED_REQUEST] =
        "send `Content-Type: text/plain`, or sign for an account whose "
        "`status` is `arrears`",
    [TRIGGER_NO_AUTHORIZATION] =
        "leave out the `Authorization` header, or send it blank",
    [TRIGGER_MALFORMED_SIGNATURE] =
        "send an `Authorization` that is not padded standard Base64, such as "
        "`Bearer x`",
    [TRIGGER_OTHER_APPID] =
        "send an `appid` in the body that differs from the `a` that was signed",
    [TRIGGER_EXPIRED_SIGNATURE] =
        "sign with an `e` that is not 0 and lies before the mock's clock",
    [TRIGGER_UNKNOWN_APPID] = "sign with an `a` that no account has",
    [TRIGGER_UNKNOWN_SECRET_ID] =
        "sign with the `a` of an account and a `k` that no account has",
    [TRIGGER_SECRET_ID_OF_ANOTHER] =
        "sign with the `a` of one account and the `k` of another",
    [TRIGGER_SINGLE_USE_TWICE] =
        "sign with `e` = 0 and send that same signature twice",
    [TRIGGER_WRONG_DIGEST] = "sign with a SecretKey that is not the one of `k`",
    [TRIGGER_OVER_RATE] =
        "sign for an account with a `rate_per_second` and send more requests "
        "than that at once",
    [TRIGGER_UNKNOWN_BUCKET] =
        "sign with a `b` that is none of the account's buckets",
    [TRIGGER_BAD_PARAMETER] = "leave `appid` out of the body",
    [TRIGGER_BODY_TOO_LARGE] =
        "send a body of one byte more than `--max-body` (6291456 by default)",
    [TRIGGER_PHOTO_NOT_DECODABLE] =
        "send livedetectpicture an `image` that is a GIF or, in JSON, not "
        "Base64, or a `url` whose path ends in `.gif`",
    [TRIGGER_CARD_NOT_DECODABLE] =
        "send livedetectfour a `card` of zero bytes or a GIF with "
        "`compare_flag` `true`",
    [TRIGGER_EMPTY_VIDEO] = "send livedetectfour a `video` of zero bytes",
    [TRIGGER_NO_IMAGE] =
        "send livedetectpicture neither `image` nor `url`, or a `url` whose "
        "host is under `.invalid`",
};

/* The cases come from the rows, so a code given twice does not compile; nor
 * does a row for 0. */
const struct error_info *error_find(int code)
{
    switch (code) {
    case ERR_OK:
        return NULL;
#define X(symbol, code, http, place, provenance, zh, en, endpoints, trigger)   \
    case (code):                                                               \
        return &error_table[ROW_##symbol];
#include "error_codes.def"
#undef X
    default:
        return NULL;
    }
}

const char *error_message(int code, enum language language)
{
    const struct error_info *info = error_find(code);

    if (code == ERR_OK)
        return "OK";
    if (!info)
        return language == LANGUAGE_ZH ? "未列出的错误码" : "unlisted code";
    return language == LANGUAGE_ZH ? info->zh : info->en;
}

const char *error_place_name(enum error_place place)
{
    return place_names[place];
}

const char *error_provenance_mark(enum error_provenance provenance)
{
    return provenance_marks[provenance];
}

const char *error_trigger_text(enum error_trigger trigger)
{
    return trigger_texts[trigger];
}
