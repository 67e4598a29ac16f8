#include "journal_entry.h"

#include <stdlib.h>
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

/*
 * An exchange is packed twice by the same code: first without a place to put
 * it, to learn the size, then into the block. Both take from the same `room`
 * in the same order and so cut the same things. What tells most comes first,
 * header fields last.
 */
struct packer {
    char *next;  /* where the next string goes; NULL: only measuring */
    size_t room; /* bytes left of the entry's bound */
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
    struct entry_text text = {s, len};

    if (!s)
        return (struct entry_text){0};
    if (cap > p->room)
        cap = p->room;
    if (len > cap) {
        p->truncated = true;
        text.len = cut(s, cap);
    }
    p->room -= text.len;
    if (p->next) {
        memcpy(p->next, s, text.len);
        text.ptr = p->next;
        p->next += text.len;
    }
    return text;
}

static struct entry_text put_string(struct packer *p, const char *s, size_t cap)
{
    return put(p, s, s ? strlen(s) : 0, cap);
}

/* Takes room for one more element of a list; false when there is none. */
static bool take_room(struct packer *p, size_t size)
{
    if (size > p->room) {
        p->truncated = true;
        return false;
    }
    p->room -= size;
    return true;
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

static void pack_notes(struct packer *p, struct journal_entry *e,
                       const struct finding_note *notes)
{
    e->n_notes = 0;
    for (; notes && take_room(p, sizeof(*e->notes)); notes = notes->next) {
        struct entry_note note = {
            .finding = notes->finding,
            .seen = put_string(p, notes->seen, MAX_WHY),
        };

        if (p->next)
            e->notes[e->n_notes] = note;
        e->n_notes++;
    }
}

static void pack_parts(struct packer *p, struct journal_entry *e,
                       const struct part *parts)
{
    e->n_parts = 0;
    for (; parts && take_room(p, sizeof(*e->parts)); parts = parts->next) {
        const struct multipart_header *header = &parts->header;
        const struct upload *file = &parts->file;
        struct entry_part part = {
            .name = put(p, header->name, header->name_len, MAX_PART),
            .filename =
                put(p, header->filename, header->filename_len, MAX_PART),
            .type = put(p, header->type, header->type_len, MAX_PART),
            .size = file->size,
            .is_sniffed = file->head != NULL,
            .has_sha256 = file->has_sha256,
            .is_complete = parts->is_complete,
            .repeated = parts->repeated,
        };

        if (p->next) {
            if (part.is_sniffed)
                part.media = upload_type(file);
            if (part.has_sha256)
                memcpy(part.sha256, file->sha256, SHA256_LEN);
            e->parts[e->n_parts] = part;
        }
        e->n_parts++;
    }
}

/* Fields that may hold a secret of the one who asked. The signature in
 * Authorization is none: it is what a client wants to look at. */
static bool is_masked(const struct field *field)
{
    const char *name = field->name;
    size_t len = field->name_len;

    text_trim(&name, &len);
    /* A token, of the admin API perhaps, that came to the wrong place. */
    if (text_equal_nocase(name, len, "Authorization") &&
        field->value_len >= 7 && text_equal_nocase(field->value, 7, "Bearer "))
        return true;
    return text_equal_nocase(name, len, "Cookie") ||
           text_equal_nocase(name, len, "Proxy-Authorization");
}

static void pack_fields(struct packer *p, struct journal_entry *e,
                        const struct field *fields)
{
    e->n_fields = 0;
    for (; fields; fields = fields->next) {
        struct entry_field field;

        if (!take_room(p, sizeof(*e->fields)))
            return;
        field.name = put(p, fields->name, fields->name_len, MAX_FIELD_NAME);
        if (is_masked(fields))
            field.value = put_string(p, "(masked)", MAX_FIELD_VALUE);
        else
            field.value =
                put(p, fields->value, fields->value_len, MAX_FIELD_VALUE);
        if (p->next)
            e->fields[e->n_fields] = field;
        e->n_fields++;
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
    pack_notes(p, e, x->findings);
    pack_parts(p, e, x->body.first);
    /* Those of a request to another service may hold its secrets, as the
     * query may. */
    pack_fields(p, e, x->elsewhere ? NULL : r->fields);
    e->truncated = p->truncated;
}

/* The lists lie behind the entry, the strings behind the lists. */
static char *place_lists(struct journal_entry *e,
                         const struct journal_entry *measured)
{
    e->fields = (struct entry_field *)(e + 1);
    e->parts = (struct entry_part *)(e->fields + measured->n_fields);
    e->notes = (struct entry_note *)(e->parts + measured->n_parts);
    return (char *)(e->notes + measured->n_notes);
}

struct journal_entry *journal_entry_new(const struct exchange *x,
                                        size_t max_size)
{
    struct packer measuring = {0};
    struct packer packer = {0};
    struct journal_entry measured;
    struct journal_entry *e;

    if (max_size < JOURNAL_ENTRY_MIN)
        max_size = JOURNAL_ENTRY_MIN;
    if (max_size > JOURNAL_ENTRY_MAX)
        max_size = JOURNAL_ENTRY_MAX;
    packer.room = measuring.room = max_size - sizeof(*e);
    pack(&measuring, &measured, x);

    e = malloc(max_size - measuring.room);
    if (!e)
        return NULL;
    atomic_init(&e->n_refs, 1);
    e->next_evicted = NULL;
    e->size = max_size - measuring.room;
    e->id = 0;
    packer.next = place_lists(e, &measured);
    pack(&packer, e, x);
    return e;
}

struct journal_entry *journal_entry_ref(struct journal_entry *e)
{
    atomic_fetch_add_explicit(&e->n_refs, 1, memory_order_relaxed);
    return e;
}

void journal_entry_unref(struct journal_entry *e)
{
    if (e &&
        atomic_fetch_sub_explicit(&e->n_refs, 1, memory_order_acq_rel) == 1)
        free(e);
}
