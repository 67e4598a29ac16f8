/*
 * fault: the input is a SPEC, and also data that may hold the marker. What
 * parses must survive rendering.
 */
#include <string.h>
#include "fault.h"
#include "fuzz_support.h"
#include "text.h"

static void check_equal(const struct fault *a, const struct fault *b)
{
    FUZZ_CHECK(a->has_code == b->has_code && a->code == b->code);
    FUZZ_CHECK(a->has_place == b->has_place && a->place == b->place);
    FUZZ_CHECK(a->transport == b->transport);
    FUZZ_CHECK(a->http_status == b->http_status);
    FUZZ_CHECK(a->delay_ms == b->delay_ms);
}

static void check_round_trip(const struct fault *fault)
{
    char spec[FAULT_MAX_SPEC_LEN], again[FAULT_MAX_SPEC_LEN];
    struct fault copy = {0};
    size_t len = fault_render(fault, spec, sizeof(spec));

    FUZZ_CHECK(len == strlen(spec) && len < sizeof(spec));
    FUZZ_CHECK(fault_parse(&copy, spec, len, NULL, 0) == 0);
    check_equal(fault, &copy);
    FUZZ_CHECK(fault_render(&copy, again, sizeof(again)) == len);
    FUZZ_CHECK(!strcmp(spec, again));
}

static void check_why(const char *why)
{
    size_t len = strlen(why);

    FUZZ_CHECK(len > 0 && len < FAULT_WHY_CAP);
    FUZZ_CHECK(text_is_utf8(why, len));
    for (size_t i = 0; i < len; i++)
        FUZZ_CHECK((unsigned char)why[i] >= 0x20 && why[i] != 0x7f);
}

static void fuzz_spec(const char *spec, size_t len)
{
    struct fault fault = {.code = 4711};
    char why[FAULT_WHY_CAP] = "";

    if (fault_parse(&fault, spec, len, why, sizeof(why)) == 0) {
        check_round_trip(&fault);
        return;
    }
    FUZZ_CHECK(fault.code == 4711 && !fault.has_code && !fault.delay_ms);
    check_why(why);
    /* A caller may do without the reason, or have little room. */
    FUZZ_CHECK(fault_parse(&fault, spec, len, NULL, 0) == -1);
    FUZZ_CHECK(fault_parse(&fault, spec, len, why, 1 + len % 40) == -1);
}

static void fuzz_marker(const char *data, size_t len)
{
    bool terminated = false;
    size_t spec_len = 0;
    const char *spec = fault_in_data(data, len, &spec_len, &terminated);

    if (spec) {
        FUZZ_CHECK(spec >= data && spec + spec_len <= data + len);
        FUZZ_CHECK(!terminated || spec[spec_len] == ';');
        FUZZ_CHECK(terminated || spec_len <= FAULT_MAX_SPEC_LEN);
        fuzz_spec(spec, spec_len);
    }
    spec = fault_in_seq(data, len, &spec_len);
    if (spec)
        FUZZ_CHECK(spec + spec_len == data + len);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    const char *text = data ? (const char *)data : "";

    fuzz_spec(text, len);
    fuzz_marker(text, len);
    return 0;
}
