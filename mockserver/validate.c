#include "validate.h"

#include <string.h>
#include "endpoints.h"
#include "log.h"
#include "mutants.h"

static const char *check(struct exchange *x, const struct param_rule *rule)
{
    const struct param_value *value = &x->body.values[rule->param];
    const char *name = param_name(rule->param);
    bool needed = param_rule_is_needed(rule, x);
    char shown[64];

    if (mutant(MUTANT_FLAG_OPTIONAL) && rule->param == PARAM_COMPARE_FLAG)
        needed = false;
    switch (value->form) {
    case PARAM_ABSENT:
        return needed ? arena_printf(&x->arena, "%s is missing", name) : NULL;
    case PARAM_OTHER:
        return arena_printf(&x->arena, "%s is not a JSON string", name);
    case PARAM_FILE:
        return NULL; /* the handler judges media, empty ones too */
    case PARAM_INTEGER:
        if (!param_rule_allows_integer(rule))
            return arena_printf(&x->arena, "%s is not a JSON string", name);
        break;
    case PARAM_TEXT:
        break;
    }
    if (needed && value->text_len == 0 && !mutant(MUTANT_TEXT_MAY_BE_EMPTY))
        return arena_printf(&x->arena, "%s is empty", name);
    if (!param_rule_allows(rule, value))
        return arena_printf(
            &x->arena, "%s is \"%s\", expected %s or %s", name,
            log_quote(shown, sizeof(shown), value->text, value->text_len),
            rule->values[0], rule->values[1]);
    return NULL;
}

enum error_code validate_params(struct exchange *x, const char **why)
{
    const struct endpoint *endpoint = x->endpoint;

    if (x->body.long_field && !mutant(MUTANT_FIELD_UNLIMITED)) {
        *why = arena_printf(&x->arena, "field %s is over %d bytes",
                            x->body.long_field, BODY_MAX_FIELD);
        return ERR_BAD_PARAMETER;
    }
    for (size_t i = 0; i < endpoint->n_rules; i++) {
        if (endpoint->rules[i].unless_url &&
            param_given(&x->body.values[PARAM_URL]))
            continue;
        *why = check(x, &endpoint->rules[i]);
        if (*why)
            return ERR_BAD_PARAMETER;
    }
    return ERR_OK;
}

static const char *differs(struct exchange *x, enum param_id id,
                           const char *key, const struct signature_field *field)
{
    const struct param_value *value = &x->body.values[id];
    char in_body[48];
    char in_signature[48];

    if (param_equals(value, field->ptr ? field->ptr : "", field->len))
        return NULL;
    return arena_printf(
        &x->arena, "%s is \"%s\" but the signature's %s is \"%s\"",
        param_name(id),
        log_quote(in_body, sizeof(in_body), value->text, value->text_len), key,
        log_quote(in_signature, sizeof(in_signature),
                  field->ptr ? field->ptr : "", field->len));
}

enum error_code validate_against_signature(struct exchange *x, const char **why)
{
    const struct signature *sig = &x->signature;

    *why = differs(x, PARAM_APPID, "a", &sig->a);
    if (*why && !mutant(MUTANT_APPID_UNCOMPARED))
        return ERR_SIGNATURE_MISMATCH;
    if (param_given(&x->body.values[PARAM_BUCKET]) &&
        !mutant(MUTANT_BUCKET_UNCOMPARED)) {
        *why = differs(x, PARAM_BUCKET, "b", &sig->b);
        if (*why)
            return ERR_SIGNATURE_MISMATCH;
    }
    if (sig->account->n_buckets > 0 && sig->b.len == 0 &&
        !mutant(MUTANT_SIGNED_BUCKET_OPTIONAL)) {
        *why = "the account has buckets, but the signature names none (b)";
        return ERR_SIGNATURE_MISMATCH;
    }
    return ERR_OK;
}
