/*
 * e2e_signature: every outcome of docs/contract.md section 4, as a client
 * sees it. All requests go to livegetfour, whose body is the simplest, unless
 * the rule is about livedetectfour.
 */
#include "expect.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <openssl/evp.h>

/* The reply to a good livegetfour request with this Authorization value. */
static struct reply send_signed(const struct server *s,
                                const char *authorization)
{
    struct request q = request_json(GETFOUR, "{\"appid\":\"1000001\"}");

    q.authorization = authorization;
    return send_request(s, &q);
}

#define expect_signed(s, authorization, code)                                  \
    do {                                                                       \
        struct reply reply_ = send_signed(s, authorization);                   \
        expect_code(&reply_, code);                                            \
    } while (0)

/* The demo account's signature of a format whose %lld is the time now. */
static const char *sign_at(const char *text)
{
    return sign_text(demo.secret_key, text);
}

static long long now(void)
{
    return (long long)time(NULL);
}

static const char *demo_text(void)
{
    return format("a=1000001&b=test&k=AKIDdemo1000001&e=%lld&t=%lld&r=1&u=0&f=",
                  now() + 3600, now());
}

Test(e2e_signature, a_missing_or_blank_header_is_4, .timeout = 10)
{
    struct server s;

    server_start(&s, NULL);
    expect_signed(&s, NULL, 4);
    expect_signed(&s, "", 4);
    expect_signed(&s, "  \t ", 4);
    server_stop(&s);
}

Test(e2e_signature, what_is_not_strict_base64_is_5, .timeout = 10)
{
    const char *good = sign(&demo);
    char *inner_blank = strdup(good);
    const char *const values[] = {
        "!",
        "????",
        format("Bearer %s", good),
        format("QCloud %s", good),
        format("%s=", good),
        format("%s====", good),
        format("=%s", good),
        format("%.10s %s", good, good + 10),
        inner_blank,
        /* cut to a length that is no multiple of four */
        format("%.41s", good),
    };
    struct server s;

    inner_blank[20] = ' ';
    server_start(&s, NULL);
    for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++)
        expect_signed(&s, values[i], 5);
    server_stop(&s);
}

/* A digest whose Base64 has '+' or '/' is found by counting r up. */
Test(e2e_signature, the_url_safe_alphabet_is_5, .timeout = 10)
{
    struct server s;
    char *value = NULL;
    int r = 0;

    while (!value || !strpbrk(value, "+/"))
        value = (char *)sign_at(
            format("a=1000001&b=test&k=AKIDdemo1000001&e=%lld&t=%lld&r=%d",
                   now() + 3600, now(), r++));
    server_start(&s, NULL);
    expect_signed(&s, value, 0);
    for (char *p = value; *p; p++) {
        if (*p == '+')
            *p = '-';
        else if (*p == '/')
            *p = '_';
    }
    expect_signed(&s, value, 5);
    server_stop(&s);
}

Test(e2e_signature, too_short_or_no_list_of_fields_is_5, .timeout = 10)
{
    static const char digest[21] = "12345678901234567890";
    struct server s;

    server_start(&s, NULL);
    expect_signed(&s, base64(digest, 5), 5);
    expect_signed(&s, base64(digest, 20), 5);
    expect_signed(&s, base64("12345678901234567890x", 21), 5);
    expect_signed(&s, sign_at("hello world"), 5);
    expect_signed(&s, sign_at("&&&&"), 5);
    expect_signed(&s, sign_at("{\"a\":\"1000001\"}"), 5);
    server_stop(&s);
}

Test(e2e_signature, a_required_field_that_is_missing_empty_or_twice_is_5,
     .timeout = 10)
{
    const char *e = format("%lld", now() + 3600), *t = format("%lld", now());
    const char *const fields[] = {"a=1000001", "k=AKIDdemo1000001",
                                  format("e=%s", e), format("t=%s", t)};
    struct server s;

    server_start(&s, NULL);
    for (size_t i = 0; i < 4; i++) {
        const char *text = "b=test";
        const char *rest = "";

        for (size_t j = 0; j < 4; j++)
            rest = j == i ? rest : format("%s&%s", rest, fields[j]);
        expect_signed(&s, sign_at(format("%s%s", text, rest)), 5);
        expect_signed(&s, sign_at(format("%s%s&%.2s", text, rest, fields[i])),
                      5);
        expect_signed(
            &s, sign_at(format("%s%s&%s&%s", text, rest, fields[i], fields[i])),
            5);
        expect_signed(&s, sign_at(format("%s%s&%s", text, rest, fields[i])), 0);
    }
    server_stop(&s);
}

