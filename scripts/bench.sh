#!/usr/bin/env bash
# The figures of README and docs/performance.md, in one run on this machine: read the ratios, absolute numbers are the machine's.
# BENCH=Beacons runs some of them. A program goatcounter (v2.7.0) in the path is measured beside the beacons.
# VESTNIK_BENCH_LARGE= (empty) leaves out what takes minutes: ten million hourly rows, 100,000 articles, a million subscribers.
set -euo pipefail
cd "$(dirname "$0")/.."

missing=()
command -v nginx >/dev/null || [ -x /usr/sbin/nginx ] || missing+=(nginx-light)
command -v wrk >/dev/null || missing+=(wrk)
if [ ${#missing[@]} -gt 0 ]; then
    if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
        echo "Installing for the benchmarks, from Debian: ${missing[*]}"
        { apt-get update -q && DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends "${missing[@]}"; } >/dev/null 2>&1 </dev/null ||
            echo "Installing failed; the benchmarks that need these are skipped: ${missing[*]}"
    else
        echo "Not installed, so the benchmarks that need them are skipped: ${missing[*]}"
    fi
fi
export PATH="$PATH:/usr/sbin"

export VESTNIK_BENCH_LARGE="${VESTNIK_BENCH_LARGE-1}"
results=$(mktemp)
failed=0
trap 'rm -f "$results"' EXIT

go test -run '^$' -bench "${BENCH:-.}" -benchmem -benchtime "${BENCHTIME:-1s}" -timeout 60m -p 1 \
    ./articles/... ./feeds ./web ./websub ./reads/... ./mail ./subscribers ./digest ./cmd/vestnik |
    grep -E '^(Benchmark|pkg:|cpu:|FAIL|panic|---|    [a-z_]+\.go)' | tee "$results" || failed=$?

# Each gate: what it is | the benchmark | its metric, or one minus another | at least or at most | how many | of what, and how much one is of the metric's.
echo
awk -F ' *[|] *' '
FILENAME == ARGV[1] {
    if ($0 !~ /^Benchmark/) next
    n = split($0, field, /[ \t]+/)
    sub(/-[0-9]+$/, "", field[1])
    for (i = 3; i < n; i += 2) metric[field[1], field[i + 1]] = field[i]
    next
}
NF == 6 {
    name = "Benchmark" $2
    parts = split($3, unit, " minus ")
    got = (name, unit[1]) in metric && (parts == 1 || (name, unit[2]) in metric)
    split($6, shown, " ")
    if (!got) {
        printf "  %12s  %-22s %-9s %s\n", "-", $4 " " $5 " " shown[1], "not run", $1
        next
    }
    value = metric[name, unit[1]]
    if (parts == 2) value -= metric[name, unit[2]]
    value *= shown[2]
    met = $4 == "at least" ? value >= $5 : value <= $5
    text = sprintf(value < 10 ? "%.2f %s" : "%.0f %s", value, shown[1])
    printf "  %12s  %-22s %-9s %s\n", text, $4 " " $5 " " shown[1], met ? "met" : "MISSED", $1
    if (!met) missed = missed sprintf("Missed: %s is %s, and was to be %s %s %s.\n", $1, text, $4, $5, shown[1])
    run++
}
BEGIN { print "Gates of reads, related news, subscribers and digests (docs/performance.md):" }
END { printf "%s", missed != "" ? "\n" missed : run ? "\nNo gate that was run is missed.\n" : "\nNo gate was run.\n" }
' "$results" - <<'GATES'
beacons accepted, connections kept | Beacons | accepted/s | at least | 15000 | /s 1
the same against goatcounter, which closes them | Beacons | of_goatcounter | at least | 10 | times 1
beacons accepted, a connection for each, against goatcounter | Beacons | closed-of_goatcounter | at least | 3 | times 1
100,000 reads written to the database | Flush | ns/op | at most | 2 | s 1e-9
top 20 of 7 days in 10 million hourly rows | Top/10000k_hours/7d/reads | ns/op | at most | 160 | ms 1e-6
top 20 of 30 days in 10 million hourly rows | Top/10000k_hours/30d/reads | ns/op | at most | 370 | ms 1e-6
lines of an access log imported, combined format | ImportLog/combined | lines/s | at least | 150000 | /s 1
lines of an access log imported, Caddy's JSON | ImportLog/caddy | lines/s | at least | 150000 | /s 1
lines of an access log imported, of yesterday, whose visitors are stored | ImportLog/yesterday | lines/s | at least | 150000 | /s 1
an edition compiled from 10 million hourly rows and 100,000 articles, by reads | Compile/10000k_hours/reads | ns/op | at most | 300 | ms 1e-6
the same, by adjusted reads | Compile/10000k_hours/adjusted | ns/op | at most | 300 | ms 1e-6
the same, one article for each story | Compile/10000k_hours/collapse | ns/op | at most | 300 | ms 1e-6
the same, of a dozen blocks and more | Compile/10000k_hours/blocks | ns/op | at most | 300 | ms 1e-6
an edition frozen and its letters to 1,000,000 subscribers written down, after the slot | Slot/1000k_subscribers | s-enqueued | at most | 8 | s 1
the longest that a page waited meanwhile | Slot/1000k_subscribers | ms-page-wait | at most | 250 | ms 1
the longest that a flush of reads waited | Slot/1000k_subscribers | ms-write-wait | at most | 250 | ms 1
the longest that a request to join waited | Slot/1000k_subscribers | ms-join-wait | at most | 250 | ms 1
memory of that daemon | Slot/1000k_subscribers | MB-peak | at most | 100 | MB 1
the first letter of an edition for 500,000 subscribers is with the relay, after the slot | Slot/500k_subscribers | s-first-letter | at most | 2 | s 1
memory of that daemon, which sends besides | Slot/500k_subscribers | MB-peak | at most | 100 | MB 1
related news of a new article among 100,000 | Similar/100000/similar | ns/op | at most | 30 | ms 1e-6
its list and the lists near it | Similar/100000/lists | ns/op | at most | 30 | ms 1e-6
related news, nDCG@5 on stories kept aside, above BM25 over plain words | Relevance/kept | nDCG@5 minus nDCG@5-words | at least | 0.10 | more 1
1,000,000 subscribers imported, log of consent on | ImportMillion | ns/op | at most | 25 | s 1e-9
memory of that | ImportMillion | MB-peak | at most | 150 | MB 1
the million exported | ImportMillion | s-export | at most | 10 | s 1
of a million subscribers: those of a domain, a page of 1,000 | ListMillion/domain | ns/op | at most | 20 | ms 1e-6
of a million subscribers: all that is held about one | ListMillion/show | ns/op | at most | 20 | ms 1e-6
of a million subscribers: a change of preferences | ListMillion/choose | ns/op | at most | 20 | ms 1e-6
one-click leavings over HTTP, each durable | OneClickLeaving | leaves/s | at least | 2000 | /s 1
GATES
exit "$failed"
