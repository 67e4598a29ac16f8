# Checks the direction of #include lines against the floors of
# docs/architecture.md: a file may include headers of its own floor and below.
# The suite knows one module of the server's, and the clients nobody's.

function floor(name) {
    return name in level ? level[name] : 0
}

function put(number, names,    n, a, i) {
    n = split(names, a, " ")
    for (i = 1; i <= n; i++) level[a[i]] = number
}

function put_suite(number, names,    n, a, i) {
    n = split(names, a, " ")
    for (i = 1; i <= n; i++) level["conformance/" a[i]] = number
}

# Is there a header of that name beside the file?
function is_beside(name,    path, line, found) {
    path = FILENAME
    sub(/[^\/]*$/, name ".h", path)
    found = (getline line < path) >= 0
    close(path)
    return found
}

BEGIN {
    # the ground: bytes, time, files; nothing of the service
    put(1, "arena strbuf text json_text json_members clock log base64 error_codes content_type media sha256 timers listen files signals url options listing mutants hosts front watch bounds sandbox")
    # the parts an exchange is made of
    put(2, "json_strict params fault multipart accounts accounts_file accounts_store signature signing body settings error_listing tls")
    put(3, "exchange request")
    # tables that describe it, and what is recorded of it
    put(4, "endpoints findings findings_message findings_body findings_signature findings_rules finding_listing verdict verdict_tally journal journal_entry journal_file journal_pages journal_render fault_rule fault_rules metrics explain explain_render explain_search http_request")
    # the stages; they never include each other
    put(5, "validate decide render proxy livedetectfour livedetectpicture livegetfour")
    put(6, "pipeline admin admin_calls admin_guard admin_input admin_sign tunnel")
    put(7, "server")
    put(8, "mockserver")
    put(9, "commands cmd_serve cmd_sign cmd_errors cmd_findings cmd_check_config cmd_check cmd_exec cmd_explain cmd_ca exec_environment exec_trust serve_options serve_sandbox main")

    # the suite: bytes; parts of requests and reports; exchanges; cases and
    # results; the program
    put_suite(1, "bytes value now section")
    put_suite(2, "signer utf8 outfile secrets match config reach transcript client_process authorization form")
    put_suite(3, "wire mock media protocol difference case_check reply_check message dialogue handshake lease client_call")
    put_suite(4, "casefile plan result tally run coverage recording report report_text report_json report_junit report_markdown")
    put_suite(5, "case_account service client_check client_ask client_wire client_report client_behaviour client_case")
    put_suite(6, "suite_options setup keeper runner validate")
    put_suite(7, "main")

    library["microhttpd.h"] = " server "
    library["gnutls/gnutls.h"] = " server "
    library["cjson/cJSON.h"] = " accounts_file json_strict fault_rule fault_rules admin_input "
    library["openssl/evp.h"] = " accounts sha256 tls "
    library["openssl/crypto.h"] = " accounts accounts_file signature tls "
    library["openssl/bio.h"] = " tls "
    library["openssl/err.h"] = " tls "
    library["openssl/pem.h"] = " tls "
    library["openssl/rand.h"] = " tls "
    library["openssl/x509.h"] = " tls "
    library["openssl/x509v3.h"] = " tls "
    library["openssl/core_names.h"] = " accounts "
    library["seccomp.h"] = " sandbox "

    suite_library["curl/curl.h"] = " reach mock wire main "
    suite_library["criterion/criterion.h"] = " runner "
    suite_library["openssl/evp.h"] = " bytes signer authorization "
    suite_library["openssl/hmac.h"] = " signer authorization "
}

FNR == 1 {
    me = FILENAME
    sub(/.*\//, "", me)
    sub(/\.[ch]$/, "", me)
    is_test = FILENAME ~ /\/(tests|fuzz|bench)\//
    is_client = FILENAME ~ /^conformance\/clients\//
    half = FILENAME ~ /^conformance\// ? "conformance/" : ""
    if (!is_test && !is_client && me != "banned" && !floor(half me)) {
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
    if (is_client) {
        allowed = is_beside(name)
    } else if (half != "" && name == "error_codes") {
        allowed = 1
    } else {
        theirs = floor(half name)
        mine = floor(half me)
        allowed = theirs && theirs <= mine &&
            !(half == "" && mine == 5 && theirs == 5)
    }
    if (!allowed) {
        print FILENAME ":" FNR ": " me " must not include " name ".h"
        bad = 1
    }
}

/^#include </ && !is_client {
    match($0, /<[^>]*>/)
    name = substr($0, RSTART + 1, RLENGTH - 2)
    known = half == "" ? library[name] : suite_library[name]
    if (name ~ /^(microhttpd|seccomp|gnutls\/|cjson\/|openssl\/|curl\/|criterion\/criterion)/ &&
        index(known, " " me " ") == 0) {
        print FILENAME ":" FNR ": " me " must not know <" name ">"
        bad = 1
    }
}

END { exit bad }
