"""Gathers the names that Candor tells people and places by.

    python gazetteer.py POPULAR_NAMES CITIES OUT.gz WORDS...

POPULAR_NAMES is a checkout of popular-names-by-country-dataset (CC0), CITIES the
world-cities.csv of datasets/world-cities (GeoNames, CC BY 4.0), WORDS are lists of
words such as /usr/share/dict/american-english of Debian's wamerican, which comes
first; of other languages only those words count that are names as well.
Forenames and surnames of many languages come from Faker (MIT), countries and
large cities in LANGUAGES from Babel (CLDR, Unicode licence).

OUT is lines of what a name can be and the name, in small letters and in order:
f forename, s surname, p place, c country, w everyday word. A name can be several.
"""

import csv
import gzip
import importlib
import pkgutil
import re
import sys
from collections import defaultdict

import faker.providers.person
from babel import Locale

LANGUAGES = "en de fr es it pt nl pl ru uk sv da nb fi cs ro hu el tr".split()

# Scripts without spaces or capitals, in which names are not found by these rules.
OTHER = re.compile("[^\\W\\d_A-Za-z\u00c0-\u024f\u0370-\u052f\u1e00-\u1fff]")
SHAPE = re.compile(r"[^\W\d_]+(?:[ '’.-]+[^\W\d_]+)*$")


def main(popular, cities, out, english, *others):
    kinds = defaultdict(set)

    def add(kind, name):
        name = name.strip().lower().replace("’", "'")
        if len(name) > 1 and SHAPE.match(name) and not OTHER.search(name):
            kinds[name].add(kind)

    for kind, name in faker_names():
        if " " not in name:
            add(kind, name)
    for kind, file in (("f", "common-forenames-by-country.csv"), ("s", "common-surnames-by-country.csv")):
        for row in rows(f"{popular}/{file}"):
            add(kind, row["Localized Name"])
            add(kind, row["Romanized Name"])
    for row in rows(cities):
        add("p", row["name"])
        add("p", row["subcountry"])
    for language in LANGUAGES:
        for code, name in Locale(language).territories.items():
            if code.isalpha() and code not in ("ZZ", "XA", "XB"):
                add("c", name)
        for zone in Locale(language).time_zones.values():
            add("p", zone.get("city", ""))
    for words in (english, *others):
        for word in open(words, encoding="utf-8"):
            if word.strip().islower() and "'" not in word and (words == english or word.strip() in kinds):
                add("w", word)
    with gzip.GzipFile(out, "wb", 9, mtime=0) as f:
        for name in sorted(kinds):
            f.write(("".join(sorted(kinds[name])) + " " + name + "\n").encode())


def faker_names():
    for module in pkgutil.iter_modules(faker.providers.person.__path__):
        provider = importlib.import_module("faker.providers.person." + module.name).Provider
        for attribute in dir(provider):
            values = getattr(provider, attribute)
            if "name" in attribute and "format" not in attribute and isinstance(values, (tuple, list, set, dict)):
                for value in values:
                    if isinstance(value, str) and "{" not in value:
                        yield ("s" if "last" in attribute else "f"), value


def rows(path):
    with open(path, encoding="utf-8-sig", newline="") as f:
        yield from csv.DictReader(f)


if __name__ == "__main__":
    main(*sys.argv[1:])
