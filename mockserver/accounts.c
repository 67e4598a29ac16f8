/*
 * Texts, arrays and records live in one arena; two hash tables find them. The
 * text of a secret key is not kept: once its MAC context is keyed nobody needs
 * it, and what was read is wiped.
 */
#include "accounts.h"

#include <errno.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cjson/cJSON.h>
#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include "arena.h"
#include "log.h"
#include "text.h"

enum {
    FILE_MAX_BYTES = 16 << 20,
    RATE_MAX = 1000000, /* one request a microsecond, the clock's grain */
    QUOTE_CAP = 44,     /* 40 bytes of a value, "..." and the NUL */
    TABLE_FIRST_SLOTS = 16,
};

struct slot {
    const char *name; /* borrowed; NULL: free */
    size_t len;
    const void *value;
};

/* Open addressing over a power of two of slots, at most half of them full. */
struct table {
    struct slot *slots;
    size_t mask; /* number of slots - 1 */
    size_t used;
};

struct account_key {
    const char *id;
    const struct account *owner;
    const struct account_key *const *place; /* in the owner's list of keys */
    EVP_MAC_CTX *mac;                       /* keyed; used under the lock */
    pthread_mutex_t lock;
};

struct entry {
    struct account account; /* first, so that the public pointer leads here */
    size_t place;           /* in the file's list */
    struct table buckets;
    double tokens; /* this and the next under the lock */
    int64_t refilled_us;
    pthread_mutex_t lock;
};

struct accounts {
    struct arena arena;
    EVP_MAC *hmac;
    struct entry *entries;
    size_t n_entries;
    struct table appids; /* name → struct entry */
    struct table keys;   /* name → struct account_key */
};

/* A file while it is read, and the place in it that is being looked at. */
struct parse {
    struct accounts *accounts;
    const char *file;
    char **why;
    int account, key, bucket; /* -1: not inside of one */
};

/* the hash tables */

static size_t table_hash(const char *name, size_t len)
{
    uint64_t hash = 0xcbf29ce484222325; /* FNV-1a, 64 bits */

    for (size_t i = 0; i < len; i++)
        hash = (hash ^ (unsigned char)name[i]) * 0x100000001b3;
    return (size_t)(hash ^ hash >> 32);
}

/* The slot that holds the name, else the free one where it belongs. */
static struct slot *table_slot(const struct table *table, const char *name,
                               size_t len)
{
    size_t i = table_hash(name, len) & table->mask;

    while (table->slots[i].name &&
           (table->slots[i].len != len ||
            memcmp(table->slots[i].name, name, len) != 0))
        i = (i + 1) & table->mask;
    return &table->slots[i];
}

static const void *table_find(const struct table *table, const char *name,
                              size_t len)
{
    if (!table->slots || len == 0)
        return NULL;
    return table_slot(table, name, len)->value;
}

static int table_grow(struct table *table)
{
    struct table bigger = {.used = table->used};
    size_t n = table->slots ? (table->mask + 1) * 2 : TABLE_FIRST_SLOTS;

    bigger.slots = calloc(n, sizeof(*bigger.slots));
    if (!bigger.slots)
        return -1;
    bigger.mask = n - 1;
    for (size_t i = 0; table->slots && i <= table->mask; i++) {
        const struct slot *old = &table->slots[i];

        if (old->name)
            *table_slot(&bigger, old->name, old->len) = *old;
    }
    free(table->slots);
    *table = bigger;
    return 0;
}

/* Adds a name that is not in the table. -1 when memory ran out. */
static int table_add(struct table *table, const char *name, const void *value)
{
    size_t len = strlen(name);

    if ((!table->slots || (table->used + 1) * 2 > table->mask + 1) &&
        table_grow(table) < 0)
        return -1;
    *table_slot(table, name, len) = (struct slot){name, len, value};
    table->used++;
    return 0;
}

/* mistakes in a file */

static void add_index(char *place, size_t cap, const char *list, int index)
{
    size_t len = strlen(place);

    if (index >= 0)
        snprintf(place + len, cap - len, "%s[%d]", list, index);
}

/* Sets *why to `FILE: PLACE: MESSAGE`; the member of the object at the current
 * place may be NULL, for the place itself. Returns -1. */
