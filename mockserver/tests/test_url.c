#include "url.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <criterion/criterion.h>
#include "support.h"

static struct arena arena;

static int parse(struct url *url, const char *text, const char **why)
{
    return url_parse(url, &arena, text, strlen(text), why);
}

static struct url good(const char *text)
{
    const char *why = NULL;
    struct url url = {0};

    cr_assert_eq(parse(&url, text, &why), 0, "%s: %s", text, why);
    return url;
}

static void begin(void)
{
    arena_init(&arena);
}

static void end(void)
{
    arena_release(&arena);
}

TestSuite(url, .init = begin, .fini = end, .timeout = 10);

Test(url, host_and_path_are_taken_apart, .timeout = 10)
{
    static const struct {
        const char *text;
        const char *host;
        const char *path;
    } rows[] = {
        {"http://example.com/a/b.jpg", "example.com", "/a/b.jpg"},
        {"https://example.com/a", "example.com", "/a"},
        {"HTTP://EXAMPLE.com/A", "example.com", "/A"},
        {"http://example.com", "example.com", "/"},
        {"http://example.com?q=/x", "example.com", "/"},
        {"http://example.com#f", "example.com", "/"},
        {"http://example.com/a?b#c", "example.com", "/a"},
        {"http://example.com/a#b?c", "example.com", "/a"},
        {"http://example.com:8080/a", "example.com", "/a"},
        {"http://example.com:/a", "example.com", "/a"},
        {"http://example.com:65535/a", "example.com", "/a"},
        {"http://me:pass@example.com:80/a", "example.com", "/a"},
        {"http://me@x:y@example.com/a", "example.com", "/a"},
        {"http://[::1]/a", "[::1]", "/a"},
        {"http://[2001:DB8::1]:80/a", "[2001:db8::1]", "/a"},
        {"http://192.0.2.1/a", "192.0.2.1", "/a"},
        {"http://example.com/a%20b%2Fc", "example.com", "/a b/c"},
        {"http://example.com/\xe4\xb8\xad.jpg", "example.com",
         "/\xe4\xb8\xad.jpg"},
        {"http://example.com//a", "example.com", "//a"},
    };

    for (size_t i = 0; i < LENGTH(rows); i++) {
        struct url url = good(rows[i].text);

        cr_expect_str_eq(url.host, rows[i].host, "%s: host %s", rows[i].text,
                         url.host);
        cr_expect_str_eq(url.path, rows[i].path, "%s: path %s", rows[i].text,
                         url.path);
    }
}

Test(url, what_is_no_http_url_is_refused_with_a_reason, .timeout = 10)
{
    static const struct {
        const char *text;
        const char *why;
    } rows[] = {
        {"", "url is not an http or https URL"},
        {"example.com/a", "url is not an http or https URL"},
        {"ftp://example.com/a", "url is not an http or https URL"},
        {"httpx://example.com/a", "url is not an http or https URL"},
        {"http:/example.com/a", "url is not an http or https URL"},
        {"//example.com/a", "url is not an http or https URL"},
        {"file:///etc/passwd", "url is not an http or https URL"},
        {"http://", "url has no valid host"},
        {"http:///a", "url has no valid host"},
        {"http://?a", "url has no valid host"},
        {"http://:80/a", "url has no valid host"},
        {"http://me@/a", "url has no valid host"},
        {"http://example.com:x/a", "url has no valid host"},
        {"http://example.com:65536/a", "url has no valid host"},
        {"http://exam%41ple.com/a", "url has no valid host"},
        {"http://exam\"ple.com/a", "url has no valid host"},
        {"http://[::1/a", "url has no valid host"},
        {"http://[xyz]/a", "url has no valid host"},
        {"http://[]/a", "url has no valid host"},
        {"http://\xe4\xb8\xad.com/a", "url has no valid host"},
        {"http://example.com/a%2", "url has a bad path"},
        {"http://example.com/a%zz", "url has a bad path"},
        {"http://example.com/a%00.jpg", "url has a bad path"},
        {" http://example.com/a", "url holds a blank or a control character"},
        {"http://example.com/a b", "url holds a blank or a control character"},
        {"http://example.com/a\n", "url holds a blank or a control character"},
        {"http://example.com/a\x7f",
         "url holds a blank or a control character"},
    };

    for (size_t i = 0; i < LENGTH(rows); i++) {
        const char *why = NULL;
        struct url url;

        cr_expect_eq(parse(&url, rows[i].text, &why), -1, "%s was accepted",
                     rows[i].text);
        cr_expect_str_eq(why, rows[i].why, "%s: %s", rows[i].text, why);
    }
}

Test(url, a_nul_inside_does_not_end_the_text, .timeout = 10)
{
    const char *why = NULL;
    struct url url;

    cr_expect_eq(url_parse(&url, &arena, "http://a/b\0c", 12, &why), -1);
    cr_expect_str_eq(why, "url holds a blank or a control character");
}

Test(url, only_the_given_length_is_read, .timeout = 10)
{
    const char *why = NULL;
    struct url url;

    cr_assert_eq(url_parse(&url, &arena, "http://a/bcd", 10, &why), 0);
    cr_expect_str_eq(url.path, "/b");
}

