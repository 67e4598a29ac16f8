#!/bin/sh
# alloc_failures.sh: fails every allocation of a request of each kind, one a
# run (BUILD: the directory of the program that does; ALLOC_TESTS: its options).
# The last line is the sum, in kinds of requests.
set -u

exec "$BUILD/alloc_tests" ${ALLOC_TESTS:-}
