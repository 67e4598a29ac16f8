#include "text.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <criterion/criterion.h>

static void expect_trimmed(const char *s, const char *trimmed)
{
    size_t len = strlen(s);
    const char *start = s;

    text_trim(&start, &len);
    cr_expect_eq(len, strlen(trimmed), "\"%s\" trimmed to %zu bytes", s, len);
    cr_expect_eq(strncmp(start, trimmed, len), 0, "\"%s\" trimmed to \"%.*s\"",
                 s, (int)len, start);
}

static void expect_number(const char *s, uint64_t max, uint64_t number)
{
    uint64_t value = 12345;

    cr_expect_eq(text_parse_u64(s, strlen(s), max, &value), 0, "\"%s\"", s);
    cr_expect_eq(value, number, "\"%s\" gave %llu", s,
                 (unsigned long long)value);
}

static void expect_no_number(const char *s, size_t len, uint64_t max)
{
    uint64_t value = 12345;

    cr_expect_eq(text_parse_u64(s, len, max, &value), -1, "\"%s\"", s);
    cr_expect_eq(value, 12345, "\"%s\" changed the value", s);
}

static void expect_decoded(const char *s, const char *decoded)
{
    char out[64];
    size_t len = text_percent_decode(s, strlen(s), out);

    cr_assert_eq(len, strlen(decoded), "\"%s\" decoded to %zu bytes", s, len);
    cr_expect_eq(memcmp(out, decoded, len), 0, "\"%s\" decoded to \"%.*s\"", s,
                 (int)len, out);
}

static void expect_bad_escape(const char *s)
{
    char out[64];

    cr_expect_eq(text_percent_decode(s, strlen(s), out), (size_t)-1, "\"%s\"",
                 s);
}

Test(text, lower_changes_ascii_capitals_only, .timeout = 10)
{
    for (int c = 0; c < 256; c++) {
        int low = c >= 'A' && c <= 'Z' ? c + 32 : c;
        cr_expect_eq((unsigned char)text_lower((char)c), low, "byte %d", c);
    }
}

Test(text, equal_nocase_ignores_ascii_case, .timeout = 10)
{
    cr_expect(text_equal_nocase("Content-TYPE", 12, "content-type"));
    cr_expect(text_equal_nocase("content-type", 12, "CONTENT-Type"));
    cr_expect(text_equal_nocase("", 0, ""));
}

Test(text, equal_nocase_compares_whole_strings, .timeout = 10)
{
    cr_expect_not(text_equal_nocase("abc", 3, "abcd"));
    cr_expect_not(text_equal_nocase("abcd", 4, "abc"));
    cr_expect_not(text_equal_nocase("abc", 3, "abd"));
    cr_expect_not(text_equal_nocase("ab\0", 3, "ab"));
}

Test(text, equal_nocase_keeps_other_bytes_apart, .timeout = 10)
{
    cr_expect_not(text_equal_nocase("[", 1, "{"));
    cr_expect_not(text_equal_nocase("@", 1, "`"));
    cr_expect_not(text_equal_nocase("\xC0", 1, "\xE0"));
}

Test(text, trim_takes_blanks_off_both_ends, .timeout = 10)
{
    expect_trimmed(" \t a b\t ", "a b");
    expect_trimmed("a", "a");
    expect_trimmed("\ta", "a");
    expect_trimmed("a ", "a");
}

Test(text, trim_of_only_blanks_is_empty, .timeout = 10)
{
    expect_trimmed(" \t ", "");
    expect_trimmed("", "");
}

Test(text, trim_leaves_line_breaks, .timeout = 10)
{
    expect_trimmed(" \r\n ", "\r\n");
}

Test(text, a_token_is_one_tchar_or_more, .timeout = 10)
{
    cr_expect(text_is_token("a", 1));
    cr_expect(text_is_token("Content-Length", 14));
    cr_expect(text_is_token("a b", 1));
    cr_expect(!text_is_token("", 0));
    cr_expect(!text_is_token("a b", 3));
    cr_expect(!text_is_token("a\0b", 3));
    cr_expect(!text_is_token("\xc3\xa9", 2));
}

