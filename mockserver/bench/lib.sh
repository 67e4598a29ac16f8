# shellcheck shell=sh disable=SC2154 # build and here are given
# lib.sh: what bench.sh and peers.sh share; sourced with the build directory in
# $build. Servers, loads on them, samples, and rows of the report.
#
# A sample is a file of numbers, a line a round: $work/samples/NAME. Rows go to
# $work/rows and are printed by report.awk.

rounds=${ROUNDS:-5}
percent=${BENCH_PERCENT:-100}
work=$(mktemp -d) || exit 2
mkdir "$work/samples"
tab=$(printf '\t')

fail() {
    echo "bench: $*" >&2
    exit 1
}

case $rounds$percent in
*[!0-9]* | 0*)
    echo "bench: ROUNDS is \"$rounds\" and BENCH_PERCENT is \"$percent\"," \
        "expected whole numbers over 0" >&2
    exit 2
    ;;
esac

# scaled N: so many of a load, at least one.
scaled() {
    echo $((($1 * percent + 99) / 100))
}

# servers: each has a name, and NAME.pid and NAME.port while it runs

pid_of() {
    cat "$work/$1.pid"
}

port_of() {
    cat "$work/$1.port"
}

# start NAME COMMAND...: its first line on stdout ends with its port, and says
# that it serves.
start() {
    name=$1
    shift
    mkfifo "$work/$name.ready" || exit 2
    "$@" >"$work/$name.ready" 2>"$work/$name.log" &
    echo $! >"$work/$name.pid"
    line=
    read -r line <"$work/$name.ready"
    rm "$work/$name.ready"
    echo "${line##*[!0-9]}" >"$work/$name.port"
    [ -n "${line##*[!0-9]}" ] ||
        fail "$name does not start: $(cat "$work/$name.log")"
}

# stop NAME: ends a server, which must do so well.
stop() {
    pid=$(pid_of "$1")
    rm "$work/$1.pid"
    kill "$pid"
    wait "$pid"
    status=$?
    [ "$status" = 0 ] ||
        fail "$1 ended with status $status: $(cat "$work/$1.log")"
}

# Whatever still runs, at the end of the script.
stop_all() {
    for file in "$work"/*.pid; do
        [ -f "$file" ] && kill "$(cat "$file")" 2>/dev/null
    done
    wait
    rm -rf "$work"
}
trap stop_all EXIT
trap 'exit 130' HUP INT TERM

# memory FIELD NAME: of the server's /proc/PID/status, in MiB.
memory() {
    awk -v field="$1:" '$1 == field { print $2 / 1024 }' \
        "/proc/$(pid_of "$2")/status"
}

# samples

# add NAME VALUE: of one round.
add() {
    echo "$2" >>"$work/samples/$1"
}

# add_line NAME LINE: the name=value pairs that a program has printed, each as
# the sample NAME.FIGURE.
add_line() {
    for pair in $2; do
        add "$1.${pair%%=*}" "${pair#*=}"
    done
}

# combine NAME EXPRESSION SAMPLE...: a sample made of others, round by round;
# in the expression these are $1, $2 and so on.
combine() {
    combined=$1
    expression=$2
    shift 2
    (cd "$work/samples" && paste "$@") |
        awk "{ print $expression }" >"$work/samples/$combined"
}

# load SERVER SAMPLE CODE CONNECTIONS REQUESTS SECONDS KIND: one load, whose
# figures are those of SAMPLE.SERVER. Every reply must have the code.
load() {
    figures=$("$build/bench_load" -p "$(port_of "$1")" -P "$(pid_of "$1")" \
        -e "$3" -c "$4" -n "$5" -t "$6" "$work/$7.http") ||
        fail "$1: the load \"$7\" failed"
    add_line "$2.$1" "$figures"
}

# in_turn ROUND FUNCTION SERVER...: FUNCTION with each of them, in every other
# round backwards.
in_turn() {
    round=$1
    call=$2
    shift 2
    order=$*
    if [ $((round % 2)) = 0 ]; then
        order=
        for server; do
            order="$server $order"
        done
    fi
    for server in $order; do
        "$call" "$server"
    done
}

# the report

section() {
    section=$1
    echo "bench: $section" >&2
}

# row KEY LABEL UNIT SAMPLE REFERENCE REFERENCE_SAMPLE JUDGED RELATION TARGET:
# a line of the report. JUDGED is what the target is about: "ratio", of the
# sample to that of the reference; "value"; or "-", as are the others that
# there are not.
row() {
    awk -v section="$section" -v key="$1" -v label="$2" -v unit="$3" \
        -v samples="$work/samples/" -v sample="$4" -v reference="$5" \
        -v reference_sample="$6" -v judged="$7" -v relation="$8" \
        -v target="$9" -f "$here/row.awk" >>"$work/rows" ||
        fail "no samples for $1"
}

# Facts about the machine and the run, as name, tab, value.
facts() {
    printf 'processor\t%s\n' \
        "$(sed -n 's/^model name[^:]*: *//p' /proc/cpuinfo | head -n 1)"
    printf 'processors\t%s\n' "$(nproc)"
    printf 'kernel\t%s\n' "$(uname -sr)"
    printf 'compiler\t%s\n' "$(${CC:-cc} --version | head -n 1)"
    printf 'libmicrohttpd\t%s\n' "$(pkg-config --modversion libmicrohttpd)"
    printf 'OpenSSL\t%s\n' "$(pkg-config --modversion libcrypto)"
    printf 'load_before\t%s\n' "$load_before"
    printf 'rounds\t%s\n' "$rounds"
    printf 'percent\t%s\n' "$percent"
}
load_before=$(cut -d ' ' -f 1 /proc/loadavg)

# report NAME: prints the rows; writes NAME.json and NAME.md.
report() {
    facts >"$work/facts"
    for format in text markdown json; do
        awk -F "$tab" -v format="$format" -f "$here/report.awk" \
            "$work/facts" "$work/rows" >"$work/report.$format" ||
            fail 'the report'
    done
    cp "$work/report.markdown" "$1.md"
    cp "$work/report.json" "$1.json"
    cat "$work/report.text"
}

# With BENCH_STRICT=1 a missed target is a failure.
finish() {
    if [ "${BENCH_STRICT:-0}" = 1 ] && grep -q 'missed$' "$work/rows"; then
        exit 1
    fi
    exit 0
}
