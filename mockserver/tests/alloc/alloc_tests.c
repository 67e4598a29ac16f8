/*
 * alloc_tests: fails each allocation that a request makes, one a run, for a
 * request of each kind. Whatever the server then does, it must answer or close
 * the connection, serve the next request, and have nothing left when it stops.
 *
 * Each kind is a process of its own, so that a crash is one failure. It starts
 * a server for every run; its own thread, which starts, asks and stops, is
 * spared. The last line is the sum, in kinds.
 *
 *     alloc_tests [-a] [-v] [NAME...]
 *
 * All kinds, or those with NAME in theirs. -v tells how many allocations each
 * has. -a also fails those of OpenSSL while it makes certificates, which takes
 * a minute.
 */
#include <execinfo.h>
#include <ftw.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include "alloc_client.h"
#include "alloc_hooks.h"
#include "alloc_kinds.h"
#include "mockserver.h"
#include "signature.h"

enum {
    KIND_PATIENCE_S = 300, /* for all runs of a kind */
    MAX_JOBS = 64,
};

static const struct kind plain = {
    .name = "plain",
    .line = "POST /face/livegetfour",
    .body = "{\"appid\":\"1000001\",\"bucket\":\"test\"}",
};

/* Shared by a kind's process and the one that watches it. */
static struct alloc_failure *failure;
static const char *tls_dir;
static bool thorough;

/* a run: one server, one failure */

struct run {
    const struct kind *kind;
    struct mockserver *mock;
    char *authorization;
    struct strbuf head, body;
};

static _Noreturn void fail(const char *what)
{
    printf("%s\n", what);
    fflush(stdout);
    _exit(1);
}

static char *sign(const struct mockserver *mock)
{
    const struct account *account = accounts_at(mockserver_accounts(mock), 0);
    struct signature_request request = {
        .key = account->keys[0],
        .bucket = account->buckets[0],
        .now = time(NULL),
        .expires = time(NULL) + 600,
        .rand = 1,
    };

    return signature_make(&request);
}

static struct mockserver *start(const struct kind *kind)
{
    struct mockserver_options options;
    struct mockserver *mock;
    char *why = NULL;

    mockserver_options_init(&options);
    options.port = 0;
    options.threads = 1;
    options.log_level = LOG_ERROR;
    options.journal_file = "/dev/null";
    options.settings.max_body = KINDS_MAX_BODY;
    options.settings.proxy = true;
    if (kind->flags & KIND_TLS && !(kind->flags & KIND_NEW_CA))
        options.tls_dir = tls_dir;
    mock = mockserver_start(&options, &why);
    if (!mock)
        fail(why ? why : "the server does not start");
    return mock;
}

static void run_init(struct run *run, const struct kind *kind)
{
    run->kind = kind;
    run->mock = start(kind);
    run->authorization = sign(run->mock);
    strbuf_init(&run->head, 64 * 1024);
    strbuf_init(&run->body, 1024 * 1024);
}

static void run_release(struct run *run)
{
    strbuf_release(&run->head);
    strbuf_release(&run->body);
    free(run->authorization);
    mockserver_stop(run->mock);
}

static void render(struct run *run, const struct kind *kind)
{
    strbuf_reset(&run->head);
    strbuf_reset(&run->body);
    kind_render(kind, run->authorization, &run->head, &run->body);
}

static uint64_t n_recorded(const struct run *run)
{
    return journal_stats(mockserver_journal(run->mock)).recorded;
}

/* talking */

static bool open_tunnel(struct client *c)
{
    static const char connect[] = "CONNECT localhost:443 HTTP/1.1\r\n"
                                  "Host: localhost:443\r\n\r\n";
    bool is_end = false;

    client_send(c, connect, strlen(connect));
    while (!is_end && !strstr(c->reply, "\r\n\r\n"))
        is_end = !client_peek(c, CLIENT_PATIENCE_S * 1000);
    return client_status(c) == 200;
}

static bool begin(struct client *c, const struct kind *kind)
{
    if (kind->flags & KIND_TUNNEL && !open_tunnel(c))
        return false;
    return !(kind->flags & KIND_TLS) || client_begin_tls(c);
}

