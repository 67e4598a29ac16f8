/*
 * A body is scanned for delimiters in two gears. Bulk data is searched for
 * "\n--boundary", which no other byte of a piece needs to be looked at for.
 * What may begin a delimiter then goes through a small automaton byte by byte.
 * Its state outlives the piece, and only a candidate that reaches the end of
 * a piece is copied, into `held`: at most a line end, "--", the boundary and
 * the padding after it. As no byte of a candidate but its first ones can
 * begin another, a candidate that fails is plain data as a whole.
 */
#include "multipart.h"

#include <assert.h>
#include <stdbool.h>
#include <string.h>
#include "mutants.h"
#include "text.h"

enum {
    DELIMITER_MAX = 3 + MULTIPART_MAX_BOUNDARY, /* "\n--boundary" */
    /* RFC 2046 section 5.1.1 sets no limit for transport padding; something
     * must, as padding is held back until the line ends. */
    PADDING_MAX = 64,
    /* a CR before and one after: the longest candidate not yet decided */
    HELD_MAX = DELIMITER_MAX + PADDING_MAX + 2,
};

enum state { STATE_PREAMBLE, STATE_HEADERS, STATE_CONTENT, STATE_EPILOGUE };

/* How far the automaton has come with a delimiter. */
enum match {
    MATCH_NONE,
    MATCH_CR,         /* a CR that may belong to the line end before it */
    MATCH_DELIMITER,  /* `matched` bytes of "\n--boundary" */
    MATCH_DASH,       /* all of it and one '-' */
    MATCH_PADDING,    /* all of it and `n_padding` blanks */
    MATCH_PADDING_CR, /* the same and a CR */
};

enum verdict { UNDECIDED, NO_DELIMITER, OPEN_DELIMITER, CLOSE_DELIMITER };

/* What has come after the closing delimiter. */
enum epilogue { EPILOGUE_NONE, EPILOGUE_CR, EPILOGUE_LINE_END, EPILOGUE_ODD };

struct multipart {
    struct arena *arena;
    struct multipart_callbacks callbacks;
    void *ctx;
    enum state state;
    enum multipart_error error;
    unsigned oddities;
    size_t n_parts;

    char delimiter[DELIMITER_MAX]; /* "\n--boundary" */
    size_t delimiter_len;
    enum match match;
    size_t matched;
    size_t n_padding;
    bool after_bare_lf; /* the candidate began with LF alone */
    char held[HELD_MAX];
    size_t held_len;

    char *head; /* header lines of the current part; NULL before the first */
    size_t head_len;
    size_t line_start; /* of the header line that is coming in */
    enum epilogue epilogue;
};

/* Bytes of the header buffer; `s` is NULL when absent. */
struct span {
    char *s;
    size_t len;
};

struct disposition {
    struct span name;
    struct span filename;
    struct span filename_star;
};

static void fail(struct multipart *mp, enum multipart_error error)
{
    if (mp->error == MULTIPART_OK)
        mp->error = error;
}

static bool is_blank(char c)
{
    return c == ' ' || c == '\t';
}

static bool is_control(char c)
{
    unsigned char u = (unsigned char)c;

    return (u < 0x20 && c != '\t') || u == 0x7f;
}

/* header lines */

static struct span span_trim(char *s, char *end)
{
    while (s < end && is_blank(*s))
        s++;
    while (s < end && is_blank(end[-1]))
        end--;
    return (struct span){s, (size_t)(end - s)};
}

static void keep_first(struct span *kept, struct span value)
{
    if (!kept->s)
        *kept = value;
}

static char *find_or_end(char *s, char *end, char c)
{
    char *found = memchr(s, c, (size_t)(end - s));

    return found ? found : end;
}

/*
 * Reads the quoted string after the quote at s[-1], unescaping it in place,
 * and sets *next behind the closing quote. Only \" and \\ are escapes: some
 * clients send a whole Windows path as filename and do not escape it. A
 * string that is never closed ends with the line.
 */
