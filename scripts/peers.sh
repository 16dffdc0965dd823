#!/usr/bin/env bash
# Starts real feed readers, and a browser with axe-core, against the daemon on loopback: cmd/vestnik/peers_feeds_test.go and
# peers_axe_test.go say what they must do. Prints a line for each part and what passed over the wire; on a failure, all that was
# said. Before that come the tests of our own that are too long for every day (VESTNIK_TEST_FULL).
set -euo pipefail
cd "$(dirname "$0")/.."

# What takes minutes and needs nobody else: ten thousand requests for one victim, four times as many sequences of verbs, and a reader's
# and an editor's journey in both languages.
VESTNIK_TEST_FULL=1 go test -count=1 -timeout 15m -run '^(TestAFloodOfRequests|TestAnySequenceOfVerbs)' ./subscribers
VESTNIK_TEST_FULL=1 go test -count=1 -timeout 15m -run '^(TestAReadersJourney|TestAnEditorApproves|TestWhatOpensEveryLinkOfALetterToEditors)' ./cmd/vestnik

status=0
scripts/install-peers.sh || status=$?
case $status in
0) ;;
3) exit 0 ;; # not a machine to install on; it has said what is missing
*) exit 1 ;;
esac
log=$(mktemp)
trap 'rm -f "$log"' EXIT
if ! go test -v -tags peers -count=1 -timeout 15m -run '^TestPeers' ./cmd/vestnik >"$log" 2>&1; then
    grep -a -v -E '^=== |^ *--- PASS' "$log" | head -300
    exit 1
fi
grep -a -E '^ {0,8}--- PASS|: 226 with |^ok ' "$log"
