#include "signer.h"

#include <stdlib.h>
#include <string.h>
#include <criterion/criterion.h>

#include "bytes.h"

TestSuite(signer, .timeout = 10);

/* The published vectors of fixtures/signatures/vectors.json. No id or key in
 * one piece: they are examples, but look like secrets. */
#define ID_1                                                                   \
    "AKIDnX91172Bs2NK"                                                         \
    "4SP9Ad9JDVYpm7Lx2Nek"
#define KEY_1                                                                  \
    "oHL5srXW3Fkn8xtu"                                                         \
    "gG0BDhUfOOsC9DAd"
#define ID_2                                                                   \
    "AKIDgaoOYh2kOmJf"                                                         \
    "WVdH4lpfxScG2zPLPGoK"
#define KEY_2                                                                  \
    "nwOKDouy5JctNOln"                                                         \
    "ere4gkVoOUz5EYAb"

static void expect_value(const char *key, const char *text,
                         const char *expected)
{
    char *value = sign_text(key, text);

    cr_expect_str_eq(value, expected);
    free(value);
}

static void expect_beginning(const char *key, const char *text,
                             const char *expected)
{
    char *value = sign_text(key, text);

    cr_expect(strncmp(value, expected, strlen(expected)) == 0, "%s", value);
    free(value);
}

Test(signer, a_signature_without_random_number_is_the_published_one)
{
    expect_value(KEY_1,
                 "a=1000027&b=test333&k=" ID_1 "&t=1466393489&e=1466393499",
                 "xBx0lpW/tdIr1vfksAt3GpfXo9phPTEwMDAwMjcmYj10ZXN0"
                 "MzMzJms9QUtJRG5YOTExNzJCczJOSzRTUDlBZDlKRFZZcG03"
                 "THgyTmVrJnQ9MTQ2NjM5MzQ4OSZlPTE0NjYzOTM0OTk=");
}

Test(signer, a_signature_with_every_field_is_the_published_one)
{
    expect_value(KEY_2,
                 "a=1252821871&b=tencentyun&k=" ID_2
                 "&e=1438669115&t=1436077115&r=11162&u=0&f=",
                 "p2Y5iIYyBmQNfUvPe3e1sxEN/rZhPTEyNTI4MjE4NzEmYj10"
                 "ZW5jZW50eXVuJms9QUtJRGdhb09ZaDJrT21KZldWZEg0bHBm"
                 "eFNjRzJ6UExQR29LJmU9MTQzODY2OTExNSZ0PTE0MzYwNzcx"
                 "MTUmcj0xMTE2MiZ1PTAmZj0=");
}

Test(signer, a_signature_for_a_file_begins_as_the_published_one)
{
    expect_beginning(KEY_2,
                     "a=1252821871&b=tencentyun&k=" ID_2
                     "&e=1438669115&t=1436077115&r=11162&u=0"
                     "&f=tencentyunSignTest",
                     "Tt9IYBG4j1TpO/9M6M9TokVJrKhhPTEyNTI4MjE4NzEm");
    expect_beginning(KEY_2,
                     "a=1252821871&b=tencentyun&k=" ID_2
                     "&e=0&t=1436077115&r=11162&u=0&f=tencentyunSignTest",
                     "ewXflzgpQON2bmrX6uJ5Yr0zuOphPTEyNTI4MjE4NzEm");
}

/* RFC 2202 section 3, cases 2 and 6: a short key, and one that is longer than
 * a block of the hash. */
Test(signer, a_digest_is_hmac_sha1)
{
    static const unsigned char of_short_key[] = {
        0xef, 0xfc, 0xdf, 0x6a, 0xe5, 0xeb, 0x2f, 0xa2, 0xd2, 0x74,
        0x16, 0xd5, 0xf1, 0x84, 0xdf, 0x9c, 0x25, 0x9a, 0x7c, 0x79};
    static const unsigned char of_long_key[] = {
        0xaa, 0x4a, 0xe5, 0xe1, 0x52, 0x72, 0xd0, 0x0e, 0x95, 0x70,
        0x56, 0x37, 0xce, 0x8a, 0x3b, 0x55, 0xed, 0x40, 0x21, 0x12};
    unsigned char digest[SHA1_LEN];
    char key[81];

    sign_digest("Jefe", "what do ya want for nothing?", digest);
    cr_expect_arr_eq(digest, of_short_key, SHA1_LEN);
    memset(key, 0xaa, 80);
    key[80] = '\0';
    sign_digest(key, "Test Using Larger Than Block-Size Key - Hash Key First",
                digest);
    cr_expect_arr_eq(digest, of_long_key, SHA1_LEN);
}

Test(signer, a_value_is_the_digest_and_then_the_text)
{
    unsigned char digest[SHA1_LEN];
    struct bytes value = {0};
    char *text = sign_text("key", "a=1&b=2");

    sign_digest("key", "a=1&b=2", digest);
    cr_assert_eq(bytes_add_base64(&value, text), 0);
    cr_assert_eq(value.len, SHA1_LEN + 7);
    cr_expect_arr_eq(value.data, digest, SHA1_LEN);
    cr_expect_str_eq(value.data + SHA1_LEN, "a=1&b=2");
    free(text);
    bytes_release(&value);
}
