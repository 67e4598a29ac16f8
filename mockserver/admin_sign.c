/* The admin call `sign`: what `mockserver sign` does, over HTTP. */
#include "admin_calls.h"

#include <stdlib.h>
#include <string.h>
#include "log.h"
#include "signature.h"
#include "signing.h"

enum { QUOTE_CAP = 84 }; /* 80 bytes of a value, "..." and the NUL */

static const int64_t max = 9007199254740991; /* 2^53 - 1, exact in JSON */

enum {
    SIGN_SECRET_ID,
    SIGN_BUCKET,
    SIGN_EXPIRES,
    SIGN_VALID,
    SIGN_SINGLE_USE,
    SIGN_NOW,
    SIGN_RAND,
    SIGN_USERID,
    SIGN_FILEID,
    SIGN__COUNT
};

/* At most one of them says what `e` is. */
static int check_expiry(struct admin_call *c,
                        const struct admin_member *members)
{
    static const int ways[] = {SIGN_EXPIRES, SIGN_VALID, SIGN_SINGLE_USE};
    const struct admin_member *first = NULL;

    for (size_t i = 0; i < sizeof(ways) / sizeof(ways[0]); i++) {
        const struct admin_member *member = &members[ways[i]];

        if (!member->given ||
            (member->type == ADMIN_BOOLEAN && !member->boolean))
            continue;
        if (first) {
            admin_refusef(
                c, 400,
                "body: %s and %s are both there, expected one of expires, "
                "valid "
                "and single_use",
                first->name, member->name);
            return -1;
        }
        first = member;
    }
    return 0;
}

static void answer_signature(struct admin_call *c,
                             const struct signing *signing)
{
    char *value = signing_make(signing);

    if (!value) {
        admin_refusef(
            c, 400,
            "the signature cannot be made, expected at most %d characters",
            SIGNATURE_MAX_LEN);
        return;
    }
    strbuf_addf(&c->reply->body, "{\"authorization\":\"%s\"}", value);
    free(value);
}

void admin_sign(struct admin_call *c)
{
    struct admin_member members[SIGN__COUNT] = {
        [SIGN_SECRET_ID] = {.name = "secret_id", .required = true},
        [SIGN_BUCKET] = {.name = "bucket"},
        [SIGN_EXPIRES] = {.name = "expires", .type = ADMIN_INTEGER, .max = max},
        [SIGN_VALID] = {.name = "valid",
                        .type = ADMIN_INTEGER,
                        .min = 1,
                        .max = SIGNING_MAX_VALIDITY_S},
        [SIGN_SINGLE_USE] = {.name = "single_use", .type = ADMIN_BOOLEAN},
        [SIGN_NOW] = {.name = "now", .type = ADMIN_INTEGER, .max = max},
        [SIGN_RAND] = {.name = "rand", .type = ADMIN_INTEGER, .max = max},
        [SIGN_USERID] = {.name = "userid"},
        [SIGN_FILEID] = {.name = "fileid"},
    };
    struct signing signing = {0};
    char quoted[QUOTE_CAP];
    const char *id;

    if (admin_read_body(c, members, SIGN__COUNT) < 0 ||
        check_expiry(c, members) < 0)
        return;
    id = members[SIGN_SECRET_ID].string;
    signing.key = accounts_find_key(c->admin->accounts, id, strlen(id));
    if (!signing.key) {
        admin_refusef(c, 400,
                      "body: secret_id is \"%s\", expected one that an account "
                      "has",
                      log_quote(quoted, sizeof(quoted), id, strlen(id)));
        return;
    }
    signing.now = members[SIGN_NOW].given
                      ? members[SIGN_NOW].integer
                      : clock_now_us(c->admin->clock) / 1000000;
    signing.single_use = members[SIGN_SINGLE_USE].boolean;
    signing.has_expires = members[SIGN_EXPIRES].given;
    signing.expires = members[SIGN_EXPIRES].integer;
    signing.valid_s = members[SIGN_VALID].integer;
    signing.bucket = members[SIGN_BUCKET].string;
    signing.has_rand = members[SIGN_RAND].given;
    signing.rand = (uint64_t)members[SIGN_RAND].integer;
    signing.userid = members[SIGN_USERID].string;
    signing.fileid = members[SIGN_FILEID].string;
    answer_signature(c, &signing);
    account_key_put(signing.key);
}
