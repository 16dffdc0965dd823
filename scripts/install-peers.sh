#!/usr/bin/env bash
# Installs the feed readers that `make peers` starts and this machine lacks: only as root on Debian, quietly, and it says
# what. There it fails where one cannot be had, since a test without readers proves nothing; elsewhere it says what is missing.
# It ends with 0 when all are there, 1 when installing failed, 3 when it must not install.
set -euo pipefail

root=""
if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then root=yes; fi

# quietly WHAT COMMAND...: runs it and shows the end of what it said only if it fails.
quietly() {
    local what=$1 log
    shift
    log=$(mktemp)
    if ! "$@" >"$log" 2>&1 </dev/null; then
        tail -20 "$log"
        rm -f "$log"
        echo "Installing failed, and without them the feed readers cannot be tested: $what"
        exit 1
    fi
    rm -f "$log"
}

debian() { apt-get update -q && apt-get install -y -q --no-install-recommends "$@"; }

missing=()
command -v newsboat >/dev/null || missing+=(newsboat)
command -v r2e >/dev/null || missing+=(rss2email)
command -v sfeed >/dev/null || missing+=(sfeed)
command -v rsstail >/dev/null || missing+=(rsstail)
command -v xmllint >/dev/null || missing+=(libxml2-utils)
command -v chromium >/dev/null || missing+=(chromium)
command -v lynx >/dev/null || missing+=(lynx)
command -v spamassassin >/dev/null || missing+=(spamassassin)
command -v curl >/dev/null || missing+=(curl)
/usr/bin/python3 -c 'import feedparser' 2>/dev/null || missing+=(python3-feedparser)
command -v node >/dev/null || missing+=(nodejs)
command -v npm >/dev/null || missing+=(npm)
if [ ${#missing[@]} -gt 0 ]; then
    if [ -z "$root" ]; then
        echo "Not installed, so the feed readers are not tested: ${missing[*]}"
        exit 3
    fi
    echo "Installing to test with real feed readers, from Debian: ${missing[*]}"
    export DEBIAN_FRONTEND=noninteractive
    quietly "${missing[*]}" debian "${missing[@]}"
fi

# Readers and validators of feeds and letters, and a checker of pages for barriers, from npm; kept out of the checkout.
tools="${XDG_CACHE_HOME:-$HOME/.cache}/vestnik-test-tools"
wanted=(axe-core@4.14.1 feedsmith@3.0.1 rss-parser@3.13.0 feedparser@2.6.0 ajv@8.20.0 ajv-formats@3.0.1 jsonfeed-schema@0.5.0
    caniemail@2.0.2 html-validate@11.21.1 mailparser@3.14.2)
missing=()
for package in "${wanted[@]}"; do
    manifest="$tools/node_modules/${package%@*}/package.json"
    grep -q "\"version\": \"${package#*@}\"" "$manifest" 2>/dev/null || missing+=("$package")
done
if [ ${#missing[@]} -gt 0 ]; then
    echo "Installing to test with real feed readers, from npm, into $tools: ${missing[*]}"
    mkdir -p "$tools"
    quietly "${missing[*]}" npm install --no-audit --no-fund --prefix "$tools" "${missing[@]}"
fi
