#include "endpoints.h"

#include <string.h>
#include "mutants.h"
#include "text.h"

static const struct endpoint *const table[] = {
    &endpoint_livedetectfour,
    &endpoint_livedetectpicture,
    &endpoint_livegetfour,
};

const struct endpoint *endpoints_at(size_t i)
{
    return i < sizeof(table) / sizeof(table[0]) ? table[i] : NULL;
}

const struct endpoint *endpoints_match(const char *path)
{
    const struct endpoint *endpoint;

    for (size_t i = 0; (endpoint = endpoints_at(i)); i++) {
        if (!strcmp(endpoint->path, path))
            return endpoint;
        if (mutant(MUTANT_PATH_PREFIX) &&
            !strncmp(endpoint->path, path, strlen(endpoint->path)))
            return endpoint;
    }
    return NULL;
}

bool param_rule_is_needed(const struct param_rule *rule,
                          const struct exchange *x)
{
    const struct account *account = x->signature.account;

    switch (rule->need) {
    case NEED_NEVER:
        return false;
    case NEED_ALWAYS:
        return true;
    case NEED_WITH_BUCKETS:
        if (mutant(MUTANT_BUCKET_ALWAYS))
            return true;
        return account && account->n_buckets > 0 &&
               !mutant(MUTANT_BUCKET_OPTIONAL);
    case NEED_WHEN_COMPARED:
        if (mutant(MUTANT_CARD_ALWAYS))
            return true;
        return param_equals(&x->body.values[PARAM_COMPARE_FLAG], "true", 4) &&
               !mutant(MUTANT_CARD_OPTIONAL);
    }
    return false;
}

bool param_rule_allows(const struct param_rule *rule,
                       const struct param_value *value)
{
    if (!rule->values)
        return true;
    for (size_t i = 0; rule->values[i]; i++) {
        if (param_equals(value, rule->values[i], strlen(rule->values[i])))
            return true;
        if (mutant(MUTANT_FLAG_CASE_IGNORED) &&
            text_equal_nocase(value->text, value->text_len, rule->values[i]))
            return true;
    }
    return false;
}

bool param_rule_allows_integer(const struct param_rule *rule)
{
    return (rule->param == PARAM_APPID || rule->param == PARAM_SEQ) &&
           !mutant(MUTANT_JSON_INTEGER_REFUSED);
}
