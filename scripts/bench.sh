#!/bin/sh
# Runs what bench/ holds. Each measurement states its peer and its method; the
# figures are published in docs/benchmarks.md.
set -eu
if [ -x bench/run.sh ]; then
	exec sh bench/run.sh "$@"
fi
if [ -n "$(find bench -maxdepth 1 -name '*.go' ! -name '*_test.go' 2>/dev/null)" ]; then
	exec go run ./bench "$@"
fi
exec go test -run '^$' -bench . -benchmem ./...
