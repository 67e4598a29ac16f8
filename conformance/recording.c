#include "recording.h"

#include <dirent.h>
#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "outfile.h"
#include "transcript.h"
#include "value.h"

static const char json_suffix[] = ".json";

/* What follows the number of a step in the names of its files. */
static const char *const suffixes[] = {
    ".request.http",
    ".reply.http",
    json_suffix,
};

enum { N_SUFFIXES = sizeof(suffixes) / sizeof(suffixes[0]) };

/* A case's id is a name in DIR and must lead nowhere else. */
static bool is_case_name(const char *name)
{
    static const char safe[] = "abcdefghijklmnopqrstuvwxyz"
                               "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
                               "0123456789._-";

    return *name && name[strspn(name, safe)] == '\0' &&
           strcmp(name, ".") != 0 && strcmp(name, "..") != 0;
}

/* What follows the digits that a step's file begins with; "": no such file. */
static const char *suffix_of(const char *name)
{
    size_t digits = strspn(name, "0123456789");

    return digits > 0 ? name + digits : "";
}

static bool is_step_file(const char *name)
{
    for (size_t i = 0; i < N_SUFFIXES; i++) {
        if (strcmp(suffix_of(name), suffixes[i]) == 0)
            return true;
    }
    return false;
}

static int is_step_json(const struct dirent *entry)
{
    return strcmp(suffix_of(entry->d_name), json_suffix) == 0;
}

static int is_case_entry(const struct dirent *entry)
{
    return is_case_name(entry->d_name);
}

static json_int_t step_of(const json_t *exchange, size_t i)
{
    const json_t *step = json_object_get(exchange, "step");

    return json_is_integer(step) ? json_integer_value(step) : (json_int_t)i + 1;
}

static char *step_path(const char *dir, const char *case_id, json_int_t step,
                       const char *suffix)
{
    return format("%s/%s/%lld%s", dir, case_id, (long long)step, suffix);
}

static char *complaint(const char *path)
{
    return format("%s: %s", path, strerror(errno));
}

/* 0 also when it is there already. */
static int make_dir(const char *path, char **why)
{
    struct stat st;

    if (mkdir(path, 0700) == 0)
        return 0;
    if (errno == EEXIST && stat(path, &st) == 0) {
        if (S_ISDIR(st.st_mode))
            return 0;
        errno = ENOTDIR;
    }
    *why = complaint(path);
    return -1;
}

int recording_prepare(const char *dir, char **why)
{
    if (make_dir(dir, why) < 0)
        return -1;
    if (access(dir, W_OK | X_OK) == 0)
        return 0;
    *why = complaint(dir);
    return -1;
}

int recording_check(const char *dir, char **why)
{
    char *path = format("%s/run.json", dir);
    int failed = access(path, R_OK);

    if (failed)
        *why = format("%s: no recording: expected the file %s: %s", dir, path,
                      strerror(errno));
    free(path);
    return failed;
}

/* Writes the file and frees its content. */
static int write_step(const char *dir, const char *case_id, json_int_t step,
                      const char *suffix, struct bytes *content, char **why)
{
    char *path = step_path(dir, case_id, step, suffix);
    int failed = outfile_write(path, content->data, content->len);

    if (failed)
        *why = complaint(path);
    bytes_release(content);
    free(path);
    return failed;
}

static int keep_message(const char *dir, const char *case_id, json_int_t step,
                        const char *suffix,
                        void (*render)(const json_t *, struct bytes *),
                        const json_t *message, char **why)
{
    struct bytes text = {0};

    if (!message)
        return 0;
    bytes_text(&text, "");
    render(message, &text);
    return write_step(dir, case_id, step, suffix, &text, why);
}

static int keep_json(const char *dir, const char *case_id, json_int_t step,
                     const json_t *value, char **why)
{
    char *text = json_dumps(value, JSON_INDENT(1));
    struct bytes content = {0};

    bytes_format(&content, "%s\n", text ? text : "{}");
    free(text);
    return write_step(dir, case_id, step, json_suffix, &content, why);
}

