/*
 * plan: the cases of a run, as the processes of the cases find them: the file
 * RUN_DIR/cases, one expanded case a line.
 *
 * One file, because a run of a single case out of many should not begin with
 * writing all of them apart; and a case is read from its own place in it.
 */
#ifndef PLAN_H
#define PLAN_H

#include <stdio.h>
#include <jansson.h>

/* 0, or -1 with errno. */
int plan_write(const char *run_dir, const json_t *cases);

struct plan {
    FILE *file;
    char *line;
    size_t cap;
};

/* 0, or -1 with errno. */
int plan_open(struct plan *plan, const char *run_dir);
void plan_close(struct plan *plan);

/* The next case, and in *place where it is; NULL at the end, and when the
 * file is damaged. The caller's. */
json_t *plan_next(struct plan *plan, long *place);

/* The case at that place, or NULL. The caller's. */
json_t *plan_case_at(const char *run_dir, long place);

/* The case of that id, or NULL. The caller's. */
json_t *plan_find(const char *run_dir, const char *id);

#endif
