#include "pipeline.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include "content_type.h"
#include "decide.h"
#include "endpoints.h"
#include "findings.h"
#include "mutants.h"
#include "proxy.h"
#include "render.h"
#include "validate.h"

struct exchange *pipeline_open(const struct pipeline *p)
{
    struct exchange *x = exchange_new();

    if (!x)
        return NULL;
    x->request.method = "";
    x->request.target = "";
    x->request.version = "";
    x->request.client = "";
    x->serial = ids_next(p->ids);
    x->random = ids_random(p->ids, x->serial, 0);
    x->time_us = clock_now_us(p->clock);
    x->started_us = clock_monotonic_us();
    return x;
}

static enum error_code fail_http(struct exchange *x, int status,
                                 const char *why)
{
    x->failed_http_status = status;
    return exchange_fail(x, ERR_BAD_REQUEST, why);
}

static enum error_code route(struct exchange *x)
{
    const struct request *r = &x->request;

    if (r->malformed)
        return fail_http(x, 400, r->malformed);
    if (x->elsewhere) {
        x->failed_message = x->elsewhere;
        return fail_http(x, 403, "it is addressed to what is not served");
    }
    if (r->path)
        x->endpoint = endpoints_match(r->path);
    if (!x->endpoint)
        return fail_http(x, 404, "no endpoint has this path");
    if (strcmp(r->method, "POST") != 0 && !mutant(MUTANT_ANY_METHOD))
        return fail_http(x, 405, "the method is not POST");
    return ERR_OK;
}

static uint64_t max_body(const struct pipeline *p)
{
    return p->settings->max_body - mutant(MUTANT_LIMIT_REFUSED) +
           mutant(MUTANT_LIMIT_PLUS_ONE);
}

static enum error_code check_declared_size(const struct pipeline *p,
                                           struct exchange *x)
{
    int64_t len = x->request.content_length;

    if (len < 0 || (uint64_t)len <= max_body(p) ||
        mutant(MUTANT_SIZE_AFTER_SIGNATURE))
        return ERR_OK;
    return exchange_fail(x, ERR_BODY_TOO_LARGE,
                         "Content-Length is over the limit");
}

static enum error_code authenticate(const struct pipeline *p,
                                    struct exchange *x)
{
    struct signature *sig = &x->signature;
    enum error_code code;

    code = signature_verify(sig, &x->arena, p->accounts, p->uses,
                            x->request.authorization, x->time_us / 1000000);
    /* The only bad request that a signature can make is an account in
     * arrears, for which a message of its own is published. */
    if (code == ERR_BAD_REQUEST && !mutant(MUTANT_ARREARS_MESSAGE))
        x->failed_message = SIGNATURE_ARREARS_MESSAGE;
    if (mutant(MUTANT_REFUSALS_COUNT) && code != ERR_OK && sig->account)
        account_take(sig->account, x->time_us);
    if (code != ERR_OK)
        return exchange_fail(x, code, sig->why);
    if (!account_take(sig->account, x->time_us) &&
        !mutant(MUTANT_RATE_UNLIMITED))
        return exchange_fail(x, ERR_TOO_FREQUENT,
                             "over the account's rate_per_second");
    return ERR_OK;
}

/* For the record of a request that is refused anyway: whose it was. */
static void identify(const struct pipeline *p, struct exchange *x)
{
    struct signature *sig = &x->signature;

    signature_parse(sig, &x->arena, x->request.authorization);
    if (sig->a.ptr && sig->k.ptr)
        accounts_find_signer(p->accounts, sig->a.ptr, sig->a.len, sig->k.ptr,
                             sig->k.len, &sig->account, &sig->key);
}

/* Why the body cannot be begun; a type that is not taken is shown. */
static const char *body_problem(struct exchange *x)
{
    const char *type = x->request.content_type;
    const char *why = NULL;
    char shown[80];

    if (x->body.kind == 0 && type && *type)
        why = arena_printf(&x->arena,
                           "Content-Type is \"%s\", which the endpoint does "
                           "not take",
                           log_quote(shown, sizeof(shown), type, strlen(type)));
    return why ? why : x->body.why;
}

/* Begun whatever failed before, so that a refused body is looked at too. */
static enum error_code begin_body(const struct pipeline *p, struct exchange *x)
{
    struct content_type type;
    enum error_code code;

    content_type_parse(&type, x->request.content_type);
    code = body_begin(&x->body, &type, x->endpoint->bodies, max_body(p));
    return code == ERR_OK ? code : exchange_fail(x, code, body_problem(x));
}

void pipeline_head(const struct pipeline *p, struct exchange *x)
{
    enum error_code code;

    if (!x->elsewhere)
        x->elsewhere = proxy_refusal(p->settings, x);
    code = route(x);
    if (code == ERR_OK)
        code = check_declared_size(p, x);
    if (mutant(MUTANT_TYPE_BEFORE_SIGNATURE) && code == ERR_OK)
        code = begin_body(p, x);
    if (code == ERR_OK)
        code = authenticate(p, x);
    else if (!x->elsewhere) /* its Authorization is for somebody else */
        identify(p, x);
    if (x->endpoint && code != ERR_BODY_TOO_LARGE)
        begin_body(p, x);
    x->refused_on_headers = x->failed != ERR_OK;
    decide_fault(x, p->settings, p->rules, DECIDE_AT_HEAD);
}

