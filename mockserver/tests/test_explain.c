/*
 * Each mistake is made here with OpenSSL's own HMAC() and EncodeBlock, as a
 * client would make it, and must be called by its name.
 */
#include "explain.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <criterion/criterion.h>
#include <cjson/cJSON.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

#define SECRET "demo-key-of-1000001"
#define A "a=1000001"
#define K "&k=AKIDdemo1000001"
#define T "&t=1500000000"
#define E "&e=1500000100"
#define TEXT A "&b=test" K E T "&r=7"

enum { NOW = 1500000050, MAX_BYTES = 20000, SHA1_LEN = 20, SHA256_LEN = 32 };

struct bytes {
    unsigned char ptr[MAX_BYTES];
    size_t len;
};

/* Each test is a process of its own; these live as long as it does. */
static struct accounts *accounts;
static struct arena arena;
static struct explanation e;

static void setup(void)
{
    accounts = accounts_demo();
    arena_init(&arena);
}

static void teardown(void)
{
    arena_release(&arena);
    accounts_free(accounts);
}

TestSuite(explain, .init = setup, .fini = teardown, .timeout = 10);

/* a client's parts */

static void add(struct bytes *b, const void *data, size_t len)
{
    cr_assert(b->len + len <= MAX_BYTES);
    memcpy(b->ptr + b->len, data, len);
    b->len += len;
}

static void add_text(struct bytes *b, const char *text)
{
    add(b, text, strlen(text));
}

static void add_hmac(struct bytes *b, const EVP_MD *md, const char *key,
                     const char *text)
{
    unsigned char mac[EVP_MAX_MD_SIZE];
    unsigned n = 0;

    HMAC(md, key, (int)strlen(key), (const unsigned char *)text, strlen(text),
         mac, &n);
    add(b, mac, n);
}

static void add_sha1(struct bytes *b, const char *text)
{
    add_hmac(b, EVP_sha1(), SECRET, text);
}

static void add_hex(struct bytes *b, const struct bytes *mac)
{
    char digits[3];

    for (size_t i = 0; i < mac->len; i++) {
        snprintf(digits, sizeof(digits), "%02x", mac->ptr[i]);
        add_text(b, digits);
    }
}

static char *encode(const struct bytes *b)
{
    char *value = arena_alloc(&arena, b->len * 2 + 8);

    cr_assert(value != NULL);
    EVP_EncodeBlock((unsigned char *)value, b->ptr, (int)b->len);
    return value;
}

/* As the contract says, but for the key and the text that is signed. */
static char *sign_as(const char *key, const char *signed_text,
                     const char *sent_text)
{
    struct bytes b = {.len = 0};

    add_hmac(&b, EVP_sha1(), key, signed_text);
    add_text(&b, sent_text);
    return encode(&b);
}

static char *sign(const char *text)
{
    return sign_as(SECRET, text, text);
}

static char *replace(const char *value, char from, char to)
{
    char *out = arena_memdup0(&arena, value, strlen(value));

    for (char *p = out; *p; p++) {
        if (*p == from)
            *p = to;
    }
    return out;
}

static char *join(const char *a, const char *b, const char *c)
{
    return arena_printf(&arena, "%s%s%s", a, b, c);
}

/* A good signature for which `is_wanted` holds. */
static char *sign_until(bool (*is_wanted)(const char *value))
{
    for (int r = 0; r < 100000; r++) {
        char *value = sign(arena_printf(&arena, A K E T "&r=%d", r));

        if (is_wanted(value))
            return value;
    }
    cr_assert(false, "no such signature");
    return NULL;
}

static bool has_plus(const char *value)
{
    return strchr(value + 1, '+') != NULL;
}

static bool has_plus_and_slash(const char *value)
{
    return has_plus(value) && strchr(value, '/');
}

static bool has_plus_and_padding(const char *value)
{
    return has_plus(value) && value[strlen(value) - 1] == '=';
}

static bool begins_with_plus(const char *value)
{
    return value[0] == '+';
}

static char *percent_encode(const char *value, const char *which)
{
    struct bytes b = {.len = 0};

    for (; *value; value++) {
        char code[4];

        snprintf(code, sizeof(code), strchr(which, *value) ? "%%%02X" : "%c",
                 *value);
        add_text(&b, code);
    }
    return arena_memdup0(&arena, b.ptr, b.len);
}

/* expecting */

/* Whatever it says, no secret and no right signature may be in it. */
static void expect_silence(const struct strbuf *out, const char *header)
{
    static const char *const secrets[] = {
        "demo-key-of-1000001", "demo-key-of-1000002", "second-demo-key"};

    for (size_t i = 0; i < sizeof(secrets) / sizeof(*secrets); i++)
        cr_expect(strstr(out->buf, secrets[i]) == NULL, "%s: %s", header,
                  out->buf);
}

static void check_output(const char *header)
{
    struct strbuf out;
    cJSON *json;

    strbuf_init(&out, 1 << 20);
    cr_expect_eq(explain_render_text(&e, &out), 0);
    expect_silence(&out, header);
    strbuf_reset(&out);
    cr_expect_eq(explain_render_json(&e, &out), 0);
    expect_silence(&out, header);
    json = cJSON_Parse(out.buf);
    cr_expect(json != NULL, "no JSON: %s", out.buf);
    cJSON_Delete(json);
    strbuf_release(&out);
}

static void run(const char *header)
{
    explain(&e, &arena, accounts, header, NOW);
    cr_expect(e.why != NULL);
    cr_expect(e.hint != NULL);
    cr_expect_eq(e.code == ERR_OK, e.why[0] == '\0', "%s: \"%s\"", header,
                 e.why);
    cr_expect(e.signature.account == NULL);
    cr_expect(e.signature.key == NULL);
    check_output(header ? header : "(none)");
}

