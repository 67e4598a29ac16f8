#include "request.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/rand.h>

#include "bugs.h"

enum {
    MAX_BODY = 6 * 1024 * 1024, /* section 3: of the whole body */
    /* Bytes of a form beside names and contents, for each part, at most:
     * libcurl does not tell how long its form will be. */
    PART_OVERHEAD = 160,
    VALID_SECONDS = 300, /* long enough for clocks that are a little apart */
    SHA1_LEN = 20
};

void *checked(void *p)
{
    if (!p) {
        fputs("out of memory\n", stderr);
        exit(2);
    }
    return p;
}

static bool is_given(const char *text)
{
    return text && *text;
}

/* Section 4. Each request gets a signature that may be used many times, since
 * livedetectpicture asks for such, and that expires soon. */
char *request_sign(const struct livedetect *client)
{
    long long now = time(NULL);
    unsigned random = 0;
    const char *key = client->secret_key;
    char *text, *value;
    unsigned char *raw;
    int len;

    RAND_bytes((unsigned char *)&random, sizeof(random));
    len = asprintf(
        &text, "a=%s%s%s&k=%s&e=%lld&t=%lld&r=%u&u=0&f=", client->appid,
        client->bucket ? "&b=" : "", client->bucket ? client->bucket : "",
        client->secret_id, now + VALID_SECONDS, now, random);
    if (len < 0)
        checked(NULL);
    raw = checked(malloc(SHA1_LEN + (size_t)len));
    HMAC(EVP_sha1(), key, (int)strlen(key), (unsigned char *)text, (size_t)len,
         raw, NULL);
    memcpy(raw + SHA1_LEN, text, (size_t)len);
    value = checked(malloc((SHA1_LEN + (size_t)len) / 3 * 4 + 5));
    EVP_EncodeBlock((unsigned char *)value, raw, SHA1_LEN + len);
    free(raw);
    free(text);
    return value;
}

/* The fields of a call, in the order of the published pages. */
static size_t fields_of(const struct livedetect *client,
                        const struct livedetect_call *call,
                        struct field fields[FIELDS_MAX])
{
    size_t n = 0;

    fields[n++] = (struct field){"appid", client->appid, NULL};
    /* livedetectpicture has no bucket but the signed one. */
    if (call->endpoint != LIVEDETECT_PICTURE)
        fields[n++] = (struct field){"bucket", client->bucket, NULL};
    if (call->endpoint == LIVEDETECT_FOUR) {
        fields[n++] =
            (struct field){"validate_data", call->validate_data, NULL};
        fields[n++] = (struct field){"video", NULL, call->video};
        fields[n++] = (struct field){"compare_flag",
                                     call->compare ? "true" : "false", NULL};
        fields[n++] = (struct field){"card", NULL, call->card};
    } else if (call->endpoint == LIVEDETECT_PICTURE) {
        if (is_given(call->url))
            fields[n++] = (struct field){"url", call->url, NULL};
        else
            fields[n++] = (struct field){"image", NULL, call->image};
    }
    fields[n++] = (struct field){"seq", call->seq, NULL};
    return n;
}

static const char *missing_argument(const struct livedetect_call *call)
{
    switch (call->endpoint) {
    case LIVEDETECT_FOUR:
        if (!is_given(call->validate_data))
            return "validate_data is missing";
        if (!is_given(call->video))
            return "video is missing";
        if (call->compare && !is_given(call->card))
            return "card is missing, and compare_flag is true";
        break;
    case LIVEDETECT_PICTURE:
        if (!is_given(call->url) && !is_given(call->image))
            return "url and image are missing";
        break;
    case LIVEDETECT_GET_FOUR:
        break;
    }
    return NULL;
}

bool request_check(const struct livedetect *client,
                   const struct livedetect_call *call, char *why,
                   size_t why_len)
{
    const char *missing = missing_argument(call);
    struct field fields[FIELDS_MAX];
    size_t n = fields_of(client, call, fields);
    long long size = 0, limit = MAX_BODY;
    struct stat info;

    if (missing) {
        snprintf(why, why_len, "%s", missing);
        return false;
    }
    for (size_t i = 0; i < n; i++) {
        const struct field *field = &fields[i];

        if (!field->text && !field->path)
            continue;
        size += PART_OVERHEAD + (long long)strlen(field->name);
        if (field->text) {
            size += (long long)strlen(field->text);
        } else if (stat(field->path, &info) != 0 || !S_ISREG(info.st_mode) ||
                   access(field->path, R_OK) != 0) {
            snprintf(why, why_len, "%s cannot be read", field->name);
            return false;
        } else {
            size += info.st_size + (long long)strlen(field->path);
        }
    }
    if (bug(BUG_SIZE_IN_DECIMAL))
        limit = 6000000;
    if (size > limit && !bug(BUG_SIZE_UNCHECKED)) {
        snprintf(why, why_len, "a body of %lld bytes is over the limit of %lld",
                 size, limit);
        return false;
    }
    return true;
}

