#!/bin/sh
# fuzz_replay.sh: runs every fuzz corpus, and every input that crashed once,
# through its parser (FUZZ_REPLAY: the directory of the fuzz_replay_*
# binaries). The last line is the sum, in inputs.
set -u

log=$(mktemp) || exit 2
trap 'rm -f "$log"' EXIT
passed=0
failed=0

for program in "$FUZZ_REPLAY"/fuzz_replay_*; do
    name=${program##*/fuzz_replay_}
    set --
    for file in "fixtures/corpus/$name"/* \
        "fixtures/corpus/regressions/$name"/*; do
        [ -f "$file" ] && set -- "$@" "$file"
    done
    if [ $# = 0 ]; then
        echo "$name: no input in fixtures/corpus/$name"
        failed=$((failed + 1))
    elif "$program" "$@" >"$log" 2>&1; then
        passed=$((passed + $#))
    else
        # The last path printed is that of the input it died of.
        echo "$name: failed at the last of these inputs"
        cat "$log"
        failed=$((failed + 1))
    fi
done

echo "$passed passed, $failed failed"
[ "$failed" = 0 ]
