/*
 * The check that fails comes from the verification itself; the mistake behind
 * it from a search for a way that makes the digest right (explain_search.c).
 */
#include "explain.h"

#include <stdlib.h>
#include <string.h>
#include "base64.h"
#include "explain_search.h"
#include "log.h"
#include "text.h"

#define N_ROWS(table) (sizeof(table) / sizeof((table)[0]))

enum {
    QUOTE_CAP = 44,  /* 40 bytes of a value, "..." and the NUL */
    MAX_BUCKETS = 5, /* named in a hint */
};

/* putting it into words */

static void name_mistake(struct explanation *e, enum explain_mistake mistake,
                         const char *hint)
{
    e->mistake = mistake;
    e->hint = hint ? hint : "";
}

/* The first deviation names the mistake; every one has its hint. */
static void name_steps(struct explanation *e, const struct explain_search *s)
{
    const struct step *const steps[] = {s->form, s->place, s->text, s->maker};
    enum explain_mistake mistake = MISTAKE_NONE;
    const char *hint = NULL;

    for (size_t i = 0; i < N_ROWS(steps); i++) {
        if (!steps[i]->hint)
            continue;
        if (mistake == MISTAKE_NONE)
            mistake = steps[i]->mistake;
        hint = hint ? arena_printf(s->arena, "%s %s", hint, steps[i]->hint)
                    : steps[i]->hint;
    }
    name_mistake(e, mistake, hint);
}

/* Decodes the fields of a list that was mended. The digest in front is zeros:
 * with the right one this would be a signature. */
static void show_list(struct explanation *e, struct explain_search *s)
{
    size_t len = ACCOUNTS_MAC_LEN + s->list.len;
    char *bytes = arena_calloc(s->arena, len);
    char *value = arena_alloc(s->arena, BASE64_ENCODED_LEN(len) + 1);

    if (!bytes || !value)
        return;
    memcpy(bytes + ACCOUNTS_MAC_LEN, s->list.ptr, s->list.len);
    base64_encode(bytes, len, value);
    signature_parse(&e->signature, s->arena, value);
    e->signature.mac = NULL;
}

/* what the checks alone found */

/* The second of two required keys that are the same, or NULL. */
static const char *find_repeated(struct piece list)
{
    bool seen[128] = {false};
    const char *end = list.ptr + list.len;
    const char *s = list.ptr;

    while (s < end) {
        const char *next = memchr(s, '&', (size_t)(end - s));

        if (!next)
            next = end;
        if (next - s >= 2 && s[1] == '=' && *s && strchr("aket", *s)) {
            if (seen[(unsigned char)*s])
                return s;
            seen[(unsigned char)*s] = true;
        }
        s = next + (next < end);
    }
    return NULL;
}

/* "b=NAME" of the account's buckets, the first few of them. */
static const char *list_buckets(struct arena *arena,
                                const struct account *account)
{
    char quoted[QUOTE_CAP];
    const char *list = "";

    for (size_t i = 0; i < account->n_buckets && list; i++) {
        if (i == MAX_BUCKETS)
            return arena_printf(arena, "%s, ...", list);
        list =
            arena_printf(arena, "%s%sb=%s", list, i > 0 ? ", " : "",
                         log_quote(quoted, sizeof(quoted), account->buckets[i],
                                   strlen(account->buckets[i])));
    }
    return list ? list : "";
}

static const char *bucket_advice(struct arena *arena,
                                 const struct account *account)
{
    if (account->n_buckets == 0)
        return "The account has no buckets: sign without b.";
    return arena_printf(arena, "Sign with a bucket of the account: %s.",
                        list_buckets(arena, account));
}

/* Were all of the fields read? */
static bool is_well_split(const struct signature *sig)
{
    struct piece list = {sig->original, sig->original_len};

    return list.ptr && !memchr(list.ptr, '\0', list.len) &&
           !find_repeated(list);
}

static bool lacks(const struct signature_field *field)
{
    return field->len == 0;
}

/* What to add to the text; NULL when all that is required is there. `k` is the
 * SecretId, as far as it is known. */
