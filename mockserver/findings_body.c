/* The rules about the body: its type, its parts, the parameters in them, and
 * the media. */
#include "findings_rules.h"

#include "endpoints.h"
#include "findings.h"
#include "text.h"
#include "url.h"
#include <inttypes.h>
#include <string.h>

enum {
    /* an image lies in this, whichever way it is turned */
    IMAGE_LONG_SIDE = 1280,
    IMAGE_SHORT_SIDE = 720,
    SHOWN = 64, /* bytes of a name or value */
};

static int shown(size_t len)
{
    return len < SHOWN ? (int)len : SHOWN;
}

/* The content type */

static bool is_taken(const struct endpoint *endpoint, enum content_kind kind)
{
    return (kind == CONTENT_JSON && (endpoint->bodies & BODY_JSON)) ||
           (kind == CONTENT_MULTIPART && (endpoint->bodies & BODY_MULTIPART));
}

static void check_boundary(struct exchange *x, const struct content_type *type)
{
    const char *value = x->request.content_type;

    if (type->boundary_state == BOUNDARY_MISSING ||
        type->boundary_state == BOUNDARY_BAD)
        findings_add(x, FINDING_BOUNDARY_MISSING, "%s", value);
    else if (type->boundary_state == BOUNDARY_TOO_LONG)
        findings_add(x, FINDING_BOUNDARY_TOO_LONG, "%s", value);
    if (type->boundary_state == BOUNDARY_OK && type->boundary_quoted)
        findings_add(x, FINDING_BOUNDARY_QUOTED, "%s", value);
}

static void check_content_type(struct exchange *x)
{
    const struct body *b = &x->body;
    const char *value = x->request.content_type;
    struct content_type type;

    /* A body that could be begun has nothing else to find in its type. */
    if ((b->multipart || b->kind == BODY_JSON) && !strchr(value, '"'))
        return;
    content_type_parse(&type, value);
    if (!is_taken(x->endpoint, type.kind))
        findings_add(x, FINDING_CONTENT_TYPE_UNSUPPORTED, "%s",
                     value ? value : "no Content-Type");
    else if (type.kind == CONTENT_MULTIPART)
        check_boundary(x, &type);
}

/* The syntax */

/*
 * Did all of the body come, and was it looked at? Of one that did not, nothing
 * can be said to be missing: the client left, or was refused while it waited
 * for leave to send.
 */
static bool has_arrived(const struct exchange *x)
{
    const struct request *r = &x->request;

    if (x->cut_short)
        return false;
    if (r->content_length >= 0)
        return x->body.received >= (uint64_t)r->content_length;
    return !(r->chunked && r->expects_continue && x->refused_on_headers);
}

/* Can a field be said to be missing? */
static bool is_read(const struct exchange *x)
{
    const struct body *b = &x->body;

    return b->code == ERR_OK && (b->kind != BODY_JSON || b->has_members) &&
           has_arrived(x);
}

static void check_multipart_error(struct exchange *x)
{
    struct body *b = &x->body;

    /* It was finished, and says again how that ended. */
    switch (multipart_finish(b->multipart)) {
    case MULTIPART_NO_CLOSE_DELIMITER:
        findings_add(x, FINDING_CLOSE_DELIMITER_MISSING, "%s", b->why);
        return;
    case MULTIPART_PART_WITHOUT_NAME:
        findings_add(x, FINDING_PART_WITHOUT_NAME, "part %zu",
                     multipart_n_parts(b->multipart) + 1);
        return;
    default:
        findings_add(x, FINDING_BODY_UNREADABLE, "%s", b->why);
    }
}

