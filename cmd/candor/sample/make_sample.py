#!/usr/bin/env python3
"""Make the sample archive of `candor demo`: the records of an invented harbour city, in the folder files/.

Run by hand, never in a test; the files are committed:

    python3 make_sample.py            # writes files/, facts.json and the table in README.md
    python3 make_sample.py --check    # makes everything again in memory and names each file that differs

Needs, on Debian 12:

    apt-get install libimage-exiftool-perl espeak-ng ffmpeg qpdf poppler-utils \\
        fonts-dejavu-core fonts-courier-prime fonts-ebgaramond
    pip install python-docx openpyxl odfpy python-pptx reportlab Pillow numpy

All dates and seeds are fixed. With the same versions of the tools a second run gives the same bytes; with
other versions pictures, sound and video may differ a little while the facts stay.
"""

import sys

sys.dont_write_bytecode = True

import datetime as dt
import io
import json
import random
import subprocess
import tempfile
from pathlib import Path

from generator import facts, formats as f, pictures as pic
from generator import story_council as council, story_harbour as harbour, story_letters as letters, story_mail as mail, story_museum as museum

HERE = Path(__file__).resolve().parent
ROOT = HERE / "files"


def on(y, m, d, h=10, mi=0):
    return dt.datetime(y, m, d, h, mi)


CITY, COUNTRY = "Port Ostrane", "Osmerland"

# name: scene, taken, by, headline, caption, city, place, keywords, other fields
PHOTOS = {
    "lantern-bridge-dusk.jpg": (pic.lantern_bridge_dusk, "2020:10:26 17:48:00", "Fenwick Odane", "Lantern Bridge at dusk", "The lanterns of the Lantern Bridge are lit again eleven days after the flood.", CITY, "Lantern Bridge", ["bridge", "dusk", "lanterns"], {}),
    "dredger-marten.jpg": (pic.dredger_at_work, "2020:07:09 11:20:00", "Yolanda Brightmoor", "Dredger at work in the fairway", "The dredger Marten of Tolleby Marine Dredging loads a barge in the Eastern Fairway.", CITY, "Eastern Fairway", ["dredger", "barge", "fairway"], {}),
    "OC-20201015-007.jpg": (pic.flooded_quay, "2020:10:15 07:12:00", "Kester Ulvane", "Rowing boat on the flooded quay", "Kelmersand: residents are rowed to safety along a flooded quay early on Thursday.", "Kelmersand", "", ["flood", "rowing boat", "rescue"], {}),
    "berth-7-sunrise.jpg": (pic.berth_seven_sunrise, "2021:06:14 05:06:00", "Yolanda Brightmoor", "First ship of the day", "The Amber Trader is led to Berth 7 at sunrise.", CITY, "Berth 7", ["container ship", "cranes", "sunrise", "tug"], {}),
    "fish-market-morning.jpg": (pic.fish_market_morning, "2020:10:12 07:05:00", "Yolanda Brightmoor", "Trawlers at the fish market", "Four trawlers land their catch at the fish market, whose roof still leaks above stalls 9 to 14.", CITY, "Fish Market", ["trawlers", "fish market", "morning"], {}),
    "breakwater-spray.jpg": (pic.breakwater_storm, "2020:10:15 16:40:00", "Kester Ulvane", "The sea goes on", "Spray over the breakwater on the afternoon after the flood. The light had been lit by hand.", CITY, "Outer Mole", ["storm", "lighthouse", "breakwater"], {}),
    "maritime-museum.jpg": (pic.museum_front, "2021:06:05 13:15:00", "Fenwick Odane", "Salt and Lanterns opens", "Banners of the exhibition Salt and Lanterns on the Maritime Museum.", CITY, "Museum Square", ["museum", "exhibition"], {}),
    "constancia-replica.jpg": (pic.brig_by_moonlight, "2021:07:10 23:31:00", "Kester Ulvane", "A brig by moonlight", "A replica of the brig Constancia anchors off the town for the exhibition; she is named Constancia II.", CITY, "Outer Roads", ["brig", "sailing ship", "night", "Constancia"], {}),
    "ferry-in-fog.jpg": (pic.ferry_in_fog, "2021:02:18 08:20:00", "Yolanda Brightmoor", "Ferry feels her way in", "The morning ferry comes in on the bell alone.", CITY, "Ferry Steps", ["ferry", "fog"], {"GPSLatitude": "47.5180", "GPSLatitudeRef": "N", "GPSLongitude": "20.1730", "GPSLongitudeRef": "W"}),
    "bridge-pin-14.jpg": (pic.bridge_pin_close_up, "2020:05:19 14:02:00", "Oona Pellworth", "Crack at pin 14", "Pin 14 of the Lantern Bridge with a fatigue crack of 23 mm; rule in millimetres.", CITY, "Lantern Bridge", ["bridge", "inspection", "crack", "steel"], {}),
}


