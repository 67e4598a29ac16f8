#!/bin/sh
# A client behind the lines of docs/client-protocol.md, to copy: call your own
# client where this one calls openssl and curl, and name its features.
#   build/conformance --client conformance/clients/template.sh
set -u && LC_ALL=C && export LC_ALL
serial=0 string='\([^"\\]*\(\\.[^"\\]*\)*\)' # in JSON, between its quotes

# Members of $line. The suite writes no blanks, and sed can read its lines; in a
# language that has a JSON parser, use that. raw, path: with escapes.
raw() {
    printf '%s\n' "$line" | sed -n 's/.*"'"$1"'":"'"$string"'".*/\1/p'
}
text() {
    printf %b "$(raw "$1" | sed 's/\\\(["/]\)/\1/g')"
}
word() { # a number, true or false
    printf '%s\n' "$line" | sed -n 's/.*"'"$1"'":\([^,}]*\).*/\1/p'
}
path() {
    printf '%s\n' "$line" | sed -n 's/.*"'"$1"'":{"path":"'"$string"'".*/\1/p'
}
in_body() { # what a pattern finds in a reply that looks like an object
    printf %s "$body" | sed -n '/^{.*}$/s/.*'"$1"'.*/\1/p'
}
# Section 4 of docs/contract.md. Other users of the machine can read the key on
# openssl's command line: keep yours out of there.
sign() {
    now=$(date +%s)
    signed="a=$appid${bucket:+&b=$bucket}&k=$(text secret_id)&e=$((now + 300))&t=$now&r=$$$serial&u=0&f="
    {
        printf %s "$signed" | openssl dgst -sha1 -hmac "$(text secret_key)" -binary
        printf %s "$signed"
    } | openssl base64 -A
}
post() { # the reply in $body and $http, curl's exit status in $status
    reply=$(curl -q -s --noproxy '*' ${ca:+--cacert "$ca"} --max-time "$limit" \
        -H "Authorization: $(sign)" -w '=%{http_code}' "$@" "$(text base_url)/face/$(text endpoint)")
    status=$? http=${reply##*=} body=${reply%=*}
}
make_call() {
    appid=$(text appid) bucket=$(text bucket) ca=$(text ca_file) seq=$(text seq) url=$(raw url)
    card=$(path card) image=$(path image) ms=$(word timeout_ms) serial=$((serial + 1))
    status=26 http='' body='' # curl's status when there is no such file
    limit=$((ms / 1000)).$(printf %03d $((ms % 1000)))
    set -- --form-string "appid=$appid" ${seq:+--form-string "seq=$seq"}
    if [ "$(text endpoint)" = livedetectfour ]; then
        [ -z "$(text validate_data)" ] ||
            post "$@" ${bucket:+--form-string "bucket=$bucket"} -F "video=@\"$(path video)\"" \
            --form-string "validate_data=$(text validate_data)" \
            --form-string "compare_flag=$(word compare_flag)" ${card:+-F "card=@\"$card\""}
    elif [ -n "$image" ] && [ -z "$url" ]; then
        post "$@" -F "image=@\"$image\""
    else
        post -H 'Content-Type: application/json' -d "{\"appid\":\"$appid\"${bucket:+,\"bucket\":\"$(
            raw bucket)\"}${seq:+,\"seq\":\"$(raw seq)\"}${url:+,\"url\":\"$url\"}}"
    fi
}
outcome() {
    code=$(in_body '"code":\(-\{0,1\}[0-9]\{1,\}\)[,}]') data=$(in_body '"data":\({[^{}]*}\)')
    case $status:$http:$code in
    0:*:?*) printf '{"kind":"api","http":%s,"code":%s,"message":"%s"%s,"attempts":1}' "$http" \
        "$code" "$(in_body '"message":"'"$string"'"')" "${data:+,\"data\":$data}" && return ;;
    26:*) echo '{"kind":"rejected","message":"an argument is missing"}' && return ;;
    6:* | 7:*) class=refused ;;
    28:*) class=timeout ;;
    35:* | 60:* | 77:*) class=tls ;;
    52:* | 55:[01]* | 56:[01]*) class=reset ;;
    18:* | 55:* | 56:*) class=truncated ;;
    *) class=bad_response ;;
    esac
    printf '{"kind":"transport","class":"%s","attempts":1}' "$class"
}
while IFS= read -r line; do
    case $line in
    '{"type":"start"'*) echo '{"type":"started","protocol":1,"client":{"name":"template","version":"1","language":"sh"},"features":["livedetectfour","livedetectpicture.json","livedetectpicture.multipart","livegetfour","bucket","seq","https","timeout","attempts"]}' ;;
    '{"type":"call"'*) make_call; printf '{"id":"%s","outcome":%s}\n' "$(text id)" "$(outcome)" ;;
    '{"type":"stop"'*) exit 0 ;;
    esac
done
