/*
 * Two hash tables find the accounts, under a lock that readers share. The
 * tables hold a reference to each account, as everybody else does who was
 * given one. An account's strings are one block of memory, secret keys
 * included, so that one call wipes them all.
 */
#include "accounts.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>
#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include "accounts_store.h"
#include "base64.h"
#include "log.h"

enum { TABLE_FIRST_SLOTS = 16, FILE_FIRST_CAP = 16, SHA256_MAC_LEN = 32 };

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
    const char *secret;
    size_t secret_len;
    const struct account *owner;
    EVP_MAC_CTX *mac; /* keyed; used under the lock */
    pthread_mutex_t lock;
};

struct entry {
    struct account account; /* first, so that the public pointer leads here */
    atomic_size_t references;
    TAILQ_ENTRY(entry) added; /* in the list of that name; not of the file */
    bool from_file;
    size_t place;             /* in the file's list */
    struct account_key *keys; /* what account.keys points to, and its array */
    const struct account_key **key_list;
    const char **bucket_list;
    struct table buckets;
    char *text; /* every string of the account */
    size_t text_len;
    double tokens; /* this and the next under the lock */
    int64_t refilled_us;
    pthread_mutex_t lock;
};

TAILQ_HEAD(entry_list, entry);

struct accounts {
    EVP_MAC *hmac;       /* NULL: OpenSSL has none */
    struct entry **file; /* does not change once the file is read */
    size_t n_file;
    pthread_rwlock_t lock; /* around all that follows */
    struct entry_list added;
    size_t n_added;
    struct table appids; /* name → struct entry */
    struct table keys;   /* name → struct account_key */
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

/* Takes out a name that is in the table, and moves up those that only stand
 * further on because it was in their way. */
static void table_remove(struct table *table, const char *name)
{
    size_t hole =
        (size_t)(table_slot(table, name, strlen(name)) - table->slots);

    for (size_t i = (hole + 1) & table->mask; table->slots[i].name;
         i = (i + 1) & table->mask) {
        const struct slot *slot = &table->slots[i];
        size_t home = table_hash(slot->name, slot->len) & table->mask;

        if (((i - home) & table->mask) < ((i - hole) & table->mask))
            continue;
        table->slots[hole] = *slot;
        hole = i;
    }
    table->slots[hole] = (struct slot){0};
    table->used--;
}

/* one account */

static double burst(const struct account *account)
{
    return account->rate_per_second > 1 ? account->rate_per_second : 1;
}

static void entry_free(struct entry *entry)
{
    for (size_t i = 0; i < entry->account.n_keys; i++) {
        EVP_MAC_CTX_free(entry->keys[i].mac); /* which wipes the keyed state */
        pthread_mutex_destroy(&entry->keys[i].lock);
    }
    if (entry->text)
        OPENSSL_cleanse(entry->text, entry->text_len);
    free(entry->text);
    free(entry->keys);
    free(entry->key_list);
    free(entry->bucket_list);
    free(entry->buckets.slots);
    pthread_mutex_destroy(&entry->lock);
    free(entry);
}

static struct entry *entry_hold(struct entry *entry)
{
    atomic_fetch_add_explicit(&entry->references, 1, memory_order_relaxed);
    return entry;
}

static void entry_put(struct entry *entry)
{
    if (atomic_fetch_sub_explicit(&entry->references, 1,
                                  memory_order_acq_rel) == 1)
        entry_free(entry);
}

static size_t text_len_of(const struct account_draft *draft)
{
    size_t len = strlen(draft->appid) + 1;

    for (size_t i = 0; i < draft->n_buckets; i++)
        len += strlen(draft->buckets[i]) + 1;
    for (size_t i = 0; i < draft->n_keys; i++)
        len += strlen(draft->keys[i].id) + strlen(draft->keys[i].secret) + 2;
    return len;
}

/* Copies to *next, which moves on. */
static const char *copy_text(char **next, const char *s)
{
    size_t size = strlen(s) + 1;
    char *copy = memcpy(*next, s, size);

    *next += size;
    return copy;
}

static EVP_MAC_CTX *mac_new(EVP_MAC *hmac, const struct account_key *key)
{
    char digest[] = "SHA1";
    OSSL_PARAM params[] = {
        OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, digest, 0),
        OSSL_PARAM_construct_end(),
    };
    EVP_MAC_CTX *mac = hmac ? EVP_MAC_CTX_new(hmac) : NULL;

