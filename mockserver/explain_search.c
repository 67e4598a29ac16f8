/*
 * Four tables, each with the right way for its first row; every combination of
 * their rows is tried. Most rows do not apply to most values, so that few
 * digests are computed.
 */
#include "explain_search.h"

#include <string.h>
#include "base64.h"
#include "signature.h"
#include "text.h"

#define N_ROWS(table) (sizeof(table) / sizeof((table)[0]))

static const struct piece nothing;

static bool has_byte(struct piece p, char c)
{
    return memchr(p.ptr, c, p.len) != NULL;
}

struct piece piece_copy(struct arena *arena, const char *ptr, size_t len)
{
    return (struct piece){arena_memdup0(arena, ptr, len), len};
}

static struct piece replaced(struct arena *arena, struct piece p, char from,
                             char to)
{
    struct piece out = piece_copy(arena, p.ptr, p.len);
    char *s = (char *)out.ptr;

    for (size_t i = 0; s && i < p.len; i++) {
        if (s[i] == from)
            s[i] = to;
    }
    return out;
}

struct piece piece_chomp(struct piece p)
{
    while (p.len > 0 && (p.ptr[p.len - 1] == '\n' || p.ptr[p.len - 1] == '\r'))
        p.len--;
    return p;
}

static struct piece percent_decoded(struct arena *arena, struct piece p)
{
    char *out;
    size_t len;

    if (!has_byte(p, '%'))
        return nothing;
    out = arena_alloc(arena, p.len + 1);
    if (!out)
        return nothing;
    len = text_percent_decode(p.ptr, p.len, out);
    if (len == (size_t)-1)
        return nothing;
    return (struct piece){out, len};
}

struct piece piece_decode(struct arena *arena, struct piece value)
{
    unsigned char *bytes;

    if (value.len == 0 || value.len > SIGNATURE_MAX_LEN ||
        base64_check(value.ptr, value.len, NULL) != BASE64_OK)
        return nothing;
    bytes = arena_alloc(arena, value.len / 4 * 3 + 1);
    if (!bytes)
        return nothing;
    return (struct piece){(char *)bytes,
                          base64_decode(value.ptr, value.len, bytes)};
}

/* forms of the value, each mended to what should be strict Base64 */

static struct piece mend_newline(struct arena *arena, struct piece value)
{
    struct piece mended = piece_chomp(value);

    (void)arena;
    return mended.len < value.len ? mended : nothing;
}

static struct piece mend_blanks(struct arena *arena, struct piece value)
{
    char *out = arena_alloc(arena, value.len + 1);
    size_t n = 0;

    for (size_t i = 0; out && i < value.len; i++) {
        if (!memchr("\r\n\t ", value.ptr[i], 4))
            out[n++] = value.ptr[i];
    }
    return n < value.len ? (struct piece){out, n} : nothing;
}

static struct piece mend_padding(struct arena *arena, struct piece value)
{
    struct piece out;

    if (value.len % 4 == 0 || has_byte(value, '='))
        return nothing;
    out.ptr = arena_printf(arena, "%.*s%.*s", (int)value.len, value.ptr,
                           (int)(4 - value.len % 4), "===");
    out.len = value.len + 4 - value.len % 4;
    return out;
}

/* Its padding is left out more often than not. */
static struct piece mend_url_safe(struct arena *arena, struct piece value)
{
    struct piece standard, padded;

    if (!has_byte(value, '-') && !has_byte(value, '_'))
        return nothing;
    standard = replaced(arena, value, '-', '+');
    if (standard.ptr)
        standard = replaced(arena, standard, '_', '/');
    if (!standard.ptr)
        return nothing;
    padded = mend_padding(arena, standard);
    return padded.ptr ? padded : standard;
}

static struct piece mend_plus(struct arena *arena, struct piece value)
{
    return has_byte(value, ' ') ? replaced(arena, value, ' ', '+') : nothing;
}

/* A space at an end was taken for white space around the value. */
static struct piece mend_first_plus(struct arena *arena, struct piece value)
{
    struct piece mended = replaced(arena, value, ' ', '+');

    if (!mended.ptr || value.len % 4 != 3)
        return nothing;
    return (struct piece){
        arena_printf(arena, "+%.*s", (int)mended.len, mended.ptr),
        mended.len + 1};
}

static struct piece mend_last_plus(struct arena *arena, struct piece value)
{
    struct piece mended = replaced(arena, value, ' ', '+');

    if (!mended.ptr || value.len % 4 != 3)
        return nothing;
    return (struct piece){
        arena_printf(arena, "%.*s+", (int)mended.len, mended.ptr),
        mended.len + 1};
}

