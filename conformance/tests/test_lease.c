#include "lease.h"

#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>
#include <criterion/criterion.h>

#include "keeper.h"
#include "lender.h"
#include "now.h"
#include "protocol.h"
#include "scratch.h"

TestSuite(lease, .init = scratch_make, .fini = scratch_remove);

enum { PATIENCE_MS = 10000 };

static void start(struct lender *lender, const char *command)
{
    char *why = lender_start(lender, command);

    cr_assert(why == NULL, "%s", why);
}

static void expect_no_start(const char *command, const char *words)
{
    struct lender lender;
    char *why = lender_start(&lender, command);

    cr_assert(why != NULL, "it started: %s", command);
    cr_expect(strstr(why, words) != NULL, "expected \"%s\", got \"%s\"", words,
              why);
    free(why);
}

static struct lease *open_lease(struct lender *lender, struct bytes *said)
{
    char *why = NULL;
    struct lease *lease = lease_open(&lender->config, "a-case", said, &why);

    cr_assert(lease != NULL, "%s", why);
    return lease;
}

static void send_line(struct lease *lease, const char *line)
{
    char *why = NULL;

    cr_assert(dialogue_send(lease_dialogue(lease), line, now_ms() + PATIENCE_MS,
                            &why) == 0,
              "%s", why);
}

static enum dialogue_event read_line(struct lease *lease, struct bytes *line)
{
    return dialogue_read(lease_dialogue(lease), now_ms() + PATIENCE_MS, line);
}

static void expect_line(struct lease *lease, const char *want)
{
    struct bytes line = {0};

    cr_expect(read_line(lease, &line) == DIALOGUE_LINE);
    cr_expect_str_eq(line.data, want);
    bytes_release(&line);
}

static void expect_words(char *words, const char *want)
{
    cr_expect(words && strcmp(words, want) == 0, "expected %s, got %s", want,
              words ? words : "nothing");
    free(words);
}

static void expect_problems(struct lender *lender, const char *want)
{
    char *problems = lender_stop(lender);

    if (*want)
        cr_expect(strstr(problems, want) != NULL, "expected \"%s\", got \"%s\"",
                  want, problems);
    else
        cr_expect_str_eq(problems, "");
    free(problems);
}

/* a client that starts, and one that does not */

Test(lease, a_command_that_is_not_there_does_not_start, .timeout = 30)
{
    expect_no_start("exec ./no-such-program",
                    "closed its stdout before it answered start (exit "
                    "status 127); its stderr ends:");
}

Test(lease, a_client_that_dies_at_once_does_not_start, .timeout = 30)
{
    expect_no_start("echo no license >&2; exit 3",
                    "(exit status 3); its stderr ends: \"no license\"");
    expect_no_start("kill -SEGV $$", "(signal 11 (SIGSEGV))");
}

Test(lease, a_wrong_greeting_is_no_start, .timeout = 30)
{
    expect_no_start("read l; echo ready",
                    "answered start wrongly: expected one JSON object in "
                    "UTF-8, got \"ready\"");
    expect_no_start("read l; echo '{\"type\":\"started\"}'",
                    "answered start wrongly: protocol: expected 1, got "
                    "nothing");
    expect_no_start("read l; printf '%s\\nmore\\n' '" STARTED "'; cat",
                    "said more than started");
}

Test(lease, a_greeting_without_end_is_no_start, .timeout = 30)
{
    expect_no_start("exec tr '\\0' x </dev/zero",
                    "answered start with a line of more than 16 MiB");
}

/* lending */

Test(lease, a_kept_client_is_lent_again, .timeout = 30)
{
    struct lender lender;
    struct bytes said = {0};

    start(&lender, CLIENT("echo $$", "exit 0"));
    struct lease *lease = open_lease(&lender, &said);
    struct bytes first = {0}, second = {0};
    send_line(lease, "{}\n");
    cr_expect(read_line(lease, &first) == DIALOGUE_LINE);
    cr_expect(lease_keep(lease) == NULL);
    lease = open_lease(&lender, &said);
    send_line(lease, "{}\n");
    cr_expect(read_line(lease, &second) == DIALOGUE_LINE);
    cr_expect_str_eq(first.data, second.data);
    cr_expect(lease_keep(lease) == NULL);
    cr_expect(said.len == 0, "nobody was greeted: %s", said.data);
    expect_problems(&lender, "");
    bytes_release(&first);
    bytes_release(&second);
}

Test(lease, two_cases_have_two_clients, .timeout = 30)
{
    struct lender lender;
    struct bytes said = {0};

    start(&lender, GOOD_CLIENT);
    struct lease *one = open_lease(&lender, &said);
    struct lease *two = open_lease(&lender, &said);
    cr_expect(strstr(said.data, "← " STARTED) != NULL, "%s", said.data);
    send_line(one, "{}\n");
    expect_line(one, ANSWER);
    send_line(two, "{}\n");
    expect_line(two, ANSWER);
    cr_expect(lease_keep(one) == NULL);
    cr_expect(lease_keep(two) == NULL);
    expect_problems(&lender, "");
    bytes_release(&said);
}

