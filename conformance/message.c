#include "message.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "form.h"
#include "value.h"

enum { DEFAULT_CHUNK = 8192 };

/* Where a request is made. */
struct making {
    const struct config *config;
    const json_t *request;
    const struct signing_case *with;
    struct message *message;
    char *content_type; /* NULL: none */
    size_t size;        /* that the body is to have; 0: as it comes */
    char **why;
};

static const json_t *member(const struct making *m, const char *name)
{
    return json_object_get(m->request, name);
}

static const char *text_of(const struct making *m, const char *name)
{
    return json_string_value(member(m, name));
}

/* What a good request of an endpoint has. */
struct content {
    const char *endpoint, *encoding;
    const char *names[8]; /* in order */
};

static const struct content contents[] = {
    {"livedetectfour",
     "multipart",
     {"appid", "bucket", "validate_data", "compare_flag", "video", "card"}},
    {"livedetectfour",
     "json",
     {"appid", "bucket", "validate_data", "compare_flag", "video", "card"}},
    {"livedetectpicture", "multipart", {"appid", "image"}},
    {"livedetectpicture", "json", {"appid", "url"}},
    {"livegetfour", "json", {"appid"}},
    {"livegetfour", "multipart", {"appid"}},
};

static const struct content *find_content(const char *endpoint,
                                          const char *encoding)
{
    for (size_t i = 0; i < sizeof(contents) / sizeof(contents[0]); i++) {
        if (strcmp(contents[i].endpoint, endpoint) == 0 &&
            (!encoding || strcmp(contents[i].encoding, encoding) == 0))
            return &contents[i];
    }
    return &contents[0];
}

/* The value of a parameter that a good request has; NULL when it has none, or
 * when it is a file. */
static const char *good_value(const struct making *m, const char *name)
{
    if (text_is(name, "appid"))
        return m->with->own->appid;
    if (text_is(name, "bucket"))
        return m->with->own->bucket;
    if (text_is(name, "validate_data"))
        return "9532";
    if (text_is(name, "compare_flag"))
        return "true";
    if (text_is(name, "url"))
        return "http://example.com/face.jpg";
    return NULL;
}

/* The parameters and files of the request, in their order: an array of
 * {"name", "value" or "file"}; the caller's. */

static void drop_name(json_t *entries, const char *name)
{
    for (size_t i = json_array_size(entries); i-- > 0;) {
        const json_t *entry = json_array_get(entries, i);

        if (text_is(value_find_text(entry, "name"), name))
            json_array_remove(entries, i);
    }
}

static size_t find_entry(const json_t *entries, const char *name)
{
    size_t i;
    const json_t *entry;

    json_array_foreach(entries, i, entry)
    {
        if (text_is(value_find_text(entry, "name"), name))
            return i;
    }
    return json_array_size(entries);
}

/* Puts `value`, or each of a list, in the place of what has that name. */
static void set_entry(json_t *entries, const char *name, const char *kind,
                      json_t *value, bool lists_repeat)
{
    size_t at = find_entry(entries, name);
    json_t *item;
    size_t i;

    drop_name(entries, name);
    if (!lists_repeat || !json_is_array(value)) {
        json_array_insert_new(
            entries, at, json_pack("{s:s, s:O}", "name", name, kind, value));
        return;
    }
    json_array_foreach(value, i, item)
    {
        json_array_insert_new(
            entries, at + i, json_pack("{s:s, s:O}", "name", name, kind, item));
    }
}

static void set_given(const struct making *m, json_t *entries,
                      const char *group, const char *kind, bool lists_repeat)
{
    const char *name;
    json_t *value;

    json_object_foreach((json_t *)member(m, group), name, value)
        set_entry(entries, name, kind, value, lists_repeat);
}

static void move_first(json_t *entries, const json_t *order)
{
    for (size_t i = json_array_size(order); i-- > 0;) {
        const char *name = json_string_value(json_array_get(order, i));
        size_t at = find_entry(entries, name);
        json_t *entry = json_incref(json_array_get(entries, at));

        if (!entry)
            continue;
        json_array_remove(entries, at);
        json_array_insert_new(entries, 0, entry);
    }
}

static json_t *list_entries(const struct making *m, const struct content *good)
{
    bool is_form = text_is(good->encoding, "multipart");
    json_t *entries = json_array();
    const json_t *name;
    size_t i;

    for (const char *const *n = good->names; *n; n++) {
        const char *value = good_value(m, *n);

        if (value)
            json_array_append_new(
                entries, json_pack("{s:s, s:s}", "name", *n, "value", value));
        else if (config_media_find(*n) != MEDIA__COUNT)
            json_array_append_new(
                entries, json_pack("{s:s, s:s}", "name", *n, "file", *n));
    }
    set_given(m, entries, "params", "value", is_form);
    set_given(m, entries, "files", "file", is_form);
    json_array_foreach(member(m, "omit"), i, name)
        drop_name(entries, json_string_value(name));
    move_first(entries, member(m, "order"));
    return entries;
}

