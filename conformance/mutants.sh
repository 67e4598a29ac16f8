#!/bin/sh
# mutants.sh [server|client] [NAME...]: is the suite worth anything? It runs
# against the mock and the reference client as they are, which must pass, and
# against each broken one, which some case must notice. One line a mutant says
# which. The last line is `N passed, N failed`: killed and survived.
# From the repository's root, after `make build-mutants`.
set -u
LC_ALL=C
export LC_ALL

B=${BUILD:-build}
M=${MUTANTS_BUILD:-build/mutants}
suite=$B/conformance
mock=$M/mockserver
client=$B/conformance-client
work=$(mktemp -d) || exit 2
trap 'rm -rf "$work"' EXIT
trap 'exit 2' HUP INT TERM

kinds="server client"
case ${1-} in
server | client) kinds=$1 && shift ;;
esac

# run KIND LOG OPTIONS...: one run of the suite against that half.
run() {
    kind=$1
    log=$2
    shift 2
    if [ "$kind" = server ]; then
        timeout 300 "$suite" --suite service --mock "$mock" --strict "$@"
    else
        timeout 300 "$suite" --suite client --mock "$mock" --strict "$@"
    fi >"$log" 2>&1 </dev/null
}

# run_mutant KIND NAME LOG OPTIONS...: the same against one mutant.
run_mutant() {
    mutant_kind=$1
    name=$2
    log=$3
    shift 3
    if [ "$mutant_kind" = server ]; then
        run server "$log" --mock-option --mutant --mock-option "$name" "$@"
    else
        run client "$log" --client "$client --bug $name" "$@"
    fi
}

# judge KIND NAME: is it noticed? By the case that noticed it before, or by any.
judge() {
    log=$work/$1.$2
    known=$(awk -F '\t' -v kind="$1" -v name="$2" \
        '$1 == kind && $2 == name { print $3 }' conformance/killers.tsv)
    status=0
    if [ -n "$known" ]; then
        run_mutant "$1" "$2" "$log" --filter "*/$known"
        status=$?
    fi
    if [ "$status" != 1 ]; then
        run_mutant "$1" "$2" "$log" --fail-fast
        status=$?
    fi
    by=$(sed -n 's/^failed: //p' "$log" | head -n 1)
    if [ "$status" = 1 ] && [ -n "$by" ]; then
        echo "killed $1 $2: $by"
    elif [ "$status" = 1 ]; then
        # What is noticed at the end of a run.
        echo "killed $1 $2: $(grep -v '^\[' "$log" | grep . | head -n 1)"
    elif [ "$status" = 0 ]; then
        echo "SURVIVED $1 $2"
    else
        echo "SURVIVED $1 $2: the run ended with status $status"
    fi
}

if [ "${1-}" = --one ]; then
    judge "$2" "$3"
    exit
fi

names() {
    if [ "$1" = server ]; then
        "$mock" --mutant list
    else
        "$client" --bugs
    fi | cut -f 1
}

# The unmutated pair comes first: what fails against it says nothing.
for kind in $kinds; do
    run "$kind" "$work/plain" --client "$client" -j2
    status=$?
    if [ "$status" != 0 ]; then
        tail -n 30 "$work/plain"
        echo "the unmutated $kind does not pass: status $status"
        echo "0 passed, 1 failed"
        exit 1
    fi
done

for kind in $kinds; do
    for name in ${*:-$(names "$kind")}; do
        echo "$kind $name"
    done
done | xargs -P 2 -L 1 "$0" --one >"$work/table"
sort "$work/table"
killed=$(grep -c '^killed ' "$work/table")
survived=$(grep -c '^SURVIVED ' "$work/table")
echo "$killed passed, $survived failed"
[ "$survived" = 0 ] && [ "$killed" != 0 ]
