#include "multipart.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <criterion/criterion.h>
#include "strbuf.h"

#define LENGTH(array) (sizeof(array) / sizeof((array)[0]))
/* A literal that may hold NUL, as (ptr, len). */
#define BYTES(literal) literal, sizeof(literal) - 1

/* Most bodies are cut at this short boundary. */
#define BOUNDARY "B"
/* One whole part named "f" around `content`. */
#define PART_HEAD "--B\r\nContent-Disposition: form-data; name=\"f\"\r\n\r\n"
#define AROUND(content) PART_HEAD content "\r\n--B--\r\n"
/* One part with the given header lines and the content "x". */
#define WITH_HEADERS(lines) "--B\r\n" lines "\r\n\r\nx\r\n--B--\r\n"
#define WITH_DISPOSITION(value) WITH_HEADERS("Content-Disposition: " value)

/* One run of the parser, told as text: "[name file=F type=T]content|" for a
 * part, where '|' is its end, then the error or OK, then the oddities. Control
 * bytes of the content are told as \r, \n or \xNN. */
struct run {
    struct arena arena;
    struct multipart *mp;
    struct strbuf told;
    size_t n_pieces;   /* calls of part_data */
    const char *stop;  /* the callback that asks to stop */
    const char *input; /* where content must lie, NULL: anywhere */
    size_t input_len;
};

static int tell_begin(void *ctx, const struct multipart_header *h)
{
    struct run *run = ctx;

    cr_assert_eq(h->name_len, strlen(h->name));
    strbuf_addf(&run->told, "[%s", h->name);
    if (h->filename) {
        cr_assert_eq(h->filename_len, strlen(h->filename));
        strbuf_addf(&run->told, " file=%s", h->filename);
    }
    if (h->type) {
        cr_assert_eq(h->type_len, strlen(h->type));
        strbuf_addf(&run->told, " type=%s", h->type);
    }
    strbuf_addch(&run->told, ']');
    return run->stop && !strcmp(run->stop, "begin");
}

static void tell_byte(struct strbuf *told, unsigned char c)
{
    if (c == '\r')
        strbuf_addstr(told, "\\r");
    else if (c == '\n')
        strbuf_addstr(told, "\\n");
    else if (c < 0x20 || c >= 0x7f)
        strbuf_addf(told, "\\x%02x", c);
    else
        strbuf_addch(told, (char)c);
}

static int tell_data(void *ctx, const char *data, size_t len)
{
    struct run *run = ctx;

    cr_assert_gt(len, 0);
    run->n_pieces++;
    if (run->input) {
        uintptr_t start = (uintptr_t)run->input;
        uintptr_t at = (uintptr_t)data;
        cr_assert(at >= start && at + len <= start + run->input_len,
                  "content was copied");
    }
    for (size_t i = 0; i < len; i++)
        tell_byte(&run->told, (unsigned char)data[i]);
    return run->stop && !strcmp(run->stop, "data");
}

static int tell_end(void *ctx)
{
    struct run *run = ctx;

    strbuf_addch(&run->told, '|');
    return run->stop && !strcmp(run->stop, "end");
}

static const struct multipart_callbacks callbacks = {
    .part_begin = tell_begin,
    .part_data = tell_data,
    .part_end = tell_end,
};

static void run_init(struct run *run, const char *boundary)
{
    *run = (struct run){0};
    arena_init(&run->arena);
    strbuf_init(&run->told, 1 << 24);
    run->mp =
        multipart_new(&run->arena, boundary, strlen(boundary), &callbacks, run);
    cr_assert_not_null(run->mp);
}

static void run_release(struct run *run)
{
    strbuf_release(&run->told);
    arena_release(&run->arena);
}

/* Feeds a copy that is exactly as long as the piece and gone afterwards, so
 * that a sanitizer sees any use beyond it. */
static enum multipart_error feed_piece(struct run *run, const char *data,
                                       size_t len)
{
    char *copy = malloc(len ? len : 1);
    enum multipart_error error;

    cr_assert_not_null(copy);
    memcpy(copy, data, len);
    error = multipart_feed(run->mp, copy, len);
    free(copy);
    return error;
}

static const char *finish(struct run *run)
{
    static const char *const errors[MULTIPART__COUNT] = {
        [MULTIPART_OK] = "OK",
        [MULTIPART_NO_FIRST_DELIMITER] = "NO_FIRST_DELIMITER",
        [MULTIPART_NO_CLOSE_DELIMITER] = "NO_CLOSE_DELIMITER",
        [MULTIPART_BAD_HEADER] = "BAD_HEADER",
        [MULTIPART_HEADERS_TOO_LONG] = "HEADERS_TOO_LONG",
        [MULTIPART_PART_WITHOUT_NAME] = "PART_WITHOUT_NAME",
        [MULTIPART_TOO_MANY_PARTS] = "TOO_MANY_PARTS",
        [MULTIPART_NO_MEMORY] = "NO_MEMORY",
        [MULTIPART_STOPPED] = "STOPPED",
    };
    enum multipart_error error = multipart_finish(run->mp);
    unsigned odd = multipart_oddities(run->mp);

    cr_assert_eq(multipart_finish(run->mp), error, "a second finish differs");
    strbuf_addstr(&run->told, errors[error]);
    if (odd & MULTIPART_ODD_BARE_LF)
        strbuf_addstr(&run->told, " +bare_lf");
    if (odd & MULTIPART_ODD_PREAMBLE)
        strbuf_addstr(&run->told, " +preamble");
    if (odd & MULTIPART_ODD_EPILOGUE)
        strbuf_addstr(&run->told, " +epilogue");
    if (odd & MULTIPART_ODD_NOT_FORM_DATA)
        strbuf_addstr(&run->told, " +not_form_data");
    cr_assert_not(run->told.failed);
    return run->told.buf;
}

/* Feeds pieces whose lengths come from `next_len`, which gets `state`. */
static void expect_run(const char *boundary, const char *body, size_t len,
                       size_t (*next_len)(size_t *state), size_t state,
                       const char *told)
{
    struct run run;
    size_t first = state;
    size_t at = 0;

    run_init(&run, boundary);
    while (at < len) {
        size_t n = next_len(&state);
        if (n > len - at)
            n = len - at;
        feed_piece(&run, body + at, n);
        at += n;
    }
    cr_assert_str_eq(finish(&run), told,
                     "split %zu\ncame:     %s\nexpected: %s", first,
                     run.told.buf, told);
    run_release(&run);
}