    if (mac && EVP_MAC_init(mac, (const unsigned char *)key->secret,
                            key->secret_len, params) != 1) {
        EVP_MAC_CTX_free(mac);
        return NULL;
    }
    return mac;
}

static enum accounts_result fill_buckets(struct entry *entry, char **next,
                                         const struct account_draft *draft,
                                         struct accounts_clash *clash)
{
    for (size_t i = 0; i < draft->n_buckets; i++) {
        const char *name = copy_text(next, draft->buckets[i]);

        clash->index = i;
        clash->bucket = draft->buckets[i];
        if (table_find(&entry->buckets, name, strlen(name)))
            return ACCOUNTS_BUCKET_TWICE;
        if (table_add(&entry->buckets, name, name) < 0)
            return ACCOUNTS_NO_MEMORY;
        entry->bucket_list[i] = name;
    }
    entry->account.buckets = entry->bucket_list;
    entry->account.n_buckets = draft->n_buckets;
    return ACCOUNTS_OK;
}

static enum accounts_result fill_keys(struct entry *entry, char **next,
                                      EVP_MAC *hmac,
                                      const struct account_draft *draft)
{
    entry->account.keys = entry->key_list;
    for (size_t i = 0; i < draft->n_keys; i++) {
        struct account_key *key = &entry->keys[i];

        key->id = copy_text(next, draft->keys[i].id);
        key->secret = copy_text(next, draft->keys[i].secret);
        key->secret_len = strlen(key->secret);
        key->owner = &entry->account;
        pthread_mutex_init(&key->lock, NULL);
        entry->key_list[i] = key;
        entry->account.n_keys++; /* from here on entry_free() ends it */
        key->mac = mac_new(hmac, key);
        if (!key->mac)
            return ACCOUNTS_NO_HMAC;
    }
    return ACCOUNTS_OK;
}

static enum accounts_result entry_fill(struct entry *entry, EVP_MAC *hmac,
                                       const struct account_draft *draft,
                                       struct accounts_clash *clash)
{
    struct account *account = &entry->account;
    enum accounts_result result;
    char *next;

    entry->text_len = text_len_of(draft);
    entry->text = malloc(entry->text_len);
    entry->keys = calloc(draft->n_keys, sizeof(*entry->keys));
    entry->key_list = calloc(draft->n_keys, sizeof(*entry->key_list));
    entry->bucket_list =
        calloc(draft->n_buckets + 1, sizeof(*entry->bucket_list));
    if (!entry->text || !entry->keys || !entry->key_list || !entry->bucket_list)
        return ACCOUNTS_NO_MEMORY;
    next = entry->text;
    account->appid = copy_text(&next, draft->appid);
    account->status = draft->status;
    account->rate_per_second = draft->rate_per_second;
    entry->tokens = burst(account);
    result = fill_buckets(entry, &next, draft, clash);
    if (result != ACCOUNTS_OK)
        return result;
    return fill_keys(entry, &next, hmac, draft);
}

static struct entry *entry_new(void)
{
    struct entry *entry = calloc(1, sizeof(*entry));

    if (!entry)
        return NULL;
    atomic_init(&entry->references, 1);
    pthread_mutex_init(&entry->lock, NULL);
    return entry;
}

/* the lock; the store is const to callers who only look things up */

static void lock_shared(const struct accounts *accounts)
{
    pthread_rwlock_rdlock((pthread_rwlock_t *)&accounts->lock);
}

static void lock_alone(struct accounts *accounts)
{
    pthread_rwlock_wrlock(&accounts->lock);
}

static void unlock(const struct accounts *accounts)
{
    pthread_rwlock_unlock((pthread_rwlock_t *)&accounts->lock);
}

/* the tables; all of these are called under the lock */

