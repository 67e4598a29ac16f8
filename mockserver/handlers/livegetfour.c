/*
 * POST /face/livegetfour: hands out the four digits that the person in the
 * video reads aloud (docs/contract.md section 1).
 */
#include "endpoints.h"
#include "mutants.h"

static const struct param_rule rules[] = {
    {.param = PARAM_APPID, .need = NEED_ALWAYS},
    {.param = PARAM_BUCKET, .need = NEED_NEVER},
    {.param = PARAM_SEQ, .need = NEED_NEVER},
};

static void answer(struct exchange *x, const struct settings *settings)
{
    (void)x;
    (void)settings;
}

static int data(const struct exchange *x, const struct settings *settings,
                struct strbuf *out)
{
    (void)settings;
    if (x->decision.code != 0)
        return 0;
    strbuf_addf(
        out,
        mutant(MUTANT_DIGITS_ARE_NUMBER) ? "{\"validate_data\":%d}"
        : mutant(MUTANT_THREE_DIGITS)    ? "{\"validate_data\":\"%03d\"}"
                                         : "{\"validate_data\":\"%04d\"}",
        (int)(x->random % (mutant(MUTANT_THREE_DIGITS) ? 1000 : 10000)));
    return 1;
}

const struct endpoint endpoint_livegetfour = {
    .name = "livegetfour",
    .id = EP_GETFOUR,
    .path = "/face/livegetfour",
    .bodies = BODY_JSON,
    .rules = rules,
    .n_rules = sizeof(rules) / sizeof(rules[0]),
    .answer = answer,
    .data = data,
};
