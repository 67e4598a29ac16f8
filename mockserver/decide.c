#include "decide.h"

#include <string.h>
#include "endpoints.h"
#include "log.h"
#include "mutants.h"

/* A SPEC as a source gave it; ptr NULL when the source gave none. */
struct spec {
    const char *ptr;
    size_t len;
    bool unterminated; /* a marker without its ';' */
};

static struct spec from_header(const struct exchange *x)
{
    const char *value =
        mutant(MUTANT_FAULT_HEADER_IGNORED) ? NULL : x->request.fault;

    return (struct spec){.ptr = value, .len = value ? strlen(value) : 0};
}

static struct spec from_seq(const struct exchange *x)
{
    const struct param_value *seq = &x->body.values[PARAM_SEQ];
    struct spec spec = {0};

    if (seq->form == PARAM_TEXT && !mutant(MUTANT_FAULT_SEQ_IGNORED))
        spec.ptr = fault_in_seq(seq->text, seq->text_len, &spec.len);
    return spec;
}

static struct spec in_data(const void *data, size_t len)
{
    struct spec spec = {0};
    bool terminated = true;

    if (len > 0)
        spec.ptr = fault_in_data(data, len, &spec.len, &terminated);
    spec.unterminated = spec.ptr && !terminated;
    return spec;
}

static struct spec from_file(const struct exchange *x)
{
    const struct upload *json = &x->body.values[PARAM_IMAGE].file;
    struct spec spec = {0};

    if (mutant(MUTANT_FAULT_FILE_IGNORED))
        return spec;
    /* Every file part counts, also one whose name nobody knows. The last is
     * still being read while the body arrives: look only at whole heads. */
    for (const struct part *p = x->body.first; p && !spec.ptr; p = p->next) {
        if (p->is_file &&
            (p->is_complete || p->file.head_len == FAULT_FILE_WINDOW))
            spec = in_data(p->file.head, p->file.head_len);
    }
    if (!spec.ptr && x->body.kind == BODY_JSON)
        spec = in_data(json->head, json->head_len);
    return spec;
}

static struct spec from_url(const struct exchange *x)
{
    const struct param_value *url = &x->body.values[PARAM_URL];

    if (url->form != PARAM_TEXT || mutant(MUTANT_FAULT_URL_IGNORED))
        return (struct spec){0};
    return in_data(url->text, url->text_len);
}

/* The sources inside a request, strongest first. */
static const struct {
    enum fault_source source;
    bool in_body;
    struct spec (*find)(const struct exchange *x);
} request_sources[] = {
    {FAULT_FROM_HEADER, false, from_header},
    {FAULT_FROM_SEQ, true, from_seq},
    {FAULT_FROM_FILE, true, from_file},
    {FAULT_FROM_URL, true, from_url},
};

/* Reads a SPEC; one that does not parse becomes code 21, never nothing. */
static void take(struct exchange *x, enum fault_source source,
                 const struct spec *spec)
{
    char shown[FAULT_MAX_SPEC_LEN + 8];
    char why[FAULT_WHY_CAP];

    x->fault_source = source;
    x->fault_problem = NULL;
    memset(&x->fault, 0, sizeof(x->fault));
    if (!spec->unterminated &&
        fault_parse(&x->fault, spec->ptr, spec->len, why, sizeof(why)) == 0)
        return;
    if (spec->unterminated)
        x->fault_problem = arena_printf(
            &x->arena, "fault spec \"%s\" in %s is not followed by \";\"",
            log_quote(shown, sizeof(shown), spec->ptr, spec->len),
            fault_source_name(source));
    else
        x->fault_problem = arena_printf(&x->arena, "%s", why);
    if (!x->fault_problem)
        x->fault_problem = "fault spec does not parse";
}

static bool take_from_request(struct exchange *x)
{
    const size_t n = sizeof(request_sources) / sizeof(request_sources[0]);

    for (size_t at = 0; at < n; at++) {
        size_t i = mutant(MUTANT_FAULT_ORDER) ? n - 1 - at : at;
        struct spec spec;

        if (request_sources[i].in_body && x->refused_on_headers)
            continue;
        spec = request_sources[i].find(x);
        if (spec.ptr) {
            take(x, request_sources[i].source, &spec);
            return true;
        }
    }
    return false;
}

/* Returns whether a rule decides, now or since the head came in. */
static bool take_from_rules(struct exchange *x, struct fault_rules *rules,
                            enum decide_moment moment)
{
    if (x->fault_rule == 0 && rules && moment != DECIDE_IN_BODY)
        x->fault_rule =
            fault_rules_ask(rules, x, moment == DECIDE_AT_HEAD, &x->rule_fault);
    if (x->fault_rule == 0)
        return false;
    x->fault_source = FAULT_FROM_RULE;
    x->fault = x->rule_fault;
    return true;
}

void decide_fault(struct exchange *x, const struct settings *settings,
                  struct fault_rules *rules, enum decide_moment moment)
{
    if (!x->endpoint || x->failed_http_status)
        return;
    if (settings->request_triggers && take_from_request(x))
        return;
    if (take_from_rules(x, rules, moment))
        return;
    if (settings->has_fault) {
        x->fault_source = FAULT_FROM_OPTION;
        x->fault = settings->fault;
    }
}

static void natural(const struct exchange *x, struct decision *d)
{
    const struct error_info *info;

    d->code = x->failed != ERR_OK ? (int)x->failed : x->natural_code;
    d->message = x->failed_message;
    d->http_status = x->failed_http_status;
    info = error_find(d->code);
    d->place = info ? info->place : PLACE_CODE;
}

static void replace_code(const struct fault *fault, struct decision *d)
{
    const struct error_info *info = error_find(fault->code);

    d->code = mutant(MUTANT_FAULT_UNLISTED_MAPPED) && fault->code && !info
                  ? ERR_INTERNAL
                  : fault->code;
    d->message = NULL;
    d->http_status = 0;
    d->place = info ? info->place : PLACE_CODE;
    if (fault->has_place && !mutant(MUTANT_FAULT_PLACE_IGNORED))
        d->place = fault->place;
}

void decide(struct exchange *x)
{
    const struct fault *fault = &x->fault;
    struct decision *d = &x->decision;

    natural(x, &x->natural);
    *d = x->natural;
    if (x->fault_problem && !mutant(MUTANT_FAULT_BAD_SPEC_IGNORED)) {
        d->code = ERR_BAD_PARAMETER;
        d->place = PLACE_CODE;
        d->message = x->fault_problem;
        return;
    }
    if (fault->has_code)
        replace_code(fault, d);
    if (fault->http_status && !mutant(MUTANT_FAULT_HTTP_IGNORED))
        d->http_status = fault->http_status;
    d->delay_ms = mutant(MUTANT_FAULT_DELAY_IGNORED) ? 0 : fault->delay_ms;
    d->transport = fault->transport;
}
