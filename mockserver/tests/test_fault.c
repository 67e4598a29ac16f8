#include "fault.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <criterion/criterion.h>

#define LENGTH(array) (sizeof(array) / sizeof((array)[0]))
#define TEN "0123456789"
#define HUNDRED TEN TEN TEN TEN TEN TEN TEN TEN TEN TEN

#define TRANSPORTS                                                             \
    "reset, reset_during_upload, empty_response, random_then_close, "          \
    "malformed_chunk, truncated_body, malformed_json, empty_body, html_502, "  \
    "dribble, hang"

#define UNKNOWN_WORD(word)                                                     \
    "\"" word "\" is no code, unlisted=, delay=, http= or transport fault; "   \
    "the transport faults are " TRANSPORTS

static bool same_fault(const struct fault *a, const struct fault *b)
{
    return a->has_code == b->has_code && a->code == b->code &&
           a->has_place == b->has_place && a->place == b->place &&
           a->transport == b->transport && a->http_status == b->http_status &&
           a->delay_ms == b->delay_ms;
}

static void expect_fault(const char *spec, size_t len, struct fault expected)
{
    char why[FAULT_WHY_CAP] = "";
    struct fault fault;

    memset(&fault, 0xAA, sizeof(fault));
    cr_assert_eq(fault_parse(&fault, spec, len, why, sizeof(why)), 0,
                 "\"%.*s\" was refused: %s", (int)len, spec, why);
    cr_expect(same_fault(&fault, &expected), "\"%.*s\" was misread", (int)len,
              spec);
}

static void expect_refused(const char *spec, size_t len, const char *reason)
{
    char why[FAULT_WHY_CAP] = "";
    struct fault fault, before;

    memset(&fault, 0xAA, sizeof(fault));
    memset(&before, 0xAA, sizeof(before));
    cr_expect_eq(fault_parse(&fault, spec, len, why, sizeof(why)), -1,
                 "\"%.*s\" was accepted", (int)len, spec);
    cr_expect_str_eq(why, reason);
    /* Both were filled byte by byte, padding too. NOLINTNEXTLINE */
    cr_expect_eq(memcmp(&fault, &before, sizeof(fault)), 0,
                 "\"%.*s\" touched the result", (int)len, spec);
}

Test(fault, accepted_specs_are_read, .timeout = 10)
{
    static const struct {
        const char *spec;
        struct fault fault;
    } rows[] = {
        {"-5007", {.has_code = true, .code = -5007}},
        {"9", {.has_code = true, .code = 9}},
        {"0", {.has_code = true, .code = 0}},
        {"-5007@code",
         {.has_code = true,
          .code = -5007,
          .has_place = true,
          .place = PLACE_CODE}},
        {"-4009@live_status",
         {.has_code = true,
          .code = -4009,
          .has_place = true,
          .place = PLACE_LIVE_STATUS}},
        {"5@compare_status",
         {.has_code = true,
          .code = 5,
          .has_place = true,
          .place = PLACE_COMPARE_STATUS}},
        {"unlisted=-9999", {.has_code = true, .code = -9999}},
        {"unlisted=2147483647", {.has_code = true, .code = INT32_MAX}},
        {"unlisted=-2147483648", {.has_code = true, .code = INT32_MIN}},
        {"delay=0", {.delay_ms = 0}},
        {"delay=600000", {.delay_ms = 600000}},
        {"http=200", {.http_status = 200}},
        {"http=599", {.http_status = 599}},
        {"delay=500,-5007", {.has_code = true, .code = -5007, .delay_ms = 500}},
        {"http=503,delay=1,truncated_body",
         {.transport = TRANSPORT_TRUNCATED_BODY,
          .http_status = 503,
          .delay_ms = 1}},
        {"\t delay=5 ,\t9 ", {.has_code = true, .code = 9, .delay_ms = 5}},
        {"delay=007,003", {.has_code = true, .code = 3, .delay_ms = 7}},
    };

    for (size_t i = 0; i < LENGTH(rows); i++)
        expect_fault(rows[i].spec, strlen(rows[i].spec), rows[i].fault);
}