Test(e2e_signature, times_that_are_not_decimal_are_5, .timeout = 10)
{
    static const char *const values[] = {
        "abc", "-1", "0x10", "1.5", "1e9",
        " 1",  "1 ", "+1",   "",    "99999999999999999999999"};
    struct server s;

    server_start(&s, NULL);
    for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++) {
        expect_signed(&s,
                      sign_at(format("a=1000001&b=test&k=AKIDdemo1000001&e=%s"
                                     "&t=%lld",
                                     values[i], now())),
                      5);
        expect_signed(&s,
                      sign_at(format("a=1000001&b=test&k=AKIDdemo1000001"
                                     "&e=%lld&t=%s",
                                     now() + 3600, values[i])),
                      5);
    }
    server_stop(&s);
}

Test(e2e_signature, a_life_of_92_days_is_the_longest, .timeout = 10)
{
    static const long long longest = 92LL * 24 * 3600;
    long long t = now();
    struct server s;
    char text[256];

    server_start(&s, NULL);
    snprintf(text, sizeof(text),
             "a=1000001&b=test&k=AKIDdemo1000001&e=%lld&t=%lld", t + longest,
             t);
    expect_signed(&s, sign_at(text), 0);
    snprintf(text, sizeof(text),
             "a=1000001&b=test&k=AKIDdemo1000001&e=%lld&t=%lld",
             t + longest + 1, t);
    expect_signed(&s, sign_at(text), 5);
    server_stop(&s);
}

Test(e2e_signature, the_published_sample_is_5, .timeout = 10)
{
    struct server s;

    server_start(&s, NULL);
    expect_signed(&s, "FCHXdPTEwMDAwMzc5Jms9QUtJRGVRZDBrRU1yM2J4ZjhRckJi==", 5);
    server_stop(&s);
}

Test(e2e_signature, an_unknown_appid_is_10, .timeout = 10)
{
    const struct credentials c = {"999", "test", demo.secret_id,
                                  demo.secret_key};
    struct server s;

    server_start(&s, NULL);
    expect_signed(&s, sign(&c), 10);
    server_stop(&s);
}

Test(e2e_signature, an_unknown_secret_id_is_11, .timeout = 10)
{
    const struct credentials c = {"1000001", "test", "AKIDnobody",
                                  demo.secret_key};
    struct server s;

    server_start(&s, NULL);
    expect_signed(&s, sign(&c), 11);
    server_stop(&s);
}

Test(e2e_signature, the_secret_id_of_another_appid_is_12, .timeout = 10)
{
    const struct credentials c = {"1000001", "test", demo_bucketless.secret_id,
                                  demo_bucketless.secret_key};
    struct server s;

    server_start(&s, NULL);
    expect_signed(&s, sign(&c), 12);
    server_stop(&s);
}

Test(e2e_signature, a_wrong_digest_is_14, .timeout = 10)
{
    struct server s;
    char *damaged = (char *)sign(&demo);

    server_start(&s, NULL);
    expect_signed(&s, sign_text("not the key", demo_text()), 14);
    damaged[3] = damaged[3] == 'A' ? 'B' : 'A';
    expect_signed(&s, damaged, 14);
    server_stop(&s);
}

Test(e2e_signature, a_digest_of_other_bytes_is_14, .timeout = 10)
{
    struct server s;
    struct bytes text = {0};

    bytes_text(&text, "12345678901234567890");
    bytes_text(&text, demo_text());
    server_start(&s, NULL);
    expect_signed(&s, base64(text.data, text.len), 14);
    server_stop(&s);
}

Test(e2e_signature, an_expired_one_is_9, .timeout = 10)
{
    struct server s;

    server_start(&s, NULL);
    expect_signed(&s,
                  sign_at(format("a=1000001&b=test&k=AKIDdemo1000001&e=%lld"
                                 "&t=%lld&r=1&u=0&f=",
                                 now() - 2, now() - 100)),
                  9);
    expect_signed(
        &s,
        sign_at("a=1000001&b=test&k=AKIDdemo1000001&e=1438669115&t=1436077115"),
        9);
    server_stop(&s);
}