/* Forms. */

static enum media_outcome add_text_part(const struct making *m,
                                        struct form *form, const char *name,
                                        const json_t *value)
{
    struct part *part = form_add(form);
    const json_t *text = value;
    char *filled;

    part->name = name;
    if (json_is_object(value)) {
        part->filename = value_find_text(value, "filename");
        part->type = value_find_text(value, "type");
        part->disposition = value_find_text(value, "disposition");
        part->no_disposition =
            json_is_null(json_object_get(value, "disposition"));
        part->headers = json_object_get(value, "headers");
        text = json_object_get(value, "value");
        if (value_find_text(value, "base64"))
            return media_add_base64(&part->data,
                                    value_find_text(value, "base64"), m->why);
    }
    if (json_is_string(text))
        filled = fill_in_names(json_string_value(text), m->with);
    else
        filled = text ? json_dumps(text, JSON_ENCODE_ANY | JSON_COMPACT)
                      : format("%s", "");
    bytes_text(&part->data, filled);
    free(filled);
    return MEDIA_OK;
}

/* What a part's file borrows stays until the form is rendered. */
struct borrowed {
    struct media_file files[64];
    size_t n;
};

static enum media_outcome add_file_part(const struct making *m,
                                        struct form *form, const char *name,
                                        const json_t *file,
                                        struct borrowed *borrowed)
{
    struct part *part;
    struct media_file *f = &borrowed->files[borrowed->n];
    enum media_outcome outcome;

    if (borrowed->n == sizeof(borrowed->files) / sizeof(borrowed->files[0])) {
        *m->why = format("the case has over %zu files", borrowed->n);
        return MEDIA_WRONG;
    }
    outcome = media_file(m->config, file, f, m->why);
    if (outcome)
        return outcome;
    borrowed->n++;
    part = form_add(form);
    part->name = name;
    part->is_file = true;
    part->filename = f->has_filename ? f->filename : NULL;
    part->type = f->has_type ? f->type : NULL;
    bytes_add(&part->data, f->data.data, f->data.len);
    return MEDIA_OK;
}

static enum media_outcome make_form(struct making *m, const json_t *entries)
{
    const char *boundary = text_of(m, "boundary");
    struct form form = {.style = member(m, "form"),
                        .boundary =
                            boundary ? boundary
                                     : "------------------------b7e1f0c94a52"};
    struct borrowed *borrowed = calloc(1, sizeof(*borrowed));
    const json_t *entry;
    size_t i;
    enum media_outcome failed = borrowed ? MEDIA_OK : MEDIA_WRONG;

    json_array_foreach(entries, i, entry)
    {
        const char *name = value_find_text(entry, "name");
        const json_t *file = json_object_get(entry, "file");

        if (failed)
            break;
        failed = file ? add_file_part(m, &form, name, file, borrowed)
                      : add_text_part(m, &form, name,
                                      json_object_get(entry, "value"));
    }
    if (!failed) {
        form_render(&form, m->size, &m->message->body);
        m->content_type = form_content_type(&form);
    }
    form_release(&form);
    for (i = 0; borrowed && i < borrowed->n; i++)
        media_file_release(&borrowed->files[i]);
    free(borrowed);
    return failed;
}

/* JSON. */

/* A value with its names filled in; "${appid:number}" is the appid as one. */
static json_t *json_value(const struct making *m, const json_t *value)
{
    const char *text = json_string_value(value);
    char *filled;
    json_t *copy;

    if (!text)
        return json_deep_copy(value);
    if (text_is(text, "${appid:number}"))
        return json_integer(strtoll(m->with->own->appid, NULL, 10));
    filled = fill_in_names(text, m->with);
    copy = json_string(filled);
    free(filled);
    return copy;
}

static enum media_outcome file_value(const struct making *m, const json_t *file,
                                     json_t **value)
{
    struct media_file f;
    enum media_outcome outcome = media_file(m->config, file, &f, m->why);
    char *text;

    if (outcome)
        return outcome;
    text = base64(f.data.data, f.data.len);
    *value = json_string(text);
    free(text);
    media_file_release(&f);
    return MEDIA_OK;
}

static enum media_outcome make_json(struct making *m, const json_t *entries)
{
    struct bytes *body = &m->message->body;
    json_t *object = json_object();
    const json_t *entry;
    size_t i;
    char *text;
    enum media_outcome failed = MEDIA_OK;

