/*
 * livedetect: a client of the face-liveness API (docs/contract.md).
 *
 * It makes one call: signs it, sends it, judges the reply, and repeats it
 * where that makes sense. This, request.[ch] and reply.[ch] are written to be
 * copied into a program that needs a client; leave out what names a bug
 * (bugs.h). They know nothing of the conformance suite. They need libcurl
 * 7.85, jansson and libcrypto; call curl_global_init() first.
 *
 * Memory that runs out ends the program.
 */
#ifndef LIVEDETECT_H
#define LIVEDETECT_H

#include <stdbool.h>
#include <stddef.h>
#include <jansson.h>

/* Whom to call, and as whom. */
struct livedetect {
    const char *base_url; /* without a final slash */
    const char *ca_file;  /* PEM; NULL: the system's */
    const char *appid;
    const char *bucket; /* NULL: an account without buckets */
    const char *secret_id;
    const char *secret_key;
    long timeout_ms; /* for a call with all its attempts */
};

enum livedetect_endpoint {
    LIVEDETECT_FOUR,    /* is the person of a video alive, and that of a card */
    LIVEDETECT_PICTURE, /* is the person of a photo alive */
    LIVEDETECT_GET_FOUR /* the digits to read aloud in the video */
};

/* The arguments; NULL or empty: not given. Files are paths. */
struct livedetect_call {
    enum livedetect_endpoint endpoint;
    const char *seq; /* UTF-8; any endpoint */
    /* LIVEDETECT_FOUR */
    const char *validate_data;
    const char *video;
    bool compare; /* with `card` */
    const char *card;
    /* LIVEDETECT_PICTURE: one of these; `url` counts if both are given */
    const char *url;
    const char *image;
};

enum livedetect_kind {
    LIVEDETECT_API,       /* there was a reply with a code */
    LIVEDETECT_TRANSPORT, /* there was none, or none that can be used */
    LIVEDETECT_REJECTED   /* the arguments can only fail; nothing was sent */
};

enum livedetect_failure {
    LIVEDETECT_TIMEOUT,
    LIVEDETECT_REFUSED,     /* no connection */
    LIVEDETECT_TLS,         /* no connection that can be trusted */
    LIVEDETECT_RESET,       /* broken or closed before a reply began */
    LIVEDETECT_TRUNCATED,   /* the reply did not arrive whole */
    LIVEDETECT_BAD_RESPONSE /* the reply is none of this API's */
};

struct livedetect_outcome {
    enum livedetect_kind kind;
    int attempts;  /* requests that were sent, or tried to be */
    char why[256]; /* TRANSPORT, REJECTED: for a person to read */
    enum livedetect_failure failure; /* TRANSPORT */

    long http; /* HTTP status of the reply; 0: there was none */

    /* API. A code of 0 alone is no verdict: livedetectfour has two more in
     * `data`, live_status and compare_status (contract section 7). */
    json_int_t code;
    const char *message;
    json_t *data; /* NULL: the reply has none */
    /* The photo of a comparison that took place, decoded. */
    unsigned char *photo; /* NULL: none */
    size_t photo_len;

    json_t *body; /* what `message` and `data` are borrowed from */
};

/* Makes the call. The caller releases the outcome. */
void livedetect_perform(const struct livedetect *client,
                        const struct livedetect_call *call,
                        struct livedetect_outcome *outcome);
void livedetect_outcome_release(struct livedetect_outcome *outcome);

#endif
