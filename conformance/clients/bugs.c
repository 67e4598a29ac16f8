#include "bugs.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <openssl/evp.h>
#include <openssl/hmac.h>

enum where { CLIENT, SIGNATURE, FIELDS, BODY, TIMEOUT, REPLY, REPEAT };

static const struct {
    enum where where;
    const char *name, *what;
} rows[] = {
    [BUG_NONE] = {CLIENT, "", ""},
#define X(symbol, where, name, what) [BUG_##symbol] = {where, name, what},
#include "bugs.def"
#undef X
};

enum { N_ROWS = sizeof(rows) / sizeof(rows[0]) };

/* Written once, by main(). A deliberate bug belongs to no struct of the
 * client. */
static enum bug selected = BUG_NONE;

bool bug(enum bug bug)
{
    return bug == selected;
}

int bugs_select(const char *name)
{
    for (int i = BUG_NONE + 1; i < N_ROWS; i++) {
        if (!strcmp(rows[i].name, name)) {
            selected = (enum bug)i;
            return 0;
        }
    }
    return -1;
}

void bugs_print(FILE *out)
{
    for (int i = BUG_NONE + 1; i < N_ROWS; i++)
        fprintf(out, "%s\t%s\n", rows[i].name, rows[i].what);
}

static bool is_made_here(enum where where)
{
    return rows[selected].where == where;
}

/* the signature */

static char *base64(const void *data, size_t len)
{
    char *text = checked(malloc(len / 3 * 4 + 5));

    EVP_EncodeBlock((unsigned char *)text, data, (int)len);
    return text;
}

static char *signed_text(const struct livedetect *client)
{
    long long now = time(NULL), expires = now + 300;
    const char *bucket = bug(BUG_BUCKET_UNSIGNED) ? "" : client->bucket;
    char *text;

    if (bug(BUG_EXPIRY_IN_MS))
        expires *= 1000;
    else if (bug(BUG_EXPIRY_TOO_LATE))
        expires = now + 100 * 86400;
    else if (bug(BUG_SINGLE_USE))
        expires = 0;
    if (asprintf(&text,
                 "a=%s%s%s&k=%s&e=%lld&t=%lld&r=%ld&u=0&f=", client->appid,
                 client->bucket ? "&b=" : "", client->bucket ? bucket : "",
                 client->secret_id, expires, now, random()) < 0)
        checked(NULL);
    return text;
}

static void make_url_safe(char *value)
{
    for (; *value && *value != '='; value++) {
        if (*value == '+')
            *value = '-';
        else if (*value == '/')
            *value = '_';
    }
    *value = '\0';
}

/* Takes the value, and returns it broken into lines. */
static char *break_lines(char *value)
{
    char *text = NULL;
    size_t len;
    FILE *out = checked(open_memstream(&text, &len));

    for (const char *line = value; *line; line += strnlen(line, 64))
        fprintf(out, "%s%.64s", line == value ? "" : "\n", line);
    fclose(out);
    free(value);
    return text;
}

static char *sign_wrongly(const struct livedetect *client)
{
    const char *key =
        bug(BUG_SECRET_ID_AS_KEY) ? client->secret_id : client->secret_key;
    char *text = signed_text(client), *raw = NULL, *value;
    unsigned char digest[EVP_MAX_MD_SIZE];
    unsigned digest_len = 0;
    size_t len;
    FILE *out = checked(open_memstream(&raw, &len));

    HMAC(bug(BUG_SHA256_DIGEST) ? EVP_sha256() : EVP_sha1(), key,
         (int)strlen(key), (unsigned char *)text, strlen(text), digest,
         &digest_len);
    if (bug(BUG_DIGEST_LAST))
        fputs(text, out);
    for (unsigned i = 0; bug(BUG_HEX_DIGEST) && i < digest_len; i++)
        fprintf(out, "%02x", digest[i]);
    if (!bug(BUG_HEX_DIGEST))
        fwrite(digest, 1, digest_len, out);
    if (!bug(BUG_DIGEST_LAST) && !bug(BUG_DIGEST_ONLY))
        fputs(text, out);
    fclose(out);
    value = base64(raw, len);
    free(raw);
    free(text);
    if (bug(BUG_URL_SAFE))
        make_url_safe(value);
    return bug(BUG_BASE64_LINES) ? break_lines(value) : value;
}

