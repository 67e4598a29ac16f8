/* mockserver check: what the server would answer to a saved request, and what
 * the request does against the contract. Nothing is served or sent. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "clock.h"
#include "commands.h"
#include "files.h"
#include "findings.h"
#include "http_request.h"
#include "journal.h"
#include "pipeline.h"
#include "signature.h"

enum { OUTPUT_MAX = 64 * 1024 * 1024 };

struct check_options {
    struct serve_options serve; /* first, for the options of answering */
    bool has_now;
    int64_t now;
    bool json;
};

static bool set_now(void *target, const char *value, char *why)
{
    struct check_options *options = target;
    uint64_t number = 0;

    (void)why;
    options->has_now = true;
    if (!options_number(value, 1, INT64_MAX / 2000000, &number))
        return false;
    options->now = (int64_t)number;
    return true;
}

static bool set_format(void *target, const char *value, char *why)
{
    struct check_options *options = target;

    (void)why;
    options->json = !strcmp(value, "json");
    return options->json || !strcmp(value, "text");
}

static const struct option_row rows[] = {
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
    .more = &answer_option_table,
};

/* A server without a socket: what a pipeline borrows, and the pipeline. */
struct desk {
    struct log log;
    struct clock clock;
    struct ids ids;
    struct accounts *accounts;
    struct signature_uses *uses;
    struct journal *journal;
    struct pipeline pipeline;
};

static int desk_init(struct desk *d, const struct check_options *options)
{
    const struct mockserver_options *mock = &options->serve.mock;
    char *why = NULL;
    int status;

    memset(d, 0, sizeof(*d));
    d->log.level = LOG_ERROR;
    clock_init(&d->clock);
    if (options->has_now)
        clock_freeze(&d->clock, options->now);
    ids_init(&d->ids, mock->seed);
    d->accounts =
        mock->accounts ? accounts_load(mock->accounts, &why) : accounts_demo();
    if (!d->accounts) {
        status = usage_error("%s", why ? why : "out of memory");
        free(why);
        return status;
    }
    d->uses = signature_uses_new(1);
    d->journal = journal_new(1, HTTP_REQUEST_MAX);
    if (!d->uses || !d->journal)
        return usage_error("out of memory");
    d->pipeline = (struct pipeline){
        .settings = &mock->settings,
        .accounts = d->accounts,
        .uses = d->uses,
        .clock = &d->clock,
        .ids = &d->ids,
        .log = &d->log,
        .journal = d->journal,
    };
    return 0;
}

static void desk_release(struct desk *d)
{
    journal_free(d->journal);
    signature_uses_free(d->uses);
    accounts_free(d->accounts);
}

/* what is printed */

/* Adds text that a client had a hand in: control bytes shown as '?'. */
static void add_quoted(struct strbuf *out, const char *s)
{
    size_t len = strlen(s);
    char *shown = malloc(len + 4);

    if (!shown) {
        out->failed = true;
        return;
    }
    strbuf_addstr(out, log_quote(shown, len + 4, s, len));
    free(shown);
}

static void add_natural(struct strbuf *out, const struct exchange *x,
                        enum language language)
{
    strbuf_addf(out, "natural: %d %s", x->natural.code,
                decision_message(&x->natural, language));
    if (x->why) {
        strbuf_addstr(out, ": ");
        add_quoted(out, x->why);
    }
    strbuf_addch(out, '\n');
}

static void add_fault(struct strbuf *out, const struct exchange *x)
{
    char spec[FAULT_MAX_SPEC_LEN];

    if (x->fault_source == FAULT_FROM_NOWHERE)
        return;
    strbuf_addf(out, "fault: from %s: ", fault_source_name(x->fault_source));
    if (x->fault_problem)
        add_quoted(out, x->fault_problem);
    else
        strbuf_add(out, spec, fault_render(&x->fault, spec, sizeof(spec)));
    strbuf_addch(out, '\n');
}

static void add_finding(struct strbuf *out, const struct finding_note *note)
{
    const struct finding_info *info = finding_info(note->finding);

    strbuf_addf(out, "%s: %s: %s\n    %s (%s)\n",
                finding_level_name(info->level), info->id, note->seen,
                info->text, info->reference);
}

/* Worst first, and within a level in the order of the rules. */
static void add_findings(struct strbuf *out, const struct exchange *x)
{
    for (int level = 0; level < LEVEL__COUNT; level++) {
        for (int i = 0; i < FINDING__COUNT; i++) {
            for (const struct finding_note *note = x->findings; note;
                 note = note->next) {
                if ((int)note->finding == i &&
                    (int)finding_info(note->finding)->level == level)
                    add_finding(out, note);
            }
        }
    }
    if (!x->findings)
        strbuf_addstr(out, "no findings\n");
}