static const char *advice_on_missing(struct arena *arena,
                                     const struct signature *sig, const char *k)
{
    const struct {
        const struct signature_field *field;
        const char *name, *value;
    } required[] = {
        {&sig->a, "a", "<appid>"},
        {&sig->k, "k", k},
        {&sig->e, "e", "<Unix time of expiry>"},
        {&sig->t, "t", "<Unix time of signing>"},
    };
    const char *list = NULL;

    if (!is_well_split(sig))
        return NULL;
    for (size_t i = 0; i < N_ROWS(required); i++) {
        if (lacks(required[i].field))
            list = arena_printf(arena, "%s%s%s=%s", list ? list : "Add ",
                                list ? "&" : "", required[i].name,
                                required[i].value);
    }
    return list
               ? arena_printf(arena, "%s to the text, before signing it.", list)
               : NULL;
}

static const char *advice(const struct explanation *e,
                          const struct explain_search *s)
{
    const char *missing = NULL;

    switch (e->code) {
    case ERR_SIGNATURE_EMPTY:
        return "Send the signature in the header field Authorization.";
    case ERR_SIGNATURE_EXPIRED:
        return "Sign anew, with an e that is still to come; e and the server's "
               "time are Unix seconds.";
    case ERR_APPID_UNKNOWN:
        return "Sign with the appid of an account that the server has.";
    case ERR_SECRET_ID_UNKNOWN:
        return "Sign with a SecretId that the server has.";
    case ERR_SECRET_ID_MISMATCH:
        return "Sign with a SecretId of the appid in a.";
    case ERR_BUCKET_UNKNOWN:
        return bucket_advice(s->arena, s->account);
    case ERR_BAD_REQUEST:
        return "The signature is right; the account is in arrears.";
    case ERR_SIGNATURE_MALFORMED:
        missing = advice_on_missing(s->arena, &e->signature, "<SecretId>");
        return missing ? missing : "Mend what the check names.";
    default:
        return "Mend what the check names.";
    }
}

static bool in_milliseconds(const struct signature_field *field)
{
    uint64_t value;

    return field->len == 13 &&
           text_parse_u64(field->ptr, field->len, INT64_MAX, &value) == 0;
}

static int64_t in_seconds(const struct signature_field *field)
{
    uint64_t value = 0;

    text_parse_u64(field->ptr, field->len, INT64_MAX, &value);
    return (int64_t)(in_milliseconds(field) ? value / 1000 : value);
}

static bool has_milliseconds(const struct signature *sig)
{
    return sig->e.ptr && sig->t.ptr &&
           (in_milliseconds(&sig->e) || in_milliseconds(&sig->t));
}

/* Would they be good times if those of 13 digits were milliseconds? */
static bool are_milliseconds(const struct signature *sig)
{
    return has_milliseconds(sig) && in_seconds(&sig->e) - in_seconds(&sig->t) <=
                                        SIGNATURE_MAX_VALIDITY_S;
}

/* Does the signed text end in a newline, which is then part of the field that
 * is refused? */
static bool newline_is_to_blame(const struct explanation *e,
                                struct arena *arena)
{
    const struct signature *sig = &e->signature;
    const struct signature_field *field =
        e->code == ERR_BUCKET_UNKNOWN  ? &sig->b
        : e->code == ERR_APPID_UNKNOWN ? &sig->a
                                       : &sig->k;
    struct piece text = {sig->original, sig->original_len};
    struct explain_search mended = {.arena = arena};
    struct explanation trial = {.code = ERR_OK};

    if (!text.ptr || piece_chomp(text).len == text.len)
        return false;
    if (e->code != ERR_SIGNATURE_MALFORMED)
        return field->ptr && field->ptr + field->len == text.ptr + text.len;
    mended.list = piece_chomp(text);
    show_list(&trial, &mended);
    return trial.signature.original && trial.signature.code == ERR_OK;
}

/* The digest is right for the text as it was sent. */
static void explain_well_signed(struct explanation *e,
                                const struct explain_search *s)
{
    if (e->code == ERR_SIGNATURE_MALFORMED && are_milliseconds(&e->signature))
        name_mistake(e, MISTAKE_MILLISECONDS,
                     "e and t are Unix seconds, 10 digits: divide the "
                     "milliseconds by 1000.");
    else if (newline_is_to_blame(e, s->arena))
        name_mistake(e, MISTAKE_TRAILING_NEWLINE,
                     "The signed text ends in a newline: cut it off before "
                     "signing.");
    else
        name_mistake(e, MISTAKE_SEE_REASON, advice(e, s));
}

/* digests that no text came with */

