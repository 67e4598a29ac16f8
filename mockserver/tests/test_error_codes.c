#include "error_codes.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <criterion/criterion.h>

/* A row of fixtures/error_codes.tsv, typed by hand from the published pages.
 * The catalogue is compared with it, never made from it. */
enum column {
    COLUMN_CODE,
    COLUMN_ZH,
    COLUMN_PLACE,
    COLUMN_ENDPOINTS,
    COLUMN_HTTP,
    COLUMN_PROVENANCE,
    COLUMN__COUNT
};

struct published {
    int code;
    char text[1024]; /* the line, cut at its tabs */
    const char *column[COLUMN__COUNT];
};

enum { MAX_PUBLISHED = 128 };
static struct published published[MAX_PUBLISHED];
static size_t n_published;

static int parse_int(const char *s)
{
    char *end;
    long value = strtol(s, &end, 10);

    cr_assert(*s != '\0' && *end == '\0', "\"%s\" is not a number", s);
    return (int)value;
}

static void take_line(char *line)
{
    struct published *row = &published[n_published++];
    char *rest = row->text;

    cr_assert_lt(n_published, (size_t)MAX_PUBLISHED);
    cr_assert_lt(strlen(line), sizeof(row->text));
    memcpy(row->text, line, strlen(line) + 1);
    for (int i = 0; i < COLUMN__COUNT; i++) {
        row->column[i] = strsep(&rest, "\t");
        cr_assert(row->column[i], "too few columns: %s", line);
    }
    cr_assert_null(rest, "too many columns: %s", line);
    row->code = parse_int(row->column[COLUMN_CODE]);
}

static void read_published(void)
{
    const char *dir = getenv("FIXTURES_DIR");
    bool in_head = true;
    char path[1024];
    char line[1024];
    FILE *file;

    snprintf(path, sizeof(path), "%s/error_codes.tsv", dir ? dir : "fixtures");
    file = fopen(path, "r");
    cr_assert(file, "cannot open %s (is FIXTURES_DIR right?)", path);
    while (fgets(line, sizeof(line), file)) {
        line[strcspn(line, "\n")] = '\0';
        if (line[0] == '#')
            continue;
        if (!in_head)
            take_line(line);
        in_head = false; /* the first line names the columns */
    }
    fclose(file);
}

static const struct published *find_published(int code)
{
    for (size_t i = 0; i < n_published; i++) {
        if (published[i].code == code)
            return &published[i];
    }
    return NULL;
}

/* The catalogue's row of a published one. */
static const struct error_info *row_of(const struct published *row)
{
    const struct error_info *info = error_find(row->code);

    cr_assert(info, "the catalogue lacks %d", row->code);
    return info;
}

/* The column as a bit set. */
static unsigned endpoints_of(const struct published *row)
{
    const char *names = row->column[COLUMN_ENDPOINTS];
    unsigned set = 0;

    if (!strcmp(names, "all"))
        return EP_ALL;
    while (*names) {
        size_t len = strcspn(names, ",");

        if (len == 14 && !memcmp(names, "livedetectfour", len))
            set |= EP_FOUR;
        else if (len == 17 && !memcmp(names, "livedetectpicture", len))
            set |= EP_PICTURE;
        else if (len == 11 && !memcmp(names, "livegetfour", len))
            set |= EP_GETFOUR;
        else
            cr_assert_fail("%d: unknown endpoint in %s", row->code, names);
        names += len + (names[len] == ',');
    }
    return set;
}

TestSuite(error_codes, .init = read_published);

Test(error_codes, every_published_code_is_in_the_catalogue, .timeout = 10)
{
    cr_assert_eq(n_published, 49u); /* 44 of the table, 5 of later pages */
    for (size_t i = 0; i < n_published; i++)
        cr_expect(error_find(published[i].code), "%d is missing",
                  published[i].code);
}

Test(error_codes, the_catalogue_has_no_code_beyond_the_published, .timeout = 10)
{
    cr_assert_eq(error_table_len, n_published);
    for (size_t i = 0; i < error_table_len; i++)
        cr_expect(find_published(error_table[i].code), "%d is not published",
                  error_table[i].code);
}

