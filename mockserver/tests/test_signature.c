/*
 * The signatures here are made with OpenSSL's own HMAC() and EncodeBlock, not
 * with the module, so that maker and checker cannot be wrong together.
 */
#include "signature.h"

#include <pthread.h>
#include <stdatomic.h>
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

enum { NOW = 1500000050, MAX_TEXT = 20000, DAY_S = 24 * 3600 };

/* Each test is a process of its own; these live as long as it does. */
static struct accounts *accounts;
static struct signature_uses *uses;
static struct arena arena;
static struct signature sig;

static void setup(void)
{
    accounts = accounts_demo();
    uses = signature_uses_new(4);
    cr_assert(uses != NULL);
    arena_init(&arena);
}

static void teardown(void)
{
    signature_release(&sig);
    arena_release(&arena);
    signature_uses_free(uses);
    accounts_free(accounts);
}

TestSuite(signature, .init = setup, .fini = teardown, .timeout = 10);

/* arranging */

/* Of the demo accounts, which stay: no reference is kept. */
static const struct account_key *demo_key(const char *id)
{
    const struct account_key *key = accounts_find_key(accounts, id, strlen(id));

    account_key_put(key);
    return key;
}

static const char *encode(const void *bytes, size_t len)
{
    static unsigned char text[MAX_TEXT * 2];

    cr_assert(len < MAX_TEXT);
    EVP_EncodeBlock(text, bytes, (int)len);
    return (const char *)text;
}

static const char *sign_bytes(const char *secret, const void *original,
                              size_t len)
{
    static unsigned char bytes[MAX_TEXT];
    unsigned n = ACCOUNTS_MAC_LEN;

    cr_assert(len < MAX_TEXT - ACCOUNTS_MAC_LEN);
    HMAC(EVP_sha1(), secret, (int)strlen(secret), original, len, bytes, &n);
    memcpy(bytes + ACCOUNTS_MAC_LEN, original, len);
    return encode(bytes, ACCOUNTS_MAC_LEN + len);
}

static const char *sign(const char *original)
{
    return sign_bytes(SECRET, original, strlen(original));
}

static enum error_code verify_at(const char *header, int64_t now)
{
    enum error_code code;

    signature_release(&sig);
    code = signature_verify(&sig, &arena, accounts, uses, header, now);
    cr_expect_eq(code, sig.code, "returned %d, noted %d", (int)code,
                 (int)sig.code);
    cr_expect_eq(code == ERR_OK, sig.why == NULL, "code %d, why %s", (int)code,
                 sig.why ? sig.why : "(none)");
    return code;
}

/* expecting */

static void expect_header(const char *header, enum error_code expected,
                          const char *why)
{
    enum error_code code = verify_at(header, NOW);

    cr_assert_eq(code, expected, "%s: code %d (%s), expected %d",
                 header ? header : "(none)", (int)code, sig.why ? sig.why : "-",
                 (int)expected);
    if (why)
        cr_expect_str_eq(sig.why, why);
}

static void expect_signed(const char *original, enum error_code expected,
                          const char *why)
{
    enum error_code code = verify_at(sign(original), NOW);

    cr_assert_eq(code, expected, "%s: code %d (%s), expected %d", original,
                 (int)code, sig.why ? sig.why : "-", (int)expected);
    if (why)
        cr_expect_str_eq(sig.why, why);
}

static void expect_field(const struct signature_field *field,
                         const char *expected)
{
    cr_assert(field->ptr != NULL, "expected \"%s\"", expected);
    cr_expect(field->len == strlen(expected) &&
                  !memcmp(field->ptr, expected, field->len),
              "\"%.*s\", expected \"%s\"", (int)field->len, field->ptr,
              expected);
}

/* the published vectors */

static cJSON *read_vectors(void)
{
    static char text[65536];
    const char *dir = getenv("FIXTURES_DIR");
    char path[512];
    FILE *file;
    cJSON *vectors;

    snprintf(path, sizeof(path), "%s/signatures/vectors.json",
             dir ? dir : "fixtures");
    file = fopen(path, "r");
    cr_assert(file != NULL, "%s: cannot be read", path);
    text[fread(text, 1, sizeof(text) - 1, file)] = '\0';
    fclose(file);
    vectors = cJSON_Parse(text);
    cr_assert(vectors != NULL, "%s: does not parse", path);
    return vectors;
}

/* Joins the pieces of a member into `out`, which becomes "" without it. */
static const char *join(const cJSON *vector, const char *name, char *out,
                        size_t cap)
{
    const cJSON *pieces = cJSON_GetObjectItem(vector, name);
    const cJSON *piece;
    size_t len = 0;

    *out = '\0';
    cJSON_ArrayForEach(piece, pieces)
    {
        len += (size_t)snprintf(out + len, cap - len, "%s", piece->valuestring);
        cr_assert(len < cap);
    }
    return out;
}

static struct accounts *vector_accounts(const cJSON *vector)
{
    char id[64], secret[64], json[512];
    char *why = NULL;
    struct accounts *made;