static void add_text(struct strbuf *out, const struct exchange *x,
                     const char *warning, enum language language)
{
    strbuf_addf(out, "request: %s ", x->request.method);
    add_quoted(out, x->request.target);
    strbuf_addf(out, ", %" PRIu64 " bytes\n", x->body.received);
    if (warning)
        strbuf_addf(out, "warning: %s\n", warning);
    add_natural(out, x, language);
    add_fault(out, x);
    strbuf_addf(out, "reply: HTTP %d, %s\n", x->reply.http_status,
                x->reply.content_type);
    strbuf_add(out, x->reply.body.buf, x->reply.body.len);
    strbuf_addch(out, '\n');
    add_findings(out, x);
}

/* The entry as the journal has it, with what only a dry run knows. */
static void add_json(struct strbuf *out, const struct exchange *x,
                     const char *warning, struct journal *journal)
{
    strbuf_addstr(out, "{\"request\":");
    if (journal_render_one(journal, x->id, out) != 0)
        out->failed = true;
    strbuf_addstr(out, ",\"warning\":");
    if (warning)
        strbuf_add_json(out, warning, strlen(warning));
    else
        strbuf_addstr(out, "null");
    strbuf_addf(out, ",\"reply\":{\"http_status\":%d,\"content_type\":\"%s\"",
                x->reply.http_status, x->reply.content_type);
    strbuf_addstr(out, ",\"body\":");
    strbuf_add_json(out, x->reply.body.buf, x->reply.body.len);
    strbuf_addstr(out, "}}\n");
}

static int print(const struct check_options *options, const struct desk *d,
                 const struct exchange *x, const char *warning)
{
    struct strbuf out;
    int status = 0;

    strbuf_init(&out, OUTPUT_MAX);
    if (options->json)
        add_json(&out, x, warning, d->journal);
    else
        add_text(&out, x, warning, options->serve.mock.settings.language);
    if (out.failed)
        status = usage_error("out of memory");
    else if (fwrite(out.buf, 1, out.len, stdout) != out.len ||
             fflush(stdout) != 0)
        status = usage_error("cannot write the result: %s", strerror(errno));
    strbuf_release(&out);
    return status;
}

static bool breaks_the_contract(const struct exchange *x)
{
    for (const struct finding_note *note = x->findings; note;
         note = note->next) {
        if (finding_info(note->finding)->level == LEVEL_MUST)
            return true;
    }
    return false;
}

/* Judges the bytes of a request that came from `name`. */
static int check_exchange(const struct check_options *options,
                          const struct desk *d, struct exchange *x,
                          const char *name, const char *data, size_t len)
{
    const char *body, *why;
    size_t body_len;
    int status;

    if (http_request_read(x, data, len, &body, &body_len, &why) < 0)
        return usage_error("%s: %s", name, why);
    pipeline_head(&d->pipeline, x);
    if (body_len > 0)
        pipeline_body(&d->pipeline, x, body, body_len);
    if (pipeline_finish(&d->pipeline, x) < 0)
        return usage_error("out of memory");
    status = print(options, d, x, why);
    return status == 0 && breaks_the_contract(x) ? 1 : status;
}

static int check(const struct check_options *options, const char *path)
{
    const char *name = strcmp(path, "-") != 0 ? path : "standard input";
    struct exchange *x = NULL;
    struct desk d;
    char *data = NULL;
    size_t len = 0;
    int status = desk_init(&d, options);

    if (status != 0)
        goto out;
    if (files_read(path, HTTP_REQUEST_MAX, &data, &len) < 0) {
        status = usage_error("cannot read %s: %s", name, strerror(errno));
        goto out;
    }
    x = pipeline_open(&d.pipeline);
    status = x ? check_exchange(options, &d, x, name, data, len)
               : usage_error("out of memory");
out:
    exchange_free(x);
    desk_release(&d);
    free(data);
    return status;
}

static int run(int argc, char **argv)
{
    struct check_options options = {0};
    int rest = 0;
    int status;

    serve_options_init(&options.serve);
    status = command_parse_options(&command_check, &options, argc, argv, &rest);
    if (status >= 0)
        return status;
    if (rest + 1 < argc)
        return usage_error("unexpected argument \"%s\"; see mockserver check "
                           "--help",
                           argv[rest + 1]);
    return check(&options, rest < argc ? argv[rest] : "-");
}

const struct command command_check = {
    .name = "check",
    .usage = "[OPTIONS] [FILE]",
    .summary = "judge a saved HTTP request; serve nothing",
    .details = "FILE holds one request as it travels: request line, fields, a "
               "blank line, body.\nWithout FILE, or with -, it is read from "
               "standard input. Exit status: 1 when the\nrequest does what "
               "the contract forbids, 2 when it cannot be read.",
    .options = &table,
    .run = run,
};
