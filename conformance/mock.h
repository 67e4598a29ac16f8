/*
 * mock: starts mocks of our own, and speaks to the admin API of any.
 *
 * The suite knows the server by its program and by HTTP alone.
 */
#ifndef MOCK_H
#define MOCK_H

#include <stdint.h>
#include <sys/types.h>
#include <jansson.h>
#include "config.h"

struct mock {
    pid_t pid;
    char *base_url; /* owned */
    int out;        /* read end of its stdout */
};

/*
 * Starts `PROGRAM --port 0 OPTIONS…` (an array of strings, or NULL) and waits
 * for the line that says where it listens; `https`: it is called by TLS there.
 * The mock dies with the process that started it. 0, or -1 with *why, which the
 * caller frees.
 */
int mock_start(struct mock *mock, const char *program, const json_t *options,
               bool https, char **why);

/* SIGTERM, then waits. 0 when it exited with 0, else -1 with *why. */
int mock_stop(struct mock *mock, char **why);

/*
 * One call of the admin API: METHOD /__admin/PATH, with `body` unless NULL.
 * Returns the HTTP status and sets *reply (the caller's; NULL when the body
 * is no JSON), or -1 with *why when there was no answer. `path` may hold a
 * query; its values are already escaped.
 */
int mock_call(const struct config *config, const char *method, const char *path,
              const json_t *body, json_t **reply, char **why);

/* The same with a status of 200 or 201 required: the reply, or NULL with
 * *why. */
json_t *mock_ask(const struct config *config, const char *method,
                 const char *path, const json_t *body, char **why);

/* Adds an account of one case's own. `role` tells what it is like: "default",
 * "other", "bucketless", "arrears" or "limited". Returns the account as in an
 * accounts file, the caller's, or NULL with *why. */
json_t *mock_add_account(const struct config *config, const char *case_id,
                         const char *role, char **why);
/* The same with this account, which is the function's from now on. */
json_t *mock_give_account(const struct config *config, json_t *account,
                          char **why);
/* What cannot be removed is left behind, and nothing is said; so of faults. */
void mock_remove_account(const struct config *config, const json_t *account);

/* A fault rule for requests of this SecretId: `fault` is a SPEC, or a rule
 * object whose match is completed. Its id, or 0 with *why. */
uint64_t mock_add_fault(const struct config *config, const char *secret_id,
                        const json_t *fault, char **why);
void mock_remove_fault(const struct config *config, uint64_t id);

/* The journal's entries of this SecretId, oldest first (an array, the
 * caller's), once there are at least `at_least` or `wait_ms` are over. */
json_t *mock_requests(const struct config *config, const char *secret_id,
                      size_t at_least, int wait_ms, char **why);

/* The verdict on this SecretId; the caller's. */
json_t *mock_verdict(const struct config *config, const char *secret_id,
                     char **why);

/* Views an account of an accounts file: borrowed from it. */
struct credentials account_credentials(const json_t *account);

#endif
