#include "tls.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <criterion/criterion.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

enum { DAY_S = 24 * 60 * 60 };

static const int64_t start = 1700000000;

static char dir[] = "/tmp/mockserver-tls-XXXXXX";

static void set_up(void)
{
    cr_assert(mkdtemp(dir) != NULL);
}

static const char *in_dir(const char *name)
{
    static char paths[4][64];
    static int next;
    char *path = paths[next++ % 4];

    snprintf(path, sizeof(paths[0]), "%s/%s", dir, name);
    return path;
}

static void tear_down(void)
{
    static const char *const names[] = {"ca.pem", "ca.key", "cert.pem",
                                        "key.pem"};

    for (size_t i = 0; i < 4; i++)
        unlink(in_dir(names[i]));
    rmdir(dir);
}

TestSuite(tls, .init = set_up, .fini = tear_down, .timeout = 20);

static struct tls *make(const struct tls_options *options)
{
    char *why = NULL;
    struct tls *tls = tls_new(options, &why);

    cr_assert(tls != NULL, "%s", why);
    return tls;
}

static struct tls_pem pem_of(struct tls *tls)
{
    struct tls_pem pem;
    char *why = NULL;

    cr_assert(tls_get(tls, &pem, &why) == 0, "%s", why);
    return pem;
}

static void expect_refused(const struct tls_options *options, const char *text)
{
    char *why = NULL;

    cr_expect(tls_new(options, &why) == NULL);
    cr_expect(why && strstr(why, text), "expected %s in %s", text, why);
    free(why);
    cr_expect(tls_check(options, &why) < 0);
    cr_expect(why && strstr(why, text), "expected %s in %s", text, why);
    free(why);
}

static X509 *cert_of(const char *pem)
{
    BIO *bio = BIO_new_mem_buf(pem, -1);
    X509 *cert = PEM_read_bio_X509(bio, NULL, NULL, NULL);

    BIO_free(bio);
    cr_assert(cert != NULL);
    return cert;
}

static EVP_PKEY *key_of(const char *pem)
{
    BIO *bio = BIO_new_mem_buf(pem, -1);
    EVP_PKEY *key = PEM_read_bio_PrivateKey(bio, NULL, NULL, NULL);

    BIO_free(bio);
    cr_assert(key != NULL);
    return key;
}

static bool verifies(X509 *cert, X509 *ca, int64_t when)
{
    X509_STORE *store = X509_STORE_new();
    X509_STORE_CTX *context = X509_STORE_CTX_new();
    bool good;

    X509_STORE_add_cert(store, ca);
    X509_STORE_CTX_init(context, store, cert, NULL);
    X509_STORE_CTX_set_time(context, 0, (time_t)when);
    X509_STORE_CTX_set_purpose(context, X509_PURPOSE_SSL_SERVER);
    good = X509_verify_cert(context) == 1;
    X509_STORE_CTX_free(context);
    X509_STORE_free(store);
    return good;
}

static const char *slurp(const char *name)
{
    static char texts[64][4096];
    static int next;
    char *text = texts[next++ % 64];
    FILE *f = fopen(in_dir(name), "r");

    cr_assert(f != NULL, "%s", name);
    text[fread(text, 1, sizeof(texts[0]) - 1, f)] = '\0';
    fclose(f);
    return text;
}

static void spill(const char *name, const char *text)
{
    FILE *f = fopen(in_dir(name), "w");

    cr_assert(f != NULL, "%s", name);
    fputs(text, f);
    fclose(f);
}

/* what is made */

Test(tls, the_certificate_is_for_the_hosts_and_lasts_397_days)
{
    struct tls_options o = {
        .hosts = {.bind = "192.0.2.1", .names = {"mock.test"}, .n_names = 1},
        .now = start,
    };
    struct tls *tls = make(&o);
    struct tls_pem pem = pem_of(tls);
    X509 *cert = cert_of(pem.cert), *ca = cert_of(pem.ca);

    cr_expect(X509_check_host(cert, hosts_of_service[0], 0, 0, NULL) == 1);
    cr_expect(X509_check_host(cert, hosts_of_service[1], 0, 0, NULL) == 1);
    cr_expect(X509_check_host(cert, "localhost", 0, 0, NULL) == 1);
    cr_expect(X509_check_host(cert, "mock.test", 0, 0, NULL) == 1);
    cr_expect(X509_check_ip_asc(cert, "127.0.0.1", 0) == 1);
    cr_expect(X509_check_ip_asc(cert, "::1", 0) == 1);
    cr_expect(X509_check_ip_asc(cert, "192.0.2.1", 0) == 1);
    cr_expect(X509_check_host(cert, "example.com", 0, 0, NULL) != 1);
    cr_expect(X509_check_ip_asc(cert, "192.0.2.2", 0) != 1);
    cr_expect(verifies(cert, ca, start));
    cr_expect(verifies(cert, ca, start - DAY_S / 2));
    cr_expect(verifies(cert, ca, start + 396L * DAY_S));
    cr_expect(!verifies(cert, ca, start + 398L * DAY_S));
    X509_free(cert);
    X509_free(ca);
    tls_free(tls);
}

