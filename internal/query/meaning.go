package query

import (
	"slices"
	"strings"
)

// Sense is what of a query can be looked for by meaning.
type Sense struct {
	Text   string // the words looked for, as a sentence; "" if there are none
	Words  Node   // for a search by words beside it: any of the words if they stand alone, else the query
	Within Node   // what the query demands besides words: fields, dates, what it excludes; nil for nothing
}

// SenseOf reads a query for a search by meaning. Words, phrases and patterns in
// the text become what is looked for; what stands in another field, ranges and
// NOT go on narrowing the result.
func SenseOf(n Node) Sense {
	s := Sense{Words: n}
	parts := []Node{n}
	if and, ok := n.(And); ok {
		parts = and.Of
	}
	plain := true
	var within, words []Node
	for _, p := range parts {
		if !inText(p) {
			within = append(within, p)
			continue
		}
		w, ok := p.(Word)
		plain = plain && ok && !w.Exact && w.Field == ""
		words = append(words, p)
	}
	var text []string
	for _, w := range words {
		text = said(text, w)
	}
	s.Text = strings.Join(text, " ")
	s.Within = conjunction(within)
	if plain && len(words) > 1 {
		s.Words = conjunction(append([]Node{anyWord(s.Text, words)}, within...))
	}
	return s
}

// anyWord asks for any of some words, without those that only ask.
func anyWord(text string, words []Node) Node {
	if n, err := Question(text); err == nil {
		return n
	}
	return Or{Of: words}
}

// inText reports whether a node looks for something in texts and titles alone.
func inText(n Node) bool {
	in := func(field string) bool { return field == "" || field == "text" || field == "title" }
	switch n := n.(type) {
	case Word:
		return in(n.Field)
	case Phrase:
		return in(n.Field)
	case Prefix:
		return in(n.Field)
	case Wildcard:
		return in(n.Field)
	case Fuzzy:
		return in(n.Field)
	case Or, And:
		return !slices.ContainsFunc(children(n), func(c Node) bool { return !inText(c) })
	}
	return false
}

// said appends the words of a node.
func said(text []string, n Node) []string {
	switch n := n.(type) {
	case Word:
		return append(text, n.Text)
	case Phrase:
		return append(text, n.Text)
	case Fuzzy:
		return append(text, n.Text)
	case Prefix:
		return append(text, n.Text)
	case Or, And:
		for _, c := range children(n) {
			text = said(text, c)
		}
	}
	return text
}
