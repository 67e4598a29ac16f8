/*
 * e2e_http_table: the tables of docs/http.md, which say what is refused as HTTP
 * and what is not, row by row against a server. That page explains the rows;
 * this file knows how they are written.
 */
#include "expect.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#define PAGE "docs/http.md"
#define GOOD_BODY "{\"appid\":\"1000001\"}" /* of 19 bytes */

/* What the bytes of a table's first column stand for, in a request that is
 * LINE HOST (fields) FRAMING. */
enum place {
    PLACE_LINE,
    PLACE_HOST,
    PLACE_FIELDS,
    PLACE_FIRST, /* the end of the request line, and Host */
    PLACE_FRAMING,
    PLACE_CHUNKS,
    PLACE_WHOLE,
    PLACE__NONE,
};

struct row {
    const char *text; /* the line of the page, for messages */
    struct bytes bytes;
    int status; /* 0: no answer */
    bool closed;
    bool by_library;
};

/* reading the page */

static int hex(char c)
{
    const char digits[] = "0123456789abcdef";
    const char *at = c ? strchr(digits, c) : NULL;

    cr_assert(at != NULL, "%c is no hex digit", c);
    return (int)(at - digits);
}

/* The byte that an escape stands for; *s is moved to its last character. */
static char unescape(const char **s)
{
    switch (*++*s) {
    case 'r':
        return '\r';
    case 'n':
        return '\n';
    case 't':
        return '\t';
    case '0':
        return '\0';
    case '\\':
        return '\\';
    case 'x':
        *s += 2;
        return (char)(hex((*s)[-1]) << 4 | hex((*s)[0]));
    default:
        cr_fatal("%s: unknown escape \\%c", PAGE, **s);
    }
}

/* Adds what is between backticks, as often as × says; returns what follows. */
static const char *take_piece(struct bytes *out, const char *s)
{
    static const char times[] = " \u00d7 ";
    struct bytes piece = {0};
    unsigned long n = 1;

    for (; *s && *s != '`'; s++) {
        char c = *s == '\\' ? unescape(&s) : *s;

        bytes_add(&piece, &c, 1);
    }
    cr_assert(s[0] == '`', "%s: a piece without end: %s", PAGE, s);
    s++;
    if (!strncmp(s, times, strlen(times))) {
        char *end;

        n = strtoul(s + strlen(times), &end, 10);
        s = end;
    }
    while (n-- > 0)
        bytes_add(out, piece.data, piece.len);
    bytes_release(&piece);
    return s;
}

static void take_bytes(struct bytes *out, const char *cell)
{
    bytes_text(out, "");
    while (*cell) {
        if (*cell == '`') {
            cell = take_piece(out, cell + 1);
        } else if (!strncmp(cell, "BODY", 4)) {
            bytes_text(out, GOOD_BODY);
            cell += 4;
        } else {
            cr_assert(strchr(" ,", *cell) != NULL, "%s: not understood: %s",
                      PAGE, cell);
            cell++;
        }
    }
}

/* "400, closed", "200, kept", "none, closed". */
static void take_answer(struct row *row, const char *cell)
{
    const char *comma = strchr(cell, ',');

    cr_assert(comma != NULL, "%s: no answer: %s", PAGE, row->text);
    row->status = (int)strtol(cell, NULL, 10);
    row->closed = !strcmp(comma, ", closed");
    cr_assert(row->closed || strcmp(comma, ", kept") == 0, "%s: %s", PAGE,
              cell);
    cr_assert(row->status > 0 || strncmp(cell, "none", 4) == 0, "%s: %s", PAGE,
              cell);
}

/* Cells end with " |"; what is before it may be nothing. */
static struct row take_row(const char *line)
{
    struct row row = {.text = line};
    char *cells[4] = {0};
    char *rest = format("%s", line + 1);

    for (size_t i = 0; i < 4; i++) {
        char *bar = strchr(rest, '|');

        cr_assert(bar != NULL, "%s: a row of less than 4: %s", PAGE, line);
        cells[i] = rest + (*rest == ' ');
        rest = bar + 1;
        while (bar > cells[i] && bar[-1] == ' ')
            bar--;
        *bar = '\0';
    }
    take_bytes(&row.bytes, cells[0]);
    take_answer(&row, cells[1]);
    row.by_library = !strcmp(cells[2], "library");
    return row;
}

static bool is_row(const char *line)
{
    return line[0] == '|' && line[1] == ' ' &&
           strncmp(line, "| bytes |", 9) != 0;
}

/* what is sent */

static struct bytes request_of(const struct row *row, enum place place)
{
    static const char framing[] = "Content-Length: 19\r\n\r\n" GOOD_BODY;
    const struct request good = request_good(GETFOUR);
    struct bytes all = {0};
    const struct {
        enum place place;
        const char *otherwise;
    } pieces[] = {
        {PLACE_LINE, "POST " GETFOUR " HTTP/1.1\r\n"},
        {PLACE_HOST, "Host: 127.0.0.1\r\n"},
        {PLACE_FIELDS, ""},
        {PLACE__NONE,
         format("Authorization: %s\r\nContent-Type: application/json\r\n",
                good.authorization)},
        {PLACE_CHUNKS, NULL},
        {PLACE_FRAMING, framing},
    };

