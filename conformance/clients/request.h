/*
 * request: makes the requests of a client (docs/contract.md sections 3 to 6).
 *
 * For livedetect.c: it checks the arguments of a call, and tells libcurl the
 * URL, the signature and the body. It sends nothing.
 */
#ifndef REQUEST_H
#define REQUEST_H

#include <stdbool.h>
#include <stddef.h>
#include <curl/curl.h>
#include "livedetect.h"

/* One field of a body: a text, or the file at a path; neither: left out. */
struct field {
    const char *name;
    const char *text;
    const char *path;
};

enum { FIELDS_MAX = 8 };

/* Can this call succeed? If not, `why` says what is wrong with it: an argument
 * is missing, a file cannot be read, the body would be over the limit. */
bool request_check(const struct livedetect *client,
                   const struct livedetect_call *call, char *why,
                   size_t why_len);

/* What libcurl borrows while it performs. */
struct request {
    struct curl_slist *headers;
    curl_mime *form;
    char *json;
};

/* Sets up `curl` for one request, with a signature of its own. */
void request_init(struct request *request, CURL *curl,
                  const struct livedetect *client,
                  const struct livedetect_call *call);
void request_release(struct request *request);

/* An Authorization value for now (section 4). The caller frees it. */
char *request_sign(const struct livedetect *client);

/* Ends the program if `p` is NULL, else returns it. */
void *checked(void *p);

#endif
