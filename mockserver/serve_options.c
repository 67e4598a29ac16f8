/*
 * The options of serving, as a table. docs/cli.md tells them at length.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include "commands.h"
#include "listen.h"
#include "mutants.h"
#include "server.h"

/* Setters that only copy a number into a field. */
#define NUMBER_SETTER(name, field, type, min, max)                             \
    static bool name(void *target, const char *value, char *why)               \
    {                                                                          \
        struct serve_options *o = target;                                      \
        uint64_t n;                                                            \
                                                                               \
        (void)why;                                                             \
        if (!options_number(value, min, max, &n))                              \
            return false;                                                      \
        o->field = (type)n;                                                    \
        return true;                                                           \
    }

NUMBER_SETTER(set_port, mock.port, uint16_t, 0, 65535)
NUMBER_SETTER(set_https_port_number, mock.https_port, uint16_t, 0, 65535)
NUMBER_SETTER(set_threads, mock.threads, unsigned, 1, SERVER_MAX_THREADS)
NUMBER_SETTER(set_seed, mock.seed, uint64_t, 0, UINT64_MAX)
NUMBER_SETTER(set_max_body, mock.settings.max_body, uint64_t, 1, 1U << 30)
NUMBER_SETTER(set_sim, mock.settings.sim, int, 0, 100)
NUMBER_SETTER(set_score, mock.settings.score, int, 0, 100)

NUMBER_SETTER(set_max_connections, mock.bounds.max_connections, unsigned, 1,
              BOUNDS_CONNECTIONS_MAX)
NUMBER_SETTER(set_connection_timeout, mock.bounds.idle_s, unsigned, 1,
              BOUNDS_IDLE_MAX_S)
NUMBER_SETTER(set_receive_timeout, mock.bounds.receive_s, unsigned, 1,
              BOUNDS_RECEIVE_MAX_S)
NUMBER_SETTER(set_connection_memory, mock.bounds.connection_bytes, size_t,
              BOUNDS_CONNECTION_MIN_BYTES, BOUNDS_CONNECTION_MAX_BYTES)
NUMBER_SETTER(set_max_drain, mock.bounds.drain_bytes, uint64_t, 0, 1ULL << 34)

NUMBER_SETTER(set_journal_entries, mock.journal_entries, size_t, 0, 10000000)
NUMBER_SETTER(set_journal_bytes, mock.journal_bytes, size_t, 65536, 1ULL << 34)

/* Setters that only borrow a word that is not empty. */
#define STRING_SETTER(name, field)                                             \
    static bool name(void *target, const char *value, char *why)               \
    {                                                                          \
        (void)why;                                                             \
        ((struct serve_options *)target)->field = value;                       \
        return value[0] != '\0';                                               \
    }

STRING_SETTER(set_port_file, port_file)
STRING_SETTER(set_accounts, mock.accounts)
STRING_SETTER(set_rules, mock.rules)
STRING_SETTER(set_journal_file, mock.journal_file)
STRING_SETTER(set_tls_dir, mock.tls_dir)
STRING_SETTER(set_tls_cert, mock.tls_cert)
STRING_SETTER(set_tls_key, mock.tls_key)

static bool set_https_port(void *target, const char *value, char *why)
{
    ((struct serve_options *)target)->mock.has_https_port = true;
    return set_https_port_number(target, value, why);
}

static bool set_tls_name(void *target, const char *value, char *why)
{
    struct hosts *hosts =
        &((struct serve_options *)target)->mock.settings.hosts;

    if (hosts->n_names == HOSTS_MAX_NAMES) {
        snprintf(why, OPTIONS_WHY_CAP, "there are %d already, the most",
                 HOSTS_MAX_NAMES);
        return false;
    }
    hosts->names[hosts->n_names++] = value;
    return hosts_is_name(value) || hosts_is_address(value);
}

static bool set_proxy(void *target, const char *value, char *why)
{
    struct settings *settings =
        &((struct serve_options *)target)->mock.settings;

    (void)why;
    settings->proxy = !strcmp(value, "on");
    return settings->proxy || !strcmp(value, "off");
}

static bool set_bind(void *target, const char *value, char *why)
{
    (void)why;
    ((struct serve_options *)target)->mock.bind = value;
    return listen_is_address(value);
}

/* The value is not shown when it is wrong: it is a secret. */
static bool set_admin_token(void *target, const char *value, char *why)
{
    size_t len = strlen(value);

    ((struct serve_options *)target)->mock.admin_token = value;
    for (size_t i = 0; i < len; i++) {
        if (value[i] <= ' ' || value[i] > '~')
            len = 0;
    }
    if (len >= 8)
        return true;
    snprintf(why, OPTIONS_WHY_CAP,
             "expected at least 8 printable ASCII characters, no blanks");
    return false;
}

static bool set_fault(void *target, const char *value, char *why)
{
    struct settings *settings =
        &((struct serve_options *)target)->mock.settings;

    settings->has_fault = true;
    return fault_parse(&settings->fault, value, strlen(value), why,
                       OPTIONS_WHY_CAP) == 0;
}

