package plain

import (
	"bytes"
	"errors"
	"html"
	"io"
	"strings"
	"testing"
	"unicode/utf8"

	"candor"
	"candor/internal/extract/fixture"
	"candor/internal/language"
)

// gathered is a sink that checks what every sink may rely on.
type gathered struct {
	t testing.TB
	bytes.Buffer
}

func (g *gathered) Text(p []byte) error {
	if !utf8.Valid(p) || len(p) == 0 || len(p) > 64<<10 {
		g.t.Errorf("a piece of %d bytes, valid: %v", len(p), utf8.Valid(p))
	}
	if i := bytes.IndexFunc(p, func(r rune) bool { return r < ' ' && r != '\n' && r != '\t' && r != '\f' || r >= 0x7f && r < 0xa0 }); i >= 0 {
		g.t.Errorf("a control character %q", p[i])
	}
	g.Write(p)
	return nil
}

func (g *gathered) Part(candor.Place, io.Reader) error { return errors.New("no parts are due") }

func source(data []byte) candor.Source {
	return candor.Source{Name: "x", Size: int64(len(data)), ReaderAt: bytes.NewReader(data)}
}

func TestWriter(t *testing.T) {
	for _, c := range []struct{ in, want string }{
		{"a\r\nb\rc\n", "a\nb\nc\n"},
		{"a\x00b\x07c\x1b[31m", "abc[31m"},
		{"caf\xe9 \x93quoted\x94", "café “quoted”"},
		{"\ufeffü€\U0001f600", "ü€\U0001f600"},
		{"a\fb", "a b"},
		{"\x81\u0085", "\ufffd"},
	} {
		for cut := range len(c.in) + 1 { // however it is cut up
			g := &gathered{t: t}
			w := NewWriter(g)
			_, _ = w.WriteString(c.in[:cut])
			_, _ = w.WriteString(c.in[cut:])
			if err := w.Close(); err != nil || g.String() != c.want {
				t.Errorf("%q cut at %d: %q, want %q, %v", c.in, cut, g.String(), c.want, err)
			}
		}
	}
	g := &gathered{t: t}
	w := NewWriter(g)
	_, _ = w.WriteString("one")
	w.Page()
	w.Page()
	_, _ = w.WriteString("three")
	w.Page()
	if _ = w.Close(); g.String() != "one\f\fthree" || w.Pages() != 3 {
		t.Errorf("pages: %q, %d", g.String(), w.Pages())
	}
}

func TestFormFeedsSeparatePages(t *testing.T) {
	g := &gathered{t: t}
	r, err := Read(source([]byte("page one\n\fpage two\n\f")), "text/plain", g)
	if err != nil || r.Pages != 2 || g.String() != "page one\n\fpage two\n" {
		t.Errorf("%d pages, %q, %v", r.Pages, g.String(), err)
	}
}

func TestHeading(t *testing.T) {
	for in, want := range map[string]string{
		"---\ntitle: \"Tides\"\n---\n# Other\n": "Tides", "text\n## Second\n# First #\n": "First", "Tides\n=====\n": "Tides",
		"## Only\n": "Only", "words": "", "---\nx: y\n---\n# T": "T",
	} {
		if got := heading([]byte(in)); got != want {
			t.Errorf("%q: %q, want %q", in, got, want)
		}
	}
}

