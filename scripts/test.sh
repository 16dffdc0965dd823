#!/usr/bin/env bash
# Lint; the suite on SQLite; the same suite on PostgreSQL; the race detector. Fails unless both databases ran the same tests.
set -euo pipefail
cd "$(dirname "$0")/.."
logs=$(mktemp -d)

# suite NAME ARGS...: runs go test, shows a line per package, and on failure what failed.
suite() {
    local name=$1
    shift
    echo "== $name: go test $*"
    if ! go test -v "$@" ./... >"$logs/$name" 2>&1; then
        grep -a -E -B40 -A30 '^ *--- FAIL|^panic:|^FAIL|build failed|DATA RACE' "$logs/$name" | head -300
        echo "== $name failed"
        exit 1
    fi
    grep -a -E '^ok ' "$logs/$name"
    grep -a -E '^ *--- SKIP' -A1 "$logs/$name" || true
}

scripts/lint.sh
suite sqlite -count=1

. scripts/postgres.sh
if start_postgres; then
    suite postgres -count=1
    for name in sqlite postgres; do
        grep -a -E '^ *--- (PASS|SKIP)' "$logs/$name" | sed -E 's/^ *--- (PASS|SKIP): ([^ ]+).*/\1 \2/' | sort >"$logs/$name.ran"
    done
    if ! diff "$logs/sqlite.ran" "$logs/postgres.ran" >"$logs/diff"; then
        echo "The two databases did not run the same tests (< SQLite, > PostgreSQL):"
        head -50 "$logs/diff"
        exit 1
    fi
    echo "== both databases ran the same $(wc -l <"$logs/sqlite.ran") tests"
    unset VESTNIK_TEST_POSTGRES
elif [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
    echo "PostgreSQL did not start, and without it half of the suite is missing."
    exit 1
else
    echo "== PostgreSQL is not installed: the suite ran on SQLite only"
fi

suite race -race -short -count=1
rm -rf "$logs"
echo "== all passed"
