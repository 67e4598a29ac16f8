#!/bin/sh
# What programs with an old libcurl send: `Expect: 100-continue` before any body
# over 1024 bytes, which newer ones leave out up to 1 MB.
#   mockserver exec -- sh conformance/clients/dialects/client.sh [BASE_URL]
set -u
base_url=${1:-https://recognition.image.myqcloud.com}
fixtures=$(dirname "$0")/../../../fixtures

# Other users of the machine can read the key on openssl's command line.
sign() {
    now=$(date +%s)
    text="a=$LIVEDETECT_APPID&b=$LIVEDETECT_BUCKET&k=$LIVEDETECT_SECRET_ID&e=$((now + 30))&t=$now&r=$$&u=0&f="
    {
        printf %s "$text" |
            openssl dgst -sha1 -hmac "$LIVEDETECT_SECRET_KEY" -binary
        printf %s "$text"
    } | openssl base64 -A
}

post() {
    endpoint=$1
    shift
    curl -q -sS --max-time 20 -H "Authorization: $(sign)" \
        -H 'Expect: 100-continue' -F "appid=$LIVEDETECT_APPID" \
        -F "bucket=$LIVEDETECT_BUCKET" "$@" "$base_url/face/$endpoint"
    echo
}

four() {
    post livedetectfour -F validate_data=9532 -F compare_flag=true \
        -F "video=@$fixtures/media/talking.mp4" \
        -F "card=@$fixtures/media/face.jpg" "$@"
}

four
post livedetectpicture -F "image=@$fixtures/media/photo.jpg"
four -F seq=mock-fault:-5007
post livedetectpicture -F "image=@$fixtures/faults/photo.-4015.jpg"