static void note_owner(struct accounts_clash *clash, const struct entry *owner)
{
    clash->account = owner->place;
    log_quote(clash->appid, sizeof(clash->appid), owner->account.appid,
              strlen(owner->account.appid));
}

static void note_key_owner(struct accounts_clash *clash,
                           const struct entry *entry,
                           const struct account_key *first)
{
    const struct entry *owner = (const struct entry *)first->owner;

    note_owner(clash, owner);
    clash->own = owner == entry;
    clash->key = (size_t)(first - owner->keys);
}

/* Takes the appid and the first n keys out of the tables. */
static void unindex(struct accounts *accounts, const struct entry *entry,
                    size_t n)
{
    for (size_t i = 0; i < n; i++)
        table_remove(&accounts->keys, entry->keys[i].id);
    table_remove(&accounts->appids, entry->account.appid);
}

/* Puts the appid and the keys into the tables: all of them or none. */
static enum accounts_result index_entry(struct accounts *accounts,
                                        const struct entry *entry,
                                        struct accounts_clash *clash)
{
    const char *appid = entry->account.appid;
    const struct entry *first =
        table_find(&accounts->appids, appid, strlen(appid));

    if (first) {
        note_owner(clash, first);
        return ACCOUNTS_APPID_USED;
    }
    if (table_add(&accounts->appids, appid, entry) < 0)
        return ACCOUNTS_NO_MEMORY;
    for (size_t i = 0; i < entry->account.n_keys; i++) {
        const struct account_key *key = &entry->keys[i];
        const struct account_key *taken =
            table_find(&accounts->keys, key->id, strlen(key->id));

        if (taken)
            note_key_owner(clash, entry, taken);
        if (taken || table_add(&accounts->keys, key->id, key) < 0) {
            clash->index = i;
            unindex(accounts, entry, i);
            return taken ? ACCOUNTS_SECRET_ID_USED : ACCOUNTS_NO_MEMORY;
        }
    }
    return ACCOUNTS_OK;
}

/* Makes room for one more account of the file: the number of those is a power
 * of two whenever it has to grow. */
static int grow_file(struct accounts *accounts)
{
    size_t n = accounts->n_file;
    struct entry **bigger;

    if (n != 0 && (n < FILE_FIRST_CAP || (n & (n - 1)) != 0))
        return 0;
    bigger = realloc(accounts->file,
                     (n ? n * 2 : FILE_FIRST_CAP) * sizeof(struct entry *));
    if (!bigger)
        return -1;
    accounts->file = bigger;
    return 0;
}

static enum accounts_result link_entry(struct accounts *accounts,
                                       struct entry *entry,
                                       struct accounts_clash *clash)
{
    enum accounts_result result;

    if (accounts->n_file + accounts->n_added >= ACCOUNTS_MAX)
        return ACCOUNTS_FULL;
    entry->place = accounts->n_file;
    if (entry->from_file && grow_file(accounts) < 0)
        return ACCOUNTS_NO_MEMORY;
    result = index_entry(accounts, entry, clash);
    if (result != ACCOUNTS_OK)
        return result;
    if (entry->from_file) {
        accounts->file[accounts->n_file++] = entry;
    } else {
        TAILQ_INSERT_TAIL(&accounts->added, entry, added);
        accounts->n_added++;
    }
    return ACCOUNTS_OK;
}

/* life cycle and changes */

struct accounts *accounts_new(void)
{
    struct accounts *accounts = calloc(1, sizeof(*accounts));
    pthread_rwlockattr_t attributes;

    if (!accounts)
        return NULL;
    /* Workers look up all the time; a change must get its turn. */
    pthread_rwlockattr_init(&attributes);
    pthread_rwlockattr_setkind_np(&attributes,
                                  PTHREAD_RWLOCK_PREFER_WRITER_NONRECURSIVE_NP);
    pthread_rwlock_init(&accounts->lock, &attributes);
    pthread_rwlockattr_destroy(&attributes);
    TAILQ_INIT(&accounts->added);
    /* Whatever the machine's policy says of SHA-1, the contract has it; and to
     * read the file that tells takes a third of the library's start. */
    OPENSSL_init_crypto(OPENSSL_INIT_NO_LOAD_CONFIG, NULL);
    accounts->hmac = EVP_MAC_fetch(NULL, "HMAC", NULL);
    return accounts;
}