/* The type of a file by its first bytes; a name may say anything. */
static const char *media_type(const char *path)
{
    static const struct {
        size_t at, len;
        const char *bytes, *type;
    } types[] = {
        {0, 3, "\xff\xd8\xff", "image/jpeg"}, {0, 4, "\x89PNG", "image/png"},
        {0, 4, "GIF8", "image/gif"},          {4, 4, "ftyp", "video/mp4"},
        {0, 3, "FLV", "video/x-flv"},
    };
    char head[8] = "";
    FILE *file = fopen(path, "rbe");
    size_t n = file ? fread(head, 1, sizeof(head), file) : 0;

    if (file)
        fclose(file);
    for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
        if (n >= types[i].at + types[i].len &&
            !memcmp(head + types[i].at, types[i].bytes, types[i].len))
            return types[i].type;
    }
    return "application/octet-stream";
}

/* Files are streamed, with the last component of their path for a filename. */
static curl_mime *make_form(CURL *curl, const struct field *fields, size_t n)
{
    curl_mime *form = checked(curl_mime_init(curl));

    for (size_t i = 0; i < n; i++) {
        const struct field *field = &fields[i];
        curl_mimepart *part;

        if (!field->text && !field->path)
            continue;
        part = checked(curl_mime_addpart(form));
        curl_mime_name(part, field->name);
        if (field->text) {
            curl_mime_data(part, field->text, CURL_ZERO_TERMINATED);
        } else {
            curl_mime_filedata(part, field->path);
            curl_mime_type(part, media_type(field->path));
        }
    }
    return form;
}

static char *make_json(const struct field *fields, size_t n)
{
    json_t *body = checked(json_object());
    char *text;

    for (size_t i = 0; i < n; i++) {
        if (fields[i].text)
            json_object_set_new(body, fields[i].name,
                                checked(json_string(fields[i].text)));
    }
    text = checked(json_dumps(body, JSON_COMPACT));
    json_decref(body);
    return text;
}

static void add_header(struct request *request, const char *name,
                       const char *value)
{
    char *line;

    if (asprintf(&line, "%s: %s", name, value) < 0)
        checked(NULL);
    request->headers = checked(curl_slist_append(request->headers, line));
    free(line);
}

static void set_url(CURL *curl, const struct livedetect *client,
                    enum livedetect_endpoint endpoint)
{
    static const char *const paths[] = {
        [LIVEDETECT_FOUR] = "livedetectfour",
        [LIVEDETECT_PICTURE] = "livedetectpicture",
        [LIVEDETECT_GET_FOUR] = "livegetfour",
    };
    char *url;

    if (asprintf(&url, "%s/face/%s%s", client->base_url, paths[endpoint],
                 bug(BUG_FINAL_SLASH) ? "/" : "") < 0)
        checked(NULL);
    curl_easy_setopt(curl, CURLOPT_URL, url);
    free(url);
}

/* libcurl waits for a 100 Continue before it uploads a large form: a refusal
 * by the headers alone then spares the upload. */
void request_init(struct request *request, CURL *curl,
                  const struct livedetect *client,
                  const struct livedetect_call *call)
{
    struct field fields[FIELDS_MAX];
    size_t n = fields_of(client, call, fields);
    bool is_form =
        call->endpoint == LIVEDETECT_FOUR ||
        (call->endpoint == LIVEDETECT_PICTURE && !is_given(call->url));
    char *signature = bugs_sign(client);

    *request = (struct request){0};
    if (!signature)
        signature = request_sign(client);
    add_header(request, "Authorization", signature);
    free(signature);
    set_url(curl, client, call->endpoint);
    bugs_fields(fields, n);
    if (is_form) {
        request->form = make_form(curl, fields, n);
        curl_easy_setopt(curl, CURLOPT_MIMEPOST, request->form);
    } else {
        add_header(request, "Content-Type",
                   bug(BUG_JSON_UNTYPED) ? "application/x-www-form-urlencoded"
                                         : "application/json");
        request->json = make_json(fields, n);
        curl_easy_setopt(curl, CURLOPT_POSTFIELDS, request->json);
    }
    bugs_body(request, curl, fields, n);
    curl_easy_setopt(curl, CURLOPT_HTTPHEADER, request->headers);
}

void request_release(struct request *request)
{
    curl_slist_free_all(request->headers);
    curl_mime_free(request->form);
    free(request->json);
    *request = (struct request){0};
}