Test(fault, every_code_of_the_catalogue_is_accepted, .timeout = 10)
{
    cr_assert_gt(error_table_len, 0);
    for (size_t i = 0; i < error_table_len; i++) {
        char spec[16];
        int code = error_table[i].code;
        int len = snprintf(spec, sizeof(spec), "%d", code);
        expect_fault(spec, (size_t)len,
                     (struct fault){.has_code = true, .code = code});
    }
}

Test(fault, every_code_of_the_catalogue_is_refused_as_unlisted, .timeout = 10)
{
    for (size_t i = 0; i < error_table_len; i++) {
        char spec[32], why[128];
        int code = error_table[i].code;
        int len = snprintf(spec, sizeof(spec), "unlisted=%d", code);
        snprintf(why, sizeof(why),
                 "fault spec \"unlisted=%d\": unlisted %d is a listed code; "
                 "write %d",
                 code, code, code);
        expect_refused(spec, (size_t)len, why);
    }
}

Test(fault, transport_names_are_those_of_the_contract, .timeout = 10)
{
    static const struct {
        const char *name;
        enum fault_transport transport;
    } rows[] = {
        {"reset", TRANSPORT_RESET},
        {"reset_during_upload", TRANSPORT_RESET_DURING_UPLOAD},
        {"empty_response", TRANSPORT_EMPTY_RESPONSE},
        {"random_then_close", TRANSPORT_RANDOM_THEN_CLOSE},
        {"malformed_chunk", TRANSPORT_MALFORMED_CHUNK},
        {"truncated_body", TRANSPORT_TRUNCATED_BODY},
        {"malformed_json", TRANSPORT_MALFORMED_JSON},
        {"empty_body", TRANSPORT_EMPTY_BODY},
        {"html_502", TRANSPORT_HTML_502},
        {"dribble", TRANSPORT_DRIBBLE},
        {"hang", TRANSPORT_HANG},
    };

    cr_assert_eq(LENGTH(rows), TRANSPORT__COUNT - 1);
    for (size_t i = 0; i < LENGTH(rows); i++) {
        cr_expect_str_eq(fault_transport_name(rows[i].transport), rows[i].name);
        expect_fault(rows[i].name, strlen(rows[i].name),
                     (struct fault){.transport = rows[i].transport});
    }
    cr_expect_str_eq(fault_transport_name(TRANSPORT_NONE), "none");
}

Test(fault, source_names_are_single_words, .timeout = 10)
{
    static const char *const names[] = {"none", "header", "seq",   "file",
                                        "url",  "rule",   "option"};

    cr_assert_eq(LENGTH(names), FAULT_SOURCE__COUNT);
    for (int i = 0; i < FAULT_SOURCE__COUNT; i++)
        cr_expect_str_eq(fault_source_name((enum fault_source)i), names[i]);
}

