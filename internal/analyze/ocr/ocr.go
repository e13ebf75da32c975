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
	"sync"
	"time"

	"candor"
	"candor/internal/extract/native"
	"candor/internal/language"
)

// Config says how an Engine works. The zero value is good for production.
type Config struct {
	Program string        // default "tesseract", looked up in PATH
	Command []string      // see native.Program
	Time    time.Duration // for one page; default 2 minutes
}

// Engine recognises text. Safe for concurrent use.
type Engine struct {
	program native.Program
	knows   func() (knowledge, error) // once
}

// knowledge is what the program can read.
type knowledge struct {
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

// New finds the program, and starts it only when it is first needed.
// NotSupported if it is not installed.
func New(cfg Config) (*Engine, error) {
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
	e.knows = sync.OnceValues(e.learn)
	return e, nil
}

// learn asks the program what it can read.
func (e *Engine) learn() (k knowledge, err error) {
	out, err := e.program.Run(context.Background(), nil, mostList, "--list-langs")
	if err != nil {
		return k, candor.Wrap(err, candor.NotSupported, "tesseract is installed and does not run: %s.", candor.MessageOf(err))
	}
	for line := range strings.Lines(string(out)) {
		switch name := strings.TrimSpace(line); {
		case name == "osd":
			k.oriented = true
		case name != "" && !strings.ContainsAny(name, " :"):
			k.languages = append(k.languages, name)
		}
	}
	if len(k.languages) == 0 {
		return k, candor.Errorf(candor.NotSupported, "tesseract is installed without any language. Install one, such as tesseract-ocr-eng.")
	}
	slices.Sort(k.languages)
	return k, nil
}

// Languages lists what it can read, by tesseract's names, such as eng; nothing if
// the program does not run (see Check).
func (e *Engine) Languages() []string {
	k, _ := e.knows()
	return slices.Clone(k.languages)
}

// Check says why nothing can be read, if so.
func (e *Engine) Check() error {
	_, err := e.knows()
	return err
}

// Recognize reads a page drawn as PNG.
func (e *Engine) Recognize(ctx context.Context, png []byte, languages []string) (candor.PageText, error) {
	k, err := e.knows()
	if err != nil {
		return candor.PageText{}, err
	}
	for _, l := range languages {
		if !slices.Contains(k.languages, l) {
			return candor.PageText{}, candor.Errorf(candor.Invalid, "The language %q is not installed for recognition. Installed are %s.", l, strings.Join(k.languages, ", "))
		}
	}
	mode := "3"
	if k.oriented {
		mode = "1"
	}
	out, err := e.program.Run(ctx, bytes.NewReader(png), mostOutput, "stdin", "stdout", "-l", strings.Join(languages, "+"), "--psm", mode, "--dpi", dpi, "tsv")
	if err != nil {
		return candor.PageText{}, err
	}
	page := parse(string(out))
	page.Language = language.Of(page.Text)
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
