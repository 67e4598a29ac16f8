/*
 * exec_trust: what lets the command that `mockserver exec` runs trust the
 * server: the CA in a file of its own, and in a truststore of Java's.
 */
#ifndef EXEC_TRUST_H
#define EXEC_TRUST_H

#include "mockserver.h"
#include "signals.h"

enum { EXEC_TRUST_DIR_CAP = 500, EXEC_TRUST_PATH_CAP = 512 };

struct exec_trust {
    char dir[EXEC_TRUST_DIR_CAP]; /* private; "": none */
    char ca[EXEC_TRUST_PATH_CAP]; /* file in it; "": there is no CA, as the
                                     certificate is the user's own */
};

/* Writes the CA to a file in a new directory. Returns 0, or EXIT_USAGE after a
 * line on stderr. */
int exec_trust_init(struct exec_trust *trust, struct mockserver *mock);

/* Removes both. */
void exec_trust_release(struct exec_trust *trust);

/* Has keytool write a truststore with the CA, of type PKCS12 and with the
 * password `changeit`. Returns 0, or EXIT_USAGE after a line on stderr. */
int exec_trust_write_java(const struct exec_trust *trust, const char *path,
                          const struct signals *signals);

#endif