static void check_syntax(struct exchange *x)
{
    struct body *b = &x->body;
    unsigned oddities = b->multipart ? multipart_oddities(b->multipart) : 0;

    if (oddities & MULTIPART_ODD_BARE_LF)
        findings_add(x, FINDING_BARE_LF, "a line ends with LF alone");
    if (oddities & MULTIPART_ODD_NOT_FORM_DATA)
        findings_add(x, FINDING_NOT_FORM_DATA,
                     "a Content-Disposition is not form-data");
    if (b->code != ERR_BAD_REQUEST || !has_arrived(x))
        return;
    if (b->multipart)
        check_multipart_error(x);
    if (b->kind != BODY_JSON)
        return;
    findings_add(x, FINDING_BODY_UNREADABLE, "%s", b->why);
    if (b->not_utf8)
        findings_add(x, FINDING_FIELD_NOT_UTF8, "the JSON body");
}

/* The media */

static const struct {
    const char *declared;
    enum media_type type;
} media_names[] = {
    {"image/jpeg", MEDIA_JPEG},      {"image/jpg", MEDIA_JPEG},
    {"image/pjpeg", MEDIA_JPEG},     {"image/png", MEDIA_PNG},
    {"image/x-png", MEDIA_PNG},      {"image/gif", MEDIA_GIF},
    {"image/bmp", MEDIA_BMP},        {"image/x-ms-bmp", MEDIA_BMP},
    {"image/webp", MEDIA_WEBP},      {"video/mp4", MEDIA_MP4},
    {"video/quicktime", MEDIA_MP4},  {"video/3gpp", MEDIA_MP4},
    {"video/3gpp2", MEDIA_MP4},      {"video/x-m4v", MEDIA_MP4},
    {"application/mp4", MEDIA_MP4},  {"video/x-flv", MEDIA_FLV},
    {"video/flv", MEDIA_FLV},        {"video/webm", MEDIA_MKV},
    {"video/x-matroska", MEDIA_MKV}, {"video/matroska", MEDIA_MKV},
    {"video/x-msvideo", MEDIA_AVI},  {"video/avi", MEDIA_AVI},
    {"video/vnd.avi", MEDIA_AVI},
};

/* MEDIA_UNKNOWN also for a type whose files we cannot tell. */
static enum media_type declared_media(const char *type, size_t len)
{
    for (size_t i = 0; i < sizeof(media_names) / sizeof(media_names[0]); i++) {
        if (text_equal_nocase(type, len, media_names[i].declared))
            return media_names[i].type;
    }
    return MEDIA_UNKNOWN;
}

static void check_declared_type(struct exchange *x, const struct part *part,
                                enum media_type actual)
{
    const char *type = part->header.type;
    size_t len = part->header.type_len;
    const char *end;

    if (!type || part->file.size == 0)
        return;
    end = memchr(type, ';', len);
    if (end)
        len = (size_t)(end - type);
    text_trim(&type, &len);
    /* Says no more than that it is a file, as do all our samples' videos. */
    if (text_equal_nocase(type, len, "application/octet-stream"))
        return;
    if (declared_media(type, len) != actual)
        findings_add(x, FINDING_FILE_TYPE_DIFFERS,
                     "%s is %.*s, its bytes are %s", param_name(part->param),
                     shown(len), type,
                     actual == MEDIA_UNKNOWN ? "of no type that we know"
                                             : media_type_name(actual));
}

static void check_photo(struct exchange *x, const struct part *part,
                        enum media_type actual)
{
    const struct upload *file = &part->file;
    unsigned width, height;
    unsigned longer, shorter;

    if (actual == MEDIA_GIF)
        findings_add(x, FINDING_FILE_GIF, "%s", param_name(part->param));
    /* The advice stands on livedetectpicture's page alone. */
    if (part->param != PARAM_IMAGE ||
        media_dimensions(file->head, file->head_len, &width, &height) < 0)
        return;
    longer = width > height ? width : height;
    shorter = width > height ? height : width;
    if (longer > IMAGE_LONG_SIDE || shorter > IMAGE_SHORT_SIDE)
        findings_add(x, FINDING_IMAGE_LARGE, "%u by %u pixels", width, height);
}

/* The parts, in a form or a JSON object */

