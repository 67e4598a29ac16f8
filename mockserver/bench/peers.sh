#!/bin/sh
# peers.sh BUILD_DIR PEERS_DIR: measures the mock beside other mock servers, and
# nginx, each answering a constant (peers/serve.sh). PEERS_DIR is where npm has
# installed those that come from there. What is not installed is skipped, with
# a line on stderr.
# peers.sh --missing: prints the Debian packages that would be needed besides.
#
# ROUNDS, BENCH_PERCENT, BENCH_STRICT and exit as for bench.sh. Writes
# BUILD_DIR/bench-peers.json and bench-peers.md.
set -u
LC_ALL=C
export LC_ALL

there() {
    command -v "$1" >/dev/null 2>&1
}
if [ "$1" = --missing ]; then
    there nginx || echo nginx-light
    there java || echo default-jre-headless
    there node || echo nodejs
    there npm || echo npm
    exit
fi

here=$(dirname "$0")
build=$1
PEERS=$2
# shellcheck source=mockserver/bench/lib.sh
. "$here/lib.sh"
BUILD=$build
WORK=$work
export BUILD PEERS WORK
# Node's servers end connections that have waited for 5 s, also for themselves.
reconnect=-r
unset http_proxy HTTP_PROXY NODE_OPTIONS JAVA_TOOL_OPTIONS

# Why a peer cannot run here; nothing when it can.
reason() {
    case $1 in
    nginx) there nginx || echo 'there is no nginx' ;;
    wiremock)
        there java || echo 'there is no java'
        ls "$PEERS/node_modules/wiremock/build/"*.jar >/dev/null 2>&1 ||
            echo "npm has not installed it in $PEERS"
        ;;
    *)
        there node || echo 'there is no node'
        case $1 in
        mountebank) file=mountebank/bin/mb ;;
        prism) file=.bin/prism ;;
        mockoon) file=.bin/mockoon-cli ;;
        esac
        [ -e "$PEERS/node_modules/$file" ] ||
            echo "npm has not installed it in $PEERS"
        ;;
    esac
}

choose_peers() {
    peers=
    for peer in nginx wiremock mountebank prism mockoon; do
        why=$(reason "$peer" | head -n 1)
        if [ -n "$why" ]; then
            echo "bench: $peer is skipped: $why" >&2
        else
            peers="$peers $peer"
        fi
    done
    [ -n "$peers" ] || fail 'no peer is installed'
}

# start_peer NAME: they do not say when they serve, so they are asked.
start_peer() {
    "$build/bench_start" -f >"$work/$1.port" || exit 2
    sh "$here/peers/serve.sh" "$1" "$(port_of "$1")" >/dev/null \
        2>"$work/$1.log" &
    echo $! >"$work/$1.pid"
    for _ in $(seq 600); do
        "$build/bench_load" -p "$(port_of "$1")" -e 0 -c 1 -n 1 \
            "$work/small.http" >/dev/null 2>&1 && return
        kill -0 "$(pid_of "$1")" 2>/dev/null ||
            fail "$1 ended at its start: $(tail -n 5 "$work/$1.log")"
        sleep 0.1
    done
    fail "$1 does not answer: $(tail -n 5 "$work/$1.log")"
}

# Compilers that work at run time need a while, Java's the longest.
warm_up() {
    case $1 in
    wiremock) load "$1" warm_up 0 64 "$(scaled 200000)" 30 small ;;
    *) load "$1" warm_up 0 64 "$(scaled 40000)" 8 small ;;
    esac
    load "$1" warm_up 0 8 "$(scaled 100)" 4 upload
}

small_on() {
    load "$1" small 0 64 "$(scaled 100000)" 2 small
}

upload_on() {
    load "$1" upload 0 8 "$(scaled 300)" 2 upload
}

# Peak of resident memory in MiB, of a server with its children.
peak_of() {
    awk -v root="$(pid_of "$1")" '
        $1 == "Pid:" { pid = $2 }
        $1 == "PPid:" { parent[pid] = $2 }
        $1 == "VmHWM:" { peak[pid] = $2 }
        END {
            for (pid in peak)
                if (pid == root || parent[pid] == root)
                    sum += peak[pid]
            print sum / 1024
        }' /proc/[0-9]*/status 2>/dev/null
}

measure_start() {
    set -- "$build/mockserver" --port 0
    for peer in $peers; do
        set -- "$@" -- sh "$here/peers/serve.sh" "$peer" @PORT@
    done
    "$build/bench_start" -n "$rounds" "$work/small.http" "$@" \
        >"$work/starts" || fail 'a server did not start'
    while read -r server ms; do
        add "start.$server" "$ms"
    done <"$work/starts"
}

# target PEER SMALL|UPLOAD: the least ratio of the mock to it.
target() {
    case $1.$2 in
    nginx.small) echo 0.75 ;;
    wiremock.small) echo 5 ;;
    mountebank.small | prism.small) echo 18 ;;
    mockoon.small) echo 30 ;;
    wiremock.upload) echo 4 ;;
    mockoon.upload) echo 15 ;;
    mountebank.upload | prism.upload) echo 80 ;;
    *) echo - ;;
    esac
}

# rows LABEL UNIT FIGURE: beside each peer. The first two have targets.
rows() {
    for peer in $peers; do
        least=$(target "$peer" "$3")
        judged=ratio
        [ "$least" != - ] || judged=-
        row "$3_$peer" "$1" "$2" "$4.mock.$5" "$peer" "$4.$peer.$5" \
            "$judged" '>=' "$least"
    done
}

authorization=$("$build/mockserver" sign) || exit 2
for kind in small upload; do
    "$build/bench_request" "$kind" "$authorization" >"$work/$kind.http" ||
        exit 2
done
choose_peers
section 'Start'
measure_start
n=0
for peer in $peers; do
    n=$((n + 1))
    row "start_ms_$peer" 'to the first answer' ms start.0 "$peer" "start.$n" - - -
done

section 'Warming up'
start mock "$build/mockserver" --port 0
for peer in $peers; do
    start_peer "$peer"
done
for server in mock $peers; do
    warm_up "$server"
done

section 'livedetectpicture, JSON, 64 connections'
for i in $(seq "$rounds"); do
    # shellcheck disable=SC2086 # names without blanks
    in_turn "$i" small_on mock $peers
done
rows 'requests' 1/s small small per_second
rows 'CPU a request' us small_cpu small cpu_us

section 'livedetectfour, 6 MiB, 8 connections'
for i in $(seq "$rounds"); do
    # shellcheck disable=SC2086
    in_turn "$i" upload_on mock $peers
done
rows 'uploads' MiB/s upload upload mib_per_second
rows 'CPU' ms/MiB upload_cpu upload cpu_ms_per_mib

section 'Peak of resident memory after all of this'
for server in mock $peers; do
    add "peak.$server" "$(peak_of "$server")"
done
for peer in $peers; do
    row "peak_mib_$peer" 'peak' MiB peak.mock "$peer" "peak.$peer" - - -
done
stop mock
report "$build/bench-peers"
finish