static void expect_mistake(const char *header, enum error_code code,
                           enum explain_mistake mistake)
{
    run(header);
    cr_expect_eq(e.code, code, "%s: code %d (%s), expected %d", header,
                 (int)e.code, e.why, (int)code);
    cr_expect_eq(e.mistake, mistake, "%s: %s (%s), expected %s", header,
                 explain_mistake_name(e.mistake), e.hint,
                 explain_mistake_name(mistake));
}

static void expect_malformed(const char *header, enum explain_mistake mistake)
{
    expect_mistake(header, ERR_SIGNATURE_MALFORMED, mistake);
}

static void expect_wrong(const char *header, enum explain_mistake mistake)
{
    expect_mistake(header, ERR_SIGNATURE_WRONG, mistake);
}

static void expect_hint(const char *words)
{
    cr_expect(strstr(e.hint, words) != NULL, "\"%s\" is not in: %s", words,
              e.hint);
}

static void expect_original(const char *expected)
{
    cr_assert(e.signature.original != NULL);
    cr_expect_str_eq(e.signature.original, expected);
}

/* good ones */

Test(explain, a_good_signature_has_no_mistake)
{
    expect_mistake(sign(TEXT), ERR_OK, MISTAKE_NONE);
    cr_expect_str_eq(e.hint, "");
    cr_expect(e.text == NULL);
    cr_expect_eq(e.caret, -1);
    expect_original(TEXT);
    cr_expect_eq(e.signature.b.len, 4);
}

Test(explain, a_single_use_signature_is_not_used_up)
{
    char *value = sign(A K T "&e=0");

    expect_mistake(value, ERR_OK, MISTAKE_NONE);
    expect_mistake(value, ERR_OK, MISTAKE_NONE);
}

Test(explain, milliseconds_that_pass_are_hinted_at)
{
    expect_mistake(sign(A K "&t=1500000000000&e=1500000100000"), ERR_OK,
                   MISTAKE_NONE);
    expect_hint("milliseconds");
}

/* hex digest instead of raw bytes */

Test(explain, a_digest_in_hex_is_named)
{
    for (int upper = 0; upper < 2; upper++) {
        struct bytes mac = {.len = 0}, b = {.len = 0};

        add_sha1(&mac, TEXT);
        add_hex(&b, &mac);
        for (size_t i = 0; upper && i < b.len; i++)
            b.ptr[i] = (unsigned char)toupper(b.ptr[i]);
        add_text(&b, TEXT);
        expect_malformed(encode(&b), MISTAKE_HEX_DIGEST);
        expect_original(TEXT);
        cr_expect(e.signature.mac == NULL);
    }
}

Test(explain, a_digest_in_hex_that_is_wrong_is_not_named)
{
    struct bytes mac = {.len = 0}, b = {.len = 0};

    add_sha1(&mac, "another text");
    add_hex(&b, &mac);
    add_text(&b, TEXT);
    run(encode(&b));
    cr_expect_neq(e.mistake, MISTAKE_HEX_DIGEST);
}

/* Base64 of the digest alone */

Test(explain, a_digest_alone_is_named)
{
    struct bytes b = {.len = 0};

    add_sha1(&b, TEXT);
    expect_malformed(encode(&b), MISTAKE_DIGEST_ALONE);
}

Test(explain, a_digest_alone_is_named_in_hex_and_of_sha256_too)
{
    struct bytes mac = {.len = 0}, longer = {.len = 0}, hex = {.len = 0};

    add_sha1(&mac, TEXT);
    add_hex(&hex, &mac);
    expect_malformed(encode(&hex), MISTAKE_DIGEST_ALONE);
    expect_malformed(arena_memdup0(&arena, hex.ptr, hex.len),
                     MISTAKE_DIGEST_ALONE);
    expect_hint("in hex");
    add_hmac(&longer, EVP_sha256(), SECRET, TEXT);
    expect_malformed(encode(&longer), MISTAKE_DIGEST_ALONE);
    expect_hint("SHA256");
}

Test(explain, twenty_letters_are_no_digest)
{
    struct bytes b = {.len = 0};

    add_text(&b, "a=1000001&b=test&k=1");
    cr_assert_eq(b.len, SHA1_LEN);
    expect_malformed(encode(&b), MISTAKE_SEE_REASON);
}

/* digest after the text */

Test(explain, a_digest_after_the_text_is_named)
{
    struct bytes b = {.len = 0};

    add_text(&b, TEXT);
    add_sha1(&b, TEXT);
    expect_malformed(encode(&b), MISTAKE_DIGEST_LAST);
    expect_original(TEXT);
}

Test(explain, a_digest_in_hex_after_the_text_is_named)
{
    struct bytes mac = {.len = 0}, b = {.len = 0};

    add_text(&b, TEXT);
    add_sha1(&mac, TEXT);
    add_hex(&b, &mac);
    expect_malformed(encode(&b), MISTAKE_DIGEST_LAST);
    expect_hint("hex");
}

/* Cut 20 bytes later the text still has all that is needed. */
Test(explain, a_digest_after_the_text_is_named_whatever_the_code)
{
    static const char text[] = "b=test&r=12345678901234&" A E T "&k=AKIDdemo"
                               "1000001";
    struct bytes b = {.len = 0};

    add_text(&b, text);
    add_sha1(&b, text);
    expect_mistake(encode(&b), ERR_SECRET_ID_UNKNOWN, MISTAKE_DIGEST_LAST);
}

/* URL-safe alphabet */

