#!/bin/sh
# bench.sh BUILD_DIR: measures the mock against a bare libmicrohttpd server and
# a raw epoll sink, all on free ports of 127.0.0.1. docs/performance.md tells
# what is measured and how.
#
# ROUNDS (5): of each measurement. BENCH_PERCENT (100): of the usual number of
# requests in a round. BENCH_STRICT=1: a missed target is a failure. Writes
# BUILD_DIR/bench.json and bench.md. Exit: 0 all was measured; 1 a reply was
# wrong, a server died, or, if strict, a target was missed; 2 could not begin.
set -u
LC_ALL=C
export LC_ALL
here=$(dirname "$0")
build=$1
# shellcheck source=mockserver/bench/lib.sh
. "$here/lib.sh"

make_requests() {
    authorization=$("$build/mockserver" sign) || exit 2
    "$build/bench_request" -l >"$work/kinds" || exit 2
    while IFS=$tab read -r kind _; do
        "$build/bench_request" "$kind" "$authorization" >"$work/$kind.http" ||
            exit 2
    done <"$work/kinds"
    printf 'DELETE /__admin/requests HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n' \
        >"$work/forget.http"
}

start_mock() {
    server=$1
    shift
    start "$server" "$build/mockserver" --port 0 "$@"
}

# ordinary requests

small_on() {
    load "$1" small 0 64 "$(scaled 30000)" 3 small
}

upload_on() {
    load "$1" upload 0 8 "$(scaled 120)" 3 upload
}

hash() {
    figures=$("$build/bench_sha256" -n "$(scaled 50)" "$work/upload.http") ||
        fail 'bench_sha256 failed'
    add_line upload.sha "$figures"
}

measure_ordinary() {
    section 'livedetectpicture, JSON, 64 connections; livedetectfour, 6 MiB, 8 connections'
    start_mock mock
    start bare "$build/bench_baseline_mhd"
    start sink "$build/bench_baseline_epoll"
    for i in $(seq "$rounds"); do
        in_turn "$i" small_on mock bare sink
    done
    for i in $(seq "$rounds"); do
        in_turn "$i" upload_on mock bare sink
        hash
    done
    combine upload.sum.cpu_ms_per_mib '$1 + 1.15 * $2' \
        upload.bare.cpu_ms_per_mib upload.sha.cpu_ms_per_mib
    small='livedetectpicture'
    four='livedetectfour'
    row small_cpu_us "$small: CPU a request" us small.mock.cpu_us \
        bare small.bare.cpu_us ratio '<=' 1.25
    row small_cpu_us_sink "the same, beside the sink" us small.mock.cpu_us \
        sink small.sink.cpu_us - - -
    row small_per_second "$small" 'requests/s' small.mock.per_second \
        bare small.bare.per_second ratio '>=' 0.75
    row small_per_second_sink "the same, beside the sink" 'requests/s' \
        small.mock.per_second sink small.sink.per_second - - -
    row small_p50_us "$small: median latency" us small.mock.p50_us \
        bare small.bare.p50_us - - -
    row small_p99_us "$small: p99 latency" us small.mock.p99_us \
        bare small.bare.p99_us - - -
    row upload_cpu_ms_per_mib "$four: CPU" ms/MiB upload.mock.cpu_ms_per_mib \
        'bare + 1.15 SHA-256' upload.sum.cpu_ms_per_mib ratio '<=' 1.00
    row upload_cpu_ms_per_mib_bare "the same, beside the bare server" ms/MiB \
        upload.mock.cpu_ms_per_mib bare upload.bare.cpu_ms_per_mib - - -
    row upload_cpu_ms_per_mib_sha256 "the same, beside SHA-256 alone" ms/MiB \
        upload.mock.cpu_ms_per_mib SHA-256 upload.sha.cpu_ms_per_mib - - -
    row upload_cpu_ms_per_mib_sink "the bare server, beside the sink" ms/MiB \
        upload.bare.cpu_ms_per_mib sink upload.sink.cpu_ms_per_mib - - -
    row upload_mib_per_second "$four" MiB/s upload.mock.mib_per_second \
        bare upload.bare.mib_per_second - - -
}

# the worst bodies: the servers of measure_ordinary still run

# worst SERVER KIND CODE: a small one takes more requests to be measured.
worst() {
    if [ "$(wc -c <"$work/$2.http")" -lt 65536 ]; then
        load "$1" "$2" "$3" 8 "$(scaled 10000)" 1 "$2"
    else
        load "$1" "$2" "$3" 8 "$(scaled 16)" 1 "$2"
    fi
}

