#include "casefile.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bytes.h"
#include "case_check.h"
#include "match.h"
#include "value.h"

enum { MAX_REPEATED = 16 << 20 }; /* bytes of a text made by repetition */

/* What is read, and where a mistake is. */
struct loader {
    const json_t *codes; /* rows of the table of codes */
    json_t *cases;       /* what was made so far */
    json_t *ids;         /* object: id → file */
    const char *file;
    char *why;
};

/* Puts the members of `over` into `base`, objects member by member. */
static void merge(json_t *base, const json_t *over)
{
    const char *name;
    json_t *value;

    json_object_foreach((json_t *)over, name, value)
    {
        json_t *below = json_object_get(base, name);

        if (json_is_object(below) && json_is_object(value))
            merge(below, value);
        else
            json_object_set_new(base, name, json_deep_copy(value));
    }
}

/* Substitution of `{name}`. */

static char *spell(const json_t *value)
{
    return json_is_string(value) ? format("%s", json_string_value(value))
                                 : json_dumps(value, JSON_ENCODE_ANY);
}

/* The text with every `{name}` of a variable replaced. */
static json_t *substitute_text(const char *text, const json_t *variables)
{
    struct bytes out = {0};
    json_t *result;

    bytes_text(&out, "");
    while (*text) {
        const char *end = *text == '{' ? strchr(text, '}') : NULL;
        char *name =
            end ? format("%.*s", (int)(end - text - 1), text + 1) : NULL;
        const json_t *value = name ? value_find_path(variables, name) : NULL;

        free(name);
        if (value) {
            char *shown = spell(value);

            bytes_text(&out, shown);
            free(shown);
            text = end + 1;
        } else {
            bytes_add(&out, text++, 1);
        }
    }
    result = json_stringn(out.data, out.len);
    bytes_release(&out);
    return result;
}

/* The variable's own value when the text is nothing but `{name}`. */
static json_t *whole_value(const char *text, const json_t *variables)
{
    size_t len = strlen(text);
    char *name;
    const json_t *value;

    if (len < 3 || text[0] != '{' || text[len - 1] != '}')
        return NULL;
    name = format("%.*s", (int)len - 2, text + 1);
    value = value_find_path(variables, name);
    free(name);
    return value ? json_deep_copy(value) : NULL;
}

static json_t *substitute(const json_t *value, const json_t *variables)
{
    json_t *copy;
    const char *name;
    const json_t *item;
    size_t i;

    if (json_is_string(value)) {
        copy = whole_value(json_string_value(value), variables);
        return copy ? copy
                    : substitute_text(json_string_value(value), variables);
    }
    if (json_is_array(value)) {
        copy = json_array();
        json_array_foreach(value, i, item)
            json_array_append_new(copy, substitute(item, variables));
        return copy;
    }
    if (!json_is_object(value))
        return json_deep_copy(value);
    copy = json_object();
    json_object_foreach((json_t *)value, name, item)
    {
        json_t *key = substitute_text(name, variables);

        json_object_set_new(copy, json_string_value(key),
                            substitute(item, variables));
        json_decref(key);
    }
    return copy;
}

/* Normal form: what a case has in common is put where it is used. */

/* A SPEC that is nothing but a code may be written as a number. */
static void spell_fault(json_t *step)
{
    const json_t *fault = json_object_get(step, "fault");

    if (json_is_integer(fault)) {
        char *text = format("%lld", (long long)json_integer_value(fault));

        json_object_set_new(step, "fault", json_string(text));
        free(text);
    }
}

static void share_fault(json_t *test_case, json_t *steps)
{
    json_t *fault = json_object_get(test_case, "fault");
    json_t *step;
    size_t i;

    json_array_foreach(steps, i, step)
    {
        if (fault && !json_object_get(step, "fault"))
            json_object_set_new(step, "fault", json_deep_copy(fault));
        if (json_is_null(json_object_get(step, "fault")))
            json_object_del(step, "fault");
        spell_fault(step);
    }
    json_object_del(test_case, "fault");
}

