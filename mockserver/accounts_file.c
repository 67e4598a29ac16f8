/*
 * The strict reader: one document, or one account, is parsed by cJSON, judged
 * member by member, and handed to the store as drafts that borrow from it. The
 * place that is being looked at is kept, so that every mistake can name it.
 */
#include "accounts.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cjson/cJSON.h>
#include <openssl/crypto.h>
#include "accounts_store.h"
#include "log.h"
#include "text.h"

enum {
    FILE_MAX_BYTES = 16 << 20,
    RATE_MAX = 1000000, /* one request a microsecond, the clock's grain */
    QUOTE_CAP = 44,     /* 40 bytes of a value, "..." and the NUL */
};

/* A document while it is read, and the place in it. */
struct parse {
    struct accounts *accounts;
    const char *file; /* NULL: none to name */
    char **why;
    bool is_single;           /* the document is one account, not a file */
    int account, key, bucket; /* -1: not inside of one */
};

/* mistakes in a file */

static void add_index(char *place, size_t cap, const char *list, int index)
{
    size_t len = strlen(place);

    if (index >= 0)
        snprintf(place + len, cap - len, "%s[%d]", list, index);
}

/* Sets *why to `FILE: PLACE: MESSAGE`, without what there is none of; the
 * member of the object at the current place may be NULL, for the place itself.
 * Returns -1. */
static int __attribute__((format(printf, 3, 4)))
fail(struct parse *p, const char *member, const char *fmt, ...)
{
    char place[128];
    char message[512];
    va_list args;

    snprintf(place, sizeof(place), "%s", p->is_single ? "account" : "");
    add_index(place, sizeof(place), "accounts", p->account);
    add_index(place, sizeof(place), ".keys", p->key);
    add_index(place, sizeof(place), ".buckets", p->bucket);
    va_start(args, fmt);
    vsnprintf(message, sizeof(message), fmt, args);
    va_end(args);
    if (asprintf(p->why, "%s%s%s%s%s%s%s", p->file ? p->file : "",
                 p->file ? ": " : "", place, *place && member ? "." : "",
                 member ? member : "", *place || member ? ": " : "",
                 message) < 0)
        *p->why = NULL;
    return -1;
}

static int fail_memory(struct parse *p)
{
    return fail(p, NULL, "out of memory");
}

/* What stands there instead of what was expected; never a long value. */
static const char *found(char buf[QUOTE_CAP + 16], const cJSON *item)
{
    char quoted[QUOTE_CAP];

    if (cJSON_IsString(item))
        snprintf(buf, QUOTE_CAP + 16, "the string \"%s\"",
                 log_quote(quoted, sizeof(quoted), item->valuestring,
                           strlen(item->valuestring)));
    else if (cJSON_IsNumber(item))
        snprintf(buf, QUOTE_CAP + 16, "the number %.15g", item->valuedouble);
    else
        snprintf(buf, QUOTE_CAP + 16, "%s",
                 cJSON_IsArray(item)    ? "an array"
                 : cJSON_IsObject(item) ? "an object"
                 : cJSON_IsNull(item)   ? "null"
                 : cJSON_IsTrue(item)   ? "true"
                                        : "false");
    return buf;
}

static int fail_type(struct parse *p, const char *member, const cJSON *item,
                     const char *expected)
{
    char buf[QUOTE_CAP + 16];

    if (!item)
        return fail(p, member, "is missing, expected %s", expected);
    return fail(p, member, "found %s, expected %s", found(buf, item), expected);
}

/* the text of a file */

/* Points a human at an offset: lines and characters count from one. */
static int fail_at(struct parse *p, const char *json, size_t offset,
                   const char *message)
{
    size_t line = 1;
    size_t column = 1;

    for (size_t i = 0; i < offset; i++) {
        if (json[i] == '\n') {
            line++;
            column = 1;
        } else if (((unsigned char)json[i] & 0xc0) != 0x80) {
            column++;
        }
    }
    return fail(p, NULL, "line %zu, column %zu: %s", line, column, message);
}

/*
 * Refuses what cJSON lets pass: it checks no UTF-8, takes any control byte for
 * white space, and cuts a string at an escaped NUL.
 */
static int check_bytes(struct parse *p, const char *json, size_t len)
{
    size_t i = 0;

    while (i < len) {
        unsigned char c = (unsigned char)json[i];
        size_t n = text_utf8_sequence(json + i, len - i);

        if (n == 0)
            return fail_at(p, json, i, "not UTF-8");
        if (c < 0x20 && c != '\t' && c != '\n' && c != '\r')
            return fail_at(p, json, i, "a control byte");
        if (c == '\\' && len - i >= 6 && !memcmp(json + i, "\\u0000", 6))
            return fail_at(p, json, i, "an escaped NUL");
        if (c == '\\' && len - i >= 2 && json[i + 1] == '\\')
            n = 2;
        i += n;
    }
    return 0;
}

