#include "hosts.h"

#include <string.h>
#include <criterion/criterion.h>

static const struct hosts own = {
    .bind = "192.0.2.1", .names = {"mock.test", "2001:db8::7"}, .n_names = 2};

static bool parses(const char *text, struct authority *a)
{
    return authority_parse(a, text, strlen(text)) == 0;
}

static bool is_own(const char *text)
{
    struct authority a;

    return parses(text, &a) && hosts_is_own(&own, &a);
}

static bool is_service(const char *text)
{
    struct authority a;

    return parses(text, &a) && hosts_is_service(&a);
}

static void expect_authority(const char *text, const char *host, int port)
{
    struct authority a;

    cr_assert(parses(text, &a), "%s", text);
    cr_expect(a.len == strlen(host) && !memcmp(a.host, host, a.len), "%s",
              text);
    cr_expect_eq(a.port, port, "%s", text);
}

Test(hosts, an_authority_is_host_and_port, .timeout = 10)
{
    struct authority a;

    expect_authority("a.example", "a.example", -1);
    expect_authority("a.example:443", "a.example", 443);
    expect_authority("a.example:", "a.example", -1);
    expect_authority("[::1]", "::1", -1);
    expect_authority("[::1]:65535", "::1", 65535);
    expect_authority("", "", -1);
    cr_expect(!parses("a:x", &a));
    cr_expect(!parses("a:65536", &a));
    cr_expect(!parses("a:-1", &a));
    cr_expect(!parses("a:1:2", &a));
    cr_expect(!parses("::1", &a));
    cr_expect(!parses("[::1", &a));
    cr_expect(!parses("[::1]x", &a));
}

Test(hosts, a_host_is_of_the_characters_that_it_may_have, .timeout = 10)
{
    static const char *const good[] = {
        "",    "a",         "a.example:80", "a:",         "A_b-c",   "%41b",
        "a,b", "127.0.0.1", "[::1]",        "[::1]:8080", "[v1.a:b]"};
    static const char *const bad[] = {
        "a b",   "a\tb",   "a/b",        "a?b", "a#b",     "a@b",
        "u:p@a", "a\\b",   "a\"b",       "<a>", "a^b",     "%4",
        "%zz",   "a\xe9",  "a\x01",      "a:b", "a:65536", "[]",
        "[::1",  "[::1]a", "[::1%25lo]", "a[b]"};

    for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++)
        cr_expect(authority_is_host(good[i], strlen(good[i])), "%s", good[i]);
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        cr_expect(!authority_is_host(bad[i], strlen(bad[i])), "%s", bad[i]);
    cr_expect(!authority_is_host("a\0b", 3));
}

Test(hosts, of_a_longer_text_only_the_given_bytes_are_read, .timeout = 10)
{
    struct authority a;

    cr_expect_eq(authority_parse(&a, "a.example:44399/x", 13), 0);
    cr_expect_eq(a.port, 443);
}

Test(hosts, the_service_has_two, .timeout = 10)
{
    cr_expect(is_service("service.image.myqcloud.com"));
    cr_expect(is_service("Recognition.Image.myqcloud.com:80"));
    cr_expect(!is_service("image.myqcloud.com"));
    cr_expect(!is_service("x.service.image.myqcloud.com"));
    cr_expect(!is_service("service.image.myqcloud.com.x"));
    cr_expect(!is_service("[service.image.myqcloud.com]"));
}

Test(hosts, own_names_are_loopback_the_address_and_those_given, .timeout = 10)
{
    cr_expect(is_own("localhost"));
    cr_expect(is_own("LOCALHOST:1"));
    cr_expect(is_own("127.0.0.1"));
    cr_expect(is_own("127.8.9.1"));
    cr_expect(is_own("[::1]:8080"));
    cr_expect(is_own("[::ffff:127.0.0.1]"));
    cr_expect(is_own("192.0.2.1"));
    cr_expect(is_own("mock.test:443"));
    cr_expect(is_own("[2001:db8:0::7]"));
    cr_expect(!is_own("192.0.2.2"));
    cr_expect(!is_own("mock.test.x"));
    cr_expect(!is_own("[localhost]"));
    cr_expect(!is_own(""));
}

Test(hosts, bound_to_all_no_other_address_is_own, .timeout = 10)
{
    static const struct hosts all = {.bind = "0.0.0.0"};
    struct authority a;

    cr_assert(parses("192.0.2.1", &a));
    cr_expect(!hosts_is_own(&all, &a));
    cr_expect(hosts_may_administer("0.0.0.0", &a));
    cr_expect(!hosts_may_administer("127.0.0.1", &a));
}

Test(hosts, names_and_addresses_are_told_from_nonsense, .timeout = 10)
{
    cr_expect(hosts_is_name("mock"));
    cr_expect(hosts_is_name("my_mock.test-1.example"));
    cr_expect(!hosts_is_name(""));
    cr_expect(!hosts_is_name("a..b"));
    cr_expect(!hosts_is_name(".a"));
    cr_expect(!hosts_is_name("a."));
    cr_expect(!hosts_is_name("*.a"));
    cr_expect(!hosts_is_name("a,DNS:b"));
    cr_expect(!hosts_is_name("a:443"));
    cr_expect(!hosts_is_name("a b"));
    cr_expect(hosts_is_address("127.0.0.1"));
    cr_expect(hosts_is_address("::1"));
    cr_expect(!hosts_is_address("127.1"));
    cr_expect(!hosts_is_address("fe80::1%lo"));
}
