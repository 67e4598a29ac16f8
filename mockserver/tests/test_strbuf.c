#include "strbuf.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <criterion/criterion.h>

/* Under AddressSanitizer realloc() returns NULL for a huge length only when
 * told to. Each test is a process of its own that inherits the environment. */
__attribute__((constructor)) static void let_realloc_fail(void)
{
    setenv("ASAN_OPTIONS", "allocator_may_return_null=1", 0);
}

static void expect_content(const struct strbuf *sb, const char *bytes,
                           size_t len)
{
    cr_assert_eq(sb->len, len, "length %zu, expected %zu: %s", sb->len, len,
                 sb->buf);
    /* The NUL after the content is compared too. */
    cr_expect_eq(memcmp(sb->buf, bytes, len + 1), 0, "content is %s", sb->buf);
}

static void expect_text(const struct strbuf *sb, const char *text)
{
    expect_content(sb, text, strlen(text));
}

static void expect_json(const char *s, size_t len, const char *json)
{
    struct strbuf sb;

    strbuf_init(&sb, 4096);
    cr_expect_eq(strbuf_add_json(&sb, s, len), 0);
    expect_text(&sb, json);
    strbuf_release(&sb);
}

Test(strbuf, new_buffer_is_the_empty_string, .timeout = 10)
{
    struct strbuf sb;

    strbuf_init(&sb, 10);
    expect_text(&sb, "");
    cr_expect_not(sb.failed);
    cr_expect_eq(sb.cap, 0);
    strbuf_release(&sb);
}

Test(strbuf, additions_follow_one_another, .timeout = 10)
{
    struct strbuf sb;

    strbuf_init(&sb, 100);
    cr_expect_eq(strbuf_add(&sb, "ab", 2), 0);
    cr_expect_eq(strbuf_addstr(&sb, "cd"), 0);
    cr_expect_eq(strbuf_addch(&sb, 'e'), 0);
    cr_expect_eq(strbuf_addf(&sb, "%d%s", 12, "f"), 0);
    expect_text(&sb, "abcde12f");
    strbuf_release(&sb);
}

Test(strbuf, nul_bytes_are_content, .timeout = 10)
{
    struct strbuf sb;

    strbuf_init(&sb, 100);
    cr_expect_eq(strbuf_add(&sb, "a\0b", 3), 0);
    cr_expect_eq(strbuf_addch(&sb, '\0'), 0);
    expect_content(&sb, "a\0b\0", 4);
    strbuf_release(&sb);
}

Test(strbuf, adding_nothing_allocates_nothing, .timeout = 10)
{
    struct strbuf sb;

    strbuf_init(&sb, 0);
    cr_expect_eq(strbuf_add(&sb, NULL, 0), 0);
    cr_expect_eq(strbuf_addstr(&sb, ""), 0);
    cr_expect_eq(sb.cap, 0);
    cr_expect_not(sb.failed);
    strbuf_release(&sb);
}

Test(strbuf, grows_over_many_additions, .timeout = 10)
{
    struct strbuf sb;

    strbuf_init(&sb, 100000);
    for (int i = 0; i < 100000; i++)
        cr_assert_eq(strbuf_addch(&sb, (char)('a' + i % 26)), 0, "byte %d", i);
    for (int i = 0; i < 100000; i++)
        cr_assert_eq(sb.buf[i], 'a' + i % 26, "byte %d", i);
    cr_expect_eq(sb.buf[100000], '\0');
    strbuf_release(&sb);
}

Test(strbuf, memory_stays_within_the_cap, .timeout = 10)
{
    struct strbuf sb;

    strbuf_init(&sb, 70);
    for (int i = 0; i < 70; i++)
        cr_assert_eq(strbuf_addch(&sb, 'x'), 0);
    cr_expect_leq(sb.cap, 71);
    strbuf_release(&sb);
}

Test(strbuf, length_of_exactly_max_is_allowed, .timeout = 10)
{
    struct strbuf sb;

    strbuf_init(&sb, 5);
    cr_expect_eq(strbuf_addstr(&sb, "12345"), 0);
    expect_text(&sb, "12345");
    cr_expect_not(sb.failed);
    strbuf_release(&sb);
}

Test(strbuf, one_byte_over_max_is_refused_whole, .timeout = 10)
{
    struct strbuf sb;

    strbuf_init(&sb, 5);
    cr_expect_eq(strbuf_addstr(&sb, "123"), 0);
    cr_expect_eq(strbuf_addstr(&sb, "456"), -1);
    expect_text(&sb, "123");
    cr_expect(sb.failed);
    strbuf_release(&sb);
}

