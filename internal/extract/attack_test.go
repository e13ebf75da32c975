package extract

import (
	"archive/zip"
	"bytes"
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"io"
	"os"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"candor"
	"candor/internal/extract/fixture"
)

// zeros is a zip member's worth of a bomb: n bytes of nothing.
func bombZip(members int, each int64) []byte {
	var b bytes.Buffer
	w := zip.NewWriter(&b)
	for i := range members {
		f, _ := w.Create(fmt.Sprintf("bomb-%d", i))
		_, _ = io.CopyN(f, zeros{}, each)
	}
	_ = w.Close()
	return b.Bytes()
}

type zeros struct{}

func (zeros) Read(p []byte) (int, error) { clear(p); return len(p), nil }

// counting is a sink that only counts, as a bomb would fill any memory.
type counting struct{ parts, bytes, text int64 }

func (c *counting) Text(p []byte) error { c.text += int64(len(p)); return nil }

func (c *counting) Part(_ candor.Place, r io.Reader) error {
	n, err := io.Copy(io.Discard, r)
	c.parts++
	c.bytes += n
	return err
}

func TestBombsAreBounded(t *testing.T) {
	p := newPool(t, func(c *Config) { c.Limits = Limits{Floor: 16 << 20, Ratio: 10, Parts: 50, Text: 4 << 20} })
	many := make([]fixture.Member, 200)
	for i := range many {
		many[i] = fixture.Member{Name: strconv.Itoa(i), Body: "x"}
	}
	quoted := strings.Repeat("words ", 1<<20)
	for _, c := range []struct {
		name, reason string
		data         []byte
	}{
		{"one.zip", "out of all proportion", bombZip(1, 64<<20)},
		{"many.zip", "out of all proportion", bombZip(40, 1<<20)},
		{"bomb.gz", "out of all proportion", fixture.Gzip(make([]byte, 64<<20))},
		{"bomb.tar.gz", "out of all proportion", fixture.Gzip(fixture.Tar(fixture.Member{Name: "x", Body: string(make([]byte, 64<<20))}))},
		{"count.zip", "only the first 50 of its parts", fixture.Zip(many...)},
		{"count.tar", "only the first 50 of its parts", fixture.Tar(many...)},
		{"count.mbox", "only the first 50 of its parts", []byte(strings.Repeat(fixture.Mbox+"\n", 40))},
		{"text.docx", "only the first 4 MiB of its text", fixture.DOCX("x", quoted)},
		{"text.txt", "only the first 4 MiB of its text", []byte(quoted)},
		{"text.html", "only the first 4 MiB of its text", []byte("<html><p>" + quoted)},
	} {
		sink := &counting{}
		r, err := p.Extract(t.Context(), source(c.name, c.data), sink)
		if err != nil || r.Condition != candor.Partial || !strings.Contains(r.Reason, c.reason) {
			t.Errorf("%s: %s (%s), %v", c.name, r.Condition, r.Reason, err)
		}
		if most := max(16<<20, 10*int64(len(c.data))); sink.bytes > most || sink.parts > 50 || sink.text > 4<<20 {
			t.Errorf("%s gave %d parts, %d bytes, %d bytes of text", c.name, sink.parts, sink.bytes, sink.text)
		}
	}
}

func TestExpansionInsideOfficeFilesIsBounded(t *testing.T) {
	p := newPool(t, func(c *Config) { c.TimeBase = 110 * time.Second }) // reading up to the bound takes the race detector a minute
	var b bytes.Buffer
	w := zip.NewWriter(&b)
	_, _ = w.Create("[Content_Types].xml")
	f, _ := w.Create("word/document.xml")
	_, _ = io.WriteString(f, "<d><p><t>before the bomb</t></p>")
	spaces := bytes.Repeat([]byte("<p/>"), 1<<18)
	for range 72 {
		_, _ = f.Write(spaces)
	}
	_ = w.Close()
	r, g := read(t, p, "bomb.docx", b.Bytes())
	if r.Condition != candor.Partial || !strings.Contains(r.Reason, "far more than its size") || !strings.Contains(g.text.String(), "before the bomb") {
		t.Errorf("%s (%s)", r.Condition, r.Reason)
	}
}

func TestHostileXML(t *testing.T) {
	p := newPool(t, nil)
	word := func(body string) []byte {
		return fixture.Zip(fixture.Member{Name: "[Content_Types].xml"}, fixture.Member{Name: "word/document.xml", Body: body})
	}
	laughs := `<!DOCTYPE d [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;"><!ENTITY c "&b;&b;&b;&b;&b;&b;">]><d><p><t>said &c;</t></p></d>`
	outside := `<!DOCTYPE d [<!ENTITY x SYSTEM "file:///etc/passwd">]><d><p><t>said &x;</t></p></d>`
	for name, body := range map[string]string{"laughs.docx": laughs, "outside.docx": outside} {
		r, g := read(t, p, name, word(body))
		if g.text.Len() > 100 || strings.Contains(g.text.String(), "root:") || !strings.Contains(g.text.String(), "said") {
			t.Errorf("%s: %s, %q", name, r.Condition, g.text.String())
		}
	}
	deep := "<d><p><t>words</t></p>" + strings.Repeat("<x>", 100_000)
	r, g := read(t, p, "deep.docx", word(deep))
	if r.Condition != candor.Partial || !strings.Contains(r.Reason, "nested") || g.text.String() != "words\n" {
		t.Errorf("deep.docx: %s (%s), %q", r.Condition, r.Reason, g.text.String())
	}
	read(t, p, "deep.html", []byte(strings.Repeat("<div>", 1_000_000)+"words"))
	read(t, p, "deep.rtf", []byte(`{\rtf1 `+strings.Repeat("{", 1_000_000)))
}

