/*
 * journal_entry: what the journal keeps of one exchange, for journal.c alone:
 * journal_entry.c copies it into one block of memory, journal_render.c turns
 * it into JSON.
 *
 * Strings point into the block and are cut to bounds, so that no request can
 * fill the journal alone. Names of enums are looked up when rendering.
 */
#ifndef JOURNAL_ENTRY_H
#define JOURNAL_ENTRY_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "exchange.h"
#include "findings.h"
#include "media.h"
#include "sha256.h"
#include "strbuf.h"

enum {
    JOURNAL_ENTRY_MIN = 2048, /* the least `max_size` that is heeded */
    JOURNAL_ENTRY_MAX = 64 * 1024,
};

/* `ptr` is NULL for what was not there. */
struct entry_text {
    const char *ptr;
    size_t len;
};

struct entry_field {
    struct entry_text name;
    struct entry_text value;
};

struct entry_part {
    struct entry_text name;
    struct entry_text filename;
    struct entry_text type;
    uint64_t size;
    bool is_sniffed;
    bool has_sha256;
    bool is_complete;
    bool repeated;
    enum media_type media;
    unsigned char sha256[SHA256_LEN];
};

struct entry_note {
    enum finding finding;
    struct entry_text seen;
};

/* The keys of the signed text, in the order of "abketruf". */
enum { SIGNED_A, SIGNED_B, SIGNED_K, SIGNED__COUNT = 8 };

struct entry_signature {
    bool is_checked; /* false: the exchange failed before */
    bool single_use;
    int code;
    struct entry_text why;
    struct entry_text fields[SIGNED__COUNT];
};

struct entry_natural {
    bool is_known; /* false: it was cut short before anything failed */
    int code;
    enum error_place place;
    struct entry_text message; /* ptr NULL: the catalogue's */
    struct entry_text why;
};

struct entry_served {
    bool is_anything; /* false: cut short by the client */
    bool has_code;    /* what was sent carries `code` at `place` */
    int code;
    enum error_place place;
    int http_status; /* 0: there was no status line */
    enum fault_transport transport;
    uint32_t delay_ms;
};

struct entry_fault {
    enum fault_source source;
    struct fault fault;
    uint64_t rule;
    struct entry_text problem;
};

struct journal_entry {
    atomic_uint n_refs;
    struct journal_entry *next_evicted; /* for journal.c */
    size_t size;                        /* of the block */

    uint64_t id; /* set by whoever gives them out, before it is shared */
    const char *endpoint; /* NULL: none */
    struct entry_served served;
    struct entry_signature signature;

    int64_t time_us;
    int64_t duration_us;
    struct entry_text client;
    struct entry_text method;
    struct entry_text target;
    struct entry_text version;
    struct entry_text appid;
    uint64_t body_size;
    struct entry_natural natural;
    struct entry_fault fault;
    bool cut_short;
    bool truncated; /* something did not fit */

    struct entry_field *fields; /* in order */
    size_t n_fields;
    struct entry_part *parts; /* in order */
    size_t n_parts;
    struct entry_note *notes; /* newest first, like the exchange's */
    size_t n_notes;
};

/* Copies what is kept of an exchange into at most `max_size` bytes, with one
 * reference and without id; NULL when memory ran out. */
struct journal_entry *journal_entry_new(const struct exchange *x,
                                        size_t max_size);

struct journal_entry *journal_entry_ref(struct journal_entry *e);
/* Frees it with the last reference. NULL is fine. */
void journal_entry_unref(struct journal_entry *e);

/* Adds the entry as one JSON object. Returns 0, or -1 when the buffer
 * refused. */
int journal_entry_render(const struct journal_entry *e, struct strbuf *out);

#endif
