#!/bin/sh
# Runs every fuzz target of the module, one after another, each for a while.
# Usage: fuzz.sh 20s
set -eu
for_how_long=${1:-20s}
grep -rl --include='*_test.go' '^func Fuzz' . | sort | while read -r file; do
	grep -oE '^func Fuzz[A-Za-z0-9_]+' "$file" | sed 's/^func //' | while read -r target; do
		echo "== $(dirname "$file") $target"
		go test "$(dirname "$file")" -run '^$' -fuzz "^$target\$" -fuzztime "$for_how_long" </dev/null
	done
done
