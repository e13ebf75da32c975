package web

import (
	"slices"
	"strings"

	"candor/internal/archive"
)

const (
	suggestedFrom  = 20 // result pages whose names are suggested
	suggestedNames = 60
)

// namingFacets have values that one might search for.
var namingFacets = []string{"people", "persons", "organisations", "places"}

// suggestions are what the search box offers while somebody types: their own
// questions, names that their result pages have shown them, and the fields of the
// query language. They are in the page, so that nothing is asked while one types;
// and nothing is offered that was not shown before, under a record.
func (s *server) suggestions(v *visit) []string {
	var out, names []string
	add := func(text string) {
		if text != "" && !slices.Contains(out, text) {
			out = append(out, text)
		}
	}
	for _, k := range v.saved {
		add(k.Request.Query)
	}
	for _, p := range s.shown.recent(v.who.Person.ID, suggestedFrom) {
		if !v.mayUse(p.Request.Purpose) {
			continue
		}
		add(p.Request.Query)
		for _, f := range p.Result.Facets {
			if !slices.Contains(namingFacets, f.Field) {
				continue
			}
			for _, value := range f.Values {
				name, _, _ := strings.Cut(value.Value, " <") // an address
				names = append(names, asPhrase(name))
			}
		}
	}
	for _, name := range names[:min(len(names), suggestedNames)] {
		add(name)
	}
	for _, field := range archive.QueryFields() {
		add(field + ":")
	}
	return out
}

// asPhrase writes a name as the query language has it.
func asPhrase(name string) string {
	name = strings.NewReplacer(`"`, " ", `\`, " ").Replace(name)
	if !strings.ContainsFunc(name, func(r rune) bool { return strings.ContainsRune(" ():*~-", r) }) {
		return name
	}
	return `"` + strings.Join(strings.Fields(name), " ") + `"`
}
