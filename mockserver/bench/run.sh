#!/bin/sh
# run.sh BUILD_DIR: measures the mock against a bare libmicrohttpd server.
#
# Both run the whole time, on free ports of 127.0.0.1; rounds of load
# alternate between them, so that noise of the machine meets both. Two loads:
# a small signed JSON request over 64 connections, and a 6 MiB upload over 8.
# Then new TLS connections to the mock alone. Prints medians over ROUNDS
# (default 5) and writes BUILD_DIR/bench.json. A
# round ends after 2 s at the latest. Exit: 1 when a reply is not a success.
set -u

build=$1
rounds=${ROUNDS:-5}
boundary=------------------------d74496d66958873e # as curl makes it
work=$(mktemp -d) || exit 2
mock_pid=
bare_pid=
trap 'kill $mock_pid $bare_pid 2>/dev/null; wait; rm -rf "$work"' EXIT
trap 'exit 130' INT TERM

ticks_per_second=$(getconf CLK_TCK)

fail() {
    echo "bench: $*" >&2
    exit 1
}

# The port that a server writes to a file once it serves.
wait_for_port() {
    for _ in $(seq 100); do
        [ -s "$1" ] && cat "$1" && return
        sleep 0.05
    done
}

# request PATH TYPE BODY_FILE: a whole request as it travels.
request() {
    printf 'POST %s HTTP/1.1\r\nHost: 127.0.0.1\r\n' "$1"
    printf 'Authorization: %s\r\n' "$("$build/mockserver" sign)"
    printf 'Content-Type: %s\r\nContent-Length: %d\r\n\r\n' "$2" \
        "$(wc -c <"$3")"
    cat "$3"
}

# field NAME VALUE: a part; of one without a value the head alone.
field() {
    printf -- '--%s\r\nContent-Disposition: form-data; name="%s"\r\n\r\n' \
        "$boundary" "$1"
    [ -z "$2" ] || printf '%s\r\n' "$2"
}

make_requests() {
    printf '{"appid":"1000001","bucket":"test","url":"http://h.example/p.jpg"}' \
        >"$work/body"
    request /face/livedetectpicture application/json "$work/body" \
        >"$work/small.http"
    {
        field appid 1000001
        field bucket test
        field validate_data 1234
        field compare_flag false
        field video ''
        # Leaves room for the fields in the 6 MiB that a body may have.
        head -c $((6 * 1024 * 1024 - 1024)) /dev/urandom
        printf '\r\n--%s--\r\n' "$boundary"
    } >"$work/body"
    request /face/livedetectfour "multipart/form-data; boundary=$boundary" \
        "$work/body" >"$work/upload.http"
}

cpu_ticks() {
    awk '{ print $14 + $15 }' "/proc/$1/stat"
}

# round NAME CONNECTIONS REQUESTS SERVER PID PORT: one load on one server.
# Adds its figures to the sample files NAME.SERVER.FIGURE.
round() {
    before=$(cpu_ticks "$5")
    line=$("$build/bench_load" -p "$6" -c "$2" -n "$3" -t 2 \
        "$work/$1.http") || fail "$4: the $1 load failed"
    after=$(cpu_ticks "$5")
    for pair in $line; do
        echo "${pair#*=}" >>"$work/$1.$4.${pair%%=*}"
        [ "${pair%%=*}" = requests ] && requests=${pair#*=}
    done
    case $line in
    *" code_0=$requests") ;;
    *) fail "$4: not every reply has code 0: $line" ;;
    esac
    awk -v ticks=$((after - before)) -v hz="$ticks_per_second" \
        -v n="$requests" 'BEGIN { print ticks / hz / n * 1e6 }' \
        >>"$work/$1.$4.cpu_us"
}

