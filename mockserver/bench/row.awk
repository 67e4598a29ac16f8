# row.awk: one row of the report from its samples; see row() in lib.sh. Fields,
# with tabs between: section, key, label, unit; median, minimum, maximum of the
# sample; the reference's name and its three; those of the rounds' ratios; what
# is judged, relation, target, verdict. What there is not is "-".

function read_file(name, values,    n, line) {
    while ((getline line <name) > 0)
        values[++n] = line + 0
    close(name)
    return n
}

function sort(values, n,    i, k, value) {
    for (i = 2; i <= n; i++) {
        value = values[i]
        for (k = i - 1; k > 0 && values[k] > value; k--)
            values[k + 1] = values[k]
        values[k + 1] = value
    }
}

# Median, minimum, maximum. Sorts.
function summary(values, n) {
    if (n == 0)
        return "-\t-\t-"
    sort(values, n)
    middle = (values[int((n + 1) / 2)] + values[int(n / 2) + 1]) / 2
    return sprintf("%.6g\t%.6g\t%.6g", middle, values[1], values[n])
}

function verdict(value) {
    if (judged == "-")
        return "-"
    if (relation == "<=")
        return value <= target ? "ok" : "missed"
    return value >= target ? "ok" : "missed"
}

BEGIN {
    n = read_file(samples sample, own)
    n_reference = 0
    if (reference != "-")
        n_reference = read_file(samples reference_sample, other)
    if (n == 0 || (reference != "-" && n_reference != n))
        exit 1
    for (i = 1; i <= n_reference; i++)
        ratio[i] = other[i] > 0 ? own[i] / other[i] : 0
    own_text = summary(own, n)
    own_middle = middle
    ratio_text = summary(ratio, n_reference)
    value = judged == "ratio" ? middle : own_middle
    OFS = "\t"
    print section, key, label, unit, own_text, reference,
        summary(other, n_reference), ratio_text, judged, relation, target,
        verdict(value)
}