Test(fault, refusals_name_item_value_and_expectation, .timeout = 10)
{
    static const struct {
        const char *spec, *reason;
    } rows[] = {
        {"", " is empty, expected a code, unlisted=, delay=, http= or a "
             "transport fault"},
        {" \t", " is empty, expected a code, unlisted=, delay=, http= or a "
                "transport fault"},
        {"9,,delay=1", ": item 2 is empty, expected a code, unlisted=, delay=, "
                       "http= or a transport fault"},
        {",9", ": item 1 is empty, expected a code, unlisted=, delay=, http= "
               "or a transport fault"},
        {"9, ", ": item 2 is empty, expected a code, unlisted=, delay=, http= "
                "or a transport fault"},
        {"-9999", ": code -9999 is in no table; write unlisted=-9999"},
        {"1", ": code 1 is in no table; write unlisted=1"},
        {"12x", ": code \"12x\" is not a whole number from -2147483648 to "
                "2147483647"},
        {"-", ": code \"-\" is not a whole number from -2147483648 to "
              "2147483647"},
        {"--5", ": code \"--5\" is not a whole number from -2147483648 to "
                "2147483647"},
        {"+9", ": code \"+9\" is not a whole number from -2147483648 to "
               "2147483647"},
        {"9 @code", ": code \"9 \" is not a whole number from -2147483648 to "
                    "2147483647"},
        {"2147483648", ": code \"2147483648\" is not a whole number from "
                       "-2147483648 to 2147483647"},
        {"-2147483649", ": code \"-2147483649\" is not a whole number from "
                        "-2147483648 to 2147483647"},
        {"-5007@", ": place \"\" is none of code, live_status, "
                   "compare_status"},
        {"-5007@status", ": place \"status\" is none of code, live_status, "
                         "compare_status"},
        {"-5007@Code", ": place \"Code\" is none of code, live_status, "
                       "compare_status"},
        {"-5007@code@code", ": place \"code@code\" is none of code, "
                            "live_status, compare_status"},
        {"@code", ": place \"code\" may only follow a listed code, not \"\""},
        {"reset@code", ": place \"code\" may only follow a listed code, not "
                       "\"reset\""},
        {"unlisted=1@live_status", ": place \"live_status\" may only follow a "
                                   "listed code, not \"unlisted=1\""},
        {"unlisted=", ": unlisted \"\" is not a whole number from -2147483648 "
                      "to 2147483647"},
        {"unlisted=x", ": unlisted \"x\" is not a whole number from "
                       "-2147483648 to 2147483647"},
        {"unlisted=2147483648", ": unlisted \"2147483648\" is not a whole "
                                "number from -2147483648 to 2147483647"},
        {"unlisted=0", ": unlisted 0 is a listed code; write 0"},
        {"unlisted=-5007", ": unlisted -5007 is a listed code; write -5007"},
        {"delay=abc", ": delay \"abc\" is not a number of milliseconds from 0 "
                      "to 600000"},
        {"delay=", ": delay \"\" is not a number of milliseconds from 0 to "
                   "600000"},
        {"delay=-1", ": delay \"-1\" is not a number of milliseconds from 0 "
                     "to 600000"},
        {"delay= 1", ": delay \" 1\" is not a number of milliseconds from 0 "
                     "to 600000"},
        {"delay=600001", ": delay \"600001\" is not a number of milliseconds "
                         "from 0 to 600000"},
        {"http=199", ": http \"199\" is not a status from 200 to 599"},
        {"http=600", ": http \"600\" is not a status from 200 to 599"},
        {"http=", ": http \"\" is not a status from 200 to 599"},
        {"http=ok", ": http \"ok\" is not a status from 200 to 599"},
        {"delay=0,delay=2", ": delay \"2\" is a second delay, expected one"},
        {"http=200,http=200", ": http \"200\" is a second http, expected one"},
        {"9,14", ": \"14\" comes after \"9\", but only one code, unlisted code "
                 "or transport fault is allowed"},
        {"9,9", ": \"9\" comes after \"9\", but only one code, unlisted code "
                "or transport fault is allowed"},
        {"unlisted=1,9", ": \"9\" comes after \"unlisted=1\", but only one "
                         "code, unlisted code or transport fault is allowed"},
        {"unlisted=1,unlisted=2",
         ": \"unlisted=2\" comes after \"unlisted=1\", but only one code, "
         "unlisted code or transport fault is allowed"},
        {"9,hang", ": \"hang\" comes after \"9\", but only one code, unlisted "
                   "code or transport fault is allowed"},
        {"hang,reset", ": \"reset\" comes after \"hang\", but only one code, "
                       "unlisted code or transport fault is allowed"},
        {"http=503,reset", ": http \"503\" cannot go with reset, which sends "
                           "no status line"},
        {"times=3", ": key \"times\" is none of unlisted, delay, http"},
        {"Delay=3", ": key \"Delay\" is none of unlisted, delay, http"},
        {"=3", ": key \"\" is none of unlisted, delay, http"},
        {"nonsense", ": " UNKNOWN_WORD("nonsense")},
        {"none", ": " UNKNOWN_WORD("none")},
        {"Reset", ": " UNKNOWN_WORD("Reset")},
        {"rese", ": " UNKNOWN_WORD("rese")},
        {"delay", ": " UNKNOWN_WORD("delay")},
        {"reset hang", ": " UNKNOWN_WORD("reset hang")},
    };

    for (size_t i = 0; i < LENGTH(rows); i++) {
        char reason[FAULT_WHY_CAP];
        snprintf(reason, sizeof(reason), "fault spec \"%s\"%s",
                 i == 1 ? " ?" : rows[i].spec, rows[i].reason);
        expect_refused(rows[i].spec, strlen(rows[i].spec), reason);
    }
}

