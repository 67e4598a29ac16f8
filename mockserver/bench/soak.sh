#!/bin/sh
# soak.sh SERVER BUILD_DIR: loads the server, breaks its connections, takes its
# descriptors and its disk away, and sees it survive.
#
# Each trial has a server of its own on a free port of 127.0.0.1, which must end
# with status 0 and without a word of a sanitizer. Prints a line a trial, the
# last one is `N passed, N failed`. SOAK_REQUESTS (default 1000000) is the size
# of the storm, SOAK_SEED (default 1) decides what it is made of. The programs
# that do the work are in BUILD_DIR.
set -u

server=$1
build=$2
requests=${SOAK_REQUESTS:-1000000}
seed=${SOAK_SEED:-1}
work=$(mktemp -d) || exit 2
pid=
trap '[ -z "$pid" ] || kill -9 "$pid"; rm -rf "$work"' EXIT
trap 'exit 130' INT TERM
passed=0
failed=0
sanitized=
grep -q -e __asan_init -e __tsan_init "$server" && sanitized=-z

# The descriptors, and the blocks of 512 bytes of a file, that a server may have.
files=$(ulimit -H -n)
blocks=unlimited

# start OPTIONS...: a server, at the limits above.
start() {
    rm -f "$work/port"
    (
        ulimit -n "$files"
        ulimit -f "$blocks"
        exec "$server" --port 0 --port-file "$work/port" --log-level error "$@"
    ) >"$work/log" 2>&1 &
    pid=$!
    tries=0
    while [ ! -s "$work/port" ] && [ "$tries" -lt 600 ]; do
        tries=$((tries + 1))
        sleep 0.05
    done
    port=$(cat "$work/port" 2>/dev/null)
}

# finish: ends the server; false unless it ends well.
finish() {
    kill -TERM "$pid" 2>/dev/null
    wait "$pid"
    ended=$?
    pid=
    [ "$ended" = 0 ] || echo "the server ended with status $ended"
    grep -e Sanitizer -e 'runtime error:' -A 30 "$work/log" && return 1
    return "$ended"
}

# trial NAME N PROGRAM: of the server that was started last; ends it.
trial() {
    "$build/$3" -p "${port:-1}" -P "$pid" -n "$2" -s "$seed" $sanitized \
        "$1" >"$work/line" 2>"$work/errors"
    status=$?
    finish >"$work/end" || status=1
    if [ "$status" = 0 ]; then
        passed=$((passed + 1))
        cat "$work/line"
        return
    fi
    failed=$((failed + 1))
    grep '^not ok' "$work/line" || echo "not ok $1: see below"
    cat "$work/errors" "$work/end" "$work/log"
}

start
trial storm "$requests" soak_storm
start
trial cut 1 soak_trials
start
trial slow_writers 1 soak_trials
start
trial slow_readers 1 soak_trials
start
trial idle 2000 soak_trials
files=64
[ -z "$sanitized" ] || files=80 # it has some of its own
start --threads 2
files=$(ulimit -H -n)
trial exhausted 1 soak_trials
start --journal-file /dev/full
trial disk_full 2000 soak_trials
# To the program a file that may not grow is a full disk: the trial is the same.
blocks=64
start --journal-file "$work/journal"
blocks=unlimited
trial file_limit 2000 soak_trials
start
trial gone 2000 soak_trials
start --journal-file "$work/journal2"
trial signals 5000 soak_trials
start
trial clock_jumps 500 soak_trials
start
trial stop 1 soak_trials

echo "$passed passed, $failed failed"
[ "$failed" = 0 ]
