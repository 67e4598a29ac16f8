#!/bin/sh
# scenarios.sh: runs the suite as its users do, against targets and clients
# that are well and that are not, and looks at what it says and how it exits.
# From the repository's root, after `make build/conformance`. The last line is
# `N passed, N failed`.
set -u
LC_ALL=C
export LC_ALL

B=${BUILD:-build}
# The suite is a program of this kind for itself: its mock stands beside it.
suite=$B/conformance
mock=${MOCKSERVER:-$B/mockserver}
work=$(mktemp -d) || exit 2
children=
stop() {
    # shellcheck disable=SC2086 # a list of process ids
    [ -z "$children" ] || kill $children 2>/dev/null
    rm -rf "$work"
}
trap stop EXIT
trap 'exit 2' HUP INT TERM
unset LIVEDETECT_TARGET LIVEDETECT_APPID LIVEDETECT_BUCKET \
    LIVEDETECT_SECRET_ID LIVEDETECT_SECRET_KEY LIVEDETECT_ADMIN_TOKEN

. mockserver/tests/lib.sh

# The output of the last command has, or has not, this text.
expect_said() {
    if grep -qF -e "$1" "$work/out"; then pass; else fail "expected to read \"$1\", got: $(tail -n 5 "$work/out")"; fi
}
expect_not_said() {
    if grep -qF -e "$1" "$work/out"; then fail "did not expect to read \"$1\""; else pass; fi
}