Test(explain, the_url_safe_alphabet_is_named)
{
    char *value = sign_until(has_plus_and_slash);

    expect_malformed(replace(value, '+', '-'), MISTAKE_URL_SAFE);
    expect_malformed(replace(value, '/', '_'), MISTAKE_URL_SAFE);
    expect_malformed(replace(replace(value, '+', '-'), '/', '_'),
                     MISTAKE_URL_SAFE);
    cr_expect_eq(e.signature.a.len, 7);
}

Test(explain, the_url_safe_alphabet_is_named_without_padding)
{
    char *value = replace(sign_until(has_plus_and_padding), '+', '-');

    value = replace(value, '/', '_');
    value[strcspn(value, "=")] = '\0';
    expect_malformed(value, MISTAKE_URL_SAFE);
}

Test(explain, the_url_safe_alphabet_alone_is_no_proof)
{
    char *value = sign_as("wrong", TEXT, TEXT);

    value[2] = '-';
    expect_malformed(value, MISTAKE_SEE_REASON);
}

Test(explain, padding_that_lacks_is_said)
{
    char *value = sign_until(has_plus_and_padding);

    value[strcspn(value, "=")] = '\0';
    expect_malformed(value, MISTAKE_NO_PADDING);
    expect_hint("padding");
}

/* a trailing newline */

Test(explain, a_newline_after_the_value_is_named)
{
    expect_malformed(join(sign(TEXT), "\n", ""), MISTAKE_TRAILING_NEWLINE);
    expect_malformed(join(sign(TEXT), "\r\n", ""), MISTAKE_TRAILING_NEWLINE);
    expect_malformed(join(sign(TEXT), "\n\n", " "), MISTAKE_TRAILING_NEWLINE);
    expect_original(TEXT);
}

Test(explain, a_newline_that_was_only_signed_is_named)
{
    expect_wrong(sign_as(SECRET, TEXT "\n", TEXT), MISTAKE_TRAILING_NEWLINE);
    expect_hint("not sent");
    expect_wrong(sign_as(SECRET, TEXT "\r\n", TEXT), MISTAKE_TRAILING_NEWLINE);
}

Test(explain, a_newline_that_was_only_sent_is_named)
{
    expect_wrong(sign_as(SECRET, TEXT, TEXT "\n"), MISTAKE_TRAILING_NEWLINE);
    expect_hint("not signed");
    expect_original(TEXT);
    /* In the last of the required fields it answers another code. */
    expect_malformed(sign_as(SECRET, A K E T, A K E T "\n"),
                     MISTAKE_TRAILING_NEWLINE);
    expect_mistake(sign_as(SECRET, A E T K, A E T K "\n"),
                   ERR_SECRET_ID_UNKNOWN, MISTAKE_TRAILING_NEWLINE);
}

Test(explain, a_newline_that_was_signed_and_sent_is_named)
{
    expect_malformed(sign(A K E T "\n"), MISTAKE_TRAILING_NEWLINE);
    expect_malformed(sign(A K T E "\r\n"), MISTAKE_TRAILING_NEWLINE);
    expect_mistake(sign(A E T K "\n"), ERR_SECRET_ID_UNKNOWN,
                   MISTAKE_TRAILING_NEWLINE);
    expect_mistake(sign("k=AKIDdemo1000001" E T "&" A "\n"), ERR_APPID_UNKNOWN,
                   MISTAKE_TRAILING_NEWLINE);
    expect_mistake(sign(A K E T "&b=test\n"), ERR_BUCKET_UNKNOWN,
                   MISTAKE_TRAILING_NEWLINE);
}

Test(explain, a_newline_where_it_does_no_harm_is_not_blamed)
{
    expect_mistake(sign(A K E T "&f=\n"), ERR_OK, MISTAKE_NONE);
    expect_malformed(sign(A K T "&e=x&f=\n"), MISTAKE_SEE_REASON);
    expect_mistake(sign("a=9" K E T "&f=\n"), ERR_APPID_UNKNOWN,
                   MISTAKE_SEE_REASON);
}

Test(explain, a_newline_after_the_key_is_named)
{
    expect_wrong(sign_as(SECRET "\n", TEXT, TEXT), MISTAKE_TRAILING_NEWLINE);
    expect_hint("secret key");
    expect_wrong(sign_as(SECRET "\r\n", TEXT, TEXT), MISTAKE_TRAILING_NEWLINE);
}

Test(explain, line_breaks_within_are_said)
{
    char *value = sign(TEXT);
    char *broken = arena_printf(&arena, "%.64s\n%s\n", value, value + 64);

    expect_malformed(broken, MISTAKE_INNER_BLANKS);
    expect_hint("line breaks");
}

Test(explain, blanks_within_are_said)
{
    char *value = sign(TEXT);

    expect_malformed(arena_printf(&arena, "%.64s %s", value, value + 64),
                     MISTAKE_INNER_BLANKS);
    expect_malformed(arena_printf(&arena, "%.8s\t%s", value, value + 8),
                     MISTAKE_INNER_BLANKS);
}

/* HMAC-SHA256 */

Test(explain, a_digest_by_sha256_is_named)
{
    struct bytes b = {.len = 0};

    add_hmac(&b, EVP_sha256(), SECRET, TEXT);
    add_text(&b, TEXT);
    expect_malformed(encode(&b), MISTAKE_SHA256);
    expect_original(TEXT);
}

/* another account's key */

Test(explain, another_accounts_key_is_named)
{
    expect_wrong(sign_as("demo-key-of-1000002", TEXT, TEXT), MISTAKE_OTHER_KEY);
    expect_hint("AKIDdemo1000002");
    expect_hint("\"1000002\"");
}

Test(explain, another_key_of_the_same_account_is_named)
{
    expect_wrong(sign_as("second-demo-key-of-1000001", TEXT, TEXT),
                 MISTAKE_OTHER_KEY);
    expect_hint("AKIDdemo1000001b");
}

