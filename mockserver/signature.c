#include "signature.h"

#include <inttypes.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <openssl/crypto.h>
#include "base64.h"
#include "log.h"
#include "mutants.h"
#include "strbuf.h"
#include "text.h"

enum {
    QUOTE_CAP = 44, /* 40 bytes of a value, "..." and the NUL */
};

static const char no_memory[] = "out of memory";

/*
 * The single-use signatures: a ring of digests in the order of their use, and
 * chains through it by hash. A slot is named by its number + 1, so that 0 ends
 * a chain and a cleared table is an empty one.
 */
struct use {
    unsigned char mac[ACCOUNTS_MAC_LEN];
    uint32_t next; /* in the same chain */
};

struct signature_uses {
    pthread_mutex_t lock;
    struct use *ring;
    uint32_t cap;
    uint32_t used;
    uint32_t oldest; /* the slot to take next once the ring is full */
    uint32_t *chains;
    uint32_t mask; /* number of chains - 1 */
};

struct signature_uses *signature_uses_new(size_t cap)
{
    struct signature_uses *uses;
    uint32_t n_chains = 1;

    if (cap == 0 || cap > UINT32_MAX / 2)
        return NULL;
    while (n_chains < cap)
        n_chains *= 2;
    uses = calloc(1, sizeof(*uses));
    if (!uses)
        return NULL;
    uses->cap = (uint32_t)cap;
    uses->mask = n_chains - 1;
    uses->ring = calloc(cap, sizeof(*uses->ring));
    uses->chains = calloc(n_chains, sizeof(*uses->chains));
    if (!uses->ring || !uses->chains) {
        free(uses->ring);
        free(uses->chains);
        free(uses);
        return NULL;
    }
    pthread_mutex_init(&uses->lock, NULL);
    return uses;
}

void signature_uses_free(struct signature_uses *uses)
{
    if (!uses)
        return;
    pthread_mutex_destroy(&uses->lock);
    free(uses->ring);
    free(uses->chains);
    free(uses);
}

void signature_uses_reset(struct signature_uses *uses)
{
    pthread_mutex_lock(&uses->lock);
    memset(uses->chains, 0, ((size_t)uses->mask + 1) * sizeof(*uses->chains));
    uses->used = 0;
    uses->oldest = 0;
    pthread_mutex_unlock(&uses->lock);
}

/* A digest that was checked is as good as random: its first bytes will do. */
static uint32_t *chain_of(const struct signature_uses *uses,
                          const unsigned char *mac)
{
    uint32_t hash;

    memcpy(&hash, mac, sizeof(hash));
    return &uses->chains[hash & uses->mask];
}

static bool uses_has(const struct signature_uses *uses,
                     const unsigned char *mac)
{
    for (uint32_t i = *chain_of(uses, mac); i; i = uses->ring[i - 1].next) {
        if (!memcmp(uses->ring[i - 1].mac, mac, ACCOUNTS_MAC_LEN))
            return true;
    }
    return false;
}

static void forget(struct signature_uses *uses, uint32_t slot)
{
    uint32_t *link = chain_of(uses, uses->ring[slot].mac);

    while (*link != slot + 1)
        link = &uses->ring[*link - 1].next;
    *link = uses->ring[slot].next;
}

static uint32_t take_slot(struct signature_uses *uses)
{
    uint32_t slot;

    if (uses->used < uses->cap)
        return uses->used++;
    slot = uses->oldest;
    forget(uses, slot);
    uses->oldest = slot + 1 < uses->cap ? slot + 1 : 0;
    return slot;
}

/* Remembers the digest, which covers the whole text. False when it was. */
static bool use_once(struct signature_uses *uses, const unsigned char *mac)
{
    uint32_t slot;
    uint32_t *chain;
    bool first;

    pthread_mutex_lock(&uses->lock);
    first = !uses_has(uses, mac);
    if (first) {
        slot = take_slot(uses);
        chain = chain_of(uses, mac);
        memcpy(uses->ring[slot].mac, mac, ACCOUNTS_MAC_LEN);
        uses->ring[slot].next = *chain;
        *chain = slot + 1;
    }
    pthread_mutex_unlock(&uses->lock);
    return first;
}