/* All that is left after `*state` bytes. */
static size_t two_pieces(size_t *state)
{
    size_t n = *state;

    *state = SIZE_MAX;
    return n;
}

static size_t equal_pieces(size_t *state)
{
    return *state;
}

/* 0 to 15 bytes; Knuth's MMIX generator. */
static size_t random_pieces(size_t *state)
{
    *state = (size_t)(*state * 6364136223846793005ULL + 1442695040888963407ULL);
    return *state >> 60;
}

/* Whatever way the body is split, the run must be told as `told`. */
static void expect_split(const char *boundary, const char *body, size_t len,
                         const char *told)
{
    for (size_t n = 0; n <= len; n++)
        expect_run(boundary, body, len, two_pieces, n, told);
    for (size_t n = 1; n <= 3; n++)
        expect_run(boundary, body, len, equal_pieces, n, told);
    for (size_t seed = 1; seed <= 20; seed++)
        expect_run(boundary, body, len, random_pieces, seed, told);
}

static void expect_told(const char *body, size_t len, const char *told)
{
    expect_split(BOUNDARY, body, len, told);
}

/* what clients send */

/* The published samples leave the boundary parameter with 14 dashes. */
static const char sample_boundary[] = "--------------acebdf13572468";

Test(multipart, published_livedetectfour_sample_is_read, .timeout = 10)
{
    expect_split(
        sample_boundary,
        BYTES("----------------acebdf13572468\r\n"
              "Content-Disposition: form-data; name=\"appid\";\r\n\r\n"
              "123456\r\n"
              "----------------acebdf13572468\r\n"
              "Content-Disposition: form-data; name=\"bucket\";\r\n\r\n"
              "test\r\n"
              "----------------acebdf13572468\r\n"
              "Content-Disposition: form-data; name=\"validate_data\";\r\n\r\n"
              "9532\r\n"
              "----------------acebdf13572468\r\n"
              "Content-Disposition: form-data; name=\"compare_flag\";\r\n\r\n"
              "true\r\n"
              "----------------acebdf13572468\r\n"
              "Content-Disposition: form-data; name=\"video\"; "
              "filename=\"video.flv\"\r\n\r\n"
              "yyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyy\r\n"
              "----------------acebdf13572468\r\n"
              "Content-Disposition: form-data; name=\"card\"; "
              "filename=\"face.jpg\"\r\n"
              "Content-Type: image/jpeg\r\n\r\n"
              "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx\r\n"
              "----------------acebdf13572468--"),
        "[appid]123456|[bucket]test|[validate_data]9532|[compare_flag]true|"
        "[video file=video.flv]yyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyy|"
        "[card file=face.jpg type=image/jpeg]"
        "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx|OK");
}

Test(multipart, published_picture_sample_reads_as_one_longer_appid,
     .timeout = 10)
{
    expect_split(
        sample_boundary,
        BYTES("----------------acebdf13572468\r\n"
              "Content-Disposition: form-data; name=\"appid\";\r\n\r\n"
              "123456----------------acebdf13572468\r\n"
              "Content-Disposition: form-data; name=\"image\"; "
              "filename=\"face.jpg\"\r\n"
              "Content-Type: image/jpeg\r\n\r\n"
              "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx\r\n"
              "----------------acebdf13572468--\r\n"),
        "[appid]123456----------------acebdf13572468\\r\\n"
        "Content-Disposition: form-data; name=\"image\"; "
        "filename=\"face.jpg\"\\r\\nContent-Type: image/jpeg\\r\\n\\r\\n"
        "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx|OK");
}

Test(multipart, published_sample_with_bare_lf_is_read, .timeout = 10)
{
    expect_split(sample_boundary,
                 BYTES("----------------acebdf13572468\n"
                       "Content-Disposition: form-data; name=\"appid\";\n\n"
                       "123456\n"
                       "----------------acebdf13572468\n"
                       "Content-Disposition: form-data; name=\"card\"; "
                       "filename=\"face.jpg\"\n"
                       "Content-Type: image/jpeg\n\n"
                       "xxxx\n"
                       "----------------acebdf13572468--\n"),
                 "[appid]123456|[card file=face.jpg type=image/jpeg]xxxx|"
                 "OK +bare_lf");
}

Test(multipart, text_field_may_have_a_filename, .timeout = 10)
{
    expect_told(BYTES(WITH_DISPOSITION(
                    "form-data; name=\"appid\"; filename=\"appid\"")),
                "[appid file=appid]x|OK");
}

Test(multipart, file_may_lack_filename_and_type, .timeout = 10)
{
    expect_told(BYTES(AROUND("\xff\xd8\xff\x00\r\nJFIF")),
                "[f]\\xff\\xd8\\xff\\x00\\r\\nJFIF|OK");
}

Test(multipart, content_type_is_handed_on_as_sent, .timeout = 10)
{
    expect_told(BYTES(WITH_HEADERS("Content-Disposition: form-data; name=a\r\n"
                                   "Content-Type:  image/jpg; q=\"1\" \t")),
                "[a type=image/jpg; q=\"1\"]x|OK");
    expect_told(BYTES(WITH_HEADERS("Content-Type:application/octet-stream\r\n"
                                   "Content-Disposition: form-data; name=a")),
                "[a type=application/octet-stream]x|OK");
}

Test(multipart, filename_may_be_a_whole_unix_path, .timeout = 10)
{
    expect_told(
        BYTES(WITH_DISPOSITION(
            "form-data; name=\"card\"; filename=\"/home/a b/c;d.jpg\"")),
        "[card file=/home/a b/c;d.jpg]x|OK");
}

Test(multipart, filename_may_be_a_whole_windows_path, .timeout = 10)
{
    expect_told(
        BYTES(WITH_DISPOSITION(
            "form-data; name=\"card\"; filename=\"C:\\tmp\\face.jpg\"")),
        "[card file=C:\\tmp\\face.jpg]x|OK");
}