Test(error_codes, the_oracle_lists_no_code_twice, .timeout = 10)
{
    for (size_t i = 0; i < n_published; i++)
        cr_expect_eq(find_published(published[i].code), &published[i],
                     "%d is listed twice", published[i].code);
}

Test(error_codes, zh_is_the_published_wording_before_a_semicolon, .timeout = 10)
{
    for (size_t i = 0; i < n_published; i++) {
        const struct error_info *info = row_of(&published[i]);
        const char *zh = published[i].column[COLUMN_ZH];
        const char *semicolon = strstr(zh, "；");
        size_t len = semicolon ? (size_t)(semicolon - zh) : strlen(zh);

        cr_expect(strlen(info->zh) == len && !memcmp(info->zh, zh, len),
                  "%d: \"%s\", published \"%s\"", info->code, info->zh, zh);
    }
}

Test(error_codes, place_is_the_published_one, .timeout = 10)
{
    for (size_t i = 0; i < n_published; i++) {
        const struct error_info *info = row_of(&published[i]);

        cr_expect_str_eq(error_place_name(info->place),
                         published[i].column[COLUMN_PLACE], "of %d",
                         info->code);
    }
}

Test(error_codes, endpoints_are_the_published_ones, .timeout = 10)
{
    for (size_t i = 0; i < n_published; i++) {
        const struct error_info *info = row_of(&published[i]);

        cr_expect_eq(info->endpoints, endpoints_of(&published[i]), "of %d",
                     info->code);
    }
}

Test(error_codes, mapped_http_status_is_the_contracts, .timeout = 10)
{
    for (size_t i = 0; i < n_published; i++) {
        const struct error_info *info = row_of(&published[i]);

        cr_expect_eq(info->http_status,
                     parse_int(published[i].column[COLUMN_HTTP]), "of %d: %d",
                     info->code, info->http_status);
    }
}

Test(error_codes, provenance_is_the_published_one, .timeout = 10)
{
    for (size_t i = 0; i < n_published; i++) {
        const struct error_info *info = row_of(&published[i]);

        cr_expect_str_eq(error_provenance_mark(info->provenance),
                         published[i].column[COLUMN_PROVENANCE], "of %d",
                         info->code);
    }
}

/* Positive codes, then -40xx, -50xx and -58xx: without the sign they ascend,
 * so no code comes twice. */
Test(error_codes, rows_ascend_by_magnitude_and_positive_come_first,
     .timeout = 10)
{
    for (size_t i = 1; i < error_table_len; i++) {
        int before = (int)error_table[i - 1].code;
        int code = (int)error_table[i].code;

        cr_expect_lt(abs(before), abs(code), "%d before %d", before, code);
        cr_expect(before > 0 || code < 0, "%d before %d", before, code);
    }
}

Test(error_codes, no_symbol_is_used_twice, .timeout = 10)
{
    for (size_t i = 0; i < error_table_len; i++) {
        for (size_t j = 0; j < i; j++)
            cr_expect_str_neq(error_table[i].symbol, error_table[j].symbol);
    }
}

Test(error_codes, english_phrases_are_short_ascii_without_a_full_stop,
     .timeout = 10)
{
    for (size_t i = 0; i < error_table_len; i++) {
        const char *en = error_table[i].en;
        size_t len = strlen(en);

        cr_expect(len > 0 && len <= 64, "%zu bytes: %s", len, en);
        cr_expect_neq(en[len - 1], '.', "%s", en);
        for (const char *p = en; *p; p++)
            cr_expect(*p >= ' ' && *p <= '~', "not ASCII: %s", en);
    }
}

Test(error_codes, every_row_may_occur_somewhere, .timeout = 10)
{
    for (size_t i = 0; i < error_table_len; i++) {
        cr_expect_neq(error_table[i].endpoints, 0u);
        cr_expect_eq(error_table[i].endpoints & ~(unsigned)EP_ALL, 0u);
    }
}

Test(error_codes, only_livedetectfour_rows_have_a_status_field, .timeout = 10)
{
    for (size_t i = 0; i < error_table_len; i++) {
        if (error_table[i].place != PLACE_CODE)
            cr_expect(error_table[i].endpoints & EP_FOUR, "%d",
                      error_table[i].code);
    }
}