/* refusals */

static enum error_code __attribute__((format(printf, 4, 5)))
refuse(struct signature *sig, struct arena *arena, enum error_code code,
       const char *fmt, ...)
{
    char why[256];
    va_list args;

    va_start(args, fmt);
    vsnprintf(why, sizeof(why), fmt, args);
    va_end(args);
    sig->code = code;
    sig->why = arena_memdup0(arena, why, strlen(why));
    if (!sig->why)
        sig->why = no_memory; /* for the reason; the code stands */
    return code;
}

static enum error_code refuse_memory(struct signature *sig)
{
    sig->why = no_memory;
    return sig->code = ERR_INTERNAL;
}

static const char *quote(char buf[QUOTE_CAP],
                         const struct signature_field *field)
{
    return log_quote(buf, QUOTE_CAP, field->ptr, field->len);
}

/* parsing */

static enum error_code refuse_base64(struct signature *sig, struct arena *arena,
                                     enum base64_error error, const char *text,
                                     size_t len, size_t at)
{
    char quoted[QUOTE_CAP];
    unsigned byte = (unsigned char)text[at];

    switch (error) {
    case BASE64_LENGTH:
        return refuse(sig, arena, ERR_SIGNATURE_MALFORMED,
                      "Authorization has %zu characters, expected a multiple "
                      "of four as in padded Base64",
                      len);
    case BASE64_ALPHABET:
        return refuse(sig, arena, ERR_SIGNATURE_MALFORMED,
                      "Authorization has \"%s\" (byte 0x%02x) at offset %zu, "
                      "expected the standard Base64 alphabet",
                      log_quote(quoted, sizeof(quoted), text + at, 1), byte,
                      at);
    default:
        return refuse(sig, arena, ERR_SIGNATURE_MALFORMED,
                      "Authorization has bad Base64 padding at offset %zu", at);
    }
}

/* A copy in the standard alphabet, for a mutant. */
static const char *from_url_safe(struct arena *arena, const char *text,
                                 size_t len)
{
    char *copy = arena_memdup0(arena, text, len);

    for (char *p = copy; p && *p; p++)
        *p = *p == '-' ? '+' : *p == '_' ? '/' : *p;
    return copy ? copy : text;
}

/* Sets mac and original from the header's text. */
static enum error_code decode(struct signature *sig, struct arena *arena,
                              const char *text, size_t len)
{
    enum base64_error error;
    unsigned char *bytes;
    size_t at = 0;
    size_t n;

    if (len > SIGNATURE_MAX_LEN)
        return refuse(sig, arena, ERR_SIGNATURE_MALFORMED,
                      "Authorization has %zu characters, expected at most %d",
                      len, SIGNATURE_MAX_LEN);
    if (mutant(MUTANT_URL_SAFE_ACCEPTED))
        text = from_url_safe(arena, text, len);
    error = base64_check(text, len, &at);
    if (error != BASE64_OK)
        return refuse_base64(sig, arena, error, text, len, at);
    n = base64_decoded_len(text, len);
    if (n <= ACCOUNTS_MAC_LEN)
        return refuse(sig, arena, ERR_SIGNATURE_MALFORMED,
                      "Authorization decodes to %zu bytes, expected a digest "
                      "of %d bytes and the signed text",
                      n, ACCOUNTS_MAC_LEN);

    bytes = arena_alloc(arena, len / 4 * 3 + 1);
    if (!bytes)
        return refuse_memory(sig);
    base64_decode(text, len, bytes);
    bytes[n] = '\0';
    sig->mac = bytes;
    sig->original = (const char *)bytes + ACCOUNTS_MAC_LEN;
    sig->original_len = n - ACCOUNTS_MAC_LEN;
    return ERR_OK;
}

