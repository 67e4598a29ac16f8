/*
 * recording: a directory that keeps the exchanges of runs as files, and what
 * a later run has that is different.
 *
 *     DIR/run.json              what was tested, when: of the last run kept
 *     DIR/ID/STEP.request.http  head and body, or a line instead of the body
 *     DIR/ID/STEP.reply.http    status line, headers, body
 *     DIR/ID/STEP.json          the reply as it is compared; of a client
 *                               case: call, answer, requests
 *
 * Results have no secrets in them (result.h). The directory is made for its
 * owner alone, since photos may be in it.
 */
#ifndef RECORDING_H
#define RECORDING_H

#include <jansson.h>
#include "difference.h"
#include "run.h"

/* Before a run that is to be kept: makes DIR unless it is there. 0, or -1
 * with *why, which the caller frees, as in all of these. */
int recording_prepare(const char *dir, char **why);

/* Before a run that is to be compared: is there a recording in DIR? */
int recording_check(const char *dir, char **why);

/* Writes DIR/run.json, and the exchanges of each case of the run. */
int recording_keep_run(const char *dir, const struct run *run, char **why);

/* Puts the exchanges of one case in the place of those that DIR has of it. A
 * case without any leaves DIR as it is, and so does all else in it. */
int recording_keep(const char *dir, const char *case_id,
                   const json_t *exchanges, char **why);

/* Compares each case of the results (an array) with what DIR has, step by
 * step. Adds to *d. */
int recording_compare(const char *dir, const json_t *results,
                      struct differences *d, char **why);

#endif
