/*
 * fuzz_server: a whole server without its sockets, for the entries that need
 * one, and request heads as the HTTP library would hand them to it.
 */
#ifndef FUZZ_SERVER_H
#define FUZZ_SERVER_H

#include "admin.h"
#include "fuzz_support.h"
#include "pipeline.h"

struct fuzz_server {
    struct settings settings;
    struct clock clock;
    struct ids ids;
    struct log log;
    struct pipeline pipeline;
    struct admin admin;
};

/* As new: the demo accounts, a clock that stands, nothing recorded, no rule.
 * One at a time, since they share what is slow to make. */
void fuzz_server_init(struct fuzz_server *s);
void fuzz_server_release(struct fuzz_server *s);

/* Sends it a request, as the input of `pipeline` is one. */
void fuzz_server_record(struct fuzz_server *s, const char *request);

enum { FUZZ_MAX_FIELDS = 16 };

/* A request line and fields; each string is a heap block of its own size. */
struct fuzz_head {
    char *method;
    char *target;
    char *version;
    struct {
        char *name;
        char *value;
    } fields[FUZZ_MAX_FIELDS];
    size_t n_fields;
    uint64_t settings; /* of X-Fuzz-Settings, which is no field of it */
};

/*
 * Takes the lines up to a blank one, or as many as it has room for. A value of
 * "@N" is a valid signature of the N-th demo account. `version` is that of a
 * request line that names none.
 */
void fuzz_head_take(struct fuzz_head *head, struct fuzz_input *in,
                    const char *version);
void fuzz_head_release(struct fuzz_head *head);

/* Hands the head to the exchange, as the server does, which borrows it. */
void fuzz_head_apply(const struct fuzz_head *head, struct exchange *x);

/* Fails when the text holds the secret key of a demo account that `in` does
 * not hold. */
void fuzz_check_secrets(const struct strbuf *text, struct fuzz_input in);

#endif
