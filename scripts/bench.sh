#!/usr/bin/env bash
# The figures of README, in one run on this machine: read the ratios, absolute numbers are the machine's.
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

go test -run '^$' -bench "${BENCH:-.}" -benchmem -benchtime "${BENCHTIME:-1s}" -timeout 30m -p 1 \
    ./articles/... ./feeds ./web ./websub ./reads/... ./mail ./subscribers ./cmd/vestnik |
    grep -E '^(Benchmark|pkg:|cpu:|FAIL|panic|---)'