enum accounts_result accounts_insert(struct accounts *accounts,
                                     const struct account_draft *draft,
                                     bool from_file,
                                     struct accounts_clash *clash)
{
    struct entry *entry = entry_new();
    enum accounts_result result;

    if (!entry)
        return ACCOUNTS_NO_MEMORY;
    *clash = (struct accounts_clash){0};
    entry->from_file = from_file;
    /* Keying the digests takes longest, and needs no lock. */
    result = entry_fill(entry, accounts->hmac, draft, clash);
    if (result == ACCOUNTS_OK) {
        lock_alone(accounts);
        result = link_entry(accounts, entry, clash);
        unlock(accounts);
    }
    if (result != ACCOUNTS_OK)
        entry_free(entry);
    return result;
}

int accounts_remove(struct accounts *accounts, const char *appid)
{
    struct entry *entry;

    lock_alone(accounts);
    entry = (struct entry *)table_find(&accounts->appids, appid, strlen(appid));
    if (entry && entry->from_file)
        entry = NULL;
    if (entry) {
        unindex(accounts, entry, entry->account.n_keys);
        TAILQ_REMOVE(&accounts->added, entry, added);
        accounts->n_added--;
    }
    unlock(accounts);
    if (!entry)
        return 1;
    entry_put(entry);
    return 0;
}

static void put_list(struct entry_list *list)
{
    struct entry *entry = TAILQ_FIRST(list);

    while (entry) {
        struct entry *next = TAILQ_NEXT(entry, added);

        entry_put(entry);
        entry = next;
    }
}

static void refill(struct entry *entry)
{
    pthread_mutex_lock(&entry->lock);
    entry->tokens = burst(&entry->account);
    pthread_mutex_unlock(&entry->lock);
}

void accounts_reset(struct accounts *accounts)
{
    struct entry_list gone = TAILQ_HEAD_INITIALIZER(gone);
    struct entry *entry;

    lock_alone(accounts);
    TAILQ_FOREACH(entry, &accounts->added, added)
    unindex(accounts, entry, entry->account.n_keys);
    TAILQ_CONCAT(&gone, &accounts->added, added);
    accounts->n_added = 0;
    unlock(accounts);
    put_list(&gone); /* wiping them need not keep the workers waiting */
    for (size_t i = 0; i < accounts->n_file; i++)
        refill(accounts->file[i]);
}

void accounts_free(struct accounts *accounts)
{
    if (!accounts)
        return;
    put_list(&accounts->added);
    for (size_t i = 0; i < accounts->n_file; i++)
        entry_put(accounts->file[i]);
    free(accounts->file);
    free(accounts->appids.slots);
    free(accounts->keys.slots);
    EVP_MAC_free(accounts->hmac);
    pthread_rwlock_destroy(&accounts->lock);
    free(accounts);
}

/* look-ups */

size_t accounts_count(const struct accounts *accounts)
{
    return accounts->n_file;
}

const struct account *accounts_at(const struct accounts *accounts, size_t i)
{
    return &accounts->file[i]->account;
}

/* Under the lock: these two find, and take a reference. */

static const struct account *hold_appid(const struct accounts *accounts,
                                        const char *appid, size_t len)
{
    const struct entry *entry = table_find(&accounts->appids, appid, len);

    return entry ? &entry_hold((struct entry *)entry)->account : NULL;
}

static const struct account_key *hold_key(const struct accounts *accounts,
                                          const char *id, size_t len)
{
    const struct account_key *key = table_find(&accounts->keys, id, len);

    if (key)
        entry_hold((struct entry *)key->owner);
    return key;
}

const struct account *accounts_find(const struct accounts *accounts,
                                    const char *appid, size_t appid_len)
{
    const struct account *account;

    lock_shared(accounts);
    account = hold_appid(accounts, appid, appid_len);
    unlock(accounts);
    return account;
}

