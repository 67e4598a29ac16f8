/*
 * Each attempt is made by a child that confined itself before: it exits with
 * the error number of what it tried, 0 when it could, or dies of a signal.
 */
#include "sandbox.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include <criterion/criterion.h>
#include "files.h"

enum { STATUS_SIGNAL = 128, STATUS_FREE = 250, STATUS_HALF = 251 };

static char dir[] = "/tmp/mockserver-sandbox-XXXXXX";
static enum sandbox_extent extent; /* on this system */

/* Runs in a child, confined unless `s` is NULL. */
static int attempt(const struct sandbox *s, int (*try)(void))
{
    int status = 0;
    pid_t pid = fork();

    if (pid == 0) {
        char *why;

        if (s && sandbox_enter(s, &why) == SANDBOX_NONE) {
            fprintf(stderr, "%s\n", why ? why : "out of memory");
            _exit(STATUS_FREE);
        }
        errno = 0;
        _exit(try() == 0 ? 0 : errno);
    }
    cr_assert(waitpid(pid, &status, 0) == pid);
    return WIFSIGNALED(status) ? STATUS_SIGNAL + WTERMSIG(status)
                               : WEXITSTATUS(status);
}

static int confined(int (*try)(void))
{
    const struct sandbox nothing = {0};

    return attempt(&nothing, try);
}

static int do_nothing(void)
{
    return 0;
}

static int tell_extent(void)
{
    const struct sandbox nothing = {0};
    char *why;

    _exit(STATUS_FREE + (int)sandbox_enter(&nothing, &why));
}

/* What a build or a system does not have cannot be tried. */
static void begin(void)
{
    const struct sandbox nothing = {0};
    char *why;

    extent = (enum sandbox_extent)(attempt(NULL, tell_extent) - STATUS_FREE);
    if (extent == SANDBOX_NONE) {
        sandbox_enter(&nothing, &why);
        cr_skip_test("%s", why ? why : "no sandbox");
    }
    cr_assert(mkdtemp(dir) != NULL && chdir(dir) == 0);
    cr_assert(mkdir("in", 0700) == 0 && mkdir("out", 0700) == 0);
    cr_assert(files_replace("in/f", "1", 1) == 0);
    cr_assert(files_replace("out/f", "1", 1) == 0);
}

static void end(void)
{
    static const char *const files[] = {"in/f",  "in/g",  "in/h",
                                        "out/f", "out/g", "out/h"};

    if (extent == SANDBOX_NONE)
        return;
    for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++)
        unlink(files[i]);
    rmdir("in");
    rmdir("out");
    cr_expect(rmdir(dir) == 0, "a file is left behind");
}

TestSuite(sandbox, .init = begin, .fini = end, .timeout = 10);

static void need_files(void)
{
    if (extent != SANDBOX_ALL)
        cr_skip_test("this kernel has no Landlock");
}

/* programs and processes */

static int try_execve(void)
{
    return execl("/bin/true", "true", (char *)NULL);
}

static int try_ptrace(void)
{
    return (int)ptrace(PTRACE_TRACEME, 0, NULL, NULL);
}

static int try_fork(void)
{
    pid_t pid = fork();

    if (pid == 0)
        _exit(0);
    return pid < 0 ? -1 : 0;
}

static int try_setrlimit(void)
{
    const struct rlimit limit = {1, 1};

    return setrlimit(RLIMIT_CPU, &limit);
}

static int try_kill_parent(void)
{
    return kill(getppid(), 0);
}

static int try_code(void)
{
    void *page = mmap(NULL, 4096, PROT_READ | PROT_WRITE,
                      MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    if (page == MAP_FAILED)
        return 0; /* no expected error */
    return mprotect(page, 4096, PROT_READ | PROT_EXEC);
}

static int try_code_at_once(void)
{
    return mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS,
                -1, 0) == MAP_FAILED
               ? -1
               : 0;
}

Test(sandbox, a_program_or_a_debugger_is_the_end)
{
    cr_expect_eq(attempt(NULL, try_execve), 0);
    cr_expect_eq(confined(try_execve), STATUS_SIGNAL + SIGSYS);
    cr_expect_eq(confined(try_ptrace), STATUS_SIGNAL + SIGSYS);
}

Test(sandbox, what_serving_does_not_need_is_not_there)
{
    static const struct {
        const char *name;
        int (*try)(void);
    } tries[] = {
        {"fork", try_fork},
        {"setrlimit", try_setrlimit},
        {"kill", try_kill_parent},
        {"mprotect with PROT_EXEC", try_code},
        {"mmap with PROT_EXEC", try_code_at_once},
    };

    for (size_t i = 0; i < sizeof(tries) / sizeof(tries[0]); i++) {
        cr_expect_eq(attempt(NULL, tries[i].try), 0, "%s", tries[i].name);
        cr_expect_eq(confined(tries[i].try), ENOSYS, "%s", tries[i].name);
    }
}

/* connections */

