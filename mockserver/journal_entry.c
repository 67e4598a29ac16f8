#include "journal_entry.h"

#include <stdalign.h>
#include <string.h>
#include "endpoints.h"
#include "params.h"
#include "text.h"

/* The most bytes of one string that are kept. */
enum {
    MAX_WORD = 64, /* method, version, client */
    MAX_TARGET = 4096,
    MAX_SIGNED = 256, /* a field of the signed text, and the appid */
    MAX_WHY = 512,
    MAX_FIELD_NAME = 256,
    MAX_FIELD_VALUE = 8192,
    MAX_PART = 512, /* name, filename, type */
};

/* Fills a block from its start. What tells most comes first, header fields
 * last: whatever has no room left is cut or left out. */
struct packer {
    char *block;
    size_t used;
    size_t cap; /* the entry's bound */
    bool truncated;
};

/* The longest start of `s` that fits `cap` and does not end in the middle of
 * a UTF-8 sequence. */
static size_t cut(const char *s, size_t cap)
{
    size_t len = cap;

    while (len > 0 && cap - len < 3 && ((unsigned char)s[len] & 0xC0) == 0x80)
        len--;
    return len;
}

static struct entry_text put(struct packer *p, const char *s, size_t len,
                             size_t cap)
{
    struct entry_text text;

    if (!s)
        return (struct entry_text){0};
    if (cap > p->cap - p->used)
        cap = p->cap - p->used;
    if (len > cap) {
        p->truncated = true;
        len = cut(s, cap);
    }
    memcpy(p->block + p->used, s, len);
    text = (struct entry_text){(uint32_t)p->used, (uint32_t)len};
    p->used += len;
    return text;
}

static struct entry_text put_string(struct packer *p, const char *s, size_t cap)
{
    return put(p, s, s ? strlen(s) : 0, cap);
}

static size_t align(size_t size)
{
    const size_t step = alignof(struct journal_entry);

    return (size + step - 1) / step * step;
}

/* Takes room for a list of `n` elements, or as many as there is room for. */
static void *put_list(struct packer *p, struct entry_list *list, size_t n,
                      size_t element_size)
{
    size_t at = align(p->used);
    size_t most = at < p->cap ? (p->cap - at) / element_size : 0;

    if (n > most) {
        p->truncated = true;
        n = most;
    }
    *list = (struct entry_list){(uint32_t)at, (uint32_t)n};
    if (n > 0)
        p->used = at + n * element_size;
    return p->block + at;
}

static void pack_signature(struct packer *p, struct entry_signature *to,
                           const struct signature *sig)
{
    const struct signature_field *from[SIGNED__COUNT] = {
        &sig->a, &sig->b, &sig->k, &sig->e, &sig->t, &sig->r, &sig->u, &sig->f,
    };

    to->is_checked = sig->code != ERR_OK || sig->original;
    to->single_use = sig->single_use;
    to->code = sig->code;
    to->why = put_string(p, sig->why, MAX_WHY);
    for (size_t i = 0; i < SIGNED__COUNT; i++)
        to->fields[i] = put(p, from[i]->ptr, from[i]->len, MAX_SIGNED);
}

/* The one that the body names, else the one that signed. */
static struct entry_text pack_appid(struct packer *p, const struct exchange *x)
{
    const struct param_value *appid = &x->body.values[PARAM_APPID];
    const struct signature_field *a = &x->signature.a;

    if (appid->form == PARAM_TEXT || appid->form == PARAM_INTEGER)
        return put(p, appid->text, appid->text_len, MAX_SIGNED);
    return put(p, a->ptr, a->len, MAX_SIGNED);
}

/* Only livedetectfour has other places than the top level, and one of them
 * only when a comparison was asked for (docs/contract.md section 7). */
static enum error_place carried_at(const struct exchange *x,
                                   enum error_place place)
{
    const struct param_value *flag = &x->body.values[PARAM_COMPARE_FLAG];

    if (!x->endpoint || x->endpoint->id != EP_FOUR)
        return PLACE_CODE;
    if (place == PLACE_COMPARE_STATUS && !param_equals(flag, "true", 4))
        return PLACE_CODE;
    return place;
}

