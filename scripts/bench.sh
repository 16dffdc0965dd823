#!/usr/bin/env bash
# The figures of README, in one run on this machine: read the ratios, absolute numbers are the machine's.
set -euo pipefail
cd "$(dirname "$0")/.."
go test -run '^$' -bench . -benchmem -benchtime "${BENCHTIME:-1s}" ./articles/... ./feeds ./web ./reads ./mail ./subscribers |
    grep -E '^(Benchmark|pkg:|cpu:|FAIL|panic|---)'
