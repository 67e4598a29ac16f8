#include "fuzz_server.h"

#include <stdlib.h>
#include <string.h>
#include "request.h"
#include "text.h"

/* What takes long to make, and is emptied between runs instead. */
struct shared {
    struct signature_uses *uses;
    struct verdict *verdict;
    struct metrics *metrics;
    struct tls *tls;
};

static struct shared *make_shared(void)
{
    static const struct tls_options options = {.hosts.bind = "127.0.0.1"};
    static struct shared shared;
    char *why = NULL;

    if (shared.uses)
        return &shared;
    shared.uses = signature_uses_new(16);
    shared.verdict = verdict_new();
    shared.metrics = metrics_new();
    shared.tls = tls_new(&options, &why);
    FUZZ_CHECK(shared.uses && shared.verdict && shared.metrics && shared.tls);
    return &shared;
}

void fuzz_server_init(struct fuzz_server *s)
{
    const struct shared *shared = make_shared();

    memset(s, 0, sizeof(*s));
    settings_init(&s->settings);
    s->settings.hosts.bind = "127.0.0.1";
    ids_init(&s->ids, 1);
    s->log.level = LOG_ERROR;
    s->admin = (struct admin){
        .settings = &s->settings,
        .accounts = fuzz_accounts(),
        .uses = shared->uses,
        .clock = &s->clock,
        .journal = journal_new(16, 256 * 1024),
        .verdict = shared->verdict,
        .rules = fault_rules_new(1),
        .metrics = shared->metrics,
        .tls = shared->tls,
        .version = "0",
        .bind = "127.0.0.1",
    };
    FUZZ_CHECK(s->admin.journal && s->admin.rules);
    clock_init(&s->clock);
    admin_reset(&s->admin);
    clock_freeze(&s->clock, FUZZ_NOW);
    s->pipeline = (struct pipeline){
        .settings = &s->settings,
        .accounts = s->admin.accounts,
        .uses = shared->uses,
        .clock = &s->clock,
        .ids = &s->ids,
        .log = &s->log,
        .rules = s->admin.rules,
        .journal = s->admin.journal,
        .verdict = shared->verdict,
        .metrics = shared->metrics,
    };
}

void fuzz_server_release(struct fuzz_server *s)
{
    journal_free(s->admin.journal);
    fault_rules_free(s->admin.rules);
}

/* heads */

/* The signature that "@N" stands for. The caller frees it. */
static char *sign(const char *number)
{
    const struct accounts *accounts = fuzz_accounts();
    size_t n = (unsigned char)number[0] % accounts_count(accounts);
    const struct account *account = accounts_at(accounts, n);
    struct signature_request request = {
        .key = account->keys[0],
        .bucket = account->n_buckets ? account->buckets[0] : NULL,
        .expires = FUZZ_NOW + 60,
        .now = FUZZ_NOW,
        .rand = 1,
    };
    char *value = signature_make(&request);

    FUZZ_CHECK(value);
    return value;
}

static char *expand(char *value)
{
    char *signature;

    if (value[0] != '@')
        return value;
    signature = sign(value + 1);
    free(value);
    return signature;
}

static void take_field(struct fuzz_head *head, struct fuzz_input line)
{
    const char *colon = memchr(line.ptr, ':', line.len);
    size_t len = colon ? (size_t)(colon - line.ptr) : line.len;
    struct fuzz_input name = {line.ptr, len};
    struct fuzz_input value = {line.ptr + len, line.len - len};

    if (colon) {
        value.ptr++;
        value.len--;
    }
    text_trim(&value.ptr, &value.len);
    if (text_equal_nocase(name.ptr, name.len, "x-fuzz-settings")) {
        text_parse_u64(value.ptr, value.len, UINT64_MAX, &head->settings);
        return;
    }
    head->fields[head->n_fields].name = fuzz_string(name);
    head->fields[head->n_fields].value = expand(fuzz_string(value));
    head->n_fields++;
}

/* Takes what precedes the next blank of the line. */
static struct fuzz_input take_word(struct fuzz_input *line)
{
    struct fuzz_input word = *line;
    const char *blank;

    text_trim(&word.ptr, &word.len);
    *line = word;
    blank = word.len ? memchr(word.ptr, ' ', word.len) : NULL;
    if (blank)
        word.len = (size_t)(blank - word.ptr);
    line->ptr += word.len;
    line->len -= word.len;
    return word;
}

void fuzz_head_take(struct fuzz_head *head, struct fuzz_input *in,
                    const char *version)
{
    struct fuzz_input line = fuzz_take_line(in);
    struct fuzz_input word;

    memset(head, 0, sizeof(*head));
    head->method = fuzz_string(take_word(&line));
    head->target = fuzz_string(take_word(&line));
    word = take_word(&line);
    if (word.len == 0)
        word = (struct fuzz_input){version, strlen(version)};
    head->version = fuzz_string(word);
    while (in->len > 0 && head->n_fields < FUZZ_MAX_FIELDS) {
        line = fuzz_take_line(in);
        if (line.len == 0)
            break;
        take_field(head, line);
    }
}

void fuzz_head_release(struct fuzz_head *head)
{
    free(head->method);
    free(head->target);
    free(head->version);
    for (size_t i = 0; i < head->n_fields; i++) {
        free(head->fields[i].name);
        free(head->fields[i].value);
    }
}

void fuzz_head_apply(const struct fuzz_head *head, struct exchange *x)
{
    FUZZ_CHECK(request_take_target(x, head->target) == 0);
    FUZZ_CHECK(request_take_line(x, head->method, head->version) == 0);
    for (size_t i = 0; i < head->n_fields; i++) {
        const char *name = head->fields[i].name;
        const char *value = head->fields[i].value;

        FUZZ_CHECK(request_take_field(x, name, strlen(name), value,
                                      strlen(value)) == 0);
    }
    request_finish_head(x);
}

void fuzz_server_record(struct fuzz_server *s, const char *request)
{
    struct fuzz_input in = {request, strlen(request)};
    struct exchange *x = pipeline_open(&s->pipeline);
    struct fuzz_head head;

    FUZZ_CHECK(x);
    fuzz_head_take(&head, &in, "HTTP/1.1");
    fuzz_head_apply(&head, x);
    pipeline_head(&s->pipeline, x);
    pipeline_body(&s->pipeline, x, in.ptr, in.len);
    FUZZ_CHECK(pipeline_finish(&s->pipeline, x) == 0);
    exchange_free(x);
    fuzz_head_release(&head);
}

/* secrets */

static bool holds(const char *ptr, size_t len, const char *text)
{
    return len > 0 && memmem(ptr, len, text, strlen(text));
}

void fuzz_check_secrets(const struct strbuf *text, struct fuzz_input in)
{
    const struct accounts *accounts = fuzz_accounts();

    for (size_t i = 0; i < accounts_count(accounts); i++) {
        const struct account *account = accounts_at(accounts, i);

        for (size_t k = 0; k < account->n_keys; k++) {
            const char *secret = account_key_secret(account->keys[k]);

            FUZZ_CHECK(!holds(text->buf, text->len, secret) ||
                       holds(in.ptr, in.len, secret));
        }
    }
}
