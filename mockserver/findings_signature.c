/* The rules about the Authorization value. */
#include "findings_rules.h"

#include "endpoints.h"
#include "findings.h"
#include "text.h"
#include <inttypes.h>
#include <stdlib.h>

enum {
    MAX_SKEW_S = 300,
    SHOWN = 48, /* bytes of a value */
};

static int shown(size_t len)
{
    return len < SHOWN ? (int)len : SHOWN;
}

static bool read_time(const struct signature_field *field, int64_t *time)
{
    uint64_t value;

    if (!field->ptr ||
        text_parse_u64(field->ptr, field->len, INT64_MAX, &value) < 0)
        return false;
    *time = (int64_t)value;
    return true;
}

/* Are both times there? A signature may be refused for something else before
 * they are looked at. */
static bool read_times(const struct signature *sig, int64_t *e, int64_t *t)
{
    if (sig->code != ERR_SIGNATURE_MALFORMED) {
        *e = sig->expires;
        *t = sig->now;
        return sig->original != NULL;
    }
    return read_time(&sig->e, e) && read_time(&sig->t, t);
}

/* The rule that the signature's code stands for. */
static enum finding broken_rule(enum error_code code)
{
    switch (code) {
    case ERR_SIGNATURE_EMPTY:
        return FINDING_SIGNATURE_MISSING;
    case ERR_SIGNATURE_MALFORMED:
        return FINDING_SIGNATURE_MALFORMED;
    case ERR_APPID_UNKNOWN:
        return FINDING_SIGNATURE_APPID;
    case ERR_SECRET_ID_UNKNOWN:
        return FINDING_SIGNATURE_SECRET_ID;
    case ERR_SECRET_ID_MISMATCH:
        return FINDING_SIGNATURE_OWNER;
    case ERR_SIGNATURE_WRONG:
        return FINDING_SIGNATURE_DIGEST;
    case ERR_SIGNATURE_EXPIRED:
        return FINDING_SIGNATURE_EXPIRED;
    case ERR_REPLAY:
        return FINDING_SIGNATURE_REPLAYED;
    case ERR_BUCKET_UNKNOWN:
        return FINDING_SIGNATURE_BUCKET;
    default:
        return FINDING__COUNT; /* good, or in arrears: no fault of the text */
    }
}

static void check_code(struct exchange *x, bool too_long)
{
    const struct signature *sig = &x->signature;
    enum finding finding = broken_rule(sig->code);

    /* The times are read last: with them read, their distance is the reason
     * for the 5, and the rest is well-formed. */
    if (finding == FINDING_SIGNATURE_MALFORMED && too_long && sig->expires != 0)
        return;
    if (finding < FINDING__COUNT)
        findings_add(x, finding, "%s", sig->why);
}

static void check_times(struct exchange *x, int64_t e, int64_t t, int64_t now_s)
{
    /* A signature for many uses may well be old; one for a single use is made
     * for the request. */
    if (t - now_s > MAX_SKEW_S || (e == 0 && now_s - t > MAX_SKEW_S))
        findings_add(x, FINDING_CLOCK_SKEW,
                     "t is %" PRId64 ", the server's time is %" PRId64, t,
                     now_s);
    if (e == 0 && x->endpoint && x->endpoint->id == EP_PICTURE)
        findings_add(x, FINDING_SIGNATURE_SINGLE_USE,
                     "e is 0: good for one request");
}

static void check_match(struct exchange *x, enum param_id id, char key,
                        const struct signature_field *field)
{
    const struct param_value *value = &x->body.values[id];
    const char *signed_text = field->ptr ? field->ptr : "";

    if (value->text_len == 0 || param_equals(value, signed_text, field->len))
        return;
    findings_add(x, FINDING_SIGNATURE_MISMATCH,
                 "%s is \"%.*s\", %c is \"%.*s\"", param_name(id),
                 shown(value->text_len), value->text, key, shown(field->len),
                 signed_text);
}

/* What validate.c asks too, but of every request, and of one signed wrongly. */
static void check_against_body(struct exchange *x)
{
    const struct signature *sig = &x->signature;

    check_match(x, PARAM_APPID, 'a', &sig->a);
    check_match(x, PARAM_BUCKET, 'b', &sig->b);
    if (sig->account && sig->account->n_buckets > 0 && sig->b.len == 0)
        findings_add(x, FINDING_SIGNATURE_MISMATCH,
                     "the account has buckets, but b names none");
}

void findings_of_signature(struct exchange *x, int64_t now_s)
{
    const struct signature *sig = &x->signature;
    int64_t e = 0;
    int64_t t = 0;
    bool has_times = read_times(sig, &e, &t);
    bool too_long = has_times && e != 0 && e - t > SIGNATURE_MAX_VALIDITY_S;

    check_code(x, too_long);
    if (too_long)
        findings_add(x, FINDING_SIGNATURE_VALIDITY,
                     "e is %" PRId64 " s after t, %d are the most", e - t,
                     SIGNATURE_MAX_VALIDITY_S);
    if (has_times)
        check_times(x, e, t, now_s);
    if (sig->f.len > 0)
        findings_add(x, FINDING_SIGNATURE_FILEID, "%.*s", shown(sig->f.len),
                     sig->f.ptr);
    /* Without `a` it is malformed; there is nothing to compare. */
    if (x->endpoint && sig->a.len > 0)
        check_against_body(x);
}
