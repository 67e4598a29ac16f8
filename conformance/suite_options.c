#include "suite_options.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bytes.h"

enum {
    DEFAULT_MAX_BODY = 6 * 1024 * 1024, /* docs/contract.md section 3 */
    DEFAULT_PATIENCE_MS = 10000,
    MAX_PATIENCE_MS = 60000 /* well within what the runner gives a case */
};

#define SHIPPED_CASES "conformance/cases"

struct row {
    const char *name;     /* without the dashes */
    const char *argument; /* placeholder in --help; NULL: takes none */
    const char *variable; /* of the environment; NULL: none */
    const char *help;
    const char *expected; /* what a value must be */
    bool (*set)(struct suite_options *o, const char *value, char **why);
};

#define SETTER(name, field)                                                    \
    static bool set_##name(struct suite_options *o, const char *value,         \
                           char **why)                                         \
    {                                                                          \
        (void)why;                                                             \
        o->field = value;                                                      \
        return *value != '\0';                                                 \
    }

#define FLAG(name, field)                                                      \
    static bool set_##name(struct suite_options *o, const char *value,         \
                           char **why)                                         \
    {                                                                          \
        (void)value;                                                           \
        (void)why;                                                             \
        o->field = true;                                                       \
        return true;                                                           \
    }

SETTER(appid, appid)
SETTER(bucket, bucket)
SETTER(secret_id, secret_id)
SETTER(secret_key, secret_key)
SETTER(accounts, accounts)
SETTER(cases, cases_dir)
SETTER(known_failing, known_failing)
SETTER(record, record)
SETTER(diff, diff)
SETTER(client, config.client)
SETTER(mock, config.mock_program)
SETTER(ca_file, config.ca_file)
SETTER(admin_token, config.admin_token)
SETTER(video, config.media[MEDIA_VIDEO])
SETTER(card, config.media[MEDIA_CARD])
SETTER(image, config.media[MEDIA_IMAGE])
FLAG(list, list)
FLAG(help, help)
FLAG(validate_protocol, validate_protocol)
FLAG(no_admin, no_admin)
FLAG(https, https)
FLAG(insecure, config.insecure)
FLAG(strict, config.strict)
FLAG(strict_skips, config.strict_skips)
FLAG(trace, config.trace)

static bool is_url(const char *text)
{
    const char *host = NULL;

    if (strncmp(text, "http://", 7) == 0)
        host = text + 7;
    else if (strncmp(text, "https://", 8) == 0)
        host = text + 8;
    return host && *host && *host != ':' && !strpbrk(host, " /?#@");
}

static bool set_target(struct suite_options *o, const char *value, char **why)
{
    (void)why;
    o->target = value;
    return strcmp(value, "mock") == 0 || is_url(value);
}

static bool set_suite(struct suite_options *o, const char *value, char **why)
{
    (void)why;
    o->suite = value;
    return strcmp(value, "service") == 0 || strcmp(value, "client") == 0 ||
           strcmp(value, "both") == 0;
}

static bool set_connect_to(struct suite_options *o, const char *value,
                           char **why)
{
    const char *port = strrchr(value, ':');

    (void)why;
    o->config.connect_to = value;
    return port && port > value && port[1] != '\0' &&
           strspn(port + 1, "0123456789") == strlen(port + 1);
}

static bool set_mock_option(struct suite_options *o, const char *value,
                            char **why)
{
    (void)why;
    json_array_append_new(o->config.mock_options, json_string(value));
    return true;
}

static bool read_number(const char *value, long long min, long long max,
                        long long *number)
{
    char *end;

    *number = strtoll(value, &end, 10);
    return end != value && *end == '\0' && *number >= min && *number <= max;
}

static bool set_max_body(struct suite_options *o, const char *value, char **why)
{
    long long n;

    (void)why;
    if (!read_number(value, 4096, 1LL << 30, &n))
        return false;
    o->config.max_body = (size_t)n;
    return true;
}

static bool set_patience(struct suite_options *o, const char *value, char **why)
{
    long long n;

    (void)why;
    if (!read_number(value, 1, MAX_PATIENCE_MS, &n))
        return false;
    o->config.timeout_ms = (int)n;
    return true;
}

static bool set_report(struct suite_options *o, const char *value, char **why)
{
    return reports_parse(&o->reports, value, why) == 0;
}

