#include "log.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <criterion/criterion.h>
#include "support.h"

Test(log, levels_have_names, .timeout = 10)
{
    static const struct {
        const char *name;
        enum log_level level;
    } rows[] = {
        {"error", LOG_ERROR},
        {"warn", LOG_WARN},
        {"info", LOG_INFO},
        {"debug", LOG_DEBUG},
    };

    cr_assert_eq(LENGTH(rows), (size_t)LOG__COUNT);
    for (size_t i = 0; i < LENGTH(rows); i++) {
        enum log_level level = LOG__COUNT;

        cr_expect_eq(log_level_parse(rows[i].name, &level), 0);
        cr_expect_eq(level, rows[i].level, "%s", rows[i].name);
    }
}

Test(log, other_level_names_are_refused, .timeout = 10)
{
    static const char *const names[] = {"", "Error", "warning", "inf", "info "};

    for (size_t i = 0; i < LENGTH(names); i++) {
        enum log_level level = LOG__COUNT;

        cr_expect_eq(log_level_parse(names[i], &level), -1, "%s", names[i]);
        cr_expect_eq(level, LOG__COUNT);
    }
}

Test(log, a_level_lets_itself_and_graver_ones_through, .timeout = 10)
{
    for (int level = 0; level < LOG__COUNT; level++) {
        struct log log = {(enum log_level)level};

        for (int asked = 0; asked < LOG__COUNT; asked++)
            cr_expect_eq(log_wants(&log, (enum log_level)asked),
                         asked <= level);
    }
}

/* What log_write() put on stderr, without Criterion's own buffering. */
static size_t catch_stderr(char *buf, size_t cap, const struct log *log,
                           enum log_level level, const char *message)
{
    int saved = dup(STDERR_FILENO);
    int pipe_fds[2];
    ssize_t n;

    cr_assert_eq(pipe(pipe_fds), 0);
    dup2(pipe_fds[1], STDERR_FILENO);
    close(pipe_fds[1]);
    log_write(log, level, "%s %d", message, 7);
    dup2(saved, STDERR_FILENO);
    close(saved);
    n = read(pipe_fds[0], buf, cap - 1);
    close(pipe_fds[0]);
    cr_assert(n >= 0);
    buf[n] = '\0';
    return (size_t)n;
}

Test(log, a_message_is_one_line_with_its_level, .timeout = 10)
{
    struct log log = {LOG_WARN};
    char line[256];

    catch_stderr(line, sizeof(line), &log, LOG_WARN, "hello");
    cr_expect_str_eq(line, "mockserver: warn: hello 7\n");
    catch_stderr(line, sizeof(line), &log, LOG_ERROR, "hello");
    cr_expect_str_eq(line, "mockserver: error: hello 7\n");
}

Test(log, a_message_above_the_level_is_dropped, .timeout = 10)
{
    struct log log = {LOG_WARN};
    char line[256];

    cr_expect_eq(catch_stderr(line, sizeof(line), &log, LOG_INFO, "x"), 0);
}

Test(log, a_long_message_is_cut_and_still_one_line, .timeout = 10)
{
    struct log log = {LOG_DEBUG};
    char message[3000];
    char line[4096];
    size_t n;

    memset(message, 'm', sizeof(message) - 1);
    message[sizeof(message) - 1] = '\0';
    n = catch_stderr(line, sizeof(line), &log, LOG_DEBUG, message);
    cr_expect_eq(memcmp(line, "mockserver: debug: mmm", 22), 0);
    cr_expect(n > 1000 && n < 1100, "%zu bytes", n);
    cr_expect(strchr(line, '\n') == line + n - 1);
}

/* log_quote */

static void expect_quoted(size_t cap, const char *s, size_t len,
                          const char *expected)
{
    /* Of that size exactly, so that a sanitizer sees a byte too much. */
    char *buf = malloc(cap);

    cr_assert(buf != NULL);
    cr_expect(log_quote(buf, cap, s, len) == buf);
    cr_expect_str_eq(buf, expected, "cap %zu: \"%s\", expected \"%s\"", cap,
                     buf, expected);
    free(buf);
}

Test(log, plain_text_is_shown_as_it_is, .timeout = 10)
{
    expect_quoted(32, "plain \"text\"", 12, "plain \"text\"");
    expect_quoted(32, "", 0, "");
    expect_quoted(32, NULL, 0, "");
    expect_quoted(32, "\xe4\xb8\xad\xe6\x96\x87", 6,
                  "\xe4\xb8\xad\xe6\x96\x87");
}

Test(log, control_bytes_become_question_marks, .timeout = 10)
{
    expect_quoted(32, "a\nb\r\x1b[1mc\x7f\t", 11, "a\\nb\\r?[1mc??");
    expect_quoted(32, "a\0b", 3, "a?b");
}

Test(log, bytes_that_are_not_utf8_become_question_marks, .timeout = 10)
{
    expect_quoted(32, "a\xff\xc3.", 4, "a??.");
    expect_quoted(32, "\xe4\xb8", 2, "??");
    expect_quoted(32, "\xc0\x80", 2, "??");
}

Test(log, long_text_is_cut_and_marked, .timeout = 10)
{
    expect_quoted(10, "0123456789", 10, "012345...");
    expect_quoted(4, "0123456789", 10, "...");
}

Test(log, a_cut_never_splits_a_character, .timeout = 10)
{
    expect_quoted(10, "\xe4\xb8\xad\xe4\xb8\xad\xe4\xb8\xad", 9,
                  "\xe4\xb8\xad\xe4\xb8\xad...");
    expect_quoted(9, "\xe4\xb8\xad\xe4\xb8\xad\xe4\xb8\xad", 9,
                  "\xe4\xb8\xad...");
}
