"""Writers: one short marked-up text to docx, odt, pdf, html or md; tables to xlsx, ods and csv; mail; archives.

The mark-up of a text:

    # Title          ## Heading          - bullet          | cell | cell |
    ! a line kept as it stands (addresses, signatures)
    anything else is a paragraph; blank lines part paragraphs

Every writer takes care that a second run gives the same bytes: dates come from the caller, archives are
packed again with one fixed time.
"""

import csv
import datetime as dt
import gzip
import html
import io
import re
import tarfile
import zipfile
from email.message import EmailMessage
from email.policy import SMTP

ZIP_TIME = (2021, 10, 1, 9, 0, 0)


def blocks(text):
    """Parse the mark-up into (kind, value) pairs."""
    out = []
    for chunk in re.split(r"\n\s*\n", text.strip()):
        lines = chunk.strip().split("\n")
        first = lines[0]
        if first.startswith("## "):
            out.append(("h2", first[3:]))
            lines = lines[1:]
        elif first.startswith("# "):
            out.append(("h1", first[2:]))
            lines = lines[1:]
        if not lines:
            continue
        if lines[0].startswith("|"):
            out.append(("table", [[c.strip() for c in l.strip().strip("|").split("|")] for l in lines]))
        elif lines[0].startswith("! "):
            out.append(("lines", [l[2:] if l.startswith("! ") else l for l in lines]))
        elif lines[0].startswith("- "):
            items = []
            for l in lines:
                if l.startswith("- "):
                    items.append(l[2:])
                else:
                    items[-1] += " " + l.strip()
            out.append(("list", items))
        else:
            out.append(("p", " ".join(l.strip() for l in lines)))
    return out


def repack(data, keep_first=None, core_date=None):
    """Pack a zip-based document again, with a fixed time for each part and without a preview picture."""
    src = zipfile.ZipFile(io.BytesIO(data))
    out = io.BytesIO()
    names = [n for n in src.namelist() if not n.endswith("thumbnail.jpeg")]
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as z:
        for n in names:
            body = src.read(n)
            if n == "_rels/.rels":
                body = re.sub(rb'<Relationship [^>]*thumbnail[^>]*/>', b"", body)
            if n == "docProps/core.xml" and core_date:
                stamp = core_date.strftime("%Y-%m-%dT%H:%M:%SZ").encode()
                body = re.sub(rb"(<dcterms:(created|modified)[^>]*>)[^<]*", rb"\g<1>" + stamp, body)
            info = zipfile.ZipInfo(n, ZIP_TIME)
            info.compress_type = zipfile.ZIP_STORED if n == keep_first else zipfile.ZIP_DEFLATED
            info.external_attr = 0o644 << 16
            z.writestr(info, body)
    return out.getvalue()


def docx(text, author, date, title=None, picture=None, caption=None):
    import docx as d
    from docx.shared import Cm, Pt

    doc = d.Document()
    doc.styles["Normal"].font.name = "Georgia"
    doc.styles["Normal"].font.size = Pt(11)
    for kind, v in blocks(text):
        if kind == "h1":
            doc.add_heading(v, 1)
            title = title or v
        elif kind == "h2":
            doc.add_heading(v, 2)
        elif kind == "p":
            doc.add_paragraph(v)
        elif kind == "list":
            for i in v:
                doc.add_paragraph(i, style="List Bullet")
        elif kind == "lines":
            p = doc.add_paragraph()
            for i, l in enumerate(v):
                if i:
                    p.add_run().add_break()
                p.add_run(l)
        elif kind == "table":
            t = doc.add_table(len(v), len(v[0]), style="Table Grid")
            for r, row in enumerate(v):
                for c, cell in enumerate(row):
                    t.cell(r, c).text = cell
            doc.add_paragraph()
    if picture:
        doc.add_picture(io.BytesIO(picture), width=Cm(14))
        doc.add_paragraph(caption)
    cp = doc.core_properties
    cp.author, cp.title, cp.last_modified_by, cp.comments = author, title or "", author, ""
    cp.created = cp.modified = date
    out = io.BytesIO()
    doc.save(out)
    return repack(out.getvalue(), core_date=date)