static struct piece mend_percent_twice(struct arena *arena, struct piece value)
{
    struct piece once = percent_decoded(arena, value);

    return once.ptr ? percent_decoded(arena, once) : nothing;
}

/* Whoever encodes twice with a tool has its line breaks in between. */
static struct piece mend_twice(struct arena *arena, struct piece value)
{
    struct piece inner = piece_decode(arena, value);
    struct piece joined;

    if (!inner.ptr)
        return nothing;
    joined = mend_blanks(arena, inner);
    return joined.ptr ? joined : inner;
}

static struct piece mend_word(struct arena *arena, struct piece value)
{
    const char *blank = memchr(value.ptr, ' ', value.len);

    (void)arena;
    if (!blank)
        return nothing;
    value.len -= (size_t)(blank + 1 - value.ptr);
    value.ptr = blank + 1;
    text_trim(&value.ptr, &value.len);
    return value;
}

static struct piece mend_quotes(struct arena *arena, struct piece value)
{
    (void)arena;
    if (value.len < 2 || value.ptr[0] != '"' || value.ptr[value.len - 1] != '"')
        return nothing;
    return (struct piece){value.ptr + 1, value.len - 2};
}

/* What was sent as it is gets the encoding that it lacks. */
static struct piece mend_plain(struct arena *arena, struct piece value)
{
    char *out;

    if (!has_byte(value, '&'))
        return nothing;
    out = arena_alloc(arena, BASE64_ENCODED_LEN(value.len) + 1);
    if (!out)
        return nothing;
    base64_encode(value.ptr, value.len, out);
    return (struct piece){out, BASE64_ENCODED_LEN(value.len)};
}

static const struct form {
    struct step step;
    struct piece (*mend)(struct arena *arena, struct piece value);
} forms[] = {
    {{MISTAKE_NONE, NULL}, NULL},
    {{MISTAKE_TRAILING_NEWLINE,
      "A newline follows the Base64: cut it off before sending."},
     mend_newline},
    {{MISTAKE_INNER_BLANKS,
      "There are line breaks or blanks in the Base64: encode without line "
      "breaks (base64 -w 0, openssl base64 -A)."},
     mend_blanks},
    {{MISTAKE_URL_SAFE,
      "The Base64 has the URL-safe alphabet: use the standard "
      "one, with + and /, and pad it with =."},
     mend_url_safe},
    {{MISTAKE_NO_PADDING,
      "The Base64 lacks its padding: add the = at its end."},
     mend_padding},
    {{MISTAKE_PLUS_AS_SPACE,
      "Each + of the Base64 became a space, as a decoder "
      "of forms or URLs does: send it as it was made."},
     mend_plus},
    {{MISTAKE_PLUS_AS_SPACE, "The + before the Base64's first byte became a "
                             "space, as a decoder of forms or URLs does: send "
                             "it as it was made."},
     mend_first_plus},
    {{MISTAKE_PLUS_AS_SPACE, "The + at the Base64's end became a space, as a "
                             "decoder of forms or URLs does: send it as it was "
                             "made."},
     mend_last_plus},
    {{MISTAKE_PERCENT_ENCODED, "The value is percent-encoded: a header field "
                               "takes the Base64 as it is."},
     percent_decoded},
    {{MISTAKE_PERCENT_ENCODED, "The value is percent-encoded twice: a header "
                               "field takes the Base64 as it is."},
     mend_percent_twice},
    {{MISTAKE_BASE64_TWICE, "The value is Base64 of Base64: encode once."},
     mend_twice},
    {{MISTAKE_LEADING_WORD,
      "A word stands before the value: send the Base64 alone."},
     mend_word},
    {{MISTAKE_QUOTED, "The value is quoted: send the Base64 alone."},
     mend_quotes},
    {{MISTAKE_NOT_ENCODED, "The text is sent as it is: the Base64 goes over "
                           "the digest and the text together."},
     mend_plain},
};

/* places of the digest in the bytes */

enum digest_coding { CODING_RAW, CODING_HEX, CODING_BASE64 };

static const struct place {
    struct step step;
    bool at_end;
    enum digest_coding coding;
} places[] = {
    {{MISTAKE_NONE, NULL}, false, CODING_RAW},
    {{MISTAKE_HEX_DIGEST, "The digest is written in hex: put its 20 raw bytes "
                          "before the text, then encode both."},
     false,
     CODING_HEX},
    {{MISTAKE_BASE64_TWICE, "The digest is Base64 before all is encoded: put "
                            "its 20 raw bytes before the text, then encode "
                            "both."},
     false,
     CODING_BASE64},
    {{MISTAKE_DIGEST_LAST,
      "The digest follows the text: put it before the text."},
     true,
     CODING_RAW},
    {{MISTAKE_DIGEST_LAST,
      "The digest follows the text, in hex: put its 20 raw "
      "bytes before the text."},
     true,
     CODING_HEX},
    {{MISTAKE_DIGEST_LAST, "The digest follows the text, in Base64: put its 20 "
                           "raw bytes before the text."},
     true,
     CODING_BASE64},
};

