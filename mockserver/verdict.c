/*
 * Clients are found by the hash of their SecretId, in a table of twice as many
 * slots as there may be clients, which are never removed one by one. One lock
 * is held for a look-up and a few counters; what costs more is done only for a
 * request that follows a refusal.
 */
#include "verdict.h"

#include "accounts.h"
#include "endpoints.h"
#include "findings.h"
#include "verdict_tally.h"
#include <inttypes.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

enum {
    N_SLOTS = 2 * VERDICT_MAX_CLIENTS,
    PAUSE_US = 1000000, /* what VERDICT_AFTER_15 counts in */
};

/* An earlier exchange, as far as later ones are judged by it. */
struct past {
    uint64_t id;    /* 0: there is none */
    int64_t end_us; /* clock_monotonic_us() when it was decided */
    int code;       /* served */
};

struct client {
    struct verdict_tally tally;
    const char *secret_id; /* of its own: right behind the struct */
    uint64_t hash;

    /* the last signature that was refused with 9 or 14 */
    struct past refused;
    unsigned char mac[ACCOUNTS_MAC_LEN];

    /* the previous exchange, if its content cannot have another answer */
    struct past useless;
    uint64_t content;

    /* the 15 after which a pause is due */
    struct past too_frequent;
    int64_t time_us; /* when it began, by the server's clock */
    unsigned n_after;
};

struct verdict {
    pthread_mutex_t lock;
    struct client *slots[N_SLOTS];
    struct client *clients[VERDICT_MAX_CLIENTS]; /* in the order they came */
    size_t n_clients;
    struct client unknown, others;
};

/* life cycle */

static void name_common(struct verdict *v)
{
    v->unknown.secret_id = "(unknown)";
    v->others.secret_id = "(others)";
}

struct verdict *verdict_new(void)
{
    struct verdict *v = calloc(1, sizeof(*v));

    if (!v)
        return NULL;
    pthread_mutex_init(&v->lock, NULL);
    name_common(v);
    return v;
}

static void release_tally(struct verdict_tally *tally)
{
    for (int i = 0; i < FINDING__COUNT; i++)
        free((void *)tally->examples[i]);
}

static void drop_clients(struct verdict *v)
{
    for (size_t i = 0; i < v->n_clients; i++) {
        release_tally(&v->clients[i]->tally);
        free(v->clients[i]);
    }
    release_tally(&v->unknown.tally);
    release_tally(&v->others.tally);
}

void verdict_free(struct verdict *v)
{
    if (!v)
        return;
    drop_clients(v);
    pthread_mutex_destroy(&v->lock);
    free(v);
}

void verdict_reset(struct verdict *v)
{
    pthread_mutex_lock(&v->lock);
    drop_clients(v);
    memset(v->slots, 0, sizeof(v->slots));
    memset(&v->unknown, 0, sizeof(v->unknown));
    memset(&v->others, 0, sizeof(v->others));
    v->n_clients = 0;
    name_common(v);
    pthread_mutex_unlock(&v->lock);
}

/* hashing: of our own clients' doing, so that speed matters and not secrecy */

static uint64_t mix(uint64_t hash, uint64_t word)
{
    hash = (hash ^ word) * UINT64_C(0x9e3779b97f4a7c15);
    return hash ^ hash >> 29;
}

static uint64_t mix_bytes(uint64_t hash, const void *data, size_t len)
{
    const unsigned char *p = data;
    uint64_t word;

    hash = mix(hash, len);
    for (; len >= sizeof(word); p += sizeof(word), len -= sizeof(word)) {
        memcpy(&word, p, sizeof(word));
        hash = mix(hash, word);
    }
    word = 0;
    if (len > 0)
        memcpy(&word, p, len);
    return mix(hash, word);
}

static uint64_t mix_string(uint64_t hash, const char *s)
{
    return mix_bytes(hash, s, s ? strlen(s) : 0);
}

/* clients */

static struct client **slot_of(struct verdict *v, const char *secret_id,
                               uint64_t hash)
{
    size_t i = (size_t)hash % N_SLOTS;

    while (v->slots[i] && (v->slots[i]->hash != hash ||
                           strcmp(v->slots[i]->secret_id, secret_id) != 0))
        i = (i + 1) % N_SLOTS;
    return &v->slots[i];
}

static struct client *client_new(const char *secret_id, uint64_t hash)
{
    size_t size = strlen(secret_id) + 1;
    struct client *client = calloc(1, sizeof(*client) + size);

    if (!client)
        return NULL;
    client->secret_id = memcpy(client + 1, secret_id, size);
    client->hash = hash;
    return client;
}