def odt(text, author, date, title=None):
    from odf.dc import Creator, Date, Title
    from odf.opendocument import OpenDocumentText
    from odf.style import ParagraphProperties, Style, TextProperties
    from odf.table import Table, TableCell, TableColumn, TableRow
    from odf.text import H, LineBreak, List, ListItem, P

    doc = OpenDocumentText()
    styles = {}
    for name, size, weight in (("h1", "18pt", "bold"), ("h2", "13pt", "bold"), ("body", "11pt", "normal")):
        st = Style(name=name, family="paragraph")
        st.addElement(ParagraphProperties(marginbottom="0.25cm"))
        st.addElement(TextProperties(fontsize=size, fontweight=weight))
        doc.styles.addElement(st)
        styles[name] = st
    for kind, v in blocks(text):
        if kind in ("h1", "h2"):
            doc.text.addElement(H(outlinelevel=int(kind[1]), stylename=styles[kind], text=v))
            title = title or v
        elif kind == "p":
            doc.text.addElement(P(stylename=styles["body"], text=v))
        elif kind == "lines":
            p = P(stylename=styles["body"])
            for i, l in enumerate(v):
                if i:
                    p.addElement(LineBreak())
                p.addText(l)
            doc.text.addElement(p)
        elif kind == "list":
            ul = List()
            for i in v:
                li = ListItem()
                li.addElement(P(stylename=styles["body"], text=i))
                ul.addElement(li)
            doc.text.addElement(ul)
        elif kind == "table":
            doc.text.addElement(odf_table(v, "T", Table, TableColumn, TableRow, TableCell, P))
    doc.meta.addElement(Title(text=title or ""))
    doc.meta.addElement(Creator(text=author))
    doc.meta.addElement(Date(text=date.isoformat()))
    out = io.BytesIO()
    doc.write(out)
    return repack(out.getvalue(), keep_first="mimetype")


def odf_table(rows, name, Table, TableColumn, TableRow, TableCell, P):
    t = Table(name=name)
    t.addElement(TableColumn(numbercolumnsrepeated=len(rows[0])))
    for row in rows:
        tr = TableRow()
        for cell in row:
            if isinstance(cell, (int, float)):
                tc = TableCell(valuetype="float", value=str(cell))
            else:
                tc = TableCell(valuetype="string")
            tc.addElement(P(text=str(cell)))
            tr.addElement(tc)
        t.addElement(tr)
    return t


def ods(sheets, author, date):
    from odf.dc import Creator, Date
    from odf.opendocument import OpenDocumentSpreadsheet
    from odf.table import Table, TableCell, TableColumn, TableRow
    from odf.text import P

    doc = OpenDocumentSpreadsheet()
    for name, rows in sheets:
        doc.spreadsheet.addElement(odf_table(rows, name, Table, TableColumn, TableRow, TableCell, P))
    doc.meta.addElement(Creator(text=author))
    doc.meta.addElement(Date(text=date.isoformat()))
    out = io.BytesIO()
    doc.write(out)
    return repack(out.getvalue(), keep_first="mimetype")


def xlsx(sheets, author, date, title=""):
    """Sheets are (name, rows[, {cell: note}])."""
    from openpyxl import Workbook
    from openpyxl.comments import Comment
    from openpyxl.styles import Font

    wb = Workbook()
    wb.remove(wb.active)
    for name, rows, *notes in sheets:
        ws = wb.create_sheet(name)
        for row in rows:
            ws.append(row)
        for cell in ws[1]:
            cell.font = Font(bold=True)
        for i in range(len(rows[0])):
            width = max(len(str(r[i])) for r in rows if i < len(r))
            ws.column_dimensions[chr(65 + i)].width = min(50, width + 3)
        for ref, note in (notes[0] if notes else {}).items():
            ws[ref].comment = Comment(note, author)
    wb.properties.creator, wb.properties.title = author, title
    wb.properties.created = date
    out = io.BytesIO()
    wb.save(out)
    return repack(out.getvalue(), core_date=date)