func TestNestedMail(t *testing.T) {
	p := newPool(t, nil)
	var b strings.Builder
	b.WriteString("From: a@example.org\r\nTo: b@example.org\r\nSubject: deep\r\nMIME-Version: 1.0\r\n")
	for i := range 10_000 {
		fmt.Fprintf(&b, "Content-Type: multipart/mixed; boundary=b%d\r\n\r\n--b%d\r\n", i, i)
	}
	b.WriteString("Content-Type: text/plain\r\n\r\nthe innermost words\r\n")
	r, _ := read(t, p, "deep.eml", []byte(b.String()))
	if r.Condition != candor.Partial || !strings.Contains(r.Reason, "nested more than 32 deep") || r.Title != "deep" {
		t.Errorf("%s (%s)", r.Condition, r.Reason)
	}
	wide := "From: a@example.org\r\nTo: b@example.org\r\nSubject: wide\r\nMIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=x\r\n\r\n" +
		strings.Repeat("--x\r\nContent-Type: text/plain\r\n\r\nwords\r\n", 20_000)
	r, _ = read(t, p, "wide.eml", []byte(wide))
	if r.Condition != candor.Partial || !strings.Contains(r.Reason, "more than 10,000 parts") {
		t.Errorf("%s (%s)", r.Condition, r.Reason)
	}
}

// hugePNG claims to be w by h pixels.
func hugePNG(w, h uint32) []byte {
	b := []byte("\x89PNG\r\n\x1a\n")
	chunk := append([]byte("IHDR"), binary.BigEndian.AppendUint32(binary.BigEndian.AppendUint32(nil, w), h)...)
	chunk = append(chunk, 8, 6, 0, 0, 0)
	b = binary.BigEndian.AppendUint32(b, uint32(len(chunk)-4))
	b = append(b, chunk...)
	return binary.BigEndian.AppendUint32(b, crc32.ChecksumIEEE(chunk))
}

func TestGiganticPictures(t *testing.T) {
	p := newPool(t, nil)
	r, _ := read(t, p, "huge.png", hugePNG(1_000_000, 1_000_000))
	if r.Condition != candor.Partial || !strings.Contains(r.Reason, "1000000 megapixels") || r.Thumbnail != nil {
		t.Errorf("%s (%s)", r.Condition, r.Reason)
	}
	if _, err := p.Render(t.Context(), source("huge.png", hugePNG(1_000_000, 1_000_000)), 1, 100); candor.CodeOf(err) != candor.TooLarge {
		t.Errorf("drawing it gives %v", err)
	}
	r, _ = read(t, p, "wide.png", hugePNG(1<<31-1, 1))
	if r.Condition == candor.Done {
		t.Errorf("wide.png: %s (%s)", r.Condition, r.Reason)
	}
}

func TestCutAndBrokenFiles(t *testing.T) {
	p := newPool(t, nil)
	whole := map[string][]byte{
		"a.docx": fixture.DOCX("x", strings.Repeat("words ", 500)), "a.xlsx": fixture.XLSX(), "a.pptx": fixture.PPTX(), "a.odt": fixture.ODF("text", false),
		"a.zip": fixture.Zip(fixture.Member{Name: "a", Body: "words"}), "a.tar": fixture.Tar(fixture.Member{Name: "a", Body: strings.Repeat("words", 1000)}),
		"a.gz": fixture.Gzip([]byte(english)), "a.jpg": fixture.Photo(200, 100, 1), "a.png": fixture.Image("png", 200, 100),
		"a.gif": fixture.Image("gif", 200, 100), "a.tiff": fixture.Image("tiff", 20, 10), "a.bmp": fixture.Image("bmp", 20, 10), "a.rtf": []byte(fixture.RTF),
	}
	for name, data := range whole {
		r, _ := read(t, p, name, data[:len(data)*2/3])
		if r.Condition != candor.Failed && r.Condition != candor.Partial {
			t.Errorf("%s cut: %s, %s (%s)", name, r.Type, r.Condition, r.Reason)
		}
		for i := range 12 {
			broken := bytes.Clone(data)
			for j := len(broken) * i / 12; j < len(broken)*(i+1)/12; j += 7 {
				broken[j] ^= 0x55
			}
			if r, _ := read(t, p, name, broken); strings.Contains(r.Reason, "broke down") || strings.Contains(r.Reason, "memory") {
				t.Errorf("%s broken in part %d: %s (%s)", name, i, r.Condition, r.Reason)
			}
		}
	}
}

