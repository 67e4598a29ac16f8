#include "media.h"

#include <stdlib.h>
#include <string.h>
#include <criterion/criterion.h>
#include "support.h"

static const struct {
    enum media_type type;
    size_t len;
    const char *head;
} heads[] = {
    {MEDIA_JPEG, 3, "\xff\xd8\xff"},
    {MEDIA_PNG, 8, "\x89PNG\r\n\x1a\n"},
    {MEDIA_GIF, 6, "GIF87a"},
    {MEDIA_GIF, 6, "GIF89a"},
    {MEDIA_BMP, 2, "BM"},
    {MEDIA_WEBP, 12, "RIFF\x10\0\0\0WEBP"},
    {MEDIA_MP4, 8,
     "\0\0\0\x18"
     "ftyp"},
    {MEDIA_FLV, 4, "FLV\x01"},
    {MEDIA_MKV, 4, "\x1a\x45\xdf\xa3"},
    {MEDIA_AVI, 12, "RIFF\x10\0\0\0AVI "},
};

static enum media_type sniff(const char *head, size_t len)
{
    /* Of that size exactly, so that a sanitizer sees a byte too much. */
    unsigned char *copy = malloc(len ? len : 1);
    enum media_type type;

    cr_assert(copy != NULL);
    memcpy(copy, head, len);
    type = media_sniff(copy, len);
    free(copy);
    return type;
}

Test(media, each_type_is_told_by_its_first_bytes, .timeout = 10)
{
    for (size_t i = 0; i < LENGTH(heads); i++)
        cr_expect_eq(sniff(heads[i].head, heads[i].len), heads[i].type,
                     "row %zu", i);
}

Test(media, one_byte_less_is_unknown, .timeout = 10)
{
    for (size_t i = 0; i < LENGTH(heads); i++) {
        for (size_t len = 0; len < heads[i].len; len++)
            cr_expect_eq(sniff(heads[i].head, len), MEDIA_UNKNOWN,
                         "row %zu cut to %zu", i, len);
    }
}

Test(media, any_wrong_byte_of_the_magic_is_unknown, .timeout = 10)
{
    for (size_t i = 0; i < LENGTH(heads); i++) {
        for (size_t at = 0; at < heads[i].len; at++) {
            char head[16] = {0};
            bool size_byte = (heads[i].type == MEDIA_MP4 && at < 4) ||
                             (heads[i].len == 12 && at >= 4 && at < 8);

            memcpy(head, heads[i].head, heads[i].len);
            head[at] ^= 0x20;
            cr_expect_eq(sniff(head, heads[i].len),
                         size_byte ? heads[i].type : MEDIA_UNKNOWN,
                         "row %zu byte %zu", i, at);
        }
    }
}

Test(media, what_follows_the_magic_does_not_matter, .timeout = 10)
{
    cr_expect_eq(sniff("GIF89aGIF", 9), MEDIA_GIF);
    cr_expect_eq(sniff("\xff\xd8\xffGIF89a", 9), MEDIA_JPEG);
    cr_expect_eq(sniff(" GIF89a", 7), MEDIA_UNKNOWN);
}

Test(media, nothing_is_unknown, .timeout = 10)
{
    cr_expect_eq(media_sniff(NULL, 0), MEDIA_UNKNOWN);
}

Test(media, every_type_has_a_name_of_its_own, .timeout = 10)
{
    cr_expect_str_eq(media_type_name(MEDIA_UNKNOWN),
                     "application/octet-stream");
    cr_expect_str_eq(media_type_name(MEDIA_GIF), "image/gif");
    for (int a = 0; a < MEDIA__COUNT; a++) {
        cr_assert(media_type_name((enum media_type)a) != NULL);
        for (int b = 0; b < a; b++)
            cr_expect_str_neq(media_type_name((enum media_type)a),
                              media_type_name((enum media_type)b));
    }
}