Test(fault, http_goes_only_with_what_sends_a_status_line, .timeout = 10)
{
    for (int i = TRANSPORT_NONE + 1; i < TRANSPORT__COUNT; i++) {
        bool silent = i == TRANSPORT_RESET ||
                      i == TRANSPORT_RESET_DURING_UPLOAD ||
                      i == TRANSPORT_EMPTY_RESPONSE ||
                      i == TRANSPORT_RANDOM_THEN_CLOSE || i == TRANSPORT_HANG;
        struct fault fault;
        char spec[64];
        int len = snprintf(spec, sizeof(spec), "%s,http=503",
                           fault_transport_name((enum fault_transport)i));
        cr_expect_eq(fault_parse(&fault, spec, (size_t)len, NULL, 0),
                     silent ? -1 : 0, "%s", spec);
    }
}

Test(fault, spec_of_128_bytes_is_accepted, .timeout = 10)
{
    char spec[FAULT_MAX_SPEC_LEN];

    memset(spec, ' ', sizeof(spec));
    spec[sizeof(spec) - 1] = '9';
    expect_fault(spec, sizeof(spec),
                 (struct fault){.has_code = true, .code = 9});
}

Test(fault, spec_of_129_bytes_is_refused_and_cut_in_the_message, .timeout = 10)
{
    expect_refused(HUNDRED TEN TEN "012345678", 129,
                   "fault spec \"" TEN TEN TEN TEN TEN TEN
                   "0123...\" is 129 bytes long, at most 128 are allowed");
}

Test(fault, nul_byte_is_not_the_end_of_the_spec, .timeout = 10)
{
    expect_refused("9\0", 2,
                   "fault spec \"9?\": code \"9?\" is not a whole number from "
                   "-2147483648 to 2147483647");
    expect_refused("reset\0", 6,
                   "fault spec \"reset?\": " UNKNOWN_WORD("reset?"));
    expect_refused("\0", 1, "fault spec \"?\": " UNKNOWN_WORD("?"));
    expect_refused("delay=5\0", 8,
                   "fault spec \"delay=5?\": delay \"5?\" is not a number of "
                   "milliseconds from 0 to 600000");
}

Test(fault, bytes_after_the_length_are_not_read, .timeout = 10)
{
    expect_fault("-5007@code", 5,
                 (struct fault){.has_code = true, .code = -5007});
    expect_fault("9,delay=5", 1, (struct fault){.has_code = true, .code = 9});
}

Test(fault, message_shows_control_and_broken_bytes_as_marks, .timeout = 10)
{
    expect_refused("a\r\n\x1b\x7f\xff\xc2\x9bé签", 13,
                   "fault spec \"a??????é签\": " UNKNOWN_WORD("a??????é签"));
}

Test(fault, message_is_not_cut_inside_a_character, .timeout = 10)
{
    expect_refused(TEN TEN TEN TEN TEN TEN "012签名=", 70,
                   "fault spec \"" TEN TEN TEN TEN TEN TEN
                   "012...\": code \"" TEN TEN TEN TEN TEN TEN
                   "012...\" is not a whole number from -2147483648 to "
                   "2147483647");
}

Test(fault, longest_message_fits_its_cap, .timeout = 10)
{
    char why[FAULT_WHY_CAP];
    char spec[FAULT_MAX_SPEC_LEN];
    struct fault fault;

    memset(spec, 'x', sizeof(spec));
    cr_assert_eq(fault_parse(&fault, spec, sizeof(spec), why, sizeof(why)), -1);
    cr_expect_str_eq(why + strlen(why) - 4, "hang");
}

