package office

import (
	"encoding/binary"
	"slices"
	"strings"

	"golang.org/x/text/encoding/charmap"

	"candor"
	"candor/internal/extract/plain"
)

// Records of PowerPoint 97 to 2003 ([MS-PPT] 2.13.24).
const (
	pptHead      = 8
	pptSlide     = 0x03EE // a slide with what is drawn on it
	pptNotes     = 0x03F0
	pptMaster    = 0x03F8 // what slides are made after: its texts are instructions
	pptList      = 0x0FF0 // a list of texts: of slides if its number is 0
	pptListSlide = 0x03F3 // inside it: the next slide
	pptWide      = 0x0FA0 // text in UTF-16
	pptNarrow    = 0x0FA8 // text in a byte a character
	pptDeepest   = 32
)

// readSlides reads the texts of a presentation, slide by slide, and then its
// notes. What stands on a slide is in a list, in the slide, or in both.
func readSlides(c *compound, w *plain.Writer, r *candor.Reading, _ candor.Sink) error {
	if c.streams["EncryptedSummary"] != nil {
		r.Condition, r.Reason = candor.Encrypted, "it opens only with its password"
		return nil
	}
	data, err := c.read("PowerPoint Document")
	var s slides
	whole := s.records(data, nil, 0)
	count := max(len(s.listed), len(s.drawn))
	r.Pages = count
	for i := range count {
		if i > 0 {
			w.Page()
		}
		s.write(w, at(s.listed, i), at(s.drawn, i))
	}
	s.write(w, s.notes, nil)
	if err != nil || !whole {
		faulty(r, errOLE, len(w.Sample()) > 0)
	}
	return nil
}

func at(texts [][]string, i int) []string {
	if i < len(texts) {
		return texts[i]
	}
	return nil
}

type slides struct {
	listed, drawn [][]string // by slide
	notes         []string
}

// write writes texts, those that stand there twice once.
func (s *slides) write(w *plain.Writer, first, second []string) {
	for i, t := range slices.Concat(first, second) {
		if i >= len(first) && slices.Contains(first, t) {
			continue
		}
		_, _ = w.WriteString(t)
		w.Line()
	}
}

// records walks through records, and reports whether all were whole. Texts go
// into a list, if one is given.
func (s *slides) records(b []byte, into *[]string, depth int) bool {
	for len(b) >= pptHead {
		head, kind, size := binary.LittleEndian.Uint16(b), binary.LittleEndian.Uint16(b[2:]), int64(binary.LittleEndian.Uint32(b[4:]))
		b = b[pptHead:]
		body := b[:min(size, int64(len(b)))]
		if !s.record(head, kind, body, into, depth) || size > int64(len(b)) {
			return false
		}
		b = b[len(body):]
	}
	return true
}

func (s *slides) record(head, kind uint16, body []byte, into *[]string, depth int) bool {
	switch {
	case kind == pptMaster || kind == pptList && head>>4 != 0 || depth > pptDeepest:
		return true
	case kind == pptList:
		return s.list(body)
	case kind == pptSlide:
		var texts []string
		whole := s.records(body, &texts, depth+1)
		s.drawn = append(s.drawn, texts)
		return whole
	case kind == pptNotes:
		return s.records(body, &s.notes, depth+1)
	case head&0xF == 0xF:
		return s.records(body, into, depth+1)
	case into != nil:
		if t := pptText(kind, body); t != "" {
			*into = append(*into, t)
		}
	}
	return true
}

// list reads the texts of slides, each behind the record of its slide.
func (s *slides) list(b []byte) bool {
	for len(b) >= pptHead {
		kind, size := binary.LittleEndian.Uint16(b[2:]), int64(binary.LittleEndian.Uint32(b[4:]))
		b = b[pptHead:]
		if size > int64(len(b)) {
			return false
		}
		if kind == pptListSlide {
			s.listed = append(s.listed, nil)
		} else if t := pptText(kind, b[:size]); t != "" && len(s.listed) > 0 {
			last := &s.listed[len(s.listed)-1]
			*last = append(*last, t)
		}
		b = b[size:]
	}
	return true
}

// pptText is the text of a record that holds one, without lone signs that stand
// for a number or a date.
func pptText(kind uint16, body []byte) string {
	var t string
	switch kind {
	case pptWide:
		t = wide(body)
	case pptNarrow:
		latin, _ := charmap.ISO8859_1.NewDecoder().Bytes(body)
		t = string(latin)
	}
	if t = strings.TrimSpace(strings.NewReplacer("\r", "\n", "\v", "\n").Replace(t)); t == "*" {
		return ""
	}
	return t
}