static struct span read_quoted(char *s, char *end, char **next)
{
    char *out = s;
    char *p = s;

    while (p < end && *p != '"') {
        if (*p == '\\' && end - p > 1 && (p[1] == '"' || p[1] == '\\'))
            p++;
        *out++ = *p++;
    }
    *next = p < end ? p + 1 : end;
    return (struct span){s, (size_t)(out - s)};
}

static struct span read_value(char *s, char *end, char **next)
{
    struct span value;

    while (s < end && is_blank(*s))
        s++;
    if (s < end && *s == '"') {
        value = read_quoted(s + 1, end, &s);
        *next = find_or_end(s, end, ';');
        return value;
    }
    *next = find_or_end(s, end, ';');
    return span_trim(s, *next);
}

/* RFC 8187 section 3.2.1: charset'language'value, the value left as sent. */
static struct span without_charset(struct span value)
{
    char *end = value.s + value.len;
    char *first = find_or_end(value.s, end, '\'');
    char *second = first < end ? find_or_end(first + 1, end, '\'') : end;

    if (second == end)
        return value;
    return (struct span){second + 1, (size_t)(end - second - 1)};
}

/* Reads the parameters in s, which begins at the ';' before the first. */
static void read_parameters(struct disposition *d, char *s, char *end)
{
    while (s < end) {
        char *key_end = s + 1;

        while (key_end < end && *key_end != '=' && *key_end != ';')
            key_end++;
        struct span key = span_trim(s + 1, key_end);
        s = key_end;
        if (s == end || *s == ';')
            continue;
        struct span value = read_value(s + 1, end, &s);
        if (text_equal_nocase(key.s, key.len, "name"))
            keep_first(&d->name, value);
        else if (text_equal_nocase(key.s, key.len, "filename"))
            keep_first(&d->filename, value);
        else if (text_equal_nocase(key.s, key.len, "filename*"))
            keep_first(&d->filename_star, without_charset(value));
    }
}

static void read_disposition(struct multipart *mp, struct disposition *d,
                             struct span value)
{
    char *end = value.s + value.len;
    char *type_end = find_or_end(value.s, end, ';');
    struct span type = span_trim(value.s, type_end);

    if (!text_equal_nocase(type.s, type.len, "form-data"))
        mp->oddities |= MULTIPART_ODD_NOT_FORM_DATA;
    read_parameters(d, type_end, end);
}

/* Finds the two fields that matter; of a repeated one the first counts. */
static void read_fields(struct multipart *mp, struct span *disposition,
                        struct span *type)
{
    char *line = mp->head;
    char *end = mp->head + mp->line_start; /* where the blank line begins */

    while (line < end) {
        char *line_end = find_or_end(line, end, '\n');
        char *colon = find_or_end(line, line_end, ':');
        char *value_end = line_end;
        if (value_end[-1] == '\r')
            value_end--;
        struct span name = span_trim(line, colon);
        struct span value = span_trim(colon + 1, value_end);

        if (mutant(MUTANT_PART_HEADER_CASE) && name.len > 8 &&
            memcmp(name.s, "Content-", 8) != 0)
            name.len = 0;
        if (text_equal_nocase(name.s, name.len, "content-disposition"))
            keep_first(disposition, value);
        else if (text_equal_nocase(name.s, name.len, "content-type"))
            keep_first(type, value);
        line = line_end + 1;
    }
}

/* Sets *s and *len to a copy of what is there. Returns -1 when memory ran
 * out. */
static int copy_span(struct multipart *mp, struct span span, const char **s,
                     size_t *len)
{
    if (!span.s)
        return 0;
    *s = arena_memdup0(mp->arena, span.s, span.len);
    *len = span.len;
    return *s ? 0 : -1;
}

/* Content begins at a line start: what may follow at once is the delimiter
 * of a part without a body (RFC 2046 section 5.1.1). */
static void expect_delimiter(struct multipart *mp, enum state state)
{
    mp->state = state;
    mp->match = MATCH_DELIMITER;
    mp->matched = 1;
    mp->after_bare_lf = false;
}