static int hex_value(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c = text_lower(c);
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

bool piece_is_hex(struct piece p)
{
    for (size_t i = 0; i < p.len; i++) {
        if (hex_value(p.ptr[i]) < 0)
            return false;
    }
    return true;
}

static size_t coded_len(enum digest_coding coding, size_t len)
{
    switch (coding) {
    case CODING_HEX:
        return len * 2;
    case CODING_BASE64:
        return BASE64_ENCODED_LEN(len);
    case CODING_RAW:
        break;
    }
    return len;
}

static bool decode_digest(enum digest_coding coding, struct piece coded,
                          unsigned char *mac, size_t len)
{
    unsigned char bytes[BASE64_ENCODED_LEN(EXPLAIN_SHA256_LEN) / 4 * 3];

    switch (coding) {
    case CODING_RAW:
        memcpy(mac, coded.ptr, len);
        return true;
    case CODING_HEX:
        if (!piece_is_hex(coded))
            return false;
        for (size_t i = 0; i < len; i++)
            mac[i] = (unsigned char)(hex_value(coded.ptr[2 * i]) * 16 +
                                     hex_value(coded.ptr[2 * i + 1]));
        return true;
    case CODING_BASE64:
        if (base64_check(coded.ptr, coded.len, NULL) != BASE64_OK ||
            base64_decode(coded.ptr, coded.len, bytes) != len)
            return false;
        memcpy(mac, bytes, len);
        return true;
    }
    return false;
}

/* texts that may have been signed */

static struct piece make_lf(struct arena *arena, struct piece text)
{
    struct piece out = piece_copy(arena, text.ptr, text.len);

    if (out.ptr)
        ((char *)out.ptr)[out.len++] = '\n'; /* where its NUL was */
    return out;
}

static struct piece make_crlf(struct arena *arena, struct piece text)
{
    char *out = arena_alloc(arena, text.len + 2);

    if (!out)
        return nothing;
    memcpy(out, text.ptr, text.len);
    memcpy(out + text.len, "\r\n", 2);
    return (struct piece){out, text.len + 2};
}

static struct piece cut_separator(struct arena *arena, struct piece text)
{
    (void)arena;
    if (text.len < 2 || !memchr("&:;,| \n", text.ptr[0], 7))
        return nothing;
    return (struct piece){text.ptr + 1, text.len - 1};
}

static const struct text_row {
    struct step step;
    struct piece (*make)(struct arena *arena, struct piece text);
    bool is_signed; /* what was made is what was signed, not what was sent */
    bool is_list;   /* what was made is the key=value list, not what was sent */
} texts[] = {
    {{MISTAKE_NONE, NULL}, NULL, false, false},
    {{MISTAKE_TRAILING_NEWLINE,
      "The text was signed with a newline at its end, "
      "which was not sent: sign what is sent."},
     make_lf,
     true,
     false},
    {{MISTAKE_TRAILING_NEWLINE, "The text was signed with a CR LF at its end, "
                                "which was not sent: sign what is sent."},
     make_crlf,
     true,
     false},
    {{MISTAKE_TRAILING_NEWLINE, "The text is sent with a newline at its end "
                                "that was not signed: send what is signed."},
     mend_newline,
     true,
     true},
    {{MISTAKE_PERCENT_ENCODED, "The text is percent-encoded after it was "
                               "signed: send what is signed."},
     percent_decoded,
     true,
     true},
    {{MISTAKE_PERCENT_ENCODED,
      "The text is percent-encoded as a whole, & and = "
      "included: sign and send it as it is."},
     percent_decoded,
     false,
     true},
    {{MISTAKE_SEPARATOR, "The text begins with a separator that was not "
                         "signed: put it right behind the digest."},
     cut_separator,
     true,
     true},
    {{MISTAKE_PLUS_AS_SPACE, "A + of the signed text became a space before it "
                             "was sent: send what is signed."},
     mend_plus,
     true,
     true},
};

/* ways to make the digest */

static const struct maker {
    struct step step;
    enum account_mac_variant variant;
    size_t len;
} makers[] = {
    {{MISTAKE_NONE, NULL}, MAC_SHA1, ACCOUNTS_MAC_LEN},
    {{MISTAKE_SHA256,
      "The digest is HMAC-SHA256: the service takes HMAC-SHA1."},
     MAC_SHA256,
     EXPLAIN_SHA256_LEN},
    {{MISTAKE_SWAPPED, "The digest was made with the text for a key and the "
                       "secret key for a text: swap them."},
     MAC_SWAPPED,
     ACCOUNTS_MAC_LEN},
    {{MISTAKE_SECRET_ID_AS_KEY, "The digest was made with the SecretId for a "
                                "key: use the SecretKey."},
     MAC_SECRET_ID_AS_KEY,
     ACCOUNTS_MAC_LEN},
    {{MISTAKE_TRAILING_NEWLINE,
      "The digest was made with a newline after the "
      "secret key: cut it off where the key is read."},
     MAC_KEY_LF,
     ACCOUNTS_MAC_LEN},
    {{MISTAKE_TRAILING_NEWLINE,
      "The digest was made with a CR LF after the "
      "secret key: cut it off where the key is read."},
     MAC_KEY_CRLF,
     ACCOUNTS_MAC_LEN},
    {{MISTAKE_KEY_BASE64, "The digest was made with the secret key in Base64: "
                          "use its bytes as they are written."},
     MAC_KEY_BASE64,
     ACCOUNTS_MAC_LEN},
    {{MISTAKE_PLAIN_HASH, "The digest is a plain SHA1 of the secret key and "
                          "the text: make an HMAC-SHA1."},
     MAC_HASH_KEY_TEXT,
     ACCOUNTS_MAC_LEN},
    {{MISTAKE_PLAIN_HASH, "The digest is a plain SHA1 of the text and the "
                          "secret key: make an HMAC-SHA1."},
     MAC_HASH_TEXT_KEY,
     ACCOUNTS_MAC_LEN},
};

/* trying all of them */

struct piece list_secret_id(struct piece list)
{
    const char *s = list.ptr;
    const char *end = s + list.len;

    while (s < end) {
        const char *next = memchr(s, '&', (size_t)(end - s));

        if (!next)
            next = end;
        if (next - s > 2 && s[0] == 'k' && s[1] == '=')
            return piece_chomp((struct piece){s + 2, (size_t)(next - s - 2)});
        s = next + (next < end);
    }
    return nothing;
}

static bool try_makers(struct explain_search *s, const unsigned char *mac,
                       size_t len, struct piece signed_text)
{
    struct piece id = list_secret_id(s->list);
    const struct account_key *key =
        id.ptr ? accounts_find_key(s->accounts, id.ptr, id.len) : NULL;
    bool right = false;

    for (size_t i = 0; key && i < N_ROWS(makers) && !right; i++) {
        s->maker = &makers[i].step;
        right = makers[i].len == len &&
                account_key_made(key, makers[i].variant, signed_text.ptr,
                                 signed_text.len, mac, len);
    }
    account_key_put(key);
    return right;
}

static bool try_texts(struct explain_search *s, const unsigned char *mac,
                      size_t len, struct piece sent)
{
    for (size_t i = 0; i < N_ROWS(texts); i++) {
        const struct text_row *row = &texts[i];
        struct piece made = row->make ? row->make(s->arena, sent) : sent;

        s->text = &row->step;
        s->list = row->is_list ? made : sent;
        if (made.ptr && try_makers(s, mac, len, row->is_signed ? made : sent))
            return true;
    }
    return false;
}

static bool try_place(struct explain_search *s, const struct place *place,
                      size_t len, struct piece bytes)
{
    size_t n = coded_len(place->coding, len);
    unsigned char mac[EXPLAIN_SHA256_LEN];
    struct piece coded, text;

    if (bytes.len <= n)
        return false;
    coded = (struct piece){bytes.ptr + (place->at_end ? bytes.len - n : 0), n};
    text = (struct piece){bytes.ptr + (place->at_end ? 0 : n), bytes.len - n};
    s->place = &place->step;
    return decode_digest(place->coding, coded, mac, len) &&
           try_texts(s, mac, len, text);
}

static bool try_places(struct explain_search *s, struct piece bytes)
{
    for (size_t i = 0; i < N_ROWS(places); i++) {
        if (try_place(s, &places[i], ACCOUNTS_MAC_LEN, bytes) ||
            try_place(s, &places[i], EXPLAIN_SHA256_LEN, bytes))
            return true;
    }
    return false;
}

bool explain_search(struct explain_search *s, struct piece value)
{
    for (size_t i = 0; i < N_ROWS(forms); i++) {
        struct piece mended =
            forms[i].mend ? forms[i].mend(s->arena, value) : value;
        struct piece bytes =
            mended.ptr ? piece_decode(s->arena, mended) : nothing;

        s->form = &forms[i].step;
        if (bytes.ptr && try_places(s, bytes))
            return true;
    }
    return false;
}