    snprintf(json, sizeof(json),
             "{\"accounts\":[{\"appid\":\"%s\",\"buckets\":[\"%s\"],"
             "\"keys\":[{\"secret_id\":\"%s\",\"secret_key\":\"%s\"}]}]}",
             cJSON_GetObjectItem(vector, "appid")->valuestring,
             cJSON_GetObjectItem(vector, "bucket")->valuestring,
             join(vector, "secret_id", id, sizeof(id)),
             join(vector, "secret_key", secret, sizeof(secret)));
    made = accounts_parse(json, strlen(json), "vector", &why);
    cr_assert(made != NULL, "%s", why);
    return made;
}

Test(signature, published_vectors_verify)
{
    cJSON *document = read_vectors();
    const cJSON *vector;
    int n = 0;

    cJSON_ArrayForEach(vector, cJSON_GetObjectItem(document, "vectors"))
    {
        const char *name = cJSON_GetObjectItem(vector, "name")->valuestring;
        char whole[512], prefix[128], original[512], secret[64];
        const char *header;
        struct accounts *theirs = vector_accounts(vector);
        enum error_code code;

        join(vector, "original", original, sizeof(original));
        join(vector, "secret_key", secret, sizeof(secret));
        join(vector, "authorization", whole, sizeof(whole));
        join(vector, "authorization_prefix", prefix, sizeof(prefix));
        cr_assert(*whole || *prefix, "%s: nothing to compare", name);
        header =
            *whole ? whole : sign_bytes(secret, original, strlen(original));
        cr_expect_eq(strncmp(header, prefix, strlen(prefix)), 0,
                     "%s: %s does not begin with %s", name, header, prefix);
        signature_release(&sig);
        code = signature_verify(
            &sig, &arena, theirs, uses, header,
            (int64_t)cJSON_GetObjectItem(vector, "now")->valuedouble);
        cr_expect_eq(code, ERR_OK, "%s: %s", name, sig.why);
        cr_expect_str_eq(sig.original, original);
        accounts_free(theirs);
        n++;
    }
    cr_expect_eq(n, 4, "%d vectors", n);
    cJSON_Delete(document);
}

/* Vectors that have every field in our order, so that we can make them. */
Test(signature, published_vectors_are_made)
{
    cJSON *document = read_vectors();
    const cJSON *vector;
    int n = 0;

    cJSON_ArrayForEach(vector, cJSON_GetObjectItem(document, "vectors"))
    {
        char expected[512], id[64], original[512];
        struct signature_request request = {
            .now = 1436077115, .rand = 11162, .userid = "0"};
        struct accounts *theirs;
        char *value;

        join(vector, "original", original, sizeof(original));
        if (!strstr(original, "&r=11162&u=0&f="))
            continue;
        request.fileid = strrchr(original, '=') + 1;
        request.expires = strstr(original, "&e=0&") ? 0 : 1438669115;
        theirs = vector_accounts(vector);
        join(vector, "secret_id", id, sizeof(id));
        request.key = accounts_find_key(theirs, id, strlen(id));
        request.bucket = cJSON_GetObjectItem(vector, "bucket")->valuestring;
        value = signature_make(&request);
        cr_assert(value != NULL);
        join(vector, "authorization", expected, sizeof(expected));
        if (*expected)
            cr_expect_str_eq(value, expected);
        join(vector, "authorization_prefix", expected, sizeof(expected));
        cr_expect_eq(strncmp(value, expected, strlen(expected)), 0, "%s",
                     value);
        free(value);
        account_key_put(request.key);
        accounts_free(theirs);
        n++;
    }
    cr_expect_eq(n, 3, "%d vectors", n);
    cJSON_Delete(document);
}

/* what passes */

Test(signature, every_field_is_found)
{
    expect_signed(A "&b=test" K E T "&r=7&u=me&f=file", ERR_OK, NULL);
    expect_field(&sig.a, "1000001");
    expect_field(&sig.b, "test");
    expect_field(&sig.k, "AKIDdemo1000001");
    expect_field(&sig.e, "1500000100");
    expect_field(&sig.t, "1500000000");
    expect_field(&sig.r, "7");
    expect_field(&sig.u, "me");
    expect_field(&sig.f, "file");
    cr_expect_eq(sig.expires, 1500000100);
    cr_expect_eq(sig.now, 1500000000);
    cr_expect_not(sig.single_use);
    cr_expect(sig.account == accounts_at(accounts, 0));
    cr_expect_str_eq(account_key_id(sig.key), "AKIDdemo1000001");
    cr_expect_eq(sig.original_len, strlen(sig.original));
}

Test(signature, optional_fields_may_be_absent_or_empty)
{
    expect_signed(A K E T, ERR_OK, NULL);
    cr_expect(sig.b.ptr == NULL);
    cr_expect(sig.f.ptr == NULL);
    expect_signed(A "&b=" K E T "&r=&u=&f=", ERR_OK, NULL);
    cr_expect(sig.b.ptr != NULL);
    cr_expect_eq(sig.b.len, 0);
}

