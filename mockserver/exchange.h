/*
 * exchange: one request with its reply. It owns everything born while it is
 * handled; each stage of the pipeline reads the groups of fields before its
 * own and writes its own. It belongs to one thread at a time.
 */
#ifndef EXCHANGE_H
#define EXCHANGE_H

#include <stdalign.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "arena.h"
#include "body.h"
#include "content_type.h"
#include "error_codes.h"
#include "fault.h"
#include "signature.h"
#include "strbuf.h"

struct endpoint;
struct finding_note;

/* A header field as it came. */
struct field {
    struct field *next;
    const char *name;
    size_t name_len;
    const char *value;
    size_t value_len;
};

/* What the message head says. Strings are borrowed from the connection and
 * live until the reply is sent; absent fields are NULL. */
struct request {
    const char *method;
    const char *version;  /* for example "HTTP/1.1" */
    struct field *fields; /* in order; the structs live in the arena */
    struct field *last_field;
    /* As on the request line but for the user and password that its authority
     * may hold, which are secrets; arena. */
    const char *target;
    bool names_user; /* it held them */
    /* In a target in absolute form, as a proxy is sent it: whom the request is
     * for. Points into `target`; NULL: not told. */
    const char *authority;
    size_t authority_len;
    const char *path; /* decoded, without query, arena; NULL: undecodable */
    const char *host;
    const char *authorization;
    const char *content_type;
    const char *fault; /* X-Mock-Fault */
    const char *origin;
    unsigned n_lengths;     /* Content-Length fields */
    unsigned n_codings;     /* Transfer-Encoding fields */
    int64_t content_length; /* -1: not given */
    bool chunked;
    bool expects_continue; /* Expect: 100-continue */
    const char *malformed; /* why the head must be refused (HTTP 400): the
                              message framing cannot be trusted */
    const char *client;    /* address and port, for the log */
};

/* What the natural outcome or the fault comes down to. */
struct decision {
    int code;
    enum error_place place;
    const char *message; /* NULL: the catalogue's */
    int http_status;     /* 0: the code's */
    uint32_t delay_ms;
    enum fault_transport transport;
};

struct reply {
    int http_status;
    const char *content_type;
    const char *allow; /* value of the Allow field, or NULL */
    struct strbuf body;
};

struct exchange {
    uint64_t id;         /* of the journal; 0 until it is recorded */
    uint64_t serial;     /* counts exchanges as they begin */
    uint64_t random;     /* a number drawn for this exchange */
    int64_t time_us;     /* when it began, by the server's clock */
    int64_t started_us;  /* the same, clock_monotonic_us() */
    int64_t duration_us; /* until decided or cut short; no injected delay */
    struct arena arena;

    struct request request;

    /* route */
    const struct endpoint *endpoint; /* NULL: none matched */
    const char *elsewhere; /* addressed, as to a proxy, to what is not served,
                              and the answer to that; NULL: it is not */

    /* the checks; the first that failed decides */
    enum error_code failed; /* ERR_OK: none so far */
    const char *why;        /* one phrase: what is behind the natural code */
    const char *failed_message; /* NULL: the code's */
    int failed_http_status;     /* 0: the code's; 400, 404, 405 otherwise */
    bool refused_on_headers;    /* failed before the body counted */
    bool body_skipped;          /* answered before its body was read */
    bool cut_short; /* the client went before its request was complete */
    struct signature signature;
    struct body body;

    /* the handler's result, when nothing failed before */
    int natural_code;

    /* decide */
    enum fault_source fault_source;
    struct fault fault;
    uint64_t fault_rule; /* id of the admin API's rule that fired; 0: none */
    struct fault rule_fault;   /* of that rule */
    const char *fault_problem; /* arena; a SPEC that does not parse, and why */
    struct decision natural;   /* what no fault would have changed */
    struct decision decision;  /* what is served */

    struct reply reply;

    /* findings */
    uint64_t finding_set;          /* bit N: enum finding N was found */
    struct finding_note *findings; /* newest first; in the arena */

    /* What an ordinary request needs of the arena, without a heap call. */
    alignas(max_align_t) char slab[3072];
};

/* Makes an empty exchange; NULL when memory ran out. */
struct exchange *exchange_new(void);
void exchange_free(struct exchange *x); /* NULL is fine */

/* The message that goes with the decision's code. Never NULL. */
const char *decision_message(const struct decision *decision,
                             enum language language);

/* Notes that a check failed, unless one did before; `why` is static or in the
 * arena. Returns the code that counts. */
enum error_code exchange_fail(struct exchange *x, enum error_code code,
                              const char *why);

#endif
