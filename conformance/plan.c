#include "plan.h"

#include <stdlib.h>
#include <string.h>

#include "bytes.h"
#include "casefile.h"

static FILE *open_file(const char *run_dir, const char *mode)
{
    char *path = format("%s/cases", run_dir);
    FILE *file = fopen(path, mode);

    free(path);
    return file;
}

int plan_write(const char *run_dir, const json_t *cases)
{
    FILE *file = open_file(run_dir, "we");
    const json_t *test_case;
    size_t i;
    int failed = 0;

    if (!file)
        return -1;
    json_array_foreach(cases, i, test_case)
    {
        failed |= json_dumpf(test_case, file, JSON_COMPACT);
        fputc('\n', file);
    }
    failed |= ferror(file);
    failed |= fclose(file);
    return failed ? -1 : 0;
}

int plan_open(struct plan *plan, const char *run_dir)
{
    *plan = (struct plan){.file = open_file(run_dir, "re")};
    return plan->file ? 0 : -1;
}

void plan_close(struct plan *plan)
{
    if (plan->file)
        fclose(plan->file);
    free(plan->line);
    *plan = (struct plan){0};
}

json_t *plan_next(struct plan *plan, long *place)
{
    ssize_t n;

    *place = ftell(plan->file);
    n = getline(&plan->line, &plan->cap, plan->file);
    return n > 0 ? json_loadb(plan->line, (size_t)n, 0, NULL) : NULL;
}

json_t *plan_case_at(const char *run_dir, long place)
{
    struct plan plan;
    json_t *test_case = NULL;

    if (plan_open(&plan, run_dir) < 0)
        return NULL;
    if (fseek(plan.file, place, SEEK_SET) == 0)
        test_case = plan_next(&plan, &place);
    plan_close(&plan);
    return test_case;
}

json_t *plan_find(const char *run_dir, const char *id)
{
    struct plan plan;
    json_t *test_case;
    long place;

    if (plan_open(&plan, run_dir) < 0)
        return NULL;
    while ((test_case = plan_next(&plan, &place))) {
        if (strcmp(case_id(test_case), id) == 0)
            break;
        json_decref(test_case);
    }
    plan_close(&plan);
    return test_case;
}