def pptx(slides, author, date, title):
    """Slides are (title, bullets, picture bytes or None, caption, speaker's notes)."""
    from pptx import Presentation
    from pptx.util import Emu, Inches, Pt

    prs = Presentation()
    prs.slide_width, prs.slide_height = Inches(10), Inches(5.625)
    for i, (head, bullets, picture, caption, notes) in enumerate(slides):
        s = prs.slides.add_slide(prs.slide_layouts[5])
        s.shapes.title.text = head
        s.shapes.title.left, s.shapes.title.top = Inches(0.5), Inches(0.25)
        s.shapes.title.width, s.shapes.title.height = Inches(9), Inches(0.8)
        s.shapes.title.text_frame.paragraphs[0].runs[0].font.size = Pt(30)
        box = s.shapes.add_textbox(Inches(0.6), Inches(1.3), Inches(4.3 if picture else 8.8), Inches(3.8))
        box.text_frame.word_wrap = True
        for k, b in enumerate(bullets):
            p = box.text_frame.paragraphs[0] if k == 0 else box.text_frame.add_paragraph()
            p.text = "\u2022 " + b
            p.font.size = Pt(17)
            p.space_after = Pt(8)
        if picture:
            s.shapes.add_picture(io.BytesIO(picture), Inches(5.2), Inches(1.4), width=Inches(4.3))
            cap = s.shapes.add_textbox(Inches(5.2), Inches(4.35), Inches(4.3), Inches(0.6))
            cap.text_frame.word_wrap = True
            cap.text_frame.text = caption
            cap.text_frame.paragraphs[0].font.size = Pt(11)
        if notes:
            s.notes_slide.notes_text_frame.text = notes
    cp = prs.core_properties
    cp.author, cp.title, cp.last_modified_by = author, title, author
    cp.created = cp.modified = date
    out = io.BytesIO()
    prs.save(out)
    return repack(out.getvalue(), core_date=date)


def pdf(text, author, title, foot, picture=None, caption=None, serif="Times", size=11.5, crest=None):
    """A set page with a running foot. The fonts are the standard ones, so files stay small."""
    from reportlab.lib import colors
    from reportlab.lib.pagesizes import A4
    from reportlab.lib.styles import ParagraphStyle
    from reportlab.lib.units import cm
    from reportlab.platypus import Image, KeepTogether, Paragraph, SimpleDocTemplate, Spacer, Table, TableStyle

    bold = {"Times": "Times-Bold", "Helvetica": "Helvetica-Bold"}[serif]
    base = {"Times": "Times-Roman", "Helvetica": "Helvetica"}[serif]
    body = ParagraphStyle("b", fontName=base, fontSize=size, leading=size * 1.45, spaceAfter=size * 0.8)
    kept = ParagraphStyle("k", parent=body)
    small = ParagraphStyle("s", parent=body, fontSize=size - 2, leading=(size - 2) * 1.3, spaceAfter=0)
    h1 = ParagraphStyle("h1", fontName=bold, fontSize=19, leading=24, spaceAfter=12, textColor=colors.HexColor("#1d3f5a"))
    h2 = ParagraphStyle("h2", fontName=bold, fontSize=13, leading=17, spaceBefore=10, spaceAfter=5, textColor=colors.HexColor("#1d3f5a"), keepWithNext=1)
    story = []
    for kind, v in blocks(text):
        if kind == "h1":
            story.append(Paragraph(html.escape(v), h1))
        elif kind == "h2":
            story.append(Paragraph(html.escape(v), h2))
        elif kind == "p":
            story.append(Paragraph(html.escape(v, quote=False), body))
        elif kind == "lines":
            story.append(Paragraph("<br/>".join(html.escape(l, quote=False) for l in v), kept))
        elif kind == "list":
            for i in v:
                story.append(Paragraph(html.escape(i, quote=False), ParagraphStyle("l", parent=body, leftIndent=16, spaceAfter=4), bulletText="\u2022"))
            story.append(Spacer(1, 6))
        elif kind == "table":
            cells = [[Paragraph(html.escape(c, quote=False), small) for c in r] for r in v]
            t = Table(cells, hAlign="LEFT")
            t.setStyle(TableStyle([("GRID", (0, 0), (-1, -1), 0.4, colors.HexColor("#9aa7b0")), ("BACKGROUND", (0, 0), (-1, 0), colors.HexColor("#e6edf1")), ("VALIGN", (0, 0), (-1, -1), "TOP")]))
            story += [t, Spacer(1, 10)]
    if picture is not None:
        im = Image(io.BytesIO(picture[0]), width=15.5 * cm, height=15.5 * cm * picture[1])
        story.append(KeepTogether([Spacer(1, 8), im, Paragraph(html.escape(caption), small)]))

    def page(c, doc):
        c.saveState()
        c.setStrokeColor(colors.HexColor("#1d3f5a"))
        c.setLineWidth(1.2)
        c.line(2.5 * cm, 28 * cm, 18.5 * cm, 28 * cm)
        c.setFont(bold, 9)
        c.drawString(2.5 * cm, 28.2 * cm, crest or "CITY OF PORT OSTRANE")
        c.setFont(base, 8.5)
        c.drawString(2.5 * cm, 1.5 * cm, foot)
        c.drawRightString(18.5 * cm, 1.5 * cm, f"{doc.page}")
        c.restoreState()

    out = io.BytesIO()
    SimpleDocTemplate(out, pagesize=A4, leftMargin=2.5 * cm, rightMargin=2.5 * cm, topMargin=2.4 * cm, bottomMargin=2.4 * cm, invariant=1, title=title, author=author, subject=foot).build(story, onFirstPage=page, onLaterPages=page)
    return dated(out.getvalue(), title)


