/*
 * e2e_samples: the published sample requests, byte for byte: with the
 * Authorization they show, which is cut short, and with a valid one.
 */
#include "expect.h"

#include <stdio.h>
#include <string.h>

static const char accounts[] =
    "{\"accounts\":[{\"appid\":\"123456\",\"buckets\":[\"test\"],\"keys\":[{"
    "\"secret_id\":\"AKIDsample\",\"secret_key\":\"key-of-samples\"}]},"
    "{\"appid\":\"1000001\",\"keys\":[{\"secret_id\":\"AKIDpicture\","
    "\"secret_key\":\"key-of-pictures\"}]}]}";

static const struct credentials four = {"123456", "test", "AKIDsample",
                                        "key-of-samples"};
static const struct credentials picture = {"1000001", NULL, "AKIDpicture",
                                           "key-of-pictures"};

static struct bytes sample(const char *name)
{
    struct bytes all = {0};
    char buf[4096];
    FILE *file = fopen(format("fixtures/samples/%s.request.http", name), "rb");

    cr_assert(file != NULL, "%s", name);
    for (size_t n; (n = fread(buf, 1, sizeof(buf), file)) > 0;)
        bytes_add(&all, buf, n);
    fclose(file);
    return all;
}

/* The same request with another value of Authorization. */
static struct bytes signed_by(const struct bytes *all,
                              const struct credentials *who)
{
    const char field[] = "Authorization: ";
    const char *value = all->data ? strstr(all->data, field) : NULL;
    const char *rest = value ? strstr(value, "\r\n") : NULL;
    struct bytes out = {0};

    cr_assert(rest != NULL);
    value += strlen(field);
    bytes_add(&out, all->data, (size_t)(value - all->data));
    bytes_text(&out, sign(who));
    bytes_add(&out, rest, all->len - (size_t)(rest - all->data));
    return out;
}

static void expect_sample(const char *name, const struct credentials *who,
                          int code)
{
    struct server s;
    struct bytes all = sample(name);
    struct reply r;

    server_start(&s, "--accounts",
                 scratch_file("accounts.json", accounts, sizeof(accounts) - 1),
                 NULL);
    r = send_bytes(&s, all.data, all.len);
    expect_code(&r, 5);
    reply_release(&r);
    all = signed_by(&all, who);
    r = send_bytes(&s, all.data, all.len);
    if (code)
        expect_code(&r, code);
    else
        expect_success(&r);
    server_stop(&s);
}

Test(e2e_samples, livedetectfour_passes_once_signed, .timeout = 10)
{
    expect_sample("livedetectfour", &four, 0);
}

Test(e2e_samples, livedetectpicture_by_url_passes_once_signed, .timeout = 10)
{
    expect_sample("livedetectpicture-url", &picture, 0);
}

/* Its missing line break makes one long appid of two fields. */
Test(e2e_samples, livedetectpicture_by_image_keeps_its_misprint, .timeout = 10)
{
    expect_sample("livedetectpicture-image", &four, 6);
}