/* The client behind an exchange, made when it is new. Never NULL. */
static struct client *client_of(struct verdict *v, const char *secret_id,
                                uint64_t hash)
{
    struct client **slot;

    if (!secret_id)
        return &v->unknown;
    slot = slot_of(v, secret_id, hash);
    if (*slot)
        return *slot;
    if (v->n_clients < VERDICT_MAX_CLIENTS)
        *slot = client_new(secret_id, hash);
    if (!*slot)
        return &v->others;
    v->clients[v->n_clients++] = *slot;
    return *slot;
}

/* One that was seen, or NULL. */
static struct client *find_client(struct verdict *v, const char *secret_id)
{
    struct client *client;

    if (!strcmp(secret_id, v->unknown.secret_id))
        return &v->unknown;
    if (!strcmp(secret_id, v->others.secret_id))
        return &v->others;
    client = *slot_of(v, secret_id, mix_string(0, secret_id));
    /* Who is no longer told apart shares the verdict of those others. */
    return client || v->n_clients < VERDICT_MAX_CLIENTS ? client : &v->others;
}

/* What a client could have learnt from */

/* Did the client get to read the code? */
static bool is_code_served(const struct exchange *x)
{
    return !x->cut_short && (x->decision.transport == TRANSPORT_NONE ||
                             x->decision.transport == TRANSPORT_DRIBBLE);
}

/* Was x sent when the client could know the answer of the past exchange? */
static bool is_after(const struct exchange *x, const struct past *past)
{
    return past->id != 0 && x->started_us >= past->end_us;
}

/* How long after its decision the client has read an answer. */
static int64_t held_back_us(const struct exchange *x)
{
    const struct decision *d = &x->decision;
    int64_t ms = d->delay_ms;

    if (d->transport == TRANSPORT_DRIBBLE)
        ms += FAULT_DRIBBLE_MS;
    return ms * 1000;
}

static struct past past_of(const struct exchange *x)
{
    return (struct past){
        .id = x->id,
        .end_us = x->started_us + x->duration_us + held_back_us(x),
        .code = x->decision.code,
    };
}

/* Will the same content get this same answer again? */
static bool is_final(const struct exchange *x)
{
    const struct decision *d = &x->decision;
    int code = d->code;

    switch (code) {
    case ERR_BAD_REQUEST:
        /* Arrears can be paid. */
        return !d->message ||
               strcmp(d->message, SIGNATURE_ARREARS_MESSAGE) != 0;
    case ERR_SIGNATURE_MISMATCH:
    case ERR_BUCKET_UNKNOWN:
    case ERR_BAD_PARAMETER:
    case ERR_BODY_TOO_LARGE:
    case ERR_ID_MISSING:
    case ERR_ID_MISMATCH:
    case ERR_ID_INVALID:
    case ERR_ID_FORMAT:
        return true;
    case ERR_NO_IMAGE:
        /* A download may succeed the next time. */
        return !param_given(&x->body.values[PARAM_URL]);
    default:
        return (code <= -4000 && code >= -4099) ||
               (code <= -5000 && code >= -5099);
    }
}

/* A body that was not taken apart is told by its length and first bytes. */
static uint64_t mix_raw_body(uint64_t hash, const struct exchange *x)
{
    enum { SAMPLE = 4096 };
    const struct body *b = &x->body;
    const struct strbuf *text = &b->text;

    hash = mix(hash, b->received);
    hash = mix(hash, (uint64_t)x->request.content_length);
    hash = mix_string(hash, x->request.content_type);
    if (b->kind == BODY_JSON)
        hash =
            mix_bytes(hash, text->buf, text->len < SAMPLE ? text->len : SAMPLE);
    return hash;
}

static uint64_t mix_part(uint64_t hash, const struct part *part)
{
    const struct upload *file = &part->file;

    hash = mix_bytes(hash, part->header.name, part->header.name_len);
    hash = mix(hash, file->size);
    if (file->has_sha256)
        hash = mix_bytes(hash, file->sha256, sizeof(file->sha256));
    return hash;
}

/*
 * What the answer to a client hangs on, but for its time: endpoint, the bucket
 * that was signed, and content. A boundary or a signature made anew makes no
 * other content.
 */
static uint64_t fingerprint(const struct exchange *x)
{
    const struct signature_field *bucket = &x->signature.b;
    const struct body *b = &x->body;
    uint64_t hash = mix_string(0, x->request.method);

    hash = mix_string(hash, x->request.path);
    hash = mix_bytes(hash, bucket->ptr, bucket->len);
    if (b->kind == 0 || b->code != ERR_OK)
        hash = mix_raw_body(hash, x);
    for (const struct part *part = b->first; part; part = part->next)
        hash = mix_part(hash, part);
    for (int i = 0; i < PARAM__COUNT; i++)
        hash = mix_bytes(hash, b->values[i].text, b->values[i].text_len);
    return hash;
}

