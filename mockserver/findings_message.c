/* The rules about the message: where it goes, how it is framed, how long it
 * is. */
#include "findings_rules.h"

#include "endpoints.h"
#include "findings.h"
#include "hosts.h"
#include <inttypes.h>
#include <string.h>

/* A target in absolute form has the host, whatever the field says (RFC 9112
 * section 3.2.2). */
static void check_host(struct exchange *x)
{
    const struct request *r = &x->request;
    const char *host = r->authority ? r->authority : r->host;
    struct authority authority;
    size_t len;

    if (!host) {
        findings_add(x, FINDING_HOST_UNKNOWN, "no Host");
        return;
    }
    len = r->authority ? r->authority_len : strlen(host);
    if (authority_parse(&authority, host, len) < 0 ||
        !hosts_is_service(&authority))
        findings_add_text(x, FINDING_HOST_UNKNOWN, host, len);
}

static void check_route(struct exchange *x)
{
    const struct request *r = &x->request;
    const struct endpoint *endpoint = x->endpoint;

    if (r->malformed)
        findings_add(x, FINDING_HTTP_MALFORMED, "%s", r->malformed);
    /* Of a head that the library refused nothing else is known. */
    if (r->malformed && !*r->method)
        return;
    /* A malformed head is refused before it is routed. */
    if (!endpoint && r->path)
        endpoint = endpoints_match(r->path);
    if (!endpoint)
        findings_add(x, FINDING_PATH_UNKNOWN, "%s",
                     r->target ? r->target : "(none)");
    else if (strcmp(r->method, "POST") != 0)
        findings_add(x, FINDING_METHOD_WRONG, "%s", r->method);
    check_host(x);
}

static void check_framing(struct exchange *x)
{
    const struct request *r = &x->request;

    if (r->chunked)
        findings_add(x, FINDING_UPLOAD_CHUNKED, "%" PRIu64 " bytes in chunks",
                     x->body.received);
    /* Only this endpoint's page has the field in its list of those that every
     * request must have. A GET has no length to tell. */
    if (r->content_length < 0 && x->endpoint && x->endpoint->id == EP_FOUR &&
        !strcmp(r->method, "POST"))
        findings_add(x, FINDING_CONTENT_LENGTH_MISSING,
                     r->chunked ? "no Content-Length, the body is chunked"
                                : "no Content-Length");
}

static void check_size(struct exchange *x, uint64_t max)
{
    int64_t declared = x->request.content_length;
    uint64_t size = x->body.received;

    if (declared > 0 && (uint64_t)declared > size)
        size = (uint64_t)declared;
    if (size > max)
        findings_add(x, FINDING_BODY_OVER_LIMIT,
                     "%" PRIu64 " bytes, the limit is %" PRIu64, size, max);
    else if (size > max - max / 10)
        findings_add(x, FINDING_BODY_NEAR_LIMIT,
                     "%" PRIu64 " bytes, the limit is %" PRIu64, size, max);
}

static void check_rate(struct exchange *x)
{
    if (x->failed == ERR_TOO_FREQUENT)
        findings_add(x, FINDING_RATE_EXCEEDED, "over %g requests a second",
                     x->signature.account->rate_per_second);
}

/* Of what was not meant for the service nothing else is judged. */
static void note_elsewhere(struct exchange *x)
{
    const struct request *r = &x->request;

    findings_add(x, FINDING_PROXY_ELSEWHERE, "%s %.*s", r->method,
                 (int)strcspn(r->target, "?#"), r->target);
}

static void note_cut_short(struct exchange *x)
{
    const struct request *r = &x->request;

    if (!r->method)
        findings_add(x, FINDING_CUT_SHORT, "no whole head came");
    else if (r->content_length >= 0)
        findings_add(x, FINDING_CUT_SHORT,
                     "%" PRIu64 " of %" PRId64 " bytes of the body came",
                     x->body.received, r->content_length);
    else
        findings_add(x, FINDING_CUT_SHORT, "%" PRIu64 " bytes of the body came",
                     x->body.received);
}

void findings_of_message(struct exchange *x, const struct settings *settings)
{
    /* What the fault broke off is no fault of the client's. */
    if (x->cut_short && x->fault.transport != TRANSPORT_RESET_DURING_UPLOAD)
        note_cut_short(x);
    if (!x->request.method)
        return;
    if (x->elsewhere) {
        note_elsewhere(x);
        return;
    }
    check_route(x);
    check_framing(x);
    check_size(x, settings->max_body);
    check_rate(x);
}
