/*
 * proxy: what may be reached by a client that takes this server for its HTTP
 * proxy (docs/contract.md section 1). Such a client names in its request whom
 * the request is for; only the service's hosts and the server's own names are
 * served, by the server itself. Nothing is ever forwarded.
 */
#ifndef PROXY_H
#define PROXY_H

#include <stdint.h>
#include "exchange.h"
#include "settings.h"

/*
 * Why a request is refused for whom it is addressed to: a target in absolute
 * form with another host, and CONNECT behind a connection's first request,
 * where it cannot open a tunnel any more. A sentence that names the host,
 * static or in the arena; NULL: it may pass.
 */
const char *proxy_refusal(const struct settings *settings, struct exchange *x);

/* Why a CONNECT, the first request of its connection, is refused; NULL: the
 * tunnel may be opened. `ports` are those that the server listens on. */
const char *proxy_connect_refusal(const struct settings *settings,
                                  struct exchange *x, const uint16_t *ports,
                                  size_t n_ports);

#endif