measure_worst() {
    section 'Worst bodies: CPU a request'
    # Those that others are compared with come first.
    awk -F "$tab" '
        { like[$1] = $2; code[$1] = $3; what[$1] = $4; name[NR] = $1 }
        $2 != "-" && !seen[$2]++ { print $2 FS "-" FS code[$2] FS what[$2] }
        END {
            for (i = 1; i <= NR; i++)
                if (like[name[i]] != "-")
                    print name[i] FS like[name[i]] FS code[name[i]] FS what[name[i]]
        }' "$work/kinds" >"$work/worst"
    rm "$work/samples/upload."*
    for _ in $(seq "$rounds"); do
        while IFS=$tab read -r kind _ code _; do
            worst mock "$kind" "$code"
        done <"$work/worst"
        worst bare upload 0
        worst bare one_byte_chunks 0
    done
    while IFS=$tab read -r kind like _ what; do
        [ "$like" = - ] || row "worst_$kind" "$what" us \
            "$kind.mock.cpu_us" random "$like.mock.cpu_us" ratio '<=' 3
    done <"$work/worst"
    row worst_one_byte_chunks_bare 'the same, of the bare server' us \
        one_byte_chunks.bare.cpu_us random upload.bare.cpu_us - - -
    row worst_one_byte_chunks_both 'the same, beside the bare server' us \
        one_byte_chunks.mock.cpu_us bare one_byte_chunks.bare.cpu_us - - -
}

# what it takes to start, and to run

measure_start() {
    section 'Start'
    "$build/bench_start" -n "$(scaled $((rounds * 5)))" "$work/small.http" \
        "$build/mockserver" --port 0 -- "$build/bench_baseline_mhd" -- \
        "$build/bench_baseline_epoll" >"$work/starts" ||
        fail 'a server did not start'
    while read -r server ms; do
        add "start.$server" "$ms"
    done <"$work/starts"
    row start_ms 'to the first answer' ms start.0 bare start.1 ratio '<=' 1.5
    row start_ms_sink 'the same, beside the sink' ms start.0 sink start.2 - - -
}

# The server of NAME is started with the arguments, for one figure alone.
memory_of() {
    server=$1
    shift
    start "$server" "$@"
    load "$server" memory 0 1 1 60 small
    add "idle.$server" "$(memory VmRSS "$server")"
    load "$server" memory 0 64 "$(scaled 100000)" 60 small
    add "after.$server" "$(memory VmRSS "$server")"
    stop "$server"
    start "$server" "$@"
    load "$server" memory 0 64 64 60 upload
    add "peak.$server" "$(memory VmHWM "$server")"
    stop "$server"
}

measure_memory() {
    section 'Resident memory'
    for _ in $(seq "$rounds"); do
        memory_of memory_mock "$build/mockserver" --port 0
        memory_of memory_bare "$build/bench_baseline_mhd"
    done
    row memory_idle 'after the first answer' MiB idle.memory_mock \
        bare idle.memory_bare value '<=' 9
    row memory_after 'after 100,000 requests' MiB after.memory_mock \
        bare after.memory_bare value '<=' 14
    row memory_peak 'peak with 64 uploads of 6 MiB at once' MiB \
        peak.memory_mock bare peak.memory_bare value '<=' 24
}

# growth

# accounts N: that of the demo signatures, in the middle of others.
accounts() {
    awk -v n="$1" 'BEGIN {
        printf "{\"accounts\":["
        for (i = 1; i <= n; i++) {
            appid = i == int((n + 1) / 2) ? "1000001" : 2000000 + i
            printf "%s{\"appid\":\"%s\",\"buckets\":[\"test\"],\"keys\":" \
                "[{\"secret_id\":\"AKIDdemo%s\",\"secret_key\":" \
                "\"demo-key-of-%s\"}]}\n", (i > 1 ? "," : ""), appid, appid, appid
        }
        print "]}"
    }'
}

# rules N: of the endpoint that is called, for accounts that do not call.
rules() {
    awk -v n="$1" 'BEGIN {
        printf "{\"faults\":["
        for (i = 1; i <= n; i++)
            printf "%s{\"match\":{\"endpoint\":\"livedetectpicture\"," \
                "\"appid\":\"%d\"},\"fault\":\"9\"}\n", (i > 1 ? "," : ""),
                2000000 + i
        print "]}"
    }'
}

grown_on() {
    load "$1" growth 0 64 "$(scaled 20000)" 3 small
}

