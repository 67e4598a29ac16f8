#include "secrets.h"

#include <stdlib.h>
#include <criterion/criterion.h>

static void expect_masked(const char *json, const char *masked)
{
    json_t *value = json_loads(json, JSON_DECODE_ANY | JSON_ALLOW_NUL, NULL);
    json_t *got = secrets_masked(value);
    char *text = json_dumps(got, JSON_COMPACT | JSON_ENCODE_ANY);

    cr_expect_str_eq(text, masked);
    free(text);
    json_decref(got);
    json_decref(value);
}

Test(secrets, a_secret_key_is_masked_however_deep, .timeout = 10)
{
    expect_masked("{\"call\":[{\"secret_key\":\"k\",\"secret_id\":\"i\"}]}",
                  "{\"call\":[{\"secret_key\":\"(masked)\","
                  "\"secret_id\":\"i\"}]}");
}

Test(secrets, a_signature_in_a_head_is_masked, .timeout = 10)
{
    expect_masked(
        "\"POST / HTTP/1.1\\r\\nauthorization: abc\\r\\nHost: h\\r\\n\"",
        "\"POST / HTTP/1.1\\r\\nauthorization: (masked)\\r\\n"
        "Host: h\\r\\n\"");
}

Test(secrets, a_field_that_no_parser_would_take_is_masked, .timeout = 10)
{
    expect_masked("\"x\\nAuthorization :abc\\n\"",
                  "\"x\\nAuthorization :(masked)\\n\"");
}

Test(secrets, a_folded_value_is_masked_whole, .timeout = 10)
{
    expect_masked("\"x\\r\\nAuthorization: abc\\r\\n def\\r\\nHost: h\"",
                  "\"x\\r\\nAuthorization: (masked)\\r\\nHost: h\"");
}

Test(secrets, an_empty_signature_is_no_secret, .timeout = 10)
{
    expect_masked("\"Authorization: \\r\\nHost: h\"",
                  "\"Authorization: \\r\\nHost: h\"");
}

Test(secrets, what_is_masked_already_stays, .timeout = 10)
{
    expect_masked("\"Authorization: (masked, 20 characters)\"",
                  "\"Authorization: (masked, 20 characters)\"");
}

Test(secrets, pairs_and_named_fields_are_masked, .timeout = 10)
{
    expect_masked("[[\"Authorization\",\"a\"],"
                  "{\"name\":\"Authorization\",\"value\":\"a\"},"
                  "[\"Host\",\"h\"]]",
                  "[[\"Authorization\",\"(masked)\"],"
                  "{\"name\":\"Authorization\",\"value\":\"(masked)\"},"
                  "[\"Host\",\"h\"]]");
}

Test(secrets, other_values_keep_their_types, .timeout = 10)
{
    expect_masked("{\"a\":1,\"b\":1.5,\"c\":[true,null],\"d\":{}}",
                  "{\"a\":1,\"b\":1.5,\"c\":[true,null],\"d\":{}}");
}

Test(secrets, a_nul_is_shown_and_hides_nothing, .timeout = 10)
{
    expect_masked("\"x\\nAuthorization: a\\u0000b\\nHost: h\\u0000\"",
                  "\"x\\nAuthorization: (masked)\\nHost: h\\\\x00\"");
}

static void expect_hidden(const char *text, const char *secret,
                          const char *masked)
{
    char *got = secrets_masked_text(text, secret);

    cr_expect_str_eq(got, masked);
    free(got);
}

Test(secrets, a_given_secret_is_masked_wherever_it_stands, .timeout = 10)
{
    expect_hidden("k1 and k1", "k1", "(masked) and (masked)");
    expect_hidden("xk1", "k1", "x(masked)");
    expect_hidden("none", "k1", "none");
    expect_hidden("", "k1", "");
}

Test(secrets, no_secret_hides_nothing, .timeout = 10)
{
    expect_hidden("text", NULL, "text");
    expect_hidden("text", "", "text");
}

Test(secrets, what_a_run_knows_is_hidden_wherever_it_stands, .timeout = 10)
{
    struct config config = {
        .admin_token = "t0ken",
        .nonce = "abc",
        .accounts = json_pack("[{s:[{s:s}]}]", "keys", "secret_key", "k1"),
    };
    json_t *value = json_pack("{s:[s, s, i]}", "at k1", "t0ken of k1",
                              "key-abc-27, key-abd-27", 1);
    json_t *hidden = secrets_hidden(&config, value);
    char *text = json_dumps(hidden, JSON_COMPACT);

    cr_expect_str_eq(text, "{\"at (masked)\":[\"(masked) of (masked)\","
                           "\"(masked)27, key-abd-27\",1]}");
    free(text);
    json_decref(hidden);
    json_decref(value);
    json_decref(config.accounts);
}

static void expect_url(const char *url, const char *masked)
{
    char *got = secrets_masked_url(url);

    cr_expect_str_eq(got, masked);
    free(got);
}

Test(secrets, a_password_in_a_url_is_masked, .timeout = 10)
{
    expect_url("http://u:p@h:80/x", "http://(masked)@h:80/x");
    expect_url("http://u:p@w@h", "http://(masked)@h");
}

Test(secrets, a_url_without_one_stays, .timeout = 10)
{
    expect_url("http://127.0.0.1:8080", "http://127.0.0.1:8080");
    expect_url("http://h/a@b", "http://h/a@b");
    expect_url("mock", "mock");
}