Test(lease, a_client_that_died_tells_how_and_another_is_lent, .timeout = 30)
{
    struct lender lender;
    struct bytes line = {0};

    start(&lender, CLIENT("echo out of luck >&2; exit 3", "exit 0"));
    struct lease *lease = open_lease(&lender, NULL);
    send_line(lease, "{}\n");
    cr_expect(read_line(lease, &line) == DIALOGUE_ENDED);
    char *last = dialogue_stderr(lease_dialogue(lease));
    cr_expect_str_eq(last, "; its stderr ends: \"out of luck\"");
    free(last);
    expect_words(lease_end(lease, 1000), "exit status 3");
    cr_expect(lease_end(open_lease(&lender, NULL), 0) == NULL);
    expect_problems(&lender, "");
    bytes_release(&line);
}

Test(lease, a_signal_is_told_by_its_name, .timeout = 30)
{
    struct lender lender;
    struct bytes line = {0};

    start(&lender, CLIENT("kill -ABRT $$", "exit 0"));
    struct lease *lease = open_lease(&lender, NULL);
    send_line(lease, "{}\n");
    cr_expect(read_line(lease, &line) == DIALOGUE_ENDED);
    expect_words(lease_end(lease, 1000), "signal 6 (SIGABRT)");
    expect_problems(&lender, "");
    bytes_release(&line);
}

/* A case that takes a client, tells its process by a line, and dies. */
static void die_with_lease(struct lender *lender, int told, int go)
{
    struct lease *lease = open_lease(lender, NULL);
    struct bytes line = {0};
    char byte;

    send_line(lease, "{}\n");
    if (read_line(lease, &line) == DIALOGUE_LINE)
        dprintf(told, "%s\n", line.data);
    _exit(read(go, &byte, 1) == 1 ? 0 : 1);
}

Test(lease, one_that_is_not_given_back_is_killed, .timeout = 30)
{
    struct lender lender;
    int told[2], go[2];
    char pid[32] = "";

    cr_assert(pipe2(told, O_CLOEXEC) == 0 && pipe2(go, O_CLOEXEC) == 0);
    start(&lender, CLIENT("echo $$", "exit 0"));
    pid_t taker = fork();
    if (taker == 0)
        die_with_lease(&lender, told[1], go[0]);
    cr_assert(read(told[0], pid, sizeof(pid) - 1) > 0);
    int client = (int)syscall(SYS_pidfd_open, (pid_t)strtol(pid, NULL, 10), 0);
    struct pollfd end = {.fd = client, .events = POLLIN};
    cr_assert(client >= 0);
    cr_assert(write(go[1], "x", 1) == 1);
    cr_expect(poll(&end, 1, PATIENCE_MS) == 1, "the client is still there");
    waitpid(taker, NULL, 0);
    expect_problems(&lender, "");
    close(client);
}

Test(lease, all_of_what_a_client_started_is_killed_with_it, .timeout = 30)
{
    struct lender lender;
    struct bytes line = {0};

    start(&lender, CLIENT("cat /dev/zero >/dev/null & echo $!", "exit 0"));
    struct lease *lease = open_lease(&lender, NULL);
    send_line(lease, "{}\n");
    cr_expect(read_line(lease, &line) == DIALOGUE_LINE);
    int child =
        (int)syscall(SYS_pidfd_open, (pid_t)strtol(line.data, NULL, 10), 0);
    struct pollfd end = {.fd = child, .events = POLLIN};
    cr_assert(child >= 0);
    cr_expect(lease_end(lease, 0) == NULL);
    cr_expect(poll(&end, 1, PATIENCE_MS) == 1, "it is still there");
    expect_problems(&lender, "");
    bytes_release(&line);
    close(child);
}

/* what is said at the wrong time */

/* Writes a line to a client that waits for it at the FIFO. */
static void tell(const char *fifo)
{
    int fd = open(fifo, O_WRONLY | O_CLOEXEC);

    cr_assert(fd >= 0 && write(fd, "x\n", 2) == 2);
    close(fd);
}

static void await(const char *fifo)
{
    int fd = open(fifo, O_RDONLY | O_CLOEXEC);
    char byte;

    cr_assert(fd >= 0 && read(fd, &byte, 1) == 1);
    close(fd);
}

Test(lease, a_client_that_talks_between_cases_is_replaced_and_noted,
     .timeout = 30)
{
    struct lender lender;
    struct bytes said = {0};

    cr_assert(mkfifo("go", 0600) == 0 && mkfifo("done", 0600) == 0);
    start(&lender, CLIENT(SAY(ANSWER) "; read -r x <go; echo more; "
                                      "echo x >done",
                          "exit 0"));
    struct lease *lease = open_lease(&lender, &said);
    send_line(lease, "{}\n");
    expect_line(lease, ANSWER);
    cr_expect(lease_keep(lease) == NULL);
    tell("go");
    await("done");
    lease = open_lease(&lender, &said);
    cr_expect(said.len > 0, "expected a new client");
    cr_expect(lease_keep(lease) == NULL);
    expect_problems(&lender, "the client, after the case a-case: said what "
                             "nobody asked for: more");
    bytes_release(&said);
}