static void check_filename(struct exchange *x, const struct part *part)
{
    const struct multipart_header *header = &part->header;

    if (part->is_file && !header->filename)
        findings_add(x, FINDING_FILE_WITHOUT_FILENAME, "%s", header->name);
    if (!part->is_file && header->filename)
        findings_add(x, FINDING_TEXT_WITH_FILENAME, "%s has filename \"%.*s\"",
                     header->name, shown(header->filename_len),
                     header->filename);
}

static void check_part(struct exchange *x, const struct part *part,
                       unsigned known)
{
    const char *name = part->header.name;
    enum media_type actual;

    if (!part->is_file && part->file.size > BODY_MAX_FIELD)
        findings_add(x, FINDING_FIELD_TOO_LONG, "%.*s has %" PRIu64 " bytes",
                     shown(part->header.name_len), name, part->file.size);
    if (!(known & 1U << part->param)) {
        findings_add(x, FINDING_FIELD_UNKNOWN, "%.*s",
                     shown(part->header.name_len), name);
        return;
    }
    if (part->repeated)
        findings_add(x, FINDING_FIELD_REPEATED, "%s", name);
    if (x->body.kind == BODY_MULTIPART)
        check_filename(x, part);
    if (!part->is_file || !part->is_complete || part->file.head_len == 0)
        return;
    actual = upload_type(&part->file);
    check_declared_type(x, part, actual);
    if (part->param != PARAM_VIDEO)
        check_photo(x, part, actual);
}

/* The parameters */

static const struct part *find_part(const struct body *b, enum param_id id)
{
    const struct part *part = b->first;

    while (part && part->param != id)
        part = part->next;
    return part;
}

/* Is the text unknown because it is too long? Then it is not empty. */
static bool is_too_long(const struct body *b, enum param_id id)
{
    const struct part *part = b->long_field ? find_part(b, id) : NULL;

    return part && part->file.size > BODY_MAX_FIELD;
}

static void check_text(struct exchange *x, const struct param_rule *rule)
{
    const struct param_value *value = &x->body.values[rule->param];
    const char *name = param_name(rule->param);

    if (is_too_long(&x->body, rule->param))
        return;
    if (value->text_len == 0) {
        if (param_rule_is_needed(rule, x))
            findings_add(x, FINDING_FIELD_EMPTY, "%s", name);
        return;
    }
    if (!param_rule_allows(rule, value))
        findings_add(x, FINDING_COMPARE_FLAG_VALUE, "%s is \"%.*s\"", name,
                     shown(value->text_len), value->text);
    if (!text_is_utf8(value->text, value->text_len))
        findings_add(x, FINDING_FIELD_NOT_UTF8, "%s is \"%.*s\"", name,
                     shown(value->text_len), value->text);
}

static void check_integer(struct exchange *x, const struct param_rule *rule)
{
    const struct param_value *value = &x->body.values[rule->param];

    if (rule->param == PARAM_APPID)
        findings_add(x, FINDING_APPID_INTEGER, "%s", value->text);
    else if (!param_rule_allows_integer(rule))
        findings_add(x, FINDING_FIELD_TYPE, "%s is a number",
                     param_name(rule->param));
}

/* livedetectpicture's photo: none is required, but one of the two is. */
static bool is_photo_needed(const struct exchange *x, enum param_id id)
{
    return id == PARAM_IMAGE && !param_given(&x->body.values[PARAM_URL]);
}

static void check_file(struct exchange *x, const struct param_rule *rule)
{
    const struct upload *file = &x->body.values[rule->param].file;

    if (file->size == 0 &&
        (param_rule_is_needed(rule, x) || is_photo_needed(x, rule->param)))
        findings_add(x, FINDING_FILE_EMPTY, "%s", param_name(rule->param));
    if (file->bad_base64)
        findings_add(x, FINDING_IMAGE_NOT_BASE64,
                     "%" PRIu64 " characters that are not Base64", file->size);
    if (x->body.kind == BODY_JSON && file->size > 0)
        findings_add(x, FINDING_IMAGE_IN_JSON, "image of %" PRIu64 " bytes",
                     file->size);
}

