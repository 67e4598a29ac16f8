/*
 * error_codes: the catalogue of every code the service may answer.
 *
 * error_codes.def holds one row a code; the enum below, the look-up, the
 * messages, `mockserver errors` and docs/error-codes.md all come from it.
 * Nothing is typed twice. The conformance suite links this module and no
 * other of ours. It includes nothing of the server.
 */
#ifndef ERROR_CODES_H
#define ERROR_CODES_H

#include <stddef.h>

/* The endpoints a code may occur on, as a bit set. */
enum error_endpoints {
    EP_FOUR = 1 << 0,    /* POST /face/livedetectfour */
    EP_PICTURE = 1 << 1, /* POST /face/livedetectpicture */
    EP_GETFOUR = 1 << 2, /* POST /face/livegetfour */
    EP_ALL = EP_FOUR | EP_PICTURE | EP_GETFOUR,
};

/* The reply field that carries a code on livedetectfour. The other endpoints
 * have only the top-level `code`. */
enum error_place {
    PLACE_CODE,
    PLACE_LIVE_STATUS,
    PLACE_COMPARE_STATUS,
    PLACE__COUNT
};

enum error_provenance {
    DOCUMENTED, /* in the two published pages */
    VENDOR,     /* stated by the vendor elsewhere */
    ASSUMED,    /* our choice, because nothing says */
    PROVENANCE__COUNT
};

/* What brings a code about with no fault injected: a recipe by name. */
enum error_trigger {
    TRIGGER_FAULT_ONLY,
    TRIGGER_MALFORMED_REQUEST,
    TRIGGER_NO_AUTHORIZATION,
    TRIGGER_MALFORMED_SIGNATURE,
    TRIGGER_OTHER_APPID,
    TRIGGER_EXPIRED_SIGNATURE,
    TRIGGER_UNKNOWN_APPID,
    TRIGGER_UNKNOWN_SECRET_ID,
    TRIGGER_SECRET_ID_OF_ANOTHER,
    TRIGGER_SINGLE_USE_TWICE,
    TRIGGER_WRONG_DIGEST,
    TRIGGER_OVER_RATE,
    TRIGGER_UNKNOWN_BUCKET,
    TRIGGER_BAD_PARAMETER,
    TRIGGER_BODY_TOO_LARGE,
    TRIGGER_PHOTO_NOT_DECODABLE,
    TRIGGER_CARD_NOT_DECODABLE,
    TRIGGER_EMPTY_VIDEO,
    TRIGGER_NO_IMAGE,
    TRIGGER__COUNT
};

enum error_code {
    ERR_OK = 0,
#define X(symbol, code, http, place, provenance, zh, en, endpoints, trigger)   \
    ERR_##symbol = (code),
#include "error_codes.def"
#undef X
};

enum language { LANGUAGE_EN, LANGUAGE_ZH };

struct error_info {
    enum error_code code;
    const char *symbol;
    int http_status; /* what --http-status=mapped answers */
    enum error_place place;
    enum error_provenance provenance;
    const char *zh;     /* the published table's own wording */
    const char *en;     /* a short phrase */
    unsigned endpoints; /* enum error_endpoints, or-ed */
    enum error_trigger trigger;
};

/* The rows in the order of the .def file. */
extern const struct error_info error_table[];
extern const size_t error_table_len;

/* The row of `code`, or NULL when the catalogue has none (0 has none). */
const struct error_info *error_find(int code);

/* The message that goes with a code: "OK" for 0 in both languages, the row's
 * phrase, or a fixed phrase for a code that no page lists. Never NULL. */
const char *error_message(int code, enum language language);

/* Words for the enums, as the docs and the fault grammar spell them:
 * "code", "live_status", "compare_status"; "D", "V", "A"; and for a trigger
 * one English sentence that tells how to bring the code about. Never NULL. */
const char *error_place_name(enum error_place place);
const char *error_provenance_mark(enum error_provenance provenance);
const char *error_trigger_text(enum error_trigger trigger);

#endif