const struct account_key *accounts_find_key(const struct accounts *accounts,
                                            const char *secret_id,
                                            size_t secret_id_len)
{
    const struct account_key *key;

    lock_shared(accounts);
    key = hold_key(accounts, secret_id, secret_id_len);
    unlock(accounts);
    return key;
}

void accounts_find_signer(const struct accounts *accounts, const char *appid,
                          size_t appid_len, const char *secret_id,
                          size_t secret_id_len, const struct account **account,
                          const struct account_key **key)
{
    lock_shared(accounts);
    *account = hold_appid(accounts, appid, appid_len);
    *key = hold_key(accounts, secret_id, secret_id_len);
    unlock(accounts);
}

/* Adds the account's keys, each with a reference; returns the new count. */
static size_t list_keys(struct entry *entry, const struct account_key **keys,
                        size_t n, size_t cap)
{
    for (size_t i = 0; i < entry->account.n_keys && n < cap; i++) {
        entry_hold(entry);
        keys[n++] = &entry->keys[i];
    }
    return n;
}

size_t accounts_list_keys(const struct accounts *accounts,
                          const struct account_key **keys, size_t cap)
{
    struct entry *entry;
    size_t n = 0;

    lock_shared(accounts);
    for (size_t i = 0; i < accounts->n_file && n < cap; i++)
        n = list_keys(accounts->file[i], keys, n, cap);
    TAILQ_FOREACH(entry, &accounts->added, added)
    n = list_keys(entry, keys, n, cap);
    unlock(accounts);
    return n;
}

/* Every account, each with a reference, in a list that the caller frees; NULL
 * when memory ran out. Who has much to do with them need not keep the lock. */
static struct entry **hold_all(const struct accounts *accounts, size_t *n)
{
    struct entry **all;
    struct entry *entry;

    lock_shared(accounts);
    *n = 0;
    all = malloc((accounts->n_file + accounts->n_added + 1) * sizeof(*all));
    for (size_t i = 0; all && i < accounts->n_file; i++)
        all[(*n)++] = entry_hold(accounts->file[i]);
    if (all) {
        TAILQ_FOREACH(entry, &accounts->added, added)
        all[(*n)++] = entry_hold(entry);
    }
    unlock(accounts);
    return all;
}

static void render_account(struct strbuf *out, const struct entry *entry)
{
    const struct account *account = &entry->account;

    strbuf_addstr(out, "{\"appid\":");
    strbuf_add_json(out, account->appid, strlen(account->appid));
    strbuf_addstr(out, ",\"buckets\":[");
    for (size_t i = 0; i < account->n_buckets; i++) {
        strbuf_addstr(out, i ? "," : "");
        strbuf_add_json(out, account->buckets[i], strlen(account->buckets[i]));
    }
    strbuf_addstr(out, "],\"secret_ids\":[");
    for (size_t i = 0; i < account->n_keys; i++) {
        const char *id = account->keys[i]->id;

        strbuf_addstr(out, i ? "," : "");
        strbuf_add_json(out, id, strlen(id));
    }
    strbuf_addf(out,
                "],\"status\":\"%s\",\"rate_per_second\":%.15g,"
                "\"from\":\"%s\"}",
                account->status == ACCOUNT_ARREARS ? "arrears" : "active",
                account->rate_per_second, entry->from_file ? "file" : "admin");
}

int accounts_render(struct accounts *accounts, struct strbuf *out)
{
    size_t n;
    struct entry **all = hold_all(accounts, &n);

    if (!all)
        return -1;
    strbuf_addstr(out, "{\"accounts\":[");
    for (size_t i = 0; i < n; i++) {
        strbuf_addstr(out, i ? "," : "");
        render_account(out, all[i]);
        entry_put(all[i]);
    }
    free(all);
    return strbuf_addstr(out, "]}") < 0 || out->failed ? -1 : 0;
}

void account_put(const struct account *account)
{
    if (account)
        entry_put((struct entry *)account);
}