Test(e2e_signature, a_single_use_one_passes_once_then_13, .timeout = 10)
{
    const char *once, *another;
    struct server s;

    once = sign_once(&demo);
    another = sign_once(&demo);
    server_start(&s, NULL);
    expect_signed(&s, once, 0);
    expect_signed(&s, once, 13);
    expect_signed(&s, once, 13);
    expect_signed(&s, another, 0);
    server_stop(&s);
}

Test(e2e_signature, a_lasting_one_may_be_used_again, .timeout = 10)
{
    const char *lasting = sign(&demo);
    struct server s;

    server_start(&s, NULL);
    for (int i = 0; i < 5; i++)
        expect_signed(&s, lasting, 0);
    server_stop(&s);
}

Test(e2e_signature, an_unknown_bucket_is_16, .timeout = 10)
{
    const struct credentials c = {"1000001", "nobucket", demo.secret_id,
                                  demo.secret_key};
    struct server s;

    server_start(&s, NULL);
    expect_signed(&s, sign(&c), 16);
    server_stop(&s);
}

Test(e2e_signature, an_account_in_arrears_is_3_with_its_own_message,
     .timeout = 10)
{
    struct server s;
    struct reply r;

    server_start(&s, NULL);
    r = send_signed(&s, sign(&demo_arrears));
    expect_code(&r, 3);
    expect_message(&r, "account abnormal,errorno is:2");
    server_stop(&s);
}

Test(e2e_signature, the_second_key_of_an_account_is_as_good, .timeout = 10)
{
    const struct credentials c = {"1000001", "test", "AKIDdemo1000001b",
                                  "second-demo-key-of-1000001"};
    struct server s;

    server_start(&s, NULL);
    expect_signed(&s, sign(&c), 0);
    server_stop(&s);
}

Test(e2e_signature, checks_come_in_the_documented_order, .timeout = 10)
{
    const long long past = now() - 10, t = now() - 100;
    const struct {
        const char *key, *text;
        int code;
    } cases[] = {
        /* unknown appid before unknown SecretId */
        {"x", format("a=9&b=x&k=nobody&e=%lld&t=%lld", past, t), 10},
        /* unknown SecretId before digest, time and bucket */
        {"x", format("a=1000001&b=x&k=nobody&e=%lld&t=%lld", past, t), 11},
        {"x", format("a=1000001&b=x&k=AKIDdemo1000002&e=%lld&t=%lld", past, t),
         12},
        /* digest before time */
        {"x", format("a=1000001&b=x&k=AKIDdemo1000001&e=%lld&t=%lld", past, t),
         14},
        /* time before bucket */
        {demo.secret_key,
         format("a=1000001&b=x&k=AKIDdemo1000001&e=%lld&t=%lld", past, t), 9},
        /* bucket before arrears */
        {demo_arrears.secret_key,
         format("a=1000003&b=x&k=AKIDdemo1000003&e=%lld&t=%lld", now() + 99, t),
         16},
    };
    struct server s;

    server_start(&s, NULL);
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
        expect_signed(&s, sign_text(cases[i].key, cases[i].text),
                      cases[i].code);
    server_stop(&s);
}

Test(e2e_signature, the_orders_that_vendor_clients_sign_in_pass, .timeout = 10)
{
    const long long t = now(), e = t + 600;
    const char *const texts[] = {
        format("a=1000001&b=test&k=AKIDdemo1000001&t=%lld&e=%lld", t, e),
        format("a=1000001&b=test&k=AKIDdemo1000001&e=%lld&t=%lld&r=7&f=", e, t),
        format("f=some/file&u=x&r=&t=%lld&e=%lld&k=AKIDdemo1000001&b=test"
               "&a=1000001",
               t, e),
        format("a=1000001&b=test&k=AKIDdemo1000001&e=%lld&t=%lld&zz=1&r=1&r=2",
               e, t),
    };
    struct server s;

    server_start(&s, NULL);
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
        expect_signed(&s, sign_at(texts[i]), 0);
    server_stop(&s);
}

Test(e2e_signature, the_bucket_of_the_form_is_the_signed_one, .timeout = 10)
{
    struct server s;
    struct form f = form_four("true");
    struct reply r;

    form_set(&f, "bucket", "other");
    server_start(&s, NULL);
    r = send_form(&s, FOUR, &f);
    expect_code(&r, 6);
    server_stop(&s);
}

