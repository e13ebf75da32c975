#!/bin/sh
# Installs what the tests need beside Go, where it is missing: a C compiler for
# the race detector, Chromium for the pages' tests, tesseract for text in pictures,
# ffmpeg for recordings. Needs apt-get; elsewhere it says what to install.
set -eu
missing=""
need() { # need PACKAGE COMMAND...: the package is missing if no command is there
	package=$1
	shift
	for command in "$@"; do
		if command -v "$command" >/dev/null 2>&1; then return 0; fi
	done
	missing="$missing $package"
}
need gcc cc gcc
need git git
need tesseract-ocr tesseract
need ffmpeg ffmpeg
need chromium chromium chromium-browser google-chrome headless_shell
if [ ! -e /usr/include/stdlib.h ] && command -v apt-get >/dev/null 2>&1; then missing="$missing libc6-dev"; fi
if [ -z "$missing" ]; then exit 0; fi

if ! command -v apt-get >/dev/null 2>&1; then
	echo "Please install:$missing" >&2
	exit 1
fi
as_root=""
if [ "$(id -u)" -ne 0 ]; then
	if ! command -v sudo >/dev/null 2>&1; then
		echo "Please install as root: apt-get install$missing" >&2
		exit 1
	fi
	as_root="sudo"
fi
echo "Installing:$missing"
# A list of packages that is a day old can name versions that are gone.
$as_root apt-get update -qq
# shellcheck disable=SC2086 # the names are words
DEBIAN_FRONTEND=noninteractive $as_root apt-get install -qq -y --no-install-recommends $missing >/dev/null
