/*
 * runner: has Criterion run the cases, each as a named test in a process of
 * its own. The only module that knows Criterion.
 */
#ifndef RUNNER_H
#define RUNNER_H

/*
 * Runs the cases of the plan in RUN_DIR, with these arguments of Criterion's
 * (argv[0] included), and returns the process's exit status. What began is
 * noted in RUN_DIR/started, an id a line.
 */
int runner_main(const char *run_dir, int argc, char **argv);

#endif
