package local

import (
	"cmp"
	"slices"
	"strings"

	"candor/internal/query"
)

// marker finds in a text what a query matched in it, with the same meaning of
// words as the index: for snippets.
type marker struct {
	language int
	steps    []step
	patterns []pattern
	memo     map[string][]int // steps that a folded word satisfies
	first    [256]bool        // bytes with which such words begin: a stem keeps its word's first
}

// step says whether a folded word is one that is looked for.
type step func(word, stem string) bool

// pattern is one step, or several that belong together.
type pattern struct {
	steps []int
	span  int // 0: one directly after the other; else within so many words
}

// hit is a word of the text that satisfies a step.
type hit struct {
	step       int
	word       int // its number in the text
	start, end int
}

// newMarker collects what a query looks for in a field ("text", "title",
// "name" or "meta") of items in a language, leaving out what it excludes.
func newMarker(n query.Node, field string, language int) *marker {
	m := &marker{language: language, memo: map[string][]int{}}
	m.collect(n, field)
	return m
}

func (m *marker) collect(n query.Node, field string) {
	in := func(f string) bool { return f == "" || f == field }
	switch n := n.(type) {
	case query.And:
		m.each(n.Of, field)
	case query.Or:
		m.each(n.Of, field)
	case query.Word:
		if in(n.Field) && n.Exact {
			m.singly(foldedWords(n.Text), as, exactly)
		} else if in(n.Field) {
			m.sequence(stemAll(foldedWords(n.Text), m.language), 0)
		}
	case query.Phrase:
		if in(n.Field) {
			words := foldedWords(n.Text)
			m.sequence(stemAll(words, m.language), n.Slop*(len(words)-1))
		}
	case query.Prefix:
		if in(n.Field) {
			m.last(n.Text, as, func(p string) step {
				return func(w, _ string) bool { return strings.HasPrefix(w, p) }
			})
		}
	case query.Wildcard:
		if in(n.Field) && n.Pattern != "*" {
			m.wildcard(n.Pattern)
		}
	case query.Fuzzy:
		if in(n.Field) {
			m.last(n.Text, anyhow, func(p string) step {
				return func(w, _ string) bool { return distance(p, w, n.Edits) <= n.Edits }
			})
		}
	}
}

func (m *marker) each(of []query.Node, field string) {
	for _, n := range of {
		m.collect(n, field)
	}
}

func exactly(text string) step { return func(w, _ string) bool { return w == text } }

// add adds a step for words that begin as one does, or, with "", in any way.
func (m *marker) add(begin string, s step) int {
	m.steps = append(m.steps, s)
	for c := range m.first {
		m.first[c] = m.first[c] || begin == "" || begin[0] == byte(c)
	}
	return len(m.steps) - 1
}

func (m *marker) singly(words []string, begin func(string) string, make func(string) step) {
	for _, w := range words {
		m.patterns = append(m.patterns, pattern{steps: []int{m.add(begin(w), make(w))}})
	}
}

func (m *marker) sequence(terms []string, span int) {
	if len(terms) == 0 {
		return
	}
	p := pattern{span: span}
	for _, t := range terms {
		p.steps = append(p.steps, m.add(t, func(_, stem string) bool { return stem == t }))
	}
	m.patterns = append(m.patterns, p)
}

// as and anyhow are how words begin: like one, or in any way.
func as(word string) string { return word }
func anyhow(string) string  { return "" }

func (m *marker) last(text string, begin func(string) string, make func(string) step) {
	words := foldedWords(text)
	if len(words) == 0 {
		return
	}
	n := len(words) - 1
	m.singly(words[:n], as, exactly)
	m.singly(words[n:], begin, make)
}

func (m *marker) wildcard(glob string) {
	for _, g := range splitPattern(glob) {
		m.singly([]string{g}, anyhow, func(g string) step {
			return func(word, _ string) bool { return globMatch(g, word) }
		})
	}
}