Test(tls, the_key_is_that_of_the_certificate_and_on_p_256)
{
    struct tls_options o = {.hosts = {.bind = "127.0.0.1"}};
    struct tls *tls = make(&o);
    struct tls_pem pem = pem_of(tls);
    X509 *cert = cert_of(pem.cert);
    EVP_PKEY *key = key_of(pem.key);
    char group[32] = "";

    cr_expect(X509_check_private_key(cert, key) == 1);
    EVP_PKEY_get_group_name(key, group, sizeof(group), NULL);
    cr_expect_str_eq(group, "prime256v1");
    X509_free(cert);
    EVP_PKEY_free(key);
    tls_free(tls);
}

Test(tls, the_ca_is_one_and_for_certificates_of_servers_only)
{
    struct tls_options o = {.hosts = {.bind = "127.0.0.1"}};
    struct tls *tls = make(&o);
    X509 *ca = cert_of(pem_of(tls).ca);
    int at;

    cr_expect(X509_check_ca(ca) == 1);
    cr_expect(X509_get_pathlen(ca) == 0);
    cr_expect_eq(X509_get_key_usage(ca), (uint32_t)KU_KEY_CERT_SIGN);
    cr_expect_eq(X509_get_extended_key_usage(ca), (uint32_t)XKU_SSL_SERVER);
    at = X509_get_ext_by_NID(ca, NID_name_constraints, -1);
    cr_assert(at >= 0);
    cr_expect(X509_EXTENSION_get_critical(X509_get_ext(ca, at)) == 1);
    X509_free(ca);
    tls_free(tls);
}

/* A certificate that the CA's key signed for another name. */
static X509 *forge(const char *name)
{
    X509 *ca = cert_of(slurp("ca.pem"));
    EVP_PKEY *ca_key = key_of(slurp("ca.key"));
    EVP_PKEY *key = EVP_EC_gen("P-256");
    X509 *cert = X509_new();
    X509_EXTENSION *san;

    X509_set_version(cert, 2);
    ASN1_INTEGER_set(X509_get_serialNumber(cert), 1);
    X509_gmtime_adj(X509_getm_notBefore(cert), 0);
    X509_gmtime_adj(X509_getm_notAfter(cert), DAY_S);
    X509_set_pubkey(cert, key);
    X509_set_issuer_name(cert, X509_get_subject_name(ca));
    san = X509V3_EXT_conf_nid(NULL, NULL, NID_subject_alt_name, name);
    X509_add_ext(cert, san, -1);
    cr_assert(X509_sign(cert, ca_key, EVP_sha256()) > 0);
    X509_EXTENSION_free(san);
    EVP_PKEY_free(key);
    EVP_PKEY_free(ca_key);
    X509_free(ca);
    return cert;
}

Test(tls, for_any_other_host_the_ca_is_no_ca)
{
    static const char *const others[] = {"DNS:example.com",
                                         "DNS:myqcloud.com",
                                         "DNS:evil.localhost.example",
                                         "IP:192.0.2.1",
                                         "IP:127.0.0.2",
                                         "IP:2001:db8::1",
                                         "DNS:localhost,DNS:example.com"};
    struct tls_options o = {.hosts = {.bind = "127.0.0.1"}, .dir = dir};
    struct tls *tls = make(&o);
    X509 *ca = cert_of(pem_of(tls).ca);
    X509 *cert = forge("DNS:localhost");

    cr_expect(verifies(cert, ca, time(NULL)), "the forgery itself is bad");
    X509_free(cert);
    for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
        cert = forge(others[i]);
        cr_expect(!verifies(cert, ca, time(NULL)), "%s", others[i]);
        X509_free(cert);
    }
    X509_free(ca);
    tls_free(tls);
}

Test(tls, an_address_of_all_is_in_no_certificate)
{
    struct tls_options o = {.hosts = {.bind = "0.0.0.0"}};
    struct tls *tls = make(&o);
    X509 *cert = cert_of(pem_of(tls).cert);

    cr_expect(X509_check_ip_asc(cert, "0.0.0.0", 0) != 1);
    X509_free(cert);
    tls_free(tls);
}

