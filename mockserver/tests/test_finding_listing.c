#include "finding_listing.h"

#include <stdlib.h>
#include <string.h>
#include <cjson/cJSON.h>
#include <criterion/criterion.h>
#include "findings.h"

/* What is printed; the caller frees it. */
static char *printed(enum listing_format format)
{
    char *text = NULL;
    size_t len = 0;
    FILE *out = open_memstream(&text, &len);

    cr_assert(out);
    cr_assert_eq(listing_print(out, format, finding_listing_render), 0);
    cr_assert_eq(fclose(out), 0);
    cr_assert_eq(strlen(text), len);
    return text;
}

static void expect_member(const cJSON *row, const char *name,
                          const char *expected)
{
    const cJSON *item = cJSON_GetObjectItemCaseSensitive(row, name);

    cr_assert(cJSON_IsString(item), "%s is not a string", name);
    cr_expect_str_eq(item->valuestring, expected);
}

Test(finding_listing, json_has_every_row_with_its_fields, .timeout = 10)
{
    char *text = printed(LISTING_JSON);
    cJSON *root = cJSON_ParseWithOpts(text, NULL, 1);
    const cJSON *rows = cJSON_GetObjectItemCaseSensitive(root, "findings");

    cr_assert_eq(cJSON_GetArraySize(rows), FINDING__COUNT);
    for (int i = 0; i < FINDING__COUNT; i++) {
        const struct finding_info *info = finding_info((enum finding)i);
        const cJSON *row = cJSON_GetArrayItem(rows, i);

        expect_member(row, "id", info->id);
        expect_member(row, "level", finding_level_name(info->level));
        expect_member(row, "provenance",
                      error_provenance_mark(info->provenance));
        expect_member(row, "reference", info->reference);
        expect_member(row, "text", info->text);
        expect_member(row, "seen", info->shows);
    }
    cJSON_Delete(root);
    free(text);
}

Test(finding_listing, markdown_has_a_row_for_each_rule, .timeout = 10)
{
    char *text = printed(LISTING_MARKDOWN);
    char line[512];

    cr_expect_eq(strncmp(text, "# Findings\n", 11), 0);
    for (int i = 0; i < FINDING__COUNT; i++) {
        const struct finding_info *info = finding_info((enum finding)i);

        snprintf(line, sizeof(line), "\n| `%s` | %s | %s | %s | %s | %s |\n",
                 info->id, finding_level_name(info->level),
                 error_provenance_mark(info->provenance), info->reference,
                 info->text, info->shows);
        cr_expect(strstr(text, line) != NULL, "missing: %s", line);
    }
    free(text);
}

Test(finding_listing, markdown_tells_levels_and_how_to_read_a_verdict,
     .timeout = 10)
{
    char *text = printed(LISTING_MARKDOWN);

    cr_expect(strstr(text, "| `must` |"));
    cr_expect(strstr(text, "| `should` |"));
    cr_expect(strstr(text, "| `info` |"));
    cr_expect(strstr(text, "`conformant`"));
    free(text);
}

/* Rows are cut into cells by '|': no cell may hold one. */
Test(finding_listing, no_cell_of_a_row_holds_a_bar, .timeout = 10)
{
    for (int i = 0; i < FINDING__COUNT; i++) {
        const struct finding_info *info = finding_info((enum finding)i);

        cr_expect(!strchr(info->text, '|') && !strchr(info->shows, '|') &&
                      !strchr(info->reference, '|'),
                  "%s", info->id);
    }
}

Test(finding_listing, the_page_in_docs_is_what_is_printed, .timeout = 10)
{
    const char *dir = getenv("DOCS_DIR");
    char *text = printed(LISTING_MARKDOWN);
    size_t len = strlen(text);
    char *page = calloc(1, len + 2);
    char path[1024];
    FILE *file;

    snprintf(path, sizeof(path), "%s/findings.md", dir ? dir : "docs");
    file = fopen(path, "r");
    cr_assert(file, "cannot open %s (is DOCS_DIR right?)", path);
    cr_assert(page);
    cr_expect_eq(fread(page, 1, len + 1, file), len);
    cr_expect(!strcmp(page, text),
              "%s is stale: print it again with "
              "`mockserver findings --format markdown`",
              path);
    fclose(file);
    free(page);
    free(text);
}

Test(finding_listing, text_has_a_line_for_each_rule_in_columns, .timeout = 10)
{
    char *text = printed(LISTING_TEXT);
    const char *head = strstr(text, "RULE");
    size_t column = (size_t)(head - text);
    const char *line = text;

    cr_assert(head != NULL);
    for (int i = 0; i < FINDING__COUNT; i++) {
        const struct finding_info *info = finding_info((enum finding)i);

        line = strchr(line, '\n') + 1;
        cr_expect_eq(strncmp(line, finding_level_name(info->level),
                             strlen(finding_level_name(info->level))),
                     0);
        cr_expect(strstr(line, info->id) < line + column, "%s", info->id);
        cr_expect_eq(strncmp(line + column, info->text, strlen(info->text)), 0,
                     "%s", info->id);
    }
    free(text);
}

Test(finding_listing, a_full_device_is_a_failure, .timeout = 10)
{
    FILE *full = fopen("/dev/full", "w");

    cr_assert(full);
    cr_expect_eq(listing_print(full, LISTING_TEXT, finding_listing_render), -1);
    fclose(full);
}

Test(finding_listing, a_buffer_too_small_is_a_failure, .timeout = 10)
{
    static const enum listing_format formats[] = {LISTING_TEXT, LISTING_JSON,
                                                  LISTING_MARKDOWN};

    for (size_t i = 0; i < sizeof(formats) / sizeof(formats[0]); i++) {
        struct strbuf out;

        strbuf_init(&out, 100);
        cr_expect_eq(finding_listing_render(&out, formats[i]), -1);
        strbuf_release(&out);
    }
}