Test(e2e_signature, an_account_with_buckets_must_sign_one, .timeout = 10)
{
    static const char *const paths[] = {FOUR, PICTURE, GETFOUR};
    const long long t = now(), e = t + 600;
    const char *const texts[] = {
        format("a=1000001&k=AKIDdemo1000001&e=%lld&t=%lld", e, t),
        format("a=1000001&b=&k=AKIDdemo1000001&e=%lld&t=%lld", e, t),
    };
    struct server s;

    server_start(&s, NULL);
    for (size_t i = 0; i < 6; i++) {
        struct request q = request_good(paths[i / 2]);
        struct reply r;

        q.authorization = sign_at(texts[i % 2]);
        r = send_request(&s, &q);
        expect_code(&r, 6);
    }
    server_stop(&s);
}

Test(e2e_signature, an_account_without_buckets_need_not_sign_one, .timeout = 10)
{
    const long long t = now(), e = t + 600;
    const char *const texts[] = {
        format("a=1000002&k=AKIDdemo1000002&e=%lld&t=%lld&r=7&u=0", e, t),
        format("a=1000002&b=&k=AKIDdemo1000002&t=%lld&e=%lld", t, e),
    };
    struct server s;

    server_start(&s, NULL);
    for (size_t i = 0; i < 2; i++) {
        struct request q = request_json(GETFOUR, "{\"appid\":\"1000002\"}");
        struct reply r;

        q.authorization = sign_text(demo_bucketless.secret_key, texts[i]);
        r = send_request(&s, &q);
        expect_success(&r);
    }
    server_stop(&s);
}

Test(e2e_signature, each_bucket_of_the_account_passes, .timeout = 10)
{
    const struct credentials c = {"1000001", "other", demo.secret_id,
                                  demo.secret_key};
    struct server s;
    struct form f = form_four("true");
    struct request q;
    struct reply r;

    form_set(&f, "bucket", "other");
    q = request_form(FOUR, &f);
    q.authorization = sign(&c);
    server_start(&s, NULL);
    r = send_request(&s, &q);
    expect_success(&r);
    server_stop(&s);
}

/* Written in one piece, so that all arrive within the same second. */
Test(e2e_signature, over_the_rate_of_the_account_is_15, .timeout = 10)
{
    struct server s;
    struct client c;
    struct request q = request_json(GETFOUR, "{\"appid\":\"1000004\"}");
    struct bytes all = {0}, one;
    struct reply r;
    int n_refused = 0;

    q.authorization = sign(&demo_limited);
    one = request_bytes(&q);
    for (int i = 0; i < 10; i++)
        bytes_add(&all, one.data, one.len);
    server_start(&s, NULL);
    client_open(&c, &s);
    client_send(&c, all.data, all.len);
    r = client_read(&c);
    expect_success(&r);
    for (int i = 1; i < 10; i++) {
        r = client_read(&c);
        if (!check_answer(&r, 200, 15))
            n_refused++;
    }
    cr_expect(ge(int, n_refused, 8), "only %d of 9 were refused", n_refused);
    client_close(&c);
    expect_alive(&s);
    server_stop(&s);
}

Test(e2e_signature, the_field_name_may_have_any_case, .timeout = 10)
{
    struct server s;
    struct request q = request_good(GETFOUR);
    struct reply r;

    q.headers = format("aUTHORIZATION:%s\r\n", q.authorization);
    q.authorization = NULL;
    server_start(&s, NULL);
    r = send_request(&s, &q);
    expect_success(&r);
    server_stop(&s);
}

/* Cut anywhere, it decodes to some text: to one without its four required
 * fields, of which `t` is the last and its ten digits count, or to one whose
 * digest is wrong. */
Test(e2e_signature, one_that_was_cut_answers_what_its_text_deserves,
     .timeout = 20)
{
    const char *text = demo_text();
    const size_t end_of_t =
        (size_t)(strstr(text, "&t=") - text) + strlen("&t=1234567890");
    struct bytes whole = {0};
    struct server s;
    struct client c;

    /* the digest of the whole text, and room for its Base64 to be decoded */
    bytes_reserve(&whole, 1000);
    whole.len = (size_t)EVP_DecodeBlock((unsigned char *)whole.data,
                                        (const unsigned char *)sign_at(text),
                                        (int)strlen(sign_at(text)));
    server_start(&s, NULL);
    client_open(&c, &s);
    for (size_t n = 0; n < strlen(text); n++) {
        struct request q = request_good(GETFOUR);
        struct reply r;

        q.authorization = base64(whole.data, 20 + n);
        r = client_exchange(&c, &q);
        expect_code(&r, n < end_of_t ? 5 : 14);
    }
    client_close(&c);
    server_stop(&s);
}

