#!/bin/sh
# run.sh PROGRAM...: runs test programs and adds up what they report.
#
# A Criterion program is asked for its JSON report, a script (*.sh) prints
# "N passed, N failed[, N skipped]" as its last line. On success one line a
# program is shown, on failure its whole output. The last line is the sum.
# Exit: 0 all passed, 1 something failed, 2 nothing ran.
set -u

# For sanitizer builds; others ignore it.
LSAN_OPTIONS="suppressions=$(dirname "$0")/lsan.supp:print_suppressions=0"
export LSAN_OPTIONS

work=$(mktemp -d) || exit 2
trap 'rm -rf "$work"' EXIT
passed=0
failed=0
skipped=0

# The first number after "NAME": in a report, which is that of the whole run.
number() {
    value=$(sed -n "s/.*\"$1\": *\([0-9][0-9]*\).*/\1/p" "$2" | head -n 1)
    echo "${value:-0}"
}

for program in "$@"; do
    log=$work/log
    case $program in
    *.sh)
        "$program" >"$log" 2>&1
        status=$?
        line=$(tail -n 1 "$log")
        p=$(expr "$line" : '\([0-9]*\) passed' || :)
        f=$(expr "$line" : '.* \([0-9]*\) failed' || :)
        s=$(expr "$line" : '.* \([0-9]*\) skipped' || :)
        ;;
    *)
        report=$work/report.json
        rm -f "$report"
        "$program" --json="$report" -j"$(nproc)" >"$log" 2>&1
        status=$?
        [ -f "$report" ] || echo '{}' >"$report"
        p=$(number passed "$report")
        f=$(($(number failed "$report") + $(number errored "$report")))
        s=$(number skipped "$report")
        ;;
    esac
    p=${p:-0} f=${f:-0} s=${s:-0}
    # A program that died or ran nothing has failed, whatever it counted.
    if [ "$((p + f))" = 0 ] || { [ "$status" != 0 ] && [ "$f" = 0 ]; }; then
        f=$((f + 1))
    fi
    if [ "$f" != 0 ]; then
        cat "$log"
    fi
    echo "$program: $p passed, $f failed, $s skipped"
    passed=$((passed + p))
    failed=$((failed + f))
    skipped=$((skipped + s))
done

if [ "$((passed + failed))" = 0 ]; then
    echo "no test ran" >&2
    exit 2
fi
if [ "$skipped" = 0 ]; then
    echo "$passed passed, $failed failed"
else
    echo "$passed passed, $failed failed, $skipped skipped"
fi
[ "$failed" = 0 ]
