package plain

import (
	"bytes"
	"io"
	"strings"

	"candor"
)

// HeadSize is how much of a source is looked at to tell what it is, in bytes.
const HeadSize = 64 << 10

// Head reads the beginning of a source.
func Head(src candor.Source) ([]byte, error) {
	head := make([]byte, min(src.Size, HeadSize))
	n, err := src.ReadAt(head, 0)
	if err == io.EOF && int64(n) == min(src.Size, HeadSize) {
		err = nil
	}
	return head[:n], err
}

// Read reads plain text, and all formats that are read as they stand: CSV,
// JSON, XML, logs, Markdown (typ text/markdown, whose title is its heading).
// Form feeds in it separate pages.
func Read(src candor.Source, typ string, sink candor.Sink) (candor.Reading, error) {
	reading := candor.Reading{Type: typ, Condition: candor.Done}
	head, err := Head(src)
	if err != nil {
		return Unreadable(reading, err), nil
	}
	r, name := Decode(head, io.NewSectionReader(src, 0, src.Size))
	reading.Fields = append(reading.Fields, candor.Field{Name: "file:Encoding", Value: name})
	w := NewWriter(sink)
	err = copyPages(w, r)
	if cerr := w.Close(); cerr != nil {
		return reading, cerr
	}
	if err != nil {
		return Unreadable(reading, err), nil
	}
	if w.Pages() > 1 {
		reading.Pages = w.Pages()
	}
	if typ == "text/markdown" {
		reading.Title = heading(w.Sample())
	}
	reading.Language = w.Language()
	return reading, nil
}

// Whole reads all of a source of at most so many bytes. Otherwise ok is false, and
// the reading says why; what names files of this kind.
func Whole(src candor.Source, typ string, most int64, what string) (data []byte, r candor.Reading, ok bool) {
	r = candor.Reading{Type: typ, Condition: candor.Done}
	if src.Size > most {
		r.Condition, r.Reason = candor.Unsupported, what+" of this size are kept but not read by this version"
		return nil, r, false
	}
	data, err := io.ReadAll(io.NewSectionReader(src, 0, src.Size))
	if err != nil {
		return nil, Unreadable(r, err), false
	}
	return data, r, true
}

// Unreadable is how a reading ends when its source could not be read on.
func Unreadable(r candor.Reading, err error) candor.Reading {
	r.Condition, r.Reason = candor.Failed, "the file could not be read to its end: "+err.Error()
	return r
}

func copyPages(w *Writer, r io.Reader) error {
	buf := make([]byte, 64<<10)
	for w.Err() == nil {
		n, err := r.Read(buf)
		for i, page := range bytes.Split(buf[:n], []byte{'\f'}) {
			if i > 0 {
				w.Page()
			}
			_, _ = w.Write(page)
		}
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// heading finds a Markdown text's title: its front matter's, else its first
// heading of the first level, else its first heading.
func heading(text []byte) string {
	best, previous := "", ""
	front := bytes.HasPrefix(text, []byte("---\n"))
	for i, line := range strings.Split(string(text), "\n") {
		trimmed := strings.TrimSpace(line)
		switch {
		case front && i > 0 && trimmed == "---":
			front = false
		case front:
			if v, ok := strings.CutPrefix(trimmed, "title:"); ok {
				return strings.Trim(strings.TrimSpace(v), `"'`)
			}
		case strings.HasPrefix(line, "# "):
			return strings.TrimSpace(strings.Trim(trimmed, "# "))
		case strings.HasPrefix(line, "#") && best == "":
			best = strings.TrimSpace(strings.Trim(trimmed, "# "))
		case len(trimmed) > 2 && strings.Trim(trimmed, "=") == "" && previous != "":
			return previous
		}
		previous = trimmed
	}
	return best
}