static void begin_part(struct multipart *mp)
{
    struct multipart_header header = {0};
    struct disposition d = {0};
    struct span disposition = {0};
    struct span type = {0};

    read_fields(mp, &disposition, &type);
    if (disposition.s)
        read_disposition(mp, &d, disposition);
    if (mutant(MUTANT_PART_NAME_OPTIONAL) && d.name.len == 0) {
        d.name.s = mp->head;
    } else if (d.name.len == 0) {
        fail(mp, MULTIPART_PART_WITHOUT_NAME);
        return;
    }
    keep_first(&d.filename, d.filename_star);
    if (copy_span(mp, d.name, &header.name, &header.name_len) < 0 ||
        copy_span(mp, d.filename, &header.filename, &header.filename_len) < 0 ||
        copy_span(mp, type, &header.type, &header.type_len) < 0) {
        fail(mp, MULTIPART_NO_MEMORY);
        return;
    }
    mp->n_parts++;
    expect_delimiter(mp, STATE_CONTENT);
    if (mp->callbacks.part_begin(mp->ctx, &header) != 0)
        fail(mp, MULTIPART_STOPPED);
}

/* Looks at one whole line, without its line end. A continuation line (RFC
 * 5322 section 2.2.3) is joined to the one before by blanking the line end
 * between them. */
static void check_line(struct multipart *mp, char *line, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        if (is_control(line[i])) {
            fail(mp, MULTIPART_BAD_HEADER);
            return;
        }
    }
    if (is_blank(line[0]) && line > mp->head) {
        line[-1] = ' ';
        if (line[-2] == '\r')
            line[-2] = ' ';
        return;
    }
    if (!memchr(line, ':', len))
        fail(mp, MULTIPART_BAD_HEADER);
}

static void end_line(struct multipart *mp)
{
    char *line = mp->head + mp->line_start;
    size_t len = mp->head_len - mp->line_start - 1;

    if (len > 0 && line[len - 1] == '\r')
        len--;
    else
        mp->oddities |= MULTIPART_ODD_BARE_LF;
    if (mutant(MUTANT_BARE_LF_REFUSED) &&
        (mp->oddities & MULTIPART_ODD_BARE_LF))
        fail(mp, MULTIPART_BAD_HEADER);
    if (len == 0) {
        begin_part(mp);
        return;
    }
    check_line(mp, line, len);
    mp->line_start = mp->head_len;
}

/* Takes bytes up to the end of a header line. Returns where it stopped. */
static const char *scan_headers(struct multipart *mp, const char *p,
                                const char *end)
{
    const char *lf = memchr(p, '\n', (size_t)(end - p));
    size_t len = (size_t)((lf ? lf + 1 : end) - p);

    if (len > MULTIPART_MAX_HEADER_BYTES - mp->head_len) {
        fail(mp, MULTIPART_HEADERS_TOO_LONG);
        return end;
    }
    memcpy(mp->head + mp->head_len, p, len);
    mp->head_len += len;
    if (lf)
        end_line(mp);
    return p + len;
}

/* delimiters */

static enum verdict step_boundary_end(struct multipart *mp, char c)
{
    if (c == '-' && mp->n_padding == 0) {
        mp->match = MATCH_DASH;
        return UNDECIDED;
    }
    if (is_blank(c) && mp->n_padding < PADDING_MAX) {
        mp->match = MATCH_PADDING;
        mp->n_padding++;
        return UNDECIDED;
    }
    if (c == '\r') {
        mp->match = MATCH_PADDING_CR;
        return UNDECIDED;
    }
    if (c != '\n')
        return mutant(MUTANT_DELIMITER_PREFIX) ? OPEN_DELIMITER : NO_DELIMITER;
    mp->oddities |= MULTIPART_ODD_BARE_LF;
    return OPEN_DELIMITER;
}

/* Moves the automaton on by one byte. After NO_DELIMITER the byte is not
 * used up: it may begin the next candidate. */
