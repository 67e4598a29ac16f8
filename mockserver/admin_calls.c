#include "admin_calls.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "endpoints.h"
#include "error_listing.h"
#include "explain.h"
#include "finding_listing.h"
#include "log.h"

enum {
    QUOTE_CAP = 84,                  /* 80 bytes of a value, "..." and NUL */
    CLOCK_MAX_OFFSET_S = 1000000000, /* 31 years */
};

static const int64_t clock_max_s = 253402300799; /* the end of 9999 */

/* replies */

void admin_refuse(struct admin_call *c, int status, const char *why)
{
    struct strbuf *body = &c->reply->body;

    strbuf_reset(body);
    c->reply->status = why ? status : 500;
    c->reply->content_type = "application/json";
    if (!why)
        why = "out of memory";
    strbuf_addstr(body, "{\"error\":");
    strbuf_add_json(body, why, strlen(why));
    strbuf_addch(body, '}');
}

void admin_refusef(struct admin_call *c, int status, const char *fmt, ...)
{
    char why[1024];
    va_list args;

    va_start(args, fmt);
    vsnprintf(why, sizeof(why), fmt, args);
    va_end(args);
    admin_refuse(c, status, why);
}

/* A body that somebody else has read. Frees the reason. */
static void refuse_body(struct admin_call *c, char *why)
{
    admin_refuse(c, 400,
                 why ? arena_printf(&c->reply->arena, "body: %s", why) : NULL);
    free(why);
}

/* `result` is that of what rendered the reply. */
static void check_rendered(struct admin_call *c, int result)
{
    if (result < 0)
        admin_refusef(c, 500, "the reply is over %d MiB long, or out of memory",
                      ADMIN_MAX_REPLY >> 20);
}

static void answer_empty(struct admin_call *c)
{
    strbuf_addstr(&c->reply->body, "{}");
}

static const char *quote(char buf[QUOTE_CAP], const char *s)
{
    return log_quote(buf, QUOTE_CAP, s, strlen(s));
}

static const char *body_of(const struct admin_call *c)
{
    return c->request->body ? c->request->body : "";
}

int admin_read_body(struct admin_call *c, struct admin_member *members,
                    size_t n)
{
    const char *why = NULL;

    if (admin_read_json(&c->reply->arena, body_of(c), c->request->body_len,
                        members, n, &why) == 0)
        return 0;
    admin_refuse(c, 400, why);
    return -1;
}

/* the server and its catalogues */

static void get_health(struct admin_call *c)
{
    int64_t up_us = clock_monotonic_us() - c->admin->started_us;

    strbuf_addstr(&c->reply->body, "{\"status\":\"ok\",\"version\":");
    strbuf_add_json(&c->reply->body, c->admin->version,
                    strlen(c->admin->version));
    strbuf_addf(&c->reply->body, ",\"uptime_s\":%" PRId64 "}", up_us / 1000000);
}

static void get_errors(struct admin_call *c)
{
    check_rendered(c, error_listing_render(&c->reply->body, LISTING_JSON));
}

static void get_findings(struct admin_call *c)
{
    check_rendered(c, finding_listing_render(&c->reply->body, LISTING_JSON));
}

static void get_metrics(struct admin_call *c)
{
    struct journal_stats stats = journal_stats(c->admin->journal);

    c->reply->content_type = "text/plain; version=0.0.4";
    check_rendered(c,
                   metrics_render(c->admin->metrics, &stats, &c->reply->body));
}

static void get_ca(struct admin_call *c)
{
    struct tls_pem pem;
    char *why = NULL;

    if (tls_get(c->admin->tls, &pem, &why) < 0) {
        admin_refuse(c, 500, why);
        free(why);
    } else if (!pem.ca) {
        admin_refuse(c, 404,
                     "there is no CA: the certificate is that of --tls-cert");
    } else {
        c->reply->content_type = "application/x-pem-file";
        strbuf_addstr(&c->reply->body, pem.ca);
    }
}

