package local

import (
	"cmp"
	"slices"
	"sort"
	"strings"
	"unicode"
	"unicode/utf8"

	"candor/internal/query"
)

const (
	maxSnippets  = 3
	snippetRunes = 240 // characters at most
	snippetLead  = 60  // bytes before the first mark
)

// sources are where snippets come from, in order; the first that has any match
// gives them all.
var sources = []struct {
	marked, field string
	text          func(storedDoc) string
}{
	{"text", "text", func(d storedDoc) string { return d.text }},
	{"translation", "translation", func(d storedDoc) string { return d.translation }},
	{"title", "title", func(d storedDoc) string { return d.title }},
	{"name", "name", func(d storedDoc) string { return d.name }},
	{"meta", "fields", func(d storedDoc) string { return d.meta }},
}

// snippets returns the best pieces of a document for a query.
// In a message, what it says itself comes before what it quotes.
func snippets(markers []map[string]*marker, doc storedDoc, message bool) []query.Snippet {
	for _, src := range sources {
		text := src.text(doc)
		found := matchesOf(markers, src.marked, text)
		if len(found) == 0 {
			continue
		}
		var quotes []query.Span
		if message && (src.field == "text" || src.field == "translation") {
			quotes = query.Quotes(text)
		}
		return cut(text, src.field, found, quotes)
	}
	return nil
}

// markers makes the markers of a query for items of a language as they are needed.
type markers struct {
	query query.Node
	made  map[int]map[string]*marker
}

func (m *markers) in(languages []int) []map[string]*marker {
	out := make([]map[string]*marker, len(languages))
	for i, l := range languages {
		out[i] = m.inOne(l)
	}
	return out
}

func (m *markers) inOne(language int) map[string]*marker {
	if m.made == nil {
		m.made = map[int]map[string]*marker{}
	}
	if m.made[language] == nil {
		m.made[language] = map[string]*marker{}
		for _, src := range sources {
			field := slices.Index(fieldNames[:], src.marked)
			m.made[language][src.marked] = newMarker(m.query, src.marked, inflected(field, language))
		}
	}
	return m.made[language]
}

// matchesOf returns what a query matched in a field of a document that is in one or
// several languages. Where it is in several, any passage may be in any of them: a
// word that is marked by the rules of the wrong one is one too many at worst.
func matchesOf(markers []map[string]*marker, field, text string) []match {
	found := markers[0][field].matches(text)
	for _, more := range markers[1:] {
		found = append(found, more[field].matches(text)...)
	}
	if len(markers) > 1 {
		slices.SortStableFunc(found, byPlace)
		found = slices.Compact(found)
	}
	return found
}

func (s *segment) isMessage(doc uint32) (is bool, err error) {
	column, err := s.keywords(query.FacetType)
	if err == nil {
		column.each(doc, func(ord uint32) { is = is || query.IsMail(string(column.value(ord))) })
	}
	return is, err
}

// languagesOf are the numbers of the languages that a document's words are of.
func (s *segment) languagesOf(doc uint32) ([]int, error) {
	if len(s.languages) == 1 && s.languages[0] == 0 {
		return []int{0}, nil
	}
	column, err := s.keywords(query.FacetLanguage)
	if err != nil {
		return nil, err
	}
	var out []int
	column.each(doc, func(ord uint32) {
		if l := languageNumber[string(column.value(ord))]; !slices.Contains(out, l) {
			out = append(out, l)
		}
	})
	if len(out) == 0 {
		out = []int{0}
	}
	return out, nil
}

// excerpt is a piece of a text with the matches in it.
type excerpt struct {
	first, last int // of the matches, inclusive
	score       int
	quoted      bool
}

// cut makes snippets of the excerpts with the most different patterns, then those
// that are no quotations, then the most matches, then the earliest.
func cut(text, field string, found []match, quotes []query.Span) []query.Snippet {
	excerpts := excerptsOf(text, found, quotes)
	slices.SortStableFunc(excerpts, func(a, b excerpt) int { return cmp.Compare(b.score, a.score) })
	pages := (field == "text" || field == "translation") && strings.Contains(text, "\f")
	var out []query.Snippet
	for _, w := range excerpts[:min(len(excerpts), maxSnippets)] {
		start, end := bounds(text, found[w.first].start, found[w.last].end)
		s := render(text, start, end, found[w.first:w.last+1])
		s.Field, s.Quoted = field, w.quoted
		if pages {
			s.Page = 1 + strings.Count(text[:found[w.first].start], "\f")
		}
		out = append(out, s)
	}
	return out
}

