#!/bin/sh
# run.sh BUILD_DIR SECONDS PARSER...: fuzzes each parser for that long.
#
# Past crashes (fixtures/corpus/regressions/PARSER/) run first, then libFuzzer
# from the seeds in fixtures/corpus/PARSER/; what it finds beyond them is
# thrown away with a temporary directory. As many fuzzers as there are
# processors run at a time. One line a fuzzer; the last line is the sum, and
# inputs that crash are left in BUILD_DIR/crashes. Exit: 1 after a crash.
set -u

# Fuzzes one parser. Writes its line, after the whole log on failure.
fuzz_one() {
    name=$1
    log=$work/$name.log
    found=$work/$name
    mkdir "$found"
    set --
    for file in "fixtures/corpus/regressions/$name"/*; do
        [ -f "$file" ] && set -- "$@" "$file"
    done
    if [ $# != 0 ] && ! "$build/fuzz_$name" "$@" >"$log" 2>&1; then
        fail "$name" "a past crash is back"
        return
    fi
    set --
    [ -f "fixtures/corpus/$name.dict" ] &&
        set -- "-dict=fixtures/corpus/$name.dict"
    if ! "$build/fuzz_$name" -max_total_time="$seconds" -timeout=10 \
        -rss_limit_mb=2048 -print_final_stats=1 -verbosity=1 \
        -artifact_prefix="$build/crashes/$name-" "$@" \
        "$found" "fixtures/corpus/$name" >"$log" 2>&1; then
        fail "$name" "crashed; the input is in $build/crashes"
        return
    fi
    runs=$(sed -n 's/^stat::number_of_executed_units: *//p' "$log")
    coverage=$(sed -n 's/.* cov: \([0-9]*\) .*/\1/p' "$log" | tail -n 1)
    echo "$name: $runs executions, coverage $coverage edges"
}

fail() {
    cat "$work/$1.log"
    echo "$1: $2"
    : >"$work/$1.failed"
}

# Called again by xargs, for one parser.
if [ "$1" = --one ]; then
    build=$FUZZ_BUILD seconds=$FUZZ_SECONDS work=$FUZZ_WORK
    fuzz_one "$2" >"$work/$2.out" 2>&1
    cat "$work/$2.out"
    exit 0
fi

FUZZ_BUILD=$1
FUZZ_SECONDS=$2
shift 2
FUZZ_WORK=$(mktemp -d) || exit 2
export FUZZ_BUILD FUZZ_SECONDS FUZZ_WORK
trap 'rm -rf "$FUZZ_WORK"' EXIT
mkdir -p "$FUZZ_BUILD/crashes"

printf '%s\n' "$@" | xargs -n 1 -P "$(nproc)" "$0" --one
failed=$(find "$FUZZ_WORK" -name '*.failed' | wc -l)
echo "$(($# - failed)) passed, $failed failed"
[ "$failed" = 0 ]
