package extract

import (
	"bytes"
	"image/jpeg"
	"image/png"
	"slices"
	"strings"
	"testing"
	"time"

	shiftjis "golang.org/x/text/encoding/japanese"

	"candor"
	"candor/internal/extract/fixture"
)

const english = "The harbour council met on the first Monday of the month and decided that the fees for fishing boats should not be raised this year, because the catch was poor."

// japanese is three sentences in Shift JIS.
var japanese, _ = shiftjis.ShiftJIS.NewEncoder().String("港の料金は今年は上げないことに決めました。漁獲が少なかったからです。会議は月曜日に開かれます。")

func TestEveryFormat(t *testing.T) {
	p := newPool(t, nil)
	utf16 := []byte{0xff, 0xfe}
	for _, c := range "Hafen und Küste" {
		utf16 = append(utf16, byte(c), byte(c>>8))
	}
	for _, c := range []struct {
		name string
		data []byte
		typ  string
		cond candor.Condition
		text string // must stand in the text; "!" before it: must not
	}{
		{"empty", nil, "application/x-empty", candor.Done, ""},
		{"a.txt", []byte(english), "text/plain", candor.Done, "first Monday"},
		{"latin.txt", []byte("Der Hafen f\xfcr K\xfcste und Meer"), "text/plain", candor.Done, "für Küste"},
		{"utf16.txt", utf16, "text/plain", candor.Done, "Hafen und Küste"},
		{"koi.txt", []byte("\xf0\xd2\xc9\xd7\xc5\xd4 \xc9\xda \xf0\xcf\xd2\xd4\xc1, \xc4\xcf\xd2\xcf\xc7\xcf\xca \xc4\xd2\xd5\xc7"), "text/plain", candor.Done, "Привет из Порта"},
		{"a.csv", []byte("ship,fee\nStar,12\nMoon,13\n"), "text/csv", candor.Done, "Star,12"},
		{"a.json", []byte(`{"ship": "Star"}`), "application/json", candor.Done, "Star"},
		{"a.xml", []byte(`<?xml version="1.0"?><ships><ship>Star</ship></ships>`), "text/xml", candor.Done, "Star"},
		{"a.md", []byte("Intro\n\n# The tide tables\n\nWords.\n"), "text/markdown", candor.Done, "Words."},
		{"page", []byte(fixture.HTML), "text/html", candor.Done, "Ships & cargo\nof the year."},
		{"page2.html", []byte(fixture.HTML), "text/html", candor.Done, "!never"},
		{"velmere.1", []byte(fixture.Troff), "text/troff", candor.Done, "The harbour program shows “ships”."},
		{"velmere.1", []byte(fixture.Troff), "text/troff", candor.Done, "!hidden definition"},
		{"a.rtf", []byte(fixture.RTF), "text/rtf", candor.Done, "Tide tables for café owners\nUnicode: € euro"},
		{"a.docx", fixture.DOCX("Letter", "Dear harbour master,", "the fees"), "application/vnd.openxmlformats-officedocument.wordprocessingml.document", candor.Done, "Dear harbour master,\nthe fees\ncell one"},
		{"b.docx", fixture.DOCX("Letter", "x"), "application/vnd.openxmlformats-officedocument.wordprocessingml.document", candor.Done, "!struck out"},
		{"c.docx", fixture.DOCX("Letter", "x"), "application/vnd.openxmlformats-officedocument.wordprocessingml.document", candor.Done, "the footnote"},
		{"a.xlsx", fixture.XLSX(), "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", candor.Done, "Dues 1931\nVessel\tPaid on\nMorning Star\t2024-01-01\t12.5\tinline words\tTRUE"},
		{"a.pptx", fixture.PPTX(), "application/vnd.openxmlformats-officedocument.presentationml.presentation", candor.Done, "The first slide\nSay this slowly\n\fThe last slide"},
		{"a.odt", fixture.ODF("text", false), "application/vnd.oasis.opendocument.text", candor.Done, "Minutes\nThe council met  at noon."},
		{"b.odt", fixture.ODF("text", false), "application/vnd.oasis.opendocument.text", candor.Done, "!deleted words"},
		{"a.ods", fixture.ODF("spreadsheet", false), "application/vnd.oasis.opendocument.spreadsheet", candor.Done, "Ledger\nCoal \t12"},
		{"a.odp", fixture.ODF("presentation", false), "application/vnd.oasis.opendocument.presentation", candor.Done, "One\n\fTwo"},
		{"a.pdf", fixture.PDF("Minutes", "The first page.\nIts second line.", "The second page."), "application/pdf", candor.Done, "Its second line.\n\fThe second page."},
		{"scan.pdf", fixture.PDF("Scan", "words", "", ""), "application/pdf", candor.Done, "words"},
		{"old.doc", fixture.DOC("Old minutes\r", "Łódź\r"), "application/msword", candor.Done, "Old minutes\nŁódź"},
		{"old.xls", fixture.XLS(), "application/vnd.ms-excel", candor.Done, "Coal\tPort Velméré"},
		{"old.ppt", fixture.PPT("One", "Two"), "application/vnd.ms-powerpoint", candor.Done, "One\n\fTwo"},
		{"locked.7z", fixture.SevenZipHeads, "application/x-7z-compressed", candor.Encrypted, ""},
		{"locked.pdf", fixture.PDFEncrypted(), "application/pdf", candor.Encrypted, ""},
		{"locked.odt", fixture.ODF("text", true), "application/vnd.oasis.opendocument.text", candor.Encrypted, ""},
		{"locked.zip", fixture.ZipEncrypted(fixture.Member{Name: "a", Body: "b"}), "application/zip", candor.Encrypted, ""},
		{"a.eml", []byte(fixture.Mail), "message/rfc822", candor.Done, "café included"},
		{"noname", []byte(fixture.Mail), "message/rfc822", candor.Done, "!in HTML"},
		{"box", []byte(fixture.Mbox), "application/mbox", candor.Done, ""},
		{"crawl.warc", fixture.WARC("<p>page", "note"), "application/warc", candor.Done, ""},
		{"crawl.warc.gz", fixture.Gzip(fixture.WARC("<p>page", "note")), "application/gzip", candor.Done, ""},
		{"dues.dbf", fixture.DBF("Марта", "Star"), "application/x-dbf", candor.Done, "OWNER\tPAID\nМарта\t2024-05-06\nStar\t2024-05-06\t[deleted]"},
		{"chat.db", fixture.SQLite(`CREATE TABLE chat (who, said); INSERT INTO chat VALUES ('Ama', 'meet at the pier');`), "application/vnd.sqlite3", candor.Done, "chat\nwho\tsaid\nAma\tmeet at the pier"},
		{"sjis.txt", []byte(japanese), "text/plain", candor.Done, "港の料金"},
		{"a.wav", append([]byte("RIFF\x24\x00\x00\x00WAVEfmt \x10\x00\x00\x00\x01\x00\x01\x00\x40\x1f\x00\x00\x40\x1f\x00\x00\x01\x00\x08\x00data\x00\x00\x00\x00"), 0), "audio/wav", candor.Unsupported, ""},
		{"program", append([]byte("\x7fELF\x02\x01\x01"), make([]byte, 100)...), "application/x-elf", candor.Unsupported, ""},
	} {
		r, g := read(t, p, c.name, c.data)
		if r.Type != c.typ || r.Condition != c.cond {
			t.Errorf("%s: %s, %s (%s); want %s, %s", c.name, r.Type, r.Condition, r.Reason, c.typ, c.cond)
		}
		if not, ok := strings.CutPrefix(c.text, "!"); ok && strings.Contains(g.text.String(), not) || !ok && !strings.Contains(g.text.String(), c.text) {
			t.Errorf("%s: the text is %q", c.name, g.text.String())
		}
		if r.TextSize != int64(g.text.Len()) {
			t.Errorf("%s: %d bytes of text are said to be %d", c.name, g.text.Len(), r.TextSize)
		}
	}
}

