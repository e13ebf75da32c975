package entities

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// Bounds of what is taken as one name.
const (
	mostWords    = 12 // of an organisation
	mostOfPlace  = 4
	mostOfPerson = 5
)

// word is a word of a text that can be part of a name.
type word struct {
	text  string // as written, without 's
	known kinds
	fold  string
	upper bool // all capitals, and more than one
	first bool // begins a sentence or a line, so that its capital means nothing
	small bool // in small letters: a particle or a preposition between the words of a name
}

// names finds people, organisations and places in runs of capitalised words.
// Scripts without capitals, and names in small letters, are passed over.
func (f *finder) names() {
	var run []word
	s := scanner{text: f.text, first: true}
	for s.next() {
		switch {
		case len(run) > 0 && !s.joined:
			f.run(run)
			run = run[:0]
		case len(run) > mostWords*2:
			f.run(run)
			run = run[:0]
		}
		if s.capital || len(run) > 0 && joins[s.word] {
			run = append(run, s.take())
		} else if len(run) > 0 {
			f.run(run)
			run = run[:0]
		}
	}
	f.run(run)
	f.settle()
}

// scanner goes over the words of a text.
type scanner struct {
	text    string
	at      int
	word    string
	joined  bool // only blanks, or the dot of a short form, between this word and the one before
	first   bool // of a sentence
	capital bool
	was     string
}

// next finds the next word.
func (s *scanner) next() bool {
	s.joined, s.was = s.at > 0, s.word
	lines := 0
	for s.at < len(s.text) {
		r, size := s.rune()
		if unicode.IsLetter(r) || unicode.IsDigit(r) {
			break
		}
		switch r {
		case ' ', '\u00a0', '\t', '\r', '&':
		case '\n':
			lines++
			s.joined = s.joined && lines < 2
			s.first = s.first || lines > 1
		case '.':
			s.joined = s.joined && shortForm(s.was)
			s.first = !s.joined
		case '!', '?', ':', '"', '“', '„', '«', '‘', '\'', '(', '-', '–', '—', '*', '•', '#', '>', '|':
			s.joined, s.first = false, true
		default:
			s.joined = false
		}
		s.at += size
	}
	if s.at >= len(s.text) {
		return false
	}
	s.read()
	return true
}

// rune decodes at the place, fast for ASCII.
func (s *scanner) rune() (rune, int) {
	if c := s.text[s.at]; c < utf8.RuneSelf {
		return rune(c), 1
	}
	return utf8.DecodeRuneInString(s.text[s.at:])
}

// read takes the letters of a word, with the signs that stand inside words.
func (s *scanner) read() {
	from := s.at
	r, size := s.rune()
	s.capital = unicode.IsUpper(r)
	if s.capital && strings.HasPrefix(s.text[s.at+size:], ".") { // R., U.S.
		s.word = s.initials()
		return
	}
	for s.at < len(s.text) {
		r, size := s.rune()
		if !unicode.IsLetter(r) && !unicode.IsDigit(r) && !unicode.IsMark(r) && !s.inside(r, size) {
			break
		}
		s.at += size
	}
	s.word = s.text[from:s.at]
}

// initials takes capitals that a dot stands behind.
func (s *scanner) initials() string {
	from := s.at
	for s.at < len(s.text) {
		r, size := s.rune()
		if !unicode.IsUpper(r) || !strings.HasPrefix(s.text[s.at+size:], ".") {
			break
		}
		s.at += size + 1
	}
	return s.text[from:s.at]
}

// inside tells whether a sign stands between two letters.
func (s *scanner) inside(r rune, size int) bool {
	if r != '\'' && r != '’' && r != '-' && r != '.' {
		return false
	}
	if s.at+size >= len(s.text) {
		return false
	}
	after, _ := utf8.DecodeRuneInString(s.text[s.at+size:])
	if r == '.' { // S.p.A., U.N.
		before, _ := utf8.DecodeLastRuneInString(s.text[:s.at])
		return unicode.IsLetter(after) && unicode.IsLetter(before) && s.at+size+utf8.RuneLen(after) < len(s.text) &&
			strings.IndexByte(". ,\n", s.text[s.at+size+utf8.RuneLen(after)]) >= 0
	}
	return unicode.IsLetter(after)
}

