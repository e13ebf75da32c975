package query

import (
	"strconv"
	"strings"
)

// join makes one node of several, or of one itself, or nil of none.
func join(of []Node, many func([]Node) Node) Node {
	switch len(of) {
	case 0:
		return nil
	case 1:
		return of[0]
	}
	return many(of)
}

// appendOr adds a part of an Or, flattened; a part that only excludes becomes
// everything without it.
func appendOr(of []Node, n Node) []Node {
	if n == nil {
		return of
	}
	if or, ok := n.(Or); ok {
		return append(of, or.Of...)
	}
	return append(of, n)
}

// appendAnd adds a part of an And, flattened.
func appendAnd(of []Node, n Node) []Node {
	if n == nil {
		return of
	}
	if and, ok := n.(And); ok {
		return append(of, and.Of...)
	}
	return append(of, n)
}

// conjunction makes the node for parts that must all hold: Not stands only
// inside an And with something that it excludes from.
func conjunction(of []Node) Node {
	if len(of) == 0 {
		return nil
	}
	var found, without []Node
	every := false
	for _, n := range of {
		switch n.(type) {
		case Not:
			without = append(without, n)
		case All:
			every = true
		default:
			found = append(found, n)
		}
	}
	if len(found) == 0 && every || len(found) == 0 && len(without) > 1 {
		found = []Node{All{}}
	}
	return join(append(found, without...), func(of []Node) Node { return And{of} })
}

// positive puts every Not into an And with what it excludes from.
func positive(n Node) Node {
	switch n := n.(type) {
	case Not:
		return And{[]Node{All{}, Not{positive(n.Of)}}}
	case Or:
		var of []Node
		for _, part := range n.Of {
			of = append(of, positive(part))
		}
		return Or{of}
	case And:
		var of []Node
		for _, part := range n.Of {
			if not, ok := part.(Not); ok {
				of = append(of, Not{positive(not.Of)})
			} else {
				of = append(of, positive(part))
			}
		}
		return And{of}
	}
	return n
}

// children returns the nodes directly below.
func children(n Node) []Node {
	switch n := n.(type) {
	case And:
		return n.Of
	case Or:
		return n.Of
	case Not:
		return []Node{n.Of}
	}
	return nil
}

func depth(n Node) int {
	deepest := 0
	for _, c := range children(n) {
		deepest = max(deepest, depth(c))
	}
	return deepest + 1
}

// String prints what a query means, in the language that Parse reads.
func String(n Node) string {
	switch n := n.(type) {
	case And:
		return joined(n.Of, " ")
	case Or:
		return joined(n.Of, " OR ")
	case Not:
		return "-" + grouped(n.Of)
	case All:
		return "*"
	case Range:
		return n.Field + ":" + rangeString(n)
	case Phrase:
		return phraseString(n)
	}
	return leafString(n)
}

func leafString(n Node) string {
	switch n := n.(type) {
	case Word:
		if n.Exact {
			return prefixed(n.Field, "="+n.Text)
		}
		return prefixed(n.Field, n.Text)
	case Prefix:
		return prefixed(n.Field, n.Text+"*")
	case Wildcard:
		return prefixed(n.Field, n.Pattern)
	case Fuzzy:
		return prefixed(n.Field, n.Text+"~"+strconv.Itoa(n.Edits))
	}
	return ""
}

func phraseString(n Phrase) string {
	if n.Slop == 0 {
		return prefixed(n.Field, `"`+n.Text+`"`)
	}
	near := strings.Join(strings.Fields(n.Text), " NEAR/"+strconv.Itoa(n.Slop)+" ")
	if n.Field == "" {
		return near
	}
	return n.Field + ":(" + near + ")"
}

func rangeString(n Range) string {
	var from, to string
	if !n.From.IsZero() {
		from = n.From.Format(dayLayout)
	}
	if !n.To.IsZero() {
		to = n.To.AddDate(0, 0, -1).Format(dayLayout)
	}
	return from + ".." + to
}

func prefixed(field, s string) string {
	if field == "" {
		return s
	}
	return field + ":" + s
}

func joined(of []Node, sep string) string {
	parts := make([]string, len(of))
	for i, n := range of {
		parts[i] = grouped(n)
	}
	return strings.Join(parts, sep)
}

// grouped prints a node in parentheses if it would otherwise run into its neighbours.
func grouped(n Node) string {
	if p, ok := n.(Phrase); ok && p.Slop > 0 && p.Field == "" {
		return "(" + String(n) + ")"
	}
	switch n.(type) {
	case And, Or:
		return "(" + String(n) + ")"
	}
	return String(n)
}