func TestBrokenPDF(t *testing.T) {
	p := newPool(t, nil)
	data := fixture.PDF("x", "one", "two", "three")
	for name, c := range map[string]struct {
		data []byte
		cond candor.Condition
	}{
		"header only":       {[]byte("%PDF-1.7\n"), candor.Failed},
		"cut":               {data[:300], candor.Failed},
		"no trailer":        {data[:bytes.Index(data, []byte("xref"))], candor.Failed},
		"wrong offsets":     {bytes.ReplaceAll(data, []byte(" 00000 n"), []byte(" 00009 n")), candor.Done},
		"pages in a circle": {bytes.Replace(data, []byte("/Kids[5 0 R"), []byte("/Kids[2 0 R"), 1), candor.Partial},
	} {
		r, _ := read(t, p, "a.pdf", c.data)
		if r.Condition != c.cond || r.Type != "application/pdf" {
			t.Errorf("%s: %s, %s (%s)", name, r.Type, r.Condition, r.Reason)
		}
	}
	for i := range 40 {
		broken := bytes.Clone(data)
		for j := 10 + i*13; j < min(len(broken), 10+i*13+9); j++ {
			broken[j] = '7'
		}
		if r, _ := read(t, p, "a.pdf", broken); strings.Contains(r.Reason, "broke down") {
			t.Errorf("broken at %d: %s (%s)", i, r.Condition, r.Reason)
		}
	}
	if r, g := read(t, p, "a.pdf", data); r.Condition != candor.Done || !strings.Contains(g.text.String(), "three") {
		t.Errorf("the engine does not go on: %s (%s)", r.Condition, r.Reason)
	}
}

func TestDamagedMembersAreNotKept(t *testing.T) {
	p := newPool(t, nil)
	data := fixture.Zip(fixture.Member{Name: "good", Body: "words"}, fixture.Member{Name: "bad", Body: strings.Repeat("0123456789", 50)}, fixture.Member{Name: "last", Body: "more"})
	i := bytes.Index(data, []byte("bad"))
	data[i+20] ^= 0xff
	r, g := read(t, p, "a.zip", data)
	if r.Condition != candor.Partial || !strings.Contains(r.Reason, "1 of 3 members are damaged") || g.names() != "good bad last" {
		t.Errorf("%s (%s), %s", r.Condition, r.Reason, g.names())
	}
	if len(g.parts) == 3 && g.parts[1].err == nil {
		t.Error("the sink was told that a damaged member is whole")
	}
}

// TestMemoryStaysConstant reads a mailbox and an archive far greater than what
// a worker and the archive hold of them.
func TestMemoryStaysConstant(t *testing.T) {
	if testing.Short() || testMemory < 0 {
		t.Skip("reads 600 MB")
	}
	var mu sync.Mutex
	var pids []int
	p := newPool(t, func(c *Config) {
		c.Workers = 1
		c.Limits.Floor = 1 << 40
		c.Started = func(pid int) { mu.Lock(); pids = append(pids, pid); mu.Unlock() }
	})
	message := "From a@example.org Tue Mar  5 14:30:00 2024\nFrom: a@example.org\nSubject: one\n\n" + strings.Repeat("words of a long message\n", 10_000) + "\n"
	box := candor.Source{Name: "box", Size: int64(len(message)) * 1500, ReaderAt: repeated(message)}
	sink := &counting{}
	if r, err := p.Extract(t.Context(), box, sink); err != nil || r.Condition != candor.Done || sink.parts != 1500 {
		t.Errorf("%s (%s), %d parts, %v", r.Condition, r.Reason, sink.parts, err)
	}
	sink = &counting{}
	if r, err := p.Extract(t.Context(), source("a.zip", bombZip(4, 64<<20)), sink); err != nil || r.Condition != candor.Done || sink.bytes != 256<<20 {
		t.Errorf("%s (%s), %d bytes, %v", r.Condition, r.Reason, sink.bytes, err)
	}
	for _, pid := range pids {
		if peak := peakMemory(pid); peak > 150<<10 {
			t.Errorf("worker %d took %d KiB", pid, peak)
		}
	}
}

type repeated string

func (s repeated) ReadAt(p []byte, off int64) (int, error) {
	for n := 0; n < len(p); {
		n += copy(p[n:], s[(off+int64(n))%int64(len(s)):])
	}
	return len(p), nil
}

// peakMemory is the most that a process ever held, in KiB.
func peakMemory(pid int) int {
	data, _ := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	for _, line := range strings.Split(string(data), "\n") {
		if v, ok := strings.CutPrefix(line, "VmHWM:"); ok {
			n, _ := strconv.Atoi(strings.Fields(v)[0])
			return n
		}
	}
	return 0
}