/* The vendor's public examples, in two halves so that nobody takes them for
 * secrets that leaked. */
static const char vector_accounts[] =
    "{\"accounts\":["
    "{\"appid\":\"1000027\",\"buckets\":[\"test333\"],\"keys\":[{"
    "\"secret_id\":\"AKIDnX91172Bs2NK"
    "4SP9Ad9JDVYpm7Lx2Nek\","
    "\"secret_key\":\"oHL5srXW3Fkn8xtu"
    "gG0BDhUfOOsC9DAd\"}]},"
    "{\"appid\":\"1252821871\",\"buckets\":[\"tencentyun\"],\"keys\":[{"
    "\"secret_id\":\"AKIDgaoOYh2kOmJf"
    "WVdH4lpfxScG2zPLPGoK\","
    "\"secret_key\":\"nwOKDouy5JctNOln"
    "ere4gkVoOUz5EYAb\"}]}]}";

/* The first 44 characters as published, and the rest of the text. */
static const char *vector(const char *start, const char *e, const char *f)
{
    unsigned char digest[40];
    struct bytes b = {0};

    EVP_DecodeBlock(digest, (const unsigned char *)start, 44);
    bytes_add(&b, digest, 20);
    bytes_text(&b, format("a=1252821871&b=tencentyun&k=AKIDgaoOYh2kOmJf"
                          "WVdH4lpfxScG2zPLPGoK&e=%s&t=1436077115&r=11162"
                          "&u=0&f=%s",
                          e, f));
    return base64(b.data, b.len);
}

/* Their digests are right, so that only their age is left to refuse. */
Test(e2e_signature, the_published_vectors_verify, .timeout = 10)
{
    static const char first[] =
        "xBx0lpW/tdIr1vfksAt3GpfXo9phPTEwMDAwMjcmYj10ZXN0MzMzJms9QUtJRG5YOTEx"
        "NzJCczJOSzRTUDlBZDlKRFZZcG03THgyTmVrJnQ9MTQ2NjM5MzQ4OSZlPTE0NjYzOTM0"
        "OTk=";
    struct server s;

    server_start(
        &s, "--accounts",
        scratch_file("vectors.json", vector_accounts, strlen(vector_accounts)),
        NULL);
    expect_signed(&s, first, 9);
    expect_signed(&s,
                  vector("p2Y5iIYyBmQNfUvPe3e1sxEN/rZhPTEyNTI4MjE4NzEm",
                         "1438669115", ""),
                  9);
    expect_signed(&s,
                  vector("Tt9IYBG4j1TpO/9M6M9TokVJrKhhPTEyNTI4MjE4NzEm",
                         "1438669115", "tencentyunSignTest"),
                  9);
    expect_signed(&s,
                  vector("Tt9IYBG4j1TpO/9M6M9TokVJrKhhPTEyNTI4MjE4NzEm",
                         "1438669115", "another"),
                  14);
    server_stop(&s);
}

Test(e2e_signature, the_published_single_use_vector_passes_once, .timeout = 10)
{
    struct server s;
    struct request q = request_json(GETFOUR, "{\"appid\":\"1252821871\"}");
    struct reply r;

    q.authorization = vector("ewXflzgpQON2bmrX6uJ5Yr0zuOphPTEyNTI4MjE4NzEm",
                             "0", "tencentyunSignTest");
    server_start(
        &s, "--accounts",
        scratch_file("vectors.json", vector_accounts, strlen(vector_accounts)),
        NULL);
    r = send_request(&s, &q);
    expect_success(&r);
    r = send_request(&s, &q);
    expect_code(&r, 13);
    server_stop(&s);
}

/* A machine may forbid SHA-1 to programs that read its policy. */
Test(e2e_signature, the_machines_openssl_configuration_changes_nothing,
     .timeout = 10)
{
    static const char nothing[] = "openssl_conf = start\n[start]\n"
                                  "providers = list\n[list]\nnull = one\n"
                                  "[one]\nactivate = 1\n";
    const char *path = scratch_file("openssl.cnf", nothing, strlen(nothing));
    struct server s;
    struct request q;
    struct reply r;

    setenv("OPENSSL_CONF", path, 1);
    server_start(&s, NULL);
    unsetenv("OPENSSL_CONF"); /* our own signer is to sign */
    q = request_good(PICTURE);
    r = send_request(&s, &q);
    expect_success(&r);
    server_stop(&s);
}