func TestMetadata(t *testing.T) {
	p := newPool(t, nil)
	date := func(s string) time.Time { d, _ := time.Parse(time.RFC3339, s); return d }
	for _, c := range []struct {
		name                  string
		data                  []byte
		title, people, dated  string
		from, language, field string
		pages                 int
	}{
		{"a.txt", []byte(english), "", "", "", "", "en", "file:Encoding=utf-8", 0},
		{"a.md", []byte("# The tide tables\n"), "The tide tables", "", "", "", "", "", 0},
		{"a.html", []byte(fixture.HTML), "The Harbour Book", "M. Tan", "", "", "en", "doc:description=A ledger", 0},
		{"a.1", []byte(fixture.Troff), "VELMERE(1)", "", "2020-02-03T00:00:00Z", "doc:Date", "en", "", 0},
		{"a.rtf", []byte(fixture.RTF), "Pilot's notes", "E. Sand", "", "", "", "", 0},
		{"a.docx", fixture.DOCX("Letter", "x"), "Letter", "Ama Boateng", "2023-04-05T06:07:08Z", "doc:Created", "", "doc:Pictures=1", 0},
		{"a.xlsx", fixture.XLSX(), "Harbour dues", "Ama Boateng", "2023-04-05T06:07:08Z", "doc:Created", "", "doc:Sheets=1", 0},
		{"a.pptx", fixture.PPTX(), "Budget talk", "Ama Boateng", "2023-04-05T06:07:08Z", "doc:Created", "", "", 2},
		{"a.odt", fixture.ODF("text", false), "Council minutes", "J. Reyes", "2022-03-04T10:00:00Z", "doc:Created", "", "", 0},
		{"a.odp", fixture.ODF("presentation", false), "Council minutes", "J. Reyes", "2022-03-04T10:00:00Z", "doc:Created", "", "", 2},
		{"a.pdf", fixture.PDF("Minutes", "one", "two"), "Minutes", "R. Osei", "2021-02-03T04:05:06Z", "doc:CreationDate", "", "doc:Author=R. Osei", 2},
		{"a.eml", []byte(fixture.Mail), "Harbour fees", "René Dubois <rene@example.org>|Clerk <clerk@velmere.example>", "2024-03-05T13:30:00Z", "mail:Date", "", "mail:Message-Id=<1@example.org>", 0},
		{"a.jpg", fixture.Photo(64, 32, 1), "Lighthouse reopens", "Ines Falk", "2019-07-20T18:30:00Z", "exif:DateTimeOriginal", "", "iptc:City=Port Velmere", 1},
	} {
		r, _ := read(t, p, c.name, c.data)
		if r.Title != c.title || strings.Join(r.People, "|") != c.people || r.Language != c.language || r.Pages != c.pages {
			t.Errorf("%s: title %q, people %q, language %q, %d pages", c.name, r.Title, r.People, r.Language, r.Pages)
		}
		if c.dated != "" && (!r.Date.Equal(date(c.dated)) || r.DateFrom != c.from) {
			t.Errorf("%s: date %s from %s", c.name, r.Date, r.DateFrom)
		}
		if k, v, _ := strings.Cut(c.field, "="); k != "" && field(r, k) != v {
			t.Errorf("%s: fields %v", c.name, r.Fields)
		}
	}
}