Test(signature, fields_come_in_any_order)
{
    expect_signed("f=&t=1500000000&e=1500000100&k=AKIDdemo1000001&b=test&"
                  "a=1000001",
                  ERR_OK, NULL);
}

Test(signature, unknown_keys_decide_nothing)
{
    expect_signed(A K E T "&x=1&aa=2&=3&A=4&", ERR_OK, NULL);
    expect_field(&sig.a, "1000001");
}

Test(signature, a_segment_without_equals_sign_is_tolerated)
{
    expect_signed("a&&" A "&k&noise" K E T "&", ERR_OK, NULL);
}

Test(signature, a_segment_is_split_at_its_first_equals_sign)
{
    expect_signed(A K E T "&f=x=y", ERR_OK, NULL);
    expect_field(&sig.f, "x=y");
}

Test(signature, of_a_repeated_bucket_the_first_counts)
{
    expect_signed(A "&b=test&b=nowhere" K E T, ERR_OK, NULL);
    expect_field(&sig.b, "test");
    expect_signed(A "&b=&b=nowhere" K E T, ERR_OK, NULL);
}

Test(signature, a_second_key_of_the_account_signs_too)
{
    const char *original = "a=1000001&k=AKIDdemo1000001b" E T;

    expect_header(
        sign_bytes("second-demo-key-of-1000001", original, strlen(original)),
        ERR_OK, NULL);
}

Test(signature, blanks_around_the_value_are_not_part_of_it)
{
    char header[512];

    snprintf(header, sizeof(header), " \t%s\t ", sign(A K E T));
    expect_header(header, ERR_OK, NULL);
}

/* 4 */

Test(signature, a_missing_header_is_4)
{
    expect_header(NULL, ERR_SIGNATURE_EMPTY, "Authorization is missing");
    cr_expect(sig.mac == NULL);
}

Test(signature, a_blank_header_is_4)
{
    expect_header("", ERR_SIGNATURE_EMPTY, "Authorization is blank");
    expect_header(" \t ", ERR_SIGNATURE_EMPTY, "Authorization is blank");
}

/* 5 */

Test(signature, a_prefix_is_5)
{
    char header[512];

    snprintf(header, sizeof(header), "Bearer %s", sign(A K E T));
    expect_header(header, ERR_SIGNATURE_MALFORMED,
                  "Authorization has \" \" (byte 0x20) at offset 6, expected "
                  "the standard Base64 alphabet");
    snprintf(header, sizeof(header), "QCloud %s", sign(A K E T));
    expect_header(header, ERR_SIGNATURE_MALFORMED, NULL);
}

Test(signature, inner_white_space_is_5)
{
    char header[512];

    snprintf(header, sizeof(header), "%s", sign(A K E T));
    memmove(header + 5, header + 4, strlen(header + 4) + 1);
    header[4] = '\n';
    expect_header(header, ERR_SIGNATURE_MALFORMED,
                  "Authorization has \"\\n\" (byte 0x0a) at offset 4, expected "
                  "the standard Base64 alphabet");
}

Test(signature, the_url_safe_alphabet_is_5)
{
    char header[512];

    snprintf(header, sizeof(header), "%s", sign(A K E T));
    header[2] = '_';
    expect_header(header, ERR_SIGNATURE_MALFORMED,
                  "Authorization has \"_\" (byte 0x5f) at offset 2, expected "
                  "the standard Base64 alphabet");
}

Test(signature, missing_padding_is_5)
{
    char header[512];
    size_t len;

    snprintf(header, sizeof(header), "%s", sign(A K E T));
    len = strlen(header);
    cr_assert_eq(header[len - 1], '=');
    header[len - 1] = '\0';
    expect_header(header, ERR_SIGNATURE_MALFORMED, NULL);
    cr_expect(strstr(sig.why, "expected a multiple of four") != NULL, "%s",
              sig.why);
}

Test(signature, padding_in_the_middle_is_5)
{
    expect_header("Zg==Zg==", ERR_SIGNATURE_MALFORMED,
                  "Authorization has bad Base64 padding at offset 2");
}

Test(signature, fewer_than_21_bytes_are_5)
{
    static const char bytes[21];

    expect_header(encode(bytes, 20), ERR_SIGNATURE_MALFORMED,
                  "Authorization decodes to 20 bytes, expected a digest of 20 "
                  "bytes and the signed text");
    cr_expect(sig.mac == NULL);
    expect_header(encode("123456789012345678901", 21), ERR_SIGNATURE_MALFORMED,
                  "a is missing from the signed text");
    cr_expect(sig.mac != NULL);
}

Test(signature, a_value_over_the_limit_is_5)
{
    static char original[MAX_TEXT];
    size_t most = SIGNATURE_MAX_LEN / 4 * 3 - ACCOUNTS_MAC_LEN;

    memset(original, 'x', most + 1);
    memcpy(original, A K E T "&", strlen(A K E T "&"));
    expect_header(sign_bytes(SECRET, original, most), ERR_OK, NULL);
    expect_header(sign_bytes(SECRET, original, most + 1),
                  ERR_SIGNATURE_MALFORMED,
                  "Authorization has 16388 characters, expected at most 16384");
}