    if (place == PLACE_WHOLE)
        return row->bytes;
    for (size_t i = 0; i < sizeof(pieces) / sizeof(pieces[0]); i++) {
        const char *text = pieces[i].otherwise;

        if (place == PLACE_CHUNKS && pieces[i].place == PLACE_CHUNKS)
            bytes_text(&all, "Transfer-Encoding: chunked\r\n\r\n");
        if (place == PLACE_FIRST && pieces[i].place == PLACE_LINE)
            text = "POST " GETFOUR " HTTP/1.1";
        if (pieces[i].place == place ||
            (place == PLACE_FIRST && pieces[i].place == PLACE_HOST))
            bytes_add(&all, row->bytes.data, row->bytes.len);
        else if (text && !(place == PLACE_CHUNKS && text == framing))
            bytes_text(&all, text);
    }
    return all;
}

/* what comes back */

static size_t count(const struct bytes *in, const char *text)
{
    size_t n = 0;
    const char *s = in->data, *end = in->data + in->len;

    while ((s = memmem(s, (size_t)(end - s), text, strlen(text)))) {
        s += strlen(text);
        n++;
    }
    return n;
}

/* Everything up to the end of the connection. */
static struct bytes read_all(const struct client *c, const struct row *row)
{
    struct bytes all = {0};
    char buf[4096];
    ssize_t n;

    bytes_text(&all, "");
    while ((n = recv(c->fd, buf, sizeof(buf), 0)) > 0)
        bytes_add(&all, buf, (size_t)n);
    cr_expect(n == 0 || errno == ECONNRESET, "still open after\n%s", row->text);
    return all;
}

/* The second request has no answer, so that of all there is one code at most,
 * and none of a success. */
static void expect_closed(const struct client *c, const struct row *row)
{
    struct bytes in = read_all(c, row);
    const char *line = row->status ? format("HTTP/1.1 %d ", row->status) : "";
    size_t codes = row->status == 0 || row->by_library ? 0 : 1;

    cr_expect(strncmp(in.data, line, strlen(line)) == 0 &&
                  (row->status > 0 || in.len == 0),
              "%s\nwas answered\n%s", row->text, printable(in.data, in.len));
    cr_expect(count(&in, "\"code\":") == codes && !count(&in, "\"code\":0"),
              "%s\nhas not %zu answers of ours:\n%s", row->text, codes,
              printable(in.data, in.len));
    bytes_release(&in);
}

static void expect_kept(struct client *c, const struct row *row)
{
    struct reply first = client_read(c), second;
    const char *why = row->status == 200 ? check_success(&first)
                                         : check_answer(&first, row->status, 3);

    cr_expect(why == NULL, "%s\n%s", row->text, why);
    if (why)
        return;
    second = client_read(c);
    why = check_success(&second);
    cr_expect(why == NULL, "%s\nthe request after it:\n%s", row->text, why);
    reply_release(&first);
    reply_release(&second);
}

static void run_row(const struct server *s, const struct row *row,
                    enum place place)
{
    struct request next = request_good(GETFOUR);
    struct bytes all = request_of(row, place);
    struct client c;

    client_open(&c, s);
    if (client_send(&c, all.data, all.len))
        client_send_request(&c, &next);
    if (row->closed)
        expect_closed(&c, row);
    else
        expect_kept(&c, row);
    client_close(&c);
}

/* Runs the table under that heading; returns how many rows it has. */
static size_t run_table(const struct server *s, char *page, const char *heading,
                        enum place place)
{
    const char *mark = format("\n## %s\n", heading);
    char *line = strstr(page, mark);
    char *end, *rest;
    size_t n = 0;

    cr_assert(line != NULL, "%s has no heading %s", PAGE, heading);
    line += strlen(mark);
    end = strstr(line, "\n## ");
    if (end)
        *end = '\0';
    for (line = strtok_r(line, "\n", &rest); line;
         line = strtok_r(NULL, "\n", &rest)) {
        if (is_row(line)) {
            struct row row = take_row(line);

            run_row(s, &row, place);
            n++;
        }
    }
    return n;
}

/* At least so many rows are on the page: that it was read at all. */
static void expect_table(const char *heading, enum place place, size_t at_least)
{
    struct bytes page = {0};
    struct server s;
    size_t n;

    cr_assert(bytes_read_file(&page, PAGE) == 0, PAGE);
    server_start(&s, NULL);
    n = run_table(&s, page.data, heading, place);
    cr_expect(n >= at_least, "%s: only %zu rows under %s", PAGE, n, heading);
    expect_alive(&s);
    server_stop(&s);
}

Test(e2e_http_table, request_lines, .timeout = 60)
{
    expect_table("Request line", PLACE_LINE, 40);
}

Test(e2e_http_table, hosts, .timeout = 60)
{
    expect_table("Host", PLACE_HOST, 20);
}

Test(e2e_http_table, fields, .timeout = 60)
{
    expect_table("Fields", PLACE_FIELDS, 25);
}

Test(e2e_http_table, first_fields, .timeout = 60)
{
    expect_table("First field", PLACE_FIRST, 4);
}

Test(e2e_http_table, lengths_and_codings, .timeout = 60)
{
    expect_table("Content-Length and Transfer-Encoding", PLACE_FRAMING, 40);
}

Test(e2e_http_table, version_1_0, .timeout = 60)
{
    expect_table("HTTP/1.0", PLACE_WHOLE, 3);
}

Test(e2e_http_table, chunks, .timeout = 60)
{
    expect_table("Chunks", PLACE_CHUNKS, 20);
}

Test(e2e_http_table, tunnels, .timeout = 60)
{
    expect_table("CONNECT", PLACE_WHOLE, 10);
}

/* No other table of the page goes by unread. */
Test(e2e_http_table, no_table_is_left_out, .timeout = 10)
{
    struct bytes page = {0};
    size_t n = 0;

    cr_assert(bytes_read_file(&page, PAGE) == 0, PAGE);
    for (const char *s = page.data; (s = strstr(s, "\n|---")); s++)
        n++;
    cr_expect(eq(sz, n, 8));
}
