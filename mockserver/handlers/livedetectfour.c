/*
 * POST /face/livedetectfour: a lip-reading video, compared with a photo when
 * compare_flag asks for it (docs/contract.md section 5).
 */
#include <string.h>
#include "endpoints.h"
#include "mutants.h"

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
    if (video->size == 0 && !mutant(MUTANT_EMPTY_VIDEO_ACCEPTED)) {
        x->natural_code = ERR_VIDEO_INVALID;
        x->why = "video has zero bytes";
    } else if (is_compared(x) && card->size == 0 &&
               !mutant(MUTANT_EMPTY_CARD_ACCEPTED)) {
        x->natural_code = ERR_CARD_DECODE;
        x->why = "card has zero bytes";
    } else if ((is_compared(x) || mutant(MUTANT_CARD_JUDGED_ALWAYS)) &&
               upload_type(card) == MEDIA_GIF &&
               !mutant(MUTANT_CARD_GIF_ACCEPTED)) {
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
    bool in_live = d->place == PLACE_LIVE_STATUS && !mutant(MUTANT_LIVE_AT_TOP);
    bool in_compare = d->place == PLACE_COMPARE_STATUS && compared &&
                      !mutant(MUTANT_COMPARE_AT_TOP);
    const char *message = decision_message(d, settings->language);

    if (d->code != 0 && !in_live && !in_compare)
        return 0;
    strbuf_addch(out, '{');
    add_status(out, "live_status",
               mutant(MUTANT_LIVE_MSG_RENAMED) ? "live_message" : "live_msg",
               in_live ? d->code : 0, message, settings);
    if (compared || mutant(MUTANT_COMPARE_UNASKED)) {
        strbuf_addch(out, ',');
        /* Without a live person there is no comparison that succeeded. */
        add_status(out, "compare_status", "compare_msg",
                   mutant(MUTANT_LIVE_COMPARED_0) && in_live ? 0 : d->code,
                   message, settings);
    }
    if (compared && (d->code == 0 || mutant(MUTANT_SIM_ALWAYS)))
        strbuf_addf(
            out,
            mutant(MUTANT_SIM_IS_STRING) ? ",\"sim\":\"%d\",\"photo\":\"%s\""
            : mutant(MUTANT_PHOTO_DATA_URI)
                ? ",\"sim\":%d,\"photo\":\"data:image/jpeg;base64,%s\""
                : ",\"sim\":%d,\"photo\":\"%s\"",
            settings->sim, mutant(MUTANT_PHOTO_NO_JPEG) ? photo + 4 : photo);
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
