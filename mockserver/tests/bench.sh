#!/bin/sh
# bench.sh: the bench's own programs and scripts, with so few requests that its
# figures mean nothing: that it measures everything, says what it found, and
# fails when a reply is wrong or a server dies. From the repository's root. The
# last line is `N passed, N failed`.
set -u
LC_ALL=C
export LC_ALL

build=${BUILD:-build}
mock=${MOCKSERVER:-$build/mockserver}
work=$(mktemp -d) || exit 2
server=
trap 'kill $server 2>/dev/null; rm -rf "$work"' EXIT
trap 'exit 2' HUP INT TERM
unset BENCH_STRICT
ROUNDS=1
BENCH_PERCENT=1
export ROUNDS BENCH_PERCENT

. mockserver/tests/lib.sh

expect_equal() {
    if [ "$2" = "$3" ]; then
        pass
    else
        fail "$1: expected \"$3\", got \"$2\""
    fi
}

# expect_json FILE: the server's own reader takes it for JSON, if not for
# accounts.
expect_json() {
    expect 2 'unknown name "processor"' "$mock" check-config --accounts "$1"
}

# A build directory whose mock is a script of these lines, with $real for the
# program. It leaves the pids of its servers in $work/pids.
fake_build() {
    rm -rf "$work/build"
    mkdir "$work/build"
    for program in "$build"/bench_*; do
        ln -s "$(realpath "$program")" "$work/build/"
    done
    {
        printf '#!/bin/sh\nreal=%s\n' "$(realpath "$mock")"
        # shellcheck disable=SC2016 # for the script
        echo '[ "${1-}" = sign ] && exec "$real" "$@"'
        echo "echo \$\$ >>$work/pids"
        cat
    } >"$work/build/mockserver"
    chmod +x "$work/build/mockserver"
    : >"$work/pids"
}

# None of the servers lives on.
expect_ended() {
    expect_equal "$1: there was a server" "$(wc -l <"$work/pids" | tr -d ' ')" \
        "$2"
    while read -r pid; do
        kill -0 "$pid" 2>/dev/null && fail "$1: server $pid still runs"
    done <"$work/pids"
}

# requests

"$build/bench_request" -l | cut -f 1 >"$work/kinds"
while read -r kind; do
    "$build/bench_request" "$kind" >"$work/request"
    head=$(sed '/^.$/q' "$work/request" | wc -c)
    body=$(($(wc -c <"$work/request") - head))
    length=$(sed -n 's/^Content-Length: \([0-9]*\).*/\1/p;/^.$/q' "$work/request")
    [ "$kind" = one_byte_chunks ] || expect_equal "$kind: length" "$length" "$body"
    case $kind in
    small | upload_small | one_byte_parts) most=8192 least=1 ;;
    *) most=$((6 * 1024 * 1024)) least=$((6 * 1024 * 1024 - 256)) ;;
    esac
    if [ "$body" -lt "$least" ] || [ "$body" -gt "$most" ]; then
        fail "$kind: expected a body of $least to $most bytes, got $body"
    fi
done <"$work/kinds"
expect_equal 'the same upload again' "$("$build/bench_request" upload | cksum)" \
    "$("$build/bench_request" upload | cksum)"
expect 2 'unknown kind "none"' "$build/bench_request" none

# load

# A server that ends every second connection without an answer.
echo '{"faults":[{"fault":"empty_response","every":2}]}' >"$work/rules"
mkfifo "$work/ready" || exit 2
"$mock" --port 0 --rules "$work/rules" >"$work/ready" 2>"$work/log" &
server=$!
read -r line <"$work/ready"
"$build/bench_request" small "$("$mock" sign)" >"$work/small.http"
set -- -p "${line##*:}" -P "$server" -c 4 -n 40 -e 0 "$work/small.http"
expect 1 'the server closed' "$build/bench_load" "$@"
expect 0 'code_0=40' "$build/bench_load" -r "$@"
again=$(sed -n 's/.* again=\([0-9]*\) .*/\1/p' "$work/out")
if [ "${again:-0}" -lt 20 ]; then
    fail "-r: expected 20 connections anew or more, got \"$again\""
fi
kill "$server"
wait "$server"
server=

# rows and verdicts