# start NAME COMMAND...: runs it, sets $port to the number that ends its first
# line. The reading waits for that line.
start() {
    rm -f "$work/ready"
    mkfifo "$work/ready" || exit 2
    "$@" >"$work/ready" 2>>"$work/stderr" &
    children="$children $!"
    child=$!
    read -r line <"$work/ready"
    port=${line##*:}
}

one() {
    "$suite" --filter "service/$1" "$@"
}

# What to run.
expect 0 'service/four-compared' "$suite" --list
expect 0 'usage: conformance' "$suite" --help
expect 2 'unknown option --nonsense' "$suite" --nonsense
expect 2 '--patience is "soon", expected milliseconds' "$suite" --patience soon
expect 2 '--target is "ftp://x", expected mock, or a URL' "$suite" --target ftp://x
expect 2 '--record needs a value' "$suite" --record
expect 2 '--report' "$suite" --report html=x
expect 2 'needs --client' "$suite" --suite both
expect 2 'an account needs --appid' "$suite" --secret-id x
expect 2 'no case was selected' "$suite" --filter 'service/no-such-case'
expect 2 'no-such-dir' "$suite" --cases "$work/no-such-dir"
expect 2 'no case files' "$suite" --cases "$work"
expect 0 '1 passed, 0 failed' "$suite" --filter service/four-compared
expect 0 'TAP version' "$suite" --filter service/four-compared --tap

expect 2 "run this in the project's directory" env -C / "$(realpath "$suite")"

expect 2 "$work: Is a directory" "$suite" --video "$work"

# Case files that are wrong say where.
cases() {
    mkdir -p "$work/cases"
    cat >"$work/cases/one.json"
}
good='"title":"t","requirement":"1 x","level":"must","provenance":"documented","applies_to":["mock","real"]'
request='"request":{"endpoint":"livegetfour"}'
cases <<EOF
{"cases":[{"id":"a",$good,$request,"expect":{"code":0,"colour":1}}]}
EOF
expect 2 'one.json: case a: unknown member steps[0].expect.colour' "$suite" --cases "$work/cases"
cases <<EOF
{"cases":[{"id":"a",$good,$request}]}
EOF
expect 2 'expect is missing' "$suite" --cases "$work/cases"
cases <<EOF
{"cases":[{"id":"a",$good,$request,"expect":{"code":0}},
          {"id":"a",$good,$request,"expect":{"code":0}}]}
EOF
expect 2 'case a: the id is also in one.json' "$suite" --cases "$work/cases"
cases <<EOF
{"cases":[{"id":"a",$good,$request,"expect":{"code":"\$number"}}]}
EOF
expect 2 '"$number" names no set of values' "$suite" --cases "$work/cases"
echo '{"cases":[' >"$work/cases/one.json"
expect 2 'one.json:2' "$suite" --cases "$work/cases"

# A case that fails: one line, the requirement, what came, the exchange.
cases <<EOF
{"cases":[{"id":"wrong",$good,$request,"expect":{"code":9}},
          {"id":"right",$good,$request,"expect":{"code":0}}]}
EOF
expect 1 'failed: wrong: code: expected 9, got 0' "$suite" --cases "$work/cases"
expect_said 'contract section 1 x'
expect_said 'POST /face/livegetfour HTTP/1.1'
expect_said '1 passed, 1 failed'
expect_not_said 'key-'

# What may fail.
echo 'wron* # known' >"$work/known"
expect 0 '1 passed, 0 failed, 1 skipped' "$suite" --cases "$work/cases" --known-failing "$work/known"
printf 'wrong\n\n# more\nright\n' >"$work/known"
expect 1 "passes, but line 4 of $work/known lists it as failing" "$suite" --cases "$work/cases" --known-failing "$work/known"
expect 2 'no-such-file' "$suite" --known-failing "$work/no-such-file"

# Targets that are not well.
start "$B/fake_target" close
kill "$child"
wait "$child" 2>/dev/null
expect 2 "conformance: GET http://127.0.0.1:$port" "$suite" --target "http://127.0.0.1:$port"
for mode in hang garbage close; do
    start "$B/fake_target" "$mode"
    expect 2 "conformance: GET http://127.0.0.1:$port" "$suite" --patience 300 --target "http://127.0.0.1:$port"
done

# A mock by its URL, with its admin API and without.
start "$mock" --port 0
mock_port=$port
url=http://127.0.0.1:$mock_port
expect 0 '1 passed, 0 failed' "$suite" --target "$url" --filter service/four-compared
expect 2 'has no admin API to make accounts by' "$suite" --target "$url" --no-admin
LIVEDETECT_APPID=1000001 LIVEDETECT_BUCKET=test
LIVEDETECT_SECRET_ID=AKIDdemo1000001 LIVEDETECT_SECRET_KEY=demo-key-of-1000001
export LIVEDETECT_APPID LIVEDETECT_BUCKET LIVEDETECT_SECRET_ID LIVEDETECT_SECRET_KEY
expect 2 'nothing ran: every case was skipped' "$suite" --target "$url" --no-admin --filter service/four-compared
expect_said 'no video was given'
media="--video fixtures/media/talking.mp4 --card fixtures/media/face.jpg --image fixtures/media/photo.jpg"
# shellcheck disable=SC2086 # options are words
expect 0 '1 passed, 0 failed' "$suite" --target "$url" --no-admin $media --filter service/four-compared
# shellcheck disable=SC2086
expect 0 ' passed, 0 failed, ' "$suite" --target "$url" --no-admin $media --filter 'service/f*' -j2
expect_said 'a fault cannot be injected'
expect_not_said 'demo-key-of-1000001'
unset LIVEDETECT_APPID LIVEDETECT_BUCKET LIVEDETECT_SECRET_ID LIVEDETECT_SECRET_KEY
# shellcheck disable=SC2086
expect 0 '10 passed, 0 failed' "$suite" --target "$url" --no-admin $media \
    --accounts fixtures/accounts/demo.json --filter 'service/arrears-*'
echo '{"accounts":[{"appid":"1"}]}' >"$work/accounts.json"
expect 2 'accounts[0]: expected an appid and a key' "$suite" --target "$url" --no-admin --accounts "$work/accounts.json"

# A target that goes away in the middle.
start "$B/fake_target" pipe "$mock_port" 12
expect 1 "Couldn't connect to server" "$suite" --target "http://127.0.0.1:$port" --filter 'service/four-*'

# A token of the admin API.
start "$mock" --port 0 --admin-token s3cret-token
expect 2 'its admin API asks for a token' "$suite" --target "http://127.0.0.1:$port"
expect 0 '1 passed, 0 failed' "$suite" --target "http://127.0.0.1:$port" --admin-token s3cret-token --filter service/four-compared --trace
expect_not_said s3cret-token

# HTTPS, another address than the name's, the documented Host.
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 \
    -keyout "$work/key.pem" -out "$work/cert.pem" \
    -subj /CN=test -addext subjectAltName=DNS:recognition.image.myqcloud.com \
    >/dev/null 2>&1
start "$B/fake_target" tls "$mock_port" "$work/cert.pem" "$work/key.pem"
vendor="--target https://recognition.image.myqcloud.com --connect-to 127.0.0.1:$port --no-admin $media --accounts fixtures/accounts/demo.json"
# shellcheck disable=SC2086
expect 0 '1 passed, 0 failed' "$suite" $vendor --ca-file "$work/cert.pem" --filter service/four-compared --trace
expect_said 'Host: recognition.image.myqcloud.com'
# shellcheck disable=SC2086
expect 0 '1 passed, 0 failed' "$suite" $vendor --insecure --filter service/four-compared
# shellcheck disable=SC2086
expect 2 'certificate' "$suite" $vendor --filter service/four-compared

# The private mock by https, for servers' cases and clients'.
expect 0 ' passed, 0 failed' "$suite" --https --filter 'service/mapped-*'
expect 0 ' passed, 0 failed' "$suite" --https --client "$B/conformance-client" --filter 'client/*utf8*'
expect 2 'a URL says it itself' "$suite" --https --target "$url"

# Reports, recordings, differences.
expect 1 '1 passed, 1 failed' "$suite" --cases "$work/cases" --report "json=$work/r.json,junit=$work/r.xml,markdown=$work/r.md" --record "$work/record"
for file in r.json r.xml r.md record/right/1.reply.http record/right/1.request.http; do
    if [ -s "$work/$file" ]; then pass; else fail "$file: not written"; fi
done
if grep -q 'key-' "$work/r.json" "$work/r.xml" "$work/r.md" -r "$work/record"; then
    fail 'a report or recording holds a secret key'
else
    pass
fi
cases <<EOF
{"cases":[{"id":"right",$good,$request,"mock":{"options":["--messages","zh","--fault","107"]},"expect":{"code":107}}]}
EOF
expect 0 'right step 1: code: recorded 0, now 107' "$suite" --cases "$work/cases" --diff "$work/record"
expect 2 "$work/no-record" "$suite" --cases "$work/cases" --diff "$work/no-record"
expect 2 "$work/file/r.json" "$suite" --cases "$work/cases" --report "json=$work/file/r.json"

# A key that a client repeats is shown nowhere.
cases <<EOF
{"cases":[{"id":"told","title":"t","requirement":"1 x","level":"must","provenance":"documented","applies_to":["client"],
  "call":{"endpoint":"livegetfour"},"expect":{"outcome":{"kind":"rejected"},"requests":0}}]}
EOF
cat >"$work/teller" <<'EOF'
started='{"type":"started","protocol":1,"client":{"name":"t","version":"1","language":"sh"},"features":["livegetfour"]}'
exec sed -un 's/.*"start".*/'"$started"'/p
s/.*"id":"\([^"]*\)".*"secret_key":"\([^"]*\)".*/{"id":"\1",'"$1"'}/p'
EOF
reports="--report json=$work/t.json,junit=$work/t.xml,markdown=$work/t.md --record $work/told --trace"
for says in '"outcome":{"kind":"rejected","message":"\2"}' '"errored":true,"message":"\2"' \
    '"skipped":true,"message":"\2"}\n{"\2":1'; do
    # shellcheck disable=SC2086
    timeout 120 "$suite" --cases "$work/cases" --client "sh '$work/teller' '$says'" $reports >"$work/out" 2>&1
    expect_said '(masked)'
    if grep -qr 'key-' "$work/out" "$work/t.json" "$work/t.xml" "$work/t.md" "$work/told"; then
        fail "a key is shown of the client that says $says"
    else
        pass
    fi
done

# A signal ends the run, also while it waits for a client to start, and leaves
# nothing behind.
mkdir "$work/tmp"
mkfifo "$work/begun" || exit 2
for more in '' --validate-protocol; do
    # shellcheck disable=SC2086
    TMPDIR=$work/tmp timeout 60 "$suite" $more --client "echo >'$work/begun'; exec sleep 60" >"$work/out" 2>&1 &
    child=$!
    read -r _ <"$work/begun"
    kill "$child"
    wait "$child"
    got=$?
    if [ "$got" = 2 ]; then pass; else fail "a run that got SIGTERM: expected status 2, got $got"; fi
    expect_said 'conformance: interrupted by SIGTERM'
    left=$(ls "$work/tmp")
    if [ -z "$left" ]; then pass; else fail "a run that got SIGTERM left $left"; fi
done

# A summary that cannot be written is no success.
"$suite" --filter service/four-compared >/dev/full 2>"$work/out"
got=$?
if [ "$got" = 2 ]; then pass; else fail "a full disk: expected status 2, got $got"; fi
expect_said 'the summary: No space left on device'

echo "$passed passed, $failed failed"
[ "$failed" = 0 ]