/* clang-format off */
static const struct row rows[] = {
    {"target", "mock|URL", "LIVEDETECT_TARGET",
     "what to test: a private mock (default), or a server",
     "mock, or a URL http(s)://HOST[:PORT]",
     set_target},
    {"client", "COMMAND", NULL,
     "a client to drive (docs/client-protocol.md)", "a command", set_client},
    {"suite", "NAME", NULL,
     "service, client or both; by default client with --client, else service",
     "service, client or both", set_suite},
    {"appid", "APPID", "LIVEDETECT_APPID",
     "an account that the target knows", "an appid", set_appid},
    {"bucket", "NAME", "LIVEDETECT_BUCKET",
     "its bucket, if it has one", "a name", set_bucket},
    {"secret-id", "ID", "LIVEDETECT_SECRET_ID",
     "its SecretId", "a SecretId", set_secret_id},
    {"secret-key", "KEY", "LIVEDETECT_SECRET_KEY",
     "its SecretKey; the environment is a better place", "a key",
     set_secret_key},
    {"accounts", "FILE", NULL,
     "accounts that the target knows, the default one first\n"
     "(docs/accounts.md)", "a file", set_accounts},
    {"admin-token", "TOKEN", "LIVEDETECT_ADMIN_TOKEN",
     "of the target's admin API", "a token", set_admin_token},
    {"https", NULL, NULL,
     "call the private mock by https", NULL, set_https},
    {"no-admin", NULL, NULL,
     "do not use the target's admin API", NULL, set_no_admin},
    {"connect-to", "HOST:PORT", NULL,
     "connect there, whatever the URL says", "HOST:PORT", set_connect_to},
    {"ca-file", "PEM", NULL,
     "certificates to trust", "a file", set_ca_file},
    {"insecure", NULL, NULL,
     "trust any certificate", NULL, set_insecure},
    {"video", "FILE", NULL,
     "a video that the target takes for alive", "a file", set_video},
    {"card", "FILE", NULL,
     "a photo of the same person", "a file", set_card},
    {"image", "FILE", NULL,
     "a photo that the target takes for alive", "a file", set_image},
    {"max-body", "BYTES", NULL,
     "the target's limit of a body (default 6291456)",
     "a number of bytes, at least 4096", set_max_body},
    {"patience", "MS", NULL,
     "how long to wait for a reply (default 10000)",
     "milliseconds from 1 to 60000", set_patience},
    {"cases", "DIR", NULL,
     "case files (default " SHIPPED_CASES ")", "a directory", set_cases},
    {"known-failing", "FILE", NULL,
     "cases that may fail, a glob a line; one that passes is a failure",
     "a file", set_known_failing},
    {"strict", NULL, NULL,
     "what is assumed, and what only should be, is asked for too", NULL,
     set_strict},
    {"strict-skips", NULL, NULL,
     "a client may skip only what its features explain", NULL,
     set_strict_skips},
    {"list", NULL, NULL,
     "print the cases, one a line, and run none", NULL, set_list},
    {"validate-protocol", NULL, NULL,
     "show what the client says, and what is wrong with it", NULL,
     set_validate_protocol},
    {"trace", NULL, NULL,
     "show the exchanges of every case", NULL, set_trace},
    {"report", "FORMAT=FILE", NULL,
     "write a report: json, junit, markdown; several with commas",
     "FORMAT=FILE", set_report},
    {"record", "DIR", NULL,
     "keep every exchange there", "a directory", set_record},
    {"diff", "DIR", NULL,
     "tell how replies differ from those kept there", "a directory", set_diff},
    {"mock", "PROGRAM", NULL,
     "the mock's program (default: beside this one)", "a program", set_mock},
    {"mock-option", "OPTION", NULL,
     "a further option for every private mock", "an option", set_mock_option},
    {"help", NULL, NULL, "print this and exit", NULL, set_help},
};
/* clang-format on */

enum { N_ROWS = sizeof(rows) / sizeof(rows[0]) };

/* Options of Criterion, so that a slip of the pen in ours is found before
 * anything is set up. `takes` says that a value may be the next word. */