static bool is_binary(struct piece p)
{
    for (size_t i = 0; i < p.len; i++) {
        if ((unsigned char)p.ptr[i] < 0x20 || (unsigned char)p.ptr[i] > 0x7e)
            return true;
    }
    return false;
}

static const char *hint_if_alone(struct explain_search *s, struct piece value)
{
    struct piece bytes = piece_decode(s->arena, value);

    if ((value.len == 2 * ACCOUNTS_MAC_LEN ||
         value.len == 2 * EXPLAIN_SHA256_LEN) &&
        piece_is_hex(value))
        return "This is a digest in hex alone: put its raw bytes before the "
               "text, and encode both in Base64.";
    if (!bytes.ptr)
        return NULL;
    if (bytes.len == ACCOUNTS_MAC_LEN && is_binary(bytes))
        return "This is a digest alone: append the text that was signed, then "
               "encode both.";
    if (bytes.len == EXPLAIN_SHA256_LEN && is_binary(bytes))
        return "This has the length of an HMAC-SHA256 alone: make an "
               "HMAC-SHA1, append the text that was signed, then encode both.";
    if ((bytes.len == 2 * ACCOUNTS_MAC_LEN ||
         bytes.len == 2 * EXPLAIN_SHA256_LEN) &&
        piece_is_hex(bytes))
        return "This is a digest in hex alone: take its raw bytes, append the "
               "text that was signed, then encode both.";
    return NULL;
}

/* keys of others */

static const struct account_key *find_maker(const struct account_key **keys,
                                            size_t n,
                                            const struct signature *sig)
{
    for (size_t i = 0; i < n; i++) {
        if (account_key_made(keys[i], MAC_SHA1, sig->original,
                             sig->original_len, sig->mac, ACCOUNTS_MAC_LEN))
            return keys[i];
    }
    return NULL;
}

static const char *hint_of_maker(struct arena *arena,
                                 const struct account_key *maker)
{
    const char *id = account_key_id(maker);
    const char *appid = account_key_owner(maker)->appid;
    char quoted_id[QUOTE_CAP], quoted_appid[QUOTE_CAP];

    return arena_printf(
        arena,
        "The digest was made with the secret key of SecretId \"%s\" (appid "
        "\"%s\"), not with that of k.",
        log_quote(quoted_id, sizeof(quoted_id), id, strlen(id)),
        log_quote(quoted_appid, sizeof(quoted_appid), appid, strlen(appid)));
}

/* No k says whose key it was. */
static const char *hint_of_k(struct arena *arena, const struct signature *sig,
                             const struct account_key *maker)
{
    const char *id = account_key_id(maker);
    char quoted[QUOTE_CAP];
    const char *hint = advice_on_missing(
        arena, sig, log_quote(quoted, sizeof(quoted), id, strlen(id)));

    return hint ? hint : "Mend what the check names.";
}

static bool try_other_keys(struct explanation *e, struct explain_search *s)
{
    const struct account_key **keys =
        malloc(EXPLAIN_MAX_KEYS * sizeof(const struct account_key *));
    const struct account_key *maker;
    size_t n;

    if (!keys)
        return false;
    n = accounts_list_keys(s->accounts, keys, EXPLAIN_MAX_KEYS);
    maker = find_maker(keys, n, &e->signature);
    if (maker && e->code == ERR_SIGNATURE_WRONG)
        name_mistake(e, MISTAKE_OTHER_KEY, hint_of_maker(s->arena, maker));
    else if (maker)
        name_mistake(e, MISTAKE_SEE_REASON,
                     hint_of_k(s->arena, &e->signature, maker));
    for (size_t i = 0; i < n; i++)
        account_key_put(keys[i]);
    free(keys);
    return maker != NULL;
}

/* the whole */

static bool is_plain(const struct explain_search *s)
{
    return !s->form->hint && !s->place->hint && !s->text->hint;
}

/* What the check says of a text that begins where the digest should end must
 * not be taken for a word about the text that was signed. */
static void qualify_why(struct explanation *e, struct arena *arena)
{
    const char *why;

    if (!e->signature.original || e->code == ERR_SIGNATURE_WRONG)
        return;
    why =
        arena_printf(arena, "with the first %d bytes taken for the digest, %s",
                     ACCOUNTS_MAC_LEN, e->why);
    if (why)
        e->why = why;
}

static bool lacks_only_k(const struct signature *sig)
{
    return is_well_split(sig) && !sig->k.ptr && !lacks(&sig->a) &&
           !lacks(&sig->e) && !lacks(&sig->t);
}

