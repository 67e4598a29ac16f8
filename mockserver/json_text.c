#include "json_text.h"

#include <stdbool.h>
#include <string.h>
#include "text.h"

static size_t digits(const char *s, size_t len)
{
    size_t n = 0;

    while (n < len && s[n] >= '0' && s[n] <= '9')
        n++;
    return n;
}

/* The length of the number (RFC 8259 section 6) at s; 0: it is none. */
static size_t number_length(const char *s, size_t len)
{
    size_t i = *s == '-';
    size_t n = digits(s + i, len - i);

    if (n == 0 || (n > 1 && s[i] == '0'))
        return 0;
    i += n;
    if (i < len && s[i] == '.') {
        n = digits(s + i + 1, len - i - 1);
        if (n == 0)
            return 0;
        i += 1 + n;
    }
    if (i < len && (s[i] == 'e' || s[i] == 'E')) {
        i++;
        i += i < len && (s[i] == '+' || s[i] == '-');
        n = digits(s + i, len - i);
        if (n == 0)
            return 0;
        i += n;
    }
    return i;
}

/* The length of the run of characters at s that need no second look. */
static size_t plain_run(const char *s, size_t len)
{
    size_t n = 0;

    while (n < len && (unsigned char)s[n] >= 0x20 &&
           (unsigned char)s[n] < 0x80 && s[n] != '"' && s[n] != '\\')
        n++;
    return n;
}

/* Steps over the next piece of a string: characters, an escape, or its
 * closing quote. Returns 0 with *what set when there is something wrong. */
static size_t string_step(const char *s, size_t len, const char **what)
{
    size_t run = plain_run(s, len);

    if (run > 0)
        return run;
    if (*s == '"')
        return 1;
    if ((unsigned char)*s < 0x20) {
        *what = "a control byte";
        return 0;
    }
    if (*s != '\\') {
        *what = "not UTF-8";
        return text_utf8_sequence(s, len);
    }
    if (len >= 6 && !memcmp(s, "\\u0000", 6)) {
        *what = "an escaped NUL";
        return 0;
    }
    /* The next byte may begin a sequence; then the escape is none, which the
     * parser says. */
    return len >= 2 && (s[1] == '\\' || s[1] == '"') ? 2 : 1;
}

/* The same between strings, where JSON is ASCII. */
static size_t step(const char *s, size_t len, const char **what)
{
    if (((unsigned char)*s < 0x20 && !memchr("\t\n\r", *s, 3)) || *s == 0x7f) {
        *what = "a control byte";
        return 0;
    }
    if (*s == '-' || (*s >= '0' && *s <= '9')) {
        *what = "not a number as JSON writes them";
        return number_length(s, len);
    }
    *what =
        text_utf8_sequence(s, len) ? "a byte outside of a string" : "not UTF-8";
    return (unsigned char)*s < 0x80;
}

int json_text_check(const char *json, size_t len, size_t max_values,
                    struct json_mistake *mistake)
{
    bool in_string = false;
    size_t n_values = 0;
    size_t i = 0;

    while (i < len) {
        size_t n = in_string ? string_step(json + i, len - i, &mistake->what)
                             : step(json + i, len - i, &mistake->what);

        mistake->offset = i;
        if (n == 0)
            return -1;
        if (!in_string && memchr(",[{", json[i], 3) &&
            ++n_values > max_values && max_values > 0) {
            mistake->what = "too many values";
            return -1;
        }
        if (json[i] == '"')
            in_string = !in_string;
        i += n;
    }
    return 0;
}