/* `one` (a request or call) and `expect` become a list of one. */
static json_t *wrap(json_t *test_case, const char *one)
{
    json_t *step = json_object();
    static const char *const names[] = {"expect", "allow"};

    if (strcmp(one, "call") == 0)
        merge(step, json_object_get(test_case, one));
    else if (json_object_get(test_case, one))
        json_object_set(step, one, json_object_get(test_case, one));
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        if (json_object_get(test_case, names[i]))
            json_object_set(step, names[i],
                            json_object_get(test_case, names[i]));
        json_object_del(test_case, names[i]);
    }
    json_object_del(test_case, one);
    return json_pack("[o]", step);
}

static void normalize_service(json_t *test_case)
{
    json_t *steps = json_object_get(test_case, "steps");
    json_t *common = json_object_get(test_case, "request");
    json_t *step;
    size_t i;

    if (!steps) {
        json_object_set_new(test_case, "steps", wrap(test_case, "request"));
    } else if (common) {
        json_array_foreach(steps, i, step)
        {
            json_t *request = json_deep_copy(common);

            merge(request, json_object_get(step, "request"));
            json_object_set_new(step, "request", request);
        }
        json_object_del(test_case, "request");
    }
    share_fault(test_case, json_object_get(test_case, "steps"));
}

static void normalize_client(json_t *test_case)
{
    if (!json_object_get(test_case, "calls"))
        json_object_set_new(test_case, "calls", wrap(test_case, "call"));
    share_fault(test_case, json_object_get(test_case, "calls"));
}

/* Says what is wrong with a case. -1 */
__attribute__((format(printf, 3, 4))) static int refuse(struct loader *l,
                                                        const json_t *test_case,
                                                        const char *fmt, ...)
{
    const char *id = case_id(test_case);
    va_list ap;
    char *what;

    va_start(ap, fmt);
    what = vformat(fmt, ap);
    va_end(ap);
    l->why = format("%s: case %s: %s", l->file, id ? id : "without id", what);
    free(what);
    return -1;
}

/* Adds one expanded case. */
static int add_case(struct loader *l, json_t *test_case)
{
    const char *id, *other;
    char *why;
    int failed;

    if (json_object_get(test_case, "call") ||
        json_object_get(test_case, "calls"))
        normalize_client(test_case);
    else
        normalize_service(test_case);
    why = case_check(test_case);
    if (why) {
        failed = refuse(l, test_case, "%s", why);
        free(why);
        return failed;
    }
    id = case_id(test_case);
    other = value_find_text(l->ids, id);
    if (other)
        return refuse(l, test_case, "the id is also in %s", other);
    json_object_set_new(l->ids, id, json_string(l->file));
    json_object_set_new(test_case, "file", json_string(l->file));
    json_array_append(l->cases, test_case);
    return 0;
}

/* An endpoint, or "any" of them. */
static bool is_scope(const char *word)
{
    static const char *const words[] = {"livedetectfour", "livedetectpicture",
                                        "livegetfour", "any"};

    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
        if (strcmp(words[i], word) == 0)
            return true;
    }
    return false;
}

/* Values of `{"codes": ENDPOINT, "place": PLACE}`, maybe none. */
static json_t *list_codes(const json_t *codes, const char *endpoint,
                          const char *place)
{
    json_t *values = json_array();
    const json_t *row;
    size_t i;

    if (!is_scope(endpoint))
        return values;
    json_array_foreach(codes, i, row)
    {
        const char *where = value_find_text(row, "endpoints");
        const char *in = value_find_text(row, "place");
        bool occurs = strcmp(endpoint, "any") == 0 ||
                      strcmp(where, "all") == 0 || strstr(where, endpoint);

        if (occurs && (!place || strcmp(place, in) == 0))
            json_array_append(values, json_object_get(row, "code"));
    }
    return values;
}

