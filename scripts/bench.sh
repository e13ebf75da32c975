#!/bin/sh
# Runs what bench/ holds, one measurement after another, on an otherwise idle
# machine. Each states its peer and its method; docs/benchmarks.md has the
# figures. It first installs the peers (recollindex, PostgreSQL and Xapian from
# Debian, age from its module) and gathers the files. Usage: bench.sh [NAME...]
set -eu
cd "$(dirname "$0")/.."
root=$PWD
if [ $# -eq 0 ]; then set -- $(for d in bench/*/main.go; do basename "$(dirname "$d")"; done); fi

if ! { command -v recollindex && command -v pdftotext && [ -x /usr/lib/postgresql/15/bin/postgres ] && /usr/bin/python3 -c 'import xapian'; } >/dev/null 2>&1; then
	as_root=""
	if [ "$(id -u)" -ne 0 ]; then as_root="sudo"; fi
	$as_root apt-get update -qq
	DEBIAN_FRONTEND=noninteractive $as_root apt-get install -qq -y --no-install-recommends recollcmd poppler-utils postgresql-15 python3-xapian >/dev/null
fi
if [ ! -x .cache/bin/age ]; then
	GOBIN="$root/.cache/bin" GOFLAGS=-mod=mod go install filippo.io/age/cmd/age@v1.3.2
fi
scripts/bench-corpus.sh
make --no-print-directory build

cd bench
for name in "$@"; do
	echo "== $name"
	case $name in
	search)
		(cd .. && scripts/bench-texts.sh)
		go run ./search
		;;
	naming | reading) echo "takes files that are not in the repository: see docs/benchmarks.md" ;;
	vault) go run ./vault -age "$root/.cache/bin/age" ;;
	*) go run "./$name" ;;
	esac
done