static enum verdict step(struct multipart *mp, char c)
{
    switch (mp->match) {
    case MATCH_NONE:
        mp->after_bare_lf = c == '\n';
        mp->match = c == '\n' ? MATCH_DELIMITER : MATCH_CR;
        mp->matched = 1;
        return UNDECIDED;
    case MATCH_CR:
        mp->match = MATCH_DELIMITER;
        mp->matched = 1;
        return c == '\n' ? UNDECIDED : NO_DELIMITER;
    case MATCH_DELIMITER:
        if (mp->matched == mp->delimiter_len) {
            mp->n_padding = 0;
            return step_boundary_end(mp, c);
        }
        return c == mp->delimiter[mp->matched++] ? UNDECIDED : NO_DELIMITER;
    case MATCH_DASH:
        return c == '-' ? CLOSE_DELIMITER : NO_DELIMITER;
    case MATCH_PADDING:
        return step_boundary_end(mp, c);
    case MATCH_PADDING_CR:
        return c == '\n' ? OPEN_DELIMITER : NO_DELIMITER;
    }
    return NO_DELIMITER;
}

/* May what begins with this LF be a delimiter, as far as the piece goes? The
 * automaton would tell as well, byte by byte. */
static bool may_delimit(const struct multipart *mp, const char *lf,
                        const char *end)
{
    const size_t len = (size_t)(end - lf);
    const char *p;

    if (len <= mp->delimiter_len)
        return memcmp(lf, mp->delimiter, len) == 0;
    if (memcmp(lf, mp->delimiter, mp->delimiter_len) != 0)
        return false;
    p = lf + mp->delimiter_len;
    if (*p == '-')
        return end - p < 2 || p[1] == '-';
    while (p < end && is_blank(*p))
        p++;
    if (p < end && *p == '\r')
        p++;
    return p == end || *p == '\n' || mutant(MUTANT_DELIMITER_PREFIX);
}

/* The first LF in front of `stop` that may begin a delimiter, or NULL. */
static const char *look_closely(const struct multipart *mp, const char *p,
                                const char *stop, const char *end)
{
    const char *last = end - p > 3 ? end - 3 : p; /* with three bytes behind */
    const char first = mp->delimiter[3];

    for (; p < stop && p < last; p++) {
        if (*p == '\n' && p[1] == '-' && p[2] == '-' && p[3] == first &&
            may_delimit(mp, p, end))
            return p;
    }
    for (; p < stop; p++) {
        if (*p == '\n' && may_delimit(mp, p, end))
            return p;
    }
    return NULL;
}

enum { STRIDE = 32 };

/* Is there a LF with a '-' after it among STRIDE bytes (and one more)? Now and
 * then it says so though there is none. Eight at a time: the bit at the top of
 * a byte tells whether it is zero once the two are taken from it. */
static bool may_hold_delimiter(const char *p)
{
    const uint64_t ones = UINT64_C(0x0101010101010101);
    uint64_t found = 0;

    for (size_t i = 0; i < STRIDE; i += sizeof(found)) {
        uint64_t bytes, next, differing;

        memcpy(&bytes, p + i, sizeof(bytes));
        memcpy(&next, p + i + 1, sizeof(next));
        differing = (bytes ^ '\n' * ones) | (next ^ '-' * ones);
        found |= (differing - ones) & ~differing;
    }
    return (found & 0x80 * ones) != 0;
}

/*
 * The first LF from p on that may begin a delimiter, NULL when there is none.
 * What there is of LFs and dashes in the content makes little difference;
 * memmem() is a little faster for most contents, and takes five times as long
 * for one made of the boundary's last bytes.
 */
static const char *find_delimiter(const struct multipart *mp, const char *p,
                                  const char *end)
{
    const char *lf = NULL;

    for (; end - p > STRIDE && !lf; p += STRIDE) {
        if (may_hold_delimiter(p))
            lf = look_closely(mp, p, p + STRIDE, end);
    }
    return lf ? lf : look_closely(mp, p, end, end);
}