// take returns the word with what is known of it.
func (s *scanner) take() word {
	w := word{text: s.word, first: s.first, small: !s.capital}
	s.first = false
	for _, ending := range []string{"'s", "’s", "'", "’"} {
		w.text = strings.TrimSuffix(w.text, ending)
	}
	w.fold = fold(w.text)
	w.known = gazetteer()[w.fold]
	w.upper = utf8.RuneCountInString(w.text) > 1 && strings.ToUpper(w.text) == w.text && !strings.Contains(w.text, ".")
	return w
}

// shortForm tells whether a dot after a word belongs to it: an initial, a title.
func shortForm(w string) bool {
	return titles[strings.ToLower(w)] || corporate[strings.ToLower(w)] || saints[strings.ToLower(w)]
}

// run finds names in words that stand side by side.
func (f *finder) run(run []word) {
	for len(run) > 0 && run[len(run)-1].small {
		run = run[:len(run)-1]
	}
	for i := 0; i < len(run); {
		n := f.organisation(run[i:])
		if n == 0 {
			n = f.place(run[i:], 2)
		}
		if n == 0 {
			n = f.person(run[i:])
		}
		if n == 0 {
			n = f.place(run[i:], 1)
		}
		i += max(n, 1)
	}
}

// organisation takes an organisation from the front of words: one that ends in
// a legal form, or that says what kind of body it is.
func (f *finder) organisation(run []word) int {
	if run[0].small || articles[run[0].fold] || titles[strings.ToLower(run[0].text)] {
		return 0
	}
	if n := legalForm(run); n > 0 {
		f.orgs.add(join(run[:n]))
		return n
	}
	if bodies[run[0].fold] {
		return f.bodyOf(run)
	}
	if known := wellKnown[run[0].text]; known {
		f.orgs.add(run[0].text)
		return 1
	}
	return f.bodyAfter(run)
}

// legalForm counts the words up to a legal form such as Ltd.
func legalForm(run []word) int {
	for i := 1; i < min(len(run), mostWords); i++ {
		if corporate[strings.ToLower(run[i].text)] {
			return i + 1
		}
		if run[i].small && run[i].text != "and" && run[i].text != "und" {
			return 0
		}
	}
	return 0
}

// bodyOf takes "Ministry of Foreign Affairs": a kind of body and what it is of.
func (f *finder) bodyOf(run []word) int {
	n := 1
	for n < min(len(run), mostWords) {
		if !run[n].small && n > 1 {
			n++
			continue
		}
		if run[n].small && n+1 < len(run) && of[run[n].text] {
			n += 2
			if run[n-1].small {
				n++ // of the
			}
			continue
		}
		break
	}
	n = min(n, len(run))
	for n > 0 && run[n-1].small {
		n--
	}
	if n < 2 {
		return 0
	}
	f.orgs.add(join(run[:n]))
	return n
}

// bodyAfter takes "Port Velmere Harbour Council": words that end in a kind of body.
func (f *finder) bodyAfter(run []word) int {
	for i := 1; i < min(len(run), mostOfPerson); i++ {
		if run[i].small {
			return 0
		}
		if !bodies[run[i].fold] {
			continue
		}
		for i+1 < min(len(run), mostWords) && !run[i+1].small && bodies[run[i+1].fold] {
			i++
		}
		f.orgs.add(join(run[:i+1]))
		return i + 1
	}
	return 0
}

// person takes a person from the front of words: a title or a forename that is
// known, and what it is followed by.
func (f *finder) person(run []word) int {
	from := 0
	for from < len(run) && titles[strings.ToLower(run[from].text)] {
		from++
	}
	rest := run[from:]
	if len(rest) == 0 || rest[0].small {
		return 0
	}
	n := nameLength(rest, from > 0)
	switch {
	case n >= 2:
		f.people.add(canonical(rest[:n]))
	case n == 1 && from > 0:
		f.titled.add(canonical(rest[:1]))
	default:
		return 0
	}
	return from + n
}

// nameLength counts the words of a person's name at the front of words; 0 if
// there is none.
func nameLength(run []word, titled bool) int {
	if !titled && !begins(run) {
		return 0
	}
	n, last := 1, 0
	strong := run[0].known&(forename|everyday|place) == forename // and nothing else
	for n < min(len(run), mostOfPerson) && (nameOn(run[n]) || strong && n == 1 && nameLast(run[n:]) || run[n].small && particle(run[n-1], run[n])) {
		if !run[n].small {
			last = n
		}
		n++
	}
	n = last + 1
	if titled {
		return n
	}
	end := run[last]
	switch {
	case n < 2 || isInitial(end):
		return 0
	case run[0].known&everyday != 0 && (end.known&surname == 0 || months[run[0].fold] && end.known&everyday != 0): // Grace Period, May Day
		return 0
	case large[run[0].fold] && end.known&(surname|forename) == 0: // Paris Metro
		return 0
	case run[0].upper != end.upper && end.upper && utf8.RuneCountInString(end.text) < 4: // Maria EU
		return 0
	}
	return n
}

