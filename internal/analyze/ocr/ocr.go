// Package ocr reads words off pictures of pages, by the program tesseract. The
// program gets a PNG that our own worker has drawn, never the file itself, and
// runs confined (package native). It implements archive.Recognizer.
package ocr

import (
	"bytes"
	"context"
	"slices"
	"strconv"
	"strings"
	"time"

	"candor"
	"candor/internal/extract/native"
	"candor/internal/extract/plain"
)

// Config says how an Engine works. The zero value is good for production.
type Config struct {
	Program string        // default "tesseract", looked up in PATH
	Command []string      // see native.Program
	Time    time.Duration // for one page; default 2 minutes
}

// Engine recognises text. Safe for concurrent use.
type Engine struct {
	program   native.Program
	languages []string
	oriented  bool // pages that lie on their side are set upright
}

const (
	// leastConfidence, in percent, is from where on a word is kept. What is below
	// is mostly texture that looks like letters.
	leastConfidence = 30
	mostOutput      = 64 << 20
	mostList        = 64 << 10
	dpi             = "300" // at which pages are drawn
)

// New finds the program and what languages it knows. NotSupported if it is not
// installed, or knows none.
func New(ctx context.Context, cfg Config) (*Engine, error) {
	name := cfg.Program
	if name == "" {
		name = "tesseract"
	}
	p, err := native.Find(name)
	if err != nil {
		return nil, err
	}
	// One thread a page: pages are read side by side.
	p.Command, p.Time, p.Env = cfg.Command, cfg.Time, []string{"OMP_THREAD_LIMIT=1", "LC_ALL=C"}
	e := &Engine{program: p}
	out, err := p.Run(ctx, nil, mostList, "--list-langs")
	if err != nil {
		return nil, candor.Wrap(err, candor.NotSupported, "tesseract is installed and does not run: %s.", candor.MessageOf(err))
	}
	for line := range strings.Lines(string(out)) {
		switch name := strings.TrimSpace(line); {
		case name == "osd":
			e.oriented = true
		case name != "" && !strings.ContainsAny(name, " :"):
			e.languages = append(e.languages, name)
		}
	}
	if len(e.languages) == 0 {
		return nil, candor.Errorf(candor.NotSupported, "tesseract is installed without any language. Install one, such as tesseract-ocr-eng.")
	}
	slices.Sort(e.languages)
	return e, nil
}

// Languages lists what it can read, by tesseract's names, such as eng.
func (e *Engine) Languages() []string { return slices.Clone(e.languages) }

// Recognize reads a page drawn as PNG.
func (e *Engine) Recognize(ctx context.Context, png []byte, languages []string) (candor.PageText, error) {
	for _, l := range languages {
		if !slices.Contains(e.languages, l) {
			return candor.PageText{}, candor.Errorf(candor.Invalid, "The language %q is not installed for recognition. Installed are %s.", l, strings.Join(e.languages, ", "))
		}
	}
	mode := "3"
	if e.oriented {
		mode = "1"
	}
	out, err := e.program.Run(ctx, bytes.NewReader(png), mostOutput, "stdin", "stdout", "-l", strings.Join(languages, "+"), "--psm", mode, "--dpi", dpi, "tsv")
	if err != nil {
		return candor.PageText{}, err
	}
	page := parse(string(out))
	page.Language = plain.Language([]byte(page.Text))
	return page, nil
}

// Columns of tesseract's table. Level 1 is the page, 5 a word.
const (
	level = iota
	_
	block
	paragraph
	line
	_
	left
	top
	width
	height
	confidence
	text
	columns
)

// parse reads tesseract's table of words. Lines of it that make no sense are
// passed over.
func parse(tsv string) candor.PageText {
	var p candor.PageText
	var b strings.Builder
	var last [columns]int
	sum, letters := 0, 0
	for row := range strings.Lines(tsv) {
		fields := strings.SplitN(strings.TrimRight(row, "\r\n"), "\t", columns)
		n, ok := numbers(fields)
		if !ok {
			continue
		}
		if n[level] == 1 {
			p.Width, p.Height = n[width], n[height]
		}
		word := strings.TrimSpace(strings.ToValidUTF8(fields[text], ""))
		if n[level] != 5 || word == "" || n[confidence] < leastConfidence {
			continue
		}
		b.WriteString(between(b.Len() == 0, last, n))
		b.WriteString(word)
		last = n
		sum += n[confidence] * len(word)
		letters += len(word)
		p.Words = append(p.Words, candor.WordBox{Left: n[left], Top: n[top], Width: n[width], Height: n[height], Confidence: n[confidence], Text: word})
	}
	p.Text = b.String()
	if letters > 0 {
		p.Confidence = sum / letters
	}
	return p
}

// numbers reads all columns but the text.
func numbers(fields []string) (n [columns]int, ok bool) {
	if len(fields) != columns {
		return n, false
	}
	for i := range text {
		f, err := strconv.ParseFloat(fields[i], 64)
		if err != nil || f < -1 || f > 1e6 {
			return n, false
		}
		n[i] = int(f)
	}
	return n, true
}

// between is what stands between two words.
func between(first bool, a, b [columns]int) string {
	switch {
	case first:
		return ""
	case a[block] != b[block] || a[paragraph] != b[paragraph]:
		return "\n\n"
	case a[line] != b[line]:
		return "\n"
	}
	return " "
}