Test(multipart, filename_may_be_utf8, .timeout = 10)
{
    expect_told(BYTES(WITH_DISPOSITION(
                    "form-data; name=\"card\"; filename=\"\u7167\u7247.jpg\"")),
                "[card file=\u7167\u7247.jpg]x|OK");
}

Test(multipart, header_names_are_read_in_any_case, .timeout = 10)
{
    expect_told(
        BYTES(WITH_HEADERS("cONTENT-dISPOSITION: FORM-DATA; NAME=a; FileName=b"
                           "\r\nCONTENT-TYPE: t/s")),
        "[a file=b type=t/s]x|OK");
}

Test(multipart, other_headers_are_ignored, .timeout = 10)
{
    expect_told(
        BYTES(WITH_HEADERS("Content-Length: 1\r\n"
                           "Content-Disposition: form-data; name=a\r\n"
                           "Content-Transfer-Encoding: binary\r\nX-Empty:")),
        "[a]x|OK");
}

Test(multipart, repeated_part_is_handed_on_each_time, .timeout = 10)
{
    expect_told(BYTES(PART_HEAD "1\r\n" PART_HEAD "2\r\n--B--"),
                "[f]1|[f]2|OK");
}

/* delimiters */

Test(multipart, body_may_end_right_after_the_closing_delimiter, .timeout = 10)
{
    expect_told(BYTES(PART_HEAD "x\r\n--B--"), "[f]x|OK");
}

Test(multipart, body_without_parts_is_complete, .timeout = 10)
{
    expect_told(BYTES("--B--"), "OK");
    expect_told(BYTES("--B--\r\n"), "OK");
    expect_told(BYTES("\r\n--B--\r\n"), "OK");
}

Test(multipart, part_may_be_empty, .timeout = 10)
{
    expect_told(BYTES(AROUND("")), "[f]|OK");
}

Test(multipart, delimiter_may_follow_the_blank_line_at_once, .timeout = 10)
{
    expect_told(BYTES(PART_HEAD "--B--"), "[f]|OK");
    expect_told(BYTES(PART_HEAD PART_HEAD "x\r\n--B--"), "[f]|[f]x|OK");
}

Test(multipart, only_the_last_line_end_belongs_to_the_delimiter, .timeout = 10)
{
    expect_told(BYTES(AROUND("\r\n")), "[f]\\r\\n|OK");
    expect_told(BYTES(AROUND("x\r\n\r\n")), "[f]x\\r\\n\\r\\n|OK");
    expect_told(BYTES(AROUND("x\r")), "[f]x\\r|OK");
    expect_told(BYTES(AROUND("x\n")), "[f]x\\n|OK");
    expect_told(BYTES(AROUND("x\n\r")), "[f]x\\n\\r|OK");
}

Test(multipart, bare_lf_before_a_delimiter_is_accepted_and_noted, .timeout = 10)
{
    expect_told(BYTES(PART_HEAD "x\n--B--\r\n"), "[f]x|OK +bare_lf");
    expect_told(BYTES(PART_HEAD "x\r\n\n--B--\r\n"), "[f]x\\r\\n|OK +bare_lf");
    expect_told(BYTES(PART_HEAD "\n--B--\r\n"), "[f]|OK +bare_lf");
    expect_told(BYTES("\n--B--\r\n"), "OK +bare_lf");
}

Test(multipart, bare_lf_after_a_delimiter_is_accepted_and_noted, .timeout = 10)
{
    expect_told(BYTES("--B\nContent-Disposition: form-data; name=a\r\n\r\nx"
                      "\r\n--B--\r\n"),
                "[a]x|OK +bare_lf");
    expect_told(BYTES(PART_HEAD "x\r\n--B--\n"), "[f]x|OK +bare_lf");
}

Test(multipart, bare_lf_after_headers_is_accepted_and_noted, .timeout = 10)
{
    expect_told(BYTES("--B\r\nContent-Disposition: form-data; name=a\n\r\nx"
                      "\r\n--B--\r\n"),
                "[a]x|OK +bare_lf");
    expect_told(BYTES("--B\r\nContent-Disposition: form-data; name=a\r\n\nx"
                      "\r\n--B--\r\n"),
                "[a]x|OK +bare_lf");
}

Test(multipart, bare_lf_in_content_is_nothing_unusual, .timeout = 10)
{
    expect_told(BYTES(AROUND("a\nb\n--C\n")), "[f]a\\nb\\n--C\\n|OK");
}

Test(multipart, delimiter_in_the_middle_of_a_line_is_data, .timeout = 10)
{
    expect_told(BYTES(AROUND("123456--B\r\nx")), "[f]123456--B\\r\\nx|OK");
    expect_told(BYTES(AROUND("123456--B--\r\nx")), "[f]123456--B--\\r\\nx|OK");
    expect_told(BYTES(AROUND("x\r--B\r\n")), "[f]x\\r--B\\r\\n|OK");
}

Test(multipart, line_that_only_begins_like_a_delimiter_is_data, .timeout = 10)
{
    expect_told(BYTES(AROUND("\r\n--Bx\r\n")), "[f]\\r\\n--Bx\\r\\n|OK");
    expect_told(BYTES(AROUND("--Bx")), "[f]--Bx|OK");
    expect_told(BYTES(AROUND("\n--B-\r\n")), "[f]\\n--B-\\r\\n|OK");
    expect_told(BYTES(AROUND("\n--B-x")), "[f]\\n--B-x|OK");
    expect_told(BYTES(AROUND("\n--B\rx")), "[f]\\n--B\\rx|OK");
    expect_told(BYTES(AROUND("\n--B\r\r\n")), "[f]\\n--B\\r\\r\\n|OK");
    expect_told(BYTES(AROUND("\n--B --")), "[f]\\n--B --|OK");
    expect_told(BYTES(AROUND("\n--b\r\n")), "[f]\\n--b\\r\\n|OK");
    expect_told(BYTES(AROUND("\n---B\r\n")), "[f]\\n---B\\r\\n|OK");
}

