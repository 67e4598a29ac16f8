#include "request.h"

#include <string.h>
#include <strings.h>
#include "hosts.h"
#include "mutants.h"
#include "text.h"

static void refuse(struct request *r, const char *why)
{
    if (!r->malformed)
        r->malformed = why;
}

/* The authority of a target, or NULL when it has none: what follows "//" in
 * absolute form; all of what neither begins with "/" nor has a scheme, as that
 * of a CONNECT. */
static const char *find_authority(const char *target, size_t *len)
{
    /* After the scheme, and not somewhere in a query. */
    const char *slash = target + strcspn(target, "/?#");
    bool has_scheme = slash > target && !strncmp(slash - 1, "://", 3);
    const char *s = has_scheme ? slash + 2 : target;

    if (target[0] == '/')
        return NULL;
    *len = strcspn(s, "/?#");
    return s;
}

int request_take_target(struct exchange *x, const char *target)
{
    size_t len = 0, whole = strlen(target);
    const char *authority = find_authority(target, &len);
    /* Behind the last, as a password may have one that was not encoded. */
    const char *at = authority ? memrchr(authority, '@', len) : NULL;
    size_t before = at ? (size_t)(authority - target) : 0;
    const char *after = at ? at + 1 : target;
    char *copy = arena_alloc(&x->arena, whole + 1);

    if (!copy)
        return -1;
    memcpy(copy, target, before);
    memcpy(copy + before, after, whole - (size_t)(after - target) + 1);
    x->request.target = copy;
    x->request.names_user = at != NULL;
    return 0;
}

/* The path of a target in origin or absolute form, decoded, without query;
 * one that cannot be decoded stays NULL. Of the latter form the authority
 * too (RFC 9112 section 3.2.2). */
static int take_path(struct request *r, struct arena *arena)
{
    const char *target = r->target;
    size_t len;
    char *path;
    size_t n;

    if (!strncasecmp(target, "http://", 7) ||
        !strncasecmp(target, "https://", 8)) {
        r->authority = strstr(target, "://") + 3;
        r->authority_len = strcspn(r->authority, "/?#");
        target = r->authority + r->authority_len;
    }
    len = strcspn(target, mutant(MUTANT_QUERY_IN_PATH) ? "#" : "?#");
    path = arena_alloc(arena, len + 1);
    if (!path)
        return -1;
    n = text_percent_decode(target, len, path);
    if (n != (size_t)-1) {
        path[n] = '\0';
        r->path = path;
    }
    return 0;
}

/* Bytes over 0x7f are not allowed either, but clients send names and queries
 * as they have them, and no parser takes them for the end of anything. */
static bool is_visible(const char *s)
{
    for (; *s; s++) {
        if ((unsigned char)*s <= ' ' || *s == 0x7f)
            return false;
    }
    return true;
}

int request_take_line(struct exchange *x, const char *method,
                      const char *version)
{
    struct request *r = &x->request;

    r->method = method;
    r->version = version;
    if (!text_is_token(method, strlen(method)))
        refuse(r, "the method holds bytes that it must not");
    if (*r->target == '\0')
        refuse(r, "the request target has nothing but a user");
    if (!is_visible(r->target))
        refuse(r, "the request target holds bytes that it must not");
    return take_path(r, &x->arena);
}

/* Names with anything but tchar, and values with control bytes, come from
 * folding and other tricks that two parsers may read differently. */
static bool is_clean(const struct field *field)
{
    return text_is_token(field->name, field->name_len) &&
           text_find_control(field->value, field->value_len) ==
               field->value_len;
}

static void take_content_length(struct request *r, const struct field *field)
{
    uint64_t len;

    if (r->n_lengths++ > 0)
        refuse(r, "Content-Length is given twice");
    else if (text_parse_u64(field->value, field->value_len, INT64_MAX, &len) <
             0)
        refuse(r, "Content-Length is not a length");
    else
        r->content_length = (int64_t)len;
}

static void take_transfer_encoding(struct request *r, const struct field *field)
{
    if (r->n_codings++ > 0)
        refuse(r, "Transfer-Encoding is given twice");
    else if (!text_equal_nocase(field->value, field->value_len, "chunked"))
        refuse(r, "Transfer-Encoding is not exactly chunked");
    r->chunked = true;
}