Test(tls, without_a_directory_each_has_its_own)
{
    struct tls_options o = {.hosts = {.bind = "127.0.0.1"}};
    struct tls *a = make(&o), *b = make(&o);

    cr_expect_str_neq(pem_of(a).ca, pem_of(b).ca);
    cr_expect(pem_of(a).ca == pem_of(a).ca, "it was made twice");
    tls_free(a);
    tls_free(b);
}

/* what is kept */

/* The CA and the certificate of the directory at a time. */
static void remember(struct tls_options *o, int64_t now, const char **ca,
                     const char **cert)
{
    struct tls *tls;

    o->now = now;
    tls = make(o);
    cr_expect_str_eq(pem_of(tls).ca, slurp("ca.pem"));
    cr_expect_str_eq(pem_of(tls).cert, slurp("cert.pem"));
    cr_expect_str_eq(pem_of(tls).key, slurp("key.pem"));
    *ca = slurp("ca.pem");
    *cert = slurp("cert.pem");
    tls_free(tls);
}

Test(tls, a_directory_is_used_again_and_renewed_in_time)
{
    struct tls_options o = {.hosts = {.bind = "127.0.0.1"}, .dir = dir};
    const char *ca[4], *cert[4];

    remember(&o, start, &ca[0], &cert[0]);
    remember(&o, start + 366L * DAY_S, &ca[1], &cert[1]);
    cr_expect_str_eq(cert[1], cert[0]);
    /* 29 days are left to the certificate. */
    remember(&o, start + 368L * DAY_S, &ca[2], &cert[2]);
    cr_expect_str_neq(cert[2], cert[0]);
    cr_expect_str_eq(ca[2], ca[0]);
    /* and to the CA */
    remember(&o, start + 3621L * DAY_S, &ca[3], &cert[3]);
    cr_expect_str_neq(ca[3], ca[0]);
}

Test(tls, a_further_name_makes_both_anew_and_fewer_do_not)
{
    struct tls_options o = {.hosts = {.bind = "127.0.0.1"}, .dir = dir};
    const char *ca[3], *cert[3];

    remember(&o, start, &ca[0], &cert[0]);
    o.hosts.names[o.hosts.n_names++] = "mock.test";
    remember(&o, start, &ca[1], &cert[1]);
    cr_expect_str_neq(ca[1], ca[0]);
    o.hosts.n_names = 0;
    remember(&o, start, &ca[2], &cert[2]);
    cr_expect_str_eq(ca[2], ca[1]);
    cr_expect_str_eq(cert[2], cert[1]);
}

Test(tls, half_a_certificate_is_made_anew)
{
    struct tls_options o = {.hosts = {.bind = "127.0.0.1"}, .dir = dir};
    const char *ca[2], *cert[2];

    remember(&o, start, &ca[0], &cert[0]);
    unlink(in_dir("key.pem"));
    remember(&o, start, &ca[1], &cert[1]);
    cr_expect_str_eq(ca[1], ca[0]);
    cr_expect_str_neq(cert[1], cert[0]);
}

Test(tls, files_that_are_not_as_we_leave_them_are_refused)
{
    struct tls_options o = {.hosts = {.bind = "127.0.0.1"}, .dir = dir};
    const char *ca[2], *cert[2];
    const char *key;

    remember(&o, start, &ca[0], &cert[0]);
    key = slurp("ca.key");
    spill("ca.pem", "garbage");
    expect_refused(&o, "ca.pem holds no certificate in PEM");
    spill("ca.pem", cert[0]);
    expect_refused(&o, "ca.key is not the key of");
    spill("ca.key", slurp("key.pem"));
    expect_refused(&o, "is no CA that is limited");
    unlink(in_dir("ca.pem"));
    expect_refused(&o, "ca.key is there without ca.pem");
    unlink(in_dir("ca.key"));
    expect_refused(&o, "cert.pem is there without ca.pem");
    spill("ca.pem", ca[0]);
    spill("ca.key", key);
    spill("key.pem", key);
    expect_refused(&o, "key.pem is not the key of");
    spill("key.pem", "-----BEGIN PRIVATE KEY-----\n");
    expect_refused(&o, "key.pem holds no private key in PEM");
}

Test(tls, what_is_kept_is_for_its_owner_alone)
{
    struct tls_options o = {.hosts = {.bind = "127.0.0.1"}, .dir = dir};
    struct stat st;

    umask(0);
    tls_free(make(&o));
    cr_assert(stat(in_dir("ca.key"), &st) == 0);
    cr_expect_eq(st.st_mode & 0777, 0600);
    cr_assert(stat(in_dir("key.pem"), &st) == 0);
    cr_expect_eq(st.st_mode & 0777, 0600);
}
