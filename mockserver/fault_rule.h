/*
 * fault_rule: one rule of fault_rules: how it is read from JSON, and which
 * exchanges it is about. Private to fault_rules.c, which keeps the rules and
 * counts.
 */
#ifndef FAULT_RULE_H
#define FAULT_RULE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "fault.h"
#include "json_strict.h"

enum {
    RULE_MAX_COUNT = 1000000000, /* of times, after and every */
    RULE_MAX_TEXT = 1024,        /* bytes of a value to match */
};

/* What a match may name. */
enum member {
    MEMBER_ENDPOINT,
    MEMBER_APPID,
    MEMBER_SECRET_ID,
    MEMBER_SEQ,
    MEMBER__COUNT
};

/* A shape is a set of members, bit by bit, and the phase. */
enum {
    SHAPE_EARLY = 1 << MEMBER__COUNT,
    N_SHAPES = SHAPE_EARLY << 1,
};

struct rule_text {
    const char *ptr; /* NULL: not there */
    size_t len;
};

/* The values of a match, or of an exchange. */
struct subject {
    struct rule_text texts[MEMBER__COUNT];
    uint64_t hashes[MEMBER__COUNT];
    unsigned members; /* those that are there, bit by bit */
};

struct rule {
    struct rule *next; /* in its bucket; ids rise */
    uint64_t hash;     /* says which bucket */
    uint64_t id;
    uint64_t matched;
    uint64_t fired;
    uint64_t times;
    uint64_t after;
    uint64_t every;
    unsigned shape;
    struct subject match; /* texts borrow from `document` */
    double probability;
    struct fault fault;
    struct cJSON *document; /* owned */
    char *given;            /* the document as text; owned */
};

/* Reads a rule and takes the document over, also when it refuses it. A `listed`
 * one may have id, matched and fired, which are dropped. NULL with the reason
 * in *js->why. */
struct rule *rule_parse(struct json_strict *js, struct cJSON *document,
                        bool listed);
void rule_free(struct rule *r); /* NULL is fine */

/* Do all values that the rule's match names agree? The subject has them. */
bool rule_matches(const struct rule *r, const struct subject *s);

/* Sets a value of a subject; the bytes are borrowed. */
void subject_set(struct subject *s, enum member member, const char *ptr,
                 size_t len);

/* A hash of a shape with the values of the members that it names. */
uint64_t subject_hash(const struct subject *s, unsigned shape);

#endif
