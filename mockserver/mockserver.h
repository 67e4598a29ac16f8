/*
 * mockserver: the embeddable test double of the vendor's face-liveness
 * endpoints. Start one on a port, point a client at it, stop it.
 *
 *     struct mockserver_options options;
 *     char *why = NULL;
 *
 *     mockserver_options_init(&options);
 *     options.port = 0;
 *     struct mockserver *mock = mockserver_start(&options, &why);
 *     ... http://127.0.0.1:<mockserver_port(mock)>/face/livedetectpicture
 *     mockserver_stop(mock);
 *
 * Several servers may run in one process. SIGPIPE must be ignored by the
 * process, and with a journal file SIGXFSZ too. Functions may be called from
 * any thread but for start and stop of one server.
 */
#ifndef MOCKSERVER_H
#define MOCKSERVER_H

#include <stdbool.h>
#include <stdint.h>
#include "accounts.h"
#include "journal.h"
#include "bounds.h"
#include "log.h"
#include "settings.h"
#include "verdict.h"

#define MOCKSERVER_VERSION "0.1.0"

struct mockserver_options {
    const char *bind;         /* numeric address; default "127.0.0.1" */
    uint16_t port;            /* default 8080; 0: any free one */
    unsigned threads;         /* 0, the default: one a processor; at most 64 */
    const char *accounts;     /* file; NULL, the default: the demo accounts */
    uint64_t seed;            /* of all randomness; default 1 */
    enum log_level log_level; /* default LOG_WARN */
    const char *rules;        /* file of fault rules; NULL: none */
    size_t journal_entries;   /* default JOURNAL_DEFAULT_ENTRIES */
    size_t journal_bytes;     /* default JOURNAL_DEFAULT_BYTES */
    const char *journal_file; /* exchanges as JSON lines; NULL: none */
    const char *admin_token;  /* asked of admin calls; NULL: none, which is
                                 refused when `bind` is not loopback */
    bool has_https_port;      /* besides `port`, which serves TLS too */
    uint16_t https_port;      /* for TLS alone; 0: any free one */
    const char *tls_dir;      /* keeps CA and certificate; NULL, the default:
                                 they are made anew, when first needed */
    const char *tls_cert;     /* files with a certificate and key to show */
    const char *tls_key;      /* instead; both or none */
    struct bounds bounds;     /* bounds_init() */
    /* Called on the thread that starts, once every file is read and the ports
     * are had, before the server starts a thread of its own; NULL, the default:
     * nothing is. Returns 0, or -1 with *why as below: it does not start. */
    int (*before_threads)(void *cls, char **why);
    void *before_threads_cls;
    struct settings settings; /* settings.hosts.names: further names of its
                                 own; settings.hosts.bind is set from `bind` */
};

struct mockserver;

/* What the files that options name hold. */
struct mockserver_contents {
    size_t n_accounts, n_keys, n_rules;
};

void mockserver_options_init(struct mockserver_options *options);

/* Reads what mockserver_start() would read and checks what it would, but for
 * the port and the files it would write. Returns 0 and fills *contents, or -1
 * with *why, as there. */
int mockserver_check(const struct mockserver_options *options,
                     struct mockserver_contents *contents, char **why);

/* The CA of options->tls_dir in PEM, made if it is not there; the caller frees
 * it. Returns NULL with *why, as below. */
char *mockserver_read_ca(const struct mockserver_options *options, char **why);

/* Strings in `options` stay alive until mockserver_stop(). Returns NULL and
 * sets *why to one line, which the caller frees, when a file is wrong, an
 * admin token lacks, or the port cannot be had. */
struct mockserver *mockserver_start(const struct mockserver_options *options,
                                    char **why);

uint16_t mockserver_port(const struct mockserver *mock);
/* That for TLS alone; without one, mockserver_port(). */
uint16_t mockserver_https_port(const struct mockserver *mock);
const struct accounts *mockserver_accounts(const struct mockserver *mock);

/* The CA that clients must trust, in PEM; made if it was not yet. Borrowed.
 * *ca is NULL when the certificate is the user's own. Returns 0, or -1 with
 * *why, which the caller frees. */
int mockserver_ca(struct mockserver *mock, const char **ca, char **why);

/* Sets the time that signatures and rates are judged by; -1 lets it run. */
void mockserver_set_clock(struct mockserver *mock, int64_t unix_s);

/* Adds a fault rule, JSON as in `POST /__admin/faults`. Returns its id, or 0
 * with *why, which the caller frees. */
uint64_t mockserver_add_fault(struct mockserver *mock, const char *rule,
                              char **why);

/* What was recorded: read it with the functions of journal.h and verdict.h.
 * Borrowed. */
struct journal *mockserver_journal(struct mockserver *mock);
struct verdict *mockserver_verdict(struct mockserver *mock);

/* As `POST /__admin/reset`. */
void mockserver_reset(struct mockserver *mock);

/* Opens the journal file anew, after a log rotation. 0, or -1 with errno. */
int mockserver_reopen(struct mockserver *mock);

/* Serves no more and lets the exchanges in flight finish: what was recorded
 * is then complete. Only the functions that read it, and stop, may follow. */
void mockserver_finish(struct mockserver *mock);

/* Lets the exchanges in flight finish, then frees. NULL is fine. */
void mockserver_stop(struct mockserver *mock);

#endif