Test(explain, keys_of_added_accounts_are_tried)
{
    static const char json[] =
        "{\"appid\":\"7\",\"keys\":[{\"secret_id\":\"id7\","
        "\"secret_key\":\"key7\"}]}";
    char *why = NULL;

    cr_assert_eq(accounts_add(accounts, json, strlen(json), &why), 0);
    expect_wrong(sign_as("key7", TEXT, TEXT), MISTAKE_OTHER_KEY);
    expect_hint("id7");
}

Test(explain, ten_thousand_keys_are_tried_and_no_more)
{
    struct strbuf json;
    char *why = NULL;
    char secret[16];

    accounts_free(accounts);
    strbuf_init(&json, 16 << 20);
    strbuf_addstr(&json, "{\"accounts\":[");
    for (int i = 0; i <= EXPLAIN_MAX_KEYS; i++)
        strbuf_addf(&json,
                    "%s{\"appid\":\"%d\",\"keys\":[{\"secret_id\":\"id%d\","
                    "\"secret_key\":\"key%d\"}]}",
                    i ? "," : "", i, i, i);
    strbuf_addstr(&json, "]}");
    accounts = accounts_parse(json.buf, json.len, "f", &why);
    strbuf_release(&json);
    cr_assert(accounts != NULL, "%s", why);
    snprintf(secret, sizeof(secret), "key%d", EXPLAIN_MAX_KEYS - 1);
    expect_wrong(sign_as(secret, "a=0&k=id0" E T, "a=0&k=id0" E T),
                 MISTAKE_OTHER_KEY);
    snprintf(secret, sizeof(secret), "key%d", EXPLAIN_MAX_KEYS);
    expect_wrong(sign_as(secret, "a=0&k=id0" E T, "a=0&k=id0" E T),
                 MISTAKE_UNKNOWN);
}

/* key and text swapped, SecretId used as the key */

Test(explain, key_and_text_swapped_are_named)
{
    struct bytes b = {.len = 0};

    add_hmac(&b, EVP_sha1(), TEXT, SECRET);
    add_text(&b, TEXT);
    expect_wrong(encode(&b), MISTAKE_SWAPPED);
}

Test(explain, the_secret_id_as_a_key_is_named)
{
    expect_wrong(sign_as("AKIDdemo1000001", TEXT, TEXT),
                 MISTAKE_SECRET_ID_AS_KEY);
}

/* + turned into space */

Test(explain, plus_turned_into_space_is_named)
{
    expect_malformed(replace(sign_until(has_plus), '+', ' '),
                     MISTAKE_PLUS_AS_SPACE);
    cr_expect_eq(e.signature.k.len, strlen("AKIDdemo1000001"));
}

Test(explain, plus_turned_into_space_is_named_when_it_was_trimmed)
{
    char *value = sign_until(begins_with_plus);

    expect_malformed(value + 1, MISTAKE_PLUS_AS_SPACE);
    value[0] = ' ';
    expect_malformed(value, MISTAKE_PLUS_AS_SPACE);
}

static bool ends_with_plus(const char *value)
{
    return value[strlen(value) - 1] == '+';
}

Test(explain, plus_turned_into_space_is_named_at_the_end)
{
    char *value = NULL;

    /* A text of UTF-8 may end in a byte whose last six bits are 62. */
    for (int r = 0; r < 3 && !value; r++) {
        char *made =
            sign(arena_printf(&arena, A K E T "&f=%.*s\xc3\xbe", r, "xx"));

        if (ends_with_plus(made))
            value = made;
    }
    cr_assert(value != NULL);
    value[strlen(value) - 1] = '\0';
    expect_malformed(value, MISTAKE_PLUS_AS_SPACE);
}

Test(explain, plus_turned_into_space_in_the_text_is_named)
{
    expect_wrong(sign_as(SECRET, TEXT "&f=a+b", TEXT "&f=a b"),
                 MISTAKE_PLUS_AS_SPACE);
    expect_original(TEXT "&f=a+b");
}

/* percent-encoded */

Test(explain, a_percent_encoded_value_is_named)
{
    char *value = percent_encode(sign_until(has_plus_and_padding), "+/=");

    expect_malformed(value, MISTAKE_PERCENT_ENCODED);
    expect_malformed(percent_encode(value, "%"), MISTAKE_PERCENT_ENCODED);
    expect_hint("twice");
}

Test(explain, a_text_percent_encoded_after_signing_is_named)
{
    expect_wrong(sign_as(SECRET, TEXT "&f=a/b", TEXT "&f=a%2Fb"),
                 MISTAKE_PERCENT_ENCODED);
    expect_original(TEXT "&f=a/b");
    expect_malformed(sign_as(SECRET, TEXT, percent_encode(TEXT, "&=")),
                     MISTAKE_PERCENT_ENCODED);
    expect_original(TEXT);
}

Test(explain, a_text_percent_encoded_before_signing_is_named)
{
    expect_malformed(sign(percent_encode(TEXT, "&=")), MISTAKE_PERCENT_ENCODED);
    expect_original(TEXT);
}

Test(explain, a_percent_sign_in_the_text_is_no_mistake)
{
    expect_mistake(sign(TEXT "&f=%2F"), ERR_OK, MISTAKE_NONE);
}

/* Base64 twice */

Test(explain, base64_twice_is_named)
{
    struct bytes b = {.len = 0};

    add_text(&b, sign(TEXT));
    expect_malformed(encode(&b), MISTAKE_BASE64_TWICE);
    expect_original(TEXT);
}

Test(explain, base64_twice_with_line_breaks_between_is_named)
{
    struct bytes b = {.len = 0};
    char *value = sign(TEXT);

    add(&b, value, 64);
    add_text(&b, "\n");
    add_text(&b, value + 64);
    add_text(&b, "\n");
    expect_malformed(encode(&b), MISTAKE_BASE64_TWICE);
}