Test(text, tchar_is_what_rfc_9110_lists, .timeout = 10)
{
    static const char tchars[] = "!#$%&'*+-.^_`|~0123456789"
                                 "abcdefghijklmnopqrstuvwxyz"
                                 "ABCDEFGHIJKLMNOPQRSTUVWXYZ";

    for (int c = 0; c < 256; c++) {
        bool listed = memchr(tchars, c, sizeof(tchars) - 1) != NULL;
        cr_expect_eq(text_is_tchar((char)c), listed, "byte %d", c);
    }
}

/* Encodes by the arithmetic of RFC 3629 section 3, with no check. */
static size_t encode(uint32_t point, char *out)
{
    if (point < 0x80) {
        out[0] = (char)point;
        return 1;
    }
    if (point < 0x800) {
        out[0] = (char)(0xC0 | point >> 6);
        out[1] = (char)(0x80 | (point & 0x3F));
        return 2;
    }
    if (point < 0x10000) {
        out[0] = (char)(0xE0 | point >> 12);
        out[1] = (char)(0x80 | (point >> 6 & 0x3F));
        out[2] = (char)(0x80 | (point & 0x3F));
        return 3;
    }
    out[0] = (char)(0xF0 | point >> 18);
    out[1] = (char)(0x80 | (point >> 12 & 0x3F));
    out[2] = (char)(0x80 | (point >> 6 & 0x3F));
    out[3] = (char)(0x80 | (point & 0x3F));
    return 4;
}

Test(text, every_code_point_is_utf8_unless_a_surrogate, .timeout = 10)
{
    for (uint32_t point = 0; point < 0x1FFFFF; point++) {
        char bytes[4];
        size_t len = encode(point, bytes);
        bool valid = point <= 0x10FFFF && (point < 0xD800 || point > 0xDFFF);
        cr_assert_eq(text_utf8_sequence(bytes, len), valid ? len : 0, "U+%04X",
                     (unsigned)point);
    }
}

Test(text, overlong_forms_are_not_utf8, .timeout = 10)
{
    cr_expect_eq(text_utf8_sequence("\xC0\x80", 2), 0);
    cr_expect_eq(text_utf8_sequence("\xC1\xBF", 2), 0);
    cr_expect_eq(text_utf8_sequence("\xE0\x9F\xBF", 3), 0);
    cr_expect_eq(text_utf8_sequence("\xF0\x8F\xBF\xBF", 4), 0);
}

Test(text, sequence_cut_short_is_not_utf8, .timeout = 10)
{
    static const char *const whole[] = {"é", "签", "\xF0\x9F\x98\x80"};

    for (size_t i = 0; i < 3; i++) {
        for (size_t len = 1; len < strlen(whole[i]); len++) {
            /* A copy of its own, so that a read past `len` is caught. */
            char *part = malloc(len);
            cr_assert_not_null(part);
            memcpy(part, whole[i], len);
            cr_expect_eq(text_utf8_sequence(part, len), 0, "row %zu len %zu", i,
                         len);
            free(part);
        }
    }
}

Test(text, nothing_is_not_a_sequence, .timeout = 10)
{
    cr_expect_eq(text_utf8_sequence("a", 0), 0);
}

Test(text, lone_and_wrong_continuation_bytes_are_not_utf8, .timeout = 10)
{
    cr_expect_eq(text_utf8_sequence("\x80", 1), 0);
    cr_expect_eq(text_utf8_sequence("\xFF", 1), 0);
    cr_expect_eq(text_utf8_sequence("\xC3(", 2), 0);
    cr_expect_eq(text_utf8_sequence("\xE7\xAD(", 3), 0);
    cr_expect_eq(text_utf8_sequence("\xF0\x9F\x98(", 4), 0);
    cr_expect_eq(text_utf8_sequence("\xF0\x9F(\x80", 4), 0);
}