/* faults */

static void get_faults(struct admin_call *c)
{
    check_rendered(c, fault_rules_render(c->admin->rules, &c->reply->body));
}

static void post_faults(struct admin_call *c)
{
    char *why = NULL;
    uint64_t id = fault_rules_add(c->admin->rules, body_of(c),
                                  c->request->body_len, &why);

    if (id == 0) {
        refuse_body(c, why);
        return;
    }
    c->reply->status = 201;
    strbuf_addf(&c->reply->body, "{\"id\":%" PRIu64 "}", id);
}

static void delete_faults(struct admin_call *c)
{
    fault_rules_reset(c->admin->rules);
    answer_empty(c);
}

static void refuse_id(struct admin_call *c, const char *thing)
{
    admin_refusef(c, 404, "there is no %s %" PRIu64, thing, c->id);
}

static void get_fault(struct admin_call *c)
{
    int result =
        fault_rules_render_one(c->admin->rules, c->id, &c->reply->body);

    if (result == 1)
        refuse_id(c, "fault");
    else
        check_rendered(c, result);
}

static void delete_fault(struct admin_call *c)
{
    if (fault_rules_remove(c->admin->rules, c->id))
        answer_empty(c);
    else
        refuse_id(c, "fault");
}

/* the journal and what follows from it */

/* Takes the name of an endpoint, or "-". */
static int read_endpoint(struct admin_call *c, const char **name)
{
    const char *value = c->values[PARAMETER_ENDPOINT];
    const struct endpoint *endpoint;
    const char *list = "";
    char quoted[QUOTE_CAP];

    *name = value;
    if (!value || !strcmp(value, "-"))
        return 0;
    for (size_t i = 0; (endpoint = endpoints_at(i)) && list; i++) {
        if (!strcmp(endpoint->name, value))
            return 0;
        list = arena_printf(&c->reply->arena, "%s%s, ", list, endpoint->name);
    }
    admin_refusef(c, 400, "query: endpoint is \"%s\", expected %sor - for none",
                  quote(quoted, value), list ? list : "");
    return -1;
}

/* Reads a number of the query, if it is there, or refuses and returns -1. */
static int read_number(struct admin_call *c, enum admin_parameter parameter,
                       int64_t min, int64_t max, int64_t *number)
{
    const char *why = NULL;

    if (admin_read_number(&c->reply->arena, admin_parameter_name(parameter),
                          c->values[parameter], min, max, number, &why) == 0)
        return 0;
    admin_refuse(c, 400, why);
    return -1;
}

static int read_filter(struct admin_call *c, struct journal_filter *filter)
{
    int64_t since = 0, limit = 0, code = 0;

    if (read_number(c, PARAMETER_SINCE, 0, INT64_MAX, &since) < 0 ||
        read_number(c, PARAMETER_LIMIT, 1, JOURNAL_MAX_LIMIT, &limit) < 0 ||
        read_number(c, PARAMETER_CODE, INT32_MIN, INT32_MAX, &code) < 0 ||
        read_endpoint(c, &filter->endpoint) < 0)
        return -1;
    filter->has_since = c->values[PARAMETER_SINCE] != NULL;
    filter->since = (uint64_t)since;
    filter->limit = (size_t)limit;
    filter->has_code = c->values[PARAMETER_CODE] != NULL;
    filter->code = (int)code;
    filter->secret_id = c->values[PARAMETER_SECRET_ID];
    return 0;
}

static void get_requests(struct admin_call *c)
{
    struct admin_reply *reply = c->reply;
    struct journal_filter filter = {0};
    int64_t wait_ms = 0;
    uint64_t end;
    size_t n = 0;
    int result;

    if (read_filter(c, &filter) < 0 ||
        read_number(c, PARAMETER_WAIT_MS, 0, ADMIN_MAX_WAIT_MS, &wait_ms) < 0)
        return;
    /* The end is read before the search: an entry that comes in between is
     * after it, and found by the waiter. Ids are counted like entries. */
    end = journal_stats(c->admin->journal).recorded;
    result = journal_render(c->admin->journal, &filter, &reply->body, &n);
    if (result < 0 || n > 0 || wait_ms == 0 || !c->request->may_wait) {
        check_rendered(c, result);
        return;
    }
    strbuf_reset(&reply->body);
    if (!filter.has_since)
        filter.since = end;
    filter.has_since = true;
    reply->filter = filter;
    reply->wait_ms = (uint32_t)wait_ms;
    reply->must_wait = true;
}

