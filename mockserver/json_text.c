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

size_t json_text_number(const char *s, size_t len)
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

int json_text_unit(const char *s, size_t len)
{
    int unit = 0;

    if (len < 6 || s[0] != '\\' || s[1] != 'u')
        return -1;
    for (size_t i = 2; i < 6; i++) {
        int digit = text_hex_digit(s[i]);

        if (digit < 0)
            return -1;
        unit = unit * 16 + digit;
    }
    return unit;
}

/* Steps over the next piece of a string: characters, an escape, or its
 * closing quote. Returns 0 with *what set when there is something wrong. */
static size_t string_step(const char *s, size_t len, const char **what)
{
    size_t run = text_json_run(s, len);

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
    if (len >= 2 && s[1] == 'u') {
        int unit = json_text_unit(s, len);

        *what = unit < 0 ? "not four hexadecimal digits after \\u"
                         : "an escaped NUL";
        return unit > 0 ? 6 : 0;
    }
    /* The next byte may begin a sequence; then the escape is none, which the
     * parser says. */
    return len >= 2 && (s[1] == '\\' || s[1] == '"') ? 2 : 1;
}

/* The same between strings, where JSON is ASCII. */
static size_t step(const char *s, size_t len, const char **what)
{
    if (((unsigned char)*s < 0x20 && *s != '\t' && *s != '\n' && *s != '\r') ||
        *s == 0x7f) {
        *what = "a control byte";
        return 0;
    }
    if (*s == '-' || (*s >= '0' && *s <= '9')) {
        *what = "not a number as JSON writes them";
        return json_text_number(s, len);
    }
    if ((unsigned char)*s < 0x80)
        return 1;
    *what =
        text_utf8_sequence(s, len) ? "a byte outside of a string" : "not UTF-8";
    return 0;
}

int json_text_check(const char *json, size_t len, struct json_mistake *mistake)
{
    bool in_string = false;
    size_t i = 0;

    while (i < len) {
        size_t n = in_string ? string_step(json + i, len - i, &mistake->what)
                             : step(json + i, len - i, &mistake->what);

        mistake->offset = i;
        if (n == 0)
            return -1;
        if (json[i] == '"')
            in_string = !in_string;
        i += n;
    }
    return 0;
}
