#include "tls.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>
#include <openssl/bio.h>
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>
#include "files.h"
#include "strbuf.h"

enum {
    DAY_S = 24 * 60 * 60,
    FILE_MAX = 1024 * 1024,
    PATH_CAP = PATH_MAX,
    SERIAL_BYTES = 16,
    MAX_HOSTS = HOSTS_OF_SERVICE + 4 + HOSTS_MAX_NAMES,
    EXTENSION_MAX = 16 * 1024,
};

/* A certificate and its key. */
struct pair {
    X509 *cert;
    EVP_PKEY *key;
};

struct tls {
    struct tls_options options;
    pthread_mutex_t lock;
    char *ca, *cert, *key; /* PEM; `cert` NULL: not made yet */
};

/* One that a certificate is for. */
struct host {
    const char *name;
    bool is_address;
};

/* What a certificate must do. */
struct wanted {
    struct host hosts[MAX_HOSTS];
    size_t n;
    time_t now;
    time_t until; /* at least */
};

static int __attribute__((format(printf, 2, 3)))
refuse(char **why, const char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    if (vasprintf(why, fmt, ap) < 0)
        *why = NULL;
    va_end(ap);
    ERR_clear_error();
    return -1;
}

/* What OpenSSL itself has to say. */
static int refuse_openssl(char **why, const char *what)
{
    const char *reason = ERR_reason_error_string(ERR_peek_last_error());

    return refuse(why, "%s: %s", what, reason ? reason : "out of memory");
}

static void pair_release(struct pair *pair)
{
    X509_free(pair->cert);
    EVP_PKEY_free(pair->key);
    *pair = (struct pair){0};
}

/* whom it is for */

static void add_host(struct wanted *wanted, const char *name)
{
    for (size_t i = 0; i < wanted->n; i++) {
        if (!strcmp(wanted->hosts[i].name, name))
            return;
    }
    wanted->hosts[wanted->n++] =
        (struct host){.name = name, .is_address = hosts_is_address(name)};
}

static void wanted_init(struct wanted *wanted,
                        const struct tls_options *options)
{
    const struct hosts *hosts = &options->hosts;

    wanted->now = options->now ? (time_t)options->now : time(NULL);
    wanted->until = wanted->now + (time_t)TLS_RENEWAL_DAYS * DAY_S;
    wanted->n = 0;
    for (size_t i = 0; i < HOSTS_OF_SERVICE; i++)
        add_host(wanted, hosts_of_service[i]);
    add_host(wanted, "localhost");
    add_host(wanted, "127.0.0.1");
    add_host(wanted, "::1");
    /* What clients cannot name is no use in a certificate. */
    if (hosts_is_address(hosts->bind) && !hosts_is_wildcard(hosts->bind))
        add_host(wanted, hosts->bind);
    for (size_t i = 0; i < hosts->n_names; i++)
        add_host(wanted, hosts->names[i]);
}

static bool is_for(X509 *cert, const struct wanted *wanted)
{
    for (size_t i = 0; i < wanted->n; i++) {
        const struct host *host = &wanted->hosts[i];

        if ((host->is_address
                 ? X509_check_ip_asc(cert, host->name, 0)
                 : X509_check_host(cert, host->name, 0,
                                   X509_CHECK_FLAG_NO_WILDCARDS, NULL)) != 1)
            return false;
    }
    return true;
}

/* "DNS:a,IP:1.2.3.4", as OpenSSL's extension parser reads it. */
static void add_names(struct strbuf *out, const struct wanted *wanted)
{
    for (size_t i = 0; i < wanted->n; i++)
        strbuf_addf(out, "%s%s:%s", i > 0 ? "," : "",
                    wanted->hosts[i].is_address ? "IP" : "DNS",
                    wanted->hosts[i].name);
}

/* A constraint to one address is that address with a full mask. */
static void add_constraints(struct strbuf *out, const struct wanted *wanted)
{
    strbuf_addstr(out, "critical");
    for (size_t i = 0; i < wanted->n; i++) {
        const struct host *host = &wanted->hosts[i];

        strbuf_addf(out, ",permitted;%s:%s%s", host->is_address ? "IP" : "DNS",
                    host->name,
                    !host->is_address         ? ""
                    : strchr(host->name, ':') ? "/ffff:ffff:ffff:ffff:ffff:"
                                                "ffff:ffff:ffff"
                                              : "/255.255.255.255");
    }
}

