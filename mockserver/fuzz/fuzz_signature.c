/*
 * signature: the input is an Authorization value, to be parsed and verified.
 * It also gives the field values of a signature that is made here: that must
 * verify, and must not once a character of it is another one.
 */
#include <stdlib.h>
#include <string.h>
#include "fuzz_support.h"
#include "signature.h"

static void fuzz_value(const char *value)
{
    struct signature parsed, verified;
    enum error_code code;
    struct arena arena;

    arena_init(&arena);
    code = signature_parse(&parsed, &arena, value);
    FUZZ_CHECK(code == parsed.code);
    FUZZ_CHECK(code == ERR_OK || code == ERR_SIGNATURE_EMPTY ||
               code == ERR_SIGNATURE_MALFORMED);
    FUZZ_CHECK((code == ERR_OK) == !parsed.why);
    if (code == ERR_OK)
        FUZZ_CHECK(parsed.a.len && parsed.k.len && parsed.e.len &&
                   parsed.t.len);
    signature_verify(&verified, &arena, fuzz_accounts(), NULL, value, FUZZ_NOW);
    FUZZ_CHECK(code == ERR_OK || verified.code == code);
    FUZZ_CHECK((verified.code == ERR_OK) == !verified.why);
    if (verified.code == ERR_OK)
        FUZZ_CHECK(verified.account && verified.key);
    signature_release(&verified);
    arena_release(&arena);
}

/* A field value cannot hold what separates fields. */
static char *take_field(struct fuzz_input *in)
{
    char *s = fuzz_string(fuzz_take_line(in));

    for (char *p = s; *p; p++) {
        if (*p == '&')
            *p = '=';
    }
    return s;
}

static const struct account *pick_account(uint64_t n)
{
    const struct accounts *accounts = fuzz_accounts();
    const struct account *account =
        accounts_at(accounts, n % accounts_count(accounts));

    return account->status == ACCOUNT_ACTIVE ? account
                                             : accounts_at(accounts, 0);
}

static const char *pick_bucket(const struct account *account, uint64_t n)
{
    if (n % 4 == 0)
        return NULL;
    if (n % 4 == 1 || account->n_buckets == 0)
        return "";
    return account->buckets[n / 4 % account->n_buckets];
}

static enum error_code verify(const char *value, int64_t now)
{
    struct signature sig;
    enum error_code code;
    struct arena arena;

    arena_init(&arena);
    code = signature_verify(&sig, &arena, fuzz_accounts(), NULL, value, now);
    signature_release(&sig);
    arena_release(&arena);
    return code;
}

static void damage(char *value, uint64_t n)
{
    char *c = value + n % strlen(value);

    *c = *c == 'A' ? 'B' : 'A';
}

static void fuzz_fields(struct fuzz_input in)
{
    const struct account *account = pick_account(fuzz_take_number(&in, 1));
    uint64_t pick = fuzz_take_number(&in, 1);
    int64_t now = (int64_t)fuzz_take_number(&in, 4);
    int64_t valid = (int64_t)fuzz_take_number(&in, 3);
    uint64_t rand = fuzz_take_number(&in, 8);
    uint64_t where = fuzz_take_number(&in, 2);
    char *userid = take_field(&in);
    char *fileid = take_field(&in);
    struct signature_request request = {
        .key = account->keys[pick % account->n_keys],
        .bucket = pick_bucket(account, pick >> 1),
        .expires = pick & 0x80 ? 0 : now + valid % SIGNATURE_MAX_VALIDITY_S,
        .now = now,
        .rand = rand,
        .userid = *userid ? userid : NULL,
        .fileid = *fileid ? fileid : NULL,
    };
    char *value = signature_make(&request);

    /* Too long to be made when the fields are. */
    FUZZ_CHECK(value || strlen(userid) + strlen(fileid) > 12000);
    if (value) {
        FUZZ_CHECK(verify(value, now) == ERR_OK);
        damage(value, where);
        FUZZ_CHECK(verify(value, now) != ERR_OK);
    }
    free(value);
    free(userid);
    free(fileid);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    struct fuzz_input in = {(const char *)data, len};
    char *value = fuzz_string(in);

    fuzz_value(value);
    free(value);
    fuzz_fields(in);
    return 0;
}