Test(multipart, failed_delimiter_may_run_into_a_real_one, .timeout = 10)
{
    expect_told(BYTES(PART_HEAD "\r\n\r\n--B--"), "[f]\\r\\n|OK");
    expect_told(BYTES(PART_HEAD "x\r\r\n--B--"), "[f]x\\r|OK");
    expect_told(BYTES(PART_HEAD "x\r\n-\r\n--B--"), "[f]x\\r\\n-|OK");
    expect_told(BYTES(PART_HEAD "x\r\n--B-\r\n--B--"), "[f]x\\r\\n--B-|OK");
    expect_told(BYTES(PART_HEAD "x\r\n--B\r\r\n--B--"), "[f]x\\r\\n--B\\r|OK");
    expect_told(BYTES(PART_HEAD "x\r\n--\n--B--"), "[f]x\\r\\n--|OK +bare_lf");
}

Test(multipart, every_prefix_of_a_delimiter_is_data, .timeout = 10)
{
    static const char delimiter[] = "\r\n--AaB03x";
    static const char *const tails[] = {"", "z", "\r", "\n", "\r\n", "-", " "};
    size_t whole = sizeof(delimiter) - 1;

    for (size_t from = 0; from < 2; from++) {
        for (size_t to = from; to <= whole; to++) {
            for (size_t i = 0; i < LENGTH(tails); i++) {
                struct strbuf body, told;
                size_t before;

                if (to == whole && strchr("\r\n ", tails[i][0]))
                    continue; /* that is a delimiter */
                strbuf_init(&body, 4096);
                strbuf_init(&told, 4096);
                strbuf_addstr(&body, "--AaB03x\r\nContent-Disposition: "
                                     "form-data; name=f\r\n\r\na");
                before = body.len - 1;
                strbuf_add(&body, delimiter + from, to - from);
                strbuf_addstr(&body, tails[i]);
                strbuf_addstr(&told, "[f]");
                for (size_t at = before; at < body.len; at++)
                    tell_byte(&told, (unsigned char)body.buf[at]);
                strbuf_addstr(&body, "\r\n--AaB03x--\r\n");
                strbuf_addstr(&told, "|OK");
                expect_split("AaB03x", body.buf, body.len, told.buf);
                strbuf_release(&body);
                strbuf_release(&told);
            }
        }
    }
}

Test(multipart, blanks_after_a_delimiter_are_skipped, .timeout = 10)
{
    expect_told(BYTES("--B \t \r\nContent-Disposition: form-data; name=a\r\n"
                      "\r\nx\r\n--B--\r\n"),
                "[a]x|OK");
}

Test(multipart, at_most_64_blanks_may_follow_a_delimiter, .timeout = 10)
{
#define BLANKS_16 "        \t       "
#define BLANKS_64 BLANKS_16 BLANKS_16 BLANKS_16 BLANKS_16
    expect_told(BYTES(PART_HEAD "x\r\n--B" BLANKS_64 "\r\n"
                                "Content-Disposition: form-data; name=a\r\n\r\n"
                                "y\r\n--B--"),
                "[f]x|[a]y|OK");
    expect_told(BYTES(PART_HEAD "x\r\n--B" BLANKS_64 " \r\ny\r\n--B--"),
                "[f]x\\r\\n--B        \\x09               \\x09       "
                "        \\x09               \\x09        \\r\\ny|OK");
}

Test(multipart, longest_boundary_with_longest_padding_is_held_back,
     .timeout = 10)
{
#define BOUNDARY_70                                                            \
    "1234567890123456789012345678901234567890123456789012345678901234567890"
    expect_split(BOUNDARY_70,
                 BYTES("--" BOUNDARY_70 "\r\nContent-Disposition: form-data; "
                       "name=f\r\n\r\nx\r\n--" BOUNDARY_70 BLANKS_64
                       "\r\r\n--" BOUNDARY_70 "--\r\n"),
                 "[f]x\\r\\n--" BOUNDARY_70
                 "        \\x09               \\x09       "
                 "        \\x09               \\x09       \\r|OK");
}

Test(multipart, boundary_that_begins_with_dashes_is_found_after_dashes,
     .timeout = 10)
{
    expect_split("---",
                 BYTES("-----\r\nContent-Disposition: form-data; name=f\r\n\r\n"
                       "-\r\n----\r\n--- -\r\n------x\r\n-------"),
                 "[f]-\\r\\n----\\r\\n--- -\\r\\n------x|OK");
}

Test(multipart, preamble_is_skipped_and_noted, .timeout = 10)
{
    expect_told(BYTES("Hello\r\n--Bx\r\n -\r\n" AROUND("x")),
                "[f]x|OK +preamble");
    expect_told(BYTES("x--B\r\n--B--"), "OK +preamble");
    expect_told(BYTES("--Bx\r\n--B--"), "OK +preamble");
    expect_told(BYTES("\r\n\r\n--B--"), "OK +preamble");
}

Test(multipart, preamble_may_end_with_bare_lf, .timeout = 10)
{
    expect_told(BYTES("Hello\n" AROUND("x")), "[f]x|OK +bare_lf +preamble");
}

Test(multipart, line_end_before_the_first_delimiter_is_no_preamble,
     .timeout = 10)
{
    expect_told(BYTES("\r\n" AROUND("x")), "[f]x|OK");
}

Test(multipart, epilogue_is_ignored_and_noted, .timeout = 10)
{
    expect_told(BYTES(AROUND("x") "\r\n"), "[f]x|OK +epilogue");
    expect_told(BYTES(AROUND("x") AROUND("y")), "[f]x|OK +epilogue");
    expect_told(BYTES("--B--x"), "OK +epilogue");
    expect_told(BYTES("--B--\r"), "OK +epilogue");
    expect_told(BYTES("--B--\rx"), "OK +epilogue");
    expect_told(BYTES("--B--\r\r\n"), "OK +epilogue");
    expect_told(BYTES("--B-- \r\n"), "OK +epilogue");
    expect_told(BYTES("--B--\n\n"), "OK +bare_lf +epilogue");
}

Test(multipart, body_without_any_delimiter_is_refused, .timeout = 10)
{
    expect_told(BYTES(""), "NO_FIRST_DELIMITER");
    expect_told(BYTES("Hello"), "NO_FIRST_DELIMITER +preamble");
    expect_told(BYTES("{\"a\":1}\r\n"), "NO_FIRST_DELIMITER +preamble");
    expect_told(BYTES("--B"), "NO_FIRST_DELIMITER +preamble");
    expect_told(BYTES("--B-"), "NO_FIRST_DELIMITER +preamble");
    expect_told(BYTES("--B\r"), "NO_FIRST_DELIMITER +preamble");
    expect_told(BYTES("--C\r\n\r\n"), "NO_FIRST_DELIMITER +preamble");
}

