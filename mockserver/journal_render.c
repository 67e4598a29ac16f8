#include "journal_entry.h"

#include <inttypes.h>
#include <string.h>
#include <time.h>

/* Adds `"key":` and the bytes, or null; `key` comes with what precedes it. */
static void add_bytes(struct strbuf *out, const char *key, const char *s,
                      size_t len)
{
    strbuf_addstr(out, key);
    if (s)
        strbuf_add_json(out, s, len);
    else
        strbuf_addstr(out, "null");
}

/* The same with a string of ours. */
static void add_string(struct strbuf *out, const char *key, const char *s)
{
    add_bytes(out, key, s, s ? strlen(s) : 0);
}

/* The same with a text of the entry's. */
static void add_text(struct strbuf *out, const char *key,
                     const struct journal_entry *e, struct entry_text text)
{
    add_bytes(out, key, journal_entry_text(e, text), text.len);
}

/* The first element of a list of the entry's. */
static const void *first(const struct journal_entry *e, struct entry_list list)
{
    return (const char *)e + list.at;
}

static void add_bool(struct strbuf *out, const char *key, bool value)
{
    strbuf_addstr(out, key);
    strbuf_addstr(out, value ? "true" : "false");
}

/* Thousandths as a decimal: microseconds as milliseconds, and so on. */
static void add_thousandths(struct strbuf *out, const char *key, int64_t value)
{
    uint64_t size = value < 0 ? -(uint64_t)value : (uint64_t)value;

    strbuf_addf(out, "%s%s%" PRIu64 ".%03" PRIu64, key, value < 0 ? "-" : "",
                size / 1000, size % 1000);
}

static int64_t floor_div(int64_t a, int64_t b)
{
    return a / b - (a % b < 0);
}

/* ISO 8601 in UTC with milliseconds; null for a clock set to a year that no
 * calendar holds. */
static void add_time(struct strbuf *out, int64_t time_us)
{
    int64_t ms = floor_div(time_us, 1000);
    time_t seconds = (time_t)floor_div(ms, 1000);
    struct tm tm;
    char text[64];

    add_thousandths(out, ",\"time\":", ms);
    if (!gmtime_r(&seconds, &tm) ||
        strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%S", &tm) == 0) {
        add_string(out, ",\"time_iso\":", NULL);
        return;
    }
    strbuf_addf(out, ",\"time_iso\":\"%s.%03dZ\"", text,
                (int)(ms - (int64_t)seconds * 1000));
}

static void add_fields(struct strbuf *out, const struct journal_entry *e)
{
    const struct entry_field *fields = first(e, e->fields);

    strbuf_addstr(out, ",\"headers\":[");
    for (size_t i = 0; i < e->fields.n; i++) {
        add_text(out, i ? ",{\"name\":" : "{\"name\":", e, fields[i].name);
        add_text(out, ",\"value\":", e, fields[i].value);
        strbuf_addch(out, '}');
    }
    strbuf_addch(out, ']');
}

static void add_sha256(struct strbuf *out, const struct entry_part *part)
{
    static const char digits[] = "0123456789abcdef";
    char hex[2 * SHA256_LEN + 1];

    for (size_t i = 0; i < SHA256_LEN; i++) {
        hex[2 * i] = digits[part->sha256[i] >> 4];
        hex[2 * i + 1] = digits[part->sha256[i] & 15];
    }
    hex[2 * SHA256_LEN] = '\0';
    add_string(out, ",\"sha256\":", part->has_sha256 ? hex : NULL);
}

static void add_part(struct strbuf *out, const struct journal_entry *e,
                     const struct entry_part *part)
{
    add_text(out, "{\"name\":", e, part->name);
    if (part->filename.at)
        add_text(out, ",\"filename\":", e, part->filename);
    add_text(out, ",\"type\":", e, part->type);
    strbuf_addf(out, ",\"size\":%" PRIu64, part->size);
    add_sha256(out, part);
    add_string(out, ",\"sniffed\":",
               part->is_sniffed ? media_type_name(part->media) : NULL);
    add_bool(out, ",\"complete\":", part->is_complete);
    add_bool(out, ",\"repeated\":", part->repeated);
    strbuf_addch(out, '}');
}

static void add_parts(struct strbuf *out, const struct journal_entry *e)
{
    const struct entry_part *parts = first(e, e->parts);

    strbuf_addstr(out, ",\"parts\":[");
    for (size_t i = 0; i < e->parts.n; i++) {
        if (i > 0)
            strbuf_addch(out, ',');
        add_part(out, e, &parts[i]);
    }
    strbuf_addch(out, ']');
}

