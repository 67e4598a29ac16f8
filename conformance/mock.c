#include "mock.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <curl/curl.h>

#include "bytes.h"
#include "match.h"
#include "reach.h"
#include "secrets.h"
#include "value.h"

enum {
    START_MS = 10000,     /* for a mock to say where it listens */
    WAIT_MS = 2000,       /* that a call may take beyond the run's patience,
                             since some wait for something to happen */
    MAX_REPLY = 64 << 20, /* bytes; the API itself answers no more */
};

/* Becomes the mock. Does not return. */
static void exec_mock(const char *program, const json_t *options, int out)
{
    const char **argv = calloc(json_array_size(options) + 6, sizeof(*argv));
    size_t n = 0, i;
    const json_t *option;

    if (!argv)
        _exit(127);
    argv[n++] = program;
    argv[n++] = "--port";
    argv[n++] = "0";
    argv[n++] = "--log-level";
    argv[n++] = "error";
    json_array_foreach(options, i, option)
    {
        argv[n++] = json_string_value(option);
    }
    prctl(PR_SET_PDEATHSIG, SIGTERM);
    dup2(out, STDOUT_FILENO);
    execv(program, (char **)argv);
    dprintf(STDERR_FILENO, "%s: %s\n", program, strerror(errno));
    _exit(127);
}

/* The first line on `fd`, without its end; NULL when none comes in time. */
static char *read_line(int fd, int timeout_ms)
{
    struct bytes line = {0};
    struct pollfd p = {.fd = fd, .events = POLLIN};
    char c;

    while (poll(&p, 1, timeout_ms) > 0 && read(fd, &c, 1) == 1) {
        if (c == '\n')
            return line.data ? line.data : format("%s", "");
        bytes_add(&line, &c, 1);
    }
    bytes_release(&line);
    return NULL;
}

int mock_start(struct mock *mock, const char *program, const json_t *options,
               bool https, char **why)
{
    int ends[2];
    char *line;
    const char *url;

    *mock = (struct mock){.pid = -1, .out = -1};
    if (pipe2(ends, O_CLOEXEC) < 0) {
        *why = format("pipe: %s", strerror(errno));
        return -1;
    }
    mock->pid = fork();
    if (mock->pid == 0)
        exec_mock(program, options, ends[1]);
    close(ends[1]);
    mock->out = ends[0];
    if (mock->pid < 0) {
        *why = format("fork: %s", strerror(errno));
        close(mock->out);
        return -1;
    }
    line = read_line(mock->out, START_MS);
    url = line ? strstr(line, "http://") : NULL;
    if (!url) {
        *why = format("%s: the mock did not start: expected a line that says "
                      "where it listens, got %s",
                      program, line ? line : "none");
        kill(mock->pid, SIGKILL);
        waitpid(mock->pid, NULL, 0);
        close(mock->out);
        free(line);
        return -1;
    }
    url += strlen("http");
    mock->base_url =
        format("http%s%.*s", https ? "s" : "", (int)strcspn(url, " \r"), url);
    free(line);
    return 0;
}

int mock_stop(struct mock *mock, char **why)
{
    int status = 0;

    if (mock->pid <= 0)
        return 0;
    kill(mock->pid, SIGTERM);
    while (waitpid(mock->pid, &status, 0) < 0 && errno == EINTR)
        ;
    close(mock->out);
    free(mock->base_url);
    *mock = (struct mock){.pid = -1, .out = -1};
    if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
        return 0;
    *why = WIFSIGNALED(status)
               ? format("the mock ended by signal %d", WTERMSIG(status))
               : format("the mock exited with %d, expected 0",
                        WEXITSTATUS(status));
    return -1;
}

static size_t take_body(char *data, size_t size, size_t n, void *user)
{
    struct bytes *body = user;

    if (body->len + size * n > MAX_REPLY)
        return 0;
    bytes_add(body, data, size * n);
    return size * n;
}

static struct curl_slist *add_field(struct curl_slist *fields,
                                    const char *begin, const char *value)
{
    char *line = format("%s%s", begin, value);

    fields = curl_slist_append(fields, line);
    free(line);
    return fields;
}