Test(multipart, body_that_ends_inside_content_is_refused, .timeout = 10)
{
    expect_told(BYTES(PART_HEAD), "[f]NO_CLOSE_DELIMITER");
    expect_told(BYTES(PART_HEAD "x"), "[f]xNO_CLOSE_DELIMITER");
    expect_told(BYTES(PART_HEAD "x\r\n"), "[f]x\\r\\nNO_CLOSE_DELIMITER");
    expect_told(BYTES(PART_HEAD "x\r\n--B"), "[f]x\\r\\n--BNO_CLOSE_DELIMITER");
    expect_told(BYTES(PART_HEAD "x\r\n--B-"),
                "[f]x\\r\\n--B-NO_CLOSE_DELIMITER");
}

Test(multipart, body_that_ends_inside_headers_is_refused, .timeout = 10)
{
    expect_told(BYTES("--B\r\n"), "NO_CLOSE_DELIMITER");
    expect_told(BYTES(PART_HEAD "x\r\n--B\r\nContent-Dis"),
                "[f]x|NO_CLOSE_DELIMITER");
    expect_told(BYTES("--B\r\nContent-Disposition: form-data; name=f\r\n"),
                "NO_CLOSE_DELIMITER");
}

/* part headers */

Test(multipart, parameters_may_be_tokens, .timeout = 10)
{
    expect_told(BYTES(WITH_DISPOSITION("form-data;name=a;filename=b c.jpg")),
                "[a file=b c.jpg]x|OK");
}

Test(multipart, blanks_around_parameters_are_skipped, .timeout = 10)
{
    expect_told(BYTES(WITH_DISPOSITION(
                    " \tform-data ;\tname = \"a\" ; filename\t=\tb.jpg \t;  ")),
                "[a file=b.jpg]x|OK");
    expect_told(
        BYTES(WITH_HEADERS("Content-Disposition : form-data; name=a \r\n"
                           "Content-Type\t:t/s")),
        "[a type=t/s]x|OK");
}

Test(multipart, stray_semicolons_are_skipped, .timeout = 10)
{
    expect_told(BYTES(WITH_DISPOSITION("form-data;;;name=\"a\";;filename=b;")),
                "[a file=b]x|OK");
}

Test(multipart, quotes_protect_separators, .timeout = 10)
{
    expect_told(
        BYTES(WITH_DISPOSITION("form-data; x=\"; name=z\"; name=\"a=1; b\"")),
        "[a=1; b]x|OK");
}

Test(multipart, escaped_quotes_and_backslashes_are_unescaped, .timeout = 10)
{
    expect_told(BYTES(WITH_DISPOSITION(
                    "form-data; name=\"a\\\"b\\\\\"; filename=\"\\\"\"")),
                "[a\"b\\ file=\"]x|OK");
}

Test(multipart, other_backslashes_are_kept, .timeout = 10)
{
    expect_told(BYTES(WITH_DISPOSITION("form-data; name=\"\\a\\;\"")),
                "[\\a\\;]x|OK");
    expect_told(BYTES(WITH_DISPOSITION("form-data; name=a\\\\b")),
                "[a\\\\b]x|OK");
}

Test(multipart, unclosed_quote_ends_with_the_line, .timeout = 10)
{
    expect_told(BYTES(WITH_DISPOSITION("form-data; name=\"a; b")),
                "[a; b]x|OK");
    expect_told(BYTES(WITH_DISPOSITION("form-data; name=\"a\\")), "[a\\]x|OK");
}

Test(multipart, text_after_a_quoted_value_is_skipped, .timeout = 10)
{
    expect_told(BYTES(WITH_DISPOSITION("form-data; name=\"a\"b; filename=c")),
                "[a file=c]x|OK");
    expect_told(
        BYTES(WITH_DISPOSITION("form-data; name=\"a\"xfilename=b; filename=c")),
        "[a file=c]x|OK");
}

Test(multipart, parameter_names_are_compared_whole, .timeout = 10)
{
    expect_told(BYTES(WITH_DISPOSITION(
                    "form-data; xname=1; namex=2; nam=3; filename=4; name=5")),
                "[5 file=4]x|OK");
}

Test(multipart, empty_filename_is_told_from_none, .timeout = 10)
{
    expect_told(BYTES(WITH_DISPOSITION("form-data; name=a; filename=\"\"")),
                "[a file=]x|OK");
}

Test(multipart, extended_filename_is_read_when_there_is_no_plain_one,
     .timeout = 10)
{
    expect_told(BYTES(WITH_DISPOSITION(
                    "form-data; name=a; filename*=UTF-8'en'na%20me.jpg; q=1")),
                "[a file=na%20me.jpg]x|OK");
    expect_told(BYTES(WITH_DISPOSITION("form-data; name=a; filename*=UTF-8''")),
                "[a file=]x|OK");
    expect_told(BYTES(WITH_DISPOSITION("form-data; name=a; filename*=it's")),
                "[a file=it's]x|OK");
}

Test(multipart, plain_filename_wins_over_the_extended_one, .timeout = 10)
{
    expect_told(BYTES(WITH_DISPOSITION(
                    "form-data; name=a; filename*=UTF-8''b; filename=c")),
                "[a file=c]x|OK");
    expect_told(BYTES(WITH_DISPOSITION(
                    "form-data; name=a; filename=c; filename*=UTF-8''b")),
                "[a file=c]x|OK");
}

Test(multipart, first_of_repeated_parameters_counts, .timeout = 10)
{
    expect_told(BYTES(WITH_DISPOSITION(
                    "form-data; name=a; name=b; filename=\"\"; filename=d")),
                "[a file=]x|OK");
}

Test(multipart, first_of_repeated_headers_counts, .timeout = 10)
{
    expect_told(BYTES(WITH_HEADERS("Content-Disposition: form-data; name=a\r\n"
                                   "Content-Type: t/1\r\n"
                                   "Content-Disposition: other; name=b\r\n"
                                   "Content-Type: t/2")),
                "[a type=t/1]x|OK");
}

