#include "validate.h"

#include <string.h>
#include "endpoints.h"
#include "log.h"

static bool is_needed(const struct exchange *x, const struct param_rule *rule)
{
    const struct account *account = x->signature.account;

    switch (rule->need) {
    case NEED_NEVER:
        return false;
    case NEED_ALWAYS:
        return true;
    case NEED_WITH_BUCKETS:
        return account && account->n_buckets > 0;
    case NEED_WHEN_COMPARED:
        return param_equals(&x->body.values[PARAM_COMPARE_FLAG], "true", 4);
    }
    return false;
}

static bool is_allowed(const struct param_rule *rule,
                       const struct param_value *value)
{
    if (!rule->values)
        return true;
    for (size_t i = 0; rule->values[i]; i++) {
        if (param_equals(value, rule->values[i], strlen(rule->values[i])))
            return true;
    }
    return false;
}

/* A JSON integer is a sensible spelling of an id, and of nothing else. */
static bool may_be_integer(enum param_id id)
{
    return id == PARAM_APPID || id == PARAM_SEQ;
}

static const char *check(struct exchange *x, const struct param_rule *rule)
{
    const struct param_value *value = &x->body.values[rule->param];
    const char *name = param_name(rule->param);
    bool needed = is_needed(x, rule);
    char shown[64];

    switch (value->form) {
    case PARAM_ABSENT:
        return needed ? arena_printf(&x->arena, "%s is missing", name) : NULL;
    case PARAM_OTHER:
        return arena_printf(&x->arena, "%s is not a JSON string", name);
    case PARAM_FILE:
        return NULL; /* the handler judges media, empty ones too */
    case PARAM_INTEGER:
        if (!may_be_integer(rule->param))
            return arena_printf(&x->arena, "%s is not a JSON string", name);
        break;
    case PARAM_TEXT:
        break;
    }
    if (needed && value->text_len == 0)
        return arena_printf(&x->arena, "%s is empty", name);
    if (!is_allowed(rule, value))
        return arena_printf(
            &x->arena, "%s is \"%s\", expected %s or %s", name,
            log_quote(shown, sizeof(shown), value->text, value->text_len),
            rule->values[0], rule->values[1]);
    return NULL;
}

enum error_code validate_params(struct exchange *x, const char **why)
{
    const struct endpoint *endpoint = x->endpoint;

    if (x->body.long_field) {
        *why = arena_printf(&x->arena, "field %s is over %d bytes",
                            x->body.long_field, BODY_MAX_FIELD);
        return ERR_BAD_PARAMETER;
    }
    for (size_t i = 0; i < endpoint->n_rules; i++) {
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
    if (*why)
        return ERR_SIGNATURE_MISMATCH;
    if (param_given(&x->body.values[PARAM_BUCKET])) {
        *why = differs(x, PARAM_BUCKET, "b", &sig->b);
        if (*why)
            return ERR_SIGNATURE_MISMATCH;
    }
    if (sig->account->n_buckets > 0 && sig->b.len == 0) {
        *why = "the account has buckets, but the signature names none (b)";
        return ERR_SIGNATURE_MISMATCH;
    }
    return ERR_OK;
}