Test(signature, a_text_that_is_no_list_is_5)
{
    expect_signed("hello", ERR_SIGNATURE_MALFORMED,
                  "a is missing from the signed text");
}

Test(signature, a_nul_byte_in_the_text_is_5)
{
    static const char original[] = A K E T "&r=\0";

    expect_header(sign_bytes(SECRET, original, sizeof(original) - 1),
                  ERR_SIGNATURE_MALFORMED, "the signed text holds a NUL byte");
}

Test(signature, each_required_key_is_missed)
{
    expect_signed("b=test" K E T, ERR_SIGNATURE_MALFORMED,
                  "a is missing from the signed text");
    expect_signed(A E T, ERR_SIGNATURE_MALFORMED,
                  "k is missing from the signed text");
    expect_signed(A K T, ERR_SIGNATURE_MALFORMED,
                  "e is missing from the signed text");
    expect_signed(A K E, ERR_SIGNATURE_MALFORMED,
                  "t is missing from the signed text");
    expect_signed(A K E "&t", ERR_SIGNATURE_MALFORMED,
                  "t is missing from the signed text");
}

Test(signature, an_empty_required_key_is_5)
{
    expect_signed("a=" K E T, ERR_SIGNATURE_MALFORMED, "a is empty");
    expect_signed(A "&k=" E T, ERR_SIGNATURE_MALFORMED, "k is empty");
    expect_signed(A K "&e=" T, ERR_SIGNATURE_MALFORMED, "e is empty");
    expect_signed(A K E "&t=", ERR_SIGNATURE_MALFORMED, "t is empty");
}

Test(signature, a_repeated_required_key_is_5)
{
    expect_signed(A K E T "&" A, ERR_SIGNATURE_MALFORMED,
                  "a is given more than once");
    expect_signed(A K K E T, ERR_SIGNATURE_MALFORMED,
                  "k is given more than once");
    expect_signed(A K E E T, ERR_SIGNATURE_MALFORMED,
                  "e is given more than once");
    expect_signed(A K E T "&t=", ERR_SIGNATURE_MALFORMED,
                  "t is given more than once");
    expect_signed("a=&" A K E T, ERR_SIGNATURE_MALFORMED,
                  "a is given more than once");
}

Test(signature, times_that_are_not_decimal_are_5)
{
    expect_signed(A K "&e=12x" T, ERR_SIGNATURE_MALFORMED,
                  "e is \"12x\", expected decimal Unix seconds");
    expect_signed(A K E "&t= 12", ERR_SIGNATURE_MALFORMED,
                  "t is \" 12\", expected decimal Unix seconds");
    expect_signed(A K "&e=-1" T, ERR_SIGNATURE_MALFORMED, NULL);
    expect_signed(A K "&e=+1" T, ERR_SIGNATURE_MALFORMED, NULL);
    expect_signed(A K "&e=1500000100.5" T, ERR_SIGNATURE_MALFORMED, NULL);
    expect_signed(A K E "&t=0x10", ERR_SIGNATURE_MALFORMED, NULL);
}

Test(signature, times_that_overflow_are_5)
{
    expect_signed(A K "&e=9223372036854775808" T, ERR_SIGNATURE_MALFORMED,
                  "e is \"9223372036854775808\", expected decimal Unix "
                  "seconds");
    expect_signed(A K E "&t=99999999999999999999999", ERR_SIGNATURE_MALFORMED,
                  NULL);
    /* The largest number is one; as an end it is merely too far away. */
    expect_signed(A K "&e=9223372036854775807&t=0", ERR_SIGNATURE_MALFORMED,
                  "e is 9223372036854775807 s after t, expected at most "
                  "7948800 (92 days)");
}

Test(signature, more_than_92_days_are_5)
{
    char original[256];

    snprintf(original, sizeof(original), A K T "&e=%d",
             1500000000 + 92 * DAY_S);
    expect_signed(original, ERR_OK, NULL);
    snprintf(original, sizeof(original), A K T "&e=%d",
             1500000000 + 92 * DAY_S + 1);
    expect_signed(original, ERR_SIGNATURE_MALFORMED,
                  "e is 7948801 s after t, expected at most 7948800 (92 days)");
}

Test(signature, values_are_shown_printable_and_cut)
{
    expect_signed(A K "&e=\x01\xff" T, ERR_SIGNATURE_MALFORMED,
                  "e is \"\?\?\", expected decimal Unix seconds");
    expect_signed(A K "&e=x123456789012345678901234567890123456789y" T,
                  ERR_SIGNATURE_MALFORMED,
                  "e is \"x123456789012345678901234567890123456789...\", "
                  "expected decimal Unix seconds");
}

/* who signed */

Test(signature, an_unknown_appid_is_10)
{
    expect_signed("a=1000009" K E T, ERR_APPID_UNKNOWN,
                  "a is \"1000009\", which no account has");
    cr_expect(sig.account == NULL);
}