static void pack_natural(struct packer *p, struct entry_natural *to,
                         const struct exchange *x)
{
    const struct error_info *info = error_find(x->failed);
    struct decision natural = x->natural;

    if (x->cut_short)
        natural = (struct decision){
            .code = x->failed,
            .place = info ? info->place : PLACE_CODE,
            .message = x->failed_message,
        };
    to->is_known = !x->cut_short || x->failed != ERR_OK;
    to->code = natural.code;
    to->place = carried_at(x, natural.place);
    to->message = put_string(p, natural.message, MAX_WHY);
    to->why = put_string(p, x->why, MAX_WHY);
}

static bool has_status_line(enum fault_transport transport)
{
    switch (transport) {
    case TRANSPORT_RESET:
    case TRANSPORT_RESET_DURING_UPLOAD:
    case TRANSPORT_EMPTY_RESPONSE:
    case TRANSPORT_RANDOM_THEN_CLOSE:
    case TRANSPORT_HANG:
        return false;
    default:
        return true;
    }
}

static void pack_served(struct entry_served *to, const struct exchange *x)
{
    enum fault_transport transport = x->decision.transport;

    /* The server resets with the first bytes of the body, and undecided. */
    if (x->cut_short && x->body.received > 0 &&
        x->fault.transport == TRANSPORT_RESET_DURING_UPLOAD)
        transport = x->fault.transport;
    to->is_anything = !x->cut_short || transport != TRANSPORT_NONE;
    to->has_code = to->is_anything && has_status_line(transport) &&
                   transport != TRANSPORT_HTML_502 &&
                   transport != TRANSPORT_EMPTY_BODY;
    to->code = x->decision.code;
    to->place = carried_at(x, x->decision.place);
    to->http_status = has_status_line(transport) ? x->reply.http_status : 0;
    to->transport = transport;
    to->delay_ms = x->decision.delay_ms;
}

static void pack_notes(struct packer *p, struct entry_list *list,
                       const struct finding_note *notes)
{
    struct entry_note *to;
    size_t n = 0;

    for (const struct finding_note *note = notes; note; note = note->next)
        n++;
    to = put_list(p, list, n, sizeof(*to));
    for (size_t i = 0; notes && i < list->n; i++, notes = notes->next)
        to[i] = (struct entry_note){
            .finding = notes->finding,
            .seen = put_string(p, notes->seen, MAX_WHY),
        };
}

static void pack_part(struct packer *p, struct entry_part *to,
                      const struct part *part)
{
    const struct multipart_header *header = &part->header;
    const struct upload *file = &part->file;

    *to = (struct entry_part){
        .name = put(p, header->name, header->name_len, MAX_PART),
        .filename = put(p, header->filename, header->filename_len, MAX_PART),
        .type = put(p, header->type, header->type_len, MAX_PART),
        .size = file->size,
        .is_sniffed = file->head != NULL,
        .has_sha256 = file->has_sha256,
        .is_complete = part->is_complete,
        .repeated = part->repeated,
    };
    if (to->is_sniffed)
        to->media = upload_type(file);
    if (to->has_sha256)
        memcpy(to->sha256, file->sha256, SHA256_LEN);
}

static void pack_parts(struct packer *p, struct entry_list *list,
                       const struct part *parts)
{
    struct entry_part *to;
    size_t n = 0;

    for (const struct part *part = parts; part; part = part->next)
        n++;
    to = put_list(p, list, n, sizeof(*to));
    for (size_t i = 0; parts && i < list->n; i++, parts = parts->next)
        pack_part(p, &to[i], parts);
}

/* Are these credentials of that scheme (RFC 9110 section 11.4)? */
static bool has_scheme(const struct field *field, const char *scheme)
{
    size_t len = strlen(scheme);

    return field->value_len > len &&
           text_equal_nocase(field->value, len, scheme) &&
           (field->value[len] == ' ' || field->value[len] == '\t');
}

/* Fields that may hold a secret of the one who asked. The signature in
 * Authorization is none: it is what a client wants to look at. */