static void check_param(struct exchange *x, const struct param_rule *rule)
{
    switch (x->body.values[rule->param].form) {
    case PARAM_ABSENT:
        if (param_rule_is_needed(rule, x) && is_read(x))
            findings_add(x, FINDING_FIELD_MISSING, "%s",
                         param_name(rule->param));
        break;
    case PARAM_TEXT:
        check_text(x, rule);
        break;
    case PARAM_INTEGER:
        check_integer(x, rule);
        break;
    case PARAM_FILE:
        check_file(x, rule);
        break;
    case PARAM_OTHER:
        findings_add(x, FINDING_FIELD_TYPE, "%s is no string",
                     param_name(rule->param));
        break;
    }
}

static void check_card(struct exchange *x)
{
    const struct param_value *card = &x->body.values[PARAM_CARD];

    if (card->form == PARAM_FILE &&
        param_equals(&x->body.values[PARAM_COMPARE_FLAG], "false", 5))
        findings_add(x, FINDING_CARD_NOT_COMPARED, "card of %" PRIu64 " bytes",
                     card->file.size);
}

static void check_url(struct exchange *x)
{
    const struct param_value *value = &x->body.values[PARAM_URL];
    bool succeeded =
        !x->cut_short && x->failed == ERR_OK && x->natural_code == 0;
    struct url url;
    const char *why;

    /* What the endpoint took for a photo need not be parsed again. */
    if (value->form != PARAM_TEXT || value->text_len == 0 || succeeded)
        return;
    if (url_parse(&url, &x->arena, value->text, value->text_len, &why) < 0)
        findings_add(x, FINDING_URL_INVALID, "\"%.*s\": %s",
                     shown(value->text_len), value->text, why);
    else if (url_path_ends(&url, ".gif") ||
             x->natural_code == ERR_SELFIE_DECODE)
        findings_add(x, FINDING_FILE_GIF, "url \"%.*s\"",
                     shown(value->text_len), value->text);
}

static void check_url_and_image(struct exchange *x)
{
    const struct param_value *url = &x->body.values[PARAM_URL];
    const struct param_value *image = &x->body.values[PARAM_IMAGE];

    if (url->form == PARAM_TEXT && param_given(url) && param_given(image))
        findings_add(x, FINDING_URL_AND_IMAGE,
                     "url, and image of %" PRIu64 " bytes", image->file.size);
    if (image->form != PARAM_ABSENT || !is_read(x))
        return;
    if (url->form == PARAM_ABSENT)
        findings_add(x, FINDING_FIELD_MISSING, "neither url nor image");
    else if (url->form == PARAM_TEXT && url->text_len == 0)
        findings_add(x, FINDING_FIELD_EMPTY, "url");
}

static void check_params(struct exchange *x)
{
    const struct endpoint *endpoint = x->endpoint;
    unsigned known = 0;

    for (size_t i = 0; i < endpoint->n_rules; i++) {
        check_param(x, &endpoint->rules[i]);
        known |= 1U << endpoint->rules[i].param;
    }
    for (const struct part *part = x->body.first; part; part = part->next)
        check_part(x, part, known);
    if (known & 1U << PARAM_CARD)
        check_card(x);
    if (known & 1U << PARAM_URL) {
        check_url(x);
        check_url_and_image(x);
    }
}

void findings_of_body(struct exchange *x)
{
    const struct request *r = &x->request;
    bool has_body = r->content_length > 0 || r->chunked || x->body.received > 0;

    /* Of a GET without a body none is asked for. */
    if (!x->endpoint || (!has_body && strcmp(r->method, "POST") != 0))
        return;
    check_content_type(x);
    if (x->body.kind == 0)
        return;
    check_syntax(x);
    check_params(x);
}
