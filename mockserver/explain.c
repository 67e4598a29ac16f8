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

enum { QUOTE_CAP = 44 }; /* 40 bytes of a value, "..." and the NUL */

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
        /* What has a name of its own goes before what the check says. */
        if (mistake == MISTAKE_NONE || mistake == MISTAKE_SEE_REASON)
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

static const char *advice(enum error_code code)
{
    switch (code) {
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
        return "Sign with a bucket of the account, or without b.";
    case ERR_BAD_REQUEST:
        return "The signature is right; the account is in arrears.";
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
static void explain_well_signed(struct explanation *e, struct arena *arena)
{
    if (e->code == ERR_SIGNATURE_MALFORMED && are_milliseconds(&e->signature))
        name_mistake(e, MISTAKE_MILLISECONDS,
                     "e and t are Unix seconds, 10 digits: divide the "
                     "milliseconds by 1000.");
    else if (newline_is_to_blame(e, arena))
        name_mistake(e, MISTAKE_TRAILING_NEWLINE,
                     "The signed text ends in a newline: cut it off before "
                     "signing.");
    else
        name_mistake(e, MISTAKE_SEE_REASON, advice(e->code));
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
    if (maker)
        name_mistake(e, MISTAKE_OTHER_KEY, hint_of_maker(s->arena, maker));
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

/* Nothing makes the digest right. */
static void explain_ill_signed(struct explanation *e, struct explain_search *s,
                               struct piece value)
{
    struct piece text = {e->signature.original, e->signature.original_len};
    const char *hint = hint_if_alone(s, value);

    if (e->code == ERR_SIGNATURE_WRONG && try_other_keys(e, s))
        return;
    if (hint)
        name_mistake(e, MISTAKE_DIGEST_ALONE, hint);
    else if (e->code == ERR_SIGNATURE_WRONG ||
             (text.ptr && !list_secret_id(text).ptr))
        name_mistake(e, MISTAKE_UNKNOWN,
                     "No known mistake makes the digest right. Is the text "
                     "signed and sent byte for byte, and is the key the right "
                     "one?");
    else
        name_mistake(e, MISTAKE_SEE_REASON, advice(e->code));
}

static void explain_refusal(struct explanation *e, struct explain_search *s,
                            struct piece value)
{
    if (value.len > SIGNATURE_MAX_LEN) {
        name_mistake(e, MISTAKE_SEE_REASON, advice(e->code));
        return;
    }
    if (!explain_search(s, value)) {
        explain_ill_signed(e, s, value);
        return;
    }
    if (is_plain(s) && !s->maker->hint) {
        explain_well_signed(e, s->arena);
        return;
    }
    /* A digest made in another way is no reason to refuse a or k. */
    if (is_plain(s) && e->code != ERR_SIGNATURE_MALFORMED &&
        e->code != ERR_SIGNATURE_WRONG) {
        name_mistake(e, MISTAKE_SEE_REASON, advice(e->code));
        return;
    }
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

void explain(struct explanation *e, struct arena *arena,
             const struct accounts *accounts, const char *header, int64_t now)
{
    struct piece value = {header ? header : "", header ? strlen(header) : 0};
    struct explain_search s = {.arena = arena, .accounts = accounts};

    *e = (struct explanation){.caret = -1, .hint = ""};
    text_trim(&value.ptr, &value.len);
    e->code =
        signature_verify(&e->signature, arena, accounts, NULL, header, now);
    e->why = e->signature.why ? e->signature.why : "";
    signature_release(&e->signature);
    if (e->code == ERR_OK) {
        if (has_milliseconds(&e->signature))
            e->hint = "It is good, but a time of 13 digits looks like "
                      "milliseconds; e and t are Unix seconds.";
        return;
    }
    place_caret(e, arena, value);
    if (e->code == ERR_INTERNAL || value.len == 0)
        name_mistake(e, MISTAKE_SEE_REASON, advice(e->code));
    else
        explain_refusal(e, &s, value);
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
        [MISTAKE_SEE_REASON] = "see-reason",
        [MISTAKE_UNKNOWN] = "unknown",
    };

    return names[mistake];
}