static bool is_masked(const struct field *field)
{
    const char *name = field->name;
    size_t len = field->name_len;

    text_trim(&name, &len);
    if (!text_is_token(name, len))
        return true;
    /* A token, of the admin API perhaps, or a password, that came to the wrong
     * place. */
    if (text_equal_nocase(name, len, "Authorization") &&
        (has_scheme(field, "Bearer") || has_scheme(field, "Basic")))
        return true;
    /* A user and his password, which have no place there. */
    if (text_equal_nocase(name, len, "Host") && field->value_len > 0 &&
        memchr(field->value, '@', field->value_len))
        return true;
    return text_equal_nocase(name, len, "Cookie") ||
           text_equal_nocase(name, len, "Set-Cookie") ||
           text_equal_nocase(name, len, "Proxy-Authorization");
}

/* The library adds a folded line to a name: what came there may be anything,
 * a password as well. */
static struct entry_text put_name(struct packer *p, const struct field *field)
{
    const char *name = field->name;
    size_t len = field->name_len;

    text_trim(&name, &len);
    if (!text_is_token(name, len))
        return put_string(p, "(malformed)", MAX_FIELD_NAME);
    return put(p, field->name, field->name_len, MAX_FIELD_NAME);
}

static void pack_fields(struct packer *p, struct entry_list *list,
                        const struct field *fields)
{
    struct entry_field *to;
    size_t n = 0;

    for (const struct field *field = fields; field; field = field->next)
        n++;
    to = put_list(p, list, n, sizeof(*to));
    for (size_t i = 0; fields && i < list->n; i++, fields = fields->next) {
        to[i].name = put_name(p, fields);
        to[i].value =
            is_masked(fields)
                ? put_string(p, "(masked)", MAX_FIELD_VALUE)
                : put(p, fields->value, fields->value_len, MAX_FIELD_VALUE);
    }
}

static void pack(struct packer *p, struct journal_entry *e,
                 const struct exchange *x)
{
    const struct request *r = &x->request;

    e->endpoint = x->endpoint ? x->endpoint->name : NULL;
    pack_served(&e->served, x);
    e->time_us = x->time_us;
    e->duration_us = x->duration_us;
    e->body_size = x->body.received;
    e->cut_short = x->cut_short;
    e->fault = (struct entry_fault){
        .source = x->fault_source,
        .fault = x->fault,
        .rule = x->fault_rule,
        .problem = put_string(p, x->fault_problem, MAX_WHY),
    };
    e->client = put_string(p, r->client, MAX_WORD);
    e->method = put_string(p, r->method, MAX_WORD);
    e->version = put_string(p, r->version, MAX_WORD);
    pack_natural(p, &e->natural, x);
    pack_signature(p, &e->signature, &x->signature);
    e->appid = pack_appid(p, x);
    e->target = x->elsewhere
                    ? put(p, r->target, strcspn(r->target, "?#"), MAX_TARGET)
                    : put_string(p, r->target, MAX_TARGET);
    pack_notes(p, &e->notes, x->findings);
    pack_parts(p, &e->parts, x->body.first);
    /* Those of a request to another service may hold its secrets, as the
     * query may. */
    pack_fields(p, &e->fields, x->elsewhere ? NULL : r->fields);
    e->truncated = p->truncated;
}

void journal_entry_pack(union journal_block *block, const struct exchange *x,
                        size_t max_size)
{
    struct journal_entry *e = &block->entry;
    struct packer packer = {
        .block = block->bytes,
        .used = sizeof(*e),
    };

    if (max_size < JOURNAL_ENTRY_MIN)
        max_size = JOURNAL_ENTRY_MIN;
    if (max_size > JOURNAL_ENTRY_MAX)
        max_size = JOURNAL_ENTRY_MAX;
    packer.cap = max_size - max_size % alignof(struct journal_entry);
    memset(e, 0, sizeof(*e));
    pack(&packer, e, x);
    e->size = align(packer.used);
}

const char *journal_entry_text(const struct journal_entry *e,
                               struct entry_text text)
{
    return text.at ? (const char *)e + text.at : NULL;
}