static struct signature_field *field_of(struct signature *sig, char key)
{
    switch (key) {
    case 'a':
        return &sig->a;
    case 'b':
        return &sig->b;
    case 'k':
        return &sig->k;
    case 'e':
        return &sig->e;
    case 't':
        return &sig->t;
    case 'r':
        return &sig->r;
    case 'u':
        return &sig->u;
    case 'f':
        return &sig->f;
    default:
        return NULL;
    }
}

static const char required[] = "aket";

/* Takes one `key=value`; of a key that may repeat the first counts. What has
 * no '=' is part of the digest and decides nothing else. */
static enum error_code take_segment(struct signature *sig, struct arena *arena,
                                    const char *segment, size_t len)
{
    struct signature_field *field;

    if (len < 2 || segment[1] != '=')
        return ERR_OK;
    field = field_of(sig, *segment);
    if (mutant(MUTANT_UNKNOWN_KEY_REFUSED) && !field)
        return refuse(sig, arena, ERR_SIGNATURE_MALFORMED, "mutant");
    if (!field)
        return ERR_OK;
    if (field->ptr && strchr(required, *segment) &&
        !mutant(MUTANT_REPEATED_KEY_ACCEPTED))
        return refuse(sig, arena, ERR_SIGNATURE_MALFORMED,
                      "%c is given more than once", *segment);
    if (!field->ptr)
        *field = (struct signature_field){segment + 2, len - 2};
    return ERR_OK;
}

static enum error_code split(struct signature *sig, struct arena *arena)
{
    const char *s = sig->original;
    const char *end = s + sig->original_len;
    enum error_code code = ERR_OK;

    while (s < end && code == ERR_OK) {
        const char *next = memchr(s, '&', (size_t)(end - s));

        if (!next)
            next = end;
        code = take_segment(sig, arena, s, (size_t)(next - s));
        s = next + (next < end);
    }
    return code;
}

static enum error_code check_required(struct signature *sig,
                                      struct arena *arena)
{
    if (mutant(MUTANT_T_OPTIONAL) && !sig->t.ptr)
        sig->t = sig->e;
    if (mutant(MUTANT_T_BEFORE_E_REFUSED) && sig->t.ptr < sig->e.ptr)
        return refuse(sig, arena, ERR_SIGNATURE_MALFORMED, "mutant");
    for (const char *key = required; *key; key++) {
        const struct signature_field *field = field_of(sig, *key);

        if (!field->ptr)
            return refuse(sig, arena, ERR_SIGNATURE_MALFORMED,
                          "%c is missing from the signed text", *key);
        if (field->len == 0)
            return refuse(sig, arena, ERR_SIGNATURE_MALFORMED, "%c is empty",
                          *key);
    }
    return ERR_OK;
}

static enum error_code read_time(struct signature *sig, struct arena *arena,
                                 char key, int64_t *time)
{
    const struct signature_field *field = field_of(sig, key);
    char quoted[QUOTE_CAP];
    uint64_t value;

    if (text_parse_u64(field->ptr, field->len, INT64_MAX, &value) < 0)
        return refuse(sig, arena, ERR_SIGNATURE_MALFORMED,
                      "%c is \"%s\", expected decimal Unix seconds", key,
                      quote(quoted, field));
    *time = (int64_t)value;
    return ERR_OK;
}

static enum error_code read_times(struct signature *sig, struct arena *arena)
{
    enum error_code code = read_time(sig, arena, 'e', &sig->expires);

    if (code == ERR_OK)
        code = read_time(sig, arena, 't', &sig->now);
    if (code != ERR_OK)
        return code;
    sig->single_use = sig->expires == 0;
    /* Neither is negative, so the difference cannot overflow. */
    if (!sig->single_use &&
        sig->expires - sig->now > SIGNATURE_MAX_VALIDITY_S &&
        !mutant(MUTANT_VALIDITY_UNLIMITED))
        return refuse(sig, arena, ERR_SIGNATURE_MALFORMED,
                      "e is %" PRId64 " s after t, expected at most %d (92 "
                      "days)",
                      sig->expires - sig->now, SIGNATURE_MAX_VALIDITY_S);
    return ERR_OK;
}