Test(url, hosts_under_invalid_are_told, .timeout = 10)
{
    static const struct {
        const char *text;
        bool invalid;
    } rows[] = {
        {"http://invalid/a", true},
        {"http://x.invalid/a", true},
        {"http://x.y.INVALID:80/a", true},
        {"http://x.invalid./a", true},
        {"http://invalid./a", true},
        {"http://xinvalid/a", false},
        {"http://invalid.com/a", false},
        {"http://x.invalid.com/a", false},
        {"http://example.com/x.invalid", false},
    };

    for (size_t i = 0; i < LENGTH(rows); i++) {
        struct url url = good(rows[i].text);

        cr_expect_eq(url_host_is_invalid(&url), rows[i].invalid, "%s",
                     rows[i].text);
    }
}

Test(url, the_end_of_the_path_is_compared_without_case, .timeout = 10)
{
    struct url url = good("http://a.gif/b.GiF?c.jpg");

    cr_expect(url_path_ends(&url, ".gif"));
    cr_expect_not(url_path_ends(&url, ".jpg"));
    url = good("http://a.gif/b.gif/");
    cr_expect_not(url_path_ends(&url, ".gif"));
    url = good("http://a.gif");
    cr_expect_not(url_path_ends(&url, ".gif"));
    url = good("http://a/b%2egif");
    cr_expect(url_path_ends(&url, ".gif"));
}

/* files that stand for downloads */

static char root[64];

static void write_file(const char *name, const char *content)
{
    char path[256];
    FILE *file;

    snprintf(path, sizeof(path), "%s/%s", root, name);
    file = fopen(path, "wb");
    cr_assert(file != NULL, "%s", path);
    fputs(content, file);
    fclose(file);
}

static void remove_file(const char *name)
{
    char path[256];

    snprintf(path, sizeof(path), "%s/%s", root, name);
    remove(path);
}

static void begin_root(void)
{
    char path[256];

    arena_init(&arena);
    snprintf(root, sizeof(root), "/tmp/test_url.XXXXXX");
    cr_assert(mkdtemp(root) != NULL);
    snprintf(path, sizeof(path), "%s/web", root);
    cr_assert_eq(mkdir(path, 0700), 0);
    snprintf(path, sizeof(path), "%s/web/example.com", root);
    cr_assert_eq(mkdir(path, 0700), 0);
    write_file("web/example.com/a.jpg", "0123456789");
    write_file("web/example.com/empty", "");
    write_file("secret", "secret");
    snprintf(path, sizeof(path), "%s/web/example.com/fifo", root);
    cr_assert_eq(mkfifo(path, 0600), 0);
    snprintf(root + strlen(root), sizeof(root) - strlen(root), "/web");
}

static void end_root(void)
{
    root[strlen(root) - 4] = '\0';
    remove_file("web/example.com/a.jpg");
    remove_file("web/example.com/empty");
    remove_file("web/example.com/fifo");
    remove_file("web/example.com");
    remove_file("web");
    remove_file("secret");
    remove(root);
    arena_release(&arena);
}

TestSuite(url_file, .init = begin_root, .fini = end_root, .timeout = 10);

static long read_url(const char *text, char *buf, size_t cap)
{
    struct url url = good(text);

    return url_read_file(&url, root, buf, cap);
}

Test(url_file, first_bytes_of_the_file_are_read, .timeout = 10)
{
    char buf[16] = "";

    cr_expect_eq(read_url("http://EXAMPLE.com:80/a.jpg?x", buf, 4), 4);
    cr_expect_eq(memcmp(buf, "0123\0", 5), 0);
    cr_expect_eq(read_url("http://example.com/a.jpg", buf, sizeof(buf)), 10);
    cr_expect_eq(read_url("http://example.com/%61.jpg", buf, 16), 10);
}

Test(url_file, empty_file_has_zero_bytes, .timeout = 10)
{
    char buf[4];

    cr_expect_eq(read_url("http://example.com/empty", buf, sizeof(buf)), 0);
}

Test(url_file, what_is_no_regular_file_is_not_there, .timeout = 10)
{
    static const char *const texts[] = {
        "http://example.com/none",  "http://example.com/",
        "http://example.com",       "http://example.org/a.jpg",
        "http://example.com/fifo",  "http://example.com/a.jpg/",
        "http://example.com/A.JPG",
    };
    char buf[16];

    for (size_t i = 0; i < LENGTH(texts); i++)
        cr_expect_eq(read_url(texts[i], buf, sizeof(buf)), -1, "%s", texts[i]);
}

Test(url_file, nothing_outside_the_root_is_reached, .timeout = 10)
{
    static const char *const texts[] = {
        "http://example.com/../../secret",
        "http://example.com/%2e%2e/%2e%2e/secret",
        "http://example.com/..%2f..%2fsecret",
        "http://../secret",
        "http://example.com/./a.jpg",
        "http://./example.com/a.jpg",
    };
    char buf[16];

    for (size_t i = 0; i < LENGTH(texts); i++)
        cr_expect_eq(read_url(texts[i], buf, sizeof(buf)), -1, "%s", texts[i]);
}

Test(url_file, a_name_too_long_is_not_there, .timeout = 10)
{
    char text[5000] = "http://example.com/";
    char buf[16];

    memset(text + 19, '/', sizeof(text) - 20);
    memcpy(text + sizeof(text) - 6, "a.jpg", 5);
    cr_expect_eq(read_url(text, buf, sizeof(buf)), -1);
}
