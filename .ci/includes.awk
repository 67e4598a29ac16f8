# Checks the direction of #include lines against the floors of
# docs/architecture.md. A file may include its own floor's public headers only
# where the table says so, and anything below.

function floor(name) {
    return name in level ? level[name] : 0
}

BEGIN {
    # floor 1: includes only its own floor
    n = split("arena strbuf text clock log base64 error_codes content_type media sha256 timers listen", a, " ")
    for (i = 1; i <= n; i++) level[a[i]] = 1
    # floor 2: the parts an exchange is made of
    n = split("error_listing params fault multipart accounts signature body settings url options", a, " ")
    for (i = 1; i <= n; i++) level[a[i]] = 2
    level["exchange"] = 3
    level["request"] = level["http_request"] = 4
    # floor 4: the stages; they never include each other, but for the table of
    # endpoints that some of them read
    n = split("endpoints validate decide render livedetectfour livedetectpicture livegetfour", a, " ")
    for (i = 1; i <= n; i++) level[a[i]] = 4
    level["pipeline"] = 5
    level["server"] = 6
    level["mockserver"] = 7
    n = split("commands cmd_serve cmd_sign cmd_errors cmd_check_config serve_options main", a, " ")
    for (i = 1; i <= n; i++) level[a[i]] = 8

    library["microhttpd.h"] = " server "
    library["cjson/cJSON.h"] = " accounts body "
    library["openssl/evp.h"] = " accounts sha256 "
    library["openssl/crypto.h"] = " accounts signature "
    library["openssl/core_names.h"] = " accounts "
}

FNR == 1 {
    me = FILENAME
    sub(/.*\//, "", me)
    sub(/\.[ch]$/, "", me)
    is_test = FILENAME ~ /\/(tests|fuzz|bench)\//
    if (!is_test && FILENAME ~ /^mockserver\// && me != "banned" && !floor(me)) {
        print FILENAME ": not on any floor of .ci/includes.awk"
        bad = 1
    }
}

is_test { next }

/^#include "/ {
    split($0, part, "\"")
    name = part[2]
    if (name ~ /\.(def|inc)$/) next
    sub(/.*\//, "", name)
    sub(/\.h$/, "", name)
    if (name == me) next
    if (floor(name) > floor(me) ||
        (floor(me) == 4 && floor(name) == 4 && name != "endpoints")) {
        print FILENAME ":" FNR ": " me " must not include " name ".h"
        bad = 1
    }
}

/^#include </ {
    match($0, /<[^>]*>/)
    name = substr($0, RSTART + 1, RLENGTH - 2)
    if (name ~ /^(microhttpd|cjson\/|openssl\/|curl\/)/ &&
        index(library[name], " " me " ") == 0) {
        print FILENAME ":" FNR ": " me " must not know <" name ">"
        bad = 1
    }
}

END { exit bad }
