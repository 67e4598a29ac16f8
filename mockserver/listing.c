#include "listing.h"

#include <string.h>

static const char *const format_names[] = {
    [LISTING_TEXT] = "text",
    [LISTING_JSON] = "json",
    [LISTING_MARKDOWN] = "markdown",
};

int listing_format_parse(const char *name, enum listing_format *format)
{
    const size_t n = sizeof(format_names) / sizeof(format_names[0]);

    for (size_t i = 0; i < n; i++) {
        if (!strcmp(name, format_names[i])) {
            *format = (enum listing_format)i;
            return 0;
        }
    }
    return -1;
}

int listing_print(FILE *out, enum listing_format format, listing_render *render)
{
    struct strbuf text;
    int result = -1;

    strbuf_init(&text, LISTING_MAX);
    if (render(&text, format) == 0 &&
        fwrite(text.buf, 1, text.len, out) == text.len && fflush(out) == 0)
        result = 0;
    strbuf_release(&text);
    return result;
}

void listing_add_member(struct strbuf *out, const char *name, const char *value)
{
    strbuf_addf(out, "\"%s\":", name);
    strbuf_add_json(out, value, strlen(value));
    strbuf_addch(out, ',');
}
