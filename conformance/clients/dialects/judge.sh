#!/bin/sh
# judge.sh NAME BASE_URL: runs one client under `mockserver exec`, and checks what
# it was answered, and in the journal that what is peculiar to it came over the
# wire. For run.sh, which sets WORK and where to find what clients need.
#
# One line a check, `ok   ...` or `FAIL ...`.
set -u

name=$1 base=$2
here=$(dirname "$0")
port=${LIVEDETECT_URL##*:}

# expect WHAT PATTERN TEXT: is the pattern in the text?
expect() {
    if printf '%s\n' "$3" | grep -q -e "$2"; then
        echo "ok   $name: $1"
    else
        echo "FAIL $name: $1: expected $2, got: $(printf %s "$3" | cut -c 1-2000)"
    fi
}

run_client() {
    case $name in
    curl*) sh "$here/client.sh" "$base" ;;
    Python*) python3 "$here/client.py" "$base" ;;
    PHP*) php -d curl.cainfo="$LIVEDETECT_CA_FILE" "$here/client.php" "$base" ;;
    # Both are built into the SDK.
    Node*) NODE_PATH=$NODE_CLIENT/node_modules node "$here/client.js" ;;
    Java*)
        java -XX:TieredStopAtLevel=1 -cp "$OKHTTP:$WORK/classes" \
            -Dhttp.proxyHost=127.0.0.1 -Dhttp.proxyPort="$port" \
            -Dhttps.proxyHost=127.0.0.1 -Dhttps.proxyPort="$port" \
            -Djavax.net.ssl.trustStore="$WORK/trust.p12" \
            -Djavax.net.ssl.trustStorePassword=changeit Client "$base"
        ;;
    esac
}

# The Nth line that the client printed; its Nth request, as the journal has it.
reply() {
    sed -n "$1p" "$WORK/replies"
}
entry() {
    awk '{ gsub(/[{]"id":[0-9]+,"time"/, "\n&"); print }' "$WORK/journal" |
        sed -n "$(($1 + 1))p"
}
header() { # NAME N
    entry "$2" | sed -n 's/.*"name":"'"$1"'","value":"\([^"]*\)".*/\1/p'
}

sha256() {
    openssl dgst -sha256 -r "$1" | cut -d ' ' -f 1
}

# Both calls with code 0, then with the codes that seq and a file ask for.
check_replies() {
    expect 'livedetectfour answers 0' \
        '"live_status":0,.*"compare_status":0,.*"code":0,' "$(reply 1)"
    expect 'livedetectpicture answers 0' '"score":95.*"code":0,' "$(reply 2)"
    expect 'seq makes it -5007' '"live_status":-5007,' "$(reply 3)"
    expect 'a file makes it -4015' '"code":-4015,' "$(reply 4)"
}

# To a proxy http has the whole URL in the request line. What asks for another
# host in a path alone came through a tunnel, within TLS.
check_way() {
    host=${base#*://}
    case $base in
    https:*)
        expect 'came through a tunnel' '"target":"/face/livedetectfour"' \
            "$(entry 1)"
        ;;
    *)
        expect 'came by the proxy' '"target":"'"$base"'/face/livedetectfour"' \
            "$(entry 1)"
        ;;
    esac
    expect "Host is $host" "^$host\$" "$(header '[Hh]ost' 1)"
    expect 'the video came whole' \
        '"name":"video".*"sha256":"'"$(sha256 fixtures/media/talking.mp4)" \
        "$(entry 1)"
}

# OkHttp's form, with the boundary $1: the journal has no headers of parts, but
# the length of it all.
okhttp_form() {
    okhttp_text "$1" appid "$LIVEDETECT_APPID"
    okhttp_text "$1" bucket "$LIVEDETECT_BUCKET"
    okhttp_text "$1" validate_data 9532
    okhttp_text "$1" compare_flag true
    okhttp_file "$1" video fixtures/media/talking.mp4
    okhttp_file "$1" card fixtures/media/face.jpg
    printf '%s\r\n' "--$1--"
}
okhttp_text() {
    printf '%s\r\n' "--$1" "Content-Disposition: form-data; name=\"$2\"" \
        "Content-Length: ${#3}" '' "$3"
}
okhttp_file() {
    printf '%s\r\n' "--$1" "Content-Disposition: form-data; name=\"$2\"" \
        'Content-Type: image/jpg' "Content-Length: $(($(wc -c <"$3")))" ''
    cat "$3"
    printf '\r\n'
}

check_peculiarity() {
    case $name in
    curl*)
        expect 'Expect is sent' '^100-continue$' "$(header Expect 1)"
        ;;
    Python*)
        for field in appid bucket validate_data compare_flag; do
            expect "the text $field has a filename" \
                '"name":"'"$field"'","filename":"'"$field"'"' "$(entry 1)"
        done
        ;;
    PHP*)
        expect 'the video is a plain field' '"name":"video","type":null,' \
            "$(entry 1)"
        expect 'the photo is in JSON' '^application/json$' \
            "$(header Content-Type 2)"
        expect 'and in Base64' '"image.in-json".*"image of 1017 bytes"' \
            "$(entry 2)"
        ;;
    Java*)
        expect 't is signed before e' '&t=[0-9]*&e=[0-9]*&' \
            "$(header Authorization 1 | openssl base64 -d -A | tail -c +21)"
        expect 'the video is image/jpg and has no filename' \
            '"name":"video","type":"image/jpg",' "$(entry 1)"
        boundary=$(header Content-Type 1)
        length=$(okhttp_form "${boundary#*boundary=}" | wc -c)
        expect 'each part has a Content-Length' "\"body_size\":$((length))," \
            "$(entry 1)"
        ;;
    Node*)
        expect 'no bucket is signed' '"b":null,' "$(entry 1)"
        ;;
    esac
}

run_client >"$WORK/replies" 2>"$WORK/errors" ||
    echo "FAIL $name: expected status 0, got $?: $(head -c 500 "$WORK/errors")"
curl -q -sS "$LIVEDETECT_URL/__admin/requests" >"$WORK/journal"
check_replies
check_way
check_peculiarity
