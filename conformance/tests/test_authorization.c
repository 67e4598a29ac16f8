#include "authorization.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <criterion/criterion.h>
#include <openssl/hmac.h>

#include "bytes.h"
#include "json_of.h"

TestSuite(authorization, .timeout = 10);

static const struct credentials own = {
    .appid = "1000001",
    .bucket = "photos",
    .secret_id = "own-id",
    .secret_key = "own key",
};

static const struct credentials other = {
    .appid = "1000002",
    .secret_id = "other-id",
    .secret_key = "other key",
};

static const struct signing_case with = {
    .own = &own, .other = &other, .previous = "the one before"};

/* The value that a member `signature` makes; NULL: there is no member. */
static char *made(const char *signature)
{
    json_t *member = signature ? json_of(signature) : NULL;
    char *value = authorization_make(member, &with);

    json_decref(member);
    return value;
}

static void expect_made(const char *signature, const char *expected)
{
    char *value = made(signature);

    cr_assert(value != NULL, "%s", signature);
    cr_expect_str_eq(value, expected, "%s: %s", signature, value);
    free(value);
}

/* The bytes that the value of `signature` is Base64 of. */
static struct bytes decoded(const char *signature)
{
    struct bytes bytes = {0};
    char *value = made(signature);

    cr_assert(value != NULL, "%s", signature);
    cr_assert_eq(bytes_add_base64(&bytes, value), 0, "%s", value);
    free(value);
    return bytes;
}

/* Is it digest and text, as they should be? */
static void expect_text(const char *signature, const char *text)
{
    struct bytes bytes = decoded(signature);
    unsigned char digest[SHA1_LEN];

    cr_assert(bytes.len > SHA1_LEN);
    cr_expect_str_eq(bytes.data + SHA1_LEN, text, "%s: %s", signature,
                     bytes.data + SHA1_LEN);
    sign_digest(own.secret_key, bytes.data + SHA1_LEN, digest);
    cr_expect_arr_eq(bytes.data, digest, SHA1_LEN);
    bytes_release(&bytes);
}

/* A text that leaves nothing to chance. */
#define FIXED "\"text\":\"a=1&k=2\""

static void expect_filled(const char *text, const char *expected)
{
    char *filled = fill_in_names(text, &with);

    cr_expect_str_eq(filled, expected);
    free(filled);
}

Test(authorization, names_stand_for_those_of_the_account)
{
    expect_filled("${appid}/${bucket}/${secret_id}", "1000001/photos/own-id");
    expect_filled("${other.appid} ${other.secret_id}", "1000002 other-id");
    expect_filled("<${other.bucket}>", "<>");
}

Test(authorization, names_that_stand_for_nothing_stay)
{
    expect_filled("${secret_key} ${app} ${other.} ${ $ {appid} ${appid",
                  "${secret_key} ${app} ${other.} ${ $ {appid} ${appid");
    expect_filled("", "");
}

Test(authorization, names_of_another_account_stay_where_there_is_none)
{
    struct signing_case alone = {.own = &own};
    char *filled = fill_in_names("${other.appid}", &alone);

    cr_expect_str_eq(filled, "${other.appid}");
    free(filled);
}

/* The value of a field of the text; the test fails when it has none. */
static long long field_of(const char *text, const char *name)
{
    const char *at = strstr(text, name);

    cr_assert(at != NULL, "%s: no %s", text, name);
    return strtoll(at + strlen(name), NULL, 10);
}

Test(authorization, a_good_one_has_every_field_in_order_and_is_valid_now)
{
    struct bytes bytes = decoded(NULL);
    const char *text = bytes.data + SHA1_LEN;
    long long now = (long long)time(NULL);
    char *expected = format(
        "a=1000001&b=photos&k=own-id&e=%lld&t=%lld&r=%lld&u=0&f=",
        field_of(text, "&e="), field_of(text, "&t="), field_of(text, "&r="));

    cr_expect_str_eq(text, expected);
    cr_expect(llabs(field_of(text, "&t=") - now) <= 5);
    cr_expect(field_of(text, "&e=") > now + 60);
    free(expected);
    bytes_release(&bytes);
}

Test(authorization, two_have_different_random_numbers)
{
    struct bytes one = decoded("{}"), two = decoded("{}");

    cr_expect_neq(field_of(one.data + SHA1_LEN, "&r="),
                  field_of(two.data + SHA1_LEN, "&r="));
    bytes_release(&one);
    bytes_release(&two);
}