Test(strbuf, refused_addch_leaves_the_content, .timeout = 10)
{
    struct strbuf sb;

    strbuf_init(&sb, 1);
    cr_expect_eq(strbuf_addch(&sb, 'a'), 0);
    cr_expect_eq(strbuf_addch(&sb, 'b'), -1);
    expect_text(&sb, "a");
    strbuf_release(&sb);
}

Test(strbuf, cap_of_zero_refuses_the_first_byte, .timeout = 10)
{
    struct strbuf sb;

    strbuf_init(&sb, 0);
    cr_expect_eq(strbuf_addch(&sb, 'a'), -1);
    expect_text(&sb, "");
    strbuf_release(&sb);
}

Test(strbuf, failed_stays_set_after_a_later_success, .timeout = 10)
{
    struct strbuf sb;

    strbuf_init(&sb, 4);
    cr_expect_eq(strbuf_addstr(&sb, "too long"), -1);
    cr_expect_eq(strbuf_addstr(&sb, "ok"), 0);
    expect_text(&sb, "ok");
    cr_expect(sb.failed);
    strbuf_release(&sb);
}

Test(strbuf, lengths_that_would_wrap_are_refused, .timeout = 10)
{
    struct strbuf sb;

    strbuf_init(&sb, SIZE_MAX);
    cr_expect_eq(strbuf_add(&sb, "", SIZE_MAX), -1);
    cr_expect_eq(strbuf_addch(&sb, 'a'), 0);
    cr_expect_eq(strbuf_add(&sb, "", SIZE_MAX), -1);
    cr_expect_eq(strbuf_add(&sb, "", SIZE_MAX - 1), -1);
    expect_text(&sb, "a");
    strbuf_release(&sb);
}

Test(strbuf, exhausted_heap_leaves_the_content, .timeout = 10)
{
    struct strbuf sb;

    strbuf_init(&sb, SIZE_MAX);
    cr_expect_eq(strbuf_addstr(&sb, "kept"), 0);
    cr_expect_eq(strbuf_add(&sb, "", PTRDIFF_MAX / 2), -1);
    expect_text(&sb, "kept");
    cr_expect(sb.failed);
    strbuf_release(&sb);
}

Test(strbuf, addf_fills_the_room_exactly, .timeout = 10)
{
    for (int width = 1; width < 200; width++) {
        struct strbuf sb;
        strbuf_init(&sb, 1000);
        cr_assert_eq(strbuf_addch(&sb, 'a'), 0);
        cr_assert_eq(strbuf_addf(&sb, "%*d", width, 7), 0);
        cr_assert_eq(strbuf_addch(&sb, 'z'), 0);
        cr_assert_eq(sb.len, (size_t)width + 2);
        cr_assert_eq(sb.buf[width], '7', "width %d", width);
        cr_assert_eq(strlen(sb.buf), sb.len, "width %d", width);
        strbuf_release(&sb);
    }
}

Test(strbuf, refused_addf_leaves_the_content, .timeout = 10)
{
    struct strbuf sb;

    strbuf_init(&sb, 10);
    cr_expect_eq(strbuf_addstr(&sb, "12345"), 0);
    cr_expect_eq(strbuf_addf(&sb, "%06d", 1), -1);
    expect_text(&sb, "12345");
    cr_expect(sb.failed);
    cr_expect_eq(strbuf_addf(&sb, "%05d", 1), 0);
    expect_text(&sb, "1234500001");
    strbuf_release(&sb);
}

Test(strbuf, reset_empties_keeps_memory_and_clears_failed, .timeout = 10)
{
    struct strbuf sb;

    strbuf_init(&sb, 5);
    strbuf_addstr(&sb, "123");
    strbuf_addstr(&sb, "456");
    size_t cap = sb.cap;
    strbuf_reset(&sb);
    expect_text(&sb, "");
    cr_expect_not(sb.failed);
    cr_expect_eq(sb.cap, cap);
    cr_expect_neq(cap, 0);
    strbuf_release(&sb);
}

Test(strbuf, reset_of_a_new_buffer_is_harmless, .timeout = 10)
{
    struct strbuf sb;

    strbuf_init(&sb, 5);
    strbuf_reset(&sb);
    expect_text(&sb, "");
    strbuf_release(&sb);
}