static int keep_exchange(const char *dir, const char *case_id, json_int_t step,
                         const json_t *exchange, char **why)
{
    const json_t *reply = json_object_get(exchange, "reply");

    if (keep_message(dir, case_id, step, suffixes[0], transcript_request,
                     json_object_get(exchange, "request"), why) < 0 ||
        keep_message(dir, case_id, step, suffixes[1], transcript_reply, reply,
                     why) < 0)
        return -1;
    return keep_json(dir, case_id, step, reply ? reply : exchange, why);
}

/* Removes the files of steps, and only these. */
static int empty_case(const char *path, char **why)
{
    DIR *dir = opendir(path);
    const struct dirent *entry;

    if (!dir) {
        *why = complaint(path);
        return -1;
    }
    for (entry = readdir(dir); entry; entry = readdir(dir)) {
        if (!is_step_file(entry->d_name) ||
            unlinkat(dirfd(dir), entry->d_name, 0) == 0)
            continue;
        *why = format("%s/%s: %s", path, entry->d_name, strerror(errno));
        closedir(dir);
        return -1;
    }
    closedir(dir);
    return 0;
}

static int make_case(const char *dir, const char *case_id, char **why)
{
    char *path = format("%s/%s", dir, case_id);
    int failed = make_dir(path, why);

    if (!failed)
        failed = empty_case(path, why);
    free(path);
    return failed;
}

int recording_keep(const char *dir, const char *case_id,
                   const json_t *exchanges, char **why)
{
    const json_t *exchange;
    size_t i;

    if (json_array_size(exchanges) == 0)
        return 0;
    if (!is_case_name(case_id)) {
        *why = format("%s: the id \"%s\" is no file name", dir, case_id);
        return -1;
    }
    if (recording_prepare(dir, why) < 0 || make_case(dir, case_id, why) < 0)
        return -1;
    json_array_foreach(exchanges, i, exchange)
    {
        if (keep_exchange(dir, case_id, step_of(exchange, i), exchange, why) <
            0)
            return -1;
    }
    return 0;
}

static int keep_facts(const char *dir, const struct run *run, char **why)
{
    json_t *facts = run_facts(run);
    char *text = json_dumps(facts, JSON_INDENT(1));
    char *content = format("%s\n", text ? text : "{}");
    char *path = format("%s/run.json", dir);
    int failed = outfile_write(path, content, strlen(content));

    if (failed)
        *why = complaint(path);
    free(path);
    free(content);
    free(text);
    json_decref(facts);
    return failed;
}

int recording_keep_run(const char *dir, const struct run *run, char **why)
{
    const json_t *result;
    size_t i;

    if (recording_prepare(dir, why) < 0 || keep_facts(dir, run, why) < 0)
        return -1;
    json_array_foreach(run->results, i, result)
    {
        if (recording_keep(dir, value_text(result, "id"),
                           json_object_get(result, "exchanges"), why) < 0)
            return -1;
    }
    return 0;
}

/* The names in a directory that the filter takes, numbers in order; -1 with
 * *why. None when there is no such directory. */
static int list_names(const char *path,
                      int (*filter)(const struct dirent *entry),
                      struct dirent ***names, char **why)
{
    int n = scandir(path, names, filter, versionsort);

    if (n >= 0)
        return n;
    *names = NULL;
    if (errno == ENOENT || errno == ENOTDIR)
        return 0;
    *why = complaint(path);
    return -1;
}

static void free_names(struct dirent **names, int n)
{
    for (int i = 0; i < n; i++)
        free(names[i]);
    free(names);
}

static int list_steps(const char *dir, const char *case_id,
                      struct dirent ***names, char **why)
{
    char *path = format("%s/%s", dir, case_id);
    int n = list_names(path, is_step_json, names, why);

    free(path);
    return n;
}

static const json_t *find_exchange(const json_t *exchanges, json_int_t step)
{
    const json_t *exchange;
    size_t i;

    json_array_foreach(exchanges, i, exchange)
    {
        if (step_of(exchange, i) == step)
            return exchange;
    }
    return NULL;
}

