/*
 * POST /face/livedetectpicture: liveness of one photo, uploaded or named by a
 * URL (docs/contract.md section 6).
 */
#include <string.h>
#include "endpoints.h"
#include "mutants.h"
#include "url.h"

static const struct param_rule rules[] = {
    {.param = PARAM_APPID, .need = NEED_ALWAYS},
    {.param = PARAM_BUCKET, .need = NEED_NEVER},
    {.param = PARAM_URL, .need = NEED_NEVER},
    {.param = PARAM_IMAGE, .need = NEED_NEVER, .unless_url = true},
    {.param = PARAM_SEQ, .need = NEED_NEVER},
};

static void set(struct exchange *x, enum error_code code, const char *why)
{
    x->natural_code = (int)code;
    x->why = why;
}

static void judge_file(struct exchange *x, const struct upload *file)
{
    if (file->bad_base64 && !mutant(MUTANT_IMAGE_BASE64_UNCHECKED))
        set(x, ERR_SELFIE_DECODE, "image in JSON is not Base64");
    else if (file->size == 0)
        set(x, ERR_NO_IMAGE, "image has zero bytes");
    else if (upload_type(file) == MEDIA_GIF)
        set(x, ERR_SELFIE_DECODE, "image is a GIF");
}

/* What the download of the URL would have given, without any network. */
static void judge_url(struct exchange *x, const struct param_value *value,
                      const char *root)
{
    unsigned char head[MEDIA_SNIFF_LEN];
    struct upload file = {.head = head};
    struct url url;
    const char *why;
    long got;

    if (url_parse(&url, &x->arena, value->text, value->text_len, &why) < 0) {
        set(x, ERR_NO_IMAGE, why);
        return;
    }
    if (url_host_is_invalid(&url) && !mutant(MUTANT_URL_HOST_UNCHECKED)) {
        set(x, ERR_NO_IMAGE, "the url's host is under .invalid");
        return;
    }
    if (mutant(MUTANT_URL_GIF_ACCEPTED) ||
        (mutant(MUTANT_URL_GIF_CASE) && strstr(url.path, ".GIF")))
        return;
    if (url_path_ends(&url, ".gif")) {
        set(x, ERR_SELFIE_DECODE, "the url's path ends in .gif");
        return;
    }
    if (!root)
        return;
    got = url_read_file(&url, root, head, sizeof(head));
    if (got < 0) {
        set(x, ERR_NO_IMAGE, "no file stands for the url under --url-root");
        return;
    }
    file.head_len = (size_t)got;
    file.size = (uint64_t)got;
    judge_file(x, &file);
}

static void answer(struct exchange *x, const struct settings *settings)
{
    const struct param_value *url = &x->body.values[PARAM_URL];
    const struct param_value *image = &x->body.values[PARAM_IMAGE];

    if ((param_given(url) ||
         (mutant(MUTANT_EMPTY_URL_COUNTS) && url->form == PARAM_TEXT)) &&
        !(mutant(MUTANT_IMAGE_OVER_URL) && image->form == PARAM_FILE))
        judge_url(x, url, settings->url_root);
    else if (image->form == PARAM_FILE)
        judge_file(x, &image->file);
    else if (!mutant(MUTANT_IMAGE_OPTIONAL))
        set(x, ERR_NO_IMAGE, "neither url nor image is given");
}

static int data(const struct exchange *x, const struct settings *settings,
                struct strbuf *out)
{
    if (x->decision.code != 0)
        return 0;
    strbuf_addstr(out, mutant(MUTANT_SCORE_IS_STRING)     ? "{\"score\":\""
                       : mutant(MUTANT_SCORE_IS_FRACTION) ? "{\"score\":0."
                                                          : "{\"score\":");
    strbuf_addint(out, settings->score);
    strbuf_addstr(out, mutant(MUTANT_SCORE_IS_STRING) ? "\"}" : "}");
    return 1;
}

const struct endpoint endpoint_livedetectpicture = {
    .name = "livedetectpicture",
    .id = EP_PICTURE,
    .path = "/face/livedetectpicture",
    .bodies = BODY_JSON | BODY_MULTIPART,
    .rules = rules,
    .n_rules = sizeof(rules) / sizeof(rules[0]),
    .answer = answer,
    .data = data,
};
