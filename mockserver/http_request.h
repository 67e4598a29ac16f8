/*
 * http_request: reads one HTTP/1.x request from raw bytes, as a packet
 * capture or a logging proxy saves them, for `mockserver check`. Served
 * requests are read by libmicrohttpd; this reader is stricter and says what
 * it does not like.
 */
#ifndef HTTP_REQUEST_H
#define HTTP_REQUEST_H

#include <stddef.h>
#include "exchange.h"

enum {
    HTTP_REQUEST_MAX = 64 * 1024 * 1024, /* bytes of head and content */
    HTTP_REQUEST_MAX_HEAD = 64 * 1024,   /* no server takes a longer one */
};

/*
 * Reads the request line and fields of `len` bytes into x->request (strings
 * are copied into the exchange's arena) and sets *body and *body_len to the
 * content: a piece of `data`, or, chunked coding undone, of the arena.
 * Trailers are dropped.
 *
 * Input that is no request at all, that ends within the head or is too long,
 * and memory that runs out: returns -1 with *why set. A head or a framing
 * that must be refused (repeated Content-Length, a folded line and such) sets
 * x->request.malformed, leaves the content empty and returns 0. Any other
 * returns 0 with as much content as there is. *why then tells what is odd, all
 * in one line: lines that end with LF alone, a content shorter than declared,
 * bytes that follow it; or is NULL. It is static or lives in the arena.
 */
int http_request_read(struct exchange *x, const char *data, size_t len,
                      const char **body, size_t *body_len, const char **why);

#endif
