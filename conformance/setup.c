#include "setup.h"

#include <errno.h>
#include <ftw.h>
#include <limits.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include "bytes.h"
#include "match.h"
#include "value.h"

static int make_run_dir(struct setup *setup, char **why)
{
    const char *tmp = getenv("TMPDIR");
    static const char *const parts[] = {"result", "files"};

    setup->run_dir =
        format("%s/conformance.XXXXXX", tmp && *tmp ? tmp : "/tmp");
    if (!mkdtemp(setup->run_dir)) {
        *why = format("%s: %s", setup->run_dir, strerror(errno));
        free(setup->run_dir);
        setup->run_dir = NULL;
        return -1;
    }
    for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
        char *path = format("%s/%s", setup->run_dir, parts[i]);
        int failed = mkdir(path, 0700);

        if (failed)
            *why = format("%s: %s", path, strerror(errno));
        free(path);
        if (failed)
            return -1;
    }
    setup->config.run_dir = setup->run_dir;
    return 0;
}

/* Tells the accounts of this run from those of others on the same server. */
static void make_nonce(struct setup *setup)
{
    static const char letters[] = "0123456789abcdefghijklmnopqrstuv";
    unsigned char random[sizeof(setup->nonce) - 1];

    if (getrandom(random, sizeof(random), 0) != (ssize_t)sizeof(random))
        memset(random, getpid() & 0xff, sizeof(random));
    for (size_t i = 0; i < sizeof(random); i++)
        setup->nonce[i] = letters[random[i] % 32];
    setup->config.nonce = setup->nonce;
}

/* 0, or -1 with errno. */
static int check_readable(const char *path)
{
    struct stat st;

    if (stat(path, &st) == 0 && S_ISDIR(st.st_mode)) {
        errno = EISDIR;
        return -1;
    }
    return access(path, R_OK);
}

/* Media: those given, else the project's own, which any mock takes. */
static int find_media(struct setup *setup, const struct suite_options *options,
                      char **why)
{
    static const char *const shipped[MEDIA__COUNT] = {
        [MEDIA_VIDEO] = "fixtures/media/talking.mp4",
        [MEDIA_CARD] = "fixtures/media/face.jpg",
        [MEDIA_IMAGE] = "fixtures/media/photo.jpg",
    };

    for (size_t m = 0; m < MEDIA__COUNT; m++) {
        const char *given = options->config.media[m];
        const char *path = given ? given : shipped[m];

        setup->config.media[m] = NULL;
        if (!given && setup->config.target == TARGET_PLAIN)
            continue;
        setup->media[m] = realpath(path, NULL);
        if (!setup->media[m]) {
            *why = format("%s: %s%s", path, strerror(errno),
                          given ? ""
                                : "; run this in the project's directory, or "
                                  "give --video, --card and --image");
            return -1;
        }
        if (check_readable(setup->media[m]) < 0) {
            *why = format("%s: %s", path, strerror(errno));
            return -1;
        }
        setup->config.media[m] = setup->media[m];
    }
    return 0;
}

/* The list of cases that may fail. */
static int read_known_failing(struct setup *setup, const char *path, char **why)
{
    json_t *list = json_array();
    struct bytes text = {0};
    char *rest, *line;
    int number = 0;

    setup->config.known_failing = list;
    setup->config.known_file = path;
    if (!path)
        return 0;
    if (bytes_read_file(&text, path) < 0) {
        *why = format("%s: %s", path, strerror(errno));
        bytes_release(&text);
        return -1;
    }
    rest = text.data;
    while ((line = strsep(&rest, "\n"))) {
        size_t len = strcspn(line, "#\r");

        number++;
        while (len > 0 && strchr(" \t", line[len - 1]))
            len--;
        line[len] = '\0';
        line += strspn(line, " \t");
        if (*line)
            json_array_append_new(
                list, json_pack("{s:s, s:i}", "glob", line, "line", number));
    }
    bytes_release(&text);
    return 0;
}

/* Accounts that the target knows. */

static bool is_filled(const json_t *value)
{
    return json_is_string(value) && json_string_length(value) > 0;
}

static bool is_account(const json_t *account)
{
    const json_t *key = json_array_get(json_object_get(account, "keys"), 0);

    return is_filled(json_object_get(account, "appid")) &&
           is_filled(json_object_get(key, "secret_id")) &&
           is_filled(json_object_get(key, "secret_key"));
}

static int read_accounts(const char *path, json_t *accounts, char **why)
{
    json_error_t error;
    json_t *file = json_load_file(path, JSON_REJECT_DUPLICATES, &error);
    json_t *list = json_object_get(file, "accounts");
    const json_t *account;
    size_t i;

    if (!file)
        *why = format("%s:%d: %s", path, error.line, error.text);
    else if (json_array_size(list) == 0)
        *why = format("%s: expected a list of accounts", path);
    json_array_foreach(list, i, account)
    {
        if (!*why && !is_account(account))
            *why = format("%s: accounts[%zu]: expected an appid and a key with "
                          "secret_id and secret_key",
                          path, i);
    }
    if (!*why)
        json_array_extend(accounts, list);
    json_decref(file);
    return *why ? -1 : 0;
}