Test(explain, base64_of_the_digest_before_all_is_encoded_is_named)
{
    struct bytes mac = {.len = 0}, b = {.len = 0};

    add_sha1(&mac, TEXT);
    add_text(&b, encode(&mac));
    add_text(&b, TEXT);
    expect_malformed(encode(&b), MISTAKE_BASE64_TWICE);
}

/* milliseconds in e and t */

Test(explain, milliseconds_are_named)
{
    expect_malformed(sign(A K "&e=1502592000000&t=1500000000000"),
                     MISTAKE_MILLISECONDS);
    expect_malformed(sign(A K "&e=1502592000000&t=1500000000"),
                     MISTAKE_MILLISECONDS);
}

Test(explain, milliseconds_that_would_not_do_as_seconds_are_not_named)
{
    expect_malformed(sign(A K "&e=1600000000000&t=1500000000000"),
                     MISTAKE_SEE_REASON);
    expect_malformed(sign(A K "&e=15025920000&t=1500000000"),
                     MISTAKE_SEE_REASON);
}

Test(explain, milliseconds_under_a_wrong_digest_are_not_named)
{
    static const char text[] = A K "&e=1502592000000&t=1500000000000";

    expect_malformed(sign_as("wrong", text, text), MISTAKE_SEE_REASON);
}

/* two mistakes at once */

Test(explain, of_two_mistakes_both_are_told)
{
    struct bytes mac = {.len = 0}, b = {.len = 0};

    add_hmac(&mac, EVP_sha256(), SECRET, TEXT);
    add_hex(&b, &mac);
    add_text(&b, TEXT);
    expect_malformed(encode(&b), MISTAKE_HEX_DIGEST);
    expect_hint("in hex");
    expect_hint("HMAC-SHA256");
}

Test(explain, the_outermost_mistake_gives_the_name)
{
    struct bytes b = {.len = 0};

    add_text(&b, TEXT);
    add_sha1(&b, TEXT);
    expect_malformed(join("Bearer ", encode(&b), ""), MISTAKE_LEADING_WORD);
    expect_hint("A word");
    expect_hint("follows the text");
}

/* unknown */

Test(explain, an_unknown_mistake_is_called_unknown)
{
    expect_wrong(sign_as("wrong", TEXT, TEXT), MISTAKE_UNKNOWN);
    cr_expect(e.text == NULL);
    cr_expect_eq(e.caret, -1);
    expect_wrong(sign_as(SECRET, TEXT "&x=1", TEXT), MISTAKE_UNKNOWN);
}

Test(explain, bytes_without_a_text_are_unknown)
{
    struct bytes b = {.len = 0};

    for (int i = 0; i < 50; i++)
        add(&b, &"\x80\xff\x01"[i % 3], 1);
    expect_malformed(encode(&b), MISTAKE_UNKNOWN);
}

Test(explain, of_a_digest_whose_key_is_wrong_too_nothing_is_named)
{
    struct bytes b = {.len = 0};

    add_text(&b, TEXT);
    add_hmac(&b, EVP_sha1(), "wrong", TEXT);
    run(encode(&b));
    cr_expect_eq(e.mistake, MISTAKE_UNKNOWN);
}

/* what the check alone tells */

Test(explain, a_check_that_tells_all_is_referred_to)
{
    expect_mistake(NULL, ERR_SIGNATURE_EMPTY, MISTAKE_SEE_REASON);
    expect_mistake(" ", ERR_SIGNATURE_EMPTY, MISTAKE_SEE_REASON);
    expect_mistake(sign(A K T "&e=1500000049"), ERR_SIGNATURE_EXPIRED,
                   MISTAKE_SEE_REASON);
    expect_mistake(sign("a=9" K E T), ERR_APPID_UNKNOWN, MISTAKE_SEE_REASON);
    expect_mistake(sign(A "&k=x" E T), ERR_SECRET_ID_UNKNOWN,
                   MISTAKE_SEE_REASON);
    expect_mistake(sign("a=1000002" K E T), ERR_SECRET_ID_MISMATCH,
                   MISTAKE_SEE_REASON);
    expect_mistake(sign(A "&b=x" K E T), ERR_BUCKET_UNKNOWN,
                   MISTAKE_SEE_REASON);
    expect_malformed(sign(A K E), MISTAKE_SEE_REASON);
}

Test(explain, a_word_before_the_value_is_named)
{
    expect_malformed(join("QCloud ", sign(TEXT), ""), MISTAKE_LEADING_WORD);
    expect_malformed(join("Bearer ", sign_as("wrong", TEXT, TEXT), ""),
                     MISTAKE_SEE_REASON);
}

Test(explain, quotes_around_the_value_are_named)
{
    expect_malformed(join("\"", sign(TEXT), "\""), MISTAKE_QUOTED);
}

/* what goes in when it is missing */

Test(explain, a_field_that_is_missing_is_asked_for)
{
    static const struct {
        const char *text, *hint;
    } rows[] = {
        {"k=AKIDdemo1000001" E T, "Add a=<appid> to the text"},
        {A K T, "Add e=<Unix time of expiry> to"},
        {A K E, "Add t=<Unix time of signing> to"},
        {A K, "Add e=<Unix time of expiry>&t=<Unix time of signing> to"},
        {A K T "&e=", "Add e=<Unix time of expiry> to"},
        {A E T, "Add k=AKIDdemo1000001 to the text"},
    };

    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
        expect_malformed(sign(rows[i].text), MISTAKE_SEE_REASON);
        expect_hint(rows[i].hint);
    }
}

