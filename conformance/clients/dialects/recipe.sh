#!/bin/sh
# recipe.sh NAME REPLIES: runs what docs/unmodified-clients.md shows in the
# section NAME, under `mockserver exec --no-proxy-env`. Its programs go to the
# files that their first lines name, then its blocks tagged `shell` are run; so
# many REPLIES with code 0 must come. For run.sh, which sets WORK.
#
# Prints one line, `ok   ...` or `FAIL ...`.
set -u

name=$1 replies=$2
AUTHORIZATION=$("$MOCKSERVER" sign)
export AUTHORIZATION

# Cuts the section's blocks into files of the current directory.
cut_blocks() {
    awk -v section="$name" '
        /^#/ && tag == "" { on = $0 ~ "^#+ " section "$" }
        !on { next }
        /^```/ && tag == "" { tag = substr($0, 4); file = ""; next }
        /^```/ { if (file != "") close(file); tag = ""; next }
        tag == "shell" { print >>"recipe"; next }
        tag != "" && tag != "sh" && tag != "console" && tag != "text" {
            if (file == "" && match($0, /[A-Za-z]+[.][a-z]+/))
                file = substr($0, RSTART, RLENGTH)
            print >file
        }
    ' "$1"
}

document=$PWD/docs/unmodified-clients.md
rm -rf "$WORK/recipe" && mkdir "$WORK/recipe" && cd "$WORK/recipe" || exit 2
cp "$LIVEDETECT_CA_FILE" ca.pem
sed "s/\(127\.0\.0\.1[^0-9]*\)8080/\1${LIVEDETECT_URL##*:}/g" "$document" >page
cut_blocks page
sh -eu recipe >out 2>errors
status=$?
came=$(grep -o '"code":0,' out | wc -l)
if [ "$status" = 0 ] && [ "$((came))" = "$replies" ]; then
    echo "ok   recipe for $name"
else
    echo "FAIL recipe for $name: expected status 0 and $replies replies with" \
        "code 0, got $status and: $(cat out errors | tail -c 1000)"
fi
