package xmp

import (
	"bytes"
	"strings"
	"testing"

	"candor"
)

func TestFilmsHaveXMPAtTheirEnds(t *testing.T) {
	const packet = `<x:xmpmeta xmlns:x="adobe:ns:meta/">words</x:xmpmeta>`
	empty := strings.Repeat("\x00", filmEnd)
	for name, c := range map[string]struct {
		film  string
		found bool
	}{
		"short":            {"ftyp" + packet + "mdat", true},
		"at the beginning": {packet + empty + empty + empty, true},
		"at the end":       {empty + empty + empty + packet + "more", true},
		"in the middle":    {empty + empty + packet + empty + empty, false}, // is not looked for
		"none":             {empty + empty + empty, false},
		"cut":              {empty + empty + empty + packet[:30], true},
	} {
		got := AtEnds(candor.Source{Size: int64(len(c.film)), ReaderAt: bytes.NewReader([]byte(c.film))})
		if (got != nil) != c.found {
			t.Errorf("%s: %q", name, got)
		}
	}
}