static struct sockaddr_in loopback(void)
{
    return (struct sockaddr_in){
        .sin_family = AF_INET,
        .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
    };
}

static int listener = -1, accepted = -1;

/* A listening socket, and one that it accepted. */
static void make_connection(void)
{
    struct sockaddr_in at = loopback();
    socklen_t len = sizeof(at);
    int client = socket(AF_INET, SOCK_STREAM, 0);

    listener = socket(AF_INET, SOCK_STREAM, 0);
    cr_assert(bind(listener, (struct sockaddr *)&at, len) == 0);
    cr_assert(listen(listener, 4) == 0);
    cr_assert(getsockname(listener, (struct sockaddr *)&at, &len) == 0);
    cr_assert(connect(client, (struct sockaddr *)&at, len) == 0);
    accepted = accept(listener, NULL, NULL);
    cr_assert(accepted >= 0);
}

static int try_socket(void)
{
    return socket(AF_INET, SOCK_STREAM, 0) < 0 ? -1 : 0;
}

static int try_bind(void)
{
    const struct sockaddr_in any = loopback();

    return bind(listener, (const struct sockaddr *)&any, sizeof(any));
}

static int dissolve(void)
{
    const struct sockaddr nowhere = {.sa_family = AF_UNSPEC};

    return connect(accepted, &nowhere, sizeof(nowhere.sa_family));
}

/* A connection that others made, made anew by us to somewhere else. */
static int try_connect_again(void)
{
    struct sockaddr_in to = loopback();
    socklen_t len = sizeof(to);

    if (getsockname(listener, (struct sockaddr *)&to, &len) < 0 ||
        dissolve() < 0)
        return 0; /* no expected error */
    return connect(accepted, (struct sockaddr *)&to, len);
}

Test(sandbox, no_connection_can_be_made)
{
    make_connection();
    cr_expect_eq(attempt(NULL, try_connect_again), 0);
    cr_expect_eq(confined(try_socket), ENOSYS);
    cr_expect_eq(confined(try_bind), ENOSYS);
    cr_expect_eq(confined(try_connect_again), ENOSYS);
}

Test(sandbox, a_connection_can_be_dissolved)
{
    make_connection();
    cr_expect_eq(confined(dissolve), 0);
}

/* files */

static const char *name;

static int try_reading(void)
{
    return open(name, O_RDONLY) < 0 ? -1 : 0;
}

static int try_appending(void)
{
    return open(name, O_WRONLY | O_APPEND | O_CREAT, 0600) < 0 ? -1 : 0;
}

static int try_truncating(void)
{
    return open(name, O_WRONLY | O_TRUNC) < 0 ? -1 : 0;
}

static int try_replacing(void)
{
    return files_replace(name, "2", 1);
}

static int try_removing(void)
{
    return unlink(name);
}

static int try_removing_dir(void)
{
    return rmdir(name);
}

static int with(const char *path, enum sandbox_use use, int (*try)(void),
                const char *what)
{
    struct sandbox s = {0};

    sandbox_allow(&s, path, use);
    name = what;
    return attempt(&s, try);
}

Test(sandbox, without_a_path_no_file_can_be_opened)
{
    need_files();
    name = "/etc/passwd";
    cr_expect_eq(attempt(NULL, try_reading), 0);
    cr_expect_eq(confined(try_reading), EACCES);
    name = "in/f";
    cr_expect_eq(confined(try_reading), EACCES);
    cr_expect_eq(confined(try_appending), EACCES);
    cr_expect_eq(confined(try_removing), EACCES);
}

Test(sandbox, a_directory_can_be_read_and_nothing_beside_it)
{
    need_files();
    cr_assert(symlink("../out/f", "in/g") == 0);
    cr_expect_eq(with("in", SANDBOX_READ, try_reading, "in/f"), 0);
    cr_expect_eq(with("in", SANDBOX_READ, try_reading, "in"), 0);
    cr_expect_eq(with("in", SANDBOX_READ, try_reading, "out/f"), EACCES);
    cr_expect_eq(with("in", SANDBOX_READ, try_reading, "in/g"), EACCES);
    cr_expect_eq(with("in", SANDBOX_READ, try_reading, "in/../out/f"), EACCES);
    cr_expect_eq(with("in", SANDBOX_READ, try_appending, "in/f"), EACCES);
    cr_expect_eq(with("in", SANDBOX_READ, try_removing, "in/f"), EACCES);
}

/* As log rotation leaves it: the name is free. */
Test(sandbox, a_file_that_is_appended_to_can_be_made_anew)
{
    need_files();
    cr_expect_eq(with("in/f", SANDBOX_APPEND_TO, try_appending, "in/f"), 0);
    cr_expect_eq(with("in/g", SANDBOX_APPEND_TO, try_appending, "in/g"), 0);
    cr_expect_eq(with("in/f", SANDBOX_APPEND_TO, try_reading, "in/f"), EACCES);
    cr_expect_eq(with("in/f", SANDBOX_APPEND_TO, try_removing, "in/f"), EACCES);
    cr_expect_eq(with("in/f", SANDBOX_APPEND_TO, try_appending, "out/f"),
                 EACCES);
}

