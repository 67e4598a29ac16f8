# shellcheck shell=sh disable=SC2154,SC2034 # $work is given; the counts are taken
# lib.sh: what the tests in sh share, to be sourced from the repository's root.
# Counts in $passed and $failed; expect keeps what it saw in $work/out.

passed=0
failed=0

pass() {
    passed=$((passed + 1))
}

fail() {
    failed=$((failed + 1))
    printf 'FAIL %s\n' "$*"
}

# expect STATUS TEXT COMMAND...: the command ends with this status and says
# this text, on stdout or stderr; '' is any.
expect() {
    status=$1
    text=$2
    shift 2
    timeout 300 "$@" >"$work/out" 2>&1 </dev/null
    got=$?
    if [ "$got" != "$status" ]; then
        fail "$*: expected status $status, got $got and: $(tail -n 5 "$work/out")"
    elif [ -n "$text" ] && ! grep -qF -e "$text" "$work/out"; then
        fail "$*: expected to read \"$text\", got: $(tail -n 5 "$work/out")"
    else
        pass
    fi
}