/* The findings that need a past */

static void check_reuse(struct exchange *x, const struct client *client)
{
    const unsigned char *mac = x->signature.mac;

    if (mac && is_after(x, &client->refused) &&
        !memcmp(mac, client->mac, ACCOUNTS_MAC_LEN))
        findings_add(x, FINDING_SIGNATURE_REUSED,
                     "exchange %" PRIu64 " was answered %d", client->refused.id,
                     client->refused.code);
}

static void check_retry(struct exchange *x, const struct client *client)
{
    if (is_after(x, &client->useless) && client->content == fingerprint(x))
        findings_add(x, FINDING_RETRY_USELESS,
                     "exchange %" PRIu64 " was answered %d", client->useless.id,
                     client->useless.code);
}

static void check_pause(struct exchange *x, struct client *client)
{
    int64_t elapsed_us = x->time_us - client->time_us;

    if (!is_after(x, &client->too_frequent))
        return;
    /* By either clock: the server's may be stopped. */
    if (elapsed_us < 0 || elapsed_us > PAUSE_US ||
        x->started_us - client->too_frequent.end_us > PAUSE_US) {
        client->too_frequent.id = 0;
        return;
    }
    if (++client->n_after >= VERDICT_AFTER_15)
        findings_add(x, FINDING_NO_PAUSE_AFTER_15,
                     "%u requests within %" PRId64 " ms of the 15 of "
                     "exchange %" PRIu64,
                     client->n_after, elapsed_us / 1000,
                     client->too_frequent.id);
}

static void remember(struct client *client, const struct exchange *x)
{
    int code = x->decision.code;

    client->useless.id = 0;
    if (!is_code_served(x))
        return;
    if ((code == ERR_SIGNATURE_EXPIRED || code == ERR_SIGNATURE_WRONG) &&
        x->signature.mac) {
        client->refused = past_of(x);
        memcpy(client->mac, x->signature.mac, ACCOUNTS_MAC_LEN);
    }
    if (is_final(x)) {
        client->useless = past_of(x);
        client->content = fingerprint(x);
    }
    /* A 15 among those that follow the first makes no new beginning. */
    if (code == ERR_TOO_FREQUENT && client->too_frequent.id == 0) {
        client->too_frequent = past_of(x);
        client->time_us = x->time_us;
        client->n_after = 0;
    }
}

/* counting */

static const struct verdict_example *example_of(const struct exchange *x,
                                                enum finding finding)
{
    const struct finding_note *note = x->findings;
    struct verdict_example *example = calloc(1, sizeof(*example));

    while (note && note->finding != finding)
        note = note->next;
    if (!example)
        return NULL;
    example->exchange = x->id;
    if (note)
        memcpy(example->seen, note->seen, strlen(note->seen));
    return example;
}

static void count_findings(struct verdict_tally *tally,
                           const struct exchange *x)
{
    for (uint64_t set = x->finding_set; set; set &= set - 1) {
        int i = __builtin_ctzll(set);

        if (tally->counts[i]++ == 0)
            tally->examples[i] = example_of(x, (enum finding)i);
    }
}

static void count_code(struct verdict_tally *tally, const struct exchange *x)
{
    int bit = verdict_code_bit(x->decision.code);

    if (!is_code_served(x))
        return;
    if (bit < 0)
        tally->n_unlisted++;
    for (size_t e = 0; bit >= 0 && e < VERDICT_ENDPOINTS; e++) {
        if (endpoints_at(e) == x->endpoint)
            tally->codes[e] |= (uint64_t)1 << bit;
    }
}

/* The client of the exchange; under the lock. */
static struct client *client_for(struct verdict *v, const struct exchange *x)
{
    const struct account_key *key = x->signature.key;
    const char *secret_id = key ? account_key_id(key) : NULL;

    return client_of(v, secret_id, secret_id ? mix_string(0, secret_id) : 0);
}

static bool has_past(const struct verdict *v, const struct client *client)
{
    return client != &v->unknown && client != &v->others;
}

void verdict_recall(struct verdict *v, struct exchange *x)
{
    struct client *client;

    pthread_mutex_lock(&v->lock);
    client = client_for(v, x);
    if (has_past(v, client)) {
        check_reuse(x, client);
        check_retry(x, client);
        check_pause(x, client);
    }
    pthread_mutex_unlock(&v->lock);
}

void verdict_count(struct verdict *v, const struct exchange *x)
{
    struct client *client;

    pthread_mutex_lock(&v->lock);
    client = client_for(v, x);
    count_findings(&client->tally, x);
    /* What was meant for another server is no request to the service. */
    if (!x->elsewhere) {
        if (has_past(v, client))
            remember(client, x);
        client->tally.n_requests++;
        count_code(&client->tally, x);
    }
    pthread_mutex_unlock(&v->lock);
}