Test(signature, an_unknown_secret_id_is_11)
{
    expect_signed(A "&k=AKIDnobody" E T, ERR_SECRET_ID_UNKNOWN,
                  "k is \"AKIDnobody\", which no account has");
    cr_expect(sig.account != NULL);
    cr_expect(sig.key == NULL);
}

Test(signature, a_secret_id_of_another_appid_is_12)
{
    expect_signed(A "&k=AKIDdemo1000002" E T, ERR_SECRET_ID_MISMATCH,
                  "k is \"AKIDdemo1000002\", which belongs to appid "
                  "\"1000002\" and not to a");
}

Test(signature, a_wrong_key_is_14)
{
    expect_header(sign_bytes("demo-key-of-1000002", A K E T, strlen(A K E T)),
                  ERR_SIGNATURE_WRONG,
                  "the digest is not HMAC-SHA1 of the signed text under the "
                  "secret key of k");
}

Test(signature, every_byte_of_the_digest_counts)
{
    unsigned char bytes[256];
    unsigned n = ACCOUNTS_MAC_LEN;
    size_t len = strlen(A K E T);

    HMAC(EVP_sha1(), SECRET, (int)strlen(SECRET),
         (const unsigned char *)A K E T, len, bytes, &n);
    memcpy(bytes + ACCOUNTS_MAC_LEN, A K E T, len);
    for (size_t i = 0; i < ACCOUNTS_MAC_LEN; i++) {
        bytes[i] ^= 0x01;
        expect_header(encode(bytes, ACCOUNTS_MAC_LEN + len),
                      ERR_SIGNATURE_WRONG, NULL);
        bytes[i] ^= 0x01;
    }
    expect_header(encode(bytes, ACCOUNTS_MAC_LEN + len), ERR_OK, NULL);
}

Test(signature, the_digest_covers_the_bytes_as_sent)
{
    unsigned char bytes[256];
    unsigned n = ACCOUNTS_MAC_LEN;
    const char *sent = A K E T "&r=2";

    HMAC(EVP_sha1(), SECRET, (int)strlen(SECRET),
         (const unsigned char *)A K E T "&r=1", strlen(sent), bytes, &n);
    memcpy(bytes + ACCOUNTS_MAC_LEN, sent, strlen(sent));
    expect_header(encode(bytes, ACCOUNTS_MAC_LEN + strlen(sent)),
                  ERR_SIGNATURE_WRONG, NULL);
}

Test(signature, a_text_cut_in_the_middle_answers_what_it_deserves)
{
    char header[512];

    snprintf(header, sizeof(header), "%s",
             sign(A K E T "&r=1234567890&u=0&f="));
    header[100] = '\0'; /* after the last required field */
    expect_header(header, ERR_SIGNATURE_WRONG, NULL);
    header[64] = '\0'; /* before it */
    expect_header(header, ERR_SIGNATURE_MALFORMED, NULL);
}

/* when */

Test(signature, the_end_itself_passes_and_a_second_later_is_9)
{
    cr_expect_eq(verify_at(sign(A K E T), 1500000100), ERR_OK);
    cr_expect_eq(verify_at(sign(A K E T), 1500000101), ERR_SIGNATURE_EXPIRED);
    cr_expect_str_eq(sig.why,
                     "e is 1500000100, the server's time is 1500000101");
}

Test(signature, a_signature_from_the_future_passes)
{
    cr_expect_eq(verify_at(sign(A K E T), 1400000000), ERR_OK);
}

Test(signature, an_end_before_its_beginning_is_only_expired)
{
    expect_signed(A K "&e=1499999999" T, ERR_SIGNATURE_EXPIRED, NULL);
}

/* single use */

#define ONCE A K "&e=0" T

Test(signature, a_single_use_signature_passes_once)
{
    expect_signed(ONCE, ERR_OK, NULL);
    cr_expect(sig.single_use);
    expect_signed(ONCE, ERR_REPLAY,
                  "e is 0 (single use) and this signature was used before");
    expect_signed(ONCE, ERR_REPLAY, NULL);
}

Test(signature, a_single_use_signature_never_expires)
{
    cr_expect_eq(verify_at(sign(ONCE), INT64_MAX), ERR_OK);
    expect_signed(A K "&e=00&t=9223372036854775807", ERR_OK, NULL);
}

Test(signature, single_use_signatures_of_different_texts_are_different)
{
    expect_signed(ONCE "&r=1", ERR_OK, NULL);
    expect_signed(ONCE "&r=2", ERR_OK, NULL);
    expect_signed(ONCE "&r=1", ERR_REPLAY, NULL);
}

Test(signature, a_multiple_use_signature_is_not_remembered)
{
    expect_signed(A K E T, ERR_OK, NULL);
    expect_signed(A K E T, ERR_OK, NULL);
}

Test(signature, a_refused_signature_is_not_used_up)
{
    expect_header(sign_bytes("wrong", ONCE, strlen(ONCE)), ERR_SIGNATURE_WRONG,
                  NULL);
    expect_signed(ONCE, ERR_OK, NULL);
}

