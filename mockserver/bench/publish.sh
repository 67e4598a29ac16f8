#!/bin/sh
# publish.sh DOCUMENT REPORT.md...: puts reports into a document, each in place
# of what stands between the lines `<!-- REPORT -->` and `<!-- end -->`. Exit: 2
# when a report or its place is not there.
set -u
document=$1
shift
new=$(mktemp) || exit 2
trap 'rm -f "$new"' EXIT

for report; do
    name=$(basename "$report" .md)
    awk -v name="$name" -v report="$report" '
        $0 == "<!-- end -->" { inside = 0 }
        !inside { print }
        $0 == "<!-- " name " -->" {
            inside = 1
            print ""
            while ((got = (getline line <report)) > 0)
                print line
            print ""
            found = got == 0
        }
        END { exit !found }' "$document" >"$new" || {
        echo "publish.sh: no $report, or no place for it in $document:" \
            "expected the line <!-- $name -->" >&2
        exit 2
    }
    cat "$new" >"$document"
done
