#include "bytes.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <criterion/criterion.h>

#include "scratch.h"

TestSuite(bytes, .timeout = 10);
TestSuite(bytes_files, .init = scratch_make, .fini = scratch_remove,
          .timeout = 10);

Test(bytes, what_is_added_ends_with_a_nul_beyond_its_length)
{
    struct bytes b = {0};

    for (int i = 0; i < 1000; i++)
        bytes_add(&b, "a\0b", 3);
    cr_expect_eq(b.len, 3000);
    cr_expect_arr_eq(b.data + 2997, "a\0b", 4);
    bytes_release(&b);
    cr_expect(b.data == NULL && b.len == 0 && b.cap == 0);
}

Test(bytes, nothing_added_to_nothing_is_an_empty_text)
{
    struct bytes b = {0};

    bytes_add(&b, NULL, 0);
    cr_expect_str_eq(b.data, "");
    bytes_release(&b);
}

Test(bytes, a_reservation_leaves_the_content)
{
    struct bytes b = {0};

    bytes_text(&b, "kept");
    bytes_reserve(&b, 100000);
    cr_expect(b.cap > 100004);
    cr_expect_eq(b.len, 4);
    cr_expect_str_eq(b.data, "kept");
    bytes_release(&b);
}

Test(bytes, formatted_text_is_added_at_the_end)
{
    struct bytes b = {0};

    bytes_text(&b, "a ");
    bytes_format(&b, "%d%s", 7, "x");
    cr_expect_str_eq(b.data, "a 7x");
    bytes_release(&b);
}

Test(bytes, filling_repeats_one_byte)
{
    struct bytes b = {0};

    bytes_fill(&b, 'x', 3);
    bytes_fill(&b, 'y', 0);
    bytes_fill(&b, '\0', 2);
    cr_expect_eq(b.len, 5);
    cr_expect_arr_eq(b.data, "xxx\0\0", 6);
    bytes_release(&b);
}

Test(bytes, what_is_dropped_in_front_moves_the_rest_up)
{
    struct bytes b = {0};

    bytes_text(&b, "abcdef");
    bytes_drop_front(&b, 2);
    cr_expect_str_eq(b.data, "cdef");
    cr_expect_eq(b.len, 4);
    bytes_drop_front(&b, 4);
    cr_expect_str_eq(b.data, "");
    cr_expect_eq(b.len, 0);
    bytes_release(&b);
}

static void expect_printable(const char *data, size_t len, const char *shown)
{
    char *text = printable(data, len);

    cr_expect_str_eq(text, shown);
    free(text);
}

Test(bytes, printable_text_keeps_line_feeds_alone_of_control_characters)
{
    expect_printable("a\r\nb\tc\0d\x7f\xc3\xa9~", 12,
                     "a\nb\\x09c\\x00d\\x7f\\xc3\\xa9~");
    expect_printable("", 0, "");
}

static void expect_base64(const char *data, size_t len, const char *encoded)
{
    struct bytes back = {0};
    char *text = base64(data, len);

    cr_expect_str_eq(text, encoded);
    cr_expect_eq(bytes_add_base64(&back, encoded), 0);
    cr_expect_eq(back.len, len);
    cr_expect_arr_eq(back.data, data, len);
    free(text);
    bytes_release(&back);
}

/* RFC 4648 section 10. */
Test(bytes, base64_goes_both_ways)
{
    expect_base64("", 0, "");
    expect_base64("f", 1, "Zg==");
    expect_base64("fo", 2, "Zm8=");
    expect_base64("foo", 3, "Zm9v");
    expect_base64("foobar", 6, "Zm9vYmFy");
    expect_base64("\0\xff\xfe\0", 4, "AP/+AA==");
}

Test(bytes, base64_is_added_after_what_is_there)
{
    struct bytes b = {0};

    bytes_text(&b, "a ");
    cr_expect_eq(bytes_add_base64(&b, "Zm8="), 0);
    cr_expect_str_eq(b.data, "a fo");
    cr_expect_eq(b.len, 4);
    bytes_release(&b);
}

static void expect_no_base64(const char *text)
{
    struct bytes b = {0};

    bytes_text(&b, "a");
    cr_expect_eq(bytes_add_base64(&b, text), -1, "%s", text);
    cr_expect_str_eq(b.data, "a", "%s", text);
    cr_expect_eq(b.len, 1, "%s", text);
    bytes_release(&b);
}

Test(bytes, what_is_no_strict_base64_adds_nothing)
{
    expect_no_base64("Zg");  /* no padding */
    expect_no_base64("Zg="); /* too little */
    expect_no_base64("Zm9v====");
    expect_no_base64("Zg==Zg=="); /* padding within */
    expect_no_base64("=Zg=");
    expect_no_base64("====");
    expect_no_base64("Zh=="); /* bits that belong to no byte */
    expect_no_base64(" Zg==");
    expect_no_base64("Zg==\n");
    expect_no_base64("Zm9v\nZm9v");
    expect_no_base64("Zm-_"); /* the other alphabet */
    expect_no_base64("Zm9\x80");
}

/* FIPS 180-4: the digest of "abc". */
Test(bytes, a_sha256_is_in_lower_case_hex)
{
    char *text = sha256_hex("abc", 3);

    cr_expect_str_eq(text, "ba7816bf8f01cfea414140de5dae2223"
                           "b00361a396177a9cb410ff61f20015ad");
    free(text);
}

Test(bytes, a_formatted_string_is_as_long_as_it_needs)
{
    char *text = format("%s%0500d", "x", 7);

    cr_expect_eq(strlen(text), 501);
    cr_expect_str_eq(text + 499, "07");
    free(text);
}

Test(bytes_files, a_file_is_read_whole)
{
    struct bytes b = {0};
    struct bytes content = {0};

    bytes_fill(&content, 'x', 200000);
    scratch_write("file", content.data);
    bytes_text(&b, "before ");
    cr_expect_eq(bytes_read_file(&b, "file"), 0);
    cr_expect_eq(b.len, 200007);
    cr_expect_str_eq(b.data + 7, content.data);
    bytes_release(&b);
    bytes_release(&content);
}

Test(bytes_files, an_empty_file_gives_an_empty_text)
{
    struct bytes b = {0};

    scratch_write("file", "");
    cr_expect_eq(bytes_read_file(&b, "file"), 0);
    cr_assert(b.data != NULL);
    cr_expect_str_eq(b.data, "");
    bytes_release(&b);
}

Test(bytes_files, a_file_that_cannot_be_read_says_why)
{
    struct bytes b = {0};

    cr_expect_eq(bytes_read_file(&b, "no-such-file"), -1);
    cr_expect_eq(errno, ENOENT);
    cr_expect_eq(bytes_read_file(&b, "."), -1);
    cr_expect_eq(errno, EISDIR);
    bytes_release(&b);
}
