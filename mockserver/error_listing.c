#include "error_listing.h"

#include "error_codes.h"
#include <string.h>

static const struct {
    enum error_endpoints id;
    char letter; /* in the terminal's table */
    const char *name;
} endpoints[] = {
    {EP_FOUR, 'F', "livedetectfour"},
    {EP_PICTURE, 'P', "livedetectpicture"},
    {EP_GETFOUR, 'G', "livegetfour"},
};

enum {
    N_ENDPOINTS = sizeof(endpoints) / sizeof(endpoints[0]),
};

static const char markdown_head[] =
    "# Error codes\n"
    "\n"
    "The catalogue of every code that the mock can answer, printed by\n"
    "`mockserver errors --format markdown`: change\n"
    "`mockserver/error_codes.def` and print it again, do not edit this page.\n"
    "\n"
    "- **Code**: the number.\n"
    "- **Endpoints**: where the service may answer it; *all* are\n"
    "  livedetectfour, livedetectpicture and livegetfour.\n"
    "- **Field**: what carries it on livedetectfour; where that is not "
    "`code`,\n"
    "  the top-level `code` is 0. A code of `live_status` stands in\n"
    "  `compare_status` too when `compare_flag` is `true`; a code of\n"
    "  `compare_status` is the top-level `code` when it is `false`. On the "
    "other\n"
    "  endpoints every code is the top-level `code`.\n"
    "- **HTTP**: the status under `--http-status=mapped`; by default it is "
    "200.\n"
    "  An unknown path (404) and a wrong method (405) are code 3 too and keep\n"
    "  those statuses.\n"
    "- **English**: the message that goes with it.\n"
    "- **Chinese**: the same under `--messages=zh`.\n"
    "- **P**: provenance: D documented in the two published pages, V stated "
    "by\n"
    "  the vendor elsewhere, A assumed by this project.\n"
    "- **How it comes about**: what to change in a request that is right\n"
    "  otherwise, with no fault injected.\n"
    "\n"
    "Any code can be forced on any endpoint by a fault SPEC\n"
    "(docs/contract.md section 8), for example with the request header\n"
    "`X-Mock-Fault: -5007`.\n"
    "\n"
    "| Code | Endpoints | Field | HTTP | English | Chinese | P "
    "| How it comes about |\n"
    "|---:|---|---|---:|---|---|---|---|\n";

static const char text_foot[] =
    "\n"
    "FIELD: what carries the code on livedetectfour; on the others, code.\n"
    "HTTP:  the status under --http-status=mapped; by default it is 200.\n"
    "P:     D documented, V stated by the vendor elsewhere, A assumed.\n"
    "WHERE: F livedetectfour, P livedetectpicture, G livegetfour.\n"
    "\n"
    "Any of them comes about by a fault, for example X-Mock-Fault: -5007.\n"
    "Without a fault, in a request that is right otherwise:\n"
    "\n";

/* Names of the endpoints of a row, `quote` around each. */
static void add_endpoints(struct strbuf *out, const struct error_info *info,
                          const char *quote, const char *separator)
{
    const char *before = "";

    for (size_t i = 0; i < N_ENDPOINTS; i++) {
        if (!(info->endpoints & endpoints[i].id))
            continue;
        strbuf_addf(out, "%s%s%s%s", before, quote, endpoints[i].name, quote);
        before = separator;
    }
}

static void add_json_row(struct strbuf *out, const struct error_info *info)
{
    const char *trigger = error_trigger_text(info->trigger);

    strbuf_addf(out, "{\"code\":%d,", info->code);
    listing_add_member(out, "symbol", info->symbol);
    listing_add_member(out, "zh", info->zh);
    listing_add_member(out, "en", info->en);
    strbuf_addstr(out, "\"endpoints\":[");
    add_endpoints(out, info, "\"", ",");
    strbuf_addstr(out, "],");
    listing_add_member(out, "place", error_place_name(info->place));
    strbuf_addf(out, "\"http\":%d,", info->http_status);
    listing_add_member(out, "provenance",
                       error_provenance_mark(info->provenance));
    strbuf_addstr(out, "\"trigger\":");
    strbuf_add_json(out, trigger, strlen(trigger));
    strbuf_addch(out, '}');
}

static void render_json(struct strbuf *out)
{
    strbuf_addstr(out, "{\"errors\":[");
    for (size_t i = 0; i < error_table_len; i++) {
        strbuf_addstr(out, i > 0 ? ",\n" : "\n");
        add_json_row(out, &error_table[i]);
    }
    strbuf_addstr(out, "\n]}\n");
}

static void add_markdown_row(struct strbuf *out, const struct error_info *info)
{
    strbuf_addf(out, "| %d | ", info->code);
    if (info->endpoints == EP_ALL)
        strbuf_addstr(out, "all");
    else
        add_endpoints(out, info, "", ", ");
    strbuf_addf(out, " | `%s` | %d | %s | %s | %s | %s |\n",
                error_place_name(info->place), info->http_status, info->en,
                info->zh, error_provenance_mark(info->provenance),
                error_trigger_text(info->trigger));
}

static void render_markdown(struct strbuf *out)
{
    strbuf_addstr(out, markdown_head);
    for (size_t i = 0; i < error_table_len; i++)
        add_markdown_row(out, &error_table[i]);
}

static int longest_en(void)
{
    size_t longest = 0;

    for (size_t i = 0; i < error_table_len; i++) {
        size_t len = strlen(error_table[i].en);
        if (len > longest)
            longest = len;
    }
    return (int)longest;
}

/* zh comes last, since its characters are two columns wide and printf pads by
 * bytes. */
static void add_text_row(struct strbuf *out, const struct error_info *info,
                         int en_width)
{
    char where[N_ENDPOINTS + 1] = "";

    for (size_t i = 0; i < N_ENDPOINTS; i++)
        where[i] =
            info->endpoints & endpoints[i].id ? endpoints[i].letter : '-';
    strbuf_addf(out, "%5d  %-14s  %4d  %s  %-5s  %-*s  %s\n", info->code,
                error_place_name(info->place), info->http_status,
                error_provenance_mark(info->provenance), where, en_width,
                info->en, info->zh);
}

static void render_text(struct strbuf *out)
{
    int en_width = longest_en();

    strbuf_addf(out, "%5s  %-14s  %4s  %s  %-5s  %-*s  %s\n", "CODE", "FIELD",
                "HTTP", "P", "WHERE", en_width, "EN", "ZH");
    for (size_t i = 0; i < error_table_len; i++)
        add_text_row(out, &error_table[i], en_width);
    strbuf_addstr(out, text_foot);
    for (size_t i = 0; i < error_table_len; i++) {
        const struct error_info *info = &error_table[i];

        if (info->trigger != TRIGGER_FAULT_ONLY)
            strbuf_addf(out, "%5d  %s\n", info->code,
                        error_trigger_text(info->trigger));
    }
}

int error_listing_render(struct strbuf *out, enum listing_format format)
{
    switch (format) {
    case LISTING_TEXT:
        render_text(out);
        break;
    case LISTING_JSON:
        render_json(out);
        break;
    case LISTING_MARKDOWN:
        render_markdown(out);
        break;
    }
    return out->failed ? -1 : 0;
}