/* Returns the first CR or LF from p on that the automaton has to look at,
 * `end` when there is none. */
static const char *find_candidate(const struct multipart *mp, const char *p,
                                  const char *end)
{
    const char *lf = find_delimiter(mp, p, end);

    if (lf)
        return lf > p && lf[-1] == '\r' ? lf - 1 : lf;
    return end[-1] == '\r' ? end - 1 : end;
}

/* Passes on bytes that turned out not to belong to a delimiter. */
static void hand_on(struct multipart *mp, const char *data, size_t len)
{
    if (len == 0)
        return;
    if (mutant(MUTANT_PREAMBLE_REFUSED) && mp->state == STATE_PREAMBLE)
        fail(mp, MULTIPART_NO_FIRST_DELIMITER);
    if (mp->state == STATE_PREAMBLE)
        mp->oddities |= MULTIPART_ODD_PREAMBLE;
    else if (mp->callbacks.part_data(mp->ctx, data, len) != 0)
        fail(mp, MULTIPART_STOPPED);
}

static void hand_on_held(struct multipart *mp)
{
    size_t len = mp->held_len;

    mp->held_len = 0;
    hand_on(mp, mp->held, len);
}

static void begin_headers(struct multipart *mp)
{
    if (mp->n_parts == MULTIPART_MAX_PARTS && !mutant(MUTANT_PARTS_UNLIMITED)) {
        fail(mp, MULTIPART_TOO_MANY_PARTS);
        return;
    }
    if (!mp->head)
        mp->head = arena_alloc(mp->arena, MULTIPART_MAX_HEADER_BYTES);
    if (!mp->head) {
        fail(mp, MULTIPART_NO_MEMORY);
        return;
    }
    mp->head_len = 0;
    mp->line_start = 0;
    mp->state = STATE_HEADERS;
}

static void take_delimiter(struct multipart *mp, enum verdict verdict)
{
    mp->held_len = 0;
    if (mp->error != MULTIPART_OK)
        return;
    if (mp->after_bare_lf)
        mp->oddities |= MULTIPART_ODD_BARE_LF;
    if (mp->state == STATE_CONTENT && mp->callbacks.part_end(mp->ctx) != 0) {
        fail(mp, MULTIPART_STOPPED);
        return;
    }
    if (verdict == CLOSE_DELIMITER)
        mp->state = STATE_EPILOGUE;
    else
        begin_headers(mp);
}

/*
 * Takes preamble or content up to the end of a delimiter. Returns where it
 * stopped. The bytes from `data` to `candidate` are known not to belong to
 * a delimiter; `held` comes before both and is the candidate's beginning.
 */
static const char *scan_text(struct multipart *mp, const char *p,
                             const char *end)
{
    const char *data = p;
    const char *candidate = p;

    while (p < end && mp->error == MULTIPART_OK) {
        if (mp->match == MATCH_NONE) {
            p = candidate = find_candidate(mp, p, end);
            if (p == end)
                break;
        }
        enum verdict verdict = step(mp, *p);
        if (verdict == NO_DELIMITER) {
            mp->match = MATCH_NONE;
            hand_on_held(mp);
            continue;
        }
        p++;
        if (verdict != UNDECIDED) {
            hand_on(mp, data, (size_t)(candidate - data));
            take_delimiter(mp, verdict);
            return p;
        }
    }
    if (mp->error != MULTIPART_OK)
        return end;
    hand_on(mp, data, (size_t)(candidate - data));
    memcpy(mp->held + mp->held_len, candidate, (size_t)(end - candidate));
    mp->held_len += (size_t)(end - candidate);
    return end;
}