Test(multipart, other_disposition_types_are_accepted_and_noted, .timeout = 10)
{
    expect_told(BYTES(WITH_DISPOSITION("attachment; name=a")),
                "[a]x|OK +not_form_data");
    expect_told(BYTES(WITH_DISPOSITION("form-datax; name=a")),
                "[a]x|OK +not_form_data");
    expect_told(BYTES(WITH_DISPOSITION("; name=a")), "[a]x|OK +not_form_data");
}

Test(multipart, continuation_lines_are_joined, .timeout = 10)
{
    expect_told(BYTES(WITH_HEADERS("Content-Disposition:\r\n form-data;\r\n"
                                   "\tname=\"a\r\n b\"\r\n"
                                   "Content-Type: t/s;\r\n  q=1")),
                "[a   b type=t/s;    q=1]x|OK");
}

Test(multipart, continuation_after_bare_lf_is_joined, .timeout = 10)
{
    expect_told(BYTES(WITH_HEADERS("Content-Disposition: form-data;\n"
                                   " name=\"a\"")),
                "[a]x|OK +bare_lf");
}

Test(multipart, line_of_blanks_continues_the_header, .timeout = 10)
{
    expect_told(BYTES(WITH_HEADERS("Content-Disposition: form-data;\r\n \t\r\n"
                                   " name=a")),
                "[a]x|OK");
}

Test(multipart, header_line_without_colon_is_refused, .timeout = 10)
{
    expect_told(BYTES("--B\r\nHello\r\n"), "BAD_HEADER");
    expect_told(BYTES("--B\r\nContent-Disposition: form-data; name=a\r\n"
                      "123456\r\n--B--\r\n"),
                "BAD_HEADER");
    expect_told(BYTES("--B\r\n \r\n"), "BAD_HEADER");
    expect_told(BYTES(PART_HEAD "x\r\n--B\r\n--B--\r\n"), "[f]x|BAD_HEADER");
}

Test(multipart, control_byte_in_a_header_line_is_refused, .timeout = 10)
{
    for (int c = 0; c < 256; c++) {
        char body[] = WITH_DISPOSITION("form-data; name=\"a@\"");
        bool bad = (c < 0x20 && c != '\t' && c != '\n') || c == 0x7f;

        if (c == '\n' || c == '"' || c == '\\')
            continue; /* ends the line or the name */
        *strchr(body, '@') = (char)c;
        struct run run;
        run_init(&run, BOUNDARY);
        cr_expect_eq(feed_piece(&run, body, sizeof(body) - 1),
                     bad ? MULTIPART_BAD_HEADER : MULTIPART_OK, "byte %d", c);
        run_release(&run);
    }
    expect_told(BYTES("--B\r\nContent-Disposition: form-data; name=a\r\r\n"),
                "BAD_HEADER");
    expect_told(BYTES("--B\r\nContent-Disposition: form-data;\r\n name=\0\r\n"),
                "BAD_HEADER");
}

Test(multipart, part_without_disposition_is_refused, .timeout = 10)
{
    expect_told(BYTES("--B\r\n\r\nx\r\n--B--"), "PART_WITHOUT_NAME");
    expect_told(BYTES("--B\n\nx\r\n--B--"), "PART_WITHOUT_NAME +bare_lf");
    expect_told(BYTES(WITH_HEADERS("Content-Type: image/jpeg")),
                "PART_WITHOUT_NAME");
}

Test(multipart, part_without_name_is_refused, .timeout = 10)
{
    expect_told(BYTES(WITH_DISPOSITION("form-data")), "PART_WITHOUT_NAME");
    expect_told(BYTES(WITH_DISPOSITION("form-data; filename=a")),
                "PART_WITHOUT_NAME");
    expect_told(BYTES(WITH_DISPOSITION("form-data; name")),
                "PART_WITHOUT_NAME");
    expect_told(BYTES(WITH_DISPOSITION("form-data; name=")),
                "PART_WITHOUT_NAME");
    expect_told(BYTES(WITH_DISPOSITION("form-data; name=\"\"; name=a")),
                "PART_WITHOUT_NAME");
    expect_told(BYTES(WITH_DISPOSITION("form-data; name=\"")),
                "PART_WITHOUT_NAME");
}

/* limits */

/* Adds a part named "a" whose header block is `len` bytes long. */
static void add_part_with_headers(struct strbuf *body, size_t len)
{
    static const char line[] = "Content-Disposition: form-data; name=a\r\n";
    size_t filler = len - (sizeof(line) - 1) - strlen("X: \r\n\r\n");

    strbuf_addf(body, "--B\r\n%sX: ", line);
    for (size_t i = 0; i < filler; i++)
        strbuf_addch(body, 'h');
    strbuf_addstr(body, "\r\n\r\nx\r\n");
}

static void expect_header_lengths(size_t first, size_t second, const char *told)
{
    struct strbuf body;

    strbuf_init(&body, 1 << 16);
    add_part_with_headers(&body, first);
    add_part_with_headers(&body, second);
    strbuf_addstr(&body, "--B--");
    expect_run(BOUNDARY, body.buf, body.len, equal_pieces, SIZE_MAX, told);
    expect_run(BOUNDARY, body.buf, body.len, equal_pieces, 1, told);
    expect_run(BOUNDARY, body.buf, body.len, equal_pieces, 1000, told);
    strbuf_release(&body);
}

Test(multipart, headers_of_8192_bytes_are_read_in_every_part, .timeout = 10)
{
    expect_header_lengths(8192, 8192, "[a]x|[a]x|OK");
}

Test(multipart, headers_over_8192_bytes_are_refused, .timeout = 10)
{
    expect_header_lengths(8193, 100, "HEADERS_TOO_LONG");
    expect_header_lengths(100, 8193, "[a]x|HEADERS_TOO_LONG");
}

Test(multipart, endless_header_line_is_refused, .timeout = 10)
{
    struct run run;

    run_init(&run, BOUNDARY);
    multipart_feed(run.mp, BYTES("--B\r\n"));
    for (int i = 0; i < 8192; i++)
        cr_assert_eq(multipart_feed(run.mp, "h", 1), MULTIPART_OK);
    cr_expect_eq(multipart_feed(run.mp, "h", 1), MULTIPART_HEADERS_TOO_LONG);
    run_release(&run);
}