Test(explain, a_field_that_is_missing_is_asked_for_whatever_the_digest)
{
    expect_malformed(sign_as("wrong", A E T, A E T), MISTAKE_SEE_REASON);
    expect_hint("Add k=<SecretId> to");
    expect_malformed(sign_as("wrong", A K T, A K T), MISTAKE_SEE_REASON);
    expect_hint("Add e=<Unix time of expiry> to");
}

Test(explain, a_text_that_was_not_read_to_its_end_lacks_nothing)
{
    struct bytes b = {.len = 0};

    expect_malformed(sign(A "&a=1" K E T), MISTAKE_SEE_REASON);
    cr_expect_str_eq(e.hint, "Mend what the check names.");
    add(&b, "01234567890123456789" A "\0" K E T, 20 + sizeof(A K E T));
    run(encode(&b));
    cr_expect_eq(strstr(e.hint, "Add "), NULL, "%s", e.hint);
}

Test(explain, a_check_of_bytes_that_are_no_text_says_so)
{
    static const char words[] =
        "with the first 20 bytes taken for the digest, ";
    struct bytes mac = {.len = 0}, b = {.len = 0};

    add_sha1(&mac, TEXT);
    add_hex(&b, &mac);
    add_text(&b, TEXT);
    run(encode(&b));
    cr_expect_eq(strncmp(e.why, words, strlen(words)), 0, "%s", e.why);
    run(sign(A K T));
    cr_expect_str_eq(e.why, "e is missing from the signed text");
}

/* buckets */

static void add_account(const char *json)
{
    char *why = NULL;

    cr_assert_eq(accounts_add(accounts, json, strlen(json), &why), 0, "%s",
                 why);
}

#define NEW_ACCOUNT(buckets)                                                   \
    "{\"appid\":\"77\"" buckets                                                \
    ",\"keys\":[{\"secret_id\":\"id77\",\"secret_key\":\"key77\"}]}"
#define NEW_TEXT "a=77&k=id77" E T

Test(explain, an_unknown_bucket_is_told_the_accounts_buckets)
{
    add_account(NEW_ACCOUNT(",\"buckets\":[\"one\",\"two\"]"));
    expect_mistake(sign_as("key77", NEW_TEXT "&b=x", NEW_TEXT "&b=x"),
                   ERR_BUCKET_UNKNOWN, MISTAKE_SEE_REASON);
    cr_expect_str_eq(e.hint,
                     "Sign with a bucket of the account: b=one, b=two.");
}

Test(explain, of_many_buckets_a_few_are_named)
{
    add_account(NEW_ACCOUNT(
        ",\"buckets\":[\"b1\",\"b2\",\"b3\",\"b4\",\"b5\",\"b6\"]"));
    run(sign_as("key77", NEW_TEXT "&b=x", NEW_TEXT "&b=x"));
    expect_hint("b=b4, b=b5, ....");
}

Test(explain, an_account_without_buckets_is_told_to_leave_b_out)
{
    add_account(NEW_ACCOUNT(""));
    expect_mistake(sign_as("key77", NEW_TEXT "&b=x", NEW_TEXT "&b=x"),
                   ERR_BUCKET_UNKNOWN, MISTAKE_SEE_REASON);
    cr_expect_str_eq(e.hint, "The account has no buckets: sign without b.");
    expect_mistake(sign_as("key77", NEW_TEXT, NEW_TEXT), ERR_OK, MISTAKE_NONE);
    cr_expect_str_eq(e.hint, "");
}

Test(explain, a_good_signature_that_names_no_bucket_is_warned_of)
{
    expect_mistake(sign(A K E T), ERR_OK, MISTAKE_NONE);
    expect_hint("answered 6");
    expect_hint("b=test");
    expect_mistake(sign(A "&b=" K E T), ERR_OK, MISTAKE_NONE);
    expect_hint("answered 6");
}

/* half-encoded values, separators, keys */

Test(explain, base64_of_the_digest_with_the_text_as_it_is_is_named)
{
    struct bytes mac = {.len = 0};

    add_sha1(&mac, TEXT);
    expect_malformed(join(encode(&mac), TEXT, ""), MISTAKE_NOT_ENCODED);
    expect_original(TEXT);
    expect_malformed(join(encode(&mac), "&" TEXT, ""), MISTAKE_NOT_ENCODED);
    expect_hint("separator");
}

Test(explain, a_digest_in_hex_with_the_text_as_it_is_is_named)
{
    struct bytes mac = {.len = 0}, hex = {.len = 0};

    add_sha1(&mac, TEXT);
    add_hex(&hex, &mac);
    add_text(&hex, TEXT);
    expect_malformed(arena_memdup0(&arena, hex.ptr, hex.len),
                     MISTAKE_NOT_ENCODED);
    expect_hint("in hex");
}

Test(explain, a_separator_before_the_text_is_named)
{
    expect_wrong(sign_as(SECRET, TEXT, "&" TEXT), MISTAKE_SEPARATOR);
    expect_original(TEXT);
    expect_malformed(sign_as(SECRET, TEXT, ":" TEXT), MISTAKE_SEPARATOR);
}

Test(explain, a_separator_that_was_signed_does_no_harm)
{
    expect_mistake(sign("&" TEXT), ERR_OK, MISTAKE_NONE);
}

Test(explain, a_key_in_base64_is_named)
{
    struct bytes key = {.len = 0};

    add_text(&key, SECRET);
    expect_wrong(sign_as(encode(&key), TEXT, TEXT), MISTAKE_KEY_BASE64);
}

static char *hash_and_send(const char *hashed, const char *text)
{
    struct bytes b = {.len = 0};
    unsigned char hash[EVP_MAX_MD_SIZE];
    unsigned n = 0;

    EVP_Digest(hashed, strlen(hashed), hash, &n, EVP_sha1(), NULL);
    add(&b, hash, n);
    add_text(&b, text);
    return encode(&b);
}

