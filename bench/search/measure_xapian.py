"""Measures Xapian as main.go measures the others: the same files in, the same JSON out."""

import json
import os
import resource
import sys
import time

import xapian

folder = sys.argv[1]
base = os.path.dirname(folder)
path = os.path.join(folder, "db")
TYPE, PEOPLE = 0, 1

start = time.monotonic()
db = xapian.WritableDatabase(path, xapian.DB_CREATE_OR_OPEN)
generator = xapian.TermGenerator()
generator.set_stemmer(xapian.Stem("english"))
with open(os.path.join(base, "docs.tsv"), encoding="utf-8") as docs:
    for line in docs:
        number, kind, part, text = line.rstrip("\n").split("\t", 3)
        d = xapian.Document()
        d.set_data(text)
        d.add_value(TYPE, kind)
        d.add_value(PEOPLE, part)
        generator.set_document(d)
        generator.index_text(text)
        db.replace_document(int(number) + 1, d)
db.commit()
db.close()
seconds = time.monotonic() - start
usage = resource.getrusage(resource.RUSAGE_SELF)
compact = os.path.join(folder, "compact")
xapian.Database(path).compact(compact)
settling = time.monotonic() - start - seconds
with open("/proc/self/io", encoding="ascii") as f:
    written = next(int(line.split()[1]) for line in f if line.startswith("wchar:"))
for name in os.listdir(path):
    os.remove(os.path.join(path, name))
os.rmdir(path)

start = time.monotonic()
db = xapian.Database(compact)
opened = time.monotonic() - start

parser = xapian.QueryParser()
parser.set_database(db)
parser.set_stemmer(xapian.Stem("english"))
parser.set_stemming_strategy(xapian.QueryParser.STEM_SOME)
FLAGS = xapian.QueryParser.FLAG_PHRASE | xapian.QueryParser.FLAG_BOOLEAN | xapian.QueryParser.FLAG_LOVEHATE
FLAGS |= xapian.QueryParser.FLAG_WILDCARD
FORM = {"term": "{0}", "and": "{0} AND {1}", "or": "{0} OR {1} OR {2}", "phrase": '"{0} {1}"', "near": "{0} NEAR/5 {1}",
        "prefix": "{0}*", "facets": "{0} OR {1}", "highlights": "{0} OR {1}"}


def ask(kind, words):
    query = parser.parse_query(FORM[kind].format(*words), FLAGS)
    enquire = xapian.Enquire(db)
    enquire.set_weighting_scheme(xapian.BM25Weight())
    enquire.set_query(query)
    spies = []
    if kind == "facets":
        spies = [xapian.ValueCountMatchSpy(TYPE), xapian.ValueCountMatchSpy(PEOPLE)]
        for spy in spies:
            enquire.add_matchspy(spy)
    found = enquire.get_mset(0, 10, db.get_doccount())
    for spy in spies:
        for _ in spy.top_values(20):
            pass
    for hit in found:
        if kind == "highlights":
            found.snippet(hit.document.get_data().decode("utf-8", "replace"), 240, xapian.Stem("english"))
    return found.get_matches_estimated()


out = {"add_seconds": seconds, "add_cpu_seconds": usage.ru_utime + usage.ru_stime, "settle_seconds": settling, "written": written,
       "open_seconds": opened, "millis": {}, "cold": {}, "totals": {}}
with open(os.path.join(base, "questions.json"), encoding="utf-8") as f:
    questions = json.load(f)
for turn in range(3):
    for q in questions:
        kind = q["kind"]
        if kind not in FORM:
            continue
        start = time.monotonic()
        total = ask(kind, q["words"])
        ms = (time.monotonic() - start) * 1000
        out["cold" if turn == 0 else "millis"].setdefault(kind, []).append(ms)
        if turn == 0:
            out["totals"][kind] = out["totals"].get(kind, 0) + total
with open(folder + ".json", "w", encoding="utf-8") as f:
    json.dump(out, f)