static void expect_parts(size_t n, enum multipart_error error, size_t n_parts)
{
    struct run run;

    run_init(&run, BOUNDARY);
    for (size_t i = 0; i < n; i++)
        multipart_feed(run.mp, BYTES(PART_HEAD "x\r\n"));
    multipart_feed(run.mp, BYTES("--B--"));
    cr_expect_eq(multipart_finish(run.mp), error);
    cr_expect_eq(multipart_n_parts(run.mp), n_parts);
    run_release(&run);
}

Test(multipart, parts_are_counted, .timeout = 10)
{
    expect_parts(0, MULTIPART_OK, 0);
    expect_parts(1, MULTIPART_OK, 1);
    expect_parts(3, MULTIPART_OK, 3);
}

Test(multipart, part_65_is_refused, .timeout = 10)
{
    expect_parts(64, MULTIPART_OK, 64);
    expect_parts(65, MULTIPART_TOO_MANY_PARTS, 64);
}

/* how content is handed on */

Test(multipart, content_of_one_piece_arrives_in_one_piece_uncopied,
     .timeout = 10)
{
    static const char body[] =
        AROUND("a\r\nb\n--c\r\n--Bd\r\n--B\re\n--B-f\n--B \t g\r\r\n\n--");
    struct run run;

    run_init(&run, BOUNDARY);
    run.input = body;
    run.input_len = sizeof(body) - 1;
    multipart_feed(run.mp, body, sizeof(body) - 1);
    cr_expect_eq(run.n_pieces, 1);
    cr_expect_str_eq(finish(&run),
                     "[f]a\\r\\nb\\n--c\\r\\n--Bd\\r\\n--B\\re\\n--B-f\\n"
                     "--B \\x09 g\\r\\r\\n\\n--|OK");
    run_release(&run);
}

Test(multipart, content_is_not_kept_while_it_cannot_be_a_delimiter,
     .timeout = 10)
{
    struct run run;

    run_init(&run, BOUNDARY);
    multipart_feed(run.mp, BYTES(PART_HEAD "abc"));
    cr_expect_str_eq(run.told.buf, "[f]abc");
    multipart_feed(run.mp, BYTES("def\r\n--"));
    cr_expect_str_eq(run.told.buf, "[f]abcdef");
    multipart_feed(run.mp, BYTES("C"));
    cr_expect_str_eq(run.told.buf, "[f]abcdef\\r\\n--C");
    run_release(&run);
}

Test(multipart, memory_does_not_grow_with_content, .timeout = 10)
{
    struct run run;
    size_t total;

    run_init(&run, BOUNDARY);
    multipart_feed(run.mp, BYTES(PART_HEAD));
    total = run.arena.total;
    for (int i = 0; i < 10000; i++)
        multipart_feed(run.mp, BYTES("some text\r\n--Bo\r"));
    cr_expect_eq(run.arena.total, total);
    run_release(&run);
}

Test(multipart, all_parts_share_one_header_buffer, .timeout = 10)
{
    struct run run;
    size_t total;

    run_init(&run, BOUNDARY);
    multipart_feed(run.mp, BYTES(PART_HEAD));
    total = run.arena.total;
    multipart_feed(run.mp, BYTES("\r\n" PART_HEAD "\r\n" PART_HEAD));
    cr_expect_eq(multipart_n_parts(run.mp), 3);
    cr_expect_eq(run.arena.total, total);
    run_release(&run);
}

/* Every body of six bytes of those that matter, as content and as whole
 * body, must be told the same however it is fed. */
Test(multipart, all_short_bodies_are_told_alike_whole_and_bytewise,
     .timeout = 10)
{
    static const char alphabet[] = "\r\n-B x";
    enum { LETTERS = sizeof(alphabet) - 1, LONGEST = 6 };
    static const char *const heads[] = {"", PART_HEAD};
    size_t n_bodies = 1;

    for (size_t len = 1; len <= LONGEST; len++)
        n_bodies *= LETTERS;
    for (size_t number = 0; number < n_bodies; number++) {
        char body[LONGEST];
        for (size_t i = 0, rest = number; i < LONGEST; i++, rest /= LETTERS)
            body[i] = alphabet[rest % LETTERS];

        for (size_t h = 0; h < LENGTH(heads); h++) {
            struct run whole, bytewise;
            run_init(&whole, BOUNDARY);
            run_init(&bytewise, BOUNDARY);
            multipart_feed(whole.mp, heads[h], strlen(heads[h]));
            multipart_feed(bytewise.mp, heads[h], strlen(heads[h]));
            multipart_feed(whole.mp, body, LONGEST);
            for (size_t i = 0; i < LONGEST; i++)
                multipart_feed(bytewise.mp, body + i, 1);
            cr_assert_str_eq(finish(&whole), finish(&bytewise), "body %zu",
                             number);
            run_release(&whole);
            run_release(&bytewise);
        }
    }
}

/* stopping and failing */

/* Stops at the first call of `callback`, wherever the body is split. */
static void expect_stopped(const char *callback, const char *told)
{
    static const char body[] = AROUND("x") AROUND("y");
    size_t len = sizeof(body) - 1;
    struct run run;

    for (size_t n = 0; n <= len; n++) {
        run_init(&run, BOUNDARY);
        run.stop = callback;
        feed_piece(&run, body, n);
        cr_assert_eq(feed_piece(&run, body + n, len - n), MULTIPART_STOPPED);
        cr_assert_eq(multipart_feed(run.mp, body, len), MULTIPART_STOPPED);
        cr_assert_eq(multipart_finish(run.mp), MULTIPART_STOPPED);
        cr_assert_str_eq(run.told.buf, told, "split %zu told %s", n,
                         run.told.buf);
        run_release(&run);
    }
}

Test(multipart, part_begin_can_stop_the_parser, .timeout = 10)
{
    expect_stopped("begin", "[f]");
}

Test(multipart, part_data_can_stop_the_parser, .timeout = 10)
{
    expect_stopped("data", "[f]x");
}

Test(multipart, part_end_can_stop_the_parser, .timeout = 10)
{
    expect_stopped("end", "[f]x|");
}

