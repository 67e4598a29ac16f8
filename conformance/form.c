#include "form.h"

#include <ctype.h>
#include <stdlib.h>

#include "value.h"

static bool has_style(const struct form *form, const char *name)
{
    return json_is_true(json_object_get(form->style, name));
}

static const char *style_text(const struct form *form, const char *name)
{
    return value_find_text(form->style, name);
}

struct part *form_add(struct form *form)
{
    if (form->n == form->cap) {
        form->cap = form->cap ? 2 * form->cap : 16;
        form->parts = realloc(form->parts, form->cap * sizeof(*form->parts));
        if (!form->parts)
            abort();
    }
    form->parts[form->n] = (struct part){0};
    return &form->parts[form->n++];
}

void form_release(struct form *form)
{
    for (size_t i = 0; i < form->n; i++)
        bytes_release(&form->parts[i].data);
    free(form->parts);
    *form = (struct form){0};
}

/* `text` between quotes, in which a quote is %22 (RFC 7578 section 2). */
static void add_quoted(struct bytes *b, const char *text)
{
    bytes_text(b, "\"");
    for (; *text; text++) {
        if (*text == '"')
            bytes_text(b, "%22");
        else
            bytes_add(b, text, 1);
    }
    bytes_text(b, "\"");
}

static void add_field_name(const struct form *form, struct bytes *b,
                           const char *name)
{
    const char *style = style_text(form, "header_case");

    for (; *name; name++) {
        char c = *name;

        if (style)
            c = (char)(style[0] == 'l' ? tolower((unsigned char)c)
                                       : toupper((unsigned char)c));
        bytes_add(b, &c, 1);
    }
}

static const char *line_end(const struct form *form)
{
    return style_text(form, "line_end") ? "\n" : "\r\n";
}

static void add_disposition(const struct form *form, const struct part *part,
                            struct bytes *b)
{
    const char *filename = part->filename;

    add_field_name(form, b, "Content-Disposition");
    bytes_text(b, ": ");
    if (part->disposition) {
        bytes_text(b, part->disposition);
        return;
    }
    bytes_text(b, "form-data");
    if (part->name) {
        bytes_text(b, "; name=");
        if (has_style(form, "unquoted_names"))
            bytes_text(b, part->name);
        else
            add_quoted(b, part->name);
    }
    if (!filename && !part->is_file && has_style(form, "text_filenames"))
        filename = part->name;
    if (filename) {
        bytes_text(b, "; filename=");
        add_quoted(b, filename);
    }
    if (!part->is_file && has_style(form, "name_semicolon"))
        bytes_text(b, ";");
}

static void add_part_head(const struct form *form, const struct part *part,
                          struct bytes *b)
{
    const char *end = line_end(form);
    const json_t *line;
    size_t i;

    bytes_format(b, "--%s%s", form->boundary, end);
    if (!part->no_disposition) {
        add_disposition(form, part, b);
        bytes_text(b, end);
    }
    if (part->type) {
        add_field_name(form, b, "Content-Type");
        bytes_format(b, ": %s%s", part->type, end);
    }
    json_array_foreach(part->headers, i, line)
        bytes_format(b, "%s%s", json_string_value(line), end);
    bytes_text(b, end);
}

/* Renders with `fill` further bytes in the first file. */
static void render(const struct form *form, size_t fill, struct bytes *body)
{
    const char *preamble = style_text(form, "preamble");
    const char *epilogue = style_text(form, "epilogue");

    if (preamble)
        bytes_text(body, preamble);
    for (size_t i = 0; i < form->n; i++) {
        const struct part *part = &form->parts[i];

        add_part_head(form, part, body);
        bytes_add(body, part->data.data, part->data.len);
        if (part->is_file && fill > 0) {
            bytes_fill(body, 'x', fill);
            fill = 0;
        }
        bytes_text(body, line_end(form));
    }
    if (!has_style(form, "unclosed"))
        bytes_format(body, "--%s--%s", form->boundary, line_end(form));
    if (epilogue)
        bytes_text(body, epilogue);
}

void form_render(const struct form *form, size_t size, struct bytes *body)
{
    size_t before = body->len;

    render(form, 0, body);
    if (body->len - before < size) {
        size_t fill = size - (body->len - before);

        body->len = before;
        render(form, fill, body);
    }
}

char *form_content_type(const struct form *form)
{
    const char *quote = has_style(form, "quoted_boundary") ? "\"" : "";

    return format("multipart/form-data; boundary=%s%s%s", quote, form->boundary,
                  quote);
}
