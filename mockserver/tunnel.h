/*
 * tunnel: decides on a CONNECT, as the front has read it. One that is refused
 * is an exchange like any other: judged by the pipeline, recorded and answered
 * in JSON. One that may have its tunnel leaves no trace; what comes through it
 * does.
 */
#ifndef TUNNEL_H
#define TUNNEL_H

#include <stdbool.h>
#include <stdint.h>
#include "pipeline.h"
#include "strbuf.h"

/*
 * `head` is `len` bytes up to the blank line, `client` its address, `ports`
 * those that the server listens on. Returns false when it is refused, with the
 * whole HTTP answer added to `reply`, or nothing when memory ran out.
 */
bool tunnel_may_open(const struct pipeline *p, const char *head, size_t len,
                     const char *client, const uint16_t *ports, size_t n_ports,
                     struct strbuf *reply);

#endif