/* The one value of `{"repeat": TEXT, "times": N}`; none when it is too long. */
static json_t *repeat_text(const char *text, json_int_t times)
{
    struct bytes repeated = {0};
    json_t *values = json_array();
    size_t len = strlen(text);

    if (times < 0 || len == 0 || times > (json_int_t)(MAX_REPEATED / len))
        return values;
    bytes_text(&repeated, "");
    for (json_int_t i = 0; i < times; i++)
        bytes_text(&repeated, text);
    json_array_append_new(values, json_string(repeated.data));
    bytes_release(&repeated);
    return values;
}

/* The values of a variable; NULL when there are none, or it is something
 * else. */
static json_t *each_values(const struct loader *l, const json_t *given)
{
    json_t *selector = (json_t *)given, *values = NULL;
    const char *text, *place = NULL;
    json_int_t times;

    if (json_is_array(given))
        values = json_deep_copy(given);
    else if (json_unpack(selector, "{s:s, s?s!}", "codes", &text, "place",
                         &place) == 0)
        values = list_codes(l->codes, text, place);
    else if (json_unpack(selector, "{s:s, s:I!}", "repeat", &text, "times",
                         &times) == 0)
        values = repeat_text(text, times);
    if (json_array_size(values) > 0)
        return values;
    json_decref(values);
    return NULL;
}

static int refuse_each(struct loader *l, const json_t *template,
                       const char *name, const json_t *given)
{
    char *shown = match_show(given);

    refuse(l, template,
           "each.%s is %s, expected a list of values, {\"codes\": ENDPOINT, "
           "\"place\": PLACE} where there are some, or {\"repeat\": TEXT, "
           "\"times\": N} of at most %d bytes",
           name, shown, MAX_REPEATED);
    free(shown);
    return -1;
}

/* Goes through all combinations of the variables from `iter` on. */
static int expand(struct loader *l, const json_t *template, json_t *each,
                  void *iter, json_t *variables)
{
    json_t *values, *value;
    size_t i;
    int failed = 0;

    if (!iter) {
        json_t *test_case = substitute(template, variables);

        failed = add_case(l, test_case);
        json_decref(test_case);
        return failed;
    }
    values = each_values(l, json_object_iter_value(iter));
    if (!values)
        return refuse_each(l, template, json_object_iter_key(iter),
                           json_object_iter_value(iter));
    json_array_foreach(values, i, value)
    {
        json_object_set(variables, json_object_iter_key(iter), value);
        failed = expand(l, template, each, json_object_iter_next(each, iter),
                        variables);
        if (failed)
            break;
    }
    json_decref(values);
    return failed;
}

static int load_case(struct loader *l, const json_t *defaults,
                     const json_t *given)
{
    json_t *template, *each, *variables;
    int failed;

    if (!json_is_object(given)) {
        l->why = format("%s: a case is no object", l->file);
        return -1;
    }
    template = defaults ? json_deep_copy(defaults) : json_object();
    merge(template, given);
    each = json_incref(json_object_get(template, "each"));
    json_object_del(template, "each");
    variables = json_object();
    if (each && !json_is_object(each))
        failed = refuse(l, template, "each is no object");
    else
        failed = expand(l, template, each, json_object_iter(each), variables);
    json_decref(template);
    json_decref(each);
    json_decref(variables);
    return failed;
}

static void load_file(struct loader *l, const char *path)
{
    json_error_t error;
    json_t *file = json_load_file(path, JSON_REJECT_DUPLICATES, &error);
    json_t *cases = NULL, *defaults = NULL, *test_case;
    size_t i;

    l->file = strrchr(path, '/') ? strrchr(path, '/') + 1 : path;
    if (!file)
        l->why = format("%s:%d: %s", path, error.line, error.text);
    else if (json_unpack_ex(file, &error, 0, "{s:o, s?o!}", "cases", &cases,
                            "defaults", &defaults) < 0)
        l->why = format("%s: expected an object of defaults and cases: %s",
                        path, error.text);
    else if (!json_is_array(cases) || (defaults && !json_is_object(defaults)))
        l->why = format("%s: expected cases to be a list, and defaults an "
                        "object",
                        path);
    json_array_foreach(cases, i, test_case)
    {
        if (l->why || load_case(l, defaults, test_case) < 0)
            break;
    }
    json_decref(file);
}

