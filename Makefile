# make test    what continuous integration runs: installs what the tests lack, then vet, staticcheck and the suite on both databases
# make quick   go test ./... alone: installs nothing
# make lint    vet, staticcheck, gofmt
# make peers   real feed readers, judges of letters and axe-core against the daemon: installs what they are, then starts each
# make bench   the figures of README and docs/performance.md
# make shots   the screenshots in docs/

.PHONY: test quick lint peers bench shots build

test:
	@scripts/install-test-tools.sh
	@scripts/test.sh

quick:
	go test ./...

lint:
	@scripts/lint.sh

peers:
	@scripts/peers.sh

bench:
	@scripts/bench.sh

shots:
	@scripts/shots.sh

build:
	go build -trimpath -o bin/vestnik ./cmd/vestnik