static void call_unknown(struct explanation *e, struct arena *arena)
{
    qualify_why(e, arena);
    name_mistake(e, MISTAKE_UNKNOWN,
                 "No known mistake makes the digest right. Is the text signed "
                 "and sent byte for byte, and is the key the right one?");
}

/* Nothing makes the digest right. */
static void explain_ill_signed(struct explanation *e, struct explain_search *s,
                               struct piece value)
{
    struct piece text = {e->signature.original, e->signature.original_len};
    const char *hint = hint_if_alone(s, value);
    bool has_no_k = text.ptr && !list_secret_id(text).ptr;

    if ((e->code == ERR_SIGNATURE_WRONG || has_no_k) && try_other_keys(e, s))
        return;
    if (hint) {
        qualify_why(e, s->arena);
        name_mistake(e, MISTAKE_DIGEST_ALONE, hint);
    } else if (e->code == ERR_SIGNATURE_WRONG ||
               (has_no_k && !lacks_only_k(&e->signature))) {
        call_unknown(e, s->arena);
    } else {
        name_mistake(e, MISTAKE_SEE_REASON, advice(e, s));
    }
}

/* Does a step say that the digest does not end after its 20 bytes? */
static bool is_digest_elsewhere(const struct explain_search *s)
{
    return s->form->hint || s->place->hint ||
           s->maker->mistake == MISTAKE_SHA256;
}

static void explain_refusal(struct explanation *e, struct explain_search *s,
                            struct piece value)
{
    if (value.len > SIGNATURE_MAX_LEN) {
        name_mistake(e, MISTAKE_SEE_REASON, advice(e, s));
        return;
    }
    if (!explain_search(s, value)) {
        explain_ill_signed(e, s, value);
        return;
    }
    if (is_plain(s) && !s->maker->hint) {
        explain_well_signed(e, s);
        return;
    }
    /* A digest made in another way is no reason to refuse a or k. */
    if (is_plain(s) && e->code != ERR_SIGNATURE_MALFORMED &&
        e->code != ERR_SIGNATURE_WRONG) {
        name_mistake(e, MISTAKE_SEE_REASON, advice(e, s));
        return;
    }
    if (is_digest_elsewhere(s))
        qualify_why(e, s->arena);
    name_steps(e, s);
    show_list(e, s);
}

/* carets */

/* The first byte that no number has; the first of all when it is too large. */
static const char *wrong_digit(const struct signature_field *field)
{
    uint64_t value;

    if (text_parse_u64(field->ptr, field->len, INT64_MAX, &value) == 0)
        return NULL;
    for (size_t i = 0; i < field->len; i++) {
        if (field->ptr[i] < '0' || field->ptr[i] > '9')
            return field->ptr + i;
    }
    return field->ptr;
}

static const char *wrong_byte_of_list(const struct signature *sig)
{
    const struct signature_field *fields[] = {&sig->a, &sig->k, &sig->e,
                                              &sig->t};
    struct piece list = {sig->original, sig->original_len};
    const char *at = memchr(list.ptr, '\0', list.len);

    if (!at)
        at = find_repeated(list);
    for (size_t i = 0; i < N_ROWS(fields) && !at; i++) {
        if (!fields[i]->ptr)
            return NULL; /* what is not there cannot be pointed at */
        if (fields[i]->len == 0)
            at = fields[i]->ptr;
    }
    if (!at)
        at = wrong_digit(&sig->e);
    if (!at)
        at = wrong_digit(&sig->t);
    /* Two good numbers are too far apart. */
    return at ? at : sig->e.ptr;
}

static const char *wrong_byte(const struct explanation *e)
{
    switch (e->code) {
    case ERR_SIGNATURE_MALFORMED:
        return wrong_byte_of_list(&e->signature);
    case ERR_SIGNATURE_EXPIRED:
        return e->signature.e.ptr;
    case ERR_APPID_UNKNOWN:
        return e->signature.a.ptr;
    case ERR_SECRET_ID_UNKNOWN:
    case ERR_SECRET_ID_MISMATCH:
        return e->signature.k.ptr;
    case ERR_BUCKET_UNKNOWN:
        return e->signature.b.ptr;
    default:
        return NULL; /* which byte of a digest is wrong is not for showing */
    }
}