    json_array_foreach(entries, i, entry)
    {
        const json_t *file = json_object_get(entry, "file");
        json_t *value = NULL;

        if (file)
            failed = file_value(m, file, &value);
        else
            value = json_value(m, json_object_get(entry, "value"));
        if (failed)
            break;
        json_object_set_new(object, value_find_text(entry, "name"), value);
    }
    text = json_dumps(object, JSON_COMPACT);
    bytes_text(body, text);
    free(text);
    json_decref(object);
    if (body->len < m->size)
        bytes_fill(body, ' ', m->size - body->len);
    m->content_type = format("application/json");
    return failed;
}

/* The body as a whole. */

static enum media_outcome replace_in_body(struct making *m, const json_t *pair)
{
    struct bytes *body = &m->message->body;
    const char *from = json_string_value(json_array_get(pair, 0));
    const char *to = json_string_value(json_array_get(pair, 1));
    const char *at = memmem(body->data, body->len, from, strlen(from));
    struct bytes changed = {0};

    if (!at) {
        *m->why =
            format("body.replace: nothing in the body reads \"%s\"", from);
        return MEDIA_WRONG;
    }
    bytes_add(&changed, body->data, (size_t)(at - body->data));
    bytes_text(&changed, to);
    at += strlen(from);
    bytes_add(&changed, at, body->len - (size_t)(at - body->data));
    bytes_release(body);
    *body = changed;
    return MEDIA_OK;
}

static enum media_outcome change_body(struct making *m)
{
    const json_t *given = member(m, "body");
    const json_t *pair = json_object_get(given, "replace");
    struct bytes *body = &m->message->body;
    enum media_outcome failed = MEDIA_OK;
    char *filled;

    if (json_is_string(given) || value_find_text(given, "base64"))
        body->len = 0;
    if (json_is_string(given)) {
        filled = fill_in_names(json_string_value(given), m->with);
        bytes_text(body, filled);
        free(filled);
    } else if (value_find_text(given, "base64")) {
        failed =
            media_add_base64(body, value_find_text(given, "base64"), m->why);
    } else if (pair) {
        failed = replace_in_body(m, pair);
    }
    if (text_of(m, "append"))
        bytes_text(body, text_of(m, "append"));
    return failed;
}

/* Did `body_size` get what it wants? */
static enum media_outcome check_size(const struct making *m)
{
    size_t size = m->size, len = m->message->body.len;

    if (size == 0 || len == size)
        return MEDIA_OK;
    *m->why = format("the body is of %zu bytes, expected %zu: %s", len, size,
                     len > size ? "the media are too long"
                                : "it has no file to be filled up");
    return len > size ? MEDIA_NOT_GIVEN : MEDIA_WRONG;
}

static enum media_outcome make_body(struct making *m)
{
    const struct content *good =
        find_content(text_of(m, "endpoint"), text_of(m, "encoding"));
    const json_t *size = member(m, "body_size");
    json_t *entries;
    enum media_outcome failed;

    if (size && media_size(m->config, size, &m->size, m->why) != MEDIA_OK)
        return MEDIA_WRONG;
    entries = list_entries(m, good);
    failed = text_is(good->encoding, "multipart") ? make_form(m, entries)
                                                  : make_json(m, entries);
    json_decref(entries);
    if (!failed)
        failed = check_size(m);
    return failed ? failed : change_body(m);
}

/* The head. */

static char *default_host(const struct config *config)
{
    const char *host = strstr(config->base_url, "://");

    host = host ? host + 3 : config->base_url;
    return format("%.*s", (int)strcspn(host, "/"), host);
}

/* Adds a field unless the case leaves it out. */
static void add_field(struct making *m, const char *name, const char *value)
{
    const json_t *dropped;
    size_t i;

    json_array_foreach(member(m, "drop"), i, dropped)
    {
        if (strcasecmp(json_string_value(dropped), name) == 0)
            return;
    }
    bytes_format(&m->message->out.head, "%s: %s\r\n", name, value);
}

static void add_framing(struct making *m)
{
    const char *transfer = text_of(m, "transfer");
    char *length;

    if (text_is(transfer, "chunked")) {
        add_field(m, "Transfer-Encoding", "chunked");
        return;
    }
    length = format("%zu", m->message->body.len);
    add_field(m, "Content-Length", length);
    free(length);
    if (text_is(transfer, "expect")) {
        add_field(m, "Expect", "100-continue");
        m->message->out.waits_for_100 = true;
    }
}