Test(signature, the_oldest_use_is_forgotten_first)
{
    char original[128];

    /* The table of the tests holds four. */
    for (int round = 0; round < 3; round++) {
        for (int i = 0; i < 5; i++) {
            snprintf(original, sizeof(original), ONCE "&r=%d", i);
            expect_signed(original, ERR_OK, NULL);
        }
    }
    for (int i = 1; i < 5; i++) {
        snprintf(original, sizeof(original), ONCE "&r=%d", i);
        expect_signed(original, ERR_REPLAY, NULL);
    }
    expect_signed(ONCE "&r=0", ERR_OK, NULL);
}

Test(signature, a_long_run_of_uses_keeps_the_newest)
{
    char original[128];

    signature_uses_free(uses);
    uses = signature_uses_new(100);
    for (int i = 0; i < 1000; i++) {
        snprintf(original, sizeof(original), ONCE "&r=%d", i);
        expect_signed(original, ERR_OK, NULL);
        if (i >= 99) {
            snprintf(original, sizeof(original), ONCE "&r=%d", i - 99);
            expect_signed(original, ERR_REPLAY, NULL);
        }
    }
}

Test(signature, a_reset_forgets_every_use)
{
    char original[128];

    for (int round = 0; round < 3; round++) {
        for (int i = 0; i < 4; i++) {
            snprintf(original, sizeof(original), ONCE "&r=%d", i);
            expect_signed(original, ERR_OK, NULL);
        }
        signature_uses_reset(uses);
    }
    expect_signed(ONCE "&r=0", ERR_OK, NULL);
    expect_signed(ONCE "&r=0", ERR_REPLAY, NULL);
}

Test(signature, after_a_reset_the_oldest_is_again_the_first)
{
    char original[128];

    for (int i = 0; i < 6; i++) {
        snprintf(original, sizeof(original), ONCE "&r=%d", i);
        expect_signed(original, ERR_OK, NULL);
    }
    signature_uses_reset(uses);
    for (int i = 0; i < 5; i++) {
        snprintf(original, sizeof(original), ONCE "&r=%d", i);
        expect_signed(original, ERR_OK, NULL);
    }
    for (int i = 1; i < 5; i++) {
        snprintf(original, sizeof(original), ONCE "&r=%d", i);
        expect_signed(original, ERR_REPLAY, NULL);
    }
}

Test(signature, without_a_table_every_use_is_the_first)
{
    signature_uses_free(uses);
    uses = NULL;
    expect_signed(ONCE, ERR_OK, NULL);
    expect_signed(ONCE, ERR_OK, NULL);
}

Test(signature, a_table_of_nothing_is_refused)
{
    cr_expect(signature_uses_new(0) == NULL);
}

enum { N_RACES = 2000, N_EVICTIONS = 20000, HEADER_CAP = 256 };
static char race_headers[N_RACES][HEADER_CAP];
static pthread_barrier_t race_start;

/* Uses every signature; a new race begins when all have ended the last. */
static void *use_them(void *arg)
{
    int *passed = arg;
    struct signature mine;
    struct arena own;

    arena_init(&own);
    for (int i = 0; i < N_RACES; i++) {
        pthread_barrier_wait(&race_start);
        *passed += signature_verify(&mine, &own, accounts, uses,
                                    race_headers[i], NOW) == ERR_OK;
        signature_release(&mine);
    }
    arena_release(&own);
    return NULL;
}

Test(signature, of_four_threads_one_is_the_first)
{
    pthread_t threads[4];
    int passed[4] = {0};
    char original[128];
    int sum = 0;

    signature_uses_free(uses);
    uses = signature_uses_new(N_RACES);
    for (int i = 0; i < N_RACES; i++) {
        snprintf(original, sizeof(original), ONCE "&r=%d", i);
        snprintf(race_headers[i], HEADER_CAP, "%s", sign(original));
    }
    pthread_barrier_init(&race_start, NULL, 4);
    for (int i = 0; i < 4; i++)
        cr_assert_eq(pthread_create(&threads[i], NULL, use_them, &passed[i]),
                     0);
    for (int i = 0; i < 4; i++) {
        pthread_join(threads[i], NULL);
        sum += passed[i];
    }
    pthread_barrier_destroy(&race_start);
    cr_expect_eq(sum, N_RACES, "%d passed", sum);
}

/* A thread that signs with a key of its own, so that only the table is shared.
 * The signatures come from signature_make(), for sign() is not for threads. */
struct evictor {
    const struct account_key *key;
    int refused;
};

static void *evict_others(void *arg)
{
    struct evictor *evictor = arg;
    struct signature mine = {0};
    struct arena own;

    arena_init(&own);
    for (int i = 0; i < N_EVICTIONS; i++) {
        struct signature_request request = {
            .key = evictor->key, .now = NOW, .rand = (uint64_t)i};
        char *header = signature_make(&request);

        if (!header || signature_verify(&mine, &own, accounts, uses, header,
                                        NOW) != ERR_OK)
            evictor->refused++;
        signature_release(&mine);
        free(header);
        arena_release(&own);
    }
    return NULL;
}