/* The rows of the table of codes: tab-separated, the first that is no
 * comment names the columns. */
static json_t *load_codes(const char *path, char **why)
{
    FILE *file = fopen(path, "re");
    json_t *rows = json_array();
    char line[1024];

    if (!file) {
        *why = format("%s: %s", path, strerror(errno));
        json_decref(rows);
        return NULL;
    }
    while (fgets(line, sizeof(line), file)) {
        char *rest = line;
        const char *code = strsep(&rest, "\t\n");
        const char *zh = strsep(&rest, "\t\n");
        const char *place = strsep(&rest, "\t\n");
        const char *endpoints = strsep(&rest, "\t\n");

        if (line[0] == '#' || !zh || !place || !endpoints ||
            strcmp(code, "code") == 0)
            continue;
        json_array_append_new(
            rows, json_pack("{s:I, s:s, s:s}", "code",
                            (json_int_t)strtol(code, NULL, 10), "place", place,
                            "endpoints", endpoints));
    }
    fclose(file);
    return rows;
}

static int is_case_file(const struct dirent *entry)
{
    size_t len = strlen(entry->d_name);

    return len > 5 && entry->d_name[0] != '.' &&
           strcmp(entry->d_name + len - 5, ".json") == 0;
}

json_t *cases_load(const char *dir, const char *codes_file, char **why)
{
    struct loader l = {.cases = json_array(), .ids = json_object()};
    struct dirent **names = NULL;
    json_t *codes = load_codes(codes_file, &l.why);
    int n = scandir(dir, &names, is_case_file, alphasort);

    l.codes = codes;
    if (n <= 0 && !l.why)
        l.why = n < 0 ? format("%s: %s", dir, strerror(errno))
                      : format("%s: no case files (NAME.json) here", dir);
    for (int i = 0; i < n; i++) {
        char *path = format("%s/%s", dir, names[i]->d_name);

        if (!l.why)
            load_file(&l, path);
        free(path);
        free(names[i]);
    }
    free(names);
    json_decref(codes);
    json_decref(l.ids);
    if (!l.why)
        return l.cases;
    *why = l.why;
    json_decref(l.cases);
    return NULL;
}

bool case_is_client(const json_t *test_case)
{
    return json_object_get(test_case, "calls") != NULL;
}

const char *case_id(const json_t *test_case)
{
    return value_find_text(test_case, "id");
}

const char *case_kind(const json_t *test_case)
{
    return case_is_client(test_case) ? "client" : "service";
}

bool case_applies_to(const json_t *test_case, const char *word)
{
    return value_has_word(json_object_get(test_case, "applies_to"), word);
}

/* The code that an expectation is about, whichever member carries it; false
 * when it is about none. */
static bool covered_code(const json_t *expect, json_int_t *code)
{
    const json_t *data = json_object_get(expect, "data");
    const json_t *places[] = {
        json_object_get(expect, "code"),
        json_object_get(data, "live_status"),
        json_object_get(data, "compare_status"),
    };
    bool found = false;

    *code = 0;
    for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
        if (!json_is_integer(places[i]))
            continue;
        found = true;
        if (*code == 0)
            *code = json_integer_value(places[i]);
    }
    return found;
}

json_t *case_covers(const json_t *test_case)
{
    bool is_client = case_is_client(test_case);
    const json_t *steps =
        json_object_get(test_case, is_client ? "calls" : "steps");
    const json_t *step;
    json_t *covers = json_array();
    json_int_t code;
    size_t i;

    json_array_foreach(steps, i, step)
    {
        const json_t *expect = json_object_get(step, "expect");
        const json_t *of = is_client ? step : json_object_get(step, "request");

        if (is_client)
            expect = json_object_get(expect, "outcome");
        if (covered_code(expect, &code))
            json_array_append_new(covers,
                                  json_pack("{s:O, s:I}", "endpoint",
                                            json_object_get(of, "endpoint"),
                                            "code", code));
    }
    return covers;
}