static void make_head(struct making *m, const char *host)
{
    struct bytes *head = &m->message->out.head;
    const char *method = text_of(m, "method");
    const char *target = text_of(m, "target");
    const char *version = text_of(m, "version");
    const json_t *field;
    size_t i;

    bytes_format(head, "%s ", method ? method : "POST");
    if (target)
        bytes_text(head, target);
    else
        bytes_format(head, "/face/%s", text_of(m, "endpoint"));
    bytes_format(head, " %s\r\n", version ? version : "HTTP/1.1");
    if (host)
        add_field(m, "Host", host);
    if (m->message->authorization)
        add_field(m, "Authorization", m->message->authorization);
    if (m->content_type)
        add_field(m, "Content-Type", m->content_type);
    add_framing(m);
    json_array_foreach(member(m, "headers"), i, field)
    {
        char *value =
            fill_in_names(json_string_value(json_array_get(field, 1)), m->with);

        bytes_format(head, "%s: %s\r\n",
                     json_string_value(json_array_get(field, 0)), value);
        free(value);
    }
    bytes_text(head, "\r\n");
}

static void frame_body(struct making *m)
{
    const struct bytes *body = &m->message->body;
    struct bytes *out = &m->message->out.body;
    size_t chunk = (size_t)json_integer_value(member(m, "chunk"));

    if (!text_is(text_of(m, "transfer"), "chunked")) {
        bytes_add(out, body->data, body->len);
        return;
    }
    if (chunk == 0)
        chunk = DEFAULT_CHUNK;
    for (size_t at = 0; at < body->len; at += chunk) {
        size_t n = body->len - at < chunk ? body->len - at : chunk;

        bytes_format(out, "%zx\r\n", n);
        bytes_add(out, body->data + at, n);
        bytes_text(out, "\r\n");
    }
    bytes_text(out, "0\r\n\r\n");
}

/* The whole request as the case writes it. */
static void make_raw(struct making *m, const char *raw, const char *host)
{
    const struct bytes *body = &m->message->body;
    const char *authorization = m->message->authorization;
    char *length = format("%zu", body->len);
    const struct {
        const char *name, *value;
        size_t len;
    } made[] = {
        {"${authorization}", authorization,
         authorization ? strlen(authorization) : 0},
        {"${host}", host, strlen(host)},
        {"${body}", body->data, body->len},
        {"${length}", length, strlen(length)},
    };
    const size_t n = sizeof(made) / sizeof(made[0]);
    struct bytes *out = &m->message->out.head;

    while (*raw) {
        size_t i = 0;

        while (i < n && strncmp(raw, made[i].name, strlen(made[i].name)) != 0)
            i++;
        if (i < n) {
            bytes_add(out, made[i].value, made[i].len);
            raw += strlen(made[i].name);
        } else {
            bytes_add(out, raw++, 1);
        }
    }
    free(length);
}

bool message_names_other(const json_t *request)
{
    char *text = json_dumps(request, JSON_COMPACT);
    const char *key =
        value_find_text(json_object_get(request, "signature"), "key");
    bool names = (text && strstr(text, "${other.")) || text_is(key, "other");

    free(text);
    return names;
}

enum media_outcome message_make(const struct config *config,
                                const json_t *request,
                                const struct signing_case *with,
                                struct message *message, char **why)
{
    struct making m = {.config = config,
                       .request = request,
                       .with = with,
                       .message = message,
                       .why = why};
    const json_t *type = json_object_get(request, "content_type");
    const json_t *given_host = json_object_get(request, "host");
    char *host = default_host(config);
    enum media_outcome failed;

    *message = (struct message){0};
    bytes_text(&message->body, "");
    bytes_text(&message->out.head, "");
    if (json_is_string(given_host)) {
        free(host);
        host = format("%s", json_string_value(given_host));
    }
    message->authorization =
        authorization_make(json_object_get(request, "signature"), with);
    failed = make_body(&m);
    if (failed) {
        free(host);
        free(m.content_type);
        return failed;
    }
    if (type) {
        free(m.content_type);
        m.content_type =
            json_is_string(type) ? format("%s", json_string_value(type)) : NULL;
    }
    if (text_of(&m, "raw")) {
        make_raw(&m, text_of(&m, "raw"), host);
    } else {
        make_head(&m, json_is_null(given_host) ? NULL : host);
        frame_body(&m);
    }
    message->out.is_head = strncmp(message->out.head.data, "HEAD ", 5) == 0;
    free(host);
    free(m.content_type);
    return MEDIA_OK;
}

void message_release(struct message *message)
{
    bytes_release(&message->out.head);
    bytes_release(&message->out.body);
    bytes_release(&message->body);
    free(message->authorization);
    *message = (struct message){0};
}