/* A step that one side alone has. */
static void add_lone_step(struct differences *d, const char *case_id,
                          json_int_t step, bool recorded)
{
    char *where = format("%s step %lld", case_id, (long long)step);
    json_t *there = json_true();

    differences_add(d, DIFFERENCE_STEP, where, "exchange",
                    recorded ? there : NULL, recorded ? NULL : there);
    free(where);
}

static void compare_exchange(struct differences *d, const char *case_id,
                             json_int_t step, const json_t *recorded,
                             const json_t *exchange)
{
    const json_t *reply = json_object_get(exchange, "reply");
    char *where = format("%s step %lld", case_id, (long long)step);

    if (reply)
        differences_of_replies(d, where, recorded, reply);
    else
        differences_of_calls(d, where, recorded, exchange);
    free(where);
}

static int compare_step(const char *dir, const char *case_id, const char *name,
                        const json_t *exchanges, struct differences *d,
                        char **why)
{
    json_int_t step = strtoll(name, NULL, 10);
    const json_t *exchange = find_exchange(exchanges, step);
    char *path;
    json_error_t error;
    json_t *recorded;

    if (!exchange) {
        add_lone_step(d, case_id, step, true);
        return 0;
    }
    path = format("%s/%s/%s", dir, case_id, name);
    recorded = json_load_file(path, 0, &error);
    if (recorded)
        compare_exchange(d, case_id, step, recorded, exchange);
    else
        *why = format("%s: line %d: %s", path, error.line, error.text);
    free(path);
    json_decref(recorded);
    return recorded ? 0 : -1;
}

/* The steps that the recording lacks. */
static void add_new_steps(const char *case_id, struct dirent **names, int n,
                          const json_t *exchanges, struct differences *d)
{
    const json_t *exchange;
    size_t i;

    json_array_foreach(exchanges, i, exchange)
    {
        json_int_t step = step_of(exchange, i);
        bool found = false;

        for (int j = 0; j < n; j++)
            found |= strtoll(names[j]->d_name, NULL, 10) == step;
        if (!found)
            add_lone_step(d, case_id, step, false);
    }
}

static int compare_case(const char *dir, const json_t *result,
                        struct differences *d, char **why)
{
    const json_t *exchanges = json_object_get(result, "exchanges");
    const char *case_id = value_text(result, "id");
    struct dirent **names = NULL;
    int n, failed = 0;

    if (json_array_size(exchanges) == 0 || !is_case_name(case_id))
        return 0;
    n = list_steps(dir, case_id, &names, why);
    if (n < 0)
        return -1;
    if (n == 0) {
        d->only_now++;
    } else {
        d->cases++;
        for (int i = 0; i < n && !failed; i++)
            failed =
                compare_step(dir, case_id, names[i]->d_name, exchanges, d, why);
        add_new_steps(case_id, names, n, exchanges, d);
    }
    free_names(names, n);
    return failed;
}

/* Has this run exchanges of the case? */
static bool was_run(const json_t *results, const char *case_id)
{
    const json_t *result;
    size_t i;

    json_array_foreach(results, i, result)
    {
        if (strcmp(value_text(result, "id"), case_id) == 0)
            return json_array_size(json_object_get(result, "exchanges")) > 0;
    }
    return false;
}

static int count_only_recorded(const char *dir, const json_t *results,
                               struct differences *d, char **why)
{
    struct dirent **cases = NULL;
    int n = list_names(dir, is_case_entry, &cases, why);
    int failed = n < 0 ? -1 : 0;

    for (int i = 0; i < n && !failed; i++) {
        struct dirent **steps = NULL;
        int n_steps;

        if (was_run(results, cases[i]->d_name))
            continue;
        n_steps = list_steps(dir, cases[i]->d_name, &steps, why);
        if (n_steps > 0)
            d->only_recorded++;
        failed = n_steps < 0 ? -1 : 0;
        free_names(steps, n_steps);
    }
    free_names(cases, n);
    return failed;
}

int recording_compare(const char *dir, const json_t *results,
                      struct differences *d, char **why)
{
    const json_t *result;
    size_t i;

    json_array_foreach(results, i, result)
    {
        if (compare_case(dir, result, d, why) < 0)
            return -1;
    }
    return count_only_recorded(dir, results, d, why);
}
