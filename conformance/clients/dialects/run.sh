#!/bin/sh
# run.sh: clients that send what the vendor's SDKs send, with the service's own
# hosts and https built in, and the recipes of docs/unmodified-clients.md, each
# under a server of their own. From the repository's root, by `make dialects`.
# run.sh --missing: prints the Debian packages that would be needed besides.
#
# One line a check; the last line is `N passed, N failed, N skipped`. What needs
# a language that is not there is skipped. Exit: 0 all passed, 1 something failed
# or nothing passed, 2 could not begin.
set -u
LC_ALL=C
export LC_ALL
unset http_proxy https_proxy HTTP_PROXY HTTPS_PROXY all_proxy ALL_PROXY

here=$(dirname "$0")
MOCKSERVER=${MOCKSERVER:-build/mockserver}
NODE_CLIENT=${NODE_CLIENT:-build/node-client}
OKHTTP=${OKHTTP:-/usr/share/java/okhttp.jar:/usr/share/java/okio.jar}
export MOCKSERVER NODE_CLIENT OKHTTP

# Debian's requests are for Debian's Python, which need not be the first.
has_requests() {
    python3 -c 'import requests' 2>/dev/null
}
has_requests || PATH=/usr/bin:$PATH

there() {
    command -v "$1" >/dev/null 2>&1
}
missing() {
    case $1 in
    Python) has_requests || echo python3-requests ;;
    PHP)
        there php || echo php-cli
        php -m 2>/dev/null | grep -qx curl || echo php-curl
        ;;
    Java) there javac && there keytool || echo default-jdk-headless ;;
    OkHttp) [ -f "${OKHTTP%%:*}" ] || echo libokhttp-java ;;
    Node) there node || echo nodejs ;;
    Go) there go || echo golang-go ;;
    libcurl)
        echo '#include <curl/curl.h>' | cc -E - >/dev/null 2>&1 ||
            echo libcurl4-openssl-dev
        ;;
    esac
}

if [ "${1-}" = --missing ]; then
    for what in Python PHP Java OkHttp Node Go libcurl; do
        missing "$what"
    done
    exit
fi

if [ ! -x "$MOCKSERVER" ] || [ ! -d fixtures/media ]; then
    echo "run.sh: no $MOCKSERVER or fixtures/ here" >&2
    exit 2
fi
WORK=$(mktemp -d) || exit 2
export WORK
trap 'rm -rf "$WORK"' EXIT
trap 'exit 2' HUP INT TERM
: >"$WORK/results"

say() {
    echo "$*" | tee -a "$WORK/results"
}

# skip NAME NEED...: says so, and succeeds, when something is missing.
skip() {
    skipped=$1
    shift
    lacks=$(for need in "$@"; do missing "$need"; done)
    [ -n "$lacks" ] || return 1
    # shellcheck disable=SC2086 # one line of them
    say "skip $skipped: not installed:" $lacks
}

# under_exec NAME [OPTION...] -- COMMAND...: what the command prints counts, and
# whether what it sent conforms.
under_exec() {
    checked=$1
    shift
    timeout 60 "$MOCKSERVER" exec --min-requests 1 "$@" 2>"$WORK/verdict" |
        tee -a "$WORK/results"
    if grep -q '^conformant: [1-9]' "$WORK/verdict"; then
        say "ok   $checked: what it sent conforms"
    else
        say "FAIL $checked: expected a verdict of conformant, got:" \
            "$(tail -c 1000 "$WORK/verdict")"
    fi
}

# dialect NAME BASE_URL [OPTION...]
dialect() {
    dialect="$1, ${2%%:*}" base=$2
    shift 2
    under_exec "$dialect" "$@" -- sh "$here/judge.sh" "$dialect" "$base"
}

# both NAME [OPTION...]: by https to the one host, by http to the other.
both() {
    both=$1
    shift
    dialect "$both" https://recognition.image.myqcloud.com "$@"
    dialect "$both" http://service.image.myqcloud.com "$@"
}

# recipe NAME REPLIES
recipe() {
    timeout 60 "$MOCKSERVER" exec --no-proxy-env -- \
        sh "$here/recipe.sh" "$@" >"$WORK/line" 2>"$WORK/verdict"
    grep -q . "$WORK/line" ||
        echo "FAIL recipe for $1: $(tail -c 500 "$WORK/verdict")" >"$WORK/line"
    tee -a "$WORK/results" <"$WORK/line"
}

both curl
skip Python Python || both Python
skip PHP PHP || both PHP

if ! skip Java Java OkHttp; then
    if javac -cp "$OKHTTP" -d "$WORK/classes" "$here/Client.java"; then
        both Java --java-truststore "$WORK/trust.p12"
    else
        say 'FAIL Java: Client.java does not compile'
    fi
fi

# Its URLs are all https, and its signature is for accounts without buckets.
if ! skip Node Node; then
    if [ -d "$NODE_CLIENT/node_modules/image-node-sdk" ]; then
        cat >"$WORK/accounts.json" <<EOF
{"accounts": [{"appid": "1000002", "keys": [
    {"secret_id": "AKIDdemo1000002", "secret_key": "demo-key-of-1000002"}]}]}
EOF
        dialect Node https://recognition.image.myqcloud.com \
            --accounts "$WORK/accounts.json"
    else
        say "skip Node: no SDK in $NODE_CLIENT: make node-client"
    fi
fi

skip 'recipe for libcurl' libcurl || recipe libcurl 1
skip 'recipe for PHP' PHP || recipe PHP 3
skip 'recipe for Python' Python || recipe Python 2
skip 'recipe for Java' Java || recipe Java 1
skip 'recipe for Node' Node || recipe Node 1
skip 'recipe for Go' Go || recipe Go 1

timeout 60 unshare --user --map-root-user --mount --net sh "$here/hosts.sh" \
    >"$WORK/hosts.out" 2>"$WORK/hosts.err"
if grep -q . "$WORK/hosts.out"; then
    tee -a "$WORK/results" <"$WORK/hosts.out"
else
    say "skip recipe for the hosts file: no namespaces to try it in:" \
        "$(head -n 1 "$WORK/hosts.err")"
fi

count() {
    grep -c "^$1 " "$WORK/results"
}
passed=$(count ok) failed=$(count FAIL) skipped=$(count skip)
echo "$passed passed, $failed failed, $skipped skipped"
[ "$failed" = 0 ] && [ "$passed" != 0 ]