static const struct criterion_option {
    const char *name;
    bool takes;
} criterion_options_known[] = {
    {"--quiet", false},
    {"--jobs", true},
    {"--fail-fast", false},
    {"--color", false},
    {"--encoding", false},
    {"--ascii", false},
    {"--filter", true},
    {"--short-filename", false},
    {"--timeout", true},
    {"--tap", false},
    {"--xml", false},
    {"--json", false},
    {"--verbose", false},
    {"--always-succeed", false},
    {"--crash", false},
    {"--debug", false},
    {"--full-stats", false},
    {"--debug-transport", false},
    {"--output", true},
    {"--ignore-warnings", false},
    {"-q", false},
    {"-f", false},
    {"-S", false},
    {"-j", true},
    {"-O", true},
};

static const struct criterion_option *find_criterion(const char *word)
{
    size_t n =
        sizeof(criterion_options_known) / sizeof(criterion_options_known[0]);

    for (size_t i = 0; i < n; i++) {
        const char *name = criterion_options_known[i].name;
        size_t len = strlen(name);
        bool is_short = name[1] != '-';

        if (strncmp(word, name, len) == 0 &&
            (word[len] == '\0' || word[len] == '=' ||
             (is_short && criterion_options_known[i].takes)))
            return &criterion_options_known[i];
    }
    return NULL;
}

static const struct row *find_row(const char *word, const char **value)
{
    size_t len = strcspn(word, "=");

    *value = word[len] == '=' ? word + len + 1 : NULL;
    for (size_t i = 0; i < N_ROWS; i++) {
        if (strlen(rows[i].name) == len &&
            strncmp(rows[i].name, word, len) == 0)
            return &rows[i];
    }
    return NULL;
}

static bool apply(struct suite_options *o, const struct row *row,
                  const char *source, const char *value, char **why)
{
    bool is_secret = row->set == set_secret_key || row->set == set_admin_token;

    if (row->set(o, value, why))
        return true;
    if (!*why)
        *why = format("%s is \"%s\", expected %s", source,
                      is_secret ? "(masked)" : value, row->expected);
    return false;
}

/* Where the reading of the command line is. */
struct reading {
    struct suite_options *o;
    int argc, i;
    char **argv;
    bool given[N_ROWS];
    char **why;
};

static void keep(struct suite_options *o, char *word)
{
    o->argv[o->argc++] = word;
}

/* The next word, as the value of the one before; NULL when there is none. */
static char *next_word(struct reading *r)
{
    return r->i + 1 < r->argc ? r->argv[++r->i] : NULL;
}

static bool read_own(struct reading *r, const struct row *row,
                     const char *value)
{
    char *source;
    bool good;

    if (!row->argument && value) {
        *r->why = format("--%s takes no value", row->name);
        return false;
    }
    if (row->argument && !value)
        value = next_word(r);
    if (row->argument && !value) {
        *r->why = format("--%s needs a value, %s", row->name, row->expected);
        return false;
    }
    r->given[row - rows] = true;
    source = format("--%s", row->name);
    good = apply(r->o, row, source, value, r->why);
    free(source);
    return good;
}

/* One for Criterion, with its value if that is a word of its own. */
static bool read_theirs(struct reading *r, const struct criterion_option *row)
{
    char *word = r->argv[r->i];
    const char *equals = strchr(word, '=');
    char *value = NULL;

    keep(r->o, word);
    if (row->takes && strcmp(word, row->name) == 0) {
        value = next_word(r);
        if (!value) {
            *r->why = format("%s needs a value", word);
            return false;
        }
        keep(r->o, value);
    }
    if (strcmp(row->name, "--filter") == 0)
        r->o->filter = value ? value : equals + 1;
    r->o->fail_fast |=
        strcmp(row->name, "--fail-fast") == 0 || strcmp(row->name, "-f") == 0;
    return true;
}

static bool read_word(struct reading *r)
{
    const char *word = r->argv[r->i];
    const char *value = NULL;
    const struct row *row =
        strncmp(word, "--", 2) == 0 ? find_row(word + 2, &value) : NULL;
    const struct criterion_option *theirs = find_criterion(word);

    if (strcmp(word, "-l") == 0)
        row = find_row("list", &value);
    else if (strcmp(word, "-h") == 0)
        row = find_row("help", &value);
    if (row)
        return read_own(r, row, value);
    if (theirs)
        return read_theirs(r, theirs);
    *r->why = format("unknown option %s; --help lists them", word);
    return false;
}

