#include "base64.h"

#include <string.h>
#include <criterion/criterion.h>

/* RFC 4648 section 10. */
static const struct {
    const char *plain, *encoded;
} vectors[] = {
    {"", ""},
    {"f", "Zg=="},
    {"fo", "Zm8="},
    {"foo", "Zm9v"},
    {"foob", "Zm9vYg=="},
    {"fooba", "Zm9vYmE="},
    {"foobar", "Zm9vYmFy"},
};

enum { N_VECTORS = sizeof(vectors) / sizeof(*vectors), NOT_SET = 999 };

static void expect_check(const char *text, enum base64_error expected,
                         size_t expected_at)
{
    size_t at = NOT_SET;
    enum base64_error error = base64_check(text, strlen(text), &at);

    cr_expect_eq(error, expected, "\"%s\": error %d, expected %d", text,
                 (int)error, (int)expected);
    cr_expect_eq(at, expected_at, "\"%s\": at %zu, expected %zu", text, at,
                 expected_at);
}

Test(base64, vectors_of_the_rfc_encode, .timeout = 10)
{
    char out[16];

    for (size_t i = 0; i < N_VECTORS; i++) {
        size_t len = strlen(vectors[i].plain);
        size_t n = base64_encode(vectors[i].plain, len, out);

        cr_expect_str_eq(out, vectors[i].encoded);
        cr_expect_eq(n, strlen(vectors[i].encoded));
        cr_expect_eq(n, BASE64_ENCODED_LEN(len));
    }
}

Test(base64, vectors_of_the_rfc_decode, .timeout = 10)
{
    unsigned char out[16];

    for (size_t i = 0; i < N_VECTORS; i++) {
        const char *text = vectors[i].encoded;
        size_t len = strlen(text);
        size_t expected = strlen(vectors[i].plain);

        expect_check(text, BASE64_OK, NOT_SET);
        cr_expect_eq(base64_decoded_len(text, len), expected, "%s", text);
        cr_expect_eq(base64_decode(text, len, out), expected, "%s", text);
        cr_expect_eq(memcmp(out, vectors[i].plain, expected), 0, "%s", text);
    }
}

Test(base64, every_byte_survives_a_round_trip_at_every_length, .timeout = 10)
{
    unsigned char plain[256], back[256];
    char text[BASE64_ENCODED_LEN(256) + 1];

    for (int i = 0; i < 256; i++)
        plain[i] = (unsigned char)(i * 7);
    for (size_t len = 0; len <= sizeof(plain); len++) {
        size_t n = base64_encode(plain, len, text);

        cr_assert_eq(base64_check(text, n, NULL), BASE64_OK, "%zu", len);
        cr_assert_eq(base64_decode(text, n, back), len);
        cr_assert_eq(memcmp(plain, back, len), 0, "%zu", len);
    }
}

Test(base64, all_64_characters_have_their_values, .timeout = 10)
{
    static const char all[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuv"
                              "wxyz0123456789+/";
    unsigned char out[48];

    cr_assert_eq(base64_decode(all, 64, out), 48);
    for (size_t i = 0; i < 64; i++) {
        size_t bit = i * 6;
        unsigned two = (unsigned)out[bit / 8] << 8 |
                       (bit / 8 + 1 < 48 ? out[bit / 8 + 1] : 0);

        cr_expect_eq(two >> (10 - bit % 8) & 0x3f, i, "%c", all[i]);
    }
}

Test(base64, exactly_64_bytes_are_in_the_alphabet, .timeout = 10)
{
    int accepted = 0;

    for (int c = 0; c < 256; c++) {
        char text[4] = {'A', (char)c, 'A', 'A'};

        accepted += base64_check(text, sizeof(text), NULL) == BASE64_OK;
    }
    cr_expect_eq(accepted, 64);
}

Test(base64, a_foreign_byte_is_found_at_its_offset, .timeout = 10)
{
    char text[33];

    for (size_t at = 0; at < 32; at++) {
        memset(text, 'A', 32);
        text[32] = '\0';
        text[at] = '-';
        expect_check(text, BASE64_ALPHABET, at);
    }
}

Test(base64, white_space_is_foreign, .timeout = 10)
{
    expect_check("Zm9v Zm9v", BASE64_ALPHABET, 4);
    expect_check("Zm9v\nZm9v", BASE64_ALPHABET, 4);
    expect_check("Zm9v\n", BASE64_ALPHABET, 4);
    expect_check("Zg==\r\n", BASE64_ALPHABET, 4);
    expect_check(" Zm9", BASE64_ALPHABET, 0);
}

Test(base64, the_url_safe_alphabet_is_foreign, .timeout = 10)
{
    expect_check("Zm9-", BASE64_ALPHABET, 3);
    expect_check("Zm_v", BASE64_ALPHABET, 2);
}

Test(base64, a_nul_byte_is_foreign, .timeout = 10)
{
    size_t at = NOT_SET;

    cr_expect_eq(base64_check("Zm\0v", 4, &at), BASE64_ALPHABET);
    cr_expect_eq(at, 2);
}

Test(base64, a_length_that_is_no_multiple_of_four_is_refused, .timeout = 10)
{
    expect_check("Z", BASE64_LENGTH, NOT_SET);
    expect_check("Zg", BASE64_LENGTH, NOT_SET);
    expect_check("Zg=", BASE64_LENGTH, NOT_SET);
    expect_check("Zm9vY", BASE64_LENGTH, NOT_SET);
    expect_check("Zm9v=", BASE64_LENGTH, NOT_SET);
}

Test(base64, padding_in_the_wrong_place_is_refused, .timeout = 10)
{
    expect_check("Z===", BASE64_PADDING, 1);
    expect_check("====", BASE64_PADDING, 0);
    expect_check("Zg==Zg==", BASE64_PADDING, 2);
    expect_check("Zm=v", BASE64_PADDING, 2);
    expect_check("Zm9v====", BASE64_PADDING, 4);
}

Test(base64, unused_bits_that_are_set_are_refused, .timeout = 10)
{
    expect_check("Zh==", BASE64_PADDING, 1);
    expect_check("Zv==", BASE64_PADDING, 1);
    expect_check("Zm9=", BASE64_PADDING, 2);
    expect_check("Zm+=", BASE64_PADDING, 2);
}

Test(base64, decoding_writes_no_byte_past_its_result, .timeout = 10)
{
    unsigned char out[4] = {0, 0xaa, 0xaa, 0xaa};

    cr_assert_eq(base64_decode("Zg==", 4, out), 1);
    cr_expect_eq(out[0], 'f');
    cr_expect_eq(out[1], 0xaa);
}
