#include "livedetect.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <curl/curl.h>

#include "bugs.h"
#include "reply.h"
#include "request.h"

enum {
    ATTEMPTS_MAX = 3,
    PAUSE_MS = 50,              /* before the first retry; then twice that */
    PAUSE_TOO_OFTEN_MS = 200,   /* the same after a 15 */
    REPLY_MAX = 8 * 1024 * 1024 /* bytes; a photo is not nearly as long */
};

/* The codes that may change (docs/contract.md section 7). */
enum {
    CODE_TOO_FREQUENT = 15,
    CODE_AUTH_UNAVAILABLE = 107,
    CODE_AUTH_UNAVAILABLE_2 = 108,
    CODE_INTERNAL = 213,
    CODE_UNAVAILABLE = -5802
};

struct text {
    char *data;
    size_t len;
};

static long long now_ms(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec * 1000LL + now.tv_nsec / 1000000;
}

static void sleep_ms(long ms)
{
    struct timespec left = {ms / 1000, ms % 1000 * 1000000};

    while (nanosleep(&left, &left) != 0)
        ;
}

/* CURLOPT_WRITEFUNCTION. A reply that is too long ends the transfer. */
static size_t take_bytes(char *bytes, size_t size, size_t n, void *context)
{
    struct text *reply = context;

    n *= size;
    if (reply->len + n > REPLY_MAX)
        return 0;
    reply->data = checked(realloc(reply->data, reply->len + n + 1));
    memcpy(reply->data + reply->len, bytes, n);
    reply->len += n;
    reply->data[reply->len] = '\0';
    return n;
}

/* What curl_easy_perform() failed with; `begun`: the head of a reply came. */
static enum livedetect_failure failure_of(CURLcode result, bool begun)
{
    switch (result) {
    case CURLE_OPERATION_TIMEDOUT:
        return LIVEDETECT_TIMEOUT;
    case CURLE_COULDNT_RESOLVE_HOST:
    case CURLE_COULDNT_CONNECT:
        return LIVEDETECT_REFUSED;
    case CURLE_SSL_CONNECT_ERROR:
    case CURLE_SSL_CACERT_BADFILE:
    case CURLE_PEER_FAILED_VERIFICATION:
        return LIVEDETECT_TLS;
    case CURLE_PARTIAL_FILE:
        return LIVEDETECT_TRUNCATED;
    case CURLE_SEND_ERROR:
    case CURLE_RECV_ERROR:
    case CURLE_GOT_NOTHING:
        return begun ? LIVEDETECT_TRUNCATED : LIVEDETECT_RESET;
    default:
        return LIVEDETECT_BAD_RESPONSE;
    }
}

/*
 * One connection an attempt: on a kept one that turns out to be closed libcurl
 * would by itself send the request again. Proxies of the environment are not
 * asked; redirects are not followed, since they would hand the signature on.
 */
static void set_up(CURL *curl, const struct livedetect *client, long timeout_ms,
                   struct text *reply)
{
    curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(curl, CURLOPT_PROXY, "");
    curl_easy_setopt(curl, CURLOPT_FOLLOWLOCATION, 0L);
    if (client->ca_file)
        curl_easy_setopt(curl, CURLOPT_CAINFO, client->ca_file);
    curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, timeout_ms);
    curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT_MS, timeout_ms);
    curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, take_bytes);
    curl_easy_setopt(curl, CURLOPT_WRITEDATA, reply);
    bugs_timeout(curl, client->timeout_ms);
}

static void attempt(const struct livedetect *client,
                    const struct livedetect_call *call, long timeout_ms,
                    struct livedetect_outcome *outcome)
{
    CURL *curl = checked(curl_easy_init());
    char error[CURL_ERROR_SIZE] = "";
    struct text reply = {checked(calloc(1, 1)), 0};
    struct request request;
    CURLcode result;
    bool begun;

    set_up(curl, client, timeout_ms, &reply);
    curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, error);
    request_init(&request, curl, client, call);
    result = curl_easy_perform(curl);
    curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &outcome->http);
    begun = outcome->http >= 200; /* not just a 100 Continue */
    /* Who breaks an upload off may have answered it before: that counts more
     * than how the sending ended. */
    if (result == CURLE_OK ||
        (result == CURLE_SEND_ERROR && begun && reply.len > 0)) {
        reply_judge(outcome, call, reply.data, reply.len);
    } else {
        outcome->kind = LIVEDETECT_TRANSPORT;
        outcome->failure = failure_of(result, begun);
        snprintf(outcome->why, sizeof(outcome->why), "%s",
                 *error ? error : curl_easy_strerror(result));
    }
    bugs_reply(outcome, reply.data, reply.len);
    request_release(&request);
    curl_easy_cleanup(curl);
    free(reply.data);
}

/*
 * How long to wait before the call is repeated; -1 when the answer would not
 * change. A call judges and alters nothing, so one may be repeated that broke
 * off after it was sent; what took too long once would do so again.
 */
static long pause_ms(const struct livedetect_outcome *outcome)
{
    long doubled = 1L << (outcome->attempts - 1);

    if (outcome->kind == LIVEDETECT_API) {
        switch (outcome->code) {
        case CODE_TOO_FREQUENT:
            return PAUSE_TOO_OFTEN_MS * doubled;
        case CODE_AUTH_UNAVAILABLE:
        case CODE_AUTH_UNAVAILABLE_2:
        case CODE_INTERNAL:
        case CODE_UNAVAILABLE:
            return PAUSE_MS * doubled;
        default:
            return -1;
        }
    }
    switch (outcome->failure) {
    case LIVEDETECT_REFUSED:
    case LIVEDETECT_RESET:
        return PAUSE_MS * doubled;
    case LIVEDETECT_BAD_RESPONSE: /* a gateway's page */
        return outcome->http >= 500 ? PAUSE_MS * doubled : -1;
    default:
        return -1;
    }
}

void livedetect_perform(const struct livedetect *client,
                        const struct livedetect_call *call,
                        struct livedetect_outcome *outcome)
{
    long long deadline = now_ms() + client->timeout_ms;
    long left = client->timeout_ms;

    *outcome = (struct livedetect_outcome){0};
    if (!request_check(client, call, outcome->why, sizeof(outcome->why))) {
        outcome->kind = LIVEDETECT_REJECTED;
        return;
    }
    for (int n = 1;; n++) {
        long pause;

        livedetect_outcome_release(outcome);
        outcome->attempts = n;
        attempt(client, call, left, outcome);
        if (bugs_repeat(outcome))
            continue;
        pause = pause_ms(outcome);
        left = (long)(deadline - now_ms()) - pause;
        if (pause < 0 || left <= 0 || n >= ATTEMPTS_MAX)
            return;
        sleep_ms(pause);
    }
}

void livedetect_outcome_release(struct livedetect_outcome *outcome)
{
    json_decref(outcome->body);
    free(outcome->photo);
    *outcome = (struct livedetect_outcome){0};
}
