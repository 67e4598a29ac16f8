#include "body.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include "base64.h"
#include "fault.h"
#include "json_members.h"
#include "mutants.h"
#include "text.h"

void body_init(struct body *b, struct arena *arena)
{
    memset(b, 0, sizeof(*b));
    b->arena = arena;
    strbuf_init(&b->text, 0);
}

void body_release(struct body *b)
{
    sha256_free(b->hash);
    b->hash = NULL;
    strbuf_release(&b->text);
}

static enum error_code refuse(struct body *b, enum error_code code,
                              const char *why)
{
    if (b->code == ERR_OK) {
        b->code = code;
        b->why = why;
    }
    return b->code;
}

static void out_of_memory(struct body *b)
{
    refuse(b, ERR_INTERNAL, "out of memory while reading the body");
}

/* The value slot of a part or member that just began; NULL when the name is
 * not known or had its value already, since the first one counts. */
static struct param_value *free_slot(struct body *b, enum param_id id)
{
    if (id == PARAM__COUNT || (b->values[id].form != PARAM_ABSENT &&
                               !mutant(MUTANT_LAST_PART_COUNTS)))
        return NULL;
    return &b->values[id];
}

/* Adds a part to the list; NULL when memory ran out. */
static struct part *add_part(struct body *b,
                             const struct multipart_header *header)
{
    struct part *part = arena_calloc(b->arena, sizeof(*part));

    if (!part)
        return NULL;
    part->header = *header;
    part->param = param_find(header->name, header->name_len);
    part->repeated = part->param < PARAM__COUNT && !free_slot(b, part->param);
    if (b->last)
        b->last->next = part;
    else
        b->first = part;
    b->last = part;
    return part;
}

static int begin_hash(struct body *b)
{
    if (b->hash)
        return sha256_reset(b->hash);
    b->hash = sha256_new();
    return b->hash ? 0 : -1;
}

static int end_hash(struct body *b, struct upload *file)
{
    file->has_sha256 = true;
    return sha256_final(b->hash, file->sha256);
}

/* multipart */

static int on_part_begin(void *ctx, const struct multipart_header *header)
{
    struct body *b = ctx;
    struct part *part = add_part(b, header);

    if (!part)
        return -1;
    /* An unknown name says nothing, so its filename must tell. */
    part->is_file =
        part->param < PARAM__COUNT && !mutant(MUTANT_FILE_BY_FILENAME)
            ? param_is_file(part->param)
            : header->filename != NULL;
    if (mutant(MUTANT_EXTRA_PART_REFUSED) && part->param == PARAM__COUNT)
        refuse(b, ERR_BAD_REQUEST, "mutant");
    part->form = part->is_file ? PARAM_FILE : PARAM_TEXT;
    if (part->is_file) {
        b->head = arena_alloc(b->arena, FAULT_FILE_WINDOW);
        if (!b->head)
            return -1;
        part->file.head = b->head;
    }
    strbuf_reset(&b->text);
    return begin_hash(b);
}

static int on_part_data(void *ctx, const char *data, size_t len)
{
    struct body *b = ctx;
    struct part *part = b->last;
    size_t room = FAULT_FILE_WINDOW - part->file.head_len;

    part->file.size += len;
    if (sha256_add(b->hash, data, len) < 0)
        return -1;
    if (part->is_file) {
        size_t n = len < room ? len : room;

        memcpy(b->head + part->file.head_len, data, n);
        part->file.head_len += n;
        /* All there will be of it: a fault in it may act now. */
        if (n > 0 && part->file.head_len == FAULT_FILE_WINDOW)
            b->n_changes++;
        return 0;
    }
    if (part->file.size > BODY_MAX_FIELD) {
        if (!b->long_field)
            b->long_field = part->header.name;
        /* None of it, so that the pieces it came in do not matter. */
        strbuf_reset(&b->text);
        return 0;
    }
    if (part->param < PARAM__COUNT && !part->repeated)
        return strbuf_add(&b->text, data, len);
    return 0;
}

/* For the mutants that believe a part's name or type, not its bytes. */
static void believe(struct upload *file, const struct multipart_header *header)
{
    size_t len = header->filename_len;
    bool is_gif =
        mutant(MUTANT_GIF_BY_TYPE)
            ? text_equal_nocase(header->type, header->type_len, "image/gif")
            : len > 4 &&
                  text_equal_nocase(header->filename + len - 4, 4, ".gif");

    file->head = (const unsigned char *)(is_gif ? "GIF89a" : "");
    file->head_len = is_gif ? 6 : 0;
}

