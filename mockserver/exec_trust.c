#include "exec_trust.h"

#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>
#include "files.h"
#include "options.h"

enum { TRUSTSTORE_MAX = 1024 * 1024 };

static int refuse(const char *what, const char *path)
{
    return usage_error("%s %s: %s", what, path, strerror(errno));
}

int exec_trust_init(struct exec_trust *trust, struct mockserver *mock)
{
    const char *tmp = getenv("TMPDIR");
    const char *ca;
    char *why = NULL;
    int status;

    *trust = (struct exec_trust){0};
    if (mockserver_ca(mock, &ca, &why) < 0) {
        status = usage_error("%s", why ? why : "out of memory");
        free(why);
        return status;
    }
    if (!ca)
        return 0;
    /* Of a name that is too long the directory cannot be made. */
    snprintf(trust->dir, sizeof(trust->dir), "%s/mockserver-XXXXXX",
             tmp && *tmp ? tmp : "/tmp");
    if (!mkdtemp(trust->dir)) {
        status = refuse("cannot make the directory", trust->dir);
        trust->dir[0] = '\0';
        return status;
    }
    snprintf(trust->ca, sizeof(trust->ca), "%s/ca.pem", trust->dir);
    return files_replace(trust->ca, ca, strlen(ca)) == 0
               ? 0
               : refuse("cannot write", trust->ca);
}

void exec_trust_release(struct exec_trust *trust)
{
    if (!trust->dir[0])
        return;
    unlink(trust->ca);
    rmdir(trust->dir);
    *trust = (struct exec_trust){0};
}

/* Java's truststores */

/* Starts keytool, which says what it has to say in a file. Returns 0 or an
 * error number. */
static int start_keytool(const char *ca, const char *store, const char *log,
                         const struct signals *signals, pid_t *pid)
{
    const char *argv[] = {
        "keytool",    "-importcert", "-noprompt",  "-alias",   "mockserver",
        "-storetype", "PKCS12",      "-storepass", "changeit", "-file",
        ca,           "-keystore",   store,        NULL};
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attributes;
    int error;

    posix_spawnattr_init(&attributes);
    posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK);
    posix_spawnattr_setsigmask(&attributes, &signals->old_mask);
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0);
    posix_spawn_file_actions_addopen(&actions, 1, log, O_WRONLY | O_CREAT,
                                     0600);
    posix_spawn_file_actions_adddup2(&actions, 1, 2);
    error = posix_spawnp(pid, argv[0], &actions, &attributes,
                         (char *const *)argv, environ);
    posix_spawn_file_actions_destroy(&actions);
    posix_spawnattr_destroy(&attributes);
    return error;
}

static int refuse_keytool(const char *log)
{
    char *text = NULL;
    size_t len = 0;
    int status;

    if (files_read(log, TRUSTSTORE_MAX, &text, &len) == 0)
        text[strcspn(text, "\n")] = '\0';
    status = usage_error("--java-truststore: keytool failed: %s",
                         text ? text : "it says nothing");
    free(text);
    return status;
}

static int run_keytool(const char *ca, const char *store, const char *log,
                       const struct signals *signals)
{
    pid_t pid;
    int status;
    int error = start_keytool(ca, store, log, signals, &pid);

    if (error)
        return usage_error("--java-truststore: cannot run keytool, which comes "
                           "with Java: %s",
                           strerror(error));
    while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
        ;
    return status == 0 ? 0 : refuse_keytool(log);
}

static int copy(const char *from, const char *to)
{
    char *data = NULL;
    size_t len;
    int result = files_read(from, TRUSTSTORE_MAX, &data, &len);

    if (result == 0)
        result = files_replace(to, data, len);
    free(data);
    return result;
}

int exec_trust_write_java(const struct exec_trust *trust, const char *path,
                          const struct signals *signals)
{
    char store[EXEC_TRUST_PATH_CAP], log[EXEC_TRUST_PATH_CAP];
    int status;

    if (!trust->ca[0])
        return usage_error("--java-truststore: there is no CA with --tls-cert");
    snprintf(store, sizeof(store), "%s/store", trust->dir);
    snprintf(log, sizeof(log), "%s/log", trust->dir);
    status = run_keytool(trust->ca, store, log, signals);
    if (status == 0 && copy(store, path) < 0)
        status = refuse("--java-truststore: cannot write", path);
    unlink(store);
    unlink(log);
    return status;
}