def with_fields(data, taken, by, headline, caption, city, place, keywords, more, sidecar=False):
    """Write EXIF, IPTC-IIM and XMP into a JPEG, and give back the XMP alone if asked."""
    day = taken[:10].replace(":", "")
    args = ["-codedcharacterset=utf8", "-charset", "iptc=utf8", f"-EXIF:DateTimeOriginal={taken}", f"-EXIF:CreateDate={taken}", "-EXIF:OffsetTimeOriginal=+02:00",
            f"-EXIF:Artist={by}", f"-EXIF:ImageDescription={caption}", "-EXIF:Make=Drawn", "-EXIF:Model=make_sample",
            f"-IPTC:By-line={by}", f"-IPTC:Headline={headline}", f"-IPTC:Caption-Abstract={caption}", f"-IPTC:City={city}", f"-IPTC:Country-PrimaryLocationName={COUNTRY}",
            f"-IPTC:DateCreated={day}", "-IPTC:Credit=Ostrane Courier", "-IPTC:Source=Ostrane Courier",
            f"-XMP-dc:Creator={by}", f"-XMP-photoshop:Headline={headline}", f"-XMP-dc:Description={caption}", f"-XMP-photoshop:City={city}", f"-XMP-photoshop:Country={COUNTRY}",
            f"-XMP-photoshop:DateCreated={taken}", "-XMP-dc:Rights=Invented picture; licence of the project"]
    if place:
        args += [f"-IPTC:Sub-location={place}", f"-XMP-iptcCore:Location={place}"]
    for k in keywords:
        args += [f"-IPTC:Keywords={k}", f"-XMP-dc:Subject={k}"]
    args += [f"-EXIF:{k}={v}" for k, v in more.items()]
    with tempfile.TemporaryDirectory() as tmp:
        p = Path(tmp) / "p.jpg"
        p.write_bytes(data)
        subprocess.run(["exiftool", "-q", "-overwrite_original", *args, p], check=True)
        if sidecar:
            subprocess.run(["exiftool", "-q", "-tagsFromFile", p, "-XMP:all", Path(tmp) / "p.xmp"], check=True)
            return p.read_bytes(), (Path(tmp) / "p.xmp").read_bytes()
        return p.read_bytes()


def photos(out, extra):
    for name, (scene, *fields) in PHOTOS.items():
        quality = 72 if scene is pic.flooded_quay else 80
        if scene is pic.flooded_quay:
            out["photos/" + name], out["photos/OC-20201015-007.xmp"] = with_fields(pic.jpeg(scene(), quality), *fields, sidecar=True)
            extra["flood_small"] = with_fields(pic.jpeg(scene((600, 400)), 70), *fields)
            extra["flood_slide"] = with_fields(pic.jpeg(scene((480, 320)), 70), *fields)
        else:
            out["photos/" + name] = with_fields(pic.jpeg(scene(), quality), *fields)


def scaled(data, size, quality=75):
    return pic.jpeg(pic.Image.open(io.BytesIO(data)).resize(size, pic.Image.LANCZOS), quality)