# New TLS connections, a request each, to the mock.
handshakes() {
    before=$(cpu_ticks "$mock_pid")
    line=$("$build/bench_handshakes" -p "$mock_port" -c 8 -n 2000 -t 2) ||
        fail "TLS connections failed: $line"
    after=$(cpu_ticks "$mock_pid")
    n=${line#connections=}
    echo "${line##*per_second=}" >>"$work/tls.mock.per_second"
    awk -v ticks=$((after - before)) -v hz="$ticks_per_second" -v n="${n%% *}" \
        'BEGIN { print ticks / hz / n * 1e6 }' >>"$work/tls.mock.cpu_us"
}

both() {
    if [ $(($4 % 2)) = 0 ]; then
        round "$1" "$2" "$3" mock "$mock_pid" "$mock_port"
        round "$1" "$2" "$3" bare "$bare_pid" "$bare_port"
    else
        round "$1" "$2" "$3" bare "$bare_pid" "$bare_port"
        round "$1" "$2" "$3" mock "$mock_pid" "$mock_port"
    fi
}

median() {
    sort -n "$1" | awk '{ v[NR] = $1 }
        END { print NR % 2 ? v[(NR + 1) / 2] : (v[NR / 2] + v[NR / 2 + 1]) / 2 }'
}

# Largest resident memory so far, in KiB.
peak_memory() {
    awk '/^VmHWM/ { print $2 }' "/proc/$1/status"
}

# row LABEL KEY MOCK BARE: a line of the table and of the JSON.
row() {
    awk -v label="$1" -v mock="$3" -v bare="$4" 'BEGIN {
        printf "%-42s %10.1f %10.1f %8.2f\n", label, mock, bare, mock / bare }'
    printf '%s\n  "%s": {"mock": %s, "bare": %s}' "$comma" "$2" "$3" "$4" \
        >>"$work/json"
    comma=,
}

# mock_median LABEL NAME FIGURE: of what the bare server does not do.
mock_median() {
    value=$(median "$work/$2.mock.$3")
    printf '%-42s %10.1f\n' "$1" "$value"
    printf '%s\n  "%s": {"mock": %s}' "$comma" "$2_$3" "$value" >>"$work/json"
}

# medians LABEL NAME FIGURE
medians() {
    mock=$(median "$work/$2.mock.$3")
    bare=$(median "$work/$2.bare.$3")
    row "$1" "$2_$3" "$mock" "$bare"
}

make_requests
"$build/mockserver" --port 0 --port-file "$work/mock.port" >"$work/log" 2>&1 &
mock_pid=$!
"$build/bench_baseline" >"$work/bare.port" &
bare_pid=$!
mock_port=$(wait_for_port "$work/mock.port")
bare_port=$(wait_for_port "$work/bare.port")
if [ -z "$mock_port" ] || [ -z "$bare_port" ]; then
    fail "a server does not start"
fi

for i in $(seq "$rounds"); do
    both small 64 40000 "$i"
done
small_mock=$(peak_memory "$mock_pid")
small_bare=$(peak_memory "$bare_pid")
for i in $(seq "$rounds"); do
    both upload 8 300 "$i"
done
# The first starts the workers for TLS.
handshakes
rm "$work/tls.mock".*
for i in $(seq "$rounds"); do
    handshakes
done

comma='{'
printf '%-42s %10s %10s %8s\n' "median of $rounds rounds" mock bare ratio
medians 'small: requests per second' small per_second
medians 'small: latency p50, us' small p50_us
medians 'small: latency p99, us' small p99_us
medians 'small: server CPU per request, us' small cpu_us
row 'small: peak resident memory, KiB' small_peak_kib "$small_mock" \
    "$small_bare"
medians 'upload of 6 MiB: requests per second' upload per_second
medians 'upload of 6 MiB: latency p50, us' upload p50_us
medians 'upload of 6 MiB: server CPU per upload, us' upload cpu_us
row 'both: peak resident memory, KiB' peak_kib "$(peak_memory "$mock_pid")" \
    "$(peak_memory "$bare_pid")"
mock_median 'TLS: new connections per second' tls per_second
mock_median 'TLS: server CPU per connection, us' tls cpu_us
printf '\n}\n' >>"$work/json"
cp "$work/json" "$build/bench.json"