static bool read_environment(struct reading *r)
{
    for (size_t i = 0; i < N_ROWS; i++) {
        const char *value = rows[i].variable ? getenv(rows[i].variable) : NULL;

        if (!r->given[i] && value && *value &&
            !apply(r->o, &rows[i], rows[i].variable, value, r->why))
            return false;
    }
    return true;
}

/* What options say together. */
static bool check(struct suite_options *o, char **why)
{
    bool has_client = o->config.client != NULL;

    if (!o->suite)
        o->suite = has_client ? "client" : "service";
    if (!has_client && !o->list && strcmp(o->suite, "service") != 0)
        *why = format("--suite %s needs --client COMMAND", o->suite);
    else if (!has_client && o->validate_protocol)
        *why = format("--validate-protocol needs --client COMMAND");
    else if ((o->secret_id || o->secret_key || o->appid || o->bucket) &&
             !(o->secret_id && o->secret_key && o->appid))
        *why = format("an account needs --appid, --secret-id and --secret-key, "
                      "or the variables of the environment for them");
    else if (strcmp(o->target, "mock") == 0 && o->config.connect_to)
        *why = format("--connect-to needs --target URL");
    else if (strcmp(o->target, "mock") != 0 && o->https)
        *why = format("--https is for the private mock; a URL says it itself");
    else if (strcmp(o->target, "mock") == 0 && o->no_admin)
        *why = format("--no-admin needs --target URL");
    else if (o->record && o->diff && strcmp(o->record, o->diff) == 0)
        *why = format("--record and --diff name the same directory");
    return !*why;
}

enum suite_options_result suite_options_parse(struct suite_options *o, int argc,
                                              char **argv, char **why)
{
    struct reading r = {.o = o, .argc = argc, .argv = argv, .why = why};

    *o = (struct suite_options){
        .target = "mock",
        .cases_dir = SHIPPED_CASES,
        .config = {.max_body = DEFAULT_MAX_BODY,
                   .timeout_ms = DEFAULT_PATIENCE_MS,
                   .mock_options = json_array()},
        .argv = calloc((size_t)argc + 1, sizeof(char *)),
    };
    *why = NULL;
    if (!o->argv)
        abort();
    keep(o, argv[0]);
    for (r.i = 1; r.i < argc; r.i++) {
        if (!read_word(&r))
            return SUITE_OPTIONS_BAD;
    }
    if (o->help || (read_environment(&r) && check(o, why)))
        return SUITE_OPTIONS_OK;
    return SUITE_OPTIONS_BAD;
}

void suite_options_release(struct suite_options *o)
{
    reports_release(&o->reports);
    json_decref(o->config.mock_options);
    free(o->argv);
    *o = (struct suite_options){0};
}

static void print_row(const struct row *row)
{
    char *name = row->argument ? format("--%s %s", row->name, row->argument)
                               : format("--%s", row->name);
    const char *line = row->help;

    printf("  %-24s", name);
    while (line) {
        const char *end = strchr(line, '\n');

        if (line != row->help)
            printf("%26s", "");
        printf(" %.*s\n", end ? (int)(end - line) : (int)strlen(line), line);
        line = end ? end + 1 : NULL;
    }
    free(name);
}

void suite_options_help(void)
{
    puts("conformance, cases for servers and clients of the face-liveness "
         "endpoints\n\n"
         "usage: conformance [OPTIONS] [OPTIONS OF CRITERION]\n\n"
         "options:");
    for (size_t i = 0; i < N_ROWS; i++)
        print_row(&rows[i]);
    puts("\nenvironment, for options that are not given:");
    for (size_t i = 0; i < N_ROWS; i++) {
        if (rows[i].variable)
            printf("  %-24s --%s\n", rows[i].variable, rows[i].name);
    }
    puts("\nof Criterion's, among others:\n"
         "  --filter PATTERN         run the cases SUITE/ID that match\n"
         "  -jN                      run N at a time\n"
         "  --fail-fast              stop after the first failure\n"
         "  --tap[=F] --xml[=F] --json[=F]   Criterion's own reports\n\n"
         "Exit status: 0; 1 when a case failed; 2 when nothing could be set up "
         "or run.");
}
