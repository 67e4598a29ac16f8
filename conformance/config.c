#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "bytes.h"
#include "value.h"

static const char *const target_names[] = {
    [TARGET_MOCK] = "mock",
    [TARGET_ADMIN] = "admin",
    [TARGET_PLAIN] = "plain",
};

static const char *const media_names[MEDIA__COUNT] = {
    [MEDIA_VIDEO] = "video",
    [MEDIA_CARD] = "card",
    [MEDIA_IMAGE] = "image",
};

/* The members of the file, each with its field. */
struct string_field {
    const char *name;
    const char **value;
};

enum { N_STRINGS = 12 };

static void list_strings(struct config *c, struct string_field f[N_STRINGS])
{
    size_t n = 0;

    f[n++] = (struct string_field){"base_url", &c->base_url};
    f[n++] = (struct string_field){"connect_to", &c->connect_to};
    f[n++] = (struct string_field){"ca_file", &c->ca_file};
    f[n++] = (struct string_field){"admin_token", &c->admin_token};
    f[n++] = (struct string_field){"mock_program", &c->mock_program};
    f[n++] = (struct string_field){"client", &c->client};
    f[n++] = (struct string_field){"known_file", &c->known_file};
    f[n++] = (struct string_field){"nonce", &c->nonce};
    f[n++] = (struct string_field){"run_dir", &c->run_dir};
    for (size_t m = 0; m < MEDIA__COUNT; m++)
        f[n++] = (struct string_field){media_names[m], &c->media[m]};
}

struct json_field {
    const char *name;
    json_t **value;
};

enum { N_JSON = 4 };

static void list_json(struct config *c, struct json_field f[N_JSON])
{
    f[0] = (struct json_field){"mock_options", &c->mock_options};
    f[1] = (struct json_field){"accounts", &c->accounts};
    f[2] = (struct json_field){"features", &c->features};
    f[3] = (struct json_field){"known_failing", &c->known_failing};
}

static json_t *to_json(const struct config *config)
{
    struct config c = *config;
    struct string_field strings[N_STRINGS];
    struct json_field lists[N_JSON];
    json_t *json =
        json_pack("{s:i, s:b, s:b, s:b, s:b, s:I, s:i}", "target",
                  (int)c.target, "insecure", c.insecure, "strict", c.strict,
                  "strict_skips", c.strict_skips, "trace", c.trace, "max_body",
                  (json_int_t)c.max_body, "timeout_ms", c.timeout_ms);

    list_strings(&c, strings);
    for (size_t i = 0; i < N_STRINGS; i++) {
        if (*strings[i].value)
            json_object_set_new(json, strings[i].name,
                                json_string(*strings[i].value));
    }
    list_json(&c, lists);
    for (size_t i = 0; i < N_JSON; i++) {
        if (*lists[i].value)
            json_object_set(json, lists[i].name, *lists[i].value);
    }
    return json;
}

int config_save(const struct config *config)
{
    json_t *json = to_json(config);
    char *path = format("%s/config.json", config->run_dir);
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    int failed = fd < 0 ? errno : 0;

    errno = 0;
    if (fd >= 0 && json_dumpfd(json, fd, JSON_COMPACT) < 0)
        failed = errno ? errno : EIO;
    if (fd >= 0 && close(fd) < 0)
        failed = errno;
    json_decref(json);
    free(path);
    errno = failed;
    return failed ? -1 : 0;
}

/* Points the other members into config->json. */
static void borrow_members(struct config *config)
{
    struct string_field strings[N_STRINGS];
    struct json_field lists[N_JSON];

    list_strings(config, strings);
    for (size_t i = 0; i < N_STRINGS; i++)
        *strings[i].value = value_find_text(config->json, strings[i].name);
    list_json(config, lists);
    for (size_t i = 0; i < N_JSON; i++)
        *lists[i].value =
            json_incref(json_object_get(config->json, lists[i].name));
}

int config_load(struct config *config, const char *run_dir, char **why)
{
    char *path = format("%s/config.json", run_dir);
    json_error_t error;
    int target = 0, insecure = 0, strict = 0, strict_skips = 0, trace = 0;
    json_int_t max_body = 0;

    *config = (struct config){0};
    config->json = json_load_file(path, 0, &error);
    if (!config->json ||
        json_unpack_ex(config->json, &error, 0,
                       "{s:i, s:b, s:b, s:b, s:b, s:I, s:i}", "target", &target,
                       "insecure", &insecure, "strict", &strict, "strict_skips",
                       &strict_skips, "trace", &trace, "max_body", &max_body,
                       "timeout_ms", &config->timeout_ms) < 0) {
        *why = format("%s: %s", path, error.text);
        free(path);
        config_release(config);
        return -1;
    }
    free(path);
    config->target = (enum target_kind)target;
    config->insecure = insecure;
    config->strict = strict;
    config->strict_skips = strict_skips;
    config->trace = trace;
    config->max_body = (size_t)max_body;
    borrow_members(config);
    return 0;
}

void config_release(struct config *config)
{
    struct json_field lists[N_JSON];

    list_json(config, lists);
    for (size_t i = 0; i < N_JSON; i++)
        json_decref(*lists[i].value);
    json_decref(config->json);
    *config = (struct config){0};
}

bool config_has_admin(const struct config *config)
{
    return config->target != TARGET_PLAIN;
}

bool config_is_https(const struct config *config)
{
    return config->base_url && strncmp(config->base_url, "https:", 6) == 0;
}

const char *config_target_name(enum target_kind kind)
{
    return target_names[kind];
}

const char *config_media_name(enum media media)
{
    return media_names[media];
}

enum media config_media_find(const char *name)
{
    size_t i = 0;

    while (i < MEDIA__COUNT && strcmp(media_names[i], name) != 0)
        i++;
    return (enum media)i;
}
