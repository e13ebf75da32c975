#!/bin/sh
# Makes sure that there is a Go which can build this module. From 1.21 on, Go
# fetches the exact version that go.mod asks for by itself.
set -eu
version=$(go env GOVERSION 2>/dev/null || true)
case "$version" in
go1.2[1-9]*|go1.[3-9][0-9]*|devel*) exit 0 ;;
"") echo "Go is needed and not found. Install it from https://go.dev/doc/install (version 1.26), then run this again." ;;
*) echo "$version is too old. Install Go 1.26 from https://go.dev/doc/install, then run this again." ;;
esac >&2
exit 1
