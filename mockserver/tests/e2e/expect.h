/*
 * expect: what the end-to-end tests demand of a reply. The only header that
 * they include besides the system's.
 */
#ifndef EXPECT_H
#define EXPECT_H

#include <stdbool.h>

#include <criterion/criterion.h>
#include <criterion/new/assert.h>

#include "client.h"

/*
 * Each function returns NULL when the reply is as expected, else a message
 * with the reason, what was sent and what came back; the macros report it at
 * the line of the test and let the test go on.
 */
const char *check_answer(const struct reply *r, int http, int code);
const char *check_http(const struct reply *r, int http);
const char *check_end(const struct reply *r, enum reply_end end);
const char *check_success(const struct reply *r);
const char *check_live(const struct reply *r, int code, bool compare);
const char *check_compare(const struct reply *r, int code);
const char *check_placed(const struct reply *r, const char *path, bool compare,
                         int code);
const char *check_message(const struct reply *r, const char *text);
const char *check_alive(const struct server *s);

#define EXPECT(check)                                                          \
    do {                                                                       \
        const char *why_ = (check);                                            \
        if (why_)                                                              \
            cr_fail("%s", why_);                                               \
    } while (0)

/* Top-level `code`, with HTTP 200; an error has no other member but
 * `message`. 0 stands for any success. */
#define expect_code(r, code) EXPECT(check_answer(r, 200, code))
#define expect_answer(r, http, code) EXPECT(check_answer(r, http, code))
/* The HTTP status alone. */
#define expect_http(r, http) EXPECT(check_http(r, http))
/* How the exchange ended. */
#define expect_end(r, end) EXPECT(check_end(r, end))
#define expect_success(r) EXPECT(check_success(r))
/* livedetectfour: `code` 0, the video refused; and the comparison refused. */
#define expect_live(r, code, compare) EXPECT(check_live(r, code, compare))
#define expect_compare(r, code) EXPECT(check_compare(r, code))
/* `code` where docs/contract.md section 7 places it. */
#define expect_placed(r, path, compare, code)                                  \
    EXPECT(check_placed(r, path, compare, code))
/* The top-level `message` contains this text. */
#define expect_message(r, text) EXPECT(check_message(r, text))
/* A good request on a new connection is answered. */
#define expect_alive(s) EXPECT(check_alive(s))

#endif