/* making */

static int add_extension(X509 *cert, X509 *issuer, int nid, const char *value)
{
    X509_EXTENSION *extension;
    X509V3_CTX context;
    int added;

    X509V3_set_ctx(&context, issuer, cert, NULL, NULL, 0);
    extension = X509V3_EXT_conf_nid(NULL, &context, nid, value);
    added = extension && X509_add_ext(cert, extension, -1);
    X509_EXTENSION_free(extension);
    return added ? 0 : -1;
}

/* Positive, and 16 random bytes long: RFC 5280 section 4.1.2.2. */
static int set_serial(X509 *cert)
{
    unsigned char bytes[SERIAL_BYTES];
    BIGNUM *number;
    int set;

    if (RAND_bytes(bytes, sizeof(bytes)) != 1)
        return -1;
    bytes[0] = (bytes[0] & 0x7f) | 0x40;
    number = BN_bin2bn(bytes, sizeof(bytes), NULL);
    set = number && BN_to_ASN1_INTEGER(number, X509_get_serialNumber(cert));
    BN_free(number);
    return set ? 0 : -1;
}

/* The random part tells CAs of several servers apart in one trust store. */
static int set_name(X509_NAME *name, const char *common_name, bool is_unique)
{
    unsigned char bytes[4];
    char text[64];

    if (RAND_bytes(bytes, sizeof(bytes)) != 1)
        return -1;
    snprintf(text, sizeof(text), is_unique ? "%s %02x%02x%02x%02x" : "%s",
             common_name, bytes[0], bytes[1], bytes[2], bytes[3]);
    return X509_NAME_add_entry_by_txt(name, "O", MBSTRING_ASC,
                                      (const unsigned char *)"mockserver", -1,
                                      -1, 0) == 1 &&
                   X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC,
                                              (const unsigned char *)text, -1,
                                              -1, 0) == 1
               ? 0
               : -1;
}

/* A certificate with a new key, not signed yet. A day old already, for clients
 * whose clocks are behind. */
static int begin_pair(struct pair *pair, int days, time_t now)
{
    pair->key = EVP_EC_gen("P-256");
    pair->cert = X509_new();
    return pair->key && pair->cert && X509_set_version(pair->cert, 2) &&
                   set_serial(pair->cert) == 0 &&
                   X509_time_adj_ex(X509_getm_notBefore(pair->cert), -1, 0,
                                    &now) &&
                   X509_time_adj_ex(X509_getm_notAfter(pair->cert), days, 0,
                                    &now) &&
                   X509_set_pubkey(pair->cert, pair->key)
               ? 0
               : -1;
}

struct extension {
    int nid;
    const char *value;
};

static int finish_pair(struct pair *pair, const struct pair *issuer,
                       const struct extension *extensions, size_t n)
{
    if (!X509_set_issuer_name(pair->cert, X509_get_subject_name(issuer->cert)))
        return -1;
    for (size_t i = 0; i < n; i++) {
        if (add_extension(pair->cert, issuer->cert, extensions[i].nid,
                          extensions[i].value) < 0)
            return -1;
    }
    return X509_sign(pair->cert, issuer->key, EVP_sha256()) > 0 ? 0 : -1;
}

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static int make_ca(struct pair *ca, const struct wanted *wanted, char **why)
{
    struct strbuf constraints;
    int result;

    strbuf_init(&constraints, EXTENSION_MAX);
    add_constraints(&constraints, wanted);
    const struct extension extensions[] = {
        {NID_basic_constraints, "critical,CA:TRUE,pathlen:0"},
        {NID_key_usage, "critical,keyCertSign"},
        {NID_ext_key_usage, "serverAuth"},
        {NID_subject_key_identifier, "hash"},
        {NID_name_constraints, constraints.buf},
    };

    result = !constraints.failed &&
                     begin_pair(ca, TLS_CA_DAYS, wanted->now) == 0 &&
                     set_name(X509_get_subject_name(ca->cert), "mockserver CA",
                              true) == 0
                 ? finish_pair(ca, ca, extensions, COUNT(extensions))
                 : -1;
    strbuf_release(&constraints);
    return result == 0 ? 0 : refuse_openssl(why, "cannot make a CA");
}