// hits reads a text and returns the words that satisfy a step.
func (m *marker) hits(text string) []hit {
	if len(m.steps) == 0 {
		return nil
	}
	var out []hit
	n := 0
	query.EachToken(text, func(folded []byte, start, end int) bool {
		if !m.first[folded[0]] {
			n++
			return true
		}
		folded = boundWord(folded)
		steps, known := m.memo[string(folded)]
		if !known {
			steps = m.satisfied(string(folded))
		}
		for _, s := range steps {
			out = append(out, hit{s, n, start, end})
		}
		n++
		return true
	})
	return out
}

const maxMemo = 1 << 17

func (m *marker) satisfied(word string) []int {
	stem := stem(word, m.language)
	var out []int
	for i, s := range m.steps {
		if s(word, stem) {
			out = append(out, i)
		}
	}
	if len(m.memo) >= maxMemo {
		clear(m.memo)
	}
	m.memo[word] = out
	return out
}

// match is one place where a pattern was found.
type match struct {
	pattern    int
	start, end int
}

// matches returns the words that belong to a whole pattern, in order.
func (m *marker) matches(text string) []match {
	byStep := make([][]hit, len(m.steps))
	for _, h := range m.hits(text) {
		byStep[h.step] = append(byStep[h.step], h)
	}
	var out []match
	for i, p := range m.patterns {
		for _, h := range p.find(byStep) {
			out = append(out, match{i, h.start, h.end})
		}
	}
	slices.SortFunc(out, byPlace)
	return out
}

// byPlace puts matches in order, of those that begin alike the longest first.
func byPlace(a, b match) int {
	return cmp.Or(a.start-b.start, b.end-a.end, a.pattern-b.pattern)
}

func (p pattern) find(byStep [][]hit) []hit {
	switch {
	case len(p.steps) == 1:
		return byStep[p.steps[0]]
	case p.span == 0:
		return p.findSequence(byStep)
	}
	return p.findNear(byStep)
}

func (p pattern) findSequence(byStep [][]hit) []hit {
	var out []hit
	for _, first := range byStep[p.steps[0]] {
		found := []hit{first}
		for i, s := range p.steps[1:] {
			at, ok := atWord(byStep[s], first.word+i+1)
			if !ok {
				break
			}
			found = append(found, byStep[s][at])
		}
		if len(found) == len(p.steps) {
			out = append(out, found...)
		}
	}
	return out
}

func atWord(hits []hit, word int) (int, bool) {
	return slices.BinarySearchFunc(hits, word, func(h hit, w int) int { return h.word - w })
}

// findNear returns the words of every window in which all steps are satisfied.
func (p pattern) findNear(byStep [][]hit) []hit {
	lists := make([][]int, len(p.steps))
	var all []hit
	for i, s := range p.steps {
		for _, h := range byStep[s] {
			lists[i] = append(lists[i], h.word)
			all = append(all, h)
		}
	}
	slices.SortFunc(all, func(a, b hit) int { return a.word - b.word })
	all = slices.CompactFunc(all, func(a, b hit) bool { return a.word == b.word })
	var out []hit
	for i, h := range all {
		if !chooses(lists, nil, h.word, h.word+p.span) {
			continue
		}
		for _, w := range all[i:] {
			if w.word > h.word+p.span {
				break
			}
			out = append(out, w)
		}
	}
	slices.SortFunc(out, func(a, b hit) int { return a.word - b.word })
	return slices.CompactFunc(out, func(a, b hit) bool { return a.word == b.word })
}

// chooses reports whether one position of each list can be chosen, all
// different, within a range. Lists are ascending.
func chooses(lists [][]int, taken []int, from, to int) bool {
	if len(taken) == len(lists) {
		return true
	}
	list := lists[len(taken)]
	for _, p := range list[lowerBound(list, from):] {
		if p > to {
			return false
		}
		if !slices.Contains(taken, p) && chooses(lists, append(taken, p), from, to) {
			return true
		}
	}
	return false
}

func lowerBound(list []int, v int) int {
	i, _ := slices.BinarySearch(list, v)
	return i
}