// excerptsOf groups matches that fit into one snippet of one page, and are all
// quoted or all not.
func excerptsOf(text string, found []match, quotes []query.Span) []excerpt {
	var out []excerpt
	for i := 0; i < len(found); {
		w := excerpt{first: i, last: i, quoted: within(quotes, found[i].start)}
		from := found[i].start
		for j := i + 1; j < len(found); j++ {
			if found[j].end-from > snippetRunes-snippetLead || strings.Contains(text[found[w.last].start:found[j].start], "\f") || within(quotes, found[j].start) != w.quoted {
				break
			}
			w.last = j
		}
		w.score = scoreOf(found[w.first:w.last+1], w.quoted)
		out = append(out, w)
		i = w.last + 1
	}
	return out
}

func within(spans []query.Span, at int) bool {
	i := sort.Search(len(spans), func(i int) bool { return spans[i].End > at })
	return i < len(spans) && spans[i].Start <= at
}

func scoreOf(found []match, quoted bool) int {
	patterns := map[int]bool{}
	for _, m := range found {
		patterns[m.pattern] = true
	}
	score := 2000*len(patterns) + min(len(found), 999)
	if !quoted {
		score += 1000
	}
	return score
}

// passageSnippet shows the beginning of a passage, with what matches in it.
func (s *segment) passageSnippet(text string, n int, markers []map[string]*marker) ([]query.Snippet, error) {
	p, err := s.passages()
	if err != nil {
		return nil, err
	}
	begin := int(min(p.begins.at(uint32(n)), uint64(len(text))))
	stop := begin + int(min(p.sizes.at(uint32(n)), uint64(len(text)-begin)))
	end := begin
	for runes := 0; end < stop && runes < snippetRunes-2; runes++ {
		_, size := utf8.DecodeRuneInString(text[end:stop])
		end += size
	}
	if end < stop && !gapBefore(text, end) {
		if at := strings.LastIndexFunc(text[begin:end], isBreak); at > 0 {
			end = begin + at
		}
	}
	piece := text[begin:end]
	out := render(piece, 0, len(piece), matchesOf(markers, "text", piece))
	out.Field = "text"
	if strings.Contains(text, "\f") {
		out.Page = 1 + strings.Count(text[:begin], "\f")
	}
	return []query.Snippet{out}, nil
}

// bounds widens a range to a snippet that begins and ends between words and
// stays on its page.
func bounds(text string, first, last int) (start, end int) {
	start = max(0, first-snippetLead)
	if at := strings.LastIndexByte(text[start:first], '\f'); at >= 0 {
		start += at + 1
	}
	if start > 0 && !gapBefore(text, start) {
		start = nextGap(text, start, first)
	}
	end = start
	for runes := 0; end < len(text) && runes < snippetRunes-2; runes++ {
		r, size := utf8.DecodeRuneInString(text[end:])
		if r == '\f' {
			return start, end
		}
		end += size
	}
	if end < len(text) && !gapBefore(text, end) && end > last {
		if at := strings.LastIndexFunc(text[last:end], isBreak); at >= 0 {
			end = last + at
		}
	}
	return start, max(end, min(last, len(text)))
}

func isBreak(r rune) bool { return unicode.IsSpace(r) || unicode.IsControl(r) }

// gapBefore reports whether a word can begin at an offset.
func gapBefore(text string, at int) bool {
	r, _ := utf8.DecodeLastRuneInString(text[:at])
	return utf8.RuneStart(text[at]) && isBreak(r)
}

// nextGap returns the offset after the next space before a limit, or, in
// writing without spaces, of the next character.
func nextGap(text string, at, limit int) int {
	for !utf8.RuneStart(text[at]) {
		at++
	}
	if i := strings.IndexFunc(text[at:limit], isBreak); i >= 0 {
		_, size := utf8.DecodeRuneInString(text[at+i:])
		return at + i + size
	}
	return at
}

// render copies a piece of text with spaces and line ends collapsed, and moves
// the marks with it.
func render(text string, start, end int, found []match) query.Snippet {
	var b strings.Builder
	var s query.Snippet
	space := true // leading spaces are dropped
	next := 0
	for at := start; at < end; {
		r, size := utf8.DecodeRuneInString(text[at:])
		for next < len(found) && found[next].start < at {
			next++
		}
		if isBreak(r) {
			if !space {
				b.WriteByte(' ')
			}
			space = true
			at += size
			continue
		}
		space = false
		if next < len(found) && found[next].start == at {
			open := b.Len()
			stop := min(found[next].end, end)
			b.WriteString(strings.ToValidUTF8(text[at:stop], "\uFFFD"))
			s.Marks = append(s.Marks, query.Span{Start: open, End: b.Len()})
			at = stop
			continue
		}
		b.WriteRune(r)
		at += size
	}
	s.Text = strings.TrimRight(b.String(), " ")
	return s
}
