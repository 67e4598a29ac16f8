#!/bin/sh
# docs.sh [DOCUMENT...]: runs what the documents show, so that they stay true.
# Without arguments it takes README.md and docs/*.md, from the repository's
# root. docs/testing.md tells how to write a document for it.
#
# - A block tagged `sh` is run and must end with status 0. The blocks of one
#   document run in order in one shell, against a server of its own.
# - A `text` or `json` block right after it, with only blank lines between, is
#   the whole output, stdout and stderr; `...` in it stands for any text.
# - 127.0.0.1:8080 stands for that server, build/mockserver for $MOCKSERVER,
#   other programs in build/ for those in $BUILD.
# - `--sandbox` is left out where the server refuses it.
#
# Also: the curl lines that a server prints at its start answer code 0, links
# lead somewhere, README.md names every page, docs/cli.md every option.
#
# One line a failure; the last line is `N passed, N failed`. Exit: 0 all
# passed, 1 something failed, 2 could not begin.
set -u
LC_ALL=C
export LC_ALL

MOCKSERVER=${MOCKSERVER:-build/mockserver}
BUILD=${BUILD:-build}
BLOCK_SECONDS=120 # for all blocks of a document, in case one hangs

if [ ! -x "$MOCKSERVER" ] || [ ! -f README.md ]; then
    echo "docs.sh: no $MOCKSERVER or README.md here" >&2
    exit 2
fi
work=$(mktemp -d) || exit 2
server=
stop() {
    [ -z "$server" ] || kill "$server" 2>/dev/null
    rm -rf "$work"
}
trap stop EXIT
trap 'exit 2' HUP INT TERM
# Commands read as a person types them; curl keeps quiet all the same.
CURL_HOME=$work
export CURL_HOME MOCKSERVER BUILD
unset http_proxy all_proxy ALL_PROXY no_proxy NO_PROXY LIVEDETECT_TARGET
printf 'silent\nshow-error\n' >"$work/.curlrc"

. mockserver/tests/lib.sh

# What cannot be confined, as a sanitizer's build, runs without.
unconfined=
"$MOCKSERVER" exec --sandbox -- true >/dev/null 2>&1 ||
    unconfined='s/ --sandbox//'

# A file's text on one line.
flat() {
    awk 'NR > 1 { printf "\\n" } { printf "%s", $0 }' "$1"
}

# Starts a server on a free port, sets $server and $port. Its first line on
# stdout says that it serves; until then the reading waits.
start_server() {
    port=
    rm -f "$work/ready"
    mkfifo "$work/ready" || exit 2
    "$MOCKSERVER" --port 0 --log-level info \
        >"$work/ready" 2>"$work/server.err" &
    server=$!
    read -r line <"$work/ready"
    port=${line##*:}
    case $port in
    '' | *[!0-9]*)
        cat "$work/server.err" >&2
        echo "docs.sh: the server did not start: $line" >&2
        exit 2
        ;;
    esac
}

# Ends it; a status other than 0 (a leak, say) is a failure of $1.
stop_server() {
    kill "$server"
    wait "$server"
    status=$?
    server=
    if [ "$status" = 0 ]; then
        pass
    else
        fail "$1: its server ended with status $status, expected 0;" \
            "its stderr ends: $(tail -n 3 "$work/server.err" | flat /dev/stdin)"
    fi
}

