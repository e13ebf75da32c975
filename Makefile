# Everything that is done with this source. Each target sets up what it needs;
# nothing is installed outside .cache/, bin/ and, by apt-get, the system.

GOLANGCI  := v2.15.0
VERSION   := $(shell git describe --tags --always --dirty 2>/dev/null || echo devel)
LINT      := .cache/bin/golangci-lint-$(GOLANGCI)
FUZZTIME  ?= 20s
# DATA=DIR keeps the demo's archive there; ONCE=1 ends after the demo's steps.
DEMOFLAGS := $(if $(DATA),--data $(DATA)) $(if $(ONCE),--once) $(if $(LISTEN),--listen $(LISTEN))

export CGO_ENABLED ?= 0

.PHONY: help build onnx demo test check race lint fmt vet bench fuzz clean go

help: ## list the targets
	@grep -hE '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | expand -t 10

go:
	@sh scripts/need-go.sh

build: go ## build bin/candor, one static binary
	@mkdir -p bin
	go build -trimpath -ldflags '-s -w -X main.version=$(VERSION)' -o bin/candor ./cmd/candor

onnx: go ## build bin/candor-onnx, which runs a model of meaning in a folder, and fetch ONNX Runtime and a model
	go run ./tools/onnx .cache/onnx model
	@mkdir -p bin
	CGO_ENABLED=1 go build -trimpath -ldflags '-s -w' -o bin/candor-onnx ./cmd/candor-onnx

demo: build ## the whole way on the sample archive; then serve it (ONCE=1: only the former)
	./bin/candor demo $(DEMOFLAGS)

test: go ## everything that CI runs: set-up, vet, lint, tests with the race detector
	sh scripts/setup-test.sh
	-go run ./tools/onnx .cache/onnx model # without it one test of a model in a folder is passed over
	$(MAKE) --no-print-directory vet
	$(MAKE) --no-print-directory lint
	$(MAKE) --no-print-directory race

# The scripts start the command hundreds of times, each time reading files in
# workers: with the detector that takes many times as long. Two of them, which
# pass every part with several people and a server, are enough for it.
RACED := 'TestScripts/(first_run|server)$$'

race: go ## all tests: units, attacks, fuzz seeds and browser with the race detector; scripts
	CGO_ENABLED=1 go test -race -timeout 40m $$(go list ./... | grep -v '/cmd/candor$$')
	CGO_ENABLED=1 go test -race -timeout 20m -run $(RACED) ./cmd/candor
	go test -timeout 20m ./cmd/candor ./internal/extract/native
	cd bench && go test ./...

check: go ## the quick tests, while working
	go test -short ./...

vet: go
	go vet ./...

lint: go $(LINT) ## the pinned linter
	$(LINT) run

# Built from its module with our own Go, so that the two never disagree on the language.
$(LINT):
	@mkdir -p .cache/bin
	GOBIN=$(CURDIR)/.cache/bin GOFLAGS=-mod=mod go install github.com/golangci/golangci-lint/v2/cmd/golangci-lint@$(GOLANGCI)
	mv .cache/bin/golangci-lint $(LINT)

fmt: go ## format the source
	gofmt -w $$(git ls-files '*.go')

bench: build ## measure, beside peers on the same machine; docs/benchmarks.md tells the method
	sh scripts/bench.sh

fuzz: go ## run every fuzz target for FUZZTIME
	sh scripts/fuzz.sh $(FUZZTIME)

clean: ## remove what was built
	rm -rf bin .cache
