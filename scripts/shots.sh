#!/usr/bin/env bash
# Takes the screenshots in docs/ from the running demo, with Chromium. The demo's first digest takes up to a minute.
set -euo pipefail
cd "$(dirname "$0")/.."
tmp=$(mktemp -d)
go build -o "$tmp/vestnik" ./cmd/vestnik
port=${SHOTS_PORT:-18080}
"$tmp/vestnik" --quiet demo --listen 127.0.0.1:$port &
demo=$!
trap 'kill $demo; wait $demo; rm -rf "$tmp"' EXIT
site=http://127.0.0.1:$port

# letter LANGUAGE: the address of the first digest letter in that language, once there is one: the same edition for each.
letter() {
    python3 - "$site" "$1" <<'PY'
import re, sys, time, urllib.request
site, language = sys.argv[1:]
get = lambda path: urllib.request.urlopen(site + path).read().decode()
for _ in range(150):
    try:
        ids = sorted({int(i) for i in re.findall(r'/demo/mailbox/(\d+)', get('/demo/mailbox'))})
        for i in ids:
            html = get(f'/demo/mailbox/{i}/html')
            if f'<html lang="{language}"' in html and 'unsubscribe' in html:
                print(f'/demo/mailbox/{i}')
                sys.exit()
    except OSError:
        pass
    time.sleep(1)
sys.exit('no digest letter in ' + language)
PY
}

# shot NAME PATH WIDTH HEIGHT [light|dark]
shot() {
    local scheme=1
    [ "${5:-light}" = dark ] && scheme=0
    # A sandboxed frame in a process of its own, as the mailbox has, is not painted yet when the picture is taken.
    chromium --headless --disable-features=IsolateSandboxedIframes --no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking \
        --disable-component-update --disable-sync --hide-scrollbars --lang=ru --blink-settings=preferredColorScheme=$scheme \
        --user-data-dir="$tmp/profile" --window-size="$3,$4" --screenshot="docs/$1.png" "$site$2" >/dev/null 2>&1
    echo "docs/$1.png"
}

ru=$(letter ru)
en=$(letter en)
shot front-page / 1280 1500
shot article /articles/pavilon-nol 1280 1250
shot article-dark /articles/pavilon-nol 1280 1250 dark
shot letter-ru "$ru/html" 760 2200
shot letter-en "$en/html" 760 2200
shot letter-dark "$ru/html" 760 2200 dark
shot letter-en-dark "$en/html" 760 2200 dark
for language in ru en; do
    go run scripts/phone.go "$site${!language}/html" docs/letter-$language-phone.png
    echo docs/letter-$language-phone.png
done
# A letter with its pictures is above 400 kB, and a third of that in 256 colours.
if command -v pngquant >/dev/null; then
    pngquant --force --strip --ext .png 256 docs/letter-*.png
else
    echo "Pictures of letters stay large: pngquant is not installed"
fi
shot mailbox "$ru" 1400 1000
shot feeds /feeds 1280 1500
go run scripts/phone.go "$site/feeds" docs/feeds-phone.png
echo docs/feeds-phone.png
shot feed-raw /feed.xml 900 1100
shot feed-raw-dark /feed.xml 900 1100 dark
# The way of a reader, who joins, confirms, chooses and leaves.
go run scripts/reader.go "$site" docs
