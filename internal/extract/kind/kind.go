// Package kind tells what a file is from its content. The name only breaks ties
// between kinds of text, which look alike.
package kind

import (
	"archive/zip"
	"bytes"
	"encoding/binary"
	"io"
	"path"
	"strings"
	"sync"

	"github.com/gabriel-vasile/mimetype"

	"candor"
	"candor/internal/extract/plain"
)

// Media types that Candor's readers are chosen by.
const (
	Empty       = "application/x-empty"
	Unknown     = "application/octet-stream"
	Text        = "text/plain"
	HTML        = "text/html"
	Markdown    = "text/markdown"
	Troff       = "text/troff"
	RTF         = "text/rtf"
	PDF         = "application/pdf"
	Mail        = "message/rfc822"
	Mbox        = "application/mbox"
	Zip         = "application/zip"
	Tar         = "application/x-tar"
	Gzip        = "application/gzip"
	Bzip2       = "application/x-bzip2"
	XZ          = "application/x-xz"
	Zstd        = "application/zstd"
	SevenZip    = "application/x-7z-compressed"
	Rar         = "application/vnd.rar"
	Jar         = "application/java-archive"
	Zlib        = "application/zlib"
	LZ4         = "application/x-lz4"
	Snappy      = "application/x-snappy-framed"
	WARC        = "application/warc"
	SQLite      = "application/vnd.sqlite3"
	DBF         = "application/x-dbf"
	Access      = "application/x-msaccess"
	PST         = "application/vnd.ms-outlook-pst"
	TNEF        = "application/vnd.ms-tnef"
	PKCS7       = "application/pkcs7-mime"
	OLE         = "application/x-ole-storage"
	Cpio        = "application/x-cpio"
	Ar          = "application/x-archive"
	Compress    = "application/x-compress"
	Stamped     = "application/timestamped-data"
	Plist       = "application/x-bplist"
	XLSB        = "application/vnd.ms-excel.sheet.binary.macroenabled.12"
	OneNote     = "application/onenote"
	WordPerfect = "application/vnd.wordperfect"
	Class       = "application/x-java-applet"
	XMP         = "application/rdf+xml"
	XPS         = "application/vnd.ms-xpsdocument"
	HEIF        = "image/heif"
	CR3         = "image/x-canon-cr3"
	RAF         = "image/x-fuji-raf"
	RW2         = "image/x-panasonic-rw2"
	DWG         = "image/vnd.dwg"
	Metafile    = "image/emf"
	OldMeta     = "image/wmf"
	CHM         = "application/vnd.ms-htmlhelp"
	XLS         = "application/vnd.ms-excel"
	DOCX        = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
	XLSX        = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
	PPTX        = "application/vnd.openxmlformats-officedocument.presentationml.presentation"
	ODT         = "application/vnd.oasis.opendocument.text"
	ODS         = "application/vnd.oasis.opendocument.spreadsheet"
	ODP         = "application/vnd.oasis.opendocument.presentation"
	ODG         = "application/vnd.oasis.opendocument.graphics"
	EPUB        = "application/epub+zip"
	allOfHead   = 0
)

// marks are first bytes that mimetype does not know.
var marks = []struct{ first, typ string }{
	{"\x09\x04\x06\x00", XLS}, {"\x09\x02\x06\x00", XLS}, {"\x09\x08\x08\x00\x00\x05", XLS}, {"\x09\x08\x10\x00\x00\x06", XLS},
	{"\xe4\x52\x5c\x7b\x8c\xd8\xa7\x4d", OneNote}, {"ITSF\x02\x00\x00\x00", CHM}, {"ITSF\x03\x00\x00\x00", CHM},
	{"\xd7\xcd\xc6\x9a", OldMeta}, {"\x01\x00\x09\x00\x00\x03", OldMeta},
	{"FUJIFILMCCD-RAW ", RAF}, {"IIU\x00", RW2},
	{`{\rtf1`, RTF}, {"bplist00", Plist}, {"!<arch>\n", Ar}, {"\x1f\x9d", Compress}, {"\xc7\x71", Cpio}, {"\x71\xc7", Cpio},
	{"WARC/", WARC}, {"!BDN", PST}, {"\x78\x9f\x3e\x22", TNEF}, {"\x04\x22\x4d\x18", LZ4}, {"\xff\x06\x00\x00sNaPpY", Snappy},
}

