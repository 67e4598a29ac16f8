#include "client_call.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "protocol.h"
#include "value.h"

static bool is_endpoint(const struct client_call *call, const char *name)
{
    return strcmp(call->endpoint, name) == 0;
}

/* The arguments of a good call, below those that are given. */
static json_t *good_params(const struct client_call *call, const json_t *given)
{
    json_t *params = json_object();

    if (is_endpoint(call, "livedetectfour")) {
        json_object_set_new(params, "validate_data", json_string("9532"));
        json_object_set_new(params, "compare_flag", json_true());
    }
    if (given)
        json_object_update(params, (json_t *)given);
    return params;
}

static json_t *good_files(const struct client_call *call, const json_t *given)
{
    json_t *files = json_object();
    bool compares = json_is_true(json_object_get(call->params, "compare_flag"));

    if (is_endpoint(call, "livedetectfour")) {
        json_object_set_new(files, "video", json_string("video"));
        if (compares)
            json_object_set_new(files, "card", json_string("card"));
    }
    if (is_endpoint(call, "livedetectpicture") &&
        !json_object_get(call->params, "url"))
        json_object_set_new(files, "image", json_string("image"));
    if (given)
        json_object_update(files, (json_t *)given);
    return files;
}

static void leave_out(json_t *object, const json_t *names)
{
    const json_t *name;
    size_t i;

    json_array_foreach(names, i, name)
    {
        json_object_del(object, json_string_value(name));
    }
}

static enum media_outcome add_file(const struct config *config,
                                   struct client_call *call, const char *name,
                                   const json_t *file, char **why)
{
    struct client_file *f = &call->files[call->n_files];
    enum media_outcome outcome;

    if (call->n_files == CLIENT_CALL_FILES) {
        *why = format("a call has at most %d files", CLIENT_CALL_FILES);
        return MEDIA_WRONG;
    }
    outcome = media_file(config, file, &f->media, why);
    if (outcome != MEDIA_OK)
        return outcome;
    f->name = name;
    call->n_files++;
    return media_file_place(config, &f->media, why) < 0 ? MEDIA_WRONG
                                                        : MEDIA_OK;
}

static enum media_outcome add_files(const struct config *config,
                                    const json_t *files,
                                    struct client_call *call, char **why)
{
    enum media_outcome outcome = MEDIA_OK;
    const char *key;
    json_t *file;

    json_object_foreach((json_t *)files, key, file)
    {
        enum media m = config_media_find(key);

        if (m == MEDIA__COUNT) {
            *why = format("files.%s: expected video, card or image", key);
            return MEDIA_WRONG;
        }
        outcome = add_file(config, call, config_media_name(m), file, why);
        if (outcome != MEDIA_OK)
            break;
    }
    return outcome;
}

enum media_outcome client_call_make(const struct config *config,
                                    const json_t *given, const char *id,
                                    struct client_call *call, char **why)
{
    const json_t *omit = json_object_get(given, "omit");
    const json_t *timeout = json_object_get(given, "timeout_ms");
    enum media_outcome outcome;
    json_t *files;

    *call = (struct client_call){
        .id = format("%s", id),
        .endpoint = value_find_text(given, "endpoint"),
        .timeout_ms =
            timeout ? (int)json_integer_value(timeout) : CLIENT_CALL_MS,
    };
    call->params = good_params(call, json_object_get(given, "params"));
    files = good_files(call, json_object_get(given, "files"));
    leave_out(call->params, omit);
    leave_out(files, omit);
    outcome = add_files(config, files, call, why);
    json_decref(files);
    if (outcome != MEDIA_OK)
        client_call_release(call);
    return outcome;
}

void client_call_release(struct client_call *call)
{
    for (size_t i = 0; i < call->n_files; i++)
        media_file_release(&call->files[i].media);
    free(call->id);
    json_decref(call->params);
    *call = (struct client_call){0};
}

static json_t *describe_file(const struct media_file *media)
{
    char *sha256 = sha256_hex(media->data.data, media->data.len);
    json_t *file =
        json_pack("{s:s, s:s}", "path", media->path, "sha256", sha256);

    free(sha256);
    if (media->has_filename)
        json_object_set_new(file, "filename", json_string(media->filename));
    if (media->has_type)
        json_object_set_new(file, "type", json_string(media->type));
    return file;
}

/* Where a client is told to send: it connects to what the URL says. */
static char *base_url_of(const struct config *config)
{
    if (config->connect_to)
        return format("http://%s", config->connect_to);
    return format("%s", config->base_url);
}

char *client_call_line(const struct config *config,
                       const struct client_call *call,
                       const struct credentials *credentials)
{
    char *base_url = base_url_of(config);
    json_t *files = json_object();
    struct protocol_call asked = {
        .id = call->id,
        .endpoint = call->endpoint,
        .base_url = base_url,
        .ca_file = config->ca_file,
        .credentials = *credentials,
        .params = call->params,
        .files = files,
        .timeout_ms = call->timeout_ms,
    };
    char *line;

    for (size_t i = 0; i < call->n_files; i++)
        json_object_set_new(files, call->files[i].name,
                            describe_file(&call->files[i].media));
    line = protocol_call(&asked);
    json_decref(files);
    free(base_url);
    return line;
}

static bool has_file(const struct client_call *call, const char *name)
{
    for (size_t i = 0; i < call->n_files; i++) {
        if (strcmp(call->files[i].name, name) == 0)
            return true;
    }
    return false;
}

/* A picture goes by url or by file. Where both or none is given it is up to
 * the client, and either will do. */
static const char *picture_lacks(const json_t *features,
                                 const struct client_call *call)
{
    static const char json[] = "livedetectpicture.json";
    static const char form[] = "livedetectpicture.multipart";
    bool by_url = json_object_get(call->params, "url") != NULL;
    bool by_file = has_file(call, "image");
    bool can_json = protocol_has_feature(features, json);
    bool can_form = protocol_has_feature(features, form);

    if (by_url == by_file)
        return can_json || can_form ? NULL : form;
    if (by_url)
        return can_json ? NULL : json;
    return can_form ? NULL : form;
}

const char *client_call_lacks(const json_t *features,
                              const struct client_call *call)
{
    const char *lacks = NULL;

    if (is_endpoint(call, "livedetectpicture"))
        lacks = picture_lacks(features, call);
    else if (!protocol_has_feature(features, call->endpoint))
        lacks = call->endpoint;
    if (!lacks && json_object_get(call->params, "seq") &&
        !protocol_has_feature(features, "seq"))
        lacks = "seq";
    return lacks;
}