void verdict_forget(struct verdict *v, const char *secret_id)
{
    uint64_t hash = mix_string(0, secret_id);
    struct client *client;

    pthread_mutex_lock(&v->lock);
    client = *slot_of(v, secret_id, hash);
    if (client) {
        const char *own_id = client->secret_id;

        release_tally(&client->tally);
        memset(client, 0, sizeof(*client));
        client->secret_id = own_id;
        client->hash = hash;
    }
    pthread_mutex_unlock(&v->lock);
}

/* reading; under the lock */

static void add_tally(struct verdict_tally *sum,
                      const struct verdict_tally *tally)
{
    sum->n_requests += tally->n_requests;
    sum->n_unlisted += tally->n_unlisted;
    for (size_t e = 0; e < VERDICT_ENDPOINTS; e++)
        sum->codes[e] |= tally->codes[e];
    for (int i = 0; i < FINDING__COUNT; i++) {
        const struct verdict_example *example = tally->examples[i];
        const struct verdict_example *first = sum->examples[i];

        sum->counts[i] += tally->counts[i];
        if (example && (!first || example->exchange < first->exchange))
            sum->examples[i] = example;
    }
}

/* The tally of a client or the sum of all; its examples stay borrowed. */
static struct verdict_tally collect(struct verdict *v, const char *secret_id)
{
    struct verdict_tally sum = {0};
    const struct client *client;

    if (secret_id) {
        client = find_client(v, secret_id);
        return client ? client->tally : sum;
    }
    for (size_t i = 0; i < v->n_clients; i++)
        add_tally(&sum, &v->clients[i]->tally);
    add_tally(&sum, &v->unknown.tally);
    add_tally(&sum, &v->others.tally);
    return sum;
}

struct verdict_summary verdict_summary(struct verdict *v, const char *secret_id)
{
    struct verdict_tally tally;

    pthread_mutex_lock(&v->lock);
    tally = collect(v, secret_id);
    pthread_mutex_unlock(&v->lock);
    return tally_summary(&tally);
}

static void add_client(struct strbuf *out, const struct client *client)
{
    struct verdict_summary sum = tally_summary(&client->tally);

    if (sum.n_requests == 0)
        return;
    if (out->len > 0 && out->buf[out->len - 1] != '[')
        strbuf_addch(out, ',');
    strbuf_addstr(out, "{\"secret_id\":");
    strbuf_add_json(out, client->secret_id, strlen(client->secret_id));
    strbuf_addf(out, ",\"conformant\":%s,\"requests\":%" PRIu64 "}",
                sum.conformant ? "true" : "false", sum.n_requests);
}

static void add_clients(struct strbuf *out, const struct verdict *v)
{
    strbuf_addstr(out, ",\"clients\":[");
    for (size_t i = 0; i < v->n_clients; i++)
        add_client(out, v->clients[i]);
    add_client(out, &v->unknown);
    add_client(out, &v->others);
    strbuf_addch(out, ']');
}

int verdict_render(struct verdict *v, const char *secret_id,
                   enum verdict_format format, struct strbuf *out)
{
    struct verdict_tally tally;

    pthread_mutex_lock(&v->lock);
    tally = collect(v, secret_id);
    switch (format) {
    case VERDICT_JSON:
        tally_render_json(&tally, out);
        if (!secret_id)
            add_clients(out, v);
        strbuf_addch(out, '}');
        break;
    case VERDICT_TEXT:
        tally_render_text(&tally, out);
        break;
    case VERDICT_JUNIT:
        tally_render_junit(&tally, secret_id ? secret_id : "all", NULL, 0, out);
        break;
    }
    pthread_mutex_unlock(&v->lock);
    return out->failed ? -1 : 0;
}

int verdict_render_junit(struct verdict *v, const struct verdict_case *cases,
                         size_t n, struct strbuf *out)
{
    struct verdict_tally tally;

    pthread_mutex_lock(&v->lock);
    tally = collect(v, NULL);
    tally_render_junit(&tally, "all", cases, n, out);
    pthread_mutex_unlock(&v->lock);
    return out->failed ? -1 : 0;
}

int verdict_render_coverage(struct verdict *v, const char *secret_id,
                            struct strbuf *out)
{
    struct verdict_tally tally;

    pthread_mutex_lock(&v->lock);
    tally = collect(v, secret_id);
    pthread_mutex_unlock(&v->lock);
    tally_render_coverage(&tally, out);
    return out->failed ? -1 : 0;
}
