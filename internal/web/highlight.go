package web

import (
	"cmp"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"candor/internal/archive"
)

// piece is a run of text that is marked or not, or the time of a line in a
// recording. Templates escape it.
type piece struct {
	Text string
	Mark bool
	Time bool
	At   int // seconds from the beginning
}

// snippetPieces divides a snippet at its marks. Marks that do not fit the text
// are left out, so that nothing is ever lost or cut inside a character.
func snippetPieces(s archive.Snippet) []piece {
	var out []piece
	at := 0
	for _, m := range s.Marks {
		from, to := m[0], m[1]
		if from < at || to <= from || to > len(s.Text) || !edge(s.Text, from) || !edge(s.Text, to) {
			continue
		}
		if from > at {
			out = append(out, piece{Text: s.Text[at:from]})
		}
		out = append(out, piece{Text: s.Text[from:to], Mark: true})
		at = to
	}
	if at < len(s.Text) {
		out = append(out, piece{Text: s.Text[at:]})
	}
	return out
}

// hitPages lists the pages on which snippets stand, in the item's order.
func hitPages(snippets []archive.Snippet) []int {
	var out []int
	for _, s := range snippets {
		if s.Page > 0 && !slices.Contains(out, s.Page) {
			out = append(out, s.Page)
		}
	}
	slices.Sort(out)
	return out
}

func edge(s string, i int) bool { return i == len(s) || utf8.RuneStart(s[i]) }

// runeStart returns the start of the character at i, or i.
func runeStart(s string, i int) int {
	for j := i; j > 0 && j > i-utf8.UTFMax; j-- {
		if utf8.RuneStart(s[j]) {
			return j
		}
	}
	return i
}

// markedWords collects the forms of words that were marked on a results page.
func markedWords(hits []archive.SearchHit) []string {
	seen := map[string]bool{}
	var out []string
	for _, h := range hits {
		for _, s := range h.Snippets {
			for _, p := range snippetPieces(s) {
				w := strings.ToLower(strings.TrimSpace(p.Text))
				if p.Mark && w != "" && !seen[w] && len(out) < rememberWords {
					seen[w] = true
					out = append(out, w)
				}
			}
		}
	}
	return out
}

// finder finds whole words, without regard to case.
type finder struct {
	byFirst map[rune][][]rune // lower-case words by first character, longest first
}

func newFinder(words []string) finder {
	f := finder{byFirst: map[rune][][]rune{}}
	for _, w := range words {
		r := []rune(strings.ToLower(w))
		if len(r) > 0 {
			f.byFirst[r[0]] = append(f.byFirst[r[0]], r)
		}
	}
	for _, ws := range f.byFirst {
		slices.SortFunc(ws, func(a, b []rune) int { return cmp.Compare(len(b), len(a)) })
	}
	return f
}

func (f finder) count(text string) int {
	n := 0
	f.each(text, func(int, int) { n++ })
	return n
}

// pieces divides a text at the found words.
func (f finder) pieces(text string) []piece {
	var out []piece
	at := 0
	f.each(text, func(from, to int) {
		if from > at {
			out = append(out, piece{Text: text[at:from]})
		}
		out = append(out, piece{Text: text[from:to], Mark: true})
		at = to
	})
	if at < len(text) {
		out = append(out, piece{Text: text[at:]})
	}
	return out
}

// each calls found with the byte range of each word, in order.
func (f finder) each(text string, found func(from, to int)) {
	if len(f.byFirst) == 0 {
		return
	}
	inside := false
	for i := 0; i < len(text); {
		r, size := utf8.DecodeRuneInString(text[i:])
		if !inside {
			if n := f.match(text[i:], r); n > 0 {
				found(i, i+n)
				i += n
				inside = false
				continue
			}
		}
		inside = wordRune(r)
		i += size
	}
}

// match returns the length in bytes of a word that text begins with, or 0.
func (f finder) match(text string, first rune) int {
	for _, w := range f.byFirst[unicode.ToLower(first)] {
		if n := startsWith(text, w); n > 0 {
			return n
		}
	}
	return 0
}

func startsWith(text string, word []rune) int {
	n := 0
	for _, want := range word {
		r, size := utf8.DecodeRuneInString(text[n:])
		if size == 0 || unicode.ToLower(r) != want {
			return 0
		}
		n += size
	}
	next, _ := utf8.DecodeRuneInString(text[n:])
	if n < len(text) && wordRune(next) && wordRune(word[len(word)-1]) {
		return 0
	}
	return n
}

func wordRune(r rune) bool {
	return unicode.IsLetter(r) || unicode.IsDigit(r) || unicode.Is(unicode.Mn, r)
}