def papers(out, extra):
    city = "City of Port Ostrane"
    for path, text, date in (
        ("council/2019-03-12-minutes.pdf", council.MINUTES_2019_03, "12 March 2019"),
        ("council/2020-06-23-minutes.pdf", council.MINUTES_2020_06, "23 June 2020"),
        ("council/2020-11-03-flood-session.pdf", council.MINUTES_FLOOD, "3 November 2020"),
        ("council/2021-02-09-minutes.pdf", council.MINUTES_2021_02, "9 February 2021"),
    ):
        out[path] = f.pdf(text, city, f"Minutes of the City Council, {date}", f"City Council, {date}", size=13.5)
    out["council/2021-09-14-harbour-committee.pdf"] = f.pdf(council.MINUTES_2021_09, city, "Minutes of the Harbour Committee, 14 September 2021", "Harbour Committee, 14 September 2021", size=13.5)
    out["council/2020-08-19-Niederschrift-Partnerschaft.pdf"] = f.pdf(council.NIEDERSCHRIFT_2020_08, "Stadt Brakensiel", "Niederschrift Partnerschaftsausschuss, 19. August 2020", "Partnerschaftsausschuss, 19. August 2020", serif="Helvetica", size=12.5, crest="STADT BRAKENSIEL")
    out["council/2021-05-06-acta-préstamo.pdf"] = f.pdf(council.ACTA_2021_05, "Museo Marítimo de Puerto Almedra", "Acta de la reunión sobre el préstamo, 6 de mayo de 2021", "Acta, 6 de mayo de 2021", size=13, crest="MUSEO MARÍTIMO DE PUERTO ALMEDRA")
    out["council/2020-11-03-agenda.html"] = f.page(council.AGENDA_FLOOD, "Extraordinary session, 3 November 2020")
    out["council/2020-11-05-press-release.html"] = f.page(council.PRESS_RELEASE, "After the flood: what the city pays")
    out["council/standing-orders.md"] = f.markdown(council.STANDING_ORDERS)
    out["council/members-2020.csv"] = f.table_csv(council.MEMBERS)
    out["council/budget-2020-half-year.ods"] = f.ods(council.BUDGET, "Casimir Adebrook", on(2020, 7, 14))
    out["council/questions-2021.odt"] = f.odt(council.PUBLIC_QUESTIONS, "Dorothea Vintry", on(2021, 6, 30))

    hm = "Tobias Renkvist"
    out["harbour/contract-PC-2019-114.docx"] = f.docx(harbour.CONTRACT, hm, on(2019, 4, 2))
    out["harbour/tender-evaluation-2019.xlsx"] = f.xlsx(harbour.TENDER, "Dorothea Vintry", on(2019, 2, 26), "Tenders for the Eastern Fairway")
    out["harbour/spoil-log-2020-07-08.csv"] = f.table_csv(harbour.spoil_log())
    out["harbour/tolleby-invoice-2020-0388.pdf"] = f.pdf(harbour.INVOICE, "Tolleby Marine Dredging", "Invoice 2020-0388", "Invoice 2020-0388, page", serif="Helvetica", size=10.5, crest="TOLLEBY MARINE DREDGING")
    out["harbour/disputed-invoice-timeline.md"] = f.markdown(harbour.TIMELINE)
    png = io.BytesIO()
    pic.depth_chart().save(png, "PNG", optimize=True)
    out["harbour/survey-TL-2020-57.pdf"] = f.pdf(harbour.SURVEY, "Tidelode Survey Partners", "Survey TL-2020-57", "Report TL-2020-57", picture=(png.getvalue(), 0.42), caption="Figure 1. Least depths along the fairway, 5 and 6 October 2020.", serif="Helvetica", crest="TIDELODE SURVEY PARTNERS")
    out["harbour/tide-gauge-2020-10.csv"] = f.table_csv(harbour.tide_gauge(), delimiter=";", bom=True)
    out["harbour/berth-plan-2021-06.xlsx"] = f.xlsx(harbour.BERTHS, hm, on(2021, 5, 27), "Berth plan June 2021")
    out["harbour/lantern-bridge-inspection-2020.docx"] = f.docx(harbour.BRIDGE_REPORT, "Oona Pellworth", on(2020, 6, 9), picture=scaled(out["photos/bridge-pin-14.jpg"], (450, 300)), caption="Figure 1. Pin 14, upstream face, 19 May 2020. The chalk marks stand at both ends of the crack.")
    out["harbour/lantern-bridge-load-notice.html"] = f.page(harbour.LOAD_NOTICE, "Lantern Bridge: 7.5 tonnes")
    out["harbour/pilots-notes-2020.txt"] = f.plain(harbour.PILOT_NOTES)
    out["harbour/notice-to-mariners-31-2020.txt"] = f.plain(harbour.NOTICE_MARINERS)
    out["harbour/settlement-draft-3.odt"] = f.odt(harbour.SETTLEMENT_DRAFT, "Dorothea Vintry", on(2021, 9, 7))
    slide_pictures = {"berth": scaled(out["photos/berth-7-sunrise.jpg"], (480, 320)), "flood": extra["flood_slide"], None: None}
    out["harbour/briefing-2021-09.pptx"] = f.pptx([(a, b, slide_pictures[c], d, e) for a, b, c, d, e in harbour.SLIDES_TEXT], hm, on(2021, 9, 13), "Harbour briefing, September 2021")

    out["letters/2020-12-04 Tolleby to the Harbour Master.docx"] = f.docx(letters.TOLLEBY_INSISTS, "Gerrit Holmquay", on(2020, 12, 4))
    out["letters/2020-12-18 Harbour Master to Tolleby.docx"] = f.docx(letters.HARBOUR_ANSWERS, hm, on(2020, 12, 18))
    out["letters/2020-11-24 Ankermann, Lieferverzug.docx"] = f.docx(letters.LIEFERVERZUG, "Jutta Reifenbrink", on(2020, 11, 24))
    out["letters/2020-10-16 Bürgermeister Brakensiel.odt"] = f.odt(letters.BEILEID, "Enno Harkensee", on(2020, 10, 16))
    out["letters/2021-05-03 Hafenamt Brakensiel.html"] = f.page(letters.PEILUNG, "Mitteilung des Hafenamts Brakensiel Nr. 7/2021", lang="de")
    out["letters/2021-01-18 carta del museo.docx"] = f.docx(letters.CARTA_PRESTAMO, "Inés Caldarroz", on(2021, 1, 18))
    out["letters/2021-05-12 carta del seguro.txt"] = f.plain(letters.CARTA_SEGURO)
    out["letters/2020-10-20 Mrs Corwell to the Courier.txt"] = f.plain(letters.CORWELL)
    out["letters/2020-10-26 Fishermen to the Council.md"] = f.markdown(letters.FISHERMEN)
    out["letters/2020-10-29 Tamsin Fennimark.odt"] = f.odt(letters.FENNIMARK, "Tamsin Fennimark", on(2020, 10, 29))
    out["letters/2021-07-02 class 5b.html"] = f.page(letters.SCHOOL, "Thank you from class 5b", style="body{font-family:'Comic Sans MS',cursive;color:#234}")
    out["letters/2021-01-11 found under the door.txt"] = letters.ANONYMOUS.strip().encode() + b"\n"

    out["museum/loan-agreement-ML-2021-07.docx"] = f.docx(museum.LOAN, "Leonor Vasquell", on(2021, 2, 22))
    out["museum/condition-report-constancia.pdf"] = f.pdf(museum.CONDITION, "Piers Abenworth", "Condition report: figurehead of the Constancia", "Loan ML-2021-07", crest="MARITIME MUSEUM OF PORT OSTRANE")
    out["museum/ficha-constancia.html"] = f.page(museum.FICHA, "Ficha técnica: mascarón de la Constancia", lang="es")
    out["museum/insurance-certificate.pdf"] = f.pdf(museum.INSURANCE, "La Bitácora", "Certificate of insurance 21-0553", "File 21-0553", serif="Helvetica", crest="SEGUROS LA BITÁCORA")
    out["museum/salt-and-lanterns-objects.xlsx"] = f.xlsx(museum.OBJECTS, "Piers Abenworth", on(2021, 7, 19), "Salt and Lanterns")
    out["museum/visitors-book-2021.csv"] = f.table_csv(museum.VISITOR_BOOK)

    out["courier/2020-10-16-front-page.txt"] = f.plain(museum.FRONT_PAGE)
    out["courier/2020-10-24-corrections.html"] = f.page(museum.CORRECTIONS, "Corrections and clarifications")
    out["courier/picture-desk-rules.docx"] = f.docx(museum.STYLE_GUIDE, "Yolanda Brightmoor", on(2020, 11, 2))
    out["courier/picture-log-2020-10.xlsx"] = f.xlsx(museum.PICTURE_LOG, "Ruth Abernay", on(2020, 10, 31), "Picture log October 2020")