func TestParts(t *testing.T) {
	p := newPool(t, nil)
	members := []fixture.Member{{Name: "a.txt", Body: "one"}, {Name: "../up.txt", Body: "two"}, {Name: "/etc/passwd", Body: "three"}, {Name: "caf\xe9.txt", Body: "four"}}
	cleaned := "a.txt %2E%2E/up.txt etc/passwd caf%E9.txt"
	big := strings.Repeat("0123456789abcdef", 200_000)
	for _, c := range []struct {
		name  string
		data  []byte
		parts string
		last  string
	}{
		{"a.zip", fixture.Zip(members...), cleaned, "four"},
		{"a.tar", fixture.Tar(members...), cleaned, "four"},
		{"a.7z", fixture.SevenZip, "ledger.txt sub/second.txt", "A second member.\n"},
		{"a.rar", fixture.Rar(members...), cleaned, "four"},
		{"a.msg", fixture.MSG(), "fees.csv An older message.eml", ""},
		{"a.tar.gz", fixture.Gzip(fixture.Tar(members...)), cleaned, "four"},
		{"big.zip", fixture.Zip(fixture.Member{Name: "big", Body: big}), "big", big},
		{"page.html.gz", fixture.Gzip([]byte(fixture.HTML)), "page.html", fixture.HTML},
		{"a.eml", []byte(fixture.Mail), "fees.csv part-2.eml", "From: a@example.org\r\nSubject: inside\r\n\r\nAn older message."},
		{"box", []byte(fixture.Mbox), "0001.eml 0002.eml", "From: b@example.org\nSubject: two\n\nBye\n"},
		{"a.docx", fixture.DOCX("x", "y"), "table.xlsx", "not really"},
	} {
		r, g := read(t, p, c.name, c.data)
		if r.Condition != candor.Done || g.names() != c.parts {
			t.Errorf("%s: %s (%s), parts %s", c.name, r.Condition, r.Reason, g.names())
			continue
		}
		if got := string(g.parts[len(g.parts)-1].data); c.last != "" && got != c.last {
			t.Errorf("%s: the last part is %.100q", c.name, got)
		}
	}
	r, g := read(t, p, "box", []byte(fixture.Mbox))
	if want := "From: a@example.org\nSubject: one\n\nHello\n\nFrom the harbour we write.\nFrom here it goes on.\n"; string(g.parts[0].data) != want || field(r, "mail:Messages") != "2" {
		t.Errorf("the first message is %q", g.parts[0].data)
	}
	_, g = read(t, p, "a.zip", fixture.Zip(members...))
	if g.parts[0].ModTime.IsZero() {
		t.Error("a member's time is lost")
	}
}