Test(authorization, an_account_without_buckets_signs_without_one)
{
    struct signing_case bucketless = {.own = &other};
    char *value = authorization_make(NULL, &bucketless);
    struct bytes bytes = {0};

    cr_assert_eq(bytes_add_base64(&bytes, value), 0);
    cr_expect(strncmp(bytes.data + SHA1_LEN, "a=1000002&k=other-id&e=", 23) ==
              0);
    free(value);
    bytes_release(&bytes);
}

Test(authorization, null_is_none_and_a_text_is_itself)
{
    cr_expect(made("null") == NULL);
    expect_made("\"x ${appid}\"", "x 1000001");
    expect_made("\"\"", "");
}

Test(authorization, fields_are_replaced_added_and_left_out)
{
    expect_text("{\"fields\":{\"a\":\"9\",\"b\":null,\"k\":\"${other.secret_id}"
                "\",\"e\":7,\"t\":8,\"r\":\"x\",\"u\":null,\"f\":null,"
                "\"z\":\"1\",\"long\":\"2\"}}",
                "a=9&k=other-id&e=7&t=8&r=x&z=1&long=2");
}

Test(authorization, a_field_may_be_a_time_from_now)
{
    struct bytes bytes = decoded("{\"fields\":{\"t\":\"now\",\"e\":\"now-10\","
                                 "\"r\":\"now+60\",\"u\":\"now and then\"}}");
    const char *text = bytes.data + SHA1_LEN;
    long long now = field_of(text, "&t=");

    cr_expect(llabs(now - (long long)time(NULL)) <= 5);
    cr_expect_eq(field_of(text, "&e="), now - 10);
    cr_expect_eq(field_of(text, "&r="), now + 60);
    cr_expect(strstr(text, "&u=now and then&") != NULL);
    bytes_release(&bytes);
}

#define NUMBERS "\"fields\":{\"e\":2,\"t\":1,\"r\":3,\"z\":4}"

Test(authorization, an_order_leaves_out_what_it_does_not_name)
{
    expect_text("{" NUMBERS ",\"order\":\"ftka\"}",
                "f=&t=1&k=own-id&a=1000001");
    expect_text("{" NUMBERS ",\"order\":\"az\"}", "a=1000001&z=4");
}

Test(authorization, fields_can_come_twice)
{
    expect_text("{" NUMBERS ",\"order\":\"ar\",\"repeat\":[\"a\",\"r\"]}",
                "a=1000001&r=3&a=1000001&r=3");
}

Test(authorization, text_is_put_in_place_of_the_fields_or_after_them)
{
    expect_text("{\"text\":\"a=${appid}\"}", "a=1000001");
    expect_text("{\"text\":\"a=1\",\"append\":\"&x=2\"}", "a=1&x=2");
    expect_text("{" NUMBERS ",\"order\":\"a\",\"append\":\"&x\"}",
                "a=1000001&x");
}

static void expect_key(const char *signature, const char *key, bool same)
{
    struct bytes bytes = decoded(signature);
    unsigned char digest[SHA1_LEN];

    sign_digest(key, bytes.data + SHA1_LEN, digest);
    cr_expect_eq(memcmp(bytes.data, digest, SHA1_LEN) == 0, same, "%s",
                 signature);
    bytes_release(&bytes);
}

Test(authorization, another_key_can_sign)
{
    expect_key("{\"key\":\"other\"}", other.secret_key, true);
    expect_key("{\"key\":\"secret_id\"}", own.secret_id, true);
    expect_key("{\"key\":\"wrong\"}", own.secret_key, false);
    expect_key("{}", own.secret_key, true);
}

/* Digest and text, put together as `digest` says. */
static void expect_joined(const char *digest, const void *expected, size_t len)
{
    char *signature = format("{" FIXED ",\"digest\":\"%s\"}", digest);
    struct bytes bytes = decoded(signature);

    cr_assert_eq(bytes.len, len, "%s", digest);
    cr_expect_arr_eq(bytes.data, expected, len, "%s", digest);
    bytes_release(&bytes);
    free(signature);
}