static int make_cert(struct pair *leaf, const struct pair *ca,
                     const struct wanted *wanted, char **why)
{
    struct strbuf names;
    int result;

    strbuf_init(&names, EXTENSION_MAX);
    add_names(&names, wanted);
    const struct extension extensions[] = {
        {NID_basic_constraints, "critical,CA:FALSE"},
        {NID_key_usage, "critical,digitalSignature"},
        {NID_ext_key_usage, "serverAuth"},
        {NID_subject_key_identifier, "hash"},
        {NID_authority_key_identifier, "keyid:always"},
        {NID_subject_alt_name, names.buf},
    };

    result = !names.failed &&
                     begin_pair(leaf, TLS_CERT_DAYS, wanted->now) == 0 &&
                     set_name(X509_get_subject_name(leaf->cert),
                              hosts_of_service[0], false) == 0
                 ? finish_pair(leaf, ca, extensions, COUNT(extensions))
                 : -1;
    strbuf_release(&names);
    return result == 0 ? 0 : refuse_openssl(why, "cannot make a certificate");
}

/* judging */

static bool lasts(X509 *cert, time_t until)
{
    return X509_cmp_time(X509_get0_notAfter(cert), &until) > 0;
}

/* Would a client that trusts this CA alone take the certificate, at the end of
 * that time and for these hosts? */
static bool is_good(X509 *cert, X509 *ca, const struct wanted *wanted)
{
    X509_STORE *store = X509_STORE_new();
    X509_STORE_CTX *context = X509_STORE_CTX_new();
    bool good = false;

    if (store && context && X509_STORE_add_cert(store, ca) == 1 &&
        X509_STORE_CTX_init(context, store, cert, NULL) == 1) {
        X509_STORE_CTX_set_time(context, 0, wanted->until);
        X509_STORE_CTX_set_purpose(context, X509_PURPOSE_SSL_SERVER);
        good = X509_verify_cert(context) == 1 && is_for(cert, wanted);
    }
    X509_STORE_CTX_free(context);
    X509_STORE_free(store);
    ERR_clear_error();
    return good;
}

/*
 * Keeps of both what is good and makes what is not. *new_ca tells whether those
 * who trusted the old one must trust anew.
 */
static int make_good(struct pair *ca, struct pair *leaf,
                     const struct wanted *wanted, bool *new_ca, bool *new_leaf,
                     char **why)
{
    *new_ca = false;
    *new_leaf = false;
    if (ca->cert && leaf->cert && is_good(leaf->cert, ca->cert, wanted))
        return 0;
    *new_leaf = true;
    pair_release(leaf);
    if (ca->cert && lasts(ca->cert, wanted->until)) {
        if (make_cert(leaf, ca, wanted, why) < 0)
            return -1;
        /* Its constraints may not allow for a name that is new. */
        if (is_good(leaf->cert, ca->cert, wanted))
            return 0;
        pair_release(leaf);
    }
    *new_ca = true;
    pair_release(ca);
    if (make_ca(ca, wanted, why) < 0 || make_cert(leaf, ca, wanted, why) < 0)
        return -1;
    if (!is_good(leaf->cert, ca->cert, wanted))
        return refuse(why, "cannot make a certificate that its CA allows");
    return 0;
}

/* PEM */

/* The string is the caller's; NULL when memory ran out, also while it was
 * written. */
static char *take_text(BIO *bio, int written)
{
    char *data = NULL;
    long len = written == 1 ? BIO_get_mem_data(bio, &data) : 0;
    char *text = len > 0 ? malloc((size_t)len + 1) : NULL;

    if (text) {
        memcpy(text, data, (size_t)len);
        text[len] = '\0';
    }
    BIO_free(bio); /* wipes it */
    return text;
}

static char *cert_text(X509 *cert)
{
    BIO *bio = BIO_new(BIO_s_mem());

    return take_text(bio, bio ? PEM_write_bio_X509(bio, cert) : 0);
}

