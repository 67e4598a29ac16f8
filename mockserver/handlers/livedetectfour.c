/*
 * POST /face/livedetectfour: a lip-reading video, compared with a photo when
 * compare_flag asks for it (docs/contract.md section 5).
 */
#include <string.h>
#include "endpoints.h"

static const char *const flag_values[] = {"true", "false", NULL};

static const struct param_rule rules[] = {
    {.param = PARAM_APPID, .need = NEED_ALWAYS},
    {.param = PARAM_BUCKET, .need = NEED_WITH_BUCKETS},
    {.param = PARAM_VALIDATE_DATA, .need = NEED_ALWAYS},
    {.param = PARAM_VIDEO, .need = NEED_ALWAYS},
    {.param = PARAM_COMPARE_FLAG, .need = NEED_ALWAYS, .values = flag_values},
    {.param = PARAM_CARD, .need = NEED_WHEN_COMPARED},
    {.param = PARAM_SEQ, .need = NEED_NEVER},
};

/* A real JPEG as Base64; the build makes it from fixtures/media/photo.jpg. */
static const char photo[] =
#include "photo.b64.inc"
    ;

static bool is_compared(const struct exchange *x)
{
    return param_equals(&x->body.values[PARAM_COMPARE_FLAG], "true", 4);
}

static void answer(struct exchange *x, const struct settings *settings)
{
    const struct upload *video = &x->body.values[PARAM_VIDEO].file;
    const struct upload *card = &x->body.values[PARAM_CARD].file;

    (void)settings;
    if (video->size == 0) {
        x->natural_code = ERR_VIDEO_INVALID;
        x->why = "video has zero bytes";
    } else if (is_compared(x) && card->size == 0) {
        x->natural_code = ERR_CARD_DECODE;
        x->why = "card has zero bytes";
    } else if (is_compared(x) && upload_type(card) == MEDIA_GIF) {
        x->natural_code = ERR_CARD_DECODE;
        x->why = "card is a GIF";
    }
}

static void add_status(struct strbuf *out, const char *status,
                       const char *message_key, int code, const char *message,
                       const struct settings *settings)
{
    const char *text = code ? message : error_message(0, settings->language);

    strbuf_addf(out, "\"%s\":%d,\"%s\":", status, code, message_key);
    strbuf_add_json(out, text, strlen(text));
}

static int data(const struct exchange *x, const struct settings *settings,
                struct strbuf *out)
{
    const struct decision *d = &x->decision;
    bool compared = is_compared(x);
    bool in_live = d->place == PLACE_LIVE_STATUS;
    bool in_compare = d->place == PLACE_COMPARE_STATUS && compared;
    const char *message = decision_message(d, settings->language);

    if (d->code != 0 && !in_live && !in_compare)
        return 0;
    strbuf_addch(out, '{');
    add_status(out, "live_status", "live_msg", in_live ? d->code : 0, message,
               settings);
    if (compared) {
        strbuf_addch(out, ',');
        /* Without a live person there is no comparison that succeeded. */
        add_status(out, "compare_status", "compare_msg", d->code, message,
                   settings);
    }
    if (compared && d->code == 0)
        strbuf_addf(out, ",\"sim\":%d,\"photo\":\"%s\"", settings->sim, photo);
    strbuf_addch(out, '}');
    return 1;
}

const struct endpoint endpoint_livedetectfour = {
    .name = "livedetectfour",
    .id = EP_FOUR,
    .path = "/face/livedetectfour",
    .bodies = BODY_MULTIPART,
    .rules = rules,
    .n_rules = sizeof(rules) / sizeof(rules[0]),
    .answer = answer,
    .data = data,
};
