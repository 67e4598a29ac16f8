#include "media.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "match.h"
#include "value.h"

static const struct magic {
    size_t offset;
    const char *bytes;
    const char *type;
    const char *extension;
} magics[] = {
    {4, "ftyp", "video/mp4", "mp4"},
    {0, "\xff\xd8\xff", "image/jpeg", "jpg"},
    {0, "GIF87a", "image/gif", "gif"},
    {0, "GIF89a", "image/gif", "gif"},
    {0, "\x89PNG\r\n", "image/png", "png"},
    {0, "", "application/octet-stream", "bin"},
};

static const struct magic *find_magic(const char *data, size_t len)
{
    const struct magic *m = magics;

    while (len < m->offset + strlen(m->bytes) ||
           memcmp(data + m->offset, m->bytes, strlen(m->bytes)) != 0)
        m++;
    return m;
}

static const char *last_part(const char *path)
{
    const char *slash = strrchr(path, '/');

    return slash ? slash + 1 : path;
}

/* where the bytes come from */

static enum media_outcome read_path(const char *path, struct media_file *out,
                                    char **why)
{
    if (bytes_read_file(&out->data, path) < 0) {
        *why = format("%s: %s", path, strerror(errno));
        return MEDIA_WRONG;
    }
    out->path = realpath(path, NULL);
    return MEDIA_OK;
}

static enum media_outcome read_media(const struct config *config,
                                     const char *name, struct media_file *out,
                                     char **why)
{
    enum media m = name ? config_media_find(name) : MEDIA__COUNT;

    if (m == MEDIA__COUNT) {
        *why = format("media: expected video, card or image, got \"%s\"",
                      name ? name : "");
        return MEDIA_WRONG;
    }
    if (config->media[m])
        return read_path(config->media[m], out, why);
    *why = format("no %s was given (--%s FILE)", name, name);
    return MEDIA_NOT_GIVEN;
}

static enum media_outcome read_fixture(const char *name, struct media_file *out,
                                       char **why)
{
    char *path = format("fixtures/%s", name);
    enum media_outcome outcome = read_path(path, out, why);

    free(path);
    return outcome;
}

enum media_outcome media_add_base64(struct bytes *b, const char *text,
                                    char **why)
{
    if (bytes_add_base64(b, text) == 0)
        return MEDIA_OK;
    *why = format("base64: expected padded Base64, got \"%s\"", text);
    return MEDIA_WRONG;
}

static enum media_outcome read_object(const struct config *config,
                                      const json_t *file,
                                      struct media_file *out, char **why)
{
    const char *media = value_find_text(file, "media");
    const json_t *text = json_object_get(file, "text");
    const char *encoded = value_find_text(file, "base64");
    const char *fixture = value_find_text(file, "fixture");

    if (!!media + json_is_string(text) + !!encoded + !!fixture != 1) {
        *why = format("a file: expected one of media, text, base64, fixture");
        return MEDIA_WRONG;
    }
    if (media)
        return read_media(config, media, out, why);
    if (encoded)
        return media_add_base64(&out->data, encoded, why);
    if (fixture)
        return read_fixture(fixture, out, why);
    bytes_add(&out->data, json_string_value(text), json_string_length(text));
    return MEDIA_OK;
}

/* what they are declared as */

/* "max_body", "max_body+N", "max_body-N" as bytes; negative when it is none. */
static long long relative_size(const struct config *config, const char *text)
{
    static const char base[] = "max_body";
    long long offset;
    char *end;

    if (!text || strncmp(text, base, strlen(base)) != 0)
        return -1;
    text += strlen(base);
    if (*text == '\0')
        return (long long)config->max_body;
    offset = strtoll(text, &end, 10);
    if ((*text != '+' && *text != '-') || *end)
        return -1;
    return (long long)config->max_body + offset;
}