/* Returns the document, which the caller wipes and deletes, or NULL. */
static cJSON *parse_text(struct parse *p, const char *json, size_t len)
{
    const char *end = json;
    cJSON *document;

    if (len > FILE_MAX_BYTES) {
        fail(p, NULL, "is over %d MiB long", FILE_MAX_BYTES >> 20);
        return NULL;
    }
    if (check_bytes(p, json, len) < 0)
        return NULL;
    document = cJSON_ParseWithLengthOpts(json, len, &end, false);
    if (!document) {
        fail_at(p, json, (size_t)(end - json), "a JSON syntax error");
        return NULL;
    }
    while (end < json + len && strchr(" \t\r\n", *end))
        end++;
    if (end < json + len) {
        cJSON_Delete(document);
        fail_at(p, json, (size_t)(end - json), "text after the JSON document");
        return NULL;
    }
    return document;
}

static void wipe(cJSON *item)
{
    for (; item; item = item->next) {
        if (item->valuestring)
            OPENSSL_cleanse(item->valuestring, strlen(item->valuestring));
        wipe(item->child);
    }
}

/* the members of an object */

static const cJSON *member_of(const cJSON *object, const char *name)
{
    return cJSON_GetObjectItemCaseSensitive(object, name);
}

static bool is_one_of(const char *name, const char *const *names)
{
    while (*names && strcmp(*names, name) != 0)
        names++;
    return *names != NULL;
}

/* Refuses a value that is no object, and any name that is unknown or there
 * twice. The names allowed are few, so comparing pairs ends soon. */
static int check_object(struct parse *p, const cJSON *object,
                        const char *const *names, const char *expected)
{
    char quoted[QUOTE_CAP];

    if (!cJSON_IsObject(object))
        return fail_type(p, NULL, object, expected);
    for (const cJSON *m = object->child; m; m = m->next) {
        if (!is_one_of(m->string, names))
            return fail(
                p, NULL, "unknown name \"%s\", expected %s",
                log_quote(quoted, sizeof(quoted), m->string, strlen(m->string)),
                expected);
        for (const cJSON *other = object->child; other != m;
             other = other->next) {
            if (!strcmp(other->string, m->string))
                return fail(p, m->string, "appears twice in one object");
        }
    }
    return 0;
}

static bool has_control(const char *s)
{
    for (; *s; s++) {
        if ((unsigned char)*s < 0x20 || *s == 0x7f)
            return true;
    }
    return false;
}

/* A text that goes into the signed `key=value&…` list, borrowed from the
 * document, or NULL. */
static const char *signed_text(struct parse *p, const char *member,
                               const cJSON *item)
{
    static const char expected[] = "a string that is not empty";
    char quoted[QUOTE_CAP];

    if (!cJSON_IsString(item) || !*item->valuestring) {
        fail_type(p, member, item, expected);
        return NULL;
    }
    if (has_control(item->valuestring) || strpbrk(item->valuestring, "&=")) {
        fail(p, member,
             "\"%s\" could not be signed, expected no control character, '&' "
             "or '='",
             log_quote(quoted, sizeof(quoted), item->valuestring,
                       strlen(item->valuestring)));
        return NULL;
    }
    return item->valuestring;
}

/* The secret key, borrowed from the document, or NULL. Whatever stands in its
 * place is not shown: it may be the secret, mistyped. */
static const char *secret_text(struct parse *p, const cJSON *item)
{
    static const char member[] = "secret_key";

    if (!item) {
        fail(p, member, "is missing, expected a string that is not empty");
    } else if (!cJSON_IsString(item) || !*item->valuestring) {
        fail(p, member, "expected a string that is not empty");
    } else if (has_control(item->valuestring)) {
        fail(p, member, "expected a string without control characters");
    } else {
        return item->valuestring;
    }
    return NULL;
}

/* The number of elements of a list that is not empty, or -1. */
static int check_list(struct parse *p, const char *member, const cJSON *list,
                      const char *expected)
{
    if (!cJSON_IsArray(list))
        return fail_type(p, member, list, expected);
    if (!list->child)
        return fail(p, member, "is empty, expected %s", expected);
    return cJSON_GetArraySize(list);
}

/* the parts of an account */