// begins tells whether words can begin a person's name.
func begins(run []word) bool {
	w := run[0]
	if articles[w.fold] || w.upper && utf8.RuneCountInString(w.text) < 3 {
		return false
	}
	if isInitial(w) { // R. Osei
		i := 1
		for i < len(run) && isInitial(run[i]) {
			i++
		}
		return i < len(run) && !run[i].small && !run[i].upper && (run[i].known == 0 || run[i].known&(surname|forename) != 0)
	}
	if w.known&forename != 0 {
		return true
	}
	one, other, is := strings.Cut(w.fold, " ") // Hans-Peter
	return is && strings.Contains(w.text, "-") && gazetteer()[one]&gazetteer()[other]&forename != 0
}

// particle tells whether a small word stands before a surname: van, and der
// behind van.
func particle(before, w word) bool {
	return particles[w.text] || articled[w.text] && before.small
}

// nameOn tells whether a word goes on with a person's name.
func nameOn(w word) bool {
	if w.small || bodies[w.fold] || corporate[w.fold] || w.known&country != 0 && w.known&surname == 0 {
		return false
	}
	if w.known&(surname|forename) != 0 || isInitial(w) {
		return true
	}
	return w.known&(everyday|place) == 0 && !months[w.fold]
}

// nameLast tells whether an everyday word is somebody's last name: it stands
// alone behind a forename, and is neither a kind of thing nor in a heading.
func nameLast(run []word) bool {
	w := run[0]
	return w.known&(everyday|country) == everyday && !w.small && !w.upper && !bodies[w.fold] && !corporate[w.fold] && !months[w.fold] &&
		(len(run) == 1 || run[1].small)
}

func isInitial(w word) bool {
	return !w.small && utf8.RuneCountInString(strings.TrimSuffix(w.text, ".")) == 1
}

// place takes the longest known place of at least so many words from the front.
func (f *finder) place(run []word, least int) int {
	for n := min(len(run), mostOfPlace); n >= least; n-- {
		if run[n-1].small || n > 1 && run[n-1].upper != run[0].upper {
			continue
		}
		name := join(run[:n])
		known := run[0].known
		if n > 1 {
			known = gazetteer()[fold(name)]
		}
		if known&country == 0 && (known&place == 0 || n == 1 && !sure(run)) {
			continue
		}
		f.places.add(canonical(run[:n]))
		return n
	}
	return 0
}

// sure tells whether one word is a place and nothing else.
func sure(run []word) bool {
	w := run[0]
	if large[w.fold] {
		return true
	}
	if w.known&everyday != 0 || w.upper && utf8.RuneCountInString(w.text) < 4 || utf8.RuneCountInString(w.text) < 3 {
		return false
	}
	return w.known&(forename|surname) == 0 || len(run) == 1 && !w.first
}

// settle keeps people who are named by a title and one name, unless the whole
// name stands elsewhere in the text.
func (f *finder) settle() {
	for name := range f.titled {
		whole := false
		for other := range f.people {
			whole = whole || strings.HasSuffix(other, " "+name)
		}
		if !whole {
			f.people.add(name)
		}
	}
}

// join writes words as a name.
func join(run []word) string { return joined(run, func(w word) string { return w.text }) }

// canonical writes words as a name with capitals at the beginnings only.
func canonical(run []word) string {
	return joined(run, func(w word) string {
		if w.upper {
			return titleCase(w.text)
		}
		return w.text
	})
}

func joined(run []word, as func(word) string) string {
	parts := make([]string, len(run))
	for i, w := range run {
		parts[i] = as(w)
	}
	return strings.Join(parts, " ")
}

// titleCase keeps capitals that begin a part of a word: Jean-Luc, O'Neill.
func titleCase(s string) string {
	start := true
	return strings.Map(func(r rune) rune {
		was := start
		start = r == '-' || r == '\'' || r == '’'
		if was {
			return r
		}
		return unicode.ToLower(r)
	}, s)
}