/* Waits until something came, the exchange is recorded or the server ends. */
static enum outcome leave(struct client *c, const struct run *run,
                          uint64_t recorded)
{
    const time_t end = time(NULL) + CLIENT_PATIENCE_S;

    c->len = 0;
    while (c->len == 0 && n_recorded(run) == recorded) {
        if (!client_peek(c, 5))
            return OUTCOME_CLOSED;
        if (time(NULL) > end)
            return OUTCOME_SILENT;
    }
    return OUTCOME_ANSWER;
}

/* Sends what was rendered and takes the answer. */
static enum outcome converse(struct client *c, const struct run *run)
{
    const struct kind *kind = run->kind;
    uint64_t recorded = n_recorded(run);
    enum outcome outcome;

    client_send(c, run->head.buf, run->head.len);
    if (kind->flags & KIND_EXPECT) {
        outcome = client_receive(c);
        if (outcome != OUTCOME_ANSWER || client_status(c) != 100)
            return outcome;
    }
    client_send(c, run->body.buf, run->body.len);
    return kind->flags & KIND_LEAVES ? leave(c, run, recorded)
                                     : client_receive(c);
}

/* A request that must succeed, by TLS if the kind is. */
static void expect_plain(struct run *run)
{
    struct kind kind = plain;
    struct client c;
    enum outcome outcome = OUTCOME_CLOSED;

    kind.flags = run->kind->flags & KIND_TLS;
    render(run, &kind);
    client_open(&c, mockserver_port(run->mock));
    if (begin(&c, &kind)) {
        client_send(&c, run->head.buf, run->head.len);
        client_send(&c, run->body.buf, run->body.len);
        outcome = client_receive(&c);
    }
    if (outcome != OUTCOME_ANSWER || !strstr(c.reply, "\"code\":0"))
        fail("the next request is not answered as it should");
    client_close(&c);
}

static void send_before(struct run *run)
{
    struct kind before = *run->kind->before;
    struct client c;

    render(run, &before);
    client_open(&c, mockserver_port(run->mock));
    client_send(&c, run->head.buf, run->head.len);
    client_send(&c, run->body.buf, run->body.len);
    if (client_receive(&c) != OUTCOME_ANSWER || client_status(&c) >= 400)
        fail("the request before it is refused");
    client_close(&c);
}

/* The request that ends the wait may come before it, or be the one that fails:
 * then another does. */
static enum outcome end_wait(struct client *c, struct run *run)
{
    enum { TRIES = 50, EACH_MS = 200 };

    c->len = 0;
    render(run, &plain);
    for (int i = 0; i < TRIES && c->len == 0; i++) {
        struct client other;

        client_open(&other, mockserver_port(run->mock));
        client_send(&other, run->head.buf, run->head.len);
        client_send(&other, run->body.buf, run->body.len);
        if (client_receive(&other) == OUTCOME_SILENT)
            fail("the request that is waited for: no answer, and no end");
        client_close(&other);
        if (!client_peek(c, EACH_MS))
            return OUTCOME_CLOSED;
    }
    return client_finish(c);
}

static enum outcome converse_all(struct client *c, struct run *run)
{
    if (!begin(c, run->kind))
        return OUTCOME_CLOSED;
    if (!(run->kind->flags & KIND_WAITS))
        return converse(c, run);
    client_send(c, run->head.buf, run->head.len);
    return end_wait(c, run);
}

/* What a request comes to, of which nothing fails. */
static void check_kind(const struct client *c, const struct kind *kind,
                       enum outcome outcome)
{
    int expected = kind->status ? kind->status : 200;
    int status = outcome == OUTCOME_ANSWER ? client_status(c) : KIND_ENDS;

    if (kind->flags & KIND_LEAVES || status == expected)
        return;
    printf("without a failure the status is %d, expected %d: %s\n", status,
           expected, c->reply);
    fail("this is not the kind of request that it should be");
}