Test(text, utf8_sequence_counts_the_first_character_only, .timeout = 10)
{
    cr_expect_eq(text_utf8_sequence("abc", 3), 1);
    cr_expect_eq(text_utf8_sequence("签名", 6), 3);
}

Test(text, is_utf8_looks_at_every_byte, .timeout = 10)
{
    cr_expect(text_is_utf8("", 0));
    cr_expect(text_is_utf8("plain 签名\0é", 15));
    cr_expect_not(text_is_utf8("plain \xFF", 7));
    cr_expect_not(text_is_utf8("\x80plain", 6));
    cr_expect_not(text_is_utf8("签名", 5));
}

Test(text, parse_u64_reads_decimals, .timeout = 10)
{
    expect_number("0", 10, 0);
    expect_number("10", 10, 10);
    expect_number("007", 10, 7);
    expect_number("18446744073709551615", UINT64_MAX, UINT64_MAX);
}

Test(text, parse_u64_refuses_values_over_max, .timeout = 10)
{
    expect_no_number("11", 2, 10);
    expect_no_number("100", 3, 10);
    expect_no_number("1", 1, 0);
    expect_no_number("18446744073709551616", 20, UINT64_MAX);
    expect_no_number("184467440737095516150", 21, UINT64_MAX);
}

Test(text, parse_u64_refuses_what_is_no_decimal, .timeout = 10)
{
    static const char *const texts[] = {"",   "-1",  "+1",  " 1", "1 ",
                                        "1x", "0x1", "1.0", "/",  ":"};

    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
        expect_no_number(texts[i], strlen(texts[i]), 1000);
    expect_no_number("1\0", 2, 1000);
}

Test(text, parse_u64_stops_at_the_length, .timeout = 10)
{
    uint64_t value;

    cr_assert_eq(text_parse_u64("123", 2, 1000, &value), 0);
    cr_expect_eq(value, 12);
}

Test(text, percent_decode_leaves_plain_bytes, .timeout = 10)
{
    expect_decoded("", "");
    expect_decoded("/face/a+b", "/face/a+b");
    expect_decoded("签", "签");
}

Test(text, percent_decode_reads_both_cases_of_hex, .timeout = 10)
{
    expect_decoded("%2f%2F%e7%AD%be", "//签");
    expect_decoded("a%20b", "a b");
    expect_decoded("%2541", "%41");
}

Test(text, percent_decode_reads_every_byte_but_nul, .timeout = 10)
{
    for (int c = 1; c < 256; c++) {
        char escape[4];
        char out[3];
        snprintf(escape, sizeof(escape), "%%%02X", (unsigned)c);
        cr_assert_eq(text_percent_decode(escape, 3, out), 1, "%s", escape);
        cr_expect_eq((unsigned char)out[0], c, "%s", escape);
    }
}

Test(text, percent_decode_refuses_bad_escapes, .timeout = 10)
{
    expect_bad_escape("%");
    expect_bad_escape("a%2");
    expect_bad_escape("%g0");
    expect_bad_escape("%0g");
    expect_bad_escape("%%41");
    expect_bad_escape("% 1");
    expect_bad_escape("%+1");
}

Test(text, percent_decode_refuses_an_encoded_nul, .timeout = 10)
{
    expect_bad_escape("%00");
    expect_bad_escape("a%00b");
}

Test(text, percent_decode_stops_at_the_length, .timeout = 10)
{
    char out[3];

    cr_expect_eq(text_percent_decode("%41", 2, out), (size_t)-1);
    cr_expect_eq(text_percent_decode("a%41", 1, out), 1);
}

/* looking at eight bytes together */

typedef size_t scan_fn(const char *s, size_t len);

