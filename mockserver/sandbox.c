#include "sandbox.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>
#ifdef HAVE_SECCOMP
#include <seccomp.h>
#endif

static enum sandbox_extent __attribute__((format(printf, 2, 3)))
refuse(char **why, const char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    if (vasprintf(why, fmt, ap) < 0)
        *why = NULL;
    va_end(ap);
    return SANDBOX_NONE;
}

void sandbox_allow(struct sandbox *s, const char *path, enum sandbox_use use)
{
    if (!path)
        return;
    assert(s->n_paths < SANDBOX_MAX_PATHS);
    s->paths[s->n_paths].path = path;
    s->paths[s->n_paths].use = use;
    s->n_paths++;
}

/* files, by Landlock */

/*
 * The kernel's own header may be older than the kernel, whose version of the
 * interface is asked for at run time. The numbers are those of
 * linux/landlock.h, and the calls have the same on all machines.
 */
enum {
    CREATE_RULESET = 444,
    ADD_RULE = 445,
    RESTRICT_SELF = 446,
    ASK_VERSION = 1,
    RULE_PATH_BENEATH = 1,

    FS_WRITE_FILE = 1 << 1,
    FS_READ_FILE = 1 << 2,
    FS_READ_DIR = 1 << 3,
    FS_REMOVE_DIR = 1 << 4,
    FS_REMOVE_FILE = 1 << 5,
    FS_MAKE_REG = 1 << 8,
    OF_FILES = FS_WRITE_FILE | FS_READ_FILE,

    NET_CONNECT_TCP = 1 << 1,
    SCOPE_ABSTRACT_SOCKETS = 1 << 0,
};

struct ruleset_attr {
    uint64_t fs;
    uint64_t net;   /* from version 4 */
    uint64_t scope; /* from version 6 */
};

struct path_attr {
    uint64_t access;
    int32_t fd;
} __attribute__((packed));

static const uint64_t rights_of[] = {
    [SANDBOX_READ] = FS_READ_FILE | FS_READ_DIR,
    [SANDBOX_APPEND_TO] = FS_WRITE_FILE | FS_MAKE_REG,
    [SANDBOX_REPLACE] = FS_WRITE_FILE | FS_MAKE_REG | FS_REMOVE_FILE,
    [SANDBOX_REMOVE_DIR] = FS_REMOVE_DIR,
};

/* All that a version knows is forbidden but for the rules: 13 rights of the
 * first version, moving to another directory of the second, truncation of the
 * third, ioctl() of devices of the fifth. */
static uint64_t fs_rights(long version)
{
    const unsigned n = version >= 5   ? 16
                       : version == 4 ? 15
                                      : 12 + (unsigned)version;

    return (UINT64_C(1) << n) - 1;
}

/* Returns its descriptor, or -1 with errno. */
static int make_ruleset(long version)
{
    const struct ruleset_attr attr = {
        .fs = fs_rights(version),
        .net = version >= 4 ? NET_CONNECT_TCP : 0,
        .scope = version >= 6 ? SCOPE_ABSTRACT_SOCKETS : 0,
    };
    const size_t size = version >= 6   ? sizeof(attr)
                        : version >= 4 ? offsetof(struct ruleset_attr, scope)
                                       : offsetof(struct ruleset_attr, net);

    return (int)syscall(CREATE_RULESET, &attr, size, 0);
}

/* The directory that a file is in, or would be in; of a link's the one that it
 * leads to. The caller frees it. */
static char *directory_of(const char *path)
{
    char *real = realpath(path, NULL);
    char *slash;

    if (!real)
        real = strdup(path);
    if (!real)
        return NULL;
    slash = strrchr(real, '/');
    if (!slash) {
        free(real);
        return strdup(".");
    }
    slash[slash == real] = '\0';
    return real;
}

