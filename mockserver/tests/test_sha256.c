#include "sha256.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <criterion/criterion.h>

/* Well past two of the gatherings of 256 bytes. */
enum { LONGEST = 600, HEX_LEN = 2 * SHA256_LEN };

/* NIST's examples for FIPS 180. */
#define OF_NOTHING                                                             \
    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
#define OF_ABC                                                                 \
    "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
#define OF_TWO_BLOCKS                                                          \
    "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"
#define OF_A_MILLION_A                                                         \
    "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0"

static struct sha256 *hash;
static unsigned char bytes[3 * LONGEST];

static void begin(void)
{
    for (size_t i = 0; i < sizeof(bytes); i++)
        bytes[i] = (unsigned char)(i * 7 + i / 256);
    hash = sha256_new();
    cr_assert(hash != NULL);
}

static void end(void)
{
    sha256_free(hash);
}

TestSuite(sha256, .init = begin, .fini = end, .timeout = 10);

static void add(const void *data, size_t len)
{
    cr_assert_eq(sha256_add(hash, data, len), 0, "%zu bytes", len);
}

static void add_bytewise(const unsigned char *data, size_t len)
{
    for (size_t i = 0; i < len; i++)
        add(data + i, 1);
}

/* The digest of what was added, and begins anew. */
static void take(unsigned char digest[SHA256_LEN])
{
    cr_assert_eq(sha256_final(hash, digest), 0);
    cr_assert_eq(sha256_reset(hash), 0);
}

static void expect_digest(const char *expected)
{
    unsigned char digest[SHA256_LEN];
    char hex[HEX_LEN + 1];

    take(digest);
    for (size_t i = 0; i < SHA256_LEN; i++)
        snprintf(hex + 2 * i, 3, "%02x", digest[i]);
    cr_expect_str_eq(hex, expected);
}

/* That of the first bytes, given in one piece. */
static void take_whole(size_t len, unsigned char digest[SHA256_LEN])
{
    add(bytes, len);
    take(digest);
}

static bool is_same(const unsigned char *a, const unsigned char *b)
{
    return memcmp(a, b, SHA256_LEN) == 0;
}

/* known digests */

Test(sha256, nothing_has_its_digest)
{
    expect_digest(OF_NOTHING);
    add("", 0);
    expect_digest(OF_NOTHING);
}

Test(sha256, the_examples_have_their_digests)
{
    add("abc", 3);
    expect_digest(OF_ABC);
    add("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq", 56);
    expect_digest(OF_TWO_BLOCKS);
}

Test(sha256, a_million_in_pieces_of_any_length_has_its_digest)
{
    static const size_t pieces[] = {1, 64, 100, 250, 256, 1000};
    char a[1000];

    memset(a, 'a', sizeof(a));
    for (size_t i = 0; i < sizeof(pieces) / sizeof(pieces[0]); i++) {
        size_t left = 1000000;

        while (left > 0) {
            size_t n = left < pieces[i] ? left : pieces[i];

            add(a, n);
            left -= n;
        }
        expect_digest(OF_A_MILLION_A);
    }
}

/* pieces */

Test(sha256, byte_by_byte_is_as_whole_at_every_length)
{
    unsigned char whole[SHA256_LEN], bytewise[SHA256_LEN];

    for (size_t len = 0; len <= LONGEST; len++) {
        take_whole(len, whole);
        add_bytewise(bytes, len);
        take(bytewise);
        cr_assert(is_same(whole, bytewise), "%zu bytes", len);
    }
}

Test(sha256, split_at_every_offset_is_as_whole)
{
    unsigned char whole[SHA256_LEN], split[SHA256_LEN];

    for (size_t len = 0; len <= LONGEST; len++) {
        take_whole(len, whole);
        for (size_t at = 0; at <= len; at++) {
            add(bytes, at);
            add(bytes + at, len - at);
            take(split);
            cr_assert(is_same(whole, split), "%zu of %zu bytes", at, len);
        }
    }
}

/* A large piece must not overtake the small ones that wait, and leaves none
 * behind for those that follow. */
Test(sha256, small_large_small_stay_in_order)
{
    unsigned char whole[SHA256_LEN], pieces[SHA256_LEN];

    for (size_t large = 254; large <= 258; large++) {
        for (size_t small = 1; small <= 300; small++) {
            take_whole(small + large + small, whole);
            add(bytes, small);
            add(bytes + small, large);
            add(bytes + small + large, small);
            take(pieces);
            cr_assert(is_same(whole, pieces), "%zu, %zu, %zu bytes", small,
                      large, small);
        }
    }
}

/* beginning anew */

Test(sha256, a_reset_in_between_forgets_what_came)
{
    for (size_t len = 0; len <= LONGEST; len++) {
        add(bytes, len);
        add(bytes, 1);
        cr_assert_eq(sha256_reset(hash), 0);
        add("abc", 3);
        expect_digest(OF_ABC);
    }
}

Test(sha256, two_at_once_know_nothing_of_each_other)
{
    struct sha256 *other = sha256_new();
    unsigned char digest[SHA256_LEN], expected[SHA256_LEN];

    cr_assert(other != NULL);
    take_whole(LONGEST, expected);
    for (size_t i = 0; i < LONGEST; i++) {
        cr_assert_eq(sha256_add(other, bytes + i, 1), 0);
        if (i < 3)
            add(&"abc"[i], 1);
    }
    expect_digest(OF_ABC);
    cr_assert_eq(sha256_final(other, digest), 0);
    cr_expect(is_same(digest, expected));
    sha256_free(other);
}
