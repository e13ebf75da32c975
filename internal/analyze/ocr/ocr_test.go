package ocr

import (
	"os/exec"
	"strings"
	"testing"

	"candor"
	"candor/internal/extract/fixture"
	"candor/internal/extract/native/nativetest"
)

func TestMain(m *testing.M) { nativetest.Main(m, nil) }

func TestAPageIsRead(t *testing.T) {
	if _, err := exec.LookPath("tesseract"); err != nil {
		t.Skip("tesseract is not installed; scripts/setup-test.sh installs it")
	}
	e, err := New(Config{})
	if err != nil {
		t.Fatal(err)
	}
	page, err := e.Recognize(t.Context(), fixture.Scan("The harbour office paid\nfor half of the wall.\n\nNobody paid for the rest."), []string{"eng"})
	if err != nil {
		t.Fatal(err)
	}
	if want := "The harbour office paid\nfor half of the wall.\n\nNobody paid for the rest."; page.Text != want {
		t.Errorf("read %q, want %q", page.Text, want)
	}
	if page.Width != 1165 || page.Height != 1654 || page.Confidence < 80 || len(page.Words) != 14 {
		t.Errorf("%d by %d, %d %%, %d words", page.Width, page.Height, page.Confidence, len(page.Words))
	}
	if w := page.Words[1]; w.Text != "harbour" || w.Left < 110 || w.Left > 400 || w.Top > 160 || w.Height > 60 {
		t.Errorf("the second word is %+v", w)
	}
}

func TestWhatCannotBeRead(t *testing.T) {
	if _, err := New(Config{Program: "no-such-program"}); candor.CodeOf(err) != candor.NotSupported {
		t.Errorf("a missing program: %v", err)
	}
	if _, err := exec.LookPath("tesseract"); err != nil {
		t.Skip("tesseract is not installed; scripts/setup-test.sh installs it")
	}
	e, err := New(Config{})
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		png      []byte
		language string
	}{"a language that is missing": {fixture.Scan("x"), "klingon"}, "no picture": {[]byte("GIF of nothing"), "eng"}, "nothing": {nil, "eng"}} {
		if page, err := e.Recognize(t.Context(), c.png, []string{c.language}); candor.CodeOf(err) != candor.Invalid || page.Text != "" {
			t.Errorf("%s: %q, %v", name, page.Text, err)
		}
	}
}

const table = `level	page_num	block_num	par_num	line_num	word_num	left	top	width	height	conf	text
1	1	0	0	0	0	0	0	600	800	-1	
5	1	1	1	1	1	10	20	30	12	96.5	First
5	1	1	1	1	2	50	20	30	12	90	words
5	1	1	1	2	1	10	40	30	12	12	~|~
5	1	1	1	2	1	10	40	30	12	80	next
5	1	2	1	1	1	10	90	30	12	70	block	with tab
not	a	row
5	1	2	1	1	1	10	90	30	12	NaN	x
5	1	2	1	1	1	99999999999	90	30	12	70	y
`

func TestParse(t *testing.T) {
	p := parse(table)
	if want := "First words\nnext\n\nblock\twith tab"; p.Text != want {
		t.Errorf("%q, want %q", p.Text, want)
	}
	if len(p.Words) != 4 || p.Width != 600 || p.Height != 800 || p.Confidence != 79 {
		t.Errorf("%+v", p)
	}
}

func FuzzParse(f *testing.F) {
	f.Add(table)
	f.Add("5\t1\t1\t1\t1\t1\t1\t1\t1\t1\t96\t\xff\xfe")
	f.Fuzz(func(t *testing.T, tsv string) {
		p := parse(tsv)
		for _, w := range p.Words {
			if w.Text == "" || w.Confidence < leastConfidence || !strings.Contains(p.Text, w.Text) {
				t.Fatalf("%+v in %q", w, p.Text)
			}
		}
	})
}