static int on_part_end(void *ctx)
{
    struct body *b = ctx;
    struct part *part = b->last;
    struct param_value *value = free_slot(b, part->param);

    part->is_complete = true;
    b->n_changes++;
    if (end_hash(b, &part->file) < 0)
        return -1;
    if (!value)
        return 0;
    if (part->is_file) {
        value->form = PARAM_FILE;
        value->file = part->file;
        if (mutant(MUTANT_GIF_BY_NAME) || mutant(MUTANT_GIF_BY_TYPE))
            believe(&value->file, &part->header);
        return 0;
    }
    value->text = arena_memdup0(b->arena, b->text.buf, b->text.len);
    if (!value->text)
        return -1;
    value->text_len = b->text.len;
    value->form = PARAM_TEXT;
    return 0;
}

static const struct multipart_callbacks callbacks = {
    .part_begin = on_part_begin,
    .part_data = on_part_data,
    .part_end = on_part_end,
};

static void note_multipart(struct body *b, enum multipart_error error)
{
    if (error == MULTIPART_NO_MEMORY || error == MULTIPART_STOPPED)
        out_of_memory(b);
    else if (error != MULTIPART_OK)
        refuse(b, ERR_BAD_REQUEST, multipart_error_text(error));
}

static enum error_code begin_multipart(struct body *b,
                                       const struct content_type *type)
{
    switch (type->boundary_state) {
    case BOUNDARY_OK:
        break;
    case BOUNDARY_MISSING:
        return refuse(b, ERR_BAD_REQUEST,
                      "Content-Type has no boundary parameter");
    case BOUNDARY_TOO_LONG:
        return refuse(b, ERR_BAD_REQUEST,
                      "the boundary is longer than 70 characters");
    case BOUNDARY_BAD:
        return refuse(b, ERR_BAD_REQUEST,
                      "the boundary parameter cannot be read");
    }
    strbuf_init(&b->text, BODY_MAX_FIELD);
    b->multipart = multipart_new(b->arena, type->boundary, type->boundary_len,
                                 &callbacks, b);
    if (!b->multipart)
        out_of_memory(b);
    return b->code;
}

/* JSON */

/* The members; NULL when there are none, or the body is no JSON object. */
static const struct json_member *read_members(struct body *b)
{
    struct json_member *members;
    struct json_mistake mistake;
    const char *why;

    if (b->text.len == 0) {
        refuse(b, ERR_BAD_REQUEST, "the body is empty");
        return NULL;
    }
    if (json_members_read(b->text.buf, b->text.len, b->arena, &members,
                          &mistake) == 0) {
        b->has_members = true;
        return members;
    }
    if (!mistake.what) {
        out_of_memory(b);
        return NULL;
    }
    /* Up to there it was read, and is decoded by now. */
    b->not_utf8 = !text_is_utf8(b->text.buf + mistake.offset,
                                b->text.len - mistake.offset);
    why = arena_printf(b->arena, "the JSON body is wrong at offset %zu: %s",
                       mistake.offset, mistake.what);
    refuse(b, ERR_BAD_REQUEST, why ? why : mistake.what);
    return NULL;
}

/* Hashes what Base64 text decodes to, piece by piece. */
static int hash_base64(struct body *b, struct upload *file, const char *text,
                       size_t len)
{
    enum { CHARS = 4096, BYTES = CHARS / 4 * 3 };
    unsigned char piece[BYTES];

    if (begin_hash(b) < 0)
        return -1;
    while (len > 0) {
        size_t n = len < CHARS ? len : CHARS;

        if (sha256_add(b->hash, piece, base64_decode(text, n, piece)) < 0)
            return -1;
        text += n;
        len -= n;
    }
    return end_hash(b, file);
}

/* An image in JSON is Base64: the text is checked whole, its head decoded. */
static int take_base64(struct body *b, struct upload *file, const char *text,
                       size_t len)
{
    enum { HEAD_CHARS = (FAULT_FILE_WINDOW + 2) / 3 * 4 };
    size_t n = len < HEAD_CHARS ? len : HEAD_CHARS;
    unsigned char *head;

    if (base64_check(text, len, NULL) != BASE64_OK) {
        file->bad_base64 = true;
        file->size = len;
        return 0;
    }
    head = arena_alloc(b->arena, n / 4 * 3 + 1);
    if (!head)
        return -1;
    file->head = head;
    file->head_len = base64_decode(text, n, head);
    if (file->head_len > FAULT_FILE_WINDOW)
        file->head_len = FAULT_FILE_WINDOW;
    file->size = base64_decoded_len(text, len);
    return hash_base64(b, file, text, len);
}