Test(lease, what_follows_an_answer_is_a_line_like_any, .timeout = 30)
{
    struct lender lender;

    start(&lender,
          CLIENT("printf '%s\\nDEBUG done\\n' '" ANSWER "'", "exit 0"));
    struct lease *lease = open_lease(&lender, NULL);
    send_line(lease, "{}\n");
    struct bytes line = {0};
    cr_expect(read_line(lease, &line) == DIALOGUE_LINE);
    cr_expect(read_line(lease, &line) == DIALOGUE_LINE);
    cr_expect_str_eq(line.data, "DEBUG done");
    bytes_release(&line);
    cr_expect(lease_end(lease, 0) == NULL);
    expect_problems(&lender, "");
}

/* floods */

static void expect_flood(const char *on_call, const char *words)
{
    struct lender lender;
    struct bytes line = {0};

    start(&lender, on_call);
    struct lease *lease = open_lease(&lender, NULL);
    send_line(lease, "{}\n");
    cr_expect(read_line(lease, &line) == DIALOGUE_FLOOD);
    cr_expect_str_eq(line.data, words);
    cr_expect(lease_end(lease, 0) == NULL);
    expect_problems(&lender, "");
    bytes_release(&line);
}

Test(lease, a_line_without_end_is_cut_off, .timeout = 30)
{
    expect_flood(CLIENT("exec tr '\\0' x </dev/zero", "exit 0"),
                 "a line of more than 16 MiB");
}

Test(lease, stderr_without_end_is_cut_off, .timeout = 30)
{
    expect_flood(
        CLIENT("head -c 80000000 /dev/zero >&2; exec sleep 1000", "exit 0"),
        "more than 64 MiB on stderr");
}

Test(lease, the_longest_line_is_read, .timeout = 30)
{
    struct lender lender;
    struct bytes line = {0};

    start(&lender,
          CLIENT("head -c 16777216 /dev/zero | tr '\\0' x; echo", "exit 0"));
    struct lease *lease = open_lease(&lender, NULL);
    send_line(lease, "{}\n");
    cr_expect(read_line(lease, &line) == DIALOGUE_LINE);
    cr_expect(line.len == PROTOCOL_MAX_LINE);
    cr_expect(lease_keep(lease) == NULL);
    expect_problems(&lender, "");
    bytes_release(&line);
}

Test(lease, a_client_that_reads_nothing_does_not_hang_who_writes, .timeout = 30)
{
    struct lender lender;
    struct bytes line = {0};
    char *why = NULL;

    start(&lender, "read -r line; " SAY(STARTED) "; exec sleep 1000");
    struct lease *lease = open_lease(&lender, NULL);
    bytes_fill(&line, 'x', 1000000);
    cr_expect(dialogue_send(lease_dialogue(lease), line.data, now_ms() + 50,
                            &why) < 0);
    cr_expect_str_eq(why, "the client did not read its stdin in time");
    cr_expect(lease_end(lease, 0) == NULL);
    expect_problems(&lender, "");
    bytes_release(&line);
    free(why);
}

/* the end */

Test(lease, a_status_after_stop_is_noted, .timeout = 30)
{
    struct lender lender;

    start(&lender, CLIENT("exit 1", "echo cannot save >&2; exit 3"));
    expect_problems(&lender, "the client: ended with exit status 3 after stop, "
                             "expected exit status 0; its stderr ends: "
                             "\"cannot save\"");
}

Test(lease, a_word_after_stop_is_noted, .timeout = 30)
{
    struct lender lender;

    start(&lender, CLIENT("exit 1", "echo bye; exit 0"));
    expect_problems(&lender, "the client: said what nobody asked for: bye");
}

Test(lease, a_client_that_does_not_stop_is_killed_and_noted, .timeout = 30)
{
    struct lender lender;

    start(&lender, CLIENT("exit 1", "exec sleep 1000"));
    expect_problems(&lender, "the client: did not end within 5 s of stop");
}

Test(lease, a_client_that_ends_while_it_is_idle_is_noted, .timeout = 30)
{
    struct lender lender;

    cr_assert(mkfifo("go", 0600) == 0);
    start(&lender, "read -r line; " SAY(STARTED) "; read -r x <go; exit 4");
    tell("go");
    /* Before the stop or after it: the status is told. */
    expect_problems(&lender, "exit status 4");
}

Test(lease, without_a_client_the_keeper_only_waits, .timeout = 30)
{
    pid_t pid = fork();

    if (pid == 0)
        _exit(5);
    int status = keeper_serve_until_exit(NULL, pid);
    cr_expect(WIFEXITED(status) && WEXITSTATUS(status) == 5);
    keeper_free(NULL, NULL);
}

Test(lease, without_a_keeper_there_is_no_lease, .timeout = 30)
{
    struct config config = {.run_dir = "."};
    char *why = NULL;

    cr_expect(lease_open(&config, "a-case", NULL, &why) == NULL);
    cr_expect(strstr(why, "no answer of the keeper") != NULL, "%s", why);
    free(why);
}