void pipeline_body(const struct pipeline *p, struct exchange *x,
                   const char *data, size_t len)
{
    uint64_t max = max_body(p);
    uint64_t room = x->body.received < max ? max - x->body.received : 0;
    unsigned known = x->body.n_changes;

    if (mutant(MUTANT_CHUNKED_UNLIMITED) && x->request.chunked)
        room = len;
    /* What fits is read all the same: however the body was cut into pieces,
     * the faults found in it are then the same. */
    body_feed(&x->body, data, len < room ? len : (size_t)room);
    if (len > room) {
        x->body.received += len - room;
        body_discard(&x->body);
        exchange_fail(x, ERR_BODY_TOO_LARGE, "the body is over the limit");
    }
    if (x->body.n_changes != known)
        decide_fault(x, p->settings, p->rules, DECIDE_IN_BODY);
}

static enum error_code finish_body(struct exchange *x)
{
    enum error_code code = body_finish(&x->body);

    return code == ERR_OK ? x->failed : exchange_fail(x, code, x->body.why);
}

static enum error_code check(struct exchange *x,
                             enum error_code (*stage)(struct exchange *,
                                                      const char **))
{
    const char *why = NULL;
    enum error_code code = stage(x, &why);

    return code == ERR_OK ? code : exchange_fail(x, code, why);
}

/* Notes what there is to note, the reply being known but not yet sent: a
 * client that has read it finds it in the journal. */
static void record(const struct pipeline *p, struct exchange *x)
{
    x->duration_us = clock_monotonic_us() - x->started_us;
    findings_evaluate(x, p->settings, x->time_us / 1000000);
    if (p->verdict && !x->elsewhere)
        verdict_recall(p->verdict, x);
    x->id = x->serial;
    if (p->journal)
        journal_append(p->journal, x);
    if (p->verdict)
        verdict_count(p->verdict, x);
    if (p->metrics)
        metrics_count(p->metrics, x);
}

/* The query of what was meant for another service is not ours to show. */
static const char *quote_target(char *buf, size_t cap, const struct exchange *x)
{
    const char *target = x->request.target;

    return log_quote(buf, cap, target,
                     x->elsewhere ? strcspn(target, "?#") : strlen(target));
}

static void log_exchange(const struct pipeline *p, const struct exchange *x)
{
    const struct request *r = &x->request;
    char target[160];
    char fault[FAULT_MAX_SPEC_LEN + 32] = "";

    if (!log_wants(p->log, LOG_INFO))
        return;
    if (x->fault_source != FAULT_FROM_NOWHERE) {
        char spec[FAULT_MAX_SPEC_LEN];

        fault_render(&x->fault, spec, sizeof(spec));
        snprintf(fault, sizeof(fault), ", fault from %s: %s",
                 fault_source_name(x->fault_source),
                 x->fault_problem ? "not understood" : spec);
    }
    log_write(p->log, LOG_INFO,
              "#%" PRIu64 " %s %s %s, %" PRIu64 " bytes: %d %s%s%s%s", x->id,
              r->client, r->method, quote_target(target, sizeof(target), x),
              x->body.received, x->decision.code,
              decision_message(&x->decision, LANGUAGE_EN), x->why ? ": " : "",
              x->why ? x->why : "", fault);
}

int pipeline_finish(const struct pipeline *p, struct exchange *x)
{
    enum error_code code = x->failed;
    int result;

    /* Also of a refused request the body is read to its end, for the record. */
    if (!x->body_skipped)
        code = finish_body(x);
    if (mutant(MUTANT_MISMATCH_BEFORE_PARAMETERS) && code == ERR_OK)
        code = check(x, validate_against_signature);
    if (code == ERR_OK)
        code = check(x, validate_params);
    if (code == ERR_OK)
        code = check(x, validate_against_signature);
    if (code == ERR_OK)
        x->endpoint->answer(x, p->settings);
    decide_fault(x, p->settings, p->rules, DECIDE_AT_END);
    decide(x);
    result = render(x, p->settings);
    record(p, x);
    log_exchange(p, x);
    return result;
}

void pipeline_abandon(const struct pipeline *p, struct exchange *x)
{
    char target[160];

    decide(x);
    x->cut_short = x->fault.transport != TRANSPORT_RESET_DURING_UPLOAD;
    record(p, x);
    log_write(p->log, LOG_INFO,
              "#%" PRIu64 " %s %s: %s after %" PRIu64 " bytes of its body",
              x->id, x->request.client, quote_target(target, sizeof(target), x),
              x->request.malformed ? x->request.malformed
              : x->cut_short       ? "cut short"
                                   : "reset by a fault",
              x->body.received);
}