def scans(out):
    def jpg(im, q=38):
        b = io.BytesIO()
        im.save(b, "JPEG", quality=q, optimize=True, dpi=(150, 150))
        return b.getvalue()

    tall = dict(points=29, leading=1.5)
    out["scans/pilot-certificate-1987.pdf"] = f.image_pdf([jpg(pic.scan(letters.PILOT_CERT_1987, 51, 0.7, stamp=("PILOTAGE", "2 OCT 1987"), **tall))], "Scan 0012")
    out["scans/flood-report-1954.pdf"] = f.image_pdf([jpg(pic.scan(letters.FLOOD_1954_A, 52, -0.6, **tall)), jpg(pic.scan(letters.FLOOD_1954_B, 53, 0.9, stamp=("RECEIVED", "22 FEB 1954"), **tall))], "Scan 0013")
    out["scans/delivery-note-1978.pdf"] = f.image_pdf([jpg(pic.scan(letters.DELIVERY_NOTE, 54, -1.1, stamp=("WORKS YARD", "6 MAR 1978"), **tall))], "Scan 0014")
    b = io.BytesIO()
    page = pic.scan(letters.KEEPER_1931, 55, 0.5, size=(1100, 1500), points=25, leading=1.36, margin=110)
    page.point(lambda v: min(255, int((v - 40) * 1.32)) if v < 196 else 238).quantize(16, dither=pic.Image.Dither.NONE).save(b, "PNG", optimize=True, dpi=(133, 133))
    out["scans/keeper-1931.png"] = b.getvalue()
    out["scans/chandler-1962.jpg"] = jpg(pic.scan(letters.MUSEUM_1962, 56, -0.8, size=(1100, 1400), points=25, leading=1.4, margin=110))
    b = io.BytesIO()
    page = pic.scan(letters.TELEGRAM_1954, 57, 0.6, size=(1200, 800), points=29, leading=1.35, margin=70)
    page.point(lambda v: 255 if v > 172 else 0).convert("1").save(b, "TIFF", compression="group4", dpi=(150, 150))
    out["scans/telegram-1954.tif"] = b.getvalue()