char *bugs_sign(const struct livedetect *client)
{
    static char *kept, *kept_for;

    if (!is_made_here(SIGNATURE))
        return NULL;
    if (!bug(BUG_SINGLE_USE))
        return sign_wrongly(client);
    if (!kept_for || strcmp(kept_for, client->secret_id) != 0) {
        free(kept);
        free(kept_for);
        kept = sign_wrongly(client);
        kept_for = checked(strdup(client->secret_id));
    }
    return checked(strdup(kept));
}

/* the fields */

static struct field *find(struct field *fields, size_t n, const char *name)
{
    static struct field none;

    for (size_t i = 0; i < n; i++) {
        if (!strcmp(fields[i].name, name))
            return &fields[i];
    }
    none = (struct field){0};
    return &none;
}

static void change_flag(struct field *flag)
{
    bool is_true;

    if (!flag->text)
        return;
    is_true = !strcmp(flag->text, "true");
    if (bug(BUG_FLAG_NUMBER))
        flag->text = is_true ? "1" : "0";
    else
        flag->text = is_true ? "True" : "False";
}

void bugs_fields(struct field *fields, size_t n)
{
    struct field *video = find(fields, n, "video");
    struct field *card = find(fields, n, "card");
    struct field *digits = find(fields, n, "validate_data");
    struct field *url = find(fields, n, "url");

    if (bug(BUG_FLAG_CAPITALISED) || bug(BUG_FLAG_NUMBER))
        change_flag(find(fields, n, "compare_flag"));
    if (bug(BUG_DIGITS_AS_NUMBER) && digits->text) {
        while (digits->text[0] == '0' && digits->text[1])
            digits->text++;
    }
    if (bug(BUG_DIGITS_DROPPED))
        digits->text = NULL;
    if (bug(BUG_BUCKET_DROPPED))
        find(fields, n, "bucket")->text = NULL;
    if (bug(BUG_SEQ_DROPPED))
        find(fields, n, "seq")->text = NULL;
    if (bug(BUG_CARD_DROPPED))
        card->path = NULL;
    if (bug(BUG_VIDEO_MISNAMED))
        video->name = "file";
    if (bug(BUG_FILES_SWAPPED) && card->path) {
        const char *path = video->path;

        video->path = card->path;
        card->path = path;
    }
    if (bug(BUG_URL_WITHOUT_SCHEME) && url->text && strstr(url->text, "://"))
        url->text = strstr(url->text, "://") + strlen("://");
}

/* the body */

/* UTF-8 as Latin-1, in place; what Latin-1 lacks becomes a question mark. */
static void make_latin1(char *text)
{
    char *out = text;

    for (const char *in = text; *in;) {
        unsigned char byte = (unsigned char)*in++;

        if (byte < 0x80) {
            *out++ = (char)byte;
            continue;
        }
        if (byte == 0xc2 || byte == 0xc3)
            *out++ = (char)((byte & 3) << 6 | (*in & 0x3f));
        else
            *out++ = '?';
        while (((unsigned char)*in & 0xc0) == 0x80)
            in++;
    }
    *out = '\0';
}

static void write_text(FILE *out, const char *text)
{
    char *copy = checked(strdup(text));

    if (bug(BUG_LATIN1))
        make_latin1(copy);
    fputs(copy, out);
    free(copy);
}

static char *read_file(const char *path, size_t *len)
{
    FILE *file = fopen(path, "rbe");
    char *bytes = NULL;
    FILE *copy = checked(open_memstream(&bytes, len));

    for (int c; file && (c = getc(file)) != EOF;)
        putc(c, copy);
    if (file)
        fclose(file);
    fclose(copy);
    return bytes;
}