static void delete_requests(struct admin_call *c)
{
    journal_reset(c->admin->journal);
    answer_empty(c);
}

static void get_request(struct admin_call *c)
{
    int result = journal_render_one(c->admin->journal, c->id, &c->reply->body);

    if (result == 1)
        refuse_id(c, "request");
    else
        check_rendered(c, result);
}

static const struct {
    const char *name;
    const char *content_type;
} formats[] = {
    [VERDICT_JSON] = {"json", "application/json"},
    [VERDICT_TEXT] = {"text", "text/plain; charset=utf-8"},
    [VERDICT_JUNIT] = {"junit", "application/xml"},
};

static void get_verdict(struct admin_call *c)
{
    const char *format = c->values[PARAMETER_FORMAT];
    char quoted[QUOTE_CAP];
    size_t i = VERDICT_JSON;

    while (format && i <= VERDICT_JUNIT && strcmp(formats[i].name, format) != 0)
        i++;
    if (i > VERDICT_JUNIT) {
        admin_refusef(c, 400,
                      "query: format is \"%s\", expected json, text or junit",
                      quote(quoted, format));
        return;
    }
    c->reply->content_type = formats[i].content_type;
    check_rendered(c, verdict_render(c->admin->verdict,
                                     c->values[PARAMETER_SECRET_ID],
                                     (enum verdict_format)i, &c->reply->body));
}

static void get_coverage(struct admin_call *c)
{
    check_rendered(c, verdict_render_coverage(c->admin->verdict,
                                              c->values[PARAMETER_SECRET_ID],
                                              &c->reply->body));
}

/* the clock */

static void get_clock(struct admin_call *c)
{
    static const char *const modes[] = {
        [CLOCK_RUNNING] = "running",
        [CLOCK_FROZEN] = "frozen",
        [CLOCK_SHIFTED] = "shifted",
    };
    int64_t offset_s;
    enum clock_mode mode = clock_mode(c->admin->clock, &offset_s);

    strbuf_addf(&c->reply->body,
                "{\"now\":%" PRId64 ",\"mode\":\"%s\",\"offset\":%" PRId64 "}",
                clock_now_us(c->admin->clock) / 1000000, modes[mode], offset_s);
}

static void put_clock(struct admin_call *c)
{
    enum { NOW, OFFSET };
    struct admin_member members[] = {
        {.name = "now", .type = ADMIN_INTEGER, .max = clock_max_s},
        {.name = "offset",
         .type = ADMIN_INTEGER,
         .min = -CLOCK_MAX_OFFSET_S,
         .max = CLOCK_MAX_OFFSET_S},
    };

    if (admin_read_body(c, members, 2) < 0)
        return;
    if (members[NOW].given == members[OFFSET].given) {
        admin_refusef(c, 400, "body: %s, expected one of now and offset",
                      members[NOW].given ? "now and offset are both there"
                                         : "now is missing");
        return;
    }
    if (members[NOW].given)
        clock_freeze(c->admin->clock, members[NOW].integer);
    else
        clock_shift(c->admin->clock, members[OFFSET].integer);
    get_clock(c);
}

static void delete_clock(struct admin_call *c)
{
    clock_restore(c->admin->clock);
    answer_empty(c);
}

/* accounts and signatures */

static void get_accounts(struct admin_call *c)
{
    check_rendered(c, accounts_render(c->admin->accounts, &c->reply->body));
}