# report_of STATUS ENVIRONMENT: a report of known samples.
report_of() {
    cat >"$work/rows.sh" <<END
here=mockserver/bench
build=$build
. mockserver/bench/lib.sh
rounds=4
for value in 4 1 3 2; do add own \$value; done
for value in 2 2 1 1; do add other \$value; done
section 'The "first"'
row a 'ratio met' us own other other ratio '<=' 2
row b 'ratio missed' us own other other ratio '>=' 2.1
row c 'value missed' us own - - value '<=' 2.4
row d 'not judged' us own other other - - -
report $work/report
finish
END
    expect "$1" '1 targets met, 2 missed' env "$2" sh "$work/rows.sh"
}
report_of 1 BENCH_STRICT=1
report_of 0 BENCH_STRICT=0
expect 0 '| ratio met, us | 2.50 (1.00 to 4.00) | other: 1.50 (1.00 to 2.00) | 2.00 | ratio at most 2 | ok |' \
    cat "$work/report.md"
for line in '| ratio missed, us | 2.50 (1.00 to 4.00) | other: 1.50 (1.00 to 2.00) | 2.00 | ratio at least 2.1 | missed |' \
    '| value missed, us | 2.50 (1.00 to 4.00) |  |  | at most 2.4 | missed |' \
    '| not judged, us | 2.50 (1.00 to 4.00) | other: 1.50 (1.00 to 2.00) | 2.00 |  |  |'; do
    expect 0 "$line" cat "$work/report.md"
done
expect_json "$work/report.json"
expect 0 '"ratio": {"median": 2, "minimum": 0.5, "maximum": 3}' \
    cat "$work/report.json"

printf 'before\n<!-- report -->\nold\n<!-- end -->\nafter\n' >"$work/document"
expect 0 '' mockserver/bench/publish.sh "$work/document" "$work/report.md"
expect_equal 'a published report' "$(cat "$work/document")" "before
<!-- report -->

$(cat "$work/report.md")

<!-- end -->
after"
expect 2 'expected the line <!-- other -->' mockserver/bench/publish.sh \
    "$work/document" "$work/other.md"
expect 0 '<!-- bench -->' cat docs/performance.md
expect 0 '<!-- bench-peers -->' cat docs/performance.md

# the whole bench

expect 2 'ROUNDS is "none"' env ROUNDS=none mockserver/bench/bench.sh "$build"
fake_build <<'END'
exec "$real" "$@"
END
expect 0 'targets met' mockserver/bench/bench.sh "$work/build"
expect_json "$work/build/bench.json"
tr -d '\n' <"$work/build/bench.json" | sed 's/{"section"/\
&/g' >"$work/rows"
for key in small_cpu_us small_per_second upload_cpu_ms_per_mib \
    worst_cr worst_one_byte_chunks start_ms memory_idle memory_after \
    memory_peak growth_rules growth_accounts growth_journal latency_p99; do
    expect_equal "rows of $key with a verdict" "$(grep "\"key\": \"$key\"" \
        "$work/rows" | grep -c '"verdict": "\(ok\|missed\)"')" 1
done
# For ordinary requests, start, memory (2), growth (5), latency, TLS.
expect_ended 'a good run' 11

fake_build <<'END'
exec "$real" --fault 15 "$@"
END
expect 1 'not the expected code' mockserver/bench/bench.sh "$work/build"
expect_ended 'a wrong code' 1

fake_build <<'END'
echo 'out of luck' >&2
exit 1
END
expect 1 'mock does not start: out of luck' mockserver/bench/bench.sh "$work/build"
expect_ended 'no start' 1

fake_build <<'END'
"$real" "$@" &
trap 'kill $!; wait; exit 3' TERM
wait
END
expect 1 'mock ended with status 3' mockserver/bench/bench.sh "$work/build"

# peers: nothing is installed but an nginx, which is our server

mkdir "$work/bin"
cat >"$work/bin/nginx" <<END
#!/bin/sh
echo \$\$ >>$work/pids
while [ "\$1" != -c ]; do shift; done
port=\$(sed -n 's/.*listen 127.0.0.1:\([0-9]*\);/\1/p' "\$2")
exec $(realpath "$mock") --port "\$port"
END
chmod +x "$work/bin/nginx"
fake_build <<'END'
exec "$real" "$@"
END
expect 0 'wiremock is skipped: ' env PATH="$work/bin:$PATH" \
    mockserver/bench/peers.sh "$work/build" "$work/none"
expect_json "$work/build/bench-peers.json"
expect 0 '"key": "small_nginx"' cat "$work/build/bench-peers.json"
expect 0 '"relation": ">=", "target": 0.75' cat "$work/build/bench-peers.json"
expect_ended 'peers' 4

echo "$passed passed, $failed failed"
[ "$failed" = 0 ]
