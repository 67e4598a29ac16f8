/*
 * rules: the input is a file of fault rules. What is taken is listed as JSON
 * that is such a file again, with the same rules; what is refused leaves no
 * rule and a reason of one line. The input is also read as one rule that is
 * added.
 */
#include <stdlib.h>
#include <string.h>
#include <cjson/cJSON.h>
#include "endpoints.h"
#include "fault_rules.h"
#include "fuzz_support.h"
#include "text.h"

enum { MAX_LISTING = 64 * 1024 * 1024 };

static void check_why(char *why, const char *start)
{
    FUZZ_CHECK(why && !strncmp(why, start, strlen(start)));
    for (const char *p = why; *p; p++)
        FUZZ_CHECK((unsigned char)*p >= 0x20 && *p != 0x7f);
    FUZZ_CHECK(text_is_utf8(why, strlen(why)));
    free(why);
}

static cJSON *render(struct fault_rules *rules, struct strbuf *text)
{
    const char *end = NULL;
    cJSON *json;

    strbuf_init(text, MAX_LISTING);
    FUZZ_CHECK(fault_rules_render(rules, text) == 0);
    FUZZ_CHECK(text_is_utf8(text->buf, text->len));
    json = cJSON_ParseWithLengthOpts(text->buf, text->len, &end, false);
    FUZZ_CHECK(json && end == text->buf + text->len);
    FUZZ_CHECK((size_t)cJSON_GetArraySize(cJSON_GetObjectItem(
                   json, "faults")) == fault_rules_count(rules));
    return json;
}

/* Ids go on from run to run. */
static cJSON *drop_ids(cJSON *listing)
{
    cJSON *rule;

    cJSON_ArrayForEach(rule, cJSON_GetObjectItem(listing, "faults"))
    {
        FUZZ_CHECK(cJSON_IsNumber(cJSON_GetObjectItem(rule, "id")));
        cJSON_DeleteItemFromObject(rule, "id");
    }
    return listing;
}

/* A saved listing is a file of the same rules. */
static void check_again(struct fault_rules *rules)
{
    static struct fault_rules *again;
    struct strbuf text, text_again;
    cJSON *listing, *listing_again;
    char *why = NULL;

    if (!again)
        again = fault_rules_new(1);
    FUZZ_CHECK(again);
    listing = drop_ids(render(rules, &text));
    FUZZ_CHECK(fault_rules_parse(again, text.buf, text.len, "again", &why) ==
               0);
    listing_again = drop_ids(render(again, &text_again));
    FUZZ_CHECK(cJSON_Compare(listing, listing_again, true));
    fault_rules_reset(again);
    cJSON_Delete(listing);
    cJSON_Delete(listing_again);
    strbuf_release(&text);
    strbuf_release(&text_again);
}

/* What a rule counted: it fires at most as often as it matches. */
static void check_counts(const cJSON *listing)
{
    const cJSON *rule;

    cJSON_ArrayForEach(rule, cJSON_GetObjectItem(listing, "faults"))
    {
        double matched =
            cJSON_GetNumberValue(cJSON_GetObjectItem(rule, "matched"));
        double fired = cJSON_GetNumberValue(cJSON_GetObjectItem(rule, "fired"));

        FUZZ_CHECK(fired <= matched && matched <= 4);
    }
}

static void set_text(struct param_value *value, char *text)
{
    value->form = PARAM_TEXT;
    value->text = text;
    value->text_len = strlen(text);
}

/* Asks twice, early and late, about an exchange that has every member. */
static void ask(struct fault_rules *rules)
{
    static char seq[] = "s";
    struct exchange *x = exchange_new();
    struct strbuf text;
    cJSON *listing;

    FUZZ_CHECK(x);
    x->endpoint = endpoints_match("/face/livedetectfour");
    x->signature.a = (struct signature_field){"1000001", 7};
    x->signature.k = (struct signature_field){"AKIDdemo1000001", 15};
    set_text(&x->body.values[PARAM_SEQ], seq);
    for (int i = 0; i < 4; i++) {
        struct fault fault = {.code = 4711};
        uint64_t id = fault_rules_ask(rules, x, i & 1, &fault);
        char spec[FAULT_MAX_SPEC_LEN];

        FUZZ_CHECK(id > 0 || fault.code == 4711);
        FUZZ_CHECK(id == 0 || fault_render(&fault, spec, sizeof(spec)) > 0);
    }
    listing = render(rules, &text);
    check_counts(listing);
    cJSON_Delete(listing);
    strbuf_release(&text);
    exchange_free(x);
}

static void fuzz_added(struct fault_rules *rules, const char *json, size_t len)
{
    struct strbuf text;
    char *why = NULL;
    uint64_t id = fault_rules_add(rules, json, len, &why);

    if (id == 0) {
        check_why(why, "");
        FUZZ_CHECK(fault_rules_count(rules) == 0);
        return;
    }
    cJSON_Delete(render(rules, &text));
    strbuf_release(&text);
    FUZZ_CHECK(fault_rules_remove(rules, id) && fault_rules_count(rules) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    static struct fault_rules *rules;
    const char *json = data ? (const char *)data : "";
    char *why = NULL;

    if (!rules)
        rules = fault_rules_new(1);
    FUZZ_CHECK(rules);
    fuzz_added(rules, json, len);
    if (fault_rules_parse(rules, json, len, "input", &why) < 0) {
        check_why(why, "input: ");
        FUZZ_CHECK(fault_rules_count(rules) == 0);
        return 0;
    }
    check_again(rules);
    ask(rules);
    fault_rules_reset(rules);
    return 0;
}