static void write_file(FILE *out, const char *path)
{
    size_t len;
    char *bytes = read_file(path, &len), *text;

    if (bug(BUG_FIRST_BLOCK) && len > 4096)
        len = 4096;
    if (bug(BUG_FILE_AS_STRING))
        len = strlen(bytes);
    if (bug(BUG_FILE_AS_BASE64)) {
        text = base64(bytes, len);
        fputs(text, out);
        free(text);
        len = 0;
    }
    for (size_t i = 0; i < len; i++) {
        if (bug(BUG_TEXT_MODE) && bytes[i] == '\n')
            putc('\r', out);
        putc(bytes[i], out);
    }
    free(bytes);
}

static char *make_form(const struct field *fields, size_t n, size_t *len)
{
    static const char boundary[] = "----a-boundary-made-by-hand";
    const char *end = bug(BUG_BARE_LF) ? "\n" : "\r\n";
    char *body = NULL;
    FILE *out = checked(open_memstream(&body, len));

    for (size_t i = 0; i < n; i++) {
        const struct field *field = &fields[i];

        if (!field->text && !field->path)
            continue;
        fprintf(out, "--%s%sContent-Disposition: form-data; name=\"%s\"",
                boundary, end, field->name);
        if (field->path)
            fputs("; filename=\"file\"", out);
        fprintf(out, "%s%s", end, end);
        if (field->text)
            write_text(out, field->text);
        else
            write_file(out, field->path);
        fputs(end, out);
    }
    if (!bug(BUG_NOT_CLOSED))
        fprintf(out, "--%s--%s", boundary, end);
    fclose(out);
    return body;
}

void bugs_body(struct request *request, CURL *curl, const struct field *fields,
               size_t n)
{
    size_t len;

    if (!is_made_here(BODY))
        return;
    if (bug(BUG_CHUNKED)) {
        request->headers = checked(
            curl_slist_append(request->headers, "Transfer-Encoding: chunked"));
        return;
    }
    if (!request->form) {
        if (bug(BUG_LATIN1))
            make_latin1(request->json);
        return;
    }
    request->json = make_form(fields, n, &len);
    request->headers = checked(curl_slist_append(
        request->headers, bug(BUG_BOUNDARY_MISSING)
                              ? "Content-Type: multipart/form-data"
                              : "Content-Type: multipart/form-data; "
                                "boundary=----a-boundary-made-by-hand"));
    curl_easy_setopt(curl, CURLOPT_POSTFIELDS, request->json);
    curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)len);
}

/* time and retries */

void bugs_timeout(CURL *curl, long timeout_ms)
{
    if (bug(BUG_NO_TIMEOUT) || bug(BUG_IDLE_TIMEOUT))
        curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, 0L);
    if (bug(BUG_IMPATIENT))
        curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, 100L);
    if (bug(BUG_IDLE_TIMEOUT)) {
        curl_easy_setopt(curl, CURLOPT_LOW_SPEED_LIMIT, 1L);
        curl_easy_setopt(curl, CURLOPT_LOW_SPEED_TIME,
                         (timeout_ms + 999) / 1000);
    }
}

static json_int_t member(const struct livedetect_outcome *outcome,
                         const char *name)
{
    return json_integer_value(json_object_get(outcome->data, name));
}

bool bugs_repeat(const struct livedetect_outcome *outcome)
{
    bool is_reply = outcome->kind == LIVEDETECT_API;

    switch (selected) {
    case BUG_TIMEOUT_RETRIED:
        return !is_reply && outcome->failure == LIVEDETECT_TIMEOUT &&
               outcome->attempts < 3;
    case BUG_RETRY_ON_14:
        return is_reply && outcome->code == 14 && outcome->attempts < 3;
    case BUG_RETRY_ON_5007:
        return is_reply && member(outcome, "live_status") == -5007 &&
               outcome->attempts < 3;
    case BUG_RETRY_TOO_OFTEN:
        return is_reply && outcome->code == 107 && outcome->attempts < 8;
    default:
        return false;
    }
}