static size_t find_control_bytewise(const char *s, size_t len)
{
    size_t i = 0;

    while (i < len) {
        unsigned char c = (unsigned char)s[i];

        if (c == 0x7f || (c < 0x20 && c != '\t'))
            break;
        i++;
    }
    return i;
}

static size_t json_run_bytewise(const char *s, size_t len)
{
    size_t i = 0;

    while (i < len) {
        unsigned char c = (unsigned char)s[i];

        if (c < 0x20 || c > 0x7f || c == '"' || c == '\\')
            break;
        i++;
    }
    return i;
}

/* This byte alone among `fill`, and again at the very end, at each offset: the
 * first one counts. */
static void expect_scans_agree(scan_fn *scan, scan_fn *oracle, char fill,
                               char c)
{
    for (size_t len = 0; len <= 32; len++) {
        /* Of its own, so that a read past `len` is caught. */
        char *s = malloc(len + (len == 0));

        cr_assert_not_null(s);
        for (size_t at = 0; at < len && at < 24; at++) {
            memset(s, fill, len);
            s[at] = c;
            cr_assert_eq(scan(s, len), oracle(s, len),
                         "%02x at %zu of %zu among %02x: %zu", (unsigned char)c,
                         at, len, (unsigned char)fill, scan(s, len));
            s[len - 1] = c;
            cr_assert_eq(scan(s, len), oracle(s, len),
                         "%02x at %zu and the end of %zu among %02x: %zu",
                         (unsigned char)c, at, len, (unsigned char)fill,
                         scan(s, len));
        }
        memset(s, fill, len);
        cr_assert_eq(scan(s, len), oracle(s, len), "%zu of %02x", len,
                     (unsigned char)fill);
        free(s);
    }
}

/* The neighbours of what ends a scan among them. */
static const char fills[] = " !#[]a~\t\x7f\x80\xa0\xdc\xff";

static void expect_scans_agree_on_all(scan_fn *scan, scan_fn *oracle)
{
    for (size_t i = 0; i < sizeof(fills) - 1; i++) {
        for (int c = 0; c < 256; c++)
            expect_scans_agree(scan, oracle, fills[i], (char)c);
    }
}

Test(text, find_control_agrees_with_a_look_at_each_byte, .timeout = 30)
{
    expect_scans_agree_on_all(text_find_control, find_control_bytewise);
}

Test(text, find_control_finds_controls_and_no_tab, .timeout = 10)
{
    cr_expect_eq(text_find_control("0123456789\x7f", 11), 10);
    cr_expect_eq(text_find_control("0123456789\0x", 12), 10);
    cr_expect_eq(text_find_control("0123456789\x1f", 11), 10);
    cr_expect_eq(text_find_control("0123456789\t\x80\xff", 13), 13);
    cr_expect_eq(text_find_control("\n", 0), 0);
}

Test(text, json_run_agrees_with_a_look_at_each_byte, .timeout = 30)
{
    expect_scans_agree_on_all(text_json_run, json_run_bytewise);
}

Test(text, json_run_ends_at_what_is_escaped_or_not_ascii, .timeout = 10)
{
    cr_expect_eq(text_json_run("0123456789\"", 11), 10);
    cr_expect_eq(text_json_run("0123456789\\", 11), 10);
    cr_expect_eq(text_json_run("0123456789\x1f", 11), 10);
    cr_expect_eq(text_json_run("0123456789\x80", 11), 10);
    cr_expect_eq(text_json_run("0123456789\x7f", 11), 11);
    cr_expect_eq(text_json_run("a", 0), 0);
}

Test(text, hex_digits_are_22_bytes, .timeout = 10)
{
    static const char lower[] = "0123456789abcdef";
    static const char upper[] = "0123456789ABCDEF";

    for (int c = 0; c < 256; c++) {
        int value = -1;

        for (int i = 0; i < 16; i++) {
            if (c == lower[i] || c == upper[i])
                value = i;
        }
        cr_expect_eq(text_hex_digit((char)c), value, "byte %d", c);
    }
}