# Cuts a document's blocks into $work/N.sh and $work/N.expected, with the line
# number of each in $work/N.line. Prints how many there are.
cut_blocks() {
    awk -v work="$work" '
        function fence(line) {
            sub(/^[ ]*/, "", line)
            return substr(line, 1, 3) == "```"
        }
        !inside && fence($0) {
            tag = $0
            sub(/^[ ]*```/, "", tag)
            inside = 1
            file = ""
            if (tag == "sh") {
                n++
                file = work "/" n ".sh"
                print FNR >(work "/" n ".line")
                close(work "/" n ".line")
                printf "" >file
            } else if ((tag == "text" || tag == "json") && after_sh) {
                file = work "/" n ".expected"
                printf "" >file
            }
            after_sh = 0
            next
        }
        inside && fence($0) {
            inside = 0
            if (file != "") close(file)
            after_sh = tag == "sh"
            next
        }
        inside && file != "" { print >file }
        !inside && /[^ \t]/ { after_sh = 0 }
        END { print n + 0 }
    ' "$1"
}

# Does the text of $2 match that of $1, where `...` stands for any text? The
# end of the last line does not count: curl leaves it out.
matches() {
    awk -v want_file="$1" -v got_file="$2" '
        function read_file(name,    text, line) {
            while ((getline line <name) > 0) text = text line "\n"
            sub(/\n+$/, "", text)
            return text
        }
        BEGIN {
            want = read_file(want_file)
            got = read_file(got_file)
            while ((at = index(want, "...")) > 0) {
                piece[++n] = substr(want, 1, at - 1)
                want = substr(want, at + 3)
            }
            if (n == 0) exit want != got
            if (substr(got, 1, length(piece[1])) != piece[1]) exit 1
            got = substr(got, length(piece[1]) + 1)
            for (i = 2; i <= n; i++) {
                at = index(got, piece[i])
                if (at == 0) exit 1
                got = substr(got, at + length(piece[i]))
            }
            at = length(got) - length(want)
            exit !(at >= 0 && substr(got, at + 1) == want)
        }
    ' </dev/null
}

# Judges block $2 of document $1, whose output and status are there.
judge_block() {
    where=$1:$(cat "$work/$2.line")
    if [ ! -f "$work/$2.status" ]; then
        fail "$where: did not run to its end: a block before it, or itself," \
            "ended the shell or took too long; got: $(flat "$work/$2.out")"
        return
    fi
    status=$(cat "$work/$2.status")
    sed "s/127\.0\.0\.1:$port/127.0.0.1:8080/g" "$work/$2.out" >"$work/got"
    if [ "$status" != 0 ]; then
        fail "$where: expected status 0, got $status and: $(flat "$work/got")"
    elif [ -f "$work/$2.expected" ] &&
        ! matches "$work/$2.expected" "$work/got"; then
        fail "$where: expected: $(flat "$work/$2.expected") got:" \
            "$(flat "$work/got")"
    else
        pass
    fi
}

run_document() {
    rm -f "$work"/[0-9]*
    n_blocks=$(cut_blocks "$1")
    [ "$n_blocks" != 0 ] || return
    start_server
    for block in $(seq "$n_blocks"); do
        # shellcheck disable=SC2016 # the variable is for the document's shell
        sed -e "s/127\.0\.0\.1:8080/127.0.0.1:$port/g" -e "$unconfined" \
            -e 's|build/mockserver|"$MOCKSERVER"|g' \
            -e 's|build/conformance|"$BUILD"/conformance|g' \
            "$work/$block.sh" >"$work/$block.run"
        : >"$work/$block.out"
        printf '. "%s" >"%s" 2>&1\necho $? >"%s"\n' "$work/$block.run" \
            "$work/$block.out" "$work/$block.status"
    done >"$work/document.sh"
    timeout "$BLOCK_SECONDS" sh "$work/document.sh" </dev/null \
        >"$work/document.log" 2>&1
    for block in $(seq "$n_blocks"); do
        judge_block "$1" "$block"
    done
    if [ -s "$work/document.log" ]; then
        fail "$1: its shell says: $(flat "$work/document.log")"
    fi
    stop_server "$1"
}

# The curl lines of a server's start, each joined to one line.
printed_commands() {
    awk '
        /^  curl / { command = ""; taking = 1 }
        taking {
            more = sub(/\\$/, "")
            command = command $0
            if (!more) { print command; taking = 0 }
        }
    ' "$1"
}

# What a server prints is whole once it has ended, and its signatures are good
# for any later server: another one answers the lines, on its own port.
check_printed_commands() {
    start_server
    printed=$port
    stop_server "the printed curl lines"
    printed_commands "$work/server.err" >"$work/printed"
    if [ ! -s "$work/printed" ]; then
        fail "the server's start: expected curl lines, got none"
        return
    fi
    start_server
    sed "s/127\.0\.0\.1:$printed/127.0.0.1:$port/g" "$work/printed" \
        >"$work/commands"
    while read -r command; do
        got=$(sh -c "$command" </dev/null 2>&1)
        case $got in
        *'"code":0,"message":"OK"}') pass ;;
        *) fail "printed at the start: $command: expected code 0, got: $got" ;;
        esac
    done <"$work/commands"
    stop_server "the printed curl lines"
}

# The targets of the links in a document, code left out.
links() {
    awk '
        { line = $0; sub(/^[ ]*/, "", line) }
        substr(line, 1, 3) == "```" { code = !code; next }
        code { next }
        {
            gsub(/`[^`]*`/, "")
            while (match($0, /\]\([^)]*\)/)) {
                print substr($0, RSTART + 2, RLENGTH - 3)
                $0 = substr($0, RSTART + RLENGTH)
            }
        }
    ' "$1"
}

# The anchors of a document's headings, as GitHub makes them.
anchors() {
    awk '
        { line = $0; sub(/^[ ]*/, "", line) }
        substr(line, 1, 3) == "```" { code = !code; next }
        !code && /^#+ / {
            sub(/^#+ +/, "")
            text = tolower($0)
            gsub(/[^a-z0-9 _-]/, "", text)
            gsub(/ /, "-", text)
            print text
        }
    ' "$1"
}

check_link() {
    target=${2%%#*}
    anchor=
    case $2 in
    *'#'*) anchor=${2#*#} ;;
    esac
    if [ -n "$target" ]; then
        target=$(dirname "$1")/$target
    else
        target=$1
    fi
    if [ ! -e "$target" ]; then
        fail "$1: the link $2 leads nowhere: expected $target"
    elif [ -n "$anchor" ] && ! anchors "$target" | grep -qxF -- "$anchor"; then
        fail "$1: the link $2 leads nowhere: no heading $anchor in $target"
    else
        pass
    fi
}

check_links() {
    links "$1" | sort -u >"$work/links"
    while read -r link; do
        case $link in
        http://* | https://*) ;;
        *) check_link "$1" "$link" ;;
        esac
    done <"$work/links"
}

check_index() {
    links README.md >"$work/links"
    for page in docs/*.md; do
        if sed 's/#.*//' "$work/links" | grep -qxF "$page"; then
            pass
        else
            fail "README.md: expected a link to $page, got none"
        fi
    done
}

expect_in_cli() {
    if grep -sqE -- "$1" docs/cli.md; then
        pass
    else
        fail "docs/cli.md: expected $2, got nothing"
    fi
}

# The options and commands that --help lists begin its indented lines.
check_options() {
    commands=$("$MOCKSERVER" --help |
        awk '/^commands:/ { on = 1; next } on && /^  [a-z]/ { print $1 }')
    for command in $commands; do
        expect_in_cli "^#+ mockserver $command\$" "a section on $command"
    done
    for command in '' $commands; do
        # shellcheck disable=SC2086 # '' is no argument
        "$MOCKSERVER" $command --help | awk '$1 ~ /^--[a-z]/ { print $1 }'
    done | sort -u >"$work/options"
    while read -r option; do
        expect_in_cli "\`${option}[\` ]" "the option $option"
    done <"$work/options"
}

if [ $# = 0 ]; then
    set -- README.md docs/*.md
    check_index
    check_options
    check_printed_commands
    for document in "$@" fixtures/*/README.md; do
        check_links "$document"
    done
fi
for document in "$@"; do
    run_document "$document"
done
echo "$passed passed, $failed failed"
[ "$failed" = 0 ]
