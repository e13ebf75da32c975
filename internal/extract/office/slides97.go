package office

import (
	"encoding/binary"
	"fmt"
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
	pptObjects   = 0x1011 // the storage of an object
	pptShape     = 0xF004
	pptHolder    = 0x0BC3 // says that a shape is a placeholder
	pptTagData   = 0x138B // a blob that holds records
	pptComment   = 0x2EE0
	pptString    = 0x0FBA
	pptDeepest   = 32
)

// readSlides reads the texts of a presentation, slide by slide, and then its
// notes. What stands on a slide is in a list, in the slide, or in both.
func readSlides(c *compound, w *plain.Writer, r *candor.Reading, sink candor.Sink) error {
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
	s.write(w, s.notes, s.masters)
	if err != nil || !whole {
		faulty(r, errOLE, len(w.Sample()) > 0)
	}
	for i, data := range s.objects {
		if err := embeddedFile(data, fmt.Sprintf("object-%d", i+1), r, sink); err != nil {
			return err
		}
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
	masters       []string // texts that stand on every slide
	objects       [][]byte // compound files
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
	return eachRecord(b, func(head, kind uint16, body []byte) bool { return s.record(head, kind, body, into, depth) })
}

func (s *slides) record(head, kind uint16, body []byte, into *[]string, depth int) bool {
	switch {
	case kind == pptList && head>>4 != 0 || depth > pptDeepest:
		return true
	case kind == pptMaster:
		return s.master(body, depth+1)
	case kind == pptObjects:
		if data := pptObject(head, body); data != nil && len(s.objects) < mostObjects {
			s.objects = append(s.objects, data)
		}
		return true
	case kind == pptTagData && into != nil:
		_ = s.records(body, into, depth+1) // what else a blob may hold
		return true
	case kind == pptComment && into != nil:
		s.comment(body, into)
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

// master reads the texts of a master's shapes, but for placeholders, which hold
// instructions.
func (s *slides) master(b []byte, depth int) bool {
	return eachRecord(b, func(head, kind uint16, body []byte) bool {
		switch {
		case depth > pptDeepest || head&0xF != 0xF:
			return true
		case kind != pptShape:
			return s.master(body, depth+1)
		case holds(body, pptHolder, depth+1):
			return true
		}
		return s.records(body, &s.masters, depth+1)
	})
}

// holds tells whether a record of a kind stands anywhere in some records.
func holds(b []byte, kind uint16, depth int) (found bool) {
	eachRecord(b, func(head, k uint16, body []byte) bool {
		found = found || k == kind || head&0xF == 0xF && depth <= pptDeepest && holds(body, kind, depth+1)
		return !found
	})
	return found
}

// comment reads who commented, and what ([MS-PPT] 2.11.2).
func (s *slides) comment(b []byte, into *[]string) {
	eachRecord(b, func(_, kind uint16, body []byte) bool {
		if kind == pptString {
			if t := pptText(pptWide, body); t != "" {
				*into = append(*into, t)
			}
		}
		return true
	})
}

// eachRecord calls yield for records until it returns false, and reports whether
// all were whole and yield returned true for them.
func eachRecord(b []byte, yield func(head, kind uint16, body []byte) bool) bool {
	for len(b) >= pptHead {
		head, kind, size := binary.LittleEndian.Uint16(b), binary.LittleEndian.Uint16(b[2:]), int64(binary.LittleEndian.Uint32(b[4:]))
		b = b[pptHead:]
		body := b[:min(size, int64(len(b)))]
		if !yield(head, kind, body) || size > int64(len(b)) {
			return false
		}
		b = b[len(body):]
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