Test(fault, message_is_cut_to_a_small_buffer, .timeout = 10)
{
    static const char whole[] = "fault spec \"1\": code 1 is in no table; "
                                "write unlisted=1";

    for (size_t cap = 1; cap <= sizeof(whole); cap++) {
        char *why = malloc(cap);
        struct fault fault;
        cr_assert_not_null(why);
        cr_expect_eq(fault_parse(&fault, "1", 1, why, cap), -1);
        cr_expect_eq(strlen(why), cap - 1);
        cr_expect_eq(strncmp(why, whole, cap - 1), 0, "got %s", why);
        free(why);
    }
}

Test(fault, message_may_be_left_out, .timeout = 10)
{
    struct fault fault;

    cr_expect_eq(fault_parse(&fault, "nonsense", 8, NULL, 0), -1);
    cr_expect_eq(fault_parse(&fault, NULL, 0, NULL, 0), -1);
}

Test(fault, render_writes_the_canonical_form, .timeout = 10)
{
    static const struct {
        const char *spec, *canonical;
    } rows[] = {
        {" delay=500 , http=503,\t-5007@code", "-5007@code,http=503,delay=500"},
        {"delay=05,unlisted=-09999", "unlisted=-9999,delay=5"},
        {"delay=0,hang", "hang"},
        {"http=0404", "http=404"},
        {"delay=000", "delay=0"},
        {"-0", "0"},
    };

    for (size_t i = 0; i < LENGTH(rows); i++) {
        struct fault fault;
        char spec[FAULT_MAX_SPEC_LEN + 1];
        cr_assert_eq(
            fault_parse(&fault, rows[i].spec, strlen(rows[i].spec), NULL, 0), 0,
            "%s", rows[i].spec);
        cr_expect_eq(fault_render(&fault, spec, sizeof(spec)),
                     strlen(rows[i].canonical));
        cr_expect_str_eq(spec, rows[i].canonical);
    }
}

Test(fault, render_counts_like_snprintf, .timeout = 10)
{
    static const char whole[] = "-5007@live_status,http=503,delay=500";
    static const struct fault fault = {
        .has_code = true,
        .code = -5007,
        .has_place = true,
        .place = PLACE_LIVE_STATUS,
        .http_status = 503,
        .delay_ms = 500,
    };

    cr_expect_eq(fault_render(&fault, NULL, 0), sizeof(whole) - 1);
    for (size_t cap = 1; cap <= sizeof(whole); cap++) {
        char *spec = malloc(cap);
        cr_assert_not_null(spec);
        cr_expect_eq(fault_render(&fault, spec, cap), sizeof(whole) - 1);
        cr_expect_eq(strlen(spec), cap - 1, "cap %zu", cap);
        cr_expect_eq(strncmp(spec, whole, cap - 1), 0, "got %s", spec);
        free(spec);
    }
}

static void expect_round_trip(const struct fault *fault)
{
    char spec[FAULT_MAX_SPEC_LEN + 1], why[FAULT_WHY_CAP] = "";
    struct fault again;
    size_t len = fault_render(fault, spec, sizeof(spec));

    cr_assert_lt(len, sizeof(spec));
    cr_assert_eq(fault_parse(&again, spec, len, why, sizeof(why)), 0, "%s",
                 why);
    cr_assert(same_fault(&again, fault), "%s was misread", spec);
}

/* With every http status and delay that may go along. */
static void expect_round_trips(struct fault fault, bool with_http)
{
    static const int statuses[] = {0, 200, 503, 599};
    static const uint32_t delays[] = {0, 1, 500, FAULT_MAX_DELAY_MS};

    for (size_t s = 0; s < (with_http ? LENGTH(statuses) : 1); s++) {
        for (size_t d = 0; d < LENGTH(delays); d++) {
            fault.http_status = statuses[s];
            fault.delay_ms = delays[d];
            expect_round_trip(&fault);
        }
    }
}