Test(error_codes, every_trigger_has_one_line_of_text, .timeout = 10)
{
    for (int i = 0; i < TRIGGER__COUNT; i++) {
        const char *text = error_trigger_text((enum error_trigger)i);

        cr_assert(text, "trigger %d has no text", i);
        cr_expect_neq(text[0], '\0', "trigger %d", i);
        cr_expect_null(strpbrk(text, "|\n"), "breaks a table: %s", text);
    }
}

Test(error_codes, no_two_triggers_have_the_same_text, .timeout = 10)
{
    for (int i = 0; i < TRIGGER__COUNT; i++) {
        for (int j = 0; j < i; j++)
            cr_expect_str_neq(error_trigger_text((enum error_trigger)i),
                              error_trigger_text((enum error_trigger)j));
    }
}

Test(error_codes, every_trigger_is_the_way_to_some_code, .timeout = 10)
{
    bool used[TRIGGER__COUNT] = {false};

    for (size_t i = 0; i < error_table_len; i++)
        used[error_table[i].trigger] = true;
    for (int i = 0; i < TRIGGER__COUNT; i++)
        cr_expect(used[i], "trigger %d", i);
}

Test(error_codes, a_recipe_brings_about_one_code_only, .timeout = 10)
{
    for (size_t i = 0; i < error_table_len; i++) {
        for (size_t j = 0; j < i; j++)
            cr_expect(error_table[i].trigger == TRIGGER_FAULT_ONLY ||
                          error_table[i].trigger != error_table[j].trigger,
                      "%d and %d", error_table[j].code, error_table[i].code);
    }
}

Test(error_codes, the_fault_only_text_says_so, .timeout = 10)
{
    cr_expect_str_eq(error_trigger_text(TRIGGER_FAULT_ONLY), "only by a fault");
}

Test(error_codes, find_returns_the_row_of_each_code, .timeout = 10)
{
    for (size_t i = 0; i < error_table_len; i++)
        cr_expect_eq(error_find((int)error_table[i].code), &error_table[i],
                     "%d", error_table[i].code);
}

Test(error_codes, find_knows_neither_0_nor_unlisted_codes, .timeout = 10)
{
    cr_expect_null(error_find(0));
    cr_expect_null(error_find(-3));
    cr_expect_null(error_find(7));
    cr_expect_null(error_find(-5003));
    cr_expect_null(error_find(2147483647));
    cr_expect_null(error_find(-2147483647 - 1));
}

Test(error_codes, enumerators_bear_the_codes, .timeout = 10)
{
    cr_expect_eq((int)ERR_SIGNATURE_EXPIRED, 9);
    cr_expect_eq((int)ERR_NO_SOUND, -5007);
    cr_expect_str_eq(error_find(ERR_NO_SOUND)->symbol, "NO_SOUND");
}

Test(error_codes, message_of_0_is_ok_in_both_languages, .timeout = 10)
{
    cr_expect_str_eq(error_message(0, LANGUAGE_EN), "OK");
    cr_expect_str_eq(error_message(0, LANGUAGE_ZH), "OK");
}

Test(error_codes, message_of_a_code_is_its_phrase, .timeout = 10)
{
    cr_expect_str_eq(error_message(9, LANGUAGE_EN), "signature expired");
    cr_expect_str_eq(error_message(9, LANGUAGE_ZH), "签名过期");
    cr_expect_str_eq(error_message(3, LANGUAGE_ZH), "错误的请求");
}

Test(error_codes, message_of_an_unlisted_code_is_a_fixed_phrase, .timeout = 10)
{
    cr_expect_str_eq(error_message(7, LANGUAGE_EN), "unlisted code");
    cr_expect_str_eq(error_message(7, LANGUAGE_ZH), "未列出的错误码");
}

Test(error_codes, places_and_marks_are_spelt_as_in_the_contract, .timeout = 10)
{
    cr_expect_str_eq(error_place_name(PLACE_CODE), "code");
    cr_expect_str_eq(error_place_name(PLACE_LIVE_STATUS), "live_status");
    cr_expect_str_eq(error_place_name(PLACE_COMPARE_STATUS), "compare_status");
    cr_expect_str_eq(error_provenance_mark(DOCUMENTED), "D");
    cr_expect_str_eq(error_provenance_mark(VENDOR), "V");
    cr_expect_str_eq(error_provenance_mark(ASSUMED), "A");
}
