#!/bin/sh
# Makes the mixed folder that `make bench` adds: real files out of Debian's
# documentation packages (manuals as PDF, HTML, man pages, office templates,
# plain text, pictures). The packages are downloaded and unpacked, not
# installed. The choice is by a hash of each file, so it is the same on every
# machine that has the same package versions.
#
#   scripts/bench-corpus.sh [FOLDER]     default .cache/corpus
set -eu
out=${1:-.cache/corpus}
[ -f "$out/complete" ] && exit 0
mkdir -p "$out/debs" "$out/root"
cd "$out/debs"
for package in python3.11-doc libstdc++-12-doc r-doc-pdf r-doc-html octave-doc gnuplot-doc graphviz-doc \
	manpages-dev writer2latex-manual ghostscript-doc maxima-doc texlive-latex-recommended-doc git-doc gnumeric-doc \
	debian-policy developers-reference aptitude-doc-en libreoffice-common lilypond-doc-pdf; do
	ls "${package}"_*.deb >/dev/null 2>&1 || apt-get download -q "$package"
done
cd ..
for deb in debs/*.deb; do dpkg -x "$deb" root; done

# pick NUMBER ENDING...: that many files with one of the endings, in order of their hash.
pick() {
	number=$1
	shift
	for ending in "$@"; do find root -type f -name "*.$ending" -exec md5sum {} +; done |
		sort | head -n "$number" | cut -c35-
}
rm -rf mixed && mkdir mixed
{
	pick 1400 html
	pick 500 gz
	pick 400 pdf
	pick 300 txt rst md tex
	pick 200 ott ots otp odt ods docx xlsx
	pick 150 png jpg
} | tar -cf - -T - | tar -xf - -C mixed
touch complete
find mixed -type f | wc -l