/* the reply */

static bool is_listed(json_int_t code)
{
    static const int codes[] = {
        0,     3,     4,     5,     6,     9,     10,    11,    12,    13,
        14,    15,    16,    21,    23,    24,    25,    107,   108,   213,
        -4006, -4007, -4009, -4010, -4011, -4012, -4015, -4016, -4017, -4018,
        -5001, -5002, -5005, -5007, -5008, -5009, -5010, -5011, -5012, -5013,
        -5014, -5015, -5016, -5801, -5802, -5803, -5804, -5805, -5806, -5807};

    for (size_t i = 0; i < sizeof(codes) / sizeof(codes[0]); i++) {
        if (codes[i] == code)
            return true;
    }
    return false;
}

static void pretend(struct livedetect_outcome *outcome, json_int_t code)
{
    outcome->kind = LIVEDETECT_API;
    outcome->code = code;
    outcome->message = "OK";
    outcome->data = NULL;
}

static void misread_success(struct livedetect_outcome *outcome)
{
    const json_t *photo = json_object_get(outcome->data, "photo");

    if (bug(BUG_LIVE_IGNORED) && json_object_get(outcome->data, "live_status"))
        json_object_set_new(outcome->data, "live_status", json_integer(0));
    if (bug(BUG_COMPARE_IGNORED)) {
        json_object_del(outcome->data, "compare_status");
        json_object_del(outcome->data, "compare_msg");
    }
    if (bug(BUG_SCORE_AS_TEXT) && json_object_get(outcome->data, "score"))
        json_object_set_new(outcome->data, "score",
                            json_sprintf("%d", (int)member(outcome, "score")));
    if (bug(BUG_PHOTO_UNDECODED) && photo) {
        free(outcome->photo);
        outcome->photo =
            (unsigned char *)checked(strdup(json_string_value(photo)));
        outcome->photo_len = json_string_length(photo);
    }
}

static void misread_code(struct livedetect_outcome *outcome)
{
    if (bug(BUG_CODE_SWALLOWED))
        pretend(outcome, 0);
    if (bug(BUG_MESSAGE_REPLACED))
        outcome->message = "the request failed";
    if (bug(BUG_UNLISTED_REFUSED) && !is_listed(outcome->code)) {
        outcome->kind = LIVEDETECT_TRANSPORT;
        outcome->failure = LIVEDETECT_BAD_RESPONSE;
    }
}

static void misread_failure(struct livedetect_outcome *outcome, bool is_html,
                            bool is_empty)
{
    bool is_bad = outcome->failure == LIVEDETECT_BAD_RESPONSE;

    if (bug(BUG_FAILURES_AS_TIMEOUT))
        outcome->failure = LIVEDETECT_TIMEOUT;
    if (bug(BUG_CRASH_ON_HTML) && is_html)
        abort();
    if (bug(BUG_HTML_AS_REPLY) && is_html)
        pretend(outcome, outcome->http);
    if (bug(BUG_TRUNCATED_AS_SUCCESS) &&
        outcome->failure == LIVEDETECT_TRUNCATED)
        pretend(outcome, 0);
    if (bug(BUG_MALFORMED_AS_SUCCESS) && is_bad && outcome->http == 200 &&
        !is_empty)
        pretend(outcome, 0);
    if (bug(BUG_EMPTY_AS_SUCCESS) && is_bad && outcome->http == 200 && is_empty)
        pretend(outcome, 0);
}

void bugs_reply(struct livedetect_outcome *outcome, const char *text,
                size_t len)
{
    if (!is_made_here(REPLY))
        return;
    if (bug(BUG_HTTP_ALWAYS_200))
        outcome->http = 200;
    else if (outcome->kind == LIVEDETECT_TRANSPORT)
        misread_failure(outcome, *text == '<', len == 0);
    else if (outcome->code == 0)
        misread_success(outcome);
    else
        misread_code(outcome);
}
