/*
 * pipeline: the stages an exchange walks through, in the order of
 * docs/contract.md section 2. The first check that fails decides the reply;
 * every exchange leaves by the same exit: decided and rendered.
 *
 * The caller (server.c) gives it the request head, then the body in pieces,
 * then asks for the reply. Nothing here knows how bytes travel.
 */
#ifndef PIPELINE_H
#define PIPELINE_H

#include <stddef.h>
#include "accounts.h"
#include "clock.h"
#include "exchange.h"
#include "fault_rules.h"
#include "journal.h"
#include "log.h"
#include "metrics.h"
#include "settings.h"
#include "signature.h"
#include "verdict.h"

/* What all exchanges share; borrowed from whoever started the server. */
struct pipeline {
    const struct settings *settings;
    const struct accounts *accounts;
    struct signature_uses *uses;
    struct clock *clock;
    struct ids *ids;
    const struct log *log;
    struct fault_rules *rules; /* NULL: no rules */
    /* Where exchanges are recorded; NULL: nowhere. */
    struct journal *journal;
    struct verdict *verdict;
    struct metrics *metrics;
};

/* A new exchange with its id; NULL when memory ran out. */
struct exchange *pipeline_open(const struct pipeline *p);

/*
 * The head is in x->request: route, method, declared size, Authorization,
 * account, rate, content type. Afterwards x->refused_on_headers tells whether
 * the body can still change the outcome, and x->fault whether a fault was
 * asked for by the head or by the server's options. A CONNECT comes with
 * x->elsewhere already set.
 */
void pipeline_head(const struct pipeline *p, struct exchange *x);

/* The next bytes of the body. x->fault may change. */
void pipeline_body(const struct pipeline *p, struct exchange *x,
                   const char *data, size_t len);

/*
 * No more body comes: it is complete, or x->body_skipped says that it will
 * not be read. Finishes the checks, decides, renders into x->reply and
 * records the exchange. Returns 0, or -1 when memory ran out and there is no
 * reply.
 */
int pipeline_finish(const struct pipeline *p, struct exchange *x);

/* The exchange ends before its request was complete: the client went, a fault
 * resets the upload, or the HTTP library refused the head itself. No reply is
 * due, but what came is recorded. */
void pipeline_abandon(const struct pipeline *p, struct exchange *x);

#endif
