#include "finding_listing.h"

#include "findings.h"
#include <string.h>

static const char markdown_head[] =
    "# Findings\n"
    "\n"
    "The rules that the mock holds every request against, printed by\n"
    "`mockserver findings --format markdown`: change\n"
    "`mockserver/findings.def` and print it again, do not edit this page.\n"
    "\n"
    "A reply tells a client the first thing that was wrong. Findings tell all "
    "of\n"
    "it, and also what the service would let pass: every rule is looked at "
    "for\n"
    "every request, whatever was answered, also when a fault was served. So a\n"
    "test that only asks for an error still shows whether the request was "
    "right.\n"
    "\n"
    "## Levels\n"
    "\n"
    "| level | meaning |\n"
    "|---|---|\n"
    "| `must` | breaks the contract: the client is not conformant |\n"
    "| `should` | against its advice; the service takes it |\n"
    "| `info` | accepted and undocumented, or not what the samples show; good "
    "to "
    "know |\n"
    "\n"
    "## Reading the verdict\n"
    "\n"
    "The verdict adds up the findings of each SecretId, and of all requests.\n"
    "Give every parallel test a SecretId of its own, and each has a verdict "
    "of\n"
    "its own.\n"
    "\n"
    "- `conformant` is `true` until the first finding of level `must`. No "
    "other\n"
    "  level changes it. It is `true` too when there were no requests: look "
    "at\n"
    "  `requests` as well.\n"
    "- Each finding has its `count`, one at most for each request, and as its\n"
    "  `example` the first exchange that had it with what was `seen` there.\n"
    "- A request that names no known SecretId is counted under `(unknown)`. "
    "After\n"
    "  4096 SecretIds further ones are counted together under `(others)`.\n"
    "- `seen` has at most 200 bytes, longer text ends in `...`; control bytes\n"
    "  are `?`. It never holds a secret.\n"
    "- A request that was cut short lacks what did not come: nothing is said "
    "to\n"
    "  be missing in it. The same goes for a body that cannot be read, and "
    "for\n"
    "  one that was refused before it was sent.\n"
    "- `signature.reused-after-refusal` and the `retry.` rules compare a "
    "request\n"
    "  with earlier ones of the same SecretId, and only with those whose "
    "answer\n"
    "  was there when it was sent. A fault that stands for an answer counts "
    "like\n"
    "  that answer.\n"
    "\n"
    "## The rules\n"
    "\n"
    "- **Id**: stable; for filters and for issues.\n"
    "- **P**: provenance of the rule: D documented in the two published "
    "pages,\n"
    "  V stated by the vendor elsewhere, A assumed by this project.\n"
    "- **Reference**: where to read more: [contract.md](contract.md) or an "
    "RFC.\n"
    "- **Seen**: what `seen` tells.\n"
    "\n"
    "| Id | Level | P | Reference | Rule | Seen |\n"
    "|---|---|---|---|---|---|\n";

static void add_json_row(struct strbuf *out, const struct finding_info *info)
{
    strbuf_addch(out, '{');
    listing_add_member(out, "id", info->id);
    listing_add_member(out, "level", finding_level_name(info->level));
    listing_add_member(out, "provenance",
                       error_provenance_mark(info->provenance));
    listing_add_member(out, "reference", info->reference);
    listing_add_member(out, "text", info->text);
    strbuf_addstr(out, "\"seen\":");
    strbuf_add_json(out, info->shows, strlen(info->shows));
    strbuf_addch(out, '}');
}

static void render_json(struct strbuf *out)
{
    strbuf_addstr(out, "{\"findings\":[");
    for (int i = 0; i < FINDING__COUNT; i++) {
        strbuf_addstr(out, i > 0 ? ",\n" : "\n");
        add_json_row(out, finding_info((enum finding)i));
    }
    strbuf_addstr(out, "\n]}\n");
}

static void render_markdown(struct strbuf *out)
{
    strbuf_addstr(out, markdown_head);
    for (int i = 0; i < FINDING__COUNT; i++) {
        const struct finding_info *info = finding_info((enum finding)i);

        strbuf_addf(out, "| `%s` | %s | %s | %s | %s | %s |\n", info->id,
                    finding_level_name(info->level),
                    error_provenance_mark(info->provenance), info->reference,
                    info->text, info->shows);
    }
}

static int longest_id(void)
{
    size_t longest = 0;

    for (int i = 0; i < FINDING__COUNT; i++) {
        size_t len = strlen(finding_info((enum finding)i)->id);
        if (len > longest)
            longest = len;
    }
    return (int)longest;
}

static void render_text(struct strbuf *out)
{
    int width = longest_id();

    strbuf_addf(out, "%-6s  %s  %-*s  %s\n", "LEVEL", "P", width, "ID", "RULE");
    for (int i = 0; i < FINDING__COUNT; i++) {
        const struct finding_info *info = finding_info((enum finding)i);

        strbuf_addf(out, "%-6s  %s  %-*s  %s (%s)\n",
                    finding_level_name(info->level),
                    error_provenance_mark(info->provenance), width, info->id,
                    info->text, info->reference);
    }
    strbuf_addstr(
        out, "\n"
             "LEVEL: must breaks the contract; should is against its advice; "
             "info is good to know.\n"
             "P:     D documented, V stated by the vendor elsewhere, "
             "A assumed.\n");
}

int finding_listing_render(struct strbuf *out, enum listing_format format)
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
