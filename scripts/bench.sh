#!/bin/sh
# Runs what bench/ holds, one measurement after another. Each states its peer
# and its method; docs/benchmarks.md has the figures. Usage: bench.sh [NAME...]
set -eu
cd "$(dirname "$0")/../bench"
if [ $# -eq 0 ]; then set -- $(for d in */main.go; do dirname "$d"; done); fi
for name in "$@"; do
	echo "== $name"
	go run "./$name"
done