Test(authorization, a_digest_can_be_of_another_make)
{
    unsigned char sha1[SHA1_LEN + 7], sha256[32 + 7], of_encoded[SHA1_LEN + 7];
    struct bytes hex = {0};

    sign_digest(own.secret_key, "a=1&k=2", sha1);
    sign_digest(own.secret_key, "a%3D1%26k%3D2", of_encoded);
    memcpy(of_encoded + SHA1_LEN, "a=1&k=2", 7);
    HMAC(EVP_sha256(), own.secret_key, 7, (const unsigned char *)"a=1&k=2", 7,
         sha256, NULL);
    memcpy(sha256 + 32, "a=1&k=2", 7);
    for (size_t i = 0; i < SHA1_LEN; i++)
        bytes_format(&hex, "%02x", sha1[i]);
    bytes_text(&hex, "a=1&k=2");
    expect_joined("sha256", sha256, 39);
    expect_joined("of-encoded", of_encoded, 27);
    expect_joined("hex", hex.data, 47);
    bytes_release(&hex);
}

Test(authorization, a_digest_can_be_damaged_or_misplaced)
{
    unsigned char value[SHA1_LEN + 7], moved[SHA1_LEN + 7];

    sign_digest(own.secret_key, "a=1&k=2", value);
    memcpy(value + SHA1_LEN, "a=1&k=2", 7);
    memcpy(moved, "a=1&k=2", 7);
    memcpy(moved + 7, value, SHA1_LEN);
    expect_joined("last", moved, 27);
    expect_joined("only", value, SHA1_LEN);
    expect_joined("none", "a=1&k=2", 7);
    memmove(moved, value, 19);
    memcpy(moved + 19, "a=1&k=2", 7);
    expect_joined("short", moved, 26);
    value[19] ^= 1;
    expect_joined("flipped", value, 27);
}

/* What the encoding makes of "a=1&k=2" alone, YT0xJms9Mg== in Base64. */
static void expect_encoded(const char *encoding, const char *expected)
{
    char *signature =
        format("{" FIXED ",\"digest\":\"none\",\"encoding\":\"%s\"}", encoding);

    expect_made(signature, expected);
    free(signature);
}

Test(authorization, an_encoding_can_be_another)
{
    expect_encoded("none", "a=1&k=2");
    expect_encoded("unpadded", "YT0xJms9Mg");
    expect_encoded("twice", "WVQweEptczlNZz09");
    expect_encoded("percent", "YT0xJms9Mg%3D%3D");
}

Test(authorization, lines_of_64_characters_have_blanks_between)
{
    struct bytes text = {0};
    char *signature, *plain, *expected;

    bytes_fill(&text, 'x', 110);
    signature = format("{\"text\":\"%s\",\"digest\":\"none\","
                       "\"encoding\":\"lines\"}",
                       text.data);
    plain = base64(text.data, text.len);
    expected = format("%.64s %.64s %s", plain, plain + 64, plain + 128);
    expect_made(signature, expected);
    free(signature);
    free(plain);
    free(expected);
    bytes_release(&text);
}

Test(authorization, lines_of_nothing_are_nothing)
{
    expect_made("{\"text\":\"\",\"digest\":\"none\",\"encoding\":\"lines\"}",
                "");
}

/* With chance alone some would be as good ones are. */
Test(authorization, an_encoding_always_makes_a_difference)
{
    for (int i = 0; i < 200; i++) {
        char *safe = made("{\"encoding\":\"url-safe\"}");
        char *blank = made("{\"encoding\":\"plus-as-blank\"}");
        char *short_one = made("{\"encoding\":\"unpadded\"}");

        cr_assert(strpbrk(safe, "-_") && !strpbrk(safe, "+/"), "%s", safe);
        cr_assert(strchr(blank, ' ') && !strchr(blank, '+'), "%s", blank);
        cr_assert(strlen(short_one) % 4 != 0, "%s", short_one);
        free(safe);
        free(blank);
        free(short_one);
    }
}

Test(authorization, a_value_can_be_wrapped_and_cut)
{
    expect_made("{" FIXED ",\"digest\":\"none\",\"prefix\":\"<\","
                "\"suffix\":\">\"}",
                "<YT0xJms9Mg==>");
    expect_made("{" FIXED ",\"digest\":\"none\",\"cut\":5,\"suffix\":\".\"}",
                "YT0xJ.");
    expect_made("{" FIXED ",\"digest\":\"none\",\"cut\":500}", "YT0xJms9Mg==");
}

Test(authorization, that_of_the_step_before_can_be_used_again)
{
    expect_made("{\"reuse\":true}", "the one before");
}
