/*
 * e2e_url: the `url` of livedetectpicture, which is never fetched, and
 * --url-root, which stands for the download (docs/contract.md section 6).
 */
#include "expect.h"

static struct reply send_url(const struct server *s, const char *url)
{
    return send_json(s, PICTURE,
                     format("{\"appid\":\"1000001\",\"url\":\"%s\"}", url));
}

#define expect_url(s, url, code)                                               \
    do {                                                                       \
        struct reply reply_ = send_url(s, url);                                \
        expect_code(&reply_, code);                                            \
    } while (0)

Test(e2e_url, a_url_counts_as_a_good_photo, .timeout = 10)
{
    static const char *const urls[] = {
        "http://test-123456.image.myqcloud.com/test.jpg",
        "https://example.com/a.png",
        "HTTP://EXAMPLE.COM/a.jpg",
        "http://example.com",
        "http://example.com/",
        "http://example.com:8080/a.jpg?x=1&y=2#z",
        "http://127.0.0.1/a",
        "http://example.com/a.gif.jpg",
        "http://example.com/a.jpg?name=x.gif",
        "http://example.com/a.jpg#x.gif",
    };
    struct server s;

    server_start(&s, NULL);
    for (size_t i = 0; i < sizeof(urls) / sizeof(urls[0]); i++)
        expect_url(&s, urls[i], 0);
    server_stop(&s);
}

Test(e2e_url, a_malformed_url_is_5805, .timeout = 10)
{
    static const char *const urls[] = {
        "x",
        "not a url",
        "/a.jpg",
        "a.com/b",
        "//a.com/b",
        "http:",
        "http:/",
        "http://",
        "http:///a.jpg",
        "http:a.com",
        "http//a.com/b",
        "http://a b/c",
        "://a.com",
        "http://?x=1",
        " http://a.com/b",
        "http://a.com/b c",
        "http://a.com/b\\u0001",
    };
    struct server s;

    server_start(&s, NULL);
    for (size_t i = 0; i < sizeof(urls) / sizeof(urls[0]); i++)
        expect_url(&s, urls[i], -5805);
    server_stop(&s);
}

Test(e2e_url, another_scheme_is_5805, .timeout = 10)
{
    static const char *const urls[] = {
        "ftp://example.com/a.jpg", "file:///etc/passwd", "data:image/jpeg,x",
        "javascript:alert(1)",     "httpx://a.b/c",      "gopher://a/b"};
    struct server s;

    server_start(&s, NULL);
    for (size_t i = 0; i < sizeof(urls) / sizeof(urls[0]); i++)
        expect_url(&s, urls[i], -5805);
    server_stop(&s);
}

Test(e2e_url, a_host_under_invalid_is_5805, .timeout = 10)
{
    static const char *const urls[] = {
        "http://host.invalid/a.jpg", "https://a.b.invalid/",
        "http://HOST.INVALID/a.jpg", "http://host.invalid:80/a.jpg"};
    struct server s;

    server_start(&s, NULL);
    for (size_t i = 0; i < sizeof(urls) / sizeof(urls[0]); i++)
        expect_url(&s, urls[i], -5805);
    expect_url(&s, "http://invalid.example.com/a.jpg", 0);
    expect_url(&s, "http://notinvalid/a.jpg", 0);
    server_stop(&s);
}

Test(e2e_url, a_path_that_ends_with_gif_is_4016, .timeout = 10)
{
    static const char *const urls[] = {"http://example.com/a.gif",
                                       "https://example.com/b/c.gif?x=1",
                                       "http://example.com/a.gif#top"};
    struct server s;

    server_start(&s, NULL);
    for (size_t i = 0; i < sizeof(urls) / sizeof(urls[0]); i++)
        expect_url(&s, urls[i], -4016);
    server_stop(&s);
}

static void start_with_files(struct server *s)
{
    scratch_file("root/example.com/a.jpg", jpeg, jpeg_len);
    scratch_file("root/example.com/dir/b c.jpg", jpeg, jpeg_len);
    scratch_file("root/example.com/trap.jpg", gif89a, gif_len);
    scratch_file("outside/a.jpg", jpeg, jpeg_len);
    scratch_file("outside.jpg", jpeg, jpeg_len);
    scratch_file("root/top.jpg", jpeg, jpeg_len);
    server_start(s, "--url-root", format("%s/root", scratch_dir()), NULL);
}

Test(e2e_url, a_file_under_the_root_stands_for_the_download, .timeout = 10)
{
    struct server s;

    start_with_files(&s);
    expect_url(&s, "http://example.com/a.jpg", 0);
    expect_url(&s, "https://example.com/a.jpg?x=1#y", 0);
    server_stop(&s);
}

Test(e2e_url, a_file_missing_under_the_root_is_5805, .timeout = 10)
{
    static const char *const urls[] = {
        "http://example.com/missing.jpg", "http://example.org/a.jpg",
        "http://example.com/dir", "http://example.com/", "http://example.com"};
    struct server s;

    start_with_files(&s);
    for (size_t i = 0; i < sizeof(urls) / sizeof(urls[0]); i++)
        expect_url(&s, urls[i], -5805);
    server_stop(&s);
}

Test(e2e_url, a_gif_under_the_root_is_4016_whatever_its_name, .timeout = 10)
{
    struct server s;

    start_with_files(&s);
    expect_url(&s, "http://example.com/trap.jpg", -4016);
    server_stop(&s);
}

Test(e2e_url, percent_encoding_is_resolved_under_the_root, .timeout = 10)
{
    struct server s;

    start_with_files(&s);
    expect_url(&s, "http://example.com/%61.jpg", 0);
    expect_url(&s, "http://example.com/dir/b%20c.jpg", 0);
    expect_url(&s, "http://example.com/a.jpg%00.png", -5805);
    expect_url(&s, "http://example.com/%zz.jpg", -5805);
    server_stop(&s);
}

/* Each of these names an existing file when taken at its word. */
Test(e2e_url, nothing_leads_out_of_the_root, .timeout = 10)
{
    static const char *const urls[] = {
        "http://example.com/../../outside.jpg",
        "http://example.com/../../outside/a.jpg",
        "http://example.com/dir/../../../outside.jpg",
        "http://example.com/%2e%2e/%2e%2e/outside.jpg",
        "http://example.com/%2E%2E/%2E%2E/outside.jpg",
        "http://example.com/..%2f..%2foutside.jpg",
        "http://example.com/..%2F..%2Foutside.jpg",
        "http://example.com/.%2e/.%2e/outside.jpg",
        "http://../outside.jpg",
        "http://../outside/a.jpg",
        "http://./../outside.jpg",
        "http://example.com//etc/passwd",
        "http://example.com/%2fetc/passwd",
        "http://%2e%2e/outside.jpg",
        "http://example.com/..\\\\..\\\\outside.jpg",
    };
    struct server s;

    start_with_files(&s);
    for (size_t i = 0; i < sizeof(urls) / sizeof(urls[0]); i++)
        expect_url(&s, urls[i], -5805);
    server_stop(&s);
}

Test(e2e_url, the_file_belongs_to_its_host, .timeout = 10)
{
    struct server s;

    start_with_files(&s);
    expect_url(&s, "http://./top.jpg", -5805);
    expect_url(&s, "http://example.com/../top.jpg", -5805);
    server_stop(&s);
}