def recordings(out):
    with tempfile.TemporaryDirectory() as tmp:
        wav, ogg, mp4 = (str(Path(tmp) / n) for n in ("a.wav", "a.ogg", "a.mp4"))
        subprocess.run(["espeak-ng", "-v", "en-gb", "-s", "142", "-p", "38", "-g", "3", "-w", wav, museum.SPOKEN], check=True)
        quiet = ["ffmpeg", "-v", "error", "-y", "-threads", "1"]
        exact = ["-fflags", "+bitexact", "-flags:a", "+bitexact", "-map_metadata", "-1"]
        subprocess.run([*quiet, "-i", wav, "-ac", "1", "-ar", "22050", "-c:a", "libvorbis", "-q:a", "1", *exact, "-metadata", "title=Harbour radio, 16 October 2020", ogg], check=True)
        out["recordings/harbour-radio-2020-10-16.ogg"] = Path(ogg).read_bytes()
        raw = b"".join(im.tobytes() for im in pic.harbour_frames())
        subprocess.run([*quiet, "-f", "rawvideo", "-pix_fmt", "rgb24", "-s", "480x270", "-r", "12", "-i", "-", "-c:v", "libx264", "-preset", "slow", "-crf", "27", "-pix_fmt", "yuv420p", "-threads", "1",
                        "-fflags", "+bitexact", "-flags:v", "+bitexact", "-movflags", "+faststart", "-metadata", "title=Harbour camera 3", mp4], input=raw, check=True)
        out["recordings/harbour-camera-3.mp4"] = Path(mp4).read_bytes()


EXPORT_NOTE = """
# Export of the picture desk, 2 November 2020

For the museum, as asked. Three captions that never ran, because the page was full.

- The weathercock of the Customs House on the morning of the 15th, turned by somebody's washing line.

- A piano in Lantern Street, on its back, with a gull on it.

- Eleven boats at the fish market, and a dog which wouldn't get out.
"""

EXPORT_LIST = [
    ["file", "caption", "city", "ran"],
    ["OC-20201015-012", "Weathercock of the Customs House with washing line", "Port Ostrane", "no"],
    ["OC-20201015-013", "Piano and gull, Lantern Street", "Port Ostrane", "no"],
    ["OC-20201015-015", "Eleven boats and a dog", "Port Ostrane", "no"],
]

BRIDGE_METHOD = """
# Exchange of pin 14: method

! City Works, nights of 15 to 19 March 2021

- Close the bridge at 23:00. Tell the pilots, who will want to know why there are lamps under it.

- Hang the span from the jacking beam and take up the turnbuckle until the gauge across the crack reads zero.

- Drive out the old pin. It went in in 1911 with a sledge and a hymn; we have a hydraulic ram.

- Set the two new bearings, then the new pin, chilled in liquid nitrogen. There is one quarter of an hour before it is warm.

- Open at 05:00. Sweep.
"""

BRIDGE_NIGHTS = [
    ["night", "work", "turnbuckle_kN", "opened_at"],
    ["2021-03-15", "jacking beam hung", 0, "04:40"], ["2021-03-16", "first bearing", 410, "05:10"], ["2021-03-17", "second bearing", 415, "04:55"],
    ["2021-03-18", "old pin out, new pin in", 418, "05:25"], ["2021-03-19", "load test 22 tonnes, deflection 6 mm", 0, "04:30"],
]

