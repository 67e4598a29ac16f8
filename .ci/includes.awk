# Checks the direction of #include lines against the floors of
# docs/architecture.md. A file may include its own floor's public headers only
# where the table says so, and anything below.

function floor(name) {
    return name in level ? level[name] : 0
}

function put(number, names,    n, a, i) {
    n = split(names, a, " ")
    for (i = 1; i <= n; i++) level[a[i]] = number
}

BEGIN {
    # the ground: bytes, time, files; nothing of the service
    put(1, "arena strbuf text json_text clock log base64 error_codes content_type media sha256 timers listen files signals url options listing")
    # the parts an exchange is made of
    put(2, "json_strict params fault multipart accounts accounts_file accounts_store signature signing body settings error_listing")
    put(3, "exchange request")
    # tables that describe it, and what is recorded of it
    put(4, "endpoints findings findings_message findings_body findings_signature findings_rules finding_listing verdict verdict_tally journal journal_entry journal_file journal_render fault_rule fault_rules metrics explain explain_render explain_search http_request")
    # the stages; they never include each other
    put(5, "validate decide render livedetectfour livedetectpicture livegetfour")
    put(6, "pipeline admin admin_calls admin_guard admin_input admin_sign")
    put(7, "server")
    put(8, "mockserver")
    put(9, "commands cmd_serve cmd_sign cmd_errors cmd_findings cmd_check_config cmd_check cmd_exec cmd_explain serve_options main")

    library["microhttpd.h"] = " server "
    library["cjson/cJSON.h"] = " accounts_file body json_strict fault_rule fault_rules admin_input "
    library["openssl/evp.h"] = " accounts sha256 "
    library["openssl/crypto.h"] = " accounts accounts_file signature "
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
    if (floor(name) > floor(me) || (floor(me) == 5 && floor(name) == 5)) {
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