# When each PDF says that it was made. ReportLab's reproducible files all say 1 January 2000.
MADE = {
    "Scan 0012": "2020-02-11",
    "Scan 0013": "2020-02-11",
    "Scan 0014": "2020-02-11",
    "Minutes of the City Council, 12 March 2019": "2019-03-19",
    "Minutes of the City Council, 23 June 2020": "2020-06-30",
    "Niederschrift Partnerschaftsausschuss, 19. August 2020": "2020-08-24",
    "Invoice 2020-0388": "2020-09-30",
    "Survey TL-2020-57": "2020-10-09",
    "Minutes of the City Council, 3 November 2020": "2020-11-10",
    "Minutes of the City Council, 9 February 2021": "2021-02-16",
    "Acta de la reunión sobre el préstamo, 6 de mayo de 2021": "2021-05-07",
    "Certificate of insurance 21-0553": "2021-05-17",
    "Condition report: figurehead of the Constancia": "2021-05-30",
    "Minutes of the Harbour Committee, 14 September 2021": "2021-09-21",
}


def dated(data, title):
    """Put the story's date where ReportLab wrote its own, byte for byte as long."""
    made = MADE.get(title, "2021-03-01").replace("-", "")
    return data.replace(b"D:20000101000000", b"D:" + made.encode() + b"090000")


def image_pdf(jpegs, title):
    """Pages that are pictures and nothing else, as a scanner makes them."""
    from reportlab import rl_config
    from reportlab.lib.pagesizes import A4
    from reportlab.lib.utils import ImageReader
    from reportlab.pdfgen.canvas import Canvas

    rl_config.useA85 = 0
    out = io.BytesIO()
    c = Canvas(out, pagesize=A4, invariant=1)
    c.setTitle(title)
    for j in jpegs:
        c.drawImage(ImageReader(io.BytesIO(j)), 0, 0, *A4)
        c.showPage()
    c.save()
    return dated(out.getvalue(), title)


def page(text, title, lang="en", style="body{font-family:Georgia,serif;max-width:40em;margin:2em auto;line-height:1.5}"):
    """An HTML page."""
    e = html.escape
    out = [f'<!DOCTYPE html>\n<html lang="{lang}">\n<head>\n<meta charset="utf-8">\n<title>{e(title)}</title>\n<style>{style}</style>\n</head>\n<body>']
    for kind, v in blocks(text):
        if kind in ("h1", "h2"):
            out.append(f"<{kind}>{e(v)}</{kind}>")
        elif kind == "p":
            out.append(f"<p>{e(v, quote=False)}</p>")
        elif kind == "lines":
            out.append("<p>" + "<br>\n".join(e(l, quote=False) for l in v) + "</p>")
        elif kind == "list":
            out.append("<ul>\n" + "\n".join(f"<li>{e(i, quote=False)}</li>" for i in v) + "\n</ul>")
        elif kind == "table":
            rows = ["<tr>" + "".join(f"<{'th' if n == 0 else 'td'}>{e(c, quote=False)}</{'th' if n == 0 else 'td'}>" for c in r) + "</tr>" for n, r in enumerate(v)]
            out.append("<table>\n" + "\n".join(rows) + "\n</table>")
    return ("\n".join(out) + "\n</body>\n</html>\n").encode()