Test(signature, threads_that_evict_each_others_uses_stay_apart)
{
    static const char *const ids[] = {"AKIDdemo1000001", "AKIDdemo1000001b",
                                      "AKIDdemo1000002", "AKIDdemo1000004"};
    struct evictor evictors[4];
    pthread_t threads[4];

    for (int i = 0; i < 4; i++) {
        evictors[i].key = demo_key(ids[i]);
        evictors[i].refused = 0;
        cr_assert_eq(
            pthread_create(&threads[i], NULL, evict_others, &evictors[i]), 0);
    }
    for (int i = 0; i < 4; i++) {
        pthread_join(threads[i], NULL);
        cr_expect_eq(evictors[i].refused, 0, "%s: %d refused", ids[i],
                     evictors[i].refused);
    }
}

/* accounts that come and go */

#define GUEST                                                                  \
    "{\"appid\":\"77\",\"keys\":[{\"secret_id\":\"id77\","                     \
    "\"secret_key\":\"key77\"}]}"
#define GUEST_TEXT "a=77&k=id77" E T

static void add_guest(void)
{
    char *why = NULL;
    int result = accounts_add(accounts, GUEST, strlen(GUEST), &why);

    cr_assert_eq(result, 0, "%s", why);
}

Test(signature, an_account_signs_from_when_it_is_added_until_it_is_removed)
{
    char header[HEADER_CAP];

    snprintf(header, sizeof(header), "%s",
             sign_bytes("key77", GUEST_TEXT, strlen(GUEST_TEXT)));
    expect_header(header, ERR_APPID_UNKNOWN, NULL);
    add_guest();
    expect_header(header, ERR_OK, NULL);
    accounts_remove(accounts, "77");
    expect_header(header, ERR_APPID_UNKNOWN, NULL);
    add_guest();
    accounts_reset(accounts);
    expect_header(header, ERR_APPID_UNKNOWN, NULL);
}

Test(signature, what_verified_is_held_until_it_is_released)
{
    add_guest();
    expect_header(sign_bytes("key77", GUEST_TEXT, strlen(GUEST_TEXT)), ERR_OK,
                  NULL);
    accounts_remove(accounts, "77");
    cr_expect_str_eq(sig.account->appid, "77");
    cr_expect_str_eq(account_key_id(sig.key), "id77");
    signature_release(&sig);
    cr_expect(sig.account == NULL);
    cr_expect(sig.key == NULL);
    cr_expect_eq(sig.code, ERR_OK);
    signature_release(&sig);
}

/* A thread that verifies until told to stop: the guest's signature, which must
 * be right or its appid unknown, and one of an account that stays. */
struct watcher {
    const char *guest, *resident;
    atomic_bool *stop;
    int seen, missed, wrong;
};

static void *watch(void *arg)
{
    struct watcher *w = arg;
    struct signature mine;
    struct arena own;

    arena_init(&own);
    while (!atomic_load(w->stop)) {
        enum error_code code =
            signature_verify(&mine, &own, accounts, uses, w->guest, NOW);

        w->seen += code == ERR_OK;
        w->missed += code == ERR_APPID_UNKNOWN;
        w->wrong += code != ERR_OK && code != ERR_APPID_UNKNOWN;
        /* Held for a while, as an exchange does. */
        if (mine.account)
            w->wrong += strcmp(mine.account->appid, "77") != 0;
        signature_release(&mine);
        code = signature_verify(&mine, &own, accounts, uses, w->resident, NOW);
        w->wrong += code != ERR_OK;
        signature_release(&mine);
        arena_release(&own);
    }
    return NULL;
}

Test(signature, accounts_come_and_go_while_four_threads_verify)
{
    enum { N_VISITS = 2000 };
    char guest[HEADER_CAP], resident[HEADER_CAP];
    struct watcher watchers[4];
    pthread_t threads[4];
    atomic_bool stop = false;

    snprintf(guest, sizeof(guest), "%s",
             sign_bytes("key77", GUEST_TEXT, strlen(GUEST_TEXT)));
    snprintf(resident, sizeof(resident), "%s", sign(A K E T));
    for (int i = 0; i < 4; i++) {
        watchers[i] = (struct watcher){guest, resident, &stop, 0, 0, 0};
        cr_assert_eq(pthread_create(&threads[i], NULL, watch, &watchers[i]), 0);
    }
    for (int i = 0; i < N_VISITS; i++) {
        add_guest();
        if (i % 2)
            accounts_reset(accounts);
        else
            cr_assert_eq(accounts_remove(accounts, "77"), 0);
    }
    atomic_store(&stop, true);
    for (int i = 0; i < 4; i++) {
        pthread_join(threads[i], NULL);
        cr_expect_eq(watchers[i].wrong, 0, "%d wrong, %d seen, %d missed",
                     watchers[i].wrong, watchers[i].seen, watchers[i].missed);
    }
}

/* the account */

Test(signature, an_unknown_bucket_is_16)
{
    expect_signed(A "&b=nowhere" K E T, ERR_BUCKET_UNKNOWN,
                  "b is \"nowhere\", which is not a bucket of the account");
}