/* Returns 0, or -1 with errno. */
static int add_rule(int ruleset, const char *path, uint64_t access)
{
    struct path_attr attr = {.access = access};
    struct stat st;
    int result = -1, error;

    attr.fd = open(path, O_PATH | O_CLOEXEC);
    if (attr.fd < 0)
        return -1;
    if (fstat(attr.fd, &st) == 0) {
        if (!S_ISDIR(st.st_mode))
            attr.access &= OF_FILES;
        result = (int)syscall(ADD_RULE, ruleset, RULE_PATH_BENEATH, &attr, 0);
    }
    error = errno;
    close(attr.fd);
    errno = error;
    /* A pipe or a socket is in no file system, and not confined. */
    return result < 0 && error == EBADFD ? 0 : result;
}

/* A file that is replaced, or moved away by log rotation, is another one
 * afterwards, so that its directory is what must be allowed. A device or a
 * pipe stays what it is. */
static int allow_path(int ruleset, const char *path, enum sandbox_use use)
{
    uint64_t access = rights_of[use];
    char *directory;
    struct stat st;
    int result;

    if (use == SANDBOX_READ ||
        (stat(path, &st) == 0 && !S_ISREG(st.st_mode) && !S_ISDIR(st.st_mode)))
        return add_rule(ruleset, path, access);
    directory = directory_of(path);
    result = directory ? add_rule(ruleset, directory, access) : -1;
    free(directory);
    return result;
}

static int allow_paths(int ruleset, const struct sandbox *s, char **why)
{
    for (size_t i = 0; i < s->n_paths; i++) {
        const char *path = s->paths[i].path;

        if (allow_path(ruleset, path, s->paths[i].use) < 0) {
            refuse(why, "cannot allow %s: %s", path, strerror(errno));
            return -1;
        }
    }
    return 0;
}

/* A kernel without it, or one that keeps it from us, as some containers do. */
static bool is_missing(int error)
{
    return error == ENOSYS || error == EOPNOTSUPP || error == EPERM;
}

static enum sandbox_extent confine_files(const struct sandbox *s, char **why)
{
    long version = syscall(CREATE_RULESET, NULL, 0, ASK_VERSION);
    int ruleset, result;

    if (version < 0 && is_missing(errno))
        return SANDBOX_CALLS;
    ruleset = version < 0 ? -1 : make_ruleset(version);
    if (ruleset < 0)
        return refuse(why, "Landlock: %s", strerror(errno));
    result = allow_paths(ruleset, s, why);
    if (result == 0) {
        result = (int)syscall(RESTRICT_SELF, ruleset, 0);
        if (result < 0)
            refuse(why, "Landlock: %s", strerror(errno));
    }
    close(ruleset);
    return result < 0 ? SANDBOX_NONE : SANDBOX_ALL;
}

/* system calls, by seccomp */

#ifdef HAVE_SECCOMP

