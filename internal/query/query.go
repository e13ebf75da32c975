// Package query is the language in which an index is asked: documents in,
// queries as trees, results out. It parses what people type and knows nothing
// of any engine; every adapter under internal/index speaks it.
package query

import (
	"slices"
	"time"

	"candor"
)

// Node is one node of a parsed query. The node types below are all there are.
type Node interface{ node() }

type (
	// Word matches items that have the word, stemmed unless Exact.
	Word struct {
		Field string // "" for all text fields
		Text  string
		Exact bool
	}
	// Phrase matches words in sequence; Slop > 0 lets them stand that far apart in any order (NEAR).
	Phrase struct {
		Field string
		Text  string
		Slop  int
	}
	// Prefix matches words that begin with Text.
	Prefix struct{ Field, Text string }
	// Wildcard matches words against a pattern with * and ?.
	Wildcard struct{ Field, Pattern string }
	// Fuzzy matches words within Edits (1 or 2) edits of Text.
	Fuzzy struct {
		Field string
		Text  string
		Edits int
	}
	// Range matches a date field from From (inclusive) to To (exclusive); a zero bound is open.
	Range struct {
		Field    string // "date" or "added"
		From, To time.Time
	}
	// And matches what all of Of match.
	And struct{ Of []Node }
	// Or matches what at least one of Of matches.
	Or struct{ Of []Node }
	// Not matches what Of does not match. It stands only inside an And.
	Not struct{ Of Node }
	// All matches everything.
	All struct{}
)

func (Word) node()     {}
func (Phrase) node()   {}
func (Prefix) node()   {}
func (Wildcard) node() {}
func (Fuzzy) node()    {}
func (Range) node()    {}
func (And) node()      {}
func (Or) node()       {}
func (Not) node()      {}
func (All) node()      {}

// Document is what an index holds of one item.
type Document struct {
	Num         uint32 // the key; putting the same Num again replaces
	Item        candor.ItemID
	Collection  string
	Name        string
	Path        string
	Title       string
	Text        string // pages separated by form feeds
	Translation string // by a machine, of Text; likewise
	Type        string // media type
	Language    string // that it is mostly in
	Tongues     []Tongue
	People      []string
	Condition   candor.Condition
	Date        time.Time // zero when not known
	Added       time.Time
	Fields      []candor.Field
	Meaning     Meaning
	Named       Named
	Kin         Kin
}

// Tongue is where a text goes on in a language. Those of a document ascend, the
// first at 0; a document that has none is all in one language.
type Tongue struct {
	At       int // bytes into the text
	Language string
}

// Languages are those that a document is in, each once, the main one first.
func (d *Document) Languages() []string {
	out := []string{d.Language}
	for _, t := range d.Tongues {
		if !slices.Contains(out, t.Language) {
			out = append(out, t.Language)
		}
	}
	return out
}

// Named is what a text names, each once.
type Named struct {
	Emails []string // in small letters
	Phones []string // E.164: + and digits
	IBANs  []string // without spaces

	Dates       []string // days as 2026-03-14, months as 2026-03
	Money       []string // currency and number, EUR 1200.5; of signs that several currencies have, the sign
	URLs        []string
	Identifiers []string // kind and value, isin:US0378331005

	// Names as they are written. Rules find them, so that some are missed and
	// some are wrong.
	People, Organisations, Places []string
}

// Meaning is where a text stands in the space of an embedding model: texts
// about the same thing stand close together, whatever words they use.
type Meaning struct {
	Model    string // tells spaces apart that cannot be compared; "" if there are no passages
	Passages []Passage
}

// A vector has a multiple of DimStep numbers, of at most MostDims.
const (
	DimStep  = 64
	MostDims = 8192
)

// Passage is a piece of a document's text with its place.
type Passage struct {
	Start, End int       // bytes of Text; on one page
	Vector     []float32 // of length 1; as many numbers as the model has dimensions
}

// Facets are the facet fields. Every adapter counts these.
func Facets() []string {
	return []string{FacetCollection, FacetType, FacetLanguage, FacetYear, FacetPeople, FacetPersons, FacetOrgs, FacetPlaces,
		FacetEmails, FacetPhones, FacetIBANs, FacetDates, FacetMoney, FacetURLs, FacetIdentifiers, FacetAreas, FacetCondition}
}

