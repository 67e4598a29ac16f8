/* mockserver explain: tells why an Authorization value is refused. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include "commands.h"
#include "explain.h"

enum { MAX_INPUT = 256 * 1024, MAX_OUTPUT = 4 * MAX_INPUT };

struct explain_options {
    const char *accounts;
    uint64_t now; /* 0: the system's time */
    bool json;
};

static bool set_accounts(void *target, const char *value, char *why)
{
    (void)why;
    ((struct explain_options *)target)->accounts = value;
    return true;
}

static bool set_now(void *target, const char *value, char *why)
{
    (void)why;
    return options_number(value, 1, INT64_MAX / 2,
                          &((struct explain_options *)target)->now);
}

static bool set_format(void *target, const char *value, char *why)
{
    struct explain_options *options = target;

    (void)why;
    options->json = !strcmp(value, "json");
    return options->json || !strcmp(value, "text");
}

static const struct option_row rows[] = {
    {
        .name = "accounts",
        .argument = "FILE",
        .help = "whose keys to try (default: built-in demo accounts)",
        .set = set_accounts,
    },
    {
        .name = "now",
        .argument = "UNIX",
        .help = "the server's time (default: the system's)",
        .expected = "a time in Unix seconds",
        .set = set_now,
    },
    {
        .name = "format",
        .argument = "FORMAT",
        .help = "text (default) or json",
        .expected = "text or json",
        .set = set_format,
    },
};

static const struct option_table table = {
    .rows = rows,
    .n_rows = sizeof(rows) / sizeof(rows[0]),
    .dash_hint = "a SIGNATURE that begins with - comes after --, or on stdin "
                 "with -",
};

/* The options and the one argument, as command_parse() does. */
static int parse(struct explain_options *options, int argc, char **argv,
                 const char **value)
{
    int rest = 0;
    int status =
        command_parse_options(&command_explain, options, argc, argv, &rest);

    if (status >= 0)
        return status;
    if (rest >= argc)
        return usage_error("SIGNATURE is missing; see mockserver explain "
                           "--help");
    if (rest + 1 < argc)
        return usage_error("unexpected argument \"%s\"; see mockserver explain "
                           "--help",
                           argv[rest + 1]);
    *value = argv[rest];
    return -1;
}

/* All of stdin but for the newline that ends its line, or NULL after one line
 * on stderr. The caller frees it. */
static char *read_stdin(void)
{
    char *text = malloc(MAX_INPUT + 1);
    size_t len;

    if (!text) {
        usage_error("out of memory");
        return NULL;
    }
    len = fread(text, 1, MAX_INPUT + 1, stdin);
    if (ferror(stdin) || len > MAX_INPUT || memchr(text, '\0', len)) {
        usage_error("stdin: %s", ferror(stdin)     ? "cannot be read"
                                 : len > MAX_INPUT ? "is too long"
                                                   : "has a NUL byte");
        free(text);
        return NULL;
    }
    if (len > 0 && text[len - 1] == '\n')
        len--;
    if (len > 0 && text[len - 1] == '\r')
        len--;
    text[len] = '\0';
    return text;
}

/* Prints the explanation. Returns the exit status. */
static int print(const struct explain_options *options,
                 const struct accounts *accounts, const char *value)
{
    int64_t now = options->now ? (int64_t)options->now : (int64_t)time(NULL);
    struct explanation e;
    struct strbuf out;
    struct arena arena;
    int failed;

    arena_init(&arena);
    strbuf_init(&out, MAX_OUTPUT);
    explain(&e, &arena, accounts, value, now);
    failed = options->json ? explain_render_json(&e, &out)
                           : explain_render_text(&e, &out);
    if (failed)
        usage_error("the explanation is too long");
    else if (printf("%s%s", out.buf, options->json ? "\n" : "") < 0 ||
             fflush(stdout) != 0)
        failed =
            usage_error("cannot write the explanation: %s", strerror(errno));
    strbuf_release(&out);
    arena_release(&arena);
    if (failed)
        return EXIT_USAGE;
    return e.code == ERR_OK ? 0 : 1;
}

static int run(int argc, char **argv)
{
    struct explain_options options = {0};
    const char *value = "";
    struct accounts *accounts;
    char *input = NULL;
    char *why = NULL;
    int status = parse(&options, argc, argv, &value);

    if (status >= 0)
        return status;
    accounts = options.accounts ? accounts_load(options.accounts, &why)
                                : accounts_demo();
    if (!accounts) {
        status = usage_error("%s", why ? why : "out of memory");
        free(why);
        return status;
    }
    if (!strcmp(value, "-"))
        value = input = read_stdin();
    status = value ? print(&options, accounts, value) : EXIT_USAGE;
    free(input);
    accounts_free(accounts);
    return status;
}

const struct command command_explain = {
    .name = "explain",
    .usage = "[OPTIONS] SIGNATURE",
    .summary = "tell why an Authorization value is refused",
    .details = "SIGNATURE is the value of the header field; - reads it from "
               "stdin, and a value\nthat begins with - comes after --. Exit "
               "status: 0 when it is good, 1 when it is\nrefused. No secret "
               "and no right digest is ever shown.",
    .options = &table,
    .run = run,
};
