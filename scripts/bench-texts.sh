#!/bin/sh
# Gathers the texts that bench/search cuts into documents: the sources and the
# documentation of the Linux kernel and the documentation of OpenJDK, out of
# Debian's packages, downloaded and unpacked, not installed. About 1.4 GB.
#
#   scripts/bench-texts.sh [FOLDER]     default .cache/texts
set -eu
out=${1:-.cache/texts}
[ -f "$out/complete" ] && exit 0
mkdir -p "$out/debs" "$out/root"
cd "$out/debs"
for package in linux-source-6.1 linux-doc-6.1 openjdk-17-doc; do
	ls "${package}"_*.deb >/dev/null 2>&1 || apt-get download -q "$package"
done
cd ..
for deb in debs/*.deb; do dpkg -x "$deb" root; done
tar -C root -xf root/usr/src/linux-source-6.1.tar.xz
rm -rf root/usr/src/linux-source-6.1.tar.xz debs
touch complete