static bool set_url_root(void *target, const char *value, char *why)
{
    struct stat st;

    (void)why;
    ((struct serve_options *)target)->mock.settings.url_root = value;
    return stat(value, &st) == 0 && S_ISDIR(st.st_mode);
}

static bool set_sandbox(void *target, const char *value, char *why)
{
    (void)value;
    (void)why;
    ((struct serve_options *)target)->sandbox = true;
    return true;
}

static bool set_no_request_triggers(void *target, const char *value, char *why)
{
    (void)value;
    (void)why;
    ((struct serve_options *)target)->mock.settings.request_triggers = false;
    return true;
}

static bool set_http_status(void *target, const char *value, char *why)
{
    struct settings *settings =
        &((struct serve_options *)target)->mock.settings;

    (void)why;
    settings->mapped_status = !strcmp(value, "mapped");
    return settings->mapped_status || !strcmp(value, "200");
}

static bool set_messages(void *target, const char *value, char *why)
{
    struct settings *settings =
        &((struct serve_options *)target)->mock.settings;

    (void)why;
    settings->language = !strcmp(value, "zh") ? LANGUAGE_ZH : LANGUAGE_EN;
    return !strcmp(value, "zh") || !strcmp(value, "en");
}

static bool set_log_level(void *target, const char *value, char *why)
{
    (void)why;
    return log_level_parse(
               value, &((struct serve_options *)target)->mock.log_level) == 0;
}

#ifdef MOCKSERVER_MUTANTS
/* "list" prints them and ends the program, as --help does. */
static bool set_mutant(void *target, const char *value, char *why)
{
    (void)target;
    (void)why;
    if (!strcmp(value, "list"))
        exit(mutants_print(stdout) < 0
                 ? usage_error("cannot write the list of mutants")
                 : 0);
    return mutants_select(value) == 0;
}
#endif

/* Where and how, which matters only to what listens. */
static const struct option_row serve_rows[] = {
    {
        .name = "port",
        .argument = "N",
        .help = "port to serve on; 0 picks a free one (default 8080)",
        .expected = "a port from 0 to 65535",
        .set = set_port,
    },
    {
        .name = "https-port",
        .argument = "N",
        .help = "serve TLS alone on this port besides; --port takes\n"
                "plain HTTP, TLS and a proxy's clients alike",
        .expected = "a port from 0 to 65535",
        .set = set_https_port,
    },
    {
        .name = "proxy",
        .argument = "MODE",
        .help = "on: CONNECT opens tunnels, to the server itself\n"
                "(default); off: it is refused",
        .expected = "on or off",
        .set = set_proxy,
    },
    {
        .name = "tls-cert",
        .argument = "FILE",
        .help = "show this certificate, a chain in PEM, instead",
        .expected = "a path",
        .set = set_tls_cert,
    },
    {
        .name = "tls-key",
        .argument = "FILE",
        .help = "its private key, in PEM",
        .expected = "a path",
        .set = set_tls_key,
    },
    {
        .name = "port-file",
        .argument = "PATH",
        .help = "write the port here once requests are served",
        .expected = "a path",
        .set = set_port_file,
    },
    {
        .name = "rules",
        .argument = "FILE",
        .help = "fault rules to begin with (docs/admin.md)",
        .expected = "a path",
        .set = set_rules,
    },
    {
        .name = "journal-entries",
        .argument = "N",
        .help = "exchanges the journal keeps (default 10000)",
        .expected = "a number from 0 to 10000000",
        .set = set_journal_entries,
    },
    {
        .name = "journal-bytes",
        .argument = "BYTES",
        .help = "memory the journal may take (default 4194304)",
        .expected = "a number of bytes from 65536 to 17179869184",
        .set = set_journal_bytes,
    },
    {
        .name = "journal-file",
        .argument = "FILE",
        .help = "also append each exchange here as a JSON line;\n"
                "SIGHUP opens it anew",
        .expected = "a path",
        .set = set_journal_file,
    },
    {
        .name = "admin-token",
        .argument = "TOKEN",
        .help = "ask admin calls for `Authorization: Bearer TOKEN`;\n"
                "needed with --bind other than loopback",
        .expected = "at least 8 printable ASCII characters",
        .set = set_admin_token,
    },
    {
        .name = "sandbox",
        .help = "give up what serving does not need: other files,\n"
                "programs, connections to others (docs/security.md)",
        .set = set_sandbox,
    },
    {
        .name = "threads",
        .argument = "N",
        .help = "worker threads (default: one a processor)",
        .expected = "a number from 1 to 64",
        .set = set_threads,
    },
    {
        .name = "max-connections",
        .argument = "N",
        .help = "connections at a time (default: as many as the\n"
                "limit of open files allows, at most 16384)",
        .expected = "a number from 1 to 16384",
        .set = set_max_connections,
    },
    {
        .name = "connection-timeout",
        .argument = "SECONDS",
        .help = "close a connection on which nothing moves for so\n"
                "long (default 60)",
        .expected = "a number of seconds from 1 to 3600",
        .set = set_connection_timeout,
    },
    {
        .name = "receive-timeout",
        .argument = "SECONDS",
        .help = "close one whose request is not complete by then\n"
                "(default 300)",
        .expected = "a number of seconds from 1 to 86400",
        .set = set_receive_timeout,
    },
    {
        .name = "connection-memory",
        .argument = "BYTES",
        .help = "memory of a connection, which a request's head must\n"
                "fit in (default 65536)",
        .expected = "a number of bytes from 8192 to 16777216",
        .set = set_connection_memory,
    },
    {
        .name = "max-drain",
        .argument = "BYTES",
        .help = "of a refused body, read and drop so much at most\n"
                "(default 268435456)",
        .expected = "a number of bytes from 0 to 17179869184",
        .set = set_max_drain,
    },
    {
        .name = "seed",
        .argument = "N",
        .help = "seed of everything random (default 1)",
        .expected = "a number from 0 to 18446744073709551615",
        .set = set_seed,
    },
    {
        .name = "log-level",
        .argument = "LEVEL",
        .help = "error, warn (default), info (a line an exchange) or\n"
                "debug, on stderr",
        .expected = "error, warn, info or debug",
        .set = set_log_level,
    },
};