RATES = """
# Schedule of daily rates

! Confidential annex to the settlement of 14 September 2021
! Tolleby Marine Dredging

| Plant | Crowns a day |
| Dredger Marten with crew of nine | 3,500 |
| Barge Osprey II | 610 |
| Barge Wendelin | 940 |
| Diver, with tender | 480 |

The rates hold until the end of 2022. If you can read this, you have been told what the lady held in her hand.
"""

OLD_SURVEY = """
# Survey of the Eastern Fairway, report TL-2020-09

! Tidelode Survey Partners
! Field work 17 to 19 February 2020

The file was cut off when the memory card was taken out of the machine too early. A whole copy was never sent.

## Volume

In place, between May 2019 and February 2020: 196,400 cubic metres.
"""


def awkward(out):
    """What a real archive also holds: packed, locked, broken, doubled, foreign and empty files."""
    out["misc/picture-desk-export.zip"] = f.zip_of([
        ("picture-desk-export/note.docx", f.docx(EXPORT_NOTE, "Ruth Abernay", on(2020, 11, 2))),
        ("picture-desk-export/captions.csv", f.table_csv(EXPORT_LIST)),
        ("picture-desk-export/read me.txt", b"Not for print without a telephone call. R. Abernay\r\n"),
    ])
    out["misc/bridge-works-2021-03.tar.gz"] = f.targz_of([
        ("bridge-works/method.md", f.markdown(BRIDGE_METHOD)),
        ("bridge-works/nights.csv", f.table_csv(BRIDGE_NIGHTS)),
    ])
    with tempfile.TemporaryDirectory() as tmp:
        a, b = Path(tmp) / "a.pdf", Path(tmp) / "b.pdf"
        a.write_bytes(f.pdf(RATES, "Dorothea Vintry", "Schedule of daily rates", "Confidential"))
        subprocess.run(["qpdf", "--static-id", "--static-aes-iv", "--allow-weak-crypto", "--encrypt", "lantern", "lantern-owner", "128", "--use-aes=y", "--", a, b], check=True)
        out["misc/settlement-daily-rates.pdf"] = b.read_bytes()
    whole = f.pdf(OLD_SURVEY, "Tidelode Survey Partners", "Survey TL-2020-09", "Report TL-2020-09", serif="Helvetica", crest="TIDELODE SURVEY PARTNERS")
    out["misc/survey-TL-2020-09.pdf"] = whole[: whole.index(b"/Type /Page")]
    out["misc/February minutes (copy).pdf"] = out["council/2021-02-09-minutes.pdf"]
    out["misc/lantern-bridge-span-2.dwg"] = b"AC1027" + bytes(9) + random.Random(14).randbytes(12_000)
    out["misc/empty.txt"] = b""


def make():
    out, extra = {}, {}
    photos(out, extra)
    papers(out, extra)
    scans(out)
    recordings(out)
    out.update(mail.build(out | extra))
    awkward(out)
    return out


def write_readme(sheet):
    rows = ["| query | files |", "| --- | --- |"]
    for e in sheet:
        mark = " (by ear)" if e["via"] == "speech" else " (by OCR)"
        names = ", ".join(f"`{n}`" + (mark if n in e["unreadable"] else "") for n in e["files"])
        rows.append(f"| {e['query']} | {names} |")
    p = HERE / "README.md"
    head, _, rest = p.read_text().partition("<!-- facts -->")
    _, _, tail = rest.partition("<!-- end of facts -->")
    p.write_text(head + "<!-- facts -->\n" + "\n".join(rows) + "\n<!-- end of facts -->" + tail)


def main():
    files = make()
    if "--check" in sys.argv:
        have = {p.relative_to(ROOT).as_posix(): p.read_bytes() for p in ROOT.rglob("*") if p.is_file()}
        bad = sorted(n for n in files.keys() | have.keys() if files.get(n) != have.get(n))
        print("\n".join(bad) or "all the same")
        sys.exit(1 if bad else 0)
    for p in sorted(ROOT.rglob("*"), reverse=True):
        p.unlink() if p.is_file() else p.rmdir()
    for name, body in files.items():
        p = ROOT / name
        p.parent.mkdir(parents=True, exist_ok=True)
        p.write_bytes(body)
    sheet = facts.count(ROOT)
    (HERE / "facts.json").write_text(json.dumps(sheet, ensure_ascii=False, indent=1) + "\n")
    write_readme(sheet)
    print(len(files), "files,", sum(map(len, files.values())), "bytes")


if __name__ == "__main__":
    main()