static char *key_text(const EVP_PKEY *key)
{
    BIO *bio = BIO_new(BIO_s_mem());
    int written = 0;

    if (bio)
        written =
            PEM_write_bio_PKCS8PrivateKey(bio, key, NULL, NULL, 0, NULL, NULL);
    return take_text(bio, written);
}

static void free_key_text(char *text)
{
    if (text)
        OPENSSL_cleanse(text, strlen(text));
    free(text);
}

/* files */

/* Reads a file as text that is wiped by free_key_text(). 0; 1 when there is
 * none; -1 with *why. */
static int read_text(const char *option, const char *path, char **text,
                     char **why)
{
    size_t len;
    char *data;

    *text = NULL;
    if (files_read(path, FILE_MAX, &data, &len) < 0)
        return errno == ENOENT ? 1
                               : refuse(why, "%s: cannot read %s: %s", option,
                                        path, strerror(errno));
    *text = calloc(1, len + 1);
    if (*text)
        memcpy(*text, data, len);
    OPENSSL_cleanse(data, len);
    free(data);
    if (*text && len <= FILE_MAX)
        return 0;
    free(*text);
    *text = NULL;
    return refuse(why, "%s: %s is over 1 MiB, or out of memory", option, path);
}

/* Nobody is there to type a passphrase. */
static int no_passphrase(char *buf, int size, int rwflag, void *cls)
{
    (void)buf, (void)size, (void)rwflag;
    *(bool *)cls = true;
    return -1;
}

static int parse_cert(const char *option, const char *path, const char *text,
                      X509 **cert, char **why)
{
    BIO *bio = BIO_new_mem_buf(text, -1);

    *cert = bio ? PEM_read_bio_X509(bio, NULL, NULL, NULL) : NULL;
    BIO_free(bio);
    return *cert ? 0
                 : refuse(why, "%s: %s holds no certificate in PEM", option,
                          path);
}

static int parse_key(const char *option, const char *path, const char *text,
                     EVP_PKEY **key, char **why)
{
    BIO *bio = BIO_new_mem_buf(text, -1);
    bool is_encrypted = false;

    *key =
        bio ? PEM_read_bio_PrivateKey(bio, NULL, no_passphrase, &is_encrypted)
            : NULL;
    BIO_free(bio);
    if (*key)
        return 0;
    return refuse(why,
                  is_encrypted
                      ? "%s: %s is encrypted, and nobody can be asked for its "
                        "passphrase"
                      : "%s: %s holds no private key in PEM",
                  option, path);
}

static int refuse_mismatch(const char *option, const char *key,
                           const char *cert, char **why)
{
    return refuse(why, "%s: %s is not the key of %s", option, key, cert);
}

/* a certificate of the user's own */

static int read_own(struct tls *tls, char **why)
{
    const struct tls_options *o = &tls->options;
    struct pair pair = {0};
    int result = -1;

    if (!o->cert || !o->key)
        return refuse(why, "--tls-cert and --tls-key go together: %s lacks",
                      o->cert ? "--tls-key" : "--tls-cert");
    if (o->dir)
        return refuse(why, "--tls-cert and --tls-dir exclude each other");
    if (read_text("--tls-cert", o->cert, &tls->cert, why) > 0)
        refuse(why, "--tls-cert: cannot read %s: %s", o->cert,
               strerror(ENOENT));
    else if (tls->cert && read_text("--tls-key", o->key, &tls->key, why) > 0)
        refuse(why, "--tls-key: cannot read %s: %s", o->key, strerror(ENOENT));
    if (tls->cert && tls->key &&
        parse_cert("--tls-cert", o->cert, tls->cert, &pair.cert, why) == 0 &&
        parse_key("--tls-key", o->key, tls->key, &pair.key, why) == 0)
        result = X509_check_private_key(pair.cert, pair.key) == 1
                     ? 0
                     : refuse_mismatch("--tls-key", o->key, o->cert, why);
    pair_release(&pair);
    return result;
}

/* the directory */

/* What is kept there. */
enum kept { KEPT_CA, KEPT_CA_KEY, KEPT_CERT, KEPT_KEY, KEPT__COUNT };