func TestRoffEscapes(t *testing.T) {
	for in, want := range map[string]string{
		`\fBbold\fP \-x`: "bold -x", `\f[CR]code\fR`: "code", `\(aqx\(aq`: "'x'", `a\ b\~c`: "a b c", `x\&.\|y`: "x.y",
		`\s-1SMALL\s0`: "SMALL", `text\" comment`: "text", `\*(lqq\*(rq`: "“q”", `\h'1'x`: "x", `end\`: "end", `\[u2014]`: "", `\[em]`: "—",
	} {
		if got := unescapeRoff(in); got != want {
			t.Errorf("%s: %q, want %q", in, got, want)
		}
	}
}

func TestLanguages(t *testing.T) {
	for want, text := range map[string]string{
		"de": "Der Hafenrat tagte am ersten Montag des Monats und beschloss, die Gebühren für Fischerboote in diesem Jahr nicht zu erhöhen, weil der Fang schlecht war.",
		"fr": "Le conseil du port s'est réuni le premier lundi du mois et a décidé de ne pas augmenter cette année les droits pour les bateaux de pêche, car la pêche était mauvaise.",
		"es": "El consejo del puerto se reunió el primer lunes del mes y decidió no subir este año las tasas de los barcos de pesca, porque la captura fue mala.",
		"":   "Too short to tell.",
	} {
		if got := language.Of(text); got != want {
			t.Errorf("%q: %q, want %q", text, got, want)
		}
	}
}

func FuzzText(f *testing.F) {
	f.Add([]byte("caf\xe9\r\n\f\x00words"))
	f.Add([]byte("\xff\xfeH\x00i\x00"))
	f.Fuzz(func(t *testing.T, in []byte) {
		if _, err := Read(source(in), "text/plain", &gathered{t: t}); err != nil {
			t.Error(err)
		}
	})
}

func FuzzHTML(f *testing.F) {
	f.Add([]byte(fixture.HTML))
	f.Add([]byte("<title>a<pre>b</pre></title><script>c"))
	f.Fuzz(func(t *testing.T, in []byte) {
		g := &gathered{t: t}
		if _, err := HTML(source(in), g); err != nil {
			t.Error(err)
		}
	})
}

func FuzzTroff(f *testing.F) {
	f.Add([]byte(fixture.Troff))
	f.Add([]byte(".Dd today\n.Dt X 1\n.Nm x\n.Op Fl v Ar file\n.It \\(bu \\f[B\n\\*[\\n(\\s"))
	f.Add([]byte(strings.Repeat(`.B "a b" c\`+"\n", 3)))
	f.Fuzz(func(t *testing.T, in []byte) {
		if _, err := Troff(source(in), &gathered{t: t}); err != nil {
			t.Error(err)
		}
	})
}

// TestStatedEncodings: pages are read in the encoding that they state, unless
// they are UTF-8 after all.
func TestStatedEncodings(t *testing.T) {
	page := func(charset string) string {
		return `<html><head><meta http-equiv=Content-Type content="text/html; charset=` + charset + `"></head><body>`
	}
	for name, c := range map[string]struct{ page, want string }{
		"Arabic":                     {page("iso-8859-6") + "\xe8\xc3\xd9\xd1\xc8", "وأعرب"},
		"Polish":                     {page("iso-8859-2") + "\xa3\xf3d\xbc", "Łódź"},
		"Japanese":                   {page("Shift_JIS") + "\x8ds\x96\xda", "行目"},
		"Japanese in escapes":        {page("iso-2022-jp") + "\x1b$B9TL\\\x1b(B", "行目"},
		"Chinese":                    {page("gb2312") + "\xba\xcf\xcd\xac", "合同"},
		"Korean, in a short form":    {`<meta charset="euc-kr">` + "\xc7\xd7\xb1\xb8", "항구"},
		"Western":                    {page("windows-1252") + "caf\xe9 au lait", "café au lait"},
		"UTF-8 that states Arabic":   {page("iso-8859-6") + "وأعرب", "وأعرب"},
		"UTF-8 that states nothing":  {"<html><body>Łódź", "Łódź"},
		"Russian that states itself": {page("koi8-r") + "\xc4\xcf\xc7\xcf\xd7\xcf\xd2", "договор"},
	} {
		head := []byte(c.page)
		r, encoding := DecodeHTML(head[:min(len(head), 1024)], "", strings.NewReader(c.page))
		got, err := io.ReadAll(r)
		if err != nil || !strings.HasSuffix(string(got), c.want) {
			t.Errorf("%s, as %s: %q, %v", name, encoding, got, err)
		}
	}
}

// TestFrames reads a page that stands whole in a frame's tag, some deep.
func TestFrames(t *testing.T) {
	page := "deepest"
	for range 2 * deepestFrame {
		page = `<p>page<iframe srcdoc="` + html.EscapeString(page) + `">not shown</iframe>`
	}
	text := &gathered{t: t}
	w := NewWriter(text)
	if _, err := StripHTML(strings.NewReader("<p>outer<iframe srcdoc='<p>inner &amp;lt;'></iframe>after"+page), w); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	if got := text.String(); !strings.HasPrefix(got, "outer\ninner <\nafter\npage\n") || strings.Contains(got, "not shown") || strings.Contains(got, "deepest") {
		t.Errorf("%q", got)
	}
}