Test(explain, a_plain_hash_is_named)
{
    expect_wrong(hash_and_send(SECRET TEXT, TEXT), MISTAKE_PLAIN_HASH);
    expect_wrong(hash_and_send(TEXT SECRET, TEXT), MISTAKE_PLAIN_HASH);
}

Test(explain, an_unknown_key_is_not_explained_by_its_digest)
{
    struct bytes b = {.len = 0};

    add_hmac(&b, EVP_sha1(), "AKIDdemo1000001", "a=9" K E T);
    add_text(&b, "a=9" K E T);
    expect_mistake(encode(&b), ERR_APPID_UNKNOWN, MISTAKE_SEE_REASON);
}

Test(explain, a_value_over_the_limit_is_not_searched)
{
    char *value = arena_alloc(&arena, SIGNATURE_MAX_LEN + 5);

    memset(value, 'A', SIGNATURE_MAX_LEN + 4);
    value[SIGNATURE_MAX_LEN + 4] = '\0';
    expect_malformed(value, MISTAKE_SEE_REASON);
    cr_expect(e.text == NULL);
}

/* carets */

static void expect_caret(const char *header, const char *text, long caret)
{
    run(header);
    cr_assert(e.text != NULL, "%s: no caret", header);
    cr_expect_str_eq(e.text, text);
    cr_expect_eq(e.caret, caret, "%s: byte %ld, expected %ld", text, e.caret,
                 caret);
}

static void expect_no_caret(const char *header)
{
    run(header);
    cr_expect_eq(e.caret, -1, "byte %ld of %s", e.caret, e.text);
}

Test(explain, the_caret_stands_under_what_is_no_base64)
{
    char *value = sign(TEXT);

    value[7] = '-';
    expect_caret(value, value, 7);
    expect_caret(join("  ", value, " "), value, 7);
    expect_caret("Zg==Zg==", "Zg==Zg==", 2);
    expect_no_caret("abc");
}

Test(explain, the_caret_stands_under_the_wrong_byte_of_a_field)
{
    expect_caret(sign(A K T "&e=15x"), A K T "&e=15x",
                 (long)strlen(A K T "&e=15"));
    expect_caret(sign(A K E "&t=-1"), A K E "&t=-1", (long)strlen(A K E "&t="));
    expect_caret(sign(A K E "&t=99999999999999999999"),
                 A K E "&t=99999999999999999999", (long)strlen(A K E "&t="));
    expect_caret(sign(A "&k=" E T), A "&k=" E T, (long)strlen(A "&k="));
    expect_caret(sign(A K E T "&t=1"), A K E T "&t=1",
                 (long)strlen(A K E T "&"));
    expect_caret(sign(A K T "&e=1600000000"), A K T "&e=1600000000",
                 (long)strlen(A K T "&e="));
    expect_no_caret(sign(A K T));
}

Test(explain, the_caret_stands_under_a_value_that_is_unknown)
{
    expect_caret(sign("a=9" K E T), "a=9" K E T, 2);
    expect_caret(sign(A "&k=x" E T), A "&k=x" E T, (long)strlen(A "&k="));
    expect_caret(sign("a=1000002" K E T), "a=1000002" K E T,
                 (long)strlen("a=1000002&k="));
    expect_caret(sign(A "&b=x" K E T), A "&b=x" K E T, (long)strlen(A "&b="));
    expect_caret(sign(A K "&e=5" T), A K "&e=5" T, (long)strlen(A K "&e="));
}

Test(explain, the_caret_stands_under_a_nul)
{
    struct bytes b = {.len = 0};

    add_sha1(&b, "whatever");
    add(&b, "a=1\0&k=x", 8);
    run(encode(&b));
    cr_expect_eq(e.caret, 3);
}

Test(explain, no_caret_stands_under_a_digest)
{
    char *value = sign(TEXT);

    value[3] = value[3] == 'A' ? 'B' : 'A';
    expect_wrong(value, MISTAKE_UNKNOWN);
    cr_expect(e.text == NULL);
    cr_expect_eq(e.caret, -1);
}

/* rendering */

static const char *render(int (*how)(const struct explanation *,
                                     struct strbuf *))
{
    static struct strbuf out;

    strbuf_release(&out);
    strbuf_init(&out, 1 << 20);
    cr_assert_eq(how(&e, &out), 0);
    return out.buf;
}

Test(explain, text_has_fields_and_a_caret)
{
    run(sign(A K T "&e=15x"));
    cr_expect_str_eq(render(explain_render_text),
                     "code 5: signature string is malformed\n"
                     "check: e is \"15x\", expected decimal Unix seconds\n"
                     "mistake: see-reason\n"
                     "hint: Mend what the check names.\n"
                     "\n"
                     "  a=1000001&k=AKIDdemo1000001&t=1500000000&e=15x\n"
                     "                                               ^ byte "
                     "45\n"
                     "\n"
                     "signed text: a=1000001&k=AKIDdemo1000001&t=1500000000&"
                     "e=15x\n"
                     "  a  1000001\n"
                     "  k  AKIDdemo1000001\n"
                     "  e  15x\n"
                     "  t  1500000000 (2017-07-14 02:40:00 UTC)\n");
}

Test(explain, a_long_line_is_cut_around_its_caret)
{
    run(sign(A K T "&f=1234567890123456789012345678901234567890&e=x&r="
                   "1234567890123456789012345678901234567890"));
    cr_expect(strstr(render(explain_render_text),
                     "\n  ...0000&f=1234567890123456789012345678901234567890"
                     "&e=x&r=123456789012345678...\n"
                     "                                                       ^ "
                     "byte 86\n") != NULL,
              "%s", render(explain_render_text));
}

