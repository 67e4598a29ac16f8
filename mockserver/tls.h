/*
 * tls: the certificates that the server shows, and the only file that makes or
 * reads any. By default a CA is made, and by it a certificate for the service's
 * hosts and the server's own names; the CA is limited to just these (RFC 5280
 * section 4.2.1.10), so that who trusts it trusts it for nothing else. It is
 * made when first asked for, or kept in a directory; or a certificate of the
 * user's own is shown. Handshakes are the HTTP library's.
 */
#ifndef TLS_H
#define TLS_H

#include <stdint.h>
#include "hosts.h"

enum {
    TLS_CA_DAYS = 3650,
    TLS_CERT_DAYS = 397,   /* what browsers take is less than 398 */
    TLS_RENEWAL_DAYS = 30, /* of life left, before it is made anew */
};

/* Strings are borrowed until tls_free(). */
struct tls_options {
    struct hosts hosts;
    const char *dir;  /* keeps CA and certificate; NULL: they end with us */
    const char *cert; /* files of the user's own, both or none */
    const char *key;
    int64_t now; /* Unix seconds; 0: the system's time */
};

struct tls;

/*
 * Reads what files there are, or makes those of `dir`, which is made too.
 * Without files nothing is made yet. Returns NULL with *why, one line that the
 * caller frees.
 */
struct tls *tls_new(const struct tls_options *options, char **why);

/* Wipes the keys. NULL is fine. */
void tls_free(struct tls *tls);

/* Would tls_new() do, as far as can be told without writing? 0, or -1 with
 * *why as there. */
int tls_check(const struct tls_options *options, char **why);

/* In PEM, as strings that live as long as `tls`. */
struct tls_pem {
    const char *ca; /* NULL: the certificate is the user's own */
    const char *cert;
    const char *key;
};

/* From any thread; makes what is not made yet. Returns 0, or -1 with *why,
 * which the caller frees. */
int tls_get(struct tls *tls, struct tls_pem *pem, char **why);

#endif