static const int allowed[] = {
    /* descriptors; files within what Landlock allows */
    SCMP_SYS(close),
    SCMP_SYS(dup),
    SCMP_SYS(fcntl),
    SCMP_SYS(flock),
    SCMP_SYS(fstat),
    SCMP_SYS(fsync),
    SCMP_SYS(lseek),
    SCMP_SYS(newfstatat),
    SCMP_SYS(open),
    SCMP_SYS(openat),
    SCMP_SYS(pread64),
    SCMP_SYS(read),
    SCMP_SYS(readv),
    SCMP_SYS(rename),
    SCMP_SYS(renameat),
    SCMP_SYS(renameat2),
    SCMP_SYS(rmdir),
    SCMP_SYS(stat),
    SCMP_SYS(statx),
    SCMP_SYS(unlink),
    SCMP_SYS(unlinkat),
    SCMP_SYS(write),
    SCMP_SYS(writev),
    /* connections that others make, and waiting for them */
    SCMP_SYS(accept),
    SCMP_SYS(accept4),
    SCMP_SYS(epoll_create1),
    SCMP_SYS(epoll_ctl),
    SCMP_SYS(epoll_pwait),
    SCMP_SYS(epoll_wait),
    SCMP_SYS(eventfd2),
    SCMP_SYS(getpeername),
    SCMP_SYS(getsockname),
    SCMP_SYS(getsockopt),
    SCMP_SYS(poll),
    SCMP_SYS(ppoll),
    SCMP_SYS(recvfrom),
    SCMP_SYS(recvmsg),
    SCMP_SYS(sendmsg),
    SCMP_SYS(sendto),
    SCMP_SYS(setsockopt),
    SCMP_SYS(shutdown),
    /* memory that holds no code; see add_conditional() */
    SCMP_SYS(brk),
    SCMP_SYS(madvise),
    SCMP_SYS(mremap),
    SCMP_SYS(munmap),
    /* threads, signals, time, chance */
    SCMP_SYS(clock_getres),
    SCMP_SYS(clock_gettime),
    SCMP_SYS(clock_nanosleep),
    SCMP_SYS(exit),
    SCMP_SYS(exit_group),
    SCMP_SYS(futex),
    SCMP_SYS(getpid),
    SCMP_SYS(getrandom),
    SCMP_SYS(gettid),
    SCMP_SYS(gettimeofday),
    SCMP_SYS(membarrier),
    SCMP_SYS(nanosleep),
    SCMP_SYS(restart_syscall),
    SCMP_SYS(rseq),
    SCMP_SYS(rt_sigaction),
    SCMP_SYS(rt_sigprocmask),
    SCMP_SYS(rt_sigreturn),
    SCMP_SYS(rt_sigtimedwait),
    SCMP_SYS(sched_getaffinity),
    SCMP_SYS(sched_yield),
    SCMP_SYS(set_robust_list),
    SCMP_SYS(sigaltstack),
    /* who and where we are, which libraries ask when they begin */
    SCMP_SYS(getegid),
    SCMP_SYS(geteuid),
    SCMP_SYS(getgid),
    SCMP_SYS(getuid),
    SCMP_SYS(sysinfo),
    SCMP_SYS(uname),
};

/* No server and no library of one asks for these by mistake. */
static const int deadly[] = {
    SCMP_SYS(add_key),
    SCMP_SYS(bpf),
    SCMP_SYS(chroot),
    SCMP_SYS(delete_module),
    SCMP_SYS(execve),
    SCMP_SYS(execveat),
    SCMP_SYS(finit_module),
    SCMP_SYS(fork),
    SCMP_SYS(init_module),
    SCMP_SYS(io_uring_setup),
    SCMP_SYS(kexec_load),
    SCMP_SYS(keyctl),
    SCMP_SYS(mount),
    SCMP_SYS(perf_event_open),
    SCMP_SYS(pidfd_getfd),
    SCMP_SYS(pivot_root),
    SCMP_SYS(process_vm_readv),
    SCMP_SYS(process_vm_writev),
    SCMP_SYS(ptrace),
    SCMP_SYS(reboot),
    SCMP_SYS(request_key),
    SCMP_SYS(setns),
    SCMP_SYS(swapon),
    SCMP_SYS(umount2),
    SCMP_SYS(unshare),
    SCMP_SYS(userfaultfd),
    SCMP_SYS(vfork),
};

#define LENGTH(list) (sizeof(list) / sizeof((list)[0]))

static int add_all(scmp_filter_ctx filter, uint32_t action, const int *calls,
                   size_t n)
{
    int error = 0;

    for (size_t i = 0; i < n && error == 0; i++)
        error = seccomp_rule_add(filter, action, calls[i], 0);
    return error;
}

/* Allows a call when the low half of one argument, as far as `mask` shows it,
 * is this: all of them are ints or flags of 32 bits. */
static int add_if(scmp_filter_ctx filter, int call, unsigned argument,
                  uint32_t mask, uint32_t value)
{
    return seccomp_rule_add(
        filter, SCMP_ACT_ALLOW, call, 1,
        SCMP_CMP(argument, SCMP_CMP_MASKED_EQ, mask, value));
}