static int take_integer(struct body *b, struct param_value *value,
                        double number)
{
    const double exact_max = 9007199254740992.0; /* 2^53 */

    if (!(number >= 0 && number <= exact_max) ||
        number != (double)(uint64_t)number) {
        value->form = PARAM_OTHER;
        return 0;
    }
    value->form = PARAM_INTEGER;
    value->text = arena_printf(b->arena, "%" PRIu64, (uint64_t)number);
    if (!value->text)
        return -1;
    value->text_len = strlen(value->text);
    return 0;
}

static int take_value(struct body *b, struct part *part,
                      struct param_value *value,
                      const struct json_member *member)
{
    if (member->kind == JSON_STRING && part->is_file) {
        value->form = PARAM_FILE;
        if (take_base64(b, &part->file, member->text, member->text_len) < 0)
            return -1;
        value->file = part->file;
        return 0;
    }
    if (member->kind == JSON_STRING) {
        value->form = PARAM_TEXT;
        value->text = member->text;
        value->text_len = member->text_len;
        return 0;
    }
    if (member->kind == JSON_NUMBER && !part->is_file)
        return take_integer(b, value, member->number);
    value->form = PARAM_OTHER;
    return 0;
}

static int take_member(struct body *b, const struct json_member *member)
{
    struct multipart_header header = {
        .name = member->name,
        .name_len = member->name_len,
    };
    struct part *part = add_part(b, &header);
    struct param_value ignored = {0};
    struct param_value *value;

    if (!part)
        return -1;
    part->is_complete = true;
    part->is_file = part->param < PARAM__COUNT && param_is_file(part->param);
    part->file.size = member->text_len;
    if (part->file.size > BODY_MAX_FIELD && !part->is_file && !b->long_field)
        b->long_field = member->name;
    value = free_slot(b, part->param);
    if (!value)
        value = &ignored;
    b->n_changes++;
    if (take_value(b, part, value, member) < 0)
        return -1;
    part->form = value->form;
    return 0;
}

static void finish_json(struct body *b)
{
    if (b->text.failed) {
        out_of_memory(b);
        return;
    }
    for (const struct json_member *m = read_members(b); m; m = m->next) {
        if (take_member(b, m) < 0) {
            out_of_memory(b);
            break;
        }
    }
}

/* both */

enum error_code body_begin(struct body *b, const struct content_type *type,
                           unsigned kinds, uint64_t max_len)
{
    if ((type->kind == CONTENT_JSON ||
         (mutant(MUTANT_TYPE_UNCHECKED) && type->kind == CONTENT_OTHER)) &&
        (kinds & BODY_JSON)) {
        b->kind = BODY_JSON;
        strbuf_init(&b->text, (size_t)max_len);
        return ERR_OK;
    }
    if (type->kind == CONTENT_MULTIPART && (kinds & BODY_MULTIPART)) {
        b->kind = BODY_MULTIPART;
        return begin_multipart(b, type);
    }
    if (type->kind == CONTENT_MISSING)
        return refuse(b, ERR_BAD_REQUEST, "there is no Content-Type");
    return refuse(b, ERR_BAD_REQUEST,
                  "the endpoint does not take this Content-Type");
}

void body_feed(struct body *b, const char *data, size_t len)
{
    b->received += len;
    if (b->code != ERR_OK)
        return;
    if (b->kind == BODY_MULTIPART)
        note_multipart(b, multipart_feed(b->multipart, data, len));
    else if (b->kind == BODY_JSON && strbuf_add(&b->text, data, len) < 0)
        out_of_memory(b);
}

enum error_code body_finish(struct body *b)
{
    if (b->code != ERR_OK)
        return b->code;
    if (b->kind == BODY_MULTIPART)
        note_multipart(b, multipart_finish(b->multipart));
    else if (b->kind == BODY_JSON)
        finish_json(b);
    return b->code;
}

void body_discard(struct body *b)
{
    refuse(b, ERR_BODY_TOO_LARGE, "the body is over the limit");
    strbuf_release(&b->text);
}