/* The header fields of a call; the caller's. */
static struct curl_slist *list_fields(const struct config *config,
                                      bool has_body)
{
    struct curl_slist *fields = NULL;

    /* The API refuses foreign names of a host. */
    if (config->connect_to)
        fields = add_field(fields, "Host: ", config->connect_to);
    if (has_body)
        fields = add_field(fields, "Content-Type: ", "application/json");
    if (config->admin_token)
        fields =
            add_field(fields, "Authorization: Bearer ", config->admin_token);
    return fields;
}

int mock_call(const struct config *config, const char *method, const char *path,
              const json_t *body, json_t **reply, char **why)
{
    CURL *curl = curl_easy_init();
    struct curl_slist *connect_to = reach_target(curl, config);
    struct curl_slist *fields = list_fields(config, body != NULL);
    struct bytes in = {0};
    char *url = format("%s/__admin/%s", config->base_url, path);
    char *out = body ? json_dumps(body, JSON_COMPACT) : NULL;
    char detail[CURL_ERROR_SIZE] = "";
    long status = -1;
    CURLcode failed;

    *reply = NULL;
    curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS,
                     (long)config->timeout_ms + WAIT_MS);
    curl_easy_setopt(curl, CURLOPT_URL, url);
    curl_easy_setopt(curl, CURLOPT_CUSTOMREQUEST, method);
    if (out)
        curl_easy_setopt(curl, CURLOPT_POSTFIELDS, out);
    curl_easy_setopt(curl, CURLOPT_HTTPHEADER, fields);
    curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, take_body);
    curl_easy_setopt(curl, CURLOPT_WRITEDATA, &in);
    curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, detail);
    failed = curl_easy_perform(curl);
    if (failed)
        *why = format("%s %s: %s", method, url,
                      *detail ? detail : curl_easy_strerror(failed));
    else
        curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &status);
    if (in.len > 0)
        *reply = json_loadb(in.data, in.len, 0, NULL);
    curl_easy_cleanup(curl);
    curl_slist_free_all(connect_to);
    curl_slist_free_all(fields);
    bytes_release(&in);
    free(url);
    free(out);
    return (int)status;
}

json_t *mock_ask(const struct config *config, const char *method,
                 const char *path, const json_t *body, char **why)
{
    json_t *reply;
    int status = mock_call(config, method, path, body, &reply, why);
    char *shown;

    if (status == 200 || status == 201) {
        if (reply)
            return reply;
        *why = format("%s /__admin/%s: expected JSON, got something else",
                      method, path);
        return NULL;
    }
    if (status >= 0) {
        shown = match_show(reply);
        *why = format("%s /__admin/%s: expected status 200, got %d and %s",
                      method, path, status, shown);
        free(shown);
    }
    json_decref(reply);
    return NULL;
}

/* What tells the accounts of a case apart, by the role they play in it. */
static const struct role {
    const char *name;
    bool has_bucket;
    const char *status;
    double rate_per_second; /* 0: no limit */
} roles[] = {
    {"default", true, "active", 0},
    {"other", true, "active", 0},
    {"bucketless", false, "active", 0},
    {"arrears", true, "arrears", 0},
    /* One call, and the next only long after the case is over. */
    {"limited", true, "active", 0.001},
};

static const struct role *find_role(const char *name)
{
    for (size_t i = 0; i < sizeof(roles) / sizeof(roles[0]); i++) {
        if (strcmp(roles[i].name, name) == 0)
            return &roles[i];
    }
    return NULL;
}

/* An appid of ten digits, as the service gives them, from the names that must
 * not meet: FNV-1a, 64 bits. */
static char *make_appid(const char *nonce, const char *case_id,
                        const char *role)
{
    char *names = format("%s/%s/%s", nonce, case_id, role);
    uint64_t hash = 14695981039346656037U;

    for (const char *p = names; *p; p++)
        hash = (hash ^ (unsigned char)*p) * 1099511628211U;
    free(names);
    return format("2%014llu", (unsigned long long)(hash % 100000000000000U));
}

