package kind

import (
	"bytes"
	"strings"
	"testing"

	"candor"
	"candor/internal/extract/fixture"
)

func detect(t testing.TB, name string, data []byte) (string, bool) {
	t.Helper()
	typ, text, err := Detect(candor.Source{Name: name, Size: int64(len(data)), ReaderAt: bytes.NewReader(data)})
	if err != nil {
		t.Fatal(err)
	}
	return typ, text
}

func TestTheContentDecides(t *testing.T) {
	for _, c := range []struct {
		name string
		data string
		want string
	}{
		{"a.txt", "From the harbour we write.\nDear all,\n", Text},
		{"a.txt", "From here to there\nSubject: a journey\n\nwords", Text},
		{"a.txt", "From: me\nwho knows\n", Text},
		{"a.txt", "Date: today\nSubject: nothing\n\nwords", Text},
		{"a", "From: a@b.example\nTo: c@d.example\nSubject: x\n\nwords", Mail},
		{"a", "Return-Path: <a@b.example>\nReceived: by x\n\twith y\nSubject: x\n\nwords", Mail},
		{"a.eml", "Subject: only this\n\nwords", Mail},
		{"a.pdf", "words and no PDF", Text},
		{"notes.txt", "%PDF- is how a PDF begins, this does not", PDF},
		{"notes.txt", "A PDF begins with %PDF-1.4", Text},
		{"a.jpg", string(fixture.Image("png", 4, 4)), "image/png"},
		{"a.docx", string(fixture.Zip(fixture.Member{Name: "a", Body: "b"})), Zip},
		{"a.zip", string(fixture.DOCX("x", "y")), DOCX},
		{"a.md", "# A heading\n", Markdown},
		{"a.md", "From: a@b.example\nTo: c@d.example\nSubject: x\n\nwords", Mail},
		{"a.html", "plain words only", HTML},
		{"a.txt", ".Dd March 5, 2024\n.Dt X 1\n", Troff},
		{"a.gz", ".starts with a dot\nbut is text", Text},
		{"a.txt", "070701 Minutes of the board, taken in the harbour house, and many more words than a header of an archive would have, so that it is text", Text},
		{"a.txt", "ITSF is what help files begin with", Text},
		{"a", "070707" + strings.Repeat("0", 70), Cpio},
		{"a", "bplist00", Plist},
		{"a.mp4", "\x00\x00\x00\x1cftypavci\x00\x00\x00\x00mif1avcimiaf\x00\x00\x00\x08meta", HEIF},
		{"a.heic", "\x00\x00\x00\x18ftypisom\x00\x00\x00\x00mp42isom\x00\x00\x00\x08moov", "video/mp4"},
		{"a", "\x00\x01\x02\x03\x04\x05\x06\x07 binary", Unknown},
		{"a.py", "#!/usr/bin/python3\nprint(1)\n", "text/x-python"},
	} {
		if typ, _ := detect(t, c.name, []byte(c.data)); typ != c.want {
			t.Errorf("%s %.30q: %s, want %s", c.name, c.data, typ, c.want)
		}
	}
}

func FuzzDetect(f *testing.F) {
	for _, s := range [][]byte{[]byte(fixture.Mail), []byte(fixture.Mbox), []byte(fixture.HTML), []byte(fixture.Troff), []byte(fixture.RTF),
		fixture.DOCX("x", "y"), fixture.PDF("x", "y"), fixture.Photo(8, 8, 1), fixture.Gzip([]byte("x")), fixture.ODF("text", false)} {
		f.Add("name.txt", s)
	}
	f.Fuzz(func(t *testing.T, name string, data []byte) {
		typ, _ := detect(t, name, data)
		if main, sub, ok := strings.Cut(typ, "/"); !ok || main == "" || sub == "" || strings.ContainsAny(typ, "; \n") {
			t.Errorf("the type is %q", typ)
		}
		if typ == PDF && !MaybePDF(data) {
			t.Error("a PDF that the archive would not take for one")
		}
	})
}
