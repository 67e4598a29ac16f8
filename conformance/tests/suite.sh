#!/bin/sh
# suite.sh: the whole suite: its service cases against a private mock, its
# client cases with the reference client, nothing excused. The last line is
# `N passed, N failed`. From the repository's root.
B=${BUILD:-build}
exec "$B/conformance" --mock "${MOCKSERVER:-$B/mockserver}" --suite both \
    --client "$B/conformance-client" --strict --strict-skips \
    -j"$(nproc)" "$@" 2>&1