// unlimit lets mimetype see the whole head that it is given.
var unlimit = sync.OnceFunc(func() { mimetype.SetLimit(allOfHead) })

// Detect returns the media type of a source, without parameters, and whether
// the source is text that can be read as it stands.
func Detect(src candor.Source) (typ string, text bool, err error) {
	if src.Size == 0 {
		return Empty, false, nil
	}
	head, err := plain.Head(src)
	if err != nil {
		return Unknown, false, err
	}
	if bytes.HasPrefix(head, []byte("PK\x03\x04")) || bytes.HasPrefix(head, []byte("PK\x05\x06")) {
		return insideZip(src, head), false, nil
	}
	typ, text = DetectHead(head, src.Name)
	return typ, text, nil
}

// isStill tells a still picture in the boxes of a film by the brands that it says to
// be compatible with (ISO/IEC 23008-12).
func isStill(head []byte) bool {
	size := min(int(binary.BigEndian.Uint32(head)), len(head), 256)
	for at := 8; at+4 <= size; at += 4 {
		switch string(head[at : at+4]) {
		case "mif1", "mif2", "mif3":
			return true
		}
	}
	return false
}

// DetectHead tells the type from the beginning of a file, for all but the
// formats that stand inside zip.
func DetectHead(head []byte, name string) (typ string, text bool) {
	if len(head) == 0 {
		return Empty, false
	}
	if isPDF(head) {
		return PDF, false
	}
	for _, m := range marks {
		if bytes.HasPrefix(head, []byte(m.first)) {
			return m.typ, false
		}
	}
	if len(head) >= 44 && bytes.HasPrefix(head, []byte("\x01\x00\x00\x00")) && string(head[40:44]) == " EMF" {
		return Metafile, false
	}
	if isCpio(head) {
		return Cpio, false
	}
	if beginsWithID(head, cmsID) {
		return PKCS7, false
	}
	if beginsWithID(head, stampedID) {
		return Stamped, false
	}
	unlimit()
	found := mimetype.Detect(head)
	typ = base(found)
	switch {
	case len(head) > 12 && string(head[4:12]) == "ftypcrx ":
		typ = CR3
	case typ == "video/mp4" && isStill(head):
		typ = HEIF
	}
	if typ == PDF || typ == Cpio { // a text that speaks of PDF, or begins with its figures
		typ = Unknown
	}
	if strings.HasPrefix(typ, "text/") || textual(found) || typ == Unknown && isText(head) {
		return textKind(typ, head, name), true
	}
	return typ, false
}

var pdfMark = []byte("%PDF-")

// isPDF tells a PDF from a text in which the mark stands in mid-line.
func isPDF(head []byte) bool {
	if !MaybePDF(head) {
		return false
	}
	i := bytes.Index(head, pdfMark)
	return i == 0 || head[i-1] == '\n' || head[i-1] == '\r' || !isText(head[:i])
}

// MaybePDF tells whether a file can be a PDF at all, without parsing anything:
// every file that Detect calls a PDF passes it. Readers accept the mark
// anywhere in the first 1,024 bytes.
func MaybePDF(head []byte) bool { return bytes.Contains(head[:min(len(head), 1024)], pdfMark) }

// isCpio tells the forms of cpio that begin with figures from a text that does.
func isCpio(head []byte) bool {
	size := 110
	switch {
	case bytes.HasPrefix(head, []byte("070707")):
		size = 76
	case !bytes.HasPrefix(head, []byte("070701")) && !bytes.HasPrefix(head, []byte("070702")):
		return false
	}
	return len(head) >= size && !bytes.ContainsFunc(head[:size], func(r rune) bool { return !strings.ContainsRune("0123456789abcdefABCDEF", r) })
}

// The beginnings of object identifiers: of what is wrapped in CMS (RFC 5652, by
// PKCS #7's), and of time-stamped data (RFC 5544).
const (
	cmsID     = "\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x07"
	stampedID = "\x06\x0b\x2a\x86\x48\x86\xf7\x0d\x01\x09\x10\x01\x1f"
)

// beginsWithID tells a sequence in BER that begins with an object identifier.
func beginsWithID(head []byte, id string) bool {
	i := bytes.Index(head[:min(len(head), 20)], []byte(id))
	return i >= 2 && i <= 6 && head[0] == 0x30
}