Test(explain, text_leaves_the_terminal_alone)
{
    run(sign(A K E T "&f=\x1b[31m\xff\n\xe6\xb5\x8b"));
    cr_expect(strstr(render(explain_render_text), "\n  f  ?[31m?\\n测\n") !=
                  NULL,
              "%s", render(explain_render_text));
}

Test(explain, the_end_of_a_line_is_shown_as_in_c)
{
    run(sign(A K T "&e=1\r\nx"));
    cr_expect(strstr(render(explain_render_text),
                     "&e=1\\r\\nx\n"
                     "                                              ^ byte "
                     "44\n") != NULL,
              "%s", render(explain_render_text));
    run(sign("a=\n" K T "&e=x"));
    cr_expect(strstr(render(explain_render_text),
                     "\n  a=\\n&k=AKIDdemo1000001&t=1500000000&e=x\n"
                     "                                        ^ byte 37\n") !=
                  NULL,
              "%s", render(explain_render_text));
}

Test(explain, json_has_everything)
{
    run(sign(A K T "&e=15x"));
    cr_expect_str_eq(
        render(explain_render_json),
        "{\"code\":5,\"message\":\"signature string is malformed\","
        "\"good\":false,\"why\":\"e is \\\"15x\\\", expected decimal Unix "
        "seconds\",\"mistake\":\"see-reason\",\"hint\":\"Mend what the check "
        "names.\",\"fields\":{\"a\":\"1000001\",\"k\":\"AKIDdemo1000001\","
        "\"e\":\"15x\",\"t\":\"1500000000\"},\"original\":\"" A K T
        "&e=15x\",\"caret\":{\"text\":\"" A K T "&e=15x\",\"offset\":45}}");
}

Test(explain, json_of_what_cannot_be_decoded_has_nulls)
{
    run("abc");
    cr_expect(strstr(render(explain_render_json),
                     "\"fields\":{},\"original\":null,\"caret\":null}") != NULL,
              "%s", render(explain_render_json));
}

Test(explain, json_of_a_good_one_says_so)
{
    run(sign(TEXT));
    cr_expect_eq(strncmp(render(explain_render_json),
                         "{\"code\":0,\"message\":\"OK\",\"good\":true,\"why\":"
                         "\"\",\"mistake\":\"none\",\"hint\":\"\",",
                         70),
                 0, "%s", render(explain_render_json));
}

Test(explain, a_buffer_too_small_is_reported)
{
    struct strbuf out;

    run(sign(TEXT));
    strbuf_init(&out, 40);
    cr_expect_eq(explain_render_json(&e, &out), -1);
    strbuf_reset(&out);
    cr_expect_eq(explain_render_text(&e, &out), -1);
    strbuf_release(&out);
}

Test(explain, every_mistake_has_a_name_of_its_own)
{
    for (int i = 0; i < MISTAKE__COUNT; i++) {
        const char *name = explain_mistake_name((enum explain_mistake)i);

        cr_assert(name != NULL, "%d", i);
        for (int j = 0; j < i; j++)
            cr_expect_str_neq(name,
                              explain_mistake_name((enum explain_mistake)j));
    }
}

/* no oracle */

static void expect_not_in(const char *output, const char *what)
{
    cr_expect(strstr(output, what) == NULL, "%s is in: %s", what, output);
}

/* Neither the whole signature that would be right, nor its digest in Base64
 * or hex, in whole or by its first bytes. */
static void expect_no_right_digest(const char *header, const char *text)
{
    struct bytes mac = {.len = 0}, hex = {.len = 0};
    char *right = sign(text);
    const char *outputs[2];

    add_sha1(&mac, text);
    add_hex(&hex, &mac);
    right[12] = '\0';
    hex.ptr[12] = '\0';
    run(header);
    outputs[0] = arena_printf(&arena, "%s", render(explain_render_text));
    outputs[1] = arena_printf(&arena, "%s", render(explain_render_json));
    for (int i = 0; i < 2; i++) {
        expect_not_in(outputs[i], right);
        expect_not_in(outputs[i], (const char *)hex.ptr);
    }
}

Test(explain, the_right_digest_is_never_shown)
{
    struct bytes swapped = {.len = 0}, sha256 = {.len = 0};

    expect_no_right_digest(sign_as("wrong", TEXT, TEXT), TEXT);
    expect_no_right_digest(sign_as("AKIDdemo1000001", TEXT, TEXT), TEXT);
    expect_no_right_digest(sign_as("demo-key-of-1000002", TEXT, TEXT), TEXT);
    expect_no_right_digest(sign_as(SECRET "\n", TEXT, TEXT), TEXT);
    expect_no_right_digest(sign_as(SECRET, TEXT "\n", TEXT), TEXT);
    add_hmac(&swapped, EVP_sha1(), TEXT, SECRET);
    add_text(&swapped, TEXT);
    expect_no_right_digest(encode(&swapped), TEXT);
    add_hmac(&sha256, EVP_sha256(), SECRET, TEXT);
    add_text(&sha256, TEXT);
    expect_no_right_digest(encode(&sha256), TEXT);
}

/* A guess that is right but for one byte looks like any other. */
Test(explain, how_much_of_a_digest_is_right_is_not_told)
{
    struct bytes b = {.len = 0};
    char *far, *near;

    far = sign_as("wrong", TEXT, TEXT);
    add_sha1(&b, TEXT);
    add_text(&b, TEXT);
    b.ptr[SHA1_LEN - 1] ^= 1;
    near = encode(&b);
    run(far);
    far = arena_printf(&arena, "%s", render(explain_render_json));
    run(near);
    cr_expect_str_eq(render(explain_render_json), far);
}
