# Sidebridge. `make help` lists the targets; `make check` is what CI runs.

SHELL       := bash
.SHELLFLAGS := -euo pipefail -c
GO          ?= go
LINT_TOOL   := $(GO) tool -modfile=tools/go.mod
PROVE       := $(GO) run ./cmd/prove
FUZZTIME    ?= 10s
# The race detector costs five to ten times the time, so it runs where the
# concurrency lives.
RACE_PKGS   ?= ./bridge/... ./store/... ./adapters/slack/... ./adapters/discord/...

.DEFAULT_GOAL := help
.NOTPARALLEL:
.PHONY: help build demo run test race fuzz lint fmt bench prove-pages prove-kill prove-gateway prove-mentions prove-audit prove-forgery browser cover setup check clean

help: ## show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  %-14s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

build: ## build one static binary, bin/sidebridge
	CGO_ENABLED=0 $(GO) build -trimpath -o bin/sidebridge ./cmd/sidebridge

demo: ## start the daemon with simulated chats and sample tickets
	$(GO) run ./cmd/sidebridge demo

run: ## start the daemon with ./sidebridge.toml (CONFIG=… for another file)
	$(GO) run ./cmd/sidebridge serve --config $(or $(CONFIG),sidebridge.toml)

test: ## run every test, on SQLite and on a throw-away Postgres
	CI=true $(GO) test -timeout 15m ./...

race: ## run the concurrent packages' tests under the race detector
	CI=true CGO_ENABLED=1 $(GO) test -race -timeout 15m $(RACE_PKGS)

fuzz: ## fuzz each target for 10 s (FUZZTIME=1m for longer)
	@grep -rnoE --include='*_test.go' '^func Fuzz[A-Za-z0-9_]+' . | sort | while IFS=: read -r file _ func; do \
		echo "$$(dirname "$$file") $${func#func }"; \
		$(GO) test -run='^$$' -fuzz="^$${func#func }\$$" -fuzztime=$(FUZZTIME) -fuzzminimizetime=10x "$$(dirname "$$file")"; \
	done

lint: ## gofumpt, go vet, staticcheck (imports between packages are a test in cmd/sidebridge)
	@unformatted=$$($(LINT_TOOL) gofumpt -l .); \
	if [ -n "$$unformatted" ]; then echo "not formatted, run make fmt:"; echo "$$unformatted"; exit 1; fi
	$(GO) vet ./...
	$(LINT_TOOL) staticcheck ./...

fmt: ## format every file
	$(LINT_TOOL) gofumpt -w .

bench: ## measure append, relay and page latency on both databases
	$(PROVE) bench

prove-pages: ## measure a busy ticket's page, and how soon a message is on 2,000 open pages
	$(PROVE) pages

prove-kill: ## kill -9 the daemon again and again under load: nothing lost, doubled, reordered
	$(PROVE) kill

prove-gateway: ## let Discord's gateway misbehave 500 times: nothing lost or doubled, soon well again
	$(PROVE) gateway

prove-mentions: ## put what calls people into every field, for both chats: nobody may be called
	$(PROVE) mentions

prove-audit: ## change single bytes and rows: audit verify must name every one
	$(PROVE) audit

prove-forgery: ## send mutated and replayed requests: none may be accepted
	$(PROVE) forgery

browser: ## open every page in Chromium, in every window; pictures go to screenshots/
	@mkdir -p screenshots
	@SIDEBRIDGE_BROWSER_FULL=1 SIDEBRIDGE_SCREENSHOTS='$(CURDIR)/screenshots' CI=true \
	$(GO) test -count=1 -p 1 -v -timeout 90m -run Browser ./adapters/web/... ./adapters/discord/discordsim ./cmd/... | awk '\
		/figures: / { for (i = 1; i <= NF; i++) if (split($$i, f, "=") == 2) { sum[f[1]] += f[2]; if (f[2] > most[f[1]]) most[f[1]] = f[2] } } \
		{ print } \
		END { printf "pages=%d axe_violations=%d xss_payloads=%d xss_run=%d\n", sum["pages"], sum["axe_violations"], most["xss_payloads"], sum["xss_run"] }'

cover: ## print the functions that tests do not cover completely
	@profile=$$(mktemp); trap 'rm -f "$$profile"' EXIT; \
	CI=true $(GO) test -timeout 10m -coverpkg=./... -coverprofile="$$profile" ./... >/dev/null; \
	$(GO) tool cover -func="$$profile" | grep -v '100.0%$$'

setup: ## install what the tests need (Postgres, Chromium, a C compiler) where it is missing
	@.ci/setup

check: setup lint test race ## everything CI runs

clean: ## remove what was built
	rm -rf bin screenshots