json_t *mock_give_account(const struct config *config, json_t *account,
                          char **why)
{
    json_t *reply = mock_ask(config, "POST", "accounts", account, why);

    if (!reply) {
        json_decref(account);
        return NULL;
    }
    json_decref(reply);
    return account;
}

json_t *mock_add_account(const struct config *config, const char *case_id,
                         const char *name, char **why)
{
    const struct role *role = find_role(name);
    char *appid = make_appid(config->nonce, case_id, name);
    char *key = format(SECRETS_KEY "%s-%s", config->nonce, appid);
    char *id = format("AKID%s", appid);
    json_t *account;

    account =
        json_pack("{s:s, s:[{s:s, s:s}], s:s}", "appid", appid, "keys",
                  "secret_id", id, "secret_key", key, "status", role->status);
    free(appid);
    free(id);
    free(key);
    if (role->has_bucket)
        json_object_set_new(account, "buckets", json_pack("[s]", "bucket1"));
    if (role->rate_per_second > 0)
        json_object_set_new(account, "rate_per_second",
                            json_real(role->rate_per_second));
    return mock_give_account(config, account, why);
}

/* For what a case leaves behind: it has said what it had to say. */
static void remove_quietly(const struct config *config, const char *path)
{
    json_t *reply;
    char *why = NULL;

    mock_call(config, "DELETE", path, NULL, &reply, &why);
    json_decref(reply);
    free(why);
}

void mock_remove_account(const struct config *config, const json_t *account)
{
    char *path = format("accounts/%s", value_find_text(account, "appid"));

    remove_quietly(config, path);
    free(path);
}

uint64_t mock_add_fault(const struct config *config, const char *secret_id,
                        const json_t *fault, char **why)
{
    json_t *rule = json_is_string(fault) ? json_pack("{s:O}", "fault", fault)
                                         : json_deep_copy(fault);
    json_t *reply;
    uint64_t id;

    json_object_set_new(rule, "match",
                        json_pack("{s:s}", "secret_id", secret_id));
    reply = mock_ask(config, "POST", "faults", rule, why);
    json_decref(rule);
    id = (uint64_t)json_integer_value(json_object_get(reply, "id"));
    json_decref(reply);
    return id;
}

void mock_remove_fault(const struct config *config, uint64_t id)
{
    char *path = format("faults/%llu", (unsigned long long)id);

    remove_quietly(config, path);
    free(path);
}

json_t *mock_requests(const struct config *config, const char *secret_id,
                      size_t at_least, int wait_ms, char **why)
{
    json_t *all = json_array();
    json_int_t since = 0;

    for (;;) {
        /* A wait is for one entry: asked again until there are enough. */
        int wait = json_array_size(all) < at_least ? wait_ms : 0;
        char *path = format("requests?secret_id=%s&since=%lld&wait_ms=%d",
                            secret_id, (long long)since, wait);
        json_t *reply = mock_ask(config, "GET", path, NULL, why);
        json_t *entries = json_object_get(reply, "requests");
        size_t n = json_array_size(entries);

        free(path);
        if (!reply) {
            json_decref(all);
            return NULL;
        }
        since = json_integer_value(json_object_get(reply, "next"));
        json_array_extend(all, entries);
        json_decref(reply);
        if (n == 0 || json_array_size(all) >= at_least)
            return all;
    }
}

json_t *mock_verdict(const struct config *config, const char *secret_id,
                     char **why)
{
    char *path = format("verdict?secret_id=%s", secret_id);
    json_t *reply = mock_ask(config, "GET", path, NULL, why);

    free(path);
    return reply;
}

struct credentials account_credentials(const json_t *account)
{
    const json_t *key = json_array_get(json_object_get(account, "keys"), 0);
    const json_t *bucket =
        json_array_get(json_object_get(account, "buckets"), 0);

    return (struct credentials){
        .appid = value_find_text(account, "appid"),
        .bucket = json_string_value(bucket),
        .secret_id = value_find_text(key, "secret_id"),
        .secret_key = value_find_text(key, "secret_key"),
    };
}