enum media_outcome media_size(const struct config *config, const json_t *size,
                              size_t *bytes, char **why)
{
    const char *text = json_string_value(size);
    long long want = json_is_integer(size) ? json_integer_value(size)
                                           : relative_size(config, text);

    if (want < 0) {
        char *shown = match_show(size);

        *why = format("size: expected bytes or max_body+N, got %s", shown);
        free(shown);
        return MEDIA_WRONG;
    }
    *bytes = (size_t)want;
    return MEDIA_OK;
}

static enum media_outcome apply_size(const struct config *config,
                                     const json_t *size, struct media_file *out,
                                     char **why)
{
    size_t want;

    if (!size)
        return MEDIA_OK;
    if (media_size(config, size, &want, why) != MEDIA_OK)
        return MEDIA_WRONG;
    if (want > out->data.len)
        bytes_fill(&out->data, '\0', want - out->data.len);
    out->data.len = want;
    /* It is no longer the file it was read from. */
    if (out->path)
        out->filename = format("%s", last_part(out->path));
    free(out->path);
    out->path = NULL;
    return MEDIA_OK;
}

static void declare(const json_t *file, struct media_file *out)
{
    const json_t *filename = json_object_get(file, "filename");
    const json_t *type = json_object_get(file, "type");
    const struct magic *m = find_magic(out->data.data, out->data.len);

    out->has_filename = !json_is_null(filename);
    out->has_type = !json_is_null(type);
    if (json_is_string(filename)) {
        free(out->filename);
        out->filename = format("%s", json_string_value(filename));
    } else if (!out->filename && out->path) {
        out->filename = format("%s", last_part(out->path));
    } else if (!out->filename) {
        out->filename = format("file.%s", m->extension);
    }
    out->type =
        format("%s", json_is_string(type) ? json_string_value(type) : m->type);
}

enum media_outcome media_file(const struct config *config, const json_t *file,
                              struct media_file *out, char **why)
{
    enum media_outcome outcome;

    *out = (struct media_file){0};
    if (json_is_object(file))
        outcome = read_object(config, file, out, why);
    else
        outcome = read_media(config, json_string_value(file), out, why);
    if (outcome == MEDIA_OK)
        outcome = apply_size(config, json_object_get(file, "size"), out, why);
    if (outcome != MEDIA_OK) {
        media_file_release(out);
        return outcome;
    }
    bytes_text(&out->data, ""); /* also of nothing there is a pointer */
    declare(file, out);
    return MEDIA_OK;
}

/* as a file */

static int write_all(const char *path, const struct bytes *data)
{
    FILE *file = fopen(path, "wbe");
    size_t n;

    if (!file)
        return -1;
    n = data->len ? fwrite(data->data, 1, data->len, file) : 0;
    return fclose(file) == 0 && n == data->len ? 0 : -1;
}

int media_file_place(const struct config *config, struct media_file *file,
                     char **why)
{
    const char *name = last_part(file->filename);
    char *dir;

    if (*name == '\0' || strcmp(name, ".") == 0 || strcmp(name, "..") == 0)
        name = "file";
    if (file->path && strcmp(last_part(file->path), name) == 0)
        return 0;
    free(file->path);
    file->path = NULL;
    dir = format("%s/files", config->run_dir);
    if (mkdir(dir, 0700) < 0 && errno != EEXIST)
        goto fail;
    free(dir);
    /* One folder a file: several may have the same name. */
    dir = format("%s/files/XXXXXX", config->run_dir);
    if (!mkdtemp(dir))
        goto fail;
    file->path = format("%s/%s", dir, name);
    if (write_all(file->path, &file->data) < 0)
        goto fail;
    free(dir);
    return 0;

fail:
    *why = format("%s: %s", file->path ? file->path : dir, strerror(errno));
    free(dir);
    return -1;
}

void media_file_release(struct media_file *file)
{
    bytes_release(&file->data);
    free(file->filename);
    free(file->type);
    free(file->path);
    *file = (struct media_file){0};
}