static void talk(struct run *run, unsigned long n)
{
    struct client c;
    enum outcome outcome;

    render(run, run->kind);
    client_open(&c, mockserver_port(run->mock));
    alloc_fail_at(n);
    outcome = converse_all(&c, run);
    if (outcome == OUTCOME_SILENT)
        fail("no answer, and no end");
    if (n == 0)
        check_kind(&c, run->kind, outcome);
    /* What the server has still to do, to record it for one, is of it too. */
    if (!(run->kind->flags & KIND_LEAVES) && !client_end(&c))
        fail("the server keeps the connection of one that has gone");
    client_close(&c);
}

/* Returns how many blocks are left of it. */
static long run_once(const struct kind *kind, unsigned long n)
{
    long n_blocks = alloc_n_blocks();
    struct run run;

    run_init(&run, kind);
    if (kind->before)
        send_before(&run);
    talk(&run, n);
    alloc_disarm();
    expect_plain(&run);
    run_release(&run);
    return alloc_n_blocks() - n_blocks;
}

/* a kind: a run for each allocation */

/* A run that leaves more than `usual` is made again: what a library makes once,
 * at its first error, is there then. */
static void check_run(const struct kind *kind, unsigned long n, long usual)
{
    long n_left = run_once(kind, n);

    if (n_left > usual)
        n_left = run_once(kind, n);
    if (n_left <= usual)
        return;
    printf("%ld blocks are left when the server has stopped\n", n_left - usual);
    fail("a leak");
}

/* GnuTLS has a random generator for each thread that ever asked for a number,
 * and keeps it when the thread ends. Nothing else may stay. */
static long usually_left(const struct kind *kind)
{
    long n_left;

    /* At their first use libraries make what they keep. */
    run_once(kind, 0);
    n_left = run_once(kind, 0);
    if (n_left > 0 && !(kind->flags & KIND_TLS))
        fail("without a failure too, something is left");
    return n_left;
}

/* Without memory GnuTLS 3.7 crashes in what it is made of: libtasn1 uses the
 * element that it could not make (asn1_create_element). OpenSSL fails in order,
 * but asks for memory thousands of times to make certificates. */
static void spare_libraries(const struct kind *kind)
{
    static const char *const of_gnutls[] = {"libgnutls", "libtasn1", "libgmp",
                                            "libhogweed", "libnettle"};
    const size_t n = sizeof(of_gnutls) / sizeof(of_gnutls[0]);

    for (size_t i = 0; i < n && kind->flags & KIND_TLS; i++)
        alloc_spare_library(of_gnutls[i]);
    if (kind->flags & KIND_NEW_CA && !thorough)
        alloc_spare_library("libcrypto");
}

/* Ends after runs in which no allocation was the n-th. */
static void run_kind(const struct kind *kind)
{
    enum { UNREACHED = 3 };
    int n_unreached = 0;
    unsigned long n;
    long usual;

    alarm(KIND_PATIENCE_S);
    usual = usually_left(kind);
    for (n = 1; n_unreached < UNREACHED; n++) {
        check_run(kind, n, usual);
        n_unreached = failure->is_reached ? 0 : n_unreached + 1;
    }
    printf("%s: %lu allocations\n", kind->name, n - 1 - UNREACHED);
}

/* all kinds, each in a process of its own */

struct job {
    const struct kind *kind;
    struct alloc_failure *failure; /* shared */
    FILE *output;
    pid_t pid; /* 0: none */
};

static void job_start(struct job *job, const struct kind *kind)
{
    job->kind = kind;
    job->output = tmpfile();
    memset(job->failure, 0, sizeof(*job->failure));
    fflush(stdout);
    job->pid = job->output ? fork() : -1;
    if (job->pid < 0) {
        perror("alloc_tests");
        exit(2);
    }
    if (job->pid > 0)
        return;
    failure = job->failure;
    dup2(fileno(job->output), STDOUT_FILENO);
    dup2(fileno(job->output), STDERR_FILENO);
    alloc_init(failure);
    alloc_exempt_thread();
    spare_libraries(kind);
    run_kind(kind);
    exit(0);
}

static void copy_output(FILE *from)
{
    int c;

    rewind(from);
    while ((c = getc(from)) != EOF)
        putchar(c);
    fflush(stdout);
}

