/*
 * explain_search: tries every way in which a client may have spoilt a
 * signature: the form of the value, the place of the digest in its bytes, the
 * text that was signed, and the way the digest was made. For explain.c alone,
 * which puts the outcome into words.
 *
 * A way counts only when the digest is right, all of it. The right digest
 * itself never comes here: the accounts only say yes or no.
 */
#ifndef EXPLAIN_SEARCH_H
#define EXPLAIN_SEARCH_H

#include <stdbool.h>
#include <stddef.h>
#include "accounts.h"
#include "arena.h"
#include "explain.h"

enum { EXPLAIN_SHA256_LEN = 32 }; /* bytes of an HMAC-SHA256 */

/* A deviation from the right way; NULL for a hint: none. */
struct step {
    enum explain_mistake mistake;
    const char *hint;
};

/* Bytes, borrowed; a NULL ptr: there are none. */
struct piece {
    const char *ptr;
    size_t len;
};

struct explain_search {
    struct arena *arena;
    const struct accounts *accounts;
    /* found: the steps that lead to a right digest */
    const struct step *form, *place, *text, *maker;
    struct piece list; /* the key=value list that was signed, mended */
    /* whose text it claims to be; NULL: nobody's */
    const struct account *account;
};

/* Tries all ways on a field value of at most SIGNATURE_MAX_LEN bytes, the right
 * one first. Returns true, and has set what was found, once a digest is right;
 * false also when memory ran out. */
bool explain_search(struct explain_search *s, struct piece value);

/* What a list has for `k`, without a newline that ends it. */
struct piece list_secret_id(struct piece list);

/* Strict Base64 into the arena; nothing when it is not. */
struct piece piece_decode(struct arena *arena, struct piece value);

/* A copy in the arena, with a NUL after it. */
struct piece piece_copy(struct arena *arena, const char *ptr, size_t len);

/* The same bytes without the CR and LF at their end. */
struct piece piece_chomp(struct piece p);

bool piece_is_hex(struct piece p);

#endif