static const char *const kept_names[KEPT__COUNT] = {
    [KEPT_CA] = "ca.pem",
    [KEPT_CA_KEY] = "ca.key",
    [KEPT_CERT] = "cert.pem",
    [KEPT_KEY] = "key.pem",
};

static const char *path_in(char path[PATH_CAP], const char *dir, enum kept kept)
{
    snprintf(path, PATH_CAP, "%s/%s", dir, kept_names[kept]);
    return path;
}

/* Reads a certificate and its key, as far as they are there; one alone is none.
 * Returns -1 with *why. */
static int read_pair(const char *dir, enum kept cert, enum kept key,
                     struct pair *pair, char **why)
{
    char cert_path[PATH_CAP], key_path[PATH_CAP];
    char *text = NULL;
    int result;

    path_in(cert_path, dir, cert);
    path_in(key_path, dir, key);
    result = read_text("--tls-dir", cert_path, &text, why);
    if (result == 0)
        result = parse_cert("--tls-dir", cert_path, text, &pair->cert, why);
    free(text);
    if (result < 0)
        return -1;
    result = read_text("--tls-dir", key_path, &text, why);
    if (result == 0)
        result = parse_key("--tls-dir", key_path, text, &pair->key, why);
    free_key_text(text);
    if (result < 0)
        return -1;
    if (pair->cert && pair->key &&
        X509_check_private_key(pair->cert, pair->key) != 1)
        return refuse_mismatch("--tls-dir", key_path, cert_path, why);
    return 0;
}

/* A CA that may sign for any host is not for a test double to use. */
static bool is_ours(X509 *ca)
{
    return X509_check_ca(ca) == 1 &&
           X509_get_ext_by_NID(ca, NID_name_constraints, -1) >= 0 &&
           X509_check_issued(ca, ca) == X509_V_OK;
}

/* Half a CA is a mistake, since another may be trusted already; half a
 * certificate is made anew. */
static int read_dir(const char *dir, struct pair *ca, struct pair *leaf,
                    char **why)
{
    if (read_pair(dir, KEPT_CA, KEPT_CA_KEY, ca, why) < 0 ||
        read_pair(dir, KEPT_CERT, KEPT_KEY, leaf, why) < 0)
        return -1;
    if (!ca->cert != !ca->key)
        return refuse(why,
                      "--tls-dir: %s/%s is there without %s; remove it to have "
                      "both made anew",
                      dir, kept_names[ca->cert ? KEPT_CA : KEPT_CA_KEY],
                      kept_names[ca->cert ? KEPT_CA_KEY : KEPT_CA]);
    if (ca->cert && !is_ours(ca->cert))
        return refuse(why,
                      "--tls-dir: %s/ca.pem is no CA that is limited to some "
                      "hosts, as the server makes them",
                      dir);
    if (!ca->cert && leaf->cert)
        return refuse(why,
                      "--tls-dir: %s/cert.pem is there without ca.pem; "
                      "--tls-cert takes a certificate of your own",
                      dir);
    if (!leaf->cert || !leaf->key)
        pair_release(leaf);
    return 0;
}

static int write_one(const char *dir, enum kept kept, const char *text,
                     char **why)
{
    char path[PATH_CAP];

    path_in(path, dir, kept);
    if (files_replace_private(path, text, strlen(text)) == 0)
        return 0;
    return refuse(why, "--tls-dir: cannot write %s: %s", path, strerror(errno));
}

static int write_pair(const char *dir, enum kept cert, const char *cert_pem,
                      enum kept key, const char *key_pem, char **why)
{
    return write_one(dir, key, key_pem, why) == 0 &&
                   write_one(dir, cert, cert_pem, why) == 0
               ? 0
               : -1;
}

/* Makes the directory, and keeps other servers out of it while its files are
 * read and made. Returns its descriptor, or -1 with *why. */
static int open_dir(const char *dir, char **why)
{
    int fd;

    if (strlen(dir) > PATH_CAP - 16)
        return refuse(why, "--tls-dir: the path is too long");
    if (mkdir(dir, 0700) < 0 && errno != EEXIST)
        return refuse(why, "--tls-dir: cannot make %s: %s", dir,
                      strerror(errno));
    fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd >= 0 && flock(fd, LOCK_EX) == 0)
        return fd;
    refuse(why, "--tls-dir: cannot use %s: %s", dir, strerror(errno));
    if (fd >= 0)
        close(fd);
    return -1;
}