/* A SecretId may have been another account's before. */
static void begin_verdicts_anew(const struct admin *admin, const char *appid)
{
    const struct account *account =
        accounts_find(admin->accounts, appid, strlen(appid));

    if (!account)
        return;
    for (size_t i = 0; i < account->n_keys; i++)
        verdict_forget(admin->verdict, account_key_id(account->keys[i]));
    account_put(account);
}

static void post_accounts(struct admin_call *c)
{
    const char *body = body_of(c);
    size_t len = c->request->body_len;
    char *why = NULL;
    const char *appid;

    if (accounts_add(c->admin->accounts, body, len, &why) < 0) {
        refuse_body(c, why);
        return;
    }
    appid = admin_find_string(&c->reply->arena, body, len, "appid");
    if (!appid) {
        admin_refuse(c, 500, NULL);
        return;
    }
    begin_verdicts_anew(c->admin, appid);
    c->reply->status = 201;
    strbuf_addstr(&c->reply->body, "{\"appid\":");
    strbuf_add_json(&c->reply->body, appid, strlen(appid));
    strbuf_addch(&c->reply->body, '}');
}

static void delete_account(struct admin_call *c)
{
    char quoted[QUOTE_CAP];

    if (accounts_remove(c->admin->accounts, c->rest) == 0)
        answer_empty(c);
    else
        admin_refusef(c, 404,
                      "there is no account \"%s\" that was added at run time",
                      quote(quoted, c->rest));
}

static void post_explain(struct admin_call *c)
{
    struct admin_member signature = {.name = "signature", .required = true};
    struct explanation explanation;

    if (admin_read_body(c, &signature, 1) < 0)
        return;
    explain(&explanation, &c->reply->arena, c->admin->accounts,
            signature.string, clock_now_us(c->admin->clock) / 1000000);
    check_rendered(c, explain_render_json(&explanation, &c->reply->body));
}

void admin_reset(const struct admin *admin)
{
    fault_rules_reset(admin->rules);
    journal_reset(admin->journal);
    verdict_reset(admin->verdict);
    clock_restore(admin->clock);
    signature_uses_reset(admin->uses);
    accounts_reset(admin->accounts);
}

static void post_reset(struct admin_call *c)
{
    admin_reset(c->admin);
    answer_empty(c);
}

/* routes */

#define P(name) (1U << PARAMETER_##name)

/* Rows of one path stand together. */
const struct admin_route admin_routes[] = {
    {"health", "GET", 0, get_health},
    {"errors", "GET", 0, get_errors},
    {"findings", "GET", 0, get_findings},
    {"faults", "GET", 0, get_faults},
    {"faults", "POST", 0, post_faults},
    {"faults", "DELETE", 0, delete_faults},
    {"faults/{id}", "GET", 0, get_fault},
    {"faults/{id}", "DELETE", 0, delete_fault},
    {"requests", "GET",
     P(SINCE) | P(LIMIT) | P(SECRET_ID) | P(ENDPOINT) | P(CODE) | P(WAIT_MS),
     get_requests},
    {"requests", "DELETE", 0, delete_requests},
    {"requests/{id}", "GET", 0, get_request},
    {"verdict", "GET", P(SECRET_ID) | P(FORMAT), get_verdict},
    {"coverage", "GET", P(SECRET_ID), get_coverage},
    {"clock", "GET", 0, get_clock},
    {"clock", "PUT", 0, put_clock},
    {"clock", "DELETE", 0, delete_clock},
    {"accounts", "GET", 0, get_accounts},
    {"accounts", "POST", 0, post_accounts},
    {"accounts/{appid}", "DELETE", 0, delete_account},
    {"sign", "POST", 0, admin_sign},
    {"explain", "POST", 0, post_explain},
    {"reset", "POST", 0, post_reset},
    {"metrics", "GET", 0, get_metrics},
    {"ca.pem", "GET", 0, get_ca},
};

const size_t admin_n_routes = sizeof(admin_routes) / sizeof(admin_routes[0]);
