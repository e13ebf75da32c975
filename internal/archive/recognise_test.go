package archive

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"

	"candor"
)

// reader stands in for the worker that draws and for what reads the drawing: page
// n reads as "page n", page 3 cannot be drawn and page 5 not be read.
type reader struct {
	Extractor
	languages []string
}

func (r reader) Render(_ context.Context, _ candor.Source, page, _ int) ([]byte, error) {
	if page == 3 {
		return nil, candor.Errorf(candor.NotSupported, "page 3 is damaged")
	}
	return fmt.Append(nil, page), nil
}

func (r reader) Languages() []string { return slices.Clone(r.languages) }

func (r reader) Recognize(_ context.Context, png []byte, _ []string) (candor.PageText, error) {
	page := string(png)
	if page == "5" {
		return candor.PageText{}, candor.Errorf(candor.Unavailable, "it took too long")
	}
	return candor.PageText{Text: "page " + page, Language: "l" + page, Confidence: 90, Words: []candor.WordBox{{Text: "page", Confidence: 90}}}, nil
}

func familyReading(languages ...string) *family {
	r := reader{languages: languages}
	a := &Archive{cfg: Config{Recognizer: r, Extractor: r}, recognising: make(chan struct{}, 4)}
	return &family{intake: &intake{archive: a}}
}

func TestOnlyInstalledLanguagesAreLookedFor(t *testing.T) {
	for _, c := range []struct{ have, want string }{
		{"deu", "deu"}, {"deu eng", "eng deu"}, {"ara deu eng fra", "eng ara deu"}, {"", ""},
	} {
		f := familyReading(strings.Fields(c.have)...)
		if got := strings.Join(f.intake.archive.languages(""), " "); got != c.want {
			t.Errorf("of %q: %q, want %q", c.have, got, c.want)
		}
	}
}

func TestPagesThatCannotBeReadAreNamed(t *testing.T) {
	for range 20 { // pages are read side by side, and told in their order
		r := candor.Reading{Type: "application/pdf", Condition: candor.Done, Pictures: []int{2, 3, 4, 5}}
		r.Pages = 5
		s := &sink{}
		s.text.WriteString("first\n\f\f\f\f")
		if err := familyReading("eng").recognise(t.Context(), candor.Source{}, &r, s); err != nil {
			t.Fatal(err)
		}
		if want := "text could not be recognised on pages 3, 5: page 3 is damaged"; r.Condition != candor.Partial || r.Reason != want {
			t.Fatalf("%s, %q; want %q", r.Condition, r.Reason, want)
		}
		if want := "first\n\fpage 2\n\f\fpage 4\n"; s.text.String() != want || r.Language != "l2" {
			t.Fatalf("%q in %s, want %q", s.text.String(), r.Language, want)
		}
	}
}
