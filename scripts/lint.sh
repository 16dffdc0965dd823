#!/usr/bin/env bash
# gofmt, vet, staticcheck.
set -euo pipefail
cd "$(dirname "$0")/.."
unformatted=$(gofmt -l .)
if [ -n "$unformatted" ]; then
    echo "not gofmt'ed: $unformatted"
    exit 1
fi
go vet -tags peers ./...
go run honnef.co/go/tools/cmd/staticcheck@v0.8.2 -tags peers ./...
echo "lint: nothing found"