void account_key_put(const struct account_key *key)
{
    if (key)
        account_put(key->owner);
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

const char *account_key_secret(const struct account_key *key)
{
    return key->secret;
}

char *accounts_demo_secret_key(const char *secret_id)
{
    struct accounts *demo = accounts_demo();
    const struct account_key *key =
        table_find(&demo->keys, secret_id, strlen(secret_id));
    char *secret = key ? strdup(key->secret) : NULL;

    accounts_free(demo);
    return secret;
}

/* digests and rates, under a lock; the records are const to callers only */

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

/* HMAC of a digest by name; returns the length of the mac, 0 on failure. */
static size_t hmac(const char *digest, const void *key, size_t key_len,
                   const void *text, size_t len,
                   unsigned char mac[SHA256_MAC_LEN])
{
    size_t n = 0;

    if (!EVP_Q_mac(NULL, "HMAC", NULL, digest, NULL, key, key_len, text, len,
                   mac, SHA256_MAC_LEN, &n))
        return 0;
    return n;
}

static size_t mac_longer_key(const struct account_key *key, const char *more,
                             const void *text, size_t len, unsigned char *mac)
{
    size_t key_len = key->secret_len + strlen(more);
    char *longer = malloc(key_len);
    size_t n;

    if (!longer)
        return 0;
    memcpy(longer, key->secret, key->secret_len);
    memcpy(longer + key->secret_len, more, strlen(more));
    n = hmac("SHA1", longer, key_len, text, len, mac);
    OPENSSL_cleanse(longer, key_len);
    free(longer);
    return n;
}

static size_t mac_base64_key(const struct account_key *key, const void *text,
                             size_t len, unsigned char *mac)
{
    size_t key_len = BASE64_ENCODED_LEN(key->secret_len);
    char *encoded = malloc(key_len + 1);
    size_t n;

    if (!encoded)
        return 0;
    base64_encode(key->secret, key->secret_len, encoded);
    n = hmac("SHA1", encoded, key_len, text, len, mac);
    OPENSSL_cleanse(encoded, key_len);
    free(encoded);
    return n;
}

/* SHA1 of one after the other. */
static size_t hash_both(const void *first, size_t first_len, const void *second,
                        size_t second_len, unsigned char *hash)
{
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    unsigned n = 0;
    bool done = ctx && EVP_DigestInit_ex(ctx, EVP_sha1(), NULL) == 1 &&
                EVP_DigestUpdate(ctx, first, first_len) == 1 &&
                EVP_DigestUpdate(ctx, second, second_len) == 1 &&
                EVP_DigestFinal_ex(ctx, hash, &n) == 1;

    EVP_MD_CTX_free(ctx);
    return done ? n : 0;
}

static size_t mac_as(const struct account_key *key,
                     enum account_mac_variant variant, const void *text,
                     size_t len, unsigned char mac[SHA256_MAC_LEN])
{
    switch (variant) {
    case MAC_SHA1:
        return account_key_mac(key, text, len, mac) < 0 ? 0 : ACCOUNTS_MAC_LEN;
    case MAC_SHA256:
        return hmac("SHA256", key->secret, key->secret_len, text, len, mac);
    case MAC_SWAPPED:
        return hmac("SHA1", text, len, key->secret, key->secret_len, mac);
    case MAC_SECRET_ID_AS_KEY:
        return hmac("SHA1", key->id, strlen(key->id), text, len, mac);
    case MAC_KEY_LF:
        return mac_longer_key(key, "\n", text, len, mac);
    case MAC_KEY_CRLF:
        return mac_longer_key(key, "\r\n", text, len, mac);
    case MAC_KEY_BASE64:
        return mac_base64_key(key, text, len, mac);
    case MAC_HASH_KEY_TEXT:
        return hash_both(key->secret, key->secret_len, text, len, mac);
    case MAC_HASH_TEXT_KEY:
        return hash_both(text, len, key->secret, key->secret_len, mac);
    case MAC__COUNT:
        break;
    }
    return 0;
}

bool account_key_made(const struct account_key *key,
                      enum account_mac_variant variant, const void *text,
                      size_t len, const void *mac, size_t mac_len)
{
    unsigned char right[SHA256_MAC_LEN];
    size_t n = mac_as(key, variant, text, len, right);
    bool same = n > 0 && n == mac_len && CRYPTO_memcmp(right, mac, n) == 0;

    OPENSSL_cleanse(right, sizeof(right));
    return same;
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
