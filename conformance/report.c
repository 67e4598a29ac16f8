#include "report.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "outfile.h"

struct format_row {
    const char *name;
    void (*render)(const struct run *run, struct bytes *out);
};

static const struct format_row formats[REPORT__COUNT] = {
    [REPORT_JSON] = {"json", report_json},
    [REPORT_JUNIT] = {"junit", report_junit},
    [REPORT_MARKDOWN] = {"markdown", report_markdown},
};

#define EXPECTED "expected json=FILE, junit=FILE, markdown=FILE"

/* The format that the first `len` bytes name; REPORT__COUNT: none. */
static size_t find_format(const char *name, size_t len)
{
    size_t i = 0;

    while (i < REPORT__COUNT && (strlen(formats[i].name) != len ||
                                 memcmp(formats[i].name, name, len) != 0))
        i++;
    return i;
}

static bool is_taken(const struct reports *r, const char *path, size_t len)
{
    for (size_t i = 0; i < REPORT__COUNT; i++) {
        if (r->path[i] && strlen(r->path[i]) == len &&
            memcmp(r->path[i], path, len) == 0)
            return true;
    }
    return false;
}

/* One item of the list, `len` bytes. NULL, or what is wrong with it. */
static char *add_item(struct reports *r, const char *item, size_t len)
{
    size_t name_len = strcspn(item, "=,");
    size_t i = find_format(item, name_len);
    const char *path = item + name_len + 1;
    size_t path_len = len > name_len ? len - name_len - 1 : 0;

    if (i == REPORT__COUNT)
        return format("--report: unknown format \"%.*s\", " EXPECTED,
                      (int)name_len, item);
    if (path_len == 0)
        return format("--report: no file for %s in \"%.*s\", " EXPECTED,
                      formats[i].name, (int)len, item);
    if (r->path[i])
        return format("--report: %s is given twice, expected one file for it",
                      formats[i].name);
    if (is_taken(r, path, path_len))
        return format("--report: two formats go to \"%.*s\", expected a file "
                      "for each",
                      (int)path_len, path);
    r->path[i] = format("%.*s", (int)path_len, path);
    return NULL;
}

int reports_parse(struct reports *r, const char *list, char **why)
{
    for (;;) {
        size_t len = strcspn(list, ",");

        *why = add_item(r, list, len);
        if (*why)
            return -1;
        if (list[len] == '\0')
            return 0;
        list += len + 1;
    }
}

void reports_release(struct reports *r)
{
    for (size_t i = 0; i < REPORT__COUNT; i++)
        free(r->path[i]);
    *r = (struct reports){0};
}

bool reports_use_stdout(const struct reports *r)
{
    return is_taken(r, "-", 1);
}

static int write_report(const char *path, const struct bytes *report)
{
    if (strcmp(path, "-") != 0)
        return outfile_write(path, report->data, report->len);
    if (fwrite(report->data, 1, report->len, stdout) != report->len ||
        fflush(stdout) != 0)
        return -1;
    return 0;
}

int reports_write(const struct reports *r, const struct run *run, char **why)
{
    char *first = NULL;

    for (size_t i = 0; i < REPORT__COUNT; i++) {
        struct bytes report = {0};

        if (!r->path[i])
            continue;
        formats[i].render(run, &report);
        if (write_report(r->path[i], &report) < 0 && !first)
            first = format("--report: %s: %s",
                           strcmp(r->path[i], "-") ? r->path[i] : "stdout",
                           strerror(errno));
        bytes_release(&report);
    }
    if (!first)
        return 0;
    *why = first;
    return -1;
}