/* both */

static int to_text(struct tls *tls, const struct pair *ca,
                   const struct pair *leaf, char **why)
{
    tls->ca = cert_text(ca->cert);
    tls->key = key_text(leaf->key);
    tls->cert = tls->ca && tls->key ? cert_text(leaf->cert) : NULL;
    if (tls->cert)
        return 0;
    free(tls->ca);
    free_key_text(tls->key);
    tls->ca = tls->key = NULL;
    return refuse(why, "out of memory for certificates");
}

static int write_made(struct tls *tls, const struct pair *ca, bool new_ca,
                      bool new_leaf, char **why)
{
    const char *dir = tls->options.dir;
    char *ca_key;
    int result = 0;

    if (new_ca) {
        ca_key = key_text(ca->key);
        result =
            ca_key ? write_pair(dir, KEPT_CA, tls->ca, KEPT_CA_KEY, ca_key, why)
                   : refuse(why, "out of memory for a key");
        free_key_text(ca_key);
    }
    if (result == 0 && new_leaf)
        result = write_pair(dir, KEPT_CERT, tls->cert, KEPT_KEY, tls->key, why);
    return result;
}

/* With the directory, if there is one, locked; or with tls->lock held. */
static int read_or_make(struct tls *tls, char **why)
{
    const char *dir = tls->options.dir;
    struct pair ca = {0}, leaf = {0};
    struct wanted wanted;
    bool new_ca, new_leaf;
    int result = 0;

    wanted_init(&wanted, &tls->options);
    if (dir)
        result = read_dir(dir, &ca, &leaf, why);
    if (result == 0)
        result = make_good(&ca, &leaf, &wanted, &new_ca, &new_leaf, why);
    if (result == 0)
        result = to_text(tls, &ca, &leaf, why);
    if (result == 0 && dir)
        result = write_made(tls, &ca, new_ca, new_leaf, why);
    pair_release(&ca);
    pair_release(&leaf);
    return result;
}

static int begin(struct tls *tls, char **why)
{
    int fd, result;

    if (tls->options.cert || tls->options.key)
        return read_own(tls, why);
    if (!tls->options.dir)
        return 0;
    fd = open_dir(tls->options.dir, why);
    if (fd < 0)
        return -1;
    result = read_or_make(tls, why);
    close(fd);
    return result;
}

struct tls *tls_new(const struct tls_options *options, char **why)
{
    struct tls *tls = calloc(1, sizeof(*tls));

    *why = NULL;
    if (!tls)
        abort();
    tls->options = *options;
    pthread_mutex_init(&tls->lock, NULL);
    if (begin(tls, why) == 0)
        return tls;
    tls_free(tls);
    return NULL;
}

void tls_free(struct tls *tls)
{
    if (!tls)
        return;
    free(tls->ca);
    /* A file of the user's may hold both. */
    free_key_text(tls->cert);
    free_key_text(tls->key);
    pthread_mutex_destroy(&tls->lock);
    free(tls);
}

int tls_check(const struct tls_options *options, char **why)
{
    struct tls own = {.options = *options};
    struct pair ca = {0}, leaf = {0};
    int result = 0;

    *why = NULL;
    if (options->cert || options->key) {
        result = read_own(&own, why);
        free_key_text(own.cert);
        free_key_text(own.key);
    } else if (options->dir) {
        result = read_dir(options->dir, &ca, &leaf, why);
        pair_release(&ca);
        pair_release(&leaf);
    }
    return result;
}

int tls_get(struct tls *tls, struct tls_pem *pem, char **why)
{
    int result = 0;

    *why = NULL;
    pthread_mutex_lock(&tls->lock);
    if (!tls->cert)
        result = read_or_make(tls, why);
    *pem = (struct tls_pem){.ca = tls->ca, .cert = tls->cert, .key = tls->key};
    pthread_mutex_unlock(&tls->lock);
    return result;
}
