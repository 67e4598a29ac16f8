/*
 * request: what the end-to-end tests send: signatures, forms, JSON and heads.
 *
 * It builds good requests, of which a test changes one detail, and signs them
 * with the conformance suite's signer, so that client and server cannot be
 * wrong together. It links nothing of the server and knows nothing of
 * connections.
 *
 * Strings and bodies made here are never freed: a test is a process that
 * ends. What is made thousands of times has a release function.
 */
#ifndef REQUEST_H
#define REQUEST_H

#include <stdbool.h>
#include <stddef.h>
#include "bytes.h"
#include "signer.h"

#define FOUR "/face/livedetectfour"
#define PICTURE "/face/livedetectpicture"
#define GETFOUR "/face/livegetfour"

/* The limit of docs/contract.md section 3. */
enum { MAX_BODY = 6 * 1024 * 1024 };

/* Signatures: docs/contract.md section 4. */

/* The built-in demo accounts. */
extern const struct credentials demo;            /* buckets test, other */
extern const struct credentials demo_bucketless; /* 1000002 */
extern const struct credentials demo_arrears;    /* 1000003 */
extern const struct credentials demo_limited;    /* 1000004: 1 a second */

/* A signature that may be used many times in the next hour. */
const char *sign(const struct credentials *c);

/* A signature good for one use; each call makes another. */
const char *sign_once(const struct credentials *c);

/* Requests. */

enum framing {
    FRAME_LENGTH,  /* Content-Length */
    FRAME_CHUNKED, /* in chunks of 64 KiB and a bit */
    FRAME_NONE     /* neither field; what `headers` says */
};

struct request {
    const char *method;
    const char *target;
    const char *host;          /* Host value */
    const char *authorization; /* NULL: the field is left out */
    const char *content_type;  /* NULL: the field is left out */
    const char *headers;       /* further field lines, each with its CRLF */
    struct bytes body;
    enum framing framing;
};

struct part {
    const char *name; /* NULL: the part has none */
    const char *filename;
    const char *type;
    const char *disposition; /* NULL, or the whole field line, without CRLF */
    const char *headers;     /* further field lines, each with its CRLF */
    const char *data;
    size_t len;
};

enum { FORM_MAX_PARTS = 80 };

struct form {
    struct part parts[FORM_MAX_PARTS];
    size_t n;
    const char *boundary;
    const char *content_type; /* NULL: the usual one with `boundary` */
    const char *preamble;     /* before the first delimiter */
    const char *epilogue;     /* after the closing one */
    bool unclosed;            /* leave the closing delimiter out */
};

/* The bytes of a small JPEG's start, and of GIFs. */
extern const char jpeg[];
extern const size_t jpeg_len;
extern const char gif87a[], gif89a[];
extern const size_t gif_len;

/* Good forms of account `demo`: livedetectfour with this compare_flag (with
 * a card when it is "true"), and livedetectpicture with an image. */
struct form form_four(const char *compare_flag);
struct form form_picture(void);

/* The part of that name; fails the test when there is none. */
struct part *form_part(struct form *f, const char *name);
/* Sets the part's content, and adds the part at the end when missing. */
struct part *form_set(struct form *f, const char *name, const char *text);
struct part *form_set_bytes(struct form *f, const char *name, const void *data,
                            size_t len);
void form_drop(struct form *f, const char *name);

/* Signed by `demo`. */
struct request request_form(const char *path, const struct form *f);
struct request request_json(const char *path, const char *json);
struct request request_json_bytes(const char *path, const void *json,
                                  size_t len);
/* The good request of each endpoint: a form with compare_flag true for
 * livedetectfour, else JSON. */
struct request request_good(const char *path);

/* Everything but the body. */
struct bytes request_head(const struct request *r);
/* Head and framed body. */
struct bytes request_bytes(const struct request *r);

#endif