static void place_caret(struct explanation *e, struct arena *arena,
                        struct piece value)
{
    const char *at;
    size_t offset = 0;

    if (e->signature.original) {
        at = wrong_byte(e);
        if (!at)
            return;
        e->text = e->signature.original;
        e->caret = at - e->text;
        return;
    }
    if (value.len > SIGNATURE_MAX_LEN)
        return;
    switch (base64_check(value.ptr, value.len, &offset)) {
    case BASE64_ALPHABET:
    case BASE64_PADDING:
        e->text = piece_copy(arena, value.ptr, value.len).ptr;
        e->caret = e->text ? (long)offset : -1;
        break;
    case BASE64_OK:
    case BASE64_LENGTH:
        break;
    }
}

/* What to say of a good one. */
static void warn(struct explanation *e, const struct explain_search *s)
{
    const struct signature *sig = &e->signature;
    const char *bucket = "", *time = "";

    if (s->account->n_buckets > 0 && lacks(&sig->b))
        bucket = arena_printf(
            s->arena,
            "The account has buckets, so that every request without b is "
            "answered %d. %s",
            ERR_SIGNATURE_MISMATCH, bucket_advice(s->arena, s->account));
    if (has_milliseconds(sig))
        time = "A time of 13 digits looks like milliseconds; e and t are Unix "
               "seconds.";
    if (bucket && (*bucket || *time))
        e->hint = arena_printf(s->arena, "It is good, but: %s%s%s", bucket,
                               *bucket && *time ? " " : "", time);
    if (!e->hint)
        e->hint = "";
}

void explain(struct explanation *e, struct arena *arena,
             const struct accounts *accounts, const char *header, int64_t now)
{
    struct piece value = {header ? header : "", header ? strlen(header) : 0};
    struct explain_search s = {.arena = arena, .accounts = accounts};
    struct signature held;

    *e = (struct explanation){.caret = -1, .hint = ""};
    text_trim(&value.ptr, &value.len);
    e->code =
        signature_verify(&e->signature, arena, accounts, NULL, header, now);
    e->why = e->signature.why ? e->signature.why : "";
    /* What e has may be replaced by the fields of a mended list. */
    held = e->signature;
    e->signature.account = NULL;
    e->signature.key = NULL;
    s.account = held.account;
    if (e->code == ERR_OK) {
        warn(e, &s);
    } else {
        place_caret(e, arena, value);
        if (e->code == ERR_INTERNAL || value.len == 0)
            name_mistake(e, MISTAKE_SEE_REASON, advice(e, &s));
        else
            explain_refusal(e, &s, value);
    }
    signature_release(&held);
}

const char *explain_mistake_name(enum explain_mistake mistake)
{
    static const char *const names[MISTAKE__COUNT] = {
        [MISTAKE_NONE] = "none",
        [MISTAKE_HEX_DIGEST] = "hex-digest",
        [MISTAKE_DIGEST_ALONE] = "digest-alone",
        [MISTAKE_DIGEST_LAST] = "digest-last",
        [MISTAKE_URL_SAFE] = "url-safe",
        [MISTAKE_TRAILING_NEWLINE] = "trailing-newline",
        [MISTAKE_SHA256] = "hmac-sha256",
        [MISTAKE_OTHER_KEY] = "other-key",
        [MISTAKE_SWAPPED] = "swapped",
        [MISTAKE_SECRET_ID_AS_KEY] = "secret-id-as-key",
        [MISTAKE_PLUS_AS_SPACE] = "plus-as-space",
        [MISTAKE_PERCENT_ENCODED] = "percent-encoded",
        [MISTAKE_BASE64_TWICE] = "base64-twice",
        [MISTAKE_MILLISECONDS] = "milliseconds",
        [MISTAKE_NOT_ENCODED] = "not-encoded",
        [MISTAKE_NO_PADDING] = "no-padding",
        [MISTAKE_INNER_BLANKS] = "inner-blanks",
        [MISTAKE_LEADING_WORD] = "leading-word",
        [MISTAKE_QUOTED] = "quoted",
        [MISTAKE_SEPARATOR] = "separator",
        [MISTAKE_KEY_BASE64] = "key-base64",
        [MISTAKE_PLAIN_HASH] = "plain-hash",
        [MISTAKE_SEE_REASON] = "see-reason",
        [MISTAKE_UNKNOWN] = "unknown",
    };

    return names[mistake];
}