func base(m *mimetype.MIME) string {
	typ, _, _ := strings.Cut(m.String(), ";")
	return typ
}

// textual tells whether a type is a kind of plain text.
func textual(m *mimetype.MIME) bool {
	for ; m != nil; m = m.Parent() {
		if m.Is(Text) {
			return true
		}
	}
	return false
}

// isText tells text of any encoding from other bytes: hardly any control characters.
func isText(head []byte) bool {
	if _, name := plain.Guess(head); strings.HasPrefix(name, "utf-16") {
		return true
	}
	odd := 0
	for _, b := range head {
		if b < ' ' && b != '\t' && b != '\n' && b != '\r' && b != '\f' && b != 0x1b || b == 0x7f {
			odd++
		}
	}
	return odd*1000 <= len(head) && !bytes.ContainsRune(head, 0)
}

// textKind tells kinds of text apart: by content where that is certain, else by name.
func textKind(typ string, head []byte, name string) string {
	switch {
	case bytes.HasPrefix(head, []byte(`{\rtf`)):
		return RTF
	case looksLikeMbox(head):
		return Mbox
	case looksLikeMail(head):
		return Mail
	case looksLikeManual(head):
		return Troff
	}
	switch strings.ToLower(path.Ext(name)) {
	case ".md", ".markdown":
		if typ == Text || typ == HTML {
			return Markdown
		}
	case ".eml":
		if typ == Text && looksLikeHeader(head) {
			return Mail
		}
	case ".html", ".htm", ".xhtml":
		if typ == Text || typ == "text/xml" || typ == "application/xml" {
			return HTML
		}
	case ".csv":
		if typ == Text {
			return "text/csv"
		}
	case ".tsv", ".tab":
		if typ == Text {
			return "text/tab-separated-values"
		}
	case ".txt", ".log":
		if typ != HTML {
			return Text
		}
	}
	switch typ {
	case Unknown:
		return Text
	case "application/xhtml+xml":
		return HTML
	}
	switch begin := head[:min(len(head), 2048)]; {
	case bytes.HasPrefix(withoutHead(begin), []byte("<x:xmpmeta")):
		return XMP
	case (typ == "text/xml" || typ == "application/xml") && bytes.Contains(begin, []byte("<html")):
		return HTML
	}
	return typ
}

// withoutHead is what comes behind the instructions that XML can begin with.
func withoutHead(b []byte) []byte {
	for {
		b = bytes.TrimLeft(bytes.TrimPrefix(b, []byte("\ufeff")), " \t\r\n")
		_, rest, ok := bytes.Cut(b, []byte("?>"))
		if !ok || !bytes.HasPrefix(b, []byte("<?")) {
			return b
		}
		b = rest
	}
}

// insideZip tells which of the many formats a zip file is, from the names of
// its members.
func insideZip(src candor.Source, head []byte) string {
	r, err := zip.NewReader(src, src.Size)
	if err != nil {
		unlimit()
		if typ := base(mimetype.Detect(head)); typ != Unknown {
			return typ // cut short, but its first members tell
		}
		return Zip
	}
	if typ := statedType(r); typ != "" {
		return typ
	}
	types := false
	found := Zip
	for _, f := range r.File {
		switch {
		case f.Name == "[Content_Types].xml":
			types = true
		case f.Name == "word/document.xml":
			found = DOCX
		case f.Name == "xl/workbook.xml":
			found = XLSX
		case f.Name == "xl/workbook.bin":
			found = XLSB
		case f.Name == "ppt/presentation.xml":
			found = PPTX
		case strings.HasSuffix(f.Name, ".fdseq"):
			found = XPS
		case f.Name == "META-INF/MANIFEST.MF" && found == Zip:
			return Jar
		}
	}
	if !types {
		return Zip
	}
	return found
}

// statedType reads the member "mimetype", with which OpenDocument and EPUB begin.
func statedType(r *zip.Reader) string {
	if len(r.File) == 0 || r.File[0].Name != "mimetype" || r.File[0].UncompressedSize64 > 200 {
		return ""
	}
	m, err := r.File[0].Open()
	if err != nil {
		return ""
	}
	defer m.Close()
	data, err := io.ReadAll(io.LimitReader(m, 200))
	typ := strings.TrimSpace(string(data))
	if err != nil || !strings.HasPrefix(typ, "application/vnd.oasis.opendocument.") && typ != EPUB {
		return ""
	}
	return typ
}
