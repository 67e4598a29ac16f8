#include "lender.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>
#include <criterion/criterion.h>

#include "keeper.h"

/* Stands for the process that runs the cases: ends when `control` does. */
static pid_t start_run(int control)
{
    struct pollfd over = {.fd = control, .events = POLLIN};
    pid_t pid = fork();

    if (pid == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        poll(&over, 1, -1);
        _exit(0);
    }
    return pid;
}

static void say(int fd, const char *text)
{
    ssize_t n = write(fd, text, strlen(text) + 1);

    (void)n;
}

/* The process of the keeper. First it says why it did not start, or nothing;
 * in the end what the keeper noted. */
static void keep(const struct config *config, int control, int report)
{
    struct bytes problems = {0};
    json_t *features = NULL;
    char *why = NULL;
    struct keeper *keeper = keeper_new(config, &features, &why);

    say(report, keeper ? "" : why);
    if (!keeper)
        _exit(0);
    keeper_serve_until_exit(keeper, start_run(control));
    keeper_free(keeper, &problems);
    say(report, problems.data ? problems.data : "");
    _exit(0);
}

/* A text up to its NUL. */
static char *hear(int fd)
{
    struct bytes text = {0};
    char c;

    bytes_text(&text, "");
    while (read(fd, &c, 1) == 1 && c != '\0')
        bytes_add(&text, &c, 1);
    return text.data;
}

char *lender_start(struct lender *lender, const char *command)
{
    int control[2], report[2];
    char *why;

    signal(SIGPIPE, SIG_IGN);
    lender->config = (struct config){
        .run_dir = ".",
        .client = command,
        .base_url = "http://127.0.0.1:1",
    };
    cr_assert(pipe2(control, O_CLOEXEC) == 0 && pipe2(report, O_CLOEXEC) == 0);
    lender->pid = fork();
    if (lender->pid == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        close(control[1]);
        close(report[0]);
        keep(&lender->config, control[0], report[1]);
    }
    close(control[0]);
    close(report[1]);
    lender->control = control[1];
    lender->report = report[0];
    why = hear(lender->report);
    if (*why == '\0') {
        free(why);
        return NULL;
    }
    free(lender_stop(lender));
    return why;
}

char *lender_stop(struct lender *lender)
{
    char *problems;

    close(lender->control);
    problems = hear(lender->report);
    waitpid(lender->pid, NULL, 0);
    close(lender->report);
    return problems;
}
