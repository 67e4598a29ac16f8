#include "exec_environment.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "listen.h"

enum { MAX_OURS = 24 };

/* As different clients spell them. */
static const char *const proxy_names[] = {"http_proxy", "https_proxy",
                                          "HTTP_PROXY", "HTTPS_PROXY"};
static const char *const no_proxy_names[] = {"no_proxy", "NO_PROXY"};
static const char *const trust_names[] = {"SSL_CERT_FILE", "CURL_CA_BUNDLE",
                                          "REQUESTS_CA_BUNDLE",
                                          "NODE_EXTRA_CA_CERTS"};

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static void add(struct exec_environment *e, const char *name, const char *value)
{
    if (asprintf(&e->list[e->n_ours++], "%s=%s", name, value) < 0)
        abort();
}

static void add_all(struct exec_environment *e, const char *const *names,
                    size_t n, const char *value)
{
    for (size_t i = 0; i < n; i++)
        add(e, names[i], value);
}

/* One that an outer server set, say, must not reach the command. */
static bool is_replaced(const char *variable, const struct exec_environment *e)
{
    for (size_t i = 0; i < e->n_ours; i++) {
        size_t len = strcspn(e->list[i], "=") + 1;

        if (!strncmp(variable, e->list[i], len))
            return true;
    }
    return false;
}

static void inherit_others(struct exec_environment *e)
{
    size_t n = e->n_ours;

    for (char **variable = environ; *variable; variable++) {
        if (!is_replaced(*variable, e))
            e->list[n++] = *variable;
    }
    e->list[n] = NULL;
}

/* Where a client on this machine finds a server that listens everywhere. */
static const char *reachable(const char *bind)
{
    if (!strcmp(bind, "0.0.0.0"))
        return "127.0.0.1";
    return !strcmp(bind, "::") ? "::1" : bind;
}

static void add_account(struct exec_environment *e,
                        const struct mockserver *mock)
{
    const struct account *account = accounts_at(mockserver_accounts(mock), 0);
    const struct account_key *key = account->keys[0];

    add(e, "LIVEDETECT_APPID", account->appid);
    add(e, "LIVEDETECT_BUCKET", account->n_buckets ? account->buckets[0] : "");
    add(e, "LIVEDETECT_SECRET_ID", account_key_id(key));
    add(e, "LIVEDETECT_SECRET_KEY", account_key_secret(key));
}

/* What names the server itself needs no proxy, and could not reach the admin
 * API by one. An inherited list might send the service's hosts elsewhere. */
static void add_proxy(struct exec_environment *e, const char *url,
                      const char *address)
{
    char list[128];

    add_all(e, proxy_names, COUNT(proxy_names), url);
    snprintf(list, sizeof(list), "localhost,127.0.0.1,::1%s%s",
             strstr("127.0.0.1,::1", address) ? "" : ",",
             strstr("127.0.0.1,::1", address) ? "" : address);
    add_all(e, no_proxy_names, COUNT(no_proxy_names), list);
}

void exec_environment_init(struct exec_environment *e,
                           const struct mockserver *mock,
                           const struct exec_environment_options *options)
{
    const char *address = reachable(options->bind);
    char http[LISTEN_URL_CAP], https[LISTEN_URL_CAP];
    size_t n = MAX_OURS + 1;

    for (char **variable = environ; *variable; variable++)
        n++;
    e->n_ours = 0;
    e->list = calloc(n, sizeof(*e->list));
    if (!e->list)
        abort();
    listen_url(http, sizeof(http), "http", address, mockserver_port(mock));
    listen_url(https, sizeof(https), "https", address,
               mockserver_https_port(mock));
    add(e, "LIVEDETECT_URL", http);
    add(e, "LIVEDETECT_HTTPS_URL", https);
    add(e, "LIVEDETECT_CA_FILE", options->ca);
    add_account(e, mock);
    if (options->proxy)
        add_proxy(e, http, address);
    if (options->trust && options->ca[0])
        add_all(e, trust_names, COUNT(trust_names), options->ca);
    inherit_others(e);
}

void exec_environment_release(struct exec_environment *e)
{
    for (size_t i = 0; i < e->n_ours; i++) {
        explicit_bzero(e->list[i], strlen(e->list[i]));
        free(e->list[i]);
    }
    free(e->list);
}
