#include "signing.h"

#include <sys/random.h>
#include <time.h>
#include "signature.h"

static uint64_t random_number(void)
{
    uint32_t n = 0;

    if (getrandom(&n, sizeof(n), 0) != sizeof(n))
        n = (uint32_t)time(NULL);
    return n % 1000000000;
}

static int64_t expires(const struct signing *signing)
{
    if (signing->single_use)
        return 0;
    if (signing->has_expires)
        return signing->expires;
    return signing->now +
           (signing->valid_s ? signing->valid_s : SIGNING_VALIDITY_S);
}

static const char *bucket(const struct signing *signing)
{
    const struct account *owner = account_key_owner(signing->key);

    if (!signing->bucket)
        return owner->n_buckets > 0 ? owner->buckets[0] : NULL;
    return *signing->bucket ? signing->bucket : NULL;
}

char *signing_make(const struct signing *signing)
{
    struct signature_request request = {
        .key = signing->key,
        .bucket = bucket(signing),
        .expires = expires(signing),
        .now = signing->now,
        .rand = signing->has_rand ? signing->rand : random_number(),
        .userid = signing->userid,
        .fileid = signing->fileid,
    };

    return signature_make(&request);
}
