#include "error_listing.h"

#include <stdlib.h>
#include <string.h>
#include <cjson/cJSON.h>
#include <criterion/criterion.h>
#include "error_codes.h"

/* What is printed; the caller frees it. */
static char *printed(enum listing_format format)
{
    char *text = NULL;
    size_t len = 0;
    FILE *out = open_memstream(&text, &len);

    cr_assert(out);
    cr_assert_eq(listing_print(out, format, error_listing_render), 0);
    cr_assert_eq(fclose(out), 0);
    cr_assert_eq(strlen(text), len);
    return text;
}

/* Finds the line of `text` that begins with `start`; NULL when none does. */
static const char *line_starting(const char *text, const char *start)
{
    for (const char *p = text; *p; p++) {
        if ((p == text || p[-1] == '\n') && !strncmp(p, start, strlen(start)))
            return p;
    }
    return NULL;
}

/* The items of the JSON listing; the caller deletes *root. */
static cJSON *json_rows(cJSON **root)
{
    char *text = printed(LISTING_JSON);
    cJSON *rows;

    *root = cJSON_ParseWithOpts(text, NULL, 1);
    free(text);
    cr_assert(*root, "the listing is not JSON");
    rows = cJSON_GetObjectItemCaseSensitive(*root, "errors");
    cr_assert(cJSON_IsArray(rows));
    return rows;
}

static const char *member(const cJSON *row, const char *name)
{
    const cJSON *item = cJSON_GetObjectItemCaseSensitive(row, name);

    cr_assert(cJSON_IsString(item), "%s is not a string", name);
    return item->valuestring;
}

static int number(const cJSON *row, const char *name)
{
    const cJSON *item = cJSON_GetObjectItemCaseSensitive(row, name);

    cr_assert(cJSON_IsNumber(item), "%s is not a number", name);
    return item->valueint;
}

static unsigned endpoints_of(const cJSON *row)
{
    const cJSON *list = cJSON_GetObjectItemCaseSensitive(row, "endpoints");
    const cJSON *name;
    unsigned set = 0;

    cr_assert(cJSON_IsArray(list));
    cJSON_ArrayForEach(name, list)
    {
        if (!strcmp(name->valuestring, "livedetectfour"))
            set |= EP_FOUR;
        else if (!strcmp(name->valuestring, "livedetectpicture"))
            set |= EP_PICTURE;
        else if (!strcmp(name->valuestring, "livegetfour"))
            set |= EP_GETFOUR;
        else
            cr_assert_fail("unknown endpoint %s", name->valuestring);
    }
    return set;
}

Test(error_listing, json_has_every_row_in_order, .timeout = 10)
{
    cJSON *root;
    cJSON *rows = json_rows(&root);

    cr_assert_eq(cJSON_GetArraySize(rows), (int)error_table_len);
    for (size_t i = 0; i < error_table_len; i++)
        cr_expect_eq(number(cJSON_GetArrayItem(rows, (int)i), "code"),
                     (int)error_table[i].code);
    cJSON_Delete(root);
}

Test(error_listing, json_rows_have_the_fields_of_the_catalogue, .timeout = 10)
{
    cJSON *root;
    cJSON *rows = json_rows(&root);

    for (size_t i = 0; i < error_table_len; i++) {
        const struct error_info *info = &error_table[i];
        const cJSON *row = cJSON_GetArrayItem(rows, (int)i);

        cr_expect_str_eq(member(row, "symbol"), info->symbol);
        cr_expect_str_eq(member(row, "zh"), info->zh);
        cr_expect_str_eq(member(row, "en"), info->en);
        cr_expect_str_eq(member(row, "place"), error_place_name(info->place));
        cr_expect_str_eq(member(row, "provenance"),
                         error_provenance_mark(info->provenance));
        cr_expect_str_eq(member(row, "trigger"),
                         error_trigger_text(info->trigger));
        cr_expect_eq(number(row, "http"), info->http_status);
        cr_expect_eq(endpoints_of(row), info->endpoints);
        cr_expect_eq(cJSON_GetArraySize(row), 9);
    }
    cJSON_Delete(root);
}

Test(error_listing, markdown_has_a_row_for_each_code, .timeout = 10)
{
    char *text = printed(LISTING_MARKDOWN);

    for (size_t i = 0; i < error_table_len; i++) {
        const struct error_info *info = &error_table[i];
        char start[32];
        char end[1024];
        const char *line;

        snprintf(start, sizeof(start), "| %d | ", info->code);
        snprintf(end, sizeof(end), " | `%s` | %d | %s | %s | %s | %s |\n",
                 error_place_name(info->place), info->http_status, info->en,
                 info->zh, error_provenance_mark(info->provenance),
                 error_trigger_text(info->trigger));
        line = line_starting(text, start);
        cr_assert(line, "no row of %d", info->code);
        cr_expect_eq(strstr(line, end) + strlen(end), strchr(line, '\n') + 1,
                     "the row of %d does not end in%s", info->code, end);
    }
    free(text);
}

Test(error_listing, markdown_names_the_endpoints_of_a_row, .timeout = 10)
{
    char *text = printed(LISTING_MARKDOWN);

    cr_expect(line_starting(text, "| 9 | all | `code` |"));
    cr_expect(line_starting(text, "| -5007 | livedetectfour | `live_status`"));
    cr_expect(line_starting(text, "| -5805 | livedetectpicture | `code` |"));
    cr_expect(line_starting(text, "| -4016 | livedetectfour, livedetectpicture "
                                  "| `compare_status` |"));
    free(text);
}

