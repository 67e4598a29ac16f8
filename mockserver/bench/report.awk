# report.awk: prints the rows that row.awk has made, as a text table, Markdown
# or JSON (-v format). The first file holds facts: name, tab, value.

function number(x) {
    if (x == "-")
        return "-"
    if (x >= 100)
        return sprintf("%.0f", x)
    if (x >= 10)
        return sprintf("%.1f", x)
    return sprintf(x >= 0.1 ? "%.2f" : "%.3f", x)
}

function figures(at) {
    if ($at == "-")
        return ""
    return number($at) " (" number($(at + 1)) " to " number($(at + 2)) ")"
}

# What is asked for, as people read it.
function target() {
    if ($15 == "-")
        return ""
    return ($15 == "ratio" ? "ratio " : "") \
        ($16 == "<=" ? "at most " : "at least ") $17
}

function quoted(text) {
    gsub(/\\/, "&&", text)
    gsub(/"/, "\\\\&", text)
    return "\"" text "\""
}

function object(at) {
    return sprintf("{\"median\": %s, \"minimum\": %s, \"maximum\": %s}",
        $at, $(at + 1), $(at + 2))
}

function json_row() {
    printf "%s\n    {\"section\": %s, \"key\": %s, \"what\": %s, \"unit\": %s,",
        comma, quoted($1), quoted($2), quoted($3), quoted($4)
    printf "\n     \"measured\": %s", object(5)
    if ($9 != "-")
        printf ",\n     \"reference\": %s, \"reference_measured\": %s,\n" \
            "     \"ratio\": %s", quoted($8), object(9), object(12)
    if ($15 != "-")
        printf ",\n     \"judged\": %s, \"relation\": %s, \"target\": %s, " \
            "\"verdict\": %s", quoted($15), quoted($16), $17, quoted($18)
    printf "}"
    comma = ","
}

function markdown_row() {
    if ($1 != last)
        printf "%s**%s**\n\n| | | beside | ratio | target | |\n" \
            "|---|---|---|---|---|---|\n", last == "" ? "" : "\n", $1
    printf "| %s, %s | %s | %s | %s | %s | %s |\n", $3, $4, figures(5),
        $9 == "-" ? "" : $8 ": " figures(9), $12 == "-" ? "" : number($12),
        target(), $18 == "-" ? "" : $18
}

function text_row() {
    if ($1 != last)
        printf "%s%s\n", last == "" ? "" : "\n", $1
    printf "  %-54s %-25s %-52s %8s  %-18s %s\n", $3 ", " $4, figures(5),
        $9 == "-" ? "" : $8 ": " figures(9), $12 == "-" ? "" : number($12),
        target(), $18 == "-" ? "" : $18
}

FNR == 1 { file++ }
file == 1 {
    if (format == "json")
        printf "%s\n  %s: %s", $1 == "processor" ? "{" : ",", quoted($1), quoted($2)
    gsub(/_/, " ", $1)
    header = header (header == "" ? "" : ", ") $1 " " $2
    next
}
FNR == 1 {
    if (format == "json")
        printf ",\n  \"rows\": ["
    else
        print header "\n"
}
{
    if (format == "json")
        json_row()
    else if (format == "markdown")
        markdown_row()
    else
        text_row()
    last = $1
    count[$18]++
}
END {
    if (format == "json")
        print "\n  ]\n}"
    else
        printf "\n%d targets met, %d missed\n", count["ok"], count["missed"]
}
