#!/usr/bin/env bash
# Installs what the tests need and this machine lacks: only as root on Debian, quietly, and it says what.
# Elsewhere it says what will be skipped.
set -euo pipefail

missing=()
[ -n "$(ls -d /usr/lib/postgresql/*/bin/initdb 2>/dev/null)" ] || missing+=(postgresql)
command -v chromium >/dev/null || missing+=(chromium)
command -v postfix >/dev/null || [ -x /usr/sbin/postfix ] || missing+=(postfix)
command -v xmllint >/dev/null || missing+=(libxml2-utils)
command -v python3 >/dev/null || missing+=(python3)
command -v zsh >/dev/null || missing+=(zsh)   # for the tests of tab completion
command -v fish >/dev/null || missing+=(fish)
command -v gcc >/dev/null || missing+=(gcc libc6-dev) # for the race detector

if [ ${#missing[@]} -gt 0 ]; then
    if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
        echo "Installing for the tests, from Debian: ${missing[*]}"
        log=$(mktemp)
        export DEBIAN_FRONTEND=noninteractive
        if ! { apt-get update -q && apt-get install -y -q --no-install-recommends "${missing[@]}"; } >"$log" 2>&1 </dev/null; then
            tail -20 "$log"
            echo "Installing failed; the tests that need these are skipped: ${missing[*]}"
        fi
        rm -f "$log"
    else
        echo "Not installed, so the tests that need them are skipped: ${missing[*]}"
    fi
fi

# mailparser, a second reader of our letters beside Python's email; kept out of the checkout.
tools="${XDG_CACHE_HOME:-$HOME/.cache}/vestnik-test-tools"
if [ ! -d "$tools/node_modules/mailparser" ]; then
    if command -v npm >/dev/null; then
        echo "Installing for the tests, from npm, into $tools: mailparser"
        mkdir -p "$tools"
        log=$(mktemp)
        if ! npm install --no-audit --no-fund --prefix "$tools" mailparser@3.14.2 >"$log" 2>&1 </dev/null; then
            tail -5 "$log"
            echo "Installing failed; the test that needs it is skipped: mailparser"
        fi
        rm -f "$log"
    else
        echo "Not installed, so the test that needs it is skipped: npm and mailparser"
    fi
fi
