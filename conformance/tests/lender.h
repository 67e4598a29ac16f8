/*
 * lender: a keeper in a process of its own, and clients of a few lines of
 * shell for it to lend.
 */
#ifndef LENDER_H
#define LENDER_H

#include <sys/types.h>
#include <jansson.h>
#include "bytes.h"
#include "config.h"

struct lender {
    struct config config; /* run_dir is the scratch directory */
    pid_t pid;
    int control; /* closed: the run is over */
    int report;  /* what the keeper has to say */
};

/* Starts one that keeps `command`. NULL, or why it did not start. The test
 * stands in a scratch directory. */
char *lender_start(struct lender *lender, const char *command);

/* Ends it and returns the problems that the keeper noted; the caller's. */
char *lender_stop(struct lender *lender);

#define STARTED                                                                \
    "{\"type\":\"started\",\"protocol\":1,\"client\":{\"name\":\"n\","         \
    "\"version\":\"1\",\"language\":\"sh\"},\"features\":[\"livegetfour\"]}"
#define ANSWER                                                                 \
    "{\"id\":\"a-case\",\"outcome\":{\"kind\":\"api\",\"http\":200,"           \
    "\"code\":0,\"message\":\"OK\"}}"
#define SAY(line) "echo '" line "'"

/* A client that greets, does ON_CALL for each call, and ON_STOP in the end. */
#define CLIENT(on_call, on_stop)                                               \
    "read -r line; " SAY(STARTED) "; "                                         \
                                  "while read -r line; do case \"$line\" in "  \
                                  "*'\"type\":\"stop\"'*) " on_stop            \
                                  ";; *) " on_call ";; esac; done"
#define GOOD_CLIENT CLIENT(SAY(ANSWER), "exit 0")

#endif