static int add_conditional(scmp_filter_ctx filter)
{
    const uint32_t all = UINT32_MAX;
    const struct {
        int call;
        unsigned argument;
        uint32_t mask, value;
    } rules[] = {
        /* Too short to hold an address of any family: it dissolves the
         * connection of a socket, as the fault `reset` does, or fails. */
        {SCMP_SYS(connect), 2, all, sizeof(sa_family_t)},
        /* clone3() keeps its flags in memory, where they cannot be seen. It is
         * not there, then, and libc turns to this. */
        {SCMP_SYS(clone), 0, CLONE_THREAD, CLONE_THREAD},
        {SCMP_SYS(mmap), 2, PROT_EXEC, 0},
        {SCMP_SYS(mprotect), 2, PROT_EXEC, 0},
        {SCMP_SYS(prctl), 0, all, PR_SET_NAME},
        {SCMP_SYS(ioctl), 1, all, TCGETS}, /* is stdout a terminal? */
        {SCMP_SYS(tgkill), 0, all, (uint32_t)getpid()}, /* abort() */
    };
    int error = 0;

    for (size_t i = 0; i < LENGTH(rules) && error == 0; i++)
        error = add_if(filter, rules[i].call, rules[i].argument, rules[i].mask,
                       rules[i].value);
    /* Limits are read and not set. */
    if (error == 0)
        error = seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(prlimit64), 2,
                                 SCMP_A0(SCMP_CMP_EQ, 0, 0),
                                 SCMP_A2(SCMP_CMP_EQ, 0, 0));
    return error;
}

static int add_child(scmp_filter_ctx filter, pid_t child)
{
    int error = add_if(filter, SCMP_SYS(kill), 0, UINT32_MAX, (uint32_t)child);

    return error ? error
                 : add_if(filter, SCMP_SYS(wait4), 0, UINT32_MAX,
                          (uint32_t)child);
}

static int fill(scmp_filter_ctx filter, const struct sandbox *s)
{
    int error = add_all(filter, SCMP_ACT_ALLOW, allowed, LENGTH(allowed));

    if (error == 0)
        error = add_all(filter, SCMP_ACT_KILL_PROCESS, deadly, LENGTH(deadly));
    if (error == 0)
        error = add_conditional(filter);
    if (error == 0 && s->child > 0)
        error = add_child(filter, s->child);
    return error;
}

/* Returns 0, or -1 with *why. */
static int confine_calls(const struct sandbox *s, char **why)
{
    scmp_filter_ctx filter = seccomp_init(SCMP_ACT_ERRNO(ENOSYS));
    int error = filter ? fill(filter, s) : -ENOMEM;

    /* A tree in place of a list: every call of a worker passes through it.
     * A library that has none keeps the list. */
    if (error == 0)
        seccomp_attr_set(filter, SCMP_FLTATR_CTL_OPTIMIZE, 2);
    if (error == 0)
        error = seccomp_load(filter);
    seccomp_release(filter);
    if (error == 0)
        return 0;
    refuse(why, "this system takes no seccomp filter: %s", strerror(-error));
    return -1;
}

#else

static int confine_calls(const struct sandbox *s, char **why)
{
    (void)s;
    (void)why;
    return -1;
}

#endif

/* both */

#ifndef __has_feature
#define __has_feature(name) 0
#endif

static const char *refusal_of_build(void)
{
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__) ||           \
    __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
    return "this program was built with a sanitizer, which needs what would "
           "be taken from it";
#elif !defined(HAVE_SECCOMP)
    return "this program was built without libseccomp";
#else
    return NULL;
#endif
}

enum sandbox_extent sandbox_enter(const struct sandbox *s, char **why)
{
    const char *refusal = refusal_of_build();
    enum sandbox_extent extent;

    *why = NULL;
    if (refusal)
        return refuse(why, "%s", refusal);
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
        return refuse(why, "no_new_privs: %s", strerror(errno));
    extent = confine_files(s, why);
    if (extent == SANDBOX_NONE || confine_calls(s, why) < 0)
        return SANDBOX_NONE;
    return extent;
}