Test(fault, every_code_and_place_makes_the_round_trip, .timeout = 10)
{
    for (size_t i = 0; i <= error_table_len; i++) {
        struct fault fault = {
            .has_code = true,
            .code = i < error_table_len ? (int)error_table[i].code : 0,
        };
        expect_round_trips(fault, true);
        fault.has_place = true;
        for (int place = 0; place < PLACE__COUNT; place++) {
            fault.place = (enum error_place)place;
            expect_round_trips(fault, true);
        }
    }
}

Test(fault, unlisted_codes_make_the_round_trip, .timeout = 10)
{
    static const int codes[] = {INT32_MIN, -9999, -1, 1, 7, INT32_MAX};

    for (size_t i = 0; i < LENGTH(codes); i++)
        expect_round_trips((struct fault){.has_code = true, .code = codes[i]},
                           true);
}

Test(fault, every_transport_makes_the_round_trip, .timeout = 10)
{
    for (int i = TRANSPORT_NONE; i < TRANSPORT__COUNT; i++) {
        bool silent = i == TRANSPORT_RESET ||
                      i == TRANSPORT_RESET_DURING_UPLOAD ||
                      i == TRANSPORT_EMPTY_RESPONSE ||
                      i == TRANSPORT_RANDOM_THEN_CLOSE || i == TRANSPORT_HANG;
        expect_round_trips((struct fault){.transport = (enum fault_transport)i},
                           !silent);
    }
}

Test(fault, seq_with_the_marker_holds_a_spec, .timeout = 10)
{
    static const char seq[] = "mock-fault:delay=1,9;";
    size_t len = 99;

    cr_expect(fault_in_seq(seq, sizeof(seq) - 1, &len) == seq + 11);
    cr_expect_eq(len, strlen("delay=1,9;"), "the whole rest is the spec");
}

Test(fault, seq_with_the_marker_alone_holds_an_empty_spec, .timeout = 10)
{
    static const char seq[] = "mock-fault:";
    size_t len = 99;

    cr_expect(fault_in_seq(seq, 11, &len) == seq + 11);
    cr_expect_eq(len, 0);
}

Test(fault, seq_without_the_marker_in_front_holds_none, .timeout = 10)
{
    static const char *const seqs[] = {"",
                                       "123",
                                       "mock-fault",
                                       "Mock-Fault:9",
                                       " mock-fault:9",
                                       "x mock-fault:9"};
    size_t len = 99;

    for (size_t i = 0; i < LENGTH(seqs); i++)
        cr_expect_null(fault_in_seq(seqs[i], strlen(seqs[i]), &len), "%s",
                       seqs[i]);
    cr_expect_null(fault_in_seq("mock-fault:9", 10, &len));
    cr_expect_null(fault_in_seq(NULL, 0, &len));
    cr_expect_eq(len, 99);
}

/* A file of `len` bytes of noise, with `text` at `at`; exactly as long as it
 * says, so that a read past its end is caught. Freed by the caller. */
static char *make_file(size_t len, const char *text, size_t at)
{
    char *file = malloc(len);
    size_t text_len = strlen(text);

    cr_assert_not_null(file);
    for (size_t i = 0; i < len; i++)
        file[i] = (char)(i * 37 % 251); /* holds NUL and bytes over 0x7f */
    if (text_len > len - at)
        text_len = len - at;
    memcpy(file + at, text, text_len);
    return file;
}

static void expect_marker_at(size_t file_len, size_t at)
{
    char *file = make_file(file_len, "mock-fault:-5007,delay=1;", at);
    bool terminated = false;
    size_t len = 0;
    const char *spec = fault_in_data(file, file_len, &len, &terminated);

    cr_assert_not_null(spec, "marker at %zu", at);
    cr_expect_eq(spec - file, (ptrdiff_t)at + 11, "marker at %zu", at);
    cr_expect_eq(len, strlen("-5007,delay=1"), "marker at %zu", at);
    cr_expect(terminated, "marker at %zu", at);
    free(file);
}