def markdown(text):
    out = []
    for kind, v in blocks(text):
        if kind == "h1":
            out.append("# " + v)
        elif kind == "h2":
            out.append("## " + v)
        elif kind == "p":
            out.append(v)
        elif kind == "lines":
            out.append("  \n".join(v))
        elif kind == "list":
            out.append("\n".join("- " + i for i in v))
        elif kind == "table":
            rows = ["| " + " | ".join(r) + " |" for r in v]
            rows.insert(1, "|" + " --- |" * len(v[0]))
            out.append("\n".join(rows))
    return ("\n\n".join(out) + "\n").encode()


def plain(text, width=78):
    """A text file, folded at a width as people's editors did it."""
    import textwrap

    out = []
    for kind, v in blocks(text):
        if kind == "h1":
            out.append(v.upper() + "\n" + "=" * len(v))
        elif kind == "h2":
            out.append(v + "\n" + "-" * len(v))
        elif kind == "p":
            out.append(textwrap.fill(v, width))
        elif kind == "lines":
            out.append("\n".join(v))
        elif kind == "list":
            out.append("\n".join(textwrap.fill(i, width, initial_indent="  * ", subsequent_indent="    ") for i in v))
        elif kind == "table":
            cols = [max(len(r[i]) for r in v) for i in range(len(v[0]))]
            out.append("\n".join("  ".join(c.ljust(w) for c, w in zip(r, cols)).rstrip() for r in v))
    return ("\n\n".join(out) + "\n").encode()


def table_csv(rows, delimiter=",", bom=False):
    out = io.StringIO()
    csv.writer(out, delimiter=delimiter, lineterminator="\r\n").writerows(rows)
    return (b"\xef\xbb\xbf" if bom else b"") + out.getvalue().encode()


def zip_of(members):
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as z:
        for name, body in members:
            info = zipfile.ZipInfo(name, ZIP_TIME)
            info.compress_type = zipfile.ZIP_DEFLATED
            info.external_attr = 0o644 << 16
            z.writestr(info, body)
    return out.getvalue()


def targz_of(members):
    raw = io.BytesIO()
    with tarfile.open(fileobj=raw, mode="w", format=tarfile.PAX_FORMAT) as t:
        for name, body in members:
            info = tarfile.TarInfo(name)
            info.size, info.mode, info.uname, info.gname = len(body), 0o644, "clerk", "clerk"
            info.mtime = int(dt.datetime(*ZIP_TIME, tzinfo=dt.timezone.utc).timestamp())
            t.addfile(info, io.BytesIO(body))
    return gzip.compress(raw.getvalue(), mtime=0)


MIME = {
    "pdf": "application/pdf",
    "jpg": "image/jpeg",
    "docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    "csv": "text/csv",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}


def message(frm, to, subject, date, mid, text, html_text=None, cc=None, reply_to=None, refs=(), attach=(), charset="utf-8"):
    """One mail. Attachments are (file name, bytes) or (name, EmailMessage) for a forwarded mail."""
    m = EmailMessage(policy=SMTP)
    m["From"], m["To"] = frm, to
    if cc:
        m["Cc"] = cc
    m["Subject"], m["Date"], m["Message-ID"] = subject, date, mid
    if reply_to:
        m["In-Reply-To"] = reply_to
    if refs:
        m["References"] = " ".join(refs)
    m.set_content(text.strip("\n") + "\n", charset=charset, cte="quoted-printable" if charset != "utf-8" else None)
    if html_text:
        m.add_alternative(html_text.strip() + "\n", subtype="html")
    for name, body in attach:
        if isinstance(body, EmailMessage):
            m.add_attachment(body, filename=name)
        else:
            major, minor = MIME[name.rsplit(".", 1)[1]].split("/")
            m.add_attachment(body, maintype=major, subtype=minor, filename=name)
    tag = re.sub(r"\W", "", mid)[:20]
    for i, part in enumerate(p for p in m.walk() if p.is_multipart() and p.get_content_maintype() == "multipart"):
        part.set_boundary(f"=_{tag}_{i}")
    return m


def mbox(messages):
    """An mbox in the mboxrd way: a line that looks like a separator gets one more '>'."""
    out = []
    for sender, date, m in messages:
        body = m.as_bytes(policy=SMTP.clone(linesep="\n"))
        body = re.sub(rb"(?m)^(>*From )", rb">\1", body)
        out.append(f"From {sender} {date.strftime('%a %b %d %H:%M:%S %Y')}\n".encode() + body.rstrip(b"\n") + b"\n\n")
    return b"".join(out)