Test(signature, a_bucket_of_an_account_without_buckets_is_16)
{
    const char *original = "a=1000002&b=test&k=AKIDdemo1000002" E T;

    expect_header(sign_bytes("demo-key-of-1000002", original, strlen(original)),
                  ERR_BUCKET_UNKNOWN, NULL);
}

Test(signature, an_account_in_arrears_is_3_with_the_documented_message)
{
    const char *original = "a=1000003&b=test&k=AKIDdemo1000003" E T;

    expect_header(sign_bytes("demo-key-of-1000003", original, strlen(original)),
                  ERR_BAD_REQUEST, "account abnormal,errorno is:2");
}

/* of two defects the earlier decides */

static void expect_of_two(const char *secret, const char *original,
                          enum error_code expected)
{
    expect_header(sign_bytes(secret, original, strlen(original)), expected,
                  NULL);
}

Test(signature, malformed_comes_before_unknown_appid)
{
    expect_of_two(SECRET, "a=9&k=AKIDdemo1000001&e=x" T,
                  ERR_SIGNATURE_MALFORMED);
}

Test(signature, unknown_appid_comes_before_unknown_secret_id)
{
    expect_of_two(SECRET, "a=9&k=nobody" E T, ERR_APPID_UNKNOWN);
}

Test(signature, unknown_appid_comes_before_anothers_secret_id)
{
    expect_of_two(SECRET, "a=9" K E T, ERR_APPID_UNKNOWN);
}

Test(signature, unknown_secret_id_comes_before_wrong_digest)
{
    expect_of_two("wrong", A "&k=nobody" E T, ERR_SECRET_ID_UNKNOWN);
}

Test(signature, anothers_secret_id_comes_before_wrong_digest)
{
    expect_of_two("wrong", A "&k=AKIDdemo1000002" E T, ERR_SECRET_ID_MISMATCH);
}

Test(signature, wrong_digest_comes_before_expired)
{
    expect_of_two("wrong", A K "&e=1400000000" T, ERR_SIGNATURE_WRONG);
}

Test(signature, wrong_digest_comes_before_replay)
{
    expect_signed(ONCE, ERR_OK, NULL);
    expect_of_two("wrong", ONCE, ERR_SIGNATURE_WRONG);
}

Test(signature, expired_comes_before_unknown_bucket)
{
    expect_of_two(SECRET, A "&b=nowhere" K "&e=1400000000" T,
                  ERR_SIGNATURE_EXPIRED);
}

Test(signature, replay_comes_before_unknown_bucket)
{
    expect_of_two(SECRET, "b=nowhere&" ONCE, ERR_BUCKET_UNKNOWN);
    expect_of_two(SECRET, "b=nowhere&" ONCE, ERR_REPLAY);
}

Test(signature, expired_comes_before_arrears)
{
    expect_of_two("demo-key-of-1000003",
                  "a=1000003&k=AKIDdemo1000003&e=1400000000" T,
                  ERR_SIGNATURE_EXPIRED);
}

Test(signature, unknown_bucket_comes_before_arrears)
{
    expect_of_two("demo-key-of-1000003",
                  "a=1000003&b=nowhere&k=AKIDdemo1000003" E T,
                  ERR_BUCKET_UNKNOWN);
}

/* parsing alone */

Test(signature, parsing_does_not_ask_who_signed)
{
    cr_expect_eq(signature_parse(&sig, &arena, sign("a=9&k=nobody" E T)),
                 ERR_OK);
    cr_expect(sig.account == NULL);
    cr_expect(sig.key == NULL);
    cr_expect(sig.mac != NULL);
}

/* making */

static struct signature_request ordinary_request(void)
{
    return (struct signature_request){
        .key = demo_key("AKIDdemo1000001"),
        .bucket = "test",
        .expires = 1500000100,
        .now = 1500000000,
        .rand = UINT64_MAX,
        .userid = "me",
        .fileid = "file",
    };
}

static void expect_made(const struct signature_request *request,
                        const char *original)
{
    char *value = signature_make(request);

    cr_assert(value != NULL);
    cr_expect_str_eq(value, sign(original));
    free(value);
}

Test(signature, made_text_has_the_fields_in_the_documented_order)
{
    struct signature_request request = ordinary_request();

    expect_made(&request,
                A "&b=test" K E T "&r=18446744073709551615&u=me&f=file");
}

Test(signature, absent_fields_are_left_out_of_the_made_text_but_f)
{
    struct signature_request request = ordinary_request();

    request.bucket = NULL;
    request.userid = NULL;
    request.fileid = NULL;
    request.rand = 1;
    expect_made(&request, A K E T "&r=1&f=");
}

Test(signature, a_made_signature_verifies)
{
    struct signature_request request = ordinary_request();
    char *value = signature_make(&request);

    expect_header(value, ERR_OK, NULL);
    free(value);
}

Test(signature, a_text_too_long_to_verify_is_not_made)
{
    static char userid[SIGNATURE_MAX_LEN];
    struct signature_request request = ordinary_request();

    memset(userid, 'u', sizeof(userid) - 1);
    request.userid = userid;
    cr_expect(signature_make(&request) == NULL);
}