/* What the made certificates follow from. */
static const struct option_row tls_rows[] = {
    {
        .name = "bind",
        .argument = "ADDR",
        .help = "numeric address to serve on (default 127.0.0.1)",
        .expected = "a numeric IPv4 or IPv6 address",
        .set = set_bind,
    },
    {
        .name = "tls-dir",
        .argument = "DIR",
        .help = "keep the CA and the certificate here (default: new\n"
                "ones each time)",
        .expected = "a path",
        .set = set_tls_dir,
    },
    {
        .name = "tls-name",
        .argument = "NAME",
        .help = "a further name or address of the server; may be\n"
                "repeated",
        .expected = "a host name or a numeric address",
        .set = set_tls_name,
    },
};

/* What is answered. */
static const struct option_row answer_rows[] = {
    {
        .name = "accounts",
        .argument = "FILE",
        .help = "accounts to know (default: built-in demo accounts)",
        .expected = "a path",
        .set = set_accounts,
    },
    {
        .name = "fault",
        .argument = "SPEC",
        .help = "answer every call with this fault, such as -5007,\n"
                "9, unlisted=-9999, delay=500, hang or html_502",
        .expected = "a fault spec",
        .set = set_fault,
    },
    {
        .name = "no-request-triggers",
        .help = "ignore faults that requests ask for",
        .set = set_no_request_triggers,
    },
    {
        .name = "url-root",
        .argument = "DIR",
        .help = "DIR/HOST/PATH stands for what a url parameter names",
        .expected = "a directory",
        .set = set_url_root,
    },
    {
        .name = "http-status",
        .argument = "MODE",
        .help = "200: always 200, as the service (default);\n"
                "mapped: a status that suits the code",
        .expected = "200 or mapped",
        .set = set_http_status,
    },
    {
        .name = "messages",
        .argument = "LANG",
        .help = "language of messages: en (default) or zh",
        .expected = "en or zh",
        .set = set_messages,
    },
    {
        .name = "max-body",
        .argument = "BYTES",
        .help = "largest request body (default 6291456)",
        .expected = "a number of bytes from 1 to 1073741824",
        .set = set_max_body,
    },
    {
        .name = "sim",
        .argument = "N",
        .help = "similarity that livedetectfour answers (default 90)",
        .expected = "a number from 0 to 100",
        .set = set_sim,
    },
    {
        .name = "score",
        .argument = "N",
        .help = "score that livedetectpicture answers (default 95)",
        .expected = "a number from 0 to 100",
        .set = set_score,
    },
#ifdef MOCKSERVER_MUTANTS
    {
        .name = "mutant",
        .argument = "NAME",
        .help = "serve with this deliberate bug; list: print them all",
        .expected = "the name of a mutant",
        .set = set_mutant,
    },
#endif
};

const struct option_table answer_option_table = {
    .rows = answer_rows,
    .n_rows = sizeof(answer_rows) / sizeof(answer_rows[0]),
};

const struct option_table tls_option_table = {
    .rows = tls_rows,
    .n_rows = sizeof(tls_rows) / sizeof(tls_rows[0]),
};

static const struct option_table tls_and_answer = {
    .rows = tls_rows,
    .n_rows = sizeof(tls_rows) / sizeof(tls_rows[0]),
    .more = &answer_option_table,
};

const struct option_table serve_option_table = {
    .rows = serve_rows,
    .n_rows = sizeof(serve_rows) / sizeof(serve_rows[0]),
    .more = &tls_and_answer,
};

void serve_options_init(struct serve_options *options)
{
    memset(options, 0, sizeof(*options));
    mockserver_options_init(&options->mock);
}