Test(multipart, held_back_content_can_stop_the_parser, .timeout = 10)
{
    static char rest[4096];
    struct run run;

    memset(rest, 'x', sizeof(rest));
    run_init(&run, BOUNDARY);
    run.stop = "data";
    multipart_feed(run.mp, BYTES(PART_HEAD "\r\n--"));
    cr_expect_eq(multipart_feed(run.mp, rest, sizeof(rest)), MULTIPART_STOPPED);
    cr_expect_str_eq(run.told.buf, "[f]\\r\\n--");
    run_release(&run);
}

Test(multipart, held_back_content_can_stop_the_parser_at_the_end, .timeout = 10)
{
    struct run run;

    run_init(&run, BOUNDARY);
    run.stop = "data";
    multipart_feed(run.mp, BYTES(PART_HEAD "\r\n--"));
    cr_expect_str_eq(finish(&run), "[f]\\r\\n--STOPPED");
    run_release(&run);
}

Test(multipart, bytes_after_an_error_are_ignored, .timeout = 10)
{
    struct run run;

    run_init(&run, BOUNDARY);
    cr_expect_eq(multipart_feed(run.mp, BYTES("--B\r\nbad\r\n")),
                 MULTIPART_BAD_HEADER);
    cr_expect_eq(multipart_feed(run.mp, BYTES("\r\n" AROUND("x"))),
                 MULTIPART_BAD_HEADER);
    cr_expect_eq(multipart_feed(run.mp, NULL, 0), MULTIPART_BAD_HEADER);
    cr_expect_str_eq(finish(&run), "BAD_HEADER");
    run_release(&run);
}

Test(multipart, feeding_nothing_changes_nothing, .timeout = 10)
{
    struct run run;

    run_init(&run, BOUNDARY);
    cr_expect_eq(multipart_feed(run.mp, NULL, 0), MULTIPART_OK);
    cr_expect_str_eq(finish(&run), "NO_FIRST_DELIMITER");
    run_release(&run);
}

Test(multipart, boundary_and_header_strings_are_copies, .timeout = 10)
{
    char boundary[] = "BB";
    struct run run;

    run_init(&run, boundary);
    memset(boundary, 'x', sizeof(boundary) - 1);
    feed_piece(&run, BYTES("--BB\r\nContent-Disposition: form-data; name=a"));
    feed_piece(&run, BYTES("\r\n\r\nx\r\n--BB--"));
    cr_expect_str_eq(finish(&run), "[a]x|OK");
    run_release(&run);
}

Test(multipart, every_error_has_a_text_of_its_own, .timeout = 10)
{
    for (int i = 0; i <= MULTIPART__COUNT; i++) {
        const char *text = multipart_error_text((enum multipart_error)i);
        cr_assert_not_null(text);
        cr_expect_gt(strlen(text), 0);
        for (int j = 0; j < i; j++)
            cr_expect_str_neq(text,
                              multipart_error_text((enum multipart_error)j));
    }
}

/* running out of memory */

#if defined(__SANITIZE_ADDRESS__)
#define HEAP_IS_SANITIZED
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define HEAP_IS_SANITIZED
#endif
#endif

/* AddressSanitizer's heap does not survive being exhausted. */
#ifndef HEAP_IS_SANITIZED

struct chunk {
    struct chunk *next;
};

/* Takes all memory there is; free_heap() gives it back. */
static struct chunk *exhaust_heap(struct rlimit *before)
{
    struct chunk *chunks = NULL;
    struct rlimit none;

    cr_assert_eq(getrlimit(RLIMIT_AS, before), 0);
    none = *before;
    none.rlim_cur = 0;
    cr_assert_eq(setrlimit(RLIMIT_AS, &none), 0);
    for (size_t len = 1 << 20; len >= sizeof(struct chunk); len /= 2) {
        struct chunk *chunk = malloc(len);
        for (; chunk; chunk = malloc(len)) {
            chunk->next = chunks;
            chunks = chunk;
        }
    }
    return chunks;
}

static void free_heap(struct chunk *chunks, const struct rlimit *before)
{
    setrlimit(RLIMIT_AS, before);
    while (chunks) {
        struct chunk *next = chunks->next;
        free(chunks);
        chunks = next;
    }
}

static int ignore_begin(void *ctx, const struct multipart_header *h)
{
    (void)ctx;
    (void)h;
    return 0;
}

static int ignore_data(void *ctx, const char *data, size_t len)
{
    (void)ctx;
    (void)data;
    (void)len;
    return 0;
}

static int ignore_end(void *ctx)
{
    (void)ctx;
    return 0;
}

/* Each slab is a little larger than the one before, so that each allocation is
 * the one that fails in some round; the last round has enough. */
Test(multipart, running_out_of_memory_anywhere_is_an_error, .timeout = 10)
{
    static const struct multipart_callbacks ignore = {ignore_begin, ignore_data,
                                                      ignore_end};
    static const char body[] =
        WITH_HEADERS("Content-Disposition: form-data; name=\"a name that is "
                     "longer than a step\"; filename=\"and a filename that "
                     "is longer too\"\r\nContent-Type: application/"
                     "x-with-a-type-longer-than-a-step");
    static _Alignas(16) char slab[12288];
    size_t n_new_failed = 0, n_failed = 0, n_read = 0, n_other = 0;

    struct rlimit before;
    struct chunk *chunks = exhaust_heap(&before);
    for (size_t len = 0; len <= sizeof(slab); len += 16) {
        struct arena arena;
        arena_init_slab(&arena, slab, len);
        struct multipart *mp = multipart_new(&arena, "B", 1, &ignore, NULL);
        if (!mp) {
            n_new_failed++;
            continue;
        }
        enum multipart_error error = multipart_feed(mp, body, sizeof(body) - 1);
        n_failed += error == MULTIPART_NO_MEMORY;
        n_read += error == MULTIPART_OK;
        n_other += error != MULTIPART_NO_MEMORY && error != MULTIPART_OK;
    }
    free_heap(chunks, &before);
    cr_expect_gt(n_new_failed, 10);
    /* 8 KiB for the headers, then three strings of several steps each */
    cr_expect_gt(n_failed, 8192 / 16 + 6);
    cr_expect_gt(n_read, 10);
    cr_expect_eq(n_other, 0);
}

#endif
