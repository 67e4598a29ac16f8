#include "journal_entry.h"

#include <inttypes.h>
#include <string.h>
#include <time.h>

/* Adds `"key":` and the text, or null; `key` comes with what precedes it. */
static void add_text(struct strbuf *out, const char *key,
                     struct entry_text text)
{
    strbuf_addstr(out, key);
    if (text.ptr)
        strbuf_add_json(out, text.ptr, text.len);
    else
        strbuf_addstr(out, "null");
}

/* The same with a string of ours. */
static void add_string(struct strbuf *out, const char *key, const char *s)
{
    add_text(out, key, (struct entry_text){s, s ? strlen(s) : 0});
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
    strbuf_addstr(out, ",\"headers\":[");
    for (size_t i = 0; i < e->n_fields; i++) {
        add_text(out, i ? ",{\"name\":" : "{\"name\":", e->fields[i].name);
        add_text(out, ",\"value\":", e->fields[i].value);
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

static void add_part(struct strbuf *out, const struct entry_part *part)
{
    add_text(out, "{\"name\":", part->name);
    if (part->filename.ptr)
        add_text(out, ",\"filename\":", part->filename);
    add_text(out, ",\"type\":", part->type);
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
    strbuf_addstr(out, ",\"parts\":[");
    for (size_t i = 0; i < e->n_parts; i++) {
        if (i > 0)
            strbuf_addch(out, ',');
        add_part(out, &e->parts[i]);
    }
    strbuf_addch(out, ']');
}

static void add_signature(struct strbuf *out, const struct entry_signature *sig)
{
    static const char keys[] = "abketruf";

    if (!sig->is_checked) {
        add_string(out, ",\"signature\":", NULL);
        return;
    }
    strbuf_addf(out, ",\"signature\":{\"code\":%d", sig->code);
    add_text(out, ",\"why\":", sig->why);
    for (size_t i = 0; i < SIGNED__COUNT; i++) {
        const char key[] = {',', '"', keys[i], '"', ':', '\0'};

        add_text(out, key, sig->fields[i]);
    }
    add_bool(out, ",\"single_use\":", sig->single_use);
    strbuf_addch(out, '}');
}

static void add_natural(struct strbuf *out, const struct entry_natural *natural)
{
    if (!natural->is_known) {
        add_string(out, ",\"natural\":", NULL);
        return;
    }
    strbuf_addf(out, ",\"natural\":{\"code\":%d", natural->code);
    add_string(out, ",\"place\":", error_place_name(natural->place));
    if (natural->message.ptr)
        add_text(out, ",\"message\":", natural->message);
    else
        add_string(out,
                   ",\"message\":", error_message(natural->code, LANGUAGE_EN));
    add_text(out, ",\"why\":", natural->why);
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

static void add_fault(struct strbuf *out, const struct entry_fault *fault)
{
    char spec[FAULT_MAX_SPEC_LEN + 1];

    if (fault->source == FAULT_FROM_NOWHERE) {
        add_string(out, ",\"fault\":", NULL);
        return;
    }
    fault_render(&fault->fault, spec, sizeof(spec));
    add_string(out,
               ",\"fault\":{\"source\":", fault_source_name(fault->source));
    /* A SPEC that did not parse has no canonical form. */
    add_string(out, ",\"spec\":", fault->problem.ptr ? NULL : spec);
    if (fault->rule)
        strbuf_addf(out, ",\"rule\":%" PRIu64, fault->rule);
    else
        strbuf_addstr(out, ",\"rule\":null");
    add_text(out, ",\"problem\":", fault->problem);
    strbuf_addch(out, '}');
}

/* In the order in which they were found. */
static void add_findings(struct strbuf *out, const struct journal_entry *e)
{
    strbuf_addstr(out, ",\"findings\":[");
    for (size_t i = e->n_notes; i-- > 0;) {
        const struct entry_note *note = &e->notes[i];
        const struct finding_info *info = finding_info(note->finding);

        add_string(out, "{\"id\":", info->id);
        add_string(out, ",\"level\":", finding_level_name(info->level));
        add_text(out, ",\"seen\":", note->seen);
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
    add_text(out, ",\"client\":", e->client);
    add_text(out, ",\"method\":", e->method);
    add_text(out, ",\"target\":", e->target);
    add_text(out, ",\"http_version\":", e->version);
    add_fields(out, e);
    strbuf_addf(out, ",\"body_size\":%" PRIu64, e->body_size);
    add_parts(out, e);
    add_signature(out, &e->signature);
    add_text(out, ",\"secret_id\":", e->signature.fields[SIGNED_K]);
    add_text(out, ",\"appid\":", e->appid);
    add_natural(out, &e->natural);
    add_served(out, &e->served);
    add_fault(out, &e->fault);
    add_findings(out, e);
    add_bool(out, ",\"cut_short\":", e->cut_short);
    add_bool(out, ",\"truncated\":", e->truncated);
    strbuf_addch(out, '}');
    return out->failed ? -1 : 0;
}