static int __attribute__((format(printf, 3, 4)))
fail(struct parse *p, const char *member, const char *fmt, ...)
{
    char place[128] = "";
    char message[512];
    va_list args;

    add_index(place, sizeof(place), "accounts", p->account);
    add_index(place, sizeof(place), ".keys", p->key);
    add_index(place, sizeof(place), ".buckets", p->bucket);
    va_start(args, fmt);
    vsnprintf(message, sizeof(message), fmt, args);
    va_end(args);
    if (asprintf(p->why, "%s: %s%s%s%s%s", p->file, place,
                 *place && member ? "." : "", member ? member : "",
                 *place || member ? ": " : "", message) < 0)
        *p->why = NULL;
    return -1;
}

static int fail_memory(struct parse *p)
{
    return fail(p, NULL, "out of memory");
}

static int fail_openssl(struct parse *p)
{
    return fail(p, NULL, "OpenSSL offers no HMAC-SHA1");
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

/* A text that goes into the signed `key=value&…` list. Returns a copy that
 * lives as long as the accounts, or NULL. */
static const char *signed_text(struct parse *p, const char *member,
                               const cJSON *item)
{
    static const char expected[] = "a string that is not empty";
    char quoted[QUOTE_CAP];
    const char *copy;

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
    copy = arena_memdup0(&p->accounts->arena, item->valuestring,
                         strlen(item->valuestring));
    if (!copy)
        fail_memory(p);
    return copy;
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

static int read_buckets(struct parse *p, struct entry *entry, const cJSON *list)
{
    char quoted[QUOTE_CAP];
    const char **buckets;
    int n;

    if (!list)
        return 0;
    n = check_list(p, "buckets", list,
                   "a list of names; leave it out for an account without "
                   "buckets");
    if (n < 0)
        return -1;
    buckets = arena_alloc(&p->accounts->arena, (size_t)n * sizeof(*buckets));
    if (!buckets)
        return fail_memory(p);
    entry->account.buckets = buckets;

    p->bucket = 0;
    for (const cJSON *item = list->child; item; item = item->next) {
        const char *name = signed_text(p, NULL, item);

        if (!name)
            return -1;
        if (table_find(&entry->buckets, name, strlen(name)))
            return fail(p, NULL, "\"%s\" appears twice in this account",
                        log_quote(quoted, sizeof(quoted), name, strlen(name)));
        if (table_add(&entry->buckets, name, name) < 0)
            return fail_memory(p);
        buckets[p->bucket++] = name;
        entry->account.n_buckets++;
    }
    p->bucket = -1;
    return 0;
}

static EVP_MAC_CTX *mac_new(EVP_MAC *hmac, const char *secret)
{
    char digest[] = "SHA1";
    OSSL_PARAM params[] = {
        OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, digest, 0),
        OSSL_PARAM_construct_end(),
    };
    EVP_MAC_CTX *mac = EVP_MAC_CTX_new(hmac);

    if (mac && EVP_MAC_init(mac, (const unsigned char *)secret, strlen(secret),
                            params) != 1) {
        EVP_MAC_CTX_free(mac);
        return NULL;
    }
    return mac;
}

static int fail_secret_id_used(struct parse *p, const struct account_key *first)
{
    const struct entry *owner = (const struct entry *)first->owner;
    char quoted[QUOTE_CAP];

    return fail(p, "secret_id",
                "\"%s\" is already used by accounts[%zu].keys[%td]",
                log_quote(quoted, sizeof(quoted), first->id, strlen(first->id)),
                owner->place, first->place - owner->account.keys);
}

static int read_key(struct parse *p, struct account_key *key, const cJSON *item)
{
    static const char *const names[] = {"secret_id", "secret_key", NULL};
    const struct account_key *first;
    const char *secret;

    if (check_object(p, item, names, "an object of secret_id and secret_key") <
        0)
        return -1;
    key->id = signed_text(p, "secret_id", member_of(item, "secret_id"));
    if (!key->id)
        return -1;
    secret = secret_text(p, member_of(item, "secret_key"));
    if (!secret)
        return -1;
    first = table_find(&p->accounts->keys, key->id, strlen(key->id));
    if (first)
        return fail_secret_id_used(p, first);
    key->mac = mac_new(p->accounts->hmac, secret);
    if (!key->mac)
        return fail_openssl(p);
    if (table_add(&p->accounts->keys, key->id, key) < 0)
        return fail_memory(p);
    return 0;
}

static int read_keys(struct parse *p, struct entry *entry, const cJSON *list)
{
    const struct account_key **places;
    struct account_key *keys;
    int n = check_list(p, "keys", list,
                       "a list of objects of secret_id and secret_key");

    if (n < 0)
        return -1;
    places = arena_alloc(&p->accounts->arena, (size_t)n * sizeof(*places));
    keys = arena_calloc(&p->accounts->arena, (size_t)n * sizeof(*keys));
    if (!places || !keys)
        return fail_memory(p);
    entry->account.keys = places;

    p->key = 0;
    for (const cJSON *item = list->child; item; item = item->next) {
        struct account_key *key = &keys[p->key];

        key->owner = &entry->account;
        key->place = &places[p->key];
        pthread_mutex_init(&key->lock, NULL);
        places[p->key] = key;
        entry->account.n_keys++; /* from here on accounts_free() ends it */
        if (read_key(p, key, item) < 0)
            return -1;
        p->key++;
    }
    p->key = -1;
    return 0;
}

static int read_status(struct parse *p, struct account *account,
                       const cJSON *item)
{
    static const char expected[] = "\"active\" or \"arrears\"";

    if (!item)
        return 0;
    if (!cJSON_IsString(item))
        return fail_type(p, "status", item, expected);
    if (!strcmp(item->valuestring, "arrears"))
        account->status = ACCOUNT_ARREARS;
    else if (strcmp(item->valuestring, "active") != 0)
        return fail_type(p, "status", item, expected);
    return 0;
}

static int read_rate(struct parse *p, struct account *account,
                     const cJSON *item)
{
    if (!item)
        return 0;
    if (!cJSON_IsNumber(item) ||
        !(item->valuedouble > 0 && item->valuedouble <= RATE_MAX))
        return fail_type(p, "rate_per_second", item,
                         "a number over 0, at most 1000000; leave it out for "
                         "no limit");
    account->rate_per_second = item->valuedouble;
    return 0;
}

static double burst(const struct account *account)
{
    return account->rate_per_second > 1 ? account->rate_per_second : 1;
}

static int read_appid(struct parse *p, struct entry *entry, const cJSON *item)
{
    struct account *account = &entry->account;
    const struct entry *first;
    char quoted[QUOTE_CAP];

    account->appid = signed_text(p, "appid", item);
    if (!account->appid)
        return -1;
    first = table_find(&p->accounts->appids, account->appid,
                       strlen(account->appid));
    if (first)
        return fail(p, "appid", "\"%s\" is already used by accounts[%zu]",
                    log_quote(quoted, sizeof(quoted), account->appid,
                              strlen(account->appid)),
                    first->place);
    if (table_add(&p->accounts->appids, account->appid, entry) < 0)
        return fail_memory(p);
    return 0;
}

static int read_account(struct parse *p, struct entry *entry, const cJSON *item)
{
    static const char *const names[] = {"appid",  "buckets",         "keys",
                                        "status", "rate_per_second", NULL};
    struct account *account = &entry->account;

    if (check_object(p, item, names,
                     "an object of appid, buckets, keys, status and "
                     "rate_per_second") < 0)
        return -1;
    if (read_appid(p, entry, member_of(item, "appid")) < 0 ||
        read_buckets(p, entry, member_of(item, "buckets")) < 0 ||
        read_keys(p, entry, member_of(item, "keys")) < 0 ||
        read_status(p, account, member_of(item, "status")) < 0 ||
        read_rate(p, account, member_of(item, "rate_per_second")) < 0)
        return -1;
    entry->tokens = burst(account);
    return 0;
}

static int read_document(struct parse *p, const cJSON *document)
{
    static const char *const names[] = {"accounts", NULL};
    struct accounts *accounts = p->accounts;
    const cJSON *list;
    int n;

    if (check_object(p, document, names, "an object with the list accounts") <
        0)
        return -1;
    list = member_of(document, "accounts");
    n = check_list(p, "accounts", list, "a list of accounts");
    if (n < 0)
        return -1;
    accounts->entries =
        arena_calloc(&accounts->arena, (size_t)n * sizeof(*accounts->entries));
    if (!accounts->entries)
        return fail_memory(p);

    p->account = 0;
    for (const cJSON *item = list->child; item; item = item->next) {
        struct entry *entry = &accounts->entries[p->account];

        entry->place = (size_t)p->account;
        pthread_mutex_init(&entry->lock, NULL);
        accounts->n_entries++; /* from here on accounts_free() ends it */
        if (read_account(p, entry, item) < 0)
            return -1;
        p->account++;
    }
    return 0;
}

/* life cycle */

struct accounts *accounts_parse(const char *json, size_t len, const char *name,
                                char **why)
{
    struct parse p = {
        .file = name, .why = why, .account = -1, .key = -1, .bucket = -1};
    cJSON *document = NULL;
    int result = -1;

    *why = NULL;
    p.accounts = calloc(1, sizeof(*p.accounts));
    if (!p.accounts) {
        fail_memory(&p);
        return NULL;
    }
    arena_init(&p.accounts->arena);
    p.accounts->hmac = EVP_MAC_fetch(NULL, "HMAC", NULL);
    if (p.accounts->hmac)
        document = parse_text(&p, json, len);
    else
        fail_openssl(&p);
    if (document)
        result = read_document(&p, document);
    wipe(document);
    cJSON_Delete(document);
    if (result < 0) {
        accounts_free(p.accounts);
        return NULL;
    }
    return p.accounts;
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

static void entry_release(struct entry *entry)
{
    for (size_t i = 0; i < entry->account.n_keys; i++) {
        struct account_key *key = (struct account_key *)entry->account.keys[i];

        EVP_MAC_CTX_free(key->mac); /* which wipes the keyed state */
        pthread_mutex_destroy(&key->lock);
    }
    free(entry->buckets.slots);
    pthread_mutex_destroy(&entry->lock);
}

void accounts_free(struct accounts *accounts)
{
    if (!accounts)
        return;
    for (size_t i = 0; i < accounts->n_entries; i++)
        entry_release(&accounts->entries[i]);
    EVP_MAC_free(accounts->hmac);
    free(accounts->appids.slots);
    free(accounts->keys.slots);
    arena_release(&accounts->arena);
    free(accounts);
}

/* look-ups */

size_t accounts_count(const struct accounts *accounts)
{
    return accounts->n_entries;
}

const struct account *accounts_at(const struct accounts *accounts, size_t i)
{
    return &accounts->entries[i].account;
}

const struct account *accounts_find(const struct accounts *accounts,
                                    const char *appid, size_t appid_len)
{
    const struct entry *entry = table_find(&accounts->appids, appid, appid_len);

    return entry ? &entry->account : NULL;
}

const struct account_key *accounts_find_key(const struct accounts *accounts,
                                            const char *secret_id,
                                            size_t secret_id_len)
{
    return table_find(&accounts->keys, secret_id, secret_id_len);
}

bool account_has_bucket(const struct account *account, const char *bucket,
                        size_t bucket_len)
{
    const struct entry *entry = (const struct entry *)account;

    return table_find(&entry->buckets, bucket, bucket_len) != NULL;
}

const char *account_key_id(const struct account_key *key)
{
    return key->id;
}

const struct account *account_key_owner(const struct account_key *key)
{
    return key->owner;
}

/* operations under a lock; the records are const to callers only */

int account_key_mac(const struct account_key *key, const void *text, size_t len,
                    unsigned char mac[ACCOUNTS_MAC_LEN])
{
    pthread_mutex_t *lock = (pthread_mutex_t *)&key->lock;
    size_t n = 0;
    bool done;

    pthread_mutex_lock(lock);
    /* Without a key the context starts anew under the one it has, which saves
     * four fifths of the time: the padded key is already hashed. */
    done = EVP_MAC_init(key->mac, NULL, 0, NULL) == 1 &&
           EVP_MAC_update(key->mac, text, len) == 1 &&
           EVP_MAC_final(key->mac, mac, &n, ACCOUNTS_MAC_LEN) == 1;
    pthread_mutex_unlock(lock);
    return done && n == ACCOUNTS_MAC_LEN ? 0 : -1;
}

bool account_take(const struct account *account, int64_t now_us)
{
    struct entry *entry = (struct entry *)account;
    double elapsed_us;
    bool taken;

    if (account->rate_per_second == 0)
        return true;

    pthread_mutex_lock(&entry->lock);
    /* As doubles, for any two times have a difference then. A clock that was
     * set back refills nothing, and counts from its new time on. */
    elapsed_us = (double)now_us - (double)entry->refilled_us;
    entry->refilled_us = now_us;
    if (elapsed_us > 0)
        entry->tokens += elapsed_us / 1e6 * account->rate_per_second;
    if (entry->tokens > burst(account))
        entry->tokens = burst(account);
    taken = entry->tokens >= 1;
    if (taken)
        entry->tokens -= 1;
    pthread_mutex_unlock(&entry->lock);
    return taken;
}

void accounts_refill(struct accounts *accounts)
{
    for (size_t i = 0; i < accounts->n_entries; i++) {
        struct entry *entry = &accounts->entries[i];

        pthread_mutex_lock(&entry->lock);
        entry->tokens = burst(&entry->account);
        pthread_mutex_unlock(&entry->lock);
    }
}