static int read_buckets(struct parse *p, struct account_draft *draft,
                        const cJSON *list)
{
    int n;

    if (!list)
        return 0;
    n = check_list(p, "buckets", list,
                   "a list of names; leave it out for an account without "
                   "buckets");
    if (n < 0)
        return -1;
    draft->buckets = malloc((size_t)n * sizeof(*draft->buckets));
    if (!draft->buckets)
        return fail_memory(p);

    p->bucket = 0;
    for (const cJSON *item = list->child; item; item = item->next) {
        const char *name = signed_text(p, NULL, item);

        if (!name)
            return -1;
        draft->buckets[draft->n_buckets++] = name;
        p->bucket++;
    }
    p->bucket = -1;
    return 0;
}

static int read_key(struct parse *p, struct account_draft_key *key,
                    const cJSON *item)
{
    static const char *const names[] = {"secret_id", "secret_key", NULL};

    if (check_object(p, item, names, "an object of secret_id and secret_key") <
        0)
        return -1;
    key->id = signed_text(p, "secret_id", member_of(item, "secret_id"));
    if (!key->id)
        return -1;
    key->secret = secret_text(p, member_of(item, "secret_key"));
    return key->secret ? 0 : -1;
}

static int read_keys(struct parse *p, struct account_draft *draft,
                     const cJSON *list)
{
    int n = check_list(p, "keys", list,
                       "a list of objects of secret_id and secret_key");

    if (n < 0)
        return -1;
    draft->keys = malloc((size_t)n * sizeof(*draft->keys));
    if (!draft->keys)
        return fail_memory(p);

    p->key = 0;
    for (const cJSON *item = list->child; item; item = item->next) {
        if (read_key(p, &draft->keys[draft->n_keys++], item) < 0)
            return -1;
        p->key++;
    }
    p->key = -1;
    return 0;
}

static int read_status(struct parse *p, struct account_draft *draft,
                       const cJSON *item)
{
    static const char expected[] = "\"active\" or \"arrears\"";

    if (!item)
        return 0;
    if (!cJSON_IsString(item))
        return fail_type(p, "status", item, expected);
    if (!strcmp(item->valuestring, "arrears"))
        draft->status = ACCOUNT_ARREARS;
    else if (strcmp(item->valuestring, "active") != 0)
        return fail_type(p, "status", item, expected);
    return 0;
}

static int read_rate(struct parse *p, struct account_draft *draft,
                     const cJSON *item)
{
    if (!item)
        return 0;
    if (!cJSON_IsNumber(item) ||
        !(item->valuedouble > 0 && item->valuedouble <= RATE_MAX))
        return fail_type(p, "rate_per_second", item,
                         "a number over 0, at most 1000000; leave it out for "
                         "no limit");
    draft->rate_per_second = item->valuedouble;
    return 0;
}

static int read_members(struct parse *p, struct account_draft *draft,
                        const cJSON *item)
{
    static const char *const names[] = {"appid",  "buckets",         "keys",
                                        "status", "rate_per_second", NULL};

    if (check_object(p, item, names,
                     "an object of appid, buckets, keys, status and "
                     "rate_per_second") < 0)
        return -1;
    draft->appid = signed_text(p, "appid", member_of(item, "appid"));
    if (!draft->appid ||
        read_buckets(p, draft, member_of(item, "buckets")) < 0 ||
        read_keys(p, draft, member_of(item, "keys")) < 0 ||
        read_status(p, draft, member_of(item, "status")) < 0 ||
        read_rate(p, draft, member_of(item, "rate_per_second")) < 0)
        return -1;
    return 0;
}

/* what another account, or another part of this one, has already */

static int fail_twice(struct parse *p, const struct accounts_clash *clash)
{
    char quoted[QUOTE_CAP];

    p->bucket = (int)clash->index;
    return fail(p, NULL, "\"%s\" appears twice in this account",
                log_quote(quoted, sizeof(quoted), clash->bucket,
                          strlen(clash->bucket)));
}

static int fail_appid_used(struct parse *p, const struct account_draft *draft,
                           const struct accounts_clash *clash)
{
    char quoted[QUOTE_CAP];

    log_quote(quoted, sizeof(quoted), draft->appid, strlen(draft->appid));
    if (p->is_single)
        return fail(p, "appid", "\"%s\" is already used", quoted);
    return fail(p, "appid", "\"%s\" is already used by accounts[%zu]", quoted,
                clash->account);
}

static int fail_secret_id_used(struct parse *p,
                               const struct account_draft *draft,
                               const struct accounts_clash *clash)
{
    const char *id = draft->keys[clash->index].id;
    char quoted[QUOTE_CAP];

    log_quote(quoted, sizeof(quoted), id, strlen(id));
    p->key = (int)clash->index;
    if (!p->is_single)
        return fail(p, "secret_id",
                    "\"%s\" is already used by accounts[%zu].keys[%zu]", quoted,
                    clash->account, clash->key);
    if (clash->own)
        return fail(p, "secret_id",
                    "\"%s\" is already used by account.keys[%zu]", quoted,
                    clash->key);
    return fail(p, "secret_id", "\"%s\" is already used by appid \"%s\"",
                quoted, clash->appid);
}

