/*
 * metrics: counters of the server in the Prometheus text format. Counting is
 * lock-free and costs a few atomic additions an exchange.
 */
#ifndef METRICS_H
#define METRICS_H

#include <stdint.h>
#include "exchange.h"
#include "journal.h"
#include "strbuf.h"

struct metrics;

struct metrics *metrics_new(void);    /* NULL when memory ran out */
void metrics_free(struct metrics *m); /* NULL is fine */

/* An exchange was decided or cut short; its reply is rendered. */
void metrics_count(struct metrics *m, const struct exchange *x);

/* A connection was opened (+1) or closed (-1). */
void metrics_connection(struct metrics *m, int change);

/*
 * Adds the text: mockserver_requests_total{endpoint,code},
 * mockserver_request_bytes_total, mockserver_response_bytes_total,
 * mockserver_request_duration_seconds (histogram),
 * mockserver_faults_total{fault,source}, mockserver_findings_total{level},
 * mockserver_journal_entries, _bytes, _evicted_total,
 * mockserver_open_connections. Codes that no page lists are one label
 * "unlisted"; an exchange cut short has the code "none", one of no endpoint
 * the endpoint "none". `fault` is the name of a transport fault, else "code",
 * "http" or "delay", or "problem" for a SPEC that did not parse. Only labels
 * that were seen are there, but for levels. Returns 0, or -1 when the buffer
 * refused.
 */
int metrics_render(struct metrics *m, const struct journal_stats *journal,
                   struct strbuf *out);

#endif
