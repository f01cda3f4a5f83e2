# make run     a demonstration trust on this machine: needs Go and make only
# make check   format, vet, staticcheck, unit tests on SQLite: a minute or two
# make test    everything, on SQLite and PostgreSQL, with the race detector; installs what it needs (Debian)
# make lint    vet and staticcheck alone
# make fuzz    every fuzz target for a while: FUZZTIME=10s
# make bench   the load generator and its yardstick, then the web app
# make build   the binary, in bin/wardline
# make screens pictures of the main screens, in docs/screens
# make web     the web app's files in web/dist, from web/src

SHELL := /bin/sh
GO ?= go
FUZZTIME ?= 10s
export CGO_ENABLED := 0

.PHONY: run check lint test test-go test-web test-smoke current install fuzz bench build web screens clean

run:
	$(GO) run ./cmd/wardline demo --listen 127.0.0.1:8448

build:
	$(GO) build -trimpath -ldflags "-s -w" -o bin/wardline ./cmd/wardline

check: lint
	WARDLINE_TEST_ENGINES=sqlite $(GO) test -short ./...

lint:
	@fmt=$$(git ls-files --cached --others --exclude-standard '*.go' | xargs gofmt -l); \
	if [ -n "$$fmt" ]; then echo "not formatted, run gofmt -w:"; echo "$$fmt"; exit 1; fi
	$(GO) vet ./...
	$(GO) tool staticcheck ./...

# The order is from what fails soonest to what takes longest.
test: install lint current test-web test-go test-smoke
	@echo "all tests passed"

install:
	@.ci/install

# Files that are made from others and committed must be what making them again gives.
current: install
	$(GO) run ./web/build -check
	$(GO) mod verify >/dev/null
	@git diff --exit-code -- web/dist go.mod go.sum || { echo "not committed: see above"; exit 1; }

test-web: install
	cd web && npm run --silent check && npm test --silent

test-go:
	CGO_ENABLED=1 WARDLINE_TEST_ENGINES=sqlite,postgres $(GO) test -race -gcflags='modernc.org/...=-d=checkptr=0' -shuffle=on -timeout 20m ./...

# The built binary, from outside: two people in a browser, and the Matrix SDK for JavaScript.
test-smoke: install build
	cd web && WARDLINE_BIN=$(CURDIR)/bin/wardline npm run --silent test:browser
	@if [ -f test/sdk/package.json ]; then cd test/sdk && npm ci --silent --no-audit --no-fund && WARDLINE_BIN=$(CURDIR)/bin/wardline npm test --silent; fi

fuzz:
	@.ci/fuzz $(FUZZTIME)

bench: build install
	bench/run
	cd bench/web && npm ci --silent --no-audit --no-fund --ignore-scripts && WARDLINE_BIN=$(CURDIR)/bin/wardline node run.mjs

web: install
	$(GO) run ./web/build

screens: install build
	cd web && SCREENS=1 WARDLINE_BIN=$(CURDIR)/bin/wardline node --test ../test/browser/screens.test.mjs

clean:
	rm -rf bin web/node_modules test/sdk/node_modules