static int insert(struct parse *p, const struct account_draft *draft)
{
    struct accounts_clash clash;

    switch (accounts_insert(p->accounts, draft, !p->is_single, &clash)) {
    case ACCOUNTS_OK:
        return 0;
    case ACCOUNTS_NO_MEMORY:
        return fail_memory(p);
    case ACCOUNTS_NO_HMAC:
        return fail(p, NULL, "OpenSSL offers no HMAC-SHA1");
    case ACCOUNTS_FULL:
        return fail(p, NULL, "is one too many, expected at most %d accounts",
                    ACCOUNTS_MAX);
    case ACCOUNTS_BUCKET_TWICE:
        return fail_twice(p, &clash);
    case ACCOUNTS_APPID_USED:
        return fail_appid_used(p, draft, &clash);
    case ACCOUNTS_SECRET_ID_USED:
        return fail_secret_id_used(p, draft, &clash);
    }
    return -1;
}

static int read_account(struct parse *p, const cJSON *item)
{
    struct account_draft draft = {.status = ACCOUNT_ACTIVE};
    int result = read_members(p, &draft, item);

    if (result == 0)
        result = insert(p, &draft);
    free(draft.buckets);
    free(draft.keys);
    return result;
}

static int read_document(struct parse *p, const cJSON *document)
{
    static const char *const names[] = {"accounts", NULL};
    const cJSON *list;

    if (check_object(p, document, names, "an object with the list accounts") <
        0)
        return -1;
    list = member_of(document, "accounts");
    if (check_list(p, "accounts", list, "a list of accounts") < 0)
        return -1;
    p->account = 0;
    for (const cJSON *item = list->child; item; item = item->next) {
        if (read_account(p, item) < 0)
            return -1;
        p->account++;
    }
    return 0;
}

/* documents */

static int read_text(struct parse *p, const char *json, size_t len)
{
    cJSON *document = parse_text(p, json, len);
    int result;

    if (!document)
        return -1;
    result =
        p->is_single ? read_account(p, document) : read_document(p, document);
    wipe(document);
    cJSON_Delete(document);
    return result;
}

struct accounts *accounts_parse(const char *json, size_t len, const char *name,
                                char **why)
{
    struct parse p = {
        .file = name, .why = why, .account = -1, .key = -1, .bucket = -1};

    *why = NULL;
    p.accounts = accounts_new();
    if (!p.accounts) {
        fail_memory(&p);
        return NULL;
    }
    if (read_text(&p, json, len) < 0) {
        accounts_free(p.accounts);
        return NULL;
    }
    return p.accounts;
}

int accounts_add(struct accounts *accounts, const char *json, size_t len,
                 char **why)
{
    struct parse p = {.accounts = accounts,
                      .why = why,
                      .is_single = true,
                      .account = -1,
                      .key = -1,
                      .bucket = -1};

    *why = NULL;
    return read_text(&p, json, len);
}

/* Reads up to one byte more than is allowed, without stdio keeping a copy of
 * the secrets. Returns the bytes, or NULL with errno set. */
static char *read_file(const char *path, size_t *len)
{
    FILE *file = fopen(path, "rb");
    char *text = NULL;
    int error;

    if (!file)
        return NULL;
    setvbuf(file, NULL, _IONBF, 0);
    text = malloc(FILE_MAX_BYTES + 1);
    if (text) {
        *len = fread(text, 1, FILE_MAX_BYTES + 1, file);
        if (ferror(file)) {
            error = errno;
            OPENSSL_cleanse(text, *len);
            free(text);
            text = NULL;
            errno = error;
        }
    }
    error = errno;
    fclose(file);
    errno = error;
    return text;
}

struct accounts *accounts_load(const char *path, char **why)
{
    struct accounts *accounts;
    size_t len = 0;
    char *text = read_file(path, &len);

    if (!text) {
        if (asprintf(why, "%s: cannot be read: %s", path, strerror(errno)) < 0)
            *why = NULL;
        return NULL;
    }
    accounts = accounts_parse(text, len, path, why);
    OPENSSL_cleanse(text, len);
    free(text);
    return accounts;
}

struct accounts *accounts_demo(void)
{
    static const char json[] = {
#include "demo.json.inc"
    };
    char *why;
    struct accounts *accounts =
        accounts_parse(json, sizeof(json), "the demo accounts", &why);

    if (!accounts) {
        fprintf(stderr, "mockserver: %s\n", why ? why : "out of memory");
        abort();
    }
    return accounts;
}