func TestScannedPagesAreNamed(t *testing.T) {
	p := newPool(t, nil)
	r, _ := read(t, p, "scan.pdf", fixture.PDF("Scan", "words", "", "", "more", ""))
	if want := []int{2, 3, 5}; !slices.Equal(r.Pictures, want) || r.Condition != candor.Done {
		t.Errorf("the pictures are pages %v, want %v (%s)", r.Pictures, want, r.Condition)
	}
	r, _ = read(t, p, "scan.pdf", fixture.PDF("Scan", "", ""))
	if want := []int{1, 2}; !slices.Equal(r.Pictures, want) {
		t.Errorf("the pictures are pages %v, want %v", r.Pictures, want)
	}
}

func TestPictures(t *testing.T) {
	p := newPool(t, nil)
	for _, format := range []string{"jpeg", "png", "gif", "tiff", "bmp"} {
		r, _ := read(t, p, "x", fixture.Image(format, 1000, 500))
		if r.Condition != candor.Done || field(r, "file:Width") != "1000" {
			t.Errorf("%s: %s (%s), %v", format, r.Condition, r.Reason, r.Fields)
			continue
		}
		m, err := jpeg.Decode(bytes.NewReader(r.Thumbnail))
		if err != nil || m.Bounds().Dx() != 480 || m.Bounds().Dy() != 240 {
			t.Errorf("%s: a thumbnail of %v, %v", format, m.Bounds(), err)
		}
	}
	r, g := read(t, p, "photo.jpg", fixture.Photo(640, 320, 6))
	for _, want := range []string{"Lighthouse reopens", "opened again after repairs", "lighthouse\nharbour", "Port Velmere", "Harbour Post"} {
		if !strings.Contains(g.text.String(), want) {
			t.Errorf("the text lacks %q: %q", want, g.text.String())
		}
	}
	m, err := jpeg.Decode(bytes.NewReader(r.Thumbnail))
	if err != nil || m.Bounds().Dx() >= m.Bounds().Dy() {
		t.Fatalf("a picture that lies on its side stays there: %v, %v", m.Bounds(), err)
	}
	if red, _, blue, _ := m.At(m.Bounds().Dx()/2, 10).RGBA(); red < blue {
		t.Error("the left of a picture turned by 90° is not at its top")
	}
}

func TestPDFThumbnailAndRender(t *testing.T) {
	p := newPool(t, nil)
	data := fixture.PDF("Minutes", "The first page.", "The second.")
	r, _ := read(t, p, "a.pdf", data)
	if m, err := jpeg.Decode(bytes.NewReader(r.Thumbnail)); err != nil || m.Bounds().Dx() != 480 {
		t.Errorf("a thumbnail of %v", err)
	}
	for _, c := range []struct {
		data  []byte
		page  int
		width int
		code  candor.Code
	}{
		{data, 2, 600, ""},
		{fixture.Photo(800, 400, 1), 1, 600, ""},
		{data, 3, 600, candor.NotFound},
		{data, 0, 600, candor.Invalid},
		{data, 1, 9000, candor.Invalid},
		{data[:200], 1, 600, candor.NotSupported},
		{[]byte("text"), 1, 600, candor.NotSupported},
		{nil, 1, 600, candor.NotSupported},
	} {
		page, err := p.Render(t.Context(), source("x", c.data), c.page, c.width)
		if candor.CodeOf(err) != c.code {
			t.Errorf("page %d, width %d: %v, want %s", c.page, c.width, err, c.code)
		}
		if err != nil {
			continue
		}
		if m, err := png.Decode(bytes.NewReader(page)); err != nil || m.Bounds().Dx() != 600 {
			t.Errorf("page %d: %v", c.page, err)
		}
	}
}
