/*
 * support: what several unit tests share: a pipeline with the demo accounts
 * and a stopped clock, right requests to spoil one thing of, and questions
 * about the reply. Nothing here opens a socket.
 */
#ifndef SUPPORT_H
#define SUPPORT_H

#include <stddef.h>
#include <stdint.h>
#include <cjson/cJSON.h>
#include "pipeline.h"

enum { SUPPORT_NOW = 1500000000 }; /* where the clock is stopped */

#define LENGTH(array) (sizeof(array) / sizeof((array)[0]))

#define FOUR "/face/livedetectfour"
#define PICTURE "/face/livedetectpicture"
#define GETFOUR "/face/livegetfour"

#define JSON_TYPE "application/json"
#define FORM_TYPE "multipart/form-data; boundary=B"

/* Enough to be sniffed. */
#define A_JPEG "\xff\xd8\xff\xe0 a photo"
#define A_GIF "GIF89a a photo"
#define A_VIDEO                                                                \
    "\x01\x01\x01\x18"                                                         \
    "ftypmp42 a video"

/* Everything that a pipeline borrows, and the pipeline. */
struct world {
    struct settings settings;
    struct log log;
    struct clock clock;
    struct ids ids;
    struct accounts *accounts;
    struct signature_uses *uses;
    struct pipeline pipeline;
};

/* With the demo accounts, seed 1 and default settings; logs errors only. */
void world_init(struct world *w);
void world_release(struct world *w);

/* Puts other accounts in the place of the demo ones. */
void world_use_accounts(struct world *w, const char *json);

/* Begins anew: ids, single-use signatures and rates. */
void world_rewind(struct world *w);

/* An Authorization value under the first key of `appid`, good for an hour;
 * without b when `bucket` is NULL. The caller frees it. */
char *world_sign(const struct world *w, const char *appid, const char *bucket);

/* An Authorization value whose digest is wrong for any text. Caller frees. */
char *support_missigned(const char *text);

/* A request with its body. It owns the body and the signature. */
struct call {
    struct request request;
    struct strbuf body;
    char *signature;
};

/* A field to set, also one that a right request does not have; with a NULL
 * value one to leave out. A list ends with a NULL name. */
struct change {
    const char *name;
    const char *value;
};

/* A right request of appid 1000001 but for `changes` (NULL: none). */
void call_four(struct call *c, const struct world *w,
               const struct change *changes);

/* A signed request with a JSON body; appid 1000001. */
void call_json(struct call *c, const struct world *w, const char *path,
               const char *json);

/* The same with a form of these fields, an appid included. */
void call_form(struct call *c, const struct world *w, const char *path,
               const struct change *fields);

/* Signs for another account, or with another bucket. */
void call_sign(struct call *c, const struct world *w, const char *appid,
               const char *bucket);

void call_release(struct call *c);

/* Parts of a form whose boundary is "B". */
void form_field(struct strbuf *body, const char *name, const char *value);
void form_file(struct strbuf *body, const char *name, const void *data,
               size_t len);
void form_end(struct strbuf *body);

/* The body in one piece, in pieces of one byte, or cut at random. */
enum { WHOLE = 0, BYTES = 1 };

/* Runs the call to its end. `cut` is WHOLE, BYTES or a seed for the cuts. The
 * caller frees the exchange before the call and the world. */
struct exchange *call_run(const struct world *w, const struct call *c,
                          unsigned cut);

/* The reply body as a JSON tree that the caller deletes; fails the test when
 * it is not exactly one JSON object. */
cJSON *reply_json(const struct exchange *x);

/* A number in the reply, `data` being searched too; NO_NUMBER: not there. */
enum { NO_NUMBER = -2147483647 };
int reply_number(const struct exchange *x, const char *name);

/* Expects a reply that is this code, its message and nothing else. */
void expect_bare_code(const struct exchange *x, int code, const char *what);

/* Makes and runs the call, expects the top-level code, cleans up. */
void expect_json(const struct world *w, const char *path, const char *json,
                 int code);

#endif
