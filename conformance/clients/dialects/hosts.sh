#!/bin/sh
# hosts.sh: a client that can be told nothing, by the hosts file and the system's
# authorities, as docs/unmodified-clients.md has it. Both are changed in
# namespaces of its own, in which run.sh starts it as root:
#   unshare --user --map-root-user --mount --net sh hosts.sh
#
# Prints one line, `ok   ...` or `FAIL ...`; none, and ends with 3, where that
# cannot be done. For run.sh, which sets WORK and MOCKSERVER.
set -u
PATH=$PATH:/usr/sbin:/sbin
unset CURL_CA_BUNDLE SSL_CERT_FILE SSL_CERT_DIR

echo '127.0.0.1 recognition.image.myqcloud.com service.image.myqcloud.com' \
    >"$WORK/hosts"
{
    command -v update-ca-certificates >/dev/null &&
        ip link set lo up &&
        mount --bind "$WORK/hosts" /etc/hosts &&
        mount -t tmpfs certs /etc/ssl/certs &&
        mount -t tmpfs local /usr/local/share/ca-certificates
} 2>/dev/null || exit 3

mkfifo "$WORK/ready"
"$MOCKSERVER" --port 80 --https-port 443 --tls-dir "$WORK/tls" \
    >"$WORK/ready" 2>"$WORK/errors" &
server=$!
read -r _ <"$WORK/ready"

# Hooks of other packages would write elsewhere.
"$MOCKSERVER" ca --tls-dir "$WORK/tls" \
    >/usr/local/share/ca-certificates/mockserver.crt
update-ca-certificates --hooksdir "$WORK/none" >"$WORK/update" 2>&1

call() {
    curl -q -sS -d '{"appid":"1000001"}' -H 'Content-Type: application/json' \
        -H "Authorization: $("$MOCKSERVER" sign)" "$1/face/livegetfour" 2>&1
}
replies=$(
    call https://recognition.image.myqcloud.com
    call http://service.image.myqcloud.com
)
kill "$server" && wait "$server"
case $replies in
*'"code":0,'*'"code":0,'*) echo 'ok   recipe for the hosts file' ;;
*)
    echo 'FAIL recipe for the hosts file: expected two replies with code 0,' \
        "got: $replies $(cat "$WORK/errors")"
    ;;
esac