enum error_code signature_parse(struct signature *sig, struct arena *arena,
                                const char *header)
{
    enum error_code code;
    size_t len;

    *sig = (struct signature){.code = ERR_OK};
    if (!header)
        return refuse(sig, arena, ERR_SIGNATURE_EMPTY,
                      "Authorization is missing");
    len = strlen(header);
    text_trim(&header, &len);
    if (len == 0)
        return refuse(sig, arena,
                      mutant(MUTANT_BLANK_IS_MALFORMED)
                          ? ERR_SIGNATURE_MALFORMED
                          : ERR_SIGNATURE_EMPTY,
                      "Authorization is blank");
    if (mutant(MUTANT_BEARER_ACCEPTED) && !strncmp(header, "Bearer ", 7)) {
        header += 7;
        len -= 7;
    }

    code = decode(sig, arena, header, len);
    if (code != ERR_OK)
        return code;
    if (memchr(sig->original, '\0', sig->original_len))
        return refuse(sig, arena, ERR_SIGNATURE_MALFORMED,
                      "the signed text holds a NUL byte");
    code = split(sig, arena);
    if (code == ERR_OK)
        code = check_required(sig, arena);
    if (code == ERR_OK)
        code = read_times(sig, arena);
    return code;
}

/* verification, in the order of docs/contract.md section 4 */

void signature_release(struct signature *sig)
{
    account_put(sig->account);
    account_key_put(sig->key);
    sig->account = NULL;
    sig->key = NULL;
}

static enum error_code check_signer(struct signature *sig, struct arena *arena,
                                    const struct accounts *accounts)
{
    char quoted[QUOTE_CAP], id[QUOTE_CAP];
    const char *owner;

    accounts_find_signer(accounts, sig->a.ptr, sig->a.len, sig->k.ptr,
                         sig->k.len, &sig->account, &sig->key);
    if (!sig->account)
        return refuse(sig, arena,
                      mutant(MUTANT_APPID_AS_SECRET_ID) ? ERR_SECRET_ID_UNKNOWN
                                                        : ERR_APPID_UNKNOWN,
                      "a is \"%s\", which no account has",
                      quote(quoted, &sig->a));
    if (!sig->key)
        return refuse(sig, arena, ERR_SECRET_ID_UNKNOWN,
                      "k is \"%s\", which no account has",
                      quote(quoted, &sig->k));
    if (account_key_owner(sig->key) == sig->account ||
        mutant(MUTANT_SECRET_ID_OF_ANYONE))
        return ERR_OK;
    owner = account_key_owner(sig->key)->appid;
    return refuse(sig, arena, ERR_SECRET_ID_MISMATCH,
                  "k is \"%s\", which belongs to appid \"%s\" and not to a",
                  quote(id, &sig->k),
                  log_quote(quoted, sizeof(quoted), owner, strlen(owner)));
}

static enum error_code check_digest(struct signature *sig, struct arena *arena)
{
    unsigned char mac[ACCOUNTS_MAC_LEN];
    size_t len = mutant(MUTANT_DIGEST_FIRST_BYTE) ? 1 : sizeof(mac);

    if (account_key_mac(sig->key, sig->original, sig->original_len, mac) < 0) {
        sig->why = "OpenSSL failed to compute the digest";
        return sig->code = ERR_INTERNAL;
    }
    if (CRYPTO_memcmp(mac, sig->mac, len) != 0 &&
        !mutant(MUTANT_DIGEST_UNCHECKED))
        return refuse(sig, arena, ERR_SIGNATURE_WRONG,
                      "the digest is not HMAC-SHA1 of the signed text under "
                      "the secret key of k");
    return ERR_OK;
}