static void add_signature(struct strbuf *out, const struct journal_entry *e)
{
    static const char keys[] = "abketruf";
    const struct entry_signature *sig = &e->signature;

    if (!sig->is_checked) {
        add_string(out, ",\"signature\":", NULL);
        return;
    }
    strbuf_addf(out, ",\"signature\":{\"code\":%d", sig->code);
    add_text(out, ",\"why\":", e, sig->why);
    for (size_t i = 0; i < SIGNED__COUNT; i++) {
        const char key[] = {',', '"', keys[i], '"', ':', '\0'};

        add_text(out, key, e, sig->fields[i]);
    }
    add_bool(out, ",\"single_use\":", sig->single_use);
    strbuf_addch(out, '}');
}

static void add_natural(struct strbuf *out, const struct journal_entry *e)
{
    const struct entry_natural *natural = &e->natural;

    if (!natural->is_known) {
        add_string(out, ",\"natural\":", NULL);
        return;
    }
    strbuf_addf(out, ",\"natural\":{\"code\":%d", natural->code);
    add_string(out, ",\"place\":", error_place_name(natural->place));
    if (natural->message.at)
        add_text(out, ",\"message\":", e, natural->message);
    else
        add_string(out,
                   ",\"message\":", error_message(natural->code, LANGUAGE_EN));
    add_text(out, ",\"why\":", e, natural->why);
    strbuf_addch(out, '}');
}

static void add_served(struct strbuf *out, const struct entry_served *served)
{
    if (!served->is_anything) {
        add_string(out, ",\"served\":", NULL);
        return;
    }
    strbuf_addstr(out, ",\"served\":{\"code\":");
    if (served->has_code)
        strbuf_addf(out, "%d", served->code);
    else
        strbuf_addstr(out, "null");
    add_string(out, ",\"place\":",
               served->has_code ? error_place_name(served->place) : NULL);
    strbuf_addstr(out, ",\"http_status\":");
    if (served->http_status)
        strbuf_addf(out, "%d", served->http_status);
    else
        strbuf_addstr(out, "null");
    add_string(out, ",\"transport\":",
               served->transport == TRANSPORT_NONE
                   ? NULL
                   : fault_transport_name(served->transport));
    strbuf_addf(out, ",\"delay_ms\":%" PRIu32 "}", served->delay_ms);
}

static void add_fault(struct strbuf *out, const struct journal_entry *e)
{
    const struct entry_fault *fault = &e->fault;
    char spec[FAULT_MAX_SPEC_LEN + 1];

    if (fault->source == FAULT_FROM_NOWHERE) {
        add_string(out, ",\"fault\":", NULL);
        return;
    }
    fault_render(&fault->fault, spec, sizeof(spec));
    add_string(out,
               ",\"fault\":{\"source\":", fault_source_name(fault->source));
    /* A SPEC that did not parse has no canonical form. */
    add_string(out, ",\"spec\":", fault->problem.at ? NULL : spec);
    if (fault->rule)
        strbuf_addf(out, ",\"rule\":%" PRIu64, fault->rule);
    else
        strbuf_addstr(out, ",\"rule\":null");
    add_text(out, ",\"problem\":", e, fault->problem);
    strbuf_addch(out, '}');
}

/* In the order in which they were found. */
static void add_findings(struct strbuf *out, const struct journal_entry *e)
{
    const struct entry_note *notes = first(e, e->notes);

    strbuf_addstr(out, ",\"findings\":[");
    for (size_t i = e->notes.n; i-- > 0;) {
        const struct entry_note *note = &notes[i];
        const struct finding_info *info = finding_info(note->finding);

        add_string(out, "{\"id\":", info->id);
        add_string(out, ",\"level\":", finding_level_name(info->level));
        add_text(out, ",\"seen\":", e, note->seen);
        strbuf_addstr(out, i > 0 ? "}," : "}");
    }
    strbuf_addch(out, ']');
}

int journal_entry_render(const struct journal_entry *e, struct strbuf *out)
{
    strbuf_addf(out, "{\"id\":%" PRIu64, e->id);
    add_time(out, e->time_us);
    add_thousandths(out, ",\"duration_ms\":", e->duration_us);
    add_string(out, ",\"endpoint\":", e->endpoint);
    add_text(out, ",\"client\":", e, e->client);
    add_text(out, ",\"method\":", e, e->method);
    add_text(out, ",\"target\":", e, e->target);
    add_text(out, ",\"http_version\":", e, e->version);
    add_fields(out, e);
    strbuf_addf(out, ",\"body_size\":%" PRIu64, e->body_size);
    add_parts(out, e);
    add_signature(out, e);
    add_text(out, ",\"secret_id\":", e, e->signature.fields[SIGNED_K]);
    add_text(out, ",\"appid\":", e, e->appid);
    add_natural(out, e);
    add_served(out, &e->served);
    add_fault(out, e);
    add_findings(out, e);
    add_bool(out, ",\"cut_short\":", e->cut_short);
    add_bool(out, ",\"truncated\":", e->truncated);
    strbuf_addch(out, '}');
    return out->failed ? -1 : 0;
}