Test(error_listing, markdown_says_how_it_was_made_and_how_to_force_a_code,
     .timeout = 10)
{
    char *text = printed(LISTING_MARKDOWN);

    cr_expect_eq(line_starting(text, "# Error codes\n"), text);
    cr_expect(strstr(text, "`mockserver errors --format markdown`"));
    cr_expect(strstr(text, "`X-Mock-Fault: -5007`"));
    free(text);
}

Test(error_listing, markdown_rows_have_as_many_cells_as_the_head, .timeout = 10)
{
    char *text = printed(LISTING_MARKDOWN);
    const char *line = line_starting(text, "| Code |");
    size_t n_lines = 0;

    cr_assert(line);
    for (; *line; line = strchr(line, '\n') + 1) {
        size_t bars = 0;

        for (const char *p = line; *p != '\n'; p++)
            bars += *p == '|';
        cr_expect_eq(bars, 9u, "%.*s", (int)strcspn(line, "\n"), line);
        n_lines++;
    }
    cr_expect_eq(n_lines, error_table_len + 2);
    free(text);
}

Test(error_listing, the_page_in_docs_is_what_is_printed, .timeout = 10)
{
    const char *dir = getenv("DOCS_DIR");
    char *text = printed(LISTING_MARKDOWN);
    size_t len = strlen(text);
    char *page = calloc(1, len + 2);
    char path[1024];
    FILE *file;

    snprintf(path, sizeof(path), "%s/error-codes.md", dir ? dir : "docs");
    file = fopen(path, "r");
    cr_assert(file, "cannot open %s (is DOCS_DIR right?)", path);
    cr_assert(page);
    cr_expect_eq(fread(page, 1, len + 1, file), len);
    cr_expect(!strcmp(page, text),
              "%s is stale: print it again with "
              "`mockserver errors --format markdown`",
              path);
    fclose(file);
    free(page);
    free(text);
}

/* The Chinese part is last, so that everything before it is one column a
 * byte. */
Test(error_listing, text_columns_line_up, .timeout = 10)
{
    char *text = printed(LISTING_TEXT);
    const char *line = text;
    const char *en_head = strstr(text, "EN ");
    const char *zh_head = strstr(text, "ZH\n");

    cr_assert(en_head && zh_head);
    for (size_t i = 0; i < error_table_len; i++) {
        const struct error_info *info = &error_table[i];

        line = strchr(line, '\n') + 1;
        cr_expect(!strncmp(line + (en_head - text), info->en, strlen(info->en)),
                  "en of %d", info->code);
        cr_expect(
            !strncmp(line + (zh_head - text), info->zh, strlen(info->zh)) &&
                line[zh_head - text + strlen(info->zh)] == '\n',
            "zh of %d", info->code);
    }
    free(text);
}

Test(error_listing, text_shows_the_fields_of_a_row, .timeout = 10)
{
    char *text = printed(LISTING_TEXT);

    cr_expect(line_starting(text, "    9  code             401  D  FPG  "));
    cr_expect(line_starting(text, "-4011  compare_status   200  V  FP-  "));
    cr_expect(line_starting(text, "-5007  live_status      200  D  F--  "));
    cr_expect(line_starting(text, "-5805  code             200  D  -P-  "));
    free(text);
}

Test(error_listing, text_tells_how_each_natural_code_comes_about, .timeout = 10)
{
    char *text = printed(LISTING_TEXT);

    for (size_t i = 0; i < error_table_len; i++) {
        char line[512];
        bool natural = error_table[i].trigger != TRIGGER_FAULT_ONLY;

        snprintf(line, sizeof(line), "%5d  %s\n", error_table[i].code,
                 error_trigger_text(error_table[i].trigger));
        cr_expect_eq(line_starting(text, line) != NULL, natural, "%s", line);
    }
    free(text);
}

Test(error_listing, format_names_are_read, .timeout = 10)
{
    enum listing_format format = LISTING_JSON;

    cr_expect_eq(listing_format_parse("text", &format), 0);
    cr_expect_eq(format, LISTING_TEXT);
    cr_expect_eq(listing_format_parse("json", &format), 0);
    cr_expect_eq(format, LISTING_JSON);
    cr_expect_eq(listing_format_parse("markdown", &format), 0);
    cr_expect_eq(format, LISTING_MARKDOWN);
}

Test(error_listing, unknown_format_is_refused_and_changes_nothing,
     .timeout = 10)
{
    const char *const names[] = {"", "JSON", "jso", "jsonl", "xml"};
    enum listing_format format = LISTING_MARKDOWN;

    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        cr_expect_eq(listing_format_parse(names[i], &format), -1, "%s",
                     names[i]);
        cr_expect_eq(format, LISTING_MARKDOWN, "%s", names[i]);
    }
}

Test(error_listing, a_full_device_is_a_failure, .timeout = 10)
{
    FILE *full = fopen("/dev/full", "w");

    cr_assert(full);
    cr_expect_eq(listing_print(full, LISTING_TEXT, error_listing_render), -1);
    fclose(full);
}

/* With a buffer larger than the listing only the flush meets the device. */
Test(error_listing, a_failed_flush_is_a_failure, .timeout = 10)
{
    static char buffer[LISTING_MAX];
    FILE *full = fopen("/dev/full", "w");

    cr_assert(full);
    cr_assert_eq(setvbuf(full, buffer, _IOFBF, sizeof(buffer)), 0);
    cr_expect_eq(listing_print(full, LISTING_JSON, error_listing_render), -1);
    fclose(full);
}

Test(error_listing, a_buffer_too_small_is_a_failure, .timeout = 10)
{
    struct strbuf out;

    strbuf_init(&out, 1000);
    cr_expect_eq(error_listing_render(&out, LISTING_JSON), -1);
    strbuf_release(&out);
}
