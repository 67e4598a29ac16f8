/*
 * journal_entry: what the journal keeps of one exchange, for journal.c alone:
 * journal_entry.c packs it into one block of memory, journal_render.c turns
 * it into JSON.
 *
 * Strings and lists lie behind the entry in the same block and are named by
 * their offset from its start, so that a block may be moved. They are cut to
 * bounds, so that no request can fill the journal alone. Names of enums are
 * looked up when rendering.
 */
#ifndef JOURNAL_ENTRY_H
#define JOURNAL_ENTRY_H

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

/* `at` is 0 for what was not there. */
struct entry_text {
    uint32_t at; /* bytes from the start of the entry */
    uint32_t len;
};

/* Elements one after the other, of the type that the list's name says. */
struct entry_list {
    uint32_t at;
    uint32_t n;
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
    struct entry_text message; /* not there: the catalogue's */
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

struct journal_page;

struct journal_entry {
    struct journal_page *page; /* for journal.c: where it lies */
    size_t size;               /* of the block */

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

    struct entry_list fields; /* struct entry_field, in order */
    struct entry_list parts;  /* struct entry_part, in order */
    struct entry_list notes;  /* struct entry_note, newest first, like the
                                 exchange's */
};

/* A block that any entry fits. */
union journal_block {
    struct journal_entry entry;
    char bytes[JOURNAL_ENTRY_MAX];
};

/* Packs what is kept of an exchange into at most `max_size` bytes of the
 * block, without id and page. entry.size bytes of it are used, a multiple of
 * the alignment of entries. */
void journal_entry_pack(union journal_block *block, const struct exchange *x,
                        size_t max_size);

/* The text's bytes, which no NUL ends; NULL for what was not there. */
const char *journal_entry_text(const struct journal_entry *e,
                               struct entry_text text);

/* Adds the entry as one JSON object. Returns 0, or -1 when the buffer
 * refused. */
int journal_entry_render(const struct journal_entry *e, struct strbuf *out);

#endif