# journal_on NAME: a load that an empty journal has room for, and the same once
# it has long been full.
journal_on() {
    for _ in 1 2 3; do
        "$build/bench_load" -p "$(port_of "$1")" -c 1 -n 1 \
            "$work/forget.http" >"$work/forgotten" || fail "$1: no reset"
        load "$1" empty 0 64 "$(scaled 2000)" 3 small
        load "$1" filling 0 64 "$(scaled 10000)" 3 small
        load "$1" full 0 64 "$(scaled 2000)" 3 small
    done
}

measure_growth() {
    section 'Growth, livedetectpicture: CPU a request'
    for n in 1 1000 10000; do
        accounts "$n" >"$work/accounts.$n"
        rules "$n" >"$work/rules.$n"
    done
    for n in 1 1000; do
        start_mock "rules_$n" --rules "$work/rules.$n"
    done
    for n in 1 10000; do
        start_mock "accounts_$n" --accounts "$work/accounts.$n"
    done
    start_mock journal
    for i in $(seq "$rounds"); do
        in_turn "$i" grown_on rules_1 rules_1000 accounts_1 accounts_10000
        journal_on journal
    done
    for server in rules_1 rules_1000 accounts_1 accounts_10000 journal; do
        stop "$server"
    done
    row growth_rules '1,000 rules' us growth.rules_1000.cpu_us \
        '1 rule' growth.rules_1.cpu_us ratio '<=' 1.10
    row growth_accounts '10,000 accounts' us growth.accounts_10000.cpu_us \
        '1 account' growth.accounts_1.cpu_us ratio '<=' 1.10
    row growth_journal 'journal full' us full.journal.cpu_us \
        'journal empty' empty.journal.cpu_us ratio '<=' 1.10
}

# a plain request while others upload

plain_on() {
    load "$1" "$sample" 0 8 "$(scaled 20000)" 1 small
}

beside_uploads() {
    sample=busy
    mkfifo "$work/begun" || exit 2
    "$build/bench_load" -a -p "$(port_of "$1")" -e 0 -c 8 -n 1000000 -t 600 \
        "$work/upload.http" >"$work/begun" 2>"$work/uploads.log" &
    echo $! >"$work/uploads.pid"
    begun=
    read -r begun <"$work/begun"
    rm "$work/begun"
    plain_on "$1"
    [ "$begun" = begun ] || fail "$1: no upload: $(cat "$work/uploads.log")"
    stop uploads
}

alone() {
    sample=alone
    plain_on "$1"
}

measure_waiting() {
    section 'Latency of livedetectpicture, 8 connections, while 8 others upload 6 MiB'
    start_mock mock
    start bare "$build/bench_baseline_mhd"
    for i in $(seq "$rounds"); do
        in_turn "$i" alone mock bare
        in_turn "$i" beside_uploads mock bare
    done
    stop mock
    stop bare
    for server in mock bare; do
        combine "$server.alone_ms" '$1 / 1000' "alone.$server.p99_us"
        combine "$server.busy_ms" '$1 / 1000' "busy.$server.p99_us"
        combine "$server.alone_p50_ms" '$1 / 1000' "alone.$server.p50_us"
        combine "$server.busy_p50_ms" '$1 / 1000' "busy.$server.p50_us"
    done
    row latency_p99 'p99 beside 8 uploads' ms mock.busy_ms \
        alone mock.alone_ms ratio '<=' 5
    row latency_p99_bare 'the same, of the bare server' ms bare.busy_ms \
        alone bare.alone_ms - - -
    row latency_p50 'median beside 8 uploads' ms mock.busy_p50_ms \
        alone mock.alone_p50_ms - - -
    row latency_p50_bare 'the same, of the bare server' ms bare.busy_p50_ms \
        alone bare.alone_p50_ms - - -
}

# TLS

measure_tls() {
    section 'TLS: connection, one request, close'
    start_mock mock
    # The first starts the workers for TLS.
    for i in 0 $(seq "$rounds"); do
        figures=$("$build/bench_handshakes" -p "$(port_of mock)" \
            -P "$(pid_of mock)" -c 8 -n "$(scaled 2000)" -t 2) ||
            fail "TLS connections failed: $figures"
        [ "$i" = 0 ] || add_line tls "$figures"
    done
    stop mock
    row tls_per_second 'new connections' 1/s tls.per_second - - - - -
    row tls_cpu_us 'CPU a connection' us tls.cpu_us - - - - -
}

make_requests
measure_ordinary
measure_worst
stop mock
stop bare
stop sink
measure_start
measure_memory
measure_growth
measure_waiting
measure_tls
report "$build/bench"
finish