static int find_accounts(struct setup *setup,
                         const struct suite_options *options, char **why)
{
    json_t *accounts = json_array();
    json_t *account;

    setup->config.accounts = accounts;
    if (options->secret_id) {
        account =
            json_pack("{s:s, s:[], s:[{s:s, s:s}]}", "appid", options->appid,
                      "buckets", "keys", "secret_id", options->secret_id,
                      "secret_key", options->secret_key);
        if (options->bucket)
            json_array_append_new(json_object_get(account, "buckets"),
                                  json_string(options->bucket));
        json_array_append_new(accounts, account);
    }
    if (options->accounts)
        return read_accounts(options->accounts, accounts, why);
    return 0;
}

/* The target. */

static int find_mock_program(struct setup *setup, char **why)
{
    char self[PATH_MAX];
    ssize_t n;
    char *slash;

    if (setup->config.mock_program)
        return 0;
    n = readlink("/proc/self/exe", self, sizeof(self) - 1);
    if (n < 0) {
        *why = format("/proc/self/exe: %s", strerror(errno));
        return -1;
    }
    self[n] = '\0';
    slash = strrchr(self, '/');
    if (slash)
        *slash = '\0';
    setup->mock_program = format("%s/mockserver", self);
    setup->config.mock_program = setup->mock_program;
    return 0;
}

/* All mocks of the run then show certificates of one authority. */
static void use_tls(struct setup *setup)
{
    char *dir = format("%s/tls", setup->run_dir);

    setup->ca_file = format("%s/ca.pem", dir);
    setup->config.ca_file = setup->ca_file;
    json_array_append_new(setup->config.mock_options, json_string("--tls-dir"));
    json_array_append_new(setup->config.mock_options, json_string(dir));
    free(dir);
}

static int start_mock(struct setup *setup, bool https, char **why)
{
    setup->config.target = TARGET_MOCK;
    if (https)
        use_tls(setup);
    if (mock_start(&setup->mock, setup->config.mock_program,
                   setup->config.mock_options, https, why) < 0)
        return -1;
    setup->config.base_url = setup->mock.base_url;
    return 0;
}

/* Asks a URL for our admin API: any answer of HTTP says that it is there. */
static int probe(struct setup *setup, bool no_admin, char **why)
{
    struct config *c = &setup->config;
    json_t *reply;
    int status = mock_call(c, "GET", "health", NULL, &reply, why);
    const char *health = value_find_text(reply, "status");
    bool is_ours = status == 200 && text_is(health, "ok") &&
                   json_object_get(reply, "version");

    c->target = is_ours && !no_admin ? TARGET_ADMIN : TARGET_PLAIN;
    if (status == 401 && !no_admin)
        *why = format("%s: its admin API asks for a token: --admin-token, or "
                      "--no-admin",
                      c->base_url);
    json_decref(reply);
    return *why ? -1 : 0;
}

static int find_target(struct setup *setup, const struct suite_options *options,
                       char **why)
{
    if (find_mock_program(setup, why) < 0)
        return -1;
    if (strcmp(options->target, "mock") == 0)
        return start_mock(setup, options->https, why);
    setup->config.base_url = options->target;
    if (probe(setup, options->no_admin, why) < 0)
        return -1;
    if (setup->config.target == TARGET_PLAIN &&
        json_array_size(setup->config.accounts) == 0) {
        *why = format("%s has no admin API to make accounts by: give "
                      "--appid, --secret-id and --secret-key, or --accounts",
                      options->target);
        return -1;
    }
    return 0;
}

int setup_make(struct setup *setup, const struct suite_options *options,
               char **why)
{
    *setup = (struct setup){.config = options->config, .mock = {.pid = -1}};
    setup->config.mock_options = json_copy(options->config.mock_options);
    make_nonce(setup);
    if (make_run_dir(setup, why) < 0 ||
        read_known_failing(setup, options->known_failing, why) < 0 ||
        find_accounts(setup, options, why) < 0 ||
        find_target(setup, options, why) < 0 ||
        find_media(setup, options, why) < 0)
        return -1;
    return 0;
}

static int remove_entry(const char *path, const struct stat *status, int type,
                        struct FTW *walk)
{
    (void)status;
    (void)type;
    (void)walk;
    return remove(path);
}

void setup_release(struct setup *setup, struct bytes *problems)
{
    char *why = NULL;

    if (setup->mock.pid > 0 && mock_stop(&setup->mock, &why) < 0)
        bytes_format(problems, "%s\n", why);
    free(why);
    if (setup->run_dir)
        nftw(setup->run_dir, remove_entry, 16, FTW_DEPTH | FTW_PHYS);
    for (size_t m = 0; m < MEDIA__COUNT; m++)
        free(setup->media[m]);
    free(setup->run_dir);
    free(setup->mock_program);
    free(setup->ca_file);
    json_decref(setup->config.known_failing);
    json_decref(setup->config.accounts);
    json_decref(setup->config.mock_options);
    json_decref(setup->config.features);
    *setup = (struct setup){0};
}