/* One line end after the closing delimiter is usual; the rest is ignored. */
static const char *scan_epilogue(struct multipart *mp, const char *p,
                                 const char *end)
{
    if (mp->epilogue == EPILOGUE_NONE && *p == '\r') {
        mp->epilogue = EPILOGUE_CR;
        return p + 1;
    }
    if (mp->epilogue < EPILOGUE_LINE_END && *p == '\n') {
        if (mp->epilogue == EPILOGUE_NONE)
            mp->oddities |= MULTIPART_ODD_BARE_LF;
        mp->epilogue = EPILOGUE_LINE_END;
        return p + 1;
    }
    mp->epilogue = EPILOGUE_ODD;
    mp->oddities |= MULTIPART_ODD_EPILOGUE;
    return end;
}

/* public functions */

struct multipart *multipart_new(struct arena *arena, const char *boundary,
                                size_t boundary_len,
                                const struct multipart_callbacks *callbacks,
                                void *ctx)
{
    struct multipart *mp;

    assert(boundary_len >= 1 && boundary_len <= MULTIPART_MAX_BOUNDARY);
    mp = arena_calloc(arena, sizeof(*mp));
    if (!mp)
        return NULL;
    mp->arena = arena;
    mp->callbacks = *callbacks;
    mp->ctx = ctx;
    memcpy(mp->delimiter, "\n--", 3);
    memcpy(mp->delimiter + 3, boundary, boundary_len);
    mp->delimiter_len = 3 + boundary_len;
    expect_delimiter(mp, STATE_PREAMBLE);
    return mp;
}

enum multipart_error multipart_feed(struct multipart *mp, const char *data,
                                    size_t len)
{
    const char *p = data;
    const char *end;

    if (len == 0)
        return mp->error;
    end = data + len;
    while (p < end && mp->error == MULTIPART_OK) {
        switch (mp->state) {
        case STATE_PREAMBLE:
        case STATE_CONTENT:
            p = scan_text(mp, p, end);
            break;
        case STATE_HEADERS:
            p = scan_headers(mp, p, end);
            break;
        case STATE_EPILOGUE:
            p = scan_epilogue(mp, p, end);
            break;
        }
    }
    return mp->error;
}

enum multipart_error multipart_finish(struct multipart *mp)
{
    if (mp->error != MULTIPART_OK)
        return mp->error;
    switch (mp->state) {
    case STATE_PREAMBLE:
        hand_on_held(mp);
        fail(mp, MULTIPART_NO_FIRST_DELIMITER);
        break;
    case STATE_CONTENT:
        hand_on_held(mp);
        if (mutant(MUTANT_CLOSE_OPTIONAL) && !mp->callbacks.part_end(mp->ctx))
            break;
        fail(mp, MULTIPART_NO_CLOSE_DELIMITER);
        break;
    case STATE_HEADERS:
        fail(mp, MULTIPART_NO_CLOSE_DELIMITER);
        break;
    case STATE_EPILOGUE:
        if (mp->epilogue == EPILOGUE_CR)
            mp->oddities |= MULTIPART_ODD_EPILOGUE;
        break;
    }
    return mp->error;
}

unsigned multipart_oddities(const struct multipart *mp)
{
    return mp->oddities;
}

size_t multipart_n_parts(const struct multipart *mp)
{
    return mp->n_parts;
}

const char *multipart_error_text(enum multipart_error error)
{
    switch (error) {
    case MULTIPART_OK:
        return "the multipart body is well-formed";
    case MULTIPART_NO_FIRST_DELIMITER:
        return "the boundary never appears in the multipart body";
    case MULTIPART_NO_CLOSE_DELIMITER:
        return "the multipart body ends without its closing delimiter";
    case MULTIPART_BAD_HEADER:
        return "a part header line has no colon or holds a control character";
    case MULTIPART_HEADERS_TOO_LONG:
        return "the headers of a part are longer than 8192 bytes";
    case MULTIPART_PART_WITHOUT_NAME:
        return "a part has no name";
    case MULTIPART_TOO_MANY_PARTS:
        return "the multipart body has more than 64 parts";
    case MULTIPART_NO_MEMORY:
        return "out of memory while reading the multipart body";
    case MULTIPART_STOPPED:
        return "reading the multipart body was stopped";
    case MULTIPART__COUNT:
        break;
    }
    return "unknown multipart error";
}