// Facet fields.
const (
	FacetCollection  = "collection"
	FacetType        = "type"
	FacetLanguage    = "language"
	FacetPeople      = "people"
	FacetYear        = "year" // of Date, as "2026"
	FacetCondition   = "condition"
	FacetEmails      = "emails" // of Named
	FacetPhones      = "phones"
	FacetIBANs       = "ibans"
	FacetDates       = "dates" // that the text speaks of; FacetYear is of the item
	FacetMoney       = "money"
	FacetURLs        = "urls"
	FacetIdentifiers = "identifiers"
	FacetAreas       = "areas"   // squares of the map that it was made in; see candor.Areas
	FacetPersons     = "persons" // named in it; FacetPeople are those who wrote or received it
	FacetOrgs        = "organisations"
	FacetPlaces      = "places"
)

// Filter keeps items whose Field has one of Values. Fields are the facet
// fields, "name" and "path" (exact), and Folds, whose values are keys of kin.
type Filter struct {
	Field  string
	Values []string

	// Open has the facet of the same field counted as if this filter were not
	// there, so that somebody sees what else could be chosen. It changes no
	// total, and not what is counted in what is found by meaning.
	Open bool
}

// Sort orders results.
type Sort string

const (
	ByRelevance Sort = "relevance" // the default
	ByDateDown  Sort = "date-desc" // newest first; items without a date last
	ByDateUp    Sort = "date-asc"  // oldest first; items without a date last
)

// Request asks for one page of results.
type Request struct {
	Query     Node
	Filters   []Filter  // all must hold
	From, To  time.Time // on Date; a zero bound is open
	Added     time.Time // only documents added then or later; zero is all
	Offset    int
	After     *Cursor // begin behind this place of the order; nil is at Offset. Not both
	Limit     int     // most hits returned; 0 asks for the total and facets only
	Sort      Sort
	Facets    []string       // facet fields to count over the whole result
	FacetTop  int            // most values a facet; 0 means 20
	FacetTops map[string]int // of facets of which it is not FacetTop
	Fold      string         // of Folds: show only the best of those that belong together; begin at Offset, not After
	Distinct  string         // a facet field of which to count the different values in the whole result
	Snippets  bool
	Near      *Near // look by meaning too; nil looks by words only
}

// Near asks for documents whose passages stand close to a place. What it finds
// has no natural end, so that the result is bounded: the Most nearest of those
// that match the request's filters and Within. If Fused, the Most best by
// Query are in the result too, and the order is made of both; else Query only
// marks words in snippets. Documents without passages of the model are found by words only.
type Near struct {
	Model  string
	Vector []float32 // of length 1
	Like   *uint32   // in place of Vector: near the passages of this document, which itself is not found
	Most   int       // 0 means 200
	Least  float64   // documents less like it than this (a cosine) are not found by meaning
	Within Node      // nil is everything
	Fused  bool
}

// DefaultNear is how many documents Near takes if it does not say.
const DefaultNear = 200

// Hit is one found item.
type Hit struct {
	Num      uint32
	Item     candor.ItemID
	Score    float64
	Snippets []Snippet // at most 3, best first
	Kin      Kin
	Folded   int64 // other results that belong to it, if results are folded
}

// Snippet is a piece of an item's text with what matched in it.
type Snippet struct {
	Text  string // plain text, at most about 240 characters, cut at word ends
	Marks []Span // byte ranges of Text, in order, not overlapping
	Page  int    // 1-based; 0 when the item has no pages
	Field string // "text", "translation", "title", "name" or "fields"

	// Quoted says of a message that all that matched here it quotes of others.
	Quoted bool `json:",omitempty"`
}

// Span is a half-open byte range.
type Span struct{ Start, End int }

// Count is one facet value with the number of matching items that have it.
type Count struct {
	Value string `json:"value"`
	Count int64  `json:"count"`
}

// Result answers a Request. Total is exact.
type Result struct {
	Total  int64
	Before int64 // results in front of the first of Hits, exact
	Hits   []Hit
	Next   *Cursor            // where the next page begins; nil after the last, and if results are folded
	More   bool               // folded results go on behind this page
	Facets map[string][]Count // most frequent first, ties by value

	// Distinct counts the different values of Request.Distinct, exactly but for
	// values that have the same hash of 64 bits, which nobody can choose.
	Distinct int64

	// Elsewhere says of a search by meaning that texts are placed by other models
	// only, so that there was nothing to compare with.
	Elsewhere bool
}