Test(fault, marker_is_found_at_both_edges_and_amid_binary_data, .timeout = 10)
{
    size_t marker_len = strlen("mock-fault:-5007,delay=1;");

    expect_marker_at(FAULT_FILE_WINDOW, 0);
    expect_marker_at(FAULT_FILE_WINDOW, 1);
    expect_marker_at(FAULT_FILE_WINDOW, 2049);
    expect_marker_at(FAULT_FILE_WINDOW, FAULT_FILE_WINDOW - marker_len);
    expect_marker_at(marker_len, 0);
}

Test(fault, marker_without_its_semicolon_is_not_terminated, .timeout = 10)
{
    static const char marker[] = "mock-fault:-5007;";
    size_t whole = strlen(marker);

    /* The file ends 1 to 6 bytes before the marker does. */
    for (size_t cut = 1; cut <= strlen("-5007;"); cut++) {
        size_t file_len = FAULT_FILE_WINDOW;
        size_t at = file_len - whole + cut;
        char *file = make_file(file_len, marker, at);
        bool terminated = true;
        size_t len = 99;
        const char *spec = fault_in_data(file, file_len, &len, &terminated);
        cr_assert_not_null(spec, "cut %zu", cut);
        cr_expect_eq(len, strlen("-5007;") - cut, "cut %zu", cut);
        cr_expect_not(terminated, "cut %zu", cut);
        free(file);
    }
}

Test(fault, unterminated_spec_is_cut_to_the_longest_spec, .timeout = 10)
{
    static const char data[] = "mock-fault:" HUNDRED HUNDRED;
    bool terminated = true;
    size_t len = 0;

    cr_expect(fault_in_data(data, sizeof(data) - 1, &len, &terminated) ==
              data + 11);
    cr_expect_eq(len, FAULT_MAX_SPEC_LEN);
    cr_expect_not(terminated);
}

Test(fault, terminated_spec_keeps_its_length, .timeout = 10)
{
    static const char data[] = "mock-fault:" HUNDRED HUNDRED ";";
    bool terminated = false;
    size_t len = 0;

    cr_assert_not_null(
        fault_in_data(data, sizeof(data) - 1, &len, &terminated));
    cr_expect_eq(len, 200);
    cr_expect(terminated);
}

Test(fault, marker_cut_by_the_end_of_data_is_none, .timeout = 10)
{
    static const char marker[] = "mock-fault:";
    bool terminated;
    size_t len = 99;

    for (size_t shown = 0; shown < strlen(marker); shown++) {
        char *file = make_file(64 + shown, marker, 64);
        cr_expect_null(fault_in_data(file, 64 + shown, &len, &terminated),
                       "%zu bytes of the marker", shown);
        free(file);
    }
    cr_expect_null(fault_in_data(NULL, 0, &len, &terminated));
    cr_expect_eq(len, 99);
}

Test(fault, first_marker_counts, .timeout = 10)
{
    static const char data[] = "mock-fault:9;mock-fault:14;";
    bool terminated;
    size_t len = 0;

    cr_expect(fault_in_data(data, sizeof(data) - 1, &len, &terminated) ==
              data + 11);
    cr_expect_eq(len, 1);
}

Test(fault, nul_inside_the_marker_is_kept_in_the_spec, .timeout = 10)
{
    static const char data[] = "\0mock-fault:9\0;";
    bool terminated;
    size_t len = 0;

    cr_expect(fault_in_data(data, sizeof(data) - 1, &len, &terminated) ==
              data + 12);
    cr_expect_eq(len, 2);
    cr_expect(terminated);
}

Test(fault, semicolon_before_the_marker_does_not_end_it, .timeout = 10)
{
    static const char data[] = ";;mock-fault:hang;";
    bool terminated = false;
    size_t len = 0;

    cr_assert_not_null(
        fault_in_data(data, sizeof(data) - 1, &len, &terminated));
    cr_expect_eq(len, 4);
    cr_expect(terminated);
}
