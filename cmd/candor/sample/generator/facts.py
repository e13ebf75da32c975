"""What can be found where, counted from the finished files with tools that are not ours.

The texts are read with poppler, exiftool and Python's own mail, zip and tar readers, so that facts.json can
serve as an independent answer sheet for the search.
"""

import email
import email.policy
import html
import io
import mailbox
import re
import subprocess
import tarfile
import tempfile
import zipfile
from pathlib import Path

# (query, how it is found). A query of several words is a phrase. The files named here by hand hold
# it in a picture or a sound, where no plain reader sees it; they are added to those which a plain reader finds.
QUERIES = [
    ("PC-2019-114", "text", []),
    ("38,400", "text", []),
    ("637,440", "text", []),
    ("invoice 2020-0388", "text", []),
    ("pin 14", "text", []),
    ("4.61", "text", []),
    ("Kelmersand", "text", []),
    ("OC-20201015-007", "text", []),
    ("figurehead", "text", []),
    ("ML-2021-07", "text", []),
    ("mascarón", "text", []),
    ("humedad relativa", "text", []),
    ("Gesenkschmiede", "text", []),
    ("Lieferverzug", "text", []),
    ("Räucheraal", "text", []),
    ("copla", "text", []),
    ("Fennimark", "text", []),
    ("sandbags", "text", ["scans/flood-report-1954.pdf"]),
    ("saucepan", "text", ["scans/flood-report-1954.pdf"]),
    ("chronometer", "text", ["scans/chandler-1962.jpg"]),
    ("hedgehog", "text", []),
    ("seahorses", "text", []),
    ("eelgrass", "text", []),
    ("70113", "text", []),
    ("coffee machine", "text", []),
    ("snow clearance", "text", []),
    ("Hulda Bay", "text", []),
    ("substation", "text", []),
    ("tallow", "text", []),
    ("turnbuckle", "text", []),
    ("weathercock", "text", []),
    ("eel pie", "text", []),
    ("moonlight", "text", []),
    ("Lowenstrake", "text", []),
    ("Marrable", "ocr", ["scans/keeper-1931.png"]),
    ("Brindlecombe", "ocr", ["scans/flood-report-1954.pdf"]),
    ("Kittiwake", "ocr", ["scans/pilot-certificate-1987.pdf"]),
    ("Quillerton", "ocr", ["scans/flood-report-1954.pdf", "scans/telegram-1954.tif"]),
    ("Woldering", "ocr", ["scans/chandler-1962.jpg"]),
    ("putty", "ocr", ["scans/delivery-note-1978.pdf"]),
    ("bollard nineteen", "speech", ["recordings/harbour-radio-2020-10-16.ogg"]),
]


def tags_off(data):
    s = data.decode("utf-8", "replace")
    s = re.sub(r"(?is)<(style|script)\b.*?</\1>", " ", s)
    s = re.sub(r"(?i)</?(w:r|w:t|text:span|a:r|a:t|b|i|s|r|t)\b[^>]*>", "", s)  # inside a word
    return html.unescape(re.sub(r"<[^>]+>", " ", s))


def run(*cmd):
    return subprocess.run(cmd, capture_output=True, check=False).stdout.decode("utf-8", "replace")


def of_message(m):
    out = [f"{k}: {v}" for k, v in m.items() if k.lower() in ("from", "to", "cc", "subject")]
    for part in m.walk():
        if part.is_multipart():
            if part is not m and part.get_content_type() == "message/rfc822":
                out += [f"{v}" for k, v in part.get_payload(0).items() if k.lower() in ("from", "to", "subject")]
            continue
        name = part.get_filename()
        if name:
            out.append(text_of(name, part.get_payload(decode=True) or b""))
        elif part.get_content_type() == "text/html":
            out.append(tags_off(part.get_content().encode()))
        else:
            out.append(re.sub(r"(?m)^[> ]+", "", part.get_content()))
    return "\n".join(out)


def text_of(name, data):
    ext = name.rsplit(".", 1)[-1].lower()
    if ext in ("txt", "md", "csv"):
        return data.decode("utf-8-sig", "replace")
    if ext in ("html", "xmp"):
        return tags_off(data) + (data.decode() if ext == "xmp" else "")
    if ext in ("docx", "odt", "xlsx", "ods", "pptx"):
        z = zipfile.ZipFile(io.BytesIO(data))
        out = []
        for n in z.namelist():
            if n.endswith(".xml") and not re.search(r"styles|theme|settings|fontTable|slideMaster|slideLayout|printer", n):
                out.append(tags_off(z.read(n)))
            elif n.endswith((".jpg", ".jpeg", ".png")):
                out.append(text_of(n, z.read(n)))
        return "\n".join(out)
    if ext == "eml":
        return of_message(email.message_from_bytes(data, policy=email.policy.default))
    if ext == "zip":
        z = zipfile.ZipFile(io.BytesIO(data))
        return "\n".join(text_of(n, z.read(n)) for n in z.namelist())
    if ext == "gz":
        t = tarfile.open(fileobj=io.BytesIO(data))
        return "\n".join(text_of(m.name, t.extractfile(m).read()) for m in t.getmembers())
    with tempfile.NamedTemporaryFile(suffix="." + ext) as f:
        f.write(data)
        f.flush()
        if ext == "mbox":
            box = mailbox.mbox(f.name, factory=None)
            return "\n".join(of_message(email.message_from_bytes(bytes(m), policy=email.policy.default)) for m in box)
        if ext == "pdf":
            return run("pdftotext", "-q", f.name, "-")
        if ext in ("jpg", "png", "tif"):
            return run("exiftool", "-s", "-s", "-s", "-IPTC:all", "-XMP:all", "-EXIF:ImageDescription", "-EXIF:Artist", f.name)
    return ""


def count(root):
    """Read every file under root and give back the answer sheet."""
    texts = {}
    for p in sorted(root.rglob("*")):
        if p.is_file():
            texts[p.relative_to(root).as_posix()] = re.sub(r"\s+", " ", text_of(p.name, p.read_bytes())).casefold()
    out = []
    for query, via, extra in QUERIES:
        rx = re.compile(r"(?<!\w)" + re.escape(query.casefold()) + r"(?!\w)")
        found = {n for n, t in texts.items() if rx.search(t)}
        assert found or extra, f"nothing holds {query!r}"
        assert not found & set(extra), f"{query!r} should not be readable in {extra}"
        out.append({"query": query, "via": via, "files": sorted(found | set(extra)), "unreadable": sorted(extra)})
    return out