Test(strbuf, release_keeps_the_cap_and_allows_use, .timeout = 10)
{
    struct strbuf sb;

    strbuf_init(&sb, 5);
    strbuf_addstr(&sb, "12345");
    strbuf_release(&sb);
    expect_text(&sb, "");
    cr_expect_eq(strbuf_addstr(&sb, "123456"), -1);
    cr_expect_eq(strbuf_addstr(&sb, "12345"), 0);
    expect_text(&sb, "12345");
    strbuf_release(&sb);
}

Test(strbuf, take_hands_over_the_bytes, .timeout = 10)
{
    struct strbuf sb;

    strbuf_init(&sb, 5);
    strbuf_addstr(&sb, "123");
    char *bytes = strbuf_take(&sb);
    cr_expect_str_eq(bytes, "123");
    expect_text(&sb, "");
    cr_expect_eq(strbuf_addstr(&sb, "new"), 0);
    cr_expect_str_eq(bytes, "123");
    free(bytes);
    strbuf_release(&sb);
}

Test(strbuf, take_of_an_empty_buffer_can_be_freed, .timeout = 10)
{
    struct strbuf sb;

    strbuf_init(&sb, 5);
    char *bytes = strbuf_take(&sb);
    cr_assert_not_null(bytes);
    cr_expect_str_eq(bytes, "");
    free(bytes);
}

Test(strbuf, json_of_nothing_is_two_quotes, .timeout = 10)
{
    expect_json("", 0, "\"\"");
    expect_json(NULL, 0, "\"\"");
}

Test(strbuf, json_escapes_quote_and_backslash, .timeout = 10)
{
    expect_json("a\"b\\c/d", 7, "\"a\\\"b\\\\c/d\"");
}

Test(strbuf, json_uses_short_escapes_where_there_are_some, .timeout = 10)
{
    expect_json("\b\f\n\r\t", 5, "\"\\b\\f\\n\\r\\t\"");
}

Test(strbuf, json_escapes_every_other_control_byte, .timeout = 10)
{
    for (int c = 0; c < 0x20; c++) {
        char byte = (char)c;
        char json[16];
        if (c != 0 && strchr("\b\f\n\r\t", c))
            continue;
        snprintf(json, sizeof(json), "\"\\u%04x\"", (unsigned)c);
        expect_json(&byte, 1, json);
    }
}

Test(strbuf, json_keeps_a_nul_in_the_middle, .timeout = 10)
{
    expect_json("a\0b", 3, "\"a\\u0000b\"");
}

Test(strbuf, json_leaves_valid_utf8_alone, .timeout = 10)
{
    expect_json("é签名\xF0\x9F\x98\x80\x7f", 13,
                "\"é签名\xF0\x9F\x98\x80\x7f\"");
}

Test(strbuf, json_replaces_each_byte_that_is_not_utf8, .timeout = 10)
{
    expect_json("a\x80"
                "b\xFF",
                4,
                "\"a\xEF\xBF\xBD"
                "b\xEF\xBF\xBD\"");
    /* a sequence cut short: one replacement for each of its bytes */
    expect_json("\xE7\xAD", 2, "\"\xEF\xBF\xBD\xEF\xBF\xBD\"");
    /* an encoded surrogate */
    expect_json("\xED\xA0\x80", 3, "\"\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD\"");
}

Test(strbuf, json_over_the_cap_leaves_the_content_at_every_cap, .timeout = 10)
{
    static const char text[] = "ab\"\n\x01\xFF签z";
    struct strbuf whole;

    strbuf_init(&whole, 1000);
    cr_assert_eq(strbuf_addstr(&whole, "before"), 0);
    cr_assert_eq(strbuf_add_json(&whole, text, sizeof(text) - 1), 0);
    for (size_t max = strlen("before"); max < whole.len; max++) {
        struct strbuf sb;
        strbuf_init(&sb, max);
        cr_assert_eq(strbuf_addstr(&sb, "before"), 0);
        cr_expect_eq(strbuf_add_json(&sb, text, sizeof(text) - 1), -1,
                     "cap %zu", max);
        expect_text(&sb, "before");
        cr_expect(sb.failed, "cap %zu", max);
        strbuf_release(&sb);
    }
    strbuf_release(&whole);
}

Test(strbuf, json_of_exactly_the_cap_is_allowed, .timeout = 10)
{
    struct strbuf sb;

    strbuf_init(&sb, 6);
    cr_expect_eq(strbuf_add_json(&sb, "a\nb", 3), 0);
    expect_text(&sb, "\"a\\nb\"");
    strbuf_release(&sb);
}