/* The directory that counts is that of the file, not of the name. */
Test(sandbox, a_link_leads_to_its_file)
{
    need_files();
    cr_assert(symlink("../out/f", "in/g") == 0);
    cr_expect_eq(with("in/g", SANDBOX_APPEND_TO, try_appending, "in/g"), 0);
    cr_expect_eq(with("in/g", SANDBOX_APPEND_TO, try_appending, "in/h"),
                 EACCES);
}

Test(sandbox, a_file_that_is_replaced_can_also_be_removed)
{
    need_files();
    cr_expect_eq(with("in/h", SANDBOX_REPLACE, try_replacing, "in/h"), 0);
    cr_expect_eq(with("in/f", SANDBOX_REPLACE, try_removing, "in/f"), 0);
    cr_expect_eq(with("in/h", SANDBOX_REPLACE, try_replacing, "out/h"), EACCES);
    cr_expect_eq(with("in/h", SANDBOX_REPLACE, try_reading, "in/h"), EACCES);
    cr_expect_eq(access("in/f", F_OK), -1);
}

Test(sandbox, a_directory_can_be_removed)
{
    need_files();
    cr_assert(mkdir("in/g", 0700) == 0);
    cr_expect_eq(with("in/g", SANDBOX_REPLACE, try_removing_dir, "in/g"),
                 EACCES);
    cr_expect_eq(with("in/g", SANDBOX_REMOVE_DIR, try_removing, "in/f"),
                 EACCES);
    cr_expect_eq(with("in/g", SANDBOX_REMOVE_DIR, try_removing_dir, "in/g"), 0);
}

Test(sandbox, a_device_is_allowed_by_itself)
{
    need_files();
    cr_expect_eq(
        with("/dev/null", SANDBOX_APPEND_TO, try_appending, "/dev/null"), 0);
    cr_expect_eq(
        with("/dev/null", SANDBOX_APPEND_TO, try_appending, "/dev/full"),
        EACCES);
}

Test(sandbox, truncation_takes_more_than_writing)
{
    int status;

    need_files();
    status = with("in/f", SANDBOX_APPEND_TO, try_truncating, "in/f");
    /* Before the third version of Landlock it is the same. */
    cr_expect(status == EACCES || status == 0, "%d", status);
}

static int fd = -1;

static int try_reading_fd(void)
{
    char byte;

    return read(fd, &byte, 1) == 1 && byte == '1' ? 0 : -1;
}

Test(sandbox, what_is_open_stays_open)
{
    fd = open("out/f", O_RDONLY);
    cr_assert(fd >= 0);
    cr_expect_eq(confined(try_reading_fd), 0);
}

Test(sandbox, a_path_that_is_not_there_is_a_failure)
{
    need_files();
    cr_expect_eq(with("in/none", SANDBOX_READ, do_nothing, ""), STATUS_FREE);
    cr_expect_eq(with("none/f", SANDBOX_REPLACE, do_nothing, ""), STATUS_FREE);
    cr_expect_eq(with(NULL, SANDBOX_READ, do_nothing, ""), 0);
}

/* threads and children */

static void *open_in_thread(void *arg)
{
    int *error = arg;

    *error = open("/etc/passwd", O_RDONLY) < 0 ? errno : 0;
    if (*error == 0 && socket(AF_INET, SOCK_STREAM, 0) < 0)
        *error = errno;
    return NULL;
}

/* Threads can be started, and are no way out. */
static int try_thread(void)
{
    pthread_t thread;
    int inside = 0;
    int error = pthread_create(&thread, NULL, open_in_thread, &inside);

    if (error == 0)
        pthread_join(thread, NULL);
    errno = error ? error : inside;
    return errno ? -1 : 0;
}

Test(sandbox, threads_that_start_later_are_confined)
{
    cr_expect_eq(attempt(NULL, try_thread), 0);
    cr_expect_eq(confined(try_thread), extent == SANDBOX_ALL ? EACCES : ENOSYS);
}

/* Those that ran before are not: the caller has to know. */
static int try_with_child(void)
{
    struct sandbox s = {.child = fork()};
    char *why;
    int status;

    if (s.child == 0) {
        pause();
        _exit(0);
    }
    if (sandbox_enter(&s, &why) == SANDBOX_NONE)
        _exit(STATUS_FREE);
    if (kill(getppid(), 0) == 0)
        _exit(STATUS_HALF);
    if (kill(s.child, SIGTERM) < 0 || waitpid(s.child, &status, 0) != s.child ||
        !WIFSIGNALED(status))
        return -1;
    return 0;
}

Test(sandbox, a_child_can_be_signalled_and_waited_for)
{
    cr_expect_eq(attempt(NULL, try_with_child), 0);
}
