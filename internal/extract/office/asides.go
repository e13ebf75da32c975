package office

import (
	"regexp"
	"slices"
	"strings"

	"candor"
	"candor/internal/extract/plain"
)

// aside are members whose text stands beside that of the document: charts,
// diagrams, text boxes of sheets, comments of sheets and slides.
var aside = regexp.MustCompile(`^(word|ppt|xl)/(charts/chart|diagrams/data|drawings/drawing|comments/?|threadedComments/)[^/]*\.xml$`)

// asides writes the text that stands beside that of a document of Word or Excel.
func (p *pack) asides(r *candor.Reading, w *plain.Writer) {
	for _, f := range p.order {
		if aside.MatchString(f.Name) && !strings.HasPrefix(f.Name, "word/comments") {
			p.judge(r, p.aside(f.Name, w), w)
		}
	}
}

// beside writes the same of one slide, which has relations to these members.
func (p *pack) beside(targets map[string]string, w *plain.Writer) error {
	members := make([]string, 0, len(targets))
	for _, t := range targets {
		if aside.MatchString(t) {
			members = append(members, t)
		}
	}
	slices.Sort(members)
	for _, m := range members {
		if err := p.aside(m, w); err != nil {
			return err
		}
	}
	return nil
}

func (p *pack) aside(member string, w *plain.Writer) error {
	w.Line()
	return p.walk(member, asideMarkup.visitor(w))
}

// asideMarkup has text (t, text) and the values that charts keep (v).
var asideMarkup = markup{texts: []string{"t", "v", "text"}, lines: []string{"p", "v", "text", "comment"}}