static void report(const struct job *job, int status)
{
    const struct alloc_failure *f = job->failure;

    printf("%s: ", job->kind->name);
    if (WIFSIGNALED(status))
        printf("ended by signal %d (%s)", WTERMSIG(status),
               strsignal(WTERMSIG(status)));
    else
        printf("failed");
    printf(" when allocation %lu %s\n", f->n,
           f->is_reached ? "fails, which is:" : "was to fail");
    fflush(stdout);
    backtrace_symbols_fd((void *const *)f->frames, f->n_frames, STDOUT_FILENO);
    copy_output(job->output);
}

/* Waits for one of the jobs. Returns whether its kind passed. */
static bool job_wait(struct job *jobs, size_t n, bool verbose)
{
    struct job *job = jobs;
    bool passed;
    int status;
    pid_t pid = wait(&status);

    while (job < jobs + n && job->pid != pid)
        job++;
    if (pid < 0 || job == jobs + n) {
        perror("alloc_tests: wait");
        exit(2);
    }
    passed = WIFEXITED(status) && WEXITSTATUS(status) == 0;
    if (!passed)
        report(job, status);
    else if (verbose)
        copy_output(job->output);
    fclose(job->output);
    job->pid = 0;
    return passed;
}

static struct job *free_job(struct job *jobs, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (jobs[i].pid == 0)
            return &jobs[i];
    }
    return NULL;
}

static bool is_wanted(const struct kind *kind, char **names)
{
    if (!*names)
        return true;
    while (*names && !strstr(kind->name, *names))
        names++;
    return *names != NULL;
}

static size_t make_jobs(struct job *jobs)
{
    long n = sysconf(_SC_NPROCESSORS_ONLN);

    n = n < 1 ? 1 : n > MAX_JOBS ? MAX_JOBS : n;
    for (long i = 0; i < n; i++) {
        jobs[i] = (struct job){
            .failure =
                mmap(NULL, sizeof(*jobs[i].failure), PROT_READ | PROT_WRITE,
                     MAP_SHARED | MAP_ANONYMOUS, -1, 0),
        };
        if (jobs[i].failure == MAP_FAILED) {
            perror("alloc_tests: mmap");
            exit(2);
        }
    }
    return (size_t)n;
}

static void make_certificates(void)
{
    static char dir[] = "/tmp/alloc_tests.XXXXXX";
    struct mockserver_options options;
    char *why = NULL;

    mockserver_options_init(&options);
    tls_dir = options.tls_dir = mkdtemp(dir);
    if (!tls_dir) {
        perror(dir);
        exit(2);
    }
    free(mockserver_read_ca(&options, &why));
    if (why) {
        fprintf(stderr, "%s\n", why);
        exit(2);
    }
}

static int remove_one(const char *path, const struct stat *st, int type,
                      struct FTW *at)
{
    (void)st;
    (void)type;
    (void)at;
    return remove(path);
}

static void remove_certificates(void)
{
    if (nftw(tls_dir, remove_one, 4, FTW_DEPTH | FTW_PHYS) != 0)
        perror(tls_dir);
}

int main(int argc, char **argv)
{
    bool verbose = false;
    char **names;
    struct job jobs[MAX_JOBS];
    size_t n_jobs = make_jobs(jobs), n_running = 0;
    size_t n_passed = 0, n_failed = 0;

    for (int option; (option = getopt(argc, argv, "av")) != -1;) {
        if (option == '?')
            return 2;
        *(option == 'a' ? &thorough : &verbose) = true;
    }
    names = argv + optind;
    signal(SIGPIPE, SIG_IGN);
    make_certificates();
    for (size_t i = 0; i < n_kinds || n_running > 0;) {
        struct job *job = i < n_kinds ? free_job(jobs, n_jobs) : NULL;

        if (job && !is_wanted(&kinds[i], names)) {
            i++;
        } else if (job) {
            job_start(job, &kinds[i++]);
            n_running++;
        } else {
            *(job_wait(jobs, n_jobs, verbose) ? &n_passed : &n_failed) += 1;
            n_running--;
        }
    }
    remove_certificates();
    printf("%zu passed, %zu failed\n", n_passed, n_failed);
    return n_failed > 0 || n_passed == 0;
}
