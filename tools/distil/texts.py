"""Makes the passages that the table is fitted on, from packages of Debian 12.

    apt-get install wordnet-base dict-gcide anarchism python3-doc debian-faq
    python texts.py > TEXTS

A passage a line: definitions of WordNet and of the GNU dictionary, essays,
descriptions of packages, manuals. None is in a collection that search is judged by.
"""

import glob
import gzip
import html
import random
import re
import subprocess

LONG = 600  # characters


def main():
    random.seed(1)
    parts = [(wordnet(), 24000), (packages(), 6000), (essays(), 7000), (dictionary(), 12000), (manuals(), 4000)]
    out = [line for passages, most in parts for line in random.sample(passages, min(most, len(passages)))]
    random.shuffle(out)
    for line in out:
        print(line)


def flat(text):
    return re.sub(r"\s+", " ", text).strip()


def wordnet():
    out = []
    for kind in ("noun", "verb", "adj", "adv"):
        with open("/usr/share/wordnet/data." + kind, errors="ignore") as f:
            for line in f:
                if line[0] != " " and "|" in line:
                    head, gloss = line.split("|", 1)
                    words = head.split()
                    names = [words[4 + 2 * i].replace("_", " ") for i in range(int(words[3], 16))]
                    out.append(", ".join(names) + ": " + flat(gloss))
    return out


def packages():
    listed = subprocess.run(["apt-cache", "dumpavail"], capture_output=True, text=True, check=True).stdout
    found = re.findall(r"^Description[^:]*: (.*(?:\n .*)*)", listed, re.M)
    return [flat(d.replace("\n .", " "))[:LONG] for d in found]


def essays():
    out = []
    for name in sorted(glob.glob("/usr/share/doc/anarchism/markdown/*")):
        opened = gzip.open if name.endswith(".gz") else open
        with opened(name, "rt", errors="ignore") as f:
            for paragraph in re.split(r"\n\s*\n", f.read()):
                out += pieces(flat(paragraph))
    return out


def dictionary():
    with gzip.open("/usr/share/dictd/gcide.dict.dz", "rt", errors="ignore") as f:
        entries = [flat(e) for e in re.split(r"\n(?=\S)", f.read())]
    return [e[:LONG] for e in entries if len(e) > 150]


def manuals():
    out = []
    names = glob.glob("/usr/share/doc/python3*/**/*.html", recursive=True) + glob.glob("/usr/share/doc/debian*/**/*.html", recursive=True)
    for name in sorted(names)[:1500]:
        with open(name, errors="ignore") as f:
            text = re.sub(r"<(script|style).*?</\1>", "", f.read(), flags=re.S)
        out += pieces(flat(html.unescape(re.sub(r"<[^>]+>", " ", text))))
    return out


def pieces(text):
    return [text[i : i + LONG] for i in range(0, len(text), LONG) if len(text[i : i + LONG]) > 150]


if __name__ == "__main__":
    main()