static enum error_code check_use(struct signature *sig, struct arena *arena,
                                 struct signature_uses *uses, int64_t now)
{
    if (mutant(MUTANT_EXPIRY_BY_T))
        now = sig->now;
    if ((!sig->single_use || mutant(MUTANT_SINGLE_USE_EXPIRED)) &&
        now > sig->expires - mutant(MUTANT_EXPIRY_EARLY) &&
        !mutant(MUTANT_EXPIRY_UNCHECKED))
        return refuse(sig, arena, ERR_SIGNATURE_EXPIRED,
                      "e is %" PRId64 ", the server's time is %" PRId64,
                      sig->expires, now);
    if ((sig->single_use || mutant(MUTANT_EVERY_SIGNATURE_ONCE)) && uses &&
        !use_once(uses, sig->mac) && !mutant(MUTANT_SINGLE_USE_AGAIN))
        return refuse(sig, arena, ERR_REPLAY,
                      "e is 0 (single use) and this signature was used before");
    return ERR_OK;
}

static enum error_code check_account(struct signature *sig, struct arena *arena)
{
    char quoted[QUOTE_CAP];

    if (sig->b.len > 0 &&
        !account_has_bucket(sig->account, sig->b.ptr, sig->b.len) &&
        !mutant(MUTANT_SIGNED_BUCKET_UNCHECKED))
        return refuse(sig, arena, ERR_BUCKET_UNKNOWN,
                      "b is \"%s\", which is not a bucket of the account",
                      quote(quoted, &sig->b));
    if (sig->account->status == ACCOUNT_ARREARS &&
        !mutant(MUTANT_ARREARS_SERVED)) {
        sig->why = SIGNATURE_ARREARS_MESSAGE;
        return sig->code = ERR_BAD_REQUEST;
    }
    return ERR_OK;
}

enum error_code signature_verify(struct signature *sig, struct arena *arena,
                                 const struct accounts *accounts,
                                 struct signature_uses *uses,
                                 const char *header, int64_t now)
{
    enum error_code code = signature_parse(sig, arena, header);

    if (code == ERR_OK)
        code = check_signer(sig, arena, accounts);
    if (mutant(MUTANT_DIGEST_BEFORE_OWNER) && code == ERR_SECRET_ID_MISMATCH &&
        check_digest(sig, arena) != ERR_OK)
        code = sig->code;
    if (mutant(MUTANT_EXPIRY_BEFORE_DIGEST) && code == ERR_OK)
        code = check_use(sig, arena, uses, now);
    if (code == ERR_OK)
        code = check_digest(sig, arena);
    if (code == ERR_OK && !mutant(MUTANT_EXPIRY_BEFORE_DIGEST))
        code = check_use(sig, arena, uses, now);
    if (code == ERR_OK)
        code = check_account(sig, arena);
    return code;
}

/* making */

static void add_original(struct strbuf *sb,
                         const struct signature_request *request)
{
    strbuf_addf(sb, "a=%s", account_key_owner(request->key)->appid);
    if (request->bucket)
        strbuf_addf(sb, "&b=%s", request->bucket);
    strbuf_addf(sb, "&k=%s&e=%" PRId64 "&t=%" PRId64 "&r=%" PRIu64,
                account_key_id(request->key), request->expires, request->now,
                request->rand);
    if (request->userid)
        strbuf_addf(sb, "&u=%s", request->userid);
    strbuf_addf(sb, "&f=%s", request->fileid ? request->fileid : "");
}

char *signature_make(const struct signature_request *request)
{
    static const unsigned char digest[ACCOUNTS_MAC_LEN];
    struct strbuf sb;
    char *value = NULL;

    strbuf_init(&sb, SIGNATURE_MAX_LEN / 4 * 3);
    strbuf_add(&sb, digest, sizeof(digest)); /* filled in below */
    add_original(&sb, request);
    if (sb.failed ||
        account_key_mac(request->key, sb.buf + sizeof(digest),
                        sb.len - sizeof(digest), (unsigned char *)sb.buf) < 0)
        goto out;
    value = malloc(BASE64_ENCODED_LEN(sb.len) + 1);
    if (value)
        base64_encode(sb.buf, sb.len, value);

out:
    strbuf_release(&sb);
    return value;
}