static void take_host(struct request *r, const struct field *field)
{
    const char *user;

    if (r->host)
        refuse(r, "Host is given twice");
    else if (!authority_is_host(field->value, field->value_len))
        refuse(r, "Host is not a host with or without a port");
    /* Without a user, who may come with his password. */
    user = memrchr(field->value, '@', field->value_len);
    r->host = user ? user + 1 : field->value;
}

static void take_expect(struct request *r, const struct field *field)
{
    r->expects_continue =
        text_equal_nocase(field->value, field->value_len, "100-continue");
}

/* The first of a repeated field counts. */
static void take_first(const char **slot, const struct field *field)
{
    if (!*slot || mutant(MUTANT_LAST_FIELD_COUNTS))
        *slot = field->value;
}

static void take_authorization(struct request *r, const struct field *field)
{
    take_first(&r->authorization, field);
}

static void take_content_type(struct request *r, const struct field *field)
{
    take_first(&r->content_type, field);
}

static void take_fault(struct request *r, const struct field *field)
{
    take_first(&r->fault, field);
}

static void take_origin(struct request *r, const struct field *field)
{
    take_first(&r->origin, field);
}

#define NAME(name) name, sizeof(name) - 1
static const struct {
    const char *name;
    size_t len;
    void (*take)(struct request *r, const struct field *field);
} known[] = {
    {NAME("Authorization"), take_authorization},
    {NAME("Content-Length"), take_content_length},
    {NAME("Content-Type"), take_content_type},
    {NAME("Expect"), take_expect},
    {NAME("Host"), take_host},
    {NAME("Origin"), take_origin},
    {NAME("Transfer-Encoding"), take_transfer_encoding},
    {NAME("X-Mock-Fault"), take_fault},
};
#undef NAME

int request_take_field(struct exchange *x, const char *name, size_t name_len,
                       const char *value, size_t value_len)
{
    struct request *r = &x->request;
    struct field *field = arena_calloc(&x->arena, sizeof(*field));
    const char *trimmed = value;

    if (!field)
        return -1;
    field->name = name;
    field->name_len = name_len;
    field->value = value;
    field->value_len = value_len;
    text_trim(&trimmed, &value_len);
    /* The library does not read a coding with blanks around it as chunked, so
     * neither may we. */
    if (value_len != field->value_len &&
        !text_equal_nocase(name, name_len, "Transfer-Encoding")) {
        field->value = arena_memdup0(&x->arena, trimmed, value_len);
        field->value_len = value_len;
        if (!field->value)
            return -1;
    }
    if (r->last_field)
        r->last_field->next = field;
    else
        r->fields = field;
    r->last_field = field;
    if (!is_clean(field)) {
        refuse(r, "a header field holds bytes that it must not");
        return 0;
    }
    for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
        if (name_len == known[i].len &&
            text_equal_nocase(name, name_len, known[i].name)) {
            known[i].take(r, field);
            break;
        }
    }
    return 0;
}

void request_finish_head(struct exchange *x)
{
    struct request *r = &x->request;

    if (r->n_lengths > 0 && r->n_codings > 0)
        refuse(r, "both Content-Length and Transfer-Encoding");
    /* RFC 9112 section 6.1: that version does not have it, so that somebody on
     * the way may have passed on what he did not understand. */
    if (r->n_codings > 0 && !strcmp(r->version, "HTTP/1.0"))
        refuse(r, "Transfer-Encoding in HTTP/1.0");
    /* The target of a CONNECT says it all, and some clients leave it at that.
     */
    if (!r->host && strcmp(r->version, "HTTP/1.0") != 0 &&
        strcmp(r->method, "CONNECT") != 0 && !mutant(MUTANT_HOST_OPTIONAL))
        refuse(r, "Host is missing");
}

bool request_has_body(const struct request *r)
{
    return r->chunked || r->content_length > 0;
}

const char *request_query(const struct request *r)
{
    const char *mark = strpbrk(r->target, "?#");

    return mark && *mark == '?' ? mark + 1 : NULL;
}
