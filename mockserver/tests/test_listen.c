#include "listen.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include <criterion/criterion.h>

static int listen_or_fail(const char *address, uint16_t *port)
{
    char *why = NULL;
    int fd = listen_on(address, port, "--port", &why);

    cr_assert(fd >= 0, "%s: %s", address, why);
    cr_expect(why == NULL);
    return fd;
}

static int connect_to(uint16_t port)
{
    struct sockaddr_in sin = {
        .sin_family = AF_INET,
        .sin_port = htons(port),
        .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
    };
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    int result = connect(fd, (struct sockaddr *)&sin, sizeof(sin));

    close(fd);
    return result;
}

Test(listen, port_0_picks_a_free_one_and_tells_it, .timeout = 10)
{
    uint16_t a = 0, b = 0;
    int first = listen_or_fail("127.0.0.1", &a);
    int second = listen_or_fail("127.0.0.1", &b);

    cr_expect_neq(a, 0);
    cr_expect_neq(b, 0);
    cr_expect_neq(a, b);
    cr_expect_eq(connect_to(a), 0, "nobody listens on the port told");
    cr_expect_eq(connect_to(b), 0);
    close(first);
    close(second);
}

Test(listen, a_port_in_use_is_told_with_address_and_reason, .timeout = 10)
{
    uint16_t port = 0;
    int first = listen_or_fail("127.0.0.1", &port);
    uint16_t again = port;
    char expected[128];
    char *why = NULL;

    cr_expect_eq(listen_on("127.0.0.1", &again, "--port", &why), -1);
    snprintf(expected, sizeof(expected),
             "cannot listen on 127.0.0.1 port %u: Address already in use; "
             "--port chooses another",
             (unsigned)port);
    cr_assert(why != NULL);
    cr_expect_str_eq(why, expected, "%s", why);
    cr_expect_eq(again, port);
    free(why);
    close(first);
}

Test(listen, a_port_that_was_closed_can_be_had_again, .timeout = 10)
{
    uint16_t port = 0;
    int fd = listen_or_fail("127.0.0.1", &port);

    cr_expect_eq(connect_to(port), 0);
    close(fd);
    fd = listen_or_fail("127.0.0.1", &port);
    close(fd);
}

Test(listen, an_address_of_another_machine_is_told, .timeout = 10)
{
    uint16_t port = 0;
    char *why = NULL;

    cr_expect_eq(listen_on("192.0.2.1", &port, "--port", &why), -1);
    cr_assert(why != NULL);
    cr_expect_str_eq(why,
                     "cannot listen on 192.0.2.1 port 0: Cannot assign "
                     "requested address",
                     "%s", why);
    free(why);
}

Test(listen, names_are_no_numeric_addresses, .timeout = 10)
{
    static const char *const names[] = {"localhost", "", "127.0.0.1:80",
                                        "[::1]", "256.0.0.1"};

    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        uint16_t port = 0;
        char *why = NULL;
        char expected[128];

        snprintf(expected, sizeof(expected),
                 "--bind: \"%s\" is not a numeric IPv4 or IPv6 address",
                 names[i]);
        cr_expect_eq(listen_on(names[i], &port, "--port", &why), -1, "%s",
                     names[i]);
        cr_assert(why != NULL, "%s", names[i]);
        cr_expect_str_eq(why, expected, "%s", why);
        free(why);
    }
}

static int has_ipv6(void)
{
    struct sockaddr_in6 sin6 = {
        .sin6_family = AF_INET6,
        .sin6_addr = IN6ADDR_LOOPBACK_INIT,
    };
    int fd = socket(AF_INET6, SOCK_STREAM, 0);
    int ok = fd >= 0 && bind(fd, (struct sockaddr *)&sin6, sizeof(sin6)) == 0;

    if (fd >= 0)
        close(fd);
    return ok;
}

Test(listen, ipv6_addresses_are_taken, .timeout = 10)
{
    uint16_t port = 0;
    int fd;

    if (!has_ipv6())
        cr_skip_test("there is no IPv6 here");
    fd = listen_or_fail("::1", &port);
    cr_expect_neq(port, 0);
    close(fd);
}

Test(listen, the_socket_does_not_leak_into_programs_run, .timeout = 10)
{
    uint16_t port = 0;
    int fd = listen_or_fail("127.0.0.1", &port);

    cr_expect_eq(fcntl(fd, F_GETFD) & FD_CLOEXEC, FD_CLOEXEC);
    close(fd);
}

Test(listen, a_url_has_brackets_around_ipv6_only, .timeout = 10)
{
    char url[LISTEN_URL_CAP];

    cr_expect_str_eq(listen_url(url, sizeof(url), "http", "127.0.0.1", 80),
                     "http://127.0.0.1:80");
    cr_expect_str_eq(listen_url(url, sizeof(url), "http", "::1", 65535),
                     "http://[::1]:65535");
}
